/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls.h: functions that other threads want to be run where the worker turns. The worker has an
 * owner: the thread that turns it, or, between thole_worker_run()s, whoever has a call of its own
 * done. So there is always one thread that may touch the stack, and callers needn't know whether
 * the worker runs yet, or still.
 */
#ifndef PORT_CALLS_H
#define PORT_CALLS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "base/thread.h"

struct call;

struct calls {
	/* Read in each turn; written under the lock. */
	uintptr_t owner; /* thread_self(); 0: none */
	uint32_t queued; /* those that nobody has begun */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* owner, or a call's state */
	bool lent;		/* the owner is a caller, for as long as its call takes */
	struct call *first, *last;
} __rte_cache_aligned;

/** @return 0 or negative errno. */
int calls_init(struct calls *calls);
/** No call may be under way. */
void calls_fini(struct calls *calls);

/** This thread turns the worker from here on. */
void calls_own(struct calls *calls);
/** It turns it no more: whoever has a call does it on his own. */
void calls_disown(struct calls *calls);

/** Runs what is queued. In the owner's thread. */
void calls_serve(struct calls *calls);

/** In every turn. */
static inline void
calls_turn(struct calls *calls)
{
	if (unlikely(__atomic_load_n(&calls->owner, __ATOMIC_RELAXED) != thread_self()))
		calls_own(calls);
	if (unlikely(__atomic_load_n(&calls->queued, __ATOMIC_RELAXED) != 0))
		calls_serve(calls);
}

/** Whether some are queued. In the owner's thread. */
static inline bool
calls_wait(const struct calls *calls)
{
	return __atomic_load_n(&calls->queued, __ATOMIC_RELAXED) != 0;
}

/**
 * Has @p fn run by the owner, which @p wake wakes; by this thread if it is the owner, or if there
 * is none. @return 0, or -ETIMEDOUT: it didn't begin within @p timeout_ns and never will.
 */
int calls_call(struct calls *calls, void (*fn)(void *ctx), void *ctx, uint64_t timeout_ns,
	void (*wake)(void *wake_ctx), void *wake_ctx);

#endif
