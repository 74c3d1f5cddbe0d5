/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire/tcp.c: TCP headers and options. A segment that comes out of tcp_parse() is well formed;
 * whether it is acceptable, and whether an option means something in it, is the connection's to
 * judge.
 */
#include <rte_tcp.h>

#include "wire/emit.h"
#include "wire/tcp.h"

#define TCP_BYTES ((uint32_t)sizeof(struct rte_tcp_hdr))

enum tcp_opt_kind {
	TCP_OPT_END = 0,
	TCP_OPT_NOP = 1,
	TCP_OPT_MSS = 2,
	TCP_OPT_WSCALE = 3,
	TCP_OPT_SACK_PERMITTED = 4,
	TCP_OPT_SACK = 5,
	TCP_OPT_TIMESTAMPS = 8,
};

#define TCP_OPT_MSS_BYTES	 4
#define TCP_OPT_TIMESTAMPS_BYTES 10
#define TCP_SACK_BLOCK_BYTES	 8
#define TCP_OPTS_MAX		 40
/* How the timestamps of segments that have no other options begin (RFC 7323, A). */
#define TCP_TIMESTAMPS_WORD                                                                        \
	RTE_BE32(TCP_OPT_NOP << 24 | TCP_OPT_NOP << 16 | TCP_OPT_TIMESTAMPS << 8 |                 \
		 TCP_OPT_TIMESTAMPS_BYTES)

static inline void
tcp_take_mss(const uint8_t *value, struct seg *out)
{
	out->opts |= OPT_MSS;
	out->mss = rte_be_to_cpu_16(wire_get16(value));
}

static inline void
tcp_take_timestamps(const uint8_t *value, struct seg *out)
{
	out->opts |= OPT_TIMESTAMPS;
	out->ts_val = rte_be_to_cpu_32(wire_get32(value));
	out->ts_ecr = rte_be_to_cpu_32(wire_get32(value + 4));
}

/** @return false if the option can't be of @p bytes (kind and length included). */
static bool
tcp_take_sack(const uint8_t *value, uint32_t bytes, struct seg *out)
{
	uint32_t n = (bytes - 2) / TCP_SACK_BLOCK_BYTES;

	if (n == 0 || n > TCP_SACK_BLOCKS_MAX || (bytes - 2) % TCP_SACK_BLOCK_BYTES != 0)
		return false;
	out->opts |= OPT_SACK;
	out->nb_sack = (uint8_t)n;
	for (uint32_t i = 0; i < n; i++, value += TCP_SACK_BLOCK_BYTES) {
		out->sack[i].left = rte_be_to_cpu_32(wire_get32(value));
		out->sack[i].right = rte_be_to_cpu_32(wire_get32(value + 4));
	}
	return true;
}

/** @return false if the option's length isn't one that its kind has. Of a repeated kind the last
 * holds. */
static bool
tcp_take_option(uint8_t kind, const uint8_t *value, uint32_t bytes, struct seg *out)
{
	switch (kind) {
	case TCP_OPT_MSS: /* RFC 9293, 3.2 */
		if (bytes != TCP_OPT_MSS_BYTES)
			return false;
		tcp_take_mss(value, out);
		return true;
	case TCP_OPT_WSCALE: /* RFC 7323, 2.2 */
		if (bytes != 3)
			return false;
		out->opts |= OPT_WSCALE;
		out->wscale = *value;
		return true;
	case TCP_OPT_SACK_PERMITTED: /* RFC 2018, 2 */
		if (bytes != 2)
			return false;
		out->opts |= OPT_SACK_PERMITTED;
		return true;
	case TCP_OPT_SACK: /* RFC 2018, 3 */
		return tcp_take_sack(value, bytes, out);
	case TCP_OPT_TIMESTAMPS: /* RFC 7323, 3.2 */
		if (bytes != TCP_OPT_TIMESTAMPS_BYTES)
			return false;
		tcp_take_timestamps(value, out);
		return true;
	}
	return true; /* RFC 9293, 3.1 (MUST-6): unknown ones are skipped by their length */
}

/** Options in any order, @p bytes of them. */
static enum wire_drop
tcp_parse_options(const uint8_t *o, uint32_t bytes, struct seg *out)
{
	while (bytes > 0 && *o != TCP_OPT_END) {
		uint32_t n = 1;

		if (*o != TCP_OPT_NOP) {
			/* RFC 9293, 3.1 (MUST-7): illegal lengths, zero among them, do no harm. */
			if (bytes < 2)
				return WIRE_TCP_OPTIONS;
			n = o[1];
			if (n < 2 || n > bytes || !tcp_take_option(o[0], o + 2, n, out))
				return WIRE_TCP_OPTIONS;
		}
		o += n;
		bytes -= n;
	}
	return WIRE_OK;
}

/* @return false: other options than those. */
static inline bool
tcp_take_syn(const uint8_t *o, struct seg *out)
{
	if (wire_get16(o) != RTE_BE16(TCP_OPT_MSS << 8 | TCP_OPT_MSS_BYTES) ||
		wire_get32(o + 4) != RTE_BE32(TCP_OPT_SACK_PERMITTED << 24 | 2 << 16 |
					      TCP_OPT_TIMESTAMPS << 8 | TCP_OPT_TIMESTAMPS_BYTES) ||
		(wire_get32(o + 16) & RTE_BE32(UINT32_C(0xffffff00))) !=
			RTE_BE32(TCP_OPT_NOP << 24 | TCP_OPT_WSCALE << 16 | 3 << 8))
		return false;
	tcp_take_mss(o + 2, out);
	tcp_take_timestamps(o + 8, out);
	out->opts |= OPT_SACK_PERMITTED | OPT_WSCALE;
	out->wscale = o[19];
	return true;
}

static inline bool
tcp_flags_bad(uint8_t flags)
{
	return (flags & TCP_SYN) != 0 && (flags & (TCP_FIN | TCP_RST)) != 0;
}

static inline void
tcp_no_options(struct seg *out)
{
	out->opts = 0;
	out->wscale = 0;
	out->mss = 0;
	out->nb_sack = 0;
	out->ts_val = 0;
	out->ts_ecr = 0;
}

enum wire_drop
tcp_parse(struct rte_mbuf *m, const uint8_t *h, uint32_t avail, const struct ip4_pkt *ip,
	bool csum_known_good, struct seg *out)
{
	const uint8_t *p = h + ip->l4_off;
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(const void *)p;
	uint32_t head;

	if (unlikely(ip->l4_len < TCP_BYTES || avail < ip->l4_off + TCP_BYTES))
		return WIRE_SHORT;
	if (!csum_known_good) {
		uint32_t sum = ip4_pseudo_sum(ip->src_be, ip->dst_be, IPPROTO_TCP, ip->l4_len);

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
	out->seq = rte_be_to_cpu_32(tcp->sent_seq);
	out->ack = rte_be_to_cpu_32(tcp->recv_ack);
	out->len = ip->l4_len - head;
	out->src_be = ip->src_be;
	out->dst_be = ip->dst_be;
	out->payload_off = (uint16_t)(ip->l4_off + head);
	out->wnd = rte_be_to_cpu_16(tcp->rx_win);
	out->sport = rte_be_to_cpu_16(tcp->src_port);
	out->dport = rte_be_to_cpu_16(tcp->dst_port);
	out->flags = tcp->tcp_flags;
	out->tos = ip->tos;
	out->urg = rte_be_to_cpu_16(tcp->tcp_urp);
	tcp_no_options(out);

	p += TCP_BYTES;
	switch (head - TCP_BYTES) {
	case 0:
		return WIRE_OK;
	case 4: /* what plain SYNs have */
		if (likely(wire_get16(p) == RTE_BE16(TCP_OPT_MSS << 8 | TCP_OPT_MSS_BYTES))) {
			tcp_take_mss(p + 2, out);
			return WIRE_OK;
		}
		break;
	case 20: /* MSS, SACK-permitted, timestamps, NOP, window scale: a SYN like Linux's, or ours
		  */
		if (likely(tcp_take_syn(p, out)))
			return WIRE_OK;
		break;
	case 12: /* NOP, NOP, timestamps */
		if (likely(wire_get32(p) == TCP_TIMESTAMPS_WORD)) {
			tcp_take_timestamps(p + 4, out);
			return WIRE_OK;
		}
		break;
	}
	return tcp_parse_options(p, head - TCP_BYTES, out);
}

/* Four bytes of an option. */
static inline uint32_t
opt_word(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return rte_cpu_to_be_32((uint32_t)a << 24 | (uint32_t)b << 16 | (uint32_t)c << 8 | d);
}

/*
 * In the order that Linux has: MSS, SACK-permitted, timestamps, NOP, window scale; NOP, NOP,
 * timestamps; NOP, NOP, SACK. @return how many words.
 */
static uint32_t
tcp_put_options(const struct tcp_out *seg, uint32_t *w)
{
	uint32_t n = 0;

	if (seg->mss != 0)
		w[n++] = rte_cpu_to_be_32(
			TCP_OPT_MSS << 24 | TCP_OPT_MSS_BYTES << 16 | (uint32_t)seg->mss);
	if ((seg->opts & OPT_TIMESTAMPS) != 0) {
		bool sack = (seg->opts & OPT_SACK_PERMITTED) != 0;

		w[n++] = opt_word(sack ? TCP_OPT_SACK_PERMITTED : TCP_OPT_NOP,
			sack ? 2 : TCP_OPT_NOP, TCP_OPT_TIMESTAMPS, TCP_OPT_TIMESTAMPS_BYTES);
		w[n++] = rte_cpu_to_be_32(seg->ts_val);
		w[n++] = rte_cpu_to_be_32(seg->ts_ecr);
	} else if ((seg->opts & OPT_SACK_PERMITTED) != 0) {
		w[n++] = opt_word(TCP_OPT_NOP, TCP_OPT_NOP, TCP_OPT_SACK_PERMITTED, 2);
	}
	if ((seg->opts & OPT_WSCALE) != 0)
		w[n++] = opt_word(TCP_OPT_NOP, TCP_OPT_WSCALE, 3, seg->wscale);
	if (seg->nb_sack != 0) {
		w[n++] = opt_word(TCP_OPT_NOP, TCP_OPT_NOP, TCP_OPT_SACK,
			(uint8_t)(2 + TCP_SACK_BLOCK_BYTES * seg->nb_sack));
		for (unsigned int i = 0; i < seg->nb_sack; i++) {
			w[n++] = rte_cpu_to_be_32(seg->sack[i].left);
			w[n++] = rte_cpu_to_be_32(seg->sack[i].right);
		}
	}
	return n;
}

/* tcp_emit() with its options made: @p words of them. */
static inline void
tcp_emit_with(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg,
	const uint32_t *opt, const uint32_t words)
{
	const uint32_t head = TCP_BYTES + 4 * words;
	const uint32_t payload = m->pkt_len;
	const uint32_t l4_len = head + payload;
	const uint32_t ports = rte_cpu_to_be_32((uint32_t)seg->sport << 16 | seg->dport);
	const uint32_t seq = rte_cpu_to_be_32(seg->seq);
	const uint32_t ack = rte_cpu_to_be_32(seg->ack);
	const uint32_t ctl = rte_cpu_to_be_32(head << 26 | (uint32_t)seg->flags << 16 | seg->wnd);
	uint64_t sum = wire_pseudo_words(path->src_be, path->dst_be, IPPROTO_TCP, l4_len);
	uint16_t csum;
	uint8_t *p;

	if (path->offload_csum) {
		/* The device adds the rest to the pseudo-header's sum, which isn't complemented. */
		csum = (uint16_t)~csum_fold64(sum);
		m->tx_offload =
			rte_mbuf_tx_offload(WIRE_ETH_BYTES, WIRE_IP4_BYTES, head, 0, 0, 0, 0);
		m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
	} else {
		for (uint32_t i = 0; i < words; i++)
			sum += opt[i];
		sum += (uint64_t)ports + seq + ack + ctl;
		if (payload != 0)
			sum = csum_add_mbuf(csum_reduce(sum), m, 0, payload);
		csum = csum_fold64(sum);
		m->ol_flags = 0;
	}
	p = wire_prepend(m, WIRE_ETH_BYTES + WIRE_IP4_BYTES + head);
	wire_put_ip4(p, path, IPPROTO_TCP, l4_len);
	p += WIRE_ETH_BYTES + WIRE_IP4_BYTES;
	wire_put32(p, ports);
	wire_put32(p + 4, seq);
	wire_put32(p + 8, ack);
	wire_put32(p + 12, ctl);
	wire_put16(p + 16, csum);
	wire_put16(p + 18, 0);
	for (uint32_t i = 0; i < words; i++)
		wire_put32(p + TCP_BYTES + 4 * i, opt[i]);
}

void
tcp_emit(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg)
{
	uint32_t opt[TCP_OPTS_MAX / 4];

	if (likely(seg->opts == OPT_TIMESTAMPS && seg->mss == 0 && seg->nb_sack == 0)) {
		opt[0] = TCP_TIMESTAMPS_WORD;
		opt[1] = rte_cpu_to_be_32(seg->ts_val);
		opt[2] = rte_cpu_to_be_32(seg->ts_ecr);
		tcp_emit_with(m, path, seg, opt, 3); /* a constant: no loops */
	} else {
		tcp_emit_with(m, path, seg, opt, tcp_put_options(seg, opt));
	}
}
