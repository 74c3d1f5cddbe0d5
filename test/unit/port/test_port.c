/* SPDX-License-Identifier: BSD-3-Clause */
/* test_port.c: ports over cables: set-up, what can go wrong with it, and that nothing is left
 * behind. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include <thole/port.h>

#include "port/cable.h"
#include "port/port.h"
#include "test.h"

static struct thole_port_config
small(const char *device)
{
	struct thole_port_config c;

	thole_port_config_init(&c);
	c.device = device;
	c.rx_desc = 64;
	c.tx_desc = 64;
	c.pool_mbufs = 1024;
	return c;
}

static struct thole_port *
open_small(const char *device)
{
	struct thole_port_config c = small(device);
	struct thole_why why = { "" };
	struct thole_port *port = NULL;

	CU_ASSERT_EQUAL(thole_port_open(&c, &port, &why), 0);
	CU_ASSERT_STRING_EQUAL(why.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(port);
	return port;
}

static void
refuses(const struct thole_port_config *config, int error, const char *part)
{
	struct thole_why why = { "" };
	struct thole_port *port = NULL;

	CU_ASSERT_EQUAL(thole_port_open(config, &port, &why), error);
	if (strstr(why.text, part) == NULL)
		printf("# said: %s\n", why.text);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, part));
	CU_ASSERT_PTR_NULL(port);
	CU_ASSERT_EQUAL(thole_port_open(config, &port, NULL), error);
}

static void
carries_packets(void)
{
	struct thole_port *a, *b;
	struct rte_mbuf *m, *got = NULL;

	CU_ASSERT_EQUAL_FATAL(thole_cable_create("left", "right", 2, 64, NULL), 0);
	a = open_small("left");
	b = open_small("right");
	CU_ASSERT_NOT_EQUAL(thole_port_id(a), thole_port_id(b));
	CU_ASSERT_EQUAL(a->mtu, 1500);
	CU_ASSERT_TRUE(a->max_segs > 16);
	CU_ASSERT_EQUAL(thole_port_offloads(a), 0); /* net_ring has none */
	CU_ASSERT_PTR_NOT_NULL(thole_port_pool(a, 0));
	CU_ASSERT_PTR_NULL(thole_port_pool(a, 1));

	m = rte_pktmbuf_alloc(thole_port_pool(a, 0));
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(rte_eth_tx_burst(thole_port_id(a), 0, &m, 1), 1);
	CU_ASSERT_EQUAL(rte_eth_rx_burst(thole_port_id(a), 0, &got, 1), 0);
	CU_ASSERT_EQUAL(rte_eth_rx_burst(thole_port_id(b), 0, &got, 1), 1);
	CU_ASSERT_PTR_EQUAL(m, got);
	/* Left in the cable on purpose, both ways: closing must free them. */
	CU_ASSERT_EQUAL(rte_eth_tx_burst(thole_port_id(b), 0, &got, 1), 1);
	m = rte_pktmbuf_alloc(thole_port_pool(a, 0));
	CU_ASSERT_EQUAL(rte_eth_tx_burst(thole_port_id(a), 0, &m, 1), 1);
	thole_port_close(a);
	thole_port_close(b);
}

static size_t
heap_in_use(void)
{
	struct rte_malloc_socket_stats stats = { 0 };

	rte_malloc_get_socket_stats(0, &stats);
	return stats.heap_allocsz_bytes;
}

static void
leaves_nothing(void)
{
	size_t before = 0;

	for (int round = 0; round < 20; round++) {
		struct thole_port *a, *b;

		if (round == 2) /* what DPDK sets up once is there by then */
			before = heap_in_use();
		CU_ASSERT_EQUAL_FATAL(thole_cable_create("left", "right", 1, 1024, NULL), 0);
		a = open_small("left");
		b = open_small("right");
		thole_port_close(round % 2 != 0 ? a : b);
		thole_port_close(round % 2 != 0 ? b : a);
		CU_ASSERT_FALSE(cable_has("net_ring_left"));
		CU_ASSERT_FALSE(cable_has("net_ring_right"));
	}
	CU_ASSERT_EQUAL(heap_in_use(), before);
	CU_ASSERT_EQUAL(rte_eth_dev_count_avail(), 0);
	thole_port_close(NULL);
}

static void
addresses(void)
{
	struct rte_ether_addr zero = { { 0 } }, own = { { 0x3a, 1, 2, 3, 4, 5 } }, x, y;

	x = port_choose_mac(1, "net_ring", &zero);
	y = port_choose_mac(2, "net_ring", &zero);
	CU_ASSERT_TRUE(rte_is_local_admin_ether_addr(&x));
	CU_ASSERT_TRUE(rte_is_unicast_ether_addr(&x));
	CU_ASSERT_FALSE(rte_is_same_ether_addr(&x, &y));
	y = port_choose_mac(1, "net_ring", &zero);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&x, &y));
	x = port_choose_mac(1, "net_memif", &own);
	CU_ASSERT_TRUE(rte_is_same_ether_addr(&x, &own));
	x = port_choose_mac(1, "net_tap", &own);
	CU_ASSERT_FALSE(rte_is_same_ether_addr(&x, &own));
	CU_ASSERT_TRUE(rte_is_local_admin_ether_addr(&x));
	CU_ASSERT_TRUE(rte_is_unicast_ether_addr(&x));
}

static void
no_such_device(void)
{
	struct thole_port_config c = small("nowhere");
	struct thole_port *a, *b;

	refuses(&c, -ENODEV, "no such device 'nowhere', nor any other: give EAL one");
	c.device = NULL;
	refuses(&c, -ENODEV, "no device is named");
	CU_ASSERT_EQUAL_FATAL(thole_cable_create("left", "right", 1, 64, NULL), 0);
	c.device = "nowhere";
	refuses(&c, -ENODEV, "no such device 'nowhere'; there are: net_ring_left, net_ring_right");
	c.device = "31";
	refuses(&c, -ENODEV, "'31'");
	a = open_small("left");
	c.device = "net_ring_left";
	refuses(&c, -EBUSY, "in use");
	b = open_small("net_ring_right");
	thole_port_close(b);
	thole_port_close(a);
}

static void
bad_settings(void)
{
	struct thole_port_config c = small("left");
	struct thole_port *a, *b;

	CU_ASSERT_EQUAL_FATAL(thole_cable_create("left", "right", 2, 64, NULL), 0);
	c.nb_queues = 3;
	refuses(&c, -EINVAL, "has 2 queue pairs, not 3");
	c.nb_queues = 129;
	refuses(&c, -EINVAL, "queues");
	c = small("left");
	c.nb_workers = 0;
	refuses(&c, -EINVAL, "workers");
	c.nb_workers = 129;
	refuses(&c, -EINVAL, "workers");
	c.nb_workers = 2;
	c.pool_mbufs = 1024;
	refuses(&c, -EINVAL, "1 other workers: it takes 1664 or more");
	c = small("left");
	c.rx_desc = 0;
	refuses(&c, -EINVAL, "rx_desc");
	c = small("left");
	c.pool_mbufs = 639;
	refuses(&c, -EINVAL, "it takes 640 or more");
	c = small("left");
	c.mtu = 20;
	refuses(&c, -EINVAL, "not 20");
	c = small("left");
	c.mbuf_bytes = 100;
	refuses(&c, -EINVAL, "mbuf_bytes");
	c = small("left");
	c.pool_mbufs = 1 << 20;
	refuses(&c, -ENOMEM, "no memory for 1048576 mbufs");
	/* After all that the device still can be opened. */
	a = open_small("left");
	b = open_small("right");
	thole_port_close(a);
	thole_port_close(b);
}

static void
bad_cables(void)
{
	struct thole_why why = { "" };
	struct thole_port *a, *b;

	CU_ASSERT_EQUAL(thole_cable_create("a", "a", 1, 64, &why), -EINVAL);
	CU_ASSERT_EQUAL(thole_cable_create("a", "b", 0, 64, &why), -EINVAL);
	CU_ASSERT_EQUAL(thole_cable_create("a", "b", 17, 64, &why), -EINVAL);
	CU_ASSERT_EQUAL(thole_cable_create("a", "b", 1, 63, &why), -EINVAL);
	CU_ASSERT_EQUAL(thole_cable_create("a", "", 1, 64, &why), -EINVAL);
	CU_ASSERT_EQUAL(thole_cable_create("a", "b", 16, 1 << 26, &why), -ENOMEM);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "memory"));
	CU_ASSERT_EQUAL(thole_cable_create(
				"a-name-that-is-much-longer-than-any-ethdev's-name-may-be-in-dpdk",
				"b", 1, 64, &why),
		-EINVAL);
	CU_ASSERT_EQUAL_FATAL(thole_cable_create("a", "b", 1, 64, &why), 0);
	CU_ASSERT_EQUAL(thole_cable_create("c", "b", 1, 64, &why), -EEXIST);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "'b'"));
	a = open_small("a");
	b = open_small("b");
	thole_port_close(a);
	thole_port_close(b);
	CU_ASSERT_EQUAL(rte_eth_dev_count_avail(), 0);
}

static void
pretends(void)
{
	struct thole_port_config c = small("left");
	struct thole_port *a = NULL, *b;

	CU_ASSERT_EQUAL_FATAL(thole_cable_create("left", "right", 1, 64, NULL), 0);
	c.pretend_checksums = true;
	CU_ASSERT_EQUAL_FATAL(thole_port_open(&c, &a, NULL), 0);
	CU_ASSERT_EQUAL(thole_port_offloads(a), THOLE_OFFLOAD_RX_TRUST | THOLE_OFFLOAD_TX_CSUM);
	CU_ASSERT_FALSE(a->prepare);
	b = open_small("right");
	thole_port_close(a);
	thole_port_close(b);
}

static const struct test_case cases[] = {
	{ "a cable carries packets", carries_packets },
	{ "opening and closing leaves nothing", leaves_nothing },
	{ "station addresses", addresses },
	{ "no such device", no_such_device },
	{ "settings that a device can't have", bad_settings },
	{ "cables that can't be", bad_cables },
	{ "pretended checksums", pretends },
	{ NULL, NULL },
};

const struct test_suite suite_port = { "port", cases };
