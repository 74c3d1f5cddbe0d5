/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cookie.c: SYN cookies: see cookie.h.
 *
 * DEVIATION: RFC 9293, 3.4.1 and RFC 6528 have sequence numbers follow a clock; a cookie's don't.
 * So where an old connection's numbers are known, in TIME-WAIT, no cookie is given.
 */
#include "base/siphash.h"
#include "tcp/cookie.h"
#include "tcp/syn.h"

#define INDEX_BITS 3
#define INDEX_MASK ((UINT32_C(1) << INDEX_BITS) - 1)
#define TICK_BIT   (UINT32_C(1) << INDEX_BITS)
#define MAC_MASK   (~(TICK_BIT | INDEX_MASK))

/* In a TSval. */
#define TS_BITS	      6
#define TS_UNIT	      (UINT32_C(1) << TS_BITS)
#define TS_WSCALE     UINT32_C(0x0f)
#define TS_WSCALE_OFF UINT32_C(0x0f)
#define TS_SACK	      UINT32_C(0x10)
#define TS_ECN	      UINT32_C(0x20)

/*
 * A peer is never sent more than it offered (RFC 9293, 3.7.1, MUST-16), so what is below the
 * default has a row, too. The others: the default, IPv6's least MTU, tunnels, timestamps' worth off
 * Ethernet, Ethernet, jumbo frames.
 */
static const uint16_t mss_table[1 << INDEX_BITS] = { 64, 536, 1220, 1360, 1400, 1440, 1460, 8960 };

static uint32_t
mss_index(const struct seg *syn)
{
	uint16_t mss = (syn->opts & OPT_MSS) != 0 && syn->mss != 0 ? syn->mss : MSS_DEFAULT_IP4;
	uint32_t i = RTE_DIM(mss_table) - 1;

	while (i > 0 && mss_table[i] > mss)
		i--;
	return i;
}

static uint32_t
tick_now(const struct tcp_env *env)
{
	return (uint32_t)(env->now_ns / COOKIE_TICK_NS);
}

/*
 * The window that we offer must be the same when it comes back, as the listener may be another one
 * by then: of a smaller one the peer would find its right edge moved back (RFC 9293, 3.8.6), and
 * with another scale each of our windows would be something else to it. Our MSS needn't: segments
 * of any size are taken.
 */
static uint32_t
make(const uint64_t secret[2], const struct tcp_terms *terms, const struct flow_key *key,
	uint32_t irs, uint32_t tick, uint32_t index)
{
	const struct {
		struct flow_key key;
		uint32_t irs;
		uint32_t tick;
		uint32_t index;
		uint16_t wnd;
		uint16_t wscale;
	} message = { *key, irs, tick, index, terms->wnd, terms->wscale };

	_Static_assert(sizeof(message) == sizeof(*key) + 16, "all of it is hashed: no padding");
	return ((uint32_t)siphash24(secret, &message, sizeof(message)) & MAC_MASK) |
	       (tick & 1) << INDEX_BITS | index;
}

/*
 * The last moment up to @p clock whose low bits say @p opts. As it is never ahead, no later
 * timestamp of ours is below it, not another cookie's of the same options, either (RFC 7323, 5.4).
 */
static uint32_t
stamp(uint32_t clock, uint8_t opts)
{
	uint32_t low = (opts & EO_WSCALE) != 0 ? opts & EO_WSCALE_MASK : TS_WSCALE_OFF;

	low |= (opts & EO_SACK) != 0 ? TS_SACK : 0;
	low |= (opts & EO_ECN) != 0 ? TS_ECN : 0;
	return clock - ((clock - low) & (TS_UNIT - 1));
}

/* What stamp() was given; not more than we would take of a SYN. */
static uint8_t
stamped(const struct tcp_env *env, uint32_t ts)
{
	const struct seg syn = {
		.opts = OPT_TIMESTAMPS | ((ts & TS_WSCALE) != TS_WSCALE_OFF ? OPT_WSCALE : 0) |
			((ts & TS_SACK) != 0 ? OPT_SACK_PERMITTED : 0),
		.wscale = ts & TS_WSCALE,
	};

	return (uint8_t)(tcp_syn_opts(env, &syn) | ((ts & TS_ECN) != 0 ? EO_ECN : 0));
}

void
cookie_make(const struct tcp_env *env, const uint64_t secret[2], const struct tcp_terms *terms,
	const struct seg *syn, struct tcp_out *out)
{
	uint8_t opts = tcp_syn_opts(env, syn);
	uint32_t ts_off = 0;

	*out = (struct tcp_out){
		.seq = make(secret, terms, &syn->key, syn->seq, tick_now(env), mss_index(syn)),
		.ack = syn->seq + 1,
		.sport = syn->key.lport,
		.dport = syn->key.rport,
		.wnd = terms->wnd, /* not scaled (RFC 7323, 2.2) */
		.flags = TCP_SYN | TCP_ACK,
	};
	if ((opts & EO_TIMESTAMPS) == 0) {
		out->mss = terms->mss; /* the peer is told of nothing that we would forget */
		return;
	}
	if (tcp_is_ecn_setup(syn))
		opts |= EO_ECN;
	tcp_isn(env, &syn->key, &ts_off);
	tcp_syn_out(env, terms, opts, ts_off, syn->ts_val, out);
	out->ts_val = stamp(out->ts_val, opts);
}

bool
cookie_check(const struct tcp_env *env, const uint64_t secret[2], const struct tcp_terms *terms,
	const struct seg *seg, struct embryo *e)
{
	uint32_t iss = seg->ack - 1, irs = seg->seq - 1;
	uint32_t tick = tick_now(env);

	tick -= ((iss & TICK_BIT) != 0) != (tick & 1); /* this one, or the one before */
	if (iss != make(secret, terms, &seg->key, irs, tick, iss & INDEX_MASK))
		return false;
	*e = (struct embryo){
		.key = seg->key,
		.iss = iss,
		.irs = irs,
		.out_next = NOT_LISTED,
		.queued_ms = env_now_ms(env),
		.mss = mss_table[iss & INDEX_MASK] & EMBRYO_MSS_MOST,
		.repeated = 1,
		.listener = NO_INDEX,
		.neigh = NO_INDEX,
	};
	tcp_isn(env, &seg->key, &e->ts_off);
	if ((seg->opts & OPT_TIMESTAMPS) == 0 || !env->params.timestamps)
		return true;
	/* What we never stamped isn't an echo. */
	if (env_now_ms(env) + e->ts_off - seg->ts_ecr > COOKIE_LIFE_NS / TIME_MS + TS_UNIT)
		return false;
	e->opts = stamped(env, seg->ts_ecr);
	e->ts_recent = seg->ts_val;
	return true;
}
