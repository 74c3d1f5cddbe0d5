/* SPDX-License-Identifier: BSD-3-Clause */
/* duo.c: see duo.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_lcore.h>
#include <rte_mempool.h>

#include "duo/duo.h"
#include "json_file.h"
#include "accept_close/plan.h"

#define POOL_MBUFS 8192

volatile sig_atomic_t duo_signals;

static const char *const devices[DUO_SIDES] = { "duo_client", "duo_server" };

static void
on_signal(int number)
{
	(void)number;
	duo_signals++;
}

int
duo_complain(const struct duo *d, const char *text, int status)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", d->program->name, text);
	return status;
}

/* Finds out now, not after the run, that the result can't be written. */
static int
check_json(struct duo *d)
{
	const char *path = d->options->json;
	char text[512];
	int fd;

	if (path == NULL)
		return 0;
	d->json_made = access(path, F_OK) != 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	d->json_made = false;
	snprintf(text, sizeof(text), "--json %s: can't be written: %s", path, strerror(errno));
	return duo_complain(d, text, 2);
}

static bool
says_lcores(const struct duo_options *o)
{
	for (int i = 0; i < o->nb_eal_args; i++)
		if (strncmp(o->eal_args[i], "-l", 2) == 0 ||
			strncmp(o->eal_args[i], "-c", 2) == 0 ||
			strncmp(o->eal_args[i], "--lcores", 8) == 0)
			return true;
	return false;
}

static int
start_eal(struct duo *d, uint32_t mem_mb)
{
	const struct duo_options *o = d->options;
	struct thole_why why = { "" };
	int argc = 0, cpus[2];

	d->eal_argv[argc++] = (char *)(uintptr_t)d->program->name;
	if (!says_lcores(o)) {
		plan_cpus(cpus);
		if (cpus[1] < 0)
			return duo_complain(d,
				"two CPUs are needed, and this process may use only one: allow it "
				"more (taskset)",
				1);
		snprintf(d->lcores, sizeof(d->lcores), "%d,%d", cpus[0], cpus[1]);
		d->eal_argv[argc++] = (char *)(uintptr_t) "-l";
		d->eal_argv[argc++] = d->lcores;
	}
	if (o->nb_eal_args > DUO_EAL_ARGS - argc)
		return duo_complain(d, "too many EAL arguments", 2);
	for (int i = 0; i < o->nb_eal_args; i++)
		d->eal_argv[argc++] = o->eal_args[i];
	if (thole_eal_start(argc, d->eal_argv, mem_mb, &why) != 0)
		return duo_complain(d, why.text, 1);
	d->eal_up = true;
	d->hugepages = thole_eal_has_hugepages();
	if (rte_lcore_count() < 2)
		return duo_complain(d, "two lcores are needed: give EAL two, as in -- -l 0,1", 2);
	d->other = rte_get_next_lcore(-1U, 1, 0);
	return 0;
}

int
duo_open(struct duo *d, const struct duo_program *program, const struct duo_options *options,
	uint32_t mem_mb)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct thole_port_config config;
	struct thole_why why = { "" };
	int status;

	*d = (struct duo){ .program = program, .options = options };
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	status = check_json(d);
	if (status == 0)
		status = start_eal(d, mem_mb);
	if (status != 0)
		return status;
	if (thole_cable_create(devices[0], devices[1], 1, DUO_ENTRIES, &why) != 0)
		return duo_complain(d, why.text, 1);
	thole_port_config_init(&config);
	config.rx_desc = config.tx_desc = DUO_ENTRIES;
	config.pool_mbufs = POOL_MBUFS;
	for (int i = 0; i < DUO_SIDES; i++) {
		config.device = devices[i];
		if (thole_port_open(&config, &d->ports[i], &why) != 0)
			return duo_complain(d, why.text, 1);
		d->mbufs_before[i] = rte_mempool_in_use_count(thole_port_pool(d->ports[i], 0));
	}
	return 0;
}

struct thole_endpoint
duo_server(void)
{
	return (struct thole_endpoint){ .addr = thole_addr_ip4(0x0a090001), .port = DUO_PORT };
}

int
duo_worker(struct duo *d, enum duo_side side, struct thole_worker_config *config)
{
	struct thole_address address = { .first = duo_server().addr, .count = 1, .prefix_len = 16 };
	struct thole_why why = { "" };

	if (side == DUO_CLIENT)
		address.first = thole_addr_plus(&address.first, 1);
	config->port = d->ports[side];
	config->stack.core = (uint8_t)side;
	config->stack.addresses = &address;
	config->stack.nb_addresses = 1;
	config->stack.max_conns = config->stack.max_embryos = config->stack.max_time_wait = 1024;
	if (thole_worker_create(config, &d->workers[side], &why) != 0)
		return duo_complain(d, why.text, 1);
	return 0;
}

uint32_t
duo_stop(struct duo *d)
{
	uint32_t leaked = 0;

	for (int i = 0; i < DUO_SIDES; i++) {
		thole_worker_destroy(d->workers[i]);
		d->workers[i] = NULL;
	}
	for (int i = 0; i < DUO_SIDES; i++) {
		uint32_t now = rte_mempool_in_use_count(thole_port_pool(d->ports[i], 0));

		leaked += now > d->mbufs_before[i] ? now - d->mbufs_before[i] : 0;
	}
	return leaked;
}

int
duo_write(struct duo *d, json_t *top)
{
	const char *path = d->options->json;
	char text[512];
	int rc;

	if (path == NULL) {
		json_decref(top);
		return 0;
	}
	json_object_set_new(top, "hugepages", json_boolean(d->hugepages));
	json_object_set_new(top, "additions_per_s",
		json_pack("[f, f, f, f]", d->add_before.main.per_s, d->add_before.other.per_s,
			d->add_after.main.per_s, d->add_after.other.per_s));
	rc = json_file_write(top, path);
	if (rc == 0) {
		d->json_made = false;
		return 0;
	}
	snprintf(text, sizeof(text), "--json %s: can't be written: %s", path, strerror(-rc));
	return duo_complain(d, text, 1);
}

void
duo_close(struct duo *d)
{
	for (int i = 0; i < DUO_SIDES; i++)
		thole_worker_destroy(d->workers[i]);
	for (int i = 0; i < DUO_SIDES; i++)
		if (d->ports[i] != NULL)
			thole_port_close(d->ports[i]);
	if (d->eal_up)
		thole_eal_stop();
	/* Still empty: it was only made to see that it can be. */
	if (d->json_made)
		unlink(d->options->json);
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
duo_median(double *values, uint32_t n)
{
	if (n == 0)
		return 0;
	qsort(values, n, sizeof(*values), ascending);
	return (values[(n - 1) / 2] + values[n / 2]) / 2;
}
