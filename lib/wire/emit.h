/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/emit.h: what the emitters share, inline because it runs for every packet. Headers are
 * composed of 32-bit words in registers, which are stored and summed at once: nothing is read back.
 */
#ifndef WIRE_EMIT_H
#define WIRE_EMIT_H

#include <stddef.h>

#include <rte_ip.h>

#include "base/csum.h"
#include "wire/bytes.h"
#include "wire/wire.h"

_Static_assert(
	WIRE_IP4_BYTES == sizeof(struct rte_ipv4_hdr), "DPDK's header has no options either");
/* The MAC addresses are copied to the frame as one. */
_Static_assert(offsetof(struct wire_path, dst_mac) == 0 && offsetof(struct wire_path, src_mac) == 6,
	"struct wire_path starts like an Ethernet header");

/** Makes room for @p bytes of headers in front of the data. */
static inline uint8_t *
wire_prepend(struct rte_mbuf *m, uint32_t bytes)
{
	RTE_ASSERT(bytes <= m->data_off);
	m->data_off = (uint16_t)(m->data_off - bytes);
	m->data_len = (uint16_t)(m->data_len + bytes);
	m->pkt_len += bytes;
	return rte_pktmbuf_mtod(m, uint8_t *);
}

/** Makes a packet of @p bytes of headers of @p m, of which nothing is set. */
static inline uint8_t *
wire_first(struct rte_mbuf *m, uint32_t bytes)
{
	m->data_off = (uint16_t)(RTE_PKTMBUF_HEADROOM - bytes);
	m->port = RTE_MBUF_PORT_INVALID;
	m->packet_type = 0;
	m->pkt_len = bytes;
	m->data_len = (uint16_t)bytes;
	return (uint8_t *)m->buf_addr + (RTE_PKTMBUF_HEADROOM - bytes);
}

/** Writes Ethernet and IPv4 headers at @p p for an IP payload of @p l4_len bytes. */
static inline void
wire_put_ip4(uint8_t *p, const struct wire_path *path, uint8_t proto, uint32_t l4_len)
{
	const uint32_t w0 = rte_cpu_to_be_32((uint32_t)RTE_IPV4_VHL_DEF << 24 |
					     (uint32_t)path->tos << 16 | (l4_len + WIRE_IP4_BYTES));
	const uint32_t w1 = RTE_BE32(RTE_IPV4_HDR_DF_FLAG);
	const uint32_t w2 = wire_word(path->ttl, proto, 0, 0);
	uint16_t csum = 0;

	if (!path->offload_csum)
		csum = csum_fold((uint64_t)w0 + w1 + w2 + path->src_be + path->dst_be);
	memcpy(p, path, 2 * sizeof(struct rte_ether_addr));
	wire_put16(p + 12, RTE_BE16(RTE_ETHER_TYPE_IPV4));
	wire_put32(p + 14, w0);
	wire_put32(p + 18, w1);
	wire_put32(p + 22, w2);
	wire_put16(p + 24, csum);
	wire_put32(p + 26, path->src_be);
	wire_put32(p + 30, path->dst_be);
}

#endif
