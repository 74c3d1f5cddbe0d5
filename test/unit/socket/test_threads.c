/* SPDX-License-Identifier: BSD-3-Clause */
/* test_threads.c: workers in a thread of their own, and contexts in others, which sleep. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "socket/world.h"

#define PORT  80
#define GIVEN 22
#define RING  8 /* connections that are passed round */

/* Workers in a thread of their own, a server in another. */
static struct {
	bool stop;
	uint64_t echoed;
} run;

/* A worker that takes no turn within 1 s is told as an error. On a machine that stands for so long
 * it is none: once more. */
#define TRIES 20

static struct thole_sockets *
open_context(unsigned int side)
{
	struct thole_sockets_config config;
	struct thole_sockets *s = NULL;
	int error = -ETIMEDOUT;

	thole_sockets_config_init(&config);
	for (int i = 0; i < TRIES && error == -ETIMEDOUT; i++)
		error = thole_sockets_create(world.sides[side].workers, 2, &config, &s, NULL);
	CU_ASSERT_EQUAL_FATAL(error, 0);
	return s;
}

static void
end_context(struct thole_sockets *s)
{
	int error = -ETIMEDOUT;

	for (int i = 0; i < TRIES && error == -ETIMEDOUT; i++)
		error = thole_sockets_destroy(s);
	CU_ASSERT_EQUAL(error, 0);
}

/* @p last: the context ends next, which waits 100 ms for the workers to take what it gave them: a
 * machine may stand for longer, so the peer's last ACK is waited for first. */
static void
close_sock(struct thole_sockets *s, thole_sock sock, bool last)
{
	if (last)
		CU_ASSERT_EQUAL(thole_set_option(s, sock, THOLE_SO_LINGER, WORLD_LONG, 0), 0);
	CU_ASSERT_EQUAL(thole_close(s, sock), 0);
}

static void *
turn_workers(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&run.stop, __ATOMIC_ACQUIRE)) {
		world_turn(NULL);
		sched_yield();
	}
	return NULL;
}

/* Echoes one connection after the other, each until its end, asleep while nothing comes. */
static void *
serve(void *arg)
{
	struct thole_sockets *s;
	struct thole_endpoint local = { .port = PORT };
	struct rte_mbuf *chain;
	thole_sock listener, sock;

	(void)arg;
	s = open_context(1);
	listener = thole_socket(s);
	CU_ASSERT_EQUAL(thole_bind(s, listener, &local), 0);
	CU_ASSERT_EQUAL(thole_listen(s, listener, 16, THOLE_NEVER), 0);
	while ((sock = thole_accept(s, listener, NULL, THOLE_NEVER)) > 0) {
		int64_t n;
		bool any = false;

		while ((n = thole_recv_mbuf(s, sock, &chain, 65536, THOLE_NEVER)) > 0) {
			any = true;
			run.echoed += (uint64_t)n;
			CU_ASSERT_EQUAL(thole_send_mbuf(s, sock, chain, THOLE_NEVER), n);
		}
		CU_ASSERT_EQUAL(n, 0);
		close_sock(s, sock, !any);
		if (!any)
			break;
	}
	end_context(s);
	return NULL;
}

static void
talk(struct thole_sockets *c, unsigned int pieces)
{
	struct thole_endpoint to = world_at(1, PORT);
	thole_sock sock = thole_socket(c);
	uint8_t out[4000], in[4000];
	int error;

	/* The server may not listen yet. */
	while ((error = thole_connect(c, sock, &to, THOLE_NEVER)) == -ECONNREFUSED)
		sched_yield();
	CU_ASSERT_EQUAL_FATAL(error, 0);
	for (unsigned int i = 0; i < pieces; i++) {
		size_t n = 1 + i * 37 % sizeof(out), got = 0;

		memset(out, (int)(i + 1), n);
		CU_ASSERT_EQUAL(thole_send(c, sock, out, n, THOLE_NEVER), (int64_t)n);
		while (got < n) {
			int64_t r = thole_recv(c, sock, in + got, n - got, THOLE_NEVER);

			CU_ASSERT_TRUE_FATAL(r > 0);
			got += (size_t)r;
		}
		CU_ASSERT_EQUAL(memcmp(out, in, n), 0);
	}
	CU_ASSERT_EQUAL(thole_shutdown(c, sock, THOLE_SHUT_WR), 0);
	CU_ASSERT_EQUAL(thole_recv(c, sock, in, 1, THOLE_NEVER), 0);
	CU_ASSERT_EQUAL(thole_close(c, sock), 0);
}

static void
threads(void)
{
	struct thole_sockets *c;
	pthread_t workers, server;

	world_begin(&(struct world_config){ .nb_workers = 2, .no_sockets = true });
	memset(&run, 0, sizeof(run));
	CU_ASSERT_EQUAL_FATAL(pthread_create(&workers, NULL, turn_workers, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&server, NULL, serve, NULL), 0);
	c = open_context(0);
	for (int i = 0; i < 8; i++)
		talk(c, 100);
	talk(c, 0);
	pthread_join(server, NULL);
	end_context(c);
	CU_ASSERT_TRUE(run.echoed > 8 * 100);
	__atomic_store_n(&run.stop, true, __ATOMIC_RELEASE);
	pthread_join(workers, NULL);
	world_end();
}

/* A context of side 1 that has connections given to it, in a thread of its own. */
struct taker {
	pthread_t thread;
	struct thole_sockets *sockets; /* once it takes */
	unsigned int served;
};

/* Echoes what it is given, one after the other, until it is given one that nothing comes on. */
static void *
serve_given(void *arg)
{
	struct thole_sockets *s;
	struct rte_mbuf *chain;
	struct taker *me = arg;
	thole_sock box, sock;
	bool any = true;

	s = open_context(1);
	box = thole_take(s, 2);
	CU_ASSERT_TRUE(box > 0);
	__atomic_store_n(&me->sockets, s, __ATOMIC_RELEASE); /* partner: give_all() */
	while (any && (sock = thole_accept(s, box, NULL, THOLE_NEVER)) > 0) {
		int64_t n;

		any = false;
		while ((n = thole_recv_mbuf(s, sock, &chain, 65536, THOLE_NEVER)) > 0) {
			any = true;
			CU_ASSERT_EQUAL(thole_send_mbuf(s, sock, chain, THOLE_NEVER), n);
		}
		CU_ASSERT_EQUAL(n, 0);
		close_sock(s, sock, !any);
		me->served += any;
	}
	end_context(s);
	return NULL;
}

/* Accepts, and gives to one of the takers in turn, having read nothing. */
static void *
give_all(void *arg)
{
	struct taker *takers = arg;
	struct thole_sockets *s, *to;
	struct thole_endpoint local = { .port = PORT };
	thole_sock listener, sock;

	s = open_context(1);
	listener = thole_socket(s);
	CU_ASSERT_EQUAL(thole_bind(s, listener, &local), 0);
	CU_ASSERT_EQUAL(thole_listen(s, listener, 16, THOLE_NEVER), 0);
	for (unsigned int i = 0; i < GIVEN; i++) {
		sock = thole_accept(s, listener, NULL, THOLE_NEVER);
		CU_ASSERT_TRUE_FATAL(sock > 0);
		while ((to = __atomic_load_n(&takers[i % 2].sockets, __ATOMIC_ACQUIRE)) == NULL)
			sched_yield();
		CU_ASSERT_EQUAL(thole_give(s, sock, to, i, THOLE_NEVER), 0);
	}
	end_context(s);
	return NULL;
}

static void
given(void)
{
	struct taker takers[2] = { { .served = 0 } };
	struct thole_sockets *c;
	pthread_t workers, acceptor;

	world_begin(&(struct world_config){ .nb_workers = 2, .no_sockets = true });
	memset(&run, 0, sizeof(run));
	CU_ASSERT_EQUAL_FATAL(pthread_create(&workers, NULL, turn_workers, NULL), 0);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL_FATAL(
			pthread_create(&takers[i].thread, NULL, serve_given, &takers[i]), 0);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&acceptor, NULL, give_all, takers), 0);
	c = open_context(0);
	for (unsigned int i = 0; i < GIVEN - 2; i++)
		talk(c, 20);
	talk(c, 0);
	talk(c, 0);
	pthread_join(acceptor, NULL);
	for (int i = 0; i < 2; i++) {
		pthread_join(takers[i].thread, NULL);
		CU_ASSERT_EQUAL(takers[i].served, (GIVEN - 2) / 2);
	}
	end_context(c);
	__atomic_store_n(&run.stop, true, __ATOMIC_RELEASE);
	pthread_join(workers, NULL);
	world_end();
}

/* Connections that three threads pass round, each of which echoes a piece and gives on. */
static struct {
	struct thole_sockets *sockets[3]; /* all are there before any gives */
	pthread_barrier_t ready;
	unsigned int over;
	unsigned int passed;
	bool stop;
} ring;

/* @return whether @p sock is this thread's still. */
static bool
pass_on(struct thole_sockets *s, thole_sock sock, unsigned int to)
{
	uint8_t piece[700];
	int64_t n = thole_recv(s, sock, piece, sizeof(piece), 0);
	int error;

	if (n == 0) {
		__atomic_add_fetch(&ring.over, 1, __ATOMIC_RELAXED); /* before the peer can know */
		CU_ASSERT_EQUAL(thole_close(s, sock), 0);
		return false;
	}
	CU_ASSERT_TRUE_FATAL(n > 0 || n == -EAGAIN);
	if (n > 0)
		CU_ASSERT_EQUAL(thole_send(s, sock, piece, (size_t)n, THOLE_NEVER), n);
	error = thole_give(s, sock, ring.sockets[to], 0, n > 300 ? THOLE_NEVER : 0);
	CU_ASSERT_TRUE(error == 0 || error == -EINPROGRESS || error == -EAGAIN);
	if (error != -EAGAIN)
		__atomic_add_fetch(&ring.passed, 1, __ATOMIC_RELAXED);
	return error == -EAGAIN;
}

static void *
serve_ring(void *arg)
{
	unsigned int i = *(const unsigned int *)arg, round = i;
	struct thole_sockets *s;
	thole_sock held[RING] = { 0 }, listener = 0, box;

	s = open_context(1);
	ring.sockets[i] = s;
	if (i == 0) { /* the first also accepts from outside */
		struct thole_endpoint local = { .port = PORT };

		listener = thole_socket(s);
		CU_ASSERT_EQUAL(thole_bind(s, listener, &local), 0);
		CU_ASSERT_EQUAL(thole_listen(s, listener, RING, THOLE_NEVER), 0);
	}
	box = thole_take(s, RING / 2);
	CU_ASSERT_TRUE_FATAL(box > 0);
	pthread_barrier_wait(&ring.ready);
	while (!__atomic_load_n(&ring.stop, __ATOMIC_ACQUIRE)) {
		for (unsigned int k = 0; k < RING; k++) {
			if (held[k] == 0)
				held[k] = thole_accept(s, box, NULL, 0);
			if (held[k] == -EAGAIN && i == 0)
				held[k] = thole_accept(s, listener, NULL, 0);
			if (held[k] < 0 || !pass_on(s, held[k], (i + 1 + round++ % 2) % 3))
				held[k] = 0;
		}
		sched_yield();
	}
	pthread_barrier_wait(&ring.ready); /* nobody gives to one that has ended */
	end_context(s);
	return NULL;
}

/* Pieces on all connections at once; what comes back is what went out. */
static void
talk_to_ring(struct thole_sockets *c)
{
	struct thole_endpoint to = world_at(1, PORT);
	thole_sock socks[RING];
	uint8_t out[2000], in[2000];

	for (unsigned int k = 0; k < RING; k++) {
		socks[k] = thole_socket(c);
		CU_ASSERT_EQUAL_FATAL(thole_connect(c, socks[k], &to, THOLE_NEVER), 0);
	}
	for (unsigned int i = 0; i < 20 * RING; i++) {
		thole_sock sock = socks[i % RING];
		size_t n = 1 + i * 211 % sizeof(out), got = 0;

		for (size_t k = 0; k < n; k++)
			out[k] = (uint8_t)(k * 7 + i + k / 256);
		CU_ASSERT_EQUAL(thole_send(c, sock, out, n, THOLE_NEVER), (int64_t)n);
		while (got < n) {
			int64_t r = thole_recv(c, sock, in + got, n - got, THOLE_NEVER);

			CU_ASSERT_TRUE_FATAL(r > 0);
			got += (size_t)r;
		}
		CU_ASSERT_EQUAL(memcmp(out, in, n), 0);
	}
	for (unsigned int k = 0; k < RING; k++) {
		CU_ASSERT_EQUAL(thole_shutdown(c, socks[k], THOLE_SHUT_WR), 0);
		CU_ASSERT_EQUAL(thole_recv(c, socks[k], in, 1, THOLE_NEVER), 0);
		CU_ASSERT_EQUAL(thole_close(c, socks[k]), 0);
	}
}

static void
round_and_round(void)
{
	static const unsigned int numbers[3] = { 0, 1, 2 };
	struct thole_sockets *c;
	pthread_t workers, servers[3];

	world_begin(&(struct world_config){ .nb_workers = 2, .no_sockets = true });
	memset(&run, 0, sizeof(run));
	memset(&ring, 0, sizeof(ring));
	pthread_barrier_init(&ring.ready, NULL, 4);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&workers, NULL, turn_workers, NULL), 0);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&servers[i], NULL, serve_ring,
					      (void *)(uintptr_t)&numbers[i]),
			0);
	c = open_context(0);
	pthread_barrier_wait(&ring.ready);
	talk_to_ring(c);
	CU_ASSERT_EQUAL(__atomic_load_n(&ring.over, __ATOMIC_RELAXED), RING);
	CU_ASSERT_TRUE(__atomic_load_n(&ring.passed, __ATOMIC_RELAXED) > 2 * RING);
	__atomic_store_n(&ring.stop, true, __ATOMIC_RELEASE);
	pthread_barrier_wait(&ring.ready);
	for (int i = 0; i < 3; i++)
		pthread_join(servers[i], NULL);
	end_context(c);
	__atomic_store_n(&run.stop, true, __ATOMIC_RELEASE);
	pthread_join(workers, NULL);
	pthread_barrier_destroy(&ring.ready);
	world_end();
}

static const struct test_case cases[] = {
	{ "workers, server and client, each in a thread", threads },
	{ "one thread accepts, two others serve", given },
	{ "three threads pass connections round", round_and_round },
	{ NULL, NULL },
};

const struct test_suite suite_threads = { "threads", cases };
