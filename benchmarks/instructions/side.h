/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * side.h: one of the two stacks with its application, which runs to completion in the stack's turn.
 * The cable between the sides is an array of mbufs: what one side sent in its turn is the burst
 * that the other receives in its own.
 */
#ifndef SIDE_H
#define SIDE_H

#include <thole/app.h>
#include <thole/stack.h>

#define BURST	 32 /* packets each way in a turn */
#define MAX_OPS	 64
#define ADDRS	 64 /* of the client */
#define PORT	 80
#define MAX_DATA 65536
#define SEGMENT	 1448 /* bulk: bytes of a segment, and of an mbuf */
#define CHAIN	 32   /* segments given at a time */

struct settings {
	uint32_t conns;
	uint32_t inflight;
	uint32_t request;
	uint32_t response;
	uint32_t time_wait; /* tombstones at most */
	bool offload_checksums;
	bool bulk;
	uint32_t segments; /* that the client sends then */
};

struct cable {
	struct rte_mbuf *pkts[BURST];
	uint16_t n;
};

/* What an application knows of a connection. */
struct talk {
	uint32_t expect; /* bytes still to come */
};

struct side {
	struct thole_stack *stack;
	struct thole_app *app;
	struct rte_mempool *pool;
	const struct settings *settings;
	uint32_t request; /* of settings */
	uint32_t response;
	bool is_server;
	uint64_t credit;    /* bulk: bytes that the sender may give */
	uint32_t given;	    /* segments */
	thole_conn conn;    /* bulk: the sender's */
	struct talk *talks; /* by the handle's index */
	struct thole_op ops[MAX_OPS];
	uint32_t nb_ops;
	uint32_t opened;
	uint32_t closed;
	uint32_t failed; /* whatever shouldn't happen */
};

/** @return 0 or negative errno; @p why says it in words. */
int side_init(struct side *s, const struct settings *settings, bool is_server, const char **why);
void side_fini(struct side *s);

/** The server listens. */
void side_listen(struct side *s);

/** A worker's turn: rx, events, application, ops, run, tx. */
void side_turn(struct side *s, uint64_t now_ns, struct cable *in, struct cable *out);

#endif
