/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring.c: ops to a worker and events from it. Batches go whole and in order: what the ring has no
 * room for is staged, and as long as anything is staged nothing overtakes it.
 */
#include <string.h>

#include "socket/socket.h"

#define BATCH	       32
#define RECEIVED_BATCH 16384

/* @return how many were taken. The ring context is this thread's, as the sockets are. */
static uint32_t
submit(struct sock_ring *r, const struct thole_op *ops, uint32_t n)
{
	int32_t taken = thole_app_submit(r->app, ops, n);

	return taken > 0 ? (uint32_t)taken : 0;
}

static bool
flush_staged(struct sock_ring *r)
{
	uint32_t n = r->staged_end - r->staged_first;

	if (n == 0)
		return true;
	r->staged_first += submit(r, &r->staged[r->staged_first], n);
	if (r->staged_first != r->staged_end)
		return false;
	r->staged_first = r->staged_end = 0;
	return true;
}

bool
sock_has_room(struct sock_ring *r, uint32_t n)
{
	return flush_staged(r) || r->staged_end + n <= SOCK_STAGED;
}

bool
sock_post(struct sock_ring *r, const struct thole_op *ops, uint32_t n)
{
	uint32_t taken = 0;

	if (flush_staged(r))
		taken = submit(r, ops, n);
	else if (r->staged_end + n > SOCK_STAGED)
		return false;
	memcpy(&r->staged[r->staged_end], ops + taken, (n - taken) * sizeof(*ops));
	r->staged_end += n - taken;
	return true;
}

uint32_t
sock_post_now(struct sock_ring *r, const struct thole_op *ops, uint32_t n)
{
	return flush_staged(r) ? submit(r, ops, n) : 0;
}

static bool
post_one(struct sock_ring *r, const struct sock *k, enum thole_op_type type, uint32_t bytes)
{
	const struct thole_op op = { .type = type, .bytes = bytes, .conn = k->conn };

	return sock_post(r, &op, 1);
}

/* Said in batches: when all is taken that came, or this much. */
static bool
received_due(const struct sock_stream *stream)
{
	return stream->unsaid != 0 && (stream->unread == 0 || stream->unsaid >= RECEIVED_BATCH);
}

/* In this order; the end makes the rest needless. @return whether all went. */
static bool
pay(struct thole_sockets *s, struct sock_ring *r, struct sock *k)
{
	uint16_t end = k->flags & (SF_OWES_CLOSE | SF_OWES_ABORT);

	if (k->conn == 0) /* over */
		return true;
	if ((k->flags & SF_OWES_ABORT) == 0) {
		if (end == 0 && received_due(&k->stream)) {
			if (!post_one(r, k, THOLE_OP_RECEIVED, k->stream.unsaid))
				return false;
			k->stream.unsaid = 0;
		}
		if ((k->flags & SF_OWES_SHUTDOWN) != 0 && end == 0 &&
			!post_one(r, k, THOLE_OP_SHUTDOWN, 0))
			return false;
		k->flags &= (uint16_t)~SF_OWES_SHUTDOWN;
	}
	if (end != 0 &&
		!post_one(r, k, (end & SF_OWES_ABORT) != 0 ? THOLE_OP_ABORT : THOLE_OP_CLOSE, 0))
		return false;
	k->flags &= (uint16_t) ~(SF_OWES_CLOSE | SF_OWES_ABORT);
	if ((k->flags & SF_OWES_OUT) != 0) {
		if (!sock_has_room(r, 1))
			return false;
		k->flags &= (uint16_t)~SF_OWES_OUT;
		sock_edge(s, k, THOLE_OUT);
	}
	return true;
}

void
sock_settle(struct thole_sockets *s, struct sock *k)
{
	struct sock_ring *r = &s->rings[k->ring];
	uint32_t i = sock_index(s, k);

	/* Without a handle nothing can be posted: OPENING, or the end, comes. What is being given
	 * has it paid by who has it then. */
	if ((k->flags & SF_OWED) != 0 || k->conn == 0 || k->state == SOCK_GIVING)
		return;
	if (pay(s, r, k)) {
		if (k->state == SOCK_CLOSING)
			sock_free(s, k);
		return;
	}
	k->flags |= SF_OWED;
	k->next_owed = SOCK_NONE;
	if (r->owed_head == SOCK_NONE)
		r->owed_head = i;
	else
		s->socks[r->owed_tail].next_owed = i;
	r->owed_tail = i;
}

static void
flush_aborts(struct sock_ring *r)
{
	uint32_t n = 0;

	for (; n < r->nb_aborts; n++) {
		const struct thole_op op = { .type = THOLE_OP_ABORT, .conn = r->aborts[n] };

		if (!sock_post(r, &op, 1))
			break;
	}
	if (n == 0)
		return;
	r->nb_aborts -= n;
	memmove(r->aborts, &r->aborts[n], r->nb_aborts * sizeof(r->aborts[0]));
}

static void
flush(struct thole_sockets *s, struct sock_ring *r)
{
	(void)flush_staged(r);
	if (r->nb_aborts != 0)
		flush_aborts(r);
	while (r->owed_head != SOCK_NONE) {
		struct sock *k = &s->socks[r->owed_head];

		if (!pay(s, r, k))
			break;
		r->owed_head = k->next_owed;
		k->flags &= (uint16_t)~SF_OWED;
		if (k->state == SOCK_CLOSING)
			sock_free(s, k);
	}
}

void
sock_abort_conn(struct sock_ring *r, thole_conn conn)
{
	r->aborts[r->nb_aborts++] = conn; /* serve() has seen to it that there is room */
}

/*
 * Each event needs one abort at most, and events are read only while there is room for theirs. That
 * many are read before op ring and aborts are full: by then the worker could put its answers into
 * the ring of events, and so take ops again.
 */
static bool
serve(struct thole_sockets *s, uint16_t i)
{
	struct sock_ring *r = &s->rings[i];
	struct thole_event events[BATCH];
	uint32_t n, read = 0, most = s->config.ring_entries;

	flush(s, r);
	do {
		if (r->nb_aborts + BATCH > most)
			break;
		n = (uint32_t)thole_app_events(r->app, events, BATCH);
		for (uint32_t e = 0; e < n; e++)
			sock_event(s, i, &events[e]);
		read += n;
	} while (n == BATCH && read < most);
	if (read != 0)
		flush(s, r);
	return read != 0;
}

bool
sock_serve(struct thole_sockets *s)
{
	bool worked = false;
	uint16_t i = s->first;

	for (uint16_t n = 0; n < s->nb_rings; n++) {
		worked |= serve(s, i);
		i = (uint16_t)(i + 1 < s->nb_rings ? i + 1 : 0);
	}
	s->first = (uint16_t)(s->first + 1 < s->nb_rings ? s->first + 1 : 0);
	worked |= sock_take_gifts(s);
	if (s->nb_unlistening != 0)
		for (uint32_t k = 0; k < s->fresh && s->nb_unlistening != 0; k++)
			if ((s->socks[k].flags & SF_LISTENER) != 0 &&
				s->socks[k].state != SOCK_LISTENING)
				sock_pay_unlisten(s, &s->socks[k]);
	return worked;
}
