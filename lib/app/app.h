/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * app.h: the inside of an application context. A direct one works on the stack's records at once; a
 * ring one has an SPSC ring each way, which the stack's thread empties and fills in
 * thole_stack_run().
 */
#ifndef APP_APP_H
#define APP_APP_H

#include <rte_ring.h>

#include <thole/app.h>

#include "stack/stack.h"

_Static_assert(sizeof(struct thole_op) == 64, "an op is one cache line");
_Static_assert(sizeof(struct thole_event) == 64, "an event is one cache line");

/* Answers that no connection carries: LISTENING, REFUSED, CLOSED without a handle, GIVEN and TAKEN.
 * A power of two. */
#define ANSWERS_MAX 256

struct thole_app {
	struct thole_stack *stack;
	uint8_t number;
	uint16_t life; /* its client's */
	struct thole_event answers[ANSWERS_MAX];
	uint32_t answers_head;
	uint32_t answers_n;
	uint32_t ring_entries; /* 0: direct */
	uintptr_t thread;      /* whose a ring context is; 0: nobody's yet */
	struct rte_ring *ops;
	struct rte_ring *events;
	size_t ring_bytes;
	void (*ops_queued)(void *ctx); /* the stack's; or NULL */
	void *ops_queued_ctx;
	void (*events_queued)(void *ctx); /* or NULL */
	void *events_queued_ctx;
};

/* ops.c: does ops while there is room for an answer. @return how many. */
uint32_t ops_do(struct thole_app *app, const struct thole_op *ops, uint32_t n);
/* Likewise one SEND. */
uint32_t ops_send(struct thole_app *app, thole_conn conn, struct rte_mbuf *chain);

/* give.c: gives @p t to another context. @return 0 or negative errno. */
int give_conn(struct thole_app *app, struct tcb *t, const struct thole_op *op);
/* Looks at some of what stands in a context's list of those with events, and moves what was given
 * away to the taker's. */
void give_part(struct thole_app *app);

/* events.c: takes events from the connections. */
uint32_t events_take(struct thole_app *app, struct thole_event *events, uint32_t max);

/* app.c */
struct thole_event *answer_add(
	struct thole_app *app, enum thole_event_type type, int status, uint64_t user);

#endif
