/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.h: thole's connection table and rte_hash, doing the same with the same flows. Both hash
 * the key themselves, and both lead to a record of a cache line that has the flow's number.
 *
 * An operation takes the next flows of the stream, and begins again at its end. Removals run ahead
 * of insertions by the window: what is put in isn't what was just taken out.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdint.h>

#include <rte_hash.h>

#include "base/flow_hash.h"
#include "stack/table.h"

#define TABLE_BURST 32 /* a worker's */

struct flows {
	struct flow_key *keys;	 /* n of them, a stream */
	struct flow_key *absent; /* nb_absent of them, never in the table */
	uint32_t n;
	uint32_t nb_absent;
	uint32_t window;
};

struct record {
	struct flow_key key;
	uint32_t number;
	uint8_t rest[36];
};
_Static_assert(sizeof(struct record) == 64, "an embryo or a tombstone, and a TCB's first line");

/** Where a side stands in the streams, and what it has found so far. */
struct cursor {
	uint32_t lookup, absent, insert, remove;
	uint64_t found;
	uint64_t sum; /* of what was found: so that nothing is left out */
};

struct thole_table {
	const struct flows *flows;
	struct cursor at;
	struct table table;
	struct slab records;
	struct flow_hash hash;
	table_ref *refs; /* by place in the stream: a stack has a connection's index in hand */
	uint64_t failed; /* insertions */
};

struct dpdk_table {
	const struct flows *flows;
	struct cursor at;
	struct rte_hash *hash;
	struct record *records; /* by number */
	uint64_t failed;	/* insertions and removals */
};

/** What rte_hash may be told. */
enum dpdk_form {
	DPDK_PLAIN, /* nothing */
	DPDK_TUNED, /* how to compare these keys */
	DPDK_JHASH, /* another hash */
	DPDK_FORMS,
};

/* Of each side, the same. */
int thole_table_init(struct thole_table *t, const struct flows *flows);
int dpdk_table_init(struct dpdk_table *t, const struct flows *flows, enum dpdk_form form);
void thole_table_fini(struct thole_table *t);
void dpdk_table_fini(struct dpdk_table *t);

/** The slots of an rte_hash for @p n flows. */
uint32_t dpdk_table_slots(uint32_t n);

/* struct contestant's phases: ctx is the side. */
#define TABLE_PHASES(side)                                                                         \
	void side##_lookup(void *ctx, uint32_t n);	  /* in bursts */                          \
	void side##_lookup_read(void *ctx, uint32_t n);	  /* and read the record */                \
	void side##_lookup_absent(void *ctx, uint32_t n); /* of what isn't there */                \
	void side##_lookup_single(void *ctx, uint32_t n); /* one by one */                         \
	void side##_insert(void *ctx, uint32_t n);	  /* one by one, known to be new */        \
	void side##_remove(void *ctx, uint32_t n);                                                 \
	void side##_open(void *ctx, uint32_t n);  /* look up a burst in vain, insert */            \
	void side##_close(void *ctx, uint32_t n); /* look up a burst, remove */                    \
	uint64_t side##_right(void *ctx)	  /* flows that lead to their own record */

TABLE_PHASES(thole_table);
TABLE_PHASES(dpdk_table);

/* Flows from *at on, at most a burst of them and of @p left. */
static inline uint32_t
cursor_burst(uint32_t *at, uint32_t n, uint32_t left)
{
	if (*at == n)
		*at = 0;
	left = left < TABLE_BURST ? left : TABLE_BURST;
	return left < n - *at ? left : n - *at;
}

#endif
