/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run.c: workers on the main lcore and the next ones, each with the application in its turns; or
 * one, with the application on the next lcore over rings.
 */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "say.h"
#include "signals.h"

#define RUN_RING_ENTRIES 4096
#define RUN_LAST_NS	 (20 * 1000000ull)   /* turns after the end: for the last ACK or RST */
#define RUN_HEAR_NS	 (1 * 1000000000ull) /* for the program to hear of it */
#define RUN_LOOK_NS	 (10 * 1000000ull)   /* the longest sleep meanwhile */
#define RUN_EAL_ARGS	 (THOLE_CONFIG_EAL_ARGS + 64)
#define RUN_WORKERS	 128 /* as many as a port can have */

/* What all threads share. */
struct group {
	const struct opts *opts;
	const struct run_program *program;
	struct thole_port *port;
	unsigned int n;
	unsigned int nb_done; /* runners with nothing left to do */
	bool stop;	      /* read by thole_worker_run() */
	unsigned int lcores[RUN_WORKERS];
	struct runner *runners[RUN_WORKERS];
};

/* A worker and its application, in one thread or two. */
struct runner {
	struct group *group;
	void *ctx; /* the program's */
	struct thole_worker *worker;
	struct thole_idle *app_idle; /* of the application's lcore; NULL: it has none */
	struct run run;
	uint64_t drained_ns; /* when nothing was left in the stack; 0: there is */
	bool over;	     /* the program has nothing more to do */
	bool hurried;	     /* a second signal was seen */
	bool done;
	bool started;
};

static void
run_flush(struct run *run)
{
	int32_t taken = thole_app_submit(run->app, run->ops, run->nb_ops);

	if (taken <= 0)
		return;
	run->nb_ops -= (uint32_t)taken;
	if (run->nb_ops != 0)
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

/* A signal's consequences: first ask, and reset when the time for that is over, or at the second.
 */
static void
heed_signals(struct runner *r)
{
	unsigned int seen = signals_seen();

	if (seen != 0 && !r->run.stopping) {
		r->run.stopping = true;
		thole_worker_drain(r->worker, r->run.now_ns + r->group->opts->config.drain_ns);
		r->group->program->stop(r->ctx);
	}
	if (seen > 1 && !r->hurried) {
		r->hurried = true;
		thole_worker_drain(r->worker, 0);
	}
}

/*
 * This one has nothing left to do. It goes on turning until that is true of all: the others may
 * still hand packets over to it.
 */
static void
runner_done(struct runner *r)
{
	struct group *g = r->group;

	r->done = true;
	if (__atomic_add_fetch(&g->nb_done, 1, __ATOMIC_ACQ_REL) != g->n)
		return;
	__atomic_store_n(&g->stop, true, __ATOMIC_RELEASE); /* read by the workers' loops */
	for (unsigned int i = 0; i < g->n; i++)
		thole_worker_wake(g->runners[i]->worker);
}

/* Whatever is left when the program has nothing more to do is reset. */
static void
program_over(struct runner *r)
{
	r->over = true;
	thole_worker_drain(r->worker, 0);
	if (r->group->n > 1) /* one that ends by itself ends the others */
		signals_pretend();
}

static void
look_whether_done(struct runner *r)
{
	uint64_t now_ns = r->run.now_ns;

	if (!r->run.drained || r->done)
		return;
	if (r->drained_ns == 0)
		r->drained_ns = now_ns;
	if (now_ns - r->drained_ns > (r->over ? RUN_LAST_NS : RUN_HEAR_NS))
		runner_done(r);
	else
		thole_worker_wake(r->worker); /* no sleep now */
}

/* One turn of the application. @return whether it had anything to do. */
static bool
app_turn(struct runner *r, uint64_t now_ns)
{
	const struct run_program *program = r->group->program;
	struct thole_event events[RUN_EVENTS];
	struct run *run = &r->run;
	bool worked;
	int32_t n = 0;

	run->now_ns = now_ns;
	run->pool_seen = false;
	run->drained = thole_worker_drained(r->worker, NULL);
	/* An event may need an op or two; what isn't read now stays with the stack. */
	if (run_room(run) >= 2 * RUN_EVENTS)
		n = thole_app_events(run->app, events, RUN_EVENTS);
	for (int32_t i = 0; i < n; i++)
		program->event(r->ctx, &events[i]);
	heed_signals(r);
	if (program->work(r->ctx) && !r->over)
		program_over(r);
	worked = n > 0 || run->nb_ops != 0;
	run_flush(run);
	look_whether_done(r);
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
		uint64_t now_ns, until_ns;
		bool worked;

		thole_idle_announce(r->app_idle);
		if (__atomic_load_n(&r->group->stop, __ATOMIC_ACQUIRE))
			break;
		now_ns = thole_clock_ns();
		worked = app_turn(r, now_ns);
		until_ns = r->run.stopping || r->over ? now_ns + RUN_LOOK_NS : THOLE_NEVER;
		thole_idle_rest(r->app_idle, now_ns, worked, until_ns);
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
	return (uint32_t)(bytes * config->port.nb_workers >> 20) + 48;
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

/* The lcores of the workers: main's first. */
static int
choose_lcores(struct group *g)
{
	unsigned int lcore = rte_get_main_lcore();

	if (g->opts->app_core && rte_lcore_count() < 2) {
		say("--app-core needs a second lcore: add -l 0,1 after --");
		return 2;
	}
	if (rte_lcore_count() < g->n) {
		say("port.workers is %u, and EAL has %u lcores: add -l 0-%u after --", g->n,
			rte_lcore_count(), g->n - 1);
		return 2;
	}
	for (unsigned int i = 0; i < g->n; i++) {
		g->lcores[i] = lcore;
		lcore = rte_get_next_lcore(i == 0 ? (unsigned int)-1 : lcore, 1, 0);
	}
	return 0;
}

static int
start_port(struct group *g)
{
	struct thole_port_config port = g->opts->config.port;
	char name[RTE_ETH_NAME_MAX_LEN];
	struct thole_why why = { "" };
	int status = choose_lcores(g);

	if (status != 0)
		return status;
	if (choose_device(g->opts, name, &port.device) != 0)
		return 1;
	port.lcores = g->lcores;
	if (thole_port_open(&port, &g->port, &why) != 0) {
		say("%s", why.text);
		return 1;
	}
	if (g->n > 1 && g->opts->stats)
		say("%u workers, %u queues: %s", g->n, thole_port_sharing(g->port)->nb_queues,
			thole_port_sharing(g->port)->why);
	return 0;
}

static int
start_worker(struct runner *r, uint16_t number)
{
	const struct opts *opts = r->group->opts;
	struct thole_worker_config config = opts->config.worker;
	struct thole_app_config app = { .ring_entries = opts->app_core ? RUN_RING_ENTRIES : 0 };
	struct thole_why why = { "" };
	int status;

	config.port = r->group->port;
	config.queue = number;
	config.app_turn = opts->app_core ? NULL : turn_on_worker;
	config.app_ctx = r;
	if (thole_worker_create(&config, &r->worker, &why) != 0) {
		say("%s", why.text);
		return 1;
	}
	r->run.number = number;
	r->run.pool = thole_port_pool(r->group->port, number);
	if (r->group->opts->app_core && thole_idle_create(&config.idle, &r->app_idle, &why) != 0) {
		say("%s", why.text);
		return 1;
	}
	app.events_queued = r->group->opts->app_core && config.idle.sleep ? thole_idle_wake : NULL;
	app.events_queued_ctx = r->app_idle;
	status = thole_app_create(thole_worker_stack(r->worker), &app, &r->run.app);
	if (status != 0) {
		say("no memory for the application's rings: %s", strerror(-status));
		return 1;
	}
	return 0;
}

/* The first has the program's own context, the others copies of it as it is at the start. */
static int
make_runners(struct group *g)
{
	const struct run_program *program = g->program;

	for (unsigned int i = 0; i < g->n; i++) {
		struct runner *r = g->runners[i] = calloc(1, sizeof(*r));

		if (r == NULL)
			return -ENOMEM;
		r->group = g;
		r->ctx = i == 0 ? program->ctx : malloc(program->ctx_bytes);
		if (r->ctx == NULL)
			return -ENOMEM;
		if (i != 0)
			memcpy(r->ctx, program->ctx, program->ctx_bytes);
	}
	return 0;
}

static int
start_runners(struct group *g)
{
	int status = start_port(g);

	for (unsigned int i = 0; i < g->n && status == 0; i++)
		status = start_worker(g->runners[i], (uint16_t)i);
	for (unsigned int i = 0; i < g->n && status == 0; i++) {
		struct runner *r = g->runners[i];

		r->run.now_ns = thole_clock_ns();
		r->started = true;
		status = g->program->start(r->ctx, &r->run);
		run_flush(&r->run); /* so that ports listen before the first packet comes */
		(void)thole_app_release(r->run.app); /* another thread's, maybe, from here on */
	}
	return status;
}

static int
turns_of_worker(void *ctx)
{
	struct runner *r = ctx;

	thole_worker_run(r->worker, &r->group->stop);
	return 0;
}

/* The turns; returns after the last one, in all forms. */
static int
turn(struct group *g)
{
	unsigned int second = rte_get_next_lcore((unsigned int)-1, 1, 0), n = 1;
	int status = 0;

	if (g->opts->app_core && rte_eal_remote_launch(turns_on_own_lcore, g->runners[0], second)) {
		say("lcore %u doesn't start", second);
		return 1;
	}
	for (; n < g->n && status == 0; n++)
		if (rte_eal_remote_launch(turns_of_worker, g->runners[n], g->lcores[n]) != 0) {
			say("lcore %u doesn't start", g->lcores[n]);
			status = 1;
			__atomic_store_n(&g->stop, true, __ATOMIC_RELEASE);
		}
	thole_worker_run(g->runners[0]->worker, &g->stop);
	rte_eal_mp_wait_lcore();
	return status;
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
say_stats(const struct runner *r)
{
	struct thole_worker_stats worker;
	struct thole_stats stats;
	const uint64_t *values = (const uint64_t *)(const void *)&stats;
	const char *name, *text;

	thole_stats_get(thole_worker_stack(r->worker), &stats);
	thole_worker_stats_get(r->worker, &worker);
	if (r->group->n > 1)
		say("worker %u: %llu packets from others, %llu to others, %llu lost on the way",
			r->run.number, (unsigned long long)worker.handed_in,
			(unsigned long long)worker.handed_out,
			(unsigned long long)worker.handover_lost);
	for (unsigned int i = 0; thole_stats_describe(i, &name, &text) == 0; i++) {
		if (values[i] != 0)
			say("%s %llu: %s", name, (unsigned long long)values[i], text);
	}
	if (worker.tx_lost != 0)
		say("tx_lost %llu: packets that the device wouldn't take in bounded time",
			(unsigned long long)worker.tx_lost);
	say_idle(r, &worker);
}

/* One line of what was reset. @return whether there was any. */
static bool
say_cut(const struct group *g)
{
	struct thole_left all = { .open = 0 };

	for (unsigned int i = 0; i < g->n; i++) {
		const struct runner *r = g->runners[i];
		struct thole_left cut;

		if (r == NULL || r->worker == NULL || !thole_worker_drained(r->worker, &cut))
			continue;
		all.open += cut.open + cut.orphans;
		all.unsent_bytes += cut.unsent_bytes;
		all.unacked_bytes += cut.unacked_bytes;
	}
	if (all.open == 0)
		return false;
	say("cut off %u connection%s, with %llu bytes unsent and %llu not acknowledged", all.open,
		all.open == 1 ? "" : "s", (unsigned long long)all.unsent_bytes,
		(unsigned long long)all.unacked_bytes);
	return true;
}

/* @return the program's exit status, if it was started. */
static int
end_runner(struct runner *r, bool is_copy)
{
	int status = 0;

	if (r == NULL)
		return 0;
	if (r->started && r->group->opts->stats)
		say_stats(r);
	if (r->started)
		status = r->group->program->end(r->ctx);
	drop_ops(&r->run);
	if (r->run.app != NULL)
		thole_app_destroy(r->run.app);
	thole_idle_destroy(r->app_idle);
	if (r->worker != NULL)
		thole_worker_destroy(r->worker);
	if (is_copy)
		free(r->ctx);
	free(r);
	return status;
}

int
run_main(const struct opts *opts, const struct run_program *program)
{
	static struct group group;
	struct group *g = &group;
	bool cut;
	int status;

	*g = (struct group){ .opts = opts, .program = program, .n = opts->config.port.nb_workers };
	signals_catch();
	status = start_eal(opts);
	if (status != 0)
		return status;
	if (make_runners(g) != 0) {
		say("out of memory");
		status = 1;
	}
	if (status == 0)
		status = start_runners(g);
	if (status == 0)
		status = turn(g);
	cut = say_cut(g);
	for (unsigned int i = 0; i < g->n; i++) {
		int ended = end_runner(g->runners[i], i != 0);

		if (status == 0)
			status = ended;
	}
	if (status == 0 && cut)
		status = RUN_CUT;
	if (g->port != NULL)
		thole_port_close(g->port);
	thole_eal_stop();
	return status;
}
