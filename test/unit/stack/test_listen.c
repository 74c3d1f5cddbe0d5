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

struct sharer {
	struct thole_app *app;
	uint32_t accepted;
};

static int
sharer_listen(struct sharer *sh, enum thole_op_type type, uint16_t port, uint32_t backlog)
{
	struct thole_op op = { .type = type, .local.port = port, .bytes = backlog, .user = port };
	struct thole_event ev;

	CU_ASSERT_EQUAL_FATAL(thole_app_submit(sh->app, &op, 1), 1);
	CU_ASSERT_EQUAL_FATAL(thole_app_events(sh->app, &ev, 1), 1);
	CU_ASSERT_EQUAL(ev.type, THOLE_EV_LISTENING);
	return ev.status;
}

static void
sharers_open(struct sharer sh[3], uint32_t backlog, void (*tune)(struct thole_stack_config *config))
{
	rig_open(&r, tune);
	rig_know(&r, 2);
	for (int i = 0; i < 3; i++) {
		sh[i].accepted = 0;
		CU_ASSERT_EQUAL_FATAL(
			thole_app_create(r.stack, &(struct thole_app_config){ 0 }, &sh[i].app), 0);
		CU_ASSERT_EQUAL(sharer_listen(&sh[i], THOLE_OP_LISTEN_SHARED, 80, backlog), 0);
	}
}

static uint32_t
sharer_accepts(struct sharer *sh, uint32_t max)
{
	struct thole_event ev;
	uint32_t n = 0;

	while (n < max && thole_app_events(sh->app, &ev, 1) == 1) {
		CU_ASSERT_EQUAL(ev.type, THOLE_EV_ACCEPTED);
		CU_ASSERT_EQUAL(ev.user, 80);
		n++;
	}
	return n;
}

static void
sharers_close(struct sharer sh[3])
{
	for (int i = 0; i < 3; i++)
		thole_app_destroy(sh[i].app);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* In turn, and past those whose accept queue is full, until all are. */
static void
shared_in_turn(void)
{
	struct sharer sh[3];

	sharers_open(sh, 3, NULL);
	for (uint16_t i = 0; i < 3; i++)
		rig_shake(&r, 2, (uint16_t)(4000 + i), 80, 1);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(sharer_accepts(&sh[i], 9), 1);
	/* One reads nothing: its share is 3, the others have the rest. */
	for (uint16_t i = 0; i < 9; i++) {
		rig_shake(&r, 2, (uint16_t)(4100 + i), 80, 1);
		sh[0].accepted += sharer_accepts(&sh[0], 9);
		sh[2].accepted += sharer_accepts(&sh[2], 9);
	}
	CU_ASSERT_EQUAL(sh[0].accepted, 3);
	CU_ASSERT_EQUAL(sh[2].accepted, 3);
	for (uint16_t i = 0; i < 4; i++) {
		rig_shake(&r, 2, (uint16_t)(4200 + i), 80, 1);
		sh[0].accepted += sharer_accepts(&sh[0], 9);
		sh[2].accepted += sharer_accepts(&sh[2], 9);
	}
	CU_ASSERT_EQUAL(sh[0].accepted + sh[2].accepted, 10);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_backlog, 0);
	for (uint16_t i = 0; i < 6; i++)
		rig_shake(&r, 2, (uint16_t)(4300 + i), 80, 1);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_backlog, 0);
	SEG(&r, .from = 2, .sport = 5000, .dport = 80, .flags = TCP_SYN, .seq = 1);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_backlog, 1);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_EQUAL(sharer_accepts(&sh[1], 9), 3);
	sharers_close(sh);
}

/* A handshake whose listener has filled up meanwhile goes to another that has room. */
static void
shared_moves_on(void)
{
	struct sharer sh[3];
	struct frame_tcp tcp[6];

	sharers_open(sh, 2, NULL);
	for (uint16_t i = 0; i < 6; i++) {
		SEG(&r, .from = 2, .sport = (uint16_t)(4000 + i), .dport = 80, .flags = TCP_SYN,
			.seq = 1);
		CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN | TCP_ACK, &tcp[i]));
	}
	for (uint16_t i = 0; i < 5; i++) /* they fill two, and one half */
		rig_shake(&r, 2, (uint16_t)(4100 + i), 80, 1);
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_ACK, .seq = 2,
		.ack = tcp[0].seq + 1);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 6);
	SEG(&r, .from = 2, .sport = 4001, .dport = 80, .flags = TCP_ACK, .seq = 2,
		.ack = tcp[1].seq + 1);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 6);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_backlog, 1);
	CU_ASSERT_EQUAL(sharer_accepts(&sh[2], 9), 2);
	for (uint16_t i = 1; i < 6; i++)
		SEG(&r, .from = 2, .sport = (uint16_t)(4000 + i), .dport = 80, .flags = TCP_ACK,
			.seq = 2, .ack = tcp[i].seq + 1);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 8);
	CU_ASSERT_EQUAL(sharer_accepts(&sh[2], 9), 2);
	CU_ASSERT_EQUAL(sharer_accepts(&sh[0], 9) + sharer_accepts(&sh[1], 9), 4);
	sharers_close(sh);
}

static void
always_cookies(struct thole_stack_config *config)
{
	config->tcp.syn_cookies = THOLE_SYN_COOKIES_ALWAYS;
}

/* Handshakes without an embryo: the listener is chosen when the cookie comes back. */
static void
shared_by_cookies(void)
{
	struct sharer sh[3];

	sharers_open(sh, 2, always_cookies);
	for (uint16_t i = 0; i < 6; i++)
		rig_shake(&r, 2, (uint16_t)(4000 + i), 80, 1);
	CU_ASSERT_EQUAL(rig_stats(&r).cookies_accepted, 6);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 6);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(sharer_accepts(&sh[i], 9), 2);
	sharers_close(sh);
}

/* A peer is held to what a SYN-ACK said, whoever of them accepts: so all must say the same. */
static void
shared_on_other_terms(void)
{
	struct thole_op ops[] = {
		{ .type = THOLE_OP_UNLISTEN, .local.port = 80 },
		{ .type = THOLE_OP_SET_NEW, .option = THOLE_OPT_RCVBUF, .value = 100000 },
	};
	struct sharer sh[3];

	sharers_open(sh, 4, NULL);
	CU_ASSERT_EQUAL(thole_app_submit(sh[2].app, ops, 2), 2);
	CU_ASSERT_EQUAL(sharer_listen(&sh[2], THOLE_OP_LISTEN_SHARED, 80, 4), -EINVAL);
	CU_ASSERT_EQUAL(sharer_listen(&sh[2], THOLE_OP_LISTEN_SHARED, 81, 4), 0);
	for (uint16_t i = 0; i < 6; i++)
		rig_shake(&r, 2, (uint16_t)(4000 + i), 80, 1);
	CU_ASSERT_EQUAL(sharer_accepts(&sh[0], 9), 3);
	CU_ASSERT_EQUAL(sharer_accepts(&sh[1], 9), 3);
	ops[1].option = THOLE_OPT_DEFAULTS;
	ops[1].value = 0;
	CU_ASSERT_EQUAL(thole_app_submit(sh[2].app, &ops[1], 1), 1);
	CU_ASSERT_EQUAL(sharer_listen(&sh[2], THOLE_OP_LISTEN_SHARED, 80, 4), 0);
	sharers_close(sh);
}

/* Who leaves takes away what was its own; the endpoint is free when the last has left. */
static void
shared_leaves(void)
{
	struct thole_op op = { .type = THOLE_OP_UNLISTEN, .local.port = 80 };
	struct sharer sh[3];
	struct thole_event ev;

	sharers_open(sh, 4, NULL);
	for (uint16_t i = 0; i < 6; i++) {
		rig_shake(&r, 2, (uint16_t)(4000 + i), 80, 1);
		SEG(&r, .from = 2, .sport = (uint16_t)(4100 + i), .dport = 80, .flags = TCP_SYN,
			.seq = 1);
		rig_drop_output(&r);
	}
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 6);
	CU_ASSERT_EQUAL(thole_app_submit(sh[1].app, &op, 1), 1);
	CU_ASSERT_EQUAL(thole_app_events(sh[1].app, &ev, 1), 0);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 4);
	CU_ASSERT_EQUAL(sharer_accepts(&sh[0], 9), 2);
	CU_ASSERT_EQUAL(sharer_accepts(&sh[2], 9), 2);
	CU_ASSERT_EQUAL(thole_app_submit(sh[1].app, &op, 1), 1); /* it has none any more */
	CU_ASSERT_EQUAL(thole_app_events(sh[1].app, &ev, 1), 1);
	CU_ASSERT_EQUAL(ev.status, -EINVAL);
	rig_turn(&r);
	rig_drop_output(&r);
	for (uint16_t i = 0; i < 4; i++)
		rig_shake(&r, 2, (uint16_t)(4200 + i), 80, 1);
	CU_ASSERT_EQUAL(sharer_accepts(&sh[1], 9), 0);
	thole_app_destroy(sh[0].app);
	CU_ASSERT_EQUAL_FATAL(
		thole_app_create(r.stack, &(struct thole_app_config){ 0 }, &sh[0].app), 0);
	rig_turn(&r);
	rig_drop_output(&r);
	rig_shake(&r, 2, 4300, 80, 1);
	CU_ASSERT_EQUAL(sharer_accepts(&sh[2], 9), 3);
	CU_ASSERT_EQUAL(thole_app_submit(sh[2].app, &op, 1), 1);
	CU_ASSERT_EQUAL(listen_find(r.stack, 0, 80), NO_INDEX);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 0);
	CU_ASSERT_EQUAL(sharer_listen(&sh[0], THOLE_OP_LISTEN, 80, 1), 0);
	sharers_close(sh);
}

static void
shared_is_refused(void)
{
	struct sharer sh[3];

	sharers_open(sh, 1, NULL);
	CU_ASSERT_EQUAL(sharer_listen(&sh[0], THOLE_OP_LISTEN_SHARED, 80, 1), -EADDRINUSE);
	CU_ASSERT_EQUAL(sharer_listen(&sh[2], THOLE_OP_LISTEN, 80, 1), -EADDRINUSE);
	CU_ASSERT_EQUAL(rig_listen(&r, 80, 1), -EADDRINUSE);
	CU_ASSERT_EQUAL(rig_listen(&r, 81, 1), 0);
	CU_ASSERT_EQUAL(sharer_listen(&sh[0], THOLE_OP_LISTEN_SHARED, 81, 1), -EADDRINUSE);
	CU_ASSERT_EQUAL(sharer_listen(&sh[0], THOLE_OP_LISTEN_SHARED, 0, 1), -EINVAL);
	for (uint16_t i = 6; i < r.config.max_listeners; i++)
		CU_ASSERT_EQUAL(rig_listen(&r, (uint16_t)(1000 + i), 1), 0);
	/* There is room for one more, but not for another that shares. */
	CU_ASSERT_EQUAL(sharer_listen(&sh[0], THOLE_OP_LISTEN_SHARED, 90, 1), -ENOSPC);
	CU_ASSERT_EQUAL(listen_find(r.stack, 0, 90), NO_INDEX);
	CU_ASSERT_EQUAL(rig_listen(&r, 2000, 1), 0);
	CU_ASSERT_EQUAL(rig_listen(&r, 2001, 1), -ENOSPC);
	CU_ASSERT_EQUAL(sharer_listen(&sh[0], THOLE_OP_LISTEN_SHARED, 90, 1), -ENOSPC);
	sharers_close(sh);
}

static const struct test_case cases[] = {
	{ "a specific address goes first", a_specific_address_goes_first },
	{ "what is refused", what_is_refused },
	{ "somebody else's listener", somebody_elses_listener },
	{ "backlog", backlog },
	{ "the backlog comes back", the_backlog_comes_back },
	{ "what goes with a listener", what_goes_with_a_listener },
	{ "shared: in turn, past who is full", shared_in_turn },
	{ "shared: a handshake moves on to who has room", shared_moves_on },
	{ "shared: SYN cookies", shared_by_cookies },
	{ "shared: all on the same terms", shared_on_other_terms },
	{ "shared: who leaves", shared_leaves },
	{ "shared: what is refused", shared_is_refused },
	{ NULL, NULL },
};
const struct test_suite suite_listen = { "listen", cases };
