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

/* All that a SYN can have. */
static inline bool
tcp_out_is_syn(const struct tcp_out *seg)
{
	return seg->opts == (OPT_SACK_PERMITTED | OPT_TIMESTAMPS | OPT_WSCALE) && seg->mss != 0 &&
	       seg->nb_sack == 0;
}

/**
 * tcp_emit() but for its options, of @p words words. The sum of these is the partial sum
 * @p opt_sum and what csum_carry() made of pairs of them, @p opt_pairs. @p bare: there is no data,
 * and nothing of @p m has been set: it is as mbufs_take() gives it. For the compiler that is a
 * constant, as @p words should be. @return where the options go.
 */
static __rte_always_inline uint8_t *
tcp_emit_head(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg,
	const uint64_t opt_sum, const uint64_t opt_pairs, const uint32_t words, const bool bare)
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
		sum += opt_sum + ports + seq + ack + ctl;
		if (payload != 0)
			sum = csum_add_mbuf(sum, m, 0, payload);
		csum = csum_fold(csum_carry(sum, opt_pairs));
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
	return p + TCP_BYTES;
}

/* A segment that tcp_out_is_usual(). */
static __rte_always_inline void
tcp_emit_usual(
	struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg, bool bare)
{
	const uint64_t ts = wire_pair(seg->ts_val, seg->ts_ecr);
	uint8_t *p = tcp_emit_head(m, path, seg, TCP_TIMESTAMPS_WORD, ts, TCP_USUAL_WORDS, bare);

	wire_put32(p, TCP_TIMESTAMPS_WORD);
	wire_put64(p + 4, ts);
}

/* One that tcp_out_is_syn(). */
static __rte_always_inline void
tcp_emit_syn(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg, bool bare)
{
	const uint32_t mss = TCP_OPT_MSS << 24 | TCP_OPT_MSS_BYTES << 16 | (uint32_t)seg->mss;
	const uint64_t first =
		wire_pair(mss, TCP_OPT_SACK_PERMITTED << 24 | 2 << 16 | TCP_OPT_TIMESTAMPS << 8 |
				       TCP_OPT_TIMESTAMPS_BYTES);
	const uint64_t ts = wire_pair(seg->ts_val, seg->ts_ecr);
	const uint32_t last = wire_word(TCP_OPT_NOP, TCP_OPT_WSCALE, 3, seg->wscale);
	uint8_t *p =
		tcp_emit_head(m, path, seg, last, csum_carry(first, ts), TCP_SYN_SPACE / 4, bare);

	wire_put64(p, first);
	wire_put64(p + 8, ts);
	wire_put32(p + 16, last);
}

/** A segment without data, @p seg being usual, into @p m as mbufs_take() gives it. */
static inline void
tcp_emit_bare(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg)
{
	tcp_emit_usual(m, path, seg, true);
}

/** A SYN that has all that it can have, likewise. */
static inline void
tcp_emit_bare_syn(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg)
{
	tcp_emit_syn(m, path, seg, true);
}

#endif
