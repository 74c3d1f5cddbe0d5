/* SPDX-License-Identifier: BSD-3-Clause */
/* settings.c: what an application sets of a connection: R2 (RFC 9293, 3.8.3), keep-alive (3.8.4),
 * the Differentiated Services field (3.9.1.9), TTL (3.9.2), congestion control, pacing. */
#include "script.h"
#include "suites.h"

#define AF41 34
#define EF   46

static void
data(uint32_t seq, uint32_t len)
{
	EXPECT(PSH | ACK, .seq = seq, .ack = 300, .len = len);
}

/* 3.8.3 (MUST-21). */
SCRIPT(user_timeout)
{
	START(.state = TCP_ESTABLISHED);
	SET(USER_TIMEOUT, 5 * TIME_S);
	SEND(10);
	data(100, 10);
	for (int ms = 300; ms <= 2400; ms *= 2) {
		IN_MS(ms);
		data(100, 10);
	}
	IN_MS(500);
	EXPECT(RST | ACK, .seq = 110, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STATE(TCP_CLOSED);
	STAT(timeouts, 1);
}

/* Parts of a second count as one. */
SCRIPT(user_timeout_rounded)
{
	START(.state = TCP_ESTABLISHED);
	SET(USER_TIMEOUT, 1);
	SEND(10);
	data(100, 10);
	IN_MS(300);
	data(100, 10);
	IN_MS(600);
	data(100, 10);
	IN_MS(100);
	EXPECT(RST | ACK, .seq = 110, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

static void
lost_for_9300_ms(void)
{
	SEND(10);
	data(100, 10);
	for (int ms = 300; ms <= 4800; ms *= 2) {
		IN_MS(ms);
		data(100, 10);
	}
}

/* It holds for what is in flight; the timer that runs is armed for 9.6 s. */
SCRIPT(user_timeout_of_what_is_in_flight)
{
	START(.state = TCP_ESTABLISHED);
	lost_for_9300_ms();
	SET(USER_TIMEOUT, 10 * TIME_S);
	IN_MS(700);
	EXPECT(RST | ACK, .seq = 110, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

SCRIPT(user_timeout_that_has_passed)
{
	START(.state = TCP_ESTABLISHED);
	lost_for_9300_ms();
	AFTER_S(1);
	SET(USER_TIMEOUT, 10 * TIME_S);
	if (script_pending() == 0)
		AFTER_MS(1);
	EXPECT(RST | ACK, .seq = 110, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

/* When nothing waits for an ACK it ends nothing, however old the last one is. */
SCRIPT(user_timeout_of_an_idle_connection)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	data(100, 10);
	PEER(ACK, .seq = 300, .ack = 110);
	AFTER_MS(100);
	SET(USER_TIMEOUT, TIME_S);
	AFTER_S(100);
	SET(USER_TIMEOUT, 2 * TIME_S);
	AFTER_S(100);
	SILENCE();
	STATE(TCP_ESTABLISHED);
	NO_EVENT();
}

static void
give_up_100s(struct thole_stack_config *c)
{
	c->tcp.give_up_ns = 100 * TIME_S;
}

/* "infinity" (3.8.3, d), and back to what is configured. */
SCRIPT(user_timeout_never)
{
	uint32_t ms = 300;

	START(.state = TCP_ESTABLISHED, .tune = give_up_100s);
	SET(USER_TIMEOUT, THOLE_NEVER);
	SEND(10);
	data(100, 10);
	for (int i = 0; i < 40; i++) {
		IN_MS(ms);
		data(100, 10);
		ms = RTE_MIN(ms * 2, 120000u);
	}
	STATE(TCP_ESTABLISHED);
	SET(USER_TIMEOUT, 0);
	if (script_pending() == 0)
		AFTER_MS(1);
	EXPECT(RST | ACK, .seq = 110, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

/* But not of one that is nobody's any more. */
SCRIPT(user_timeout_never_of_an_orphan)
{
	uint32_t gone = 0, ms = 300;

	START(.state = TCP_ESTABLISHED);
	SET(USER_TIMEOUT, THOLE_NEVER);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	for (; gone + ms < 60000; ms *= 2) {
		IN_MS(ms);
		EXPECT(FIN | ACK, .seq = 100, .ack = 300);
		gone += ms;
	}
	IN_MS(60000 - gone);
	EXPECT(RST | ACK, .seq = 101, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

/* A peer that answers window probes is there (MUST-37); one that doesn't, isn't. No two probes are
 * further apart than that. */
SCRIPT(user_timeout_and_a_closed_window)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SET(USER_TIMEOUT, 2 * TIME_S);
	SEND(10);
	for (int ms = 300; ms <= 1200; ms *= 2) {
		IN_MS(ms);
		EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
		PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
	}
	for (int i = 0; i < 100; i++) {
		AT();
		script_in(2 * TIME_S, 2 * TIME_S);
		EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
		PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
	}
	STATE(TCP_ESTABLISHED);
	AT();
	script_in(2 * TIME_S, 2 * TIME_S);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
	AT();
	script_in(2 * TIME_S, 2 * TIME_S);
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

/* It goes for the SYN, too, if it is set before. */
SCRIPT(user_timeout_of_a_syn)
{
	START(.state = TCP_CLOSED);
	SET_NEW(USER_TIMEOUT, 10 * TIME_S);
	CONNECT();
	EXPECT(SYN, .seq = 100);
	for (int s = 1; s <= 4; s *= 2) {
		IN_S(s);
		EXPECT(SYN, .seq = 100);
	}
	AT();
	script_after(2900 * TIME_MS);
	SILENCE();
	AFTER_MS(200);
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STATE(TCP_CLOSED);
}

static void
probe(uint32_t seq)
{
	EXPECT(ACK, .seq = seq - 1, .ack = 300);
}

/* 3.8.4 (MUST-24): of one connection, and not of another. */
SCRIPT(keepalive_on)
{
	START(.state = TCP_ESTABLISHED);
	PORT(5001);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	AFTER_S(100);
	SET(KEEPALIVE, 1);
	SET(KEEPALIVE_IDLE, 20 * TIME_S);
	SET(KEEPALIVE_INTERVAL, 3 * TIME_S);
	SET(KEEPALIVE_PROBES, 2);
	IN_S(20);
	probe(100);
	PEER(ACK, .seq = 300, .ack = 100);
	IN_S(20);
	probe(100);
	IN_S(3);
	probe(100);
	IN_S(3);
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
	PORT(PEER_PORT);
	AFTER_S(3 * 3600);
	SILENCE();
	STATE(TCP_ESTABLISHED);
	STAT(probes, 3);
}

static void
alive(struct thole_stack_config *c)
{
	c->tcp.keepalive = true;
	c->tcp.keepalive_ns = 10 * TIME_S;
	c->tcp.keepalive_interval_ns = TIME_S;
	c->tcp.keepalive_probes = 3;
}

SCRIPT(keepalive_off)
{
	START(.state = TCP_ESTABLISHED, .tune = alive);
	IN_S(10);
	probe(100);
	SET(KEEPALIVE, 0); /* between two questions */
	AFTER_S(1000);
	SILENCE();
	STATE(TCP_ESTABLISHED);
	SET(KEEPALIVE, 1); /* the silence counts from here, and the questions from none */
	IN_S(10);
	for (int i = 0; i < 2; i++) {
		probe(100);
		IN_S(1);
	}
	probe(100);
	IN_S(1);
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

/* While it opens there is nothing to ask; from then on there is. */
SCRIPT(keepalive_before_it_opens)
{
	START(.state = TCP_CLOSED);
	SET_NEW(KEEPALIVE_IDLE, 5 * TIME_S);
	SET_NEW(KEEPALIVE, 1);
	CONNECT_EARLY();
	EXPECT(SYN, .seq = 99);
	EVENT(OPENING);
	SET(KEEPALIVE_IDLE, 7 * TIME_S);
	PEER(SYN | ACK, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	EVENT(CONNECTED);
	IN_S(7);
	probe(100);
	PEER(ACK, .seq = 300, .ack = 100);
}

/* The clocks of FIN-WAIT-2 and TIME-WAIT aren't keep-alive's. */
SCRIPT(keepalive_after_close)
{
	START(.state = TCP_ESTABLISHED);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 101);
	STATE(TCP_FIN_WAIT_2);
	AFTER_S(59);
	SET(KEEPALIVE, 1);
	SET(KEEPALIVE_IDLE, TIME_S);
	SET(KEEPALIVE, 0);
	AFTER_MS(1100);
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STATE(TCP_CLOSED);
}

SCRIPT(keepalive_in_time_wait)
{
	START(.state = TCP_FIN_WAIT_2, .half_close = true);
	PEER(FIN | ACK, .seq = 300, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 301);
	EVENT(PEER_CLOSED);
	SET(KEEPALIVE_IDLE, TIME_S);
	SET(KEEPALIVE, 1);
	AFTER_S(59);
	SILENCE();
	STATE(TCP_TIME_WAIT);
	SET(KEEPALIVE, 0);
	AFTER_S(2);
	EVENT(CLOSED);
	STATE(TCP_CLOSED);
}

/* 3.9.1.9 (MUST-48, SHLD-21, SHLD-22) and 3.9.2 (MUST-49): from the next segment on. */
SCRIPT(dscp_and_ttl)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	data(100, 10);
	SET(DSCP, EF);
	HEADER(64, EF);
	IN_MS(300); /* what goes again, too */
	data(100, 10);
	PEER(ACK, .seq = 300, .ack = 110);
	SET(TTL, 3);
	HEADER(3, EF);
	PEER(PSH | ACK, .seq = 300, .ack = 110, .len = 10);
	IN_MS(40);
	EXPECT(ACK, .seq = 110, .ack = 310);
	READ(10);
	SET(DSCP, 0);
	HEADER(3, 0);
	SHUTDOWN();
	EXPECT(FIN | ACK, .seq = 110, .ack = 310);
	SET(DSCP, 63);
	SET(TTL, 255);
	HEADER(255, 63);
	ABORT();
	EXPECT(RST | ACK, .seq = 111, .ack = 310);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

/* The two bits below are ECN's (RFC 3168, 5). */
SCRIPT(dscp_and_ecn)
{
	START(.state = TCP_ESTABLISHED, .ecn = true);
	SET(DSCP, EF);
	HEADER(64, EF);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10, .ecn = ECT0);
	IN_MS(300);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10, .ecn = NOT_ECT);
}

/* From the first SYN on. */
SCRIPT(dscp_of_a_syn)
{
	START(.state = TCP_CLOSED);
	SET_NEW(DSCP, AF41);
	SET_NEW(TTL, 9);
	HEADER(9, AF41);
	CONNECT();
	EXPECT(SYN, .seq = 99);
	SET_NEW(DSCP, 0); /* for the next one */
	SET_NEW(TTL, 64);
	IN_S(1);
	EXPECT(SYN, .seq = 99);
	PEER(SYN | ACK, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	EVENT(CONNECTED);
	SEND(10);
	data(100, 10);
}

/* What a listener accepts has what the context had when it began, SYN-ACKs included. */
SCRIPT(dscp_of_a_listener)
{
	START(.state = TCP_CLOSED);
	SET_NEW(DSCP, AF41);
	SET_NEW(NO_DELAY, 1);
	LISTEN(OUR_PORT, 8);
	SET_NEW(DSCP, EF);
	HEADER(64, AF41);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	IN_S(1);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	SEND(10);
	data(100, 10);
	SEND(10); /* Nagle would hold it */
	data(110, 10);
	SET(DSCP, EF); /* of this one, not of the next */
	HEADER(64, EF);
	SEND(10);
	data(120, 10);
	PORT(5001);
	HEADER(64, AF41);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
}

static void
cookies(struct thole_stack_config *c)
{
	c->tcp.syn_cookies = THOLE_SYN_COOKIES_ALWAYS;
}

SCRIPT(dscp_of_a_cookie)
{
	START(.state = TCP_CLOSED, .tune = cookies);
	SET_NEW(DSCP, AF41);
	SET_NEW(TTL, 7);
	LISTEN(OUR_PORT, 8);
	HEADER(7, AF41);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	SEND(10);
	data(100, 10);
}

static void
other_header(struct thole_stack_config *c)
{
	c->tcp.ttl = 33;
	c->tcp.dscp = AF41;
}

/* As configured, where nobody set anything: all segments. */
SCRIPT(header_as_configured)
{
	START(.state = TCP_ESTABLISHED, .tune = other_header);
	SEND(10);
	data(100, 10);
	SET(DSCP, 0);
	HEADER(33, 0);
	IN_MS(300);
	data(100, 10);
	SET(DSCP, AF41);
	HEADER(33, AF41);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 110, .ack = 300);
	PORT(5001);
	PEER(ACK, .seq = 299, .ack = 100, .to = 81);
	EXPECT(RST, .seq = 100, .from = 81);
}

/* TIME-WAIT's 64 B don't remember it. */
SCRIPT(header_in_time_wait)
{
	START(.state = TCP_ESTABLISHED);
	SET(DSCP, EF);
	HEADER(64, EF);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	PEER(FIN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(CLOSED);
	HEADER(64, 0);
	PEER(FIN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
}

/* A shorter way of sending the same: the next ACK grows cwnd by another rule. */
SCRIPT(congestion_control)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	CHECK(script_tcb()->cc == THOLE_CC_CUBIC);
	SEND(14480);
	for (uint32_t i = 0; i < 10; i++)
		EXPECT(i < 9 ? ACK : PSH | ACK, .seq = 100 + i * 1448, .ack = 300, .len = 1448);
	for (uint64_t cc = THOLE_CC_COUNT; cc-- > 0;) {
		SET(CC, cc);
		CHECK(script_tcb()->cc == cc);
	}
	PEER(ACK, .seq = 300, .ack = 100 + 14480);
	SET(CC, THOLE_CC_NEWRENO);
	SEND(14480);
	for (uint32_t i = 0; i < 10; i++)
		EXPECT(i < 9 ? ACK : PSH | ACK, .seq = 14580 + i * 1448, .ack = 300, .len = 1448);
	PEER(ACK, .seq = 300, .ack = 14580 + 14480);
	STAT(retransmits, 0);
}

/* RTT 100 ms, cwnd 10 segments, slow start: one in 5 ms. */
SCRIPT(pacing)
{
	START(.state = TCP_ESTABLISHED);
	SET(PACING, 1);
	SEND(4380);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1460);
	IN_MS(5);
	EXPECT(ACK, .seq = 1560, .ack = 300, .len = 1460);
	SET(PACING, 0);
	IN_MS(5);
	data(3020, 1460);
	PEER(ACK, .seq = 300, .ack = 4480);
	SEND(2920);
	EXPECT(ACK, .seq = 4480, .ack = 300, .len = 1460);
	data(5940, 1460);
}

/* A listener's buffers and MSS: SYN-ACK, credit, segments. */
SCRIPT(buffers_of_a_listener)
{
	START(.state = TCP_CLOSED);
	SET_NEW(SNDBUF, 8192);
	SET_NEW(RCVBUF, 5000);
	SET_NEW(MSS, 900);
	LISTEN(OUR_PORT, 8);
	SET_NEW(DEFAULTS, 0);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300, .wnd = 5000, .mss = 900);
	PEER(ACK, .seq = 5301, .ack = 100); /* beyond the window */
	EXPECT(ACK, .seq = 100, .ack = 300, .wnd = 5000);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED, .bytes = 8192);
	GET(SNDBUF, 8192);
	GET(RCVBUF, 5000);
	GET(MSS, 900);
	SEND(2000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 900);
	EXPECT(ACK, .seq = 1000, .ack = 300, .len = 900);
	PEER(ACK, .seq = 300, .ack = 1900); /* Nagle holds the rest */
	EXPECT(PSH | ACK, .seq = 1900, .ack = 300, .len = 200);
	HOLD();
	for (uint32_t seq = 300; seq < 5300; seq += 1000)
		PEER(ACK, .seq = seq, .ack = 2100, .len = 1000);
	RELEASE();
	EXPECT(ACK, .seq = 2100, .ack = 5300, .wnd = 0);
	EVENT(DATA, .bytes = 5000);
	RECEIVED(899);
	SILENCE();
	RECEIVED(1); /* a segment of the size that we offered is what opens it */
	EXPECT(ACK, .seq = 2100, .ack = 5300, .wnd = 900);
	PORT(5001);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300, .wnd = 5000, .mss = 900);
	IN_S(1);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300, .wnd = 5000, .mss = 900);
}

/* And of who connects; then as configured again. */
SCRIPT(buffers_of_a_syn)
{
	START(.state = TCP_CLOSED, .modern = true);
	SET_NEW(RCVBUF, 1 << 20);
	SET_NEW(SNDBUF, 1 << 20);
	SET_NEW(MSS, 1000);
	CONNECT_EARLY();
	EXPECT(SYN, .seq = 99, .wnd = 65535, .mss = 1000, .wscale = 5);
	EVENT(OPENING);
	SET(RCVBUF, 8192); /* what was said holds */
	SET(SNDBUF, 5000); /* nobody has been told of more */
	SET(MSS, 512);
	IN_S(1);
	EXPECT(SYN, .seq = 99, .wnd = 65535, .mss = 1000, .wscale = 5);
	PEER(SYN | ACK, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300, .wnd = 65536); /* rounded up */
	EVENT(CONNECTED, .bytes = 5000);
	SEND(1000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 500);
	PEER(ACK, .seq = 300, .ack = 600); /* RFC 5681, 3.1: one at first, as the SYN went twice */
	EXPECT(PSH | ACK, .seq = 600, .ack = 300, .len = 500);
}

SCRIPT(buffers_of_a_cookie)
{
	START(.state = TCP_CLOSED, .modern = true, .tune = cookies);
	SET_NEW(RCVBUF, 1 << 20);
	SET_NEW(MSS, 1000);
	LISTEN(OUR_PORT, 8);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300, .mss = 1000, .wscale = 5);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	CHECK(script_tcb()->rcv_wscale == 5);
	CHECK(script_tcb()->mss == 988);
	GET(RCVBUF, 1 << 20);
}

/* More is told at once; less is held back until it adds up. */
SCRIPT(send_buffer)
{
	START(.state = TCP_ESTABLISHED, .mss = 1000);
	SET(SNDBUF, 256 * 1024 + 1000);
	EVENT(SENDABLE, .bytes = 1000);
	SET(SNDBUF, 256 * 1024 - 3000);
	NO_EVENT();
	SEND(8000);
	for (uint32_t i = 0; i < 8; i++)
		EXPECT(i == 7 ? PSH | ACK : ACK, .seq = 100 + i * 1000, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 8100);
	NO_EVENT();
	SET(SNDBUF, 256 * 1024 - 2900);
	EVENT(SENDABLE, .bytes = 4100); /* 8000 - 4000, and 100 */
	GET(SNDBUF, 256 * 1024 - 2900);
}

SCRIPT(receive_buffer)
{
	START(.state = TCP_ESTABLISHED);
	SET(RCVBUF, 8000);
	for (uint32_t i = 0; i < 20; i++) { /* as it was offered */
		PEER(ACK, .seq = 300 + i * 2000, .ack = 100, .len = 1000);
		PEER(ACK, .seq = 1300 + i * 2000, .ack = 100, .len = 1000);
		EXPECT(ACK, .seq = 100, .ack = 2300 + i * 2000, .wnd = 63535 - (int)i * 2000);
		READ(2000);
	}
	SET(RCVBUF, 60000);
	EXPECT(ACK, .seq = 100, .ack = 40300, .wnd = 60000);
}

/* The header counts in units of 16 KiB: a buffer below that must not close the window for good. */
SCRIPT(receive_buffer_below_the_scale)
{
	START(.state = TCP_CLOSED, .modern = true);
	SET_NEW(RCVBUF, 1 << 30);
	LISTEN(OUR_PORT, 8);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300, .wscale = 14);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	SET(RCVBUF, 4096);
	for (uint32_t i = 0; i < 32; i++) {
		PEER(ACK, .seq = 300 + i * 2048, .ack = 100, .len = 1024);
		PEER(ACK, .seq = 1324 + i * 2048, .ack = 100, .len = 1024);
		EXPECT(ACK, .seq = 100, .ack = 2348 + i * 2048);
		READ(2048);
		CHECK(script_tcb()->rcv_adv != script_tcb()->rcv_nxt);
	}
}

SCRIPT(mss_of_a_connection)
{
	START(.state = TCP_ESTABLISHED, .no_delay = true);
	SET(MSS, 1000);
	SEND(1460);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(PSH | ACK, .seq = 1100, .ack = 300, .len = 460);
	SET(MSS, 400);
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 400);
	PEER(ACK, .seq = 300, .ack = 1560);
	SET(MSS, 0);
	GET(MSS, 0);
	SEND(401);
	EXPECT(ACK, .seq = 1560, .ack = 300, .len = 400);
	EXPECT(PSH | ACK, .seq = 1960, .ack = 300, .len = 1);
}

/* Each option, of a connection where nothing was set; and after CLOSE. */
SCRIPT(what_get_says)
{
	START(.state = TCP_ESTABLISHED, .tune = alive);
	GET(USER_TIMEOUT, 0);
	GET(NO_DELAY, 0);
	GET(KEEPALIVE, 1);
	GET(KEEPALIVE_IDLE, 10 * TIME_S);
	GET(KEEPALIVE_INTERVAL, TIME_S);
	GET(KEEPALIVE_PROBES, 3);
	GET(TTL, 64);
	GET(DSCP, 0);
	GET(CC, THOLE_CC_NEWRENO);
	GET(PACING, 0);
	GET(SOFT_ERRORS, 0);
	GET(SNDBUF, 256 * 1024);
	GET(RCVBUF, 65535);
	GET(MSS, 0);
	script_set(THOLE_OP_GET, THOLE_OPT_DEFAULTS, 0);
	EVENT(REFUSED, .op = THOLE_OP_GET, .status = -EINVAL);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	GET(TTL, 64);
	PEER(RST | ACK, .seq = 300, .ack = 101);
	GET(TTL, 64);
	EVENT(CLOSED, .status = -ECONNRESET);
	script_set(THOLE_OP_GET, THOLE_OPT_TTL, 0);
	EVENT(REFUSED, .op = THOLE_OP_GET, .status = -EBADF);
}

static void
refused(enum thole_option option, uint64_t value)
{
	AT();
	script_set(THOLE_OP_SET, option, value);
	EVENT(REFUSED, .op = THOLE_OP_SET, .status = -EINVAL);
	script_set(THOLE_OP_SET_NEW, option, value);
	script_event(&(struct script_want_event){
		.type = THOLE_EV_REFUSED, .op = THOLE_OP_SET_NEW, .status = -EINVAL });
}

/* The ends of each range are in test/unit/tcp; here: nothing has changed after a refusal. */
SCRIPT(refusals)
{
	START(.state = TCP_ESTABLISHED);
	refused(0, 1);
	refused(THOLE_OPT_COUNTERS + 1, 1);
	refused(THOLE_OPT_SNDBUF, 4095);
	refused(THOLE_OPT_RCVBUF, (1 << 30) + 1);
	refused(THOLE_OPT_MSS, 87);
	refused(UINT32_MAX, 1);
	refused(THOLE_OPT_TTL, 0);
	refused(THOLE_OPT_DSCP, 64);
	refused(THOLE_OPT_CC, THOLE_CC_COUNT);
	refused(THOLE_OPT_KEEPALIVE, 2);
	refused(THOLE_OPT_USER_TIMEOUT, 65535 * TIME_S);
	SEND(10);
	data(100, 10);
	PEER(ACK, .seq = 300, .ack = 110);
	AFTER_S(3 * 3600);
	SILENCE();
}

static const struct test_case cases[] = {
	{ "user timeout", user_timeout },
	{ "user timeout, in whole seconds", user_timeout_rounded },
	{ "user timeout of what is in flight", user_timeout_of_what_is_in_flight },
	{ "user timeout that has passed", user_timeout_that_has_passed },
	{ "user timeout of an idle connection", user_timeout_of_an_idle_connection },
	{ "user timeout: never", user_timeout_never },
	{ "user timeout: never, of an orphan", user_timeout_never_of_an_orphan },
	{ "user timeout and a closed window", user_timeout_and_a_closed_window },
	{ "user timeout of a SYN", user_timeout_of_a_syn },
	{ "keep-alive on", keepalive_on },
	{ "keep-alive off", keepalive_off },
	{ "keep-alive before it opens", keepalive_before_it_opens },
	{ "keep-alive after CLOSE", keepalive_after_close },
	{ "keep-alive in TIME-WAIT", keepalive_in_time_wait },
	{ "DSCP and TTL", dscp_and_ttl },
	{ "DSCP and ECN", dscp_and_ecn },
	{ "DSCP of a SYN", dscp_of_a_syn },
	{ "DSCP of a listener", dscp_of_a_listener },
	{ "DSCP of a cookie", dscp_of_a_cookie },
	{ "TTL and DSCP as configured", header_as_configured },
	{ "DSCP in TIME-WAIT", header_in_time_wait },
	{ "congestion control", congestion_control },
	{ "pacing", pacing },
	{ "buffers and MSS of a listener", buffers_of_a_listener },
	{ "buffers and MSS of a SYN", buffers_of_a_syn },
	{ "buffers and MSS of a cookie", buffers_of_a_cookie },
	{ "send buffer", send_buffer },
	{ "receive buffer", receive_buffer },
	{ "receive buffer below the scale's unit", receive_buffer_below_the_scale },
	{ "MSS of a connection", mss_of_a_connection },
	{ "what GET says", what_get_says },
	{ "what is refused", refusals },
	{ NULL, NULL },
};
const struct test_suite suite_settings = { "settings", cases };
