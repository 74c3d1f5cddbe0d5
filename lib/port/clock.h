/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clock.h: TSC cycles to nanoseconds by one multiplication and a shift; no division in a reading.
 *
 * mult is 2^32 ns a cycle, rounded down: the clock is slow by less than 1 in mult, which is below
 * 1e-8 for any TSC up to 40 GHz. The product takes 96 bits; the result wraps after 584 years.
 */
#ifndef PORT_CLOCK_H
#define PORT_CLOCK_H

#include <stdint.h>

#define CLOCK_SHIFT 32

__extension__ typedef unsigned __int128 clock_u128;

/** @return the multiplier for a counter of @p hz cycles a second; @p hz is at least 1. */
uint64_t clock_mult(uint64_t hz);

static inline uint64_t
clock_to_ns(uint64_t cycles, uint64_t mult)
{
	return (uint64_t)(((clock_u128)cycles * mult) >> CLOCK_SHIFT);
}

#endif
