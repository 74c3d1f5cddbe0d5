/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fetch.c: a client. It opens one connection, asks for a page with HTTP/1.0, and writes the body to
 * stdout. The application is called in the worker's turns, on the same lcore, through a direct
 * context: what it submits is done at once, and goes out at the end of the same turn.
 *
 *	example-fetch 10.0.0.9/24 10.0.0.1 80 /index.html -l 0 --vdev=net_tap0
 *
 * Exit status: 0 for a whole page with status 200, 1 for anything else.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <rte_mbuf.h>

#include <thole/config.h>

#define EVENTS	   32
#define HEAD_BYTES 8192
#define MEMORY_MB  64
#define PATIENCE   (10 * 1000000000ull) /* for a peer that doesn't answer: ns */
#define LAST_TURNS 64

struct fetch {
	struct thole_app *app;
	struct rte_mempool *pool;
	const char *host; /* as it was given */
	const char *path;
	bool asked;
	bool whole;    /* the peer has sent all */
	bool over;     /* CLOSED */
	char why[160]; /* why there is no page; "" */
	uint64_t body_bytes;
	size_t head_bytes;
	bool in_body;
	char head[HEAD_BYTES + 1]; /* status line and fields, terminated */
};

static bool stop; /* read by thole_worker_run() */

static void
on_signal(int number)
{
	(void)number;
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
}

/* In a direct context they take effect here. */
static void
submit(struct fetch *f, const struct thole_op *op)
{
	if (thole_app_submit(f->app, op, 1) != 1)
		snprintf(f->why, sizeof(f->why), "an op wasn't taken");
}

static void
ask(struct fetch *f, thole_conn conn)
{
	char text[1024];
	int n = snprintf(text, sizeof(text),
		"GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n", f->path, f->host);

	f->asked = true;
	if (n < (int)sizeof(text) &&
		thole_app_send_copy(f->app, conn, f->pool, text, (uint32_t)n) == n)
		return;
	snprintf(f->why, sizeof(f->why), "the request can't be sent");
	submit(f, &(struct thole_op){ .type = THOLE_OP_ABORT, .conn = conn });
}

static void
take_bytes(struct fetch *f, const char *bytes, size_t n)
{
	/* Byte by byte until the empty line that ends the head. */
	while (!f->in_body && n > 0 && f->head_bytes < HEAD_BYTES) {
		f->head[f->head_bytes++] = *bytes++;
		n--;
		f->in_body = f->head_bytes >= 4 &&
			     memcmp(&f->head[f->head_bytes - 4], "\r\n\r\n", 4) == 0;
	}
	if (!f->in_body)
		return;
	f->body_bytes += n;
	if (fwrite(bytes, 1, n, stdout) != n)
		snprintf(f->why, sizeof(f->why), "stdout can't be written");
}

static void
take_data(struct fetch *f, const struct thole_event *ev)
{
	for (const struct rte_mbuf *m = ev->mbuf; m != NULL; m = m->next)
		take_bytes(f, rte_pktmbuf_mtod(m, const char *), m->data_len);
	submit(f,
		&(struct thole_op){
			.type = THOLE_OP_RECEIVED, .conn = ev->conn, .bytes = ev->mbuf->pkt_len });
	rte_pktmbuf_free(ev->mbuf);
}

static void
take_event(struct fetch *f, const struct thole_event *ev)
{
	switch (ev->type) {
	case THOLE_EV_CONNECTED:
		ask(f, ev->conn);
		break;
	case THOLE_EV_DATA:
		take_data(f, ev);
		break;
	case THOLE_EV_PEER_CLOSED:
		f->whole = true;
		submit(f, &(struct thole_op){ .type = THOLE_OP_CLOSE, .conn = ev->conn });
		break;
	case THOLE_EV_CLOSED:
		if (ev->status != 0 && f->why[0] == '\0')
			snprintf(f->why, sizeof(f->why), "%s: %s",
				f->asked ? "connection lost" : "can't connect",
				strerror(-ev->status));
		f->over = true;
		__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
		break;
	case THOLE_EV_REFUSED:
		snprintf(f->why, sizeof(f->why), "refused: %s", strerror(-ev->status));
		break;
	default: /* what only servers hear, or who asks for it */
		break;
	}
}

/* In each of the worker's turns, between what came in and what goes out. */
static void
on_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns)
{
	struct thole_event events[EVENTS];
	struct fetch *f = ctx;
	int32_t n = f->app != NULL ? thole_app_events(f->app, events, EVENTS) : 0;

	(void)worker;
	(void)now_ns;
	for (int32_t i = 0; i < n; i++)
		take_event(f, &events[i]);
}

/* Whether it is a page, and all of it. */
static bool
judge(struct fetch *f)
{
	const char *line = strstr(f->head, "\r\n");
	unsigned long long length;
	int status;

	if (f->why[0] != '\0')
		return false;
	if (!f->over || !f->whole) {
		snprintf(f->why, sizeof(f->why), "interrupted");
	} else if (!f->in_body || sscanf(f->head, "HTTP/1.%*d %d", &status) != 1) {
		snprintf(f->why, sizeof(f->why), "that is no HTTP");
	} else if (status != 200) {
		snprintf(f->why, sizeof(f->why), "%.*s", (int)strcspn(f->head, "\r"), f->head);
	}
	for (; line != NULL && f->why[0] == '\0'; line = strstr(line + 2, "\r\n")) {
		if (strncasecmp(line + 2, "content-length:", 15) != 0 ||
			sscanf(line + 17, "%llu", &length) != 1 || length == f->body_bytes)
			continue;
		snprintf(f->why, sizeof(f->why), "%llu bytes of %llu",
			(unsigned long long)f->body_bytes, length);
	}
	return f->why[0] == '\0';
}

static int
run(struct fetch *f, struct thole_worker *worker, const struct thole_endpoint *server)
{
	struct thole_app_config direct = { 0 };
	int err = thole_app_create(thole_worker_stack(worker), &direct, &f->app);

	if (err != 0) {
		snprintf(f->why, sizeof(f->why), "application: %s", strerror(-err));
		return err;
	}
	thole_worker_turn(worker); /* ops go by its time */
	submit(f, &(struct thole_op){ .type = THOLE_OP_SET_NEW,
			  .option = THOLE_OPT_USER_TIMEOUT,
			  .value = PATIENCE });
	submit(f, &(struct thole_op){ .type = THOLE_OP_CONNECT, .remote = *server });
	thole_worker_run(worker, &stop);
	thole_app_destroy(f->app); /* what isn't over is reset, in these turns */
	f->app = NULL;
	for (int i = 0; i < LAST_TURNS; i++)
		thole_worker_turn(worker);
	return 0;
}

static int
fetch(struct fetch *f, struct thole_config *config, const struct thole_endpoint *server,
	struct thole_why *why)
{
	struct thole_worker *worker = NULL;
	struct thole_port *port = NULL;
	int err;

	config->port.device = "0";
	config->worker.stack.max_conns = 16;
	config->worker.stack.max_embryos = 16;
	config->worker.stack.max_time_wait = 16;
	err = thole_port_open(&config->port, &port, why);
	if (err != 0)
		return err;
	f->pool = thole_port_pool(port, 0);
	config->worker.port = port;
	config->worker.app_turn = on_turn;
	config->worker.app_ctx = f;
	err = thole_worker_create(&config->worker, &worker, why);
	if (err == 0) {
		err = run(f, worker, server);
		thole_worker_destroy(worker);
	}
	thole_port_close(port);
	return err;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct thole_endpoint server = { .port = 0 };
	static struct fetch f;
	struct thole_config config;
	struct thole_why why = { "" };
	bool good = false;

	thole_config_init(&config);
	if (argc < 5 || thole_config_set(&config, "stack", "address", argv[1], &why) != 0 ||
		thole_addr_parse(argv[2], &server.addr) != 0 ||
		sscanf(argv[3], "%hu", &server.port) != 1) {
		fprintf(stderr, "usage: %s OUR-ADDRESS/PREFIX SERVER PORT PATH [EAL OPTIONS]\n",
			argv[0]);
		return 2;
	}
	f.host = argv[2];
	f.path = argv[4];
	argv[4] = argv[0]; /* EAL's own begin there */
	if (thole_eal_start(argc - 4, argv + 4, MEMORY_MB, &why) == 0) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		if (fetch(&f, &config, &server, &why) == 0)
			good = judge(&f);
		thole_eal_stop();
	}
	thole_config_fini(&config);
	if (!good)
		fprintf(stderr, "fetch: %s\n", why.text[0] != '\0' ? why.text : f.why);
	return fflush(stdout) == 0 && good ? 0 : 1;
}
