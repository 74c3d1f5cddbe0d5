/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.h: the suites of test_bench. */
#ifndef SUITES_H
#define SUITES_H

#include "test.h"

extern const struct test_suite suite_histogram;
extern const struct test_suite suite_options;
extern const struct test_suite suite_pace;
extern const struct test_suite suite_plan;

#endif
