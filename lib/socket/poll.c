/* SPDX-License-Identifier: BSD-3-Clause */
/* poll.c: readiness, by level and by edge. */
#include <errno.h>

#include "socket/socket.h"

static uint32_t
open_level(const struct sock *k)
{
	uint32_t level = 0;
	bool eof = (k->flags & SF_EOF) != 0, shut = (k->flags & SF_SHUT_WR) != 0;

	if (k->stream.unread != 0 || eof || (k->flags & SF_SHUT_RD) != 0)
		level |= THOLE_IN;
	if (eof)
		level |= THOLE_RDHUP;
	if (shut || (k->stream.credit > 0 && (k->flags & SF_OWES_OUT) == 0))
		level |= THOLE_OUT;
	if (eof && shut)
		level |= THOLE_HUP;
	if (k->error != 0) /* it couldn't be given */
		level |= THOLE_ERR;
	return level;
}

uint32_t
sock_level(const struct thole_sockets *s, const struct sock *k)
{
	uint32_t error = k->error != 0 ? THOLE_ERR | THOLE_IN : 0;

	(void)s;
	switch ((enum sock_state)k->state) {
	case SOCK_NEW:
		return error | THOLE_OUT | THOLE_HUP;
	case SOCK_LISTENING:
	case SOCK_TAKING:
		return error | (k->listener.waiting != 0 ? THOLE_IN : 0);
	case SOCK_OPEN:
		return open_level(k);
	case SOCK_OVER:
		return error | THOLE_IN | THOLE_OUT | THOLE_RDHUP | THOLE_HUP;
	case SOCK_CONNECTING:
	case SOCK_GIVING:
	case SOCK_CLOSING:
	case SOCK_FREE:
		break;
	}
	return 0;
}

static uint32_t
look(struct thole_sockets *s, struct thole_pollfd *polls, uint32_t n)
{
	uint32_t ready = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct thole_pollfd *p = &polls[i];
		struct sock *k;
		int error;

		p->revents = 0;
		if (p->sock < 0)
			continue;
		error = sock_get(s, p->sock, &k);
		if (error != 0 && error != -EALREADY)
			p->revents = THOLE_NVAL;
		else
			p->revents =
				(uint16_t)(sock_level(s, k) & (p->events | THOLE_HUP | THOLE_ERR));
		ready += p->revents != 0;
	}
	return ready;
}

int
thole_poll(
	struct thole_sockets *sockets, struct thole_pollfd *polls, uint32_t n, uint64_t timeout_ns)
{
	struct sock_wait wait;
	uint32_t ready = 0;
	int error = sock_check(sockets);

	if (error != 0)
		return error;
	sock_wait_begin(&wait, timeout_ns);
	while (ready == 0 && sock_wait_more(sockets, &wait))
		ready = look(sockets, polls, n);
	sock_wait_end(sockets, &wait);
	return (int)ready;
}

void
sock_edge(struct thole_sockets *s, struct sock *k, uint32_t events)
{
	uint32_t i = sock_index(s, k);

	k->edges |= events & k->watched;
	if (k->edges == 0 || (k->flags & SF_EDGE) != 0)
		return;
	k->flags |= SF_EDGE;
	k->next_edge = SOCK_NONE;
	if (s->edge_head == SOCK_NONE)
		s->edge_head = i;
	else
		s->socks[s->edge_tail].next_edge = i;
	s->edge_tail = i;
}

int
thole_watch(struct thole_sockets *sockets, thole_sock sock, uint32_t events, uint64_t user)
{
	struct sock *k;
	int error = sock_get(sockets, sock, &k);

	if (error != 0)
		return error;
	k->watched = events != 0 ? events | THOLE_HUP | THOLE_ERR : 0;
	k->user = user;
	k->edges = 0;
	sock_edge(sockets, k, sock_level(sockets, k));
	return 0;
}

static uint32_t
take_edges(struct thole_sockets *s, struct thole_ready *ready, uint32_t max)
{
	uint32_t n = 0;

	while (n < max && s->edge_head != SOCK_NONE) {
		struct sock *k = &s->socks[s->edge_head];

		s->edge_head = k->next_edge;
		k->flags &= (uint16_t)~SF_EDGE;
		ready[n] = (struct thole_ready){
			.sock = sock_handle(s, k),
			.user = k->user,
			.events = k->edges & sock_level(s, k),
		};
		n += ready[n].events != 0;
		k->edges = 0;
	}
	return n;
}

int
thole_wait(
	struct thole_sockets *sockets, struct thole_ready *ready, uint32_t max, uint64_t timeout_ns)
{
	struct sock_wait wait;
	uint32_t n = 0;
	int error = sock_check(sockets);

	if (error != 0)
		return error;
	if (max == 0)
		return -EINVAL;
	sock_wait_begin(&wait, timeout_ns);
	while (n == 0 && sock_wait_more(sockets, &wait))
		n = take_edges(sockets, ready, max);
	sock_wait_end(sockets, &wait);
	return (int)n;
}
