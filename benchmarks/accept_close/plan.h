/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan.h: what a run needs before it starts: memory for the TIME-WAITs that it is going to leave,
 * client addresses for as many tuples, room on the cable, two cores.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "options.h"

struct plan {
	uint32_t max_time_wait;	  /* of each worker of the side that closes first, if it is here */
	uint32_t other_time_wait; /* of the other side */
	uint32_t clients;	  /* addresses */
	uint32_t max_conns;	  /* but for those that stay idle */
	uint32_t idle;
	uint32_t max_embryos;
	uint32_t cable_entries;
	uint32_t pool_mbufs;
	uint32_t wanted_mb; /* all in all */
	uint32_t mem_mb;    /* from EAL; without enough hugepages the tables are elsewhere */
	double kept_per_s;  /* up to so many connections a second, no TIME-WAIT is evicted */
	bool short_of_memory;
	uint32_t missing_mb;
	bool short_of_tuples; /* the command line's addresses and ports are too few */
	bool fits_hugepages;
};

/** @p tcp is what the run is set to; @p no_huge says that EAL is told to do without hugepages. */
void plan_make(const struct options *options, const struct thole_tcp_params *tcp, bool no_huge,
	struct plan *plan);

/**
 * EAL's --lcores for @p n lcores, 0 to n - 1, on the CPUs that this process may run on, in turn:
 * where there are fewer, lcores share them. @return 0, or -1 if it can't be said.
 */
int plan_lcores(uint32_t n, char *text, size_t bytes);

/**
 * Two CPUs that this process may run on, on different physical cores if there are any; -1 for one
 * that isn't there.
 */
void plan_cpus(int cpus[2]);

#endif
