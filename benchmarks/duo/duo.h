/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * duo.h: what benchmarks of two stacks share: EAL on two lcores of different physical cores, two
 * ports joined back to back in memory, a worker on each, and whether all mbufs come back. Nothing
 * runs by itself: the benchmark has the workers turn.
 */
#ifndef DUO_H
#define DUO_H

#include <signal.h>

#include <jansson.h>

#include <thole/port.h>

#include "accept_close/addloop.h"
#include "duo/duo_options.h"

#define DUO_ENTRIES	1024 /* slots of the cable each way */
#define DUO_PORT	5001
#define DUO_EAL_ARGS	64
#define DUO_FRAME_BYTES 66 /* what Ethernet, IPv4 and TCP with timestamps put before the data */

enum duo_side { DUO_CLIENT, DUO_SERVER, DUO_SIDES };

struct duo {
	const struct duo_program *program;
	const struct duo_options *options;
	struct thole_port *ports[DUO_SIDES];
	struct thole_worker *workers[DUO_SIDES];
	struct addloop add_before, add_after;
	unsigned int other; /* the lcore that isn't main's */
	uint32_t mbufs_before[DUO_SIDES];
	bool hugepages;
	char *eal_argv[DUO_EAL_ARGS + 1];
	char lcores[32];
	bool eal_up;
	bool json_made; /* the JSON file wasn't there before */
};

/* Set by SIGINT and SIGTERM. */
extern volatile sig_atomic_t duo_signals;

/** One line on stderr. @return @p status. */
int duo_complain(const struct duo *d, const char *text, int status);

/** EAL, cable and ports. @param mem_mb what the program is going to need.
 * @return 0, or an exit status: then something was said. */
int duo_open(struct duo *d, const struct duo_program *program, const struct duo_options *options,
	uint32_t mem_mb);

/** Makes the worker of @p side: 10.9.0.1 is the server, 10.9.0.2 the client. @p config is as
 * thole_worker_config_init() leaves it, with what the benchmark wants. */
int duo_worker(struct duo *d, enum duo_side side, struct thole_worker_config *config);

/** Addresses of the server, for CONNECT. */
struct thole_endpoint duo_server(void);

/** Ends the workers. @return mbufs of the ports' pools that didn't come back. */
uint32_t duo_stop(struct duo *d);

/** Writes @p top, which it takes, to the file that --json names, if any. @return 0, or 1. */
int duo_write(struct duo *d, json_t *top);

/** Closes what is open, and ends EAL. */
void duo_close(struct duo *d);

/** The middle of @p n values, which it sorts; 0 of none. */
double duo_median(double *values, uint32_t n);

#endif
