/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rings.h: how full a ring is, while its other end is in use. rte_ring_count() and what stands on
 * it read both ends as if nobody else wrote them.
 */
#ifndef BASE_RINGS_H
#define BASE_RINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ring.h>

/** Entries. To the producer it may be fewer by now, to the consumer more. */
static inline uint32_t
ring_count(const struct rte_ring *r)
{
	uint32_t tail = __atomic_load_n(&r->prod.tail, __ATOMIC_ACQUIRE);
	uint32_t head = __atomic_load_n(&r->cons.tail, __ATOMIC_ACQUIRE);
	uint32_t n = (tail - head) & r->mask;

	return n < r->capacity ? n : r->capacity;
}

static inline uint32_t
ring_room(const struct rte_ring *r)
{
	return r->capacity - ring_count(r);
}

static inline bool
ring_is_empty(const struct rte_ring *r)
{
	return ring_count(r) == 0;
}

#endif
