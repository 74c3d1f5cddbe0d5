/* SPDX-License-Identifier: BSD-3-Clause */
/* test_rto.c: RFC 6298's arithmetic, by numbers worked out from its formulas; and R2. */
#include <math.h>

#include "fixture.h"

/* Scaled integers cut off fractions of a microsecond at each step. */
#define SLACK_NS (16 * TIME_US)

static void
assert_rto(const struct fix *f, uint64_t expected_ns)
{
	uint64_t rto = tcp_rto_ns(&f->env, &f->t);

	CU_ASSERT(rto <= expected_ns + SLACK_NS && rto + SLACK_NS >= expected_ns);
}

/* RFC 6298, 2.1. */
static void
test_initial(void)
{
	struct fix f;

	fix_up(&f);
	CU_ASSERT_EQUAL(tcp_rto_ns(&f.env, &f.t), TIME_S);
	fix_down(&f);
}

/* 2.2: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR = 3 R. 2.3: worked on from there. */
static void
test_worked_numbers(void)
{
	struct fix f;

	fix_up(&f);
	f.env.params.rto_min_ns = 0;
	tcp_rtt_sample(&f.t, 100000);
	assert_rto(&f, 300 * TIME_MS);
	/* RTTVAR = 3/4 50 + 1/4 100 = 62.5, SRTT = 7/8 100 + 1/8 200 = 112.5. */
	tcp_rtt_sample(&f.t, 200000);
	assert_rto(&f, 112500 * TIME_US + 4 * 62500 * TIME_US);
	/* RTTVAR = 3/4 62.5 + 1/4 62.5 = 62.5, SRTT = 7/8 112.5 + 1/8 50 = 104.6875. */
	tcp_rtt_sample(&f.t, 50000);
	assert_rto(&f, 104687500 + 250 * TIME_MS);
	fix_down(&f);
}

static void
test_against_reals(void)
{
	struct fix f;
	uint64_t seed = 6298;
	double srtt = 0, rttvar = 0;

	fix_up(&f);
	f.env.params.rto_min_ns = 0;
	f.env.params.rto_max_ns = UINT64_MAX / 2;
	for (int i = 0; i < 5000; i++) {
		/* From LAN to satellite and back. */
		uint32_t r = 100 + prng_below(&seed, i % 1000 < 500 ? 2000 : 900000);

		if (i == 0) {
			srtt = r;
			rttvar = r / 2.0;
		} else {
			rttvar += (fabs(srtt - r) - rttvar) / 4;
			srtt += (r - srtt) / 8;
		}
		tcp_rtt_sample(&f.t, r);
		assert_rto(&f, (uint64_t)((srtt + 4 * rttvar) * 1000));
	}
	fix_down(&f);
}

/* Our deviation from 2.4: the variance term has the lower bound, not the sum. */
static void
test_lower_bound(void)
{
	struct fix f;

	fix_up(&f);
	for (int i = 0; i < 100; i++)
		tcp_rtt_sample(&f.t, 10000);
	assert_rto(&f, 210 * TIME_MS);
	for (int i = 0; i < 100; i++)
		tcp_rtt_sample(&f.t, 0);
	CU_ASSERT(tcp_rto_ns(&f.env, &f.t) >= 200 * TIME_MS);
	CU_ASSERT(tcp_rto_ns(&f.env, &f.t) <= 201 * TIME_MS);
	fix_down(&f);
}

/* 2.5: a bound from above, 60 s at least; 5.5: doubled at each expiry. */
static void
test_backoff(void)
{
	struct fix f;
	uint64_t expected = 300 * TIME_MS;

	fix_up(&f);
	tcp_rtt_sample(&f.t, 100000);
	for (unsigned int i = 0; i < 40; i++) {
		f.t.backoff = (uint8_t)RTE_MIN(i, 31u);
		assert_rto(&f, RTE_MIN(expected, f.env.params.rto_max_ns));
		expected = RTE_MIN(expected * 2, f.env.params.rto_max_ns);
	}
	tcp_rtt_sample(&f.t, 100000); /* a new measurement ends it (5.7's last paragraph) */
	CU_ASSERT(tcp_rto_ns(&f.env, &f.t) < 400 * TIME_MS);
	tcp_rtt_sample(&f.t, UINT32_MAX);
	CU_ASSERT_EQUAL(tcp_rto_ns(&f.env, &f.t), f.env.params.rto_max_ns);
	fix_down(&f);
}

/* 5.7: when the SYN's timer expired, data begins with 3 s. */
static void
test_after_lost_syn(void)
{
	struct fix f;

	fix_up(&f);
	f.t.flags |= TF_SYN_REXMIT;
	CU_ASSERT_EQUAL(tcp_rto_ns(&f.env, &f.t), 3 * TIME_S);
	tcp_rtt_sample(&f.t, 100000);
	assert_rto(&f, 300 * TIME_MS);
	fix_down(&f);
}

/* R2 (RFC 9293, 3.8.3): the timer never outlasts what is left of it. */
static void
test_patience(void)
{
	struct fix f;

	fix_up(&f);
	f.t.rtx_first_ms = env_now_ms(&f.env);
	tcp_rtx_arm(&f.env, &f.t);
	CU_ASSERT_EQUAL(f.t.rtx_ns, f.env.now_ns + TIME_S);
	tcp_env_clock(&f.env, f.env.now_ns + 899500 * TIME_MS);
	tcp_rtx_arm(&f.env, &f.t);
	CU_ASSERT_EQUAL(f.t.rtx_ns, f.env.now_ns + 500 * TIME_MS);
	tcp_env_clock(&f.env, f.env.now_ns + 500 * TIME_MS);
	CU_ASSERT_EQUAL(tcp_rtx_patience_ns(&f.env, &f.t), 0);
	f.t.state = TCP_SYN_SENT;
	f.t.rtx_first_ms = env_now_ms(&f.env);
	CU_ASSERT_EQUAL(tcp_rtx_patience_ns(&f.env, &f.t), 180 * TIME_S);
	f.t.state = TCP_LAST_ACK;
	f.t.flags |= TF_APP_CLOSED;
	CU_ASSERT_EQUAL(tcp_rtx_patience_ns(&f.env, &f.t), 60 * TIME_S);
	fix_down(&f);
}

static void
test_stop(void)
{
	struct fix f;

	fix_up(&f);
	tcp_rtx_arm(&f.env, &f.t);
	f.t.flags |= TF_PERSIST | TF_PROBE | TF_REXMIT | TF_NO_DELAY;
	tcp_rtx_stop(&f.t);
	CU_ASSERT_EQUAL(f.t.rtx_ns, TIME_NEVER);
	CU_ASSERT_EQUAL(f.t.flags, TF_NO_DELAY);
	CU_ASSERT_EQUAL(tcb_deadline(&f.env, &f.t), TIME_NEVER);
	fix_down(&f);
}

static const struct test_case cases[] = {
	{ "1 s before the first measurement", test_initial },
	{ "RFC 6298's formulas, worked by hand", test_worked_numbers },
	{ "RFC 6298's formulas in real numbers", test_against_reals },
	{ "lower bound", test_lower_bound },
	{ "doubling and upper bound", test_backoff },
	{ "3 s after a lost SYN", test_after_lost_syn },
	{ "R2", test_patience },
	{ "stopping", test_stop },
	{ NULL, NULL },
};
const struct test_suite suite_rto = { "rto", cases };
