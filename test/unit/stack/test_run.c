/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_run.c: time: it doesn't go back, and thole_stack_next_deadline() is never late: a stack that
 * is called only then sends what one sends that is called every tick, when that one does, and isn't
 * called for nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "stack/stack.h"

#define TICK	(UINT64_C(1) << WHEEL_TICK_SHIFT)
#define INPUTS	40
#define SECONDS 70
/* A tick for each time that a timer was armed from when it last fired; and R2 is counted in ms. */
#define SLACK_NS (INT64_C(2) * 1000000)

static struct rig lazy, eager;

static void
short_times(struct thole_stack_config *c)
{
	c->arp_reachable_ns = 5 * TIME_S;
	c->tcp.msl_ns = 2 * TIME_S;
	c->tcp.syn_ack_give_up_ns = 12 * TIME_S;
	c->tcp.syn_give_up_ns = 15 * TIME_S;
	c->tcp.give_up_ns = 25 * TIME_S;
	c->tcp.orphan_ns = 6 * TIME_S;
}

/* The sequence number of the last segment out. */
static uint32_t
last_seq(const struct rig *r)
{
	for (uint32_t i = r->nb_out; i-- > 0;)
		if (frame_kind(r->out[i % RIG_OUT].bytes, r->out[i % RIG_OUT].len) == FRAME_TCP)
			return get32(r->out[i % RIG_OUT].bytes + 38);
	abort();
}

/* Input @p i, the same for both. What it does depends on nothing but that, and on what came out for
 * it. */
static void
input(struct rig *r, unsigned int i)
{
	uint16_t port = (uint16_t)(4000 + i);
	struct thole_event ev;

	switch (i % 8) {
	case 0: /* a handshake that is never completed */
		SEG(r, .from = 2, .sport = port, .dport = 80, .flags = TCP_SYN, .seq = 1);
		break;
	case 1: /* data that is never acknowledged */
	case 2: /* a close that is never answered */
	case 3: /* a window that never opens */
	case 4: /* data from the peer: a delayed ACK */
		SEG(r, .from = 2, .sport = port, .dport = 80, .flags = TCP_SYN, .seq = 1);
		SEG(r, .from = 2, .sport = port, .dport = 80, .flags = TCP_ACK, .seq = 2,
			.ack = last_seq(r) + 1, .len = i % 8 == 4 ? 100 : 0, .shut = i % 8 == 3);
		ev = rig_until(r, THOLE_EV_ACCEPTED);
		if (ev.type == 0)
			CU_FAIL("nothing to accept");
		if (i % 8 == 2)
			OP(r, .type = THOLE_OP_CLOSE, .conn = ev.conn);
		else if (i % 8 != 4 &&
			 thole_app_send_copy(r->app, ev.conn, r->pool, "abcdef", 6) != 6)
			abort();
		break;
	case 5: /* nobody is there */
		rig_connect(r, RIG_NET + 100 + i, 80, i);
		break;
	case 6: /* nobody answers */
		rig_connect(r, RIG_NET + 2, 80, i);
		break;
	case 7: /* a next hop that has grown old, or is just fine */
		rig_arp(r, 2, 2, RIG_US);
		break;
	}
}

/* @return how often the stack was called. */
static unsigned int
play(struct rig *r, bool every_tick)
{
	uint64_t start, end, at[INPUTS];
	unsigned int i = 0, calls = 0;

	rig_open(r, short_times);
	rig_listen(r, 80, 100);
	rig_know(r, 2);
	start = r->now;
	end = start + SECONDS * TIME_S;
	for (unsigned int k = 0; k < INPUTS; k++)
		at[k] = start + (uint64_t)k * 777777777;
	while (r->now < end) {
		uint64_t next = every_tick
					? (r->now / TICK + 1) * TICK
					: RTE_MAX(r->now + 1, thole_stack_next_deadline(r->stack));

		next = RTE_MIN(next, i < INPUTS ? at[i] : end);
		r->now = next;
		rig_turn(r);
		calls++;
		for (; i < INPUTS && at[i] <= r->now; i++)
			input(r, i);
		while (rig_event(r).type != 0)
			;
	}
	return calls;
}

static uint64_t
key_of(const struct rig_frame *f)
{
	if (frame_kind(f->bytes, f->len) == FRAME_ARP)
		return get32(f->bytes + 38);
	return (uint64_t)get32(f->bytes + 34) << 32 | (uint64_t)f->bytes[47] << 16 | f->len;
}

/* What each connection sends comes in the same order; between connections a tick may change it. */
static void
compare(void)
{
	static bool seen[RIG_OUT];

	if (lazy.nb_out != eager.nb_out)
		printf("# %u and %u packets\n", lazy.nb_out, eager.nb_out);
	CU_ASSERT_EQUAL_FATAL(lazy.nb_out, eager.nb_out);
	CU_ASSERT_TRUE_FATAL(lazy.nb_out > 150 && lazy.nb_out <= RIG_OUT);
	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 0; i < lazy.nb_out; i++) {
		const struct rig_frame *a = &lazy.out[i], *b = NULL;
		int64_t late;

		for (uint32_t k = 0; k < eager.nb_out; k++) {
			if (seen[k] || key_of(&eager.out[k]) != key_of(a))
				continue;
			b = &eager.out[k];
			seen[k] = true;
			break;
		}
		CU_ASSERT_PTR_NOT_NULL_FATAL(b);
		CU_ASSERT_EQUAL(memcmp(a->bytes, b->bytes, a->len), 0);
		late = (int64_t)(a->at_ns - b->at_ns);
		CU_ASSERT_TRUE(late <= SLACK_NS);
		CU_ASSERT_TRUE(late >= -SLACK_NS);
	}
}

static void
deadlines_are_never_late(void)
{
	unsigned int calls = play(&lazy, false);

	play(&eager, true);
	printf("# %u packets in %u calls\n", lazy.nb_out, calls);
	compare();
	/* Seldom for nothing: the wheel's upper levels and the FIFOs may call early, now and then.
	 */
	CU_ASSERT_TRUE(calls < 6 * lazy.nb_out);
	CU_ASSERT_EQUAL(rig_stats(&lazy).retransmits, rig_stats(&eager).retransmits);
	CU_ASSERT_EQUAL(rig_stats(&lazy).probes, rig_stats(&eager).probes);
	CU_ASSERT_TRUE(rig_stats(&lazy).probes > 0);
	CU_ASSERT_TRUE(rig_stats(&lazy).arp_failures > 0);
	CU_ASSERT_TRUE(rig_stats(&lazy).timeouts > 0);
	CU_ASSERT_TRUE(rig_close(&lazy));
	CU_ASSERT_TRUE(rig_close(&eager));
}

/* A stack with nothing to do asks for nothing. */
static void
nothing_to_do(void)
{
	rig_open(&lazy, NULL);
	CU_ASSERT_EQUAL(thole_stack_next_deadline(lazy.stack), THOLE_NEVER);
	rig_know(&lazy, 2);
	rig_listen(&lazy, 80, 10);
	rig_shake(&lazy, 2, 4000, 80, 1);
	CU_ASSERT_EQUAL(rig_until(&lazy, THOLE_EV_ACCEPTED).type, THOLE_EV_ACCEPTED);
	rig_after(&lazy, 4 * TIME_S); /* ARP's clock may call once more */
	CU_ASSERT_EQUAL(thole_stack_next_deadline(lazy.stack), THOLE_NEVER);
	CU_ASSERT_EQUAL(lazy.stack->wheel.armed, 0);
	CU_ASSERT_TRUE(rig_close(&lazy));
}

static void
time_does_not_go_back(void)
{
	uint64_t then;

	rig_open(&lazy, NULL);
	rig_know(&lazy, 2);
	rig_connect(&lazy, RIG_NET + 2, 80, 1);
	CU_ASSERT_TRUE(rig_took_seg(&lazy, 2, TCP_SYN, NULL));
	then = lazy.now;
	lazy.now -= 500 * TIME_S;
	rig_turn(&lazy);
	CU_ASSERT_EQUAL(lazy.stack->env.now_ns, then);
	CU_ASSERT_EQUAL(rig_pending(&lazy), 0);
	lazy.now = then + TIME_S + TIME_MS;
	rig_turn(&lazy);
	CU_ASSERT_TRUE(rig_took_seg(&lazy, 2, TCP_SYN, NULL));
	CU_ASSERT_TRUE(rig_close(&lazy));
}

/* Output that finds no room stays owed, and is the same whenever it is asked for. */
static void
output_in_small_pieces(void)
{
	struct rte_mbuf *m[2];
	unsigned int n = 0;

	rig_open(&lazy, NULL);
	rig_know(&lazy, 2);
	for (uint64_t i = 0; i < 20; i++) {
		struct thole_op op = { .type = THOLE_OP_CONNECT, .user = i };

		op.remote = (struct thole_endpoint){ thole_addr_ip4(RIG_NET + 2), 80 };
		CU_ASSERT_EQUAL(thole_app_submit(lazy.app, &op, 1), 1);
	}
	CU_ASSERT_EQUAL(thole_stack_tx(lazy.stack, lazy.now, m, 0), 0);
	while (thole_stack_next_deadline(lazy.stack) == 0) {
		CU_ASSERT_EQUAL_FATAL(thole_stack_tx(lazy.stack, lazy.now, m, 1), 1);
		rte_pktmbuf_free(m[0]);
		n++;
	}
	CU_ASSERT_EQUAL(n, 20);
	CU_ASSERT_TRUE(rig_close(&lazy));
}

static const struct test_case cases[] = {
	{ "deadlines are never late", deadlines_are_never_late },
	{ "nothing to do", nothing_to_do },
	{ "time does not go back", time_does_not_go_back },
	{ "output in small pieces", output_in_small_pieces },
	{ NULL, NULL },
};
const struct test_suite suite_run = { "run", cases };
