/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * echo_rings.c: an application on another core than the stack. A worker runs a stack on one lcore;
 * this thread, on another, accepts connections and sends back what comes, in the mbufs that it came
 * in. Between them are two rings: ops down, events up. With nothing to do both sleep.
 *
 *	example-echo-rings 10.0.0.9/24 -l 0,1 --vdev=net_tap0
 *
 * What a peer doesn't read isn't taken from it either: data is held without a RECEIVED while there
 * is no credit, so that the window closes, and memory is bounded.
 *
 * SIGINT or SIGTERM: nobody new is taken, and who is there has 5 s to finish; a second one ends
 *that at once.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include <thole/config.h>

#define PORT	     7
#define BACKLOG	     128
#define CONNS	     4096
#define RING_ENTRIES 4096
#define EVENTS	     64
#define OPS	     1024
#define EVENT_OPS    3	/* an event calls for so many at most */
#define MEMORY_MB    96 /* pool and stack */
#define LAST_TURNS   64
#define LOOK_NS	     10000000ull /* how often it asks whether all is over, once it is to end */

/* A connection: what came and wasn't sent back yet. */
struct echo {
	struct rte_mbuf *held;
	int64_t credit; /* bytes that may be sent; one chain may go beyond */
	bool peer_closed;
};

struct server {
	struct thole_port *port;
	struct thole_worker *worker;
	struct thole_idle *idle;
	struct thole_app *app;
	bool worker_stop;
	int signals;	       /* heeded */
	struct thole_left cut; /* what didn't finish in time */
	uint64_t accepted;
	uint64_t bytes;
	uint32_t nb_ops;
	struct thole_op ops[OPS]; /* not submitted yet: the ring was full */
	struct echo echoes[CONNS];
};

static volatile sig_atomic_t signals;

static void
on_signal(int number)
{
	(void)number;
	signals = signals + 1;
}

static struct thole_op *
add_op(struct server *s, enum thole_op_type type, thole_conn conn)
{
	struct thole_op *op = &s->ops[s->nb_ops++];

	*op = (struct thole_op){ .type = type, .conn = conn };
	return op;
}

/* What the ring has no room for stays, in its order. */
static void
flush_ops(struct server *s)
{
	int32_t taken = thole_app_submit(s->app, s->ops, s->nb_ops);

	if (taken <= 0) /* below 0 only to who isn't the context's thread */
		return;
	s->nb_ops -= (uint32_t)taken;
	memmove(s->ops, s->ops + taken, s->nb_ops * sizeof(s->ops[0]));
}

/* A handle's index is below max_conns, and no other connection has it before CLOSED. */
static struct echo *
echo_of(struct server *s, thole_conn conn)
{
	return &s->echoes[conn >> 32 & 0xffffff];
}

/* Sends back what is held if there is credit; closes when the peer has, and has had it all. */
static void
pump(struct server *s, struct echo *echo, thole_conn conn)
{
	if (echo->held != NULL && echo->credit > 0) {
		const uint32_t bytes = echo->held->pkt_len;

		add_op(s, THOLE_OP_RECEIVED, conn)->bytes = bytes;
		add_op(s, THOLE_OP_SEND, conn)->mbuf = echo->held; /* the stack's from here on */
		echo->held = NULL;
		echo->credit -= bytes;
		s->bytes += bytes;
	}
	if (echo->peer_closed && echo->held == NULL) {
		add_op(s, THOLE_OP_CLOSE, conn);
		echo->peer_closed = false;
	}
}

static void
hold(struct server *s, struct echo *echo, const struct thole_event *ev)
{
	if (echo->held == NULL) {
		echo->held = ev->mbuf;
	} else if (rte_pktmbuf_chain(echo->held, ev->mbuf) != 0) { /* 65,535 mbufs are a chain */
		rte_pktmbuf_free(ev->mbuf);
		add_op(s, THOLE_OP_ABORT, ev->conn);
	}
}

static void
take_event(struct server *s, const struct thole_event *ev)
{
	struct echo *echo = echo_of(s, ev->conn);

	switch (ev->type) {
	case THOLE_EV_ACCEPTED:
		*echo = (struct echo){ .credit = ev->bytes };
		s->accepted++;
		return;
	case THOLE_EV_DATA:
		hold(s, echo, ev);
		break;
	case THOLE_EV_SENDABLE:
		echo->credit += ev->bytes;
		break;
	case THOLE_EV_PEER_CLOSED:
		echo->peer_closed = true;
		break;
	case THOLE_EV_CLOSED:
		rte_pktmbuf_free(echo->held);
		echo->held = NULL;
		return;
	case THOLE_EV_LISTENING: /* at a port of ours that nobody can have taken */
		printf("echo-rings: listening at port %d\n", PORT);
		fflush(stdout);
		return;
	default: /* REFUSED: the connection ended meanwhile, CLOSED is on its way */
		return;
	}
	pump(s, echo, ev->conn);
}

/* @return whether there was anything to do. */
static bool
turn(struct server *s)
{
	struct thole_event events[EVENTS];
	const uint32_t room = (OPS - s->nb_ops) / EVENT_OPS;
	int32_t n = thole_app_events(s->app, events, RTE_MIN(room, (uint32_t)EVENTS));

	for (int32_t i = 0; i < n; i++)
		take_event(s, &events[i]);
	if (s->nb_ops == 0)
		return n > 0;
	flush_ops(s);
	return true;
}

/* A signal came: the stack takes nobody new and lets those finish who are there, until @p drain_ns
 * are over, or at the second at once. @return whether all of that is done. */
static bool
is_over(struct server *s, uint64_t drain_ns)
{
	if (s->signals != signals) {
		s->signals = signals;
		thole_worker_drain(s->worker, s->signals == 1 ? thole_clock_ns() + drain_ns : 0);
	}
	return s->signals != 0 && thole_worker_drained(s->worker, &s->cut);
}

/* The order matters: whoever queues an event after the announcement wakes us (thole/port.h). */
static void
serve(struct server *s, uint64_t drain_ns)
{
	add_op(s, THOLE_OP_LISTEN, 0)->bytes = BACKLOG;
	s->ops[0].local.port = PORT;
	for (;;) {
		uint64_t now_ns;

		thole_idle_announce(s->idle);
		if (is_over(s, drain_ns))
			break;
		now_ns = thole_clock_ns();
		thole_idle_rest(
			s->idle, now_ns, turn(s), s->signals != 0 ? now_ns + LOOK_NS : THOLE_NEVER);
	}
}

static int
run_worker(void *ctx)
{
	struct server *s = ctx;

	thole_worker_run(s->worker, &s->worker_stop);
	return 0;
}

static int
start(struct server *s, struct thole_config *config, struct thole_why *why)
{
	struct thole_app_config app = { .ring_entries = RING_ENTRIES };
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
	err = thole_port_open(&config->port, &s->port, why);
	if (err != 0)
		return err;
	config->worker.port = s->port;
	err = thole_worker_create(&config->worker, &s->worker, why);
	if (err == 0)
		err = thole_idle_create(&config->worker.idle, &s->idle, why);
	if (err != 0)
		return err;
	app.events_queued = thole_idle_wake;
	app.events_queued_ctx = s->idle;
	err = thole_app_create(thole_worker_stack(s->worker), &app, &s->app);
	if (err == 0)
		err = rte_eal_remote_launch(run_worker, s, lcore);
	if (err != 0)
		snprintf(why->text, sizeof(why->text), "rings or lcore: %s", strerror(-err));
	return err;
}

/* The worker stops first: then its stack is this thread's, whose last turns send the RSTs. */
static void
end(struct server *s)
{
	__atomic_store_n(&s->worker_stop, true, __ATOMIC_RELEASE); /* read by thole_worker_run() */
	if (s->worker != NULL)
		thole_worker_wake(s->worker);
	rte_eal_mp_wait_lcore();
	for (uint32_t i = 0; i < s->nb_ops; i++)
		if (s->ops[i].type == THOLE_OP_SEND)
			rte_pktmbuf_free(s->ops[i].mbuf);
	for (uint32_t i = 0; i < CONNS; i++)
		rte_pktmbuf_free(s->echoes[i].held);
	if (s->app != NULL)
		thole_app_destroy(s->app); /* its connections are reset */
	for (int i = 0; s->worker != NULL && i < LAST_TURNS; i++)
		thole_worker_turn(s->worker);
	if (s->worker != NULL)
		thole_worker_destroy(s->worker);
	thole_idle_destroy(s->idle);
	if (s->port != NULL)
		thole_port_close(s->port);
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	static struct server server;
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
		status = start(&server, &config, &why);
		if (status == 0)
			serve(&server, config.drain_ns);
		end(&server);
		thole_eal_stop();
	}
	thole_config_fini(&config);
	if (server.cut.open + server.cut.orphans != 0)
		printf("echo-rings: %u connections cut off\n",
			server.cut.open + server.cut.orphans);
	if (status != 0)
		fprintf(stderr, "echo-rings: %s\n", why.text);
	else
		printf("echo-rings: %llu connections, %llu bytes sent back\n",
			(unsigned long long)server.accepted, (unsigned long long)server.bytes);
	return status != 0;
}
