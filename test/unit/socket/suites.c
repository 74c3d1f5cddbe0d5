/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.c: the tests of lib/socket. */
#include "test.h"

extern const struct test_suite suite_connect, suite_context, suite_errors, suite_give, suite_listen,
	suite_options, suite_poll, suite_stream, suite_threads;

const struct test_suite *const test_suites[] = {
	&suite_connect,
	&suite_context,
	&suite_errors,
	&suite_give,
	&suite_listen,
	&suite_options,
	&suite_poll,
	&suite_stream,
	&suite_threads,
	NULL,
};
