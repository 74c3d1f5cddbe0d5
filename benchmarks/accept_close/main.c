/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main.c: the flow of a run: settings, plan, EAL, ports; then core speed, wire, the run itself,
 * what leaked, wire again, kernel, core speed; at last the table and the JSON file. Whatever goes
 * wrong ends in one line on stderr, and all that was set up is taken down again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_lcore.h>

#include "join.h"
#include "options.h"
#include "report.h"

#define PROGRAM	       "accept-close"
#define CABLE_HERE     "cable_client"
#define CABLE_THERE    "cable_server"
#define MAX_EAL	       128
#define SIGNALS_ONCE_S 0.5
#define EXIT_BAD       2 /* the command line or a file that it names */

struct bench {
	struct options options;
	struct plan plan;
	struct side server, client;
	struct run run;
	struct report report;
	unsigned int other; /* the first lcore that isn't main's, or RTE_MAX_LCORE */
	char *eal_argv[MAX_EAL + 1];
	int eal_argc;
	char lcores[512];
	bool eal_up;
	bool json_made; /* the JSON file wasn't there before */
};

static volatile sig_atomic_t signals;

/* Who ends a program by its process and by its group, as timeout(1) does, sends two for one. */
static void
on_signal(int number)
{
	static struct timespec first;
	struct timespec now;

	(void)number;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (signals == 0)
		first = now;
	if (signals == 0 ||
		(double)(now.tv_sec - first.tv_sec) + (double)(now.tv_nsec - first.tv_nsec) / 1e9 >=
			SIGNALS_ONCE_S)
		signals++;
}

static void
catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaddset(&action.sa_mask, SIGINT);
	sigaddset(&action.sa_mask, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* Output that nobody reads any more is no reason to leave things behind. */
	signal(SIGPIPE, SIG_IGN);
}

static int
complain(const char *text, int status)
{
	fprintf(stderr, PROGRAM ": %s\n", text);
	return status;
}

/* Finds out now, not after the run, that the result can't be written. */
static int
check_json(struct bench *b)
{
	const char *path = b->options.json;
	char text[512];
	int fd;

	if (path == NULL)
		return 0;
	b->json_made = access(path, F_OK) != 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	b->json_made = false;
	snprintf(text, sizeof(text), "--json %s: can't be written: %s", path, strerror(errno));
	return complain(text, EXIT_BAD);
}

static int
add_eal(struct bench *b, char *arg)
{
	if (b->eal_argc == MAX_EAL)
		return complain("too many EAL arguments", EXIT_BAD);
	b->eal_argv[b->eal_argc++] = arg;
	b->eal_argv[b->eal_argc] = NULL;
	return 0;
}

/* How many lcores the workers need. */
static uint32_t
lcores_needed(const struct bench *b)
{
	return b->options.workers * (b->options.role == ROLE_BOTH ? 2 : 1);
}

/* Lcores on two physical cores, or as many as there are workers; unless the user says which. */
static int
choose_lcores(struct bench *b)
{
	enum role role = b->options.role;
	int cpus[2];

	if (options_eal_has(b->eal_argc, b->eal_argv, "-l") ||
		options_eal_has(b->eal_argc, b->eal_argv, "-c") ||
		options_eal_has(b->eal_argc, b->eal_argv, "--lcores"))
		return 0;
	if (b->options.workers > 1) {
		if (plan_lcores(lcores_needed(b), b->lcores, sizeof(b->lcores)) != 0)
			return complain(
				"no CPUs for so many workers: say which with -- --lcores", 1);
		return add_eal(b, (char *)"--lcores") != 0 ? EXIT_BAD : add_eal(b, b->lcores);
	}
	plan_cpus(cpus);
	if (role == ROLE_BOTH && cpus[1] < 0)
		return complain(
			"two CPUs are needed, one for each side, and this process may use only "
			"one: allow it more (taskset), or run one side with --role",
			1);
	if (role == ROLE_BOTH)
		snprintf(b->lcores, sizeof(b->lcores), "%d,%d", cpus[0], cpus[1]);
	else /* the two roles on one machine keep out of each other's way */
		snprintf(b->lcores, sizeof(b->lcores), "%d",
			role == ROLE_CLIENT && cpus[1] >= 0 ? cpus[1] : cpus[0]);
	if (add_eal(b, (char *)"-l") != 0)
		return EXIT_BAD;
	return add_eal(b, b->lcores);
}

static int
configure_sides(struct bench *b, const struct plan *plan, struct thole_why *why)
{
	int rc = 0;

	if (b->options.role != ROLE_CLIENT)
		rc = side_configure(&b->server, true, &b->options, plan, why);
	if (rc == 0 && b->options.role != ROLE_SERVER)
		rc = side_configure(&b->client, false, &b->options, plan, why);
	return rc;
}

/* Settings twice: the plan needs to know some that the user may have changed, and then gives
 * defaults. */
static int
configure(struct bench *b)
{
	struct thole_why why = { "" };
	struct side *side = b->options.role == ROLE_CLIENT ? &b->client : &b->server;
	struct thole_tcp_params tcp;
	int rc = configure_sides(b, NULL, &why);

	if (rc != 0)
		return complain(why.text, EXIT_BAD);
	rc = add_eal(b, (char *)PROGRAM);
	for (int i = 0; i < side->config.nb_eal_args && rc == 0; i++) {
		char *copy = strdup(side->config.eal_args[i]);

		rc = copy == NULL ? complain("out of memory", 1) : add_eal(b, copy);
	}
	for (int i = 0; i < b->options.nb_eal_args && rc == 0; i++)
		rc = add_eal(b, b->options.eal_args[i]);
	if (rc == 0)
		rc = choose_lcores(b);
	if (rc != 0)
		return rc;
	tcp = side->config.worker.stack.tcp;
	side_unconfigure(&b->server);
	side_unconfigure(&b->client);
	plan_make(&b->options, &tcp, options_eal_has(b->eal_argc, b->eal_argv, "--no-huge"),
		&b->plan);
	rc = configure_sides(b, &b->plan, &why);
	return rc == 0 ? 0 : complain(why.text, EXIT_BAD);
}

/* Main's is the client's first, or a lone side's; then the sides have one in turn. */
static int
share_lcores(struct bench *b)
{
	bool both = b->options.role == ROLE_BOTH;
	unsigned int lcore = rte_get_main_lcore();
	char text[160];

	b->other = RTE_MAX_LCORE;
	if (rte_lcore_count() < lcores_needed(b)) {
		if (b->options.workers == 1)
			return complain("two lcores are needed, one for each side: give EAL two, "
					"as in -- -l 0,1, or run one side with --role",
				EXIT_BAD);
		snprintf(text, sizeof(text),
			"%u lcores are needed, one for each worker: give EAL as many, as in -- -l "
			"0-%u",
			lcores_needed(b), lcores_needed(b) - 1);
		return complain(text, EXIT_BAD);
	}
	for (uint32_t i = 0; i < lcores_needed(b); i++) {
		struct side *side = !both	 ? (b->server.used ? &b->server : &b->client)
				    : i % 2 != 0 ? &b->server
						 : &b->client;

		side->lcores[both ? i / 2 : i] = lcore;
		lcore = rte_get_next_lcore(i == 0 ? -1U : lcore, 1, 0);
		if (i == 0 && both)
			b->other = lcore;
	}
	return 0;
}

static int
start_eal(struct bench *b)
{
	struct thole_why why = { "" };

	if (thole_eal_start(b->eal_argc, b->eal_argv, b->plan.mem_mb, &why) != 0)
		return complain(why.text, 1);
	b->eal_up = true;
	b->report.hugepages = thole_eal_has_hugepages();
	return share_lcores(b);
}

/* The one port there is, when --device and the file don't name one. */
static int
choose_device(struct side *side)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	uint16_t id = (uint16_t)rte_eth_find_next(0);

	if (rte_eth_dev_count_avail() != 1 || rte_eth_dev_get_name_by_port(id, name) != 0)
		return complain(rte_eth_dev_count_avail() == 0
					? "no port: make one with EAL's --vdev or allow a NIC with "
					  "-a, after --; "
					  "see --help"
					: "which port? give --device NAME",
			EXIT_BAD);
	snprintf(side->config.device, sizeof(side->config.device), "%s", name);
	return 0;
}

static int
open_side(struct bench *b, struct side *side, const char *device)
{
	struct thole_why why = { "" };
	int rc = 0;

	if (device != NULL)
		snprintf(side->config.device, sizeof(side->config.device), "%s", device);
	else if (side->config.device[0] == '\0')
		rc = choose_device(side);
	side->config.port.device = side->config.device;
	if (rc == 0 && (b->options.role == ROLE_BOTH ? side_open(side, &why)
						     : join_open(side, b->options.wait_s,
							       b->eal_argv, &signals, &why)) != 0)
		rc = complain(why.text, 1);
	return rc;
}

/* port.queues, if it is set, makes a cable of fewer queues than workers. */
static uint16_t
cable_queues(const struct bench *b)
{
	uint16_t queues = b->client.config.port.nb_queues;

	return queues != 0 ? queues : (uint16_t)b->options.workers;
}

static int
open_ports(struct bench *b)
{
	struct thole_why why = { "" };
	int rc = 0;

	if (b->options.role == ROLE_BOTH) {
		if (thole_cable_create(CABLE_HERE, CABLE_THERE, cable_queues(b),
			    b->client.config.port.rx_desc, &why) != 0)
			return complain(why.text, 1);
		rc = open_side(b, &b->server, CABLE_THERE);
		if (rc == 0)
			rc = open_side(b, &b->client, CABLE_HERE);
	} else {
		rc = open_side(b, b->server.used ? &b->server : &b->client, b->options.device);
	}
	if (rc == 0)
		b->report.offloads =
			thole_port_offloads(b->server.used ? b->server.port : b->client.port);
	return rc;
}

static int
start_sides(struct bench *b)
{
	struct thole_why why = { "" };

	if ((b->server.used && side_start(&b->server, &b->options, &why) != 0) ||
		(b->client.used && side_start(&b->client, &b->options, &why) != 0))
		return complain(why.text, 1);
	return 0;
}

/* Before the run, with the process at the other end. */
static int
measure_wire_alone(struct bench *b)
{
	struct side *side = b->server.used ? &b->server : &b->client;
	uint16_t id = thole_port_id(side->port);

	if (b->server.used) {
		if (wire_reflect(id, (uint64_t)(b->options.wait_s * 1e9), &signals) == -ETIMEDOUT)
			return complain("--wire: nothing came from the other side in time: start "
					"it with --wire, too, or give --wait more",
				1);
		return 0;
	}
	b->report.wire_rc = wire_measure_alone(id, thole_port_pool(side->port, 0),
		side->config.port.rx_desc, &signals, &b->report.wire_before);
	return 0;
}

static void
measure_wire(struct bench *b, struct wire *out)
{
	int rc;

	if (b->options.role != ROLE_BOTH || b->options.no_wire || b->options.workers > 1 ||
		signals != 0)
		return;
	rc = wire_measure(thole_port_id(b->client.port), thole_port_id(b->server.port),
		thole_port_pool(b->client.port, 0), b->client.config.port.rx_desc, b->other,
		&signals, out);
	if (rc != 0)
		b->report.wire_rc = rc;
}

static void
measure_kernel(struct bench *b)
{
	if (b->options.role != ROLE_BOTH || b->options.no_kernel)
		return;
	if (signals != 0)
		b->report.kernel_rc = -EINTR;
	else
		b->report.kernel_rc =
			kernel_measure(&b->options, b->other, &signals, &b->report.kernel);
}

/* All that is measured. @return an exit status. */
static int
measure(struct bench *b)
{
	struct thole_why why = { "" };
	int rc;

	report_head(&b->report);
	addloop_measure(b->other, &b->report.add_before);
	measure_wire(b, &b->report.wire_before);
	rc = b->options.wire ? measure_wire_alone(b) : 0;
	if (rc == 0)
		rc = start_sides(b);
	if (rc != 0)
		return rc;
	b->run = (struct run){ .options = &b->options,
		.server = b->server.used ? &b->server : NULL,
		.client = b->client.used ? &b->client : NULL,
		.signals = &signals };
	if (run_go(&b->run, &why) != 0)
		return complain(why.text, 1);
	side_stop(&b->server);
	side_stop(&b->client);
	if (b->server.used)
		b->report.leaked_mbufs += side_leaked_mbufs(&b->server);
	if (b->client.used)
		b->report.leaked_mbufs += side_leaked_mbufs(&b->client);
	/* Where something leaked a port has been stopped. */
	if (b->report.leaked_mbufs == 0)
		measure_wire(b, &b->report.wire_after);
	measure_kernel(b);
	addloop_measure(b->other, &b->report.add_after);
	return 0;
}

static int
report(struct bench *b)
{
	struct figures figures;
	char text[512];
	int rc;

	report_figures(&b->report, &figures);
	report_table(&b->report, &figures);
	if (b->options.json != NULL) {
		rc = report_json(&b->report, &figures, b->options.json);
		if (rc != 0) {
			snprintf(text, sizeof(text), "--json %s: can't be written: %s",
				b->options.json, strerror(-rc));
			return complain(text, 1);
		}
		b->json_made = false;
	}
	if (b->run.cut != 0) {
		snprintf(text, sizeof(text),
			"cut off %llu connections that hadn't finished: see the table",
			(unsigned long long)b->run.cut);
		return complain(text, 1);
	}
	if (figures.failed_conns + figures.leaked_conns + figures.leaked_mbufs > 0)
		return complain("connections failed or something leaked: see the table", 1);
	if (!starve_recovered(&b->run))
		return complain("--starve: the rate didn't come back when the mbufs did: see the "
				"table",
			1);
	if (b->report.wire_rc != 0 && b->report.wire_rc != -EINTR)
		return complain("the bare wire could not be measured: see the table", 1);
	return 0;
}

static void
take_down(struct bench *b)
{
	side_stop(&b->server);
	side_stop(&b->client);
	side_close(&b->server);
	side_close(&b->client);
	side_unconfigure(&b->server);
	side_unconfigure(&b->client);
	run_fini(&b->run);
	if (b->eal_up)
		thole_eal_stop();
	/* Still empty: it was only made to see that it can be. */
	if (b->json_made)
		unlink(b->options.json);
}

int
main(int argc, char **argv)
{
	static struct bench b;
	struct options_error error;
	int status;

	if (options_parse(&b.options, argc, argv, &error) != 0)
		return complain(error.text, EXIT_BAD);
	b.report.options = &b.options;
	b.report.plan = &b.plan;
	b.report.run = &b.run;
	b.report.server = &b.server;
	b.report.client = &b.client;
	catch_signals();
	status = check_json(&b);
	if (status == 0)
		status = configure(&b);
	if (status == 0)
		status = start_eal(&b);
	if (status == 0)
		status = open_ports(&b);
	if (status == 0)
		status = measure(&b);
	if (status == 0)
		status = report(&b);
	take_down(&b);
	return status;
}
