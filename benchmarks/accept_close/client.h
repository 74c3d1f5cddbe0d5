/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client.h: the end that opens connections: as many as it keeps open, in a closed loop, or as many
 * a second, in an open one.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "end.h"
#include "flood.h"
#include "pace.h"
#include "standing.h"

enum client_phase {
	CLIENT_PROBE, /* one connection at a time until one succeeds: the server may not be up yet
		       */
	CLIENT_RAMP,  /* one connection from each address: neighbours get to know each other */
	CLIENT_FILL,  /* those that stay open */
	CLIENT_RUN,
	CLIENT_STOP, /* no new connections, and those that stay open are reset, or closed if they
			talked */
};

/* A tuple, by what is counted up: each from 0. */
struct walk {
	uint32_t address;
	uint32_t port;
	uint32_t local;
};

struct client {
	struct end end;
	enum client_phase phase;
	bool ephemeral;
	bool stop;   /* set by another thread: open no more */
	bool shared; /* other workers open connections, too: not all tuples are ours */
	const struct thole_worker *worker;
	uint32_t inflight; /* that are open at a time; of an open loop at most */
	uint32_t *free_slots;
	uint32_t nb_free;
	struct thole_address addresses;
	struct thole_endpoint server;
	uint32_t nb_ports;
	uint16_t first_port;

	struct flood flood;
	struct standing standing;
	uint32_t idle;	       /* connections that stay open, */
	uint32_t idle_opened;  /* of which so many were begun, */
	uint32_t idle_pending; /* so many of them not established, */
	uint32_t idle_reset;   /* and so many looked at in the end */

	/* Of an open loop. */
	uint32_t rate; /* connections a second of all workers; 0: the loop is closed */
	uint32_t number, workers;
	struct pace pace;
	uint64_t *due_ns;  /* by slot: when it was to be opened */
	uint64_t full_ns;  /* when as many were open as may be, and more were due */
	uint64_t waited;   /* of those that are open or over, had to wait for a slot */
	uint64_t unopened; /* due, when it stopped */
	uint64_t run_ns;   /* when it began, */
	uint64_t stop_ns;  /* and when it stopped */

	uint64_t before_opened; /* what there was when it began, which doesn't count */
	uint64_t before_done;

	struct walk walk; /* through addresses, then the server's ports, then local ports */
	uint64_t opened;
	uint64_t ramp; /* connections that get neighbours to know each other */
	uint64_t ramp_end;
	uint64_t retry_ns; /* of the next probe */
	uint64_t random;
	int32_t probe_status; /* of the last probe that failed */
};

#define CLIENT_PORT_MIN 1024U
#define CLIENT_PORTS	(65536U - CLIENT_PORT_MIN) /* local ports of an address */

/** As the client of @p worker, number @p number of options->workers: a share of all that is in
 * flight, and of those that stand, is its own. */
int client_init(struct client *client, const struct options *options, uint32_t number,
	const struct thole_worker *worker, const struct thole_address *addresses,
	const struct thole_addr *server);
void client_fini(struct client *client);

/** Fills in the ports and the local address of a CONNECT. */
void client_next_tuple(struct client *client, struct thole_op *op);

/** Connections that are open, or on their way there or back, but for those that stay; from any
 * thread. */
uint32_t client_open(const struct client *client);

/** Opens no more from its next turn on; from any thread. */
void client_stop(struct client *client);

/** Whether it has got going; from any thread. */
bool client_runs(const struct client *client);

/** A worker's app_turn; @p ctx is the client. */
void client_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns);

#endif
