/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_drain.c: workers at both ends of a cable are made, used, drained, destroyed, and made again,
 * in one process; what of it stays is nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include <thole/port.h>

#include "base/time.h"
#include "port/port.h"
#include "test.h"

#define ROUNDS	3
#define CONNS	6
#define STAY	2 /* of them; the others close */
#define TURNS	100000
#define PATIENT (20 * TIME_S) /* more than anything here takes */
#define MANY	40	      /* connections, on a cable of 16 slots */

enum { SERVER, CLIENT };

struct end {
	struct thole_port *port;
	struct thole_worker *worker;
	struct thole_app *app;
	struct thole_address address;
	uint32_t opened, closed, reset, refused;
};

static struct end ends[2];
static thole_conn conns[MANY]; /* the client's */

static void
open_ports(uint32_t slots)
{
	struct thole_port_config c;

	memset(ends, 0, sizeof(ends));
	thole_port_config_init(&c);
	c.rx_desc = 64;
	c.tx_desc = 64;
	c.pool_mbufs = 1024;
	CU_ASSERT_EQUAL_FATAL(thole_cable_create("end0", "end1", 1, slots, NULL), 0);
	for (uint32_t i = 0; i < 2; i++) {
		c.device = i == SERVER ? "end0" : "end1";
		CU_ASSERT_EQUAL_FATAL(thole_port_open(&c, &ends[i].port, NULL), 0);
		ends[i].address = (struct thole_address){ thole_addr_ip4(0x0a000001 + i), 1, 24 };
	}
}

static void
close_ports(void)
{
	for (int i = 0; i < 2; i++)
		for (struct rte_mbuf *m; rte_eth_rx_burst(ends[i].port->id, 0, &m, 1) == 1;)
			rte_pktmbuf_free(m);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(rte_mempool_in_use_count(ends[i].port->pools[0]), 0);
	for (int i = 0; i < 2; i++)
		thole_port_close(ends[i].port);
}

static void
make(struct end *e, bool sleeps)
{
	struct thole_worker_config c;
	struct thole_app_config direct = { .ring_entries = 0 };

	thole_worker_config_init(&c);
	c.port = e->port;
	c.stack.addresses = &e->address;
	c.stack.nb_addresses = 1;
	c.stack.max_conns = 64;
	c.stack.max_embryos = 64;
	c.stack.max_time_wait = 64;
	c.idle.sleep = sleeps;
	c.idle.poll_ns = c.idle.sleep_ns = 3600 * TIME_S; /* nothing but a deadline or a kick */
	CU_ASSERT_EQUAL_FATAL(thole_worker_create(&c, &e->worker, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(thole_app_create(thole_worker_stack(e->worker), &direct, &e->app), 0);
	e->opened = e->closed = e->reset = e->refused = 0;
}

static void
unmake(struct end *e)
{
	thole_app_destroy(e->app);
	thole_worker_destroy(e->worker);
}

static void
op(struct end *e, enum thole_op_type type, thole_conn conn)
{
	struct thole_op o = { .type = type, .conn = conn };

	if (type == THOLE_OP_LISTEN)
		o.local.port = 80;
	if (type == THOLE_OP_LISTEN)
		o.bytes = MANY;
	if (type == THOLE_OP_CONNECT)
		o.remote = (struct thole_endpoint){ ends[SERVER].address.first, 80 };
	CU_ASSERT_EQUAL(thole_app_submit(e->app, &o, 1), 1);
}

/* The server closes after its peer. */
static void
turn(struct end *e)
{
	struct thole_event ev;

	(void)thole_worker_turn(e->worker);
	while (thole_app_events(e->app, &ev, 1) == 1) {
		if (ev.type == THOLE_EV_CONNECTED)
			conns[e->opened] = ev.conn;
		if (ev.type == THOLE_EV_ACCEPTED || ev.type == THOLE_EV_CONNECTED)
			e->opened++;
		else if (ev.type == THOLE_EV_PEER_CLOSED)
			op(e, THOLE_OP_CLOSE, ev.conn);
		else if (ev.type == THOLE_EV_CLOSED && ev.status == 0)
			e->closed++;
		else if (ev.type == THOLE_EV_CLOSED && ev.status == -ECONNREFUSED)
			e->refused++;
		else if (ev.type == THOLE_EV_CLOSED)
			e->reset++;
	}
}

/* Turns of both until @p count is @p n. */
static void
until(const uint32_t *count, uint32_t n)
{
	for (int i = 0; i < TURNS && *count != n; i++) {
		turn(&ends[SERVER]);
		turn(&ends[CLIENT]);
	}
	CU_ASSERT_EQUAL_FATAL(*count, n);
}

static void
open_conns(uint32_t n)
{
	turn(&ends[SERVER]);
	op(&ends[SERVER], THOLE_OP_LISTEN, 0);
	turn(&ends[CLIENT]);
	for (uint32_t i = 0; i < n; i++)
		op(&ends[CLIENT], THOLE_OP_CONNECT, 0);
	until(&ends[SERVER].opened, n);
	until(&ends[CLIENT].opened, n);
}

/* Some close meanwhile, some stay until there is no more time. */
static void
use_and_drain(void)
{
	struct thole_worker *server = ends[SERVER].worker, *client = ends[CLIENT].worker;
	struct thole_left cut = { .open = 99 };

	open_conns(CONNS);
	CU_ASSERT_FALSE(thole_worker_drained(server, &cut));
	thole_worker_drain(server, thole_clock_ns() + 3600 * TIME_S);
	turn(&ends[SERVER]);
	op(&ends[CLIENT], THOLE_OP_CONNECT, 0);
	until(&ends[CLIENT].refused, 1);
	for (uint32_t i = STAY; i < CONNS; i++)
		op(&ends[CLIENT], THOLE_OP_CLOSE, conns[i]);
	until(&ends[SERVER].closed, CONNS - STAY);
	until(&ends[CLIENT].closed, CONNS - STAY);
	CU_ASSERT_FALSE(thole_worker_drained(server, &cut));
	CU_ASSERT_EQUAL(cut.open, 99);
	thole_worker_drain(server, 0);
	turn(&ends[SERVER]);
	CU_ASSERT_TRUE(thole_worker_drained(server, NULL));
	CU_ASSERT_TRUE(thole_worker_drained(server, &cut));
	CU_ASSERT_EQUAL(cut.open, STAY);
	CU_ASSERT_EQUAL(cut.orphans, 0);
	until(&ends[CLIENT].reset, STAY);
	until(&ends[SERVER].reset, STAY);
	/* Where nothing is left it takes one look. */
	thole_worker_drain(client, THOLE_NEVER);
	turn(&ends[CLIENT]);
	CU_ASSERT_TRUE(thole_worker_drained(client, &cut));
	CU_ASSERT_EQUAL(cut.open, 0);
	op(&ends[CLIENT], THOLE_OP_CONNECT, 0);
	until(&ends[CLIENT].reset, STAY + 1);
}

static size_t
bytes_in_use(void)
{
	struct rte_malloc_socket_stats stats;
	size_t bytes = 0;

	for (int i = 0; i < RTE_MAX_NUMA_NODES; i++)
		if (rte_malloc_get_socket_stats(i, &stats) == 0)
			bytes += stats.heap_allocsz_bytes;
	return bytes;
}

static unsigned int
files_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void
again_and_again(void)
{
	size_t bytes = 0;
	unsigned int files = 0;

	for (int round = 0; round < ROUNDS; round++) {
		open_ports(64);
		for (int i = 0; i < ROUNDS; i++) { /* on the same ports */
			make(&ends[SERVER], true);
			make(&ends[CLIENT], true);
			use_and_drain();
			unmake(&ends[SERVER]);
			unmake(&ends[CLIENT]);
		}
		close_ports();
		if (round == 0) { /* what DPDK keeps of a first time stays */
			bytes = bytes_in_use();
			files = files_open();
		}
		CU_ASSERT_EQUAL(bytes_in_use(), bytes);
		CU_ASSERT_EQUAL(files_open(), files);
	}
}

/* The client doesn't read, and the server's RSTs are more than the cable holds. */
static void
a_device_that_is_full(void)
{
	struct thole_left cut = { .open = 0 };
	uint64_t end = thole_clock_ns() + PATIENT;

	open_ports(16);
	make(&ends[SERVER], false);
	make(&ends[CLIENT], false);
	open_conns(MANY);
	thole_worker_drain(ends[SERVER].worker, 0);
	turn(&ends[SERVER]);
	CU_ASSERT_FALSE(thole_worker_drained(ends[SERVER].worker, NULL));
	while (!thole_worker_drained(ends[SERVER].worker, &cut) && thole_clock_ns() < end)
		turn(&ends[SERVER]);
	CU_ASSERT_EQUAL(cut.open, MANY);
	unmake(&ends[SERVER]);
	unmake(&ends[CLIENT]);
	close_ports();
}

static bool stop;

static void *
run(void *ctx)
{
	thole_worker_run(ctx, &stop);
	return NULL;
}

/* A worker that sleeps drains when another thread says so, and wakes for the deadline. */
static void
asleep(void)
{
	struct thole_worker *server;
	struct thole_left cut = { .open = 0 };
	uint64_t end = thole_clock_ns() + PATIENT;
	pthread_t thread;

	open_ports(64);
	make(&ends[SERVER], true);
	make(&ends[CLIENT], true);
	server = ends[SERVER].worker;
	open_conns(1);
	stop = false;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, run, server), 0);
	thole_worker_drain(server, thole_clock_ns() + 20 * TIME_MS);
	while (!thole_worker_drained(server, &cut) && thole_clock_ns() < end)
		sched_yield();
	CU_ASSERT_EQUAL(cut.open, 1);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	thole_worker_wake(server);
	pthread_join(thread, NULL);
	unmake(&ends[SERVER]);
	unmake(&ends[CLIENT]);
	close_ports();
}

static const struct test_case cases[] = {
	{ "used, drained, destroyed, and made again", again_and_again },
	{ "a device that is full", a_device_that_is_full },
	{ "asleep", asleep },
	{ NULL, NULL },
};

const struct test_suite suite_drain = { "drain", cases };
