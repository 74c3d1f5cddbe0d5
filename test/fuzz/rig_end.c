/* SPDX-License-Identifier: BSD-3-Clause */
/* rig_end.c: how the rig's stack and its contexts end, while the rest goes on. */
#include <string.h>

#include "rig.h"
#include "stack/stack.h"

#define RENEWS 8

static bool
is_unfinished(const struct tcb *t)
{
	return t->state != TCP_CLOSED && t->state != TCP_TIME_WAIT;
}

void
rig_renew(unsigned int app)
{
	struct thole_app_config config = { .ring_entries = 0 };

	if (rig.renewed == RENEWS) /* the arena takes nothing back */
		return;
	rig.renewed++;
	for (unsigned int i = 0; i < RIG_CONNS; i++) {
		struct rig_conn *c = &rig.conns[i];
		const struct tcb *t = rig_tcb(c);

		if (t != NULL && t->app == app)
			c->closed = true;
		c->takens[app] = c->givens[app] = 0;
	}
	thole_app_destroy(rig.apps[app]);
	FUZZ_CHECK(thole_app_create(rig.stack, &config, &rig.apps[app]) == 0, "no application");
	if (app == 0)
		rig_listen(0, THOLE_OP_LISTEN, RIG_PORT, rig.config & RIG_TINY ? 1 : 8);
}

void
rig_drain(void)
{
	thole_stack_drain(rig.stack);
	if (!rig.drains) {
		rig.passive = rig.stack->stats.opened_passive;
		rig.cookies = rig.stack->stats.cookies_sent;
	}
	rig.drains = true;
}

/* What the stack queued to send: data that isn't acknowledged. */
static uint64_t
queued(const struct tcb *t)
{
	uint32_t bytes = 0, done;

	if (t->snd_head == NULL)
		return 0;
	for (const struct rte_mbuf *m = t->snd_head; m != NULL; m = m->next)
		bytes += m->data_len;
	done = t->snd_una - t->snd_head->hash.usr; /* a SYN is before all data, a FIN behind */
	return (int32_t)done <= 0 ? bytes : bytes - RTE_MIN(bytes, done);
}

static struct thole_left
count(void)
{
	struct thole_left left = { .handshakes = (uint32_t)rig.stack->stats.embryos };

	for (uint32_t i = 0; i < rig.stack->tcbs.fresh; i++) {
		const struct tcb *t = stack_tcb(rig.stack, i);

		if (!is_unfinished(t))
			continue;
		if (t->app == APP_NONE || (t->flags & TF_APP_CLOSED) != 0)
			left.orphans++;
		else
			left.open++;
		left.unsent_bytes += queued(t); /* or sent: it is compared with both */
	}
	return left;
}

static void
compare(const char *who, const struct thole_left *is, const struct thole_left *want)
{
	FUZZ_CHECK(is->open == want->open && is->orphans == want->orphans,
		"%s: %u open and %u orphans, there are %u and %u", who, is->open, is->orphans,
		want->open, want->orphans);
	FUZZ_CHECK(is->unsent_bytes + is->unacked_bytes == want->unsent_bytes,
		"%s: %ju bytes not sent and %ju not acknowledged, there are %ju", who,
		(uintmax_t)is->unsent_bytes, (uintmax_t)is->unacked_bytes,
		(uintmax_t)want->unsent_bytes);
}

/* Stateless ones that aren't sent yet, or wait for a hardware address. */
static uint32_t
replies(void)
{
	const struct neigh_table *neighs = &rig.stack->neighs;
	uint32_t n = rig.stack->replies_n;

	for (uint32_t i = 0; i < neighs->capacity; i++)
		n += neighs->entries[i].queued;
	return n;
}

void
rig_cut(void)
{
	struct thole_left cut, want;
	uint32_t n;

	rig_drain();
	want = count();
	for (unsigned int i = 0; i < RIG_CONNS; i++) {
		const struct tcb *t = rig_tcb(&rig.conns[i]);

		if (t != NULL && is_unfinished(t))
			rig.conns[i].cut = true;
	}
	n = thole_stack_cut(rig.stack, &cut);
	if (!rig.is_cut)
		rig.cookies_out = replies();
	rig.is_cut = true;
	compare("cut off", &cut, &want);
	FUZZ_CHECK(n == cut.open + cut.orphans && cut.handshakes == 0, "%u cut off, not %u", n,
		cut.open + cut.orphans);
}

void
rig_check_end(void)
{
	const struct thole_stack *s = rig.stack;
	struct thole_left left, want = count();
	uint32_t n = thole_stack_left(s, &left);

	compare("left", &left, &want);
	FUZZ_CHECK(left.handshakes == want.handshakes &&
			   n == left.open + left.orphans + left.handshakes,
		"%u left, and %u handshakes", n, left.handshakes);
	FUZZ_CHECK(!rig.is_cut || n == 0, "%u left of a stack that was cut", n);
	if (!rig.drains)
		return;
	FUZZ_CHECK(s->stats.embryos == 0 && s->stats.opened_passive == rig.passive &&
			   s->stats.cookies_sent == rig.cookies,
		"somebody new comes to a stack that drains");
	for (uint32_t i = 1; i <= s->cfg.max_listeners; i++)
		FUZZ_CHECK(s->listeners[i].app == APP_NONE, "a stack that drains listens");
}
