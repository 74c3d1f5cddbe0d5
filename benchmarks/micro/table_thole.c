/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table_thole.c: thole's connection table, used as lib/stack does: a burst of lookups in the three
 * stages of rx.c and demux.c, an insertion as connections are opened, a removal as they end.
 */
#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "keys.h"
#include "table.h"

static void *
eal_alloc(void *ctx, size_t bytes, size_t align)
{
	return rte_zmalloc("micro", bytes, (unsigned int)align);
}

static void
eal_free(void *ctx, void *p, size_t bytes)
{
	rte_free(p);
}

static const struct mem eal_mem = { eal_alloc, eal_free, NULL };

static inline struct record *
record_at(const struct thole_table *t, table_ref ref)
{
	return (struct record *)(void *)(t->records.base +
					 (size_t)ref_index(ref) * sizeof(struct record));
}

static inline table_ref
add(struct thole_table *t, const struct flow_key *key, uint32_t hash)
{
	uint32_t i = slab_get(&t->records);
	struct record *record;

	if (i == SLAB_NONE) {
		t->failed++;
		return REF_NONE;
	}
	record = record_at(t, i);
	record->key = *key;
	record->number = key_number(key);
	t->failed += table_insert(&t->table, hash, ref_make(REF_TCB, i)) != 0;
	return ref_make(REF_TCB, i);
}

static int
fill(struct thole_table *t)
{
	const struct flows *f = t->flows;

	for (uint32_t i = 0; i < f->n; i++) {
		struct flow_key key = key_make(i, KEYS_PORT_HERE);

		add(t, &key, flow_hash(&t->hash, &key));
	}
	for (uint32_t i = 0; i < f->n; i++)
		t->refs[i] = table_find(&t->table, flow_hash(&t->hash, &f->keys[i]), &f->keys[i]);
	return t->failed == 0 ? 0 : -ENOSPC;
}

int
thole_table_init(struct thole_table *t, const struct flows *flows)
{
	static const uint64_t secret[2] = { UINT64_C(0x0123456789abcdef), 42 };

	*t = (struct thole_table){ .flows = flows };
	flow_hash_init(&t->hash, secret);
	t->refs = rte_malloc("micro", flows->n * sizeof(*t->refs), 0);
	if (t->refs == NULL || table_init(&t->table, &eal_mem, flows->n) != 0 ||
		slab_init(&t->records, &eal_mem, flows->n, sizeof(struct record), 64) != 0)
		return -ENOMEM;
	table_set_records(&t->table, REF_TCB, t->records.base, 6);
	return fill(t);
}

void
thole_table_fini(struct thole_table *t)
{
	if (t->records.base != NULL)
		slab_fini(&t->records, &eal_mem);
	table_fini(&t->table, &eal_mem);
	rte_free(t->refs);
}

struct stages {
	uint32_t hash[TABLE_BURST];
	struct table_bucket *home[TABLE_BURST];
	table_ref *guess[TABLE_BURST];
};

/* As the first two stages of a burst do. */
static inline void
stage(struct thole_table *t, const struct flow_key *keys, uint32_t n, struct stages *s)
{
	for (uint32_t i = 0; i < n; i++) {
		s->hash[i] = flow_hash(&t->hash, &keys[i]);
		s->home[i] = table_prefetch(&t->table, s->hash[i]);
	}
	for (uint32_t i = 0; i < n; i++)
		s->guess[i] = table_guess(&t->table, s->home[i], s->hash[i]);
}

/* As the third, for each packet of it. */
static inline table_ref
find(struct thole_table *t, const struct flow_key *keys, uint32_t i, const struct stages *s)
{
	table_ref ref = table_check(&t->table, s->guess[i], &keys[i]);

	if (unlikely(ref == REF_NONE))
		ref = table_find(&t->table, s->hash[i], &keys[i]);
	return ref;
}

static inline void
lookups(struct thole_table *t, const struct flow_key *keys, uint32_t nb_keys, uint32_t *at,
	uint32_t n, bool read)
{
	struct stages s;
	uint32_t burst;

	for (; n != 0; n -= burst) {
		burst = cursor_burst(at, nb_keys, n);
		stage(t, keys + *at, burst, &s);
		for (uint32_t i = 0; i < burst; i++) {
			table_ref ref = find(t, keys + *at, i, &s);

			if (ref == REF_NONE)
				continue;
			t->at.found++;
			t->at.sum += read ? record_at(t, ref)->number : ref;
		}
		*at += burst;
	}
}

void
thole_table_lookup(void *ctx, uint32_t n)
{
	struct thole_table *t = ctx;

	lookups(t, t->flows->keys, t->flows->n, &t->at.lookup, n, false);
}

void
thole_table_lookup_read(void *ctx, uint32_t n)
{
	struct thole_table *t = ctx;

	lookups(t, t->flows->keys, t->flows->n, &t->at.lookup, n, true);
}

void
thole_table_lookup_absent(void *ctx, uint32_t n)
{
	struct thole_table *t = ctx;

	lookups(t, t->flows->absent, t->flows->nb_absent, &t->at.absent, n, false);
}

void
thole_table_lookup_single(void *ctx, uint32_t n)
{
	struct thole_table *t = ctx;
	uint32_t *at = &t->at.lookup;

	for (; n != 0; n--) {
		const struct flow_key *key;
		table_ref ref;

		if (*at == t->flows->n)
			*at = 0;
		key = &t->flows->keys[(*at)++];
		ref = table_find(&t->table, flow_hash(&t->hash, key), key);
		if (ref == REF_NONE)
			continue;
		t->at.found++;
		t->at.sum += ref;
	}
}

void
thole_table_insert(void *ctx, uint32_t n)
{
	struct thole_table *t = ctx;
	uint32_t *at = &t->at.insert;

	for (; n != 0; n--, (*at)++) {
		const struct flow_key *key;

		if (*at == t->flows->n)
			*at = 0;
		key = &t->flows->keys[*at];
		t->refs[*at] = add(t, key, flow_hash(&t->hash, key));
	}
}

static inline void
drop(struct thole_table *t, uint32_t hash, table_ref ref)
{
	table_remove(&t->table, hash, ref);
	slab_put(&t->records, ref_index(ref));
}

void
thole_table_remove(void *ctx, uint32_t n)
{
	struct thole_table *t = ctx;
	uint32_t *at = &t->at.remove;

	for (; n != 0; n--, (*at)++) {
		if (*at == t->flows->n)
			*at = 0;
		drop(t, flow_hash(&t->hash, &t->flows->keys[*at]), t->refs[*at]);
	}
}

void
thole_table_open(void *ctx, uint32_t n)
{
	struct thole_table *t = ctx;
	uint32_t *at = &t->at.insert, burst;
	struct stages s;

	for (; n != 0; n -= burst) {
		const struct flow_key *keys;

		burst = cursor_burst(at, t->flows->n, n);
		keys = t->flows->keys + *at;
		stage(t, keys, burst, &s);
		for (uint32_t i = 0; i < burst; i++) {
			if (find(t, keys, i, &s) != REF_NONE)
				t->failed++;
			else
				t->refs[*at + i] = add(t, &keys[i], s.hash[i]);
		}
		*at += burst;
	}
}

void
thole_table_close(void *ctx, uint32_t n)
{
	struct thole_table *t = ctx;
	uint32_t *at = &t->at.remove, burst;
	struct stages s;

	for (; n != 0; n -= burst) {
		const struct flow_key *keys;

		burst = cursor_burst(at, t->flows->n, n);
		keys = t->flows->keys + *at;
		stage(t, keys, burst, &s);
		for (uint32_t i = 0; i < burst; i++) {
			table_ref ref = find(t, keys, i, &s);

			if (ref == REF_NONE)
				t->failed++;
			else
				drop(t, s.hash[i], ref);
		}
		*at += burst;
	}
}

uint64_t
thole_table_right(void *ctx)
{
	const struct thole_table *t = ctx;
	uint64_t right = 0;

	for (uint32_t i = 0; i < t->flows->n; i++) {
		const struct flow_key *key = &t->flows->keys[i];
		table_ref ref = table_find(&t->table, flow_hash(&t->hash, key), key);

		right += ref != REF_NONE && record_at(t, ref)->number == key_number(key);
	}
	return right;
}
