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
/* How many are got from the pool at a time. */
#define MBUFS_REFILL 16

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

struct rte_mbuf *
mbufs_get_fresh(struct mbufs *mbufs)
{
	uint32_t n = RTE_MIN(mbufs->most, (uint32_t)MBUFS_REFILL);
	struct rte_mbuf *m;

	if (likely(n != 0 && rte_mempool_get_bulk(mbufs->pool, (void **)mbufs->kept, n) == 0)) {
		/* What comes out of the pool belonged to the peer's core last, maybe. */
		for (uint32_t i = 0; i < n; i++)
			rte_prefetch0_write(mbufs->kept[i]);
		mbufs->n = n;
		return mbufs_take(mbufs);
	}
	m = rte_mbuf_raw_alloc(mbufs->pool);
	if (unlikely(m == NULL))
		mbufs->stats->tx_nombuf++;
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
