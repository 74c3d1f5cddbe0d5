/* SPDX-License-Identifier: BSD-3-Clause */
/* path_mtu.c: a path that is narrower than our link (RFC 1191, 3 and 6.3; RFC 5927, 7). */
#include "tcp/scoreboard.h"

/* Nobody can make us send less than what every host takes (RFC 9293, 3.7.1), whatever it claims. */
#define MSS_FLOOR    536
#define HEADER_BYTES 40

void
tcp_path_mtu(struct tcp_env *env, struct tcb *t, uint32_t seq, uint16_t mtu)
{
	uint32_t opts = (t->opts & TO_TIMESTAMPS) != 0 ? TCP_TIMESTAMPS_SPACE : 0;
	uint16_t mss = mtu > MSS_FLOOR + HEADER_BYTES ? (uint16_t)(mtu - HEADER_BYTES) : MSS_FLOOR;
	struct flight *f = tcp_flight(env, t);

	mss = (uint16_t)(mss - opts);
	/* Believed only if it quotes what is in flight: others can't see that. */
	if (t->state < TCP_ESTABLISHED || seq_lt(seq, t->snd_una) || seq_geq(seq, t->snd_nxt) ||
		mss >= t->mss)
		return;
	t->mss = mss;
	if (f == NULL)
		return;
	/* What was too big goes again, in smaller pieces, at once; it is no sign of congestion. */
	for (uint32_t i = f->head; i != SLAB_NONE; i = board_seg(env, i)->next) {
		struct tx_seg *g = board_seg(env, i);

		if (g->len > mss || seq - g->seq < g->len)
			board_lose(env, f, g);
	}
	f->cwnd = RTE_MAX(f->cwnd, (uint32_t)mss);
	t->flags |= TF_OUTPUT;
}
