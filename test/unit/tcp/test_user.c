/* SPDX-License-Identifier: BSD-3-Clause */
/* test_user.c: SEND, RECEIVE, CLOSE and ABORT in the states (RFC 9293, 3.10.2 to 3.10.5). */
#include <errno.h>

#include "fixture.h"

static void
to_syn_sent(struct fix *f)
{
	f->t.state = TCP_SYN_SENT;
	f->t.snd_una = f->t.snd_nxt = FIX_ISS;
	f->t.flags |= TF_OUTPUT;
}

/* 3.10.2: sent, or queued until established; "connection closing" once we closed. */
static void
test_send(void)
{
	static const enum tcp_state states[] = { TCP_ESTABLISHED, TCP_CLOSE_WAIT, TCP_FIN_WAIT_1,
		TCP_FIN_WAIT_2, TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT };
	struct fix f;

	for (unsigned int i = 0; i < RTE_DIM(states); i++) {
		bool open = states[i] == TCP_ESTABLISHED || states[i] == TCP_CLOSE_WAIT;
		uint32_t end;

		fix_up(&f);
		fix_state(&f, states[i]);
		end = f.t.snd_end;
		CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, 0, 100)), open ? 0 : -EPIPE);
		CU_ASSERT_EQUAL(f.t.snd_end - end, open ? 100 : 0);
		CU_ASSERT_EQUAL(fix_flush(&f), open ? 1 : 0);
		fix_down(&f);
	}
	fix_up(&f);
	to_syn_sent(&f);
	CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, 0, 100)), 0);
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	CU_ASSERT_EQUAL(f.t.snd_nxt, FIX_ISS + 1); /* the SYN only */
	fix_down(&f);
}

static void
test_send_nothing(void)
{
	struct fix f;

	fix_up(&f);
	CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, 0, 0)), -EINVAL);
	CU_ASSERT(!tcb_owes(&f.t));
	fix_down(&f);
}

/* An application that ignores its credit: taken to twice the buffer, then reset (thole/app.h). */
static void
test_send_beyond_credit(void)
{
	struct fix f;
	uint32_t sent = 0;

	fix_up(&f);
	f.env.params.sndbuf_bytes = 20000;
	tcp_settings_init(&f.env);
	for (int i = 0; i < 40; i++) { /* to the edge of twice the buffer */
		CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, sent, 1000)), 0);
		sent += 1000;
		CU_ASSERT_EQUAL_FATAL(f.t.state, TCP_ESTABLISHED);
	}
	CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, sent, 1000)), 0);
	CU_ASSERT_EQUAL(f.t.state, TCP_CLOSED);
	CU_ASSERT_EQUAL(f.t.error, ENOBUFS);
	CU_ASSERT_NOT_EQUAL(f.t.flags & TF_RST_OWED, 0);
	CU_ASSERT_PTR_NULL(f.t.snd_head);
	fix_down(&f);
}

/* An mbuf that somebody else holds as well is not linked into ours; nor ours into his. */
static void
test_send_shared(void)
{
	struct rte_mbuf *m;
	struct fix f;

	fix_up(&f);
	f.t.flags |= TF_NO_DELAY;
	m = fix_bytes(&f, 0, 1000);
	rte_mbuf_refcnt_update(m, 1);
	CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, m), 0);
	CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, 1000, 1000)), 0);
	CU_ASSERT_PTR_NULL(m->next);
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(m), 1);
	rte_pktmbuf_free(m);
	CU_ASSERT_EQUAL(fix_flush(&f), 2);
	CU_ASSERT_EQUAL(f.stats.tx_data_bytes, 2000);
	fix_down(&f);
}

static void
test_received(void)
{
	struct fix f;

	fix_up(&f);
	f.t.rcv_nxt += 3000;
	f.t.rcv_unread = 3000;
	f.t.rcv_queued = 1000; /* of these the application has 2,000 */
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 2001), -EINVAL);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, UINT32_MAX), -EINVAL);
	CU_ASSERT_EQUAL(f.t.rcv_unread, 3000);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 1500), 0);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 501), -EINVAL);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 500), 0);
	CU_ASSERT_EQUAL(f.t.rcv_unread, 1000);
	fix_down(&f);
}

/* 3.10.4, one direction: FIN after what is queued; once. */
static void
test_shutdown(void)
{
	struct fix f;

	fix_up(&f);
	CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, 0, 100)), 0);
	CU_ASSERT_EQUAL(tcp_shutdown(&f.env, &f.t), 0);
	CU_ASSERT_EQUAL(f.t.state, TCP_FIN_WAIT_1);
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	CU_ASSERT_EQUAL(f.t.snd_nxt, FIX_ISS + 1 + 100 + 1);
	CU_ASSERT_EQUAL(tcp_shutdown(&f.env, &f.t), -EPIPE);
	fix_down(&f);

	fix_up(&f);
	fix_state(&f, TCP_CLOSE_WAIT);
	CU_ASSERT_EQUAL(tcp_shutdown(&f.env, &f.t), 0);
	CU_ASSERT_EQUAL(f.t.state, TCP_LAST_ACK);
	fix_down(&f);

	fix_up(&f);
	tcp_closed(&f.env, &f.t, 0);
	CU_ASSERT_EQUAL(tcp_shutdown(&f.env, &f.t), -EPIPE);
	fix_down(&f);
}

/* 3.10.4 in SYN-SENT: delete the TCB; nothing is sent. */
static void
test_close_syn_sent(void)
{
	struct fix f;

	fix_up(&f);
	to_syn_sent(&f);
	CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, 0, 100)), 0);
	CU_ASSERT_EQUAL(tcp_close(&f.env, &f.t), 0);
	CU_ASSERT_EQUAL(f.t.state, TCP_CLOSED);
	CU_ASSERT_EQUAL(f.t.events, TE_CLOSED);
	CU_ASSERT(!tcb_owes(&f.t));
	CU_ASSERT_PTR_NULL(f.t.snd_head);
	fix_down(&f);
}

static void
test_close(void)
{
	struct fix f;

	fix_up(&f);
	f.t.events = TE_SENDABLE;
	CU_ASSERT_EQUAL(tcp_close(&f.env, &f.t), 0);
	CU_ASSERT_EQUAL(f.t.state, TCP_FIN_WAIT_1);
	CU_ASSERT_EQUAL(f.t.events, 0); /* nothing but CLOSED from here on */
	CU_ASSERT_EQUAL(tcp_close(&f.env, &f.t), -EBADF);
	CU_ASSERT_EQUAL(tcp_shutdown(&f.env, &f.t), -EPIPE);
	fix_down(&f);

	fix_up(&f);
	fix_state(&f, TCP_FIN_WAIT_2);
	CU_ASSERT_EQUAL(f.t.life_ns, TIME_NEVER); /* a half-closed connection may stay so */
	CU_ASSERT_EQUAL(tcp_close(&f.env, &f.t), 0);
	CU_ASSERT_EQUAL(f.t.life_ns, f.env.now_ns + 60 * TIME_S); /* an orphan mayn't */
	fix_down(&f);
}

/* 3.6.1: "If such a host issues a CLOSE call while received data is still pending in TCP, or if new
 * data is received after CLOSE is called, its TCP SHOULD send a RST". */
static void
test_close_unread(void)
{
	struct seg s;
	struct fix f;

	fix_up(&f);
	s = fix_seg(&f, TCP_ACK);
	s.m = fix_bytes(&f, 0, 100);
	s.len = 100;
	tcp_input(&f.env, &f.t, &s);
	CU_ASSERT_EQUAL(tcp_close(&f.env, &f.t), 0);
	CU_ASSERT_EQUAL(f.t.state, TCP_CLOSED);
	CU_ASSERT_NOT_EQUAL(f.t.flags & TF_RST_OWED, 0);
	CU_ASSERT_EQUAL(f.stats.mbufs_held, 0);
	fix_down(&f);

	fix_up(&f);
	CU_ASSERT_EQUAL(tcp_close(&f.env, &f.t), 0);
	fix_flush(&f);
	s = fix_seg(&f, TCP_ACK);
	s.m = fix_bytes(&f, 0, 100);
	s.len = 100;
	tcp_input(&f.env, &f.t, &s);
	rte_pktmbuf_free(s.m);
	CU_ASSERT_EQUAL(f.t.state, TCP_CLOSED);
	CU_ASSERT_NOT_EQUAL(f.t.flags & TF_RST_OWED, 0);
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	CU_ASSERT_EQUAL(f.stats.tx_rsts, 1);
	fix_down(&f);
}

/* 3.10.5: a RST where the peer may have a connection; queues are flushed; it is over at once. */
static void
test_abort(void)
{
	static const enum tcp_state states[] = { TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2,
		TCP_CLOSE_WAIT, TCP_TIME_WAIT };
	struct fix f;

	for (unsigned int i = 0; i < RTE_DIM(states); i++) {
		bool rst = states[i] != TCP_TIME_WAIT;

		fix_up(&f);
		fix_state(&f, states[i]);
		if (states[i] == TCP_ESTABLISHED || states[i] == TCP_CLOSE_WAIT)
			CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, 0, 100)), 0);
		tcp_abort(&f.env, &f.t, ECONNABORTED);
		CU_ASSERT_EQUAL(f.t.state, TCP_CLOSED);
		CU_ASSERT_EQUAL(f.t.error, ECONNABORTED);
		CU_ASSERT_EQUAL(f.t.events, TE_CLOSED);
		CU_ASSERT_EQUAL(tcb_deadline(&f.env, &f.t), TIME_NEVER);
		CU_ASSERT_PTR_NULL(f.t.snd_head);
		CU_ASSERT_EQUAL(fix_flush(&f), rst);
		CU_ASSERT_EQUAL(f.stats.tx_rsts, rst);
		fix_down(&f);
	}
	fix_up(&f);
	to_syn_sent(&f);
	tcp_abort(&f.env, &f.t, ECONNABORTED);
	CU_ASSERT_EQUAL(f.t.state, TCP_CLOSED);
	CU_ASSERT_EQUAL(fix_flush(&f), 0);
	fix_down(&f);
}

/* The first reason counts, and CLOSED is said once. */
static void
test_abort_twice(void)
{
	struct fix f;

	fix_up(&f);
	tcp_abort(&f.env, &f.t, ECONNABORTED);
	fix_flush(&f);
	f.t.events = 0;
	tcp_abort(&f.env, &f.t, ETIMEDOUT);
	CU_ASSERT_EQUAL(f.t.error, ECONNABORTED);
	CU_ASSERT_EQUAL(f.t.events, 0);
	CU_ASSERT(!tcb_owes(&f.t));
	CU_ASSERT_EQUAL(f.stats.aborted, 1);
	fix_down(&f);
}

/* Its RST has the number after our SYN, however often it is asked for. */
static void
test_abort_syn_received_twice(void)
{
	struct fix f;

	fix_up(&f);
	f.t.state = TCP_SYN_RECEIVED;
	f.t.snd_una = FIX_ISS;
	f.t.snd_wnd = 0;
	tcp_abort(&f.env, &f.t, ECONNABORTED);
	tcp_abort(&f.env, &f.t, ENOBUFS);
	CU_ASSERT_EQUAL(f.t.snd_nxt, FIX_ISS + 1);
	CU_ASSERT_EQUAL(f.t.error, ECONNABORTED);
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	fix_down(&f);
}

static const struct test_case cases[] = {
	{ "SEND in the states", test_send },
	{ "SEND of nothing", test_send_nothing },
	{ "SEND beyond the credit", test_send_beyond_credit },
	{ "SEND of a shared mbuf", test_send_shared },
	{ "RECEIVED", test_received },
	{ "SHUTDOWN", test_shutdown },
	{ "CLOSE in SYN-SENT", test_close_syn_sent },
	{ "CLOSE", test_close },
	{ "CLOSE and data", test_close_unread },
	{ "ABORT", test_abort },
	{ "ABORT after ABORT", test_abort_twice },
	{ "ABORT in SYN-RECEIVED, twice", test_abort_syn_received_twice },
	{ NULL, NULL },
};
const struct test_suite suite_user = { "user", cases };
