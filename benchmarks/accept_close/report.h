/* SPDX-License-Identifier: BSD-3-Clause */
/* report.h: what a run has found, as a table for a person and as JSON for a program. */
#ifndef REPORT_H
#define REPORT_H

#include "addloop.h"
#include "kernel.h"
#include "plan.h"
#include "rate.h"
#include "run.h"
#include "wire.h"

/* A number in words of three digits: 1,234,567. */
#define GROUPED_BYTES 32
const char *grouped(double value, char text[GROUPED_BYTES]);

struct report {
	const struct options *options;
	const struct plan *plan;
	const struct run *run;
	const struct side *server, *client; /* also before the run */
	bool hugepages;
	uint32_t offloads; /* enum thole_offload of the ports */
	uint32_t leaked_mbufs;
	/* Measured before and after the run; best 0 if not. */
	struct wire wire_before, wire_after;
	struct kernel kernel;
	int kernel_rc; /* negative errno: it couldn't be measured */
	int wire_rc;
	struct addloop add_before, add_after;
};

/* The figures of the table and of the JSON file, which has them under these names. */
struct figures {
	double conns_per_s;
	double offered_per_s; /* 0: the loop is closed */
	double wire_round_trips_per_s;
	double wire_fraction;
	double kernel_conns_per_s;
	double server_rx_pkts_per_conn;
	double server_tx_pkts_per_conn;
	double connect_us_p50;
	double connect_us_p99;
	double connect_us_p999;
	double close_us_p50;
	double close_us_p99;
	double failed_conns;
	double retransmits;
	double syn_retransmits; /* of these, the client's SYNs */
	double time_wait_peak;
	double time_wait_evicted;
	double time_wait_min_age_ms;
	double leaked_mbufs;
	double leaked_conns;
};

/* What came of the client's connections beside a flood. */
struct flood_figures {
	struct rate_figures conns;
	double spoofed_syns;
	double spoofed_per_s; /* while it was counted */
	double syn_retries;
	double embryos; /* in use at the end of the count */
};

void report_flood(const struct run *run, struct flood_figures *out);

/** How long it took to close, as the side has it that closes first, or the client, when it knows
 * when each was due; NULL if that side isn't here. */
const struct histogram *report_close_ns(const struct run *run);

void report_figures(const struct report *report, struct figures *out);

/** What the run is going to do, before it starts. */
void report_head(const struct report *report);

void report_table(const struct report *report, const struct figures *figures);

/** @return 0 or negative errno. */
int report_json(const struct report *report, const struct figures *figures, const char *path);

#endif
