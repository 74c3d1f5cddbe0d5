/* SPDX-License-Identifier: BSD-3-Clause */
/* local.c: the addresses that are ours, and the next hop to others (RFC 1122, 3.3.1). */
#include <errno.h>

#include <rte_byteorder.h>

#include "stack/stack.h"

int
local_init(struct thole_stack *s)
{
	uint32_t base = 0;

	s->locals = s->mem.alloc(s->mem.ctx, s->cfg.nb_addresses * sizeof(*s->locals), 64);
	if (s->locals == NULL)
		return -ENOMEM;
	s->nb_locals = s->cfg.nb_addresses;
	for (uint16_t i = 0; i < s->nb_locals; i++) {
		const struct thole_address *a = &s->cfg.addresses[i];
		struct local_range *r = &s->locals[i];

		r->first = ip4_of(&a->first);
		r->count = a->count;
		r->base = base;
		r->mask = a->prefix_len == 0 ? 0 : UINT32_MAX << (32 - a->prefix_len);
		r->net = r->first & r->mask;
		r->host = a->prefix_len < 31 ? ~r->mask : 0;
		base += a->count;
	}
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

	return r != NULL ? r->base : 0;
}
