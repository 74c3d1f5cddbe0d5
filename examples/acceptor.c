/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * acceptor.c: one thread accepts, two serve. A worker runs a stack on one lcore; three threads have
 * a ring context each. The acceptor gives every connection to the next of the two servers, which
 * greets with its number and sends back what comes.
 *
 *	example-acceptor 10.0.0.9/24 -l 0,1 --vdev=net_tap0
 *
 * Until the acceptor reads GIVEN it may read events of the connection: what came so early it passes
 * on by a ring of its own. A server reads TAKEN before or after that, and serves when it has both.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <thole/config.h>

#define PORT	     7
#define BACKLOG	     128
#define CONNS	     4096
#define RING_ENTRIES 4096
#define EVENTS	     64
#define OPS	     1024
#define EVENT_OPS    3 /* an event, or a connection passed on, calls for so many at most */
#define SERVERS	     2
#define MEMORY_MB    96			  /* pool and stack */
#define PATIENCE     (10 * 1000000000ull) /* for the worker to do what it's asked: ns */
#define LOOK_NS	     (10 * 1000000ull)	  /* how often the acceptor asks whether all is drained */

struct conn {
	/* The acceptor's until it passes the connection on. */
	struct rte_mbuf *early; /* what it read of DATA */
	bool early_closed;	/* and that the peer has closed */
	bool early_lost;	/* it was too much */
	unsigned int taker;	/* the server that it was given to */
	/* The server's. */
	struct rte_mbuf *held; /* to be sent */
	uint32_t received;     /* bytes in held that the peer sent */
	int64_t credit;	       /* bytes that may be sent; one chain may go beyond */
	thole_conn handle;     /* 0: TAKEN hasn't come */
	bool passed;	       /* the acceptor's part has come */
	bool lost;	       /* not all that came could be kept */
	bool peer_closed;
	bool over; /* CLOSED */
};

/* A thread's place: its context, and ops that the ring had no room for yet. */
struct seat {
	struct thole_idle *idle;
	struct thole_app *app;
	uint32_t nb_ops;
	struct thole_op ops[OPS];
};

struct server {
	struct seat seat;
	struct rte_ring *passed; /* of struct conn *: from the acceptor */
	struct rte_mempool *pool;
	const bool *finish; /* all is drained, and passed on */
	pthread_t thread;
	bool started;
	unsigned int number;
	uint32_t nb_conns; /* passed on, and not over */
	uint64_t served;
	uint64_t bytes;
};

struct program {
	struct seat seat;	   /* the acceptor's */
	struct conn *conns[CONNS]; /* accepted, and not given yet */
	uint32_t nb_conns;
	unsigned int next; /* server */
	struct server servers[SERVERS];
	bool finish; /* read by the servers */
	struct thole_port *port;
	struct thole_worker *worker;
	bool worker_stop;
	struct thole_left cut; /* at the deadline */
};

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

static struct thole_op *
add_op(struct seat *seat, enum thole_op_type type, thole_conn handle)
{
	struct thole_op *op = &seat->ops[seat->nb_ops++];

	*op = (struct thole_op){ .type = type, .conn = handle };
	return op;
}

/* What the ring has no room for stays, in its order. */
static void
flush_ops(struct seat *seat)
{
	int32_t taken = thole_app_submit(seat->app, seat->ops, seat->nb_ops);

	if (taken <= 0) /* below 0 only to who isn't the context's thread */
		return;
	seat->nb_ops -= (uint32_t)taken;
	memmove(seat->ops, seat->ops + taken, seat->nb_ops * sizeof(seat->ops[0]));
}

/* Half of the ops is for events, half for what is passed on. */
static uint32_t
room(const struct seat *seat)
{
	return RTE_MIN((OPS - seat->nb_ops) / (2 * EVENT_OPS), (uint32_t)EVENTS);
}

/* Takes @p more, whatever comes of it. @return false: 65,535 mbufs are a chain. */
static bool
append(struct rte_mbuf **chain, struct rte_mbuf *more)
{
	if (*chain == NULL) {
		*chain = more;
	} else if (more != NULL && rte_pktmbuf_chain(*chain, more) != 0) {
		rte_pktmbuf_free(more);
		return false;
	}
	return true;
}

/* The acceptor. */

/* A handle's index is below max_conns, and no other connection has it before CLOSED or GIVEN. */
static struct conn **
place_of(struct program *p, thole_conn handle)
{
	return &p->conns[handle >> 32 & 0xffffff];
}

/* To the next server; if that one has too much unread, the other's turn comes with REFUSED. */
static void
give(struct program *p, thole_conn handle)
{
	struct conn *conn = *place_of(p, handle);
	const struct seat *taker;

	conn->taker = p->next++ % SERVERS;
	taker = &p->servers[conn->taker].seat;
	add_op(&p->seat, THOLE_OP_GIVE, handle)->bytes = thole_app_number(taker->app);
}

static void
accepted(struct program *p, thole_conn handle)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	*place_of(p, handle) = conn;
	if (conn == NULL) {
		add_op(&p->seat, THOLE_OP_ABORT, handle);
		return;
	}
	p->nb_conns++;
	add_op(&p->seat, THOLE_OP_SET_USER, handle)->user = (uintptr_t)conn;
	give(p, handle);
}

/* No more events of it come here. @return what was known of it, the caller's. */
static struct conn *
forget(struct program *p, thole_conn handle)
{
	struct conn *conn = *place_of(p, handle);

	*place_of(p, handle) = NULL;
	p->nb_conns -= conn != NULL;
	return conn;
}

/* Whatever came before is in it. A server whose ring is full makes room without us. */
static void
given(struct program *p, struct conn *conn)
{
	struct server *server = &p->servers[conn->taker];

	while (rte_ring_sp_enqueue(server->passed, conn) != 0)
		rte_pause();
	thole_idle_wake(server->seat.idle);
}

/* GIVE is also refused of a connection that has ended: CLOSED is on its way. */
static void
acceptor_event(struct program *p, const struct thole_event *ev)
{
	struct conn *conn = *place_of(p, ev->conn);

	switch (ev->type) {
	case THOLE_EV_LISTENING:
		/* At a port of ours that nobody can have taken. */
		printf("acceptor: listening at port %d\n", PORT);
		fflush(stdout);
		return;
	case THOLE_EV_ACCEPTED:
		accepted(p, ev->conn);
		return;
	case THOLE_EV_DATA:
		if (conn == NULL)
			rte_pktmbuf_free(ev->mbuf);
		else if (!append(&conn->early, ev->mbuf))
			conn->early_lost = true;
		return;
	case THOLE_EV_PEER_CLOSED:
		if (conn != NULL)
			conn->early_closed = true;
		return;
	case THOLE_EV_REFUSED:
		if (ev->op == THOLE_OP_GIVE && ev->status == -EAGAIN)
			give(p, ev->conn);
		return;
	case THOLE_EV_GIVEN:
		given(p, forget(p, ev->conn));
		return;
	case THOLE_EV_CLOSED:
		conn = forget(p, ev->conn);
		if (conn != NULL)
			rte_pktmbuf_free(conn->early);
		free(conn);
		return;
	default: /* SENDABLE: TAKEN says all of the credit */
		return;
	}
}

static bool
acceptor_turn(struct program *p)
{
	struct thole_event events[EVENTS];
	int32_t n = thole_app_events(p->seat.app, events, room(&p->seat));

	for (int32_t i = 0; i < n; i++)
		acceptor_event(p, &events[i]);
	if (p->seat.nb_ops == 0)
		return n > 0;
	flush_ops(&p->seat);
	return true;
}

/* Until a signal, and from there until who is connected has finished, or the time is over. */
static void
acceptor_run(struct program *p, uint64_t drain_ns)
{
	bool drains = false;

	add_op(&p->seat, THOLE_OP_LISTEN, 0)->bytes = BACKLOG;
	p->seat.ops[0].local.port = PORT;
	while (p->nb_conns != 0 || !thole_worker_drained(p->worker, &p->cut)) {
		uint64_t now_ns = thole_clock_ns();

		thole_idle_announce(p->seat.idle);
		if (stop && !drains) {
			drains = true;
			thole_worker_drain(p->worker, now_ns + drain_ns);
		}
		thole_idle_rest(p->seat.idle, now_ns, acceptor_turn(p),
			drains ? now_ns + LOOK_NS : THOLE_NEVER);
	}
}

/* A server. */

/* Sends back what is held if there is credit; closes when the peer has, and has had it all. */
static void
pump(struct server *s, struct conn *conn)
{
	if (conn->handle == 0 || !conn->passed || conn->over)
		return;
	if (conn->lost) {
		add_op(&s->seat, THOLE_OP_ABORT, conn->handle);
		return;
	}
	if (conn->held != NULL && conn->credit > 0) {
		conn->credit -= conn->held->pkt_len;
		add_op(&s->seat, THOLE_OP_SEND, conn->handle)->mbuf = conn->held;
		conn->held = NULL;	 /* the stack's from here on */
		if (conn->received != 0) /* not for the greeting alone */
			add_op(&s->seat, THOLE_OP_RECEIVED, conn->handle)->bytes = conn->received;
		s->bytes += conn->received;
		conn->received = 0;
	}
	if (conn->peer_closed && conn->held == NULL) {
		add_op(&s->seat, THOLE_OP_CLOSE, conn->handle);
		conn->peer_closed = false;
	}
}

/* When both have done with it, the stack and the acceptor. */
static void
release(struct server *s, struct conn *conn)
{
	if (!conn->over || !conn->passed)
		return;
	rte_pktmbuf_free(conn->held);
	free(conn);
	s->nb_conns--;
}

/* @return NULL: the pool is empty. */
static struct rte_mbuf *
greeting(const struct server *s)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(s->pool);
	char text[32];
	int n = snprintf(text, sizeof(text), "server %u\n", s->number);

	if (m != NULL)
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), text, (size_t)n);
	return m;
}

/* Puts together the greeting, what the acceptor read, and what came here meanwhile. */
static void
take_passed(struct server *s, struct conn *conn)
{
	struct rte_mbuf *late = conn->held;

	s->nb_conns++;
	s->served++;
	conn->passed = true;
	conn->held = greeting(s);
	conn->lost |= conn->held == NULL || conn->early_lost;
	if (conn->early != NULL)
		conn->received += conn->early->pkt_len;
	conn->lost |= !append(&conn->held, conn->early);
	conn->lost |= !append(&conn->held, late);
	conn->peer_closed |= conn->early_closed;
	pump(s, conn);
	release(s, conn);
}

static void
server_event(struct server *s, const struct thole_event *ev)
{
	struct conn *conn = (struct conn *)(uintptr_t)ev->user;

	switch (ev->type) {
	case THOLE_EV_TAKEN:
		conn->handle = ev->conn;
		conn->credit = (int32_t)ev->bytes;
		break;
	case THOLE_EV_DATA:
		conn->received += ev->mbuf->pkt_len;
		conn->lost |= !append(&conn->held, ev->mbuf);
		break;
	case THOLE_EV_SENDABLE:
		conn->credit += ev->bytes;
		break;
	case THOLE_EV_PEER_CLOSED:
		conn->peer_closed = true;
		break;
	case THOLE_EV_CLOSED:
		conn->over = true;
		release(s, conn);
		return;
	default: /* REFUSED: the connection ended meanwhile, CLOSED has been read or comes */
		return;
	}
	pump(s, conn);
}

/* @return whether there was anything to do. */
static bool
server_turn(struct server *s)
{
	struct thole_event events[EVENTS];
	int32_t nb_events = thole_app_events(s->seat.app, events, room(&s->seat));
	void *passed[EVENTS];
	unsigned int n;

	for (int32_t i = 0; i < nb_events; i++)
		server_event(s, &events[i]);
	n = rte_ring_sc_dequeue_burst(s->passed, passed, room(&s->seat), NULL);
	for (unsigned int i = 0; i < n; i++)
		take_passed(s, passed[i]);
	if (s->seat.nb_ops == 0)
		return nb_events > 0 || n > 0;
	flush_ops(&s->seat);
	return true;
}

/* Whoever queues an event or passes a connection on after the announcement wakes us. */
static void *
server_run(void *ctx)
{
	struct server *s = ctx;
	int registered = rte_thread_register(); /* for a cache of mbufs; it goes without, too */

	for (;;) {
		uint64_t now_ns = thole_clock_ns();
		bool finish, worked;

		thole_idle_announce(s->seat.idle);
		finish = __atomic_load_n(s->finish, __ATOMIC_ACQUIRE);
		worked = server_turn(s);
		if (finish && !worked && s->nb_conns == 0)
			break;
		thole_idle_rest(s->seat.idle, now_ns, worked, THOLE_NEVER);
	}
	if (registered == 0)
		rte_thread_unregister();
	return NULL;
}

/* Start and end. */

static int
run_worker(void *ctx)
{
	struct program *p = ctx;

	thole_worker_run(p->worker, &p->worker_stop);
	return 0;
}

static int
start_worker(struct program *p, struct thole_config *config, struct thole_why *why)
{
	unsigned int lcore = rte_get_next_lcore((unsigned int)-1, 1, 0);
	int err;

	if (lcore == RTE_MAX_LCORE) {
		snprintf(why->text, sizeof(why->text), "a second lcore is needed: -l 0,1");
		return -1;
	}
	config->port.device = "0";
	config->port.lcores = &lcore;
	config->worker.stack.max_conns = CONNS;
	config->worker.stack.max_time_wait = 4 * CONNS;
	err = thole_port_open(&config->port, &p->port, why);
	if (err != 0)
		return err;
	config->worker.port = p->port;
	err = thole_worker_create(&config->worker, &p->worker, why);
	if (err != 0)
		return err;
	err = rte_eal_remote_launch(run_worker, p, lcore);
	if (err != 0)
		snprintf(why->text, sizeof(why->text), "lcore %u: %s", lcore, strerror(-err));
	return err;
}

/* While the worker runs: it makes the context between two turns. */
static int
take_seat(struct program *p, struct seat *seat, const struct thole_idle_config *idle,
	struct thole_why *why)
{
	struct thole_app_config app = { .ring_entries = RING_ENTRIES,
		.events_queued = thole_idle_wake };
	int err = thole_idle_create(idle, &seat->idle, why);

	if (err != 0)
		return err;
	app.events_queued_ctx = seat->idle;
	return thole_worker_app_create(p->worker, &app, PATIENCE, &seat->app, why);
}

static int
start_server(struct program *p, unsigned int i, const struct thole_idle_config *idle,
	struct thole_why *why)
{
	struct server *s = &p->servers[i];
	char name[32];
	int err = take_seat(p, &s->seat, idle, why);

	if (err != 0)
		return err;
	s->number = i + 1;
	s->finish = &p->finish;
	s->pool = thole_worker_pool(p->worker);
	snprintf(name, sizeof(name), "passed-%u", s->number);
	s->passed = rte_ring_create(name, CONNS, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	err = s->passed == NULL ? rte_errno : pthread_create(&s->thread, NULL, server_run, s);
	s->started = err == 0;
	if (err != 0)
		snprintf(why->text, sizeof(why->text), "%s: %s", name, strerror(err));
	return -err;
}

/* Contexts are destroyed by the worker, too; so it ends after them. */
static void
leave_seat(struct program *p, struct seat *seat)
{
	if (seat->app != NULL)
		thole_worker_app_destroy(p->worker, seat->app, THOLE_NEVER);
	thole_idle_destroy(seat->idle);
}

static void
end(struct program *p)
{
	__atomic_store_n(&p->finish, true, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < SERVERS; i++) {
		struct server *s = &p->servers[i];

		if (s->started) {
			thole_idle_wake(s->seat.idle);
			pthread_join(s->thread, NULL);
		}
	}
	for (unsigned int i = 0; i < SERVERS; i++) {
		leave_seat(p, &p->servers[i].seat);
		rte_ring_free(p->servers[i].passed);
	}
	leave_seat(p, &p->seat);
	__atomic_store_n(&p->worker_stop, true, __ATOMIC_RELEASE); /* thole_worker_run() */
	if (p->worker != NULL)
		thole_worker_wake(p->worker);
	rte_eal_mp_wait_lcore();
	if (p->worker != NULL)
		thole_worker_destroy(p->worker);
	if (p->port != NULL)
		thole_port_close(p->port);
}

static int
run(struct program *p, struct thole_config *config, struct thole_why *why)
{
	int err = start_worker(p, config, why);

	if (err == 0)
		err = take_seat(p, &p->seat, &config->worker.idle, why);
	for (unsigned int i = 0; i < SERVERS && err == 0; i++)
		err = start_server(p, i, &config->worker.idle, why);
	if (err == 0)
		acceptor_run(p, config->drain_ns);
	end(p);
	return err;
}

static void
report(const struct program *p)
{
	for (unsigned int i = 0; i < SERVERS; i++)
		printf("acceptor: server %u: %llu connections, %llu bytes sent back\n",
			p->servers[i].number, (unsigned long long)p->servers[i].served,
			(unsigned long long)p->servers[i].bytes);
	if (p->cut.open + p->cut.orphans != 0)
		printf("acceptor: %u connections cut off\n", p->cut.open + p->cut.orphans);
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	static struct program program;
	struct thole_config config;
	struct thole_why why = { "" };
	int status;

	thole_config_init(&config);
	if (argc < 2 || thole_config_set(&config, "stack", "address", argv[1], &why) != 0) {
		fprintf(stderr, "usage: %s ADDRESS/PREFIX [EAL OPTIONS]\n", argv[0]);
		return 2;
	}
	argv[1] = argv[0]; /* EAL's own begin there */
	status = thole_eal_start(argc - 1, argv + 1, MEMORY_MB, &why);
	if (status == 0) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		status = run(&program, &config, &why);
		thole_eal_stop();
	}
	thole_config_fini(&config);
	if (status != 0)
		fprintf(stderr, "acceptor: %s\n", why.text);
	else
		report(&program);
	return status != 0;
}
