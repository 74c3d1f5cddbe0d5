/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idle.c: back-off of a worker. DPDK's own (rte_power's PMD management) pauses in an RX callback:
 * it adds to every burst, never sleeps, and knows nothing of timers and rings.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_atomic.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>
#include <rte_pause.h>

#include "base/time.h"
#include "port/idle.h"
#include "port/port.h"
#include "port/quiet.h"
#include "port/txq.h"
#include "port/why.h"

#define IDLE_PAUSES_MOST 64
/* A nearer deadline is spun for: the kernel may wake us 50 us late (timer slack). */
#define IDLE_LEAST_NS (100 * TIME_US)

/*
 * The queue's interrupt in an epoll set of our own. A driver that has a descriptor and nothing to
 * enable (net_tap) raises it all the time.
 */
static void
find_interrupt(struct idle *idle)
{
	uint32_t level = quiet_begin();
	int error = -1;

	idle->rx_fd = epoll_create1(EPOLL_CLOEXEC);
	if (idle->rx_fd >= 0)
		error = rte_eth_dev_rx_intr_ctl_q(
			idle->port, idle->queue, idle->rx_fd, RTE_INTR_EVENT_ADD, NULL);
	if (error == 0) {
		error = rte_eth_dev_rx_intr_enable(idle->port, idle->queue);
		idle->rx_arm = error == 0;
		if (error == 0)
			(void)rte_eth_dev_rx_intr_disable(idle->port, idle->queue);
		else if (error == -ENOTSUP)
			error = 0;
		else
			(void)rte_eth_dev_rx_intr_ctl_q(
				idle->port, idle->queue, idle->rx_fd, RTE_INTR_EVENT_DEL, NULL);
	}
	quiet_end(level);
	if (error != 0 && idle->rx_fd >= 0) {
		close(idle->rx_fd);
		idle->rx_fd = -1;
	}
}

int
idle_init(struct idle *idle, const struct thole_idle_config *config, const struct thole_port *port,
	uint16_t queue, struct thole_worker_stats *stats)
{
	memset(idle, 0, sizeof(*idle));
	idle->config = *config;
	idle->stats = stats;
	idle->queue = queue;
	idle->kick_fd = -1;
	idle->rx_fd = -1;
	idle->pauses = 1;
	if (!config->sleep)
		return 0;
	idle->kick_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (idle->kick_fd < 0)
		return -errno;
	if (port != NULL && port->rx_interrupts) {
		idle->port = port->id;
		find_interrupt(idle);
	}
	idle->polls = port != NULL && idle->rx_fd < 0;
	return 0;
}

void
idle_fini(struct idle *idle)
{
	if (idle->rx_fd >= 0) {
		(void)rte_eth_dev_rx_intr_ctl_q(
			idle->port, idle->queue, idle->rx_fd, RTE_INTR_EVENT_DEL, NULL);
		close(idle->rx_fd);
	}
	if (idle->kick_fd >= 0)
		close(idle->kick_fd);
}

/* The fence's partner is in idle_announce_slow(). The exchange lets one of several kickers write.
 */
void
idle_kick(void *ctx)
{
	struct idle *idle = ctx;
	const uint64_t one = 1;

	rte_atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&idle->asleep, __ATOMIC_RELAXED) ||
		!__atomic_exchange_n(&idle->asleep, false, __ATOMIC_ACQ_REL))
		return;
	while (write(idle->kick_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void
idle_announce_slow(struct idle *idle)
{
	__atomic_store_n(&idle->asleep, true, __ATOMIC_RELAXED);
	rte_atomic_thread_fence(__ATOMIC_SEQ_CST); /* partner: idle_kick() */
	if (idle->rx_arm)
		(void)rte_eth_dev_rx_intr_enable(idle->port, idle->queue);
}

void
idle_busy_slow(struct idle *idle)
{
	if (idle->stage == IDLE_SLEEP) {
		__atomic_store_n(&idle->asleep, false, __ATOMIC_RELAXED);
		if (idle->rx_arm)
			(void)rte_eth_dev_rx_intr_disable(idle->port, idle->queue);
	}
	idle->stage = IDLE_SPIN;
	idle->pauses = 1;
}

bool
idle_rest(struct idle *idle, uint64_t now_ns)
{
	uint64_t quiet_ns = now_ns - idle->busy_ns;
	const struct thole_idle_config *c = &idle->config;

	if (idle->stage == IDLE_SLEEP)
		return true;
	if (quiet_ns < c->spin_ns) {
		stat_add(&idle->stats->spins, 1);
		return false;
	}
	if (c->sleep && quiet_ns - c->spin_ns >= c->pause_ns) {
		idle->stage = IDLE_SLEEP;
		return false;
	}
	idle->stage = IDLE_PAUSE;
	for (uint32_t i = 0; i < idle->pauses; i++)
		rte_pause();
	/* Who never sleeps wants to be quick: he gives the other hardware thread air, no more. */
	if (c->sleep && idle->pauses < IDLE_PAUSES_MOST)
		idle->pauses *= 2;
	stat_add(&idle->stats->pauses, 1);
	return false;
}

/* What was raised, each read so that it can be raised again. */
static void
count_wake(struct idle *idle, struct pollfd fds[2], int raised)
{
	static const struct timespec at_once;
	struct thole_worker_stats *stats = idle->stats;
	bool signal = raised < 0 && errno == EINTR;
	struct rte_epoll_event event;
	uint64_t kicks;

	if (signal) /* net_tap's comes with each packet */
		raised = ppoll(fds, 2, &at_once, NULL);
	if (raised <= 0)
		stat_add(signal ? &stats->wakes_signal : &stats->wakes_deadline, 1);
	else
		stat_add(fds[1].revents != 0 ? &stats->wakes_rx : &stats->wakes_app, 1);
	if (raised > 0 && fds[0].revents != 0)
		(void)!read(idle->kick_fd, &kicks, sizeof(kicks));
	if (raised > 0 && fds[1].revents != 0)
		(void)rte_epoll_wait(idle->rx_fd, &event, 1, 0);
}

void
idle_sleep(struct idle *idle, uint64_t until_ns, bool polled)
{
	struct pollfd fds[2] = {
		{ .fd = idle->kick_fd, .events = POLLIN },
		{ .fd = idle->rx_fd, .events = POLLIN }, /* passed over when -1 */
	};
	bool polls = polled || idle->polls;
	uint64_t left_ns = polls ? idle->config.poll_ns : idle->config.sleep_ns;
	uint64_t now_ns = thole_clock_ns();
	struct timespec left;

	if (until_ns < now_ns + IDLE_LEAST_NS) {
		stat_add(&idle->stats->spins, 1);
		return;
	}
	left_ns = RTE_MIN(until_ns - now_ns, left_ns);
	left.tv_sec = (time_t)(left_ns / TIME_S);
	left.tv_nsec = (long)(left_ns % TIME_S);
	stat_add(&idle->stats->sleeps, 1);
	count_wake(idle, fds, ppoll(fds, 2, &left, NULL));
	if (idle->rx_arm)
		(void)rte_eth_dev_rx_intr_disable(idle->port, idle->queue);
}

/* For threads that have no worker. */
struct thole_idle {
	struct idle idle;
	struct thole_worker_stats stats; /* nobody asks */
	bool slept;			 /* by its own means: nobody has read kick_fd since */
};

int
thole_idle_create(
	const struct thole_idle_config *config, struct thole_idle **out, struct thole_why *why)
{
	struct thole_idle *own = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*own));
	int error = -ENOMEM;

	if (own != NULL) {
		memset(&own->stats, 0, sizeof(own->stats));
		own->slept = false;
		error = idle_init(&own->idle, config, NULL, 0, &own->stats);
	}
	if (error != 0) {
		free(own);
		return why_set(why, error, "no eventfd to sleep on: %s", strerror(-error));
	}
	*out = own;
	return 0;
}

void
thole_idle_destroy(struct thole_idle *own)
{
	if (own == NULL)
		return;
	idle_fini(&own->idle);
	free(own);
}

void
thole_idle_announce(struct thole_idle *own)
{
	uint64_t kicks;

	if (own->slept)
		(void)!read(own->idle.kick_fd, &kicks, sizeof(kicks));
	own->slept = false;
	idle_announce(&own->idle);
}

void
thole_idle_rest(struct thole_idle *own, uint64_t now_ns, bool worked, uint64_t until_ns)
{
	if (worked)
		idle_busy(&own->idle, now_ns);
	else if (idle_rest(&own->idle, now_ns))
		idle_sleep(&own->idle, until_ns, false);
}

int
thole_idle_fd(const struct thole_idle *own)
{
	return own->idle.kick_fd;
}

bool
thole_idle_may_sleep(struct thole_idle *own, uint64_t now_ns, bool worked)
{
	if (worked)
		idle_busy(&own->idle, now_ns);
	else
		own->slept = idle_rest(&own->idle, now_ns);
	return own->slept;
}

void
thole_idle_wake(void *own)
{
	idle_kick(&((struct thole_idle *)own)->idle);
}
