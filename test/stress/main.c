/* SPDX-License-Identifier: BSD-3-Clause */
/* main.c: sets the workers up, lets the threads go, and says what became of it all. TAP. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_lcore.h>
#include <rte_mempool.h>

#include "base/time.h"
#include "stress.h"

#define PORT_MBUFS  8192
#define USER_MBUFS  16384
#define MEM_MB	    512
#define END_SECONDS 300 /* what doesn't come by then never will */

struct runner {
	struct thole_worker *worker;
	pthread_t thread;
	bool stop;
};

static struct shared sh;
static struct user users[USERS];
static pthread_t user_threads[USERS];
static struct runner runners[STACKS];
static struct thole_port *ports[SIDES];
static unsigned int results, failures;

static void
result(bool good, const char *what)
{
	printf("%s %u - %s\n", good ? "ok" : "not ok", ++results, what);
	failures += !good;
	fflush(stdout);
}

static void
die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(1);
}

static void
nap(uint64_t ns)
{
	const struct timespec t = { (time_t)(ns / TIME_S), (long)(ns % TIME_S) };

	nanosleep(&t, NULL);
}

static void *
run_worker(void *arg)
{
	struct runner *r = arg;
	bool registered = rte_thread_register() == 0;
	cpu_set_t any;

	memset(&any, 0xff, sizeof(any)); /* EAL has bound its caller to one core, and with it us */
	pthread_setaffinity_np(pthread_self(), sizeof(any), &any);
	thole_worker_run(r->worker, &r->stop);
	if (registered)
		rte_thread_unregister();
	return NULL;
}

static void
open_side(unsigned int side, const char *device)
{
	static struct thole_address addresses[SIDES];
	struct thole_why why = { "" };
	struct thole_worker_config w;
	struct thole_port_config p;

	thole_port_config_init(&p);
	p.device = device;
	p.rx_desc = p.tx_desc = 512;
	p.pool_mbufs = PORT_MBUFS;
	p.nb_workers = p.nb_queues = 2;
	if (thole_port_open(&p, &ports[side], &why) != 0)
		die(why.text);
	if (instrument_port(thole_port_id(ports[side]), 2) != 0)
		die("no callbacks");
	addresses[0] = (struct thole_address){ thole_addr_ip4(CLIENT_IP), CLIENTS, 24 };
	addresses[1] = (struct thole_address){ thole_addr_ip4(SERVER_IP), 1, 24 };
	thole_worker_config_init(&w);
	w.port = ports[side];
	w.stack.alloc = stress_alloc;
	w.stack.free = stress_free;
	w.stack.addresses = &addresses[side];
	w.stack.nb_addresses = 1;
	w.stack.max_conns = CONNS_MAX;
	w.stack.port_min = 1024;
	w.stack.port_max = 65535;
	w.stack.tcp.sndbuf_bytes = SNDBUF;
	w.stack.tcp.rcvbuf_bytes = SNDBUF;
	for (uint16_t i = 0; i < 2; i++) {
		unsigned int stack = 2 * side + i;

		w.queue = i;
		w.idle.sleep = i == 0; /* the other one spins */
		if (thole_worker_create(&w, &sh.workers[stack], &why) != 0)
			die(why.text);
		runners[stack].worker = sh.workers[stack];
	}
}

static void
set_up(uint32_t conns, uint64_t seed)
{
	const struct thole_idle_config idle = { .sleep = true,
		.spin_ns = 20 * TIME_US,
		.pause_ns = 20 * TIME_US,
		.sleep_ns = TIME_MS };
	char name[] = "stress", *argv[] = { name, NULL };
	struct thole_why why = { "" };

	if (thole_eal_start(1, argv, MEM_MB, &why) != 0)
		die(why.text);
	if (instrument_pools() != 0)
		die("no mempool ops");
	sh.pool = rte_pktmbuf_pool_create(
		"users", USER_MBUFS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (sh.pool == NULL || thole_cable_create("left", "right", 2, 512, &why) != 0)
		die("no pool, or no cable");
	open_side(0, "left");
	open_side(1, "right");
	sh.pairs = calloc(PAIRS, sizeof(*sh.pairs));
	if (sh.pairs == NULL)
		die("out of memory");
	sh.target = conns / USERS;
	memset(sh.numbers, 0xff, sizeof(sh.numbers));
	for (unsigned int i = 0; i < USERS; i++) {
		users[i] = (struct user){ .sh = &sh, .id = i, .seed = seed * 100 + i };
		users[i].own = calloc(KNOWN_MAX, sizeof(struct known *));
		if (users[i].own == NULL || !known_init(&users[i].known))
			die("out of memory");
		if (i % 3 != 0 && thole_idle_create(&idle, &users[i].idle, &why) != 0)
			die(why.text);
	}
}

static void
start_all(void)
{
	for (unsigned int i = 0; i < STACKS; i++)
		if (pthread_create(&runners[i].thread, NULL, run_worker, &runners[i]) != 0)
			die("no thread");
	for (unsigned int i = 0; i < USERS; i++)
		if (pthread_create(&user_threads[i], NULL, user_run, &users[i]) != 0)
			die("no thread");
}

/* Of all users', while they go on. */
static uint64_t
sum(size_t offset)
{
	uint64_t all = 0;

	for (unsigned int i = 0; i < USERS; i++)
		all += GET(*(const uint64_t *)(const void *)((const char *)&users[i].n + offset));
	return all;
}

#define SUM(what) sum(offsetof(struct totals, what))

/* What a test of all that is wants to have seen, on however slow a machine. */
static bool
enough(uint32_t conns)
{
	return SUM(opened) >= conns && SUM(accepted) >= conns / 2 && SUM(given) != 0 &&
	       SUM(taken) != 0 && SUM(churned) != 0 && SUM(closed) >= SUM(reset) + conns / 10;
}

struct count {
	unsigned int stack;
	uint64_t left;
};

static void
count_left(void *ctx)
{
	struct count *c = ctx;
	struct thole_stats s;

	thole_stats_get(thole_worker_stack(sh.workers[c->stack]), &s);
	c->left = s.conns + s.embryos;
}

/* @return whether all connections have ended. */
static bool
all_end(void)
{
	uint64_t left = 1, start = thole_clock_ns();

	while (left != 0 && thole_clock_ns() - start < END_SECONDS * TIME_S) {
		nap(100 * TIME_MS);
		left = 0;
		for (unsigned int i = 0; i < STACKS; i++) {
			struct count c = { .stack = i };

			if (thole_worker_call(sh.workers[i], count_left, &c, THOLE_NEVER) != 0)
				return false;
			left += c.left;
		}
	}
	if (left != 0)
		printf("# %" PRIu64 " connections and handshakes are left\n", left);
	return left == 0;
}

static void
tear_down(void)
{
	for (unsigned int i = 0; i < STACKS; i++) {
		__atomic_store_n(&runners[i].stop, true, __ATOMIC_RELEASE);
		thole_worker_wake(sh.workers[i]);
	}
	for (unsigned int i = 0; i < STACKS; i++)
		pthread_join(runners[i].thread, NULL);
	for (unsigned int n = 0; n < 100; n++) /* the last packets leave the cable */
		for (unsigned int i = 0; i < STACKS; i++)
			(void)thole_worker_turn(sh.workers[i]);
	for (unsigned int i = 0; i < STACKS; i++)
		thole_worker_destroy(sh.workers[i]);
}

static bool
pools_are_full(void)
{
	unsigned int out = rte_mempool_in_use_count(sh.pool);

	for (unsigned int i = 0; i < STACKS; i++)
		out += rte_mempool_in_use_count(thole_port_pool(ports[i / 2], (uint16_t)(i % 2)));
	if (out != 0)
		printf("# %u mbufs are missing\n", out);
	return out == 0;
}

static void
add_up(struct totals *all)
{
	uint64_t *to = (uint64_t *)(void *)all;

	for (unsigned int i = 0; i < USERS; i++)
		for (size_t k = 0; k < sizeof(*all) / sizeof(*to); k++)
			to[k] += ((const uint64_t *)(const void *)&users[i].n)[k];
}

static void
judge(uint32_t conns, bool ended)
{
	struct totals all = { 0 };
	uint64_t whole, errors = ledger_settle(&sh, &whole);

	add_up(&all);
	printf("# %" PRIu64 " opened, %" PRIu64 " accepted, %" PRIu64 " never came about; %" PRIu64
	       " CLOSED, %" PRIu64 " of them reset; %" PRIu64 " both ends in order\n",
		all.opened, all.accepted, all.failed, all.closed, all.reset, whole);
	printf("# %" PRIu64 " given, %" PRIu64 " taken; %" PRIu64 " contexts made anew, %" PRIu64
	       " calls withdrawn; %" PRIu64 " ops refused; %" PRIu64 " bytes sent, %" PRIu64
	       " read\n",
		all.given, all.taken, all.churned, all.withdrawn, all.refused, all.sent, all.got);
	result(ended, "all connections end");
	result(all.errors == 0, "every event is one that may come then");
	result(errors == 0, "no event and no byte is lost");
	result(pools_are_full(), "every mbuf is back in its pool");
	result(all.opened >= conns && all.accepted >= conns / 2 && whole != 0 && all.given != 0 &&
			all.taken != 0 && all.churned != 0,
		"there was enough of everything");
}

static void
free_all(void)
{
	for (unsigned int i = 0; i < USERS; i++) {
		thole_idle_destroy(users[i].idle);
		known_fini(&users[i].known);
		free(users[i].own);
	}
	free(sh.pairs);
	thole_port_close(ports[0]);
	thole_port_close(ports[1]);
	rte_mempool_free(sh.pool);
	thole_eal_stop();
}

static uint64_t
number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		die("usage: stress [--seconds N] [--conns N] [--seed N]");
	return n;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "seconds", required_argument, NULL, 's' },
		{ "conns", required_argument, NULL, 'c' }, { "seed", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 } };
	uint64_t seconds = 5, conns = 1000, seed = 1;
	bool ended;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 's')
			seconds = number(optarg);
		else if (c == 'c')
			conns = number(optarg);
		else if (c == 'r')
			seed = number(optarg);
		else
			die("usage: stress [--seconds N] [--conns N] [--seed N]");
	}
	if (conns < USERS || conns > CONNS_MAX)
		die("--conns: 10 to 16384");
	set_up((uint32_t)conns, seed);
	start_all();
	nap(seconds * TIME_S);
	for (uint64_t at = thole_clock_ns();
		!enough((uint32_t)conns) && thole_clock_ns() - at < END_SECONDS * TIME_S;)
		nap(100 * TIME_MS);
	PUT(sh.stop, 1);
	ended = all_end();
	__atomic_store_n(&sh.finish, 1, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < USERS; i++)
		pthread_join(user_threads[i], NULL);
	tear_down();
	judge((uint32_t)conns, ended);
	printf("1..%u\n", results);
	free_all();
	return failures != 0;
}
