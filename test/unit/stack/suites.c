/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.c: the tests of lib/stack. */
#include "test.h"

extern const struct test_suite suite_table, suite_wheel;

const struct test_suite *const test_suites[] = {
	&suite_table,
	&suite_wheel,
	NULL,
};
