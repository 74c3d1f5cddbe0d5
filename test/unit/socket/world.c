/* SPDX-License-Identifier: BSD-3-Clause */
/* world.c: see world.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mempool.h>

#include "socket/world.h"

#define SECOND 1000000000ull

struct world world;

void
world_turn(void *ctx)
{
	(void)ctx;
	world.turns++;
	for (int s = 0; s < 2; s++)
		for (uint16_t w = 0; w < world.nb_workers && !world.sides[s].stopped; w++)
			(void)thole_worker_turn(world.sides[s].workers[w]);
}

void
world_turns(unsigned int n)
{
	while (n-- > 0)
		world_turn(NULL);
}

static void
open_side(int s, const struct world_config *config)
{
	static const char *const names[2] = { "sock0", "sock1" };
	struct world_side *side = &world.sides[s];
	struct thole_port_config port;
	struct thole_why why = { "" };

	thole_port_config_init(&port);
	port.device = names[s];
	port.nb_workers = world.nb_workers;
	port.rx_desc = 256;
	port.tx_desc = 256;
	port.pool_mbufs = 4096;
	if (thole_port_open(&port, &side->port, &why) != 0) {
		printf("Bail out! %s\n", why.text);
		exit(1);
	}
	for (uint16_t w = 0; w < world.nb_workers; w++) {
		struct thole_address address = { thole_addr_ip4(0x0a000001u + (uint32_t)s), 1, 24 };
		struct thole_worker_config c;

		thole_worker_config_init(&c);
		c.port = side->port;
		c.queue = w;
		c.stack.addresses = &address;
		c.stack.nb_addresses = 1;
		c.stack.max_conns = 512;
		c.stack.max_embryos = 256;
		c.stack.max_time_wait = 256;
		c.stack.tcp.msl_ns = config->msl_ns != 0 ? config->msl_ns : 1000000;
		c.stack.tcp.no_delay = true;
		if (config->buf_bytes != 0) {
			c.stack.tcp.sndbuf_bytes = config->buf_bytes;
			c.stack.tcp.rcvbuf_bytes = config->buf_bytes;
		}
		if (thole_worker_create(&c, &side->workers[w], &why) != 0) {
			printf("Bail out! %s\n", why.text);
			exit(1);
		}
	}
}

void
world_begin(const struct world_config *config)
{
	struct thole_sockets_config c;
	struct thole_why why = { "" };

	memset(&world, 0, sizeof(world));
	world.nb_workers = config->nb_workers != 0 ? config->nb_workers : 1;
	CU_ASSERT_EQUAL_FATAL(
		thole_cable_create("sock0", "sock1", world.nb_workers, 1024, &why), 0);
	open_side(0, config);
	open_side(1, config);
	thole_sockets_config_init(&c);
	c.max_sockets = config->max_sockets != 0 ? config->max_sockets : 64;
	c.ring_entries = config->ring_entries != 0 ? config->ring_entries : 64;
	c.turn = world_turn;
	for (int s = 0; s < 2 && !config->no_sockets; s++) {
		struct world_side *side = &world.sides[s];

		CU_ASSERT_EQUAL_FATAL(thole_sockets_create(side->workers, world.nb_workers, &c,
					      &side->sockets, &why),
			0);
	}
}

static unsigned int
mbufs_in_use(void)
{
	unsigned int n = 0;

	for (int s = 0; s < 2; s++)
		for (uint16_t w = 0; w < world.nb_workers; w++)
			n += rte_mempool_in_use_count(thole_port_pool(world.sides[s].port, w));
	return n;
}

void
world_end(void)
{
	for (int s = 0; s < 2; s++) {
		world.sides[s].stopped = false;
		CU_ASSERT_EQUAL(thole_sockets_destroy(world.sides[s].sockets), 0);
	}
	world_turns(100); /* what is on the cable arrives */
	for (int s = 0; s < 2; s++)
		for (uint16_t w = 0; w < world.nb_workers; w++) {
			struct thole_stats stats;

			thole_stats_get(thole_worker_stack(world.sides[s].workers[w]), &stats);
			CU_ASSERT_EQUAL(stats.mbufs_held, 0);
			thole_worker_destroy(world.sides[s].workers[w]);
		}
	CU_ASSERT_EQUAL(mbufs_in_use(), 0);
	thole_port_close(world.sides[0].port);
	thole_port_close(world.sides[1].port);
}

struct thole_endpoint
world_at(unsigned int side, uint16_t port)
{
	return (struct thole_endpoint){ thole_addr_ip4(0x0a000001u + side), port };
}

thole_sock
world_listen(uint16_t port, uint32_t backlog)
{
	struct thole_sockets *s = world.sides[1].sockets;
	struct thole_endpoint local = { .port = port };
	thole_sock sock = thole_socket(s);

	CU_ASSERT_TRUE_FATAL(sock > 0);
	CU_ASSERT_EQUAL(thole_bind(s, sock, &local), 0);
	CU_ASSERT_EQUAL_FATAL(thole_listen(s, sock, backlog, WORLD_LONG), 0);
	return sock;
}

void
world_pair(thole_sock listener, uint16_t port, thole_sock *client, thole_sock *server)
{
	struct thole_endpoint to = world_at(1, port), peer, local;

	*client = thole_socket(world.sides[0].sockets);
	CU_ASSERT_TRUE_FATAL(*client > 0);
	CU_ASSERT_EQUAL_FATAL(thole_connect(world.sides[0].sockets, *client, &to, WORLD_LONG), 0);
	*server = thole_accept(world.sides[1].sockets, listener, &peer, WORLD_LONG);
	CU_ASSERT_TRUE_FATAL(*server > 0);
	CU_ASSERT_EQUAL(thole_local(world.sides[0].sockets, *client, &local), 0);
	CU_ASSERT_EQUAL(memcmp(&peer.addr, &local.addr, sizeof(peer.addr)), 0);
	CU_ASSERT_EQUAL(peer.port, local.port);
}
