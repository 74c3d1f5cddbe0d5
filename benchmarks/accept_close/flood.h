/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flood.h: SYNs from addresses that don't exist, on the client's end of the cable: a number of them
 * for each connection that the client opens, or, in an open loop, as many a second, whatever
 * becomes of the connections; and before the first as many as the server keeps embryos. They come
 * from behind the server's gateway (198.18.0.0/15, RFC 2544's); the SYN-ACKs go there, and nobody
 * answers.
 */
#ifndef FLOOD_H
#define FLOOD_H

#include <rte_ether.h>
#include <rte_mempool.h>

#include "options.h"
#include "pace.h"

/* The server's; the flood has nobody to ask for it. */
#define FLOOD_SERVER_MAC                                                                           \
	{                                                                                          \
		{                                                                                  \
			0x02, 0x00, 0x00, 0x09, 0x00, 0x01                                         \
		}                                                                                  \
	}

struct flood {
	struct rte_mempool *pool;
	uint32_t each;	/* SYNs for a connection; 0: there is no flood */
	uint64_t per_s; /* SYNs a second in an open loop */
	uint32_t first; /* before the first connection */
	uint32_t server_ip_be;
	uint32_t nb_ports;
	uint16_t first_port;
	uint16_t port; /* ethdev */
	uint64_t owed;
	uint64_t sent;
	uint64_t random;
	struct pace pace; /* per_s 0: not begun, or over */
};

void flood_init(struct flood *flood, const struct options *options, const struct thole_addr *server,
	uint16_t port, struct rte_mempool *pool, uint32_t embryos);

void flood_begin(struct flood *flood, uint64_t now_ns);

/** By the clock no more come. */
void flood_end(struct flood *flood);

/** How many of @p n connections may be opened now, so that the SYNs keep up. They are owed then. */
uint32_t flood_allows(struct flood *flood, uint32_t n);

/** Sends some of what is owed. In the thread of the worker on the port's queue 0. */
void flood_turn(struct flood *flood, uint64_t now_ns);

#endif
