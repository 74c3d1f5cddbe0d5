/* SPDX-License-Identifier: BSD-3-Clause */
/* test_mbufs.c: which packets are kept, what comes out, and that every mbuf goes home. */
#include <string.h>

#include <rte_mbuf.h>

#include "test.h"
#include "base/mbufs.h"

#define POOL 512

struct fixture {
	struct rte_mempool *pool;
	struct thole_stats stats;
	struct mbufs mbufs;
};

static void
start(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->pool = test_pool("mbufs", POOL);
	mbufs_init(&f->mbufs, f->pool, &f->stats);
}

static void
stop(struct fixture *f)
{
	mbufs_fini(&f->mbufs);
	CU_ASSERT_EQUAL(f->mbufs.n, 0);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(f->pool), POOL);
	rte_mempool_free(f->pool);
}

static void
check_blank(const struct rte_mbuf *m)
{
	const char *why;

	CU_ASSERT_EQUAL(m->data_len, 0);
	CU_ASSERT_EQUAL(m->pkt_len, 0);
	CU_ASSERT_EQUAL(m->data_off, RTE_PKTMBUF_HEADROOM);
	CU_ASSERT_EQUAL(m->ol_flags, 0);
	CU_ASSERT_EQUAL(m->nb_segs, 1);
	CU_ASSERT_PTR_NULL(m->next);
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(m), 1);
	CU_ASSERT_EQUAL(rte_mbuf_check(m, 1, &why), 0);
}

static void
test_reuse(void)
{
	struct fixture f;
	struct rte_mbuf *a, *b;
	uint32_t n;

	start(&f);
	a = mbufs_get(&f.mbufs);
	b = mbufs_get(&f.mbufs);
	CU_ASSERT_FATAL(a != NULL && b != NULL);
	check_blank(a);
	/* as if it had been received, and its headers stripped */
	a->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_RSS_HASH;
	a->packet_type = RTE_PTYPE_L4_TCP;
	a->port = 3;
	CU_ASSERT_PTR_NOT_NULL(rte_pktmbuf_append(a, 200));
	CU_ASSERT_PTR_NOT_NULL(rte_pktmbuf_adj(a, 54));
	n = f.mbufs.n;
	mbufs_put(&f.mbufs, a);
	mbufs_put(&f.mbufs, b);
	CU_ASSERT_EQUAL(f.mbufs.n, n + 2);
	CU_ASSERT_PTR_EQUAL(mbufs_get(&f.mbufs), b);
	CU_ASSERT_PTR_EQUAL(mbufs_get(&f.mbufs), a);
	check_blank(a);
	check_blank(b);
	rte_pktmbuf_free(a);
	rte_pktmbuf_free(b);
	stop(&f);
}

static void
test_not_ours(void)
{
	struct fixture f;
	struct rte_mempool *small;
	struct rte_mbuf *m, *n, *clone;
	uint8_t bytes[10] = { 0 };

	start(&f);
	m = rte_pktmbuf_alloc(f.pool); /* a chain */
	n = rte_pktmbuf_alloc(f.pool);
	CU_ASSERT_EQUAL(rte_pktmbuf_chain(m, n), 0);
	mbufs_put(&f.mbufs, m);
	CU_ASSERT_EQUAL(f.mbufs.n, 0);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(f.pool), POOL);

	m = rte_pktmbuf_alloc(f.pool); /* shared: by refcnt, and as what a clone points at */
	rte_mbuf_refcnt_update(m, 1);
	mbufs_put(&f.mbufs, m);
	CU_ASSERT_EQUAL(f.mbufs.n, 0);
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(m), 1);
	clone = rte_pktmbuf_clone(m, f.pool);
	CU_ASSERT_PTR_NOT_NULL_FATAL(clone);
	mbufs_put(&f.mbufs, clone);
	CU_ASSERT_EQUAL(f.mbufs.n, 0);
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(m), 1);
	mbufs_put(&f.mbufs, m);
	CU_ASSERT_EQUAL(f.mbufs.n, 1);

	mbufs_put(&f.mbufs, test_exact_mbuf(f.pool, bytes, sizeof(bytes))); /* external buffer */
	CU_ASSERT_EQUAL(f.mbufs.n, 1);

	/* too small a buffer for what we write */
	small = rte_pktmbuf_pool_create("small", 8, 0, 0, MBUFS_MIN_ROOM - 1, SOCKET_ID_ANY);
	CU_ASSERT_PTR_NOT_NULL_FATAL(small);
	mbufs_put(&f.mbufs, rte_pktmbuf_alloc(small));
	CU_ASSERT_EQUAL(f.mbufs.n, 1);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(small), 8);
	rte_mempool_free(small);
	stop(&f);
}

static void
test_full(void)
{
	struct fixture f;
	struct rte_mbuf *all[POOL];

	start(&f);
	for (unsigned int i = 0; i < POOL; i++) {
		all[i] = mbufs_get(&f.mbufs);
		CU_ASSERT_PTR_NOT_NULL_FATAL(all[i]);
	}
	for (unsigned int i = 0; i < POOL; i++) {
		mbufs_put(&f.mbufs, all[i]);
		CU_ASSERT_TRUE(f.mbufs.n > 0 && f.mbufs.n <= MBUFS_KEPT &&
			       f.mbufs.n <= POOL / 4); /* devices receive into it, too */
		CU_ASSERT_EQUAL(f.mbufs.n + rte_mempool_avail_count(f.pool), i + 1);
	}
	/* the last put, the warmest, is the first to come back */
	for (unsigned int i = 0; i < POOL / 8; i++) {
		struct rte_mbuf *m = mbufs_get(&f.mbufs);

		CU_ASSERT_PTR_EQUAL(m, all[POOL - 1 - i]);
		rte_pktmbuf_free(m);
	}
	stop(&f);
}

static void
test_empty_pool(void)
{
	struct fixture f;
	struct rte_mbuf *all[POOL];

	start(&f);
	for (unsigned int i = 0; i < POOL; i++)
		all[i] = mbufs_get(&f.mbufs);
	CU_ASSERT_EQUAL(f.stats.tx_nombuf, 0);
	CU_ASSERT_PTR_NULL(mbufs_get(&f.mbufs));
	CU_ASSERT_PTR_NULL(mbufs_get(&f.mbufs));
	CU_ASSERT_EQUAL(f.stats.tx_nombuf, 2);
	mbufs_put(&f.mbufs, all[0]);
	CU_ASSERT_PTR_EQUAL(mbufs_get(&f.mbufs), all[0]);
	CU_ASSERT_EQUAL(f.stats.tx_nombuf, 2);
	rte_pktmbuf_free_bulk(all, POOL);
	stop(&f);
}

static const struct test_case cases[] = {
	{ "kept, and blank when it comes back", test_reuse },
	{ "chains, shared, external and small ones are freed", test_not_ours },
	{ "more than fit: the coldest go", test_full },
	{ "an empty pool is counted", test_empty_pool },
	{ NULL, NULL },
};
extern const struct test_suite suite_mbufs;
const struct test_suite suite_mbufs = { "mbufs", cases };
