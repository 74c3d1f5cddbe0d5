/* SPDX-License-Identifier: BSD-3-Clause */
/* addloop.c: eight dependent additions a round, rounds until 50 ms are over. */
#include <rte_launch.h>
#include <rte_lcore.h>

#include <thole/port.h>

#include "addloop.h"

#define MEASURE_NS UINT64_C(50000000)
#define ROUNDS	   4096U

/*
 * The compiler may neither fold the additions nor know their sum. Two registers: some CPUs do a
 * chain of additions of constants all at once.
 */
#define ADD(x, step)                                                                               \
	do {                                                                                       \
		__asm__ volatile("" : "+r"(x), "+r"(step));                                        \
		(x) += (step);                                                                     \
	} while (0)

static double
additions_per_s(void)
{
	uint64_t start = thole_clock_ns(), now, adds = 0;
	uint64_t x = start, step = 3;

	do {
		for (uint32_t i = 0; i < ROUNDS; i++) {
			ADD(x, step);
			ADD(x, step);
			ADD(x, step);
			ADD(x, step);
			ADD(x, step);
			ADD(x, step);
			ADD(x, step);
			ADD(x, step);
		}
		adds += (uint64_t)ROUNDS * 8;
		now = thole_clock_ns();
	} while (now - start < MEASURE_NS);
	return (double)adds * 1e9 / (double)(now - start);
}

static int
on_other(void *arg)
{
	*(double *)arg = additions_per_s();
	return 0;
}

void
addloop_measure(unsigned int other, struct addloop *out)
{
	out->other_per_s = 0;
	if (other < RTE_MAX_LCORE)
		rte_eal_remote_launch(on_other, &out->other_per_s, other);
	out->main_per_s = additions_per_s();
	if (other < RTE_MAX_LCORE)
		rte_eal_wait_lcore(other);
}
