/* SPDX-License-Identifier: BSD-3-Clause */
/* isn.c: initial sequence numbers: ISN = M + F(tuple, secret) (RFC 9293, 3.4.1; RFC 6528, 3). */
#include "base/siphash.h"
#include "tcp/tcp.h"

uint32_t
tcp_isn(const struct tcp_env *env, const struct flow_key *key)
{
	/* M ticks every 4,096 ns: RFC 9293's "approximately 4 microseconds", without a division. */
	return (uint32_t)(env->now_ns >> 12) + (uint32_t)siphash13_flow128(env->secret, key).lo;
}
