/* SPDX-License-Identifier: BSD-3-Clause */
/* info.c: what is known of a connection (RFC 9293, 3.9.1: STATUS). */
#include <string.h>

#include "tcp/counters.h"
#include "tcp/info.h"
#include "tcp/rcv_run.h"
#include "tcp/scoreboard.h"

_Static_assert((int)THOLE_CLOSED == (int)TCP_CLOSED && (int)THOLE_LISTEN == (int)TCP_LISTEN &&
		       (int)THOLE_SYN_SENT == (int)TCP_SYN_SENT &&
		       (int)THOLE_SYN_RECEIVED == (int)TCP_SYN_RECEIVED &&
		       (int)THOLE_ESTABLISHED == (int)TCP_ESTABLISHED &&
		       (int)THOLE_FIN_WAIT_1 == (int)TCP_FIN_WAIT_1 &&
		       (int)THOLE_FIN_WAIT_2 == (int)TCP_FIN_WAIT_2 &&
		       (int)THOLE_CLOSE_WAIT == (int)TCP_CLOSE_WAIT &&
		       (int)THOLE_CLOSING == (int)TCP_CLOSING &&
		       (int)THOLE_LAST_ACK == (int)TCP_LAST_ACK &&
		       (int)THOLE_TIME_WAIT == (int)TCP_TIME_WAIT,
	"the states are the same");

#define HEADER_BYTES 40

const char *
thole_state_name(enum thole_state state)
{
	static const char *const names[] = {
		[THOLE_CLOSED] = "CLOSED",
		[THOLE_LISTEN] = "LISTEN",
		[THOLE_SYN_SENT] = "SYN-SENT",
		[THOLE_SYN_RECEIVED] = "SYN-RECEIVED",
		[THOLE_ESTABLISHED] = "ESTABLISHED",
		[THOLE_FIN_WAIT_1] = "FIN-WAIT-1",
		[THOLE_FIN_WAIT_2] = "FIN-WAIT-2",
		[THOLE_CLOSE_WAIT] = "CLOSE-WAIT",
		[THOLE_CLOSING] = "CLOSING",
		[THOLE_LAST_ACK] = "LAST-ACK",
		[THOLE_TIME_WAIT] = "TIME-WAIT",
	};

	return (size_t)state < RTE_DIM(names) ? names[state] : "?";
}

static uint8_t
options_of(const struct tcb *t)
{
	uint32_t options = 0;

	if ((t->opts & TO_TIMESTAMPS) != 0)
		options |= THOLE_INFO_TIMESTAMPS;
	if ((t->opts & TO_SACK) != 0)
		options |= THOLE_INFO_SACK;
	if ((t->opts & TO_WSCALE) != 0)
		options |= THOLE_INFO_WSCALE;
	if ((t->opts & TO_ECN) != 0)
		options |= THOLE_INFO_ECN;
	return (uint8_t)options;
}

static uint8_t
recovery_of(const struct flight *f)
{
	if (f != NULL) {
		switch ((enum flight_phase)f->phase) {
		case FP_OPEN:
			break;
		case FP_RECOVERY:
			return THOLE_RECOVERY_FAST;
		case FP_LOSS:
			return THOLE_RECOVERY_RTO;
		case FP_CWR:
			return THOLE_RECOVERY_CWR;
		}
	}
	return THOLE_RECOVERY_NONE;
}

static void
info_path(const struct tcp_env *env, const struct tcb *t, struct thole_info *info)
{
	uint16_t link = (uint16_t)(env->mss_mtu + HEADER_BYTES);
	uint16_t path = paths_mtu(&env->paths, t->key.raddr, env->now_ns);
	uint32_t opts = (t->opts & TO_TIMESTAMPS) != 0 ? TCP_TIMESTAMPS_SPACE : 0;

	info->snd_mss = tcp_path_mss(env, t);
	info->rcv_mss = t->rcv_mss;
	info->advmss = tcp_profile(env, t)->terms.mss;
	info->pmtu = link;
	/* What others have learnt since its flight began it doesn't go by. */
	if (path != 0 && path < link && path >= info->snd_mss + opts + HEADER_BYTES)
		info->pmtu = path;
}

static void
info_times(const struct tcp_env *env, const struct tcb *t, const struct flight *f,
	struct thole_info *info)
{
	info->rto_ns = tcp_rto_ns(env, t);
	info->srtt_ns = (t->srtt_us >> 3) * TIME_US;
	info->rttvar_ns = (t->rttvar_us >> 2) * TIME_US;
	if (t->delack_ns != TIME_NEVER)
		info->delayed_ack_ns = t->delack_ns > env->now_ns ? t->delack_ns - env->now_ns : 1;
	info->pacing_bytes_per_s = tcp_pacing_rate(env, t);
	if (f == NULL)
		return;
	info->min_rtt_ns = f->min_rtt_us * TIME_US;
	info->reordering_ns = rack_window_us(t, f) * TIME_US;
}

/* The list of segments is walked: nobody asks often. */
static void
info_segs(const struct tcp_env *env, const struct tcb *t, const struct flight *f,
	struct thole_info *info)
{
	if (f == NULL || f->head == SLAB_NONE) {
		info->unacked_segs = t->snd_nxt != t->snd_una; /* a SYN, a lone FIN */
		info->retrans_segs = t->state < TCP_ESTABLISHED && (t->flags & TF_SYN_REXMIT) != 0;
		return;
	}
	for (uint32_t i = f->head; i != SLAB_NONE; i = board_seg(env, i)->next) {
		const struct tx_seg *g = board_seg(env, i);
		uint8_t flags = g->flags & (SEG_REPEATED | SEG_SACKED | SEG_LOST);
		uint32_t segs = 1u + g->more;

		info->unacked_segs += segs;
		info->sacked_segs += (flags & SEG_SACKED) != 0 ? segs : 0;
		info->lost_segs += (flags & SEG_LOST) != 0 ? segs : 0;
		info->retrans_segs += flags == SEG_REPEATED ? segs : 0;
	}
}

static void
info_sending(const struct tcp_env *env, const struct tcb *t, const struct flight *f,
	struct thole_info *info)
{
	/* Between them is data: no SYN, no FIN. */
	uint32_t una = tcp_data_acked(t) + (t->state < TCP_ESTABLISHED);
	uint32_t nxt = seq_max(una, seq_min(t->snd_nxt, t->snd_end));

	info->cwnd_bytes = f != NULL ? f->cwnd : tcp_restart_window(t);
	info->ssthresh_bytes = t->ssthresh;
	info->snd_wnd_bytes = t->snd_wnd;
	info->snd_buf_bytes = tcp_profile(env, t)->sndbuf_bytes;
	if (t->state == TCP_CLOSED) /* whatever was queued is gone */
		return;
	info->unacked_bytes = nxt - una;
	info->notsent_bytes = t->snd_end - nxt;
	info_segs(env, t, f, info);
}

static void
info_receiving(const struct tcp_env *env, const struct tcb *t, struct thole_info *info)
{
	info->rcv_wnd_bytes = tcp_rcv_wnd(t);
	info->rcv_buf_bytes = tcp_rcv_buffer(env, t);
	info->unread_bytes = t->rcv_unread;
	for (const struct rte_mbuf *run = t->ooo_head; run != NULL; run = run_next(run))
		info->ahead_bytes += run->pkt_len;
}

static void
info_counters(const struct tcp_env *env, const struct tcb *t, struct thole_info *info)
{
	const struct tcp_counters *c = tcp_counters(env, t);

	tcp_counters_settle(env, t);
	info->counters = true;
	info->since_ns = c->since_ns;
	info->last_data_sent_ns = c->data_sent_ns;
	info->last_data_received_ns = c->data_received_ns;
	info->last_ack_received_ns = c->ack_received_ns;
	info->segs_out = c->segs_out;
	info->segs_in = c->segs_in;
	info->data_segs_out = c->data_segs_out;
	info->data_segs_in = c->data_segs_in;
	info->bytes_sent = c->bytes_sent;
	info->bytes_retrans = c->bytes_retrans;
	info->bytes_acked = c->bytes_acked;
	info->bytes_received = c->bytes_received;
	info->retransmits = c->retransmits;
	info->rto_fired = c->rto_fired;
	info->fast_recoveries = c->fast_recoveries;
	info->spurious_recoveries = c->spurious_recoveries;
	info->dsack_dups = c->dsack_dups;
	info->ooo_segs_in = c->ooo_segs_in;
	info->delivered_segs = c->delivered_segs;
	info->delivered_ce_segs = c->delivered_ce_segs;
	info->delivery_bytes_per_s = c->rate;
	info->busy_ns = c->busy_ns;
	info->rwnd_limited_ns = c->limited_ns;
	info->sndbuf_limited_ns = c->sndbuf_ns;
	info->rto_recoveries = c->rto_recoveries;
	info->rto_recovery_ns = c->rto_ns;
	info->reorderings = c->reorderings;
	info->rcv_rtt_ns = c->rcv_rtt_ms8 * (TIME_MS / 8);
	info->delivery_app_limited = c->app_limited;
}

void
tcp_info(const struct tcp_env *env, const struct tcb *t, struct thole_info *info)
{
	const struct flight *f = tcp_flight(env, t);

	memset(info, 0, sizeof(*info));
	info->state = t->state;
	info->options = options_of(t);
	info->recovery = recovery_of(f);
	info->cc = t->cc;
	info->snd_wscale = t->snd_wscale;
	info->rcv_wscale = t->rcv_wscale;
	info->backoff = t->backoff;
	info->probes = (uint8_t)tcb_probes(t);
	info_path(env, t, info);
	info_times(env, t, f, info);
	info_sending(env, t, f, info);
	info_receiving(env, t, info);
	if ((t->opts & TO_COUNTED) != 0)
		info_counters(env, t, info);
}
