/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow_hash.h: the connection table's hash: keyed, so that who doesn't know the key can't aim at a
 * bucket. Rounds of AES where the processor has them, else SipHash-1-3. Nothing on the wire is made
 * with it, nor follows from the table's order.
 */
#ifndef BASE_FLOW_HASH_H
#define BASE_FLOW_HASH_H

#include <stdbool.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/flow.h"
#include "base/siphash.h"

#define FLOW_HASH_ROUNDS 6

struct flow_hash {
	uint8_t round_key[FLOW_HASH_ROUNDS + 1][16] __attribute__((aligned(16)));
	uint64_t key[2];
	bool aes;
};

void flow_hash_init(struct flow_hash *h, const uint64_t key[2]);

#ifdef __x86_64__
/* Inline in functions that are compiled for processors without AES, too: whoever calls it has
 * looked at struct flow_hash's aes. */
static inline __m128i
flow_hash_round(__m128i x, __m128i key)
{
#ifdef __AES__
	return _mm_aesenc_si128(x, key);
#else
	__asm__("aesenc %1, %0" : "+x"(x) : "xm"(key));
	return x;
#endif
}

static inline uint32_t
flow_hash_aes(const struct flow_hash *h, const struct flow_key *flow)
{
	const __m128i *k = (const __m128i *)(const void *)h->round_key;
	__m128i rest = _mm_loadl_epi64((const __m128i *)(const void *)&flow->laddr);
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)flow->raddr);

	x = flow_hash_round(_mm_xor_si128(x, k[0]), k[1]);
	x = flow_hash_round(x, k[2]);
	x = flow_hash_round(x, _mm_xor_si128(rest, k[3]));
	x = flow_hash_round(x, k[4]);
	x = flow_hash_round(x, k[5]);
	x = flow_hash_round(x, k[6]);
	return (uint32_t)_mm_cvtsi128_si32(x);
}
#endif

static inline uint32_t
flow_hash(const struct flow_hash *h, const struct flow_key *flow)
{
#ifdef __x86_64__
	if (h->aes)
		return flow_hash_aes(h, flow);
#endif
	return (uint32_t)siphash13_flow(h->key, flow);
}

#endif
