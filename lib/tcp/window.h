/* SPDX-License-Identifier: BSD-3-Clause */
/* window.h: how far the window that we offer can move, inline for who sends most ACKs. */
#ifndef TCP_WINDOW_H
#define TCP_WINDOW_H

#include "tcp/tcp.h"

#define RCV_LOG_FIRST 18
/* By this share of the buffer in use, rounding may offer more than there is. */
#define ROUNDING_SHARE 16

/* Bound of a buffer of @p bytes: what the header can say. */
static inline uint32_t
buffer_most(uint32_t bytes, uint8_t wscale)
{
	return RTE_MIN(bytes, UINT32_C(65535) << wscale);
}

static inline struct rcv_room
room_make(uint32_t bytes, uint32_t most, uint16_t mss)
{
	return (struct rcv_room){
		.bytes = bytes, .most = most, .step = (int32_t)RTE_MIN(bytes / 2, (uint32_t)mss)
	};
}

/* Of a connection that isn't as it began, or isn't as most are. No more than a SYN-ACK can say
 * while one may still be sent. */
static inline struct rcv_room
room_other(const struct tcp_env *env, const struct tcb *t)
{
	const struct tcp_profile *p = tcp_profile(env, t);
	/* Less than a unit of the window field can't be offered: the peer would wait for ever. */
	uint32_t bytes = RTE_MAX(p->rcvbuf_bytes, UINT32_C(2) << t->rcv_wscale);
	uint32_t most = buffer_most(bytes, t->rcv_wscale);
	uint32_t now = t->state < TCP_ESTABLISHED ? 65535u : UINT32_C(1) << t->rcv_log;

	return room_make(RTE_MIN(most, now), most, p->terms.mss);
}

static inline struct rcv_room
room(const struct tcp_env *env, const struct tcb *t)
{
	return likely(t->rcv_log == 0) ? env->room : room_other(env, t);
}

/* Its room is its own from here on. */
static inline void
room_own(struct tcb *t)
{
	if (t->rcv_log == 0)
		t->rcv_log = RCV_LOG_FIRST;
}

static inline uint32_t
window_now(const struct tcb *t)
{
	int32_t wnd = seq_diff(t->rcv_adv, t->rcv_nxt);

	return wnd > 0 ? (uint32_t)wnd : 0;
}

/* tcp_rcv_wnd_field() */
static inline uint16_t
window_field(const struct tcb *t, bool syn)
{
	uint32_t wnd = window_now(t) >> (syn ? 0 : t->rcv_wscale);

	return (uint16_t)RTE_MIN(wnd, 65535u);
}

/* By how much the right edge could move, with this buffer: as far as the header can say. */
static inline int32_t
edge_room(const struct tcb *t, uint32_t buf)
{
	uint32_t space = t->rcv_unread < buf ? buf - t->rcv_unread : 0;
	uint8_t shift = t->rcv_wscale;

	return seq_diff(t->rcv_nxt + (space >> shift << shift), t->rcv_adv);
}

/*
 * What is left of an earlier offer may not be a multiple of the unit. Rounded down, the edge would
 * go back; so it is rounded up, as long as that doesn't add up: a peer that sends less than a unit
 * at a time would never see the window close. Then the peer is told less than it was, which RFC
 * 7323, 2.4 expects, and rcv_adv stays.
 */
static inline void
round_up(struct tcb *t, uint32_t buf)
{
	uint32_t unit = UINT32_C(1) << t->rcv_wscale;
	uint32_t more = RTE_MAX(buf / ROUNDING_SHARE, unit);
	uint32_t odd = window_now(t) & (unit - 1);

	if (odd != 0 && t->rcv_unread + window_now(t) + unit - odd <= buf + more)
		t->rcv_adv += unit - odd;
}

/* tcp_window_advance() */
static inline void
window_advance(const struct tcp_env *env, struct tcb *t)
{
	const struct rcv_room r = room(env, t);
	int32_t more = edge_room(t, r.bytes);

	if (more >= r.step)
		t->rcv_adv += (uint32_t)more;
	else
		round_up(t, r.bytes);
}

#endif
