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
