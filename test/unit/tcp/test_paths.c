/* SPDX-License-Identifier: BSD-3-Clause */
/* test_paths.c: narrow paths, for as long as they are believed in, and more than there is room for.
 */
#include <string.h>

#include "../test.h"
#include "../test_mem.h"
#include "base/time.h"
#include "tcp/paths.h"

#define LIFE (600 * TIME_S)

static const uint64_t key[2] = { UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210) };
static struct test_mem mem;
static struct paths p;

static const uint64_t *
host(uint32_t i)
{
	static uint64_t addr[2];

	addr[1] = i;
	return addr;
}

static void
up(void)
{
	test_mem_init(&mem);
	CU_ASSERT_EQUAL_FATAL(paths_init(&p, &mem.mem, key), 0);
}

static void
test_life(void)
{
	up();
	CU_ASSERT_EQUAL(paths_mtu(&p, host(1), 5), 0);
	paths_learn(&p, host(1), 1400, 5, 5 + LIFE);
	CU_ASSERT_EQUAL(paths_mtu(&p, host(1), 4 + LIFE), 1400);
	CU_ASSERT_EQUAL(paths_mtu(&p, host(2), 5), 0);
	CU_ASSERT_EQUAL(paths_mtu(&p, host(1), 5 + LIFE), 0);
	/* A lesser one counts; a greater one only keeps it; and what is forgotten is. */
	paths_learn(&p, host(1), 1300, 10, 10 + LIFE);
	paths_learn(&p, host(1), 1350, 20, 20 + LIFE);
	CU_ASSERT_EQUAL(paths_mtu(&p, host(1), 19 + LIFE), 1300);
	paths_learn(&p, host(1), 1450, 20 + LIFE, 20 + 2 * LIFE);
	CU_ASSERT_EQUAL(paths_mtu(&p, host(1), 20 + LIFE), 1450);
	CU_ASSERT_EQUAL(p.missed_ns, 0);
	paths_fini(&p, &mem.mem);
}

/* The latest are known; that one is missing is known for as long as it would have been. */
static void
test_crowd(void)
{
	uint32_t known = 0;

	up();
	for (uint32_t i = 0; i < 100000; i++) {
		paths_learn(&p, host(i), 1400, i, i + LIFE);
		CU_ASSERT_EQUAL_FATAL(paths_mtu(&p, host(i), i), 1400);
	}
	for (uint32_t i = 0; i < 100000; i++)
		known += paths_mtu(&p, host(i), 100000) != 0;
	CU_ASSERT_EQUAL(known, 1024);
	for (uint32_t i = 0; i < 100000; i++)
		if (paths_mtu(&p, host(i), 100000) == 0)
			CU_ASSERT_FATAL(i + LIFE <= p.missed_ns);
	CU_ASSERT(p.missed_ns < p.until_ns);
	paths_fini(&p, &mem.mem);
}

/* Without memory nothing is known, and that is all. */
static void
test_none(void)
{
	p = (struct paths){ 0 };
	paths_learn(&p, host(1), 1400, 0, LIFE);
	CU_ASSERT_EQUAL(paths_mtu(&p, host(1), 0), 0);
}

static const struct test_case cases[] = {
	{ "a path's life", test_life },
	{ "more than there is room for", test_crowd },
	{ "none", test_none },
	{ NULL, NULL },
};
const struct test_suite suite_paths = { "paths", cases };
