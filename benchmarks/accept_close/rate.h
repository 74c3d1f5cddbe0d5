/* SPDX-License-Identifier: BSD-3-Clause */
/* rate.h: what came of the connections that the client opened, and, in an open loop, of those due.
 */
#ifndef RATE_H
#define RATE_H

#include <jansson.h>

#include "run.h"

/* From when the client got going until it stopped; what was open then has ended since. */
struct rate_figures {
	double opened;
	double served; /* of these: everything was exchanged, and the end was orderly */
	double served_share;
	/* Of an open loop only. */
	double waited;	 /* of the opened: they were due while as many were open as may be */
	double unopened; /* due, and not opened when it stopped */
	double run_s;
};

/** @p run has a client, which is at rest. */
void rate_figures(const struct run *run, struct rate_figures *out);

void rate_print(const struct run *run);
json_t *rate_object(const struct run *run);

#endif
