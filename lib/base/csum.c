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
#define VECTOR	   32
#define AVX2_LEAST 256		   /* below, what it takes to add lanes up is more than is saved */
#define AVX2_MOST  (1024 * VECTOR) /* lanes of 32 bits hold that, and their sum */

/* Without a processor to tune for gcc makes two loads of a half of each that may be unaligned. */
#ifdef __clang__
#define CSUM_TARGET __attribute__((target("avx2")))
#else
#define CSUM_TARGET __attribute__((target("avx2,tune=haswell")))
#endif

/* Pairs of halves, each less 2^15: signed is what the instruction that adds them takes. */
CSUM_TARGET static inline __m256i
csum_vector(__m256i sum, const uint8_t *p)
{
	const __m256i ones = _mm256_set1_epi16(1), bias = _mm256_set1_epi16(INT16_MIN);
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);

	return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_xor_si256(v, bias), ones));
}

/* The sum of the 16-bit halves of @p n vectors, four at least. */
CSUM_TARGET static uint64_t
csum_vectors(const uint8_t *p, size_t n)
{
	const uint64_t biases = (uint64_t)n * (VECTOR / 2) << 15;
	__m256i a = _mm256_setzero_si256(), b = a;
	__m128i half;

	do {
		a = csum_vector(a, p);
		b = csum_vector(b, p + VECTOR);
		a = csum_vector(a, p + 2 * VECTOR);
		b = csum_vector(b, p + 3 * VECTOR);
		p += 4 * VECTOR;
		n -= 4;
	} while (n >= 4);
	for (; n != 0; n--, p += VECTOR)
		a = csum_vector(a, p);
	a = _mm256_add_epi32(a, b);
	half = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
	half = _mm_add_epi32(half, _mm_shuffle_epi32(half, _MM_SHUFFLE(1, 0, 3, 2)));
	half = _mm_add_epi32(half, _mm_shuffle_epi32(half, _MM_SHUFFLE(2, 3, 0, 1)));
	return biases + (uint64_t)(int64_t)_mm_cvtsi128_si32(half);
}
#endif

uint64_t
csum_add_any(uint64_t sum, const void *data, size_t bytes)
{
	const uint8_t *p = data;
	uint32_t word;
	uint16_t half;

#ifdef CSUM_AVX2
	while (bytes >= AVX2_LEAST && __builtin_cpu_supports("avx2")) {
		size_t n = RTE_MIN(bytes, (size_t)AVX2_MOST) / VECTOR;

		sum = csum_carry(sum, csum_vectors(p, n));
		p += n * VECTOR;
		bytes -= n * VECTOR;
	}
#endif
	for (; bytes >= 32; bytes -= 32, p += 32)
		sum = csum_carry32(sum, p);
	for (; bytes >= 8; bytes -= 8, p += 8)
		sum = csum_carry(sum, csum_load64(p));
	sum = (sum & UINT32_MAX) + (sum >> 32); /* callers add with + */
	if (bytes & 4) {
		memcpy(&word, p, sizeof(word));
		sum += word;
		p += 4;
	}
	if (bytes & 2) {
		memcpy(&half, p, sizeof(half));
		sum += half;
		p += 2;
	}
	if (bytes & 1) {
		/* As if a zero byte followed, whatever the byte order. */
		half = 0;
		memcpy(&half, p, 1);
		sum += half;
	}
	return sum;
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
