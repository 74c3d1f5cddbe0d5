/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_isn.c: initial sequence numbers: a 4 us clock plus a keyed function of the connection's ends
 * (RFC 6528, 3; RFC 9293, 3.4.1).
 */
#include <stdlib.h>

#include "../test.h"
#include "base/prng.h"
#include "tcp/tcp.h"

static const struct flow_key key = {
	.raddr = { 0x1122, 0x3344 }, .laddr = 5, .rport = 80, .lport = 40000
};

static struct tcp_env
env_at(uint64_t now_ns)
{
	struct tcp_env env = { .secret = { 0x0123, 0x4567 } };

	tcp_env_clock(&env, now_ns);
	return env;
}

static uint32_t
isn_of(const struct tcp_env *env, const struct flow_key *k)
{
	uint32_t ts_off;

	return tcp_isn(env, k, &ts_off);
}

static uint32_t
ts_off_of(const struct tcp_env *env, const struct flow_key *k)
{
	uint32_t ts_off = 0;

	tcp_isn(env, k, &ts_off);
	return ts_off;
}

static void
test_same_inputs(void)
{
	struct tcp_env a = env_at(12345 * TIME_S), b = env_at(12345 * TIME_S);

	CU_ASSERT_EQUAL(isn_of(&a, &key), isn_of(&b, &key));
}

/* "approximately every 4 microseconds" (RFC 9293, 3.4.1): within a twentieth, over any span. */
static void
test_clock(void)
{
	static const uint64_t span_s[] = { 1, 60, 3600, 14400 };
	struct tcp_env a = env_at(77 * TIME_S);

	for (unsigned int i = 0; i < RTE_DIM(span_s); i++) {
		struct tcp_env b = env_at(a.now_ns + span_s[i] * TIME_S);
		uint32_t ticks = isn_of(&b, &key) - isn_of(&a, &key);
		double expected = (double)span_s[i] * 250000;

		CU_ASSERT(ticks > expected * 0.95 && ticks < expected * 1.05);
	}
}

/* A connection that follows another of the same ends starts beyond it, whenever it does. */
static void
test_never_back(void)
{
	uint64_t seed = 1;
	struct tcp_env env = env_at(0);
	uint32_t last = isn_of(&env, &key);

	for (int i = 0; i < 10000; i++) {
		tcp_env_clock(&env, env.now_ns + prng_below(&seed, 2000000000));
		uint32_t isn = isn_of(&env, &key);

		CU_ASSERT_FATAL(seq_geq(isn, last));
		last = isn;
	}
}

static void
test_every_part_counts(void)
{
	struct tcp_env env = env_at(5 * TIME_S);
	uint32_t isn = isn_of(&env, &key);
	struct flow_key k;

	for (unsigned int bit = 0; bit < sizeof(key) * 8; bit++) {
		k = key;
		((uint8_t *)&k)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_NOT_EQUAL(isn_of(&env, &k), isn);
	}
	for (unsigned int bit = 0; bit < 128; bit++) {
		struct tcp_env other = env;

		other.secret[bit / 64] ^= UINT64_C(1) << bit % 64;
		CU_ASSERT_NOT_EQUAL(isn_of(&other, &key), isn);
	}
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/*
 * Who sees his own numbers learns nothing of a neighbouring port's: they are spread over all of the
 * space, whether taken as they are or as steps from one port to the next.
 */
static void
test_spread(void)
{
	enum { N = 4096, BINS = 16 };
	static uint32_t isn[N], step[N];
	struct tcp_env env = env_at(5 * TIME_S);
	unsigned int bins[2][BINS] = { 0 };
	unsigned int same = 0;

	for (uint32_t i = 0; i < N; i++) {
		struct flow_key k = key;

		k.lport = (uint16_t)(k.lport + i);
		isn[i] = isn_of(&env, &k);
		step[i] = isn[i] - (i != 0 ? isn[i - 1] : 0);
		bins[0][isn[i] >> 28]++;
		bins[1][step[i] >> 28]++;
	}
	for (unsigned int i = 0; i < BINS; i++) {
		/* 256 on average, standard deviation 15.5. */
		CU_ASSERT(bins[0][i] > 156 && bins[0][i] < 356);
		CU_ASSERT(bins[1][i] > 156 && bins[1][i] < 356);
	}
	qsort(step, N, sizeof(step[0]), compare);
	for (uint32_t i = 1; i < N; i++)
		same += step[i] == step[i - 1];
	CU_ASSERT(same < 4); /* 0.002 of 4,096 random numbers are expected to coincide */
}

/*
 * RFC 7323, 5.4: where a tuple's timestamps start is as hard to guess, and another number; it stays
 * while the clock runs, so that they only grow from one connection of a tuple to the next; and it
 * isn't 0, which means none.
 */
static void
test_timestamp_offset(void)
{
	struct tcp_env env = env_at(5 * TIME_S), later = env_at(5000 * TIME_S);
	uint32_t off = ts_off_of(&env, &key);
	uint64_t seed = 7323;

	CU_ASSERT_EQUAL(ts_off_of(&later, &key), off);
	for (unsigned int bit = 0; bit < sizeof(key) * 8; bit++) {
		struct flow_key k = key;

		((uint8_t *)&k)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_NOT_EQUAL(ts_off_of(&env, &k), off);
	}
	for (unsigned int bit = 0; bit < 128; bit++) {
		struct tcp_env other = env;

		other.secret[bit / 64] ^= UINT64_C(1) << bit % 64;
		CU_ASSERT_NOT_EQUAL(ts_off_of(&other, &key), off);
	}
	for (int i = 0; i < 1000; i++) {
		struct flow_key k = key;

		k.lport = (uint16_t)prng_next(&seed);
		off = ts_off_of(&env, &k);
		CU_ASSERT_NOT_EQUAL(off, 0);
		CU_ASSERT_NOT_EQUAL(off, isn_of(&env, &k) - (uint32_t)(env.now_ns >> 12));
	}
}

static const struct test_case cases[] = {
	{ "the same inputs give the same number", test_same_inputs },
	{ "it goes by a 4 us clock", test_clock },
	{ "it never goes back", test_never_back },
	{ "every bit of tuple and secret counts", test_every_part_counts },
	{ "neighbouring ports tell nothing", test_spread },
	{ "the offset of timestamps", test_timestamp_offset },
	{ NULL, NULL },
};
const struct test_suite suite_isn = { "isn", cases };
