/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table_dpdk.c: rte_hash for one thread, without locks, in three forms: as it makes itself for keys
 * of 24 B, hashed by CRC and compared by memcmp(); tuned, with a comparison for this very key; and
 * with jhash, which has a seed that isn't simply added, as CRC's is (thole may use neither: see
 * base/flow_hash.h). Lookups and the hashing for insertions are in bulk. Its buckets come in powers
 * of two: it is asked for what makes the load 0.8 or less. Its records are there before, and aren't
 * touched when a flow is put in or taken out.
 */
#include <errno.h>
#include <stdio.h>

#include <rte_jhash.h>
#include <rte_malloc.h>
#include <rte_prefetch.h>

#include "keys.h"
#include "table.h"

/* rte_hash has none for 24 B, and would call memcmp(). */
static int
compare(const void *a, const void *b, size_t bytes)
{
	return !flow_eq(a, b);
}

/* As few as will do: the keys that are free go round in a ring, through all there are. */
static uint32_t
entries_for(uint32_t n)
{
	uint32_t slots = rte_align32pow2(n);

	return slots >= n + n / 4 ? n : slots + 1;
}

uint32_t
dpdk_table_slots(uint32_t n)
{
	return rte_align32pow2(entries_for(n));
}

static inline void
add(struct dpdk_table *t, const struct flow_key *key, hash_sig_t hash)
{
	struct record *record = &t->records[key_number(key)];

	t->failed += rte_hash_add_key_with_hash_data(t->hash, key, hash, record) != 0;
}

static int
fill(struct dpdk_table *t)
{
	for (uint32_t i = 0; i < t->flows->n; i++) {
		struct record *record = &t->records[i];

		record->key = key_make(i, KEYS_PORT_HERE);
		record->number = i;
		add(t, &record->key, rte_hash_hash(t->hash, &record->key));
	}
	return t->failed == 0 ? 0 : -ENOSPC;
}

int
dpdk_table_init(struct dpdk_table *t, const struct flows *flows, enum dpdk_form form)
{
	struct rte_hash_parameters params = {
		.name = "micro",
		.entries = entries_for(flows->n),
		.key_len = sizeof(struct flow_key),
		.hash_func = form == DPDK_JHASH ? rte_jhash : NULL, /* NULL: CRC */
		.hash_func_init_val = 42,
		.socket_id = SOCKET_ID_ANY,
		.extra_flag = 0, /* nobody else reads or writes */
	};

	*t = (struct dpdk_table){ .flows = flows };
	t->records = rte_zmalloc("micro", (size_t)flows->n * sizeof(*t->records), 64);
	t->hash = rte_hash_create(&params);
	if (t->records == NULL || t->hash == NULL)
		return -ENOMEM;
	if (form == DPDK_TUNED)
		rte_hash_set_cmp_func(t->hash, compare);
	return fill(t);
}

void
dpdk_table_fini(struct dpdk_table *t)
{
	rte_hash_free(t->hash);
	rte_free(t->records);
}

static inline void
point(const void *pointers[TABLE_BURST], const struct flow_key *keys, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		pointers[i] = &keys[i];
}

static inline void
take(struct dpdk_table *t, uint64_t hits, void *const data[TABLE_BURST], uint32_t n, bool read)
{
	for (uint32_t i = 0; read && i < n; i++)
		if ((hits >> i & 1) != 0)
			rte_prefetch0(data[i]);
	for (uint32_t i = 0; i < n; i++) {
		if ((hits >> i & 1) == 0)
			continue;
		t->at.found++;
		t->at.sum += read ? ((const struct record *)data[i])->number : (uintptr_t)data[i];
	}
}

static inline void
lookups(struct dpdk_table *t, const struct flow_key *keys, uint32_t nb_keys, uint32_t *at,
	uint32_t n, bool read)
{
	const void *pointers[TABLE_BURST];
	void *data[TABLE_BURST];
	uint64_t hits;
	uint32_t burst;

	for (; n != 0; n -= burst) {
		burst = cursor_burst(at, nb_keys, n);
		point(pointers, keys + *at, burst);
		rte_hash_lookup_bulk_data(t->hash, pointers, burst, &hits, data);
		take(t, hits, data, burst, read);
		*at += burst;
	}
}

void
dpdk_table_lookup(void *ctx, uint32_t n)
{
	struct dpdk_table *t = ctx;

	lookups(t, t->flows->keys, t->flows->n, &t->at.lookup, n, false);
}

void
dpdk_table_lookup_read(void *ctx, uint32_t n)
{
	struct dpdk_table *t = ctx;

	lookups(t, t->flows->keys, t->flows->n, &t->at.lookup, n, true);
}

void
dpdk_table_lookup_absent(void *ctx, uint32_t n)
{
	struct dpdk_table *t = ctx;

	lookups(t, t->flows->absent, t->flows->nb_absent, &t->at.absent, n, false);
}

void
dpdk_table_lookup_single(void *ctx, uint32_t n)
{
	struct dpdk_table *t = ctx;
	uint32_t *at = &t->at.lookup;

	for (; n != 0; n--) {
		void *data;

		if (*at == t->flows->n)
			*at = 0;
		if (rte_hash_lookup_data(t->hash, &t->flows->keys[(*at)++], &data) < 0)
			continue;
		t->at.found++;
		t->at.sum += (uintptr_t)data;
	}
}

void
dpdk_table_insert(void *ctx, uint32_t n)
{
	struct dpdk_table *t = ctx;
	uint32_t *at = &t->at.insert;

	for (; n != 0; n--) {
		const struct flow_key *key;

		if (*at == t->flows->n)
			*at = 0;
		key = &t->flows->keys[(*at)++];
		t->failed += rte_hash_add_key_data(t->hash, key, &t->records[key_number(key)]) != 0;
	}
}

void
dpdk_table_remove(void *ctx, uint32_t n)
{
	struct dpdk_table *t = ctx;
	uint32_t *at = &t->at.remove;

	for (; n != 0; n--) {
		if (*at == t->flows->n)
			*at = 0;
		t->failed += rte_hash_del_key(t->hash, &t->flows->keys[(*at)++]) < 0;
	}
}

struct bulk {
	const void *pointers[TABLE_BURST];
	hash_sig_t hash[TABLE_BURST];
	void *data[TABLE_BURST];
	uint64_t hits;
};

static inline void
look_up(const struct dpdk_table *t, const struct flow_key *keys, uint32_t n, struct bulk *b)
{
	point(b->pointers, keys, n);
	for (uint32_t i = 0; i < n; i++)
		b->hash[i] = rte_hash_hash(t->hash, &keys[i]);
	rte_hash_lookup_with_hash_bulk_data(t->hash, b->pointers, b->hash, n, &b->hits, b->data);
}

void
dpdk_table_open(void *ctx, uint32_t n)
{
	struct dpdk_table *t = ctx;
	uint32_t *at = &t->at.insert, burst;
	struct bulk b;

	for (; n != 0; n -= burst) {
		const struct flow_key *keys;

		burst = cursor_burst(at, t->flows->n, n);
		keys = t->flows->keys + *at;
		look_up(t, keys, burst, &b);
		for (uint32_t i = 0; i < burst; i++) {
			if ((b.hits >> i & 1) != 0)
				t->failed++;
			else
				add(t, &keys[i], b.hash[i]);
		}
		*at += burst;
	}
}

void
dpdk_table_close(void *ctx, uint32_t n)
{
	struct dpdk_table *t = ctx;
	uint32_t *at = &t->at.remove, burst;
	struct bulk b;

	for (; n != 0; n -= burst) {
		const struct flow_key *keys;

		burst = cursor_burst(at, t->flows->n, n);
		keys = t->flows->keys + *at;
		look_up(t, keys, burst, &b);
		for (uint32_t i = 0; i < burst; i++)
			t->failed += (b.hits >> i & 1) == 0 ||
				     rte_hash_del_key_with_hash(t->hash, &keys[i], b.hash[i]) < 0;
		*at += burst;
	}
}

uint64_t
dpdk_table_right(void *ctx)
{
	const struct dpdk_table *t = ctx;
	uint64_t right = 0;

	for (uint32_t i = 0; i < t->flows->n; i++) {
		const struct flow_key *key = &t->flows->keys[i];
		void *data;

		if (rte_hash_lookup_data(t->hash, key, &data) >= 0)
			right += ((const struct record *)data)->number == key_number(key);
	}
	return right;
}
