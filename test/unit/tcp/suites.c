/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.c: the tests of lib/tcp. */
#include "test.h"

extern const struct test_suite suite_isn, suite_rto, suite_reno, suite_window, suite_snd_queue,
	suite_rcv_queue, suite_embryo, suite_time_wait, suite_user, suite_timer;

const struct test_suite *const test_suites[] = {
	&suite_isn,
	&suite_rto,
	&suite_reno,
	&suite_window,
	&suite_snd_queue,
	&suite_rcv_queue,
	&suite_embryo,
	&suite_time_wait,
	&suite_user,
	&suite_timer,
	NULL,
};
