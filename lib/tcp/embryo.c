/* SPDX-License-Identifier: BSD-3-Clause */
/* embryo.c: a peer's handshake under way: passive SYN-RECEIVED in 64 B (RFC 9293, 3.10.7.2
 * and 3.10.7.4). */
#include "tcp/syn.h"
#include "wire/tcp_emit.h"

void
embryo_init(const struct tcp_env *env, struct embryo *e, const struct seg *s)
{
	uint32_t ts_off, iss = tcp_isn(env, &s->key, &ts_off); /* first: it takes all registers */
	unsigned int mss = (s->opts & OPT_MSS) != 0 ? s->mss : 0;
	uint8_t opts = tcp_syn_opts(env, s);

	if (unlikely((mss & ~EMBRYO_MSS_MOST) != 0))
		mss = EMBRYO_MSS_MOST;
	if (tcp_is_ecn_setup(s))
		opts |= EO_ECN;
	*e = (struct embryo){
		.key = s->key,
		.iss = iss,
		.irs = s->seq,
		.out_next = NOT_LISTED,
		.queued_ms = env_now_ms(env),
		.ts_recent = s->ts_val,
		.ts_off = ts_off,
		.mss = mss & EMBRYO_MSS_MOST,
		.flags = EF_SYN_ACK,
		.opts = opts,
	};
}

static bool
embryo_acceptable(const struct tcp_terms *terms, const struct embryo *e, const struct seg *s)
{
	uint32_t wnd = terms->wnd;
	uint32_t off = s->seq - (e->irs + 1);
	uint32_t len = seg_len(s);

	return off < wnd || (len != 0 && off + len - 1 < wnd);
}

/* What nearly all handshakes end with: nothing of it has to be judged. */
static inline bool
is_usual_end(const struct embryo *e, const struct seg *s)
{
	return (s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_ACK && s->ack == e->iss + 1 &&
	       s->seq == e->irs + 1 && (e->opts & EO_TIMESTAMPS) != 0 &&
	       (s->opts & OPT_TIMESTAMPS) != 0 && seq_geq(s->ts_val, e->ts_recent);
}

static __rte_noinline enum embryo_verdict
embryo_judge(
	struct tcp_env *env, const struct tcp_terms *terms, struct embryo *e, const struct seg *s)
{
	if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN && s->seq == e->irs) {
		e->flags |= EF_SYN_ACK; /* our SYN-ACK was lost */
		return EMBRYO_KEEP;
	}
	/* RFC 7323, 3.2 and 5.3: as for a connection. */
	if ((e->opts & EO_TIMESTAMPS) != 0 && (s->flags & TCP_RST) == 0) {
		if ((s->opts & OPT_TIMESTAMPS) == 0 || seq_lt(s->ts_val, e->ts_recent)) {
			env->stats->rx_drop_paws++;
			if ((s->opts & OPT_TIMESTAMPS) != 0)
				e->flags |= EF_ACK;
			return EMBRYO_KEEP;
		}
	}
	if (!embryo_acceptable(terms, e, s)) {
		if ((s->flags & TCP_RST) != 0) {
			env->stats->rx_drop_rst++;
		} else {
			env->stats->rx_drop_old++;
			e->flags |= EF_ACK;
		}
		return EMBRYO_KEEP;
	}
	if ((s->flags & TCP_RST) != 0) {
		if (s->seq == e->irs + 1)
			return EMBRYO_DROP;
		env->stats->rx_drop_rst++;
		env->stats->challenge_acks++;
		e->flags |= EF_ACK; /* RFC 5961, 3.2 */
		return EMBRYO_KEEP;
	}
	if ((s->flags & TCP_SYN) != 0) {
		env->stats->rx_drop_state++;
		return EMBRYO_DROP; /* fourth step: a passive open returns to LISTEN */
	}
	if ((s->flags & TCP_ACK) == 0) {
		env->stats->rx_drop_state++;
		return EMBRYO_KEEP;
	}
	if (s->ack != e->iss + 1) {
		env->stats->rx_drop_ack++;
		return EMBRYO_RST;
	}
	return EMBRYO_PROMOTE;
}

enum embryo_verdict
embryo_input(
	struct tcp_env *env, const struct tcp_terms *terms, struct embryo *e, const struct seg *s)
{
	return likely(is_usual_end(e, s)) ? EMBRYO_PROMOTE : embryo_judge(env, terms, e, s);
}

static __rte_always_inline void
say(const struct tcp_env *env, const struct tcp_terms *terms, const struct embryo *e, bool syn,
	uint8_t opts, struct tcp_out *out)
{
	*out = (struct tcp_out){
		.seq = syn ? e->iss : e->iss + 1,
		.ack = e->irs + 1,
		.sport = e->key.lport,
		.dport = e->key.rport,
		/* A SYN's window isn't scaled (RFC 7323, 2.2). */
		.wnd = (uint16_t)(terms->wnd >>
				  (syn || (opts & EO_WSCALE) == 0 ? 0 : terms->wscale)),
		.flags = syn ? TCP_SYN | TCP_ACK : TCP_ACK,
	};
	if (syn) {
		tcp_syn_out(env, terms, opts, e->ts_off, e->ts_recent, out);
	} else if ((opts & EO_TIMESTAMPS) != 0) {
		out->opts = OPT_TIMESTAMPS;
		out->ts_val = env_now_ms(env) + e->ts_off;
		out->ts_ecr = e->ts_recent;
	}
}

void
embryo_reply(const struct tcp_env *env, const struct tcp_terms *terms, const struct embryo *e,
	bool syn, struct tcp_out *out)
{
	say(env, terms, e, syn, e->opts, out);
}

static __rte_noinline struct rte_mbuf *
emit_other(const struct tcp_env *env, const struct tcp_terms *terms, const struct embryo *e,
	const struct wire_path *path)
{
	struct rte_mbuf *m = mbufs_get(env->mbufs);
	struct tcp_out out;

	if (m == NULL)
		return NULL;
	embryo_reply(env, terms, e, (e->flags & EF_SYN_ACK) != 0, &out);
	tcp_emit(m, path, &out);
	return m;
}

struct rte_mbuf *
embryo_emit(const struct tcp_env *env, const struct tcp_terms *terms, const struct embryo *e,
	const struct wire_path *path)
{
	struct rte_mbuf *m = NULL;
	struct tcp_out out;

	if (likely((e->flags & EF_SYN_ACK) != 0 && (e->opts & EO_ALL) == EO_ALL))
		m = mbufs_take(env->mbufs);
	if (unlikely(m == NULL))
		return emit_other(env, terms, e, path);
	say(env, terms, e, true, e->opts | EO_ALL, &out); /* the compiler is told of what is so */
	tcp_emit_bare_syn(m, path, &out);
	return m;
}
