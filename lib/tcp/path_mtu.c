/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * path_mtu.c: a path that is narrower than our link (RFC 1191, 3 and 6.3), and whom to believe that
 * it is (RFC 5927, 7.2): what quotes something in flight, at once while nothing as large has
 * arrived; later when what it quotes has timed out as well. What is believed is remembered for the
 * host (paths.h), and its time with it: when a flight begins, and once a round trip while less goes
 * than could, a connection looks there, and tries more when nothing is known of the path any more
 * (RFC 1191, 6.3).
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

/*
 * What a path takes off the segment size that the SYNs agreed on, rounded down, in 8 bits: 5
 * significant ones and where they stand. What is tried later is never more than was agreed on.
 */
static uint8_t
cut_pack(uint32_t cut)
{
	uint32_t at = 0;

	for (; cut > 31; cut >>= 1)
		at++;
	return (uint8_t)(cut < 16 ? cut : (at + 1) << 4 | (cut & 15));
}

static uint32_t
cut_unpack(uint8_t cut)
{
	return cut < 16 ? cut : (16u | (cut & 15u)) << ((cut >> 4) - 1);
}

static void
path_set_mss(struct tcb *t, uint32_t mss, uint32_t agreed)
{
	t->mss = (uint16_t)mss;
	t->mss_cut = cut_pack(agreed - mss);
}

void
tcp_path_bound(struct tcb *t, uint16_t most)
{
	uint32_t opts = (t->opts & TO_TIMESTAMPS) != 0 ? TCP_TIMESTAMPS_SPACE : 0;
	uint32_t agreed = t->mss + cut_unpack(t->mss_cut);

	if (most - opts < agreed)
		path_set_mss(t, RTE_MIN((uint32_t)t->mss, most - opts), most - opts);
}

/* By what is known of the path now. Nobody can make us try its whole size too soon (RFC 1191, 3).
 */
static uint32_t
known_mss(const struct tcp_env *env, const struct tcb *t, uint32_t agreed)
{
	uint16_t mtu = paths_mtu(&env->paths, t->key.raddr, env->now_ns);

	if (mtu != 0)
		return RTE_MIN(agreed, (uint32_t)mss_of(t, mtu));
	return env->now_ns >= env->paths.missed_ns ? agreed : t->mss;
}

uint16_t
tcp_path_mss(const struct tcp_env *env, const struct tcb *t)
{
	/* In CLOSED nothing is sent, and an error stands in mss_cut's place. */
	if (t->flight < FLIGHT_LONE || t->state == TCP_CLOSED || !tcp_path_is_news(env, t))
		return t->mss;
	return (uint16_t)known_mss(env, t, t->mss + cut_unpack(t->mss_cut));
}

void
tcp_path_look(struct tcp_env *env, struct tcb *t)
{
	uint32_t agreed = t->mss + cut_unpack(t->mss_cut);
	struct flight *f = tcp_flight(env, t);

	path_set_mss(t, known_mss(env, t, agreed), agreed);
	if (f != NULL) /* at least one segment, or none could go */
		f->cwnd = RTE_MAX(f->cwnd, (uint32_t)t->mss);
}

static void
remember(struct tcp_env *env, const struct tcb *t, uint16_t mss)
{
	uint32_t opts = (t->opts & TO_TIMESTAMPS) != 0 ? TCP_TIMESTAMPS_SPACE : 0;
	uint64_t most = env->params.path_mtu_ns, now = env->now_ns;

	paths_learn(&env->paths, t->key.raddr, (uint16_t)(mss + opts + HEADER_BYTES), now,
		most < TIME_NEVER - now ? now + most : TIME_NEVER);
}

/* The segment on the way that has @p seq. */
static struct tx_seg *
quoted_seg(const struct tcp_env *env, const struct flight *f, uint32_t seq)
{
	for (uint32_t i = f->head; i != SLAB_NONE; i = board_seg(env, i)->next) {
		struct tx_seg *g = board_seg(env, i);

		if (seq - g->seq < tx_seg_space(g))
			return g;
	}
	return NULL;
}

/* Of a train the segment that has @p seq. */
static struct tx_seg *
single_out(struct tcp_env *env, struct flight *f, struct tx_seg *g, uint32_t seq)
{
	uint32_t before = (seq - g->seq) / g->len;

	if (before != 0) {
		board_uncouple(env, f, g, before);
		g = board_seg(env, g->next);
	}
	if (g->more != 0)
		board_uncouple(env, f, g, 1);
	return g;
}

/* What was too big goes again, in smaller pieces, at once; it is no sign of congestion. */
static void
shrink(struct tcp_env *env, struct tcb *t, struct flight *f, uint16_t mss, struct tx_seg *quoted)
{
	path_set_mss(t, mss, t->mss + cut_unpack(t->mss_cut));
	remember(env, t, mss);
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
	g = quoted_seg(env, f, seq);
	if (g == NULL || (g->flags & SEG_SACKED) != 0 || g->len + SACK_MOST <= mss)
		return;
	if (g->more != 0)
		g = single_out(env, f, g, seq);
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
	if (f->head != SLAB_NONE && (board_seg(env, f->head)->flags & SEG_TOO_BIG) != 0 &&
		f->claim != 0 && f->claim < t->mss)
		shrink(env, t, f, f->claim, NULL);
}
