/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.c: the tests of lib/port. */
#include "test.h"

extern const struct test_suite suite_calls, suite_capture, suite_clock, suite_config,
	suite_config_file, suite_drain, suite_eal_args, suite_eal_system, suite_handover,
	suite_idle, suite_memory, suite_port, suite_rss, suite_txq, suite_whose, suite_worker;

const struct test_suite *const test_suites[] = {
	&suite_calls,
	&suite_capture,
	&suite_clock,
	&suite_config,
	&suite_config_file,
	&suite_drain,
	&suite_eal_args,
	&suite_eal_system,
	&suite_handover,
	&suite_idle,
	&suite_memory,
	&suite_port,
	&suite_rss,
	&suite_txq,
	&suite_whose,
	&suite_worker,
	NULL,
};
