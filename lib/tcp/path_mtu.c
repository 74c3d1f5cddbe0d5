/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * path_mtu.c: a path that is narrower than our link (RFC 1191, 3 and 6.3), and whom to believe that
 * it is (RFC 5927, 7.2): what quotes something in flight, at once while nothing as large has
 * arrived; later when what it quotes has timed out as well.
 */
#include "tcp/scoreboard.h"

/* Nobody can make us send less than what every host takes (RFC 9293, 3.7.1), whatever it claims. */
#define MSS_FLOOR    536
#define HEADER_BYTES 40
#define SACK_MOST    TCP_SACK_SPACE(TCP_SACK_BLOCKS_MAX)

static uint16_t
mss_of(const struct tcb *t, uint16_t mtu)
{
	uint32_t opts = (t->opts & TO_TIMESTAMPS) != 0 ? TCP_TIMESTAMPS_SPACE : 0;
	uint32_t mss = mtu > MSS_FLOOR + HEADER_BYTES ? mtu - HEADER_BYTES : MSS_FLOOR;

	return (uint16_t)(mss - opts);
}

/* The segment on the way that has @p seq. */
static struct tx_seg *
find(const struct tcp_env *env, const struct flight *f, uint32_t seq)
{
	for (uint32_t i = f->head; i != SLAB_NONE; i = board_seg(env, i)->next) {
		struct tx_seg *g = board_seg(env, i);

		if (seq - g->seq < tx_seg_space(g))
			return g;
	}
	return NULL;
}

/* What was too big goes again, in smaller pieces, at once; it is no sign of congestion. */
static void
shrink(struct tcp_env *env, struct tcb *t, struct flight *f, uint16_t mss, struct tx_seg *quoted)
{
	t->mss = mss;
	f->claim = 0;
	if (f->acked_most > mss)
		f->acked_most = mss;
	for (uint32_t i = f->head; i != SLAB_NONE; i = board_seg(env, i)->next) {
		struct tx_seg *g = board_seg(env, i);

		if (g->len > mss || g == quoted)
			board_lose(env, f, g);
	}
	f->cwnd = RTE_MAX(f->cwnd, (uint32_t)mss);
	t->flags |= TF_OUTPUT;
}

/*
 * Of a claim that must wait the flight block keeps the newest (RFC 5927, 7.2), and the segment says
 * that it is about it: with its ACK the claim is forgotten. DEVIATION: what has arrived is known of
 * a flight, which ends when nothing was on the way for an RTO; in the next a claim is believed at
 * once until as large a segment has arrived again. Who can't see the connection would have to guess
 * what is in flight in that round trip.
 */
void
tcp_path_mtu(struct tcp_env *env, struct tcb *t, uint32_t seq, uint16_t mtu)
{
	struct flight *f = tcp_flight(env, t);
	uint16_t mss = mss_of(t, mtu);
	struct tx_seg *g;

	if (t->state < TCP_ESTABLISHED || f == NULL || mss >= t->mss)
		return;
	/* Only who saw it can quote what is in flight; and it must have been too big for that. */
	g = find(env, f, seq);
	if (g == NULL || (g->flags & SEG_SACKED) != 0 || g->len + SACK_MOST <= mss)
		return;
	if (mss >= f->acked_most) {
		shrink(env, t, f, mss, g);
		return;
	}
	g->flags |= SEG_TOO_BIG;
	f->claim = mss;
}

void
tcp_path_mtu_timeout(struct tcp_env *env, struct tcb *t, struct flight *f)
{
	if (f->claim != 0 && f->claim < t->mss)
		shrink(env, t, f, f->claim, NULL);
}
