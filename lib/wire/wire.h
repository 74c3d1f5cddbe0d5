/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire.h: what the parsers have in common. They are pure: bytes in, a struct or a reason to drop
 * out; no allocation, no state, never a read past the length given. Emitters write into an mbuf's
 * headroom.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

/** Why a packet is no good; each has its counter in struct thole_stats. */
enum wire_drop {
	WIRE_OK,
	WIRE_SHORT,
	WIRE_IP_HEADER,
	WIRE_IP_CSUM,
	WIRE_IP_OPTIONS,
	WIRE_IP_SOURCE,
	WIRE_FRAGMENT,
	WIRE_TCP_HEADER,
	WIRE_TCP_CSUM,
	WIRE_TCP_OPTIONS,
	WIRE_TCP_FLAGS,
	WIRE_ICMP,
	WIRE_ARP,
};

/** The most that headers take: Ethernet, IPv4 without options, TCP with 40 B of them. */
#define WIRE_HEADERS_MAX (14 + 20 + 60)

/** TTL unless configured: RFC 1700's. Identification is 0, with DF (RFC 6864, 4.1). */
#define WIRE_TTL 64

/** The words of a frame that are the same in all that we send, but for the protocol. */
#define WIRE_PATH_FIXED                                                                            \
	.ether_type_be = RTE_BE16(RTE_ETHER_TYPE_IPV4), .vhl = RTE_IPV4_VHL_DEF,                   \
	.fragment_be = RTE_BE16(RTE_IPV4_HDR_DF_FLAG)

/** Everything below TCP that an outgoing segment needs, as far as possible as it stands there. */
struct wire_path {
	struct rte_ether_addr dst_mac; /* a frame begins so */
	struct rte_ether_addr src_mac;
	uint16_t ether_type_be;
	uint8_t vhl;
	uint8_t tos; /* up to here */
	uint32_t src_be;
	uint32_t dst_be;
	union {
		struct {
			uint16_t fragment_be; /* the header's third word begins so */
			uint8_t ttl;
			uint8_t proto;	   /* 0: whose packet it is, the emitter knows */
			bool offload_csum; /* ask for them with ol_flags instead of summing */
		};
		uint64_t how; /* all of it, to be copied at once */
	};
};

/* Copies the first @p n bytes of a chain. */
const uint8_t *wire_gather(const struct rte_mbuf *m, uint32_t n, uint8_t *scratch, uint32_t *avail);

/**
 * The first @p want bytes of the packet, fewer if it is shorter: in place where they are
 * contiguous, else copied to @p scratch (of @p want bytes). @p avail gets how many there are.
 */
static inline const uint8_t *
wire_headers(const struct rte_mbuf *m, uint32_t want, uint8_t *scratch, uint32_t *avail)
{
	uint32_t n = RTE_MIN(want, m->pkt_len);

	if (unlikely(m->data_len < n))
		return wire_gather(m, n, scratch, avail);
	*avail = n;
	return rte_pktmbuf_mtod(m, const uint8_t *);
}

/** Prepends Ethernet and IPv4 headers to a packet whose data is an IP payload of @p proto. Sets
 * lengths and, by path, the IP checksum or the flags that ask for it. m has the headroom. */
void wire_ip4_emit(struct rte_mbuf *m, const struct wire_path *path, uint8_t proto);

#endif
