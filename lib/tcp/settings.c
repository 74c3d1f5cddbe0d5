/* SPDX-License-Identifier: BSD-3-Clause */
/* settings.c: options that an application sets (RFC 9293, 3.8.3, 3.8.4, 3.9.1.8, 3.9.1.9, 3.9.2).
 */
#include <errno.h>

#include "tcp/cc.h"
#include "tcp/counters.h"
#include "tcp/window.h"

#define HOUR	       (3600 * TIME_S)
#define DSCP_MOST      63
#define BUFFER_LEAST   4096
#define BUFFER_MOST    (UINT32_C(1) << 30)
#define MSS_OPT_LEAST  88
#define MSS_OPT_MOST   65495
#define SETTINGS_FLAGS (TF_NO_DELAY | TF_KEEPALIVE)

/* A large buffer's credit comes back in small parts, so that who has more to send never makes the
 * network wait for it; a small one's by quarters. */
#define CREDIT_SHARE 8
#define CREDIT_LEAST 32768u

static uint16_t
mss_within(const struct tcp_env *env, uint16_t mss)
{
	return mss != 0 && mss < env->mss_mtu ? mss : env->mss_mtu;
}

/* What follows from the options of @p p; what SYNs say only if it is for connections to come. */
static void
profile_finish(const struct tcp_env *env, struct tcp_profile *p, bool to_come)
{
	uint32_t buf = p->sndbuf_bytes;

	p->credit_part = RTE_MAX(buf / CREDIT_SHARE, RTE_MIN(buf / 4, CREDIT_LEAST));
	if (!to_come)
		return;
	p->terms.mss = mss_within(env, p->mss);
	p->terms.wnd = (uint16_t)RTE_MIN(p->rcvbuf_bytes, 65535u);
	p->terms.wscale = tcp_rcv_wscale(p->rcvbuf_bytes);
}

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
		.sndbuf_bytes = p->sndbuf_bytes,
		.rcvbuf_bytes = p->rcvbuf_bytes,
		.mss = p->mss,
		.pacing = p->pacing,
	};
	profile_finish(env, &env->profiles[0], true);
	env->profiles[0].terms.mss_most = env->mss_mtu; /* the parameter is for the peer alone */
	env->settings = (struct tcp_settings){
		.flags = (uint16_t)((p->no_delay ? TF_NO_DELAY : 0) |
				    (p->keepalive ? TF_KEEPALIVE : 0)),
		.cc = p->cc & 3u,
		.restart = INITIAL_SEGMENTS,
		.terms = env->profiles[0].terms,
	};
	tcp_window_init(env);
	env->syn_opts = (uint8_t)((p->window_scale ? EO_WSCALE : 0) | (p->sack ? EO_SACK : 0) |
				  (p->timestamps ? EO_TIMESTAMPS : 0));
}

static bool
same(const struct tcp_profile *a, const struct tcp_profile *b)
{
	return a->keepalive_ns == b->keepalive_ns &&
	       a->keepalive_interval_ns == b->keepalive_interval_ns &&
	       a->keepalive_probes == b->keepalive_probes && a->ttl == b->ttl && a->tos == b->tos &&
	       a->soft_errors == b->soft_errors && a->pacing == b->pacing &&
	       a->counters == b->counters && a->sndbuf_bytes == b->sndbuf_bytes &&
	       a->rcvbuf_bytes == b->rcvbuf_bytes && a->mss == b->mss &&
	       a->terms.mss == b->terms.mss && a->terms.mss_most == b->terms.mss_most &&
	       a->terms.wnd == b->terms.wnd && a->terms.wscale == b->terms.wscale;
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
	set->terms = env->profiles[i].terms;
	return 0;
}

static void
set_mss_option(const struct tcp_env *env, struct tcp_profile *p, uint16_t value)
{
	p->mss = value;
	p->terms.mss_most = mss_within(env, value);
}

static int
set_profile(struct tcp_env *env, struct tcp_settings *set, enum thole_option option, uint64_t value,
	bool to_come)
{
	static const struct {
		uint64_t least, most;
	} range[] = {
		[THOLE_OPT_KEEPALIVE_IDLE] = { TIME_S, 24 * HOUR },
		[THOLE_OPT_KEEPALIVE_INTERVAL] = { TIME_MS, HOUR },
		[THOLE_OPT_KEEPALIVE_PROBES] = { 1, UINT8_MAX },
		[THOLE_OPT_TTL] = { 1, UINT8_MAX },
		[THOLE_OPT_DSCP] = { 0, DSCP_MOST },
		[THOLE_OPT_PACING] = { 0, 1 },
		[THOLE_OPT_SOFT_ERRORS] = { 0, 1 },
		[THOLE_OPT_COUNTERS] = { 0, 1 },
		[THOLE_OPT_SNDBUF] = { BUFFER_LEAST, BUFFER_MOST },
		[THOLE_OPT_RCVBUF] = { BUFFER_LEAST, BUFFER_MOST },
		[THOLE_OPT_MSS] = { MSS_OPT_LEAST, MSS_OPT_MOST },
	};
	struct tcp_profile p = env->profiles[set->profile];

	if ((value < range[option].least || value > range[option].most) &&
		!(option == THOLE_OPT_MSS && value == 0))
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
	else if (option == THOLE_OPT_SNDBUF)
		p.sndbuf_bytes = (uint32_t)value;
	else if (option == THOLE_OPT_RCVBUF)
		p.rcvbuf_bytes = (uint32_t)value;
	else if (option == THOLE_OPT_PACING)
		p.pacing = value != 0;
	else if (option == THOLE_OPT_COUNTERS)
		p.counters = value != 0;
	else if (option == THOLE_OPT_SOFT_ERRORS)
		p.soft_errors = value != 0;
	else
		set_mss_option(env, &p, (uint16_t)value);
	profile_finish(env, &p, to_come);
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

static int
set_counters(struct tcp_env *env, struct tcp_settings *set, uint64_t value, bool to_come)
{
	int err;

	if (value == 1 && env->counters == NULL)
		return -EOPNOTSUPP;
	err = set_profile(env, set, THOLE_OPT_COUNTERS, value, to_come);
	if (err == 0)
		set->opts = value != 0 ? TO_COUNTED : 0;
	return err;
}

/* All as the stack is configured. */
static int
set_defaults(struct tcp_env *env, struct tcp_settings *set, uint64_t value)
{
	if (value != 0)
		return -EINVAL;
	tcp_profile_drop(env, set->profile);
	*set = env->settings;
	return 0;
}

/* @p to_come: of connections that don't exist yet. */
static int
set_option(struct tcp_env *env, struct tcp_settings *set, enum thole_option option, uint64_t value,
	bool to_come)
{
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
	case THOLE_OPT_PACING:
	case THOLE_OPT_SOFT_ERRORS:
	case THOLE_OPT_SNDBUF:
	case THOLE_OPT_RCVBUF:
	case THOLE_OPT_MSS:
		return set_profile(env, set, option, value, to_come);
	case THOLE_OPT_DEFAULTS:
		return to_come ? set_defaults(env, set, value) : -EINVAL;
	case THOLE_OPT_COUNTERS:
		return set_counters(env, set, value, to_come);
	case THOLE_OPT_CC:
		if (value >= THOLE_CC_COUNT)
			return -EINVAL;
		set->cc = value & 3u;
		return 0;
	}
	return -EINVAL;
}

int
tcp_settings_set(
	struct tcp_env *env, struct tcp_settings *set, enum thole_option option, uint64_t value)
{
	return set_option(env, set, option, value, true);
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
	if (tcb_is_quiet(t)) {
		t->probes = 0;
		t->flags &= (uint16_t)~TF_PROBE;
	}
}

/* A retransmission timer that was armed for later fires when it is over. */
static void
shorten_wait(const struct tcp_env *env, struct tcb *t)
{
	uint64_t left = tcp_rtx_patience_ns(env, t);

	if (tcb_is_quiet(t))
		return;
	if (t->rtx_ns != TIME_NEVER && t->rtx_ns > env->now_ns && t->rtx_ns - env->now_ns > left)
		t->rtx_ns = env->now_ns + left;
}

/*
 * The application's credit stays what it was given. What a larger buffer adds it hears of at once;
 * a smaller one's takes it by and by, off what is acknowledged. Before CONNECTED was read there was
 * none given. Of one that is over, too: who is given it is told all that he has.
 */
static void
change_credit(const struct tcp_env *env, struct tcb *t, uint32_t before)
{
	const struct tcp_profile *p = tcp_profile(env, t);

	if (!tcp_stood(t) || (t->flags & TF_APP_CLOSED) != 0 ||
		(t->events & (TE_ACCEPTED | TE_CONNECTED)) != 0)
		return;
	t->snd_credited += before - p->sndbuf_bytes;
	t->events &= (uint8_t)~TE_SENDABLE;
	if (tcp_credit_due(t, p->sndbuf_bytes > before ? 1 : p->credit_part))
		t->events |= TE_SENDABLE;
}

/* Of a larger one the peer hears as of one that has been emptied. */
static void
change_room(const struct tcp_env *env, struct tcb *t)
{
	room_own(t);
	if ((t->flags & TF_FIN_RECEIVED) == 0 && t->state >= TCP_ESTABLISHED &&
		tcp_window_update_due(env, t))
		t->flags |= TF_ACK_NOW;
}

/* What follows at once. */
static void
take_effect(struct tcp_env *env, struct tcb *t, enum thole_option option, uint32_t sndbuf)
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
	case THOLE_OPT_SNDBUF:
		change_credit(env, t, sndbuf);
		break;
	case THOLE_OPT_RCVBUF:
		change_room(env, t);
		break;
	case THOLE_OPT_MSS:
		if (t->state >= TCP_SYN_RECEIVED)
			tcp_path_bound(t, tcp_profile(env, t)->terms.mss_most);
		break;
	case THOLE_OPT_PACING:
		if (f != NULL)
			f->paced = tcp_profile(env, t)->pacing;
		break;
	case THOLE_OPT_DEFAULTS:
	case THOLE_OPT_COUNTERS:
	case THOLE_OPT_TTL: /* the next segment has it */
	case THOLE_OPT_DSCP:
		break;
	}
}

int
tcp_set(struct tcp_env *env, struct tcb *t, enum thole_option option, uint64_t value)
{
	struct tcp_settings set = {
		.flags = t->flags & SETTINGS_FLAGS,
		.opts = t->opts & TO_COUNTED,
		.start = t->start,
	};
	uint32_t sndbuf = tcp_profile(env, t)->sndbuf_bytes;
	int err;

	if (option == THOLE_OPT_CC && value == t->cc)
		return 0; /* it goes on as it is */
	err = set_option(env, &set, option, value, false);
	if (err != 0)
		return err;
	t->flags = (uint16_t)((t->flags & ~SETTINGS_FLAGS) | set.flags);
	t->start = set.start;
	if (((t->opts ^ set.opts) & TO_COUNTED) != 0) {
		t->opts ^= TO_COUNTED;
		if ((t->opts & TO_COUNTED) != 0) {
			if (t->flight == FLIGHT_LONE)
				tcp_flight_of_lone(env, t);
			tcp_counters_start(env, t);
		}
	}
	if (t->state != TCP_CLOSED || option == THOLE_OPT_SNDBUF)
		take_effect(env, t, option, sndbuf);
	return 0;
}

int
tcp_get(const struct tcp_env *env, const struct tcb *t, enum thole_option option, uint64_t *value)
{
	const struct tcp_profile *p = tcp_profile(env, t);

	switch (option) {
	case THOLE_OPT_USER_TIMEOUT:
		*value = t->user_timeout_s == USER_TIMEOUT_NEVER ? THOLE_NEVER
								 : t->user_timeout_s * TIME_S;
		return 0;
	case THOLE_OPT_NO_DELAY:
		*value = (t->flags & TF_NO_DELAY) != 0;
		return 0;
	case THOLE_OPT_KEEPALIVE:
		*value = (t->flags & TF_KEEPALIVE) != 0;
		return 0;
	case THOLE_OPT_KEEPALIVE_IDLE:
		*value = p->keepalive_ns;
		return 0;
	case THOLE_OPT_KEEPALIVE_INTERVAL:
		*value = p->keepalive_interval_ns;
		return 0;
	case THOLE_OPT_KEEPALIVE_PROBES:
		*value = p->keepalive_probes;
		return 0;
	case THOLE_OPT_TTL:
		*value = p->ttl;
		return 0;
	case THOLE_OPT_DSCP:
		*value = p->tos >> 2;
		return 0;
	case THOLE_OPT_CC:
		*value = t->cc;
		return 0;
	case THOLE_OPT_PACING:
		*value = p->pacing;
		return 0;
	case THOLE_OPT_SOFT_ERRORS:
		*value = p->soft_errors;
		return 0;
	case THOLE_OPT_SNDBUF:
		*value = p->sndbuf_bytes;
		return 0;
	case THOLE_OPT_RCVBUF:
		*value = p->rcvbuf_bytes;
		return 0;
	case THOLE_OPT_MSS:
		*value = p->mss;
		return 0;
	case THOLE_OPT_COUNTERS:
		*value = p->counters;
		return 0;
	case THOLE_OPT_DEFAULTS:
		break;
	}
	return -EINVAL;
}
