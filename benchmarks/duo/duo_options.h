/* SPDX-License-Identifier: BSD-3-Clause */
/* duo_options.h: the command line of a benchmark of two stacks on a cable. */
#ifndef DUO_OPTIONS_H
#define DUO_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* What a program is called, what it says of itself, and how it begins. */
struct duo_program {
	const char *name;
	const char *version; /* what --version says */
	const char *doc;
	const char *size_doc;
	const char *check_doc;
	uint32_t size, size_least, size_most;
	uint32_t queue_kib; /* 0: there is no such option */
};

struct duo_options {
	double duration_s; /* of each form, in all rounds together */
	uint32_t rounds;
	uint32_t size;
	uint32_t queue_kib;
	bool check;
	const char *json; /* or NULL */
	char **eal_args;
	int nb_eal_args;
};

/** Ends the program with status 2 and a word on stderr when there is a mistake; with 0 after
 * --help. */
void duo_options_parse(
	struct duo_options *options, const struct duo_program *program, int argc, char **argv);

#endif
