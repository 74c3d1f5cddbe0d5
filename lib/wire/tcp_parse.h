/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp_parse.h: TCP headers (RFC 9293, 3.1). A segment that comes out of tcp_parse() is well formed;
 * whether it is acceptable, and whether an option means something in it, is the connection's to
 * judge. Inline: it runs for every packet.
 */
#ifndef WIRE_TCP_PARSE_H
#define WIRE_TCP_PARSE_H

#include <stddef.h>

#include <netinet/in.h>

#include <rte_tcp.h>

#ifdef __SSSE3__
#include <tmmintrin.h>
#endif

#include "wire/tcp.h"
#include "wire/tcp_opt.h"

static inline bool
tcp_flags_bad(uint8_t flags)
{
	return (flags & TCP_SYN) != 0 && (flags & (TCP_FIN | TCP_RST)) != 0;
}

/** Options in any order, @p bytes of them, none of which is in @p out yet. */
enum wire_drop tcp_parse_options(const uint8_t *o, uint32_t bytes, struct seg *out);

/*
 * Ports, sequence numbers, window and flags, which follow each other in struct seg as they do in
 * the header: at once, each turned round. Where the header has its data offset there is nb_sack: 0.
 */
static inline void
tcp_take_fixed(const uint8_t *tcp, struct seg *out)
{
	_Static_assert(
		offsetof(struct seg, seq) == offsetof(struct seg, key.rport) + 4 &&
			offsetof(struct seg, ack) == offsetof(struct seg, key.rport) + 8 &&
			offsetof(struct seg, wnd) == offsetof(struct seg, key.rport) + 12 &&
			offsetof(struct seg, flags) == offsetof(struct seg, key.rport) + 14 &&
			offsetof(struct seg, nb_sack) == offsetof(struct seg, key.rport) + 15,
		"struct seg has the header's order");
#ifdef __SSSE3__
	const __m128i turn =
		_mm_setr_epi8(1, 0, 3, 2, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, (char)0x80);
	const __m128i fields = _mm_loadu_si128((const __m128i *)(const void *)tcp);
	uint8_t *first = (uint8_t *)out + offsetof(struct seg, key.rport);

	_mm_storeu_si128((__m128i *)(void *)first, _mm_shuffle_epi8(fields, turn));
#else
	out->key.rport = rte_be_to_cpu_16(wire_get16(tcp));
	out->key.lport = rte_be_to_cpu_16(wire_get16(tcp + 2));
	wire_get_pair(tcp + 4, &out->seq, &out->ack);
	out->wnd = rte_be_to_cpu_16(wire_get16(tcp + 14));
	out->flags = tcp[13];
	out->nb_sack = 0;
#endif
}

/* The header behind @p l4_off, all of whose fixed part is there. */
static inline void
tcp_take_header(
	const struct rte_tcp_hdr *tcp, const struct ip4_pkt *ip, uint32_t head, struct seg *out)
{
	flow_set_raddr_ip4(&out->key, ip->src_be);
	tcp_take_fixed((const uint8_t *)tcp, out);
	out->len = ip->l4_len - head;
	out->payload_off = (uint16_t)(ip->l4_off + head);
	out->tos = ip->tos;
	out->opts = 0;
	out->mss = 0;
	out->wscale = 0;
}

/**
 * Parses the TCP header of the packet that ip4_parse() described; fills all of @p out but key.laddr
 * and hash; ts_val and ts_ecr are 0 without the option. m isn't changed. A checksum not known to be
 * good is summed over the whole chain. Drops: short header, data offset below 5 or beyond the
 * segment, a port 0, options that are truncated or have a length that their kind can't have
 * (unknown kinds with a sound length are skipped), SYN with FIN or with RST.
 */
static inline enum wire_drop
tcp_parse(struct rte_mbuf *m, const uint8_t *h, uint32_t avail, const struct ip4_pkt *ip,
	bool csum_known_good, struct seg *out)
{
	const uint8_t *p = h + ip->l4_off;
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(const void *)p;
	uint32_t head;

	if (unlikely(ip->l4_len < TCP_BYTES || avail < ip->l4_off + TCP_BYTES))
		return WIRE_SHORT;
	if (!csum_known_good) {
		uint64_t sum = wire_pseudo_sum(ip->src_be, ip->dst_be, IPPROTO_TCP, ip->l4_len);

		if (unlikely(csum_fold(csum_add_mbuf(sum, m, ip->l4_off, ip->l4_len)) != 0))
			return WIRE_TCP_CSUM;
	}
	head = (tcp->data_off & 0xf0u) >> 2;
	if (unlikely(head < TCP_BYTES || head > ip->l4_len || tcp->src_port == 0 ||
		     tcp->dst_port == 0))
		return WIRE_TCP_HEADER;
	if (unlikely(avail - ip->l4_off < head))
		return WIRE_SHORT;
	if (unlikely(tcp_flags_bad(tcp->tcp_flags)))
		return WIRE_TCP_FLAGS;
	out->m = m;
	tcp_take_header(tcp, ip, head, out);
	p += TCP_BYTES;
	if (likely(head == TCP_BYTES + TCP_TIMESTAMPS_SPACE &&
		    wire_get32(p) == TCP_TIMESTAMPS_WORD)) {
		tcp_take_timestamps(p + 4, out);
		return WIRE_OK;
	}
	out->ts_val = 0;
	out->ts_ecr = 0;
	return head == TCP_BYTES ? WIRE_OK : tcp_parse_options(p, head - TCP_BYTES, out);
}

#endif
