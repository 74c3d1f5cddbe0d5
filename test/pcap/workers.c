/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * workers.c: workers CONNECTIONS OUT.pcap: two workers on a cable of net_ring, and all that they
 * send to each other written by net_pcap. Every third connection is accepted and closed by the
 * server; the others carry data, of a size that grows, which is echoed, and are closed by the
 * client. Exit status 0 when all came to their end and every byte back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include <thole/port.h>

#define BURST	    32
#define AT_ONCE	    16
#define GROWTH	    701 /* bytes of data more, from one connection to the next */
#define PORT_ECHO   7
#define PORT_CLOSE  9
#define GIVE_UP_NS  UINT64_C(600000000000)
#define CABLE_SLOTS 1024

struct end {
	struct thole_port *port;
	struct thole_worker *worker;
	struct thole_app *app;
};

static struct {
	struct end client, server;
	uint16_t pcap; /* the port that writes */
	uint32_t wanted, opened, done, failed;
	uint32_t *due; /* bytes that are to come back, by connection */
} t;

static int
fail(const char *what, const char *why)
{
	fprintf(stderr, "workers: %s: %s\n", what, why);
	return 1;
}

/* Gives net_pcap a copy of what is sent: the device may hold the packets for long. */
static uint16_t
copy_sent(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n, void *arg)
{
	struct rte_mempool *pool = arg;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(pkts[i], pool, 0, UINT32_MAX);

		if (copy == NULL || rte_eth_tx_burst(t.pcap, 0, &copy, 1) != 1) {
			rte_pktmbuf_free(copy);
			t.failed++;
		}
	}
	return n;
}

static uint32_t
bytes_of(uint32_t number)
{
	return number % 3 == 0 ? 0 : number * GROWTH;
}

static void
submit(struct thole_app *app, const struct thole_op op)
{
	if (thole_app_submit(app, &op, 1) != 1)
		t.failed++;
}

static void
close_conn(struct thole_app *app, const struct thole_event *event)
{
	submit(app, (struct thole_op){ .type = THOLE_OP_CLOSE, .conn = event->conn });
}

static void
connected(const struct thole_event *event)
{
	uint32_t bytes = bytes_of((uint32_t)event->user);
	uint8_t *data;

	if (bytes == 0)
		return;
	data = calloc(1, bytes);
	for (uint32_t i = 0; data != NULL && i < bytes; i++)
		data[i] = (uint8_t)(i % 251);
	if (data == NULL || thole_app_send_copy(t.client.app, event->conn,
				    thole_port_pool(t.client.port, 0), data, bytes) != bytes)
		t.failed++;
	free(data);
}

static void
client_event(const struct thole_event *event)
{
	uint32_t bytes;

	if (event->type == THOLE_EV_CONNECTED) {
		connected(event);
	} else if (event->type == THOLE_EV_DATA) {
		bytes = event->mbuf->pkt_len;
		rte_pktmbuf_free(event->mbuf);
		submit(t.client.app,
			(struct thole_op){
				.type = THOLE_OP_RECEIVED, .conn = event->conn, .bytes = bytes });
		t.due[event->user] -= bytes;
		if (t.due[event->user] == 0)
			close_conn(t.client.app, event);
	} else if (event->type == THOLE_EV_PEER_CLOSED && bytes_of((uint32_t)event->user) == 0) {
		close_conn(t.client.app, event);
	} else if (event->type == THOLE_EV_CLOSED) {
		t.done++;
		if (event->status != 0 || t.due[event->user] != 0)
			t.failed++;
	}
}

static void
server_event(const struct thole_event *event)
{
	struct thole_app *app = t.server.app;
	uint32_t bytes;

	if (event->type == THOLE_EV_ACCEPTED && event->user == PORT_CLOSE) {
		close_conn(app, event);
	} else if (event->type == THOLE_EV_DATA) {
		bytes = event->mbuf->pkt_len;
		submit(app,
			(struct thole_op){
				.type = THOLE_OP_RECEIVED, .conn = event->conn, .bytes = bytes });
		submit(app,
			(struct thole_op){
				.type = THOLE_OP_SEND, .conn = event->conn, .mbuf = event->mbuf });
	} else if (event->type == THOLE_EV_PEER_CLOSED && event->user == PORT_ECHO) {
		close_conn(app, event);
	} else if (event->type == THOLE_EV_LISTENING && event->status != 0) {
		t.failed++;
	}
}

static void
hear(struct end *end, void (*heed)(const struct thole_event *event))
{
	struct thole_event events[BURST];
	uint32_t n = (uint32_t)thole_app_events(end->app, events, BURST);

	for (uint32_t i = 0; i < n; i++)
		heed(&events[i]);
}

static void
open_more(void)
{
	while (t.opened < t.wanted && t.opened - t.done < AT_ONCE) {
		struct thole_op op = { .type = THOLE_OP_CONNECT, .user = t.opened };

		t.due[t.opened] = bytes_of(t.opened);
		thole_addr_parse("10.98.0.2", &op.remote.addr);
		op.remote.port = t.due[t.opened] == 0 ? PORT_CLOSE : PORT_ECHO;
		submit(t.client.app, op);
		t.opened++;
	}
}

static void
talk(void)
{
	const uint16_t ports[] = { PORT_ECHO, PORT_CLOSE };
	const uint64_t start_ns = thole_clock_ns();

	thole_worker_turn(t.server.worker);
	thole_worker_turn(t.client.worker);
	for (int i = 0; i < 2; i++)
		submit(t.server.app, (struct thole_op){ .type = THOLE_OP_LISTEN,
					     .bytes = 64,
					     .local.port = ports[i],
					     .user = ports[i] });
	while (t.done < t.wanted && t.failed == 0) {
		open_more();
		thole_worker_turn(t.client.worker);
		hear(&t.client, client_event);
		thole_worker_turn(t.server.worker);
		hear(&t.server, server_event);
		if (thole_clock_ns() - start_ns > GIVE_UP_NS)
			t.failed++;
	}
}

static int
open_end(struct end *end, const char *device, const char *address)
{
	struct thole_port_config port;
	struct thole_worker_config worker;
	struct thole_address own = { .count = 1, .prefix_len = 24 };
	struct thole_why why = { "" };

	thole_port_config_init(&port);
	port.device = device;
	port.pool_mbufs = 4096;
	if (thole_port_open(&port, &end->port, &why) != 0)
		return fail(device, why.text);
	thole_worker_config_init(&worker);
	worker.port = end->port;
	thole_addr_parse(address, &own.first);
	worker.stack.addresses = &own;
	worker.stack.nb_addresses = 1;
	worker.stack.max_conns = 256;
	worker.stack.max_embryos = 256;
	worker.stack.max_time_wait = 4096;
	worker.stack.max_segments = 8192;
	if (thole_worker_create(&worker, &end->worker, &why) != 0)
		return fail(device, why.text);
	if (thole_app_create(thole_worker_stack(end->worker), &(struct thole_app_config){ 0 },
		    &end->app) != 0)
		return fail(device, "no memory for the application's context");
	return 0;
}

static int
open_pcap(struct rte_mempool **pool)
{
	const struct rte_eth_conf conf = { 0 };

	*pool = rte_pktmbuf_pool_create("pcap", 255, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM, 0);
	if (*pool == NULL || rte_eth_dev_get_port_by_name("net_pcap0", &t.pcap) != 0 ||
		rte_eth_dev_configure(t.pcap, 1, 1, &conf) != 0 ||
		rte_eth_rx_queue_setup(t.pcap, 0, 64, 0, NULL, *pool) != 0 ||
		rte_eth_tx_queue_setup(t.pcap, 0, 64, 0, NULL) != 0 ||
		rte_eth_dev_start(t.pcap) != 0)
		return fail("net_pcap", "doesn't start");
	return 0;
}

static void
close_all(void)
{
	struct end *ends[] = { &t.client, &t.server };

	for (int i = 0; i < 2; i++) {
		if (ends[i]->app != NULL)
			thole_app_destroy(ends[i]->app);
		if (ends[i]->worker != NULL)
			thole_worker_destroy(ends[i]->worker);
	}
	for (int i = 0; i < 2; i++) {
		if (ends[i]->port != NULL)
			thole_port_close(ends[i]->port);
	}
	if (rte_eth_dev_stop(t.pcap) != 0 || rte_eth_dev_close(t.pcap) != 0)
		t.failed++;
}

int
main(int argc, char **argv)
{
	char device[512];
	char *args[] = { "workers", "-l", "0", "--no-huge", "-m", "256", device };
	struct rte_mempool *pool = NULL;
	struct thole_why why = { "" };
	int status;

	t.wanted = argc == 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	if (t.wanted == 0)
		return fail("usage", "workers CONNECTIONS OUT.pcap");
	t.due = calloc(t.wanted, sizeof(*t.due));
	snprintf(device, sizeof(device), "--vdev=net_pcap0,tx_pcap=%s", argv[2]);
	if (t.due == NULL || thole_eal_start(RTE_DIM(args), args, 256, &why) != 0)
		return fail("can't start", why.text);
	if (thole_cable_create("client", "server", 1, CABLE_SLOTS, &why) != 0)
		return fail("no cable", why.text);
	status = open_pcap(&pool) != 0 || open_end(&t.client, "client", "10.98.0.1") != 0 ||
		 open_end(&t.server, "server", "10.98.0.2") != 0;
	if (status == 0) {
		rte_eth_add_tx_callback(thole_port_id(t.client.port), 0, copy_sent, pool);
		rte_eth_add_tx_callback(thole_port_id(t.server.port), 0, copy_sent, pool);
		talk();
	}
	close_all();
	thole_eal_stop();
	free(t.due);
	printf("%u of %u connections, %u failures\n", t.done, t.wanted, t.failed);
	return status != 0 || t.failed != 0 ? 1 : 0;
}
