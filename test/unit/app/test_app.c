/* SPDX-License-Identifier: BSD-3-Clause */
/* test_app.c: application contexts: made, refused, ended with everything still open. */
#include <errno.h>
#include <string.h>

#include "pair.h"

static int
create(struct pair *p, uint32_t entries, struct thole_app **out)
{
	return thole_app_create(
		p->side[SERVER].stack, &(struct thole_app_config){ .ring_entries = entries }, out);
}

static void
test_ring_entries(void)
{
	static const uint32_t bad[] = { 1, 2, 32, 63, 65, 96, 1000, 0x80000000, UINT32_MAX };
	static const uint32_t good[] = { 0, 64, 128, 1 << 16 };
	struct thole_app *app;
	struct pair p;

	pair_up(&p, NULL);
	for (unsigned int i = 0; i < RTE_DIM(bad); i++)
		CU_ASSERT_EQUAL(create(&p, bad[i], &app), -EINVAL);
	for (unsigned int i = 0; i < RTE_DIM(good); i++) {
		CU_ASSERT_EQUAL_FATAL(create(&p, good[i], &app), 0);
		thole_app_destroy(app);
	}
	thole_app_destroy(NULL);
	pair_down(&p);
}

static void
test_sixty_four(void)
{
	struct thole_app *apps[64], *extra;
	struct pair p;

	pair_up(&p, NULL);
	for (unsigned int i = 0; i < 64; i++)
		CU_ASSERT_EQUAL_FATAL(create(&p, i % 2 != 0 ? 64 : 0, &apps[i]), 0);
	CU_ASSERT_EQUAL(create(&p, 0, &extra), -ENOSPC);
	thole_app_destroy(apps[5]);
	CU_ASSERT_EQUAL_FATAL(create(&p, 0, &apps[5]), 0);
	CU_ASSERT_EQUAL(create(&p, 0, &extra), -ENOSPC);
	pair_listen(&p, apps[5], PAIR_PORT, 1);
	for (unsigned int i = 0; i < 64; i++)
		thole_app_destroy(apps[i]);
	pair_down(&p);
}

/* Each allocation fails in turn: refused, and nothing is kept. */
static void
test_no_memory(void)
{
	struct pair p;
	struct thole_app *app;
	struct side *side = &p.side[SERVER];

	pair_up(&p, NULL);
	size_t before = side->bytes_out;

	for (unsigned int i = 0; i < 3; i++) {
		side->allocs_left = i;
		CU_ASSERT_EQUAL(create(&p, 64, &app), -ENOMEM);
		CU_ASSERT_EQUAL(side->bytes_out, before);
	}
	side->allocs_left = 3;
	CU_ASSERT_EQUAL_FATAL(create(&p, 64, &app), 0);
	thole_app_destroy(app);
	CU_ASSERT_EQUAL(side->bytes_out, before);
	pair_down(&p);
}

/* Connections open, half open and unheard of, data unread and unsent: the peers see resets, the
 * listener is gone, and the stack has no connection left. */
static void
destroy_with_everything(uint32_t ring_entries)
{
	struct thole_app *c, *s;
	thole_conn conn[2][2];
	struct thole_event ev;
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, ring_entries);
	pair_listen(&p, s, PAIR_PORT, 100);
	for (int i = 0; i < 2; i++) {
		pair_connect(&p, c, PAIR_PORT, 0);
		pair_settle(&p);
		conn[i][CLIENT] = pair_event(c, THOLE_EV_CONNECTED).conn;
		conn[i][SERVER] = pair_event(s, THOLE_EV_ACCEPTED).conn;
	}
	pair_send(&p, c, CLIENT, conn[0][CLIENT], 30000); /* not read */
	pair_settle(&p);
	p.cut = true;
	pair_send(&p, s, SERVER, conn[1][SERVER], 30000); /* not acknowledged */
	pair_settle(&p);
	p.cut = false;
	pair_connect(&p, c, PAIR_PORT, 0); /* not accepted */
	pair_settle(&p);
	pair_event(c, THOLE_EV_CONNECTED);
	pair_send(&p, s, SERVER, conn[0][SERVER], 100); /* in the ring */
	thole_app_destroy(s);
	pair_settle(&p);
	for (int i = 0; i < 3; i++) {
		while (thole_app_events(c, &ev, 1) == 1 && ev.type != THOLE_EV_CLOSED)
			if (ev.type == THOLE_EV_DATA)
				rte_pktmbuf_free(ev.mbuf);
		CU_ASSERT_EQUAL(ev.type, THOLE_EV_CLOSED);
		CU_ASSERT_EQUAL(ev.status, -ECONNRESET);
	}
	CU_ASSERT_EQUAL(p.side[SERVER].stack->tcbs.in_use, 0);
	CU_ASSERT_EQUAL(p.side[SERVER].stack->stats.mbufs_held, 0);
	CU_ASSERT_EQUAL(p.side[SERVER].stack->stats.orphans, 0);
	pair_connect(&p, c, PAIR_PORT, 0);
	pair_settle(&p);
	CU_ASSERT_EQUAL(pair_event(c, THOLE_EV_CLOSED).status, -ECONNREFUSED);
	thole_app_destroy(c);
	pair_down(&p);
}

static void
test_destroy_direct(void)
{
	destroy_with_everything(0);
}

static void
test_destroy_ring(void)
{
	destroy_with_everything(64);
}

/* What the application closed in an orderly way ends so, though it doesn't wait for it. */
static void
test_destroy_after_close(void)
{
	struct thole_app *c, *s;
	thole_conn conn[2];
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 0);
	pair_listen(&p, s, PAIR_PORT, 1);
	pair_open(&p, c, s, PAIR_PORT, conn);
	pair_send(&p, c, CLIENT, conn[CLIENT], 20000);
	pair_op(c, THOLE_OP_CLOSE, conn[CLIENT], 0);
	thole_app_destroy(c);
	pair_settle(&p);
	CU_ASSERT_EQUAL(pair_event(s, THOLE_EV_DATA).bytes, 20000);
	pair_event(s, THOLE_EV_PEER_CLOSED);
	pair_op(s, THOLE_OP_CLOSE, conn[SERVER], 0);
	pair_settle(&p);
	CU_ASSERT_EQUAL(pair_event(s, THOLE_EV_CLOSED).status, 0);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->stats.time_wait, 1);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->tcbs.in_use, 0);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->stats.orphans, 0);
	thole_app_destroy(s);
	pair_down(&p);
}

/* The stack ends with connections up, "unsaid to the peers". */
static void
test_stack_destroyed(void)
{
	struct thole_app *c, *s;
	thole_conn conn[2];
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 0);
	pair_listen(&p, s, PAIR_PORT, 1);
	pair_open(&p, c, s, PAIR_PORT, conn);
	p.cut = true;
	pair_send(&p, c, CLIENT, conn[CLIENT], 20000);
	pair_op(c, THOLE_OP_CLOSE, conn[CLIENT], 0);
	pair_settle(&p);
	pair_connect(&p, c, PAIR_PORT, 0);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

static void
test_send_copy(void)
{
	struct rte_mbuf *taken[PAIR_PKTS];
	struct thole_app *c, *s;
	thole_conn conn[2];
	struct pair p;
	unsigned int n;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 64);
	s = pair_app(&p, SERVER, 0);
	pair_listen(&p, s, PAIR_PORT, 1);
	pair_open(&p, c, s, PAIR_PORT, conn);
	CU_ASSERT_EQUAL(thole_app_send_copy(c, conn[CLIENT], p.side[CLIENT].pool, "x", 0), 0);
	n = rte_mempool_avail_count(p.side[CLIENT].pool) - 2;
	CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_alloc_bulk(p.side[CLIENT].pool, taken, n), 0);
	CU_ASSERT_EQUAL(
		thole_app_send_copy(c, conn[CLIENT], p.side[CLIENT].pool, taken, 9000), -ENOBUFS);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(p.side[CLIENT].pool), 2);
	rte_pktmbuf_free_bulk(taken, n);
	while (thole_app_submit(c, &(struct thole_op){ .type = THOLE_OP_SET_USER }, 1) == 1)
		;
	n = rte_mempool_avail_count(p.side[CLIENT].pool);
	CU_ASSERT_EQUAL(
		thole_app_send_copy(c, conn[CLIENT], p.side[CLIENT].pool, taken, 9000), -EAGAIN);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(p.side[CLIENT].pool), n);
	pair_settle(&p);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

static const struct test_case cases[] = {
	{ "ring_entries", test_ring_entries },
	{ "64 contexts and no more", test_sixty_four },
	{ "no memory", test_no_memory },
	{ "a direct context ends with all open", test_destroy_direct },
	{ "a ring context ends with all open", test_destroy_ring },
	{ "a context ends after CLOSE", test_destroy_after_close },
	{ "a stack ends with all open", test_stack_destroyed },
	{ "thole_app_send_copy", test_send_copy },
	{ NULL, NULL },
};
const struct test_suite suite_app = { "app", cases };
