/* SPDX-License-Identifier: BSD-3-Clause */
/* test_drain.c: nobody new, those who are there go on, and what is left is counted and reset. */
#include <errno.h>

#include "rig.h"
#include "base/prng.h"
#include "stack/drain.h"
#include "stack/stack.h"

static struct rig r;

static void
open_rig(void)
{
	rig_open(&r, NULL);
	rig_know(&r, 2);
	CU_ASSERT_EQUAL(rig_listen(&r, 80, 16), 0);
}

static void
say(thole_conn conn, uint32_t bytes)
{
	static const uint8_t text[64000];

	CU_ASSERT_EQUAL(thole_app_send_copy(r.app, conn, r.pool, text, bytes), bytes);
	rig_turn(&r);
}

static bool
is_left(uint32_t open, uint32_t orphans, uint32_t handshakes, uint64_t unsent, uint64_t unacked)
{
	struct thole_left left;
	uint32_t n = thole_stack_left(r.stack, &left);

	CU_ASSERT_EQUAL(thole_stack_left(r.stack, NULL), n);
	return n == open + orphans + handshakes && left.open == open && left.orphans == orphans &&
	       left.handshakes == handshakes && left.unsent_bytes == unsent &&
	       left.unacked_bytes == unacked;
}

static bool
reset_of(uint32_t ack, uint32_t seq)
{
	struct frame_tcp tcp = { 0 };

	return rig_took_seg(&r, 2, TCP_RST | TCP_ACK, &tcp) && tcp.ack == ack && tcp.seq == seq;
}

static void
nobody_new(void)
{
	struct frame_tcp tcp = { 0 };

	open_rig();
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_SYN, .seq = 100);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN | TCP_ACK, &tcp));
	CU_ASSERT_TRUE(is_left(0, 0, 1, 0, 0));
	thole_stack_drain(r.stack);
	thole_stack_drain(r.stack);
	rig_turn(&r);
	CU_ASSERT_TRUE(is_left(0, 0, 0, 0, 0));
	/* The handshake that was under way, and one that would begin. */
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_ACK, .seq = 101,
		.ack = tcp.seq + 1);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_RST, NULL));
	SEG(&r, .from = 2, .sport = 4001, .dport = 80, .flags = TCP_SYN, .seq = 200);
	CU_ASSERT_TRUE(reset_of(201, 0));
	CU_ASSERT_EQUAL(rig_listen(&r, 81, 4), -ESHUTDOWN);
	OP(&r, .type = THOLE_OP_UNLISTEN, .local.port = 80); /* it is closed */
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_REFUSED).status, -EINVAL);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* One that waits to be accepted and one that is; both are served, and a third is opened. */
static void
those_who_are_there(void)
{
	struct thole_event ev;
	struct frame_tcp tcp = { 0 };
	uint32_t iss;

	open_rig();
	iss = rig_shake(&r, 2, 4000, 80, 100);
	rig_shake(&r, 2, 4001, 80, 200);
	thole_stack_drain(r.stack);
	CU_ASSERT_TRUE(is_left(2, 0, 0, 0, 0));
	ev = rig_until(&r, THOLE_EV_ACCEPTED);
	CU_ASSERT_EQUAL(ev.remote.port, 4000);
	CU_ASSERT_EQUAL(ev.user, 80);
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_ACK | TCP_PSH, .seq = 101,
		.ack = iss + 1, .len = 10);
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_ACCEPTED).remote.port, 4001);
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_DATA).bytes, 10);
	rig_drop_output(&r);
	say(ev.conn, 500);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_ACK | TCP_PSH, &tcp));
	CU_ASSERT_EQUAL(tcp.len, 500);
	CU_ASSERT_TRUE(is_left(2, 0, 0, 0, 500));
	OP(&r, .type = THOLE_OP_RECEIVED, .conn = ev.conn, .bytes = 10);
	OP(&r, .type = THOLE_OP_CLOSE, .conn = ev.conn);
	rig_drop_output(&r);
	CU_ASSERT_TRUE(is_left(1, 1, 0, 0, 500));
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_ACK | TCP_FIN, .seq = 111,
		.ack = iss + 502);
	CU_ASSERT_TRUE(is_left(1, 0, 0, 0, 0)); /* TIME-WAIT is none of them */
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait, 1);
	rig_drop_output(&r);
	rig_connect(&r, RIG_NET + 2, 7, 0);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN, NULL));
	CU_ASSERT_TRUE(is_left(2, 0, 0, 0, 0));
	CU_ASSERT_TRUE(rig_close(&r));
}

/* Data in flight, and data beyond a window; a peer that never closes; one that nobody heard of. */
static void
the_rest_is_reset(void)
{
	struct thole_event ev[3];
	struct thole_left cut;
	uint32_t iss[4];

	open_rig();
	for (uint16_t i = 0; i < 3; i++) {
		iss[i] = rig_shake(&r, 2, (uint16_t)(4000 + i), 80, 100);
		ev[i] = rig_until(&r, THOLE_EV_ACCEPTED);
	}
	iss[3] = rig_shake(&r, 2, 4003, 80, 100);
	say(ev[0].conn, 500);
	SEG(&r, .from = 2, .sport = 4001, .dport = 80, .flags = TCP_ACK, .seq = 101,
		.ack = iss[1] + 1, .shut = true);
	say(ev[1].conn, 1500);
	OP(&r, .type = THOLE_OP_CLOSE, .conn = ev[2].conn);
	SEG(&r, .from = 2, .sport = 4002, .dport = 80, .flags = TCP_ACK, .seq = 101,
		.ack = iss[2] + 2);
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_ACK | TCP_PSH, .seq = 101,
		.ack = iss[0] + 1, .len = 10);
	rig_after(&r, TIME_S); /* the delayed ACK, and a probe */
	rig_drop_output(&r);
	CU_ASSERT_EQUAL(thole_stack_cut(r.stack, &cut), 4);
	CU_ASSERT_EQUAL(cut.open, 3);
	CU_ASSERT_EQUAL(cut.orphans, 1);
	CU_ASSERT_EQUAL(cut.handshakes, 0);
	CU_ASSERT_EQUAL(cut.unsent_bytes + cut.unacked_bytes, 2000);
	CU_ASSERT_TRUE(cut.unacked_bytes >= 500);
	CU_ASSERT_EQUAL(thole_stack_next_deadline(r.stack), 0);
	CU_ASSERT_TRUE(is_left(0, 0, 0, 0, 0));
	rig_turn(&r);
	CU_ASSERT_NOT_EQUAL(thole_stack_next_deadline(r.stack), 0);
	CU_ASSERT_TRUE(reset_of(111, iss[0] + 501));
	CU_ASSERT_TRUE(reset_of(101, iss[1] + 1)); /* at the window's edge */
	CU_ASSERT_TRUE(reset_of(101, iss[2] + 2));
	CU_ASSERT_TRUE(reset_of(101, iss[3] + 1));
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_EQUAL(rig_stats(&r).aborted, 4);
	CU_ASSERT_EQUAL(rig_stats(&r).orphans, 0);
	/* What came is the application's still, and what never was heard of comes and goes. */
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_DATA).bytes, 10);
	for (int i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_CLOSED).status, -ECONNABORTED);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 0);
	rig_connect(&r, RIG_NET + 2, 7, 5);
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_CLOSED).status, -ESHUTDOWN);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_EQUAL(thole_stack_cut(r.stack, NULL), 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* Connects that nobody answered are dropped without a word (RFC 9293, 3.10.5), and one whose next
 * hop is unknown waits for nothing. */
static void
connects_under_way(void)
{
	struct thole_left cut;

	open_rig();
	rig_connect(&r, RIG_NET + 2, 7, 0);
	rig_connect(&r, RIG_NET + 3, 7, 0);
	rig_drop_output(&r);
	CU_ASSERT_TRUE(is_left(2, 0, 0, 0, 0));
	CU_ASSERT_EQUAL(thole_stack_cut(r.stack, &cut), 2);
	rig_turn(&r);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_NOT_EQUAL(thole_stack_next_deadline(r.stack), 0);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_CLOSED).status, -ECONNABORTED);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* As thole_stack_left() says, in whatever order they finish, and with new ones in between. */
static void
over_when_none_is_left(void)
{
	enum { N = 5 };
	uint64_t prng = 1;

	for (int round = 0; round < 40; round++) {
		uint32_t iss[N], left = N;
		bool done[N] = { false };

		open_rig();
		CU_ASSERT_TRUE(drain_is_over(r.stack));
		SEG(&r, .from = 2, .sport = 5000, .dport = 80, .flags = TCP_SYN, .seq = 9);
		CU_ASSERT_FALSE(drain_is_over(r.stack)); /* a handshake */
		rig_drop_output(&r);
		for (uint16_t i = 0; i < N; i++) {
			iss[i] = rig_shake(&r, 2, (uint16_t)(4000 + i), 80, 100);
			(void)rig_until(&r, THOLE_EV_ACCEPTED);
		}
		thole_stack_drain(r.stack);
		for (; left > 1; left--) { /* finish */
			uint32_t i = prng_below(&prng, N);

			while (done[i])
				i = (i + 1) % N;
			done[i] = true;
			CU_ASSERT_FALSE(drain_is_over(r.stack));
			SEG(&r, .from = 2, .sport = (uint16_t)(4000 + i), .dport = 80,
				.flags = TCP_RST, .seq = 101, .ack = iss[i] + 1);
			if (i == 0) { /* takes the place of one that is done */
				rig_until(&r, THOLE_EV_CLOSED);
				CU_ASSERT_FALSE(drain_is_over(r.stack)); /* looks beyond */
				rig_connect(&r, RIG_NET + 2, 7, 0);
				CU_ASSERT_FALSE(drain_is_over(r.stack));
				left++;
			}
		}
		CU_ASSERT_EQUAL(thole_stack_left(r.stack, NULL), 1);
		CU_ASSERT_FALSE(drain_is_over(r.stack));
		CU_ASSERT_EQUAL(thole_stack_cut(r.stack, NULL), 1);
		CU_ASSERT_TRUE(drain_is_over(r.stack));
		CU_ASSERT_TRUE(rig_close(&r));
	}
}

static const struct test_case cases[] = {
	{ "nobody new", nobody_new },
	{ "those who are there are served", those_who_are_there },
	{ "the rest is reset and counted", the_rest_is_reset },
	{ "connects under way", connects_under_way },
	{ "over when none is left", over_when_none_is_left },
	{ NULL, NULL },
};

const struct test_suite suite_drain = { "drain", cases };
