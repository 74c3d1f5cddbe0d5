/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream.c: bytes out and in, by copy and by mbuf. What is sent goes to the worker at once, within
 * its credit; what came waits here, and its window with it.
 */
#include <errno.h>
#include <string.h>

#include "socket/socket.h"

#define OP_MOST (1u << 20) /* bytes of a SEND made by copy: keeps nb_segs small */

/* A place in an array of parts. */
struct cursor {
	const struct iovec *parts;
	int n;
	size_t at; /* in the first of them */
};

static size_t
parts_bytes(const struct iovec *parts, int n)
{
	size_t bytes = 0;

	for (int i = 0; i < n; i++)
		bytes += parts[i].iov_len;
	return bytes;
}

/* The rest of the part that the cursor is in, @p max at most. */
static size_t
cursor_run(struct cursor *c, size_t max, void **p)
{
	size_t left;

	while (c->n > 0 && c->at == c->parts->iov_len) {
		c->parts++;
		c->n--;
		c->at = 0;
	}
	if (c->n == 0)
		return 0;
	left = c->parts->iov_len - c->at;
	*p = (uint8_t *)c->parts->iov_base + c->at;
	return RTE_MIN(left, max);
}

/* 0, or why nothing can be sent; an error that is to be told stays. */
static int
may_send(struct thole_sockets *s, struct sock *k)
{
	switch ((enum sock_state)k->state) {
	case SOCK_OPEN:
		break;
	case SOCK_CONNECTING:
		return -EAGAIN;
	case SOCK_OVER:
		return k->error != 0 ? -k->error : -EPIPE;
	case SOCK_NEW:
	case SOCK_LISTENING:
	case SOCK_GIVING:
	case SOCK_TAKING:
	case SOCK_CLOSING:
	case SOCK_FREE:
		return k->error != 0 ? -k->error : -ENOTCONN;
	}
	if ((k->flags & SF_SHUT_WR) != 0)
		return -EPIPE;
	if (k->stream.credit <= 0)
		return -EAGAIN;
	if (sock_has_room(&s->rings[k->ring], 1))
		return 0;
	k->flags |= SF_OWES_OUT;
	sock_settle(s, k);
	return -EAGAIN;
}

/* There is room: may_send() said so. */
static void
send_chain(struct thole_sockets *s, struct sock *k, struct rte_mbuf *chain)
{
	const struct thole_op op = { .type = THOLE_OP_SEND, .conn = k->conn, .mbuf = chain };

	k->stream.credit -= chain->pkt_len;
	(void)sock_post(&s->rings[k->ring], &op, 1);
}

/* An mbuf filled from the parts, @p max bytes at most. */
static struct rte_mbuf *
fill_mbuf(struct rte_mempool *pool, struct cursor *from, size_t max)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	size_t run, n = 0;
	void *p;

	if (m == NULL)
		return NULL;
	max = RTE_MIN(max, (size_t)rte_pktmbuf_tailroom(m));
	while (n < max && (run = cursor_run(from, max - n, &p)) != 0) {
		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, n), p, run);
		from->at += run;
		n += run;
	}
	m->data_len = (uint16_t)n;
	m->pkt_len = (uint32_t)n;
	return m;
}

/* @return a chain of @p max bytes at most; of fewer, or NULL, when the pool is empty. */
static struct rte_mbuf *
copy_in(struct rte_mempool *pool, struct cursor *from, size_t max)
{
	struct rte_mbuf *head = NULL, *last = NULL, *m;

	while (max > 0 && (m = fill_mbuf(pool, from, max)) != NULL) {
		max -= m->data_len;
		if (head == NULL) {
			head = m;
		} else {
			head->pkt_len += m->data_len;
			head->nb_segs++;
			last->next = m;
		}
		last = m;
	}
	return head;
}

/* One SEND's worth. @return bytes, or why none. */
static int64_t
send_some(struct thole_sockets *s, struct sock *k, struct cursor *from, size_t max)
{
	int64_t bytes = may_send(s, k);
	struct rte_mbuf *chain;

	if (bytes != 0)
		return bytes;
	max = RTE_MIN(max, (size_t)k->stream.credit);
	max = RTE_MIN(max, (size_t)OP_MOST);
	chain = copy_in(s->config.pool, from, max);
	if (chain == NULL || chain->pkt_len < max) {
		k->flags |= SF_OWES_OUT; /* nobody says when the pool has some again */
		sock_settle(s, k);
	}
	if (chain == NULL)
		return -ENOBUFS;
	bytes = chain->pkt_len;
	s->stats.copied_bytes += (uint64_t)bytes;
	send_chain(s, k, chain);
	return bytes;
}

/* An error that ended the connection counts as told when it is what the call returns. While it is
 * open an error is thole_give()'s, which may read as what such a call returns by itself. */
static int64_t
told(struct sock *k, int64_t result)
{
	if (k->state != SOCK_OPEN && result < 0 && result == -k->error)
		k->error = 0;
	return result;
}

int64_t
thole_sendv(struct thole_sockets *sockets, thole_sock sock, const struct iovec *parts, int n,
	uint64_t timeout_ns)
{
	struct cursor from = { parts, n, 0 };
	struct sock_wait wait;
	struct sock *k;
	size_t bytes, done = 0;
	int64_t got = sock_get(sockets, sock, &k);

	if (got != 0)
		return got;
	if (n < 0)
		return -EINVAL;
	bytes = parts_bytes(parts, n);
	sock_wait_begin(&wait, timeout_ns);
	while (done < bytes) {
		got = send_some(sockets, k, &from, bytes - done);
		if (got > 0)
			done += (size_t)got;
		else if ((got != -EAGAIN && got != -ENOBUFS) || !sock_wait_more(sockets, &wait))
			break;
	}
	sock_wait_end(sockets, &wait);
	return done > 0 ? (int64_t)done : told(k, got);
}

int64_t
thole_send(struct thole_sockets *sockets, thole_sock sock, const void *data, size_t bytes,
	uint64_t timeout_ns)
{
	const struct iovec part = { (void *)(uintptr_t)data, bytes };

	return thole_sendv(sockets, sock, &part, 1, timeout_ns);
}

int64_t
thole_send_mbuf(
	struct thole_sockets *sockets, thole_sock sock, struct rte_mbuf *chain, uint64_t timeout_ns)
{
	struct sock_wait wait;
	struct sock *k;
	int64_t got = sock_get(sockets, sock, &k);

	if (got != 0)
		return got;
	if (chain->pkt_len == 0)
		return -EINVAL;
	sock_wait_begin(&wait, timeout_ns);
	do
		got = may_send(sockets, k);
	while (got == -EAGAIN && sock_wait_more(sockets, &wait));
	if (got == 0) {
		got = chain->pkt_len;
		sockets->stats.moved_bytes += (uint64_t)got;
		send_chain(sockets, k, chain);
	}
	sock_wait_end(sockets, &wait);
	return told(k, got);
}

/* -EAGAIN, another error (that stays to be told), 0 at the end, 1: there is data. */
static int
may_recv(const struct sock *k)
{
	switch ((enum sock_state)k->state) {
	case SOCK_OPEN:
		if (k->stream.unread != 0)
			return 1;
		return (k->flags & (SF_EOF | SF_SHUT_RD)) != 0 ? 0 : -EAGAIN;
	case SOCK_OVER:
		return k->stream.unread != 0 ? 1 : -k->error;
	case SOCK_CONNECTING:
		return -EAGAIN;
	case SOCK_NEW:
	case SOCK_LISTENING:
	case SOCK_GIVING:
	case SOCK_TAKING:
	case SOCK_CLOSING:
	case SOCK_FREE:
		break;
	}
	return k->error != 0 ? -k->error : -ENOTCONN;
}

static int
wait_for_data(struct thole_sockets *s, struct sock *k, uint64_t timeout_ns)
{
	struct sock_wait wait;
	int got;

	sock_wait_begin(&wait, timeout_ns);
	do
		got = may_recv(k);
	while (got == -EAGAIN && sock_wait_more(s, &wait));
	sock_wait_end(s, &wait);
	return (int)told(k, got);
}

void
sock_took(struct thole_sockets *s, struct sock *k, uint64_t bytes)
{
	if (k->state != SOCK_OPEN && k->state != SOCK_GIVING)
		return;
	k->stream.unsaid += (uint32_t)bytes;
	sock_settle(s, k);
}

/* The first mbuf, out of the queue. */
static struct rte_mbuf *
pop(struct sock_stream *in)
{
	struct rte_mbuf *m = in->head;

	in->head = m->next;
	m->next = NULL;
	m->nb_segs = 1;
	m->pkt_len = m->data_len;
	if (in->head == NULL)
		in->tail = NULL;
	return m;
}

void
sock_stream_free(struct sock_stream *in)
{
	while (in->head != NULL)
		rte_pktmbuf_free(pop(in));
	in->unread = 0;
}

void
sock_drop_input(struct thole_sockets *s, struct sock *k)
{
	uint64_t bytes = k->stream.unread;

	sock_stream_free(&k->stream);
	if (bytes != 0)
		sock_took(s, k, bytes);
}

static size_t
copy_out(struct sock_stream *in, struct cursor *to, size_t max)
{
	size_t run, done = 0;
	void *p = NULL;

	while (done < max && in->head != NULL) {
		struct rte_mbuf *m = in->head;

		run = cursor_run(to, m->data_len, &p);
		if (run != 0)
			memcpy(p, rte_pktmbuf_mtod(m, void *), run);
		to->at += run;
		done += run;
		m->data_off = (uint16_t)(m->data_off + run);
		m->data_len = (uint16_t)(m->data_len - run);
		if (m->data_len == 0)
			rte_pktmbuf_free(pop(in));
	}
	return done;
}

int64_t
thole_recvv(struct thole_sockets *sockets, thole_sock sock, const struct iovec *parts, int n,
	uint64_t timeout_ns)
{
	struct cursor to = { parts, n, 0 };
	struct sock *k;
	size_t bytes;
	int64_t got = sock_get(sockets, sock, &k);

	if (got != 0)
		return got;
	if (n < 0)
		return -EINVAL;
	bytes = parts_bytes(parts, n);
	if (bytes == 0)
		return 0;
	got = wait_for_data(sockets, k, timeout_ns);
	if (got != 1)
		return got;
	bytes = copy_out(&k->stream, &to, bytes);
	k->stream.unread -= bytes;
	sockets->stats.copied_bytes += bytes;
	sock_took(sockets, k, bytes);
	return (int64_t)bytes;
}

int64_t
thole_recv(struct thole_sockets *sockets, thole_sock sock, void *data, size_t bytes,
	uint64_t timeout_ns)
{
	const struct iovec part = { data, bytes };

	return thole_recvv(sockets, sock, &part, 1, timeout_ns);
}

static struct rte_mbuf *
take_chain(struct sock_stream *in, size_t max)
{
	struct rte_mbuf *head, *last;

	while (in->head->data_len == 0)
		rte_pktmbuf_free(pop(in));
	head = last = pop(in);

	while (in->head != NULL && head->nb_segs < UINT16_MAX &&
		head->pkt_len + (size_t)in->head->data_len <= max) {
		last->next = pop(in);
		last = last->next;
		head->nb_segs++;
		head->pkt_len += last->data_len;
	}
	in->unread -= head->pkt_len;
	return head;
}

int64_t
thole_recv_mbuf(struct thole_sockets *sockets, thole_sock sock, struct rte_mbuf **chain,
	size_t max_bytes, uint64_t timeout_ns)
{
	struct sock *k;
	int64_t got = sock_get(sockets, sock, &k);

	*chain = NULL;
	if (got != 0)
		return got;
	got = wait_for_data(sockets, k, timeout_ns);
	if (got != 1)
		return got;
	*chain = take_chain(&k->stream, max_bytes);
	got = (*chain)->pkt_len;
	sockets->stats.moved_bytes += (uint64_t)got;
	sock_took(sockets, k, (uint64_t)got);
	return got;
}
