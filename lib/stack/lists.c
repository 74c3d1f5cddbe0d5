/* SPDX-License-Identifier: BSD-3-Clause */
/* lists.c: who waited for a next hop goes on. */
#include "stack/stack.h"

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
