/* SPDX-License-Identifier: BSD-3-Clause */
/* rss.c: see rss.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "port/compat.h"
#include "port/quiet.h"
#include "port/rss.h"

#define WANTED (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP)

/* The symmetric key, as often as the device's length takes. */
static void
fill_key(uint8_t *key, uint32_t bytes)
{
	struct thole_rss rss;

	thole_rss_init(&rss, 1);
	for (uint32_t i = 0; i < bytes; i++)
		key[i] = rss.key[i % 2];
}

/* Of drivers that don't say: what all keys have. */
static uint8_t
key_bytes(const struct rte_eth_dev_info *info)
{
	return info->hash_key_size != 0 ? info->hash_key_size : THOLE_RSS_KEY_BYTES;
}

void
rss_ask(const struct rte_eth_dev_info *info, struct rte_eth_conf *conf, uint8_t *key)
{
	struct rte_eth_rss_conf *rss = &conf->rx_adv_conf.rss_conf;

	if ((info->flow_type_rss_offloads & WANTED) == 0)
		return;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	rss->rss_hf = info->flow_type_rss_offloads & WANTED;
	if (key_bytes(info) > RSS_KEY_MOST)
		return;
	fill_key(key, key_bytes(info));
	rss->rss_key = key;
	rss->rss_key_len = key_bytes(info);
}

__attribute__((format(printf, 2, 3))) static bool
refuse(struct thole_sharing *sharing, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sharing->why, sizeof(sharing->why), format, args);
	va_end(args);
	return false;
}

/* Some drivers don't heed the key of the configuration, but do this call. */
static bool
read_key(struct thole_port *port, const struct rte_eth_dev_info *info)
{
	struct thole_sharing *sharing = &port->sharing;
	uint8_t key[RSS_KEY_MOST] = { 0 }, ours[RSS_KEY_MOST], bytes = key_bytes(info);
	struct rte_eth_rss_conf conf = {
		.rss_key = ours,
		.rss_key_len = bytes,
		.rss_hf = info->flow_type_rss_offloads & WANTED,
	};
	int error;

	if (bytes < THOLE_RSS_KEY_BYTES || bytes > RSS_KEY_MOST)
		return refuse(sharing, "%s: its RSS key has %u bytes", port->device, bytes);
	fill_key(ours, bytes);
	(void)rte_eth_dev_rss_hash_update(port->id, &conf);
	conf = (struct rte_eth_rss_conf){ .rss_key = key, .rss_key_len = bytes };
	error = rte_eth_dev_rss_hash_conf_get(port->id, &conf);
	if (error != 0)
		return refuse(sharing, "%s: its RSS key can't be read back: %s", port->device,
			rte_strerror(-error));
	if ((conf.rss_hf & RTE_ETH_RSS_NONFRAG_IPV4_TCP) == 0)
		return refuse(sharing, "%s doesn't spread by TCP's ports", port->device);
	memcpy(sharing->rss.key, key, sizeof(sharing->rss.key));
	sharing->symmetric = memcmp(key, ours, bytes) == 0;
	return true;
}

static bool
read_table(struct thole_port *port, const struct rte_eth_dev_info *info)
{
	struct rte_eth_rss_reta_entry64 table[THOLE_RSS_RETA_MAX / RTE_ETH_RETA_GROUP_SIZE];
	struct thole_sharing *sharing = &port->sharing;
	uint16_t n = info->reta_size;
	int error;

	if (n == 0 || n > THOLE_RSS_RETA_MAX || (n & (n - 1)) != 0)
		return refuse(sharing, "%s: its RSS table has %u entries", port->device, n);
	memset(table, 0, sizeof(table));
	for (uint16_t i = 0; i < n; i++) {
		struct rte_eth_rss_reta_entry64 *group = &table[i / RTE_ETH_RETA_GROUP_SIZE];

		group->mask |= UINT64_C(1) << i % RTE_ETH_RETA_GROUP_SIZE;
		group->reta[i % RTE_ETH_RETA_GROUP_SIZE] = (uint16_t)(i % port->nb_queues);
	}
	(void)rte_eth_dev_rss_reta_update(port->id, table, n);
	for (uint16_t i = 0; i < n; i++) /* none of ours is to be taken for what was read */
		table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = UINT16_MAX;
	error = rte_eth_dev_rss_reta_query(port->id, table, n);
	if (error != 0)
		return refuse(sharing, "%s: its RSS table can't be read back: %s", port->device,
			rte_strerror(-error));
	sharing->rss.reta_size = n;
	for (uint16_t i = 0; i < n; i++) {
		uint16_t queue =
			table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];

		if (queue >= port->nb_queues)
			return refuse(
				sharing, "%s: its RSS table names queue %u", port->device, queue);
		sharing->rss.reta[i] = (uint8_t)queue;
	}
	for (uint16_t q = 0; q < port->nb_queues; q++)
		if (memchr(sharing->rss.reta, q, n) == NULL)
			return refuse(
				sharing, "%s: its RSS table leaves out queue %u", port->device, q);
	return true;
}

static bool
ask_device(struct thole_port *port, const struct rte_eth_dev_info *info)
{
	struct thole_sharing *sharing = &port->sharing;

	if (port->nb_queues < port->nb_workers)
		return refuse(sharing, "%s has %u of %u queues", port->device, port->nb_queues,
			port->nb_workers);
	if ((info->flow_type_rss_offloads & RTE_ETH_RSS_NONFRAG_IPV4_TCP) == 0)
		return refuse(sharing, "%s has no RSS", port->device);
	if (!read_key(port, info) || !read_table(port, info))
		return false;
	snprintf(sharing->why, sizeof(sharing->why), "%s: %s key and %u entries were read back",
		port->device, sharing->symmetric ? "our symmetric" : "its own", info->reta_size);
	return true;
}

void
rss_settle(struct thole_port *port, const struct rte_eth_dev_info *info, bool wrong_worker)
{
	struct thole_sharing *sharing = &port->sharing;
	uint32_t level;

	sharing->nb_workers = port->nb_workers;
	sharing->nb_queues = port->nb_queues;
	if (port->nb_workers == 1)
		return;
	level = quiet_begin();
	sharing->by_device = ask_device(port, info);
	quiet_end(level);
	if (!sharing->by_device) {
		thole_rss_init(&sharing->rss, port->nb_workers);
		sharing->symmetric = true;
	}
	if (!wrong_worker)
		return;
	sharing->by_device = false;
	snprintf(sharing->why, sizeof(sharing->why),
		"%s: for a test, each flow is the next worker's", port->device);
	for (uint32_t i = 0; i < sharing->rss.reta_size; i++)
		sharing->rss.reta[i] = (uint8_t)((sharing->rss.reta[i] + 1U) % port->nb_workers);
}
