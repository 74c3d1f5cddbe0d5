/* SPDX-License-Identifier: BSD-3-Clause */
/* test_conns.c: the programs' connections, with the ops they post looked at instead of taken. */
#include <string.h>

#include "../../../app/common/conns.h"
#include "../test.h"

extern const struct test_suite test_conns;

#define HANDLE(index, generation) ((thole_conn)(index) << 32 | (generation))

static struct run run;
static struct conns conns;
static struct conn *opened;
static unsigned int pumped, closed;
static bool pool_low, wake_again;

/* What run.c does, without a stack. */
uint32_t
run_room(struct run *r)
{
	return RUN_OPS - r->nb_ops;
}

struct thole_op *
run_op(struct run *r, enum thole_op_type type, thole_conn conn)
{
	struct thole_op *op = &r->ops[r->nb_ops++];

	*op = (struct thole_op){ .type = type, .conn = conn };
	return op;
}

bool
run_pool_low(struct run *r)
{
	(void)r;
	return pool_low;
}

static void
on_opened(struct conns *c, struct conn *conn)
{
	(void)c;
	opened = conn;
}

static void
on_pump(struct conns *c, struct conn *conn)
{
	pumped++;
	if (wake_again)
		conns_wake(c, conn);
}

static void
on_closed(struct conns *c, struct conn *conn, int status)
{
	(void)c;
	(void)conn;
	(void)status;
	closed++;
}

static const struct conns_ops ops = {
	.conn_bytes = sizeof(struct conn),
	.opened = on_opened,
	.pump = on_pump,
	.closed = on_closed,
};

static void
start(void)
{
	memset(&run, 0, sizeof(run));
	pumped = 0;
	closed = 0;
	pool_low = false;
	wake_again = false;
	CU_ASSERT_EQUAL_FATAL(conns_init(&conns, &ops, &run, 8, NULL), 0);
}

static bool
event(enum thole_event_type type, thole_conn conn, uint32_t bytes, struct rte_mbuf *m)
{
	struct thole_event ev = { .type = (uint8_t)type, .conn = conn, .bytes = bytes };

	if (m != NULL)
		ev.mbuf = m;
	return conns_event(&conns, &ev);
}

/* A chain of segments with 'a', then 'b', ... of these lengths. */
static struct rte_mbuf *
chain(struct rte_mempool *pool, const unsigned int *lengths, unsigned int n)
{
	struct rte_mbuf *head = NULL;

	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		memset(rte_pktmbuf_append(m, (uint16_t)lengths[i]), 'a' + (int)i, lengths[i]);
		if (head == NULL)
			head = m;
		else
			rte_pktmbuf_chain(head, m);
	}
	return head;
}

static void
taking(void)
{
	struct rte_mempool *pool = test_pool("taking", 63);
	struct rte_mbuf *m;

	start();
	CU_ASSERT_TRUE(event(THOLE_EV_ACCEPTED, HANDLE(3, 7), 1000, NULL));
	CU_ASSERT_EQUAL(opened->credit, 1000);
	event(THOLE_EV_DATA, HANDLE(3, 7), 0, chain(pool, (unsigned int[]){ 10, 20 }, 2));
	event(THOLE_EV_DATA, HANDLE(3, 7), 0, chain(pool, (unsigned int[]){ 30, 40, 50 }, 3));
	CU_ASSERT_EQUAL(opened->in_bytes, 150);

	m = conn_take(opened, 5); /* one at least */
	CU_ASSERT_EQUAL(m->pkt_len, 10);
	CU_ASSERT_EQUAL(m->nb_segs, 1);
	rte_mbuf_sanity_check(m, 1);
	conn_send(&conns, opened, m);
	CU_ASSERT_EQUAL(opened->credit, 990);
	rte_pktmbuf_free(run.ops[0].mbuf);
	m = conn_take(opened, 95); /* across what came in two events; 40 fits no more */
	CU_ASSERT_EQUAL(m->pkt_len, 90);
	CU_ASSERT_EQUAL(m->nb_segs, 3);
	rte_mbuf_sanity_check(m, 1);
	rte_pktmbuf_free(m);
	m = conn_take(opened, 1000);
	CU_ASSERT_EQUAL(m->pkt_len, 50);
	rte_pktmbuf_free(m);
	CU_ASSERT_EQUAL(opened->in_bytes, 0);
	CU_ASSERT_PTR_NULL(conn_take(opened, 1000));
	CU_ASSERT_PTR_NULL(opened->in_tail);
	event(THOLE_EV_DATA, HANDLE(3, 7), 0, chain(pool, (unsigned int[]){ 10 }, 1));
	conns_fini(&conns);
	CU_ASSERT_EQUAL(closed, 1);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), pool->size);
	rte_mempool_free(pool);
}

static void
reading(void)
{
	struct rte_mempool *pool = test_pool("reading", 63);
	char text[100] = "";

	start();
	event(THOLE_EV_ACCEPTED, HANDLE(0, 1), 1000, NULL);
	event(THOLE_EV_DATA, HANDLE(0, 1), 0, chain(pool, (unsigned int[]){ 3, 3, 3 }, 3));
	CU_ASSERT_EQUAL(conn_read(opened, text, 4), 4);
	CU_ASSERT_STRING_EQUAL(text, "aaab");
	CU_ASSERT_EQUAL(opened->in_bytes, 5);
	CU_ASSERT_EQUAL(conn_skip(opened, 1), 1);
	CU_ASSERT_EQUAL(conn_read(opened, text, sizeof(text)), 4);
	CU_ASSERT_EQUAL(memcmp(text, "bccc", 4), 0);
	CU_ASSERT_EQUAL(conn_skip(opened, UINT64_MAX), 0);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), pool->size);
	conns_fini(&conns);
	rte_mempool_free(pool);
}

/* Windows stay closed while the pool is low, open later, and before CLOSE in any case. */
static void
window(void)
{
	start();
	event(THOLE_EV_ACCEPTED, HANDLE(1, 1), 1000, NULL);
	conns_work(&conns);
	pool_low = true;
	conn_received(&conns, opened, 10);
	conn_received(&conns, opened, 20);
	CU_ASSERT_EQUAL(run.nb_ops, 0);
	conns_work(&conns);
	CU_ASSERT_EQUAL(run.nb_ops, 0);
	pool_low = false;
	conns_work(&conns);
	CU_ASSERT_EQUAL_FATAL(run.nb_ops, 1);
	CU_ASSERT_EQUAL(run.ops[0].type, THOLE_OP_RECEIVED);
	CU_ASSERT_EQUAL(run.ops[0].bytes, 30);
	pool_low = true;
	conn_received(&conns, opened, 5);
	conn_close(&conns, opened);
	conn_close(&conns, opened);
	CU_ASSERT_EQUAL_FATAL(run.nb_ops, 3);
	CU_ASSERT_EQUAL(run.ops[1].type, THOLE_OP_RECEIVED);
	CU_ASSERT_EQUAL(run.ops[1].bytes, 5);
	CU_ASSERT_EQUAL(run.ops[2].type, THOLE_OP_CLOSE);
	pumped = 0;
	conns_work(&conns); /* one that is closing isn't pumped */
	CU_ASSERT_EQUAL(pumped, 0);
	conns_fini(&conns);
}

static void
stale(void)
{
	struct rte_mempool *pool = test_pool("stale", 15);

	start();
	CU_ASSERT_FALSE(event(THOLE_EV_CLOSED, HANDLE(1, 1), 0, NULL));
	CU_ASSERT_FALSE(event(THOLE_EV_CLOSED, 0, 0, NULL));
	CU_ASSERT_FALSE(
		event(THOLE_EV_DATA, HANDLE(99, 1), 0, chain(pool, (unsigned int[]){ 1 }, 1)));
	event(THOLE_EV_ACCEPTED, HANDLE(1, 1), 10, NULL);
	CU_ASSERT_FALSE(
		event(THOLE_EV_DATA, HANDLE(1, 2), 0, chain(pool, (unsigned int[]){ 1 }, 1)));
	CU_ASSERT_EQUAL(opened->in_bytes, 0);
	CU_ASSERT_TRUE(event(THOLE_EV_CLOSED, HANDLE(1, 1), 0, NULL));
	CU_ASSERT_EQUAL(closed, 1);
	CU_ASSERT_EQUAL(conns.nb, 0);
	conns_work(&conns); /* not on the list of ready ones any more */
	CU_ASSERT_EQUAL(pumped, 0);
	event(THOLE_EV_ACCEPTED, HANDLE(8, 1), 10, NULL); /* beyond what there is room for */
	CU_ASSERT_EQUAL_FATAL(run.nb_ops, 1);
	CU_ASSERT_EQUAL(run.ops[0].type, THOLE_OP_ABORT);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), pool->size);
	conns_fini(&conns);
	rte_mempool_free(pool);
}

/* One pump a turn for each that is ready; without room for ops they wait, in order. */
static void
turns(void)
{
	start();
	for (uint32_t i = 0; i < 4; i++)
		event(THOLE_EV_ACCEPTED, HANDLE(i, 1), 10, NULL);
	wake_again = true;
	conns_work(&conns);
	CU_ASSERT_EQUAL(pumped, 4);
	wake_again = false;
	run.nb_ops = RUN_OPS;
	conns_work(&conns);
	CU_ASSERT_EQUAL(pumped, 4);
	run.nb_ops = 0;
	conns_work(&conns);
	CU_ASSERT_EQUAL(pumped, 8);
	conns_fini(&conns);
	CU_ASSERT_EQUAL(closed, 4);
}

static const struct test_case cases[] = {
	{ "chains taken from the queue", taking },
	{ "bytes read from the queue", reading },
	{ "windows open when the pool allows it", window },
	{ "stale and impossible handles", stale },
	{ "turns, and ops without room", turns },
	{ NULL, NULL },
};

const struct test_suite test_conns = { "apps/conns", cases };
