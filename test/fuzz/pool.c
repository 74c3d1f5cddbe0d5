/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool.c: mempools of plain memory, with a driver that hands mbufs out last in, first out, poisons
 * those that are in, and can refuse. A mempool of DPDK's own making needs EAL's memory; its driver
 * interface doesn't.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_mempool.h>

#include "fuzz.h"

#define GAP 64 /* between an mbuf's end and the next one's header */

/* Stands behind the struct rte_mempool and its private data. */
struct store {
	unsigned int n; /* in the pool: the last of them goes out first */
	unsigned int size;
	unsigned int limit;
	uint32_t stride;
	uint64_t taken;
	uint64_t refused;
	uint8_t *base;
	void **in;
	void **all; /* as they come out after a reset */
};

static struct store *
store_of(const struct rte_mempool *pool)
{
	return pool->pool_data;
}

static int
store_put(struct rte_mempool *pool, void *const *objs, unsigned int n)
{
	struct store *s = store_of(pool);

	FUZZ_CHECK(s->n + n <= s->size, "more mbufs come back than there are: freed twice");
	for (unsigned int i = 0; i < n; i++) {
		s->in[s->n++] = objs[i];
		FUZZ_POISON(objs[i], pool->elt_size);
	}
	return 0;
}

static int
store_get(struct rte_mempool *pool, void **objs, unsigned int n)
{
	struct store *s = store_of(pool);

	if (s->n < n || s->limit < n) {
		s->refused++;
		return -ENOBUFS;
	}
	if (s->limit != FUZZ_NO_LIMIT)
		s->limit -= n;
	s->taken += n;
	for (unsigned int i = 0; i < n; i++) {
		objs[i] = s->in[--s->n];
		FUZZ_UNPOISON(objs[i], pool->elt_size);
	}
	return 0;
}

static unsigned int
store_count(const struct rte_mempool *pool)
{
	return store_of(pool)->n;
}

static int
store_alloc(struct rte_mempool *pool)
{
	(void)pool;
	return 0;
}

static void
store_free(struct rte_mempool *pool)
{
	(void)pool;
}

static const struct rte_mempool_ops store_ops = {
	.name = "fuzz",
	.alloc = store_alloc,
	.free = store_free,
	.enqueue = store_put,
	.dequeue = store_get,
	.get_count = store_count,
};

static void *
zeroed(size_t bytes)
{
	void *p;

	if (posix_memalign(&p, 64, bytes) != 0)
		fuzz_fail("no memory");
	memset(p, 0, bytes);
	return p;
}

static void
fill(struct rte_mempool *pool)
{
	struct store *s = store_of(pool);

	for (unsigned int i = 0; i < s->size; i++) {
		uint8_t *hdr = s->base + (size_t)i * s->stride;
		void *m = hdr + pool->header_size;

		((struct rte_mempool_objhdr *)(void *)hdr)->mp = pool;
		rte_pktmbuf_init(pool, NULL, m, i);
		store_put(pool, &m, 1);
		/* The gap behind it; DPDK reads the header before it, for the address. */
		FUZZ_POISON(hdr + pool->header_size + pool->elt_size, GAP);
	}
}

struct rte_mempool *
fuzz_pool(unsigned int n, uint16_t room)
{
	static int ops = -1;
	struct rte_pktmbuf_pool_private *priv;
	struct rte_mempool *pool = zeroed(sizeof(*pool) + sizeof(*priv));
	struct store *s = zeroed(sizeof(*s));

	if (ops < 0)
		ops = rte_mempool_register_ops(&store_ops);
	if (ops < 0)
		fuzz_fail("no place for another mempool driver");
	snprintf(pool->name, sizeof(pool->name), "fuzz");
	pool->ops_index = ops;
	pool->pool_data = s;
	pool->size = pool->populated_size = n;
	pool->header_size = RTE_CACHE_LINE_ROUNDUP(sizeof(struct rte_mempool_objhdr));
	pool->elt_size = (uint32_t)sizeof(struct rte_mbuf) + room;
	pool->private_data_size = sizeof(*priv);
	priv = rte_mempool_get_priv(pool);
	priv->mbuf_data_room_size = room;
	s->size = n;
	s->limit = FUZZ_NO_LIMIT;
	s->stride = RTE_CACHE_LINE_ROUNDUP(pool->header_size + pool->elt_size + GAP);
	s->base = zeroed((size_t)n * s->stride);
	s->in = zeroed(n * sizeof(s->in[0]));
	s->all = zeroed(n * sizeof(s->all[0]));
	fill(pool);
	memcpy(s->all, s->in, n * sizeof(s->all[0]));
	return pool;
}

void
fuzz_pool_reset(struct rte_mempool *pool)
{
	struct store *s = store_of(pool);

	FUZZ_CHECK(s->n == s->size, "%u mbufs aren't back", s->size - s->n);
	if (s->taken != 0)
		memcpy(s->in, s->all, s->size * sizeof(s->all[0]));
	s->limit = FUZZ_NO_LIMIT;
	s->taken = s->refused = 0;
}

void
fuzz_pool_limit(struct rte_mempool *pool, unsigned int more)
{
	store_of(pool)->limit = more;
}

unsigned int
fuzz_pool_out(const struct rte_mempool *pool)
{
	return store_of(pool)->size - store_of(pool)->n;
}

uint64_t
fuzz_pool_taken(const struct rte_mempool *pool)
{
	return store_of(pool)->taken;
}

uint64_t
fuzz_pool_refused(const struct rte_mempool *pool)
{
	return store_of(pool)->refused;
}
