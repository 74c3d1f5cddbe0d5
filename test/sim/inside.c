/* SPDX-License-Identifier: BSD-3-Clause */
/* inside.c: looks into a stack's records: what is always true of them, and of a stack that has
 * nothing left. */
#include "sim.h"
#include "stack/stack.h"
#include "tcp/rcv_run.h"
#include "tcp/scoreboard.h"

/* A free TCB's first bytes link to the next free one; it has no application and no state. */
static bool
in_use(const struct tcb *t)
{
	return t->app != APP_NONE || t->state != TCP_CLOSED || tcb_owes(t);
}

static uint32_t
check_received(struct sim *s, const struct tcb *t)
{
	uint32_t segs = 0, bytes = 0, ahead = 0, end = t->rcv_nxt;

	for (const struct rte_mbuf *m = t->rcv_head; m != NULL; m = m->next) {
		segs++;
		bytes += m->data_len;
	}
	sim_failed_unless(s, segs == t->rcv_segs, "rcv_segs isn't the queue's length");
	sim_failed_unless(s, bytes == t->rcv_queued, "rcv_queued isn't what is queued");
	sim_failed_unless(s, t->rcv_queued <= t->rcv_unread, "more queued than unread");
	for (const struct rte_mbuf *run = t->ooo_head; run != NULL; run = run_next(run)) {
		const struct rte_mbuf *m = run;

		sim_failed_unless(s, seq_gt(run_seq(run), end), "runs ahead meet, or are behind");
		end = run_seq(run);
		for (;; m = m->next) {
			sim_failed_unless(s, m->data_len != 0, "an empty mbuf ahead");
			end += m->data_len;
			ahead++;
			if (m == run_tail(run))
				break;
		}
		sim_failed_unless(s, end == run_end(run), "a run isn't as long as it says");
	}
	return segs + ahead;
}

/* The scoreboard: in order, without gaps, and its sums are those of its segments. */
static uint32_t
check_board(struct sim *s, const struct thole_stack *st, const struct tcb *t)
{
	const struct flight *f = tcp_flight(&st->env, t);
	uint32_t at = t->snd_una, sacked = 0, lost = 0, nb_sacked = 0, timed = 0, segs = 0;
	uint32_t last_us = 0;

	if (f == NULL)
		return 0;
	for (uint32_t i = f->head; i != SLAB_NONE; i = board_seg(&st->env, i)->next) {
		const struct tx_seg *g = board_seg(&st->env, i);

		sim_failed_unless(s, g->seq == at, "the scoreboard has a gap");
		sim_failed_unless(s, tx_seg_space(g) != 0, "an empty segment on the scoreboard");
		sim_failed_unless(s,
			g->len == 0 || (g->m != NULL && g->seq - g->m->hash.usr < g->m->data_len),
			"a segment's mbuf is another");
		sim_failed_unless(s,
			(g->flags & (SEG_SACKED | SEG_LOST)) != (SEG_SACKED | SEG_LOST),
			"SACKed and lost");
		at = tx_seg_end(g);
		sacked += (g->flags & SEG_SACKED) != 0 ? tx_seg_space(g) : 0;
		nb_sacked += (g->flags & SEG_SACKED) != 0 ? 1u + g->more : 0;
		lost += (g->flags & SEG_LOST) != 0 ? tx_seg_space(g) : 0;
		timed += (g->flags & (SEG_SACKED | SEG_LOST)) == 0;
		segs += 1u + g->more;
	}
	sim_failed_unless(s, segs == 0 || at == t->snd_nxt, "the scoreboard ends before SND.NXT");
	sim_failed_unless(s, sacked == f->sacked && nb_sacked == f->nb_sacked && lost == f->lost,
		"the scoreboard's sums are wrong");
	for (uint32_t i = f->time_head; i != SLAB_NONE; i = board_seg(&st->env, i)->time_next) {
		const struct tx_seg *g = board_seg(&st->env, i);

		sim_failed_unless(s, i == f->time_head || seq_geq(g->sent_us, last_us),
			"the list by time isn't");
		last_us = g->sent_us;
		timed--;
	}
	sim_failed_unless(s, timed == 0, "the list by time isn't whole");
	return segs;
}

static void
check_sending(struct sim *s, const struct thole_stack *st, const struct tcb *t)
{
	uint32_t bytes = 0;

	sim_failed_unless(s, seq_leq(t->snd_una, t->snd_nxt), "SND.UNA > SND.NXT");
	sim_failed_unless(s, seq_leq(t->snd_nxt, t->snd_end + 1), "more sent than queued");
	if (t->snd_head == NULL)
		return;
	for (const struct rte_mbuf *m = t->snd_head; m != NULL; m = m->next)
		bytes += m->data_len;
	sim_failed_unless(
		s, t->snd_head->hash.usr + bytes == t->snd_end, "the send queue has another end");
	sim_failed_unless(s,
		seq_leq(t->snd_head->hash.usr, t->snd_una) || t->state < TCP_ESTABLISHED,
		"what is unacknowledged isn't queued");
}

/* A connection that waits for nothing and nobody would never end. */
static void
check_clock(struct sim *s, const struct thole_stack *st, const struct tcb *t)
{
	bool listed = t->out_next != NOT_LISTED;

	if ((t->flags & TF_DETACHED) != 0)
		return;
	if (t->snd_una != t->snd_nxt || seq_lt(t->snd_nxt, t->snd_end) ||
		t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED)
		if (!listed && t->rtx_ns == TIME_NEVER && (t->flags & TF_PACED) == 0)
			sim_fail(s,
				"ports %u %u, state %u: una +0 nxt +%u end +%u, flags %x, "
				"and no timer",
				t->key.lport, t->key.rport, t->state, t->snd_nxt - t->snd_una,
				t->snd_end - t->snd_una, t->flags);
	if ((t->flags & TF_APP_CLOSED) != 0)
		sim_failed_unless(s, listed || tcb_deadline(&st->env, t) != TIME_NEVER,
			"an orphan without a clock");
	/* What is about to be sent is armed then. */
	if (tcb_deadline(&st->env, t) != TIME_NEVER &&
		!(listed && tcb_owes(t) && tcb_deadline(&st->env, t) > s->now))
		sim_failed_unless(s, t->timer.at_ns <= tcb_deadline(&st->env, t),
			"a deadline the wheel doesn't know");
	if (tcb_owes(t))
		sim_failed_unless(s, listed, "output is owed, and it is in no list");
}

/* The record of a connection; NULL: it is over. */
static const struct tcb *
record_of(const struct thole_stack *st, thole_conn conn)
{
	uint32_t i = (uint32_t)(conn >> 32) & 0xffffff;
	const struct tcb *t = stack_tcb(st, i);

	return conn != 0 && i < st->tcbs.fresh && t->generation == (uint32_t)conn ? t : NULL;
}

uint32_t
inside_owner(const struct side *me, thole_conn conn)
{
	const struct tcb *t = record_of(me->stack, conn);

	if (t == NULL || t->app == APP_NONE)
		return UINT32_MAX;
	return thole_app_number(me->stack->clients[t->app].ctx);
}

static bool
is_unfinished(const struct tcb *t)
{
	return t->state != TCP_CLOSED && t->state != TCP_TIME_WAIT;
}

bool
inside_unfinished(const struct side *me, thole_conn conn)
{
	const struct tcb *t = record_of(me->stack, conn);

	return t != NULL && is_unfinished(t);
}

/* Whoever has events stands in a list: that of its context, or of one who gave it away and will
 * come across it. */
static void
check_ready(struct sim *s, const struct thole_stack *st)
{
	uint32_t listed = 0, want = 0;

	for (uint32_t k = 0; k < APPS_MAX; k++) {
		const struct client *c = &st->clients[k];
		bool parting = false;
		const struct tcb *t;

		for (uint32_t i = c->ready.head; i != SLAB_NONE; i = t->ready_next) {
			t = stack_tcb(st, i);
			parting |= i == c->parting;
			sim_failed_unless(s, t->ready_next != NOT_LISTED, "a list has no end");
			sim_failed_unless(s,
				t->app == k || t->app == APP_NONE || c->parting != SLAB_NONE,
				"it stands in another's list, who doesn't know");
			listed++;
		}
		sim_failed_unless(s, parting || c->parting == SLAB_NONE,
			"a list is looked through to one who isn't in it");
	}
	for (uint32_t i = 0; i < st->tcbs.fresh; i++) {
		const struct tcb *t = stack_tcb(st, i);

		want += t->ready_next != NOT_LISTED;
		sim_failed_unless(s,
			!in_use(t) || t->app == APP_NONE || t->events == 0 ||
				t->ready_next != NOT_LISTED,
			"it has events, and is in no list");
		sim_failed_unless(s, !in_use(t) || t->app == APP_NONE || st->clients[t->app].used,
			"it belongs to a context that there isn't");
	}
	sim_failed_unless(s, listed == want, "one is in two lists, or none");
}

/* What thole_stack_left() says; and nobody comes to one that drains. */
static void
check_left(struct sim *s, const struct side *me)
{
	const struct thole_stack *st = me->stack;
	struct thole_left left;
	uint32_t open = 0, orphans = 0;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < st->tcbs.fresh; i++) {
		const struct tcb *t = stack_tcb(st, i);
		uint32_t all = 0, done;

		if (!is_unfinished(t))
			continue;
		orphans += t->app == APP_NONE || (t->flags & TF_APP_CLOSED) != 0;
		open += t->app != APP_NONE && (t->flags & TF_APP_CLOSED) == 0;
		if (t->snd_head == NULL)
			continue;
		for (const struct rte_mbuf *m = t->snd_head; m != NULL; m = m->next)
			all += m->data_len;
		done = t->snd_una - t->snd_head->hash.usr; /* a SYN is before, a FIN behind */
		bytes += (int32_t)done <= 0 ? all : all - RTE_MIN(all, done);
	}
	thole_stack_left(st, &left);
	if (left.open != open || left.orphans != orphans ||
		left.unsent_bytes + left.unacked_bytes != bytes)
		sim_fail(s, "left are %u open, %u orphans, %ju and %ju bytes: it is %u, %u, %ju",
			left.open, left.orphans, (uintmax_t)left.unsent_bytes,
			(uintmax_t)left.unacked_bytes, open, orphans, (uintmax_t)bytes);
	sim_failed_unless(s, !me->cut || open + orphans == 0, "a stack was cut, and goes on");
	if (!me->drained)
		return;
	sim_failed_unless(s, st->stats.embryos == 0 && st->stats.opened_passive == me->passive,
		"somebody comes to a stack that drains");
	for (uint32_t i = 1; i <= st->cfg.max_listeners; i++)
		sim_failed_unless(
			s, st->listeners[i].app == APP_NONE, "a stack that drains listens");
}

void
inside_check(struct sim *s, unsigned int side)
{
	const struct thole_stack *st = s->side[side].stack;
	uint64_t held = 0, conns = 0, orphans = 0, segs = 0;

	for (uint32_t i = 0; i < st->tcbs.fresh; i++) {
		const struct tcb *t = stack_tcb(st, i);

		held += check_received(s, t);
		if (!in_use(t))
			continue;
		conns++;
		segs += check_board(s, st, t);
		orphans += (t->flags & (TF_APP_CLOSED | TF_DETACHED)) == TF_APP_CLOSED;
		if (t->state != TCP_CLOSED)
			check_sending(s, st, t);
		check_clock(s, st, t);
	}
	if (held != st->stats.mbufs_held)
		sim_fail(s, "side %u: mbufs_held says %ju, there are %ju", side,
			(uintmax_t)st->stats.mbufs_held, (uintmax_t)held);
	if (orphans != st->stats.orphans)
		sim_fail(s, "side %u: orphans says %ju, there are %ju", side,
			(uintmax_t)st->stats.orphans, (uintmax_t)orphans);
	sim_failed_unless(s, segs == board_segs(&st->env), "segments on no scoreboard");
	sim_failed_unless(s, conns <= st->stats.conns, "conns counts too few");
	sim_failed_unless(s, st->stats.conns == st->tcbs.in_use, "conns isn't the records in use");
	sim_failed_unless(s, st->stats.embryos <= st->embryos.in_use, "embryos counts too many");
	sim_failed_unless(
		s, st->stats.time_wait == st->tombstones.in_use, "time_wait isn't the tombstones");
	if (st->table.entries > st->tcbs.in_use + st->embryos.in_use + st->tombstones.in_use)
		sim_fail(s, "side %u: more in the table than there is", side);
	check_ready(s, st);
	check_left(s, &s->side[side]);
}

/* All connections are gone: so must be all that they had. */
void
inside_check_idle(struct sim *s, unsigned int side)
{
	const struct side *me = &s->side[side];
	const struct thole_stack *st = me->stack;
	unsigned int waiting = 0;

	if (st->stats.conns != 0 || st->stats.embryos != 0 || st->stats.time_wait != 0 ||
		st->stats.orphans != 0 || st->stats.mbufs_held != 0)
		sim_fail(s,
			"side %u: at the end conns %ju embryos %ju time_wait %ju orphans %ju "
			"mbufs_held %ju",
			side, (uintmax_t)st->stats.conns, (uintmax_t)st->stats.embryos,
			(uintmax_t)st->stats.time_wait, (uintmax_t)st->stats.orphans,
			(uintmax_t)st->stats.mbufs_held);
	sim_failed_unless(s, st->flights.in_use == 0, "a flight block is left at the end");
	sim_failed_unless(s, st->table.entries == 0, "the table isn't empty at the end");
	sim_failed_unless(s, st->wheel.armed == 0, "a timer runs at the end");
	for (uint32_t i = 0; i < st->neighs.capacity; i++)
		waiting += st->neighs.entries[i].queued;
	if (rte_mempool_in_use_count(me->pool) != me->pool_base + st->mbufs.n + waiting)
		sim_fail(s, "side %u: %u mbufs out, %u of them kept", side,
			rte_mempool_in_use_count(me->pool) - me->pool_base, st->mbufs.n + waiting);
	if (rte_mempool_in_use_count(me->app_pool) != me->app_pool_base)
		sim_fail(s, "side %u: %u mbufs of the application's are out", side,
			rte_mempool_in_use_count(me->app_pool) - me->app_pool_base);
}
