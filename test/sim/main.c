/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main.c: test_sim: runs of the simulator, any number from any seed on, in several processes.
 * Prints TAP, and for a run that fails what to type to see it again.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs.h"
#include "sim.h"

#define FAILED_MAX 5   /* then it stops */
#define ENOUGH	   100 /* runs that must see everything happen */

struct options {
	uint64_t seeds;
	uint64_t from;
	int kind; /* -1: by the seed */
	unsigned int jobs;
	bool trace;
	bool digests;
};

struct shared {
	struct sim_totals totals;
	uint64_t failed;
	uint64_t digests[];
};

struct work {
	struct options options;
	const char *program;
	struct shared *shared;
	struct sim_totals totals; /* of this process */
};

static enum sim_kind
kind_of(const struct options *o, uint64_t seed)
{
	return o->kind >= 0 ? (enum sim_kind)o->kind : (enum sim_kind)(seed % SIM_KINDS);
}

static void
begin(void *ctx)
{
	(void)ctx;
	start_eal(256);
}

static void
say_again(const struct work *w, uint64_t seed, const char *why)
{
	printf("# %s\n# again: %s --kind %s --from %" PRIu64 " --seeds 1 --trace\n", why,
		w->program, sim_kind_name(kind_of(&w->options, seed)), seed);
	fflush(stdout);
}

static bool
one(void *ctx, uint64_t i)
{
	struct work *w = ctx;
	uint64_t seed = w->options.from + i;
	struct sim_how how = { kind_of(&w->options, seed), seed, w->options.trace,
		w->options.digests };
	struct sim_outcome outcome;

	if (!sim_run(&how, &w->totals, &outcome)) {
		say_again(w, seed, outcome.why);
		__atomic_fetch_add(&w->shared->failed, 1, __ATOMIC_RELAXED);
	}
	if (w->options.digests)
		w->shared->digests[i] = outcome.digest;
	return __atomic_load_n(&w->shared->failed, __ATOMIC_RELAXED) < FAILED_MAX;
}

static void
finish(void *ctx)
{
	const struct work *w = ctx;
	const uint64_t *from = (const uint64_t *)&w->totals;
	uint64_t *to = (uint64_t *)&w->shared->totals;

	for (size_t i = 0; i < sizeof(w->totals) / sizeof(*to); i++)
		__atomic_fetch_add(&to[i], from[i], __ATOMIC_RELAXED);
	start_end();
}

/* A crash, or a run that doesn't end and that somebody's patience did. */
static void
broke(void *ctx, uint64_t i)
{
	struct work *w = ctx;

	w->shared->failed++;
	say_again(w, w->options.from + i, "the process ended in the middle of a run");
}

static void
print_totals(const struct sim_totals *t)
{
	printf("# %" PRIu64 " runs, %" PRIu64 " turns, %" PRIu64 " ends, %" PRIu64
	       " opened, %" PRIu64 " ended well, %" PRIu64 " bytes, %" PRIu64
	       " retransmits, %" PRIu64 " times no mbuf, %" PRIu64 " forged\n# frames: %" PRIu64
	       " passed",
		t->runs, t->turns, t->ends, t->established, t->well, t->bytes, t->retransmits,
		t->starved, t->forged, t->fates[LINK_PASSES]);
	for (unsigned int i = 1; i < LINK_HOOK; i++)
		printf(", %" PRIu64 " %s", t->fates[i], link_fate_name((enum link_fate)i));
	printf(", %" PRIu64 " marked\n# %" PRIu64 " given, %" PRIu64 " shared, %" PRIu64
	       " options set, %" PRIu64 " contexts ended, %" PRIu64 " stacks drained, %" PRIu64
	       " cut\n",
		t->marked, t->given, t->shared, t->tuned, t->contexts_ended, t->drained, t->cut);
}

/* A run in which nothing happens would find nothing. With patient applications nobody goes before
 * all is said. */
static bool
enough_happened(const struct sim_totals *t, bool patient)
{
	bool good = t->well != 0 && t->bytes != 0 && t->retransmits != 0 && t->starved != 0;

	for (unsigned int i = 0; i < LINK_HOOK; i++)
		good = good && t->fates[i] != 0;
	good = good && t->given != 0 && t->shared != 0 && t->tuned != 0;
	good = good && (patient || (t->contexts_ended != 0 && t->drained != 0 && t->cut != 0));
	if (!good && t->runs >= ENOUGH)
		printf("# too little happened\n");
	return good || t->runs < ENOUGH;
}

static const char usage[] =
	"usage: test_sim [--seeds N] [--from S] [--kind KIND] [--jobs J] [--trace] [--digests]\n\n"
	"  --seeds N    so many runs (1)\n"
	"  --from S     the first seed (1)\n"
	"  --kind KIND  honest, strict or hostile; else the seed decides\n"
	"  --jobs J     so many processes (as there are CPUs)\n"
	"  --trace      print every packet, event and op; one process\n"
	"  --digests    print a line for each seed that stands for all of its packets and their "
	"times\n";

static uint64_t
number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);

	if (*text == 0 || *end != 0) {
		fprintf(stderr, "test_sim: not a number: %s\n", text);
		exit(2);
	}
	return n;
}

static int
kind_named(const char *name)
{
	for (int kind = 0; kind < SIM_KINDS; kind++)
		if (strcmp(name, sim_kind_name((enum sim_kind)kind)) == 0)
			return kind;
	fprintf(stderr, "test_sim: no kind %s: honest, strict or hostile\n", name);
	exit(2);
}

static void
read_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = { { "seeds", 1, NULL, 's' }, { "from", 1, NULL, 'f' },
		{ "kind", 1, NULL, 'k' }, { "jobs", 1, NULL, 'j' }, { "trace", 0, NULL, 't' },
		{ "digests", 0, NULL, 'd' }, { "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int c;

	*o = (struct options){ .seeds = 1, .from = 1, .kind = -1 };
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 's')
			o->seeds = number(optarg);
		else if (c == 'f')
			o->from = number(optarg);
		else if (c == 'k')
			o->kind = kind_named(optarg);
		else if (c == 'j')
			o->jobs = (unsigned int)number(optarg);
		else if (c == 't')
			o->trace = true;
		else if (c == 'd')
			o->digests = true;
		else {
			fputs(usage, c == 'h' ? stdout : stderr);
			exit(c == 'h' ? 0 : 2);
		}
	}
	if (optind != argc || o->seeds == 0) {
		fputs(usage, stderr);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	const char *again = getenv("THOLE_AGAIN"); /* who was typed to run us */
	struct work w = { .program = again != NULL ? again : argv[0] };
	struct jobs jobs = {
		.begin = begin, .work = one, .end = finish, .broke = broke, .ctx = &w
	};
	bool good;

	read_options(argc, argv, &w.options);
	w.shared = jobs_share(
		sizeof(*w.shared) + (w.options.digests ? w.options.seeds * sizeof(uint64_t) : 0));
	jobs.pieces = w.options.seeds;
	jobs.here = w.options.trace;
	jobs.processes = w.options.jobs;
	good = jobs_run(&jobs) && w.shared->failed == 0;
	for (uint64_t i = 0; w.options.digests && i < w.options.seeds; i++)
		printf("# digest %" PRIu64 " %016" PRIx64 "\n", w.options.from + i,
			w.shared->digests[i]);
	print_totals(&w.shared->totals);
	good = (w.shared->failed != 0 ||
		       enough_happened(&w.shared->totals, w.options.kind == SIM_STRICT)) &&
	       good;
	printf("%s 1 - %" PRIu64 " seeds from %" PRIu64 "\n1..1\n", good ? "ok" : "not ok",
		w.options.seeds, w.options.from);
	return good ? 0 : 1;
}
