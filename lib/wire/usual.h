/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usual.h: the frame that nearly every one is: Ethernet, IPv4 without options or fragments, TCP,
 * the headers in one piece. It is taken at once if all is well, and else left, unjudged, to
 * ip4_parse() and tcp_parse(), which find out what is wrong. Only the source address isn't looked
 * at: it matters where a connection begins. For where the stack takes packets in.
 */
#ifndef WIRE_USUAL_H
#define WIRE_USUAL_H

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#include "wire/tcp_parse.h"

#define USUAL_L4_OFF (WIRE_ETH_BYTES + WIRE_IP4_BYTES)
/** Bytes that must be there in one piece before usual_is() may look. */
#define USUAL_LEAST (USUAL_L4_OFF + TCP_BYTES)

/** Whether it is IPv4 without options, no fragment, and TCP. */
static inline bool
usual_is(const uint8_t *h)
{
#ifdef __SSE4_1__
	/* From the tail of the source MAC address on to the protocol. */
	const __m128i mask = _mm_setr_epi32(0, 0x00ffffff, 0, (int)wire_word(0x3f, 0xff, 0, 0xff));
	const __m128i want = _mm_setr_epi32(
		0, (int)wire_word(0x08, 0x00, 0x45, 0), 0, (int)wire_word(0, 0, 0, IPPROTO_TCP));
	__m128i got = _mm_loadu_si128((const __m128i *)(const void *)(h + WIRE_ETH_BYTES - 6));

	return _mm_testz_si128(_mm_xor_si128(got, want), mask) != 0;
#else
	return (wire_get32(h + 12) & wire_word(0xff, 0xff, 0xff, 0)) ==
		       wire_word(0x08, 0x00, 0x45, 0) &&
	       (wire_get32(h + 20) & wire_word(0x3f, 0xff, 0, 0xff)) ==
		       wire_word(0, 0, 0, IPPROTO_TCP);
#endif
}

static inline uint32_t
usual_dst(const uint8_t *h)
{
	return wire_get32(h + IP4_DST_OFF);
}

static inline uint32_t
usual_seq(const uint8_t *h)
{
	return rte_be_to_cpu_32(wire_get32(h + USUAL_L4_OFF + 4));
}

/* Where its payload begins and ends, from the start of the frame. */
struct usual_span {
	uint32_t begin;
	uint32_t end;
};

/**
 * Finds the payload of the frame @p m, whose bytes are @p h, at least USUAL_LEAST of them in one
 * piece, and of which usual_is() holds. @return false: lengths, ports or flags aren't usual.
 */
static inline bool
usual_fits(const struct rte_mbuf *m, const uint8_t *h, struct usual_span *payload)
{
	const uint8_t *tcp = h + USUAL_L4_OFF;
	uint32_t begin = USUAL_L4_OFF + ((tcp[12] >> 2) & 0x3cu);
	uint32_t end = WIRE_ETH_BYTES + rte_be_to_cpu_16(wire_get16(h + 16));

	payload->begin = begin;
	payload->end = end;
	return likely(begin >= USUAL_LEAST && begin <= m->data_len && begin <= end &&
		      end <= m->pkt_len && wire_get16(tcp) != 0 && wire_get16(tcp + 2) != 0 &&
		      !tcp_flags_bad(tcp[13]));
}

/** Whether the checksums are good of what usual_fits(). */
static inline bool
usual_sums_good(const struct rte_mbuf *m, const uint8_t *h, const struct usual_span *payload)
{
	/* Of the pseudo-header, the length taken from IP's by the difference modulo 0xffff. */
	const uint32_t rest = rte_cpu_to_be_16(IPPROTO_TCP) + 0xffffu -
			      rte_cpu_to_be_16(WIRE_IP4_BYTES) + wire_get16(h + 16);
	const uint8_t *tcp = h + USUAL_L4_OFF;
	const uint64_t addresses = wire_get64(h + 26);
	uint64_t sum = csum_carry(addresses, wire_get64(h + 14));

	if (unlikely(!csum_good(csum_carry(sum, wire_get32(h + 22)))))
		return false;
	sum = csum_carry(addresses, rest);
	if (likely(payload->end == USUAL_LEAST + TCP_TIMESTAMPS_SPACE &&
		    payload->end <= m->data_len))
		sum = csum_carry32(sum, tcp);
	else if (payload->end == USUAL_LEAST + TCP_SYN_SPACE && payload->end <= m->data_len)
		sum = csum_carry32(csum_carry(sum, wire_get64(tcp + 32)), tcp);
	else
		sum = csum_carry(
			sum, csum_add_mbuf(0, m, USUAL_L4_OFF, payload->end - USUAL_L4_OFF));
	return csum_good(sum);
}

/**
 * Takes what usual_fits(): fills all of @p out but key.laddr and hash, mss and wscale only with
 * their options. @return false: @p out means nothing, for its options are no good.
 */
static inline bool
usual_take(struct rte_mbuf *m, const uint8_t *h, const struct usual_span *payload, struct seg *out)
{
	const uint8_t *options = h + USUAL_LEAST;

	out->m = m;
	flow_set_raddr_ip4(&out->key, wire_get32(h + 26));
	tcp_take_fixed(h + USUAL_L4_OFF, out);
	out->tos = h[15];
	out->payload_off = (uint16_t)payload->begin;
	out->len = payload->end - payload->begin;
	if (likely(payload->begin == USUAL_LEAST + TCP_TIMESTAMPS_SPACE &&
		    wire_get32(options) == TCP_TIMESTAMPS_WORD)) {
		out->opts = OPT_TIMESTAMPS;
		wire_get_pair(options + 4, &out->ts_val, &out->ts_ecr);
		return true;
	}
	if (payload->begin == USUAL_LEAST + TCP_SYN_SPACE && tcp_take_syn(options, out))
		return true;
	out->opts = 0;
	out->ts_val = 0;
	out->ts_ecr = 0;
	return payload->begin == USUAL_LEAST ||
	       tcp_parse_options(options, payload->begin - USUAL_LEAST, out) == WIRE_OK;
}

/** Headers of a segment that may have a train behind it: with timestamps and no other option. */
#define USUAL_TRAIN_HEAD (USUAL_LEAST + TCP_TIMESTAMPS_SPACE)

/**
 * Whether headers at @p h say the same as those at @p first, USUAL_TRAIN_HEAD bytes of each, but
 * for identification, sequence number and checksums.
 */
static inline bool
usual_is_alike(const uint8_t *first, const uint8_t *h)
{
#ifdef __SSE4_1__
	/* All but bytes 18, 19, 24, 25, 38 to 41, 50 and 51. */
	const __m128i mask[4] = {
		_mm_set1_epi32(-1),
		_mm_setr_epi32(
			(int)wire_word(0xff, 0xff, 0, 0), -1, (int)wire_word(0, 0, 0xff, 0xff), -1),
		_mm_setr_epi32(
			-1, (int)wire_word(0xff, 0xff, 0, 0), (int)wire_word(0, 0, 0xff, 0xff), -1),
		_mm_setr_epi32((int)wire_word(0xff, 0xff, 0, 0), -1, -1, -1),
	};
	__m128i differs = _mm_setzero_si128();

	for (unsigned int i = 0; i < 4; i++) {
		__m128i a = _mm_loadu_si128((const __m128i *)(const void *)(first + 16 * i));
		__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(h + 16 * i));

		differs = _mm_or_si128(differs, _mm_and_si128(_mm_xor_si128(a, b), mask[i]));
	}
	return _mm_testz_si128(differs, differs) != 0 &&
	       wire_get16(first + 64) == wire_get16(h + 64);
#else
	return memcmp(first, h, 18) == 0 && memcmp(first + 20, h + 20, 4) == 0 &&
	       memcmp(first + 26, h + 26, 12) == 0 && memcmp(first + 42, h + 42, 8) == 0 &&
	       memcmp(first + 52, h + 52, USUAL_TRAIN_HEAD - 52) == 0;
#endif
}

#endif
