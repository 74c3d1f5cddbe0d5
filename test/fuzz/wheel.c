/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wheel.c: the timer wheel against an array of deadlines. Nothing fires early, nothing is later
 * than a tick, and wheel_next() is never late.
 *
 * Input: the start, then ops of three bytes: what and which, and a time of any magnitude.
 */
#include <string.h>

#include "fuzz.h"
#include "stack/wheel.h"

#define ENTRIES 16
#define TICK	(UINT64_C(1) << WHEEL_TICK_SHIFT)

enum op {
	OP_ARM,	     /* so much after now */
	OP_ARM_AT,   /* at a deadline that another one has */
	OP_ARM_PAST, /* so much before now */
	OP_CANCEL,
	OP_ADVANCE,	/* by so much, and take all that is due */
	OP_ADVANCE_TO,	/* to what wheel_next() says */
	OP_ADVANCE_ARM, /* and arm what comes out again, once each */
	OP_ARM_NEVER,
	OPS,
};

/* As in the stack: the entry stands somewhere in a record. */
struct record {
	uint16_t before;
	struct wheel_entry entry;
	uint32_t after;
};

static struct {
	struct wheel wheel;
	struct record records[ENTRIES];
	uint64_t at[ENTRIES]; /* TIME_NEVER: not armed */
	uint64_t now;
} f;

static void
arm(uint32_t i, uint64_t at)
{
	wheel_arm(&f.wheel, i, at);
	/* The clock never gets to the last tick's end. */
	f.at[i] = at > UINT64_MAX - TICK ? TIME_NEVER : at;
}

/* What is due at @p at comes out at this time at the earliest. */
static uint64_t
round_up(uint64_t at)
{
	return (at + TICK - 1) & ~(TICK - 1);
}

static void
check_next(void)
{
	uint64_t next = wheel_next(&f.wheel), earliest = TIME_NEVER;
	uint32_t armed = 0;

	for (unsigned int i = 0; i < ENTRIES; i++) {
		FUZZ_CHECK(f.records[i].entry.at_ns == f.at[i], "entry %u has another time", i);
		if (f.at[i] == TIME_NEVER)
			continue;
		armed++;
		earliest = RTE_MIN(earliest, round_up(f.at[i]));
	}
	FUZZ_CHECK(f.wheel.armed == armed, "%u armed, there are %u", f.wheel.armed, armed);
	FUZZ_CHECK(earliest != TIME_NEVER || next == TIME_NEVER, "next, and nothing is armed");
	/* What is due already comes with the next pop, whatever the time. */
	FUZZ_CHECK(next <= RTE_MAX(earliest, f.now), "next is late: %ju for %ju", (uintmax_t)next,
		(uintmax_t)earliest);
}

static void
advance(uint64_t now, bool again, uint64_t delta)
{
	uint32_t armed_again = 0, i;

	f.now = now;
	while ((i = wheel_pop(&f.wheel, now)) != SLAB_NONE) {
		FUZZ_CHECK(i < ENTRIES, "record %u comes out", i);
		FUZZ_CHECK(f.at[i] != TIME_NEVER, "record %u fires, and isn't armed", i);
		FUZZ_CHECK(f.at[i] <= now, "record %u fires early", i);
		f.at[i] = TIME_NEVER;
		if (again && (armed_again & 1U << i) == 0) {
			armed_again |= 1U << i;
			arm(i, delta % 2 == 0 ? now + delta : now - RTE_MIN(delta, now));
		}
	}
	for (i = 0; i < ENTRIES; i++)
		FUZZ_CHECK(f.at[i] == TIME_NEVER || round_up(f.at[i]) > now,
			"record %u is more than a tick late", i);
	FUZZ_CHECK(wheel_next(&f.wheel) > now, "next is now, and nothing comes out");
}

static void
do_op(enum op op, uint32_t i, uint64_t delta)
{
	uint64_t later;

	/*
	 * Time goes on by 13 days at most, which is 32 spans of the wheel, and stays where a
	 * process could live to see it: some 290 years. An entry may be due whenever it likes.
	 */
	if (op >= OP_ADVANCE && op <= OP_ADVANCE_ARM)
		delta = RTE_MIN(RTE_MIN(delta, UINT64_C(1) << 50), (uint64_t)INT64_MAX - f.now);
	later = f.now > UINT64_MAX - delta ? UINT64_MAX : f.now + delta;
	switch (op) {
	case OP_ARM:
		arm(i, later);
		break;
	case OP_ARM_AT:
		arm(i, f.at[delta % ENTRIES]);
		break;
	case OP_ARM_PAST:
		arm(i, f.now - RTE_MIN(delta, f.now));
		break;
	case OP_CANCEL:
		wheel_cancel(&f.wheel, i);
		f.at[i] = TIME_NEVER;
		break;
	case OP_ADVANCE:
		advance(later, false, 0);
		break;
	case OP_ADVANCE_TO:
		later = wheel_next(&f.wheel);
		if (later > f.now && later < INT64_MAX)
			advance(later, false, 0);
		break;
	case OP_ADVANCE_ARM:
		advance(later, true, delta);
		break;
	case OP_ARM_NEVER:
		arm(i, TIME_NEVER - delta);
		break;
	case OPS:
		break;
	}
	check_next();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_in in = { data, bytes };

	memset(&f, 0, sizeof(f));
	f.now = fuzz_magnitude(&in, 54);
	for (unsigned int i = 0; i < ENTRIES; i++) {
		wheel_entry_init(&f.records[i].entry);
		f.at[i] = TIME_NEVER;
		f.records[i].before = 0x5a5a;
		f.records[i].after = 0x5a5a5a5a;
	}
	wheel_init(&f.wheel, &f.records[0].entry, sizeof(f.records[0]), f.now);
	while (in.left >= 3) {
		uint8_t what = fuzz_u8(&in);

		do_op((enum op)(what % OPS), what / OPS % ENTRIES, fuzz_magnitude(&in, 56));
	}
	for (unsigned int i = 0; i < ENTRIES; i++)
		FUZZ_CHECK(f.records[i].before == 0x5a5a && f.records[i].after == 0x5a5a5a5a,
			"record %u is written to beside its entry", i);
	return 0;
}
