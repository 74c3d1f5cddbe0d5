/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * instrument.c: mbufs change threads in DPDK's libraries, which no sanitizer has seen: in mempools
 * and in the rings between two net_ring ports. Pools get a store that is compiled here; what a port
 * hands on is said in its callbacks.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "stress.h"

#define OPS_NAME "stress_bag"

/* Under a lock. DPDK's ring for many threads won't do: a producer in it waits for the one before by
 * a relaxed load, which orders nothing between their entries. */
struct bag {
	pthread_mutex_t lock;
	unsigned int n;
	void *objects[];
};

static int
pool_alloc(struct rte_mempool *pool)
{
	struct bag *bag = calloc(1, sizeof(*bag) + pool->size * sizeof(bag->objects[0]));

	if (bag == NULL)
		return -ENOMEM;
	pthread_mutex_init(&bag->lock, NULL);
	pool->pool_data = bag;
	return 0;
}

static void
pool_free(struct rte_mempool *pool)
{
	free(pool->pool_data);
}

static int
pool_enqueue(struct rte_mempool *pool, void *const *objects, unsigned int n)
{
	struct bag *bag = pool->pool_data;

	pthread_mutex_lock(&bag->lock);
	memcpy(&bag->objects[bag->n], objects, n * sizeof(objects[0]));
	bag->n += n;
	pthread_mutex_unlock(&bag->lock);
	return 0;
}

static int
pool_dequeue(struct rte_mempool *pool, void **objects, unsigned int n)
{
	struct bag *bag = pool->pool_data;
	bool enough;

	pthread_mutex_lock(&bag->lock);
	enough = bag->n >= n;
	if (enough) {
		bag->n -= n;
		memcpy(objects, &bag->objects[bag->n], n * sizeof(objects[0]));
	}
	pthread_mutex_unlock(&bag->lock);
	return enough ? 0 : -ENOBUFS;
}

static unsigned int
pool_count(const struct rte_mempool *pool)
{
	struct bag *bag = pool->pool_data;
	unsigned int n;

	pthread_mutex_lock(&bag->lock);
	n = bag->n;
	pthread_mutex_unlock(&bag->lock);
	return n;
}

int
instrument_pools(void)
{
	static const struct rte_mempool_ops ops = {
		.name = OPS_NAME,
		.alloc = pool_alloc,
		.free = pool_free,
		.enqueue = pool_enqueue,
		.dequeue = pool_dequeue,
		.get_count = pool_count,
	};
	int error = rte_mempool_register_ops(&ops);

	return error < 0 ? error : rte_mbuf_set_user_mempool_ops(OPS_NAME);
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
void __tsan_acquire(void *at);
void __tsan_release(void *at);

static uint16_t
handed_on(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, void *ctx)
{
	for (uint16_t i = 0; i < n; i++)
		__tsan_release(pkts[i]);
	(void)port, (void)queue, (void)ctx;
	return n;
}

static uint16_t
come_in(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, uint16_t max, void *ctx)
{
	for (uint16_t i = 0; i < n; i++)
		__tsan_acquire(pkts[i]);
	(void)port, (void)queue, (void)max, (void)ctx;
	return n;
}

int
instrument_port(uint16_t port, uint16_t queues)
{
	for (uint16_t q = 0; q < queues; q++)
		if (rte_eth_add_tx_callback(port, q, handed_on, NULL) == NULL ||
			rte_eth_add_rx_callback(port, q, come_in, NULL) == NULL)
			return -ENOMEM;
	return 0;
}
#define INSTRUMENTED
#endif
#endif

#ifndef INSTRUMENTED
int
instrument_port(uint16_t port, uint16_t queues)
{
	(void)port;
	(void)queues;
	return 0;
}
#endif

/* The C library's memory, which sanitizers know. */
void *
stress_alloc(void *ctx, size_t bytes, size_t align)
{
	void *mem = NULL;

	(void)ctx;
	if (posix_memalign(&mem, align, bytes) != 0)
		return NULL;
	memset(mem, 0, bytes);
	return mem;
}

void
stress_free(void *ctx, void *mem, size_t bytes)
{
	(void)ctx;
	(void)bytes;
	free(mem);
}
