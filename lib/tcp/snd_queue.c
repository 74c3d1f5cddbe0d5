/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * snd_queue.c: what the application gave us to send and the peer hasn't acknowledged: mbufs linked
 * by next, which hold the bytes from snd_una (somewhere in the first) to snd_end. Each keeps the
 * sequence number of its first byte in hash.usr, which is ours. Payload is never written: a device
 * may still hold an earlier copy. What is in front of the first byte of an mbuf is written, once
 * nobody else refers to it: headers stand there as they would in a packet of its own.
 */
#include <string.h>

#include "tcp/snd_share.h"

void
tcp_snd_append(struct tcb *t, struct rte_mbuf *chain)
{
	if (t->snd_head == NULL)
		t->snd_head = chain;
	else
		t->snd_tail->next = chain;
	if (t->snd_cur == NULL)
		t->snd_cur = chain;
	for (struct rte_mbuf *m = chain; m != NULL; m = m->next) {
		m->hash.usr = t->snd_end;
		t->snd_end += m->data_len;
		t->snd_tail = m;
	}
}

void
tcp_snd_acked(struct tcb *t, uint32_t ack)
{
	struct rte_mbuf *m = t->snd_head;

	while (m != NULL && seq_leq(m->hash.usr + m->data_len, ack)) {
		struct rte_mbuf *next = m->next;

		if (m == t->snd_cur)
			t->snd_cur = next;
		rte_pktmbuf_free_seg(m);
		m = next;
	}
	t->snd_head = m;
	if (m == NULL)
		t->snd_tail = NULL;
}

struct rte_mbuf *
tcp_snd_seek(struct tcb *t, uint32_t seq)
{
	while (seq - t->snd_cur->hash.usr >= t->snd_cur->data_len && t->snd_cur->next != NULL)
		t->snd_cur = t->snd_cur->next;
	return t->snd_cur;
}

static struct rte_mbuf *
copy_out(struct rte_mbuf *head, const struct rte_mbuf *src, uint32_t off, uint32_t len)
{
	uint8_t *to = rte_pktmbuf_mtod(head, uint8_t *);

	head->data_len = (uint16_t)len;
	head->pkt_len = len;
	for (; len > 0; src = src->next, off = 0) {
		uint32_t n = RTE_MIN(len, src->data_len - off);

		memcpy(to, rte_pktmbuf_mtod_offset(src, const uint8_t *, off), n);
		to += n;
		len -= n;
	}
	return head;
}

/* What follows @p head of the bytes from @p off of @p src on. */
static struct rte_mbuf *
share_rest(struct tcp_env *env, struct rte_mbuf *head, struct rte_mbuf *src, uint32_t off,
	uint32_t len)
{
	struct rte_mbuf *last = head;

	for (; len > 0; src = src->next, off = 0) {
		uint32_t n = RTE_MIN(len, src->data_len - off);
		struct rte_mbuf *piece;

		if (n == 0)
			continue;
		piece = snd_share(env, src, off, n);
		if (piece == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		last->next = piece;
		last = piece;
		head->nb_segs++;
		head->pkt_len += n;
		len -= n;
	}
	return head;
}

struct rte_mbuf *
tcp_snd_cut(struct tcp_env *env, struct rte_mbuf *from, uint32_t seq, uint32_t len)
{
	uint32_t off = seq - from->hash.usr, first = 0;
	struct rte_mbuf *head;

	if (off == 0 && len > COPY_BYTES && snd_has_room(from)) {
		first = RTE_MIN(len, (uint32_t)from->data_len);
		head = snd_share(env, from, 0, first);
	} else {
		head = mbufs_get(env->mbufs);
	}
	if (head == NULL || first == len)
		return head;
	if (len <= COPY_BYTES && len <= rte_pktmbuf_tailroom(head)) {
		env->stats->tx_copied_bytes += len;
		return copy_out(head, from, off, len);
	}
	return share_rest(env, head, first != 0 ? from->next : from, off, len - first);
}
