/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn.h: one HTTP connection: request, answer, and again. One answer at a time: what is pipelined
 * waits unread, so that its window closes.
 */
#ifndef HTTPD_CONN_H
#define HTTPD_CONN_H

#include <time.h>

#include "../common/server.h"

/* What a connection waits for; each has its own limit, so a list of each is in order of time. */
enum http_wait {
	HTTP_WAIT_NOTHING, /* CLOSED */
	HTTP_WAIT_REQUEST, /* the first byte of one */
	HTTP_WAIT_HEAD,	   /* the rest of it: from the first byte on, however it trickles */
	HTTP_WAIT_CREDIT,  /* the peer to take some of the answer; then it is looked whether it did
			    */
	HTTP_WAIT_CLOSE,   /* the peer to close */
	HTTP_NB_WAITS,
};

struct http;
TAILQ_HEAD(http_list, http);

#define HTTP_ASKS 32 /* INFOs that may be under way: so many stalled peers are judged in a turn */

struct http_ask {
	thole_conn conn;	/* 0: free */
	uint64_t given;		/* what its peer was given by then */
	struct thole_info info; /* the answer */
};

struct httpd {
	struct server server; /* first */
	int root;
	uint64_t idle_ns;  /* limit of HTTP_WAIT_REQUEST */
	uint64_t stall_ns; /* of HTTP_WAIT_CREDIT, which is looked at twice in it */
	struct http_ask asks[HTTP_ASKS];
	struct http_list waits[HTTP_NB_WAITS];
};

extern const struct conns_ops http_ops;

void http_init(struct server *server);

/** INFO's answer: ends a connection whose peer took nothing for the limit, or up to a half more. */
void http_info(struct server *server, const struct thole_event *event);

/** Ends what has waited for too long. */
void http_tick(struct server *server);

#endif
