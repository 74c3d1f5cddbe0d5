/* SPDX-License-Identifier: BSD-3-Clause */
/* port.h: an open port, as the worker sees it. */
#ifndef PORT_PORT_H
#define PORT_PORT_H

#include <rte_ethdev.h>

#include <thole/port.h>

#include "port/compat.h"

#define PORT_WORKERS 128 /* on a port, at most */

struct handover_rings;

struct thole_port {
	char device[RTE_ETH_NAME_MAX_LEN];
	uint16_t id;
	uint16_t nb_workers;
	uint16_t nb_queues; /* one each for the first workers */
	uint16_t mtu;
	uint16_t max_segs; /* a packet's mbufs that the device sends; 1 when it takes no chains */
	int node;	   /* the device's NUMA node, or SOCKET_ID_ANY */
	int nodes[PORT_WORKERS]; /* the workers' */
	uint64_t owner;		 /* by ethdev's count; 0: not taken yet */
	uint32_t offloads;	 /* enum thole_offload in force */
	int tap_lock;		 /* or -1 (tap.h) */
	bool prepare;		 /* the device wants rte_eth_tx_prepare() */
	bool used;		 /* queues were set up: the ethdev has to be closed */
	bool started;
	bool rx_interrupts;	   /* asked for, and the driver started with them */
	struct rte_ether_addr mac; /* what a stack on it goes by */
	uint64_t secret[2]; /* of the workers' stacks that aren't given one; 0: none drawn yet */
	struct thole_sharing sharing;
	struct handover_rings *handover; /* NULL with one worker */
	struct rte_mempool *pools[];	 /* by worker */
};

/** Finds an ethdev by name, cable end or number. @return 0, or -ENODEV with the names there are. */
int port_find(const char *device, uint16_t *id, struct thole_why *why);

/**
 * The MAC for a stack on port @p id: the device's own, or a locally administered one (same for the
 * same device) where that is zero or belongs to the kernel's side (net_tap).
 */
struct rte_ether_addr port_choose_mac(
	uint16_t id, const char *driver, const struct rte_ether_addr *own);

#endif
