/* SPDX-License-Identifier: BSD-3-Clause */
/* test_give.c: connections go from one context to another: nothing is lost on the way, nothing
 * comes twice, and credit adds up. */
#include <errno.h>
#include <string.h>

#include "pair.h"

#define SNDBUF 30000

struct setup {
	struct pair p;
	struct thole_app *c, *s, *w[2]; /* client; acceptor, and who works for it */
	thole_conn conn[2];
};

static void
small_buffers(struct thole_stack_config *config, int side)
{
	config->tcp.sndbuf_bytes = SNDBUF;
	(void)side;
}

static void
up(struct setup *u, uint32_t ring_entries)
{
	pair_up(&u->p, small_buffers);
	u->c = pair_app(&u->p, CLIENT, 0);
	u->s = pair_app(&u->p, SERVER, ring_entries);
	for (int i = 0; i < 2; i++)
		u->w[i] = pair_app(&u->p, SERVER, ring_entries);
	pair_listen(&u->p, u->s, PAIR_PORT, 2000);
	pair_open(&u->p, u->c, u->s, PAIR_PORT, u->conn);
}

static void
down(struct setup *u)
{
	thole_app_destroy(u->c);
	thole_app_destroy(u->s);
	for (int i = 0; i < 2; i++)
		thole_app_destroy(u->w[i]);
	pair_down(&u->p);
}

static void
give(struct thole_app *from, struct thole_app *to, thole_conn conn)
{
	pair_op(from, THOLE_OP_GIVE, conn, thole_app_number(to));
}

/* The giver has its answer, the taker the connection. @return its credit. */
static int32_t
handed(struct setup *u, struct thole_app *from, struct thole_app *to, thole_conn conn)
{
	struct thole_event ev;

	pair_settle(&u->p);
	ev = pair_event(from, THOLE_EV_GIVEN);
	CU_ASSERT_EQUAL(ev.conn, conn);
	CU_ASSERT_EQUAL(ev.status, 0);
	ev = pair_event(to, THOLE_EV_TAKEN);
	CU_ASSERT_EQUAL(ev.conn, conn);
	CU_ASSERT_EQUAL(ev.status, 0);
	return (int32_t)ev.bytes;
}

static void
refused(struct thole_app *app, thole_conn conn, uint32_t to, int status)
{
	struct thole_event ev;

	pair_op(app, THOLE_OP_GIVE, conn, to);
	ev = pair_event(app, THOLE_EV_REFUSED);
	CU_ASSERT_EQUAL(ev.op, THOLE_OP_GIVE);
	CU_ASSERT_EQUAL(ev.conn, conn);
	CU_ASSERT_EQUAL(ev.status, status);
}

/* What the connection has gathered goes along, behind TAKEN; the giver is out of it. */
static void
all_goes_along(uint32_t ring_entries)
{
	struct thole_endpoint server, client;
	struct thole_event ev;
	struct setup u;

	up(&u, ring_entries);
	pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], 5000);
	if (ring_entries == 0) { /* else it is in the giver's ring by now */
		pair_op(u.c, THOLE_OP_SHUTDOWN, u.conn[CLIENT], 0);
		pair_settle(&u.p);
	}
	pair_op(u.s, THOLE_OP_SET_USER, u.conn[SERVER], 0);
	give(u.s, u.w[0], u.conn[SERVER]);
	if (ring_entries != 0)
		thole_stack_run(u.p.side[SERVER].stack, u.p.now);
	ev = pair_event(u.s, THOLE_EV_GIVEN);
	CU_ASSERT_EQUAL(ev.conn, u.conn[SERVER]);
	pair_settle(&u.p);
	pair_no_event(u.s);
	ev = pair_event(u.w[0], THOLE_EV_TAKEN);
	server = pair_endpoint(&u.p, SERVER, PAIR_PORT);
	client = pair_endpoint(&u.p, CLIENT, ev.remote.port);
	CU_ASSERT_EQUAL(memcmp(&ev.local, &server, sizeof(server)), 0);
	CU_ASSERT_EQUAL(memcmp(&ev.remote, &client, sizeof(client)), 0);
	CU_ASSERT_EQUAL(ev.conn, u.conn[SERVER]);
	CU_ASSERT_EQUAL(ev.bytes, SNDBUF);
	CU_ASSERT_EQUAL(ev.user, 0);
	for (uint32_t got = 0; got < 5000;) { /* a ring gets it as it comes */
		uint32_t n = pair_event(u.w[0], THOLE_EV_DATA).bytes;

		CU_ASSERT_FATAL(n != 0);
		got += n;
	}
	if (ring_entries != 0) {
		pair_op(u.c, THOLE_OP_SHUTDOWN, u.conn[CLIENT], 0);
		pair_settle(&u.p);
	}
	pair_event(u.w[0], THOLE_EV_PEER_CLOSED);
	pair_op(u.s, THOLE_OP_CLOSE, u.conn[SERVER], 0);
	pair_settle(&u.p);
	ev = pair_event(u.s, THOLE_EV_REFUSED);
	CU_ASSERT_EQUAL(ev.status, -EBADF);
	pair_op(u.w[0], THOLE_OP_RECEIVED, u.conn[SERVER], 5000);
	pair_op(u.w[0], THOLE_OP_CLOSE, u.conn[SERVER], 0);
	pair_settle(&u.p);
	CU_ASSERT_EQUAL(pair_event(u.w[0], THOLE_EV_CLOSED).status, 0);
	pair_no_event(u.w[0]);
	pair_no_event(u.s);
	CU_ASSERT_EQUAL(u.p.side[SERVER].stack->tcbs.in_use, 0);
	CU_ASSERT_EQUAL(u.p.side[SERVER].stack->stats.mbufs_held, 0);
	down(&u);
}

static void
test_direct(void)
{
	all_goes_along(0);
}

static void
test_ring(void)
{
	all_goes_along(64);
}

/* The giver has read DATA: the taker says RECEIVED of it, and no more than that. */
static void
test_read_by_the_giver(void)
{
	struct setup u;

	up(&u, 0);
	pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], 3000);
	pair_settle(&u.p);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_DATA).bytes, 3000);
	give(u.s, u.w[0], u.conn[SERVER]);
	CU_ASSERT_EQUAL(handed(&u, u.s, u.w[0], u.conn[SERVER]), SNDBUF);
	pair_op(u.w[0], THOLE_OP_RECEIVED, u.conn[SERVER], 3000);
	pair_no_event(u.w[0]);
	pair_op(u.w[0], THOLE_OP_RECEIVED, u.conn[SERVER], 1);
	CU_ASSERT_EQUAL(pair_event(u.w[0], THOLE_EV_REFUSED).status, -EINVAL);
	down(&u);
}

/* TAKEN and the SENDABLEs behind it are what giver and taker may have on the way together. */
static void
test_credit(void)
{
	struct setup u;
	int32_t credit;

	up(&u, 0);
	u.p.cut = true;
	pair_send(&u.p, u.s, SERVER, u.conn[SERVER], 20000);
	give(u.s, u.w[0], u.conn[SERVER]);
	credit = handed(&u, u.s, u.w[0], u.conn[SERVER]);
	CU_ASSERT_EQUAL(credit, SNDBUF - 20000);
	pair_send(&u.p, u.w[0], SERVER, u.conn[SERVER], (uint32_t)credit);
	u.p.cut = false;
	pair_sleep(&u.p, 10 * TIME_S);
	credit = (int32_t)pair_event(u.w[0], THOLE_EV_SENDABLE).bytes;
	CU_ASSERT_EQUAL(credit, SNDBUF);
	pair_no_event(u.w[0]);
	/* SENDABLE that nobody has read is in TAKEN. */
	pair_send(&u.p, u.w[0], SERVER, u.conn[SERVER], 25000);
	pair_sleep(&u.p, TIME_S);
	give(u.w[0], u.w[1], u.conn[SERVER]);
	CU_ASSERT_EQUAL(handed(&u, u.w[0], u.w[1], u.conn[SERVER]), SNDBUF);
	pair_no_event(u.w[1]);
	/* So is what was acknowledged, and too little to be said. */
	pair_send(&u.p, u.w[1], SERVER, u.conn[SERVER], 5000);
	pair_sleep(&u.p, TIME_S);
	pair_no_event(u.w[1]);
	give(u.w[1], u.s, u.conn[SERVER]);
	CU_ASSERT_EQUAL(handed(&u, u.w[1], u.s, u.conn[SERVER]), SNDBUF);
	/* More than the buffer is queued: below 0. */
	u.p.cut = true;
	pair_send(&u.p, u.s, SERVER, u.conn[SERVER], SNDBUF - 1);
	pair_send(&u.p, u.s, SERVER, u.conn[SERVER], 20000);
	give(u.s, u.w[0], u.conn[SERVER]);
	credit = handed(&u, u.s, u.w[0], u.conn[SERVER]);
	CU_ASSERT_EQUAL(credit, 1 - 20000);
	u.p.cut = false;
	for (int i = 0; i < 100 && credit < SNDBUF; i++) {
		struct thole_event ev;

		pair_sleep(&u.p, TIME_S);
		while (thole_app_events(u.w[0], &ev, 1) == 1) {
			CU_ASSERT_EQUAL(ev.type, THOLE_EV_SENDABLE);
			credit += (int32_t)ev.bytes;
		}
	}
	CU_ASSERT_EQUAL(credit, SNDBUF);
	down(&u);
}

static void
set_sndbuf(struct thole_app *app, thole_conn conn, uint32_t bytes)
{
	struct thole_op op = {
		.type = THOLE_OP_SET, .option = THOLE_OPT_SNDBUF, .conn = conn, .value = bytes
	};

	CU_ASSERT_EQUAL(thole_app_submit(app, &op, 1), 1);
}

/* Send buffers that were set to less, and of a connection that is over, are accounted for as well:
 * it is given, and nobody has more credit than there is. */
static void
test_credit_set(void)
{
	static const uint32_t less[] = { 0, 1, 2, 5000 };
	struct setup u;

	for (unsigned int i = 0; i < RTE_DIM(less); i++) {
		up(&u, 0);
		set_sndbuf(u.s, u.conn[SERVER], SNDBUF - less[i]);
		pair_op(u.c, THOLE_OP_ABORT, u.conn[CLIENT], 0);
		pair_settle(&u.p);
		give(u.s, u.w[0], u.conn[SERVER]); /* the giver had it, and it isn't taken back */
		CU_ASSERT_EQUAL(handed(&u, u.s, u.w[0], u.conn[SERVER]), SNDBUF);
		set_sndbuf(u.w[0], u.conn[SERVER], 2 * SNDBUF);
		give(u.w[0], u.w[1], u.conn[SERVER]);
		CU_ASSERT_EQUAL(handed(&u, u.w[0], u.w[1], u.conn[SERVER]), 2 * SNDBUF);
		CU_ASSERT_EQUAL(pair_event(u.w[1], THOLE_EV_CLOSED).status, -ECONNRESET);
		down(&u);
	}

	/* SENDABLE that wasn't read, of one that is over, and less than it was. */
	up(&u, 0);
	pair_send(&u.p, u.s, SERVER, u.conn[SERVER], SNDBUF);
	pair_sleep(&u.p, TIME_S);
	pair_op(u.c, THOLE_OP_ABORT, u.conn[CLIENT], 0);
	pair_settle(&u.p);
	set_sndbuf(u.s, u.conn[SERVER], SNDBUF / 2);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_SENDABLE).bytes, SNDBUF / 2);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_CLOSED).status, -ECONNRESET);
	down(&u);
}

/* One that was there when it was asked for, and is gone; another has its place. */
static void
test_taker_gone(void)
{
	static const struct thole_app_config direct;
	struct thole_app *next;
	struct setup u;
	uint32_t number;

	up(&u, 0);
	number = thole_app_number(u.w[0]);
	thole_app_destroy(u.w[0]);
	refused(u.s, u.conn[SERVER], number, -EINVAL);
	CU_ASSERT_EQUAL_FATAL(thole_app_create(u.p.side[SERVER].stack, &direct, &next), 0);
	u.w[0] = next;
	CU_ASSERT_NOT_EQUAL(thole_app_number(next), number);
	refused(u.s, u.conn[SERVER], number, -EINVAL);
	give(u.s, next, u.conn[SERVER]);
	handed(&u, u.s, next, u.conn[SERVER]);
	down(&u);
}

static void
test_refused(void)
{
	struct thole_op connect = { .type = THOLE_OP_CONNECT, .bytes = 1 };
	struct thole_event ev;
	thole_conn conn;
	struct setup u;

	up(&u, 0);
	refused(u.s, u.conn[SERVER], thole_app_number(u.s), -EINVAL);
	refused(u.s, u.conn[SERVER], 3, -EINVAL); /* there are 0 to 2 */
	refused(u.s, u.conn[SERVER], UINT32_MAX, -EINVAL);
	refused(u.w[0], u.conn[SERVER], thole_app_number(u.s), -EBADF);
	/* A handshake under way, one whose end nobody has heard of, and one that failed. */
	connect.remote = pair_endpoint(&u.p, CLIENT, PAIR_PORT);
	CU_ASSERT_EQUAL(thole_app_submit(u.s, &connect, 1), 1);
	conn = pair_event(u.s, THOLE_EV_OPENING).conn;
	refused(u.s, conn, thole_app_number(u.w[0]), -ENOTCONN);
	pair_listen(&u.p, u.c, PAIR_PORT, 1);
	refused(u.s, conn, thole_app_number(u.w[0]), -ENOTCONN);
	pair_event(u.s, THOLE_EV_CONNECTED);
	give(u.s, u.w[0], conn);
	handed(&u, u.s, u.w[0], conn);
	connect.remote.port = PAIR_PORT + 1;
	CU_ASSERT_EQUAL(thole_app_submit(u.s, &connect, 1), 1);
	conn = pair_event(u.s, THOLE_EV_OPENING).conn;
	pair_settle(&u.p);
	refused(u.s, conn, thole_app_number(u.w[0]), -ENOTCONN);
	set_sndbuf(u.s, conn, 2 * SNDBUF);
	refused(u.s, conn, thole_app_number(u.w[0]), -ENOTCONN);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_CLOSED).status, -ECONNREFUSED);
	/* After CLOSE. */
	pair_op(u.s, THOLE_OP_CLOSE, u.conn[SERVER], 0);
	refused(u.s, u.conn[SERVER], thole_app_number(u.w[0]), -ENOTCONN);
	/* The taker's answers are full. */
	pair_event(u.c, THOLE_EV_ACCEPTED);
	pair_open(&u.p, u.c, u.s, PAIR_PORT, u.conn);
	for (int i = 0; i < 256; i++)
		pair_op(u.w[0], THOLE_OP_CLOSE, 0, 0);
	refused(u.s, u.conn[SERVER], thole_app_number(u.w[0]), -EAGAIN);
	CU_ASSERT_EQUAL(thole_app_events(u.w[0], &ev, 1), 1);
	give(u.s, u.w[0], u.conn[SERVER]);
	pair_event(u.s, THOLE_EV_GIVEN);
	for (int i = 0; i < 255; i++)
		pair_event(u.w[0], THOLE_EV_REFUSED);
	pair_event(u.w[0], THOLE_EV_TAKEN);
	pair_no_event(u.w[0]);
	down(&u);
}

/* A connection that ends before or after it changes hands: CLOSED comes once, to who has it. */
static void
test_closed(void)
{
	struct setup u;

	up(&u, 0);
	pair_op(u.c, THOLE_OP_ABORT, u.conn[CLIENT], 0);
	pair_settle(&u.p); /* nobody has looked */
	give(u.s, u.w[0], u.conn[SERVER]);
	handed(&u, u.s, u.w[0], u.conn[SERVER]);
	CU_ASSERT_EQUAL(pair_event(u.w[0], THOLE_EV_CLOSED).status, -ECONNRESET);
	pair_no_event(u.w[0]);
	pair_no_event(u.s);
	CU_ASSERT_EQUAL(u.p.side[SERVER].stack->tcbs.in_use, 0);
	pair_event(u.c, THOLE_EV_CLOSED);
	pair_open(&u.p, u.c, u.s, PAIR_PORT, u.conn);
	give(u.s, u.w[0], u.conn[SERVER]);
	pair_op(u.c, THOLE_OP_ABORT, u.conn[CLIENT], 0);
	handed(&u, u.s, u.w[0], u.conn[SERVER]);
	CU_ASSERT_EQUAL(pair_event(u.w[0], THOLE_EV_CLOSED).status, -ECONNRESET);
	pair_no_event(u.w[0]);
	pair_no_event(u.s);
	down(&u);
}

#define MANY 900

/* Opens MANY connections, whose DATA and PEER_CLOSED the acceptor @p u->s doesn't read. */
static void
open_many(struct setup *u, thole_conn *conns)
{
	static thole_conn theirs[MANY];

	for (int i = 0; i < MANY; i++) {
		thole_conn conn[2];

		pair_open(&u->p, u->c, u->s, PAIR_PORT, conn);
		conns[i] = conn[SERVER];
		theirs[i] = conn[CLIENT];
	}
	for (int i = 0; i < MANY; i++) {
		pair_send(&u->p, u->c, CLIENT, theirs[i], 100);
		pair_op(u->c, THOLE_OP_SHUTDOWN, theirs[i], 0);
		pair_settle(&u->p);
	}
}

/* Reads all that @p app has of the connections that it should have, portion by portion. */
static void
drain(struct thole_app *app, uint32_t max, uint32_t taken, uint32_t each)
{
	uint32_t seen[THOLE_EV_TAKEN + 1] = { 0 };
	struct thole_event ev[7];
	uint32_t n;

	while ((n = (uint32_t)thole_app_events(app, ev, max)) != 0) {
		for (uint32_t i = 0; i < n; i++) {
			seen[ev[i].type]++;
			if (ev[i].type == THOLE_EV_DATA)
				rte_pktmbuf_free(ev[i].mbuf);
		}
	}
	CU_ASSERT_EQUAL(seen[THOLE_EV_TAKEN], taken);
	CU_ASSERT_EQUAL(seen[THOLE_EV_DATA], each);
	CU_ASSERT_EQUAL(seen[THOLE_EV_PEER_CLOSED], each);
}

static void
many_turns(struct setup *u)
{
	for (int i = 0; i < 2 * MANY / 256 + 2; i++)
		thole_stack_run(u->p.side[SERVER].stack, u->p.now);
}

/*
 * Connections that stand in the giver's list, which is longer than what a GIVE looks at: the takers
 * get all that they have without the giver having looked, whether they come straight, by way of a
 * third, or back again.
 */
static void
test_standing(void)
{
	static thole_conn conns[MANY];
	uint32_t seen = 0;
	struct setup u;

	up(&u, 0);
	open_many(&u, conns);
	for (int i = 0; i < MANY; i += 10) {
		give(u.s, u.w[0], conns[i]);
		give(u.s, u.w[1], conns[i + 1]);
		give(u.w[1], u.w[0], conns[i + 1]); /* it stands in the first one's, still */
		give(u.s, u.w[1], conns[i + 2]);
		give(u.w[1], u.s, conns[i + 2]); /* and back */
		for (int k = 0; k < 3; k++)	 /* answers come before all that stands there */
			pair_event(u.s, THOLE_EV_GIVEN);
		pair_event(u.s, THOLE_EV_TAKEN);
		for (int k = 0; k < 2; k++) {
			pair_event(u.w[1], THOLE_EV_TAKEN);
			pair_event(u.w[1], THOLE_EV_GIVEN);
		}
	}
	many_turns(&u);
	drain(u.w[0], 7, 2 * MANY / 10, 2 * MANY / 10);
	pair_no_event(u.w[1]);
	/* Some of the giver's own, then more is given away, and the giver looks before anything
	 * else happens. */
	for (int i = 0; i < MANY / 2; i++) {
		struct thole_event ev;

		CU_ASSERT_EQUAL_FATAL(thole_app_events(u.s, &ev, 1), 1);
		CU_ASSERT(ev.type == THOLE_EV_DATA || ev.type == THOLE_EV_PEER_CLOSED);
		if (ev.type == THOLE_EV_DATA)
			rte_pktmbuf_free(ev.mbuf);
	}
	for (int i = 3; i < MANY; i += 10)
		pair_op(u.s, THOLE_OP_GIVE, conns[i], thole_app_number(u.w[0]));
	for (int i = 0; i < MANY / 10; i++)
		pair_event(u.s, THOLE_EV_GIVEN);
	seen = 0;
	for (struct thole_event ev; thole_app_events(u.s, &ev, 1) == 1; seen++) {
		for (int i = 3; i < MANY; i += 10)
			CU_ASSERT_NOT_EQUAL(ev.conn, conns[i]);
		if (ev.type == THOLE_EV_DATA)
			rte_pktmbuf_free(ev.mbuf);
	}
	CU_ASSERT(seen > 0);
	CU_ASSERT_EQUAL(u.p.side[SERVER].stack->clients[thole_app_number(u.s)].parting, SLAB_NONE);
	many_turns(&u);
	CU_ASSERT_PTR_NULL(u.p.side[SERVER].stack->clients[thole_app_number(u.s)].give_events);
	for (int i = 0; i < MANY / 10; i++)
		pair_event(u.w[0], THOLE_EV_TAKEN);
	down(&u);
}

/* While it takes turns to find one that was given, a loop that sleeps until the deadline does none.
 */
static void
test_due(void)
{
	static thole_conn conns[MANY];
	struct thole_stack *stack;
	struct setup u;

	up(&u, 0);
	stack = u.p.side[SERVER].stack;
	open_many(&u, conns);
	CU_ASSERT_NOT_EQUAL(thole_stack_next_deadline(stack), 0);
	give(u.s, u.w[0], conns[MANY - 1]);
	for (int i = 0; i < MANY && thole_stack_next_deadline(stack) == 0; i++)
		thole_stack_run(stack, u.p.now);
	CU_ASSERT_NOT_EQUAL(thole_stack_next_deadline(stack), 0);
	drain(u.w[0], 7, 1, 1);
	down(&u);
}

/* Either ends while connections are on the way between them. */
static void
one_ends(bool giver, uint32_t ring_entries)
{
	static thole_conn conns[MANY];
	struct thole_stack *stack;
	struct setup u;

	up(&u, ring_entries);
	stack = u.p.side[SERVER].stack;
	if (ring_entries == 0)
		open_many(&u, conns);
	else
		conns[0] = u.conn[SERVER];
	for (int i = 0; i < (ring_entries == 0 ? 200 : 1); i++)
		give(u.s, u.w[0], conns[i]);
	if (ring_entries != 0)
		thole_stack_run(stack, u.p.now);
	thole_app_destroy(giver ? u.s : u.w[0]);
	if (giver)
		u.s = NULL;
	else
		u.w[0] = NULL;
	pair_settle(&u.p);
	many_turns(&u);
	if (giver) {
		CU_ASSERT_EQUAL(stack->stats.conns, ring_entries == 0 ? 200 : 1);
		drain(u.w[0], 7, ring_entries == 0 ? 200 : 1, ring_entries == 0 ? 200 : 0);
	} else {
		CU_ASSERT_EQUAL(stack->stats.conns, ring_entries == 0 ? MANY + 1 - 200 : 0);
	}
	thole_app_destroy(u.s);
	u.s = NULL;
	thole_app_destroy(u.w[0]);
	u.w[0] = NULL;
	pair_settle(&u.p);
	CU_ASSERT_EQUAL(stack->tcbs.in_use, 0);
	CU_ASSERT_EQUAL(stack->stats.mbufs_held, 0);
	down(&u);
}

static void
test_ends(void)
{
	one_ends(true, 0);
	one_ends(false, 0);
	one_ends(true, 64);
	one_ends(false, 64);
}

/* Given on by one whose own list is empty, while it stands in the first one's. */
static void
test_given_on(void)
{
	struct client *clients;
	struct setup u;

	up(&u, 0);
	clients = u.p.side[SERVER].stack->clients;
	pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], 100);
	pair_settle(&u.p);
	pair_event(u.s, THOLE_EV_DATA);
	pair_no_event(u.s);
	pair_op(u.c, THOLE_OP_SHUTDOWN, u.conn[CLIENT], 0);
	pair_settle(&u.p);
	give(u.s, u.w[0], u.conn[SERVER]); /* that moves it, so that it is the one's own */
	give(u.w[0], u.w[1], u.conn[SERVER]);
	give(u.w[1], u.s, u.conn[SERVER]);
	for (int i = 0; i < APPS_MAX; i++)
		CU_ASSERT_EQUAL(clients[i].parting, SLAB_NONE);
	handed(&u, u.s, u.w[0], u.conn[SERVER]);
	handed(&u, u.w[0], u.w[1], u.conn[SERVER]);
	handed(&u, u.w[1], u.s, u.conn[SERVER]);
	pair_event(u.s, THOLE_EV_PEER_CLOSED);
	pair_no_event(u.s);
	pair_no_event(u.w[0]);
	pair_no_event(u.w[1]);
	down(&u);
}

static const struct test_case cases[] = {
	{ "all goes along: direct contexts", test_direct },
	{ "all goes along: ring contexts", test_ring },
	{ "RECEIVED of what the giver read", test_read_by_the_giver },
	{ "credit", test_credit },
	{ "credit, and buffers that are set", test_credit_set },
	{ "what is refused", test_refused },
	{ "the taker gone, another in its place", test_taker_gone },
	{ "CLOSED comes once", test_closed },
	{ "given with events, from among many", test_standing },
	{ "given from behind many: due until it is found", test_due },
	{ "given on at once", test_given_on },
	{ "giver or taker ends", test_ends },
	{ NULL, NULL },
};
const struct test_suite suite_give = { "give", cases };
