/* SPDX-License-Identifier: BSD-3-Clause */
/* rto.c: round-trip times and the retransmission timer (RFC 6298); R2 (RFC 9293, 3.8.3). */
#include "tcp/tcp.h"

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
	for (unsigned int i = 0; i < t->backoff && rto < p->rto_max_ns; i++)
		rto *= 2;
	return RTE_MIN(rto, p->rto_max_ns);
}

void
tcp_rtt_sample(struct tcb *t, uint32_t rtt_us)
{
	uint32_t rtt = RTE_MIN(RTE_MAX(rtt_us, 1u), UINT32_C(0x0fffffff));

	if (t->srtt_us == 0) { /* RFC 6298, 2.2 */
		t->srtt_us = rtt << 3;
		t->rttvar_us = rtt << 1;
	} else { /* 2.3, in the scaled integers of Jacobson's 1988 appendix */
		int32_t err = (int32_t)rtt - (int32_t)(t->srtt_us >> 3);

		t->srtt_us = RTE_MAX((uint32_t)((int32_t)t->srtt_us + err), 1u);
		err = (err < 0 ? -err : err) - (int32_t)(t->rttvar_us >> 2);
		t->rttvar_us = (uint32_t)((int32_t)t->rttvar_us + err);
	}
	t->backoff = 0;
}

/* How long what is unacknowledged may stay so. */
static uint64_t
give_up_ns(const struct tcp_env *env, const struct tcb *t)
{
	const struct thole_tcp_params *p = &env->params;

	if (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED)
		return p->syn_give_up_ns;
	if ((t->flags & TF_APP_CLOSED) != 0)
		return RTE_MIN(p->give_up_ns, p->orphan_ns);
	return p->give_up_ns;
}

uint64_t
tcp_rtx_patience_ns(const struct tcp_env *env, const struct tcb *t)
{
	uint64_t waited = (uint64_t)(env_now_ms(env) - t->rtx_first_ms) * TIME_MS;
	uint64_t limit = give_up_ns(env, t);

	return waited < limit ? limit - waited : 0;
}

void
tcp_rtx_arm(const struct tcp_env *env, struct tcb *t)
{
	uint64_t rto = tcp_rto_ns(env, t);
	uint64_t patience = tcp_rtx_patience_ns(env, t);

	t->rtx_ns = env->now_ns + RTE_MIN(rto, RTE_MAX(patience, TIME_MS));
}

void
tcp_rtx_stop(struct tcb *t)
{
	t->rtx_ns = TIME_NEVER;
	t->flags &= (uint16_t) ~(TF_PERSIST | TF_PROBE | TF_REXMIT);
}
