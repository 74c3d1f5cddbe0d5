/* SPDX-License-Identifier: BSD-3-Clause */
/* test_prng.c: the published sequence, and numbers below n that are below n and evenly spread. */
#include "test.h"
#include "base/prng.h"

static void
test_sequence(void)
{
	/* splitmix64 from 1234567, as other implementations print it */
	static const uint64_t want[] = { UINT64_C(6457827717110365317),
		UINT64_C(3203168211198807973), UINT64_C(9817491932198370423),
		UINT64_C(4593380528125082431), UINT64_C(16408922859458223821) };
	uint64_t seed = 1234567;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		CU_ASSERT_EQUAL(prng_next(&seed), want[i]);
}

static void
test_same_seed(void)
{
	uint64_t a = 42, b = 42, c = 43;
	unsigned int differ = 0;

	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t x = prng_next(&a);

		CU_ASSERT_EQUAL(x, prng_next(&b));
		differ += x != prng_next(&c);
	}
	CU_ASSERT_EQUAL(differ, 1000);
}

static void
test_below(void)
{
	static const uint32_t limits[] = { 1, 2, 3, 10, 1000, 0x80000000, 0xffffffff };
	uint64_t seed = 4;

	for (size_t l = 0; l < sizeof(limits) / sizeof(limits[0]); l++) {
		for (unsigned int i = 0; i < 5000; i++)
			CU_ASSERT_TRUE(prng_below(&seed, limits[l]) < limits[l]);
	}
}

static void
test_even(void)
{
	unsigned int count[10] = { 0 };
	uint64_t seed = 5;

	for (unsigned int i = 0; i < 100000; i++)
		count[prng_below(&seed, 10)]++;
	for (unsigned int i = 0; i < 10; i++)
		CU_ASSERT_TRUE(count[i] > 9500 && count[i] < 10500); /* 5 standard deviations */
}

static const struct test_case cases[] = {
	{ "splitmix64's sequence", test_sequence },
	{ "the seed says it all", test_same_seed },
	{ "below n is below n", test_below },
	{ "below n is even", test_even },
	{ NULL, NULL },
};
extern const struct test_suite suite_prng;
const struct test_suite suite_prng = { "prng", cases };
