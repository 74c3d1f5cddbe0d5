/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cable.h: what lib/port/port.c needs to know of cables (pairs of net_ring ethdevs). The ends pass
 * mbufs to each other, so each holds mbufs of the other's pools: rings and pools of both are freed
 * together, when the second end is closed.
 */
#ifndef PORT_CABLE_H
#define PORT_CABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mempool.h>

/** Writes the ethdev name that net_ring gives a cable's end. @return false when it doesn't fit. */
bool cable_device_name(const char *name, char *out, size_t bytes);

/** Whether ethdev @p device is an open end of a cable. */
bool cable_has(const char *device);

/**
 * Ends the end @p device, whose ethdev is stopped and closed, and takes over its @p n pools.
 * Packets under way in the cable are freed.
 */
void cable_close_end(const char *device, struct rte_mempool *const *pools, uint16_t n);

#endif
