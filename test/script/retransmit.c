/* SPDX-License-Identifier: BSD-3-Clause */
/* retransmit.c: lost data: RFC 6298's timer, RFC 5681's and 6582's recovery, R2 (RFC 9293, 3.8.3).
 */
#include "script.h"
#include "suites.h"

/* A handshake of 100 ms: SRTT 100 ms, RTTVAR 50 ms, RTO 100 + max(200, 4 * 50) ms. */
SCRIPT(first_rto)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(300);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(600);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(1200);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	PEER(ACK, .seq = 300, .ack = 110);
	AFTER_S(10);
	SILENCE();
	STAT(retransmits, 3);
	STAT(rto_fired, 3);
}

SCRIPT(first_rto_active)
{
	START(.state = TCP_ESTABLISHED, .active = true, .rtt_ms = 400);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(1200); /* 400 + 4 * 200 */
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
}

/* Samples: SRTT 100, 100, ... and RTTVAR falls by a quarter each; 200 ms is the least for its term.
 */
SCRIPT(rto_after_samples)
{
	START(.state = TCP_ESTABLISHED, .rtt_ms = 400);
	for (uint32_t i = 0; i < 8; i++) {
		SEND(10);
		EXPECT(PSH | ACK, .seq = 100 + i * 10, .ack = 300, .len = 10);
		AFTER_MS(400);
		PEER(ACK, .seq = 300, .ack = 110 + i * 10);
	}
	/* 4 * 200 * 0.75^8 = 80 < 200 */
	SEND(10);
	EXPECT(PSH | ACK, .seq = 180, .ack = 300, .len = 10);
	IN_MS(600);
	EXPECT(PSH | ACK, .seq = 180, .ack = 300, .len = 10);
}

/* Karn: the ACK of what was sent twice is no sample, and the back-off stays until there is one. */
SCRIPT(karn)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(300);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	AFTER_MS(1);
	PEER(ACK, .seq = 300, .ack = 110);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
	IN_MS(600);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
}

/* RFC 6298, 5.3: an ACK of part of it restarts the timer. */
SCRIPT(timer_restarts)
{
	START(.state = TCP_ESTABLISHED, .mss = 1000);
	SEND(2000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(PSH | ACK, .seq = 1100, .ack = 300, .len = 1000);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 1100);
	/* The sample of 100 ms: RTTVAR 37.5, so 200 is more than 4 * RTTVAR. */
	IN_MS(300);
	EXPECT(PSH | ACK, .seq = 1100, .ack = 300, .len = 1000);
}

/* After a time-out all that follows is taken as lost, and goes again from SND.UNA on in slow start.
 */
SCRIPT(go_back)
{
	START(.state = TCP_ESTABLISHED, .mss = 1000);
	SEND(4000);
	for (uint32_t i = 0; i < 4; i++)
		EXPECT(i == 3 ? PSH | ACK : ACK, .seq = 100 + i * 1000, .ack = 300, .len = 1000);
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 1100);
	EXPECT(ACK, .seq = 1100, .ack = 300, .len = 1000);
	EXPECT(ACK, .seq = 2100, .ack = 300, .len = 1000);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 3100);
	EXPECT(PSH | ACK, .seq = 3100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 4100);
	AFTER_S(5);
	SILENCE();
}

/* Only the first was lost: the ACK of all of it ends the matter. */
SCRIPT(go_back_not_needed)
{
	START(.state = TCP_ESTABLISHED, .mss = 1000);
	SEND(3000);
	for (uint32_t i = 0; i < 3; i++)
		EXPECT(i == 2 ? PSH | ACK : ACK, .seq = 100 + i * 1000, .ack = 300, .len = 1000);
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 3100);
	AFTER_S(5);
	SILENCE();
	STAT(retransmits, 1);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 3100, .ack = 300, .len = 10);
}

/* An ACK that we sent meanwhile, though SND.NXT was taken back, stands at what we sent at most. */
SCRIPT(ack_during_go_back)
{
	START(.state = TCP_ESTABLISHED, .mss = 1000);
	SEND(3000);
	for (uint32_t i = 0; i < 3; i++)
		EXPECT(i == 2 ? PSH | ACK : ACK, .seq = 100 + i * 1000, .ack = 300, .len = 1000);
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	PEER(PSH | ACK, .seq = 310, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 3100, .ack = 300);
}

/* RFC 5681, 3.2: the third duplicate ACK sends the segment again at once. */
SCRIPT(fast_retransmit)
{
	START(.state = TCP_ESTABLISHED, .mss = 1000);
	SEND(8000);
	for (uint32_t i = 0; i < 8; i++)
		EXPECT(i == 7 ? PSH | ACK : ACK, .seq = 100 + i * 1000, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 100);
	PEER(ACK, .seq = 300, .ack = 100);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 100);
	PEER(ACK, .seq = 300, .ack = 100);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 8100);
	AFTER_S(5);
	SILENCE();
	STAT(fast_retransmits, 1);
	STAT(retransmits, 1);
	STAT(rto_fired, 0);
}

/* RFC 6582: an ACK of part of it means another hole. */
SCRIPT(partial_ack)
{
	START(.state = TCP_ESTABLISHED, .mss = 1000);
	SEND(8000);
	for (uint32_t i = 0; i < 8; i++)
		EXPECT(i == 7 ? PSH | ACK : ACK, .seq = 100 + i * 1000, .ack = 300, .len = 1000);
	for (int i = 0; i < 2; i++)
		PEER(ACK, .seq = 300, .ack = 100);
	PEER(ACK, .seq = 300, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 3100);
	EXPECT(ACK, .seq = 3100, .ack = 300, .len = 1000);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 8100);
	AFTER_S(5);
	SILENCE();
	STAT(retransmits, 2);
}

/*
 * New data goes while duplicate ACKs say that segments leave the network: limited transmit (RFC
 * 3042), then by PRR (RFC 9937).
 */
SCRIPT(recovery_sends_new_data)
{
	START(.state = TCP_ESTABLISHED, .mss = 1000);
	SEND(14000);
	for (uint32_t i = 0; i < 10; i++)
		EXPECT(ACK, .seq = 100 + i * 1000, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 100);
	EXPECT(ACK, .seq = 10100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 100);
	EXPECT(ACK, .seq = 11100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 100); /* ssthresh 5: half of 10, not of 12 */
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	for (int i = 0; i < 4; i++) { /* 7 - 3 of 12 left: 5 are on the way, which is ssthresh */
		PEER(ACK, .seq = 300, .ack = 100);
		SILENCE();
	}
	PEER(ACK, .seq = 300, .ack = 100);
	EXPECT(ACK, .seq = 12100, .ack = 300, .len = 1000);
	SILENCE();
}

/* What isn't a duplicate: with text, with another window, with nothing outstanding. */
SCRIPT(not_duplicate_acks)
{
	START(.state = TCP_ESTABLISHED, .mss = 1000);
	for (int i = 0; i < 5; i++)
		PEER(ACK, .seq = 300, .ack = 100);
	SEND(2000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(PSH | ACK, .seq = 1100, .ack = 300, .len = 1000);
	for (int i = 0; i < 4; i++)
		PEER(ACK, .seq = 300, .ack = 100, .wnd = 50000 + i);
	SILENCE();
	HOLD();
	for (uint32_t i = 0; i < 4; i++)
		PEER(ACK, .seq = 300 + i * 10, .ack = 100, .len = 10, .wnd = 50003);
	RELEASE();
	STAT(fast_retransmits, 0);
	READ(40);
	IN_MS(40);
	EXPECT(ACK, .seq = 2100, .ack = 340);
}

static void
give_up_100s(struct thole_stack_config *c)
{
	c->tcp.give_up_ns = 100 * TIME_S;
}

/* 3.8.3: R2, here 100 s; the application hears of it, and the peer, should it live. */
SCRIPT(give_up)
{
	START(.state = TCP_ESTABLISHED, .tune = give_up_100s);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	for (int ms = 300; ms <= 38400; ms *= 2) {
		IN_MS(ms);
		EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	}
	STATE(TCP_ESTABLISHED);
	/* 76.5 s have gone; the next would come after 76.8 more. */
	IN_MS(23500);
	EXPECT(RST | ACK, .seq = 110, .ack = 300);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STAT(timeouts, 1);
	AFTER_S(1000);
	SILENCE();
}

/* The default: 15 minutes, and no more than 120 s between two. */
SCRIPT(give_up_default)
{
	uint32_t gone = 0, ms = 300;

	START(.state = TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	while (gone + ms < 900000) {
		IN_MS(ms);
		EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
		gone += ms;
		ms = ms * 2 < 120000 ? ms * 2 : 120000;
	}
	IN_MS(900000 - gone);
	EXPECT(RST | ACK, .seq = 110, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STATE(TCP_CLOSED);
}

/* R2 counts from when the oldest unacknowledged byte was first sent: progress starts it anew. */
SCRIPT(give_up_starts_anew)
{
	START(.state = TCP_ESTABLISHED, .tune = give_up_100s);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	for (int ms = 300; ms <= 38400; ms *= 2) {
		IN_MS(ms);
		EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	}
	PEER(ACK, .seq = 300, .ack = 110);
	AFTER_S(1000);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
	/* Lost again; whatever back-off is left. */
	AT();
	script_in(2000 * TIME_MS, 1900 * TIME_MS);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
	STATE(TCP_ESTABLISHED);
	PEER(ACK, .seq = 300, .ack = 120);
	AFTER_S(200);
	STATE(TCP_ESTABLISHED);
}

/* The peer acknowledges within a segment: what is left goes again from there. */
SCRIPT(ack_inside_a_segment)
{
	START(.state = TCP_ESTABLISHED, .mss = 1000);
	SEND(1000);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 500);
	IN_MS(300);
	EXPECT(PSH | ACK, .seq = 500, .ack = 300, .len = 600);
}

static const struct test_case cases[] = {
	{ "the first RTO and back-off", first_rto },
	{ "the first RTO, active open", first_rto_active },
	{ "the RTO after samples", rto_after_samples },
	{ "Karn", karn },
	{ "an ACK restarts the timer", timer_restarts },
	{ "a time-out goes back to SND.UNA", go_back },
	{ "only one was lost", go_back_not_needed },
	{ "an ACK while going back", ack_during_go_back },
	{ "fast retransmit", fast_retransmit },
	{ "partial ACK", partial_ack },
	{ "new data in recovery", recovery_sends_new_data },
	{ "what is no duplicate ACK", not_duplicate_acks },
	{ "giving up", give_up },
	{ "giving up, default", give_up_default },
	{ "giving up starts anew", give_up_starts_anew },
	{ "ACK inside a segment", ack_inside_a_segment },
	{ NULL, NULL },
};
const struct test_suite suite_retransmit = { "retransmit", cases };
