/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_cc_newreno.c: RFC 5681's slow start and avoidance, the response function of RFC 3649, and
 * what cc.c does for every algorithm.
 */
#include <math.h>
#include <string.h>

#include "base/prng.h"
#include "cc_path.h"

static void
test_table(void)
{
	CU_ASSERT_STRING_EQUAL(cc_algorithms[CUBIC]->name, "cubic");
	CU_ASSERT_STRING_EQUAL(cc_algorithms[NEWRENO]->name, "newreno");
	CU_ASSERT_STRING_EQUAL(cc_algorithms[DCTCP]->name, "dctcp");
}

/* Whatever the steps, the sum is the product; nothing is lost or divided by 0. */
static void
test_grow_linear(void)
{
	uint64_t seed = 3465, bytes = 0, grown = 0;
	uint32_t part = 0;

	for (int i = 0; i < 100000; i++) {
		uint32_t n = prng_below(&seed, 3000);

		bytes += n;
		grown += cc_grow_linear(&part, n, 1460, 1000003);
	}
	CU_ASSERT_EQUAL(grown, bytes * 1460 / 1000003);
	part = 0;
	CU_ASSERT_EQUAL(cc_grow_linear(&part, 1, 1, 0), 1);
	CU_ASSERT_EQUAL(cc_grow_linear(&part, UINT32_MAX, UINT32_MAX, 1), CC_CWND_MAX);
}

/* Not the first slow start: equation 2; RFC 3465, 2.2: two segments for an ACK, 2.3: one after a
 * timeout. It ends at ssthresh. */
static void
test_slow_start(void)
{
	struct cc_path p;

	for (uint8_t cc = 0; cc < CC_ALGORITHMS; cc++) {
		cc_path_up(&p, cc, 10, 100000);
		p.t.ssthresh = 40 * MSS;
		cc_path_ack(&p, MSS, 0, false);
		CU_ASSERT_EQUAL(p.f.cwnd, 11 * MSS);
		cc_path_ack(&p, 100, 0, false); /* ACK division gains nothing */
		CU_ASSERT_EQUAL(p.f.cwnd, 11 * MSS + 100);
		cc_path_ack(&p, 5 * MSS, 0, false);
		CU_ASSERT_EQUAL(p.f.cwnd, 13 * MSS + 100);
		p.f.phase = FP_LOSS;
		cc_path_ack(&p, 5 * MSS, 0, false);
		CU_ASSERT_EQUAL(p.f.cwnd, 14 * MSS + 100);
		p.f.cwnd = 39 * MSS;
		p.f.phase = FP_OPEN;
		cc_path_ack(&p, 5 * MSS, 0, false);
		CU_ASSERT_EQUAL(p.f.cwnd, 40 * MSS);
	}
}

/* Equation 3: one segment a round-trip time, whatever an ACK covers. */
static void
test_avoidance(void)
{
	struct cc_path p;

	for (uint32_t per_ack = 1; per_ack <= 5; per_ack++) {
		cc_path_up(&p, NEWRENO, 20, 100000);
		for (int i = 0; i < 500; i++)
			cc_path_round(&p, per_ack);
		CU_ASSERT(fabs((p.f.cwnd / (double)MSS - 20) / 500 - 1) < 0.02);
	}
}

/* When cwnd doesn't grow. */
static void
test_held(void)
{
	struct cc_path p;
	uint32_t cwnd;

	for (uint8_t cc = 0; cc < CC_ALGORITHMS; cc++) {
		for (int avoid = 0; avoid <= 1; avoid++) {
			cc_path_up(&p, cc, 10, 100000);
			p.t.ssthresh = (avoid != 0 ? 10 : 100) * MSS;
			cwnd = p.f.cwnd;
			cc_path_ack(&p, 0, 1000, false);
			cc_path_ack(&p, 10 * MSS, 0, true); /* RFC 3168, 6.1.2 */
			p.f.phase = FP_RECOVERY;
			cc_path_ack(&p, 10 * MSS, 0, false);
			p.f.phase = FP_CWR;
			cc_path_ack(&p, 10 * MSS, 0, false);
			p.f.phase = FP_OPEN;
			p.f.flags &= (uint8_t)~FF_CWND_LIMITED; /* RFC 7661, 4.3 */
			cc_path_ack(&p, 10 * MSS, 0, false);
			CU_ASSERT_EQUAL(p.f.cwnd, cwnd);
			p.f.flags |= FF_CWND_LIMITED;
			for (int i = 0; i < 100; i++)
				cc_path_round(&p, 1);
			CU_ASSERT(p.f.cwnd > cwnd);
		}
	}
}

/* Equation 4, and RFC 3168's lower bound for ECN. */
static void
test_congested(void)
{
	struct cc_path p;

	cc_path_up(&p, NEWRENO, 100, 100000);
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, 60 * MSS, false), 30 * MSS);
	CU_ASSERT_EQUAL(p.t.ssthresh, 30 * MSS);
	CU_ASSERT_EQUAL(p.f.cwnd, 100 * MSS);
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, 3 * MSS, false), 2 * MSS);
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, 3 * MSS, true), 3 * MSS / 2);
	CU_ASSERT_EQUAL(p.t.ssthresh, 2 * MSS);
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, 0, true), MSS);
	tcp_cc_timeout(&p.t, &p.f);
	CU_ASSERT_EQUAL(p.f.cwnd, MSS);
	tcp_cc_undone(&p.t, &p.f, 100 * MSS, 90 * MSS);
	CU_ASSERT_EQUAL(p.f.cwnd, 100 * MSS);
	CU_ASSERT_EQUAL(p.t.ssthresh, 90 * MSS);
}

/* 1.2 / sqrt(p): RFC 3649, section 3; and RFC 9438's tables have it as "Reno". */
static void
test_average(void)
{
	static const double expected[] = { 12, 38, 120, 379, 1200, 3795, 12000 };
	static struct cc_path p;

	for (int i = 0; i < 7; i++) {
		double average;

		cc_path_up(&p, NEWRENO, 20, 100000);
		average = cc_path_average(&p, pow(10, -2 - i), i < 4 ? 40 : 8);
		CU_ASSERT(fabs(average / expected[i] - 1) < 0.1);
	}
}

/* Whatever comes, in any order: one segment at least, CC_CWND_MAX at most; ssthresh two. */
static void
test_random(void)
{
	static struct cc_path p;
	uint64_t seed = 5681;

	for (unsigned int i = 0; i < 300000; i++) {
		if (i % 1000 == 0) {
			uint32_t segs = 1 + prng_below(&seed, i % 3000 == 0 ? 700000 : 100);

			cc_path_fresh(&p, (uint8_t)(i / 1000 % CC_ALGORITHMS), segs, 1000);
			p.t.mss = (uint16_t)(1 + prng_below(&seed, i % 2000 == 0 ? 65535 : 1460));
			p.f.cwnd = RTE_MAX(p.f.cwnd, (uint32_t)p.t.mss);
		}
		p.t.srtt_us = prng_below(&seed, UINT32_C(1) << prng_below(&seed, 32));
		p.now_us += prng_below(&seed, UINT32_C(1) << prng_below(&seed, 32));
		p.f.phase = (uint8_t)prng_below(&seed, 4);
		p.f.flags ^= prng_below(&seed, 8) == 0 ? FF_CWND_LIMITED : 0;
		switch (prng_below(&seed, 16)) {
		case 0:
			p.f.cwnd = tcp_cc_congested(&p.t, &p.f, prng_below(&seed, CC_CWND_MAX),
				prng_below(&seed, 2) != 0);
			break;
		case 1:
			tcp_cc_timeout(&p.t, &p.f);
			break;
		case 2:
			tcp_cc_undone(&p.t, &p.f,
				p.t.mss + prng_below(&seed, CC_CWND_MAX - p.t.mss),
				prng_below(&seed, 2) == 0 ? UINT32_MAX : 2u * p.t.mss);
			break;
		case 3:
			tcp_cc_idle(&p.t, &p.f, prng_below(&seed, UINT32_C(0x7fffffff)));
			break;
		default:
			cc_path_ack(&p, prng_below(&seed, UINT32_C(1) << prng_below(&seed, 32)),
				prng_below(&seed, 400000), prng_below(&seed, 8) == 0);
			break;
		}
		CU_ASSERT_FATAL(p.f.cwnd >= p.t.mss && p.f.cwnd <= CC_CWND_MAX);
		CU_ASSERT_FATAL(p.t.ssthresh >= 2u * p.t.mss || p.t.ssthresh >= p.f.cwnd);
	}
}

static const struct test_case cases[] = {
	{ "table of algorithms", test_table },
	{ "small steps add up", test_grow_linear },
	{ "slow start", test_slow_start },
	{ "congestion avoidance", test_avoidance },
	{ "ACKs for which nothing grows", test_held },
	{ "congestion", test_congested },
	{ "average window", test_average },
	{ "bounds hold in any order of events", test_random },
	{ NULL, NULL },
};
const struct test_suite suite_cc_newreno = { "cc_newreno", cases };
