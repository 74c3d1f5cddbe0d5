/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * side.h: one side of the benchmark: a port, and lanes on it: a worker with its own lcore, and what
 * works inside that.
 */
#ifndef SIDE_H
#define SIDE_H

#include <thole/config.h>

#include "client.h"
#include "hog.h"
#include "plan.h"
#include "server.h"

struct lane {
	struct thole_worker *worker; /* NULL: isn't there */
	struct end *end;	     /* server's or client's; its counts stay after side_stop() */
	union {
		struct server server;
		struct client client;
	};
	struct hog hog;	       /* of its pool, if it is to be starved */
	uint32_t mbufs_before; /* in use when the worker wasn't there yet */
};

struct side {
	bool used;
	bool is_server;
	struct thole_config config;
	struct thole_port *port;
	struct thole_addr server_addr; /* whom a client connects to */
	struct lane lanes[MAX_WORKERS];
	uint32_t nb_lanes;
	unsigned int lcores[MAX_WORKERS];  /* of the lanes; set before the port is opened */
	struct end *end;		   /* after side_stop(): what all lanes counted and timed */
	struct thole_worker_stats workers; /* likewise */
};

/**
 * Settings of this side: the plan's (NULL: none), then the file's, then --set's, then the command
 * line's.
 * @return 0 or negative errno.
 */
int side_configure(struct side *side, bool is_server, const struct options *options,
	const struct plan *plan, struct thole_why *why);

/** Frees what side_configure() owes. */
void side_unconfigure(struct side *side);

/** Opens the port that the settings name. */
int side_open(struct side *side, struct thole_why *why);

/** Makes the workers and their ends. Nothing runs yet. */
int side_start(struct side *side, const struct options *options, struct thole_why *why);

/** Frees the workers, none of which runs any more. */
void side_stop(struct side *side);

/**
 * Mbufs of the port's pools that didn't come back. The other side must be stopped, too: over a
 * cable, each has mbufs of both.
 */
uint32_t side_leaked_mbufs(struct side *side);

/** Closes the port. */
void side_close(struct side *side);

/** The stacks' counters, added up; all zero without workers. From any thread. */
void side_stats(const struct side *side, struct thole_stats *stats);

/** What the ends count, added up. From any thread. */
struct end_counts side_counts(const struct side *side);

/** Whether latencies count from now on. From any thread. */
void side_record(const struct side *side, bool on);

#endif
