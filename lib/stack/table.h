/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.h: one core's connection table: from a flow's key to the record that stands for it, whatever
 * its kind. Buckets are one cache line, 10 tags beside 10 references; a bucket that is full passes
 * entries on to the next and counts how many went by, so a lookup stops at the first bucket that
 * nothing went past. No locks, no atomics; the size is fixed at start.
 *
 * The key is compared in the record: every kind of record begins with its struct flow_key.
 */
#ifndef STACK_TABLE_H
#define STACK_TABLE_H

#include "base/flow.h"
#include "base/slab.h"

enum ref_kind {
	REF_TCB,
	REF_EMBRYO,
	REF_TOMBSTONE,
	REF_KINDS,
};

/** Kind in the two high bits, index in the other 30. REF_NONE refers to nothing. */
typedef uint32_t table_ref;
#define REF_NONE       UINT32_MAX
#define REF_INDEX_MASK ((UINT32_C(1) << 30) - 1)

static inline table_ref
ref_make(enum ref_kind kind, uint32_t index)
{
	return (uint32_t)kind << 30 | index;
}

static inline enum ref_kind
ref_kind(table_ref ref)
{
	return (enum ref_kind)(ref >> 30);
}

static inline uint32_t
ref_index(table_ref ref)
{
	return ref & REF_INDEX_MASK;
}

#define TABLE_WAYS 10

struct table_bucket {
	uint16_t tag[TABLE_WAYS]; /* 0: free */
	uint32_t passed;          /* entries whose home is here or before, and that stand further on */
	table_ref ref[TABLE_WAYS];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct table_bucket) == 64, "a bucket is one cache line");

struct table {
	struct table_bucket *buckets;
	uint32_t nb_buckets;
	uint32_t entries;
	const uint8_t *base[REF_KINDS]; /* of each kind's records */
	uint32_t shift[REF_KINDS];      /* log2 of its size */
};

/** Makes room for @p capacity records at a load of at most 0.8. @return 0 or -ENOMEM. */
int table_init(struct table *t, const struct mem *mem, uint32_t capacity);
void table_fini(struct table *t, const struct mem *mem);

/** Where the records of a kind stand: records of (1 << shift) bytes from base on. */
void table_set_records(struct table *t, enum ref_kind kind, const void *base, uint32_t shift);

/** Adds @p ref, whose record has its key already and isn't in the table. @return 0 or -ENOSPC. */
int table_insert(struct table *t, uint32_t hash, table_ref ref);

/** Takes @p ref, which is in the table, out. */
void table_remove(struct table *t, uint32_t hash, table_ref ref);

/** Puts @p to (same key) in the slot of @p from. */
void table_replace(struct table *t, uint32_t hash, table_ref from, table_ref to);

/** @return the reference of @p key, or REF_NONE. */
table_ref table_find(const struct table *t, uint32_t hash, const struct flow_key *key);

/** A lookup's first two stages, for a burst: fetch the bucket; guess by tag and fetch the record. */
void table_prefetch(const struct table *t, uint32_t hash);
table_ref table_guess(const struct table *t, uint32_t hash); /* prefetches the record; may be wrong */

/** Whether @p guess (maybe REF_NONE) still is right: in the home bucket, and its key equals @p key. */
bool table_check(const struct table *t, uint32_t hash, table_ref guess, const struct flow_key *key);

#endif
