/* SPDX-License-Identifier: BSD-3-Clause */
/* test_flight.c: when a connection has a flight block, and what it starts with (RFC 6928; RFC 5681,
 * 4.1). */
#include "fixture.h"
#include "tcp/lone.h"

static uint32_t
cwnd(const struct fix *f)
{
	const struct flight *fl = tcp_flight(&f->env, &f->t);

	CU_ASSERT_PTR_NOT_NULL_FATAL(fl);
	return fl->cwnd;
}

static void
to_deadline(struct fix *f)
{
	CU_ASSERT_NOT_EQUAL_FATAL(tcb_deadline(&f->env, &f->t), TIME_NEVER);
	tcp_env_clock(&f->env, RTE_MAX(f->env.now_ns, tcb_deadline(&f->env, &f->t)));
	tcp_timer(&f->env, &f->t);
	fix_flush(f);
}

/* min(10 MSS, max(2 MSS, 14,600)); one segment when the SYN was lost. */
static void
test_initial_window(void)
{
	static const uint32_t expected[][2] = { { 64, 640 }, { 536, 5360 }, { 1460, 14600 },
		{ 4000, 14600 }, { 8960, 17920 } };
	struct fix f;

	for (unsigned int i = 0; i < RTE_DIM(expected); i++) {
		fix_up(&f);
		f.t.mss = (uint16_t)expected[i][0];
		fix_send(&f, 60000);
		CU_ASSERT_EQUAL(cwnd(&f), expected[i][1]);
		CU_ASSERT(f.t.snd_nxt - f.t.snd_una <= expected[i][1]);
		CU_ASSERT(f.t.snd_nxt - f.t.snd_una > expected[i][1] - f.t.mss);
		CU_ASSERT_EQUAL(f.t.ssthresh, UINT32_MAX); /* arbitrarily high (RFC 5681, 3.1) */
		fix_down(&f);

		fix_up(&f);
		f.t.mss = (uint16_t)expected[i][0];
		f.t.flags |= TF_SYN_REXMIT;
		tcp_established(&f.env, &f.t);
		fix_send(&f, 60000);
		CU_ASSERT_EQUAL(cwnd(&f), f.t.mss);
		fix_down(&f);
	}
}

/* None for a handshake, for a lone FIN, for receiving; one with data that may be more than alone.
 */
static void
test_comes(void)
{
	struct seg s;
	struct fix f;

	fix_up(&f);
	s = fix_seg(&f, TCP_ACK);
	s.m = fix_bytes(&f, 0, 3000);
	s.len = 3000;
	tcp_input(&f.env, &f.t, &s);
	fix_flush(&f);
	CU_ASSERT_PTR_NULL(tcp_flight(&f.env, &f.t));
	CU_ASSERT_EQUAL(fix_send(&f, LONE_MOST + 1), 1);
	CU_ASSERT_PTR_NOT_NULL(tcp_flight(&f.env, &f.t));
	CU_ASSERT_EQUAL(f.flights.in_use, 1);
	fix_down(&f);

	fix_up(&f);
	CU_ASSERT_EQUAL(tcp_shutdown(&f.env, &f.t), 0);
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	CU_ASSERT_PTR_NULL(tcp_flight(&f.env, &f.t));
	to_deadline(&f); /* it goes again all the same */
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	fix_down(&f);
}

/* It goes when nothing was in flight for an RTO, not before, and not while something is. */
static void
test_goes(void)
{
	struct fix f;

	fix_up(&f);
	fix_send(&f, 1000);
	tcp_env_clock(&f.env, f.env.now_ns + 50 * TIME_MS);
	fix_ack(&f, f.t.snd_nxt, NULL, 0);
	fix_flush(&f);
	CU_ASSERT_EQUAL(tcb_deadline(&f.env, &f.t), f.env.now_ns + 250 * TIME_MS);
	tcp_env_clock(&f.env, f.env.now_ns + 249 * TIME_MS);
	tcp_timer(&f.env, &f.t);
	CU_ASSERT_PTR_NOT_NULL(tcp_flight(&f.env, &f.t));
	fix_send(&f, 1000); /* the rest is over */
	tcp_env_clock(&f.env, f.env.now_ns + TIME_MS);
	tcp_timer(&f.env, &f.t);
	CU_ASSERT_PTR_NOT_NULL(tcp_flight(&f.env, &f.t));
	CU_ASSERT_EQUAL(f.stats.rto_fired, 0);
	fix_ack(&f, f.t.snd_nxt, NULL, 0);
	fix_flush(&f);
	to_deadline(&f);
	CU_ASSERT_PTR_NULL(tcp_flight(&f.env, &f.t));
	CU_ASSERT_EQUAL(f.flights.in_use, 0);
	CU_ASSERT_EQUAL(tcb_deadline(&f.env, &f.t), TIME_NEVER); /* idle costs nothing */
	fix_down(&f);
}

/* With the connection, whatever is in flight. */
static void
test_dies(void)
{
	struct fix f;

	fix_up(&f);
	fix_send(&f, 10000);
	tcp_abort(&f.env, &f.t, 1);
	CU_ASSERT_EQUAL(f.flights.in_use, 0);
	CU_ASSERT_EQUAL(f.segments.in_use, 0);
	fix_flush(&f);
	fix_down(&f);
}

/* RFC 5681, 4.1: RW = min(IW, cwnd); ssthresh and SRTT are kept. */
static void
test_restart_window(void)
{
	static const uint32_t before[][2] = { { 100, 10 }, { 10, 10 }, { 4, 4 }, { 1, 1 } };

	for (unsigned int i = 0; i < RTE_DIM(before); i++) {
		uint32_t srtt;
		struct fix f;

		fix_up(&f);
		f.t.snd_wnd = 1 << 20;
		fix_send(&f, 1000);
		tcp_env_clock(&f.env, f.env.now_ns + 20 * TIME_MS);
		fix_ack(&f, f.t.snd_nxt, NULL, 0);
		fix_flush(&f);
		tcp_flight(&f.env, &f.t)->cwnd = before[i][0] * 1460;
		f.t.ssthresh = 77777;
		srtt = f.t.srtt_us;
		to_deadline(&f);
		CU_ASSERT_PTR_NULL_FATAL(tcp_flight(&f.env, &f.t));
		CU_ASSERT_EQUAL(tcp_restart_window(&f.t), before[i][1] * 1460);
		CU_ASSERT_EQUAL(fix_send(&f, 200 * 1460), before[i][1]);
		CU_ASSERT_EQUAL(f.t.ssthresh, 77777);
		CU_ASSERT_EQUAL(f.t.srtt_us, srtt);
		fix_down(&f);
	}
}

/* No block: nothing goes, it is counted, and goes when there is one. */
static void
test_no_memory(void)
{
	struct fix f;

	fix_up(&f);
	f.flights.capacity = 0;
	CU_ASSERT_EQUAL(fix_send(&f, 1000), 0);
	CU_ASSERT(f.stats.tx_nosegment != 0);
	CU_ASSERT(tcb_owes(&f.t));
	CU_ASSERT_NOT_EQUAL(tcb_deadline(&f.env, &f.t), TIME_NEVER); /* R2 counts */
	f.flights.capacity = 4;
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	CU_ASSERT_EQUAL(f.t.snd_nxt, f.t.snd_end);
	fix_ack(&f, f.t.snd_nxt, NULL, 0);
	fix_down(&f);
}

static const struct test_case cases[] = {
	{ "initial window", test_initial_window },
	{ "with the first data in flight", test_comes },
	{ "until a rest of an RTO", test_goes },
	{ "not beyond the connection", test_dies },
	{ "restart window", test_restart_window },
	{ "without memory", test_no_memory },
	{ NULL, NULL },
};
const struct test_suite suite_flight = { "flight", cases };
