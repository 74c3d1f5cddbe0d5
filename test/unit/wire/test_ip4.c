/* SPDX-License-Identifier: BSD-3-Clause */
/* test_ip4.c: what is accepted as an IPv4 packet, and for what each other one is dropped. */
#include <string.h>

#include "base/csum.h"
#include "frame.h"
#include "../test.h"

#define SRC UINT32_C(0x0a000002)
#define DST UINT32_C(0x0a000001)

/** Parses @p n bytes from a buffer of just that size. */
static enum wire_drop
parse(const uint8_t *frame, uint32_t n, bool good, struct ip4_pkt *out)
{
	struct rte_mbuf *m = frame_mbuf(frame, n);
	enum wire_drop drop = ip4_parse(rte_pktmbuf_mtod(m, const uint8_t *),
		RTE_MIN(n, (uint32_t)WIRE_HEADERS_MAX), n, good, out);

	rte_pktmbuf_free(m);
	return drop;
}

static void
good_packet(void)
{
	uint8_t frame[FRAME_MAX] = { 0 };
	uint32_t n = frame_ip4(frame, SRC, DST, 17, 100), dst_be;
	struct ip4_pkt ip;

	frame[15] = 0xb8;
	frame_mend(frame, n);
	CU_ASSERT_EQUAL(parse(frame, n, false, &ip), WIRE_OK);
	CU_ASSERT_EQUAL(ip.src_be, rte_cpu_to_be_32(SRC));
	CU_ASSERT_EQUAL(ip.dst_be, rte_cpu_to_be_32(DST));
	CU_ASSERT_EQUAL(ip.l4_off, 34);
	CU_ASSERT_EQUAL(ip.l4_len, 100);
	CU_ASSERT_EQUAL(ip.proto, 17);
	CU_ASSERT_EQUAL(ip.tos, 0xb8);
	CU_ASSERT_EQUAL(ip.ttl, 57);
	CU_ASSERT_TRUE(ip4_peek_dst(frame, n, &dst_be));
	CU_ASSERT_EQUAL(dst_be, rte_cpu_to_be_32(DST));
	/* Ethernet padding isn't the packet's. */
	CU_ASSERT_EQUAL(parse(frame, n + 18, false, &ip), WIRE_OK);
	CU_ASSERT_EQUAL(ip.l4_len, 100);
	/* A packet without payload is one. */
	n = frame_ip4(frame, SRC, DST, 17, 0);
	CU_ASSERT_EQUAL(parse(frame, n, false, &ip), WIRE_OK);
	CU_ASSERT_EQUAL(ip.l4_len, 0);
}

static void
truncated(void)
{
	uint8_t frame[FRAME_MAX] = { 0 };
	uint32_t n = frame_ip4(frame, SRC, DST, 6, 60), dst_be;
	struct ip4_pkt ip;

	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = frame_mbuf(frame, i);

		CU_ASSERT_EQUAL(parse(frame, i, false, &ip), i < 34 ? WIRE_SHORT : WIRE_IP_HEADER);
		CU_ASSERT_EQUAL(parse(frame, i, true, &ip), i < 34 ? WIRE_SHORT : WIRE_IP_HEADER);
		CU_ASSERT_EQUAL(
			ip4_peek_dst(rte_pktmbuf_mtod(m, const uint8_t *), i, &dst_be), i >= 34);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

static void
lying_total_length(void)
{
	uint8_t frame[FRAME_MAX] = { 0 };
	uint32_t n = frame_ip4(frame, SRC, DST, 6, 60);
	struct ip4_pkt ip;

	for (uint32_t total = 0; total <= 0xffff; total++) {
		bool fits = total >= 20 && total <= n - 14;

		frame_put16(frame + 16, total);
		frame_put16(frame + 24, 0);
		frame_put16(frame + 24, frame_csum(frame + 14, 20));
		CU_ASSERT_EQUAL(
			ip4_parse(frame, n, n, false, &ip), fits ? WIRE_OK : WIRE_IP_HEADER);
		if (fits)
			CU_ASSERT_EQUAL(ip.l4_len, total - 20);
	}
}

static void
versions_and_header_lengths(void)
{
	uint8_t frame[FRAME_MAX] = { 0 };
	uint32_t n;
	struct ip4_pkt ip;

	for (uint32_t first = 0; first < 256; first++) {
		uint32_t head = (first & 15) * 4;
		struct rte_mbuf *m;
		enum wire_drop expected = WIRE_IP_OPTIONS;

		memset(frame, 1, 200);
		n = frame_ip4(frame, SRC, DST, 6, 60);
		frame[14] = (uint8_t)first;
		frame_put16(frame + 24, 0);
		frame_put16(frame + 24, frame_csum(frame + 14, head < 20 ? 20 : head));
		if (first >> 4 != 4 || head < 20)
			expected = WIRE_IP_HEADER;
		else if (head == 20)
			expected = WIRE_OK;
		CU_ASSERT_EQUAL(parse(frame, n, false, &ip), expected);
		if (expected != WIRE_IP_OPTIONS)
			continue;
		/* Only a part of the options in hand. */
		m = frame_mbuf(frame, 14 + head - 1);
		CU_ASSERT_EQUAL(
			ip4_parse(rte_pktmbuf_mtod(m, uint8_t *), 14 + head - 1, n, false, &ip),
			WIRE_IP_OPTIONS);
		rte_pktmbuf_free(m);
		/* Options whose header is damaged, cut off, or longer than the packet. */
		frame[36] ^= 1;
		CU_ASSERT_EQUAL(parse(frame, n, false, &ip), WIRE_IP_CSUM);
		CU_ASSERT_EQUAL(parse(frame, 14 + head - 1, false, &ip), WIRE_IP_HEADER);
		frame_put16(frame + 16, head - 1);
		CU_ASSERT_EQUAL(parse(frame, n, false, &ip), WIRE_IP_HEADER);
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

static void
checksum(void)
{
	uint8_t frame[FRAME_MAX] = { 0 };
	uint32_t n = frame_ip4(frame, SRC, DST, 6, 20);
	struct ip4_pkt ip;

	/* Any one bit of the header; the first four bytes are judged for other reasons first. */
	for (unsigned int bit = 32; bit < 160; bit++) {
		frame[14 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_EQUAL(parse(frame, n, false, &ip), WIRE_IP_CSUM);
		frame[14 + bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	frame[24] ^= 0xff;
	CU_ASSERT_EQUAL(parse(frame, n, true, &ip), WIRE_OK);
	/* Many headers: each has the one checksum that is right. */
	for (uint32_t id = 0; id < 0x10000; id += 17) {
		frame_put16(frame + 18, id);
		frame_put16(frame + 24, 0);
		frame_put16(frame + 24, frame_csum(frame + 14, 20));
		CU_ASSERT_EQUAL(ip4_parse(frame, n, n, false, &ip), WIRE_OK);
	}
}

static void
fragments(void)
{
	static const struct {
		uint32_t field;
		enum wire_drop expected;
	} rows[] = { { 0x0000, WIRE_OK }, { 0x4000, WIRE_OK }, { 0x8000, WIRE_OK },
		{ 0x2000, WIRE_FRAGMENT }, { 0x6000, WIRE_FRAGMENT }, { 0x0001, WIRE_FRAGMENT },
		{ 0x1000, WIRE_FRAGMENT }, { 0x1fff, WIRE_FRAGMENT }, { 0x00b9, WIRE_FRAGMENT } };
	uint8_t frame[FRAME_MAX] = { 0 };
	uint32_t n = frame_ip4(frame, SRC, DST, 6, 20);
	struct ip4_pkt ip;

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		frame_put16(frame + 20, rows[i].field);
		frame_mend(frame, n);
		CU_ASSERT_EQUAL(parse(frame, n, false, &ip), rows[i].expected);
	}
}

static void
sources(void)
{
	static const struct {
		uint32_t addr;
		enum wire_drop expected;
	} rows[] = {
		{ 0x00000000, WIRE_IP_SOURCE },
		{ 0x00ffffff, WIRE_IP_SOURCE },
		{ 0x01000000, WIRE_OK },
		{ 0x7effffff, WIRE_OK },
		{ 0x7f000000, WIRE_IP_SOURCE },
		{ 0x7f000001, WIRE_IP_SOURCE },
		{ 0x7fffffff, WIRE_IP_SOURCE },
		{ 0x80000000, WIRE_OK },
		{ 0xdfffffff, WIRE_OK },
		{ 0xe0000000, WIRE_IP_SOURCE },
		{ 0xe0000001, WIRE_IP_SOURCE },
		{ 0xefffffff, WIRE_IP_SOURCE },
		{ 0xf0000000, WIRE_OK },
		{ 0xfffffffe, WIRE_OK },
		{ 0xffffffff, WIRE_IP_SOURCE },
	};
	uint8_t frame[FRAME_MAX] = { 0 };
	struct ip4_pkt ip;

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		uint32_t n = frame_ip4(frame, rows[i].addr, DST, 6, 20);

		CU_ASSERT_EQUAL(parse(frame, n, false, &ip), rows[i].expected);
	}
}

/* The sum over pseudo-header and segment of a right packet is zero. */
static void
pseudo_sum(void)
{
	uint8_t payload[31], frame[FRAME_MAX];

	memset(payload, 0xfe, sizeof(payload));
	for (uint32_t i = 0; i < 1000; i++) {
		struct frame_tcp what = { .src = 0xfffffff0 + i,
			.dst = 0xffff0000 - i * 65521,
			.payload = payload,
			.payload_bytes = i % 32,
			.seq = i * 2654435761u };
		uint32_t n = frame_tcp(frame, &what);
		uint64_t sum = wire_pseudo_sum(rte_cpu_to_be_32(frame_get32(frame + 26)),
			rte_cpu_to_be_32(frame_get32(frame + 30)), 6, n - 34);

		CU_ASSERT_EQUAL(csum_fold(csum_add(sum, frame + 34, n - 34)), 0);
		CU_ASSERT_EQUAL(csum_fold(sum + csum_add(0, frame + 34, n - 34)), 0);
	}
}

static const struct test_case cases[] = {
	{ "a good packet", good_packet },
	{ "cut off at every length", truncated },
	{ "total lengths that lie", lying_total_length },
	{ "versions and header lengths", versions_and_header_lengths },
	{ "header checksum", checksum },
	{ "fragments", fragments },
	{ "sources that no packet may have", sources },
	{ "pseudo-header", pseudo_sum },
	{ NULL, NULL },
};

extern const struct test_suite suite_ip4;
const struct test_suite suite_ip4 = { "ip4", cases };
