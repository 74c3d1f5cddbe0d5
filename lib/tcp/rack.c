/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rack.c: RACK-TLP (RFC 8985): a segment is lost when one that was sent enough later has arrived;
 * and what is last in a flight, which nothing is sent after, is probed for.
 */
#include "tcp/counters.h"
#include "tcp/scoreboard.h"

#define DUP_THRESH     3
#define REO_PERSIST    16
#define REO_MULT_MOST  254
#define MIN_RTT_AGE_US 10000000u /* what the path was longer ago it may no longer be */

/* Microseconds of 32 bits tell 35 minutes: what is older than half of that counts as that old. */
#define AGE_MOST_US (UINT32_C(1) << 30)

/* RFC 8985, 5.2: RACK_sent_after(). */
static bool
sent_after(uint32_t us1, uint32_t end1, uint32_t us2, uint32_t end2)
{
	return seq_gt(us1, us2) || (us1 == us2 && seq_gt(end1, end2));
}

static void
note_min_rtt(struct flight *f, uint32_t now_us, uint32_t rtt_us)
{
	if (f->min_rtt_us != 0 && rtt_us > f->min_rtt_us &&
		now_us - f->min_rtt_at_us < MIN_RTT_AGE_US)
		return;
	f->min_rtt_us = rtt_us;
	f->min_rtt_at_us = now_us;
}

/* Of what was sent more than once: whether it may be the first copy that arrived (RFC 8985, 6.2,
 * step 2). */
static __rte_noinline bool
ambiguous(const struct tcp_env *env, const struct tcb *t, const struct flight *f,
	const struct tx_seg *g, const struct seg *s, uint32_t rtt_us)
{
	/* TSecr speaks of what is acknowledged: of what is ahead of a hole no timestamp is echoed.
	 */
	if (s != NULL && (t->opts & TO_TIMESTAMPS) != 0 && (s->opts & OPT_TIMESTAMPS) != 0 &&
		seq_leq(tx_seg_end(g), s->ack) && seq_lt(s->ts_ecr, env_ts(env, t) - rtt_us / 1000))
		return true;
	return rtt_us < f->min_rtt_us;
}

/* RFC 8985, 6.2, step 3. Of an ACK it counts once. */
static __rte_noinline void
reordered(const struct tcp_env *env, const struct tcb *t, struct flight *f, struct news *n)
{
	f->flags |= FF_REORDER_SEEN;
	if (!n->reordered)
		TCP_COUNT(env, t, reorderings);
	n->reordered = true;
}

void
rack_delivered(struct tcp_env *env, const struct tcb *t, struct flight *f, const struct tx_seg *g,
	struct news *n)
{
	uint32_t now_us = env_now_us(env);
	uint32_t rtt_us = RTE_MAX(now_us - g->sent_us, 1u);
	uint32_t end = tx_seg_end(g);
	bool again = (g->flags & SEG_REPEATED) != 0;

	/* Step 3: something sent once, and below what arrived before. */
	if (seq_gt(end, n->fack))
		n->fack = end;
	else if (seq_lt(end, f->fack) && !again)
		reordered(env, t, f, n);
	if (likely(!again))
		note_min_rtt(f, now_us, rtt_us);
	else if (ambiguous(env, t, f, g, n->seg, rtt_us))
		return;
	f->rack_rtt_us = rtt_us;
	if (sent_after(g->sent_us, end, f->rack_us, f->rack_end)) {
		f->rack_us = g->sent_us;
		f->rack_end = end;
	}
}

void
rack_reordering(struct tcb *t, struct flight *f, const struct news *n)
{
	/* Step 4: a wider window for a round trip in which something came twice. */
	if ((f->flags & FF_DSACK_ROUND) != 0 && seq_geq(t->snd_una, f->round_end))
		f->flags &= (uint8_t)~FF_DSACK_ROUND;
	if (!n->dsack || (f->flags & FF_DSACK_ROUND) != 0)
		return;
	f->flags |= FF_DSACK_ROUND;
	f->round_end = t->snd_nxt;
	if (f->reo_mult < REO_MULT_MOST)
		f->reo_mult++;
	f->reo_persist = REO_PERSIST;
}

static inline uint32_t
reorder_window_us(const struct tcb *t, const struct flight *f)
{
	if ((f->flags & FF_REORDER_SEEN) == 0 &&
		(f->phase == FP_RECOVERY || f->phase == FP_LOSS || f->nb_sacked >= DUP_THRESH))
		return 0;
	return RTE_MIN((uint32_t)f->reo_mult * (f->min_rtt_us / 4), t->srtt_us >> 3);
}

uint32_t
rack_window_us(const struct tcb *t, const struct flight *f)
{
	return reorder_window_us(t, f);
}

uint32_t
rack_detect(struct tcp_env *env, struct tcb *t, struct flight *f, struct news *n)
{
	uint32_t now_us = env_now_us(env);
	uint32_t wait_us = f->rack_rtt_us + reorder_window_us(t, f);
	uint32_t i = f->time_head, before = f->lost;
	int32_t timeout_us = 0;

	while (i != SLAB_NONE) {
		struct tx_seg *g = board_seg(env, i);
		int32_t left = seq_diff(g->sent_us + wait_us, now_us);

		if (!sent_after(f->rack_us, f->rack_end, g->sent_us, tx_seg_end(g)))
			break;
		i = g->time_next;
		if (left <= 0)
			board_lose(env, f, g);
		else
			timeout_us = RTE_MAX(timeout_us, left);
	}
	n->lost += f->lost - before;
	return (uint32_t)timeout_us;
}

static uint32_t
aged(uint32_t us, uint32_t now_us)
{
	return now_us - us > AGE_MOST_US ? now_us - AGE_MOST_US : us;
}

void
rack_age(const struct tcp_env *env, struct flight *f)
{
	uint32_t now_us = env_now_us(env);

	f->rack_us = aged(f->rack_us, now_us);
	for (uint32_t i = f->head; i != SLAB_NONE; i = board_seg(env, i)->next)
		board_seg(env, i)->sent_us = aged(board_seg(env, i)->sent_us, now_us);
}

void
rack_timeout(struct tcp_env *env, struct tcb *t, struct flight *f)
{
	uint32_t wait_us = f->rack_rtt_us + reorder_window_us(t, f), i = f->time_head;

	while (i != SLAB_NONE) {
		struct tx_seg *g = board_seg(env, i);

		i = g->time_next;
		if (seq_diff(g->sent_us + wait_us, env_now_us(env)) <= 0)
			board_lose(env, f, g);
		else if (board_index(env, g) == f->head)
			board_lose_first(env, f);
	}
}

/* RFC 8985, 7.4.2: what became of the probe. */
void
tlp_heard(struct tcb *t, struct flight *f, const struct news *n)
{
	if ((f->flags & FF_TLP_OUT) == 0 || !seq_geq(t->snd_una, f->tlp_end))
		return;
	if ((f->flags & FF_TLP_RETRANS) == 0) {
		f->flags &= (uint8_t)~FF_TLP_OUT; /* it was new data */
	} else if (n->dsack) {
		f->flags &= (uint8_t)~FF_TLP_OUT; /* both copies arrived: nothing was lost */
	} else if (seq_gt(t->snd_una, f->tlp_end)) {
		f->flags &= (uint8_t)~FF_TLP_OUT;
		recovery_probe_repaired(t, f); /* the probe filled a hole at the end */
	} else if (n->acked == 0 && !n->window && n->sacked == 0 && seg_len(n->seg) == 0) {
		f->flags &= (uint8_t)~FF_TLP_OUT; /* a duplicate ACK without SACK */
	}
}
