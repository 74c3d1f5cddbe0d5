/* SPDX-License-Identifier: BSD-3-Clause */
/* starve.c: stages by the clock; a side that isn't here has none. */
#include <stdio.h>

#include "report.h"
#include "starve.h"

static struct side *
starved_side(const struct run *run, enum starve_stage stage)
{
	return stage == STARVE_SERVER ? run->server : stage == STARVE_CLIENT ? run->client : NULL;
}

/* When a stage ends: the same time before and after, and between them a share for each side. */
static uint64_t
stage_end_ns(const struct run *run, enum starve_stage stage)
{
	const struct options *o = run->options;
	double sides = (run->server != NULL) + (run->client != NULL);
	double at = (o->duration_s - o->starve_s) / 2;

	if (stage >= STARVE_AFTER)
		return UINT64_MAX;
	for (enum starve_stage s = STARVE_SERVER; s <= stage; s++)
		at += starved_side(run, s) != NULL ? o->starve_s / sides : 0;
	return run->first.ns + (uint64_t)(at * 1e9);
}

static uint64_t
done_now(const struct run *run)
{
	return side_counts(run->client != NULL ? run->client : run->server).done;
}

static void
feed(const struct run *run, enum starve_stage stage, bool hogs)
{
	struct side *side = starved_side(run, stage);

	for (uint32_t i = 0; side != NULL && i < side->nb_lanes; i++)
		hog_want(&side->lanes[i].hog, hogs);
}

static void
enter(struct run *run, enum starve_stage stage, uint64_t now_ns)
{
	struct starve *starve = &run->starve;
	uint64_t done = done_now(run);

	if (stage != STARVE_BEFORE) {
		feed(run, starve->stage, false);
		if (now_ns > starve->since_ns)
			starve->per_s[starve->stage] = (double)(done - starve->done) * 1e9 /
						       (double)(now_ns - starve->since_ns);
	}
	starve->stage = stage;
	starve->since_ns = now_ns;
	starve->done = done;
	feed(run, stage, true);
}

void
starve_begin(struct run *run)
{
	if (run->options->starve_s > 0)
		enter(run, STARVE_BEFORE, run->first.ns);
}

void
starve_look(struct run *run, uint64_t now_ns)
{
	if (run->options->starve_s > 0)
		while (now_ns >= stage_end_ns(run, run->starve.stage))
			enter(run, run->starve.stage + 1, now_ns);
}

void
starve_end(struct run *run, uint64_t now_ns)
{
	if (run->options->starve_s > 0)
		enter(run, STARVE_OVER, now_ns);
}

bool
starve_recovered(const struct run *run)
{
	const double *per_s = run->starve.per_s;

	/* An interrupted run may have no rate after. */
	return run->options->starve_s == 0 || *run->signals != 0 ||
	       per_s[STARVE_AFTER] >= per_s[STARVE_BEFORE] * STARVE_RECOVERED;
}

/* The most that were taken of a side's pools at a time. */
static uint64_t
taken(const struct side *side)
{
	uint64_t n = 0;

	for (uint32_t i = 0; side != NULL && i < side->nb_lanes; i++)
		n += side->lanes[i].hog.most;
	return n;
}

static void
print_stage(const struct run *run, enum starve_stage stage, const char *name)
{
	const struct side *side = starved_side(run, stage);
	char a[GROUPED_BYTES], b[GROUPED_BYTES];

	if (side != NULL)
		printf("  %s starved     %14s conns/s, %s of its mbufs taken\n", name,
			grouped(run->starve.per_s[stage], a), grouped((double)taken(side), b));
}

void
starve_print(const struct run *run)
{
	const struct thole_stats *s = &run->end.server, *c = &run->end.client;
	char a[GROUPED_BYTES], b[GROUPED_BYTES], d[GROUPED_BYTES];

	if (run->options->starve_s == 0)
		return;
	print_stage(run, STARVE_SERVER, "server");
	print_stage(run, STARVE_CLIENT, "client");
	printf("  before and after   %14s conns/s %12s: %s; %s times there was no mbuf\n",
		grouped(run->starve.per_s[STARVE_BEFORE], a),
		grouped(run->starve.per_s[STARVE_AFTER], b),
		starve_recovered(run) ? "recovered" : "not recovered",
		grouped((double)(s->tx_nombuf + c->tx_nombuf), d));
}

json_t *
starve_object(const struct run *run)
{
	static const char *const names[STARVE_OVER] = { "before_per_s", "server_starved_per_s",
		"client_starved_per_s", "after_per_s" };
	json_t *object = json_object();

	for (unsigned int i = 0; i < STARVE_OVER; i++)
		json_object_set_new(object, names[i], json_real(run->starve.per_s[i]));
	json_object_set_new(object, "server_mbufs", json_integer((json_int_t)taken(run->server)));
	json_object_set_new(object, "client_mbufs", json_integer((json_int_t)taken(run->client)));
	return object;
}
