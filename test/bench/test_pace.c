/* SPDX-License-Identifier: BSD-3-Clause */
/* test_pace.c: times of an open loop: evenly spaced, exact after long, and none is ever left out.
 */
#include "pace.h"
#include "suites.h"

#define S_IN_NS UINT64_C(1000000000)
#define START	UINT64_C(123456789012345)

/* The n-th time, by long division in pieces that fit. */
static uint64_t
nth_ns(uint64_t n, uint64_t per_s)
{
	return START + n / per_s * S_IN_NS + n % per_s * S_IN_NS / per_s;
}

static void
test_even(void)
{
	static const uint64_t rates[] = { 1, 3, 7, 1000, 99991, 100000, 1500000, 33333333,
		999999999, S_IN_NS, 7 * S_IN_NS + 3 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct pace pace;
		uint64_t wrong = 0;

		pace_start(&pace, rates[i], 0, 1, START);
		for (uint64_t n = 0; n < 300000; n++)
			wrong += pace_take(&pace) != nth_ns(n, rates[i]);
		CU_ASSERT_EQUAL(wrong, 0);
	}
}

/* The fractions of five million times come to whole seconds, exactly. */
static void
test_no_drift(void)
{
	struct pace pace;
	uint64_t first, last = 0;

	pace_start(&pace, 99991, 0, 1, START);
	first = pace.next_ns;
	for (uint64_t n = 0; n < 99991 * UINT64_C(50); n++)
		last = pace_take(&pace);
	CU_ASSERT_TRUE(last < first + 50 * S_IN_NS);
	CU_ASSERT_EQUAL(pace.next_ns, first + 50 * S_IN_NS);
	CU_ASSERT_EQUAL(pace.carry, 0);
}

/* Those who share a rate take its times in turn, each time once. */
static void
test_shared(void)
{
	static const uint32_t sharers[] = { 2, 3, 16 };
	static const uint64_t rates[] = { 1, 5, 100000, 1234567 };

	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 4; k++) {
			struct pace paces[16];
			uint64_t wrong = 0;

			for (uint32_t s = 0; s < sharers[i]; s++)
				pace_start(&paces[s], rates[k], s, sharers[i], START);
			for (uint64_t n = 0; n < 30000; n++)
				wrong += pace_take(&paces[n % sharers[i]]) != nth_ns(n, rates[k]);
			CU_ASSERT_EQUAL(wrong, 0);
		}
}

/* After a stall all that were due meanwhile are found, with their own times. */
static void
test_stall(void)
{
	struct pace pace;
	uint64_t now = START, taken = 0, wrong = 0;

	pace_start(&pace, 70000, 0, 1, START);
	for (int turn = 0; turn < 2000; turn++) {
		now += turn == 1000 ? 3 * S_IN_NS : 9973;
		while (pace_due(&pace, now))
			wrong += pace_take(&pace) != nth_ns(taken++, 70000);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(taken, (now - START) * 70000 / S_IN_NS + 1);
}

static void
test_behind(void)
{
	struct pace pace;

	pace_start(&pace, 8, 1, 4, START); /* a half second apart, the first after an eighth */
	CU_ASSERT_EQUAL(pace_behind(&pace, START), 0);
	CU_ASSERT_EQUAL(pace_behind(&pace, START + S_IN_NS / 8 - 1), 0);
	CU_ASSERT_EQUAL(pace_behind(&pace, START + S_IN_NS / 8), 1);
	CU_ASSERT_EQUAL(pace_behind(&pace, START + S_IN_NS * 5 / 8 - 1), 1);
	CU_ASSERT_EQUAL(pace_behind(&pace, START + S_IN_NS * 5 / 8), 2);
	CU_ASSERT_EQUAL(pace_behind(&pace, START + 3600 * S_IN_NS), 7200);
	pace_take(&pace);
	CU_ASSERT_EQUAL(pace_behind(&pace, START + 3600 * S_IN_NS), 7199);
	CU_ASSERT_FALSE(pace_due(&pace, START + S_IN_NS * 5 / 8 - 1));
	CU_ASSERT_TRUE(pace_due(&pace, START + S_IN_NS * 5 / 8));

	/* More than one a nanosecond. */
	pace_start(&pace, 4 * S_IN_NS, 0, 1, START);
	CU_ASSERT_EQUAL(pace_behind(&pace, START + 10), 41);
}

const struct test_suite suite_pace = {
	"pace",
	(const struct test_case[]){
		{ "evenly spaced, to the nanosecond", test_even },
		{ "no drift", test_no_drift },
		{ "workers share a rate", test_shared },
		{ "a stall forgives nothing", test_stall },
		{ "how many are due", test_behind },
		{ NULL, NULL },
	},
};
