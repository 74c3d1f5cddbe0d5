/* SPDX-License-Identifier: BSD-3-Clause */
/* ops.c: what each operation does (RFC 9293, 3.10.1 to 3.10.5). */
#include <errno.h>

#include "app/app.h"

static void
refuse(struct thole_app *app, const struct thole_op *op, int status)
{
	struct thole_event *ev = answer_add(app, THOLE_EV_REFUSED, status, op->user);

	ev->op = (uint8_t)op->type;
	ev->conn = op->conn;
	if (op->type == THOLE_OP_SET || op->type == THOLE_OP_SET_NEW)
		ev->bytes = op->option;
}

static void
op_listen(struct thole_app *app, const struct thole_op *op)
{
	int err = listen_open(app->stack, app->number, &op->local, op->bytes, op->user);
	struct thole_event *ev = answer_add(app, THOLE_EV_LISTENING, err, op->user);

	ev->local = op->local;
}

static void
op_connect(struct thole_app *app, const struct thole_op *op)
{
	struct tcb *t;
	int err = conn_connect(app->stack, app->number, &op->local, &op->remote, op->user, &t);
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

static int
close_conn(struct thole_stack *s, struct tcb *t)
{
	int err = tcp_close(&s->env, t);

	if (err != 0 || (t->flags & TF_DETACHED) != 0)
		return err;
	s->stats.orphans++; /* until it is detached */
	/* More orphans than the budget: the newest don't get to linger. */
	if (s->stats.orphans > s->max_orphans)
		tcp_abort(&s->env, t, ENOBUFS);
	return 0;
}

static int
conn_op(struct thole_app *app, struct tcb *t, const struct thole_op *op)
{
	struct tcp_env *env = &app->stack->env;

	switch ((enum thole_op_type)op->type) {
	case THOLE_OP_SEND:
		return tcp_send(env, t, op->mbuf);
	case THOLE_OP_RECEIVED:
		return tcp_received(env, t, op->bytes);
	case THOLE_OP_SHUTDOWN:
		return tcp_shutdown(env, t);
	case THOLE_OP_CLOSE:
		return close_conn(app->stack, t);
	case THOLE_OP_ABORT:
		tcp_abort(env, t, ECONNABORTED);
		tcp_forget_received(env, t);
		return 0;
	case THOLE_OP_SET_USER:
		t->user = op->user;
		return 0;
	case THOLE_OP_SET:
		return tcp_set(env, t, (enum thole_option)op->option, op->value);
	case THOLE_OP_SET_NEW:
	case THOLE_OP_LISTEN:
	case THOLE_OP_UNLISTEN:
	case THOLE_OP_CONNECT:
		break;
	}
	return -EINVAL;
}

static void
op_conn(struct thole_app *app, const struct thole_op *op)
{
	struct tcb *t = conn_find(app->stack, op->conn, app->number);
	int err;

	if (t == NULL) {
		if (op->type == THOLE_OP_SEND)
			rte_pktmbuf_free(op->mbuf);
		refuse(app, op, -EBADF);
		return;
	}
	err = conn_op(app, t, op);
	if (err != 0)
		refuse(app, op, err);
	conn_settle(app->stack, t);
}

void
op_do(struct thole_app *app, const struct thole_op *op)
{
	int err;

	app->stack->stats.ops++;
	switch ((enum thole_op_type)op->type) {
	case THOLE_OP_LISTEN:
		op_listen(app, op);
		return;
	case THOLE_OP_UNLISTEN:
		err = listen_close(app->stack, app->number, &op->local);
		if (err != 0)
			refuse(app, op, err);
		return;
	case THOLE_OP_CONNECT:
		op_connect(app, op);
		return;
	case THOLE_OP_SEND:
	case THOLE_OP_RECEIVED:
	case THOLE_OP_SHUTDOWN:
	case THOLE_OP_CLOSE:
	case THOLE_OP_ABORT:
	case THOLE_OP_SET_USER:
	case THOLE_OP_SET:
		op_conn(app, op);
		return;
	case THOLE_OP_SET_NEW:
		err = tcp_settings_set(&app->stack->env, &app->stack->clients[app->number].settings,
			(enum thole_option)op->option, op->value);
		if (err != 0)
			refuse(app, op, err);
		return;
	}
	refuse(app, op, -EINVAL);
}
