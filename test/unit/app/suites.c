/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.c: the tests of lib/app. */
#include "test.h"

extern const struct test_suite suite_app, suite_ops, suite_connect, suite_events, suite_rings,
	suite_embed, suite_million, suite_wait, suite_drain, suite_give, suite_bulk, suite_relay;

const struct test_suite *const test_suites[] = {
	&suite_app,
	&suite_drain,
	&suite_ops,
	&suite_connect,
	&suite_events,
	&suite_rings,
	&suite_embed,
	&suite_million,
	&suite_wait,
	&suite_give,
	&suite_bulk,
	&suite_relay,
	NULL,
};
