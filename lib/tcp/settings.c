/* SPDX-License-Identifier: BSD-3-Clause */
/* settings.c: options that an application sets (RFC 9293, 3.8.3, 3.8.4, 3.9.1.8, 3.9.1.9, 3.9.2).
 */
#include <errno.h>

#include "tcp/cc.h"
#include "tcp/tcp.h"

#define HOUR	       (3600 * TIME_S)
#define DSCP_MOST      63
#define SETTINGS_FLAGS (TF_NO_DELAY | TF_KEEPALIVE)

void
tcp_settings_init(struct tcp_env *env)
{
	const struct thole_tcp_params *p = &env->params;

	env->profiles[0] = (struct tcp_profile){
		.keepalive_ns = p->keepalive_ns,
		.keepalive_interval_ns = p->keepalive_interval_ns,
		.keepalive_probes = p->keepalive_probes,
		.ttl = p->ttl,
		.tos = (uint8_t)(p->dscp << 2),
	};
	env->settings = (struct tcp_settings){
		.flags = (uint16_t)((p->no_delay ? TF_NO_DELAY : 0) |
				    (p->keepalive ? TF_KEEPALIVE : 0)),
		.opts = p->pacing ? TO_PACING : 0,
		.cc = p->cc & 3u,
		.restart = INITIAL_SEGMENTS,
	};
	env->syn_wnd = (uint16_t)tcp_rcv_wnd_most(env);
	env->syn_wscale = tcp_rcv_wscale(env);
	env->syn_opts = (uint8_t)((p->window_scale ? EO_WSCALE : 0) | (p->sack ? EO_SACK : 0) |
				  (p->timestamps ? EO_TIMESTAMPS : 0));
}

static bool
same(const struct tcp_profile *a, const struct tcp_profile *b)
{
	return a->keepalive_ns == b->keepalive_ns &&
	       a->keepalive_interval_ns == b->keepalive_interval_ns &&
	       a->keepalive_probes == b->keepalive_probes && a->ttl == b->ttl && a->tos == b->tos &&
	       a->soft_errors == b->soft_errors;
}

/* The profile that is like @p want, or a free one. @return 0: there is neither, or it is the
 * stack's. */
static uint8_t
profile_find(const struct tcp_env *env, const struct tcp_profile *want)
{
	uint8_t unused = 0;

	if (same(&env->profiles[0], want))
		return 0;
	for (unsigned int i = TCP_PROFILES - 1; i > 0; i--) {
		const struct tcp_profile *p = &env->profiles[i];

		if (p->users == 0)
			unused = (uint8_t)i;
		else if (same(p, want))
			return (uint8_t)i;
	}
	return unused;
}

/* @p set uses a profile like @p want from here on. */
static int
profile_change(struct tcp_env *env, struct tcp_settings *set, const struct tcp_profile *want)
{
	uint8_t i;

	tcp_profile_drop(env, set->profile); /* if nobody else has it, its place is free, too */
	i = profile_find(env, want);
	if (i == 0 && !same(&env->profiles[0], want)) {
		tcp_profile_hold(env, set->profile);
		return -ENOSPC;
	}
	if (i != 0 && env->profiles[i].users == 0) {
		env->profiles[i] = *want;
		env->profiles[i].users = 0;
	}
	tcp_profile_hold(env, i);
	set->profile = i;
	return 0;
}

static int
set_profile(struct tcp_env *env, struct tcp_settings *set, enum thole_option option, uint64_t value)
{
	static const struct {
		uint64_t least, most;
	} range[] = {
		[THOLE_OPT_KEEPALIVE_IDLE] = { TIME_S, 24 * HOUR },
		[THOLE_OPT_KEEPALIVE_INTERVAL] = { TIME_MS, HOUR },
		[THOLE_OPT_KEEPALIVE_PROBES] = { 1, UINT8_MAX },
		[THOLE_OPT_TTL] = { 1, UINT8_MAX },
		[THOLE_OPT_DSCP] = { 0, DSCP_MOST },
		[THOLE_OPT_SOFT_ERRORS] = { 0, 1 },
	};
	struct tcp_profile p = env->profiles[set->profile];

	if (value < range[option].least || value > range[option].most)
		return -EINVAL;
	if (option == THOLE_OPT_KEEPALIVE_IDLE)
		p.keepalive_ns = value;
	else if (option == THOLE_OPT_KEEPALIVE_INTERVAL)
		p.keepalive_interval_ns = value;
	else if (option == THOLE_OPT_KEEPALIVE_PROBES)
		p.keepalive_probes = (uint8_t)value;
	else if (option == THOLE_OPT_TTL)
		p.ttl = (uint8_t)value;
	else if (option == THOLE_OPT_DSCP)
		p.tos = (uint8_t)(value << 2);
	else
		p.soft_errors = value != 0;
	return profile_change(env, set, &p);
}

static int
set_user_timeout(struct tcp_settings *set, uint64_t ns)
{
	uint64_t s = ns / TIME_S + (ns % TIME_S != 0);

	if (ns == THOLE_NEVER)
		s = USER_TIMEOUT_NEVER;
	else if (s >= USER_TIMEOUT_NEVER)
		return -EINVAL;
	set->user_timeout_s = (uint16_t)s;
	return 0;
}

static int
set_bit(uint16_t *bits, uint16_t bit, uint64_t value)
{
	if (value > 1)
		return -EINVAL;
	*bits = (uint16_t)(value != 0 ? *bits | bit : *bits & ~bit);
	return 0;
}

int
tcp_settings_set(
	struct tcp_env *env, struct tcp_settings *set, enum thole_option option, uint64_t value)
{
	uint16_t opts = set->opts;
	int err;

	switch (option) {
	case THOLE_OPT_USER_TIMEOUT:
		return set_user_timeout(set, value);
	case THOLE_OPT_NO_DELAY:
		return set_bit(&set->flags, TF_NO_DELAY, value);
	case THOLE_OPT_KEEPALIVE:
		return set_bit(&set->flags, TF_KEEPALIVE, value);
	case THOLE_OPT_KEEPALIVE_IDLE:
	case THOLE_OPT_KEEPALIVE_INTERVAL:
	case THOLE_OPT_KEEPALIVE_PROBES:
	case THOLE_OPT_TTL:
	case THOLE_OPT_DSCP:
	case THOLE_OPT_SOFT_ERRORS:
		return set_profile(env, set, option, value);
	case THOLE_OPT_DEFAULTS:
	case THOLE_OPT_SNDBUF:
	case THOLE_OPT_RCVBUF:
	case THOLE_OPT_MSS:
	case THOLE_OPT_COUNTERS:
		break;
	case THOLE_OPT_CC:
		if (value >= THOLE_CC_COUNT)
			return -EINVAL;
		set->cc = value & 3u;
		return 0;
	case THOLE_OPT_PACING:
		err = set_bit(&opts, TO_PACING, value);
		set->opts = (uint8_t)opts;
		return err;
	}
	return -EINVAL;
}

/* The silence before a probe counts from here. An orphan's and TIME-WAIT's clock is the same one,
 * and goes on. */
static void
restart_keepalive(const struct tcp_env *env, struct tcb *t)
{
	if (t->state < TCP_ESTABLISHED || t->state == TCP_TIME_WAIT ||
		(t->flags & TF_APP_CLOSED) != 0)
		return;
	t->life_ns = TIME_NEVER;
	if ((t->flags & TF_KEEPALIVE) != 0)
		t->life_ns = env->now_ns + env->profiles[t->profile].keepalive_ns;
	if (t->snd_una == t->snd_nxt && (t->flags & TF_PERSIST) == 0) {
		t->backoff = 0; /* it counted probes */
		t->flags &= (uint16_t)~TF_PROBE;
	}
}

/* A retransmission timer that was armed for later fires when it is over. */
static void
shorten_wait(const struct tcp_env *env, struct tcb *t)
{
	uint64_t left = tcp_rtx_patience_ns(env, t);

	if (t->snd_una == t->snd_nxt && (t->flags & TF_PERSIST) == 0)
		return; /* nothing waits for an ACK */
	if (t->rtx_ns != TIME_NEVER && t->rtx_ns > env->now_ns && t->rtx_ns - env->now_ns > left)
		t->rtx_ns = env->now_ns + left;
}

/* What follows at once. */
static void
take_effect(struct tcp_env *env, struct tcb *t, enum thole_option option)
{
	struct flight *f = tcp_flight(env, t);

	switch (option) {
	case THOLE_OPT_USER_TIMEOUT:
		shorten_wait(env, t);
		break;
	case THOLE_OPT_NO_DELAY:
		if (t->state >= TCP_ESTABLISHED)
			t->flags |= TF_OUTPUT; /* what Nagle held back */
		break;
	case THOLE_OPT_KEEPALIVE:
	case THOLE_OPT_KEEPALIVE_IDLE:
	case THOLE_OPT_KEEPALIVE_INTERVAL:
	case THOLE_OPT_KEEPALIVE_PROBES:
		restart_keepalive(env, t);
		break;
	case THOLE_OPT_SOFT_ERRORS:
		if (!env->profiles[t->profile].soft_errors)
			t->events &= (uint8_t)~TE_SOFT_ERROR;
		break;
	case THOLE_OPT_CC:
		if (f != NULL)
			tcp_cc_change(t, f, env_now_us(env));
		break;
	case THOLE_OPT_DEFAULTS:
	case THOLE_OPT_SNDBUF:
	case THOLE_OPT_RCVBUF:
	case THOLE_OPT_MSS:
	case THOLE_OPT_COUNTERS:
	case THOLE_OPT_TTL: /* the next segment has it */
	case THOLE_OPT_DSCP:
	case THOLE_OPT_PACING:
		break;
	}
}

int
tcp_set(struct tcp_env *env, struct tcb *t, enum thole_option option, uint64_t value)
{
	struct tcp_settings set = {
		.flags = t->flags & SETTINGS_FLAGS,
		.opts = t->opts & TO_PACING,
		.start = t->start,
	};
	int err;

	if (option == THOLE_OPT_CC && value == t->cc)
		return 0; /* it goes on as it is */
	err = tcp_settings_set(env, &set, option, value);
	if (err != 0)
		return err;
	t->flags = (uint16_t)((t->flags & ~SETTINGS_FLAGS) | set.flags);
	t->opts = (uint8_t)((t->opts & ~TO_PACING) | set.opts);
	t->start = set.start;
	if (t->state != TCP_CLOSED)
		take_effect(env, t, option);
	return 0;
}
