/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rack.c: RACK-TLP (RFC 8985): what is taken for lost, and when; tail loss probes. The handshake
 * takes 100 ms: SRTT is 100 ms, the RTO 300 ms, the reordering window a quarter of the least RTT:
 * 25 ms.
 */
#include "burst.h"
#include "suites.h"

/* 6.2, step 4: with DupThresh segments SACKed and no reordering seen, the window is none. */
SCRIPT(three_sacked)
{
	BEGIN();
	BURST(100, 5);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 2100 }));
	ACKS(100, SACK({ 1100, 3100 }));
	SILENCE();
	ACKS(100, SACK({ 1100, 4100 }));
	SEGMENT(100);
	SILENCE();
	AFTER_MS(100);
	ACKS(5100);
	AFTER_S(10);
	SILENCE();
	STAT(fast_retransmits, 1);
	STAT(retransmits, 1);
	STAT(rto_fired, 0);
}

/* The same in one ACK; two lost. */
SCRIPT(three_sacked_at_once)
{
	BEGIN();
	BURST(100, 8);
	AFTER_MS(100);
	ACKS(1100, SACK({ 3100, 8100 }));
	SEGMENT(1100);
	SEGMENT(2100);
	AFTER_MS(100);
	ACKS(8100);
	STAT(retransmits, 2);
	STAT(fast_retransmits, 1);
}

/* 6.2, step 5: fewer say so a reordering window later. */
SCRIPT(reorder_timer)
{
	BEGIN();
	BURST(100, 5);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 2100 }));
	IN_MS(25);
	SEGMENT(100);
	STAT(fast_retransmits, 1);
	AFTER_MS(100);
	ACKS(5100);
	STAT(rto_fired, 0);
}

/* What comes within the window was only late. */
SCRIPT(reordered_within_the_window)
{
	BEGIN();
	BURST(100, 5);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 2100 }));
	AFTER_MS(24);
	ACKS(2100);
	ACKS(5100);
	AFTER_S(5);
	SILENCE();
	STAT(retransmits, 0);
}

/* 6.2, step 3: once reordering was seen, DupThresh alone says nothing any more. */
SCRIPT(reordering_seen)
{
	BEGIN();
	BURST(100, 5);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 2100 }));
	AFTER_MS(10);
	ACKS(2100); /* below what was SACKed, and sent once */
	ACKS(5100);
	BURST(5100, 5);
	AFTER_MS(100);
	ACKS(5100, SACK({ 6100, 7100 }));
	ACKS(5100, SACK({ 6100, 8100 }));
	ACKS(5100, SACK({ 6100, 9100 }));
	SILENCE();
	/* min_rtt is 100 ms, but RACK.rtt was 110 when the late one came. */
	IN_MS(25);
	SEGMENT(5100);
	AFTER_MS(100);
	ACKS(10100);
}

/* 6.2, step 4: a D-SACK makes the window wider by a quarter, for 16 recoveries. */
SCRIPT(dsack_widens)
{
	uint32_t n;

	BEGIN(.offer = SACK_OK | WSCALE);
	SEND(2024);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1012);
	EXPECT(PSH | ACK, .seq = 1112, .ack = 300, .len = 1012);
	AFTER_MS(100);
	ACKS(100, SACK({ 1112, 2124 }));
	IN_MS(25);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1012);
	AFTER_MS(75);
	ACKS(2124, SACK({ 100, 1112 }));
	for (uint32_t i = 0; i < 17; i++) {
		n = 2124 + i * 3024;
		ROUND_TRIP(n);
		n += 1000;
		SEND(2024);
		EXPECT(ACK, .seq = n, .ack = 300, .len = 1012);
		EXPECT(PSH | ACK, .seq = n + 1012, .ack = 300, .len = 1012);
		AFTER_MS(100);
		ACKS(n, SACK({ n + 1012, n + 2024 }));
		IN_MS(i < 16 ? 50 : 25);
		EXPECT(ACK, .seq = n, .ack = 300, .len = 1012);
		AFTER_MS(100);
		ACKS(n + 2024);
	}
	STAT(rto_fired, 0);
}

/* 6.2: a retransmission is lost again when something sent after it arrives. */
SCRIPT(retransmission_lost)
{
	BEGIN();
	SEND(20000);
	SEGMENTS(100, 10);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 7100 })); /* 6 of 10 came, 3 are on the way, 7 may be (RFC 9937) */
	SEGMENT(100);
	SEGMENTS(10100, 3);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 11100 })); /* sent after the second copy of 100 */
	SEGMENT(100);
	script_drain();
	STAT(rto_fired, 0);
	STAT(fast_retransmits, 1); /* of one recovery */
}

static void
three_of_four_lost(void)
{
	BURST(100, 4);
	AFTER_MS(100);
	ACKS(1100);
	IN_MS(100); /* 2 SRTT after they went */
	LAST(3100);
	STAT(tail_probes, 1);
	AFTER_MS(100);
	ACKS(1100, SACK({ 3100, 4100 }));
	SEGMENT(1100);
	SILENCE(); /* RFC 9937: one came, one goes */
	AFTER_MS(100);
	ACKS(2100, SACK({ 3100, 4100 }));
	SEGMENT(2100);
	AFTER_MS(100);
	ACKS(4100);
	STAT(rto_fired, 0);
}

/* 7.1: the recovery that the probe began forgets it: what comes later is no second loss. */
SCRIPT(recovery_forgets_the_probe)
{
	uint32_t ssthresh;

	BEGIN();
	three_of_four_lost();
	ssthresh = script_tcb()->ssthresh;
	BURST(4100, 1);
	AFTER_MS(100);
	ACKS(5100);
	CHECK(script_tcb()->ssthresh == ssthresh);
}

/* 3.4: the example: three of four lost at the tail; the probe finds out. */
SCRIPT(example_of_3_4)
{
	BEGIN();
	three_of_four_lost();
	AFTER_S(5);
	SILENCE();
}

SCRIPT(example_of_3_4_without_timestamps)
{
	BEGIN(.offer = SACK_OK | WSCALE, .mss = 1000);
	three_of_four_lost();
}

/* 7.2: PTO = 2 * SRTT; 7.3: the last segment again if there is nothing new. */
SCRIPT(probe_with_the_last)
{
	BEGIN();
	BURST(100, 3);
	IN_MS(200);
	LAST(2100);
	STAT(tail_probes, 1);
	/* One probe; then the RTO, from then on (7.3). */
	IN_MS(300);
	SEGMENT(100);
	STAT(tail_probes, 1);
	STAT(rto_fired, 1);
	ACKS(3100);
}

/* 7.2: and what a lone segment's delayed ACK may take: 40 ms. */
SCRIPT(probe_of_one)
{
	BEGIN();
	BURST(100, 1);
	IN_MS(240);
	LAST(100);
	ACKS(1100);
	AFTER_S(5);
	SILENCE();
	STAT(rto_fired, 0);
}

static void
peer_delays_200ms(struct thole_stack_config *c)
{
	c->tcp.peer_delayed_ack_ns = 200 * TIME_MS;
}

/* 7.2: never later than the RTO, which then is what fires. */
SCRIPT(probe_not_after_the_rto)
{
	BEGIN(.tune = peer_delays_200ms);
	BURST(100, 1);
	IN_MS(300);
	LAST(100);
	STAT(tail_probes, 0);
	STAT(rto_fired, 1);
	ACKS(1100);
}

/* 7.2: each new segment sets the timer anew. */
SCRIPT(probe_after_the_last_sent)
{
	BEGIN(.no_delay = true);
	BURST(100, 1);
	AFTER_MS(90);
	BURST(1100, 1);
	IN_MS(200);
	LAST(1100);
	STAT(tail_probes, 1);
	ACKS(2100);
}

/* 7.3: new data first, though cwnd is full. */
SCRIPT(probe_with_new_data)
{
	BEGIN();
	SEND(12000);
	SEGMENTS(100, 10);
	IN_MS(200);
	SEGMENT(10100);
	STAT(tail_probes, 1);
	SILENCE();
	IN_MS(300);
	SEGMENT(100);
	STAT(retransmits, 1);
	STAT(rto_fired, 1);
	ACKS(11100, .tsecr = CLOCK());
	script_drain();
}

/* But not beyond the peer's window. */
SCRIPT(probe_within_the_window)
{
	BEGIN(.wnd = 3072, .wscale = 10);
	SEND(8000);
	SEGMENTS(100, 3);
	IN_MS(200);
	SEGMENT(2100);
	STAT(tail_probes, 1);
	ACKS(3100);
	script_drain();
}

/* 7.3: a FIN is data of its kind. */
SCRIPT(probe_with_the_fin)
{
	BEGIN();
	SEND(2000);
	SEGMENT(100);
	LAST(1100);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 2100, .ack = 300);
	IN_MS(200);
	EXPECT(FIN | ACK, .seq = 2100, .ack = 300);
	STAT(tail_probes, 1);
	ACKS(2101);
	STATE(TCP_FIN_WAIT_2);
	AFTER_S(61);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

/* 7.4.2: both copies came: a D-SACK; nothing was lost, cwnd stays. */
SCRIPT(probe_was_for_nothing)
{
	BEGIN();
	BURST(100, 3);
	IN_MS(200);
	LAST(2100);
	AFTER_MS(100);
	ACKS(3100);
	ACKS(3100, SACK({ 2100, 3100 }));
	CHECK(script_tcb()->ssthresh == UINT32_MAX);
	BURST(3100, 10);
	ACKS(13100);
	CHECK(script_tcb()->ssthresh == UINT32_MAX);
}

/* Without the D-SACK the probe filled a hole, known when later data is acknowledged: a congestion
 * event like any. */
SCRIPT(probe_repaired_a_loss)
{
	BEGIN();
	BURST(100, 3);
	AFTER_MS(100);
	ACKS(2100);
	IN_MS(140);
	LAST(2100);
	AFTER_MS(100);
	ACKS(3100);
	CHECK(script_tcb()->ssthresh == UINT32_MAX); /* not yet: its D-SACK may come */
	BURST(3100, 1);
	AFTER_MS(100);
	ACKS(4100);
	CHECK(script_tcb()->ssthresh != UINT32_MAX);
	STAT(rto_fired, 0);
}

/* 7.4.2: nor was anything lost when a bare duplicate ACK answers the probe. */
SCRIPT(probe_answered_without_sack)
{
	BEGIN();
	BURST(100, 3);
	IN_MS(200);
	LAST(2100);
	ACKS(3100);
	ACKS(3100);
	BURST(3100, 1);
	ACKS(4100);
	CHECK(script_tcb()->ssthresh == UINT32_MAX);
}

/* New data as a probe: an ACK of it ends the matter. */
SCRIPT(probe_of_new_data_answered)
{
	BEGIN();
	SEND(11000);
	SEGMENTS(100, 10);
	IN_MS(200);
	LAST(10100);
	AFTER_MS(100);
	ACKS(11100);
	CHECK(script_tcb()->ssthresh == UINT32_MAX);
	STAT(retransmits, 0);
}

/* 7.1: without SACK there is no probe. */
SCRIPT(no_probe_without_sack)
{
	BEGIN(.offer = TSTAMP | WSCALE);
	BURST(100, 3);
	IN_MS(300);
	SEGMENT(100);
	STAT(tail_probes, 0);
	STAT(rto_fired, 1);
	ACKS(3100);
}

/* 7.2: nor in recovery, nor while SACK shows a hole: there RACK's own timer works. */
SCRIPT(no_probe_in_recovery)
{
	BEGIN();
	BURST(100, 5);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 4100 }));
	SEGMENT(100);
	IN_MS(300);
	SEGMENT(100);
	STAT(tail_probes, 0);
	STAT(rto_fired, 1);
	ACKS(5100);
}

/* 7.2: nor after an RTO. */
SCRIPT(no_probe_after_an_rto)
{
	BEGIN();
	BURST(100, 3);
	IN_MS(200);
	LAST(2100);
	IN_MS(300);
	SEGMENT(100);
	IN_MS(600);
	SEGMENT(100);
	STAT(tail_probes, 1);
	ACKS(3100);
}

/* 8985, 7.2: SRTT unknown: 1 s, which the RTO of 1 s (3 s) isn't before. */
SCRIPT(probe_without_rtt)
{
	START(.state = TCP_SYN_SENT, .modern = true, .snd_nxt = 100, .mss = MSS);
	IN_S(1);
	EXPECT(SYN, .seq = 99);
	PEER(SYN | ACK, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	EVENT(CONNECTED);
	CHECK(script_tcb()->srtt_us == 0);
	BURST(100, 1);
	IN_S(1);
	LAST(100);
	STAT(tail_probes, 1);
	ACKS(1100);
}

/* RFC 9293, 3.10.7.4: FIN lost with the text before it: both go again, the FIN on its segment. */
SCRIPT(lost_with_the_fin)
{
	BEGIN();
	SEND(4000);
	SEGMENTS(100, 3);
	LAST(3100);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 4100, .ack = 300);
	AFTER_MS(100);
	ACKS(1100);
	IN_MS(100);
	EXPECT(FIN | ACK, .seq = 4100, .ack = 300);
	AFTER_MS(100);
	ACKS(1100, SACK({ 4100, 4101 }));
	SEGMENT(1100);
	script_drain();
	AFTER_MS(100);
	ACKS(2100, SACK({ 4100, 4101 }));
	script_drain();
	AFTER_MS(100);
	ACKS(4101);
	STATE(TCP_FIN_WAIT_2);
	STAT(rto_fired, 0);
}

static const struct test_case cases[] = {
	{ "three SACKed", three_sacked },
	{ "three SACKed at once", three_sacked_at_once },
	{ "the reordering timer", reorder_timer },
	{ "reordered within the window", reordered_within_the_window },
	{ "reordering was seen", reordering_seen },
	{ "D-SACK widens the window", dsack_widens },
	{ "a retransmission is lost", retransmission_lost },
	{ "RFC 8985, 3.4", example_of_3_4 },
	{ "RFC 8985, 3.4, without timestamps", example_of_3_4_without_timestamps },
	{ "probe with the last", probe_with_the_last },
	{ "probe of one", probe_of_one },
	{ "no probe after the RTO", probe_not_after_the_rto },
	{ "a probe after the last sent", probe_after_the_last_sent },
	{ "probe with new data", probe_with_new_data },
	{ "probe within the window", probe_within_the_window },
	{ "probe with the FIN", probe_with_the_fin },
	{ "a probe for nothing", probe_was_for_nothing },
	{ "a probe that repaired", probe_repaired_a_loss },
	{ "a probe answered without SACK", probe_answered_without_sack },
	{ "a probe of new data answered", probe_of_new_data_answered },
	{ "no probe without SACK", no_probe_without_sack },
	{ "no probe in recovery", no_probe_in_recovery },
	{ "no probe after an RTO", no_probe_after_an_rto },
	{ "probe without RTT", probe_without_rtt },
	{ "lost with the FIN", lost_with_the_fin },
	{ "recovery forgets the probe", recovery_forgets_the_probe },
	{ NULL, NULL },
};
const struct test_suite suite_rack = { "rack", cases };
