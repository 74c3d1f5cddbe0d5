/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recovery.c: what follows from the peer's news of our segments: fast recovery (RFC 6675, with
 * RACK's losses; RFC 6582 for peers without SACK), a retransmission timeout and whether it was
 * spurious (RFC 5682), taking back what was done for nothing (RFC 3522, RFC 3708), ECN's echo (RFC
 * 3168), and else the growth of cwnd.
 */
#include "tcp/cc.h"
#include "tcp/counters.h"
#include "tcp/scoreboard.h"

#define DUP_THRESH 3
#define FRTO_SEGS  2

/* One congestion event: ssthresh, and the mark that says when it is over. The window before it can
 * come back unless it was @p real. */
static uint32_t
reduce(struct tcb *t, struct flight *f, uint32_t flight, bool ecn, bool real)
{
	uint32_t cwnd = f->cwnd, ssthresh = t->ssthresh;
	bool first = f->phase == FP_OPEN;
	uint32_t target = tcp_cc_congested(t, f, flight, ecn);

	f->recover = t->snd_nxt;
	if (real) {
		f->undo = 0;
	} else if (first) {
		f->undo_cwnd = cwnd;
		f->undo_ssthresh = ssthresh;
		f->undo_retrans = 0;
		f->undo_ts = 0;
		f->undo = 1;
	}
	return target;
}

/* FlightSize (RFC 5681, 2) before the news; what limited transmit added doesn't count (3.2). */
static uint32_t
flight_size(const struct tcb *t, const struct flight *f, const struct news *n)
{
	return RTE_MIN(t->snd_nxt - n->una, f->cwnd);
}

/* RFC 9937, 6: RecoverFS. */
static uint32_t
recover_fs(const struct tcb *t, const struct flight *f, const struct news *n)
{
	return t->snd_nxt - n->una - (f->sacked - RTE_MIN(n->sacked, f->sacked));
}

static void
enter_recovery(struct tcp_env *env, struct tcb *t, struct flight *f, const struct news *n)
{
	reduce(t, f, flight_size(t, f, n), false, false);
	prr_begin(t, f, recover_fs(t, f, n));
	f->phase = FP_RECOVERY;
	f->flags &= (uint8_t)~FF_TLP_OUT; /* RFC 8985, 7.1: its loss is found by other means */
	env->stats->fast_retransmits++;
	TCP_COUNT(env, t, fast_recoveries);
	t->opts |= (t->opts & TO_ECN) != 0 ? TO_CWR : 0;
}

/* RFC 3168, 6.1.2: as for a loss, once a round trip; nothing goes again. */
static void
enter_cwr(struct tcp_env *env, struct tcb *t, struct flight *f, const struct news *n)
{
	uint32_t target = reduce(t, f, flight_size(t, f, n), true, true);

	f->undo_cwnd =
		target; /* one segment, perhaps (RFC 3168, 6.1.2); ssthresh is two at least */
	prr_begin(t, f, recover_fs(t, f, n));
	f->phase = FP_CWR;
	t->opts |= TO_CWR;
	env->stats->ecn_reductions++;
}

void
recovery_probe_repaired(struct tcb *t, struct flight *f)
{
	if (f->phase != FP_OPEN)
		return;
	f->undo_cwnd = reduce(t, f, f->cwnd, false, true);
	prr_begin(t, f, f->cwnd);
	f->phase = FP_CWR;
}

static void
leave(struct tcb *t, struct flight *f)
{
	if (f->phase == FP_RECOVERY) { /* RFC 9937, 6 */
		f->cwnd = RTE_MAX(t->ssthresh, (uint32_t)t->mss);
		/* If the peer's window held us back there is little on the way: no burst now. */
		f->smooth = board_pipe(t, f) < f->cwnd / 2;
		f->limited_end = t->snd_nxt;
	} else if (f->phase == FP_CWR)
		f->cwnd = RTE_MAX(f->undo_cwnd, (uint32_t)t->mss);
	f->phase = FP_OPEN;
	f->frto = 0;
	f->dupacks = 0;
	/* RFC 8985, 6.2, step 4: what widened the window wears off. */
	if (f->reo_persist > 0 && --f->reo_persist == 0)
		f->reo_mult = 1;
}

static void
undo(struct tcp_env *env, struct tcb *t, struct flight *f)
{
	if (f->undo != 0)
		tcp_cc_undone(t, f, f->undo_cwnd, f->undo_ssthresh);
	f->undo = 0;
	f->frto = 0;
	f->phase = FP_OPEN;
	f->dupacks = 0;
	t->backoff = 0;
	board_find_again(env, f);
	env->stats->spurious_recoveries++;
	TCP_COUNT(env, t, spurious_recoveries);
	t->flags |= TF_OUTPUT;
}

/* Whether what was sent again needn't have been. */
static bool
spurious(const struct tcb *t, struct flight *f, const struct news *n)
{
	const struct seg *s = n->seg;

	if (f->undo == 0 || f->undo_retrans == 0)
		return false;
	/*
	 * RFC 3522: what is acknowledged had arrived before it went again. What went again in an
	 * earlier recovery alone says nothing of this one.
	 */
	if (n->again && (t->opts & TO_TIMESTAMPS) != 0 && (s->opts & OPT_TIMESTAMPS) != 0 &&
		seq_lt(s->ts_ecr, f->undo_ts))
		return true;
	/* RFC 3708: each of the copies came as a duplicate. */
	return n->dsack && --f->undo_retrans == 0;
}

void
recovery_sent(
	struct tcp_env *env, const struct tcb *t, struct flight *f, uint32_t bytes, bool again)
{
	if (f->phase == FP_RECOVERY || f->phase == FP_CWR)
		f->prr_out += bytes;
	if (!again)
		return;
	f->undo_retrans++;
	if (f->undo_ts == 0)
		f->undo_ts = env_ts(env, t) != 0 ? env_ts(env, t) : 1;
}

/* A peer without SACK: each duplicate ACK is a segment that left the network (RFC 5681, 3.2). */
static __rte_noinline void
newreno(struct tcp_env *env, struct tcb *t, struct flight *f, struct news *n)
{
	if (n->acked != 0) {
		uint32_t counted = (uint32_t)f->dupacks * t->mss;
		uint32_t segs = n->acked / t->mss;

		/* RFC 9937, 6.2: less what the duplicates spoke of already. */
		n->delivered = n->acked > counted ? n->acked - counted : 0;
		if (f->phase == FP_RECOVERY && seq_lt(t->snd_una, f->recover)) {
			f->dupacks -=
				(uint8_t)RTE_MIN((uint32_t)f->dupacks, segs > 0 ? segs - 1 : 0);
			n->lost += t->mss; /* RFC 6582, 3.2, step 5: a partial ACK */
			board_lose_first(env, f);
		} else {
			f->dupacks = 0;
		}
		return;
	}
	if (!n->dup || f->phase == FP_LOSS)
		return;
	n->delivered += t->mss;
	if (f->dupacks < UINT8_MAX)
		f->dupacks++;
	/* RFC 6582, 3.2, step 2: not for losses of a window that was already made good. */
	if (f->phase == FP_OPEN && f->dupacks >= DUP_THRESH && seq_geq(t->snd_una, f->recover)) {
		n->lost += t->mss;
		board_lose_first(env, f);
	}
}

/*
 * RFC 5682, 2.1 and 3.1: after a timeout, if the first ACK brings something and so does the next,
 * of what wasn't sent again, then nothing was lost. @return whether it was spurious.
 */
static bool
frto_heard(struct tcb *t, struct flight *f, const struct news *n)
{
	bool more = seq_lt(t->snd_nxt, t->snd_end) && t->snd_nxt - t->snd_una < t->snd_wnd;

	if (f->frto == 0)
		return false;
	if (f->frto == 1) {
		f->frto = 0;
		t->flags |= TF_OUTPUT;
		if (n->acked == 0 || !more || seq_geq(t->snd_una, f->recover))
			return false;
		f->frto = 2; /* step 2b: two new segments instead of what is taken for lost */
		f->cwnd = board_pipe(t, f) + FRTO_SEGS * t->mss;
		return false;
	}
	if (n->acked == 0 && n->sacked == 0 && !n->dup)
		return false;
	f->frto = 0;
	if (n->original && (n->acked != 0 || n->sacked != 0) && !n->dup)
		return true;
	f->cwnd = 3u * t->mss; /* step 3a: the rest goes again in slow start */
	t->flags |= TF_OUTPUT;
	return false;
}

static void
loss_heard(struct tcp_env *env, struct tcb *t, struct flight *f, const struct news *n)
{
	if (spurious(t, f, n) || frto_heard(t, f, n)) {
		undo(env, t, f);
		return;
	}
	if (seq_geq(t->snd_una, f->recover))
		leave(t, f);
}

static void
grow(struct tcp_env *env, struct tcb *t, struct flight *f, const struct news *n, bool was_reduced)
{
	struct cc_ack ack = {
		.now_us = env_now_us(env),
		.bytes = was_reduced ? 0 : n->acked, /* what ends a recovery was paid for in it */
		.rtt_us = n->last_rtt_us,
		.ece = n->ece,
	};

	if (f->frto == 2)
		return; /* cwnd is F-RTO's */
	/* RFC 7661, 4.3: cwnd is validated while half of it is in use. */
	f->flags &= (uint8_t)~FF_CWND_LIMITED;
	if (f->phase == FP_LOSS || f->used >= f->cwnd / 2)
		f->flags |= FF_CWND_LIMITED;
	tcp_cc_acked(t, f, &ack);
	if (seq_geq(t->snd_una, f->limited_end) && n->una != t->snd_una) {
		if (seq_geq(n->una, f->limited_end))
			f->smooth = 0;
		f->limited_end = t->snd_nxt;
		f->used = t->snd_nxt - n->una;
		/* Once a round trip: a path that was too narrow may be wider again. */
		if (unlikely(t->mss_cut != 0) && f->phase == FP_OPEN)
			tcp_path_look(env, t);
	}
}

/* A new loss, or ECE, begins a recovery; what goes on is heard, and cwnd follows from it. */
static __rte_noinline void
step(struct tcp_env *env, struct tcb *t, struct flight *f, const struct news *n)
{
	switch ((enum flight_phase)f->phase) {
	case FP_OPEN:
	case FP_CWR:
		if (f->lost != 0 && n->lost != 0)
			enter_recovery(env, t, f, n);
		else if (f->phase == FP_CWR && seq_geq(t->snd_una, f->recover))
			leave(t, f);
		else if (f->phase == FP_OPEN && n->ece && seq_geq(t->snd_una, f->recover))
			enter_cwr(env, t, f, n);
		else if (f->phase == FP_OPEN && n->dsack && spurious(t, f, n))
			undo(env, t, f); /* the word came after the recovery */
		break;
	case FP_RECOVERY:
		if (spurious(t, f, n))
			undo(env, t, f);
		else if (seq_geq(t->snd_una, f->recover))
			leave(t, f);
		break;
	case FP_LOSS:
		loss_heard(env, t, f, n);
		break;
	}
	if (f->phase == FP_RECOVERY || f->phase == FP_CWR)
		prr_heard(t, f, n, n->acked != 0 && n->lost == 0);
	if (f->phase == FP_RECOVERY && (t->opts & TO_SACK) == 0 && n->acked != 0 && n->lost != 0)
		f->cwnd = RTE_MAX(f->cwnd, board_pipe(t, f) + t->mss); /* RFC 6582: its hole goes */
}

/*
 * When what may be reordered is lost, in @p us; 0: never. Not after the RTO: an ACK of what was
 * sent long before RACK's latest segment gives its round trip to all (RFC 8985, 6.2, step 2).
 */
static bool
arm_reorder(const struct tcp_env *env, struct tcb *t, struct flight *f, uint32_t us)
{
	if (us == 0 || us * TIME_US >= tcp_rto_ns(env, t))
		return false;
	f->timer = FT_REORDER;
	t->rtx_ns = env->now_ns + us * TIME_US;
	return true;
}

/* The one timer, after news. */
static void
set_timer(struct tcp_env *env, struct tcb *t, struct flight *f, const struct news *n,
	uint32_t reorder_us)
{
	if ((t->flags & TF_PERSIST) != 0 || t->snd_una == t->snd_nxt)
		return;
	if (f->lost == 0 && arm_reorder(env, t, f, reorder_us))
		return;
	if (n->acked != 0 || f->timer == FT_REORDER || n->lost != 0 ||
		t->rtx_ns == TIME_NEVER) { /* the persist timer, which is over */
		tcp_rtx_arm(env, t);	   /* RFC 6298, 5.3 */
	} else if (f->timer == FT_PROBE && f->nb_sacked != 0) {
		tcp_rtx_arm(env, t); /* RFC 8985, 7.2: no probe for what SACK shows */
	}
}

void
recovery_heard(struct tcp_env *env, struct tcb *t, struct flight *f, struct news *n)
{
	bool was_reduced = f->phase == FP_RECOVERY;
	uint32_t reorder_us = 0;

	if (seq_gt(n->fack, f->fack))
		f->fack = n->fack;
	if (seq_lt(f->fack, t->snd_una))
		f->fack = t->snd_una;
	if (f->head == SLAB_NONE)
		f->dupacks = 0;
	if ((t->opts & TO_SACK) == 0) {
		if (f->head != SLAB_NONE)
			newreno(env, t, f, n);
	} else {
		tlp_heard(t, f, n);
		rack_reordering(t, f, n);
		if (f->head != SLAB_NONE && (n->delivered != 0 || f->timer == FT_REORDER))
			reorder_us = rack_detect(env, t, f, n);
	}
	if (unlikely(f->phase != FP_OPEN || f->lost != 0 || n->ece || n->dsack))
		step(env, t, f, n);
	grow(env, t, f, n, was_reduced);
	if ((n->delivered != 0 || n->lost != 0) && (f->lost != 0 || tcp_has_unsent(t)))
		t->flags |= TF_OUTPUT;
	set_timer(env, t, f, n, reorder_us);
}

void
recovery_reorder(struct tcp_env *env, struct tcb *t, struct flight *f)
{
	struct news n = { .una = t->snd_una, .fack = f->fack };
	uint32_t left_us = rack_detect(env, t, f, &n);

	if (f->lost != 0) {
		if (f->phase == FP_OPEN || f->phase == FP_CWR)
			enter_recovery(env, t, f, &n);
		if (f->phase == FP_RECOVERY)
			prr_heard(t, f, &n, false);
		t->flags |= TF_OUTPUT;
		tcp_rtx_arm(env, t);
	} else if (!arm_reorder(env, t, f, left_us)) {
		tcp_rtx_arm(env, t);
	}
}

/* RFC 5681, 3.1; RFC 8985, 6.3; RFC 5682. */
void
recovery_timeout(struct tcp_env *env, struct tcb *t, struct flight *f)
{
	/* Repeats of one window's timeout don't halve it again. */
	bool again = f->phase == FP_LOSS && seq_lt(t->snd_una, f->recover);
	bool fresh = f->head != SLAB_NONE && (board_seg(env, f->head)->flags & SEG_REPEATED) == 0;

	if (f->head == SLAB_NONE)
		return;
	if ((board_seg(env, f->head)->flags & SEG_SACKED) != 0)
		board_reneged(env, f); /* RFC 2018, 8 */
	tcp_path_mtu_timeout(env, t, f);
	if (!again)
		reduce(t, f, RTE_MIN(t->snd_nxt - t->snd_una, f->cwnd), false, false);
	if (f->phase != FP_LOSS)
		TCP_COUNT(env, t, rto_recoveries);
	f->recover = t->snd_nxt;
	f->phase = FP_LOSS;
	/* RFC 5682, 2.1, step 1: not when the same went again before. */
	f->frto = fresh && !again ? 1 : 0;
	f->dupacks = 0;
	f->flags &= (uint8_t) ~(FF_TLP_OUT | FF_PROBE_DUE);
	if ((t->opts & TO_SACK) != 0)
		rack_timeout(env, t, f);
	else
		board_lose_all(env, f);
	tcp_cc_timeout(t, f); /* cwnd: one segment */
	t->opts |= (t->opts & TO_ECN) != 0 ? TO_CWR : 0;
	t->flags |= TF_OUTPUT;
}
