/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tx.c: output is pulled: records that owe a segment stand in lists, and packets are built for the
 * room that the caller has. Stateless replies go first, then handshakes, then connections in turn.
 */
#include "stack/stack.h"
#include "tcp/counters.h"

#define TURN_PKTS 16 /* of one connection before it is the next one's turn */

struct tx {
	struct rte_mbuf **pkts;
	uint16_t n;
	uint16_t max;
};

static void
tx_replies(struct thole_stack *s, struct tx *tx)
{
	while (s->replies_n > 0 && tx->n < tx->max) {
		tx->pkts[tx->n++] = s->replies[s->replies_head];
		s->replies_head = (s->replies_head + 1) & (REPLIES_MAX - 1);
		s->replies_n--;
	}
}

/* @return false when there is no mbuf: no use in going on. */
static inline bool
tx_embryo(struct thole_stack *s, struct tx *tx, uint32_t i, struct embryo *e)
{
	const uint8_t flags = e->flags;
	struct wire_path path;
	struct rte_mbuf *m;

	if (unlikely(!conn_path(s, &e->key, &e->neigh, &path))) {
		list_push_embryo(s, &s->wait_embryos, i);
		return true;
	}
	if (likely(s->env.nb_profiles == 0)) {
		m = embryo_emit(&s->env, &s->env.settings.terms, e, &path);
	} else {
		const struct tcp_settings *set = &s->listeners[e->listener].settings;

		conn_path_profile(s, set->profile, &path);
		m = embryo_emit(&s->env, &set->terms, e, &path);
	}
	if (unlikely(m == NULL)) {
		list_push_embryo(s, &s->out_embryos, i);
		return false;
	}
	tx->pkts[tx->n++] = m;
	if (likely((flags & EF_SYN_ACK) != 0)) {
		s->stats.tx_syn_acks++;
		if (unlikely((flags & EF_SENT) != 0)) {
			s->stats.retransmits++;
			e->repeated = 1;
		}
		e->flags = EF_SENT;
	} else {
		e->flags &= EF_SENT;
	}
	return true;
}

static bool
tx_embryos(struct thole_stack *s, struct tx *tx, uint16_t most)
{
	uint32_t i;

	while (tx->n < most && (i = list_pop_embryo(s, &s->out_embryos)) != SLAB_NONE) {
		struct embryo *e = stack_embryo(s, i);

		if (unlikely(e->listener == NO_INDEX))
			slab_put(&s->embryos, i); /* it ended while it stood here */
		else if (unlikely(!tx_embryo(s, tx, i, e)))
			return false;
	}
	return true;
}

static bool
tx_conn(struct thole_stack *s, struct tx *tx, struct tcb *t)
{
	uint16_t room = (uint16_t)RTE_MIN(tx->max - tx->n, TURN_PKTS);
	struct wire_path path;
	uint16_t n;

	if (!tcb_owes(t)) {
		conn_settle(s, t);
		return true;
	}
	if (!conn_path(s, &t->key, &t->neigh, &path)) {
		if (t->state == TCP_CLOSED) { /* a RST isn't worth waiting */
			t->flags &= (uint16_t)~TF_OWES;
			conn_settle(s, t);
		} else {
			list_push_out(s, &s->wait_tcbs, t);
			conn_arm(s, t);
			if (s->arm_later_ns != 0) /* who waits there must be armed at once */
				s->arm_later_ns = s->env.now_ns;
		}
		return true;
	}
	if (likely(t->profile == 0)) {
		n = tcp_output(&s->env, t, &path, &tx->pkts[tx->n], room);
	} else {
		conn_path_profile(s, t->profile, &path);
		n = tcp_output_counted(&s->env, t, &path, &tx->pkts[tx->n], room);
	}
	tx->n = (uint16_t)(tx->n + n);
	conn_settle(s, t); /* puts it at the list's end if it owes more */
	return n == room || !tcb_owes(t);
}

uint16_t
thole_stack_tx(struct thole_stack *s, uint64_t now_ns, struct rte_mbuf **out, uint16_t max)
{
	struct tx tx = { .pkts = out, .max = max };
	struct tcb *t = NULL;
	uint16_t half, replies;

	stack_clock(s, now_ns);
	tx_replies(s, &tx);
	replies = tx.n;
	/* New connections don't crowd out those that stand: half of the room, and what these leave.
	 */
	half = max;
	if (!list_empty(&s->out_tcbs))
		half = (uint16_t)(tx.n + (max - tx.n + 1) / 2);
	if (tx_embryos(s, &tx, half)) {
		while (tx.n < max && (t = list_pop_out(s, &s->out_tcbs)) != NULL)
			if (!tx_conn(s, &tx, t))
				break;
		if (t == NULL)
			tx_embryos(s, &tx, max);
	}
	s->stats.tx_tcp_segs += (uint16_t)(tx.n - replies); /* who makes a reply counts it */
	tx_replies(s, &tx);				    /* ARP requests made just now */
	if (likely(list_empty(&s->out_tcbs) && list_empty(&s->wait_tcbs)))
		s->arm_later_ns = s->env.now_ns + CONN_ARM_OWING_NS;
	s->stats.tx_pkts += tx.n;
	return tx.n;
}
