/* SPDX-License-Identifier: BSD-3-Clause */
/* plan.c: what a run is like. Most runs are bad in one or two ways only: what is bad in all ways
 * shows little. */
#include "sim.h"

#define SEGMENTS 16384 /* more than all ends have on the way */

static uint32_t
below(struct sim *s, uint32_t n)
{
	return prng_below(&s->prng, n);
}

/* A chance of up to @p most in 1,000, as the link wants it. */
static uint32_t
chance_up_to(struct sim *s, uint32_t most)
{
	return below(s, most * 1000);
}

static void
draw_faults(struct sim *s, struct link_params *w)
{
	if (below(s, 2) == 0)
		w->loss = chance_up_to(s, below(s, 4) == 0 ? 200 : 50);
	if (below(s, 5) == 0) {
		w->burst_begin = 1000 + below(s, 20000);
		w->burst_end = 50000 + below(s, 450000);
		w->burst_loss = 500000 + below(s, 500001);
	}
	if (below(s, 5) == 0) {
		w->tail = chance_up_to(s, 500);
		w->tail_max = 1 + below(s, 4);
	}
	if (below(s, 4) == 0)
		w->twice = chance_up_to(s, 200);
	if (below(s, 3) == 0)
		w->late = chance_up_to(s, 300);
	if (below(s, 4) == 0)
		w->damaged = chance_up_to(s, 50);
}

static void
draw_way(struct sim *s, struct link_params *w)
{
	*w = (struct link_params){ 0 };
	w->delay_ns = below(s, 4) == 0 ? 1 + below(s, 5000) : 1 + below(s, 50) * TIME_MS;
	w->late_ns = 1 + below(s, 4) * w->delay_ns;
	w->late_ns += below(s, (uint32_t)TIME_MS);
	if (below(s, 4) == 0)
		w->jitter_ns = below(s, (uint32_t)w->delay_ns + 1);
	draw_faults(s, w);
	if (below(s, 3) == 0) {
		w->rate_bps = UINT64_C(64000) << below(s, 12);
		w->queue_bytes = 3000 + below(s, below(s, 2) == 0 ? 10000 : 100000);
		if (below(s, 2) == 0)
			w->mark_bytes = 1 + below(s, w->queue_bytes);
	}
	if (below(s, 8) == 0) { /* no narrower than what TCP believes (RFC 9293, 3.7.1) */
		w->mtu = (uint16_t)(576 + below(s, 925));
		w->mtu_since_ns = s->start + below(s, 5000) * TIME_MS;
	}
}

static void
draw_link(struct sim *s)
{
	struct plan *p = &s->plan;

	draw_way(s, &p->link[0]);
	p->link[1] = p->link[0];
	if (below(s, 2) == 0)
		draw_way(s, &p->link[1]);
	for (unsigned int i = 0; i < LINK_CUTS && below(s, 6) == 0; i++) {
		p->cuts[i].from_ns = s->start + below(s, 8000) * TIME_MS;
		p->cuts[i].until_ns = p->cuts[i].from_ns + below(s, 40000) * TIME_MS;
	}
	if (s->kind == SIM_HOSTILE)
		p->forged = 50 + below(s, 600);
}

static void
draw_more(struct sim *s, struct more *m, bool any)
{
	bool patient = s->kind == SIM_STRICT;

	*m = (struct more){ .contexts = 1, .drain_ns = TIME_NEVER, .cut_ns = TIME_NEVER };
	if (!any)
		return;
	if (sim_more(s, 4) != 0) {
		m->contexts = 2 + sim_more(s, CONTEXTS_MAX - 1);
		m->shared = sim_more(s, 2) == 0;
		m->gives = sim_more(s, 4) == 0 ? 0 : 1 + sim_more(s, 300);
		m->renews = patient || sim_more(s, 2) == 0 ? 0 : 1 + sim_more(s, 30);
	}
	if (sim_more(s, 2) == 0) {
		m->tunes = 1 + sim_more(s, 100);
		m->rcvbuf = sim_more(s, 2) == 0 ? 0 : 4096 + sim_more(s, 80000);
		m->mss = sim_more(s, 2) == 0 ? 0 : (patient ? 536 : 88) + sim_more(s, 900);
	}
	if (patient || sim_more(s, 3) != 0)
		return;
	m->drain_ns = s->start + sim_more(s, 8000) * TIME_MS;
	if (sim_more(s, 2) == 0)
		m->cut_ns = m->drain_ns + sim_more(s, 8000) * TIME_MS;
	if (sim_more(s, 4) == 0)
		m->drain_ns = TIME_NEVER; /* or cut at once */
}

void
plan_draw(struct sim *s)
{
	struct plan *p = &s->plan;
	bool more = sim_more(s, 2) == 0;

	draw_link(s);
	p->conns = 1 + below(s, below(s, 16) == 0 ? 60 : 4);
	p->conns_back = below(s, 3) == 0 ? below(s, 4) : 0;
	p->bytes_max = below(s, 24) == 0 ? 300000 : below(s, 3) == 0 ? 20000 : 2000;
	p->open_ns = 1 + below(s, 3000) * TIME_MS;
	p->end_ns = s->kind == SIM_STRICT ? 48 * 3600 * TIME_S : (10 + below(s, 300)) * TIME_S;
	p->sleep_ns = below(s, 3) == 0 ? 200 * TIME_US : (1 + below(s, 40)) * TIME_MS;
	p->tiny = below(s, 4) == 0;
	p->starved = below(s, 4) == 0;
	p->pool = p->starved ? below(s, 2) : 2;
	p->simultaneous = below(s, 4) == 0;
	p->fickle = s->kind != SIM_STRICT && below(s, 4) == 0;
	p->pieces = below(s, 4) == 0;
	for (unsigned int i = 0; i < SIDES; i++)
		p->ring_entries[i] = below(s, 3) == 0 ? 64u << below(s, 3) : 0;
	for (unsigned int i = 0; i < SIDES; i++)
		draw_more(s, &p->more[i], more);
}

static void
config_tcp(struct sim *s, struct thole_tcp_params *t)
{
	t->msl_ns = (1 + below(s, 30)) * TIME_S;
	t->rto_min_ns = (1 + below(s, 200)) * TIME_MS;
	t->delayed_ack_ns = below(s, 4) == 0 ? 0 : (1 + below(s, 200)) * TIME_MS;
	t->no_delay = below(s, 3) == 0;
	t->window_scale = below(s, 4) != 0;
	t->timestamps = below(s, 4) != 0;
	t->sack = below(s, 4) != 0;
	t->ecn = below(s, 2) == 0;
	t->cc = (uint8_t)below(s, THOLE_CC_COUNT);
	t->pacing = below(s, 4) == 0;
	t->keepalive = below(s, 4) == 0;
	if (below(s, 2) == 0) {
		t->sndbuf_bytes = 2048 + below(s, 60000);
		t->rcvbuf_bytes = 2048 + below(s, 80000);
	}
	if (s->kind == SIM_STRICT) { /* longer than any back-off: else a late FIN finds nobody */
		t->msl_ns = 3600 * TIME_S;
		t->give_up_ns = 24 * 3600 * TIME_S;
		t->orphan_ns = t->syn_give_up_ns = t->give_up_ns;
		t->syn_ack_give_up_ns = 3600 * TIME_S;
	} else {
		t->give_up_ns = (20 + below(s, 100)) * TIME_S;
		t->syn_give_up_ns = (2 + below(s, 100)) * TIME_S;
		t->syn_ack_give_up_ns = (2 + below(s, 100)) * TIME_S;
		t->orphan_ns = (1 + below(s, 60)) * TIME_S;
		if (below(s, 4) == 0)
			t->mss = (uint16_t)(64 + below(s, 1400));
	}
}

void
plan_config(struct sim *s, unsigned int side)
{
	struct side *me = &s->side[side];
	struct thole_stack_config *c = &me->config;

	thole_stack_config_init(c);
	c->pool = me->pool;
	arena_use(side, c);
	c->mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, (uint8_t)(1 + side) } };
	me->address = (struct thole_address){ thole_addr_ip4(0x0a000001 + side), 1, 24 };
	c->addresses = &me->address;
	c->nb_addresses = 1;
	c->core = (uint8_t)side;
	c->mtu = (uint16_t)(below(s, 2) == 0 ? 1500 : 576 + below(s, 900));
	c->exclusive = below(s, 2) == 0;
	c->max_conns = ENDS_MAX;
	c->max_embryos = 128;
	c->max_time_wait = 256;
	c->max_listeners = 4;
	c->max_neighbours = 8;
	c->max_segments = SEGMENTS; /* the default's 8 MiB would be zeroed for every run */
	if (s->plan.tiny) {
		c->max_conns = 1 + below(s, 12);
		c->max_embryos = 1 + below(s, 4);
		c->max_time_wait = 1 + below(s, 4);
		c->max_neighbours = 1 + below(s, 2);
	}
	if (s->plan.starved && below(s, 2) == 0)
		c->max_rx_held = 1 + below(s, 10);
	if (below(s, 4) == 0)
		c->arp_reachable_ns = below(s, 3000) * TIME_MS;
	c->port_min = 40000;
	c->port_max = below(s, 4) == 0 ? 40008 : 41000;
	c->secret[0] = prng_next(&s->prng);
	c->secret[1] = prng_next(&s->prng);
	c->seed = prng_next(&s->prng);
	config_tcp(s, &c->tcp);
}
