/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * histogram.h: counts values (ns) in buckets that grow with the value, so that a percentile is
 * right to within 1 / 64 of itself from 1 ns to 2^40 ns (18 min) at a fixed cost. Values beyond are
 * counted in the last bucket. One writer.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 6 /* 64 buckets to each power of two */
#define HISTOGRAM_MAX_BITS 40
#define HISTOGRAM_BUCKETS  ((HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
	uint64_t total;
	uint64_t count[HISTOGRAM_BUCKETS];
};

void histogram_reset(struct histogram *h);

void histogram_add(struct histogram *h, uint64_t value);

void histogram_merge(struct histogram *h, const struct histogram *other);

/** The value that a share of 0 to 1 of all values doesn't exceed: its bucket's upper end; 0 if
 * empty. */
uint64_t histogram_percentile(const struct histogram *h, double share);

#endif
