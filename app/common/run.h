/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run.h: what every program does around its application: starts EAL, the port and its workers,
 * gives the application its turns (on each worker's lcore, or on one of its own over rings), and on
 * SIGINT or SIGTERM drains the workers: it lets the application end what is under way until a
 * deadline, resets what is left, says so in one line, and takes everything down. A second signal is
 * the deadline.
 */
#ifndef COMMON_RUN_H
#define COMMON_RUN_H

#include <rte_mbuf.h>

#include <thole/app.h>

#include "opts.h"

#define RUN_OPS	   1024
#define RUN_EVENTS 128
#define RUN_CUT	   3 /* exit status: a signal came before all was done */

/** One application's side of a worker. In the application's thread only. */
struct run {
	struct thole_app *app;
	struct rte_mempool *pool;
	uint16_t number;    /**< of the worker */
	uint64_t now_ns;    /**< of this turn */
	bool stopping;	    /**< a signal came: end what is under way */
	bool drained;	    /**< no connection is left in the stack, nor will there be one */
	bool pool_seen;	    /**< pool_left is of this turn */
	uint32_t pool_left; /**< mbufs that may be taken in this turn: the rest is for receiving */
	uint32_t nb_ops;
	struct thole_op ops[RUN_OPS];
};

struct run_program {
	void *ctx;
	/** Of ctx, which each of several workers has a copy of, made before start() is called with
	 * it; nothing is shared. 0: it can only be run by one. */
	size_t ctx_bytes;
	/** Before the first turn. @return 0, or an exit status after saying why. */
	int (*start)(void *ctx, struct run *run);
	/** One event; ops may be posted while there is room. DATA's mbuf is the program's. */
	void (*event)(void *ctx, const struct thole_event *event);
	/** After a turn's events. @return true when there is nothing left to do, ever. */
	bool (*work)(void *ctx);
	/** A signal came: end the connections that there are; peers open no more. run->stopping is
	 * set. What is left at the deadline is reset, and its CLOSED says -ECONNABORTED. */
	void (*stop)(void *ctx);
	/** Frees all; no turn comes after it. @return the exit status. */
	int (*end)(void *ctx);
};

/** Runs @p program from start to end. @return the exit status. */
int run_main(const struct opts *opts, const struct run_program *program);

/** How many more ops can be posted; gives those that wait to the stack if there are too few. */
uint32_t run_room(struct run *run);

/** Posts an op on @p conn: all zero but these. The caller has seen run_room(). */
struct thole_op *run_op(struct run *run, enum thole_op_type type, thole_conn conn);

/** Whether no mbuf is to be taken, nor any window opened, in this turn. */
bool run_pool_low(struct run *run);

/** An mbuf to fill and send; NULL when the pool is low: try again in a later turn. */
struct rte_mbuf *run_mbuf(struct run *run);

#endif
