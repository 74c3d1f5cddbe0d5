/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * output.c: which segments a connection may send now, and sends (RFC 9293, 3.8.6, 3.7.4): what is
 * lost first, then what is new, within the peer's window and cwnd, without silly ones. Whatever it
 * can't send for want of room or mbufs stays owed.
 */
#include "tcp/compose.h"
#include "tcp/lone.h"
#include "tcp/snd_share.h"

static void
output_syn(struct out *o)
{
	struct tcb *t = o->t;
	struct tcp_env *env = o->env;
	bool again = t->snd_nxt != t->snd_una;
	struct cut c = { .seq = t->snd_una, .flags = TCP_SYN };

	if (t->state == TCP_SYN_RECEIVED) {
		c.flags |= TCP_ACK;
		room_own(t); /* which is as large as a SYN-ACK can say */
	}
	if (!again || (t->flags & TF_REXMIT) != 0) {
		if (o->n == o->max || !emit_syn(o, &c)) {
			if (t->rtx_ns == TIME_NEVER)
				tcp_rtx_arm(env, t); /* R2 counts, mbufs or no mbufs */
			return;
		}
		if (again) {
			env->stats->retransmits++;
			env->stats->syn_retransmits++;
			t->flags |= TF_SYN_REXMIT;
		} else {
			t->syn_us = env_now_us(env);
			t->rtx_first_ms = env_now_ms(env);
		}
		t->snd_nxt = t->snd_una + 1;
		tcp_rtx_sent(env, t);
	} else if ((t->flags & TF_ACK_NOW) != 0 && t->state == TCP_SYN_RECEIVED) {
		if (o->n == o->max)
			return;
		emit_ack(o, t->snd_nxt);
	}
	t->flags &= (uint16_t) ~(TF_OUTPUT | TF_ACK_NOW | TF_REXMIT);
}

static void
output_rst(struct out *o)
{
	struct tcb *t = o->t;
	struct cut c = { .seq = t->snd_nxt, .flags = TCP_RST | TCP_ACK };

	if (o->n == o->max || !emit(o, &c))
		return;
	o->env->stats->tx_rsts++;
	t->flags &= (uint16_t)~TF_RST_OWED;
}

/* Whether a segment of @p len of the @p avail bytes that wait may go now. */
static bool
may_send(const struct out *o, uint32_t len, uint32_t avail, bool fin)
{
	const struct tcb *t = o->t;

	if (len == o->mss)
		return true;
	/* RFC 9293, 3.7.4: Nagle holds the last, small segment while anything is unacknowledged. */
	if (len == avail && (fin || (t->flags & TF_NO_DELAY) != 0 || t->snd_nxt == t->snd_una))
		return true;
	/* RFC 9293, 3.8.6.2.1, condition 3, Fs = 1/2. */
	return len != 0 && len >= t->snd_wnd_max / 2;
}

/* The flags of a segment that ends @p len bytes after @p seq. */
static uint8_t
data_flags(const struct tcb *t, uint32_t seq, uint32_t len, bool fin)
{
	uint8_t flags = TCP_ACK;

	if (len != 0 && seq + len == t->snd_end)
		flags |= TCP_PSH; /* RFC 9293, 3.9.1.2: what is queued ends here */
	if (fin)
		flags |= TCP_FIN;
	return flags;
}

static bool
fin_due(const struct tcb *t, uint32_t end)
{
	return (t->flags & TF_FIN_QUEUED) != 0 && end == t->snd_end;
}

/* The first data of a flight, for which the path may be known better. @return NULL: no memory. */
static __rte_noinline struct flight *
begin_flight(struct out *o)
{
	uint16_t mss = o->t->mss;
	struct flight *f = tcp_flight_get(o->env, o->t);

	o->mss = (uint16_t)(o->mss + o->t->mss - mss);
	return f;
}

/* Data from snd_nxt on, with a FIN or without, or a FIN alone. */
static __rte_always_inline bool
send_next(struct out *o, uint32_t len, bool fin)
{
	struct tcb *t = o->t;
	struct tcp_env *env = o->env;
	/* A lone FIN needs no record, and a lone segment (lone.h). */
	bool alone = len == 0 ? t->snd_nxt == t->snd_una : lone_may_go(env, t, len);
	struct flight *f = tcp_flight(env, t);
	/* RFC 3168, 6.1.6: a window probe isn't ECN-capable. */
	struct cut c = { .seq = t->snd_nxt, .fresh = (t->flags & TF_PERSIST) == 0 };
	struct tx_seg *g = NULL;

	if (!alone && f == NULL) {
		f = begin_flight(o);
		fin = fin && len <= o->mss;
		len = RTE_MIN(len, (uint32_t)o->mss);
	}
	c.len = len;
	if (o->n == o->max || (f == NULL && !alone))
		return false;
	if (board_is_full(env) && !alone) {
		env->stats->tx_nosegment++;
		return false;
	}
	c.flags = data_flags(t, c.seq, len, fin);
	c.m = len != 0 ? tcp_snd_seek(t, c.seq) : NULL;
	if (!emit_next(o, &c))
		return false;
	if (!alone)
		g = board_append(env, f, c.m, c.seq, (uint16_t)len, fin);
	else if (len != 0)
		lone_sent(env, t);
	if (t->snd_una == t->snd_nxt && (t->flags & TF_PERSIST) == 0)
		t->rtx_first_ms = env_now_ms(env);
	t->snd_nxt += len + fin;
	o->sent = true;
	if (g != NULL) {
		recovery_sent(env, t, f, tx_seg_space(g), false);
		o->fresh = true;
	}
	return true;
}

static __rte_noinline bool
send_new(struct out *o, uint32_t len, bool fin)
{
	return send_next(o, len, fin);
}

/* A segment once more, of at most @p most bytes. */
static bool
send_again(struct out *o, struct flight *f, struct tx_seg *g, uint16_t most)
{
	struct tcb *t = o->t;
	struct tcp_env *env = o->env;
	struct cut c = { .m = g->m, .seq = g->seq };

	if (g->more != 0)
		board_uncouple(env, f, g, 1);
	if (g->len != 0)
		board_fill(env, f, g, most);
	if (o->n == o->max || (g->len > most && !board_split(env, f, g, most)))
		return false;
	c.len = g->len;
	c.flags = data_flags(t, g->seq, g->len, (g->flags & SEG_FIN) != 0);
	if (!emit(o, &c))
		return false;
	board_resent(env, f, g);
	env->stats->retransmits++;
	recovery_sent(env, t, f, tx_seg_space(g), true);
	o->sent = true;
	return true;
}

static bool
resend_fin(struct out *o)
{
	struct tcb *t = o->t;
	struct cut c = { .seq = t->snd_una, .flags = TCP_FIN | TCP_ACK };

	if (o->n == o->max || !emit(o, &c))
		return false;
	o->env->stats->retransmits++;
	tcp_rtx_sent(o->env, t);
	return true;
}

/* The first @p most bytes of a segment once more, which stays one record. */
static __rte_noinline bool
send_part(struct out *o, struct flight *f, struct tx_seg *g, uint32_t most)
{
	struct cut c = { .m = g->m, .seq = g->seq, .len = RTE_MIN(most, (uint32_t)g->len) };

	if (g->more != 0)
		board_uncouple(o->env, f, g, 1);
	c.flags = data_flags(
		o->t, c.seq, c.len, c.len == g->len && (g->flags & SEG_FIN) != 0 && c.len < most);
	if (o->n == o->max || !emit(o, &c))
		return false;
	o->env->stats->retransmits++;
	g->flags |= SEG_REPEATED; /* it times nothing */
	return true;
}

/* RFC 9293, 3.8.6.1: one byte, or what a window too small for a decent segment takes. */
static bool
probe_window(struct out *o)
{
	struct tcb *t = o->t;
	struct flight *f = tcp_flight(o->env, t);
	uint32_t most = RTE_MIN(RTE_MAX(t->snd_wnd, 1u), (uint32_t)o->mss);

	if (t->snd_nxt == t->snd_una) {
		uint32_t len = RTE_MIN(t->snd_end - t->snd_nxt, most);

		return send_new(o, len, len < most && fin_due(t, t->snd_nxt + len));
	}
	if (f != NULL && f->head != SLAB_NONE && board_seg(o->env, f->head)->len != 0)
		return send_part(o, f, board_seg(o->env, f->head), most);
	return resend_fin(o);
}

static void
output_marked(struct out *o)
{
	struct tcb *t = o->t;

	if ((t->flags & TF_REXMIT) != 0) {
		if (!resend_fin(o))
			return;
		t->flags &= (uint16_t)~TF_REXMIT;
	}
	if ((t->flags & TF_PROBE) == 0)
		return;
	if (tcb_is_quiet(t)) { /* keepalive (3.8.4): it is below the window, and answered */
		if (o->n == o->max)
			return;
		emit_ack(o, t->snd_nxt - 1);
	} else if (!probe_window(o)) {
		return;
	}
	t->flags &= (uint16_t)~TF_PROBE;
	o->env->stats->probes++;
}

void
tcp_persist_if_stuck(const struct tcp_env *env, struct tcb *t)
{
	const struct flight *f = tcp_flight(env, t);
	bool idle = t->rtx_ns == TIME_NEVER || (f != NULL && f->timer == FT_IDLE);

	if (t->snd_nxt != t->snd_una || ((t->flags & TF_PERSIST) != 0 && !idle) || !idle ||
		!(seq_lt(t->snd_nxt, t->snd_end) || fin_due(t, t->snd_nxt)) ||
		(t->flags & TF_PACED) != 0)
		return;
	if ((t->flags & TF_PERSIST) == 0)
		t->rtx_first_ms = env_now_ms(env);
	t->flags |= TF_PERSIST;
	tcp_rtx_arm(env, t);
}

/* How much cwnd leaves. */
static inline uint32_t
cwnd_room(const struct tcb *t, const struct flight *f)
{
	uint32_t cwnd = f != NULL ? f->cwnd : tcp_restart_window(t);
	uint32_t pipe = f != NULL ? board_pipe(t, f) : 0;

	return pipe < cwnd ? cwnd - pipe : 0;
}

static inline uint32_t
wnd_room(const struct tcb *t)
{
	uint32_t out = t->snd_nxt - t->snd_una;

	return out < t->snd_wnd ? t->snd_wnd - out : 0;
}

/* RFC 8985, 7.3: new data if there is any, or the last segment again; cwnd is no hindrance. */
static bool
output_tail_probe(struct out *o, struct flight *f)
{
	struct tcb *t = o->t;
	uint32_t avail = seq_lt(t->snd_nxt, t->snd_end) ? t->snd_end - t->snd_nxt : 0;
	uint32_t len = RTE_MIN(RTE_MIN(avail, wnd_room(t)), (uint32_t)o->mss);

	f->flags &= (uint8_t)~FF_PROBE_DUE;
	if (f->head == SLAB_NONE || f->nb_sacked != 0)
		return true;	/* too late: what came since says more */
	f->flags |= FF_TLP_OUT; /* from here on the timer is the RTO's */
	if (len != 0 && (len == avail || len == o->mss)) {
		f->flags &= (uint8_t)~FF_TLP_RETRANS;
		if (!send_new(o, len, false))
			goto later;
	} else {
		f->flags |= FF_TLP_RETRANS;
		if (!send_again(o, f, board_last(o->env, f), o->mss))
			goto later;
	}
	f->tlp_end = t->snd_nxt;
	o->env->stats->tail_probes++;
	tcp_rtx_arm(o->env, t);
	return true;
later:
	f->flags |= FF_PROBE_DUE;
	f->flags &= (uint8_t)~FF_TLP_OUT;
	return false;
}

/* What is lost goes again, as far as cwnd allows; always one segment. @return false: no room. */
static bool
output_lost(struct out *o, struct flight *f)
{
	struct tcb *t = o->t;
	struct tx_seg *g;

	while ((g = board_lost(o->env, f)) != NULL) {
		uint32_t pipe = board_pipe(t, f);
		uint16_t most = o->mss;

		/* After a timeout the first goes in any case (RFC 6298, 5.4). */
		if (pipe != 0 && !(f->phase == FP_LOSS && board_index(o->env, g) == f->head) &&
			pipe + RTE_MIN(tx_seg_first(g), (uint32_t)o->mss) > f->cwnd) {
			break;
		}
		if (f->phase == FP_LOSS) {
			/* RFC 9293, 3.8.6 (SHLD-16): of a window that shrank, what is in it. */
			uint32_t room = t->snd_una + t->snd_wnd - g->seq;

			if (!seq_lt(g->seq, t->snd_una + t->snd_wnd))
				break;
			most = (uint16_t)RTE_MIN(room, (uint32_t)o->mss);
		}
		if (unlikely(!send_again(o, f, g, most))) {
			/* Without a record to split it: its ACK brings the next part. */
			if (pipe != 0 || g->len <= most || !send_part(o, f, g, most))
				return false;
			o->sent = true;
			break;
		}
	}
	return true;
}

static inline bool
is_paced(const struct tcb *t, const struct flight *f)
{
	return f != NULL && (f->paced | f->smooth) != 0 && t->srtt_us != 0;
}

/* How long a cwnd of data is spread over. */
static inline uint64_t
pace_cwnd_ns(const struct tcb *t, const struct flight *f)
{
	uint64_t rtt_ns = (t->srtt_us >> 3) * TIME_US;

	/* Twice the rate in slow start, 1.25 times later, so that cwnd can still be filled. */
	return f->cwnd < t->ssthresh ? rtt_ns / 2 : rtt_ns * 4 / 5;
}

uint64_t
tcp_pacing_rate(const struct tcp_env *env, const struct tcb *t)
{
	const struct flight *f = tcp_flight(env, t);

	return is_paced(t, f) ? f->cwnd * TIME_S / RTE_MAX(pace_cwnd_ns(t, f), 1u) : 0;
}

bool
tcp_is_rwnd_limited(const struct tcp_env *env, const struct tcb *t)
{
	uint32_t avail = seq_lt(t->snd_nxt, t->snd_end) ? t->snd_end - t->snd_nxt : 0;
	uint32_t want = RTE_MIN(avail, (uint32_t)t->mss);

	return want != 0 && wnd_room(t) < want && cwnd_room(t, tcp_flight(env, t)) >= want;
}

bool
tcp_is_app_limited(const struct tcp_env *env, const struct tcb *t)
{
	return !tcp_has_unsent(t) && cwnd_room(t, tcp_flight(env, t)) >= t->mss;
}

bool
tcp_is_sndbuf_limited(const struct tcp_env *env, const struct tcb *t)
{
	uint32_t queued = t->snd_end - tcp_data_acked(t);

	return (t->flags & TF_FIN_QUEUED) == 0 &&
	       queued + t->mss > tcp_profile(env, t)->sndbuf_bytes && tcp_is_app_limited(env, t) &&
	       wnd_room(t) >= t->mss;
}

/* New data is spread over the round trip. */
static bool
paced(const struct out *o, struct flight *f)
{
	struct tcb *t = o->t;

	if (!is_paced(t, f) || o->env->now_ns >= f->pace_ns)
		return false;
	t->flags |= TF_PACED;
	return true;
}

/* @return false: more may follow at once. */
static bool
pace(const struct out *o, uint32_t len)
{
	struct tcb *t = o->t;
	struct flight *f = tcp_flight(o->env, t);

	if (!is_paced(t, f))
		return false;
	f->pace_ns = RTE_MAX(f->pace_ns, o->env->now_ns) +
		     pace_cwnd_ns(t, f) * len / RTE_MAX(f->cwnd, 1u);
	return true;
}

/* What goes now, in place of a probe, has a timer of its own; if it can't, probing goes on as it
 * was, and its R2. */
static __rte_noinline bool
send_for_probe(struct out *o, uint32_t len, bool fin)
{
	struct tcb *t = o->t;
	uint64_t rtx_ns = t->rtx_ns;
	uint8_t backoff = t->backoff;

	tcp_rtx_stop(t);
	t->backoff = 0;
	if (send_new(o, len, fin))
		return true;
	t->rtx_ns = rtx_ns;
	t->backoff = backoff;
	t->flags |= TF_PERSIST;
	return false;
}

/* How many mbufs ahead headers' room is fetched. */
#define TRAIN_AHEAD 8

/*
 * After a full segment, which is the last of o->pkts, more like it: @p bytes may go, behind which
 * there are others yet. @return false: no mbuf.
 */
static inline bool
send_train(struct out *o, uint32_t bytes)
{
	struct tcp_env *env = o->env;
	struct tcb *t = o->t;
	const uint32_t mss = o->mss, begin = t->snd_nxt;
	struct flight *f = tcp_flight(env, t);
	const struct rte_mbuf *ahead = t->snd_cur;
	const uint32_t room = RTE_MIN((uint32_t)(o->max - o->n), bytes / mss);
	const uint32_t n = board_room(env, room);
	struct tcp_train train;
	uint32_t i;

	for (i = 0; i < TRAIN_AHEAD && ahead != NULL; i++)
		ahead = ahead->next;
	tcp_train_begin(&train, o->pkts[o->n - 1], o->path);
	for (i = 0; i < n; i++) {
		struct rte_mbuf *from = tcp_snd_seek(t, t->snd_nxt), *m;

		ahead = snd_prefetch(ahead);
		m = snd_cut_next(env, from, t->snd_nxt, mss);
		if (unlikely(m == NULL))
			break;
		tcp_emit_train(m, o->path, &train, t->snd_nxt);
		board_couple(env, f, from, t->snd_nxt);
		t->snd_nxt += mss;
		o->pkts[o->n++] = m;
	}
	env->stats->tx_data_bytes += t->snd_nxt - begin;
	recovery_sent(env, t, f, t->snd_nxt - begin, false);
	return i == n;
}

/* Without mbufs, too, there is an R2. */
static __rte_noinline void
wait_for_room(struct out *o)
{
	struct tcb *t = o->t;

	if (t->snd_nxt != t->snd_una && t->rtx_ns == TIME_NEVER)
		tcp_rtx_arm(o->env, t);
	tcp_persist_if_stuck(o->env, t);
}

static inline void
output_new(struct out *o)
{
	struct tcb *t = o->t;

	for (;;) {
		if (!tcp_has_unsent(t)) {
			t->flags &= (uint16_t)~TF_OUTPUT;
			return;
		}
		struct flight *f = tcp_flight(o->env, t);
		uint32_t avail = t->snd_end - t->snd_nxt;
		/* Where nothing is on the way a segment may go in any case. */
		uint32_t cwnd = f != NULL ? cwnd_room(t, f) : t->mss, wnd = wnd_room(t);
		uint32_t room = RTE_MIN(cwnd, wnd);
		uint32_t len = RTE_MIN(RTE_MIN(avail, room), (uint32_t)o->mss);
		bool fin = len < wnd && len == avail && fin_due(t, t->snd_nxt + len);

		if ((len == 0 && !fin) || !may_send(o, len, avail, fin) || paced(o, f))
			break;
		if (unlikely((t->flags & TF_PERSIST) != 0)) {
			if (!send_for_probe(o, len, fin))
				return;
		} else if (!send_next(o, len, fin)) {
			wait_for_room(o);
			return;
		}
		if (!pace(o, len) && o->usual && len == o->mss &&
			RTE_MIN(room, avail - 1) >= 2 * len &&
			!send_train(o, RTE_MIN(room, avail - 1) - len)) {
			wait_for_room(o);
			return;
		}
	}
	t->flags &= (uint16_t)~TF_OUTPUT;
	tcp_persist_if_stuck(o->env, t);
}

static void
output_data(struct out *o)
{
	struct tcb *t = o->t;
	struct flight *f = tcp_flight(o->env, t);

	if (t->flight == FLIGHT_LONE && tcp_has_unsent(t) &&
		(f = tcp_flight_of_lone(o->env, t)) == NULL)
		return;
	if (f != NULL && (t->flags & TF_PERSIST) == 0) {
		if (f->lost != 0 && t->snd_wnd == 0) { /* RFC 9293, 3.8.6.1 */
			t->flags |= TF_PERSIST;
			t->flags &= (uint16_t)~TF_OUTPUT;
			tcp_rtx_arm(o->env, t);
			return;
		}
		if ((f->flags & FF_PROBE_DUE) != 0 && !output_tail_probe(o, f))
			return;
		/* RFC 5682, step 2b: new data, though there is some that may be lost. */
		if (f->lost != 0 && f->frto != 2 && !output_lost(o, f))
			return;
		if (f->lost != 0 && f->frto != 2) {
			t->flags &= (uint16_t)~TF_OUTPUT; /* the next ACK makes room */
			return;
		}
	}
	output_new(o);
}

/* What follows from all that went at once. */
static inline void
data_sent(const struct out *o)
{
	struct tcb *t = o->t;
	struct flight *f = tcp_flight(o->env, t);

	if (t->flight == FLIGHT_LONE) {
		tcp_rtx_arm_lone(o->env, t);
		return;
	}
	if (o->fresh)
		f->used = RTE_MAX(f->used, board_pipe(t, f));
	tcp_rtx_sent(o->env, t);
}

/* A FIN that follows what is acknowledged already. */
static inline bool
owes_lone_fin(const struct tcb *t)
{
	const uint16_t mask = TF_OWES & ~TF_ACK_NOW;

	return (t->flags & (mask | TF_FIN_QUEUED | TF_PERSIST | TF_PACED)) ==
		       (TF_OUTPUT | TF_FIN_QUEUED) &&
	       t->snd_una == t->snd_nxt && t->snd_nxt == t->snd_end && t->snd_wnd != 0;
}

/* Whether one segment is owed, and that is emit_bare()'s. */
static inline bool
owes_bare(const struct tcb *t)
{
	return t->state >= TCP_ESTABLISHED && sends_usual(t) &&
	       ((t->flags & (TF_OWES | TF_PERSIST)) == TF_ACK_NOW || owes_lone_fin(t));
}

/*
 * A peer whose window is closed drops a probe's byte, and after it everything that begins beyond
 * its window, ACKs too (RFC 9293, 3.10.7.4): two that have closed their windows to each other would
 * never hear that one of them opens.
 */
static uint32_t
ack_seq(const struct tcb *t)
{
	if ((t->flags & TF_PERSIST) == 0)
		return t->snd_nxt;
	return t->snd_una + RTE_MIN(t->snd_nxt - t->snd_una, t->snd_wnd);
}

/* Everything that there is to send, in the order of urgency. */
static __rte_noinline uint16_t
output_all(struct tcp_env *env, struct tcb *t, const struct wire_path *path, struct rte_mbuf **pkts,
	uint16_t max)
{
	struct out o; /* sack as far as nb_sack says: clearing it all costs a packet's worth */

	o.env = env;
	o.t = t;
	o.path = path;
	o.pkts = pkts;
	o.n = 0;
	o.max = max;
	o.mss = t->mss;
	o.nb_sack = 0;
	o.acked = o.sent = o.fresh = o.usual = false;

	if ((t->flags & TF_RST_OWED) != 0) {
		output_rst(&o);
		return o.n;
	}
	if (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED) {
		output_syn(&o);
		return o.n;
	}
	if (max != 0 && (t->opts & TO_SACK) != 0 &&
		((t->opts & TO_DSACK) != 0 || t->ooo_head != NULL)) {
		o.nb_sack = tcp_sack_out(t, o.sack, (t->opts & TO_TIMESTAMPS) != 0 ? 3 : 4);
		o.mss = (uint16_t)(o.mss - TCP_SACK_SPACE(o.nb_sack));
	}
	if ((t->flags & (TF_REXMIT | TF_PROBE)) != 0)
		output_marked(&o);
	if ((t->flags & (TF_REXMIT | TF_PROBE)) == 0 && (t->flags & TF_OUTPUT) != 0)
		output_data(&o);
	if (o.sent)
		data_sent(&o);
	if ((t->flags & TF_ACK_NOW) != 0)
		emit_ack(&o, ack_seq(t));
	return o.n;
}

uint16_t
tcp_output(struct tcp_env *env, struct tcb *t, const struct wire_path *path, struct rte_mbuf **pkts,
	uint16_t max)
{
	struct rte_mbuf *m = likely(max != 0 && owes_bare(t)) ? mbufs_take(env->mbufs) : NULL;

	if (unlikely(m == NULL))
		return output_all(env, t, path, pkts, max);
	pkts[0] = m;
	emit_bare(env, t, path, m);
	if ((t->flags & TF_OUTPUT) != 0) { /* it was a FIN, and no data comes any more */
		if (t->flight != SLAB_NONE)
			tcp_flight_end(env, t);
		t->rtx_first_ms = env_now_ms(env);
		t->snd_nxt++;
		t->flags &= (uint16_t)~TF_OUTPUT;
		tcp_rtx_arm_alone(env, t);
	}
	return 1;
}
