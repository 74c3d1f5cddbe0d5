/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * csum.h: the Internet checksum (RFC 1071). Partial sums are 32-bit accumulations of 16-bit words
 * in memory order; what is returned is always below 2^18, so callers may add partial sums with +
 * and not lose a carry. csum_fold() makes the 16 bits that go into a header as they are.
 */
#ifndef BASE_CSUM_H
#define BASE_CSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

/** Sums of 32-bit words are congruent to those of 16-bit ones modulo 0xffff: fold one down. */
static inline uint32_t
csum_reduce(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	return (uint32_t)((sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32));
}

/* A sum of @p n words; for a constant n it is unrolled. */
static inline uint64_t
csum_words(const uint8_t *p, unsigned int n)
{
	uint64_t sum = 0;
	uint32_t word;

	for (unsigned int i = 0; i < n; i++) {
		memcpy(&word, p + 4 * (size_t)i, sizeof(word));
		sum += word;
	}
	return sum;
}

uint32_t csum_add_any(uint32_t sum, const void *data, size_t bytes);
uint32_t csum_add_chain(uint32_t sum, const struct rte_mbuf *m, uint32_t off, uint32_t bytes);

/** Adds @p bytes at @p data (any alignment and length) to the partial sum @p sum. */
static inline uint32_t
csum_add(uint32_t sum, const void *data, size_t bytes)
{
	/* TCP headers with nothing behind them: bare, with timestamps, a SYN's with all it can say,
	 * and with MSS alone. */
	if (bytes == 20)
		return csum_reduce(sum + csum_words(data, 5));
	if (bytes == 32)
		return csum_reduce(sum + csum_words(data, 8));
	if (bytes == 40)
		return csum_reduce(sum + csum_words(data, 10));
	if (bytes == 24)
		return csum_reduce(sum + csum_words(data, 6));
	return csum_add_any(sum, data, bytes);
}

/** Adds @p bytes of the chain @p m from offset @p off on; odd segment lengths are right. */
static inline uint32_t
csum_add_mbuf(uint32_t sum, const struct rte_mbuf *m, uint32_t off, uint32_t bytes)
{
	if (likely((uint64_t)off + bytes <= m->data_len))
		return csum_add(sum, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), bytes);
	return csum_add_chain(sum, m, off, bytes);
}

/**
 * The complement of the folded sum, in memory order: what a checksum field holds. 0 if all is well.
 * Halves are added, with the carry brought round, when a word is added to itself with its halves
 * exchanged: the sum stands in the high half.
 */
static inline uint16_t
csum_fold(uint32_t sum)
{
	return (uint16_t) ~((sum + (sum << 16 | sum >> 16)) >> 16);
}

/** The same of a sum of 32-bit words. */
static inline uint16_t
csum_fold64(uint64_t sum)
{
	return csum_fold((uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32));
}

#endif
