/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run.c: counting starts after a warm-up, when tables, caches and neighbours are warm. A lone
 * server can't know when the client starts or ends: its time runs from the first connection, and it
 * goes on serving until half a second passes without a new one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_branch_prediction.h>
#include <rte_launch.h>

#include "report.h"

#define S_IN_NS	    1e9
#define LOOK_NS	    UINT64_C(1000000)
#define LINGER_NS   UINT64_C(500000000)
#define LONGEST_NS  UINT64_C(10000000000) /* of linger, and of drain */
#define RESET_NS    UINT64_C(10000)	  /* more of drain, for one that stays open */
#define QUIET_NS    UINT64_C(50000000)
#define FLOOD_TURNS 64 /* for a cable that is full */

static uint64_t
done_now(const struct run *run, const struct side *side)
{
	struct end_counts counts = side_counts(side);

	return run->options->standing != 0 ? counts.requests : counts.done;
}

static void
take_sample(const struct run *run, uint64_t now, struct sample *out)
{
	const struct side *counter = run->client != NULL ? run->client : run->server;

	struct timespec cpu;

	memset(out, 0, sizeof(*out));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	out->cpu_ns = (uint64_t)cpu.tv_sec * (uint64_t)S_IN_NS + (uint64_t)cpu.tv_nsec;
	out->ns = now;
	out->done = done_now(run, counter);
	if (run->server != NULL) {
		out->failed += side_counts(run->server).failed;
		side_stats(run->server, &out->server);
	}
	if (run->client != NULL) {
		out->failed += side_counts(run->client).failed;
		out->spoofed = run->client->lanes[0].client.flood.sent;
		side_stats(run->client, &out->client);
	}
}

static void
record(const struct run *run, bool on)
{
	if (run->server != NULL)
		side_record(run->server, on);
	if (run->client != NULL)
		side_record(run->client, on);
}

static void
print_second(struct run *run, const struct sample *now)
{
	double seconds = (double)(now->ns - run->second.ns) / S_IN_NS;
	double rate = (double)(now->done - run->second.done) / seconds;
	char a[GROUPED_BYTES], b[GROUPED_BYTES], c[GROUPED_BYTES];
	uint64_t time_wait = now->server.time_wait + now->client.time_wait;

	printf("%5.1f s %12s %s/s %8s failed %12s in TIME-WAIT\n",
		(double)(now->ns - run->first.ns) / S_IN_NS, grouped(rate, a),
		run->options->standing != 0 ? "requests" : "conns", grouped((double)now->failed, b),
		grouped((double)time_wait, c));
	fflush(stdout);
	run->per_second[run->nb_per_second++] = rate;
	run->second = *now;
}

static void
enter(struct run *run, enum run_phase phase, uint64_t now)
{
	run->phase = phase;
	run->phase_ns = now;
	run->next_ns = now + LOOK_NS;
}

static uint64_t
idle_now(const struct run *run)
{
	const struct side *side = run->client != NULL ? run->client : run->server;

	struct end_counts counts = side_counts(side);

	return counts.idle + counts.standing;
}

static void
begin_drain(struct run *run, uint64_t now)
{
	for (uint32_t i = 0; run->client != NULL && i < run->client->nb_lanes; i++)
		client_stop(&run->client->lanes[i].client);
	enter(run, RUN_DRAIN, now);
}

/* Whether the side that opens connections has got going. */
static bool
is_under_way(const struct run *run)
{
	if (run->client == NULL)
		return side_counts(run->server).established > run->options->standing &&
		       idle_now(run) >= run->options->idle;
	for (uint32_t i = 0; i < run->client->nb_lanes; i++)
		if (!client_runs(&run->client->lanes[i].client))
			return false;
	return true;
}

static void
begin_warm(struct run *run, uint64_t now)
{
	char a[GROUPED_BYTES];

	run->idle = idle_now(run);
	memory_measure(&run->memory);
	if (run->idle != 0) {
		printf("  %s %s connections are open\n", grouped((double)run->idle, a),
			run->options->standing != 0 ? "standing" : "idle");
		fflush(stdout);
	}
	enter(run, RUN_WARM, now);
	run->next_ns = now + (uint64_t)(RUN_WARM_S * S_IN_NS);
}

/* With --time-wait: whether the side that closes first has as many. */
static bool
is_full(const struct run *run)
{
	const struct side *side = run->options->client_closes ? run->client : run->server;
	struct thole_stats stats;

	if (run->options->time_wait == 0)
		return true;
	side_stats(side, &stats);
	return stats.time_wait_peak >= run->options->time_wait;
}

static void
look_warm(struct run *run, uint64_t now, bool interrupted)
{
	if (is_full(run)) {
		memory_measure(&run->memory_first);
		take_sample(run, now, &run->first);
		run->second = run->first;
		starve_begin(run);
		record(run, true);
		enter(run, RUN_COUNT, now);
	} else if (interrupted || (double)(now - run->phase_ns) > run->options->wait_s * S_IN_NS) {
		run->not_full = true;
		begin_drain(run, now);
	} else {
		run->next_ns = now + LOOK_NS;
	}
}

static void
look_wait(struct run *run, uint64_t now)
{
	double waited;

	if (is_under_way(run)) {
		begin_warm(run, now);
		return;
	}
	if (idle_now(run) != run->filled) { /* it goes on */
		run->filled = idle_now(run);
		run->phase_ns = now;
	}
	waited = (double)(now - run->phase_ns) / S_IN_NS;
	if (!run->said_waiting && waited > 1) {
		run->said_waiting = true;
		printf("waiting for the %s, at most %g s ...\n",
			run->client != NULL ? "server" : "first connection", run->options->wait_s);
		fflush(stdout);
	}
	if (waited >= run->options->wait_s)
		begin_drain(run, now);
	else
		run->next_ns = now + LOOK_NS;
}

static void
look_count(struct run *run, uint64_t now, bool interrupted)
{
	uint64_t end = run->first.ns + (uint64_t)(run->options->duration_s * S_IN_NS);
	uint64_t second = run->second.ns + (uint64_t)S_IN_NS;
	struct sample sample;

	starve_look(run, now);
	if (now < end && now < second && !interrupted) {
		run->next_ns = now + LOOK_NS;
	} else {
		take_sample(run, now, &sample);
		/* A signal or the end may come just after a full second: no line for what is left.
		 */
		if (sample.ns - run->second.ns > (uint64_t)(S_IN_NS / 20) ||
			run->nb_per_second == 0)
			print_second(run, &sample);
		if (now >= end || interrupted) {
			record(run, false);
			run->last = sample;
			run->counted = true;
			starve_end(run, now);
			memory_measure(&run->memory_last);
			if (run->client == NULL)
				enter(run, RUN_LINGER, now);
			else
				begin_drain(run, now);
			return;
		}
	}
	run->next_ns = RTE_MIN(now + LOOK_NS, RTE_MIN(end, run->second.ns + (uint64_t)S_IN_NS));
}

/* A second signal came. */
static bool
is_hurried(const struct run *run)
{
	return *run->signals > 1;
}

static void
look_linger(struct run *run, uint64_t now)
{
	struct end_counts counts = side_counts(run->server);
	uint64_t active = counts.established + counts.requests;

	if (active != run->active_count || run->active_ns == 0) {
		run->active_count = active;
		run->active_ns = now;
	}
	if (now - run->active_ns >= LINGER_NS || now - run->phase_ns >= LONGEST_NS ||
		is_hurried(run)) {
		for (uint32_t i = 0; i < run->server->nb_lanes; i++)
			server_leave(&run->server->lanes[i].server);
		begin_drain(run, now);
	}
	run->next_ns = now + LOOK_NS;
}

/* A flood's embryos last for minutes; they go when the server stops listening. */
static uint64_t
connections_left(const struct run *run, const struct sample *sample)
{
	return sample->server.conns + (run->options->flood != 0 ? 0 : sample->server.embryos) +
	       sample->client.conns + sample->client.embryos;
}

static uint32_t
clients_open(const struct run *run)
{
	uint32_t n = 0;

	for (uint32_t i = 0; run->client != NULL && i < run->client->nb_lanes; i++)
		n += client_open(&run->client->lanes[i].client);
	return n;
}

static void
cut_side(const struct side *side)
{
	for (uint32_t i = 0; side != NULL && i < side->nb_lanes; i++)
		thole_worker_drain(side->lanes[i].worker, 0);
}

/* @return whether every worker of @p side has reset what it had, which is added to @p n. */
static bool
side_is_cut(const struct side *side, uint64_t *n)
{
	struct thole_left cut;
	bool all = true;

	for (uint32_t i = 0; side != NULL && i < side->nb_lanes; i++) {
		all = thole_worker_drained(side->lanes[i].worker, &cut) && all;
		if (all)
			*n += (uint64_t)cut.open + cut.orphans;
	}
	return all;
}

/* The time to finish is over, or somebody has no patience: peers are told. */
static void
begin_cut(struct run *run, uint64_t now)
{
	cut_side(run->server);
	cut_side(run->client);
	enter(run, RUN_CUT, now);
}

static void
look_cut(struct run *run, uint64_t now)
{
	uint64_t server = 0, client = 0;
	bool is_cut = side_is_cut(run->server, &server);

	run->next_ns = now + LOOK_NS;
	if (!side_is_cut(run->client, &client) || !is_cut)
		return;
	/* Both ends of one may have been cut off, or one of them by the other's RST. */
	run->cut = RTE_MAX(server, client);
	enter(run, RUN_QUIET, now);
}

static void
look_drain(struct run *run, uint64_t now)
{
	uint64_t stay = (uint64_t)run->options->idle + run->options->standing;

	take_sample(run, now, &run->end);
	run->drained = connections_left(run, &run->end) == 0 && clients_open(run) == 0;
	if (run->drained)
		enter(run, RUN_QUIET, now);
	else if (now - run->phase_ns >= LONGEST_NS + stay * RESET_NS || is_hurried(run))
		begin_cut(run, now);
	else
		run->next_ns = now + LOOK_NS;
}

static void
look_quiet(struct run *run, uint64_t now)
{
	run->next_ns = now + LOOK_NS;
	if (now - run->phase_ns < QUIET_NS)
		return;
	take_sample(run, now, &run->end);
	run->drained = connections_left(run, &run->end) == 0;
	enter(run, RUN_END, now);
}

static void
look(struct run *run, uint64_t now)
{
	bool interrupted = *run->signals != 0;

	switch (run->phase) {
	case RUN_WAIT:
		if (interrupted)
			begin_drain(run, now);
		else
			look_wait(run, now);
		break;
	case RUN_WARM:
		look_warm(run, now, interrupted);
		break;
	case RUN_COUNT:
		look_count(run, now, interrupted);
		break;
	case RUN_LINGER:
		look_linger(run, now);
		break;
	case RUN_DRAIN:
		look_drain(run, now);
		break;
	case RUN_CUT:
		look_cut(run, now);
		break;
	case RUN_QUIET:
		look_quiet(run, now);
		break;
	case RUN_END:
		break;
	}
}

/* A lane that isn't the driver's. */
struct lane_loop {
	struct thole_worker *worker;
	const bool *stop;
	unsigned int lcore;
};

struct loops {
	struct lane_loop all[2 * MAX_WORKERS];
	uint32_t n;
	bool stop;
};

static int
run_lane(void *arg)
{
	struct lane_loop *loop = arg;

	thole_worker_run(loop->worker, loop->stop);
	return 0;
}

static int
launch_lanes(struct loops *loops, const struct side *side, uint32_t first, struct thole_why *why)
{
	for (uint32_t i = first; side != NULL && i < side->nb_lanes; i++) {
		struct lane_loop *loop = &loops->all[loops->n];

		*loop = (struct lane_loop){ side->lanes[i].worker, &loops->stop, side->lcores[i] };
		if (rte_eal_remote_launch(run_lane, loop, loop->lcore) != 0) {
			snprintf(why->text, sizeof(why->text), "lcore %u is busy", loop->lcore);
			return -EBUSY;
		}
		loops->n++;
	}
	return 0;
}

static void
join_lanes(struct loops *loops)
{
	__atomic_store_n(&loops->stop, true, __ATOMIC_RELEASE);
	while (loops->n > 0)
		rte_eal_wait_lcore(loops->all[--loops->n].lcore);
}

static int
say_why_nothing(const struct run *run, struct thole_why *why)
{
	const struct options *o = run->options;
	char text[THOLE_ADDR_TEXT];
	int status;

	if (*run->signals != 0 && run->not_full) {
		snprintf(why->text, sizeof(why->text), "interrupted before TIME-WAIT was full");
		return -EINTR;
	}
	if (*run->signals != 0) {
		snprintf(why->text, sizeof(why->text), "interrupted before the first connection");
		return -EINTR;
	}
	if (run->not_full) {
		snprintf(why->text, sizeof(why->text),
			"TIME-WAIT wasn't full in %g s: give a smaller --time-wait than %u, or a "
			"longer --wait",
			o->wait_s, o->time_wait);
		return -ETIMEDOUT;
	}
	if (run->client == NULL) {
		snprintf(why->text, sizeof(why->text),
			"no connection came in %g s: is the client's --peer right, and is its "
			"--ports ours? "
			"(--wait gives it longer)",
			o->wait_s);
		return -ETIMEDOUT;
	}
	status = run->client->lanes[0].client.probe_status;
	snprintf(why->text, sizeof(why->text),
		"no connection to %s port %u in %g s (%s): is the server up, and --peer and "
		"--ports right? "
		"(--wait gives it longer)",
		thole_addr_format(&run->client->server_addr, text), o->port_first, o->wait_s,
		status != 0 ? strerror(-status) : "no answer");
	return -ETIMEDOUT;
}

/* Every port must have been taken before the first connection comes. */
static int
check_listening(struct lane *lane, struct thole_why *why)
{
	struct server *server = &lane->server;
	int32_t status;

	server_turn(server, lane->worker, thole_clock_ns());
	status = __atomic_load_n(&server->listen_status, __ATOMIC_RELAXED);
	if (status == 0 && server->listening == server->nb_ports)
		return 0;
	snprintf(why->text, sizeof(why->text),
		"only %u of the ports %u-%u can be listened on (%s): give fewer with --ports, or "
		"--set "
		"stack.max_listeners",
		server->listening, server->first_port, server->last_port,
		status != 0 ? strerror(-status) : "no answer");
	return status != 0 ? status : -EIO;
}

/* What the flood left, when both sides are in this thread's hands: embryos, and SYN-ACKs on the
 * cable. */
static void
end_flood(struct run *run)
{
	struct lane *server = &run->server->lanes[0], *client = &run->client->lanes[0];

	server_unlisten(&server->server);
	for (int i = 0; i < FLOOD_TURNS; i++) {
		thole_worker_turn(server->worker);
		thole_worker_turn(client->worker);
	}
	take_sample(run, thole_clock_ns(), &run->end);
}

/* Turns of the driver's first lane, with a look at the time between them. */
static void
drive(struct run *run)
{
	struct thole_worker *worker = run->driver->lanes[0].worker;

	while (run->phase != RUN_END) {
		uint64_t now;

		thole_worker_turn(worker);
		now = thole_worker_now(worker);
		if (unlikely(now >= run->next_ns))
			look(run, now);
	}
}

int
run_go(struct run *run, struct thole_why *why)
{
	struct loops loops = { .n = 0 };
	int rc = 0;

	run->driver = run->client != NULL ? run->client : run->server;
	run->per_second = calloc((size_t)run->options->duration_s + 2, sizeof(*run->per_second));
	if (run->per_second == NULL) {
		snprintf(why->text, sizeof(why->text), "out of memory");
		return -ENOMEM;
	}
	for (uint32_t i = 0; run->server != NULL && i < run->server->nb_lanes && rc == 0; i++)
		rc = check_listening(&run->server->lanes[i], why);
	if (rc != 0)
		return rc;
	enter(run, RUN_WAIT, thole_clock_ns());
	rc = launch_lanes(&loops, run->server, run->driver == run->server ? 1 : 0, why);
	if (rc == 0)
		rc = launch_lanes(&loops, run->client, 1, why);
	if (rc == 0)
		drive(run);
	join_lanes(&loops);
	if (rc != 0)
		return rc;
	if (run->server != NULL && run->client != NULL && run->options->flood != 0)
		end_flood(run);
	return run->counted ? 0 : say_why_nothing(run, why);
}

void
run_fini(struct run *run)
{
	free(run->per_second);
	run->per_second = NULL;
}
