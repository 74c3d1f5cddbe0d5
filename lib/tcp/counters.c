/* SPDX-License-Identifier: BSD-3-Clause */
/* counters.c: see counters.h. */
#include <string.h>

#include <rte_byteorder.h>

#include "tcp/counters.h"
#include "tcp/scoreboard.h"

#define RCV_RTT_MOST_MS (1u << 28)

/* Up to what comes next in sequence, the peer's FIN aside. */
static uint32_t
data_received(const struct tcb *t)
{
	return t->rcv_nxt - ((t->flags & TF_FIN_RECEIVED) != 0);
}

void
tcp_counters_begin(const struct tcp_env *env, const struct tcb *t)
{
	struct tcp_counters *c = tcp_counters(env, t);

	if (c->begun || t->state < TCP_ESTABLISHED)
		return;
	c->begun = true;
	c->una = tcp_data_acked(t);
	c->rcv = data_received(t);
	c->sent_end = t->snd_nxt;
}

/* Time counts for what was so up to now; from here on it is as it is. */
static void
clock_on(const struct tcp_env *env, const struct tcb *t, struct tcp_counters *c)
{
	const struct flight *f = tcp_flight(env, t);
	uint64_t passed = env->now_ns - c->clock_ns;

	c->busy_ns += c->busy ? passed : 0;
	c->limited_ns += c->limited ? passed : 0;
	c->sndbuf_ns += c->sndbuf ? passed : 0;
	c->rto_ns += c->rto ? passed : 0;
	c->clock_ns = env->now_ns;
	c->busy = t->snd_head != NULL;
	c->limited = c->busy && tcp_is_rwnd_limited(env, t);
	c->sndbuf = c->busy && tcp_is_sndbuf_limited(env, t);
	c->rto = f != NULL && f->phase == FP_LOSS;
}

void
tcp_counters_start(const struct tcp_env *env, struct tcb *t)
{
	struct tcp_counters *c = tcp_counters(env, t);

	memset(c, 0, sizeof(*c));
	c->since_ns = c->clock_ns = env->now_ns;
	tcp_counters_begin(env, t);
	clock_on(env, t, c);
}

static void
settle_bytes(const struct tcb *t, struct tcp_counters *c)
{
	uint32_t una = tcp_data_acked(t), rcv = data_received(t);

	c->bytes_acked += una - c->una;
	c->bytes_received += rcv - c->rcv;
	c->una = una;
	c->rcv = rcv;
}

void
tcp_counters_settle(const struct tcp_env *env, const struct tcb *t)
{
	struct tcp_counters *c = tcp_counters(env, t);

	tcp_counters_begin(env, t);
	if (c->begun)
		settle_bytes(t, c);
	clock_on(env, t, c);
}

void
tcp_counters_end(const struct tcp_env *env, const struct tcb *t)
{
	struct tcp_counters *c = tcp_counters(env, t);

	clock_on(env, t, c);
	c->busy = c->limited = c->sndbuf = c->rto = c->round = false;
}

void
tcp_count_in(const struct tcp_env *env, const struct tcb *t, const struct seg *s)
{
	struct tcp_counters *c = tcp_counters(env, t);

	c->segs_in += seg_train(s);
	c->data_segs_in += s->len != 0 ? seg_train(s) : 0;
}

/*
 * The round trip as who receives sees it: from when a timestamp went until the peer's first full
 * segment that echoes it. Smaller ones wait for its application.
 */
static void
rcv_rtt(const struct tcp_env *env, const struct tcb *t, struct tcp_counters *c, const struct seg *s)
{
	uint32_t ms;

	if ((t->opts & TO_TIMESTAMPS) == 0 || (s->opts & OPT_TIMESTAMPS) == 0 ||
		s->len < t->rcv_mss || (c->rcv_rtt_ms8 != 0 && !seq_gt(s->ts_ecr, c->rcv_ecr)))
		return;
	ms = RTE_MAX(env_ts(env, t) - s->ts_ecr, 1u);
	if (ms > RCV_RTT_MOST_MS) /* it isn't one of ours */
		return;
	c->rcv_ecr = s->ts_ecr;
	c->rcv_rtt_ms8 = c->rcv_rtt_ms8 == 0 ? 8 * ms : c->rcv_rtt_ms8 - c->rcv_rtt_ms8 / 8 + ms;
}

struct count_mark
tcp_count_before(const struct tcp_env *env, const struct tcb *t, const struct seg *s)
{
	struct tcp_counters *c = tcp_counters(env, t);
	const struct flight *f = tcp_flight(env, t);

	tcp_counters_begin(env, t);
	settle_bytes(t, c);
	c->ack_received_ns = env->now_ns;
	if (s->len != 0) {
		c->data_received_ns = env->now_ns;
		rcv_rtt(env, t, c, s);
		c->ooo_segs_in += seq_gt(s->seq, t->rcv_nxt);
	}
	return (struct count_mark){
		.una = tcp_data_acked(t),
		.sacked = f != NULL ? f->sacked : 0,
		.nb_sacked = f != NULL ? f->nb_sacked : 0,
		.segs = board_segs(env),
	};
}

/* Bytes a second, of what was delivered from when this round began until what was sent by then was
 * acknowledged. */
static void
end_round(const struct tcp_env *env, const struct tcb *t, struct tcp_counters *c)
{
	uint64_t ns = env->now_ns - c->round_ns;

	if (!c->round || ns == 0 || !seq_geq(tcp_data_acked(t), c->round_end))
		return;
	c->round = false;
	c->rate = (c->delivered_bytes - c->round_bytes) * TIME_S / ns;
	c->app_limited = c->round_limited;
}

/*
 * A segment's record goes when it is acknowledged, and none comes but by output: so it was
 * delivered now, unless it was SACKed before.
 */
void
tcp_count_after(
	const struct tcp_env *env, const struct tcb *t, const struct count_mark *was, bool ece)
{
	struct tcp_counters *c = tcp_counters(env, t);
	const struct flight *f = tcp_flight(env, t);
	uint32_t segs = was->segs - board_segs(env);
	uint32_t bytes = tcp_data_acked(t) - was->una;

	segs += (f != NULL ? f->nb_sacked : 0) - was->nb_sacked;
	bytes += (f != NULL ? f->sacked : 0) - was->sacked;
	c->delivered_bytes += bytes;
	c->delivered_segs += segs;
	if (ece && (t->opts & TO_ECN) != 0)
		c->delivered_ce_segs += segs;
	end_round(env, t, c);
	clock_on(env, t, c);
}

static uint32_t
frame32(const uint8_t *p)
{
	uint32_t be;

	memcpy(&be, p, sizeof(be));
	return rte_be_to_cpu_32(be);
}

/* A segment that goes out. */
static void
count_out(const struct tcp_env *env, struct tcp_counters *c, const struct rte_mbuf *m)
{
	const uint8_t *tcp =
		rte_pktmbuf_mtod_offset(m, const uint8_t *, WIRE_ETH_BYTES + WIRE_IP4_BYTES);
	uint32_t head = WIRE_ETH_BYTES + WIRE_IP4_BYTES + (tcp[12] >> 4) * 4u;
	uint32_t seq = frame32(tcp + 4), bytes = m->pkt_len - head;

	c->segs_out++;
	if (bytes == 0)
		return;
	c->data_segs_out++;
	c->bytes_sent += bytes;
	c->data_sent_ns = env->now_ns;
	if (seq_lt(seq, c->sent_end))
		c->bytes_retrans += RTE_MIN(bytes, c->sent_end - seq);
	c->sent_end = seq_max(c->sent_end, seq + bytes);
}

static void
begin_round(const struct tcp_env *env, const struct tcb *t, struct tcp_counters *c)
{
	if (c->round || t->snd_head == NULL || !seq_gt(c->sent_end, t->snd_una))
		return;
	c->round = true;
	c->round_limited = false;
	c->round_ns = env->now_ns;
	c->round_end = c->sent_end;
	c->round_bytes = c->delivered_bytes;
}

uint16_t
tcp_output_counted(struct tcp_env *env, struct tcb *t, const struct wire_path *path,
	struct rte_mbuf **pkts, uint16_t max)
{
	uint64_t again = env->stats->retransmits;
	struct tcp_counters *c;
	uint16_t n;

	if ((t->opts & TO_COUNTED) == 0)
		return tcp_output(env, t, path, pkts, max);
	c = tcp_counters(env, t);
	tcp_counters_begin(env, t);
	n = tcp_output(env, t, path, pkts, max);
	for (uint16_t i = 0; i < n; i++)
		count_out(env, c, pkts[i]);
	c->retransmits += env->stats->retransmits - again;
	begin_round(env, t, c);
	c->round_limited |= c->round && tcp_is_app_limited(env, t);
	clock_on(env, t, c);
	return n;
}
