/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tombstones.c: TIME-WAIT kept for real: a FIFO of tombstones, 2 MSL long, bounded. When there is
 * no room the oldest goes early, and is counted (RFC 9293, 3.3.2 and 3.6.1).
 */
#include "stack/stack.h"

#define REUSE_ISS_STEP 65536

/* An empty list's tail is SLAB_NONE, too. */
static inline void
append(struct thole_stack *s, uint32_t i, struct tombstone *w)
{
	uint32_t tail = s->time_wait.tail;

	s->time_wait.tail = i;
	w->next = SLAB_NONE;
	w->prev = tail;
	if (unlikely(tail == SLAB_NONE))
		s->time_wait.head = i;
	else
		stack_tombstone(s, tail)->next = i;
}

static void
unlink_tombstone(struct thole_stack *s, uint32_t i)
{
	const struct tombstone *w = stack_tombstone(s, i);

	if (w->prev == SLAB_NONE)
		s->time_wait.head = w->next;
	else
		stack_tombstone(s, w->prev)->next = w->next;
	if (w->next == SLAB_NONE)
		s->time_wait.tail = w->prev;
	else
		stack_tombstone(s, w->next)->prev = w->prev;
}

static void
end(struct thole_stack *s, uint32_t i)
{
	unlink_tombstone(s, i);
	table_remove(&s->table, stack_tombstone(s, i)->hash, ref_make(REF_TOMBSTONE, i));
	slab_put(&s->tombstones, i);
	s->stats.time_wait--;
}

static void
note_age(struct thole_stack *s, const struct tombstone *w)
{
	uint64_t age = s->env.now_ns + 2 * s->env.params.msl_ns - w->expire_ns;

	if (s->stats.time_wait_min_age_ns == 0 || age < s->stats.time_wait_min_age_ns)
		s->stats.time_wait_min_age_ns = age;
}

static __rte_noinline void
evict_oldest(struct thole_stack *s)
{
	uint32_t oldest = s->time_wait.head;

	note_age(s, stack_tombstone(s, oldest));
	s->stats.time_wait_evicted++;
	end(s, oldest);
}

void
time_wait_enter(struct thole_stack *s, struct tcb *t)
{
	const uint32_t hash = stack_hash(s, &t->key);
	struct tombstone *w;
	uint32_t i;

	if (unlikely(s->tombstones.in_use == s->tombstones.capacity))
		evict_oldest(s);
	i = slab_get(&s->tombstones);
	w = stack_tombstone(s, i);
	w->hash = hash;
	append(s, i, w);
	s->stats.time_wait++;
	s->stats.time_wait_peak = s->tombstones.fresh; /* the last freed is the next used */
	s->stats.orphans--;
	wheel_take_out(&s->wheel, &t->timer);
	table_replace(
		&s->table, hash, ref_make(REF_TCB, tcb_index(s, t)), ref_make(REF_TOMBSTONE, i));
	t->flags |= TF_DETACHED;
	tcp_bury(&s->env, w, t);
	if (likely(t->app != APP_NONE)) {
		list_push_ready(s, &s->clients[t->app].ready, t); /* for CLOSED */
	} else {
		t->events = 0;
		conn_free_if_done(s, tcb_index(s, t), t);
	}
}

/* A new SYN takes the place of the old connection, if somebody wants it (RFC 9293, 3.6.1, MAY-2).
 */
static bool
reuse(struct thole_stack *s, uint32_t i, const struct seg *seg)
{
	uint32_t old_snd_nxt = stack_tombstone(s, i)->snd_nxt;
	uint16_t l = listen_find(s, seg->key.laddr, seg->key.lport);
	struct embryo *e;

	if (l == NO_INDEX || !embryo_welcome(s, seg, &l) || !embryo_room(s))
		return false;
	s->stats.time_wait_reused++;
	end(s, i);
	e = embryo_open(s, seg, l);
	/* Its sequence numbers begin beyond all that the old connection used. */
	if (e != NULL)
		e->iss = seq_max(e->iss, old_snd_nxt + REUSE_ISS_STEP);
	return true;
}

void
time_wait_segment(struct thole_stack *s, uint32_t i, const struct seg *seg)
{
	struct tombstone *w = stack_tombstone(s, i);
	struct tcp_out out;

	switch (tombstone_input(&s->env, w, seg)) {
	case TOMBSTONE_KEEP:
		return;
	case TOMBSTONE_REUSE:
		if (reuse(s, i, seg))
			return;
		break;
	case TOMBSTONE_RESTART:
		w->expire_ns = s->env.now_ns + 2 * s->env.params.msl_ns;
		unlink_tombstone(s, i);
		append(s, i, w);
		break;
	case TOMBSTONE_ACK:
		break;
	}
	out = (struct tcp_out){
		.seq = w->snd_nxt,
		.ack = w->rcv_nxt,
		.sport = w->key.lport,
		.dport = w->key.rport,
		.wnd = w->rcv_wnd,
		.flags = TCP_ACK,
	};
	if (w->ts_off != 0) {
		out.opts = OPT_TIMESTAMPS;
		out.ts_val = env_now_ms(&s->env) + w->ts_off;
		out.ts_ecr = w->ts_recent;
	}
	reply_segment(s, &w->key, w->neigh, 0, &out); /* 64 B remember no options */
}

void
time_wait_forget(struct thole_stack *s, uint32_t base, uint32_t width)
{
	uint32_t i = s->time_wait.head;

	while (i != SLAB_NONE) {
		const struct tombstone *w = stack_tombstone(s, i);
		const uint32_t next = w->next;

		if (w->key.laddr - base < width)
			end(s, i);
		i = next;
	}
}

void
time_wait_run(struct thole_stack *s)
{
	uint32_t i;

	while ((i = s->time_wait.head) != SLAB_NONE &&
		stack_tombstone(s, i)->expire_ns <= s->env.now_ns) {
		note_age(s, stack_tombstone(s, i));
		end(s, i);
	}
}

uint64_t
time_wait_next(const struct thole_stack *s)
{
	return list_empty(&s->time_wait) ? TIME_NEVER
					 : stack_tombstone(s, s->time_wait.head)->expire_ns;
}
