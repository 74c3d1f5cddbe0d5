/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main.c: test_stress [KIND [SEED [RUNS [trace]]]]: that many runs of one kind from a seed on; of
 * all kinds without arguments. Prints TAP, and for a run that fails what to type to see it again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "sim.h"

#define RUNS 150

static void
start_eal(void)
{
	static char prefix[64];
	static char *args[] = { (char *)"test_stress", (char *)"--no-huge", (char *)"-m",
		(char *)"256", (char *)"--no-pci", (char *)"--no-telemetry", (char *)"--no-shconf",
		(char *)"--log-level=4", (char *)"-l", (char *)"0", prefix, NULL };

	snprintf(prefix, sizeof(prefix), "--file-prefix=thole-stress-%d", (int)getpid());
	if (rte_eal_init((int)RTE_DIM(args) - 1, args) < 0) {
		printf("Bail out! EAL doesn't start: %s\n", rte_strerror(rte_errno));
		exit(1);
	}
}

/* @return whether all held. */
static bool
runs(const char *program, enum sim_kind kind, uint64_t seed, uint64_t n, bool trace,
	unsigned int *number)
{
	struct sim_totals totals = { 0 };
	unsigned int bad = 0;
	char why[400];

	for (uint64_t i = 0; i < n && bad < 5; i++) {
		if (sim_run(kind, seed + i, trace, &totals, why, sizeof(why)))
			continue;
		bad++;
		printf("# %s\n# again: %s %s %" PRIu64 " 1\n", why, program, sim_kind_name(kind),
			seed + i);
		fflush(stdout);
	}
	printf("# %s: %" PRIu64 " runs, %" PRIu64 " turns, %" PRIu64 " ends, %" PRIu64
	       " opened, %" PRIu64 " ended well, %" PRIu64 " bytes, %" PRIu64
	       " retransmits, %" PRIu64 " times no mbuf, %" PRIu64 " forged\n",
		sim_kind_name(kind), totals.runs, totals.turns, totals.ends, totals.established,
		totals.well, totals.bytes, totals.retransmits, totals.starved, totals.forged);
	/* A run in which nothing happens would find nothing. */
	if (n > 20 && (totals.well == 0 || totals.bytes == 0 || totals.retransmits == 0 ||
			      totals.starved == 0)) {
		printf("# too little happened\n");
		bad++;
	}
	printf("%s %u - stress: %s\n", bad != 0 ? "not ok" : "ok", ++*number, sim_kind_name(kind));
	fflush(stdout);
	return bad == 0;
}

int
main(int argc, char **argv)
{
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	uint64_t n = argc > 3 ? strtoull(argv[3], NULL, 0) : argc > 2 ? 1 : RUNS;
	static char runtime[256];
	unsigned int number = 0;
	bool good = true;

	start_eal();
	pools_make();
	for (int kind = 0; kind < SIM_KINDS; kind++)
		if (argc < 2 || strcmp(argv[1], sim_kind_name((enum sim_kind)kind)) == 0)
			good &= runs(argv[0], (enum sim_kind)kind, seed, n, argc > 4, &number);
	if (number == 0) {
		printf("Bail out! no kind %s: honest, strict or hostile\n", argv[1]);
		good = false;
	}
	printf("1..%u\n", number);
	snprintf(runtime, sizeof(runtime), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	rmdir(runtime); /* EAL leaves it, empty */
	return good ? 0 : 1;
}
