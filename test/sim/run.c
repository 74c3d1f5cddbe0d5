/* SPDX-License-Identifier: BSD-3-Clause */
/* run.c: a run: time goes from one thing due to the next, and a stack is called only when it asked
 * to be. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define TURNS_MAX 4000000
#define CHECK_AT  16 /* turns from one look inside to the next */

const char *
sim_kind_name(enum sim_kind kind)
{
	static const char *const names[] = { "honest", "strict", "hostile" };

	return names[kind];
}

void
sim_fail(struct sim *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->why, sizeof(s->why), format, args);
	va_end(args);
	longjmp(s->failed, 1);
}

static const unsigned int pool_sizes[] = { 40, 160, 4095 };
static struct rte_mempool *pools[RTE_DIM(pool_sizes)][SIDES];
static struct rte_mempool *app_pools[SIDES];

static void
make_pools(void)
{
	for (unsigned int side = 0; side < SIDES; side++) {
		for (unsigned int i = 0; i < RTE_DIM(pool_sizes); i++)
			pools[i][side] = start_pool("stack", pool_sizes[i], side);
		app_pools[side] = start_pool("app", 8191, side);
	}
}

static void
side_make(struct sim *s, unsigned int i)
{
	struct side *me = &s->side[i];
	const char *why = "";

	me->pool = pools[s->plan.pool][i];
	me->app_pool = app_pools[i];
	me->pool_base = rte_mempool_in_use_count(me->pool);
	me->app_pool_base = rte_mempool_in_use_count(me->app_pool);
	plan_config(s, i);
	if (thole_stack_create(&me->config, &me->stack, &why) != 0)
		sim_fail(s, "no stack: %s", why);
	me->nb_contexts = s->plan.more[i].contexts;
	context_make(s, i, 0, s->plan.ring_entries[i]);
	for (uint32_t k = 1; k < me->nb_contexts; k++)
		context_make(s, i, k, sim_more(s, 2) == 0 ? 64u << sim_more(s, 3) : 0);
	me->to_open = i == 0 ? s->plan.conns : s->plan.conns_back;
	me->wake_ns = me->open_at = s->now;
}

static void
side_free(struct sim *s, unsigned int i)
{
	struct side *me = &s->side[i];

	for (uint32_t k = 0; k < me->nb_contexts; k++)
		context_end(s, i, &me->contexts[k]);
	thole_stack_destroy(me->stack);
}

static void
side_rx(struct sim *s, unsigned int i)
{
	struct rte_mbuf *pkts[BURST_MAX], *rejects[BURST_MAX];
	uint16_t max = (uint16_t)(1 + prng_below(&s->prng, BURST_MAX));
	uint16_t n = cable_arrivals(s, i, pkts, max);

	if (n != 0)
		user_soon(s, i);
	/* Without packets, too: the time that ops go by is that of the last call. */
	n = thole_stack_rx(s->side[i].stack, s->now, pkts, n, rejects);
	rte_pktmbuf_free_bulk(rejects, n);
}

static uint64_t
times_no_mbuf(const struct thole_stack *stack)
{
	struct thole_stats stats;

	thole_stats_get(stack, &stats);
	return stats.tx_nombuf;
}

static void
side_tx(struct sim *s, unsigned int i)
{
	struct thole_stack *stack = s->side[i].stack;
	struct rte_mbuf *out[BURST_MAX];
	uint64_t before = 0;
	uint16_t n, max;
	bool again = false;

	for (;;) {
		max = (uint16_t)(1 + prng_below(&s->prng, BURST_MAX));
		n = thole_stack_tx(stack, s->now, out, max);
		for (uint16_t k = 0; k < n; k++)
			cable_send(s, i, out[k]);
		rte_pktmbuf_free_bulk(out, n);
		if (n == max)
			continue;
		if (thole_stack_next_deadline(stack) > s->now)
			return;
		/* Something is due. Without an mbuf that is so; else a driver that sleeps until the
		 * deadline would spin. */
		if (again && times_no_mbuf(stack) == before)
			sim_fail(s, "side %u: due now, though nothing is left to do", i);
		if (again)
			return;
		again = true;
		before = times_no_mbuf(stack);
	}
}

static void
side_turn(struct sim *s, unsigned int i)
{
	side_rx(s, i);
	if (s->now >= s->side[i].wake_ns) {
		cable_steal(s, i);
		user_turn(s, i);
	}
	thole_stack_run(s->side[i].stack, s->now);
	side_tx(s, i);
	if (++s->turns % CHECK_AT == 0)
		inside_check(s, i);
	if (s->turns > TURNS_MAX)
		sim_fail(s, "no end in sight");
}

/* Whether the applications have nothing more to do. Their last events are read at the end. */
static bool
all_done(const struct sim *s)
{
	return user_done(&s->side[0]) && user_done(&s->side[1]) &&
	       (s->kind == SIM_STRICT || s->now >= s->start + s->plan.end_ns);
}

/* When side @p i next wants a turn; an arrival comes by itself. */
static uint64_t
side_next(const struct sim *s, unsigned int i, bool done)
{
	uint64_t next = thole_stack_next_deadline(s->side[i].stack);

	if (next <= s->now) /* no mbufs: again soon */
		next = s->now + TIME_MS;
	return done ? next : RTE_MIN(next, s->side[i].wake_ns);
}

/* Events that came when the applications had left. @return whether there is nothing to do about
 * them. */
static bool
last_events(struct sim *s)
{
	s->last = true;
	for (unsigned int i = 0; i < SIDES; i++) {
		user_turn(s, i);
		if (s->side[i].nb_contexts > 1) { /* what their rings had no room for */
			thole_stack_run(s->side[i].stack, s->now);
			user_turn(s, i);
		}
		inside_check(s, i);
	}
	s->last = false;
	return all_done(s) && thole_stack_next_deadline(s->side[0].stack) == THOLE_NEVER &&
	       thole_stack_next_deadline(s->side[1].stack) == THOLE_NEVER;
}

static void
play(struct sim *s)
{
	uint64_t last = s->start + s->plan.end_ns + 24 * 3600 * TIME_S;
	uint64_t next[SIDES];

	for (;;) {
		uint64_t at = link_next(&s->link);
		bool done = all_done(s);

		for (unsigned int i = 0; i < SIDES; i++) {
			next[i] = side_next(s, i, done);
			at = RTE_MIN(at, next[i]);
		}
		if (at == TIME_NEVER && last_events(s))
			return;
		if (at == TIME_NEVER)
			continue;
		s->now = RTE_MAX(s->now, at);
		if (s->now > last)
			sim_fail(s, "it never comes to rest");
		for (unsigned int i = 0; i < SIDES; i++)
			if (next[i] <= s->now || link_next_to(&s->link, s->now) == i)
				side_turn(s, i);
	}
}

static void
add_up(const struct sim *s, struct sim_totals *t)
{
	t->runs++;
	t->turns += s->turns;
	t->forged += s->forged;
	for (unsigned int i = 0; i < SIDES; i++) {
		struct thole_stats stats;

		for (unsigned int k = 0; k < LINK_FATES; k++)
			t->fates[k] += s->link.way[i].fates[k];
		t->marked += s->link.way[i].marked;
		t->given += s->side[i].given;
		t->shared += s->side[i].shared;
		t->tuned += s->side[i].tuned;
		t->contexts_ended += s->side[i].ended;
		t->drained += s->side[i].drained;
		t->cut += s->side[i].cut;
		thole_stats_get(s->side[i].stack, &stats);
		t->retransmits += stats.retransmits;
		t->starved += stats.tx_nombuf;
		for (uint32_t k = 0; k < s->side[i].nb_ends; k++) {
			const struct end *e = &s->side[i].ends[k];

			t->ends++;
			t->established += e->opened;
			t->well += e->opened && e->status == 0;
			t->bytes += e->received;
		}
	}
}

static void
check_pools(struct sim *s)
{
	for (unsigned int i = 0; i < SIDES; i++) {
		const struct side *me = &s->side[i];

		if (rte_mempool_in_use_count(me->pool) != me->pool_base ||
			rte_mempool_in_use_count(me->app_pool) != me->app_pool_base)
			sim_fail(s, "side %u: %d and %d mbufs leaked", i,
				(int)(rte_mempool_in_use_count(me->pool) - me->pool_base),
				(int)(rte_mempool_in_use_count(me->app_pool) - me->app_pool_base));
	}
}

static void
whole_run(struct sim *s, struct sim_totals *totals)
{
	plan_draw(s);
	link_init(&s->link, s->plan.link, prng_next(&s->prng));
	memcpy(s->link.cuts, s->plan.cuts, sizeof(s->link.cuts));
	s->link.digesting = s->digest;
	for (unsigned int i = 0; i < SIDES; i++)
		side_make(s, i);
	trace_plan(s);
	play(s);
	cable_fini(s);
	ends_check(s);
	for (unsigned int i = 0; i < SIDES; i++)
		inside_check_idle(s, i);
	add_up(s, totals);
}

static bool
guarded(struct sim *s, void (*what)(struct sim *s, struct sim_totals *totals),
	struct sim_totals *totals)
{
	if (setjmp(s->failed) != 0)
		return false;
	what(s, totals);
	return true;
}

static void
clean_up(struct sim *s, struct sim_totals *totals)
{
	(void)totals;
	check_pools(s);
}

bool
sim_run(const struct sim_how *how, struct sim_totals *totals, struct sim_outcome *outcome)
{
	static struct sim run, *const s = &run;
	bool good;

	if (app_pools[0] == NULL)
		make_pools();
	memset(s, 0, sizeof(*s));
	s->kind = how->kind;
	s->seed = how->seed;
	s->trace = how->trace;
	s->digest = how->digest;
	s->prng = s->seed * 16 + (uint64_t)s->kind;
	s->more = ~s->prng;
	s->start = s->now = prng_next(&s->prng) >> 8; /* 2 years: 32-bit clocks wrap at odd times */
	good = guarded(s, whole_run, totals);
	outcome->digest = s->link.digest;
	for (unsigned int i = 0; i < SIDES; i++)
		side_free(s, i);
	cable_fini(s);
	good = good && guarded(s, clean_up, totals);
	snprintf(outcome->why, sizeof(outcome->why), "at %.6f s, turn %ju: %s",
		(double)(s->now - s->start) / 1e9, (uintmax_t)s->turns, s->why);
	return good;
}
