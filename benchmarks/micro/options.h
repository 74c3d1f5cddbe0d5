/* SPDX-License-Identifier: BSD-3-Clause */
/* options.h: what the command line asks for. Everything after "--" is EAL's. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_MAX_SIZES 16

enum part {
	PART_TABLE,
	PART_WHEEL,
	PART_HASH,
	PART_CSUM,
	PARTS,
};

struct options {
	double seconds; /* each comparison's share of processor time */
	uint32_t entries[OPTIONS_MAX_SIZES];
	uint32_t nb_entries;
	bool part[PARTS];
	const char *json;
	char **eal_args; /* after "--"; the last one is followed by NULL */
	int nb_eal_args;
};

/** Reads the command line. Doesn't return from --help, nor from a mistake: that is status 2. */
void options_parse(struct options *options, int argc, char **argv);

#endif
