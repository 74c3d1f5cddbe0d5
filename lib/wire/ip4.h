/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip4.h: IPv4 headers (RFC 791, RFC 1122 3.2). The ethertype and whether the destination is ours
 * are the caller's to judge. Each drop is decided by the first rule broken, in the order of the
 * code. Inline: it runs for every packet.
 */
#ifndef WIRE_IP4_H
#define WIRE_IP4_H

#include "base/csum.h"
#include "wire/bytes.h"
#include "wire/wire.h"

struct ip4_pkt {
	uint32_t src_be;
	uint32_t dst_be;
	uint32_t l4_off; /* from the start of the frame */
	uint32_t l4_len; /* bytes, by the header's total length */
	uint8_t proto;
	uint8_t tos;
	uint8_t ttl;
};

#define IP4_DST_OFF  (WIRE_ETH_BYTES + 16)
#define IP4_FRAGMENT RTE_BE16(0x3fff) /* more fragments, or an offset */

/** Reads the destination only, before anything is judged, to see whose packet it is. @p h is the
 * frame.
 *  @return false if the frame is too short to have one. */
static inline bool
ip4_peek_dst(const uint8_t *h, uint32_t avail, uint32_t *dst_be)
{
	if (unlikely(avail < IP4_DST_OFF + sizeof(*dst_be)))
		return false;
	*dst_be = wire_get32(h + IP4_DST_OFF);
	return true;
}

/** A source that isn't a host's on this network (RFC 1122, 3.2.1.3: d, e, g and "this network"). */
static inline bool
ip4_source_bad(uint32_t src)
{
	uint32_t first = src >> 24;

	if (likely(first - 1 < 223 && first != 127))
		return false;
	return first < 240 || src == UINT32_MAX;
}

/** Why a header that doesn't start with 0x45 is no good: not IPv4, an impossible length, or
 * options.
 */
enum wire_drop ip4_judge_odd(
	const uint8_t *ip, uint32_t avail, uint32_t frame_len, bool csum_known_good);

/**
 * Parses the IPv4 header after the Ethernet one in @p h, of @p avail bytes, of a frame of @p
 * frame_len. Ethernet padding beyond the total length is ignored (l4_len tells). @p
 * csum_known_good: don't sum. Drops: version, header length, total length, options (for now),
 * fragments (for now), a source that is multicast, broadcast 255.255.255.255, 0.0.0.0/8 or 127/8
 * (RFC 1122, 3.2.1.3).
 */
static inline enum wire_drop
ip4_parse(const uint8_t *h, uint32_t avail, uint32_t frame_len, bool csum_known_good,
	struct ip4_pkt *out)
{
	const uint8_t *p = h + WIRE_ETH_BYTES;
	uint32_t total;

	if (unlikely(avail < WIRE_ETH_BYTES + WIRE_IP4_BYTES || frame_len < avail))
		return WIRE_SHORT;
	if (unlikely(p[0] != 0x45))
		return ip4_judge_odd(
			p, avail - WIRE_ETH_BYTES, frame_len - WIRE_ETH_BYTES, csum_known_good);
	total = rte_be_to_cpu_16(wire_get16(p + 2));
	if (unlikely(total < WIRE_IP4_BYTES || total > frame_len - WIRE_ETH_BYTES))
		return WIRE_IP_HEADER;
	if (!csum_known_good) {
		uint64_t sum = (uint64_t)wire_get32(p) + wire_get32(p + 4) + wire_get32(p + 8) +
			       wire_get32(p + 12) + wire_get32(p + 16);

		if (unlikely(csum_fold(sum) != 0))
			return WIRE_IP_CSUM;
	}
	/* DEVIATION: RFC 1122, 3.3.2 has hosts reassemble; for now fragments are only counted. */
	if (unlikely((wire_get16(p + 6) & IP4_FRAGMENT) != 0))
		return WIRE_FRAGMENT;
	out->src_be = wire_get32(p + 12);
	out->dst_be = wire_get32(p + 16);
	if (unlikely(ip4_source_bad(rte_be_to_cpu_32(out->src_be))))
		return WIRE_IP_SOURCE;
	out->l4_off = WIRE_ETH_BYTES + WIRE_IP4_BYTES;
	out->l4_len = total - WIRE_IP4_BYTES;
	out->proto = p[9];
	out->tos = p[1];
	out->ttl = p[8];
	return WIRE_OK;
}

#endif
