/* SPDX-License-Identifier: BSD-3-Clause */
/* keepalive.c: asking a silent peer whether it is there (RFC 9293, 3.8.4; RFC 1122, 4.2.3.6). Here
 * after 10 s, each second, three times. */
#include "script.h"
#include "suites.h"

static void
alive(struct thole_stack_config *c)
{
	c->tcp.keepalive = true;
	c->tcp.keepalive_ns = 10 * TIME_S;
	c->tcp.keepalive_interval_ns = TIME_S;
	c->tcp.keepalive_probes = 3;
}

#define BEGIN(...) START(.state = TCP_ESTABLISHED, .modern = true, .tune = alive, __VA_ARGS__)
/* SHLD-12: SND.NXT - 1, and no garbage byte. */
#define PROBE() EXPECT(ACK, .seq = 99, .ack = 300)

/* MUST-24, MUST-25: off unless asked for. */
SCRIPT(off_by_default)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	AFTER_S(5 * 3600);
	SILENCE();
	STAT(probes, 0);
}

/* MUST-28: at least two hours when nobody says otherwise. */
static void
alive_defaults(struct thole_stack_config *c)
{
	c->tcp.keepalive = true;
}

SCRIPT(two_hours)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .tune = alive_defaults);
	IN_S(7200);
	PROBE();
	for (int i = 0; i < 8; i++) {
		IN_S(75);
		PROBE();
	}
	IN_S(75);
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STATE(TCP_CLOSED);
}

SCRIPT(answered)
{
	BEGIN();
	for (int i = 0; i < 5; i++) {
		IN_S(10);
		PROBE();
		AFTER_MS(50);
		PEER(ACK, .seq = 300, .ack = 100);
		SILENCE();
	}
	STATE(TCP_ESTABLISHED);
	STAT(probes, 5);
}

/* MUST-26: one unanswered probe proves nothing. */
SCRIPT(answered_late)
{
	BEGIN();
	IN_S(10);
	PROBE();
	IN_S(1);
	PROBE();
	IN_S(1);
	PROBE();
	AFTER_MS(900);
	PEER(ACK, .seq = 300, .ack = 100);
	/* All of them are left again. */
	IN_S(10);
	PROBE();
	IN_S(1);
	PROBE();
	IN_S(1);
	PROBE();
	PEER(ACK, .seq = 300, .ack = 100);
	STATE(TCP_ESTABLISHED);
}

SCRIPT(unanswered)
{
	BEGIN();
	IN_S(10);
	PROBE();
	IN_S(1);
	PROBE();
	IN_S(1);
	PROBE();
	IN_S(1);
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STATE(TCP_CLOSED);
	STAT(timeouts, 1);
	STAT(probes, 3);
	AFTER_S(100);
	SILENCE();
}

/* The peer knows of no connection: its RST is of the number that the probe acknowledged. */
SCRIPT(answered_by_rst)
{
	BEGIN();
	IN_S(10);
	PROBE();
	PEER(RST, .seq = 300, .tsval = NO_TS);
	EVENT(CLOSED, .status = -ECONNRESET);
}

/* Whatever the peer sends says that it is there. */
SCRIPT(text_puts_it_off)
{
	BEGIN();
	for (uint32_t i = 0; i < 4; i++) {
		AFTER_S(9);
		PEER(PSH | ACK, .seq = 300 + i, .ack = 100, .len = 1);
		IN_MS(40);
		EXPECT(ACK, .seq = 100, .ack = 301 + i);
		READ(1);
	}
	AT();
	script_in(9960 * TIME_MS, 2 * TIME_MS);
	EXPECT(ACK, .seq = 99, .ack = 304);
	PEER(ACK, .seq = 304, .ack = 100);
}

/* While data waits for its ACK the retransmission timer asks. */
SCRIPT(not_beside_retransmission)
{
	BEGIN();
	AFTER_S(9);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(240);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	for (int ms = 300; ms <= 9600; ms *= 2) {
		IN_MS(ms);
		EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	}
	STAT(probes, 0);
	PEER(ACK, .seq = 300, .ack = 110);
	IN_S(10);
	EXPECT(ACK, .seq = 109, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 110);
}

/* Nor beside the persist timer. */
SCRIPT(not_beside_persist)
{
	BEGIN();
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
	SEND(10);
	for (int i = 0; i < 8; i++) {
		AT();
		script_in(60 * TIME_S, 60 * TIME_S);
		EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
		PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
	}
	STATE(TCP_ESTABLISHED);
}

/* A peer's probe is answered, with a byte of garbage or without (3.8.4). */
SCRIPT(probed)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	PEER(ACK, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 299, .ack = 100, .len = 1);
	EXPECT(ACK, .seq = 100, .ack = 300, SACK({ 299, 300 }));
	NO_EVENT();
}

/* Half-closed connections are asked as well: their peer may be gone. */
SCRIPT(in_fin_wait_2)
{
	START(.state = TCP_FIN_WAIT_2, .modern = true, .tune = alive, .half_close = true);
	IN_S(10);
	EXPECT(ACK, .seq = 99, .ack = 300);
	IN_S(1);
	EXPECT(ACK, .seq = 99, .ack = 300);
	IN_S(1);
	EXPECT(ACK, .seq = 99, .ack = 300);
	IN_S(1);
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

SCRIPT(in_close_wait)
{
	START(.state = TCP_CLOSE_WAIT, .modern = true, .tune = alive);
	IN_S(10);
	EXPECT(ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	STATE(TCP_CLOSE_WAIT);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 101);
	EVENT(CLOSED);
}

/* TIME-WAIT has its own clock. */
SCRIPT(not_in_time_wait)
{
	START(.state = TCP_FIN_WAIT_2, .modern = true, .tune = alive, .half_close = true);
	PEER(FIN | ACK, .seq = 300, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 301);
	EVENT(PEER_CLOSED);
	AFTER_S(59);
	SILENCE();
	STATE(TCP_TIME_WAIT);
	AFTER_S(2);
	EVENT(CLOSED);
	STATE(TCP_CLOSED);
}

static void
alive_long(struct thole_stack_config *c)
{
	alive(c);
	c->tcp.keepalive_probes = 20;
}

/* Unanswered questions are no time-outs of what is sent then: it doesn't wait two minutes to go
 * again (RFC 6298, 5.5), nor does a FIN, nor a window probe. */
static void
silent_for_10_probes(uint16_t wnd)
{
	START(.state = TCP_ESTABLISHED, .tune = alive_long, .wnd = wnd);
	IN_S(10);
	PROBE();
	for (int i = 1; i < 10; i++) {
		IN_S(1);
		PROBE();
	}
	AFTER_MS(500);
}

SCRIPT(no_backoff)
{
	silent_for_10_probes(65535);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(300);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	PEER(ACK, .seq = 300, .ack = 110);
}

SCRIPT(no_backoff_of_fin)
{
	silent_for_10_probes(65535);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	IN_MS(300);
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 101);
	PEER(RST, .seq = 300);
	EVENT(CLOSED, .status = -ECONNRESET);
}

SCRIPT(no_backoff_of_window_probe)
{
	silent_for_10_probes(0);
	SEND(10);
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
	STATE(TCP_ESTABLISHED);
}

/* Data goes three times before it is acknowledged, and that times nothing (Karn). */
static void
back_off(void)
{
	START(.state = TCP_ESTABLISHED, .tune = alive);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(300);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(600);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	PEER(ACK, .seq = 300, .ack = 110);
}

/* What is kept of the back-off is no question. */
SCRIPT(back_off_asks_nothing)
{
	back_off();
	IN_S(10);
	for (int i = 0; i < 3; i++) {
		EXPECT(ACK, .seq = 109, .ack = 300);
		IN_S(1);
	}
	EXPECT(RST | ACK, .seq = 110, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

/* And what the peer says doesn't take it back (RFC 6298, 5). */
SCRIPT(back_off_outlives_text)
{
	back_off();
	PEER(PSH | ACK, .seq = 300, .ack = 110, .len = 5);
	READ(5);
	IN_MS(40);
	EXPECT(ACK, .seq = 110, .ack = 305);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 110, .ack = 305, .len = 10);
	IN_MS(1200);
	EXPECT(PSH | ACK, .seq = 110, .ack = 305, .len = 10);
	PEER(ACK, .seq = 305, .ack = 120);
}

static const struct test_case cases[] = {
	{ "off by default", off_by_default },
	{ "two hours", two_hours },
	{ "answered", answered },
	{ "answered late", answered_late },
	{ "unanswered", unanswered },
	{ "answered by RST", answered_by_rst },
	{ "text puts it off", text_puts_it_off },
	{ "not beside retransmission", not_beside_retransmission },
	{ "not beside persist", not_beside_persist },
	{ "the peer's probe", probed },
	{ "no back-off for data", no_backoff },
	{ "nor for a FIN", no_backoff_of_fin },
	{ "nor for a window probe", no_backoff_of_window_probe },
	{ "a back-off asks nothing", back_off_asks_nothing },
	{ "a back-off outlives text", back_off_outlives_text },
	{ "in FIN-WAIT-2", in_fin_wait_2 },
	{ "in CLOSE-WAIT", in_close_wait },
	{ "not in TIME-WAIT", not_in_time_wait },
	{ NULL, NULL },
};
const struct test_suite suite_keepalive = { "keepalive", cases };
