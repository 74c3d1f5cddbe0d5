/* SPDX-License-Identifier: BSD-3-Clause */
/* test_owners.c: whose a flow is: as a NIC would say, as rte_softrss() says, and the same for both
 * directions. */
#include <string.h>

#include <rte_byteorder.h>
#include <rte_thash.h>

#include "base/owners.h"
#include "base/prng.h"
#include "test.h"

struct tuple {
	uint32_t src, dst;
	uint16_t sport, dport;
};

static uint32_t
entry(const struct owners *o, const struct tuple *t)
{
	return owners_entry(
		o, rte_cpu_to_be_32(t->src), rte_cpu_to_be_32(t->dst), t->sport, t->dport);
}

static uint8_t
owner(const struct thole_rss *rss, const struct tuple *t)
{
	const struct thole_endpoint local = { thole_addr_ip4(t->dst), t->dport };
	const struct thole_endpoint remote = { thole_addr_ip4(t->src), t->sport };

	return thole_rss_owner(rss, &local, &remote);
}

static struct tuple
any(uint64_t *seed)
{
	return (struct tuple){ (uint32_t)prng_next(seed), (uint32_t)prng_next(seed),
		(uint16_t)prng_next(seed), (uint16_t)prng_next(seed) };
}

/* The suite that Windows drivers are verified with: published key, tuples and hashes. */
static void
known_hashes(void)
{
	static const uint8_t key[THOLE_RSS_KEY_BYTES] = { 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e,
		0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae,
		0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7,
		0x3b, 0xbe, 0xac, 0x01, 0xfa };
	static const struct {
		struct tuple tuple;
		uint32_t hash;
	} known[] = {
		{ { 0x420995bb, 0xa18e6450, 2794, 1766 }, 0x51ccc178 },
		{ { 0xc75c6f02, 0x41458c53, 14230, 4739 }, 0xc626b0ea },
		{ { 0x1813c65f, 0x0c16cfb8, 12898, 38024 }, 0x5c2b394a },
		{ { 0x261bcd1e, 0xd18ea306, 48228, 2217 }, 0xafc7327f },
		{ { 0x9927a3bf, 0xcabc7f02, 44251, 1303 }, 0x10e828a2 },
	};
	struct thole_rss rss = { .reta_size = 512 };
	struct owners o;

	memcpy(rss.key, key, sizeof(key));
	for (int i = 0; i < 512; i++)
		rss.reta[i] = (uint8_t)(i / 2);
	CU_ASSERT_PTR_NULL(owners_fault(&rss));
	owners_init(&o, &rss);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		CU_ASSERT_EQUAL(entry(&o, &known[i].tuple), known[i].hash & 511);
		CU_ASSERT_EQUAL(owner(&rss, &known[i].tuple), (known[i].hash & 511) / 2);
	}
}

/* Any key, any table. */
static void
as_softrss(void)
{
	uint64_t seed = 7;

	for (uint16_t size = 1; size <= 512; size = (uint16_t)(size * 2)) {
		struct thole_rss rss = { .reta_size = size };
		struct owners o;

		for (uint32_t i = 0; i < sizeof(rss.key); i++)
			rss.key[i] = (uint8_t)prng_next(&seed);
		for (uint32_t i = 0; i < size; i++)
			rss.reta[i] = (uint8_t)prng_next(&seed);
		CU_ASSERT_PTR_NULL(owners_fault(&rss));
		owners_init(&o, &rss);
		for (int i = 0; i < 2000; i++) {
			struct tuple t = any(&seed);
			uint32_t words[3] = { t.src, t.dst, (uint32_t)t.sport << 16 | t.dport };
			uint32_t hash = rte_softrss(words, 3, rss.key);

			CU_ASSERT_EQUAL(entry(&o, &t), hash % size);
			CU_ASSERT_EQUAL(owner(&rss, &t), rss.reta[hash % size]);
			CU_ASSERT_EQUAL(o.reta[entry(&o, &t)], rss.reta[hash % size]);
		}
	}
}

static void
same_for_both_directions(void)
{
	uint64_t seed = 9;

	for (uint16_t n = 1; n <= 256; n = (uint16_t)(n * 2)) {
		struct thole_rss rss;

		thole_rss_init(&rss, n);
		for (int i = 0; i < 1000; i++) {
			struct tuple t = any(&seed);
			struct tuple back = { t.dst, t.src, t.dport, t.sport };

			CU_ASSERT_EQUAL(owner(&rss, &t), owner(&rss, &back));
			CU_ASSERT_TRUE(owner(&rss, &t) < n);
		}
	}
}

/* One client's connections to one server: all cores have about as many. */
static void
spread(void)
{
	static const uint16_t cores[] = { 2, 3, 5, 8, 13, 16 };

	for (size_t c = 0; c < sizeof(cores) / sizeof(cores[0]); c++) {
		uint32_t count[16] = { 0 }, mean = 28232u / cores[c];
		struct thole_rss rss;

		thole_rss_init(&rss, cores[c]);
		for (uint32_t port = 32768; port <= 60999; port++) {
			struct tuple t = { 0x0a090002, 0x0a090001, (uint16_t)port, 80 };

			count[owner(&rss, &t)]++;
		}
		for (uint16_t i = 0; i < cores[c]; i++)
			CU_ASSERT_TRUE(count[i] > mean * 8 / 10 && count[i] < mean * 12 / 10);
	}
}

static void
faults(void)
{
	struct thole_rss rss = { .reta_size = 0 };

	CU_ASSERT_PTR_NOT_NULL(owners_fault(&rss));
	rss.reta_size = 96;
	CU_ASSERT_PTR_NOT_NULL(owners_fault(&rss));
	rss.reta_size = 1024;
	CU_ASSERT_PTR_NOT_NULL(owners_fault(&rss));
	rss.reta_size = 512;
	CU_ASSERT_PTR_NULL(owners_fault(&rss));
}

static const struct test_case cases[] = {
	{ "known hashes", known_hashes },
	{ "as rte_softrss() says", as_softrss },
	{ "the same for both directions", same_for_both_directions },
	{ "spread", spread },
	{ "faults", faults },
	{ NULL, NULL },
};
const struct test_suite suite_owners = { "owners", cases };
