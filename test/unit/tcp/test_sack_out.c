/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_sack_out.c: what ACKs say of bytes ahead of a hole (RFC 2018) and of bytes that came twice
 * (RFC 2883): the examples of both, with their numbers, as they stand and where numbers wrap; and
 * random segments against the rules of both, over a byte map.
 */
#include <string.h>

#include "fixture.h"

#define BLOCKS 4
#define NONE   UINT32_MAX

/* Bytes from left up to right come, and are answered so; blocks end with an empty one. */
struct step {
	uint32_t left, right;
	uint32_t ack; /* NONE: the ACK isn't sent before the next one comes */
	struct sack_block blocks[BLOCKS];
};

static const uint32_t bases[] = { 0, UINT32_C(0xffffef00), UINT32_C(0x7ffff000) };

static void
start(struct fix *f, uint32_t nxt)
{
	fix_up(f);
	f->t.opts |= TO_SACK;
	f->t.rcv_nxt = f->t.rcv_acked = nxt;
	f->t.rcv_adv = nxt + 65535;
}

static void
arrive(struct fix *f, uint32_t left, uint32_t right)
{
	struct seg s = fix_seg(f, TCP_ACK);

	s.seq = left;
	s.len = right - left;
	s.m = fix_bytes(f, left, s.len);
	CU_ASSERT_EQUAL(tcp_input(&f->env, &f->t, &s), REPLY_NONE);
	rte_pktmbuf_free(s.m);
}

static void
expect(struct fix *f, const struct step *step, uint32_t base)
{
	struct sack_block got[BLOCKS];
	uint8_t n = tcp_sack_out(&f->t, got, BLOCKS), want = 0;

	CU_ASSERT_EQUAL(f->t.rcv_nxt, base + step->ack);
	while (want < BLOCKS && step->blocks[want].right != 0)
		want++;
	CU_ASSERT_EQUAL_FATAL(n, want);
	for (uint8_t i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(got[i].left, base + step->blocks[i].left);
		CU_ASSERT_EQUAL(got[i].right, base + step->blocks[i].right);
	}
}

/* The ladder, from @p nxt on, at all bases. */
static void
climb(uint32_t nxt, const struct step *steps, unsigned int n)
{
	for (unsigned int at = 0; at < RTE_DIM(bases); at++) {
		struct fix f;

		start(&f, bases[at] + nxt);
		for (unsigned int i = 0; i < n; i++) {
			arrive(&f, bases[at] + steps[i].left, bases[at] + steps[i].right);
			if (steps[i].ack != NONE)
				expect(&f, &steps[i], bases[at]);
		}
		fix_down(&f);
	}
}

/* RFC 2018, 4, case 1: the last four of eight segments are lost. */
static void
test_2018_case_1(void)
{
	static const struct step steps[] = {
		{ 5000, 5500, 5500, { { 0, 0 } } },
		{ 5500, 6000, 6000, { { 0, 0 } } },
		{ 6000, 6500, 6500, { { 0, 0 } } },
		{ 6500, 7000, 7000, { { 0, 0 } } },
	};

	climb(5000, steps, RTE_DIM(steps));
}

/* Case 2: the first is lost. */
static void
test_2018_case_2(void)
{
	static const struct step steps[] = {
		{ 5500, 6000, 5000, { { 5500, 6000 } } },
		{ 6000, 6500, 5000, { { 5500, 6500 } } },
		{ 6500, 7000, 5000, { { 5500, 7000 } } },
		{ 7000, 7500, 5000, { { 5500, 7500 } } },
		{ 7500, 8000, 5000, { { 5500, 8000 } } },
		{ 8000, 8500, 5000, { { 5500, 8500 } } },
		{ 8500, 9000, 5000, { { 5500, 9000 } } },
	};

	climb(5000, steps, RTE_DIM(steps));
}

/* Case 3: the second, fourth, sixth and eighth are lost; then the fourth comes, then the second. */
static void
test_2018_case_3(void)
{
	static const struct step steps[] = {
		{ 5000, 5500, 5500, { { 0, 0 } } },
		{ 6000, 6500, 5500, { { 6000, 6500 } } },
		{ 7000, 7500, 5500, { { 7000, 7500 }, { 6000, 6500 } } },
		{ 8000, 8500, 5500, { { 8000, 8500 }, { 7000, 7500 }, { 6000, 6500 } } },
		{ 6500, 7000, 5500, { { 6000, 7500 }, { 8000, 8500 } } },
		{ 5500, 6000, 7500, { { 8000, 8500 } } },
	};

	climb(5000, steps, RTE_DIM(steps));
}

/* RFC 2883, 4.1: full duplicates. */
static void
test_2883_example_1(void)
{
	static const struct step steps[] = {
		{ 3000, 3500, 3500, { { 0, 0 } } },
		{ 3500, 4000, 4000, { { 0, 0 } } },
		{ 3000, 3500, 4000, { { 3000, 3500 } } },
	};

	climb(3000, steps, RTE_DIM(steps));
}

static void
test_2883_example_2(void)
{
	static const struct step steps[] = {
		{ 3000, 3500, 3500, { { 0, 0 } } },
		{ 3500, 4000, 4000, { { 0, 0 } } },
		{ 4500, 5000, 4000, { { 4500, 5000 } } },
		{ 3000, 3500, 4000, { { 3000, 3500 }, { 4500, 5000 } } },
	};

	climb(3000, steps, RTE_DIM(steps));
}

static void
test_2883_example_3(void)
{
	static const struct step steps[] = {
		{ 3500, 4000, 4000, { { 0, 0 } } },
		{ 4500, 5000, 4000, { { 4500, 5000 } } },
		{ 5000, 5500, 4000, { { 4500, 5500 } } },
		{ 5000, 5500, 4000, { { 5000, 5500 }, { 4500, 5500 } } },
	};

	climb(3500, steps, RTE_DIM(steps));
}

/* RFC 2883, 4.2: partial duplicates. */
static void
test_2883_example_4(void)
{
	static const struct step steps[] = {
		{ 500, 1000, 1000, { { 0, 0 } } },
		{ 2000, 2500, 1000, { { 2000, 2500 } } },
		{ 1000, 1500, 1500, { { 2000, 2500 } } },
		{ 1000, 2000, 2500, { { 1000, 1500 } } },
	};

	climb(500, steps, RTE_DIM(steps));
}

/* Two parts of a segment came before: only the first is told. */
static void
test_2883_example_5(void)
{
	static const struct step steps[] = {
		{ 500, 1000, 1000, { { 0, 0 } } },
		{ 3000, 3500, 1000, { { 3000, 3500 } } },
		{ 1000, 1500, 1500, { { 3000, 3500 } } },
		{ 2000, 2500, 1500, { { 2000, 2500 }, { 3000, 3500 } } },
		{ 1000, 2500, 2500, { { 1000, 1500 }, { 3000, 3500 } } },
	};

	climb(500, steps, RTE_DIM(steps));
}

static void
test_2883_example_6(void)
{
	static const struct step steps[] = {
		{ 500, 1000, 1000, { { 0, 0 } } },
		{ 3500, 4000, 1000, { { 3500, 4000 } } },
		{ 1500, 2000, 1000, { { 1500, 2000 }, { 3500, 4000 } } },
		{ 2500, 3000, 1000, { { 2500, 3000 }, { 1500, 2000 }, { 3500, 4000 } } },
		{ 1500, 3000, 1000, { { 1500, 2000 }, { 1500, 3000 }, { 3500, 4000 } } },
	};

	climb(500, steps, RTE_DIM(steps));
}

/* RFC 2883, 5.1: a segment that the network doubled. 5.2: one that reordering made look lost. */
static void
test_2883_section_5(void)
{
	static const struct step doubled[] = {
		{ 500, 1000, 1000, { { 0, 0 } } },
		{ 1000, 1500, 1500, { { 0, 0 } } },
		{ 1000, 1500, 1500, { { 1000, 1500 } } },
	};
	static const struct step reordered[] = {
		{ 500, 1000, 1000, { { 0, 0 } } },
		{ 1500, 2000, 1000, { { 1500, 2000 } } },
		{ 2000, 2500, 1000, { { 1500, 2500 } } },
		{ 2500, 3000, 1000, { { 1500, 3000 } } },
		{ 1000, 1500, 3000, { { 0, 0 } } },
		{ 1000, 1500, 3000, { { 1000, 1500 } } },
	};

	climb(500, doubled, RTE_DIM(doubled));
	climb(500, reordered, RTE_DIM(reordered));
}

/* A duplicate is told once (RFC 2883, 4), and the next ACK is as if it hadn't been. */
static void
test_told_once(void)
{
	struct sack_block b[BLOCKS];
	struct fix f;

	start(&f, 1000);
	arrive(&f, 2000, 3000);
	arrive(&f, 2200, 2300);
	CU_ASSERT_EQUAL(tcp_sack_out(&f.t, b, BLOCKS), 2);
	CU_ASSERT(b[0].left == 2200 && b[0].right == 2300);
	CU_ASSERT_EQUAL(tcp_sack_out(&f.t, b, BLOCKS), 1);
	CU_ASSERT(b[0].left == 2000 && b[0].right == 3000);
	fix_down(&f);
}

/* Segments that one ACK answers: stretches that touch are told as one, else the latest. */
static void
test_one_ack_for_several(void)
{
	static const struct step train[] = {
		{ 1000, 4000, NONE, { { 0, 0 } } },
		{ 1000, 2000, NONE, { { 0, 0 } } },
		{ 2000, 3000, NONE, { { 0, 0 } } },
		{ 3000, 3500, 4000, { { 1000, 3500 } } },
		{ 1000, 2000, NONE, { { 0, 0 } } },
		{ 3000, 4000, 4000, { { 3000, 4000 } } },
	};
	static const struct step ahead[] = {
		{ 2000, 5000, 1000, { { 2000, 5000 } } },
		{ 2000, 3000, NONE, { { 0, 0 } } },
		{ 3000, 4000, NONE, { { 0, 0 } } },
		{ 7000, 8000, 1000, { { 2000, 4000 }, { 2000, 5000 }, { 7000, 8000 } } },
	};

	climb(1000, train, RTE_DIM(train));
	climb(1000, ahead, RTE_DIM(ahead));
}

/* No more blocks than there is room for, the latest ones; a report of a duplicate has its place. */
static void
test_room(void)
{
	struct sack_block b[BLOCKS];
	struct fix f;

	start(&f, 1000);
	for (uint32_t left = 9000; left >= 2000; left -= 1000)
		arrive(&f, left, left + 100);
	CU_ASSERT_EQUAL(tcp_sack_out(&f.t, b, 0), 0);
	CU_ASSERT_EQUAL(tcp_sack_out(&f.t, b, 1), 1);
	CU_ASSERT_EQUAL(b[0].left, 2000);
	CU_ASSERT_EQUAL(tcp_sack_out(&f.t, b, 3), 3);
	CU_ASSERT(b[0].left == 2000 && b[1].left == 3000 && b[2].left == 4000);
	arrive(&f, 9020, 9080);
	CU_ASSERT_EQUAL(tcp_sack_out(&f.t, b, 4), 4);
	CU_ASSERT(b[0].left == 9020 && b[0].right == 9080);
	CU_ASSERT(b[1].left == 9000 && b[1].right == 9100);
	CU_ASSERT(b[2].left == 2000 && b[3].left == 3000);
	arrive(&f, 500, 600);
	CU_ASSERT_EQUAL(tcp_sack_out(&f.t, b, 1), 1);
	CU_ASSERT(b[0].left == 500 && b[0].right == 600);
	CU_ASSERT_EQUAL(tcp_sack_out(&f.t, b, 1), 1);
	CU_ASSERT_EQUAL(b[0].left, 9000);
	fix_down(&f);
}

/* A peer that didn't say SACK-permitted gets none (RFC 2018, 2). */
static void
test_not_permitted(void)
{
	struct sack_block b[BLOCKS];
	struct fix f;

	start(&f, 1000);
	f.t.opts &= (uint8_t)~TO_SACK;
	arrive(&f, 2000, 3000);
	arrive(&f, 2000, 3000);
	arrive(&f, 500, 1000);
	CU_ASSERT_EQUAL(f.t.opts & TO_DSACK, 0);
	CU_ASSERT_EQUAL(tcp_sack_out(&f.t, b, BLOCKS), 0);
	fix_down(&f);
}

#define SPAN 20000u

/* Bytes that have come, and in which arrival. */
struct map {
	uint32_t at[SPAN];
};

/* When the latest byte of [left, right) came, if just these are there and touch no others; or 0. */
static uint32_t
latest(const struct map *map, uint32_t left, uint32_t right)
{
	uint32_t max = 0;

	if (map->at[left - 1] != 0 || (right < SPAN && map->at[right] != 0))
		return 0;
	for (uint32_t i = left; i < right; i++) {
		if (map->at[i] == 0)
			return 0;
		max = RTE_MAX(max, map->at[i]);
	}
	return max;
}

/*
 * Every block is a whole stretch of what is ahead; the first holds the segment that came last (RFC
 * 2018, 4); each is later than the next, and one that isn't told is earlier than all; duplicates as
 * RFC 2883, 4 has them.
 */
static void
test_random(void)
{
	static struct map map;
	uint64_t seed = 2018;

	for (unsigned int round = 0; round < 40; round++) {
		uint32_t base = (uint32_t)prng_next(&seed), nxt = 1;
		struct sack_block b[BLOCKS];
		struct fix f;

		start(&f, base + nxt);
		memset(&map, 0, sizeof(map));
		for (uint32_t n = 1; n < 400; n++) {
			uint32_t left = 1 + prng_below(&seed, SPAN - 300);
			uint32_t right = left + 1 + prng_below(&seed, 290);
			uint32_t dup = 0, dup_end = 0, older = n, at = 0;
			uint8_t got;

			if (prng_below(&seed, 20) == 0) {
				left = nxt;
				right = left + 1 + prng_below(&seed, 290);
			}
			if (right > SPAN - 1)
				break;
			for (uint32_t i = left; i < right; i++) {
				bool there = i < nxt || map.at[i] != 0;

				if (there && dup == 0)
					dup = dup_end = i;
				if (there && dup_end == i)
					dup_end = i + 1;
			}
			/* The run that a segment touches is as late as that. */
			for (uint32_t i = left; i < right; i++)
				map.at[i] = n;
			arrive(&f, base + left, base + right);
			while (map.at[nxt] != 0)
				nxt++;
			CU_ASSERT_EQUAL_FATAL(f.t.rcv_nxt, base + nxt);
			got = tcp_sack_out(&f.t, b, BLOCKS);
			if (dup != 0) {
				CU_ASSERT_FATAL(got >= 1);
				CU_ASSERT_EQUAL(b[0].left, base + dup);
				CU_ASSERT_EQUAL(b[0].right, base + dup_end);
				at = 1;
			}
			if (left > nxt) {
				CU_ASSERT_FATAL(got > at);
				CU_ASSERT(b[at].left - base <= left && b[at].right - base >= right);
			}
			for (uint32_t told = at; told < got; told++) {
				uint32_t when =
					latest(&map, b[told].left - base, b[told].right - base);

				CU_ASSERT_FATAL(when != 0 && b[told].left - base > nxt);
				CU_ASSERT(when < older || told == at);
				older = when;
			}
			for (uint32_t i = nxt, run = 0; i < SPAN; i++) {
				if (map.at[i] == 0)
					continue;
				for (run = i; i < SPAN && map.at[i] != 0; i++)
					;
				bool told = false;
				for (uint32_t k = at; k < got; k++)
					told = told || b[k].left - base == run;
				CU_ASSERT(told || (got == BLOCKS && latest(&map, run, i) < older));
			}
		}
		fix_down(&f);
	}
}

static const struct test_case cases[] = {
	{ "RFC 2018 4, case 1", test_2018_case_1 },
	{ "RFC 2018 4, case 2", test_2018_case_2 },
	{ "RFC 2018 4, case 3", test_2018_case_3 },
	{ "RFC 2883 4.1, example 1", test_2883_example_1 },
	{ "RFC 2883 4.1, example 2", test_2883_example_2 },
	{ "RFC 2883 4.1, example 3", test_2883_example_3 },
	{ "RFC 2883 4.2, example 4", test_2883_example_4 },
	{ "RFC 2883 4.2, example 5", test_2883_example_5 },
	{ "RFC 2883 4.2, example 6", test_2883_example_6 },
	{ "RFC 2883 5", test_2883_section_5 },
	{ "a duplicate is told once", test_told_once },
	{ "one ACK for several segments", test_one_ack_for_several },
	{ "no more blocks than there is room for", test_room },
	{ "no SACK without SACK-permitted", test_not_permitted },
	{ "random segments against a byte map", test_random },
	{ NULL, NULL },
};
const struct test_suite suite_sack_out = { "sack_out", cases };
