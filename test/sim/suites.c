/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.c: what test_scene runs: the simulator's own parts, and scenes. */
#include <stddef.h>

#include "suites.h"

const struct test_suite *const test_suites[] = { &suite_link, &suite_flows, &suite_watch,
	&suite_scenes, &suite_flood, &suite_recovery, &suite_starve, NULL };
