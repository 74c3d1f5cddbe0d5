/* SPDX-License-Identifier: BSD-3-Clause */
/* test_tombstones.c: TIME-WAIT for 2 MSL, in order, bounded, restarted and reused as RFC 9293 has
 * it. */
#include "rig.h"
#include "stack/stack.h"

static struct rig r;

#define IRS 70000

static void
open_rig(void (*tune)(struct thole_stack_config *c))
{
	rig_open(&r, tune);
	rig_know(&r, 2);
	rig_listen(&r, 80, 100);
}

static void
for_two_msl(void)
{
	open_rig(NULL);
	for (uint16_t i = 0; i < 5; i++) {
		rig_time_wait(&r, 2, (uint16_t)(4000 + i), 80, IRS);
		rig_after(&r, TIME_S);
	}
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait, 5);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 0);
	CU_ASSERT_EQUAL(rig_stats(&r).orphans, 0);
	rig_after(&r, 55 * TIME_S - TIME_MS);
	for (uint64_t i = 5; i > 0; i--) { /* the first first */
		CU_ASSERT_EQUAL(rig_stats(&r).time_wait, i);
		rig_after(&r, 2 * TIME_MS);
		CU_ASSERT_EQUAL(rig_stats(&r).time_wait, i - 1);
		rig_after(&r, TIME_S - 2 * TIME_MS);
	}
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait_min_age_ns, 60 * TIME_S);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait_peak, 5);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait_evicted, 0);
	CU_ASSERT_EQUAL(r.stack->table.entries, 0);
	CU_ASSERT_EQUAL(thole_stack_next_deadline(r.stack), THOLE_NEVER);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
three(struct thole_stack_config *c)
{
	c->max_time_wait = 3;
}

static void
the_oldest_goes_first(void)
{
	open_rig(three);
	for (uint16_t i = 0; i < 5; i++) {
		rig_time_wait(&r, 2, (uint16_t)(4000 + i), 80, IRS);
		rig_after(&r, TIME_S);
	}
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait, 3);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait_evicted, 2);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait_min_age_ns, 3 * TIME_S);
	/* The FIN again: the first two have gone, the others answer. */
	for (uint16_t i = 0; i < 5; i++) {
		SEG(&r, .from = 2, .sport = (uint16_t)(4000 + i), .dport = 80,
			.flags = TCP_FIN | TCP_ACK, .seq = IRS + 1, .ack = 1);
		CU_ASSERT_TRUE(rig_took_seg(&r, 2, i < 2 ? TCP_RST : TCP_ACK, NULL));
	}
	CU_ASSERT_TRUE(rig_close(&r));
}

/* A FIN that comes again is acknowledged again, and 2 MSL start anew (RFC 9293, 3.10.7.4). */
static void
a_fin_restarts_it(void)
{
	struct frame_tcp tcp;
	uint32_t nxt;

	open_rig(NULL);
	nxt = rig_time_wait(&r, 2, 4000, 80, IRS);
	rig_time_wait(&r, 2, 4001, 80, IRS);
	rig_after(&r, 50 * TIME_S);
	rig_drop_output(&r);
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_FIN | TCP_ACK, .seq = IRS + 1,
		.ack = nxt);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_ACK, &tcp) || rig_took_seg(&r, 2, TCP_ACK, &tcp));
	CU_ASSERT_EQUAL(tcp.seq, nxt);
	CU_ASSERT_EQUAL(tcp.ack, IRS + 2);
	rig_arp(&r, 2, 2, RIG_US);
	rig_after(&r, 11 * TIME_S);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait, 1);
	rig_after(&r, 50 * TIME_S);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait, 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
what_it_ignores(void)
{
	uint32_t nxt;

	open_rig(NULL);
	nxt = rig_time_wait(&r, 2, 4000, 80, IRS);
	/* RFC 1337: a RST doesn't end it. */
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_RST, .seq = IRS + 2);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait, 1);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_ACK, .seq = IRS + 2,
		.ack = nxt);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	/* An old SYN is answered with what we expect. */
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_SYN, .seq = IRS);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_ACK, NULL));
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait, 1);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait_reused, 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* A SYN beyond all that was opens a new connection, beyond all that we sent (RFC 9293, 3.6.1). */
static void
a_new_syn_reuses_it(void)
{
	struct frame_tcp tcp;
	uint32_t nxt;

	open_rig(NULL);
	nxt = rig_time_wait(&r, 2, 4000, 80, IRS);
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_SYN, .seq = IRS + 5000);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN | TCP_ACK, &tcp));
	CU_ASSERT_TRUE((int32_t)(tcp.seq - nxt) > 0);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait, 0);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait_reused, 1);
	SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_ACK, .seq = IRS + 5001,
		.ack = tcp.seq + 1);
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_ACCEPTED).remote.port, 4000);
	CU_ASSERT_EQUAL(r.stack->table.entries, 1);
	CU_ASSERT_TRUE(rig_close(&r));
}

static const struct test_case cases[] = {
	{ "for two MSL", for_two_msl },
	{ "the oldest goes first", the_oldest_goes_first },
	{ "a FIN restarts it", a_fin_restarts_it },
	{ "what it ignores", what_it_ignores },
	{ "a new SYN reuses it", a_new_syn_reuses_it },
	{ NULL, NULL },
};
const struct test_suite suite_tombstones = { "tombstones", cases };
