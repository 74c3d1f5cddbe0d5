/* SPDX-License-Identifier: BSD-3-Clause */
/* lists.c: first in, first out lists of records, linked by index. A record knows whether it is in
 * one. */
#include "stack/stack.h"

/* Appends record @p i, whose link is @p link; @p last is the link of the list's tail. */
static void
push(struct index_list *l, uint32_t i, uint32_t *link, uint32_t *last)
{
	*link = SLAB_NONE;
	if (l->head == SLAB_NONE)
		l->head = i;
	else
		*last = i;
	l->tail = i;
}

static void
pop(struct index_list *l, uint32_t *link)
{
	l->head = *link;
	*link = NOT_LISTED;
}

void
list_push_out(struct thole_stack *s, struct index_list *l, struct tcb *t)
{
	if (t->out_next == NOT_LISTED)
		push(l, tcb_index(s, t), &t->out_next,
			&stack_tcb(s, list_empty(l) ? 0 : l->tail)->out_next);
}

struct tcb *
list_pop_out(struct thole_stack *s, struct index_list *l)
{
	struct tcb *t;

	if (list_empty(l))
		return NULL;
	t = stack_tcb(s, l->head);
	pop(l, &t->out_next);
	return t;
}

void
list_push_ready(struct thole_stack *s, struct index_list *l, struct tcb *t)
{
	if (t->ready_next == NOT_LISTED)
		push(l, tcb_index(s, t), &t->ready_next,
			&stack_tcb(s, list_empty(l) ? 0 : l->tail)->ready_next);
}

struct tcb *
list_pop_ready(struct thole_stack *s, struct index_list *l)
{
	struct tcb *t;

	if (list_empty(l))
		return NULL;
	t = stack_tcb(s, l->head);
	pop(l, &t->ready_next);
	return t;
}

void
list_push_embryo(struct thole_stack *s, struct index_list *l, uint32_t i)
{
	struct embryo *e = stack_embryo(s, i);

	if (e->out_next == NOT_LISTED)
		push(l, i, &e->out_next, &stack_embryo(s, list_empty(l) ? 0 : l->tail)->out_next);
}

uint32_t
list_pop_embryo(struct thole_stack *s, struct index_list *l)
{
	uint32_t i = l->head;

	if (i != SLAB_NONE)
		pop(l, &stack_embryo(s, i)->out_next);
	return i;
}

void
list_wake_waiting(struct thole_stack *s, uint16_t neigh)
{
	struct index_list tcbs = s->wait_tcbs, embryos = s->wait_embryos;
	struct tcb *t;
	uint32_t i;

	s->wait_tcbs.head = s->wait_embryos.head = SLAB_NONE;
	while ((t = list_pop_out(s, &tcbs)) != NULL) {
		bool woken = t->neigh == neigh || t->neigh == NO_INDEX || !tcb_owes(t);

		list_push_out(s, woken ? &s->out_tcbs : &s->wait_tcbs, t);
	}
	while ((i = list_pop_embryo(s, &embryos)) != SLAB_NONE) {
		const struct embryo *e = stack_embryo(s, i);
		bool woken = e->neigh == neigh || e->neigh == NO_INDEX || e->listener == NO_INDEX;

		list_push_embryo(s, woken ? &s->out_embryos : &s->wait_embryos, i);
	}
}
