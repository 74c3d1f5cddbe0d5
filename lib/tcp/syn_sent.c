/* SPDX-License-Identifier: BSD-3-Clause */
/* syn_sent.c: a segment for a TCB in SYN-SENT (RFC 9293, 3.10.7.3). */
#include <errno.h>

#include "tcp/counters.h"
#include "tcp/syn.h"

/* The SYN is acknowledged: both directions stand. */
static void
syn_acked(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	t->snd_una = s->ack;
	tcp_rtx_stop(t);
	if ((t->flags & TF_SYN_REXMIT) == 0) /* Karn */
		tcp_rtt_sample(t, env_now_us(env) - t->syn_us);
	t->backoff = 0;
	t->reason = SOFT_NONE;
	t->flags |= TF_ACK_NOW;
	tcp_established(env, t);
	/* On to the sixth step with what follows the SYN. */
	s->seq++;
	s->flags &= (uint8_t)~TCP_SYN;
	if (seg_len(s) != 0) {
		if ((t->opts & TO_COUNTED) != 0)
			tcp_counters_begin(env, t);
		tcp_input_data(env, t, s);
	}
}

enum tcp_reply
tcp_input_syn_sent(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	struct peer_syn syn;
	bool acked = false;

	if ((s->flags & TCP_ACK) != 0) {
		if (!seq_gt(s->ack, t->snd_una) || seq_gt(s->ack, t->snd_nxt)) {
			env->stats->rx_drop_ack++;
			return (s->flags & TCP_RST) != 0 ? REPLY_NONE : REPLY_RST;
		}
		acked = true;
	}
	if ((s->flags & TCP_RST) != 0) {
		if (acked)
			tcp_closed(env, t, ECONNREFUSED);
		else
			env->stats->rx_drop_rst++;
		return REPLY_NONE;
	}
	if ((s->flags & TCP_SYN) == 0) {
		env->stats->rx_drop_state++;
		return REPLY_NONE;
	}
	syn = (struct peer_syn){
		.irs = s->seq,
		.ts_val = s->ts_val,
		.mss = (s->opts & OPT_MSS) != 0 ? s->mss : 0,
		.wnd = s->wnd,
		.opts = tcp_syn_opts(env, s),
	};
	/* RFC 3168, 6.1.1: an ECN-setup SYN-ACK has ECE alone. */
	if (acked && (s->flags & (TCP_ECE | TCP_CWR)) == TCP_ECE &&
		(tcp_syn_offer(env, t) & EO_ECN) != 0)
		syn.opts |= EO_ECN;
	tcp_peer_syn(env, t, &tcp_profile(env, t)->terms, &syn);
	if (acked) {
		syn_acked(env, t, s);
		return REPLY_NONE;
	}
	/* Simultaneous open: our SYN again, now with an ACK. Text with the peer's SYN it will send
	 * again. */
	t->state = TCP_SYN_RECEIVED;
	t->flags |= TF_OUTPUT | TF_REXMIT;
	return REPLY_NONE;
}
