/* SPDX-License-Identifier: BSD-3-Clause */
/* main_table.c: the suite of test_table. */
#include "suites.h"

const struct test_suite *const test_suites[] = { &suite_table, NULL };
