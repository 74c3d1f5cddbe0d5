/* SPDX-License-Identifier: BSD-3-Clause */
/* test_local.c: which addresses are ours, and where a packet to another one goes first. */
#include <errno.h>

#include <rte_byteorder.h>

#include "rig.h"
#include "stack/stack.h"

static struct rig r;

static uint32_t
be(uint32_t ip)
{
	return rte_cpu_to_be_32(ip);
}

static void
addresses_have_indices(void)
{
	rig_open(&r, NULL);
	CU_ASSERT_EQUAL(local_find(r.stack, be(RIG_US)), 0);
	for (uint32_t i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(local_find(r.stack, be(RIG_NET + 100 + i)), 1 + i);
		CU_ASSERT_EQUAL(local_ip_be(r.stack, 1 + i), be(RIG_NET + 100 + i));
	}
	CU_ASSERT_EQUAL(local_ip_be(r.stack, 0), be(RIG_US));
	CU_ASSERT_EQUAL(local_find(r.stack, be(RIG_NET)), LOCAL_NONE);
	CU_ASSERT_EQUAL(local_find(r.stack, be(RIG_NET + 2)), LOCAL_NONE);
	CU_ASSERT_EQUAL(local_find(r.stack, be(RIG_NET + 99)), LOCAL_NONE);
	CU_ASSERT_EQUAL(local_find(r.stack, be(RIG_NET + 103)), LOCAL_NONE);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
two_links(struct thole_stack_config *c)
{
	r.addresses[1] = (struct thole_address){ thole_addr_ip4(0x0a010203), 1, 8 };
	(void)c;
}

static void
no_gateway(struct thole_stack_config *c)
{
	c->gateway = (struct thole_addr){ { 0 } };
}

static void
everything_on_link(struct thole_stack_config *c)
{
	r.addresses[0].prefix_len = 0;
	no_gateway(c);
}

static void
just_a_host(struct thole_stack_config *c)
{
	r.addresses[0].prefix_len = 32;
	c->nb_addresses = 1;
}

static void
next_hops(void)
{
	rig_open(&r, two_links);
	CU_ASSERT_EQUAL(route_next_hop(r.stack, be(RIG_NET + 7)), be(RIG_NET + 7));
	CU_ASSERT_EQUAL(route_next_hop(r.stack, be(0x0affffff)), be(0x0affffff));
	CU_ASSERT_EQUAL(route_next_hop(r.stack, be(RIG_OFF + 7)), be(RIG_GATEWAY));
	CU_ASSERT_EQUAL(route_source(r.stack, be(RIG_NET + 7)), 0);
	CU_ASSERT_EQUAL(route_source(r.stack, be(0x0a000001)), 1);
	CU_ASSERT_EQUAL(route_source(r.stack, be(RIG_OFF + 7)), 0); /* the gateway's link */
	CU_ASSERT_TRUE(rig_close(&r));

	rig_open(&r, no_gateway);
	CU_ASSERT_EQUAL(route_next_hop(r.stack, be(RIG_NET + 7)), be(RIG_NET + 7));
	CU_ASSERT_EQUAL(route_next_hop(r.stack, be(RIG_OFF + 7)), 0);
	CU_ASSERT_TRUE(rig_close(&r));

	rig_open(&r, everything_on_link);
	CU_ASSERT_EQUAL(route_next_hop(r.stack, be(RIG_OFF + 7)), be(RIG_OFF + 7));
	CU_ASSERT_TRUE(rig_close(&r));

	rig_open(&r, just_a_host);
	CU_ASSERT_EQUAL(route_next_hop(r.stack, be(RIG_NET + 7)), be(RIG_GATEWAY));
	CU_ASSERT_TRUE(rig_close(&r));
}

static int
connect_status(uint32_t ip)
{
	rig_connect(&r, ip, 80, 1);
	return rig_until(&r, THOLE_EV_CLOSED).status;
}

static void
no_way_to_such(void)
{
	rig_open(&r, no_gateway);
	CU_ASSERT_EQUAL(connect_status(RIG_OFF + 7), -ENETUNREACH);
	CU_ASSERT_EQUAL(connect_status(RIG_US), -ENETUNREACH);
	CU_ASSERT_EQUAL(connect_status(RIG_NET + 101), -ENETUNREACH);
	CU_ASSERT_EQUAL(connect_status(0x7f000001), -ENETUNREACH);
	CU_ASSERT_EQUAL(connect_status(0xe0000001), -ENETUNREACH);
	CU_ASSERT_EQUAL(connect_status(0xffffffff), -ENETUNREACH);
	CU_ASSERT_EQUAL(connect_status(0), -ENETUNREACH);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 0);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

static bool
connecting(uint32_t ip)
{
	rig_connect(&r, ip, 80, 1);
	rig_drop_output(&r);
	return rig_event(&r).type == 0;
}

static void
two_hosts(struct thole_stack_config *c)
{
	r.addresses[0].prefix_len = 31; /* 192.0.2.0 and .1 */
	r.addresses[0].count = 1;
	c->nb_addresses = 1;
	no_gateway(c);
}

static void
four_hosts(struct thole_stack_config *c)
{
	r.addresses[0].prefix_len = 30; /* 192.0.2.0 to .3 */
	c->nb_addresses = 1;
	no_gateway(c);
}

/* RFC 1122, 3.2.1.3 and 3.3.6; RFC 3021. */
static void
broadcast_of_a_link(void)
{
	rig_open(&r, two_links);
	CU_ASSERT_EQUAL(connect_status(RIG_NET), -ENETUNREACH);
	CU_ASSERT_EQUAL(connect_status(RIG_NET + 255), -ENETUNREACH);
	CU_ASSERT_EQUAL(connect_status(0x0affffff), -ENETUNREACH);
	CU_ASSERT_EQUAL(connect_status(0x0a000000), -ENETUNREACH);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_TRUE(connecting(0x0a0101ff));
	CU_ASSERT_TRUE(connecting(0x0a010100));
	CU_ASSERT_TRUE(connecting(RIG_OFF + 255)); /* of a link that we don't know of */
	CU_ASSERT_TRUE(rig_close(&r));

	rig_open(&r, four_hosts);
	CU_ASSERT_EQUAL(connect_status(RIG_NET), -ENETUNREACH);
	CU_ASSERT_EQUAL(connect_status(RIG_NET + 3), -ENETUNREACH);
	CU_ASSERT_TRUE(connecting(RIG_NET + 2));
	CU_ASSERT_TRUE(rig_close(&r));

	rig_open(&r, two_hosts);
	CU_ASSERT_TRUE(connecting(RIG_NET));
	CU_ASSERT_TRUE(rig_close(&r));

	rig_open(&r, just_a_host);
	CU_ASSERT_TRUE(connecting(RIG_NET));
	CU_ASSERT_TRUE(connecting(RIG_NET + 255));
	CU_ASSERT_TRUE(rig_close(&r));

	rig_open(&r, everything_on_link);
	CU_ASSERT_TRUE(connecting(RIG_OFF + 255));
	CU_ASSERT_TRUE(rig_close(&r));
}

/* Nothing that comes from there is answered, or asked after. */
static void
from_the_broadcast_of_a_link(void)
{
	static const uint32_t froms[] = { RIG_NET, RIG_NET + 255 };
	static const uint8_t flags[] = { TCP_SYN, TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST, 0 };
	const uint8_t echo[] = { 8, 0, 0xf7, 0xff, 0, 0, 0, 0 }, udp[8] = { 0, 9, 0, 9, 0, 8 };
	uint64_t n = 0;

	rig_open(&r, NULL);
	rig_listen(&r, 80, 8);
	for (unsigned int i = 0; i < RTE_DIM(froms); i++) {
		for (unsigned int k = 0; k < RTE_DIM(flags); k++) {
			SEG(&r, .from = froms[i], .sport = 9, .dport = 80, .flags = flags[k]);
			SEG(&r, .from = froms[i], .sport = 9, .dport = 81, .flags = flags[k]);
			n += 2;
		}
		CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_ip_source, n);
	}
	rig_ip(&r, 255, 1, echo, sizeof(echo));
	rig_ip(&r, 255, 17, udp, sizeof(udp));
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_ip_source, n + 2);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 0);
	CU_ASSERT_EQUAL(rig_stats(&r).arp_requests, 0);
	SEG(&r, .from = RIG_OFF + 255, .sport = 9, .dport = 80, .flags = TCP_SYN);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 1);
	CU_ASSERT_TRUE(rig_close(&r));

	rig_open(&r, two_hosts);
	rig_listen(&r, 80, 8);
	SEG(&r, .from = RIG_NET, .sport = 9, .dport = 80, .flags = TCP_SYN);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 1);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
through_the_gateway(void)
{
	struct frame_tcp tcp;

	rig_open(&r, NULL);
	rig_connect(&r, RIG_OFF + 7, 80, 1);
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_GATEWAY));
	rig_arp(&r, 2, 254, RIG_US);
	CU_ASSERT_TRUE(rig_took_seg(&r, 254, TCP_SYN, &tcp));
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
room_for_three(struct thole_stack_config *c)
{
	c->max_addresses = 3;
}

static void
room_for_one(struct thole_stack_config *c)
{
	c->max_addresses = 1;
}

static int
add(uint32_t first, uint32_t count)
{
	const struct thole_address a = { thole_addr_ip4(first), count, 24 };

	return thole_stack_address_add(r.stack, &a);
}

static int
drop(uint32_t first)
{
	const struct thole_addr a = thole_addr_ip4(first);

	return thole_stack_address_remove(r.stack, &a);
}

static void
addresses_come(void)
{
	struct thole_address wrong = { .count = 1, .prefix_len = 24 };

	rig_open(&r, room_for_three);
	CU_ASSERT_EQUAL(rig_listen(&r, 80, 4), 0);
	CU_ASSERT_TRUE(rig_arp(&r, 1, 2, RIG_NET + 50)); /* not ours yet */
	CU_ASSERT_EQUAL(add(RIG_NET + 50, 2), 0);
	CU_ASSERT_FALSE(rig_arp(&r, 1, 2, RIG_NET + 50));
	CU_ASSERT_FALSE(rig_arp(&r, 1, 2, RIG_NET + 51));
	CU_ASSERT_TRUE(rig_arp(&r, 1, 2, RIG_NET + 52));
	CU_ASSERT_EQUAL(local_find(r.stack, be(RIG_NET + 51)), 5);
	CU_ASSERT_EQUAL(local_ip_be(r.stack, 5), be(RIG_NET + 51));
	CU_ASSERT_EQUAL(add(RIG_NET + 60, 1), -ENOSPC);
	CU_ASSERT_EQUAL(add(RIG_NET + 49, 2), -EEXIST); /* from either side */
	CU_ASSERT_EQUAL(add(RIG_NET + 51, 9), -EEXIST);
	CU_ASSERT_EQUAL(add(RIG_NET + 253, 2), -EINVAL); /* the gateway */
	CU_ASSERT_EQUAL(add(RIG_NET + 60, 0), -EINVAL);
	CU_ASSERT_EQUAL(add(0xe0000001, 1), -EINVAL);
	CU_ASSERT_EQUAL(thole_stack_address_add(r.stack, &wrong), -EINVAL);
	CU_ASSERT_TRUE(rig_close(&r));

	rig_open(&r, NULL); /* no room asked for */
	CU_ASSERT_EQUAL(add(RIG_NET + 50, 1), -ENOSPC);
	CU_ASSERT_TRUE(rig_close(&r));

	rig_open(&r, room_for_one); /* and two that there are */
	CU_ASSERT_NOT_EQUAL(local_find(r.stack, be(RIG_NET + 100)), LOCAL_NONE);
	CU_ASSERT_EQUAL(add(RIG_NET + 50, 1), -ENOSPC);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* With connections in each kind of record, to the first range and to the other. */
static void
addresses_go(void)
{
	struct thole_event ev;

	rig_open(&r, room_for_three);
	CU_ASSERT_EQUAL(rig_listen(&r, 80, 8), 0);
	OP(&r, .type = THOLE_OP_LISTEN, .local = { thole_addr_ip4(RIG_US), 81 }, .bytes = 8);
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_LISTENING).status, 0);
	rig_know(&r, 2);
	rig_time_wait(&r, 2, 1000, 80, 100);
	rig_shake(&r, 2, 1001, 80, 100); /* seen by the application */
	ev = rig_until(&r, THOLE_EV_ACCEPTED);
	rig_shake(&r, 2, 1002, 81, 100); /* not seen */
	SEG(&r, .from = 2, .sport = 1003, .dport = 80, .flags = TCP_SYN, .seq = 100);
	rig_drop_output(&r);
	rig_connect(&r, RIG_NET + 9, 80, 1); /* as RIG_US; nobody answers */
	CU_ASSERT_TRUE(rig_took_arp(&r, 1, 0, RIG_NET + 9));
	OP(&r, .type = THOLE_OP_CONNECT, .local = { thole_addr_ip4(RIG_NET + 100), 0 },
		.remote = { thole_addr_ip4(RIG_NET + 2), 80 }, .user = 7);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_SYN, NULL));
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 4);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 1);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait, 1);

	CU_ASSERT_EQUAL(drop(RIG_NET + 101), -EADDRNOTAVAIL); /* not the first of its range */
	CU_ASSERT_EQUAL(drop(RIG_US), 0);
	CU_ASSERT_EQUAL(drop(RIG_US), -EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(add(RIG_NET + 70, 1), 0); /* the third: the first has RSTs to send */
	CU_ASSERT_EQUAL(local_find(r.stack, be(RIG_NET + 70)), 4);
	rig_turn(&r);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_RST | TCP_ACK, NULL));
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_RST | TCP_ACK, NULL));
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_EQUAL(rig_stats(&r).embryos, 0);
	CU_ASSERT_EQUAL(rig_stats(&r).time_wait, 0);
	CU_ASSERT_TRUE(rig_arp(&r, 1, 2, RIG_US)); /* another's affairs */
	for (unsigned int i = 0; i < 2; i++) {
		struct thole_event closed = rig_until(&r, THOLE_EV_CLOSED);

		CU_ASSERT_EQUAL(closed.status, -EADDRNOTAVAIL);
		CU_ASSERT(closed.conn == ev.conn || closed.user == 1);
	}
	CU_ASSERT_EQUAL(rig_event(&r).type, 0);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 2); /* that of .100, and the one that waits for ARP */
	/* The neighbour is asked for as one that is ours now. */
	rig_after(&r, r.config.arp_tries * r.config.arp_retry_ns);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 1);
	for (const struct rig_frame *f; (f = rig_take(&r)) != NULL;)
		if (frame_kind(f->bytes, f->len) == FRAME_ARP)
			CU_ASSERT_EQUAL(get32(f->bytes + 28), RIG_NET + 100);

	CU_ASSERT_EQUAL(add(RIG_US, 1), 0); /* again, with the indices that it had */
	CU_ASSERT_EQUAL(local_find(r.stack, be(RIG_US)), 0);
	rig_shake(&r, 2, 1001, 80, 500);
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_ACCEPTED).status, 0);
	CU_ASSERT_EQUAL(drop(RIG_NET + 100), 0);
	CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_CLOSED).user, 7);
	CU_ASSERT_EQUAL(drop(RIG_NET + 70), 0);
	CU_ASSERT_EQUAL(drop(RIG_US), -EBUSY); /* the last */
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 1);
	CU_ASSERT_TRUE(rig_close(&r));
}

static const struct test_case cases[] = {
	{ "addresses come", addresses_come },
	{ "addresses go", addresses_go },
	{ "addresses have indices", addresses_have_indices },
	{ "next hops", next_hops },
	{ "no way to such", no_way_to_such },
	{ "broadcast of a link", broadcast_of_a_link },
	{ "from the broadcast of a link", from_the_broadcast_of_a_link },
	{ "through the gateway", through_the_gateway },
	{ NULL, NULL },
};
const struct test_suite suite_local = { "local", cases };
