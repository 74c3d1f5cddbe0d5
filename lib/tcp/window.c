/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * window.c: the window that we offer, without silly steps (RFC 9293, 3.8.6.2.2), and the room in
 * the peer's. The right edge that was once offered is never taken back (3.8.6).
 */
#include "tcp/tcp.h"

uint32_t
tcp_rcv_wnd(const struct tcb *t)
{
	int32_t wnd = seq_diff(t->rcv_adv, t->rcv_nxt);

	return wnd > 0 ? (uint32_t)wnd : 0;
}

/* By how much the right edge could move. */
static int32_t
edge_room(const struct tcp_env *env, const struct tcb *t)
{
	uint32_t buf = tcp_rcv_wnd_most(env);
	uint32_t space = t->rcv_unread < buf ? buf - t->rcv_unread : 0;

	return seq_diff(t->rcv_nxt + space, t->rcv_adv);
}

static int32_t
edge_step(const struct tcp_env *env)
{
	uint32_t half = tcp_rcv_wnd_most(env) / 2;

	return (int32_t)RTE_MIN(half, (uint32_t)env->mss);
}

void
tcp_window_advance(const struct tcp_env *env, struct tcb *t)
{
	int32_t room = edge_room(env, t);

	if (room >= edge_step(env))
		t->rcv_adv += (uint32_t)room;
}

bool
tcp_window_update_due(const struct tcp_env *env, const struct tcb *t)
{
	int32_t room = edge_room(env, t);

	if (room >= (int32_t)(tcp_rcv_wnd_most(env) / 2))
		return true;
	/* A window too small for a full segment may have stopped the peer. */
	return tcp_rcv_wnd(t) < env->mss && room >= edge_step(env);
}

uint32_t
tcp_snd_room(const struct tcb *t)
{
	uint32_t wnd = RTE_MIN(t->snd_wnd, t->cwnd);
	uint32_t flight = t->snd_nxt - t->snd_una;

	return flight < wnd ? wnd - flight : 0;
}
