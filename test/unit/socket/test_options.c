/* SPDX-License-Identifier: BSD-3-Clause */
/* test_options.c: options before there is a connection, and of one; what is refused, and by whom.
 */
#include <errno.h>
#include <string.h>

#include "socket/world.h"

#define PORT   80
#define SECOND 1000000000ull

static struct thole_sockets *c, *s;

static const struct {
	uint32_t option;
	uint64_t least, most, beyond; /* beyond isn't had */
	uint64_t set;		      /* what a connection is asked for */
} options[] = {
	{ THOLE_OPT_USER_TIMEOUT, 0, 65534 * SECOND, 65535 * SECOND, 90 * SECOND },
	{ THOLE_OPT_NO_DELAY, 0, 1, 2, 0 },
	{ THOLE_OPT_KEEPALIVE, 0, 1, 2, 1 },
	{ THOLE_OPT_KEEPALIVE_IDLE, SECOND, 86400 * SECOND, SECOND - 1, 77 * SECOND },
	{ THOLE_OPT_KEEPALIVE_INTERVAL, 1000000, 3600 * SECOND, 999999, 5 * SECOND },
	{ THOLE_OPT_KEEPALIVE_PROBES, 1, 255, 256, 3 },
	{ THOLE_OPT_TTL, 1, 255, 0, 33 },
	{ THOLE_OPT_DSCP, 0, 63, 64, 46 },
	{ THOLE_OPT_CC, 0, THOLE_CC_COUNT - 1, THOLE_CC_COUNT, THOLE_CC_NEWRENO },
	{ THOLE_OPT_PACING, 0, 1, 2, 1 },
	{ THOLE_OPT_SOFT_ERRORS, 0, 1, 2, 1 },
	{ THOLE_OPT_SNDBUF, 4096, 1 << 30, 4095, 300000 },
	{ THOLE_OPT_RCVBUF, 4096, 1 << 30, (1 << 30) + 1, 200000 },
	{ THOLE_OPT_MSS, 88, 65495, 87, 1000 },
};

static void
begin(const struct world_config *config)
{
	world_begin(config);
	c = world.sides[0].sockets;
	s = world.sides[1].sockets;
}

static uint64_t
value_of(struct thole_sockets *x, thole_sock sock, uint32_t option)
{
	uint64_t value = 0xbad;

	CU_ASSERT_EQUAL(thole_get_option(x, sock, option, &value, WORLD_LONG), 0);
	return value;
}

static void
ranges(void)
{
	uint64_t value;
	thole_sock sock;

	begin(&(struct world_config){ 0 });
	sock = thole_socket(c);
	for (size_t i = 0; i < RTE_DIM(options); i++) {
		uint32_t o = options[i].option;

		CU_ASSERT_EQUAL(thole_get_option(c, sock, o, &value, THOLE_NEVER), -ENODATA);
		CU_ASSERT_EQUAL(thole_set_option(c, sock, o, options[i].beyond, 0), -EINVAL);
		CU_ASSERT_EQUAL(thole_get_option(c, sock, o, &value, THOLE_NEVER), -ENODATA);
		CU_ASSERT_EQUAL(thole_set_option(c, sock, o, options[i].least, 0), 0);
		CU_ASSERT_EQUAL(value_of(c, sock, o), options[i].least);
		CU_ASSERT_EQUAL(thole_set_option(c, sock, o, options[i].most, 0), 0);
		CU_ASSERT_EQUAL(value_of(c, sock, o), options[i].most);
	}
	CU_ASSERT_EQUAL(thole_set_option(c, sock, THOLE_OPT_USER_TIMEOUT, THOLE_NEVER, 0), 0);
	CU_ASSERT_EQUAL(thole_set_option(c, sock, THOLE_OPT_MSS, 0, 0), 0);
	CU_ASSERT_EQUAL(thole_set_option(c, sock, THOLE_OPT_COUNTERS, 2, 0), -EINVAL);
	world_end();
}

static void
unknown(void)
{
	static const uint32_t none[] = { 0, THOLE_OPT_COUNTERS + 1, 999, THOLE_SO_USER + 1,
		UINT32_MAX };
	static const uint32_t read_only[] = { THOLE_SO_ERROR, THOLE_SO_SOFT_ERROR, THOLE_SO_UNREAD,
		THOLE_SO_USER };
	thole_sock listener, client, server;
	uint64_t value;

	begin(&(struct world_config){ 0 });
	listener = world_listen(PORT, 4);
	world_pair(listener, PORT, &client, &server);
	for (size_t i = 0; i < RTE_DIM(none); i++) {
		CU_ASSERT_EQUAL(thole_set_option(c, client, none[i], 0, THOLE_NEVER), -ENOPROTOOPT);
		CU_ASSERT_EQUAL(
			thole_get_option(c, client, none[i], &value, THOLE_NEVER), -ENOPROTOOPT);
		CU_ASSERT_EQUAL(
			thole_set_option(s, listener, none[i], 0, THOLE_NEVER), -ENOPROTOOPT);
	}
	for (size_t i = 0; i < RTE_DIM(read_only); i++) {
		CU_ASSERT_EQUAL(
			thole_set_option(c, client, read_only[i], 0, THOLE_NEVER), -ENOPROTOOPT);
		CU_ASSERT_EQUAL(value_of(c, client, read_only[i]), 0);
		CU_ASSERT_EQUAL(value_of(s, listener, read_only[i]), 0);
	}
	CU_ASSERT_EQUAL(thole_set_option(c, client, THOLE_SO_REUSE, 1, 0), -EINVAL);
	CU_ASSERT_EQUAL(thole_set_option(s, listener, THOLE_SO_REUSE, 1, 0), -EINVAL);
	CU_ASSERT_EQUAL(thole_set_option(s, listener, THOLE_OPT_TTL, 3, THOLE_NEVER), -EINVAL);
	CU_ASSERT_EQUAL(value_of(c, client, THOLE_SO_LINGER), THOLE_NEVER);
	world_end();
}

/* Set before connect and before listen, and asked of the workers: of that connection, and no
 * other. */
static void
from_the_first(void)
{
	struct thole_endpoint to = world_at(1, PORT), local = { .port = PORT };
	thole_sock listener, plain, plain_server, client, server, other, other_server;
	uint64_t before[RTE_DIM(options)];

	begin(&(struct world_config){ 0 });
	listener = world_listen(PORT + 1, 4);
	world_pair(listener, PORT + 1, &plain, &plain_server);
	client = thole_socket(c);
	listener = thole_socket(s);
	for (size_t i = 0; i < RTE_DIM(options); i++) {
		uint32_t o = options[i].option;

		before[i] = value_of(c, plain, o);
		CU_ASSERT_NOT_EQUAL(before[i], options[i].set);
		CU_ASSERT_EQUAL(thole_set_option(c, client, o, options[i].set, 0), 0);
		CU_ASSERT_EQUAL(thole_set_option(s, listener, o, options[i].set, 0), 0);
	}
	CU_ASSERT_EQUAL(thole_bind(s, listener, &local), 0);
	CU_ASSERT_EQUAL(thole_listen(s, listener, 4, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(thole_connect(c, client, &to, WORLD_LONG), 0);
	server = thole_accept(s, listener, NULL, WORLD_LONG);
	CU_ASSERT_TRUE_FATAL(server > 0);
	other = thole_socket(c);
	CU_ASSERT_EQUAL(thole_connect(c, other, &to, WORLD_LONG), 0);
	other_server = thole_accept(s, listener, NULL, WORLD_LONG);
	for (size_t i = 0; i < RTE_DIM(options); i++) {
		uint32_t o = options[i].option;

		CU_ASSERT_EQUAL(value_of(c, client, o), options[i].set);
		CU_ASSERT_EQUAL(value_of(s, server, o), options[i].set);
		CU_ASSERT_EQUAL(value_of(s, other_server, o), options[i].set);
		CU_ASSERT_EQUAL(value_of(c, other, o), before[i]);
	}
	world_end();
}

/* A small receive buffer holds for the window of the SYN. */
static void
small_window(void)
{
	static uint8_t out[100000];
	struct thole_endpoint to = world_at(1, PORT);
	thole_sock listener, client, server;

	begin(&(struct world_config){ 0 });
	listener = world_listen(PORT, 4);
	client = thole_socket(c);
	CU_ASSERT_EQUAL(thole_set_option(c, client, THOLE_OPT_RCVBUF, 4096, 0), 0);
	CU_ASSERT_EQUAL(thole_connect(c, client, &to, WORLD_LONG), 0);
	server = thole_accept(s, listener, NULL, WORLD_LONG);
	CU_ASSERT_EQUAL(thole_send(s, server, out, sizeof(out), WORLD_LONG), sizeof(out));
	world_turns(100);
	(void)thole_poll(c, NULL, 0, 0);
	CU_ASSERT_TRUE(value_of(c, client, THOLE_SO_UNREAD) >= 2048);
	CU_ASSERT_TRUE(value_of(c, client, THOLE_SO_UNREAD) <= 4096);
	world_end();
}

/* On a connection: each is taken, and told; what can't be is refused. */
static void
on_a_connection(void)
{
	thole_sock listener, client, server;
	uint64_t value;

	begin(&(struct world_config){ 0 });
	listener = world_listen(PORT, 4);
	world_pair(listener, PORT, &client, &server);
	for (size_t i = 0; i < RTE_DIM(options); i++) {
		uint32_t o = options[i].option;

		CU_ASSERT_EQUAL(
			thole_set_option(c, client, o, options[i].beyond, THOLE_NEVER), -EINVAL);
		CU_ASSERT_EQUAL(thole_set_option(c, client, o, options[i].set, WORLD_LONG), 0);
		CU_ASSERT_EQUAL(value_of(c, client, o), options[i].set);
	}
	/* Without waiting: it is under way, and one question at a time. */
	CU_ASSERT_EQUAL(thole_set_option(c, client, THOLE_OPT_TTL, 9, 0), -EINPROGRESS);
	CU_ASSERT_EQUAL(thole_set_option(c, client, THOLE_OPT_TTL, 10, 0), -EAGAIN);
	CU_ASSERT_EQUAL(thole_get_option(c, client, THOLE_OPT_TTL, &value, 0), -EAGAIN);
	CU_ASSERT_EQUAL(value_of(c, client, THOLE_OPT_TTL), 9);
	/* A connection that is over can't be asked. */
	CU_ASSERT_EQUAL(thole_abort(s, server), 0);
	world_turns(20);
	CU_ASSERT_EQUAL(thole_set_option(c, client, THOLE_OPT_TTL, 9, THOLE_NEVER), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_get_option(c, client, THOLE_OPT_TTL, &value, 0), -ENOTCONN);
	world_end();
}

/* A stack holds 255 combinations. One more is refused to who connects and who listens with it, and
 * nothing is left of the attempt. */
static void
too_many(void)
{
	enum { N = 255 };
	struct thole_endpoint to = world_at(1, PORT), local = { .port = PORT + 2 };
	thole_sock listener, sock = 0, server, last;

	begin(&(struct world_config){ .max_sockets = N + 8, .ring_entries = 256 });
	listener = world_listen(PORT, 4);
	for (uint64_t i = 0; i < N; i++) {
		sock = thole_socket(c);
		CU_ASSERT_EQUAL(
			thole_set_option(c, sock, THOLE_OPT_KEEPALIVE_IDLE, (i + 1) * SECOND, 0),
			0);
		CU_ASSERT_EQUAL(thole_connect(c, sock, &to, WORLD_LONG), 0);
		server = thole_accept(s, listener, NULL, WORLD_LONG);
		CU_ASSERT_TRUE_FATAL(server > 0);
	}
	last = thole_socket(c);
	CU_ASSERT_EQUAL(thole_set_option(c, last, THOLE_OPT_KEEPALIVE_IDLE, 999 * SECOND, 0), 0);
	CU_ASSERT_EQUAL(thole_connect(c, last, &to, WORLD_LONG), -ENOSPC);
	server = thole_socket(c);
	CU_ASSERT_EQUAL(thole_bind(c, server, &local), 0);
	CU_ASSERT_EQUAL(thole_set_option(c, server, THOLE_OPT_DSCP, 7, 0), 0);
	CU_ASSERT_EQUAL(thole_listen(c, server, 4, WORLD_LONG), -ENOSPC);
	CU_ASSERT_EQUAL(thole_set_option(c, sock, THOLE_OPT_TTL, 9, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(thole_abort(c, sock), 0);
	/* There is room again, and both can be tried again. */
	world_turns(20);
	(void)thole_accept(s, listener, NULL, 0);
	CU_ASSERT_EQUAL(thole_connect(c, last, &to, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(value_of(c, last, THOLE_OPT_KEEPALIVE_IDLE), 999 * SECOND);
	CU_ASSERT_EQUAL(thole_abort(c, last), 0);
	world_turns(20);
	CU_ASSERT_EQUAL(thole_listen(c, server, 4, WORLD_LONG), 0);
	world_end();
}

/* Linger 0: the peer gets a reset; accepted sockets have the listener's. */
static void
lingers_not(void)
{
	struct thole_endpoint local = { .port = PORT };
	thole_sock listener, client, server;
	char byte;

	begin(&(struct world_config){ 0 });
	listener = thole_socket(s);
	CU_ASSERT_EQUAL(thole_set_option(s, listener, THOLE_SO_LINGER, 0, 0), 0);
	CU_ASSERT_EQUAL(thole_bind(s, listener, &local), 0);
	CU_ASSERT_EQUAL(thole_listen(s, listener, 4, WORLD_LONG), 0);
	world_pair(listener, PORT, &client, &server);
	CU_ASSERT_EQUAL(value_of(s, server, THOLE_SO_LINGER), 0);
	CU_ASSERT_EQUAL(thole_close(s, server), 0);
	CU_ASSERT_EQUAL(thole_recv(c, client, &byte, 1, WORLD_LONG), -ECONNRESET);
	world_end();
}

/* A time to linger: close returns when all was acknowledged, and says when it wasn't. */
static void
lingers(void)
{
	static uint8_t out[50000];
	thole_sock listener, client, server;
	char byte;

	begin(&(struct world_config){ .buf_bytes = 65536 });
	listener = world_listen(PORT, 4);
	world_pair(listener, PORT, &client, &server);
	CU_ASSERT_EQUAL(thole_set_option(c, client, THOLE_SO_LINGER, WORLD_LONG, 0), 0);
	CU_ASSERT_EQUAL(thole_send(c, client, out, sizeof(out), 0), sizeof(out));
	CU_ASSERT_EQUAL(thole_close(c, client), 0);
	CU_ASSERT_EQUAL(thole_recv(s, server, &byte, 1, 0), 1);
	CU_ASSERT_EQUAL(thole_close(s, server), 0);
	/* The peer doesn't answer. */
	world_pair(listener, PORT, &client, &server);
	CU_ASSERT_EQUAL(thole_set_option(c, client, THOLE_SO_LINGER, 5000000, 0), 0);
	world.sides[1].stopped = true;
	CU_ASSERT_EQUAL(thole_send(c, client, out, sizeof(out), 0), sizeof(out));
	CU_ASSERT_EQUAL(thole_close(c, client), -EAGAIN);
	CU_ASSERT_EQUAL(thole_close(c, client), -EBADF);
	world.sides[1].stopped = false;
	/* It went on by itself. */
	for (size_t done = 0; done < sizeof(out);) {
		int64_t n = thole_recv(s, server, out, sizeof(out), WORLD_LONG);

		CU_ASSERT_TRUE_FATAL(n > 0);
		done += (size_t)n;
	}
	CU_ASSERT_EQUAL(thole_recv(s, server, &byte, 1, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(thole_close(s, server), 0);
	/* The peer resets it instead. */
	world_pair(listener, PORT, &client, &server);
	CU_ASSERT_EQUAL(thole_set_option(c, client, THOLE_SO_LINGER, WORLD_LONG, 0), 0);
	CU_ASSERT_EQUAL(thole_send(c, client, out, sizeof(out), 0), sizeof(out));
	CU_ASSERT_EQUAL(thole_abort(s, server), 0);
	CU_ASSERT_EQUAL(thole_close(c, client), -ECONNRESET);
	world_end();
}

static void
info(void)
{
	struct thole_info info = { .state = 0 };
	struct thole_endpoint at;
	thole_sock listener, client, server;

	begin(&(struct world_config){ .nb_workers = 2 });
	listener = world_listen(PORT, 4);
	for (int i = 0; i < 2; i++) {
		world_pair(listener, PORT, &client, &server);
		CU_ASSERT_EQUAL(thole_get_info(c, client, &info, WORLD_LONG), 0);
		CU_ASSERT_EQUAL(info.state, THOLE_ESTABLISHED);
		CU_ASSERT_EQUAL(thole_local(c, client, &at), 0);
		CU_ASSERT_EQUAL(info.local.port, at.port);
		CU_ASSERT_EQUAL(info.remote.port, PORT);
		CU_ASSERT_EQUAL(thole_send(c, client, "abc", 3, 0), 3);
		world_turns(20);
		CU_ASSERT_EQUAL(thole_get_info(s, server, &info, WORLD_LONG), 0);
		CU_ASSERT_EQUAL(info.unread_bytes, 3);
	}
	CU_ASSERT_EQUAL(thole_get_info(s, listener, &info, THOLE_NEVER), -ENOTCONN);
	/* Asked without waiting: the answer is nobody's, and the next is its own. */
	CU_ASSERT_EQUAL(thole_get_info(c, client, &info, 0), -EINPROGRESS);
	CU_ASSERT_EQUAL(thole_shutdown(c, client, THOLE_SHUT_WR), 0);
	CU_ASSERT_EQUAL(thole_get_info(c, client, &info, 0), -EAGAIN);
	world_turns(20);
	CU_ASSERT_EQUAL(thole_get_info(c, client, &info, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(info.state, THOLE_FIN_WAIT_2);
	CU_ASSERT_EQUAL(thole_abort(s, server), 0);
	world_turns(20);
	CU_ASSERT_EQUAL(thole_get_info(c, client, &info, THOLE_NEVER), -ENOTCONN);
	world_end();
}

static const struct test_case cases[] = {
	{ "values that can be, before there is a connection", ranges },
	{ "options that there aren't", unknown },
	{ "from the first segment on", from_the_first },
	{ "a small window from the SYN on", small_window },
	{ "on a connection", on_a_connection },
	{ "too many combinations", too_many },
	{ "no lingering", lingers_not },
	{ "lingering", lingers },
	{ "what is known of a connection", info },
	{ NULL, NULL },
};

const struct test_suite suite_options = { "options", cases };
