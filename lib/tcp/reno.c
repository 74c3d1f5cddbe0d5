/* SPDX-License-Identifier: BSD-3-Clause */
/* reno.c: congestion control: slow start, avoidance, fast retransmit (RFC 5681), NewReno (RFC
 * 6582). */
#include "tcp/tcp.h"

#define INITIAL_SEGMENTS 10 /* RFC 6928 */
#define DUPACKS		 3

void
tcp_cc_init(const struct tcp_env *env, struct tcb *t)
{
	/* RFC 6928, 2: min(10 * MSS, max(2 * MSS, 14600)); one segment if the SYN was lost (RFC
	 * 5681, 3.1). */
	t->cwnd = RTE_MIN((uint32_t)INITIAL_SEGMENTS * t->mss, RTE_MAX(2u * t->mss, 14600u));
	if ((t->flags & TF_SYN_REXMIT) != 0)
		t->cwnd = t->mss;
	t->ssthresh = UINT32_MAX;
	t->recover = t->snd_una;
	(void)env;
}

static uint32_t
half_flight(const struct tcb *t)
{
	return RTE_MAX((t->snd_max - t->snd_una) / 2, 2u * t->mss); /* RFC 5681, equation 4 */
}

static void
partial_ack(struct tcb *t, uint32_t bytes)
{
	/* RFC 6582, 3.2: send the next hole, deflate by what was acknowledged, add one segment
	 * back. */
	t->flags |= TF_REXMIT;
	t->cwnd -= RTE_MIN(bytes, t->cwnd - t->mss);
	if (bytes >= t->mss)
		t->cwnd += t->mss;
}

void
tcp_cc_acked(struct tcb *t, uint32_t ack, uint32_t bytes)
{
	t->dupacks = 0;
	if ((t->flags & TF_RECOVERY) != 0) {
		if (seq_lt(ack, t->recover)) {
			partial_ack(t, bytes);
			return;
		}
		/* RFC 6582, 3.2, step 3, the choice that can't send a burst. */
		t->cwnd =
			RTE_MIN(t->ssthresh, RTE_MAX(t->snd_max - ack, (uint32_t)t->mss) + t->mss);
		t->flags &= (uint16_t)~TF_RECOVERY;
		return;
	}
	t->recover = seq_max(t->recover, ack); /* never so far behind that its order is lost */
	if (t->cwnd < t->ssthresh) {
		t->cwnd +=
			RTE_MIN(bytes, 2u * t->mss); /* RFC 5681, equation 2; RFC 3465 with L = 2 */
	} else {
		/* Equation 3: about one segment a round trip. */
		t->cwnd += RTE_MAX(
			(uint32_t)((uint64_t)t->mss * RTE_MIN(bytes, 2u * t->mss) / t->cwnd), 1u);
	}
	t->cwnd = RTE_MIN(t->cwnd, UINT32_C(1) << 30);
}

void
tcp_cc_dupack(struct tcp_env *env, struct tcb *t)
{
	if ((t->flags & TF_RECOVERY) != 0) {
		t->cwnd += t->mss; /* a segment has left the network (RFC 5681, 3.2, step 4) */
		t->flags |= TF_OUTPUT;
		return;
	}
	if (t->dupacks < UINT8_MAX)
		t->dupacks++;
	/* RFC 6582, 3.2, step 2: not for losses of a window that was already made good. */
	if (t->dupacks != DUPACKS || seq_lt(t->snd_una, t->recover))
		return;
	t->ssthresh = half_flight(t);
	t->cwnd = t->ssthresh + DUPACKS * t->mss;
	t->recover = t->snd_max;
	t->flags |= TF_RECOVERY | TF_REXMIT;
	env->stats->fast_retransmits++;
}

void
tcp_cc_timeout(struct tcb *t)
{
	/*
	 * The first time-out of a window halves; repeats don't again (RFC 5681, 3.1). The back-off
	 * alone doesn't tell: it outlives the window that it was for.
	 */
	if (t->backoff == 0 || seq_geq(t->snd_una, t->recover))
		t->ssthresh = half_flight(t);
	t->cwnd = t->mss;
	t->recover = t->snd_max;
	t->dupacks = 0;
	t->flags &= (uint16_t) ~(TF_RECOVERY | TF_REXMIT);
}
