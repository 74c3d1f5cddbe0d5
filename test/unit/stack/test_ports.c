/* SPDX-License-Identifier: BSD-3-Clause */
/* test_ports.c: ephemeral ports (RFC 6056): spread, never one in use, and an error when there are
 * no more. */
#include <errno.h>
#include <string.h>

#include <rte_byteorder.h>

#include "rig.h"
#include "stack/stack.h"

static struct rig r;

static void
sixteen(struct thole_stack_config *c)
{
	c->port_min = 50000;
	c->port_max = 50015;
}

static uint16_t
choose(uint32_t ip, uint16_t port)
{
	struct flow_key key = { .rport = port };

	flow_set_raddr_ip4(&key, rte_cpu_to_be_32(ip));
	return port_choose(r.stack, &key) == 0 ? key.lport : 0;
}

static uint32_t
ports_in_use(uint32_t host)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < r.stack->tcbs.fresh; i++) {
		const struct tcb *t = stack_tcb(r.stack, i);

		if (t->state == TCP_SYN_SENT &&
			flow_raddr_ip4(&t->key) == rte_cpu_to_be_32(RIG_NET + host))
			bits |= 1u << (t->key.lport - 50000);
	}
	return bits;
}

static void
every_port_once(void)
{
	rig_open(&r, sixteen);
	for (uint64_t i = 0; i < 16; i++) {
		rig_connect(&r, RIG_NET + 2, 80, i);
		CU_ASSERT_EQUAL(rig_event(&r).type, 0);
		CU_ASSERT_EQUAL((uint64_t)__builtin_popcount(ports_in_use(2)), i + 1);
	}
	rig_connect(&r, RIG_NET + 2, 80, 99);
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_CLOSED).status, -EADDRNOTAVAIL);
	/* Another port, or host, of theirs: all are free again. */
	rig_connect(&r, RIG_NET + 2, 81, 100);
	rig_connect(&r, RIG_NET + 3, 80, 101);
	CU_ASSERT_EQUAL(rig_event(&r).type, 0);
	CU_ASSERT_EQUAL(__builtin_popcount(ports_in_use(3)), 1);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* One that is given back is found. */
static void
the_last_free_one(void)
{
	struct frame_tcp tcp;

	rig_open(&r, sixteen);
	rig_know(&r, 2);
	for (uint64_t i = 0; i < 16; i++)
		rig_connect(&r, RIG_NET + 2, 80, i);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN, &tcp));
	SEG(&r, .from = 2, .sport = 80, .dport = tcp.sport, .flags = TCP_RST | TCP_ACK,
		.ack = tcp.seq + 1);
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_CLOSED).status, -ECONNREFUSED);
	CU_ASSERT_EQUAL(choose(RIG_NET + 2, 80), tcp.sport);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* A range of one port and one of all, to their ends. */
static void
all_ports(struct thole_stack_config *c)
{
	c->port_min = 1;
	c->port_max = 65535;
}

static void
one_port(struct thole_stack_config *c)
{
	c->port_min = c->port_max = 65535;
}

static void
ranges(void)
{
	rig_open(&r, one_port);
	for (uint32_t i = 0; i < 100; i++)
		CU_ASSERT_EQUAL(choose(RIG_OFF + i, 80), 65535);
	CU_ASSERT_TRUE(rig_close(&r));
	rig_open(&r, all_ports);
	for (uint32_t i = 0; i < 10000; i++)
		CU_ASSERT_NOT_EQUAL(choose(RIG_OFF + i % 256, (uint16_t)(1 + i)), 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* First ports of many destinations in 16 parts of the range: 3,200 of them, about 200 in each. */
static void
spread_over_destinations(void)
{
	unsigned int parts[16] = { 0 };

	rig_open(&r, NULL);
	for (uint32_t i = 0; i < 3200; i++) {
		uint16_t port = choose(0x0b000000 + i * 77, 443);

		CU_ASSERT_TRUE_FATAL(port >= 32768 && port <= 60999);
		parts[(port - 32768u) * 16 / (60999 - 32768 + 1)]++;
	}
	for (int i = 0; i < 16; i++)
		CU_ASSERT_TRUE(parts[i] > 130 && parts[i] < 270);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* To the same destination: forward, by steps that can't be told beforehand, and round only when all
 * were had. */
static void
forward_for_a_destination(void)
{
	static uint8_t had[65536];
	unsigned int ones = 0, long_steps = 0;
	uint16_t last;

	rig_open(&r, NULL);
	memset(had, 0, sizeof(had));
	last = choose(RIG_NET + 2, 80);
	for (uint32_t i = 0; i < 5000; i++) {
		uint16_t port = choose(RIG_NET + 2, 80);
		uint32_t step = (uint32_t)(port - last + 28232) % 28232;

		CU_ASSERT_TRUE_FATAL(step >= 1 && step <= 4);
		ones += step == 1;
		long_steps += step == 4;
		CU_ASSERT_EQUAL(had[port], 0);
		had[port] = 1;
		last = port;
	}
	CU_ASSERT_TRUE(ones > 1000 && ones < 1500);
	CU_ASSERT_TRUE(long_steps > 1000 && long_steps < 1500);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
other_secret(struct thole_stack_config *c)
{
	c->secret[0]++;
}

/* Who doesn't know the secret can't tell where a destination's ports begin. */
static void
keyed(void)
{
	uint16_t first[50];
	unsigned int same = 0;

	rig_open(&r, NULL);
	for (uint32_t i = 0; i < 50; i++)
		first[i] = choose(RIG_OFF + i, 80);
	CU_ASSERT_TRUE(rig_close(&r));
	rig_open(&r, NULL); /* the same again: a stack is a function of its inputs */
	for (uint32_t i = 0; i < 50; i++)
		CU_ASSERT_EQUAL(choose(RIG_OFF + i, 80), first[i]);
	CU_ASSERT_TRUE(rig_close(&r));
	rig_open(&r, other_secret);
	for (uint32_t i = 0; i < 50; i++)
		same += choose(RIG_OFF + i, 80) == first[i];
	CU_ASSERT_TRUE(same < 3);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* Cores that share the addresses. */
static struct thole_rss rss;
static uint8_t core;

static void
shared(struct thole_stack_config *c)
{
	c->rss = &rss;
	c->core = core;
}

static void
sixteen_shared(struct thole_stack_config *c)
{
	sixteen(c);
	shared(c);
}

static uint8_t
owner(uint32_t ip, uint16_t rport, uint16_t lport)
{
	const struct thole_endpoint local = { thole_addr_ip4(RIG_US), lport };
	const struct thole_endpoint remote = { thole_addr_ip4(ip), rport };

	return thole_rss_owner(&rss, &local, &remote);
}

/* Tables that are even, and one that gives core 1 a single entry. */
static void
set_shares(uint16_t cores)
{
	thole_rss_init(&rss, cores == 0 ? 2 : cores);
	if (cores == 0) {
		memset(rss.reta, 0, sizeof(rss.reta));
		rss.reta[77] = 1;
	}
}

/* Whatever the destination, the answer comes to the core that opens; and no port comes again before
 * all of them were had. */
static void
answers_come_back(void)
{
	static const uint16_t cores[] = { 0, 1, 2, 3, 8, 40 };
	static uint8_t had[65536];

	for (size_t c = 0; c < sizeof(cores) / sizeof(cores[0]); c++) {
		uint32_t share = cores[c] == 0 ? 28232 / 128 : 28232u / cores[c];

		set_shares(cores[c]);
		for (core = 0; core < (cores[c] == 0 ? 2 : cores[c]); core++) {
			rig_open(&r, shared);
			for (uint32_t i = 0; i < 1000; i++) {
				uint32_t ip = 0x0b000000 + i * 77;
				uint16_t port = choose(ip, (uint16_t)(443 + i));

				CU_ASSERT_TRUE_FATAL(port >= 32768 && port <= 60999);
				CU_ASSERT_EQUAL(owner(ip, (uint16_t)(443 + i), port), core);
			}
			memset(had, 0, sizeof(had));
			for (uint32_t i = 0; i < share / 5; i++) {
				uint16_t port = choose(RIG_NET + 2, 80);

				CU_ASSERT_EQUAL(owner(RIG_NET + 2, 80, port), core);
				CU_ASSERT_EQUAL(had[port], 0);
				had[port] = 1;
			}
			CU_ASSERT_TRUE(rig_close(&r));
		}
	}
}

/* Of a small range: each port of ours once, and then an error. */
static void
every_port_of_ours(void)
{
	uint32_t all = 0;

	set_shares(3);
	for (core = 0; core < 3; core++) {
		uint32_t ours = 0;

		for (uint16_t p = 50000; p <= 50015; p++)
			if (owner(RIG_NET + 2, 80, p) == core)
				ours |= 1u << (p - 50000);
		rig_open(&r, sixteen_shared);
		for (int i = 0; i < __builtin_popcount(ours); i++) {
			rig_connect(&r, RIG_NET + 2, 80, 1);
			CU_ASSERT_EQUAL(rig_event(&r).type, 0);
		}
		CU_ASSERT_EQUAL(ports_in_use(2), ours);
		rig_connect(&r, RIG_NET + 2, 80, 99);
		CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_CLOSED).status, -EADDRNOTAVAIL);
		CU_ASSERT_TRUE(rig_close(&r));
		all |= ours;
	}
	CU_ASSERT_EQUAL(all, 0xffff);
}

/* A port of the application's choice is taken if the answer comes back. */
static void
given_ports(void)
{
	set_shares(2);
	core = 1;
	rig_open(&r, shared);
	for (uint16_t p = 2000; p < 2064; p++) {
		OP(&r, .type = THOLE_OP_CONNECT, .local.port = p,
			.remote = { thole_addr_ip4(RIG_NET + 2), 80 });
		CU_ASSERT_EQUAL(
			rig_event(&r).status, owner(RIG_NET + 2, 80, p) == 1 ? 0 : -EADDRNOTAVAIL);
	}
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
shares_that_cannot_be(void)
{
	const char *why = NULL;

	set_shares(2);
	core = 2;
	rig_configure(&r, shared);
	CU_ASSERT_EQUAL(rig_create(&r, &why), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(why);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "no entry of reta"));
	r.config.core = 1;
	rss.reta_size = 127;
	CU_ASSERT_EQUAL(rig_create(&r, &why), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "reta_size"));
	rss.reta_size = 128;
	CU_ASSERT_EQUAL(rig_create(&r, &why), 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

static const struct test_case cases[] = {
	{ "every port once", every_port_once },
	{ "the last free one", the_last_free_one },
	{ "ranges", ranges },
	{ "spread over destinations", spread_over_destinations },
	{ "forward for a destination", forward_for_a_destination },
	{ "keyed", keyed },
	{ "shared: answers come back", answers_come_back },
	{ "shared: every port of ours, once", every_port_of_ours },
	{ "shared: given ports", given_ports },
	{ "shares that can't be", shares_that_cannot_be },
	{ NULL, NULL },
};
const struct test_suite suite_ports = { "ports", cases };
