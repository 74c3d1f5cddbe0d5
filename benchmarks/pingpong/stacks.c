/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stacks.c: both stacks' workers turn on one core. An end's application works in its worker's turn,
 * or in a loop on the other core. Each end sends back the message that it got, so that no payload
 * is made or copied but by the stack. The client looks at the clock once a round trip: when a
 * message is there.
 */
#include <errno.h>
#include <string.h>

#include <rte_launch.h>

#include "pingpong.h"

#define EVENTS	      8
#define RINGS	      256
#define CHECK_EVERY   4096 /* turns without an event between looks at the clock */
#define SLEEP_MOST_NS UINT64_C(10000000)
#define LAST_TURNS    16 /* in which what ending a context brings is said and heard */

struct talk;

/* An end's application. */
struct end {
	struct talk *talk;
	struct thole_app *app;
	thole_conn conn;
	struct rte_mbuf *part; /* of a message whose rest is still to come; the client's */
	bool is_client;
	bool is_ready; /* it listens */
	bool failed;
	uint32_t idle;
};

struct talk {
	struct turn *turn;
	struct end ends[DUO_SIDES];
	struct thole_idle *idle; /* on which the applications sleep; NULL: they don't */
	uint64_t start_ns, last_ns;
	uint64_t idle_ns; /* since when nothing has come; 0: it has */
	uint32_t warm;
	uint8_t pattern[2048];
	bool over; /* said by who runs the client, to who runs the workers or waits */
};

/* What the application of a worker's own core is; nobody, where it is on the other one. */
static struct end *in_worker[DUO_SIDES];

static void
end_talk(struct talk *t, bool failed)
{
	t->turn->failed |= failed;
	__atomic_store_n(&t->over, true, __ATOMIC_RELEASE);
}

static void
submit(struct end *e, const struct thole_op *ops, uint32_t n)
{
	uint32_t taken = (uint32_t)thole_app_submit(e->app, ops, n);

	for (uint32_t i = taken; i < n; i++) {
		e->failed = true;
		if (ops[i].type == THOLE_OP_SEND)
			rte_pktmbuf_free(ops[i].mbuf);
	}
}

static void
say_first(struct end *e)
{
	struct turn *turn = e->talk->turn;

	if (thole_app_send_copy(e->app, e->conn, thole_port_pool(turn->duo->ports[DUO_CLIENT], 0),
		    e->talk->pattern, turn->size) != turn->size)
		e->failed = true;
}

static bool
is_pattern(const struct talk *t, const struct rte_mbuf *m)
{
	uint8_t copy[sizeof(t->pattern)];
	const void *bytes = rte_pktmbuf_read(m, 0, t->turn->size, copy);

	return bytes != NULL && memcmp(bytes, t->pattern, t->turn->size) == 0;
}

/* The client's message is back. @return whether it goes again. */
static bool
count(struct talk *t, const struct rte_mbuf *m)
{
	struct turn *turn = t->turn;
	uint64_t now = thole_clock_ns();

	if (t->warm == 0) {
		histogram_add(turn->h, now - t->last_ns);
		turn->trips++;
	} else if (--t->warm == 0) {
		t->start_ns = now;
	}
	t->last_ns = now;
	if ((t->warm != 0 || now - t->start_ns < turn->ns) && duo_signals == 0)
		return true;
	turn->elapsed_ns += now - t->start_ns;
	end_talk(t, !is_pattern(t, m) && duo_signals == 0);
	return false;
}

/* The server sends back what it gets. */
static void
send_back(struct end *e, const struct thole_event *ev)
{
	const struct thole_op ops[] = {
		{ .type = THOLE_OP_RECEIVED, .bytes = ev->bytes, .conn = ev->conn },
		{ .type = THOLE_OP_SEND, .conn = ev->conn, .mbuf = ev->mbuf },
	};

	submit(e, ops, RTE_DIM(ops));
}

/*
 * A message fits one segment, and yet it may come in two: when the other core is away for long,
 * what comes of that may be taken for a path that is too narrow (RFC 4821).
 */
static void
on_data(struct end *e, const struct thole_event *ev)
{
	struct rte_mbuf *whole = e->part != NULL ? e->part : ev->mbuf;
	struct thole_event all = *ev;

	if (!e->is_client) {
		send_back(e, ev);
		return;
	}
	if (e->part != NULL && rte_pktmbuf_chain(whole, ev->mbuf) != 0) {
		rte_pktmbuf_free(ev->mbuf);
		e->failed = true;
		return;
	}
	e->part = whole;
	if (whole->pkt_len < e->talk->turn->size)
		return;
	e->part = NULL;
	all.mbuf = whole;
	all.bytes = whole->pkt_len;
	e->failed |= all.bytes != e->talk->turn->size;
	if (count(e->talk, whole))
		send_back(e, &all);
	else
		rte_pktmbuf_free(whole);
}

static void
on_event(struct end *e, const struct thole_event *ev)
{
	switch ((enum thole_event_type)ev->type) {
	case THOLE_EV_LISTENING:
		e->failed |= ev->status != 0;
		e->is_ready = true;
		break;
	case THOLE_EV_ACCEPTED:
		e->conn = ev->conn;
		break;
	case THOLE_EV_CONNECTED:
		e->conn = ev->conn;
		say_first(e);
		break;
	case THOLE_EV_DATA:
		on_data(e, ev);
		break;
	case THOLE_EV_SENDABLE:
		break;
	case THOLE_EV_OPENING:
	case THOLE_EV_PEER_CLOSED:
	case THOLE_EV_CLOSED:
	case THOLE_EV_REFUSED:
	case THOLE_EV_SOFT_ERROR:
	case THOLE_EV_OPTION:
	case THOLE_EV_INFO:
	case THOLE_EV_GIVEN:
	case THOLE_EV_TAKEN:
		e->failed = true;
		break;
	}
}

/* Nothing came for a while: is it over, or stuck? */
static __rte_noinline void
look_at_clock(struct talk *t)
{
	uint64_t now = thole_clock_ns();

	if (t->idle_ns == 0)
		t->idle_ns = now;
	if (now - t->idle_ns > PATIENCE_NS || duo_signals != 0)
		end_talk(t, duo_signals == 0);
}

/* @return whether there was anything to do. */
static bool
end_turn(struct end *e)
{
	struct thole_event events[EVENTS];
	uint32_t n = (uint32_t)thole_app_events(e->app, events, EVENTS);

	if (n == 0) {
		if ((++e->idle % CHECK_EVERY == 0 || e->talk->idle != NULL) && e->is_client)
			look_at_clock(e->talk);
		return false;
	}
	e->talk->idle_ns = 0;
	for (uint32_t i = 0; i < n; i++)
		on_event(e, &events[i]);
	if (e->failed)
		end_talk(e->talk, true);
	return true;
}

void
pingpong_app_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns)
{
	struct end *e = *(struct end **)ctx;

	(void)worker;
	(void)now_ns;
	if (e != NULL)
		end_turn(e);
}

void *
pingpong_app_ctx(enum duo_side side)
{
	return &in_worker[side];
}

static bool
is_over(const struct talk *t)
{
	return __atomic_load_n(&t->over, __ATOMIC_ACQUIRE);
}

static void
turn_workers(struct duo *d)
{
	thole_worker_turn(d->workers[DUO_CLIENT]);
	thole_worker_turn(d->workers[DUO_SERVER]);
}

static int
work(void *arg)
{
	struct talk *t = arg;

	while (!is_over(t))
		turn_workers(t->turn->duo);
	return 0;
}

static int
make_end(struct talk *t, enum duo_side side, bool by_ring)
{
	struct thole_app_config config = { .ring_entries = by_ring ? RINGS : 0,
		.events_queued = t->idle != NULL ? thole_idle_wake : NULL,
		.events_queued_ctx = t->idle };
	struct end *e = &t->ends[side];
	int rc =
		thole_app_create(thole_worker_stack(t->turn->duo->workers[side]), &config, &e->app);

	if (rc != 0)
		return rc;
	e->talk = t;
	e->is_client = side == DUO_CLIENT;
	in_worker[side] = by_ring ? NULL : e;
	return 0;
}

/* Opens the connection, the workers turning here; its first message goes when they go on. */
static int
open_talk(struct talk *t)
{
	struct end *client = &t->ends[DUO_CLIENT], *server = &t->ends[DUO_SERVER];
	struct thole_op op = { .type = THOLE_OP_LISTEN, .bytes = 1, .local = duo_server() };

	submit(server, &op, 1);
	for (int i = 0; i < LAST_TURNS && !server->is_ready; i++) {
		turn_workers(t->turn->duo);
		if (in_worker[DUO_SERVER] == NULL)
			end_turn(server);
	}
	op = (struct thole_op){ .type = THOLE_OP_CONNECT, .remote = duo_server() };
	submit(client, &op, 1);
	return server->is_ready && !server->failed && !client->failed ? 0 : -EIO;
}

static void
close_talk(struct talk *t)
{
	struct duo *d = t->turn->duo;

	for (int i = 0; i < DUO_SIDES; i++) {
		in_worker[i] = NULL;
		thole_app_destroy(t->ends[i].app);
		rte_pktmbuf_free(t->ends[i].part);
	}
	for (int i = 0; i < LAST_TURNS; i++)
		turn_workers(d);
}

/* The applications' loop, on the core that has no worker. */
static void
serve_rings(struct talk *t, bool both)
{
	while (!is_over(t)) {
		bool worked;

		if (t->idle != NULL)
			thole_idle_announce(t->idle);
		worked = end_turn(&t->ends[DUO_CLIENT]);
		if (both)
			worked |= end_turn(&t->ends[DUO_SERVER]);
		if (t->idle != NULL && !is_over(t))
			thole_idle_rest(t->idle, thole_clock_ns(), worked, THOLE_NEVER);
	}
}

static int
make_idle(struct talk *t)
{
	const struct thole_idle_config at_once = { .sleep = true, .sleep_ns = SLEEP_MOST_NS };

	return thole_idle_create(&at_once, &t->idle, NULL);
}

int
pingpong_stacks(struct turn *turn, enum form form)
{
	static struct talk t;
	bool client_rings = form != FORM_DIRECT, server_rings = form >= FORM_RING_BOTH;
	int rc = 0;

	t = (struct talk){ .turn = turn, .warm = WARM_TRIPS };
	for (size_t i = 0; i < sizeof(t.pattern); i++)
		t.pattern[i] = (uint8_t)(i * 7 + 1);
	if (form == FORM_RING_ASLEEP)
		rc = make_idle(&t);
	if (rc == 0)
		rc = make_end(&t, DUO_SERVER, server_rings);
	if (rc == 0)
		rc = make_end(&t, DUO_CLIENT, client_rings);
	if (rc == 0)
		rc = open_talk(&t);
	if (rc == 0 && rte_eal_remote_launch(work, &t, turn->duo->other) != 0)
		rc = -EBUSY;
	if (rc == 0) {
		if (client_rings)
			serve_rings(&t, server_rings);
		rte_eal_wait_lcore(turn->duo->other);
	}
	close_talk(&t);
	thole_idle_destroy(t.idle);
	return rc != 0 ? rc : turn->failed ? -EIO : 0;
}
