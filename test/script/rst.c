/* SPDX-License-Identifier: BSD-3-Clause */
/* rst.c: resets received and sent, challenge ACKs (RFC 9293, 3.5.2, 3.5.3, 3.10.5; RFC 5961). */
#include "script.h"
#include "suites.h"

static void
reset_in(const struct script_start *start, int32_t status)
{
	script_start(start);
	PEER(RST, .seq = start->rcv_nxt);
	SILENCE();
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = status);
}
#define RESET_IN(s, e)                                                                             \
	reset_in(&(struct script_start){ .state = (s),                                             \
			 .half_close = true,                                                       \
			 .snd_nxt = 200,                                                           \
			 .rcv_nxt = 400,                                                           \
			 .wnd = 65535,                                                             \
			 .mss = 1460,                                                              \
			 .rtt_ms = 100,                                                            \
			 .backlog = 8 },                                                           \
		(e))

SCRIPT(reset_established)
{
	RESET_IN(TCP_ESTABLISHED, -ECONNRESET);
	STAT(resets_rx, 1);
}

SCRIPT(reset_fin_wait_1)
{
	RESET_IN(TCP_FIN_WAIT_1, -ECONNRESET);
}

SCRIPT(reset_fin_wait_2)
{
	RESET_IN(TCP_FIN_WAIT_2, -ECONNRESET);
}

SCRIPT(reset_close_wait)
{
	RESET_IN(TCP_CLOSE_WAIT, -ECONNRESET);
}

/* Only the ACK of our FIN is missing: nothing is lost, and 3.10.7.4 has no word for the user. */
SCRIPT(reset_closing)
{
	RESET_IN(TCP_CLOSING, 0);
}

SCRIPT(reset_last_ack)
{
	RESET_IN(TCP_LAST_ACK, 0);
}

SCRIPT(reset_last_ack_with_data)
{
	START(.state = TCP_CLOSE_WAIT, .snd_nxt = 200, .rcv_nxt = 400, .in_flight = 10);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 200, .ack = 400);
	PEER(RST, .seq = 400);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNRESET);
}

SCRIPT(reset_simultaneous_open)
{
	START(.state = TCP_SYN_RECEIVED, .active = true, .snd_nxt = 101, .rcv_nxt = 301);
	PEER(RST, .seq = 301);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNREFUSED);
}

SCRIPT(reset_with_data)
{
	START(.state = TCP_ESTABLISHED);
	PEER(RST | ACK, .seq = 300, .ack = 100, .len = 5);
	SILENCE();
	EVENT(CLOSED, .status = -ECONNRESET);
	STATE(TCP_CLOSED);
}

/* Data that came before the reset is still the application's. */
SCRIPT(reset_after_data)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	PEER(RST, .seq = 310);
	EVENT(DATA, .bytes = 10);
	EVENT(CLOSED, .status = -ECONNRESET);
	STATE(TCP_CLOSED);
}

SCRIPT(reset_with_data_in_flight)
{
	START(.state = TCP_ESTABLISHED);
	SEND(5000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1460);
	EXPECT(ACK, .seq = 1560, .ack = 300, .len = 1460);
	EXPECT(ACK, .seq = 3020, .ack = 300, .len = 1460);
	/* The rest is small and waits (Nagle). */
	PEER(RST, .seq = 300);
	EVENT(CLOSED, .status = -ECONNRESET);
	AFTER_S(10);
	SILENCE();
}

/* RFC 5961, 3.2, and the window's edges. */
SCRIPT(reset_in_the_window)
{
	START(.state = TCP_ESTABLISHED);
	PEER(RST, .seq = 301);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(RST, .seq = 300 + 65534);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(RST, .seq = 300 + 65535);
	SILENCE();
	PEER(RST, .seq = 299);
	SILENCE();
	STATE(TCP_ESTABLISHED);
	STAT(challenge_acks, 2);
	STAT(rx_drop_rst, 4);
	PEER(RST, .seq = 300);
	EVENT(CLOSED, .status = -ECONNRESET);
}

/* A peer that answers our challenge gets through (RFC 5961, 3.2). */
SCRIPT(reset_after_challenge)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 310, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(RST, .seq = 320);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(RST, .seq = 300);
	EVENT(CLOSED, .status = -ECONNRESET);
	STATE(TCP_CLOSED);
}

/* RFC 5961, 7: no more than 10 a second of a connection. */
SCRIPT(challenges_are_limited)
{
	START(.state = TCP_ESTABLISHED);
	for (int i = 0; i < 10; i++) {
		PEER(SYN, .seq = 500);
		EXPECT(ACK, .seq = 100, .ack = 300);
	}
	PEER(SYN, .seq = 500);
	PEER(RST, .seq = 500);
	PEER(ACK, .seq = 300, .ack = 101);
	SILENCE();
	STAT(tx_drop_limited, 3);
	AFTER_MS(1001);
	PEER(SYN, .seq = 500);
	EXPECT(ACK, .seq = 100, .ack = 300);
	STAT(challenge_acks, 11);
}

/* Two ends that have each other's numbers wrong must not answer ACK with ACK for ever. */
SCRIPT(ack_war)
{
	START(.state = TCP_ESTABLISHED);
	for (int i = 0; i < 10; i++) {
		PEER(ACK, .seq = 200, .ack = 100);
		EXPECT(ACK, .seq = 100, .ack = 300);
	}
	for (int i = 0; i < 10; i++)
		PEER(ACK, .seq = 200, .ack = 100);
	SILENCE();
	STATE(TCP_ESTABLISHED);
}

static void
abort_in(enum tcp_state state, bool active)
{
	START(.state = state, .active = active, .half_close = true, .snd_nxt = 200, .rcv_nxt = 400);
	ABORT();
}

SCRIPT(abort_established)
{
	abort_in(TCP_ESTABLISHED, false);
	EXPECT(RST | ACK, .seq = 200, .ack = 400);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNABORTED);
	AFTER_S(10);
	SILENCE();
}

SCRIPT(abort_syn_sent)
{
	abort_in(TCP_SYN_SENT, true);
	SILENCE();
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

SCRIPT(abort_simultaneous_open)
{
	abort_in(TCP_SYN_RECEIVED, true);
	EXPECT(RST | ACK, .seq = 200, .ack = 400);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

SCRIPT(abort_fin_wait_1)
{
	abort_in(TCP_FIN_WAIT_1, false);
	EXPECT(RST | ACK, .seq = 200, .ack = 400);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

SCRIPT(abort_fin_wait_2)
{
	abort_in(TCP_FIN_WAIT_2, false);
	EXPECT(RST | ACK, .seq = 200, .ack = 400);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

SCRIPT(abort_close_wait)
{
	abort_in(TCP_CLOSE_WAIT, false);
	EXPECT(RST | ACK, .seq = 200, .ack = 400);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

/* Queued data is flushed, and the RST stands where the peer expects it: at SND.NXT (3.10.5). */
SCRIPT(abort_with_data)
{
	START(.state = TCP_ESTABLISHED, .wnd = 100);
	SEND(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 100);
	ABORT();
	EXPECT(RST | ACK, .seq = 200, .ack = 300);
	EVENT(CLOSED, .status = -ECONNABORTED);
	AFTER_S(10);
	SILENCE();
}

/* After an abort the tuple is free: what still comes is for nobody. */
/* RFC 9293, 3.10.7.4: a peer whose window is shut hears a RST at its edge only, and nobody may be
 * left to answer what it says later. */
SCRIPT(abort_before_a_closed_window)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SEND(1000);
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
	ABORT();
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

/* The same when it took its window back, as no peer should (3.8.6). */
SCRIPT(abort_beyond_a_window_taken_back)
{
	START(.state = TCP_ESTABLISHED, .wnd = 2000, .mss = 1000);
	SEND(2000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(PSH | ACK, .seq = 1100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 1100, .wnd = 300);
	ABORT();
	EXPECT(RST | ACK, .seq = 1400, .ack = 300);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

SCRIPT(segments_after_abort)
{
	START(.state = TCP_ESTABLISHED);
	ABORT();
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	EXPECT(RST, .seq = 100);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

SCRIPT(no_reset_for_a_reset)
{
	START(.state = TCP_CLOSED);
	PEER(RST, .seq = 300);
	PEER(RST | ACK, .seq = 300, .ack = 100);
	SILENCE();
	PEER(SYN, .seq = 300, .len = 10);
	EXPECT(RST | ACK, .seq = 0, .ack = 311);
	PEER(FIN, .seq = 300);
	EXPECT(RST | ACK, .seq = 0, .ack = 301);
	STAT(tx_rsts, 2);
}

static const struct test_case cases[] = {
	{ "RST in ESTABLISHED", reset_established },
	{ "RST in FIN-WAIT-1", reset_fin_wait_1 },
	{ "RST in FIN-WAIT-2", reset_fin_wait_2 },
	{ "RST in CLOSE-WAIT", reset_close_wait },
	{ "RST in CLOSING", reset_closing },
	{ "RST in LAST-ACK", reset_last_ack },
	{ "RST in LAST-ACK, data not acknowledged", reset_last_ack_with_data },
	{ "RST in a simultaneous open", reset_simultaneous_open },
	{ "RST with data", reset_with_data },
	{ "RST after data", reset_after_data },
	{ "RST with data in flight", reset_with_data_in_flight },
	{ "RST in the window, not next", reset_in_the_window },
	{ "RST after a challenge", reset_after_challenge },
	{ "challenge ACKs are limited", challenges_are_limited },
	{ "no ACK war", ack_war },
	{ "ABORT in ESTABLISHED", abort_established },
	{ "ABORT in SYN-SENT", abort_syn_sent },
	{ "ABORT in a simultaneous open", abort_simultaneous_open },
	{ "ABORT in FIN-WAIT-1", abort_fin_wait_1 },
	{ "ABORT in FIN-WAIT-2", abort_fin_wait_2 },
	{ "ABORT in CLOSE-WAIT", abort_close_wait },
	{ "ABORT with data", abort_with_data },
	{ "ABORT before a closed window", abort_before_a_closed_window },
	{ "ABORT beyond a window taken back", abort_beyond_a_window_taken_back },
	{ "segments after ABORT", segments_after_abort },
	{ "no RST for a RST", no_reset_for_a_reset },
	{ NULL, NULL },
};
const struct test_suite suite_rst = { "rst", cases };
