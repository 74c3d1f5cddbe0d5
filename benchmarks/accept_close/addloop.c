/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * addloop.c: eight dependent additions a round, rounds until 100 ms are over. A round takes some
 * 10 us: the core was away when more than STOP_NS lie between two looks at the clock.
 */
#include <rte_launch.h>
#include <rte_lcore.h>

#include <thole/port.h>

#include "addloop.h"

#define MEASURE_NS UINT64_C(100000000)
#define STOP_NS	   UINT64_C(50000)
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

static struct addloop_core
measure_core(void)
{
	uint64_t start = thole_clock_ns(), now = start, last, adds = 0, stopped = 0;
	uint64_t x = start, step = 3;

	do {
		last = now;
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
		if (now - last > STOP_NS)
			stopped += now - last;
	} while (now - start < MEASURE_NS);
	return (struct addloop_core){
		.per_s = (double)adds * 1e9 / (double)(now - start),
		.stopped = (double)stopped / (double)(now - start),
	};
}

static int
on_other(void *arg)
{
	*(struct addloop_core *)arg = measure_core();
	return 0;
}

void
addloop_measure(unsigned int other, struct addloop *out)
{
	out->other = (struct addloop_core){ .per_s = 0 };
	if (other < RTE_MAX_LCORE)
		rte_eal_remote_launch(on_other, &out->other, other);
	out->main = measure_core();
	if (other < RTE_MAX_LCORE)
		rte_eal_wait_lcore(other);
}
