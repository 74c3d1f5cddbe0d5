/* SPDX-License-Identifier: BSD-3-Clause */
/* test_listen.c: one listener on several workers, its queue, and what happens when it is full, or
 * closed. */
#include <errno.h>

#include "socket/world.h"

#define PORT 80

static struct thole_sockets *c, *s;

static void
begin(const struct world_config *config)
{
	world_begin(config);
	c = world.sides[0].sockets;
	s = world.sides[1].sockets;
}

static unsigned int
listened_on(unsigned int side)
{
	unsigned int workers = 0;

	for (uint16_t w = 0; w < world.nb_workers; w++) {
		struct thole_stats stats;

		thole_stats_get(thole_worker_stack(world.sides[side].workers[w]), &stats);
		workers += stats.opened_passive != 0;
	}
	return workers;
}

/* Connections are spread over the workers, and all of them are accepted and work. */
static void
several_workers(void)
{
	enum { N = 40 };
	thole_sock listener, client[N], server[N];
	char byte = 0;

	begin(&(struct world_config){ .nb_workers = 3, .max_sockets = 2 * N });
	listener = world_listen(PORT, N);
	for (int i = 0; i < N; i++)
		world_pair(listener, PORT, &client[i], &server[i]);
	CU_ASSERT_EQUAL(listened_on(1), 3);
	for (int i = 0; i < N; i++) {
		CU_ASSERT_EQUAL(thole_send(c, client[i], &"0123456789"[i % 10], 1, 0), 1);
		CU_ASSERT_EQUAL(thole_recv(s, server[i], &byte, 1, WORLD_LONG), 1);
		CU_ASSERT_EQUAL(byte, '0' + i % 10);
		CU_ASSERT_EQUAL(thole_send(s, server[i], &byte, 1, 0), 1);
		CU_ASSERT_EQUAL(thole_recv(c, client[i], &byte, 1, WORLD_LONG), 1);
		CU_ASSERT_EQUAL(thole_close(c, client[i]), 0);
		CU_ASSERT_EQUAL(thole_recv(s, server[i], &byte, 1, WORLD_LONG), 0);
		CU_ASSERT_EQUAL(thole_close(s, server[i]), 0);
	}
	world_end();
}

/* What ended while it waited is gone with the listener. */
static void
ended_before_accept(void)
{
	struct thole_endpoint to = world_at(1, PORT);
	struct thole_sockets_stats stats;
	thole_sock listener, client;

	begin(&(struct world_config){ 0 });
	listener = world_listen(PORT, 4);
	client = thole_socket(c);
	CU_ASSERT_EQUAL(thole_connect(c, client, &to, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(thole_abort(c, client), 0);
	for (int i = 0; i < 20; i++) {
		struct thole_pollfd in = { .sock = listener };

		world_turns(10);
		CU_ASSERT_EQUAL(thole_poll(s, &in, 1, 0), 0);
	}
	CU_ASSERT_EQUAL(thole_sockets_stats_get(s, &stats), 0);
	CU_ASSERT_EQUAL(stats.sockets, 2);
	CU_ASSERT_EQUAL(thole_close(s, listener), 0);
	CU_ASSERT_EQUAL(thole_sockets_stats_get(s, &stats), 0);
	CU_ASSERT_EQUAL(stats.sockets, 0);
	world_end();
}

/* The end of a second one at the same endpoint, which never was, isn't the first one's. */
static void
twice_in_a_context(void)
{
	struct thole_endpoint at = { .port = PORT };
	thole_sock listener, second, client, server;

	begin(&(struct world_config){ .nb_workers = 2 });
	listener = world_listen(PORT, 4);
	second = thole_socket(s);
	CU_ASSERT_EQUAL(thole_local(s, listener, &at), 0);
	CU_ASSERT_EQUAL(thole_bind(s, second, &at), 0);
	CU_ASSERT_EQUAL(thole_listen(s, second, 4, 0), -EADDRINUSE);
	CU_ASSERT_EQUAL(thole_close(s, second), 0);
	world_pair(listener, PORT, &client, &server);
	CU_ASSERT_TRUE(server > 0);
	CU_ASSERT_EQUAL(thole_close(s, listener), 0);
	/* It is free again, at once. */
	second = world_listen(PORT, 4);
	world_pair(second, PORT, &client, &server);
	CU_ASSERT_TRUE(server > 0);
	world_end();
}

/* In the order in which they came; no port, or address, has to be the same. */
static void
accepts_in_order(void)
{
	enum { N = 5 };
	struct thole_endpoint to = world_at(1, PORT), local, peer;
	thole_sock listener, client[N], server;

	begin(&(struct world_config){ 0 });
	listener = world_listen(PORT, N);
	for (int i = 0; i < N; i++) {
		client[i] = thole_socket(c);
		CU_ASSERT_EQUAL(thole_connect(c, client[i], &to, WORLD_LONG), 0);
	}
	for (int i = 0; i < N; i++) {
		server = thole_accept(s, listener, &peer, WORLD_LONG);
		CU_ASSERT_TRUE(server > 0);
		CU_ASSERT_EQUAL(thole_local(c, client[i], &local), 0);
		CU_ASSERT_EQUAL(local.port, peer.port);
		CU_ASSERT_EQUAL(thole_local(s, server, &local), 0);
		CU_ASSERT_EQUAL(local.port, PORT);
		CU_ASSERT_EQUAL(thole_peer(c, client[i], &peer), 0);
		CU_ASSERT_EQUAL(peer.port, PORT);
	}
	CU_ASSERT_EQUAL(thole_accept(s, listener, &peer, 0), -EAGAIN);
	CU_ASSERT_EQUAL(thole_accept(s, listener, &peer, 1000000), -EAGAIN);
	world_end();
}

static unsigned int
count_reset(const thole_sock *client, unsigned int n)
{
	unsigned int reset = 0;
	char byte;

	world_turns(20);
	for (unsigned int i = 0; i < n; i++)
		reset += thole_recv(c, client[i], &byte, 1, 0) == -ECONNRESET;
	return reset;
}

/* Of six that connect one after the other to a backlog of four, two are reset; so are those for
 * which there is no socket. */
static void
full_queue(void)
{
	struct thole_endpoint to = world_at(1, PORT);
	struct thole_sockets_stats stats;
	thole_sock listener, client[8];

	begin(&(struct world_config){ .max_sockets = 8 });
	listener = world_listen(PORT, 4);
	for (int i = 0; i < 6; i++) {
		client[i] = thole_socket(c);
		CU_ASSERT_EQUAL(thole_connect(c, client[i], &to, WORLD_LONG), 0);
		(void)thole_poll(s, NULL, 0, 0);
	}
	world_turns(20);
	CU_ASSERT_EQUAL(count_reset(client, 6), 2);
	CU_ASSERT_EQUAL(thole_sockets_stats_get(s, &stats), 0);
	CU_ASSERT_EQUAL(stats.accepted_reset, 2);
	CU_ASSERT_EQUAL(stats.sockets, 5);
	for (int i = 0; i < 4; i++)
		CU_ASSERT_TRUE(thole_accept(s, listener, NULL, 0) > 0);
	/* Eight in all: the listener and four that were accepted leave three. */
	for (int i = 0; i < 3; i++)
		CU_ASSERT_TRUE(thole_socket(s) > 0);
	CU_ASSERT_EQUAL(thole_socket(s), -EMFILE);
	client[6] = thole_socket(c);
	CU_ASSERT_EQUAL(thole_connect(c, client[6], &to, WORLD_LONG), 0);
	(void)thole_poll(s, NULL, 0, 0);
	world_turns(20);
	CU_ASSERT_EQUAL(count_reset(&client[6], 1), 1);
	CU_ASSERT_EQUAL(thole_sockets_stats_get(s, &stats), 0);
	CU_ASSERT_EQUAL(stats.accepted_reset, 3);
	world_end();
}

/* Connections that must be reset while the ring of ops is full: they are, once there is room. */
static void
resets_later(void)
{
	enum { N = 40 };
	struct thole_endpoint to = world_at(1, PORT);
	struct thole_sockets_stats stats;
	thole_sock listener, first, server, client[N];

	begin(&(struct world_config){ 0 });
	listener = world_listen(PORT, 1);
	world_pair(listener, PORT, &first, &server);
	for (int i = 0; i < N; i++) {
		client[i] = thole_socket(c);
		CU_ASSERT_EQUAL(thole_connect(c, client[i], &to, WORLD_LONG), 0);
	}
	world.sides[1].stopped = true;
	while (thole_send(s, server, "a", 1, 0) == 1)
		;
	(void)thole_poll(s, NULL, 0, 0);
	CU_ASSERT_EQUAL(thole_sockets_stats_get(s, &stats), 0);
	CU_ASSERT_EQUAL(stats.accepted_reset, N - 1);
	CU_ASSERT_EQUAL(count_reset(client, N), 0);
	world.sides[1].stopped = false;
	for (int i = 0; i < 20; i++) {
		world_turns(5);
		(void)thole_poll(s, NULL, 0, 0);
	}
	CU_ASSERT_EQUAL(count_reset(client, N), N - 1);
	CU_ASSERT_TRUE(thole_accept(s, listener, NULL, 0) > 0);
	world_end();
}

/* What wasn't accepted goes with its listener, what was stays; and the port is free. */
static void
closed(void)
{
	struct thole_endpoint to = world_at(1, PORT);
	thole_sock listener, kept, kept_server, client[3];
	char byte = 0;

	begin(&(struct world_config){ .nb_workers = 2 });
	listener = world_listen(PORT, 8);
	world_pair(listener, PORT, &kept, &kept_server);
	for (int i = 0; i < 3; i++) {
		client[i] = thole_socket(c);
		CU_ASSERT_EQUAL(thole_connect(c, client[i], &to, WORLD_LONG), 0);
		if (i < 2)
			(void)thole_poll(s, NULL, 0, 0);
	}
	CU_ASSERT_EQUAL(thole_close(s, listener), 0);
	world_turns(50);
	CU_ASSERT_EQUAL(count_reset(client, 3), 3);
	CU_ASSERT_EQUAL(thole_connect(c, client[0], &to, WORLD_LONG), -EISCONN);
	client[0] = thole_socket(c);
	CU_ASSERT_EQUAL(thole_connect(c, client[0], &to, WORLD_LONG), -ECONNREFUSED);
	CU_ASSERT_EQUAL(thole_send(c, kept, "a", 1, 0), 1);
	CU_ASSERT_EQUAL(thole_recv(s, kept_server, &byte, 1, WORLD_LONG), 1);
	CU_ASSERT_EQUAL(byte, 'a');
	listener = world_listen(PORT, 8);
	world_pair(listener, PORT, &client[0], &client[1]);
	world_end();
}

/* From an address and a port: the worker whose the connection is opens it, whichever has its turn;
 * and from a port alone. */
static void
connects_from(void)
{
	struct thole_endpoint to = world_at(1, PORT), from = world_at(0, 0), local;
	thole_sock listener, client, server;

	begin(&(struct world_config){ .nb_workers = 3 });
	listener = world_listen(PORT, 8);
	for (uint16_t port = 20000; port < 20024; port++) {
		from = world_at(0, port);
		if ((port & 1) != 0)
			from.addr = (struct thole_addr){ { 0 } };
		client = thole_socket(c);
		CU_ASSERT_EQUAL(thole_bind(c, client, &from), 0);
		CU_ASSERT_EQUAL(thole_connect(c, client, &to, WORLD_LONG), 0);
		CU_ASSERT_EQUAL(thole_local(c, client, &local), 0);
		CU_ASSERT_EQUAL(local.port, port);
		server = thole_accept(s, listener, NULL, WORLD_LONG);
		CU_ASSERT_TRUE(server > 0);
		CU_ASSERT_EQUAL(thole_close(c, client), 0);
		CU_ASSERT_EQUAL(thole_close(s, server), 0);
	}
	world_end();
}

/* Begun without waiting: how it ended is told later. */
static void
begun(void)
{
	struct thole_endpoint ours = world_at(1, PORT), foreign = world_at(0, PORT);
	struct thole_pollfd poll = { .events = THOLE_IN };
	thole_sock good, bad, client, server;
	uint64_t error = 0;

	begin(&(struct world_config){ .nb_workers = 2 });
	good = thole_socket(s);
	CU_ASSERT_EQUAL(thole_bind(s, good, &ours), 0);
	CU_ASSERT_EQUAL(thole_listen(s, good, 4, 0), -EINPROGRESS);
	CU_ASSERT_EQUAL(thole_listen(s, good, 4, 0), -EALREADY);
	bad = thole_socket(s);
	CU_ASSERT_EQUAL(thole_bind(s, bad, &foreign), 0);
	CU_ASSERT_EQUAL(thole_listen(s, bad, 4, 0), -EINPROGRESS);
	poll.sock = bad;
	CU_ASSERT_EQUAL(thole_poll(s, &poll, 1, WORLD_LONG), 1);
	CU_ASSERT_EQUAL(poll.revents, THOLE_ERR | THOLE_IN | THOLE_HUP);
	CU_ASSERT_EQUAL(thole_get_option(s, bad, THOLE_SO_ERROR, &error, 0), 0);
	CU_ASSERT_EQUAL(error, EADDRNOTAVAIL);
	world_pair(good, PORT, &client, &server);
	world_end();
}

/* Two contexts at one endpoint: connections go to both, and when one ends, to the other. */
static void
shared(void)
{
	enum { N = 8 };
	struct thole_endpoint to = world_at(1, PORT), local = { .port = PORT };
	struct thole_sockets_config config;
	struct thole_sockets *both[2];
	thole_sock listener[2], alone, client;
	unsigned int got[2] = { 0, 0 };

	begin(&(struct world_config){ 0 });
	thole_sockets_config_init(&config);
	config.turn = world_turn;
	both[0] = s;
	CU_ASSERT_EQUAL_FATAL(
		thole_sockets_create(world.sides[1].workers, 1, &config, &both[1], NULL), 0);
	for (int i = 0; i < 2; i++) {
		listener[i] = thole_socket(both[i]);
		CU_ASSERT_EQUAL(thole_set_option(both[i], listener[i], THOLE_SO_REUSE, 1, 0), 0);
		CU_ASSERT_EQUAL(thole_bind(both[i], listener[i], &local), 0);
		CU_ASSERT_EQUAL(thole_listen(both[i], listener[i], N, WORLD_LONG), 0);
	}
	alone = thole_socket(s);
	CU_ASSERT_EQUAL(thole_bind(s, alone, &local), 0);
	CU_ASSERT_EQUAL(thole_listen(s, alone, N, WORLD_LONG), -EADDRINUSE);
	for (int i = 0; i < N; i++) {
		client = thole_socket(c);
		CU_ASSERT_EQUAL(thole_connect(c, client, &to, WORLD_LONG), 0);
	}
	world_turns(20);
	for (int i = 0; i < 2; i++)
		while (thole_accept(both[i], listener[i], NULL, 0) > 0)
			got[i]++;
	CU_ASSERT_EQUAL(got[0], N / 2);
	CU_ASSERT_EQUAL(got[1], N / 2);
	CU_ASSERT_EQUAL(thole_sockets_destroy(both[1]), 0);
	client = thole_socket(c);
	CU_ASSERT_EQUAL(thole_connect(c, client, &to, WORLD_LONG), 0);
	CU_ASSERT_TRUE(thole_accept(s, listener[0], NULL, WORLD_LONG) > 0);
	world_end();
}

/* A connection on each of side 1's two workers. */
static void
pair_on_each(thole_sock at, uint16_t port, thole_sock client[2], thole_sock server[2])
{
	const struct thole_endpoint local = world_at(1, port);
	bool have[2] = { false, false };

	while (!have[0] || !have[1]) {
		thole_sock sock[2];
		struct thole_endpoint peer;
		int w;

		world_pair(at, port, &sock[0], &sock[1]);
		CU_ASSERT_EQUAL(thole_peer(s, sock[1], &peer), 0);
		w = thole_worker_owns(world.sides[1].workers[1], &local, &peer);
		if (have[w]) {
			CU_ASSERT_EQUAL(thole_close(c, sock[0]), 0);
			CU_ASSERT_EQUAL(thole_close(s, sock[1]), 0);
			continue;
		}
		have[w] = true;
		client[w] = sock[0];
		server[w] = sock[1];
	}
}

/* Ends that are owed, each paid once: of two listeners the one that is only on the first worker
 * goes before the other, which a full ring holds up; and that one goes, too. */
static void
ends_owed(void)
{
	struct thole_endpoint first = { .port = PORT }, second = { .port = PORT + 1 }, to;
	struct thole_worker *const *workers = world.sides[1].workers;
	struct thole_sockets_config config;
	struct thole_sockets_stats stats;
	struct thole_sockets *other = NULL;
	thole_sock all, client[2], server[2], half, whole, sock;

	begin(&(struct world_config){ .nb_workers = 2 });
	thole_sockets_config_init(&config);
	config.turn = world_turn;
	CU_ASSERT_EQUAL_FATAL(thole_sockets_create(workers + 1, 1, &config, &other, NULL), 0);
	sock = thole_socket(other);
	CU_ASSERT_EQUAL(thole_bind(other, sock, &first), 0);
	CU_ASSERT_EQUAL(thole_listen(other, sock, 1, WORLD_LONG), 0);
	all = world_listen(PORT + 2, 8);
	pair_on_each(all, PORT + 2, client, server);
	whole = world_listen(PORT + 1, 8);
	half = thole_socket(s);
	CU_ASSERT_EQUAL(thole_bind(s, half, &first), 0);
	CU_ASSERT_EQUAL(thole_listen(s, half, 1, 0), -EINPROGRESS);
	world_turns(5); /* the second worker has refused: unread */
	world.sides[1].stopped = true;
	for (int i = 0; i < 2; i++)
		while (thole_send(s, server[i], "a", 1, 0) == 1)
			;
	CU_ASSERT_EQUAL(thole_close(s, half), 0);
	CU_ASSERT_EQUAL(thole_close(s, whole), 0);
	for (int i = 0; i < 5; i++) {
		(void)thole_worker_turn(workers[0]);
		(void)thole_poll(s, NULL, 0, 0);
	}
	CU_ASSERT_EQUAL(thole_sockets_stats_get(s, &stats), 0);
	CU_ASSERT_EQUAL(stats.sockets, 4); /* one of the two is gone */
	world.sides[1].stopped = false;
	for (int i = 0; i < 5; i++) {
		world_turns(5);
		(void)thole_poll(s, NULL, 0, 0);
	}
	CU_ASSERT_EQUAL(thole_sockets_stats_get(s, &stats), 0);
	CU_ASSERT_EQUAL(stats.sockets, 3);
	to = world_at(1, second.port);
	for (int i = 0; i < 4; i++) {
		sock = thole_socket(c);
		CU_ASSERT_EQUAL(thole_connect(c, sock, &to, WORLD_LONG), -ECONNREFUSED);
	}
	CU_ASSERT_EQUAL(thole_sockets_destroy(other), 0);
	world_end();
}

static const struct test_case cases[] = {
	{ "on several workers", several_workers },
	{ "ended before it was accepted", ended_before_accept },
	{ "twice in a context", twice_in_a_context },
	{ "accepts in order", accepts_in_order },
	{ "a full queue", full_queue },
	{ "resets that have to wait", resets_later },
	{ "closed", closed },
	{ "connects from a given port", connects_from },
	{ "begun without waiting", begun },
	{ "shared by two contexts", shared },
	{ "ends that are owed", ends_owed },
	{ NULL, NULL },
};

const struct test_suite suite_listen = { "listen", cases };
