/* SPDX-License-Identifier: BSD-3-Clause */
/* test_errors.c: what each call says when it can't: stale handles, other threads, wrong states.
 * None of it may wait, whatever the time it was given. */
#include <errno.h>
#include <pthread.h>

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

/* Every call that takes a socket says @p error of @p sock. */
static void
all_say(struct thole_sockets *x, thole_sock sock, int error)
{
	struct thole_endpoint at = world_at(1, PORT);
	struct iovec part = { &at, 1 };
	struct thole_info info;
	struct rte_mbuf *m = NULL;
	uint64_t value = 0;
	const uint64_t never = THOLE_NEVER;

	CU_ASSERT_EQUAL(thole_bind(x, sock, &at), error);
	CU_ASSERT_EQUAL(thole_listen(x, sock, 1, never), error);
	CU_ASSERT_EQUAL(thole_accept(x, sock, NULL, never), error);
	CU_ASSERT_EQUAL(thole_connect(x, sock, &at, never), error);
	CU_ASSERT_EQUAL(thole_send(x, sock, "a", 1, never), error);
	CU_ASSERT_EQUAL(thole_sendv(x, sock, &part, 1, never), error);
	CU_ASSERT_EQUAL(thole_send_mbuf(x, sock, NULL, never), error);
	CU_ASSERT_EQUAL(thole_recv(x, sock, &at, 1, never), error);
	CU_ASSERT_EQUAL(thole_recvv(x, sock, &part, 1, never), error);
	CU_ASSERT_EQUAL(thole_recv_mbuf(x, sock, &m, 1, never), error);
	CU_ASSERT_EQUAL(thole_shutdown(x, sock, THOLE_SHUT_WR), error);
	CU_ASSERT_EQUAL(thole_set_option(x, sock, THOLE_OPT_NO_DELAY, 1, never), error);
	CU_ASSERT_EQUAL(thole_get_option(x, sock, THOLE_OPT_NO_DELAY, &value, never), error);
	CU_ASSERT_EQUAL(thole_set_option(x, sock, THOLE_SO_LINGER, 1, never), error);
	CU_ASSERT_EQUAL(thole_get_option(x, sock, THOLE_SO_ERROR, &value, never), error);
	CU_ASSERT_EQUAL(thole_local(x, sock, &at), error);
	CU_ASSERT_EQUAL(thole_peer(x, sock, &at), error);
	CU_ASSERT_EQUAL(thole_get_info(x, sock, &info, never), error);
	CU_ASSERT_EQUAL(thole_watch(x, sock, THOLE_IN, 0), error);
	CU_ASSERT_EQUAL(thole_close(x, sock), error);
	CU_ASSERT_EQUAL(thole_abort(x, sock), error);
}

static void
stale(void)
{
	thole_sock old, now;

	begin(&(struct world_config){ 0 });
	all_say(c, 0, -EBADF);
	all_say(c, -1, -EBADF);
	all_say(c, 1, -EBADF);
	all_say(c, INT64_MAX, -EBADF);
	old = thole_socket(c);
	CU_ASSERT_TRUE(old > 0);
	CU_ASSERT_EQUAL(thole_close(c, old), 0);
	all_say(c, old, -EBADF);
	/* In the same place, and not the same. */
	now = thole_socket(c);
	CU_ASSERT_EQUAL((uint32_t)now, (uint32_t)old);
	CU_ASSERT_NOT_EQUAL(now, old);
	all_say(c, old, -EBADF);
	CU_ASSERT_EQUAL(thole_close(c, now), 0);
	world_end();
}

/* Closed twice, whatever it was. */
static void
closed_twice(void)
{
	struct thole_endpoint to = world_at(1, PORT);
	thole_sock listener, client, server, opening;

	begin(&(struct world_config){ 0 });
	listener = world_listen(PORT, 4);
	world_pair(listener, PORT, &client, &server);
	opening = thole_socket(c);
	CU_ASSERT_EQUAL(thole_connect(c, opening, &to, 0), -EINPROGRESS);
	CU_ASSERT_EQUAL(thole_close(c, opening), 0);
	all_say(c, opening, -EBADF);
	CU_ASSERT_EQUAL(thole_close(c, client), 0);
	all_say(c, client, -EBADF);
	CU_ASSERT_EQUAL(thole_close(s, server), 0);
	all_say(s, server, -EBADF);
	CU_ASSERT_EQUAL(thole_close(s, listener), 0);
	all_say(s, listener, -EBADF);
	world_end();
}

struct stranger {
	struct thole_sockets *sockets;
	thole_sock sock;
};

static void *
strangers_calls(void *arg)
{
	const struct stranger *stranger = arg;
	struct thole_sockets_stats stats;
	struct thole_pollfd poll = { .sock = stranger->sock, .events = THOLE_IN };
	struct thole_ready ready;

	all_say(stranger->sockets, stranger->sock, -EPERM);
	CU_ASSERT_EQUAL(thole_socket(stranger->sockets), -EPERM);
	CU_ASSERT_EQUAL(thole_poll(stranger->sockets, &poll, 1, THOLE_NEVER), -EPERM);
	CU_ASSERT_EQUAL(thole_wait(stranger->sockets, &ready, 1, THOLE_NEVER), -EPERM);
	CU_ASSERT_EQUAL(thole_sockets_stats_get(stranger->sockets, &stats), -EPERM);
	CU_ASSERT_EQUAL(thole_sockets_destroy(stranger->sockets), -EPERM);
	return NULL;
}

static void
another_thread(void)
{
	struct stranger stranger;
	pthread_t thread;

	begin(&(struct world_config){ 0 });
	stranger = (struct stranger){ c, thole_socket(c) };
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, strangers_calls, &stranger), 0);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(thole_close(c, stranger.sock), 0);
	world_end();
}

static void
never_connected(void)
{
	struct thole_endpoint at;
	struct thole_info info;
	struct rte_mbuf *m;
	char byte;
	thole_sock sock;
	const uint64_t never = THOLE_NEVER;

	begin(&(struct world_config){ 0 });
	sock = thole_socket(c);
	CU_ASSERT_EQUAL(thole_send(c, sock, "a", 1, never), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_recv(c, sock, &byte, 1, never), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_recv_mbuf(c, sock, &m, 1, never), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_shutdown(c, sock, THOLE_SHUT_WR), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_shutdown(c, sock, (enum thole_shut)0), -EINVAL);
	CU_ASSERT_EQUAL(thole_shutdown(c, sock, (enum thole_shut)4), -EINVAL);
	CU_ASSERT_EQUAL(thole_peer(c, sock, &at), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_get_info(c, sock, &info, never), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_accept(c, sock, NULL, never), -EINVAL);
	CU_ASSERT_EQUAL(thole_listen(c, sock, 1, never), -EINVAL);
	CU_ASSERT_EQUAL(thole_close(c, sock), 0);
	world_end();
}

static void
twice(void)
{
	struct thole_endpoint at = world_at(1, PORT), other = world_at(1, PORT + 1);
	thole_sock listener, client, server;
	const uint64_t never = THOLE_NEVER;

	begin(&(struct world_config){ 0 });
	listener = world_listen(PORT, 4);
	CU_ASSERT_EQUAL(thole_bind(s, listener, &other), -EINVAL);
	CU_ASSERT_EQUAL(thole_listen(s, listener, 4, never), -EALREADY);
	CU_ASSERT_EQUAL(thole_connect(s, listener, &at, never), -EOPNOTSUPP);
	CU_ASSERT_EQUAL(thole_send(s, listener, "a", 1, never), -ENOTCONN);
	client = thole_socket(c);
	CU_ASSERT_EQUAL(thole_connect(c, client, &at, 0), -EINPROGRESS);
	CU_ASSERT_EQUAL(thole_connect(c, client, &at, never), -EALREADY);
	CU_ASSERT_EQUAL(thole_send(c, client, "a", 1, 0), -EAGAIN);
	server = thole_accept(s, listener, NULL, WORLD_LONG);
	CU_ASSERT_TRUE(server > 0);
	CU_ASSERT_EQUAL(thole_send(c, client, "a", 1, WORLD_LONG), 1);
	CU_ASSERT_EQUAL(thole_connect(c, client, &at, never), -EISCONN);
	CU_ASSERT_EQUAL(thole_listen(c, client, 1, never), -EINVAL);
	CU_ASSERT_EQUAL(thole_bind(c, client, &other), -EINVAL);
	CU_ASSERT_EQUAL(thole_accept(c, client, NULL, never), -EINVAL);
	world_end();
}

static void
connects_to_nobody(void)
{
	struct thole_endpoint nobody = world_at(1, PORT), far = { thole_addr_ip4(0x0b000001), 80 };
	struct thole_endpoint foreign = { thole_addr_ip4(0x0a000063), 0 };
	struct thole_pollfd poll = { .events = THOLE_OUT };
	thole_sock sock, listener, server;
	uint64_t error = 0;

	begin(&(struct world_config){ 0 });
	sock = thole_socket(c);
	CU_ASSERT_EQUAL(thole_connect(c, sock, &nobody, WORLD_LONG), -ECONNREFUSED);
	CU_ASSERT_EQUAL(thole_connect(c, sock, &far, WORLD_LONG), -ENETUNREACH);
	/* Told later, once. */
	CU_ASSERT_EQUAL(thole_connect(c, sock, &nobody, 0), -EINPROGRESS);
	poll.sock = sock;
	CU_ASSERT_EQUAL(thole_poll(c, &poll, 1, WORLD_LONG), 1);
	CU_ASSERT_EQUAL(poll.revents, THOLE_OUT | THOLE_HUP | THOLE_ERR);
	CU_ASSERT_EQUAL(thole_get_option(c, sock, THOLE_SO_ERROR, &error, 0), 0);
	CU_ASSERT_EQUAL(error, ECONNREFUSED);
	CU_ASSERT_EQUAL(thole_get_option(c, sock, THOLE_SO_ERROR, &error, 0), 0);
	CU_ASSERT_EQUAL(error, 0);
	/* And then it may be tried again. */
	listener = world_listen(PORT, 1);
	CU_ASSERT_EQUAL(thole_connect(c, sock, &nobody, WORLD_LONG), 0);
	server = thole_accept(s, listener, NULL, WORLD_LONG);
	CU_ASSERT_TRUE(server > 0);
	/* From an address that isn't ours. */
	sock = thole_socket(c);
	CU_ASSERT_EQUAL(thole_bind(c, sock, &foreign), 0);
	CU_ASSERT_EQUAL(thole_connect(c, sock, &nobody, WORLD_LONG), -EADDRNOTAVAIL);
	world_end();
}

static void
listens_where_it_cannot(void)
{
	struct thole_endpoint foreign = { thole_addr_ip4(0x0a000063), PORT };
	struct thole_endpoint ours = world_at(1, PORT), no_port = world_at(1, 0);
	thole_sock sock, second;

	begin(&(struct world_config){ .nb_workers = 2 });
	sock = thole_socket(s);
	CU_ASSERT_EQUAL(thole_bind(s, sock, &foreign), 0);
	CU_ASSERT_EQUAL(thole_listen(s, sock, 1, WORLD_LONG), -EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(thole_accept(s, sock, NULL, THOLE_NEVER), -EINVAL);
	CU_ASSERT_EQUAL(thole_close(s, sock), 0);
	sock = thole_socket(s);
	CU_ASSERT_EQUAL(thole_bind(s, sock, &no_port), 0);
	CU_ASSERT_EQUAL(thole_listen(s, sock, 1, WORLD_LONG), -EINVAL);
	sock = thole_socket(s);
	second = thole_socket(s);
	CU_ASSERT_EQUAL(thole_bind(s, sock, &ours), 0);
	CU_ASSERT_EQUAL(thole_bind(s, second, &ours), 0);
	CU_ASSERT_EQUAL(thole_bind(s, second, &ours), -EINVAL);
	CU_ASSERT_EQUAL(thole_listen(s, sock, 1, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(thole_listen(s, second, 1, WORLD_LONG), -EADDRINUSE);
	/* Free again, it can be had by the same socket. */
	CU_ASSERT_EQUAL(thole_close(s, sock), 0);
	CU_ASSERT_EQUAL(thole_listen(s, second, 1, WORLD_LONG), 0);
	world_end();
}

/* No worker turns: nothing hangs, and all comes right when they do again. */
static void
stuck_worker(void)
{
	struct thole_endpoint at = world_at(1, PORT);
	struct thole_pollfd poll;
	thole_sock listener, client, server, more[40], late;
	struct thole_info info;
	uint64_t value;
	char text[400];
	int64_t got;
	unsigned int sent = 0;

	begin(&(struct world_config){ 0 });
	listener = world_listen(PORT, 60);
	world_pair(listener, PORT, &client, &server);
	for (int i = 0; i < 40; i++) {
		more[i] = thole_socket(c);
		CU_ASSERT_EQUAL(thole_connect(c, more[i], &at, WORLD_LONG), 0);
	}
	world.sides[0].stopped = true;
	/* The ring takes 63, and 64 wait behind it. */
	while ((got = thole_send(c, client, "a", 1, 0)) == 1)
		CU_ASSERT_FATAL(++sent < 400);
	CU_ASSERT_EQUAL(got, -EAGAIN);
	CU_ASSERT_EQUAL(thole_send(c, client, "a", 1, 1000000), -EAGAIN);
	poll = (struct thole_pollfd){ .sock = client, .events = THOLE_OUT };
	CU_ASSERT_EQUAL(thole_poll(c, &poll, 1, 1000000), 0);
	late = thole_socket(c);
	CU_ASSERT_EQUAL(thole_connect(c, late, &at, 0), -EAGAIN);
	CU_ASSERT_EQUAL(thole_connect(c, late, &at, 1000000), -EAGAIN);
	CU_ASSERT_EQUAL(thole_set_option(c, client, THOLE_OPT_NO_DELAY, 1, 1000000), -EAGAIN);
	CU_ASSERT_EQUAL(thole_get_option(c, client, THOLE_OPT_NO_DELAY, &value, 0), -EAGAIN);
	CU_ASSERT_EQUAL(thole_get_info(c, client, &info, 1000000), -EAGAIN);
	CU_ASSERT_EQUAL(thole_shutdown(c, client, THOLE_SHUT_WR), 0);
	for (int i = 0; i < 40; i++)
		CU_ASSERT_EQUAL(
			(i & 1) != 0 ? thole_close(c, more[i]) : thole_abort(c, more[i]), 0);
	CU_ASSERT_EQUAL(thole_close(c, late), 0);
	world.sides[0].stopped = false;
	while (sent > 0 && (got = thole_recv(s, server, text, sizeof(text), WORLD_LONG)) > 0) {
		(void)thole_poll(c, NULL, 0, 0); /* serves */
		sent -= (unsigned int)got;
	}
	CU_ASSERT_EQUAL(sent, 0);
	/* Half of the others were reset, half are at their end. */
	for (int i = 0; i < 40; i++) {
		thole_sock other = thole_accept(s, listener, NULL, WORLD_LONG);

		CU_ASSERT_TRUE_FATAL(other > 0);
		(void)thole_poll(c, NULL, 0, 0);
		got = thole_recv(s, other, text, 1, WORLD_LONG);
		CU_ASSERT_TRUE(got == 0 || got == -ECONNRESET);
		CU_ASSERT_EQUAL(thole_close(s, other), 0);
	}
	world_end();
}

static const struct test_case cases[] = {
	{ "stale handles", stale },
	{ "closed twice", closed_twice },
	{ "another thread", another_thread },
	{ "never connected", never_connected },
	{ "what can be done once only", twice },
	{ "connecting in vain", connects_to_nobody },
	{ "listening in vain", listens_where_it_cannot },
	{ "a worker that doesn't turn", stuck_worker },
	{ NULL, NULL },
};

const struct test_suite suite_errors = { "errors", cases };
