/* SPDX-License-Identifier: BSD-3-Clause */
/* test_clock.c: cycles to nanoseconds, and the clock against the kernel's. */
#include <time.h>

#include <thole/port.h>

#include "base/time.h"
#include "port/clock.h"
#include "test.h"

/* The exact quotient, which the multiplication must come close to from below. */
static uint64_t
exact_ns(uint64_t cycles, uint64_t hz)
{
	return (uint64_t)((clock_u128)cycles * TIME_S / hz);
}

static void
close_to_exact(void)
{
	static const uint64_t hz[] = { 1, 1000000, 999999937, 1000000000, 2194843000, 2500000000,
		3999999999, UINT64_C(40000000000) };

	for (size_t i = 0; i < sizeof(hz) / sizeof(hz[0]); i++) {
		uint64_t mult = clock_mult(hz[i]);

		for (uint64_t s = 1; s < 100000000; s *= 7) {
			/* Up to three years and never beyond what 64 bits of cycles hold. */
			if (s > UINT64_MAX / hz[i] || s > UINT64_MAX / TIME_S)
				break;
			uint64_t cycles = s * hz[i];
			uint64_t ns = clock_to_ns(cycles, mult), exact = exact_ns(cycles, hz[i]);

			CU_ASSERT_TRUE(ns <= exact);
			CU_ASSERT_TRUE(exact - ns <= exact / 100000000 + 1);
		}
	}
}

static void
rises_with_cycles(void)
{
	uint64_t mult = clock_mult(UINT64_C(2500000000)), last = 0;

	for (uint64_t cycles = UINT64_C(1) << 62; cycles < (UINT64_C(1) << 62) + 10000; cycles++) {
		uint64_t ns = clock_to_ns(cycles, mult);

		CU_ASSERT_TRUE(ns >= last);
		last = ns;
	}
}

static uint64_t
kernel_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * TIME_S + (uint64_t)t.tv_nsec;
}

/* Each of ours stands between two of the kernel's: however long somebody else runs between two
 * readings, what passed between ours is within what passed between those. */
static void
agrees_with_kernel(void)
{
	const struct timespec nap = { .tv_nsec = 100 * 1000 * 1000 };
	uint64_t earliest = kernel_ns(), ours = thole_clock_ns(), before = kernel_ns(), after;

	nanosleep(&nap, NULL);
	after = kernel_ns();
	ours = thole_clock_ns() - ours;
	/* EAL rounds the frequency to 10 MHz. */
	CU_ASSERT_TRUE(ours >= (after - before) - (after - before) / 50);
	CU_ASSERT_TRUE(ours <= (kernel_ns() - earliest) / 50 * 51);
}

static void
never_goes_back(void)
{
	uint64_t last = thole_clock_ns();

	CU_ASSERT_TRUE(last > 0);
	for (int i = 0; i < 100000; i++) {
		uint64_t now = thole_clock_ns();

		CU_ASSERT_TRUE(now >= last);
		last = now;
	}
}

static const struct test_case cases[] = {
	{ "multiplication is within 1e-8 of the quotient", close_to_exact },
	{ "more cycles are never an earlier time", rises_with_cycles },
	{ "agrees with the kernel's clock", agrees_with_kernel },
	{ "never goes back", never_goes_back },
	{ NULL, NULL },
};

const struct test_suite suite_clock = { "clock", cases };
