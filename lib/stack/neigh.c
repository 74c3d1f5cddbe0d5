/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * neigh.c: from a next hop's address to its hardware address (RFC 826; RFC 1122, 2.3.2). Entries
 * age: used after arp_reachable_ns they are asked for again, and go when nobody answers. A full
 * table gives up an entry that wasn't used lately. Addresses that nobody answers for have half of
 * the table at most: who sends from many such can't keep out those who are there. Connections keep
 * an entry's index as a hint and compare the address, so an entry may change under them.
 */
#include <errno.h>

#include <rte_byteorder.h>

#include "base/siphash.h"
#include "stack/stack.h"
#include "wire/arp.h"

/* Entries that are looked at for one to give up, at most: a full table must not stop the core. */
#define EVICT_LOOKS 64

int
neigh_init(struct thole_stack *s)
{
	struct neigh_table *n = &s->neighs;

	n->capacity = s->cfg.max_neighbours;
	n->incomplete_max = RTE_MAX(n->capacity / 2, 1u);
	n->nb_heads = rte_align32pow2(n->capacity);
	n->entries = s->mem.alloc(s->mem.ctx, n->capacity * sizeof(*n->entries), 64);
	n->heads = s->mem.alloc(s->mem.ctx, n->nb_heads * sizeof(*n->heads), 64);
	if (n->entries == NULL || n->heads == NULL)
		return -ENOMEM;
	memset(n->heads, 0xff, n->nb_heads * sizeof(*n->heads));
	for (uint32_t i = 0; i < n->capacity; i++)
		n->entries[i].next = i + 1 < n->capacity ? (uint16_t)(i + 1) : NO_INDEX;
	n->free = 0;
	n->hash_key[0] = siphash24(s->hash.key, "neigh a", 7);
	n->hash_key[1] = siphash24(s->hash.key, "neigh b", 7);
	n->next_ns = TIME_NEVER;
	return 0;
}

static void
drop_queue(struct thole_stack *s, struct neigh *e)
{
	s->stats.tx_drop_neigh += e->queued;
	rte_pktmbuf_free_bulk(e->queue, e->queued);
	e->queued = 0;
}

void
neigh_fini(struct thole_stack *s)
{
	struct neigh_table *n = &s->neighs;

	if (n->entries != NULL) {
		for (uint32_t i = 0; i < n->capacity; i++)
			drop_queue(s, &n->entries[i]);
		s->mem.free(s->mem.ctx, n->entries, n->capacity * sizeof(*n->entries));
	}
	if (n->heads != NULL)
		s->mem.free(s->mem.ctx, n->heads, n->nb_heads * sizeof(*n->heads));
}

uint16_t
neigh_find(const struct thole_stack *s, uint32_t ip_be)
{
	uint16_t i = *neigh_head(s, ip_be);

	while (i != NO_INDEX && s->neighs.entries[i].ip_be != ip_be)
		i = s->neighs.entries[i].next;
	return i;
}

static bool
is_pending(const struct neigh *e)
{
	return e->state == NEIGH_INCOMPLETE || e->state == NEIGH_PROBING;
}

static void
set_state(struct thole_stack *s, struct neigh *e, enum neigh_state state)
{
	s->neighs.pending -= is_pending(e);
	s->neighs.incomplete -= e->state == NEIGH_INCOMPLETE;
	e->state = (uint8_t)state;
	s->neighs.pending += is_pending(e);
	s->neighs.incomplete += e->state == NEIGH_INCOMPLETE;
}

static void
neigh_free(struct thole_stack *s, uint16_t i)
{
	struct neigh *e = &s->neighs.entries[i];
	uint16_t *link = neigh_head(s, e->ip_be);

	while (*link != i)
		link = &s->neighs.entries[*link].next;
	*link = e->next;
	drop_queue(s, e);
	set_state(s, e, NEIGH_FREE);
	e->ip_be = 0;
	e->next = s->neighs.free;
	s->neighs.free = i;
}

/*
 * Frees one entry: the next that wasn't used since the hand last passed, else the first that the
 * hand came by; never one being asked for. None: all looked at are, and who waits is woken by their
 * answers.
 */
static void
evict(struct thole_stack *s)
{
	struct neigh_table *n = &s->neighs;
	uint16_t used = NO_INDEX;

	for (uint32_t looked = 0; looked < EVICT_LOOKS && n->pending < n->capacity; looked++) {
		uint16_t i = n->hand;
		struct neigh *e = &n->entries[i];

		n->hand = (uint16_t)(i + 1u < n->capacity ? i + 1u : 0u);
		if (e->state == NEIGH_REACHABLE && !e->used) {
			neigh_free(s, i);
			return;
		}
		if (e->state == NEIGH_REACHABLE && used == NO_INDEX)
			used = i;
		e->used = false;
	}
	if (used != NO_INDEX)
		neigh_free(s, used);
}

static void
ask(struct thole_stack *s, struct neigh *e)
{
	static const struct rte_ether_addr broadcast = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	struct rte_mbuf *m = mbufs_get(&s->mbufs);

	e->retry_ns = s->env.now_ns + s->cfg.arp_retry_ns;
	s->neighs.next_ns = RTE_MIN(s->neighs.next_ns, e->retry_ns);
	if (m == NULL)
		return; /* the retry makes up for it */
	e->tries++;
	arp_emit(m, ARP_REQUEST, &s->cfg.mac, local_ip_be(s, e->laddr),
		e->state == NEIGH_PROBING ? &e->mac : &broadcast, e->ip_be);
	s->stats.arp_requests++;
	reply_push(s, m);
}

/* Makes a free entry @p ip_be's, who isn't in the table; its state is the caller's to set. */
static uint16_t
add(struct thole_stack *s, uint32_t ip_be, uint32_t laddr)
{
	struct neigh_table *n = &s->neighs;
	uint16_t i = n->free, *head;

	if (i == NO_INDEX)
		return NO_INDEX;
	n->free = n->entries[i].next;
	head = neigh_head(s, ip_be);
	n->entries[i] = (struct neigh){ .ip_be = ip_be, .laddr = laddr, .next = *head };
	memcpy(n->entries[i].ours, (const uint8_t *)&s->path + offsetof(struct wire_path, src_mac),
		sizeof(n->entries[i].ours));
	*head = i;
	return i;
}

uint16_t
neigh_get_other(struct thole_stack *s, uint32_t ip_be, uint32_t laddr)
{
	struct neigh_table *n = &s->neighs;
	uint16_t i = neigh_find(s, ip_be);

	if (i != NO_INDEX)
		return i;
	/* The gateway is needed, whoever else is. */
	if (n->incomplete >= n->incomplete_max && ip_be != s->gateway_be)
		return NO_INDEX;
	if (n->free == NO_INDEX)
		evict(s);
	i = add(s, ip_be, laddr);
	if (i == NO_INDEX)
		return NO_INDEX;
	set_state(s, &n->entries[i], NEIGH_INCOMPLETE);
	ask(s, &n->entries[i]);
	return i;
}

bool
neigh_ready_other(struct thole_stack *s, struct neigh *e)
{
	if (e->state == NEIGH_INCOMPLETE)
		return false;
	e->used = true;
	if (e->state == NEIGH_REACHABLE &&
		s->env.now_ns - e->confirmed_ns > s->cfg.arp_reachable_ns) {
		set_state(s, e, NEIGH_PROBING);
		e->tries = 0;
		ask(s, e);
	}
	return true;
}

static void
address_and_push(struct thole_stack *s, const struct neigh *e, struct rte_mbuf *m)
{
	rte_pktmbuf_mtod(m, struct rte_ether_hdr *)->dst_addr = e->mac;
	reply_push(s, m);
}

void
neigh_send(struct thole_stack *s, uint16_t i, struct rte_mbuf *m)
{
	struct neigh *e;

	if (i == NO_INDEX) {
		s->stats.tx_drop_neigh++;
		rte_pktmbuf_free(m);
		return;
	}
	e = &s->neighs.entries[i];
	if (neigh_ready(s, i)) {
		address_and_push(s, e, m);
		return;
	}
	if (e->queued == NEIGH_QUEUE) { /* RFC 1122, 2.3.2.2: keep the latest */
		s->stats.tx_drop_neigh++;
		rte_pktmbuf_free(e->queue[0]);
		memmove(&e->queue[0], &e->queue[1], (NEIGH_QUEUE - 1) * sizeof(e->queue[0]));
		e->queued--;
	}
	e->queue[e->queued++] = m;
}

void
neigh_learn(struct thole_stack *s, uint16_t i, const struct rte_ether_addr *mac)
{
	struct neigh *e = &s->neighs.entries[i];
	bool woken = is_pending(e); /* one that was old may now be given up for another */

	e->mac = *mac;
	e->confirmed_ns = s->env.now_ns;
	e->tries = 0;
	e->used = true;
	set_state(s, e, NEIGH_REACHABLE);
	for (uint8_t k = 0; k < e->queued; k++)
		address_and_push(s, e, e->queue[k]);
	e->queued = 0;
	if (woken)
		list_wake_waiting(s, i);
}

void
neigh_meet(struct thole_stack *s, uint32_t ip_be, uint32_t laddr, const struct rte_ether_addr *mac)
{
	uint16_t i = neigh_find(s, ip_be);

	if (i == NO_INDEX) {
		/* Nobody else goes for it, and if room is needed it is the first to go. */
		i = add(s, ip_be, laddr);
		if (i == NO_INDEX)
			return;
		neigh_learn(s, i, mac);
		s->neighs.entries[i].used = false;
		return;
	}
	neigh_learn(s, i, mac);
}

static bool
has_failed(const struct thole_stack *s, uint16_t i)
{
	return i != NO_INDEX && s->neighs.entries[i].state == NEIGH_FAILED;
}

/* Handshakes that wait for what failed owe nothing until their SYN-ACK is due again. */
static void
fail_embryos(struct thole_stack *s)
{
	struct index_list waiting = s->wait_embryos;
	uint32_t k;

	s->wait_embryos.head = SLAB_NONE;
	while ((k = list_pop_embryo(s, &waiting)) != SLAB_NONE) {
		struct embryo *e = stack_embryo(s, k);

		if (e->listener == NO_INDEX)
			slab_put(&s->embryos, k); /* it ended while it stood here */
		else if (has_failed(s, e->neigh))
			e->flags &= EF_SENT;
		else
			list_push_embryo(s, &s->wait_embryos, k);
	}
}

/* Who wanted to connect is told. */
static void
fail_tcbs(struct thole_stack *s)
{
	struct index_list waiting = s->wait_tcbs;
	struct tcb *t;

	s->wait_tcbs.head = SLAB_NONE;
	while ((t = list_pop_out(s, &waiting)) != NULL) {
		if (!has_failed(s, t->neigh)) {
			list_push_out(s, &s->wait_tcbs, t);
			continue;
		}
		if (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED)
			tcp_closed(&s->env, t, EHOSTUNREACH);
		else
			tcp_soft_error(&s->env, t, SOFT_HOST);
		/*
		 * Others may have better luck later: a soft error (RFC 9293, 3.9.2.2). What they
		 * have to send, a timer brings again; R2 bounds it.
		 */
		t->flags &= (uint16_t)~TF_OWES;
		if (t->state >= TCP_ESTABLISHED) {
			/* The window opened while it waited, and what probed it wasn't repeated. */
			if (t->snd_una != t->snd_nxt && t->rtx_ns == TIME_NEVER)
				tcp_rtx_arm(&s->env, t);
			tcp_persist_if_stuck(&s->env, t);
		}
		conn_settle(s, t);
	}
}

/* Ends all that failed, however many, with one walk over who waits; there is room for others then.
 */
static void
end_failed(struct thole_stack *s)
{
	fail_tcbs(s);
	fail_embryos(s);
	for (uint32_t i = 0; i < s->neighs.capacity; i++) {
		if (s->neighs.entries[i].state == NEIGH_FAILED) {
			s->stats.arp_failures++;
			neigh_free(s, (uint16_t)i);
		}
	}
	list_wake_waiting(s, NO_INDEX);
}

void
neigh_run(struct thole_stack *s)
{
	struct neigh_table *n = &s->neighs;
	uint64_t next = TIME_NEVER;
	bool failed = false;

	if (s->env.now_ns < n->next_ns)
		return;
	for (uint32_t i = 0; i < n->capacity && n->pending != 0; i++) {
		struct neigh *e = &n->entries[i];

		if (!is_pending(e))
			continue;
		if (s->env.now_ns >= e->retry_ns) {
			if (e->tries >= s->cfg.arp_tries) {
				set_state(s, e, NEIGH_FAILED);
				failed = true;
				continue;
			}
			ask(s, e);
		}
		next = RTE_MIN(next, e->retry_ns);
	}
	n->next_ns = next;
	if (failed)
		end_failed(s);
}
