/* SPDX-License-Identifier: BSD-3-Clause */
/* soft.c: what goes wrong and ends nothing (RFC 9293, 3.8.3, 3.9.1.8, 3.9.2.2; RFC 5461; RFC 5927).
 */
#include "script.h"
#include "suites.h"

enum { UNREACHABLE = 3, TIME_EXCEEDED = 11, PARAMETER = 12 };

static void
icmp(uint8_t type, uint8_t code, uint32_t seq)
{
	script_icmp(type, code, seq);
	SILENCE();
}

static void
in_flight(void)
{
	START(.state = TCP_ESTABLISHED);
	SET(SOFT_ERRORS, 1);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
}

/* MUST-47, SHLD-25: each kind, and the connection goes on. */
SCRIPT(kinds)
{
	static const struct {
		uint8_t type, code;
		int status;
	} errors[] = {
		{ UNREACHABLE, 0, -ENETUNREACH },
		{ UNREACHABLE, 1, -EHOSTUNREACH },
		{ UNREACHABLE, 2, -ECONNREFUSED },
		{ UNREACHABLE, 3, -ECONNREFUSED },
		{ UNREACHABLE, 5, -EHOSTUNREACH },
		{ UNREACHABLE, 6, -ENETUNREACH },
		{ UNREACHABLE, 7, -EHOSTUNREACH },
		{ UNREACHABLE, 13, -EHOSTUNREACH },
		{ TIME_EXCEEDED, 0, -EHOSTUNREACH },
		{ TIME_EXCEEDED, 1, -EHOSTUNREACH },
		{ PARAMETER, 0, -EPROTO },
		{ PARAMETER, 1, -EPROTO },
	};

	in_flight();
	for (unsigned int i = 0; i < RTE_DIM(errors); i++) {
		icmp(errors[i].type, errors[i].code, 100);
		EVENT(SOFT_ERROR, .status = errors[i].status);
		NO_EVENT();
	}
	icmp(4, 0, 100); /* source quench (RFC 6633) */
	NO_EVENT();
	STATE(TCP_ESTABLISHED);
	PEER(ACK, .seq = 300, .ack = 110);
	AFTER_S(100);
	SILENCE();
}

/* SHLD-20: who doesn't ask isn't told; who asks no more, neither. */
SCRIPT(off)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	icmp(UNREACHABLE, 1, 100);
	NO_EVENT();
	SET(SOFT_ERRORS, 1);
	NO_EVENT();
	icmp(UNREACHABLE, 1, 100);
	SET(SOFT_ERRORS, 0); /* before it was read */
	NO_EVENT();
	icmp(UNREACHABLE, 1, 100);
	NO_EVENT();
	PEER(ACK, .seq = 300, .ack = 110);
}

/* One at a time, the latest; an ACK in between doesn't take it back. */
SCRIPT(latest)
{
	in_flight();
	icmp(UNREACHABLE, 0, 100);
	icmp(UNREACHABLE, 1, 100);
	icmp(PARAMETER, 0, 109);
	PEER(ACK, .seq = 300, .ack = 110);
	EVENT(SOFT_ERROR, .status = -EPROTO);
	NO_EVENT();
	STATE(TCP_ESTABLISHED);
}

/* RFC 5927, 4.1: what isn't in flight is a stranger's. */
SCRIPT(of_another_number)
{
	in_flight();
	icmp(UNREACHABLE, 1, 99);
	icmp(UNREACHABLE, 1, 110);
	icmp(TIME_EXCEEDED, 0, 99);
	icmp(PARAMETER, 0, 110);
	NO_EVENT();
	PEER(ACK, .seq = 300, .ack = 110);
	icmp(UNREACHABLE, 1, 109); /* nor is what was */
	icmp(UNREACHABLE, 1, 110);
	NO_EVENT();
}

/* After CLOSE nobody wants to hear of it. */
SCRIPT(after_close)
{
	in_flight();
	icmp(UNREACHABLE, 1, 100);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 110, .ack = 300);
	icmp(UNREACHABLE, 1, 100);
	NO_EVENT();
	PEER(RST, .seq = 300);
	EVENT(CLOSED, .status = -ECONNRESET);
}

/* It comes before CLOSED, if both are there. */
SCRIPT(before_closed)
{
	in_flight();
	icmp(UNREACHABLE, 1, 100);
	PEER(RST, .seq = 300);
	EVENT(SOFT_ERROR, .status = -EHOSTUNREACH);
	EVENT(CLOSED, .status = -ECONNRESET);
	STATE(TCP_CLOSED);
}

/* While it opens: what can't be reached ends it, the rest doesn't (3.9.2.2). */
SCRIPT(in_syn_sent)
{
	START(.state = TCP_CLOSED);
	SET_NEW(SOFT_ERRORS, 1);
	CONNECT_EARLY();
	EXPECT(SYN, .seq = 99);
	EVENT(OPENING);
	icmp(TIME_EXCEEDED, 0, 99);
	EVENT(SOFT_ERROR, .status = -EHOSTUNREACH);
	icmp(PARAMETER, 0, 98);
	icmp(PARAMETER, 0, 100);
	NO_EVENT();
	PEER(SYN | ACK, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	EVENT(CONNECTED);
}

/* R2 of a SYN, with the reason that there was. */
SCRIPT(reason_of_a_syn)
{
	START(.state = TCP_CLOSED);
	CONNECT();
	EXPECT(SYN, .seq = 99);
	for (int s = 1; s <= 64; s *= 2) {
		IN_S(s);
		EXPECT(SYN, .seq = 99);
		if (s == 4)
			icmp(TIME_EXCEEDED, 0, 99);
	}
	AFTER_S(60);
	EVENT(CLOSED, .status = -EHOSTUNREACH);
	STAT(failed_active, 1);
	STAT(timeouts, 0);
}

/* 3.8.3, SHLD-9: R1, once; and once more after it was better for a while. */
SCRIPT(r1)
{
	in_flight();
	for (int ms = 300; ms <= 4800; ms *= 2) {
		NO_EVENT();
		IN_MS(ms);
		EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	}
	EVENT(SOFT_ERROR, .status = -ETIMEDOUT);
	IN_MS(9600);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(19200);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	NO_EVENT();
	PEER(ACK, .seq = 300, .ack = 110);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
	for (int ms = 1200; ms <= 4800; ms *= 2) { /* SHLD-10: no less than three */
		NO_EVENT();
		IN_MS(ms);
		EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
	}
	EVENT(SOFT_ERROR, .status = -ETIMEDOUT);
	STATE(TCP_ESTABLISHED);
}

/* A peer with a closed window that answers is no problem of delivery. */
SCRIPT(no_r1_of_a_closed_window)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0);
	SET(SOFT_ERRORS, 1);
	SEND(10);
	for (int ms = 300; ms <= 19200; ms *= 2) {
		IN_MS(ms);
		EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
		PEER(ACK, .seq = 300, .ack = 100, .wnd = 0);
	}
	NO_EVENT();
}

static void
give_up_10s(struct thole_stack_config *c)
{
	c->tcp.give_up_ns = 10 * TIME_S;
}

/* R2 of data: the latest soft error, asked for or not. */
SCRIPT(reason)
{
	START(.state = TCP_ESTABLISHED, .tune = give_up_10s);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	for (int ms = 300; ms <= 4800; ms *= 2) {
		IN_MS(ms);
		EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
		icmp(UNREACHABLE, ms == 300 ? 1 : 0, 100);
	}
	IN_MS(700);
	EXPECT(RST | ACK, .seq = 110, .ack = 300);
	EVENT(CLOSED, .status = -ENETUNREACH);
	STAT(timeouts, 1);
}

/* What was before an ACK is no reason any more. */
SCRIPT(reason_of_before)
{
	START(.state = TCP_ESTABLISHED, .tune = give_up_10s);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	icmp(UNREACHABLE, 1, 100);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 110);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
	for (int ms = 300; ms <= 4800; ms *= 2) {
		IN_MS(ms);
		EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
	}
	IN_MS(700);
	EXPECT(RST | ACK, .seq = 120, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

/* Nor when the ACK is of what was sent again, and times nothing (Karn). */
SCRIPT(reason_of_before_karn)
{
	START(.state = TCP_ESTABLISHED, .tune = give_up_10s);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	icmp(UNREACHABLE, 1, 100);
	IN_MS(300);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	PEER(ACK, .seq = 300, .ack = 110);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
	for (int ms = 600; ms <= 4800; ms *= 2) {
		IN_MS(ms);
		EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
	}
	IN_MS(1000);
	EXPECT(RST | ACK, .seq = 120, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

/* A reset is a reset, whatever the network said before. */
SCRIPT(reason_of_a_reset)
{
	in_flight();
	icmp(UNREACHABLE, 1, 100);
	EVENT(SOFT_ERROR, .status = -EHOSTUNREACH);
	PEER(RST, .seq = 300);
	EVENT(CLOSED, .status = -ECONNRESET);
}

/* An error about a keep-alive, whose number is the one before SND.UNA (3.8.4). */
SCRIPT(about_a_keepalive)
{
	START(.state = TCP_ESTABLISHED);
	icmp(UNREACHABLE, 1, 99);
	SET(SOFT_ERRORS, 1);
	SET(KEEPALIVE_IDLE, 10 * TIME_S);
	SET(KEEPALIVE_INTERVAL, TIME_S);
	SET(KEEPALIVE_PROBES, 2);
	SET(KEEPALIVE, 1);
	icmp(UNREACHABLE, 1, 99); /* there was none yet */
	NO_EVENT();
	IN_S(10);
	EXPECT(ACK, .seq = 99, .ack = 300);
	icmp(UNREACHABLE, 1, 98);
	icmp(UNREACHABLE, 1, 100);
	NO_EVENT();
	icmp(UNREACHABLE, 1, 99);
	EVENT(SOFT_ERROR, .status = -EHOSTUNREACH);
	IN_S(1);
	EXPECT(ACK, .seq = 99, .ack = 300);
	IN_S(1);
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	EVENT(CLOSED, .status = -EHOSTUNREACH);
}

/* And after an answer it is forgotten. */
SCRIPT(about_a_keepalive_that_was_answered)
{
	START(.state = TCP_ESTABLISHED);
	SET(KEEPALIVE_IDLE, 10 * TIME_S);
	SET(KEEPALIVE_INTERVAL, TIME_S);
	SET(KEEPALIVE_PROBES, 1);
	SET(KEEPALIVE, 1);
	IN_S(10);
	EXPECT(ACK, .seq = 99, .ack = 300);
	icmp(UNREACHABLE, 1, 99);
	PEER(ACK, .seq = 300, .ack = 100);
	IN_S(10);
	EXPECT(ACK, .seq = 99, .ack = 300);
	IN_S(1);
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	EVENT(CLOSED, .status = -ETIMEDOUT);
}

/* That ARP gets no answer is one as well, whenever it is heard of. */
SCRIPT(next_hop_gone)
{
	uint8_t frame[FRAME_MAX];

	START(.state = TCP_ESTABLISHED);
	SET(SOFT_ERRORS, 1);
	script_manual_arp(true);
	AFTER_S(31);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	/* The first failure is that of an address which was still used; from then on output waits.
	 */
	while (script_stat_get(offsetof(struct thole_stats, arp_failures)) < 2) {
		NO_EVENT();
		if (script_pending() == 0) {
			AT();
			script_in(10 * TIME_S, 10 * TIME_S);
		}
		script_take(frame);
	}
	if (script_pending() != 0)
		script_take(frame);
	EVENT(SOFT_ERROR, .status = -EHOSTUNREACH);
	STATE(TCP_ESTABLISHED);
}

static void
drain(void)
{
	uint8_t frame[FRAME_MAX];

	while (script_pending() != 0)
		script_take(frame);
}

/* A window that opens while the next hop is asked for: what probed it is on the way, and is timed,
 * though it can't go again now. R2 ends it. */
SCRIPT(next_hop_gone_as_the_window_opens)
{
	START(.state = TCP_ESTABLISHED, .wnd = 0);
	script_manual_arp(true);
	AFTER_S(31);
	SEND(10);
	for (int s = 0; s < 60; s++) {
		if (script_stat_get(offsetof(struct thole_stats, arp_failures)) == 1 &&
			script_pending() != 0)
			break; /* a probe waits for an answer */
		drain();
		AFTER_S(1);
	}
	drain();
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 1000);
	for (int s = 0; s < 1100; s++) {
		drain();
		AFTER_S(1);
	}
	drain();
	EVENT(CLOSED, .status = -EHOSTUNREACH);
	STATE(TCP_CLOSED);
}

static const struct test_case cases[] = {
	{ "kinds", kinds },
	{ "off", off },
	{ "the latest of several", latest },
	{ "of another number", of_another_number },
	{ "after CLOSE", after_close },
	{ "before CLOSED", before_closed },
	{ "in SYN-SENT", in_syn_sent },
	{ "R1", r1 },
	{ "no R1 of a closed window", no_r1_of_a_closed_window },
	{ "reason of R2", reason },
	{ "reason of R2 of a SYN", reason_of_a_syn },
	{ "an error of before", reason_of_before },
	{ "nor after one that times nothing", reason_of_before_karn },
	{ "reason of a reset", reason_of_a_reset },
	{ "about a keep-alive", about_a_keepalive },
	{ "about a keep-alive that was answered", about_a_keepalive_that_was_answered },
	{ "the next hop is gone", next_hop_gone },
	{ "the next hop is gone as the window opens", next_hop_gone_as_the_window_opens },
	{ NULL, NULL },
};
const struct test_suite suite_soft = { "soft errors", cases };
