/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * echo_sockets.c: what comes is sent back, by socket calls, in the mbufs that it came in. A worker
 * runs a stack on one lcore; this thread, on another, has sockets: one call tells which of them
 * became ready since it was asked last, all others don't wait.
 *
 *	example-echo-sockets 10.0.0.9/24 -l 0,1 --vdev=net_tap0
 *
 * What can't be sent back yet is held, and no more is read meanwhile: so the peer's window closes.
 *
 * SIGINT or SIGTERM: nobody new is taken, and who is there has 5 s to finish; a second one ends
 *that at once.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include <thole/config.h>
#include <thole/socket.h>

#define PORT	  7
#define BACKLOG	  128
#define ECHOES	  4096
#define READY	  64
#define PIECE	  65536
#define MEMORY_MB 96	       /* pool and stack */
#define LOOK_NS	  100000000ull /* how often it looks whether to stop */

struct echo {
	thole_sock sock; /* 0: nobody has it */
	struct rte_mbuf *held;
};

struct server {
	struct thole_port *port;
	struct thole_worker *worker;
	bool worker_stop;
	int signals;	       /* heeded */
	struct thole_left cut; /* what didn't finish in time */
	struct thole_sockets *sockets;
	thole_sock listener;
	uint64_t accepted;
	uint64_t bytes;
	struct echo echoes[ECHOES];
};

static volatile sig_atomic_t signals;

static void
on_signal(int number)
{
	(void)number;
	signals = signals + 1;
}

/* Back and forth until one of the two would have to wait. @return false: it is over. */
static bool
pump(struct server *s, struct echo *echo)
{
	for (;;) {
		int64_t n;

		if (echo->held == NULL) {
			n = thole_recv_mbuf(s->sockets, echo->sock, &echo->held, PIECE, 0);
			if (n <= 0)
				return n == -EAGAIN;
		}
		n = thole_send_mbuf(s->sockets, echo->sock, echo->held, 0);
		if (n < 0)
			return n == -EAGAIN;
		echo->held = NULL;
		s->bytes += (uint64_t)n;
	}
}

static void
end(struct server *s, struct echo *echo)
{
	rte_pktmbuf_free(echo->held);
	echo->held = NULL;
	thole_close(s->sockets, echo->sock);
	echo->sock = 0;
}

/* All that there are: there may be no news of those that were left. */
static void
accept_all(struct server *s)
{
	thole_sock sock;

	while ((sock = thole_accept(s->sockets, s->listener, NULL, 0)) > 0) {
		uint64_t i = (uint64_t)sock % ECHOES; /* the index of a socket is in its low bits */

		s->echoes[i] = (struct echo){ .sock = sock };
		s->accepted++;
		thole_watch(s->sockets, sock, THOLE_IN | THOLE_OUT, i);
	}
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

static void
serve(struct server *s, uint64_t drain_ns)
{
	struct thole_ready ready[READY];

	while (!is_over(s, drain_ns)) {
		int n = thole_wait(s->sockets, ready, READY, LOOK_NS);

		for (int i = 0; i < n; i++) {
			struct echo *echo = &s->echoes[ready[i].user];

			if (ready[i].sock == s->listener)
				accept_all(s);
			else if (!pump(s, echo))
				end(s, echo);
		}
	}
}

static int
listen_at(struct server *s, struct thole_why *why)
{
	const struct thole_endpoint local = { .port = PORT }; /* all addresses of the stack */
	int error;

	s->listener = thole_socket(s->sockets);
	error = thole_bind(s->sockets, s->listener, &local);
	if (error == 0)
		error = thole_listen(s->sockets, s->listener, BACKLOG, THOLE_NEVER);
	if (error == 0)
		error = thole_watch(s->sockets, s->listener, THOLE_IN, 0);
	if (error != 0)
		snprintf(why->text, sizeof(why->text), "listening: %s", strerror(-error));
	return error;
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
	unsigned int lcore = rte_get_next_lcore((unsigned int)-1, 1, 0);
	struct thole_sockets_config sockets;
	int error;

	if (lcore == RTE_MAX_LCORE) {
		snprintf(why->text, sizeof(why->text), "a second lcore is needed: -l 0,1");
		return -1;
	}
	config->port.device = "0";
	config->port.lcores = &lcore;
	config->worker.stack.max_conns = ECHOES;
	config->worker.stack.max_time_wait = 4 * ECHOES;
	thole_sockets_config_init(&sockets);
	sockets.max_sockets = ECHOES;
	error = thole_port_open(&config->port, &s->port, why);
	if (error != 0)
		return error;
	config->worker.port = s->port;
	error = thole_worker_create(&config->worker, &s->worker, why);
	if (error == 0)
		error = thole_sockets_create(&s->worker, 1, &sockets, &s->sockets, why);
	if (error != 0)
		return error;
	error = rte_eal_remote_launch(run_worker, s, lcore);
	return error != 0 ? error : listen_at(s, why);
}

static void
stop_all(struct server *s)
{
	for (uint32_t i = 0; i < ECHOES; i++)
		rte_pktmbuf_free(s->echoes[i].held);
	__atomic_store_n(&s->worker_stop, true, __ATOMIC_RELEASE); /* read by thole_worker_run() */
	if (s->worker != NULL)
		thole_worker_wake(s->worker);
	rte_eal_mp_wait_lcore();
	/* The worker has stopped: its stack is this thread's, and its last turns send the RSTs. */
	thole_sockets_destroy(s->sockets);
	for (int i = 0; s->worker != NULL && i < 64; i++)
		thole_worker_turn(s->worker);
	if (s->worker != NULL)
		thole_worker_destroy(s->worker);
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
		if (status == 0) {
			printf("echo-sockets: listening at port %d\n", PORT);
			fflush(stdout);
			serve(&server, config.drain_ns);
		}
		stop_all(&server);
		thole_eal_stop();
	}
	thole_config_fini(&config);
	if (server.cut.open + server.cut.orphans != 0)
		printf("echo-sockets: %u connections cut off\n",
			server.cut.open + server.cut.orphans);
	if (status != 0)
		fprintf(stderr, "echo-sockets: %s\n", why.text);
	else
		printf("echo-sockets: %llu connections, %llu bytes sent back\n",
			(unsigned long long)server.accepted, (unsigned long long)server.bytes);
	return status != 0;
}
