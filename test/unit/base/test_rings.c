/* SPDX-License-Identifier: BSD-3-Clause */
/* test_rings.c: how full a ring is, round its end and up to what it holds. */
#include <stdlib.h>

#include "../test.h"
#include "base/rings.h"

static void
as_full_as_it_is(void)
{
	static const unsigned int flags[] = { 0, RING_F_EXACT_SZ };

	for (unsigned int f = 0; f < 2; f++) {
		struct rte_ring *r = aligned_alloc(64, (size_t)rte_ring_get_memsize_elem(8, 64));
		uint64_t x = 0;

		if (r == NULL)
			abort();
		CU_ASSERT_EQUAL_FATAL(rte_ring_init(r, "ring", f == 0 ? 64 : 40,
					      flags[f] | RING_F_SP_ENQ | RING_F_SC_DEQ),
			0);
		for (uint32_t turn = 0; turn < 5; turn++) {
			uint32_t n = 0;

			CU_ASSERT_TRUE(ring_is_empty(r));
			while (rte_ring_sp_enqueue_elem(r, &x, sizeof(x)) == 0) {
				CU_ASSERT_EQUAL(ring_count(r), ++n);
				CU_ASSERT_EQUAL(ring_room(r), (f == 0 ? 63 : 40) - n);
			}
			CU_ASSERT_EQUAL(n, f == 0 ? 63 : 40);
			CU_ASSERT_FALSE(ring_is_empty(r));
			while (rte_ring_sc_dequeue_elem(r, &x, sizeof(x)) == 0)
				CU_ASSERT_EQUAL(ring_count(r), --n);
		}
		free(r);
	}
}

static const struct test_case cases[] = {
	{ "as full as it is", as_full_as_it_is },
	{ NULL, NULL },
};
const struct test_suite suite_ring_counts = { "ring counts", cases };
