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

void
user_op(struct context *c, const struct thole_op *op)
{
	c->ops[c->nb_ops++] = *op;
}

bool
user_op_room(const struct context *c)
{
	return c->nb_ops + 8 < OPS_MAX;
}

static struct context *
context_of(struct side *me, const struct end *e)
{
	return &me->contexts[e->context];
}

static void
ops_flush(struct sim *s, unsigned int side, struct context *c)
{
	uint32_t n = (uint32_t)thole_app_submit(c->app, c->ops, c->nb_ops);

	for (uint32_t i = 0; i < n; i++)
		trace_op(s, side, &c->ops[i]);
	c->nb_ops -= n;
	memmove(c->ops, c->ops + n, c->nb_ops * sizeof(c->ops[0]));
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
	e->user = me->nb_ends;
	tune_end_new(me, e);
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

/* One of those that there are, with room for an op if any has. */
static struct context *
any_context(struct sim *s, struct side *me)
{
	uint32_t first = me->nb_contexts == 1 ? 0 : sim_more(s, me->nb_contexts);
	struct context *any = NULL;

	for (uint32_t i = 0; i < me->nb_contexts; i++) {
		struct context *c = &me->contexts[(first + i) % me->nb_contexts];

		if (c->app != NULL && (any == NULL || !user_op_room(any)))
			any = c;
	}
	return any;
}

static void
connect_to(struct sim *s, unsigned int side, uint16_t local_port, uint16_t remote_port)
{
	struct side *me = &s->side[side];
	struct context *c = any_context(s, me);
	struct thole_op op = { .type = THOLE_OP_CONNECT };
	struct end *e = end_add(s, me, true);

	if (e == NULL || !user_op_room(c))
		return;
	e->context = (uint8_t)(c - me->contexts);
	op.local.port = local_port;
	op.remote = (struct thole_endpoint){ s->side[!side].address.first, remote_port };
	op.user = me->nb_ends;
	op.bytes = below(s, 2); /* whether OPENING is wanted */
	user_op(c, &op);
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
refused(struct sim *s, unsigned int side, const struct context *c, struct end *e,
	const struct thole_event *ev)
{
	if (ev->op == THOLE_OP_UNLISTEN)
		return; /* that wasn't listening */
	if (ev->op == THOLE_OP_SET_NEW) {
		tune_refused(s, NULL, ev);
		return;
	}
	if (e == NULL)
		sim_fail(s, "side %u: op %u refused, %d, of nobody", side, ev->op, ev->status);
	if ((e->over || context_of(&s->side[side], e) != c) && ev->status != -EBADF)
		sim_fail(s, "side %u: op %u on a stale handle gives %d", side, ev->op, ev->status);
	/* Who gives a connection away may ask for that too late, and have it again when told. */
	sim_failed_unless(s, ev->op != THOLE_OP_SET_USER || ev->status == -EBADF,
		"SET_USER is refused to whom it belongs");
	if (e->over || ev->op == THOLE_OP_SET_USER)
		return;
	if (ev->op == THOLE_OP_GIVE)
		contexts_refused(s, side, e, ev->status);
	else if (ev->op == THOLE_OP_SET || ev->op == THOLE_OP_GET)
		tune_refused(s, e, ev);
	else
		e->refused++;
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
	e->credit = (int64_t)ev->bytes - (int64_t)e->sent;
}

/* About nobody that is known. */
static void
heard_of_nobody(struct sim *s, struct side *me, struct context *c, const struct thole_event *ev)
{
	enum thole_event_type type = (enum thole_event_type)ev->type;

	sim_failed_unless(
		s, type == THOLE_EV_LISTENING || me->nb_ends == ENDS_MAX, "an event about nobody");
	if (type == THOLE_EV_DATA)
		rte_pktmbuf_free(ev->mbuf);
	if (type == THOLE_EV_ACCEPTED && user_op_room(c))
		user_op(c, &(struct thole_op){ .type = THOLE_OP_ABORT, .conn = ev->conn });
	if (type != THOLE_EV_LISTENING)
		return;
	c->listening = ev->status == 0 || ev->status == -EADDRINUSE;
	/* Those that share must offer the same. */
	c->forbidden = ev->status == -ESHUTDOWN || (ev->status == -EINVAL && me->nb_contexts > 1);
	sim_failed_unless(s, ev->status != -ESHUTDOWN || me->drained, "it doesn't drain");
}

static void
heard_closed(struct sim *s, unsigned int side, struct end *e, const struct thole_event *ev)
{
	struct context *c = context_of(&s->side[side], e);

	e->over = true;
	e->status = ev->status;
	drain_closed(s, side, e);
	if (e->conn != 0 && below(s, 8) == 0 && user_op_room(c))
		user_op(c, &(struct thole_op){ .type = THOLE_OP_RECEIVED, .conn = e->conn });
}

/* What an end hears. */
static void
heard_of(struct sim *s, unsigned int side, struct end *e, const struct thole_event *ev)
{
	switch ((enum thole_event_type)ev->type) {
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
		heard_closed(s, side, e, ev);
		break;
	case THOLE_EV_OPENING:
		sim_failed_unless(s, e->active && e->conn == 0, "OPENING of what is open");
		e->conn = ev->conn;
		e->credit = 1024; /* within any send buffer */
		break;
	case THOLE_EV_OPTION:
		tune_answered(s, e, ev);
		break;
	case THOLE_EV_GIVEN:
		contexts_given(s, side, e);
		break;
	case THOLE_EV_TAKEN:
		contexts_taken(s, e, ev);
		break;
	case THOLE_EV_LISTENING:
	case THOLE_EV_REFUSED:
	case THOLE_EV_SOFT_ERROR:
	case THOLE_EV_INFO:
		break;
	}
	if (e->opened && e->credit > (int64_t)e->snd_most)
		sim_fail(s, "side %u, end %ju: a send credit of %jd, and the buffer is %ju", side,
			(uintmax_t)(e - s->side[side].ends), (intmax_t)e->credit,
			(uintmax_t)e->snd_most);
}

/* An end that @p c's listener accepted. */
static struct end *
accepted(struct sim *s, struct side *me, const struct context *c, const struct thole_event *ev)
{
	uint32_t i = (uint32_t)(c - me->contexts);
	struct end *e = end_add(s, me, false);

	sim_failed_unless(s, ev->user == LISTEN_USER + i, "accepted by another context's listener");
	if (e == NULL)
		return NULL;
	e->context = (uint8_t)i;
	e->user = ev->user;
	me->shared += i != 0;
	return e;
}

/* @return false: it can't be heeded yet. */
static bool
heard(struct sim *s, unsigned int side, struct context *c, const struct thole_event *ev)
{
	struct side *me = &s->side[side];
	struct end *e = end_find(me, ev->conn);
	enum thole_event_type type = (enum thole_event_type)ev->type;

	if (e != NULL && type == THOLE_EV_TAKEN)
		contexts_taken_late(s, side, c, e);
	if (e != NULL && !e->over && !contexts_in_turn(s, side, c, e, ev))
		return false;
	trace_event(s, side, ev);
	me->settled = false;
	if (type == THOLE_EV_REFUSED) {
		refused(s, side, c, e, ev);
		return true;
	}
	if (type == THOLE_EV_ACCEPTED && ev->user >= LISTEN_USER) {
		sim_failed_unless(s, e == NULL, "a handle was given twice");
		e = accepted(s, me, c, ev);
	} else if (e == NULL && ev->user > 0 && ev->user <= me->nb_ends &&
		   me->ends[ev->user - 1].active && me->ends[ev->user - 1].conn == 0) {
		e = &me->ends[ev->user - 1];
		sim_failed_unless(s, context_of(me, e) == c, "an event of another's CONNECT");
	}
	if (e == NULL) {
		heard_of_nobody(s, me, c, ev);
		return true;
	}
	sim_failed_unless(s, !e->over, "an event after CLOSED");
	heard_of(s, side, e, ev);
	return true;
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
	struct context *c = context_of(me, e);
	uint64_t left = RTE_MIN(e->to_send - e->sent, e->credit > 0 ? (uint64_t)e->credit : 0);
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
	user_op(c, &op);
	e->sent += n;
	e->credit -= n;
	me->settled = false;
	ops_flush(s, side, c);
	rte_pktmbuf_free(clone);
}

static void
end_op(struct side *me, struct end *e, enum thole_op_type type, uint32_t bytes)
{
	user_op(context_of(me, e),
		&(struct thole_op){ .type = type, .conn = e->conn, .bytes = bytes });
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

	if (e->conn == 0 || e->over || e->closed || e->giving || !user_op_room(context_of(me, e)))
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
	for (uint32_t i = below(s, 4); i > 0 && !e->shut && user_op_room(context_of(me, e)); i--)
		write_some(s, side, e);
	if (e->owed != 0 && (!e->slow || below(s, 4) == 0)) {
		uint32_t n = (uint32_t)(e->slow ? 1 + below(s, (uint32_t)e->owed) : e->owed);

		end_op(me, e, THOLE_OP_RECEIVED, n);
		e->owed -= n;
	}
	tune_now_and_then(s, side, e);
	if (!contexts_give(s, side, e))
		leave(s, me, e);
}

static void
listen_now_and_then(struct sim *s, unsigned int side, struct context *c)
{
	struct side *me = &s->side[side];
	struct thole_op op = { .type = THOLE_OP_LISTEN, .local.port = LISTEN_PORT };

	op.bytes = 1 + below(s, below(s, 2) == 0 ? 2 : 64);
	op.user = LISTEN_USER + (uint64_t)(c - me->contexts);
	if (s->plan.more[side].shared)
		op.type = THOLE_OP_LISTEN_SHARED;
	if (!user_op_room(c))
		return;
	if (!c->listening) {
		if (!c->forbidden)
			user_op(c, &op);
	} else if (s->plan.fickle && below(s, 50) == 0) {
		op.type = THOLE_OP_UNLISTEN;
		user_op(c, &op);
		c->listening = false;
	}
}

static void
listen_all(struct sim *s, unsigned int side)
{
	struct side *me = &s->side[side];
	uint32_t n = s->plan.more[side].shared ? me->nb_contexts : 1;

	for (uint32_t i = 0; i < n; i++)
		if (me->contexts[i].app != NULL)
			listen_now_and_then(s, side, &me->contexts[i]);
}

static bool
op_room_anywhere(const struct side *me)
{
	for (uint32_t i = 0; i < me->nb_contexts; i++)
		if (me->contexts[i].app != NULL && user_op_room(&me->contexts[i]))
			return true;
	return false;
}

static void
open_some(struct sim *s, unsigned int side)
{
	struct side *me = &s->side[side];

	while (me->to_open != 0 && s->now >= me->open_at && op_room_anywhere(me)) {
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

/* @return false: what comes next has to wait. */
static bool
heed(struct sim *s, unsigned int side, struct context *c)
{
	while (c->next_event < c->nb_events) {
		if (!heard(s, side, c, &c->events[c->next_event]))
			return false;
		c->next_event++;
	}
	c->next_event = c->nb_events = 0;
	return true;
}

static void
context_turn(struct sim *s, unsigned int side, struct context *c)
{
	uint32_t n = 0, max = 1 + below(s, RTE_DIM(c->events));
	bool heeded = heed(s, side, c);

	ops_flush(s, side, c);
	while (heeded) {
		n = (uint32_t)thole_app_events(c->app, c->events, max);
		c->nb_events = n;
		heeded = heed(s, side, c);
		ops_flush(s, side, c);
		if (n != max || !heeded)
			break;
		if (below(s, 8) == 0 && !(s->last && s->side[side].nb_contexts > 1))
			break;
	}
	if (n == max || !heeded)
		s->side[side].settled = false; /* there may be more */
}

void
user_turn(struct sim *s, unsigned int side)
{
	struct side *me = &s->side[side];

	me->settled = true;
	for (uint32_t i = 0; i < me->nb_contexts; i++) {
		if (me->contexts[i].app == NULL)
			continue;
		if (me->nb_contexts == 1 || sim_more(s, 4) != 0 || s->last)
			context_turn(s, side, &me->contexts[i]);
	}
	if (s->now < s->start + s->plan.end_ns)
		listen_all(s, side);
	open_some(s, side);
	for (uint32_t i = 0; i < me->nb_ends; i++)
		act(s, side, &me->ends[i]);
	for (uint32_t i = 0; i < me->nb_contexts; i++)
		if (me->contexts[i].app != NULL)
			ops_flush(s, side, &me->contexts[i]);
	contexts_turn(s, side);
	drain_turn(s, side);
	nap(s, me);
}

bool
user_done(const struct side *me)
{
	if (me->to_open != 0 || !me->crossed)
		return false;
	for (uint32_t i = 0; i < me->nb_contexts; i++)
		if (me->contexts[i].nb_ops != 0)
			return false;
	for (uint32_t i = 0; i < me->nb_ends; i++)
		if (!me->ends[i].over)
			return false;
	return true;
}
