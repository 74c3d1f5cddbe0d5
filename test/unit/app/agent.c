/* SPDX-License-Identifier: BSD-3-Clause */
/* agent.c: an application that checks what it is told. CUnit isn't for threads: it counts errors.
 */
#include <errno.h>
#include <stdlib.h>

#include "agent.h"

#define ABORT_EVERY 16
#define BYTES_MAX   20000
#define DRY_LOOKS   64

static bool
is_aborted(uint32_t id)
{
	return id % ABORT_EVERY == 3;
}

uint32_t
agent_aborts(uint32_t total)
{
	return (total + ABORT_EVERY - 4) / ABORT_EVERY;
}

/* Its handle is asked for beforehand. */
static bool
is_announced(uint32_t id)
{
	return id % 8 == 5;
}

static uint32_t
bytes_of(uint32_t id)
{
	uint64_t seed = id;

	/* Nothing, a little, or many segments. */
	switch (id % 4) {
	case 0:
		return 0;
	case 1:
		return 1 + prng_below(&seed, 100);
	default:
		return 1 + prng_below(&seed, BYTES_MAX);
	}
}

static uint8_t
byte_of(uint32_t id, uint32_t pos)
{
	return (uint8_t)(id * 7 + pos * 13 + (pos >> 8));
}

static void
error(struct agent *a, const char *what)
{
	if (a->errors++ == 0)
		a->error = what;
}

struct agent *
agent_new(struct pair *p, struct thole_app *app, bool client, uint32_t total)
{
	struct agent *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	a->app = app;
	a->pool = p->side[client ? CLIENT : SERVER].pool;
	a->peer = pair_endpoint(p, SERVER, PAIR_PORT);
	a->client = client;
	a->total = total;
	a->inflight = 256;
	return a;
}

void
agent_free(struct agent *a)
{
	for (; a->count > 0; a->count--, a->head++)
		if (a->pending[a->head % AGENT_PENDING].type == THOLE_OP_SEND)
			rte_pktmbuf_free(a->pending[a->head % AGENT_PENDING].mbuf);
	free(a);
}

bool
agent_done(const struct agent *a)
{
	return a->closed == a->total && a->count == 0;
}

static void
flush(struct agent *a)
{
	while (a->count > 0) {
		uint32_t at = a->head % AGENT_PENDING;
		uint32_t n = RTE_MIN(a->count, AGENT_PENDING - at);
		uint32_t taken = (uint32_t)thole_app_submit(a->app, &a->pending[at], n);

		a->head += taken;
		a->count -= taken;
		if (taken < n) {
			a->full++;
			return;
		}
	}
}

static void
push(struct agent *a, struct thole_op op)
{
	if (a->count == AGENT_PENDING)
		abort();
	a->pending[(a->head + a->count++) % AGENT_PENDING] = op;
}

static struct agent_conn *
conn_of(struct agent *a, const struct thole_event *ev)
{
	return &a->conns[(ev->conn >> 32) % AGENT_CONNS];
}

static void
send_request(struct agent *a, const struct agent_conn *c)
{
	struct thole_op op = { .type = THOLE_OP_SEND, .conn = c->handle };
	uint32_t bytes = bytes_of(c->id), pos = 0;
	struct rte_mbuf *last = NULL;

	while (pos < bytes) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(a->pool);
		uint32_t n = RTE_MIN(bytes - pos, 1999u);
		uint8_t *to;

		if (m == NULL)
			abort();
		to = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)n);
		for (uint32_t i = 0; i < n; i++)
			to[i] = byte_of(c->id, pos + i);
		if (last == NULL) {
			op.mbuf = m;
		} else {
			last->next = m;
			op.mbuf->nb_segs++;
			op.mbuf->pkt_len += n;
		}
		last = m;
		pos += n;
	}
	if (bytes != 0)
		push(a, op);
	push(a, (struct thole_op){ .type = THOLE_OP_SHUTDOWN, .conn = c->handle });
}

static void
on_open(struct agent *a, const struct thole_event *ev)
{
	struct agent_conn *c = conn_of(a, ev);

	if (ev->type != (a->client ? THOLE_EV_CONNECTED : THOLE_EV_ACCEPTED))
		error(a, "the other side's event");
	if (c->phase == PHASE_OPENING ? c->handle != ev->conn : c->phase != PHASE_NONE)
		error(a, "a connection opened before the last one's CLOSED");
	if (a->client && (c->phase == PHASE_OPENING) != is_announced((uint32_t)ev->user))
		error(a, "OPENING is missing, or wasn't asked for");
	*c = (struct agent_conn){
		.handle = ev->conn, .phase = PHASE_OPEN, .id = (uint32_t)ev->user
	};
	a->opened++;
	if (!a->client)
		return;
	send_request(a, c);
}

static void
on_opening(struct agent *a, const struct thole_event *ev)
{
	struct agent_conn *c = conn_of(a, ev);

	if (c->phase != PHASE_NONE)
		error(a, "OPENING of a connection that isn't new");
	*c = (struct agent_conn){ .handle = ev->conn, .phase = PHASE_OPENING };
}

static void
check_bytes(struct agent *a, struct agent_conn *c, const struct rte_mbuf *m)
{
	for (; m != NULL; m = m->next) {
		const uint8_t *b = rte_pktmbuf_mtod(m, const uint8_t *);

		for (uint32_t i = 0; i < m->data_len; i++)
			if (b[i] != byte_of(c->id, c->got++))
				error(a, "another byte than was sent");
	}
}

static void
on_data(struct agent *a, struct agent_conn *c, const struct thole_event *ev)
{
	if (c->phase == PHASE_ABORTED || (a->client && is_aborted(c->id))) {
		if (c->phase != PHASE_ABORTED)
			push(a, (struct thole_op){ .type = THOLE_OP_ABORT, .conn = ev->conn });
		c->phase = PHASE_ABORTED;
		rte_pktmbuf_free(ev->mbuf);
		return;
	}
	if (c->phase != PHASE_OPEN)
		error(a, "DATA before CONNECTED or after PEER_CLOSED");
	if (ev->mbuf->pkt_len != ev->bytes || ev->bytes == 0)
		error(a, "bytes is not what mbuf has");
	push(a, (struct thole_op){
			.type = THOLE_OP_RECEIVED, .conn = ev->conn, .bytes = ev->bytes });
	if (a->client) {
		check_bytes(a, c, ev->mbuf);
		rte_pktmbuf_free(ev->mbuf);
	} else {
		push(a, (struct thole_op){
				.type = THOLE_OP_SEND, .conn = ev->conn, .mbuf = ev->mbuf });
	}
}

static void
on_peer_closed(struct agent *a, struct agent_conn *c, const struct thole_event *ev)
{
	if (c->phase == PHASE_ABORTED)
		return; /* it was on its way */
	if (c->phase != PHASE_OPEN)
		error(a, "PEER_CLOSED twice");
	c->phase = PHASE_PEER_CLOSED;
	push(a, (struct thole_op){ .type = THOLE_OP_CLOSE, .conn = ev->conn });
}

/* What a server does to a connection while the client's RST is on its way to it. */
static void
on_refused(struct agent *a, const struct thole_event *ev)
{
	if (a->client || (ev->status != -EBADF && ev->status != -EPIPE))
		error(a, "REFUSED what is allowed");
}

static void
on_closed(struct agent *a, struct agent_conn *c, const struct thole_event *ev)
{
	bool aborted = a->client && is_aborted(c->id);

	if (ev->status == 0 && c->phase != PHASE_PEER_CLOSED)
		error(a, "CLOSED without PEER_CLOSED");
	if (ev->status == 0 && a->client && c->got != bytes_of(c->id))
		error(a, "bytes are missing");
	if (a->client && ev->status != (aborted ? -ECONNABORTED : 0))
		error(a, "a client's CLOSED has a wrong status");
	if (!a->client && ev->status != 0 && ev->status != -ECONNRESET)
		error(a, "a server's CLOSED has a wrong status");
	a->reset += ev->status != 0;
	c->phase = PHASE_NONE;
	a->closed++;
}

static void
on_event(struct agent *a, const struct thole_event *ev)
{
	struct agent_conn *c = conn_of(a, ev);

	if (ev->type == THOLE_EV_CONNECTED || ev->type == THOLE_EV_ACCEPTED) {
		on_open(a, ev);
		return;
	}
	if (ev->type == THOLE_EV_OPENING) {
		on_opening(a, ev);
		return;
	}
	if (ev->type == THOLE_EV_REFUSED) {
		on_refused(a, ev);
		return;
	}
	if (c->phase == PHASE_NONE || c->handle != ev->conn) {
		error(a, "an event of no connection");
		if (ev->type == THOLE_EV_DATA)
			rte_pktmbuf_free(ev->mbuf);
		return;
	}
	switch ((enum thole_event_type)ev->type) {
	case THOLE_EV_DATA:
		on_data(a, c, ev);
		break;
	case THOLE_EV_PEER_CLOSED:
		on_peer_closed(a, c, ev);
		break;
	case THOLE_EV_CLOSED:
		on_closed(a, c, ev);
		break;
	case THOLE_EV_OPENING:
	case THOLE_EV_CONNECTED:
	case THOLE_EV_ACCEPTED:
	case THOLE_EV_LISTENING:
	case THOLE_EV_SENDABLE: /* no connection sends half a buffer */
	case THOLE_EV_REFUSED:
	case THOLE_EV_SOFT_ERROR:
	case THOLE_EV_OPTION:
	case THOLE_EV_INFO:
	case THOLE_EV_GIVEN:
	case THOLE_EV_TAKEN:
		error(a, "an event that nothing called for");
		break;
	}
}

bool
agent_step(struct agent *a)
{
	struct thole_event events[64];
	uint32_t n;

	while (a->client && a->started < a->total && a->started - a->closed < a->inflight) {
		struct thole_op op = { .type = THOLE_OP_CONNECT, .user = a->started++ };

		op.remote = a->peer;
		op.bytes = is_announced((uint32_t)op.user);
		push(a, op);
	}
	if (a->count >= a->hoard || a->dry >= DRY_LOOKS)
		flush(a);
	if (prng_below(&a->seed, 32) != 0)
		return false;
	n = (uint32_t)thole_app_events(a->app, events, RTE_DIM(events));
	for (uint32_t i = 0; i < n; i++)
		on_event(a, &events[i]);
	a->dry = n != 0 ? 0 : a->dry + 1;
	return n != 0;
}
