/* SPDX-License-Identifier: BSD-3-Clause */
/* conn.c: TCBs in the stack: handles, lists, timer, the table, and what follows from a change. */
#include <errno.h>

#include <rte_byteorder.h>

#include "stack/stack.h"

uint32_t
conn_alloc(struct thole_stack *s, const struct flow_key *key, uint8_t app,
	const struct tcp_settings *set)
{
	uint32_t i = slab_get(&s->tcbs);
	struct tcb *t;

	if (i == SLAB_NONE)
		return SLAB_NONE;
	t = stack_tcb(s, i);
	tcb_init(&s->env, t, key, set);
	if (unlikely(t->generation == 0))
		t->generation = 1; /* no handle is 0 */
	t->app = app;
	s->stats.conns++;
	return i;
}

bool
conn_path_find(
	struct thole_stack *s, const struct flow_key *key, uint16_t *neigh, struct wire_path *path)
{
	const uint32_t dst_be = flow_raddr_ip4(key);
	/* Whoever has an entry is on a link, even of an address that is no longer ours. */
	bool known = *neigh != NO_INDEX && s->neighs.entries[*neigh].ip_be == dst_be;
	uint32_t hop_be = known ? dst_be : route_next_hop(s, dst_be);

	if (hop_be == 0)
		return false;
	*neigh = neigh_get(s, hop_be, *neigh, key->laddr);
	if (*neigh == NO_INDEX || !neigh_ready(s, *neigh))
		return false;
	conn_path_by(s, key, &s->neighs.entries[*neigh], path);
	return true;
}

/* The connection is over: its key is free for another. The record lives on until all have heard of
 * it. */
static void
detach(struct thole_stack *s, struct tcb *t)
{
	uint32_t hash = stack_hash(s, &t->key);

	table_remove(&s->table, hash, ref_make(REF_TCB, tcb_index(s, t)));
	t->flags |= TF_DETACHED;
	if ((t->flags & TF_PASSIVE) != 0)
		cookies_spent(s, hash);
	if ((t->flags & TF_APP_CLOSED) != 0)
		s->stats.orphans--;
	wheel_take_out(&s->wheel, &t->timer);
}

static inline void
free_if_done(struct thole_stack *s, struct tcb *t)
{
	conn_free_if_done(s, tcb_index(s, t), t);
}

void
conn_arm(struct thole_stack *s, struct tcb *t)
{
	uint64_t deadline = tcb_deadline(&s->env, t);

	if (deadline < t->timer.at_ns) /* a deadline that moves later touches no wheel */
		wheel_arm(&s->wheel, tcb_index(s, t), deadline);
}

void
conn_settle_last(struct thole_stack *s, struct tcb *t)
{
	if ((t->flags & (TF_DETACHED | TF_APP_CLOSED | TF_OWES)) == TF_APP_CLOSED &&
		t->state == TCP_TIME_WAIT) {
		time_wait_enter(s, t);
		return;
	}
	if ((t->flags & TF_DETACHED) == 0 && t->state == TCP_CLOSED)
		detach(s, t);
	conn_settle_lists(s, t);
	if ((t->flags & TF_DETACHED) != 0)
		conn_free_if_done(s, tcb_index(s, t), t);
	else
		conn_settle_timer(s, t);
}

void
conn_arm_owing(struct thole_stack *s)
{
	if (s->arm_later_ns == 0 || s->env.now_ns < s->arm_later_ns)
		return;
	s->arm_later_ns = 0;
	for (uint32_t i = s->out_tcbs.head; i != SLAB_NONE; i = stack_tcb(s, i)->out_next)
		if ((stack_tcb(s, i)->flags & TF_DETACHED) == 0)
			conn_arm(s, stack_tcb(s, i));
}
