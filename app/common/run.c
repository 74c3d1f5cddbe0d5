/* SPDX-License-Identifier: BSD-3-Clause */
/* run.c: one worker on the main lcore; the application in its turns, or on the next lcore over
 * rings. */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "say.h"

#define RUN_RING_ENTRIES 4096
#define RUN_GRACE_NS	 (3 * 1000000000ull) /* from a signal until connections are reset */
#define RUN_ABORT_NS	 (1 * 1000000000ull) /* from then until we leave whatever is left */
#define RUN_LAST_NS	 (20 * 1000000ull)   /* turns after the end: for the last ACK or RST */
#define RUN_EAL_ARGS	 (THOLE_CONFIG_EAL_ARGS + 64)

static volatile sig_atomic_t run_signals;

/* What the two threads, or the one, share. */
struct runner {
	const struct opts *opts;
	const struct run_program *program;
	struct thole_port *port;
	struct thole_worker *worker;
	struct thole_idle *app_idle; /* of the application's lcore; NULL: it has none */
	struct run run;
	uint64_t stopped_ns; /* when a signal was seen; 0: none yet */
	uint64_t over_ns;    /* when the program was done; 0: it isn't */
	bool aborted;
	bool stop; /* read by thole_worker_run() */
};

static void
on_signal(int number)
{
	(void)number;
	if (run_signals < 2)
		run_signals++;
}

/* Ctrl-C, kill, and a pipe whose reader has gone. */
static void
catch_signals(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	sigemptyset(&action.sa_mask);
	action.sa_handler = on_signal;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

static void
run_flush(struct run *run)
{
	uint32_t taken = thole_app_submit(run->app, run->ops, run->nb_ops);

	run->nb_ops -= taken;
	if (run->nb_ops != 0 && taken != 0)
		memmove(run->ops, run->ops + taken, run->nb_ops * sizeof(run->ops[0]));
}

uint32_t
run_room(struct run *run)
{
	if (run->nb_ops > RUN_OPS / 2)
		run_flush(run);
	return RUN_OPS - run->nb_ops;
}

struct thole_op *
run_op(struct run *run, enum thole_op_type type, thole_conn conn)
{
	struct thole_op *op = &run->ops[run->nb_ops++];

	memset(op, 0, sizeof(*op));
	op->type = type;
	op->conn = conn;
	return op;
}

/*
 * A third of the pool stays for receiving: ACKs must come in for what is sent to be freed. Counted
 * once a turn, and only in turns that ask: it reads every lcore's cache.
 */
bool
run_pool_low(struct run *run)
{
	if (!run->pool_seen) {
		uint32_t keep = run->pool->size / 3, left = rte_mempool_avail_count(run->pool);

		run->pool_seen = true;
		run->pool_left = left > keep ? left - keep : 0;
	}
	return run->pool_left == 0;
}

struct rte_mbuf *
run_mbuf(struct run *run)
{
	struct rte_mbuf *m;

	if (run_pool_low(run) || (m = rte_pktmbuf_alloc(run->pool)) == NULL)
		return NULL;
	run->pool_left--;
	return m;
}

/* A signal's consequences: first ask, then reset, then go. */
static bool
stop_by_signal(struct runner *r)
{
	const struct run_program *program = r->program;

	if (r->stopped_ns == 0) {
		r->stopped_ns = r->run.now_ns;
		r->run.stopping = true;
		program->stop(program->ctx);
	}
	if (!r->aborted && (run_signals > 1 || r->run.now_ns - r->stopped_ns > RUN_GRACE_NS)) {
		r->aborted = true;
		r->stopped_ns = r->run.now_ns;
		program->abort(program->ctx);
	}
	return r->aborted && r->run.now_ns - r->stopped_ns > RUN_ABORT_NS;
}

/* One turn of the application. @return whether it had anything to do. */
static bool
app_turn(struct runner *r, uint64_t now_ns)
{
	const struct run_program *program = r->program;
	struct thole_event events[RUN_EVENTS];
	struct run *run = &r->run;
	bool over = false, worked;
	uint32_t n = 0;

	run->now_ns = now_ns;
	run->pool_seen = false;
	/* An event may need an op or two; what isn't read now stays with the stack. */
	if (run_room(run) >= 2 * RUN_EVENTS)
		n = thole_app_events(run->app, events, RUN_EVENTS);
	for (uint32_t i = 0; i < n; i++)
		program->event(program->ctx, &events[i]);
	if (run_signals != 0)
		over = stop_by_signal(r);
	if (program->work(program->ctx))
		over = true;
	worked = n != 0 || run->nb_ops != 0;
	run_flush(run);
	if (over && r->over_ns == 0)
		r->over_ns = now_ns;
	if (r->over_ns != 0 && now_ns - r->over_ns > RUN_LAST_NS) {
		__atomic_store_n(&r->stop, true, __ATOMIC_RELEASE); /* read by the worker's loop */
		thole_worker_wake(r->worker);
	}
	return worked;
}

static void
turn_on_worker(void *ctx, struct thole_worker *worker, uint64_t now_ns)
{
	(void)worker;
	(void)app_turn(ctx, now_ns);
}

static int
turns_on_own_lcore(void *ctx)
{
	struct runner *r = ctx;

	for (;;) {
		uint64_t now_ns;

		thole_idle_announce(r->app_idle);
		if (__atomic_load_n(&r->stop, __ATOMIC_ACQUIRE))
			break;
		now_ns = thole_clock_ns();
		thole_idle_rest(r->app_idle, now_ns, app_turn(r, now_ns), THOLE_NEVER);
	}
	return 0;
}

/* Room for the pool, the stack's records, and EAL's own needs. */
static uint32_t
memory_mb(const struct thole_config *config)
{
	const struct thole_stack_config *stack = &config->worker.stack;
	uint64_t bytes = (uint64_t)config->port.pool_mbufs * (config->port.mbuf_bytes + 384u);

	bytes += (uint64_t)stack->max_conns * 640 + (uint64_t)stack->max_embryos * 128 +
		 (uint64_t)stack->max_time_wait * 96;
	return (uint32_t)(bytes >> 20) + 48;
}

static int
start_eal(const struct opts *opts)
{
	static char *args[RUN_EAL_ARGS];
	const struct thole_config *config = &opts->config;
	struct thole_why why = { "" };
	int n = 0;

	args[n++] = (char *)(uintptr_t)opts->program->name;
	if (config->nb_eal_args + opts->eal_argc + 2 > RUN_EAL_ARGS) {
		say("more than %d EAL options", RUN_EAL_ARGS - 2);
		return 2;
	}
	for (int i = 0; i < config->nb_eal_args; i++)
		args[n++] = config->eal_args[i];
	for (int i = 0; i < opts->eal_argc; i++)
		args[n++] = opts->eal_argv[i];
	if (thole_eal_start(n, args, memory_mb(config), &why) != 0) {
		say("%s", why.text);
		return 1;
	}
	return 0;
}

/* The device that one of EAL's options asks for: "--vdev=NAME,...", "-a NAME", in one part or two.
 */
static bool
asked_device(char *const args[], int n, char *name)
{
	static const char *const options[] = { "--vdev", "--allow", "-a" };

	for (int i = 0; i < n; i++) {
		for (size_t o = 0; o < sizeof(options) / sizeof(options[0]); o++) {
			size_t length = strlen(options[o]);
			const char *value = args[i] + length;

			if (strncmp(args[i], options[o], length) != 0)
				continue;
			if (*value == '\0' && i + 1 < n)
				value = args[i + 1];
			else if (*value == '=')
				value++;
			snprintf(name, RTE_ETH_NAME_MAX_LEN, "%.*s", (int)strcspn(value, ","),
				value);
			return name[0] != '\0';
		}
	}
	return false;
}

/* Without --device the only ethdev there is; or, with none, the first that was asked for: opening
 * it says why it isn't there. */
static int
choose_device(const struct opts *opts, char *name, const char **device)
{
	const struct thole_config *config = &opts->config;
	unsigned int n = 0;

	*device = config->device;
	if (config->device[0] != '\0')
		return 0;
	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
		if (rte_eth_dev_is_valid_port(id) && rte_eth_dev_get_name_by_port(id, name) == 0)
			n++;
	}
	*device = name;
	if (n == 1)
		return 0;
	if (n == 0 && (asked_device(opts->eal_argv, opts->eal_argc, name) ||
			      asked_device(config->eal_args, config->nb_eal_args, name)))
		return 0;
	if (n == 0)
		say("EAL found no device: add one after --, such as -- "
		    "--vdev=net_tap0,iface=thole0");
	else
		say("EAL found %u devices: choose one with --device, such as --device %s", n, name);
	return 1;
}

static int
start_worker(struct runner *r)
{
	struct thole_worker_config config = r->opts->config.worker;
	struct thole_port_config port = r->opts->config.port;
	struct thole_app_config app = { .ring_entries = r->opts->app_core ? RUN_RING_ENTRIES : 0 };
	char name[RTE_ETH_NAME_MAX_LEN];
	struct thole_why why = { "" };
	int status;

	if (r->opts->app_core && rte_lcore_count() < 2) {
		say("--app-core needs a second lcore: add -l 0,1 after --");
		return 2;
	}
	if (choose_device(r->opts, name, &port.device) != 0)
		return 1;
	if (thole_port_open(&port, &r->port, &why) != 0) {
		say("%s", why.text);
		return 1;
	}
	config.port = r->port;
	config.app_turn = r->opts->app_core ? NULL : turn_on_worker;
	config.app_ctx = r;
	if (thole_worker_create(&config, &r->worker, &why) != 0) {
		say("%s", why.text);
		return 1;
	}
	r->run.pool = thole_port_pool(r->port, 0);
	if (r->opts->app_core && thole_idle_create(&config.idle, &r->app_idle, &why) != 0) {
		say("%s", why.text);
		return 1;
	}
	app.events_queued = r->opts->app_core && config.idle.sleep ? thole_idle_wake : NULL;
	app.events_queued_ctx = r->app_idle;
	status = thole_app_create(thole_worker_stack(r->worker), &app, &r->run.app);
	if (status != 0) {
		say("no memory for the application's rings: %s", strerror(-status));
		return 1;
	}
	return 0;
}

/* The turns; returns after the last one, in both forms. */
static int
turn(struct runner *r)
{
	unsigned int lcore = rte_get_next_lcore((unsigned int)-1, 1, 0);

	if (r->opts->app_core && rte_eal_remote_launch(turns_on_own_lcore, r, lcore) != 0) {
		say("lcore %u doesn't start", lcore);
		return 1;
	}
	thole_worker_run(r->worker, &r->stop);
	if (r->opts->app_core)
		rte_eal_wait_lcore(lcore);
	return 0;
}

/* Ops that never were submitted own their mbufs. */
static void
drop_ops(struct run *run)
{
	for (uint32_t i = 0; i < run->nb_ops; i++) {
		if (run->ops[i].type == THOLE_OP_SEND)
			rte_pktmbuf_free(run->ops[i].mbuf);
	}
	run->nb_ops = 0;
}

/* What the worker did with turns that moved no packet. */
static void
say_idle(const struct runner *r, const struct thole_worker_stats *stats)
{
	const struct {
		const char *name, *text;
		uint64_t n;
	} lines[] = {
		{ "spins", "turns without a packet, and at once the next", stats->spins },
		{ "pauses", "turns without a packet, and then a pause", stats->pauses },
		{ "sleeps", "turns without a packet, and then a sleep", stats->sleeps },
		{ "wakes_rx", "sleeps ended by an RX interrupt", stats->wakes_rx },
		{ "wakes_app", "sleeps ended by the application", stats->wakes_app },
		{ "wakes_deadline", "sleeps ended by their time", stats->wakes_deadline },
		{ "wakes_signal", "sleeps ended by a signal", stats->wakes_signal },
	};

	if (stats->sleeps != 0 && !thole_worker_has_interrupt(r->worker))
		say("the device has no RX interrupts: it was polled");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (lines[i].n != 0)
			say("%s %llu: %s", lines[i].name, (unsigned long long)lines[i].n,
				lines[i].text);
	}
}

/* A line for each counter that isn't 0. */
static void
say_stats(struct runner *r)
{
	struct thole_worker_stats worker;
	struct thole_stats stats;
	const uint64_t *values = (const uint64_t *)(const void *)&stats;
	const char *name, *text;

	thole_stats_get(thole_worker_stack(r->worker), &stats);
	thole_worker_stats_get(r->worker, &worker);
	for (unsigned int i = 0; thole_stats_describe(i, &name, &text) == 0; i++) {
		if (values[i] != 0)
			say("%s %llu: %s", name, (unsigned long long)values[i], text);
	}
	if (worker.tx_lost != 0)
		say("tx_lost %llu: packets that the device wouldn't take in bounded time",
			(unsigned long long)worker.tx_lost);
	say_idle(r, &worker);
}

int
run_main(const struct opts *opts, const struct run_program *program)
{
	struct runner *r;
	int status, ended = 0;

	catch_signals();
	status = start_eal(opts);
	if (status != 0)
		return status;
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		thole_eal_stop();
		say("out of memory");
		return 1;
	}
	r->opts = opts;
	r->program = program;
	status = start_worker(r);
	if (status == 0) {
		r->run.now_ns = thole_clock_ns();
		status = program->start(program->ctx, &r->run);
		run_flush(&r->run); /* so that ports listen before the first packet comes */
		if (status == 0)
			status = turn(r);
		if (opts->stats)
			say_stats(r);
		ended = program->end(program->ctx);
		if (status == 0)
			status = ended;
	}
	drop_ops(&r->run);
	if (r->run.app != NULL)
		thole_app_destroy(r->run.app);
	thole_idle_destroy(r->app_idle);
	if (r->worker != NULL)
		thole_worker_destroy(r->worker);
	if (r->port != NULL)
		thole_port_close(r->port);
	free(r);
	thole_eal_stop();
	return status;
}
