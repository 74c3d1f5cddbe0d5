/* SPDX-License-Identifier: BSD-3-Clause */
/* test_seq.c: order modulo 2^32, also across the wrap. */
#include "test.h"
#include "base/prng.h"
#include "base/seq.h"

static void
check_order(uint32_t a, uint32_t step)
{
	uint32_t b = a + step; /* 0 < step < 2^31: b is after a */

	CU_ASSERT_TRUE(seq_lt(a, b));
	CU_ASSERT_TRUE(seq_leq(a, b));
	CU_ASSERT_FALSE(seq_gt(a, b));
	CU_ASSERT_FALSE(seq_geq(a, b));
	CU_ASSERT_FALSE(seq_lt(b, a));
	CU_ASSERT_FALSE(seq_leq(b, a));
	CU_ASSERT_TRUE(seq_gt(b, a));
	CU_ASSERT_TRUE(seq_geq(b, a));
	CU_ASSERT_EQUAL(seq_diff(b, a), (int32_t)step);
	CU_ASSERT_EQUAL(seq_diff(a, b), -(int32_t)step);
	CU_ASSERT_EQUAL(seq_max(a, b), b);
	CU_ASSERT_EQUAL(seq_max(b, a), b);
	CU_ASSERT_EQUAL(seq_min(a, b), a);
	CU_ASSERT_EQUAL(seq_min(b, a), a);
}

static void
test_edges(void)
{
	static const uint32_t starts[] = { 0, 1, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
		0xffffffff };
	static const uint32_t steps[] = { 1, 2, 1460, 0xffff, 0x3fffffff, 0x7ffffffe, 0x7fffffff };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++)
			check_order(starts[i], steps[j]);
	}
}

static void
test_equal(void)
{
	static const uint32_t same[] = { 0, 0x7fffffff, 0x80000000, 0xffffffff };

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		CU_ASSERT_EQUAL(seq_diff(same[i], same[i]), 0);
		CU_ASSERT_FALSE(seq_lt(same[i], same[i]));
		CU_ASSERT_FALSE(seq_gt(same[i], same[i]));
		CU_ASSERT_TRUE(seq_leq(same[i], same[i]));
		CU_ASSERT_TRUE(seq_geq(same[i], same[i]));
		CU_ASSERT_EQUAL(seq_max(same[i], same[i]), same[i]);
		CU_ASSERT_EQUAL(seq_min(same[i], same[i]), same[i]);
	}
}

static void
test_random(void)
{
	uint64_t seed = 3;

	for (unsigned int i = 0; i < 20000; i++) {
		uint32_t a = (uint32_t)prng_next(&seed);

		check_order(a, 1 + prng_below(&seed, 0x7fffffff));
	}
}

static const struct test_case cases[] = {
	{ "order at the edges and across the wrap", test_edges },
	{ "equal numbers", test_equal },
	{ "random pairs", test_random },
	{ NULL, NULL },
};
extern const struct test_suite suite_seq;
const struct test_suite suite_seq = { "seq", cases };
