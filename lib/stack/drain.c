/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * drain.c: how a stack ends: nobody new, then whoever hasn't finished is reset. What is left is
 * counted from the TCBs, whatever has become of their applications: one that the application has
 * closed is TCP's to finish.
 */
#include <errno.h>

#include "stack/drain.h"
#include "stack/stack.h"

/*
 * The next TCB that isn't finished, from @p *i on, which becomes its index. TIME-WAIT waits for
 * nobody: what it has to say is said. Those that were never used, and all when none is in use,
 * needn't be looked at.
 */
static struct tcb *
next_unfinished(const struct thole_stack *s, uint32_t *i)
{
	for (; *i < s->tcbs.fresh && s->tcbs.in_use != 0; ++*i) {
		struct tcb *t = stack_tcb(s, *i);

		if (t->state != TCP_CLOSED && t->state != TCP_TIME_WAIT)
			return t;
	}
	return NULL;
}

static void
count_unfinished(const struct tcb *t, struct thole_left *left)
{
	/* A SYN is no data, nor is a FIN: snd_end is its number. */
	uint32_t una = t->snd_una + (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED);
	uint32_t nxt = seq_max(t->snd_nxt, una);

	if ((t->flags & TF_APP_CLOSED) != 0 || t->app == APP_NONE)
		left->orphans++;
	else
		left->open++;
	nxt = seq_min(nxt, t->snd_end);
	left->unacked_bytes += nxt - seq_min(una, nxt);
	left->unsent_bytes += t->snd_end - nxt;
}

uint32_t
thole_stack_left(const struct thole_stack *s, struct thole_left *out)
{
	struct thole_left left = { .handshakes = (uint32_t)s->stats.embryos };
	const struct tcb *t;

	for (uint32_t i = 0; (t = next_unfinished(s, &i)) != NULL; i++)
		count_unfinished(t, &left);
	if (out != NULL)
		*out = left;
	return left.open + left.orphans + left.handshakes;
}

bool
drain_is_over(struct thole_stack *s)
{
	uint32_t *i = &s->unfinished_at;

	if (s->stats.embryos != 0)
		return false;
	if (next_unfinished(s, i) != NULL)
		return false;
	*i = 0; /* there may be new ones */
	return next_unfinished(s, i) == NULL;
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
	struct tcb *t;

	thole_stack_drain(s);
	s->ending = ENDING_CUT;
	for (uint32_t i = 0; (t = next_unfinished(s, &i)) != NULL; i++) {
		count_unfinished(t, &cut);
		tcp_abort(&s->env, t, ECONNABORTED);
		conn_settle(s, t);
	}
	if (out != NULL)
		*out = cut;
	return cut.open + cut.orphans;
}
