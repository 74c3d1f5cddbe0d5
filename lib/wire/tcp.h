/* SPDX-License-Identifier: BSD-3-Clause */
/* wire/tcp.h: TCP headers and options (RFC 9293 3.1, RFC 7323, RFC 2018). */
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include "base/flow.h"
#include "wire/ip4.h"

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

enum tcp_opt_present {
	OPT_MSS = 1 << 0,
	OPT_WSCALE = 1 << 1,
	OPT_SACK_PERMITTED = 1 << 2,
	OPT_TIMESTAMPS = 1 << 3,
	OPT_SACK = 1 << 4,
};

#define TCP_SACK_BLOCKS_MAX 4
#define TCP_WSCALE_MAX	    14 /* RFC 7323, 2.3 */

/** Bytes of the timestamps option with its padding, and of the SACK option with n blocks. */
#define TCP_TIMESTAMPS_SPACE 12
#define TCP_SACK_SPACE(n)    (4 + 8 * (n))
/** Bytes of all that a SYN may have (MSS, SACK-permitted, timestamps, window scale). */
#define TCP_SYN_SPACE 20

/** Sequence numbers from left up to, not including, right (RFC 2018, 3). */
struct sack_block {
	uint32_t left;
	uint32_t right;
};

/**
 * A received segment, host order. Members that are filled together stand together. It may have a
 * train behind it: segments that came with it and continue it, their headers being the same but for
 * the place; it is then as if they had been sent as one, but that m's first mbuf alone has headers,
 * and names the last one in tx_offload.
 */
struct seg {
	struct rte_mbuf *m;
	struct flow_key key; /* the sender is remote; laddr is filled in by the stack */
	uint32_t seq;	     /* from the ports on in the header's order, for tcp_take_fixed() */
	uint32_t ack;
	uint16_t wnd;  /* as it stands in the header */
	uint8_t flags; /* enum tcp_flag */
	uint8_t nb_sack;
	uint8_t opts; /* enum tcp_opt_present */
	uint8_t tos;
	uint16_t payload_off; /* from the start of the frame */
	uint32_t len;	      /* payload bytes; SYN and FIN not counted */
	uint32_t hash;	      /* of key, by the stack */
	uint32_t ts_ecr;      /* 0 without the option, as ts_val */
	uint32_t ts_val;
	uint16_t mss;				     /* of OPT_MSS */
	uint8_t wscale;				     /* of OPT_WSCALE; as sent, may exceed 14 */
	uint8_t more;				     /* segments that follow in its train */
	struct sack_block sack[TCP_SACK_BLOCKS_MAX]; /* the first nb_sack */
};

/** SEG.LEN: what the segment takes of the sequence space. */
static inline uint32_t
seg_len(const struct seg *s)
{
	return s->len + ((s->flags & TCP_SYN) != 0) + ((s->flags & TCP_FIN) != 0);
}

/** Segments that it was sent as. */
static inline uint32_t
seg_train(const struct seg *s)
{
	return 1u + s->more;
}

/** What a segment to be sent says, host order. */
struct tcp_out {
	uint32_t seq;
	uint32_t ack;
	uint16_t sport;
	uint16_t dport;
	uint16_t wnd;
	uint8_t flags;
	uint8_t opts;	/* enum tcp_opt_present: the options to write */
	uint16_t mss;	/* 0: no MSS option, whatever opts says */
	uint8_t wscale; /* at most 14 */
	uint8_t nb_sack;
	uint32_t ts_val;
	uint32_t ts_ecr;
	const struct sack_block *sack;
};

/**
 * Prepends TCP, IPv4 and Ethernet headers to @p m, whose data (maybe none, maybe a chain) is the
 * payload, which is not written to. Checksums as path says: with offload l2_len, l3_len, l4_len,
 * ol_flags and the pseudo-header's sum are set. m has the headroom, which nobody else reads: it is
 * direct with refcnt 1, or of such a one's buffer from its first byte on.
 */
void tcp_emit(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg);

/** Bytes of options that tcp_emit() writes for @p seg: at most 40. */
static inline uint32_t
tcp_out_opt_bytes(const struct tcp_out *seg)
{
	uint32_t bytes = seg->mss != 0 ? 4 : 0;

	if ((seg->opts | seg->nb_sack) == 0)
		return bytes;
	if ((seg->opts & OPT_TIMESTAMPS) != 0)
		bytes += TCP_TIMESTAMPS_SPACE;
	else if ((seg->opts & OPT_SACK_PERMITTED) != 0)
		bytes += 4;
	if ((seg->opts & OPT_WSCALE) != 0)
		bytes += 4;
	if (seg->nb_sack != 0)
		bytes += (uint32_t)TCP_SACK_SPACE(seg->nb_sack);
	return bytes;
}

#endif
