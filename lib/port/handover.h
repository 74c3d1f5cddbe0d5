/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * handover.h: packets between the workers of a port. A flow's packets are its owner's (thole/rss.h)
 * wherever they come in: a worker that receives another's gives them to it over a ring of this
 * pair, single producer, single consumer. Workers beyond the device's queues have nothing else to
 * receive from, and send through a worker that has a queue.
 *
 * Nothing is lost to a full ring for HANDOVER_PATIENCE_NS: meanwhile the device isn't read, and its
 * sender feels that. After that its worker is taken as stuck: what is for it is dropped and
 * counted, so that it doesn't hold up the others.
 */
#ifndef PORT_HANDOVER_H
#define PORT_HANDOVER_H

#include <rte_ring.h>

#include "base/owners.h"
#include "port/idle.h"
#include "port/port.h"
#include "port/txq.h"

#define HANDOVER_ENTRIES     1024 /* of a ring, which holds one less */
#define HANDOVER_PATIENCE_NS UINT64_C(100000000)

/* What the workers of a port share: rings by taker and giver, and those of workers without a queue
 * to the ones that send for them. */
struct handover_rings {
	uint16_t nb_workers;
	uint16_t nb_queues;
	struct owners owners;
	const int *nodes;		 /* the port's: each ring is on its taker's */
	struct idle *idle[PORT_WORKERS]; /* to kick; NULL: not made yet, or it never sleeps */
	struct rte_ring *tx[PORT_WORKERS];
	/* Packets of its are out of that ring, and the device hasn't taken them yet. */
	bool relaying[PORT_WORKERS];
	struct rte_ring *rx[]; /* [taker * nb_workers + giver]; NULL to oneself */
};

/* A worker's part. */
struct handover {
	struct handover_rings *rings;
	uint16_t self;
	uint16_t port;
	uint16_t first; /* giver that is looked at first */
	bool has_queue;
	uint16_t nb_relayed;	  /* workers that this one sends for */
	uint16_t next_relayed;	  /* whose packets are taken next */
	uint16_t relay_of;	  /* whose are in relay */
	struct rte_mempool *pool; /* for copies */
	struct thole_worker_stats *stats;
	struct thole_worker_stats relay_stats;
	struct txq relay;
	bool full[PORT_WORKERS]; /* the ring to it has had too little room since full_ns */
	uint64_t full_ns[PORT_WORKERS];
	bool gave[PORT_WORKERS]; /* in this turn, and it doesn't know yet */
};

/** @return NULL: no memory. */
struct handover_rings *handover_create(const struct thole_port *port);

/** Frees the rings and what is in them. */
void handover_destroy(struct handover_rings *rings);

void handover_init(struct handover *h, const struct thole_port *port, uint16_t self,
	struct thole_worker_stats *stats);

/** Others wake this worker by @p idle from now on, when they give it something. Any thread. */
void handover_sleeps(struct handover *h, struct idle *idle);

/** Frees what waits for this worker, and what waits to be sent for others. */
void handover_fini(struct handover *h);

/**
 * A turn's packets for this worker: at most @p max that others gave, then at most @p max from the
 * device. @p given gets how many of the device's went to others.
 */
uint16_t handover_rx(
	struct handover *h, struct rte_mbuf **pkts, uint16_t max, uint64_t now_ns, uint32_t *given);

/** Sends for workers that have no queue. @return how many packets. */
uint32_t handover_tx(struct handover *h, uint64_t now_ns);

/** This worker's own packets went into handover_tx_ring(): who sends them wakes. */
void handover_sent(struct handover *h);

/** Whether packets wait for the device at who sends them for another: this worker's own there, or
 * those that this one sends. */
bool handover_owed(const struct handover *h);

/** Whether there is something to do that nobody will wake this worker for, after a turn that moved
 * no packet: packets to send for others, or a device that isn't read because a ring is full. */
bool handover_left(const struct handover *h);

/** Whether a flow between these is this worker's. */
bool handover_owns(const struct handover *h, const struct thole_endpoint *local,
	const struct thole_endpoint *remote);

/** Where this worker's own packets go when it has no queue; else NULL. */
struct rte_ring *handover_tx_ring(const struct handover *h);

#endif
