/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * histogram.c: the first 128 buckets hold one value each, the next 64 two values each, the next 64
 * four, and so on.
 */
#include <string.h>

#include "histogram.h"

#define SUB (1U << HISTOGRAM_SUB_BITS)

static uint32_t
bucket_of(uint64_t value)
{
	uint32_t shift;

	if (value < SUB)
		return (uint32_t)value;
	if (value >> HISTOGRAM_MAX_BITS != 0)
		return HISTOGRAM_BUCKETS - 1;
	shift = 63 - (uint32_t)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	/* The leading bit of value >> shift is worth SUB: it carries into the row's number. */
	return (shift << HISTOGRAM_SUB_BITS) + (uint32_t)(value >> shift);
}

static uint64_t
bucket_top(uint32_t bucket)
{
	uint32_t shift;

	if (bucket < SUB)
		return bucket;
	shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
	return ((uint64_t)((bucket & (SUB - 1)) + SUB + 1) << shift) - 1;
}

void
histogram_reset(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
}

void
histogram_add(struct histogram *h, uint64_t value)
{
	h->total++;
	h->count[bucket_of(value)]++;
}

void
histogram_merge(struct histogram *h, const struct histogram *other)
{
	h->total += other->total;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->count[i] += other->count[i];
}

uint64_t
histogram_percentile(const struct histogram *h, double share)
{
	double wanted = share * (double)h->total;
	uint64_t seen = 0;

	if (h->total == 0)
		return 0;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->count[i];
		if (seen != 0 && (double)seen >= wanted)
			return bucket_top(i);
	}
	return bucket_top(HISTOGRAM_BUCKETS - 1);
}
