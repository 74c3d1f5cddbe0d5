/* SPDX-License-Identifier: BSD-3-Clause */
/* jobs.h: numbered pieces of work, shared out to processes of their own; whoever is free takes the
 * next. */
#ifndef SIM_JOBS_H
#define SIM_JOBS_H

#include <stdbool.h>
#include <stdint.h>

struct jobs {
	uint64_t pieces;
	unsigned int processes; /* 0: as many as there are CPUs */
	bool here;		/* in this process alone: for a debugger, and for output in order */
	void (*begin)(void *ctx);
	/* @return false: no more are wanted. */
	bool (*work)(void *ctx, uint64_t piece);
	void (*end)(void *ctx); /* of a process that came to its end */
	/* In the parent: a process ended, or was ended, amidst a piece. */
	void (*broke)(void *ctx, uint64_t piece);
	void *ctx;
};

/** Zeroed memory that all processes see. */
void *jobs_share(uint64_t bytes);

/** @return whether every process came to its end. */
bool jobs_run(const struct jobs *jobs);

#endif
