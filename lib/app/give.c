/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * give.c: a connection goes from one context to another, with all that it has gathered. It may
 * stand in the giver's list of those with events, which is linked one way: there it can only be
 * passed on when its turn comes. So that the taker needn't wait until the giver looks, the giver's
 * list goes round, a bounded number of steps with each GIVE and each run, until all that was given
 * away has left it.
 */
#include <errno.h>

#include "app/app.h"

#define PART_STEPS 256

void
give_part(struct thole_app *app)
{
	struct thole_stack *s = app->stack;
	struct client *client = &s->clients[app->number];

	for (uint32_t n = 0; n < PART_STEPS && client->parting != SLAB_NONE; n++) {
		struct tcb *t = list_pop_ready(s, &client->ready);

		if (client->parting == tcb_index(s, t))
			client->parting = SLAB_NONE;
		if (t->app == app->number)
			list_push_ready(s, &client->ready, t);
		else
			conn_settle(s, t);
	}
}

/* In thole_stack_run() for a direct context, which mightn't look for its events for long. */
static void
part_direct(void *ctx)
{
	struct thole_app *app = ctx;
	struct client *client = &app->stack->clients[app->number];

	give_part(app);
	if (client->parting == SLAB_NONE)
		client->give_events = NULL;
}

/* Whether the giver has heard that it stands, and hasn't closed it. */
static bool
is_givers(const struct tcb *t)
{
	return tcp_stood(t) && (t->flags & TF_APP_CLOSED) == 0 &&
	       (t->events & (TE_OPENING | TE_ACCEPTED | TE_CONNECTED)) == 0;
}

/* All credit that the taker has: what is acknowledged by now is in it, what follows is SENDABLE's.
 */
static uint32_t
credit_in_all(const struct thole_stack *s, struct tcb *t)
{
	if (tcp_credit_due(t, 0))
		t->snd_credited = tcp_data_acked(t);
	t->events &= (uint8_t)~TE_SENDABLE;
	return t->snd_credited + tcp_profile(&s->env, t)->sndbuf_bytes - t->snd_end;
}

/* NULL: there is no such context, or no more. */
static struct thole_app *
find_taker(const struct thole_stack *s, uint32_t number)
{
	const struct client *c = &s->clients[number % APPS_MAX];

	return c->used && thole_app_number(c->ctx) == number ? c->ctx : NULL;
}

int
give_conn(struct thole_app *app, struct tcb *t, const struct thole_op *op)
{
	struct thole_stack *s = app->stack;
	struct client *giver = &s->clients[app->number];
	struct thole_event *ev;
	struct thole_app *taker;

	taker = find_taker(s, op->bytes);
	if (taker == NULL || taker == app)
		return -EINVAL;
	if (!is_givers(t))
		return -ENOTCONN;
	if (taker->answers_n == ANSWERS_MAX)
		return -EAGAIN;
	ev = answer_add(taker, THOLE_EV_TAKEN, 0, t->user);
	ev->conn = conn_handle(s, t);
	ev->bytes = credit_in_all(s, t);
	conn_endpoints(s, t, &ev->local, &ev->remote);
	ev = answer_add(app, THOLE_EV_GIVEN, 0, t->user);
	ev->conn = op->conn;
	t->app = taker->number;
	/* It stands in the list of an earlier giver, if in any, while ours is empty. */
	if (t->ready_next == NOT_LISTED || list_empty(&giver->ready))
		return 0;
	giver->parting = giver->ready.tail;
	give_part(app);
	if (giver->parting != SLAB_NONE && app->ring_entries == 0)
		giver->give_events = part_direct;
	return 0;
}
