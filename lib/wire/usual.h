/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usual.h: the frame that nearly every one is: Ethernet, IPv4 without options or fragments, TCP,
 * the headers in one piece. It is taken at once if all is well, and else left, unjudged, to
 * ip4_parse() and tcp_parse(), which find out what is wrong. Only the source address isn't looked
 * at: it matters where a connection begins. For where the stack takes packets in.
 */
#ifndef WIRE_USUAL_H
#define WIRE_USUAL_H

#include "wire/tcp_parse.h"

#define USUAL_L4_OFF (WIRE_ETH_BYTES + WIRE_IP4_BYTES)
/** Bytes that must be there in one piece before usual_is() may look. */
#define USUAL_LEAST (USUAL_L4_OFF + TCP_BYTES)

static inline bool
usual_is(const uint8_t *h)
{
	/* The Ethernet type, version and header length; no fragment, and the protocol. */
	return (wire_get32(h + 12) & wire_word(0xff, 0xff, 0xff, 0)) ==
		       wire_word(0x08, 0x00, 0x45, 0) &&
	       (wire_get32(h + 20) & wire_word(0x3f, 0xff, 0, 0xff)) ==
		       wire_word(0, 0, 0, IPPROTO_TCP);
}

static inline uint32_t
usual_dst(const uint8_t *h)
{
	return wire_get32(h + IP4_DST_OFF);
}

static inline bool
usual_sums_good(const struct rte_mbuf *m, const uint8_t *h, uint32_t l4_len)
{
	const uint8_t *tcp = h + USUAL_L4_OFF;
	const uint64_t addresses = csum_words(h + 26, 2);
	uint64_t sum = addresses + rte_cpu_to_be_32((uint32_t)IPPROTO_TCP << 16 | l4_len);

	if (unlikely(!csum_good(addresses + csum_words(h + 14, 3))))
		return false;
	if (unlikely(m->data_len < USUAL_L4_OFF + l4_len))
		sum += csum_add_mbuf(0, m, USUAL_L4_OFF, l4_len);
	else if (likely(l4_len == TCP_BYTES + TCP_TIMESTAMPS_SPACE))
		sum = csum_carry32(sum, tcp);
	else if (l4_len == TCP_BYTES + TCP_SYN_SPACE)
		sum = csum_carry32(sum + csum_words(tcp + 32, 2), tcp);
	else
		sum += csum_add_any(0, tcp, l4_len);
	return csum_good(sum);
}

/**
 * Takes the frame @p m, whose bytes are @p h, at least USUAL_LEAST of them in one piece, and of
 * which usual_is() holds. Fills all of @p out but key.laddr and hash. @p sum: checksums are still
 * to be verified. @return false: @p out means nothing, somebody else must look.
 */
static inline bool
usual_parse(struct rte_mbuf *m, const uint8_t *h, bool sum, struct seg *out)
{
	const uint8_t *tcp = h + USUAL_L4_OFF;
	uint32_t l4_len = rte_be_to_cpu_16(wire_get16(h + 16)) - WIRE_IP4_BYTES; /* may wrap */
	uint32_t head = (tcp[12] >> 2) & 0x3cu;
	uint32_t ports = rte_be_to_cpu_32(wire_get32(tcp));
	uint8_t flags = tcp[13];

	if (unlikely(l4_len > m->pkt_len - USUAL_L4_OFF || head < TCP_BYTES || head > l4_len ||
		     USUAL_L4_OFF + head > m->data_len || ports <= 0xffff ||
		     (ports & 0xffff) == 0 || tcp_flags_bad(flags)))
		return false;
	if (sum && unlikely(!usual_sums_good(m, h, l4_len)))
		return false;
	out->m = m;
	flow_set_raddr_ip4(&out->key, wire_get32(h + 26));
	out->key.rport = (uint16_t)(ports >> 16);
	out->key.lport = (uint16_t)ports;
	out->len = l4_len - head;
	wire_get_pair(tcp + 4, &out->seq, &out->ack);
	out->payload_off = (uint16_t)(USUAL_L4_OFF + head);
	out->wnd = rte_be_to_cpu_16(wire_get16(tcp + 14));
	out->flags = flags;
	out->tos = h[15];
	out->opts = OPT_TIMESTAMPS;
	out->nb_sack = 0;
	if (likely(head == TCP_BYTES + TCP_TIMESTAMPS_SPACE &&
		    wire_get32(tcp + TCP_BYTES) == TCP_TIMESTAMPS_WORD)) {
		wire_get_pair(tcp + TCP_BYTES + 4, &out->ts_val, &out->ts_ecr);
		return true;
	}
	out->opts = 0;
	out->ts_val = 0;
	out->ts_ecr = 0;
	return head == TCP_BYTES ||
	       tcp_parse_options(tcp + TCP_BYTES, head - TCP_BYTES, out) == WIRE_OK;
}

#endif
