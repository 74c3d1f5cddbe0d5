/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash.c: a flow's key through thole's keyed hashes, and through those that DPDK has. The latter
 * are shorter because they keep nobody out: whoever knows them, or can guess a 32-bit seed, finds
 * flows for one bucket.
 */
#include <rte_hash_crc.h>
#include <rte_jhash.h>

#include "base/flow_hash.h"
#include "keys.h"
#include "parts.h"

#define PART  "hash"
#define KEYS  1024U
#define CHUNK 4096U

struct hashing {
	struct flow_key keys[KEYS];
	struct flow_hash flow;
	uint64_t secret[2];
	uint64_t sum;
};

static inline uint64_t
both_halves(struct sip128 out)
{
	return out.lo + out.hi;
}

/* @p n hashes of keys that don't wait for one another, as in a burst. */
#define HASH(name, expression)                                                                     \
	static void name(void *ctx, uint32_t n)                                                    \
	{                                                                                          \
		struct hashing *h = ctx;                                                           \
		uint64_t sum = 0;                                                                  \
                                                                                                   \
		for (uint32_t i = 0; i < n; i++) {                                                 \
			const struct flow_key *key = &h->keys[i % KEYS];                           \
                                                                                                   \
			sum += (expression);                                                       \
		}                                                                                  \
		h->sum += sum;                                                                     \
	}

HASH(with_flow_hash, flow_hash(&h->flow, key))
HASH(with_siphash, siphash13_flow(h->secret, key))
HASH(with_siphash128, both_halves(siphash13_flow128(h->secret, key)))
HASH(with_crc, rte_hash_crc(key, sizeof(*key), (uint32_t)h->secret[0]))
HASH(with_jhash, rte_jhash(key, sizeof(*key), (uint32_t)h->secret[0]))
HASH(with_jhash_32b, rte_jhash_32b((const uint32_t *)(const void *)key, sizeof(*key) / 4,
			     (uint32_t)h->secret[0]))

/* Equal keys have equal hashes, and of the others next to none: that much both must do. */
static uint64_t
distinct(struct hashing *h, void (*hash)(void *, uint32_t))
{
	struct hashing one = *h;
	uint64_t differ = 0, first;

	for (uint32_t i = 1; i < KEYS; i++) {
		one.keys[0] = h->keys[0];
		one.sum = 0;
		hash(&one, 1);
		first = one.sum;
		one.keys[0] = h->keys[i];
		one.sum = 0;
		hash(&one, 1);
		differ += one.sum != first;
	}
	return differ;
}

void
hash_part(struct results *r)
{
	static const struct {
		const char *name, *ours, *theirs;
		void (*our)(void *, uint32_t), (*their)(void *, uint32_t);
	} all[] = {
		{ "table's hash, CRC", "flow_hash", "rte_hash_crc", with_flow_hash, with_crc },
		{ "table's hash, jhash", "flow_hash", "rte_jhash_32b", with_flow_hash,
			with_jhash_32b },
		{ "SipHash-1-3, CRC", "siphash13_flow", "rte_hash_crc", with_siphash, with_crc },
		{ "SipHash-1-3, jhash", "siphash13_flow", "rte_jhash_32b", with_siphash,
			with_jhash_32b },
		{ "SipHash-1-3, jhash of bytes", "siphash13_flow", "rte_jhash", with_siphash,
			with_jhash },
		{ "SipHash-1-3 of 128 bits, jhash", "siphash13_flow128", "rte_jhash_32b",
			with_siphash128, with_jhash_32b },
	};
	static struct hashing h;

	h = (struct hashing){ .secret = { UINT64_C(0x0123456789abcdef), 42 } };
	flow_hash_init(&h.flow, h.secret);
	keys_stream(h.keys, KEYS, KEYS_PORT_HERE);
	results_head("keyed hash of a flow (table's: %s) against DPDK's",
		h.flow.aes ? "AES" : "SipHash-1-3");
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct contest c = {
			.name = { all[i].name },
			.nb_phases = 1,
			.chunk = CHUNK,
			.ours = { all[i].ours, { all[i].our }, &h },
			.theirs = { all[i].theirs, { all[i].their }, &h },
		};

		results_run(r, PART, 0, &c);
		results_check(r, PART, 0, all[i].name, KEYS - 1, distinct(&h, all[i].our),
			distinct(&h, all[i].their));
	}
}
