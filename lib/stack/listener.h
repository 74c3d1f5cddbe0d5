/* SPDX-License-Identifier: BSD-3-Clause */
/* listener.h: who listens at an endpoint. */
#ifndef STACK_LISTENER_H
#define STACK_LISTENER_H

#include <thole/types.h>

#include "tcp/settings.h"

#define APP_SHARED (UINT8_MAX - 1)

/*
 * Several contexts that listen at one endpoint have a listener each, which is found by none, and
 * one that is found and is nobody's: it distributes. Its backlog is 0, so whoever asks whether
 * there is room goes the way of those for whom there is none, and there the next of the others is
 * chosen.
 */
struct listener {
	uint32_t laddr;	  /* index of the address, LOCAL_NONE: any */
	uint32_t backlog; /* 0: it distributes */
	uint32_t waiting; /* established, and the application hasn't seen them */
	uint16_t port;
	uint16_t next;	/* at the same port; links free ones, too. 0: the last */
	uint16_t share; /* those that share form a ring; of who distributes: the next to be chosen.
			   0: it shares with nobody */
	uint8_t app;	/* APP_NONE: free; APP_SHARED: it distributes */
	uint64_t user;
	struct tcp_settings settings; /* of what it accepts */
};

struct listen_call {
	const struct thole_endpoint *local;
	uint64_t user;
	uint32_t backlog;
	uint8_t app;
	bool shared;
};

#endif
