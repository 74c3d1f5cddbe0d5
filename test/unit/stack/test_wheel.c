/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_wheel.c: the wheel against a list of deadlines. What is checked throughout: nothing fires
 * early, nothing is left once its tick has begun, wheel_next() is never late, and sleeping until
 * then gets on.
 */
#include <stdbool.h>
#include <string.h>

#include "test.h"
#include "base/prng.h"
#include "stack/wheel.h"

#define N	300
#define TICK_NS (UINT64_C(1) << WHEEL_TICK_SHIFT)
#define HOUR_NS (3600 * TIME_S)
#define SPAN_NS (TICK_NS << 32)

struct record {
	uint64_t before;
	struct wheel_entry timer;
	uint16_t after;
};

struct model {
	struct wheel wheel;
	struct record records[N];
	uint64_t at[N]; /* TIME_NEVER: not armed */
	uint32_t armed;
	uint64_t now;
	uint64_t seed;
};

static struct model model;

static struct model *
model_start(uint64_t now, uint64_t seed)
{
	struct model *m = &model;

	memset(m, 0xa5, sizeof(*m));
	m->now = now;
	m->seed = seed;
	m->armed = 0;
	wheel_init(&m->wheel, &m->records[0].timer, sizeof(m->records[0]), now);
	for (uint32_t i = 0; i < N; i++) {
		wheel_entry_init(&m->records[i].timer);
		m->at[i] = TIME_NEVER;
	}
	return m;
}

static void
model_arm(struct model *m, uint32_t i, uint64_t at)
{
	m->armed += m->at[i] == TIME_NEVER;
	m->at[i] = at;
	wheel_arm(&m->wheel, i, at);
}

static void
model_cancel(struct model *m, uint32_t i)
{
	m->armed -= m->at[i] != TIME_NEVER;
	m->at[i] = TIME_NEVER;
	wheel_cancel(&m->wheel, i);
}

/* When the entry must fire: at the first tick that begins at its time or later. */
static uint64_t
due_ns(uint64_t at)
{
	return (at + TICK_NS - 1) / TICK_NS * TICK_NS;
}

static uint64_t
model_first_due(const struct model *m)
{
	uint64_t first = TIME_NEVER;

	for (uint32_t i = 0; i < N; i++) {
		if (m->at[i] != TIME_NEVER && due_ns(m->at[i]) < first)
			first = due_ns(m->at[i]);
	}
	return first;
}

/* Pops one, @return whether there was one. */
static bool
model_pop(struct model *m, uint32_t *popped)
{
	uint32_t i = wheel_pop(&m->wheel, m->now);

	*popped = i;
	if (i == SLAB_NONE)
		return false;
	CU_ASSERT_FATAL(i < N);
	CU_ASSERT_NOT_EQUAL_FATAL(m->at[i], TIME_NEVER); /* armed */
	CU_ASSERT_TRUE_FATAL(m->at[i] <= m->now);	 /* not early */
	CU_ASSERT_EQUAL_FATAL(m->records[i].timer.at_ns, TIME_NEVER);
	m->at[i] = TIME_NEVER;
	m->armed--;
	return true;
}

/* Nothing due is left, and wheel_next() is in the future, but not too far. */
static void
model_check_drained(const struct model *m)
{
	uint64_t first = model_first_due(m), next = wheel_next(&m->wheel);

	CU_ASSERT_TRUE_FATAL(first > m->now);
	CU_ASSERT_TRUE_FATAL(next > m->now);
	CU_ASSERT_TRUE_FATAL(next <= first);
	CU_ASSERT_EQUAL_FATAL(next == TIME_NEVER, m->armed == 0);
	CU_ASSERT_EQUAL_FATAL(m->wheel.armed, m->armed);
}

static void
model_drain(struct model *m)
{
	uint64_t last = 0;
	uint32_t i;

	for (;;) {
		uint64_t at[N];

		memcpy(at, m->at, sizeof(at));
		if (!model_pop(m, &i))
			break;
		CU_ASSERT_TRUE_FATAL(due_ns(at[i]) >= last); /* in the order of their ticks */
		last = due_ns(at[i]);
	}
	model_check_drained(m);
}

static uint64_t
random_span(uint64_t *seed)
{
	switch (prng_below(seed, 6)) {
	case 0:
		return prng_below(seed, 3 * TICK_NS);
	case 1:
		return prng_below(seed, 256 * TICK_NS);
	case 2:
		return prng_below(seed, TIME_S);
	case 3:
		return (uint64_t)prng_below(seed, 60000) * TIME_MS;
	case 4:
		return (uint64_t)prng_below(seed, 10 * 3600) * TIME_S;
	default:
		return prng_next(seed) >> 1 >> prng_below(seed, 60);
	}
}

static void
model_random_op(struct model *m)
{
	uint32_t i = prng_below(&m->seed, N);
	uint64_t span = random_span(&m->seed);

	switch (prng_below(&m->seed, 8)) {
	case 0:
	case 1:
		model_cancel(m, i);
		break;
	case 2: /* the past; never below what is still due, so that order can be checked */
		model_arm(m, i, m->now);
		break;
	default:
		model_arm(m, i, m->now + span % (UINT64_C(1) << 62));
		break;
	}
	CU_ASSERT_TRUE_FATAL(wheel_next(&m->wheel) <= model_first_due(m));
	CU_ASSERT_EQUAL_FATAL(m->wheel.armed, m->armed);
}

static void
test_random(void)
{
	static const uint64_t starts[] = { 0, TICK_NS * 255, SPAN_NS - 5 * TICK_NS,
		UINT64_C(1) << 60 };

	for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
		struct model *m = model_start(starts[s], 200 + s);

		for (unsigned int step = 0; step < 4000; step++) {
			for (uint32_t ops = prng_below(&m->seed, 10); ops > 0; ops--)
				model_random_op(m);
			if (m->now < UINT64_C(1) << 61)
				m->now += random_span(&m->seed) >> 8;
			else
				m->now += prng_below(&m->seed, TIME_S);
			model_drain(m);
		}
		for (uint32_t i = 0; i < N; i++)
			model_cancel(m, i);
		model_check_drained(m);
	}
}

/* Sleeps until wheel_next(): every entry fires at its own tick, after few wake-ups. */
static void
test_sleeper(void)
{
	for (uint64_t round = 0; round < 40; round++) {
		struct model *m = model_start(prng_next(&(uint64_t){ round }) >> 20, 300 + round);
		unsigned int wakes = 0, limit = 0;

		for (uint32_t i = 0; i < N; i++) {
			uint64_t span = random_span(&m->seed) % (100 * HOUR_NS);

			model_arm(m, i, m->now + span);
			limit += 5 + (unsigned int)(span / SPAN_NS);
		}
		while (m->armed > 0 && wakes < limit) {
			uint64_t next = wheel_next(&m->wheel), due;
			uint32_t i;

			if (next > m->now)
				m->now = next;
			wakes++;
			due = model_first_due(m);
			CU_ASSERT_TRUE_FATAL(m->now <= due);
			while (model_pop(m, &i))
				continue;
			model_check_drained(m);
		}
		CU_ASSERT_EQUAL_FATAL(m->armed, 0);
	}
}

/* One entry alone fires at the begin of its tick, if the driver sleeps until wheel_next(). */
static void
check_alone(uint64_t start_tick, uint64_t at)
{
	struct model *m = model_start(start_tick * TICK_NS, 0);
	unsigned int wakes = 0;
	uint32_t i;

	model_arm(m, 1, at);
	for (; m->armed > 0 && wakes < 20; wakes++) {
		uint64_t next = wheel_next(&m->wheel);

		if (next > m->now) {
			CU_ASSERT_TRUE_FATAL(next <= due_ns(at));
			m->now = next - 1;
			CU_ASSERT_FALSE_FATAL(model_pop(m, &i));
			m->now = next;
		}
		if (model_pop(m, &i))
			CU_ASSERT_EQUAL_FATAL(i, 1);
	}
	CU_ASSERT_EQUAL_FATAL(m->armed, 0);
	CU_ASSERT_EQUAL_FATAL(
		m->now, at <= start_tick * TICK_NS ? start_tick * TICK_NS : due_ns(at));
}

/* Starts and spans about the places where levels meet, and one ns about a tick. */
static void
test_edges(void)
{
	static const uint64_t marks[] = { 1, 1 << 8, 1 << 16, 1 << 24, UINT64_C(1) << 32,
		UINT64_C(3) << 32, (UINT64_C(1) << 32) + (1 << 24) };
	const size_t nb = sizeof(marks) / sizeof(marks[0]);

	for (size_t c = 0; c < nb * nb * 27; c++) {
		uint64_t start = marks[c / 27 % nb] + c % 3 - 1;
		uint64_t span = marks[c / 27 / nb] + c / 3 % 3 - 1;

		if (start + span > 0)
			check_alone(start, (start + span) * TICK_NS + c / 9 % 3 - 1);
	}
}

/* Hours, and centuries, in one step. A wheel that goes tick by tick doesn't end here. */
static void
test_jumps(void)
{
	struct model *m = model_start(5, 400);
	uint32_t i;

	for (unsigned int k = 0; k < N; k++)
		model_arm(m, k, (uint64_t)k * k * HOUR_NS + k);
	m->now = 9 * HOUR_NS + 3;
	model_drain(m); /* up to 3 x 3 hours, but that one is due a tick later */
	CU_ASSERT_EQUAL_FATAL(m->armed, N - 3);
	m->now += TICK_NS;
	model_drain(m);
	CU_ASSERT_EQUAL_FATAL(m->armed, N - 4);
	m->now = (uint64_t)N * N * HOUR_NS;
	model_drain(m);
	CU_ASSERT_EQUAL_FATAL(m->armed, 0);

	model_arm(m, 7, UINT64_MAX - 2 * TICK_NS);
	m->now = UINT64_MAX - 3 * TICK_NS;
	CU_ASSERT_FALSE_FATAL(model_pop(m, &i));
	CU_ASSERT_TRUE_FATAL(wheel_next(&m->wheel) > m->now);
	m->now = UINT64_MAX;
	CU_ASSERT_TRUE_FATAL(model_pop(m, &i));
	CU_ASSERT_EQUAL_FATAL(i, 7);
	/* rounded up to a tick, the clock's last one never comes: like TIME_NEVER */
	wheel_arm(&m->wheel, 7, UINT64_MAX - 1);
	CU_ASSERT_EQUAL_FATAL(wheel_next(&m->wheel), TIME_NEVER);
	wheel_arm(&m->wheel, 7, m->now);
	wheel_arm(&m->wheel, 7, TIME_NEVER);
	CU_ASSERT_EQUAL_FATAL(wheel_next(&m->wheel), TIME_NEVER);
	CU_ASSERT_EQUAL_FATAL(m->wheel.armed, 0);
}

/* Whoever is popped arms and cancels others, and itself. */
static void
test_inside_pops(void)
{
	struct model *m = model_start(TIME_S, 500);

	for (unsigned int step = 0; step < 3000; step++) {
		unsigned int pops = 0;
		uint32_t i;

		model_arm(m, prng_below(&m->seed, N), m->now + random_span(&m->seed) % HOUR_NS);
		m->now += random_span(&m->seed) % (20 * TIME_S);
		while (model_pop(m, &i)) {
			pops++;
			CU_ASSERT_FATAL(pops < 10000);
			if (prng_below(&m->seed, 2) == 0)
				model_arm(m, i, m->now + 1 + random_span(&m->seed) % HOUR_NS);
			if (prng_below(&m->seed, 2) == 0)
				model_cancel(m, prng_below(&m->seed, N));
			if (prng_below(&m->seed, 3) == 0) /* the past: comes out in this turn */
				model_arm(m, prng_below(&m->seed, N),
					m->now - prng_below(&m->seed, TIME_S));
			CU_ASSERT_TRUE_FATAL(wheel_next(&m->wheel) <= model_first_due(m) ||
					     wheel_next(&m->wheel) <= m->now);
		}
		model_check_drained(m);
	}
}

/* Armed for now, or for before, after the wheel had found nothing: the next pop has it. */
static void
test_past(void)
{
	struct model *m = model_start(0, 600);
	uint32_t i;

	m->now = 1000 * TICK_NS;
	CU_ASSERT_FALSE_FATAL(model_pop(m, &i));
	for (uint64_t back = 0; back <= 1000; back += 50) {
		model_arm(m, 5, m->now - back * TICK_NS);
		CU_ASSERT_TRUE_FATAL(wheel_next(&m->wheel) <= m->now);
		CU_ASSERT_TRUE_FATAL(model_pop(m, &i));
		CU_ASSERT_EQUAL_FATAL(i, 5);
		CU_ASSERT_FALSE_FATAL(model_pop(m, &i));
	}
	/* within the tick: not before, and a sleeper gets there */
	m->now += TICK_NS / 2;
	model_arm(m, 5, m->now - 1);
	CU_ASSERT_FALSE_FATAL(model_pop(m, &i));
	CU_ASSERT_TRUE_FATAL(wheel_next(&m->wheel) > m->now);
	m->now = wheel_next(&m->wheel);
	CU_ASSERT_TRUE_FATAL(model_pop(m, &i));
}

static void
test_cancel(void)
{
	struct model *m = model_start(0, 700);
	uint32_t i;

	model_cancel(m, 0); /* never armed */
	for (uint32_t k = 0; k < 5; k++)
		model_arm(m, k, 100 * TICK_NS); /* one list: head, middle and tail */
	model_cancel(m, 4);
	model_cancel(m, 2);
	model_cancel(m, 0);
	model_cancel(m, 0);
	model_arm(m, 1, 50 * TICK_NS);
	m->now = 60 * TICK_NS;
	CU_ASSERT_TRUE_FATAL(model_pop(m, &i));
	CU_ASSERT_EQUAL_FATAL(i, 1);
	CU_ASSERT_FALSE_FATAL(model_pop(m, &i));
	m->now = 100 * TICK_NS;
	CU_ASSERT_TRUE_FATAL(model_pop(m, &i));
	CU_ASSERT_EQUAL_FATAL(i, 3);
	model_drain(m);
	CU_ASSERT_EQUAL_FATAL(m->armed, 0);
	for (uint32_t k = 0; k < N; k++) { /* nobody wrote beside the entries */
		CU_ASSERT_EQUAL_FATAL(m->records[k].before, UINT64_C(0xa5a5a5a5a5a5a5a5));
		CU_ASSERT_EQUAL_FATAL(m->records[k].after, 0xa5a5);
	}
}

static const struct test_case cases[] = {
	{ "random arms, cancels and steps", test_random },
	{ "a driver that sleeps until wheel_next()", test_sleeper },
	{ "where levels meet", test_edges },
	{ "jumps of hours and centuries", test_jumps },
	{ "arms and cancels inside pops", test_inside_pops },
	{ "the past and the current tick", test_past },
	{ "cancels", test_cancel },
	{ NULL, NULL },
};
extern const struct test_suite suite_wheel;
const struct test_suite suite_wheel = { "wheel", cases };
