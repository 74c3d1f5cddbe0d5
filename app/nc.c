/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nc.c: thole-nc opens a connection, sends it what comes on stdin and writes what it answers to
 * stdout. The end of stdin closes our direction only; the program ends when both are closed.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/conns.h"
#include "common/say.h"

#define NC_TURN_MBUFS 32
#define NC_WRITE_MAX                                                                               \
	4096 /* PIPE_BUF: what a pipe that polls as writable takes without blocking                \
	      */

struct nc {
	const struct opts *opts;
	struct run *run;
	struct conns conns;
	struct conn *conn; /* NULL before and after */
	struct thole_endpoint remote;
	bool over;
	int status;
};

static void
nc_opened(struct conns *conns, struct conn *conn)
{
	struct nc *nc = conns->ctx;

	nc->conn = conn;
}

/* Nothing: nc_work() does all in every turn, since stdin and stdout tell of nothing. */
static void
nc_pump(struct conns *conns, struct conn *conn)
{
	(void)conns;
	(void)conn;
}

static void
nc_fail(struct nc *nc, const char *what, int status)
{
	char text[THOLE_ADDR_TEXT];

	say("%s %s port %u: %s", what, thole_addr_format(&nc->remote.addr, text), nc->remote.port,
		strerror(-status));
	nc->status = 1;
	nc->over = true;
}

static void
nc_closed(struct conns *conns, struct conn *conn, int status)
{
	struct nc *nc = conns->ctx;

	nc->conn = NULL;
	if (nc->over)
		return;
	if (nc->run->stopping && status == -ECONNABORTED)
		; /* its time was over: run_main() says so */
	else if (status != 0)
		nc_fail(nc, "connection to", status);
	else if (!conn->peer_closed || conn->in_bytes != 0)
		nc_fail(nc, "connection to", -ECONNABORTED);
	nc->over = true;
}

static const struct conns_ops nc_ops = {
	.conn_bytes = sizeof(struct conn),
	.opened = nc_opened,
	.pump = nc_pump,
	.closed = nc_closed,
};

static int
nc_start(void *ctx, struct run *run)
{
	struct nc *nc = ctx;
	const struct thole_stack_config *stack = &nc->opts->config.worker.stack;

	nc->run = run;
	if (conns_init(&nc->conns, &nc_ops, run, stack->max_conns, nc) != 0) {
		say("out of memory for %u connections: lower stack.max_conns", stack->max_conns);
		return 1;
	}
	run_op(run, THOLE_OP_CONNECT, 0)->remote = nc->remote;
	return 0;
}

static void
nc_event(void *ctx, const struct thole_event *event)
{
	struct nc *nc = ctx;

	if (!conns_event(&nc->conns, event) && event->type == THOLE_EV_CLOSED && !nc->over)
		nc_fail(nc, "can't connect to", event->status);
}

static bool
is_ready(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return poll(&poll_fd, 1, 0) == 1;
}

/* stdin to the connection, within the credit. */
static void
nc_send(struct nc *nc)
{
	struct conn *conn = nc->conn;

	if (nc->run->stopping && run_room(nc->run) >= CONNS_PUMP_OPS)
		conn_shutdown(&nc->conns, conn);
	for (int i = 0; i < NC_TURN_MBUFS && !conn->shut && conn->credit > 0; i++) {
		struct rte_mbuf *m;
		ssize_t n;

		if (run_room(nc->run) < CONNS_PUMP_OPS || !is_ready(STDIN_FILENO, POLLIN))
			return;
		m = run_mbuf(nc->run);
		if (m == NULL)
			return;
		n = read(STDIN_FILENO, rte_pktmbuf_mtod(m, void *), rte_pktmbuf_tailroom(m));
		if (n > 0) {
			m->data_len = (uint16_t)n;
			m->pkt_len = (uint32_t)n;
			conn_send(&nc->conns, conn, m);
			continue;
		}
		rte_pktmbuf_free(m);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			return;
		if (n < 0) {
			say("can't read stdin: %s", strerror(errno));
			nc->status = 1;
		}
		conn_shutdown(&nc->conns, conn);
	}
}

/* The connection to stdout: what isn't written isn't given back, and so closes the peer's window.
 */
static void
nc_receive(struct nc *nc)
{
	struct conn *conn = nc->conn;
	uint64_t done = 0;

	for (int i = 0; i < NC_TURN_MBUFS && conn->in_bytes != 0; i++) {
		struct rte_mbuf *m = conn->in_head;
		size_t part = RTE_MIN((size_t)m->data_len, (size_t)NC_WRITE_MAX);
		ssize_t n;

		if (!is_ready(STDOUT_FILENO, POLLOUT))
			break;
		n = write(STDOUT_FILENO, rte_pktmbuf_mtod(m, const void *), part);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			break;
		if (n < 0) {
			say("can't write to stdout: %s", strerror(errno));
			nc->status = 1;
			nc->over = true;
			conn_abort(&nc->conns, conn);
			return;
		}
		done += conn_skip(conn, (uint64_t)n);
	}
	if (run_room(nc->run) >= CONNS_PUMP_OPS)
		conn_received(&nc->conns, conn, done);
	else
		conn->owed += done;
}

static bool
nc_work(void *ctx)
{
	struct nc *nc = ctx;

	conns_work(&nc->conns);
	if (nc->conn != NULL && !nc->conn->closing) {
		nc_send(nc);
		nc_receive(nc);
	}
	if (nc->conn != NULL && !nc->conn->closing && nc->conn->shut && nc->conn->peer_closed &&
		nc->conn->in_bytes == 0 && run_room(nc->run) >= CONNS_PUMP_OPS)
		conn_close(&nc->conns, nc->conn);
	return nc->over;
}

/* What was read from stdin goes out, and what the peer answers comes in; nothing else does. */
static void
nc_stop(void *ctx)
{
	struct nc *nc = ctx;

	if (nc->conn == NULL || !nc->conn->shut)
		nc->status = RUN_CUT;
	if (nc->conn == NULL) /* still connecting */
		nc->over = true;
}

static int
nc_end(void *ctx)
{
	struct nc *nc = ctx;

	nc->over = true;
	if (nc->conns.by_index != NULL)
		conns_fini(&nc->conns);
	return nc->status;
}

/* The operands. */
static int
nc_remote(struct nc *nc, char **operands)
{
	struct thole_why why = { "" };
	uint64_t port;

	if (thole_addr_parse(operands[0], &nc->remote.addr) != 0) {
		say("\"%s\" isn't an IPv4 address: give one such as 10.99.0.1", operands[0]);
		return 2;
	}
	if (opts_number(operands[1], 1, UINT16_MAX, "PORT", &port, &why) != 0) {
		say("%s", why.text);
		return 2;
	}
	nc->remote.port = (uint16_t)port;
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct opts_def none[] = { { NULL, NULL, NULL, NULL } };
	static struct nc nc;
	static struct opts opts;
	const struct opts_program program = {
		.name = "thole-nc",
		.summary = "Connects stdin and stdout to a TCP port.",
		.operands = "ADDRESS PORT",
		.nb_operands = 2,
		.defs = none,
		.ctx = &nc,
	};
	const struct run_program run = {
		.ctx = &nc,
		.start = nc_start,
		.event = nc_event,
		.work = nc_work,
		.stop = nc_stop,
		.end = nc_end,
	};
	int status = opts_read(&opts, &program, argc, argv);

	if (status == OPTS_GO_ON) {
		struct thole_idle_config *idle = &opts.config.worker.idle;

		nc.opts = &opts;
		idle->sleep_ns = RTE_MIN(idle->sleep_ns, idle->poll_ns); /* stdin wakes nobody */
		status = nc_remote(&nc, opts.operands);
		if (status == 0)
			status = run_main(&opts, &run);
	}
	opts_fini(&opts);
	return status;
}
