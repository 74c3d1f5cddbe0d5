/* SPDX-License-Identifier: BSD-3-Clause */
/* persist.c: zero-window probes (RFC 9293, 3.8.6.1). */
#include "script.h"
#include "suites.h"

/* The first after one RTO, then doubling (SHLD-29, SHLD-30); one byte at SND.NXT. */
SCRIPT(window_update_lost)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SEND(10);
	SILENCE();
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
	IN_MS(600);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
	IN_MS(1200);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 1000);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	STAT(probes, 3);
	STAT(rto_fired, 0);
}

SCRIPT(window_opens_by_itself)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SEND(10);
	AFTER_MS(200);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 1000);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	PEER(ACK, .seq = 300, .ack = 110);
	AFTER_S(5);
	SILENCE();
	STAT(probes, 0);
}

/* The peer took the probe's byte, but has no room for more. */
SCRIPT(probe_is_taken)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SEND(10);
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 101, .wnd = 0);
	SILENCE();
	IN_MS(300); /* progress ends the back-off */
	EXPECT(ACK, .seq = 101, .ack = 300, .len = 1);
	PEER(ACK, .seq = 300, .ack = 102, .wnd = 1000);
	EXPECT(PSH | ACK, .seq = 102, .ack = 300, .len = 8);
}

/* The window closed over data in flight: all acknowledged, more to send. */
SCRIPT(window_closes_behind_data)
{
	START(.state = TCP_ESTABLISHED, .wnd = 1000, .mss = 1000);
	SEND(2000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 1100, .wnd = 0);
	SILENCE();
	IN_MS(300);
	EXPECT(ACK, .seq = 1100, .ack = 300, .len = 1);
	PEER(ACK, .seq = 300, .ack = 1100, .wnd = 1000);
	EXPECT(PSH | ACK, .seq = 1100, .ack = 300, .len = 1000);
}

/* A FIN alone before a closed window. */
SCRIPT(fin_before_a_closed_window)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SHUTDOWN();
	STATE(TCP_FIN_WAIT_1);
	IN_MS(300);
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 101, .wnd = 0);
	STATE(TCP_FIN_WAIT_2);
	AFTER_S(10);
	SILENCE();
}

/* MUST-37: as long as the peer answers, the connection stays open. */
SCRIPT(window_closed_for_hours)
{
	uint32_t ms = 300;

	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SEND(10);
	for (int i = 0; i < 60; i++) {
		IN_MS(ms);
		EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
		PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
		ms = ms * 2 < 120000 ? ms * 2 : 120000;
	}
	STATE(TCP_ESTABLISHED);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 100);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
}

/* A peer that doesn't answer probes is dead (R2: 15 minutes). */
SCRIPT(probes_not_answered)
{
	uint32_t ms = 300, gone = 0;

	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SEND(10);
	while (gone + ms < 900000) {
		IN_MS(ms);
		EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
		gone += ms;
		ms = ms * 2 < 120000 ? ms * 2 : 120000;
	}
	IN_MS(900000 - gone);
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STATE(TCP_CLOSED);
}

/* A window that opens too little for a decent segment is probed with what it takes. */
SCRIPT(silly_window_is_probed)
{
	START(.state = TCP_ESTABLISHED, .wnd = 2000, .mss = 1000);
	SEND(3000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(ACK, .seq = 1100, .ack = 300, .len = 1000);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 2100, .wnd = 200);
	SILENCE();
	IN_MS(300);
	EXPECT(ACK, .seq = 2100, .ack = 300, .len = 200);
	PEER(ACK, .seq = 300, .ack = 2300, .wnd = 2000);
	EXPECT(PSH | ACK, .seq = 2300, .ack = 300, .len = 800);
}

static void
window_4000(struct thole_stack_config *c)
{
	c->tcp.rcvbuf_bytes = 4000;
}

/*
 * Both windows are closed. A peer that drops a probe's byte drops an ACK that begins behind it, too
 * (3.10.7.4: with a window of 0, RCV.NXT alone is acceptable), and with it that our window opened.
 */
SCRIPT(acks_of_one_who_probes)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0, .tune = window_4000);
	HOLD();
	for (uint32_t i = 0; i < 4; i++)
		PEER(ACK, .seq = 300 + i * 1000, .ack = 100, .len = 1000);
	RELEASE();
	EXPECT(ACK, .seq = 100, .ack = 4300, .wnd = 0);
	SEND(10);
	SILENCE();
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 4300, .len = 1, .wnd = 0);
	PEER(ACK, .seq = 4300, .ack = 100);
	SILENCE();
	/* The answer to its probe, and that there is room. */
	PEER(ACK, .seq = 4300, .ack = 100, .len = 1);
	EXPECT(ACK, .seq = 100, .ack = 4300, .wnd = 0);
	READ(4000);
	EXPECT(ACK, .seq = 100, .ack = 4300, .wnd = 4000);
	PEER(ACK, .seq = 4300, .ack = 100, .len = 1000, .wnd = 1000);
	EXPECT(PSH | ACK, .seq = 100, .ack = 5300, .len = 10);
	READ(1000);
	PEER(ACK, .seq = 5300, .ack = 110, .wnd = 1000);
	SILENCE();
	STAT(probes, 1);
}

/* One that took the probe's byte expects what comes behind it; behind that again nothing may be. */
SCRIPT(acks_of_one_whose_probe_is_taken)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0, .tune = window_4000);
	SEND(10);
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 101, .len = 1000);
	IN_MS(40);
	EXPECT(ACK, .seq = 101, .ack = 1300);
	IN_MS(260);
	EXPECT(ACK, .seq = 101, .ack = 1300, .len = 1);
	PEER(ACK, .seq = 1300, .ack = 101, .len = 1000);
	IN_MS(40);
	EXPECT(ACK, .seq = 101, .ack = 2300);
	EVENT(DATA, .bytes = 2000);
}

static const struct test_case cases[] = {
	{ "a lost window update", window_update_lost },
	{ "the window opens by itself", window_opens_by_itself },
	{ "a probe's byte is taken", probe_is_taken },
	{ "the window closes behind data", window_closes_behind_data },
	{ "FIN before a closed window", fin_before_a_closed_window },
	{ "a window closed for hours", window_closed_for_hours },
	{ "probes that aren't answered", probes_not_answered },
	{ "a silly window is probed", silly_window_is_probed },
	{ "ACKs of one who probes", acks_of_one_who_probes },
	{ "ACKs of one whose probe is taken", acks_of_one_whose_probe_is_taken },
	{ NULL, NULL },
};
const struct test_suite suite_persist = { "persist", cases };
