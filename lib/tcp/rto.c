/* SPDX-License-Identifier: BSD-3-Clause */
/* rto.c: round-trip times and the retransmission timer (RFC 6298); R2 (RFC 9293, 3.8.3). */
#include "tcp/lone.h"

uint64_t
tcp_rto_ns(const struct tcp_env *env, const struct tcb *t)
{
	const struct thole_tcp_params *p = &env->params;
	uint64_t rto = p->rto_initial_ns;

	if (t->srtt_us != 0) {
		/* DEVIATION: RFC 6298 (2.4) bounds the whole RTO at 1 s; we bound the variance
		 * term. */
		uint64_t var = t->rttvar_us * TIME_US; /* kept times 4, which is K */

		rto = (t->srtt_us >> 3) * TIME_US + RTE_MAX(var, p->rto_min_ns);
	} else if (t->state >= TCP_ESTABLISHED && (t->flags & TF_SYN_REXMIT) != 0) {
		rto = 3 * p->rto_initial_ns; /* RFC 6298, 5.7 */
	}
	if (unlikely(t->backoff != 0))
		for (unsigned int i = 0; i < t->backoff && rto < p->rto_max_ns; i++)
			rto *= 2;
	return RTE_MIN(rto, p->rto_max_ns);
}

void
tcp_rtt_sample(struct tcb *t, uint32_t rtt_us)
{
	uint32_t rtt = RTE_MIN(RTE_MAX(rtt_us, 1u), RTT_MOST_US);

	if (t->srtt_us == 0) {
		tcp_rtt_first(t, rtt);
	} else { /* 2.3, in the scaled integers of Jacobson's 1988 appendix */
		int32_t err = (int32_t)rtt - (int32_t)(t->srtt_us >> 3);

		t->srtt_us = RTE_MAX((uint32_t)((int32_t)t->srtt_us + err), 8u);
		err = (err < 0 ? -err : err) - (int32_t)(t->rttvar_us >> 2);
		t->rttvar_us = (uint32_t)((int32_t)t->rttvar_us + err);
	}
	t->backoff = 0;
}

/* How long what is unacknowledged may stay so, of a connection that is established. */
static inline uint64_t
give_up_established_ns(const struct tcp_env *env, const struct tcb *t)
{
	const struct thole_tcp_params *p = &env->params;
	uint64_t limit = p->give_up_ns;

	if (unlikely(t->user_timeout_s != 0)) /* RFC 9293, 3.8.3, MUST-21 */
		limit = t->user_timeout_s == USER_TIMEOUT_NEVER ? TIME_NEVER
								: t->user_timeout_s * TIME_S;
	if ((t->flags & TF_APP_CLOSED) != 0)
		return RTE_MIN(limit, p->orphan_ns);
	return limit;
}

/* Of any. */
static inline uint64_t
give_up_ns(const struct tcp_env *env, const struct tcb *t)
{
	if ((t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED) && t->user_timeout_s == 0)
		return env->params.syn_give_up_ns;
	return give_up_established_ns(env, t);
}

static inline uint64_t
patience_ns(const struct tcp_env *env, const struct tcb *t)
{
	uint64_t waited = (uint64_t)(env_now_ms(env) - t->rtx_first_ms) * TIME_MS;
	uint64_t limit = give_up_ns(env, t);

	return waited < limit ? limit - waited : 0;
}

uint64_t
tcp_rtx_patience_ns(const struct tcp_env *env, const struct tcb *t)
{
	return patience_ns(env, t);
}

/* How long ago the first segment that isn't acknowledged was sent last. */
static uint64_t
head_age_ns(const struct tcp_env *env, const struct flight *f)
{
	return (env_now_us(env) - board_seg(env, f->head)->sent_us) * TIME_US;
}

static inline void
arm_rto(const struct tcp_env *env, struct tcb *t, uint64_t rto)
{
	uint64_t patience = patience_ns(env, t);

	t->rtx_ns = env->now_ns + RTE_MIN(rto, RTE_MAX(patience, TIME_MS));
}

/* RFC 6298, 5.1 and 5.3, or the probe that comes before. */
static inline void
arm(const struct tcp_env *env, struct tcb *t, struct flight *f)
{
	uint64_t rto = tcp_rto_ns(env, t);

	if (f != NULL && (t->flags & TF_PERSIST) == 0) {
		uint64_t probe = tlp_timeout_ns(env, t, f);

		f->timer = FT_RTO;
		if (probe != 0 && probe < rto) {
			f->timer = FT_PROBE;
			rto = probe;
		}
	}
	arm_rto(env, t, rto);
}

void
tcp_rtx_arm(const struct tcp_env *env, struct tcb *t)
{
	arm(env, t, tcp_flight(env, t));
}

void
tcp_rtx_arm_alone(const struct tcp_env *env, struct tcb *t)
{
	uint64_t limit = give_up_established_ns(env, t);

	t->rtx_ns = env->now_ns + RTE_MIN(tcp_rto_ns(env, t), RTE_MAX(limit, TIME_MS));
}

void
tcp_rtx_arm_lone(const struct tcp_env *env, struct tcb *t)
{
	uint64_t limit = give_up_established_ns(env, t), rto = tcp_rto_ns(env, t);
	uint64_t probe = lone_probe_ns(env, t);

	if (probe != 0 && probe < rto)
		rto = probe;
	t->rtx_ns = env->now_ns + RTE_MIN(rto, RTE_MAX(limit, TIME_MS));
}

void
tcp_rtx_sent(const struct tcp_env *env, struct tcb *t)
{
	struct flight *f = tcp_flight(env, t);
	uint64_t rto, age, probe;

	if (t->rtx_ns == TIME_NEVER || f == NULL || f->timer == FT_IDLE) {
		arm(env, t, f);
		return;
	}
	if (f->timer != FT_PROBE || (t->flags & TF_PERSIST) != 0)
		return;
	/* RFC 8985, 7.2: the probe is due after the last segment, but never later than the RTO. */
	rto = tcp_rto_ns(env, t);
	age = head_age_ns(env, f);
	probe = tlp_timeout_ns(env, t, f);
	if (probe + age >= rto) {
		f->timer = FT_RTO;
		probe = RTE_MAX(rto > age ? rto - age : 0, TIME_MS);
	}
	arm_rto(env, t, probe);
}

void
tcp_rtx_done(const struct tcp_env *env, struct tcb *t)
{
	struct flight *f = tcp_flight(env, t);

	tcp_rtx_stop(t);
	if (f == NULL)
		return;
	f->timer = FT_IDLE;
	t->rtx_ns = env->now_ns + tcp_rto_ns(env, t);
}

void
tcp_rtx_stop(struct tcb *t)
{
	t->rtx_ns = TIME_NEVER;
	t->flags &= (uint16_t) ~(TF_PERSIST | TF_PROBE | TF_REXMIT);
}
