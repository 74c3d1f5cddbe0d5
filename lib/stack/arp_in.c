/* SPDX-License-Identifier: BSD-3-Clause */
/* arp_in.c: ARP packets: answers, news of neighbours, requests for us (RFC 826, RFC 5227). */
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

/* @return true: taken. Others may want to see what isn't for us alone. */
bool
arp_input(struct thole_stack *s, struct rte_mbuf *m, const uint8_t *h, uint32_t avail)
{
	struct arp_pkt arp;
	bool for_us;
	uint16_t i;

	if (arp_parse(h, avail, &arp) != WIRE_OK) {
		s->stats.rx_drop_arp++;
		return true;
	}
	for_us = local_find(s, arp.target_be) != LOCAL_NONE;
	if (arp.sender_be != 0 && local_find(s, arp.sender_be) != LOCAL_NONE) {
		s->stats.rx_drop_arp++; /* somebody says that our address is theirs */
		return for_us;
	}
	if (arp.sender_be != 0 && route_next_hop(s, arp.sender_be) == arp.sender_be) {
		/* RFC 826: what we know is brought up to date; who asks for us will be talked to.
		 */
		i = neigh_find(s, arp.sender_be);
		if (i != NO_INDEX)
			neigh_learn(s, i, &arp.sender_mac);
	}
	if (for_us && arp.op == ARP_REQUEST)
		answer(s, &arp);
	if (for_us)
		s->stats.rx_arp_pkts++;
	(void)m;
	return for_us;
}
