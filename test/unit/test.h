/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test.h: what every test file has: CUnit's assertions, and one function that registers its suite,
 * listed in its program's table. test/unit/main.c runs the suites and prints TAP, a line a test.
 */
#ifndef TEST_H
#define TEST_H

#include <CUnit/CUnit.h>

struct test_case {
	const char *name;
	void (*run)(void);
};

struct test_suite {
	const char *name;
	const struct test_case *cases; /* ends with a NULL name */
};

/* Each test program defines this: its suites, ended by NULL. */
extern const struct test_suite *const test_suites[];

/** A pool for tests: EAL is up (main.c starts it). Private to the caller, who frees it. */
struct rte_mempool *test_pool(const char *name, unsigned int n);

/** An mbuf of exactly @p bytes in a malloc'd external buffer, so that a sanitizer sees any read
 * past them. */
struct rte_mbuf *test_exact_mbuf(struct rte_mempool *pool, const void *bytes, unsigned int n);

#endif
