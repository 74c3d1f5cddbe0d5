/* SPDX-License-Identifier: BSD-3-Clause */
/* test_lists.c: lists linked by index: first in, first out, a record in a list once. */
#include "rig.h"
#include "stack/stack.h"

#define N 6

static struct rig r;

static void
open_rig(void)
{
	struct flow_key key = { .rport = 1 };

	rig_open(&r, NULL);
	for (uint32_t i = 0; i < N; i++) {
		struct embryo *e = stack_embryo(r.stack, slab_get(&r.stack->embryos));

		tcb_init(&r.stack->env, stack_tcb(r.stack, slab_get(&r.stack->tcbs)), &key,
			&r.stack->env.settings);
		stack_tcb(r.stack, i)->app = APP_NONE;
		e->out_next = NOT_LISTED;
		e->listener = NO_INDEX;
	}
}

static void
first_in_first_out(void)
{
	struct index_list l = { SLAB_NONE, SLAB_NONE }, ready = { SLAB_NONE, SLAB_NONE };

	open_rig();
	CU_ASSERT_PTR_NULL(list_pop_out(r.stack, &l));
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < N; i++) {
			list_push_out(r.stack, &l, stack_tcb(r.stack, N - 1 - i));
			list_push_out(r.stack, &l, stack_tcb(r.stack, N - 1)); /* there already */
			list_push_ready(r.stack, &ready, stack_tcb(r.stack, i));
			list_push_ready(r.stack, &ready, stack_tcb(r.stack, 0));
		}
		CU_ASSERT_FALSE(list_empty(&l));
		for (uint32_t i = 0; i < N; i++) {
			CU_ASSERT_PTR_EQUAL(
				list_pop_out(r.stack, &l), stack_tcb(r.stack, N - 1 - i));
			CU_ASSERT_PTR_EQUAL(list_pop_ready(r.stack, &ready), stack_tcb(r.stack, i));
			CU_ASSERT_EQUAL(stack_tcb(r.stack, i)->ready_next, NOT_LISTED);
		}
		CU_ASSERT_TRUE(list_empty(&l) && list_empty(&ready));
	}
	CU_ASSERT_PTR_NULL(list_pop_out(r.stack, &l));
	CU_ASSERT_PTR_NULL(list_pop_ready(r.stack, &ready));
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
embryos_too(void)
{
	struct index_list l = { SLAB_NONE, SLAB_NONE };

	open_rig();
	CU_ASSERT_EQUAL(list_pop_embryo(r.stack, &l), SLAB_NONE);
	for (uint32_t i = 0; i < N; i++) {
		list_push_embryo(r.stack, &l, i);
		list_push_embryo(r.stack, &l, i);
	}
	CU_ASSERT_EQUAL(list_pop_embryo(r.stack, &l), 0);
	list_push_embryo(r.stack, &l, 0);
	for (uint32_t i = 1; i < N; i++)
		CU_ASSERT_EQUAL(list_pop_embryo(r.stack, &l), i);
	CU_ASSERT_EQUAL(list_pop_embryo(r.stack, &l), 0);
	CU_ASSERT_EQUAL(list_pop_embryo(r.stack, &l), SLAB_NONE);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* Those that wait for the next hop that is there now go, and those that wait for room; others wait
 * on. */
static void
waking(void)
{
	struct thole_stack *s;

	open_rig();
	s = r.stack;
	for (uint32_t i = 0; i < N; i++) {
		struct tcb *t = stack_tcb(s, i);

		t->neigh = i % 3 == 2 ? NO_INDEX : (uint16_t)(i % 3);
		t->flags = TF_OUTPUT;
		list_push_out(s, &s->wait_tcbs, t);
	}
	list_wake_waiting(s, 1);
	for (uint32_t i = 0; i < N; i++)
		if (i % 3 != 0)
			CU_ASSERT_PTR_EQUAL(list_pop_out(s, &s->out_tcbs), stack_tcb(s, i));
	CU_ASSERT_TRUE(list_empty(&s->out_tcbs));
	for (uint32_t i = 0; i < N; i += 3)
		CU_ASSERT_PTR_EQUAL(list_pop_out(s, &s->wait_tcbs), stack_tcb(s, i));
	CU_ASSERT_TRUE(list_empty(&s->wait_tcbs));
	CU_ASSERT_TRUE(rig_close(&r));
}

static const struct test_case cases[] = {
	{ "first in, first out", first_in_first_out },
	{ "embryos, too", embryos_too },
	{ "waking", waking },
	{ NULL, NULL },
};
const struct test_suite suite_lists = { "lists", cases };
