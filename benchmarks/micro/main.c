/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main.c: EAL with memory for the largest size, then one part after the other at each size, on one
 * core; at last the JSON file.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_timer.h>

#include <thole/port.h>

#include "parts.h"

#define PROGRAM	    "micro"
#define MAX_EAL	    64
#define EXIT_BAD    2
#define MB	    1048576.0
#define FIXED_MB    64
#define TABLE_BYTES 270 /* an entry's: keys, both tables and their records */
#define WHEEL_BYTES 400 /* a timer's: TCB, rte_timer and place in the order */

static int
complain(const char *text, int status)
{
	fprintf(stderr, PROGRAM ": %s\n", text);
	return status;
}

static uint32_t
memory_mb(const struct options *o)
{
	double most = 0;

	for (uint32_t i = 0; i < o->nb_entries; i++) {
		double table = o->part[PART_TABLE] ? (double)o->entries[i] * TABLE_BYTES : 0;
		double wheel = o->part[PART_WHEEL] && o->entries[i] <= WHEEL_MOST
				       ? (double)o->entries[i] * WHEEL_BYTES
				       : 0;

		most = RTE_MAX(most, RTE_MAX(table, wheel));
	}
	return (uint32_t)(most / MB) + FIXED_MB;
}

/* On the core where the kernel has put us, unless the user says which. */
static int
start(const struct options *o)
{
	char *argv[MAX_EAL + 4], core[16];
	struct thole_why why = { "" };
	int argc = 0;

	if (o->nb_eal_args > MAX_EAL)
		return complain("too many EAL arguments", EXIT_BAD);
	snprintf(core, sizeof(core), "%d", RTE_MAX(sched_getcpu(), 0));
	argv[argc++] = (char *)PROGRAM;
	argv[argc++] = (char *)"-l";
	argv[argc++] = core;
	for (int i = 0; i < o->nb_eal_args; i++)
		argv[argc++] = o->eal_args[i];
	argv[argc] = NULL;
	return thole_eal_start(argc, argv, memory_mb(o), &why) == 0 ? 0 : complain(why.text, 1);
}

/* Finds out now, not at the end, that the result can't be written. */
static int
check_json(const char *path, bool *made)
{
	char text[512];
	int fd;

	*made = false;
	if (path == NULL)
		return 0;
	*made = access(path, F_OK) != 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	*made = false;
	snprintf(text, sizeof(text), "--json %s: can't be written: %s", path, strerror(errno));
	return complain(text, EXIT_BAD);
}

static void
run(const struct options *o, struct results *r)
{
	printf("Medians of turns of 2 ms, by the processor's time; ratio: DPDK's time to thole's; "
	       "the middle half of all ratios in brackets.\nMemory: %s.\n",
		thole_eal_has_hugepages() ? "hugepages" : "small pages; hugepages are faster");
	for (uint32_t i = 0; i < o->nb_entries && o->part[PART_TABLE]; i++)
		table_part(r, o->entries[i]);
	for (uint32_t i = 0; i < o->nb_entries && o->part[PART_WHEEL]; i++)
		if (o->entries[i] <= WHEEL_MOST)
			wheel_part(r, o->entries[i]);
	if (o->part[PART_HASH])
		hash_part(r);
	if (o->part[PART_CSUM])
		csum_part(r);
}

static int
write_json(const struct results *r)
{
	const char *path = r->options->json;
	char text[512];
	int rc;

	if (path == NULL)
		return 0;
	rc = results_write(r, thole_eal_has_hugepages());
	if (rc == 0)
		return 0;
	snprintf(text, sizeof(text), "--json %s: can't be written: %s", path, strerror(-rc));
	return complain(text, 1);
}

static int
compare(const struct options *o, bool *written)
{
	struct results results;
	int status;

	if (rte_timer_subsystem_init() != 0)
		return complain("rte_timer can't be set up: out of memory", 1);
	results_init(&results, o);
	run(o, &results);
	status = write_json(&results);
	*written = status == 0;
	if (results.failed)
		status = 1;
	results_fini(&results);
	rte_timer_subsystem_finalize();
	return status;
}

int
main(int argc, char **argv)
{
	struct options options;
	bool made, written = false;
	int status;

	options_parse(&options, argc, argv);
	status = check_json(options.json, &made);
	if (status != 0)
		return status;
	status = start(&options);
	if (status == 0) {
		status = compare(&options, &written);
		thole_eal_stop();
	}
	/* Still empty: it was only made to see that it can be. */
	if (made && !written)
		unlink(options.json);
	return status;
}
