/* SPDX-License-Identifier: BSD-3-Clause */
/* duo_options.c: see duo_options.h. */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "duo/duo_options.h"

#define MOST_ROUNDS    1000
#define LEAST_QUEUE    64
#define MOST_QUEUE     65536
#define MOST_SECONDS   3600
#define LEAST_SECONDS  0.01
#define ROUND_SECONDS  0.1
#define DEFAULT_ROUNDS 20

enum { OPT_SIZE = 256, OPT_ROUNDS, OPT_QUEUE, OPT_CHECK, OPT_JSON };

struct parse {
	struct duo_options *options;
	const struct duo_program *program;
};

static void
parse_seconds(struct argp_state *state, const char *arg, double *out)
{
	char *end;

	*out = strtod(arg, &end);
	if (end == arg || *end != '\0' || !isfinite(*out) || *out < LEAST_SECONDS ||
		*out > MOST_SECONDS)
		argp_error(state, "--duration %s: give seconds from %g to %d", arg, LEAST_SECONDS,
			MOST_SECONDS);
}

static void
parse_u32(struct argp_state *state, const char *name, const char *arg, uint32_t least,
	uint32_t most, uint32_t *out)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(arg, &end, 10);
	if (*arg < '0' || *arg > '9' || *end != '\0' || errno != 0 || n < least || n > most)
		argp_error(state, "--%s %s: give a number from %u to %u", name, arg, least, most);
	*out = (uint32_t)n;
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct duo_options *o = p->options;

	switch (key) {
	case 'd':
		parse_seconds(state, arg, &o->duration_s);
		return 0;
	case OPT_ROUNDS:
		parse_u32(state, "rounds", arg, 1, MOST_ROUNDS, &o->rounds);
		return 0;
	case OPT_SIZE:
		parse_u32(state, "size", arg, p->program->size_least, p->program->size_most,
			&o->size);
		return 0;
	case OPT_QUEUE:
		parse_u32(state, "queue", arg, LEAST_QUEUE, MOST_QUEUE, &o->queue_kib);
		return 0;
	case OPT_CHECK:
		o->check = true;
		return 0;
	case OPT_JSON:
		o->json = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: unexpected; EAL's options follow after --", arg);
		return EINVAL;
	default: /* argp's own keys, of which there may be more */
		return ARGP_ERR_UNKNOWN;
	}
}

void
duo_options_parse(
	struct duo_options *options, const struct duo_program *program, int argc, char **argv)
{
	const struct argp_option table[] = {
		{ "duration", 'd', "S", 0, "Seconds of each form, in all rounds together (2)", 0 },
		{ "rounds", OPT_ROUNDS, "N", 0,
			"Into how many they are divided, the forms taking turns, so that a machine "
			"that is slow for a while is so for each (20, but of 0.1 s at least)",
			0 },
		{ "size", OPT_SIZE, "BYTES", 0, program->size_doc, 0 },
		{ "check", OPT_CHECK, NULL, 0, program->check_doc, 0 },
		{ "json", OPT_JSON, "FILE", 0, "Write the result to FILE as JSON, too", 0 },
		{ program->queue_kib != 0 ? "queue" : NULL, program->queue_kib != 0 ? OPT_QUEUE : 0,
			"KIB", 0,
			program->queue_kib != 0
				? "How much the sender has queued at a time, and what the pool "
				  "has mbufs for, which the wire's are from, too (512)"
				: NULL,
			0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	const struct argp argp = { .options = table,
		.parser = parse_option,
		.args_doc = "[-- EAL-OPTION...]",
		.doc = program->doc };
	struct parse p = { options, program };
	int own = 0;

	*options = (struct duo_options){
		.duration_s = 2, .size = program->size, .queue_kib = program->queue_kib
	};
	while (own < argc && (own == 0 || strcmp(argv[own], "--") != 0))
		own++;
	if (own < argc) {
		options->eal_args = &argv[own + 1];
		options->nb_eal_args = argc - own - 1;
	}
	argp_program_version = program->version;
	argp_err_exit_status = 2;
	argp_parse(&argp, own, argv, 0, NULL, &p);
	if (options->rounds == 0) {
		double fit = floor(options->duration_s / ROUND_SECONDS);

		options->rounds = fit < 1		 ? 1
				  : fit > DEFAULT_ROUNDS ? DEFAULT_ROUNDS
							 : (uint32_t)fit;
	}
}
