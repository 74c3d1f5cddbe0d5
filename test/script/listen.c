/* SPDX-License-Identifier: BSD-3-Clause */
/* listen.c: listeners: backlog, budgets, several at once, and their end. */
#include "script.h"
#include "suites.h"

/* A peer at @p port opens a connection up to SYN-RECEIVED. */
static void
syn_from(uint16_t port)
{
	PORT(port);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	STATE(TCP_SYN_RECEIVED);
}

static void
ack_from(uint16_t port)
{
	PORT(port);
	PEER(ACK, .seq = 300, .ack = 100);
}

SCRIPT(two_listeners)
{
	START(.state = TCP_LISTEN);
	LISTEN(OUR_PORT + 1, 8);
	syn_from(5000);
	ack_from(5000);
	EVENT(ACCEPTED);
	PORT(5001);
	PEER(SYN, .seq = 299, .to = OUR_PORT + 1);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300, .from = OUR_PORT + 1);
	PORT(5002);
	PEER(SYN, .seq = 299, .to = OUR_PORT + 2);
	EXPECT(RST | ACK, .seq = 0, .ack = 300, .from = OUR_PORT + 2);
}

SCRIPT(port_in_use)
{
	START(.state = TCP_LISTEN);
	LISTEN_FAILS(OUR_PORT, -EADDRINUSE);
	LISTEN_FAILS(0, -EINVAL);
	syn_from(5000);
}

SCRIPT(too_many_listeners)
{
	START(.state = TCP_LISTEN);
	for (uint16_t i = 1; i < 8; i++)
		LISTEN(OUR_PORT + i, 8);
	LISTEN_FAILS(OUR_PORT + 8, -ENOSPC);
}

/* Connections of the same peer are told apart by its port. */
SCRIPT(several_connections)
{
	START(.state = TCP_LISTEN);
	syn_from(5000);
	syn_from(5001);
	syn_from(5002);
	ack_from(5001);
	EVENT(ACCEPTED);
	ack_from(5000);
	EVENT(ACCEPTED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
	PORT(5001);
	PEER(RST, .seq = 300);
	EVENT(CLOSED, .status = -ECONNRESET);
	STATE(TCP_CLOSED);
	PORT(5000);
	STATE(TCP_ESTABLISHED);
	PORT(5002);
	STATE(TCP_SYN_RECEIVED);
	STAT(conns, 1);
	STAT(embryos, 1);
}

/* A full accept queue holds the embryo and drops the ACK; no reset. */
SCRIPT(full_backlog_keeps_the_embryo)
{
	START(.state = TCP_LISTEN, .backlog = 1);
	syn_from(5000);
	syn_from(5001);
	ack_from(5000);
	STATE(TCP_ESTABLISHED);
	ack_from(5001);
	SILENCE();
	STATE(TCP_SYN_RECEIVED);
	STAT(rx_drop_backlog, 1);
	/* It asks again, and has its place once the application has taken the first. */
	AFTER_MS(990);
	IN_MS(10);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PORT(5000);
	EVENT(ACCEPTED);
	ack_from(5001);
	STATE(TCP_ESTABLISHED);
	EVENT(ACCEPTED);
}

/* Text comes while the queue is full: dropped with its ACK, and taken when it comes again. */
SCRIPT(full_backlog_and_text)
{
	START(.state = TCP_LISTEN, .backlog = 1);
	syn_from(5000);
	syn_from(5001);
	ack_from(5000);
	PORT(5001);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	SILENCE();
	STATE(TCP_SYN_RECEIVED);
	PORT(5000);
	EVENT(ACCEPTED);
	PORT(5001);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	EVENT(ACCEPTED);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
}

SCRIPT(full_backlog_drops_syns)
{
	START(.state = TCP_LISTEN, .backlog = 1);
	syn_from(5000);
	ack_from(5000);
	PORT(5001);
	PEER(SYN, .seq = 299);
	SILENCE();
	STATE(TCP_LISTEN);
	STAT(rx_drop_backlog, 1);
	PORT(5000);
	EVENT(ACCEPTED);
	syn_from(5001);
}

/* Handshakes that were given up leave nothing behind. */
SCRIPT(abandoned_handshakes)
{
	START(.state = TCP_LISTEN, .backlog = 4);
	for (uint32_t i = 0; i < 300; i++) {
		PEER(SYN, .seq = 1000 + i * 1000);
		EXPECT(SYN | ACK, .seq = 99, .ack = 1001 + i * 1000, .fresh = true);
		PEER(RST, .seq = 1001 + i * 1000);
		STATE(TCP_LISTEN);
	}
	STAT(embryos, 0);
	syn_from(5000);
	ack_from(5000);
	EVENT(ACCEPTED);
}

/* So do connections that the peer resets before they were accepted. */
SCRIPT(reset_before_accepted)
{
	START(.state = TCP_LISTEN, .backlog = 2);
	for (uint16_t i = 0; i < 6; i++) {
		syn_from((uint16_t)(5000 + i));
		ack_from((uint16_t)(5000 + i));
		PEER(RST, .seq = 300);
		STATE(TCP_CLOSED);
		EVENT(ACCEPTED);
		EVENT(CLOSED, .status = -ECONNRESET);
	}
	STAT(conns, 0);
	STAT(opened_passive, 6);
}

static void
few_embryos(struct thole_stack_config *c)
{
	c->max_embryos = 2;
	c->tcp.syn_cookies = THOLE_SYN_COOKIES_OFF;
}

/* Section 7 of the design: new SYNs are the first to go. */
SCRIPT(embryo_budget)
{
	START(.state = TCP_LISTEN, .tune = few_embryos);
	syn_from(5000);
	syn_from(5001);
	PORT(5002);
	PEER(SYN, .seq = 299);
	SILENCE();
	STATE(TCP_LISTEN);
	STAT(rx_drop_embryos, 1);
	ack_from(5000);
	EVENT(ACCEPTED);
	syn_from(5002);
}

static void
few_conns(struct thole_stack_config *c)
{
	c->max_conns = 1;
}

SCRIPT(connection_budget)
{
	START(.state = TCP_LISTEN, .tune = few_conns);
	syn_from(5000);
	syn_from(5001);
	ack_from(5000);
	EVENT(ACCEPTED);
	ack_from(5001);
	SILENCE();
	STATE(TCP_SYN_RECEIVED);
	STAT(rx_drop_conns, 1);
	PORT(5000);
	PEER(RST, .seq = 300);
	EVENT(CLOSED, .status = -ECONNRESET);
	ack_from(5001);
	STATE(TCP_ESTABLISHED);
	EVENT(ACCEPTED);
}

SCRIPT(connects_beyond_the_budget)
{
	START(.state = TCP_ESTABLISHED, .tune = few_conns);
	PORT(5000);
	CONNECT();
	SILENCE();
	EVENT(CLOSED, .status = -ENOBUFS);
}

/* 3.10.4: handshakes under way go with the listener, as do connections that nobody accepted. */
SCRIPT(listener_ends)
{
	START(.state = TCP_LISTEN);
	syn_from(5000);
	ack_from(5000);
	EVENT(ACCEPTED);
	syn_from(5001);
	ack_from(5001); /* not seen by the application */
	syn_from(5002);
	PORT(5001);
	UNLISTEN();
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	STATE(TCP_CLOSED);
	NO_EVENT();
	PORT(5002);
	STATE(TCP_CLOSED);
	ack_from(5002);
	EXPECT(RST, .seq = 100);
	PORT(5003);
	PEER(SYN, .seq = 299);
	EXPECT(RST | ACK, .seq = 0, .ack = 300);
	PORT(5000);
	STATE(TCP_ESTABLISHED);
	STAT(conns, 1);
	STAT(embryos, 0);
}

SCRIPT(listener_returns)
{
	START(.state = TCP_LISTEN);
	UNLISTEN();
	LISTEN(OUR_PORT, 8);
	syn_from(5000);
}

/* An application that reads nothing loses nothing. */
SCRIPT(slow_application)
{
	START(.state = TCP_LISTEN);
	syn_from(5000);
	ack_from(5000);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	PEER(PSH | ACK, .seq = 310, .ack = 100, .len = 10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 320);
	PEER(FIN | PSH | ACK, .seq = 320, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 331);
	AFTER_S(100);
	EVENT(ACCEPTED);
	EVENT(DATA, .bytes = 30);
	EVENT(PEER_CLOSED);
}

static const struct test_case cases[] = {
	{ "two listeners", two_listeners },
	{ "port in use", port_in_use },
	{ "too many listeners", too_many_listeners },
	{ "several connections", several_connections },
	{ "a full backlog keeps the embryo", full_backlog_keeps_the_embryo },
	{ "a full backlog, and text", full_backlog_and_text },
	{ "a full backlog drops SYNs", full_backlog_drops_syns },
	{ "abandoned handshakes", abandoned_handshakes },
	{ "reset before accepted", reset_before_accepted },
	{ "embryo budget", embryo_budget },
	{ "connection budget", connection_budget },
	{ "connects beyond the budget", connects_beyond_the_budget },
	{ "a listener ends", listener_ends },
	{ "a listener returns", listener_returns },
	{ "a slow application", slow_application },
	{ NULL, NULL },
};
const struct test_suite suite_listen = { "listen", cases };
