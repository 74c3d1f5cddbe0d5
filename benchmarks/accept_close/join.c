/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * join.c: tries until net_memif's other end is there: a fresh device as long as it doesn't start,
 * and a restart when it has started but wasn't heard.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_bus_vdev.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include "join.h"

#define MEMIF	 "net_memif"
#define LOOK_US	 10000
#define RETRY_NS UINT64_C(300000000)

/* The device's arguments, after its name and a comma; NULL if EAL's have no such device. */
static const char *
device_args(const char *device, char *const eal_argv[])
{
	size_t len = strlen(device);

	for (int i = 1; eal_argv[i] != NULL; i++) {
		const char *arg = eal_argv[i];

		if (strncmp(arg, "--vdev=", 7) == 0)
			arg += 7;
		if (strncmp(arg, device, len) == 0 && arg[len] == ',')
			return arg + len + 1;
	}
	return NULL;
}

static bool
is_memif_client(const char *device, char *const eal_argv[])
{
	const char *args = device_args(device, eal_argv);

	return strncmp(device, MEMIF, strlen(MEMIF)) == 0 && args != NULL &&
	       strstr(args, "role=server") == NULL && strstr(args, "role=master") == NULL;
}

static bool
link_is_up(uint16_t id)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

/* What the driver logs about an end that isn't there yet is said better at the end, once. */
static uint32_t
hush(void)
{
	uint32_t level = rte_log_get_global_level();

	rte_log_set_global_level(RTE_LOG_CRIT);
	return level;
}

static int
plug_in(const char *device, const char *args)
{
	uint32_t level = hush();
	int rc;

	rte_vdev_uninit(device);
	rc = rte_vdev_init(device, args);
	rte_log_set_global_level(level);
	return rc;
}

static void
restart(uint16_t id)
{
	uint32_t level = hush();

	rte_eth_dev_stop(id);
	rte_eth_dev_start(id);
	rte_log_set_global_level(level);
}

static int
give_up(const struct side *side, double wait_s, bool stopped, struct thole_why *why)
{
	if (stopped)
		snprintf(why->text, sizeof(why->text), "interrupted before %s had its other end",
			side->config.device);
	else
		snprintf(why->text, sizeof(why->text),
			"%s has no other end after %g s: start the one with role=server, on the "
			"same "
			"socket (--wait gives it longer)",
			side->config.device, wait_s);
	return stopped ? -EINTR : -ETIMEDOUT;
}

int
join_open(struct side *side, double wait_s, char *const eal_argv[],
	const volatile sig_atomic_t *stop, struct thole_why *why)
{
	const char *device = side->config.device;
	uint64_t start = thole_clock_ns(), last = start;
	uint64_t end = start + (uint64_t)(wait_s * 1e9);
	int rc = side_open(side, why);

	if (!is_memif_client(device, eal_argv))
		return rc;
	/* What it says when connect() fails; other errors won't get better. */
	while (rc == -EPERM && thole_clock_ns() < end && *stop == 0) {
		usleep(LOOK_US);
		if (thole_clock_ns() - last < RETRY_NS)
			continue;
		last = thole_clock_ns();
		/* The port was closed for good: plug it in anew. */
		if (plug_in(device, device_args(device, eal_argv)) != 0)
			return rc;
		rc = side_open(side, why);
	}
	if (rc != 0)
		return rc == -EPERM ? give_up(side, wait_s, *stop != 0, why) : rc;
	/* An end that came while the other one wasn't started was turned away. */
	while (!link_is_up(thole_port_id(side->port))) {
		if (thole_clock_ns() >= end || *stop != 0)
			return give_up(side, wait_s, *stop != 0, why);
		usleep(LOOK_US);
		if (thole_clock_ns() - last < RETRY_NS)
			continue;
		last = thole_clock_ns();
		restart(thole_port_id(side->port));
	}
	return 0;
}
