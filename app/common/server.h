/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * server.h: what servers have in common: the ports they listen at, and how they end. A server is
 * ready when it has said so on stdout, with one line a port.
 */
#ifndef COMMON_SERVER_H
#define COMMON_SERVER_H

#include "conns.h"

#define SERVER_PORTS   16
#define SERVER_BACKLOG 1024

struct server {
	const char *name;
	uint16_t ports[SERVER_PORTS];
	unsigned int nb_ports;
	const struct opts *opts;
	const struct conns_ops *ops;
	size_t bytes; /**< of the program's own record, which begins with this one */
	/** Before all else, once for each worker; or NULL. */
	void (*init)(struct server *server);
	/** INFO's answer, or its REFUSED; or NULL: none is asked for. */
	void (*info)(struct server *server, const struct thole_event *event);
	/** Before each turn's pumps: timers and the like; or NULL. */
	void (*tick)(struct server *server);
	struct run *run;
	struct conns conns;
	unsigned int listening; /**< ports that are open */
	int status;
};

/** The option --port; @p ctx is a struct server. */
int server_set_port(void *ctx, const char *value, struct thole_why *why);

/** Serves until a signal. @return the exit status. */
int server_main(struct server *server, const struct opts *opts, uint16_t default_port);

#endif
