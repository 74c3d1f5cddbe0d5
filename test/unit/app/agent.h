/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * agent.h: an application that checks what it is told. As a client it opens connections, sends each
 * a number of bytes, expects them back, closes; some it aborts when the first come back. As a
 * server it sends everything back. Of each connection it demands events in their order, CLOSED
 * once, and no other byte. It looks seldom, and then at all there is, so that rings fill up.
 */
#ifndef APP_AGENT_H
#define APP_AGENT_H

#include "pair.h"

#define AGENT_CONNS   4096 /* a stack's */
#define AGENT_PENDING 8192

enum agent_phase { PHASE_NONE, PHASE_OPENING, PHASE_OPEN, PHASE_PEER_CLOSED, PHASE_ABORTED };

struct agent_conn {
	thole_conn handle;
	enum agent_phase phase;
	uint32_t id;
	uint32_t got;
};

struct agent {
	struct thole_app *app;
	struct rte_mempool *pool;
	struct thole_endpoint peer;
	bool client;
	uint32_t total;
	uint32_t inflight;
	uint32_t started;
	uint32_t opened;
	uint32_t closed;
	uint32_t reset;
	uint32_t errors;
	uint32_t full; /* times that not all ops were taken */
	uint64_t seed;
	uint32_t hoard; /* ops gathered before they are submitted, as long as there are events */
	uint32_t dry;	/* looks in a row that found nothing */
	const char *error;
	uint32_t head, count;
	struct thole_op pending[AGENT_PENDING];
	struct agent_conn conns[AGENT_CONNS];
};

struct agent *agent_new(struct pair *p, struct thole_app *app, bool client, uint32_t total);
/** Reads events, does what they call for. In the context's thread. @return whether there were any.
 */
bool agent_step(struct agent *a);
bool agent_done(const struct agent *a);
/** Nobody will take its ops any more. */
void agent_free(struct agent *a);

/* How many connections of @p total a client aborts. */
uint32_t agent_aborts(uint32_t total);

#endif
