/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * txq.h: packets on their way into one TX queue. What the device doesn't take is kept in order and
 * offered first next time; a head that it doesn't take within TXQ_PATIENCE_NS is freed and counted,
 * for some devices never will (net_tap an oversized frame, net_memif anything while nobody is
 * connected), and repeating is TCP's business anyhow.
 *
 * A batch is filled in when the queue is empty: txq_room(), then txq_commit(), then txq_flush().
 */
#ifndef PORT_TXQ_H
#define PORT_TXQ_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include <thole/port.h>

#define TXQ_MAX		256
#define TXQ_PATIENCE_NS UINT64_C(100000000)

struct txq {
	uint16_t port;
	uint16_t queue;
	uint16_t head; /* first packet not sent */
	uint16_t end;  /* after the last; 0 when empty */
	uint16_t max_segs;
	bool prepare;
	bool stalled; /* the head has been refused since stalled_ns */
	uint64_t stalled_ns;
	struct rte_ring *ring;	  /* instead of the device's queue, or NULL */
	struct rte_mempool *pool; /* for copies of packets in too many pieces */
	struct thole_worker_stats *stats;
	struct rte_mbuf *pkts[TXQ_MAX];
};

/** Where a batch goes, room for TXQ_MAX; NULL while packets wait. */
static inline struct rte_mbuf **
txq_room(struct txq *q)
{
	return q->end == 0 ? q->pkts : NULL;
}

/** Whether packets wait for the device. */
static inline bool
txq_waits(const struct txq *q)
{
	return q->end != 0;
}

/** Takes the @p n packets put into txq_room(), made fit for the device; those that can't be are
 * counted as lost. */
void txq_commit(struct txq *q, uint16_t n);

/** Offers what waits to the device. @return how many packets it took. */
uint16_t txq_flush(struct txq *q, uint64_t now_ns);

/** Frees what waits, not counted. */
void txq_drop_all(struct txq *q);

/** Adds to a counter that other threads read. */
static inline void
stat_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

#endif
