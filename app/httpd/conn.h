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

struct httpd {
	struct server server; /* first */
	int root;
	uint64_t idle_ns;	/* limit of HTTP_WAIT_REQUEST */
	uint64_t stall_ns;	/* of HTTP_WAIT_CREDIT */
	thole_conn asked;	/* whose INFO is asked for; 0: nobody's */
	uint64_t asked_given;	/* what its peer was given by then */
	struct thole_info info; /* the answer */
	struct http_list waits[HTTP_NB_WAITS];
};

extern const struct conns_ops http_ops;

void http_init(struct server *server);

/** INFO's answer: ends a connection whose peer took nothing since the last one. */
void http_info(struct server *server, const struct thole_event *event);

/** Ends what has waited for too long. */
void http_tick(struct server *server);

#endif
