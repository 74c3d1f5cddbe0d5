/* SPDX-License-Identifier: BSD-3-Clause */
/* cable.c: between the stacks and the link: mbufs to frames and back, what is seen on the way, and
 * who else has the pool's mbufs. */
#include <stdlib.h>
#include <string.h>

#include "../script/frame.h"
#include "sim.h"

void
cable_send(struct sim *s, unsigned int from, struct rte_mbuf *m)
{
	struct frame *copies[2];
	uint8_t copy[FRAME_MAX];
	uint32_t len = m->pkt_len;
	const uint8_t *bytes;
	enum link_fate fate;
	struct flow *flow;

	sim_failed_unless(s, len <= sizeof(copy), "a packet longer than the MTU");
	bytes = rte_pktmbuf_read(m, 0, len, copy);
	sim_failed_unless(s, bytes != NULL, "a packet shorter than it says");
	fate = link_send(&s->link, s->now, from, bytes, len, &copies[0], &copies[1]);
	trace_frame(s, from, bytes, len, link_fate_name(fate));
	flow = s->kind != SIM_HOSTILE ? flows_sent(s, from, bytes, len) : NULL;
	tune_sent(s, from, flow, bytes, len);
	for (unsigned int i = 0; i < 2 && flow != NULL; i++)
		if (copies[i] != NULL && !copies[i]->damaged) {
			copies[i]->tag = flow;
			copies[i]->epoch = flow->epoch[!from];
		}
	if (sim_chance(s, s->plan.forged))
		forge(s, from, bytes, len);
}

struct exact {
	struct rte_mbuf_ext_shared_info info;
	uint8_t data[];
};

static void
free_exact(void *data, void *opaque)
{
	free(opaque);
	(void)data;
}

/* Exactly its bytes in foreign memory, so that a sanitizer sees any read past them. */
static bool
attach_exact(struct rte_mbuf *m, const struct frame *f)
{
	struct exact *e = malloc(sizeof(*e) + f->len);

	if (e == NULL)
		return false;
	memcpy(e->data, f->bytes, f->len);
	e->info.free_cb = free_exact;
	e->info.fcb_opaque = e;
	rte_mbuf_ext_refcnt_set(&e->info, 1);
	rte_pktmbuf_attach_extbuf(
		m, e->data, (rte_iova_t)(uintptr_t)e->data, (uint16_t)f->len, &e->info);
	m->data_off = 0;
	m->data_len = (uint16_t)f->len;
	m->pkt_len = f->len;
	return true;
}

static struct rte_mbuf *
to_mbuf(struct sim *s, struct rte_mempool *pool, const struct frame *f)
{
	uint32_t cut =
		s->plan.pieces && sim_chance(s, 500) ? prng_below(&s->prng, f->len + 1) : f->len;
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool), *rest;

	if (m == NULL)
		return NULL;
	if (s->kind == SIM_HOSTILE && sim_chance(s, 200) && attach_exact(m, f))
		return m;
	memcpy(rte_pktmbuf_append(m, (uint16_t)cut), f->bytes, cut);
	if (cut == f->len)
		return m;
	rest = rte_pktmbuf_alloc(pool);
	if (rest == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(rte_pktmbuf_append(rest, (uint16_t)(f->len - cut)), f->bytes + cut, f->len - cut);
	m->next = rest;
	m->nb_segs = 2;
	m->pkt_len = f->len;
	return m;
}

/* Frames for @p to that are there by now. One that finds no mbuf is lost, as with a device. */
uint16_t
cable_arrivals(struct sim *s, unsigned int to, struct rte_mbuf **pkts, uint16_t max)
{
	struct frame *f;
	enum link_fate fate;
	uint16_t n = 0;

	while (n < max && (f = link_arrival(&s->link, s->now, to, &fate)) != NULL) {
		pkts[n] = fate == LINK_PASSES ? to_mbuf(s, s->side[to].pool, f) : NULL;
		trace_frame(s, !to, f->bytes, f->len,
			pkts[n] != NULL	      ? "arrives"
			: fate == LINK_PASSES ? "finds no mbuf"
					      : link_fate_name(fate));
		if (pkts[n] != NULL) {
			flows_arrived(f);
			n++;
		}
		link_free(f);
	}
	return n;
}

/* Somebody else takes a share of a small pool, or gives it back. */
void
cable_steal(struct sim *s, unsigned int side)
{
	struct side *me = &s->side[side];
	unsigned int n = rte_mempool_avail_count(me->pool);

	rte_pktmbuf_free_bulk(me->stolen, me->nb_stolen);
	me->nb_stolen = 0;
	if (!s->plan.starved || sim_chance(s, 700))
		return;
	n = sim_chance(s, 300) ? n : prng_below(&s->prng, n + 1);
	if (n <= STOLEN_MAX && rte_pktmbuf_alloc_bulk(me->pool, me->stolen, n) == 0)
		me->nb_stolen = n;
}

void
cable_fini(struct sim *s)
{
	for (unsigned int i = 0; i < SIDES; i++) {
		rte_pktmbuf_free_bulk(s->side[i].stolen, s->side[i].nb_stolen);
		s->side[i].nb_stolen = 0;
	}
	link_fini(&s->link);
}
