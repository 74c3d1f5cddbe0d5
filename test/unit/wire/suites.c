/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.c: what test_wire runs. */
#include <stddef.h>

#include "../test.h"

extern const struct test_suite suite_wire, suite_ip4, suite_tcp, suite_tcp_emit, suite_arp,
	suite_icmp, suite_fuzz;

const struct test_suite *const test_suites[] = { &suite_wire, &suite_ip4, &suite_tcp,
	&suite_tcp_emit, &suite_arp, &suite_icmp, &suite_fuzz, NULL };
