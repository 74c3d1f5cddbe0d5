/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcv_run.h: received bytes ahead of a hole are runs, sorted and without overlap: what touches is
 * one run. A run is mbufs linked by next, of which the last one's next is the following run's
 * first. Its bookkeeping stands in its first mbuf, in members that are ours once the packet is:
 *
 *   hash.usr      sequence number of the first byte (every mbuf has its own there)
 *   hash.fdir.hi  order of arrival, modulo 2^32, of what came last
 *   pkt_len       bytes
 *   nb_segs       mbufs
 *   tx_offload    the last mbuf; means nothing to others while no flag asks for an offload
 */
#ifndef TCP_RCV_RUN_H
#define TCP_RCV_RUN_H

#include <rte_mbuf.h>

#include "base/seq.h"

/* Segments up to this size are gathered in the room of their neighbours, and are no trains. */
#define GATHER_BYTES 256
/* What one segment may cost: runs passed on the way to its place, and splits of its mbufs. */
#define AHEAD_STEPS  256
#define AHEAD_SPLITS 2

static inline uint32_t
run_seq(const struct rte_mbuf *run)
{
	return run->hash.usr;
}

/* After the last byte. */
static inline uint32_t
run_end(const struct rte_mbuf *run)
{
	return run->hash.usr + run->pkt_len;
}

static inline uint32_t
run_stamp(const struct rte_mbuf *run)
{
	return run->hash.fdir.hi;
}

static inline struct rte_mbuf *
run_tail(const struct rte_mbuf *run)
{
	return (struct rte_mbuf *)(uintptr_t)run->tx_offload;
}

static inline struct rte_mbuf *
run_next(const struct rte_mbuf *run)
{
	return run_tail(run)->next;
}

#endif
