/* SPDX-License-Identifier: BSD-3-Clause */
/* test_conn.c: TCBs in a stack: handles, active opens that can't be, budgets, records that are used
 * again. */
#include <errno.h>
#include <string.h>

#include "rig.h"
#include "stack/stack.h"

static struct rig r;

static void
core_seven(struct thole_stack_config *c)
{
	c->core = 7;
}

static int
status_of_op(thole_conn conn, enum thole_op_type type)
{
	struct thole_event ev;

	OP(&r, .type = type, .conn = conn);
	ev = rig_until(&r, THOLE_EV_REFUSED);
	if (ev.type == 0)
		return 0;
	CU_ASSERT_EQUAL(ev.conn, conn);
	CU_ASSERT_EQUAL(ev.op, type);
	return ev.status;
}

/* A handle is core, index, generation, and means its connection or none. */
static void
handles(void)
{
	struct thole_event ev;
	thole_conn conn;

	rig_open(&r, core_seven);
	rig_know(&r, 2);
	rig_listen(&r, 80, 8);
	rig_shake(&r, 2, 4000, 80, 1);
	ev = rig_until(&r, THOLE_EV_ACCEPTED);
	conn = ev.conn;
	CU_ASSERT_EQUAL(conn >> 56, 7);
	CU_ASSERT_PTR_NOT_NULL(conn_find(r.stack, conn, 0));
	CU_ASSERT_EQUAL(conn_handle(r.stack, conn_find(r.stack, conn, 0)), conn);
	CU_ASSERT_PTR_NULL(conn_find(r.stack, conn, 1)); /* another application's */
	CU_ASSERT_PTR_NULL(conn_find(r.stack, 0, 0));
	CU_ASSERT_PTR_NULL(conn_find(r.stack, conn + 1, 0));
	CU_ASSERT_PTR_NULL(conn_find(r.stack, conn - 1, 0));
	CU_ASSERT_PTR_NULL(conn_find(r.stack, conn + (UINT64_C(1) << 32), 0));
	CU_ASSERT_PTR_NULL(conn_find(r.stack, conn ^ (UINT64_C(1) << 56), 0));
	CU_ASSERT_PTR_NULL(conn_find(r.stack, conn | UINT64_C(0xffffff) << 32, 0));
	CU_ASSERT_EQUAL(status_of_op(conn, THOLE_OP_SET_USER), 0);
	CU_ASSERT_EQUAL(status_of_op(conn + 1, THOLE_OP_SET_USER), -EBADF);
	CU_ASSERT_EQUAL(status_of_op(0, THOLE_OP_CLOSE), -EBADF);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* Once CLOSED was read the handle is stale, also when its record is another connection's. */
static void
stale_handles(void)
{
	struct thole_event ev;
	thole_conn last = 0;

	rig_open(&r, NULL);
	rig_know(&r, 2);
	rig_listen(&r, 80, 8);
	for (uint16_t i = 0; i < 20; i++) {
		rig_shake(&r, 2, (uint16_t)(4000 + i), 80, 1);
		ev = rig_until(&r, THOLE_EV_ACCEPTED);
		CU_ASSERT_NOT_EQUAL(ev.conn, last);
		if (last != 0) {
			CU_ASSERT_EQUAL(ev.conn >> 32, last >> 32); /* the same record */
			CU_ASSERT_EQUAL(status_of_op(last, THOLE_OP_ABORT), -EBADF);
			CU_ASSERT_EQUAL(rig_stats(&r).conns, 1);
		}
		last = ev.conn;
		OP(&r, .type = THOLE_OP_ABORT, .conn = last);
		CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_RST | TCP_ACK, NULL));
		/* Not read yet: it is known, and has nothing to be done to it. */
		CU_ASSERT_PTR_NOT_NULL(conn_find(r.stack, last, 0));
		ev = rig_until(&r, THOLE_EV_CLOSED);
		CU_ASSERT_EQUAL(ev.status, -ECONNABORTED);
		CU_ASSERT_PTR_NULL(conn_find(r.stack, last, 0));
		CU_ASSERT_EQUAL(rig_stats(&r).conns, 0);
	}
	CU_ASSERT_TRUE(rig_close(&r));
}

static int
connect_from(uint32_t ip, uint16_t port, uint32_t to, uint16_t to_port)
{
	OP(&r, .type = THOLE_OP_CONNECT,
		.local = { ip != 0 ? thole_addr_ip4(ip) : (struct thole_addr){ { 0 } }, port },
		.remote = { thole_addr_ip4(to), to_port });
	return rig_until(&r, THOLE_EV_CLOSED).status;
}

static void
opens_that_cannot_be(void)
{
	struct frame_tcp tcp;

	rig_open(&r, NULL);
	rig_know(&r, 2);
	CU_ASSERT_EQUAL(connect_from(0, 0, RIG_NET + 2, 0), -EINVAL);
	CU_ASSERT_EQUAL(connect_from(RIG_NET + 3, 0, RIG_NET + 2, 80), -EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(connect_from(RIG_NET + 101, 6000, RIG_NET + 2, 80), 0);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN, &tcp));
	CU_ASSERT_EQUAL(tcp.sport, 6000);
	CU_ASSERT_EQUAL(connect_from(RIG_NET + 101, 6000, RIG_NET + 2, 80), -EADDRINUSE);
	/* Any one of the four makes another connection. */
	CU_ASSERT_EQUAL(connect_from(RIG_NET + 102, 6000, RIG_NET + 2, 80), 0);
	CU_ASSERT_EQUAL(connect_from(RIG_NET + 101, 6001, RIG_NET + 2, 80), 0);
	CU_ASSERT_EQUAL(connect_from(RIG_NET + 101, 6000, RIG_NET + 3, 80), 0);
	CU_ASSERT_EQUAL(connect_from(RIG_NET + 101, 6000, RIG_NET + 2, 81), 0);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 5);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
two(struct thole_stack_config *c)
{
	c->max_conns = 2;
}

static void
no_more_than_there_is_room_for(void)
{
	struct frame_tcp tcp;

	rig_open(&r, two);
	rig_know(&r, 2);
	rig_listen(&r, 80, 8);
	rig_connect(&r, RIG_NET + 2, 80, 1);
	rig_drop_output(&r);
	rig_shake(&r, 2, 80, 80, 1);
	CU_ASSERT_EQUAL(connect_from(0, 0, RIG_NET + 2, 81), -ENOBUFS);
	/* A handshake that can't be completed now may be so later. */
	rig_drop_output(&r);
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_SYN, .seq = 1);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN | TCP_ACK, &tcp));
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_ACK, .seq = 2,
		.ack = tcp.seq + 1);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_conns, 1);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 1);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	OP(&r, .type = THOLE_OP_ABORT, .conn = rig_until(&r, THOLE_EV_ACCEPTED).conn);
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_CLOSED).type, THOLE_EV_CLOSED);
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_ACK, .seq = 2,
		.ack = tcp.seq + 1);
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_ACCEPTED).remote.port, 4000);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
eight(struct thole_stack_config *c)
{
	c->max_conns = 8;
}

/* Of those that the application has left, a share of the TCBs at most may linger. */
static void
orphans(void)
{
	thole_conn conns[8];
	unsigned int aborted = 0;
	struct thole_event ev;

	rig_open(&r, eight);
	rig_know(&r, 2);
	rig_listen(&r, 80, 8);
	for (uint16_t i = 0; i < 8; i++) {
		rig_shake(&r, 2, (uint16_t)(4000 + i), 80, 1);
		conns[i] = rig_until(&r, THOLE_EV_ACCEPTED).conn;
	}
	for (int i = 0; i < 8; i++)
		OP(&r, .type = THOLE_OP_CLOSE, .conn = conns[i]);
	CU_ASSERT_EQUAL(rig_stats(&r).orphans, 6);
	while ((ev = rig_event(&r)).type != 0) {
		CU_ASSERT_EQUAL(ev.type, THOLE_EV_CLOSED);
		CU_ASSERT_EQUAL(ev.status, -ENOBUFS);
		aborted++;
	}
	CU_ASSERT_EQUAL(aborted, 2);
	/* Their peer says nothing: their clock ends them. */
	rig_after(&r, 61 * TIME_S);
	CU_ASSERT_EQUAL(rig_stats(&r).orphans, 0);
	while ((ev = rig_event(&r)).type != 0)
		CU_ASSERT_EQUAL(ev.status, -ETIMEDOUT);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* A stack that ends with connections in every state gives everything back. */
static void
the_end_of_all(void)
{
	rig_open(&r, NULL);
	rig_know(&r, 2);
	rig_listen(&r, 80, 8);
	rig_time_wait(&r, 2, 4000, 80, 1);
	rig_shake(&r, 2, 4001, 80, 1);
	SEG(&r, .from = 2, .sport = 4001, .dport = 80, .flags = TCP_ACK, .seq = 2, .ack = 5,
		.len = 100);
	SEG(&r, .from = 2, .sport = 4002, .dport = 80, .flags = TCP_SYN, .seq = 1);
	rig_connect(&r, RIG_NET + 2, 80, 1);
	rig_connect(&r, RIG_NET + 9, 80, 1);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait, 1);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 1);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 3);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* A SYN that was about to go again when its answer came: what follows has the numbers after it. */
static void
answered_before_the_repeat(void)
{
	struct frame_tcp syn, tcp;

	rig_open(&r, NULL);
	rig_know(&r, 2);
	OP(&r, .type = THOLE_OP_CONNECT, .remote = { thole_addr_ip4(RIG_NET + 2), 80 }, .bytes = 1);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN, &syn));
	OP(&r, .type = THOLE_OP_SEND, .conn = rig_until(&r, THOLE_EV_OPENING).conn,
		.mbuf = rte_pktmbuf_alloc(r.pool)); /* empty: refused */
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_REFUSED).status, -EINVAL);
	r.now += TIME_S + 20 * TIME_US;
	thole_stack_run(r.stack, r.now); /* and the device takes nothing */
	CU_ASSERT_EQUAL(rig_stats(&r).rto_fired, 1);
	SEG(&r, .from = 2, .sport = 80, .dport = syn.sport, .flags = TCP_SYN | TCP_ACK, .seq = 500,
		.ack = syn.seq + 1);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_ACK, &tcp));
	CU_ASSERT_EQUAL(tcp.seq, syn.seq + 1);
	CU_ASSERT_EQUAL(thole_app_send_copy(
				r.app, rig_until(&r, THOLE_EV_CONNECTED).conn, r.pool, "abc", 3),
		3);
	rig_turn(&r);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_PSH | TCP_ACK, &tcp));
	CU_ASSERT_EQUAL(tcp.seq, syn.seq + 1);
	CU_ASSERT_EQUAL(tcp.len, 3);
	CU_ASSERT_EQUAL(memcmp(tcp.payload, "abc", 3), 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
long_known(struct thole_stack_config *c)
{
	c->arp_reachable_ns = 3600 * TIME_S;
}

/* Without a single mbuf nothing can be sent; all the same nobody waits for ever. */
static void
no_mbufs_at_all(void)
{
	static struct rte_mbuf *hoard[65536];
	struct rte_mbuf *out[64];
	unsigned int n = 0, sent = 0, timed_out = 0;
	struct thole_event ev;
	const struct thole_op op = { .type = THOLE_OP_CONNECT,
		.remote = { thole_addr_ip4(RIG_NET + 2), 80 } };

	rig_open(&r, long_known);
	rig_know(&r, 2);
	while (n < RTE_DIM(hoard) && (hoard[n] = rte_pktmbuf_alloc(r.pool)) != NULL)
		n++;
	/* The first SYNs use up what the stack had kept, and stay with the device. */
	for (uint32_t i = 0; i < 64; i++)
		CU_ASSERT_EQUAL(thole_app_submit(r.app, &op, 1), 1);
	for (uint32_t i = 0; i < 200; i++) {
		r.now += TIME_S;
		thole_stack_run(r.stack, r.now);
		sent += thole_stack_tx(r.stack, r.now, &out[sent], (uint16_t)(64 - sent));
	}
	CU_ASSERT_TRUE(sent < 64);
	while ((ev = rig_event(&r)).type != 0)
		timed_out += ev.type == THOLE_EV_CLOSED && ev.status == -ETIMEDOUT;
	CU_ASSERT_EQUAL(timed_out, 64);
	CU_ASSERT_TRUE(rig_stats(&r).tx_nombuf > 0);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 0);
	rte_pktmbuf_free_bulk(hoard, n);
	rte_pktmbuf_free_bulk(out, sent);
	CU_ASSERT_TRUE(rig_close(&r));
}

static uint64_t
armed_at(thole_conn conn)
{
	return conn_find(r.stack, conn, 0)->timer.at_ns;
}

/* Output that nobody takes keeps its clock: it is armed before it can be due. */
static void
output_that_waits_is_timed(void)
{
	struct thole_op op = { .type = THOLE_OP_CLOSE };
	uint64_t due;

	rig_open(&r, NULL);
	rig_know(&r, 2);
	rig_listen(&r, 80, 8);
	for (uint16_t i = 0; i < 3; i++) {
		rig_shake(&r, 2, (uint16_t)(4000 + i), 80, 1);
		op.conn = rig_until(&r, THOLE_EV_ACCEPTED).conn;
		CU_ASSERT_EQUAL(thole_app_submit(r.app, &op, 1), 1);
		due = tcb_deadline(&r.stack->env, conn_find(r.stack, op.conn, 0));
		CU_ASSERT_NOT_EQUAL(due, TIME_NEVER);
		for (uint32_t ms = 0; ms <= 10; ms++) /* and no tx */
			thole_stack_run(r.stack, r.now += TIME_MS);
		CU_ASSERT_TRUE(armed_at(op.conn) <= due);
		CU_ASSERT_EQUAL(r.stack->arm_later_ns, 0); /* they aren't walked again */
		rig_turn(&r);
		CU_ASSERT_TRUE(r.stack->arm_later_ns > r.now);
		rig_drop_output(&r); /* its FIN */
	}
	CU_ASSERT_TRUE(rig_close(&r));
}

static const struct test_case cases[] = {
	{ "handles", handles },
	{ "stale handles", stale_handles },
	{ "opens that cannot be", opens_that_cannot_be },
	{ "no more than there is room for", no_more_than_there_is_room_for },
	{ "orphans", orphans },
	{ "the end of all", the_end_of_all },
	{ "answered before the repeat", answered_before_the_repeat },
	{ "no mbufs at all", no_mbufs_at_all },
	{ "output that waits is timed", output_that_waits_is_timed },
	{ NULL, NULL },
};
const struct test_suite suite_conn = { "conn", cases };
