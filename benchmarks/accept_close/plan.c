/* SPDX-License-Identifier: BSD-3-Clause */
/* plan.c: the largest rate to expect, times how long a TIME-WAIT lasts, cut to the memory there is.
 */
#include <dirent.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>

#include <rte_common.h>

#include "client.h"
#include "plan.h"

#define RATE_PER_S	5e6 /* more than two of today's cores do */
#define SLACK_S		1.5 /* warm-up and drain */
#define TIME_WAIT_BYTES 75  /* a tombstone, and its share of the table */
#define OTHER_TIME_WAIT 65536U
#define LEAST_TIME_WAIT 65536U
#define MOST_TIME_WAIT	1e9
#define CONN_BYTES	768 /* with all that goes with it */
#define IDLE_BYTES	400 /* its record, its share of the table, and what the end keeps of it */
#define MBUF_BYTES	2560
#define MBUF_PAGE	4160 /* without hugepages: DPDK gives each a page of its own */
#define MBUF_ROOM	2048 /* payload in one */
#define SEGMENT_BYTES	1400 /* at least, of a window that is full */
#define SEGMENT_MBUFS	3    /* its header, and pieces of up to two queued mbufs */
#define MOST_MBUFS	1048576.0
#define UNACKED		131072.0 /* responses of a delayed ACK's 40 ms, kept */
#define HANDOVER	2048.0	 /* for each other worker: on the way to it and from it */
#define FIXED_MB	256
#define HUGEPAGE_DIRS	"/sys/kernel/mm/hugepages"
#define MB		1048576.0

/* @return the number that a file begins with, or -1. */
static long
read_number(const char *path)
{
	FILE *file = fopen(path, "r");
	long value = -1;

	if (file == NULL)
		return -1;
	if (fscanf(file, "%ld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

static double
free_hugepages_mb(void)
{
	DIR *dir = opendir(HUGEPAGE_DIRS);
	struct dirent *entry;
	double mb = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		char path[512];
		long kb, pages;

		if (sscanf(entry->d_name, "hugepages-%ldkB", &kb) != 1)
			continue;
		snprintf(path, sizeof(path), HUGEPAGE_DIRS "/%s/free_hugepages", entry->d_name);
		pages = read_number(path);
		if (pages > 0)
			mb += (double)pages * (double)kb / 1024;
	}
	closedir(dir);
	return mb;
}

static double
available_mb(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = 0;

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "MemAvailable: %ld kB", &kb) == 1)
			break;
	fclose(file);
	return (double)kb / 1024;
}

/* Hugepages if they are enough; the tables may also be in ordinary memory, the library sees to
 * that. */
static double
budget_mb(bool no_huge, double wanted_mb, struct plan *plan)
{
	double huge = no_huge ? 0 : free_hugepages_mb();

	plan->fits_hugepages = wanted_mb <= huge;
	return plan->fits_hugepages ? huge : RTE_MAX(huge, available_mb() * 0.7);
}

static uint32_t
power_of_two(double least)
{
	uint32_t n = 1;

	while (n < least)
		n *= 2;
	return n;
}

/*
 * Both directions of the cable, kept ones and bursts; and for each connection what it can have
 * queued, and a window of segments on their way or unread: a header, and what it refers to. No more
 * than half the memory: an end that finds its pool low waits.
 */
static uint32_t
pool_mbufs(const struct options *o, const struct thole_tcp_params *tcp, bool no_huge,
	const struct plan *plan)
{
	double huge = no_huge ? 0 : free_hugepages_mb();
	bool use_huge = huge > 2 * FIXED_MB;
	double room_mb = (use_huge ? huge : available_mb() * 0.7) / 2;
	double sides = (o->role == ROLE_BOTH ? 2 : 1) * o->workers;
	double data = RTE_MAX(o->request_bytes, o->response_bytes);
	double queued = ceil(RTE_MIN(data, (double)tcp->sndbuf_bytes) / MBUF_ROOM);
	double window = ceil(RTE_MIN(data, (double)tcp->rcvbuf_bytes) / SEGMENT_BYTES);
	double least = 4096 + 4.0 * plan->cable_entries + (o->workers - 1) * HANDOVER;
	double n = least + (queued + window * SEGMENT_MBUFS) * o->inflight;

	n += RTE_MIN((double)o->standing, UNACKED);
	n = RTE_MIN(n, room_mb / sides * MB / (use_huge ? MBUF_BYTES : MBUF_PAGE));
	return (uint32_t)RTE_MIN(RTE_MAX(n, least), MOST_MBUFS);
}

/* All but the closing side's TIME-WAITs. */
static double
fixed_need_mb(const struct options *o, const struct plan *plan, double mbuf_bytes)
{
	double sides = (o->role == ROLE_BOTH ? 2 : 1) * o->workers;
	double each = (double)plan->max_conns * CONN_BYTES + (double)plan->idle * IDLE_BYTES +
		      (double)plan->max_embryos * 96 + plan->pool_mbufs * mbuf_bytes +
		      (double)OTHER_TIME_WAIT * TIME_WAIT_BYTES;

	return FIXED_MB + sides * each / MB;
}

/* Whether this process has the side that closes first; TIME-WAIT is that one's. */
static bool
closes_first(const struct options *o)
{
	return o->role != (o->client_closes ? ROLE_SERVER : ROLE_CLIENT);
}

void
plan_make(const struct options *o, const struct thole_tcp_params *tcp, bool no_huge,
	struct plan *plan)
{
	double seconds = RTE_MIN(o->duration_s, 2 * (double)tcp->msl_ns / 1e9) + SLACK_S;
	double rate = o->rate != 0 ? RTE_MIN((double)o->rate, RATE_PER_S) : RATE_PER_S;
	double conns = RTE_MAX(rate * seconds, LEAST_TIME_WAIT), fixed_mb, wanted_mb, budget;
	double ports = (double)o->port_last - o->port_first + 1;

	*plan = (struct plan){
		.other_time_wait = OTHER_TIME_WAIT,
		.cable_entries = RTE_MIN(power_of_two(RTE_MAX(1024.0, 2.0 * o->inflight)), 32768U),
		.max_conns = RTE_MAX(65536U, power_of_two(2.0 * o->inflight)) + o->standing,
		.idle = o->idle,
		.max_embryos = RTE_MAX(16384U, power_of_two(2.0 * o->inflight)),
	};
	plan->pool_mbufs = pool_mbufs(o, tcp, no_huge, plan);
	conns += o->time_wait; /* opened before the count */
	if (o->standing != 0)  /* and those that come before */
		conns = (double)o->standing + LEAST_TIME_WAIT;
	/* Twice the tuples that there can be: some ports are walked past. */
	plan->clients = (uint32_t)RTE_MAX(16.0, ceil(2 * conns / (ports * CLIENT_PORTS)));
	plan->clients = RTE_MAX(plan->clients, o->idle / CLIENT_PORTS + 1);
	plan->clients = RTE_MIN(plan->clients, 8192U);
	if (o->clients.count != 0 || (o->role == ROLE_CLIENT && o->address.count != 0))
		plan->clients = RTE_MAX(o->clients.count, 1U);
	plan->short_of_tuples = plan->clients * ports * CLIENT_PORTS < conns;

	conns = o->time_wait != 0 ? o->time_wait : RTE_MIN(conns, MOST_TIME_WAIT);
	/* A table no larger than it has to be: each new connection touches a line of it. */
	if (!closes_first(o))
		conns = (double)OTHER_TIME_WAIT * o->workers;
	fixed_mb = fixed_need_mb(o, plan, MBUF_BYTES);
	wanted_mb = fixed_mb + conns * TIME_WAIT_BYTES / MB;
	budget = budget_mb(no_huge, wanted_mb, plan);
	if (!plan->fits_hugepages) {
		fixed_mb = fixed_need_mb(o, plan, MBUF_PAGE);
		wanted_mb = fixed_mb + conns * TIME_WAIT_BYTES / MB;
	}
	if (wanted_mb > budget) {
		plan->short_of_memory = true;
		plan->missing_mb = (uint32_t)ceil(wanted_mb - budget);
		conns = RTE_MAX(
			(budget - fixed_mb) * MB / TIME_WAIT_BYTES, (double)LEAST_TIME_WAIT);
		wanted_mb = fixed_mb + conns * TIME_WAIT_BYTES / MB;
	}
	plan->max_time_wait = (uint32_t)ceil(conns / o->workers);
	plan->wanted_mb = (uint32_t)ceil(wanted_mb);
	plan->mem_mb = plan->fits_hugepages ? plan->wanted_mb : (uint32_t)ceil(fixed_mb);
	plan->kept_per_s = conns / seconds;
}

int
plan_lcores(uint32_t n, char *text, size_t bytes)
{
	uint32_t nb_cpus = 0;
	int cpus[CPU_SETSIZE], at = 0;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET((size_t)cpu, &set))
			cpus[nb_cpus++] = cpu;
	for (uint32_t i = 0; i < n && at >= 0 && (size_t)at < bytes; i++)
		at += snprintf(text + at, bytes - (size_t)at, "%s%u@%d", i == 0 ? "" : ",", i,
			cpus[i % nb_cpus]);
	return at > 0 && (size_t)at < bytes ? 0 : -1;
}

/* A number that only CPUs of one physical core have in common; -1 if not known. */
static long
physical_core(int cpu)
{
	char path[128];
	long package, core;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/physical_package_id",
		cpu);
	package = read_number(path);
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/core_id", cpu);
	core = read_number(path);
	return package < 0 || core < 0 ? -1 : package << 32 | core;
}

void
plan_cpus(int cpus[2])
{
	cpu_set_t set;
	int spare = -1;

	cpus[0] = cpus[1] = -1;
	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE && cpus[1] < 0; cpu++) {
		if (!CPU_ISSET((size_t)cpu, &set))
			continue;
		if (cpus[0] < 0)
			cpus[0] = cpu;
		else if (physical_core(cpu) < 0 || physical_core(cpu) != physical_core(cpus[0]))
			cpus[1] = cpu;
		else if (spare < 0)
			spare = cpu;
	}
	if (cpus[1] < 0)
		cpus[1] = spare;
}
