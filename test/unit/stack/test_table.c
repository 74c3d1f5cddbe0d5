/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_table.c: the table against a list of what should be in it, under random operations, with
 * hashes from well spread to all the same, up to the last free slot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "test_mem.h"
#include "base/prng.h"
#include "base/siphash.h"
#include "stack/table.h"

#define CAPACITY 375 /* 63 buckets */
#define BUCKETS	 63
#define SLOTS	 (BUCKETS * TABLE_WAYS)
#define FLOWS	 (SLOTS + 50)

static const uint32_t shifts[REF_KINDS] = { 8, 6, 6 };

/* What is true: flow i has this key and hash, and is in the table as refs[i] or isn't (REF_NONE).
 */
struct model {
	struct test_mem tm;
	struct table table;
	uint8_t *records[REF_KINDS];
	struct flow_key keys[FLOWS];
	uint32_t hashes[FLOWS];
	table_ref refs[FLOWS];
	uint32_t entries;
	uint64_t seed;
};

/* How a flow comes by its hash. */
enum spread {
	SPREAD_WELL,
	SPREAD_SAME,
	SPREAD_FEW,
	SPREAD_ONE_HOME,  /* the same bucket, other tags */
	SPREAD_ONE_TAG,	  /* the same tag, other buckets */
	SPREAD_ZERO_TAG,  /* low bits all 0 or 1: tags that must not be taken for a free way */
	SPREAD_LAST_HOME, /* goes round the end */
	SPREADS,
};

static uint32_t
spread_hash(enum spread spread, const struct flow_key *key)
{
	static const uint64_t secret[2] = { 1, 2 };
	uint32_t h = (uint32_t)siphash13_flow(secret, key);

	switch (spread) {
	case SPREAD_WELL:
		return h;
	case SPREAD_SAME:
		return 0x12345678;
	case SPREAD_FEW:
		return h % 5 * 0x3fffffff;
	case SPREAD_ONE_HOME:
		return 0x80000000 | (h & 0xffff);
	case SPREAD_ONE_TAG:
		return (h & 0xffff0000) | 0xbeef;
	case SPREAD_ZERO_TAG:
		return h & 0xffff0001;
	case SPREAD_LAST_HOME:
		return 0xffff0000 | h;
	case SPREADS:
		break;
	}
	abort();
}

static struct model *
model_new(enum spread spread)
{
	struct model *m = calloc(1, sizeof(*m));

	if (m == NULL)
		abort();
	m->seed = 100 + (uint64_t)spread;
	test_mem_init(&m->tm);
	CU_ASSERT_EQUAL_FATAL(table_init(&m->table, &m->tm.mem, CAPACITY), 0);
	CU_ASSERT_EQUAL_FATAL(m->table.nb_buckets, BUCKETS);
	for (unsigned int k = 0; k < REF_KINDS; k++) {
		m->records[k] = calloc(FLOWS, (size_t)1 << shifts[k]);
		if (m->records[k] == NULL)
			abort();
		table_set_records(&m->table, (enum ref_kind)k, m->records[k], shifts[k]);
	}
	for (uint32_t i = 0; i < FLOWS; i++) {
		/* neighbours differ in one field only, and each field is one that differs */
		m->keys[i] = (struct flow_key){
			.raddr = { i % 3, i / 3 % 5 },
			.laddr = i / 15 % 4,
			.rport = (uint16_t)(i / 60 % 6),
			.lport = (uint16_t)(i / 360),
		};
		m->hashes[i] = spread_hash(spread, &m->keys[i]);
		m->refs[i] = REF_NONE;
	}
	return m;
}

static void
model_free(struct model *m)
{
	table_fini(&m->table, &m->tm.mem);
	CU_ASSERT_EQUAL_FATAL(m->tm.blocks_out, 0);
	CU_ASSERT_EQUAL_FATAL(m->tm.bytes_out, 0);
	for (unsigned int k = 0; k < REF_KINDS; k++)
		free(m->records[k]);
	free(m);
}

/* Flow i's reference as this kind, with its key in that record. */
static table_ref
model_record(struct model *m, uint32_t i, enum ref_kind kind)
{
	uint32_t index = FLOWS - 1 - i;

	memcpy(m->records[kind] + ((size_t)index << shifts[kind]), &m->keys[i], sizeof(m->keys[i]));
	return ref_make(kind, index);
}

static void
model_insert(struct model *m, uint32_t i)
{
	table_ref ref = model_record(m, i, (enum ref_kind)prng_below(&m->seed, REF_KINDS));
	int got = table_insert(&m->table, m->hashes[i], ref);

	CU_ASSERT_EQUAL_FATAL(got, m->entries < SLOTS ? 0 : -ENOSPC);
	if (got != 0)
		return;
	m->refs[i] = ref;
	m->entries++;
}

static void
model_remove(struct model *m, uint32_t i)
{
	enum ref_kind kind = ref_kind(m->refs[i]);

	/* the record may have been given away already */
	memset(m->records[kind] + ((size_t)ref_index(m->refs[i]) << shifts[kind]), 0xee,
		(size_t)1 << shifts[kind]);
	table_remove(&m->table, m->hashes[i], m->refs[i]);
	m->refs[i] = REF_NONE;
	m->entries--;
}

static void
model_replace(struct model *m, uint32_t i)
{
	unsigned int step = 1 + prng_below(&m->seed, REF_KINDS - 1);
	enum ref_kind kind =
		(enum ref_kind)(((unsigned int)ref_kind(m->refs[i]) + step) % REF_KINDS);
	table_ref to = model_record(m, i, kind);

	table_replace(&m->table, m->hashes[i], m->refs[i], to);
	m->refs[i] = to;
}

/* A guess must be right but for two reasons: the home bucket doesn't have flow @p i's entry, or has
 * another before it with the same tag. */
static bool
model_elsewhere(const struct model *m, uint32_t i)
{
	const struct table_bucket *b = &m->table.buckets[table_home(&m->table, m->hashes[i])];

	for (unsigned int way = 0; way < TABLE_WAYS; way++) {
		if (b->tag[way] == table_tag(m->hashes[i]))
			return b->ref[way] != m->refs[i];
	}
	return true;
}

static void
model_look(struct model *m, uint32_t i)
{
	struct table *t = &m->table;
	table_ref *guess, ref;

	CU_ASSERT_EQUAL_FATAL(table_find(t, m->hashes[i], &m->keys[i]), m->refs[i]);
	guess = table_guess(t, table_prefetch(t, m->hashes[i]), m->hashes[i]);
	/* what a guess that stands the check gives is the truth */
	ref = table_check(t, guess, &m->keys[i]);
	CU_ASSERT_TRUE_FATAL(ref == m->refs[i] || ref == REF_NONE);
	if (m->refs[i] != REF_NONE && ref == REF_NONE)
		CU_ASSERT_TRUE_FATAL(model_elsewhere(m, i));
	for (unsigned int way = 0; way < TABLE_WAYS; way++) {
		guess = &t->buckets[table_home(t, m->hashes[i])].ref[way];
		ref = table_check(t, guess, &m->keys[i]);
		CU_ASSERT_TRUE_FATAL(ref == m->refs[i] || ref == REF_NONE);
	}
}

/* Every slot and every counter is what the model says. */
static void
model_audit(const struct model *m)
{
	uint32_t passed[BUCKETS] = { 0 }, seen = 0;

	for (uint32_t b = 0; b < BUCKETS; b++) {
		for (unsigned int way = 0; way < TABLE_WAYS; way++) {
			const struct table_bucket *bucket = &m->table.buckets[b];
			uint32_t i = FLOWS - 1 - ref_index(bucket->ref[way]);

			if (bucket->tag[way] == 0)
				continue;
			seen++;
			CU_ASSERT_FATAL(i < FLOWS);
			CU_ASSERT_EQUAL_FATAL(bucket->ref[way], m->refs[i]);
			CU_ASSERT_EQUAL_FATAL(bucket->tag[way], table_tag(m->hashes[i]));
			for (uint32_t j = table_home(&m->table, m->hashes[i]); j != b;
				j = (j + 1) % BUCKETS)
				passed[j]++;
		}
	}
	CU_ASSERT_EQUAL_FATAL(seen, m->entries);
	CU_ASSERT_EQUAL_FATAL(m->table.entries, m->entries);
	for (uint32_t b = 0; b < BUCKETS; b++)
		CU_ASSERT_EQUAL_FATAL(m->table.buckets[b].passed, passed[b]);
}

/* Random operations that hover about @p target entries. */
static void
model_churn(struct model *m, uint32_t target, unsigned int steps)
{
	for (unsigned int step = 0; step < steps; step++) {
		uint32_t i = prng_below(&m->seed, FLOWS);
		unsigned int grow = m->entries < target ? 80 : 20;

		if (m->refs[i] == REF_NONE) {
			if (prng_below(&m->seed, 100) < grow)
				model_insert(m, i);
		} else if (prng_below(&m->seed, 100) < 100 - grow) {
			model_remove(m, i);
		} else {
			model_replace(m, i);
		}
		model_look(m, i);
		model_look(m, prng_below(&m->seed, FLOWS));
		if (step % 500 == 0)
			model_audit(m);
	}
	model_audit(m);
}

static void
test_random(void)
{
	for (unsigned int spread = 0; spread < SPREADS; spread++) {
		struct model *m = model_new((enum spread)spread);

		model_churn(m, CAPACITY / 2, 5000);
		model_churn(m, CAPACITY, 5000);
		model_churn(m, SLOTS + 1, 5000); /* up to the last slot and against -ENOSPC */
		model_churn(m, 10, 5000);
		for (uint32_t i = 0; i < FLOWS; i++) {
			if (m->refs[i] != REF_NONE)
				model_remove(m, i);
		}
		model_audit(m); /* no counter is left behind */
		model_free(m);
	}
}

static void
test_full(void)
{
	for (unsigned int spread = 0; spread < SPREADS; spread++) {
		struct model *m = model_new((enum spread)spread);

		for (uint32_t i = 0; i < FLOWS; i++)
			model_insert(m, i);
		CU_ASSERT_EQUAL_FATAL(m->entries, SLOTS);
		model_audit(m);
		for (uint32_t i = 0; i < FLOWS; i++)
			model_look(m, i);
		model_remove(m, 3);
		model_insert(m, FLOWS - 1);
		CU_ASSERT_NOT_EQUAL_FATAL(m->refs[FLOWS - 1], REF_NONE);
		model_audit(m);
		model_free(m);
	}
}

/* Fills, so that every bucket was passed, then looks for what isn't there: it ends. */
static void
test_all_passed(void)
{
	struct model *m = model_new(SPREAD_WELL);

	for (uint32_t i = 0; i < SLOTS; i++)
		model_insert(m, i);
	for (uint32_t b = 0; b < BUCKETS; b++) {
		if (m->table.buckets[b].passed == 0)
			m->table.buckets[b].passed = 1;
	}
	for (uint32_t i = SLOTS; i < FLOWS; i++)
		CU_ASSERT_EQUAL_FATAL(table_find(&m->table, m->hashes[i], &m->keys[i]), REF_NONE);
	table_remove(&m->table, m->hashes[SLOTS], ref_make(REF_TCB, 0));
	CU_ASSERT_EQUAL_FATAL(m->table.entries, SLOTS);
	model_free(m);
}

/* Within a burst: guessed, then ended or replaced by an earlier packet of the same burst. */
static void
test_stale_guess(void)
{
	struct model *m = model_new(SPREAD_WELL);
	struct table_bucket *home = table_prefetch(&m->table, m->hashes[0]);
	table_ref *guess = table_guess(&m->table, home, m->hashes[0]);

	/* in an empty bucket: the slot of nobody */
	CU_ASSERT_EQUAL_FATAL(table_check(&m->table, guess, &m->keys[0]), REF_NONE);
	model_insert(m, 0);
	guess = table_guess(&m->table, home, m->hashes[0]);
	CU_ASSERT_EQUAL_FATAL(table_check(&m->table, guess, &m->keys[0]), m->refs[0]);
	model_replace(m, 0); /* the slot stays the key's */
	CU_ASSERT_EQUAL_FATAL(table_check(&m->table, guess, &m->keys[0]), m->refs[0]);
	CU_ASSERT_EQUAL_FATAL(table_check(&m->table, guess, &m->keys[1]), REF_NONE);
	table_remove(&m->table, m->hashes[0], m->refs[0]); /* the key still stands in the record */
	CU_ASSERT_EQUAL_FATAL(table_check(&m->table, guess, &m->keys[0]), REF_NONE);
	table_remove(&m->table, m->hashes[0], m->refs[0]); /* once more is nothing */
	table_replace(&m->table, m->hashes[0], m->refs[0], m->refs[0]);
	CU_ASSERT_EQUAL_FATAL(table_check(&m->table, guess, &m->keys[0]), REF_NONE);
	CU_ASSERT_EQUAL_FATAL(m->table.entries, 0);
	model_free(m);
}

static void
test_sizes(void)
{
	static const uint32_t capacities[] = { 0, 1, 6, 7, 60, 61, 4096, 100000 };
	struct test_mem tm;
	struct table t;

	test_mem_init(&tm);
	for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
		uint32_t n = capacities[i];

		CU_ASSERT_EQUAL_FATAL(table_init(&t, &tm.mem, n), 0);
		CU_ASSERT_TRUE_FATAL((uint64_t)t.nb_buckets * TABLE_WAYS * 6 >= (uint64_t)n * 10);
		CU_ASSERT_TRUE_FATAL(t.nb_buckets <= n / 6 + 1);
		CU_ASSERT_EQUAL_FATAL((uintptr_t)t.buckets % 64, 0);
		CU_ASSERT_EQUAL_FATAL(table_home(&t, 0), 0);
		CU_ASSERT_EQUAL_FATAL(table_home(&t, UINT32_MAX), t.nb_buckets - 1);
		table_fini(&t, &tm.mem);
		CU_ASSERT_EQUAL_FATAL(tm.blocks_out, 0);
	}
	tm.fail = true;
	CU_ASSERT_EQUAL_FATAL(table_init(&t, &tm.mem, 100), -ENOMEM);
	table_fini(&t, &tm.mem);
	CU_ASSERT_EQUAL_FATAL(tm.blocks_out, 0);
}

/* table_match() against a plain loop: every way, and nothing beyond the tags. */
static void
test_match(void)
{
	struct table_bucket b;
	uint64_t seed = 7;

	for (unsigned int round = 0; round < 20000; round++) {
		uint16_t tag = (uint16_t)prng_below(&seed, 4);
		uint32_t want = 0;

		for (unsigned int way = 0; way < TABLE_WAYS; way++) {
			b.tag[way] = (uint16_t)prng_below(&seed, 4);
			if (round % 3 == 0 && b.tag[way] == tag)
				b.tag[way] ^= (uint16_t)(0x100U << prng_below(
								 &seed, 8)); /* half is alike */
			want |= (uint32_t)(b.tag[way] == tag) << way;
			b.ref[way] = tag | (uint32_t)tag << 16;
		}
		b.passed = tag | (uint32_t)tag << 16;
		CU_ASSERT_EQUAL_FATAL(table_match(&b, tag), want);
	}
}

static const struct test_case cases[] = {
	{ "random operations, seven spreads of hashes, to -ENOSPC", test_random },
	{ "full to the last slot", test_full },
	{ "a miss ends when every bucket was passed", test_all_passed },
	{ "a guess gone stale", test_stale_guess },
	{ "sizes, and no memory", test_sizes },
	{ "tags compared", test_match },
	{ NULL, NULL },
};
extern const struct test_suite suite_table;
const struct test_suite suite_table = { "table", cases };
