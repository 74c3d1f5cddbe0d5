/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trains.c: segments of bulk data that arrive in one burst and continue each other are taken as
 * one. Everything is as if they weren't: in the second pass, whose packets are chains, they are
 * not.
 */
#include "burst.h"
#include "engine.h"
#include "suites.h"

/* @p n of them were taken with the one before. */
#define JOINED(n) STAT(rx_train_segs, script_second_pass() ? 0 : (n))
/* A full segment of the peer's, within its text. */
#define TEXT(at, ...) PEER(ACK, .seq = (at), .ack = 100, .len = 1000, __VA_ARGS__)

/* After a first segment, which says that there is bulk data. */
static void
begin_tuned(void (*tune)(struct thole_stack_config *config))
{
	BEGIN(.state = TCP_ESTABLISHED, .tune = tune);
	TEXT(300);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 1300);
	READ(1000);
}

static void
begin(void)
{
	begin_tuned(NULL);
}

SCRIPT(in_order)
{
	begin();
	HOLD();
	for (uint32_t i = 0; i < 32; i++)
		TEXT(1300 + i * 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 33300);
	SILENCE();
	READ(32000);
	JOINED(31);
	STAT(rx_tcp_segs, 2 + 1 + 32); /* those that opened it, too */
	STAT(rx_data_bytes, 33000);
	STAT(mbufs_held, 0);
}

/* Sequence numbers come round within one. */
SCRIPT(comes_round)
{
	const uint32_t begin = 0u - 4300;

	BEGIN(.state = TCP_ESTABLISHED, .rcv_nxt = begin);
	TEXT(begin);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = begin + 1000);
	READ(1000);
	HOLD();
	for (uint32_t i = 1; i < 8; i++)
		TEXT(begin + i * 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = begin + 8000);
	READ(7000);
	JOINED(6);
}

/* Of a train the segments' own size is learnt: every second one is acknowledged, later, too. */
SCRIPT(size_is_learnt)
{
	BEGIN(.state = TCP_ESTABLISHED);
	HOLD();
	TEXT(300);
	RELEASE();
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 1300);
	HOLD();
	for (uint32_t i = 1; i < 9; i++)
		TEXT(300 + i * 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 9300);
	TEXT(9300);
	TEXT(10300);
	EXPECT(ACK, .seq = 100, .ack = 11300);
	JOINED(7);
	READ(11000);
}

/* Whatever differs begins another one; all of it is taken. */
SCRIPT(differences)
{
	begin();
	HOLD();
	TEXT(1300);
	TEXT(2300, .wnd = 32768); /* + 1: another window */
	TEXT(3300, .wnd = 32768);
	PEER(PSH | ACK, .seq = 4300, .ack = 100, .len = 1000); /* pushes, and another window */
	TEXT(5300);
	TEXT(6300, .id = 77); /* joins: packets may be numbered */
	TEXT(7300, .tsval = 1000000);
	PEER(ACK, .seq = 8300, .ack = 100, .len = 999, .tsval = 1000000);
	TEXT(9299, .ecn = CE);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 10299);
	READ(8999);
	JOINED(2);
}

/* Small ones are gathered in each other's room instead. */
SCRIPT(small_ones)
{
	begin();
	HOLD();
	for (uint32_t i = 0; i < 8; i++)
		PEER(ACK, .seq = 1300 + i * 256, .ack = 100, .len = 256);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 1300 + 8 * 256);
	JOINED(0);
	READ(8 * 256);
}

/* One that is damaged isn't taken, whatever its headers say, and what is behind it is ahead. */
SCRIPT(damage)
{
	begin();
	HOLD();
	TEXT(1300);
	TEXT(2300);
	TEXT(3300, .bad_tcp_csum = true);
	TEXT(4300);
	TEXT(5300);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 3300, SACK({ 4300, 6300 }));
	STAT(rx_drop_tcp_csum, 1);
	STAT(rx_ooo_segs, 2);
	JOINED(1);
	HOLD();
	TEXT(3300, .bad_ip_csum = true);
	TEXT(3300);
	TEXT(6300);
	TEXT(7300, .bad_ip_csum = true);
	RELEASE();
	STAT(rx_drop_ip_csum, 2);
	EXPECT(ACK, .seq = 100, .ack = 7300);
	READ(6000);
}

/* A frame that is longer than its packet is taken, but alone; one that is shorter isn't. */
SCRIPT(frames_of_other_lengths)
{
	begin();
	HOLD();
	TEXT(1300);
	TEXT(2300, .longer = 10);
	TEXT(3300);
	TEXT(4300);
	TEXT(5300, .longer = -1);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 5300);
	READ(4000);
	JOINED(1);
	STAT(rx_drop_ip_header, 1);
}

/* Ahead of a hole, and over what is there. */
SCRIPT(holes_and_overlaps)
{
	begin();
	HOLD();
	TEXT(1300);
	TEXT(3300);
	TEXT(4300);
	TEXT(5300);
	TEXT(8300);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 2300, SACK({ 8300, 9300 }, { 3300, 6300 }));
	STAT(rx_ooo_segs, 4);
	HOLD();
	for (uint32_t i = 0; i < 9; i++)
		TEXT(1800 + i * 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 10800, SACK({ 8300, 9300 }));
	READ(9500);
	STAT(mbufs_held, 0);
}

/* What begins in the window and ends beyond it is cut there. */
static void
small_buffer(struct thole_stack_config *c)
{
	c->tcp.rcvbuf_bytes = 8192;
}

SCRIPT(beyond_the_window)
{
	BEGIN(.state = TCP_ESTABLISHED, .tune = small_buffer);
	TEXT(300);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 1300);
	HOLD();
	for (uint32_t i = 1; i < 10; i++)
		TEXT(300 + i * 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 300 + 8192, .wnd = 0);
	EVENT(DATA, .bytes = 8192);
	RECEIVED(8192);
	EXPECT(ACK, .seq = 100, .ack = 300 + 8192, .wnd = 8192);
	STAT(mbufs_held, 0);
}

/* All of it old, and its front. */
SCRIPT(old_ones)
{
	begin();
	HOLD();
	for (uint32_t i = 0; i < 6; i++)
		TEXT(1300 + i * 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 7300);
	READ(6000);
	HOLD();
	for (uint32_t i = 0; i < 4; i++)
		TEXT(1300 + i * 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 7300, SACK({ 1300, 5300 }));
	HOLD();
	for (uint32_t i = 0; i < 4; i++)
		TEXT(4800 + i * 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 8800, SACK({ 4800, 7300 }));
	READ(1500);
	STAT(rx_dup_bytes, 6500);
}

/* What nobody will read resets the connection, and no mbuf of it stays. */
SCRIPT(nobody_reads)
{
	begin();
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 1300);
	HOLD();
	for (uint32_t i = 0; i < 5; i++)
		TEXT(1300 + i * 1000);
	RELEASE();
	if (script_second_pass()) /* of the others there is no connection any more */
		for (uint32_t i = 1; i < 5; i++)
			EXPECT(RST, .seq = 100, .tsval = NO_TS);
	EXPECT(RST | ACK, .seq = 101, .ack = 1300);
	EVENT(CLOSED, .status = -ECONNRESET);
}

/* More than 64 KiB of old text before what is new. */
SCRIPT(much_that_is_old)
{
	begin();
	HOLD();
	for (uint32_t i = 0; i < 47; i++)
		PEER(ACK, .seq = 1300 + i * 1400, .ack = 100, .len = 1400);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 67100);
	READ(65800);
	HOLD();
	for (uint32_t i = 0; i < 64; i++)
		PEER(ACK, .seq = 1300 + i * 1400, .ack = 100, .len = 1400);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 90900, SACK({ 1300, 67100 }));
	READ(23800);
	STAT(rx_drop_old, 47);
}

/* Over many runs that lie across the segments: each segment may split two. */
SCRIPT(many_overlaps)
{
	begin();
	HOLD();
	TEXT(1300);
	for (uint32_t i = 0; i < 8; i++)
		TEXT(3300 + i * 2000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 2300,
		SACK({ 17300, 18300 }, { 15300, 16300 }, { 13300, 14300 }));
	HOLD();
	for (uint32_t i = 0; i < 24; i++)
		PEER(ACK, .seq = 2300 + i * 700, .ack = 100, .len = 700);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 19100, SACK({ 17300, 18300 }));
	READ(17800);
	STAT(rx_drop_memory, 0);
}

/* Begun before the window, ended behind it. */
SCRIPT(around_the_window)
{
	begin_tuned(small_buffer);
	HOLD();
	for (uint32_t i = 0; i < 12; i++)
		TEXT(300 + i * 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 1300 + 8192 - 1000, .wnd = 0, SACK({ 300, 1300 }));
	READ(7192);
	EXPECT(ACK, .seq = 100, .ack = 1300 + 8192 - 1000, .wnd = 8192);
}

/* What may be held is no more for a train. */
static void
hold_few(struct thole_stack_config *c)
{
	c->max_rx_held = 8;
}

SCRIPT(few_are_held)
{
	begin_tuned(hold_few);
	HOLD();
	for (uint32_t i = 0; i < 32; i++)
		TEXT(1300 + i * 1000);
	RELEASE();
	STAT(mbufs_held, 8);
	EXPECT(ACK, .seq = 100, .ack = 9300);
	READ(8000);
	STAT(rx_drop_memory, 24);
}

/* A FIN that came first ends the text before one that lies behind it. */
SCRIPT(fin_came_first)
{
	begin();
	HOLD();
	PEER(FIN | ACK, .seq = 4300, .ack = 100);
	for (uint32_t i = 0; i < 4; i++)
		TEXT(1300 + i * 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 4301, SACK({ 4300, 4301 })); /* twice (RFC 2883) */
	EVENT(DATA, .bytes = 3000);
	RECEIVED(3000);
	EVENT(PEER_CLOSED);
	STATE(TCP_CLOSE_WAIT);
	JOINED(0);
}

/* The timestamp that is echoed is that of the segment that came where the last ACK ended. */
SCRIPT(an_old_front_isnt_echoed)
{
	begin();
	TEXT(1300, .tsval = 2000);
	HOLD();
	TEXT(1300, .tsval = 2020);
	TEXT(2300, .tsval = 2020);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 3300, .tsecr = 2000, SACK({ 1300, 2300 }));
	READ(2000);
}

/* What the counters of a connection say is what was sent. */
static void
counting(struct thole_stack_config *c)
{
	c->counters = true;
}

SCRIPT(counted)
{
	struct thole_info info;

	BEGIN(.state = TCP_ESTABLISHED, .tune = counting);
	SET(COUNTERS, 1);
	TEXT(300);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 1300);
	HOLD();
	for (uint32_t i = 1; i < 5; i++)
		TEXT(300 + i * 1000);
	for (uint32_t i = 6; i < 9; i++)
		TEXT(300 + i * 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 5300, SACK({ 6300, 9300 }));
	script_info(&info);
	CHECK(info.data_segs_in == 8);
	CHECK(info.ooo_segs_in == 3);
	CHECK(info.bytes_received == 5000);
	JOINED(3);
	READ(5000);
}

static const struct test_case cases[] = {
	{ "in order", in_order },
	{ "sequence numbers come round", comes_round },
	{ "the segments' size is learnt", size_is_learnt },
	{ "differences", differences },
	{ "small ones", small_ones },
	{ "damage", damage },
	{ "frames of other lengths", frames_of_other_lengths },
	{ "holes and overlaps", holes_and_overlaps },
	{ "beyond the window", beyond_the_window },
	{ "old ones", old_ones },
	{ "nobody reads", nobody_reads },
	{ "much that is old", much_that_is_old },
	{ "many overlaps", many_overlaps },
	{ "around the window", around_the_window },
	{ "few are held", few_are_held },
	{ "a FIN came first", fin_came_first },
	{ "an old front isn't echoed", an_old_front_isnt_echoed },
	{ "counted", counted },
	{ NULL, NULL },
};
const struct test_suite suite_trains = { "trains", cases };
