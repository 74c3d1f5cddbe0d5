/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * contexts.c: the contexts of an application: they end, others take their place, and they give each
 * other connections. Each has its own stream of events. So that an application hears of a
 * connection in order it heeds nothing in the taker's stream from TAKEN on until it has read GIVEN
 * in the giver's; then all that comes there is the taker's, TAKEN first.
 */
#include <errno.h>
#include <string.h>

#include "sim.h"

#define GIFTS 40 /* of one connection: then it comes to rest */

static uint8_t
index_of(const struct side *me, const struct context *c)
{
	return (uint8_t)(c - me->contexts);
}

void
context_make(struct sim *s, unsigned int side, uint32_t i, uint32_t ring_entries)
{
	struct thole_app_config config = { .ring_entries = ring_entries };
	struct side *me = &s->side[side];
	struct context *c = &me->contexts[i];

	c->listening = c->forbidden = false;
	c->ring_entries = ring_entries;
	c->nb_ops = c->nb_events = c->next_event = 0;
	if (thole_app_create(me->stack, &config, &c->app) != 0)
		sim_fail(s, "no application");
	c->number = thole_app_number(c->app);
	tune_new(s, side, c);
}

/* Its context is gone, and resets what it had: no event comes of it. */
static void
lose(struct end *e)
{
	e->over = e->lost = e->closed = true;
	e->giving = e->untaken = false;
	e->status = -ECONNABORTED;
}

static void
pass(struct sim *s, unsigned int side, struct end *e)
{
	struct side *me = &s->side[side];

	me->given++;
	e->giving = false;
	e->context = e->to;
	e->untaken = true;
	if (me->contexts[e->to].app == NULL)
		lose(e); /* it was the taker's when that ended */
	trace_given(s, side, e);
}

/* What becomes of the ends of a context that is about to end. */
static void
bereave(struct sim *s, unsigned int side, struct context *c)
{
	struct side *me = &s->side[side];

	for (uint32_t i = 0; i < me->nb_ends; i++) {
		struct end *e = &me->ends[i];
		const struct context *taker = &me->contexts[e->to];

		if (e->over || e->context != index_of(me, c))
			continue;
		if (e->giving && taker->app != NULL && inside_owner(me, e->conn) == taker->number) {
			pass(s, side, e); /* GIVEN is lost with the context */
		} else {
			e->unsure = e->giving && taker->app != NULL &&
				    inside_owner(me, e->conn) == UINT32_MAX;
			lose(e);
		}
	}
}

/* It had been given and was over, its last events with the taker, when the giver's context ended.
 */
static void
find_again(struct end *e)
{
	e->over = e->lost = e->closed = e->unsure = false;
	e->status = 0;
	e->giving = true;
}

void
context_end(struct sim *s, unsigned int side, struct context *c)
{
	if (c->app == NULL)
		return;
	bereave(s, side, c);
	thole_app_destroy(c->app);
	c->app = NULL;
	for (uint32_t i = c->next_event; i < c->nb_events; i++)
		if (c->events[i].type == THOLE_EV_DATA)
			rte_pktmbuf_free(c->events[i].mbuf);
	for (uint32_t i = 0; i < c->nb_ops; i++)
		if (c->ops[i].type == THOLE_OP_SEND)
			rte_pktmbuf_free(c->ops[i].mbuf);
	c->nb_events = c->next_event = c->nb_ops = 0;
	s->side[side].ended++;
}

/*
 * Not while it gives one away, if it may have read, or its ring may hold, what came before: a
 * stream of bytes must not have a hole.
 */
static bool
may_end(const struct side *me, const struct context *c)
{
	uint32_t others = 0;

	for (uint32_t i = 0; i < me->nb_contexts; i++)
		others += me->contexts[i].app != NULL && &me->contexts[i] != c;
	if (others == 0)
		return false;
	for (uint32_t i = 0; i < me->nb_ends; i++) {
		const struct end *e = &me->ends[i];

		if (!e->over && e->giving && e->context == index_of(me, c) &&
			(c->ring_entries != 0 || c->nb_events != 0))
			return false;
	}
	return true;
}

/* A context takes another's place among ours: nobody may be on the way to the one who had it. */
static bool
may_make(const struct side *me)
{
	for (uint32_t i = 0; i < me->nb_ends; i++)
		if (!me->ends[i].over && me->ends[i].giving &&
			me->contexts[me->ends[i].to].app == NULL)
			return false;
	return true;
}

void
contexts_turn(struct sim *s, unsigned int side)
{
	const struct more *more = &s->plan.more[side];
	struct side *me = &s->side[side];
	struct context *c;
	uint32_t i;

	if (more->renews == 0 || s->now >= s->start + s->plan.end_ns ||
		sim_more(s, 1000) >= more->renews)
		return;
	i = sim_more(s, me->nb_contexts);
	c = &me->contexts[i];
	if (c->app == NULL && may_make(me))
		context_make(s, side, i, sim_more(s, 2) == 0 ? 64u << sim_more(s, 3) : 0);
	else if (c->app != NULL && may_end(me, c))
		context_end(s, side, c);
	me->settled = false;
}

bool
contexts_in_turn(struct sim *s, unsigned int side, const struct context *c, const struct end *e,
	const struct thole_event *ev)
{
	const struct side *me = &s->side[side];
	uintmax_t i = (uintmax_t)(e - me->ends);

	if (ev->type == THOLE_EV_REFUSED) /* be it of what was asked for at an earlier stay */
		return true;
	if (e->context == index_of(me, c)) {
		if (e->untaken && ev->type != THOLE_EV_TAKEN)
			sim_fail(s, "side %u, end %ju: event %u before TAKEN", side, i, ev->type);
		return true;
	}
	if (!e->giving || e->to != index_of(me, c))
		sim_fail(s, "side %u, end %ju: context %u hears event %u, it is %u's", side, i,
			index_of(me, c), ev->type, e->context);
	return false;
}

void
contexts_taken_late(struct sim *s, unsigned int side, const struct context *c, struct end *e)
{
	if (!e->unsure || e->to != index_of(&s->side[side], c))
		return;
	find_again(e);
	pass(s, side, e);
}

bool
contexts_give(struct sim *s, unsigned int side, struct end *e)
{
	struct side *me = &s->side[side];
	struct context *giver = &me->contexts[e->context], *taker;

	if (s->plan.more[side].gives == 0 || !e->opened || e->untaken || e->gifts == GIFTS ||
		sim_more(s, 1000) >= s->plan.more[side].gives)
		return false;
	e->to = (uint8_t)((e->context + 1 + sim_more(s, me->nb_contexts - 1)) % me->nb_contexts);
	taker = &me->contexts[e->to];
	if (taker->app == NULL || taker == giver)
		return false;
	user_op(giver, &(struct thole_op){
			       .type = THOLE_OP_GIVE, .conn = e->conn, .bytes = taker->number });
	e->giving = true;
	e->gifts++;
	e->given_sent = e->sent;
	me->settled = false;
	/* Too late, if it is given: refused, and harmless else. */
	if (sim_more(s, 8) == 0)
		user_op(giver,
			&(struct thole_op){
				.type = THOLE_OP_SET_USER, .conn = e->conn, .user = e->user });
	return true;
}

void
contexts_given(struct sim *s, unsigned int side, struct end *e)
{
	sim_failed_unless(s, e->giving, "GIVEN that nothing called for");
	pass(s, side, e);
}

void
contexts_taken(struct sim *s, struct end *e, const struct thole_event *ev)
{
	int64_t credit = (int32_t)ev->bytes - (int64_t)(e->sent - e->given_sent);

	sim_failed_unless(s, e->untaken, "TAKEN that nothing called for");
	sim_failed_unless(s,
		memcmp(&ev->local, &e->local, sizeof(e->local)) == 0 &&
			memcmp(&ev->remote, &e->remote, sizeof(e->remote)) == 0,
		"TAKEN names other endpoints");
	sim_failed_unless(s, ev->user == e->user, "TAKEN has another user value");
	/* All of it: what the giver had, and what was acknowledged and it hadn't heard of. */
	if (credit < e->credit && !e->shrunk)
		sim_fail(s, "TAKEN has a credit of %jd, the giver had %jd", (intmax_t)credit,
			(intmax_t)e->credit);
	e->credit = credit;
	e->untaken = false;
}

void
contexts_refused(struct sim *s, unsigned int side, struct end *e, int status)
{
	bool gone = s->side[side].contexts[e->to].app == NULL;

	if (!e->giving || (status != -EAGAIN && (status != -EINVAL || !gone)))
		sim_fail(s, "GIVE is refused with %d", status);
	e->giving = false;
}
