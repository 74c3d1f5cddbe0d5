/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * drain.c: how a stack ends: nobody new, then whoever hasn't finished is reset. What is left is
 * counted from the TCBs, whatever has become of their applications: one that the application has
 * closed is TCP's to finish.
 */
#include <errno.h>

#include "stack/stack.h"

/* TIME-WAIT waits for nobody: what it has to say is said. */
static bool
is_unfinished(const struct tcb *t)
{
	return t->state != TCP_CLOSED && t->state != TCP_TIME_WAIT;
}

/* @return whether it was one. */
static bool
count_unfinished(const struct tcb *t, struct thole_left *left)
{
	/* A SYN is no data, nor is a FIN: snd_end is its number. */
	uint32_t una = t->snd_una + (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED);
	uint32_t nxt = seq_max(t->snd_nxt, una);

	if (!is_unfinished(t))
		return false;
	if ((t->flags & TF_APP_CLOSED) != 0 || t->app == APP_NONE)
		left->orphans++;
	else
		left->open++;
	nxt = seq_min(nxt, t->snd_end);
	left->unacked_bytes += nxt - seq_min(una, nxt);
	left->unsent_bytes += t->snd_end - nxt;
	return true;
}

uint32_t
thole_stack_left(const struct thole_stack *s, struct thole_left *out)
{
	struct thole_left left = { .handshakes = (uint32_t)s->stats.embryos };

	/* TCBs that were never used, and all when none is in use, needn't be looked at. */
	for (uint32_t i = 0; i < s->tcbs.fresh && s->tcbs.in_use != 0; i++)
		count_unfinished(stack_tcb(s, i), &left);
	if (out != NULL)
		*out = left;
	return left.open + left.orphans + left.handshakes;
}

void
thole_stack_drain(struct thole_stack *s)
{
	if (s->ending != ENDING_NOT)
		return;
	s->ending = ENDING_DRAINS;
	listen_drain(s);
}

uint32_t
thole_stack_cut(struct thole_stack *s, struct thole_left *out)
{
	struct thole_left cut = { .open = 0 };

	thole_stack_drain(s);
	s->ending = ENDING_CUT;
	for (uint32_t i = 0; i < s->tcbs.fresh && s->tcbs.in_use != 0; i++) {
		struct tcb *t = stack_tcb(s, i);

		if (!count_unfinished(t, &cut))
			continue;
		tcp_abort(&s->env, t, ECONNABORTED);
		conn_settle(s, t);
	}
	if (out != NULL)
		*out = cut;
	return cut.open + cut.orphans;
}
