/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * paws.c: what timestamps protect against (RFC 7323, 5), which of them are echoed (4.3), and what
 * they say in TIME-WAIT (RFC 6191, RFC 1337). The engine checks each TSval and TSecr of ours.
 */
#include "script.h"
#include "suites.h"

#define DAY_S 86400

/* 5.3, R1: below TS.Recent: dropped, and answered with an ACK. */
SCRIPT(old_text)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10, .tsval = CLOCK() - 1);
	EXPECT(ACK, .seq = 100, .ack = 300);
	NO_EVENT();
	STAT(rx_drop_paws, 1);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10, .tsval = CLOCK() - 0x7fffffff);
	EXPECT(ACK, .seq = 100, .ack = 300);
	NO_EVENT();
	STAT(rx_drop_paws, 2);
	/* Not below: the very same. */
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
}

/* Nor does its ACK count, its window, or its FIN. */
SCRIPT(old_ack)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .in_flight = 10);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 1024, .tsval = CLOCK() - 1);
	EXPECT(ACK, .seq = 100, .ack = 300);
	CHECK(script_tcb()->snd_una == script_wire_ours(90));
	CHECK(script_tcb()->snd_wnd != 1024);
	PEER(FIN | ACK, .seq = 300, .ack = 100, .tsval = CLOCK() - 1);
	EXPECT(ACK, .seq = 100, .ack = 300);
	STATE(TCP_ESTABLISHED);
	STAT(rx_drop_paws, 2);
	PEER(ACK, .seq = 300, .ack = 100);
	CHECK(script_tcb()->snd_una == script_wire_ours(100));
}

/* Text that comes ahead of a hole with an old timestamp isn't kept. */
SCRIPT(old_ahead)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	PEER(ACK, .seq = 310, .ack = 100, .len = 10, .tsval = CLOCK() - 1);
	EXPECT(ACK, .seq = 100, .ack = 300); /* no SACK block: it isn't here */
	STAT(rx_ooo_segs, 0);
}

/* 5.2: a RST is judged by its sequence number alone, with an old timestamp or with none. */
SCRIPT(rst_with_old_timestamp)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	PEER(RST, .seq = 300, .tsval = CLOCK() - 100);
	EVENT(CLOSED, .status = -ECONNRESET);
	STATE(TCP_CLOSED);
	STAT(rx_drop_paws, 0);
}

SCRIPT(rst_without_timestamp)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	PEER(RST | ACK, .seq = 300, .ack = 100, .tsval = NO_TS);
	EVENT(CLOSED, .status = -ECONNRESET);
	STATE(TCP_CLOSED);
}

/* And RFC 5961's challenge, too; 5.3: it isn't kept as TS.Recent. */
SCRIPT(rst_in_window_with_old_timestamp)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	PEER(RST, .seq = 301, .tsval = CLOCK() - 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(RST, .seq = 301, .tsval = CLOCK() + 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	STATE(TCP_ESTABLISHED);
}

/* 3.2: once agreed on, each segment but a RST must have one; else it goes, and nothing is said. */
SCRIPT(missing)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .in_flight = 10);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10, .tsval = NO_TS);
	SILENCE();
	PEER(FIN | ACK, .seq = 300, .ack = 100, .tsval = NO_TS);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 100, .tsval = NO_TS);
	SILENCE();
	NO_EVENT();
	STATE(TCP_ESTABLISHED);
	CHECK(script_tcb()->snd_una == script_wire_ours(90));
	STAT(rx_drop_paws, 3);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
}

/* 5.5: what was idle for 24 days has no TS.Recent: by then the peer's honest clock looks old. */
SCRIPT(idle_for_25_days)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	AFTER_S(25 * DAY_S);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310, .tsecr = CLOCK() - 40);
	STAT(rx_drop_paws, 0);
	/* And now it counts again. */
	PEER(PSH | ACK, .seq = 310, .ack = 100, .len = 10, .tsval = CLOCK() - 41);
	EXPECT(ACK, .seq = 100, .ack = 310, .tsecr = CLOCK() - 40);
	NO_EVENT();
	STAT(rx_drop_paws, 1);
}

SCRIPT(idle_for_23_days)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	AFTER_S(23 * DAY_S);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10, .tsval = 1099);
	EXPECT(ACK, .seq = 100, .ack = 300);
	NO_EVENT();
	STAT(rx_drop_paws, 1);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
}

/* 4.3, the first diagram: an ACK of several echoes the first of them. */
SCRIPT(delayed_ack)
{
	uint32_t first;

	START(.state = TCP_ESTABLISHED, .modern = true);
	AFTER_MS(100);
	first = CLOCK();
	PEER(ACK, .seq = 300, .ack = 100, .len = 100);
	AFTER_MS(10);
	PEER(ACK, .seq = 400, .ack = 100, .len = 100);
	AFTER_MS(10);
	PEER(PSH | ACK, .seq = 500, .ack = 100, .len = 100);
	IN_MS(20);
	EXPECT(ACK, .seq = 100, .ack = 600, .tsecr = first);
	READ(300);
}

/* 4.3, the second: a hole, and what fills it. */
SCRIPT(hole)
{
	uint32_t a, b, d;

	START(.state = TCP_ESTABLISHED, .modern = true);
	AFTER_MS(100);
	a = CLOCK();
	PEER(ACK, .seq = 300, .ack = 100, .len = 100);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 400, .tsecr = a);
	PEER(ACK, .seq = 500, .ack = 100, .len = 100); /* C */
	EXPECT(ACK, .seq = 100, .ack = 400, .tsecr = a, SACK({ 500, 600 }));
	AFTER_MS(10);
	b = CLOCK();
	PEER(ACK, .seq = 400, .ack = 100, .len = 100);
	EXPECT(ACK, .seq = 100, .ack = 600, .tsecr = b);
	AFTER_MS(10);
	PEER(ACK, .seq = 700, .ack = 100, .len = 100); /* E */
	EXPECT(ACK, .seq = 100, .ack = 600, .tsecr = b, SACK({ 700, 800 }));
	AFTER_MS(10);
	d = CLOCK();
	PEER(ACK, .seq = 600, .ack = 100, .len = 100);
	EXPECT(ACK, .seq = 100, .ack = 800, .tsecr = d);
	READ(500);
}

/* 4.3: what came ahead of a hole, and old text that came again, change nothing. */
SCRIPT(old_text_again)
{
	uint32_t a;

	START(.state = TCP_ESTABLISHED, .modern = true);
	a = CLOCK();
	PEER(ACK, .seq = 300, .ack = 100, .len = 100);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 400, .tsecr = a);
	READ(100);
	AFTER_MS(300);
	PEER(ACK, .seq = 300, .ack = 100, .len = 100);
	EXPECT(ACK, .seq = 100, .ack = 400, .tsecr = a, SACK({ 300, 400 }));
	/* What begins before and ends after is news. */
	AFTER_MS(300);
	PEER(ACK, .seq = 300, .ack = 100, .len = 200);
	EXPECT(ACK, .seq = 100, .ack = 500, .tsecr = CLOCK(), SACK({ 300, 400 }));
	READ(100);
}

/* 4.3: of what is sent again because our ACK was lost, the later time counts from then on. */
SCRIPT(peer_sends_again)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	PEER(ACK, .seq = 300, .ack = 100, .len = 100);
	AFTER_MS(20);
	PEER(ACK, .seq = 300, .ack = 100, .len = 100); /* before our ACK: not outside the window */
	EXPECT(ACK, .seq = 100, .ack = 400, .tsecr = CLOCK() - 20, SACK({ 300, 400 }));
	READ(100);
}

/* 4.2: the echo times what went twice, which Karn's rule leaves out without it. */
SCRIPT(echo_times_what_went_twice)
{
	uint32_t srtt;

	START(.state = TCP_ESTABLISHED, .modern = true);
	srtt = script_tcb()->srtt_us;
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(240); /* a tail loss probe */
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	AFTER_MS(20);
	PEER(ACK, .seq = 300, .ack = 110); /* echoes the second */
	CHECK(script_tcb()->srtt_us == srtt - srtt / 8 + 20000);
}

/* But not the path, when the peer had it long before: its first ACK was lost, or took that long. */
SCRIPT(echo_of_a_lost_ack)
{
	uint32_t srtt, tsval;

	START(.state = TCP_ESTABLISHED, .modern = true);
	srtt = script_tcb()->srtt_us;
	tsval = CLOCK();
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(240); /* a tail loss probe */
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	AFTER_MS(20);
	PEER(ACK, .seq = 300, .ack = 110, .tsecr = tsval, SACK({ 100, 110 }));
	CHECK(script_tcb()->srtt_us == srtt);
}

/* 3.2: our RST has one. */
SCRIPT(our_rst)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	ABORT();
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

/* One made of nothing but the segment has none. */
SCRIPT(rst_to_nobody)
{
	START(.state = TCP_CLOSED, .modern = true);
	PEER(ACK, .seq = 300, .ack = 100, .tsval = 5, .tsecr = 6);
	EXPECT(RST, .seq = 100, .tsval = NO_TS);
}

/* RFC 6191, 2: a SYN that is later by its timestamp is taken, whatever its sequence number. */
SCRIPT(reuse_by_timestamp)
{
	START(.state = TCP_TIME_WAIT, .modern = true);
	AFTER_MS(1);
	PEER(SYN, .seq = 200);
	EXPECT(SYN | ACK, .seq = 5000, .ack = 201, .fresh = true);
	STAT(time_wait_reused, 1);
	AFTER_MS(100);
	PEER(ACK, .seq = 201, .ack = 5001);
	EVENT(ACCEPTED);
	STATE(TCP_ESTABLISHED);
}

/* Of the same time, a later sequence number says it. */
SCRIPT(reuse_by_number)
{
	START(.state = TCP_TIME_WAIT, .modern = true);
	PEER(SYN, .seq = 301);
	EXPECT(SYN | ACK, .seq = 5000, .ack = 302, .fresh = true);
	STAT(time_wait_reused, 1);
}

SCRIPT(no_reuse_of_an_old_syn)
{
	START(.state = TCP_TIME_WAIT, .modern = true);
	PEER(SYN, .seq = 299);
	EXPECT(ACK, .seq = 100, .ack = 300);
	/* A later number doesn't help one that is earlier by the clock. */
	PEER(SYN, .seq = 10000, .tsval = CLOCK() - 1);
	EXPECT(ACK, .seq = 100, .ack = 300);
	STATE(TCP_TIME_WAIT);
	STAT(time_wait_reused, 0);
}

/* Without timestamps in the new SYN its sequence number decides. */
SCRIPT(reuse_without_timestamps)
{
	START(.state = TCP_TIME_WAIT, .modern = true);
	PEER(SYN, .seq = 299, .offer = SACK_OK);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(SYN, .seq = 301, .offer = SACK_OK);
	EXPECT(SYN | ACK, .seq = 5000, .ack = 302, .fresh = true);
	STAT(time_wait_reused, 1);
}

/* RFC 6191, 2: the old connection had no timestamps, and the new one will: it is honoured. */
SCRIPT(reuse_with_timestamps_for_none)
{
	START(.state = TCP_TIME_WAIT, .modern = true, .offer = NO_OPTS);
	PEER(SYN, .seq = 200, .offer = ALL_OPTS);
	EXPECT(SYN | ACK, .seq = 5000, .ack = 201, .fresh = true);
	STAT(time_wait_reused, 1);
}

/* RFC 1337, F1: no RST ends TIME-WAIT; an old duplicate is acknowledged and ends nothing. */
SCRIPT(time_wait_assassination)
{
	START(.state = TCP_TIME_WAIT, .modern = true);
	AFTER_S(30);
	PEER(ACK, .seq = 250, .ack = 90, .len = 10, .tsval = 1050);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(RST, .seq = 300, .tsval = NO_TS);
	PEER(RST, .seq = 300);
	SILENCE();
	STATE(TCP_TIME_WAIT);
	AFTER_S(29);
	STATE(TCP_TIME_WAIT);
	AFTER_S(2);
	STATE(TCP_CLOSED);
}

/* RFC 9293, 3.10.7.4: the peer's FIN again means that our ACK was lost: 2 MSL anew. */
SCRIPT(time_wait_fin_again)
{
	START(.state = TCP_TIME_WAIT, .modern = true);
	AFTER_S(30);
	PEER(FIN | ACK, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	AFTER_S(59);
	STATE(TCP_TIME_WAIT);
	AFTER_S(2);
	STATE(TCP_CLOSED);
}

/* 3.2: the ACK of our SYN-ACK without its timestamp is dropped; nothing is left of it. */
SCRIPT(handshake_without_timestamp)
{
	START(.state = TCP_SYN_RECEIVED, .modern = true, .snd_nxt = 101, .rcv_nxt = 301);
	PEER(ACK, .seq = 301, .ack = 101, .tsval = NO_TS);
	SILENCE();
	NO_EVENT();
	STATE(TCP_SYN_RECEIVED);
	STAT(conns, 0);
	IN_S(1);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	PEER(ACK, .seq = 301, .ack = 101);
	EVENT(ACCEPTED);
}

/* 5.3, R1: nor one of before the SYN. */
SCRIPT(handshake_with_old_timestamp)
{
	START(.state = TCP_SYN_RECEIVED, .modern = true, .snd_nxt = 101, .rcv_nxt = 301);
	PEER(ACK, .seq = 301, .ack = 101, .tsval = CLOCK() - 1);
	EXPECT(ACK, .seq = 101, .ack = 301);
	NO_EVENT();
	STATE(TCP_SYN_RECEIVED);
	IN_S(1);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	PEER(ACK, .seq = 301, .ack = 101);
	EVENT(ACCEPTED);
}

SCRIPT(handshake_never_with_timestamp)
{
	START(.state = TCP_SYN_RECEIVED, .modern = true, .snd_nxt = 101, .rcv_nxt = 301);
	for (int i = 0; i < 3; i++)
		PEER(ACK, .seq = 301, .ack = 101, .tsval = NO_TS);
	for (int i = 0; i < 200; i++) {
		AFTER_S(1);
		while (script_pending() != 0)
			EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	}
	STATE(TCP_CLOSED);
	STAT(conns, 0);
	STAT(embryos, 0);
}

/* 4.3: the handshake's ACK has a later time, which is then what we echo. */
SCRIPT(handshake_sets_the_echo)
{
	START(.state = TCP_SYN_RECEIVED, .modern = true, .snd_nxt = 101, .rcv_nxt = 301);
	AFTER_MS(77);
	PEER(ACK, .seq = 301, .ack = 101);
	EVENT(ACCEPTED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 101, .ack = 301, .len = 10, .tsecr = CLOCK());
}

static const struct test_case cases[] = {
	{ "old text", old_text },
	{ "an old ACK, an old FIN", old_ack },
	{ "old text ahead of a hole", old_ahead },
	{ "RST with an old timestamp", rst_with_old_timestamp },
	{ "RST without timestamp", rst_without_timestamp },
	{ "RST in the window with an old timestamp", rst_in_window_with_old_timestamp },
	{ "no timestamp", missing },
	{ "idle for 25 days", idle_for_25_days },
	{ "idle for 23 days", idle_for_23_days },
	{ "the echo of a delayed ACK", delayed_ack },
	{ "the echo at a hole", hole },
	{ "the echo of old text", old_text_again },
	{ "the echo when the peer sends again", peer_sends_again },
	{ "an echo times what went twice", echo_times_what_went_twice },
	{ "the echo of a lost ACK times nothing", echo_of_a_lost_ack },
	{ "our RST has a timestamp", our_rst },
	{ "a RST to nobody has none", rst_to_nobody },
	{ "TIME-WAIT reused by timestamp", reuse_by_timestamp },
	{ "TIME-WAIT reused by sequence number", reuse_by_number },
	{ "TIME-WAIT not reused by an old SYN", no_reuse_of_an_old_syn },
	{ "TIME-WAIT reused without timestamps", reuse_without_timestamps },
	{ "TIME-WAIT reused with timestamps for none", reuse_with_timestamps_for_none },
	{ "TIME-WAIT assassination", time_wait_assassination },
	{ "TIME-WAIT, FIN again", time_wait_fin_again },
	{ "a handshake without timestamp", handshake_without_timestamp },
	{ "a handshake with an old timestamp", handshake_with_old_timestamp },
	{ "a handshake never with a timestamp", handshake_never_with_timestamp },
	{ "a handshake sets the echo", handshake_sets_the_echo },
	{ NULL, NULL },
};
const struct test_suite suite_paws = { "paws", cases };
