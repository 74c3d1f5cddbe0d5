/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * measure.h: two ways of doing the same thing, compared in one run. They take turns of 2 ms, so
 * that whatever the machine's neighbours do, they do it to both; time is that of the processor, so
 * that being put aside doesn't count; each round gives a ratio, and the median of these is what is
 * told. The first of a turn is left out: it runs into the other one's caches.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>

#define MEASURE_PHASES 2

/** One of the two. Each phase does @p n operations; where there are two they undo one another. */
struct contestant {
	const char *name;
	void (*phase[MEASURE_PHASES])(void *ctx, uint32_t n);
	void *ctx;
};

struct contest {
	const char *name[MEASURE_PHASES + 1]; /* of each phase, and of them together */
	uint32_t nb_phases;
	uint32_t chunk; /* operations that a phase does at a time */
	struct contestant ours, theirs;
};

/** Medians over the rounds. */
struct measured {
	double ours_ns; /* an operation */
	double theirs_ns;
	double ratio; /* theirs to ours: above 1, ours is faster */
	double ratio_p25, ratio_p75;
	uint32_t rounds;
};

/**
 * Runs a contest.
 * @param out one for each phase, and with two phases a third: one operation of each, together.
 * @return 0 or -ENOMEM.
 */
int measure(const struct contest *contest, double seconds, struct measured out[MEASURE_PHASES + 1]);

#endif
