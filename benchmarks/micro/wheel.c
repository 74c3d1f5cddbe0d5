/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wheel.c: thole's timer wheel against rte_timer: as many timers pending as there are connections,
 * due within a second; the next one to change is any of them. thole's entries stand in TCBs, as
 * they do in a stack; rte_timer's timers stand alone. Cancelling runs ahead of arming by the
 * window. What a stack does most is told apart: a deadline that moves later touches no wheel.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_timer.h>

#include "base/prng.h"
#include "parts.h"
#include "stack/wheel.h"
#include "tcp/tcb.h"

#define PART	     "wheel"
#define CHUNK	     1024U
#define WINDOW_SHARE 8
#define START_NS     (1000 * TIME_S)
#define LEAST_NS     TIME_MS
#define SPREAD_NS    (TIME_S - LEAST_NS)
#define FIRE_STEP_NS (50 * TIME_US)
#define TICKS_SHIFT  20 /* of ticks_per_ns */

struct lone_timer {
	struct rte_timer timer;
} __rte_cache_aligned;

/* One of the two. */
struct side {
	const uint32_t *order; /* all timers, shuffled */
	uint32_t n;
	uint32_t arm, cancel, move; /* places in it */
	uint64_t seed;		    /* both have the same */
	uint64_t lazy;		    /* deadlines that touched no wheel */
	uint64_t fired;
	struct wheel wheel;
	struct tcb *tcbs;
	struct lone_timer *timers;
	uint64_t ticks_per_ns; /* a fixed-point number */
	uint64_t failed;
};

static inline uint32_t
next(const struct side *s, uint32_t *at)
{
	if (*at == s->n)
		*at = 0;
	return s->order[(*at)++];
}

static inline uint64_t
delay_ns(struct side *s)
{
	return LEAST_NS + prng_below(&s->seed, SPREAD_NS);
}

static void
thole_arm(void *ctx, uint32_t n)
{
	struct side *s = ctx;

	for (; n != 0; n--)
		wheel_arm(&s->wheel, next(s, &s->arm), START_NS + delay_ns(s));
}

static void
thole_cancel(void *ctx, uint32_t n)
{
	struct side *s = ctx;

	for (; n != 0; n--)
		wheel_cancel(&s->wheel, next(s, &s->cancel));
}

static void
thole_move(void *ctx, uint32_t n)
{
	struct side *s = ctx;

	for (; n != 0; n--)
		wheel_arm(&s->wheel, next(s, &s->move), START_NS + delay_ns(s));
}

/* As conn_settle() in lib/stack/conn.c; later than all that is armed. */
static void
thole_later(void *ctx, uint32_t n)
{
	struct side *s = ctx;

	for (; n != 0; n--) {
		uint32_t i = next(s, &s->move);
		uint64_t deadline = START_NS + TIME_S + delay_ns(s);

		if (deadline < s->tcbs[i].timer.at_ns)
			wheel_arm(&s->wheel, i, deadline);
		else
			s->lazy++;
	}
}

static void
on_timer(struct rte_timer *timer, void *arg)
{
	struct side *s = arg;

	s->fired++;
}

static inline void
dpdk_reset(struct side *s, uint32_t i, uint64_t ns)
{
	uint64_t ticks = (ns * s->ticks_per_ns) >> TICKS_SHIFT;

	s->failed += rte_timer_reset(
			     &s->timers[i].timer, ticks, SINGLE, rte_lcore_id(), on_timer, s) != 0;
}

static void
dpdk_arm(void *ctx, uint32_t n)
{
	struct side *s = ctx;

	for (; n != 0; n--)
		dpdk_reset(s, next(s, &s->arm), delay_ns(s));
}

static void
dpdk_cancel(void *ctx, uint32_t n)
{
	struct side *s = ctx;

	for (; n != 0; n--)
		s->failed += rte_timer_stop(&s->timers[next(s, &s->cancel)].timer) != 0;
}

static void
dpdk_move(void *ctx, uint32_t n)
{
	struct side *s = ctx;

	for (; n != 0; n--)
		dpdk_reset(s, next(s, &s->move), delay_ns(s));
}

static void
dpdk_later(void *ctx, uint32_t n)
{
	struct side *s = ctx;

	for (; n != 0; n--)
		dpdk_reset(s, next(s, &s->move), TIME_S + delay_ns(s));
}

static void
compare(struct results *r, struct side *ours, struct side *theirs)
{
	uint32_t window = ours->n / WINDOW_SHARE;
	struct contest churn = {
		.name = { "cancel", "arm", "cancel and arm" },
		.nb_phases = 2,
		.chunk = RTE_MIN(window, CHUNK),
		.ours = { "wheel", { thole_cancel, thole_arm }, ours },
		.theirs = { "rte_timer_stop, rte_timer_reset", { dpdk_cancel, dpdk_arm }, theirs },
	};
	struct contest move = {
		.name = { "move one that is armed" },
		.nb_phases = 1,
		.chunk = CHUNK,
		.ours = { "wheel", { thole_move }, ours },
		.theirs = { "rte_timer_reset", { dpdk_move }, theirs },
	};
	struct contest later = move;

	later.name[0] = "lazy: a deadline that moves later";
	later.ours.phase[0] = thole_later;
	later.theirs.phase[0] = dpdk_later;

	thole_cancel(ours, window);
	dpdk_cancel(theirs, window);
	results_run(r, PART, ours->n, &churn);
	thole_arm(ours, window);
	dpdk_arm(theirs, window);
	results_run(r, PART, ours->n, &move);
	results_run(r, PART, ours->n, &later);
}

static uint64_t
dpdk_pending(const struct side *s)
{
	uint64_t pending = 0;

	for (uint32_t i = 0; i < s->n; i++)
		pending += rte_timer_pending(&s->timers[i].timer) != 0;
	return pending;
}

/* Every timer is armed, and fires once. rte_timer knows no time but the TSC's: all are due now. */
static void
check(struct results *r, struct side *ours, struct side *theirs)
{
	uint32_t n = ours->n;

	results_check(r, PART, n, "failed", 0, ours->failed, theirs->failed);
	results_check(r, PART, n, "armed", n, ours->wheel.armed, dpdk_pending(theirs));
	for (uint64_t now = START_NS; now <= START_NS + 2 * TIME_S; now += FIRE_STEP_NS)
		while (wheel_pop(&ours->wheel, now) != SLAB_NONE)
			ours->fired++;
	for (uint32_t i = 0; i < n; i++)
		dpdk_reset(theirs, i, 0);
	rte_timer_manage();
	results_check(r, PART, n, "fired", n, ours->fired, theirs->fired);
	results_check(r, PART, n, "left", 0, ours->wheel.armed, dpdk_pending(theirs));
}

static int
prepare(struct side *ours, struct side *theirs, uint32_t *order)
{
	uint32_t n = ours->n;
	uint64_t seed = 1;

	ours->tcbs = rte_zmalloc("micro", (size_t)n * sizeof(*ours->tcbs), 64);
	theirs->timers = rte_zmalloc("micro", (size_t)n * sizeof(*theirs->timers), 64);
	if (order == NULL || ours->tcbs == NULL || theirs->timers == NULL)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = prng_below(&seed, i + 1);

		order[i] = order[at];
		order[at] = i;
		wheel_entry_init(&ours->tcbs[i].timer);
		rte_timer_init(&theirs->timers[i].timer);
	}
	wheel_init(&ours->wheel, &ours->tcbs->timer, sizeof(*ours->tcbs), START_NS);
	theirs->ticks_per_ns = (rte_get_timer_hz() << TICKS_SHIFT) / TIME_S;
	thole_arm(ours, n);
	dpdk_arm(theirs, n);
	return 0;
}

void
wheel_part(struct results *r, uint32_t entries)
{
	uint32_t *order = rte_malloc("micro", entries * sizeof(*order), 64);
	struct side ours = { .order = order, .n = entries }, theirs = ours;

	if (prepare(&ours, &theirs, order) != 0) {
		results_fail(r, "no memory for %" PRIu32 " timers: see --entries", entries);
	} else {
		results_head("timer wheel against rte_timer, %" PRIu32 " timers", entries);
		compare(r, &ours, &theirs);
		check(r, &ours, &theirs);
	}
	rte_free(theirs.timers);
	rte_free(ours.tcbs);
	rte_free(order);
}
