/* SPDX-License-Identifier: BSD-3-Clause */
/* conn.c: reads requests, sends files in chunks as the send credit allows, and keeps the time
 * limits. */
#include "conn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "files.h"
#include "request.h"
#include "response.h"

#define SECOND		1000000000ull
#define HTTP_CHUNK_SEGS 16	     /* mbufs of a chain that one read fills */
#define HTTP_TURN_BYTES (128 * 1024) /* that one connection may queue in a turn */
#define HTTP_LOOKS	2	     /* in a stall's limit */

enum http_phase {
	HTTP_READING,	/* a request */
	HTTP_SENDING,	/* its answer */
	HTTP_LINGERING, /* all is said: drop what comes until the peer closes (RFC 9112, 9.6) */
};

struct http {
	struct conn conn; /* first */
	TAILQ_ENTRY(http) wait_link;
	uint64_t deadline_ns;
	enum http_wait wait;
	enum http_phase phase;
	bool keep_alive;
	char *buf; /* of REQUEST_HEAD_MAX bytes, while there is something in it */
	size_t nb_buf;
	size_t scanned;
	uint64_t skip;	       /* bytes of content still to be dropped before the next request */
	struct rte_mbuf *head; /* of the answer, not sent yet */
	int fd;		       /* of the file being sent, or -1 */
	uint64_t at, end;      /* in it */
	uint64_t given;	       /* bytes of answers, to the stack */
	uint64_t taken;	       /* of these, acknowledged when it was looked at last */
	unsigned int vain;     /* looks in a row that found no more */
};

static struct httpd *
http_server(struct conns *conns)
{
	return conns->ctx;
}

static uint64_t
http_limit(const struct httpd *httpd, enum http_wait wait)
{
	switch (wait) {
	case HTTP_WAIT_REQUEST:
		return httpd->idle_ns;
	case HTTP_WAIT_HEAD:
		return 10 * SECOND;
	case HTTP_WAIT_CREDIT:
		return httpd->stall_ns / HTTP_LOOKS;
	case HTTP_WAIT_CLOSE:
		return 2 * SECOND;
	case HTTP_WAIT_NOTHING:
	case HTTP_NB_WAITS:
		break;
	}
	return 0;
}

static void
http_wait(struct conns *conns, struct http *http, enum http_wait wait)
{
	struct httpd *httpd = http_server(conns);

	if (http->wait != HTTP_WAIT_NOTHING)
		TAILQ_REMOVE(&httpd->waits[http->wait], http, wait_link);
	http->wait = wait;
	if (wait == HTTP_WAIT_NOTHING)
		return;
	http->deadline_ns = conns->run->now_ns + http_limit(httpd, wait);
	TAILQ_INSERT_TAIL(&httpd->waits[wait], http, wait_link);
}

static void
http_opened(struct conns *conns, struct conn *conn)
{
	struct http *http = (struct http *)conn;

	http->fd = -1;
	http_wait(conns, http, HTTP_WAIT_REQUEST);
}

static void
http_close_file(struct http *http)
{
	if (http->fd >= 0)
		close(http->fd);
	http->fd = -1;
}

static void
http_drop_buf(struct http *http)
{
	free(http->buf);
	http->buf = NULL;
	http->nb_buf = 0;
	http->scanned = 0;
}

static void
http_closed(struct conns *conns, struct conn *conn, int status)
{
	struct http *http = (struct http *)conn;

	(void)status;
	http_wait(conns, http, HTTP_WAIT_NOTHING);
	http_close_file(http);
	http_drop_buf(http);
	rte_pktmbuf_free(http->head);
	http->head = NULL;
}

/* Ends the connection's life with us: at once if the peer has closed, else after it had time to
 * read. */
static void
http_finish(struct conns *conns, struct http *http)
{
	http_drop_buf(http);
	if (http->conn.peer_closed) {
		http_wait(conns, http, HTTP_WAIT_NOTHING);
		conn_close(conns, &http->conn);
		return;
	}
	http->phase = HTTP_LINGERING;
	conn_shutdown(conns, &http->conn);
	http_wait(conns, http, HTTP_WAIT_CLOSE);
	conns_wake(conns, &http->conn);
}

/* Puts an answer's head into @p m and starts sending. */
static void
http_answer(
	struct conns *conns, struct http *http, struct rte_mbuf *m, const struct response *response)
{
	char text[RESPONSE_MAX];
	size_t n = response_write(text, response, time(NULL));
	char *to = rte_pktmbuf_append(m, (uint16_t)n);

	if (to == NULL) { /* mbufs smaller than any answer: the configuration's doing */
		rte_pktmbuf_free(m);
		conn_abort(conns, &http->conn);
		return;
	}
	memcpy(to, text, n);
	http->head = m;
	http->keep_alive = response->keep_alive;
	http->phase = HTTP_SENDING;
	http_wait(conns, http, HTTP_WAIT_CREDIT);
}

static void
http_refuse(struct conns *conns, struct http *http, struct rte_mbuf *m, int status)
{
	const struct response response = {
		.status = status,
		.head = http->buf != NULL && request_is_head(http->buf, http->nb_buf),
	};

	http_drop_buf(http);
	http_answer(conns, http, m, &response);
}

/* Answers the request whose head is the first @p n bytes of the buffer. */
static void
http_request(struct conns *conns, struct http *http, struct rte_mbuf *m, size_t n)
{
	struct request request;
	struct response response = { .status = request_parse(http->buf, n, &request) };
	struct file file = { .fd = -1 };

	http->nb_buf -= n;
	memmove(http->buf, http->buf + n, http->nb_buf);
	http->scanned = 0;
	http->skip = request.body_bytes;
	if (response.status == 200)
		response.status = files_open(http_server(conns)->root, request.path, &file);
	response.head = request.head;
	response.keep_alive = request.keep_alive && !conns->run->stopping;
	if (response.status == 200) {
		response.bytes = file.bytes;
		response.type = file.type;
		response.modified = file.modified;
		http->fd = file.fd;
		http->at = 0;
		http->end = request.head ? 0 : file.bytes;
	}
	http_answer(conns, http, m, &response);
}

/* Moves received bytes to the buffer, past content that is to be skipped and empty lines. */
static bool
http_fill(struct conns *conns, struct http *http)
{
	struct conn *conn = &http->conn;
	uint64_t taken = 0, n;

	n = RTE_MIN(http->skip, (uint64_t)http->nb_buf);
	if (n != 0) {
		http->nb_buf -= n;
		memmove(http->buf, http->buf + n, http->nb_buf);
		http->skip -= n;
	}
	if (http->skip != 0) {
		taken = conn_skip(conn, http->skip);
		http->skip -= taken;
	}
	if (conn->in_bytes != 0 && http->buf == NULL)
		http->buf = malloc(REQUEST_HEAD_MAX);
	if (conn->in_bytes != 0 && http->buf == NULL)
		return false;
	if (conn->in_bytes != 0) {
		n = conn_read(conn, http->buf + http->nb_buf,
			(uint32_t)(REQUEST_HEAD_MAX - http->nb_buf));
		http->nb_buf += n;
		taken += n;
	}
	conn_received(conns, conn, taken);
	if (http->scanned == 0 && http->nb_buf != 0) {
		n = request_blank(http->buf, http->nb_buf);
		http->nb_buf -= n;
		memmove(http->buf, http->buf + n, http->nb_buf);
	}
	return true;
}

/* @return true when there is an answer to send. */
static bool
http_read(struct conns *conns, struct http *http)
{
	struct conn *conn = &http->conn;
	struct rte_mbuf *m;
	size_t n;
	int status;

	if (!http_fill(conns, http)) {
		conn_abort(conns, conn);
		return false;
	}
	if (http->nb_buf == 0) {
		http_drop_buf(http);
		if (conn->peer_closed || conns->run->stopping)
			http_finish(conns, http);
		else if (http->wait != HTTP_WAIT_REQUEST)
			http_wait(conns, http, HTTP_WAIT_REQUEST);
		return false;
	}
	if (http->wait != HTTP_WAIT_HEAD)
		http_wait(conns, http, HTTP_WAIT_HEAD);
	n = request_end(http->buf, http->nb_buf, &http->scanned);
	status = n != 0 ? 0 : request_too_long(http->buf, http->nb_buf);
	if (n == 0 && status == 0) {
		if (conn->peer_closed)
			http_finish(conns, http);
		return false;
	}
	m = run_mbuf(conns->run);
	if (m == NULL) { /* the pool is low: look at the request again in the next turn */
		http->scanned = 0;
		conns_wake(conns, conn);
		return false;
	}
	if (status != 0)
		http_refuse(conns, http, m, status);
	else
		http_request(conns, http, m, n);
	return !conn->closing;
}

/* Fills a chain with the file's next bytes, @p max and one mbuf at most. NULL: the pool is low. */
static struct rte_mbuf *
http_chunk(struct conns *conns, struct http *http, uint64_t max, ssize_t *status)
{
	struct rte_mbuf *segs[HTTP_CHUNK_SEGS], *m;
	struct iovec parts[HTTP_CHUNK_SEGS];
	uint64_t room = 0, left = http->end - http->at;
	unsigned int n = 0, used = 0;
	ssize_t bytes;

	while (n < HTTP_CHUNK_SEGS && room < left && (n == 0 || room < max) &&
		(m = run_mbuf(conns->run)) != NULL) {
		uint64_t part = RTE_MIN((uint64_t)rte_pktmbuf_tailroom(m), left - room);

		segs[n] = m;
		parts[n++] = (struct iovec){ rte_pktmbuf_mtod(m, void *), part };
		room += part;
	}
	if (n == 0)
		return NULL;
	bytes = preadv(http->fd, parts, (int)n, (off_t)http->at);
	*status = bytes;
	for (ssize_t left_over = bytes; left_over > 0; used++) {
		uint16_t part = (uint16_t)RTE_MIN((size_t)left_over, parts[used].iov_len);

		segs[used]->data_len = part;
		segs[used]->next = used + 1 < n && left_over > part ? segs[used + 1] : NULL;
		left_over -= part;
	}
	for (unsigned int i = used; i < n; i++)
		rte_pktmbuf_free_seg(segs[i]);
	if (used == 0)
		return NULL;
	segs[0]->nb_segs = (uint16_t)used;
	segs[0]->pkt_len = (uint32_t)bytes;
	return segs[0];
}

/* @return true when all of the answer is on its way. */
static bool
http_send(struct conns *conns, struct http *http)
{
	struct conn *conn = &http->conn;
	uint64_t sent = 0;

	while (http->head != NULL || (http->fd >= 0 && http->at < http->end)) {
		struct rte_mbuf *m = http->head;
		ssize_t status = 1;

		if (conn->credit <= 0) /* SENDABLE comes */
			return false;
		if (!conn_may_post(conns, conn, CONNS_PUMP_OPS))
			return false;
		if (sent >= HTTP_TURN_BYTES) {
			conns_wake(conns, conn);
			return false;
		}
		if (m == NULL)
			m = http_chunk(conns, http, (uint64_t)conn->credit, &status);
		if (status <=
			0) { /* the file has become shorter: what was promised can't be kept */
			conn_abort(conns, conn);
			return false;
		}
		if (m == NULL) {
			conns_wake(conns, conn);
			return false;
		}
		if (m == http->head)
			http->head = NULL;
		else
			http->at += m->pkt_len;
		sent += m->pkt_len;
		http->given += m->pkt_len;
		conn_send(conns, conn, m);
		http_wait(conns, http, HTTP_WAIT_CREDIT);
	}
	http_close_file(http);
	return true;
}

static void
http_pump(struct conns *conns, struct conn *conn)
{
	struct http *http = (struct http *)conn;

	while (!conn->closing && conn_may_post(conns, conn, CONNS_PUMP_OPS)) {
		switch (http->phase) {
		case HTTP_READING:
			if (!http_read(conns, http))
				return;
			break;
		case HTTP_SENDING:
			if (!http_send(conns, http))
				return;
			http->phase = HTTP_READING;
			if (!http->keep_alive)
				http_finish(conns, http);
			break;
		case HTTP_LINGERING:
			conn_received(conns, conn, conn_skip(conn, UINT64_MAX));
			if (conn->peer_closed)
				conn_close(conns, conn);
			return;
		}
	}
}

const struct conns_ops http_ops = {
	.conn_bytes = sizeof(struct http),
	.opened = http_opened,
	.pump = http_pump,
	.closed = http_closed,
};

void
http_init(struct server *server)
{
	struct httpd *httpd = (struct httpd *)server;

	for (int i = 0; i < HTTP_NB_WAITS; i++)
		TAILQ_INIT(&httpd->waits[i]);
}

/*
 * Credit comes back in large parts: a slow peer may take longer for one than the limit, and yet be
 * alive. So it is asked what was acknowledged. When the last of that came isn't known, but between
 * which looks.
 */
static bool
http_ask(struct conns *conns, struct http *http)
{
	struct httpd *httpd = http_server(conns);
	struct http_ask *ask = NULL;

	for (int i = 0; i < HTTP_ASKS; i++) {
		struct http_ask *a = &httpd->asks[i];

		if (a->conn == http->conn.handle) {
			http_wait(conns, http, HTTP_WAIT_CREDIT);
			return true;
		}
		if (a->conn == 0)
			ask = a;
	}
	if (ask == NULL)
		return false;
	ask->conn = http->conn.handle;
	ask->given = http->given;
	run_op(conns->run, THOLE_OP_INFO, ask->conn)->info = &ask->info;
	http_wait(conns, http, HTTP_WAIT_CREDIT); /* the next look */
	return true;
}

/* So much of what it was given isn't acknowledged. With nothing left it is we that have nothing to
 * give, as without mbufs. */
static void
http_judge(struct conns *conns, struct http *http, uint64_t taken, uint64_t left)
{
	http->vain = left != 0 && taken == http->taken ? http->vain + 1 : 0;
	http->taken = taken;
	if (http->vain < HTTP_LOOKS)
		return;
	http_wait(conns, http, HTTP_WAIT_NOTHING);
	conn_abort(conns, &http->conn);
}

void
http_info(struct server *server, const struct thole_event *event)
{
	struct conns *conns = &server->conns;
	struct http_ask *ask = container_of(event->info, struct http_ask, info);
	struct http *http = (struct http *)conns_find(conns, ask->conn);
	uint64_t left = (uint64_t)ask->info.unacked_bytes + ask->info.notsent_bytes;

	ask->conn = 0;
	if (event->type == THOLE_EV_INFO && http != NULL && !http->conn.closing &&
		http->wait == HTTP_WAIT_CREDIT)
		http_judge(conns, http, ask->given - left, left);
}

/* The limit of what it waits for is over. @return false: not now: there is no mbuf for an answer,
 * or too many are asked about. */
static bool
http_late(struct conns *conns, struct http *http)
{
	struct rte_mbuf *m;

	switch (http->wait) {
	case HTTP_WAIT_REQUEST:
		http_finish(conns, http);
		break;
	case HTTP_WAIT_HEAD:
		m = run_mbuf(conns->run);
		if (m == NULL)
			return false;
		http_refuse(conns, http, m, 408);
		conns_wake(conns, &http->conn);
		break;
	case HTTP_WAIT_CREDIT:
		return http_ask(conns, http);
	case HTTP_WAIT_CLOSE:
		http_wait(conns, http, HTTP_WAIT_NOTHING);
		conn_close(conns, &http->conn);
		break;
	case HTTP_WAIT_NOTHING:
	case HTTP_NB_WAITS:
		break;
	}
	return true;
}

void
http_tick(struct server *server)
{
	struct httpd *httpd = (struct httpd *)server;
	struct conns *conns = &server->conns;

	for (int wait = HTTP_WAIT_REQUEST; wait < HTTP_NB_WAITS; wait++) {
		struct http *http;

		while ((http = TAILQ_FIRST(&httpd->waits[wait])) != NULL &&
			http->deadline_ns <= conns->run->now_ns &&
			run_room(conns->run) >= CONNS_PUMP_OPS) {
			if (!http_late(conns, http))
				break;
		}
	}
}
