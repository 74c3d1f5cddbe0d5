/* SPDX-License-Identifier: BSD-3-Clause */
/* timestamps.c: RFC 7323: protection against wrapped sequence numbers, and what we echo. */
#include "tcp/tcp.h"

/* A unit of ts_recent_age is 2^42 ns, about 73 minutes; 24 days are 472 of them (5.5). */
#define AGE_SHIFT 42
#define AGE_MOST  471

static uint16_t
age_now(const struct tcp_env *env)
{
	return (uint16_t)(env->now_ns >> AGE_SHIFT);
}

bool
tcp_timestamp_ok(const struct tcp_env *env, const struct tcb *t, const struct seg *s)
{
	if ((t->opts & TO_TIMESTAMPS) == 0 || (s->flags & TCP_RST) != 0)
		return true; /* 5.2: a RST is judged by its sequence number alone */
	if ((s->opts & OPT_TIMESTAMPS) == 0) {
		env->stats->rx_drop_paws++; /* 3.2 */
		return false;
	}
	if (!seq_lt(s->ts_val, t->ts_recent) ||
		(uint16_t)(age_now(env) - t->ts_recent_age) > AGE_MOST)
		return true;
	env->stats->rx_drop_paws++;
	return false;
}

void
tcp_timestamp_note(const struct tcp_env *env, struct tcb *t, const struct seg *s)
{
	if ((s->opts & OPT_TIMESTAMPS) == 0 || (t->opts & TO_TIMESTAMPS) == 0)
		return;
	/* 4.3 (2): of the earliest segment that isn't acknowledged. */
	if (seq_gt(s->seq, t->rcv_acked) || seq_lt(s->ts_val, t->ts_recent)) {
		if ((uint16_t)(age_now(env) - t->ts_recent_age) <= AGE_MOST)
			return;
	}
	t->ts_recent = s->ts_val;
	t->ts_recent_age = age_now(env);
}

void
tcp_timestamp_began(const struct tcp_env *env, struct tcb *t)
{
	t->ts_recent_age = age_now(env);
}
