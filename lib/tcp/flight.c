/* SPDX-License-Identifier: BSD-3-Clause */
/* flight.c: a flight block's coming and going (RFC 5681, 4.1: after a rest cwnd starts anew). */
#include <string.h>

#include "tcp/cc.h"
#include "tcp/lone.h"

uint32_t
tcp_restart_window(const struct tcb *t)
{
	/* RFC 6928, 2: min(10 * MSS, max(2 * MSS, 14600)). */
	uint32_t most = RTE_MIN((uint32_t)INITIAL_SEGMENTS * t->mss, RTE_MAX(2u * t->mss, 14600u));

	return RTE_MIN(most, (uint32_t)t->restart * t->mss);
}

_Static_assert(sizeof(struct flight) == 3 * 64, "it is cleared by lines");

/* Of data that goes, or went, at @p at_us. */
static inline struct flight *
start(struct tcp_env *env, struct tcb *t, uint32_t at_us)
{
	struct flight *f;
	uint32_t i = slab_get(env->flights);

	if (i == SLAB_NONE) {
		env->stats->tx_nosegment++;
		return NULL;
	}
	t->flight = i;
	if (unlikely(tcp_path_is_news(env, t)))
		tcp_path_look(env, t);
	f = slab_at(env->flights, i);
	/* In one go the compiler would make a string instruction of it, which takes twice as long.
	 */
	memset(f, 0, 64);
	memset((uint8_t *)f + 64, 0, 64);
	memset((uint8_t *)f + 128, 0, 64);
	f->head = f->tail = f->time_head = f->time_tail = SLAB_NONE;
	f->sack_at = f->lost_at = SLAB_NONE;
	f->cwnd = tcp_restart_window(t);
	f->recover = f->fack = t->snd_una;
	f->timer = FT_RTO;
	f->rack_us = at_us - 1;
	f->rack_end = t->snd_una;
	f->rack_rtt_us = t->srtt_us >> 3; /* until one of the flight is known */
	f->round_end = t->snd_una;
	f->reo_mult = 1;
	f->limited_end = t->snd_una;
	f->paced = tcp_profile(env, t)->pacing;
	tcp_cc_start(t, f, at_us);
	return f;
}

struct flight *
tcp_flight_get(struct tcp_env *env, struct tcb *t)
{
	struct flight *f = tcp_flight(env, t);

	return f != NULL ? f : start(env, t, env_now_us(env));
}

struct flight *
tcp_flight_of_lone(struct tcp_env *env, struct tcb *t)
{
	uint64_t probe = lone_probe_ns(env, t);
	uint32_t end = seq_min(t->snd_nxt, t->snd_end);
	struct rte_mbuf *m = t->snd_head;
	struct flight *f;
	struct tx_seg *g;

	if (board_is_full(env)) {
		env->stats->tx_nosegment++;
		return NULL;
	}
	f = start(env, t, lone_sent_us(t));
	if (f == NULL)
		return NULL;
	while (m->data_len == 0) /* an application's chain may begin with such */
		m = m->next;
	g = board_append(env, f, m, t->snd_una, (uint16_t)(end - t->snd_una), t->snd_nxt != end);
	g->sent_us = lone_sent_us(t);
	f->timer = probe != 0 && probe < tcp_rto_ns(env, t) ? FT_PROBE : FT_RTO;
	return f;
}

void
tcp_flight_end(struct tcp_env *env, struct tcb *t)
{
	struct flight *f = tcp_flight(env, t);

	if (f == NULL) {
		t->flight = SLAB_NONE;
		return;
	}
	if (unlikely(f->head != SLAB_NONE))
		board_clear(env, f);
	slab_put_record(env->flights, t->flight, f);
	t->flight = SLAB_NONE;
	t->flags &= (uint16_t)~TF_PACED;
}

void
tcp_flight_drop(struct tcp_env *env, struct tcb *t)
{
	const struct flight *f = tcp_flight(env, t);

	if (f == NULL)
		return;
	if (likely(f->cwnd >= (uint32_t)INITIAL_SEGMENTS * t->mss))
		t->restart = INITIAL_SEGMENTS;
	else
		t->restart = RTE_MAX(f->cwnd / t->mss, 1u) & 0xfu;
	tcp_flight_end(env, t);
}
