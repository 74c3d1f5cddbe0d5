/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prr.c: Proportional Rate Reduction (RFC 9937): while the window comes down to ssthresh, what is
 * sent follows what arrives.
 */
#include "tcp/scoreboard.h"

void
prr_begin(struct tcb *t, struct flight *f, uint32_t flight)
{
	f->prr_delivered = 0;
	f->prr_out = 0;
	f->prr_flight = RTE_MAX(flight, (uint32_t)t->mss);
}

void
prr_heard(struct tcb *t, struct flight *f, const struct news *n, bool safe)
{
	uint32_t pipe = board_pipe(t, f);
	int64_t send;

	f->prr_delivered += n->delivered;
	if (pipe > t->ssthresh) {
		uint64_t share = (uint64_t)f->prr_delivered * t->ssthresh;

		send = (int64_t)((share + f->prr_flight - 1) / f->prr_flight) - f->prr_out;
	} else {
		/* PRR-CRB, or PRR-SSRB while nothing more gets lost. */
		send = RTE_MAX((int64_t)f->prr_delivered - f->prr_out, (int64_t)n->delivered);
		if (safe)
			send += t->mss;
		send = RTE_MIN((int64_t)t->ssthresh - pipe, send);
	}
	if (f->prr_out == 0) /* the fast retransmission itself */
		send = RTE_MAX(send, (int64_t)t->mss);
	f->cwnd = RTE_MAX(pipe + (uint32_t)RTE_MAX(send, (int64_t)0), (uint32_t)t->mss);
}
