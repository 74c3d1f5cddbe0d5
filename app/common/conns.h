/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conns.h: a program's connections. Events only note what happened and mark the connection ready;
 * then the program's pump() does what can be done for each ready one, within the send credit, the
 * mbufs and the room for ops there are. So a shortage of any of them means "later", and never loses
 * anything.
 *
 * Received data waits in a queue of mbufs that the program takes from; only what it took is given
 * back to the stack as received. So a program that can't go on closes the peer's window by doing
 * nothing.
 */
#ifndef COMMON_CONNS_H
#define COMMON_CONNS_H

#include <sys/queue.h>

#include "run.h"

struct conns;

/** The head of a program's own connection record. */
struct conn {
	thole_conn handle;
	TAILQ_ENTRY(conn) all;
	TAILQ_ENTRY(conn) ready;
	struct rte_mbuf *in_head; /**< received, not taken: segments linked by next */
	struct rte_mbuf *in_tail;
	uint64_t in_bytes;
	uint64_t owed;	/**< bytes taken, not yet given back as received: the pool was low */
	int64_t credit; /**< bytes that may be sent; the last segment may overdraw it */
	bool is_ready;
	bool peer_closed; /**< no data comes after in_bytes */
	bool shut;	  /**< we send no more */
	bool closing;	  /**< CLOSE or ABORT was posted: CLOSED comes */
};

TAILQ_HEAD(conn_list, conn);

struct conns_ops {
	size_t conn_bytes; /**< of the program's record, zeroed at the start */
	/** A connection began. */
	void (*opened)(struct conns *conns, struct conn *conn);
	/** Does what can be done now; called after each event and each conns_wake(). */
	void (*pump)(struct conns *conns, struct conn *conn);
	/** The connection is over; the record and its queue are freed after this. */
	void (*closed)(struct conns *conns, struct conn *conn, int status);
};

struct conns {
	const struct conns_ops *ops;
	struct run *run;
	void *ctx;
	struct conn **by_index; /**< by the handle's index */
	uint32_t max;
	uint32_t nb;
	struct conn_list all;
	struct conn_list ready;
};

/** @return 0 or -ENOMEM. */
int conns_init(
	struct conns *conns, const struct conns_ops *ops, struct run *run, uint32_t max, void *ctx);

/** Frees the records, without a word to the stack. */
void conns_fini(struct conns *conns);

/** @return NULL: it is over. */
struct conn *conns_find(const struct conns *conns, thole_conn handle);

/** Heeds an event about a connection. @return false if it is none of conns' connections or kinds.
 */
bool conns_event(struct conns *conns, const struct thole_event *event);

/** Pumps each connection that is ready, once. */
void conns_work(struct conns *conns);

/** Has the connection pumped in the next conns_work(). */
void conns_wake(struct conns *conns, struct conn *conn);

void conns_wake_all(struct conns *conns);

/*
 * What a pump does. Each of these posts at most two ops; conns_work() calls a pump only with room
 * for CONNS_PUMP_OPS of them, and conn_may_post() looks again.
 */
#define CONNS_PUMP_OPS 8

bool conn_may_post(struct conns *conns, struct conn *conn, uint32_t ops);

/**
 * Takes whole segments from the queue: as many as fit in @p max bytes, one at least. @return a
 * chain to keep; the bytes still have to be given back with conn_received(). NULL when there are
 * none.
 */
struct rte_mbuf *conn_take(struct conn *conn, uint64_t max);

/** Copies at most @p max bytes out of the queue and frees what is used up. @return the bytes. */
uint32_t conn_read(struct conn *conn, void *to, uint32_t max);

/** Drops at most @p max bytes from the queue. @return the bytes. */
uint32_t conn_skip(struct conn *conn, uint64_t max);

/** Opens the window by @p bytes, now or once the pool isn't low. */
void conn_received(struct conns *conns, struct conn *conn, uint64_t bytes);
void conn_send(struct conns *conns, struct conn *conn, struct rte_mbuf *chain);
void conn_shutdown(struct conns *conns, struct conn *conn);
void conn_close(struct conns *conns, struct conn *conn);
void conn_abort(struct conns *conns, struct conn *conn);

#endif
