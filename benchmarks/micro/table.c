/* SPDX-License-Identifier: BSD-3-Clause */
/* table.c: the connection table's comparisons, at one size. */
#include <inttypes.h>
#include <stdio.h>

#include <rte_malloc.h>

#include "keys.h"
#include "parts.h"
#include "table.h"

#define PART	     "table"
#define CHUNK	     4096
#define CHURN_CHUNK  1024U
#define ABSENT_MOST  1048576U
#define WINDOW_SHARE 8

struct rig {
	struct flows flows;
	struct thole_table thole;
	struct dpdk_table dpdk;
	enum dpdk_form form;
};

/* What a form's comparisons are called, and what stands above them. */
static const struct {
	const char *suffix, *head;
} forms[DPDK_FORMS] = {
	[DPDK_PLAIN] = { "", "as it is: CRC, memcmp()" },
	[DPDK_TUNED] = { "; tuned", "tuned: CRC, a comparison for this key" },
	[DPDK_JHASH] = { "; jhash", "with jhash and memcmp()" },
};

/* The name of a comparison with this form; it lasts until three more were made. */
static const char *
name_of(const struct rig *rig, const char *what)
{
	static char names[MEASURE_PHASES + 1][64];
	static unsigned int next;
	char *name = names[next++ % (MEASURE_PHASES + 1)];

	snprintf(name, sizeof(names[0]), "%s%s", what, forms[rig->form].suffix);
	return name;
}

static void
lookup(struct results *r, struct rig *rig, const char *name, const char *function,
	void (*ours)(void *, uint32_t), void (*theirs)(void *, uint32_t))
{
	struct contest c = {
		.name = { name_of(rig, name) },
		.nb_phases = 1,
		.chunk = CHUNK,
		.ours = { "table", { ours }, &rig->thole },
		.theirs = { function, { theirs }, &rig->dpdk },
	};

	results_run(r, PART, rig->flows.n, &c);
}

static void
lookups(struct results *r, struct rig *rig)
{
	lookup(r, rig, "lookup in bursts", "rte_hash_lookup_bulk_data", thole_table_lookup,
		dpdk_table_lookup);
	lookup(r, rig, "lookup in bursts, read the record", "rte_hash_lookup_bulk_data",
		thole_table_lookup_read, dpdk_table_lookup_read);
	lookup(r, rig, "lookup in bursts, absent", "rte_hash_lookup_bulk_data",
		thole_table_lookup_absent, dpdk_table_lookup_absent);
	lookup(r, rig, "lookup one by one", "rte_hash_lookup_data", thole_table_lookup_single,
		dpdk_table_lookup_single);
}

static void
churn_one(struct results *r, struct rig *rig, struct contest *c, const char *const name[])
{
	for (uint32_t i = 0; i < MEASURE_PHASES + 1; i++)
		c->name[i] = name_of(rig, name[i]);
	results_run(r, PART, rig->flows.n, c);
}

static void
churn(struct results *r, struct rig *rig)
{
	static const char *const each[] = { "remove", "insert", "remove and insert" };
	static const char *const burst[] = { "look up a burst, remove",
		"look up a burst in vain, insert", "both" };
	uint32_t window = rig->flows.window;
	struct contest c = {
		.nb_phases = 2,
		.chunk = RTE_MIN(window, CHURN_CHUNK),
		.ours = { "table", { thole_table_remove, thole_table_insert }, &rig->thole },
		.theirs = { "rte_hash_del_key, rte_hash_add_key_data",
			{ dpdk_table_remove, dpdk_table_insert }, &rig->dpdk },
	};
	struct contest bursts = c;

	bursts.ours.phase[0] = thole_table_close;
	bursts.ours.phase[1] = thole_table_open;
	bursts.theirs.phase[0] = dpdk_table_close;
	bursts.theirs.phase[1] = dpdk_table_open;
	bursts.theirs.name = "rte_hash_lookup_with_hash_bulk_data, _with_hash";

	thole_table_remove(&rig->thole, window);
	dpdk_table_remove(&rig->dpdk, window);
	churn_one(r, rig, &c, each);
	churn_one(r, rig, &bursts, burst);
	thole_table_insert(&rig->thole, window);
	dpdk_table_insert(&rig->dpdk, window);
}

/* Both sides hold exactly the same, and their burst lookups find it. */
static void
check(struct results *r, struct rig *rig)
{
	uint32_t n = rig->flows.n, absent = rig->flows.nb_absent;
	struct thole_table *ours = &rig->thole;
	struct dpdk_table *theirs = &rig->dpdk;

	results_check(r, PART, n, "failed", 0, ours->failed, theirs->failed);
	results_check(r, PART, n, "entries", n, ours->table.entries,
		(uint64_t)rte_hash_count(theirs->hash));
	results_check(r, PART, n, "right", n, thole_table_right(ours), dpdk_table_right(theirs));
	ours->at = (struct cursor){ 0 };
	theirs->at = (struct cursor){ 0 };
	thole_table_lookup_read(ours, n);
	dpdk_table_lookup_read(theirs, n);
	results_check(r, PART, n, "found", n, ours->at.found, theirs->at.found);
	results_check(r, PART, n, "sum of numbers", (uint64_t)n * (n - 1) / 2, ours->at.sum,
		theirs->at.sum);
	thole_table_lookup_absent(ours, absent);
	dpdk_table_lookup_absent(theirs, absent);
	results_check(r, PART, n, "found with absent", n, ours->at.found, theirs->at.found);
}

static void
compare(struct results *r, struct rig *rig)
{
	uint32_t n = rig->flows.n;

	check(r, rig);
	results_head("connection table against rte_hash %s; %" PRIu32
		     " entries, load %.2f and %.2f",
		forms[rig->form].head, n, (double)n / rig->thole.table.nb_buckets / TABLE_WAYS,
		(double)n / dpdk_table_slots(n));
	lookups(r, rig);
	churn(r, rig);
	check(r, rig);
}

/* One of rte_hash's forms after the other, beside the same table of ours. */
static bool
compare_forms(struct results *r, struct rig *rig)
{
	struct flows *f = &rig->flows;

	if (f->keys == NULL || f->absent == NULL || thole_table_init(&rig->thole, f) != 0)
		return false;
	for (unsigned int form = 0; form < DPDK_FORMS; form++) {
		int err = dpdk_table_init(&rig->dpdk, f, (enum dpdk_form)form);

		rig->form = (enum dpdk_form)form;
		if (err == 0)
			compare(r, rig);
		dpdk_table_fini(&rig->dpdk);
		if (err != 0)
			return false;
	}
	return true;
}

void
table_part(struct results *r, uint32_t entries)
{
	struct rig rig = { .flows = { .n = entries,
				   .nb_absent = RTE_MIN(entries, ABSENT_MOST),
				   .window = entries / WINDOW_SHARE } };
	struct flows *f = &rig.flows;

	f->keys = rte_malloc("micro", (size_t)f->n * sizeof(*f->keys), 64);
	f->absent = rte_malloc("micro", (size_t)f->nb_absent * sizeof(*f->absent), 64);
	if (f->keys != NULL)
		keys_stream(f->keys, f->n, KEYS_PORT_HERE);
	if (f->absent != NULL)
		keys_stream(f->absent, f->nb_absent, KEYS_PORT_ABSENT);
	if (!compare_forms(r, &rig))
		results_fail(
			r, "no memory for a table of %" PRIu32 " entries: see --entries", f->n);
	thole_table_fini(&rig.thole);
	rte_free(f->absent);
	rte_free(f->keys);
}
