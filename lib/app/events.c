/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * events.c: turns what connections have gathered into events, when the application looks. A
 * connection stands in its context's list once, however much has happened.
 */
#include "app/app.h"

static void
opened(struct thole_app *app, struct tcb *t, struct thole_event *ev, enum thole_event_type type)
{
	ev->type = (uint8_t)type;
	conn_endpoints(app->stack, t, &ev->local, &ev->remote);
	ev->bytes = app->stack->env.params.sndbuf_bytes;
	if (t->listener != NO_INDEX) {
		app->stack->listeners[t->listener].waiting--;
		t->listener = NO_INDEX;
	}
}

static void
data(struct thole_app *app, struct tcb *t, struct thole_event *ev)
{
	ev->type = THOLE_EV_DATA;
	ev->mbuf = tcp_rcv_take(&app->stack->env, t, &ev->bytes);
}

static void
sendable(struct tcb *t, struct thole_event *ev)
{
	uint32_t acked = seq_min(t->snd_una, t->snd_end);

	ev->type = THOLE_EV_SENDABLE;
	ev->bytes = acked - t->snd_credited;
	t->snd_credited = acked;
}

/* Takes the first of the events that @p t has. */
static void
take_one(struct thole_app *app, struct tcb *t, struct thole_event *ev)
{
	uint8_t bit = (uint8_t)(t->events & -t->events);

	*ev = (struct thole_event){ .conn = conn_handle(app->stack, t), .user = t->user };
	t->events &= (uint8_t)~bit;
	switch ((enum tcb_event)bit) {
	case TE_OPENING:
		ev->type = THOLE_EV_OPENING;
		break;
	case TE_ACCEPTED:
		opened(app, t, ev, THOLE_EV_ACCEPTED);
		break;
	case TE_CONNECTED:
		opened(app, t, ev, THOLE_EV_CONNECTED);
		break;
	case TE_DATA:
		data(app, t, ev);
		break;
	case TE_PEER_CLOSED:
		ev->type = THOLE_EV_PEER_CLOSED;
		break;
	case TE_SENDABLE:
		sendable(t, ev);
		break;
	case TE_SOFT_ERROR:
		ev->type = THOLE_EV_SOFT_ERROR;
		ev->status = (int16_t)-tcp_soft_errno((enum soft_error)t->soft);
		break;
	case TE_CLOSED:
		ev->type = THOLE_EV_CLOSED;
		ev->status = (int16_t)-t->error;
		break;
	}
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

uint32_t
events_take(struct thole_app *app, struct thole_event *events, uint32_t max)
{
	struct index_list *ready = &app->stack->clients[app->number].ready;
	uint32_t n = app->answers_n != 0 ? take_answers(app, events, max) : 0;

	while (n < max && !list_empty(ready)) {
		struct tcb *t = list_pop_ready(app->stack, ready);
		bool last = false;

		while (n < max && t->events != 0 && !last) {
			last = t->events == TE_CLOSED;
			take_one(app, t, &events[n++]);
		}
		if (last)
			t->app = APP_NONE; /* the handle is stale from here on */
		if (t->events != 0)
			list_push_ready(app->stack, ready, t);
		else if ((t->flags & TF_DETACHED) != 0 && t->app == APP_NONE)
			conn_release(app->stack, t);
	}
	app->stack->stats.events += n;
	return n;
}
