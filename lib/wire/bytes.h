/* SPDX-License-Identifier: BSD-3-Clause */
/* wire/bytes.h: loads and stores of header fields, of any alignment, and sums of them. */
#ifndef WIRE_BYTES_H
#define WIRE_BYTES_H

#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "base/csum.h"

#define WIRE_ETH_BYTES ((uint32_t)sizeof(struct rte_ether_hdr))
#define WIRE_IP4_BYTES 20U /* without options */

static inline void
wire_put16(uint8_t *p, uint16_t be)
{
	memcpy(p, &be, sizeof(be));
}

static inline void
wire_put32(uint8_t *p, uint32_t be)
{
	memcpy(p, &be, sizeof(be));
}

static inline void
wire_put64(uint8_t *p, uint64_t be)
{
	memcpy(p, &be, sizeof(be));
}

static inline uint16_t
wire_get16(const uint8_t *p)
{
	uint16_t be;

	memcpy(&be, p, sizeof(be));
	return be;
}

static inline uint32_t
wire_get32(const uint8_t *p)
{
	uint32_t be;

	memcpy(&be, p, sizeof(be));
	return be;
}

static inline uint64_t
wire_get64(const uint8_t *p)
{
	uint64_t be;

	memcpy(&be, p, sizeof(be));
	return be;
}

/** A MAC address as one number; reads two bytes beyond it. */
static inline uint64_t
wire_get_mac(const uint8_t *p)
{
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
	return wire_get64(p) << 16;
#else
	return wire_get64(p) >> 16;
#endif
}

/** Two words of a header that follow each other, in host order. */
static inline void
wire_get_pair(const uint8_t *p, uint32_t *first, uint32_t *second)
{
	uint64_t both = rte_be_to_cpu_64(wire_get64(p));

	*second = (uint32_t)both;
	*first = (uint32_t)(both >> 32);
}

/** Writes a word. @return it, to be added to others in host order: 64 bits from the first, or the
 * compiler extends it once more. */
static inline uint64_t
wire_put_host(uint8_t *p, uint64_t word)
{
	wire_put32(p, rte_cpu_to_be_32((uint32_t)word));
	return word;
}

/** Two words as they follow each other in a header. */
static inline uint64_t
wire_pair(uint32_t first, uint32_t second)
{
	return rte_cpu_to_be_64((uint64_t)first << 32 | second);
}

/** A word that begins with @p be and ends with zeros. */
static inline uint32_t
wire_half(uint16_t be)
{
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
	return be;
#else
	return (uint32_t)be << 16;
#endif
}

/** Four bytes as they follow each other in a header. */
static inline uint32_t
wire_word(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
	return (uint32_t)d << 24 | (uint32_t)c << 16 | (uint32_t)b << 8 | a;
#else
	return (uint32_t)a << 24 | (uint32_t)b << 16 | (uint32_t)c << 8 | d;
#endif
}

/** The pseudo-header's partial sum: addresses; zero, protocol and length (RFC 9293, 3.1). */
static inline uint64_t
wire_pseudo_sum(uint32_t src_be, uint32_t dst_be, uint8_t proto, uint32_t l4_len)
{
	return (uint64_t)src_be + dst_be +
	       rte_cpu_to_be_32((uint32_t)proto << 16 | (l4_len & 0xffff));
}

#endif
