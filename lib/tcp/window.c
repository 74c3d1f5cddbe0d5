/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * window.c: the window that we offer, without silly steps (RFC 9293, 3.8.6.2.2), scaled (RFC 7323,
 * 2), and how much buffer there is for it. rcv_adv is the right edge
 * that the peer computes from what our header says, the furthest one so far: up to there we take
 * what comes (RFC 7323, 2.4), and it never goes back (RFC 9293, 3.8.6).
 */
#include "tcp/window.h"

/* An echo older than this is none of the current round's: the clock of 16 bits has wrapped. */
#define ECHO_LAG_MS 5000

uint8_t
tcp_rcv_wscale(uint32_t buf)
{
	/* How often the largest unscaled window is less than the buffer. */
	uint32_t more = (buf - 1) / 65535;
	uint32_t shift = more > 0 ? 32 - (uint32_t)__builtin_clz(more) : 0;

	return (uint8_t)RTE_MIN(shift, (uint32_t)TCP_WSCALE_MAX);
}

void
tcp_window_init(struct tcp_env *env)
{
	const struct tcp_profile *p = &env->profiles[0];
	uint32_t most = buffer_most(p->rcvbuf_bytes, p->terms.wscale);

	env->room = room_make(RTE_MIN(most, UINT32_C(1) << RCV_LOG_FIRST), most, p->terms.mss);
}

uint32_t
tcp_rcv_buffer(const struct tcp_env *env, const struct tcb *t)
{
	return room(env, t).bytes;
}

uint32_t
tcp_rcv_wnd(const struct tcb *t)
{
	return window_now(t);
}

uint16_t
tcp_rcv_wnd_field(const struct tcb *t, bool syn)
{
	return window_field(t, syn);
}

void
tcp_window_advance(const struct tcp_env *env, struct tcb *t)
{
	window_advance(env, t);
}

bool
tcp_window_update_due(const struct tcp_env *env, const struct tcb *t)
{
	uint16_t mss = tcp_profile(env, t)->terms.mss;
	uint32_t buf = room(env, t).bytes, wnd = window_now(t);
	bool small = (wnd >> t->rcv_wscale << t->rcv_wscale) < mss;
	int32_t more;

	/* That the SYN's window can grow is worth no packet of its own: the next ACK says it. */
	if (wnd + t->rcv_unread <= 65535u)
		buf = RTE_MIN(buf, 65535u);
	if (likely(wnd > buf / 2 && !small)) /* the edge can't move by the other half */
		return false;
	more = edge_room(t, buf);
	if (more >= (int32_t)(buf / 2))
		return true;
	/* A window too small for a full segment may have stopped the peer. */
	return small && more >= room_make(buf, buf, mss).step;
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
	const struct rcv_room r = room(env, t);

	if (r.bytes == r.most || !round_over(env, t, s))
		return;
	if (taken(t) - t->rcv_mark >= r.bytes / 2 &&
		env->stats->mbufs_held <= env->rx_held_max / 4) {
		room_own(t);
		t->rcv_log = (t->rcv_log + 1u) & 0x1f;
	}
	tcp_window_tune_start(env, t);
}
