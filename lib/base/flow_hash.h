/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow_hash.h: the connection table's hash: keyed, so that who doesn't know the key can't aim at a
 * bucket. Rounds of AES where the processor has them, else SipHash-1-3. Nothing on the wire is made
 * with it, nor follows from the table's order.
 */
#ifndef BASE_FLOW_HASH_H
#define BASE_FLOW_HASH_H

#include <stdbool.h>

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
uint32_t flow_hash_aes(const struct flow_hash *h, const struct flow_key *flow);
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
