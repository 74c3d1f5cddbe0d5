/* SPDX-License-Identifier: BSD-3-Clause */
/* test_connect.c: connections that don't come about, while questions, data, resets or full rings
 * are in the way. */
#include <errno.h>

#include "socket/world.h"

#define PORT   80
#define CLOSED 81 /* nobody listens there */

static struct thole_sockets *c, *s;
static thole_sock listener;

static void
begin(const struct world_config *config)
{
	world_begin(config);
	c = world.sides[0].sockets;
	s = world.sides[1].sockets;
	listener = world_listen(PORT, 8);
}

/* Side 0 stands still, and the ring of @p sock's worker is full. What had come is read. */
static void
fill_ring(thole_sock sock)
{
	unsigned int sent = 0;
	int64_t got;

	world.sides[0].stopped = true;
	while ((got = thole_send(c, sock, "a", 1, 0)) == 1)
		CU_ASSERT_FATAL(++sent < 400);
	CU_ASSERT_EQUAL(got, -EAGAIN);
}

/* A question about a connection that is over before the worker gets to it: nobody answers. */
static void
asked_too_late(void)
{
	struct thole_endpoint to = world_at(1, CLOSED);
	thole_sock sock;
	uint64_t value;

	begin(&(struct world_config){ 0 });
	sock = thole_socket(c);
	world.sides[1].stopped = true;
	CU_ASSERT_EQUAL(thole_connect(c, sock, &to, 0), -EINPROGRESS);
	world_turns(1);
	(void)thole_poll(c, NULL, 0, 0); /* OPENING */
	world.sides[1].stopped = false;
	world_turns(20); /* the RST, and CLOSED */
	CU_ASSERT_EQUAL(thole_get_option(c, sock, THOLE_OPT_TTL, &value, WORLD_LONG), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_get_option(c, sock, THOLE_SO_ERROR, &value, 0), 0);
	CU_ASSERT_EQUAL(value, ECONNREFUSED);
	world_end();
}

/* Data of a connection that is being reset, for an option of its was refused (there are no
 * counters), goes back to its pool: world_end() looks. */
static void
data_before_reset(void)
{
	struct thole_endpoint to = world_at(1, PORT);
	thole_sock sock, server;
	uint64_t error = 0;

	begin(&(struct world_config){ 0 });
	sock = thole_socket(c);
	CU_ASSERT_EQUAL(thole_set_option(c, sock, THOLE_OPT_COUNTERS, 1, 0), 0);
	CU_ASSERT_EQUAL(thole_connect(c, sock, &to, 0), -EINPROGRESS);
	server = thole_accept(s, listener, NULL, WORLD_LONG);
	CU_ASSERT_TRUE_FATAL(server > 0);
	CU_ASSERT_EQUAL(thole_send(s, server, "data", 4, 0), 4);
	world_turns(20); /* all of it is in the ring */
	(void)thole_poll(c, NULL, 0, 0);
	world_turns(20);
	(void)thole_poll(c, NULL, 0, 0);
	CU_ASSERT_EQUAL(thole_get_option(c, sock, THOLE_SO_ERROR, &error, 0), 0);
	CU_ASSERT_EQUAL(error, EOPNOTSUPP);
	CU_ASSERT_EQUAL(thole_close(c, sock), 0);
	CU_ASSERT_EQUAL(thole_recv(s, server, &error, 1, WORLD_LONG), -ECONNRESET);
	world_end();
}

/* The socket of an attempt that failed still stands among those who owe something to a worker whose
 * ring is full: it isn't opened anew on another before that. */
static void
owing(void)
{
	struct thole_endpoint nobody = world_at(1, CLOSED), to = world_at(1, PORT);
	thole_sock busy, other, servers[2], sock;
	char byte;

	begin(&(struct world_config){ .nb_workers = 2 });
	world_pair(listener, PORT, &busy, &servers[0]); /* on the first worker */
	world_pair(listener, PORT, &other, &servers[1]);
	sock = thole_socket(c);
	CU_ASSERT_EQUAL(thole_set_option(c, sock, THOLE_OPT_COUNTERS, 1, 0), 0);
	CU_ASSERT_EQUAL(thole_connect(c, sock, &nobody, 0), -EINPROGRESS); /* the first again */
	world_turns(20); /* refused, begun and over: all in the ring */
	fill_ring(busy);
	CU_ASSERT_EQUAL(thole_connect(c, sock, &to, 0), -EOPNOTSUPP);
	CU_ASSERT_EQUAL(thole_connect(c, sock, &to, 0), -EAGAIN);
	world.sides[0].stopped = false;
	CU_ASSERT_EQUAL(thole_connect(c, sock, &to, WORLD_LONG), -EOPNOTSUPP);
	CU_ASSERT_EQUAL(thole_close(c, sock), 0);
	CU_ASSERT_EQUAL(thole_send(c, other, "b", 1, WORLD_LONG), 1);
	CU_ASSERT_EQUAL(thole_recv(s, servers[1], &byte, 1, WORLD_LONG), 1);
	world_end();
}

/* A port, but no address, is given: the worker whose the connection is is found, though the ring of
 * the one that would be asked before it is full. */
static void
past_a_full_ring(void)
{
	struct thole_endpoint to = world_at(1, PORT), from, local;
	thole_sock client[3], server, sock;
	struct thole_pollfd poll = { .events = THOLE_OUT };
	uint64_t error = 1;
	uint16_t port = 20000;

	begin(&(struct world_config){ .nb_workers = 3 });
	for (int i = 0; i < 3; i++) /* one on each worker, in turn */
		world_pair(listener, PORT, &client[i], &server);
	do
		from = world_at(0, ++port);
	while (!thole_worker_owns(world.sides[0].workers[2], &from, &to));
	local = (struct thole_endpoint){ .port = port };
	sock = thole_socket(c);
	CU_ASSERT_EQUAL(thole_bind(c, sock, &local), 0);
	CU_ASSERT_EQUAL(thole_connect(c, sock, &to, 0), -EINPROGRESS);
	world_turns(5); /* the first has said that it isn't its */
	fill_ring(client[1]);
	world.sides[0].stopped = false;
	poll.sock = sock;
	CU_ASSERT_EQUAL(thole_poll(c, &poll, 1, WORLD_LONG), 1);
	CU_ASSERT_EQUAL(thole_get_option(c, sock, THOLE_SO_ERROR, &error, 0), 0);
	CU_ASSERT_EQUAL(error, 0);
	CU_ASSERT_EQUAL(thole_peer(c, sock, &to), 0);
	world_end();
}

static const struct test_case cases[] = {
	{ "a question that comes too late", asked_too_late },
	{ "data before the reset", data_before_reset },
	{ "not anew while it owes", owing },
	{ "past a ring that is full", past_a_full_ring },
	{ NULL, NULL },
};

const struct test_suite suite_connect = { "connect", cases };
