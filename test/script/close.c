/* SPDX-License-Identifier: BSD-3-Clause */
/* close.c: closing, beyond the figures: with data, half, lost FINs, orphans. */
#include "script.h"
#include "suites.h"

SCRIPT(fin_rides_on_data)
{
	START(.state = TCP_ESTABLISHED);
	HOLD();
	SEND(10);
	CLOSE();
	RELEASE();
	EXPECT(FIN | PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	STATE(TCP_FIN_WAIT_1);
	PEER(ACK, .seq = 300, .ack = 111);
	STATE(TCP_FIN_WAIT_2);
}

SCRIPT(fin_after_data_in_flight)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 110, .ack = 300);
	STATE(TCP_FIN_WAIT_1);
	PEER(ACK, .seq = 300, .ack = 110);
	STATE(TCP_FIN_WAIT_1);
	PEER(ACK, .seq = 300, .ack = 111);
	STATE(TCP_FIN_WAIT_2);
}

/* 3.10.4: the FIN waits for all that was sent before, here for the peer's window. */
SCRIPT(fin_waits_for_queued_data)
{
	START(.state = TCP_ESTABLISHED, .wnd = 1000, .mss = 500);
	SEND(1500);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 500);
	EXPECT(ACK, .seq = 600, .ack = 300, .len = 500);
	CLOSE();
	SILENCE();
	STATE(TCP_FIN_WAIT_1);
	PEER(ACK, .seq = 300, .ack = 1100);
	EXPECT(FIN | PSH | ACK, .seq = 1100, .ack = 300, .len = 500);
	PEER(ACK, .seq = 300, .ack = 1601);
	STATE(TCP_FIN_WAIT_2);
}

/* 3.6.1: SHUTDOWN closes one direction; the other goes on. */
SCRIPT(half_close_ours)
{
	START(.state = TCP_ESTABLISHED);
	SHUTDOWN();
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 101);
	STATE(TCP_FIN_WAIT_2);
	PEER(PSH | ACK, .seq = 300, .ack = 101, .len = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 101, .ack = 310);
	AFTER_S(600); /* not an orphan: nobody hurries it */
	STATE(TCP_FIN_WAIT_2);
	PEER(FIN | PSH | ACK, .seq = 310, .ack = 101, .len = 5);
	EXPECT(ACK, .seq = 101, .ack = 316);
	STATE(TCP_TIME_WAIT);
	READ(5);
	EVENT(PEER_CLOSED);
	CLOSE();
	EVENT(CLOSED);
	STATE(TCP_TIME_WAIT);
	AFTER_S(61);
	STATE(TCP_CLOSED);
}

SCRIPT(half_close_peers)
{
	START(.state = TCP_CLOSE_WAIT, .snd_nxt = 100, .rcv_nxt = 301);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 301, .len = 10);
	PEER(ACK, .seq = 301, .ack = 110);
	AFTER_S(600);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 110, .ack = 301, .len = 10);
	PEER(ACK, .seq = 301, .ack = 120);
	STATE(TCP_CLOSE_WAIT);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 120, .ack = 301);
	STATE(TCP_LAST_ACK);
	PEER(ACK, .seq = 301, .ack = 121);
	STATE(TCP_CLOSED);
	EVENT(CLOSED);
}

SCRIPT(fin_lost)
{
	START(.state = TCP_ESTABLISHED);
	SHUTDOWN();
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	IN_MS(300);
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	IN_MS(600);
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	IN_MS(1200);
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 101);
	STATE(TCP_FIN_WAIT_2);
	AFTER_S(10);
	SILENCE();
}

SCRIPT(fin_lost_in_last_ack)
{
	START(.state = TCP_LAST_ACK, .snd_nxt = 101, .rcv_nxt = 301);
	IN_MS(300);
	EXPECT(FIN | ACK, .seq = 100, .ack = 301);
	PEER(ACK, .seq = 301, .ack = 101);
	STATE(TCP_CLOSED);
	EVENT(CLOSED);
}

SCRIPT(fin_lost_in_closing)
{
	START(.state = TCP_CLOSING, .snd_nxt = 101, .rcv_nxt = 301);
	IN_MS(300);
	EXPECT(FIN | ACK, .seq = 100, .ack = 301);
	PEER(ACK, .seq = 301, .ack = 101);
	STATE(TCP_TIME_WAIT);
	EVENT(CLOSED);
}

/* Data and FIN lost: back to SND.UNA, and both go in one segment. */
SCRIPT(data_and_fin_lost)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 110, .ack = 300);
	IN_MS(300);
	EXPECT(FIN | PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	SILENCE();
}

/* A FIN is taken in its order only. */
SCRIPT(fin_ahead_of_data)
{
	START(.state = TCP_ESTABLISHED);
	PEER(FIN | ACK, .seq = 310, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	STATE(TCP_ESTABLISHED);
	NO_EVENT();
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 311);
	STATE(TCP_CLOSE_WAIT);
	EVENT(DATA, .bytes = 10);
	EVENT(PEER_CLOSED);
}

SCRIPT(data_and_fin_ahead_of_data)
{
	START(.state = TCP_ESTABLISHED);
	PEER(FIN | PSH | ACK, .seq = 310, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 300);
	STATE(TCP_ESTABLISHED);
	PEER(ACK, .seq = 300, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 321);
	STATE(TCP_CLOSE_WAIT);
	EVENT(DATA, .bytes = 20);
	EVENT(PEER_CLOSED);
}

SCRIPT(data_with_fin)
{
	START(.state = TCP_ESTABLISHED);
	PEER(FIN | PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 311);
	EVENT(DATA, .bytes = 10);
	EVENT(PEER_CLOSED);
	STATE(TCP_CLOSE_WAIT);
	/* The peer's retransmission of it. */
	PEER(FIN | PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 311);
	NO_EVENT();
}

/* FIN-WAIT-1 to TIME-WAIT at once: the peer's FIN acknowledges ours. */
SCRIPT(fin_acknowledges_fin)
{
	START(.state = TCP_FIN_WAIT_1, .snd_nxt = 101, .rcv_nxt = 300);
	PEER(FIN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	STATE(TCP_TIME_WAIT);
	EVENT(CLOSED);
}

/* 3.6.1 (SHLD-3), RFC 2525, 2.17: received data that nobody took was lost, and the peer must know.
 */
SCRIPT(close_with_unread_data)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	CLOSE();
	EXPECT(RST | ACK, .seq = 100, .ack = 310);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNABORTED);
	STAT(aborted, 1);
}

SCRIPT(data_after_close)
{
	START(.state = TCP_FIN_WAIT_2, .snd_nxt = 101, .rcv_nxt = 300);
	PEER(PSH | ACK, .seq = 300, .ack = 101, .len = 10);
	EXPECT(RST | ACK, .seq = 101, .ack = 300);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNRESET);
}

SCRIPT(data_after_close_in_fin_wait_1)
{
	START(.state = TCP_FIN_WAIT_1, .snd_nxt = 101, .rcv_nxt = 300);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	EXPECT(RST | ACK, .seq = 101, .ack = 300);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNRESET);
}

/* What was read but not yet given back by RECEIVED isn't lost: no reset. */
SCRIPT(close_after_reading)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	EVENT(DATA, .bytes = 10);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 310);
	STATE(TCP_FIN_WAIT_1);
}

SCRIPT(orphan_in_fin_wait_2)
{
	START(.state = TCP_FIN_WAIT_2, .snd_nxt = 101, .rcv_nxt = 300);
	STAT(orphans, 1);
	AFTER_S(59);
	STATE(TCP_FIN_WAIT_2);
	AFTER_S(2);
	SILENCE();
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STAT(timeouts, 1);
	STAT(orphans, 0);
}

SCRIPT(orphan_with_fin_lost)
{
	START(.state = TCP_LAST_ACK, .snd_nxt = 101, .rcv_nxt = 301);
	for (int ms = 300; ms <= 19200; ms *= 2) {
		IN_MS(ms);
		EXPECT(FIN | ACK, .seq = 100, .ack = 301);
	}
	STATE(TCP_LAST_ACK);
	/* 38.1 s have gone. The peer, if it lives, learns of the end. */
	IN_MS(21900);
	EXPECT(RST | ACK, .seq = 101, .ack = 301);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

SCRIPT(orphan_before_a_closed_window)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SEND(10);
	CLOSE();
	SILENCE();
	STATE(TCP_FIN_WAIT_1);
	/* Every probe is answered: that keeps others alive, but not an orphan. */
	for (int ms = 300, gone = 0; gone + ms < 60000; gone += ms, ms *= 2) {
		IN_MS(ms);
		EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
		PEER(ACK, .seq = 300, .ack = 100);
	}
	IN_MS(21900);
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

SCRIPT(close_twice)
{
	START(.state = TCP_FIN_WAIT_2, .snd_nxt = 101, .rcv_nxt = 300);
	CLOSE();
	SILENCE();
	EVENT(REFUSED, .status = -EBADF, .op = THOLE_OP_CLOSE);
	STATE(TCP_FIN_WAIT_2);
}

SCRIPT(send_after_shutdown)
{
	START(.state = TCP_FIN_WAIT_2, .half_close = true, .snd_nxt = 101, .rcv_nxt = 300);
	SEND(10);
	SILENCE();
	EVENT(REFUSED, .status = -EPIPE, .op = THOLE_OP_SEND);
	STATE(TCP_FIN_WAIT_2);
}

SCRIPT(stale_handle)
{
	START(.state = TCP_LAST_ACK, .snd_nxt = 101, .rcv_nxt = 301);
	PEER(ACK, .seq = 301, .ack = 101);
	EVENT(CLOSED);
	SEND(10);
	SILENCE();
	EVENT(REFUSED, .status = -EBADF, .op = THOLE_OP_SEND);
	CLOSE();
	EVENT(REFUSED, .status = -EBADF, .op = THOLE_OP_CLOSE);
}

SCRIPT(close_after_both_fins)
{
	START(.state = TCP_CLOSE_WAIT, .snd_nxt = 100, .rcv_nxt = 301);
	SHUTDOWN();
	EXPECT(FIN | ACK, .seq = 100, .ack = 301);
	STATE(TCP_LAST_ACK);
	PEER(ACK, .seq = 301, .ack = 101);
	STATE(TCP_CLOSED);
	EVENT(CLOSED);
}

/* The application's end of things may come later than TCP's. */
SCRIPT(time_wait_waits_for_the_reader)
{
	START(.state = TCP_FIN_WAIT_2, .half_close = true, .snd_nxt = 101, .rcv_nxt = 300);
	PEER(FIN | PSH | ACK, .seq = 300, .ack = 101, .len = 10);
	EXPECT(ACK, .seq = 101, .ack = 311);
	STATE(TCP_TIME_WAIT);
	AFTER_S(30);
	STATE(TCP_TIME_WAIT);
	READ(10);
	EVENT(PEER_CLOSED);
	CLOSE();
	SILENCE();
	EVENT(CLOSED);
}

static const struct test_case cases[] = {
	{ "FIN rides on data", fin_rides_on_data },
	{ "FIN after data in flight", fin_after_data_in_flight },
	{ "FIN waits for queued data", fin_waits_for_queued_data },
	{ "half-close, ours", half_close_ours },
	{ "half-close, the peer's", half_close_peers },
	{ "FIN lost", fin_lost },
	{ "FIN lost in LAST-ACK", fin_lost_in_last_ack },
	{ "FIN lost in CLOSING", fin_lost_in_closing },
	{ "data and FIN lost", data_and_fin_lost },
	{ "FIN ahead of data", fin_ahead_of_data },
	{ "data and FIN ahead of data", data_and_fin_ahead_of_data },
	{ "data with FIN, and again", data_with_fin },
	{ "FIN acknowledges FIN", fin_acknowledges_fin },
	{ "close with unread data resets", close_with_unread_data },
	{ "data after close resets, FIN-WAIT-2", data_after_close },
	{ "data after close resets, FIN-WAIT-1", data_after_close_in_fin_wait_1 },
	{ "close after reading doesn't reset", close_after_reading },
	{ "orphan in FIN-WAIT-2", orphan_in_fin_wait_2 },
	{ "orphan whose FIN is lost", orphan_with_fin_lost },
	{ "orphan before a closed window", orphan_before_a_closed_window },
	{ "CLOSE twice", close_twice },
	{ "SEND after SHUTDOWN", send_after_shutdown },
	{ "a stale handle is refused", stale_handle },
	{ "SHUTDOWN in CLOSE-WAIT", close_after_both_fins },
	{ "TIME-WAIT waits for the reader", time_wait_waits_for_the_reader },
	{ NULL, NULL },
};
const struct test_suite suite_close = { "close", cases };
