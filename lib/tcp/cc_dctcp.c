/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cc_dctcp.c: DCTCP (RFC 8257): the window comes down by the share of bytes that were marked. It
 * needs a peer that echoes each CE as it came (3.2). Growth, and what a loss does, are NewReno's.
 */
#include "base/seq.h"
#include "tcp/cc.h"

#define ALPHA_ONE  (UINT32_C(1) << 20)
#define GAIN_SHIFT 4 /* g = 1/16 (3.3) */

static void
dctcp_init(struct tcb *t, struct flight *f, uint32_t now_us)
{
	f->dctcp = (struct dctcp){ .window_end = t->snd_una, .alpha = ALPHA_ONE };
}

/* RFC 8257, 3.3, steps 1 to 9. SACK doesn't count. */
static void
dctcp_heard(struct tcb *t, struct flight *f, const struct cc_ack *ack)
{
	struct dctcp *d = &f->dctcp;
	uint32_t marked;

	d->acked_bytes += ack->bytes;
	if (ack->ece)
		d->marked_bytes += ack->bytes;
	if (seq_leq(t->snd_una, d->window_end) || d->acked_bytes == 0)
		return;
	marked = (uint32_t)((uint64_t)d->marked_bytes * ALPHA_ONE / d->acked_bytes);
	d->alpha = d->alpha - (d->alpha >> GAIN_SHIFT) + (marked >> GAIN_SHIFT);
	d->alpha = RTE_MIN(d->alpha, ALPHA_ONE);
	d->window_end = t->snd_nxt;
	d->acked_bytes = d->marked_bytes = 0;
}

static void
dctcp_acked(struct tcb *t, struct flight *f, const struct cc_ack *ack)
{
	f->cwnd += cc_grow_linear(&f->dctcp.ca_part, ack->bytes, t->mss, f->cwnd);
}

static uint32_t
dctcp_congested(struct tcb *t, struct flight *f, uint32_t flight, bool ecn)
{
	f->dctcp.ca_part = 0;
	if (!ecn)
		return flight / 2; /* 3.5 */
	return f->cwnd - (uint32_t)((uint64_t)f->cwnd * f->dctcp.alpha / (2 * ALPHA_ONE));
}

const struct cc_ops cc_dctcp = {
	.name = "dctcp",
	.init = dctcp_init,
	.acked = dctcp_acked,
	.heard = dctcp_heard,
	.congested = dctcp_congested,
};
