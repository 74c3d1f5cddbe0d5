/* SPDX-License-Identifier: BSD-3-Clause */
/* ops.c: what each operation does (RFC 9293, 3.10.1 to 3.10.5). */
#include <errno.h>

#include "app/app.h"
#include "tcp/info.h"

#define CONNECTS_MAX 16 /* looked at ahead: about as many lines as a core fetches at once */

static __rte_noinline void
refuse(struct thole_app *app, const struct thole_op *op, int status)
{
	struct thole_event *ev = answer_add(app, THOLE_EV_REFUSED, status, op->user);

	ev->op = (uint8_t)op->type;
	ev->conn = op->conn;
	if (op->type == THOLE_OP_SET || op->type == THOLE_OP_SET_NEW || op->type == THOLE_OP_GET)
		ev->bytes = op->option;
	if (op->type == THOLE_OP_INFO)
		ev->info = op->info;
}

static void
op_listen(struct thole_app *app, const struct thole_op *op)
{
	const struct listen_call call = {
		.local = &op->local,
		.user = op->user,
		.backlog = op->bytes,
		.app = app->number,
		.shared = op->type == THOLE_OP_LISTEN_SHARED,
	};
	int err = listen_open(app->stack, &call);
	struct thole_event *ev = answer_add(app, THOLE_EV_LISTENING, err, op->user);

	ev->local = op->local;
}

static inline void
op_connect(struct thole_app *app, const struct thole_op *op, struct opening *o)
{
	struct tcb *t;
	int err = conn_connect(app->stack, app->number, o, op->user, &t);
	struct thole_event *ev;

	if (err == 0) {
		if (op->bytes != 0) {
			t->events |= TE_OPENING;
			conn_settle(app->stack, t);
		}
		return;
	}
	ev = answer_add(app, THOLE_EV_CLOSED, err, op->user);
	ev->local = op->local;
	ev->remote = op->remote;
}

/*
 * CONNECTs that follow one another. Where a table is large, the line of it that a new tuple stands
 * in is in no cache: all of them are asked for before the first is needed. @return the last.
 */
static const struct thole_op *
op_connects(struct thole_app *app, const struct thole_op *op, const struct thole_op *end)
{
	struct opening openings[CONNECTS_MAX];
	uint32_t n = 0;

	for (; n < CONNECTS_MAX && op + n != end && op[n].type == THOLE_OP_CONNECT; n++)
		conn_look_ahead(app->stack, &op[n].local, &op[n].remote, &openings[n]);
	for (uint32_t i = 0; i < n; i++)
		op_connect(app, &op[i], &openings[i]);
	return op + n - 1;
}

static int
op_get(struct thole_app *app, const struct tcb *t, const struct thole_op *op)
{
	struct thole_event *ev;
	uint64_t value;
	int err = tcp_get(&app->stack->env, t, (enum thole_option)op->option, &value);

	if (err != 0)
		return err;
	ev = answer_add(app, THOLE_EV_OPTION, 0, value);
	ev->conn = op->conn;
	ev->bytes = op->option;
	return 0;
}

static int
op_info(struct thole_app *app, const struct tcb *t, const struct thole_op *op)
{
	struct thole_event *ev;

	if (op->info == NULL)
		return -EINVAL;
	tcp_info(&app->stack->env, t, op->info);
	conn_endpoints(app->stack, t, &op->info->local, &op->info->remote);
	ev = answer_add(app, THOLE_EV_INFO, 0, t->user);
	ev->conn = op->conn;
	ev->info = op->info;
	return 0;
}

static int
op_close(struct thole_stack *s, struct tcb *t)
{
	int err = tcp_close(&s->env, t);

	if (err != 0 || (t->flags & TF_DETACHED) != 0)
		return err;
	/* An orphan until it is detached. More than the budget: the newest don't get to linger. */
	if (unlikely(++s->stats.orphans > s->max_orphans))
		tcp_abort(&s->env, t, ENOBUFS);
	return 0;
}

static int
op_abort(struct thole_stack *s, struct tcb *t)
{
	tcp_abort(&s->env, t, ECONNABORTED);
	tcp_forget_received(&s->env, t);
	return 0;
}

/* Ops about no connection that there is. */
static int
context_op(struct thole_app *app, const struct thole_op *op)
{
	struct thole_stack *s = app->stack;

	switch ((enum thole_op_type)op->type) {
	case THOLE_OP_LISTEN:
	case THOLE_OP_LISTEN_SHARED:
		op_listen(app, op);
		return 0;
	case THOLE_OP_UNLISTEN:
		return listen_close(s, app->number, &op->local);
	case THOLE_OP_SET_NEW:
		return tcp_settings_set(&s->env, &s->clients[app->number].settings,
			(enum thole_option)op->option, op->value);
	case THOLE_OP_CONNECT: /* op_connects() */
	case THOLE_OP_SEND:
	case THOLE_OP_RECEIVED:
	case THOLE_OP_SHUTDOWN:
	case THOLE_OP_CLOSE:
	case THOLE_OP_ABORT:
	case THOLE_OP_SET_USER:
	case THOLE_OP_SET:
	case THOLE_OP_GET:
	case THOLE_OP_INFO:
	case THOLE_OP_GIVE:
		break;
	}
	return -EINVAL;
}

static inline bool
is_about_conn(const struct thole_op *op)
{
	return op->type >= THOLE_OP_SEND && op->type <= THOLE_OP_GIVE;
}

static inline int
conn_op(struct thole_app *app, struct tcb *t, const struct thole_op *op)
{
	struct thole_stack *s = app->stack;
	struct tcp_env *env = &s->env;

	switch ((enum thole_op_type)op->type) {
	case THOLE_OP_SEND:
		return tcp_send(env, t, op->mbuf);
	case THOLE_OP_RECEIVED:
		return tcp_received(env, t, op->bytes);
	case THOLE_OP_SHUTDOWN:
		return tcp_shutdown(env, t);
	case THOLE_OP_CLOSE:
		return op_close(s, t);
	case THOLE_OP_ABORT:
		return op_abort(s, t);
	case THOLE_OP_SET_USER:
		t->user = op->user;
		return 0;
	case THOLE_OP_SET:
		return tcp_set(env, t, (enum thole_option)op->option, op->value);
	case THOLE_OP_GIVE:
		return give_conn(app, t, op);
	case THOLE_OP_GET:
		return op_get(app, t, op);
	case THOLE_OP_INFO:
		return op_info(app, t, op);
	case THOLE_OP_LISTEN:
	case THOLE_OP_LISTEN_SHARED:
	case THOLE_OP_UNLISTEN:
	case THOLE_OP_CONNECT:
	case THOLE_OP_SET_NEW:
		break;
	}
	return -EINVAL;
}

static __rte_noinline int
stale(const struct thole_op *op)
{
	if (op->type == THOLE_OP_SEND)
		rte_pktmbuf_free(op->mbuf);
	return -EBADF;
}

static __rte_always_inline void
do_one(struct thole_app *app, const struct thole_op *op)
{
	struct thole_stack *s = app->stack;
	struct tcb *t = conn_find(s, op->conn, app->number);
	int err;

	if (unlikely(t == NULL)) {
		err = stale(op);
	} else {
		err = conn_op(app, t, op);
		conn_settle(s, t);
	}
	if (unlikely(err != 0))
		refuse(app, op, err);
}

/* One that is about no connection, with those up to @p end that go with it. @return the last. */
static __rte_noinline const struct thole_op *
do_others(struct thole_app *app, const struct thole_op *op, const struct thole_op *end)
{
	int err;

	if (op->type == THOLE_OP_CONNECT)
		return op_connects(app, op, end);
	err = context_op(app, op);
	if (unlikely(err != 0))
		refuse(app, op, err);
	return op;
}

/* All up to @p end, for whose answers there is room. */
static __rte_noinline void
do_all(struct thole_app *app, const struct thole_op *op, const struct thole_op *end)
{
	for (; op != end; op++) {
		if (likely(is_about_conn(op)))
			do_one(app, op);
		else
			op = do_others(app, op, end);
	}
}

uint32_t
ops_do(struct thole_app *app, const struct thole_op *ops, uint32_t n)
{
	uint32_t done = 0, room;

	while ((room = RTE_MIN(n - done, ANSWERS_MAX - app->answers_n)) != 0) {
		do_all(app, &ops[done], &ops[done + room]);
		done += room;
	}
	app->stack->stats.ops += done;
	return done;
}

uint32_t
ops_send(struct thole_app *app, thole_conn conn, struct rte_mbuf *chain)
{
	const struct thole_op op = { .type = THOLE_OP_SEND, .conn = conn, .mbuf = chain };

	if (app->answers_n == ANSWERS_MAX)
		return 0;
	do_one(app, &op);
	app->stack->stats.ops++;
	return 1;
}
