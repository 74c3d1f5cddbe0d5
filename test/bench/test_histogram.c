/* SPDX-License-Identifier: BSD-3-Clause */
/* test_histogram.c: percentiles are right to within 1 / 64, whatever the values. */
#include <stdint.h>
#include <stdlib.h>

#include "histogram.h"
#include "suites.h"

static struct histogram h;

static void
test_empty(void)
{
	histogram_reset(&h);
	CU_ASSERT_EQUAL(histogram_percentile(&h, 0), 0);
	CU_ASSERT_EQUAL(histogram_percentile(&h, 0.5), 0);
	CU_ASSERT_EQUAL(histogram_percentile(&h, 1), 0);
}

/* A lone value is every percentile: not below it, and above by its bucket's width at most. */
static void
test_one_value(void)
{
	for (unsigned int bit = 0; bit < HISTOGRAM_MAX_BITS; bit++) {
		for (int64_t off = -1; off <= 1; off++) {
			uint64_t value = (UINT64_C(1) << bit) + (uint64_t)off;
			uint64_t found;

			if (value >> HISTOGRAM_MAX_BITS != 0)
				continue;
			histogram_reset(&h);
			histogram_add(&h, value);
			found = histogram_percentile(&h, 0.5);
			CU_ASSERT_TRUE(found >= value);
			CU_ASSERT_TRUE(found - value <= value / 64);
			CU_ASSERT_EQUAL(histogram_percentile(&h, 0), found);
			CU_ASSERT_EQUAL(histogram_percentile(&h, 1), found);
		}
	}
}

static void
test_small_values_are_exact(void)
{
	histogram_reset(&h);
	for (uint64_t v = 1; v <= 100; v++)
		histogram_add(&h, v);
	CU_ASSERT_EQUAL(h.total, 100);
	CU_ASSERT_EQUAL(histogram_percentile(&h, 0.01), 1);
	CU_ASSERT_EQUAL(histogram_percentile(&h, 0.5), 50);
	CU_ASSERT_EQUAL(histogram_percentile(&h, 0.99), 99);
	CU_ASSERT_EQUAL(histogram_percentile(&h, 1), 100);
}

static void
test_merge(void)
{
	static struct histogram other;

	histogram_reset(&h);
	histogram_reset(&other);
	for (uint64_t v = 1; v <= 100; v++)
		histogram_add(v % 3 == 0 ? &h : &other, v);
	histogram_merge(&h, &other);
	CU_ASSERT_EQUAL(h.total, 100);
	for (uint64_t v = 1; v <= 100; v++)
		CU_ASSERT_EQUAL(histogram_percentile(&h, ((double)v - 0.5) / 100), v);
}

static void
test_beyond_the_last_bucket(void)
{
	histogram_reset(&h);
	histogram_add(&h, UINT64_MAX);
	histogram_add(&h, UINT64_C(1) << HISTOGRAM_MAX_BITS);
	CU_ASSERT_EQUAL(h.total, 2);
	CU_ASSERT_EQUAL(h.count[HISTOGRAM_BUCKETS - 1], 2);
	CU_ASSERT_EQUAL(histogram_percentile(&h, 0.5), (UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Against a sorted list of values of all sizes. */
static void
test_against_sorted(void)
{
	enum { N = 20000 };
	static uint64_t values[N];
	static const double shares[] = { 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1 };
	uint64_t x = 88172645463325252u;

	histogram_reset(&h);
	for (int i = 0; i < N; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		values[i] = (x >> 24) >> (x % 40);
		histogram_add(&h, values[i]);
	}
	qsort(values, N, sizeof(values[0]), compare);
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		uint64_t wanted = values[(size_t)(shares[i] * N + 0.5) - 1];
		uint64_t found = histogram_percentile(&h, shares[i]);

		CU_ASSERT_TRUE(found >= wanted);
		CU_ASSERT_TRUE(found - wanted <= wanted / 64);
	}
}

const struct test_suite suite_histogram = {
	"histogram",
	(const struct test_case[]){
		{ "without values there is no percentile", test_empty },
		{ "one value is every percentile", test_one_value },
		{ "small values are exact", test_small_values_are_exact },
		{ "merged", test_merge },
		{ "the largest values share the last bucket", test_beyond_the_last_bucket },
		{ "percentiles of many values", test_against_sorted },
		{ NULL, NULL },
	},
};
