/* SPDX-License-Identifier: BSD-3-Clause */
/* test_cookie.c: SYN cookies: what comes back, for how long, and what forgers get. */
#include "../test.h"
#include "base/prng.h"
#include "tcp/cookie.h"

static const struct flow_key key = {
	.raddr = { 0x1122, 0x3344 }, .laddr = 5, .rport = 40000, .lport = 80
};
static const uint64_t secret[2] = { 0xfeed, 0xbeef };
static const uint16_t table[] = { 64, 536, 1220, 1360, 1400, 1440, 1460, 8960 };

static struct tcp_env
env_at(uint64_t now_ns)
{
	struct tcp_env env = { .secret = { 0x0123, 0x4567 },
		.mss_mtu = 1460,
		.params = { .window_scale = true,
			.timestamps = true,
			.sack = true,
			.rcvbuf_bytes = 4 << 20 } };

	tcp_env_clock(&env, now_ns);
	tcp_settings_init(&env);
	return env;
}

/* A SYN that offers these (enum embryo_opt, where the scale may be 15). */
static struct seg
make_syn(int mss, uint8_t opts)
{
	struct seg s = { .key = key, .seq = 0xfffffff0, .flags = TCP_SYN, .ts_val = 77 };

	if (mss >= 0) {
		s.opts |= OPT_MSS;
		s.mss = (uint16_t)mss;
	}
	s.wscale = opts & EO_WSCALE_MASK;
	s.opts |= (opts & EO_WSCALE) != 0 ? OPT_WSCALE : 0;
	s.opts |= (opts & EO_SACK) != 0 ? OPT_SACK_PERMITTED : 0;
	s.opts |= (opts & EO_TIMESTAMPS) != 0 ? OPT_TIMESTAMPS : 0;
	s.flags |= (opts & EO_ECN) != 0 ? TCP_ECE | TCP_CWR : 0;
	return s;
}

/* The ACK that a peer answers @p out with. */
static struct seg
make_ack(const struct seg *syn, const struct tcp_out *out)
{
	return (struct seg){
		.key = syn->key,
		.seq = out->ack,
		.ack = out->seq + 1,
		.flags = TCP_ACK,
		.opts = out->opts & OPT_TIMESTAMPS,
		.ts_val = syn->ts_val + 3,
		.ts_ecr = out->ts_val,
	};
}

static uint16_t
rounded(int mss)
{
	uint16_t best = table[0];

	if (mss <= 0)
		mss = 536; /* RFC 9293, 3.7.1 */
	for (unsigned int i = 0; i < RTE_DIM(table); i++)
		if (table[i] <= mss)
			best = table[i];
	return best;
}

/* What of the offer is kept. */
static uint8_t
kept(uint8_t opts)
{
	if ((opts & EO_TIMESTAMPS) == 0)
		return 0;
	if ((opts & EO_WSCALE) == 0)
		return opts & (uint8_t)~EO_WSCALE_MASK;
	if ((opts & EO_WSCALE_MASK) == 15)
		return (uint8_t)(opts - 1); /* RFC 7323, 2.3 */
	return opts;
}

static bool
round_trip(uint64_t at_ns, uint64_t age_ns, int mss, uint8_t opts)
{
	struct tcp_env env = env_at(at_ns);
	struct seg syn = make_syn(mss, opts), ack;
	struct tcp_out out;
	struct embryo e;
	uint32_t ts_off;

	cookie_make(&env, secret, &env.settings.terms, &syn, &out);
	ack = make_ack(&syn, &out);
	tcp_env_clock(&env, env.now_ns + age_ns);
	if (!cookie_check(&env, secret, &env.settings.terms, &ack, &e))
		return false;
	tcp_isn(&env, &key, &ts_off);
	return flow_eq(&e.key, &key) && e.iss == out.seq && e.irs == syn.seq &&
	       e.mss == rounded(mss) && e.opts == kept(opts) && e.ts_off == ts_off &&
	       e.repeated == 1 && (e.opts == 0 || e.ts_recent == syn.ts_val + 3);
}

static void
test_mss(void)
{
	for (int mss = -1; mss <= UINT16_MAX; mss++)
		CU_ASSERT_FATAL(
			round_trip(1000 * TIME_S, TIME_MS, mss, mss & 1 ? EO_TIMESTAMPS : 0));
}

static void
test_options(void)
{
	uint64_t prng = 3;

	for (unsigned int opts = 0; opts < 256; opts++)
		for (unsigned int i = 0; i < 200; i++)
			CU_ASSERT_FATAL(round_trip(prng_next(&prng) >> 7,
				prng_next(&prng) % COOKIE_TICK_NS, 1460, (uint8_t)opts));
}

/* What our own parameters don't take isn't promised. */
static void
test_ours_off(void)
{
	struct tcp_env env = env_at(1000 * TIME_S);
	struct seg syn = make_syn(1460, EO_TIMESTAMPS | EO_SACK | EO_WSCALE | 7), ack;
	struct tcp_out out;
	struct embryo e;

	env.params.sack = env.params.window_scale = false;
	tcp_settings_init(&env);
	cookie_make(&env, secret, &env.settings.terms, &syn, &out);
	CU_ASSERT_EQUAL(out.opts, OPT_TIMESTAMPS);
	ack = make_ack(&syn, &out);
	ack.ts_ecr = (ack.ts_ecr & ~63u) - 64 + 0x17; /* claims them nevertheless */
	CU_ASSERT_TRUE(cookie_check(&env, secret, &env.settings.terms, &ack, &e));
	CU_ASSERT_EQUAL(e.opts, EO_TIMESTAMPS);
	env.params.timestamps = false;
	tcp_settings_init(&env);
	cookie_make(&env, secret, &env.settings.terms, &syn, &out);
	CU_ASSERT_EQUAL(out.opts, 0);
	CU_ASSERT_TRUE(cookie_check(&env, secret, &env.settings.terms, &ack, &e));
	CU_ASSERT_EQUAL(e.opts, 0);
}

/* Good to the end of the next tick, and not a nanosecond longer. */
static void
test_expiry(void)
{
	static const uint64_t last = 2 * COOKIE_TICK_NS - 1;

	for (uint64_t phase = 0; phase < COOKIE_TICK_NS; phase += COOKIE_TICK_NS / 128) {
		uint64_t at = 100 * COOKIE_TICK_NS + phase;

		CU_ASSERT(round_trip(at, COOKIE_TICK_NS, 1460, EO_TIMESTAMPS));
		CU_ASSERT(round_trip(at, last - phase, 1460, EO_TIMESTAMPS));
		for (uint64_t more = 1; more <= 7 * COOKIE_TICK_NS; more += COOKIE_TICK_NS / 2) {
			CU_ASSERT(!round_trip(at, last - phase + more, 1460, EO_TIMESTAMPS));
			CU_ASSERT(!round_trip(at, last - phase + more, 1460, 0));
		}
	}
}

static unsigned int
forge(struct seg ack, unsigned int n, bool seq)
{
	struct tcp_env env = env_at(1000 * TIME_S);
	unsigned int passed = 0;
	uint64_t prng = 99;
	struct embryo e;

	while (n-- > 0) {
		uint64_t r = prng_next(&prng);

		ack.ack = (uint32_t)r;
		if (seq)
			ack.seq = (uint32_t)(r >> 32);
		passed += cookie_check(&env, secret, &env.settings.terms, &ack, &e);
	}
	return passed;
}

/* 2^20 guesses of 28 bits: none, with a chance of 255 in 256. */
static void
test_forged(void)
{
	struct seg ack = { .key = key, .seq = 12345, .flags = TCP_ACK };

	CU_ASSERT_EQUAL(forge(ack, 1 << 20, false), 0);
	CU_ASSERT_EQUAL(forge(ack, 1 << 20, true), 0);
}

static bool
passes(const struct seg *ack, const uint64_t with[2])
{
	struct tcp_env env = env_at(1000 * TIME_S);
	struct embryo e;

	return cookie_check(&env, with, &env.settings.terms, ack, &e);
}

/* One bit of anything else, and it is none. */
static void
test_every_bit_counts(void)
{
	struct tcp_env env = env_at(1000 * TIME_S);
	struct seg syn = make_syn(1460, 0), ack;
	struct tcp_out out;

	cookie_make(&env, secret, &env.settings.terms, &syn, &out);
	ack = make_ack(&syn, &out);
	CU_ASSERT_TRUE(passes(&ack, secret));
	for (unsigned int bit = 0; bit < sizeof(key) * 8; bit++) {
		struct seg other = ack;

		((uint8_t *)&other.key)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_FALSE(passes(&other, secret));
	}
	for (unsigned int bit = 0; bit < 32; bit++) {
		struct seg other = ack;

		other.seq ^= UINT32_C(1) << bit;
		CU_ASSERT_FALSE(passes(&other, secret));
		other = ack;
		other.ack = (((ack.ack - 1) ^ UINT32_C(1) << bit)) + 1;
		CU_ASSERT_FALSE(passes(&other, secret));
	}
	for (unsigned int bit = 0; bit < 128; bit++) {
		uint64_t other[2] = { secret[0], secret[1] };

		other[bit / 64] ^= UINT64_C(1) << bit % 64;
		CU_ASSERT_FALSE(passes(&ack, other));
	}
}

/* Each of the 28 bits is as good as a toss of a coin, from port to port and from tick to tick. */
static void
test_spread(void)
{
	enum { N = 4096 };
	unsigned int set[32] = { 0 }, changed[32] = { 0 };

	for (uint32_t i = 0; i < N; i++) {
		struct tcp_env env = env_at(1000 * TIME_S);
		struct seg syn = make_syn(1460, 0);
		struct tcp_out a, b;

		syn.key.rport = (uint16_t)(1000 + i);
		cookie_make(&env, secret, &env.settings.terms, &syn, &a);
		tcp_env_clock(&env, env.now_ns + COOKIE_TICK_NS);
		cookie_make(&env, secret, &env.settings.terms, &syn, &b);
		for (unsigned int bit = 0; bit < 32; bit++) {
			set[bit] += a.seq >> bit & 1;
			changed[bit] += (a.seq ^ b.seq) >> bit & 1;
		}
	}
	for (unsigned int bit = 4; bit < 32; bit++) {
		/* 2,048 on average, standard deviation 32. */
		CU_ASSERT(set[bit] > 2048 - 160 && set[bit] < 2048 + 160);
		CU_ASSERT(changed[bit] > 2048 - 160 && changed[bit] < 2048 + 160);
	}
}

/* RFC 7323, 5.4: our timestamps never go back, and a cookie's is never ahead of the clock. */
static void
test_timestamps(void)
{
	uint64_t prng = 5;

	for (unsigned int opts = 0; opts < 256; opts++) {
		struct seg syn = make_syn(1460, (uint8_t)(opts | EO_TIMESTAMPS));
		/* The clock wraps on the way. */
		struct tcp_env env = env_at(TIME_MS << 32);
		struct tcp_out out;
		uint32_t last = 0, ts_off;

		tcp_isn(&env, &key, &ts_off);
		env.now_ns -= (uint64_t)ts_off * TIME_MS + 2 * TIME_S;
		for (unsigned int i = 0; i < 300; i++) {
			uint32_t clock = env_now_ms(&env) + ts_off;

			cookie_make(&env, secret, &env.settings.terms, &syn, &out);
			CU_ASSERT_FATAL(clock - out.ts_val < 64);
			CU_ASSERT_FATAL(i == 0 || seq_geq(out.ts_val, last));
			CU_ASSERT_FATAL(out.ts_ecr == syn.ts_val);
			last = out.ts_val;
			tcp_env_clock(&env, env.now_ns + prng_below(&prng, 30 * TIME_MS));
		}
		CU_ASSERT(last < 1 << 20); /* it did wrap */
	}
}

/* An echo is of a timestamp that we sent since the oldest good cookie. */
static void
test_echo(void)
{
	struct tcp_env env = env_at(1000 * TIME_S);
	struct seg syn = make_syn(1460, EO_TIMESTAMPS), ack;
	struct tcp_out out;
	struct embryo e;

	cookie_make(&env, secret, &env.settings.terms, &syn, &out);
	ack = make_ack(&syn, &out);
	ack.ts_ecr = out.ts_val + 64;
	CU_ASSERT_FALSE(cookie_check(&env, secret, &env.settings.terms, &ack, &e));
	ack.ts_ecr = out.ts_val - 128000;
	CU_ASSERT_TRUE(cookie_check(&env, secret, &env.settings.terms, &ack, &e));
	ack.ts_ecr = out.ts_val - 128128;
	CU_ASSERT_FALSE(cookie_check(&env, secret, &env.settings.terms, &ack, &e));
}

static const struct test_case cases[] = {
	{ "every MSS, rounded down", test_mss },
	{ "every offer, at any time", test_options },
	{ "what we don't take", test_ours_off },
	{ "expiry", test_expiry },
	{ "forged ACKs", test_forged },
	{ "every bit counts", test_every_bit_counts },
	{ "no bit can be told", test_spread },
	{ "timestamps never go back", test_timestamps },
	{ "echoes of what we sent", test_echo },
	{ NULL, NULL },
};
const struct test_suite suite_cookie = { "cookie", cases };
