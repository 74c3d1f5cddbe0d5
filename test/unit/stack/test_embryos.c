/* SPDX-License-Identifier: BSD-3-Clause */
/* test_embryos.c: handshakes under way: repeated by the clock, given up, and never more than there
 * is room for. */
#include "rig.h"
#include "stack/stack.h"

static struct rig r;

static void
syn(uint16_t sport)
{
	SEG(&r, .from = 2, .sport = sport, .dport = 80, .flags = TCP_SYN, .seq = 1000);
}

static void
open_rig(void (*tune)(struct thole_stack_config *c))
{
	rig_open(&r, tune);
	rig_know(&r, 2);
	rig_listen(&r, 80, 1000);
}

/* 1 s, 2 s, 4 s, ... after each other, until 3 minutes are over (RFC 6298, 5.5; RFC 9293, 3.8.3).
 */
static void
back_off_and_give_up(void)
{
	uint64_t from;

	open_rig(NULL);
	syn(4000);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN | TCP_ACK, NULL));
	from = r.now;
	for (uint64_t s = 1; s <= 64; s *= 2) {
		CU_ASSERT_TRUE(rig_wait(&r, 100 * TIME_S) / TIME_MS - s * 1000 <= 1);
		CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN | TCP_ACK, NULL));
		rig_know(&r, 2); /* it doesn't grow old */
	}
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 1);
	CU_ASSERT_EQUAL(rig_stats(&r).retransmits, 7);
	CU_ASSERT_EQUAL(rig_stats(&r).tx_syn_acks, 8);
	rig_after(&r, from + 179 * TIME_S - r.now);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 1);
	rig_after(&r, 2 * TIME_S);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 0);
	CU_ASSERT_EQUAL(rig_stats(&r).timeouts, 1);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 0);
	rig_drop_output(&r);
	/* Its ACK comes too late. */
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_ACK, .seq = 1001, .ack = 5);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_RST, NULL) || rig_took_seg(&r, 2, TCP_RST, NULL));
	CU_ASSERT_TRUE(rig_close(&r));
}

/* Many, begun at different times: each by its own clock, whatever the others do. */
static void
each_by_its_own_clock(void)
{
	uint64_t began[40], last[40];
	unsigned int n[40] = { 0 };
	const struct rig_frame *f;

	open_rig(NULL);
	for (uint16_t i = 0; i < 40; i++) {
		syn((uint16_t)(4000 + i));
		began[i] = last[i] = r.now;
		rig_after(&r, 130 * TIME_MS);
	}
	rig_after(&r, 25 * TIME_S);
	while ((f = rig_take(&r)) != NULL) {
		unsigned int i = get16(f->bytes + 36) - 4000u;

		CU_ASSERT_TRUE_FATAL(i < 40);
		CU_ASSERT_EQUAL(f->bytes[47], TCP_SYN | TCP_ACK);
		if (n[i] != 0) /* 1, 3, 7, 15 s from the first */
			CU_ASSERT_TRUE(
				(f->at_ns - began[i]) / TIME_MS - ((1u << n[i]) - 1) * 1000 <=
				n[i]);
		CU_ASSERT_TRUE(f->at_ns >= last[i]);
		last[i] = f->at_ns;
		n[i]++;
	}
	for (int i = 0; i < 40; i++)
		CU_ASSERT_EQUAL(n[i], 5);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
three(struct thole_stack_config *c)
{
	c->max_embryos = 3;
	c->tcp.syn_cookies = THOLE_SYN_COOKIES_OFF;
}

static void
no_more_than_there_is_room_for(void)
{
	open_rig(three);
	for (uint16_t i = 0; i < 5; i++)
		syn((uint16_t)(4000 + i));
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 3);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_embryos, 2);
	CU_ASSERT_EQUAL(rig_pending(&r), 3);
	/* One goes back to LISTEN: there is room for another. */
	SEG(&r, .from = 2, .sport = 4001, .dport = 80, .flags = TCP_RST, .seq = 1001);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 2);
	rig_drop_output(&r);
	syn(4010);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 3);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN | TCP_ACK, NULL));
	rig_after(&r, 200 * TIME_S);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 0);
	CU_ASSERT_EQUAL(r.stack->table.entries, 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* One that ends while it still owes a SYN-ACK: nothing goes out for it, and the record is free. */
static void
ended_while_it_owes(void)
{
	struct rte_mbuf *pkts[8];

	rig_open(&r, NULL); /* host 2 is not known: the SYN-ACK waits */
	rig_listen(&r, 80, 10);
	syn(4000);
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_NET + 2));
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_RST, .seq = 1001);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 0);
	rig_arp(&r, 2, 2, RIG_US);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_EQUAL(r.stack->embryos.in_use, 0);
	CU_ASSERT_EQUAL(thole_stack_tx(r.stack, r.now, pkts, 8), 0);
	CU_ASSERT_TRUE(thole_stack_next_deadline(r.stack) > r.now);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* However long it may take, each wait is twice the one before or what is left, and all are that. */
static void
give_up_times(void)
{
	static const uint64_t give_up[] = { 1, 999, 1000, 1001, 3000, 60000, 180000, 3600000 };
	struct thole_tcp_params *p;

	open_rig(NULL);
	p = &r.stack->env.params;
	for (unsigned int i = 0; i < RTE_DIM(give_up); i++) {
		uint64_t sum = 0;

		p->syn_ack_give_up_ns = give_up[i] * TIME_MS;
		embryos_init(r.stack);
		for (unsigned int k = 0; k < EMBRYO_STEPS; k++) {
			uint64_t wait = r.stack->embryo_wait_ms[k], left = give_up[i] - sum;
			uint64_t full = RTE_MIN(UINT64_C(1000) << k, p->rto_max_ns / TIME_MS);

			CU_ASSERT_EQUAL(wait, k == EMBRYO_STEPS - 1 ? left : RTE_MIN(full, left));
			sum += wait;
		}
		CU_ASSERT_EQUAL(sum, give_up[i]);
	}
	CU_ASSERT_TRUE(rig_close(&r));
}

static const struct test_case cases[] = {
	{ "back-off and give-up", back_off_and_give_up },
	{ "each by its own clock", each_by_its_own_clock },
	{ "no more than there is room for", no_more_than_there_is_room_for },
	{ "ended while it owes", ended_while_it_owes },
	{ "give-up times", give_up_times },
	{ NULL, NULL },
};
const struct test_suite suite_embryos = { "embryos", cases };
