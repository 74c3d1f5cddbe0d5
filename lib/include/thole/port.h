/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * thole/port.h: stacks on DPDK's ethdevs. A port is an ethdev set up for thole; a worker is a stack
 * on one of its queue pairs with a loop for one lcore. The caller owns EAL, lcores and threads.
 *
 * Calls that can fail for a reason worth reading take a struct thole_why: one line that names the
 * thing and the mend. It may be NULL.
 */
#ifndef THOLE_PORT_H
#define THOLE_PORT_H

#include <thole/app.h>
#include <thole/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Why a call failed, for people. */
struct thole_why {
	char text[240]; /**< terminated; the reason, if the call failed */
};

struct thole_port;   /**< an ethdev set up for thole */
struct thole_worker; /**< a stack on a queue pair of it */

/**
 * Starts EAL with @p argv (its own arguments only, argv[0] the program's name), and with what they
 * leave open (of an option that EAL takes once the last counts): --file-prefix of this process's
 * own, --no-telemetry, --no-huge -m when there aren't enough hugepages, --no-pci when no PCI device
 * is asked for, warnings only. Prints nothing itself, but EAL's log where @p argv asks for one. In
 * the thread that is to be EAL's main one.
 * @param argc how many arguments.
 * @param argv the arguments.
 * @param mem_mb what the program is going to need, in MiB.
 * @param why the reason, if it fails; or NULL.
 * @return 0, or negative errno: -ENOMEM, -EINVAL (EAL refused its arguments), -EBUSY (another
 * process has the interface of a net_tap), -EALREADY (EAL starts once in a process).
 */
THOLE_API int thole_eal_start(int argc, char **argv, uint32_t mem_mb, struct thole_why *why);

/** Ends EAL, if thole_eal_start() started it, and removes what it left in the file system. Ports
 * must be closed. In the thread that started it. */
THOLE_API void thole_eal_stop(void);

/** Whether EAL runs on hugepages. Any thread. */
THOLE_API bool thole_eal_has_hugepages(void);

/** How an ethdev is set up; thole_port_config_init() fills in the defaults given here. */
struct thole_port_config {
	const char
		*device; /**< ethdev name ("net_tap0", "0000:03:00.0") or port number; required */
	/**
	 * Workers, each for an lcore of its own: 1; as many as nb_queues if that is more; 128 at
	 * most. Several share the port's flows as thole_port_sharing() says, and all of them must
	 * be made and turn.
	 */
	uint16_t nb_workers;
	/** Queue pairs: 0: one for each worker, as far as the device has them. Workers beyond them
	 * receive and send through the others. */
	uint16_t nb_queues;
	/** Lcores of the workers, nb_workers of them, whose NUMA nodes their memory comes from.
	 * NULL: the device's node. */
	const unsigned int *lcores;
	uint16_t rx_desc;	/**< descriptors a queue; cut to what the device has: 1024 */
	uint16_t tx_desc;	/**< 1024 */
	uint32_t pool_mbufs;	/**< mbufs of each worker's pool: 16,384 */
	uint16_t mbuf_bytes;	/**< data room without headroom: 2048 */
	uint16_t mtu;		/**< 0: the device's */
	bool offload_checksums; /**< use what the device has: true */
	/**
	 * Take checksums as done on both sides though the device does nothing (sent ones stay
	 * empty, received ones are believed): for measuring over a cable that stands for a NIC:
	 * false.
	 */
	bool pretend_checksums;
	bool promiscuous; /**< false */
	/** Ask the device for RX interrupts, so that workers which sleep wake when a packet comes;
	 * one that has none is polled: false. */
	bool rx_interrupts;
	/** For tests: the owner of a flow is the worker after the one that the device brings it to,
	 * so that every packet is handed over: false. */
	bool wrong_worker;
};

/** Fills in every default; device stays NULL. Any thread. */
THOLE_API void thole_port_config_init(struct thole_port_config *config);

/**
 * Sets up and starts an ethdev. When a driver fails half-way (queues, start), the device is closed.
 * Not by several threads at once, as all that opens and closes ports, cables and workers.
 * @return 0, -ENODEV, -EBUSY (somebody has it), -EINVAL, -ENOMEM, or what the driver says.
 */
THOLE_API int thole_port_open(
	const struct thole_port_config *config, struct thole_port **out, struct thole_why *why);

/**
 * Stops and closes the ethdev, and frees its pools. Workers on it must be gone. The pools of a
 * cable's ends are freed when both are closed, since each holds the other's mbufs: then workers on
 * both must be. Not beside another call that opens or closes, in any thread.
 */
THOLE_API void thole_port_close(struct thole_port *port);

/** The ethdev's port number. Any thread. */
THOLE_API uint16_t thole_port_id(const struct thole_port *port);

/** The pool of worker @p worker, the port's until it is closed; NULL if there is none of that
 * number. Any thread. */
THOLE_API struct rte_mempool *thole_port_pool(const struct thole_port *port, uint16_t worker);

/** How the workers of a port share its flows: settled when it is opened. */
struct thole_sharing {
	uint16_t nb_workers; /**< workers */
	uint16_t nb_queues;  /**< queue pairs; workers beyond them send and receive by others */
	/** The device says whose a flow is: rss is what was read back from it. Otherwise rss is our
	 * own, and what comes in at another worker is handed over. */
	bool by_device;
	/** The key is ours, for which both directions of a flow have the same owner. */
	bool symmetric;
	char why[120];	      /**< why by_device is what it is; "" with one worker */
	struct thole_rss rss; /**< whose a flow is; unused with one worker */
};

/** How the workers of @p port share its flows; the port's until it is closed. Any thread. */
THOLE_API const struct thole_sharing *thole_port_sharing(const struct thole_port *port);

/** enum thole_offload flags that are in force. Any thread. */
THOLE_API uint32_t thole_port_offloads(const struct thole_port *port);

/**
 * Makes two ethdevs, names @p a and @p b, joined back to back by net_ring with @p entries slots
 * each way and queue (a power of two). They are opened with thole_port_open() under these names.
 * Not to be called by several threads at once, nor beside thole_port_close().
 * @return 0, -EINVAL, -EEXIST (a device has that name), -ENOMEM.
 */
THOLE_API int thole_cable_create(
	const char *a, const char *b, uint16_t nb_queues, uint32_t entries, struct thole_why *why);

/**
 * What thole_worker_run() does when no packet moves: it spins, then pauses between turns, then, if
 * it may, sleeps: until something is due, an application queues an op, a packet comes (where the
 * port has RX interrupts), thole_worker_wake() is called or a signal comes, but no longer than said
 * here. An application that works in app_turn has its turns no more often meanwhile.
 */
struct thole_idle_config {
	bool sleep;	   /**< false: it spins and pauses, whatever it costs */
	uint64_t spin_ns;  /**< from the last packet until it pauses: 50 us */
	uint64_t pause_ns; /**< from then until it sleeps: 200 us */
	uint64_t poll_ns;  /**< the longest sleep without RX interrupt: 600 us */
	uint64_t sleep_ns; /**< the longest sleep with RX interrupt: 10 ms */
};

/** What a worker is made with; thole_worker_config_init() fills in the defaults given here. */
struct thole_worker_config {
	struct thole_port *port; /**< required; must outlive the worker */
	/** Number of the worker: below the port's nb_workers, and each once. It polls the queue
	 * pair of this number, if there is one. */
	uint16_t queue;
	uint16_t burst;		       /**< packets a turn: 32; at most 256 */
	struct thole_idle_config idle; /**< what it does when no packet moves */
	/**
	 * The stack's configuration. The worker fills in what is 0 or NULL: pool, alloc (from the
	 * port's NUMA node), mac (the device's, or a locally administered one where that is the
	 * kernel's own or zero), mtu, offloads, secret (random; the same for all workers of a port)
	 * and seed (random); and sets ops_queued. Where several share the port, core is the
	 * worker's number, and rss the port's.
	 */
	struct thole_stack_config stack;
	/** Called in every turn, between rx and run: where an application on the same lcore works.
	 * Or NULL. */
	void (*app_turn)(void *ctx, struct thole_worker *worker, uint64_t now_ns);
	void *app_ctx; /**< app_turn's argument */
};

/** What a worker counts beside its stack; single writer. */
struct thole_worker_stats {
	uint64_t turns;	    /**< turns taken */
	uint64_t rx_pkts;   /**< packets given to the stack */
	uint64_t tx_pkts;   /**< packets that the device took */
	uint64_t rejected;  /**< packets that the stack handed back; freed */
	uint64_t tx_stalls; /**< bursts that the device took only in part */
	uint64_t tx_lost;   /**< packets that the device wouldn't take in bounded time; freed */
	/* Of thole_worker_run(): each sleep ends by one of the four. */
	uint64_t spins;		 /**< turns without a packet, and at once the next */
	uint64_t pauses;	 /**< turns without a packet, and then a pause */
	uint64_t sleeps;	 /**< turns without a packet, and then a sleep */
	uint64_t wakes_rx;	 /**< by an RX interrupt */
	uint64_t wakes_app;	 /**< by an op, or thole_worker_wake() */
	uint64_t wakes_deadline; /**< by the time: something was due, or the longest was over */
	uint64_t wakes_signal;	 /**< by a signal */
	/* Where workers share a port: */
	uint64_t handed_out; /**< packets given to the workers that own them, and copies of ARP */
	uint64_t handed_in;  /**< packets that others gave; among rx_pkts */
	uint64_t
		handover_lost; /**< packets freed: another worker is stuck, or no mbuf to copy to */
	uint64_t handover_waits; /**< turns without a look at the device, for another worker's sake
				  */
	uint64_t relayed;	 /**< packets sent for workers without a queue */
};

/** Fills in every default, the stack's too; port and addresses stay NULL. Any thread. */
THOLE_API void thole_worker_config_init(struct thole_worker_config *config);

/**
 * Makes a worker. Its stack exists from here on; nothing runs yet. In any thread: the worker
 * belongs to the one that takes its turns.
 * @return 0; -EINVAL (a value out of range, a number that the port doesn't have), -ENOMEM,
 * -EMFILE (with idle.sleep); @p why names it.
 */
THOLE_API int thole_worker_create(
	const struct thole_worker_config *config, struct thole_worker **out, struct thole_why *why);

/** Frees the worker, its stack, and packets not sent. Application contexts must be gone, and no
 * other worker of the port may be in a turn. In its thread, or after that has stopped. */
THOLE_API void thole_worker_destroy(struct thole_worker *worker);

/** The worker's stack, for thole_app_create() and thole_stats_get(); its own until it is destroyed.
 * Any thread. */
THOLE_API struct thole_stack *thole_worker_stack(struct thole_worker *worker);

/** The port's pool of this worker, as thole_port_pool() has it. Any thread. */
THOLE_API struct rte_mempool *thole_worker_pool(const struct thole_worker *worker);

/** One turn: rx, application, run, tx. In the thread that owns the worker. @return packets moved.
 */
THOLE_API uint32_t thole_worker_turn(struct thole_worker *worker);

/** Turns until @p *stop is true; it is read with acquire order. In the thread that
 * owns the worker. Who sets it in another thread calls
 * thole_worker_wake() then, if the worker may sleep. */
THOLE_API void thole_worker_run(struct thole_worker *worker, const bool *stop);

/** Wakes a worker that sleeps, so that it sees what the caller has stored before; costs a fence if
 * it doesn't. In any thread. */
THOLE_API void thole_worker_wake(struct thole_worker *worker);

/**
 * Has the worker end what is under way: from its next turn on thole_stack_drain(), and at @p
 * until_ns by thole_clock_ns(), thole_stack_cut(). Another call moves that time, as long as it
 * hasn't come; 0 is at once. The worker must go on turning, and applications do what they do: they
 * end what can be ended, and read of the rest that it is CLOSED. With several workers on a port
 * each is drained, and all turn until all are, for they carry each other's packets. There is no way
 * back; a worker that is destroyed can be made again. Any thread.
 */
THOLE_API void thole_worker_drain(struct thole_worker *worker, uint64_t until_ns);

/**
 * Whether that is done: no connection is left, nothing is owed, and the device has taken every
 * packet, RSTs too; at the latest a second after the deadline, or later with very many: the turn
 * that resets them is as long as that takes, and then each may take a microsecond more. A device
 * that sends by itself may need some milliseconds more before it is stopped. Where a port has more
 * workers than queues, those with a queue go on turning until all of the port are drained: they
 * send for the others. Any thread.
 * @param cut gets what was cut off at the deadline, all 0 for nothing; may be NULL.
 */
THOLE_API bool thole_worker_drained(const struct thole_worker *worker, struct thole_left *cut);

/**
 * Has @p fn run where the worker turns, between two turns, and returns when it is done: what may
 * only be done in the stack's thread can so be had from any. From the thread that turns the worker,
 * app_turn and @p fn themselves included, it is run at once; so it is, by the caller, while nobody
 * turns it: before the first turn, and after thole_worker_run() has returned; one that only took
 * turns by thole_worker_turn() still counts as turning it. Not from a thread that turns another
 * worker, unless with a short time-out: that worker stands still meanwhile, and two that call each
 * other wait for each other. A worker that sleeps is woken. While nobody calls it costs the worker
 * two loads a turn.
 * @param timeout_ns how long to wait until it begins; THOLE_NEVER: for ever. One that has begun is
 * waited for.
 * @return 0, or -ETIMEDOUT: the worker took no turn in time, and @p fn will not be run. Any thread,
 * EAL's or not.
 */
THOLE_API int thole_worker_call(
	struct thole_worker *worker, void (*fn)(void *ctx), void *ctx, uint64_t timeout_ns);

/**
 * thole_app_create() of the worker's stack, by thole_worker_call(). The thread that is going to use
 * the context needn't be EAL's; rte_thread_register() gives it a cache of its own in each mempool,
 * without which every mbuf that it takes or frees goes through the pool's shared ring.
 * @return 0; -ETIMEDOUT as above, then nothing was made; or what thole_app_create() says.
 */
THOLE_API int thole_worker_app_create(struct thole_worker *worker,
	const struct thole_app_config *config, uint64_t timeout_ns, struct thole_app **out,
	struct thole_why *why);

/**
 * thole_app_destroy(), by thole_worker_call(). The context's thread must not use it any more.
 * @return 0, or -ETIMEDOUT: the context is still there, as it was.
 */
THOLE_API int thole_worker_app_destroy(
	struct thole_worker *worker, struct thole_app *app, uint64_t timeout_ns);

/** Whether a packet wakes the worker when it sleeps; else it looks every idle.poll_ns. Any
 * thread. */
THOLE_API bool thole_worker_has_interrupt(const struct thole_worker *worker);

/**
 * Whether a connection between these is this worker's, so that the answers to its SYN come here:
 * for who chooses local ports himself. IPv4; true where the worker is alone. Any thread.
 */
THOLE_API bool thole_worker_owns(const struct thole_worker *worker,
	const struct thole_endpoint *local, const struct thole_endpoint *remote);

/** The time of the current turn, ns. In the worker's thread. */
THOLE_API uint64_t thole_worker_now(const struct thole_worker *worker);

/** The clock that workers go by, read now: monotonic, ns. Any thread, once EAL runs. */
THOLE_API uint64_t thole_clock_ns(void);

/**
 * The same back-off for a thread that has no worker, such as that of an application with a ring
 * context (whose thole_app_config then names thole_idle_wake()). Its loop is:
 *
 *	for (;;) {
 *		thole_idle_announce(idle);
 *		if (stop)
 *			break;
 *		now_ns = thole_clock_ns();
 *		worked = look at everything that somebody may wake us for;
 *		thole_idle_rest(idle, now_ns, worked, THOLE_NEVER);
 *	}
 *
 * In that thread, but for thole_idle_wake().
 */
struct thole_idle;

/** Its sleeps are at most @p config's sleep_ns long. In any thread. @return 0, -ENOMEM, -EMFILE. */
THOLE_API int thole_idle_create(
	const struct thole_idle_config *config, struct thole_idle **out, struct thole_why *why);

/** Frees it. Nobody may wake it any more. In its thread, or after that has stopped. */
THOLE_API void thole_idle_destroy(struct thole_idle *idle);

/** Before a turn, and before looking whether to stop. In its thread. */
THOLE_API void thole_idle_announce(struct thole_idle *idle);

/** After a turn at @p now_ns that @p worked or had nothing to do: goes on at once, pauses, or
 * sleeps until @p until_ns at most. In its thread. */
THOLE_API void thole_idle_rest(
	struct thole_idle *idle, uint64_t now_ns, bool worked, uint64_t until_ns);

/**
 * For a thread that has other descriptors to wait for: an eventfd that is readable once the thread
 * is woken. In place of thole_idle_rest() its loop has
 *
 *		if (thole_idle_may_sleep(idle, now_ns, worked))
 *			epoll_wait() or poll(), this descriptor among the others;
 *
 * It remains thole's, which reads it. @return -1: config's sleep is false. In any thread.
 */
THOLE_API int thole_idle_fd(const struct thole_idle *idle);

/** thole_idle_rest() without its sleep. @return whether one may follow now; false without config's
 * sleep. In its thread. */
THOLE_API bool thole_idle_may_sleep(struct thole_idle *idle, uint64_t now_ns, bool worked);

/** @p idle is a struct thole_idle: what the caller has stored before is seen by a turn that ends
 * after this call. In any thread. */
THOLE_API void thole_idle_wake(void *idle);

/** Copies what @p worker counts. Any thread: from another one than the worker's each value is
 * whole, but they needn't agree with each other. */
THOLE_API void thole_worker_stats_get(
	const struct thole_worker *worker, struct thole_worker_stats *out);

#ifdef __cplusplus
}
#endif
#endif
