/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * handshake: two stacks in one program, joined by arrays. The client opens a connection, sends a
 * line and closes; the server sends back what it gets, and closes when the client has. No port, no
 * thread; time is a number.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include <thole/app.h>
#include <thole/stack.h>
#include <thole/version.h>

#define BURST	   32
#define TURN_NS	   1000000u /* a millisecond: the wire's delay, too */
#define MOST_TURNS 1000

struct end {
	struct thole_stack *stack;
	struct thole_app *app;
	bool closed;
	int status;
};

static const char line[] = "what the client says";
static char heard[sizeof(line)];
static uint32_t nb_heard;

/* A stack with the address 10.0.0.@host; any two numbers do as a secret here, since nobody attacks.
 */
static int
end_open(struct end *end, uint8_t host, struct rte_mempool *pool)
{
	struct thole_address address = {
		.first = thole_addr_ip4(0x0a000000u + host), .count = 1, .prefix_len = 24
	};
	struct thole_app_config direct = { 0 };
	struct thole_stack_config config;
	const char *why = NULL;
	int err;

	thole_stack_config_init(&config);
	config.pool = pool;
	config.addresses = &address;
	config.nb_addresses = 1;
	config.mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, host } };
	config.secret[0] = host;
	config.secret[1] = 2;
	config.max_conns = config.max_embryos = config.max_time_wait = config.max_segments = 64;
	err = thole_stack_create(&config, &end->stack, &why);
	if (err != 0) {
		fprintf(stderr, "no stack: %s: %s\n", strerror(-err), why != NULL ? why : "");
		return err;
	}
	return thole_app_create(end->stack, &direct, &end->app);
}

static void
submit(struct end *end, struct thole_op op)
{
	if (thole_app_submit(end->app, &op, 1) != 1)
		fprintf(stderr, "op %u was not taken\n", op.type);
}

/* What comes back to the client: kept; the mbuf is ours to free. */
static void
hear(struct rte_mbuf *m)
{
	for (struct rte_mbuf *s = m; s != NULL; s = s->next)
		for (uint16_t i = 0; i < s->data_len && nb_heard < sizeof(heard); i++)
			heard[nb_heard++] = rte_pktmbuf_mtod(s, const char *)[i];
	rte_pktmbuf_free(m);
}

static void
work(struct end *end, bool is_server, struct rte_mempool *pool)
{
	struct thole_event events[BURST];
	int32_t n = thole_app_events(end->app, events, BURST);

	for (int32_t i = 0; i < n; i++) {
		const struct thole_event *ev = &events[i];
		struct thole_op close = { .type = THOLE_OP_CLOSE, .conn = ev->conn };

		switch (ev->type) {
		case THOLE_EV_CONNECTED:
			if (thole_app_send_copy(end->app, ev->conn, pool, line, sizeof(line)) < 0)
				fprintf(stderr, "nothing sent\n");
			break;
		case THOLE_EV_DATA:
			submit(end, (struct thole_op){ .type = THOLE_OP_RECEIVED,
					    .conn = ev->conn,
					    .bytes = ev->bytes });
			if (is_server) {
				submit(end, (struct thole_op){ .type = THOLE_OP_SEND,
						    .conn = ev->conn,
						    .mbuf = ev->mbuf });
				break;
			}
			hear(ev->mbuf);
			if (nb_heard == sizeof(heard))
				submit(end, close);
			break;
		case THOLE_EV_PEER_CLOSED:
			if (is_server)
				submit(end, close);
			break;
		case THOLE_EV_CLOSED:
			end->closed = true;
			end->status = ev->status;
			break;
		case THOLE_EV_LISTENING:
		case THOLE_EV_ACCEPTED:
		case THOLE_EV_OPENING:
		case THOLE_EV_SENDABLE:
		case THOLE_EV_REFUSED:
		case THOLE_EV_SOFT_ERROR:
			break;
		}
	}
}

/* A turn of one end: what the other sent comes in, what it owes goes out. @return the packets in
 * @wire. */
static uint16_t
turn(struct end *end, bool is_server, uint64_t now_ns, struct rte_mempool *pool,
	struct rte_mbuf **wire, uint16_t n)
{
	struct rte_mbuf *rejects[BURST];
	uint16_t nb_rejects = thole_stack_rx(end->stack, now_ns, wire, n, rejects);

	rte_pktmbuf_free_bulk(rejects, nb_rejects);
	work(end, is_server, pool);
	thole_stack_run(end->stack, now_ns);
	return thole_stack_tx(end->stack, now_ns, wire, BURST);
}

static int
converse(struct end *client, struct end *server, struct rte_mempool *pool)
{
	struct thole_endpoint at = { .addr = thole_addr_ip4(0x0a000001), .port = 7 };
	struct rte_mbuf *wire[BURST];
	uint64_t now_ns = TURN_NS;
	uint16_t n = 0;

	/* A first turn of each tells it the time. */
	n = turn(client, false, now_ns, pool, wire, n);
	n = turn(server, true, now_ns, pool, wire, n);
	submit(server, (struct thole_op){ .type = THOLE_OP_LISTEN, .bytes = 1, .local.port = 7 });
	submit(client, (struct thole_op){ .type = THOLE_OP_CONNECT, .remote = at });
	for (int i = 0; i < MOST_TURNS && !(client->closed && server->closed); i++) {
		now_ns += TURN_NS;
		n = turn(client, false, now_ns, pool, wire, n);
		n = turn(server, true, now_ns, pool, wire, n);
	}
	rte_pktmbuf_free_bulk(wire, n);
	if (!client->closed || !server->closed || client->status != 0 || server->status != 0)
		return -ETIMEDOUT;
	return nb_heard == sizeof(heard) && memcmp(heard, line, sizeof(line)) == 0 ? 0 : -EPROTO;
}

int
main(void)
{
	static char name[] = "handshake", no_huge[] = "--no-huge", no_pci[] = "--no-pci",
		    memory[] = "-m64", alone[] = "--no-shconf", quiet[] = "--log-level=*:error",
		    no_telemetry[] = "--no-telemetry";
	char *args[] = { name, no_huge, no_pci, memory, alone, quiet, no_telemetry };
	struct end client = { 0 }, server = { 0 };
	struct rte_mempool *pool;
	unsigned int idle;
	int err;

	if (rte_eal_init((int)(sizeof(args) / sizeof(args[0])), args) < 0)
		return 1;
	pool = rte_pktmbuf_pool_create("mbufs", 1023, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	if (pool == NULL || end_open(&client, 2, pool) != 0 || end_open(&server, 1, pool) != 0)
		return 1;
	err = converse(&client, &server, pool);
	thole_app_destroy(client.app);
	thole_app_destroy(server.app);
	thole_stack_destroy(client.stack);
	thole_stack_destroy(server.stack);
	idle = rte_mempool_avail_count(pool);
	printf("thole %s: \"%s\" came back: %s; %u of 1023 mbufs are back\n", thole_version(),
		heard, err == 0 ? "yes" : strerror(-err), idle);
	rte_mempool_free(pool);
	rte_eal_cleanup();
	return err == 0 && idle == 1023 && strcmp(thole_version(), THOLE_VERSION) == 0 ? 0 : 1;
}
