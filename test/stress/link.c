/* SPDX-License-Identifier: BSD-3-Clause */
/* link.c: frames on their way, in the order of their arrival: lost, doubled, overtaken, damaged,
 * forged. */
#include <stdlib.h>
#include <string.h>

#include "../script/frame.h"
#include "sim.h"
#include "wire/tcp.h"

#define ETH 14
#define L4  (ETH + 20)

static uint64_t forged;

uint64_t
link_forged(void)
{
	return forged;
}

static bool
earlier(const struct frame *a, const struct frame *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void
heap_push(struct sim *s, struct frame *f)
{
	uint32_t i = s->nb_frames++;

	if (s->nb_frames > s->max_frames) {
		s->max_frames = s->max_frames * 2 + 64;
		s->frames = realloc(s->frames, s->max_frames * sizeof(*s->frames));
		if (s->frames == NULL)
			abort();
	}
	for (; i > 0 && earlier(f, s->frames[(i - 1) / 2]); i = (i - 1) / 2)
		s->frames[i] = s->frames[(i - 1) / 2];
	s->frames[i] = f;
}

static struct frame *
heap_pop(struct sim *s)
{
	struct frame *top = s->frames[0], *last = s->frames[--s->nb_frames];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < s->nb_frames) {
		if (child + 1 < s->nb_frames && earlier(s->frames[child + 1], s->frames[child]))
			child++;
		if (!earlier(s->frames[child], last))
			break;
		s->frames[i] = s->frames[child];
		i = child;
	}
	s->frames[i] = last;
	return top;
}

/*
 * A single bit, which checksums always catch. ARP has none, and of the Ethernet header's bytes
 * nobody looks at the source: the check of that is Ethernet's own.
 */
static void
damage(struct sim *s, struct frame *f)
{
	uint32_t at = prng_below(&s->prng, f->len);

	if (frame_kind(f->bytes, f->len) == FRAME_ARP || (at >= 6 && at < 12))
		return;
	f->bytes[at] ^= (uint8_t)(1u << prng_below(&s->prng, 8));
	f->flow = NULL;
}

static struct frame *
put_on_link(struct sim *s, unsigned int from, const uint8_t *bytes, uint32_t len, struct flow *flow)
{
	struct frame *f = malloc(sizeof(*f) + len);

	if (f == NULL)
		abort();
	*f = (struct frame){
		.at_ns = s->now + s->plan.delay_ns,
		.order = s->order++,
		.flow = flow,
		.epoch = flow != NULL ? flow->epoch[!from] : 0,
		.len = len,
		.to = !from,
	};
	memcpy(f->bytes, bytes, len);
	if (sim_chance(s, s->plan.late))
		f->at_ns += (prng_next(&s->prng) >> 1) % s->plan.late_ns;
	if (sim_chance(s, s->plan.damaged))
		damage(s, f);
	heap_push(s, f);
	return f;
}

/* A number near @p x, or any. */
static uint32_t
near(struct sim *s, uint32_t x)
{
	static const uint32_t steps[] = { 1, 2, 536, 1460, 65535, 1u << 30, 1u << 31, UINT32_MAX };
	uint32_t step = steps[prng_below(&s->prng, RTE_DIM(steps))];

	switch (prng_below(&s->prng, 4)) {
	case 0:
		return x;
	case 1:
		return x + step;
	case 2:
		return x - prng_below(&s->prng, step);
	default: /* any, mostly near */
		return x + prng_below(&s->prng, step);
	}
}

/* Changes what a TCP header says, and makes its checksum good again, mostly. */
static void
forge_tcp(struct sim *s, struct frame *f)
{
	uint8_t *tcp = f->bytes + L4;

	if (prng_below(&s->prng, 3) != 0)
		put32(tcp + 4, near(s, get32(tcp + 4)));
	if (prng_below(&s->prng, 3) == 0)
		put32(tcp + 8, near(s, get32(tcp + 8)));
	if (prng_below(&s->prng, 2) == 0)
		tcp[13] = (uint8_t)prng_next(&s->prng);
	if (prng_below(&s->prng, 4) == 0)
		put16(tcp + 14, prng_below(&s->prng, 4) == 0 ? prng_below(&s->prng, 65536) : 0);
	if (prng_below(&s->prng, 8) == 0)
		tcp[12] = (uint8_t)prng_next(&s->prng);
	if (prng_below(&s->prng, 16) == 0)
		put16(tcp + 2 * prng_below(&s->prng, 2), prng_below(&s->prng, 65536));
	if (f->len > L4 + 24 && prng_below(&s->prng, 8) == 0)
		put32(tcp + 20, (uint32_t)prng_next(&s->prng)); /* options or data */
	if (prng_below(&s->prng, 8) == 0)			/* less text than before */
		f->len = L4 + 20 + prng_below(&s->prng, f->len - L4 - 19);
	put16(f->bytes + ETH + 2, f->len - ETH);
	frame_fix_ip_csum(f->bytes);
	if (prng_below(&s->prng, 32) != 0)
		frame_fix_tcp_csum(f->bytes, f->len);
}

/* An ICMP error about @p f, to whom sent it. */
static void
forge_icmp(struct sim *s, unsigned int from, const uint8_t *bytes)
{
	struct frame_path path;
	uint8_t icmp[8 + 28] = { 3, (uint8_t)prng_below(&s->prng, 16) };
	uint8_t out[FRAME_MAX];
	uint32_t len = 8 + prng_below(&s->prng, 29);

	memcpy(path.src_mac, bytes, 6);
	memcpy(path.dst_mac, bytes + 6, 6);
	path.src_ip = get32(bytes + ETH + 16);
	path.dst_ip = get32(bytes + ETH + 12);
	memcpy(icmp + 8, bytes + ETH, 28);
	if (prng_below(&s->prng, 8) == 0)
		icmp[0] = 8;
	put16(icmp + 2, frame_csum(icmp, len, 0));
	len = frame_ip_build(out, &path, 1, icmp, len);
	put_on_link(s, !from, out, len, NULL);
}

static void
forge_any(struct sim *s, unsigned int from, struct frame *f)
{
	uint32_t n = 1 + prng_below(&s->prng, 8);

	for (uint32_t i = 0; i < n; i++)
		f->bytes[prng_below(&s->prng, f->len)] = (uint8_t)prng_next(&s->prng);
	if (prng_below(&s->prng, 4) == 0)
		f->len = prng_below(&s->prng, f->len) + 1;
	(void)from;
}

static void
forge(struct sim *s, unsigned int from, const uint8_t *bytes, uint32_t len)
{
	bool tcp = frame_kind(bytes, len) == FRAME_TCP && len >= L4 + 20;
	struct frame *f;

	forged++;
	if (tcp && prng_below(&s->prng, 8) == 0) {
		forge_icmp(s, from, bytes);
		return;
	}
	f = put_on_link(s, from, bytes, len, NULL);
	if (tcp && prng_below(&s->prng, 8) != 0)
		forge_tcp(s, f);
	else
		forge_any(s, from, f);
}

void
link_send(struct sim *s, unsigned int from, struct rte_mbuf *m)
{
	uint8_t copy[FRAME_MAX];
	uint32_t len = m->pkt_len;
	const uint8_t *bytes;
	struct flow *flow;
	bool lost;

	sim_failed_unless(s, len <= sizeof(copy), "a packet longer than the MTU");
	bytes = rte_pktmbuf_read(m, 0, len, copy);
	sim_failed_unless(s, bytes != NULL, "a packet shorter than it says");
	lost = sim_chance(s, s->plan.loss);
	trace_frame(s, from, bytes, len, lost ? "lost" : "");
	flow = s->kind != SIM_HOSTILE ? flows_sent(s, from, bytes, len) : NULL;
	if (!lost)
		put_on_link(s, from, bytes, len, flow);
	if (sim_chance(s, s->plan.twice))
		put_on_link(s, from, bytes, len, flow);
	if (sim_chance(s, s->plan.forged))
		forge(s, from, bytes, len);
}

uint64_t
link_next(const struct sim *s)
{
	return s->nb_frames != 0 ? s->frames[0]->at_ns : TIME_NEVER;
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
link_arrivals(struct sim *s, unsigned int to, struct rte_mbuf **pkts, uint16_t max)
{
	uint16_t n = 0;

	while (n < max && link_next(s) <= s->now && s->frames[0]->to == to) {
		struct frame *f = heap_pop(s);

		pkts[n] = to_mbuf(s, s->side[to].pool, f);
		trace_frame(
			s, !to, f->bytes, f->len, pkts[n] != NULL ? "arrives" : "finds no mbuf");
		if (pkts[n] != NULL) {
			flows_arrived(f);
			n++;
		}
		free(f);
	}
	return n;
}

/* Somebody else takes a share of a small pool, or gives it back. */
void
link_steal(struct sim *s, unsigned int side)
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
link_fini(struct sim *s)
{
	for (unsigned int i = 0; i < SIDES; i++) {
		rte_pktmbuf_free_bulk(s->side[i].stolen, s->side[i].nb_stolen);
		s->side[i].nb_stolen = 0;
	}
	while (s->nb_frames != 0)
		free(s->frames[--s->nb_frames]);
	free(s->frames);
	s->frames = NULL;
	s->max_frames = 0;
}
