/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pingpong.h: what takes turns. All have one message on its way at a time and nothing that sleeps
 * but in the last form, and one core has both ends' stacks or, of the wire, both ends' loops, but
 * where it says otherwise.
 */
#ifndef PINGPONG_H
#define PINGPONG_H

#include "duo/duo.h"
#include "accept_close/histogram.h"

enum form {
	FORM_WIRE,	/* an mbuf goes there and back, both ends on one core */
	FORM_WIRE_TWO,	/* the same, each end on a core of its own */
	FORM_DIRECT,	/* run to completion: direct contexts at both ends, in the worker's core */
	FORM_RING,	/* the client's application on the other core, by a ring context */
	FORM_RING_BOTH, /* the client's and the server's, in one thread on the other core */
	FORM_RING_ASLEEP, /* likewise, and that thread sleeps until it is woken */
	FORMS
};

/* Round trips that aren't counted at the beginning of a turn. */
#define WARM_TRIPS 2000
/* A message that takes longer is given up. */
#define PATIENCE_NS UINT64_C(20000000000)

/* A turn of one form. */
struct turn {
	struct duo *duo;
	struct histogram *h; /* ns */
	uint64_t ns;	     /* how long it counts */
	uint32_t size;
	bool failed;
	/* of them all: */
	uint64_t trips;
	uint64_t elapsed_ns;
};

/** @return 0 or negative errno. */
int pingpong_wire(struct turn *turn, bool two_cores);

/** One of the forms with stacks; in it contexts are made, a connection is opened, and both ended.
 * @return 0 or negative errno. */
int pingpong_stacks(struct turn *turn, enum form form);

/** What the worker of a side calls in its turn, and with what: the application of its own core. */
void pingpong_app_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns);
void *pingpong_app_ctx(enum duo_side side);

#endif
