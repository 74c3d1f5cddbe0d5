/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * world.h: two sides of a cable, a few workers each, turned by the test's own thread as its calls
 * wait: so what happens depends on nothing but the clock of TCP's timers. Side 0 is 10.0.0.1, side
 * 1 10.0.0.2.
 */
#ifndef SOCKET_WORLD_H
#define SOCKET_WORLD_H

#include <thole/socket.h>

#include "test.h"

#define WORLD_WORKERS 4
#define WORLD_LONG    (20ull * 1000000000) /* no call that works waits so long */

struct world_side {
	struct thole_port *port;
	struct thole_worker *workers[WORLD_WORKERS];
	struct thole_sockets *sockets;
	bool stopped; /* its workers don't turn */
};

struct world {
	struct world_side sides[2];
	uint16_t nb_workers; /* a side */
	uint64_t turns;
};

extern struct world world;

struct world_config {
	uint16_t nb_workers;   /* 0: 1 */
	uint32_t ring_entries; /* 0: 64 */
	uint32_t max_sockets;  /* 0: 64 */
	uint32_t buf_bytes;    /* send and receive; 0: as configured */
	uint64_t msl_ns;       /* 0: 1 ms, so that little is left over */
	bool no_sockets;
};

void world_begin(const struct world_config *config);

/** Ends everything, and looks whether all memory has come back. */
void world_end(void);

/** A turn of each worker. */
void world_turn(void *ctx);
void world_turns(unsigned int n);

struct thole_endpoint world_at(unsigned int side, uint16_t port);

/** A socket of side 1 that listens at @p port. */
thole_sock world_listen(uint16_t port, uint32_t backlog);

/** A connection between side 0 and a listener of side 1. */
void world_pair(thole_sock listener, uint16_t port, thole_sock *client, thole_sock *server);

#endif
