/* SPDX-License-Identifier: BSD-3-Clause */
/* test_csum.c: the Internet checksum against one that takes a byte at a time. */
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "base/csum.h"
#include "base/prng.h"
#include "../test.h"

#define MAX_BYTES 3000

static uint16_t
slow_csum(const uint8_t *bytes, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static void
fill(uint8_t *bytes, size_t n, uint64_t *seed)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)prng_next(seed);
}

static uint16_t
host(uint64_t sum)
{
	return rte_be_to_cpu_16(csum_fold(sum));
}

/* RFC 1071, 3: the bytes 00 01 f2 03 f4 f5 f6 f7 sum to ddf2. */
static void
rfc_example(void)
{
	static const uint8_t bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	CU_ASSERT_EQUAL(host(csum_add(0, bytes, sizeof(bytes))), (uint16_t)~0xddf2);
}

/* Each length at each alignment, in a buffer that ends where the bytes do. */
static void
lengths_and_alignments(void)
{
	uint64_t seed = 1;

	for (size_t n = 0; n <= 700; n++) {
		for (size_t align = 0; align < 8; align++) {
			uint8_t *bytes = malloc(align + n + (align + n == 0));

			CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
			fill(bytes, align + n, &seed);
			CU_ASSERT_EQUAL(
				host(csum_add(0, bytes + align, n)), slow_csum(bytes + align, n));
			free(bytes);
		}
	}
}

/* All ones carry at every word; nothing is zero, whatever came before. */
static void
carries(void)
{
	static uint8_t bytes[65536];
	uint64_t seed = 4;

	memset(bytes, 0xff, sizeof(bytes));
	for (size_t n = 0; n <= sizeof(bytes); n += 997)
		CU_ASSERT_EQUAL(host(csum_add(0, bytes, n)), slow_csum(bytes, n));
	CU_ASSERT_EQUAL(csum_fold(csum_add(0xffffffff, bytes, sizeof(bytes))), 0);
	memset(bytes, 0, sizeof(bytes));
	CU_ASSERT_EQUAL(csum_fold(csum_add(0, bytes, sizeof(bytes))), 0xffff);
	fill(bytes, sizeof(bytes), &seed);
	for (size_t n = 0; n <= sizeof(bytes); n += 997)
		CU_ASSERT_EQUAL(host(csum_add(0, bytes, n)), slow_csum(bytes, n));
	CU_ASSERT_EQUAL(csum_fold(0xffffffff), 0);
	CU_ASSERT_EQUAL(csum_fold(0x0001ffff), (uint16_t)~1);
}

/* Sums of even parts, one on the other or added up, are the sum of the whole. */
static void
partial_sums(void)
{
	uint8_t bytes[MAX_BYTES];
	uint64_t seed = 2;

	for (int i = 0; i < 1000; i++) {
		uint32_t n = prng_below(&seed, MAX_BYTES + 1);
		uint32_t cut = prng_below(&seed, n + 1) & ~1u;
		uint64_t first, last;

		fill(bytes, n, &seed);
		first = csum_add(0, bytes, cut);
		last = csum_add(0, bytes + cut, n - cut);
		CU_ASSERT_EQUAL(host(csum_add(first, bytes + cut, n - cut)), slow_csum(bytes, n));
		CU_ASSERT_EQUAL(host(first + last), slow_csum(bytes, n));
	}
}

/* A bit that flips is noticed. */
static void
flips_show(void)
{
	uint8_t bytes[61];
	uint64_t seed = 3;
	uint16_t whole;

	fill(bytes, sizeof(bytes), &seed);
	whole = csum_fold(csum_add(0, bytes, sizeof(bytes)));
	for (unsigned int bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_NOT_EQUAL(csum_fold(csum_add(0, bytes, sizeof(bytes))), whole);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static struct rte_mbuf *
chain(struct rte_mempool *pool, const uint8_t *bytes, uint32_t n, uint32_t piece, uint64_t *seed)
{
	struct rte_mbuf *first = NULL, *last = NULL;
	uint32_t done = 0;

	do {
		uint32_t part = RTE_MIN(piece != 0 ? piece : prng_below(seed, 90), n - done);
		struct rte_mbuf *m = test_exact_mbuf(pool, bytes + done, part);

		if (first == NULL)
			first = m;
		else
			last->next = m;
		last = m;
		done += part;
	} while (done < n);
	first->pkt_len = n;
	first->nb_segs = 0;
	for (struct rte_mbuf *m = first; m != NULL; m = m->next)
		first->nb_segs++;
	return first;
}

/* Every odd and even segment size, any start and length within, empty segments among them. */
static void
chains(void)
{
	struct rte_mempool *pool = test_pool("csum", 1023);
	uint8_t bytes[MAX_BYTES];
	uint64_t seed = 4;

	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t n = prng_below(&seed, 300), piece = i % 40;
		uint32_t off = prng_below(&seed, n + 1);
		uint32_t len = prng_below(&seed, n - off + 1);
		struct rte_mbuf *m;

		fill(bytes, n, &seed);
		m = chain(pool, bytes, n, piece, &seed);
		CU_ASSERT_EQUAL(host(csum_add_mbuf(0, m, off, len)), slow_csum(bytes + off, len));
		CU_ASSERT_EQUAL(host(csum_add_mbuf(0, m, 0, n)), slow_csum(bytes, n));
		/* What the chain doesn't have isn't read. */
		CU_ASSERT_EQUAL(
			host(csum_add_mbuf(0, m, off, n + 1)), slow_csum(bytes + off, n - off));
		CU_ASSERT_EQUAL(csum_add_mbuf(0x1234, m, n + 5, 1), 0x1234);
		CU_ASSERT_EQUAL(csum_add_mbuf(0, m, UINT32_MAX, UINT32_MAX), 0);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), 1023);
	rte_mempool_free(pool);
}

/* 64 bits at a time, with the carries brought round, is the same sum. */
static void
wide_carries(void)
{
	uint8_t bytes[40];
	uint64_t seed = 3;

	for (uint32_t i = 0; i < 10000; i++) {
		uint64_t sum = i % 3 == 0 ? UINT64_MAX - i % 5 : prng_next(&seed) >> i % 64;
		uint64_t want = (sum & UINT32_MAX) + (sum >> 32);
		uint32_t off = i % 8;

		for (uint32_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = i % 7 == 0 ? 0xff : (uint8_t)prng_next(&seed);
		want += csum_words(bytes + off, 8);
		CU_ASSERT_EQUAL(csum_fold(csum_carry32(sum, bytes + off)), csum_fold(want));
		CU_ASSERT_EQUAL(csum_good(csum_carry32(sum, bytes + off)), csum_fold(want) == 0);
		CU_ASSERT_EQUAL(csum_fold(csum_carry(sum, ~sum)), 0);
	}
	CU_ASSERT_TRUE(csum_good(csum_carry(UINT64_MAX, UINT64_MAX)));
	CU_ASSERT_FALSE(csum_good(csum_carry(UINT64_MAX, 1)));
}

static const struct test_case cases[] = {
	{ "RFC 1071's example", rfc_example },
	{ "every length and alignment", lengths_and_alignments },
	{ "carries", carries },
	{ "partial sums", partial_sums },
	{ "a flipped bit shows", flips_show },
	{ "chains of any segment sizes", chains },
	{ "carries of 64 bits", wide_carries },
	{ NULL, NULL },
};

extern const struct test_suite suite_csum;
const struct test_suite suite_csum = { "csum", cases };
