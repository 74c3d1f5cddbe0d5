/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mbufs.h: a stack's supply of header mbufs. Consumed RX packets go on a small LIFO and are popped
 * for TX while their lines are still warm; the pool is asked only when that is empty. Only mbufs
 * that are direct, with refcnt 1 and one segment are kept: nobody else can see them change.
 */
#ifndef BASE_MBUFS_H
#define BASE_MBUFS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <rte_mbuf.h>

#include <thole/stats.h>

#define MBUFS_KEPT     256
#define MBUFS_MIN_ROOM 256 /* headroom and the longest headers that we write */
_Static_assert(
	RTE_PKTMBUF_HEADROOM <= MBUFS_MIN_ROOM, "the headroom is in every mbuf that is kept");

struct mbufs {
	struct rte_mempool *pool;
	struct thole_stats *stats;
	uint32_t n;
	uint16_t priv_size; /* of the pool's, which lies between an mbuf and its buffer */
	uint32_t most; /* kept; of a small pool a part only, for devices receive into it, too */
	struct rte_mbuf *kept[MBUFS_KEPT];
};

void mbufs_init(struct mbufs *mbufs, struct rte_mempool *pool, struct thole_stats *stats);

/** Frees what is kept. */
void mbufs_fini(struct mbufs *mbufs);

/* What the two below do when the LIFO is empty, or full, or the mbuf isn't for it. */
struct rte_mbuf *mbufs_get_fresh(struct mbufs *mbufs);
void mbufs_put_other(struct mbufs *mbufs, struct rte_mbuf *m);

/**
 * An mbuf at hand that has still to be told of its data: direct, refcnt 1, one segment, its next
 * NULL; the rest of its first line is anything. NULL: there is none; mbufs_get() may have one.
 */
static inline struct rte_mbuf *
mbufs_take(struct mbufs *mbufs)
{
	struct rte_mbuf *m;

	if (unlikely(mbufs->n == 0))
		return NULL;
	m = mbufs->kept[--mbufs->n];
	if (m == NULL)
		__builtin_unreachable(); /* so that callers test n alone */
	return m;
}

_Static_assert(
	offsetof(struct rte_mbuf, refcnt) == offsetof(struct rte_mbuf, data_off) + 2 &&
		offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, data_off) + 4 &&
		offsetof(struct rte_mbuf, port) == offsetof(struct rte_mbuf, data_off) + 6,
	"these are stored in one word");

/** Says of @p m, as mbufs_take() gives it, where its data are, and again what is known of it. */
static __rte_always_inline void
mbufs_rearm(struct rte_mbuf *m, uint16_t data_off)
{
	const struct {
		uint16_t data_off, refcnt, nb_segs, port;
	} rearm = { data_off, 1, 1, RTE_MBUF_PORT_INVALID };

	memcpy((uint8_t *)m + offsetof(struct rte_mbuf, data_off), &rearm, sizeof(rearm));
}

/** An mbuf with no data, default headroom, ol_flags 0; NULL counts in tx_nombuf. */
static inline struct rte_mbuf *
mbufs_get(struct mbufs *mbufs)
{
	struct rte_mbuf *m = mbufs_take(mbufs);

	if (unlikely(m == NULL)) {
		m = mbufs_get_fresh(mbufs);
		if (m == NULL)
			return NULL;
	}
	m->data_off = RTE_PKTMBUF_HEADROOM;
	m->ol_flags = 0;
	m->packet_type = 0;
	m->port = RTE_MBUF_PORT_INVALID;
	m->pkt_len = 0;
	m->data_len = 0;
	return m;
}

/** Nobody else sees what is written to it, or beside its bytes: it is direct, with refcnt 1. */
static inline bool
mbufs_is_private(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1;
}

/* A private one of one segment, looked at in one go, and whatever we write fits. */
static inline bool
mbufs_is_ours(const struct rte_mbuf *m)
{
	const uint16_t ones[] = { 1, 1 };

	_Static_assert(offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, refcnt) + 2,
		"reference count and segments are looked at together");
	return RTE_MBUF_DIRECT(m) &&
	       memcmp((const uint8_t *)m + offsetof(struct rte_mbuf, refcnt), ones, sizeof(ones)) ==
		       0 &&
	       m->buf_len >= MBUFS_MIN_ROOM;
}

/** Takes a consumed packet (a chain, too): keeps it or frees it. */
static inline void
mbufs_put(struct mbufs *mbufs, struct rte_mbuf *m)
{
	if (likely(mbufs->n < mbufs->most && mbufs_is_ours(m)))
		mbufs->kept[mbufs->n++] = m;
	else
		mbufs_put_other(mbufs, m);
}

#endif
