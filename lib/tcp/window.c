/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * window.c: the window that we offer, without silly steps (RFC 9293, 3.8.6.2.2), scaled (RFC 7323,
 * 2), and how much buffer there is for it. rcv_adv is the right edge
 * that the peer computes from what our header says, the furthest one so far: up to there we take
 * what comes (RFC 7323, 2.4), and it never goes back (RFC 9293, 3.8.6).
 */
#include "tcp/tcp.h"

#define RCV_LOG_FIRST 18
/* By this share of the buffer in use, rounding may offer more than there is. */
#define ROUNDING_SHARE 16
/* An echo older than this is none of the current round's: the clock of 16 bits has wrapped. */
#define ECHO_LAG_MS 5000

uint8_t
tcp_rcv_wscale(const struct tcp_env *env)
{
	/* How often the largest unscaled window is less than the buffer. */
	uint32_t more = (env->params.rcvbuf_bytes - 1) / 65535;
	uint32_t shift = more > 0 ? 32 - (uint32_t)__builtin_clz(more) : 0;

	return (uint8_t)RTE_MIN(shift, (uint32_t)TCP_WSCALE_MAX);
}

static uint8_t
log_of(const struct tcb *t)
{
	return t->rcv_log > RCV_LOG_FIRST ? t->rcv_log : RCV_LOG_FIRST;
}

/* Bound of the buffer: the configured one, and what the header can say. */
static uint32_t
buffer_most(const struct tcp_env *env, const struct tcb *t)
{
	return RTE_MIN(env->params.rcvbuf_bytes, UINT32_C(65535) << t->rcv_wscale);
}

/* The buffer in use; no more than a SYN-ACK can say while one may still be sent. */
static uint32_t
buffer(const struct tcp_env *env, const struct tcb *t)
{
	if (t->state < TCP_ESTABLISHED)
		return RTE_MIN(buffer_most(env, t), 65535u);
	return RTE_MIN(buffer_most(env, t), UINT32_C(1) << log_of(t));
}

uint32_t
tcp_rcv_wnd(const struct tcb *t)
{
	int32_t wnd = seq_diff(t->rcv_adv, t->rcv_nxt);

	return wnd > 0 ? (uint32_t)wnd : 0;
}

uint16_t
tcp_rcv_wnd_field(const struct tcb *t, bool syn)
{
	uint32_t wnd = tcp_rcv_wnd(t) >> (syn ? 0 : t->rcv_wscale);

	return (uint16_t)RTE_MIN(wnd, 65535u);
}

/* By how much the right edge could move, with this buffer: as far as the header can say. */
static int32_t
edge_room(const struct tcb *t, uint32_t buf)
{
	uint32_t space = t->rcv_unread < buf ? buf - t->rcv_unread : 0;
	uint8_t shift = t->rcv_wscale;

	return seq_diff(t->rcv_nxt + (space >> shift << shift), t->rcv_adv);
}

static int32_t
edge_step(const struct tcp_env *env, uint32_t buf)
{
	return (int32_t)RTE_MIN(buf / 2, (uint32_t)env->mss);
}

/*
 * What is left of an earlier offer may not be a multiple of the unit. Rounded down, the edge would
 * go back; so it is rounded up, as long as that doesn't add up: a peer that sends less than a unit
 * at a time would never see the window close. Then the peer is told less than it was, which RFC
 * 7323, 2.4 expects, and rcv_adv stays.
 */
static void
round_up(struct tcb *t, uint32_t buf)
{
	uint32_t unit = UINT32_C(1) << t->rcv_wscale;
	uint32_t more = RTE_MAX(buf / ROUNDING_SHARE, unit);
	uint32_t odd = tcp_rcv_wnd(t) & (unit - 1);

	if (odd != 0 && t->rcv_unread + tcp_rcv_wnd(t) + unit - odd <= buf + more)
		t->rcv_adv += unit - odd;
}

void
tcp_window_advance(const struct tcp_env *env, struct tcb *t)
{
	uint32_t buf = buffer(env, t);
	int32_t room = edge_room(t, buf);

	if (room >= edge_step(env, buf))
		t->rcv_adv += (uint32_t)room;
	else
		round_up(t, buf);
}

bool
tcp_window_update_due(const struct tcp_env *env, const struct tcb *t)
{
	uint32_t buf = buffer(env, t);
	uint8_t shift = t->rcv_wscale;
	int32_t room;

	/* That the SYN's window can grow is worth no packet of its own: the next ACK says it. */
	if (tcp_rcv_wnd(t) + t->rcv_unread <= 65535u)
		buf = RTE_MIN(buf, 65535u);
	room = edge_room(t, buf);
	if (room >= (int32_t)(buf / 2))
		return true;
	/* A window too small for a full segment may have stopped the peer. */
	return (tcp_rcv_wnd(t) >> shift << shift) < env->mss && room >= edge_step(env, buf);
}

/* Sequence number up to which the application has taken all, and made room. */
static uint32_t
taken(const struct tcb *t)
{
	return t->rcv_nxt - t->rcv_unread;
}

void
tcp_window_tune_start(const struct tcp_env *env, struct tcb *t)
{
	t->rcv_mark = taken(t);
	t->rcv_mark_ms = (uint16_t)env_now_ms(env);
}

/*
 * Whether a round trip has passed since the round began: the peer has seen an ACK that went out
 * since (in the same millisecond, too, if that is over), or else the time is over that the round
 * trip is known to take.
 */
static bool
round_over(const struct tcp_env *env, const struct tcb *t, const struct seg *s)
{
	uint32_t rtt_ms = t->srtt_us / (8 * 1000) + 1;
	uint16_t passed = (uint16_t)(env_now_ms(env) - t->rcv_mark_ms);

	if ((t->opts & TO_TIMESTAMPS) != 0 && (s->opts & OPT_TIMESTAMPS) != 0) {
		uint16_t later = (uint16_t)(s->ts_ecr - t->ts_off - t->rcv_mark_ms);

		return later < UINT16_MAX - ECHO_LAG_MS && (later != 0 || passed != 0);
	}
	if (t->srtt_us == 0)
		rtt_ms = (uint32_t)(env->params.rto_initial_ns / TIME_MS);
	return passed >= rtt_ms;
}

/*
 * The buffer in use is doubled when the application took half of it or more within a round trip:
 * what is on its way may then double in the next one, as it does in slow start, and the window
 * isn't what limits it. It never shrinks, and doesn't grow while memory is short.
 */
void
tcp_window_tune(const struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	uint32_t buf = buffer(env, t);

	if (buf == buffer_most(env, t) || !round_over(env, t, s))
		return;
	if (taken(t) - t->rcv_mark >= buf / 2 && env->stats->mbufs_held <= env->rx_held_max / 4)
		t->rcv_log = (log_of(t) + 1u) & 0x1f;
	tcp_window_tune_start(env, t);
}
