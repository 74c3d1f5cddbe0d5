/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clock.c: the clock that workers go by: the TSC, which Linux starts at boot and keeps in step
 * between cores. EAL measures its frequency once; the multiplier is made from that at the first
 * reading.
 */
#include <rte_cycles.h>

#include <thole/port.h>

#include "base/time.h"
#include "port/clock.h"

uint64_t
clock_mult(uint64_t hz)
{
	return (uint64_t)(((clock_u128)TIME_S << CLOCK_SHIFT) / hz);
}

uint64_t
thole_clock_ns(void)
{
	static uint64_t mult; /* the same value whoever stores it, so a race is harmless */
	uint64_t m = __atomic_load_n(&mult, __ATOMIC_RELAXED);

	if (m == 0) {
		uint64_t hz = rte_get_tsc_hz();

		if (hz == 0) /* EAL isn't up */
			return 0;
		m = clock_mult(hz);
		__atomic_store_n(&mult, m, __ATOMIC_RELAXED);
	}
	return clock_to_ns(rte_rdtsc(), m);
}
