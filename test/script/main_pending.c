/* SPDX-License-Identifier: BSD-3-Clause */
/* main_pending.c: the suite of test_pending. */
#include "suites.h"

const struct test_suite *const test_suites[] = { &suite_pending, NULL };
