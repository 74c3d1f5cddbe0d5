/* SPDX-License-Identifier: BSD-3-Clause */
/* icmp.h: ICMP (RFC 792, RFC 1122 3.2.2). */
#ifndef WIRE_ICMP_H
#define WIRE_ICMP_H

#include "wire/ip4.h"

enum icmp_kind {
	ICMP_ECHO, /* a request */
	/* Errors, with a quotation. */
	ICMP_UNREACHABLE,
	ICMP_TIME_EXCEEDED,
	ICMP_PARAMETER,
	ICMP_OTHER, /* well formed, not for us to act on (echo replies, source quench, ...) */
};

struct icmp_pkt {
	enum icmp_kind kind;
	uint8_t code;
	uint16_t next_mtu;	/* unreachable, code 4 only (RFC 1191, 4) */
	bool quotes_tcp;	/* the quotation is an IPv4 TCP packet with at least 8 B of TCP */
	uint32_t quoted_src_be; /* that is: us */
	uint32_t quoted_dst_be;
	uint16_t quoted_sport;
	uint16_t quoted_dport;
	uint32_t quoted_seq;
};

/** Parses the ICMP message that ip4_parse() described, its checksum (over the whole chain)
 * included. */
enum wire_drop icmp_parse(const struct rte_mbuf *m, const uint8_t *h, uint32_t avail,
	const struct ip4_pkt *ip, struct icmp_pkt *out);

/**
 * Turns the echo request @p m (Ethernet, IP and ICMP, trimmed of padding) into its reply in place:
 * addresses swapped, TTL set anew, checksums right (in software). m is one private segment.
 */
void icmp_echo_to_reply(
	struct rte_mbuf *m, const struct rte_ether_addr *src_mac, const struct ip4_pkt *ip);

/** The bytes of a packet that an error quotes: its IP header and 8 B (RFC 792). */
#define ICMP_QUOTE_BYTES 28

/**
 * Whether an error may be sent about a packet (RFC 1122, 3.2.2): not about ICMP errors, nor about
 * what came by link broadcast or multicast, or has a destination that isn't one host.
 */
bool icmp_error_allowed(const uint8_t *h, uint32_t avail, const struct ip4_pkt *ip);

/** Writes a destination-unreachable message into the empty @p m, quoting frame @p h. */
void icmp_unreachable_emit(struct rte_mbuf *m, const struct wire_path *path, uint8_t code,
	const uint8_t *h, uint32_t avail);

#endif
