/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.c: the tests of lib/tcp. */
#include "test.h"

extern const struct test_suite suite_isn, suite_rto, suite_recovery, suite_window, suite_snd_queue,
	suite_rcv_queue, suite_sack_out, suite_embryo, suite_time_wait, suite_user, suite_timer,
	suite_cc_newreno, suite_cc_cubic, suite_cc_dctcp, suite_hystart, suite_scoreboard,
	suite_trains, suite_train_pair, suite_lone, suite_rack, suite_prr, suite_flight,
	suite_timestamps, suite_cookie, suite_paths, suite_settings, suite_info;

const struct test_suite *const test_suites[] = {
	&suite_isn,
	&suite_rto,
	&suite_recovery,
	&suite_window,
	&suite_snd_queue,
	&suite_rcv_queue,
	&suite_sack_out,
	&suite_embryo,
	&suite_time_wait,
	&suite_user,
	&suite_timer,
	&suite_cc_newreno,
	&suite_cc_cubic,
	&suite_cc_dctcp,
	&suite_hystart,
	&suite_scoreboard,
	&suite_trains,
	&suite_train_pair,
	&suite_lone,
	&suite_rack,
	&suite_prr,
	&suite_flight,
	&suite_timestamps,
	&suite_cookie,
	&suite_paths,
	&suite_settings,
	&suite_info,
	NULL,
};
