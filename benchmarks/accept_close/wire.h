/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire.h: what the cable and the two cores can do without TCP: one side sends frames, the other one
 * sends them back. No TCP on the same devices can have more packets than this.
 */
#ifndef WIRE_H
#define WIRE_H

#include <signal.h>
#include <stdint.h>

#include <rte_mempool.h>

#define WIRE_DEPTHS 3 /* 64, 256 and 512 frames in flight */
#define WIRE_AGAIN  9 /* more times at most, when no figure counts: hypervisors move cores about */

/* Above, the lcores share a cache or a physical core; below, something is wrong with the machine.
 */
#define WIRE_REJECT_PER_S  30e6
#define WIRE_SUSPECT_PER_S 10e6

struct wire {
	double round_trips_per_s[WIRE_DEPTHS]; /* the last time; 0 for a depth that doesn't fit */
	double best;			       /* of all times */
	uint32_t rejected;		       /* figures above WIRE_REJECT_PER_S */
};

/** Which of two figures counts: one that isn't rejected before one that is, the higher, any
 * before 0. */
double wire_better(double a, double b);

/**
 * Measures for about a second, and again when no figure counts: sends from port @p a on
 * this lcore and reflects on port @p b on lcore @p other. Depths that a cable of @p entries can't
 * hold are left out. Nobody else polls the ports. All mbufs are back in @p pool at the end.
 * @return 0, -ENOBUFS if the pool is too small, -EIO if frames got lost, -EINTR if *stop was set.
 */
int wire_measure(uint16_t a, uint16_t b, struct rte_mempool *pool, uint32_t entries,
	unsigned int other, const volatile sig_atomic_t *stop, struct wire *out);

/** Likewise, from port @p a to another process that has called wire_reflect(). */
int wire_measure_alone(uint16_t a, struct rte_mempool *pool, uint32_t entries,
	const volatile sig_atomic_t *stop, struct wire *out);

/**
 * Sends back what wire_measure_alone() of another process sends to port @p a, until something else
 * comes, which is dropped: it will come again.
 * @return 0, -ETIMEDOUT if nothing came for @p wait_ns, -EINTR if *stop was set.
 */
int wire_reflect(uint16_t a, uint64_t wait_ns, const volatile sig_atomic_t *stop);

#endif
