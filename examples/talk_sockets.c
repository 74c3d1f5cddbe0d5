/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * talk_sockets.c: a client in one thread, by calls that wait, as one writes it for BSD sockets. It
 * sends what stands on its standard input, says that it is done, and prints what comes back. There
 * is no other thread: while a call waits it turns the worker.
 *
 * SIGINT or SIGTERM resets the connection.
 *
 *	echo hello | example-talk-sockets 10.0.0.9/24 10.0.0.1 7 --vdev=net_tap0
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <thole/config.h>
#include <thole/socket.h>

#define PATIENCE_NS 10000000000ull
#define PIECE	    65536
#define MEMORY_MB   96

struct client {
	struct thole_port *port;
	struct thole_worker *worker;
	struct thole_sockets *sockets;
	char in[PIECE], out[PIECE];
};

static volatile sig_atomic_t signalled;

static void
on_signal(int number)
{
	(void)number;
	signalled = 1;
}

/* What waits for a connection that is cut off waits no longer. */
static void
turn(void *ctx)
{
	struct client *c = ctx;

	if (signalled)
		thole_worker_drain(c->worker, 0);
	thole_worker_turn(c->worker);
}

static int
start(struct client *c, struct thole_config *config, struct thole_why *why)
{
	struct thole_sockets_config sockets;
	int error;

	config->port.device = "0";
	config->worker.stack.max_conns = 64;
	config->worker.stack.max_time_wait = 64;
	error = thole_port_open(&config->port, &c->port, why);
	if (error != 0)
		return error;
	config->worker.port = c->port;
	error = thole_worker_create(&config->worker, &c->worker, why);
	if (error != 0)
		return error;
	thole_sockets_config_init(&sockets);
	sockets.max_sockets = 1;
	sockets.turn = turn;
	sockets.turn_ctx = c;
	return thole_sockets_create(&c->worker, 1, &sockets, &c->sockets, why);
}

/* What came meanwhile is printed: who only sends locks up with a peer that does the same. */
static int64_t
print(struct client *c, thole_sock sock, uint64_t timeout_ns)
{
	int64_t n = thole_recv(c->sockets, sock, c->out, PIECE, timeout_ns);

	if (n > 0)
		fwrite(c->out, 1, (size_t)n, stdout);
	return n;
}

static int64_t
send_all(struct client *c, thole_sock sock, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		struct thole_pollfd poll = { .sock = sock, .events = THOLE_IN | THOLE_OUT };
		int64_t n;

		if (thole_poll(c->sockets, &poll, 1, PATIENCE_NS) == 0)
			return -EAGAIN;
		while ((n = print(c, sock, 0)) > 0)
			;
		if (n < 0 && n != -EAGAIN)
			return n;
		n = thole_send(c->sockets, sock, c->in + done, bytes - done, 0);
		if (n < 0 && n != -EAGAIN)
			return n;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int
talk(struct client *c, const struct thole_endpoint *peer)
{
	thole_sock sock = thole_socket(c->sockets);
	int64_t error;
	size_t bytes;

	error = thole_connect(c->sockets, sock, peer, PATIENCE_NS);
	while (error == 0 && (bytes = fread(c->in, 1, PIECE, stdin)) > 0)
		error = send_all(c, sock, bytes);
	if (error == 0)
		error = thole_shutdown(c->sockets, sock, THOLE_SHUT_WR);
	if (error == 0)
		while ((error = print(c, sock, PATIENCE_NS)) > 0)
			;
	if (error == 0)
		return thole_close(c->sockets, sock);
	thole_abort(c->sockets, sock);
	return (int)error;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal }; /* it ends a read of stdin, too */
	static struct client client;
	struct thole_endpoint peer = { .port = 0 };
	struct thole_config config;
	struct thole_why why = { "" };
	int status;

	thole_config_init(&config);
	if (argc > 3)
		peer.port = (uint16_t)strtoul(argv[3], NULL, 10);
	if (argc < 4 || thole_config_set(&config, "stack", "address", argv[1], &why) != 0 ||
		thole_addr_parse(argv[2], &peer.addr) != 0 || peer.port == 0) {
		fprintf(stderr, "usage: %s ADDRESS/PREFIX PEER PORT [EAL OPTIONS]\n", argv[0]);
		return 2;
	}
	argv[3] = argv[0]; /* EAL's own begin there */
	status = thole_eal_start(argc - 3, argv + 3, MEMORY_MB, &why);
	if (status == 0) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		status = start(&client, &config, &why);
		if (status == 0) {
			status = talk(&client, &peer);
			snprintf(why.text, sizeof(why.text), "%s", strerror(-status));
		}
		thole_sockets_destroy(client.sockets);
		for (int i = 0; client.worker != NULL && i < 64; i++)
			thole_worker_turn(client.worker); /* the last ACK, or an RST */
		if (client.worker != NULL)
			thole_worker_destroy(client.worker);
		if (client.port != NULL)
			thole_port_close(client.port);
		thole_eal_stop();
	}
	thole_config_fini(&config);
	if (status != 0)
		fprintf(stderr, "talk-sockets: %s\n", why.text);
	return status != 0;
}
