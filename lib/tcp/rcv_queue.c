/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcv_queue.c: received bytes: those in order that the application hasn't taken, and segments ahead
 * of a hole, sorted and without overlap. Both are mbufs linked by next; those ahead keep their
 * sequence number in hash.usr, which is ours once the packet is. Memory is charged by mbuf, so
 * small segments are gathered in the tail's room.
 */
#include <string.h>

#include "tcp/tcp.h"

/* Segments up to this size are gathered. */
#define GATHER_BYTES 256
/* What one segment may cost: pieces passed on the way to its place, and pieces made of it. */
#define AHEAD_STEPS  256
#define AHEAD_SPLITS 2

static void
trim_front(struct rte_mbuf *m, uint32_t n)
{
	m->data_off = (uint16_t)(m->data_off + n);
	m->data_len = (uint16_t)(m->data_len - n);
}

/* Reduces the chain to its @p len bytes from @p off on, and frees mbufs that have none of them. */
static struct rte_mbuf *
cut_chain(struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	struct rte_mbuf *head = NULL, **link = &head;

	while (m != NULL) {
		struct rte_mbuf *next = m->next;
		uint32_t skip = RTE_MIN(off, (uint32_t)m->data_len);
		uint32_t n;

		off -= skip;
		trim_front(m, skip);
		n = RTE_MIN(len, (uint32_t)m->data_len);
		len -= n;
		m->data_len = (uint16_t)n;
		m->next = NULL;
		if (n != 0) {
			*link = m;
			link = &m->next;
		} else {
			rte_pktmbuf_free_seg(m);
		}
		m = next;
	}
	return head;
}

static bool
gather(struct tcb *t, struct rte_mbuf *m)
{
	struct rte_mbuf *tail = t->rcv_tail;
	uint32_t n = m->data_len;

	if (tail == NULL || n > GATHER_BYTES || m->next != NULL || !RTE_MBUF_DIRECT(tail) ||
		rte_mbuf_refcnt_read(tail) != 1 || rte_pktmbuf_tailroom(tail) < n)
		return false;
	memcpy(rte_pktmbuf_mtod_offset(tail, uint8_t *, tail->data_len),
		rte_pktmbuf_mtod(m, uint8_t *), n);
	tail->data_len = (uint16_t)(tail->data_len + n);
	rte_pktmbuf_free_seg(m);
	return true;
}

static void
append(struct tcp_env *env, struct tcb *t, struct rte_mbuf *chain)
{
	uint32_t bytes = 0;

	for (const struct rte_mbuf *m = chain; m != NULL; m = m->next)
		bytes += m->data_len;
	t->rcv_queued += bytes;
	t->rcv_unread += bytes;
	t->events |= TE_DATA;
	if (gather(t, chain))
		return;
	if (t->rcv_tail == NULL)
		t->rcv_head = chain;
	else
		t->rcv_tail->next = chain;
	for (struct rte_mbuf *m = chain; m != NULL; m = m->next) {
		t->rcv_tail = m;
		t->rcv_segs++;
		env->stats->mbufs_held++;
	}
}

void
tcp_rcv_append(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	struct rte_mbuf *chain = cut_chain(s->m, s->payload_off, s->len);

	s->m = NULL;
	t->rcv_nxt += s->len;
	env->stats->rx_data_bytes += s->len;
	if (chain != NULL)
		append(env, t, chain);
}

/* Cuts @p m after @p n bytes. @return what is behind them; NULL: no mbuf, the peer sends it again.
 */
static struct rte_mbuf *
split(struct tcp_env *env, struct rte_mbuf *m, uint32_t n)
{
	struct rte_mbuf *rest = mbufs_get(env->mbufs);

	if (rest != NULL) {
		rte_pktmbuf_attach(rest, m);
		trim_front(rest, n);
	}
	m->data_len = (uint16_t)n;
	return rest;
}

static void
link_ahead(struct tcp_env *env, struct rte_mbuf **link, struct rte_mbuf *m, uint32_t seq)
{
	m->hash.usr = seq;
	m->next = *link;
	*link = m;
	env->stats->mbufs_held++;
}

/*
 * Puts one mbuf of bytes at @p seq in its place ahead, cut to what isn't there yet. What is there
 * wins: a later copy can't change bytes that were taken (RFC 9293 leaves it open).
 */
static void
insert_ahead(struct tcp_env *env, struct tcb *t, struct rte_mbuf *m, uint32_t seq)
{
	struct rte_mbuf **link = &t->ooo_head;
	unsigned int steps = 0, splits = 0;

	while (*link != NULL && m->data_len != 0) {
		struct rte_mbuf *at = *link;
		uint32_t at_end = at->hash.usr + at->data_len;
		uint32_t end = seq + m->data_len;

		if (++steps > AHEAD_STEPS || splits > AHEAD_SPLITS) {
			env->stats->rx_drop_memory++; /* the peer sends it again */
			m->data_len = 0;
			break;
		}
		if (seq_geq(seq, at_end)) {
			link = &at->next;
			continue;
		}
		if (seq_leq(end, at->hash.usr))
			break;
		if (seq_geq(seq, at->hash.usr)) { /* its front is there */
			uint32_t n = RTE_MIN(at_end - seq, (uint32_t)m->data_len);

			trim_front(m, n);
			seq += n;
			env->stats->rx_dup_bytes += n;
			link = &at->next;
		} else if (seq_leq(end, at_end)) { /* its end is there */
			env->stats->rx_dup_bytes += end - at->hash.usr;
			m->data_len = (uint16_t)(at->hash.usr - seq);
			break;
		} else { /* it lies around what is there: two pieces */
			struct rte_mbuf *rest = split(env, m, at->hash.usr - seq);

			splits++;
			env->stats->rx_dup_bytes += at->data_len;
			link_ahead(env, link, m, seq);
			if (rest == NULL)
				return;
			m = rest;
			trim_front(m, at->data_len);
			seq = at_end;
			link = &at->next;
		}
	}
	if (m->data_len == 0) {
		rte_pktmbuf_free_seg(m);
		return;
	}
	link_ahead(env, link, m, seq);
}

void
tcp_rcv_keep_ahead(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	struct rte_mbuf *m = cut_chain(s->m, s->payload_off, s->len);
	uint32_t seq = s->seq;

	s->m = NULL;
	if (seq != t->rcv_nxt)
		env->stats->rx_ooo_segs++;
	while (m != NULL) {
		struct rte_mbuf *next = m->next;
		uint32_t n = m->data_len;

		m->next = NULL;
		insert_ahead(env, t, m, seq);
		seq += n;
		m = next;
	}
}

void
tcp_rcv_pull_ahead(struct tcp_env *env, struct tcb *t)
{
	struct rte_mbuf *m;

	while ((m = t->ooo_head) != NULL && seq_leq(m->hash.usr, t->rcv_nxt)) {
		uint32_t old = RTE_MIN(t->rcv_nxt - m->hash.usr, (uint32_t)m->data_len);

		t->ooo_head = m->next;
		m->next = NULL;
		env->stats->mbufs_held--;
		env->stats->rx_dup_bytes += old;
		trim_front(m, old);
		if (m->data_len == 0) {
			rte_pktmbuf_free_seg(m);
			continue;
		}
		t->rcv_nxt += m->data_len;
		env->stats->rx_data_bytes += m->data_len;
		append(env, t, m);
	}
}

void
tcp_rcv_drop_ahead(struct tcp_env *env, struct tcb *t)
{
	struct rte_mbuf *m = t->ooo_head;

	t->ooo_head = NULL;
	while (m != NULL) {
		struct rte_mbuf *next = m->next;

		env->stats->mbufs_held--;
		rte_pktmbuf_free_seg(m);
		m = next;
	}
}

struct rte_mbuf *
tcp_rcv_take(struct tcp_env *env, struct tcb *t, uint32_t *bytes)
{
	struct rte_mbuf *m = t->rcv_head;

	*bytes = t->rcv_queued;
	if (m == NULL)
		return NULL;
	m->pkt_len = t->rcv_queued;
	m->nb_segs = t->rcv_segs;
	env->stats->mbufs_held -= t->rcv_segs;
	t->rcv_head = t->rcv_tail = NULL;
	t->rcv_segs = 0;
	t->rcv_queued = 0;
	return m;
}
