/* SPDX-License-Identifier: BSD-3-Clause */
/* handover.c: see handover.h. */
#include <string.h>

#include <rte_arp.h>
#include <rte_ethdev.h>

#include "base/rings.h"
#include "port/handover.h"
#include "port/memory.h"
#include "port/whose.h"

static size_t
rings_bytes(uint16_t nb_workers)
{
	return sizeof(struct handover_rings) +
	       (size_t)nb_workers * nb_workers * sizeof(struct rte_ring *);
}

static struct rte_ring *
make_ring(int node)
{
	size_t bytes = (size_t)rte_ring_get_memsize(HANDOVER_ENTRIES);
	struct rte_ring *r = memory_alloc(&node, bytes, RTE_CACHE_LINE_SIZE);

	if (r != NULL && rte_ring_init(r, "thole-handover", HANDOVER_ENTRIES,
				 RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
		memory_free(&node, r, bytes);
		return NULL;
	}
	return r;
}

static void
drain(struct rte_ring *r)
{
	void *m;

	while (r != NULL && rte_ring_sc_dequeue(r, &m) == 0)
		rte_pktmbuf_free(m);
}

static void
free_ring(struct rte_ring *r)
{
	if (r == NULL)
		return;
	drain(r);
	memory_free(NULL, r, (size_t)rte_ring_get_memsize(HANDOVER_ENTRIES));
}

static inline struct rte_ring *
ring_to(const struct handover_rings *s, uint16_t taker, uint16_t giver)
{
	return s->rx[(size_t)taker * s->nb_workers + giver];
}

/* The worker that sends for worker @p w, which has no queue. */
static uint16_t
sender_for(const struct handover_rings *s, uint16_t w)
{
	return (uint16_t)(w % s->nb_queues);
}

struct handover_rings *
handover_create(const struct thole_port *port)
{
	uint16_t n = port->nb_workers;
	int node = port->node;
	struct handover_rings *s = memory_alloc(&node, rings_bytes(n), RTE_CACHE_LINE_SIZE);
	bool whole = true;

	if (s == NULL)
		return NULL;
	s->nb_workers = n;
	s->nb_queues = port->nb_queues;
	owners_init(&s->owners, &port->sharing.rss);
	for (uint16_t w = 0; w < n; w++) {
		for (uint16_t giver = 0; giver < s->nb_queues; giver++) {
			if (giver == w)
				continue;
			s->rx[(size_t)w * n + giver] = make_ring(port->nodes[w]);
			whole = whole && ring_to(s, w, giver) != NULL;
		}
		if (w < s->nb_queues)
			continue;
		s->tx[w] = make_ring(port->nodes[sender_for(s, w)]);
		whole = whole && s->tx[w] != NULL;
	}
	if (whole)
		return s;
	handover_destroy(s);
	return NULL;
}

void
handover_destroy(struct handover_rings *s)
{
	if (s == NULL)
		return;
	for (uint16_t w = 0; w < s->nb_workers; w++) {
		for (uint16_t giver = 0; giver < s->nb_queues; giver++)
			free_ring(ring_to(s, w, giver));
		free_ring(s->tx[w]);
	}
	memory_free(NULL, s, rings_bytes(s->nb_workers));
}

void
handover_init(struct handover *h, const struct thole_port *port, uint16_t self,
	struct thole_worker_stats *stats)
{
	h->rings = port->handover;
	h->self = self;
	h->port = port->id;
	h->has_queue = self < port->nb_queues;
	if (h->has_queue)
		h->nb_relayed = (uint16_t)((port->nb_workers - 1 - self) / port->nb_queues);
	h->pool = port->pools[self];
	h->stats = stats;
	h->relay = (struct txq){
		.port = port->id, .queue = self, .max_segs = UINT16_MAX, .stats = &h->relay_stats
	};
}

void
handover_sleeps(struct handover *h, struct idle *idle)
{
	__atomic_store_n(&h->rings->idle[h->self], idle, __ATOMIC_RELEASE);
}

/* Has worker @p w look at its rings. */
static void
wake(const struct handover *h, uint16_t w)
{
	struct idle *idle = __atomic_load_n(&h->rings->idle[w], __ATOMIC_ACQUIRE);

	if (idle != NULL)
		idle_kick(idle);
}

static void
wake_takers(struct handover *h)
{
	for (uint16_t to = 0; to < h->rings->nb_workers; to++) {
		if (!h->gave[to])
			continue;
		h->gave[to] = false;
		wake(h, to);
	}
}

void
handover_sent(struct handover *h)
{
	wake(h, sender_for(h->rings, h->self));
}

/* Whether anything of those that this worker sends for waits here. */
static bool
relay_owed(const struct handover *h)
{
	const struct handover_rings *s = h->rings;

	if (txq_waits(&h->relay))
		return true;
	for (uint32_t w = (uint32_t)h->self + s->nb_queues; w < s->nb_workers; w += s->nb_queues)
		if (!ring_is_empty(s->tx[w]))
			return true;
	return false;
}

bool
handover_owed(const struct handover *h)
{
	const struct handover_rings *s = h->rings;

	if (h->has_queue)
		return relay_owed(h);
	/* In this order: who takes them out has said so before (relay_next()). */
	return !ring_is_empty(s->tx[h->self]) ||
	       __atomic_load_n(&s->relaying[h->self], __ATOMIC_ACQUIRE);
}

bool
handover_left(const struct handover *h)
{
	if (txq_waits(&h->relay))
		return true;
	for (uint16_t to = 0; to < h->rings->nb_workers; to++)
		if (h->full[to])
			return true;
	return false;
}

/* What was taken out of a worker's ring is gone. */
static void
relayed(struct handover *h)
{
	if (h->nb_relayed != 0 && !txq_waits(&h->relay))
		__atomic_store_n(&h->rings->relaying[h->relay_of], false, __ATOMIC_RELEASE);
}

void
handover_fini(struct handover *h)
{
	struct handover_rings *s = h->rings;

	handover_sleeps(h, NULL);
	for (uint16_t giver = 0; giver < s->nb_queues; giver++)
		drain(ring_to(s, h->self, giver));
	if (!h->has_queue)
		drain(s->tx[h->self]);
	txq_drop_all(&h->relay);
	relayed(h);
}

struct rte_ring *
handover_tx_ring(const struct handover *h)
{
	return h->rings->tx[h->self];
}

bool
handover_owns(const struct handover *h, const struct thole_endpoint *local,
	const struct thole_endpoint *remote)
{
	const struct owners *o = &h->rings->owners;
	uint32_t src_be, dst_be;

	memcpy(&src_be, &remote->addr.b[12], sizeof(src_be));
	memcpy(&dst_be, &local->addr.b[12], sizeof(dst_be));
	return o->reta[owners_entry(o, src_be, dst_be, remote->port, local->port)] == h->self;
}

/* Takes what others gave, each of them first in turn. */
static uint16_t
take(struct handover *h, struct rte_mbuf **pkts, uint16_t max)
{
	const struct handover_rings *s = h->rings;
	uint16_t giver = h->first, n = 0;

	for (uint16_t i = 0; i < s->nb_queues && n < max; i++) {
		struct rte_ring *r = ring_to(s, h->self, giver);

		if (r != NULL)
			n = (uint16_t)(n + rte_ring_sc_dequeue_burst(r, (void **)&pkts[n],
						   (unsigned int)(max - n), NULL));
		giver = (uint16_t)(giver + 1 < s->nb_queues ? giver + 1 : 0);
	}
	h->first = (uint16_t)(h->first + 1 < s->nb_queues ? h->first + 1 : 0);
	if (n != 0)
		stat_add(&h->stats->handed_in, n);
	return n;
}

static void
give(struct handover *h, uint16_t to, struct rte_mbuf *m)
{
	if (likely(rte_ring_sp_enqueue(ring_to(h->rings, to, h->self), m) == 0)) {
		stat_add(&h->stats->handed_out, 1);
		h->gave[to] = true;
		return;
	}
	rte_pktmbuf_free(m);
	stat_add(&h->stats->handover_lost, 1);
}

/*
 * What ARP says of its sender is news to all; answering a request is left to the worker that got
 * it. So the others get a copy that reads as the sender's answer to us (RFC 826: the op is looked
 * at last).
 */
static void
give_all(struct handover *h, const struct rte_mbuf *m)
{
	for (uint16_t to = 0; to < h->rings->nb_workers; to++) {
		struct rte_mbuf *copy;
		struct rte_arp_hdr *arp;

		if (to == h->self)
			continue;
		copy = rte_pktmbuf_copy(m, h->pool, 0, UINT32_MAX);
		if (copy == NULL) {
			stat_add(&h->stats->handover_lost, 1);
			continue;
		}
		arp = rte_pktmbuf_mtod_offset(copy, struct rte_arp_hdr *, RTE_ETHER_HDR_LEN);
		if (copy->data_len >= RTE_ETHER_HDR_LEN + sizeof(*arp) &&
			arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REQUEST))
			arp->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REPLY);
		give(h, to, copy);
	}
}

/* Whether each of the others could take @p n packets, or has been given up. */
static bool
may_read(struct handover *h, uint16_t n, uint64_t now_ns)
{
	bool may = true;

	for (uint16_t to = 0; to < h->rings->nb_workers; to++) {
		if (to == h->self)
			continue;
		if (likely(ring_room(ring_to(h->rings, to, h->self)) >= n)) {
			h->full[to] = false;
			continue;
		}
		if (!h->full[to]) {
			h->full[to] = true;
			h->full_ns[to] = now_ns;
		}
		if (now_ns - h->full_ns[to] < HANDOVER_PATIENCE_NS)
			may = false;
	}
	if (!may)
		stat_add(&h->stats->handover_waits, 1);
	return may;
}

uint16_t
handover_rx(
	struct handover *h, struct rte_mbuf **pkts, uint16_t max, uint64_t now_ns, uint32_t *given)
{
	uint16_t n = take(h, pkts, max), got, own = 0;
	struct rte_mbuf **fresh = &pkts[n];
	uint64_t before = h->stats->handed_out + h->stats->handover_lost;

	*given = 0;
	if (!h->has_queue || !may_read(h, max, now_ns))
		return n;
	got = rte_eth_rx_burst(h->port, h->self, fresh, max);
	for (uint16_t i = 0; i < got; i++)
		rte_prefetch0(rte_pktmbuf_mtod(fresh[i], void *));
	for (uint16_t i = 0; i < got; i++) {
		struct rte_mbuf *m = fresh[i];
		int to = whose(&h->rings->owners, m);

		if (to >= 0 && to != h->self) {
			give(h, (uint16_t)to, m);
			continue;
		}
		if (unlikely(to == WHOSE_ALL))
			give_all(h, m);
		fresh[own++] = m;
	}
	*given = (uint32_t)(h->stats->handed_out + h->stats->handover_lost - before);
	if (*given != 0)
		wake_takers(h);
	return (uint16_t)(n + own);
}

/* Takes the next worker's packets out of its ring; nothing waits in relay. */
static void
relay_next(struct handover *h, struct rte_mbuf **room)
{
	const struct handover_rings *s = h->rings;
	uint16_t w = (uint16_t)(h->self + (h->next_relayed + 1U) * s->nb_queues);

	h->next_relayed = (uint16_t)(h->next_relayed + 1 < h->nb_relayed ? h->next_relayed + 1 : 0);
	if (ring_is_empty(s->tx[w]))
		return;
	h->relay_of = w;
	__atomic_store_n(&h->rings->relaying[w], true, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE); /* handover_owed() */
	h->relay.end = (uint16_t)rte_ring_sc_dequeue_burst(s->tx[w], (void **)room, TXQ_MAX, NULL);
}

static uint32_t
relay_flush(struct handover *h, uint64_t now_ns)
{
	uint32_t sent;

	if (!txq_waits(&h->relay))
		return 0;
	sent = txq_flush(&h->relay, now_ns);
	relayed(h);
	return sent;
}

uint32_t
handover_tx(struct handover *h, uint64_t now_ns)
{
	uint64_t lost = h->relay_stats.tx_lost;
	uint32_t sent;

	if (h->nb_relayed == 0)
		return 0;
	sent = relay_flush(h, now_ns);
	for (uint16_t i = 0; i < h->nb_relayed; i++) {
		struct rte_mbuf **room = txq_room(&h->relay);

		if (room == NULL)
			break;
		relay_next(h, room);
		sent += relay_flush(h, now_ns);
	}
	if (sent != 0)
		stat_add(&h->stats->relayed, sent);
	if (h->relay_stats.tx_lost != lost)
		stat_add(&h->stats->tx_lost, h->relay_stats.tx_lost - lost);
	return sent;
}
