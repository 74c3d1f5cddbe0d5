/* SPDX-License-Identifier: BSD-3-Clause */
/* test_icmp.c: echo and destination unreachable. */
#include <string.h>

#include "base/prng.h"
#include "frame.h"
#include "../test.h"
#include "wire/icmp.h"

#define PEER UINT32_C(0x0a000002)
#define US   UINT32_C(0x0a000001)

/** Frames the ICMP message of @p n bytes, its checksum set right. */
static uint32_t
message(uint8_t *frame, const uint8_t *icmp, uint32_t n)
{
	memcpy(frame + 34, icmp, n);
	if (n >= 4) {
		frame_put16(frame + 36, 0);
		frame_put16(frame + 36, frame_csum(frame + 34, n));
	}
	return frame_ip4(frame, PEER, US, 1, n);
}

static enum wire_drop
parse_mbuf(struct rte_mbuf *m, struct icmp_pkt *out)
{
	uint8_t scratch[WIRE_HEADERS_MAX];
	struct ip4_pkt ip;
	uint32_t avail;
	const uint8_t *h = wire_headers(m, WIRE_HEADERS_MAX, scratch, &avail);
	enum wire_drop drop = ip4_parse(h, avail, m->pkt_len, false, &ip);

	return drop != WIRE_OK ? drop : icmp_parse(m, h, avail, &ip, out);
}

static enum wire_drop
parse(const uint8_t *frame, uint32_t n, struct icmp_pkt *out)
{
	struct rte_mbuf *m = frame_mbuf(frame, n);
	enum wire_drop drop = parse_mbuf(m, out);

	rte_pktmbuf_free(m);
	return drop;
}

static void
kinds(void)
{
	uint8_t frame[FRAME_MAX], icmp[8] = { 0 };
	struct icmp_pkt out;

	for (uint32_t type = 0; type < 256; type++) {
		for (uint32_t code = 0; code < 3; code++) {
			enum icmp_kind expected = ICMP_OTHER;

			icmp[0] = (uint8_t)type;
			icmp[1] = (uint8_t)code;
			if (type == 3)
				expected = ICMP_UNREACHABLE;
			else if (type == 11)
				expected = ICMP_TIME_EXCEEDED;
			else if (type == 12)
				expected = ICMP_PARAMETER;
			else if (type == 8 && code == 0)
				expected = ICMP_ECHO;
			CU_ASSERT_EQUAL(parse(frame, message(frame, icmp, 8), &out), WIRE_OK);
			CU_ASSERT_EQUAL(out.kind, expected);
			CU_ASSERT_EQUAL(out.code, code);
			CU_ASSERT_FALSE(out.quotes_tcp);
		}
	}
}

static void
short_or_damaged(void)
{
	uint8_t frame[FRAME_MAX], icmp[48] = { 8 };
	uint64_t seed = 11;
	struct icmp_pkt out;

	for (uint32_t n = 0; n <= sizeof(icmp); n++) {
		uint32_t bytes = message(frame, icmp, n);

		CU_ASSERT_EQUAL(parse(frame, bytes, &out), n < 8 ? WIRE_SHORT : WIRE_OK);
		CU_ASSERT_EQUAL(parse(frame, bytes + 5, &out), n < 8 ? WIRE_SHORT : WIRE_OK);
		if (n < 8)
			continue;
		for (uint32_t piece = 1; piece < 40; piece += 2) {
			struct rte_mbuf *m = frame_chain(frame, bytes, piece, &seed);

			CU_ASSERT_EQUAL(parse_mbuf(m, &out), WIRE_OK);
			rte_pktmbuf_free(m);
		}
		for (uint32_t bit = 34 * 8; bit < bytes * 8; bit++) {
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CU_ASSERT_EQUAL(parse(frame, bytes, &out), WIRE_ICMP);
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

/** An unreachable message that quotes a TCP segment of ours, its IP header of @p head bytes. */
static uint32_t
quoting(uint8_t *icmp, uint32_t head, uint8_t code, uint16_t mtu)
{
	uint8_t *ip = icmp + 8;

	memset(icmp, 0, 8);
	icmp[0] = 3;
	icmp[1] = code;
	frame_put16(icmp + 6, mtu);
	memset(ip, 1, head);
	ip[0] = (uint8_t)(0x40 | head / 4);
	frame_put16(ip + 2, 1500);
	frame_put16(ip + 6, 0x4000);
	ip[9] = 6;
	frame_put32(ip + 12, US);
	frame_put32(ip + 16, 0xc0000299);
	frame_put16(ip + head, 40001);
	frame_put16(ip + head + 2, 443);
	frame_put32(ip + head + 4, 0x89abcdef);
	return 8 + head + 8;
}

static void
quotations(void)
{
	uint8_t frame[FRAME_MAX], icmp[128];
	uint64_t seed = 12;
	struct icmp_pkt out;

	for (uint32_t head = 20; head <= 60; head += 4) {
		uint32_t n = quoting(icmp, head, 4, 1280);

		for (uint32_t piece = 0; piece < 111; piece++) {
			struct rte_mbuf *m =
				frame_chain(frame, message(frame, icmp, n), piece, &seed);

			CU_ASSERT_EQUAL(parse_mbuf(m, &out), WIRE_OK);
			rte_pktmbuf_free(m);
			CU_ASSERT_EQUAL(out.kind, ICMP_UNREACHABLE);
			CU_ASSERT_EQUAL(out.next_mtu, 1280);
			CU_ASSERT_TRUE(out.quotes_tcp);
			CU_ASSERT_EQUAL(out.quoted_src_be, rte_cpu_to_be_32(US));
			CU_ASSERT_EQUAL(out.quoted_dst_be, RTE_BE32(0xc0000299));
			CU_ASSERT_EQUAL(out.quoted_sport, 40001);
			CU_ASSERT_EQUAL(out.quoted_dport, 443);
			CU_ASSERT_EQUAL(out.quoted_seq, 0x89abcdef);
		}
		/* Other errors quote in the same way; their third word says nothing of an MTU. */
		for (icmp[0] = 11; icmp[0] <= 12; icmp[0]++) {
			CU_ASSERT_EQUAL(parse(frame, message(frame, icmp, n), &out), WIRE_OK);
			CU_ASSERT_EQUAL(
				out.kind, icmp[0] == 11 ? ICMP_TIME_EXCEEDED : ICMP_PARAMETER);
			CU_ASSERT_EQUAL(out.next_mtu, 0);
			CU_ASSERT_TRUE(out.quotes_tcp);
			CU_ASSERT_EQUAL(out.quoted_seq, 0x89abcdef);
		}
		icmp[0] = 3;
		/* Every quotation that ends early, with and without padding behind it. */
		for (uint32_t cut = 8; cut < n; cut++) {
			CU_ASSERT_EQUAL(parse(frame, message(frame, icmp, cut), &out), WIRE_OK);
			CU_ASSERT_EQUAL(out.kind, ICMP_UNREACHABLE);
			CU_ASSERT_FALSE(out.quotes_tcp);
			CU_ASSERT_EQUAL(
				parse(frame, message(frame, icmp, cut) + 60, &out), WIRE_OK);
			CU_ASSERT_FALSE(out.quotes_tcp);
		}
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

static void
quotations_of_no_use(void)
{
	uint8_t frame[FRAME_MAX], icmp[128];
	struct icmp_pkt out;
	uint32_t n = quoting(icmp, 20, 1, 1280);

	CU_ASSERT_EQUAL(parse(frame, message(frame, icmp, n), &out), WIRE_OK);
	CU_ASSERT_TRUE(out.quotes_tcp);
	CU_ASSERT_EQUAL(out.code, 1);
	CU_ASSERT_EQUAL(out.next_mtu, 0); /* that field is code 4's */
	for (uint32_t first = 0; first < 256; first++) {
		quoting(icmp, 20, 1, 0);
		icmp[8] = (uint8_t)first;
		CU_ASSERT_EQUAL(parse(frame, message(frame, icmp, n), &out), WIRE_OK);
		CU_ASSERT_EQUAL(out.quotes_tcp, first == 0x45);
	}
	quoting(icmp, 20, 1, 0);
	icmp[17] = 17; /* UDP */
	CU_ASSERT_EQUAL(parse(frame, message(frame, icmp, n), &out), WIRE_OK);
	CU_ASSERT_FALSE(out.quotes_tcp);
	quoting(icmp, 20, 1, 0);
	icmp[15] = 1; /* a later fragment */
	CU_ASSERT_EQUAL(parse(frame, message(frame, icmp, n), &out), WIRE_OK);
	CU_ASSERT_FALSE(out.quotes_tcp);
}

static void
echo_replies(void)
{
	static const struct rte_ether_addr us = { { 2, 0, 0, 0, 0, 1 } };
	uint8_t frame[FRAME_MAX], icmp[600] = { 8 };
	uint64_t seed = 13;
	struct ip4_pkt ip;

	for (uint32_t n = 8; n <= sizeof(icmp); n++) {
		uint32_t bytes = message(frame, icmp, n);
		struct rte_mbuf *m;
		uint8_t *p;

		frame[15] = 0x48;
		frame_put16(frame + 18, n);
		frame_mend(frame, bytes);
		m = frame_mbuf(frame, bytes);
		p = rte_pktmbuf_mtod(m, uint8_t *);
		m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
		CU_ASSERT_EQUAL(ip4_parse(p, RTE_MIN(bytes, 94u), bytes, false, &ip), WIRE_OK);
		icmp_echo_to_reply(m, &us, &ip);
		CU_ASSERT_EQUAL(m->ol_flags, RTE_MBUF_F_EXTERNAL);
		CU_ASSERT_EQUAL(m->pkt_len, bytes);
		CU_ASSERT_EQUAL(memcmp(p, frame + 6, 6), 0);
		CU_ASSERT_EQUAL(memcmp(p + 6, &us, 6), 0);
		CU_ASSERT_EQUAL(frame_csum(p + 14, 20), 0);
		CU_ASSERT_EQUAL(p[15], 0x48);
		CU_ASSERT_EQUAL(frame_get16(p + 16), bytes - 14);
		CU_ASSERT_EQUAL(p[22], 64);
		CU_ASSERT_EQUAL(frame_get32(p + 26), US);
		CU_ASSERT_EQUAL(frame_get32(p + 30), PEER);
		CU_ASSERT_EQUAL(frame_get16(p + 34), 0);
		/* Of an all-zero reply too: its checksum must be 0xffff, which only a full sum
		 * gives. */
		CU_ASSERT_EQUAL(frame_csum(p + 34, n), 0);
		CU_ASSERT_EQUAL(memcmp(p + 38, icmp + 4, n - 4), 0);
		rte_pktmbuf_free(m);
		icmp[n] = (uint8_t)prng_next(&seed);
		icmp[4] = n > 20 ? (uint8_t)prng_next(&seed) : 0;
		if (n + 1 == sizeof(icmp))
			break;
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

static void
when_errors_are_allowed(void)
{
	static const struct {
		uint32_t src, dst;
		uint8_t proto, type, group;
		bool allowed;
	} rows[] = {
		{ PEER, US, 6, 0, 0, true },
		{ PEER, US, 17, 0, 0, true },
		{ PEER, US, 132, 0, 0, true },
		{ PEER, US, 6, 0, 1, false }, /* link multicast */
		{ PEER, 0xe0000001, 17, 0, 0, false },
		{ PEER, 0xffffffff, 17, 0, 0, false },
		{ PEER, 0x00000000, 17, 0, 0, false },
		{ PEER, 0xf0000001, 17, 0, 0, false },
		{ 0xf0000001, US, 17, 0, 0, false },
		{ PEER, US, 1, 8, 0, true },
		{ PEER, US, 1, 0, 0, true },
		{ PEER, US, 1, 13, 0, true },
		{ PEER, US, 1, 18, 0, true },
		{ PEER, US, 1, 3, 0, false },
		{ PEER, US, 1, 4, 0, false },
		{ PEER, US, 1, 5, 0, false },
		{ PEER, US, 1, 11, 0, false },
		{ PEER, US, 1, 12, 0, false },
		{ PEER, US, 1, 19, 0, false },
		{ PEER, US, 1, 255, 0, false },
	};
	uint8_t frame[FRAME_MAX];
	struct ip4_pkt ip;

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct rte_mbuf *m;
		uint32_t n;

		memset(frame + 34, 0, 8);
		frame[34] = rows[i].type;
		n = frame_ip4(frame, rows[i].src, rows[i].dst, rows[i].proto, 8);
		frame[0] |= rows[i].group;
		CU_ASSERT_EQUAL(ip4_parse(frame, n, n, false, &ip), WIRE_OK);
		CU_ASSERT_EQUAL(icmp_error_allowed(frame, n, &ip), rows[i].allowed);
		/* Nothing of the message in hand: only what isn't ICMP may be answered. */
		m = frame_mbuf(frame, 34);
		CU_ASSERT_EQUAL(icmp_error_allowed(rte_pktmbuf_mtod(m, uint8_t *), 34, &ip),
			rows[i].allowed && rows[i].proto != 1);
		rte_pktmbuf_free(m);
	}
}

static void
unreachable_emitted(void)
{
	struct wire_path path = { WIRE_PATH_FIXED, .dst_mac = { { 2, 0, 0, 0, 0, 2 } },
		.src_mac = { { 2, 0, 0, 0, 0, 1 } }, .src_be = rte_cpu_to_be_32(US),
		.dst_be = rte_cpu_to_be_32(PEER), .ttl = 64 };
	uint8_t frame[FRAME_MAX];
	struct frame_tcp what = { .src = US,
		.dst = PEER,
		.sport = 7,
		.dport = 9,
		.seq = 0xdeadbeef,
		.payload = (const uint8_t *)"abcdefgh",
		.payload_bytes = 8 };

	for (uint32_t n = 34, whole = frame_tcp(frame, &what); n <= whole; n++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool()), *cut;
		uint32_t quote = RTE_MIN(n - 14, 28u);
		struct icmp_pkt out;
		uint8_t *p;

		frame_put16(frame + 16, n - 14);
		cut = frame_mbuf(frame, n + 2); /* two bytes of padding, not to be quoted */
		path.offload_csum = n % 2 != 0;
		icmp_unreachable_emit(m, &path, 2, rte_pktmbuf_mtod(cut, const uint8_t *), n + 2);
		p = rte_pktmbuf_mtod(m, uint8_t *);
		CU_ASSERT_EQUAL(m->pkt_len, 34 + 8 + quote);
		CU_ASSERT_EQUAL(m->data_len, m->pkt_len);
		CU_ASSERT_EQUAL(memcmp(p + 42, frame + 14, quote), 0);
		CU_ASSERT_EQUAL(m->ol_flags,
			path.offload_csum ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : 0);
		if (path.offload_csum)
			frame_mend(p, m->pkt_len);
		CU_ASSERT_EQUAL(parse_mbuf(m, &out), WIRE_OK);
		CU_ASSERT_EQUAL(out.kind, ICMP_UNREACHABLE);
		CU_ASSERT_EQUAL(out.code, 2);
		CU_ASSERT_EQUAL(out.quotes_tcp, quote == 28);
		if (out.quotes_tcp) {
			CU_ASSERT_EQUAL(out.quoted_sport, 7);
			CU_ASSERT_EQUAL(out.quoted_seq, 0xdeadbeef);
		}
		rte_pktmbuf_free(m);
		rte_pktmbuf_free(cut);
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

static const struct test_case cases[] = {
	{ "kinds", kinds },
	{ "short or damaged", short_or_damaged },
	{ "quotations", quotations },
	{ "quotations of no use", quotations_of_no_use },
	{ "echo replies", echo_replies },
	{ "when errors are allowed", when_errors_are_allowed },
	{ "unreachable, emitted", unreachable_emitted },
	{ NULL, NULL },
};

extern const struct test_suite suite_icmp;
const struct test_suite suite_icmp = { "icmp", cases };
