/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow_hash.c: the AES form takes the remote address through three rounds before the other 8 B come
 * in with the third round's key, and three more rounds after that. Of two keys that differ in the
 * address, the best differential through three rounds has 9 active S-boxes, a chance of 2^-54; of
 * two that differ in the rest, as good a one lies behind. The 32 bits that are used collide by
 * chance long before.
 */
#include <string.h>

#include "base/flow_hash.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

void
flow_hash_init(struct flow_hash *h, const uint64_t key[2])
{
	h->key[0] = key[0];
	h->key[1] = key[1];
	for (uint32_t i = 0; i <= FLOW_HASH_ROUNDS; i++) {
		struct flow_key counter = { .laddr = i + 1 };
		struct sip128 derived = siphash13_flow128(key, &counter);

		memcpy(h->round_key[i], &derived, sizeof(h->round_key[i]));
	}
	h->aes = false;
#ifdef __x86_64__
	h->aes = __builtin_cpu_supports("aes") != 0;
#endif
}

#ifdef __x86_64__
__attribute__((target("aes"))) uint32_t
flow_hash_aes(const struct flow_hash *h, const struct flow_key *flow)
{
	const __m128i *k = (const __m128i *)(const void *)h->round_key;
	__m128i rest = _mm_loadl_epi64((const __m128i *)(const void *)&flow->laddr);
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)flow->raddr);

	x = _mm_aesenc_si128(_mm_xor_si128(x, k[0]), k[1]);
	x = _mm_aesenc_si128(x, k[2]);
	x = _mm_aesenc_si128(x, _mm_xor_si128(rest, k[3]));
	x = _mm_aesenc_si128(x, k[4]);
	x = _mm_aesenc_si128(x, k[5]);
	x = _mm_aesenc_si128(x, k[6]);
	return (uint32_t)_mm_cvtsi128_si32(x);
}
#endif
