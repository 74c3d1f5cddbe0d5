/* SPDX-License-Identifier: BSD-3-Clause */
/* standing_report.h: what came of requests on standing connections. */
#ifndef STANDING_REPORT_H
#define STANDING_REPORT_H

#include "report.h"

/* The JSON file has them under these names, with --standing. */
struct standing_figures {
	double requests_per_s;
	double request_us_p50;
	double request_us_p99;
	double request_us_p999;
	double server_rx_pkts_per_request;
	double server_tx_pkts_per_request;
};

void standing_figures(const struct run *run, struct standing_figures *out);

/**
 * Round trips of the wire that the requests of a second are worth: for each the server's packets,
 * in and out, divided by two, but no more than it takes at least: who sends more than that for
 * nothing, or acknowledges alone, gains nothing by it.
 */
double standing_wire_trips(const struct options *options, const struct standing_figures *figures);

void standing_print_head(const struct options *options);
void standing_print(const struct run *run);

#endif
