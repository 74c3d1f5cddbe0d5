/* SPDX-License-Identifier: BSD-3-Clause */
/* embryo.c: a peer's handshake under way: passive SYN-RECEIVED in 64 B (RFC 9293, 3.10.7.2
 * and 3.10.7.4). */
#include "tcp/tcp.h"

void
embryo_init(const struct tcp_env *env, struct embryo *e, const struct seg *s)
{
	*e = (struct embryo){
		.key = s->key,
		.iss = tcp_isn(env, &s->key),
		.irs = s->seq,
		.out_next = NOT_LISTED,
		.start_ms = env_now_ms(env),
		.mss = (s->opts & OPT_MSS) != 0 ? s->mss : 0,
		.wnd = s->wnd,
		.flags = EF_SYN_ACK,
	};
}

static bool
acceptable(const struct tcp_env *env, const struct embryo *e, const struct seg *s)
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
	if (!acceptable(env, e, s)) {
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
		.wnd = (uint16_t)tcp_rcv_wnd_most(env),
		.flags = syn ? TCP_SYN | TCP_ACK : TCP_ACK,
		.mss = syn ? env->mss : 0,
	};
}
