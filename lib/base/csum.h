/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * csum.h: the Internet checksum (RFC 1071). Partial sums are 32-bit accumulations of 16-bit words
 * in memory order; csum_fold() makes the 16 bits that go into a header as they are.
 */
#ifndef BASE_CSUM_H
#define BASE_CSUM_H

#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

/** Adds @p bytes at @p data (any alignment and length) to the partial sum @p sum. */
uint32_t csum_add(uint32_t sum, const void *data, size_t bytes);

/** Adds @p bytes of the chain @p m from offset @p off on; odd segment lengths are right. */
uint32_t csum_add_mbuf(uint32_t sum, const struct rte_mbuf *m, uint32_t off, uint32_t bytes);

/** The complement of the folded sum, in memory order: what a checksum field holds. 0 if all is
 * well. */
static inline uint16_t
csum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

#endif
