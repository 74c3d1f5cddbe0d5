/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * csum.h: the Internet checksum (RFC 1071). A partial sum is one of 32-bit words in memory order,
 * which are congruent to their 16-bit halves modulo 0xffff, in 64 bits: there is no carry to look
 * after, and callers add partial sums with +. csum_fold() makes the 16 bits that go into a header
 * as they are.
 */
#ifndef BASE_CSUM_H
#define BASE_CSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

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

/**
 * Adds a word of 64 bits, or a partial sum, with the carry brought round: modulo 2^64 - 1, which is
 * a multiple of 0xffff.
 */
static inline uint64_t
csum_carry(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/** A sum of words in host order, as a partial sum: to swap the bytes of halves is to multiply by
 * 256, modulo 0xffff. Of fewer than 2^24 words. */
static inline uint64_t
csum_host(uint64_t sum)
{
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
	return sum << 8;
#else
	return sum;
#endif
}

/* A compiler doesn't see what carries one addition into the next; a sanitizer wouldn't see it read.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define CSUM_PORTABLE 1
#endif
#endif
#if !defined(__x86_64__) || defined(__SANITIZE_ADDRESS__)
#define CSUM_PORTABLE 1
#endif

/** Adds the 32 bytes at @p p to @p sum as csum_carry() does. */
static inline uint64_t
csum_carry32(uint64_t sum, const uint8_t *p)
{
#ifdef CSUM_PORTABLE
	return csum_carry(sum, csum_words(p, 8));
#else
	const uint8_t(*word)[8] = (const uint8_t(*)[8])p;

	__asm__("addq %1, %0\n\tadcq %2, %0\n\tadcq %3, %0\n\tadcq %4, %0\n\tadcq $0, %0"
		: "+&r"(sum)
		: "m"(word[0]), "m"(word[1]), "m"(word[2]), "m"(word[3])
		: "cc");
	return sum;
#endif
}

/** Whether what was summed, a checksum within it, is as it was sent. Not for bytes all zero. */
static inline bool
csum_good(uint64_t sum)
{
	return sum % 0xffff == 0;
}

uint64_t csum_add_any(uint64_t sum, const void *data, size_t bytes);
uint64_t csum_add_chain(uint64_t sum, const struct rte_mbuf *m, uint32_t off, uint32_t bytes);

/** Adds @p bytes at @p data (any alignment and length) to the partial sum @p sum. */
static inline uint64_t
csum_add(uint64_t sum, const void *data, size_t bytes)
{
	/* TCP headers with nothing behind them: bare, with timestamps, a SYN's with all it can say,
	 * and with MSS alone. */
	if (bytes == 20)
		return sum + csum_words(data, 5);
	if (bytes == 32)
		return sum + csum_words(data, 8);
	if (bytes == 40)
		return sum + csum_words(data, 10);
	if (bytes == 24)
		return sum + csum_words(data, 6);
	return csum_add_any(sum, data, bytes);
}

/** Adds @p bytes of the chain @p m from offset @p off on; odd segment lengths are right. */
static inline uint64_t
csum_add_mbuf(uint64_t sum, const struct rte_mbuf *m, uint32_t off, uint32_t bytes)
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
csum_fold(uint64_t sum)
{
	uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

	return (uint16_t) ~((half + (half << 16 | half >> 16)) >> 16);
}

#endif
