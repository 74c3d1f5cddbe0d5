/* SPDX-License-Identifier: BSD-3-Clause */
/* ledger.c: the events of each end of a connection, held against one another and against how it
 * ended. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "stress.h"

#define PERIOD 251 /* of what is sent */

void
stress_error(struct user *u, const char *what, const struct thole_event *ev)
{
	if (u->n.errors++ < 3)
		printf("# thread %u: %s: event %u, op %u, status %d, conn %" PRIx64 "\n", u->id,
			what, ev->type, ev->op, ev->status, ev->conn);
}

void
own_add(struct user *u, struct known *k)
{
	k->at = u->nb_own;
	u->own[u->nb_own++] = k;
}

void
own_remove(struct user *u, struct known *k)
{
	u->own[k->at] = u->own[--u->nb_own];
	u->own[k->at]->at = k->at;
	k->at = NOBODY;
}

static void
forget(struct user *u, struct known *k)
{
	if (k->at != NOBODY)
		own_remove(u, k);
	known_remove(&u->known, k);
}

static struct pair *
pair_of(const struct user *u, unsigned int stack, const struct thole_event *ev)
{
	const struct thole_endpoint *client = side_of(stack) == 0 ? &ev->local : &ev->remote;

	return &u->sh->pairs[(uint32_t)(client->addr.b[15] - (CLIENT_IP & 0xff)) % CLIENTS << 16 |
			     client->port];
}

static void
begin(struct end *e, unsigned int stack, uint32_t opens)
{
	PUT(e->stack, stack);
	PUT(e->opens, opens);
	PUT(e->sent, 0);
	PUT(e->got, 0);
	PUT(e->flags, 0);
	PUT(e->gives, 0);
	PUT(e->takes, 0);
	PUT(e->owed, 0);
	PUT(e->status, 0);
}

static void
on_open(struct user *u, unsigned int stack, const struct thole_event *ev)
{
	struct end *e = &pair_of(u, stack, ev)->ends[side_of(stack)];
	uint32_t opens = GET(e->opens);

	if (ev->bytes != SNDBUF)
		stress_error(u, "another credit than the send buffer", ev);
	if (opens != 0 && (GET(e->flags) & (END_CLOSED | END_LOST)) == 0 &&
		GET(e->gives) == GET(e->takes))
		stress_error(u, "opened before the last one's CLOSED", ev);
	begin(e, stack, opens + 1);
	PUT(e->credit, (int32_t)ev->bytes);
	PUT(e->handle, ev->conn);
	own_add(u, known_add(&u->known, stack, ev->conn, e));
	if (ev->type == THOLE_EV_CONNECTED) {
		COUNT(u->n.opened);
		u->connecting[stack]--;
	} else {
		COUNT(u->n.accepted);
	}
}

static void
on_taken(struct user *u, unsigned int stack, const struct thole_event *ev)
{
	struct end *e = &pair_of(u, stack, ev)->ends[side_of(stack)];

	if (GET(e->handle) != ev->conn || (GET(e->flags) & END_CLOSED) != 0) {
		stress_error(u, "TAKEN of what isn't there", ev);
		return;
	}
	if ((int32_t)ev->bytes > SNDBUF)
		stress_error(u, "TAKEN with more credit than there is", ev);
	ADD(e->takes, 1);
	PUT(e->credit, (int32_t)ev->bytes);
	own_add(u, known_add(&u->known, stack, ev->conn, e));
	COUNT(u->n.taken);
}

static void
check_bytes(struct user *u, const struct known *k, const struct thole_event *ev)
{
	const struct end *e = k->e;
	uint32_t n = 0;
	uint8_t want = *rte_pktmbuf_mtod(ev->mbuf, const uint8_t *);

	/* Who reads all of it knows where it stands. */
	if (GET(e->gives) == 0 && k->at != NOBODY && GET(e->takes) == 0 &&
		want != GET(e->got) % PERIOD)
		stress_error(u, "DATA from elsewhere in the stream", ev);
	for (const struct rte_mbuf *m = ev->mbuf; m != NULL; m = m->next) {
		const uint8_t *b = rte_pktmbuf_mtod(m, const uint8_t *);

		for (uint32_t i = 0; i < m->data_len; i++) {
			if (b[i] != want) {
				stress_error(u, "other bytes than were sent", ev);
				return;
			}
			want = (uint8_t)((want + 1) % PERIOD);
		}
		n += m->data_len;
	}
	if (n != ev->bytes)
		stress_error(u, "bytes isn't what mbuf has", ev);
}

static void
on_data(struct user *u, const struct known *k, const struct thole_event *ev)
{
	struct end *e = k->e;

	if (k->peer_closed)
		stress_error(u, "DATA after PEER_CLOSED", ev);
	check_bytes(u, k, ev);
	ADD(e->got, ev->bytes);
	ADD(e->owed, ev->bytes);
	u->n.got += ev->bytes;
}

static void
on_sendable(struct user *u, const struct known *k, const struct thole_event *ev)
{
	if (k->at == NOBODY) /* given away: TAKEN says all of it */
		return;
	if (ADD(k->e->credit, (int32_t)ev->bytes) + (int32_t)ev->bytes > SNDBUF)
		stress_error(u, "more credit comes back than was used", ev);
}

static void
on_closed(struct user *u, struct known *k, const struct thole_event *ev)
{
	struct end *e = k->e;
	uint32_t flags = SET(e->flags, END_CLOSED);

	PUT(e->status, ev->status);
	COUNT(u->n.closed);
	PUT(u->n.reset, u->n.reset + (ev->status == -ECONNRESET));
	if (ev->status == -ECONNABORTED && (flags & (END_CLOSING | END_ABORTED)) == 0)
		stress_error(u, "CLOSED as aborted, by nobody", ev);
	forget(u, k);
}

/* An op that found nothing is one that crossed CLOSED, which then has been read. */
static void
on_refused(struct user *u, struct known *k, const struct thole_event *ev)
{
	bool gone = ev->status == -EBADF;

	u->n.refused++;
	if (gone && k != NULL)
		stress_error(u, "-EBADF, and CLOSED didn't come", ev);
	else if (ev->op == THOLE_OP_GIVE && k != NULL)
		own_add(u, k);
	switch (ev->op) {
	case THOLE_OP_GIVE:
		if (!gone && ev->status != -EINVAL && ev->status != -EAGAIN &&
			ev->status != -ENOTCONN)
			stress_error(u, "refused", ev);
		break;
	case THOLE_OP_SEND:
	case THOLE_OP_SHUTDOWN:
		if (!gone && ev->status != -EPIPE)
			stress_error(u, "refused", ev);
		break;
	case THOLE_OP_SET:
	case THOLE_OP_SET_NEW:
		if (!gone && ev->status != -ENOSPC)
			stress_error(u, "refused", ev);
		break;
	default:
		if (!gone)
			stress_error(u, "refused", ev);
	}
}

static void
on_given(struct user *u, struct known *k, const struct thole_event *ev)
{
	COUNT(u->n.given);
	if (k == NULL || k->at != NOBODY) {
		stress_error(u, "GIVEN that nothing called for", ev);
		return;
	}
	/* It may have ended meanwhile, and its port be another connection's. */
	if (GET(k->e->handle) == ev->conn)
		ADD(k->e->gives, 1);
	forget(u, k);
}

/* What comes between the first and the last, and the last. */
static void
on_event(struct user *u, struct known *k, const struct thole_event *ev)
{
	/* What comes after it was given away was there before, and the taker may be far ahead. */
	if (k->at != NOBODY &&
		(GET(k->e->handle) != ev->conn || (GET(k->e->flags) & END_CLOSED) != 0))
		stress_error(u, "after CLOSED", ev);
	switch (ev->type) {
	case THOLE_EV_DATA:
		on_data(u, k, ev);
		break;
	case THOLE_EV_PEER_CLOSED:
		if ((SET(k->e->flags, END_PEER_CLOSED) & END_PEER_CLOSED) != 0)
			stress_error(u, "PEER_CLOSED twice", ev);
		k->peer_closed = true;
		break;
	case THOLE_EV_SENDABLE:
		on_sendable(u, k, ev);
		break;
	case THOLE_EV_CLOSED:
		on_closed(u, k, ev);
		break;
	case THOLE_EV_SOFT_ERROR:
		break;
	default:
		stress_error(u, "an event that nothing called for", ev);
	}
}

/* Whether it ends a CONNECT that no connection came of. */
static bool
is_failure(struct user *u, unsigned int stack, const struct thole_event *ev)
{
	if (ev->type != THOLE_EV_CLOSED || side_of(stack) != 0 || u->connecting[stack] == 0)
		return false;
	u->connecting[stack]--;
	u->n.failed++;
	return true;
}

void
ledger_event(struct user *u, unsigned int stack, const struct thole_event *ev)
{
	struct known *k = ev->conn != 0 ? known_find(&u->known, stack, ev->conn) : NULL;

	switch (ev->type) {
	case THOLE_EV_CONNECTED:
	case THOLE_EV_ACCEPTED:
		on_open(u, stack, ev);
		break;
	case THOLE_EV_TAKEN:
		on_taken(u, stack, ev);
		break;
	case THOLE_EV_GIVEN:
		on_given(u, k, ev);
		break;
	case THOLE_EV_REFUSED:
		on_refused(u, k, ev);
		break;
	case THOLE_EV_LISTENING:
		if (ev->status != 0)
			stress_error(u, "no listener", ev);
		break;
	case THOLE_EV_OPENING:
		break;
	default:
		if (k != NULL)
			on_event(u, k, ev);
		else if (!is_failure(u, stack, ev))
			stress_error(u, "of no connection of this thread's", ev);
	}
}

void
ledger_lose(struct user *u, unsigned int stack)
{
	for (uint32_t i = 1; i < KNOWN_MAX; i++) {
		struct known *k = &u->known.nodes[i];

		if (k->key == 0 || k->stack != stack)
			continue;
		SET(k->e->flags, END_LOST);
		forget(u, k);
	}
	u->connecting[stack] = 0;
}

/* Whether what was given away and never taken went with the taker's context. */
static bool
went_along(const struct shared *sh, const struct end *e)
{
	return e->gives > e->takes && sh->gone[e->stack][e->to] > e->gone;
}

/* @return what is wrong with it, or NULL. */
static const char *
fault_of(const struct shared *sh, const struct end *e)
{
	const uint32_t both = END_SHUT | END_PEER_CLOSED;

	if (e->opens == 0 || (e->flags & END_LOST) != 0)
		return NULL;
	if ((e->flags & END_CLOSED) == 0)
		return went_along(sh, e) ? NULL : "CLOSED never came";
	if (e->gives != e->takes)
		return "GIVEN and TAKEN don't match";
	if (e->status == 0 && (e->flags & (END_CLOSING | END_ABORTED)) == 0 &&
		(e->flags & both) != both)
		return "CLOSED in order, and one direction was open";
	return NULL;
}

/* Whether all that was sent to it must have come. */
static bool
is_whole(const struct end *e)
{
	return e->opens == 1 && e->status == 0 &&
	       (e->flags & (END_CLOSED | END_PEER_CLOSED | END_LOST)) ==
		       (END_CLOSED | END_PEER_CLOSED);
}

uint64_t
ledger_settle(const struct shared *sh, uint64_t *whole)
{
	uint64_t errors = 0;

	*whole = 0;
	for (uint32_t i = 0; i < PAIRS; i++) {
		const struct end *e = sh->pairs[i].ends;

		for (unsigned int side = 0; side < SIDES; side++) {
			const char *fault = fault_of(sh, &e[side]);

			if (fault != NULL && errors++ < 5)
				printf("# pair %x, side %u: %s: flags %x, status %d, given %u, "
				       "taken %u\n",
					i, side, fault, e[side].flags, e[side].status,
					e[side].gives, e[side].takes);
		}
		if (!is_whole(&e[0]) || !is_whole(&e[1]))
			continue;
		++*whole;
		if ((e[0].got != e[1].sent || e[1].got != e[0].sent) && errors++ < 5)
			printf("# pair %x: ended in order, %" PRIu64 " of %" PRIu64 " and %" PRIu64
			       " of %" PRIu64 " bytes came\n",
				i, e[0].got, e[1].sent, e[1].got, e[0].sent);
	}
	return errors;
}
