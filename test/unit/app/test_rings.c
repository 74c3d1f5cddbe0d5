/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_rings.c: ring contexts: full rings lose nothing, and an application in a thread of its own
 * lives through thousands of connections. The stacks' time is virtual and passes by turns.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "agent.h"

#define CONNS	   (PAIR_SANITIZED ? 1500u : 6000u)
#define TURNS_IDLE 100000000u

/* Times that the application's pace could run into, were it ever so slow, are far away. */
static void
patient(struct thole_stack_config *c, int side)
{
	c->tcp.msl_ns = 3600 * TIME_S;
	c->tcp.orphan_ns = 36000 * TIME_S;
	(void)side;
}

/* An op ring takes what it holds, then nothing, and all of it is done, in order. */
static void
test_full_ops(void)
{
	struct thole_op ops[200];
	struct thole_event events[200];
	struct thole_app *app;
	uint32_t taken, got = 0, n;
	struct pair p;

	pair_up(&p, NULL);
	app = pair_app(&p, CLIENT, 64);
	for (unsigned int i = 0; i < RTE_DIM(ops); i++)
		ops[i] = (struct thole_op){ .type = THOLE_OP_SET_USER, .conn = i, .user = i };
	taken = (uint32_t)thole_app_submit(app, ops, 200);
	CU_ASSERT(taken >= 63 && taken <= 64);
	CU_ASSERT_EQUAL(thole_app_submit(app, &ops[taken], 200 - taken), 0);
	CU_ASSERT_EQUAL(thole_app_events(app, events, 200), 0);
	while (got < 200) {
		pair_turn(&p);
		n = (uint32_t)thole_app_events(app, &events[got], 200 - got);
		CU_ASSERT_FATAL(n != 0);
		got += n;
		taken += (uint32_t)thole_app_submit(app, &ops[taken], 200 - taken);
	}
	for (unsigned int i = 0; i < 200; i++) {
		CU_ASSERT_EQUAL(events[i].type, THOLE_EV_REFUSED);
		CU_ASSERT_EQUAL(events[i].conn, i);
		CU_ASSERT_EQUAL(events[i].status, -EBADF);
	}
	thole_app_destroy(app);
	pair_down(&p);
}

/* Nobody reads: answers and events fill up, ops stay where they are; then all comes, in order. */
static void
test_nobody_reads(void)
{
	struct thole_op op = { .type = THOLE_OP_SET_USER };
	struct thole_event ev[8];
	struct thole_app *app;
	uint64_t next = 0;
	uint32_t n, idle = 0;
	struct pair p;

	pair_up(&p, NULL);
	app = pair_app(&p, CLIENT, 64);
	while (idle < 10) {
		uint32_t taken;

		op.conn = op.user = next;
		taken = (uint32_t)thole_app_submit(app, &op, 1);
		next += taken;
		if (taken == 0)
			idle++;
		pair_turn(&p);
	}
	CU_ASSERT(next >= 256 + 63 && next <= 256 + 3 * 64);
	for (uint64_t i = 0; i < next;) {
		n = (uint32_t)thole_app_events(app, ev, 8);
		CU_ASSERT_FATAL(n != 0);
		for (uint32_t k = 0; k < n; k++)
			CU_ASSERT_EQUAL(ev[k].conn, i++);
		pair_turn(&p);
	}
	pair_turn(&p);
	pair_no_event(app);
	thole_app_destroy(app);
	pair_down(&p);
}

/* Connections with events by the hundred, a ring of 64: each event comes, once. */
static void
test_full_events(void)
{
	enum { N = 300 };
	struct thole_app *c, *s;
	struct thole_event ev;
	uint32_t accepted = 0, data = 0, bytes = 0;
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 64);
	pair_listen(&p, s, PAIR_PORT, N);
	for (uint64_t i = 0; i < N; i++)
		pair_connect(&p, c, PAIR_PORT, i);
	pair_settle(&p);
	for (uint64_t i = 0; i < N; i++)
		pair_send(&p, c, CLIENT, pair_event(c, THOLE_EV_CONNECTED).conn, 1000);
	do {
		pair_settle(&p);
		if (thole_app_events(s, &ev, 1) == 0)
			break;
		accepted += ev.type == THOLE_EV_ACCEPTED;
		if (ev.type == THOLE_EV_DATA) {
			data++;
			bytes += ev.bytes;
			rte_pktmbuf_free(ev.mbuf);
		}
	} while (true);
	CU_ASSERT_EQUAL(accepted, N);
	CU_ASSERT_EQUAL(data, N);
	CU_ASSERT_EQUAL(bytes, N * 1000);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

struct thread {
	struct agent *agents[2]; /* those that run in it */
	bool stop;
	bool done;
};

static void *
thread_main(void *arg)
{
	struct thread *t = arg;
	bool done = false;
	cpu_set_t any;

	memset(&any, 0xff, sizeof(any)); /* EAL has bound its caller to one core, and with it us */
	pthread_setaffinity_np(pthread_self(), sizeof(any), &any);
	while (!done && !__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE)) {
		bool idle = true;

		done = true;
		for (int i = 0; i < 2; i++) {
			if (t->agents[i] == NULL)
				continue;
			if (agent_step(t->agents[i]))
				idle = false;
			done = done && agent_done(t->agents[i]);
		}
		if (idle)
			sched_yield();
	}
	for (int i = 0; i < 2; i++)
		if (t->agents[i] != NULL)
			(void)thole_app_release(t->agents[i]->app);
	__atomic_store_n(&t->done, true, __ATOMIC_RELEASE); /* with the loads in drive() */
	return NULL;
}

/* Runs both stacks and the agents of this thread until all are done. */
static void
drive(struct pair *p, struct thread *t, struct agent *mine[2])
{
	uint32_t idle = 0;
	bool done = false;

	while (!done && idle < TURNS_IDLE) {
		idle = pair_turn(p) != 0 ? 0 : idle + 1;
		if (idle > 100)
			sched_yield();
		done = __atomic_load_n(&t->done, __ATOMIC_ACQUIRE);
		for (int i = 0; i < 2; i++) {
			if (mine[i] == NULL)
				continue;
			agent_step(mine[i]);
			done = done && agent_done(mine[i]);
		}
		p->now += 10 * TIME_US;
	}
	CU_ASSERT(done);
	__atomic_store_n(&t->stop, true, __ATOMIC_RELEASE);
}

static void
assert_agent(const struct agent *a)
{
	CU_ASSERT_EQUAL(a->errors, 0);
	if (a->errors != 0)
		printf("# %s: %s\n", a->client ? "client" : "server", a->error);
	CU_ASSERT_EQUAL(a->opened, a->total);
	CU_ASSERT_EQUAL(a->closed, a->total);
	if (a->client)
		CU_ASSERT_EQUAL(a->reset, agent_aborts(a->total));
	CU_ASSERT(a->reset <= agent_aborts(a->total)); /* one may have been over for the server */
}

/* Which of the two sides has a ring and runs in the thread. */
static void
run_threads(bool client_ring, bool server_ring)
{
	struct agent *mine[2] = { NULL, NULL }, *all[2];
	const bool ring[2] = { client_ring, server_ring };
	struct thread thread = { 0 };
	pthread_t id;
	struct pair p;

	pair_up(&p, patient);
	for (int i = 0; i < 2; i++) {
		struct thole_app *app = pair_app(&p, i, ring[i] ? 64 : 0);

		if (i == SERVER)
			pair_listen(&p, app, PAIR_PORT, 1000);
		CU_ASSERT_EQUAL(thole_app_release(app), 0); /* the thread's from here on */
		all[i] = agent_new(&p, app, i == CLIENT, CONNS);
		(ring[i] ? thread.agents : mine)[i] = all[i];
		all[i]->hoard = ring[i] ? 200 : 0;
	}
	CU_ASSERT_EQUAL_FATAL(pthread_create(&id, NULL, thread_main, &thread), 0);
	drive(&p, &thread, mine);
	pthread_join(id, NULL);
	pair_settle(&p);
	for (int i = 0; i < 2; i++) {
		assert_agent(all[i]);
		if (ring[i])
			CU_ASSERT(all[i]->full != 0); /* or the rings were never put to the test */
		pair_no_event(all[i]->app);
		CU_ASSERT_EQUAL(p.side[i].stack->tcbs.in_use, 0);
		CU_ASSERT_EQUAL(p.side[i].stack->stats.mbufs_held, 0);
		thole_app_destroy(all[i]->app);
		agent_free(all[i]);
	}
	pair_sleep(&p, 7201 * TIME_S);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->stats.time_wait, 0);
	pair_down(&p);
}

static void
test_server_thread(void)
{
	run_threads(false, true);
}

static void
test_client_thread(void)
{
	run_threads(true, false);
}

static void
test_both_threads(void)
{
	run_threads(true, true);
}

struct stranger {
	struct thole_app *app;
	struct rte_mempool *pool;
	int32_t submitted, read;
	int64_t sent;
	int released;
};

static void *
try_all(void *arg)
{
	const struct thole_op op = { .type = THOLE_OP_CLOSE };
	struct stranger *s = arg;
	struct thole_event ev;

	s->submitted = thole_app_submit(s->app, &op, 1);
	s->read = thole_app_events(s->app, &ev, 1);
	s->sent = thole_app_send_copy(s->app, 1, s->pool, "x", 1);
	s->released = thole_app_release(s->app);
	return NULL;
}

/* Runs it in a thread of its own. */
static struct stranger
stranger(struct pair *p, struct thole_app *app)
{
	struct stranger s = { .app = app, .pool = p->side[CLIENT].pool };
	pthread_t id;

	CU_ASSERT_EQUAL_FATAL(pthread_create(&id, NULL, try_all, &s), 0);
	pthread_join(id, NULL);
	return s;
}

/* A ring context is its first user's, until he lets go of it. */
static void
test_wrong_thread(void)
{
	struct stranger s;
	struct thole_event ev;
	struct thole_app *app, *direct;
	struct pair p;

	pair_up(&p, NULL);
	app = pair_app(&p, CLIENT, 64);
	direct = pair_app(&p, CLIENT, 0);
	CU_ASSERT_EQUAL(thole_app_release(direct), 0);
	pair_no_event(app); /* to read is to have it */
	s = stranger(&p, app);
	CU_ASSERT_EQUAL(s.submitted, -EPERM);
	CU_ASSERT_EQUAL(s.read, -EPERM);
	CU_ASSERT_EQUAL(s.sent, -EPERM);
	CU_ASSERT_EQUAL(s.released, -EPERM);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(p.side[CLIENT].pool), 0);
	pair_op(app, THOLE_OP_CLOSE, 7, 0);
	pair_settle(&p);
	CU_ASSERT_EQUAL(pair_event(app, THOLE_EV_REFUSED).conn, 7);
	CU_ASSERT_EQUAL(thole_app_release(app), 0);
	s = stranger(&p, app);
	CU_ASSERT_EQUAL(s.submitted, 1);
	CU_ASSERT_EQUAL(s.read, 0);
	CU_ASSERT_EQUAL(s.sent, 1);
	CU_ASSERT_EQUAL(s.released, 0);
	pair_settle(&p);
	CU_ASSERT_EQUAL(pair_event(app, THOLE_EV_REFUSED).op, THOLE_OP_CLOSE);
	CU_ASSERT_EQUAL(pair_event(app, THOLE_EV_REFUSED).op, THOLE_OP_SEND);
	s = stranger(&p, app);
	CU_ASSERT_EQUAL(s.read, -EPERM);
	CU_ASSERT_EQUAL(thole_app_events(app, &ev, 1), 0);
	thole_app_destroy(app);
	thole_app_destroy(direct);
	pair_down(&p);
}

static const struct test_case cases[] = {
	{ "the op ring is full", test_full_ops },
	{ "nobody reads answers", test_nobody_reads },
	{ "the event ring is full", test_full_events },
	{ "a server in a thread", test_server_thread },
	{ "a client in a thread", test_client_thread },
	{ "both in a thread", test_both_threads },
	{ "the wrong thread", test_wrong_thread },
	{ NULL, NULL },
};
const struct test_suite suite_rings = { "rings", cases };
