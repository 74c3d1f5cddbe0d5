/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * standing.h: connections that are opened before the count and stay: on each, one request and one
 * response after another, in a closed loop: with the response the next request is due. Due requests
 * that are more than may be on their way wait at the client, and that counts as latency.
 */
#ifndef STANDING_H
#define STANDING_H

#include "end.h"

#define STANDING_BYTES 64U /* a request, and a response, unless said otherwise */

/* On their way at a time unless said otherwise. More win nothing: what is worked off for longer
 * than the peer's delayed ACK is probed for. */
#define STANDING_OUT 2048U

struct client;

struct standing {
	uint32_t n;
	uint32_t opened;   /* so many were begun, */
	uint32_t pending;  /* so many of them not established, */
	uint32_t closing;  /* in the end: closed, and not over */
	uint32_t out;	   /* requests that the stack has, or the server */
	uint32_t most_out; /* what the pool has mbufs for */
	uint32_t *due;	   /* a ring: talks that could say the next request, or be closed */
	uint32_t due_head;
	uint32_t nb_due;
};

/** @p n: how many of them are this client's. */
int standing_init(struct client *client, uint32_t n);
void standing_fini(struct client *client);

/** Opens more of them. @return false once all are open. */
bool standing_fill(struct client *client);

/** All are open: the first requests are due. */
void standing_begin(struct client *client);

/** Says requests that wait, as far as the pool goes. Once a turn. */
void standing_turn(struct client *client);

/** Closes those that wait for no response, as many at a time as were opened. Once a turn, in the
 * end. */
void standing_end(struct client *client);

/** An event of one of them. */
void standing_event(struct client *client, uint32_t slot, const struct thole_event *event);

/** DATA at the server: some of a request. Takes the mbuf. */
void standing_request(struct end *end, struct talk *talk, struct rte_mbuf *mbuf);

/**
 * Packets that a request and its response take at least, both ways, divided by two: the wire's
 * round trips that they are worth. More of them earn nothing.
 */
double standing_trips(uint32_t request_bytes, uint32_t response_bytes);

#endif
