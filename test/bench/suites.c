/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.c: what test_bench runs. */
#include <stddef.h>

#include "suites.h"

const struct test_suite *const test_suites[] = { &suite_histogram, &suite_options, &suite_pace,
	&suite_plan, NULL };
