/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * proxy.c: a proxy that copies no payload. For each connection that it accepts it opens one to the
 * target, and splices the two by moving mbufs: the chain of DATA that comes of one is what SEND
 * gives to the other. The application is called in the worker's turns, through a direct context.
 *
 *	example-proxy 10.0.0.9/24 10.0.0.1 80 -l 0 --vdev=net_tap0
 *
 * RECEIVED is said as the other side has credit: who sends faster than the other reads finds the
 * window closed. A FIN is passed on behind the data before it, a reset at once.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <rte_mbuf.h>

#include <thole/config.h>

#define PORT	  8080
#define BACKLOG	  128
#define CONNS	  4096	      /* two for each that is accepted */
#define BUFFER	  (256 << 10) /* bytes of a window, and of send credit: mbufs of one pool */
#define EVENTS	  32	      /* and so many refusals fit among the context's unread answers */
#define MEMORY_MB 96	      /* pool and stack */

/* One of the two connections. */
struct side {
	thole_conn conn;       /* 0: none has this place */
	struct side *other;    /* NULL: not there yet, or not any more */
	struct rte_mbuf *held; /* came from here, and waits for the other's credit */
	int64_t credit;	       /* bytes that may be sent here; one chain may go beyond */
	bool accepted;	       /* it is the client's, not the target's */
	bool open;	       /* the handshake is done */
	bool peer_closed;      /* after held nothing comes from here */
	bool passed_on;	       /* the other has its FIN */
};

struct proxy {
	struct thole_endpoint target;
	struct thole_app *app;
	uint64_t drain_ns;
	bool drains;
	struct thole_left cut; /* at the deadline */
	uint64_t accepted;
	uint64_t to_target; /* bytes */
	uint64_t from_target;
	struct side sides[CONNS];
};

static volatile sig_atomic_t signalled;
static bool stop; /* read by thole_worker_run() */

static void
on_signal(int number)
{
	(void)number;
	signalled = 1;
}

/* A handle's index is below max_conns, and no other connection has it before CLOSED. */
static struct side *
side_of(struct proxy *p, thole_conn conn)
{
	return &p->sides[conn >> 32 & 0xffffff];
}

/* In a direct context ops take effect here; all are taken, for answers are read in each turn. */
static void
submit(struct proxy *p, const struct thole_op *op)
{
	if (thole_app_submit(p->app, op, 1) != 1 && op->type == THOLE_OP_SEND)
		rte_pktmbuf_free(op->mbuf);
}

static void
tell(struct proxy *p, enum thole_op_type type, thole_conn conn)
{
	submit(p, &(struct thole_op){ .type = type, .conn = conn });
}

/* What came from one side goes to the other, if that has credit; then the FIN. */
static void
splice(struct proxy *p, struct side *from)
{
	struct side *to = from->other;

	if (to == NULL || !to->open)
		return;
	if (from->held != NULL && to->credit > 0) {
		const uint32_t bytes = from->held->pkt_len;

		submit(p, &(struct thole_op){
				  .type = THOLE_OP_SEND, .conn = to->conn, .mbuf = from->held });
		submit(p, &(struct thole_op){
				  .type = THOLE_OP_RECEIVED, .conn = from->conn, .bytes = bytes });
		from->held = NULL; /* the stack's since SEND */
		to->credit -= bytes;
		*(from->accepted ? &p->to_target : &p->from_target) += bytes;
	}
	if (from->peer_closed && !from->passed_on && from->held == NULL) {
		from->passed_on = true;
		tell(p, to->passed_on ? THOLE_OP_CLOSE : THOLE_OP_SHUTDOWN, to->conn);
		if (to->passed_on) /* each has had all of the other */
			tell(p, THOLE_OP_CLOSE, from->conn);
	}
}

/* The target's connection finds its other by user: it may end before it has a handle. */
static void
accepted(struct proxy *p, const struct thole_event *ev)
{
	*side_of(p, ev->conn) = (struct side){
		.conn = ev->conn, .credit = ev->bytes, .accepted = true, .open = true
	};
	p->accepted++;
	submit(p, &(struct thole_op){ .type = THOLE_OP_CONNECT,
			  .bytes = 1, /* OPENING, please */
			  .remote = p->target,
			  .user = ev->conn });
}

static void
opening(struct proxy *p, const struct thole_event *ev)
{
	struct side *side = side_of(p, ev->conn), *client = side_of(p, ev->user);

	*side = (struct side){ .conn = ev->conn };
	if (client->conn != ev->user) { /* it didn't wait */
		tell(p, THOLE_OP_ABORT, ev->conn);
		return;
	}
	side->other = client;
	client->other = side;
}

static void
hold(struct proxy *p, struct side *side, struct rte_mbuf *data)
{
	if (side->held == NULL) {
		side->held = data;
	} else if (rte_pktmbuf_chain(side->held, data) != 0) { /* 65,535 mbufs are a chain */
		rte_pktmbuf_free(data);
		tell(p, THOLE_OP_ABORT, side->conn);
	}
}

/* Unless both have said and had all, the other ends by a reset. */
static void
closed(struct proxy *p, const struct thole_event *ev)
{
	struct side *side = side_of(p, ev->conn != 0 ? ev->conn : ev->user);
	struct side *other = side->other;

	if (ev->conn == 0) { /* a CONNECT that never got a handle */
		if (side->conn == ev->user)
			tell(p, THOLE_OP_ABORT, ev->user);
		return;
	}
	rte_pktmbuf_free(side->held);
	if (other != NULL) {
		other->other = NULL;
		if (!side->passed_on || !other->passed_on)
			tell(p, THOLE_OP_ABORT, other->conn);
	}
	*side = (struct side){ .conn = 0 };
}

static void
take_event(struct proxy *p, const struct thole_event *ev)
{
	struct side *side = side_of(p, ev->conn);

	switch (ev->type) {
	case THOLE_EV_LISTENING: /* at a port of ours that nobody can have taken */
		printf("proxy: listening at port %d\n", PORT);
		fflush(stdout);
		return;
	case THOLE_EV_ACCEPTED:
		accepted(p, ev);
		return;
	case THOLE_EV_OPENING:
		opening(p, ev);
		return;
	case THOLE_EV_CONNECTED:
		side->open = true;
		/* FALLTHROUGH */
	case THOLE_EV_SENDABLE:
		side->credit += ev->bytes;
		if (side->other != NULL)
			splice(p, side->other);
		return;
	case THOLE_EV_DATA:
		hold(p, side, ev->mbuf);
		splice(p, side);
		return;
	case THOLE_EV_PEER_CLOSED:
		side->peer_closed = true;
		splice(p, side);
		return;
	case THOLE_EV_CLOSED:
		closed(p, ev);
		return;
	default: /* REFUSED: the connection ended meanwhile, CLOSED is on its way */
		return;
	}
}

/* In each of the worker's turns, between what came in and what goes out. */
static void
on_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns)
{
	struct thole_event events[EVENTS];
	struct proxy *p = ctx;
	int32_t n = p->app != NULL ? thole_app_events(p->app, events, EVENTS) : 0;

	for (int32_t i = 0; i < n; i++)
		take_event(p, &events[i]);
	if (signalled && !p->drains) {
		p->drains = true;
		thole_worker_drain(worker, now_ns + p->drain_ns);
	}
	if (p->drains && thole_worker_drained(worker, &p->cut))
		stop = true;
}

static int
run(struct proxy *p, struct thole_worker *worker, struct thole_why *why)
{
	struct thole_app_config direct = { 0 };
	int err = thole_app_create(thole_worker_stack(worker), &direct, &p->app);

	if (err != 0) {
		snprintf(why->text, sizeof(why->text), "application: %s", strerror(-err));
		return err;
	}
	thole_worker_turn(worker); /* ops go by its time */
	submit(p, &(struct thole_op){
			  .type = THOLE_OP_LISTEN, .bytes = BACKLOG, .local.port = PORT });
	thole_worker_run(worker, &stop);
	thole_app_destroy(p->app);
	for (uint32_t i = 0; i < CONNS; i++) /* of those that were cut off */
		rte_pktmbuf_free(p->sides[i].held);
	return 0;
}

static int
serve(struct proxy *p, struct thole_config *config, struct thole_why *why)
{
	struct thole_worker *worker = NULL;
	struct thole_port *port = NULL;
	int err;

	config->port.device = "0";
	config->worker.stack.max_conns = CONNS;
	config->worker.stack.max_time_wait = 4 * CONNS;
	config->worker.stack.tcp.sndbuf_bytes = BUFFER;
	config->worker.stack.tcp.rcvbuf_bytes = BUFFER;
	err = thole_port_open(&config->port, &port, why);
	if (err != 0)
		return err;
	p->drain_ns = config->drain_ns;
	config->worker.port = port;
	config->worker.app_turn = on_turn;
	config->worker.app_ctx = p;
	err = thole_worker_create(&config->worker, &worker, why);
	if (err == 0) {
		err = run(p, worker, why);
		thole_worker_destroy(worker);
	}
	thole_port_close(port);
	return err;
}

static void
report(const struct proxy *p)
{
	printf("proxy: %llu connections, %llu bytes to the target, %llu from it\n",
		(unsigned long long)p->accepted, (unsigned long long)p->to_target,
		(unsigned long long)p->from_target);
	if (p->cut.open + p->cut.orphans != 0)
		printf("proxy: %u connections cut off\n", p->cut.open + p->cut.orphans);
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	static struct proxy proxy;
	struct thole_config config;
	struct thole_why why = { "" };
	int status;

	thole_config_init(&config);
	if (argc < 4 || thole_config_set(&config, "stack", "address", argv[1], &why) != 0 ||
		thole_addr_parse(argv[2], &proxy.target.addr) != 0 ||
		sscanf(argv[3], "%hu", &proxy.target.port) != 1) {
		fprintf(stderr, "usage: %s OUR-ADDRESS/PREFIX TARGET PORT [EAL OPTIONS]\n",
			argv[0]);
		return 2;
	}
	argv[3] = argv[0]; /* EAL's own begin there */
	status = thole_eal_start(argc - 3, argv + 3, MEMORY_MB, &why);
	if (status == 0) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		status = serve(&proxy, &config, &why);
		thole_eal_stop();
	}
	thole_config_fini(&config);
	if (status != 0)
		fprintf(stderr, "proxy: %s\n", why.text);
	else
		report(&proxy);
	return status != 0;
}
