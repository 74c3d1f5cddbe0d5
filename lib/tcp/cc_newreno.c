/* SPDX-License-Identifier: BSD-3-Clause */
/* cc_newreno.c: RFC 5681's congestion avoidance, by bytes (RFC 3465, 2.1). */
#include "tcp/cc.h"

static void
newreno_init(struct tcb *t, struct flight *f, uint32_t now_us)
{
	f->newreno = (struct newreno){ 0 };
}

static void
newreno_acked(struct tcb *t, struct flight *f, const struct cc_ack *ack)
{
	/* One segment for each cwnd of bytes acknowledged: RFC 5681, 3.1. */
	f->cwnd += cc_grow_linear(&f->newreno.ca_part, ack->bytes, t->mss, f->cwnd);
}

static uint32_t
newreno_congested(struct tcb *t, struct flight *f, uint32_t flight, bool ecn)
{
	f->newreno.ca_part = 0;
	return flight / 2; /* equation 4 */
}

const struct cc_ops cc_newreno = {
	.name = "newreno",
	.hystart = true,
	.init = newreno_init,
	.acked = newreno_acked,
	.congested = newreno_congested,
};
