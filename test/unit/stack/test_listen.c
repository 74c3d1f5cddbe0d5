/* SPDX-License-Identifier: BSD-3-Clause */
/* test_listen.c: listeners: who gets a SYN, what is refused, the backlog, and what goes with a
 * listener. */
#include <errno.h>

#include "rig.h"
#include "stack/stack.h"

static struct rig r;

static int
listen_at(uint32_t ip, uint16_t port, uint64_t user)
{
	OP(&r, .type = THOLE_OP_LISTEN, .local = { thole_addr_ip4(ip), port }, .bytes = 4,
		.user = user);
	return rig_until(&r, THOLE_EV_LISTENING).status;
}

static void
open_rig(void)
{
	rig_open(&r, NULL);
	rig_know(&r, 2);
}

static void
a_specific_address_goes_first(void)
{
	struct thole_event ev;

	open_rig();
	CU_ASSERT_EQUAL(rig_listen(&r, 80, 4), 0);
	CU_ASSERT_EQUAL(listen_at(RIG_US, 80, 1), 0);
	CU_ASSERT_EQUAL(listen_at(RIG_NET + 101, 80, 2), 0);
	CU_ASSERT_EQUAL(rig_listen(&r, 81, 4), 0);
	rig_shake(&r, 2, 4000, 80, 1);
	ev = rig_until(&r, THOLE_EV_ACCEPTED);
	CU_ASSERT_EQUAL(ev.user, 1);
	CU_ASSERT_EQUAL(ev.local.port, 80);
	CU_ASSERT_EQUAL(ev.remote.port, 4000);
	CU_ASSERT_EQUAL(listen_find(r.stack, 2, 80), listen_find(r.stack, 2, 80));
	CU_ASSERT_EQUAL(r.stack->listeners[listen_find(r.stack, 2, 80)].user, 2);
	CU_ASSERT_EQUAL(r.stack->listeners[listen_find(r.stack, 1, 80)].user, 80); /* any */
	CU_ASSERT_EQUAL(listen_find(r.stack, 1, 82), NO_INDEX);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
what_is_refused(void)
{
	struct thole_event ev;

	open_rig();
	CU_ASSERT_EQUAL(rig_listen(&r, 0, 4), -EINVAL);
	CU_ASSERT_EQUAL(listen_at(RIG_NET + 2, 80, 1), -EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(rig_listen(&r, 80, 4), 0);
	CU_ASSERT_EQUAL(rig_listen(&r, 80, 4), -EADDRINUSE);
	CU_ASSERT_EQUAL(listen_at(RIG_US, 80, 1), 0);
	CU_ASSERT_EQUAL(listen_at(RIG_US, 80, 1), -EADDRINUSE);
	for (uint16_t i = 2; i < r.config.max_listeners; i++)
		CU_ASSERT_EQUAL(rig_listen(&r, (uint16_t)(1000 + i), 1), 0);
	CU_ASSERT_EQUAL(rig_listen(&r, 2000, 1), -ENOSPC);
	OP(&r, .type = THOLE_OP_UNLISTEN, .local.port = 81);
	ev = rig_until(&r, THOLE_EV_REFUSED);
	CU_ASSERT_EQUAL(ev.op, THOLE_OP_UNLISTEN);
	CU_ASSERT_EQUAL(ev.status, -EINVAL);
	OP(&r, .type = THOLE_OP_UNLISTEN, .local.port = 80);
	CU_ASSERT_EQUAL(rig_event(&r).type, 0);
	CU_ASSERT_EQUAL(rig_listen(&r, 2000, 1), 0); /* there is room again */
	CU_ASSERT_EQUAL(rig_listen(&r, 80, 1), -ENOSPC);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
somebody_elses_listener(void)
{
	struct thole_app *other;
	struct thole_op op = { .type = THOLE_OP_UNLISTEN, .local.port = 80 };
	struct thole_event ev;

	open_rig();
	CU_ASSERT_EQUAL(rig_listen(&r, 80, 4), 0);
	CU_ASSERT_EQUAL_FATAL(
		thole_app_create(r.stack, &(struct thole_app_config){ 0 }, &other), 0);
	CU_ASSERT_EQUAL(thole_app_submit(other, &op, 1), 1);
	CU_ASSERT_EQUAL(thole_app_events(other, &ev, 1), 1);
	CU_ASSERT_EQUAL(ev.type, THOLE_EV_REFUSED);
	CU_ASSERT_NOT_EQUAL(listen_find(r.stack, 0, 80), NO_INDEX);
	/* The other's listeners end with it; ours don't. */
	op.type = THOLE_OP_LISTEN;
	op.local.port = 90;
	CU_ASSERT_EQUAL(thole_app_submit(other, &op, 1), 1);
	CU_ASSERT_NOT_EQUAL(listen_find(r.stack, 0, 90), NO_INDEX);
	thole_app_destroy(other);
	CU_ASSERT_EQUAL(listen_find(r.stack, 0, 90), NO_INDEX);
	CU_ASSERT_NOT_EQUAL(listen_find(r.stack, 0, 80), NO_INDEX);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* A full accept queue keeps a handshake and drops its ACK; it resets nobody. */
static void
backlog(void)
{
	struct frame_tcp tcp[3];

	open_rig();
	rig_listen(&r, 80, 2);
	for (uint16_t i = 0; i < 3; i++) {
		SEG(&r, .from = 2, .sport = (uint16_t)(4000 + i), .dport = 80, .flags = TCP_SYN,
			.seq = 1);
		CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN | TCP_ACK, &tcp[i]));
	}
	for (uint16_t i = 0; i < 3; i++)
		SEG(&r, .from = 2, .sport = (uint16_t)(4000 + i), .dport = 80, .flags = TCP_ACK,
			.seq = 2, .ack = tcp[i].seq + 1);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_backlog, 1);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 2);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 1);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	/* Nor does a new SYN get in. */
	SEG(&r, .from = 2, .sport = 5000, .dport = 80, .flags = TCP_SYN, .seq = 1);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_backlog, 2);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	/* One is accepted: the SYN-ACK comes again, and its answer gets in. */
	CU_ASSERT_EQUAL(rig_event(&r).type, THOLE_EV_ACCEPTED);
	CU_ASSERT_TRUE(rig_wait(&r, 2 * TIME_S) >= 900 * TIME_MS);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN | TCP_ACK, NULL));
	SEG(&r, .from = 2, .sport = 4002, .dport = 80, .flags = TCP_ACK, .seq = 2,
		.ack = tcp[2].seq + 1);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 3);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* Abandoned handshakes count for nothing. */
static void
the_backlog_comes_back(void)
{
	struct thole_event ev;

	open_rig();
	rig_listen(&r, 80, 1);
	for (uint16_t i = 0; i < 100; i++) {
		uint32_t irs = 1000;
		uint16_t port = (uint16_t)(4000 + i);

		rig_shake(&r, 2, port, 80, irs);
		SEG(&r, .from = 2, .sport = port, .dport = 80, .flags = TCP_RST, .seq = irs + 1);
		ev = rig_event(&r);
		CU_ASSERT_EQUAL(ev.type, THOLE_EV_ACCEPTED);
		ev = rig_event(&r);
		CU_ASSERT_EQUAL(ev.type, THOLE_EV_CLOSED);
		CU_ASSERT_EQUAL(ev.status, -ECONNRESET);
	}
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* RFC 9293, 3.10.4: what the application never saw goes with the listener; what it saw stays. */
static void
what_goes_with_a_listener(void)
{
	struct thole_event ev;

	open_rig();
	rig_listen(&r, 80, 8);
	rig_shake(&r, 2, 4000, 80, 1);
	ev = rig_until(&r, THOLE_EV_ACCEPTED);
	rig_shake(&r, 2, 4001, 80, 1);
	SEG(&r, .from = 2, .sport = 4002, .dport = 80, .flags = TCP_SYN, .seq = 1);
	rig_drop_output(&r);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 1);
	OP(&r, .type = THOLE_OP_UNLISTEN, .local.port = 80);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 0);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_RST | TCP_ACK, NULL));
	CU_ASSERT_EQUAL(rig_event(&r).type, 0);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 1);
	OP(&r, .type = THOLE_OP_SHUTDOWN, .conn = ev.conn);
	rig_drop_output(&r);
	/* A new listener in the same record doesn't inherit anything. */
	rig_listen(&r, 80, 1);
	rig_shake(&r, 2, 4003, 80, 1);
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_ACCEPTED).remote.port, 4003);
	CU_ASSERT_TRUE(rig_close(&r));
}

static const struct test_case cases[] = {
	{ "a specific address goes first", a_specific_address_goes_first },
	{ "what is refused", what_is_refused },
	{ "somebody else's listener", somebody_elses_listener },
	{ "backlog", backlog },
	{ "the backlog comes back", the_backlog_comes_back },
	{ "what goes with a listener", what_goes_with_a_listener },
	{ NULL, NULL },
};
const struct test_suite suite_listen = { "listen", cases };
