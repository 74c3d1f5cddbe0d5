/* SPDX-License-Identifier: BSD-3-Clause */
/* board.c: what is always true of a scoreboard. */
#include "board.h"

#include "fuzz.h"
#include "tcp/scoreboard.h"

/* What nothing is known of, by the time it was last sent. */
static void
check_by_time(const struct tcp_env *env, const struct flight *f, uint32_t timed)
{
	uint32_t last_us = 0, prev = SLAB_NONE;

	for (uint32_t i = f->time_head; i != SLAB_NONE; i = board_seg(env, i)->time_next) {
		const struct tx_seg *g = board_seg(env, i);

		FUZZ_CHECK((g->flags & (SEG_SACKED | SEG_LOST)) == 0,
			"a segment with flags %x is in the list by time", g->flags);
		FUZZ_CHECK(i == f->time_head || seq_geq(g->sent_us, last_us),
			"the list by time isn't");
		FUZZ_CHECK(g->time_prev == prev, "the list by time isn't linked back");
		FUZZ_CHECK(timed-- != 0, "the list by time has others' segments, or a ring");
		last_us = g->sent_us;
		prev = i;
	}
	FUZZ_CHECK(timed == 0, "the list by time isn't whole");
	FUZZ_CHECK(f->time_tail == prev, "the list by time has another end");
}

uint32_t
fuzz_check_board(const struct tcp_env *env, const struct tcb *t)
{
	const struct flight *f = tcp_flight(env, t);
	uint32_t at = t->snd_una, sacked = 0, lost = 0, nb_sacked = 0, timed = 0, segs = 0;
	uint32_t last = SLAB_NONE, more = 0;
	bool lost_at = false;

	if (f == NULL)
		return 0;
	for (uint32_t i = f->head; i != SLAB_NONE; i = board_seg(env, i)->next) {
		const struct tx_seg *g = board_seg(env, i);

		FUZZ_CHECK(segs++ < env->segments->in_use, "the scoreboard is a ring");
		FUZZ_CHECK(g->seq == at, "the scoreboard has a gap");
		FUZZ_CHECK(tx_seg_space(g) != 0, "an empty segment on the scoreboard");
		FUZZ_CHECK(
			g->len == 0 || (g->m != NULL && g->seq - g->m->hash.usr < g->m->data_len),
			"a segment's mbuf is another");
		FUZZ_CHECK((g->flags & (SEG_SACKED | SEG_LOST)) != (SEG_SACKED | SEG_LOST),
			"SACKed and lost");
		FUZZ_CHECK((g->flags & SEG_FIN) == 0 || g->next == SLAB_NONE, "data after a FIN");
		FUZZ_CHECK(g->more < TRAIN_MOST && (g->more == 0 || g->len != 0) &&
				   (g->more == 0 || (g->flags & SEG_FIN) == 0),
			"a train of %u with flags %x", g->more, g->flags);
		FUZZ_CHECK((more += g->more) <= env->segments->promised, "promised to nobody");
		at = tx_seg_end(g);
		last = i;
		lost_at |= i == f->lost_at;
		sacked += (g->flags & SEG_SACKED) != 0 ? tx_seg_space(g) : 0;
		nb_sacked += (g->flags & SEG_SACKED) != 0 ? 1u + g->more : 0;
		lost += (g->flags & SEG_LOST) != 0 ? tx_seg_space(g) : 0;
		timed += (g->flags & (SEG_SACKED | SEG_LOST)) == 0;
		FUZZ_CHECK(
			(g->flags & SEG_LOST) == 0 || lost_at, "a segment before lost_at is lost");
	}
	FUZZ_CHECK(segs == 0 || at == t->snd_nxt, "the scoreboard ends before SND.NXT");
	FUZZ_CHECK(f->tail == last, "the scoreboard has another end");
	FUZZ_CHECK(sacked == f->sacked && nb_sacked == f->nb_sacked && lost == f->lost,
		"the scoreboard says %u SACKed in %u, %u lost: it has %u in %u, %u", f->sacked,
		f->nb_sacked, f->lost, sacked, nb_sacked, lost);
	FUZZ_CHECK(board_pipe(t, f) <= t->snd_nxt - t->snd_una, "more on the way than was sent");
	FUZZ_CHECK(f->cwnd != 0 && f->cwnd < UINT32_C(1) << 31, "a cwnd of %u", f->cwnd);
	check_by_time(env, f, timed);
	return segs + more;
}
