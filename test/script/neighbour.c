/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * neighbour.c: many next hops at once, dead ones, a full table, and no way back: all of it bounded,
 * and nobody waits for what won't come (RFC 1122, 2.3.2).
 */
#include "script.h"
#include "suites.h"

#define REQUEST 1
#define REPLY	2
#define MANY	20
#define DEAD_IP (OUR_IP + 50)
/* Hosts of a wide link: 192.0.0.0/8 holds ours, too. */
#define HOST_IP(i) (0xc0010000u + (uint32_t)(i))

#define COUNT(name) script_stat_get(offsetof(struct thole_stats, name))

/* Takes all packets out. @return how many of them are ARP requests. */
static unsigned int
requests_out(void)
{
	uint8_t frame[FRAME_MAX];
	unsigned int n = 0;
	uint32_t len;

	while (script_pending() != 0) {
		len = script_take(frame);
		n += frame_kind(frame, len) == FRAME_ARP && get16(frame + 20) == REQUEST;
	}
	return n;
}

/* @p seconds go by. @return the ARP requests in them. */
static unsigned int
requests_in(unsigned int seconds)
{
	unsigned int n = requests_out();

	while (seconds-- != 0) {
		AFTER_S(1);
		n += requests_out();
	}
	return n;
}

static void
no_gateway(struct thole_stack_config *c)
{
	memset(&c->gateway, 0, sizeof(c->gateway));
}

/* A SYN from where there is no way back to: no handshake is begun, so none is left behind. */
SCRIPT(no_way_back)
{
	START(.state = TCP_LISTEN, .tune = no_gateway);
	for (uint32_t i = 0; i < 64; i++) { /* as many as there is room for */
		HOST(FAR_IP + i);
		PEER(SYN, .seq = 300);
		SILENCE();
	}
	HOST(PEER_IP);
	PEER(SYN, .seq = 300);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	PEER(RST, .seq = 301);
	STAT(embryos, 0);
	STAT(rx_drop_embryos, 0);
	STAT(rx_drop_route, 64);
	AFTER_S(200);
	SILENCE();
	STAT(embryos, 0);
}

static void
no_cookies(struct thole_stack_config *c)
{
	c->tcp.syn_cookies = THOLE_SYN_COOKIES_OFF;
}

/* Other handshakes that go while they wait for a next hop give their room back. */
SCRIPT(handshakes_that_wait_give_room_back)
{
	START(.state = TCP_LISTEN, .manual_arp = true, .tune = no_cookies);
	for (uint32_t i = 0; i < 64; i++) {
		PORT(5000);
		HOST(DEAD_IP);
		PEER(SYN, .seq = 300);
		requests_out();
		PEER(RST, .seq = 301);
	}
	requests_in(10);
	STAT(embryos, 0);
	for (uint32_t i = 0; i < 64; i++) {
		HOST(DEAD_IP + i);
		PEER(SYN, .seq = 300);
		requests_out();
	}
	STAT(rx_drop_embryos, 0);
	STAT(embryos, 64);
	requests_in(200);
	STAT(embryos, 0);
}

static void
some_neighbours(struct thole_stack_config *c)
{
	c->max_neighbours = 4 * MANY;
}

static void
connect_to_the_dead(uint32_t i)
{
	HOST(DEAD_IP + i);
	CONNECT();
	EXPECT_ARP(REQUEST, DEAD_IP + i);
}

static void
all_unreachable(void)
{
	for (int i = 0; i < MANY; i++)
		EVENT(CLOSED, .status = -EHOSTUNREACH);
	STAT(arp_failures, MANY);
	STAT(arp_requests, 3 * MANY);
}

/* All are asked for at once, and all give up at once: not one after the other. */
SCRIPT(dead_hosts)
{
	START(.state = TCP_CLOSED, .manual_arp = true, .tune = some_neighbours);
	for (uint32_t i = 0; i < MANY; i++)
		connect_to_the_dead(i);
	AFTER_MS(2990);
	NO_EVENT();
	CHECK(requests_out() == 2 * MANY);
	AFTER_MS(20);
	SILENCE();
	all_unreachable();
}

SCRIPT(dead_hosts_in_turn)
{
	START(.state = TCP_CLOSED, .manual_arp = true, .tune = some_neighbours);
	for (uint32_t i = 0; i < MANY; i++) {
		connect_to_the_dead(i);
		AFTER_MS(10);
	}
	AFTER_MS(3000);
	CHECK(requests_out() == 2 * MANY);
	all_unreachable();
}

/* Among them one that lives: it isn't held up, and what is said of the others doesn't touch it. */
SCRIPT(dead_hosts_and_a_living_one)
{
	START(.state = TCP_CLOSED, .manual_arp = true, .tune = some_neighbours);
	for (uint32_t i = 0; i < MANY; i++)
		connect_to_the_dead(i);
	HOST(PEER_IP);
	PORT(5000);
	CONNECT();
	EXPECT_ARP(REQUEST, PEER_IP);
	AFTER_MS(2500);
	CHECK(requests_out() == 2 * (MANY + 1));
	PEER_ARP(REPLY, PEER_IP);
	EXPECT(SYN, .seq = 100);
	AFTER_MS(510);
	SILENCE();
	PORT(PEER_PORT);
	for (int i = 0; i < MANY; i++)
		EVENT(CLOSED, .status = -EHOSTUNREACH);
	PORT(5000);
	STATE(TCP_SYN_SENT);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(CONNECTED);
}

/* Handshakes with a dead next hop ask when the SYN-ACK is due, which is ever more seldom. */
SCRIPT(handshake_with_a_dead_host)
{
	unsigned int requests;

	START(.state = TCP_LISTEN, .manual_arp = true);
	PEER(SYN, .seq = 300);
	EXPECT_ARP(REQUEST, PEER_IP);
	requests = requests_in(200);
	/* Three for the SYN, and for the SYN-ACK after 3, 7, 15, 31, 63 and 127 s. */
	CHECK(requests >= 6 && requests <= 21);
	STAT(embryos, 0);
	STATE(TCP_LISTEN);
}

/* It may come alive: the handshake goes on with the next SYN-ACK. */
SCRIPT(handshake_with_a_host_that_comes_alive)
{
	START(.state = TCP_LISTEN, .manual_arp = true);
	PEER(SYN, .seq = 300);
	requests_in(20);
	script_manual_arp(false);
	AT();
	script_in(11 * TIME_S, 12 * TIME_S);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	PEER(ACK, .seq = 301, .ack = 101);
	EVENT(ACCEPTED);
}

/*
 * The gateway goes. What waits for it may be aborted, and is gone; what carries on has its turn
 * when the gateway is back.
 */
SCRIPT(aborted_while_waiting)
{
	START(.state = TCP_ESTABLISHED, .peer_ip = FAR_IP);
	PORT(5001);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	script_manual_arp(true);
	AFTER_S(31);
	PORT(PEER_PORT);
	SEND(100);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 100);
	requests_in(6);
	CHECK(COUNT(arp_failures) >= 1);
	PORT(5001);
	SEND(100);
	requests_out();
	PORT(PEER_PORT);
	ABORT();
	requests_out();
	EVENT(CLOSED, .status = -ECONNABORTED);
	PORT(5001);
	requests_in(6);
	STAT(conns, 1);
	STATE(TCP_ESTABLISHED);
	script_manual_arp(false);
	AT();
	script_in(30 * TIME_S, 30 * TIME_S);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 100);
	PEER(ACK, .seq = 300, .ack = 200);
	AFTER_S(1000);
	SILENCE();
}

static void
one_neighbour(struct thole_stack_config *c)
{
	c->max_neighbours = 1;
}

/* A full table: who finds no entry has one when another is given up. */
SCRIPT(waits_for_an_entry_that_fails)
{
	START(.state = TCP_CLOSED, .manual_arp = true, .tune = one_neighbour);
	connect_to_the_dead(0);
	HOST(PEER_IP);
	PORT(5000);
	CONNECT();
	SILENCE();
	AFTER_MS(2990);
	CHECK(requests_out() == 2);
	AFTER_MS(20);
	EXPECT_ARP(REQUEST, PEER_IP);
	PORT(PEER_PORT);
	EVENT(CLOSED, .status = -EHOSTUNREACH);
	PORT(5000);
	PEER_ARP(REPLY, PEER_IP);
	EXPECT(SYN, .seq = 100);
}

/* Or when another is answered, and may be given up for it. */
SCRIPT(waits_for_an_entry_that_is_answered)
{
	START(.state = TCP_CLOSED, .manual_arp = true, .tune = one_neighbour);
	CONNECT();
	EXPECT_ARP(REQUEST, PEER_IP);
	HOST(PEER_IP + 1);
	PORT(5000);
	CONNECT();
	SILENCE();
	PEER_ARP(REPLY, PEER_IP);
	HOST(PEER_IP);
	PORT(PEER_PORT);
	EXPECT(SYN, .seq = 100);
	EXPECT_ARP(REQUEST, PEER_IP + 1);
	PEER_ARP(REPLY, PEER_IP + 1);
	HOST(PEER_IP + 1);
	PORT(5000);
	EXPECT(SYN, .seq = 100);
}

/* Or when one that was old is answered anew. */
SCRIPT(waits_for_an_entry_that_is_asked_again)
{
	START(.state = TCP_ESTABLISHED, .active = true, .tune = one_neighbour);
	script_manual_arp(true);
	AFTER_S(31);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	EXPECT_ARP(REQUEST, PEER_IP);
	HOST(PEER_IP + 1);
	PORT(5000);
	CONNECT();
	SILENCE();
	HOST(PEER_IP);
	PORT(PEER_PORT);
	PEER_ARP(REPLY, PEER_IP);
	EXPECT_ARP(REQUEST, PEER_IP + 1);
	PEER_ARP(REPLY, PEER_IP + 1);
	HOST(PEER_IP + 1);
	PORT(5000);
	EXPECT(SYN, .seq = 100);
}

/* A handshake waits in the same way. */
SCRIPT(handshake_waits_for_an_entry)
{
	START(.state = TCP_LISTEN, .manual_arp = true, .tune = one_neighbour);
	HOST(DEAD_IP);
	PORT(5000);
	PEER(SYN, .seq = 300);
	EXPECT_ARP(REQUEST, DEAD_IP);
	HOST(PEER_IP);
	PORT(PEER_PORT);
	PEER(SYN, .seq = 300);
	SILENCE();
	PEER_ARP(REPLY, DEAD_IP);
	HOST(DEAD_IP);
	PORT(5000);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	EXPECT_ARP(REQUEST, PEER_IP);
	PEER_ARP(REPLY, PEER_IP);
	HOST(PEER_IP);
	PORT(PEER_PORT);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	STAT(embryos, 2);
}

/* Room for hosts by the thousand. */
static void
wide_link(struct thole_stack_config *c)
{
	static struct thole_address wide;

	wide = (struct thole_address){ thole_addr_ip4(OUR_IP), 1, 8 };
	c->addresses = &wide;
	c->max_embryos = 50000;
}

#define BUSY 300

static void
busy_neighbours(struct thole_stack_config *c)
{
	wide_link(c);
	c->max_neighbours = BUSY;
}

/* All entries are known and were used: one more host gets the place of another, at once. */
SCRIPT(table_full_of_known_hosts)
{
	START(.state = TCP_LISTEN, .tune = busy_neighbours);
	for (uint32_t i = 0; i < BUSY + 20; i++) {
		HOST(HOST_IP(i));
		PEER(SYN, .seq = 300);
		EXPECT(SYN | ACK, .seq = 100, .ack = 301, .fresh = true);
		PEER(RST, .seq = 301);
	}
	STAT(arp_requests, BUSY + 20);
	STAT(embryos, 0);
}

/* The same when the newcomer is one that we call: nothing but its entry holds it up. */
SCRIPT(table_full_and_we_call)
{
	START(.state = TCP_LISTEN, .tune = busy_neighbours);
	for (uint32_t i = 0; i < BUSY; i++) {
		HOST(HOST_IP(i));
		PEER(SYN, .seq = 300);
		EXPECT(SYN | ACK, .seq = 100, .ack = 301, .fresh = true);
		PEER(RST, .seq = 301);
	}
	HOST(PEER_IP);
	CONNECT();
	EXPECT(SYN, .seq = 100, .fresh = true);
}

#define CROWD 32767 /* questions; a table has room for answers as well */

static void
crowded(struct thole_stack_config *c)
{
	wide_link(c);
	c->max_neighbours = 2 * CROWD;
}

/* A SYN of each of @p n hosts that don't answer ARP, from @p first on. */
static void
syns_of_the_dead(uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		HOST(HOST_IP(i));
		PEER(SYN, .seq = 300);
		requests_out();
	}
}

/*
 * A table with all the questions that it takes asks no more of them, goes on with the one that is
 * answered, and ends them all in one run. (Were it a walk of the table for each, this script would
 * take minutes.)
 */
SCRIPT(table_full_of_questions)
{
	START(.state = TCP_LISTEN, .manual_arp = true, .tune = crowded);
	syns_of_the_dead(0, CROWD);
	STAT(arp_requests, CROWD);
	syns_of_the_dead(CROWD, 2048);
	STAT(arp_requests, CROWD);
	HOST(HOST_IP(7));
	PEER_ARP(REPLY, HOST_IP(7));
	requests_out();
	CHECK(COUNT(tx_syn_acks) == 1);
	requests_in(4);
	CHECK(COUNT(arp_failures) >= CROWD - 1);
}

static const struct test_case cases[] = {
	{ "no way back for a SYN-ACK", no_way_back },
	{ "handshakes that wait give room back", handshakes_that_wait_give_room_back },
	{ "dead hosts: -EHOSTUNREACH, all at once", dead_hosts },
	{ "dead hosts, in turn", dead_hosts_in_turn },
	{ "dead hosts and a living one", dead_hosts_and_a_living_one },
	{ "a handshake with a dead host", handshake_with_a_dead_host },
	{ "a handshake with a host that comes alive", handshake_with_a_host_that_comes_alive },
	{ "aborted while it waits", aborted_while_waiting },
	{ "full table: an entry fails", waits_for_an_entry_that_fails },
	{ "full table: an entry is answered", waits_for_an_entry_that_is_answered },
	{ "full table: an entry is answered anew", waits_for_an_entry_that_is_asked_again },
	{ "full table: a handshake waits", handshake_waits_for_an_entry },
	{ "full table of known hosts", table_full_of_known_hosts },
	{ "full table, and we call", table_full_and_we_call },
	{ "full table of questions", table_full_of_questions },
	{ NULL, NULL },
};
const struct test_suite suite_neighbour = { "neighbour", cases };
