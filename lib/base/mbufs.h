/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mbufs.h: a stack's supply of header mbufs. Consumed RX packets go on a small LIFO and are popped
 * for TX while their lines are still warm; the pool is asked only when that is empty. Only mbufs
 * that are direct, with refcnt 1 and one segment are kept: nobody else can see them change.
 */
#ifndef BASE_MBUFS_H
#define BASE_MBUFS_H

#include <rte_mbuf.h>

#include <thole/stats.h>

#define MBUFS_KEPT     256
#define MBUFS_MIN_ROOM 256 /* headroom and the longest headers that we write */

struct mbufs {
	struct rte_mempool *pool;
	struct thole_stats *stats;
	uint32_t n;
	uint32_t most; /* kept; of a small pool a part only, for devices receive into it, too */
	struct rte_mbuf *kept[MBUFS_KEPT];
};

void mbufs_init(struct mbufs *mbufs, struct rte_mempool *pool, struct thole_stats *stats);

/** Frees what is kept. */
void mbufs_fini(struct mbufs *mbufs);

/** An mbuf with no data, default headroom, ol_flags 0; NULL counts in tx_nombuf. */
struct rte_mbuf *mbufs_get(struct mbufs *mbufs);

/** Takes a consumed packet (a chain, too): keeps it or frees it. */
void mbufs_put(struct mbufs *mbufs, struct rte_mbuf *m);

#endif
