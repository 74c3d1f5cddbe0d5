/* SPDX-License-Identifier: BSD-3-Clause */
/* test_config.c: what a stack refuses, by name; its birth when memory runs out; the counters'
 * names. */
#include <errno.h>
#include <string.h>

#include "rig.h"

static struct rig r;
static struct thole_address wrong;

#define DAY (86400 * TIME_S)

#define FAULT(name, change)                                                                        \
	static void fault_##name(struct thole_stack_config *c)                                     \
	{                                                                                          \
		change;                                                                            \
	}

FAULT(pool, c->pool = NULL)
FAULT(free, c->free = NULL)
FAULT(mtu, c->mtu = 575)
FAULT(conns, c->max_conns = 0)
FAULT(conns_max, c->max_conns = (1u << 24) + 1)
FAULT(embryos, c->max_embryos = 0)
FAULT(embryos_max, c->max_embryos = UINT32_MAX)
FAULT(time_wait, c->max_time_wait = 0)
FAULT(time_wait_max, c->max_time_wait = 1u << 30)
FAULT(listeners, c->max_listeners = 0)
FAULT(listeners_max, c->max_listeners = 65535)
FAULT(neighbours, c->max_neighbours = 0)
FAULT(neighbours_max, c->max_neighbours = 65535)
FAULT(port_zero, c->port_min = 0)
FAULT(port_order, c->port_min = 2000; c->port_max = 1999)
FAULT(arp_tries, c->arp_tries = 0)
FAULT(arp_retry, c->arp_retry_ns = 999999)
FAULT(arp_retry_max, c->arp_retry_ns = THOLE_NEVER)
FAULT(mac_zero, memset(&c->mac, 0, 6))
FAULT(mac_group, c->mac.addr_bytes[0] = 1)
FAULT(no_address, c->addresses = NULL)
FAULT(nb_addresses, c->nb_addresses = 0)
FAULT(count, wrong.count = 0; c->addresses = &wrong; c->nb_addresses = 1)
FAULT(prefix, wrong.prefix_len = 33; c->addresses = &wrong; c->nb_addresses = 1)
FAULT(loopback, wrong.first.b[12] = 127; c->addresses = &wrong; c->nb_addresses = 1)
FAULT(multicast, wrong.first.b[12] = 224; c->addresses = &wrong; c->nb_addresses = 1)
FAULT(ip6, wrong.first.b[0] = 0x20; c->addresses = &wrong; c->nb_addresses = 1)
FAULT(gateway_off, c->gateway = thole_addr_ip4(RIG_OFF + 7))
FAULT(gateway_us, c->gateway = thole_addr_ip4(RIG_US))
FAULT(gateway_range, c->gateway = thole_addr_ip4(RIG_NET + 102))
FAULT(msl, c->tcp.msl_ns = 0)
FAULT(msl_max, c->tcp.msl_ns = 3601 * TIME_S)
FAULT(rto_initial, c->tcp.rto_initial_ns = 0)
FAULT(rto_initial_max, c->tcp.rto_initial_ns = c->tcp.rto_max_ns + 1)
FAULT(rto_min, c->tcp.rto_min_ns = c->tcp.rto_max_ns + 1)
FAULT(rto_max, c->tcp.rto_max_ns = 3601 * TIME_S)
FAULT(syn_give_up, c->tcp.syn_give_up_ns = 0)
FAULT(give_up, c->tcp.give_up_ns = 0)
FAULT(syn_ack_give_up, c->tcp.syn_ack_give_up_ns = 0)
FAULT(orphan, c->tcp.orphan_ns = 0)
FAULT(syn_give_up_max, c->tcp.syn_give_up_ns = DAY + 1)
FAULT(give_up_max, c->tcp.give_up_ns = DAY + 1)
FAULT(orphan_max, c->tcp.orphan_ns = DAY + 1)
FAULT(keepalive, c->tcp.keepalive_ns = TIME_S - 1)
FAULT(keepalive_max, c->tcp.keepalive_ns = DAY + 1)
FAULT(keepalive_interval_max, c->tcp.keepalive_interval_ns = DAY + 1)
FAULT(delayed_ack, c->tcp.delayed_ack_ns = 500 * TIME_MS)
FAULT(path_mtu, c->tcp.path_mtu_ns = 300 * TIME_S - 1)
FAULT(sndbuf, c->tcp.sndbuf_bytes = 2047)
FAULT(sndbuf_max, c->tcp.sndbuf_bytes = (1u << 30) + 1)
FAULT(rcvbuf, c->tcp.rcvbuf_bytes = 2047)
FAULT(ttl, c->tcp.ttl = 0)
FAULT(dscp, c->tcp.dscp = 64)

static const struct {
	void (*tune)(struct thole_stack_config *config);
	const char *names; /* what the reason must name */
} faults[] = {
	{ fault_pool, "pool" },
	{ fault_free, "free" },
	{ fault_mtu, "mtu" },
	{ fault_conns, "max_conns" },
	{ fault_conns_max, "max_conns" },
	{ fault_embryos, "max_embryos" },
	{ fault_embryos_max, "max_embryos" },
	{ fault_time_wait, "max_time_wait" },
	{ fault_time_wait_max, "max_time_wait" },
	{ fault_listeners, "max_listeners" },
	{ fault_listeners_max, "max_listeners" },
	{ fault_neighbours, "max_neighbours" },
	{ fault_neighbours_max, "max_neighbours" },
	{ fault_port_zero, "port_min" },
	{ fault_port_order, "port_max" },
	{ fault_arp_tries, "arp_tries" },
	{ fault_arp_retry, "arp_retry_ns" },
	{ fault_arp_retry_max, "arp_retry_ns" },
	{ fault_mac_zero, "mac" },
	{ fault_mac_group, "mac" },
	{ fault_no_address, "addresses" },
	{ fault_nb_addresses, "addresses" },
	{ fault_count, "addresses" },
	{ fault_prefix, "prefix_len" },
	{ fault_loopback, "addresses" },
	{ fault_multicast, "addresses" },
	{ fault_ip6, "addresses" },
	{ fault_gateway_off, "gateway: must be on the link" },
	{ fault_gateway_us, "gateway: is one of our own" },
	{ fault_gateway_range, "gateway: is one of our own" },
	{ fault_msl, "msl_ns" },
	{ fault_msl_max, "msl_ns" },
	{ fault_path_mtu, "path_mtu_ns" },
	{ fault_rto_initial, "rto_initial_ns" },
	{ fault_rto_initial_max, "rto_initial_ns" },
	{ fault_rto_min, "rto_min_ns" },
	{ fault_rto_max, "rto_max_ns" },
	{ fault_syn_give_up, "syn_give_up_ns" },
	{ fault_give_up, "give_up_ns" },
	{ fault_syn_ack_give_up, "syn_ack_give_up_ns" },
	{ fault_orphan, "orphan_ns" },
	{ fault_syn_give_up_max, "syn_give_up_ns" },
	{ fault_give_up_max, "give_up_ns" },
	{ fault_orphan_max, "orphan_ns" },
	{ fault_keepalive, "keepalive_ns" },
	{ fault_keepalive_max, "keepalive_ns" },
	{ fault_keepalive_interval_max, "keepalive_interval_ns" },
	{ fault_ttl, "ttl" },
	{ fault_dscp, "dscp" },
	{ fault_delayed_ack, "delayed_ack_ns" },
	{ fault_sndbuf, "sndbuf_bytes" },
	{ fault_sndbuf_max, "sndbuf_bytes" },
	{ fault_rcvbuf, "rcvbuf_bytes" },
};

static void
each_fault_is_named(void)
{
	for (size_t i = 0; i < RTE_DIM(faults); i++) {
		struct thole_stack *none = NULL;
		const char *why = NULL;

		wrong = (struct thole_address){ thole_addr_ip4(RIG_US), 1, 24 };
		rig_configure(&r, faults[i].tune);
		CU_ASSERT_EQUAL(thole_stack_create(&r.config, &none, &why), -EINVAL);
		CU_ASSERT_PTR_NULL(none);
		if (why == NULL || strstr(why, faults[i].names) == NULL) {
			printf("# %s isn't named: %s\n", faults[i].names, why != NULL ? why : "");
			CU_FAIL("a fault that isn't named");
		}
		CU_ASSERT_EQUAL(thole_stack_create(&r.config, &none, NULL), -EINVAL);
		CU_ASSERT_EQUAL(r.allocs, 0);
		CU_ASSERT_TRUE(rig_close(&r));
	}
}

static void
small_rooms_are_refused(void)
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create("small", 15, 0, 0, 255, SOCKET_ID_ANY);
	struct thole_stack *none;
	const char *why = NULL;

	CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
	rig_configure(&r, NULL);
	r.config.pool = pool;
	CU_ASSERT_EQUAL(thole_stack_create(&r.config, &none, &why), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(why);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "pool"));
	rte_mempool_free(pool);
	CU_ASSERT_TRUE(rig_close(&r));
}

static struct thole_rss rss;

static void
shared(struct thole_stack_config *c)
{
	c->rss = &rss;
}

static void
memory_may_run_out_anywhere(void)
{
	unsigned int needed;

	thole_rss_init(&rss, 2);
	rig_configure(&r, shared);
	CU_ASSERT_EQUAL(rig_create(&r, NULL), 0);
	needed = r.allocs - 1; /* the last is the application's */
	CU_ASSERT_TRUE(rig_close(&r));
	CU_ASSERT_TRUE(needed > 4);
	for (unsigned int i = 1; i <= needed; i++) {
		const char *why = NULL;

		rig_configure(&r, shared);
		r.fail_at = i;
		CU_ASSERT_EQUAL(rig_create(&r, &why), -ENOMEM);
		CU_ASSERT_PTR_NOT_NULL(why);
		CU_ASSERT_TRUE(rig_close(&r));
	}
}

static void
own_memory(struct thole_stack_config *c)
{
	c->alloc = NULL;
	c->free = NULL;
}

static void
memory_of_the_c_library(void)
{
	rig_open(&r, own_memory);
	CU_ASSERT_EQUAL(r.allocs, 0);
	CU_ASSERT_EQUAL(rig_listen(&r, 80, 1), 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
counters_have_names(void)
{
	const char *name, *text;
	unsigned int n = sizeof(struct thole_stats) / sizeof(uint64_t);

	for (unsigned int i = 0; i < n; i++) {
		CU_ASSERT_EQUAL_FATAL(thole_stats_describe(i, &name, &text), 0);
		CU_ASSERT_TRUE(strlen(name) > 1 && strlen(text) > 1);
	}
	CU_ASSERT_EQUAL(thole_stats_describe(n, &name, &text), -ENOENT);
	CU_ASSERT_EQUAL(thole_stats_describe(0, &name, &text), 0);
	CU_ASSERT_STRING_EQUAL(name, "rx_pkts");
}

static const struct test_case cases[] = {
	{ "each fault is named", each_fault_is_named },
	{ "small rooms are refused", small_rooms_are_refused },
	{ "memory may run out anywhere", memory_may_run_out_anywhere },
	{ "memory of the C library", memory_of_the_c_library },
	{ "counters have names", counters_have_names },
	{ NULL, NULL },
};
const struct test_suite suite_config = { "config", cases };
