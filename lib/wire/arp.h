/* SPDX-License-Identifier: BSD-3-Clause */
/* arp.h: ARP for IPv4 over Ethernet (RFC 826, RFC 5227). */
#ifndef WIRE_ARP_H
#define WIRE_ARP_H

#include "wire/wire.h"

enum arp_op {
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

struct arp_pkt {
	enum arp_op op;
	struct rte_ether_addr sender_mac;
	uint32_t sender_be;
	uint32_t target_be;
};

/**
 * Parses the frame @p h. Drops: short, other hardware or protocol, an op we don't know, a sender's
 * hardware address that is multicast or zero, a sender's protocol address that is multicast,
 * broadcast or loopback. Sender 0.0.0.0 is a probe (RFC 5227) and good.
 */
enum wire_drop arp_parse(const uint8_t *h, uint32_t avail, struct arp_pkt *out);

/** Writes a whole ARP frame into the empty @p m. @p dst_mac broadcast for requests. */
void arp_emit(struct rte_mbuf *m, enum arp_op op, const struct rte_ether_addr *src_mac,
	uint32_t sender_be, const struct rte_ether_addr *dst_mac, uint32_t target_be);

#endif
