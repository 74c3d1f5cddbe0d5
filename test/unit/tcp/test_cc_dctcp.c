/* SPDX-License-Identifier: BSD-3-Clause */
/* test_cc_dctcp.c: RFC 8257: alpha, the window after a mark, and after a loss. */
#include <math.h>

#include "base/prng.h"
#include "cc_path.h"

static double
alpha(const struct cc_path *p)
{
	return p->f.dctcp.alpha / (double)(UINT32_C(1) << 20);
}

/* An application that keeps 100 segments in flight, at the end of an observation window. */
static void
up(struct cc_path *p)
{
	cc_path_up(p, DCTCP, 100, 1000);
	p->f.flags &= (uint8_t)~FF_CWND_LIMITED;
	cc_path_ack(p, MSS, 0, true); /* WindowEnd is SND.UNA at first: a window of one ACK */
}

/* 3.3: alpha = (1 - g) alpha + g M, from 1 on, once for a window. */
static void
test_alpha(void)
{
	static const uint32_t marks[] = { 0, 0, 100, 25, 1, 0, 60, 100, 100, 7 };
	struct cc_path p;
	double expected = 1;

	up(&p);
	CU_ASSERT_EQUAL(alpha(&p), 1);
	for (unsigned int i = 0; i < RTE_DIM(marks); i++) {
		double before = alpha(&p);

		/* The 100th is the first beyond WindowEnd. */
		for (uint32_t n = 0; n < 99; n++) {
			cc_path_ack(&p, MSS, 0, n < marks[i]);
			CU_ASSERT_EQUAL(alpha(&p), before);
		}
		cc_path_ack(&p, MSS, 0, marks[i] == 100);
		expected = expected * 15 / 16 + marks[i] / 100.0 / 16;
		CU_ASSERT(fabs(alpha(&p) - expected) < 1e-4);
	}
}

/* A constant share of marks: alpha goes there, from either side. */
static void
test_converges(void)
{
	struct cc_path p;
	uint64_t seed = 8257;
	double sum = 0;

	for (uint32_t percent = 0; percent <= 100; percent += 5) {
		for (uint32_t from = 0; from <= 1; from++) {
			up(&p);
			p.f.dctcp.alpha = from << 20;
			for (int i = 0; i < 200 * 100; i++)
				cc_path_ack(&p, MSS, 0, (uint32_t)i % 100 < percent);
			CU_ASSERT(fabs(alpha(&p) - percent / 100.0) < 1e-3);
		}
	}
	/* At random, 3 of 10. */
	up(&p);
	for (int i = 0; i < 2000 * 100; i++) {
		cc_path_ack(&p, MSS, 0, prng_below(&seed, 10) < 3);
		sum += i >= 100 * 100 ? alpha(&p) : 0;
	}
	CU_ASSERT(fabs(sum / (1900 * 100) - 0.3) < 0.01);
}

/* 3.3: cwnd (1 - alpha / 2); 3.5: half of what is in flight, for a loss. */
static void
test_congested(void)
{
	struct cc_path p;

	cc_path_up(&p, DCTCP, 100, 1000);
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, 90 * MSS, true), 50 * MSS);
	p.f.dctcp.alpha = UINT32_C(1) << 18;
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, 90 * MSS, true), 100 * MSS * 7 / 8);
	CU_ASSERT_EQUAL(p.t.ssthresh, 100 * MSS * 7 / 8);
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, 90 * MSS, false), 45 * MSS);
	p.f.dctcp.alpha = 0;
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, 90 * MSS, true), 100 * MSS);
	p.f.cwnd = MSS;
	p.f.dctcp.alpha = UINT32_C(1) << 20;
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, MSS, true), MSS);
}

/*
 * A queue that marks what arrives while more than @p most segments are in flight: alpha settles at
 * about sqrt(2 / most) (Alizadeh et al., SIGCOMM 2010), and the window stays within alpha of it.
 * They bound g by 1.386 / sqrt(2 most): 1/16 is right up to 246 segments.
 */
static void
sawtooth(uint32_t most)
{
	static struct cc_path p;
	double sum = 0, low = INFINITY;
	bool full = false;

	cc_path_up(&p, DCTCP, most, 1000);
	for (int round = 0; round < 20000; round++) {
		uint32_t segs = p.f.cwnd / MSS;
		bool marked = full;

		for (uint32_t i = 0; i < segs; i++) {
			cc_path_ack(&p, MSS, 0, marked);
			if (marked && p.f.phase == FP_OPEN) { /* once for a window */
				p.f.cwnd = tcp_cc_congested(&p.t, &p.f, p.f.cwnd, true);
				p.f.phase = FP_CWR;
			}
		}
		full = p.f.cwnd > most * MSS; /* as the next round's ACKs say */
		p.f.phase = FP_OPEN;
		if (round >= 10000) {
			sum += alpha(&p);
			low = fmin(low, p.f.cwnd / (double)MSS);
		}
	}
	CU_ASSERT(fabs(sum / 10000 / sqrt(2.0 / most) - 1) < 0.15);
	CU_ASSERT(low > most * (1 - sqrt(2.0 / most)) && low < most);
}

static void
test_sawtooth(void)
{
	sawtooth(50);
	sawtooth(100);
	sawtooth(200);
}

static const struct test_case cases[] = {
	{ "alpha, window by window", test_alpha },
	{ "alpha converges to the share of marks", test_converges },
	{ "congestion", test_congested },
	{ "alpha on a queue that marks", test_sawtooth },
	{ NULL, NULL },
};
const struct test_suite suite_cc_dctcp = { "cc_dctcp", cases };
