/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compose.h: what a connection's segments say: those that most are, inline, and any other. For
 * output.c, which decides what goes.
 */
#ifndef TCP_COMPOSE_H
#define TCP_COMPOSE_H

#include "tcp/syn.h"
#include "tcp/window.h"
#include "wire/tcp_emit.h"

#define ECT_0 2 /* RFC 3168, 5 */

struct out {
	struct tcp_env *env;
	struct tcb *t;
	const struct wire_path *path;
	struct rte_mbuf **pkts;
	uint16_t n;
	uint16_t max;
	uint16_t mss; /* what fits beside the options */
	uint8_t nb_sack;
	bool acked; /* what one segment's ACK settles, others needn't */
	bool sent;  /* data, whose timer is set when all of it went */
	bool fresh; /* of it, some for the first time */
	bool usual; /* the last one is usual_out()'s */
	struct sack_block sack[TCP_SACK_BLOCKS_MAX];
};

/* A segment's place in the send queue. */
struct cut {
	struct rte_mbuf *m;
	uint32_t seq;
	uint32_t len;
	uint8_t flags;
	bool fresh; /* never sent before */
};

static void
put_options(struct out *o, uint8_t flags, struct tcp_out *seg)
{
	const struct tcp_env *env = o->env;
	struct tcb *t = o->t;

	if ((flags & TCP_SYN) != 0) {
		tcp_syn_out(env, &tcp_profile(env, t)->terms, tcp_syn_offer(env, t), t->ts_off,
			t->ts_recent, seg);
		return;
	}
	if ((t->opts & TO_TIMESTAMPS) != 0) {
		seg->opts |= OPT_TIMESTAMPS;
		seg->ts_val = env_ts(env, t);
		seg->ts_ecr = t->ts_recent;
	}
	if (o->nb_sack != 0 && (flags & TCP_RST) == 0) {
		seg->nb_sack = o->nb_sack;
		seg->sack = o->sack;
		o->nb_sack = 0; /* once a burst is enough, but for what comes after */
	}
}

/* What an ACK of ours settles. */
static inline void
acked(struct tcp_env *env, struct tcb *t)
{
	if ((t->flags & TF_FIN_RECEIVED) == 0) /* after that, nothing is in a window */
		window_advance(env, t);
	t->rcv_acked = t->rcv_nxt;
	t->delack_ns = TIME_NEVER;
	t->flags &= (uint16_t)~TF_ACK_NOW;
}

/* RFC 3168, 6.1: marks may be set on new data alone; what ECN owes the peer. */
static uint8_t
ecn_flags(struct tcb *t, const struct cut *c)
{
	uint8_t flags = 0;

	if ((c->flags & (TCP_SYN | TCP_RST)) != 0)
		return 0;
	if ((t->opts & TO_ECE) != 0)
		flags |= TCP_ECE;
	if (c->fresh && c->len != 0 && (t->opts & TO_CWR) != 0) {
		t->opts &= (uint8_t)~TO_CWR;
		flags |= TCP_CWR;
	}
	return flags;
}

/* Whether segments, but for SYN and RST, are usual_out()'s, if no SACK is taken for one: most are.
 */
static inline bool
sends_usual(const struct tcb *t)
{
	return (t->opts & (TO_TIMESTAMPS | TO_ECN | TO_DSACK)) == TO_TIMESTAMPS &&
	       t->ooo_head == NULL;
}

/* What one says that has an ACK, and timestamps for all its options. */
static __rte_always_inline struct tcp_out
usual_out(const struct tcp_env *env, const struct tcb *t, uint32_t seq, uint8_t flags)
{
	return (struct tcp_out){
		.seq = seq,
		.ack = t->rcv_nxt,
		.sport = t->key.lport,
		.dport = t->key.rport,
		.wnd = window_field(t, false),
		.flags = flags,
		.opts = OPT_TIMESTAMPS,
		.ts_val = env_ts(env, t),
		.ts_ecr = t->ts_recent,
	};
}

/* An ACK, or a FIN alone if output is owed, into @p m as mbufs_take() gives it. */
static __rte_always_inline void
emit_bare(struct tcp_env *env, struct tcb *t, const struct wire_path *path, struct rte_mbuf *m)
{
	acked(env, t);
	const struct tcp_out seg = usual_out(
		env, t, t->snd_nxt, (t->flags & TF_OUTPUT) != 0 ? TCP_FIN | TCP_ACK : TCP_ACK);

	tcp_emit_bare(m, path, &seg);
}

/* Any segment. */
static __rte_noinline bool
emit(struct out *o, const struct cut *c)
{
	struct tcb *t = o->t;
	struct tcp_env *env = o->env;
	struct rte_mbuf *m;

	m = c->len != 0 ? tcp_snd_cut(env, c->m, c->seq, c->len) : mbufs_get(env->mbufs);
	if (m == NULL)
		return false;
	if ((c->flags & TCP_ACK) != 0)
		acked(env, t);
	struct tcp_out seg = {
		.seq = c->seq,
		.ack = (c->flags & TCP_ACK) != 0 ? t->rcv_nxt : 0,
		.sport = t->key.lport,
		.dport = t->key.rport,
		.wnd = tcp_rcv_wnd_field(t, (c->flags & TCP_SYN) != 0),
		.flags = c->flags,
	};

	put_options(o, c->flags, &seg);
	if ((t->opts & TO_ECN) == 0 || (c->flags & TCP_SYN) != 0) {
		tcp_emit(m, o->path, &seg);
	} else {
		struct wire_path path = *o->path;

		seg.flags |= ecn_flags(t, c);
		if (c->fresh && c->len != 0)
			path.tos |= ECT_0;
		tcp_emit(m, &path, &seg);
	}
	o->pkts[o->n++] = m;
	env->stats->tx_data_bytes += c->len;
	return true;
}

/* One that isn't SYN or RST. */
static __rte_always_inline bool
emit_next(struct out *o, const struct cut *c)
{
	struct tcb *t = o->t;
	struct tcp_env *env = o->env;
	struct rte_mbuf *m;

	o->usual = sends_usual(t) && o->nb_sack == 0;
	if (unlikely(!o->usual))
		return emit(o, c);
	m = c->len != 0 ? tcp_snd_cut(env, c->m, c->seq, c->len) : mbufs_get(env->mbufs);
	if (unlikely(m == NULL))
		return false;
	if (!o->acked)
		acked(env, t);
	o->acked = true;
	const struct tcp_out seg = usual_out(env, t, c->seq, c->flags);

	tcp_emit_data(m, o->path, &seg);
	o->pkts[o->n++] = m;
	env->stats->tx_data_bytes += c->len;
	return true;
}

static void
emit_ack(struct out *o, uint32_t seq)
{
	struct cut c = { .seq = seq, .flags = TCP_ACK };

	if (o->n < o->max)
		emit(o, &c);
}

/* A SYN that begins a connection and offers all that it can, which most do, or else any. */
static inline bool
emit_syn(struct out *o, const struct cut *c)
{
	struct tcb *t = o->t;
	struct tcp_env *env = o->env;
	const uint8_t offer = tcp_syn_offer(env, t);
	struct rte_mbuf *m = NULL;

	if (likely((c->flags & TCP_ACK) == 0 && (offer & EO_ALL) == EO_ALL))
		m = mbufs_take(env->mbufs);
	if (unlikely(m == NULL))
		return emit(o, c);
	struct tcp_out seg = {
		.seq = c->seq,
		.sport = t->key.lport,
		.dport = t->key.rport,
		.wnd = window_field(t, true),
		.flags = TCP_SYN,
	};

	tcp_syn_out(env, &tcp_profile(env, t)->terms, offer | EO_ALL, t->ts_off, 0, &seg);
	tcp_emit_bare_syn(m, o->path, &seg);
	o->pkts[o->n++] = m;
	return true;
}

#endif
