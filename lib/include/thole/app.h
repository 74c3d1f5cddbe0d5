/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * thole/app.h: the application's side of a stack: operations down, events up, both in batches.
 *
 * An application context belongs to one thread: a ring context to the first that submits ops or
 * reads events, until it lets go of it (thole_app_release()); others are told -EPERM. A direct
 * context lives on the stack's own thread: ops take effect within thole_app_submit(), events are
 * read from the connections themselves. A ring context lives on any other thread, EAL's or not: ops
 * and events pass through a pair of single-producer single-consumer rings, and thole_stack_run()
 * serves them. Both take the same ops and give the same events in the same order.
 *
 * A connection has at most one event of a kind outstanding; readiness is gathered on the connection
 * until the application looks, so a slow application costs bounded memory and loses nothing.
 *
 * Events of a connection come in the order: OPENING if asked for, ACCEPTED or CONNECTED, then DATA,
 * PEER_CLOSED and SENDABLE as they happen, at last CLOSED, exactly once; after it the handle is
 * stale. Where it changes hands TAKEN comes before whatever is left of these. SOFT_ERROR, if asked
 * for, may come at any time before CLOSED, also while a connection is being opened.
 */
#ifndef THOLE_APP_H
#define THOLE_APP_H

#include <rte_mbuf.h>

#include <thole/info.h>
#include <thole/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct thole_stack;
struct thole_app;

/** What an application asks for. */
enum thole_op_type {
	/** Listen at local (any address: all of the stack's; a port is needed). Answer: LISTENING.
	 */
	THOLE_OP_LISTEN = 1,
	/**
	 * Likewise, and other contexts may listen at the same endpoint by the same op: each
	 * connection goes to the next of them that has room in its accept queue. Its backlog and
	 * options are that one's. RCVBUF and MSS must be the same for all (-EINVAL), for a peer is
	 * held to what the SYN-ACK said. Beside LISTEN at the same endpoint: -EADDRINUSE either
	 * way. All
	 * of them together count for one listener more than there are (max_listeners).
	 */
	THOLE_OP_LISTEN_SHARED,
	/** Stop listening at local; handshakes under way are dropped. Others that share the
	 * endpoint go on. No answer. */
	THOLE_OP_UNLISTEN,
	/**
	 * Open a connection from local (any, 0: chosen) to remote. Answer: CONNECTED or CLOSED;
	 * before them OPENING if bytes is 1, so that the handle is known while the handshake is
	 * under way. With a given port that makes another core the owner (thole/rss.h):
	 * -EADDRNOTAVAIL.
	 */
	THOLE_OP_CONNECT,
	/**
	 * Send the chain in mbuf; it is the stack's from here on, whatever comes of it, and must
	 * not be written again; what stands before its bytes in their buffers may be, by headers,
	 * where nobody else holds them. Within the credit it is queued whole. Beyond it, too, as
	 * long as less than the send buffer is queued before, or no more than twice that after, and
	 * 2 GiB in all; then the
	 * connection is reset with -ENOBUFS. So it is when mbufs that others hold as well can't be
	 * cloned: a stream must not have a hole.
	 */
	THOLE_OP_SEND,
	/** The application is done with bytes of received data: the window may open by that much.
	 */
	THOLE_OP_RECEIVED,
	/** No more data from us: FIN after what is queued. Reading goes on. */
	THOLE_OP_SHUTDOWN,
	/**
	 * No more data either way. FIN after what is queued, or RST if received data was not taken
	 * (RFC 9293, 3.6.1). CLOSED follows when TCP is done: TIME-WAIT, CLOSED or an error.
	 */
	THOLE_OP_CLOSE,
	/** RST and forget. CLOSED follows with -ECONNABORTED. */
	THOLE_OP_ABORT,
	/** Give user to the connection; later events carry it. */
	THOLE_OP_SET_USER,
	/** Set option to value, from here on. No answer but REFUSED. */
	THOLE_OP_SET,
	/** Ask what option is set to. Answer: OPTION. */
	THOLE_OP_GET,
	/**
	 * Have info filled in, which is the stack's until the answer (INFO, or REFUSED) or the end
	 * of the context.
	 */
	THOLE_OP_INFO,
	/**
	 * Give an established connection to another context of the same stack, whose number
	 * (thole_app_number()) is bytes. Answer: GIVEN, after which no event of the connection
	 * comes here; what came before is the giver's to pass on, and what it read of DATA is for
	 * the taker to say RECEIVED of. The taker gets TAKEN, then all events as before. Refused:
	 * -ENOTCONN before ACCEPTED or CONNECTED was read, and after CLOSE; -EINVAL: no such
	 * context, or the giver; -EAGAIN: the taker has 256 answers that it hasn't read.
	 */
	THOLE_OP_GIVE,
	/**
	 * Likewise for connections that this context opens, and for what listeners that it opens
	 * accept, from here on: those that there are keep what they have. So options hold from the
	 * first SYN or SYN-ACK on.
	 */
	THOLE_OP_SET_NEW,
};

/**
 * What SET and SET_NEW set, and GET tells; 0 or 1 unless said otherwise. A context begins with the
 * stack's configuration. A stack can hold 255 different combinations of the options KEEPALIVE_IDLE,
 * _INTERVAL and _PROBES, TTL, DSCP, PACING, SOFT_ERRORS, SNDBUF, RCVBUF, MSS and COUNTERS at a
 * time, each for any number of connections; one more is refused with -ENOSPC. RCVBUF and MSS count
 * twice: as they are, and as they were when the connection began, which is what its SYN said.
 */
enum thole_option {
	/** SET_NEW only, with value 0: all options as the stack is configured. */
	THOLE_OPT_DEFAULTS = 0,
	/**
	 * For how long what we send may stay unacknowledged, a SYN or an unanswered window probe,
	 * too, before the connection is given up (RFC 9293, 3.8.3: R2). Nanoseconds, taken as whole
	 * seconds, rounded up: 1 s to 65,534 s; 0: as the stack is configured; THOLE_NEVER: for
	 * ever. After CLOSE the stack's orphan_ns bounds it.
	 */
	THOLE_OPT_USER_TIMEOUT = 1,
	/** Nagle's algorithm is off (RFC 9293, 3.7.4). */
	THOLE_OPT_NO_DELAY,
	/** A silent peer is asked whether it is there (RFC 9293, 3.8.4). */
	THOLE_OPT_KEEPALIVE,
	/** How long a silence before the first question, counted from when it is set: ns, 1 s to
	   24 h. */
	THOLE_OPT_KEEPALIVE_IDLE,
	/** Between questions: ns, 1 ms to 1 h. */
	THOLE_OPT_KEEPALIVE_INTERVAL,
	/** How many unanswered questions end the connection: 1 to 255. */
	THOLE_OPT_KEEPALIVE_PROBES,
	/** Of the IP header (RFC 9293, 3.9.2): 1 to 255. Not in TIME-WAIT, nor in answers to
	 * segments that belong to no connection: they have the stack's. */
	THOLE_OPT_TTL,
	/** Differentiated Services code point (RFC 9293, 3.9.1.9; RFC 2474): 0 to 63; as TTL. */
	THOLE_OPT_DSCP,
	/** Congestion control: enum thole_cc. cwnd and ssthresh stay what they are. */
	THOLE_OPT_CC,
	/** Data is spread over the round trip. */
	THOLE_OPT_PACING,
	/** SOFT_ERROR events (RFC 9293, 3.9.1.8): off unless set. */
	THOLE_OPT_SOFT_ERRORS,
	/**
	 * Send credit in all, bytes: 4 KiB to 1 GiB. It is given with ACCEPTED, CONNECTED and
	 * SENDABLE: what a connection has been given isn't taken back when it is set to less, but
	 * SENDABLE then comes later by the difference. What it is set to more is given at once, by
	 * SENDABLE.
	 */
	THOLE_OPT_SNDBUF,
	/**
	 * Bound of the receive window, bytes: 4 KiB to 1 GiB. The window and the window scale of
	 * SYN and SYN-ACK go by SET_NEW. A connection's own can be set, but to no more than the
	 * scale lets be said, and no less than two of its units count; what was offered isn't taken
	 * back (RFC 9293, 3.8.6).
	 */
	THOLE_OPT_RCVBUF,
	/**
	 * Maximum segment size, TCP options not taken off (RFC 9293, 3.7.1; RFC 6691): the most
	 * that we send, and with SET_NEW what SYN and SYN-ACK offer: 88 to 65,495; 0: as the MTU
	 * has it. A connection that is established can only be set to less than it has.
	 */
	THOLE_OPT_MSS,
	/** Count for INFO what costs something: see struct thole_info. Off unless set; -EOPNOTSUPP
	 * if the stack was made without thole_stack_config's counters. */
	THOLE_OPT_COUNTERS,
};

/** One operation; 64 B. Unused members are 0. */
struct thole_op {
	uint32_t type; /**< enum thole_op_type */
	union {
		/** RECEIVED: bytes; LISTEN, LISTEN_SHARED: backlog; CONNECT: 0 or 1; GIVE: the
		   taker */
		uint32_t bytes;
		uint32_t option; /**< SET, SET_NEW, GET: enum thole_option */
	};
	thole_conn conn;      /**< all but LISTEN, LISTEN_SHARED, UNLISTEN and CONNECT; SET_NEW: any
				 number, that REFUSED brings back */
	__extension__ union { /* standard in C, an extension in C++ */
		__extension__ struct {
			struct thole_endpoint
				local; /**< LISTEN, LISTEN_SHARED, UNLISTEN, CONNECT */
			struct thole_endpoint remote; /**< CONNECT */
		};
		struct rte_mbuf *mbuf;	 /**< SEND: the chain's first */
		struct thole_info *info; /**< INFO */
	};
	union {
		uint64_t
			user; /**< CONNECT, LISTEN, LISTEN_SHARED, SET_USER: comes back in events */
		uint64_t value; /**< SET, SET_NEW */
	};
};

/** What an application hears. */
enum thole_event_type {
	/** LISTEN's and LISTEN_SHARED's answer: status 0 or -EINVAL, -EADDRINUSE, -EADDRNOTAVAIL,
	   -ENOSPC, -ESHUTDOWN (the stack drains); local; user from the op. */
	THOLE_EV_LISTENING = 1,
	/** A peer's connection is established. local, remote; bytes is the send credit; user the
	   listener's. */
	THOLE_EV_ACCEPTED,
	/** CONNECT with bytes 1: the handle. SEND (queued), CLOSE and ABORT may be used from here
	   on. */
	THOLE_EV_OPENING,
	/** Our connection is established. local, remote; bytes is the send credit. */
	THOLE_EV_CONNECTED,
	/** mbuf is a chain of bytes received, in order: the application's to keep and to free. */
	THOLE_EV_DATA,
	/** The peer sends no more (its FIN, after all its data). */
	THOLE_EV_PEER_CLOSED,
	/** bytes more of send credit: acknowledged by the peer, or SNDBUF is more. Comes when a
	   quarter of the buffer has been, of one of more than 128 KiB 32 KiB or the eighth part. */
	THOLE_EV_SENDABLE,
	/**
	 * The connection is over: status 0, or -ECONNREFUSED, -ECONNRESET, -ETIMEDOUT,
	 * -EHOSTUNREACH, -ENETUNREACH, -EPROTO, -EADDRNOTAVAIL, -EADDRINUSE, -ENOBUFS,
	 * -ECONNABORTED, -ESHUTDOWN (thole_stack_cut()). One that was given up for want of an
	 * answer ends with its latest soft error, if there was one since the last answer, else with
	 * -ETIMEDOUT. The handle is stale.
	 */
	THOLE_EV_CLOSED,
	/** An op was refused: status -EBADF (a stale handle, a second CLOSE), -EINVAL, -EPIPE (SEND
	 * or SHUTDOWN after SHUTDOWN), -ENOSPC (SET, SET_NEW). bytes is the option of SET, SET_NEW
	 * and GET, and user the value. */
	THOLE_EV_REFUSED,
	/**
	 * With THOLE_OPT_SOFT_ERRORS: something is wrong, and TCP goes on trying (RFC 9293, 3.9.1.8
	 * and 3.9.2.2). status: -ENETUNREACH, -EHOSTUNREACH (the next hop doesn't answer ARP, or an
	 * ICMP error said so, or that time was exceeded), -ECONNREFUSED (port or protocol
	 * unreachable), -EPROTO (ICMP parameter problem), -ETIMEDOUT (R1: five time-outs in a row,
	 * three if there was an ACK just before). Of several that weren't read it is the latest,
	 * -ETIMEDOUT aside.
	 */
	THOLE_EV_SOFT_ERROR,
	/** GET's answer: bytes is the option, user the value. */
	THOLE_EV_OPTION,
	/** INFO's answer: info is the op's, and the application's again. */
	THOLE_EV_INFO,
	/** GIVE's answer: the connection is the taker's; the handle is stale here. */
	THOLE_EV_GIVEN,
	/**
	 * Another context gave an established connection. local, remote, user; bytes is the send
	 * credit, as int32_t: below 0 when more than the send buffer is queued.
	 */
	THOLE_EV_TAKEN,
};

/** One event; 64 B. */
struct thole_event {
	uint8_t type;	 /**< enum thole_event_type */
	uint8_t op;	 /**< REFUSED: the op's type */
	int16_t status;	 /**< 0 or negative errno */
	uint32_t bytes;	 /**< DATA, SENDABLE: bytes; ACCEPTED, CONNECTED: send credit */
	thole_conn conn; /**< 0 for LISTENING and for a CONNECT that never got one */
	uint64_t user;	 /**< the connection's, or the listener's that accepted it */
	__extension__ union {
		__extension__ struct {
			struct thole_endpoint local;  /**< LISTENING, ACCEPTED, CONNECTED */
			struct thole_endpoint remote; /**< ACCEPTED, CONNECTED */
		};
		struct rte_mbuf *mbuf;	 /**< DATA: the chain's first */
		struct thole_info *info; /**< INFO; REFUSED of it */
	};
};

/** How a context is reached. All zero: a direct one. */
struct thole_app_config {
	/** 0: a direct context. Else the entries of each ring: a power of two, 64 at least. */
	uint32_t ring_entries;
	/**
	 * Called in the stack's thread after thole_stack_run() has put events into the ring, so
	 * that the context's thread can be woken if it sleeps: thole_idle_wake() fits. Or NULL.
	 */
	void (*events_queued)(void *ctx);
	void *events_queued_ctx; /**< events_queued's argument */
};

/**
 * Makes an application context of @p stack. In the stack's thread, or before that runs; from others
 * thole_worker_app_create().
 * @return 0, -EINVAL (ring_entries), -ENOMEM, -ENOSPC (a stack has at most 64).
 */
THOLE_API int thole_app_create(
	struct thole_stack *stack, const struct thole_app_config *config, struct thole_app **out);

/**
 * Ends a context: its listeners close, its connections are aborted, events not read are freed. It
 * looks at every connection of the stack, whoever's: of millions that is a good part of a second.
 * In the stack's thread, or after that has stopped; from others thole_worker_app_destroy().
 */
THOLE_API void thole_app_destroy(struct thole_app *app);

/** The number by which other contexts of the same stack give it connections, and no other's: who
 * comes after it has another (but for one of 65,536). Any thread. */
THOLE_API uint32_t thole_app_number(const struct thole_app *app);

/**
 * Gives ops to the stack, in order. In the context's thread.
 * A direct context's ops go by the time of the stack's last rx, run or tx: let there be one before
 * the first op, and in a loop let rx come first, with no packets, too.
 * @return how many were taken, from the first on: as many as the ring has room for; for a direct
 * context all, unless 256 answers (LISTENING, REFUSED, GIVEN, TAKEN, OPTION, INFO, CLOSED without
 * a handle) haven't been read. -EPERM: a ring context is another thread's. What wasn't taken (and
 * its mbufs) is still the caller's.
 */
THOLE_API int32_t thole_app_submit(struct thole_app *app, const struct thole_op *ops, uint32_t n);

/**
 * Reads events, at most @p max. In the context's thread.
 * @return how many; -EPERM: a ring context is another thread's.
 */
THOLE_API int32_t thole_app_events(struct thole_app *app, struct thole_event *events, uint32_t max);

/**
 * Lets another thread have a ring context, which belongs to the first that submits or reads: to the
 * first that does so after this. What that one then sees is what this one left. In the context's
 * thread. @return 0; -EPERM: it is another thread's.
 */
THOLE_API int thole_app_release(struct thole_app *app);

/**
 * Whether ops wait in the rings of @p stack's contexts that thole_stack_run() could take. A thread
 * that wants to sleep announces that first, where thole_stack_config's ops_queued looks, with a
 * full fence behind it on both sides, and then asks. In the stack's thread.
 */
THOLE_API bool thole_app_ops_wait(const struct thole_stack *stack);

/**
 * Whether events wait that nobody has read, or that their ring has no room for. Nobody says when it
 * has again: a thread that sleeps looks now and then. In the stack's thread.
 */
THOLE_API bool thole_app_events_wait(const struct thole_stack *stack);

/**
 * Copies @p bytes into mbufs of @p pool and submits them as one SEND. In the context's thread.
 * @return @p bytes; -ENOBUFS without an mbuf; -EAGAIN when the ring is full; -EPERM: a ring context
 * is another thread's. All or nothing.
 */
THOLE_API int64_t thole_app_send_copy(struct thole_app *app, thole_conn conn,
	struct rte_mempool *pool, const void *data, uint32_t bytes);

#ifdef __cplusplus
}
#endif
#endif
