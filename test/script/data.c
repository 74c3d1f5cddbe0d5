/* SPDX-License-Identifier: BSD-3-Clause */
/* data.c: text both ways: acknowledging, reassembly, windows, Nagle (RFC 9293, 3.7.4, 3.8.6). */
#include "script.h"
#include "suites.h"

static void
window_4000(struct thole_stack_config *c)
{
	c->tcp.rcvbuf_bytes = 4000;
}

static void
small_buffer(struct thole_stack_config *c)
{
	c->tcp.sndbuf_bytes = 4000;
}

/* 3.8.6.3 (MUST-40, SHLD-18): less than 0.5 s; here 40 ms. */
SCRIPT(delayed_ack)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
	AFTER_S(5);
	SILENCE();
}

/* The clock runs from the first of them. */
SCRIPT(delayed_ack_of_two_small_ones)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	AFTER_MS(30);
	PEER(PSH | ACK, .seq = 310, .ack = 100, .len = 10);
	IN_MS(10);
	EXPECT(ACK, .seq = 100, .ack = 320);
	READ(20);
}

/* SHLD-19: at least every second full-sized segment. */
SCRIPT(every_second_full_segment)
{
	START(.state = TCP_ESTABLISHED);
	PEER(ACK, .seq = 300, .ack = 100, .len = 1460);
	SILENCE();
	PEER(ACK, .seq = 1760, .ack = 100, .len = 1460);
	EXPECT(ACK, .seq = 100, .ack = 3220);
	PEER(ACK, .seq = 3220, .ack = 100, .len = 1460);
	SILENCE();
	PEER(ACK, .seq = 4680, .ack = 100, .len = 1460);
	EXPECT(ACK, .seq = 100, .ack = 6140);
	READ(5840);
}

/* MUST-58, MUST-59: all segments of a burst are processed before one ACK is sent. */
SCRIPT(one_ack_for_a_burst)
{
	START(.state = TCP_ESTABLISHED);
	HOLD();
	for (uint32_t i = 0; i < 6; i++)
		PEER(ACK, .seq = 300 + i * 1460, .ack = 100, .len = 1460);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 9060);
	SILENCE();
	READ(8760);
}

SCRIPT(ack_rides_on_data)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	READ(10);
	SEND(20);
	EXPECT(PSH | ACK, .seq = 100, .ack = 310, .len = 20);
	PEER(ACK, .seq = 310, .ack = 120);
	AFTER_S(1);
	SILENCE();
}

SCRIPT(no_delay_of_acks)
{
	START(.state = TCP_ESTABLISHED);
	/* A duplicate is acknowledged at once: our ACK was lost. */
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 310);
	READ(10);
	NO_EVENT();
	STAT(rx_data_bytes, 10);
	STAT(rx_dup_bytes, 10);
}

/* SHLD-31, RFC 5681, 4.2: kept, and acknowledged at once, as is what fills the hole. */
SCRIPT(out_of_order)
{
	START(.state = TCP_ESTABLISHED);
	PEER(ACK, .seq = 310, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 330, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 300);
	NO_EVENT();
	PEER(ACK, .seq = 300, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 320);
	READ(20);
	PEER(ACK, .seq = 320, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 340);
	READ(20);
	STAT(rx_ooo_segs, 2);
	STAT(mbufs_held, 0);
}

SCRIPT(out_of_order_in_one_burst)
{
	START(.state = TCP_ESTABLISHED);
	HOLD();
	PEER(ACK, .seq = 320, .ack = 100, .len = 10);
	PEER(ACK, .seq = 310, .ack = 100, .len = 10);
	PEER(ACK, .seq = 300, .ack = 100, .len = 10);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 330);
	SILENCE();
	READ(30);
}

SCRIPT(out_of_order_backwards_with_overlaps)
{
	START(.state = TCP_ESTABLISHED);
	PEER(ACK, .seq = 380, .ack = 100, .len = 40);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 340, .ack = 100, .len = 50); /* over the next one's start */
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 350, .ack = 100, .len = 10); /* wholly inside */
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 330, .ack = 100, .len = 100); /* over all of them */
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100, .len = 35);
	EXPECT(ACK, .seq = 100, .ack = 430);
	READ(130);
	STAT(mbufs_held, 0);
	STAT(rx_data_bytes, 130);
}

/* Only the new part of a segment that straddles RCV.NXT is taken. */
SCRIPT(partly_old)
{
	START(.state = TCP_ESTABLISHED);
	PEER(ACK, .seq = 300, .ack = 100, .len = 10);
	PEER(ACK, .seq = 305, .ack = 100, .len = 15);
	EXPECT(ACK, .seq = 100, .ack = 320);
	READ(20);
	/* From before the connection's start, too. */
	PEER(ACK, .seq = 290, .ack = 100, .len = 40);
	EXPECT(ACK, .seq = 100, .ack = 330);
	READ(10);
}

/* Text beyond the window is cut off. */
SCRIPT(partly_beyond)
{
	START(.state = TCP_ESTABLISHED, .tune = window_4000);
	PEER(ACK, .seq = 300, .ack = 100, .len = 1460);
	PEER(ACK, .seq = 1760, .ack = 100, .len = 1460);
	EXPECT(ACK, .seq = 100, .ack = 3220, .wnd = 1080);
	PEER(ACK, .seq = 3220, .ack = 100, .len = 1460);
	EXPECT(ACK, .seq = 100, .ack = 4300, .wnd = 0);
	READ(4000);
	EXPECT(ACK, .seq = 100, .ack = 4300, .wnd = 4000);
}

/* And the FIN that followed it with it: it wasn't reached yet. */
SCRIPT(text_and_fin_beyond)
{
	START(.state = TCP_ESTABLISHED, .tune = window_4000);
	HOLD();
	PEER(ACK, .seq = 300, .ack = 100, .len = 1460);
	PEER(ACK, .seq = 1760, .ack = 100, .len = 1460);
	PEER(FIN | PSH | ACK, .seq = 3220, .ack = 100, .len = 1460);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 4300, .wnd = 0);
	STATE(TCP_ESTABLISHED);
	READ(4000);
	EXPECT(ACK, .seq = 100, .ack = 4300, .wnd = 4000);
	PEER(FIN | PSH | ACK, .seq = 3220, .ack = 100, .len = 1460);
	EXPECT(ACK, .seq = 100, .ack = 4681);
	STATE(TCP_CLOSE_WAIT);
	READ(380);
	EVENT(PEER_CLOSED);
}

/* 3.8.6: the window closes as data isn't taken; its right edge never moves to the left. */
SCRIPT(window_closes_and_opens)
{
	START(.state = TCP_ESTABLISHED, .tune = window_4000);
	for (uint32_t i = 0; i < 4; i++) {
		PEER(ACK, .seq = 300 + i * 1000, .ack = 100, .len = 1000);
		if (i % 2 == 1)
			EXPECT(ACK, .seq = 100, .ack = 300 + (i + 1) * 1000,
				.wnd = 4000 - (int32_t)(i + 1) * 1000);
	}
	/* Beyond: refused, and told where we are. A probe's ACK is heard all the same. */
	PEER(ACK, .seq = 4300, .ack = 100, .len = 1);
	EXPECT(ACK, .seq = 100, .ack = 4300, .wnd = 0);
	EVENT(DATA, .bytes = 4000);
	/* 3.8.6.2.2: no silly steps. Less than min(MSS, half the buffer) isn't told. */
	RECEIVED(1000);
	SILENCE();
	RECEIVED(400);
	SILENCE();
	/* Nor by an ACK that is due anyway. */
	PEER(ACK, .seq = 4300, .ack = 100, .len = 1);
	EXPECT(ACK, .seq = 100, .ack = 4300, .wnd = 0);
	RECEIVED(100);
	EXPECT(ACK, .seq = 100, .ack = 4300, .wnd = 1500);
	RECEIVED(2500);
	EXPECT(ACK, .seq = 100, .ack = 4300, .wnd = 4000);
	PEER(ACK, .seq = 4300, .ack = 100, .len = 1);
	READ(1);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 4301);
}

/* In a closed window an ACK of our data and a reset still count (3.10.7.4). */
SCRIPT(zero_window_hears_acks)
{
	START(.state = TCP_ESTABLISHED, .tune = window_4000);
	HOLD();
	for (uint32_t i = 0; i < 4; i++)
		PEER(ACK, .seq = 300 + i * 1000, .ack = 100, .len = 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 4300, .wnd = 0);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 4300, .len = 10, .wnd = 0);
	PEER(ACK, .seq = 4300, .ack = 110);
	AFTER_S(5);
	SILENCE();
	PEER(RST, .seq = 4300);
	EVENT(DATA, .bytes = 4000);
	EVENT(CLOSED, .status = -ECONNRESET);
}

/* The window is a bound on what we send. */
SCRIPT(peers_window)
{
	START(.state = TCP_ESTABLISHED, .wnd = 2000, .mss = 1000);
	SEND(5000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(ACK, .seq = 1100, .ack = 300, .len = 1000);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 1100, .wnd = 1000); /* nothing new may go */
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 1100, .wnd = 2000);
	EXPECT(ACK, .seq = 2100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 3100, .wnd = 5000);
	EXPECT(ACK, .seq = 3100, .ack = 300, .len = 1000);
	EXPECT(PSH | ACK, .seq = 4100, .ack = 300, .len = 1000);
}

/* An old segment doesn't set the window (SND.WL1, SND.WL2). */
SCRIPT(old_segment_leaves_the_window)
{
	START(.state = TCP_ESTABLISHED, .wnd = 2000, .mss = 1000);
	PEER(ACK, .seq = 300, .ack = 100, .len = 10, .wnd = 1000);
	PEER(ACK, .seq = 290, .ack = 100, .len = 15, .wnd = 9000);
	EXPECT(ACK, .seq = 100, .ack = 310);
	READ(10);
	SEND(2000);
	EXPECT(ACK, .seq = 100, .ack = 310, .len = 1000);
	SILENCE();
}

/* A peer may take its window back (3.8.6: robust against it); what is out stays out. */
SCRIPT(peer_shrinks_its_window)
{
	START(.state = TCP_ESTABLISHED, .wnd = 3000, .mss = 1000);
	SEND(4000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(ACK, .seq = 1100, .ack = 300, .len = 1000);
	EXPECT(ACK, .seq = 2100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 1100, .wnd = 500);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 3100, .wnd = 3000);
	EXPECT(PSH | ACK, .seq = 3100, .ack = 300, .len = 1000);
}

/* 3.7.4 (MUST-17): small segments wait while anything is unacknowledged. */
SCRIPT(nagle)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	SEND(10);
	SEND(10);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 110);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 20);
}

SCRIPT(nagle_full_segments_go)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	SEND(1000);
	SILENCE();
	SEND(1000);
	EXPECT(ACK, .seq = 110, .ack = 300, .len = 1460);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 1570);
	EXPECT(PSH | ACK, .seq = 1570, .ack = 300, .len = 540);
}

SCRIPT(nagle_off)
{
	START(.state = TCP_ESTABLISHED, .no_delay = true);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
}

SCRIPT(nagle_off_and_on)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	NO_DELAY(1);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
	NO_DELAY(0);
	SEND(10);
	SILENCE();
}

/* Switching Nagle off lets go what it held. */
SCRIPT(nagle_off_releases)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	SEND(10);
	SILENCE();
	NO_DELAY(1);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
}

/* 3.8.6.2.1: no silly segments into a window that opens a little. */
SCRIPT(sender_avoids_silly_windows)
{
	START(.state = TCP_ESTABLISHED, .wnd = 2000, .mss = 1000, .no_delay = true);
	SEND(4000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(ACK, .seq = 1100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 2100, .wnd = 300);
	SILENCE();
	/* Half of the largest window is no longer silly. */
	PEER(ACK, .seq = 300, .ack = 2100, .wnd = 1000);
	EXPECT(ACK, .seq = 2100, .ack = 300, .len = 1000);
}

/* RFC 6928: 10 segments; then slow start, two for each that is acknowledged (RFC 5681, 3.1). */
SCRIPT(initial_window)
{
	START(.state = TCP_ESTABLISHED);
	SEND(40000);
	for (uint32_t i = 0; i < 10; i++)
		EXPECT(ACK, .seq = 100 + i * 1460, .ack = 300, .len = 1460);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 100 + 1460);
	EXPECT(ACK, .seq = 100 + 14600, .ack = 300, .len = 1460);
	EXPECT(ACK, .seq = 100 + 16060, .ack = 300, .len = 1460);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 100 + 4380);
	for (uint32_t i = 12; i < 16; i++)
		EXPECT(ACK, .seq = 100 + i * 1460, .ack = 300, .len = 1460);
	SILENCE();
}

/* One SEND is pushed at its end, and only there (3.9.1.2). */
SCRIPT(push_at_the_end_of_a_send)
{
	START(.state = TCP_ESTABLISHED);
	SEND(4380);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1460);
	EXPECT(ACK, .seq = 1560, .ack = 300, .len = 1460);
	EXPECT(PSH | ACK, .seq = 3020, .ack = 300, .len = 1460);
}

/* Send credit comes back when a quarter of the buffer was acknowledged. */
SCRIPT(sendable)
{
	START(.state = TCP_ESTABLISHED, .mss = 1000, .tune = small_buffer);
	SEND(4000);
	for (uint32_t i = 0; i < 4; i++)
		EXPECT(i == 3 ? PSH | ACK : ACK, .seq = 100 + i * 1000, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 1099);
	NO_EVENT();
	PEER(ACK, .seq = 300, .ack = 2100);
	EVENT(SENDABLE, .bytes = 2000);
	NO_EVENT();
	PEER(ACK, .seq = 300, .ack = 4100);
	EVENT(SENDABLE, .bytes = 2000);
}

/* Beyond the credit a SEND is still taken whole, until twice the buffer is queued. */
SCRIPT(far_too_much)
{
	START(.state = TCP_ESTABLISHED, .wnd = 1000, .mss = 1000, .tune = small_buffer);
	SEND(7000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	SEND(2000);
	EXPECT(RST | ACK, .seq = 1100, .ack = 300);
	EVENT(CLOSED, .status = -ENOBUFS);
	STATE(TCP_CLOSED);
}

/* Urgent data is data, in its place (3.8.5). */
SCRIPT(urgent)
{
	START(.state = TCP_ESTABLISHED);
	PEER(URG | PSH | ACK, .seq = 300, .ack = 100, .len = 10, .urg = 5);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
}

/* A segment without ACK is dropped (fifth step). */
SCRIPT(text_without_ack)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH, .seq = 300, .len = 10);
	SILENCE();
	NO_EVENT();
	STAT(rx_drop_state, 1);
	AFTER_S(1);
	SILENCE();
}

/* RECEIVED of more than was read is a mistake, and has no effect. */
SCRIPT(received_too_much)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310, .wnd = 65525);
	RECEIVED(10);
	EVENT(REFUSED, .status = -EINVAL, .op = THOLE_OP_RECEIVED);
	EVENT(DATA, .bytes = 10);
	RECEIVED(10);
	NO_EVENT();
}

static const struct test_case cases[] = {
	{ "delayed ACK", delayed_ack },
	{ "delayed ACK of two small segments", delayed_ack_of_two_small_ones },
	{ "ACK of every second full segment", every_second_full_segment },
	{ "one ACK for a burst", one_ack_for_a_burst },
	{ "ACK rides on data", ack_rides_on_data },
	{ "ACK of a duplicate at once", no_delay_of_acks },
	{ "out of order", out_of_order },
	{ "out of order in one burst", out_of_order_in_one_burst },
	{ "out of order, backwards, with overlaps", out_of_order_backwards_with_overlaps },
	{ "partly old", partly_old },
	{ "partly beyond the window", partly_beyond },
	{ "text and FIN beyond the window", text_and_fin_beyond },
	{ "the window closes and opens", window_closes_and_opens },
	{ "a closed window hears ACK and RST", zero_window_hears_acks },
	{ "the peer's window", peers_window },
	{ "an old segment leaves the window", old_segment_leaves_the_window },
	{ "the peer shrinks its window", peer_shrinks_its_window },
	{ "Nagle", nagle },
	{ "Nagle lets full segments go", nagle_full_segments_go },
	{ "Nagle off", nagle_off },
	{ "Nagle off and on", nagle_off_and_on },
	{ "Nagle off releases", nagle_off_releases },
	{ "no silly segments", sender_avoids_silly_windows },
	{ "initial window and slow start", initial_window },
	{ "PSH at the end of a SEND", push_at_the_end_of_a_send },
	{ "SENDABLE", sendable },
	{ "SEND far beyond the credit", far_too_much },
	{ "urgent data", urgent },
	{ "text without ACK", text_without_ack },
	{ "RECEIVED of too much", received_too_much },
	{ NULL, NULL },
};
const struct test_suite suite_data = { "data", cases };
