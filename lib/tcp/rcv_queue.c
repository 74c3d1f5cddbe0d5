/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcv_queue.c: received bytes: those in order that the application hasn't taken, mbufs linked by
 * next, and runs ahead of a hole (rcv_run.h). To append to either, to join two runs and to make
 * a run that is complete the application's takes a few steps however many mbufs there are; to find
 * a run takes one for each run before it. Memory is charged by mbuf, so small segments are gathered
 * in the room of their neighbours. SACK blocks are sack_out.c's.
 */
#include <string.h>

#include "tcp/rcv_run.h"
#include "tcp/tcp.h"

/* mbufs of a run, so that a queue with nothing in it has room for any; a packet's are 16 bits. */
#define RUN_SEGS_MAX (UINT16_MAX / 2)

/* mbufs linked by next, none of them empty; what tail->next is, its user knows. */
struct chain {
	struct rte_mbuf *head;
	struct rte_mbuf *tail;
	uint32_t bytes;
	uint32_t segs;
};

static void
trim_front(struct rte_mbuf *m, uint32_t n)
{
	m->data_off = (uint16_t)(m->data_off + n);
	m->data_len = (uint16_t)(m->data_len - n);
}

static __rte_noinline struct chain
cut_any_packet(struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	struct chain c = { 0 };
	struct rte_mbuf **link = &c.head;

	while (m != NULL) {
		struct rte_mbuf *next = m->next;
		uint32_t skip = RTE_MIN(off, (uint32_t)m->data_len);
		uint32_t n;

		off -= skip;
		trim_front(m, skip);
		n = RTE_MIN(len - c.bytes, (uint32_t)m->data_len);
		m->data_len = (uint16_t)n;
		m->next = NULL;
		m->nb_segs = 1;
		if (n != 0) {
			*link = c.tail = m;
			link = &m->next;
			c.bytes += n;
			c.segs++;
		} else {
			rte_pktmbuf_free_seg(m);
		}
		m = next;
	}
	return c;
}

/* Takes the mbuf of @p s, reduced to what is wanted, and frees those that have none of it. */
static inline struct chain
cut_packet(struct seg *s)
{
	struct rte_mbuf *m = s->m;
	const uint32_t off = s->payload_off, len = s->len;

	s->m = NULL;
	if (likely(m != NULL && m->nb_segs == 1 && m->data_len == off + len && len != 0)) {
		rte_prefetch0(m->cacheline1); /* for who frees it */
		trim_front(m, off);
		return (struct chain){ m, m, len, 1 };
	}
	if (s->more != 0) { /* tcp_takes_train() */
		uint32_t segs = m->nb_segs;

		m->nb_segs = 1;
		trim_front(m, off);
		return (struct chain){ m, run_tail(m), len, segs };
	}
	return cut_any_packet(m, off, len);
}

/* Takes the first @p n bytes off, and frees mbufs that had only those. */
static void
drop_front(struct chain *c, uint32_t n)
{
	c->bytes -= n;
	while (c->segs != 0) {
		struct rte_mbuf *m = c->head;
		uint32_t skip = RTE_MIN(n, (uint32_t)m->data_len);

		trim_front(m, skip);
		n -= skip;
		if (m->data_len != 0)
			break;
		c->head = m->next;
		c->segs--;
		m->next = NULL;
		rte_pktmbuf_free_seg(m);
	}
}

static void
free_chain(struct chain *c)
{
	drop_front(c, c->bytes);
}

/* Copies @p n bytes behind those of @p m. @return whether there is room. */
static bool
gather_behind(struct tcp_env *env, struct rte_mbuf *m, const uint8_t *bytes, uint32_t n)
{
	if (n > GATHER_BYTES || !mbufs_is_private(m) || rte_pktmbuf_tailroom(m) < n)
		return false;
	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len), bytes, n);
	m->data_len = (uint16_t)(m->data_len + n);
	env->stats->rx_copied_bytes += n;
	return true;
}

/* Copies @p n bytes before those of @p m: what stands there is headers of a packet that is ours. */
static bool
gather_before(struct tcp_env *env, struct rte_mbuf *m, const uint8_t *bytes, uint32_t n)
{
	if (n > GATHER_BYTES || !mbufs_is_private(m) || rte_pktmbuf_headroom(m) < n)
		return false;
	m->data_off = (uint16_t)(m->data_off - n);
	m->data_len = (uint16_t)(m->data_len + n);
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), bytes, n);
	env->stats->rx_copied_bytes += n;
	return true;
}

/* A copy of the last @p n bytes of @p m in an mbuf whose room is ours; NULL: none could be had. */
static struct rte_mbuf *
copy_back(struct tcp_env *env, const struct rte_mbuf *m, uint32_t n)
{
	struct rte_mbuf *copy = mbufs_get(env->mbufs);

	if (copy == NULL)
		return NULL;
	if (!gather_behind(
		    env, copy, rte_pktmbuf_mtod_offset(m, const uint8_t *, m->data_len - n), n)) {
		mbufs_put(env->mbufs, copy);
		return NULL;
	}
	return copy;
}

/*
 * Links @p c, whose tail->next is set, behind @p tail. A small first mbuf goes into the tail's
 * room; if that isn't ours or is full, into one that has room for those to come.
 */
static __rte_noinline void
join(struct tcp_env *env, struct rte_mbuf *tail, struct chain *c)
{
	struct rte_mbuf *m = c->head, *copy;

	if (m->data_len > GATHER_BYTES) {
		tail->next = m;
		return;
	}
	if (gather_behind(env, tail, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len)) {
		tail->next = m->next;
		c->head = --c->segs != 0 ? m->next : NULL;
		if (c->segs == 0)
			c->tail = tail;
	} else if (!mbufs_is_private(m) && (copy = copy_back(env, m, m->data_len)) != NULL) {
		tail->next = copy;
		copy->next = m->next;
		copy->hash.usr = m->hash.usr;
		c->head = copy;
		if (c->tail == m)
			c->tail = copy;
	} else {
		tail->next = m;
		return;
	}
	m->next = NULL;
	rte_pktmbuf_free_seg(m);
}

/* @p c, which nobody is charged for and whose tail->next is NULL, is in sequence. */
static inline void
append_text(struct tcp_env *env, struct tcb *t, struct chain *c)
{
	t->rcv_nxt += c->bytes;
	env->stats->rx_data_bytes += c->bytes;
	t->rcv_queued += c->bytes;
	t->rcv_unread += c->bytes;
	t->events |= TE_DATA;
	if (t->rcv_tail == NULL)
		t->rcv_head = c->head;
	else
		join(env, t->rcv_tail, c);
	t->rcv_tail = c->tail;
	t->rcv_segs = (uint16_t)(t->rcv_segs + c->segs);
	env->stats->mbufs_held += c->segs;
}

void
tcp_rcv_append(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	struct chain c;

	env->rx_shared |=
		s->m != NULL && (s->m->data_len == s->payload_off || RTE_MBUF_CLONED(s->m));
	env->rx_bulk |= s->len > GATHER_BYTES;
	c = cut_packet(s);
	if (c.segs == 0)
		return;
	if (t->rcv_segs + c.segs > UINT16_MAX) { /* the peer sends it again */
		env->stats->rx_drop_memory++;
		t->flags |= TF_ACK_NOW;
		free_chain(&c);
		return;
	}
	append_text(env, t, &c);
}

static void
set_run(struct rte_mbuf *run, uint32_t bytes, uint32_t segs, struct rte_mbuf *tail)
{
	run->pkt_len = bytes;
	run->nb_segs = (uint16_t)segs;
	run->tx_offload = (uintptr_t)tail;
}

/* Joins @p c, which follows @p run, to it. Of its mbufs, the caller is told how many are left. */
static void
extend(struct tcp_env *env, struct rte_mbuf *run, struct chain *c)
{
	join(env, run_tail(run), c);
	set_run(run, run->pkt_len + c->bytes, run->nb_segs + c->segs, c->tail);
}

static bool
meet(const struct rte_mbuf *run, const struct rte_mbuf *next)
{
	return run != NULL && next != NULL && run_end(run) == run_seq(next) &&
	       run->nb_segs + next->nb_segs <= RUN_SEGS_MAX;
}

/* Joins to @p run the one behind it. */
static void
merge(struct tcp_env *env, struct rte_mbuf *run)
{
	struct rte_mbuf *next = run_next(run);
	struct chain c = { next, run_tail(next), next->pkt_len, next->nb_segs };

	env->stats->mbufs_held -= c.segs;
	next->nb_segs = 1;
	extend(env, run, &c);
	env->stats->mbufs_held += c.segs;
}

/* Cuts @p m after @p n bytes. @return what is behind them; NULL: no mbuf. */
static struct rte_mbuf *
split(struct tcp_env *env, struct rte_mbuf *m, uint32_t n)
{
	uint32_t behind = m->data_len - n;
	struct rte_mbuf *rest = NULL;

	if (behind <= GATHER_BYTES)
		rest = copy_back(env, m, behind);
	if (rest == NULL && (rest = mbufs_get(env->mbufs)) != NULL) {
		rte_pktmbuf_attach(rest, m);
		trim_front(rest, n);
	}
	m->data_len = (uint16_t)n;
	return rest;
}

/* A segment's way along the runs ahead. */
struct way {
	struct chain c; /* what isn't in its place yet, */
	uint32_t seq;	/* and from where on it is */
	uint32_t stamp;
	unsigned int splits;
	struct rte_mbuf **before; /* link of the run before seq; NULL: there is none */
	struct rte_mbuf **link;	  /* of the run that ends after seq */
};

/*
 * Takes the first @p n bytes off @p w, which then has the rest. If an mbuf must be split for it and
 * can't be, the rest is lost.
 */
static struct chain
take_front(struct tcp_env *env, struct way *w, uint32_t n)
{
	struct chain front = { .head = w->c.head, .bytes = n };
	struct rte_mbuf *m = w->c.head;

	w->c.bytes -= n;
	for (;;) {
		uint32_t seq = w->seq;

		m->hash.usr = seq;
		front.tail = m;
		front.segs++;
		w->c.segs--;
		if (m->data_len >= n)
			break;
		n -= m->data_len;
		w->seq += m->data_len;
		m = m->next;
	}
	w->seq += n;
	w->c.head = m->next;
	if (m->data_len > n) {
		struct rte_mbuf *rest = w->splits++ < AHEAD_SPLITS ? split(env, m, n) : NULL;

		if (rest == NULL) {
			w->c.bytes -= m->data_len - n;
			m->data_len = (uint16_t)n;
			free_chain(&w->c);
			env->stats->rx_drop_memory++;
		} else {
			rest->next = m->next;
			w->c.head = rest;
			if (w->c.segs++ == 0)
				w->c.tail = rest;
		}
	}
	return front;
}

/* Puts the first @p n bytes, which lie between the two runs, in the room of one of them. */
static bool
gather(struct tcp_env *env, struct way *w, struct rte_mbuf *before, struct rte_mbuf *at, uint32_t n)
{
	const uint8_t *bytes = rte_pktmbuf_mtod(w->c.head, const uint8_t *);

	if (n > w->c.head->data_len)
		return false;
	if (before != NULL && run_end(before) == w->seq &&
		gather_behind(env, run_tail(before), bytes, n)) {
		before->pkt_len += n;
		before->hash.fdir.hi = w->stamp;
	} else if (at != NULL && run_seq(at) == w->seq + n && gather_before(env, at, bytes, n)) {
		at->hash.usr -= n;
		at->pkt_len += n;
		at->hash.fdir.hi = w->stamp;
	} else {
		return false;
	}
	drop_front(&w->c, n);
	w->seq += n;
	return true;
}

/* Puts the first @p n bytes between the two runs that they lie between, and joins what touches. */
static void
fill(struct tcp_env *env, struct way *w, uint32_t n)
{
	struct rte_mbuf *before = w->before != NULL ? *w->before : NULL, *at = *w->link;

	if (!gather(env, w, before, at, n)) {
		uint32_t seq = w->seq;
		struct chain piece = take_front(env, w, n);

		piece.tail->next = at;
		if (before != NULL && run_end(before) == seq &&
			before->nb_segs + piece.segs <= RUN_SEGS_MAX) {
			extend(env, before, &piece);
		} else {
			before = *w->link = piece.head;
			w->before = w->link;
			set_run(before, piece.bytes, piece.segs, piece.tail);
		}
		env->stats->mbufs_held += piece.segs;
		before->hash.fdir.hi = w->stamp;
	}
	if (meet(before, at)) {
		merge(env, before);
		before->hash.fdir.hi = w->stamp;
	}
	if (w->before != NULL)
		w->link = w->before; /* what it is now, the way looks at again */
	w->before = NULL;
}

/*
 * What is there wins: a later copy can't change bytes that were taken (RFC 9293 leaves it open).
 * Of what came twice in one segment the first stretch is reported (RFC 2883, 4).
 */
void
tcp_rcv_keep_ahead(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	struct way w = {
		.c = cut_packet(s),
		.seq = s->seq,
		.stamp = ++env->rcv_stamp,
		.link = &t->ooo_head,
	};
	/* Its front may have been old, and is then what is reported. */
	bool told = (t->opts & TO_DSACK) != 0 && t->dsack_right == s->seq && s->seq == t->rcv_nxt;
	unsigned int steps = 0;

	if (w.seq != t->rcv_nxt)
		env->stats->rx_ooo_segs++;
	while (w.c.segs != 0) {
		struct rte_mbuf *at = *w.link;
		uint32_t n = w.c.bytes;

		if (at != NULL && ++steps > AHEAD_STEPS) {
			env->stats->rx_drop_memory++; /* the peer sends it again */
			free_chain(&w.c);
		} else if (at != NULL && seq_geq(w.seq, run_end(at))) {
			w.before = w.link;
			w.link = &run_tail(at)->next;
		} else if (at != NULL && seq_geq(w.seq, run_seq(at))) { /* its front is there */
			n = RTE_MIN(run_end(at) - w.seq, n);
			env->stats->rx_dup_bytes += n;
			at->hash.fdir.hi = w.stamp;
			if (!told)
				tcp_dsack_note(t, w.seq, w.seq + n);
			told = true;
			drop_front(&w.c, n);
			w.seq += n;
		} else {
			if (at != NULL && seq_lt(run_seq(at), w.seq + n))
				n = run_seq(at) - w.seq;
			fill(env, &w, n);
		}
	}
}

void
tcp_rcv_pull_ahead(struct tcp_env *env, struct tcb *t)
{
	struct rte_mbuf *m;

	while ((m = t->ooo_head) != NULL && seq_leq(run_seq(m), t->rcv_nxt)) {
		struct chain c = { m, run_tail(m), m->pkt_len, m->nb_segs };
		uint32_t old = RTE_MIN(t->rcv_nxt - run_seq(m), c.bytes);

		/* Then it waits until the application has taken what there is. */
		if (t->rcv_segs + c.segs > UINT16_MAX)
			break;
		t->ooo_head = c.tail->next;
		c.tail->next = NULL;
		m->nb_segs = 1;
		env->stats->mbufs_held -= c.segs;
		env->stats->rx_dup_bytes += old;
		drop_front(&c, old);
		if (c.segs != 0)
			append_text(env, t, &c);
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
		m->next = NULL;
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
