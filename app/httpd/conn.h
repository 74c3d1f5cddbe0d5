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
	HTTP_WAIT_CREDIT,  /* the peer to take some of the answer */
	HTTP_WAIT_CLOSE,   /* the peer to close */
	HTTP_NB_WAITS,
};

struct http;
TAILQ_HEAD(http_list, http);

struct httpd {
	struct server server; /* first */
	int root;
	uint64_t idle_ns; /* limit of HTTP_WAIT_REQUEST */
	struct http_list waits[HTTP_NB_WAITS];
};

extern const struct conns_ops http_ops;

void http_init(struct server *server);

/** Ends what has waited for too long. */
void http_tick(struct server *server);

#endif
