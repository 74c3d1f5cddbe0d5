/* SPDX-License-Identifier: BSD-3-Clause */
/* state.c: how a TCB comes to be, is established, enters TIME-WAIT and ends (RFC 9293, 3.3.2). */
#include <errno.h>
#include <string.h>

#include "tcp/tcp.h"

/* Assumed of a peer that sends no MSS option (RFC 9293, 3.7.1). */
#define MSS_DEFAULT_IP4 536
/* A peer can't make us cut data to confetti. */
#define MSS_LEAST 64

void
tcb_init(const struct tcp_env *env, struct tcb *t, const struct flow_key *key)
{
	uint32_t generation = t->generation;

	memset(t, 0, sizeof(*t));
	t->key = *key;
	t->generation = generation;
	t->rtx_ns = t->delack_ns = t->life_ns = TIME_NEVER;
	t->out_next = t->ready_next = NOT_LISTED;
	t->listener = NO_INDEX;
	t->neigh = NO_INDEX;
	t->mss = MSS_DEFAULT_IP4;
	t->rcv_mss = MSS_DEFAULT_IP4;
	wheel_entry_init(&t->timer);
	if (env->params.no_delay)
		t->flags |= TF_NO_DELAY;
}

static void
set_iss(struct tcb *t, uint32_t iss)
{
	t->snd_una = t->snd_nxt = t->snd_max = iss;
	t->snd_end = t->snd_head_seq = t->snd_cur_seq = iss + 1;
	t->snd_credited = iss + 1;
}

void
tcp_open_active(const struct tcp_env *env, struct tcb *t)
{
	set_iss(t, tcp_isn(env, &t->key));
	t->state = TCP_SYN_SENT;
	t->flags |= TF_OUTPUT;
	t->rtx_first_ms = env_now_ms(env);
	tcp_window_advance(env, t); /* for the SYN's window field */
}

static void
set_mss(const struct tcp_env *env, struct tcb *t, uint16_t offered)
{
	uint16_t mss = offered != 0 ? offered : MSS_DEFAULT_IP4;

	if (mss < MSS_LEAST)
		mss = MSS_LEAST;
	/* Our offer binds the peer; we are bound by the peer's and by our MTU (RFC 9293, 3.7.1). */
	t->mss = mss < env->mss_mtu ? mss : env->mss_mtu;
}

void
tcp_peer_syn(const struct tcp_env *env, struct tcb *t, uint32_t irs, uint16_t mss, uint16_t wnd)
{
	t->rcv_nxt = t->rcv_adv = t->rcv_acked = irs + 1;
	t->snd_wnd = t->snd_wnd_max = wnd;
	t->snd_wl1 = irs;
	t->snd_wl2 = t->snd_una;
	set_mss(env, t, mss);
	tcp_window_advance(env, t);
}

void
tcp_open_passive(const struct tcp_env *env, struct tcb *t, const struct embryo *e)
{
	set_iss(t, e->iss);
	t->snd_nxt = t->snd_max = e->iss + 1;
	t->state = TCP_SYN_RECEIVED;
	t->flags |= TF_PASSIVE;
	t->listener = e->listener;
	t->neigh = e->neigh;
	tcp_peer_syn(env, t, e->irs, e->mss, e->wnd);
	/* Karn's rule: an answer to one of several SYN-ACKs times nothing. */
	if ((e->flags & EF_REPEATED) == 0)
		tcp_rtt_sample(t, (env_now_ms(env) - e->start_ms) * 1000);
	else
		t->flags |= TF_SYN_REXMIT;
}

void
tcp_established(struct tcp_env *env, struct tcb *t)
{
	t->state = TCP_ESTABLISHED;
	tcp_cc_init(env, t);
	t->rtx_first_ms = env_now_ms(env);
	if ((t->flags & TF_PASSIVE) != 0) {
		env->stats->opened_passive++;
		t->events |= TE_ACCEPTED;
	} else {
		env->stats->opened_active++;
		if ((t->flags & TF_APP_CLOSED) == 0)
			t->events |= TE_CONNECTED;
	}
	if ((t->flags & TF_FIN_QUEUED) != 0)
		t->state = TCP_FIN_WAIT_1;
	t->flags |= TF_OUTPUT;
}

void
tcp_time_wait(struct tcp_env *env, struct tcb *t)
{
	t->state = TCP_TIME_WAIT;
	tcp_rtx_stop(t);
	t->life_ns = env->now_ns + 2 * env->params.msl_ns;
}

static void
free_list(struct rte_mbuf **head)
{
	struct rte_mbuf *m = *head;

	*head = NULL;
	while (m != NULL) {
		struct rte_mbuf *next = m->next;

		rte_pktmbuf_free_seg(m);
		m = next;
	}
}

static void
drop_received(struct tcp_env *env, struct tcb *t)
{
	env->stats->mbufs_held -= t->rcv_segs;
	t->rcv_segs = 0;
	t->rcv_queued = 0;
	free_list(&t->rcv_head);
	t->rcv_tail = NULL;
}

void
tcp_forget_received(struct tcp_env *env, struct tcb *t)
{
	drop_received(env, t);
	t->events &= TE_OPENING | TE_ACCEPTED | TE_CLOSED;
}

static void
drop_unfinished(struct tcp_env *env, struct tcb *t)
{
	tcp_rcv_drop_ahead(env, t);
	free_list(&t->snd_head);
	t->snd_tail = t->snd_cur = NULL;
}

void
tcp_drop_queues(struct tcp_env *env, struct tcb *t)
{
	drop_received(env, t);
	drop_unfinished(env, t);
}

void
tcp_closed(struct tcp_env *env, struct tcb *t, int error)
{
	if (t->state == TCP_CLOSED)
		return;
	if (error == 0)
		env->stats->closed++;
	else if (t->state == TCP_SYN_SENT ||
		 (t->state == TCP_SYN_RECEIVED && !(t->flags & TF_PASSIVE)))
		env->stats->failed_active++;
	else if (error == ETIMEDOUT)
		env->stats->timeouts++;
	t->state = TCP_CLOSED;
	t->error = (uint8_t)error;
	t->rtx_ns = t->delack_ns = t->life_ns = TIME_NEVER;
	t->flags &= (uint16_t) ~(TF_ACK_NOW | TF_OUTPUT | TF_REXMIT | TF_PROBE | TF_PERSIST);
	t->events |= TE_CLOSED;
	drop_unfinished(env, t);
	if ((t->flags & TF_APP_CLOSED) != 0)
		drop_received(env, t);
}
