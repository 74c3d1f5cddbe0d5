/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.c: the tests of lib/stack. */
#include "test.h"

extern const struct test_suite suite_config, suite_conn, suite_drain, suite_embryos, suite_listen,
	suite_lists, suite_local, suite_neigh, suite_ports, suite_reply, suite_run, suite_table,
	suite_tombstones, suite_wheel;

const struct test_suite *const test_suites[] = {
	&suite_config,
	&suite_local,
	&suite_neigh,
	&suite_reply,
	&suite_listen,
	&suite_embryos,
	&suite_tombstones,
	&suite_ports,
	&suite_conn,
	&suite_drain,
	&suite_lists,
	&suite_run,
	&suite_table,
	&suite_wheel,
	NULL,
};
