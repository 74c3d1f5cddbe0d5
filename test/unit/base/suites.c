/* SPDX-License-Identifier: BSD-3-Clause */
/* suites.c: the tests of lib/base. */
#include "test.h"

extern const struct test_suite suite_addr, suite_csum, suite_flow_hash, suite_mbufs, suite_owners,
	suite_prng, suite_ring_counts, suite_seq, suite_siphash, suite_slab, suite_thread;

const struct test_suite *const test_suites[] = {
	&suite_addr,
	&suite_csum,
	&suite_flow_hash,
	&suite_mbufs,
	&suite_owners,
	&suite_prng,
	&suite_ring_counts,
	&suite_seq,
	&suite_siphash,
	&suite_slab,
	&suite_thread,
	NULL,
};
