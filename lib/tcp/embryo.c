/* SPDX-License-Identifier: BSD-3-Clause */
/* embryo.c: a peer's handshake under way: passive SYN-RECEIVED in 64 B (RFC 9293, 3.10.7.2
 * and 3.10.7.4). */
#include "tcp/tcp.h"

void
embryo_init(const struct tcp_env *env, struct embryo *e, const struct seg *s)
{
	unsigned int mss = (s->opts & OPT_MSS) != 0 ? s->mss : 0;

	*e = (struct embryo){
		.key = s->key,
		.irs = s->seq,
		.out_next = NOT_LISTED,
		.queued_ms = env_now_ms(env),
		.ts_recent = s->ts_val,
		.mss = RTE_MIN(mss, EMBRYO_MSS_MOST) & EMBRYO_MSS_MOST,
		.flags = EF_SYN_ACK,
		.opts = tcp_syn_opts(env, s),
	};
	e->iss = tcp_isn(env, &s->key, &e->ts_off);
	if (tcp_is_ecn_setup(s))
		e->opts |= EO_ECN;
}

static bool
embryo_acceptable(const struct tcp_env *env, const struct embryo *e, const struct seg *s)
{
	uint32_t wnd = tcp_rcv_wnd_most(env);
	uint32_t off = s->seq - (e->irs + 1);
	uint32_t len = seg_len(s);

	return off < wnd || (len != 0 && off + len - 1 < wnd);
}

enum embryo_verdict
embryo_input(struct tcp_env *env, struct embryo *e, const struct seg *s)
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
	if (!embryo_acceptable(env, e, s)) {
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

void
embryo_reply(const struct tcp_env *env, const struct embryo *e, bool syn, struct tcp_out *out)
{
	*out = (struct tcp_out){
		.seq = syn ? e->iss : e->iss + 1,
		.ack = e->irs + 1,
		.sport = e->key.lport,
		.dport = e->key.rport,
		/* A SYN's window isn't scaled (RFC 7323, 2.2). */
		.wnd = (uint16_t)(tcp_rcv_wnd_most(env) >>
				  (syn || (e->opts & EO_WSCALE) == 0 ? 0 : tcp_rcv_wscale(env))),
		.flags = syn ? TCP_SYN | TCP_ACK : TCP_ACK,
	};
	if (syn) {
		tcp_syn_out(env, e->opts, e->ts_off, e->ts_recent, out);
	} else if ((e->opts & EO_TIMESTAMPS) != 0) {
		out->opts = OPT_TIMESTAMPS;
		out->ts_val = env_now_ms(env) + e->ts_off;
		out->ts_ecr = e->ts_recent;
	}
}
