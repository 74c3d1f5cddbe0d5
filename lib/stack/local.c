/* SPDX-License-Identifier: BSD-3-Clause */
/* local.c: the addresses that are ours, and the next hop to others (RFC 1122, 3.3.1). */
#include <errno.h>

#include <rte_byteorder.h>

#include "stack/stack.h"

static void
range_set(struct local_range *r, const struct thole_address *a)
{
	r->first = ip4_of(&a->first);
	r->count = a->count;
	r->mask = a->prefix_len == 0 ? 0 : UINT32_MAX << (32 - a->prefix_len);
	r->net = r->first & r->mask;
	r->host = a->prefix_len < 31 ? ~r->mask : 0;
}

/* The next range, with indices behind all others'. */
static void
range_append(struct thole_stack *s, const struct thole_address *a)
{
	struct local_range *r = &s->locals[s->nb_locals];

	r->base = s->nb_locals != 0 ? r[-1].base + r[-1].width : 0;
	r->width = a->count;
	range_set(r, a);
	s->nb_locals++;
}

int
local_init(struct thole_stack *s)
{
	if (s->cfg.max_addresses < s->cfg.nb_addresses)
		s->cfg.max_addresses = s->cfg.nb_addresses;
	s->locals = s->mem.alloc(s->mem.ctx, s->cfg.max_addresses * sizeof(*s->locals), 64);
	if (s->locals == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < s->cfg.nb_addresses; i++)
		range_append(s, &s->cfg.addresses[i]);
	if (!thole_addr_is_any(&s->cfg.gateway))
		s->gateway_be = rte_cpu_to_be_32(ip4_of(&s->cfg.gateway));
	return 0;
}

/* Not in the first range. */
__rte_noinline uint32_t
local_find_further(const struct thole_stack *s, uint32_t ip)
{
	for (uint16_t i = 1; i < s->nb_locals; i++) {
		uint32_t off = ip - s->locals[i].first;

		if (off < s->locals[i].count)
			return s->locals[i].base + off;
	}
	return LOCAL_NONE;
}

uint32_t
route_source(const struct thole_stack *s, uint32_t dst_be)
{
	uint32_t hop_be = route_next_hop(s, dst_be);
	const struct local_range *r = local_on_link(s, rte_be_to_cpu_32(hop_be));

	if (r == NULL)
		for (r = s->locals; r->count == 0; r++)
			; /* there is one at least */
	return r->base;
}

static bool
range_has(const struct local_range *r, const struct flow_key *key)
{
	return key->laddr - r->base < r->width;
}

/* Whether a record may still send from it: all are out of the table, and free ones want nothing. */
static bool
is_in_use(const struct thole_stack *s, const struct local_range *r)
{
	for (uint32_t i = 0; i < s->tcbs.fresh; i++) {
		const struct tcb *t = stack_tcb(s, i);

		if (range_has(r, &t->key) &&
			(t->events != 0 || tcb_owes(t) || t->out_next != NOT_LISTED ||
				t->ready_next != NOT_LISTED))
			return true;
	}
	return false;
}

/* One that was removed, and had as many addresses at least: their indices are used again. */
static struct local_range *
find_removed(const struct thole_stack *s, uint32_t count)
{
	for (uint16_t i = 0; i < s->nb_locals; i++) {
		struct local_range *r = &s->locals[i];

		if (r->count == 0 && r->width >= count && !is_in_use(s, r))
			return r;
	}
	return NULL;
}

int
thole_stack_address_add(struct thole_stack *s, const struct thole_address *address)
{
	const uint32_t first = ip4_of(&address->first), gateway = rte_be_to_cpu_32(s->gateway_be);
	const struct local_range *last = &s->locals[s->nb_locals - 1];
	struct local_range *r;

	if (config_address_fault(address) != NULL || address->count > UINT32_MAX - first ||
		(s->gateway_be != 0 && gateway - first < address->count))
		return -EINVAL;
	for (uint16_t i = 0; i < s->nb_locals; i++) {
		r = &s->locals[i];
		if (r->count != 0 &&
			(first - r->first < r->count || r->first - first < address->count))
			return -EEXIST;
	}
	r = find_removed(s, address->count);
	if (r != NULL)
		range_set(r, address);
	else if (s->nb_locals < s->cfg.max_addresses &&
		 (uint64_t)last->base + last->width + address->count < UINT32_MAX)
		range_append(s, address);
	else
		return -ENOSPC;
	return 0;
}

/* The connections from there are over; their RSTs still go out. */
static void
drop_records(struct thole_stack *s, const struct local_range *r)
{
	listen_close_at(s, r->base, r->width);
	for (uint32_t i = 0; i < s->embryos.fresh; i++) {
		const struct embryo *e = stack_embryo(s, i);

		if (e->listener != NO_INDEX && range_has(r, &e->key))
			embryo_free(s, i);
	}
	for (uint32_t i = 0; i < s->tcbs.fresh; i++) {
		struct tcb *t = stack_tcb(s, i);

		/* A free record isn't in the table, whatever its key. */
		if (!range_has(r, &t->key) || table_find(&s->table, stack_hash(s, &t->key),
						      &t->key) != ref_make(REF_TCB, i))
			continue;
		tcp_abort(&s->env, t, EADDRNOTAVAIL);
		if (t->app == APP_NONE)
			t->events = 0;
		conn_settle(s, t);
	}
	time_wait_forget(s, r->base, r->width);
}

int
thole_stack_address_remove(struct thole_stack *s, const struct thole_addr *first)
{
	struct local_range *found = NULL;
	uint16_t others = 0;

	for (uint16_t i = 0; i < s->nb_locals; i++) {
		struct local_range *r = &s->locals[i];
		const struct thole_addr ours = thole_addr_ip4(r->first);

		if (r->count != 0 && memcmp(&ours, first, sizeof(ours)) == 0)
			found = r;
		else
			others = (uint16_t)(others + (r->count != 0));
	}
	if (found == NULL)
		return -EADDRNOTAVAIL;
	if (others == 0)
		return -EBUSY;
	found->count = 0;
	found->mask = 0; /* so that it is the net of nobody */
	found->net = 1;
	drop_records(s, found);
	/* Neighbours are asked for as one that is ours. */
	for (uint32_t i = 0; i < s->neighs.capacity; i++) {
		struct neigh *e = &s->neighs.entries[i];

		if (e->state != NEIGH_FREE && e->laddr - found->base < found->width)
			e->laddr = route_source(s, e->ip_be);
	}
	return 0;
}
