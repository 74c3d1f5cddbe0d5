/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * give.c: connections from one context to another. The stack moves what it has of one by GIVE; what
 * the giver's socket has, which is what was read of the ring and not by the application, goes by
 * the taker's inbox. The giver takes a place there first, so that nothing given can lack one, and
 * hands over at GIVEN, behind which it gets no more events. The taker has both when TAKEN and the
 * place's contents have come, in whichever order, and shows the socket then.
 *
 * A place without a record has one kept free for it: TAKEN always finds one.
 */
#include <errno.h>
#include <stdlib.h>

#include "socket/socket.h"

#define MOVED (SF_EOF | SF_SHUT_RD | SF_SHUT_WR)

int
sock_inbox_create(struct thole_sockets *s)
{
	struct sock_inbox *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return -ENOMEM;
	b->refs = 1;
	b->idle = s->idle;
	b->came = SOCK_NONE;
	s->inbox = b;
	return 0;
}

static void
put_back(struct sock_inbox *b, uint32_t i)
{
	uint64_t head = __atomic_load_n(&b->free, __ATOMIC_RELAXED);

	/* So that no TAKEN is for it. Partner: is_for(). */
	__atomic_store_n(&b->gifts[i].conn, 0, __ATOMIC_RELAXED);
	do
		__atomic_store_n(&b->gifts[i].next, (uint32_t)head, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&b->free, &head, (head & ~(uint64_t)SOCK_NONE) | i,
		true, __ATOMIC_RELEASE, __ATOMIC_RELAXED)); /* partner: take_place() */
}

/* @return SOCK_NONE: there is none. */
static uint32_t
take_place(struct sock_inbox *b)
{
	uint64_t head = __atomic_load_n(&b->free, __ATOMIC_ACQUIRE), next;

	do {
		if ((uint32_t)head == SOCK_NONE)
			return SOCK_NONE;
		/* If another takes it meanwhile this is anything, and the count has changed; so its
		 * writers are atomic. */
		next = __atomic_load_n(&b->gifts[(uint32_t)head].next, __ATOMIC_RELAXED);
		next |= ((head >> 32) + 1) << 32;
	} while (!__atomic_compare_exchange_n(
		&b->free, &head, next, true, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE));
	return (uint32_t)head; /* partner: put_back() */
}

/* A place for @p k, whose context is there. @return 0, -ECONNREFUSED, -EAGAIN. */
static int
promise(struct sock_inbox *b, const struct thole_worker *worker, struct sock *k, uint64_t user)
{
	struct sock_gift *g;
	uint32_t i = SOCK_NONE;
	bool open;

	/* Who closes doesn't touch the places while anybody may be looking. Partner: open_inbox()
	 */
	__atomic_add_fetch(&b->refs, 1, __ATOMIC_SEQ_CST);
	open = __atomic_load_n(&b->open, __ATOMIC_SEQ_CST);
	if (open)
		i = take_place(b);
	if (i == SOCK_NONE) {
		sock_inbox_drop(b);
		return open ? -EAGAIN : -ECONNREFUSED;
	}
	g = &b->gifts[i];
	/* Partner of both: is_for(), behind the rings if it is for this. */
	__atomic_store_n(&g->worker, worker, __ATOMIC_RELAXED);
	__atomic_store_n(&g->conn, k->conn, __ATOMIC_RELAXED);
	g->user = user;
	k->stream.to = b;
	k->stream.place = i;
	return 0;
}

/* Into its place goes what the stack doesn't know of @p k. */
static void
deliver(struct sock_inbox *b, struct sock *k, bool broken)
{
	uint32_t i = k->stream.place, head = __atomic_load_n(&b->came, __ATOMIC_RELAXED);
	struct sock_gift *g = &b->gifts[i];

	g->broken = broken;
	if (!broken) {
		g->stream = k->stream;
		k->stream.head = k->stream.tail = NULL;
		k->stream.unread = 0;
		g->flags = k->flags & MOVED;
		g->linger_ns = k->linger_ns;
		g->soft_error = k->soft_error;
	}
	do
		__atomic_store_n(&g->next, head, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&b->came, &head, i, true, __ATOMIC_RELEASE,
		__ATOMIC_RELAXED)); /* partner: delivered() */
	if (b->idle != NULL)
		thole_idle_wake(b->idle);
}

/* What was delivered, the first first. */
static uint32_t
delivered(struct sock_inbox *b)
{
	uint32_t i, next, first = SOCK_NONE;

	if (__atomic_load_n(&b->came, __ATOMIC_RELAXED) == SOCK_NONE)
		return SOCK_NONE;
	/* Partner: deliver(). */
	i = __atomic_exchange_n(&b->came, SOCK_NONE, __ATOMIC_ACQUIRE);
	for (; i != SOCK_NONE; i = next) {
		next = b->gifts[i].next;
		__atomic_store_n(&b->gifts[i].next, first, __ATOMIC_RELAXED);
		first = i;
	}
	return first;
}

static void
free_delivered(struct sock_inbox *b)
{
	for (uint32_t i = delivered(b); i != SOCK_NONE; i = b->gifts[i].next)
		sock_stream_free(&b->gifts[i].stream);
}

void
sock_inbox_drop(struct sock_inbox *b)
{
	/* Each one's doings before the last one's; partner: itself. */
	if (__atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	free_delivered(b);
	thole_idle_destroy(b->idle);
	free(b->gifts);
	free(b);
}

/* To a context that takes no more nothing need be delivered: the connection is its, and is reset.
 */
static void
end_promise(struct sock *k, bool given, bool broken)
{
	struct sock_inbox *b = k->stream.to;

	k->stream.to = NULL;
	if (!given)
		put_back(b, k->stream.place);
	else if (__atomic_load_n(&b->open, __ATOMIC_RELAXED))
		deliver(b, k, broken);
	sock_inbox_drop(b);
}

void
sock_given(struct thole_sockets *s, struct sock *k)
{
	if (k->state != SOCK_GIVING)
		return;
	sock_map_remove(s, k);
	k->conn = 0;
	end_promise(k, true, false);
	sock_drop_input(s, k); /* of one that nobody takes */
	sock_free(s, k);
}

void
sock_keep(struct sock *k)
{
	end_promise(k, false, false);
	k->state = SOCK_OPEN;
}

void
sock_not_given(struct thole_sockets *s, struct sock *k, int status)
{
	uint16_t end = k->flags & (SF_OWES_CLOSE | SF_OWES_ABORT);

	if (k->state != SOCK_GIVING)
		return;
	sock_keep(k);
	if (end != 0) { /* closed meanwhile */
		k->flags &= (uint16_t)~end;
		sock_end(s, k, k->stream.unread != 0 ? SF_OWES_ABORT : end);
		return;
	}
	k->error = status == -EINVAL ? ECONNREFUSED : (int16_t)-status; /* its context has ended */
	sock_settle(s, k);
	sock_edge(s, k, sock_level(s, k));
}

void
sock_break_gifts(struct thole_sockets *s)
{
	for (uint32_t i = 0; i < s->fresh; i++)
		if (s->socks[i].state == SOCK_GIVING)
			end_promise(&s->socks[i], true, true);
}

/* Of one whose giver has ended there is a hole in what came. */
static void
break_off(struct thole_sockets *s, struct sock *k)
{
	if (k->state == SOCK_OPEN) {
		k->state = SOCK_OVER;
		k->flags |= SF_OWES_ABORT;
		sock_settle(s, k);
	}
	k->error = ECONNABORTED;
	sock_drop_input(s, k);
}

/* What the giver had read comes before what has come here since. */
static void
join(struct thole_sockets *s, struct sock *k, struct sock_gift *g)
{
	struct sock_stream *in = &k->stream, *first = &g->stream;

	if (first->head != NULL) {
		first->tail->next = in->head;
		if (in->head == NULL)
			in->tail = first->tail;
		in->head = first->head;
		first->head = NULL;
	}
	in->unread += first->unread;
	in->unsaid += first->unsaid;
	k->flags |= g->flags;
	k->linger_ns = g->linger_ns;
	if (k->soft_error == 0)
		k->soft_error = g->soft_error;
	if ((k->flags & SF_SHUT_RD) != 0)
		sock_drop_input(s, k);
	sock_settle(s, k);
}

/* Both halves of a connection are there: it can be accepted. */
static void
arrive(struct thole_sockets *s, uint32_t place)
{
	struct sock_gift *g = &s->inbox->gifts[place];
	struct sock *k = &s->socks[s->arrivals[place].record];

	k->user = g->user;
	if (g->broken)
		break_off(s, k);
	else
		join(s, k, g);
	sock_queue(s, &s->socks[s->taker], k);
}

/* Whether place @p i is kept for the connection that TAKEN is about. It may be of a giver that has
 * ended, or of a taker before this one. */
static bool
is_for(const struct thole_sockets *s, uint64_t i, uint16_t ring, thole_conn conn)
{
	const struct sock_gift *g;

	if (s->taker == SOCK_NONE || i >= s->room || s->arrivals[i].record != SOCK_NONE)
		return false;
	g = &s->inbox->gifts[i];
	/* Partner: promise(), put_back(). */
	return __atomic_load_n(&g->conn, __ATOMIC_RELAXED) == conn &&
	       __atomic_load_n(&g->worker, __ATOMIC_RELAXED) == s->rings[ring].worker;
}

void
sock_taken(struct thole_sockets *s, uint16_t ring, const struct thole_event *ev)
{
	struct sock_arrival *a;
	struct sock *k;

	if (!is_for(s, ev->user, ring, ev->conn)) {
		sock_abort_conn(&s->rings[ring], ev->conn);
		return;
	}
	s->reserved--;
	k = sock_new(s);
	sock_come(s, k, ring, ev);
	k->stream.credit = (int32_t)ev->bytes;
	k->stream.place = (uint32_t)ev->user;
	a = &s->arrivals[k->stream.place];
	a->record = sock_index(s, k);
	if (a->seen)
		arrive(s, k->stream.place);
}

/* For the next. */
static void
free_place(struct thole_sockets *s, uint32_t place)
{
	s->arrivals[place] = (struct sock_arrival){ .record = SOCK_NONE };
	put_back(s->inbox, place);
}

bool
sock_take_gifts(struct thole_sockets *s)
{
	uint32_t next = delivered(s->inbox);
	bool any = next != SOCK_NONE;

	while (next != SOCK_NONE) {
		struct sock_gift *g = &s->inbox->gifts[next];
		struct sock_arrival *a = &s->arrivals[next];
		uint32_t place = next;

		next = g->next;
		a->seen = true;
		if (s->taker == SOCK_NONE)
			sock_stream_free(&g->stream);
		else if (a->record != SOCK_NONE)
			arrive(s, place);
		else if (g->broken) /* never given, or TAKEN finds that it isn't for this */
			free_place(s, place);
	}
	return any;
}

bool
sock_free_place(struct thole_sockets *s, const struct sock *k)
{
	if (s->stats.sockets + s->reserved >= s->config.max_sockets)
		return false;
	s->reserved++;
	free_place(s, k->stream.place);
	return true;
}

/* What was promised only is found refused, or taken by nobody. */
void
sock_stop_taking(struct thole_sockets *s)
{
	__atomic_store_n(&s->inbox->open, false, __ATOMIC_SEQ_CST); /* partner: promise() */
	free_delivered(s->inbox);
	for (uint32_t i = 0; i < s->room; i++) {
		struct sock_arrival *a = &s->arrivals[i];

		if (a->record != SOCK_NONE)
			sock_end_queued(s, &s->socks[a->record]);
		if (a->seen)
			sock_stream_free(&s->inbox->gifts[i].stream); /* without a record */
		a->record = SOCK_NONE;
	}
	s->reserved = 0;
	s->taker = SOCK_NONE;
}

/* Places for as many as @p room, once nobody has one of an earlier taker's. */
static int
open_inbox(struct thole_sockets *s, uint32_t room)
{
	struct sock_inbox *b = s->inbox;

	if (__atomic_load_n(&b->refs, __ATOMIC_SEQ_CST) != 1) /* partner: promise() */
		return -EAGAIN;
	free_delivered(b);
	free(b->gifts);
	free(s->arrivals);
	b->gifts = calloc(room, sizeof(*b->gifts));
	s->arrivals = calloc(room, sizeof(*s->arrivals));
	s->room = b->gifts != NULL && s->arrivals != NULL ? room : 0;
	if (s->room == 0)
		return -ENOMEM;
	b->free = SOCK_NONE;
	for (uint32_t i = room; i-- > 0;) {
		s->arrivals[i].record = SOCK_NONE;
		put_back(b, i);
	}
	__atomic_store_n(&b->open, true, __ATOMIC_SEQ_CST); /* partner: promise() */
	return 0;
}

thole_sock
thole_take(struct thole_sockets *sockets, uint32_t room)
{
	const struct thole_sockets *s = sockets;
	struct sock *k;
	int error = sock_check(sockets);

	if (error != 0)
		return error;
	if (room == 0)
		return -EINVAL;
	if (s->taker != SOCK_NONE)
		return -EALREADY;
	if (s->stats.sockets + s->reserved + 1 + room > s->config.max_sockets)
		return -EMFILE;
	error = open_inbox(sockets, room);
	if (error != 0)
		return error;
	k = sock_new(sockets);
	k->state = SOCK_TAKING;
	k->listener = (struct sock_listener){ .waiting = 0 };
	sockets->taker = sock_index(sockets, k);
	sockets->reserved = room;
	return sock_handle(sockets, k);
}

/* What another thread's context has of it never changes while it is there. */
static const struct sock_ring *
ring_on(const struct thole_sockets *s, const struct thole_worker *worker)
{
	for (uint16_t i = 0; i < s->nb_rings; i++)
		if (s->rings[i].worker == worker)
			return &s->rings[i];
	return NULL;
}

static int
begin(struct thole_sockets *s, struct sock *k, struct thole_sockets *to, uint64_t user)
{
	struct sock_ring *r = &s->rings[k->ring];
	const struct sock_ring *theirs;
	struct thole_op ops[2];
	int error;

	if (k->state == SOCK_LISTENING || k->state == SOCK_TAKING)
		return -EOPNOTSUPP;
	if (k->state != SOCK_OPEN)
		return -ENOTCONN;
	theirs = ring_on(to, r->worker);
	if (theirs == NULL)
		return -EXDEV;
	if ((k->flags & SF_OWED) != 0) /* goes before */
		return -EAGAIN;
	error = promise(to->inbox, r->worker, k, user);
	if (error != 0)
		return error;
	ops[0] = (struct thole_op){
		.type = THOLE_OP_SET_USER, .conn = k->conn, .user = k->stream.place
	};
	ops[1] = (struct thole_op){
		.type = THOLE_OP_GIVE, .conn = k->conn, .bytes = thole_app_number(theirs->app)
	};
	/* Not staged: 'to' may end meanwhile. SET_USER alone does nothing. */
	if (sock_post_now(r, ops, 2) != 2) {
		end_promise(k, false, false);
		return -EAGAIN;
	}
	k->error = 0; /* of a give before this one */
	k->state = SOCK_GIVING;
	return 0;
}

static int
outcome(const struct thole_sockets *s, thole_sock sock)
{
	struct sock *k = sock_find(s, sock);

	if (k == NULL)
		return 0;
	if (k->state == SOCK_GIVING)
		return -EINPROGRESS;
	return k->state == SOCK_OPEN ? sock_tell_error(k) : -ENOTCONN;
}

int
thole_give(struct thole_sockets *sockets, thole_sock sock, struct thole_sockets *to, uint64_t user,
	uint64_t timeout_ns)
{
	struct sock_wait wait;
	struct sock *k;
	int error = sock_get(sockets, sock, &k);

	if (error != 0)
		return error;
	if (to == sockets)
		return -EINVAL;
	sock_wait_begin(&wait, timeout_ns);
	do {
		error = begin(sockets, k, to, user);
		if (error != 0)
			continue;
		do
			error = outcome(sockets, sock);
		while (error == -EINPROGRESS && sock_wait_more(sockets, &wait));
	} while (error == -EAGAIN && sock_wait_more(sockets, &wait));
	sock_wait_end(sockets, &wait);
	return error;
}
