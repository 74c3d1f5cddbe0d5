/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lone.h: one segment that is all that is queued and all that is on the way: requests and responses
 * mostly are. It needs neither flight block nor record while nothing is heard but that it arrived:
 * its place is SND.UNA to SND.NXT, its first mbuf says when it went. With whatever else comes of
 * it, it gets both, as though it had had them from the start.
 */
#ifndef TCP_LONE_H
#define TCP_LONE_H

#include "tcp/scoreboard.h"

/* In us; hash.usr beside it is its place. */
static inline uint32_t
lone_sent_us(const struct tcb *t)
{
	return t->snd_head->hash.fdir.hi;
}

/* Smaller than what every host takes (RFC 9293, 3.7.1), options off: no path is too narrow for it,
 * and that it arrives tells nothing of the path. */
#define LONE_MOST 480

/*
 * Whether the next @p len bytes, and a FIN or none, can go so. Counters count by records; pacing
 * wants a flight block, and so does a small cwnd, which grows when half of it is in use (RFC 7661,
 * 4.3).
 */
static inline bool
lone_may_go(const struct tcp_env *env, const struct tcb *t, uint32_t len)
{
	return len <= LONE_MOST && t->flight == SLAB_NONE && t->snd_nxt + len == t->snd_end &&
	       t->restart > 2 && (t->flags & TF_PERSIST) == 0 && (t->opts & TO_COUNTED) == 0 &&
	       !tcp_profile(env, t)->pacing;
}

/* It goes now. */
static inline void
lone_sent(const struct tcp_env *env, struct tcb *t)
{
	t->flight = FLIGHT_LONE;
	t->snd_head->hash.fdir.hi = env_now_us(env);
}

/* Whether all that @p s says to our side is that it arrived. */
static inline bool
lone_arrived(const struct tcb *t, const struct seg *s)
{
	return s->ack == t->snd_nxt && s->nb_sack == 0 &&
	       ((t->opts & TO_ECN) == 0 || (s->flags & TCP_ECE) == 0);
}

/* When its tail loss probe is due, from when it goes (RFC 8985, 7.2); 0: none is wanted. */
static inline uint64_t
lone_probe_ns(const struct tcp_env *env, const struct tcb *t)
{
	return (t->opts & TO_SACK) != 0 ? tlp_pto_ns(env, t, true, 0) : 0;
}

#endif
