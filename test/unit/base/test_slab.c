/* SPDX-License-Identifier: BSD-3-Clause */
/* test_slab.c: records come, go and come again; what nobody took isn't touched. */
#include <errno.h>
#include <stdint.h>

#include "test.h"
#include "test_mem.h"
#include "base/prng.h"
#include "base/slab.h"

#define RECORDS 100
#define BYTES	64

static void
test_all_once(void)
{
	struct test_mem tm;
	struct slab slab;

	test_mem_init(&tm);
	CU_ASSERT_EQUAL_FATAL(slab_init(&slab, &tm.mem, RECORDS, BYTES, 64), 0);
	CU_ASSERT_EQUAL((uintptr_t)slab_at(&slab, 0) % 64, 0);
	CU_ASSERT_EQUAL(tm.bytes_out, RECORDS * BYTES);
	for (uint32_t i = 0; i < RECORDS; i++) {
		CU_ASSERT_EQUAL(slab_get(&slab), i);
		CU_ASSERT_EQUAL(slab.in_use, i + 1);
		CU_ASSERT_EQUAL(
			(uint8_t *)slab_at(&slab, i) - (uint8_t *)slab_at(&slab, 0), i * BYTES);
	}
	CU_ASSERT_EQUAL(slab_get(&slab), SLAB_NONE);
	CU_ASSERT_EQUAL(slab.in_use, RECORDS);
	slab_put(&slab, 17);
	CU_ASSERT_EQUAL(slab_get(&slab), 17);
	CU_ASSERT_EQUAL(slab_get(&slab), SLAB_NONE);
	slab_fini(&slab, &tm.mem);
	CU_ASSERT_EQUAL(tm.blocks_out, 0);
	CU_ASSERT_EQUAL(tm.bytes_out, 0);
}

static void
test_last_freed_first(void)
{
	struct test_mem tm;
	struct slab slab;

	test_mem_init(&tm);
	CU_ASSERT_EQUAL_FATAL(slab_init(&slab, &tm.mem, RECORDS, BYTES, 64), 0);
	for (uint32_t i = 0; i < 10; i++)
		(void)slab_get(&slab);
	slab_put(&slab, 3);
	slab_put(&slab, 7);
	slab_put(&slab, 5);
	CU_ASSERT_EQUAL(slab.in_use, 7);
	CU_ASSERT_EQUAL(slab_get(&slab), 5);
	CU_ASSERT_EQUAL(slab_get(&slab), 7);
	CU_ASSERT_EQUAL(slab_get(&slab), 3);
	CU_ASSERT_EQUAL(slab_get(&slab), 10);
	slab_fini(&slab, &tm.mem);
}

static void
test_content(void)
{
	struct test_mem tm;
	struct slab slab;
	uint8_t *r;

	test_mem_init(&tm);
	CU_ASSERT_EQUAL_FATAL(slab_init(&slab, &tm.mem, RECORDS, BYTES, 64), 0);
	r = slab_at(&slab, slab_get(&slab));
	for (unsigned int i = 0; i < BYTES; i++)
		r[i] = (uint8_t)i;
	slab_put(&slab, 0);
	CU_ASSERT_EQUAL(slab_get(&slab), 0);
	for (unsigned int i = 4; i < BYTES; i++)
		CU_ASSERT_EQUAL(r[i], i);
	/* Records beyond those that were used are as the allocator left them. */
	for (size_t i = BYTES; i < RECORDS * BYTES; i++)
		CU_ASSERT_EQUAL(slab.base[i], 0xa5);
	slab_fini(&slab, &tm.mem);
}

static void
test_failures(void)
{
	struct test_mem tm;
	struct slab slab;

	test_mem_init(&tm);
	tm.fail = true;
	CU_ASSERT_EQUAL(slab_init(&slab, &tm.mem, RECORDS, BYTES, 64), -ENOMEM);
	CU_ASSERT_EQUAL(slab_get(&slab), SLAB_NONE);
	slab_fini(&slab, &tm.mem);
	CU_ASSERT_EQUAL(tm.blocks_out, 0);
	CU_ASSERT_EQUAL(slab_init(&slab, &tm.mem, 0, BYTES, 64), 0);
	CU_ASSERT_EQUAL(slab_get(&slab), SLAB_NONE);
	slab_fini(&slab, &tm.mem);
}

static void
test_random(void)
{
	struct test_mem tm;
	struct slab slab;
	bool taken[RECORDS] = { false };
	uint64_t seed = 2;
	uint32_t n = 0;

	test_mem_init(&tm);
	CU_ASSERT_EQUAL_FATAL(slab_init(&slab, &tm.mem, RECORDS, 8, 8), 0);
	for (unsigned int step = 0; step < 50000; step++) {
		/* drifts up, then down: full and empty both happen */
		if (prng_below(&seed, 100) < (step / 1000 % 2 == 0 ? 70U : 30U)) {
			uint32_t i = slab_get(&slab);

			CU_ASSERT_EQUAL(i == SLAB_NONE, n == RECORDS);
			if (i == SLAB_NONE)
				continue;
			CU_ASSERT_FATAL(i < RECORDS);
			CU_ASSERT_FALSE(taken[i]);
			taken[i] = true;
			n++;
		} else {
			uint32_t i = prng_below(&seed, RECORDS);

			if (!taken[i])
				continue;
			taken[i] = false;
			n--;
			slab_put(&slab, i);
		}
		CU_ASSERT_EQUAL(slab.in_use, n);
	}
	slab_fini(&slab, &tm.mem);
}

static const struct test_case cases[] = {
	{ "every record once, then none", test_all_once },
	{ "last freed, first taken", test_last_freed_first },
	{ "content stays; fresh records aren't touched", test_content },
	{ "no memory, no capacity", test_failures },
	{ "random gets and puts", test_random },
	{ NULL, NULL },
};
extern const struct test_suite suite_slab;
const struct test_suite suite_slab = { "slab", cases };
