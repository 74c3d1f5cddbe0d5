/* SPDX-License-Identifier: BSD-3-Clause */
/* input.c: a segment for a TCB that is past SYN-SENT, step by step as in RFC 9293, 3.10.7.4. */
#include <errno.h>

#include "tcp/counters.h"

#define CHALLENGES_PER_S 10

void
tcp_challenge(struct tcp_env *env, struct tcb *t)
{
	uint32_t second = (uint32_t)(env->now_ns / TIME_S) & 0x1ff;

	if (t->challenge_s != second) {
		t->challenge_s = second & 0x1ff;
		t->challenges = 0;
	}
	if (t->challenges >= CHALLENGES_PER_S) {
		env->stats->tx_drop_limited++;
		return;
	}
	t->challenges++;
	env->stats->challenge_acks++;
	t->flags |= TF_ACK_NOW;
}

/* First step: the table of RFC 9293, 3.10.7.4 ("Segment Acceptability Tests"). */
static bool
acceptable(const struct tcb *t, const struct seg *s)
{
	uint32_t wnd = tcp_rcv_wnd(t);
	uint32_t off = s->seq - t->rcv_nxt;
	uint32_t len = seg_len(s);

	if (len == 0) {
		/*
		 * DEVIATION: a bare ACK at the right edge is heard: it is what a peer sends that
		 * filled our window and lost some of it.
		 */
		return off < wnd || off == 0 || (off == wnd && (s->flags & TCP_RST) == 0);
	}
	if (wnd == 0)
		return off == 0; /* for its ACK or RST; the text is cut off below */
	return off < wnd || off + len - 1 < wnd;
}

static void
unacceptable(struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	if ((s->flags & TCP_RST) != 0) {
		env->stats->rx_drop_rst++;
		return;
	}
	env->stats->rx_drop_old++;
	if (seq_lt(s->seq, t->rcv_nxt) && s->len != 0) {
		env->stats->rx_dup_bytes += s->len;
		tcp_dsack_note(t, s->seq, seq_min(s->seq + s->len, t->rcv_nxt));
	}
	if (t->state == TCP_TIME_WAIT && (s->flags & TCP_FIN) != 0 &&
		s->seq + seg_len(s) == t->rcv_nxt)
		t->life_ns = env->now_ns + 2 * env->params.msl_ns;
	if (seg_len(s) != 0)
		t->flags |= TF_ACK_NOW;
	else
		tcp_challenge(
			env, t); /* two ends that disagree must not answer each other for ever */
}

/* Second step. RFC 5961, 3.2: only the very next sequence number resets. */
static void
input_rst(struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	if (t->state == TCP_TIME_WAIT) { /* RFC 1337, 3, F1 */
		env->stats->rx_drop_rst++;
		return;
	}
	if (s->seq != t->rcv_nxt) {
		env->stats->rx_drop_rst++;
		tcp_challenge(env, t);
		return;
	}
	switch ((enum tcp_state)t->state) {
	case TCP_SYN_RECEIVED:
		tcp_closed(env, t, ECONNREFUSED);
		break;
	case TCP_CLOSING:
	case TCP_LAST_ACK:
		/* Nothing is lost if only the ACK of our FIN is missing. */
		if (seq_geq(t->snd_una, t->snd_end)) {
			tcp_closed(env, t, 0);
			break;
		}
		env->stats->resets_rx++;
		tcp_closed(env, t, ECONNRESET);
		break;
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT_1:
	case TCP_FIN_WAIT_2:
	case TCP_CLOSE_WAIT:
		env->stats->resets_rx++;
		tcp_closed(env, t, ECONNRESET);
		break;
	case TCP_CLOSED:
	case TCP_LISTEN:
	case TCP_SYN_SENT:
	case TCP_TIME_WAIT:
		break;
	}
}

/* The peer has our SYN. */
static inline void
our_syn_acked(struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	t->snd_una++; /* an ACK of more is not possible yet */
	tcp_rtx_stop(t);
	t->backoff = 0;
	t->reason = SOFT_NONE;
	t->snd_wnd = t->snd_wnd_max = (uint32_t)s->wnd << t->snd_wscale;
	t->snd_wl1 = s->seq;
	tcp_established(env, t);
}

/* Fifth step, SYN-RECEIVED. */
static enum tcp_reply
ack_of_syn(struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	if (!seq_gt(s->ack, t->snd_una) || seq_gt(s->ack, t->snd_nxt)) {
		env->stats->rx_drop_ack++;
		return REPLY_RST;
	}
	our_syn_acked(env, t, s);
	return REPLY_NONE;
}

/* Fifth step: whether the acknowledgment number makes sense (RFC 5961, 5.2). */
static bool
ack_in_range(struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	if (seq_gt(s->ack, t->snd_nxt)) {
		env->stats->rx_drop_ack++;
		tcp_challenge(env, t);
		return false;
	}
	if (seq_lt(s->ack, t->snd_una - t->snd_wnd_max)) {
		env->stats->rx_drop_ack++;
		tcp_challenge(env, t);
		return false;
	}
	return true;
}

/* Fifth step, what the acknowledgment of our FIN means. @return false when the connection is over.
 */
static bool
fin_acked(struct tcp_env *env, struct tcb *t)
{
	if (!tcp_fin_acked(t))
		return true;
	if (t->state == TCP_FIN_WAIT_1) {
		t->state = TCP_FIN_WAIT_2;
		if ((t->flags & TF_APP_CLOSED) != 0)
			t->life_ns = env->now_ns + env->params.orphan_ns;
	} else if (t->state == TCP_CLOSING) {
		tcp_time_wait(env, t);
	} else if (t->state == TCP_LAST_ACK) {
		tcp_closed(env, t, 0);
		return false;
	}
	return true;
}

/*
 * RFC 3168, 6.1.3: CE is echoed until the peer says CWR. DCTCP wants to know of each segment (RFC
 * 8257, 3.2); DEVIATION: segments of both kinds in one burst are acknowledged by what the last had.
 */
static void
input_ecn(struct tcb *t, const struct seg *s)
{
	bool ce = (s->tos & 3) == 3, was = (t->opts & TO_ECE) != 0;

	if (t->cc == THOLE_CC_DCTCP) {
		if (s->len == 0 || ce == was)
			return;
		t->opts ^= TO_ECE;
		t->flags |= TF_ACK_NOW;
		return;
	}
	if ((s->flags & TCP_CWR) != 0)
		t->opts &= (uint8_t)~TO_ECE;
	if (ce) {
		t->opts |= TO_ECE;
		t->flags |= TF_ACK_NOW;
	}
}

/* RFC 9293, 3.8.4: the peer is there. */
static void
heard_from(const struct tcp_env *env, struct tcb *t)
{
	if (t->state == TCP_TIME_WAIT)
		return;
	t->life_ns = env->now_ns + env->profiles[t->profile].keepalive_ns;
	if (tcb_is_asking(t)) {
		t->probes = 0;
		t->reason = SOFT_NONE;
	}
}

/* Cuts the segment down to the window ("tailored", end of the first step). */
static void
trim(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	uint32_t wnd = tcp_rcv_wnd(t);
	uint32_t off;

	if (seq_lt(s->seq, t->rcv_nxt)) {
		uint32_t old = RTE_MIN(t->rcv_nxt - s->seq, s->len);

		s->seq += old;
		s->len -= old;
		s->payload_off = (uint16_t)(s->payload_off + old);
		env->stats->rx_dup_bytes += old;
		tcp_dsack_note(t, s->seq - old, s->seq);
		t->flags |= TF_ACK_NOW;
	}
	off = s->seq - t->rcv_nxt;
	if (off + s->len > wnd) {
		s->len = off < wnd ? wnd - off : 0;
		s->flags &= (uint8_t)~TCP_FIN;
		t->flags |= TF_ACK_NOW;
	}
}

static __rte_noinline void
promoted_by_text(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	if ((t->opts & (TO_ECN | TO_COUNTED)) != 0 || s->seq != t->rcv_nxt ||
		s->len > tcp_rcv_wnd(t)) {
		tcp_input(env, t, s);
		return;
	}
	our_syn_acked(env, t, s);
	tcp_timestamp_note(env, t, s);
	tcp_input_data(env, t, s);
}

bool
tcp_input_promoted(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	if (seg_len(s) != 0 || (t->opts & (TO_ECN | TO_COUNTED)) != 0) {
		promoted_by_text(env, t, s);
		return false;
	}
	our_syn_acked(env, t, s);
	tcp_timestamp_note(env, t, s);
	return (t->flags & TF_KEEPALIVE) == 0;
}

/* What a segment that has passed the tests acknowledges. */
static inline void
input_ack(struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	tcp_input_ack(env, t, s);
	if ((t->flags & (TF_KEEPALIVE | TF_APP_CLOSED)) == TF_KEEPALIVE)
		heard_from(env, t);
}

/* And what follows from that, and what it brings. @p whole: all of it is in the window and new. */
static inline void
input_rest(struct tcp_env *env, struct tcb *t, struct seg *s, const bool whole)
{
	if (!fin_acked(env, t))
		return;
	/* Sixth step: urgent data is data (RFC 9293, 3.8.5: the pointer is advice that we don't
	 * give). */
	if (whole && s->len == 0) {
		if ((s->flags & TCP_FIN) != 0)
			tcp_input_fin(env, t);
	} else if (seg_len(s) != 0) {
		if (!whole)
			trim(env, t, s);
		tcp_input_data(env, t, s);
	}
}

static __rte_noinline void
input_counted(struct tcp_env *env, struct tcb *t, struct seg *s, bool whole)
{
	struct count_mark was;

	if (whole) /* of others input_any() has counted it */
		tcp_count_in(env, t, s);
	was = tcp_count_before(env, t, s);
	input_ack(env, t, s);
	tcp_count_after(env, t, &was, (s->flags & TCP_ECE) != 0);
	input_rest(env, t, s, whole);
}

static inline void
input_accepted(struct tcp_env *env, struct tcb *t, struct seg *s, const bool whole)
{
	tcp_timestamp_note(env, t, s);
	if (unlikely((t->opts & (TO_ECN | TO_COUNTED)) != 0)) {
		if ((t->opts & TO_ECN) != 0)
			input_ecn(t, s);
		if ((t->opts & TO_COUNTED) != 0) {
			input_counted(env, t, s, whole);
			return;
		}
	}
	input_ack(env, t, s);
	input_rest(env, t, s, whole);
}

/*
 * The segment that is due next, in time, with an ACK of what is on its way: most are. Each test of
 * input_any() passes for it, and nothing is to be cut off.
 */
static inline bool
is_expected(const struct tcb *t, const struct seg *s)
{
	return (s->flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK &&
	       t->state >= TCP_ESTABLISHED && s->seq == t->rcv_nxt && s->len <= tcp_rcv_wnd(t) &&
	       s->ack - t->snd_una <= t->snd_nxt - t->snd_una &&
	       ((t->opts & TO_TIMESTAMPS) == 0 ||
		       ((s->opts & OPT_TIMESTAMPS) != 0 && !seq_lt(s->ts_val, t->ts_recent)));
}

bool
tcp_takes_train(const struct tcp_env *env, const struct tcb *t, const struct seg *s)
{
	return is_expected(t, s) && t->ooo_head == NULL && (t->flags & TF_FIN_AHEAD) == 0 &&
	       env->stats->mbufs_held + seg_train(s) <= env->rx_held_max &&
	       t->rcv_segs + seg_train(s) <= UINT16_MAX;
}

/* Step by step. */
static __rte_noinline enum tcp_reply
input_any(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	if (unlikely((t->opts & TO_COUNTED) != 0))
		tcp_count_in(env, t, s);
	if (t->state == TCP_SYN_SENT)
		return tcp_input_syn_sent(env, t, s);
	/* RFC 9293, figure 8: in a simultaneous open, the SYN-ACK repeats a SYN that we have. */
	if (t->state == TCP_SYN_RECEIVED &&
		(s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK) &&
		s->seq + 1 == t->rcv_nxt) {
		s->seq++;
		s->flags &= (uint8_t)~TCP_SYN;
		s->wnd = (uint16_t)(s->wnd >> t->snd_wscale); /* a SYN's isn't scaled */
	}
	if (!tcp_timestamp_ok(env, t, s)) {
		if ((s->opts & OPT_TIMESTAMPS) != 0)
			unacceptable(env, t, s);
		return REPLY_NONE;
	}
	if (!acceptable(t, s)) {
		unacceptable(env, t, s);
		return REPLY_NONE;
	}
	if ((s->flags & TCP_RST) != 0) {
		input_rst(env, t, s);
		return REPLY_NONE;
	}
	if ((s->flags & TCP_SYN) != 0) { /* fourth step; RFC 5961, 4.2 */
		env->stats->rx_drop_state++;
		tcp_challenge(env, t);
		return REPLY_NONE;
	}
	if ((s->flags & TCP_ACK) == 0) {
		env->stats->rx_drop_state++;
		return REPLY_NONE;
	}
	if (t->state == TCP_SYN_RECEIVED) {
		enum tcp_reply reply = ack_of_syn(env, t, s);

		if (reply != REPLY_NONE)
			return reply;
	} else if (!ack_in_range(env, t, s)) {
		return REPLY_NONE;
	}
	input_accepted(env, t, s, false);
	return REPLY_NONE;
}

enum tcp_reply
tcp_input(struct tcp_env *env, struct tcb *t, struct seg *s)
{
	if (unlikely(!is_expected(t, s)))
		return input_any(env, t, s);
	input_accepted(env, t, s, true);
	return REPLY_NONE;
}
