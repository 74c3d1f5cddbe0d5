/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.c: the connection table against a map that is an array. Few buckets, and hashes that the
 * input chooses, so that entries meet in tags, in buckets and past the end.
 *
 * Input: number of buckets, 16 bytes for hashes, then ops of two bytes: what, and about which key.
 */
#include <string.h>

#include "fuzz.h"
#include "stack/table.h"

#define KEYS	64
#define RECORDS (KEYS + 1) /* of each kind: each key has one, and one is being replaced */
#define GUESSES 4

enum op {
	OP_INSERT,
	OP_REMOVE,
	OP_REPLACE,
	OP_FIND,
	OP_GUESS,
	OP_CHECK,
	OP_REMOVE_ABSENT,
	OPS,
};

/* As in the stack, a record begins with its key and its size is a power of two. */
#define RECORD_SHIFT 5
struct record {
	struct flow_key key;
	uint64_t rest;
};
_Static_assert(sizeof(struct record) == 1 << RECORD_SHIFT, "the table shifts an index");

struct guess {
	unsigned int key;
	table_ref *slot;
};

static struct {
	struct table table;
	struct record records[REF_KINDS][RECORDS];
	bool used[REF_KINDS][RECORDS];
	uint32_t hash[KEYS];
	table_ref map[KEYS];
	uint32_t entries;
	struct guess guess[GUESSES];
	unsigned int nb_guesses;
} f;

/* Keys differ in one place only, which isn't always the same. */
static struct flow_key
key_of(unsigned int k)
{
	struct flow_key key = { .raddr = { 1, 2 }, .laddr = 3, .rport = 4, .lport = 5 };

	switch (k % 4) {
	case 0:
		key.raddr[1] ^= (uint64_t)k << 32;
		break;
	case 1:
		key.laddr += k;
		break;
	case 2:
		key.rport = (uint16_t)(key.rport + k);
		break;
	case 3:
		key.lport = (uint16_t)(key.lport + k);
		break;
	}
	return key;
}

static table_ref
record_make(enum ref_kind kind, unsigned int k)
{
	uint32_t i = 0;

	while (f.used[kind][i])
		i++;
	f.used[kind][i] = true;
	f.records[kind][i].key = key_of(k);
	return ref_make(kind, i);
}

/* What was a record is somebody else's at once. */
static void
record_free(table_ref ref)
{
	f.used[ref_kind(ref)][ref_index(ref)] = false;
	memset(&f.records[ref_kind(ref)][ref_index(ref)], 0xa5, sizeof(f.records[0][0]));
}

static void
do_insert(unsigned int k, enum ref_kind kind)
{
	bool full = f.entries == f.table.nb_buckets * TABLE_WAYS;
	table_ref ref;
	int err;

	if (f.map[k] != REF_NONE)
		return;
	ref = record_make(kind, k);
	err = table_insert(&f.table, f.hash[k], ref);
	FUZZ_CHECK((err != 0) == full, "insert: %d with %u of %u", err, f.entries,
		f.table.nb_buckets * TABLE_WAYS);
	if (err != 0) {
		record_free(ref);
		return;
	}
	f.map[k] = ref;
	f.entries++;
}

static void
do_remove(unsigned int k)
{
	if (f.map[k] == REF_NONE)
		return;
	record_free(f.map[k]); /* remove mustn't look at it */
	table_remove(&f.table, f.hash[k], f.map[k]);
	f.map[k] = REF_NONE;
	f.entries--;
}

static void
do_replace(unsigned int k, enum ref_kind kind)
{
	table_ref to;

	if (f.map[k] == REF_NONE)
		return;
	to = record_make(kind, k);
	table_replace(&f.table, f.hash[k], f.map[k], to);
	record_free(f.map[k]);
	f.map[k] = to;
}

static void
do_find(unsigned int k)
{
	struct flow_key key = key_of(k);
	table_ref ref = table_find(&f.table, f.hash[k], &key);

	FUZZ_CHECK(ref == f.map[k], "key %u: found %x, it is %x", k, ref, f.map[k]);
}

static void
do_guess(unsigned int k)
{
	struct table_bucket *home = table_prefetch(&f.table, f.hash[k]);

	f.guess[f.nb_guesses++ % GUESSES] =
		(struct guess){ .key = k, .slot = table_guess(&f.table, home, f.hash[k]) };
}

/* A guess that is some ops old: a yes must be true. */
static void
do_check(unsigned int which)
{
	const struct guess *g = &f.guess[which % GUESSES];
	struct flow_key key = key_of(g->key);
	table_ref ref;

	if (which % GUESSES >= f.nb_guesses)
		return;
	ref = table_check(&f.table, g->slot, &key);
	if (ref != REF_NONE)
		FUZZ_CHECK(f.map[g->key] == ref, "key %u: %x is taken for it, it is %x", g->key,
			ref, f.map[g->key]);
}

static void
do_op(enum op op, unsigned int k, enum ref_kind kind)
{
	switch (op) {
	case OP_INSERT:
		do_insert(k, kind);
		break;
	case OP_REMOVE:
		do_remove(k);
		break;
	case OP_REPLACE:
		do_replace(k, kind);
		break;
	case OP_FIND:
		do_find(k);
		break;
	case OP_GUESS:
		do_guess(k);
		break;
	case OP_CHECK:
		do_check(k);
		break;
	case OP_REMOVE_ABSENT:
		/* Neither may change anything: the index is one that no record has. */
		table_remove(&f.table, f.hash[k], ref_make(kind, RECORDS));
		table_replace(&f.table, f.hash[k], ref_make(kind, RECORDS), ref_make(kind, 0));
		break;
	case OPS:
		break;
	}
	FUZZ_CHECK(f.table.entries == f.entries, "%u entries, there are %u", f.table.entries,
		f.entries);
}

static void
check_empty(void)
{
	for (uint32_t i = 0; i < f.table.nb_buckets; i++) {
		FUZZ_CHECK(f.table.buckets[i].passed == 0, "bucket %u: passed by what is gone", i);
		FUZZ_CHECK(table_match(&f.table.buckets[i], 0) == (1U << TABLE_WAYS) - 1,
			"bucket %u isn't empty", i);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const struct mem mem = { fuzz_arena_alloc, fuzz_arena_free, FUZZ_ARENA_JUNK };
	struct fuzz_in in = { data, bytes };
	uint32_t capacity = fuzz_u8(&in) % 40 + 1;
	uint8_t home[8], tag[8];

	fuzz_arena_reset();
	memset(&f, 0, sizeof(f));
	memset(f.records, 0xa5, sizeof(f.records));
	for (unsigned int i = 0; i < 8; i++)
		home[i] = fuzz_u8(&in);
	for (unsigned int i = 0; i < 8; i++)
		tag[i] = fuzz_u8(&in);
	for (unsigned int k = 0; k < KEYS; k++) {
		f.map[k] = REF_NONE;
		f.hash[k] = (uint32_t)home[k % 8] << 24 | tag[k / 8 % 8];
	}
	FUZZ_CHECK(table_init(&f.table, &mem, capacity) == 0, "no table");
	for (unsigned int kind = 0; kind < REF_KINDS; kind++)
		table_set_records(&f.table, (enum ref_kind)kind, f.records[kind], RECORD_SHIFT);
	while (in.left >= 2) {
		uint8_t what = fuzz_u8(&in), about = fuzz_u8(&in);

		do_op((enum op)(what % OPS), about % KEYS, (enum ref_kind)(what / OPS % REF_KINDS));
	}
	for (unsigned int k = 0; k < KEYS; k++)
		do_find(k);
	for (unsigned int k = 0; k < KEYS; k++)
		do_remove(k);
	check_empty();
	table_fini(&f.table, &mem);
	FUZZ_CHECK(fuzz_arena_blocks() == 0, "memory isn't given back");
	return 0;
}
