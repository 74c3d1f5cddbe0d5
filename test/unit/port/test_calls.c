/* SPDX-License-Identifier: BSD-3-Clause */
/* test_calls.c: calls into a worker's thread: by whom they are run, and when they never are;
 * contexts made and ended by other threads. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include <thole/port.h>

#include "base/time.h"
#include "port/port.h"
#include "test.h"

static struct thole_port *port, *other; /* a cable needs both */
static struct thole_address address;

static struct thole_worker *
up(bool sleeps)
{
	struct thole_worker *worker = NULL;
	struct thole_worker_config w;
	struct thole_port_config c;

	thole_port_config_init(&c);
	c.rx_desc = c.tx_desc = 64;
	c.pool_mbufs = 1024;
	CU_ASSERT_EQUAL_FATAL(thole_cable_create("calls", "none", 1, 64, NULL), 0);
	c.device = "calls";
	CU_ASSERT_EQUAL_FATAL(thole_port_open(&c, &port, NULL), 0);
	c.device = "none";
	CU_ASSERT_EQUAL_FATAL(thole_port_open(&c, &other, NULL), 0);
	address = (struct thole_address){ thole_addr_ip4(0x0a000001), 1, 24 };
	thole_worker_config_init(&w);
	w.port = port;
	w.idle.sleep = sleeps;
	w.stack.addresses = &address;
	w.stack.nb_addresses = 1;
	w.stack.max_conns = w.stack.max_embryos = w.stack.max_time_wait = 64;
	CU_ASSERT_EQUAL_FATAL(thole_worker_create(&w, &worker, NULL), 0);
	return worker;
}

static void
down(struct thole_worker *worker)
{
	thole_worker_destroy(worker);
	thole_port_close(port);
	thole_port_close(other);
}

struct seen {
	struct thole_worker *worker;
	pthread_t by;
	unsigned int times;
	unsigned int nested;
	bool *wait_for;
};

static void
see_again(void *ctx)
{
	struct seen *s = ctx;

	s->nested++;
}

static void
see(void *ctx)
{
	struct seen *s = ctx;

	s->by = pthread_self();
	while (s->wait_for != NULL && !__atomic_load_n(s->wait_for, __ATOMIC_ACQUIRE))
		sched_yield();
	(void)thole_worker_call(s->worker, see_again, s, 0); /* CUnit isn't for threads */
	s->times++;
}

struct runner {
	struct thole_worker *worker;
	pthread_t thread;
	bool stop;
};

static void *
run(void *ctx)
{
	struct runner *r = ctx;

	thole_worker_run(r->worker, &r->stop);
	return NULL;
}

static void
start(struct runner *r, struct thole_worker *worker)
{
	*r = (struct runner){ .worker = worker };
	CU_ASSERT_EQUAL_FATAL(pthread_create(&r->thread, NULL, run, r), 0);
}

static void
stop(struct runner *r)
{
	__atomic_store_n(&r->stop, true, __ATOMIC_RELEASE);
	thole_worker_wake(r->worker);
	pthread_join(r->thread, NULL);
}

static bool
has_turned(struct thole_worker *worker)
{
	struct thole_worker_stats stats;

	thole_worker_stats_get(worker, &stats);
	return stats.turns != 0;
}

/* Before it runs and after, the caller; while it runs, the worker's thread, awake or asleep. */
static void
test_who_runs_it(void)
{
	for (int sleeps = 0; sleeps < 2; sleeps++) {
		struct thole_worker *worker = up(sleeps != 0);
		struct seen seen = { .worker = worker };
		struct thole_worker_stats stats = { 0 };
		struct runner r;

		CU_ASSERT_EQUAL(thole_worker_call(worker, see, &seen, 0), 0);
		CU_ASSERT_EQUAL(seen.times, 1);
		CU_ASSERT_TRUE(pthread_equal(seen.by, pthread_self()));
		start(&r, worker);
		while (!has_turned(worker) || (sleeps != 0 && stats.sleeps == 0)) {
			sched_yield();
			thole_worker_stats_get(worker, &stats);
		}
		for (unsigned int i = 0; i < 100; i++) {
			CU_ASSERT_EQUAL(thole_worker_call(worker, see, &seen, THOLE_NEVER), 0);
			CU_ASSERT_EQUAL(seen.times, i + 2);
			CU_ASSERT_TRUE(pthread_equal(seen.by, r.thread));
		}
		stop(&r);
		CU_ASSERT_EQUAL(thole_worker_call(worker, see, &seen, 0), 0);
		CU_ASSERT_TRUE(pthread_equal(seen.by, pthread_self()));
		CU_ASSERT_EQUAL(seen.nested, seen.times);
		down(worker);
	}
}

struct caller {
	struct thole_worker *worker;
	struct seen seen;
	pthread_t thread;
	uint64_t timeout_ns;
	int result;
};

static void *
call(void *ctx)
{
	struct caller *c = ctx;

	c->seen.worker = c->worker;
	c->result = thole_worker_call(c->worker, see, &c->seen, c->timeout_ns);
	return NULL;
}

/* A worker whose thread does something else: the call is withdrawn, and no later turn runs it. */
static void
test_withdrawn(void)
{
	struct thole_worker *worker = up(false);
	struct caller c = { .worker = worker, .timeout_ns = 2 * TIME_MS };

	thole_worker_turn(worker); /* this thread is the owner, and doesn't turn */
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL_FATAL(pthread_create(&c.thread, NULL, call, &c), 0);
		pthread_join(c.thread, NULL);
		CU_ASSERT_EQUAL(c.result, -ETIMEDOUT);
		c.timeout_ns = 0;
	}
	for (int i = 0; i < 10; i++)
		thole_worker_turn(worker);
	CU_ASSERT_EQUAL(c.seen.times, 0);
	c.timeout_ns = THOLE_NEVER;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&c.thread, NULL, call, &c), 0);
	while (c.seen.times == 0)
		thole_worker_turn(worker);
	pthread_join(c.thread, NULL);
	CU_ASSERT_EQUAL(c.result, 0);
	CU_ASSERT_TRUE(pthread_equal(c.seen.by, pthread_self()));
	down(worker);
}

/* Who has begun is waited for, whatever the time-out; others withdraw behind it. */
static void
test_begun(void)
{
	struct thole_worker *worker = up(false);
	struct caller slow = { .worker = worker, .timeout_ns = THOLE_NEVER };
	struct caller late = { .worker = worker, .timeout_ns = TIME_MS };
	bool go = false;
	struct runner r;

	start(&r, worker);
	slow.seen.wait_for = &go;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&slow.thread, NULL, call, &slow), 0);
	do { /* until it is the slow one's turn that this waits for */
		call(&late);
	} while (late.result == 0);
	CU_ASSERT_EQUAL(late.result, -ETIMEDOUT);
	late.seen.times = 0;
	__atomic_store_n(&go, true, __ATOMIC_RELEASE);
	pthread_join(slow.thread, NULL);
	CU_ASSERT_EQUAL(slow.result, 0);
	CU_ASSERT_EQUAL(slow.seen.times, 1);
	stop(&r);
	CU_ASSERT_EQUAL(late.seen.times, 0);
	down(worker);
}

#define THREADS 6
#define ROUNDS	50

struct user {
	struct thole_worker *worker;
	pthread_t thread;
	unsigned int failed;
};

/* Makes a context, has an answer by it, ends it; again and again. */
static void *
use(void *ctx)
{
	const struct thole_app_config config = { .ring_entries = 64 };
	struct user *u = ctx;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct thole_op op = { .type = THOLE_OP_CLOSE, .conn = i };
		struct thole_event ev = { 0 };
		struct thole_app *app;

		if (thole_worker_app_create(u->worker, &config, THOLE_NEVER, &app, NULL) != 0) {
			u->failed++;
			continue;
		}
		u->failed += thole_app_submit(app, &op, 1) != 1;
		if (i % 4 != 0) { /* else it ends with what nobody has read */
			while (thole_app_events(app, &ev, 1) == 0)
				sched_yield();
			u->failed += ev.type != THOLE_EV_REFUSED || ev.conn != i;
		}
		u->failed += thole_worker_app_destroy(u->worker, app, THOLE_NEVER) != 0;
	}
	return NULL;
}

static void
test_contexts(void)
{
	struct thole_worker *worker = up(true);
	struct user users[THREADS];
	struct runner r;

	for (int i = 0; i < THREADS; i++) { /* the first of them before the worker runs */
		users[i] = (struct user){ .worker = worker };
		CU_ASSERT_EQUAL_FATAL(pthread_create(&users[i].thread, NULL, use, &users[i]), 0);
		if (i == 1)
			start(&r, worker);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(users[i].thread, NULL);
		CU_ASSERT_EQUAL(users[i].failed, 0);
	}
	stop(&r);
	down(worker);
}

static void
test_errors(void)
{
	struct thole_worker *worker = up(false);
	struct thole_app_config config = { .ring_entries = 96 };
	struct thole_app *apps[65];
	struct thole_why why;

	CU_ASSERT_EQUAL(thole_worker_app_create(worker, &config, 0, &apps[0], &why), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "ring_entries"));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "96"));
	config.ring_entries = 64;
	for (int i = 0; i < 64; i++)
		CU_ASSERT_EQUAL_FATAL(
			thole_worker_app_create(worker, &config, 0, &apps[i], &why), 0);
	CU_ASSERT_EQUAL(thole_worker_app_create(worker, &config, 0, &apps[64], &why), -ENOSPC);
	for (int i = 0; i < 64; i++)
		CU_ASSERT_EQUAL(thole_worker_app_destroy(worker, apps[i], 0), 0);
	CU_ASSERT_EQUAL(thole_worker_app_destroy(worker, NULL, 0), 0);
	down(worker);
}

static const struct test_case cases[] = {
	{ "by whom it is run", test_who_runs_it },
	{ "withdrawn: never run", test_withdrawn },
	{ "begun: waited for", test_begun },
	{ "contexts come and go while the worker runs", test_contexts },
	{ "contexts: errors", test_errors },
	{ NULL, NULL },
};
const struct test_suite suite_calls = { "calls", cases };
