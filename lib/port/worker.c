/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker.c: a stack driven from one queue pair of a port, by one thread. The order of a turn is rx,
 * application, run, tx; the clock is read once in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <rte_ethdev.h>

#include <thole/app.h>

#include "base/time.h"
#include "port/calls.h"
#include "port/idle.h"
#include "port/handover.h"
#include "port/memory.h"
#include "port/port.h"
#include "port/txq.h"
#include "port/why.h"
#include "stack/drain.h"

#define WORKER_TX_ROUNDS                                                                           \
	4 /* batches sent in a turn at most: the RX queue must not wait for long                   \
	   */

#define DRAIN_LOOK_NS (10 * TIME_MS) /* between two looks at what is left */
#define DRAIN_LAST_NS TIME_S	     /* for RSTs to go, once they are owed */
#define DRAIN_RST_NS  TIME_US	     /* and that for each */

/* How a worker ends. */
struct drain {
	uint64_t until_ns; /* 0: it doesn't; set by any thread */
	uint64_t look_ns;
	uint64_t last_ns; /* is_cut: nothing is waited for any longer */
	bool began;
	bool is_cut;
	bool done; /* read by any thread, and then what was cut */
	struct thole_left cut;
};

struct thole_worker {
	struct thole_stack *stack;
	uint64_t now_ns;
	uint16_t port;
	uint16_t queue;
	uint16_t burst;
	int node;
	void (*app_turn)(void *ctx, struct thole_worker *worker, uint64_t now_ns);
	void *app_ctx;
	struct thole_worker_stats stats;
	struct txq txq;
	struct idle idle;
	struct handover *handover; /* NULL: alone on its port */
	struct drain drain;
	struct calls calls;
};

void
thole_worker_config_init(struct thole_worker_config *config)
{
	*config = (struct thole_worker_config){
		.burst = 32,
		.idle = {
			.spin_ns = 50 * TIME_US,
			.pause_ns = 200 * TIME_US,
			.poll_ns = 600 * TIME_US,
			.sleep_ns = 10 * TIME_MS,
		},
	};
	thole_stack_config_init(&config->stack);
	config->stack.mtu = 0; /* the port's */
}

/* Bytes that nobody can guess; getrandom(2) waits until the kernel has them. */
static int
random_bytes(void *out, size_t bytes)
{
	uint8_t *p = out;

	while (bytes > 0) {
		ssize_t n = getrandom(p, bytes, 0);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			p += n;
			bytes -= (size_t)n;
		}
	}
	return 0;
}

/* What the stack's configuration leaves open. */
static int
complete(struct thole_stack_config *stack, const struct thole_worker_config *config,
	struct thole_worker *worker)
{
	struct thole_port *port = config->port;
	int error = 0;

	if (port->handover != NULL) {
		stack->core = (uint8_t)config->queue;
		stack->rss = &port->sharing.rss;
	}
	if (stack->pool == NULL)
		stack->pool = port->pools[config->queue];
	if (stack->alloc == NULL && stack->free == NULL) {
		stack->alloc = memory_alloc;
		stack->free = memory_free;
		stack->alloc_ctx = &worker->node;
	}
	if (rte_is_zero_ether_addr(&stack->mac))
		stack->mac = port->mac;
	if (stack->mtu == 0)
		stack->mtu = port->mtu;
	if (stack->offloads == 0)
		stack->offloads = port->offloads;
	stack->ops_queued = config->idle.sleep ? idle_kick : NULL;
	stack->ops_queued_ctx = &worker->idle;
	if (port->secret[0] == 0 && port->secret[1] == 0)
		error = random_bytes(port->secret, sizeof(port->secret));
	if (stack->secret[0] == 0 && stack->secret[1] == 0)
		memcpy(stack->secret, port->secret, sizeof(stack->secret));
	if (error == 0 && stack->seed == 0)
		error = random_bytes(&stack->seed, sizeof(stack->seed));
	return error;
}

static int
check(const struct thole_worker_config *config, struct thole_why *why)
{
	if (config->port == NULL)
		return why_set(why, -EINVAL, "a worker needs a port");
	if (config->queue >= config->port->nb_workers)
		return why_set(why, -EINVAL, "%s has no queue %u: it was opened for %u workers",
			config->port->device, config->queue, config->port->nb_workers);
	if (config->burst == 0 || config->burst > TXQ_MAX)
		return why_set(
			why, -EINVAL, "burst must be 1 to %d, not %u", TXQ_MAX, config->burst);
	if (config->stack.nb_addresses == 0)
		return why_set(why, -EINVAL,
			"the stack has no address: set address in [stack], such as 10.0.0.2/24");
	return 0;
}

static void
free_worker(struct thole_worker *worker)
{
	int node = worker->node;

	if (worker->handover != NULL)
		memory_free(&node, worker->handover, sizeof(*worker->handover));
	memory_free(&node, worker, sizeof(*worker));
}

static struct thole_worker *
alloc_worker(const struct thole_worker_config *config)
{
	const struct thole_port *port = config->port;
	int node = port->nodes[config->queue];
	struct thole_worker *worker = memory_alloc(&node, sizeof(*worker), 64);

	if (worker == NULL)
		return NULL;
	worker->port = port->id;
	worker->queue = config->queue;
	worker->burst = config->burst;
	worker->node = node;
	worker->app_turn = config->app_turn;
	worker->app_ctx = config->app_ctx;
	worker->now_ns = thole_clock_ns();
	worker->txq = (struct txq){
		.port = port->id,
		.queue = config->queue,
		.max_segs = port->max_segs,
		.prepare = port->prepare,
		.pool = port->pools[config->queue],
		.stats = &worker->stats,
	};
	if (port->handover == NULL)
		return worker;
	worker->handover = memory_alloc(&node, sizeof(*worker->handover), 64);
	if (worker->handover == NULL) {
		free_worker(worker);
		return NULL;
	}
	handover_init(worker->handover, port, config->queue, &worker->stats);
	/* Without a queue of its own it sends through another worker, and its packets are made fit
	 * here. */
	worker->txq.ring = handover_tx_ring(worker->handover);
	worker->txq.queue = (uint16_t)(config->queue % port->nb_queues);
	return worker;
}

static int
give_up(struct thole_worker *worker, int error)
{
	idle_fini(&worker->idle);
	calls_fini(&worker->calls);
	free_worker(worker);
	return error;
}

int
thole_worker_create(
	const struct thole_worker_config *config, struct thole_worker **out, struct thole_why *why)
{
	struct thole_stack_config stack = config->stack;
	struct thole_worker *worker;
	const char *reason = NULL;
	int error = check(config, why);

	if (error != 0)
		return error;
	worker = alloc_worker(config);
	if (worker == NULL)
		return why_set(why, -ENOMEM, "out of memory");
	error = calls_init(&worker->calls);
	if (error != 0) {
		free_worker(worker);
		return why_set(why, error, "no lock: %s", strerror(-error));
	}
	/* Who has no queue waits for other workers alone. */
	error = idle_init(&worker->idle, &config->idle,
		config->queue < config->port->nb_queues ? config->port : NULL, config->queue,
		&worker->stats);
	if (error != 0)
		return give_up(worker, why_set(why, error, "no eventfd: %s", strerror(-error)));
	error = complete(&stack, config, worker);
	if (error != 0) {
		why_set(why, error, "no random numbers: %s", strerror(-error));
	} else {
		error = thole_stack_create(&stack, &worker->stack, &reason);
		if (error == -ENOMEM)
			why_set(why, error,
				"no memory for a stack of %u connections, %u handshakes and %u in "
				"TIME-WAIT: ask for fewer (max_conns, max_embryos, max_time_wait)",
				stack.max_conns, stack.max_embryos, stack.max_time_wait);
		else if (error != 0)
			why_set(why, error, "the stack's configuration: %s",
				reason != NULL ? reason : strerror(-error));
	}
	if (error != 0)
		return give_up(worker, error);
	if (worker->handover != NULL && config->idle.sleep)
		handover_sleeps(worker->handover, &worker->idle);
	*out = worker;
	return 0;
}

void
thole_worker_destroy(struct thole_worker *worker)
{
	if (worker == NULL)
		return;
	txq_drop_all(&worker->txq);
	if (worker->handover != NULL)
		handover_fini(worker->handover);
	thole_stack_destroy(worker->stack);
	idle_fini(&worker->idle);
	calls_fini(&worker->calls);
	free_worker(worker);
}

struct thole_stack *
thole_worker_stack(struct thole_worker *worker)
{
	return worker->stack;
}

struct rte_mempool *
thole_worker_pool(const struct thole_worker *worker)
{
	return worker->txq.pool;
}

bool
thole_worker_owns(const struct thole_worker *worker, const struct thole_endpoint *local,
	const struct thole_endpoint *remote)
{
	return worker->handover == NULL || handover_owns(worker->handover, local, remote);
}

uint64_t
thole_worker_now(const struct thole_worker *worker)
{
	return worker->now_ns;
}

static uint32_t
worker_rx(struct thole_worker *w)
{
	struct rte_mbuf *pkts[2 * TXQ_MAX], *rejects[2 * TXQ_MAX];
	uint32_t given = 0;
	uint16_t n;

	if (likely(w->handover == NULL))
		n = rte_eth_rx_burst(w->port, w->queue, pkts, w->burst);
	else
		n = handover_rx(w->handover, pkts, w->burst, w->now_ns, &given);

	/* With no packets, too: ops of this turn go by the time it gives. */
	uint16_t rejected = thole_stack_rx(w->stack, w->now_ns, pkts, n, rejects);

	stat_add(&w->stats.rx_pkts, n);
	if (rejected != 0) {
		rte_pktmbuf_free_bulk(rejects, rejected);
		stat_add(&w->stats.rejected, rejected);
	}
	return n + given;
}

/* What waits goes first; while any of it is left the stack isn't asked for more, which loses
 * nothing. */
static uint32_t
worker_tx(struct thole_worker *w)
{
	uint32_t sent = txq_flush(&w->txq, w->now_ns);

	for (int round = 0; round < WORKER_TX_ROUNDS; round++) {
		struct rte_mbuf **room = txq_room(&w->txq);

		if (room == NULL)
			break;
		uint16_t n = thole_stack_tx(w->stack, w->now_ns, room, w->burst);

		if (n == 0)
			break;
		txq_commit(&w->txq, n);
		sent += txq_flush(&w->txq, w->now_ns);
		if (n < w->burst)
			break;
	}
	if (unlikely(w->handover != NULL)) {
		if (sent != 0 && w->txq.ring != NULL)
			handover_sent(w->handover);
		sent += handover_tx(w->handover, w->now_ns);
	}
	return sent;
}

/* Whether nobody waits for anything more, or for no longer. */
static bool
is_drained(struct thole_worker *w)
{
	struct drain *d = &w->drain;

	if (d->is_cut && w->now_ns >= d->last_ns)
		return true;
	if (txq_waits(&w->txq) || thole_stack_next_deadline(w->stack) == 0 ||
		(w->handover != NULL && handover_owed(w->handover)))
		return false;
	if (d->is_cut)
		return true;
	if (w->now_ns < d->look_ns)
		return false;
	d->look_ns = w->now_ns + DRAIN_LOOK_NS;
	if (!drain_is_over(w->stack))
		return false;
	thole_stack_cut(w->stack, NULL); /* and so it stays */
	return true;
}

/* Instead of worker_tx(). */
static __rte_noinline uint32_t
draining_tx(struct thole_worker *w, uint64_t until_ns)
{
	struct drain *d = &w->drain;
	uint32_t sent;

	if (!d->began) {
		d->began = true;
		thole_stack_drain(w->stack);
	}
	if (w->now_ns >= until_ns && !d->is_cut && !d->done) {
		d->is_cut = true;
		/* Of millions that takes seconds itself. */
		d->last_ns = DRAIN_LAST_NS + thole_stack_cut(w->stack, &d->cut) * DRAIN_RST_NS;
		d->last_ns += thole_clock_ns();
	}
	sent = worker_tx(w);
	if (!d->done && is_drained(w))
		__atomic_store_n(&d->done, true, __ATOMIC_RELEASE); /* thole_worker_drained() */
	return sent;
}

uint32_t
thole_worker_turn(struct thole_worker *worker)
{
	uint64_t until_ns;
	uint32_t moved;

	calls_turn(&worker->calls);
	worker->now_ns = thole_clock_ns();
	stat_add(&worker->stats.turns, 1);
	moved = worker_rx(worker);
	if (worker->app_turn != NULL)
		worker->app_turn(worker->app_ctx, worker, worker->now_ns);
	thole_stack_run(worker->stack, worker->now_ns);
	until_ns = __atomic_load_n(&worker->drain.until_ns, __ATOMIC_RELAXED);
	return moved + (likely(until_ns == 0) ? worker_tx(worker) : draining_tx(worker, until_ns));
}

/* When a worker that drains has to look again. */
static uint64_t
drain_next(const struct thole_worker *w)
{
	const struct drain *d = &w->drain;

	if (!d->began || d->done)
		return THOLE_NEVER;
	return RTE_MIN(d->look_ns, __atomic_load_n(&d->until_ns, __ATOMIC_RELAXED));
}

void
thole_worker_drain(struct thole_worker *worker, uint64_t until_ns)
{
	__atomic_store_n(&worker->drain.until_ns, RTE_MAX(until_ns, 1u), __ATOMIC_RELAXED);
	thole_worker_wake(worker);
}

bool
thole_worker_drained(const struct thole_worker *worker, struct thole_left *cut)
{
	if (!__atomic_load_n(&worker->drain.done, __ATOMIC_ACQUIRE)) /* draining_tx() */
		return false;
	if (cut != NULL)
		*cut = worker->drain.cut;
	return true;
}

/* After a turn that moved nothing. What anybody may queue for the worker belongs in here: a turn
 * that was announced has looked at it, and yet it may have left some. */
static void
worker_rest(struct thole_worker *w)
{
	uint64_t until_ns;
	bool left;

	if (!idle_rest(&w->idle, w->now_ns))
		return;
	left = txq_waits(&w->txq) || thole_app_ops_wait(w->stack) || calls_wait(&w->calls) ||
	       (w->handover != NULL && handover_left(w->handover));
	until_ns = left ? 0 : RTE_MIN(thole_stack_next_deadline(w->stack), drain_next(w));
	idle_sleep(&w->idle, until_ns, thole_app_events_wait(w->stack));
}

void
thole_worker_run(struct thole_worker *worker, const bool *stop)
{
	struct idle *idle = &worker->idle;

	idle_busy(idle, thole_clock_ns());
	for (;;) {
		idle_announce(idle);
		if (__atomic_load_n(stop, __ATOMIC_ACQUIRE))
			break;
		if (thole_worker_turn(worker) != 0)
			idle_busy(idle, worker->now_ns);
		else
			worker_rest(worker);
	}
	idle_busy(idle, worker->now_ns);
	calls_disown(&worker->calls);
}

int
thole_worker_call(
	struct thole_worker *worker, void (*fn)(void *ctx), void *ctx, uint64_t timeout_ns)
{
	return calls_call(&worker->calls, fn, ctx, timeout_ns, idle_kick, &worker->idle);
}

void
thole_worker_wake(struct thole_worker *worker)
{
	idle_kick(&worker->idle);
}

bool
thole_worker_has_interrupt(const struct thole_worker *worker)
{
	return worker->idle.rx_fd >= 0;
}

void
thole_worker_stats_get(const struct thole_worker *worker, struct thole_worker_stats *out)
{
	const struct thole_worker_stats *s = &worker->stats;

	out->turns = __atomic_load_n(&s->turns, __ATOMIC_RELAXED);
	out->rx_pkts = __atomic_load_n(&s->rx_pkts, __ATOMIC_RELAXED);
	out->tx_pkts = __atomic_load_n(&s->tx_pkts, __ATOMIC_RELAXED);
	out->rejected = __atomic_load_n(&s->rejected, __ATOMIC_RELAXED);
	out->tx_stalls = __atomic_load_n(&s->tx_stalls, __ATOMIC_RELAXED);
	out->tx_lost = __atomic_load_n(&s->tx_lost, __ATOMIC_RELAXED);
	out->spins = __atomic_load_n(&s->spins, __ATOMIC_RELAXED);
	out->pauses = __atomic_load_n(&s->pauses, __ATOMIC_RELAXED);
	out->sleeps = __atomic_load_n(&s->sleeps, __ATOMIC_RELAXED);
	out->wakes_rx = __atomic_load_n(&s->wakes_rx, __ATOMIC_RELAXED);
	out->wakes_app = __atomic_load_n(&s->wakes_app, __ATOMIC_RELAXED);
	out->wakes_deadline = __atomic_load_n(&s->wakes_deadline, __ATOMIC_RELAXED);
	out->wakes_signal = __atomic_load_n(&s->wakes_signal, __ATOMIC_RELAXED);
	out->handed_out = __atomic_load_n(&s->handed_out, __ATOMIC_RELAXED);
	out->handed_in = __atomic_load_n(&s->handed_in, __ATOMIC_RELAXED);
	out->handover_lost = __atomic_load_n(&s->handover_lost, __ATOMIC_RELAXED);
	out->handover_waits = __atomic_load_n(&s->handover_waits, __ATOMIC_RELAXED);
	out->relayed = __atomic_load_n(&s->relayed, __ATOMIC_RELAXED);
}
