/* SPDX-License-Identifier: BSD-3-Clause */
/* events.c: what the stacks say, and whose it is. */
#include <errno.h>

#include "socket/socket.h"

/* One more connection of a listener: queued, or reset. */
static void
accepted(struct thole_sockets *s, uint16_t ring, const struct thole_event *ev)
{
	struct sock *l = sock_find(s, (thole_sock)ev->user), *k;

	if (l == NULL || l->state != SOCK_LISTENING) {
		sock_abort_conn(&s->rings[ring], ev->conn); /* closed meanwhile */
		return;
	}
	k = l->listener.waiting < l->listener.backlog ? sock_new(s) : NULL;
	if (k == NULL) {
		s->stats.accepted_reset++;
		sock_abort_conn(&s->rings[ring], ev->conn);
		return;
	}
	sock_come(s, k, ring, ev);
	k->linger_ns = l->linger_ns;
	k->stream.credit = ev->bytes;
	sock_queue(s, l, k);
}

static void
listening(struct thole_sockets *s, uint16_t ring, const struct thole_event *ev)
{
	struct sock *k = sock_find(s, (thole_sock)ev->user);

	if (k == NULL || k->state != SOCK_LISTENING || k->listener.pending == 0)
		return;
	k->listener.pending--;
	if (ev->status != 0) {
		k->listener.open[ring / 64] &= ~(1ull << ring % 64);
		if (k->refused == 0)
			k->refused = ev->status;
	}
	if (k->listener.pending == 0 && k->refused != 0) {
		k->error = (int16_t)-k->refused;
		k->refused = 0;
		sock_unlisten(s, k);
		sock_edge(s, k, THOLE_ERR | THOLE_IN);
	}
}

static void
opening(struct thole_sockets *s, uint16_t ring, const struct thole_event *ev)
{
	struct sock *k = sock_find(s, (thole_sock)ev->user);

	if (k == NULL || (k->state != SOCK_CONNECTING && k->state != SOCK_CLOSING)) {
		sock_abort_conn(&s->rings[ring], ev->conn);
		return;
	}
	k->conn = ev->conn;
	if (k->state == SOCK_CLOSING) {
		sock_settle(s, k);
		return;
	}
	sock_map_add(s, k);
	if (k->refused != 0) {
		k->flags |= SF_OWES_ABORT;
		sock_settle(s, k);
	}
}

static void
connected(struct thole_sockets *s, struct sock *k, const struct thole_event *ev)
{
	if (k->refused != 0)
		return; /* the reset is on its way */
	k->state = SOCK_OPEN;
	k->flags |= SF_PEER;
	k->local = ev->local;
	k->remote = ev->remote;
	k->stream.credit = ev->bytes;
	sock_edge(s, k, THOLE_OUT);
}

static void
data(struct thole_sockets *s, struct sock *k, struct rte_mbuf *chain)
{
	struct sock_stream *in = &k->stream;
	uint32_t bytes = chain->pkt_len;

	/* Not open: it is being reset. */
	if ((k->flags & SF_SHUT_RD) != 0 || (k->state != SOCK_OPEN && k->state != SOCK_GIVING)) {
		rte_pktmbuf_free(chain);
		sock_took(s, k, bytes);
		return;
	}
	if (in->head == NULL)
		in->head = chain;
	else
		in->tail->next = chain;
	in->tail = rte_pktmbuf_lastseg(chain);
	in->unread += bytes;
	sock_edge(s, k, THOLE_IN);
}

static void
credit(struct thole_sockets *s, struct sock *k, uint32_t bytes)
{
	bool none = k->stream.credit <= 0;

	k->stream.credit += bytes;
	if (none && k->stream.credit > 0)
		sock_edge(s, k, THOLE_OUT);
}

/* A connection is over. It may be one that never came about, and was tried on one of several
 * workers. */
static void
closed(struct thole_sockets *s, struct sock *k, int status)
{
	bool elsewhere = k->conn == 0 && k->state == SOCK_CONNECTING &&
			 (status == -EADDRNOTAVAIL || status == -ENETUNREACH);
	bool unwanted =
		k->state == SOCK_GIVING && (k->flags & (SF_OWES_CLOSE | SF_OWES_ABORT)) != 0;
	int next;

	if (k->conn != 0)
		sock_map_remove(s, k);
	k->conn = 0;
	if (k->state == SOCK_OVER) /* it has been said why */
		return;
	if (k->state == SOCK_GIVING)
		sock_keep(k);
	if (k->refused != 0) {
		status = k->refused;
	} else if (elsewhere) {
		next = sock_connect_next(s, k);
		if (next == 0)
			return;
		if (next == -EAGAIN)
			status = -EAGAIN;
	}
	if (k->state == SOCK_CONNECTING) {
		sock_connect_failed(k, status);
	} else {
		k->state = SOCK_OVER;
		k->error = (int16_t)-status;
		k->stream.gets = 0;
	}
	if (unwanted) {
		sock_release(s, k);
		return;
	}
	sock_edge(s, k,
		THOLE_IN | THOLE_OUT | THOLE_RDHUP | THOLE_HUP | (status != 0 ? THOLE_ERR : 0));
}

static void
never_came_about(struct thole_sockets *s, const struct thole_event *ev)
{
	struct sock *k = sock_find(s, (thole_sock)ev->user);

	if (k == NULL || k->conn != 0)
		return;
	if (k->state == SOCK_CLOSING)
		sock_free(s, k);
	else if (k->state == SOCK_CONNECTING)
		closed(s, k, ev->status);
}

static void
answered(struct sock *k, int status, uint64_t value)
{
	if (k->stream.gets == 0)
		return;
	k->stream.gets--;
	k->stream.value = value;
	if (k->stream.answer == 0)
		k->stream.answer = (int16_t)status;
}

static void
info(struct sock_ring *r, int status)
{
	r->info_state = ASK_ANSWERED;
	r->info_status = status;
}

/* Of others CLOSED follows, or has been. */
static void
refused(struct thole_sockets *s, uint16_t ring, const struct thole_event *ev)
{
	struct sock *k;

	if (ev->op == THOLE_OP_GET && ev->conn == 0) {
		s->rings[ring].last_state = ASK_ANSWERED;
	} else if (ev->op == THOLE_OP_INFO) {
		info(&s->rings[ring], ev->status);
	} else if (ev->op == THOLE_OP_SET_NEW) {
		k = sock_find(s, (thole_sock)ev->conn);
		if (k != NULL && k->refused == 0)
			k->refused = ev->status;
	} else if (ev->op == THOLE_OP_GIVE) {
		k = sock_map_find(s, ring, ev->conn);
		if (k != NULL)
			sock_not_given(s, k, ev->status);
	} else if (ev->op == THOLE_OP_GET || ev->op == THOLE_OP_SET) {
		k = sock_map_find(s, ring, ev->conn);
		if (k == NULL)
			return;
		if (ev->op == THOLE_OP_GET)
			answered(k, ev->status, 0);
		else if (k->stream.answer == 0)
			k->stream.answer = ev->status;
	}
}

/* Events of connections that have a record. */
static void
about(struct thole_sockets *s, struct sock *k, const struct thole_event *ev)
{
	switch ((enum thole_event_type)ev->type) {
	case THOLE_EV_CONNECTED:
		connected(s, k, ev);
		return;
	case THOLE_EV_DATA:
		data(s, k, ev->mbuf);
		return;
	case THOLE_EV_PEER_CLOSED:
		k->flags |= SF_EOF;
		sock_edge(s, k, THOLE_IN | THOLE_RDHUP);
		return;
	case THOLE_EV_SENDABLE:
		credit(s, k, ev->bytes);
		return;
	case THOLE_EV_CLOSED:
		closed(s, k, ev->status);
		return;
	case THOLE_EV_SOFT_ERROR:
		k->soft_error = (int16_t)-ev->status;
		return;
	case THOLE_EV_OPTION:
		answered(k, 0, ev->user);
		return;
	case THOLE_EV_GIVEN:
		sock_given(s, k);
		return;
	case THOLE_EV_LISTENING:
	case THOLE_EV_ACCEPTED:
	case THOLE_EV_OPENING:
	case THOLE_EV_REFUSED:
	case THOLE_EV_INFO:
	case THOLE_EV_TAKEN:
		return;
	}
}

void
sock_event(struct thole_sockets *s, uint16_t ring, const struct thole_event *ev)
{
	struct sock *k;

	switch (ev->type) {
	case THOLE_EV_ACCEPTED:
		accepted(s, ring, ev);
		return;
	case THOLE_EV_LISTENING:
		listening(s, ring, ev);
		return;
	case THOLE_EV_OPENING:
		opening(s, ring, ev);
		return;
	case THOLE_EV_REFUSED:
		refused(s, ring, ev);
		return;
	case THOLE_EV_INFO:
		info(&s->rings[ring], 0);
		return;
	case THOLE_EV_TAKEN:
		sock_taken(s, ring, ev);
		return;
	}
	if (ev->type == THOLE_EV_CLOSED && ev->conn == 0) {
		never_came_about(s, ev);
		return;
	}
	k = sock_map_find(s, ring, ev->conn);
	if (k != NULL)
		about(s, k, ev);
	else if (ev->type == THOLE_EV_DATA) /* closed meanwhile */
		rte_pktmbuf_free(ev->mbuf);
}
