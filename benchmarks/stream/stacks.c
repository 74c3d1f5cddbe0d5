/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stacks.c: the sender gives chains of mbufs that hold the payload already, as its credit allows;
 * the receiver frees the chains that it gets. Neither touches a byte of payload.
 */
#include <errno.h>
#include <string.h>

#include <rte_launch.h>

#include "stream.h"

#define EVENTS	    16
#define CHECK_EVERY 64 /* turns between looks at the clock */
#define PATIENCE_NS UINT64_C(20000000000)

struct sender {
	struct thole_app *app;
	struct rte_mempool *pool;
	thole_conn conn;
	uint64_t credit; /* bytes */
	uint32_t size;
	bool is_open, is_over, failed;
};

/* Of the other core; what main's reads of it are atomics. */
struct receiver {
	struct thole_app *app;
	uint64_t bytes;
	bool is_ready, is_over, failed, stop;
};

static struct sender sender;
static struct receiver receiver;

/* A chain whose payload is what the pool's mbufs have in them. */
static struct rte_mbuf *
make_chain(const struct sender *s)
{
	struct rte_mbuf *m[CHAIN_MBUFS];

	if (rte_pktmbuf_alloc_bulk(s->pool, m, CHAIN_MBUFS) != 0)
		return NULL;
	for (uint32_t i = 0; i < CHAIN_MBUFS; i++) {
		m[i]->data_len = (uint16_t)s->size;
		m[i]->next = i + 1 < CHAIN_MBUFS ? m[i + 1] : NULL;
	}
	m[0]->nb_segs = CHAIN_MBUFS;
	m[0]->pkt_len = CHAIN_MBUFS * s->size;
	return m[0];
}

static void
give(struct sender *s)
{
	struct thole_op op = { .type = THOLE_OP_SEND, .conn = s->conn };

	while (s->credit >= CHAIN_MBUFS * s->size) {
		op.mbuf = make_chain(s);
		if (op.mbuf == NULL)
			return; /* the peer has them */
		s->credit -= op.mbuf->pkt_len;
		s->failed |= thole_app_submit(s->app, &op, 1) != 1;
	}
}

static void
sender_turn(struct sender *s)
{
	struct thole_event ev[EVENTS];
	uint32_t n = (uint32_t)thole_app_events(s->app, ev, EVENTS);

	for (uint32_t i = 0; i < n; i++) {
		if (ev[i].type == THOLE_EV_CONNECTED) {
			s->conn = ev[i].conn;
			s->credit = ev[i].bytes;
			s->is_open = true;
		} else if (ev[i].type == THOLE_EV_SENDABLE) {
			s->credit += ev[i].bytes;
		} else if (ev[i].type == THOLE_EV_CLOSED) {
			s->failed |= ev[i].status != 0;
			s->is_over = true;
			s->is_open = false;
		} else if (ev[i].type != THOLE_EV_PEER_CLOSED) {
			s->failed = true;
		}
	}
	if (s->is_open)
		give(s);
}

static void
receiver_turn(struct receiver *r)
{
	struct thole_event ev[EVENTS];
	uint32_t n = (uint32_t)thole_app_events(r->app, ev, EVENTS);

	for (uint32_t i = 0; i < n; i++) {
		struct thole_op op = { .conn = ev[i].conn, .bytes = ev[i].bytes };

		if (ev[i].type == THOLE_EV_DATA) {
			op.type = THOLE_OP_RECEIVED;
			rte_pktmbuf_free(ev[i].mbuf);
			thole_app_submit(r->app, &op, 1);
			__atomic_store_n(&r->bytes, r->bytes + ev[i].bytes, __ATOMIC_RELAXED);
		} else if (ev[i].type == THOLE_EV_PEER_CLOSED) {
			op.type = THOLE_OP_CLOSE;
			thole_app_submit(r->app, &op, 1);
		} else if (ev[i].type == THOLE_EV_CLOSED) {
			r->failed |= ev[i].status != 0;
			__atomic_store_n(&r->is_over, true, __ATOMIC_RELEASE);
		} else if (ev[i].type == THOLE_EV_LISTENING) {
			r->failed |= ev[i].status != 0;
			r->is_ready = true;
		} else if (ev[i].type != THOLE_EV_ACCEPTED) {
			r->failed = true;
		}
	}
}

void
stream_app_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns)
{
	(void)worker;
	(void)now_ns;
	if (ctx == &sender && sender.app != NULL)
		sender_turn(&sender);
	if (ctx == &receiver && receiver.app != NULL)
		receiver_turn(&receiver);
}

void *
stream_app_ctx(enum duo_side side)
{
	return side == DUO_CLIENT ? (void *)&sender : (void *)&receiver;
}

int
stream_start(struct duo *duo, uint32_t size, struct rte_mempool *pool)
{
	static const struct thole_app_config direct;
	const struct thole_op listen = {
		.type = THOLE_OP_LISTEN, .bytes = 1, .local = duo_server()
	};
	int rc;

	sender = (struct sender){ .size = size, .pool = pool };
	receiver = (struct receiver){ .bytes = 0 };
	rc = thole_app_create(thole_worker_stack(duo->workers[DUO_CLIENT]), &direct, &sender.app);
	if (rc == 0)
		rc = thole_app_create(
			thole_worker_stack(duo->workers[DUO_SERVER]), &direct, &receiver.app);
	if (rc != 0)
		return rc;
	thole_worker_turn(duo->workers[DUO_SERVER]);
	thole_app_submit(receiver.app, &listen, 1);
	thole_worker_turn(duo->workers[DUO_SERVER]);
	return receiver.is_ready && !receiver.failed ? 0 : -EADDRINUSE;
}

void
stream_stop(void)
{
	thole_app_destroy(sender.app);
	thole_app_destroy(receiver.app);
	sender.app = receiver.app = NULL;
}

static int
run_receiver(void *arg)
{
	struct duo *duo = arg;

	while (!__atomic_load_n(&receiver.stop, __ATOMIC_ACQUIRE))
		thole_worker_turn(duo->workers[DUO_SERVER]);
	return 0;
}

static uint64_t
received(void)
{
	return __atomic_load_n(&receiver.bytes, __ATOMIC_RELAXED);
}

/* The sender's worker turns for @p ns. @return the time then. */
static uint64_t
turn_for(struct duo *duo, uint64_t since, uint64_t ns)
{
	uint64_t now = since;

	while (now - since < ns && !sender.failed && duo_signals == 0) {
		for (uint32_t i = 0; i < CHECK_EVERY; i++)
			thole_worker_turn(duo->workers[DUO_CLIENT]);
		now = thole_clock_ns();
	}
	return now;
}

/* Until it is open, or over at both ends. @return whether it is. */
static bool
turn_until(struct duo *duo, bool over)
{
	uint64_t start = thole_clock_ns();

	while (thole_clock_ns() - start < PATIENCE_NS && !sender.failed) {
		thole_worker_turn(duo->workers[DUO_CLIENT]);
		if (over ? sender.is_over && __atomic_load_n(&receiver.is_over, __ATOMIC_ACQUIRE)
			 : sender.is_open)
			return true;
	}
	return false;
}

static int
stream_once(struct turn *turn)
{
	struct thole_op op = { .type = THOLE_OP_CONNECT, .remote = duo_server() };
	uint64_t start, before, end;

	thole_worker_turn(turn->duo->workers[DUO_CLIENT]);
	thole_app_submit(sender.app, &op, 1);
	if (!turn_until(turn->duo, false))
		return -ETIMEDOUT;
	start = turn_for(turn->duo, thole_clock_ns(), turn->warm_ns);
	before = received();
	end = turn_for(turn->duo, start, turn->ns);
	turn->bytes = received() - before;
	turn->elapsed_ns = end - start;
	sender.is_open = false;
	op = (struct thole_op){ .type = THOLE_OP_CLOSE, .conn = sender.conn };
	thole_app_submit(sender.app, &op, 1);
	return turn_until(turn->duo, true) ? 0 : -ETIMEDOUT;
}

int
stream_stacks(struct turn *turn)
{
	int rc;

	sender.is_open = sender.is_over = false;
	receiver.is_over = receiver.stop = false;
	if (rte_eal_remote_launch(run_receiver, turn->duo, turn->duo->other) != 0)
		return -EBUSY;
	rc = stream_once(turn);
	__atomic_store_n(&receiver.stop, true, __ATOMIC_RELEASE);
	rte_eal_wait_lcore(turn->duo->other);
	return rc != 0 ? rc : sender.failed || receiver.failed ? -EIO : 0;
}
