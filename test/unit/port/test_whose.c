/* SPDX-License-Identifier: BSD-3-Clause */
/* test_whose.c: which worker a packet is for, by its first bytes. */
#include <string.h>

#include <rte_byteorder.h>
#include <rte_mempool.h>

#include "port/whose.h"
#include "test.h"

#define US   0x0a000001u
#define PEER 0x0a000002u
#define TCP  6
#define ICMP 1

static struct owners owners;
static struct thole_rss rss;
static struct rte_mempool *pool;

static void
put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)(v >> 16));
	put16(p + 2, (uint16_t)v);
}

/* An IPv4 header of @p words, up to the ports behind it. */
static void
put_ip(uint8_t *ip, uint8_t words, uint8_t proto, uint32_t src, uint32_t dst, uint16_t sport,
	uint16_t dport)
{
	ip[0] = (uint8_t)(0x40 | words);
	ip[9] = proto;
	put32(ip + 12, src);
	put32(ip + 16, dst);
	put16(ip + words * 4, sport);
	put16(ip + words * 4 + 2, dport);
}

/* In one piece of exactly this length, and in two pieces however cut: the same is said. */
static int
ask(const uint8_t *frame, unsigned int n)
{
	struct rte_mbuf *m = test_exact_mbuf(pool, frame, n);
	int said = whose(&owners, m);

	rte_pktmbuf_free(m);
	for (unsigned int cut = 1; cut < n; cut++) {
		struct rte_mbuf *rest = test_exact_mbuf(pool, frame + cut, n - cut);

		m = test_exact_mbuf(pool, frame, cut);
		CU_ASSERT_EQUAL(rte_pktmbuf_chain(m, rest), 0);
		CU_ASSERT_EQUAL(whose(&owners, m), said);
		rte_pktmbuf_free(m);
	}
	return said;
}

static int
owner(uint16_t rport, uint16_t lport)
{
	const struct thole_endpoint local = { thole_addr_ip4(US), lport };
	const struct thole_endpoint remote = { thole_addr_ip4(PEER), rport };

	return thole_rss_owner(&rss, &local, &remote);
}

static void
set_up(void)
{
	thole_rss_init(&rss, 5);
	rss.key[3] ^= 0x11; /* not symmetric: directions must not be mixed up */
	rss.key[9] ^= 0x70;
	owners_init(&owners, &rss);
	pool = test_pool("whose", 64);
}

static void
segments(void)
{
	uint8_t f[80] = { [12] = 8 };

	set_up();
	for (uint16_t i = 0; i < 50; i++) {
		put_ip(f + 14, 5, TCP, PEER, US, (uint16_t)(1000 + i), 80);
		CU_ASSERT_EQUAL(ask(f, sizeof(f)), owner((uint16_t)(1000 + i), 80));
		CU_ASSERT_EQUAL(ask(f, 38), owner((uint16_t)(1000 + i), 80));
	}
	CU_ASSERT_EQUAL(ask(f, 37), WHOSE_ANYONE);
	f[14 + 6] = 0x40; /* may not be fragmented: no fragment */
	CU_ASSERT_EQUAL(ask(f, sizeof(f)), owner(1049, 80));
	f[14 + 6] = 0x20;
	CU_ASSERT_EQUAL(ask(f, sizeof(f)), WHOSE_ANYONE);
	f[14 + 6] = 0;
	f[14 + 7] = 1;
	CU_ASSERT_EQUAL(ask(f, sizeof(f)), WHOSE_ANYONE);
	f[14 + 7] = 0;
	f[14] = 0x46;
	CU_ASSERT_EQUAL(ask(f, sizeof(f)), WHOSE_ANYONE);
	f[14] = 0x45;
	f[14 + 9] = 17; /* UDP */
	CU_ASSERT_EQUAL(ask(f, sizeof(f)), WHOSE_ANYONE);
	rte_mempool_free(pool);
}

/* An error comes to the owner of the connection whose segment it quotes. */
static void
errors(void)
{
	static const uint8_t types[] = { 3, 11, 12 };
	uint8_t f[120] = { [12] = 8 };

	set_up();
	put_ip(f + 14, 5, ICMP, 0x0b0b0b0b, US, 0, 0);
	for (uint8_t words = 5; words <= 15; words = (uint8_t)(words + 5)) {
		unsigned int least = 14 + 20 + 8 + words * 4u + 4;

		memset(f + 42, 0, sizeof(f) - 42);
		for (uint16_t i = 0; i < 20; i++) {
			put_ip(f + 42, words, TCP, US, PEER, 80, (uint16_t)(1000 + i));
			f[34] = types[i % 3];
			CU_ASSERT_EQUAL(ask(f, sizeof(f)), owner((uint16_t)(1000 + i), 80));
			CU_ASSERT_EQUAL(ask(f, least), owner((uint16_t)(1000 + i), 80));
			CU_ASSERT_EQUAL(ask(f, least - 1), WHOSE_ANYONE);
		}
	}
	put_ip(f + 42, 5, TCP, US, PEER, 80, 1000);
	f[34] = 8; /* echo */
	CU_ASSERT_EQUAL(ask(f, sizeof(f)), WHOSE_ANYONE);
	f[34] = 3;
	f[42 + 9] = 17;
	CU_ASSERT_EQUAL(ask(f, sizeof(f)), WHOSE_ANYONE);
	f[42 + 9] = TCP;
	f[42] = 0x65; /* another version */
	CU_ASSERT_EQUAL(ask(f, sizeof(f)), WHOSE_ANYONE);
	f[42] = 0x44;
	CU_ASSERT_EQUAL(ask(f, sizeof(f)), WHOSE_ANYONE);
	rte_mempool_free(pool);
}

static void
others(void)
{
	uint8_t f[60] = { [12] = 8, [13] = 6 };

	set_up();
	CU_ASSERT_EQUAL(ask(f, sizeof(f)), WHOSE_ALL);
	f[13] = 0xcc;
	CU_ASSERT_EQUAL(ask(f, sizeof(f)), WHOSE_ANYONE);
	CU_ASSERT_EQUAL(ask(f, 13), WHOSE_ANYONE);
	CU_ASSERT_EQUAL(ask(f, 1), WHOSE_ANYONE);
	rte_mempool_free(pool);
}

static const struct test_case cases[] = {
	{ "segments", segments },
	{ "ICMP errors", errors },
	{ "others", others },
	{ NULL, NULL },
};
const struct test_suite suite_whose = { "whose", cases };
