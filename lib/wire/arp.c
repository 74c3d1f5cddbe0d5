/* SPDX-License-Identifier: BSD-3-Clause */
/* arp.c: ARP packets in and out. What is learned from them and when to ask is the neighbour
 * table's. */
#include <rte_arp.h>

#include "wire/arp.h"
#include "wire/emit.h"

#define ARP_FRAME_BYTES (WIRE_ETH_BYTES + (uint32_t)sizeof(struct rte_arp_hdr))

static bool
arp_sender_ip_bad(uint32_t ip)
{
	uint32_t first = ip >> 24;

	return (first >= 224 && first < 240) || first == 127 || ip == UINT32_MAX;
}

enum wire_drop
arp_parse(const uint8_t *h, uint32_t avail, struct arp_pkt *out)
{
	struct rte_arp_hdr arp;
	uint16_t op;

	if (avail < ARP_FRAME_BYTES)
		return WIRE_SHORT;
	memcpy(&arp, h + WIRE_ETH_BYTES, sizeof(arp));
	op = rte_be_to_cpu_16(arp.arp_opcode);
	if (arp.arp_hardware != RTE_BE16(RTE_ARP_HRD_ETHER) ||
		arp.arp_protocol != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
		arp.arp_hlen != sizeof(struct rte_ether_addr) || arp.arp_plen != sizeof(uint32_t) ||
		(op != ARP_REQUEST && op != ARP_REPLY))
		return WIRE_ARP;
	/* Neither group addresses nor zero are a host's (RFC 1812, 3.3.2 says so for routers). */
	if (!rte_is_valid_assigned_ether_addr(&arp.arp_data.arp_sha) ||
		arp_sender_ip_bad(rte_be_to_cpu_32(arp.arp_data.arp_sip)))
		return WIRE_ARP;
	out->op = (enum arp_op)op;
	out->sender_mac = arp.arp_data.arp_sha;
	out->sender_be = arp.arp_data.arp_sip;
	out->target_be = arp.arp_data.arp_tip;
	return WIRE_OK;
}

void
arp_emit(struct rte_mbuf *m, enum arp_op op, const struct rte_ether_addr *src_mac,
	uint32_t sender_be, const struct rte_ether_addr *dst_mac, uint32_t target_be)
{
	struct rte_arp_hdr arp = {
		.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
		.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = sizeof(struct rte_ether_addr),
		.arp_plen = sizeof(uint32_t),
		.arp_opcode = rte_cpu_to_be_16((uint16_t)op),
		.arp_data = { .arp_sha = *src_mac, .arp_sip = sender_be, .arp_tip = target_be },
	};
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

	/* A request doesn't know the target's hardware address: zero (RFC 5227, 1.1 and 2.3). */
	if (op == ARP_REPLY)
		arp.arp_data.arp_tha = *dst_mac;
	RTE_ASSERT(m->data_len == 0 && rte_pktmbuf_tailroom(m) >= ARP_FRAME_BYTES);
	memcpy(p, dst_mac, sizeof(*dst_mac));
	memcpy(p + 6, src_mac, sizeof(*src_mac));
	wire_put16(p + 12, RTE_BE16(RTE_ETHER_TYPE_ARP));
	memcpy(p + WIRE_ETH_BYTES, &arp, sizeof(arp));
	m->data_len = (uint16_t)ARP_FRAME_BYTES;
	m->pkt_len = ARP_FRAME_BYTES;
	m->ol_flags = 0;
}
