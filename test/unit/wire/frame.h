/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frame.h: packets for the parsers' tests, made byte by byte without the code under test, in
 * buffers of their exact size, so that a sanitizer sees a read past the end.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "wire/tcp_parse.h"

#define FRAME_MAX 2048

/** A TCP segment in its IPv4 packet in its frame. Zeroed fields mean the defaults that frame_tcp()
 * has. */
struct frame_tcp {
	uint32_t src; /* host order */
	uint32_t dst;
	uint32_t seq;
	uint32_t ack;
	uint16_t sport;
	uint16_t dport;
	uint16_t wnd;
	uint16_t urg;
	uint8_t flags;
	uint8_t tos;
	const uint8_t *opts; /* copied as they are, zero-padded to a multiple of 4 */
	uint32_t opt_bytes;
	const uint8_t *payload;
	uint32_t payload_bytes;
	uint32_t padding; /* bytes of 0xa5 after the packet, as Ethernet has */
};

/** The Internet checksum the slow way: a byte at a time, a fold at each; host order, as a number.
 */
uint16_t frame_csum(const uint8_t *bytes, uint32_t n);

/** The same for an L4 packet with its pseudo-header, read from the IPv4 header at @p ip. 0 if
 * right. */
uint16_t frame_l4_csum(const uint8_t *ip, const uint8_t *l4, uint32_t n);

/** Writes the frame, checksums right. @return its bytes. */
uint32_t frame_tcp(uint8_t frame[FRAME_MAX], const struct frame_tcp *what);

/** Ethernet and IPv4 headers for @p l4_len bytes that are already at frame + 34. */
uint32_t frame_ip4(
	uint8_t frame[FRAME_MAX], uint32_t src, uint32_t dst, uint8_t proto, uint32_t l4_len);

/** Sets the IPv4 header's checksum (and TCP's if it looks like a whole TCP packet) right again. */
void frame_mend(uint8_t *frame, uint32_t n);

void frame_put16(uint8_t *p, uint32_t v);
void frame_put32(uint8_t *p, uint32_t v);
uint32_t frame_get16(const uint8_t *p);
uint32_t frame_get32(const uint8_t *p);

/** The tests' pool; it is made at the first call. */
struct rte_mempool *frame_pool(void);

/** Whether all of the pool's mbufs are back. */
bool frame_pool_whole(void);

/** A packet of one exact-size segment. */
struct rte_mbuf *frame_mbuf(const uint8_t *bytes, uint32_t n);

/** The same in segments, each of exact size: of @p piece bytes, or of 0 to 40 at random if it is 0.
 */
struct rte_mbuf *frame_chain(const uint8_t *bytes, uint32_t n, uint32_t piece, uint64_t *seed);

/** Copies the packet's bytes to @p out. @return how many. */
uint32_t frame_bytes(const struct rte_mbuf *m, uint8_t out[FRAME_MAX]);

/** Parses as the stack does: headers, IPv4, TCP. Frees nothing. */
enum wire_drop frame_parse(struct rte_mbuf *m, bool csum_known_good, struct seg *out);

#endif
