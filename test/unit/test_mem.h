/* SPDX-License-Identifier: BSD-3-Clause */
/* test_mem.h: a struct mem over malloc that counts what is out, and can fail. */
#ifndef TEST_MEM_H
#define TEST_MEM_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/slab.h"

struct test_mem {
	struct mem mem;
	size_t bytes_out;
	unsigned int blocks_out;
	bool fail;
};

static inline void *
test_mem_alloc(void *ctx, size_t bytes, size_t align)
{
	struct test_mem *tm = ctx;
	void *p;

	if (tm->fail ||
		posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, bytes) != 0)
		return NULL;
	memset(p, 0xa5, bytes); /* nobody may count on zeros */
	tm->bytes_out += bytes;
	tm->blocks_out++;
	return p;
}

static inline void
test_mem_free(void *ctx, void *p, size_t bytes)
{
	struct test_mem *tm = ctx;

	tm->bytes_out -= bytes;
	tm->blocks_out--;
	free(p);
}

static inline void
test_mem_init(struct test_mem *tm)
{
	*tm = (struct test_mem){ .mem = { test_mem_alloc, test_mem_free, tm } };
}

#endif
