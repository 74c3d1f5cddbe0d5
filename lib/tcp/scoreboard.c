/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scoreboard.c: the list of segments on the way, by sequence number, and of those among them of
 * which nothing is known, by the time they were last sent. flight.sacked and flight.lost are the
 * sums of what carries these flags; a segment that goes again is no longer lost.
 */
#include "tcp/counters.h"
#include "tcp/scoreboard.h"

#define FETCH_CHAINS 8

static void
time_remove(struct tcp_env *env, struct flight *f, struct tx_seg *g)
{
	if (g->time_prev == SLAB_NONE)
		f->time_head = g->time_next;
	else
		board_seg(env, g->time_prev)->time_next = g->time_next;
	if (g->time_next == SLAB_NONE)
		f->time_tail = g->time_prev;
	else
		board_seg(env, g->time_next)->time_prev = g->time_prev;
}

/* In its place, which is near @p after (SLAB_NONE: the beginning). */
static void
time_insert(struct tcp_env *env, struct flight *f, struct tx_seg *g, uint32_t after)
{
	uint32_t next = after == SLAB_NONE ? f->time_head : board_seg(env, after)->time_next;
	uint32_t i = board_index(env, g);

	while (next != SLAB_NONE && seq_lt(board_seg(env, next)->sent_us, g->sent_us)) {
		after = next;
		next = board_seg(env, next)->time_next;
	}
	g->time_prev = after;
	g->time_next = next;
	if (after == SLAB_NONE)
		f->time_head = i;
	else
		board_seg(env, after)->time_next = i;
	if (next == SLAB_NONE)
		f->time_tail = i;
	else
		board_seg(env, next)->time_prev = i;
}

static inline void
seg_put(struct tcp_env *env, uint32_t i)
{
	struct tx_seg *g = board_seg(env, i);

	env->segments->promised -= g->more;
	slab_put_record(env->segments, i, g);
}

static inline bool
is_timed(const struct tx_seg *g)
{
	return (g->flags & (SEG_SACKED | SEG_LOST)) == 0;
}

void
board_resent(struct tcp_env *env, struct flight *f, struct tx_seg *g)
{
	if (is_timed(g)) {
		time_remove(env, f, g);
	} else if ((g->flags & SEG_LOST) != 0) {
		g->flags &= (uint8_t)~SEG_LOST;
		f->lost -= tx_seg_space(g);
		if (f->lost == 0)
			f->lost_at = SLAB_NONE;
	}
	g->flags |= SEG_REPEATED;
	g->sent_us = env_now_us(env);
	board_time_append(env, f, g);
}

/* The mbuf that holds @p seq, from @p m on. */
static struct rte_mbuf *
find_mbuf(struct rte_mbuf *m, uint32_t seq)
{
	while (m != NULL && seq - m->hash.usr >= m->data_len && m->next != NULL)
		m = m->next;
	return m;
}

/* What is known of @p g from @p bytes on gets a record of its own. */
static struct tx_seg *
cut_off(struct tcp_env *env, struct flight *f, struct tx_seg *g, uint32_t bytes)
{
	uint32_t i = slab_get(env->segments);
	struct tx_seg *rest = board_seg(env, i);

	*rest = *g;
	rest->seq = g->seq + bytes;
	rest->m = find_mbuf(g->m, rest->seq);
	g->next = i;
	if (f->tail == board_index(env, g))
		f->tail = i;
	if (is_timed(rest))
		time_insert(env, f, rest, board_index(env, g));
	return rest;
}

void
board_uncouple(struct tcp_env *env, struct flight *f, struct tx_seg *g, uint32_t n)
{
	struct tx_seg *rest = cut_off(env, f, g, n * g->len);

	env->segments->promised--;
	rest->more = (uint8_t)(g->more - n);
	g->more = (uint8_t)(n - 1);
}

bool
board_split(struct tcp_env *env, struct flight *f, struct tx_seg *g, uint16_t len)
{
	struct tx_seg *rest;

	if (board_is_full(env)) {
		env->stats->tx_nosegment++;
		return false;
	}
	rest = cut_off(env, f, g, len);
	rest->len = (uint16_t)(g->len - len);
	g->len = len;
	g->flags &= (uint8_t)~SEG_FIN;
	if ((rest->flags & SEG_SACKED) != 0)
		f->nb_sacked++;
	return true;
}

void
board_fill(struct tcp_env *env, struct flight *f, struct tx_seg *g, uint32_t most)
{
	while (g->next != SLAB_NONE && g->len < most && (g->flags & SEG_LOST) != 0) {
		uint32_t i = g->next;
		struct tx_seg *next = board_seg(env, i);
		uint32_t take = RTE_MIN(most - g->len, (uint32_t)next->len);

		if ((next->flags & SEG_LOST) == 0)
			break;
		if (next->more != 0)
			board_uncouple(env, f, next, 1);
		g->len = (uint16_t)(g->len + take);
		if (take < next->len) {
			next->seq += take;
			next->len = (uint16_t)(next->len - take);
			next->m = find_mbuf(next->m, next->seq);
			break;
		}
		g->flags |= next->flags & SEG_FIN;
		g->next = next->next;
		if (f->tail == i)
			f->tail = board_index(env, g);
		if (f->lost_at == i)
			f->lost_at = board_index(env, g);
		if (f->sack_at == i)
			f->sack_at = SLAB_NONE;
		slab_put(env->segments, i);
	}
}

void
board_grow(struct tcp_env *env, struct tcb *t, struct flight *f, uint32_t most)
{
	struct tx_seg *g = board_seg(env, f->head);
	uint32_t len = RTE_MIN(most, t->snd_end - g->seq);

	if (len <= g->len || g->more != 0 || (g->flags & (SEG_FIN | SEG_SACKED)) != 0)
		return;
	if ((g->flags & SEG_LOST) != 0)
		f->lost += len - g->len;
	g->len = (uint16_t)len;
	t->snd_nxt = g->seq + len;
}

/* A segment has arrived that wasn't known to. */
static void
delivered(struct tcp_env *env, const struct tcb *t, struct flight *f, struct tx_seg *g,
	struct news *n)
{
	uint32_t space = tx_seg_space(g);

	if (is_timed(g)) {
		time_remove(env, f, g);
	} else {
		g->flags &= (uint8_t)~SEG_LOST;
		f->lost -= space;
	}
	n->delivered += space;
	if (g->len > f->acked_most)
		f->acked_most = g->len;
	if ((g->flags & SEG_REPEATED) == 0)
		n->original = true;
	rack_delivered(env, t, f, g, n);
}

static void
note_rtt(const struct tcp_env *env, const struct tx_seg *g, struct news *n)
{
	uint32_t rtt = RTE_MAX(env_now_us(env) - g->sent_us, 1u);

	if ((g->flags & SEG_REPEATED) != 0)
		return; /* Karn */
	if (n->rtt_us == 0)
		n->rtt_us = rtt;
	n->last_rtt_us = rtt;
}

/* The first part of a segment was acknowledged: no peer has to respect how we cut. */
static void
acked_partly(struct flight *f, struct tx_seg *g, uint32_t ack, struct news *n)
{
	uint32_t bytes = ack - g->seq;

	if ((g->flags & SEG_LOST) != 0)
		f->lost -= bytes;
	if ((g->flags & SEG_SACKED) != 0)
		f->sacked -= bytes;
	else
		n->delivered += bytes;
	g->seq = ack;
	g->len = (uint16_t)(g->len - bytes);
	/* A FIN alone names no mbuf: the queue frees the last with its data. */
	g->m = g->len != 0 ? find_mbuf(g->m, ack) : NULL;
}

/* Whether @p g, which was sent again, was so since f->undo_ts, whose clock ticks in milliseconds.
 */
static __rte_noinline bool
went_again(const struct tcp_env *env, const struct tcb *t, const struct flight *f,
	const struct tx_seg *g)
{
	uint64_t since_us =
		(uint64_t)(env_ts(env, t) - f->undo_ts) * 1000 + env->now_ns % TIME_MS / TIME_US;

	return f->undo_ts != 0 && env_now_us(env) - g->sent_us <= since_us;
}

/*
 * Whether @p g, which @p ack covers, is neither the first nor the last of a run that were sent
 * once, one after the other, and are heard of for the first time: what round trips and RACK could
 * learn of it they learn of these two.
 */
static inline bool
within_run(const struct tcp_env *env, const struct tx_seg *g, uint32_t ack, bool begun)
{
	const struct tx_seg *next;

	if (!begun || g->flags != 0 || g->next == SLAB_NONE)
		return false;
	next = board_seg(env, g->next);
	return next->flags == 0 && seq_leq(tx_seg_end(next), ack);
}

/*
 * What @p ack covers of @p g a part of. @return whether that are segments, which are @p g from here
 * on.
 */
static __rte_noinline bool
cover_part(struct tcp_env *env, struct flight *f, struct tx_seg *g, uint32_t ack, struct news *n)
{
	if (!seq_lt(g->seq, ack))
		return false;
	if (g->more != 0) {
		uint32_t whole = (ack - g->seq) / g->len;

		board_uncouple(env, f, g, RTE_MAX(whole, 1u));
		if (whole != 0)
			return true;
	}
	acked_partly(f, g, ack, n);
	return false;
}

/*
 * What @p ack covers is freed soon, and the peer's core may have had its mbufs since: their lines
 * are asked for. Each names the next, so several chains are followed at a time.
 */
static inline void
fetch_acked(const struct tcp_env *env, const struct flight *f, uint32_t ack)
{
	const struct rte_mbuf *at[FETCH_CHAINS];
	uint32_t n = 0, steps = 1;

	for (uint32_t i = f->head; i != SLAB_NONE && n < FETCH_CHAINS;) {
		const struct tx_seg *g = board_seg(env, i);

		if (!seq_lt(g->seq, ack) || g->m == NULL)
			break;
		at[n++] = g->m;
		steps = RTE_MAX(steps, 1u + g->more);
		i = g->next;
	}
	for (; steps != 0 && n != 0; steps--) {
		for (uint32_t k = 0; k < n; k++) {
			if (at[k] == NULL)
				continue;
			rte_prefetch0_write(at[k]);
			rte_prefetch0_write(at[k]->cacheline1);
			if (steps > 1)
				at[k] = at[k]->next;
		}
	}
}

void
board_acked(struct tcp_env *env, struct tcb *t, struct flight *f, uint32_t ack, struct news *n)
{
	bool begun = false;

	fetch_acked(env, f, ack);
	while (f->head != SLAB_NONE) {
		uint32_t i = f->head;
		struct tx_seg *g = board_seg(env, i);

		if (!seq_leq(tx_seg_end(g), ack) && !cover_part(env, f, g, ack, n))
			break;
		n->repeated |= (g->flags & SEG_REPEATED) != 0;
		if (within_run(env, g, ack, begun)) {
			time_remove(env, f, g);
			n->delivered += tx_seg_space(g);
			f->acked_most = (uint16_t)RTE_MAX(f->acked_most, g->len);
		} else if ((g->flags & SEG_SACKED) != 0) {
			f->sacked -= tx_seg_space(g);
			f->nb_sacked -= 1u + g->more;
		} else {
			if (unlikely((g->flags & SEG_REPEATED) != 0))
				n->again |= went_again(env, t, f, g);
			note_rtt(env, g, n);
			delivered(env, t, f, g, n);
			begun = g->flags == 0;
		}
		f->head = g->next;
		if (f->sack_at == i)
			f->sack_at = SLAB_NONE;
		if (f->lost_at == i)
			f->lost_at = g->next;
		seg_put(env, i);
	}
	if (f->head == SLAB_NONE)
		f->tail = SLAB_NONE;
	if (f->lost == 0)
		f->lost_at = SLAB_NONE;
}

/*
 * Of a train what lies in the block, and isn't SACKed, becomes its next record, or is all of it.
 * @return whether it is all.
 */
static bool
cut_to_block(struct tcp_env *env, struct flight *f, struct tx_seg *g, const struct sack_block *b)
{
	uint32_t n;

	if (seq_leq(tx_seg_end(g), b->left))
		return false;
	if (seq_lt(g->seq, b->left)) {
		n = (b->left - g->seq + g->len - 1) / g->len;
		if (n <= g->more)
			board_uncouple(env, f, g, n);
		return false;
	}
	n = (b->right - g->seq) / g->len;
	if (n == 0)
		return false;
	if (n <= g->more)
		board_uncouple(env, f, g, n);
	return true;
}

/* Marks what lies in the block, from segment @p i on. @return the last one in it. */
static uint32_t
mark_block(struct tcp_env *env, struct tcb *t, struct flight *f, uint32_t i,
	const struct sack_block *b, struct news *n)
{
	uint32_t last = SLAB_NONE;

	for (; i != SLAB_NONE; i = board_seg(env, i)->next) {
		struct tx_seg *g = board_seg(env, i);

		if (!seq_lt(g->seq, b->right))
			break;
		if (seq_lt(g->seq, b->left) || seq_gt(tx_seg_end(g), b->right)) {
			/* a part of one tells nothing (RFC 6675, 4) */
			if (g->more == 0 || (g->flags & SEG_SACKED) != 0 ||
				!cut_to_block(env, f, g, b))
				continue;
		}
		last = i;
		if ((g->flags & SEG_SACKED) != 0)
			continue;
		if ((g->flags & SEG_REPEATED) == 0)
			n->last_rtt_us = RTE_MAX(env_now_us(env) - g->sent_us, 1u);
		delivered(env, t, f, g, n);
		g->flags |= SEG_SACKED;
		f->sacked += tx_seg_space(g);
		f->nb_sacked += 1u + g->more;
		n->sacked += tx_seg_space(g);
	}
	return last;
}

static bool
block_ok(const struct tcb *t, const struct sack_block *b)
{
	return seq_lt(b->left, b->right) && seq_geq(b->left, t->snd_una) &&
	       seq_leq(b->right, t->snd_nxt);
}

/* RFC 2883, 4.1 and 4.2: the first block is below the ACK, or within the second. */
static bool
is_dsack(const struct tcb *t, const struct seg *s)
{
	const struct sack_block *b = s->sack;

	if (!seq_lt(b->left, b->right) || seq_gt(b->right, t->snd_nxt) ||
		seq_lt(b->left, t->snd_una - t->snd_wnd_max - UINT16_MAX))
		return false;
	if (seq_leq(b->right, s->ack))
		return true;
	return s->nb_sack > 1 && block_ok(t, &b[1]) && seq_geq(b->left, b[1].left) &&
	       seq_leq(b->right, b[1].right);
}

static uint32_t
hash_blocks(const struct seg *s, uint32_t from)
{
	uint32_t h = s->nb_sack;

	for (uint32_t i = from; i < s->nb_sack; i++)
		h = (h ^ s->sack[i].left) * 0x9e3779b1u + s->sack[i].right;
	return h;
}

/*
 * While one hole stays open each ACK makes the first block longer and repeats the others, so the
 * first is looked at from where it ended, and the others only when they aren't what they were.
 */
void
board_sacked(struct tcp_env *env, struct tcb *t, struct flight *f, struct news *n)
{
	const struct seg *s = n->seg;
	uint32_t first = 0, rest, i, last;

	if (is_dsack(t, s)) {
		n->dsack = true;
		TCP_COUNT(env, t, dsack_dups);
		first = 1;
	}
	if (first == s->nb_sack)
		return;
	rest = hash_blocks(s, first + 1);
	if (rest != f->sack_rest) {
		f->sack_rest = rest;
		f->sack_at = SLAB_NONE;
		for (uint32_t k = first + 1; k < s->nb_sack; k++)
			if (block_ok(t, &s->sack[k]))
				mark_block(env, t, f, f->head, &s->sack[k], n);
	}
	if (!block_ok(t, &s->sack[first]))
		return;
	i = f->sack_at != SLAB_NONE && f->sack_left == s->sack[first].left ? f->sack_at : f->head;
	last = mark_block(env, t, f, i, &s->sack[first], n);
	if (last != SLAB_NONE) {
		f->sack_at = last;
		f->sack_left = s->sack[first].left;
	}
}

void
board_reneged(struct tcp_env *env, struct flight *f)
{
	for (uint32_t i = f->head; i != SLAB_NONE; i = board_seg(env, i)->next) {
		struct tx_seg *g = board_seg(env, i);

		if ((g->flags & SEG_SACKED) == 0)
			continue;
		/* RACK has heard of a train's end: of the others it can still learn. */
		if (g->more != 0)
			board_uncouple(env, f, g, 1);
		g->flags &= (uint8_t)~SEG_SACKED;
		time_insert(env, f, g, SLAB_NONE);
	}
	f->sacked = f->nb_sacked = 0;
	f->sack_at = SLAB_NONE;
	f->sack_rest = 0;
}

void
board_lose(struct tcp_env *env, struct flight *f, struct tx_seg *g)
{
	if (!is_timed(g))
		return;
	time_remove(env, f, g);
	g->flags |= SEG_LOST;
	f->lost += tx_seg_space(g);
	if (f->lost_at == SLAB_NONE || seq_lt(g->seq, board_seg(env, f->lost_at)->seq))
		f->lost_at = board_index(env, g);
}

void
board_lose_first(struct tcp_env *env, struct flight *f)
{
	struct tx_seg *g = board_seg(env, f->head);

	if (g->more != 0 && is_timed(g))
		board_uncouple(env, f, g, 1);
	board_lose(env, f, g);
}

void
board_lose_all(struct tcp_env *env, struct flight *f)
{
	while (f->time_head != SLAB_NONE)
		board_lose(env, f, board_seg(env, f->time_head));
}

void
board_find_again(struct tcp_env *env, struct flight *f)
{
	uint32_t after = SLAB_NONE;

	for (uint32_t i = f->head; i != SLAB_NONE; i = board_seg(env, i)->next) {
		struct tx_seg *g = board_seg(env, i);

		if ((g->flags & SEG_LOST) == 0)
			continue;
		g->flags &= (uint8_t)~SEG_LOST;
		/* What was sent later mostly stands later, too. */
		if (after != SLAB_NONE && seq_lt(g->sent_us, board_seg(env, after)->sent_us))
			after = SLAB_NONE;
		time_insert(env, f, g, after);
		after = i;
	}
	f->lost = 0;
	f->lost_at = SLAB_NONE;
}

struct tx_seg *
board_last(struct tcp_env *env, struct flight *f)
{
	struct tx_seg *g = board_seg(env, f->tail);

	if (g->more != 0)
		board_uncouple(env, f, g, g->more);
	return board_seg(env, f->tail);
}

struct tx_seg *
board_lost(struct tcp_env *env, struct flight *f)
{
	uint32_t i = f->lost_at;

	if (f->lost == 0)
		return NULL;
	while (i != SLAB_NONE && (board_seg(env, i)->flags & SEG_LOST) == 0)
		i = board_seg(env, i)->next;
	f->lost_at = i;
	return i != SLAB_NONE ? board_seg(env, i) : NULL;
}

void
board_clear(struct tcp_env *env, struct flight *f)
{
	while (f->head != SLAB_NONE) {
		uint32_t i = f->head;

		f->head = board_seg(env, i)->next;
		seg_put(env, i);
	}
	f->tail = f->time_head = f->time_tail = SLAB_NONE;
	f->sack_at = f->lost_at = SLAB_NONE;
	f->sacked = f->lost = f->nb_sacked = 0;
}
