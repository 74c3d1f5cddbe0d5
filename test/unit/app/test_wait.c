/* SPDX-License-Identifier: BSD-3-Clause */
/* test_wait.c: what a thread asks before it sleeps, and who is told of ops in a ring. */
#include "pair.h"

static unsigned int told;

static void
tell(void *ctx)
{
	CU_ASSERT_PTR_EQUAL(ctx, &told);
	told++;
}

static void
tell_me(struct thole_stack_config *c, int side)
{
	told = 0;
	if (side == SERVER)
		return;
	c->ops_queued = tell;
	c->ops_queued_ctx = &told;
}

static void
test_told(void)
{
	struct thole_op ops[200] = { 0 };
	struct thole_app *ring, *direct, *other;
	struct thole_event ev[64];
	struct pair p;

	pair_up(&p, tell_me);
	ring = pair_app(&p, CLIENT, 64);
	direct = pair_app(&p, CLIENT, 0);
	other = pair_app(&p, SERVER, 64);
	CU_ASSERT_EQUAL(thole_app_submit(ring, ops, 0), 0);
	CU_ASSERT_EQUAL(told, 0);
	CU_ASSERT_EQUAL(thole_app_submit(ring, ops, 3), 3);
	CU_ASSERT_EQUAL(told, 1); /* once a batch */
	(void)thole_app_submit(ring, ops, 200);
	CU_ASSERT_EQUAL(told, 2);
	CU_ASSERT_EQUAL(thole_app_submit(ring, ops, 1), 0);
	CU_ASSERT_EQUAL(told, 2); /* the ring is full: nothing was put into it */
	(void)thole_app_submit(direct, ops, 1);
	(void)thole_app_submit(other, ops, 1);
	CU_ASSERT_EQUAL(told, 2);
	while (thole_app_events(ring, ev, 64) + thole_app_events(direct, ev, 64) +
			thole_app_events(other, ev, 64) !=
		0)
		pair_turn(&p);
	thole_app_destroy(ring);
	thole_app_destroy(direct);
	thole_app_destroy(other);
	pair_down(&p);
}

static void
test_events_told(void)
{
	const struct thole_app_config config = { 64, tell, &told };
	struct thole_op ops[100] = { 0 };
	struct thole_event ev[64];
	struct thole_app *app;
	struct pair p;

	told = 0;
	pair_up(&p, NULL);
	CU_ASSERT_EQUAL_FATAL(thole_app_create(p.side[CLIENT].stack, &config, &app), 0);
	pair_turn(&p);
	CU_ASSERT_EQUAL(told, 0);
	CU_ASSERT_EQUAL(thole_app_submit(app, ops, 60), 60);
	pair_turn(&p);
	CU_ASSERT_EQUAL(told, 1); /* sixty answers: once a turn */
	CU_ASSERT_EQUAL(thole_app_submit(app, ops, 60), 60);
	pair_turn(&p);
	CU_ASSERT_EQUAL(told, 2); /* a few had room */
	pair_turn(&p);
	CU_ASSERT_EQUAL(told, 2); /* none has */
	while (thole_app_events(app, ev, 64) != 0)
		pair_turn(&p);
	CU_ASSERT_EQUAL(told, 3);
	thole_app_destroy(app);
	pair_down(&p);
}

static void
test_ops(void)
{
	struct thole_op op = { 0 }; /* refused, so that each has an answer */
	struct thole_stack *stack;
	struct thole_event ev;
	struct thole_app *ring, *direct;
	unsigned int answers = 0;
	struct pair p;

	pair_up(&p, NULL);
	stack = p.side[CLIENT].stack;
	CU_ASSERT_FALSE(thole_app_ops_wait(stack));
	direct = pair_app(&p, CLIENT, 0);
	ring = pair_app(&p, CLIENT, 64);
	CU_ASSERT_FALSE(thole_app_ops_wait(stack));
	CU_ASSERT_EQUAL(thole_app_submit(ring, &op, 1), 1);
	CU_ASSERT_TRUE(thole_app_ops_wait(stack));
	pair_turn(&p);
	CU_ASSERT_FALSE(thole_app_ops_wait(stack));
	/* Nobody reads: the answers fill up, and then ops are left that no turn can take. */
	for (int i = 0; i < 1000; i++) {
		(void)thole_app_submit(ring, &op, 1);
		pair_turn(&p);
	}
	CU_ASSERT_EQUAL(thole_app_submit(ring, &op, 1), 0);
	CU_ASSERT_FALSE(thole_app_ops_wait(stack));
	CU_ASSERT_TRUE(thole_app_events_wait(stack));
	/* One is read: then one is given, and one can be taken. */
	CU_ASSERT_EQUAL(thole_app_events(ring, &ev, 1), 1);
	pair_turn(&p);
	CU_ASSERT_TRUE(thole_app_ops_wait(stack));
	while (thole_app_events(ring, &ev, 1) == 1) {
		answers++;
		pair_turn(&p);
	}
	CU_ASSERT(answers > 256);
	CU_ASSERT_FALSE(thole_app_ops_wait(stack));
	CU_ASSERT_FALSE(thole_app_events_wait(stack));
	/* What a context leaves behind when it ends isn't waited for. */
	CU_ASSERT_EQUAL(thole_app_submit(ring, &op, 1), 1);
	thole_app_destroy(ring);
	CU_ASSERT_FALSE(thole_app_ops_wait(stack));
	thole_app_destroy(direct);
	pair_down(&p);
}

static void
test_events(void)
{
	struct thole_app *c, *s;
	struct thole_stack *stack;
	thole_conn conn[2];
	struct pair p;

	pair_up(&p, NULL);
	stack = p.side[SERVER].stack;
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 0);
	pair_listen(&p, s, PAIR_PORT, 1);
	CU_ASSERT_FALSE(thole_app_events_wait(stack));
	pair_open(&p, c, s, PAIR_PORT, conn);
	CU_ASSERT_FALSE(thole_app_events_wait(stack));
	pair_send(&p, c, CLIENT, conn[CLIENT], 100);
	pair_settle(&p);
	CU_ASSERT_TRUE(thole_app_events_wait(stack));
	pair_event(s, THOLE_EV_DATA);
	CU_ASSERT_FALSE(thole_app_events_wait(stack));
	pair_op(s, THOLE_OP_SET_USER, 12345, 0); /* refused */
	CU_ASSERT_TRUE(thole_app_events_wait(stack));
	pair_event(s, THOLE_EV_REFUSED);
	CU_ASSERT_FALSE(thole_app_events_wait(stack));
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

static const struct test_case cases[] = {
	{ "ops in a ring are told of, once a batch", test_told },
	{ "events put into a ring are told of, once a turn", test_events_told },
	{ "ops that can be taken", test_ops },
	{ "events that nobody has read", test_events },
	{ NULL, NULL },
};
const struct test_suite suite_wait = { "wait", cases };
