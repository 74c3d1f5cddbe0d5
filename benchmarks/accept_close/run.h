/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run.h: the timed run: wait for each other, warm up, count, drain. One lcore drives and keeps the
 * time between its worker's turns; all other workers turn on lcores of their own.
 */
#ifndef RUN_H
#define RUN_H

#include <signal.h>

#include "memory.h"
#include "side.h"
#include "starve.h"

#define RUN_WARM_S 0.3

struct sample {
	uint64_t ns;
	uint64_t done; /* connections; with --standing requests */
	uint64_t failed;
	uint64_t cpu_ns;	   /* that this process had */
	uint64_t spoofed;	   /* SYNs of the flood */
	struct thole_stats server; /* its stacks'; all zero if there is none here */
	struct thole_stats client;
};

enum run_phase {
	RUN_WAIT, /* for the first connections */
	RUN_WARM, /* not counted */
	RUN_COUNT,
	RUN_LINGER, /* a server alone: until the client has stopped */
	RUN_DRAIN,  /* until no connection is left */
	RUN_CUT,    /* what is left of them is reset */
	RUN_QUIET,  /* the last packets leave the cable */
	RUN_END,
};

struct run {
	/* Given. */
	const struct options *options;
	struct side *server; /* NULL: not here */
	struct side *client; /* NULL: not here */
	const volatile sig_atomic_t
		*signals; /* how many came: one ends the count, a second the drain */

	/* What comes of it. */
	bool counted; /* there were connections, and first and last are set */
	bool drained;
	uint64_t cut; /* connections that hadn't finished, and were reset */
	struct sample first, last, end;
	struct memory memory;			 /* when all that stay idle were open */
	uint64_t idle;				 /* so many are */
	struct memory memory_first, memory_last; /* of the count */
	bool not_full;				 /* TIME-WAIT, which should have been */
	struct starve starve;
	double *per_second;
	uint32_t nb_per_second;

	/* Of the driver's own. */
	struct side *driver;
	enum run_phase phase;
	uint64_t next_ns;   /* of the next look */
	uint64_t phase_ns;  /* when this phase began */
	uint64_t active_ns; /* when a lone server last had something to do */
	uint64_t active_count;
	struct sample second; /* at the start of this second */
	bool said_waiting;
	uint64_t filled; /* idle connections when we last looked */
};

/** @return 0, or negative errno with @p why. */
int run_go(struct run *run, struct thole_why *why);

void run_fini(struct run *run);

#endif
