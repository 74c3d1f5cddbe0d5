/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_idle.c: the stages of an idle worker, what ends a sleep, and that no wake-up is lost: a
 * sleep that should have been ended by a kick and lasted to its end instead is counted as one ended
 * by its deadline, and then the test fails. That none was lost is shown for the two fences alone
 * (a store and a kick against an announcement and a look), for ops of an application in another
 * thread, and for the end of a worker.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#include <rte_interrupts.h>

#include <thole/app.h>

#include "base/prng.h"
#include "base/time.h"
#include "port/idle.h"
#include "port/port.h"
#include "test.h"

#define LONG_NS (20 * TIME_S) /* so long only a lost wake-up lasts */
#define LITMUS	100000
#define SPINS	100000 /* before the processor is given away: the race needs both threads running */
#define OPS	20000
#define STOPS	300

static const struct thole_idle_config at_once = {
	.sleep = true, .poll_ns = LONG_NS, .sleep_ns = LONG_NS
};

static struct thole_worker_stats stats;

static void
set_up(struct idle *idle, const struct thole_idle_config *config)
{
	memset(&stats, 0, sizeof(stats));
	CU_ASSERT_EQUAL_FATAL(idle_init(idle, config, NULL, 0, &stats), 0);
}

/* To the last stage, announced, with a configuration that knows no other. */
static void
lie_down(struct idle *idle)
{
	CU_ASSERT_FALSE(idle_rest(idle, idle->busy_ns));
	idle_announce(idle);
	CU_ASSERT_TRUE(idle_rest(idle, idle->busy_ns));
}

/* Sleeps until time ends it. On a machine that stands for a while what is due may have come before
 * the sleep, which then is none: once more. */
static void
sleep_for(struct idle *idle, uint64_t ns)
{
	const uint64_t before = stats.wakes_deadline;

	for (int i = 0; i < 1000 && stats.wakes_deadline == before; i++) {
		idle_announce(idle);
		idle_sleep(idle, thole_clock_ns() + ns, false);
	}
	CU_ASSERT_EQUAL(stats.wakes_deadline, before + 1);
}

static void
stages(void)
{
	struct thole_idle_config config = { .sleep = true,
		.spin_ns = 50 * TIME_US,
		.pause_ns = 200 * TIME_US,
		.poll_ns = TIME_MS,
		.sleep_ns = TIME_MS };
	uint64_t start = 1000 * TIME_S;
	struct idle idle;

	set_up(&idle, &config);
	for (int round = 0; round < 2; round++) {
		idle_busy(&idle, start);
		CU_ASSERT_FALSE(idle.asleep);
		CU_ASSERT_FALSE(idle_rest(&idle, start + 1));
		CU_ASSERT_FALSE(idle_rest(&idle, start + 50 * TIME_US - 1));
		CU_ASSERT_EQUAL(idle.stage, IDLE_SPIN);
		CU_ASSERT_FALSE(idle_rest(&idle, start + 50 * TIME_US));
		CU_ASSERT_FALSE(idle_rest(&idle, start + 250 * TIME_US - 1));
		CU_ASSERT_EQUAL(idle.stage, IDLE_PAUSE);
		idle_announce(&idle);
		CU_ASSERT_FALSE(idle.asleep);
		/* The next turn is the last look; only what comes after it is the sleep. */
		CU_ASSERT_FALSE(idle_rest(&idle, start + 250 * TIME_US));
		idle_announce(&idle);
		CU_ASSERT_TRUE(idle.asleep);
		CU_ASSERT_TRUE(idle_rest(&idle, start + 251 * TIME_US));
		CU_ASSERT_TRUE(idle_rest(&idle, start + 252 * TIME_US));
	}
	idle_busy(&idle, start);
	CU_ASSERT_EQUAL(idle.stage, IDLE_SPIN);
	CU_ASSERT_FALSE(idle.asleep);
	CU_ASSERT_EQUAL(stats.spins, 4);
	CU_ASSERT_EQUAL(stats.pauses, 4);
	CU_ASSERT_EQUAL(stats.sleeps, 0);
	idle_fini(&idle);
	config.sleep = false;
	set_up(&idle, &config);
	for (uint64_t s = 0; s < 1000; s++) {
		CU_ASSERT_FALSE(idle_rest(&idle, start + s * TIME_S));
		CU_ASSERT_EQUAL(idle.stage, IDLE_PAUSE);
	}
	CU_ASSERT_EQUAL(stats.pauses, 1000);
	idle_kick(&idle);
	idle_fini(&idle);
}

static void
wakes_by_time(void)
{
	struct thole_idle_config config = at_once;
	struct idle idle;

	set_up(&idle, &config);
	lie_down(&idle);
	/* Due, or nearly so: no sleep. */
	idle_sleep(&idle, 0, false);
	idle_sleep(&idle, thole_clock_ns() + TIME_US, false);
	CU_ASSERT_EQUAL(stats.sleeps, 0);
	CU_ASSERT_EQUAL(stats.spins, 2);
	sleep_for(&idle, 2 * TIME_MS);
	idle_fini(&idle);
	/* The longest, of a sleeper that only kicks wake, and of one that has to look. */
	config.sleep_ns = 200 * TIME_US;
	set_up(&idle, &config);
	lie_down(&idle);
	idle_sleep(&idle, THOLE_NEVER, false);
	CU_ASSERT_EQUAL(stats.wakes_deadline, 1);
	idle.config.sleep_ns = LONG_NS;
	idle.config.poll_ns = 200 * TIME_US;
	idle_sleep(&idle, THOLE_NEVER, true);
	idle.polls = true;
	idle_sleep(&idle, THOLE_NEVER, false);
	CU_ASSERT_EQUAL(stats.sleeps, 3);
	CU_ASSERT_EQUAL(stats.wakes_deadline, 3);
	idle_fini(&idle);
}

static void
wakes_by_kick(void)
{
	struct idle idle;

	set_up(&idle, &at_once);
	idle_kick(&idle); /* nobody sleeps: nothing is left behind */
	lie_down(&idle);
	CU_ASSERT_TRUE(idle.asleep);
	idle_kick(&idle);
	CU_ASSERT_FALSE(idle.asleep);
	idle_kick(&idle);
	idle_sleep(&idle, THOLE_NEVER, false);
	CU_ASSERT_EQUAL(stats.wakes_app, 1);
	/* One kick, one wake-up. */
	idle_announce(&idle);
	CU_ASSERT_TRUE(idle.asleep);
	sleep_for(&idle, TIME_MS);
	CU_ASSERT_EQUAL(stats.wakes_app, 1);
	CU_ASSERT_EQUAL(stats.wakes_deadline, 1);
	CU_ASSERT_EQUAL(stats.sleeps, 2);
	idle_fini(&idle);
}

static void
on_alarm(int number)
{
	(void)number;
}

static void
wakes_by_signal(void)
{
	const struct itimerval every_ms = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	struct sigaction action, before;
	struct idle idle;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_alarm;
	sigaction(SIGALRM, &action, &before);
	set_up(&idle, &at_once);
	lie_down(&idle);
	setitimer(ITIMER_REAL, &every_ms, NULL);
	idle_sleep(&idle, THOLE_NEVER, false);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	CU_ASSERT_EQUAL(stats.wakes_signal, 1);
	CU_ASSERT_EQUAL(stats.sleeps, 1);
	idle_fini(&idle);
}

static void
read_out(int fd, void *arg)
{
	uint64_t n;

	(void)arg;
	CU_ASSERT_EQUAL(read(fd, &n, sizeof(n)), (ssize_t)sizeof(n));
}

/* An eventfd stands for the device's, as VFIO has it. */
static void
wakes_by_interrupt(void)
{
	struct thole_idle_config config = at_once;
	struct rte_epoll_event event = {
		.epdata = { .event = EPOLLIN | EPOLLET, .cb_fun = read_out },
	};
	const uint64_t one = 1;
	struct idle idle;
	int fd = eventfd(0, EFD_NONBLOCK);

	config.poll_ns = 200 * TIME_US;
	set_up(&idle, &config);
	idle.rx_fd = epoll_create1(0);
	CU_ASSERT_EQUAL_FATAL(rte_epoll_ctl(idle.rx_fd, EPOLL_CTL_ADD, fd, &event), 0);
	lie_down(&idle);
	for (unsigned int i = 1; i < 3; i++) {
		CU_ASSERT_EQUAL(write(fd, &one, sizeof(one)), (ssize_t)sizeof(one));
		idle_sleep(&idle, THOLE_NEVER, false);
		CU_ASSERT_EQUAL(stats.wakes_rx, i);
	}
	/* What nobody kicks for is looked for as without interrupts. */
	idle_sleep(&idle, THOLE_NEVER, true);
	CU_ASSERT_EQUAL(stats.wakes_deadline, 1);
	/* Both at once: the one is counted, both are read. */
	idle_announce(&idle);
	idle_kick(&idle);
	CU_ASSERT_EQUAL(write(fd, &one, sizeof(one)), (ssize_t)sizeof(one));
	idle_sleep(&idle, THOLE_NEVER, false);
	CU_ASSERT_EQUAL(stats.wakes_rx, 3);
	idle_sleep(&idle, THOLE_NEVER, true);
	CU_ASSERT_EQUAL(stats.wakes_deadline, 2);
	rte_epoll_ctl(idle.rx_fd, EPOLL_CTL_DEL, fd, &event);
	close(idle.rx_fd);
	idle.rx_fd = -1;
	idle_fini(&idle);
	close(fd);
}

/* A thread inherits the main lcore's one CPU, where nothing could race. */
static void
leave_lcore(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	CU_ASSERT_EQUAL(pthread_setaffinity_np(pthread_self(), sizeof(all), &all), 0);
}

/* Takes any time up to 2^bits, the short ones more often. */
static void
jitter(uint64_t *seed, unsigned int bits)
{
	uint64_t r = prng_next(seed);

	for (uint64_t n = (r >> 8) & ((UINT64_C(1) << r % (bits + 1)) - 1); n > 0; n--)
		__asm__ volatile("");
}

/*
 * The store-buffer litmus test. In each round one thread announces that it sleeps and looks at a
 * number, and the other stores that and kicks: either the one has seen the number, or the other has
 * taken the announcement down.
 */
static struct {
	struct idle idle;
	uint32_t round __rte_cache_aligned; /* begun */
	uint32_t made __rte_cache_aligned;
	uint32_t over __rte_cache_aligned;
} litmus;

static void
await(const uint32_t *number, uint32_t value)
{
	for (unsigned int spins = 0; __atomic_load_n(number, __ATOMIC_ACQUIRE) != value; spins++)
		if (spins > SPINS)
			sched_yield();
}

static void *
make_work(void *arg)
{
	uint64_t seed = 1;

	(void)arg;
	leave_lcore();
	for (uint32_t i = 1; i <= LITMUS; i++) {
		await(&litmus.round, i);
		jitter(&seed, 8);
		__atomic_store_n(&litmus.made, i, __ATOMIC_RELAXED);
		idle_kick(&litmus.idle);
		__atomic_store_n(&litmus.over, i, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void
loses_no_kick(void)
{
	unsigned int lost = 0, seen = 0;
	struct idle *idle = &litmus.idle;
	uint64_t seed = 2;
	pthread_t thread;

	set_up(idle, &at_once);
	litmus.round = litmus.made = litmus.over = 0;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, make_work, NULL), 0);
	for (uint32_t i = 1; i <= LITMUS; i++) {
		uint32_t made;

		idle_busy(idle, TIME_S);
		CU_ASSERT_FALSE(idle_rest(idle, TIME_S));
		__atomic_store_n(&litmus.round, i, __ATOMIC_RELEASE);
		jitter(&seed, 12);
		idle_announce(idle);
		made = __atomic_load_n(&litmus.made, __ATOMIC_RELAXED);
		await(&litmus.over, i);
		seen += made == i;
		lost += made != i && __atomic_load_n(&idle->asleep, __ATOMIC_RELAXED);
	}
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(lost, 0);
	printf("# %u kicks: %u seen, %u lost\n", LITMUS, seen, lost);
	idle_fini(idle);
}

/* A worker on a cable whose other end nobody uses. */
static struct thole_port *ours, *theirs;
static struct thole_worker *worker;
static bool stop;

static void
worker_up(uint64_t most_ns)
{
	static struct thole_address address;
	struct thole_worker_config c;
	struct thole_port_config port;

	address = (struct thole_address){ thole_addr_ip4(0x0a000001), 1, 24 };
	thole_port_config_init(&port);
	port.rx_desc = 64;
	port.tx_desc = 64;
	port.pool_mbufs = 1024;
	port.rx_interrupts = true;
	CU_ASSERT_EQUAL_FATAL(thole_cable_create("ours", "theirs", 1, 64, NULL), 0);
	port.device = "ours";
	CU_ASSERT_EQUAL_FATAL(thole_port_open(&port, &ours, NULL), 0);
	port.device = "theirs";
	CU_ASSERT_EQUAL_FATAL(thole_port_open(&port, &theirs, NULL), 0);
	thole_worker_config_init(&c);
	CU_ASSERT_FALSE(c.idle.sleep);
	c.port = ours;
	c.stack.addresses = &address;
	c.stack.nb_addresses = 1;
	c.stack.max_conns = 64;
	c.stack.max_embryos = 64;
	c.stack.max_time_wait = 64;
	c.stack.arp_retry_ns = 5 * TIME_MS;
	c.idle = at_once;
	c.idle.poll_ns = most_ns;
	CU_ASSERT_EQUAL_FATAL(thole_worker_create(&c, &worker, NULL), 0);
	CU_ASSERT_FALSE(thole_worker_has_interrupt(worker)); /* net_ring has none */
	stop = false;
}

static void
worker_down(void)
{
	thole_worker_destroy(worker);
	thole_port_close(ours);
	thole_port_close(theirs);
}

static void *
run_worker(void *arg)
{
	(void)arg;
	leave_lcore();
	thole_worker_run(worker, &stop);
	return NULL;
}

static void
end_worker(pthread_t thread)
{
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	thole_worker_wake(worker);
	pthread_join(thread, NULL);
}

/* Two ops and their answers at a time, so that the worker lies down between, and the second meets
 * it on its way. */
static void
loses_no_op(void)
{
	const struct thole_app_config ring = { .ring_entries = 64 };
	struct thole_op op = { .type = THOLE_OP_SET_USER };
	struct thole_worker_stats s = { 0 };
	struct thole_app *app;
	struct thole_event ev;
	uint64_t seed = 1;
	pthread_t thread;

	worker_up(LONG_NS);
	CU_ASSERT_EQUAL_FATAL(thole_app_create(thole_worker_stack(worker), &ring, &app), 0);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, run_worker, NULL), 0);
	for (uint32_t i = 0; i < OPS && s.wakes_deadline == 0; i += 2) {
		unsigned int spins = 0;

		op.user = i;
		CU_ASSERT_EQUAL(thole_app_submit(app, &op, 1), 1);
		jitter(&seed, 16);
		op.user = i + 1;
		CU_ASSERT_EQUAL(thole_app_submit(app, &op, 1), 1);
		for (uint32_t got = 0; got < 2;) {
			if (thole_app_events(app, &ev, 1) == 1)
				CU_ASSERT_EQUAL(ev.user, i + got++);
			if (++spins > SPINS)
				sched_yield();
		}
		thole_worker_stats_get(worker, &s);
	}
	end_worker(thread);
	thole_worker_stats_get(worker, &s);
	CU_ASSERT_EQUAL(s.wakes_deadline, 0);
	CU_ASSERT_TRUE(s.wakes_app != 0);
	CU_ASSERT_EQUAL(s.sleeps, s.wakes_app + s.wakes_rx + s.wakes_deadline + s.wakes_signal);
	printf("# %u ops, %u sleeps\n", OPS, (unsigned int)s.sleeps);
	thole_app_destroy(app);
	worker_down();
}

/* Both sleep: the worker until there are ops, the application until there are events. */
static void
loses_no_event(void)
{
	struct thole_op op = { .type = THOLE_OP_SET_USER };
	struct thole_worker_stats s = { 0 };
	struct idle own;
	const struct thole_app_config ring = {
		.ring_entries = 64, .events_queued = idle_kick, .events_queued_ctx = &own
	};
	struct thole_app *app;
	struct thole_event ev;
	uint64_t seed = 1;
	pthread_t thread;

	set_up(&own, &at_once);
	worker_up(LONG_NS);
	CU_ASSERT_EQUAL_FATAL(thole_app_create(thole_worker_stack(worker), &ring, &app), 0);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, run_worker, NULL), 0);
	for (uint32_t i = 0; i < OPS && s.wakes_deadline + stats.wakes_deadline == 0; i += 2) {
		op.user = i;
		CU_ASSERT_EQUAL(thole_app_submit(app, &op, 1), 1);
		jitter(&seed, 16);
		op.user = i + 1;
		CU_ASSERT_EQUAL(thole_app_submit(app, &op, 1), 1);
		for (uint32_t got = 0; got < 2;) {
			idle_announce(&own);
			if (thole_app_events(app, &ev, 1) == 1) {
				CU_ASSERT_EQUAL(ev.user, i + got++);
				idle_busy(&own, TIME_S);
			} else if (idle_rest(&own, TIME_S)) {
				idle_sleep(&own, THOLE_NEVER, false);
			}
		}
		thole_worker_stats_get(worker, &s);
	}
	end_worker(thread);
	CU_ASSERT_EQUAL(s.wakes_deadline, 0);
	CU_ASSERT_EQUAL(stats.wakes_deadline, 0);
	CU_ASSERT_TRUE(s.wakes_app != 0);
	CU_ASSERT_TRUE(stats.wakes_app != 0);
	thole_app_destroy(app);
	worker_down();
	idle_fini(&own);
}

/* The public form, by one thread with itself. */
static void
thread_without_worker(void)
{
	struct thole_idle_config config = at_once;
	struct thole_idle *idle = NULL;
	uint64_t now = TIME_S;

	CU_ASSERT_EQUAL_FATAL(thole_idle_create(&config, &idle, NULL), 0);
	thole_idle_announce(idle);
	thole_idle_rest(idle, now, true, THOLE_NEVER);
	thole_idle_rest(idle, now, false, THOLE_NEVER); /* to the last stage */
	thole_idle_announce(idle);
	thole_idle_wake(idle);
	thole_idle_rest(idle, now, false, THOLE_NEVER); /* woken, or it takes for ever */
	thole_idle_announce(idle);
	thole_idle_rest(idle, now, false, thole_clock_ns() + TIME_MS);
	thole_idle_rest(idle, now, true, THOLE_NEVER);
	thole_idle_destroy(idle);
	config.sleep = false;
	CU_ASSERT_EQUAL_FATAL(thole_idle_create(&config, &idle, NULL), 0);
	for (int i = 0; i < 10; i++) {
		thole_idle_announce(idle);
		thole_idle_rest(idle, now += TIME_S, false, THOLE_NEVER);
	}
	thole_idle_wake(idle);
	thole_idle_destroy(idle);
	thole_idle_destroy(NULL);
}

static bool
is_readable(int fd)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };

	return poll(&polled, 1, 0) == 1;
}

/* Who sleeps in a poll of its own is woken there, once for all that wake it. */
static void
descriptor_for_a_poll(void)
{
	struct thole_idle_config config = at_once;
	struct thole_idle *idle = NULL;
	int fd;

	CU_ASSERT_EQUAL_FATAL(thole_idle_create(&config, &idle, NULL), 0);
	fd = thole_idle_fd(idle);
	thole_idle_announce(idle);
	CU_ASSERT_FALSE(thole_idle_may_sleep(idle, TIME_S, true));
	CU_ASSERT_FALSE(thole_idle_may_sleep(idle, TIME_S, false)); /* not announced */
	thole_idle_wake(idle);
	CU_ASSERT_FALSE(is_readable(fd)); /* it isn't asleep */
	for (int i = 0; i < 3; i++) {
		thole_idle_announce(idle);
		CU_ASSERT_FALSE(is_readable(fd));
		CU_ASSERT_TRUE(thole_idle_may_sleep(idle, TIME_S, false));
		thole_idle_wake(idle);
		thole_idle_wake(idle);
		CU_ASSERT_TRUE(is_readable(fd));
	}
	/* Woken while it looked, and it found something: at most the next sleep is none. */
	thole_idle_announce(idle);
	thole_idle_wake(idle);
	CU_ASSERT_FALSE(thole_idle_may_sleep(idle, TIME_S, true));
	CU_ASSERT_FALSE(thole_idle_may_sleep(idle, TIME_S, false));
	for (int i = 0; i < 2; i++) {
		thole_idle_announce(idle);
		CU_ASSERT_TRUE(thole_idle_may_sleep(idle, TIME_S, false));
		CU_ASSERT_EQUAL(is_readable(fd), i == 0);
	}
	thole_idle_destroy(idle);
	config.sleep = false;
	CU_ASSERT_EQUAL_FATAL(thole_idle_create(&config, &idle, NULL), 0);
	CU_ASSERT_EQUAL(thole_idle_fd(idle), -1);
	for (int i = 0; i < 10; i++)
		CU_ASSERT_FALSE(thole_idle_may_sleep(idle, (2 + (uint64_t)i) * TIME_S, false));
	thole_idle_destroy(idle);
}

/* Makes work whenever the other side has seen the last, as make_work() does. */
static struct {
	struct thole_idle *idle;
	uint32_t made __rte_cache_aligned;
	uint32_t seen __rte_cache_aligned;
} sleeper;

static void *
wake_sleeper(void *arg)
{
	uint64_t seed = 3;

	(void)arg;
	leave_lcore();
	for (uint32_t i = 1; i <= OPS; i++) {
		for (unsigned int spins = 0;
			__atomic_load_n(&sleeper.seen, __ATOMIC_ACQUIRE) < i - 1; spins++)
			if (spins > SPINS)
				sched_yield();
		jitter(&seed, 10);
		__atomic_store_n(&sleeper.made, i, __ATOMIC_RELEASE);
		thole_idle_wake(sleeper.idle);
	}
	return NULL;
}

static void
loses_no_wake_of_a_poll(void)
{
	struct pollfd polled = { .events = POLLIN };
	unsigned int timeouts = 0;
	pthread_t thread;

	sleeper.made = sleeper.seen = 0;
	CU_ASSERT_EQUAL_FATAL(thole_idle_create(&at_once, &sleeper.idle, NULL), 0);
	polled.fd = thole_idle_fd(sleeper.idle);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wake_sleeper, NULL), 0);
	while (sleeper.seen < OPS && timeouts == 0) {
		uint32_t made;

		thole_idle_announce(sleeper.idle);
		made = __atomic_load_n(&sleeper.made, __ATOMIC_ACQUIRE);
		if (thole_idle_may_sleep(sleeper.idle, TIME_S, made != sleeper.seen))
			timeouts += poll(&polled, 1, LONG_NS / TIME_MS) == 0;
		__atomic_store_n(&sleeper.seen, made, __ATOMIC_RELEASE);
	}
	CU_ASSERT_EQUAL(timeouts, 0);
	__atomic_store_n(&sleeper.seen, OPS, __ATOMIC_RELEASE);
	CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
	thole_idle_destroy(sleeper.idle);
}

/* No packet comes, and yet there is something to do: ARP requests, and giving up. Nobody else ends
 * these sleeps: without deadlines this takes hours. */
static void
wakes_for_timers(void)
{
	const struct thole_app_config ring = { .ring_entries = 64 };
	struct thole_op op = { .type = THOLE_OP_CONNECT };
	struct thole_worker_stats s;
	struct thole_app *app;
	struct thole_event ev;
	pthread_t thread;

	worker_up(3600 * TIME_S);
	op.remote.addr = thole_addr_ip4(0x0a000009);
	op.remote.port = 9;
	CU_ASSERT_EQUAL_FATAL(thole_app_create(thole_worker_stack(worker), &ring, &app), 0);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, run_worker, NULL), 0);
	CU_ASSERT_EQUAL(thole_app_submit(app, &op, 1), 1);
	while (thole_app_events(app, &ev, 1) == 0)
		sched_yield();
	CU_ASSERT_EQUAL(ev.type, THOLE_EV_CLOSED);
	CU_ASSERT_EQUAL(ev.status, -EHOSTUNREACH);
	end_worker(thread);
	thole_worker_stats_get(worker, &s);
	CU_ASSERT_TRUE(s.wakes_deadline != 0);
	CU_ASSERT_TRUE(s.tx_pkts >= 2);
	thole_app_destroy(app);
	worker_down();
}

/* Told to stop at any moment of its lying down. */
static void
stops(void)
{
	struct thole_worker_stats s;
	uint64_t seed = 1;
	pthread_t thread;

	worker_up(LONG_NS);
	for (uint32_t i = 0; i < STOPS; i++) {
		stop = false;
		CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, run_worker, NULL), 0);
		if (i % 2 != 0)
			sched_yield();
		jitter(&seed, 16);
		end_worker(thread);
	}
	thole_worker_stats_get(worker, &s);
	CU_ASSERT_EQUAL(s.wakes_deadline, 0);
	worker_down();
}

static const struct test_case cases[] = {
	{ "spins, pauses, sleeps", stages },
	{ "a sleep ended by time", wakes_by_time },
	{ "a sleep ended by a kick", wakes_by_kick },
	{ "a sleep ended by a signal", wakes_by_signal },
	{ "a sleep ended by an interrupt", wakes_by_interrupt },
	{ "no kick is lost", loses_no_kick },
	{ "no op is lost", loses_no_op },
	{ "no event is lost", loses_no_event },
	{ "what is due wakes a worker", wakes_for_timers },
	{ "a thread without a worker", thread_without_worker },
	{ "a descriptor for a poll of one's own", descriptor_for_a_poll },
	{ "no wake-up of such a poll is lost", loses_no_wake_of_a_poll },
	{ "a worker that sleeps can be stopped", stops },
	{ NULL, NULL },
};

const struct test_suite suite_idle = { "idle", cases };
