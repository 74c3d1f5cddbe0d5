/* SPDX-License-Identifier: BSD-3-Clause */
/* plan.c: what a run is like. Most runs are bad in one or two ways only: what is bad in all ways
 * shows little. */
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>

#include "sim.h"

static const unsigned int pool_sizes[] = { 40, 160, 4095 };
static struct rte_mempool *pools[RTE_DIM(pool_sizes)][SIDES];
static struct rte_mempool *app_pools[SIDES];

static struct rte_mempool *
make_pool(const char *kind, unsigned int size, unsigned int side)
{
	struct rte_mempool *pool;
	char name[32];

	snprintf(name, sizeof(name), "%s-%u-%u", kind, size, side);
	pool = rte_pktmbuf_pool_create(name, size, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL) {
		printf("Bail out! no pool %s: %s\n", name, rte_strerror(rte_errno));
		exit(1);
	}
	return pool;
}

void
pools_make(void)
{
	for (unsigned int side = 0; side < SIDES; side++) {
		for (unsigned int i = 0; i < RTE_DIM(pool_sizes); i++)
			pools[i][side] = make_pool("stack", pool_sizes[i], side);
		app_pools[side] = make_pool("app", 8191, side);
	}
}

struct rte_mempool *
pools_get(unsigned int which, unsigned int side)
{
	return pools[which][side];
}

struct rte_mempool *
pools_get_app(unsigned int side)
{
	return app_pools[side];
}

static uint32_t
below(struct sim *s, uint32_t n)
{
	return prng_below(&s->prng, n);
}

static void
draw_link(struct sim *s)
{
	struct plan *p = &s->plan;

	p->delay_ns = below(s, 4) == 0 ? 1 + below(s, 5000) : 1 + below(s, 50) * TIME_MS;
	p->late_ns = 1 + below(s, 4) * p->delay_ns + below(s, (uint32_t)TIME_MS);
	if (below(s, 3) != 0)
		p->loss = below(s, below(s, 4) == 0 ? 200 : 50);
	if (below(s, 3) == 0)
		p->twice = below(s, 200);
	if (below(s, 2) == 0)
		p->late = below(s, 300);
	if (below(s, 3) == 0)
		p->damaged = below(s, 50);
	if (s->kind == SIM_HOSTILE)
		p->forged = 50 + below(s, 600);
}

void
plan_draw(struct sim *s)
{
	struct plan *p = &s->plan;

	draw_link(s);
	p->conns = 1 + below(s, below(s, 6) == 0 ? 60 : 8);
	p->conns_back = below(s, 3) == 0 ? below(s, 8) : 0;
	p->bytes_max = below(s, 8) == 0 ? 300000 : below(s, 2) == 0 ? 20000 : 2000;
	p->open_ns = 1 + below(s, 3000) * TIME_MS;
	p->end_ns = s->kind == SIM_STRICT ? 12 * 3600 * TIME_S : (10 + below(s, 300)) * TIME_S;
	p->sleep_ns = below(s, 3) == 0 ? 200 * TIME_US : (1 + below(s, 40)) * TIME_MS;
	p->tiny = below(s, 4) == 0;
	p->starved = below(s, 4) == 0;
	p->pool = p->starved ? below(s, 2) : 2;
	p->simultaneous = below(s, 4) == 0;
	p->fickle = s->kind != SIM_STRICT && below(s, 4) == 0;
	p->pieces = below(s, 4) == 0;
	for (unsigned int i = 0; i < SIDES; i++)
		p->ring_entries[i] = below(s, 3) == 0 ? 64u << below(s, 3) : 0;
}

static void
config_tcp(struct sim *s, struct thole_tcp_params *t)
{
	t->msl_ns = (1 + below(s, 30)) * TIME_S;
	t->rto_min_ns = (1 + below(s, 200)) * TIME_MS;
	t->delayed_ack_ns = below(s, 4) == 0 ? 0 : (1 + below(s, 200)) * TIME_MS;
	t->no_delay = below(s, 3) == 0;
	if (below(s, 2) == 0) {
		t->sndbuf_bytes = 2048 + below(s, 60000);
		t->rcvbuf_bytes = 2048 + below(s, 80000);
	}
	if (s->kind == SIM_STRICT) { /* longer than any back-off: else a late FIN finds nobody */
		t->msl_ns = 600 * TIME_S;
		t->give_up_ns = 3 * 3600 * TIME_S;
		t->orphan_ns = t->syn_ack_give_up_ns = t->give_up_ns;
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
