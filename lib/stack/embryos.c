/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * embryos.c: peers' handshakes under way. Those whose SYN-ACK was sent equally often wait equally
 * long, so a FIFO for each step of the back-off keeps them by time without a timer for each.
 */
#include "stack/stack.h"

/* ACKs of unacceptable segments that a handshake answers with, between two SYN-ACKs (RFC 5961, 7).
 */
#define ACKS_PER_STEP 3

/* @p e is record @p i. */
static inline void
fifo_append(struct thole_stack *s, uint32_t i, struct embryo *e)
{
	struct index_list *f = &s->embryo_fifo[e->step];

	e->next = SLAB_NONE;
	if (unlikely(list_empty(f))) {
		e->prev = SLAB_NONE;
		f->head = i;
	} else {
		const uint32_t prev = f->tail;

		e->prev = prev;
		stack_embryo(s, prev)->next = i;
	}
	f->tail = i;
}

static inline void
fifo_remove(struct thole_stack *s, const struct embryo *e)
{
	struct index_list *f = &s->embryo_fifo[e->step];
	const uint32_t prev = e->prev, next = e->next;

	if (prev == SLAB_NONE)
		f->head = next;
	else
		stack_embryo(s, prev)->next = next;
	if (next == SLAB_NONE)
		f->tail = prev;
	else
		stack_embryo(s, next)->prev = prev;
}

/*
 * How long one waits in each step: doubling, as for an RTO; in the last until it is given up, which
 * is the same time after its SYN for all (RFC 9293, 3.8.3).
 */
void
embryos_init(struct thole_stack *s)
{
	const struct thole_tcp_params *p = &s->env.params;
	uint64_t left = p->syn_ack_give_up_ns / TIME_MS;

	for (uint8_t i = 0; i < EMBRYO_STEPS; i++) {
		uint64_t wait = RTE_MIN(p->rto_initial_ns << i, p->rto_max_ns) / TIME_MS;

		if (i == EMBRYO_STEPS - 1 || wait > left)
			wait = left;
		s->embryo_wait_ms[i] = (uint32_t)wait;
		left -= wait;
	}
}

/* Whether no step comes after it. */
static bool
is_last_step(const struct thole_stack *s, uint8_t step)
{
	return step == EMBRYO_STEPS - 1 || s->embryo_wait_ms[step + 1] == 0;
}

static void
owe(struct thole_stack *s, uint32_t i)
{
	list_push_embryo(s, &s->out_embryos, i);
}

bool
embryo_room(struct thole_stack *s)
{
	if (s->embryos.in_use < s->embryos.capacity)
		return true;
	s->stats.rx_drop_embryos++;
	return false;
}

struct embryo *
embryo_open_by(struct thole_stack *s, uint32_t hop_be, const struct seg *seg, uint16_t listener)
{
	const uint32_t i = slab_get(&s->embryos);
	struct embryo *e = stack_embryo(s, i);

	embryo_init(&s->env, e, seg);
	if (unlikely(table_insert(&s->table, seg->hash, ref_make(REF_EMBRYO, i)) != 0)) {
		s->stats.rx_drop_embryos++;
		slab_put_record(&s->embryos, i, e);
		return NULL;
	}
	e->listener = listener;
	e->neigh = neigh_hint(s, hop_be);
	fifo_append(s, i, e);
	s->stats.embryos++;
	list_append_embryo(s, &s->out_embryos, i, e);
	return e;
}

/* Takes it out of its FIFO and the count. The record itself goes when it is in no output list. */
static inline void
retire(struct thole_stack *s, uint32_t i, struct embryo *e)
{
	fifo_remove(s, e);
	s->stats.embryos--;
	e->listener = NO_INDEX;
	e->flags = 0;
	if (likely(e->out_next == NOT_LISTED))
		slab_put_record(&s->embryos, i, e);
}

void
embryo_free(struct thole_stack *s, uint32_t i)
{
	struct embryo *e = stack_embryo(s, i);

	table_remove(&s->table, stack_hash(s, &e->key), ref_make(REF_EMBRYO, i));
	retire(s, i, e);
}

struct tcb *
embryo_to_tcb(struct thole_stack *s, struct embryo *e)
{
	struct listener *l = &s->listeners[e->listener];
	struct tcb *t;
	uint32_t c;

	if (unlikely(l->waiting >= l->backlog)) {
		const uint16_t other = listen_other(s, e->listener);

		if (other == NO_INDEX)
			return NULL;
		e->listener = other;
		l = &s->listeners[other];
	}
	c = conn_alloc(s, &e->key, l->app, &l->settings);
	if (c == SLAB_NONE) {
		s->stats.rx_drop_conns++;
		return NULL;
	}
	t = stack_tcb(s, c);
	tcp_open_passive(&s->env, t, &l->settings.terms, e);
	t->user = l->user;
	l->waiting++;
	return t;
}

/* The handshake is complete. Without room for a TCB the ACK is dropped; the embryo stays, and will
 * ask again. */
static inline void
promote(struct thole_stack *s, uint32_t i, struct embryo *e, struct seg *seg)
{
	struct tcb *t = embryo_to_tcb(s, e);

	if (unlikely(t == NULL))
		return;
	table_replace(
		&s->table, seg->hash, ref_make(REF_EMBRYO, i), ref_make(REF_TCB, tcb_index(s, t)));
	retire(s, i, e);
	if (likely(tcp_input_promoted(&s->env, t, seg)))
		list_push_ready(s, &s->clients[t->app].ready, t);
	else
		conn_settle(s, t);
}

static __rte_noinline void
kept(struct thole_stack *s, uint32_t i, struct embryo *e)
{
	if ((e->flags & EF_ACK) != 0 && e->acks++ >= ACKS_PER_STEP) {
		s->stats.tx_drop_limited++;
		e->acks--;
		e->flags &= EF_SYN_ACK | EF_SENT;
	}
	if ((e->flags & (EF_SYN_ACK | EF_ACK)) != 0)
		owe(s, i);
}

void
embryo_segment(struct thole_stack *s, uint32_t i, struct seg *seg)
{
	struct embryo *e = stack_embryo(s, i);

	switch (embryo_input(&s->env, &s->listeners[e->listener].settings.terms, e, seg)) {
	case EMBRYO_KEEP:
		kept(s, i, e);
		break;
	case EMBRYO_DROP:
		embryo_free(s, i);
		break;
	case EMBRYO_RST:
		reply_rst(s, seg);
		break;
	case EMBRYO_PROMOTE:
		promote(s, i, e, seg);
		break;
	}
}

void
embryos_run(struct thole_stack *s)
{
	uint32_t now = env_now_ms(&s->env);

	if (now == s->embryos_run_ms) /* nobody waits less than one */
		return;
	s->embryos_run_ms = now;
	for (uint8_t step = 0; step < EMBRYO_STEPS; step++) {
		uint32_t wait, i;

		if (list_empty(&s->embryo_fifo[step]))
			continue;
		wait = s->embryo_wait_ms[step];
		while ((i = s->embryo_fifo[step].head) != SLAB_NONE) {
			struct embryo *e = stack_embryo(s, i);

			if (now - e->queued_ms < wait)
				break;
			if (is_last_step(s, step)) {
				s->stats.timeouts++;
				embryo_free(s, i);
				continue;
			}
			fifo_remove(s, e);
			e->step = (step + 1u) & (EMBRYO_STEPS - 1u);
			e->queued_ms = now;
			e->flags |= EF_SYN_ACK;
			e->acks = 0;
			fifo_append(s, i, e);
			owe(s, i);
		}
	}
}

uint64_t
embryos_next(const struct thole_stack *s)
{
	uint32_t now = env_now_ms(&s->env);
	uint64_t next = TIME_NEVER;

	for (uint8_t step = 0; step < EMBRYO_STEPS; step++) {
		const struct index_list *f = &s->embryo_fifo[step];
		int32_t left;

		if (list_empty(f))
			continue;
		left = seq_diff(stack_embryo(s, f->head)->queued_ms + s->embryo_wait_ms[step], now);
		/* Milliseconds are cut off, so that at the start of this one it is due. */
		next = RTE_MIN(
			next, (s->env.now_ns / TIME_MS + (uint64_t)RTE_MAX(left, 0)) * TIME_MS);
	}
	return next;
}
