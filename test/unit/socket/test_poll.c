/* SPDX-License-Identifier: BSD-3-Clause */
/* test_poll.c: readiness by level and by edge, at each step of a connection's life. */
#include <errno.h>

#include "socket/world.h"

#define PORT 80

static struct thole_sockets *c, *s;

static uint32_t
level(struct thole_sockets *x, thole_sock sock)
{
	struct thole_pollfd p = { .sock = sock, .events = THOLE_IN | THOLE_OUT | THOLE_RDHUP };
	int n;

	world_turns(20);
	n = thole_poll(x, &p, 1, 0);
	CU_ASSERT_EQUAL(n, p.revents != 0);
	return p.revents;
}

/* What thole_wait() says of @p sock alone. */
static uint32_t
edge(struct thole_sockets *x, thole_sock sock)
{
	struct thole_ready ready = { .sock = 0 };
	int n;

	world_turns(20);
	n = thole_wait(x, &ready, 1, 0);
	CU_ASSERT_TRUE(n == 0 || n == 1);
	if (n == 0)
		return 0;
	CU_ASSERT_EQUAL(ready.sock, sock);
	CU_ASSERT_EQUAL(ready.user, 7);
	return ready.events;
}

/* Sends until nothing more is taken, however often the workers turn. By turns, not by time: a
 * machine that stands for a while must not look like a full queue. */
static uint64_t
fill(thole_sock from)
{
	static const char big[20000];
	uint64_t sent = 0;

	for (unsigned int in_vain = 0; in_vain < 20; in_vain++) {
		int64_t got = thole_send(c, from, big, sizeof(big), 0);

		if (got > 0) {
			sent += (uint64_t)got;
			in_vain = 0;
		} else {
			CU_ASSERT_EQUAL(got, -EAGAIN);
		}
		world_turns(20);
		(void)thole_poll(c, NULL, 0, 0); /* hears what has been acknowledged */
	}
	return sent;
}

/* Reads all of @p n bytes, and lets the sender hear of the room. */
static void
drain(thole_sock to, uint64_t n)
{
	static char big[20000];

	while (n > 0) {
		int64_t got = thole_recv(s, to, big, sizeof(big), WORLD_LONG);

		CU_ASSERT_TRUE_FATAL(got > 0 && (uint64_t)got <= n);
		n -= (uint64_t)got;
		(void)thole_poll(c, NULL, 0, 0);
	}
}

static void
begin(uint32_t buf_bytes)
{
	world_begin(&(struct world_config){ .buf_bytes = buf_bytes });
	c = world.sides[0].sockets;
	s = world.sides[1].sockets;
}

static void
levels(void)
{
	struct thole_endpoint to = world_at(1, PORT);
	struct thole_pollfd two[3];
	thole_sock listener, client, server;
	uint64_t sent;
	char byte;

	begin(8192);
	client = thole_socket(c);
	CU_ASSERT_EQUAL(level(c, client), THOLE_OUT | THOLE_HUP);
	listener = world_listen(PORT, 4);
	CU_ASSERT_EQUAL(level(s, listener), 0);
	CU_ASSERT_EQUAL(thole_connect(c, client, &to, 0), -EINPROGRESS);
	CU_ASSERT_EQUAL(level(s, listener), THOLE_IN);
	CU_ASSERT_EQUAL(level(s, listener), THOLE_IN);
	CU_ASSERT_EQUAL(level(c, client), THOLE_OUT);
	server = thole_accept(s, listener, NULL, 0);
	CU_ASSERT_EQUAL(level(s, listener), 0);
	CU_ASSERT_EQUAL(level(s, server), THOLE_OUT);
	sent = fill(client);
	CU_ASSERT_EQUAL(level(c, client), 0);
	CU_ASSERT_EQUAL(level(s, server), THOLE_IN | THOLE_OUT);
	/* Those passed over, those that aren't, and those that are. */
	two[0] = (struct thole_pollfd){ .sock = -1, .events = THOLE_IN, .revents = 99 };
	two[1] = (struct thole_pollfd){ .sock = server + 1000, .events = THOLE_IN };
	two[2] = (struct thole_pollfd){ .sock = server, .events = THOLE_IN };
	CU_ASSERT_EQUAL(thole_poll(s, two, 3, THOLE_NEVER), 2);
	CU_ASSERT_EQUAL(two[0].revents, 0);
	CU_ASSERT_EQUAL(two[1].revents, THOLE_NVAL);
	CU_ASSERT_EQUAL(two[2].revents, THOLE_IN);
	drain(server, sent);
	CU_ASSERT_EQUAL(level(s, server), THOLE_OUT);
	CU_ASSERT_EQUAL(level(c, client), THOLE_OUT);
	CU_ASSERT_EQUAL(thole_shutdown(c, client, THOLE_SHUT_WR), 0);
	CU_ASSERT_EQUAL(level(c, client), THOLE_OUT);
	CU_ASSERT_EQUAL(level(s, server), THOLE_IN | THOLE_OUT | THOLE_RDHUP);
	CU_ASSERT_EQUAL(thole_recv(s, server, &byte, 1, 0), 0);
	CU_ASSERT_EQUAL(level(s, server), THOLE_IN | THOLE_OUT | THOLE_RDHUP);
	CU_ASSERT_EQUAL(thole_close(s, server), 0);
	CU_ASSERT_EQUAL(level(c, client), THOLE_IN | THOLE_OUT | THOLE_RDHUP | THOLE_HUP);
	CU_ASSERT_EQUAL(thole_close(c, client), 0);
	world_end();
}

static void
edges(void)
{
	struct thole_endpoint to = world_at(1, PORT);
	thole_sock listener, client, server;
	uint64_t sent;
	char byte, two[8];
	const uint32_t all = THOLE_IN | THOLE_OUT | THOLE_RDHUP;

	begin(8192);
	listener = world_listen(PORT, 4);
	CU_ASSERT_EQUAL(thole_watch(s, listener, THOLE_IN, 7), 0);
	CU_ASSERT_EQUAL(edge(s, listener), 0);
	client = thole_socket(c);
	CU_ASSERT_EQUAL(thole_connect(c, client, &to, 0), -EINPROGRESS);
	CU_ASSERT_EQUAL(thole_watch(c, client, all, 7), 0);
	CU_ASSERT_EQUAL(edge(c, client), THOLE_OUT);
	CU_ASSERT_EQUAL(edge(c, client), 0);
	CU_ASSERT_EQUAL(edge(s, listener), THOLE_IN);
	CU_ASSERT_EQUAL(edge(s, listener), 0);
	server = thole_accept(s, listener, NULL, 0);
	CU_ASSERT_TRUE(server > 0);
	/* What it is ready for already counts. */
	CU_ASSERT_EQUAL(thole_watch(s, server, all, 7), 0);
	CU_ASSERT_EQUAL(edge(s, server), THOLE_OUT);
	CU_ASSERT_EQUAL(edge(s, server), 0);
	CU_ASSERT_EQUAL(thole_send(c, client, "a", 1, 0), 1);
	CU_ASSERT_EQUAL(edge(s, server), THOLE_IN);
	CU_ASSERT_EQUAL(edge(s, server), 0);
	/* It wasn't read: and more comes. */
	CU_ASSERT_EQUAL(thole_send(c, client, "b", 1, 0), 1);
	CU_ASSERT_EQUAL(edge(s, server), THOLE_IN);
	/* What was read before anybody asked is no news. */
	CU_ASSERT_EQUAL(thole_send(c, client, "c", 1, 0), 1);
	world_turns(20);
	CU_ASSERT_EQUAL(thole_recv(s, server, two, 2, 0), 2);
	(void)thole_poll(s, NULL, 0, 0);
	CU_ASSERT_EQUAL(thole_recv(s, server, two, 8, 0), 1);
	CU_ASSERT_EQUAL(edge(s, server), 0);
	sent = fill(client);
	CU_ASSERT_EQUAL(edge(c, client), 0);
	drain(server, sent);
	CU_ASSERT_EQUAL(edge(c, client), THOLE_OUT);
	CU_ASSERT_EQUAL(edge(c, client), 0);
	CU_ASSERT_EQUAL(thole_shutdown(c, client, THOLE_SHUT_WR), 0);
	CU_ASSERT_EQUAL(edge(s, server), THOLE_IN | THOLE_RDHUP);
	CU_ASSERT_EQUAL(edge(s, server), 0);
	CU_ASSERT_EQUAL(thole_recv(s, server, &byte, 1, 0), 0);
	/* Not watched any more: not told. */
	CU_ASSERT_EQUAL(thole_watch(c, client, 0, 7), 0);
	CU_ASSERT_EQUAL(thole_abort(s, server), 0);
	CU_ASSERT_EQUAL(edge(c, client), 0);
	CU_ASSERT_EQUAL(
		level(c, client), THOLE_IN | THOLE_OUT | THOLE_RDHUP | THOLE_HUP | THOLE_ERR);
	CU_ASSERT_EQUAL(thole_wait(c, NULL, 0, THOLE_NEVER), -EINVAL);
	world_end();
}

/* Many at once: each is told once, those that there was no room for by the next call, and one that
 * was closed isn't. */
static void
many_edges(void)
{
	enum { N = 20 };
	thole_sock listener, client[N], server[N];
	struct thole_ready ready[N];
	unsigned int told[N] = { 0 };
	int n = 0, got;

	begin(0);
	listener = world_listen(PORT, N);
	for (int i = 0; i < N; i++) {
		world_pair(listener, PORT, &client[i], &server[i]);
		CU_ASSERT_EQUAL(thole_watch(s, server[i], THOLE_IN, (uint64_t)i), 0);
	}
	for (int i = 0; i < N; i++)
		CU_ASSERT_EQUAL(thole_send(c, client[i], "a", 1, 0), 1);
	world_turns(50);
	(void)thole_poll(s, NULL, 0, 0);
	CU_ASSERT_EQUAL(thole_close(s, server[3]), 0);
	/* Its place is another's. */
	CU_ASSERT_TRUE(thole_socket(s) > 0);
	while ((got = thole_wait(s, ready, 7, 0)) > 0) {
		for (int i = 0; i < got; i++) {
			CU_ASSERT_EQUAL(ready[i].events, THOLE_IN);
			CU_ASSERT_EQUAL(ready[i].sock, server[ready[i].user]);
			told[ready[i].user]++;
		}
		n += got;
	}
	CU_ASSERT_EQUAL(n, N - 1);
	for (int i = 0; i < N; i++)
		CU_ASSERT_EQUAL(told[i], i != 3);
	world_end();
}

static const struct test_case cases[] = {
	{ "levels", levels },
	{ "edges", edges },
	{ "many edges", many_edges },
	{ NULL, NULL },
};

const struct test_suite suite_poll = { "poll", cases };
