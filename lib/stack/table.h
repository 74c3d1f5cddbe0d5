/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.h: one core's connection table: from a flow's key to the record that stands for it,
 * whatever its kind. Buckets are one cache line, 10 tags beside 10 references; a bucket that is
 * full passes entries on to the next and counts how many went by, so a lookup stops at the first
 * bucket that nothing went past. No locks, no atomics; the size is fixed at start.
 *
 * The key is compared in the record: every kind of record begins with its struct flow_key.
 */
#ifndef STACK_TABLE_H
#define STACK_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/flow.h"
#include "base/slab.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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
	uint32_t passed; /* entries whose home is here or before, and that stand further on */
	table_ref ref[TABLE_WAYS]; /* REF_NONE where it is free */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct table_bucket) == 64, "a bucket is one cache line");

struct table {
	struct table_bucket *buckets;
	uint32_t nb_buckets;
	uint32_t entries;
	uintptr_t base[REF_KINDS]; /* each kind's records, less what the kind in a reference adds */
	uint32_t shift[REF_KINDS]; /* log2 of their size */
	table_ref nobody;	   /* REF_NONE: a slot for guesses of nothing */
	table_ref *at; /* the slot that table_check() looked at last: table_replace() does first */
};

/** Makes room for @p capacity records at a load of at most 0.6. @return 0 or -ENOMEM. */
int table_init(struct table *t, const struct mem *mem, uint32_t capacity);
void table_fini(struct table *t, const struct mem *mem);

/** Where the records of a kind stand: records of (1 << shift) bytes from base on. */
void table_set_records(struct table *t, enum ref_kind kind, const void *base, uint32_t shift);

/** Adds @p ref, whose record has its key already and isn't in the table. @return 0 or -ENOSPC. */
int table_insert(struct table *t, uint32_t hash, table_ref ref);

/** Takes @p ref out; nothing if it isn't in the table. The record is not looked at. */
void table_remove(struct table *t, uint32_t hash, table_ref ref);

/* For table_replace(): what isn't in the slot that was looked at last. */
void table_replace_elsewhere(struct table *t, uint32_t hash, table_ref from, table_ref to);

/**
 * Puts @p to (same key) in the slot of @p from; nothing if that isn't in the table. No reference
 * stands in two slots, so that where it is seen is its slot.
 */
static inline void
table_replace(struct table *t, uint32_t hash, table_ref from, table_ref to)
{
	if (__builtin_expect(*t->at == from, 1))
		*t->at = to;
	else
		table_replace_elsewhere(t, hash, from, to);
}

/* For table_find(): what isn't in its home bucket, which something went past. */
table_ref table_find_further(const struct table *t, uint32_t hash, const struct flow_key *key);

/* The home bucket comes from the hash's high bits, the tag from its low ones. No tag is 0. */
static inline uint32_t
table_home(const struct table *t, uint32_t hash)
{
	return (uint32_t)(((uint64_t)hash * t->nb_buckets) >> 32);
}

static inline uint16_t
table_tag(uint32_t hash)
{
	return (uint16_t)(hash | 0x8000);
}

/* A bit for each of the bucket's ways with this tag. */
static inline uint32_t
table_match(const struct table_bucket *b, uint16_t tag)
{
#ifdef __SSE2__
	const __m128i *line = (const __m128i *)(const void *)b;
	__m128i want = _mm_set1_epi16((short)tag);
	__m128i low = _mm_cmpeq_epi16(_mm_load_si128(line), want);
	__m128i high = _mm_cmpeq_epi16(_mm_load_si128(line + 1), want); /* two tags, and more */

	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high)) & ((1U << TABLE_WAYS) - 1);
#else
	uint32_t ways = 0;

	for (unsigned int i = 0; i < TABLE_WAYS; i++)
		ways |= (uint32_t)(b->tag[i] == tag) << i;
	return ways;
#endif
}

/* The key of a record: it stands at its beginning. */
static inline const struct flow_key *
table_key(const struct table *t, table_ref ref)
{
	enum ref_kind kind = ref_kind(ref);

	return (const struct flow_key *)(t->base[kind] + ((uintptr_t)ref << t->shift[kind]));
}

/* @return the reference of @p key if it stands in this bucket, or REF_NONE. */
static inline table_ref
table_find_in(const struct table *t, const struct table_bucket *b, uint16_t tag,
	const struct flow_key *key)
{
	for (uint32_t ways = table_match(b, tag); ways != 0; ways &= ways - 1) {
		table_ref ref = b->ref[__builtin_ctz(ways)];

		if (flow_eq(table_key(t, ref), key))
			return ref;
	}
	return REF_NONE;
}

/** @return the reference of @p key, or REF_NONE. */
static inline table_ref
table_find(const struct table *t, uint32_t hash, const struct flow_key *key)
{
	const struct table_bucket *b = &t->buckets[table_home(t, hash)];
	table_ref ref = table_find_in(t, b, table_tag(hash), key);

	return ref != REF_NONE || b->passed == 0 ? ref : table_find_further(t, hash, key);
}

/** A lookup's first stage, for a burst: fetches the home bucket. @return it. */
static inline struct table_bucket *
table_prefetch(const struct table *t, uint32_t hash)
{
	struct table_bucket *b = &t->buckets[table_home(t, hash)];

	__builtin_prefetch(b);
	return b;
}

/**
 * The second stage: fetches the first line of the record that the tag names in the home bucket
 * @p b, or else the next bucket if table_find() will look there. @return the slot: a guess, which
 * may be wrong.
 */
static inline table_ref *
table_guess(struct table *t, struct table_bucket *b, uint32_t hash)
{
	uint32_t ways = table_match(b, table_tag(hash));
	table_ref *slot;

	if (ways == 0) {
		__builtin_prefetch(b + (b->passed != 0)); /* past the end does no harm */
		return &t->nobody;
	}
	slot = &b->ref[__builtin_ctz(ways)];
	__builtin_prefetch(table_key(t, *slot));
	return slot;
}

/**
 * What stands in the slot @p guess by now, if its key is @p key, else REF_NONE. The packets before
 * this one may have ended or replaced what was guessed.
 */
static inline table_ref
table_check(struct table *t, table_ref *guess, const struct flow_key *key)
{
	table_ref ref = *guess;

	t->at = guess;
	if (ref == REF_NONE || !flow_eq(table_key(t, ref), key))
		return REF_NONE;
	return ref;
}

#endif
