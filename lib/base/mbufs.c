/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mbufs.c: the LIFO of consumed packets. Getting and keeping touch only an mbuf's first cache line:
 * the second one (tx_offload) means nothing while ol_flags is 0, and who sets a flag writes it
 * whole.
 */
#include <string.h>

#include "base/mbufs.h"

/* The share of a pool that is kept at most, and the share of what is kept, the coldest, that goes
 * back at once when that is reached. */
#define MBUFS_POOL_SHARE  4
#define MBUFS_SPILL_SHARE 4
/* How many mbufs before its turn one is fetched: two go into a segment. */
#define MBUFS_AHEAD 6

void
mbufs_init(struct mbufs *mbufs, struct rte_mempool *pool, struct thole_stats *stats)
{
	mbufs->pool = pool;
	mbufs->stats = stats;
	mbufs->n = 0;
	mbufs->priv_size = rte_pktmbuf_priv_size(pool);
	mbufs->most = RTE_MIN(pool->size / MBUFS_POOL_SHARE, (uint32_t)MBUFS_KEPT);
}

void
mbufs_fini(struct mbufs *mbufs)
{
	rte_pktmbuf_free_bulk(mbufs->kept, mbufs->n);
	mbufs->n = 0;
}

/* What comes out of the pool last belonged to the peer's core, maybe: its lines are asked for some
 * mbufs ahead. */
static inline void
fetch_ahead(struct rte_mempool *pool)
{
	const struct rte_mempool_cache *cache = rte_mempool_default_cache(pool, rte_lcore_id());
	uint8_t *m;

	if (cache == NULL || cache->len <= MBUFS_AHEAD)
		return;
	m = cache->objs[cache->len - 1 - MBUFS_AHEAD];
	rte_prefetch0_write(m);
	rte_prefetch0_write(m + RTE_CACHE_LINE_SIZE);
}

struct rte_mbuf *
mbufs_get_fresh(struct mbufs *mbufs)
{
	struct rte_mbuf *m = rte_mbuf_raw_alloc(mbufs->pool);

	if (unlikely(m == NULL)) {
		mbufs->stats->tx_nombuf++;
		return NULL;
	}
	fetch_ahead(mbufs->pool);
	return m;
}

void
mbufs_put_other(struct mbufs *mbufs, struct rte_mbuf *m)
{
	if (!mbufs_is_ours(m)) {
		rte_pktmbuf_free(m);
		return;
	}
	if (mbufs->n >= mbufs->most) {
		uint32_t spill = mbufs->n / MBUFS_SPILL_SHARE + 1;

		if (mbufs->n < spill) { /* of so small a pool nothing is kept */
			rte_pktmbuf_free(m);
			return;
		}
		rte_pktmbuf_free_bulk(mbufs->kept, spill);
		mbufs->n -= spill;
		memmove(mbufs->kept, mbufs->kept + spill, mbufs->n * sizeof(mbufs->kept[0]));
	}
	mbufs->kept[mbufs->n++] = m;
}
