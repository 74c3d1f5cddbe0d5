/* SPDX-License-Identifier: BSD-3-Clause */
/* test_memory.c: memory for a stack's tables: zeroed, aligned, given back. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "port/memory.h"
#include "test.h"

static int any = -1;

static long
mapped_pages(void)
{
	long pages = -1;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f != NULL) {
		if (fscanf(f, "%ld", &pages) != 1)
			pages = -1;
		fclose(f);
	}
	return pages;
}

static void
zeroed_and_aligned(void)
{
	static const size_t sizes[] = { 1, 64, 4096, 4097, 100000, (2 << 20) - 1, 2 << 20,
		(5 << 20) + 17 };
	static const size_t aligns[] = { 1, 8, 64, 4096, 65536, 2 << 20 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t j = 0; j < sizeof(aligns) / sizeof(aligns[0]); j++) {
			uint8_t *p = memory_alloc(&any, sizes[i], aligns[j]);

			CU_ASSERT_PTR_NOT_NULL_FATAL(p);
			CU_ASSERT_EQUAL((uintptr_t)p & (aligns[j] - 1), 0);
			CU_ASSERT_EQUAL(p[0], 0);
			CU_ASSERT_EQUAL(p[sizes[i] / 2], 0);
			CU_ASSERT_EQUAL(p[sizes[i] - 1], 0);
			memset(p, 0xff, sizes[i]);
			memory_free(&any, p, sizes[i]);
		}
}

static void
given_back(void)
{
	long before = mapped_pages();

	CU_ASSERT_TRUE(before > 0);
	for (int i = 0; i < 200; i++) {
		int node = i % 2 - 1; /* any, and node 0, which every machine has */
		void *p = memory_alloc(&node, 3 << 20, 64);

		CU_ASSERT_PTR_NOT_NULL_FATAL(p);
		memory_free(&node, p, 3 << 20);
	}
	/* 200 x 3 MiB not given back would be 150,000 pages. */
	CU_ASSERT_TRUE(mapped_pages() - before < 1024);
}

static void
bad_sizes(void)
{
	CU_ASSERT_PTR_NULL(memory_alloc(&any, 0, 64));
	CU_ASSERT_PTR_NULL(memory_alloc(&any, SIZE_MAX, 64));
	CU_ASSERT_PTR_NULL(memory_alloc(&any, SIZE_MAX - 4096, 64));
	CU_ASSERT_PTR_NULL(memory_alloc(&any, SIZE_MAX / 2, 64));
	memory_free(&any, NULL, 0);
}

static const struct test_case cases[] = {
	{ "zeroed and aligned", zeroed_and_aligned },
	{ "all of it is given back", given_back },
	{ "sizes that can't be had", bad_sizes },
	{ NULL, NULL },
};

const struct test_suite suite_memory = { "memory", cases };
