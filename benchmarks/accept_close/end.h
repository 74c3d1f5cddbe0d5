/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * end.h: what the server and the client have in common: a conversation of at most one request and
 * one response on each connection, then CLOSE. An end works inside its worker's turn, through a
 * direct application context, and is touched by that thread only; another one may read the
 * counters.
 */
#ifndef END_H
#define END_H

#include <rte_common.h>
#include <rte_prefetch.h>

#include <thole/app.h>
#include <thole/port.h>

#include "histogram.h"
#include "options.h"

#define END_OPS	     256
#define END_EVENTS   64
#define END_STATUSES 16

enum talk_flag {
	TALK_OPEN = 1 << 0,	   /* established, and not over */
	TALK_CLOSING = 1 << 1,	   /* we gave CLOSE */
	TALK_PEER_CLOSED = 1 << 2, /* the peer sends no more */
	TALK_FIRST = 1 << 3,	   /* we gave CLOSE before the peer did */
	TALK_STARVED = 1 << 4,	   /* waits for an mbuf to send with */
	TALK_IDLE = 1 << 5,	   /* stays open, and says nothing */
	TALK_STANDING = 1 << 6,	   /* stays open, with one request after another */
};

/* One connection. */
struct talk {
	thole_conn conn;
	uint64_t since_ns; /* of CONNECT until established; of CLOSE after that */
	uint32_t expect;   /* bytes still to come */
	uint32_t send;	   /* bytes still to send */
	uint32_t credit;   /* bytes that the stack takes now */
	uint16_t flags;	   /* enum talk_flag */
	uint16_t gathered; /* bytes of a standing one that the stack isn't told of yet */
};

/* Written by the end's own thread with relaxed stores, so that another thread reads whole values.
 */
struct end_counts {
	uint64_t established;
	uint64_t done;	   /* ended in an orderly way, all bytes exchanged */
	uint64_t failed;   /* ended otherwise, or never established */
	uint64_t refused;  /* ops refused */
	uint64_t idle;	   /* open now, to stay so */
	uint64_t standing; /* opened to stay, for requests: the client's */
	uint64_t requests; /* answered, on those */
	uint64_t busy_turns;
	uint64_t mixed_turns; /* with events of more than one kind */
};

struct end {
	struct thole_app *app;
	struct rte_mempool *pool;
	uint32_t pool_left; /* mbufs that may still be taken in this turn, if pool_seen */
	bool pool_seen;
	bool is_server;
	bool closes; /* closes when all is said; otherwise when the peer has closed */
	bool silent; /* nothing is said on a connection */
	bool timed;  /* recording, as of this turn */
	uint32_t request_bytes;
	uint32_t response_bytes;
	bool standing;	  /* connections that come stay, and bring request after request */
	uint32_t gather;  /* so many received bytes are worth an op */
	uint8_t *payload; /* what is sent, over and over */
	struct talk *talks;
	uint32_t nb_talks;
	uint32_t *starved; /* talks that wait for an mbuf */
	uint32_t nb_starved;

	uint64_t now_ns; /* of the turn */
	uint32_t kinds;	 /* events of this turn, 1 << type ored */
	uint32_t nb_ops;
	struct thole_op ops[END_OPS];

	struct end_counts counts;
	/* What came of failed connections: -errno, or 0 for one that ended before all was said. */
	int32_t statuses[END_STATUSES];
	uint64_t status_counts[END_STATUSES];
	uint32_t nb_statuses;

	bool recording; /* set by the thread that keeps the time: latencies count */
	struct histogram connect_ns;
	struct histogram close_ns; /* CLOSE to CLOSED, of connections that this end closed first */
	struct histogram request_ns; /* on standing connections, until the response is there */
};

int end_init(struct end *end, const struct options *options, bool is_server, uint32_t nb_talks);
void end_fini(struct end *end);

/** It is established, and stays so: nothing is said. */
void end_idle(struct end *end, struct talk *talk, const struct thole_event *event);

/** CLOSED of such a one. Whether that is a failure is the caller's to say. */
void end_idle_over(struct end *end, struct talk *talk);

/** DATA, PEER_CLOSED, SENDABLE of a connection, or REFUSED. Frees the event's mbuf. */
void end_event(struct end *end, struct talk *talk, const struct thole_event *event);

/** What of end_established() comes when there is something to say. */
void end_begin(struct end *end, struct talk *talk);

/** Sends what talk->send has, as far as credit and mbufs go; the rest goes on by itself. */
void end_send(struct end *end, struct talk *talk);

/** Mbufs that so many bytes are copied into. */
uint32_t end_mbufs(const struct end *end, uint32_t bytes);

/** Counts a connection that didn't come to its orderly end. */
void end_count_failure(struct end *end, int32_t status);

/** Adds what another end of the same side counted and timed; both are at rest. */
void end_merge(struct end *end, const struct end *other);

/** At the start of a turn, before events are read. */
void end_turn_begin(struct end *end, uint64_t now_ns);

/** At its end: ops go to the stack. */
void end_turn_end(struct end *end);

void end_flush(struct end *end);

static inline void
end_count(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static inline uint64_t
end_counted(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* An event of this one comes soon. Those that come and go are in the cache, the same few slots over
 * and over; those that stand are spread. */
static inline void
end_prefetch(const struct end *end, uint32_t slot)
{
	if (slot < end->nb_talks)
		rte_prefetch0(&end->talks[slot]);
}

/* The next op to fill in, all zero but for its type. */
static inline struct thole_op *
end_op(struct end *end, enum thole_op_type type, thole_conn conn)
{
	struct thole_op *op;

	if (unlikely(end->nb_ops == END_OPS))
		end_flush(end);
	op = &end->ops[end->nb_ops++];
	*op = (struct thole_op){ .type = type, .conn = conn };
	return op;
}

/* CLOSE. */
static inline void
end_close(struct end *end, struct talk *talk)
{
	end_op(end, THOLE_OP_CLOSE, talk->conn);
	talk->flags |=
		(talk->flags & TALK_PEER_CLOSED) != 0 ? TALK_CLOSING : TALK_CLOSING | TALK_FIRST;
	talk->since_ns = end->now_ns;
}

/* The connection is established: starts what this end says first. */
static inline void
end_established(struct end *end, struct talk *talk, const struct thole_event *event)
{
	end_count(&end->counts.established);
	*talk = (struct talk){ .conn = event->conn,
		.credit = event->bytes,
		.flags = (uint16_t)(TALK_OPEN | (talk->flags & TALK_STARVED)) };
	if (unlikely(!end->silent))
		end_begin(end, talk);
	else if (end->closes)
		end_close(end, talk);
}

/* CLOSED: counts it. @return whether all went well. */
static inline bool
end_closed(struct end *end, struct talk *talk, int32_t status)
{
	uint32_t flags = talk->flags;

	/* A talk that waits for an mbuf stays on that list, which looks at its flags. */
	talk->flags = (uint16_t)(flags & TALK_STARVED);
	if (end->timed && status == 0 && (flags & TALK_FIRST) != 0)
		histogram_add(&end->close_ns, end->now_ns - talk->since_ns);
	if (unlikely(status != 0 || (flags & TALK_OPEN) == 0 || (talk->send | talk->expect) != 0)) {
		end_count_failure(end, status);
		return false;
	}
	end_count(&end->counts.done);
	return true;
}

#endif
