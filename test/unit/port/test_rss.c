/* SPDX-License-Identifier: BSD-3-Clause */
/* test_rss.c: key and table as a device has them: net_null, which keeps both; and devices without.
 */
#include <stdio.h>
#include <string.h>

#include <rte_bus_vdev.h>
#include <rte_ethdev.h>

#include <thole/port.h>

#include "port/port.h"
#include "test.h"

static struct thole_port_config
config(const char *device, uint16_t workers)
{
	struct thole_port_config c;

	thole_port_config_init(&c);
	c.device = device;
	c.rx_desc = 64;
	c.tx_desc = 64;
	c.pool_mbufs = 4096;
	c.nb_workers = workers;
	return c;
}

static struct thole_port *
open_port(const struct thole_port_config *c)
{
	struct thole_why why = { "" };
	struct thole_port *port = NULL;

	CU_ASSERT_EQUAL(thole_port_open(c, &port, &why), 0);
	if (port == NULL)
		printf("# said: %s\n", why.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(port);
	return port;
}

/* What the device has now, asked by the test itself. */
static void
agrees_with_device(const struct thole_port *port, const struct thole_sharing *sharing)
{
	struct rte_eth_rss_reta_entry64 table[8];
	uint8_t key[64] = { 0 };
	struct rte_eth_rss_conf conf = { .rss_key = key, .rss_key_len = 40 };

	CU_ASSERT_EQUAL(rte_eth_dev_rss_hash_conf_get(port->id, &conf), 0);
	CU_ASSERT_EQUAL(memcmp(key, sharing->rss.key, sizeof(sharing->rss.key)), 0);
	memset(table, 0, sizeof(table));
	for (int i = 0; i < 8; i++)
		table[i].mask = UINT64_MAX;
	CU_ASSERT_EQUAL(rte_eth_dev_rss_reta_query(port->id, table, sharing->rss.reta_size), 0);
	for (uint32_t i = 0; i < sharing->rss.reta_size; i++)
		CU_ASSERT_EQUAL(table[i / 64].reta[i % 64], sharing->rss.reta[i]);
}

static void
read_back(void)
{
	const struct thole_sharing *sharing;
	struct thole_port_config c;
	struct thole_port *port;
	struct thole_rss ours;

	CU_ASSERT_EQUAL_FATAL(rte_vdev_init("net_null7", ""), 0);
	c = config("net_null7", 3);
	port = open_port(&c);
	sharing = thole_port_sharing(port);
	CU_ASSERT_EQUAL(sharing->nb_workers, 3);
	CU_ASSERT_EQUAL(sharing->nb_queues, 3);
	CU_ASSERT_TRUE(sharing->by_device);
	CU_ASSERT_PTR_NOT_NULL(strstr(sharing->why, "were read back"));
	agrees_with_device(port, sharing);
	thole_rss_init(&ours, 3);
	CU_ASSERT_EQUAL(memcmp(sharing->rss.key, ours.key, sizeof(ours.key)), 0);
	CU_ASSERT_TRUE(sharing->symmetric);
	for (uint32_t i = 0; i < sharing->rss.reta_size; i++)
		CU_ASSERT_EQUAL(sharing->rss.reta[i], i % 3);
	thole_port_close(port);
	(void)rte_vdev_uninit("net_null7");
}

static void
fewer_queues(void)
{
	const struct thole_sharing *sharing;
	struct thole_port_config c;
	struct thole_port *port;

	CU_ASSERT_EQUAL_FATAL(rte_vdev_init("net_null7", ""), 0);
	c = config("net_null7", 3);
	c.nb_queues = 2;
	port = open_port(&c);
	sharing = thole_port_sharing(port);
	CU_ASSERT_EQUAL(sharing->nb_workers, 3);
	CU_ASSERT_EQUAL(sharing->nb_queues, 2);
	CU_ASSERT_FALSE(sharing->by_device);
	CU_ASSERT_PTR_NOT_NULL(strstr(sharing->why, "2 of 3 queues"));
	for (uint32_t i = 0; i < sharing->rss.reta_size; i++)
		CU_ASSERT_EQUAL(sharing->rss.reta[i], i % 3);
	thole_port_close(port);
	(void)rte_vdev_uninit("net_null7");
}

static void
without(void)
{
	const struct thole_sharing *sharing;
	struct thole_port_config c = config("left", 2);
	struct thole_port *a, *b;

	CU_ASSERT_EQUAL_FATAL(thole_cable_create("left", "right", 2, 64, NULL), 0);
	a = open_port(&c);
	sharing = thole_port_sharing(a);
	CU_ASSERT_FALSE(sharing->by_device);
	CU_ASSERT_TRUE(sharing->symmetric);
	CU_ASSERT_PTR_NOT_NULL(strstr(sharing->why, "net_ring_left has no RSS"));
	c = config("right", 2);
	c.wrong_worker = true;
	b = open_port(&c);
	CU_ASSERT_PTR_NOT_NULL(strstr(thole_port_sharing(b)->why, "for a test"));
	for (uint32_t i = 0; i < sharing->rss.reta_size; i++)
		CU_ASSERT_EQUAL(thole_port_sharing(b)->rss.reta[i], 1 - sharing->rss.reta[i]);
	thole_port_close(a);
	thole_port_close(b);
}

/* One worker has nothing to share. */
static void
alone(void)
{
	struct thole_port_config c;
	struct thole_port *port;

	CU_ASSERT_EQUAL_FATAL(rte_vdev_init("net_null7", ""), 0);
	c = config("net_null7", 1);
	port = open_port(&c);
	CU_ASSERT_EQUAL(thole_port_sharing(port)->nb_workers, 1);
	CU_ASSERT_EQUAL(thole_port_sharing(port)->nb_queues, 1);
	CU_ASSERT_FALSE(thole_port_sharing(port)->by_device);
	CU_ASSERT_STRING_EQUAL(thole_port_sharing(port)->why, "");
	CU_ASSERT_PTR_NULL(port->handover);
	thole_port_close(port);
	(void)rte_vdev_uninit("net_null7");
}

static const struct test_case cases[] = {
	{ "read back from the device", read_back },
	{ "fewer queues than workers", fewer_queues },
	{ "a device without", without },
	{ "alone", alone },
	{ NULL, NULL },
};
const struct test_suite suite_rss = { "rss", cases };
