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
#include "base/mbufs.h"
#include "wire/bytes.h"
#include "wire/wire.h"

_Static_assert(
	WIRE_IP4_BYTES == sizeof(struct rte_ipv4_hdr), "DPDK's header has no options either");
/* The frame's first 16 bytes are copied as one. */
#define WIRE_START_BYTES 16
_Static_assert(offsetof(struct wire_path, dst_mac) == 0 &&
		       offsetof(struct wire_path, src_mac) == 6 &&
		       offsetof(struct wire_path, ether_type_be) == 12 &&
		       offsetof(struct wire_path, tos) == WIRE_START_BYTES - 1,
	"struct wire_path starts like a frame");
_Static_assert(offsetof(struct wire_path, ttl) == offsetof(struct wire_path, fragment_be) + 2 &&
		       offsetof(struct wire_path, proto) == offsetof(struct wire_path, ttl) + 1,
	"and has a word of the IP header");
_Static_assert(offsetof(struct rte_mbuf, vlan_tci) == offsetof(struct rte_mbuf, data_len) + 2,
	"what is said of a first packet is stored in words");

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

/**
 * Makes a packet of @p bytes of headers of @p m, which is as mbufs_take() gives it: what is known
 * of it is said again, with the rest of the word.
 */
static __rte_always_inline uint8_t *
wire_first(struct rte_mbuf *m, uint32_t bytes)
{
	const struct {
		uint16_t data_len, vlan_tci;
	} len = { (uint16_t)bytes, 0 };

	mbufs_rearm(m, (uint16_t)(RTE_PKTMBUF_HEADROOM - bytes));
	m->packet_type = 0;
	m->pkt_len = bytes;
	memcpy((uint8_t *)m + offsetof(struct rte_mbuf, data_len), &len, sizeof(len));
	return (uint8_t *)m->buf_addr + (RTE_PKTMBUF_HEADROOM - bytes);
}

/* The IPv4 header's length with the identification, which is 0; its fragment field, TTL, protocol.
 */
static __rte_always_inline uint32_t
wire_ip4_len_word(uint32_t l4_len)
{
	return wire_half(rte_cpu_to_be_16((uint16_t)(l4_len + WIRE_IP4_BYTES)));
}

static __rte_always_inline uint32_t
wire_ip4_ttl_word(const struct wire_path *path, uint8_t proto)
{
	return wire_get32((const uint8_t *)path + offsetof(struct wire_path, fragment_be)) |
	       wire_word(0, 0, 0, proto);
}

/* Where the IPv4 header's checksum is in a frame. */
#define WIRE_IP4_CSUM (WIRE_ETH_BYTES + 10)

/* Writes the addresses of a frame at @p p. @return their sum. */
static __rte_always_inline uint64_t
wire_put_addrs(uint8_t *p, const struct wire_path *path)
{
	const uint32_t src = path->src_be, dst = path->dst_be;

	wire_put32(p + 26, src);
	wire_put32(p + 30, dst);
	return (uint64_t)src + dst;
}

/* And what is before them, but for the checksum. @return the sum of the IPv4 header's part. */
static __rte_always_inline uint64_t
wire_put_rest(uint8_t *p, const struct wire_path *path, uint8_t proto, uint32_t l4_len)
{
	const uint32_t len = wire_ip4_len_word(l4_len), ttl = wire_ip4_ttl_word(path, proto);

	memcpy(p, path, WIRE_START_BYTES);
	wire_put32(p + 16, len);
	wire_put32(p + 20, ttl);
	return (uint64_t)len + ttl +
	       wire_get16((const uint8_t *)path + offsetof(struct wire_path, vhl));
}

/** Writes Ethernet and IPv4 headers at @p p for an IP payload of @p l4_len bytes. */
static inline void
wire_put_ip4(uint8_t *p, const struct wire_path *path, uint8_t proto, uint32_t l4_len)
{
	uint64_t sum = wire_put_addrs(p, path);

	sum += wire_put_rest(p, path, proto, l4_len);
	wire_put16(p + WIRE_IP4_CSUM, path->offload_csum ? 0 : csum_fold(sum));
}

#endif
