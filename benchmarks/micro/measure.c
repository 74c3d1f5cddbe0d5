/* SPDX-License-Identifier: BSD-3-Clause */
/* measure.c: see measure.h. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "measure.h"

#define TURN_NS	     2e6
#define WARM_NS	     0.25e6
#define LEAST_ROUNDS 5
#define CLOCK_READS  101

static double
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value below which @p share of the sorted values lie. */
static double
quantile(const double *sorted, uint32_t n, double share)
{
	double at = share * (n - 1);
	uint32_t i = (uint32_t)at;

	return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

/* What a look at the clock costs, which every interval contains once. */
static double
clock_cost_ns(void)
{
	double cost[CLOCK_READS];

	for (unsigned int i = 0; i < CLOCK_READS; i++) {
		double start = now_ns();

		cost[i] = now_ns() - start;
	}
	qsort(cost, CLOCK_READS, sizeof(cost[0]), compare);
	return cost[CLOCK_READS / 2];
}

/* Whole cycles of all phases until @p least_ns are over; adds up each phase's time. @return the
 * number of operations in each. */
static uint64_t
cycles(const struct contest *c, const struct contestant *side, double least_ns, double clock_ns,
	double ns[MEASURE_PHASES])
{
	double start = now_ns(), last = start;
	uint64_t ops = 0;

	do {
		for (uint32_t i = 0; i < c->nb_phases; i++) {
			double now;

			side->phase[i](side->ctx, c->chunk);
			now = now_ns();
			ns[i] += now - last - clock_ns;
			last = now;
		}
		ops += c->chunk;
	} while (last - start < least_ns);
	return ops;
}

/* One side's turn: nanoseconds an operation, by phase and together. */
static void
turn(const struct contest *c, const struct contestant *side, double clock_ns,
	double out[MEASURE_PHASES + 1])
{
	double ns[MEASURE_PHASES] = { 0 };
	uint64_t ops;

	cycles(c, side, WARM_NS, clock_ns, ns);
	for (uint32_t i = 0; i < c->nb_phases; i++)
		ns[i] = 0;
	ops = cycles(c, side, TURN_NS, clock_ns, ns);
	out[c->nb_phases] = 0;
	for (uint32_t i = 0; i < c->nb_phases; i++) {
		out[i] = ns[i] / (double)ops;
		out[c->nb_phases] += out[i];
	}
}

static void
medians(double *ours, double *theirs, double *ratio, uint32_t n, struct measured *out)
{
	for (uint32_t i = 0; i < n; i++)
		ratio[i] = theirs[i] / ours[i];
	qsort(ours, n, sizeof(ours[0]), compare);
	qsort(theirs, n, sizeof(theirs[0]), compare);
	qsort(ratio, n, sizeof(ratio[0]), compare);
	*out = (struct measured){
		.ours_ns = quantile(ours, n, 0.5),
		.theirs_ns = quantile(theirs, n, 0.5),
		.ratio = quantile(ratio, n, 0.5),
		.ratio_p25 = quantile(ratio, n, 0.25),
		.ratio_p75 = quantile(ratio, n, 0.75),
		.rounds = n,
	};
}

int
measure(const struct contest *c, double seconds, struct measured out[MEASURE_PHASES + 1])
{
	uint32_t most = (uint32_t)(seconds * 1e9 / (2 * TURN_NS)) + LEAST_ROUNDS, n = 0;
	uint32_t figures = c->nb_phases > 1 ? c->nb_phases + 1 : 1;
	/* A row for each figure: ours, theirs; and one for ratios. */
	double *rows = malloc((2 * figures + 1) * (size_t)most * sizeof(*rows));
	double start = now_ns(), clock_ns = clock_cost_ns();

	if (rows == NULL)
		return -ENOMEM;
	while (n < most && (n < LEAST_ROUNDS || now_ns() - start < seconds * 1e9)) {
		double ns[2][MEASURE_PHASES + 1];
		uint32_t first = n & 1;

		turn(c, first == 0 ? &c->ours : &c->theirs, clock_ns, ns[first]);
		turn(c, first == 0 ? &c->theirs : &c->ours, clock_ns, ns[first ^ 1]);
		for (uint32_t i = 0; i < 2 * figures; i++)
			rows[(size_t)i * most + n] = ns[i / figures][i % figures];
		n++;
	}
	for (uint32_t i = 0; i < figures; i++)
		medians(rows + (size_t)i * most, rows + (size_t)(figures + i) * most,
			rows + (size_t)2 * figures * most, n, &out[i]);
	free(rows);
	return 0;
}
