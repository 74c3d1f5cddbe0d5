/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * thole/socket.h: calls like those of BSD sockets, for threads that have no stack of their own.
 *
 * A struct thole_sockets is one thread's context: it has a ring context (thole/app.h) on the stack
 * of each worker that it is given, and all its sockets. It belongs to the thread that made it; a
 * call from another thread is refused with -EPERM. A thread may have several; a socket is its
 * context's, and a handle means nothing to another.
 *
 * Waiting. Calls that may wait have timeout_ns as their last argument: 0: don't; THOLE_NEVER: for
 * ever; else that long at most. While a call waits the context serves all its rings, so that what
 * other sockets receive goes on, and no full ring can lock anything up. A call that doesn't wait
 * returns -EAGAIN when there is nothing to do yet; one that has waited in vain returns -EAGAIN as
 * well (BSD's, with SO_RCVTIMEO and SO_SNDTIMEO), but connect, listen and those that ask the
 * worker, which return -EINPROGRESS: it is under way, and goes on. -ETIMEDOUT is always TCP's: the
 * peer didn't answer. Between calls the context does nothing: who works long without a call doesn't
 * lose anything, but what the rings had no room for, and the windows of its connections, wait.
 *
 * A connection can move: thole_give() hands it over to another context, where thole_accept() takes
 * it.
 *
 * Errors are the errno of the BSD call, negative. One that ends a connection is told once: by the
 * next call that reads, writes or connects, or by THOLE_SO_ERROR; what was received before it is
 * read first. After it reading gives 0 and writing -EPIPE. There are no signals.
 *
 * Common to all calls: -EPERM: another thread's context. -EBADF: not an open socket of this
 * context; so is one that was closed, also when its place has been taken by another since.
 * -EALREADY: the socket is being given to another context.
 */
#ifndef THOLE_SOCKET_H
#define THOLE_SOCKET_H

#include <sys/uio.h>

#include <rte_mbuf.h>

#include <thole/app.h>
#include <thole/info.h>
#include <thole/port.h>

#ifdef __cplusplus
extern "C" {
#endif

struct thole_sockets;

/** A socket: index and generation; above 0, so that calls return it or a negative errno. */
typedef int64_t thole_sock;

/** What a context has. */
struct thole_sockets_config {
	/** Sockets that the context can have, those waiting to be accepted included, and the room
	   of thole_take(): 1,024; at most 2^24 */
	uint32_t max_sockets;
	/** Entries of each ring, two rings a worker: a power of two, 64 at least: 1,024 */
	uint32_t ring_entries;
	/** What is sent by copy is copied into mbufs of this pool; NULL: the first worker's. Rooms
	   of 256 B at least. Any number of contexts may share one. */
	struct rte_mempool *pool;
	/** How a call waits (thole/port.h: the same back-off as a worker's); sleep: true; sleep_ns:
	   10 ms */
	struct thole_idle_config idle;
	/**
	 * For a thread that turns the workers itself (thole_worker_turn()): called again and again
	 * while a call waits, in place of sleeping. It must not make calls of this context. NULL:
	 * the workers turn in other threads.
	 */
	void (*turn)(void *ctx);
	void *turn_ctx; /**< turn's argument */
};

/** Fills in every default. Any thread. */
THOLE_API void thole_sockets_config_init(struct thole_sockets_config *config);

/**
 * Makes the calling thread's context, while the workers run or before. All its memory is allocated
 * here.
 * @param workers those whose connections it may have, 1 to 128: all workers of a port that share
 * its flows, or some connections come to where nobody listens. They must outlive the context.
 * @param why what was wrong, and the mend; or NULL.
 * @return 0, -EINVAL (a value out of range), -ENOMEM, -ENOSPC (a worker's stack has as many
 * contexts as it can), -EMFILE (no eventfd), -ETIMEDOUT (a worker took no turn within 1 s).
 */
THOLE_API int thole_sockets_create(struct thole_worker *const *workers, uint16_t nb_workers,
	const struct thole_sockets_config *config, struct thole_sockets **out,
	struct thole_why *why);

/**
 * Ends a context. Connections that are open are reset, those that were closed before finish by
 * themselves, listeners close; what was received and not read is freed. It waits for the workers to
 * take what earlier calls gave them, 100 ms at most: then what they haven't taken is lost. NULL is
 * nothing.
 * In the context's thread.
 * @return 0, -EPERM; -ETIMEDOUT: a worker took no turn within 1 s: the context is still there, and
 * good for another call of this only.
 */
THOLE_API int thole_sockets_destroy(struct thole_sockets *sockets);

/** A new socket (stream, IPv4). In the context's thread. @return it, or -EMFILE: there are
 * max_sockets. */
THOLE_API thole_sock thole_socket(struct thole_sockets *sockets);

/**
 * Sets the local address (any: all, or chosen) and port (0: chosen). Whether the address is ours
 * and the port free is said by listen or connect.
 * In the context's thread.
 * @return 0, -EINVAL: it has one already, or listens or is connected.
 */
THOLE_API int thole_bind(
	struct thole_sockets *sockets, thole_sock sock, const struct thole_endpoint *local);

/**
 * Listens at the bound endpoint on the stacks of all workers. With THOLE_SO_REUSE other contexts
 * may do so as well, and connections are spread over them.
 * In the context's thread.
 * @param backlog how many connections that are established and not yet accepted the socket holds,
 * of all workers together, 1 at least; each stack holds as many again, or the ring's entries, while
 * the context makes no calls. A connection beyond is reset (Linux: tcp_abort_on_overflow). Each
 * takes one of max_sockets.
 * @return 0; -EAGAIN: no room in a ring, nothing was done; -EINPROGRESS: a worker hasn't answered
 * in time; how it ends is said by THOLE_SO_ERROR, poll shows THOLE_ERR if it fails. -EINVAL: no
 * port was bound, or it is connected; -EALREADY: it listens, or begins to; -EADDRINUSE;
 * -EADDRNOTAVAIL: not our address; -ENOSPC: the stack has max_listeners, or too many combinations
 * of options. After an error it isn't listening anywhere.
 */
THOLE_API int thole_listen(
	struct thole_sockets *sockets, thole_sock sock, uint32_t backlog, uint64_t timeout_ns);

/**
 * The connection that came first, of all workers. It has the listener's options; one that was given
 * (thole_take()) its own.
 * In the context's thread.
 * @param peer its address; or NULL.
 * @return a socket; -EAGAIN; -EINVAL: @p sock neither listens nor takes; -EMFILE: one that was
 * given goes on waiting, for all of max_sockets that aren't kept free are in use.
 */
THOLE_API thole_sock thole_accept(struct thole_sockets *sockets, thole_sock sock,
	struct thole_endpoint *peer, uint64_t timeout_ns);

/**
 * Connects to @p remote, on a worker in turn; with a bound address and port on that whose the
 * connection is.
 * In the context's thread.
 * @return 0; -EAGAIN: no room in the ring, nothing was done; -EINPROGRESS: it goes on, poll shows
 * THOLE_OUT when it is over, THOLE_SO_ERROR how. -EALREADY: it is being connected; -EISCONN;
 * -EOPNOTSUPP: it listens; -ECONNREFUSED, -ECONNRESET, -ETIMEDOUT, -EHOSTUNREACH, -ENETUNREACH,
 * -EADDRNOTAVAIL, -EADDRINUSE, -ENOBUFS, -EPROTO: as CLOSED says in thole/app.h; -ENOSPC: too many
 * combinations of options. After an error it may be tried again.
 */
THOLE_API int thole_connect(struct thole_sockets *sockets, thole_sock sock,
	const struct thole_endpoint *remote, uint64_t timeout_ns);

/**
 * Sends a copy of @p data. It waits until all is taken; without waiting, or when the time is over,
 * that may be less.
 * In the context's thread.
 * @return how many bytes were taken, 1 at least (0 for none given); -EAGAIN: no credit (the send
 * buffer is full) or no room in the ring; -ENOBUFS: the pool is empty, and it wasn't to wait;
 * -EPIPE: shut down, or over; -ENOTCONN: never was connected; or the error that ended the
 * connection.
 */
THOLE_API int64_t thole_send(struct thole_sockets *sockets, thole_sock sock, const void *data,
	size_t bytes, uint64_t timeout_ns);

/** As thole_send(), of @p n parts one after the other. -EINVAL: @p n is below 0. In the context's
 * thread. */
THOLE_API int64_t thole_sendv(struct thole_sockets *sockets, thole_sock sock,
	const struct iovec *parts, int n, uint64_t timeout_ns);

/**
 * Sends a chain without copying a byte of it, whole or not at all: as soon as there is credit for
 * one byte, also when it is longer than that (it waits in its own memory, not in ours). It is the
 * stack's from then on, must not be written again, and is freed when it was acknowledged; not
 * taken, it is still the caller's. Its length is in pkt_len, 1 at least, and its mbufs may be of
 * any pool, also shared with others (they are then cloned).
 * In the context's thread.
 * @return its bytes, or as thole_send(); -EINVAL: it is empty.
 */
THOLE_API int64_t thole_send_mbuf(struct thole_sockets *sockets, thole_sock sock,
	struct rte_mbuf *chain, uint64_t timeout_ns);

/**
 * Reads what there is, @p bytes at most, and waits until there is some.
 * In the context's thread.
 * @return how many; 0: the peer sends no more (or reading was shut down, or @p bytes is 0);
 * -EAGAIN; -ENOTCONN: never was connected; or the error that ended the connection.
 */
THOLE_API int64_t thole_recv(struct thole_sockets *sockets, thole_sock sock, void *data,
	size_t bytes, uint64_t timeout_ns);

/** As thole_recv(), into @p n parts one after the other. -EINVAL: @p n is below 0. In the context's
 * thread. */
THOLE_API int64_t thole_recvv(struct thole_sockets *sockets, thole_sock sock,
	const struct iovec *parts, int n, uint64_t timeout_ns);

/**
 * Takes what was received as a chain, without copying: whole mbufs, as many as fit into
 * @p max_bytes, one at least (which may be longer). It is the caller's to send, to write to where
 * nobody shares it, and to free. The window opens when it is handed out, as it does when bytes are
 * copied out: the window bounds what waits in the socket. What the caller keeps is of the worker's
 * pool, which must be large enough for it.
 * In the context's thread.
 * @param chain what was taken; NULL unless the result is above 0.
 * @return its bytes, or as thole_recv().
 */
THOLE_API int64_t thole_recv_mbuf(struct thole_sockets *sockets, thole_sock sock,
	struct rte_mbuf **chain, size_t max_bytes, uint64_t timeout_ns);

/** What thole_shutdown() ends. */
enum thole_shut {
	THOLE_SHUT_RD = 1, /**< what came and comes is thrown away; reading gives 0 */
	THOLE_SHUT_WR = 2, /**< FIN after what was sent; sending gives -EPIPE */
	THOLE_SHUT_RDWR = 3,
};

/** Ends one direction or both; again: nothing. In the context's thread. @return 0, -ENOTCONN,
 * -EINVAL (@p how). */
THOLE_API int thole_shutdown(struct thole_sockets *sockets, thole_sock sock, enum thole_shut how);

/**
 * Closes a socket; it is gone in any case. What was sent is still delivered, and a FIN after it; if
 * something that was received hasn't been read the connection is reset (RFC 2525, 2.17). A listener
 * resets what it hasn't accepted. THOLE_SO_LINGER: 0: reset; a time: it waits that long for all
 * that was sent to be acknowledged, FIN included.
 * In the context's thread.
 * @return 0; after lingering -EAGAIN: not all is acknowledged, the connection goes on by itself; or
 * what ended it before all was.
 */
THOLE_API int thole_close(struct thole_sockets *sockets, thole_sock sock);

/** Closes a socket and resets the connection: RST, and what isn't sent is thrown away (RFC 9293,
 * 3.10.5). In the context's thread. @return 0. */
THOLE_API int thole_abort(struct thole_sockets *sockets, thole_sock sock);

/**
 * A socket at which connections arrive that other contexts give (thole_give()). thole_accept()
 * takes them, in the order in which they arrived; THOLE_IN says that there is one. Closing it
 * resets what wasn't accepted, and is the end of taking. Nothing else can be done with it. In the
 * context's thread.
 * @param room how many may be on their way or wait, 1 at least: a giver beyond waits, or is
 * refused. So many of max_sockets are kept free, also while sockets that were given are in use:
 * -EMFILE of thole_accept() says that there are no others, and the connection goes on waiting.
 * @return the socket; -EALREADY: the context has one; -EMFILE: fewer than room and one are free;
 * -EINVAL: room is 0; -ENOMEM; -EAGAIN: something is still on its way to one that was closed.
 */
THOLE_API thole_sock thole_take(struct thole_sockets *sockets, uint32_t room);

/**
 * Gives a connection to another context, mostly another thread's, which takes it (thole_take()).
 * All of it goes: what was received and not read, in its order, and the window that waits for it;
 * what was sent and isn't on its way yet or not acknowledged; the peer's end, and which directions
 * were shut down; its options, LINGER too; what get_info knows; a soft error that wasn't told. What
 * stays behind is thole_watch(): the taker has its own. The peer notices nothing.
 *
 * It is done when the worker has answered; then the socket is gone here. Until then calls for it
 * are refused with -EALREADY, but close and abort, which hold if it isn't taken. If it fails the
 * socket is here as before, with all it had. A connection that ends on the way is the taker's to
 * accept, who is told why. If its context ends, or it closes what it takes by, before it has
 * accepted, the connection is reset, as by any end of a context; so it is if the giver's context
 * ends while the worker doesn't turn: never does a byte go missing without an error.
 *
 * Nobody wakes a giver that waits for room: it looks again every sleep_ns (struct
 * thole_idle_config). In the giving context's thread.
 * @param to who shall have it, on the same worker; it must be there while the call lasts, and may
 * end after it.
 * @param user what THOLE_SO_USER says there, until thole_watch() sets another.
 * @return 0: it is the other's; -EAGAIN: there is no room there, or none in the ring, or what the
 * socket owes is not yet said: nothing was done; -EINPROGRESS: it is under way; thole_poll() says
 * NVAL when it is gone, or ERR if that failed, and THOLE_SO_ERROR why; until this context has made
 * a call that hears of it the other can't accept. -ECONNREFUSED: @p to doesn't take; -EXDEV: it has
 * no rings on the connection's worker; -EINVAL: it is the same context; -ENOTCONN: not connected,
 * or over: what is unread can be read here; -EOPNOTSUPP: it listens or takes.
 */
THOLE_API int thole_give(struct thole_sockets *sockets, thole_sock sock, struct thole_sockets *to,
	uint64_t user, uint64_t timeout_ns);

/** Options of sockets beside those of enum thole_option. Values are uint64_t. */
enum thole_sock_option {
	/** What close does: THOLE_NEVER: goes on by itself (the default); 0: resets; else ns that
	   it waits. */
	THOLE_SO_LINGER = 1000,
	/** Before listen: LISTEN_SHARED: other contexts may listen there as well: 0 or 1. */
	THOLE_SO_REUSE,
	/** To be read: errno (above 0) of what happened to the socket, or 0. It is told once. */
	THOLE_SO_ERROR,
	/** To be read: errno of the latest soft error (THOLE_OPT_SOFT_ERRORS), or 0; once. */
	THOLE_SO_SOFT_ERROR,
	/** To be read: bytes that can be received at once. */
	THOLE_SO_UNREAD,
	/** To be read: what thole_watch(), or thole_give() of one that was given, said last; or 0.
	 */
	THOLE_SO_USER,
};

/**
 * Sets an option: enum thole_option but DEFAULTS, with its values, or enum thole_sock_option.
 * Before connect or listen they hold from the first SYN or SYN-ACK on, and nothing is waited for.
 * On a connection the worker is asked, and answers.
 * In the context's thread.
 * @return 0; -ENOPROTOOPT: no such option, or it can only be read; -EINVAL: no such value, or the
 * socket listens (those that it accepts have what it had), or REUSE after listen; -ENOTCONN: the
 * connection is over; -EALREADY: it is only being asked for (connect); -EAGAIN: no room in the
 * ring, nothing was done; -EINPROGRESS: it holds once the worker gets to it; if that refuses it,
 * nobody hears. -ENOSPC, -EOPNOTSUPP: see enum thole_option.
 */
THOLE_API int thole_set_option(struct thole_sockets *sockets, thole_sock sock, uint32_t option,
	uint64_t value, uint64_t timeout_ns);

/**
 * Reads an option. Of a connection the worker is asked.
 * In the context's thread.
 * @return 0; -ENOPROTOOPT; -ENODATA: not set, and there is no connection yet to ask: it will be as
 * the stack is configured; -EAGAIN, -EINPROGRESS, -ENOTCONN, -EALREADY: as thole_set_option().
 */
THOLE_API int thole_get_option(struct thole_sockets *sockets, thole_sock sock, uint32_t option,
	uint64_t *value, uint64_t timeout_ns);

/** The local endpoint: what was bound; of a connection, its own. In the context's thread. @return
 * 0. */
THOLE_API int thole_local(
	struct thole_sockets *sockets, thole_sock sock, struct thole_endpoint *out);

/** The peer's endpoint, also after the end. In the context's thread. @return 0, -ENOTCONN. */
THOLE_API int thole_peer(
	struct thole_sockets *sockets, thole_sock sock, struct thole_endpoint *out);

/**
 * What is known of a connection (Linux: TCP_INFO).
 * In the context's thread.
 * @return 0; -ENOTCONN: there is none, or it is over; -EAGAIN: no room in the ring, or an earlier
 * question of this worker is unanswered; -EINPROGRESS: no answer in time.
 */
THOLE_API int thole_get_info(struct thole_sockets *sockets, thole_sock sock, struct thole_info *out,
	uint64_t timeout_ns);

/** What a socket is ready for. */
enum thole_readiness {
	/** Reading doesn't wait: data, the peer's end, an error, an end; of a listener: a
	   connection. */
	THOLE_IN = 1 << 0,
	/** Sending doesn't wait for credit; connecting is over, one way or the other. */
	THOLE_OUT = 1 << 1,
	THOLE_RDHUP = 1 << 2, /**< the peer sends no more */
	/** The connection is over, or both ends have said that they send no more, or (as Linux
	   has it) there never was one. Told unasked; thole_wait() tells of the first alone. */
	THOLE_HUP = 1 << 3,
	THOLE_ERR = 1 << 4,  /**< there is an error to be told; told unasked */
	THOLE_NVAL = 1 << 5, /**< thole_poll(): no open socket; told unasked */
};

/** What thole_poll() looks at. */
struct thole_pollfd {
	thole_sock sock;  /**< below 0: passed over */
	uint16_t events;  /**< enum thole_readiness, ored: asked for */
	uint16_t revents; /**< those that are so now, of these, and HUP, ERR and NVAL */
};

/**
 * Level readiness, as poll(2): waits until one of @p n sockets is ready, and says so again as long
 * as it is.
 * In the context's thread.
 * @return how many have revents; 0: none in time.
 */
THOLE_API int thole_poll(
	struct thole_sockets *sockets, struct thole_pollfd *polls, uint32_t n, uint64_t timeout_ns);

/** What thole_wait() tells. */
struct thole_ready {
	thole_sock sock; /**< that thole_watch() was told of */
	uint64_t user;	 /**< its user */
	uint32_t events; /**< enum thole_readiness, ored */
};

/**
 * From here on thole_wait() says when @p sock gets ready for @p events; 0: no more. What it is
 * ready for already counts as having happened now. HUP and ERR come unasked. In the context's
 * thread. @return 0.
 */
THOLE_API int thole_watch(
	struct thole_sockets *sockets, thole_sock sock, uint32_t events, uint64_t user);

/**
 * Edge readiness: the watched sockets to which something has happened since they were last
 * returned, and which are ready for it still, each once, in the order in which it happened:
 *
 *	IN	data came, or the peer's FIN, the end, or a connection to a listener: each time
 *	OUT	connecting is over, or credit came after there was none
 *	RDHUP	the peer's FIN came, or the end
 *	HUP, ERR  it ended
 *
 * So who is told IN reads until -EAGAIN or the end, or he may not be told again. OUT comes again
 * after a send that took less than it was given or found no credit (-EAGAIN); a send of exactly
 * the credit there was counts as one.
 * In the context's thread.
 * @return how many, @p max at most; 0: none in time. The others are told by the next call.
 */
THOLE_API int thole_wait(struct thole_sockets *sockets, struct thole_ready *ready, uint32_t max,
	uint64_t timeout_ns);

/** What a context counts. */
struct thole_sockets_stats {
	uint64_t sockets;	 /**< gauge: of max_sockets in use */
	uint64_t accepted_reset; /**< connections reset: the backlog was full, or max_sockets */
	uint64_t copied_bytes;	 /**< payload copied, in and out */
	uint64_t moved_bytes;	 /**< payload sent or received as mbufs, not copied */
};

/** In the context's thread. @return 0. */
THOLE_API int thole_sockets_stats_get(
	const struct thole_sockets *sockets, struct thole_sockets_stats *out);

#ifdef __cplusplus
}
#endif
#endif
