/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * user.c: the applications: they listen, connect, write, read and close at random, and check what
 * they read. A stream begins with the 8 bytes of its name, which says whose it is; what follows is
 * a function of it.
 */
#include <errno.h>
#include <string.h>

#include "sim.h"

#define LISTEN_PORT   80
#define LISTEN_USER   777
#define CROSSING_PORT 5000
#define CROSSINGS     3
#define NAME_BYTES    8

static uint32_t
below(struct sim *s, uint32_t n)
{
	return prng_below(&s->prng, n);
}

/* The 8 bytes of a stream that byte @p at is among. */
static uint64_t
stream_word(uint64_t name, uint64_t at)
{
	uint64_t word = name + at / 8;

	return at < NAME_BYTES ? name : prng_next(&word);
}

static uint64_t
name_of(unsigned int side, const struct side *me, const struct end *e)
{
	return UINT64_C(0x7468000000000000) | (uint64_t)side << 32 | (uint64_t)(e - me->ends);
}

struct end *
user_peer(struct sim *s, unsigned int side, const struct end *e)
{
	uint32_t i = (uint32_t)e->name;

	if (e->received < NAME_BYTES)
		return NULL;
	if (e->name >> 32 != (UINT64_C(0x74680000) | !side) || i >= s->side[!side].nb_ends)
		sim_fail(s, "side %u read a stream that nobody wrote, %016jx", side,
			(uintmax_t)e->name);
	return &s->side[!side].ends[i];
}

static void
op_add(struct side *me, const struct thole_op *op)
{
	me->ops[me->nb_ops++] = *op;
}

static bool
op_room(const struct side *me)
{
	return me->nb_ops + 8 < OPS_MAX;
}

static void
ops_flush(struct sim *s, unsigned int side)
{
	struct side *me = &s->side[side];
	uint32_t n = (uint32_t)thole_app_submit(me->app, me->ops, me->nb_ops);

	for (uint32_t i = 0; i < n; i++)
		trace_op(s, side, &me->ops[i]);
	me->nb_ops -= n;
	memmove(me->ops, me->ops + n, me->nb_ops * sizeof(me->ops[0]));
}

static struct end *
end_add(struct sim *s, struct side *me, bool active)
{
	struct end *e;

	if (me->nb_ends == ENDS_MAX)
		return NULL;
	e = &me->ends[me->nb_ends++];
	*e = (struct end){ .active = active, .leave_ns = TIME_NEVER };
	e->manners = POLITE;
	if (s->kind == SIM_STRICT) {
		if (!active && below(s, 2) == 0)
			e->manners = WAITER;
	} else if (below(s, 2) == 0) {
		e->manners = (enum manners)below(s, KILLER + 1);
	}
	if (e->manners == LEAVER || e->manners == KILLER)
		e->leave_ns = s->now + below(s, 5000) * TIME_MS;
	e->slow = below(s, 4) == 0;
	if (below(s, 4) != 0)
		e->to_send = NAME_BYTES + below(s, s->plan.bytes_max);
	return e;
}

static struct end *
end_find(struct side *me, thole_conn conn)
{
	for (uint32_t i = me->nb_ends; i-- > 0;)
		if (conn != 0 && me->ends[i].conn == conn)
			return &me->ends[i];
	return NULL;
}

static void
connect_to(struct sim *s, unsigned int side, uint16_t local_port, uint16_t remote_port)
{
	struct side *me = &s->side[side];
	struct thole_op op = { .type = THOLE_OP_CONNECT };

	if (end_add(s, me, true) == NULL || !op_room(me))
		return;
	op.local.port = local_port;
	op.remote = (struct thole_endpoint){ s->side[!side].address.first, remote_port };
	op.user = me->nb_ends;
	op.bytes = below(s, 2); /* whether OPENING is wanted */
	op_add(me, &op);
}

static void
read_data(struct sim *s, unsigned int side, struct end *e, struct rte_mbuf *chain, uint32_t bytes)
{
	uint32_t n = 0;

	for (const struct rte_mbuf *m = chain; m != NULL; m = m->next) {
		const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
		uint64_t word = 0;

		for (uint32_t i = 0; i < m->data_len && s->kind != SIM_HOSTILE; i++) {
			uint64_t at = e->received + n + i;

			if (at < NAME_BYTES) {
				e->name |= (uint64_t)p[i] << at % 8 * 8;
				continue;
			}
			if (i == 0 || at % 8 == 0 || at == NAME_BYTES)
				word = stream_word(e->name, at);
			if (p[i] != (uint8_t)(word >> at % 8 * 8))
				sim_fail(s, "side %u, end %ju: byte %ju is wrong", side,
					(uintmax_t)(e - s->side[side].ends), (uintmax_t)at);
		}
		n += m->data_len;
	}
	sim_failed_unless(s, n == bytes && n == chain->pkt_len, "DATA isn't as long as it says");
	e->received += n;
	e->owed += n;
	rte_pktmbuf_free(chain);
	if (s->kind != SIM_HOSTILE) {
		const struct end *peer = user_peer(s, side, e);

		sim_failed_unless(s, peer == NULL || e->received <= peer->sent,
			"more was read than was written");
	}
}

/* The peer's FIN comes after all that the peer sent. */
static void
read_to_the_end(struct sim *s, unsigned int side, const struct end *e)
{
	const struct side *other = &s->side[!side];
	const struct end *peer = user_peer(s, side, e);

	for (uint32_t i = 0; peer == NULL && i < other->nb_ends; i++)
		if (other->ends[i].sent == e->received &&
			(other->ends[i].shut || other->ends[i].closed))
			peer = &other->ends[i];
	if (peer == NULL || !(peer->shut || peer->closed) || peer->sent != e->received)
		sim_fail(s, "side %u, end %ju: end of file after %ju bytes, %ju were sent", side,
			(uintmax_t)(e - s->side[side].ends), (uintmax_t)e->received,
			peer != NULL ? (uintmax_t)peer->sent : 0);
}

static void
refused(struct sim *s, unsigned int side, struct end *e, const struct thole_event *ev)
{
	if (ev->op == THOLE_OP_UNLISTEN)
		return; /* that wasn't listening */
	if (e == NULL)
		sim_fail(s, "side %u: op %u refused, %d, of nobody", side, ev->op, ev->status);
	if (e->over && ev->status != -EBADF)
		sim_fail(s, "side %u: op %u on a stale handle gives %d", side, ev->op, ev->status);
	e->refused += !e->over;
}

static void
opened(struct sim *s, struct end *e, const struct thole_event *ev)
{
	sim_failed_unless(s, !e->opened && !e->over, "opened twice");
	sim_failed_unless(s, e->conn == 0 || e->conn == ev->conn, "opened under another handle");
	e->opened = true;
	e->conn = ev->conn;
	e->local = ev->local;
	e->remote = ev->remote;
	e->credit = ev->bytes - e->sent;
}

static void
heard(struct sim *s, unsigned int side, struct thole_event *ev)
{
	struct side *me = &s->side[side];
	struct end *e = end_find(me, ev->conn);
	enum thole_event_type type = (enum thole_event_type)ev->type;

	trace_event(s, side, ev);
	me->settled = false;
	if (type == THOLE_EV_REFUSED) {
		refused(s, side, e, ev);
		return;
	}
	if (type == THOLE_EV_ACCEPTED && ev->user == LISTEN_USER) {
		sim_failed_unless(s, e == NULL, "a handle was given twice");
		e = end_add(s, me, false);
	} else if (e == NULL && ev->user > 0 && ev->user <= me->nb_ends &&
		   me->ends[ev->user - 1].active && me->ends[ev->user - 1].conn == 0) {
		e = &me->ends[ev->user - 1];
	}
	if (e == NULL) {
		sim_failed_unless(s, type == THOLE_EV_LISTENING || me->nb_ends == ENDS_MAX,
			"an event about nobody");
		if (type == THOLE_EV_DATA)
			rte_pktmbuf_free(ev->mbuf);
		if (type == THOLE_EV_ACCEPTED && op_room(me))
			op_add(me, &(struct thole_op){ .type = THOLE_OP_ABORT, .conn = ev->conn });
		if (type == THOLE_EV_LISTENING)
			me->listening = ev->status == 0 || ev->status == -EADDRINUSE;
		return;
	}
	sim_failed_unless(s, !e->over, "an event after CLOSED");
	switch (type) {
	case THOLE_EV_ACCEPTED:
	case THOLE_EV_CONNECTED:
		opened(s, e, ev);
		break;
	case THOLE_EV_DATA:
		read_data(s, side, e, ev->mbuf, ev->bytes);
		break;
	case THOLE_EV_PEER_CLOSED:
		sim_failed_unless(s, !e->peer_closed, "end of file twice");
		e->peer_closed = true;
		if (s->kind != SIM_HOSTILE)
			read_to_the_end(s, side, e);
		break;
	case THOLE_EV_SENDABLE:
		sim_failed_unless(s, ev->bytes != 0, "SENDABLE of nothing");
		e->credit += ev->bytes;
		break;
	case THOLE_EV_CLOSED:
		e->over = true;
		e->status = ev->status;
		if (e->conn != 0 && below(s, 8) == 0 && op_room(me))
			op_add(me,
				&(struct thole_op){ .type = THOLE_OP_RECEIVED, .conn = e->conn });
		break;
	case THOLE_EV_OPENING:
		sim_failed_unless(s, e->active && e->conn == 0, "OPENING of what is open");
		e->conn = ev->conn;
		e->credit = 1024; /* within any send buffer */
		break;
	case THOLE_EV_LISTENING:
	case THOLE_EV_REFUSED:
	case THOLE_EV_SOFT_ERROR:
	case THOLE_EV_OPTION:
	case THOLE_EV_INFO:
	case THOLE_EV_GIVEN:
	case THOLE_EV_TAKEN:
		break;
	}
}

/* @p n bytes of the stream in mbufs of any size; NULL: no mbuf. */
static struct rte_mbuf *
write_chain(struct sim *s, unsigned int side, const struct end *e, uint32_t n)
{
	const struct side *me = &s->side[side];
	uint64_t name = name_of(side, me, e), at = e->sent, word = 0;
	struct rte_mbuf *head = NULL, *last = NULL;

	while (n > 0) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(me->app_pool);
		uint32_t len = RTE_MIN(n, 1 + below(s, below(s, 4) == 0 ? 20 : 1800));
		uint8_t *p;

		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)len);
		for (uint32_t i = 0; i < len; i++, at++) {
			if (i == 0 || at % 8 == 0)
				word = stream_word(name, at);
			p[i] = (uint8_t)(word >> at % 8 * 8);
		}
		n -= len;
		if (head == NULL) {
			head = m;
		} else {
			last->next = m;
			head->nb_segs++;
			head->pkt_len += len;
		}
		last = m;
	}
	return head;
}

static void
write_some(struct sim *s, unsigned int side, struct end *e)
{
	struct side *me = &s->side[side];
	uint64_t left = RTE_MIN(e->to_send - e->sent, e->credit);
	uint32_t n = (uint32_t)RTE_MIN(left, 1 + below(s, below(s, 4) == 0 ? 30000 : 3000));
	struct thole_op op = { .type = THOLE_OP_SEND, .conn = e->conn };
	struct rte_mbuf *clone = NULL;

	if (n == 0 || (op.mbuf = write_chain(s, side, e, n)) == NULL)
		return;
	/* What others refer to as well. With no mbufs left that costs the connection: not then. */
	if (!s->plan.starved && below(s, 8) == 0)
		clone = rte_pktmbuf_clone(op.mbuf, me->app_pool);
	if (clone != NULL && below(s, 2) == 0)
		RTE_SWAP(clone, op.mbuf);
	op_add(me, &op);
	e->sent += n;
	e->credit -= n;
	me->settled = false;
	ops_flush(s, side);
	rte_pktmbuf_free(clone);
}

static void
end_op(struct side *me, struct end *e, enum thole_op_type type, uint32_t bytes)
{
	op_add(me, &(struct thole_op){ .type = type, .conn = e->conn, .bytes = bytes });
	e->shut |= type == THOLE_OP_SHUTDOWN;
	e->closed |= type == THOLE_OP_CLOSE || type == THOLE_OP_ABORT;
	me->settled = false;
}

static void
leave(struct sim *s, struct side *me, struct end *e)
{
	bool all_sent = e->sent == e->to_send;

	switch (e->manners) {
	case POLITE:
		if (all_sent && !e->shut)
			end_op(me, e, THOLE_OP_SHUTDOWN, 0);
		if (e->shut && e->peer_closed)
			end_op(me, e, THOLE_OP_CLOSE, 0);
		break;
	case WAITER:
		if (all_sent && e->peer_closed)
			end_op(me, e, THOLE_OP_CLOSE, 0);
		break;
	case HASTY:
		if (all_sent)
			end_op(me, e, THOLE_OP_CLOSE, 0);
		break;
	case LEAVER:
	case KILLER:
		if (s->now >= e->leave_ns)
			end_op(me, e, e->manners == LEAVER ? THOLE_OP_CLOSE : THOLE_OP_ABORT, 0);
		break;
	}
}

static void
act(struct sim *s, unsigned int side, struct end *e)
{
	struct side *me = &s->side[side];

	if (e->conn == 0 || e->over || e->closed || !op_room(me))
		return;
	if (!e->opened && s->now < s->start + s->plan.end_ns) {
		write_some(s, side, e); /* before it is open */
		if (e->manners == LEAVER || e->manners == KILLER)
			leave(s, me, e);
		return;
	}
	if (s->now >= s->start + s->plan.end_ns) {
		/* With tables that overflow, a lost RST may have left half a connection. */
		if (s->kind == SIM_STRICT && !s->plan.tiny)
			sim_fail(s,
				"side %u, end %ju: still open at the end, sent %ju of %ju, read "
				"%ju",
				side, (uintmax_t)(e - me->ends), (uintmax_t)e->sent,
				(uintmax_t)e->to_send, (uintmax_t)e->received);
		end_op(me, e, THOLE_OP_ABORT, 0);
		return;
	}
	for (uint32_t i = below(s, 4); i > 0 && !e->shut && op_room(me); i--)
		write_some(s, side, e);
	if (e->owed != 0 && (!e->slow || below(s, 4) == 0)) {
		uint32_t n = (uint32_t)(e->slow ? 1 + below(s, (uint32_t)e->owed) : e->owed);

		end_op(me, e, THOLE_OP_RECEIVED, n);
		e->owed -= n;
	}
	leave(s, me, e);
}

static void
listen_now_and_then(struct sim *s, unsigned int side)
{
	struct side *me = &s->side[side];
	struct thole_op op = { .type = THOLE_OP_LISTEN, .local.port = LISTEN_PORT };

	op.bytes = 1 + below(s, below(s, 2) == 0 ? 2 : 64);
	op.user = LISTEN_USER;
	if (!op_room(me))
		return;
	if (!me->listening) {
		op_add(me, &op);
	} else if (s->plan.fickle && below(s, 50) == 0) {
		op.type = THOLE_OP_UNLISTEN;
		op_add(me, &op);
		me->listening = false;
	}
}

static void
open_some(struct sim *s, unsigned int side)
{
	struct side *me = &s->side[side];

	while (me->to_open != 0 && s->now >= me->open_at && op_room(me)) {
		connect_to(s, side, 0, LISTEN_PORT);
		me->to_open--;
		me->open_at += below(s, (uint32_t)RTE_MIN(s->plan.open_ns, UINT32_MAX));
		me->settled = false;
	}
	if (me->crossed || s->now < s->start + TIME_S)
		return;
	me->crossed = true;
	if (!s->plan.simultaneous)
		return;
	/* Both at the same time: whoever is late is refused. */
	for (uint16_t i = 0; i < CROSSINGS; i++)
		connect_to(s, side, (uint16_t)(CROSSING_PORT + i), (uint16_t)(CROSSING_PORT + i));
}

/* Longer and longer naps while nothing happens. */
static void
nap(struct sim *s, struct side *me)
{
	me->sleep_ns =
		me->settled ? RTE_MIN(me->sleep_ns * 2 + TIME_MS, 5 * TIME_S) : s->plan.sleep_ns;
	me->wake_ns = s->now + me->sleep_ns / 2 + below(s, (uint32_t)me->sleep_ns + 1) + TIME_US;
	if (me->to_open != 0)
		me->wake_ns = RTE_MIN(me->wake_ns, RTE_MAX(me->open_at, s->now + TIME_US));
	if (!me->crossed)
		me->wake_ns = RTE_MIN(me->wake_ns, RTE_MAX(s->start + TIME_S, s->now + TIME_US));
}

void
user_soon(struct sim *s, unsigned int side)
{
	struct side *me = &s->side[side];

	if (me->wake_ns > s->now + 2 * s->plan.sleep_ns)
		me->wake_ns = s->now + below(s, 2 * (uint32_t)s->plan.sleep_ns);
}

void
user_turn(struct sim *s, unsigned int side)
{
	struct side *me = &s->side[side];
	struct thole_event events[16];
	uint32_t n, max = 1 + below(s, RTE_DIM(events));

	me->settled = true;
	ops_flush(s, side);
	do {
		n = (uint32_t)thole_app_events(me->app, events, max);
		for (uint32_t i = 0; i < n; i++)
			heard(s, side, &events[i]);
		ops_flush(s, side);
	} while (n == max && below(s, 8) != 0);
	if (n == max)
		me->settled = false; /* there may be more */
	if (s->now < s->start + s->plan.end_ns)
		listen_now_and_then(s, side);
	open_some(s, side);
	for (uint32_t i = 0; i < me->nb_ends; i++)
		act(s, side, &me->ends[i]);
	ops_flush(s, side);
	nap(s, me);
}

bool
user_done(const struct side *me)
{
	if (me->to_open != 0 || !me->crossed || me->nb_ops != 0)
		return false;
	for (uint32_t i = 0; i < me->nb_ends; i++)
		if (!me->ends[i].over)
			return false;
	return true;
}
