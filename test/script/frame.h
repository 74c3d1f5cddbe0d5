/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frame.h: the tests' own writer and reader of frames. It shares no code with lib/wire, so that a
 * mistake there can't hide itself; the reader checks everything that a sender may get wrong.
 */
#ifndef SCRIPT_FRAME_H
#define SCRIPT_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#define FRAME_MAX 2048

/* The two ends of a frame's way; addresses in host order. */
struct frame_path {
	uint8_t src_mac[6];
	uint8_t dst_mac[6];
	uint32_t src_ip;
	uint32_t dst_ip;
};

/* A TCP segment as it stands on the wire, host order. */
struct frame_tcp {
	uint16_t sport;
	uint16_t dport;
	uint32_t seq;
	uint32_t ack;
	uint16_t wnd;
	uint16_t urg;
	uint8_t flags;
	uint8_t tos;	 /* of the IP header */
	uint8_t ttl;	 /* likewise; read only */
	uint8_t nb_opts; /* bytes of options, a multiple of 4 */
	uint8_t opts[40];
	uint32_t len;
	const uint8_t *payload;
};

/** Writes a frame into @p buf (of FRAME_MAX bytes). @return its length. */
uint32_t frame_tcp_build(uint8_t *buf, const struct frame_path *path, const struct frame_tcp *tcp);
uint32_t frame_ip_build(
	uint8_t *buf, const struct frame_path *path, uint8_t proto, const void *l4, uint32_t len);
uint32_t frame_arp_build(
	uint8_t *buf, const struct frame_path *path, uint16_t op, const uint8_t target_mac[6]);

/** Sets the checksums of the frame @p buf anew, whatever was done to it. */
void frame_fix_ip_csum(uint8_t *buf);
void frame_fix_tcp_csum(uint8_t *buf, uint32_t len);

uint16_t frame_csum(const void *data, uint32_t len, uint32_t sum);

enum frame_kind {
	FRAME_ARP,
	FRAME_ICMP,
	FRAME_TCP,
	FRAME_OTHER,
};
enum frame_kind frame_kind(const uint8_t *buf, uint32_t len);

/** Reads a TCP frame; out->payload points into @p buf. @return NULL, or what is wrong with it. */
const char *frame_tcp_parse(
	const uint8_t *buf, uint32_t len, const struct frame_path *path, struct frame_tcp *out);

uint16_t get16(const uint8_t *p);
uint32_t get32(const uint8_t *p);
void put16(uint8_t *p, uint32_t v);
void put32(uint8_t *p, uint32_t v);

#endif
