/* SPDX-License-Identifier: BSD-3-Clause */
/* data.c: segment text and FIN (RFC 9293, 3.10.7.4, seventh and eighth steps), delayed ACKs
 * (3.8.6.3). */
#include <errno.h>

#include "tcp/tcp.h"

static void
ack_policy(const struct tcp_env *env, struct tcb *t)
{
	/* At least every second full-sized segment; a full one is what we have seen, 536 B at
	 * least. */
	if (t->rcv_nxt - t->rcv_acked >= 2u * t->rcv_mss || env->params.delayed_ack_ns == 0)
		t->flags |= TF_ACK_NOW;
	else if (t->delack_ns == TIME_NEVER)
		t->delack_ns = env->now_ns + env->params.delayed_ack_ns;
}

static void
input_fin(struct tcp_env *env, struct tcb *t)
{
	if (t->ooo_head != NULL)
		tcp_rcv_drop_ahead(env, t); /* nothing comes after a FIN, whatever came before */
	t->rcv_nxt++;
	t->rcv_adv = seq_max(t->rcv_adv, t->rcv_nxt);
	t->flags |= TF_FIN_RECEIVED | TF_ACK_NOW;
	t->flags &= (uint16_t)~TF_FIN_AHEAD;
	if ((t->flags & TF_APP_CLOSED) == 0)
		t->events |= TE_PEER_CLOSED;
	if (t->state == TCP_ESTABLISHED)
		t->state = TCP_CLOSE_WAIT;
	else if (t->state == TCP_FIN_WAIT_1)
		t->state = TCP_CLOSING; /* our FIN's ACK would have made it FIN-WAIT-2 */
	else if (t->state == TCP_FIN_WAIT_2)
		tcp_time_wait(env, t);
}

static void
learn_mss(struct tcb *t, const struct seg *s)
{
	uint32_t each = s->more == 0 ? s->len : s->len / seg_train(s);

	t->rcv_mss = (uint16_t)RTE_MAX(each, (uint32_t)t->rcv_mss);
}

static void
input_text(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	if (s->len > t->rcv_mss)
		learn_mss(t, s);
	tcp_window_tune(env, t, s);
	if (s->seq != t->rcv_nxt) {
		t->flags |= TF_ACK_NOW; /* RFC 5681, 4.2: tell the peer about the hole */
		/* What is ahead is shed first, so that nobody's holes starve another's text. */
		if (env->stats->mbufs_held < env->rx_held_max / 2)
			tcp_rcv_keep_ahead(env, t, s);
		else
			env->stats->rx_drop_memory++;
		return;
	}
	if (t->ooo_head != NULL) {
		/* A hole is filled, in part or in full; what came ahead of it stays as it came. */
		tcp_rcv_keep_ahead(env, t, s);
		tcp_rcv_pull_ahead(env, t);
		t->flags |= TF_ACK_NOW;
	} else {
		tcp_rcv_append(env, t, s);
	}
	ack_policy(env, t);
}

/* Unless the peer's FIN came before: there can't be more. */
static inline bool
may_come(const struct tcb *t)
{
	return t->state == TCP_ESTABLISHED || t->state == TCP_FIN_WAIT_1 ||
	       t->state == TCP_FIN_WAIT_2;
}

void
tcp_input_fin(struct tcp_env *env, struct tcb *t)
{
	if (may_come(t))
		input_fin(env, t);
}

void
tcp_input_data(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	if (!may_come(t))
		return;
	if ((s->flags & TCP_FIN) != 0 && s->seq + s->len != t->rcv_nxt) {
		t->flags |= TF_FIN_AHEAD;
		t->rcv_fin = s->seq + s->len;
	}
	if (s->len != 0) {
		if ((t->flags & TF_APP_CLOSED) != 0) {
			/* RFC 9293, 3.6.1: nobody will read it, and the peer must know. */
			tcp_abort(env, t, ECONNRESET);
			return;
		}
		/* What is ahead waits for this very segment: it must not be what keeps it out. */
		if (env->stats->mbufs_held >= env->rx_held_max && s->seq == t->rcv_nxt)
			tcp_rcv_drop_ahead(env, t);
		if (env->stats->mbufs_held >= env->rx_held_max) {
			env->stats->rx_drop_memory++;
			t->flags |= TF_ACK_NOW;
			t->flags &= (uint16_t)~TF_FIN_AHEAD;
			return;
		}
		input_text(env, t, s);
	} else if ((s->flags & TCP_FIN) != 0 && s->seq != t->rcv_nxt) {
		t->flags |= TF_ACK_NOW;
	}
	if (((s->flags & TCP_FIN) != 0 && s->seq + s->len == t->rcv_nxt) ||
		((t->flags & TF_FIN_AHEAD) != 0 && t->rcv_fin == t->rcv_nxt))
		input_fin(env, t);
}
