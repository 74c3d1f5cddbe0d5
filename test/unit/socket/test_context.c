/* SPDX-License-Identifier: BSD-3-Clause */
/* test_context.c: contexts made and ended; records and their map. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "socket/socket.h"
#include "socket/world.h"

#define PORT 80

static void
configurations(void)
{
	struct thole_sockets_config c;
	struct thole_sockets *s = NULL;
	struct thole_why why = { "" };
	struct rte_mempool *small;

	world_begin(&(struct world_config){ .no_sockets = true });
	thole_sockets_config_init(&c);
	CU_ASSERT_EQUAL(thole_sockets_create(world.sides[0].workers, 0, &c, &s, &why), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "workers"));
	CU_ASSERT_EQUAL(thole_sockets_create(world.sides[0].workers, 129, &c, &s, NULL), -EINVAL);
	c.ring_entries = 96;
	CU_ASSERT_EQUAL(thole_sockets_create(world.sides[0].workers, 1, &c, &s, &why), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "ring_entries"));
	c.ring_entries = 32;
	CU_ASSERT_EQUAL(thole_sockets_create(world.sides[0].workers, 1, &c, &s, &why), -EINVAL);
	c.ring_entries = 64;
	c.max_sockets = 0;
	CU_ASSERT_EQUAL(thole_sockets_create(world.sides[0].workers, 1, &c, &s, &why), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "max_sockets"));
	c.max_sockets = (1u << 24) + 1;
	CU_ASSERT_EQUAL(thole_sockets_create(world.sides[0].workers, 1, &c, &s, &why), -EINVAL);
	c.max_sockets = 4;
	small = rte_pktmbuf_pool_create("small", 31, 0, 0, 128 + 128, SOCKET_ID_ANY);
	CU_ASSERT_PTR_NOT_NULL_FATAL(small);
	c.pool = small;
	CU_ASSERT_EQUAL(thole_sockets_create(world.sides[0].workers, 1, &c, &s, &why), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "pool"));
	rte_mempool_free(small);
	CU_ASSERT_PTR_NULL(s);
	CU_ASSERT_EQUAL(thole_sockets_destroy(NULL), 0);
	world_end();
}

/* A stack has only so many contexts: one more is refused, and leaves nothing behind on other
 * workers. */
static void
as_many_as_there_are(void)
{
	enum { MOST = 256 };
	struct thole_sockets_config c;
	struct thole_sockets *s[MOST] = { NULL }, *other = NULL;
	struct thole_why why = { "" };
	int n, before = 0;

	world_begin(&(struct world_config){ .nb_workers = 2, .no_sockets = true });
	thole_sockets_config_init(&c);
	c.ring_entries = 64;
	c.max_sockets = 4;
	c.turn = world_turn;
	for (int round = 0; round < 2; round++) {
		CU_ASSERT_EQUAL(
			thole_sockets_create(world.sides[0].workers + 1, 1, &c, &s[0], NULL), 0);
		n = 1;
		while (n < MOST &&
			thole_sockets_create(world.sides[0].workers, 2, &c, &s[n], &why) == 0)
			n++;
		CU_ASSERT_TRUE(n >= 16 && n < MOST);
		CU_ASSERT_TRUE(round == 0 || n == before);
		before = n;
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "contexts"));
		CU_ASSERT_PTR_NULL(s[n]);
		/* The first worker has room for one more, and one only. */
		CU_ASSERT_EQUAL(
			thole_sockets_create(world.sides[0].workers, 1, &c, &other, NULL), 0);
		CU_ASSERT_EQUAL(
			thole_sockets_create(world.sides[0].workers, 1, &c, &s[n], NULL), -ENOSPC);
		CU_ASSERT_EQUAL(thole_sockets_destroy(other), 0);
		while (n > 0)
			CU_ASSERT_EQUAL(thole_sockets_destroy(s[--n]), 0);
		memset(s, 0, sizeof(s));
	}
	world_end();
}

/* Ended with everything open that can be: nothing is left, and peers hear of it. */
static void
ended_in_use(void)
{
	struct thole_endpoint to = world_at(1, PORT), nobody = { thole_addr_ip4(0x0a000063), 1 };
	struct thole_sockets *c, *s;
	thole_sock listener, client[4], server[4], opening;
	char byte;

	world_begin(&(struct world_config){ .nb_workers = 2 });
	c = world.sides[0].sockets;
	s = world.sides[1].sockets;
	listener = world_listen(PORT, 8);
	for (int i = 0; i < 4; i++) {
		world_pair(listener, PORT, &client[i], &server[i]);
		CU_ASSERT_EQUAL(thole_send(c, client[i], "abc", 3, 0), 3);
		CU_ASSERT_EQUAL(thole_send(s, server[i], "def", 3, 0), 3);
	}
	opening = thole_socket(s);
	CU_ASSERT_EQUAL(thole_connect(s, opening, &nobody, 0), -EINPROGRESS);
	opening = thole_socket(c);
	CU_ASSERT_EQUAL(thole_connect(c, opening, &to, WORLD_LONG), 0);
	world_turns(20);
	CU_ASSERT_EQUAL(thole_recv(s, server[0], &byte, 1, 0), 1);
	CU_ASSERT_EQUAL(thole_sockets_destroy(s), 0);
	world.sides[1].sockets = NULL;
	world_turns(20);
	for (int i = 0; i < 4; i++) {
		char text[4];

		CU_ASSERT_EQUAL(thole_recv(c, client[i], text, 4, WORLD_LONG), 3);
		CU_ASSERT_EQUAL(thole_recv(c, client[i], text, 4, WORLD_LONG), -ECONNRESET);
	}
	CU_ASSERT_EQUAL(thole_recv(c, opening, &byte, 1, WORLD_LONG), -ECONNRESET);
	world_end();
}

/* The map against a search through all, with connections that collide. */
static void
map(void)
{
	enum { N = 64, ROUNDS = 20000 };
	struct thole_sockets *s = calloc(1, sizeof(*s));
	struct sock *k[N] = { NULL };
	uint64_t seed = 1;

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	s->config.max_sockets = N;
	s->free_head = SOCK_NONE;
	s->socks = calloc(N, sizeof(*s->socks));
	s->map_mask = 2 * N - 1;
	s->map = calloc(2 * N, sizeof(*s->map));
	CU_ASSERT_TRUE_FATAL(s->socks != NULL && s->map != NULL);
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t i = prng_below(&seed, N);
		thole_conn conn = 1 + i / 2; /* the same on two rings */

		if (k[i] == NULL) {
			CU_ASSERT_PTR_NULL(sock_map_find(s, (uint16_t)(i % 2), conn));
			k[i] = sock_new(s);
			CU_ASSERT_PTR_NOT_NULL_FATAL(k[i]);
			k[i]->ring = (uint16_t)(i % 2);
			k[i]->conn = conn;
			sock_map_add(s, k[i]);
		} else {
			sock_map_remove(s, k[i]);
			sock_free(s, k[i]);
			k[i] = NULL;
		}
		for (i = 0; i < N; i++)
			CU_ASSERT_PTR_EQUAL(sock_map_find(s, (uint16_t)(i % 2), 1 + i / 2), k[i]);
	}
	free(s->socks);
	free(s->map);
	free(s);
}

/* A handle's generation goes round without passing 0. */
static void
generations(void)
{
	struct thole_sockets s = { .config = { .max_sockets = 1 }, .free_head = SOCK_NONE };
	struct sock records[1] = { { .generation = 0x7ffffffe } };
	struct sock *k;

	s.socks = records;
	k = sock_new(&s);
	CU_ASSERT_EQUAL(sock_handle(&s, k), 0x7fffffff00000000);
	CU_ASSERT_PTR_NULL(sock_new(&s));
	sock_free(&s, k);
	CU_ASSERT_PTR_NULL(sock_find(&s, 0x7fffffff00000000));
	k = sock_new(&s);
	CU_ASSERT_EQUAL(sock_handle(&s, k), 0x100000000);
}

static const struct test_case cases[] = {
	{ "configurations that can't be", configurations },
	{ "as many contexts as there are", as_many_as_there_are },
	{ "ended in use", ended_in_use },
	{ "the map", map },
	{ "generations", generations },
	{ NULL, NULL },
};

const struct test_suite suite_context = { "context", cases };
