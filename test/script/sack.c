/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sack.c: the SACK blocks that we send: the examples of RFC 2018, 7 with its rules of 4, and those
 * of RFC 2883, 4, in their own sequence numbers. What the blocks of the peer do is in recovery.c.
 */
#include "script.h"
#include "suites.h"

#define BEGIN(rcv) START(.state = TCP_ESTABLISHED, .modern = true, .rcv_nxt = (rcv))

/* Segments of the examples: 500 bytes. */
#define DATA(n) PEER(ACK, .seq = (n), .ack = 100, .len = 500)
/* In order: acknowledged at last after the delay. */
#define TAKEN(n) (IN_MS(40), EXPECT(ACK, .seq = 100, .ack = (n)))

/* RFC 2018, 7, case 1: the last four of eight are lost. */
SCRIPT(last_four_lost)
{
	BEGIN(5000);
	for (uint32_t i = 0; i < 2; i++)
		DATA(5000 + i * 500);
	TAKEN(6000);
	DATA(6000);
	DATA(6500);
	TAKEN(7000);
	AFTER_S(10);
	SILENCE();
	READ(2000);
}

/* Case 2: the first is lost. */
SCRIPT(first_lost)
{
	BEGIN(5000);
	for (uint32_t right = 6000; right <= 9000; right += 500) {
		DATA(right - 500);
		EXPECT(ACK, .seq = 100, .ack = 5000, SACK({ 5500, right }));
	}
	DATA(5000);
	EXPECT(ACK, .seq = 100, .ack = 9000);
	READ(4000);
}

/* Case 3: the second, fourth, sixth and eighth are lost; then the fourth comes, then the second. */
SCRIPT(every_second_lost)
{
	BEGIN(5000);
	DATA(5000);
	TAKEN(5500);
	DATA(6000);
	EXPECT(ACK, .seq = 100, .ack = 5500, SACK({ 6000, 6500 }));
	DATA(7000);
	EXPECT(ACK, .seq = 100, .ack = 5500, SACK({ 7000, 7500 }, { 6000, 6500 }));
	DATA(8000);
	EXPECT(ACK, .seq = 100, .ack = 5500, SACK({ 8000, 8500 }, { 7000, 7500 }, { 6000, 6500 }));
	DATA(6500);
	EXPECT(ACK, .seq = 100, .ack = 5500, SACK({ 6000, 7500 }, { 8000, 8500 }));
	DATA(5500);
	EXPECT(ACK, .seq = 100, .ack = 7500, SACK({ 8000, 8500 }));
	DATA(7500);
	EXPECT(ACK, .seq = 100, .ack = 8500);
	READ(3500);
}

/* RFC 2018, 3 and 4: as many blocks as fit: 3 beside timestamps, the latest first. */
SCRIPT(three_blocks_beside_timestamps)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	for (uint32_t i = 0; i < 6; i++) {
		uint32_t n = 400 + i * 200;

		PEER(ACK, .seq = n, .ack = 100, .len = 100);
		if (i == 0)
			EXPECT(ACK, .seq = 100, .ack = 300, SACK({ n, n + 100 }));
		else if (i == 1)
			EXPECT(ACK, .seq = 100, .ack = 300,
				SACK({ n, n + 100 }, { n - 200, n - 100 }));
		else
			EXPECT(ACK, .seq = 100, .ack = 300,
				SACK({ n, n + 100 }, { n - 200, n - 100 }, { n - 400, n - 300 }));
	}
}

SCRIPT(four_blocks_without_timestamps)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .offer = SACK_OK);
	HOLD();
	for (uint32_t i = 0; i < 3; i++)
		PEER(ACK, .seq = 400 + i * 200, .ack = 100, .len = 100);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 300, SACK({ 800, 900 }, { 600, 700 }, { 400, 500 }));
	PEER(ACK, .seq = 1000, .ack = 100, .len = 100);
	EXPECT(ACK, .seq = 100, .ack = 300,
		SACK({ 1000, 1100 }, { 800, 900 }, { 600, 700 }, { 400, 500 }));
	PEER(ACK, .seq = 1200, .ack = 100, .len = 100);
	EXPECT(ACK, .seq = 100, .ack = 300,
		SACK({ 1200, 1300 }, { 1000, 1100 }, { 800, 900 }, { 600, 700 }));
}

/* 4: the first block is the one with what came last, wherever it lies. */
SCRIPT(latest_first)
{
	BEGIN(5000);
	DATA(8000);
	EXPECT(ACK, .seq = 100, .ack = 5000, SACK({ 8000, 8500 }));
	DATA(6000);
	EXPECT(ACK, .seq = 100, .ack = 5000, SACK({ 6000, 6500 }, { 8000, 8500 }));
	DATA(8500);
	EXPECT(ACK, .seq = 100, .ack = 5000, SACK({ 8000, 9000 }, { 6000, 6500 }));
	DATA(5500);
	EXPECT(ACK, .seq = 100, .ack = 5000, SACK({ 5500, 6500 }, { 8000, 9000 }));
}

/* 4: "SHOULD be included in all ACKs which do not ACK the highest": text of ours carries them, too.
 */
SCRIPT(blocks_on_text)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .no_delay = true);
	PEER(ACK, .seq = 400, .ack = 100, .len = 100);
	EXPECT(ACK, .seq = 100, .ack = 300, SACK({ 400, 500 }));
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10, SACK({ 400, 500 }));
	PEER(ACK, .seq = 300, .ack = 110, .len = 100);
	EXPECT(ACK, .seq = 110, .ack = 500);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 110, .ack = 500, .len = 10);
	READ(200);
}

/* A window that closes below what came ahead doesn't take it back: we don't renege (8). */
SCRIPT(nothing_is_reneged)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	PEER(ACK, .seq = 60000, .ack = 100, .len = 1000);
	EXPECT(ACK, .seq = 100, .ack = 300, SACK({ 60000, 61000 }));
	/* The application reads nothing. */
	for (uint32_t n = 300; n + 1400 < 60000; n += 1400) {
		PEER(ACK, .seq = n, .ack = 100, .len = 1400);
		EXPECT(ACK, .seq = 100, .ack = n + 1400, SACK({ 60000, 61000 }));
	}
	PEER(ACK, .seq = 59100, .ack = 100, .len = 900);
	EXPECT(ACK, .seq = 100, .ack = 61000);
	script_drop_events();
	RECEIVED(60700);
	if (script_pending() != 0)
		EXPECT(ACK, .seq = 100, .ack = 61000);
}

/* RFC 2883, 4.1.1: our ACKs were lost, and text comes again. */
SCRIPT(duplicate)
{
	BEGIN(3000);
	DATA(3000);
	TAKEN(3500);
	DATA(3500);
	TAKEN(4000);
	DATA(3000);
	EXPECT(ACK, .seq = 100, .ack = 4000, SACK({ 3000, 3500 }));
	/* Said once (4, rule 1). */
	DATA(4500);
	EXPECT(ACK, .seq = 100, .ack = 4000, SACK({ 4500, 5000 }));
	READ(1000);
}

/* 4.1.2: beside a hole: the duplicate first. */
SCRIPT(duplicate_and_hole)
{
	BEGIN(3000);
	DATA(3000);
	TAKEN(3500);
	DATA(3500);
	TAKEN(4000);
	DATA(4500);
	EXPECT(ACK, .seq = 100, .ack = 4000, SACK({ 4500, 5000 }));
	DATA(3000);
	EXPECT(ACK, .seq = 100, .ack = 4000, SACK({ 3000, 3500 }, { 4500, 5000 }));
	READ(1000);
}

/* 4.1.3: of text ahead of the hole: followed by the block that it is a part of. */
SCRIPT(duplicate_ahead)
{
	BEGIN(3500);
	DATA(3500);
	TAKEN(4000);
	DATA(4500);
	EXPECT(ACK, .seq = 100, .ack = 4000, SACK({ 4500, 5000 }));
	DATA(5000);
	EXPECT(ACK, .seq = 100, .ack = 4000, SACK({ 4500, 5500 }));
	DATA(5000);
	EXPECT(ACK, .seq = 100, .ack = 4000, SACK({ 5000, 5500 }, { 4500, 5500 }));
	READ(500);
}

/* 4.2.1: a part of it is a duplicate. */
SCRIPT(partial_duplicate)
{
	BEGIN(500);
	DATA(500);
	TAKEN(1000);
	DATA(2000);
	EXPECT(ACK, .seq = 100, .ack = 1000, SACK({ 2000, 2500 }));
	DATA(1000);
	EXPECT(ACK, .seq = 100, .ack = 1500, SACK({ 2000, 2500 }));
	PEER(ACK, .seq = 1000, .ack = 100, .len = 1000);
	EXPECT(ACK, .seq = 100, .ack = 2500, SACK({ 1000, 1500 }));
	READ(2000);
}

/* 4.2.2: two parts of it: one of them is reported. */
SCRIPT(two_partial_duplicates)
{
	BEGIN(500);
	DATA(500);
	TAKEN(1000);
	DATA(3000);
	EXPECT(ACK, .seq = 100, .ack = 1000, SACK({ 3000, 3500 }));
	DATA(1000);
	EXPECT(ACK, .seq = 100, .ack = 1500, SACK({ 3000, 3500 }));
	DATA(2000);
	EXPECT(ACK, .seq = 100, .ack = 1500, SACK({ 2000, 2500 }, { 3000, 3500 }));
	PEER(ACK, .seq = 1000, .ack = 100, .len = 1500);
	EXPECT(ACK, .seq = 100, .ack = 2500, SACK({ 1000, 1500 }, { 3000, 3500 }));
	READ(2000);
}

/* 4.2.3: wholly within what is ahead, in part: the part that we have. */
SCRIPT(partial_duplicate_ahead)
{
	BEGIN(1000);
	DATA(1500);
	EXPECT(ACK, .seq = 100, .ack = 1000, SACK({ 1500, 2000 }));
	PEER(ACK, .seq = 1500, .ack = 100, .len = 1000);
	EXPECT(ACK, .seq = 100, .ack = 1000, SACK({ 1500, 2000 }, { 1500, 2500 }));
}

/* 4, rule 5 and timestamps: two blocks are left beside the duplicate. */
SCRIPT(duplicate_and_many_holes)
{
	BEGIN(1000);
	DATA(1000);
	TAKEN(1500);
	DATA(2000);
	EXPECT(ACK, .seq = 100, .ack = 1500, SACK({ 2000, 2500 }));
	DATA(3000);
	EXPECT(ACK, .seq = 100, .ack = 1500, SACK({ 3000, 3500 }, { 2000, 2500 }));
	DATA(4000);
	EXPECT(ACK, .seq = 100, .ack = 1500, SACK({ 4000, 4500 }, { 3000, 3500 }, { 2000, 2500 }));
	DATA(1000);
	EXPECT(ACK, .seq = 100, .ack = 1500, SACK({ 1000, 1500 }, { 4000, 4500 }, { 3000, 3500 }));
	DATA(2000);
	EXPECT(ACK, .seq = 100, .ack = 1500, SACK({ 2000, 2500 }, { 2000, 2500 }, { 4000, 4500 }));
	READ(500);
}

/* Without SACK nothing is reported, duplicate or not. */
SCRIPT(no_sack_no_blocks)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .offer = TSTAMP | WSCALE, .rcv_nxt = 1000);
	DATA(1500);
	EXPECT(ACK, .seq = 100, .ack = 1000);
	DATA(1500);
	EXPECT(ACK, .seq = 100, .ack = 1000);
}

/* A FIN ahead of a hole is text to none of the blocks, and is taken when the hole is filled. */
SCRIPT(fin_ahead)
{
	BEGIN(1000);
	PEER(FIN | ACK, .seq = 1500, .ack = 100, .len = 500);
	EXPECT(ACK, .seq = 100, .ack = 1000, SACK({ 1500, 2000 }));
	DATA(1000);
	EXPECT(ACK, .seq = 100, .ack = 2001);
	READ(1000);
	EVENT(PEER_CLOSED);
}

static void
four_held(struct thole_stack_config *c)
{
	c->max_rx_held = 4;
}

static void
piece(uint32_t seq)
{
	PEER(ACK, .seq = seq, .ack = 100, .len = 100);
}

/* RFC 2018, 8: what is ahead of a hole is thrown away for what fills it, if memory is short. */
SCRIPT(thrown_away)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .rcv_nxt = 1000, .tune = four_held);
	DATA(1500);
	EXPECT(ACK, .seq = 100, .ack = 1000, SACK({ 1500, 2000 }));
	DATA(2500);
	EXPECT(ACK, .seq = 100, .ack = 1000, SACK({ 2500, 3000 }, { 1500, 2000 }));
	piece(1000);
	EXPECT(ACK, .seq = 100, .ack = 1100, SACK({ 2500, 3000 }, { 1500, 2000 }));
	piece(1100);
	EXPECT(ACK, .seq = 100, .ack = 1200, SACK({ 2500, 3000 }, { 1500, 2000 }));
	piece(1200); /* taken: its ACK may wait, and has no blocks */
	TAKEN(1300);
	READ(300);
	/* The peer has to send it again. */
	PEER(ACK, .seq = 1300, .ack = 100, .len = 200);
	TAKEN(1500);
	READ(200);
	STAT(rx_drop_memory, 0);
}

static const struct test_case cases[] = {
	{ "RFC 2018, 7: the last four lost", last_four_lost },
	{ "RFC 2018, 7: the first lost", first_lost },
	{ "RFC 2018, 7: every second lost", every_second_lost },
	{ "three blocks beside timestamps", three_blocks_beside_timestamps },
	{ "four blocks without", four_blocks_without_timestamps },
	{ "the latest first", latest_first },
	{ "blocks on text", blocks_on_text },
	{ "nothing is reneged", nothing_is_reneged },
	{ "RFC 2883, 4.1.1: a duplicate", duplicate },
	{ "RFC 2883, 4.1.2: and a hole", duplicate_and_hole },
	{ "RFC 2883, 4.1.3: ahead of the hole", duplicate_ahead },
	{ "RFC 2883, 4.2.1: in part", partial_duplicate },
	{ "RFC 2883, 4.2.2: in two parts", two_partial_duplicates },
	{ "RFC 2883, 4.2.3: in part, ahead", partial_duplicate_ahead },
	{ "a duplicate and many holes", duplicate_and_many_holes },
	{ "no SACK, no blocks", no_sack_no_blocks },
	{ "a FIN ahead", fin_ahead },
	{ "thrown away", thrown_away },
	{ NULL, NULL },
};
const struct test_suite suite_sack = { "sack", cases };
