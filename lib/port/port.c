/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port.c: sets up an ethdev for workers. What is wished for (offloads, hash functions, descriptors)
 * is cut to what the device has; only what can't be done without is an error. Link state is not
 * looked at: virtual devices read down while they work, and TCP waits by itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include "port/cable.h"
#include "port/capture.h"
#include "port/eal.h"
#include "port/handover.h"
#include "port/port.h"
#include "port/quiet.h"
#include "port/rss.h"
#include "port/tap.h"
#include "port/why.h"

#define PORT_RX_CSUM	(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM)
#define PORT_TX_CSUM	(RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM)
#define PORT_POOL_CACHE 256
#define PORT_BURST_MOST 256 /* of a worker */

/* Everything that setting up passes on from step to step. */
struct setup {
	const struct thole_port_config *config;
	struct thole_port *port;
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	uint16_t rx_desc;
	uint16_t tx_desc;
	uint8_t rss_key[RSS_KEY_MOST];
	struct thole_why *why;
};

void
thole_port_config_init(struct thole_port_config *config)
{
	*config = (struct thole_port_config){
		.nb_workers = 1,
		.rx_desc = 1024,
		.tx_desc = 1024,
		.pool_mbufs = 16384,
		.mbuf_bytes = 2048,
		.offload_checksums = true,
	};
}

/* A driver may put a bound on a packet without segmentation offload apart from the one with it. */
static uint16_t
max_segs(const struct rte_eth_dev_info *info)
{
	uint16_t most = info->tx_desc_lim.nb_mtu_seg_max;

	if ((info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) == 0)
		return 1;
	if (most == 0)
		most = info->tx_desc_lim.nb_seg_max;
	return most == 0 ? UINT16_MAX : most;
}

static void
choose_offloads(struct setup *s)
{
	uint64_t rx = s->info.rx_offload_capa, tx = s->info.tx_offload_capa;
	struct rte_eth_conf *conf = &s->conf;

	/* It sums in software, and wrongly when a segment that isn't the last has an odd length. */
	if (strcmp(s->info.driver_name, "net_tap") == 0)
		tx &= ~PORT_TX_CSUM;
	/* All or nothing: a stack that must sum one of the two itself gains little from the other.
	 */
	if (s->config->offload_checksums && (rx & PORT_RX_CSUM) == PORT_RX_CSUM) {
		conf->rxmode.offloads |= PORT_RX_CSUM;
		s->port->offloads |= THOLE_OFFLOAD_RX_CSUM;
	}
	if (s->config->offload_checksums && (tx & PORT_TX_CSUM) == PORT_TX_CSUM) {
		conf->txmode.offloads |= PORT_TX_CSUM;
		s->port->offloads |= THOLE_OFFLOAD_TX_CSUM;
		s->port->prepare = true;
	}
	if (s->config->pretend_checksums)
		s->port->offloads |= THOLE_OFFLOAD_RX_TRUST | THOLE_OFFLOAD_TX_CSUM;
	s->port->max_segs = max_segs(&s->info);
	if (s->port->max_segs > 1)
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if (s->port->nb_queues > 1)
		rss_ask(&s->info, conf, s->rss_key);
}

/* The largest MTU: some devices bound the frame more tightly than they say of the MTU. */
static uint32_t
max_mtu(const struct rte_eth_dev_info *info)
{
	uint32_t overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;

	/* As ethdev reckons it: where both are said, the difference is the driver's overhead. */
	if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
		overhead = info->max_rx_pktlen - info->max_mtu;
	if (info->max_rx_pktlen <= overhead)
		return info->max_mtu;
	return RTE_MIN((uint32_t)info->max_mtu, info->max_rx_pktlen - overhead);
}

/* A frame must fit into an mbuf, or the device must be able to spread it over several. */
static int
choose_mtu(struct setup *s)
{
	uint16_t mtu = s->config->mtu != 0 ? s->config->mtu : RTE_ETHER_MTU;
	uint32_t frame = (uint32_t)mtu + RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;

	if (s->config->mtu != 0) {
		if (mtu < s->info.min_mtu || mtu > max_mtu(&s->info))
			return why_set(s->why, -EINVAL, "%s: its MTU can be %u to %u, not %u",
				s->port->device, s->info.min_mtu, max_mtu(&s->info), mtu);
		s->conf.rxmode.mtu = mtu;
	}
	if (frame <= s->config->mbuf_bytes)
		return 0;
	if ((s->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) == 0)
		return why_set(s->why, -EINVAL,
			"%s can't spread a frame over mbufs: MTU %u needs mbuf_bytes of %u or more",
			s->port->device, mtu, frame);
	s->conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
	return 0;
}

static int
choose_queues(struct setup *s)
{
	uint16_t most = (uint16_t)RTE_MIN(s->info.max_rx_queues, s->info.max_tx_queues);
	uint16_t n = s->config->nb_queues;

	if (n == 0)
		n = (uint16_t)RTE_MIN(s->port->nb_workers, most);
	if (n > most || n == 0)
		return why_set(
			s->why, -EINVAL, "%s has %u queue pairs, not %u", s->port->device, most, n);
	s->port->nb_queues = n;
	return 0;
}

static int
configure(struct setup *s)
{
	uint16_t id = s->port->id, n;
	int error = choose_queues(s);

	if (error != 0)
		return error;
	n = s->port->nb_queues;
	choose_offloads(s);
	error = choose_mtu(s);
	if (error != 0)
		return error;

	uint32_t level = quiet_begin();

	error = rte_eth_dev_configure(id, n, n, &s->conf);
	quiet_end(level);
	if (error != 0)
		return why_set(s->why, error, "%s can't be configured: %s", s->port->device,
			error == -EBUSY ? "it is in use" : rte_strerror(-error));
	/* Devices whose kernel side has an MTU too; many have nothing to set. */
	if (s->config->mtu != 0) {
		level = quiet_begin();
		error = rte_eth_dev_set_mtu(id, s->config->mtu);
		quiet_end(level);
		if (error != 0 && error != -ENOTSUP)
			return why_set(s->why, error, "%s refuses MTU %u: %s", s->port->device,
				s->config->mtu, rte_strerror(-error));
	}
	if (s->config->mtu != 0)
		s->port->mtu = s->config->mtu;
	else if (rte_eth_dev_get_mtu(id, &s->port->mtu) != 0)
		s->port->mtu = RTE_ETHER_MTU;
	s->rx_desc = s->config->rx_desc;
	s->tx_desc = s->config->tx_desc;
	error = rte_eth_dev_adjust_nb_rx_tx_desc(id, &s->rx_desc, &s->tx_desc);
	if (error != 0)
		return why_set(s->why, error, "%s: %s", s->port->device, rte_strerror(-error));
	return 0;
}

/*
 * More polling threads than processors: the plain pool's ring would spin on a peer that isn't
 * running, so the one that can be stepped past is taken (rte_ring's RTS mode).
 */
static const char *
pool_ops(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (cpus > 0 && rte_lcore_count() > (unsigned long)cpus)
		return "ring_mt_rts";
	return rte_mbuf_best_mempool_ops();
}

static int
make_pools(struct setup *s)
{
	static unsigned int serial;
	const struct thole_port_config *c = s->config;
	uint32_t others = s->port->nb_workers - 1U;
	uint32_t least =
		(uint32_t)s->rx_desc + s->tx_desc + 2 * PORT_BURST_MOST + others * HANDOVER_ENTRIES;
	unsigned int cache = RTE_MIN(c->pool_mbufs / 4, (unsigned int)PORT_POOL_CACHE);

	if (c->pool_mbufs < least)
		return why_set(s->why, -EINVAL,
			"pool_mbufs %u is too few for %u + %u descriptors and %u other workers: it "
			"takes %u or more",
			c->pool_mbufs, s->rx_desc, s->tx_desc, others, least);
	serial++;
	for (uint16_t w = 0; w < s->port->nb_workers; w++) {
		char name[RTE_MEMPOOL_NAMESIZE];

		uint32_t level = quiet_begin();

		snprintf(name, sizeof(name), "port%u.%u.%u", s->port->id, w, serial);
		s->port->pools[w] = rte_pktmbuf_pool_create_by_ops(name, c->pool_mbufs, cache, 0,
			(uint16_t)(c->mbuf_bytes + RTE_PKTMBUF_HEADROOM),
			rte_eal_has_hugepages() ? s->port->nodes[w] : SOCKET_ID_ANY, pool_ops());
		quiet_end(level);
		if (s->port->pools[w] == NULL)
			return why_set(s->why, -ENOMEM,
				"%s: no memory for %u mbufs of %u B (%s): ask for fewer with "
				"pool_mbufs, or give EAL more with -m",
				s->port->device, c->pool_mbufs, c->mbuf_bytes,
				rte_strerror(rte_errno));
	}
	return 0;
}

static int
start(struct setup *s)
{
	struct rte_eth_rxconf rx = s->info.default_rxconf;
	struct rte_eth_txconf tx = s->info.default_txconf;
	unsigned int node = (unsigned int)s->port->node;
	uint16_t id = s->port->id;
	struct capture capture;
	int error = 0;

	/* Ours instead of the driver's choice, which may be MBUF_FAST_FREE: our mbufs are shared.
	 */
	rx.offloads = s->conf.rxmode.offloads;
	tx.offloads = s->conf.txmode.offloads;
	s->port->used = true;
	for (uint16_t q = 0; q < s->port->nb_queues && error == 0; q++) {
		error = rte_eth_rx_queue_setup(id, q, s->rx_desc, node, &rx, s->port->pools[q]);
		if (error == 0)
			error = rte_eth_tx_queue_setup(id, q, s->tx_desc, node, &tx);
	}
	if (error != 0)
		return why_set(s->why, error, "%s: its queues can't be set up: %s", s->port->device,
			rte_strerror(-error));
	capture_begin(&capture); /* net_tap complains that it can't tell secondary processes */
	error = rte_eth_dev_start(id);
	free(capture_end(&capture));
	if (error != 0)
		return why_set(s->why, error, "%s doesn't start: %s%s", s->port->device,
			rte_strerror(-error),
			strncmp(s->port->device, "net_memif", 9) == 0
				? "; start the end with role=server first"
				: "");
	s->port->started = true;
	if (s->config->promiscuous) {
		error = rte_eth_promiscuous_enable(id);
		if (error != 0 && error != -ENOTSUP)
			return why_set(s->why, error, "%s can't be promiscuous: %s",
				s->port->device, rte_strerror(-error));
	}
	return 0;
}

/* Asked before ethdev is, which would say so in the log as well. */
static int
take(struct setup *s)
{
	struct rte_eth_dev_owner owner = { 0 };
	uint16_t id = s->port->id;
	int error = rte_eth_dev_owner_get(id, &owner);

	if (error == 0 && owner.id != RTE_ETH_DEV_NO_OWNER)
		return why_set(
			s->why, -EBUSY, "%s is in use: by %s", s->config->device, owner.name);
	if (error == 0)
		error = rte_eth_dev_owner_new(&owner.id);
	if (error == 0) {
		snprintf(owner.name, sizeof(owner.name), "thole");
		error = rte_eth_dev_owner_set(id, &owner);
	}
	if (error != 0)
		return why_set(s->why, error, "%s can't be taken: %s", s->config->device,
			rte_strerror(-error));
	s->port->owner = owner.id;
	return 0;
}

static int
identify(struct setup *s)
{
	struct rte_ether_addr own = { 0 };
	struct thole_port *port = s->port;
	int error;

	error = rte_eth_dev_get_name_by_port(port->id, port->device);
	if (error == 0)
		error = rte_eth_dev_info_get(port->id, &s->info);
	if (error != 0)
		return why_set(s->why, error, "%s can't be asked what it is: %s", s->config->device,
			rte_strerror(-error));
	(void)rte_eth_macaddr_get(port->id, &own); /* stays zero: one is made up */
	port->mac = port_choose_mac(port->id, s->info.driver_name, &own);
	port->node = rte_eth_dev_socket_id(port->id);
	/* Without hugepages all of EAL's memory counts as one node's. */
	if (port->node < 0 || rte_eal_has_hugepages() == 0)
		port->node = SOCKET_ID_ANY;
	for (uint16_t w = 0; w < port->nb_workers; w++)
		port->nodes[w] = s->config->lcores == NULL
					 ? port->node
					 : (int)rte_lcore_to_socket_id(s->config->lcores[w]);
	return 0;
}

/* Some drivers start with RX interrupts only where they find what they need for them (net_virtio:
 * MSI-X); then without. */
static int
set_up(struct setup *s)
{
	int error;

	s->conf.intr_conf.rxq = s->config->rx_interrupts;
	error = configure(s);
	if (error == 0)
		error = make_pools(s);
	if (error == 0)
		error = start(s);
	if (error != 0 && s->conf.intr_conf.rxq != 0 && s->port->pools[0] != NULL) {
		s->conf.intr_conf.rxq = 0;
		error = configure(s);
		if (error == 0)
			error = start(s);
	}
	s->port->rx_interrupts = s->conf.intr_conf.rxq != 0;
	return error;
}

/* With the device started: whose flows are whose, and the rings between workers. */
static int
share(struct setup *s)
{
	rss_settle(s->port, &s->info, s->config->wrong_worker);
	if (s->port->nb_workers == 1)
		return 0;
	s->port->handover = handover_create(s->port);
	return s->port->handover != NULL
		       ? 0
		       : why_set(s->why, -ENOMEM, "%s: no memory for the rings of %u workers",
				 s->port->device, s->port->nb_workers);
}

/* Where EAL was started by the program itself, a tap is locked here. */
static int
lock_tap(struct setup *s)
{
	char iface[IF_NAMESIZE];

	if (strcmp(s->info.driver_name, "net_tap") != 0 ||
		if_indextoname(s->info.if_index, iface) == NULL || eal_has_tap(iface))
		return 0;
	return tap_lock(iface, &s->port->tap_lock, s->why);
}

static int
check(const struct thole_port_config *c, struct thole_why *why)
{
	if (c->nb_workers == 0 || c->nb_workers > PORT_WORKERS || c->nb_queues > PORT_WORKERS)
		return why_set(
			why, -EINVAL, "workers must be 1 to %d, and queues no more", PORT_WORKERS);
	if (c->rx_desc == 0 || c->tx_desc == 0)
		return why_set(why, -EINVAL, "rx_desc and tx_desc must be 1 or more");
	if (c->mbuf_bytes < 512 || c->mbuf_bytes > UINT16_MAX - RTE_PKTMBUF_HEADROOM)
		return why_set(why, -EINVAL, "mbuf_bytes must be 512 to %u, not %u",
			UINT16_MAX - RTE_PKTMBUF_HEADROOM, c->mbuf_bytes);
	return 0;
}

int
thole_port_open(
	const struct thole_port_config *config, struct thole_port **out, struct thole_why *why)
{
	struct setup s = { .config = config, .why = why };
	uint16_t id = 0, workers = (uint16_t)RTE_MAX(config->nb_workers, config->nb_queues);
	int error = check(config, why);

	if (error == 0)
		error = port_find(config->device, &id, why);
	if (error != 0)
		return error;
	s.port = calloc(1, sizeof(*s.port) + workers * sizeof(s.port->pools[0]));
	if (s.port == NULL)
		return why_set(why, -ENOMEM, "out of memory");
	s.port->id = id;
	s.port->tap_lock = -1;
	s.port->nb_workers = workers;
	error = take(&s);
	if (error == 0)
		error = identify(&s);
	if (error == 0)
		error = lock_tap(&s);
	if (error == 0)
		error = set_up(&s);
	if (error == 0)
		error = share(&s);
	if (error != 0) {
		thole_port_close(s.port);
		return error;
	}
	*out = s.port;
	return 0;
}

void
thole_port_close(struct thole_port *port)
{
	if (port == NULL)
		return;
	bool is_cable = cable_has(port->device);

	handover_destroy(port->handover);
	if (port->started)
		(void)rte_eth_dev_stop(port->id);
	/* Its queues point to the pools: after this the ethdev is gone for good. */
	if (port->used)
		(void)rte_eth_dev_close(port->id);
	else if (port->owner != RTE_ETH_DEV_NO_OWNER)
		(void)rte_eth_dev_owner_unset(port->id, port->owner);
	if (port->used && is_cable)
		cable_close_end(port->device, port->pools, port->nb_workers);
	else
		for (uint16_t w = 0; w < port->nb_workers; w++)
			rte_mempool_free(port->pools[w]);
	if (port->tap_lock >= 0)
		close(port->tap_lock);
	free(port);
}

uint16_t
thole_port_id(const struct thole_port *port)
{
	return port->id;
}

struct rte_mempool *
thole_port_pool(const struct thole_port *port, uint16_t worker)
{
	return worker < port->nb_workers ? port->pools[worker] : NULL;
}

const struct thole_sharing *
thole_port_sharing(const struct thole_port *port)
{
	return &port->sharing;
}

uint32_t
thole_port_offloads(const struct thole_port *port)
{
	return port->offloads;
}
