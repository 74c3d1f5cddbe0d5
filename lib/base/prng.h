/* SPDX-License-Identifier: BSD-3-Clause */
/* prng.h: splitmix64 (Steele, Lea and Flood, 2014): small, seeded, the same everywhere. Not for
 * secrets. */
#ifndef BASE_PRNG_H
#define BASE_PRNG_H

#include <stdint.h>

static inline uint64_t
prng_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/** A number below @p n (n > 0), by multiplication: no division. */
static inline uint32_t
prng_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)(((prng_next(state) >> 32) * n) >> 32);
}

#endif
