/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.h: the suites of test_scene. */
#ifndef SIM_SUITES_H
#define SIM_SUITES_H

#include "../unit/test.h"

extern const struct test_suite suite_link;
extern const struct test_suite suite_flows;
extern const struct test_suite suite_watch;
extern const struct test_suite suite_scenes;
extern const struct test_suite suite_flood;
extern const struct test_suite suite_recovery;
extern const struct test_suite suite_starve;

#endif
