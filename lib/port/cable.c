/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cable.c: two ethdevs joined back to back by net_ring: the ring that one end's TX queue fills is
 * the other end's RX queue. The driver neither creates nor frees rings that it is given; that is
 * done here.
 *
 * The list of cables is the process's, as ethdev names are; it is touched by set-up and close only,
 * which must not run in several threads at once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <rte_bus_vdev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "port/cable.h"
#include "port/compat.h"
#include "port/port.h"
#include "port/quiet.h"
#include "port/why.h"

#define CABLE_QUEUES 16 /* net_ring has no more */

struct cable_end {
	char device[RTE_ETH_NAME_MAX_LEN];
	bool open;
	struct rte_mempool *pools[PORT_WORKERS];
	uint16_t nb_pools;
};

struct cable {
	LIST_ENTRY(cable) next;
	struct cable_end ends[2];
	struct rte_ring *rings[2][CABLE_QUEUES]; /* by sending end */
	uint16_t nb_queues;
};

static LIST_HEAD(, cable) cables = LIST_HEAD_INITIALIZER(cables);
static unsigned int
	serial; /* rings need names of their own, also after their cable's is used again */

bool
cable_device_name(const char *name, char *out, size_t bytes)
{
	int n = snprintf(out, bytes, "net_ring_%s", name);

	return n > 0 && (size_t)n < bytes;
}

static struct cable *
find(const char *device, struct cable_end **end)
{
	struct cable *cable;

	LIST_FOREACH(cable, &cables, next)
	{
		for (int i = 0; i < 2; i++) {
			*end = &cable->ends[i];
			if ((*end)->open && strcmp((*end)->device, device) == 0)
				return cable;
		}
	}
	return NULL;
}

bool
cable_has(const char *device)
{
	struct cable_end *end;

	return find(device, &end) != NULL;
}

static void
drain(struct rte_ring *ring)
{
	void *m;

	while (rte_ring_dequeue(ring, &m) == 0)
		rte_pktmbuf_free(m);
}

static void
free_cable(struct cable *cable)
{
	for (int side = 0; side < 2; side++)
		for (uint16_t q = 0; q < cable->nb_queues; q++)
			if (cable->rings[side][q] != NULL) {
				drain(cable->rings[side][q]);
				rte_ring_free(cable->rings[side][q]);
			}
	for (int i = 0; i < 2; i++)
		for (uint16_t p = 0; p < cable->ends[i].nb_pools; p++)
			rte_mempool_free(cable->ends[i].pools[p]);
	free(cable);
}

void
cable_close_end(const char *device, struct rte_mempool *const *pools, uint16_t n)
{
	struct cable_end *end;
	struct cable *cable = find(device, &end);

	if (cable == NULL)
		return;
	for (uint16_t i = 0; i < n; i++)
		end->pools[i] = pools[i];
	end->nb_pools = n;
	end->open = false;
	rte_vdev_uninit(device);
	if (cable->ends[0].open || cable->ends[1].open)
		return;
	LIST_REMOVE(cable, next);
	free_cable(cable);
}

/* Ethdev of end @p i: it sends into its own rings and receives from the other end's. */
static int
make_end(struct cable *cable, int i, const char *name)
{
	struct cable_end *end = &cable->ends[i];
	unsigned int socket = rte_socket_id() == (unsigned int)SOCKET_ID_ANY ? 0 : rte_socket_id();

	if (rte_eth_from_rings(name, cable->rings[1 - i], cable->nb_queues, cable->rings[i],
		    cable->nb_queues, socket) < 0)
		return rte_errno != 0 ? -rte_errno : -ENOMEM;
	end->open = true;
	return 0;
}

static void
unmake_end(struct cable *cable, int i)
{
	uint16_t port;

	if (!cable->ends[i].open)
		return;
	if (rte_eth_dev_get_port_by_name(cable->ends[i].device, &port) == 0)
		rte_eth_dev_close(port);
	rte_vdev_uninit(cable->ends[i].device);
}

static int
make_rings(struct cable *cable, uint32_t entries)
{
	serial++;
	for (int side = 0; side < 2; side++)
		for (uint16_t q = 0; q < cable->nb_queues; q++) {
			char name[RTE_RING_NAMESIZE];

			snprintf(name, sizeof(name), "cable%u.%d.%u", serial, side, q);
			/* A queue has one worker at each end. */
			cable->rings[side][q] = rte_ring_create(
				name, entries, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (cable->rings[side][q] == NULL)
				return -ENOMEM;
		}
	return 0;
}

static int
check(const char *a, const char *b, uint16_t nb_queues, uint32_t entries, struct cable *cable,
	struct thole_why *why)
{
	const char *names[2] = { a, b };

	if (nb_queues == 0 || nb_queues > CABLE_QUEUES)
		return why_set(why, -EINVAL, "a cable has 1 to %d queues, not %u", CABLE_QUEUES,
			nb_queues);
	if (entries < 2 || (entries & (entries - 1)) != 0 || entries > RTE_RING_SZ_MASK)
		return why_set(
			why, -EINVAL, "a cable's slots must be a power of two, not %u", entries);
	if (strcmp(a, b) == 0)
		return why_set(why, -EINVAL, "a cable's ends need two names, not '%s' twice", a);
	for (int i = 0; i < 2; i++) {
		uint16_t port;

		if (names[i][0] == '\0' ||
			!cable_device_name(names[i], cable->ends[i].device, RTE_ETH_NAME_MAX_LEN))
			return why_set(why, -EINVAL, "'%s' can't be a device's name", names[i]);
		if (rte_eth_dev_get_port_by_name(cable->ends[i].device, &port) == 0)
			return why_set(why, -EEXIST, "there is a device '%s' already", names[i]);
	}
	return 0;
}

int
thole_cable_create(
	const char *a, const char *b, uint16_t nb_queues, uint32_t entries, struct thole_why *why)
{
	struct cable *cable = calloc(1, sizeof(*cable));
	int error;

	if (cable == NULL)
		return why_set(why, -ENOMEM, "out of memory");
	error = check(a, b, nb_queues, entries, cable, why);
	if (error != 0) {
		free(cable);
		return error;
	}
	cable->nb_queues = nb_queues;
	uint32_t level = quiet_begin();

	error = make_rings(cable, entries);
	if (error == 0)
		error = make_end(cable, 0, a);
	if (error == 0)
		error = make_end(cable, 1, b);
	quiet_end(level);
	if (error == 0) {
		LIST_INSERT_HEAD(&cables, cable, next);
		return 0;
	}
	unmake_end(cable, 0);
	unmake_end(cable, 1);
	free_cable(cable);
	return why_set(why, error,
		"cable from '%s' to '%s': %s; 2 x %u rings of %u slots need memory "
		"that EAL may not have (-m)",
		a, b, strerror(-error), nb_queues, entries);
}
