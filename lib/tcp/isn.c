/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * isn.c: initial sequence numbers: ISN = M + F(tuple, secret) (RFC 9293, 3.4.1; RFC 6528, 3); and
 * where a tuple's timestamps start (RFC 7323, 5.4), of the same hash, other bits: who has no key
 * can't tell 64 bits of SipHash from random ones, so neither half says anything of the other.
 */
#include "base/siphash.h"
#include "tcp/tcp.h"

uint32_t
tcp_isn(const struct tcp_env *env, const struct flow_key *key, uint32_t *ts_off)
{
	const uint64_t hash = siphash13_flow(env->secret, key);
	const uint32_t high = (uint32_t)(hash >> 32);

	*ts_off = high != 0 ? high : 1;
	/* M ticks every 4,096 ns: RFC 9293's "approximately 4 microseconds", without a division. */
	return (uint32_t)(env->now_ns >> 12) + (uint32_t)hash;
}
