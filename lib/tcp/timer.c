/* SPDX-License-Identifier: BSD-3-Clause */
/* timer.c: a connection's clocks (RFC 9293, 3.10.8; RFC 6298, 5.4 to 5.7). */
#include <errno.h>

#include "tcp/tcp.h"

static void
retransmission_timeout(struct tcp_env *env, struct tcb *t)
{
	if (tcp_rtx_patience_ns(env, t) == 0) {
		bool established = t->state != TCP_SYN_SENT && t->state != TCP_SYN_RECEIVED;

		/* RFC 9293, 3.10.8; the peer, should it live, learns of it. */
		tcp_abort(env, t, ETIMEDOUT);
		if (!established)
			t->flags &= (uint16_t)~TF_RST_OWED;
		return;
	}
	t->rtx_ns = TIME_NEVER;
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
		/* TIME-WAIT has passed, or the peer of an orphan never sent its FIN. */
		tcp_closed(env, t, t->state == TCP_TIME_WAIT ? 0 : ETIMEDOUT);
		return;
	}
	if (env->now_ns >= t->delack_ns) {
		t->delack_ns = TIME_NEVER;
		t->flags |= TF_ACK_NOW;
	}
	if (env->now_ns >= t->rtx_ns)
		retransmission_timeout(env, t);
}
