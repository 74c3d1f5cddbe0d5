/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scoreboard.h: the segments of ours that are on the way (RFC 6675, 3 and 4), and the parts of loss
 * recovery that work on them: what arrived (scoreboard.c), what must be lost (rack.c), what to do
 * about it (recovery.c, prr.c).
 */
#ifndef TCP_SCOREBOARD_H
#define TCP_SCOREBOARD_H

#include "tcp/flight.h"
#include "tcp/tcp.h"

/* What one segment from the peer says of ours. */
struct news {
	uint32_t acked;	      /* bytes by which SND.UNA moved; 0: it did not */
	uint32_t delivered;   /* bytes ACKed or SACKed for the first time */
	uint32_t sacked;      /* of these, SACKed */
	uint32_t lost;	      /* bytes taken for lost because of it */
	uint32_t rtt_us;      /* of the first segment ACKed that was sent once; 0: none */
	uint32_t last_rtt_us; /* of the last, SACKed ones included; 0: none */
	uint32_t una;	      /* SND.UNA before */
	uint32_t fack;	      /* end of the highest segment that arrived */
	bool original;	      /* a segment arrived that was sent once */
	bool repeated;	      /* one was ACKed that was sent more than once */
	bool again;	      /* the last time in this recovery; and no SACK had told of it */
	bool dsack;	      /* the peer reports that something came twice (RFC 2883) */
	bool reordered;	      /* something sent once arrived after what went later */
	bool ece;
	bool dup;    /* a duplicate ACK from a peer without SACK (RFC 5681, 2) */
	bool window; /* the window changed */
	const struct seg *seg;
};

static inline struct tx_seg *
board_seg(const struct tcp_env *env, uint32_t i)
{
	return (struct tx_seg *)slab_at(env->segments, i);
}

static inline uint32_t
board_index(const struct tcp_env *env, const struct tx_seg *g)
{
	return (uint32_t)(g - (const struct tx_seg *)(const void *)env->segments->base);
}

/* Bytes that are believed to be in the network (RFC 6675, 4: pipe). */
static inline uint32_t
board_pipe(const struct tcb *t, const struct flight *f)
{
	uint32_t out = t->snd_nxt - t->snd_una;
	uint32_t gone = f->sacked + f->lost + (uint32_t)f->dupacks * t->mss;

	return gone < out ? out - gone : 0;
}

static inline bool
board_is_full(const struct tcp_env *env)
{
	return slab_is_full(env->segments);
}

/* Segments on all scoreboards. */
static inline uint32_t
board_segs(const struct tcp_env *env)
{
	return env->segments->in_use + env->segments->promised;
}

/* It is the last one sent. */
static inline void
board_time_append(struct tcp_env *env, struct flight *f, struct tx_seg *g)
{
	uint32_t i = board_index(env, g);

	g->time_next = SLAB_NONE;
	g->time_prev = f->time_tail;
	if (f->time_tail == SLAB_NONE)
		f->time_head = i;
	else
		board_seg(env, f->time_tail)->time_next = i;
	f->time_tail = i;
}

/* A segment that is about to be sent for the first time, at snd_nxt; the board isn't full. */
static inline struct tx_seg *
board_append(struct tcp_env *env, struct flight *f, struct rte_mbuf *m, uint32_t seq, uint16_t len,
	bool fin)
{
	uint32_t i = slab_get(env->segments);
	struct tx_seg *g = board_seg(env, i);

	*g = (struct tx_seg){
		.m = m,
		.next = SLAB_NONE,
		.seq = seq,
		.sent_us = env_now_us(env),
		.len = len,
		.flags = fin ? SEG_FIN : 0,
	};
	if (f->head == SLAB_NONE)
		f->head = i;
	else
		board_seg(env, f->tail)->next = i;
	f->tail = i;
	board_time_append(env, f, g);
	return g;
}

/* How many segments of @p most there is room for. */
static inline uint32_t
board_room(const struct tcp_env *env, uint32_t most)
{
	const struct slab *s = env->segments;

	return RTE_MIN(most, s->capacity - s->in_use - s->promised);
}

/* A segment behind the last one, as long and sent just after it; the board isn't full. */
static inline void
board_couple(struct tcp_env *env, struct flight *f, struct rte_mbuf *m, uint32_t seq)
{
	struct tx_seg *g = board_seg(env, f->tail);

	if (unlikely(g->more == TRAIN_MOST - 1)) {
		board_append(env, f, m, seq, g->len, false);
		return;
	}
	g->more++;
	env->segments->promised++;
}

/* Of a train the first @p n segments stay @p g, the others become a record of their own. */
void board_uncouple(struct tcp_env *env, struct flight *f, struct tx_seg *g, uint32_t n);
/* It goes out again, now. */
void board_resent(struct tcp_env *env, struct flight *f, struct tx_seg *g);
/* Cuts it, which is no train, after @p len bytes; the rest becomes a segment of its own. @return
 * false: no record. */
bool board_split(struct tcp_env *env, struct flight *f, struct tx_seg *g, uint16_t len);
/* Fills a lost segment, no train, up to @p most bytes from those behind it that are lost as well.
 */
void board_fill(struct tcp_env *env, struct flight *f, struct tx_seg *g, uint32_t most);
/* The one segment on the way becomes @p most bytes long, if there is so much to send. */
void board_grow(struct tcp_env *env, struct tcb *t, struct flight *f, uint32_t most);
/* What SND.UNA = @p ack takes off the board. */
void board_acked(
	struct tcp_env *env, struct tcb *t, struct flight *f, uint32_t ack, struct news *n);
/* What the SACK option says (RFC 2018, RFC 2883, 5). Before board_acked(). */
void board_sacked(struct tcp_env *env, struct tcb *t, struct flight *f, struct news *n);
/* RFC 2018, 8: the peer has thrown away what it had SACKed. */
void board_reneged(struct tcp_env *env, struct flight *f);
void board_lose(struct tcp_env *env, struct flight *f, struct tx_seg *g);
/* The first segment, no train. */
void board_lose_first(struct tcp_env *env, struct flight *f);
/* All that isn't SACKed. */
void board_lose_all(struct tcp_env *env, struct flight *f);
/* Nothing was lost: what isn't sent again yet is on the way as before. */
void board_find_again(struct tcp_env *env, struct flight *f);
/* The last segment, no train. */
struct tx_seg *board_last(struct tcp_env *env, struct flight *f);
/* The first lost segment or train, or NULL. */
struct tx_seg *board_lost(struct tcp_env *env, struct flight *f);
void board_clear(struct tcp_env *env, struct flight *f);

/* rack.c: RFC 8985. */
void rack_delivered(struct tcp_env *env, const struct tcb *t, struct flight *f,
	const struct tx_seg *g, struct news *n);
/* RACK.reo_wnd. */
uint32_t rack_window_us(const struct tcb *t, const struct flight *f);
/* Marks what must be lost by now. @return in how many us more may be; 0: no such. */
uint32_t rack_detect(struct tcp_env *env, struct tcb *t, struct flight *f, struct news *n);
/* A retransmission timeout: the first is lost, and what was sent long enough ago (6.3). */
void rack_timeout(struct tcp_env *env, struct tcb *t, struct flight *f);
/* Times in us don't come round, if this is called now and then: a path may be out for hours. */
void rack_age(const struct tcp_env *env, struct flight *f);
void rack_reordering(struct tcb *t, struct flight *f, const struct news *n);
/* RFC 8985, 7.2: how long nothing is heard of the last segment, sent @p age ago, before a probe. */
static inline uint64_t
tlp_pto_ns(const struct tcp_env *env, const struct tcb *t, bool single, uint64_t age)
{
	uint64_t pto = TIME_S;

	if (t->srtt_us != 0) {
		uint64_t srtt = (t->srtt_us >> 3) * TIME_US;

		pto = 2 * srtt;
		/* The peer may hold back the ACK of a single segment. */
		if (single)
			pto += env->params.peer_delayed_ack_ns;
		/*
		 * DEVIATION: it counts from when the last segment went, not from the ACK that is
		 * being heard (7.2), so that a lost tail goes again within 2 SRTT; but never so
		 * soon that an ACK a little late is taken for none.
		 */
		pto = RTE_MAX(pto > age ? pto - age : 0, srtt / 2);
	}
	return RTE_MAX(pto, TIME_MS / 4);
}

/* When a tail loss probe is due, from now; 0: none is wanted. */
static inline uint64_t
tlp_timeout_ns(const struct tcp_env *env, const struct tcb *t, const struct flight *f)
{
	const struct tx_seg *last;

	if ((t->opts & TO_SACK) == 0 || f->phase == FP_RECOVERY || f->phase == FP_LOSS ||
		f->nb_sacked != 0 || f->head == SLAB_NONE ||
		(f->flags & (FF_TLP_OUT | FF_PROBE_DUE)) != 0)
		return 0;
	last = board_seg(env, f->tail);
	return tlp_pto_ns(env, t, f->head == f->tail && last->more == 0,
		(env_now_us(env) - last->sent_us) * TIME_US);
}

void tlp_heard(struct tcb *t, struct flight *f, const struct news *n);

/* recovery.c */
void recovery_heard(struct tcp_env *env, struct tcb *t, struct flight *f, struct news *n);
void recovery_timeout(struct tcp_env *env, struct tcb *t, struct flight *f);
/* What RACK found when its timer fired. */
void recovery_reorder(struct tcp_env *env, struct tcb *t, struct flight *f);
/* @p bytes were sent, for the first time or @p again. */
void recovery_sent(
	struct tcp_env *env, const struct tcb *t, struct flight *f, uint32_t bytes, bool again);
/* A tail loss probe has made good for a loss that nothing else will show. */
void recovery_probe_repaired(struct tcb *t, struct flight *f);

/* prr.c: RFC 9937. */
/* @p flight: RecoverFS. */
void prr_begin(struct tcb *t, struct flight *f, uint32_t flight);
void prr_heard(struct tcb *t, struct flight *f, const struct news *n, bool safe);

#endif
