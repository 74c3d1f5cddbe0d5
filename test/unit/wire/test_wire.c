/* SPDX-License-Identifier: BSD-3-Clause */
/* test_wire.c: wire_headers() over chains, wire_ip4_emit(). */
#include <string.h>

#include "base/prng.h"
#include "frame.h"
#include "../test.h"

static void
headers_in_place(void)
{
	uint8_t bytes[100], scratch[WIRE_HEADERS_MAX];
	uint32_t avail;

	memset(bytes, 7, sizeof(bytes));
	for (uint32_t n = 0; n <= sizeof(bytes); n++) {
		struct rte_mbuf *m = frame_mbuf(bytes, n);

		CU_ASSERT_PTR_EQUAL(wire_headers(m, WIRE_HEADERS_MAX, scratch, &avail),
			rte_pktmbuf_mtod(m, const uint8_t *));
		CU_ASSERT_EQUAL(avail, RTE_MIN(n, (uint32_t)WIRE_HEADERS_MAX));
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

static void
headers_of_chains(void)
{
	uint8_t bytes[160], scratch[WIRE_HEADERS_MAX];
	uint64_t seed = 5;
	uint32_t avail;

	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)prng_next(&seed);
	for (uint32_t piece = 0; piece < 120; piece++) {
		for (uint32_t n = 1; n <= sizeof(bytes); n += 3) {
			struct rte_mbuf *m = frame_chain(bytes, n, piece, &seed);
			uint32_t expected = RTE_MIN(n, (uint32_t)WIRE_HEADERS_MAX);
			const uint8_t *h = wire_headers(m, WIRE_HEADERS_MAX, scratch, &avail);

			CU_ASSERT_EQUAL(avail, expected);
			CU_ASSERT_EQUAL(memcmp(h, bytes, expected), 0);
			CU_ASSERT_EQUAL(h == scratch, m->data_len < expected);
			rte_pktmbuf_free(m);
		}
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

/* A pkt_len that the chain doesn't have behind it. */
static void
headers_of_lying_chain(void)
{
	uint8_t bytes[60] = { 0 }, scratch[WIRE_HEADERS_MAX];
	uint64_t seed = 6;
	struct rte_mbuf *m = frame_chain(bytes, sizeof(bytes), 7, &seed);
	uint32_t avail;

	m->pkt_len = 1000;
	wire_headers(m, WIRE_HEADERS_MAX, scratch, &avail);
	CU_ASSERT_EQUAL(avail, 60);
	rte_pktmbuf_free(m);
}

static void
ip4_emitted(void)
{
	static const uint8_t expected[34] = { 2, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 8, 0, 0x45, 0x2e,
		0, 23, 0, 0, 0x40, 0, 64, 1, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7 };
	struct wire_path path = {
		WIRE_PATH_FIXED,
		.dst_mac = { { 2, 1, 1, 1, 1, 1 } },
		.src_mac = { { 2, 2, 2, 2, 2, 2 } },
		.src_be = RTE_BE32(0xc0000201),
		.dst_be = RTE_BE32(0xc6336407),
		.tos = 0x2e,
		.ttl = 64,
	};

	for (int offload = 0; offload < 2; offload++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool());
		uint8_t *p;

		memcpy(rte_pktmbuf_append(m, 3), "abc", 3);
		m->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD;
		path.offload_csum = offload != 0;
		wire_ip4_emit(m, &path, 1);
		CU_ASSERT_EQUAL(m->pkt_len, 37);
		CU_ASSERT_EQUAL(m->data_len, 37);
		p = rte_pktmbuf_mtod(m, uint8_t *);
		if (offload) {
			CU_ASSERT_EQUAL(m->ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
			CU_ASSERT_EQUAL(m->l2_len, 14);
			CU_ASSERT_EQUAL(m->l3_len, 20);
		} else {
			CU_ASSERT_EQUAL(m->ol_flags, 0);
			CU_ASSERT_EQUAL(frame_csum(p + 14, 20), 0);
			memset(p + 24, 0, 2);
		}
		CU_ASSERT_EQUAL(memcmp(p, expected, sizeof(expected)), 0);
		CU_ASSERT_EQUAL(memcmp(p + 34, "abc", 3), 0);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

static const struct test_case cases[] = {
	{ "headers in place", headers_in_place },
	{ "headers over segments", headers_of_chains },
	{ "a chain shorter than it says", headers_of_lying_chain },
	{ "IPv4 header emitted", ip4_emitted },
	{ NULL, NULL },
};

extern const struct test_suite suite_wire;
const struct test_suite suite_wire = { "wire", cases };
