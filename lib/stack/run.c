/* SPDX-License-Identifier: BSD-3-Clause */
/* run.c: ops from other threads, what is due, events to other threads; and when something is due
 * next. */
#include "stack/stack.h"

static void
fire_timers(struct thole_stack *s)
{
	uint32_t i;

	while ((i = wheel_pop(&s->wheel, s->env.now_ns)) != SLAB_NONE) {
		struct tcb *t = stack_tcb(s, i);

		/* The deadline may have moved on since the entry was armed; settling arms it anew.
		 */
		if (tcb_deadline(&s->env, t) <= s->env.now_ns)
			tcp_timer(&s->env, t);
		conn_settle(s, t);
	}
}

void
thole_stack_run(struct thole_stack *s, uint64_t now_ns)
{
	stack_clock(s, now_ns);
	for (unsigned int i = 0; i < s->clients_end; i++)
		if (s->clients[i].take_ops != NULL)
			s->clients[i].take_ops(s->clients[i].ctx);
	conn_arm_owing(s);
	fire_timers(s);
	embryos_run(s);
	time_wait_run(s);
	neigh_run(s);
	for (unsigned int i = 0; i < s->clients_end; i++)
		if (s->clients[i].give_events != NULL)
			s->clients[i].give_events(s->clients[i].ctx);
}

/* Whether connections that were given away may stand where their taker doesn't see them. */
static bool
any_parting(const struct thole_stack *s)
{
	for (unsigned int i = 0; i < s->clients_end; i++)
		if (s->clients[i].parting != SLAB_NONE)
			return true;
	return false;
}

uint64_t
thole_stack_next_deadline(const struct thole_stack *s)
{
	uint64_t next;

	if (s->replies_n > 0 || !list_empty(&s->out_embryos) || !list_empty(&s->out_tcbs) ||
		any_parting(s))
		return 0;
	next = wheel_next(&s->wheel);
	next = RTE_MIN(next, embryos_next(s));
	next = RTE_MIN(next, time_wait_next(s));
	return RTE_MIN(next, s->neighs.next_ns);
}
