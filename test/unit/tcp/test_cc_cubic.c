/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_cc_cubic.c: RFC 9438: its tables of average windows, its equations in real numbers, and each
 * rule of section 4 by itself.
 */
#include <math.h>
#include <string.h>

#include "base/prng.h"
#include "cc_path.h"

static const uint16_t sizes[] = { 64, 536, 1460, 8960, 65495 };

/* Around each cube, a third of them: where a root that isn't exact is wrong first. */
static void
test_root(void)
{
	for (uint64_t y = 1; y <= 2642245; y += 1 + y % 5) {
		CU_ASSERT_FATAL(cubic_root(y * y * y) == y);
		CU_ASSERT_FATAL(cubic_root(y * y * y - 1) == y - 1);
	}
	for (uint64_t x = 0, y = 0; x < 1 << 20; x++) {
		y += (y + 1) * (y + 1) * (y + 1) <= x;
		CU_ASSERT_FATAL(cubic_root(x) == y);
	}
	CU_ASSERT_EQUAL(cubic_root(UINT64_MAX), 2642245);
	CU_ASSERT_EQUAL(cubic_root(UINT64_C(2642245) * 2642245 * 2642245), 2642245);
}

/* Figure 2. */
static void
test_k(void)
{
	uint64_t seed = 9438;

	CU_ASSERT_EQUAL(cubic_k_us(0, MSS), 0);
	for (int i = 0; i < 100000; i++) {
		uint16_t mss = sizes[prng_below(&seed, RTE_DIM(sizes))];
		uint32_t below = 1 + prng_below(&seed, UINT32_C(1) << prng_below(&seed, 31));
		double k = cbrt(below / (0.4 * mss)) * 1e6;

		CU_ASSERT_FATAL(fabs(cubic_k_us(below, mss) - k) <= k * 1e-4 + 1);
	}
}

/* Figure 1: up to an hour, K from any window. */
static void
test_window(void)
{
	uint64_t seed = 4;

	for (int i = 0; i < 200000; i++) {
		uint16_t mss = sizes[prng_below(&seed, RTE_DIM(sizes))];
		uint32_t w_max = 2 * mss + prng_below(&seed, UINT32_C(1) << prng_below(&seed, 30));
		uint32_t k_us = cubic_k_us(prng_below(&seed, w_max), mss);
		uint32_t span = i % 2 == 0 ? UINT32_C(2147483647) : 2 * k_us + 1000;
		uint32_t t_us = prng_below(&seed, span);
		double d = ((double)t_us - k_us) / 1e6;
		double w = fmin(fmax(0.4 * mss * d * d * d + w_max, 0), 0x1p31);

		/* A thousandth, and a twentieth of a segment. */
		CU_ASSERT_FATAL(fabs(cubic_window(w_max, k_us, mss, t_us) - w) <=
				fmax(w, w_max) * 1e-3 + 0.05 * mss + 1);
	}
}

/* 5.1, tables 1 and 2, column C=0.4: a loss each 1/p segments. */
static void
test_average(void)
{
	static const double rtt_100ms[] = { 12, 38, 187, 1054, 5926, 33325, 187400 };
	static const double rtt_10ms[] = { 12, 38, 120, 379, 1200, 5926, 33325 };
	static struct cc_path p;

	for (int i = 0; i < 7; i++) {
		double loss_rate = pow(10, -2 - i), average;
		unsigned int losses = i < 3 ? 100 : i < 5 ? 25 : 10;

		cc_path_up(&p, CUBIC, 20, 100000);
		average = cc_path_average(&p, loss_rate, losses);
		CU_ASSERT(fabs(average / rtt_100ms[i] - 1) < 0.1);
		cc_path_up(&p, CUBIC, 20, 10000);
		average = cc_path_average(&p, loss_rate, losses);
		CU_ASSERT(fabs(average / rtt_10ms[i] - 1) < 0.1);
	}
}

/* 5.2, table 3: the loss rate at which there is so much throughput; RTT 0.1 s. */
static void
test_throughput(void)
{
	static const double table[][2] = { { 2.0e-2, 8.3 }, { 2.9e-4, 83.3 }, { 1.4e-5, 833.3 },
		{ 6.3e-7, 8333.3 }, { 2.9e-8, 83333.3 } };
	static struct cc_path p;

	for (unsigned int i = 0; i < RTE_DIM(table); i++) {
		double average;

		cc_path_up(&p, CUBIC, 20, 100000);
		average = cc_path_average(&p, table[i][0], i < 3 ? 100 : 25);
		CU_ASSERT(fabs(average / table[i][1] - 1) < 0.1);
	}
}

/* Section 4 in real numbers, windows in segments, times in seconds. */
struct model {
	double cwnd, w_max, prior, k, epoch, w_est, last;
	bool on;
};

static double
model_window(const struct model *m, double t)
{
	return 0.4 * pow(t - m->k, 3) + m->w_max;
}

static void
model_acked(struct model *m, double now, double segs, double rtt)
{
	double target;

	if (!m->on) {
		m->w_max = fmax(m->w_max, m->cwnd);
		if (m->prior == 0)
			m->prior = m->cwnd;
		m->k = cbrt((m->w_max - m->cwnd) / 0.4);
		m->epoch = now;
		m->w_est = m->cwnd;
		m->on = true;
	}
	m->w_est += (m->w_est < m->prior ? 3 * 0.3 / 1.7 : 1) * segs / m->cwnd;
	if (model_window(m, now - m->epoch) < m->w_est) {
		m->cwnd = fmax(m->cwnd, m->w_est);
		return;
	}
	target = fmin(fmax(model_window(m, now - m->epoch + rtt), m->cwnd), 1.5 * m->cwnd);
	m->cwnd += (target - m->cwnd) * segs / m->cwnd;
}

static void
model_congested(struct model *m)
{
	m->prior = m->cwnd;
	m->w_max = m->cwnd < m->w_max ? m->cwnd * 0.85 : m->cwnd;
	m->cwnd = fmax(m->cwnd * 0.7, 2);
	m->on = false;
}

/* One connection and the model of it, ACK by ACK, through losses and pauses at random. */
static void
against_model(uint64_t seed, uint32_t rtt_us, uint32_t loss_each)
{
	static struct cc_path p;
	struct model m = { .cwnd = 10 };

	cc_path_up(&p, CUBIC, 10, rtt_us);
	for (int i = 0; i < 100000; i++) {
		uint32_t segs = 1 + prng_below(&seed, 2);
		uint64_t was = p.now_us;

		p.f.flags |= FF_CWND_LIMITED;
		if (prng_below(&seed, 1000) == 0) { /* the application falls behind */
			p.now_us += prng_below(&seed, 2000000);
			p.f.flags &= (uint8_t)~FF_CWND_LIMITED;
			cc_path_clocked(&p, segs * MSS);
			m.epoch += (double)(p.now_us - was) / 1e6;
			continue;
		}
		cc_path_clocked(&p, segs * MSS);
		model_acked(&m, (double)p.now_us / 1e6, segs, rtt_us / 1e6);
		CU_ASSERT_FATAL(fabs(p.f.cwnd / (double)MSS - m.cwnd) <= m.cwnd * 0.01);
		if (prng_below(&seed, loss_each) == 0) {
			cc_path_loss(&p);
			model_congested(&m);
		}
	}
}

static void
test_model(void)
{
	against_model(1, 100000, 5000);
	against_model(2, 100000, 300);
	against_model(3, 1000, 2000);
	against_model(4, 50, 1000);
	against_model(5, 300000, 20000);
}

/* 4.3: 9/17 segment a round-trip time up to cwnd_prior, one beyond; short paths stay in it. */
static void
test_reno_friendly(void)
{
	struct cc_path p;
	uint32_t before = 0;

	cc_path_up(&p, CUBIC, 100, 1000);
	cc_path_loss(&p);
	CU_ASSERT_EQUAL(p.f.cwnd, 70 * MSS);
	for (int i = 0; i < 50; i++)
		cc_path_round(&p, 1);
	before = p.f.cwnd;
	CU_ASSERT(before < 100 * MSS);
	CU_ASSERT(fabs((before / (double)MSS - 70) / (50 * 9 / 17.0) - 1) < 0.02);
	while (p.f.cwnd < 100 * MSS)
		cc_path_round(&p, 1);
	before = p.f.cwnd;
	for (int i = 0; i < 50; i++)
		cc_path_round(&p, 1);
	CU_ASSERT(fabs((p.f.cwnd - before) / (50.0 * MSS) - 1) < 0.02);
}

/* Where W_cubic takes over from W_est: RFC 9438's two tables part at this. */
static void
test_crossover(void)
{
	struct cc_path p;
	bool cubic = false;

	/* W_est is 70 + 9/17 t/RTT; W_cubic 100 - 0.4 (4.22 - t)^3: they meet near 3.5 s. */
	cc_path_up(&p, CUBIC, 100, 100000);
	cc_path_loss(&p);
	for (int i = 0; i < 100; i++) {
		double t = i * 0.1, k = cbrt(30 / 0.4);
		double w_cubic = 100 + 0.4 * pow(t - k, 3), w_est = 70 + t / 0.1 * 9 / 17;

		cc_path_round(&p, 1);
		if (w_est < 100 && fabs(w_cubic - w_est) > 3) {
			CU_ASSERT(fabs(p.f.cwnd / (double)MSS - fmax(w_cubic, w_est)) < 3);
			cubic |= w_cubic > w_est;
		}
	}
	CU_ASSERT(cubic);
}

/* 4.7: W_max is 17/20 of cwnd if that is less than it was, cwnd otherwise. */
static void
test_fast_convergence(void)
{
	struct cc_path p;

	cc_path_up(&p, CUBIC, 1000, 20000);
	cc_path_loss(&p);
	CU_ASSERT_EQUAL(p.f.cubic.w_max, 1000 * MSS);
	CU_ASSERT_EQUAL(p.t.ssthresh, 700 * MSS);
	cc_path_loss(&p);
	CU_ASSERT_EQUAL(p.f.cubic.w_max, 595 * MSS); /* 0.85 * 700 */
	CU_ASSERT_EQUAL(p.f.cubic.cwnd_prior, 700 * MSS);
	CU_ASSERT_EQUAL(p.f.cwnd, 490 * MSS);
	p.f.cwnd = 600 * MSS;
	cc_path_loss(&p);
	CU_ASSERT_EQUAL(p.f.cubic.w_max, 600 * MSS);
}

/* 4.10, 4.8: without W_max, and after a timeout, K is 0: C t^3 from where it began. */
static void
test_no_w_max(void)
{
	struct cc_path p;

	for (int timeout = 0; timeout <= 1; timeout++) {
		cc_path_up(&p, CUBIC, 1000, 100000);
		if (timeout) {
			cc_path_up(&p, CUBIC, 2000, 100000);
			cc_path_loss(&p);
			tcp_cc_timeout(&p.t, &p.f);
			CU_ASSERT_EQUAL(p.f.cwnd, MSS);
			CU_ASSERT_EQUAL(p.t.ssthresh, 1400 * MSS);
			p.f.cwnd = p.t.ssthresh = 1000 * MSS;
		}
		cc_path_clocked(&p, MSS);
		CU_ASSERT_EQUAL(p.f.cubic.k_us, 0);
		for (int i = 0; i < 100; i++)
			cc_path_round(&p, 1);
		CU_ASSERT(fabs(p.f.cwnd / (double)MSS - 1400) < 14);
	}
}

/* 4.9.2: a loss that was none leaves nothing behind. */
static void
test_undo(void)
{
	struct cc_path p, q;

	cc_path_up(&p, CUBIC, 1000, 100000);
	cc_path_loss(&p);
	for (int i = 0; i < 30; i++)
		cc_path_round(&p, 1);
	q = p;
	cc_path_loss(&q);
	CU_ASSERT(q.f.cwnd < p.f.cwnd);
	q.f.phase = FP_RECOVERY;
	CU_ASSERT(tcp_cc_congested(&q.t, &q.f, q.f.cwnd, false) < q.t.ssthresh * 2);
	tcp_cc_timeout(&q.t, &q.f); /* what came on top of it is undone with it */
	tcp_cc_undone(&q.t, &q.f, p.f.cwnd, p.t.ssthresh);
	q.f.phase = FP_OPEN;
	for (int i = 0; i < 100; i++) {
		CU_ASSERT_EQUAL(q.f.cwnd, p.f.cwnd);
		CU_ASSERT_EQUAL(q.t.ssthresh, p.t.ssthresh);
		cc_path_round(&p, 1);
		cc_path_round(&q, 1);
	}
	/* Too late, when cwnd is as large again. */
	cc_path_loss(&q);
	tcp_cc_undone(&q.t, &q.f, q.f.cwnd, UINT32_MAX);
	CU_ASSERT_EQUAL(q.f.cwnd, q.t.ssthresh);
}

/* What came after the loss leaves nothing either: an epoch that began meanwhile. */
static void
test_undo_later(void)
{
	struct cc_path p, q;

	cc_path_up(&p, CUBIC, 1000, 100000);
	cc_path_loss(&p);
	for (int i = 0; i < 30; i++)
		cc_path_round(&p, 1);
	q = p;
	cc_path_loss(&q);
	for (int i = 0; i < 10; i++)
		cc_path_round(&q, 1);
	CU_ASSERT(q.f.cubic.w_max != p.f.cubic.w_max && q.f.cubic.k_us != p.f.cubic.k_us);
	CU_ASSERT(q.f.cubic.epoch_us != p.f.cubic.epoch_us);
	CU_ASSERT(q.f.cubic.w_est != p.f.cubic.w_est);
	tcp_cc_undone(&q.t, &q.f, p.f.cwnd, p.t.ssthresh);
	CU_ASSERT_EQUAL(q.f.cubic.w_max, p.f.cubic.w_max);
	CU_ASSERT_EQUAL(q.f.cubic.cwnd_prior, p.f.cubic.cwnd_prior);
	CU_ASSERT_EQUAL(q.f.cubic.k_us, p.f.cubic.k_us);
	CU_ASSERT_EQUAL(q.f.cubic.epoch_us, p.f.cubic.epoch_us);
	CU_ASSERT_EQUAL(q.f.cubic.w_est, p.f.cubic.w_est);
	CU_ASSERT_EQUAL(q.f.flags, p.f.flags);
}

/* The first loss, in the first slow start: HyStart++ goes on. */
static void
test_undo_first(void)
{
	struct cc_path p;
	uint32_t cwnd;

	cc_path_fresh(&p, CUBIC, 10, 50000);
	for (int i = 0; i < 4; i++)
		cc_path_round(&p, 1);
	cwnd = p.f.cwnd;
	CU_ASSERT(cwnd > 100 * MSS);
	cc_path_loss(&p);
	tcp_cc_undone(&p.t, &p.f, cwnd, UINT32_MAX);
	CU_ASSERT_EQUAL(p.f.cubic.w_max, 0);
	CU_ASSERT_EQUAL(p.f.flags & (FF_EPOCH | FF_CSS), 0);
	cc_path_round(&p, 1);
	CU_ASSERT(p.f.cwnd > cwnd * 19 / 10);
	CU_ASSERT_EQUAL(p.t.ssthresh, UINT32_MAX);
}

/* 4.2, 5.8: t leaves out what the application didn't use: all goes on as if it hadn't been. */
static void
test_idle(void)
{
	struct cc_path p, q;

	cc_path_up(&p, CUBIC, 1000, 100000);
	cc_path_loss(&p);
	for (int i = 0; i < 20; i++)
		cc_path_round(&p, 1);
	q = p;
	q.now_us += 60000000;
	tcp_cc_idle(&q.t, &q.f, 60000000);
	q.f.flags &= (uint8_t)~FF_CWND_LIMITED;
	for (int i = 0; i < 100; i++) { /* less than cwnd is in flight */
		q.now_us += 33333;
		cc_path_ack(&q, MSS, 0, false);
	}
	q.f.flags |= FF_CWND_LIMITED;
	for (int i = 0; i < 100; i++) {
		CU_ASSERT_EQUAL_FATAL(q.f.cwnd, p.f.cwnd);
		cc_path_round(&p, 1);
		cc_path_round(&q, 1);
	}
	/* More idle time than there was, which the caller should not say. */
	tcp_cc_idle(&q.t, &q.f, 3000000);
	cc_path_round(&q, 1);
	CU_ASSERT(q.f.cwnd >= p.f.cwnd);
}

/* 4.2: at most half of cwnd in a round-trip time, however far ahead W_cubic is; never down. */
static void
test_target(void)
{
	struct cc_path p;
	uint32_t before;

	cc_path_up(&p, CUBIC, 10, 5000000);
	for (int i = 0; i < 16; i++) {
		before = p.f.cwnd;
		cc_path_round(&p, 1);
		/* Continuous compounding of a half. */
		CU_ASSERT(p.f.cwnd >= before && p.f.cwnd <= before * 1.65 + MSS);
	}
	CU_ASSERT(p.f.cwnd > 5000 * MSS);
	before = p.f.cwnd;
	p.f.cubic.w_max = 2 * MSS; /* W_cubic is far below, and W_est more so */
	p.f.cubic.w_est = MSS;
	p.f.cubic.epoch_us = (uint32_t)p.now_us;
	cc_path_clocked(&p, MSS);
	CU_ASSERT_EQUAL(p.f.cwnd, before);
}

/* 4.2: t counts from where avoidance began, after a slow start in between as well. */
static void
test_restart(void)
{
	struct cc_path p;

	cc_path_up(&p, CUBIC, 1000, 100000);
	cc_path_loss(&p);
	for (int i = 0; i < 10; i++)
		cc_path_round(&p, 1);
	p.f.cwnd = 690 * MSS; /* RFC 5681, 4.1 */
	while (p.f.cwnd < p.t.ssthresh)
		cc_path_clocked(&p, MSS);
	cc_path_clocked(&p, MSS);
	CU_ASSERT_EQUAL(p.f.cubic.epoch_us, (uint32_t)p.now_us);
	CU_ASSERT_EQUAL(p.f.cubic.k_us, cubic_k_us(300 * MSS, MSS));
	CU_ASSERT(p.f.cubic.w_est < 701 * MSS);
}

/* Where 32 bits of time hold no order any more: t stays as long as it was. */
static void
test_long_epoch(void)
{
	struct cc_path p;

	cc_path_up(&p, CUBIC, 10, 200000);
	for (int i = 0; i < 2150 * 5; i++) /* 2^31 us are 2147.5 s */
		cc_path_clocked(&p, p.f.cwnd);
	p.f.cwnd = p.f.cubic.w_est = 1000 * MSS;
	cc_path_clocked(&p, p.f.cwnd);
	CU_ASSERT_EQUAL(p.f.cwnd, 1500 * MSS);
}

/* Two hours on the plateau of a window at the bound: t saturates, the clock wraps. */
static void
test_two_hours(void)
{
	struct cc_path p;
	uint32_t before;

	cc_path_up(&p, CUBIC, 700000, 200000);
	cc_path_loss(&p);
	for (int i = 0; i < 7200 * 5; i++) {
		before = p.f.cwnd;
		cc_path_clocked(&p, p.f.cwnd);
		CU_ASSERT_FATAL(p.f.cwnd >= before && p.f.cwnd <= CC_CWND_MAX);
	}
	CU_ASSERT_EQUAL(p.f.cwnd, CC_CWND_MAX);
}

/* 4.6: for CE as for a loss, but cwnd goes down to one segment. */
static void
test_ecn(void)
{
	struct cc_path p;

	cc_path_up(&p, CUBIC, 10, 100000);
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, 10 * MSS, true), 7 * MSS);
	CU_ASSERT_EQUAL(p.t.ssthresh, 7 * MSS);
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, 2 * MSS, true), 2 * MSS * 7 / 10);
	CU_ASSERT_EQUAL(p.t.ssthresh, 2 * MSS);
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, MSS, true), MSS);
	CU_ASSERT_EQUAL(tcp_cc_congested(&p.t, &p.f, MSS, false), 2 * MSS);
}

static const struct test_case cases[] = {
	{ "cube root", test_root },
	{ "K", test_k },
	{ "W_cubic", test_window },
	{ "tables 1 and 2: average window", test_average },
	{ "table 3: loss rate for a throughput", test_throughput },
	{ "section 4 in real numbers", test_model },
	{ "Reno-friendly region", test_reno_friendly },
	{ "from W_est to W_cubic", test_crossover },
	{ "fast convergence", test_fast_convergence },
	{ "without W_max, and after a timeout", test_no_w_max },
	{ "undo", test_undo },
	{ "undo when avoidance has begun again", test_undo_later },
	{ "undo in the first slow start", test_undo_first },
	{ "idle time is left out", test_idle },
	{ "target is within cwnd and 1.5 cwnd", test_target },
	{ "avoidance after a slow start", test_restart },
	{ "an epoch of 2^31 microseconds", test_long_epoch },
	{ "two hours", test_two_hours },
	{ "ECN", test_ecn },
	{ NULL, NULL },
};
const struct test_suite suite_cc_cubic = { "cc_cubic", cases };
