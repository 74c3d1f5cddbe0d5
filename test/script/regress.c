/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * regress.c: what once was wrong, and where the application, a timer and the peer meet in an order
 * that nobody thinks of first: ops on what is over, events after CLOSE and ABORT, clocks of
 * orphans, windows that shrink, and what the counters say of an end.
 */
#include "engine.h"
#include "suites.h"

/* Takes all packets out. */
static void
drain(void)
{
	uint8_t frame[FRAME_MAX];

	while (script_pending() != 0)
		script_take(frame);
}

/* Ops on a connection that is over, of which the application doesn't know yet. */

SCRIPT(no_delay_when_over)
{
	START(.state = TCP_ESTABLISHED);
	SEND(300);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 300);
	SEND(100); /* Nagle holds it */
	SILENCE();
	PEER(RST, .seq = 300);
	STATE(TCP_CLOSED);
	NO_DELAY(1);
	SILENCE();
	NO_DELAY(0);
	SILENCE();
	EVENT(CLOSED, .status = -ECONNRESET);
	NO_DELAY(1);
	EVENT(REFUSED, .op = THOLE_OP_SET, .status = -EBADF);
	STAT(conns, 0);
}

/* The same where the next hop is gone as well. */
SCRIPT(no_delay_when_over_and_unreachable)
{
	START(.state = TCP_ESTABLISHED);
	PORT(5001);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	script_manual_arp(true);
	AFTER_S(31);
	ABORT(); /* its RST asks for the next hop, which doesn't answer */
	EVENT(CLOSED, .status = -ECONNABORTED);
	drain();
	AFTER_S(4);
	drain();
	STAT(arp_failures, 1);
	PORT(PEER_PORT);
	PEER(RST, .seq = 300);
	NO_DELAY(1);
	SILENCE();
	EVENT(CLOSED, .status = -ECONNRESET);
	STAT(conns, 0);
}

SCRIPT(no_delay_in_syn_sent)
{
	START(.state = TCP_CLOSED);
	CONNECT_EARLY();
	EXPECT(SYN, .seq = 99);
	EVENT(OPENING);
	NO_DELAY(1);
	SILENCE();
	PEER(SYN | ACK, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	EVENT(CONNECTED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	SEND(10); /* which Nagle would hold */
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
}

SCRIPT(other_ops_when_over)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	EVENT(DATA, .bytes = 10);
	PEER(RST, .seq = 310);
	RECEIVED(10);
	SILENCE();
	SHUTDOWN();
	SILENCE();
	EVENT(REFUSED, .op = THOLE_OP_SHUTDOWN, .status = -EPIPE);
	SEND(10);
	EVENT(REFUSED, .op = THOLE_OP_SEND, .status = -EPIPE);
	ABORT();
	SILENCE();
	EVENT(CLOSED, .status = -ECONNRESET);
}

/* The SYN's timer fires while nothing can be sent, and then the answer to the first SYN comes. */
SCRIPT(syn_ack_between_timeout_and_output)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	S->now += 1001 * TIME_MS;
	thole_stack_run(S->stack, S->now); /* no output is pulled */
	PEER(SYN | ACK, .seq = 299, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 300);
	EVENT(CONNECTED);
	SEND(1000);
	EXPECT(PSH | ACK, .seq = 101, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 1101);
	AFTER_S(1000);
	SILENCE();
	STATE(TCP_ESTABLISHED);
}

/* After CLOSE or ABORT the application hears of nothing but the end. */

SCRIPT(close_with_unread_events)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 100);
	PEER(RST, .seq = 400);
	CLOSE();
	SILENCE();
	EVENT(CLOSED, .status = -ECONNRESET);
	NO_EVENT();
	STAT(mbufs_held, 0);
	STAT(orphans, 0);
}

SCRIPT(close_with_unread_end)
{
	START(.state = TCP_ESTABLISHED);
	PEER(FIN | ACK, .seq = 300, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 301);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 301);
	NO_EVENT();
	PEER(ACK, .seq = 301, .ack = 101);
	EVENT(CLOSED);
	NO_EVENT();
}

static void
sndbuf_2048(struct thole_stack_config *c)
{
	c->tcp.sndbuf_bytes = 2048;
}

SCRIPT(close_with_unread_credit)
{
	START(.state = TCP_ESTABLISHED, .tune = sndbuf_2048);
	SEND(1460);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 1460);
	PEER(ACK, .seq = 300, .ack = 1560);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 1560, .ack = 300);
	NO_EVENT();
	PEER(FIN | ACK, .seq = 300, .ack = 1561);
	EXPECT(ACK, .seq = 1561, .ack = 301);
	EVENT(CLOSED);
	NO_EVENT();
}

SCRIPT(abort_with_unread_events)
{
	START(.state = TCP_ESTABLISHED);
	PEER(FIN | PSH | ACK, .seq = 300, .ack = 100, .len = 100);
	EXPECT(ACK, .seq = 100, .ack = 401);
	ABORT();
	EXPECT(RST | ACK, .seq = 100, .ack = 401);
	EVENT(CLOSED, .status = -ECONNABORTED);
	NO_EVENT();
	STAT(mbufs_held, 0);
	STAT(conns, 0);
}

SCRIPT(abort_when_over)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 100);
	PEER(RST, .seq = 400);
	ABORT();
	SILENCE();
	EVENT(CLOSED, .status = -ECONNRESET);
	NO_EVENT();
	STAT(mbufs_held, 0);
}

/* CONNECT with bytes 1 tells the handle before the peer has said a word. */

SCRIPT(opening)
{
	START(.state = TCP_CLOSED, .manual_arp = true);
	CONNECT_EARLY();
	EXPECT_ARP(1, PEER_IP);
	EVENT(OPENING);
	NO_EVENT();
	SEND_TEXT("hello"); /* queued */
	SILENCE();
	PEER_ARP(2, PEER_IP);
	EXPECT(SYN, .seq = 99);
	PEER(SYN | ACK, .seq = 299, .ack = 100);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 5, .text = "hello");
	EVENT(CONNECTED);
	NO_EVENT();
}

/* Read late, OPENING still comes first, and all that it announces after it. */
SCRIPT(opening_read_late)
{
	START(.state = TCP_CLOSED);
	CONNECT_EARLY();
	EXPECT(SYN, .seq = 99);
	PEER(SYN | ACK, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(RST, .seq = 300);
	EVENT(OPENING);
	EVENT(CONNECTED);
	EVENT(CLOSED, .status = -ECONNRESET);
}

SCRIPT(opening_and_refused)
{
	START(.state = TCP_CLOSED);
	CONNECT_EARLY();
	EXPECT(SYN, .seq = 99);
	PEER(RST | ACK, .seq = 0, .ack = 100);
	EVENT(OPENING);
	EVENT(CLOSED, .status = -ECONNREFUSED);
	STAT(failed_active, 1);
	STAT(resets_rx, 0);
}

/* Not asked for, it doesn't come. */
SCRIPT(no_opening)
{
	START(.state = TCP_CLOSED);
	CONNECT();
	EXPECT(SYN, .seq = 99);
	NO_EVENT();
	PEER(SYN | ACK, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	EVENT(CONNECTED);
	NO_EVENT();
}

/* RFC 9293, 3.10.4: the TCB goes; the peer's answer finds nobody. */
SCRIPT(close_in_syn_sent)
{
	START(.state = TCP_CLOSED);
	CONNECT_EARLY();
	EXPECT(SYN, .seq = 99);
	EVENT(OPENING);
	CLOSE();
	SILENCE();
	STATE(TCP_CLOSED);
	EVENT(CLOSED);
	PEER(SYN | ACK, .seq = 299, .ack = 100);
	EXPECT(RST, .seq = 100);
	NO_EVENT();
	STAT(conns, 0);
	STAT(orphans, 0);
}

/* 3.10.5: no RST to whom we haven't heard of. */
SCRIPT(abort_in_syn_sent)
{
	START(.state = TCP_CLOSED);
	CONNECT_EARLY();
	EXPECT(SYN, .seq = 99);
	EVENT(OPENING);
	ABORT();
	SILENCE();
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNABORTED);
	STAT(conns, 0);
	STAT(aborted, 0);
	STAT(tx_rsts, 0);
}

/* Before the next hop has answered, not even a SYN went out. */
SCRIPT(end_before_the_syn)
{
	START(.state = TCP_CLOSED, .manual_arp = true);
	CONNECT_EARLY();
	EXPECT_ARP(1, PEER_IP);
	EVENT(OPENING);
	SEND_TEXT("hello");
	CLOSE();
	EVENT(CLOSED);
	PORT(5000);
	CONNECT_EARLY();
	EVENT(OPENING);
	SEND_TEXT("hello");
	ABORT();
	EVENT(CLOSED, .status = -ECONNABORTED);
	SILENCE();
	PEER_ARP(2, PEER_IP);
	SILENCE();
	STAT(conns, 0);
	STAT(orphans, 0);
}

/* Closed in a simultaneous open, the connection is established for nobody. */
SCRIPT(close_in_syn_received)
{
	START(.state = TCP_CLOSED);
	CONNECT_EARLY();
	EXPECT(SYN, .seq = 99);
	EVENT(OPENING);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	CLOSE();
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 100);
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	NO_EVENT();
	PEER(FIN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(CLOSED);
	NO_EVENT();
	STATE(TCP_TIME_WAIT);
}

/* TIME-WAIT with unread data: nothing is lost that the peer should hear of (RFC 2525, 2.17, is
 * about a peer that still sends); no RST, and TIME-WAIT stays. */
SCRIPT(close_with_unread_data_in_time_wait)
{
	START(.state = TCP_FIN_WAIT_2, .half_close = true, .snd_nxt = 101, .rcv_nxt = 300);
	PEER(FIN | PSH | ACK, .seq = 300, .ack = 101, .len = 100);
	EXPECT(ACK, .seq = 101, .ack = 401);
	STATE(TCP_TIME_WAIT);
	CLOSE();
	SILENCE();
	STATE(TCP_TIME_WAIT);
	EVENT(CLOSED);
	NO_EVENT();
	STAT(aborted, 0);
	STAT(closed, 1);
	STAT(mbufs_held, 0);
	STAT(time_wait, 1);
	PEER(FIN | PSH | ACK, .seq = 300, .ack = 101, .len = 100);
	EXPECT(ACK, .seq = 101, .ack = 401);
	AFTER_S(59);
	STATE(TCP_TIME_WAIT);
	AFTER_S(2);
	STATE(TCP_CLOSED);
}

/* Windows. */

/* It shrinks to nothing under what is in flight (3.8.6: discouraged, but to be coped with). */
SCRIPT(window_shrinks_over_data)
{
	uint32_t ms = 600;

	START(.state = TCP_ESTABLISHED, .snd_nxt = 1100, .in_flight = 1000);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
	SILENCE();
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
	/* MUST-37: hours of it. */
	for (int i = 0; i < 60; i++) {
		PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
		IN_MS(ms);
		EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
		ms = ms * 2 < 120000 ? ms * 2 : 120000;
	}
	STATE(TCP_ESTABLISHED);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 65535);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 1100);
	SEND(100);
	EXPECT(PSH | ACK, .seq = 1100, .ack = 300, .len = 100);
	PEER(ACK, .seq = 300, .ack = 1200);
	AFTER_S(1000);
	SILENCE();
	STATE(TCP_ESTABLISHED);
}

/* The peer took it all the same, though it said that it wouldn't. */
SCRIPT(window_shrinks_and_data_is_taken)
{
	START(.state = TCP_ESTABLISHED, .snd_nxt = 1100, .in_flight = 1000);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
	PEER(ACK, .seq = 300, .ack = 1100, .wnd = 0);
	AFTER_S(1000);
	SILENCE();
	STATE(TCP_ESTABLISHED);
	SEND(10);
	IN_MS(600); /* Karn: what was sent twice timed nothing, and the back-off stands */
	EXPECT(ACK, .seq = 1100, .ack = 300, .len = 1);
	PEER(ACK, .seq = 300, .ack = 1100);
	EXPECT(PSH | ACK, .seq = 1100, .ack = 300, .len = 10);
}

/* A peer that is gone with its window closed: R2 (15 minutes) ends it, and no sooner. */
SCRIPT(window_shrinks_and_peer_is_gone)
{
	START(.state = TCP_ESTABLISHED, .snd_nxt = 1100, .in_flight = 1000);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
	AFTER_S(890);
	drain();
	STATE(TCP_ESTABLISHED);
	AFTER_S(20);
	drain();
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

/* Part of a probe of several bytes is taken, and the window closed; the update gets lost. */
SCRIPT(probe_is_taken_in_part)
{
	START(.state = TCP_ESTABLISHED, .wnd = 2000, .mss = 1000);
	SEND(3000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(ACK, .seq = 1100, .ack = 300, .len = 1000);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 2100, .wnd = 200);
	IN_MS(300);
	EXPECT(ACK, .seq = 2100, .ack = 300, .len = 200);
	PEER(ACK, .seq = 300, .ack = 2150, .wnd = 0);
	SILENCE();
	IN_MS(600);
	EXPECT(ACK, .seq = 2150, .ack = 300, .len = 1);
	PEER(ACK, .seq = 300, .ack = 2150, .wnd = 2000);
	EXPECT(PSH | ACK, .seq = 2150, .ack = 300, .len = 950);
}

/* All was acknowledged, the window closed, and long nothing to send: that isn't the next send's
 * fault. */
SCRIPT(idle_after_persist)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SEND(1);
	IN_MS(300);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 1);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 101, .wnd = 0);
	AFTER_S(1200);
	SILENCE();
	SEND(10);
	SILENCE();
	STATE(TCP_ESTABLISHED);
	IN_MS(300);
	EXPECT(ACK, .seq = 101, .ack = 300, .len = 1);
	PEER(ACK, .seq = 300, .ack = 101, .wnd = 100);
	EXPECT(PSH | ACK, .seq = 101, .ack = 300, .len = 10);
	NO_EVENT();
}

/* The same, after a window that was open when the wait began. */
SCRIPT(idle_after_data)
{
	START(.state = TCP_ESTABLISHED);
	SEND(1);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 1);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 101, .wnd = 0);
	AFTER_S(1200);
	SEND(10);
	IN_MS(300);
	EXPECT(ACK, .seq = 101, .ack = 300, .len = 1);
	STATE(TCP_ESTABLISHED);
}

/* Clocks and rates. */

/* An orphan whose peer takes a byte a minute makes progress, but not for ever. */
SCRIPT(orphan_with_a_slow_peer)
{
	uint32_t n = 0;

	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SEND(1000);
	CLOSE();
	while (script_tcb_alive() && n < 40) {
		AFTER_S(55);
		drain();
		if (!script_tcb_alive())
			break;
		n++;
		PEER(ACK, .seq = 300, .ack = 100 + n, .wnd = 0);
		drain();
	}
	CHECK(n >= 14 && n <= 16); /* 15 minutes */
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STAT(timeouts, 1);
	STAT(orphans, 0);
	STAT(conns, 0);
}

/* One that is done in good time isn't hurried by that clock. */
SCRIPT(orphan_that_is_done_in_time)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SEND(10);
	CLOSE();
	for (uint32_t i = 0; i < 10; i++) {
		AFTER_S(55);
		drain();
		PEER(ACK, .seq = 300, .ack = 101 + i, .wnd = 0);
		drain();
	}
	AFTER_S(55);
	drain();
	PEER(ACK, .seq = 300, .ack = 111, .wnd = 0);
	STATE(TCP_FIN_WAIT_2);
	PEER(FIN | ACK, .seq = 300, .ack = 111);
	EXPECT(ACK, .seq = 111, .ack = 301);
	EVENT(CLOSED);
	STATE(TCP_TIME_WAIT);
	AFTER_S(59);
	STATE(TCP_TIME_WAIT);
}

static void
unacceptable(uint32_t sent, uint32_t answered)
{
	for (uint32_t i = 0; i < sent; i++) {
		PEER(ACK, .seq = 301 + 70000, .ack = 101);
		if (i < answered)
			EXPECT(ACK, .seq = 101, .ack = 301);
		else
			SILENCE();
	}
}

/* RFC 5961, 7: a handshake isn't a mirror. */
SCRIPT(handshake_answers_so_often)
{
	START(.state = TCP_SYN_RECEIVED, .snd_nxt = 101, .rcv_nxt = 301);
	unacceptable(20, 3);
	STAT(tx_drop_limited, 17);
	IN_S(1);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	unacceptable(20, 3);
	STAT(tx_drop_limited, 34);
	PEER(ACK, .seq = 301, .ack = 101);
	EVENT(ACCEPTED);
}

/* Counters. */

/* Data that nobody will read: the reset is ours. */
SCRIPT(counters_data_after_close)
{
	START(.state = TCP_FIN_WAIT_2, .snd_nxt = 101);
	PEER(PSH | ACK, .seq = 300, .ack = 101, .len = 10);
	EXPECT(RST | ACK, .seq = 101, .ack = 300);
	EVENT(CLOSED, .status = -ECONNRESET);
	STAT(aborted, 1);
	STAT(resets_rx, 0);
	STAT(closed, 0);
}

SCRIPT(counters_reset)
{
	START(.state = TCP_ESTABLISHED);
	PEER(RST, .seq = 300);
	EVENT(CLOSED, .status = -ECONNRESET);
	STAT(resets_rx, 1);
	STAT(aborted, 0);
	STAT(closed, 0);
	STAT(failed_active, 0);
}

SCRIPT(counters_reset_of_a_fin)
{
	START(.state = TCP_LAST_ACK, .snd_nxt = 101, .rcv_nxt = 301);
	PEER(RST, .seq = 301);
	EVENT(CLOSED);
	STAT(closed, 1);
	STAT(resets_rx, 0);
}

SCRIPT(counters_reset_before_all_is_sent)
{
	START(.state = TCP_CLOSE_WAIT, .rcv_nxt = 301, .wnd = 0);
	SEND(10);
	CLOSE();
	STATE(TCP_LAST_ACK);
	PEER(RST, .seq = 301);
	EVENT(CLOSED, .status = -ECONNRESET);
	STAT(closed, 0);
	STAT(resets_rx, 1);
}

static void
syn_give_up_5s(struct thole_stack_config *c)
{
	c->tcp.syn_give_up_ns = 5 * TIME_S;
}

/* A simultaneous open that comes to nothing: an attempt that failed, not a connection reset. */
SCRIPT(counters_attempt_times_out)
{
	START(.state = TCP_SYN_RECEIVED, .active = true, .snd_nxt = 101, .rcv_nxt = 301,
		.tune = syn_give_up_5s);
	AFTER_S(10);
	drain();
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STAT(failed_active, 1);
	STAT(aborted, 0);
	STAT(timeouts, 0);
	STAT(tx_rsts, 0);
}

/* A connection that its peer no longer answers: given up, and told. */
SCRIPT(counters_connection_times_out)
{
	START(.state = TCP_ESTABLISHED, .snd_nxt = 1100, .in_flight = 1000);
	AFTER_S(910);
	drain();
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STAT(timeouts, 1);
	STAT(failed_active, 0);
	STAT(resets_rx, 0);
	STAT(tx_rsts, 1);
}

static const struct test_case cases[] = {
	{ "NO_DELAY when it is over", no_delay_when_over },
	{ "NO_DELAY when it is over and unreachable", no_delay_when_over_and_unreachable },
	{ "NO_DELAY in SYN-SENT", no_delay_in_syn_sent },
	{ "other ops when it is over", other_ops_when_over },
	{ "SYN-ACK between timeout and output", syn_ack_between_timeout_and_output },
	{ "CLOSE with unread events", close_with_unread_events },
	{ "CLOSE with an unread end", close_with_unread_end },
	{ "CLOSE with unread credit", close_with_unread_credit },
	{ "ABORT with unread events", abort_with_unread_events },
	{ "ABORT when it is over", abort_when_over },
	{ "OPENING", opening },
	{ "OPENING read late", opening_read_late },
	{ "OPENING, then refused", opening_and_refused },
	{ "no OPENING", no_opening },
	{ "CLOSE in SYN-SENT", close_in_syn_sent },
	{ "ABORT in SYN-SENT", abort_in_syn_sent },
	{ "CLOSE and ABORT before the SYN", end_before_the_syn },
	{ "CLOSE in SYN-RECEIVED", close_in_syn_received },
	{ "CLOSE with unread data in TIME-WAIT", close_with_unread_data_in_time_wait },
	{ "the window shrinks over data", window_shrinks_over_data },
	{ "the window shrinks and data is taken", window_shrinks_and_data_is_taken },
	{ "the window shrinks and the peer is gone", window_shrinks_and_peer_is_gone },
	{ "a probe is taken in part", probe_is_taken_in_part },
	{ "idle after persist", idle_after_persist },
	{ "idle after data", idle_after_data },
	{ "an orphan with a slow peer", orphan_with_a_slow_peer },
	{ "an orphan that is done in time", orphan_that_is_done_in_time },
	{ "a handshake answers so often", handshake_answers_so_often },
	{ "counters: data after close", counters_data_after_close },
	{ "counters: reset", counters_reset },
	{ "counters: reset of a FIN", counters_reset_of_a_fin },
	{ "counters: reset before all is sent", counters_reset_before_all_is_sent },
	{ "counters: an attempt times out", counters_attempt_times_out },
	{ "counters: a connection times out", counters_connection_times_out },
	{ NULL, NULL },
};
const struct test_suite suite_regress = { "regress", cases };
