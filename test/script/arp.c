/* SPDX-License-Identifier: BSD-3-Clause */
/* arp.c: next hops: resolving, ageing, failing, routes (RFC 826, RFC 1122 2.3.2, RFC 5227). */
#include "script.h"
#include "suites.h"

#define REQUEST 1
#define REPLY	2

SCRIPT(connect_resolves)
{
	START(.state = TCP_CLOSED, .manual_arp = true);
	CONNECT();
	EXPECT_ARP(REQUEST, PEER_IP);
	SILENCE();
	STATE(TCP_SYN_SENT);
	PEER_ARP(REPLY, PEER_IP);
	EXPECT(SYN, .seq = 100);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(CONNECTED);
	STAT(arp_requests, 1);
}

/* A dead on-link host: three requests a second apart. */
SCRIPT(nobody_answers)
{
	START(.state = TCP_CLOSED, .manual_arp = true);
	CONNECT();
	EXPECT_ARP(REQUEST, PEER_IP);
	IN_S(1);
	EXPECT_ARP(REQUEST, PEER_IP);
	IN_S(1);
	EXPECT_ARP(REQUEST, PEER_IP);
	AFTER_MS(990);
	NO_EVENT();
	AFTER_MS(20);
	SILENCE();
	EVENT(CLOSED, .status = -EHOSTUNREACH);
	STATE(TCP_CLOSED);
	STAT(arp_failures, 1);
}

SCRIPT(answer_to_the_last_request)
{
	START(.state = TCP_CLOSED, .manual_arp = true);
	CONNECT();
	EXPECT_ARP(REQUEST, PEER_IP);
	IN_S(1);
	EXPECT_ARP(REQUEST, PEER_IP);
	IN_S(1);
	EXPECT_ARP(REQUEST, PEER_IP);
	AFTER_MS(500);
	PEER_ARP(REPLY, PEER_IP);
	EXPECT(SYN, .seq = 100);
	/* The SYN's clock runs from when it was sent. */
	IN_S(1);
	EXPECT(SYN, .seq = 100);
}

SCRIPT(listener_resolves)
{
	START(.state = TCP_LISTEN, .manual_arp = true);
	PEER(SYN, .seq = 300);
	EXPECT_ARP(REQUEST, PEER_IP);
	PEER_ARP(REPLY, PEER_IP);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
}

/* A peer that is gone before it answers: nothing is left. */
SCRIPT(listener_gets_no_answer)
{
	START(.state = TCP_LISTEN, .manual_arp = true);
	PEER(SYN, .seq = 300);
	EXPECT_ARP(REQUEST, PEER_IP);
	PEER(RST, .seq = 301);
	STATE(TCP_LISTEN);
	IN_S(1);
	EXPECT_ARP(REQUEST, PEER_IP);
	IN_S(1);
	EXPECT_ARP(REQUEST, PEER_IP);
	AFTER_S(10);
	SILENCE();
	STAT(embryos, 0);
}

/* RFC 826: who asks for us is answered, whatever state we are in. */
SCRIPT(we_answer)
{
	START(.state = TCP_CLOSED, .manual_arp = true);
	PEER_ARP(REQUEST, PEER_IP);
	EXPECT_ARP(REPLY, PEER_IP);
	SILENCE();
}

/* RFC 5227: a probe, sender 0.0.0.0, is answered, too. */
SCRIPT(we_answer_probes)
{
	START(.state = TCP_CLOSED, .manual_arp = true);
	PEER_ARP(REQUEST, 0);
	EXPECT_ARP(REPLY, 0);
}

static bool
arp_rejected(uint16_t op, uint32_t sender, uint32_t target, uint8_t first_mac_byte)
{
	struct frame_path path = script_path();
	uint8_t frame[FRAME_MAX], zero[6] = { 0 };
	uint32_t len;

	path.src_ip = sender;
	path.dst_ip = target;
	path.src_mac[0] = first_mac_byte;
	len = frame_arp_build(frame, &path, op, zero);
	memset(frame, 0xff, 6);
	return script_rejected(frame, len);
}

/* Requests for others are somebody else's: handed back, and not answered. */
SCRIPT(requests_for_others)
{
	START(.state = TCP_CLOSED, .manual_arp = true);
	CHECK(arp_rejected(REQUEST, PEER_IP, OUR_IP + 77, 2));
	SILENCE();
	STAT(rx_rejected, 1);
}

/* A sender whose hardware address is a group's lies. */
SCRIPT(group_address_as_sender)
{
	START(.state = TCP_CLOSED, .manual_arp = true);
	CHECK(!arp_rejected(REQUEST, PEER_IP, OUR_IP, 3));
	SILENCE();
	STAT(rx_drop_arp, 1);
}

/* Somebody else claims our address: he isn't believed. */
SCRIPT(our_address_claimed)
{
	START(.state = TCP_CLOSED, .manual_arp = true);
	arp_rejected(REPLY, OUR_IP, OUR_IP, 2);
	SILENCE();
	STAT(rx_drop_arp, 1);
}

static void
peer_moves_to(uint8_t last_mac_byte)
{
	struct frame_path path = script_path();
	uint8_t frame[FRAME_MAX], zero[6] = { 0 };
	uint32_t len;

	path.src_mac[5] = last_mac_byte;
	path.dst_ip = PEER_IP; /* gratuitous: about himself */
	len = frame_arp_build(frame, &path, REQUEST, zero);
	memset(frame, 0xff, 6);
	script_inject(frame, len);
}

SCRIPT(gratuitous)
{
	uint8_t frame[FRAME_MAX];

	START(.state = TCP_ESTABLISHED);
	peer_moves_to(0x77);
	SILENCE();
	SEND(10);
	CHECK(script_take(frame) == 64);
	CHECK(frame[5] == 0x77);
	peer_moves_to(2);
	PEER(ACK, .seq = 300, .ack = 110);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
}

/* An entry isn't made from what wasn't asked for. */
SCRIPT(gratuitous_of_a_stranger)
{
	START(.state = TCP_CLOSED, .manual_arp = true);
	peer_moves_to(0x77);
	SILENCE();
	CONNECT();
	EXPECT_ARP(REQUEST, PEER_IP);
	PEER_ARP(REPLY, PEER_IP);
	EXPECT(SYN, .seq = 100);
}

/* Old after 30 s: still used, asked for again, and believed anew. */
SCRIPT(ageing)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	script_manual_arp(true);
	AFTER_S(29);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	PEER(ACK, .seq = 300, .ack = 110);
	AFTER_S(2);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 110, .ack = 300, .len = 10);
	/* He is asked himself: RFC 1122, 2.3.2.1, unicast poll. */
	len = script_take(frame);
	CHECK(frame_kind(frame, len) == FRAME_ARP);
	CHECK(memcmp(frame, script_path().src_mac, 6) == 0 && get32(frame + 38) == PEER_IP);
	PEER_ARP(REPLY, PEER_IP);
	PEER(ACK, .seq = 300, .ack = 120);
	AFTER_S(25);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 120, .ack = 300, .len = 10);
	SILENCE();
}

static uint32_t
next_out(uint8_t *frame)
{
	if (script_pending() == 0)
		script_in(60 * TIME_S, 60 * TIME_S);
	return script_take(frame);
}

/*
 * The host is gone: the entry is given up and asked for again by what is retransmitted; the
 * connection lives on it until R2 (a soft error, RFC 9293, 3.9.2.2), and recovers when the host is
 * back.
 */
SCRIPT(host_goes_and_returns)
{
	uint8_t frame[FRAME_MAX];
	unsigned int requests = 0;
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	script_manual_arp(true);
	AFTER_S(31);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	EXPECT_ARP(REQUEST, PEER_IP);
	while (requests < 12 || script_pending() != 0) {
		AT();
		len = next_out(frame);
		requests += frame_kind(frame, len) == FRAME_ARP;
	}
	STATE(TCP_ESTABLISHED);
	NO_EVENT();
	PEER_ARP(REPLY, PEER_IP);
	AT();
	if (script_pending() == 0)
		script_in(60 * TIME_S, 60 * TIME_S);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	PEER(ACK, .seq = 300, .ack = 110);
	STATE(TCP_ESTABLISHED);
}

/*
 * The same, for a connection that had nothing in flight when the host went: what it sends waits for
 * the next hop, whose failure must not be the end of trying.
 */
SCRIPT(host_goes_while_idle)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	PORT(5001);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	script_manual_arp(true);
	AFTER_S(31);
	ABORT(); /* its RST starts the questions that nobody answers */
	EXPECT(RST | ACK, .seq = 100, .ack = 300);
	EVENT(CLOSED, .status = -ECONNABORTED);
	EXPECT_ARP(REQUEST, PEER_IP);
	IN_S(1);
	EXPECT_ARP(REQUEST, PEER_IP);
	IN_S(1);
	EXPECT_ARP(REQUEST, PEER_IP);
	AFTER_S(2);
	PORT(PEER_PORT);
	SEND(10);
	EXPECT_ARP(REQUEST, PEER_IP);
	IN_S(1);
	EXPECT_ARP(REQUEST, PEER_IP);
	IN_S(1);
	EXPECT_ARP(REQUEST, PEER_IP);
	/* Given up; tried again sooner or later. */
	AT();
	len = next_out(frame);
	CHECK(frame_kind(frame, len) == FRAME_ARP);
	PEER_ARP(REPLY, PEER_IP);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	PEER(ACK, .seq = 300, .ack = 110);
}

/* And if it never returns, R2 ends it. */
SCRIPT(host_goes_for_good)
{
	uint8_t frame[FRAME_MAX];
	unsigned int n = 0;

	START(.state = TCP_ESTABLISHED);
	script_manual_arp(true);
	AFTER_S(31);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	EXPECT_ARP(REQUEST, PEER_IP);
	while (script_tcb_alive() && n++ < 500) {
		AT();
		script_in(1000 * TIME_S, 1000 * TIME_S);
		script_take(frame);
	}
	CHECK(n < 500);
	while (script_pending() != 0)
		script_take(frame);
	EVENT(CLOSED, .status = -EHOSTUNREACH);
	AFTER_S(10);
	while (script_pending() != 0)
		script_take(frame);
}

SCRIPT(by_the_gateway)
{
	START(.state = TCP_CLOSED, .manual_arp = true, .peer_ip = FAR_IP);
	CONNECT();
	EXPECT_ARP(REQUEST, GATEWAY_IP);
	PEER_ARP(REPLY, GATEWAY_IP);
	EXPECT(SYN, .seq = 100);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(CONNECTED);
}

static void
no_gateway(struct thole_stack_config *c)
{
	memset(&c->gateway, 0, sizeof(c->gateway));
}

SCRIPT(no_route)
{
	START(.state = TCP_CLOSED, .peer_ip = FAR_IP, .tune = no_gateway);
	CONNECT();
	SILENCE();
	EVENT(CLOSED, .status = -ENETUNREACH);
}

/* Replies wait, but not without bound: the latest are kept (RFC 1122, 2.3.2.2). */
SCRIPT(bounded_queue)
{
	uint8_t frame[FRAME_MAX];
	unsigned int rsts = 0;

	START(.state = TCP_CLOSED, .manual_arp = true);
	for (uint32_t i = 0; i < 20; i++) {
		PEER(ACK, .seq = 300, .ack = 1000 + i);
		if (i == 0)
			EXPECT_ARP(REQUEST, PEER_IP);
		SILENCE();
	}
	PEER_ARP(REPLY, PEER_IP);
	while (script_pending() != 0) {
		script_take(frame);
		rsts++;
	}
	CHECK(rsts >= 1 && rsts <= 8);
	CHECK(get32(frame + 38) == 1019);
	STAT(tx_drop_neigh, 20 - rsts);
}

static const struct test_case cases[] = {
	{ "CONNECT resolves", connect_resolves },
	{ "nobody answers: -EHOSTUNREACH", nobody_answers },
	{ "an answer to the last request", answer_to_the_last_request },
	{ "a listener resolves", listener_resolves },
	{ "a listener gets no answer", listener_gets_no_answer },
	{ "we answer", we_answer },
	{ "we answer probes", we_answer_probes },
	{ "requests for others", requests_for_others },
	{ "a group address as sender", group_address_as_sender },
	{ "our address claimed", our_address_claimed },
	{ "gratuitous ARP", gratuitous },
	{ "gratuitous ARP of a stranger", gratuitous_of_a_stranger },
	{ "ageing", ageing },
	{ "the host goes and returns", host_goes_and_returns },
	{ "the host goes while we are idle", host_goes_while_idle },
	{ "the host goes for good", host_goes_for_good },
	{ "by the gateway", by_the_gateway },
	{ "no route: -ENETUNREACH", no_route },
	{ "a bounded queue", bounded_queue },
	{ NULL, NULL },
};
const struct test_suite suite_arp = { "arp", cases };
