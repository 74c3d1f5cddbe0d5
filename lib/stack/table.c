/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.c: what changes the connection table; looking things up is inline in table.h. An entry
 * stands in the first bucket from its home on that had a way free when it came, and each bucket
 * that it went past counts it until it leaves. Entries never move.
 */
#include <errno.h>
#include <string.h>

#include "stack/table.h"

/* Of 10, a load of 0.6: one entry in 70 isn't at home, and one bucket in 20 sends a search on; at
 * 0.8 they are one in 16 and one in 4, and neither is prefetched. */
#define TABLE_WAYS_WANTED 6

int
table_init(struct table *t, const struct mem *mem, uint32_t capacity)
{
	uint32_t n = capacity / TABLE_WAYS_WANTED + (capacity % TABLE_WAYS_WANTED != 0);
	size_t bytes;

	memset(t, 0, sizeof(*t));
	t->nobody = REF_NONE;
	t->at = &t->nobody;
	if (n == 0)
		n = 1;
	if (__builtin_mul_overflow((size_t)n, sizeof(*t->buckets), &bytes))
		return -ENOMEM;
	t->buckets = mem->alloc(mem->ctx, bytes, _Alignof(struct table_bucket));
	if (t->buckets == NULL)
		return -ENOMEM;
	memset(t->buckets, 0, bytes);
	for (uint32_t i = 0; i < n; i++)
		memset(t->buckets[i].ref, 0xff, sizeof(t->buckets[i].ref));
	t->nb_buckets = n;
	return 0;
}

void
table_fini(struct table *t, const struct mem *mem)
{
	if (t->buckets != NULL)
		mem->free(mem->ctx, t->buckets, t->nb_buckets * sizeof(*t->buckets));
	t->buckets = NULL;
	t->nb_buckets = 0;
	t->entries = 0;
	t->at = &t->nobody;
}

void
table_set_records(struct table *t, enum ref_kind kind, const void *base, uint32_t shift)
{
	t->base[kind] = (uintptr_t)base - ((uintptr_t)ref_make(kind, 0) << shift);
	t->shift[kind] = shift;
}

static inline uint32_t
table_after(const struct table *t, uint32_t i)
{
	return i + 1 < t->nb_buckets ? i + 1 : 0;
}

table_ref
table_find_further(const struct table *t, uint32_t hash, const struct flow_key *key)
{
	uint32_t home = table_home(t, hash);
	table_ref ref;

	for (uint32_t i = table_after(t, home); i != home; i = table_after(t, i)) {
		ref = table_find_in(t, &t->buckets[i], table_tag(hash), key);
		if (ref != REF_NONE || t->buckets[i].passed == 0)
			return ref;
	}
	return REF_NONE;
}

static inline void
put(struct table *t, struct table_bucket *b, unsigned int way, uint32_t hash, table_ref ref)
{
	b->tag[way] = table_tag(hash);
	b->ref[way] = ref;
	t->entries++;
}

/* The home bucket is full: on to the next that isn't. */
static __attribute__((noinline)) int
insert_further(struct table *t, uint32_t hash, table_ref ref)
{
	uint32_t i = table_home(t, hash), ways;

	if (t->entries == (uint64_t)t->nb_buckets * TABLE_WAYS)
		return -ENOSPC;
	for (;;) {
		ways = table_match(&t->buckets[i], 0);
		if (ways != 0)
			break;
		t->buckets[i].passed++;
		i = table_after(t, i);
	}
	put(t, &t->buckets[i], (unsigned int)__builtin_ctz(ways), hash, ref);
	return 0;
}

int
table_insert(struct table *t, uint32_t hash, table_ref ref)
{
	struct table_bucket *b = &t->buckets[table_home(t, hash)];
	uint32_t ways = table_match(b, 0);

	if (ways == 0)
		return insert_further(t, hash, ref);
	put(t, b, (unsigned int)__builtin_ctz(ways), hash, ref);
	return 0;
}

/* Where @p ref stands in a bucket, by its tag and itself. @return its way, or TABLE_WAYS. */
static inline unsigned int
way_of(const struct table_bucket *b, uint32_t hash, table_ref ref)
{
	for (uint32_t ways = table_match(b, table_tag(hash)); ways != 0; ways &= ways - 1) {
		unsigned int way = (unsigned int)__builtin_ctz(ways);

		if (b->ref[way] == ref)
			return way;
	}
	return TABLE_WAYS;
}

/* Where it stands beyond its home. @return its bucket, or NULL. */
static struct table_bucket *
locate_further(const struct table *t, uint32_t hash, table_ref ref, unsigned int *way)
{
	uint32_t home = table_home(t, hash), i = home;

	while (t->buckets[i].passed != 0) {
		i = table_after(t, i);
		if (i == home)
			break;
		*way = way_of(&t->buckets[i], hash, ref);
		if (*way != TABLE_WAYS)
			return &t->buckets[i];
	}
	return NULL;
}

static inline void
take_out(struct table *t, struct table_bucket *b, unsigned int way)
{
	b->tag[way] = 0;
	b->ref[way] = REF_NONE; /* for who guessed it */
	t->entries--;
}

static __attribute__((noinline)) void
remove_further(struct table *t, uint32_t hash, table_ref ref)
{
	unsigned int way;
	struct table_bucket *b = locate_further(t, hash, ref, &way);

	if (b == NULL)
		return;
	take_out(t, b, way);
	for (uint32_t i = table_home(t, hash); &t->buckets[i] != b; i = table_after(t, i))
		t->buckets[i].passed--;
}

void
table_remove(struct table *t, uint32_t hash, table_ref ref)
{
	struct table_bucket *b = &t->buckets[table_home(t, hash)];
	unsigned int way = way_of(b, hash, ref);

	if (way == TABLE_WAYS) {
		remove_further(t, hash, ref);
		return;
	}
	take_out(t, b, way);
}

void
table_replace_elsewhere(struct table *t, uint32_t hash, table_ref from, table_ref to)
{
	struct table_bucket *b = &t->buckets[table_home(t, hash)];
	unsigned int way = way_of(b, hash, from);

	if (way == TABLE_WAYS)
		b = locate_further(t, hash, from, &way);
	if (b != NULL)
		b->ref[way] = to;
}
