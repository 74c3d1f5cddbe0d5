/* SPDX-License-Identifier: BSD-3-Clause */
/* timer.c: a connection's clocks (RFC 9293, 3.10.8; RFC 6298, 5.4 to 5.7; RFC 8985, 6 and 7;
 * keepalive: RFC 9293, 3.8.4). */
#include <errno.h>

#include "tcp/counters.h"
#include "tcp/scoreboard.h"

/*
 * R1 (RFC 9293, 3.8.3): at the fifth doubling. After an ACK two are kept, so that they are three
 * retransmissions at least; either way some 30 times the RTO before any.
 */
#define R1 5

static void
retransmission_timeout(struct tcp_env *env, struct tcb *t)
{
	struct flight *f = tcp_flight(env, t);

	if (tcp_rtx_patience_ns(env, t) == 0) {
		tcp_give_up(env, t);
		return;
	}
	t->rtx_ns = TIME_NEVER;
	if (f != NULL)
		rack_age(env, f);
	/* A window that shrank to nothing under what is in flight must be probed, too (3.8.6.1). */
	if (t->state >= TCP_ESTABLISHED && t->snd_wnd == 0)
		t->flags |= TF_PERSIST;
	if ((t->flags & TF_PERSIST) != 0) {
		if (f != NULL)
			tcp_path_mtu_timeout(env, t, f);
		t->flags |= TF_PROBE;
	} else {
		env->stats->rto_fired++;
		TCP_COUNT(env, t, rto_fired);
		if (f != NULL && f->head != SLAB_NONE)
			recovery_timeout(env, t, f);
		else if (t->snd_nxt != t->snd_una)
			t->flags |= TF_REXMIT; /* a SYN, a lone FIN */
		t->flags |= TF_OUTPUT;
	}
	if (t->backoff < 31)
		t->backoff++;
	if (t->backoff == R1 && (t->flags & TF_PERSIST) == 0)
		tcp_soft_error(env, t, SOFT_NO_PROGRESS);
	tcp_rtx_arm(env, t);
}

static void
flight_timeout(struct tcp_env *env, struct tcb *t, struct flight *f)
{
	switch ((enum flight_timer)f->timer) {
	case FT_RTO:
		retransmission_timeout(env, t);
		break;
	case FT_PROBE:
		f->flags |= FF_PROBE_DUE;
		t->flags |= TF_OUTPUT;
		tcp_rtx_arm(env, t);
		break;
	case FT_REORDER:
		recovery_reorder(env, t, f);
		break;
	case FT_IDLE:
		t->rtx_ns = TIME_NEVER;
		if ((t->flags & TF_PACED) != 0)
			t->flags |= TF_OUTPUT;
		tcp_flight_drop(env, t);
		break;
	}
}

static void
rtx_timeout(struct tcp_env *env, struct tcb *t)
{
	struct flight *f = tcp_flight(env, t);

	if (t->flight == FLIGHT_LONE && (f = tcp_flight_of_lone(env, t)) == NULL) {
		/* Without memory, too, there is an R2. */
		if (tcp_rtx_patience_ns(env, t) == 0)
			tcp_give_up(env, t);
		else
			tcp_rtx_arm(env, t);
		return;
	}
	if (f == NULL || (t->flags & TF_PERSIST) != 0)
		retransmission_timeout(env, t);
	else
		flight_timeout(env, t, f);
}

/* RFC 9293, 3.8.4: nothing was heard for long: ask; after some questions give up. */
static void
keepalive(struct tcp_env *env, struct tcb *t)
{
	const struct tcp_profile *p = &env->profiles[t->profile];

	if (!tcb_is_asking(t)) {
		t->life_ns = env->now_ns + p->keepalive_ns; /* others ask already */
		return;
	}
	if (t->probes >= p->keepalive_probes) {
		tcp_give_up(env, t);
		return;
	}
	t->probes++;
	t->flags |= TF_PROBE;
	t->life_ns = env->now_ns + p->keepalive_interval_ns;
}

static void
end_of_life(struct tcp_env *env, struct tcb *t)
{
	/* TIME-WAIT has passed, or the peer of an orphan never sent its FIN. One that waits for the
	 * rest of our data must learn that it won't come. */
	if (t->state == TCP_TIME_WAIT || t->state == TCP_FIN_WAIT_2)
		tcp_closed(env, t, t->state == TCP_TIME_WAIT ? 0 : ETIMEDOUT);
	else
		tcp_abort(env, t, ETIMEDOUT);
}

void
tcp_timer(struct tcp_env *env, struct tcb *t)
{
	if (env->now_ns >= t->life_ns) {
		if (t->state == TCP_TIME_WAIT || (t->flags & TF_APP_CLOSED) != 0)
			end_of_life(env, t);
		else
			keepalive(env, t);
		if (t->state == TCP_CLOSED)
			return;
	}
	if (env->now_ns >= t->delack_ns) {
		t->delack_ns = TIME_NEVER;
		t->flags |= TF_ACK_NOW;
	}
	if ((t->flags & TF_PACED) != 0 && env->now_ns >= tcp_flight(env, t)->pace_ns) {
		t->flags &= (uint16_t)~TF_PACED;
		t->flags |= TF_OUTPUT;
	}
	if (env->now_ns >= t->rtx_ns)
		rtx_timeout(env, t);
}
