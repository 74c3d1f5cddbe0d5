/* SPDX-License-Identifier: BSD-3-Clause */
/* state.c: how a TCB comes to be, is established, enters TIME-WAIT and ends (RFC 9293, 3.3.2). */
#include <errno.h>
#include <string.h>

#include "tcp/counters.h"
#include "tcp/window.h"

/* A peer can't make us cut data to confetti. */
#define MSS_LEAST 64

void
tcb_init(struct tcp_env *env, struct tcb *t, const struct flow_key *key,
	const struct tcp_settings *set)
{
	uint32_t generation = t->generation;

	/* In one go the compiler would make a string instruction of it, which takes twice as long.
	 */
	memset(t, 0, 64);
	memset((uint8_t *)t + 64, 0, 64);
	memset((uint8_t *)t + 128, 0, 64);
	memset((uint8_t *)t + 192, 0, 64);
	t->key = *key;
	t->generation = generation;
	t->rtx_ns = t->delack_ns = t->life_ns = TIME_NEVER;
	t->out_next = t->ready_next = NOT_LISTED;
	t->listener = NO_INDEX;
	t->neigh = NO_INDEX;
	t->mss = MSS_DEFAULT_IP4;
	t->rcv_mss = MSS_DEFAULT_IP4;
	t->flight = SLAB_NONE;
	t->ssthresh = UINT32_MAX;
	wheel_entry_init(&t->timer);
	t->flags = set->flags;
	t->opts = set->opts;
	t->start = set->start;
	if (unlikely(set->profile != 0)) {
		tcp_profile_hold(env, set->profile);
		room_own(t);
		if ((set->opts & TO_COUNTED) != 0)
			tcp_counters_start(env, t);
	}
}

void
tcp_open_active(const struct tcp_env *env, struct tcb *t, const struct tcp_terms *terms)
{
	t->snd_una = t->snd_nxt = tcp_isn(env, &t->key, &t->ts_off);
	t->snd_end = t->snd_credited = t->snd_una + 1;
	t->state = TCP_SYN_SENT;
	t->flags |= TF_OUTPUT;
	t->rtx_first_ms = env_now_ms(env);
	t->rcv_adv = t->rcv_nxt + terms->wnd; /* for the SYN's window field */
}

static void
set_mss(struct tcb *t, uint16_t offered, uint16_t most)
{
	uint16_t mss = offered != 0 ? offered : MSS_DEFAULT_IP4;

	if (mss < MSS_LEAST)
		mss = MSS_LEAST;
	/* Our offer binds the peer; we are bound by the peer's and by our MTU (RFC 9293, 3.7.1);
	 * options that all segments have leave less (RFC 6691, 3). */
	t->mss = mss < most ? mss : most;
	if ((t->opts & TO_TIMESTAMPS) != 0)
		t->mss = (uint16_t)(t->mss - TCP_TIMESTAMPS_SPACE);
}

uint8_t
tcp_syn_offer(const struct tcp_env *env, const struct tcb *t)
{
	if (t->state != TCP_SYN_SENT) /* simultaneous open: what the peer's SYN left */
		return (uint8_t)((t->opts & (TO_WSCALE | TO_SACK | TO_TIMESTAMPS)) << TO_SHIFT);
	/* RFC 3168, 6.1.1.1: a SYN that was lost may have been lost for its ECN. */
	return env->syn_opts |
	       (env->params.ecn && (t->flags & TF_REXMIT) == 0 ? EO_ECN : (uint8_t)0);
}

void
tcp_peer_syn(const struct tcp_env *env, struct tcb *t, const struct tcp_terms *terms,
	const struct peer_syn *syn)
{
	bool scaled = (syn->opts & EO_WSCALE) != 0;
	uint32_t unit = UINT32_C(1) << (scaled ? terms->wscale : 0);

	t->rcv_nxt = t->rcv_acked = syn->irs + 1;
	/* As our SYN says, or has said; up to what a header can say from here on (window.c). */
	t->rcv_adv = t->rcv_nxt + ((terms->wnd + unit - 1) & ~(unit - 1));
	t->snd_wnd = t->snd_wnd_max = syn->wnd;
	t->snd_wl1 = syn->irs;
	t->opts |= (uint8_t)(syn->opts >> TO_SHIFT);
	if (likely(scaled)) {
		t->wscales = (uint8_t)((syn->opts & EO_WSCALE_MASK) | terms->wscale << 4);
	} else {
		t->wscales = 0;
		room_own(t);
	}
	t->ts_recent = syn->ts_val;
	tcp_timestamp_began(env, t);
	set_mss(t, syn->mss, terms->mss_most);
}

void
tcp_open_passive(const struct tcp_env *env, struct tcb *t, const struct tcp_terms *terms,
	const struct embryo *e)
{
	const struct peer_syn syn = {
		.irs = e->irs, .ts_val = e->ts_recent, .mss = e->mss, .opts = e->opts
	};

	t->snd_una = e->iss;
	t->snd_nxt = t->snd_end = t->snd_credited = e->iss + 1;
	t->ts_off = e->ts_off;
	t->state = TCP_SYN_RECEIVED;
	t->flags |= TF_PASSIVE;
	t->listener = e->listener;
	t->neigh = e->neigh;
	tcp_peer_syn(env, t, terms, &syn);
	/* Karn's rule: an answer to one of several SYN-ACKs times nothing. */
	if (likely(e->repeated == 0))
		tcp_rtt_first(t,
			RTE_MIN(RTE_MAX(env_now_ms(env) - e->queued_ms, 1u), RTT_MOST_US / 1000) *
				1000);
	else
		t->flags |= TF_SYN_REXMIT;
}

void
tcp_established(struct tcp_env *env, struct tcb *t)
{
	t->state = TCP_ESTABLISHED;
	if ((t->flags & TF_SYN_REXMIT) != 0) /* RFC 5681, 3.1 */
		t->restart = 1;
	t->rtx_first_ms = env_now_ms(env);
	tcp_window_tune_start(env, t);
	if ((t->flags & TF_KEEPALIVE) != 0) {
		t->life_ns = env->now_ns + env->profiles[t->profile].keepalive_ns;
		t->probes = 0;
	}
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
	if ((t->flags & TF_FIN_QUEUED) != 0 || t->snd_end != t->snd_nxt) /* queued before */
		t->flags |= TF_OUTPUT;
}

void
tcp_time_wait(struct tcp_env *env, struct tcb *t)
{
	t->state = TCP_TIME_WAIT;
	tcp_rtx_stop(t);
	t->life_ns = env->now_ns + 2 * env->params.msl_ns;
}

static __rte_noinline void
free_list(struct rte_mbuf *m)
{
	while (m != NULL) {
		struct rte_mbuf *next = m->next;

		rte_pktmbuf_free_seg(m);
		m = next;
	}
}

static __rte_noinline void
drop_received(struct tcp_env *env, struct tcb *t)
{
	env->stats->mbufs_held -= t->rcv_segs;
	t->rcv_segs = 0;
	t->rcv_queued = 0;
	free_list(t->rcv_head);
	t->rcv_head = t->rcv_tail = NULL;
}

void
tcp_forget_received(struct tcp_env *env, struct tcb *t)
{
	if (t->rcv_head != NULL)
		drop_received(env, t);
	tcp_forget_events(t);
}

static void
drop_unfinished(struct tcp_env *env, struct tcb *t)
{
	if (t->flight != SLAB_NONE)
		tcp_flight_end(env, t);
	if (t->ooo_head != NULL)
		tcp_rcv_drop_ahead(env, t);
	free_list(t->snd_head);
	t->snd_head = t->snd_tail = t->snd_cur = NULL;
}

void
tcp_drop_queues(struct tcp_env *env, struct tcb *t)
{
	if (t->rcv_head != NULL)
		drop_received(env, t);
	drop_unfinished(env, t);
}

/* What CLOSED leaves nothing of; what is received stays for the application, if it reads on. */
static __rte_noinline void
drop_ended(struct tcp_env *env, struct tcb *t)
{
	if ((t->opts & TO_COUNTED) != 0)
		tcp_counters_end(env, t);
	drop_unfinished(env, t);
	if (t->rcv_head != NULL && (t->flags & TF_APP_CLOSED) != 0)
		drop_received(env, t);
}

void
tcp_closed(struct tcp_env *env, struct tcb *t, int error)
{
	if (t->state == TCP_CLOSED)
		return;
	if (error == 0)
		env->stats->closed++;
	else if (t->state == TCP_SYN_SENT ||
		 (t->state == TCP_SYN_RECEIVED && !(t->flags & TF_PASSIVE))) {
		env->stats->failed_active++;
		t->rcv_mss = 0; /* it never stood */
	} else if (error == ETIMEDOUT)
		env->stats->timeouts++;
	t->state = TCP_CLOSED;
	t->error = (uint8_t)error;
	t->rtx_ns = t->delack_ns = t->life_ns = TIME_NEVER;
	t->flags &=
		(uint16_t) ~(TF_ACK_NOW | TF_OUTPUT | TF_REXMIT | TF_PROBE | TF_PERSIST | TF_PACED);
	t->events |= TE_CLOSED;
	if (unlikely(t->flight != SLAB_NONE || t->snd_head != NULL || t->ooo_head != NULL ||
		     t->rcv_head != NULL))
		drop_ended(env, t);
}
