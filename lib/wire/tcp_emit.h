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
 * Room for headers with @p words words of options in front of the data of @p m, the sum of which
 * goes to @p sum. @p bare: there is none, and nothing of @p m has been set: it is as mbufs_take()
 * gives it. For the compiler that is a constant, as @p words should be. @return where the frame
 * begins.
 */
static __rte_always_inline uint8_t *
tcp_emit_room(struct rte_mbuf *m, const struct wire_path *path, const uint32_t words,
	const bool bare, uint64_t *sum)
{
	const uint32_t bytes = WIRE_ETH_BYTES + WIRE_IP4_BYTES + TCP_BYTES + 4 * words;

	*sum = 0;
	if (bare)
		return wire_first(m, bytes);
	if (m->pkt_len != 0 && !path->offload_csum)
		*sum = csum_add_mbuf(0, m, 0, m->pkt_len);
	return wire_prepend(m, bytes);
}

/**
 * The headers of the frame at @p p but for the options. The sum of these in host order is
 * @p opt_sum, that of the data @p sum. What is read is stored and added at once: there are more
 * words than registers.
 */
static __rte_always_inline void
tcp_emit_head(struct rte_mbuf *m, uint8_t *p, const struct wire_path *path,
	const struct tcp_out *seg, uint64_t opt_sum, const uint64_t sum, const uint32_t words,
	const bool bare)
{
	const uint32_t head = TCP_BYTES + 4 * words;
	const uint32_t l4_len = bare ? head : m->pkt_len - (WIRE_ETH_BYTES + WIRE_IP4_BYTES);
	uint8_t *tcp = p + WIRE_ETH_BYTES + WIRE_IP4_BYTES;
	uint64_t addrs, ip_sum;
	uint16_t csum, ip_csum = 0;

	opt_sum += wire_put_host(tcp, (uint32_t)seg->sport << 16 | seg->dport);
	opt_sum += wire_put_host(tcp + 4, seg->seq);
	opt_sum += wire_put_host(tcp + 8, seg->ack);
	opt_sum += wire_put_host(tcp + 12, head << 26 | (uint32_t)seg->flags << 16 | seg->wnd);
	m->ol_flags = bare ? 0 : m->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL);
	addrs = wire_put_addrs(p, path);
	ip_sum = wire_put_rest(p, path, IPPROTO_TCP, l4_len) + addrs;
	addrs += wire_pseudo_sum(0, 0, IPPROTO_TCP, l4_len);
	if (unlikely(path->offload_csum)) {
		/* The device adds the rest to the pseudo-header's sum, which isn't complemented. */
		csum = (uint16_t)~csum_fold(addrs);
		m->tx_offload =
			rte_mbuf_tx_offload(WIRE_ETH_BYTES, WIRE_IP4_BYTES, head, 0, 0, 0, 0);
		m->ol_flags |=
			RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
	} else {
		csum = csum_fold(csum_carry(sum, addrs + csum_host(opt_sum)));
		ip_csum = csum_fold(ip_sum);
	}
	wire_put16(p + WIRE_IP4_CSUM, ip_csum);
	wire_put32(tcp + 16, wire_half(csum)); /* and no urgent pointer */
}

/* Timestamps at @p p. @return their sum in host order. */
static __rte_always_inline uint64_t
tcp_put_timestamps(uint8_t *p, const struct tcp_out *seg)
{
	const uint64_t val = seg->ts_val, ecr = seg->ts_ecr;

	wire_put64(p, rte_cpu_to_be_64(val << 32 | ecr));
	return val + ecr;
}

/* A segment that tcp_out_is_usual(). */
static __rte_always_inline void
tcp_emit_usual(
	struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg, bool bare)
{
	uint64_t sum, opts = rte_be_to_cpu_32(TCP_TIMESTAMPS_WORD);
	uint8_t *p = tcp_emit_room(m, path, TCP_USUAL_WORDS, bare, &sum);
	uint8_t *opt = p + WIRE_ETH_BYTES + WIRE_IP4_BYTES + TCP_BYTES;

	wire_put32(opt, TCP_TIMESTAMPS_WORD);
	opts += tcp_put_timestamps(opt + 4, seg);
	tcp_emit_head(m, p, path, seg, opts, sum, TCP_USUAL_WORDS, bare);
}

/* One that tcp_out_is_syn(). */
static __rte_always_inline void
tcp_emit_syn(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg, bool bare)
{
	uint64_t sum, opts;
	uint8_t *p = tcp_emit_room(m, path, TCP_SYN_SPACE / 4, bare, &sum);
	uint8_t *opt = p + WIRE_ETH_BYTES + WIRE_IP4_BYTES + TCP_BYTES;

	opts = wire_put_host(opt, TCP_OPT_MSS << 24 | TCP_OPT_MSS_BYTES << 16 | (uint32_t)seg->mss);
	opts += wire_put_host(opt + 4, TCP_OPT_SACK_PERMITTED << 24 | 2 << 16 |
					       TCP_OPT_TIMESTAMPS << 8 | TCP_OPT_TIMESTAMPS_BYTES);
	opts += tcp_put_timestamps(opt + 8, seg);
	opts += wire_put_host(
		opt + 16, TCP_OPT_NOP << 24 | TCP_OPT_WSCALE << 16 | 3 << 8 | seg->wscale);
	tcp_emit_head(m, p, path, seg, opts, sum, TCP_SYN_SPACE / 4, bare);
}

/** A segment without data, @p seg being usual, into @p m as mbufs_take() gives it. */
static inline void
tcp_emit_bare(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg)
{
	tcp_emit_usual(m, path, seg, true);
}

/** Likewise in front of the data of @p m, which tcp_emit() tells of. */
static __rte_always_inline void
tcp_emit_data(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg)
{
	tcp_emit_usual(m, path, seg, false);
}

/** What a train of segments has in common, which differ in their place in the stream alone. */
struct tcp_train {
	const struct rte_mbuf *first; /* with headers, and not given to a device yet */
	uint64_t sum; /* of all that the checksum covers but sequence number, itself and data */
};

#define TCP_USUAL_HEAD (WIRE_ETH_BYTES + WIRE_IP4_BYTES + TCP_BYTES + 4 * TCP_USUAL_WORDS)

/** Of @p m, which tcp_emit_data() has made. */
static inline void
tcp_train_begin(struct tcp_train *train, const struct rte_mbuf *m, const struct wire_path *path)
{
	const uint8_t *tcp =
		rte_pktmbuf_mtod_offset(m, const uint8_t *, WIRE_ETH_BYTES + WIRE_IP4_BYTES);

	train->first = m;
	train->sum = csum_words(tcp, TCP_BYTES / 4 + TCP_USUAL_WORDS) - wire_get32(tcp + 4) -
		     wire_get32(tcp + 16) +
		     wire_pseudo_sum(path->src_be, path->dst_be, IPPROTO_TCP,
			     m->pkt_len - (WIRE_ETH_BYTES + WIRE_IP4_BYTES));
}

/** One more of the train, of as many bytes, in front of the data of @p m. */
static __rte_always_inline void
tcp_emit_train(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_train *train,
	uint32_t seq)
{
	const struct rte_mbuf *first = train->first;
	const uint64_t kind = RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	const uint32_t seq_be = rte_cpu_to_be_32(seq);
	uint64_t sum = 0;
	uint8_t *p, *tcp;

	if (likely(!path->offload_csum))
		sum = likely(m->nb_segs == 1)
			      ? csum_add_any(0, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len)
			      : csum_add_chain(0, m, 0, m->pkt_len);
	p = wire_prepend(m, TCP_USUAL_HEAD);
	tcp = p + WIRE_ETH_BYTES + WIRE_IP4_BYTES;
	memcpy(p, rte_pktmbuf_mtod(first, const uint8_t *), TCP_USUAL_HEAD);
	wire_put32(tcp + 4, seq_be);
	m->ol_flags = (m->ol_flags & kind) | (first->ol_flags & ~kind);
	if (unlikely(path->offload_csum)) /* which have the pseudo-header's sum alone */
		m->tx_offload = first->tx_offload;
	else
		wire_put16(tcp + 16, csum_fold(csum_carry(sum, train->sum + seq_be)));
}

/** A SYN that has all that it can have, likewise. */
static inline void
tcp_emit_bare_syn(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg)
{
	tcp_emit_syn(m, path, seg, true);
}

#endif
