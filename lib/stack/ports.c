/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ports.c: ephemeral ports by double hashing with random steps (RFC 6056, 3.3.4 and 3.3.5): hard to
 * guess from outside, and slow to come round again for the same destination. Where cores share the
 * addresses, the walk is over those ports only that make this core the owner.
 */
#include <errno.h>

#include "base/prng.h"
#include "base/siphash.h"
#include "stack/stack.h"

#define STEP_MAX 4

static size_t
shares_bytes(const struct thole_stack *s)
{
	return sizeof(struct port_shares) +
	       ((size_t)(s->cfg.port_max - s->cfg.port_min) + 1) * sizeof(uint16_t);
}

/* Ports in the order of their parts, by counting. */
static void
sort_ports(const struct thole_stack *s, struct port_shares *sh)
{
	uint32_t *first = sh->first, entries = (uint32_t)sh->owners.mask + 1, n;

	for (uint32_t p = s->cfg.port_min; p <= s->cfg.port_max; p++)
		first[owners_lport(&sh->owners, (uint16_t)p) + 1]++;
	for (uint32_t i = 0; i < entries; i++) {
		sh->most = RTE_MAX(sh->most, first[i + 1]);
		first[i + 1] += first[i];
	}
	/* From the last port down each part fills from its end, where first[] comes to stand right.
	 */
	for (uint32_t p = s->cfg.port_max; p >= s->cfg.port_min; p--) {
		n = --first[owners_lport(&sh->owners, (uint16_t)p) + 1];
		sh->ports[n] = (uint16_t)p;
	}
	memmove(&first[0], &first[1], entries * sizeof(first[0]));
	first[entries] = (uint32_t)(s->cfg.port_max - s->cfg.port_min) + 1;
}

int
ports_init(struct thole_stack *s)
{
	struct port_shares *sh;

	if (s->cfg.rss == NULL)
		return 0;
	sh = s->mem.alloc(s->mem.ctx, shares_bytes(s), 64);
	if (sh == NULL)
		return -ENOMEM;
	owners_init(&sh->owners, s->cfg.rss);
	for (uint32_t i = 0; i <= sh->owners.mask; i++)
		if (sh->owners.reta[i] == s->cfg.core)
			sh->own[sh->nb_own++] = (uint16_t)i;
	sort_ports(s, sh);
	s->shares = sh;
	return 0;
}

void
ports_fini(struct thole_stack *s)
{
	if (s->shares != NULL)
		s->mem.free(s->mem.ctx, s->shares, shares_bytes(s));
	s->shares = NULL;
}

/* The table's entry for what is received from there. */
static uint32_t
entry_of(const struct thole_stack *s, const struct flow_key *key)
{
	return owners_entry(&s->shares->owners, flow_raddr_ip4(key), local_ip_be(s, key->laddr),
		key->rport, key->lport);
}

bool
port_is_ours(const struct thole_stack *s, const struct flow_key *key)
{
	return s->shares == NULL || s->shares->owners.reta[entry_of(s, key)] == s->cfg.core;
}

/* How far the walk goes for any destination. */
static uint32_t
walk_span(const struct thole_stack *s)
{
	if (s->shares != NULL)
		return s->shares->nb_own * s->shares->most;
	return (uint32_t)(s->cfg.port_max - s->cfg.port_min) + 1;
}

/*
 * The port at step @p at of the walk; 0: none. @p rest is the entry that the other parts of the
 * tuple give: with it, ports of part own ^ rest give entry own. Parts have about equally many
 * ports, so few steps lead nowhere.
 */
static uint16_t
walk_port(const struct thole_stack *s, uint32_t rest, uint32_t at)
{
	const struct port_shares *sh = s->shares;
	uint32_t part, i;

	if (sh == NULL)
		return (uint16_t)(s->cfg.port_min + at);
	part = sh->own[at % sh->nb_own] ^ rest;
	i = sh->first[part] + at / sh->nb_own;
	return i < sh->first[part + 1] ? sh->ports[i] : 0;
}

int
port_choose(struct thole_stack *s, struct flow_key *key)
{
	uint32_t span = walk_span(s), rest = 0;
	struct sip128 h;
	uint32_t *counter;
	uint32_t at;

	key->lport = 0;
	if (s->shares != NULL)
		rest = entry_of(s, key);
	h = siphash13_flow128(s->env.secret, key);
	counter = &s->port_counters[h.hi & (PORT_COUNTERS - 1)];
	*counter += 1 + prng_below(&s->prng, STEP_MAX);
	at = (uint32_t)(((h.lo >> 32) + *counter) % span);
	for (uint32_t tried = 0; tried < span; tried++) {
		key->lport = walk_port(s, rest, at);
		if (key->lport != 0 && table_find(&s->table, stack_hash(s, key), key) == REF_NONE) {
			*counter += tried;
			return 0;
		}
		at = at + 1 < span ? at + 1 : 0;
	}
	return -EADDRNOTAVAIL;
}
