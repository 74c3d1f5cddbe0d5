/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/emit.h: what the emitters share, inline because it runs for every packet. Headers are
 * composed of 32-bit words in registers, which are stored and summed at once: nothing is read back.
 * For lib/wire only.
 */
#ifndef WIRE_EMIT_H
#define WIRE_EMIT_H

#include <stddef.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ip.h>

#include "base/csum.h"
#include "wire/wire.h"

#define WIRE_ETH_BYTES ((uint32_t)sizeof(struct rte_ether_hdr))
#define WIRE_IP4_BYTES ((uint32_t)sizeof(struct rte_ipv4_hdr))

/* The MAC addresses are copied to the frame as one. */
_Static_assert(offsetof(struct wire_path, dst_mac) == 0 && offsetof(struct wire_path, src_mac) == 6,
	"struct wire_path starts like an Ethernet header");

static inline void
wire_put16(uint8_t *p, uint16_t be)
{
	memcpy(p, &be, sizeof(be));
}

static inline void
wire_put32(uint8_t *p, uint32_t be)
{
	memcpy(p, &be, sizeof(be));
}

static inline uint16_t
wire_get16(const uint8_t *p)
{
	uint16_t be;

	memcpy(&be, p, sizeof(be));
	return be;
}

static inline uint32_t
wire_get32(const uint8_t *p)
{
	uint32_t be;

	memcpy(&be, p, sizeof(be));
	return be;
}

/** A sum of up to 2^16 32-bit words as a partial sum for csum.h's functions. */
static inline uint32_t
wire_sum(uint64_t words)
{
	return (uint32_t)((words >> 32) + ((words >> 16) & 0xffff) + (words & 0xffff));
}

/** The pseudo-header as a sum of 32-bit words: addresses; zero, protocol and length (RFC
 * 9293, 3.1). */
static inline uint64_t
wire_pseudo_words(uint32_t src_be, uint32_t dst_be, uint8_t proto, uint32_t l4_len)
{
	return (uint64_t)src_be + dst_be +
	       rte_cpu_to_be_32((uint32_t)proto << 16 | (l4_len & 0xffff));
}

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

/** Writes Ethernet and IPv4 headers at @p p for an IP payload of @p l4_len bytes. */
static inline void
wire_put_ip4(uint8_t *p, const struct wire_path *path, uint8_t proto, uint32_t l4_len)
{
	const uint32_t w0 = rte_cpu_to_be_32((uint32_t)RTE_IPV4_VHL_DEF << 24 |
					     (uint32_t)path->tos << 16 | (l4_len + WIRE_IP4_BYTES));
	const uint32_t w1 = RTE_BE32(RTE_IPV4_HDR_DF_FLAG);
	const uint32_t w2 = rte_cpu_to_be_32((uint32_t)WIRE_TTL << 24 | (uint32_t)proto << 16);
	uint16_t csum = 0;

	if (!path->offload_csum)
		csum = csum_fold(wire_sum((uint64_t)w0 + w1 + w2 + path->src_be + path->dst_be));
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
