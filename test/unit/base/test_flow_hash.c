/* SPDX-License-Identifier: BSD-3-Clause */
/* test_flow_hash.c: both forms of the table's hash: every bit counts, buckets fill evenly. */
#include <stdlib.h>

#include "test.h"
#include "base/flow_hash.h"
#include "base/prng.h"

#define BUCKETS	   4096
#define PER_BUCKET 16

static struct flow_hash
make(uint64_t a, uint64_t b, bool aes)
{
	struct flow_hash h;

	flow_hash_init(&h, (const uint64_t[2]){ a, b });
	h.aes = h.aes && aes;
	return h;
}

static void
assert_avalanche(bool aes)
{
	uint64_t seed = 1, words[5], flips = 0, trials = 0;

	for (unsigned int round = 0; round < 64; round++) {
		for (unsigned int i = 0; i < 5; i++)
			words[i] = prng_next(&seed);
		for (unsigned int bit = 0; bit < 320; bit++, trials++) {
			struct flow_hash h = make(words[0], words[1], aes);
			struct flow_key key;
			uint32_t before, after;

			memcpy(&key, &words[2], sizeof(key));
			before = flow_hash(&h, &key);
			words[bit / 64] ^= UINT64_C(1) << (bit % 64);
			h = make(words[0], words[1], aes);
			memcpy(&key, &words[2], sizeof(key));
			after = flow_hash(&h, &key);
			words[bit / 64] ^= UINT64_C(1) << (bit % 64);
			flips += (uint64_t)__builtin_popcount(before ^ after);
		}
	}
	/* mean 16, standard deviation of the mean sqrt(8 / 20480) = 0.020 */
	CU_ASSERT_TRUE(flips > trials * 159 / 10 && flips < trials * 161 / 10);
}

static void
test_avalanche(void)
{
	assert_avalanche(true);
	assert_avalanche(false);
}

/* Keys as they come in practice: one server, consecutive ports and addresses. */
static void
assert_even(bool aes)
{
	struct flow_hash h = make(1, 2, aes);
	uint32_t *home = calloc(2 * BUCKETS, sizeof(*home)), *tag = home + BUCKETS;
	double chi_home = 0, chi_tag = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(home);
	for (uint32_t i = 0; i < BUCKETS * PER_BUCKET; i++) {
		struct flow_key key = { .lport = 80, .rport = (uint16_t)(1024 + i / 64) };
		uint32_t hash;

		flow_set_raddr_ip4(&key, 0x0100000a + ((i % 64) << 24));
		hash = flow_hash(&h, &key);
		home[hash / (UINT32_MAX / BUCKETS + 1)]++;
		tag[hash % BUCKETS]++;
	}
	for (uint32_t i = 0; i < BUCKETS; i++) {
		double x = home[i] - (double)PER_BUCKET, y = tag[i] - (double)PER_BUCKET;

		chi_home += x * x / PER_BUCKET;
		chi_tag += y * y / PER_BUCKET;
	}
	/* chi-squared of 4095 degrees: mean 4095, standard deviation 90.5; five of them */
	CU_ASSERT_TRUE(chi_home > 3643 && chi_home < 4548);
	CU_ASSERT_TRUE(chi_tag > 3643 && chi_tag < 4548);
	free(home);
}

static void
test_even(void)
{
	assert_even(true);
	assert_even(false);
}

/* Without the key the next one's hash can't be told: two stacks don't agree. */
static void
test_keyed(void)
{
	unsigned int same = 0;

	for (unsigned int aes = 0; aes < 2; aes++) {
		for (uint32_t i = 0; i < 4096; i++) {
			struct flow_hash a = make(i, 7, aes != 0), b = make(i + 1, 7, aes != 0);
			struct flow_key key = { .lport = 80 };

			same += flow_hash(&a, &key) == flow_hash(&b, &key);
		}
	}
	CU_ASSERT_TRUE(same < 2);
}

#ifdef __x86_64__
/* With the compiler's own AES in place of flow_hash_round()'s. */
__attribute__((target("aes"))) static uint32_t
with_intrinsics(const struct flow_hash *h, const struct flow_key *flow)
{
	__m128i round[FLOW_HASH_ROUNDS + 1], x, rest;

	memcpy(round, h->round_key, sizeof(round));
	memcpy(&x, flow->raddr, sizeof(x));
	rest = _mm_set_epi64x(0, (long long)((uint64_t)flow->lport << 48 |
					     (uint64_t)flow->rport << 32 | flow->laddr));
	x = _mm_xor_si128(x, round[0]);
	for (unsigned int i = 1; i <= FLOW_HASH_ROUNDS; i++)
		x = _mm_aesenc_si128(x, i == 3 ? _mm_xor_si128(rest, round[3]) : round[i]);
	return (uint32_t)_mm_cvtsi128_si32(x);
}
#endif

static void
test_rounds(void)
{
#ifdef __x86_64__
	uint64_t seed = 5, words[5];

	for (unsigned int i = 0; i < 1000 && __builtin_cpu_supports("aes"); i++) {
		struct flow_hash h;
		struct flow_key key;

		for (unsigned int j = 0; j < 5; j++)
			words[j] = prng_next(&seed);
		h = make(words[0], words[1], true);
		memcpy(&key, &words[2], sizeof(key));
		CU_ASSERT_EQUAL_FATAL(flow_hash(&h, &key), with_intrinsics(&h, &key));
	}
#endif
}

static const struct test_case cases[] = {
	{ "every bit of key and flow counts", test_avalanche },
	{ "buckets and tags fill evenly", test_even },
	{ "another key, another hash", test_keyed },
	{ "rounds as the compiler makes them", test_rounds },
	{ NULL, NULL },
};
extern const struct test_suite suite_flow_hash;
const struct test_suite suite_flow_hash = { "flow_hash", cases };
