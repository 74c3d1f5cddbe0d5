/* SPDX-License-Identifier: BSD-3-Clause */
/* cc_path.c: see cc_path.h. */
#include "cc_path.h"

#include <string.h>

void
cc_path_fresh(struct cc_path *p, uint8_t cc, uint32_t segs, uint32_t rtt_us)
{
	memset(p, 0, sizeof(*p));
	p->now_us = UINT32_MAX - UINT64_C(3000000);
	p->rtt_us = rtt_us;
	p->t.cc = cc & 3u;
	p->t.mss = MSS;
	p->t.srtt_us = rtt_us << 3;
	p->t.snd_una = UINT32_C(0xfffff000);
	p->t.ssthresh = UINT32_MAX;
	p->f.cwnd = segs * MSS;
	p->f.flags = FF_CWND_LIMITED;
	p->t.snd_nxt = p->t.snd_una + p->f.cwnd;
	tcp_cc_start(&p->t, &p->f, (uint32_t)p->now_us);
}

void
cc_path_up(struct cc_path *p, uint8_t cc, uint32_t segs, uint32_t rtt_us)
{
	cc_path_fresh(p, cc, segs, rtt_us);
	p->t.ssthresh = p->f.cwnd;
}

void
cc_path_ack(struct cc_path *p, uint32_t bytes, uint32_t rtt_us, bool ece)
{
	struct cc_ack ack = {
		.now_us = (uint32_t)p->now_us, .bytes = bytes, .rtt_us = rtt_us, .ece = ece
	};

	p->t.snd_una += bytes;
	tcp_cc_acked(&p->t, &p->f, &ack);
	p->t.snd_nxt = p->t.snd_una + p->f.cwnd;
}

void
cc_path_clocked(struct cc_path *p, uint32_t bytes)
{
	uint64_t ns = (uint64_t)p->rtt_us * 1000 * bytes / p->f.cwnd + p->spare_ns;

	p->now_us += ns / 1000;
	p->spare_ns = ns % 1000;
	cc_path_ack(p, bytes, p->rtt_us, false);
}

void
cc_path_round(struct cc_path *p, uint32_t segs)
{
	uint64_t end = p->now_us + p->rtt_us;

	while (p->now_us < end)
		cc_path_clocked(p, segs * MSS);
}

void
cc_path_loss(struct cc_path *p)
{
	p->f.cwnd = tcp_cc_congested(&p->t, &p->f, p->f.cwnd, false);
}

double
cc_path_average(struct cc_path *p, double loss_rate, unsigned int losses)
{
	double area = 0, time = 0, sent = 0;

	for (unsigned int i = 0; i < 2 * losses; i++) {
		while (sent < 1 / loss_rate) {
			/* Some hundred ACKs each round-trip time are as good as all. */
			uint32_t segs = 1 + p->f.cwnd / MSS / 200;
			uint64_t before = p->now_us * 1000 + p->spare_ns;
			double cwnd = (double)p->f.cwnd / MSS, took;

			cc_path_clocked(p, segs * MSS);
			sent += segs;
			took = (double)(p->now_us * 1000 + p->spare_ns - before);
			if (i >= losses) {
				area += cwnd * took;
				time += took;
			}
		}
		sent -= 1 / loss_rate;
		cc_path_loss(p);
	}
	return area / time;
}
