/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ecn.c: explicit congestion notification (RFC 3168): what the SYNs agree on, the echo of CE, and
 * what an echo does to the sender. The engine checks the IP header of each packet of ours: ECT(0)
 * on new data of a connection that agreed on it, on nothing else (6.1, 6.1.4, 6.1.5).
 */
#include "burst.h"
#include "suites.h"

static void
peer_asks(uint8_t flags, bool agreed)
{
	START(.state = TCP_LISTEN, .modern = true, .mss = MSS);
	PEER(SYN | flags, .seq = 299);
	EXPECT(SYN | ACK | (agreed ? ECE : 0), .seq = 99, .ack = 300);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10, .ecn = agreed ? ECT0 : NOT_ECT);
	/* CE is echoed or it isn't. */
	PEER(ACK, .seq = 300, .ack = 110, .len = 10, .ecn = CE);
	if (!agreed)
		IN_MS(40);
	EXPECT(ACK | (agreed ? ECE : 0), .seq = 110, .ack = 310);
	READ(10);
}

/* 6.1.1: an ECN-setup SYN has both bits. */
SCRIPT(syn_ece_cwr)
{
	peer_asks(ECE | CWR, true);
}

SCRIPT(syn_ece)
{
	peer_asks(ECE, false);
}

SCRIPT(syn_cwr)
{
	peer_asks(CWR, false);
}

SCRIPT(syn_none)
{
	peer_asks(0, false);
}

static void
peer_answers(bool we_ask, uint8_t flags, bool agreed)
{
	START(.state = TCP_SYN_SENT, .modern = true, .mss = MSS, .snd_nxt = 100, .ecn = we_ask);
	AFTER_MS(100);
	PEER(SYN | ACK | flags, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	EVENT(CONNECTED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10, .ecn = agreed ? ECT0 : NOT_ECT);
	PEER(ACK, .seq = 300, .ack = 110, .len = 10, .ecn = CE);
	if (!agreed)
		IN_MS(40);
	EXPECT(ACK | (agreed ? ECE : 0), .seq = 110, .ack = 310);
	READ(10);
}

/* 6.1.1: an ECN-setup SYN-ACK has ECE alone; both is a peer that reflects what it doesn't know. */
SCRIPT(syn_ack_ece)
{
	peer_answers(true, ECE, true);
}

SCRIPT(syn_ack_ece_cwr)
{
	peer_answers(true, ECE | CWR, false);
}

SCRIPT(syn_ack_cwr)
{
	peer_answers(true, CWR, false);
}

SCRIPT(syn_ack_none)
{
	peer_answers(true, 0, false);
}

SCRIPT(syn_ack_unasked)
{
	peer_answers(false, ECE, false);
}

/* 6.1.1.1: a SYN that was lost may have been lost for its bits: the next has none. */
SCRIPT(syn_again)
{
	START(.state = TCP_SYN_SENT, .modern = true, .snd_nxt = 100, .ecn = true);
	IN_S(1);
	EXPECT(SYN, .seq = 99);
	PEER(SYN | ACK, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	EVENT(CONNECTED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10, .ecn = NOT_ECT);
}

/* The SYN-ACK is what the SYN asked for, each time. */
SCRIPT(syn_ack_again)
{
	START(.state = TCP_SYN_RECEIVED, .modern = true, .ecn = true, .snd_nxt = 101,
		.rcv_nxt = 301);
	IN_S(1);
	EXPECT(SYN | ACK | ECE, .seq = 100, .ack = 301);
	PEER(ACK, .seq = 301, .ack = 101);
	EVENT(ACCEPTED);
}

/* 6.1.3: ECE in each ACK until the peer says CWR. */
SCRIPT(echo_until_cwr)
{
	BEGIN(.ecn = true);
	PEER(ACK, .seq = 300, .ack = 100, .len = 100, .ecn = CE);
	EXPECT(ACK | ECE, .seq = 100, .ack = 400);
	PEER(ACK, .seq = 400, .ack = 100, .len = 100, .ecn = ECT0);
	IN_MS(40);
	EXPECT(ACK | ECE, .seq = 100, .ack = 500);
	/* Ours with text, too. */
	SEND(10);
	EXPECT(PSH | ACK | ECE, .seq = 100, .ack = 500, .len = 10);
	PEER(ACK | CWR, .seq = 500, .ack = 110, .len = 100, .ecn = ECT0);
	IN_MS(40);
	EXPECT(ACK, .seq = 110, .ack = 600);
	PEER(ACK, .seq = 600, .ack = 110, .len = 100, .ecn = ECT1);
	IN_MS(40);
	EXPECT(ACK, .seq = 110, .ack = 700);
	READ(400);
}

/* 6.1.3: CWR on a packet that is marked again: the echo goes on. */
SCRIPT(marked_cwr)
{
	BEGIN(.ecn = true);
	PEER(ACK, .seq = 300, .ack = 100, .len = 100, .ecn = CE);
	EXPECT(ACK | ECE, .seq = 100, .ack = 400);
	PEER(ACK | CWR, .seq = 400, .ack = 100, .len = 100, .ecn = CE);
	EXPECT(ACK | ECE, .seq = 100, .ack = 500);
	READ(200);
}

/* 6.1.5: of what isn't in the window the mark means nothing; somebody may have made it up. */
SCRIPT(mark_outside_the_window)
{
	BEGIN(.ecn = true);
	PEER(ACK, .seq = 300, .ack = 100, .len = 100, .ecn = ECT0);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 400);
	PEER(ACK, .seq = 200, .ack = 100, .len = 100, .ecn = CE);
	EXPECT(ACK, .seq = 100, .ack = 400, SACK({ 200, 300 }));
	READ(100);
}

#define ECHOES(n) PEER(ACK | ECE, .seq = 300, .ack = (n))

/* 6.1.2: as for a loss, and nothing goes again; CWR on the first new segment, once. */
SCRIPT(reaction)
{
	BEGIN(.ecn = true);
	SEND(40000);
	SEGMENTS(100, 10);
	AFTER_MS(100);
	ECHOES(1100);
	EXPECT(ACK | CWR, .seq = 10100, .ack = 300, .len = 1000);
	SILENCE();
	CHECK(script_tcb()->ssthresh == 7000);
	STAT(ecn_reductions, 1);
	ECHOES(2100);
	SILENCE();
	script_drain();
	for (uint32_t n = 3100; n <= 10100; n += 1000) {
		uint32_t was = script_tcb()->ssthresh;

		ECHOES(n);
		script_drain();
		CHECK(script_tcb()->ssthresh == was);
	}
	STAT(ecn_reductions, 1); /* one round trip */
	STAT(retransmits, 0);
}

/* 6.1.2: once a round trip: what follows the data that was on the way then may reduce again. */
SCRIPT(reaction_in_the_next_round)
{
	BEGIN(.ecn = true);
	SEND(40000);
	SEGMENTS(100, 10);
	AFTER_MS(100);
	ECHOES(10100);
	STAT(ecn_reductions, 1);
	CHECK(script_drain() != 0);
	AFTER_MS(100);
	ACKS(11100);
	script_drain();
	ECHOES(12100);
	script_drain();
	STAT(ecn_reductions, 2);
	CHECK(script_tcb()->ssthresh < 7000);
}

/* 6.1.4 and 6.1.2: what goes again isn't ECT and has no CWR; the next new segment has both. */
SCRIPT(retransmission)
{
	BEGIN(.ecn = true);
	SEND(40000);
	SEGMENTS(100, 10);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 6100 }));
	SEGMENT(100);
	EXPECT(ACK | CWR, .seq = 10100, .ack = 300, .len = 1000);
	script_drain();
	/* ECE within the recovery is of the same round trip. */
	PEER(ACK | ECE, .seq = 300, .ack = 100, SACK({ 1100, 7100 }));
	script_drain();
	STAT(ecn_reductions, 0);
	CHECK(script_tcb()->ssthresh == 7000);
}

SCRIPT(probes_are_not_marked)
{
	BEGIN(.ecn = true);
	BURST(100, 2);
	IN_MS(200);
	LAST(1100); /* the engine: Not-ECT */
	IN_MS(300);
	SEGMENT(100);
	ACKS(2100);
}

/* 6.1.2, last paragraph: cwnd of one segment and ECE: no less than one goes. */
SCRIPT(down_to_one)
{
	uint32_t una = 100, sent;

	BEGIN(.ecn = true);
	SEND(60000);
	sent = script_drain();
	for (int i = 0; i < 12; i++) {
		AFTER_MS(100);
		una += sent;
		PEER(ACK | ECE, .seq = 300, .ack = una, .tsecr = CLOCK() - 100);
		sent = script_drain();
		CHECK(sent >= 1000);
	}
	CHECK(sent <= 2000);
	STAT(rto_fired, 0);
	script_drop_events();
}

static void
newreno(struct thole_stack_config *c)
{
	c->tcp.cc = THOLE_CC_NEWRENO;
}

/* NewReno halves. */
SCRIPT(reaction_newreno)
{
	BEGIN(.ecn = true, .tune = newreno);
	SEND(40000);
	SEGMENTS(100, 10);
	AFTER_MS(100);
	ECHOES(1100);
	EXPECT(ACK | CWR, .seq = 10100, .ack = 300, .len = 1000);
	CHECK(script_tcb()->ssthresh == 5000);
}

/* ECE means nothing where ECN wasn't agreed on. */
SCRIPT(echo_without_ecn)
{
	BEGIN();
	SEND(40000);
	SEGMENTS(100, 10);
	AFTER_MS(100);
	ECHOES(1100);
	CHECK(script_drain() >= 1000);
	STAT(ecn_reductions, 0);
	CHECK(script_tcb()->ssthresh == UINT32_MAX);
}

static void
dctcp(struct thole_stack_config *c)
{
	c->tcp.cc = THOLE_CC_DCTCP;
}

/* RFC 8257, 3.2: the echo of each segment's own mark: an ACK at each change. */
SCRIPT(dctcp_echo)
{
	BEGIN(.ecn = true, .tune = dctcp);
	PEER(ACK, .seq = 300, .ack = 100, .len = 100, .ecn = CE);
	EXPECT(ACK | ECE, .seq = 100, .ack = 400);
	PEER(ACK, .seq = 400, .ack = 100, .len = 100, .ecn = CE);
	IN_MS(40);
	EXPECT(ACK | ECE, .seq = 100, .ack = 500);
	PEER(ACK, .seq = 500, .ack = 100, .len = 100, .ecn = ECT0);
	EXPECT(ACK, .seq = 100, .ack = 600);
	PEER(ACK, .seq = 600, .ack = 100, .len = 100, .ecn = ECT0);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 700);
	READ(400);
}

/* RFC 3168, 6.1.2: after a timeout the next new data says CWR, as well. */
SCRIPT(cwr_after_a_timeout)
{
	BEGIN(.ecn = true, .offer = TSTAMP | WSCALE);
	BURST(100, 2);
	IN_MS(300);
	SEGMENT(100);
	AFTER_MS(100);
	ACKS(2100);
	SEND(10);
	EXPECT(PSH | ACK | CWR, .seq = 2100, .ack = 300, .len = 10);
	ACKS(2110);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 2110, .ack = 300, .len = 10);
}

/* RFC 3168, 6.1.6: nor is the first probe of a window, though its byte is new. */
SCRIPT(first_probe_is_not_marked)
{
	BEGIN(.ecn = true);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
	SEND(10);
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1, .ecn = NOT_ECT);
}

static const struct test_case cases[] = {
	{ "SYN with ECE and CWR", syn_ece_cwr },
	{ "SYN with ECE", syn_ece },
	{ "SYN with CWR", syn_cwr },
	{ "SYN with neither", syn_none },
	{ "SYN-ACK with ECE", syn_ack_ece },
	{ "SYN-ACK with ECE and CWR", syn_ack_ece_cwr },
	{ "SYN-ACK with CWR", syn_ack_cwr },
	{ "SYN-ACK with neither", syn_ack_none },
	{ "SYN-ACK with ECE unasked", syn_ack_unasked },
	{ "SYN again", syn_again },
	{ "SYN-ACK again", syn_ack_again },
	{ "the echo until CWR", echo_until_cwr },
	{ "a marked CWR", marked_cwr },
	{ "a mark outside the window", mark_outside_the_window },
	{ "the reaction", reaction },
	{ "the reaction in the next round", reaction_in_the_next_round },
	{ "a retransmission", retransmission },
	{ "probes aren't marked", probes_are_not_marked },
	{ "the first probe isn't marked", first_probe_is_not_marked },
	{ "down to one segment", down_to_one },
	{ "the reaction of NewReno", reaction_newreno },
	{ "an echo without ECN", echo_without_ecn },
	{ "DCTCP's echo", dctcp_echo },
	{ "CWR after a timeout", cwr_after_a_timeout },
	{ NULL, NULL },
};
const struct test_suite suite_ecn = { "ecn", cases };
