/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_timer.c: time passes: retransmission (RFC 6298, 5), zero-window probes (RFC 9293, 3.8.6.1),
 * delayed ACKs (3.8.6.3), R2 (3.8.3), TIME-WAIT and orphans.
 */
#include <errno.h>

#include "fixture.h"

static void
acked(struct fix *f, uint32_t ack, uint16_t wnd)
{
	struct seg s = fix_seg(f, TCP_ACK);

	s.ack = ack;
	s.wnd = wnd;
	CU_ASSERT_EQUAL(tcp_input(&f->env, &f->t, &s), REPLY_NONE);
}

static void
send_text(struct fix *f, uint32_t n)
{
	CU_ASSERT_EQUAL(tcp_send(&f->env, &f->t, fix_bytes(f, 0, n)), 0);
	fix_flush(f);
}

/* Goes to the deadline and fires it. @return how long that took. */
static uint64_t
fire(struct fix *f)
{
	uint64_t before = f->env.now_ns;

	CU_ASSERT_NOT_EQUAL_FATAL(tcb_deadline(&f->env, &f->t), TIME_NEVER);
	tcp_env_clock(&f->env, RTE_MAX(tcb_deadline(&f->env, &f->t), before));
	tcp_timer(&f->env, &f->t);
	return f->env.now_ns - before;
}

static void
test_nothing_due(void)
{
	struct fix f;

	fix_up(&f);
	send_text(&f, 100);
	tcp_env_clock(&f.env, f.env.now_ns + TIME_S - 1);
	tcp_timer(&f.env, &f.t);
	CU_ASSERT(!tcb_owes(&f.t));
	CU_ASSERT_EQUAL(f.stats.rto_fired, 0);
	fix_down(&f);
}

/* 5.4 to 5.6: the earliest segment again, RTO doubled, started anew; up to the bound. */
static void
test_retransmission(void)
{
	struct fix f;
	uint64_t expected = TIME_S;

	fix_up(&f);
	send_text(&f, 100);
	for (unsigned int i = 1; i <= 10; i++) {
		CU_ASSERT_EQUAL(fire(&f), expected);
		CU_ASSERT_EQUAL(f.stats.rto_fired, i);
		CU_ASSERT_EQUAL(fix_flush(&f), 1);
		CU_ASSERT_EQUAL(f.stats.retransmits, i);
		CU_ASSERT_EQUAL(f.t.snd_nxt, FIX_ISS + 1 + 100);
		expected = RTE_MIN(2 * expected, 120 * TIME_S);
	}
	fix_down(&f);
}

/* 5.2: all acknowledged, timer off. 5.3: some acknowledged, restarted. */
static void
test_acks_and_timer(void)
{
	struct fix f;

	fix_up(&f);
	CU_ASSERT_EQUAL(f.t.rtx_ns, TIME_NEVER);
	send_text(&f, 1460);
	send_text(&f, 1460);
	CU_ASSERT_EQUAL(f.t.rtx_ns, f.env.now_ns + TIME_S); /* 5.1 */
	tcp_env_clock(&f.env, f.env.now_ns + 100 * TIME_MS);
	acked(&f, FIX_ISS + 1 + 1460, 65535);
	CU_ASSERT_EQUAL(f.t.rtx_ns, f.env.now_ns + 300 * TIME_MS); /* 100 + 4 50 */
	acked(&f, FIX_ISS + 1 + 2920, 65535);
	fix_flush(&f);
	/* What is timed from here on is the flight block's rest; that it is over is no timeout. */
	CU_ASSERT_EQUAL(tcp_flight(&f.env, &f.t)->timer, FT_IDLE);
	CU_ASSERT_EQUAL(fire(&f), tcp_rto_ns(&f.env, &f.t));
	CU_ASSERT_EQUAL(f.t.rtx_ns, TIME_NEVER);
	CU_ASSERT_PTR_NULL(tcp_flight(&f.env, &f.t));
	CU_ASSERT(!tcb_owes(&f.t));
	CU_ASSERT_EQUAL(f.stats.rto_fired, 0);
	fix_down(&f);
}

/* Section 3, Karn's algorithm: the answer to what was sent twice is no measurement. */
static void
test_karn(void)
{
	struct fix f;

	fix_up(&f);
	send_text(&f, 100);
	fire(&f);
	fix_flush(&f);
	tcp_env_clock(&f.env, f.env.now_ns + 10 * TIME_MS);
	acked(&f, f.t.snd_nxt, 65535);
	CU_ASSERT_EQUAL(f.t.srtt_us, 0);
	send_text(&f, 100); /* what was sent once is */
	tcp_env_clock(&f.env, f.env.now_ns + 10 * TIME_MS);
	acked(&f, f.t.snd_nxt, 65535);
	CU_ASSERT_EQUAL(f.t.srtt_us, 80000);
	CU_ASSERT_EQUAL(f.t.backoff, 0);
	fix_down(&f);
}

/* R2: 15 minutes for data, 3 for a SYN, and the application hears of it. */
static void
test_give_up(void)
{
	struct fix f;
	uint64_t start;

	fix_up(&f);
	send_text(&f, 100);
	start = f.env.now_ns;
	while (f.t.state != TCP_CLOSED) {
		fire(&f);
		fix_flush(&f);
	}
	CU_ASSERT_EQUAL(f.env.now_ns - start, 900 * TIME_S);
	CU_ASSERT_EQUAL(f.t.error, ETIMEDOUT);
	CU_ASSERT_EQUAL(f.t.events, TE_CLOSED);
	CU_ASSERT_EQUAL(f.stats.timeouts, 1);
	fix_down(&f);
}

/* R2 also counts while there is no mbuf to send with, however often that is tried. */
static void
test_give_up_without_mbufs(void)
{
	struct rte_mbuf *taken[FIX_POOL];
	unsigned int n;
	struct fix f;

	fix_up(&f);
	CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, 0, 100)), 0);
	mbufs_fini(&f.mbufs);
	n = rte_mempool_avail_count(f.pool);
	CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_alloc_bulk(f.pool, taken, n), 0);
	for (int i = 0; i < 20000 && f.t.state != TCP_CLOSED; i++) { /* well within an RTO each */
		fix_flush(&f);
		tcp_env_clock(&f.env, f.env.now_ns + TIME_S / 10);
		if (f.env.now_ns >= tcb_deadline(&f.env, &f.t))
			tcp_timer(&f.env, &f.t);
	}
	CU_ASSERT_EQUAL(f.t.state, TCP_CLOSED);
	CU_ASSERT_EQUAL(f.t.error, ETIMEDOUT);
	rte_pktmbuf_free_bulk(taken, n);
	fix_down(&f);
}

static void
test_give_up_syn(void)
{
	struct fix f;
	unsigned int syns = 0;
	uint64_t start;

	fix_up(&f);
	tcb_init(&f.env, &f.t, &(struct flow_key){ .rport = 80, .lport = 4000 }, &f.env.settings);
	tcp_open_active(&f.env, &f.t, &f.env.settings.terms);
	start = f.env.now_ns;
	syns += fix_flush(&f);
	while (f.t.state != TCP_CLOSED) {
		fire(&f);
		syns += fix_flush(&f);
	}
	CU_ASSERT_EQUAL(f.env.now_ns - start, 180 * TIME_S);
	CU_ASSERT_EQUAL(f.t.error, ETIMEDOUT);
	CU_ASSERT_EQUAL(syns, 8); /* at 0, 1, 3, 7, 15, 31, 63, 127 s; no RST */
	CU_ASSERT_EQUAL(f.stats.tx_rsts, 0);
	CU_ASSERT_EQUAL(f.stats.failed_active, 1);
	fix_down(&f);
}

/* 3.8.6.1: probes at growing distances, for ever as long as they are answered. */
static void
test_persist(void)
{
	struct fix f;
	uint64_t last = 0, start;

	fix_up(&f);
	f.t.flags |= TF_NO_DELAY;
	acked(&f, f.t.snd_una, 0); /* the window closes */
	send_text(&f, 5000);
	CU_ASSERT_EQUAL(f.stats.tx_data_bytes, 0);
	CU_ASSERT_NOT_EQUAL(f.t.flags & TF_PERSIST, 0);
	start = f.env.now_ns;
	for (unsigned int i = 1; f.env.now_ns - start < 7200 * TIME_S; i++) {
		uint64_t took = fire(&f);

		CU_ASSERT(took >= last && took <= 120 * TIME_S);
		last = took;
		CU_ASSERT_EQUAL(fix_flush(&f), 1);
		CU_ASSERT_EQUAL(f.stats.probes, i);
		CU_ASSERT_EQUAL(f.stats.tx_data_bytes, i); /* one byte each */
		acked(&f, FIX_ISS + 1, 0);
		CU_ASSERT_EQUAL_FATAL(f.t.state, TCP_ESTABLISHED);
	}
	CU_ASSERT_EQUAL(f.stats.rto_fired, 0);
	acked(&f, FIX_ISS + 1, 65535);
	CU_ASSERT_EQUAL(fix_flush(&f), 4);
	CU_ASSERT_EQUAL(f.t.snd_nxt, f.t.snd_end);
	CU_ASSERT_EQUAL(f.t.flags & TF_PERSIST, 0);
	fix_down(&f);
}

/* A peer that doesn't answer probes is gone: R2. */
static void
test_persist_unanswered(void)
{
	struct fix f;
	uint64_t start;

	fix_up(&f);
	acked(&f, f.t.snd_una, 0);
	send_text(&f, 5000);
	start = f.env.now_ns;
	while (f.t.state != TCP_CLOSED) {
		fire(&f);
		fix_flush(&f);
	}
	CU_ASSERT_EQUAL(f.env.now_ns - start, 900 * TIME_S);
	CU_ASSERT_EQUAL(f.t.error, ETIMEDOUT);
	fix_down(&f);
}

/* One segment: within 500 ms (ours: 40). Every second full one: at once. */
static void
test_delayed_ack(void)
{
	struct fix f;

	fix_up(&f);
	for (int i = 0; i < 2; i++) {
		struct seg s = fix_seg(&f, TCP_ACK);

		s.m = fix_bytes(&f, 0, 1460);
		s.len = 1460;
		tcp_input(&f.env, &f.t, &s);
		if (i == 0)
			CU_ASSERT(!tcb_owes(&f.t));
	}
	CU_ASSERT(tcb_owes(&f.t));
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	CU_ASSERT_EQUAL(f.t.delack_ns, TIME_NEVER);

	struct seg s = fix_seg(&f, TCP_ACK);
	s.m = fix_bytes(&f, 0, 10);
	s.len = 10;
	tcp_input(&f.env, &f.t, &s);
	CU_ASSERT(!tcb_owes(&f.t));
	CU_ASSERT_EQUAL(fire(&f), 40 * TIME_MS);
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	CU_ASSERT_EQUAL(tcb_deadline(&f.env, &f.t), TIME_NEVER);
	fix_down(&f);
}

static void
test_time_wait(void)
{
	struct fix f;

	fix_up(&f);
	fix_state(&f, TCP_TIME_WAIT);
	CU_ASSERT_EQUAL(fire(&f), 60 * TIME_S);
	CU_ASSERT_EQUAL(f.t.state, TCP_CLOSED);
	CU_ASSERT_EQUAL(f.t.error, 0);
	CU_ASSERT_EQUAL(f.stats.closed, 1);
	fix_down(&f);
}

/* The peer of an orphan never sends its FIN. */
static void
test_orphan(void)
{
	struct fix f;

	fix_up(&f);
	CU_ASSERT_EQUAL(tcp_close(&f.env, &f.t), 0);
	fix_flush(&f);
	tcp_env_clock(&f.env, f.env.now_ns + 10 * TIME_MS);
	acked(&f, f.t.snd_nxt, 65535);
	CU_ASSERT_EQUAL(f.t.state, TCP_FIN_WAIT_2);
	CU_ASSERT_EQUAL(fire(&f), 60 * TIME_S);
	CU_ASSERT_EQUAL(f.t.state, TCP_CLOSED);
	CU_ASSERT_EQUAL(f.t.error, ETIMEDOUT);
	fix_down(&f);
}

static const struct test_case cases[] = {
	{ "nothing is due", test_nothing_due },
	{ "retransmission and back-off", test_retransmission },
	{ "acknowledgments and the timer", test_acks_and_timer },
	{ "Karn's algorithm", test_karn },
	{ "giving up data", test_give_up },
	{ "giving up data that no mbuf is there for", test_give_up_without_mbufs },
	{ "giving up a SYN", test_give_up_syn },
	{ "zero-window probes", test_persist },
	{ "zero-window probes that nobody answers", test_persist_unanswered },
	{ "delayed ACK", test_delayed_ack },
	{ "TIME-WAIT", test_time_wait },
	{ "an orphan in FIN-WAIT-2", test_orphan },
	{ NULL, NULL },
};
const struct test_suite suite_timer = { "timer", cases };
