/* SPDX-License-Identifier: BSD-3-Clause */
/* test_events.c: what the application hears, in which order, once, and at its own pace. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pair.h"

struct setup {
	struct pair p;
	struct thole_app *c, *s;
	thole_conn conn[2];
};

static void
up(struct setup *u, void (*tune)(struct thole_stack_config *config, int side))
{
	pair_up(&u->p, tune);
	u->c = pair_app(&u->p, CLIENT, 0);
	u->s = pair_app(&u->p, SERVER, 0);
	pair_listen(&u->p, u->s, PAIR_PORT, 2);
}

static void
down(struct setup *u)
{
	thole_app_destroy(u->c);
	thole_app_destroy(u->s);
	pair_down(&u->p);
}

static void
test_order(void)
{
	struct setup u;

	up(&u, NULL);
	pair_open(&u.p, u.c, u.s, PAIR_PORT, u.conn);
	pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], 5000);
	pair_op(u.c, THOLE_OP_SHUTDOWN, u.conn[CLIENT], 0);
	pair_settle(&u.p);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_DATA).bytes, 5000);
	pair_event(u.s, THOLE_EV_PEER_CLOSED);
	pair_no_event(u.s);
	pair_send(&u.p, u.s, SERVER, u.conn[SERVER], 7000); /* half closed */
	pair_op(u.s, THOLE_OP_CLOSE, u.conn[SERVER], 0);
	pair_settle(&u.p);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_CLOSED).status, 0);
	CU_ASSERT_EQUAL(pair_event(u.c, THOLE_EV_DATA).bytes, 7000);
	pair_event(u.c, THOLE_EV_PEER_CLOSED);
	pair_no_event(u.c); /* TIME-WAIT is there, but it hasn't closed */
	pair_op(u.c, THOLE_OP_CLOSE, u.conn[CLIENT], 0);
	CU_ASSERT_EQUAL(pair_event(u.c, THOLE_EV_CLOSED).status, 0);
	pair_no_event(u.c);
	CU_ASSERT_EQUAL(u.p.side[CLIENT].stack->stats.time_wait, 1);
	CU_ASSERT_EQUAL(u.p.side[CLIENT].stack->tcbs.in_use, 0);
	pair_sleep(&u.p, 61 * TIME_S);
	CU_ASSERT_EQUAL(u.p.side[CLIENT].stack->stats.time_wait, 0);
	pair_no_event(u.c);
	pair_no_event(u.s);
	down(&u);
}

/* All that happens to a connection before the application looks is one event of each kind. */
static void
test_all_at_once(void)
{
	struct thole_event ev[8];
	struct setup u;

	up(&u, NULL);
	pair_connect(&u.p, u.c, PAIR_PORT, 0);
	pair_settle(&u.p);
	u.conn[CLIENT] = pair_event(u.c, THOLE_EV_CONNECTED).conn;
	for (int i = 0; i < 10; i++) {
		pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], 2000);
		pair_settle(&u.p);
	}
	pair_op(u.c, THOLE_OP_SHUTDOWN, u.conn[CLIENT], 0);
	pair_settle(&u.p);
	pair_op(u.c, THOLE_OP_ABORT, u.conn[CLIENT], 0);
	pair_settle(&u.p);
	CU_ASSERT_EQUAL_FATAL(thole_app_events(u.s, ev, 8), 4);
	CU_ASSERT_EQUAL(ev[0].type, THOLE_EV_ACCEPTED);
	CU_ASSERT_EQUAL(ev[1].type, THOLE_EV_DATA);
	CU_ASSERT_EQUAL(ev[1].bytes, 20000);
	CU_ASSERT_EQUAL(ev[1].mbuf->pkt_len, 20000);
	CU_ASSERT_EQUAL(ev[2].type, THOLE_EV_PEER_CLOSED);
	CU_ASSERT_EQUAL(ev[3].type, THOLE_EV_CLOSED);
	CU_ASSERT_EQUAL(ev[3].status, -ECONNRESET);
	for (int i = 1; i < 4; i++)
		CU_ASSERT_EQUAL(ev[i].conn, ev[0].conn);
	rte_pktmbuf_free(ev[1].mbuf);
	CU_ASSERT_EQUAL(u.p.side[SERVER].stack->tcbs.in_use, 0);
	down(&u);
}

/* The data that came before a reset is still the application's. */
static void
test_data_before_reset(void)
{
	struct setup u;

	up(&u, NULL);
	pair_open(&u.p, u.c, u.s, PAIR_PORT, u.conn);
	pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], 3000);
	pair_settle(&u.p);
	pair_op(u.c, THOLE_OP_ABORT, u.conn[CLIENT], 0);
	pair_settle(&u.p);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_DATA).bytes, 3000);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_CLOSED).status, -ECONNRESET);
	CU_ASSERT_EQUAL(u.p.side[SERVER].stack->stats.mbufs_held, 0);
	down(&u);
}

/* After CLOSE there is no event but CLOSED. */
static void
test_silence_after_close(void)
{
	struct setup u;

	up(&u, NULL);
	pair_open(&u.p, u.c, u.s, PAIR_PORT, u.conn);
	pair_op(u.c, THOLE_OP_CLOSE, u.conn[CLIENT], 0);
	pair_settle(&u.p);
	pair_event(u.s, THOLE_EV_PEER_CLOSED);
	pair_op(u.s, THOLE_OP_SHUTDOWN, u.conn[SERVER], 0);
	pair_settle(&u.p);
	pair_event(u.c, THOLE_EV_CLOSED);
	pair_no_event(u.c);
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_CLOSED).status, 0); /* LAST-ACK is over */
	pair_no_event(u.s);
	down(&u);
}

/* A full accept queue holds back handshakes, resets nobody, and lets them in when there is room. */
static void
test_backlog(void)
{
	struct setup u;

	up(&u, NULL); /* 2 may wait */
	for (uint64_t i = 0; i < 5; i++)
		pair_connect(&u.p, u.c, PAIR_PORT, i);
	pair_settle(&u.p);
	for (int i = 0; i < 5; i++)
		pair_event(u.c, THOLE_EV_CONNECTED); /* the SYN-ACK is all that it sees */
	CU_ASSERT_EQUAL(u.p.side[SERVER].stack->stats.opened_passive, 2);
	for (int taken = 0; taken < 5;) {
		struct thole_event ev;

		while (thole_app_events(u.s, &ev, 1) == 1) {
			CU_ASSERT_EQUAL(ev.type, THOLE_EV_ACCEPTED);
			taken++;
		}
		if (taken < 5) {
			pair_sleep(&u.p, TIME_S); /* SYN-ACKs are repeated */
			CU_ASSERT_FATAL(u.p.now < 1060 * TIME_S);
		}
	}
	pair_no_event(u.c);
	CU_ASSERT_EQUAL(u.p.side[SERVER].stack->stats.embryos, 0);
	down(&u);
}

static void
small_buffers(struct thole_stack_config *c, int side)
{
	c->tcp.sndbuf_bytes = 30000;
	c->tcp.rcvbuf_bytes = 20000;
	(void)side;
}

/*
 * A sender that keeps to its credit, a receiver that looks seldom: everything arrives, never more
 * is held than the window, and the credit that comes back adds up.
 */
static void
test_slow_receiver(void)
{
	enum { TOTAL = 1000000 };
	uint32_t credit = 30000, sent = 0, got = 0, back = 0;
	uint64_t seed = 1;
	struct thole_event ev;
	struct setup u;

	up(&u, small_buffers);
	pair_open(&u.p, u.c, u.s, PAIR_PORT, u.conn);
	for (int i = 0; got < TOTAL; i++) {
		uint32_t n = RTE_MIN(credit, (uint32_t)TOTAL - sent);

		CU_ASSERT_FATAL(i < 100000);
		if (n != 0) {
			n = 1 + prng_below(&seed, n);
			pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], n);
			credit -= n;
			sent += n;
		}
		pair_sleep(&u.p, 50 * TIME_MS);
		while (thole_app_events(u.c, &ev, 1) == 1) {
			CU_ASSERT_EQUAL(ev.type, THOLE_EV_SENDABLE);
			CU_ASSERT(ev.bytes >= 15000); /* "when half the buffer has been" */
			credit += ev.bytes;
			back += ev.bytes;
		}
		if (i % 4 != 0)
			continue;
		while (thole_app_events(u.s, &ev, 1) == 1) {
			CU_ASSERT_EQUAL_FATAL(ev.type, THOLE_EV_DATA);
			CU_ASSERT(ev.bytes <= 20000);
			rte_pktmbuf_free(ev.mbuf);
			got += ev.bytes;
			pair_op(u.s, THOLE_OP_RECEIVED, u.conn[SERVER], ev.bytes);
		}
	}
	CU_ASSERT_EQUAL(got, TOTAL);
	CU_ASSERT(back <= sent && credit <= 30000);
	pair_no_event(u.s);
	down(&u);
}

/* Bytes that the application holds keep the window closed until it says that it is done. */
static void
test_window_is_the_applications(void)
{
	struct thole_event ev;
	struct setup u;
	uint32_t got = 0;

	up(&u, small_buffers);
	pair_open(&u.p, u.c, u.s, PAIR_PORT, u.conn);
	pair_send(&u.p, u.c, CLIENT, u.conn[CLIENT], 30000);
	pair_sleep(&u.p, 600 * TIME_S); /* probes go to and fro */
	while (thole_app_events(u.s, &ev, 1) == 1) {
		rte_pktmbuf_free(ev.mbuf);
		got += ev.bytes;
		pair_sleep(&u.p, 600 * TIME_S);
	}
	CU_ASSERT_EQUAL(got, 20000);
	pair_op(u.s, THOLE_OP_RECEIVED, u.conn[SERVER], 20000);
	pair_settle(&u.p); /* the update goes at once */
	CU_ASSERT_EQUAL(pair_event(u.s, THOLE_EV_DATA).bytes, 10000);
	down(&u);
}

/* Many connections with events, read in small portions: each once, none forgotten, in turn. */
static void
test_portions(void)
{
	enum { N = 50 };
	struct thole_app *c, *s;
	struct thole_event ev[3];
	struct pair p;
	uint32_t accepted = 0, data = 0, n;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 0);
	pair_listen(&p, s, PAIR_PORT, N);
	for (uint64_t i = 0; i < N; i++)
		pair_connect(&p, c, PAIR_PORT, i);
	pair_settle(&p);
	for (uint64_t i = 0; i < N; i++)
		pair_send(&p, c, CLIENT, pair_event(c, THOLE_EV_CONNECTED).conn, 100);
	pair_settle(&p);
	while ((n = (uint32_t)thole_app_events(s, ev, 3)) != 0) {
		for (uint32_t i = 0; i < n; i++) {
			accepted += ev[i].type == THOLE_EV_ACCEPTED;
			if (ev[i].type == THOLE_EV_DATA) {
				rte_pktmbuf_free(ev[i].mbuf);
				data++;
			}
		}
	}
	CU_ASSERT_EQUAL(accepted, N);
	CU_ASSERT_EQUAL(data, N);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

/* Who has more events than there is room for goes behind the others. */
static void
test_turns(void)
{
	enum { N = 3 };
	struct thole_event ev[2 * N];
	thole_conn conn;
	struct setup u;

	up(&u, NULL);
	pair_listen(&u.p, u.s, PAIR_PORT + 1, N);
	for (int i = 0; i < N; i++) {
		pair_connect(&u.p, u.c, PAIR_PORT + 1, 0);
		pair_settle(&u.p);
		conn = pair_event(u.c, THOLE_EV_CONNECTED).conn;
		pair_send(&u.p, u.c, CLIENT, conn, 100);
		pair_settle(&u.p);
	}
	for (int i = 0; i < 2 * N; i++) {
		CU_ASSERT_EQUAL_FATAL(thole_app_events(u.s, &ev[i], 1), 1);
		CU_ASSERT_EQUAL(ev[i].type, i < N ? THOLE_EV_ACCEPTED : THOLE_EV_DATA);
		if (i >= N) {
			CU_ASSERT_EQUAL(ev[i].conn, ev[i - N].conn);
			rte_pktmbuf_free(ev[i].mbuf);
		}
	}
	CU_ASSERT_NOT_EQUAL(ev[0].conn, ev[1].conn);
	CU_ASSERT_NOT_EQUAL(ev[1].conn, ev[2].conn);
	pair_no_event(u.s);
	down(&u);
}

/* Reads an event over what was there before. */
static struct thole_event
over_junk(struct thole_app *app, enum thole_event_type type)
{
	struct thole_event ev;

	memset(&ev, 0xa5, sizeof(ev));
	CU_ASSERT_EQUAL_FATAL(thole_app_events(app, &ev, 1), 1);
	CU_ASSERT_EQUAL(ev.type, type);
	CU_ASSERT_EQUAL(ev.op, 0);
	CU_ASSERT_EQUAL(ev.status, 0);
	return ev;
}

static void
check_ends(const struct thole_event *ev, const struct thole_endpoint *local,
	const struct thole_endpoint *remote)
{
	CU_ASSERT_EQUAL(memcmp(&ev->local, local, sizeof(*local)), 0);
	CU_ASSERT_EQUAL(memcmp(&ev->remote, remote, sizeof(*remote)), 0);
}

/* Whatever the application's array held before, every member of an event is the event's. */
static void
test_members(void)
{
	static const struct thole_endpoint none;
	struct thole_endpoint server, client;
	struct thole_event ev;
	struct setup u;

	up(&u, NULL);
	server = pair_endpoint(&u.p, SERVER, PAIR_PORT);
	pair_connect(&u.p, u.c, PAIR_PORT, 77);
	pair_settle(&u.p);
	ev = over_junk(u.c, THOLE_EV_CONNECTED);
	client = pair_endpoint(&u.p, CLIENT, ev.local.port);
	check_ends(&ev, &client, &server);
	CU_ASSERT_EQUAL(ev.user, 77);
	CU_ASSERT_EQUAL(ev.bytes, u.p.side[CLIENT].stack->env.params.sndbuf_bytes);
	u.conn[CLIENT] = ev.conn;
	ev = over_junk(u.s, THOLE_EV_ACCEPTED);
	check_ends(&ev, &server, &client);
	CU_ASSERT_EQUAL(ev.user, PAIR_PORT);
	CU_ASSERT_EQUAL(ev.bytes, u.p.side[SERVER].stack->env.params.sndbuf_bytes);
	u.conn[SERVER] = ev.conn;
	pair_op(u.c, THOLE_OP_CLOSE, u.conn[CLIENT], 0);
	pair_settle(&u.p);
	ev = over_junk(u.s, THOLE_EV_PEER_CLOSED);
	check_ends(&ev, &none, &none);
	CU_ASSERT_EQUAL(ev.bytes, 0);
	pair_op(u.s, THOLE_OP_CLOSE, u.conn[SERVER], 0);
	pair_settle(&u.p);
	for (int side = CLIENT; side <= SERVER; side++) {
		ev = over_junk(side == CLIENT ? u.c : u.s, THOLE_EV_CLOSED);
		check_ends(&ev, &none, &none);
		CU_ASSERT_EQUAL(ev.conn, u.conn[side]);
		CU_ASSERT_EQUAL(ev.user, side == CLIENT ? 77 : PAIR_PORT);
		CU_ASSERT_EQUAL(ev.bytes, 0);
	}
	down(&u);
}

static const struct test_case cases[] = {
	{ "order, half close, CLOSED on entry of TIME-WAIT", test_order },
	{ "one event of a kind", test_all_at_once },
	{ "data before a reset", test_data_before_reset },
	{ "after CLOSE only CLOSED", test_silence_after_close },
	{ "backlog", test_backlog },
	{ "credit, and a receiver that looks seldom", test_slow_receiver },
	{ "RECEIVED opens the window", test_window_is_the_applications },
	{ "events read in portions", test_portions },
	{ "events read one by one: in turn", test_turns },
	{ "every member", test_members },
	{ NULL, NULL },
};
const struct test_suite suite_events = { "events", cases };
