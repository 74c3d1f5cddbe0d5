/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_siphash.c: SipHash-2-4 against the vectors published with it; the flow forms against values
 * from another implementation (openssl mac SIPHASH, c-rounds 1, d-rounds 3).
 */
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "base/prng.h"
#include "base/siphash.h"

/* The key is 00 01 .. 0f, the message 00 01 .. of as many bytes as the place in this list. */
static const uint64_t vectors24[64] = {
	UINT64_C(0x726fdb47dd0e0e31),
	UINT64_C(0x74f839c593dc67fd),
	UINT64_C(0x0d6c8009d9a94f5a),
	UINT64_C(0x85676696d7fb7e2d),
	UINT64_C(0xcf2794e0277187b7),
	UINT64_C(0x18765564cd99a68d),
	UINT64_C(0xcbc9466e58fee3ce),
	UINT64_C(0xab0200f58b01d137),
	UINT64_C(0x93f5f5799a932462),
	UINT64_C(0x9e0082df0ba9e4b0),
	UINT64_C(0x7a5dbbc594ddb9f3),
	UINT64_C(0xf4b32f46226bada7),
	UINT64_C(0x751e8fbc860ee5fb),
	UINT64_C(0x14ea5627c0843d90),
	UINT64_C(0xf723ca908e7af2ee),
	UINT64_C(0xa129ca6149be45e5),
	UINT64_C(0x3f2acc7f57c29bdb),
	UINT64_C(0x699ae9f52cbe4794),
	UINT64_C(0x4bc1b3f0968dd39c),
	UINT64_C(0xbb6dc91da77961bd),
	UINT64_C(0xbed65cf21aa2ee98),
	UINT64_C(0xd0f2cbb02e3b67c7),
	UINT64_C(0x93536795e3a33e88),
	UINT64_C(0xa80c038ccd5ccec8),
	UINT64_C(0xb8ad50c6f649af94),
	UINT64_C(0xbce192de8a85b8ea),
	UINT64_C(0x17d835b85bbb15f3),
	UINT64_C(0x2f2e6163076bcfad),
	UINT64_C(0xde4daaaca71dc9a5),
	UINT64_C(0xa6a2506687956571),
	UINT64_C(0xad87a3535c49ef28),
	UINT64_C(0x32d892fad841c342),
	UINT64_C(0x7127512f72f27cce),
	UINT64_C(0xa7f32346f95978e3),
	UINT64_C(0x12e0b01abb051238),
	UINT64_C(0x15e034d40fa197ae),
	UINT64_C(0x314dffbe0815a3b4),
	UINT64_C(0x027990f029623981),
	UINT64_C(0xcadcd4e59ef40c4d),
	UINT64_C(0x9abfd8766a33735c),
	UINT64_C(0x0e3ea96b5304a7d0),
	UINT64_C(0xad0c42d6fc585992),
	UINT64_C(0x187306c89bc215a9),
	UINT64_C(0xd4a60abcf3792b95),
	UINT64_C(0xf935451de4f21df2),
	UINT64_C(0xa9538f0419755787),
	UINT64_C(0xdb9acddff56ca510),
	UINT64_C(0xd06c98cd5c0975eb),
	UINT64_C(0xe612a3cb9ecba951),
	UINT64_C(0xc766e62cfcadaf96),
	UINT64_C(0xee64435a9752fe72),
	UINT64_C(0xa192d576b245165a),
	UINT64_C(0x0a8787bf8ecb74b2),
	UINT64_C(0x81b3e73d20b49b6f),
	UINT64_C(0x7fa8220ba3b2ecea),
	UINT64_C(0x245731c13ca42499),
	UINT64_C(0xb78dbfaf3a8d83bd),
	UINT64_C(0xea1ad565322a1a0b),
	UINT64_C(0x60e61c23a3795013),
	UINT64_C(0x6606d7e446282b93),
	UINT64_C(0x6ca4ecb15c5f91e1),
	UINT64_C(0x9f626da15c9625f3),
	UINT64_C(0xe51b38608ef25f57),
	UINT64_C(0x958a324ceb064572),
};

static void
test_published(void)
{
	static const uint64_t key[2] = { UINT64_C(0x0706050403020100),
		UINT64_C(0x0f0e0d0c0b0a0908) };

	for (size_t n = 0; n < 64; n++) {
		uint8_t *exact = malloc(n != 0 ? n : 1); /* a sanitizer sees reads past the end */

		for (size_t i = 0; i < n; i++)
			exact[i] = (uint8_t)i;
		CU_ASSERT_EQUAL(siphash24(key, exact, n), vectors24[n]);
		free(exact);
	}
}

static void
test_unaligned(void)
{
	static const uint64_t key[2] = { UINT64_C(0x0706050403020100),
		UINT64_C(0x0f0e0d0c0b0a0908) };
	uint8_t room[64 + 8];

	for (size_t off = 0; off < 8; off++) {
		for (size_t i = 0; i < 63; i++)
			room[off + i] = (uint8_t)i;
		CU_ASSERT_EQUAL(siphash24(key, room + off, 63), vectors24[63]);
	}
}

struct flow_vector {
	uint8_t key[16];
	uint8_t flow[24];
	uint64_t out;
	struct sip128 out128;
};

static const struct flow_vector flow_vectors[] = {
	{ .key = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c,
		  0x0d, 0x0e, 0x0f },
		.flow = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
			0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17 },
		.out = UINT64_C(0xf464aeb267349c8c),
		.out128 = { UINT64_C(0xca92fdbc37f84b9e), UINT64_C(0x4ad0841a06d209ce) } },
	{ .key = { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		  0x00, 0x00, 0x00 },
		.flow = { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
			0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 },
		.out = UINT64_C(0xf9003207cf9e4d4c),
		.out128 = { UINT64_C(0x90242b30416ce2ec), UINT64_C(0x4d74847483c480d3) } },
	{ .key = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff },
		.flow = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.out = UINT64_C(0xd857e0251acfe52f),
		.out128 = { UINT64_C(0xb0132a0c3df12071), UINT64_C(0x55f88f0db075b16c) } },
	{ .key = { 0x0b, 0x30, 0x55, 0x7a, 0x9f, 0xc4, 0xe9, 0x0e, 0x33, 0x58, 0x7d, 0xa2, 0xc7,
		  0xec, 0x11, 0x36 },
		.flow = { 0x05, 0x60, 0xbb, 0x16, 0x71, 0xcc, 0x27, 0x82, 0xdd, 0x38, 0x93, 0xee,
			0x49, 0xa4, 0xff, 0x5a, 0xb5, 0x10, 0x6b, 0xc6, 0x21, 0x7c, 0xd7, 0x32 },
		.out = UINT64_C(0xd89db8ad115e31a8),
		.out128 = { UINT64_C(0x8a9a7fda56c63d7c), UINT64_C(0x89a2862d6524722f) } },
};

static void
test_flow(void)
{
	for (size_t i = 0; i < sizeof(flow_vectors) / sizeof(flow_vectors[0]); i++) {
		const struct flow_vector *v = &flow_vectors[i];
		struct flow_key flow;
		struct sip128 out128;
		uint64_t key[2];

		memcpy(key, v->key,
			sizeof(key)); /* vectors are little endian; so are our machines */
		memcpy(&flow, v->flow, sizeof(flow));
		CU_ASSERT_EQUAL(siphash13_flow(key, &flow), v->out);
		out128 = siphash13_flow128(key, &flow);
		CU_ASSERT_EQUAL(out128.lo, v->out128.lo);
		CU_ASSERT_EQUAL(out128.hi, v->out128.hi);
	}
}

/* Every bit of key and flow moves about half of the output's bits. */
static void
test_flow_avalanche(void)
{
	uint64_t seed = 1, words[5], flips = 0;
	unsigned int trials = 0;

	for (unsigned int round = 0; round < 64; round++) {
		uint64_t before;

		for (unsigned int i = 0; i < 5; i++)
			words[i] = prng_next(&seed);
		before = siphash13_flow(words, (const struct flow_key *)(const void *)&words[2]);
		for (unsigned int bit = 0; bit < 320; bit++, trials++) {
			uint64_t after;
			int moved;

			words[bit / 64] ^= UINT64_C(1) << (bit % 64);
			after = siphash13_flow(
				words, (const struct flow_key *)(const void *)&words[2]);
			words[bit / 64] ^= UINT64_C(1) << (bit % 64);
			moved = __builtin_popcountll(before ^ after);
			CU_ASSERT_TRUE(moved >= 6 && moved <= 58);
			flips += (uint64_t)moved;
		}
	}
	/* mean 32, standard deviation of the mean 4 / sqrt(20480) = 0.028 */
	CU_ASSERT_TRUE(flips > trials * UINT64_C(319) / 10 && flips < trials * UINT64_C(321) / 10);
}

static const struct test_case cases[] = {
	{ "SipHash-2-4 gives the published vectors", test_published },
	{ "alignment doesn't matter", test_unaligned },
	{ "SipHash-1-3 of a flow, 64 and 128 bits", test_flow },
	{ "every bit of key and flow counts", test_flow_avalanche },
	{ NULL, NULL },
};
extern const struct test_suite suite_siphash;
const struct test_suite suite_siphash = { "siphash", cases };
