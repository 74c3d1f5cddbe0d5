/* SPDX-License-Identifier: BSD-3-Clause */
/* ip4.h: IPv4 headers (RFC 791, RFC 1122 3.2). */
#ifndef WIRE_IP4_H
#define WIRE_IP4_H

#include "wire/wire.h"

struct ip4_pkt {
	uint32_t src_be;
	uint32_t dst_be;
	uint32_t l4_off; /* from the start of the frame */
	uint32_t l4_len; /* bytes, by the header's total length */
	uint8_t proto;
	uint8_t tos;
	uint8_t ttl;
};

/** Reads the destination only, before anything is judged, to see whose packet it is. @p h is the
 * frame.
 *  @return false if the frame is too short to have one. */
bool ip4_peek_dst(const uint8_t *h, uint32_t avail, uint32_t *dst_be);

/**
 * Parses the IPv4 header after the Ethernet one in @p h, of @p avail bytes, of a frame of @p
 * frame_len. Ethernet padding beyond the total length is ignored (l4_len tells). @p
 * csum_known_good: don't sum. Drops: version, header length, total length, options (for now),
 * fragments (for now), a source that is multicast, broadcast 255.255.255.255, 0.0.0.0/8 or 127/8
 * (RFC 1122, 3.2.1.3).
 */
enum wire_drop ip4_parse(const uint8_t *h, uint32_t avail, uint32_t frame_len, bool csum_known_good,
	struct ip4_pkt *out);

/** The pseudo-header's partial sum (RFC 9293, 3.1) for a payload of @p l4_len bytes of @p proto. */
uint32_t ip4_pseudo_sum(uint32_t src_be, uint32_t dst_be, uint8_t proto, uint32_t l4_len);

#endif
