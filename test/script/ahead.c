/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ahead.c: what comes ahead of a hole is a guest: it may have half of the receive memory, costs a
 * bounded amount of work, and may be dropped, for the peer sends it again (RFC
 * 9293, 3.4; 3.10.7.4).
 */
#include "script.h"
#include "suites.h"

#define BUDGET 64

static void
small_budget(struct thole_stack_config *c)
{
	c->max_rx_held = BUDGET;
}

#define COUNT(name) script_stat_get(offsetof(struct thole_stats, name))

/* @p n pieces of one byte, with a hole before each; each is answered at once (RFC 5681, 4.2). */
static void
every_second_byte(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		PEER(ACK, .seq = 301 + 2 * i, .ack = 100, .len = 1);
		EXPECT(ACK, .seq = 100, .ack = 300);
	}
}

/* The peer repeats from the first hole on until all up to @p end is there. @return segments. */
static unsigned int
repeat_until(uint32_t end)
{
	uint8_t frame[FRAME_MAX];
	unsigned int n = 0;

	while (script_tcb()->rcv_nxt != script_wire_peers(end) && n++ < 2000) {
		uint32_t from = script_tcb()->rcv_nxt - script_wire_peers(0);

		PEER(PSH | ACK, .seq = from, .ack = 100, .len = RTE_MIN(end - from, 1000u));
		while (script_pending() != 0)
			script_take(frame);
	}
	if (script_pending() == 0 && n == 0)
		script_fail("nothing to repeat");
	return n;
}

/* One connection's holes don't starve another's stream. */
SCRIPT(half_of_the_memory)
{
	START(.state = TCP_ESTABLISHED, .tune = small_budget);
	every_second_byte(BUDGET + 10);
	STAT(mbufs_held, BUDGET / 2);
	STAT(rx_drop_memory, BUDGET / 2 + 10);

	PORT(5000);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	for (uint32_t i = 0; i < 10; i++) {
		PEER(PSH | ACK, .seq = 300 + 1460 * i, .ack = 100, .len = 1460);
		if (i % 2 == 1)
			EXPECT(ACK, .seq = 100, .ack = 300 + 1460 * (i + 1));
	}
	READ(14600);
	STAT(rx_drop_memory, BUDGET / 2 + 10);

	/* Nor is the first one's lost. */
	PORT(PEER_PORT);
	repeat_until(300 + 2 * (BUDGET + 10));
	READ(2 * (BUDGET + 10));
	STAT(mbufs_held, 0);
}

/* In sequence it may be all. */
SCRIPT(all_of_the_memory)
{
	uint32_t n = 0;

	START(.state = TCP_ESTABLISHED, .tune = small_budget);
	while (n < 2 * BUDGET && COUNT(rx_drop_memory) == 0) {
		PEER(ACK, .seq = 300 + 300 * n, .ack = 100, .len = 300);
		n++;
		if (script_pending() != 0) {
			uint8_t frame[FRAME_MAX];

			script_take(frame);
		}
	}
	CHECK(n > BUDGET / 2);
	CHECK(COUNT(mbufs_held) <= BUDGET && COUNT(mbufs_held) >= BUDGET - 1);
	EVENT(DATA, .bytes = 300 * (n - 1));
	RECEIVED(300 * (n - 1));
	AFTER_S(1);
	while (script_pending() != 0) {
		uint8_t frame[FRAME_MAX];

		script_take(frame);
	}
}

/* Pieces are passed one by one on the way to a place: only so many. */
SCRIPT(many_pieces)
{
	START(.state = TCP_ESTABLISHED);
	every_second_byte(400);
	CHECK(COUNT(mbufs_held) >= 200 && COUNT(mbufs_held) <= 260);
	CHECK(COUNT(rx_drop_memory) == 400 - COUNT(mbufs_held));
	/* What goes near the front still finds its place. */
	PEER(ACK, .seq = 302, .ack = 100, .len = 1);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100, .len = 1);
	EXPECT(ACK, .seq = 100, .ack = 304);
	repeat_until(300 + 800);
	READ(800);
	STAT(mbufs_held, 0);
}

/* A segment around many pieces isn't cut into as many: an mbuf each would be the peer's to take. */
SCRIPT(around_many_pieces)
{
	uint64_t held;

	START(.state = TCP_ESTABLISHED);
	every_second_byte(200);
	held = COUNT(mbufs_held);
	CHECK(held == 200);
	PEER(ACK, .seq = 302, .ack = 100, .len = 1400);
	EXPECT(ACK, .seq = 100, .ack = 300);
	/* Twice as many where the packet comes in two mbufs. */
	CHECK(COUNT(mbufs_held) <= held + 8);
	CHECK(COUNT(rx_drop_memory) >= 1);
	/* One that is in sequence gets on, and bit by bit so does the stream. */
	PEER(ACK, .seq = 300, .ack = 100, .len = 1400);
	CHECK(script_tcb()->rcv_nxt != script_wire_peers(300));
	{
		uint8_t frame[FRAME_MAX];

		script_take(frame);
	}
	CHECK(repeat_until(300 + 1402) < 300);
	READ(1402);
	STAT(mbufs_held, 0);
}

/* Holes that few segments leave cost nobody anything: nothing is dropped. */
SCRIPT(few_pieces)
{
	START(.state = TCP_ESTABLISHED);
	for (uint32_t i = 0; i < 20; i++) {
		PEER(ACK, .seq = 300 + 1000 + 2000 * i, .ack = 100, .len = 1000);
		EXPECT(ACK, .seq = 100, .ack = 300);
	}
	for (uint32_t i = 0; i < 20; i++) {
		PEER(ACK, .seq = 300 + 2000 * i, .ack = 100, .len = 1000);
		EXPECT(ACK, .seq = 100, .ack = 300 + 2000 * (i + 1));
	}
	READ(40000);
	EXPECT(ACK, .seq = 100, .ack = 40300); /* the window opens */
	STAT(rx_drop_memory, 0);
	STAT(rx_dup_bytes, 0);
	STAT(mbufs_held, 0);
}

static const struct test_case cases[] = {
	{ "half of the memory", half_of_the_memory },
	{ "all of the memory, in sequence", all_of_the_memory },
	{ "many pieces", many_pieces },
	{ "a segment around many pieces", around_many_pieces },
	{ "few pieces", few_pieces },
	{ NULL, NULL },
};
const struct test_suite suite_ahead = { "ahead", cases };
