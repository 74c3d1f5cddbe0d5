/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * starve.h: in the middle of the count hogs take the server's mbufs, then the client's, and give
 * them back: what became of the rate, and whether it came back.
 */
#ifndef STARVE_H
#define STARVE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#define STARVE_RECOVERED 0.5 /* of the rate before, at least */

struct run;

enum starve_stage {
	STARVE_BEFORE,
	STARVE_SERVER,
	STARVE_CLIENT,
	STARVE_AFTER,
	STARVE_OVER,
};

struct starve {
	enum starve_stage stage;
	uint64_t since_ns; /* of the stage, */
	uint64_t done;	   /* with so many connections done before */
	double per_s[STARVE_OVER];
};

/** The count begins. */
void starve_begin(struct run *run);

/** At @p now_ns, within the count. */
void starve_look(struct run *run, uint64_t now_ns);

/** The count is over, perhaps early: all is given back. */
void starve_end(struct run *run, uint64_t now_ns);

/** Whether the rate came back; so it did if nobody was starved. */
bool starve_recovered(const struct run *run);

void starve_print(const struct run *run);
json_t *starve_object(const struct run *run);

#endif
