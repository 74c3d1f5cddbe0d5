/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.h: the suites of test_script and test_table. */
#ifndef SCRIPT_SUITES_H
#define SCRIPT_SUITES_H

#include "../unit/test.h"

extern const struct test_suite suite_figures;
extern const struct test_suite suite_open;
extern const struct test_suite suite_close;
extern const struct test_suite suite_rst;
extern const struct test_suite suite_data;
extern const struct test_suite suite_retransmit;
extern const struct test_suite suite_persist;
extern const struct test_suite suite_time_wait;
extern const struct test_suite suite_listen;
extern const struct test_suite suite_arp;
extern const struct test_suite suite_icmp;
extern const struct test_suite suite_malformed;
extern const struct test_suite suite_conversation;
extern const struct test_suite suite_neighbour;
extern const struct test_suite suite_ahead;
extern const struct test_suite suite_regress;
extern const struct test_suite suite_conform;
extern const struct test_suite suite_options;
extern const struct test_suite suite_paws;
extern const struct test_suite suite_sack;
extern const struct test_suite suite_cookies;
extern const struct test_suite suite_rack;
extern const struct test_suite suite_recovery;
extern const struct test_suite suite_ecn;
extern const struct test_suite suite_keepalive;
extern const struct test_suite suite_settings;
extern const struct test_suite suite_info;
extern const struct test_suite suite_soft;
extern const struct test_suite suite_attacks;
extern const struct test_suite suite_trains;
extern const struct test_suite suite_table;

#endif
