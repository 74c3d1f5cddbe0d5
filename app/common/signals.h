/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * signals.h: SIGINT and SIGTERM: the first asks a program to end, a second one to do so at once.
 * Who ends a program often signals it twice for once: timeout(1) both the process and its group, as
 * does a shell's "kill 0" after a "kill". So one that comes within SIGNALS_ONCE_NS of the first is
 * the same.
 */
#ifndef COMMON_SIGNALS_H
#define COMMON_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

#define SIGNALS_ONCE_NS 500000000ull

struct signals {
	uint64_t first_ns; /* 0: none came */
	bool again;
};

/** A signal at @p now_ns, which isn't 0; from a signal handler, too. */
void signals_note(struct signals *signals, uint64_t now_ns);

/** How often the program was asked to end: 0, 1, or 2 for more. */
unsigned int signals_count(const struct signals *signals);

/** SIGINT and SIGTERM are noted from here on, and SIGPIPE isn't heeded. */
void signals_catch(void);

/** signals_count() of those caught. Any thread. */
unsigned int signals_seen(void);

/** As a first signal does, if there was none. Any thread. */
void signals_pretend(void);

#endif
