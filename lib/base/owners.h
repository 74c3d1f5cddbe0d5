/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * owners.h: struct thole_rss made fast. Toeplitz is linear: the hash of a tuple is the exclusive or
 * of what each of its bytes contributes, and only the bits that choose an entry are wanted. So a
 * packet costs twelve loads from 6 KiB, and a port's part can be told from that of the rest.
 */
#ifndef BASE_OWNERS_H
#define BASE_OWNERS_H

#include <thole/rss.h>

#define OWNERS_TUPLE 12 /* bytes, as received: addresses, ports; source first, network order */

struct owners {
	uint16_t part[OWNERS_TUPLE][256];
	uint16_t mask;
	uint8_t reta[THOLE_RSS_RETA_MAX];
};

/** What is wrong with @p rss, in static text, or NULL. */
const char *owners_fault(const struct thole_rss *rss);

void owners_init(struct owners *o, const struct thole_rss *rss);

/* What @p n bytes from byte @p at of the tuple contribute. */
static inline uint32_t
owners_part(const struct owners *o, uint32_t at, const uint8_t *bytes, uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum ^= o->part[at + i][bytes[i]];
	return sum;
}

/* What our port, the destination of received packets, contributes. */
static inline uint32_t
owners_lport(const struct owners *o, uint16_t lport)
{
	return (uint32_t)(o->part[10][lport >> 8] ^ o->part[11][lport & 0xff]);
}

/** The table's entry for a received packet; addresses as they stand on the wire, ports in host
 * order. */
static inline uint32_t
owners_entry(
	const struct owners *o, uint32_t src_be, uint32_t dst_be, uint16_t sport, uint16_t dport)
{
	return owners_part(o, 0, (const uint8_t *)&src_be, 4) ^
	       owners_part(o, 4, (const uint8_t *)&dst_be, 4) ^
	       (uint32_t)(o->part[8][sport >> 8] ^ o->part[9][sport & 0xff]) ^
	       owners_lport(o, dport);
}

#endif
