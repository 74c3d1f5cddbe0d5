/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hystart.c: HyStart++ (RFC 9406): the first slow start slows down when the round-trip time rises,
 * and is over when it stays up. A loss or a mark ends it too: that sets ssthresh (cc.c).
 */
#include "base/seq.h"
#include "tcp/cc.h"

/* RFC 9406, 4.3. */
#define MIN_RTT_THRESH_US  UINT32_C(4000)
#define MAX_RTT_THRESH_US  UINT32_C(16000)
#define MIN_RTT_DIVISOR	   8
#define N_RTT_SAMPLE	   8
#define CSS_GROWTH_DIVISOR 4
#define CSS_ROUNDS	   5
#define L_NOT_PACED	   8

void
hystart_init(struct tcb *t, struct flight *f)
{
	f->hystart = (struct hystart){ .window_end = t->snd_nxt,
		.last_rtt_us = UINT32_MAX,
		.curr_rtt_us = UINT32_MAX,
		.css_rtt_us = UINT32_MAX };
	f->flags &= (uint8_t)~FF_CSS;
}

static void
next_round(const struct tcb *t, struct flight *f)
{
	struct hystart *h = &f->hystart;

	h->window_end = t->snd_nxt;
	h->last_rtt_us = h->curr_rtt_us;
	h->curr_rtt_us = UINT32_MAX;
	h->samples = 0;
	if ((f->flags & FF_CSS) != 0)
		h->css_rounds++;
}

static void
sample(struct hystart *h, uint32_t rtt_us)
{
	h->curr_rtt_us = RTE_MIN(h->curr_rtt_us, rtt_us);
	if (h->samples < N_RTT_SAMPLE)
		h->samples++;
}

/* In standard slow start: whether the round-trip time has risen. */
static bool
slower(const struct hystart *h)
{
	uint32_t thresh;

	if (h->last_rtt_us == UINT32_MAX || h->curr_rtt_us == UINT32_MAX)
		return false;
	thresh = RTE_MIN(h->last_rtt_us / MIN_RTT_DIVISOR, MAX_RTT_THRESH_US);
	thresh = RTE_MAX(thresh, MIN_RTT_THRESH_US);
	return h->curr_rtt_us >= thresh && h->curr_rtt_us - thresh >= h->last_rtt_us;
}

/* 4.2: into conservative slow start, and out of it when that was a mistake. */
static void
judge(struct flight *f)
{
	struct hystart *h = &f->hystart;

	if (h->samples < N_RTT_SAMPLE)
		return;
	if ((f->flags & FF_CSS) == 0) {
		if (!slower(h))
			return;
		h->css_rtt_us = h->curr_rtt_us;
		h->css_rounds = 0;
		f->flags |= FF_CSS;
	} else if (h->curr_rtt_us < h->css_rtt_us) {
		h->css_rtt_us = UINT32_MAX;
		f->flags &= (uint8_t)~FF_CSS;
	}
}

uint32_t
hystart_grow(struct tcb *t, struct flight *f, const struct cc_ack *ack)
{
	struct hystart *h = &f->hystart;
	uint32_t grow = RTE_MIN(ack->bytes, CC_CWND_MAX);

	if (ack->rtt_us != 0)
		sample(h, ack->rtt_us);
	judge(f);
	if (seq_geq(t->snd_una, h->window_end))
		next_round(t, f); /* this ACK was the last of the one that it ends */
	if (f->paced == 0)
		grow = RTE_MIN(grow, (uint32_t)L_NOT_PACED * t->mss);
	if ((f->flags & FF_CSS) == 0)
		return grow;
	if (h->css_rounds < CSS_ROUNDS)
		return grow / CSS_GROWTH_DIVISOR;
	t->ssthresh = f->cwnd;
	f->flags &= (uint8_t)~FF_CSS;
	return 0;
}
