/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.c: the suites of test_apps: the parts of the programs that need no network. */
#include "../test.h"

extern const struct test_suite test_conns, test_files, test_http, test_request, test_response,
	test_signals;

const struct test_suite *const test_suites[] = {
	&test_conns,
	&test_request,
	&test_files,
	&test_http,
	&test_response,
	&test_signals,
	NULL,
};
