/* SPDX-License-Identifier: BSD-3-Clause */
/* known.c: the connections of which a thread may hear: a hash by side and handle, since workers of
 * both sides have the same core numbers. */
#include <stdlib.h>

#include "stress.h"

static uint64_t
key_of(unsigned int stack, thole_conn conn)
{
	return conn | (uint64_t)side_of(stack) << 63;
}

static uint32_t *
bucket(struct known_set *set, uint64_t key)
{
	return &set->buckets[(key ^ key >> 32) % KNOWN_MAX];
}

bool
known_init(struct known_set *set)
{
	set->buckets = calloc(KNOWN_MAX, sizeof(uint32_t));
	set->nodes = calloc(KNOWN_MAX, sizeof(struct known));
	if (set->buckets == NULL || set->nodes == NULL)
		return false;
	for (uint32_t i = 1; i + 1 < KNOWN_MAX; i++) /* 0 ends a chain */
		set->nodes[i].next = i + 1;
	set->unused = 1;
	return true;
}

void
known_fini(struct known_set *set)
{
	free(set->buckets);
	free(set->nodes);
}

struct known *
known_add(struct known_set *set, unsigned int stack, thole_conn conn, struct end *e)
{
	uint32_t i = set->unused, *first = bucket(set, key_of(stack, conn));

	if (i == 0)
		abort();
	set->unused = set->nodes[i].next;
	set->nodes[i] = (struct known){
		.key = key_of(stack, conn), .e = e, .stack = stack, .at = NOBODY, .next = *first
	};
	*first = i;
	return &set->nodes[i];
}

struct known *
known_find(struct known_set *set, unsigned int stack, thole_conn conn)
{
	uint32_t i = *bucket(set, key_of(stack, conn));

	while (i != 0 && set->nodes[i].key != key_of(stack, conn))
		i = set->nodes[i].next;
	return i != 0 ? &set->nodes[i] : NULL;
}

void
known_remove(struct known_set *set, struct known *k)
{
	uint32_t i = (uint32_t)(k - set->nodes), *link = bucket(set, k->key);

	while (*link != i)
		link = &set->nodes[*link].next;
	*link = k->next;
	*k = (struct known){ .next = set->unused };
	set->unused = i;
}
