/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * opts.h: the command line that all programs share, over a configuration file: a program adds its
 * own options and operands. What comes after "--" is EAL's.
 */
#ifndef COMMON_OPTS_H
#define COMMON_OPTS_H

#include <thole/config.h>

struct opts_def {
	const char *name;
	const char *arg; /**< what its argument is called, or NULL: it has none */
	const char *help;
	/** @return 0, or -EINVAL and a line in @p why. */
	int (*set)(void *ctx, const char *value, struct thole_why *why);
};

struct opts_program {
	const char *name;
	const char *summary;
	const char *operands; /**< as --help shows them: "ADDRESS PORT", or "" */
	int nb_operands;
	const struct opts_def *defs; /**< ends with a NULL name */
	void *ctx;
	bool many_workers; /**< several workers can run it (port.workers) */
};

struct opts {
	struct thole_config config;
	char **operands; /**< the program's nb_operands */
	char **eal_argv; /**< what came after "--" */
	int eal_argc;
	bool app_core; /**< the application runs on an lcore of its own */
	bool stats;    /**< say at the end what the stack has counted */
	const struct opts_program *program;
};

#define OPTS_GO_ON (-1)

/**
 * Reads the command line, and the configuration file it names before anything else on it.
 * @return OPTS_GO_ON, or the status to exit with: 0 after --help, 2 for bad usage (and a line on
 * stderr).
 */
int opts_read(struct opts *opts, const struct opts_program *program, int argc, char **argv);

void opts_fini(struct opts *opts);

/** Reads a whole number. @return 0, or -EINVAL and a line in @p why that names @p what. */
int opts_number(const char *text, uint64_t min, uint64_t max, const char *what, uint64_t *out,
	struct thole_why *why);

#endif
