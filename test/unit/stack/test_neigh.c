/* SPDX-License-Identifier: BSD-3-Clause */
/* test_neigh.c: next hops' hardware addresses: asked for, learned, old, gone, too many; and lies
 * about them. */
#include <errno.h>
#include <string.h>

#include <rte_byteorder.h>

#include "rig.h"
#include "stack/stack.h"

static struct rig r;

static uint16_t
entry(uint32_t host)
{
	return neigh_find(r.stack, rte_cpu_to_be_32(RIG_NET + host));
}

static uint8_t
state_of(uint32_t host)
{
	return entry(host) == NO_INDEX ? NEIGH_FREE : r.stack->neighs.entries[entry(host)].state;
}

static void
requests_for_us_are_answered(void)
{
	rig_open(&r, NULL);
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t ip = i == 0 ? RIG_US : RIG_NET + 99 + i;
		const struct rig_frame *f;

		CU_ASSERT_FALSE(rig_arp(&r, 1, 2, ip));
		CU_ASSERT_EQUAL(rig_pending(&r), 1);
		f = rig_take(&r);
		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		CU_ASSERT_EQUAL(get16(f->bytes + 20), 2);
		CU_ASSERT_EQUAL(f->bytes[5], 2);	   /* to who asked */
		CU_ASSERT_EQUAL(get32(f->bytes + 28), ip); /* about what was asked */
		CU_ASSERT_EQUAL(get32(f->bytes + 38), RIG_NET + 2);
	}
	/* A probe (RFC 5227) is answered, too, and teaches nothing. */
	CU_ASSERT_FALSE(rig_arp_as(&r, 1, 3, 0, RIG_US));
	CU_ASSERT_TRUE(rig_took_arp(&r, 2, 3, 0));
	/* Others' affairs. */
	CU_ASSERT_TRUE(rig_arp(&r, 1, 2, RIG_NET + 3));
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_arp_pkts, 5);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
asked_for_when_needed(void)
{
	rig_open(&r, NULL);
	rig_connect(&r, RIG_NET + 2, 80, 1);
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_NET + 2));
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	rig_connect(&r, RIG_NET + 2, 81, 2); /* the same question isn't asked twice */
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	rig_arp(&r, 2, 2, RIG_US);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN, NULL));
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN, NULL));
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_EQUAL(rig_stats(&r).arp_requests, 1);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
nobody_answers(void)
{
	struct thole_event ev;

	rig_open(&r, NULL);
	rig_connect(&r, RIG_NET + 2, 80, 7);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(rig_wait(&r, 10 * TIME_S) / TIME_MS, i == 0 ? 0 : 1000);
		CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_NET + 2));
		CU_ASSERT_EQUAL(rig_event(&r).type, 0);
	}
	rig_after(&r, TIME_S - TIME_MS);
	CU_ASSERT_EQUAL(rig_event(&r).type, 0);
	rig_after(&r, 2 * TIME_MS);
	ev = rig_event(&r);
	CU_ASSERT_EQUAL(ev.type, THOLE_EV_CLOSED);
	CU_ASSERT_EQUAL(ev.status, -EHOSTUNREACH);
	CU_ASSERT_EQUAL(ev.user, 7);
	CU_ASSERT_EQUAL(rig_stats(&r).arp_failures, 1);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 0);
	CU_ASSERT_EQUAL(state_of(2), NEIGH_FREE);
	CU_ASSERT_EQUAL(thole_stack_next_deadline(r.stack), THOLE_NEVER);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* An entry that is old is still used, while its owner is asked. */
static void
old_ones_are_confirmed(void)
{
	rig_open(&r, NULL);
	rig_know(&r, 2);
	rig_after(&r, r.config.arp_reachable_ns - TIME_MS);
	rig_connect(&r, RIG_NET + 2, 80, 1);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN, NULL));
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	rig_after(&r, 2 * TIME_MS);
	rig_connect(&r, RIG_NET + 2, 81, 2);
	CU_ASSERT_EQUAL(rig_pending(&r), 2);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN, NULL));
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 2, RIG_NET + 2)); /* asked alone (RFC 1122, 2.3.2.1) */
	CU_ASSERT_EQUAL(state_of(2), NEIGH_PROBING);
	rig_arp(&r, 2, 2, RIG_US);
	CU_ASSERT_EQUAL(state_of(2), NEIGH_REACHABLE);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
old_ones_that_are_silent_go(void)
{
	rig_open(&r, NULL);
	rig_know(&r, 2);
	rig_after(&r, r.config.arp_reachable_ns + TIME_MS);
	SEG(&r, .from = 2, .sport = 9, .dport = 9, .flags = TCP_SYN); /* to be answered with RST */
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_RST | TCP_ACK, NULL) ||
		       rig_took_seg(&r, 2, TCP_RST | TCP_ACK, NULL));
	rig_after(&r, 4 * TIME_S);
	CU_ASSERT_EQUAL(state_of(2), NEIGH_FREE);
	CU_ASSERT_EQUAL(rig_stats(&r).arp_requests, 1 + 3);
	rig_drop_output(&r);
	rig_connect(&r, RIG_NET + 2, 80, 1);
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_NET + 2)); /* of all again */
	CU_ASSERT_TRUE(rig_close(&r));
}

/* A connection that stands isn't lost with its next hop: what it has to send goes when that is
 * back. */
static void
connections_outlive_their_next_hop(void)
{
	struct thole_event ev;
	struct frame_tcp tcp;
	uint32_t iss;

	rig_open(&r, NULL);
	rig_know(&r, 2);
	rig_listen(&r, 80, 8);
	iss = rig_shake(&r, 2, 4000, 80, 100);
	ev = rig_until(&r, THOLE_EV_ACCEPTED);
	rig_after(&r, r.config.arp_reachable_ns + TIME_S);
	SEG(&r, .from = 2, .sport = 9, .dport = 9, .flags = TCP_SYN);
	rig_after(&r, 5 * TIME_S);
	CU_ASSERT_EQUAL(state_of(2), NEIGH_FREE);
	rig_drop_output(&r);
	CU_ASSERT_EQUAL(thole_app_send_copy(r.app, ev.conn, r.pool, "hello", 5), 5);
	rig_after(&r, 10 * TIME_S); /* asked for in vain */
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_NET + 2));
	CU_ASSERT_TRUE(rig_stats(&r).arp_failures >= 2);
	CU_ASSERT_EQUAL(rig_event(&r).type, 0);
	rig_drop_output(&r);
	for (int i = 0; i < 200 && rig_stats(&r).tx_data_bytes == 0; i++) {
		rig_wait(&r, 200 * TIME_S);
		rig_drop_output(&r);
		rig_arp(&r, 2, 2, RIG_US);
	}
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_PSH | TCP_ACK, &tcp));
	CU_ASSERT_EQUAL(tcp.seq, iss + 1);
	CU_ASSERT_TRUE(tcp.len > 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
four(struct thole_stack_config *c)
{
	c->max_neighbours = 4;
}

static void
a_full_table_gives_up_the_unused(void)
{
	rig_open(&r, four);
	for (uint32_t h = 2; h < 6; h++)
		rig_know(&r, h);
	rig_know(&r, 6); /* all were used: any may go */
	CU_ASSERT_EQUAL(state_of(6), NEIGH_REACHABLE);
	/* All but one are used again. */
	for (uint32_t h = 2; h < 7; h++)
		if (entry(h) != NO_INDEX && h != 6 && h != 4)
			SEG(&r, .from = h, .sport = 9, .dport = 9, .flags = TCP_SYN);
	for (uint32_t h = 10; h < 30; h++) {
		rig_know(&r, h);
		CU_ASSERT_EQUAL(state_of(h), NEIGH_REACHABLE);
	}
	CU_ASSERT_EQUAL(r.stack->neighs.pending, 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
what_is_used_stays(void)
{
	rig_open(&r, four);
	for (uint32_t h = 2; h < 6; h++)
		rig_know(&r, h);
	for (uint32_t h = 10; h < 30; h++) {
		SEG(&r, .from = 2, .sport = 9, .dport = 9,
			.flags = TCP_SYN); /* 2 is in use always */
		rig_know(&r, h);
		if (h > 10) /* the hand has been round once */
			CU_ASSERT_EQUAL(state_of(2), NEIGH_REACHABLE);
		if (state_of(2) == NEIGH_FREE)
			rig_know(&r, 2);
	}
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
big(struct thole_stack_config *c)
{
	c->max_neighbours = 200;
}

/* However many are in use: a new one gets in, in the end. */
static void
all_are_in_use(void)
{
	rig_open(&r, big);
	for (uint32_t h = 2; h < 100; h++)
		rig_know(&r, h);
	for (uint32_t h = 104; h < 206; h++)
		rig_know(&r, h);
	CU_ASSERT_EQUAL(r.stack->neighs.free, NO_INDEX);
	rig_connect(&r, RIG_NET + 220, 80, 1);
	for (int i = 0; i < 20 && state_of(220) == NEIGH_FREE; i++)
		rig_after(&r, TIME_S);
	CU_ASSERT_NOT_EQUAL(state_of(220), NEIGH_FREE);
	rig_drop_output(&r);
	rig_arp(&r, 2, 220, RIG_US);
	CU_ASSERT_TRUE(rig_took_seg(&r, 220, TCP_SYN, NULL));
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
one(struct thole_stack_config *c)
{
	c->max_neighbours = 1;
}

/* The first of a chain is a new record's hint: who isn't that is found all the same, and waits for
 * nobody else. */
static void
hint_of_another(void)
{
	uint32_t other = 3;

	rig_open(&r, NULL);
	rig_listen(&r, 80, 10);
	rig_know(&r, 2);
	while (neigh_head(r.stack, rte_cpu_to_be_32(RIG_NET + other)) !=
		neigh_head(r.stack, rte_cpu_to_be_32(RIG_NET + 2)))
		other++;
	CU_ASSERT_TRUE_FATAL(other < 100);
	for (int active = 0; active < 2; active++) {
		uint8_t flags = active ? TCP_SYN : TCP_SYN | TCP_ACK;

		CU_ASSERT_EQUAL(neigh_hint(r.stack, rte_cpu_to_be_32(RIG_NET + other)), entry(2));
		if (active)
			rig_connect(&r, RIG_NET + other, 80, 1);
		else
			SEG(&r, .from = other, .sport = 4000, .dport = 80, .flags = TCP_SYN);
		CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_NET + other));
		rig_know(&r, 2);
		CU_ASSERT_EQUAL(rig_pending(&r), 0);
		rig_arp(&r, 2, other, RIG_US);
		CU_ASSERT_TRUE(rig_took_seg(&r, other, flags, NULL));
		/* Both are there now, and the last that came stands first. */
		CU_ASSERT_EQUAL(neigh_hint(r.stack, rte_cpu_to_be_32(RIG_NET + 2)), entry(other));
		if (active)
			rig_connect(&r, RIG_NET + 2, 80, 2);
		else
			SEG(&r, .from = 2, .sport = 4000, .dport = 80, .flags = TCP_SYN);
		CU_ASSERT_TRUE(rig_took_seg(&r, 2, flags, NULL));
		CU_ASSERT_TRUE(rig_close(&r));
		rig_open(&r, NULL);
		rig_know(&r, 2);
	}
	CU_ASSERT_TRUE(rig_close(&r));
}

/* No room, because all are being asked for: who waits goes on as soon as there is. */
static void
no_room_while_asking(void)
{
	rig_open(&r, one);
	rig_connect(&r, RIG_NET + 2, 80, 1);
	rig_connect(&r, RIG_NET + 3, 80, 2);
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_NET + 2));
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	rig_arp(&r, 2, 2, RIG_US);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN, NULL));
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_NET + 3));
	rig_arp(&r, 2, 3, RIG_US);
	CU_ASSERT_TRUE(rig_took_seg(&r, 3, TCP_SYN, NULL));
	CU_ASSERT_TRUE(rig_close(&r));

	/* The same with one that is old and was asked again. */
	rig_open(&r, one);
	rig_know(&r, 2);
	rig_after(&r, r.config.arp_reachable_ns + TIME_MS);
	SEG(&r, .from = 2, .sport = 9, .dport = 9, .flags = TCP_SYN);
	CU_ASSERT_EQUAL(state_of(2), NEIGH_PROBING);
	rig_connect(&r, RIG_NET + 3, 80, 2);
	rig_drop_output(&r);
	rig_arp(&r, 2, 2, RIG_US);
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_NET + 3));
	CU_ASSERT_TRUE(rig_close(&r));
}

/* RFC 826: who asks for us is known from then on. */
static void
who_asks_for_us_is_known(void)
{
	rig_open(&r, NULL);
	rig_arp(&r, 1, 2, RIG_US);
	CU_ASSERT_TRUE(rig_took_arp(&r, 2, 2, RIG_NET + 2));
	CU_ASSERT_EQUAL(state_of(2), NEIGH_REACHABLE);
	rig_connect(&r, RIG_NET + 2, 80, 1);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN, NULL));
	CU_ASSERT_EQUAL(rig_stats(&r).arp_requests, 0);
	/* It counts as an answer if we asked at the same time, and it may have another card. */
	rig_connect(&r, RIG_NET + 3, 80, 1);
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_NET + 3));
	rig_arp(&r, 1, 3, RIG_NET + 101);
	CU_ASSERT_TRUE(rig_took_arp(&r, 2, 3, RIG_NET + 3));
	CU_ASSERT_TRUE(rig_took_seg(&r, 3, TCP_SYN, NULL));
	rig_arp_as(&r, 1, 7, RIG_NET + 3, RIG_US);
	rig_drop_output(&r);
	rig_connect(&r, RIG_NET + 3, 81, 1);
	CU_ASSERT_TRUE(rig_took_seg(&r, 7, TCP_SYN, NULL));
	/* Who asks for others, has no address yet, isn't on the link, or can't be a host. */
	rig_arp(&r, 1, 4, RIG_NET + 5);
	rig_arp_as(&r, 1, 4, 0, RIG_US);
	rig_arp_as(&r, 1, 4, RIG_OFF + 4, RIG_US);
	rig_arp(&r, 1, 255, RIG_US);
	rig_drop_output(&r);
	CU_ASSERT_EQUAL(state_of(4), NEIGH_FREE);
	CU_ASSERT_EQUAL(neigh_find(r.stack, 0), NO_INDEX);
	CU_ASSERT_EQUAL(neigh_find(r.stack, rte_cpu_to_be_32(RIG_OFF + 4)), NO_INDEX);
	CU_ASSERT_EQUAL(state_of(255), NEIGH_FREE);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* Nobody who is known goes for one who merely asks, and that one is the first to go. */
static void
who_asks_takes_nobodys_place(void)
{
	rig_open(&r, four);
	for (uint32_t h = 2; h < 5; h++)
		rig_know(&r, h);
	for (uint32_t h = 10; h < 30; h++)
		rig_arp(&r, 1, h, RIG_US);
	rig_drop_output(&r);
	for (uint32_t h = 2; h < 5; h++)
		CU_ASSERT_EQUAL(state_of(h), NEIGH_REACHABLE);
	CU_ASSERT_EQUAL(state_of(10), NEIGH_REACHABLE);
	CU_ASSERT_EQUAL(state_of(11), NEIGH_FREE);
	rig_know(&r, 6);
	CU_ASSERT_EQUAL(state_of(10), NEIGH_FREE);
	for (uint32_t h = 2; h < 5; h++)
		CU_ASSERT_EQUAL(state_of(h), NEIGH_REACHABLE);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
eight(struct thole_stack_config *c)
{
	c->max_neighbours = 8;
}

/* SYNs from many addresses that nobody has: those who are there are reached all the same. */
static void
the_unanswered_have_half(void)
{
	rig_open(&r, eight);
	rig_listen(&r, 80, 128);
	rig_know(&r, 2);
	rig_know(&r, 3);
	rig_know(&r, 4);
	for (uint32_t h = 110; h < 160; h++)
		SEG(&r, .from = h, .sport = 9, .dport = 80, .flags = TCP_SYN);
	CU_ASSERT_EQUAL(r.stack->neighs.incomplete, 4);
	rig_drop_output(&r);
	for (uint32_t h = 2; h < 5; h++)
		CU_ASSERT_EQUAL(state_of(h), NEIGH_REACHABLE);
	/* A new one that asks for us first, as hosts do. */
	rig_arp(&r, 1, 5, RIG_US);
	CU_ASSERT_TRUE(rig_took_arp(&r, 2, 5, RIG_NET + 5));
	SEG(&r, .from = 5, .sport = 9, .dport = 80, .flags = TCP_SYN);
	CU_ASSERT_TRUE(rig_took_seg(&r, 5, TCP_SYN | TCP_ACK, NULL));
	/* And the gateway. */
	SEG(&r, .from = RIG_OFF + 9, .sport = 9, .dport = 80, .flags = TCP_SYN);
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_GATEWAY));
	CU_ASSERT_EQUAL(r.stack->neighs.incomplete, 5);
	/* All the others get their turn. */
	for (int i = 0; i < 300 && r.stack->neighs.pending != 0; i++) {
		rig_after(&r, TIME_S);
		rig_drop_output(&r);
	}
	CU_ASSERT_EQUAL(r.stack->neighs.incomplete, 0);
	CU_ASSERT(rig_stats(&r).arp_failures >= 51);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* Replies wait for the address, the latest of them (RFC 1122, 2.3.2.2). */
static void
the_queue_is_bounded(void)
{
	struct frame_tcp tcp;

	rig_open(&r, NULL);
	for (uint16_t i = 0; i < NEIGH_QUEUE + 3; i++)
		SEG(&r, .from = 2, .sport = (uint16_t)(100 + i), .dport = 9, .flags = TCP_SYN);
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_NET + 2));
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_EQUAL(rig_stats(&r).tx_drop_neigh, 3);
	rig_arp(&r, 2, 2, RIG_US);
	for (uint16_t i = 3; i < NEIGH_QUEUE + 3; i++) {
		CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_RST | TCP_ACK, &tcp));
		CU_ASSERT_EQUAL(tcp.dport, 100 + i);
	}
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	/* And what waits when nobody answers is dropped. */
	SEG(&r, .from = 3, .sport = 100, .dport = 9, .flags = TCP_SYN);
	rig_after(&r, 5 * TIME_S);
	CU_ASSERT_EQUAL(rig_stats(&r).tx_drop_neigh, 4);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* And a stack that ends with packets that wait. */
static void
the_queue_at_the_end(void)
{
	rig_open(&r, NULL);
	SEG(&r, .from = 2, .sport = 100, .dport = 9, .flags = TCP_SYN);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
gratuitous_arp_is_heeded(void)
{
	rig_open(&r, NULL);
	rig_know(&r, 2);
	/* Host 2 has another card now: host 7's MAC. Both forms (RFC 5227, 3). */
	CU_ASSERT_TRUE(rig_arp_as(&r, 1, 7, RIG_NET + 2, RIG_NET + 2)); /* handed back */
	rig_connect(&r, RIG_NET + 2, 80, 1);
	CU_ASSERT_TRUE(rig_took_seg(&r, 7, TCP_SYN, NULL));
	CU_ASSERT_TRUE(rig_arp_as(&r, 2, 8, RIG_NET + 2, RIG_NET + 2));
	rig_connect(&r, RIG_NET + 2, 81, 1);
	CU_ASSERT_TRUE(rig_took_seg(&r, 8, TCP_SYN, NULL));
	/* Of whom we have nothing to do with nothing is kept. */
	CU_ASSERT_TRUE(rig_arp_as(&r, 1, 9, RIG_NET + 9, RIG_NET + 9));
	CU_ASSERT_EQUAL(state_of(9), NEIGH_FREE);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
lies_are_not_heeded(void)
{
	rig_open(&r, NULL);
	rig_know(&r, 2);
	/* Somebody says that our address is theirs. */
	CU_ASSERT_TRUE(rig_arp_as(&r, 1, 9, RIG_US, RIG_US) || rig_stats(&r).rx_drop_arp == 1);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_arp, 1);
	rig_arp_as(&r, 2, 9, RIG_NET + 101, RIG_US);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_arp, 2);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	/* A host off the link can't be a next hop. */
	rig_arp_as(&r, 2, 9, RIG_OFF + 9, RIG_US);
	CU_ASSERT_EQUAL(neigh_find(r.stack, rte_cpu_to_be_32(RIG_OFF + 9)), NO_INDEX);
	/* An answer that nobody asked for makes no entry. */
	rig_arp(&r, 2, 9, RIG_US);
	CU_ASSERT_EQUAL(state_of(9), NEIGH_FREE);
	rig_connect(&r, RIG_NET + 2, 80, 1);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN, NULL));
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
our_own_is_announced(void)
{
	struct thole_addr mapped = thole_addr_ip4(RIG_US), bare = { { 0 } };
	struct thole_addr others = thole_addr_ip4(RIG_NET + 2);
	const struct rig_frame *f;

	rig_open(&r, NULL);
	CU_ASSERT_EQUAL(thole_stack_announce(r.stack, &mapped), 0);
	CU_ASSERT_EQUAL(thole_stack_next_deadline(r.stack), 0);
	rig_turn(&r);
	f = rig_take(&r);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(get32(f->bytes + 28), RIG_US); /* from itself */
	r.taken--;
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_US));
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	/* Another's, and what isn't the mapped form of ours. */
	memcpy(&bare.b[12], &mapped.b[12], 4);
	CU_ASSERT_EQUAL(thole_stack_announce(r.stack, &others), -EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(thole_stack_announce(r.stack, &bare), -EADDRNOTAVAIL);
	for (uint32_t i = 0; i < REPLIES_MAX; i++)
		CU_ASSERT_EQUAL(thole_stack_announce(r.stack, &mapped), 0);
	CU_ASSERT_EQUAL(thole_stack_announce(r.stack, &mapped), -EAGAIN);
	CU_ASSERT_EQUAL(rig_stats(&r).arp_requests, 1 + REPLIES_MAX);
	CU_ASSERT_EQUAL(rig_stats(&r).tx_drop_replies, 0);
	CU_ASSERT_TRUE(rig_close(&r)); /* with all of them waiting */
}

static const struct test_case cases[] = {
	{ "requests for us are answered", requests_for_us_are_answered },
	{ "asked for when needed", asked_for_when_needed },
	{ "nobody answers", nobody_answers },
	{ "old ones are confirmed", old_ones_are_confirmed },
	{ "old ones that are silent go", old_ones_that_are_silent_go },
	{ "connections outlive their next hop", connections_outlive_their_next_hop },
	{ "a full table gives up the unused", a_full_table_gives_up_the_unused },
	{ "what is used stays", what_is_used_stays },
	{ "all are in use", all_are_in_use },
	{ "the hint is another's", hint_of_another },
	{ "no room while asking", no_room_while_asking },
	{ "who asks for us is known", who_asks_for_us_is_known },
	{ "who asks takes nobody's place", who_asks_takes_nobodys_place },
	{ "the unanswered have half", the_unanswered_have_half },
	{ "the queue is bounded", the_queue_is_bounded },
	{ "the queue at the end", the_queue_at_the_end },
	{ "gratuitous ARP is heeded", gratuitous_arp_is_heeded },
	{ "lies are not heeded", lies_are_not_heeded },
	{ "our own is announced", our_own_is_announced },
	{ NULL, NULL },
};
const struct test_suite suite_neigh = { "neigh", cases };
