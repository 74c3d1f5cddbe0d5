/* SPDX-License-Identifier: BSD-3-Clause */
/* ack.c: what an acceptable acknowledgment does to the sending side (RFC 9293, 3.10.7.4, fifth
 * step). What it says of single segments, and what follows for the window, is recovery.c's. */
#include "tcp/lone.h"

/*
 * The peer's window was closed and is open: what probed it goes again, as much of it in one segment
 * as there is.
 */
static void
leave_persist(struct tcp_env *env, struct tcb *t)
{
	struct flight *f = tcp_flight(env, t);

	tcp_rtx_stop(t);
	t->backoff = 0;
	t->flags |= TF_OUTPUT;
	if (f == NULL || f->head == SLAB_NONE) {
		if (t->snd_nxt != t->snd_una) /* a lone FIN */
			t->flags |= TF_REXMIT;
		return;
	}
	if (f->head == f->tail)
		board_grow(env, t, f, RTE_MIN((uint32_t)t->mss, t->snd_wnd));
	board_lose_all(env, f);
}

static void
credit_back(const struct tcp_env *env, struct tcb *t)
{
	if (tcp_credit_due(t, tcp_profile(env, t)->credit_part))
		t->events |= TE_SENDABLE;
}

/* RFC 7323, 4: the echo of a timestamp times what was sent again, too. */
static uint32_t
echoed_rtt_us(const struct tcp_env *env, const struct tcb *t, const struct seg *s)
{
	uint32_t ms;

	if ((t->opts & TO_TIMESTAMPS) == 0 || (s->opts & OPT_TIMESTAMPS) == 0)
		return 0;
	ms = env_ts(env, t) - s->ts_ecr;
	return ms < UINT32_C(1) << 20 ? RTE_MAX(ms, 1u) * 1000 : 0; /* not from before our time */
}

static void
sample_rtt(const struct tcp_env *env, struct tcb *t, const struct seg *s, struct news *n)
{
	uint32_t rtt_us = n->rtt_us;

	if (n->repeated) {
		/*
		 * Karn: and what waited behind it at the peer, without SACK, tells no more. With a
		 * D-SACK the echo is of the copy that came first, whose ACK was lost: it is as old
		 * as our RTO, and would make that many times as long.
		 */
		rtt_us = n->dsack ? 0 : echoed_rtt_us(env, t, s);
		if ((t->opts & TO_SACK) == 0)
			n->last_rtt_us = 0;
	}
	if (rtt_us != 0)
		tcp_rtt_sample(t, rtt_us);
}

static inline void
una_moves(const struct tcp_env *env, struct tcb *t, uint32_t ack)
{
	t->snd_una = ack;
	t->rtx_first_ms = env_now_ms(env);
	t->reason = SOFT_NONE; /* what there was to complain of is over */
	/*
	 * RFC 6298 (5) keeps the back-off until there is a sample, which a long repair never gives;
	 * so much of it stays that an RTO that was too short isn't at once so again.
	 */
	if (t->backoff > BACKOFF_KEPT)
		t->backoff = BACKOFF_KEPT;
}

static void
new_data_acked(
	struct tcp_env *env, struct tcb *t, struct flight *f, const struct seg *s, struct news *n)
{
	n->acked = s->ack - t->snd_una;
	if (f != NULL)
		board_acked(env, t, f, s->ack, n);
	if (t->snd_head != NULL)
		tcp_snd_acked(t, s->ack);
	una_moves(env, t, s->ack);
	sample_rtt(env, t, s, n);
	if ((t->flags & TF_PERSIST) != 0) {
		/* Of a probe of several bytes the peer may have taken some; the rest goes again. */
		tcp_rtx_stop(t);
		if (f != NULL)
			board_lose_all(env, f);
	}
	if (tcp_fin_acked(t)) {
		tcp_rtx_stop(t);
		return;
	}
	if (s->ack == t->snd_nxt)
		tcp_rtx_done(env, t); /* RFC 6298, 5.2 */
	else if (f == NULL)
		tcp_rtx_arm(env, t);
	credit_back(env, t);
	if (tcp_has_unsent(t))
		t->flags |= TF_OUTPUT;
}

static bool
is_dupack(const struct tcb *t, const struct seg *s)
{
	/* RFC 5681, 2: outstanding data, no data, no SYN or FIN, the greatest ACK again, the same
	 * window. */
	return s->ack == t->snd_una && t->snd_una != t->snd_nxt && seg_len(s) == 0 &&
	       (uint32_t)s->wnd << t->snd_wscale == t->snd_wnd && (t->flags & TF_PERSIST) == 0;
}

/*
 * DEVIATION: SND.WL1 alone would take a segment that repeats text for an old one, though it has a
 * newer ACK: SND.UNA would move on and the window with it, beyond what the peer offers. An ACK that
 * is news is news of the window as well. SND.WL2 isn't kept: what has SEG.ACK = SND.UNA is at least
 * as new. @return whether the window changed.
 */
static __rte_always_inline bool
window_update(struct tcp_env *env, struct tcb *t, const struct seg *s, bool acked)
{
	uint32_t wnd = (uint32_t)s->wnd << t->snd_wscale;

	bool changed = wnd != t->snd_wnd;

	if (seq_lt(s->ack, t->snd_una))
		return false; /* an old segment: its window starts elsewhere */
	if (!acked && seq_gt(t->snd_wl1, s->seq))
		return false;
	if (wnd > t->snd_wnd)
		t->flags |= TF_OUTPUT;
	t->snd_wnd = wnd;
	t->snd_wl1 = seq_max(t->snd_wl1, s->seq);
	if (wnd > t->snd_wnd_max)
		t->snd_wnd_max = wnd;
	if ((t->flags & TF_PERSIST) != 0 && wnd >= RTE_MIN((uint32_t)t->mss, t->snd_wnd_max / 2) &&
		wnd > 0)
		leave_persist(env, t);
	return changed;
}

/* Nothing is in flight but, maybe, a lone FIN. */
static inline bool
only_fin_out(const struct tcb *t)
{
	return t->flight == SLAB_NONE && t->snd_nxt - t->snd_una <= 1 && t->snd_head == NULL &&
	       (t->flags & TF_PERSIST) == 0;
}

/* What tcp_input_ack() does then: no data is acknowledged, no round trip timed, nothing lost. */
static inline void
input_ack_of_fin(struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	bool acked = s->ack - t->snd_una == 1;

	if (acked) {
		una_moves(env, t, s->ack);
		tcp_rtx_stop(t);
	}
	window_update(env, t, s, acked);
}

/* Likewise of a lone segment, which has arrived. */
static inline void
input_ack_of_lone(struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	uint32_t rtt_us = RTE_MAX(env_now_us(env) - lone_sent_us(t), 1u);

	t->flight = SLAB_NONE;
	tcp_snd_acked(t, s->ack);
	una_moves(env, t, s->ack);
	tcp_rtt_sample(t, rtt_us);
	tcp_rtx_stop(t);
	if (!tcp_fin_acked(t)) {
		credit_back(env, t);
		if (tcp_has_unsent(t))
			t->flags |= TF_OUTPUT;
	}
	window_update(env, t, s, true);
}

static __rte_noinline void
input_ack_of_data(struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	struct flight *f = tcp_flight(env, t);
	struct news n = { .una = t->snd_una, .seg = s, .dup = is_dupack(t, s) };
	bool over;

	/* A peer that answers probes is alive (RFC 9293, 3.8.6.1); an orphan's time runs all the
	 * same. */
	if ((t->flags & (TF_PERSIST | TF_APP_CLOSED)) == TF_PERSIST)
		t->rtx_first_ms = env_now_ms(env);
	if (f != NULL) {
		n.fack = f->fack;
		n.ece = (t->opts & TO_ECN) != 0 && (s->flags & TCP_ECE) != 0;
		if (s->nb_sack != 0 && (t->opts & TO_SACK) != 0)
			board_sacked(env, t, f, &n);
	}
	if (seq_gt(s->ack, t->snd_una))
		new_data_acked(env, t, f, s, &n);
	n.window = window_update(env, t, s, n.acked != 0);
	if (f == NULL)
		return;
	over = tcp_fin_acked(t);
	if (!over || f->phase != FP_OPEN)
		recovery_heard(env, t, f, &n);
	if (over)
		tcp_flight_end(env, t);
}

/* Out of the way of what only opens and closes. */
static __rte_noinline void
input_ack_of_more(struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	if (t->flight == FLIGHT_LONE && lone_arrived(t, s))
		input_ack_of_lone(env, t, s);
	else if (t->flight != FLIGHT_LONE || tcp_flight_of_lone(env, t) != NULL)
		input_ack_of_data(env, t, s); /* else it is as though it hadn't come */
}

void
tcp_input_ack(struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	if (only_fin_out(t))
		input_ack_of_fin(env, t, s);
	else
		input_ack_of_more(env, t, s);
}
