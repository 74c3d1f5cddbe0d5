/* SPDX-License-Identifier: BSD-3-Clause */
/* drain.c: stacks that are drained, and cut, while their applications go on as if nothing were. */
#include <errno.h>

#include "sim.h"

static void
drain(struct side *me)
{
	struct thole_stats stats;

	thole_stack_drain(me->stack);
	thole_stats_get(me->stack, &stats);
	me->drained = true;
	me->passive = stats.opened_passive;
	/* Those that try again are told. */
	for (uint32_t i = 0; i < me->nb_contexts; i++)
		me->contexts[i].listening = false;
}

static void
cut(struct sim *s, struct side *me)
{
	struct thole_left left, was;

	for (uint32_t i = 0; i < me->nb_ends; i++)
		if (!me->ends[i].over && inside_unfinished(me, me->ends[i].conn))
			me->ends[i].cut = true;
	thole_stack_left(me->stack, &left);
	sim_failed_unless(s, thole_stack_cut(me->stack, &was) == left.open + left.orphans,
		"cut off isn't what was left");
	sim_failed_unless(s,
		left.open == was.open && left.orphans == was.orphans && was.handshakes == 0 &&
			left.unsent_bytes == was.unsent_bytes &&
			left.unacked_bytes == was.unacked_bytes,
		"what is cut off isn't what was left");
	sim_failed_unless(
		s, thole_stack_left(me->stack, NULL) == 0, "something is left of what was cut off");
	me->cut = true;
	if (!me->drained)
		drain(me);
}

void
drain_turn(struct sim *s, unsigned int side)
{
	const struct more *more = &s->plan.more[side];
	struct side *me = &s->side[side];

	if (!me->drained && s->now >= more->drain_ns) {
		drain(me);
		me->settled = false;
	}
	if (!me->cut && s->now >= more->cut_ns) {
		cut(s, me);
		me->settled = false;
	}
}

void
drain_closed(struct sim *s, unsigned int side, struct end *e)
{
	if (e->cut && e->status != -ECONNABORTED)
		sim_fail(s, "side %u: cut off, and closed with %d", side, e->status);
	if (e->status == -ESHUTDOWN && !s->side[side].cut)
		sim_fail(s, "side %u: a stack that wasn't cut says so", side);
	e->closed |= e->cut; /* as by an ABORT of the application's own */
}
