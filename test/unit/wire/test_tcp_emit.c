/* SPDX-License-Identifier: BSD-3-Clause */
/* test_tcp_emit.c: segments that tcp_emit() writes, byte for byte and parsed again. */
#include <string.h>

#include <rte_ip.h>

#include "base/prng.h"
#include "frame.h"
#include "../test.h"
#include "wire/tcp_emit.h"

static struct wire_path
a_path(bool offload)
{
	return (struct wire_path){
		WIRE_PATH_FIXED,
		.dst_mac = { { 2, 0, 0, 0, 0, 1 } },
		.src_mac = { { 2, 0, 0, 0, 0, 2 } },
		.src_be = RTE_BE32(0x0a000002),
		.dst_be = RTE_BE32(0x0a000001),
		.ttl = 64,
		.offload_csum = offload,
	};
}

/** An mbuf with room for headers, @p n bytes in it and segments of @p piece bytes behind (0:
 * random). */
static struct rte_mbuf *
payload_chain(const uint8_t *bytes, uint32_t n, uint32_t first, uint32_t piece, uint64_t *seed)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool());
	uint32_t here = RTE_MIN(n, first);

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)here), bytes, here);
	if (here < n) {
		m->next = frame_chain(bytes + here, n - here, piece, seed);
		m->nb_segs = (uint16_t)(1 + m->next->nb_segs);
		m->pkt_len = n;
	}
	return m;
}

/* A SYN: all of the frame against one made by hand. */
static void
bytes_of_a_syn(void)
{
	static const uint8_t expected[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, /* Ethernet */
		0x45, 0, 0, 44, 0, 0, 0x40, 0, 64, 6, 0x26, 0xca, 10, 0, 0, 2, 10, 0, 0,
		1, /* IPv4 */
		0x10, 0x00, 0, 80, 0, 0, 0, 100, 0, 0, 0, 0, 0x60, 0x02, 0xff, 0xff, 0x73, 0x70, 0,
		0, 2, 4, 5, 0xb4, /* TCP */
	};
	struct wire_path path = a_path(false);
	struct tcp_out out = {
		.seq = 100, .sport = 4096, .dport = 80, .wnd = 0xffff, .flags = TCP_SYN, .mss = 1460
	};
	struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool());

	tcp_emit(m, &path, &out);
	CU_ASSERT_EQUAL(m->data_len, sizeof(expected));
	CU_ASSERT_EQUAL(m->pkt_len, sizeof(expected));
	CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(m, void *), expected, sizeof(expected)), 0);
	rte_pktmbuf_free(m);
}

static uint32_t
put(uint8_t *p, uint32_t at, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		p[at + i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
	return at + bytes;
}

/* A SYN has MSS, SACK-permitted, timestamps, NOP, window scale; any other NOP, NOP, timestamps;
 * NOP, NOP, SACK. Of two that make a word between them neither is padded. @return bytes. */
static uint32_t
options(uint8_t *p, const struct tcp_out *out)
{
	bool permitted = (out->opts & OPT_SACK_PERMITTED) != 0;
	uint32_t n = 0;

	if (out->mss != 0)
		n = put(p, n, 0x02040000 | out->mss, 4);
	if ((out->opts & OPT_TIMESTAMPS) != 0) {
		n = put(p, n, permitted ? 0x0402 : 0x0101, 2);
		n = put(p, n, 0x080a, 2);
		n = put(p, n, out->ts_val, 4);
		n = put(p, n, out->ts_ecr, 4);
	} else if (permitted) {
		n = put(p, n, 0x01010402, 4);
	}
	if ((out->opts & OPT_WSCALE) != 0)
		n = put(p, n, 0x01030300 | out->wscale, 4);
	if (out->nb_sack != 0)
		n = put(p, n, 0x01010502 + 8u * out->nb_sack, 4);
	for (uint32_t i = 0; i < out->nb_sack; i++)
		n = put(p, n, (uint64_t)out->sack[i].left << 32 | out->sack[i].right, 8);
	return n;
}

/* What the parser makes of the options that were written. */
static void
check_options(const struct seg *s, const struct tcp_out *out)
{
	uint8_t opts = (uint8_t)(out->opts | (out->mss != 0 ? OPT_MSS : 0) |
				 (out->nb_sack != 0 ? OPT_SACK : 0));
	bool ts = (opts & OPT_TIMESTAMPS) != 0;

	CU_ASSERT_EQUAL(s->opts, opts);
	CU_ASSERT_EQUAL(s->mss, out->mss);
	CU_ASSERT_EQUAL(s->wscale, (opts & OPT_WSCALE) != 0 ? out->wscale : 0);
	CU_ASSERT_EQUAL(s->ts_val, ts ? out->ts_val : 0);
	CU_ASSERT_EQUAL(s->ts_ecr, ts ? out->ts_ecr : 0);
	CU_ASSERT_EQUAL(s->nb_sack, out->nb_sack);
	for (uint32_t i = 0; i < out->nb_sack; i++) {
		CU_ASSERT_EQUAL(s->sack[i].left, out->sack[i].left);
		CU_ASSERT_EQUAL(s->sack[i].right, out->sack[i].right);
	}
}

/* What has no data is the same if it is made in one go. */
static void
check_bare(const struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *out)
{
	struct rte_mbuf *bare = rte_pktmbuf_alloc(frame_pool());
	uint8_t got[FRAME_MAX], want[FRAME_MAX];

	bare->ol_flags = UINT64_C(0x5555555555555555);
	bare->packet_type = bare->pkt_len = 0x55555555;
	bare->data_len = 0x5555;
	bare->data_off = 0x5555;
	bare->port = 0;
	bare->tx_offload = m->tx_offload;
	if (tcp_out_is_usual(out))
		tcp_emit_bare(bare, path, out);
	else
		tcp_emit_bare_syn(bare, path, out);
	CU_ASSERT_EQUAL(frame_bytes(bare, got), frame_bytes(m, want));
	CU_ASSERT_EQUAL(memcmp(got, want, m->pkt_len), 0);
	CU_ASSERT_EQUAL(bare->pkt_len, m->pkt_len);
	CU_ASSERT_EQUAL(bare->ol_flags, m->ol_flags);
	CU_ASSERT_EQUAL(bare->tx_offload, m->tx_offload);
	CU_ASSERT_EQUAL(bare->packet_type, 0);
	CU_ASSERT_EQUAL(bare->port, RTE_MBUF_PORT_INVALID);
	rte_pktmbuf_free(bare);
}

static void
check_sent(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *out,
	const uint8_t *payload, uint32_t n)
{
	uint8_t got[FRAME_MAX], want[FRAME_MAX], opts[64];
	struct frame_tcp what = { .src = rte_be_to_cpu_32(path->src_be),
		.dst = rte_be_to_cpu_32(path->dst_be),
		.seq = out->seq,
		.ack = out->ack,
		.sport = out->sport,
		.dport = out->dport,
		.wnd = out->wnd,
		.flags = out->flags,
		.tos = path->tos,
		.opts = opts,
		.opt_bytes = options(opts, out),
		.payload = payload,
		.payload_bytes = n };
	uint32_t bytes = frame_tcp(want, &what);
	struct seg s;

	if (n == 0 && (tcp_out_is_usual(out) || tcp_out_is_syn(out)))
		check_bare(m, path, out);
	want[22] = path->ttl;
	frame_mend(want, bytes);
	CU_ASSERT_EQUAL(what.opt_bytes, tcp_out_opt_bytes(out));
	CU_ASSERT_EQUAL(m->pkt_len, bytes);
	CU_ASSERT_EQUAL(frame_bytes(m, got), bytes);
	if (path->offload_csum) {
		struct rte_ipv4_hdr ip;

		memcpy(&ip, got + 14, sizeof(ip));
		CU_ASSERT_EQUAL(frame_get16(got + 24), 0);
		CU_ASSERT_EQUAL(m->ol_flags,
			RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM);
		CU_ASSERT_EQUAL(m->l2_len, 14);
		CU_ASSERT_EQUAL(m->l3_len, 20);
		CU_ASSERT_EQUAL(m->l4_len, 20 + what.opt_bytes);
		CU_ASSERT_EQUAL(m->tso_segsz, 0);
		/* What the device finds there is what DPDK's own function says. */
		CU_ASSERT_EQUAL(rte_cpu_to_be_16((uint16_t)frame_get16(got + 50)),
			rte_ipv4_phdr_cksum(&ip, m->ol_flags));
		/* It sums the segment with that in place: the result is right. */
		frame_put16(got + 50, frame_csum(got + 34, bytes - 34));
		frame_put16(got + 24, frame_csum(got + 14, 20));
	} else {
		CU_ASSERT_EQUAL(m->ol_flags, 0);
		CU_ASSERT_EQUAL(m->tx_offload, UINT64_C(0x5555555555555555));
		CU_ASSERT_EQUAL(frame_parse(m, false, &s), WIRE_OK);
		CU_ASSERT_EQUAL(s.seq, out->seq);
		CU_ASSERT_EQUAL(s.ack, out->ack);
		CU_ASSERT_EQUAL(s.wnd, out->wnd);
		CU_ASSERT_EQUAL(s.key.rport, out->sport);
		CU_ASSERT_EQUAL(s.key.lport, out->dport);
		CU_ASSERT_EQUAL(s.flags, out->flags);
		check_options(&s, out);
		CU_ASSERT_EQUAL(s.len, n);
		CU_ASSERT_EQUAL(s.payload_off, 54 + tcp_out_opt_bytes(out));
	}
	CU_ASSERT_EQUAL(memcmp(got, want, bytes), 0);
}

/* Options that a segment can have at a time: in a SYN, or in another. */
static void
some_options(struct tcp_out *out, struct sack_block *sack, uint64_t *seed)
{
	uint64_t r = prng_next(seed);

	out->ts_val = (uint32_t)prng_next(seed);
	out->ts_ecr = (uint32_t)prng_next(seed);
	out->wscale = (uint8_t)prng_below(seed, TCP_WSCALE_MAX + 1);
	if ((out->flags & TCP_SYN) != 0) {
		out->mss = (r & 8) != 0 ? (uint16_t)(1 + prng_below(seed, 65535)) : 0;
		out->opts = (uint8_t)(r & (OPT_WSCALE | OPT_SACK_PERMITTED | OPT_TIMESTAMPS) & 7);
		out->opts |= (r & 16) != 0 ? OPT_TIMESTAMPS : 0;
		return;
	}
	out->opts = (r & 16) != 0 ? OPT_TIMESTAMPS : 0;
	out->nb_sack = (uint8_t)prng_below(seed, out->opts != 0 ? 4 : 5);
	for (uint32_t i = 0; i < out->nb_sack; i++)
		sack[i] =
			(struct sack_block){ (uint32_t)prng_next(seed), (uint32_t)prng_next(seed) };
	out->opts |= out->nb_sack != 0 ? OPT_SACK : 0;
	out->sack = sack;
}

/* The SYN that opens most connections, byte for byte as Linux's: captures look familiar. */
static void
options_of_a_syn(void)
{
	static const uint8_t expected[] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1,
		3, 3, 7 };
	struct wire_path path = a_path(false);
	struct tcp_out out = { .sport = 1,
		.dport = 2,
		.flags = TCP_SYN,
		.mss = 1460,
		.opts = OPT_SACK_PERMITTED | OPT_TIMESTAMPS | OPT_WSCALE,
		.wscale = 7,
		.ts_val = 0x01020304,
		.ts_ecr = 0x05060708 };
	struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool());

	tcp_emit(m, &path, &out);
	CU_ASSERT_EQUAL_FATAL(m->data_len, 54 + sizeof(expected));
	CU_ASSERT_EQUAL(
		memcmp(rte_pktmbuf_mtod_offset(m, const void *, 54), expected, sizeof(expected)),
		0);
	rte_pktmbuf_free(m);
}

/* An ACK with all that fits: 40 bytes of options. */
static void
options_of_an_ack(void)
{
	static const struct sack_block sack[] = { { 1, 2 }, { 3, 4 }, { 0xfffffffe, 6 } };
	static const uint8_t expected[] = { 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 26, 0, 0,
		0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 6 };
	struct wire_path path = a_path(false);
	struct tcp_out out = { .sport = 1,
		.dport = 2,
		.flags = TCP_ACK,
		.opts = OPT_TIMESTAMPS,
		.ts_val = 1,
		.ts_ecr = 2,
		.sack = sack,
		.nb_sack = 3 };
	struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool());

	tcp_emit(m, &path, &out);
	CU_ASSERT_EQUAL_FATAL(m->data_len, 54 + sizeof(expected));
	CU_ASSERT_EQUAL(
		memcmp(rte_pktmbuf_mtod_offset(m, const void *, 54), expected, sizeof(expected)),
		0);
	rte_pktmbuf_free(m);
}

/* What nearly all segments have, or all that a SYN can have. */
static void
common_options(struct tcp_out *out, bool syn, uint64_t *seed)
{
	out->opts = OPT_TIMESTAMPS;
	out->ts_val = (uint32_t)prng_next(seed);
	out->ts_ecr = (uint32_t)prng_next(seed);
	if (syn) {
		out->opts |= OPT_SACK_PERMITTED | OPT_WSCALE;
		out->mss = (uint16_t)(1 + prng_below(seed, 65535));
		out->wscale = (uint8_t)prng_below(seed, TCP_WSCALE_MAX + 1);
	}
}

/* Random segments, payloads of any length in one segment or over many, both ways of checksumming.
 */
static void
round_trips(void)
{
	static const uint8_t kinds[] = { TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK | TCP_PSH,
		TCP_ACK | TCP_FIN, TCP_RST, TCP_RST | TCP_ACK };
	uint8_t payload[1460];
	uint64_t seed = 8;

	for (uint32_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)prng_next(&seed);
	for (uint32_t i = 0; i < 4000; i++) {
		struct wire_path path = a_path(i % 2 != 0);
		uint64_t r = prng_next(&seed);
		struct tcp_out out = { .seq = (uint32_t)r,
			.ack = (uint32_t)(r >> 32),
			.sport = (uint16_t)(1 + prng_below(&seed, 65535)),
			.dport = (uint16_t)(1 + prng_below(&seed, 65535)),
			.wnd = (uint16_t)prng_next(&seed),
			.flags = kinds[prng_below(&seed, RTE_DIM(kinds))] };
		struct sack_block sack[TCP_SACK_BLOCKS_MAX];
		uint32_t n = i % 5 == 0 ? 0 : prng_below(&seed, sizeof(payload) + 1);
		struct rte_mbuf *m =
			payload_chain(payload, n, i % 4 == 0 ? n : prng_below(&seed, 64),
				1 + 2 * prng_below(&seed, 700), &seed);

		if (i % 3 == 0)
			some_options(&out, sack, &seed);
		else if (i % 5 < 3)
			common_options(&out, i % 5 == 2, &seed);
		path.src_be = rte_cpu_to_be_32(0x01000000 + prng_below(&seed, 0x7e000000));
		path.dst_be = (uint32_t)prng_next(&seed) | 1;
		path.tos = (uint8_t)prng_next(&seed);
		path.ttl = (uint8_t)prng_next(&seed);
		m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_RSS_HASH;
		m->tx_offload = UINT64_C(0x5555555555555555);
		tcp_emit(m, &path, &out);
		check_sent(m, &path, &out, payload, n);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

/* Segments of a train are what each would be alone, whatever pieces their data are in. */
static void
trains(void)
{
	uint8_t payload[1448];
	uint64_t seed = 11;

	for (uint32_t i = 0; i < 400; i++) {
		struct wire_path path = a_path(i % 2 != 0);
		struct tcp_out out = { .seq = (uint32_t)prng_next(&seed),
			.ack = (uint32_t)prng_next(&seed),
			.sport = (uint16_t)(1 + prng_below(&seed, 65535)),
			.dport = (uint16_t)(1 + prng_below(&seed, 65535)),
			.wnd = (uint16_t)prng_next(&seed),
			.flags = TCP_ACK };
		uint32_t n = 1 + prng_below(&seed, sizeof(payload));
		struct tcp_train train = { 0 };
		struct rte_mbuf *m[4];

		common_options(&out, false, &seed);
		path.tos = (uint8_t)prng_next(&seed);
		for (uint32_t j = 0; j < RTE_DIM(m); j++, out.seq += n) {
			for (uint32_t k = 0; k < n; k++)
				payload[k] = (uint8_t)(i % 8 == 0 ? 0xff : prng_next(&seed));
			m[j] = payload_chain(payload, n, j % 2 == 0 ? n : prng_below(&seed, 64),
				1 + 2 * prng_below(&seed, 700), &seed);
			m[j]->tx_offload = UINT64_C(0x5555555555555555);
			m[j]->ol_flags = 0;
			if (j == 0) {
				tcp_emit_data(m[j], &path, &out);
				tcp_train_begin(&train, m[j], &path);
			} else {
				tcp_emit_train(m[j], &path, &train, out.seq);
				check_sent(m[j], &path, &out, payload, n);
			}
		}
		for (uint32_t j = 0; j < RTE_DIM(m); j++)
			rte_pktmbuf_free(m[j]);
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

/* Data that starts at an odd address, and headers in an mbuf whose payload is all behind it. */
static void
odd_places(void)
{
	uint8_t payload[100];
	uint64_t seed = 9;
	struct tcp_out out = {
		.seq = 1, .ack = 2, .sport = 3, .dport = 4, .wnd = 5, .flags = TCP_ACK | TCP_PSH
	};

	memset(payload, 0xe7, sizeof(payload));
	for (uint16_t cut = 0; cut < 12; cut++) {
		for (uint32_t n = 20; n <= sizeof(payload); n += 9) {
			struct wire_path path = a_path(cut % 2 != 0);
			struct rte_mbuf *m =
				payload_chain(payload, n, cut % 3 == 0 ? cut : n, 13, &seed);

			rte_pktmbuf_adj(m, cut);
			m->tx_offload = UINT64_C(0x5555555555555555);
			tcp_emit(m, &path, &out);
			check_sent(m, &path, &out, payload, n - cut);
			rte_pktmbuf_free(m);
		}
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

/* A checksum that comes out as 0 and as 0xffff, and the most that a packet can carry. */
static void
extremes(void)
{
	static uint8_t payload[65535 - 40];
	struct wire_path path = a_path(false);
	struct tcp_out out = { .sport = 1, .dport = 2, .flags = TCP_ACK };
	uint64_t seed = 10;
	struct rte_mbuf *m;
	struct seg s;
	bool zero = false;

	for (uint32_t i = 0; i < 0x10000; i++) {
		m = rte_pktmbuf_alloc(frame_pool());
		out.wnd = (uint16_t)i;
		tcp_emit(m, &path, &out);
		zero = zero || frame_get16(rte_pktmbuf_mtod_offset(m, uint8_t *, 50)) == 0;
		if (frame_parse(m, false, &s) != WIRE_OK || s.wnd != i)
			CU_FAIL("a window that doesn't come back");
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_TRUE(zero);
	memset(payload, 0xff, sizeof(payload));
	m = payload_chain(payload, sizeof(payload), 0, 999, &seed);
	tcp_emit(m, &path, &out);
	CU_ASSERT_EQUAL(frame_get16(rte_pktmbuf_mtod_offset(m, uint8_t *, 16)), 65535);
	CU_ASSERT_EQUAL(frame_parse(m, false, &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.len, sizeof(payload));
	rte_pktmbuf_free(m);
	CU_ASSERT_TRUE(frame_pool_whole());
}

static const struct test_case cases[] = {
	{ "a SYN, byte for byte", bytes_of_a_syn },
	{ "the options of a SYN, byte for byte", options_of_a_syn },
	{ "the options of an ACK, byte for byte", options_of_an_ack },
	{ "round trips with and without offload", round_trips },
	{ "trains", trains },
	{ "odd addresses and lengths", odd_places },
	{ "extremes", extremes },
	{ NULL, NULL },
};

extern const struct test_suite suite_tcp_emit;
const struct test_suite suite_tcp_emit = { "tcp_emit", cases };
