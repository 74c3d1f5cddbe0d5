/* SPDX-License-Identifier: BSD-3-Clause */
/* flight.c: a flight block's coming and going (RFC 5681, 4.1: after a rest cwnd starts anew). */
#include "tcp/cc.h"
#include "tcp/scoreboard.h"

uint32_t
tcp_restart_window(const struct tcb *t)
{
	/* RFC 6928, 2: min(10 * MSS, max(2 * MSS, 14600)). */
	uint32_t most = RTE_MIN((uint32_t)INITIAL_SEGMENTS * t->mss, RTE_MAX(2u * t->mss, 14600u));

	return RTE_MIN(most, (uint32_t)t->restart * t->mss);
}

struct flight *
tcp_flight_get(struct tcp_env *env, struct tcb *t)
{
	struct flight *f = tcp_flight(env, t);
	uint32_t i;

	if (f != NULL)
		return f;
	i = slab_get(env->flights);
	if (i == SLAB_NONE) {
		env->stats->tx_nosegment++;
		return NULL;
	}
	t->flight = i;
	if (unlikely(tcp_path_is_news(env, t)))
		tcp_path_look(env, t);
	f = tcp_flight(env, t);
	*f = (struct flight){
		.head = SLAB_NONE,
		.tail = SLAB_NONE,
		.time_head = SLAB_NONE,
		.time_tail = SLAB_NONE,
		.sack_at = SLAB_NONE,
		.lost_at = SLAB_NONE,
		.cwnd = tcp_restart_window(t),
		.recover = t->snd_una,
		.fack = t->snd_una,
		.timer = FT_RTO,
		.rack_us = env_now_us(env) - 1,
		.rack_end = t->snd_una,
		.rack_rtt_us = t->srtt_us >> 3, /* until one of the flight is known */
		.round_end = t->snd_una,
		.reo_mult = 1,
		.limited_end = t->snd_una,
		.paced = tcp_profile(env, t)->pacing,
	};
	tcp_cc_start(t, f, env_now_us(env));
	return f;
}

void
tcp_flight_drop(struct tcp_env *env, struct tcb *t)
{
	struct flight *f = tcp_flight(env, t);

	if (f == NULL)
		return;
	t->restart = RTE_MAX(RTE_MIN(f->cwnd / t->mss, (uint32_t)INITIAL_SEGMENTS), 1u) & 0xfu;
	board_clear(env, f);
	slab_put(env->flights, t->flight);
	t->flight = SLAB_NONE;
	t->flags &= (uint16_t)~TF_PACED;
}
