/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idle.h: what a worker does with turns that move no packet: it spins, then pauses between turns,
 * then sleeps, until the device's RX interrupt, an idle_kick() of another thread, a signal, or the
 * time it was given.
 *
 * No wake-up is lost. Who makes work for a sleeper stores it and then looks whether the sleeper has
 * announced itself; the sleeper announces itself and then takes a whole turn, which looks at
 * everything; a full fence stands between the two on either side. So one of them sees the other
 * (the store-buffer litmus test). RX interrupts are on from the announcement, too.
 *
 * In the worker's thread, but for idle_kick().
 */
#ifndef PORT_IDLE_H
#define PORT_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include <thole/port.h>

enum idle_stage {
	IDLE_SPIN,
	IDLE_PAUSE,
	IDLE_SLEEP, /* announced: the next turn without a packet is followed by a sleep */
};

struct idle {
	struct thole_idle_config config;
	struct thole_worker_stats *stats;
	enum idle_stage stage;
	uint64_t busy_ns; /* when a packet last moved */
	uint32_t pauses;  /* after the next turn */
	uint16_t port;
	uint16_t queue;
	int kick_fd; /* eventfd; -1: it never sleeps */
	int rx_fd;   /* epoll with the queue's interrupt; -1: the device has none */
	bool rx_arm; /* the interrupt has to be enabled each time */
	bool polls;  /* there is a device, and it has no interrupt */
	/* Announced, and nobody has kicked since. A line of its own: other threads poll it. */
	bool asleep __rte_cache_aligned;
	char pad[RTE_CACHE_LINE_SIZE - sizeof(bool)];
};

/** @p port NULL: no device, only kicks. @return 0 or negative errno. */
int idle_init(struct idle *idle, const struct thole_idle_config *config,
	const struct thole_port *port, uint16_t queue, struct thole_worker_stats *stats);

void idle_fini(struct idle *idle);

/** struct idle *: what the caller has stored before is seen by the turn that is under way or comes
 * next. In any thread. */
void idle_kick(void *idle);

/** Before the turn, and before looking whether to stop. */
void idle_announce_slow(struct idle *idle);

static inline void
idle_announce(struct idle *idle)
{
	if (unlikely(idle->stage == IDLE_SLEEP))
		idle_announce_slow(idle);
}

/** After a turn that moved packets. */
void idle_busy_slow(struct idle *idle);

static inline void
idle_busy(struct idle *idle, uint64_t now_ns)
{
	idle->busy_ns = now_ns;
	if (unlikely(idle->stage != IDLE_SPIN))
		idle_busy_slow(idle);
}

/**
 * After a turn at @p now_ns that moved none: spins or pauses.
 * @return whether idle_sleep() may follow: if nothing is left to do.
 */
bool idle_rest(struct idle *idle, uint64_t now_ns);

/**
 * Sleeps until woken or until @p until_ns, by thole_clock_ns().
 * @param polled there may come work that nobody kicks for: then as if the device had no interrupt.
 */
void idle_sleep(struct idle *idle, uint64_t until_ns, bool polled);

#endif
