/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ip4.c: received IPv4 headers. The ethertype and whether the destination is ours are the caller's
 * to judge. Each drop is decided by the first rule broken, in the order of the code.
 */
#include "wire/emit.h"
#include "wire/ip4.h"

#define IP4_DST_OFF (WIRE_ETH_BYTES + (uint32_t)offsetof(struct rte_ipv4_hdr, dst_addr))

bool
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

/** Whatever doesn't start with 0x45: not IPv4, an impossible header length, or options. */
static enum wire_drop
ip4_judge_odd(const uint8_t *ip, uint32_t avail, uint32_t frame_len, bool csum_known_good)
{
	uint32_t head = (uint32_t)(ip[0] & 0x0f) * 4;
	uint32_t total = rte_be_to_cpu_16(wire_get16(ip + 2));

	if (ip[0] >> 4 != 4 || head < WIRE_IP4_BYTES || total < head || total > frame_len)
		return WIRE_IP_HEADER;
	if (!csum_known_good && avail >= head && csum_fold(csum_add(0, ip, head)) != 0)
		return WIRE_IP_CSUM;
	/* DEVIATION: RFC 1122, 3.2.1.8 has hosts heed options; for now they are only counted. */
	return WIRE_IP_OPTIONS;
}

enum wire_drop
ip4_parse(const uint8_t *h, uint32_t avail, uint32_t frame_len, bool csum_known_good,
	struct ip4_pkt *out)
{
	const uint8_t *p = h + WIRE_ETH_BYTES;
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(const void *)p;
	uint32_t total;

	if (unlikely(avail < WIRE_ETH_BYTES + WIRE_IP4_BYTES || frame_len < avail))
		return WIRE_SHORT;
	if (unlikely(ip->version_ihl != RTE_IPV4_VHL_DEF))
		return ip4_judge_odd(
			p, avail - WIRE_ETH_BYTES, frame_len - WIRE_ETH_BYTES, csum_known_good);
	total = rte_be_to_cpu_16(ip->total_length);
	if (unlikely(total < WIRE_IP4_BYTES || total > frame_len - WIRE_ETH_BYTES))
		return WIRE_IP_HEADER;
	if (!csum_known_good) {
		uint64_t sum = (uint64_t)wire_get32(p) + wire_get32(p + 4) + wire_get32(p + 8) +
			       wire_get32(p + 12) + wire_get32(p + 16);

		if (unlikely(csum_fold(wire_sum(sum)) != 0))
			return WIRE_IP_CSUM;
	}
	/* DEVIATION: RFC 1122, 3.3.2 has hosts reassemble; for now fragments are only counted. */
	if (unlikely((ip->fragment_offset &
			     RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0))
		return WIRE_FRAGMENT;
	if (unlikely(ip4_source_bad(rte_be_to_cpu_32(ip->src_addr))))
		return WIRE_IP_SOURCE;
	out->src_be = ip->src_addr;
	out->dst_be = ip->dst_addr;
	out->l4_off = WIRE_ETH_BYTES + WIRE_IP4_BYTES;
	out->l4_len = total - WIRE_IP4_BYTES;
	out->proto = ip->next_proto_id;
	out->tos = ip->type_of_service;
	out->ttl = ip->time_to_live;
	return WIRE_OK;
}

uint32_t
ip4_pseudo_sum(uint32_t src_be, uint32_t dst_be, uint8_t proto, uint32_t l4_len)
{
	return wire_sum(wire_pseudo_words(src_be, dst_be, proto, l4_len));
}
