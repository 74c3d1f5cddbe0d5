/* SPDX-License-Identifier: BSD-3-Clause */
/* test_ops.c: ops that are wrong, late or meant for somebody else, and what they are answered. */
#include <errno.h>

#include "pair.h"

struct setup {
	struct pair p;
	struct thole_app *c, *s;
	thole_conn conn[2];
};

static void
up(struct setup *u)
{
	pair_up(&u->p, NULL);
	u->c = pair_app(&u->p, CLIENT, 0);
	u->s = pair_app(&u->p, SERVER, 0);
	pair_listen(&u->p, u->s, PAIR_PORT, 100);
	pair_open(&u->p, u->c, u->s, PAIR_PORT, u->conn);
}

static void
down(struct setup *u)
{
	thole_app_destroy(u->c);
	thole_app_destroy(u->s);
	pair_down(&u->p);
}

/* Submits the op, which must be refused with @p status. */
static void
refused(struct setup *u, struct thole_app *app, const struct thole_op *op, int status)
{
	struct thole_event ev;

	CU_ASSERT_EQUAL(thole_app_submit(app, op, 1), 1);
	ev = pair_event(app, THOLE_EV_REFUSED);
	CU_ASSERT_EQUAL(ev.status, status);
	CU_ASSERT_EQUAL(ev.op, (uint8_t)op->type);
	CU_ASSERT_EQUAL(ev.conn, op->conn);
	pair_no_event(app);
	(void)u;
}

static void
refused_all(struct setup *u, struct thole_app *app, thole_conn conn, int status)
{
	static const enum thole_op_type types[] = { THOLE_OP_RECEIVED, THOLE_OP_SHUTDOWN,
		THOLE_OP_CLOSE, THOLE_OP_ABORT, THOLE_OP_SET_USER, THOLE_OP_SET, THOLE_OP_GET,
		THOLE_OP_INFO, THOLE_OP_SEND };

	for (unsigned int i = 0; i < RTE_DIM(types); i++) {
		struct thole_op op = { .type = types[i], .conn = conn };

		if (types[i] == THOLE_OP_SEND) {
			op.mbuf = rte_pktmbuf_alloc(u->p.side[CLIENT].pool);
			CU_ASSERT_PTR_NOT_NULL_FATAL(op.mbuf);
			rte_pktmbuf_append(op.mbuf, 10);
		}
		refused(u, app, &op, status);
	}
}

/* Options and what is known, by ops and answers; both ends agree. */
static void
test_get_and_info(void)
{
	struct thole_info info[2];
	struct setup u;

	up(&u);
	for (int side = 0; side < 2; side++) {
		struct thole_app *app = side == CLIENT ? u.c : u.s;
		struct thole_op ops[] = {
			{ .type = THOLE_OP_SET_USER, .conn = u.conn[side], .user = 77 },
			{ .type = THOLE_OP_GET, .conn = u.conn[side], .option = THOLE_OPT_SNDBUF },
			{ .type = THOLE_OP_INFO, .conn = u.conn[side], .info = &info[side] },
		};
		struct thole_event ev;

		CU_ASSERT_EQUAL(thole_app_submit(app, ops, RTE_DIM(ops)), RTE_DIM(ops));
		ev = pair_event(app, THOLE_EV_OPTION);
		CU_ASSERT_EQUAL(ev.conn, u.conn[side]);
		CU_ASSERT_EQUAL(ev.bytes, THOLE_OPT_SNDBUF);
		CU_ASSERT_EQUAL(ev.user, 4 << 20);
		ev = pair_event(app, THOLE_EV_INFO);
		CU_ASSERT_EQUAL(ev.conn, u.conn[side]);
		CU_ASSERT_EQUAL(ev.user, 77);
		CU_ASSERT_PTR_EQUAL(ev.info, &info[side]);
		CU_ASSERT_EQUAL(info[side].state, THOLE_ESTABLISHED);
		pair_no_event(app);
	}
	for (int side = 0; side < 2; side++) {
		const struct thole_info *us = &info[side], *them = &info[!side];

		CU_ASSERT_EQUAL(memcmp(&us->local, &them->remote, sizeof(us->local)), 0);
		CU_ASSERT_EQUAL(us->options, them->options);
		CU_ASSERT_EQUAL(us->snd_wscale, them->rcv_wscale);
	}
	CU_ASSERT_EQUAL(info[SERVER].local.port, PAIR_PORT);
	/* Another's connection. */
	refused(&u, u.s,
		&(struct thole_op){ .type = THOLE_OP_INFO,
			.conn = u.conn[SERVER] ^ UINT64_C(1) << 32,
			.info = &info[0] },
		-EBADF);
	down(&u);
}

static void
test_stale(void)
{
	struct setup u;
	thole_conn again[2];

	up(&u);
	pair_op(u.c, THOLE_OP_ABORT, u.conn[CLIENT], 0);
	pair_event(u.c, THOLE_EV_CLOSED);
	refused_all(&u, u.c, u.conn[CLIENT], -EBADF);
	pair_settle(&u.p);
	pair_event(u.s, THOLE_EV_CLOSED);
	/* The same record again, for another connection: the old handle isn't its. */
	pair_open(&u.p, u.c, u.s, PAIR_PORT, again);
	CU_ASSERT_EQUAL(again[CLIENT] >> 32, u.conn[CLIENT] >> 32);
	CU_ASSERT_NOT_EQUAL(again[CLIENT], u.conn[CLIENT]);
	refused_all(&u, u.c, u.conn[CLIENT], -EBADF);
	pair_settle(&u.p);
	pair_no_event(u.s);
	down(&u);
}

static void
test_never_given(void)
{
	struct setup u;
	struct thole_app *other;

	up(&u);
	refused_all(&u, u.c, 0, -EBADF);
	refused_all(&u, u.c, UINT64_MAX, -EBADF);
	refused_all(&u, u.c, u.conn[CLIENT] ^ UINT64_C(1) << 56, -EBADF); /* another core */
	refused_all(&u, u.c, u.conn[CLIENT] + (UINT64_C(1) << 32), -EBADF);
	refused_all(&u, u.c, u.conn[CLIENT] + (UINT64_C(4095) << 32), -EBADF);
	refused_all(&u, u.c, u.conn[CLIENT] + 1, -EBADF);
	refused_all(&u, u.c, u.conn[CLIENT] - 1, -EBADF);
	other = pair_app(&u.p, CLIENT, 0); /* another thread's connection */
	refused_all(&u, other, u.conn[CLIENT], -EBADF);
	thole_app_destroy(other);
	pair_settle(&u.p);
	pair_no_event(u.s);
	down(&u);
}

static void
test_unknown_type(void)
{
	static const uint32_t types[] = { 0, THOLE_OP_SET_NEW + 1, 200, UINT32_MAX };
	struct setup u;

	up(&u);
	for (unsigned int i = 0; i < RTE_DIM(types); i++)
		refused(&u, u.c, &(struct thole_op){ .type = types[i], .conn = u.conn[CLIENT] },
			-EINVAL);
	down(&u);
}

static void
send_refused(struct setup *u, uint32_t bytes, int status)
{
	struct thole_op op = { .type = THOLE_OP_SEND, .conn = u->conn[CLIENT] };

	op.mbuf = rte_pktmbuf_alloc(u->p.side[CLIENT].pool);
	CU_ASSERT_PTR_NOT_NULL_FATAL(op.mbuf);
	rte_pktmbuf_append(op.mbuf, (uint16_t)bytes);
	refused(u, u->c, &op, status);
}

static void
test_send_after_shutdown(void)
{
	struct setup u;

	up(&u);
	send_refused(&u, 0, -EINVAL);
	pair_op(u.c, THOLE_OP_SHUTDOWN, u.conn[CLIENT], 0);
	send_refused(&u, 10, -EPIPE);
	refused(&u, u.c, &(struct thole_op){ .type = THOLE_OP_SHUTDOWN, .conn = u.conn[CLIENT] },
		-EPIPE);
	pair_settle(&u.p);
	send_refused(&u, 10, -EPIPE);
	pair_event(u.s, THOLE_EV_PEER_CLOSED);
	pair_send(&u.p, u.s, SERVER, u.conn[SERVER], 1000); /* the other direction stands */
	pair_settle(&u.p);
	CU_ASSERT_EQUAL(pair_event(u.c, THOLE_EV_DATA).bytes, 1000);
	down(&u);
}

static void
test_close_twice(void)
{
	struct setup u;

	up(&u);
	pair_op(u.c, THOLE_OP_CLOSE, u.conn[CLIENT], 0);
	refused(&u, u.c, &(struct thole_op){ .type = THOLE_OP_CLOSE, .conn = u.conn[CLIENT] },
		-EBADF);
	send_refused(&u, 10, -EPIPE);
	CU_ASSERT_EQUAL(u.p.side[CLIENT].stack->stats.orphans, 1);
	pair_settle(&u.p);
	pair_event(u.s, THOLE_EV_PEER_CLOSED);
	pair_op(u.s, THOLE_OP_CLOSE, u.conn[SERVER], 0);
	pair_settle(&u.p);
	CU_ASSERT_EQUAL(pair_event(u.c, THOLE_EV_CLOSED).status, 0);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_CLOSED).status, 0);
	pair_no_event(u.c);
	CU_ASSERT_EQUAL(u.p.side[CLIENT].stack->stats.orphans, 0);
	CU_ASSERT_EQUAL(u.p.side[SERVER].stack->stats.orphans, 0);
	down(&u);
}

/* CLOSE and ABORT that cross the CLOSED event: no harm, one CLOSED. */
static void
test_close_after_reset(void)
{
	struct setup u;

	up(&u);
	pair_op(u.s, THOLE_OP_ABORT, u.conn[SERVER], 0);
	pair_settle(&u.p);
	pair_op(u.c, THOLE_OP_CLOSE, u.conn[CLIENT], 0);
	pair_op(u.c, THOLE_OP_ABORT, u.conn[CLIENT], 0);
	CU_ASSERT_EQUAL(pair_event(u.c, THOLE_EV_CLOSED).status, -ECONNRESET);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_CLOSED).status, -ECONNABORTED);
	pair_no_event(u.c);
	CU_ASSERT_EQUAL(u.p.side[CLIENT].stack->stats.orphans, 0);
	CU_ASSERT_EQUAL(u.p.side[CLIENT].stack->tcbs.in_use, 0);
	down(&u);
}

static void
test_received_too_much(void)
{
	struct setup u;
	struct thole_op op = { .type = THOLE_OP_RECEIVED };

	up(&u);
	op.conn = u.conn[SERVER];
	op.bytes = 1;
	refused(&u, u.s, &op, -EINVAL);
	pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], 1000);
	pair_settle(&u.p);
	pair_op(u.s, THOLE_OP_RECEIVED, op.conn, 1); /* it is there, but wasn't delivered */
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_REFUSED).status, -EINVAL);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_DATA).bytes, 1000);
	op.bytes = 1001;
	refused(&u, u.s, &op, -EINVAL);
	pair_op(u.s, THOLE_OP_RECEIVED, op.conn, 1000);
	op.bytes = 1;
	refused(&u, u.s, &op, -EINVAL);
	down(&u);
}

static int
listening(struct thole_app *app, struct thole_endpoint local)
{
	struct thole_op op = { .type = THOLE_OP_LISTEN, .bytes = 5, .user = 77, .local = local };
	struct thole_event ev;

	CU_ASSERT_EQUAL(thole_app_submit(app, &op, 1), 1);
	ev = pair_event(app, THOLE_EV_LISTENING);
	CU_ASSERT_EQUAL(ev.user, 77);
	CU_ASSERT_EQUAL(ev.conn, 0);
	CU_ASSERT_EQUAL(ev.local.port, local.port);
	return ev.status;
}

static void
test_listen(void)
{
	struct thole_endpoint any = { .port = 1000 };
	struct thole_app *other;
	struct setup u;

	up(&u); /* one listener is at any:80 */
	CU_ASSERT_EQUAL(listening(u.s, (struct thole_endpoint){ .port = 0 }), -EINVAL);
	CU_ASSERT_EQUAL(listening(u.s, pair_endpoint(&u.p, CLIENT, 1000)), -EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(listening(u.s, any), 0);
	CU_ASSERT_EQUAL(listening(u.s, any), -EADDRINUSE);
	other = pair_app(&u.p, SERVER, 0);
	CU_ASSERT_EQUAL(listening(other, any), -EADDRINUSE);
	CU_ASSERT_EQUAL(listening(u.s, pair_endpoint(&u.p, SERVER, 1000)), 0);
	CU_ASSERT_EQUAL(listening(u.s, pair_endpoint(&u.p, SERVER, 1000)), -EADDRINUSE);
	for (uint16_t port = 2000; port < 2005; port++)
		CU_ASSERT_EQUAL(listening(u.s, (struct thole_endpoint){ .port = port }), 0);
	any.port = 3000;
	CU_ASSERT_EQUAL(listening(u.s, any), -ENOSPC); /* 8 there are */
	refused(&u, other, &(struct thole_op){ .type = THOLE_OP_UNLISTEN, .local.port = 2000 },
		-EINVAL); /* not its own */
	refused(&u, u.s, &(struct thole_op){ .type = THOLE_OP_UNLISTEN, .local.port = 4000 },
		-EINVAL);
	refused(&u, u.s,
		&(struct thole_op){
			.type = THOLE_OP_UNLISTEN, .local = pair_endpoint(&u.p, CLIENT, 1000) },
		-EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(
		thole_app_submit(u.s,
			&(struct thole_op){ .type = THOLE_OP_UNLISTEN, .local.port = 2000 }, 1),
		1);
	pair_no_event(u.s);
	CU_ASSERT_EQUAL(listening(u.s, any), 0);
	thole_app_destroy(other);
	down(&u);
}

/* UNLISTEN ends what the application hasn't seen; what it has seen goes on. */
static void
test_unlisten(void)
{
	struct thole_op op = { .type = THOLE_OP_UNLISTEN, .local.port = PAIR_PORT };
	struct setup u;

	up(&u);
	pair_connect(&u.p, u.c, PAIR_PORT, 0);
	pair_settle(&u.p);
	pair_event(u.c, THOLE_EV_CONNECTED);
	CU_ASSERT_EQUAL(thole_app_submit(u.s, &op, 1), 1);
	pair_settle(&u.p);
	CU_ASSERT_EQUAL(pair_event(u.c, THOLE_EV_CLOSED).status, -ECONNRESET);
	pair_no_event(u.s);
	CU_ASSERT_EQUAL(u.p.side[SERVER].stack->tcbs.in_use, 1);
	pair_connect(&u.p, u.c, PAIR_PORT, 0);
	pair_settle(&u.p);
	CU_ASSERT_EQUAL(pair_event(u.c, THOLE_EV_CLOSED).status, -ECONNREFUSED);
	pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], 100);
	pair_settle(&u.p);
	pair_event(u.s, THOLE_EV_DATA);
	pair_listen(&u.p, u.s, PAIR_PORT, 5); /* the port is free again */
	pair_open(&u.p, u.c, u.s, PAIR_PORT, u.conn);
	down(&u);
}

/* 256 answers unread: no more ops are taken until the application looks; none is lost. */
static void
test_answers_full(void)
{
	struct thole_op ops[300];
	struct thole_event events[300];
	struct setup u;

	up(&u);
	for (unsigned int i = 0; i < RTE_DIM(ops); i++)
		ops[i] = (struct thole_op){ .type = THOLE_OP_SET_USER, .conn = i, .user = i };
	CU_ASSERT_EQUAL(thole_app_submit(u.c, ops, 300), 256);
	CU_ASSERT_EQUAL(thole_app_submit(u.c, &ops[256], 44), 0);
	CU_ASSERT_EQUAL(thole_app_events(u.c, events, 10), 10);
	CU_ASSERT_EQUAL(thole_app_submit(u.c, &ops[256], 44), 10);
	CU_ASSERT_EQUAL(thole_app_events(u.c, &events[10], 290), 256);
	for (unsigned int i = 0; i < 266; i++) {
		CU_ASSERT_EQUAL(events[i].conn, i);
		CU_ASSERT_EQUAL(events[i].status, -EBADF);
	}
	CU_ASSERT_EQUAL(thole_app_submit(u.c, &ops[266], 34), 34);
	CU_ASSERT_EQUAL(thole_app_events(u.c, events, 300), 34);
	down(&u);
}

static void
test_set_user(void)
{
	struct thole_op op = { .type = THOLE_OP_SET_USER, .user = UINT64_C(0xfedcba9876543210) };
	struct setup u;

	up(&u);
	op.conn = u.conn[SERVER];
	CU_ASSERT_EQUAL(thole_app_submit(u.s, &op, 1), 1);
	pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], 10);
	pair_settle(&u.p);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_DATA).user, op.user);
	pair_op(u.s, THOLE_OP_ABORT, u.conn[SERVER], 0);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_CLOSED).user, op.user);
	down(&u);
}

/* RFC 9293, 3.7.4: a small segment waits while one is out; switched off, it doesn't. */
static void
test_no_delay(void)
{
	struct setup u;

	for (uint32_t off = 0; off < 2; off++) {
		up(&u);
		pair_set(u.c, THOLE_OPT_NO_DELAY, u.conn[CLIENT], off);
		u.p.cut = true;
		pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], 10);
		pair_settle(&u.p);
		pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], 10);
		pair_settle(&u.p);
		CU_ASSERT_EQUAL(u.p.side[CLIENT].stack->stats.tx_data_bytes, off != 0 ? 20 : 10);
		pair_set(u.c, THOLE_OPT_NO_DELAY, u.conn[CLIENT], 1); /* what waits goes */
		pair_settle(&u.p);
		CU_ASSERT_EQUAL(u.p.side[CLIENT].stack->stats.tx_data_bytes, 20);
		down(&u);
	}
}

/* What is refused says of which option. */
static void
test_set_refused(void)
{
	struct thole_op op = { .type = THOLE_OP_SET, .option = THOLE_OPT_DSCP, .value = 64 };
	struct thole_event ev;
	struct setup u;

	up(&u);
	op.conn = u.conn[CLIENT];
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(thole_app_submit(u.c, &op, 1), 1);
		ev = pair_event(u.c, THOLE_EV_REFUSED);
		CU_ASSERT_EQUAL(ev.op, op.type);
		CU_ASSERT_EQUAL(ev.conn, op.conn);
		CU_ASSERT_EQUAL(ev.status, -EINVAL);
		CU_ASSERT_EQUAL(ev.bytes, THOLE_OPT_DSCP);
		CU_ASSERT_EQUAL(ev.user, 64);
		op.type = THOLE_OP_SET_NEW;
		op.conn = 0;
	}
	down(&u);
}

static void
set_new(struct thole_app *app, enum thole_option option, uint64_t value)
{
	struct thole_op op = { .type = THOLE_OP_SET_NEW, .option = option, .value = value };

	CU_ASSERT_EQUAL_FATAL(thole_app_submit(app, &op, 1), 1);
}

static uint8_t
tos_of(const struct thole_stack *s, thole_conn conn)
{
	return s->env.profiles[stack_tcb(s, (uint32_t)(conn >> 32) & 0xffffff)->profile].tos;
}

/* Connections, listeners and contexts share what they were set to; it goes with the last of them.
 */
static void
test_set_new(void)
{
	struct setup u;
	struct thole_stack *c, *s;
	thole_conn conn[2];

	up(&u);
	c = u.p.side[CLIENT].stack;
	s = u.p.side[SERVER].stack;
	set_new(u.c, THOLE_OPT_DSCP, 46);
	set_new(u.s, THOLE_OPT_DSCP, 10);
	pair_listen(&u.p, u.s, 1000, 5);
	set_new(u.s, THOLE_OPT_DSCP, 0);
	CU_ASSERT_EQUAL(s->env.nb_profiles, 1); /* the listener's */
	pair_open(&u.p, u.c, u.s, 1000, conn);
	CU_ASSERT_EQUAL(tos_of(c, conn[CLIENT]), 46 << 2);
	CU_ASSERT_EQUAL(tos_of(c, u.conn[CLIENT]), 0); /* which was there before */
	CU_ASSERT_EQUAL(tos_of(s, conn[SERVER]), 10 << 2);
	CU_ASSERT_EQUAL(c->env.profiles[stack_tcb(c, 1)->profile].users, 2);
	pair_set(u.s, THOLE_OPT_DSCP, conn[SERVER], 11);
	CU_ASSERT_EQUAL(s->env.nb_profiles, 2);
	CU_ASSERT_EQUAL(
		thole_app_submit(u.s,
			&(struct thole_op){ .type = THOLE_OP_UNLISTEN, .local.port = 1000 }, 1),
		1);
	CU_ASSERT_EQUAL(s->env.nb_profiles, 1);
	set_new(u.c, THOLE_OPT_DSCP, 0);
	CU_ASSERT_EQUAL(c->env.nb_profiles, 1);
	pair_op(u.c, THOLE_OP_ABORT, conn[CLIENT], 0);
	pair_settle(&u.p);
	pair_event(u.c, THOLE_EV_CLOSED);
	pair_event(u.s, THOLE_EV_CLOSED);
	CU_ASSERT_EQUAL(c->env.nb_profiles, 0);
	CU_ASSERT_EQUAL(s->env.nb_profiles, 0);
	/* A context takes its own along, and the next one begins anew. */
	set_new(u.c, THOLE_OPT_TTL, 5);
	thole_app_destroy(u.c);
	CU_ASSERT_EQUAL(c->env.nb_profiles, 0);
	u.c = pair_app(&u.p, CLIENT, 0);
	pair_settle(&u.p);
	pair_event(u.s, THOLE_EV_CLOSED); /* of the connection that went with it */
	pair_open(&u.p, u.c, u.s, PAIR_PORT, conn);
	CU_ASSERT_EQUAL(stack_tcb(c, (uint32_t)(conn[CLIENT] >> 32) & 0xffffff)->profile, 0);
	down(&u);
}

/* One in TIME-WAIT needs none any more. */
static void
test_set_until_time_wait(void)
{
	struct setup u;

	up(&u);
	pair_set(u.c, THOLE_OPT_DSCP, u.conn[CLIENT], 46);
	CU_ASSERT_EQUAL(u.p.side[CLIENT].stack->env.nb_profiles, 1);
	pair_op(u.c, THOLE_OP_CLOSE, u.conn[CLIENT], 0);
	pair_op(u.s, THOLE_OP_CLOSE, u.conn[SERVER], 0);
	pair_settle(&u.p);
	CU_ASSERT_EQUAL(pair_event(u.c, THOLE_EV_CLOSED).status, 0);
	CU_ASSERT_EQUAL(u.p.side[CLIENT].stack->env.nb_profiles, 0);
	down(&u);
}

static const struct test_case cases[] = {
	{ "GET and INFO", test_get_and_info },
	{ "stale handles", test_stale },
	{ "handles never given", test_never_given },
	{ "unknown ops", test_unknown_type },
	{ "SEND after SHUTDOWN", test_send_after_shutdown },
	{ "CLOSE twice", test_close_twice },
	{ "CLOSE after a reset", test_close_after_reset },
	{ "RECEIVED more than there was", test_received_too_much },
	{ "LISTEN", test_listen },
	{ "UNLISTEN", test_unlisten },
	{ "answers that nobody reads", test_answers_full },
	{ "SET_USER", test_set_user },
	{ "NO_DELAY", test_no_delay },
	{ "SET refused", test_set_refused },
	{ "SET_NEW", test_set_new },
	{ "SET, until TIME-WAIT", test_set_until_time_wait },
	{ NULL, NULL },
};
const struct test_suite suite_ops = { "ops", cases };
