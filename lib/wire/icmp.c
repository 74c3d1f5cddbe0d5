/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * icmp.c: ICMP messages in and out. How often errors are sent, and what one received means for a
 * connection, is the stack's. The quotation of an error came from the network like everything else:
 * nothing in it is believed before it is known to be there.
 */
#include <rte_icmp.h>

#include "wire/emit.h"
#include "wire/icmp.h"

#define ICMP_BYTES ((uint32_t)sizeof(struct rte_icmp_hdr))
#define ICMP_OFF   (WIRE_ETH_BYTES + WIRE_IP4_BYTES)
/* An error's header and the longest quotation that is looked at: 60 B of IP header, 8 B of TCP. */
#define ICMP_LOOK_MAX (ICMP_BYTES + 60 + 8)

enum icmp_type {
	ICMP_TYPE_ECHO_REPLY = 0,
	ICMP_TYPE_UNREACHABLE = 3,
	ICMP_TYPE_ECHO = 8,
	ICMP_TYPE_TIME_EXCEEDED = 11,
	ICMP_TYPE_PARAMETER = 12,
	ICMP_TYPE_TIMESTAMP = 13, /* the first of three queries and their replies, up to 18 */
	ICMP_TYPE_MASK_REPLY = 18,
};

#define ICMP_CODE_FRAGMENTATION_NEEDED 4

/** Fills in what @p q, the @p n bytes quoted, say of a TCP segment of ours, if they do. */
static void
icmp_parse_quote(const uint8_t *q, uint32_t n, struct icmp_pkt *out)
{
	uint32_t head;

	if (n < WIRE_IP4_BYTES || q[0] >> 4 != 4)
		return;
	head = (uint32_t)(q[0] & 0x0f) * 4;
	/* Only a first fragment has ports. */
	if (head < WIRE_IP4_BYTES || n < head + 8 || q[9] != IPPROTO_TCP ||
		(wire_get16(q + 6) & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) != 0)
		return;
	out->quotes_tcp = true;
	out->quoted_src_be = wire_get32(q + 12);
	out->quoted_dst_be = wire_get32(q + 16);
	out->quoted_sport = rte_be_to_cpu_16(wire_get16(q + head));
	out->quoted_dport = rte_be_to_cpu_16(wire_get16(q + head + 2));
	out->quoted_seq = rte_be_to_cpu_32(wire_get32(q + head + 4));
}

enum wire_drop
icmp_parse(const struct rte_mbuf *m, const uint8_t *h, uint32_t avail, const struct ip4_pkt *ip,
	struct icmp_pkt *out)
{
	uint8_t scratch[ICMP_OFF + ICMP_LOOK_MAX];
	uint32_t n;

	if (ip->l4_len < ICMP_BYTES || avail < ip->l4_off + ICMP_BYTES)
		return WIRE_SHORT;
	if (csum_fold(csum_add_mbuf(0, m, ip->l4_off, ip->l4_len)) != 0)
		return WIRE_ICMP;
	memset(out, 0, sizeof(*out));
	out->kind = ICMP_OTHER;
	out->code = h[ip->l4_off + 1];
	switch (h[ip->l4_off]) {
	case ICMP_TYPE_ECHO:
		if (out->code == 0)
			out->kind = ICMP_ECHO;
		return WIRE_OK;
	case ICMP_TYPE_UNREACHABLE:
		out->kind = ICMP_UNREACHABLE;
		break;
	case ICMP_TYPE_TIME_EXCEEDED:
		out->kind = ICMP_TIME_EXCEEDED;
		break;
	case ICMP_TYPE_PARAMETER:
		out->kind = ICMP_PARAMETER;
		break;
	default: /* RFC 1122, 3.2.2: unknown types are discarded without a word; an 8-bit wire value
		  */
		return WIRE_OK;
	}
	/* The quotation may reach beyond the headers that the caller had in hand. */
	n = RTE_MIN(ip->l4_off + RTE_MIN(ip->l4_len, ICMP_LOOK_MAX), (uint32_t)sizeof(scratch));
	if (avail < n)
		h = wire_headers(m, n, scratch, &avail);
	n = RTE_MIN(n, avail);
	if (out->kind == ICMP_UNREACHABLE && out->code == ICMP_CODE_FRAGMENTATION_NEEDED)
		out->next_mtu = rte_be_to_cpu_16(wire_get16(h + ip->l4_off + 6));
	icmp_parse_quote(h + ip->l4_off + ICMP_BYTES, n - ip->l4_off - ICMP_BYTES, out);
	return WIRE_OK;
}

void
icmp_echo_to_reply(
	struct rte_mbuf *m, const struct rte_ether_addr *src_mac, const struct ip4_pkt *ip)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t *icmp = p + ip->l4_off;
	struct wire_path path = {
		WIRE_PATH_FIXED,
		.src_mac = *src_mac,
		.src_be = ip->dst_be,
		.dst_be = ip->src_be,
		.tos = ip->tos,
		.ttl = WIRE_TTL,
	}; /* RFC 1122, 3.2.2 and 3.2.1.6: the request's TOS */

	memcpy(&path.dst_mac, p + 6, sizeof(path.dst_mac));
	wire_put_ip4(p, &path, IPPROTO_ICMP, ip->l4_len);
	icmp[0] = ICMP_TYPE_ECHO_REPLY;
	wire_put16(icmp + 2, 0);
	wire_put16(icmp + 2, csum_fold(csum_add(0, icmp, ip->l4_len)));
	/* What was received with it is over; where its buffer belongs stays. */
	m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
}

/** Whether @p addr_be may be one host: not 0/8, nor from 224/4 on up. */
static bool
icmp_one_host(uint32_t addr_be)
{
	return (rte_be_to_cpu_32(addr_be) >> 24) - 1 < 223;
}

bool
icmp_error_allowed(const uint8_t *h, uint32_t avail, const struct ip4_pkt *ip)
{
	uint8_t type;

	if (avail < WIRE_ETH_BYTES || (h[0] & RTE_ETHER_GROUP_ADDR) != 0)
		return false;
	if (!icmp_one_host(ip->dst_be) || !icmp_one_host(ip->src_be))
		return false;
	if (ip->proto != IPPROTO_ICMP)
		return true;
	/* Of ICMP only what is known not to be an error, now or by later RFCs, may be answered by
	 * one. */
	if (ip->l4_len == 0 || avail <= ip->l4_off)
		return false;
	type = h[ip->l4_off];
	return type == ICMP_TYPE_ECHO || type == ICMP_TYPE_ECHO_REPLY ||
	       (type >= ICMP_TYPE_TIMESTAMP && type <= ICMP_TYPE_MASK_REPLY);
}

void
icmp_unreachable_emit(struct rte_mbuf *m, const struct wire_path *path, uint8_t code,
	const uint8_t *h, uint32_t avail)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t quote = RTE_MIN(avail - WIRE_ETH_BYTES, (uint32_t)ICMP_QUOTE_BYTES);

	/* Padding isn't quoted. */
	quote = RTE_MIN(quote, (uint32_t)rte_be_to_cpu_16(wire_get16(h + WIRE_ETH_BYTES + 2)));
	RTE_ASSERT(m->data_len == 0 && rte_pktmbuf_tailroom(m) >= ICMP_BYTES + quote);
	memset(p, 0, ICMP_BYTES);
	p[0] = ICMP_TYPE_UNREACHABLE;
	p[1] = code;
	memcpy(p + ICMP_BYTES, h + WIRE_ETH_BYTES, quote);
	wire_put16(p + 2, csum_fold(csum_add(0, p, ICMP_BYTES + quote)));
	m->data_len = (uint16_t)(ICMP_BYTES + quote);
	m->pkt_len = ICMP_BYTES + quote;
	wire_ip4_emit(m, path, IPPROTO_ICMP);
}
