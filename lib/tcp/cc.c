/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cc.c: congestion control as loss recovery sees it: when cwnd may grow at all, slow start, and the
 * bounds that every algorithm keeps. cwnd is never above CC_CWND_MAX.
 */
#include "tcp/cc.h"

const struct cc_ops *const cc_algorithms[CC_ALGORITHMS] = { &cc_cubic, &cc_newreno, &cc_dctcp };

static const struct cc_ops *
ops(const struct tcb *t)
{
	return cc_algorithms[t->cc];
}

uint32_t
cc_grow_linear(uint32_t *part, uint32_t bytes, uint32_t step, uint32_t per)
{
	/* Less than 2^64 by far: neither factor is more than a window. */
	uint64_t sum = *part + (uint64_t)RTE_MIN(bytes, CC_CWND_MAX) * RTE_MIN(step, CC_CWND_MAX);

	per = RTE_MAX(per, 1u);
	*part = (uint32_t)(sum % per);
	return (uint32_t)RTE_MIN(sum / per, CC_CWND_MAX);
}

void
tcp_cc_start(struct tcb *t, struct flight *f, uint32_t now_us)
{
	hystart_init(t, f);
	ops(t)->init(t, f, now_us);
}

void
tcp_cc_change(struct tcb *t, struct flight *f, uint32_t now_us)
{
	f->undo = 0; /* it would bring back the last algorithm's */
	tcp_cc_start(t, f, now_us);
}

/* RFC 5681, 3.1, equation 2, by bytes: RFC 3465, 2.2, and 2.3 after a timeout. */
static uint32_t
slow_start(const struct tcb *t, const struct flight *f, const struct cc_ack *ack)
{
	uint32_t most = f->phase == FP_LOSS ? t->mss : 2u * t->mss;

	return RTE_MIN(ack->bytes, most);
}

void
tcp_cc_acked(struct tcb *t, struct flight *f, const struct cc_ack *ack)
{
	uint32_t grow;

	if (ops(t)->heard != NULL)
		ops(t)->heard(t, f, ack);
	if (ack->bytes == 0 || (f->flags & FF_CWND_LIMITED) == 0)
		return;
	if (ack->ece || f->phase == FP_RECOVERY || f->phase == FP_CWR)
		return; /* not for an ACK that has ECE: RFC 3168, 6.1.2 */
	if (f->cwnd < t->ssthresh) {
		/* HyStart++ is for the first slow start alone (RFC 9406, 4.3). */
		if (ops(t)->hystart && t->ssthresh == UINT32_MAX)
			grow = hystart_grow(t, f, ack);
		else
			grow = slow_start(t, f, ack);
		f->cwnd = RTE_MIN(f->cwnd + grow, t->ssthresh);
		f->flags &= (uint8_t)~FF_EPOCH;
	} else {
		ops(t)->acked(t, f, ack);
	}
	f->cwnd = RTE_MIN(f->cwnd, CC_CWND_MAX);
}

uint32_t
tcp_cc_congested(struct tcb *t, struct flight *f, uint32_t flight, bool ecn)
{
	uint32_t left = RTE_MIN(ops(t)->congested(t, f, flight, ecn), CC_CWND_MAX);

	f->flags &= (uint8_t)~FF_CSS;
	t->ssthresh = RTE_MAX(left, 2u * t->mss); /* RFC 5681, equation 4; RFC 9438, 4.6 */
	/* For ECN cwnd goes on down to one segment (RFC 3168, 6.1.2). */
	return ecn ? RTE_MAX(left, (uint32_t)t->mss) : t->ssthresh;
}

void
tcp_cc_timeout(struct tcb *t, struct flight *f)
{
	if (ops(t)->timeout != NULL)
		ops(t)->timeout(t, f);
	f->cwnd = t->mss;
}

void
tcp_cc_undone(struct tcb *t, struct flight *f, uint32_t cwnd, uint32_t ssthresh)
{
	if (f->cwnd >= cwnd)
		return;
	f->cwnd = cwnd;
	t->ssthresh = ssthresh;
	if (ops(t)->undone != NULL)
		ops(t)->undone(t, f);
	if (ssthresh == UINT32_MAX)
		hystart_init(t, f); /* the first slow start goes on */
}

void
tcp_cc_idle(struct tcb *t, struct flight *f, uint32_t idle_us)
{
	if (ops(t)->idle != NULL)
		ops(t)->idle(t, f, idle_us);
}
