/* SPDX-License-Identifier: BSD-3-Clause */
/* test_drain.c: a stack's end as its contexts see it: direct, over rings, and gone already. */
#include <errno.h>

#include "pair.h"

#define CONNS 100 /* more than a ring of 64 holds events of */

static struct thole_left
left_of(const struct pair *p, int side)
{
	struct thole_left left;

	thole_stack_left(p->side[side].stack, &left);
	return left;
}

/* The server's context is of the kind of @p ring_entries; it drains, then it is cut. */
static void
drain(uint32_t ring_entries)
{
	struct thole_op listen = { .type = THOLE_OP_LISTEN, .local.port = PAIR_PORT + 1 };
	struct thole_app *c, *s;
	struct thole_left left;
	struct thole_event ev;
	thole_conn conn[2];
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, ring_entries);
	pair_listen(&p, s, PAIR_PORT, 16);
	pair_open(&p, c, s, PAIR_PORT, conn);
	thole_stack_drain(p.side[SERVER].stack);
	CU_ASSERT_EQUAL_FATAL(thole_app_submit(s, &listen, 1), 1);
	pair_connect(&p, c, PAIR_PORT, 0);
	pair_settle(&p);
	CU_ASSERT_EQUAL(pair_event(s, THOLE_EV_LISTENING).status, -ESHUTDOWN);
	CU_ASSERT_EQUAL(pair_event(c, THOLE_EV_CLOSED).status, -ECONNREFUSED);
	pair_send(&p, c, CLIENT, conn[CLIENT], 1000);
	pair_settle(&p);
	CU_ASSERT_EQUAL(pair_event(s, THOLE_EV_DATA).bytes, 1000);
	pair_send(&p, s, SERVER, conn[SERVER], 3000);
	pair_settle(&p);
	ev = pair_event(c, THOLE_EV_DATA);
	CU_ASSERT_EQUAL(ev.bytes, 3000);
	CU_ASSERT_EQUAL(left_of(&p, SERVER).open, 1);
	pair_sleep(&p, TIME_S); /* the last ACK was delayed */
	p.cut = true;
	pair_send(&p, s, SERVER, conn[SERVER], 5000);
	pair_settle(&p);
	left = left_of(&p, SERVER); /* the last segment isn't full, and waits (RFC 9293, 3.7.4) */
	CU_ASSERT_TRUE(left.unacked_bytes != 0 && left.unsent_bytes != 0);
	CU_ASSERT_EQUAL(left.unacked_bytes + left.unsent_bytes, 5000);
	p.cut = false;
	CU_ASSERT_EQUAL(thole_stack_cut(p.side[SERVER].stack, NULL), 1);
	pair_send(&p, s, SERVER, conn[SERVER], 10); /* the application doesn't know yet */
	pair_settle(&p);
	CU_ASSERT_EQUAL(pair_event(c, THOLE_EV_CLOSED).status, -ECONNRESET);
	while (thole_app_events(s, &ev, 1) == 1 &&
		(ev.type == THOLE_EV_REFUSED || ev.type == THOLE_EV_SENDABLE))
		;
	CU_ASSERT_EQUAL(ev.type, THOLE_EV_CLOSED);
	CU_ASSERT_EQUAL(ev.status, -ECONNABORTED);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

static void
test_direct(void)
{
	drain(0);
}

static void
test_ring(void)
{
	drain(64);
}

/* A ring that is full of ends loses none of them. */
static void
test_many(void)
{
	struct thole_app *c, *s;
	struct thole_event ev;
	unsigned int accepted = 0, closed = 0;
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 64);
	pair_listen(&p, s, PAIR_PORT, CONNS);
	for (unsigned int i = 0; i < CONNS; i++)
		pair_connect(&p, c, PAIR_PORT, 0);
	pair_settle(&p);
	CU_ASSERT_EQUAL(thole_stack_cut(p.side[SERVER].stack, NULL), CONNS);
	pair_settle(&p);
	for (unsigned int i = 0; i < CONNS; i++) {
		pair_settle(&p);
		while (thole_app_events(s, &ev, 1) == 1) {
			accepted += ev.type == THOLE_EV_ACCEPTED;
			closed += ev.type == THOLE_EV_CLOSED && ev.status == -ECONNABORTED;
		}
	}
	CU_ASSERT_EQUAL(accepted, CONNS);
	CU_ASSERT_EQUAL(closed, CONNS);
	CU_ASSERT_EQUAL(p.side[SERVER].stack->tcbs.in_use, 0);
	while (thole_app_events(c, &ev, 1) == 1 && ev.type == THOLE_EV_CONNECTED)
		closed--;
	CU_ASSERT_EQUAL(closed, 0);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

/* What a context closed before it went is TCP's to finish, and counted as such. */
static void
test_orphans(void)
{
	struct thole_left cut;
	struct thole_app *c, *s;
	thole_conn conn[2];
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 64);
	pair_listen(&p, s, PAIR_PORT, 16);
	pair_open(&p, c, s, PAIR_PORT, conn);
	p.cut = true;
	pair_send(&p, s, SERVER, conn[SERVER], 5000);
	pair_op(s, THOLE_OP_CLOSE, conn[SERVER], 0);
	pair_settle(&p);
	thole_app_destroy(s);
	p.cut = false;
	CU_ASSERT_EQUAL(left_of(&p, SERVER).orphans, 1);
	CU_ASSERT_EQUAL(left_of(&p, SERVER).unacked_bytes, 5000);
	CU_ASSERT_EQUAL(thole_stack_cut(p.side[SERVER].stack, &cut), 1);
	CU_ASSERT_EQUAL(cut.orphans, 1);
	CU_ASSERT_EQUAL(cut.unacked_bytes, 5000);
	CU_ASSERT_EQUAL(cut.unsent_bytes, 0);
	pair_settle(&p);
	CU_ASSERT_EQUAL(pair_event(c, THOLE_EV_CLOSED).status, -ECONNRESET);
	CU_ASSERT_EQUAL(p.side[SERVER].stack->tcbs.in_use, 0);
	CU_ASSERT_EQUAL(p.side[SERVER].stack->stats.orphans, 0);
	thole_app_destroy(c);
	pair_down(&p);
}

static const struct test_case cases[] = {
	{ "a direct context's stack drains, and is cut", test_direct },
	{ "a ring context's", test_ring },
	{ "more ends than a ring holds", test_many },
	{ "orphans of a context that has gone", test_orphans },
	{ NULL, NULL },
};

const struct test_suite suite_drain = { "drain", cases };
