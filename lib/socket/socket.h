/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * socket.h: the inside of a context of sockets. It stands on the public headers alone.
 *
 * Records are found by handle (index and generation) from the caller's side, and by (ring,
 * connection) from the events' side: the map. A record that was closed is in the map no more, and
 * what still comes for its connection is thrown away.
 *
 * No call may fail or wait because a ring is full but those that say so: an op that must go is owed
 * by its socket, whose record stays until it went. Events are always read, full op ring or not:
 * otherwise context and worker could wait for each other.
 */
#ifndef SOCKET_SOCKET_H
#define SOCKET_SOCKET_H

#include <rte_mbuf.h>

#include <thole/socket.h>

#define SOCK_NONE    UINT32_MAX
#define SOCK_WORKERS 128 /* of a context */
#define SOCK_STAGED  64	 /* ops that a ring had no room for; a batch is smaller */
#define SOCK_OPTIONS (THOLE_OPT_COUNTERS + 1)
_Static_assert(SOCK_OPTIONS + 2 <= SOCK_STAGED, "a batch fits");

enum sock_state {
	SOCK_FREE,
	SOCK_NEW,
	SOCK_LISTENING, /* or beginning to: pending */
	SOCK_CONNECTING,
	SOCK_OPEN,
	SOCK_GIVING,  /* to another context: GIVE isn't answered yet */
	SOCK_TAKING,  /* where what others give arrives */
	SOCK_OVER,    /* CLOSED was read */
	SOCK_CLOSING, /* closed by the application; the record waits for what it owes */
};

enum sock_flag {
	SF_BOUND = 1 << 0,
	SF_REUSE = 1 << 1,
	SF_EOF = 1 << 2,
	SF_SHUT_RD = 1 << 3,
	SF_SHUT_WR = 1 << 4,
	SF_OWES_SHUTDOWN = 1 << 5,
	SF_OWES_CLOSE = 1 << 6,
	SF_OWES_ABORT = 1 << 7,
	SF_OWES_OUT = 1 << 8,  /* a send found no room in the ring: OUT when there is */
	SF_OWED = 1 << 9,      /* in its ring's list of those who owe */
	SF_EDGE = 1 << 10,     /* in the list of those with edges; outlives the socket */
	SF_QUEUED = 1 << 11,   /* waits to be accepted */
	SF_PEER = 1 << 12,     /* was connected once: remote is known */
	SF_LISTENER = 1 << 13, /* has a listener, not a stream */
};

/* What a listener has instead of a stream; who takes what others give, the queue alone. */
struct sock_listener {
	uint32_t head, tail, waiting; /* to be accepted */
	uint32_t backlog;
	uint16_t pending;		      /* LISTEN ops not answered */
	uint64_t open[SOCK_WORKERS / 64];     /* rings on which it was asked for */
	uint64_t unlisten[SOCK_WORKERS / 64]; /* rings on which the end is owed */
};

struct sock_stream {
	struct rte_mbuf *head, *tail; /* linked by next alone, whatever nb_segs say */
	uint64_t unread;	      /* bytes in it */
	int64_t credit;
	uint32_t unsaid; /* bytes taken, RECEIVED not said of them */
	uint16_t gets;	 /* GETs not answered */
	int16_t answer;	 /* REFUSED's status of the SET or GET asked last */
	uint64_t value;	 /* OPTION's */
	/* Of a connection that is given: the giver's, then the taker's until it is accepted. */
	struct sock_inbox *to;
	uint32_t place; /* in it */
};

struct sock {
	uint32_t generation; /* 1 to 2^31 - 1 */
	uint8_t state;	     /* enum sock_state */
	uint16_t flags;	     /* enum sock_flag */
	uint16_t ring;
	uint16_t tried;	    /* rings on which connect was */
	int16_t error;	    /* errno, above 0: to be told */
	int16_t soft_error; /* likewise */
	int16_t refused;    /* status of a SET_NEW: what was opened with it ends */
	thole_conn conn;    /* 0: none, or not known yet */
	uint32_t next;	    /* free list; accept queue */
	uint32_t next_owed;
	uint32_t next_edge;
	uint32_t edges;
	uint32_t watched;
	uint64_t user;
	uint64_t linger_ns;
	struct thole_endpoint local, remote;
	union {
		struct sock_stream stream;
		struct sock_listener listener;
	};
	uint32_t set; /* options that were set: bits */
	uint64_t options[SOCK_OPTIONS];
};

/*
 * A place for a connection on its way from one context to another: one giver's from when it takes
 * it out of those that are free until it is delivered, then the taker's.
 */
struct sock_gift {
	uint32_t next; /* free, or came */
	/* Which it is, for TAKEN to agree with. */
	const struct thole_worker *worker;
	thole_conn conn;
	uint64_t user;
	/* What the stack doesn't know of it; delivered. */
	bool broken; /* the giver ended before it knew all */
	uint16_t flags;
	int16_t soft_error;
	uint64_t linger_ns;
	struct sock_stream stream;
};

/* What givers' threads and the taker's share. It outlives the taker's context as long as anything
 * is promised. */
struct sock_inbox {
	uint32_t refs; /* its context's, and one for each that is promised */
	bool open;
	uint32_t came; /* delivered, the last first; SOCK_NONE */
	uint64_t free; /* a place that is free, and above it how often one was taken, against ABA */
	struct sock_gift *gifts;
	struct thole_idle *idle; /* the taker's, to be woken; or NULL */
};

/* What the taker knows of a place. */
struct sock_arrival {
	uint32_t record; /* SOCK_NONE until TAKEN */
	bool seen;	 /* that it was delivered */
};

enum ask_state { ASK_NONE, ASK_ASKED, ASK_ANSWERED };

/* A context's rings on one worker. */
struct sock_ring {
	struct thole_app *app;
	struct thole_worker *worker;
	struct thole_op staged[SOCK_STAGED];
	uint32_t staged_first, staged_end;
	thole_conn *aborts; /* of connections that have no record; ring_entries of them */
	uint32_t nb_aborts;
	uint32_t owed_head, owed_tail;
	struct thole_info info; /* the stack's while asked */
	enum ask_state info_state;
	thole_conn info_conn;
	int info_status;
	enum ask_state last_state; /* of the op behind all others, before the end */
};

struct thole_sockets {
	uintptr_t owner; /* the thread */
	bool ending;	 /* some rings may be gone */
	struct thole_sockets_config config;
	struct thole_idle *idle; /* NULL: turn */
	struct sock *socks;
	uint32_t fresh; /* records never used begin here */
	uint32_t free_head;
	uint32_t *map; /* index + 1; 0: empty */
	uint32_t map_mask;
	uint32_t edge_head, edge_tail;
	uint32_t nb_unlistening; /* records that owe UNLISTEN */
	struct sock_inbox *inbox;
	struct sock_arrival *arrivals; /* as many as places */
	uint32_t room;
	uint32_t taker;	   /* the record that takes; SOCK_NONE */
	uint32_t reserved; /* records kept free for what is given: one a place without one */
	uint16_t nb_rings;
	uint16_t next_ring; /* for connect */
	uint16_t first;	    /* served first */
	struct thole_sockets_stats stats;
	struct sock_ring rings[];
};

static inline bool
sock_has_stream(const struct sock *k)
{
	return (k->flags & SF_LISTENER) == 0 && k->state != SOCK_TAKING;
}

/* context.c */

/** -EPERM in another thread than the context's. */
int sock_check(const struct thole_sockets *s);

/** A call that waits: begun, then asked after each vain try whether to try again. */
struct sock_wait {
	uint64_t until_ns;
	bool waits, rested, worked;
};

void sock_wait_begin(struct sock_wait *w, uint64_t timeout_ns);

/** Serves the rings, the first time at once, then after a rest. @return false: time is over. */
bool sock_wait_more(struct thole_sockets *s, struct sock_wait *w);
void sock_wait_end(struct thole_sockets *s, struct sock_wait *w);

/* records.c */
struct sock *sock_new(struct thole_sockets *s);
void sock_free(struct thole_sockets *s, struct sock *k);
thole_sock sock_handle(const struct thole_sockets *s, const struct sock *k);

/** The record of a handle, also while it is closing; NULL: none. */
struct sock *sock_find(const struct thole_sockets *s, thole_sock sock);

/** For a call: checks the thread, finds an open socket. @return 0, -EPERM, -EBADF; -EALREADY: it
 * was found, but is being given. */
int sock_get(const struct thole_sockets *s, thole_sock sock, struct sock **out);

uint32_t sock_index(const struct thole_sockets *s, const struct sock *k);

void sock_map_add(struct thole_sockets *s, const struct sock *k);
/** @p k, new, is the connection of ACCEPTED or TAKEN: open, and to be accepted. */
void sock_come(
	struct thole_sockets *s, struct sock *k, uint16_t ring, const struct thole_event *ev);
void sock_map_remove(struct thole_sockets *s, const struct sock *k);
struct sock *sock_map_find(const struct thole_sockets *s, uint16_t ring, thole_conn conn);

/* ring.c */

/** Gives ops to the worker, all or none: false. */
bool sock_post(struct sock_ring *r, const struct thole_op *ops, uint32_t n);
bool sock_has_room(struct sock_ring *r, uint32_t n);

/** Likewise, but only into the ring: none is staged. @return how many of them, the first first. */
uint32_t sock_post_now(struct sock_ring *r, const struct thole_op *ops, uint32_t n);

/** Posts what @p k owes, now or when there is room; then a closing record is freed. */
void sock_settle(struct thole_sockets *s, struct sock *k);

/** Reads what came on all rings, posts what is owed. @return whether anything moved. */
bool sock_serve(struct thole_sockets *s);

/** Resets a connection that has no record. */
void sock_abort_conn(struct sock_ring *r, thole_conn conn);

/* give.c */
int sock_inbox_create(struct thole_sockets *s);

/** The context, or a giver, is done with it. */
void sock_inbox_drop(struct sock_inbox *b);

/** What is due to other contexts when this one ends without having heard what became of it. */
void sock_break_gifts(struct thole_sockets *s);

/** GIVEN and REFUSED of @p k, and TAKEN. */
void sock_given(struct thole_sockets *s, struct sock *k);
void sock_not_given(struct thole_sockets *s, struct sock *k, int status);
void sock_taken(struct thole_sockets *s, uint16_t ring, const struct thole_event *ev);

/** The connection of @p k ended before it was given. */
void sock_keep(struct sock *k);

/** Looks what was delivered. @return whether anything was. */
bool sock_take_gifts(struct thole_sockets *s);

/** @p k, which was given to this context, is accepted. @return false: there is no record that could
 * be kept free in its stead. */
bool sock_free_place(struct thole_sockets *s, const struct sock *k);
void sock_stop_taking(struct thole_sockets *s);

/* events.c */
void sock_event(struct thole_sockets *s, uint16_t ring, const struct thole_event *ev);

/** The options of @p k, an op, and the defaults again, as one batch. @return false: no room. */
bool sock_post_open(struct thole_sockets *s, const struct sock *k, struct sock_ring *r,
	const struct thole_op *op);

/* connect.c */
/** Another worker may have the address, the way, or the port. @return 0: it is asked; -ENOENT: all
 * were; -EAGAIN: those that weren't had no room. */
int sock_connect_next(struct thole_sockets *s, struct sock *k);

/** The connection attempt is over: as new, with an error to tell. */
void sock_connect_failed(struct sock *k, int status);

/** The error there is to tell, negative, once; or 0. */
int sock_tell_error(struct sock *k);

/* listen.c */
void sock_unlisten(struct thole_sockets *s, struct sock *k);
void sock_pay_unlisten(struct thole_sockets *s, struct sock *k);

/** @p k waits at @p l to be accepted. */
void sock_queue(struct thole_sockets *s, struct sock *l, struct sock *k);

/** Resets a connection that hasn't been accepted. */
void sock_end_queued(struct thole_sockets *s, struct sock *k);

/* stream.c */

/** Bytes were taken out of the socket, or thrown away: the window may open. */
void sock_took(struct thole_sockets *s, struct sock *k, uint64_t bytes);
void sock_drop_input(struct thole_sockets *s, struct sock *k);
void sock_stream_free(struct sock_stream *in);

/* close.c */

/** Closes a socket: @p owes SF_OWES_CLOSE or SF_OWES_ABORT. */
void sock_end(struct thole_sockets *s, struct sock *k, uint16_t owes);

/** Frees the record of one that is over or never was, and what it has; later, if it owes. */
void sock_release(struct thole_sockets *s, struct sock *k);

/* options.c */

/** Asks for a connection's info. @return false: no room, or asked already. */
bool sock_ask_info(struct sock_ring *r, const struct sock *k);

/* poll.c */
uint32_t sock_level(const struct thole_sockets *s, const struct sock *k);

/** Something happened to @p k. */
void sock_edge(struct thole_sockets *s, struct sock *k, uint32_t events);

#endif
