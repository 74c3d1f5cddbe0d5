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
#define AVX2_LEAST 256 /* below, what it takes to add lanes up is more than is saved */

struct lanes {
	__m256i whole, high;
};

/* Not loadu: without a processor to tune for it is made two loads of a half. */
__attribute__((target("avx2"))) static inline void
csum_vector(struct lanes *sum, const uint8_t *p)
{
	__m256i v = _mm256_lddqu_si256((const __m256i *)(const void *)p);

	sum->whole = _mm256_add_epi64(sum->whole, v);
	sum->high = _mm256_add_epi64(sum->high, _mm256_srli_epi64(v, 32));
}

/*
 * A sum of the 32-bit words of @p bytes, whole vectors and four at least, in lanes of 64 bits: of
 * whole lanes, modulo 2^64, and of their high halves. The low halves' is what the former has beyond
 * the latter, 2^32 times.
 */
__attribute__((target("avx2"))) static uint64_t
csum_vectors(const uint8_t *p, size_t bytes)
{
	const __m256i zero = _mm256_setzero_si256();
	struct lanes a = { zero, zero }, b = a;
	size_t n = bytes / VECTOR;
	__m128i half;

	do {
		csum_vector(&a, p);
		csum_vector(&b, p + VECTOR);
		csum_vector(&a, p + 2 * VECTOR);
		csum_vector(&b, p + 3 * VECTOR);
		p += 4 * VECTOR;
		n -= 4;
	} while (n >= 4);
	for (; n != 0; n--, p += VECTOR)
		csum_vector(&a, p);
	a.whole = _mm256_add_epi64(a.whole, b.whole);
	a.high = _mm256_add_epi64(a.high, b.high);
	a.whole = _mm256_sub_epi64(a.whole, _mm256_slli_epi64(a.high, 32));
	a.whole = _mm256_add_epi64(a.whole, a.high);
	half = _mm_add_epi64(_mm256_castsi256_si128(a.whole), _mm256_extracti128_si256(a.whole, 1));
	return (uint64_t)_mm_cvtsi128_si64(half) + (uint64_t)_mm_extract_epi64(half, 1);
}
#endif

uint64_t
csum_add_any(uint64_t sum, const void *data, size_t bytes)
{
	const uint8_t *p = data;
	uint32_t word;
	uint16_t half;

#ifdef CSUM_AVX2
	if (bytes >= AVX2_LEAST && __builtin_cpu_supports("avx2")) {
		size_t most = bytes & ~(size_t)(VECTOR - 1);

		sum = csum_carry(sum, csum_vectors(p, most));
		p += most;
		bytes -= most;
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
