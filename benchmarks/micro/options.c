/* SPDX-License-Identifier: BSD-3-Clause */
/* options.c: see options.h. */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define LEAST_ENTRIES 64
#define MOST_ENTRIES  100000000U

enum {
	OPT_ENTRIES = 256,
	OPT_SECONDS,
	OPT_QUICK,
	OPT_PART,
	OPT_JSON,
};

static const char doc[] =
	"Holds thole's parts up against what DPDK offers for the same: the connection table "
	"against rte_hash, the timer wheel against rte_timer, the keyed hashes against rte_jhash "
	"and CRC, the checksum against rte_raw_cksum. Both sides have the same keys and take turns "
	"of a few milliseconds in one run; what is shown is the median of each, in nanoseconds of "
	"processor time, and of their ratios."
	"\v"
	"EAL's own options follow after --, for instance:\n"
	"  micro --part table --entries 1000000\n"
	"  micro --quick --json out.json -- --no-huge\n\n"
	"Exit status: 0, 1 if the two sides didn't find the same or something failed, 2 for bad "
	"arguments.";

static const struct argp_option table[] = {
	{ "entries", OPT_ENTRIES, "N[,N...]", 0,
		"Sizes of table and wheel (1000,10000,100000,1000000,10000000; with --quick "
		"1000,10000). The wheel leaves out those above 1048576: rte_timer's lists are "
		"not made for them",
		0 },
	{ "seconds", OPT_SECONDS, "S", 0,
		"Processor time for each comparison (0.5; with --quick 0.05)", 0 },
	{ "quick", OPT_QUICK, NULL, 0, "Small and short: to see that it works", 0 },
	{ "part", OPT_PART, "PART", 0,
		"Only this one; may be given again: table, wheel, hash or checksum", 0 },
	{ "json", OPT_JSON, "FILE", 0, "Write the result to FILE as JSON, too", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

struct parse {
	struct options *options;
	bool quick;
	bool some_parts;
};

static void
parse_entries(struct argp_state *state, struct options *o, const char *arg)
{
	const char *p = arg;
	char *end;

	o->nb_entries = 0;
	do {
		unsigned long n = strtoul(p, &end, 10);

		if (*p < '0' || *p > '9' || n < LEAST_ENTRIES || n > MOST_ENTRIES ||
			(*end != ',' && *end != '\0'))
			argp_error(state,
				"--entries %s: give numbers from %u to %u, as in 1000,1000000", arg,
				LEAST_ENTRIES, MOST_ENTRIES);
		if (o->nb_entries == OPTIONS_MAX_SIZES)
			argp_error(
				state, "--entries %s: at most %d of them", arg, OPTIONS_MAX_SIZES);
		o->entries[o->nb_entries++] = (uint32_t)n;
		p = end + 1;
	} while (*end != '\0');
}

static void
parse_seconds(struct argp_state *state, struct options *o, const char *arg)
{
	char *end;

	o->seconds = strtod(arg, &end);
	if (end == arg || *end != '\0' || !isfinite(o->seconds) || o->seconds <= 0 ||
		o->seconds > 3600)
		argp_error(state, "--seconds %s: give seconds, up to 3600", arg);
}

static void
parse_part(struct argp_state *state, struct options *o, const char *arg)
{
	static const char *const names[PARTS] = { "table", "wheel", "hash", "checksum" };

	for (unsigned int i = 0; i < PARTS; i++)
		if (strcmp(arg, names[i]) == 0) {
			o->part[i] = true;
			return;
		}
	argp_error(state, "--part %s: give table, wheel, hash or checksum", arg);
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;

	switch (key) {
	case OPT_ENTRIES:
		parse_entries(state, p->options, arg);
		return 0;
	case OPT_SECONDS:
		parse_seconds(state, p->options, arg);
		return 0;
	case OPT_QUICK:
		p->quick = true;
		return 0;
	case OPT_PART:
		p->some_parts = true;
		parse_part(state, p->options, arg);
		return 0;
	case OPT_JSON:
		p->options->json = arg;
		return 0;
	default: /* argp's own keys, of which there may be more */
		return ARGP_ERR_UNKNOWN;
	}
}

static void
set_defaults(const struct parse *p, struct options *o)
{
	static const uint32_t sizes[] = { 1000, 10000, 100000, 1000000, 10000000 };

	if (o->nb_entries == 0) {
		o->nb_entries = p->quick ? 2 : sizeof(sizes) / sizeof(sizes[0]);
		memcpy(o->entries, sizes, o->nb_entries * sizeof(sizes[0]));
	}
	if (o->seconds == 0)
		o->seconds = p->quick ? 0.05 : 0.5;
	for (unsigned int i = 0; i < PARTS && !p->some_parts; i++)
		o->part[i] = true;
}

void
options_parse(struct options *options, int argc, char **argv)
{
	static const struct argp argp = { .options = table,
		.parser = parse_option,
		.args_doc = "[-- EAL-OPTION...]",
		.doc = doc };
	struct parse p = { .options = options };
	int own = 0;

	*options = (struct options){ .seconds = 0 };
	while (own < argc && (own == 0 || strcmp(argv[own], "--") != 0))
		own++;
	if (own < argc) {
		options->eal_args = &argv[own + 1];
		options->nb_eal_args = argc - own - 1;
	}
	argp_program_version = "micro (thole) 0.1.0";
	argp_err_exit_status = 2;
	argp_parse(&argp, own, argv, 0, NULL, &p);
	set_defaults(&p, options);
}
