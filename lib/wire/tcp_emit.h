/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp_emit.h: headers of a segment, inline for those who send most of them: what they say goes from
 * registers to the frame, summed on the way. tcp_emit() is the same for everybody else.
 */
#ifndef WIRE_TCP_EMIT_H
#define WIRE_TCP_EMIT_H

#include <netinet/in.h>

#include <rte_tcp.h>

#include "wire/emit.h"
#include "wire/tcp_opt.h"

/* Options of nearly all segments: timestamps. */
#define TCP_USUAL_WORDS (TCP_TIMESTAMPS_SPACE / 4)

static inline bool
tcp_out_is_usual(const struct tcp_out *seg)
{
	return seg->opts == OPT_TIMESTAMPS && seg->mss == 0 && seg->nb_sack == 0;
}

static inline void
tcp_usual_options(const struct tcp_out *seg, uint32_t opt[TCP_USUAL_WORDS])
{
	opt[0] = TCP_TIMESTAMPS_WORD;
	opt[1] = rte_cpu_to_be_32(seg->ts_val);
	opt[2] = rte_cpu_to_be_32(seg->ts_ecr);
}

/**
 * tcp_emit() with its options made: @p words of them. @p bare: there is no data, and nothing of
 * @p m has been set: it is as mbufs_take() gives it. The last two are constants for the compiler.
 */
static __rte_always_inline void
tcp_emit_with(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg,
	const uint32_t *opt, const uint32_t words, const bool bare)
{
	const uint32_t head = TCP_BYTES + 4 * words;
	const uint32_t payload = bare ? 0 : m->pkt_len;
	const uint32_t l4_len = head + payload;
	const uint32_t ports = rte_cpu_to_be_32((uint32_t)seg->sport << 16 | seg->dport);
	const uint32_t seq = rte_cpu_to_be_32(seg->seq);
	const uint32_t ack = rte_cpu_to_be_32(seg->ack);
	const uint32_t ctl = rte_cpu_to_be_32(head << 26 | (uint32_t)seg->flags << 16 | seg->wnd);
	uint64_t sum = wire_pseudo_sum(path->src_be, path->dst_be, IPPROTO_TCP, l4_len);
	uint64_t ol_flags = 0;
	uint16_t csum;
	uint8_t *p;

	if (unlikely(path->offload_csum)) {
		/* The device adds the rest to the pseudo-header's sum, which isn't complemented. */
		csum = (uint16_t)~csum_fold(sum);
		m->tx_offload =
			rte_mbuf_tx_offload(WIRE_ETH_BYTES, WIRE_IP4_BYTES, head, 0, 0, 0, 0);
		ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
	} else {
		for (uint32_t i = 0; i < words; i++)
			sum += opt[i];
		sum += (uint64_t)ports + seq + ack + ctl;
		if (payload != 0)
			sum = csum_add_mbuf(sum, m, 0, payload);
		csum = csum_fold(sum);
	}
	p = bare ? wire_first(m, WIRE_ETH_BYTES + WIRE_IP4_BYTES + head)
		 : wire_prepend(m, WIRE_ETH_BYTES + WIRE_IP4_BYTES + head);
	m->ol_flags = ol_flags;
	wire_put_ip4(p, path, IPPROTO_TCP, l4_len);
	p += WIRE_ETH_BYTES + WIRE_IP4_BYTES;
	wire_put32(p, ports);
	wire_put32(p + 4, seq);
	wire_put32(p + 8, ack);
	wire_put32(p + 12, ctl);
	wire_put32(p + 16, wire_half(csum)); /* and no urgent pointer */
	for (uint32_t i = 0; i < words; i++)
		wire_put32(p + TCP_BYTES + 4 * i, opt[i]);
}

/** A segment without data, @p seg being usual, into @p m as mbufs_take() gives it. */
static inline void
tcp_emit_bare(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg)
{
	uint32_t opt[TCP_USUAL_WORDS];

	tcp_usual_options(seg, opt);
	tcp_emit_with(m, path, seg, opt, TCP_USUAL_WORDS, true);
}

#endif
