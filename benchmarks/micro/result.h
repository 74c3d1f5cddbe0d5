/* SPDX-License-Identifier: BSD-3-Clause */
/* result.h: what the comparisons gave: lines for a person as they come, and JSON for a program. */
#ifndef RESULT_H
#define RESULT_H

#include <stdbool.h>

#include <jansson.h>

#include "measure.h"
#include "options.h"

struct results {
	const struct options *options;
	json_t *figures; /* an array */
	json_t *checks;	 /* an array */
	bool failed;	 /* a check, or something that a comparison needs */
};

void results_init(struct results *results, const struct options *options);
void results_fini(struct results *results);

/** A heading: printf. */
void results_head(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Says on stderr what kept a comparison from running. */
void results_fail(struct results *results, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Runs a contest, and prints and keeps its figures. @p entries 0: it has no size. */
void results_run(
	struct results *results, const char *part, uint32_t entries, const struct contest *contest);

/** Keeps, and prints if it is so, that a side didn't come to what it should. */
void results_check(struct results *results, const char *part, uint32_t entries, const char *what,
	uint64_t expected, uint64_t ours, uint64_t theirs);

/** @return 0 or negative errno. */
int results_write(const struct results *results, bool hugepages);

#endif
