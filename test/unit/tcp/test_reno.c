/* SPDX-License-Identifier: BSD-3-Clause */
/* test_reno.c: RFC 5681's equations, RFC 6582's recovery, RFC 6928's initial window. */
#include "fixture.h"

/* @p segs segments are on their way. */
static void
fly(struct fix *f, uint32_t segs)
{
	f->t.snd_nxt = f->t.snd_max = f->t.snd_una + segs * f->t.mss;
	f->t.snd_end = f->t.snd_max;
}

/* The peer acknowledges @p bytes more; as ack.c does it. */
static void
ack(struct fix *f, uint32_t bytes)
{
	uint32_t to = f->t.snd_una + bytes;

	f->t.snd_una = to;
	tcp_cc_acked(&f->t, to, bytes);
}

static void
dupacks(struct fix *f, unsigned int n)
{
	while (n-- > 0)
		tcp_cc_dupack(&f->env, &f->t);
}

/* min(10 MSS, max(2 MSS, 14,600)); one segment when the SYN was lost. */
static void
test_initial_window(void)
{
	static const uint32_t expected[][2] = { { 64, 640 }, { 536, 5360 }, { 1460, 14600 },
		{ 4000, 14600 }, { 8960, 17920 } };
	struct fix f;

	fix_up(&f);
	for (unsigned int i = 0; i < RTE_DIM(expected); i++) {
		f.t.mss = (uint16_t)expected[i][0];
		f.t.flags = 0;
		tcp_cc_init(&f.env, &f.t);
		CU_ASSERT_EQUAL(f.t.cwnd, expected[i][1]);
		CU_ASSERT(f.t.ssthresh >= 65535); /* arbitrarily high (RFC 5681, 3.1) */
		f.t.flags = TF_SYN_REXMIT;
		tcp_cc_init(&f.env, &f.t);
		CU_ASSERT_EQUAL(f.t.cwnd, f.t.mss);
	}
	fix_down(&f);
}

/* Equation 2: cwnd += min(N, SMSS); RFC 3465, 2.2: at most 2 SMSS for an ACK of two segments. */
static void
test_slow_start(void)
{
	struct fix f;
	uint32_t before;

	fix_up(&f);
	fly(&f, 10);
	before = f.t.cwnd;
	ack(&f, 1460);
	CU_ASSERT_EQUAL(f.t.cwnd, before + 1460);
	ack(&f, 100); /* ACK division gains nothing */
	CU_ASSERT_EQUAL(f.t.cwnd, before + 1560);
	before = f.t.cwnd;
	ack(&f, 5 * 1460); /* nor does one big ACK give a burst */
	CU_ASSERT_EQUAL(f.t.cwnd, before + 2 * 1460);
	fix_down(&f);
}

/* Equation 3: about, and not more than, one SMSS for each round trip. */
static void
test_avoidance(void)
{
	struct fix f;

	for (uint32_t per_ack = 1; per_ack <= 2; per_ack++) {
		fix_up(&f);
		f.t.ssthresh = f.t.cwnd;
		for (int round = 0; round < 50; round++) {
			uint32_t segs = f.t.cwnd / 1460;
			uint32_t before = f.t.cwnd;

			fly(&f, segs);
			for (uint32_t i = 0; i < segs; i += per_ack)
				ack(&f, RTE_MIN(per_ack, segs - i) * 1460);
			CU_ASSERT(f.t.cwnd - before <= 1460);
			CU_ASSERT(f.t.cwnd - before >= 1460 * 8 / 10);
		}
		fix_down(&f);
	}
}

/* cwnd passes ssthresh: from exponential to linear. */
static void
test_threshold(void)
{
	struct fix f;

	fix_up(&f);
	f.t.ssthresh = 20 * 1460;
	fly(&f, 10);
	for (int i = 0; i < 10; i++)
		ack(&f, 1460);
	CU_ASSERT_EQUAL(f.t.cwnd, 20 * 1460);
	fly(&f, 20);
	for (int i = 0; i < 20; i++)
		ack(&f, 1460);
	CU_ASSERT(f.t.cwnd > 20 * 1460 && f.t.cwnd <= 21 * 1460);
	fix_down(&f);
}

/* RFC 5681, 3.2: the third duplicate, equation 4, plus three; then one for each. */
static void
test_fast_retransmit(void)
{
	struct fix f;

	fix_up(&f);
	fly(&f, 10);
	dupacks(&f, 2);
	CU_ASSERT_EQUAL(f.t.flags & TF_REXMIT, 0);
	CU_ASSERT_EQUAL(f.t.cwnd, 14600);
	dupacks(&f, 1);
	CU_ASSERT_NOT_EQUAL(f.t.flags & TF_REXMIT, 0);
	CU_ASSERT_EQUAL(f.t.ssthresh, 5 * 1460);
	CU_ASSERT_EQUAL(f.t.cwnd, 8 * 1460);
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 1);
	dupacks(&f, 6);
	CU_ASSERT_EQUAL(f.t.cwnd, 14 * 1460);
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 1);
	fix_down(&f);
}

/* New data acknowledged in between: three in a row count, not three in all. */
static void
test_dupacks_in_a_row(void)
{
	struct fix f;

	fix_up(&f);
	fly(&f, 10);
	for (int i = 0; i < 5; i++) {
		dupacks(&f, 2);
		ack(&f, 1460);
	}
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 0);
	fix_down(&f);
}

/* Equation 4's floor: 2 SMSS. */
static void
test_small_flight(void)
{
	struct fix f;

	fix_up(&f);
	fly(&f, 3);
	dupacks(&f, 3);
	CU_ASSERT_EQUAL(f.t.ssthresh, 2 * 1460);
	fix_down(&f);
}

/* RFC 6582, 3.2, step 3: a partial ACK sends the next hole, deflates, adds one back, stays. */
static void
test_partial_ack(void)
{
	struct fix f;

	fix_up(&f);
	fly(&f, 10);
	dupacks(&f, 9); /* cwnd is 5 + 3 + 6 segments */
	f.t.flags &= (uint16_t)~TF_REXMIT;
	ack(&f, 4 * 1460);
	CU_ASSERT_NOT_EQUAL(f.t.flags & TF_REXMIT, 0);
	CU_ASSERT_NOT_EQUAL(f.t.flags & TF_RECOVERY, 0);
	CU_ASSERT_EQUAL(f.t.cwnd, (14 - 4 + 1) * 1460);
	f.t.flags &= (uint16_t)~TF_REXMIT;
	ack(&f, 100); /* less than a segment: nothing added back */
	CU_ASSERT_NOT_EQUAL(f.t.flags & TF_REXMIT, 0);
	CU_ASSERT_EQUAL(f.t.cwnd, 11 * 1460 - 100);
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 1);
	fix_down(&f);
}

/* All that was out at the loss is acknowledged: min(ssthresh, max(FlightSize, SMSS) + SMSS). */
static void
test_full_ack(void)
{
	struct fix f;

	fix_up(&f);
	fly(&f, 10);
	dupacks(&f, 9);
	ack(&f, 10 * 1460);
	CU_ASSERT_EQUAL(f.t.flags & TF_RECOVERY, 0);
	CU_ASSERT_EQUAL(f.t.cwnd, 2 * 1460);
	fix_down(&f);

	fix_up(&f);
	fly(&f, 10);
	dupacks(&f, 9);
	f.t.snd_max = f.t.snd_nxt += 8 * 1460; /* sent during recovery */
	ack(&f, 10 * 1460);
	CU_ASSERT_EQUAL(f.t.flags & TF_RECOVERY, 0);
	CU_ASSERT_EQUAL(f.t.cwnd, 5 * 1460);
	fix_down(&f);
}

/* RFC 5681, 3.1: equation 4, one segment; held constant while the same segment times out again. */
static void
test_timeout(void)
{
	struct fix f;

	fix_up(&f);
	fly(&f, 10);
	tcp_cc_timeout(&f.t);
	CU_ASSERT_EQUAL(f.t.cwnd, 1460);
	CU_ASSERT_EQUAL(f.t.ssthresh, 5 * 1460);
	for (int i = 0; i < 5; i++) {
		f.t.backoff++;
		tcp_cc_timeout(&f.t);
		CU_ASSERT_EQUAL(f.t.cwnd, 1460);
		CU_ASSERT_EQUAL(f.t.ssthresh, 5 * 1460);
	}
	fix_down(&f);
}

/* A segment sent since, that times out for the first time, is a new loss, though the RTO is still
 * backed off: equation 4 again. */
static void
test_timeout_of_another(void)
{
	struct fix f;

	fix_up(&f);
	fly(&f, 40);
	tcp_cc_timeout(&f.t);
	CU_ASSERT_EQUAL(f.t.ssthresh, 20 * 1460);
	f.t.backoff = 1;
	ack(&f, 40 * 1460); /* all repeated, so nothing timed it and the back-off is kept */
	fly(&f, 8);
	tcp_cc_timeout(&f.t);
	CU_ASSERT_EQUAL(f.t.ssthresh, 4 * 1460);
	CU_ASSERT_EQUAL(f.t.cwnd, 1460);
	fix_down(&f);
}

/* RFC 6582, 3.2, step 2 and section 4: no second halving for what was lost before the timeout. */
static void
test_no_fast_retransmit_after_timeout(void)
{
	struct fix f;

	fix_up(&f);
	fly(&f, 10);
	tcp_cc_timeout(&f.t);
	ack(&f, 1460);
	dupacks(&f, 5);
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 0);
	CU_ASSERT_EQUAL(f.t.flags & TF_RECOVERY, 0);
	ack(&f, 9 * 1460);
	fly(&f, 6);
	dupacks(&f, 3); /* a loss of its own */
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 1);
	CU_ASSERT_EQUAL(f.t.ssthresh, 3 * 1460);
	fix_down(&f);
}

/* Whatever comes, cwnd stays at one segment or more, ssthresh at two, and nothing overflows. */
static void
test_random(void)
{
	struct fix f;
	uint64_t seed = 5681;

	fix_up(&f);
	for (int i = 0; i < 200000; i++) {
		uint32_t flight = f.t.snd_max - f.t.snd_una;

		if (flight < f.t.cwnd && flight < 1 << 20)
			f.t.snd_max = f.t.snd_nxt += 1460;
		switch (prng_below(&seed, i < 100000 ? 3 : 12)) {
		case 0:
			if (flight != 0)
				ack(&f, 1 + prng_below(&seed, RTE_MIN(flight, 6000u)));
			break;
		case 1:
			if (flight != 0)
				dupacks(&f, 1);
			break;
		case 2:
			if (prng_below(&seed, 50) == 0)
				tcp_cc_timeout(&f.t);
			break;
		default:
			ack(&f, RTE_MIN(flight, 2920u));
			break;
		}
		CU_ASSERT_FATAL(f.t.cwnd >= 1460 && f.t.cwnd <= UINT32_C(1) << 31);
		CU_ASSERT_FATAL(f.t.ssthresh >= 2 * 1460);
		CU_ASSERT_FATAL(seq_leq(f.t.recover, f.t.snd_max));
	}
	f.t.snd_end = f.t.snd_max;
	fix_down(&f);
}

static const struct test_case cases[] = {
	{ "initial window", test_initial_window },
	{ "slow start", test_slow_start },
	{ "congestion avoidance", test_avoidance },
	{ "slow start ends at ssthresh", test_threshold },
	{ "fast retransmit and recovery", test_fast_retransmit },
	{ "duplicates count in a row", test_dupacks_in_a_row },
	{ "ssthresh is two segments at least", test_small_flight },
	{ "partial ACK", test_partial_ack },
	{ "full ACK", test_full_ack },
	{ "timeout", test_timeout },
	{ "timeout of a later segment", test_timeout_of_another },
	{ "no fast retransmit for a window that timed out", test_no_fast_retransmit_after_timeout },
	{ "bounds hold in any order of events", test_random },
	{ NULL, NULL },
};
const struct test_suite suite_reno = { "reno", cases };
