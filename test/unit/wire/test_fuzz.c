/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_fuzz.c: random packets, and good ones damaged at random, through every parser. The seed is
 * fixed. Buffers end where the packets do: a sanitizer sees any read beyond. What is let through
 * must hold together.
 */
#include <string.h>

#include "base/prng.h"
#include "frame.h"
#include "../test.h"
#include "wire/arp.h"
#include "wire/icmp.h"

#define ROUNDS 100000

static uint32_t passed_tcp, passed_icmp, passed_arp, dropped[WIRE_ARP + 1];

static void
check_seg(const struct seg *s, const struct rte_mbuf *m, const uint8_t *frame, bool good)
{
	uint32_t total = frame_get16(frame + 16);

	if (s->payload_off + s->len != 14 + total || 14 + total > m->pkt_len)
		CU_FAIL("payload beyond the packet");
	if (s->payload_off < 54 || s->payload_off > WIRE_HEADERS_MAX)
		CU_FAIL("a header of a length that can't be");
	if (s->key.rport == 0 || s->key.lport == 0 || s->nb_sack > TCP_SACK_BLOCKS_MAX)
		CU_FAIL("let through what is to be dropped");
	if ((s->nb_sack != 0) != ((s->opts & OPT_SACK) != 0) ||
		(s->mss != 0 && !(s->opts & OPT_MSS)))
		CU_FAIL("options that don't agree");
	if (!good && frame_l4_csum(frame + 14, frame + 34, total - 20) != 0)
		CU_FAIL("a wrong checksum let through");
	passed_tcp++;
}

static void
feed(const uint8_t *frame, uint32_t n, uint64_t *seed)
{
	struct rte_mbuf *m =
		prng_below(seed, 4) != 0 ? frame_mbuf(frame, n) : frame_chain(frame, n, 0, seed);
	bool good = prng_below(seed, 2) != 0;
	uint8_t scratch[WIRE_HEADERS_MAX];
	struct icmp_pkt icmp;
	struct arp_pkt arp;
	struct ip4_pkt ip = { 0 };
	struct seg s;
	enum wire_drop drop;
	uint32_t avail;
	const uint8_t *h = wire_headers(m, WIRE_HEADERS_MAX, scratch, &avail);

	if (avail != RTE_MIN(n, (uint32_t)WIRE_HEADERS_MAX) || memcmp(h, frame, avail) != 0)
		CU_FAIL("wrong headers");
	drop = arp_parse(h, avail, &arp);
	passed_arp += drop == WIRE_OK;
	drop = ip4_parse(h, avail, m->pkt_len, good, &ip);
	if (drop == WIRE_OK) {
		if (ip.l4_off + ip.l4_len > n || (!good && frame_csum(frame + 14, 20) != 0))
			CU_FAIL("an IPv4 packet to be dropped");
		icmp_error_allowed(h, avail, &ip);
		passed_icmp += icmp_parse(m, h, avail, &ip, &icmp) == WIRE_OK;
		if (ip.proto == 6)
			drop = tcp_parse(m, h, avail, &ip, good, &s);
		if (ip.proto == 6 && drop == WIRE_OK)
			check_seg(&s, m, frame, good);
	}
	if (drop > WIRE_ARP)
		CU_FAIL_FATAL("no such reason");
	dropped[drop]++;
	rte_pktmbuf_free(m);
}

static void
random_bytes(uint8_t *p, uint32_t n, uint64_t *seed)
{
	for (uint32_t i = 0; i < n; i++)
		p[i] = (uint8_t)prng_next(seed);
}

static void
noise(void)
{
	uint8_t frame[FRAME_MAX];
	uint64_t seed = 14;

	for (uint32_t i = 0; i < ROUNDS / 4; i++) {
		uint32_t n = prng_below(&seed, 160);

		random_bytes(frame, n, &seed);
		/* Past the first hurdles in one half: else nearly all of it ends there. */
		if (i % 2 == 0 && n > 40) {
			frame[14] = 0x45;
			frame_put16(frame + 16, prng_below(&seed, n - 13));
			frame_put16(frame + 20, 0);
			frame[23] = 6;
			frame_mend(frame, n);
		}
		feed(frame, n, &seed);
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

/** Mostly sound options, with random values. */
static void
random_opts(uint8_t opts[40], uint64_t *seed)
{
	static const uint8_t kinds[][2] = { { 2, 4 }, { 3, 3 }, { 4, 2 }, { 5, 10 }, { 5, 18 },
		{ 8, 10 }, { 1, 1 }, { 0, 40 }, { 30, 6 } };

	random_bytes(opts, 40, seed);
	for (uint32_t at = 0; at < 38;) {
		const uint8_t *kind = kinds[prng_below(seed, RTE_DIM(kinds))];

		opts[at] = kind[0];
		if (kind[0] > 1)
			opts[at + 1] = kind[1];
		at += kind[1];
	}
}

/** A TCP, ICMP or ARP packet that is right. */
static uint32_t
good_packet(uint8_t *frame, uint64_t *seed)
{
	uint8_t bytes[200], opts[40];
	struct frame_tcp what = { .flags = (uint8_t)(prng_next(seed) & ~(uint64_t)TCP_SYN),
		.opts = opts,
		.opt_bytes = prng_below(seed, 11) * 4,
		.payload = bytes,
		.payload_bytes = prng_below(seed, 200),
		.padding = prng_below(seed, 10) };

	if (prng_below(seed, 10) == 0)
		what.src = (uint32_t)prng_next(seed);
	random_bytes(bytes, sizeof(bytes), seed);
	random_opts(opts, seed);
	switch (prng_below(seed, 8)) {
	case 0:
		bytes[0] = 3;
		bytes[1] = 4;
		bytes[8] = 0x45;
		bytes[17] = 6;
		frame_put16(bytes + 2, 0);
		frame_put16(bytes + 2, frame_csum(bytes, 100));
		memcpy(frame + 34, bytes, 100);
		return frame_ip4(frame, 0x0a000002, 0x0a000001, 1, 100);
	case 1:
		memcpy(frame, bytes, 60);
		memcpy(frame + 12, (const uint8_t[]){ 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2 }, 11);
		return 60;
	default:
		return frame_tcp(frame, &what);
	}
}

static void
damaged(void)
{
	uint8_t frame[FRAME_MAX];
	uint64_t seed = 15;

	memset(dropped, 0, sizeof(dropped));
	passed_tcp = passed_icmp = passed_arp = 0;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t n = good_packet(frame, &seed);

		for (uint32_t flips = prng_below(&seed, 4); flips > 0; flips--)
			frame[prng_below(&seed, RTE_MIN(n, 80u))] ^=
				(uint8_t)(1 << prng_below(&seed, 8));
		if (prng_below(&seed, 4) == 0)
			frame_mend(frame, n);
		if (prng_below(&seed, 8) == 0)
			n = prng_below(&seed, n + 1);
		feed(frame, n, &seed);
	}
	/* All of it is tried: nothing is ever dropped, and everything passes, is no test. */
	CU_ASSERT(passed_tcp > ROUNDS / 10);
	CU_ASSERT(passed_icmp > ROUNDS / 100);
	CU_ASSERT(passed_arp > ROUNDS / 100);
	for (enum wire_drop d = WIRE_OK; d <= WIRE_TCP_FLAGS; d++)
		CU_ASSERT_NOT_EQUAL(dropped[d], 0);
	CU_ASSERT_TRUE(frame_pool_whole());
}

static const struct test_case cases[] = {
	{ "noise", noise },
	{ "damaged packets", damaged },
	{ NULL, NULL },
};

extern const struct test_suite suite_fuzz;
const struct test_suite suite_fuzz = { "fuzz", cases };
