/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * csum.c: the Internet checksum (RFC 1071), of any length and over chains. Leaves the
 * pseudo-header to wire/.
 */
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <rte_byteorder.h>

#include "base/csum.h"

static inline uint64_t
csum_load64(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

#if defined(__x86_64__) && defined(__GNUC__)
#define CSUM_AVX2  1
#define BLOCK	   128
#define AVX2_LEAST 256 /* below, what it takes to add lanes up is more than is saved */

/* A sum of the 32-bit words of whole blocks: the even ones and the odd ones of four vectors, each
 * in a lane of 64 bits. */
__attribute__((target("avx2"))) static uint64_t
csum_blocks(const uint8_t *p, size_t blocks)
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i low = zero, high = zero, low2 = zero, high2 = zero;
	__m128i half;

	for (; blocks > 0; blocks--, p += BLOCK) {
		const __m256i *v = (const __m256i *)(const void *)p;
		__m256i a = _mm256_loadu_si256(v), b = _mm256_loadu_si256(v + 1);
		__m256i c = _mm256_loadu_si256(v + 2), d = _mm256_loadu_si256(v + 3);

		low = _mm256_add_epi64(low, _mm256_blend_epi32(a, zero, 0xaa));
		high = _mm256_add_epi64(high, _mm256_srli_epi64(a, 32));
		low2 = _mm256_add_epi64(low2, _mm256_blend_epi32(b, zero, 0xaa));
		high2 = _mm256_add_epi64(high2, _mm256_srli_epi64(b, 32));
		low = _mm256_add_epi64(low, _mm256_blend_epi32(c, zero, 0xaa));
		high = _mm256_add_epi64(high, _mm256_srli_epi64(c, 32));
		low2 = _mm256_add_epi64(low2, _mm256_blend_epi32(d, zero, 0xaa));
		high2 = _mm256_add_epi64(high2, _mm256_srli_epi64(d, 32));
	}
	low = _mm256_add_epi64(_mm256_add_epi64(low, low2), _mm256_add_epi64(high, high2));
	half = _mm_add_epi64(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
	return (uint64_t)_mm_cvtsi128_si64(half) + (uint64_t)_mm_extract_epi64(half, 1);
}
#endif

uint64_t
csum_add_any(uint64_t sum, const void *data, size_t bytes)
{
	const uint8_t *p = data;
	uint64_t low = sum, high = 0;
	uint32_t word;
	uint16_t half;

#ifdef CSUM_AVX2
	if (bytes >= AVX2_LEAST && __builtin_cpu_supports("avx2")) {
		size_t blocks = bytes / BLOCK;

		high = csum_blocks(p, blocks);
		p += blocks * BLOCK;
		bytes -= blocks * BLOCK;
	}
#endif
	low = csum_carry(low, high);
	for (; bytes >= 32; bytes -= 32, p += 32)
		low = csum_carry32(low, p);
	for (; bytes >= 8; bytes -= 8, p += 8)
		low = csum_carry(low, csum_load64(p));
	low = (low & UINT32_MAX) + (low >> 32); /* callers add with + */
	if (bytes & 4) {
		memcpy(&word, p, sizeof(word));
		low += word;
		p += 4;
	}
	if (bytes & 2) {
		memcpy(&half, p, sizeof(half));
		low += half;
		p += 2;
	}
	if (bytes & 1) {
		/* As if a zero byte followed, whatever the byte order. */
		half = 0;
		memcpy(&half, p, 1);
		low += half;
	}
	return low;
}

uint64_t
csum_add_chain(uint64_t sum, const struct rte_mbuf *m, uint32_t off, uint32_t bytes)
{
	uint32_t done = 0;

	for (; m != NULL && off >= m->data_len; m = m->next)
		off -= m->data_len;
	for (; m != NULL && done < bytes; m = m->next) {
		uint32_t n = RTE_MIN(m->data_len - off, bytes - done);
		uint64_t part = csum_add(0, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n);

		/* Bytes that stand at odd places are in the other half of their word (RFC 1071, 2
		 * B). */
		if (done & 1)
			part = rte_bswap16((uint16_t)~csum_fold(part));
		sum += part;
		done += n;
		off = 0;
	}
	return sum;
}
