/* SPDX-License-Identifier: BSD-3-Clause */
/* ack.c: what an acceptable acknowledgment does to the sending side (RFC 9293, 3.10.7.4, fifth
 * step). */
#include "tcp/tcp.h"

#define BACKOFF_KEPT 2

/* The peer's window was closed and is open: what the probes sent goes again as a proper segment. */
static void
leave_persist(struct tcb *t)
{
	tcp_rtx_stop(t);
	t->backoff = 0;
	t->snd_nxt = t->snd_una;
	t->flags |= TF_OUTPUT;
}

static void
credit_back(const struct tcp_env *env, struct tcb *t)
{
	uint32_t data_acked = seq_min(t->snd_una, t->snd_end);

	if ((t->flags & TF_FIN_QUEUED) == 0 &&
		data_acked - t->snd_credited >= env->params.sndbuf_bytes / 2)
		t->events |= TE_SENDABLE;
}

static void
new_data_acked(struct tcp_env *env, struct tcb *t, uint32_t ack)
{
	uint32_t bytes = ack - t->snd_una;

	if ((t->flags & TF_RTT_TIMING) != 0 && seq_geq(ack, t->rtt_seq)) {
		tcp_rtt_sample(t, (uint32_t)(env->now_ns / TIME_US) - t->rtt_start_us);
		t->flags &= (uint16_t)~TF_RTT_TIMING;
	}
	if (t->snd_head != NULL)
		tcp_snd_acked(t, ack);
	t->snd_una = ack;
	t->snd_nxt = seq_max(t->snd_nxt, ack);
	t->rtx_first_ms = env_now_ms(env);
	/*
	 * RFC 6298 (5) keeps the back-off until there is a sample, which a long repair never gives;
	 * so much of it stays that an RTO that was too short isn't at once so again.
	 */
	if (t->backoff > BACKOFF_KEPT)
		t->backoff = BACKOFF_KEPT;
	tcp_cc_acked(t, ack, bytes);
	if ((t->flags & TF_PERSIST) == 0) {
		if (ack == t->snd_max)
			tcp_rtx_stop(t); /* RFC 6298, 5.2 */
		else
			tcp_rtx_arm(env, t); /* 5.3 */
	} else {
		/* Of a probe of several bytes the peer may have taken some; the rest goes again. */
		tcp_rtx_stop(t);
		t->snd_nxt = ack;
	}
	credit_back(env, t);
	if (seq_leq(t->snd_nxt, t->snd_end))
		t->flags |= TF_OUTPUT;
}

static bool
is_dupack(const struct tcb *t, const struct seg *s)
{
	/* RFC 5681, 2: outstanding data, no data, no SYN or FIN, the greatest ACK again, the same
	 * window. */
	return s->ack == t->snd_una && t->snd_una != t->snd_max && seg_len(s) == 0 &&
	       s->wnd == t->snd_wnd && (t->flags & TF_PERSIST) == 0;
}

/*
 * DEVIATION: SND.WL1 alone would take a segment that repeats text for an old one, though it has a
 * newer ACK: SND.UNA would move on and the window with it, beyond what the peer offers. An ACK that
 * is news is news of the window as well.
 */
static void
window_update(struct tcb *t, const struct seg *s, bool news)
{
	uint32_t wnd = (uint32_t)s->wnd << t->snd_wscale;

	if (seq_lt(s->ack, t->snd_una))
		return; /* an old segment: its window starts elsewhere */
	if (!news && !seq_lt(t->snd_wl1, s->seq) &&
		!(t->snd_wl1 == s->seq && seq_leq(t->snd_wl2, s->ack)))
		return;
	if (wnd > t->snd_wnd)
		t->flags |= TF_OUTPUT;
	t->snd_wnd = wnd;
	t->snd_wl1 = seq_max(t->snd_wl1, s->seq);
	t->snd_wl2 = s->ack;
	if (wnd > t->snd_wnd_max)
		t->snd_wnd_max = wnd;
	if ((t->flags & TF_PERSIST) != 0 && wnd >= RTE_MIN((uint32_t)t->mss, t->snd_wnd_max / 2) &&
		wnd > 0)
		leave_persist(t);
}

void
tcp_input_ack(struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	bool news = seq_gt(s->ack, t->snd_una);

	/* A peer that answers probes is alive (RFC 9293, 3.8.6.1); an orphan's time runs all the
	 * same. */
	if ((t->flags & (TF_PERSIST | TF_APP_CLOSED)) == TF_PERSIST)
		t->rtx_first_ms = env_now_ms(env);
	if (news)
		new_data_acked(env, t, s->ack);
	else if (is_dupack(t, s))
		tcp_cc_dupack(env, t);
	window_update(t, s, news);
}
