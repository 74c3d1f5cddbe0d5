/* SPDX-License-Identifier: BSD-3-Clause */
/* whose.c: see whose.h. */
#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_icmp.h>

#include "port/whose.h"
#include "wire/bytes.h"
#include "wire/ip4.h"

#define ICMP_BYTES ((uint32_t)sizeof(struct rte_icmp_hdr))
#define LOOK	   (WIRE_ETH_BYTES + WIRE_IP4_BYTES + 4) /* up to the ports */
/* Of an ICMP error: one that quotes a header with options, and ports. */
#define LOOK_ERROR (WIRE_ETH_BYTES + WIRE_IP4_BYTES + ICMP_BYTES + 60 + 4)

enum error_type {
	TYPE_UNREACHABLE = 3,
	TYPE_TIME_EXCEEDED = 11,
	TYPE_PARAMETER = 12,
};

static inline uint16_t
port_at(const uint8_t *p)
{
	return rte_be_to_cpu_16(wire_get16(p));
}

/* An error's quotation is of a packet that we sent: the flow the other way round. */
static int
whose_error(const struct owners *o, const struct rte_mbuf *m)
{
	uint8_t scratch[LOOK_ERROR];
	uint32_t avail, header;
	const uint8_t *icmp =
		wire_headers(m, LOOK_ERROR, scratch, &avail) + WIRE_ETH_BYTES + WIRE_IP4_BYTES;
	const uint8_t *ip = icmp + ICMP_BYTES;

	avail -= WIRE_ETH_BYTES + WIRE_IP4_BYTES;
	if (avail < ICMP_BYTES + WIRE_IP4_BYTES)
		return WHOSE_ANYONE;
	if (icmp[0] != TYPE_UNREACHABLE && icmp[0] != TYPE_TIME_EXCEEDED &&
		icmp[0] != TYPE_PARAMETER)
		return WHOSE_ANYONE;
	header = (ip[0] & 15U) * 4;
	if (ip[0] >> 4 != 4 || header < WIRE_IP4_BYTES || ip[9] != IPPROTO_TCP ||
		avail < ICMP_BYTES + header + 4)
		return WHOSE_ANYONE;
	return o->reta[owners_entry(o, wire_get32(ip + 16), wire_get32(ip + 12),
		port_at(ip + header + 2), port_at(ip + header))];
}

int
whose(const struct owners *o, const struct rte_mbuf *m)
{
	uint8_t scratch[LOOK];
	uint32_t avail;
	const uint8_t *h = wire_headers(m, LOOK, scratch, &avail);
	const uint8_t *ip = h + WIRE_ETH_BYTES, *l4 = ip + WIRE_IP4_BYTES;

	if (avail < WIRE_ETH_BYTES)
		return WHOSE_ANYONE;
	if (unlikely(wire_get16(h + 12) != RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		return wire_get16(h + 12) == RTE_BE16(RTE_ETHER_TYPE_ARP) ? WHOSE_ALL
									  : WHOSE_ANYONE;
	/* Options and fragments no stack takes. */
	if (avail < LOOK || ip[0] != 0x45 || (wire_get16(ip + 6) & IP4_FRAGMENT) != 0)
		return WHOSE_ANYONE;
	if (likely(ip[9] == IPPROTO_TCP))
		return o->reta[owners_entry(
			o, wire_get32(ip + 12), wire_get32(ip + 16), port_at(l4), port_at(l4 + 2))];
	if (ip[9] == IPPROTO_ICMP)
		return whose_error(o, m);
	return WHOSE_ANYONE;
}
