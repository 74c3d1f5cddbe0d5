/* SPDX-License-Identifier: BSD-3-Clause */
/* user.c: SEND, RECEIVE, CLOSE and ABORT calls (RFC 9293, 3.10.2 to 3.10.5). */
#include <errno.h>

#include "tcp/tcp.h"

/* A chain that only we refer to: mbufs that others hold too are replaced by indirect ones. */
static struct rte_mbuf *
own_chain(struct tcp_env *env, struct rte_mbuf *chain)
{
	struct rte_mbuf *clone;

	for (const struct rte_mbuf *m = chain; m != NULL; m = m->next) {
		if (rte_mbuf_refcnt_read(m) != 1) {
			clone = rte_pktmbuf_clone(chain, env->mbufs->pool);
			rte_pktmbuf_free(chain);
			return clone;
		}
	}
	return chain;
}

static bool
can_send(const struct tcb *t)
{
	return (t->flags & (TF_FIN_QUEUED | TF_APP_CLOSED)) == 0 && t->state != TCP_CLOSED &&
	       t->state != TCP_TIME_WAIT;
}

/* Every send buffer takes it. */
#define SEND_LEAST 2048

/* Twice what the application may have queued, or more, of which it had all before. Its credit can
 * be more than the buffer, if that was made smaller. */
static __rte_noinline bool
is_too_much(const struct tcp_env *env, const struct tcb *t, uint32_t bytes)
{
	int32_t given = seq_diff(t->snd_credited, t->snd_una);
	uint64_t credit = tcp_profile(env, t)->sndbuf_bytes + (uint64_t)RTE_MAX(given, 0);
	uint64_t queued = t->snd_end - t->snd_una;

	if (queued + bytes > INT32_MAX) /* beyond it, sequence numbers don't compare */
		return true;
	return queued + bytes > 2 * credit && queued >= credit;
}

int
tcp_send(struct tcp_env *env, struct tcb *t, struct rte_mbuf *chain)
{
	uint32_t bytes = chain->pkt_len;

	if (!can_send(t) || bytes == 0) {
		rte_pktmbuf_free(chain);
		return bytes == 0 ? -EINVAL : -EPIPE;
	}
	if (t->snd_end - t->snd_una + (uint64_t)bytes > SEND_LEAST &&
		unlikely(is_too_much(env, t, bytes))) {
		rte_pktmbuf_free(chain);
		tcp_abort(env, t, ENOBUFS);
		return 0;
	}
	chain = own_chain(env, chain);
	if (chain == NULL) {
		env->stats->tx_nombuf++;
		tcp_abort(env, t, ENOBUFS);
		return 0;
	}
	tcp_snd_append(t, chain);
	t->flags |= TF_OUTPUT;
	return 0;
}

int
tcp_received(struct tcp_env *env, struct tcb *t, uint32_t bytes)
{
	if (bytes > t->rcv_unread - t->rcv_queued)
		return -EINVAL;
	t->rcv_unread -= bytes;
	if ((t->flags & TF_FIN_RECEIVED) == 0 && t->state >= TCP_ESTABLISHED &&
		tcp_window_update_due(env, t))
		t->flags |= TF_ACK_NOW;
	return 0;
}

/* Our FIN follows what is queued. */
static inline void
queue_fin(struct tcp_env *env, struct tcb *t)
{
	if (t->flight != SLAB_NONE && t->snd_una == t->snd_end) { /* it idles, for good */
		tcp_rtx_stop(t);
		tcp_flight_end(env, t);
	}
	t->flags |= TF_FIN_QUEUED | TF_OUTPUT;
	if (t->state == TCP_ESTABLISHED)
		t->state = TCP_FIN_WAIT_1;
	else if (t->state == TCP_CLOSE_WAIT)
		t->state = TCP_LAST_ACK;
	/* SYN-SENT, SYN-RECEIVED: once established. */
}

int
tcp_shutdown(struct tcp_env *env, struct tcb *t)
{
	if ((t->flags & TF_FIN_QUEUED) != 0 || t->state == TCP_CLOSED)
		return -EPIPE;
	queue_fin(env, t);
	return 0;
}

/* R2 counts from here on, for what waits for an ACK or a window. */
static __rte_noinline void
restart_patience(const struct tcp_env *env, struct tcb *t)
{
	t->rtx_first_ms = env_now_ms(env);
	if (t->rtx_ns != TIME_NEVER)
		t->rtx_ns = RTE_MIN(t->rtx_ns, env->now_ns + tcp_rtx_patience_ns(env, t));
}

/* From here on TCP works for nobody: it says FIN, and has so long to be done. */
static inline void
orphan(struct tcp_env *env, struct tcb *t)
{
	/* A peer that takes a byte now and then makes progress; it doesn't get for ever. */
	uint64_t life_ns = env->params.give_up_ns;

	if ((t->flags & TF_FIN_QUEUED) == 0)
		queue_fin(env, t);
	else if (t->state == TCP_TIME_WAIT)
		return;
	else if (t->state == TCP_FIN_WAIT_2)
		life_ns = env->params.orphan_ns;
	t->life_ns = env->now_ns + life_ns;
	if (t->rtx_ns != TIME_NEVER || t->snd_una != t->snd_nxt)
		restart_patience(env, t);
}

/* A connection that hasn't come about, has ended, or has data that nobody read. */
static __rte_noinline void
close_early(struct tcp_env *env, struct tcb *t)
{
	bool unread = t->rcv_queued != 0;

	tcp_forget_received(env, t);
	if (t->state == TCP_SYN_SENT)
		tcp_closed(env, t, 0); /* RFC 9293, 3.10.4: nobody has heard of us */
	else if (unread && t->state != TCP_TIME_WAIT && t->state != TCP_CLOSED)
		tcp_abort(env, t, ECONNABORTED); /* RFC 9293, 3.6.1; RFC 2525, 2.17 */
}

int
tcp_close(struct tcp_env *env, struct tcb *t)
{
	if ((t->flags & TF_APP_CLOSED) != 0)
		return -EBADF;
	t->flags |= TF_APP_CLOSED;
	tcp_forget_events(t);
	if (unlikely(t->state <= TCP_SYN_SENT || t->rcv_queued != 0))
		close_early(env, t);
	else
		orphan(env, t);
	return 0;
}

void
tcp_abort(struct tcp_env *env, struct tcb *t, int error)
{
	/* RFC 9293, 3.10.5: no RST before the peer knows of us, nor when both are done. */
	bool rst = t->state != TCP_SYN_SENT && t->state != TCP_CLOSED &&
		   t->state != TCP_TIME_WAIT && t->state != TCP_LISTEN;
	uint32_t edge = t->snd_una + t->snd_wnd;

	/*
	 * What probes a closed window is beyond it, and there a peer hears no RST (RFC 9293,
	 * 3.10.7.4). Our SYN isn't in the window that came with the peer's.
	 */
	if (rst && t->state != TCP_SYN_RECEIVED && seq_gt(t->snd_nxt, edge))
		t->snd_nxt = edge;
	tcp_closed(env, t, error);
	if (rst) {
		t->flags |= TF_RST_OWED;
		env->stats->aborted++;
	}
}
