/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * output.c: which segments a connection may send now, and sends (RFC 9293, 3.8.6, 3.7.4): within
 * the peer's window and cwnd, without silly ones. Whatever it can't send for want of room or mbufs
 * stays owed.
 */
#include "tcp/tcp.h"

struct out {
	struct tcp_env *env;
	struct tcb *t;
	const struct wire_path *path;
	struct rte_mbuf **pkts;
	uint16_t n;
	uint16_t max;
};

static bool
emit(struct out *o, uint32_t seq, uint32_t len, uint8_t flags)
{
	struct tcb *t = o->t;
	struct tcp_env *env = o->env;
	struct rte_mbuf *m;

	m = len != 0 ? tcp_snd_cut(env, t, seq, len) : mbufs_get(env->mbufs);
	if (m == NULL)
		return false;
	if ((flags & TCP_ACK) != 0) {
		tcp_window_advance(env, t);
		t->rcv_acked = t->rcv_nxt;
		t->delack_ns = TIME_NEVER;
		t->flags &= (uint16_t)~TF_ACK_NOW;
	}
	struct tcp_out seg = {
		.seq = seq,
		.ack = (flags & TCP_ACK) != 0 ? t->rcv_nxt : 0,
		.sport = t->key.lport,
		.dport = t->key.rport,
		.wnd = (uint16_t)RTE_MIN(tcp_rcv_wnd(t), 65535u),
		.flags = flags,
		.mss = (flags & TCP_SYN) != 0 ? env->mss : 0,
	};

	tcp_emit(m, o->path, &seg);
	o->pkts[o->n++] = m;
	env->stats->tx_tcp_segs++;
	env->stats->tx_data_bytes += len;
	return true;
}

/* What follows from @p len of the sequence space from @p seq on having been sent. */
static void
sent(struct out *o, uint32_t seq, uint32_t len)
{
	struct tcb *t = o->t;
	uint32_t end = seq + len;

	if (seq_lt(seq, t->snd_max)) {
		o->env->stats->retransmits++;
		/* Karn: what is sent twice times nothing (RFC 6298, 3). */
		if ((t->flags & TF_RTT_TIMING) != 0 && seq_lt(seq, t->rtt_seq))
			t->flags &= (uint16_t)~TF_RTT_TIMING;
	} else if ((t->flags & TF_RTT_TIMING) == 0) {
		t->flags |= TF_RTT_TIMING;
		t->rtt_seq = end;
		t->rtt_start_us = (uint32_t)(o->env->now_ns / TIME_US);
	}
	if (t->snd_una == t->snd_max && (t->flags & TF_PERSIST) == 0)
		t->rtx_first_ms = env_now_ms(o->env);
	t->snd_max = seq_max(t->snd_max, end);
	if (t->rtx_ns == TIME_NEVER)
		tcp_rtx_arm(o->env, t); /* RFC 6298, 5.1 */
}

static void
output_syn(struct out *o)
{
	struct tcb *t = o->t;
	uint8_t flags = t->state == TCP_SYN_SENT ? TCP_SYN : TCP_SYN | TCP_ACK;

	if (t->snd_nxt == t->snd_una) {
		if (o->n == o->max || !emit(o, t->snd_una, 0, flags)) {
			if (t->rtx_ns == TIME_NEVER)
				tcp_rtx_arm(o->env, t); /* R2 counts, mbufs or no mbufs */
			return;
		}
		sent(o, t->snd_una, 1);
		t->snd_nxt = t->snd_una + 1;
	} else if ((t->flags & TF_ACK_NOW) != 0 && t->state == TCP_SYN_RECEIVED) {
		if (o->n == o->max || !emit(o, t->snd_max, 0, TCP_ACK))
			return;
	}
	t->flags &= (uint16_t) ~(TF_OUTPUT | TF_ACK_NOW);
}

static void
output_rst(struct out *o)
{
	struct tcb *t = o->t;

	if (o->n == o->max || !emit(o, t->snd_max, 0, TCP_RST | TCP_ACK))
		return;
	o->env->stats->tx_rsts++;
	t->flags &= (uint16_t)~TF_RST_OWED;
}

/* Whether a segment of @p len of the @p avail bytes that wait may go now. */
static bool
may_send(const struct tcb *t, uint32_t len, uint32_t avail, bool fin)
{
	if (len == t->mss || seq_lt(t->snd_nxt, t->snd_max))
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

/* Sends what is at snd_una once more, or one byte of it into a closed window. */
static bool
output_head(struct out *o, uint32_t most)
{
	struct tcb *t = o->t;
	uint32_t avail = seq_gt(t->snd_end, t->snd_una) ? t->snd_end - t->snd_una : 0;
	uint32_t len = RTE_MIN(RTE_MIN(avail, (uint32_t)t->mss), most);
	bool fin = len < most && fin_due(t, t->snd_una + len);

	if (len == 0 && !fin)
		return true;
	if (o->n == o->max || !emit(o, t->snd_una, len, data_flags(t, t->snd_una, len, fin)))
		return false;
	sent(o, t->snd_una, len + fin);
	t->snd_nxt = seq_max(t->snd_nxt, t->snd_una + len + fin);
	return true;
}

static void
output_marked(struct out *o)
{
	struct tcb *t = o->t;

	if ((t->flags & TF_REXMIT) != 0) {
		if (!output_head(o, t->snd_max - t->snd_una))
			return;
		t->flags &= (uint16_t)~TF_REXMIT;
	}
	if ((t->flags & TF_PROBE) != 0) {
		/* RFC 9293, 3.8.6.1: one byte, or what a window too small for a decent segment
		 * takes. */
		if (!output_head(o, RTE_MAX(t->snd_wnd, 1u)))
			return;
		t->flags &= (uint16_t)~TF_PROBE;
		o->env->stats->probes++;
	}
}

void
tcp_persist_if_stuck(const struct tcp_env *env, struct tcb *t)
{
	if (t->snd_nxt != t->snd_una || t->rtx_ns != TIME_NEVER ||
		!(seq_lt(t->snd_nxt, t->snd_end) || fin_due(t, t->snd_nxt)))
		return;
	if ((t->flags & TF_PERSIST) == 0)
		t->rtx_first_ms = env_now_ms(env);
	t->flags |= TF_PERSIST;
	tcp_rtx_arm(env, t);
}

static void
output_data(struct out *o)
{
	struct tcb *t = o->t;

	while ((t->flags & TF_OUTPUT) != 0) {
		uint32_t avail = seq_lt(t->snd_nxt, t->snd_end) ? t->snd_end - t->snd_nxt : 0;
		uint32_t room = tcp_snd_room(t);
		uint32_t len = RTE_MIN(RTE_MIN(avail, room), (uint32_t)t->mss);
		bool fin = len < room && fin_due(t, t->snd_nxt + len);

		if ((len == 0 && !fin) || !may_send(t, len, avail, fin))
			break;
		if ((t->flags & TF_PERSIST) !=
			0) { /* no probe: what goes now has a timer of its own */
			tcp_rtx_stop(t);
			t->backoff = 0;
		}
		if (o->n == o->max ||
			!emit(o, t->snd_nxt, len, data_flags(t, t->snd_nxt, len, fin))) {
			tcp_persist_if_stuck(o->env, t); /* without mbufs, too, there is an R2 */
			return;
		}
		sent(o, t->snd_nxt, len + fin);
		t->snd_nxt += len + fin;
	}
	t->flags &= (uint16_t)~TF_OUTPUT;
	tcp_persist_if_stuck(o->env, t);
}

uint16_t
tcp_output(struct tcp_env *env, struct tcb *t, const struct wire_path *path, struct rte_mbuf **pkts,
	uint16_t max)
{
	struct out o = { .env = env, .t = t, .path = path, .pkts = pkts, .max = max };

	if ((t->flags & TF_RST_OWED) != 0) {
		output_rst(&o);
		return o.n;
	}
	if (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED) {
		output_syn(&o);
		return o.n;
	}
	if ((t->flags & (TF_REXMIT | TF_PROBE)) != 0)
		output_marked(&o);
	if ((t->flags & (TF_REXMIT | TF_PROBE)) == 0)
		output_data(&o);
	if ((t->flags & TF_ACK_NOW) != 0 && o.n < max)
		emit(&o, t->snd_max, 0, TCP_ACK);
	return o.n;
}
