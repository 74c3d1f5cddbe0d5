/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * echo.c: thole-echo sends back what comes (RFC 862), in the very mbufs that it came in. What can't
 * be sent yet isn't taken, so a peer that doesn't read is soon not allowed to write. When the peer
 * has closed and has had everything back, we close.
 */
#include "common/server.h"

#define ECHO_PORT    7
#define ECHO_IDLE_NS 200000000ull /* without data for so long, a connection ends when we do */

struct echo {
	struct conn conn;
	uint64_t last_ns; /* when data last came */
	uint64_t seen;	  /* bytes held when we last looked */
};

static void
echo_opened(struct conns *conns, struct conn *conn)
{
	((struct echo *)conn)->last_ns = conns->run->now_ns;
}

static void
echo_pump(struct conns *conns, struct conn *conn)
{
	struct echo *echo = (struct echo *)conn;
	struct run *run = conns->run;

	if (conn->in_bytes != echo->seen)
		echo->last_ns = run->now_ns;
	while (conn->in_bytes != 0 && conn->credit > 0) {
		struct rte_mbuf *chain;

		if (!conn_may_post(conns, conn, CONNS_PUMP_OPS))
			break;
		chain = conn_take(conn, (uint64_t)conn->credit);
		if (chain == NULL)
			break;
		conn_received(conns, conn, chain->pkt_len);
		conn_send(conns, conn, chain);
	}
	echo->seen = conn->in_bytes;
	if (conn->in_bytes != 0 || !conn_may_post(conns, conn, CONNS_PUMP_OPS))
		return;
	if (conn->peer_closed || (run->stopping && run->now_ns - echo->last_ns > ECHO_IDLE_NS))
		conn_close(conns, conn);
	else if (run->stopping)
		conns_wake(conns, conn);
}

static void
echo_closed(struct conns *conns, struct conn *conn, int status)
{
	(void)conns;
	(void)conn;
	(void)status;
}

static const struct conns_ops echo_ops = {
	.conn_bytes = sizeof(struct echo),
	.opened = echo_opened,
	.pump = echo_pump,
	.closed = echo_closed,
};

static const struct opts_def echo_defs[] = {
	{ "port", "N", "listen at port N (7); may be given up to 16 times", server_set_port },
	{ NULL, NULL, NULL, NULL },
};

int
main(int argc, char **argv)
{
	static struct server server = { .ops = &echo_ops, .bytes = sizeof(server) };
	const struct opts_program program = {
		.name = "thole-echo",
		.summary = "Sends back what comes over TCP.",
		.operands = "",
		.defs = echo_defs,
		.ctx = &server,
		.many_workers = true,
	};
	static struct opts opts;
	int status = opts_read(&opts, &program, argc, argv);

	if (status == OPTS_GO_ON)
		status = server_main(&server, &opts, ECHO_PORT);
	opts_fini(&opts);
	return status;
}
