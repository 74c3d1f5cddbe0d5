/* SPDX-License-Identifier: BSD-3-Clause */
/* signals.c: see signals.h. What the handler does is safe in one: clock_gettime(2) and atomics. */
#include "signals.h"

#include <signal.h>
#include <string.h>
#include <time.h>

static struct signals signals;

/* Several threads may be in a handler at once: one of them is first. @return 0, or when it was. */
static uint64_t
earlier(struct signals *s, uint64_t now_ns)
{
	uint64_t first = 0;

	__atomic_compare_exchange_n(
		&s->first_ns, &first, now_ns, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return first;
}

void
signals_note(struct signals *s, uint64_t now_ns)
{
	uint64_t first = earlier(s, now_ns);

	if (first != 0 && now_ns > first && now_ns - first >= SIGNALS_ONCE_NS)
		__atomic_store_n(&s->again, true, __ATOMIC_RELAXED);
}

unsigned int
signals_count(const struct signals *s)
{
	if (__atomic_load_n(&s->first_ns, __ATOMIC_RELAXED) == 0)
		return 0;
	return __atomic_load_n(&s->again, __ATOMIC_RELAXED) ? 2 : 1;
}

static uint64_t
clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void
on_signal(int number)
{
	(void)number;
	signals_note(&signals, clock_ns());
}

void
signals_catch(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	sigemptyset(&action.sa_mask);
	action.sa_handler = on_signal;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN; /* a pipe whose reader has gone */
	sigaction(SIGPIPE, &action, NULL);
}

unsigned int
signals_seen(void)
{
	return signals_count(&signals);
}

void
signals_pretend(void)
{
	(void)earlier(&signals, clock_ns());
}
