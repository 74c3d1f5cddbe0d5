/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * attacks.c: what somebody who isn't the peer, or a peer that means harm, may send: RFC 5961's
 * blind attacks, with timestamps and SACK agreed on, and floods of small segments. Forged segments
 * have no timestamp unless the script says so: who can't see the connection doesn't know it.
 */
#include "burst.h"
#include "suites.h"

/* RFC 5961, 3.2: outside the window, in it, and at its beginning. */
SCRIPT(blind_rst)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	PEER(RST, .seq = 299, .tsval = NO_TS);
	PEER(RST, .seq = 300 + 65536, .tsval = NO_TS);
	PEER(RST, .seq = 300 + 0x80000000u, .tsval = NO_TS);
	SILENCE();
	STAT(rx_drop_rst, 3);
	PEER(RST, .seq = 301, .tsval = NO_TS);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(RST, .seq = 300 + 65535, .tsval = NO_TS);
	EXPECT(ACK, .seq = 100, .ack = 300);
	NO_EVENT();
	STATE(TCP_ESTABLISHED);
	STAT(challenge_acks, 2);
}

/* 3.2, the other half: the real peer, which lost its state, answers the challenge exactly. */
SCRIPT(rst_of_the_peer)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	PEER(RST | ACK, .seq = 400, .ack = 100, .tsval = NO_TS);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(RST, .seq = 300, .tsval = NO_TS);
	EVENT(CLOSED, .status = -ECONNRESET);
	STATE(TCP_CLOSED);
}

/* 4.2: a SYN, whatever its number, is challenged. Here it has a timestamp (RFC 7323, 5.2 lets old
 * ones fall first). */
SCRIPT(blind_syn)
{
	static const uint32_t seqs[] = { 0, 299, 300, 301, 300 + 65535, 0x80000000u };

	START(.state = TCP_ESTABLISHED, .modern = true);
	for (unsigned int i = 0; i < RTE_DIM(seqs); i++) {
		PEER(SYN, .seq = seqs[i]);
		EXPECT(ACK, .seq = 100, .ack = 300);
		NO_EVENT();
	}
	STATE(TCP_ESTABLISHED);
}

/* 4.2: the peer has restarted: its SYN is challenged, its RST to the challenge ends the old
 * connection, and its next SYN begins a new one. */
SCRIPT(restarted_peer)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	AFTER_S(1);
	PEER(SYN, .seq = 90000);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(RST, .seq = 300, .tsval = NO_TS);
	EVENT(CLOSED, .status = -ECONNRESET);
	AFTER_S(1);
	PEER(SYN, .seq = 90000);
	EXPECT(SYN | ACK, .seq = 5000, .ack = 90001, .fresh = true);
}

/* 5.2: text with an ACK that can't be. */
SCRIPT(blind_text)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	PEER(PSH | ACK, .seq = 300, .ack = 101, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(PSH | ACK, .seq = 300, .ack = 100 + 0x7fffffffu, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(PSH | ACK, .seq = 300, .ack = 100 - 0x7fffffffu, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 300);
	NO_EVENT();
	STAT(rx_drop_ack, 3);
	/* And without a timestamp nothing is even looked at (RFC 7323, 3.2). */
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10, .tsval = NO_TS);
	SILENCE();
	NO_EVENT();
}

/* RFC 5961, 5.2: MAX.SND.WND is in bytes, though the header's window is scaled. */
SCRIPT(ack_bound_is_scaled)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .wnd = 1 << 20);
	PEER(PSH | ACK, .seq = 300, .ack = 100u - (1 << 20), .len = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
	PEER(PSH | ACK, .seq = 310, .ack = 99u - (1 << 20), .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 310, .tsecr = CLOCK() - 40);
	NO_EVENT();
}

/* A blind RST at every number of the window but its first, 100,000 a second. RFC 5961, 7: the
 * challenges are bounded, here at 10 a second. */
SCRIPT(rst_at_every_number)
{
	uint32_t challenges = 0;

	START(.state = TCP_ESTABLISHED, .modern = true);
	for (uint32_t off = 1; off < 65536; off++) {
		PEER(RST, .seq = 300 + off, .tsval = NO_TS);
		while (script_pending() != 0) {
			EXPECT(ACK, .seq = 100, .ack = 300);
			challenges++;
		}
		if (off % 1000 == 0)
			AFTER_MS(10);
	}
	CHECK(challenges <= 20 && challenges >= 10);
	STATE(TCP_ESTABLISHED);
	NO_EVENT();
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
}

/* A limit for all connections together would tell an attacker of one about another. */
SCRIPT(challenges_are_each_ones_own)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	PORT(5000);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	for (int i = 0; i < 200; i++) {
		PEER(RST, .seq = 301, .tsval = NO_TS);
		if (i < 10)
			EXPECT(ACK, .seq = 100, .ack = 300);
		else
			SILENCE();
	}
	PORT(PEER_PORT);
	for (int i = 0; i < 10; i++) {
		PEER(RST, .seq = 301, .tsval = NO_TS);
		EXPECT(ACK, .seq = 100, .ack = 300);
	}
	PEER(RST, .seq = 301, .tsval = NO_TS);
	SILENCE();
	/* A second later there are new ones. */
	AFTER_S(1);
	PEER(RST, .seq = 301, .tsval = NO_TS);
	EXPECT(ACK, .seq = 100, .ack = 300);
}

/* RFC 5961, 7, and memory: the second in which challenges were counted isn't taken for another. */
SCRIPT(challenges_256_seconds_later)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	for (int i = 0; i < 10; i++) {
		PEER(RST, .seq = 301, .tsval = NO_TS);
		EXPECT(ACK, .seq = 100, .ack = 300);
	}
	PEER(RST, .seq = 301, .tsval = NO_TS);
	SILENCE();
	AFTER_S(256);
	PEER(RST, .seq = 301, .tsval = NO_TS);
	EXPECT(ACK, .seq = 100, .ack = 300);
}

/* Forged SACK blocks: of what was never sent, backwards, far away: nothing is taken for arrived. */
SCRIPT(forged_sack_blocks)
{
	BEGIN();
	BURST(100, 4);
	AFTER_MS(100);
	ACKS(100, SACK({ 4100, 9100 }));
	ACKS(100, SACK({ 3100, 1100 }));
	ACKS(100, SACK({ 0x80000000u, 0x80001000u }));
	ACKS(100, SACK({ 1100, 4101 }));
	ACKS(100, SACK({ 100, 100 }, { 5000, 4000 }, { 4100, 0xfffffff0u }));
	AFTER_MS(90);
	SILENCE();
	STAT(fast_retransmits, 0);
	ACKS(4100);
}

static void
hold_100(struct thole_stack_config *c)
{
	c->max_rx_held = 100;
}

static void
memory_is_bounded(void)
{
	CHECK(script_stat_get(offsetof(struct thole_stats, mbufs_held)) <= 100);
}

/* A flood of 1-byte segments in order, which nobody reads: memory stays within its bound. */
SCRIPT(bytes_in_order)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .tune = hold_100);
	for (uint32_t i = 0; i < 5000; i++) {
		PEER(ACK, .seq = 300 + i, .ack = 100, .len = 1);
		script_drain();
		memory_is_bounded();
	}
	STAT(rx_data_bytes, 5000);
	script_drop_events();
}

/* Out of order, a hole before each: as many as there can be. */
SCRIPT(bytes_out_of_order)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .tune = hold_100);
	for (uint32_t i = 0; i < 5000; i++) {
		PEER(ACK, .seq = 302 + 2 * i, .ack = 100, .len = 1);
		script_drain();
		memory_is_bounded();
	}
	CHECK(script_stat_get(offsetof(struct thole_stats, rx_drop_memory)) > 4000);
	/* The connection goes on: what is in sequence is taken all the same. */
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 1000);
	script_drain();
	memory_is_bounded();
	CHECK(script_stat_get(offsetof(struct thole_stats, rx_data_bytes)) >= 1000);
	script_drop_events();
}

/* From the end backwards, and in bursts. */
SCRIPT(bytes_backwards)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .tune = hold_100);
	for (uint32_t i = 0; i < 100; i++) {
		HOLD();
		for (uint32_t j = 0; j < 50; j++)
			PEER(ACK, .seq = 20300 - 2 * (50 * i + j), .ack = 100, .len = 1);
		RELEASE();
		script_drain();
		memory_is_bounded();
	}
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 1000);
	script_drain();
	memory_is_bounded();
	script_drop_events();
}

/* The application has closed; the peer answers each probe and never opens its window. */
SCRIPT(window_closed_for_ever)
{
	uint32_t begun, probes = 0;

	START(.state = TCP_ESTABLISHED, .modern = true);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
	SEND(1000);
	CLOSE();
	begun = CLOCK();
	for (;;) {
		AT();
		script_in(31 * TIME_S, 31 * TIME_S);
		if (script_tcb_alive() && script_tcb()->state != TCP_CLOSED) {
			EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
			PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
			probes++;
		} else {
			EXPECT(RST | ACK, .seq = 100, .ack = 300);
			break;
		}
	}
	EVENT(CLOSED, .status = -ETIMEDOUT);
	CHECK(probes >= 5);
	CHECK(CLOCK() - begun >= 59000 && CLOCK() - begun <= 61000);
	STAT(orphans, 0);
	STAT(conns, 0);
}

/* RFC 5961, 5.2; RFC 2018: SACK blocks on an ACK that can't be are nothing. */
SCRIPT(blocks_on_a_bad_ack)
{
	BEGIN();
	BURST(100, 5);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 5101, SACK({ 1100, 5100 }));
	EXPECT(ACK, .seq = 5100, .ack = 300, .tsecr = CLOCK() - 100);
	AFTER_MS(50);
	SILENCE();
	ACKS(5100);
}

static const struct test_case cases[] = {
	{ "blind RST", blind_rst },
	{ "RST of the peer", rst_of_the_peer },
	{ "blind SYN", blind_syn },
	{ "a peer that restarted", restarted_peer },
	{ "blind text", blind_text },
	{ "the bound of an ACK is scaled", ack_bound_is_scaled },
	{ "RST at every number of the window", rst_at_every_number },
	{ "challenges are each one's own", challenges_are_each_ones_own },
	{ "challenges 256 s later", challenges_256_seconds_later },
	{ "forged SACK blocks", forged_sack_blocks },
	{ "bytes in order", bytes_in_order },
	{ "bytes out of order", bytes_out_of_order },
	{ "bytes backwards", bytes_backwards },
	{ "a window closed for ever", window_closed_for_ever },
	{ "blocks on a bad ACK", blocks_on_a_bad_ack },
	{ NULL, NULL },
};
const struct test_suite suite_attacks = { "attacks", cases };
