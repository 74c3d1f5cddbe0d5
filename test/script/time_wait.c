/* SPDX-License-Identifier: BSD-3-Clause */
/* time_wait.c: TIME-WAIT (RFC 9293, 3.6.1, 3.10.7.4; RFC 1337). */
#include "script.h"
#include "suites.h"

#define TIME_WAIT() START(.state = TCP_TIME_WAIT, .snd_nxt = 101, .rcv_nxt = 301)

SCRIPT(two_msl)
{
	TIME_WAIT();
	STAT(time_wait, 1);
	STAT(conns, 0);
	AFTER_MS(59999);
	STATE(TCP_TIME_WAIT);
	AFTER_MS(2);
	STATE(TCP_CLOSED);
	STAT(time_wait, 0);
	STAT(time_wait_peak, 1);
	CHECK(script_stat_get(offsetof(struct thole_stats, time_wait_min_age_ns)) >= 60 * TIME_S);
}

static void
msl_1s(struct thole_stack_config *c)
{
	c->tcp.msl_ns = TIME_S;
}

SCRIPT(msl_is_configurable)
{
	START(.state = TCP_TIME_WAIT, .snd_nxt = 101, .rcv_nxt = 301, .tune = msl_1s);
	AFTER_MS(1999);
	STATE(TCP_TIME_WAIT);
	AFTER_MS(2);
	STATE(TCP_CLOSED);
}

/* Our last ACK was lost: the FIN comes again, is acknowledged again, and 2 MSL start anew. */
SCRIPT(fin_again)
{
	TIME_WAIT();
	AFTER_S(40);
	PEER(FIN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	AFTER_MS(59999);
	STATE(TCP_TIME_WAIT);
	AFTER_MS(2);
	STATE(TCP_CLOSED);
}

/* A FIN with its data, sent again whole. */
SCRIPT(data_and_fin_again)
{
	START(.state = TCP_FIN_WAIT_2, .half_close = true, .snd_nxt = 101, .rcv_nxt = 300);
	PEER(FIN | PSH | ACK, .seq = 300, .ack = 101, .len = 10);
	EXPECT(ACK, .seq = 101, .ack = 311);
	READ(10);
	EVENT(PEER_CLOSED);
	CLOSE();
	EVENT(CLOSED);
	AFTER_S(40);
	PEER(FIN | PSH | ACK, .seq = 300, .ack = 101, .len = 10);
	EXPECT(ACK, .seq = 101, .ack = 311);
	AFTER_S(59);
	STATE(TCP_TIME_WAIT);
	AFTER_S(2);
	STATE(TCP_CLOSED);
}

/* Other segments don't lengthen it. */
SCRIPT(not_lengthened)
{
	TIME_WAIT();
	AFTER_S(40);
	PEER(ACK, .seq = 200, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	PEER(SYN, .seq = 200);
	EXPECT(ACK, .seq = 101, .ack = 301);
	AFTER_S(21);
	STATE(TCP_CLOSED);
}

/* RFC 1337, 3, F1. */
SCRIPT(resets_are_ignored)
{
	TIME_WAIT();
	PEER(RST, .seq = 301);
	SILENCE();
	PEER(RST | ACK, .seq = 301, .ack = 101);
	SILENCE();
	STATE(TCP_TIME_WAIT);
	STAT(rx_drop_rst, 2);
}

/* MAY-2: a SYN after all that was opens the connection anew, and our number lies after all of ours.
 */
SCRIPT(reopened)
{
	TIME_WAIT();
	uint32_t before = script_wire_ours(101);

	AFTER_S(1);
	PEER(SYN, .seq = 302);
	EXPECT(SYN | ACK, .seq = 1000, .ack = 303, .fresh = true);
	CHECK((int32_t)(script_wire_ours(1000) - before) > 0);
	STATE(TCP_SYN_RECEIVED);
	PEER(ACK, .seq = 303, .ack = 1001);
	STATE(TCP_ESTABLISHED);
	EVENT(ACCEPTED);
	STAT(time_wait_reused, 1);
	STAT(time_wait, 0);
}

/* All that is queued goes out, and is acknowledged, in no time. */
static void
send_at_once(uint32_t bytes)
{
	uint8_t frame[FRAME_MAX];
	uint32_t end = script_tcb()->snd_nxt + bytes;

	AT();
	script_send(bytes, NULL);
	while (script_tcb()->snd_una != end) {
		if (script_pending() == 0)
			script_fail("the stack sends nothing");
		while (script_pending() != 0)
			script_take(frame);
		PEER(ACK, .seq = 300, .ack = script_tcb()->snd_nxt - script_wire_ours(0));
	}
	script_drop_events();
}

/*
 * The clock of initial sequence numbers runs at 250 kB a second: a fast connection leaves it
 * behind. The new number must lie beyond the old ones all the same (RFC 9293, 3.4.3).
 */
SCRIPT(reopened_after_much_data)
{
	const uint32_t end = 100 + 4 * 60000;
	uint32_t before;

	START(.state = TCP_ESTABLISHED);
	for (int i = 0; i < 4; i++)
		send_at_once(60000);
	CLOSE();
	EXPECT(FIN | ACK, .seq = end, .ack = 300);
	PEER(FIN | ACK, .seq = 300, .ack = end + 1);
	EXPECT(ACK, .seq = end + 1, .ack = 301);
	EVENT(CLOSED);
	STATE(TCP_TIME_WAIT);
	before = script_wire_ours(end + 1);
	PEER(SYN, .seq = 1000000);
	EXPECT(SYN | ACK, .seq = 1000, .ack = 1000001, .fresh = true);
	CHECK((int32_t)(script_wire_ours(1000) - before) > 0);
	/* What the old connection sent doesn't fit into the new one. */
	PEER(ACK, .seq = 1000001, .ack = before - script_wire_ours(0));
	EXPECT(RST, .seq = before - script_wire_ours(0));
	PEER(ACK, .seq = 1000001, .ack = 1001);
	EVENT(ACCEPTED);
	STATE(TCP_ESTABLISHED);
}

SCRIPT(reopened_far_ahead)
{
	TIME_WAIT();
	PEER(SYN, .seq = 1000000);
	EXPECT(SYN | ACK, .seq = 1000, .ack = 1000001, .fresh = true);
	STATE(TCP_SYN_RECEIVED);
}

SCRIPT(old_duplicate_syn)
{
	TIME_WAIT();
	PEER(SYN, .seq = 299);
	EXPECT(ACK, .seq = 101, .ack = 301);
	STATE(TCP_TIME_WAIT);
	STAT(time_wait_reused, 0);
	/* The peer, in SYN-SENT, answers with a reset, which does no harm (RFC 1337). */
	PEER(RST, .seq = 301);
	SILENCE();
	STATE(TCP_TIME_WAIT);
}

/* A new SYN that nobody takes ends nothing: TIME-WAIT answers it as any other segment. */
SCRIPT(reopened_without_a_listener)
{
	TIME_WAIT();
	UNLISTEN();
	PEER(SYN, .seq = 1000);
	EXPECT(ACK, .seq = 101, .ack = 301);
	STATE(TCP_TIME_WAIT);
	STAT(time_wait_reused, 0);
	AFTER_MS(59999);
	STATE(TCP_TIME_WAIT);
	AFTER_MS(2);
	STATE(TCP_CLOSED);
}

/* Nor one that the listener has no room for; when it has, the SYN's next copy is taken. */
SCRIPT(reopened_with_a_full_backlog)
{
	START(.state = TCP_TIME_WAIT, .snd_nxt = 101, .rcv_nxt = 301, .backlog = 1);
	PORT(5000);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	PORT(PEER_PORT);
	PEER(SYN, .seq = 1000);
	EXPECT(ACK, .seq = 101, .ack = 301);
	STATE(TCP_TIME_WAIT);
	STAT(time_wait_reused, 0);
	STAT(rx_drop_backlog, 1);
	PORT(5000);
	EVENT(ACCEPTED);
	PORT(PEER_PORT);
	PEER(SYN, .seq = 1000);
	EXPECT(SYN | ACK, .seq = 1000, .ack = 1001, .fresh = true);
	STAT(time_wait_reused, 1);
}

static void
one_embryo(struct thole_stack_config *c)
{
	c->max_embryos = 1;
}

SCRIPT(reopened_without_room_for_a_handshake)
{
	START(.state = TCP_TIME_WAIT, .snd_nxt = 101, .rcv_nxt = 301, .tune = one_embryo);
	PORT(5000);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PORT(PEER_PORT);
	PEER(SYN, .seq = 1000);
	EXPECT(ACK, .seq = 101, .ack = 301);
	STATE(TCP_TIME_WAIT);
	STAT(time_wait_reused, 0);
	STAT(rx_drop_embryos, 1);
}

/* An application that still has the connection (it read no end-of-file): TIME-WAIT is a TCB's. */
SCRIPT(as_a_tcb)
{
	START(.state = TCP_FIN_WAIT_2, .half_close = true, .snd_nxt = 101, .rcv_nxt = 300);
	PEER(FIN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	STATE(TCP_TIME_WAIT);
	AFTER_S(40);
	PEER(FIN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	PEER(RST, .seq = 301);
	SILENCE();
	STATE(TCP_TIME_WAIT);
	EVENT(PEER_CLOSED);
	CLOSE();
	EVENT(CLOSED);
	STATE(TCP_TIME_WAIT);
}

/* It ends as a TCB if the application never closes, 2 MSL after the last FIN. */
SCRIPT(as_a_tcb_to_the_end)
{
	START(.state = TCP_FIN_WAIT_2, .half_close = true, .snd_nxt = 101, .rcv_nxt = 300);
	PEER(FIN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(PEER_CLOSED);
	AFTER_S(40);
	PEER(FIN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	AFTER_S(59);
	STATE(TCP_TIME_WAIT);
	NO_EVENT();
	AFTER_S(2);
	STATE(TCP_CLOSED);
	EVENT(CLOSED);
}

static void
two_tombstones(struct thole_stack_config *c)
{
	c->max_time_wait = 2;
}

static void
open_and_close(uint16_t port)
{
	PORT(port);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	PEER(FIN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(CLOSED);
	STATE(TCP_TIME_WAIT);
}

/* Bounded: the oldest goes first, and is counted. */
SCRIPT(evicted)
{
	START(.state = TCP_LISTEN, .tune = two_tombstones);
	open_and_close(5001);
	AFTER_S(1);
	open_and_close(5002);
	AFTER_S(1);
	open_and_close(5003);
	PORT(5001);
	STATE(TCP_CLOSED);
	PORT(5002);
	STATE(TCP_TIME_WAIT);
	STAT(time_wait_evicted, 1);
	STAT(time_wait, 2);
	CHECK(script_stat_get(offsetof(struct thole_stats, time_wait_min_age_ns)) < 3 * TIME_S);
}

static const struct test_case cases[] = {
	{ "2 MSL", two_msl },
	{ "MSL is configurable", msl_is_configurable },
	{ "FIN again", fin_again },
	{ "data and FIN again", data_and_fin_again },
	{ "other segments don't lengthen it", not_lengthened },
	{ "resets are ignored", resets_are_ignored },
	{ "a new SYN reopens", reopened },
	{ "a new SYN far ahead reopens", reopened_far_ahead },
	{ "an old SYN doesn't", old_duplicate_syn },
	{ "a new SYN after much data", reopened_after_much_data },
	{ "a new SYN without a listener", reopened_without_a_listener },
	{ "a new SYN and a full backlog", reopened_with_a_full_backlog },
	{ "a new SYN without room for a handshake", reopened_without_room_for_a_handshake },
	{ "TIME-WAIT as a TCB", as_a_tcb },
	{ "TIME-WAIT as a TCB to its end", as_a_tcb_to_the_end },
	{ "the oldest is evicted", evicted },
	{ NULL, NULL },
};
const struct test_suite suite_time_wait = { "time_wait", cases };
