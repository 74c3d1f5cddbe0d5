/* SPDX-License-Identifier: BSD-3-Clause */
/* stack.c: a stack's birth and end. All its memory is had at birth. */
#include <errno.h>
#include <stdlib.h>

#include "base/siphash.h"
#include "stack/stack.h"
#include "tcp/counters.h"
#include "wire/bytes.h"

/* The C library's memory, aligned: calloc() leaves pages untouched that come fresh and zero. */
static void *
libc_alloc(void *ctx, size_t bytes, size_t align)
{
	uint8_t *whole = calloc(1, bytes + align + sizeof(whole));
	uint8_t *p;

	(void)ctx;
	if (whole == NULL)
		return NULL;
	p = (uint8_t *)RTE_PTR_ALIGN_CEIL(whole + sizeof(whole), align);
	memcpy(p - sizeof(whole), &whole, sizeof(whole)); /* what free() wants stands before it */
	return p;
}

static void
libc_free(void *ctx, void *p, size_t bytes)
{
	uint8_t *whole;

	(void)ctx;
	(void)bytes;
	memcpy(&whole, (uint8_t *)p - sizeof(whole), sizeof(whole));
	free(whole);
}

static void
empty_list(struct index_list *l)
{
	l->head = l->tail = SLAB_NONE;
}

void
clear_client(struct client *client)
{
	*client = (struct client){ .ready = { SLAB_NONE, SLAB_NONE }, .parting = SLAB_NONE };
}

static void
init_lists(struct thole_stack *s)
{
	empty_list(&s->out_tcbs);
	empty_list(&s->out_embryos);
	empty_list(&s->wait_tcbs);
	empty_list(&s->wait_embryos);
	empty_list(&s->time_wait);
	for (unsigned int i = 0; i < EMBRYO_STEPS; i++)
		empty_list(&s->embryo_fifo[i]);
	for (unsigned int i = 0; i < APPS_MAX; i++)
		clear_client(&s->clients[i]);
}

static int
init_records(struct thole_stack *s)
{
	const struct thole_stack_config *c = &s->cfg;
	uint32_t records = c->max_conns + c->max_embryos + c->max_time_wait;

	if (slab_init(&s->tcbs, &s->mem, c->max_conns, sizeof(struct tcb), 64) != 0 ||
		slab_init(&s->embryos, &s->mem, c->max_embryos, sizeof(struct embryo), 64) != 0 ||
		slab_init(&s->tombstones, &s->mem, c->max_time_wait, sizeof(struct tombstone),
			64) != 0 ||
		slab_init(&s->flights, &s->mem, c->max_flights != 0 ? c->max_flights : c->max_conns,
			sizeof(struct flight), 64) != 0 ||
		slab_init(&s->segments, &s->mem, c->max_segments, sizeof(struct tx_seg), 32) != 0 ||
		paths_init(&s->env.paths, &s->mem, s->hash.key) != 0 ||
		table_init(&s->table, &s->mem, records) != 0)
		return -ENOMEM;
	table_set_records(&s->table, REF_TCB, s->tcbs.base, 8);
	table_set_records(&s->table, REF_EMBRYO, s->embryos.base, 6);
	table_set_records(&s->table, REF_TOMBSTONE, s->tombstones.base, 6);
	wheel_init(&s->wheel, &stack_tcb(s, 0)->timer, sizeof(struct tcb), 0);
	return 0;
}

static int
init_counters(struct thole_stack *s)
{
	s->env.tcbs = stack_tcb(s, 0);
	if (!s->cfg.counters)
		return 0;
	s->env.counters =
		s->mem.alloc(s->mem.ctx, s->cfg.max_conns * sizeof(struct tcp_counters), 64);
	return s->env.counters != NULL ? 0 : -ENOMEM;
}

static void
init_env(struct thole_stack *s)
{
	static const struct flow_key zero;
	const struct thole_stack_config *c = &s->cfg;
	struct sip128 derived = siphash13_flow128(c->secret, &zero);
	uint8_t frame_mac[8] = { 0 };
	uint16_t mss = (uint16_t)(c->mtu - 40); /* RFC 9293, 3.7.1 */

	s->env.params = c->tcp;
	s->env.mss_mtu = mss;
	tcp_settings_init(&s->env);
	s->path = (struct wire_path){
		WIRE_PATH_FIXED,
		.src_mac = c->mac,
		.tos = s->env.profiles[0].tos,
		.ttl = s->env.profiles[0].ttl,
		.offload_csum = (c->offloads & THOLE_OFFLOAD_TX_CSUM) != 0,
	};
	memcpy(frame_mac, &c->mac, sizeof(c->mac));
	s->mac = wire_get_mac(frame_mac);
	s->env.stats = &s->stats;
	s->env.mbufs = &s->mbufs;
	s->env.flights = &s->flights;
	s->env.segments = &s->segments;
	s->env.secret[0] = c->secret[0];
	s->env.secret[1] = c->secret[1];
	s->env.rx_held_max = c->max_rx_held != 0 ? c->max_rx_held : c->pool->size / 2;
	/* The table's key is another one, so that nothing on the wire is made with it. */
	flow_hash_init(&s->hash, (const uint64_t[2]){ derived.lo, derived.hi });
	s->prng = c->seed;
	s->max_orphans = c->max_conns - c->max_conns / 4;
	mbufs_init(&s->mbufs, c->pool, &s->stats);
}

int
thole_stack_create(
	const struct thole_stack_config *config, struct thole_stack **out, const char **why)
{
	const char *fault = config_fault(config);
	struct mem mem = { libc_alloc, libc_free, NULL };
	struct thole_stack *s;

	if (why != NULL)
		*why = fault;
	if (fault != NULL)
		return -EINVAL;
	if (config->alloc != NULL)
		mem = (struct mem){ config->alloc, config->free, config->alloc_ctx };
	s = mem.alloc(mem.ctx, sizeof(*s), 64);
	if (s != NULL) {
		s->mem = mem;
		s->cfg = *config;
		init_lists(s);
		init_env(s);
		embryos_init(s);
		if (init_records(s) == 0 && init_counters(s) == 0 && cookies_init(s) == 0 &&
			local_init(s) == 0 && ports_init(s) == 0 && listen_init(s) == 0 &&
			neigh_init(s) == 0) {
			*out = s;
			return 0;
		}
		thole_stack_destroy(s);
	}
	if (why != NULL)
		*why = "max_conns, max_embryos, max_time_wait: no memory for so many";
	return -ENOMEM;
}

void
thole_stack_destroy(struct thole_stack *s)
{
	struct mem mem;

	if (s == NULL)
		return;
	mem = s->mem;
	for (uint32_t i = 0; i < s->tcbs.fresh; i++) {
		struct tcb *t = stack_tcb(s, i);

		/* A free record's queues are empty, but its first bytes aren't its own. */
		tcp_drop_queues(&s->env, t);
	}
	for (; s->replies_n > 0; s->replies_n--) {
		rte_pktmbuf_free(s->replies[s->replies_head]);
		s->replies_head = (s->replies_head + 1) & (REPLIES_MAX - 1);
	}
	neigh_fini(s);
	listen_fini(s);
	ports_fini(s);
	mbufs_fini(&s->mbufs);
	if (s->locals != NULL)
		mem.free(mem.ctx, s->locals, s->cfg.max_addresses * sizeof(*s->locals));
	table_fini(&s->table, &mem);
	paths_fini(&s->env.paths, &mem);
	cookies_fini(s);
	if (s->env.counters != NULL)
		mem.free(mem.ctx, s->env.counters, s->cfg.max_conns * sizeof(struct tcp_counters));
	slab_fini(&s->segments, &mem);
	slab_fini(&s->flights, &mem);
	slab_fini(&s->tombstones, &mem);
	slab_fini(&s->embryos, &mem);
	slab_fini(&s->tcbs, &mem);
	mem.free(mem.ctx, s, sizeof(*s));
}
