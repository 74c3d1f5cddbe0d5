/* SPDX-License-Identifier: BSD-3-Clause */
/* side.h: one side of the benchmark: a port, the worker on it, and what works inside that. */
#ifndef SIDE_H
#define SIDE_H

#include <thole/config.h>

#include "client.h"
#include "plan.h"
#include "server.h"

struct side {
	bool used;
	bool is_server;
	struct thole_config config;
	struct thole_port *port;
	struct thole_worker *worker;
	struct end
		*end; /* server's or client's; its counts and histograms stay after side_stop() */
	union {
		struct server server;
		struct client client;
	};
	uint32_t mbufs_before; /* in use when the worker wasn't there yet */
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

/** Makes the worker and its end. Nothing runs yet. */
int side_start(struct side *side, const struct options *options, struct thole_why *why);

/** Frees the worker. */
void side_stop(struct side *side);

/**
 * Mbufs of the port's pool that didn't come back. The other side must be stopped, too: over a
 * cable, each has mbufs of both.
 */
uint32_t side_leaked_mbufs(struct side *side);

/** Closes the port. */
void side_close(struct side *side);

/** The stack's counters; all zero without a worker. From any thread. */
void side_stats(const struct side *side, struct thole_stats *stats);

#endif
