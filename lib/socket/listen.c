/* SPDX-License-Identifier: BSD-3-Clause */
/* listen.c: a listener on each worker's stack, and what they accepted in one queue. */
#include <errno.h>
#include <string.h>

#include "socket/socket.h"

static bool
is_set(const uint64_t *bits, uint16_t i)
{
	return (bits[i / 64] & 1ull << i % 64) != 0;
}

/* The ends that are owed, as far as there is room; a closing record is freed after the last. */
void
sock_pay_unlisten(struct thole_sockets *s, struct sock *k)
{
	const struct thole_op op = { .type = THOLE_OP_UNLISTEN, .local = k->local };
	bool left = false;

	for (uint16_t i = 0; i < s->nb_rings; i++) {
		if (!is_set(k->listener.unlisten, i))
			continue;
		if (sock_post(&s->rings[i], &op, 1))
			k->listener.unlisten[i / 64] &= ~(1ull << i % 64);
		else
			left = true;
	}
	if (left)
		return;
	s->nb_unlistening--;
	k->flags &= (uint16_t)~SF_LISTENER;
	if (k->state == SOCK_CLOSING)
		sock_free(s, k);
}

void
sock_queue(struct thole_sockets *s, struct sock *l, struct sock *k)
{
	uint32_t i = sock_index(s, k);

	if (l->listener.waiting++ == 0)
		l->listener.head = i;
	else
		s->socks[l->listener.tail].next = i;
	l->listener.tail = i;
	sock_edge(s, l, THOLE_IN);
}

void
sock_end_queued(struct thole_sockets *s, struct sock *k)
{
	k->flags &= (uint16_t)~SF_QUEUED;
	if (k->state == SOCK_OVER)
		sock_release(s, k);
	else
		sock_end(s, k, SF_OWES_ABORT);
}

void
sock_unlisten(struct thole_sockets *s, struct sock *k)
{
	while (k->listener.waiting > 0) {
		struct sock *c = &s->socks[k->listener.head];

		k->listener.head = c->next;
		k->listener.waiting--;
		sock_end_queued(s, c);
	}
	for (uint32_t i = 0; i < SOCK_WORKERS / 64; i++) {
		k->listener.unlisten[i] = k->listener.open[i];
		k->listener.open[i] = 0;
	}
	/* Not listening from here on: connections that come still are reset. */
	if (k->state == SOCK_LISTENING)
		k->state = SOCK_NEW;
	s->nb_unlistening++;
	sock_pay_unlisten(s, k);
}

static bool
is_same(const struct thole_endpoint *a, const struct thole_endpoint *b)
{
	return a->port == b->port && memcmp(&a->addr, &b->addr, sizeof(a->addr)) == 0;
}

/* A context has one listener at an endpoint: the end of another one's would end this one. */
static int
check_alone(const struct thole_sockets *s, const struct sock *k)
{
	for (uint32_t i = 0; i < s->fresh; i++) {
		const struct sock *o = &s->socks[i];

		if (o != k && (o->flags & SF_LISTENER) != 0 && is_same(&o->local, &k->local))
			return o->state == SOCK_LISTENING ? -EADDRINUSE : -EAGAIN;
	}
	return 0;
}

static int
begin(struct thole_sockets *s, struct sock *k, uint32_t backlog)
{
	int error;

	struct thole_op op = {
		.type = (k->flags & SF_REUSE) != 0 ? THOLE_OP_LISTEN_SHARED : THOLE_OP_LISTEN,
		.bytes = backlog,
		.local = k->local,
		.user = (uint64_t)sock_handle(s, k),
	};

	if (k->state == SOCK_LISTENING)
		return -EALREADY;
	if (k->state != SOCK_NEW || k->local.port == 0)
		return -EINVAL;
	if (k->error != 0)
		return sock_tell_error(k);
	/* The end of an attempt that failed is still owed; it would end this one. */
	if ((k->flags & (SF_LISTENER | SF_OWED)) != 0)
		return -EAGAIN;
	error = check_alone(s, k);
	if (error != 0)
		return error;
	for (uint16_t i = 0; i < s->nb_rings; i++)
		if (!sock_has_room(&s->rings[i], SOCK_OPTIONS + 2))
			return -EAGAIN;
	k->state = SOCK_LISTENING;
	k->flags |= SF_LISTENER;
	k->listener = (struct sock_listener){ .backlog = backlog, .pending = s->nb_rings };
	for (uint16_t i = 0; i < s->nb_rings; i++) {
		k->listener.open[i / 64] |= 1ull << i % 64;
		(void)sock_post_open(s, k, &s->rings[i], &op);
	}
	return 0;
}

int
thole_listen(struct thole_sockets *sockets, thole_sock sock, uint32_t backlog, uint64_t timeout_ns)
{
	struct sock_wait wait;
	struct sock *k;
	int error = sock_get(sockets, sock, &k);

	if (error != 0)
		return error;
	sock_wait_begin(&wait, timeout_ns);
	do
		error = begin(sockets, k, backlog != 0 ? backlog : 1);
	while (error == -EAGAIN && sock_wait_more(sockets, &wait));
	if (error == 0) {
		while (k->state == SOCK_LISTENING && k->listener.pending != 0 &&
			sock_wait_more(sockets, &wait))
			;
		if (k->state != SOCK_LISTENING)
			error = sock_tell_error(k);
		else if (k->listener.pending != 0)
			error = -EINPROGRESS;
	}
	sock_wait_end(sockets, &wait);
	return error;
}

static thole_sock
take(struct thole_sockets *s, struct sock *l, struct thole_endpoint *peer)
{
	struct sock *k;

	if (l->state != SOCK_LISTENING && l->state != SOCK_TAKING)
		return l->error != 0 ? sock_tell_error(l) : -EINVAL;
	if (l->listener.waiting == 0)
		return -EAGAIN;
	k = &s->socks[l->listener.head];
	if (l->state == SOCK_TAKING && !sock_free_place(s, k))
		return -EMFILE;
	l->listener.head = k->next;
	l->listener.waiting--;
	k->next = SOCK_NONE;
	k->flags &= (uint16_t)~SF_QUEUED;
	if (peer != NULL)
		*peer = k->remote;
	return sock_handle(s, k);
}

thole_sock
thole_accept(struct thole_sockets *sockets, thole_sock sock, struct thole_endpoint *peer,
	uint64_t timeout_ns)
{
	struct sock_wait wait;
	struct sock *k;
	thole_sock got = sock_get(sockets, sock, &k);

	if (got != 0)
		return got;
	sock_wait_begin(&wait, timeout_ns);
	do
		got = take(sockets, k, peer);
	while (got == -EAGAIN && sock_wait_more(sockets, &wait));
	sock_wait_end(sockets, &wait);
	return got;
}
