/* SPDX-License-Identifier: BSD-3-Clause */
/* options.h: what the command line asks for. Everything after "--" is EAL's. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <thole/stack.h>

#define OPTIONS_MAX_SETS 64
#define MAX_WORKERS	 16 /* of a side: as many queues as the cable can have */

enum role {
	ROLE_BOTH,
	ROLE_SERVER,
	ROLE_CLIENT,
};

/* One --set section.key=value; the strings are the command line's own memory, cut into three. */
struct option_set {
	const char *section;
	const char *key;
	const char *value;
};

struct options {
	double duration_s;
	double starve_s; /* of the duration, without mbufs; 0: never */
	double wait_s;	 /* how long one role waits for the other */
	const char *json;
	const char *config;
	const char *device;
	uint32_t request_bytes;
	uint32_t response_bytes;
	uint32_t inflight;
	uint32_t rate;	    /* connections a second in an open loop; 0: a closed loop */
	uint32_t idle;	    /* connections that stay open besides */
	uint32_t time_wait; /* of the side that closes first: full before the count; 0: as needed */
	uint32_t standing;  /* connections that stay open, for requests; 0: they come and go */
	uint32_t workers;   /* of a side */
	uint32_t flood;	    /* spoofed SYNs for each connection that is opened, or due; 0: none */
	bool client_closes;
	enum role role;
	struct thole_address address; /* count 0: not given */
	struct thole_address clients; /* count 0: not given */
	struct thole_addr peer;	      /* any: not given */
	struct thole_addr gateway;    /* any: not given */
	uint16_t port_first;
	uint16_t port_last;
	bool no_kernel;
	bool no_wire;
	bool wire; /* of a lone side, whose other one does as well */
	bool offload_checksums;
	bool ephemeral;
	bool wrong_worker;
	struct option_set sets[OPTIONS_MAX_SETS];
	uint32_t nb_sets;
	char **eal_args; /* after "--"; the last one is followed by NULL */
	int nb_eal_args;
};

struct options_error {
	char text[320];
};

/**
 * Reads the command line; --help prints and exits with 0.
 * @return 0, or -EINVAL with one line in @p error that names the thing and the mend.
 */
int options_parse(struct options *options, int argc, char **argv, struct options_error *error);

/** Whether EAL's arguments have one of this name, with or without a value. */
bool options_eal_has(int argc, char *const argv[], const char *name);

#endif
