/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream.h: the two that take turns. Both send from the same pool of payload on main's core and
 * count at the receiver's, the other one, which frees what it gets.
 */
#ifndef STREAM_H
#define STREAM_H

#include "duo/duo.h"

#define CHAIN_MBUFS 32 /* given at once; the wire's burst as well */

struct turn {
	struct duo *duo;
	struct rte_mempool *pool;
	uint64_t warm_ns; /* before it counts */
	uint64_t ns;
	uint32_t size; /* payload of a segment */
	/* what came of it: */
	uint64_t bytes;
	uint64_t elapsed_ns;
};

/** Frames of the same payload behind a header; the sender sums the payload, the receiver sums it
 * again and compares. @return 0 or negative errno. */
int stream_wire(struct turn *turn);

/** Makes both ends' application contexts. @return 0 or negative errno. */
int stream_start(struct duo *duo, uint32_t size, struct rte_mempool *pool);
void stream_stop(void);

/** What the worker of a side calls in its turn. */
void stream_app_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns);
void *stream_app_ctx(enum duo_side side);

/** One connection, from the handshake to both FINs. @return 0 or negative errno. */
int stream_stacks(struct turn *turn);

#endif
