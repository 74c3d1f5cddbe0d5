/* SPDX-License-Identifier: BSD-3-Clause */
/* main_script.c: the suites of test_script. */
#include "suites.h"

const struct test_suite *const test_suites[] = {
	&suite_figures,
	&suite_open,
	&suite_close,
	&suite_rst,
	&suite_data,
	&suite_retransmit,
	&suite_persist,
	&suite_time_wait,
	&suite_listen,
	&suite_arp,
	&suite_icmp,
	&suite_malformed,
	&suite_conversation,
	&suite_neighbour,
	&suite_ahead,
	&suite_regress,
	&suite_conform,
	&suite_options,
	&suite_paws,
	&suite_sack,
	&suite_cookies,
	&suite_rack,
	&suite_recovery,
	&suite_ecn,
	&suite_keepalive,
	&suite_attacks,
	NULL,
};
