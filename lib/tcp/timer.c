/* SPDX-License-Identifier: BSD-3-Clause */
/* timer.c: a connection's clocks (RFC 9293, 3.10.8; RFC 6298, 5.4 to 5.7). */
#include <errno.h>

#include "tcp/tcp.h"

static void
retransmission_timeout(struct tcp_env *env, struct tcb *t)
{
	if (tcp_rtx_patience_ns(env, t) == 0) {
		/* RFC 9293, 3.10.8; the peer of a connection, should it live, learns of it. */
		if (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED)
			tcp_closed(env, t, ETIMEDOUT);
		else
			tcp_abort(env, t, ETIMEDOUT);
		return;
	}
	t->rtx_ns = TIME_NEVER;
	/* A window that shrank to nothing under what is in flight must be probed, too (3.8.6.1). */
	if (t->state >= TCP_ESTABLISHED && t->snd_wnd == 0 && (t->flags & TF_PERSIST) == 0) {
		t->flags |= TF_PERSIST;
		t->flags &= (uint16_t) ~(TF_RTT_TIMING | TF_RECOVERY);
		t->snd_nxt = t->snd_una;
	}
	if ((t->flags & TF_PERSIST) == 0) {
		env->stats->rto_fired++;
		if (t->state != TCP_SYN_SENT && t->state != TCP_SYN_RECEIVED)
			tcp_cc_timeout(t);
		t->flags &= (uint16_t)~TF_RTT_TIMING;
		t->flags |= TF_OUTPUT;
		t->snd_nxt = t->snd_una;
	} else {
		t->flags |= TF_PROBE;
	}
	if (t->backoff < 31)
		t->backoff++;
	tcp_rtx_arm(env, t);
}

void
tcp_timer(struct tcp_env *env, struct tcb *t)
{
	if (env->now_ns >= t->life_ns) {
		/* TIME-WAIT has passed, or the peer of an orphan never sent its FIN. One that waits
		 * for the rest of our data must learn that it won't come. */
		if (t->state == TCP_TIME_WAIT || t->state == TCP_FIN_WAIT_2)
			tcp_closed(env, t, t->state == TCP_TIME_WAIT ? 0 : ETIMEDOUT);
		else
			tcp_abort(env, t, ETIMEDOUT);
		return;
	}
	if (env->now_ns >= t->delack_ns) {
		t->delack_ns = TIME_NEVER;
		t->flags |= TF_ACK_NOW;
	}
	if (env->now_ns >= t->rtx_ns)
		retransmission_timeout(env, t);
}
