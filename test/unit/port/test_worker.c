/* SPDX-License-Identifier: BSD-3-Clause */
/* test_worker.c: a worker on one end of a cable, the test on the other: turns, rejects, what is
 * left. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <thole/port.h>

#include "port/port.h"
#include "test.h"

static struct thole_port *ours, *theirs;
static struct thole_address address;

static struct thole_worker_config
config(void)
{
	struct thole_worker_config c;

	thole_worker_config_init(&c);
	c.port = ours;
	c.stack.addresses = &address;
	c.stack.nb_addresses = 1;
	c.stack.max_conns = 64;
	c.stack.max_embryos = 64;
	c.stack.max_time_wait = 64;
	return c;
}

static void
set_up(uint32_t slots)
{
	struct thole_port_config c;

	thole_port_config_init(&c);
	c.rx_desc = 64;
	c.tx_desc = 64;
	c.pool_mbufs = 1024;
	CU_ASSERT_EQUAL_FATAL(thole_cable_create("ours", "theirs", 1, slots, NULL), 0);
	c.device = "ours";
	CU_ASSERT_EQUAL_FATAL(thole_port_open(&c, &ours, NULL), 0);
	c.device = "theirs";
	CU_ASSERT_EQUAL_FATAL(thole_port_open(&c, &theirs, NULL), 0);
	address = (struct thole_address){ thole_addr_ip4(0x0a000001), 1, 24 };
}

static void
tear_down(void)
{
	for (struct rte_mbuf *m; rte_eth_rx_burst(theirs->id, 0, &m, 1) == 1;)
		rte_pktmbuf_free(m);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(ours->pools[0]), 0);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(theirs->pools[0]), 0);
	thole_port_close(ours);
	thole_port_close(theirs);
}

static struct thole_worker *
make_worker(const struct thole_worker_config *c)
{
	struct thole_why why = { "" };
	struct thole_worker *worker = NULL;

	CU_ASSERT_EQUAL(thole_worker_create(c, &worker, &why), 0);
	CU_ASSERT_STRING_EQUAL(why.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(worker);
	return worker;
}

/* "Who has 10.0.0.1? Tell 10.0.0.@p host." */
static void
ask(uint8_t host)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(theirs->pools[0]);
	struct rte_ether_hdr *eth;
	struct rte_arp_hdr *arp;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	eth = (void *)rte_pktmbuf_append(m, 60);
	if (eth == NULL)
		abort();
	memset(eth, 0, 60);
	arp = (void *)(eth + 1);
	memset(&eth->dst_addr, 0xff, RTE_ETHER_ADDR_LEN);
	eth->src_addr = theirs->mac;
	eth->src_addr.addr_bytes[3] = host;
	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP);
	arp->arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = RTE_ETHER_ADDR_LEN;
	arp->arp_plen = 4;
	arp->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REQUEST);
	arp->arp_data.arp_sha = eth->src_addr;
	arp->arp_data.arp_sip = rte_cpu_to_be_32(0x0a000000u + host);
	arp->arp_data.arp_tip = rte_cpu_to_be_32(0x0a000001);
	CU_ASSERT_EQUAL(rte_eth_tx_burst(theirs->id, 0, &m, 1), 1);
}

/* A frame of a protocol that no stack takes. */
static void
send_foreign(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(theirs->pools[0]);
	struct rte_ether_hdr *eth;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	eth = (void *)rte_pktmbuf_append(m, 60);
	if (eth == NULL)
		abort();
	memset(eth, 0, 60);
	eth->dst_addr = ours->mac;
	eth->src_addr = theirs->mac;
	eth->ether_type = rte_cpu_to_be_16(0x88cc);
	CU_ASSERT_EQUAL(rte_eth_tx_burst(theirs->id, 0, &m, 1), 1);
}

static void
answers(void)
{
	struct thole_worker_config c;
	struct thole_worker *worker;
	struct thole_worker_stats stats;
	struct rte_mbuf *m = NULL;

	set_up(64);
	c = config();
	worker = make_worker(&c);
	CU_ASSERT_PTR_NOT_NULL(thole_worker_stack(worker));
	ask(7);
	for (int i = 0; i < 4; i++)
		(void)thole_worker_turn(worker);
	bool answered = false;

	while (rte_eth_rx_burst(theirs->id, 0, &m, 1) == 1) {
		const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
		const struct rte_arp_hdr *arp = (const void *)(eth + 1);

		/* From the MAC that was made up for net_ring's all-zero one. */
		if (eth->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP) &&
			arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REPLY)) {
			CU_ASSERT_TRUE(rte_is_same_ether_addr(&eth->src_addr, &ours->mac));
			CU_ASSERT_TRUE(rte_is_same_ether_addr(&arp->arp_data.arp_sha, &ours->mac));
			answered = true;
		}
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_TRUE(answered);
	thole_worker_stats_get(worker, &stats);
	CU_ASSERT_EQUAL(stats.turns, 4);
	CU_ASSERT_EQUAL(stats.rx_pkts, 1);
	CU_ASSERT_TRUE(stats.tx_pkts >= 1);
	CU_ASSERT_EQUAL(stats.tx_lost, 0);
	thole_worker_destroy(worker);
	tear_down();
}

static void
frees_rejects(void)
{
	struct thole_worker_config c;
	struct thole_worker *worker;
	struct thole_worker_stats stats;

	set_up(64);
	c = config();
	worker = make_worker(&c);
	for (int i = 0; i < 40; i++)
		send_foreign();
	CU_ASSERT_EQUAL(thole_worker_turn(worker), 32);
	CU_ASSERT_EQUAL(thole_worker_turn(worker), 8);
	thole_worker_stats_get(worker, &stats);
	CU_ASSERT_EQUAL(stats.rx_pkts, 40);
	CU_ASSERT_EQUAL(stats.rejected, 40);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(theirs->pools[0]), 0);
	thole_worker_destroy(worker);
	tear_down();
}

/* The far end doesn't read: what the stack owes waits in it or in the worker, and nothing leaks. */
static void
survives_a_full_device(void)
{
	struct thole_worker_config c;
	struct thole_worker *worker;
	struct thole_worker_stats stats;
	uint32_t replies = 0;

	set_up(8);
	c = config();
	worker = make_worker(&c);
	for (uint8_t i = 0; i < 28; i++) {
		ask((uint8_t)(10 + i));
		(void)thole_worker_turn(worker);
	}
	thole_worker_stats_get(worker, &stats);
	CU_ASSERT_EQUAL(stats.rx_pkts, 28);
	CU_ASSERT_EQUAL(stats.tx_pkts, 7); /* what the cable holds */
	CU_ASSERT_EQUAL(stats.tx_stalls, 1);
	for (int i = 0; i < 20; i++) {
		for (struct rte_mbuf *m; rte_eth_rx_burst(theirs->id, 0, &m, 1) == 1; replies++)
			rte_pktmbuf_free(m);
		(void)thole_worker_turn(worker);
	}
	CU_ASSERT_TRUE(replies > 7);
	/* And again, ended while packets wait. */
	for (uint8_t i = 0; i < 28; i++) {
		ask((uint8_t)(10 + i));
		(void)thole_worker_turn(worker);
	}
	thole_worker_destroy(worker);
	tear_down();
}

static struct {
	unsigned int calls;
	uint64_t now_ns;
	struct thole_worker *worker;
	bool stop;
} app;

static void
on_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns)
{
	CU_ASSERT_PTR_EQUAL(ctx, &app);
	CU_ASSERT_TRUE(now_ns >= app.now_ns);
	CU_ASSERT_EQUAL(now_ns, thole_worker_now(worker));
	app.calls++;
	app.now_ns = now_ns;
	app.worker = worker;
	if (app.calls == 1000)
		__atomic_store_n(&app.stop, true, __ATOMIC_RELEASE);
}

static void
runs_the_application(void)
{
	struct thole_worker_config c;
	struct thole_worker *worker;
	uint64_t before = thole_clock_ns();

	set_up(64);
	memset(&app, 0, sizeof(app));
	c = config();
	c.app_turn = on_turn;
	c.app_ctx = &app;
	worker = make_worker(&c);
	thole_worker_run(worker, &app.stop);
	CU_ASSERT_EQUAL(app.calls, 1000);
	CU_ASSERT_PTR_EQUAL(app.worker, worker);
	CU_ASSERT_TRUE(app.now_ns >= before && app.now_ns <= thole_clock_ns());
	thole_worker_destroy(worker);
	tear_down();
}

static void
refuses(const struct thole_worker_config *c, const char *part)
{
	struct thole_why why = { "" };
	struct thole_worker *worker = NULL;

	CU_ASSERT_EQUAL(thole_worker_create(c, &worker, &why), -EINVAL);
	if (strstr(why.text, part) == NULL)
		printf("# said: %s\n", why.text);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, part));
	CU_ASSERT_PTR_NULL(worker);
	CU_ASSERT_EQUAL(thole_worker_create(c, &worker, NULL), -EINVAL);
}

static void
bad_configurations(void)
{
	struct thole_worker_config c;

	set_up(64);
	c = config();
	c.port = NULL;
	refuses(&c, "port");
	c = config();
	c.queue = 1;
	refuses(&c, "no queue 1");
	c = config();
	c.burst = 0;
	refuses(&c, "burst");
	c.burst = 257;
	refuses(&c, "burst");
	c = config();
	c.stack.nb_addresses = 0;
	refuses(&c, "no address");
	c = config();
	c.stack.port_min = 2;
	c.stack.port_max = 1;
	refuses(&c, "the stack's configuration: ");
	thole_worker_destroy(NULL);
	tear_down();
}

static const struct test_case cases[] = {
	{ "a turn answers an ARP request", answers },
	{ "packets that the stack doesn't take are freed", frees_rejects },
	{ "a device that is full", survives_a_full_device },
	{ "the application has its turn", runs_the_application },
	{ "configurations that can't be", bad_configurations },
	{ NULL, NULL },
};

const struct test_suite suite_worker = { "worker", cases };
