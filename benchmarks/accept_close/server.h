/* SPDX-License-Identifier: BSD-3-Clause */
/* server.h: the end that listens, accepts and closes. */
#ifndef SERVER_H
#define SERVER_H

#include "end.h"

struct server {
	struct end end;
	uint32_t nb_ports;
	uint32_t listening;    /* ports that do; read by another thread */
	int32_t listen_status; /* why one doesn't; read by another thread */
	uint16_t first_port;
	uint16_t last_port; /* the one after it is for idle connections, if any are wanted */
	bool idle;
	bool leave; /* set by another thread: stop listening */
};

int server_init(struct server *server, const struct options *options, uint32_t max_conns);

/** Listens; before the worker runs, with server->end.app made. */
void server_listen(struct server *server);

/** Stops listening; in the worker's thread. */
void server_unlisten(struct server *server);

/** Has it stop listening in its next turn; from any thread. */
void server_leave(struct server *server);

/** A worker's app_turn; @p ctx is the server. */
void server_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns);

#endif
