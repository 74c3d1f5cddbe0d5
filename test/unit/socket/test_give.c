/* SPDX-License-Identifier: BSD-3-Clause */
/* test_give.c: connections given to another context: what goes along, and that nothing is lost,
 * whoever is full, ends, or aborts. */
#include <errno.h>
#include <string.h>

#include "socket/socket.h"
#include "socket/world.h"

#define PORT 80
#define ROOM 4
#define USER 0x1122334455667788u

/* Side 0 has the client, side 1 the giver and the taker. */
static struct thole_sockets *c, *s, *t;
static thole_sock listener, client, server, box;

static struct thole_sockets *
another(uint32_t max_sockets)
{
	struct thole_sockets_config config;
	struct thole_sockets *other = NULL;

	thole_sockets_config_init(&config);
	config.max_sockets = max_sockets;
	config.ring_entries = 64;
	config.turn = world_turn;
	CU_ASSERT_EQUAL_FATAL(thole_sockets_create(world.sides[1].workers, world.nb_workers,
				      &config, &other, NULL),
		0);
	return other;
}

static void
begin(const struct world_config *config)
{
	world_begin(config);
	c = world.sides[0].sockets;
	s = world.sides[1].sockets;
	t = another(32);
	listener = world_listen(PORT, 8);
	box = thole_take(t, ROOM);
	CU_ASSERT_TRUE_FATAL(box > 0);
	world_pair(listener, PORT, &client, &server);
}

static void
end(void)
{
	CU_ASSERT_EQUAL(thole_sockets_destroy(t), 0);
	world_end();
}

static void
expect(struct thole_sockets *of, thole_sock sock, const char *text)
{
	char got[64];
	size_t want = strlen(text), n = 0;

	while (n < want) {
		int64_t more = thole_recv(of, sock, got + n, want - n, WORLD_LONG);

		CU_ASSERT_TRUE_FATAL(more > 0);
		n += (size_t)more;
	}
	CU_ASSERT_EQUAL(memcmp(got, text, want), 0);
}

/* What has come to side @p sockets' rings is read by it. */
static void
serve(struct thole_sockets *sockets)
{
	world_turns(5);
	(void)thole_poll(sockets, NULL, 0, 0);
}

static int64_t
end_of(struct thole_sockets *of, thole_sock sock)
{
	char byte;

	return thole_recv(of, sock, &byte, 1, WORLD_LONG);
}

static void
moves(void)
{
	struct thole_endpoint peer, at, local;
	thole_sock taken;
	uint64_t value = 0;
	struct thole_info info;

	begin(&(struct world_config){ .nb_workers = 2 });
	CU_ASSERT_EQUAL(thole_set_option(s, server, THOLE_OPT_TTL, 77, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(thole_set_option(s, server, THOLE_SO_LINGER, 0, 0), 0);
	CU_ASSERT_EQUAL(thole_send(c, client, "one two ", 8, 0), 8);
	expect(s, server, "one ");
	CU_ASSERT_EQUAL(thole_accept(t, box, &peer, 0), -EAGAIN);
	CU_ASSERT_EQUAL(thole_give(s, server, t, USER, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(thole_send(s, server, "a", 1, 0), -EBADF);
	CU_ASSERT_EQUAL(thole_close(s, server), -EBADF);
	CU_ASSERT_EQUAL(thole_send(c, client, "three", 5, 0), 5);
	taken = thole_accept(t, box, &peer, WORLD_LONG);
	CU_ASSERT_TRUE_FATAL(taken > 0);
	CU_ASSERT_EQUAL(thole_local(c, client, &at), 0);
	CU_ASSERT_EQUAL(peer.port, at.port);
	CU_ASSERT_EQUAL(thole_local(t, taken, &local), 0);
	CU_ASSERT_EQUAL(local.port, PORT);
	CU_ASSERT_EQUAL(thole_get_option(t, taken, THOLE_SO_USER, &value, 0), 0);
	CU_ASSERT_EQUAL(value, USER);
	CU_ASSERT_EQUAL(thole_get_option(t, taken, THOLE_OPT_TTL, &value, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(value, 77);
	CU_ASSERT_EQUAL(thole_get_option(t, taken, THOLE_SO_LINGER, &value, 0), 0);
	CU_ASSERT_EQUAL(value, 0);
	CU_ASSERT_EQUAL(thole_get_info(t, taken, &info, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(info.remote.port, at.port);
	expect(t, taken, "two three");
	CU_ASSERT_EQUAL(thole_send(t, taken, "four", 4, 0), 4);
	expect(c, client, "four");
	CU_ASSERT_EQUAL(thole_close(t, taken), 0);
	CU_ASSERT_EQUAL(end_of(c, client), -ECONNRESET);
	end();
}

/* Both ends that have come already: one that the giver read, one that it sent. */
static void
moves_ends(void)
{
	struct thole_pollfd poll = { .events = THOLE_IN | THOLE_OUT | THOLE_RDHUP };
	struct thole_ready ready;

	begin(&(struct world_config){ 0 });
	CU_ASSERT_EQUAL(thole_watch(t, box, THOLE_IN, 5), 0);
	CU_ASSERT_EQUAL(thole_wait(t, &ready, 1, 0), 0);
	CU_ASSERT_EQUAL(thole_send(c, client, "all", 3, 0), 3);
	CU_ASSERT_EQUAL(thole_shutdown(c, client, THOLE_SHUT_WR), 0);
	serve(s);
	CU_ASSERT_EQUAL(thole_send(s, server, "and", 3, 0), 3);
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(thole_wait(t, &ready, 1, WORLD_LONG), 1);
	CU_ASSERT_TRUE(ready.sock == box && ready.user == 5 && ready.events == THOLE_IN);
	poll.sock = thole_accept(t, box, NULL, 0);
	CU_ASSERT_EQUAL(thole_poll(t, &poll, 1, 0), 1);
	CU_ASSERT_EQUAL(poll.revents, THOLE_IN | THOLE_OUT | THOLE_RDHUP);
	expect(t, poll.sock, "all");
	CU_ASSERT_EQUAL(end_of(t, poll.sock), 0);
	CU_ASSERT_EQUAL(thole_shutdown(t, poll.sock, THOLE_SHUT_WR), 0);
	expect(c, client, "and");
	CU_ASSERT_EQUAL(end_of(c, client), 0);
	end();
}

static void
moves_shutdowns(void)
{
	thole_sock taken;
	char text[3000] = "";
	uint64_t n = 0;

	begin(&(struct world_config){ .buf_bytes = 8192 });
	CU_ASSERT_EQUAL(thole_shutdown(s, server, THOLE_SHUT_RDWR), 0);
	CU_ASSERT_EQUAL(end_of(c, client), 0);
	/* A window full of what is thrown away on the way: it opens, too. */
	for (int i = 0; i < 20; i++) {
		(void)thole_send(c, client, text, sizeof(text), 0);
		world_turns(3);
	}
	world.sides[1].stopped = true;
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -EINPROGRESS);
	world.sides[1].stopped = false;
	serve(s);
	taken = thole_accept(t, box, NULL, WORLD_LONG);
	CU_ASSERT_TRUE_FATAL(taken > 0);
	CU_ASSERT_EQUAL(thole_send(t, taken, "a", 1, 0), -EPIPE);
	CU_ASSERT_EQUAL(thole_recv(t, taken, text, 1, 0), 0);
	for (int i = 0; n < 100000; i++) {
		int64_t more = thole_send(c, client, text, sizeof(text), 0);

		CU_ASSERT_TRUE_FATAL((more > 0 || more == -EAGAIN) && i < 10000);
		n += more > 0 ? (uint64_t)more : 0;
		serve(t);
	}
	end();
}

/* The taker's half comes before the giver's, and the other way round. */
static void
halves(void)
{
	struct thole_pollfd poll = { .events = THOLE_IN };
	thole_sock taken;

	begin(&(struct world_config){ 0 });
	for (int giver_first = 0; giver_first < 2; giver_first++) {
		if (giver_first)
			world_pair(listener, PORT, &client, &server);
		CU_ASSERT_EQUAL(thole_send(c, client, "one ", 4, 0), 4);
		serve(s);
		CU_ASSERT_EQUAL(thole_send(c, client, "two ", 4, 0), 4);
		world_turns(5); /* in the giver's ring */
		world.sides[1].stopped = true;
		CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -EINPROGRESS);
		CU_ASSERT_EQUAL(thole_send(s, server, "a", 1, 0), -EALREADY);
		CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -EALREADY);
		poll.sock = server;
		CU_ASSERT_EQUAL(thole_poll(s, &poll, 1, 0), 0);
		world.sides[1].stopped = false;
		world_turns(5);
		CU_ASSERT_EQUAL(thole_send(c, client, "three", 5, 0), 5);
		world_turns(5);
		if (giver_first)
			serve(s);
		else
			CU_ASSERT_EQUAL(thole_accept(t, box, NULL, 0), -EAGAIN);
		CU_ASSERT_EQUAL(thole_poll(s, &poll, 1, 0), 1);
		CU_ASSERT_EQUAL(poll.revents, THOLE_NVAL);
		taken = thole_accept(t, box, NULL, 0);
		CU_ASSERT_TRUE_FATAL(taken > 0);
		expect(t, taken, "one two three");
		CU_ASSERT_EQUAL(thole_abort(t, taken), 0);
	}
	end();
}

static void
refusals(void)
{
	struct thole_endpoint to = world_at(0, 1);
	struct thole_sockets *elsewhere = NULL;
	struct thole_sockets_config config;
	thole_sock fresh;

	begin(&(struct world_config){ .nb_workers = 2 });
	thole_sockets_config_init(&config);
	config.turn = world_turn;
	CU_ASSERT_EQUAL_FATAL(
		thole_sockets_create(world.sides[0].workers, 1, &config, &elsewhere, NULL), 0);
	CU_ASSERT_EQUAL(thole_take(t, ROOM), -EALREADY);
	CU_ASSERT_EQUAL(thole_take(elsewhere, 0), -EINVAL);
	CU_ASSERT_EQUAL(thole_take(elsewhere, 1024), -EMFILE);
	CU_ASSERT_TRUE(thole_take(elsewhere, 1023) > 0);
	CU_ASSERT_EQUAL(thole_socket(elsewhere), -EMFILE);
	CU_ASSERT_EQUAL(thole_give(s, server, s, 0, 0), -EINVAL);
	CU_ASSERT_EQUAL(thole_give(s, server, elsewhere, 0, 0), -EXDEV);
	CU_ASSERT_EQUAL(thole_give(c, client, s, 0, 0), -EXDEV);
	CU_ASSERT_EQUAL(thole_give(s, listener, t, 0, 0), -EOPNOTSUPP);
	CU_ASSERT_EQUAL(thole_give(t, box, s, 0, 0), -EOPNOTSUPP);
	fresh = thole_socket(s);
	CU_ASSERT_EQUAL(thole_give(s, fresh, t, 0, 0), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_give(s, server + (1ll << 32), t, 0, 0), -EBADF);
	/* Nor is there anything else to do with what takes. */
	CU_ASSERT_EQUAL(thole_connect(t, box, &to, 0), -EOPNOTSUPP);
	CU_ASSERT_EQUAL(thole_listen(t, box, 1, 0), -EINVAL);
	CU_ASSERT_EQUAL(thole_bind(t, box, &to), -EINVAL);
	CU_ASSERT_EQUAL(thole_send(t, box, "a", 1, 0), -ENOTCONN);
	CU_ASSERT_EQUAL(end_of(t, box), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_shutdown(t, box, THOLE_SHUT_WR), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_accept(s, server, NULL, 0), -EINVAL);
	CU_ASSERT_EQUAL(thole_close(t, box), 0);
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -ECONNREFUSED);
	CU_ASSERT_EQUAL(thole_send(c, client, "here", 4, 0), 4);
	expect(s, server, "here");
	CU_ASSERT_EQUAL(thole_abort(c, client), 0);
	CU_ASSERT_EQUAL(end_of(s, server), -ECONNRESET);
	box = thole_take(t, 31);
	CU_ASSERT_TRUE(box > 0);
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_sockets_destroy(elsewhere), 0);
	end();
}

/* Of a room of four and three sockets beside: what doesn't fit stays with the giver, or waits. */
static void
full(void)
{
	struct thole_sockets_stats stats;
	thole_sock clients[9], servers[9], taken;
	uint64_t got = 0;

	begin(&(struct world_config){ 0 });
	CU_ASSERT_EQUAL(thole_sockets_destroy(t), 0);
	t = another(8);
	box = thole_take(t, ROOM);
	for (int i = 0; i < 9; i++) {
		world_pair(listener, PORT, &clients[i], &servers[i]);
		CU_ASSERT_EQUAL(thole_send(c, clients[i], "abc", 3, 0), 3);
	}
	for (int i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(thole_give(s, servers[i], t, (uint64_t)i, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(thole_give(s, servers[4], t, 4, 0), -EAGAIN);
	CU_ASSERT_EQUAL(thole_give(s, servers[4], t, 4, 1000000), -EAGAIN);
	expect(s, servers[4], "a");
	/* Each that is accepted makes room for one, while there is a socket to be kept free. */
	for (int i = 4; i < 9; i++) {
		uint64_t user = 0;

		taken = thole_accept(t, box, NULL, WORLD_LONG);
		if (taken == -EMFILE)
			break;
		CU_ASSERT_TRUE_FATAL(taken > 0);
		CU_ASSERT_EQUAL(thole_get_option(t, taken, THOLE_SO_USER, &user, 0), 0);
		CU_ASSERT_EQUAL(user, got++);
		CU_ASSERT_EQUAL(thole_give(s, servers[i], t, (uint64_t)i, WORLD_LONG), 0);
	}
	CU_ASSERT_EQUAL(got, 3);
	serve(t);
	CU_ASSERT_EQUAL(thole_sockets_stats_get(t, &stats), 0);
	CU_ASSERT_EQUAL(stats.sockets, 8);
	CU_ASSERT_EQUAL(thole_accept(t, box, NULL, 0), -EMFILE);
	CU_ASSERT_EQUAL(thole_give(s, servers[7], t, 7, 0), -EAGAIN);
	expect(s, servers[7], "abc");
	CU_ASSERT_EQUAL(thole_abort(t, box), 0);
	CU_ASSERT_EQUAL(end_of(c, clients[3]), -ECONNRESET);
	CU_ASSERT_EQUAL(end_of(c, clients[6]), -ECONNRESET);
	CU_ASSERT_EQUAL(thole_give(s, servers[8], t, 8, 0), -ECONNREFUSED);
	CU_ASSERT_EQUAL(thole_sockets_stats_get(t, &stats), 0);
	CU_ASSERT_EQUAL(stats.sockets, 3);
	end();
}

/* The ring of ops is full: nothing is done, and the socket is good for more. */
static void
full_ring(void)
{
	thole_sock taken;
	unsigned int n = 0;

	begin(&(struct world_config){ 0 });
	world.sides[1].stopped = true;
	while (thole_send(s, server, "a", 1, 0) == 1)
		n++;
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 1000000), -EAGAIN);
	world.sides[1].stopped = false;
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, WORLD_LONG), 0);
	taken = thole_accept(t, box, NULL, WORLD_LONG);
	CU_ASSERT_EQUAL(thole_send(t, taken, "b", 1, WORLD_LONG), 1);
	while (n-- > 0)
		expect(c, client, "a");
	expect(c, client, "b");
	end();
}

/* A GIVE that didn't go at once might find another in the taker's place: neither it nor what goes
 * with it waits outside the ring. */
static void
nearly_full_ring(void)
{
	struct sock_ring *r;
	thole_sock taken;
	uint32_t sent = 0;

	begin(&(struct world_config){ 0 });
	r = &s->rings[0];
	world.sides[1].stopped = true;
	while (r->staged_end == 0)
		sent += (uint32_t)thole_send(s, server, "a", 1, 0);
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -EAGAIN);
	CU_ASSERT_EQUAL(r->staged_end, 1);
	world.sides[1].stopped = false;
	serve(s);
	serve(s);
	CU_ASSERT_EQUAL(r->staged_end, 0);
	for (uint32_t i = 0; i < sent; i++)
		expect(c, client, "a");
	world.sides[1].stopped = true;
	for (uint32_t i = 0; i < sent - 2; i++) /* one is left */
		CU_ASSERT_EQUAL(thole_send(s, server, "b", 1, 0), 1);
	CU_ASSERT_EQUAL(r->staged_end, 0);
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -EAGAIN);
	CU_ASSERT_EQUAL(r->staged_end, 0);
	CU_ASSERT_EQUAL(thole_send(s, server, "c", 1, 0), 1);
	world.sides[1].stopped = false;
	for (int i = 0; i < ROOM; i++) { /* its place is free again */
		CU_ASSERT_EQUAL(thole_give(s, server, t, 0, WORLD_LONG), 0);
		taken = thole_accept(t, box, NULL, WORLD_LONG);
		CU_ASSERT_TRUE_FATAL(taken > 0);
		world_pair(listener, PORT, &client, &server);
	}
	end();
}

/* More answers wait for the taker than its worker keeps. */
static void
flood(void)
{
	const struct thole_op op = { .type = THOLE_OP_SHUTDOWN, .conn = 1 };

	for (int i = 0; i < 512; i++) {
		(void)thole_app_submit(t->rings[0].app, &op, 1);
		if (i % 32 == 0)
			world_turn(NULL);
	}
}

static void
give_in_vain(int why)
{
	struct thole_pollfd poll = { .sock = server, .events = THOLE_IN };

	world.sides[1].stopped = true;
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -EINPROGRESS);
	if (why == ECONNREFUSED)
		CU_ASSERT_EQUAL(thole_sockets_destroy(t), 0);
	world.sides[1].stopped = false;
	serve(s);
	CU_ASSERT_EQUAL(thole_poll(s, &poll, 1, 0), 1);
	CU_ASSERT_EQUAL(poll.revents, THOLE_ERR);
}

/* Why it wasn't given is told as such, not by what a read returns anyhow, nor by the next give. */
static void
untold_refusal(void)
{
	struct thole_pollfd poll = { .events = THOLE_IN };
	uint64_t error = 0;
	char byte;

	begin(&(struct world_config){ 0 });
	poll.sock = server;
	flood();
	give_in_vain(EAGAIN);
	CU_ASSERT_EQUAL(thole_recv(s, server, &byte, 1, 0), -EAGAIN);
	CU_ASSERT_EQUAL(thole_poll(s, &poll, 1, 0), 1);
	CU_ASSERT_EQUAL(poll.revents, THOLE_ERR);
	CU_ASSERT_EQUAL(thole_get_option(s, server, THOLE_SO_ERROR, &error, 0), 0);
	CU_ASSERT_EQUAL(error, EAGAIN);
	CU_ASSERT_EQUAL(thole_poll(s, &poll, 1, 0), 0);
	for (int i = 0; i < 20; i++)
		serve(t);
	give_in_vain(ECONNREFUSED);
	t = another(32);
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -ECONNREFUSED); /* doesn't take yet */
	CU_ASSERT_EQUAL(thole_poll(s, &poll, 1, 0), 1);
	box = thole_take(t, ROOM);
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, WORLD_LONG), 0);
	server = thole_accept(t, box, NULL, WORLD_LONG);
	CU_ASSERT_EQUAL(thole_send(c, client, "there", 5, 0), 5);
	expect(t, server, "there");
	end();
}

/* The taker's context ends while the worker hasn't given yet: the giver has all, and is told. */
static void
taker_ends(void)
{
	struct thole_pollfd poll = { .events = THOLE_IN };
	struct thole_ready ready;
	thole_sock client2, server2;
	uint64_t error = 0;

	begin(&(struct world_config){ 0 });
	CU_ASSERT_EQUAL(thole_send(c, client, "kept", 4, 0), 4);
	serve(s);
	CU_ASSERT_EQUAL(thole_watch(s, server, THOLE_IN, 0), 0);
	CU_ASSERT_EQUAL(thole_wait(s, &ready, 1, 0), 1);
	world.sides[1].stopped = true;
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -EINPROGRESS);
	CU_ASSERT_EQUAL(thole_sockets_destroy(t), 0);
	world.sides[1].stopped = false;
	poll.sock = server;
	serve(s);
	CU_ASSERT_EQUAL(thole_wait(s, &ready, 1, 0), 1);
	CU_ASSERT_TRUE(ready.sock == server && ready.events == (THOLE_IN | THOLE_ERR));
	CU_ASSERT_EQUAL(thole_poll(s, &poll, 1, 0), 1);
	CU_ASSERT_EQUAL(poll.revents, THOLE_IN | THOLE_ERR);
	CU_ASSERT_EQUAL(thole_get_option(s, server, THOLE_SO_ERROR, &error, 0), 0);
	CU_ASSERT_EQUAL(error, ECONNREFUSED);
	CU_ASSERT_EQUAL(thole_poll(s, &poll, 1, 0), 1);
	CU_ASSERT_EQUAL(poll.revents, THOLE_IN);
	expect(s, server, "kept");
	/* Another has its place now: it isn't given what was for the former. */
	t = another(32);
	world.sides[1].stopped = true;
	box = thole_take(t, ROOM);
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -EINPROGRESS);
	CU_ASSERT_EQUAL(thole_sockets_destroy(t), 0);
	t = another(32);
	box = thole_take(t, ROOM);
	world.sides[1].stopped = false;
	world_turns(5);
	world_pair(listener, PORT, &client2, &server2);
	CU_ASSERT_EQUAL(thole_give(s, server2, t, 0, WORLD_LONG), 0); /* in the same place */
	server2 = thole_accept(t, box, NULL, WORLD_LONG);
	CU_ASSERT_EQUAL(thole_accept(t, box, NULL, 0), -EAGAIN);
	CU_ASSERT_EQUAL(thole_get_option(s, server, THOLE_SO_ERROR, &error, 0), 0);
	CU_ASSERT_EQUAL(error, ECONNREFUSED);
	CU_ASSERT_EQUAL(thole_send(c, client, "still", 5, 0), 5);
	expect(s, server, "still");
	CU_ASSERT_EQUAL(thole_send(c, client2, "right", 5, 0), 5);
	expect(t, server2, "right");
	end();
}

/* It ends, or closes, with connections in each stage of arriving: they are reset, and their memory
 * comes back (world_end()). */
static void
taker_ends_late(void)
{
	enum { N = 4 };
	thole_sock clients[N], servers[N];

	for (int dies = 0; dies < 2; dies++) {
		begin(&(struct world_config){ 0 });
		for (int i = 0; i < N; i++) {
			world_pair(listener, PORT, &clients[i], &servers[i]);
			CU_ASSERT_EQUAL(thole_send(c, clients[i], "abc", 3, 0), 3);
		}
		serve(s);
		CU_ASSERT_EQUAL(thole_give(s, servers[0], t, 0, WORLD_LONG), 0);
		serve(t); /* whole */
		world.sides[1].stopped = true;
		CU_ASSERT_EQUAL(thole_give(s, servers[1], t, 0, 0), -EINPROGRESS);
		world.sides[1].stopped = false;
		serve(t); /* the taker's half */
		CU_ASSERT_EQUAL(thole_give(s, servers[2], t, 0, WORLD_LONG), 0); /* the giver's */
		world.sides[1].stopped = true;
		CU_ASSERT_EQUAL(thole_give(s, servers[3], t, 0, 0), -EINPROGRESS);
		world.sides[1].stopped = false;
		world_turns(5); /* neither has looked */
		if (dies) {
			CU_ASSERT_EQUAL(thole_sockets_destroy(t), 0);
			serve(s);
			t = another(32);
		} else {
			CU_ASSERT_EQUAL(thole_close(t, box), 0);
			CU_ASSERT_EQUAL(thole_take(t, ROOM), -EAGAIN);
			serve(s);
			serve(t);
		}
		box = thole_take(t, ROOM);
		CU_ASSERT_TRUE_FATAL(box > 0);
		for (int i = 0; i < N; i++)
			CU_ASSERT_EQUAL(end_of(c, clients[i]), -ECONNRESET);
		CU_ASSERT_EQUAL(thole_give(s, server, t, 0, WORLD_LONG), 0);
		CU_ASSERT_TRUE(thole_accept(t, box, NULL, WORLD_LONG) > 0);
		end();
	}
}

/* A giver's context that ended before it knew leaves no stream with a hole: the taker is told. As
 * after a destroy that ended with -ETIMEDOUT: it reads no more. */
static void
giver_ends(void)
{
	thole_sock from, taken;
	char byte;

	for (int given = 0; given < 2; given++) {
		struct thole_sockets *giver;

		begin(&(struct world_config){ 0 });
		giver = another(32);
		from = thole_take(giver, 1);
		CU_ASSERT_EQUAL(thole_give(s, server, giver, 0, WORLD_LONG), 0);
		CU_ASSERT_EQUAL(thole_send(c, client, "lost", 4, 0), 4);
		serve(giver);
		server = thole_accept(giver, from, NULL, WORLD_LONG);
		CU_ASSERT_TRUE_FATAL(server > 0);
		world.sides[1].stopped = true;
		CU_ASSERT_EQUAL(thole_give(giver, server, t, USER, 0), -EINPROGRESS);
		world.sides[1].stopped = false;
		if (given) {
			world_turns(5);
			CU_ASSERT_EQUAL(thole_send(c, client, "late", 4, 0), 4);
			serve(t);
		}
		giver->ending = true;
		CU_ASSERT_EQUAL(thole_sockets_destroy(giver), 0);
		serve(t);
		taken = thole_accept(t, box, NULL, 0);
		if (given) {
			CU_ASSERT_TRUE_FATAL(taken > 0);
			CU_ASSERT_EQUAL(thole_recv(t, taken, &byte, 1, 0), -ECONNABORTED);
			serve(t); /* CLOSED */
			CU_ASSERT_EQUAL(thole_recv(t, taken, &byte, 1, 0), 0);
		} else {
			CU_ASSERT_EQUAL(taken, -EAGAIN);
		}
		CU_ASSERT_EQUAL(end_of(c, client), -ECONNRESET);
		/* All places are there. */
		for (int i = 0; i < ROOM; i++) {
			world_pair(listener, PORT, &client, &server);
			CU_ASSERT_EQUAL(thole_give(s, server, t, 0, WORLD_LONG), 0);
		}
		if (given)
			CU_ASSERT_EQUAL(thole_close(t, taken), 0);
		end();
	}
}

/* The peer resets it before it is given, or after. */
static void
aborted_underneath(void)
{
	thole_sock taken;

	begin(&(struct world_config){ 0 });
	CU_ASSERT_EQUAL(thole_send(c, client, "read", 4, 0), 4);
	serve(s);
	CU_ASSERT_EQUAL(thole_abort(c, client), 0);
	world_turns(5); /* CLOSED is in the giver's ring */
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, WORLD_LONG), -ENOTCONN);
	expect(s, server, "read");
	CU_ASSERT_EQUAL(end_of(s, server), -ECONNRESET);
	for (int i = 0; i < ROOM; i++) {
		world_pair(listener, PORT, &client, &server);
		CU_ASSERT_EQUAL(thole_send(c, client, "read", 4, 0), 4);
		serve(s);
		world.sides[1].stopped = true;
		CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -EINPROGRESS);
		world.sides[1].stopped = false;
		world_turns(5);
		CU_ASSERT_EQUAL(thole_abort(c, client), 0);
		world_turns(5);
		if ((i & 1) != 0)
			serve(t); /* CLOSED before the giver's half */
		serve(s);
	}
	for (int i = 0; i < ROOM; i++) {
		taken = thole_accept(t, box, NULL, 0);
		CU_ASSERT_TRUE_FATAL(taken > 0);
		expect(t, taken, "read");
		CU_ASSERT_EQUAL(end_of(t, taken), -ECONNRESET);
	}
	end();
}

/* Closed by the giver while it is under way: that counts if it isn't taken. */
static void
closed_meanwhile(void)
{
	struct thole_sockets_stats stats;
	thole_sock taken;

	begin(&(struct world_config){ 0 });
	world.sides[1].stopped = true;
	CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -EINPROGRESS);
	CU_ASSERT_EQUAL(thole_abort(s, server), 0);
	CU_ASSERT_EQUAL(thole_abort(s, server), -EBADF);
	world.sides[1].stopped = false;
	serve(s);
	taken = thole_accept(t, box, NULL, WORLD_LONG);
	CU_ASSERT_EQUAL(thole_send(t, taken, "alive", 5, 0), 5);
	expect(c, client, "alive");
	for (int resets = 0; resets < 4; resets++) {
		world_pair(listener, PORT, &client, &server);
		if (resets == 3)
			CU_ASSERT_EQUAL(thole_set_option(s, server, THOLE_SO_LINGER, 0, 0), 0);
		world.sides[1].stopped = true;
		CU_ASSERT_EQUAL(thole_give(s, server, t, 0, 0), -EINPROGRESS);
		CU_ASSERT_EQUAL(resets == 1 ? thole_abort(s, server) : thole_close(s, server), 0);
		if (resets == 2)
			CU_ASSERT_EQUAL(thole_abort(c, client), 0);
		CU_ASSERT_EQUAL(thole_sockets_destroy(t), 0);
		world.sides[1].stopped = false;
		serve(s);
		t = another(32);
		box = thole_take(t, ROOM);
		if (resets != 2)
			CU_ASSERT_EQUAL(end_of(c, client), resets ? -ECONNRESET : 0);
	}
	serve(s);
	CU_ASSERT_EQUAL(thole_sockets_stats_get(s, &stats), 0);
	CU_ASSERT_EQUAL(stats.sockets, 1);
	end();
}

/* A stream through small windows goes from one to the other and back all the time. */
static void
to_and_fro(void)
{
	enum { TOTAL = 1000000 };
	uint32_t sent = 0, got = 0, given = 0, at = 0;
	struct thole_sockets *who[2];
	thole_sock boxes[2];
	uint8_t out[1000], in[700];

	begin(&(struct world_config){ .buf_bytes = 8192 });
	who[0] = s;
	who[1] = t;
	boxes[0] = thole_take(s, 1);
	boxes[1] = box;
	while (got < TOTAL) {
		const uint32_t n = RTE_MIN((uint32_t)sizeof(out), TOTAL - sent);
		int64_t r;

		for (uint32_t i = 0; i < n; i++)
			out[i] = (uint8_t)((sent + i) * 7 + (sent + i) / 256);
		r = thole_send(c, client, out, n, 0);
		sent += r > 0 ? (uint32_t)r : 0;
		r = thole_recv(who[at], server, in, sizeof(in), 0);
		CU_ASSERT_TRUE_FATAL(r > 0 || r == -EAGAIN);
		for (int64_t i = 0; i < r; i++, got++)
			CU_ASSERT_EQUAL_FATAL(in[i], (uint8_t)(got * 7 + got / 256));
		if (world.turns % 3 == 0) {
			CU_ASSERT_EQUAL_FATAL(
				thole_give(who[at], server, who[!at], 0, WORLD_LONG), 0);
			at = !at;
			server = thole_accept(who[at], boxes[at], NULL, WORLD_LONG);
			CU_ASSERT_TRUE_FATAL(server > 0);
			given++;
		}
		world_turn(NULL);
	}
	CU_ASSERT_TRUE(given > 100);
	end();
}

static const struct test_case cases[] = {
	{ "what goes along", moves },
	{ "both ends go along", moves_ends },
	{ "shutdowns go along", moves_shutdowns },
	{ "whichever half comes first", halves },
	{ "what can't be given", refusals },
	{ "a taker that is full", full },
	{ "a ring that is full", full_ring },
	{ "a ring that is nearly full", nearly_full_ring },
	{ "a refusal not told yet", untold_refusal },
	{ "a taker that ends first", taker_ends },
	{ "a taker that ends later", taker_ends_late },
	{ "a giver that ends first", giver_ends },
	{ "aborted underneath", aborted_underneath },
	{ "closed meanwhile", closed_meanwhile },
	{ "to and fro under way", to_and_fro },
	{ NULL, NULL },
};

const struct test_suite suite_give = { "give", cases };
