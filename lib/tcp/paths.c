/* SPDX-License-Identifier: BSD-3-Clause */
/* paths.c: a set-associative table of addresses; what is old is found so, and needs no sweep. */
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "tcp/paths.h"

#define SETS 256 /* a power of two */
#define WAYS 4

int
paths_init(struct paths *p, const struct mem *mem, const uint64_t key[2])
{
	*p = (struct paths){ .key = { key[0], key[1] } };
	p->all = mem->alloc(mem->ctx, SETS * WAYS * sizeof(*p->all), 64);
	if (p->all == NULL)
		return -ENOMEM;
	memset(p->all, 0, SETS * WAYS * sizeof(*p->all));
	return 0;
}

void
paths_fini(struct paths *p, const struct mem *mem)
{
	if (p->all != NULL)
		mem->free(mem->ctx, p->all, SETS * WAYS * sizeof(*p->all));
	p->all = NULL;
}

static struct path *
set_of(const struct paths *p, const uint64_t raddr[2])
{
	uint64_t h;

	/* Multiplied by secrets, as neighbours are: nobody can aim at a set. */
	h = raddr[1] * (p->key[0] | 1);
	h = (raddr[0] ^ h >> 32 ^ h) * (p->key[1] | 1);
	return &p->all[(h >> 40 & (SETS - 1)) * WAYS];
}

static struct path *
find(const struct paths *p, const uint64_t raddr[2], uint64_t now_ns)
{
	struct path *e = set_of(p, raddr);

	for (unsigned int i = 0; i < WAYS; i++)
		if (now_ns < e[i].until_ns && memcmp(e[i].raddr, raddr, sizeof(e->raddr)) == 0)
			return &e[i];
	return NULL;
}

uint16_t
paths_mtu(const struct paths *p, const uint64_t raddr[2], uint64_t now_ns)
{
	const struct path *e;

	if (now_ns >= p->until_ns)
		return 0;
	e = find(p, raddr, now_ns);
	return e != NULL ? e->mtu : 0;
}

/* The one of a set that is forgotten first. */
static struct path *
oldest(const struct paths *p, const uint64_t raddr[2])
{
	struct path *e = set_of(p, raddr), *first = e;

	for (unsigned int i = 1; i < WAYS; i++)
		if (e[i].until_ns < first->until_ns)
			first = &e[i];
	return first;
}

void
paths_learn(
	struct paths *p, const uint64_t raddr[2], uint16_t mtu, uint64_t now_ns, uint64_t until_ns)
{
	struct path *e;

	if (p->all == NULL)
		return;
	e = find(p, raddr, now_ns);
	if (e == NULL) {
		e = oldest(p, raddr);
		if (now_ns < e->until_ns)
			p->missed_ns = RTE_MAX(p->missed_ns, e->until_ns);
		memcpy(e->raddr, raddr, sizeof(e->raddr));
		e->mtu = mtu;
		e->until_ns = until_ns;
	}
	if (e->mtu > mtu)
		e->mtu = mtu;
	e->until_ns = RTE_MAX(e->until_ns, until_ns);
	p->until_ns = RTE_MAX(p->until_ns, e->until_ns);
}
