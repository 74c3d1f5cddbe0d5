/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * events.c: turns what connections have gathered into events, when the application looks. A
 * connection stands in its context's list once, however much has happened.
 */
#include <string.h>

#include "app/app.h"

#define EVENT_REST offsetof(struct thole_event, local) /* what not every event has */

/* The event is written as it goes: with zeros before it would be written twice. */
static inline void
head(struct thole_event *ev, enum thole_event_type type, int status, uint32_t bytes)
{
	ev->type = (uint8_t)type;
	ev->op = 0;
	ev->status = (int16_t)status;
	ev->bytes = bytes;
}

static inline void
whose(const struct thole_stack *s, uint32_t i, const struct tcb *t, struct thole_event *ev)
{
	ev->conn = conn_handle_at(s, i, t);
	ev->user = t->user;
}

static inline void
opened(struct thole_stack *s, uint32_t i, struct tcb *t, struct thole_event *ev,
	enum thole_event_type type)
{
	head(ev, type, 0, tcp_profile(&s->env, t)->sndbuf_bytes);
	whose(s, i, t, ev);
	conn_endpoints(s, t, &ev->local, &ev->remote);
	if (t->listener != NO_INDEX) {
		s->listeners[t->listener].waiting--;
		t->listener = NO_INDEX;
	}
}

/* The handle is stale from here on. The connection was detached when it became CLOSED. */
static inline void
closed(struct thole_stack *s, uint32_t i, struct tcb *t, struct thole_event *ev)
{
	head(ev, THOLE_EV_CLOSED, -t->error, 0);
	whose(s, i, t, ev);
	memset((uint8_t *)ev + EVENT_REST, 0, sizeof(*ev) - EVENT_REST);
	t->app = APP_NONE;
	t->events = 0;
	conn_free_if_done(s, i, t);
}

static uint32_t
credit(struct tcb *t)
{
	uint32_t acked = tcp_data_acked(t);
	uint32_t bytes = acked - t->snd_credited;

	t->snd_credited = acked;
	return bytes;
}

/* What may come between a connection's first event and its last; and OPENING. */
static __rte_noinline void
between(struct thole_stack *s, uint32_t i, struct tcb *t, struct thole_event *ev,
	enum tcb_event which)
{
	*ev = (struct thole_event){ .type = 0 };
	whose(s, i, t, ev);
	switch (which) {
	case TE_OPENING:
		ev->type = THOLE_EV_OPENING;
		break;
	case TE_DATA:
		ev->type = THOLE_EV_DATA;
		ev->mbuf = tcp_rcv_take(&s->env, t, &ev->bytes);
		break;
	case TE_PEER_CLOSED:
		ev->type = THOLE_EV_PEER_CLOSED;
		break;
	case TE_SENDABLE:
		ev->type = THOLE_EV_SENDABLE;
		ev->bytes = credit(t);
		break;
	case TE_SOFT_ERROR:
		ev->type = THOLE_EV_SOFT_ERROR;
		ev->status = (int16_t)-tcp_soft_errno((enum soft_error)t->soft);
		break;
	case TE_ACCEPTED:
	case TE_CONNECTED:
	case TE_CLOSED:
		break;
	}
}

/* Takes the first of the events of @p t, which is record @p i. @return whether it has more. */
static inline bool
take_one(struct thole_stack *s, uint32_t i, struct tcb *t, struct thole_event *ev)
{
	uint32_t events = t->events, first;

	if (events == TE_CLOSED) {
		closed(s, i, t, ev);
		return false;
	}
	first = events & -events;
	events ^= first;
	t->events = (uint8_t)events;
	if (first == TE_ACCEPTED)
		opened(s, i, t, ev, THOLE_EV_ACCEPTED);
	else if (first == TE_CONNECTED)
		opened(s, i, t, ev, THOLE_EV_CONNECTED);
	else
		between(s, i, t, ev, (enum tcb_event)first);
	return events != 0;
}

/* The application closed the connection, or the listener, before it looked. */
static __rte_noinline void
nothing_left(struct thole_stack *s, uint32_t i, struct tcb *t)
{
	if ((t->flags & TF_DETACHED) != 0 && t->app == APP_NONE)
		conn_free_if_done(s, i, t);
}

static uint32_t
take_answers(struct thole_app *app, struct thole_event *events, uint32_t max)
{
	uint32_t n = RTE_MIN(max, app->answers_n);

	for (uint32_t i = 0; i < n; i++)
		events[i] = app->answers[(app->answers_head + i) & (ANSWERS_MAX - 1)];
	app->answers_head = (app->answers_head + n) & (ANSWERS_MAX - 1);
	app->answers_n -= n;
	return n;
}

/*
 * Takes from the list until there is no room. @p parting: there may be connections in it that were
 * given away; they go to their owner's. Nothing but that list tells where they stand.
 */
static __rte_always_inline struct thole_event *
take_ready(struct thole_app *app, struct thole_event *ev, struct thole_event *end, bool parting)
{
	struct thole_stack *s = app->stack;
	struct client *client = &s->clients[app->number];
	struct index_list *ready = &client->ready;
	uint32_t next = ready->head, again = NOT_LISTED;

	while (ev != end && next != SLAB_NONE) {
		uint32_t i = next;
		struct tcb *t = stack_tcb(s, i);

		next = t->ready_next;
		t->ready_next = NOT_LISTED;
		if (parting && client->parting == i)
			client->parting = SLAB_NONE;
		if (parting && t->app != app->number) {
			conn_settle(s, t);
			continue;
		}
		if (unlikely(t->events == 0)) {
			nothing_left(s, i, t);
			continue;
		}
		if (unlikely(take_one(s, i, t, ev++))) {
			t->ready_next = next;
			next = again = i;
		}
	}
	ready->head = next;
	if (unlikely(next == again)) /* there was no room for all that it has: others go first */
		list_push_ready(s, ready, list_pop_ready(s, ready));
	return ev;
}

/* The same while connections may stand there that were given away. */
static __rte_noinline struct thole_event *
take_parting(struct thole_app *app, struct thole_event *ev, struct thole_event *end)
{
	give_part(app);
	return take_ready(app, ev, end, true);
}

uint32_t
events_take(struct thole_app *app, struct thole_event *events, uint32_t max)
{
	struct thole_stack *s = app->stack;
	struct thole_event *ev = events, *end = events + max;

	if (app->answers_n != 0)
		ev += take_answers(app, events, max);
	if (unlikely(s->clients[app->number].parting != SLAB_NONE))
		ev = take_parting(app, ev, end);
	else
		ev = take_ready(app, ev, end, false);
	s->stats.events += (uint32_t)(ev - events);
	return (uint32_t)(ev - events);
}
