/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * siphash.h: SipHash-c-d (Aumasson and Bernstein, 2012), a keyed hash that an attacker without the
 * key can't steer. The word form is for messages of whole 64-bit words, whose length is mixed in.
 * Words are little endian on any machine, so hashes agree everywhere. The forms over a flow's key
 * are unrolled: their length is fixed.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "base/flow.h"

struct sip128 {
	uint64_t lo;
	uint64_t hi;
};

/** SipHash-2-4, 64 bits, over bytes: the reference form, for its test vectors and the small uses.
 */
uint64_t siphash24(const uint64_t key[2], const void *data, size_t bytes);

struct sip_state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t
sip_rotl(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void
sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = sip_rotl(s->v1, 13) ^ s->v0;
	s->v3 = sip_rotl(s->v3, 16) ^ s->v2;
	s->v0 = sip_rotl(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = sip_rotl(s->v1, 17) ^ s->v2;
	s->v3 = sip_rotl(s->v3, 21) ^ s->v0;
	s->v2 = sip_rotl(s->v2, 32);
}

static inline struct sip_state
sip_start(const uint64_t key[2])
{
	/* "somepseudorandomlygeneratedbytes", the paper's constant */
	return (struct sip_state){
		.v0 = key[0] ^ UINT64_C(0x736f6d6570736575),
		.v1 = key[1] ^ UINT64_C(0x646f72616e646f6d),
		.v2 = key[0] ^ UINT64_C(0x6c7967656e657261),
		.v3 = key[1] ^ UINT64_C(0x7465646279746573),
	};
}

static inline uint64_t
sip_out(const struct sip_state *s)
{
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* Absorbs one word of SipHash-1-d. */
static inline void
sip_word1(struct sip_state *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

static inline void
sip_flow1(struct sip_state *s, const struct flow_key *flow)
{
	uint64_t word[3];

	_Static_assert(sizeof(word) == sizeof(*flow), "a flow's key is three words");
	memcpy(word, flow, sizeof(word));
	sip_word1(s, rte_le_to_cpu_64(word[0]));
	sip_word1(s, rte_le_to_cpu_64(word[1]));
	sip_word1(s, rte_le_to_cpu_64(word[2]));
	sip_word1(s, (uint64_t)sizeof(word) << 56);
}

static inline uint64_t
sip_finish3(struct sip_state *s)
{
	sip_round(s);
	sip_round(s);
	sip_round(s);
	return sip_out(s);
}

/** SipHash-1-3, 64 bits, over a connection's key: initial sequence number and more. */
static inline uint64_t
siphash13_flow(const uint64_t key[2], const struct flow_key *flow)
{
	struct sip_state s = sip_start(key);

	sip_flow1(&s, flow);
	s.v2 ^= 0xff;
	return sip_finish3(&s);
}

/**
 * SipHash-1-3 with 128 bits of output over a connection's key: secrets that follow from another,
 * and ports. A half that the caller doesn't use isn't made.
 */
static inline struct sip128
siphash13_flow128(const uint64_t key[2], const struct flow_key *flow)
{
	struct sip_state s = sip_start(key);
	struct sip128 out;

	s.v1 ^= 0xee; /* keeps the 128-bit form's first half apart from the 64-bit hash */
	sip_flow1(&s, flow);
	s.v2 ^= 0xee;
	out.lo = sip_finish3(&s);
	s.v1 ^= 0xdd;
	out.hi = sip_finish3(&s);
	return out;
}

#endif
