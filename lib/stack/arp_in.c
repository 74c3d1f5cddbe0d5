/* SPDX-License-Identifier: BSD-3-Clause */
/* arp_in.c: ARP packets: answers, news of neighbours, requests for us (RFC 826, RFC 5227); and what
 * we say of ourselves unasked. */
#include <errno.h>

#include "stack/stack.h"
#include "wire/arp.h"

static void
answer(struct thole_stack *s, const struct arp_pkt *arp)
{
	struct rte_mbuf *m = mbufs_get(&s->mbufs);

	if (m == NULL)
		return;
	arp_emit(m, ARP_REPLY, &s->cfg.mac, arp->target_be, &arp->sender_mac, arp->sender_be);
	reply_push(s, m);
}

static bool
is_neighbour(const struct thole_stack *s, uint32_t ip_be)
{
	return ip_be != 0 && route_next_hop(s, ip_be) == ip_be && !local_is_broadcast(s, ip_be);
}

/* RFC 826: what we know is brought up to date; who asks for us will be talked to. */
static void
learn(struct thole_stack *s, const struct arp_pkt *arp, uint32_t target)
{
	uint16_t i;

	if (target != LOCAL_NONE && arp->op == ARP_REQUEST) {
		neigh_meet(s, arp->sender_be, target, &arp->sender_mac);
		return;
	}
	i = neigh_find(s, arp->sender_be);
	if (i != NO_INDEX)
		neigh_learn(s, i, &arp->sender_mac);
}

/* @return true: taken. Others may want to see what isn't for us alone. */
bool
arp_input(struct thole_stack *s, struct rte_mbuf *m, const uint8_t *h, uint32_t avail)
{
	struct arp_pkt arp;
	uint32_t target;
	bool for_us;

	if (arp_parse(h, avail, &arp) != WIRE_OK) {
		s->stats.rx_drop_arp++;
		return true;
	}
	target = local_find(s, arp.target_be);
	for_us = target != LOCAL_NONE;
	if (arp.sender_be != 0 && local_find(s, arp.sender_be) != LOCAL_NONE) {
		s->stats.rx_drop_arp++; /* somebody says that our address is theirs */
		return for_us;
	}
	if (is_neighbour(s, arp.sender_be))
		learn(s, &arp, target);
	if (for_us && arp.op == ARP_REQUEST)
		answer(s, &arp);
	if (for_us)
		s->stats.rx_arp_pkts++;
	(void)m;
	return for_us;
}

int
thole_stack_announce(struct thole_stack *s, const struct thole_addr *addr)
{
	static const struct rte_ether_addr all = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	const uint32_t ip_be = rte_cpu_to_be_32(ip4_of(addr));
	struct thole_addr mapped;
	struct rte_mbuf *m;

	ip4_set(&mapped, ip_be);
	if (memcmp(&mapped, addr, sizeof(mapped)) != 0 || local_find(s, ip_be) == LOCAL_NONE)
		return -EADDRNOTAVAIL;
	if (s->replies_n == REPLIES_MAX)
		return -EAGAIN;
	m = mbufs_get(&s->mbufs);
	if (m == NULL)
		return -ENOBUFS;
	arp_emit(m, ARP_REQUEST, &s->cfg.mac, ip_be, &all, ip_be);
	s->stats.arp_requests++;
	reply_push(s, m);
	return 0;
}
