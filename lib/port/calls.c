/* SPDX-License-Identifier: BSD-3-Clause */
/* calls.c: calls into the thread that owns a worker. A call stands on its caller's stack, who waits
 * until it is done or withdrawn. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "port/calls.h"

enum call_state { CALL_QUEUED, CALL_BEGUN, CALL_DONE };

struct call {
	void (*fn)(void *ctx);
	void *ctx;
	struct call *next;
	enum call_state state;
};

int
calls_init(struct calls *calls)
{
	pthread_condattr_t attr;
	int error;

	memset(calls, 0, sizeof(*calls));
	error = pthread_mutex_init(&calls->lock, NULL);
	if (error != 0)
		return -error;
	error = pthread_condattr_init(&attr);
	if (error == 0) {
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		error = pthread_cond_init(&calls->changed, &attr);
		pthread_condattr_destroy(&attr);
	}
	if (error != 0)
		pthread_mutex_destroy(&calls->lock);
	return -error;
}

void
calls_fini(struct calls *calls)
{
	pthread_cond_destroy(&calls->changed);
	pthread_mutex_destroy(&calls->lock);
}

static void
set_owner(struct calls *calls, uintptr_t owner)
{
	__atomic_store_n(&calls->owner, owner, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&calls->changed);
}

void
calls_own(struct calls *calls)
{
	pthread_mutex_lock(&calls->lock);
	while (calls->lent)
		pthread_cond_wait(&calls->changed, &calls->lock);
	set_owner(calls, thread_self());
	pthread_mutex_unlock(&calls->lock);
}

void
calls_disown(struct calls *calls)
{
	pthread_mutex_lock(&calls->lock);
	if (calls->owner == thread_self() && !calls->lent)
		set_owner(calls, 0);
	pthread_mutex_unlock(&calls->lock);
}

static void
count(struct calls *calls, int more)
{
	__atomic_store_n(&calls->queued, calls->queued + (uint32_t)more, __ATOMIC_RELAXED);
}

static void
append(struct calls *calls, struct call *call)
{
	if (calls->first == NULL)
		calls->first = call;
	else
		calls->last->next = call;
	calls->last = call;
	count(calls, 1);
}

static void
take_out(struct calls *calls, const struct call *call)
{
	struct call *before = NULL;

	for (struct call *c = calls->first; c != call; c = c->next)
		before = c;
	if (before == NULL)
		calls->first = call->next;
	else
		before->next = call->next;
	if (calls->last == call)
		calls->last = before;
	count(calls, -1);
}

/* With the lock, which is let go of meanwhile. */
static void
perform(struct calls *calls, struct call *call)
{
	take_out(calls, call);
	call->state = CALL_BEGUN;
	pthread_mutex_unlock(&calls->lock);
	call->fn(call->ctx);
	pthread_mutex_lock(&calls->lock);
	call->state = CALL_DONE;
	pthread_cond_broadcast(&calls->changed);
}

void
calls_serve(struct calls *calls)
{
	/* Callers hold it briefly; one that was interrupted mustn't hold up the worker. */
	if (pthread_mutex_trylock(&calls->lock) != 0)
		return;
	/* Those that come meanwhile are the next turn's. */
	for (uint32_t n = calls->queued; n > 0 && calls->first != NULL; n--)
		perform(calls, calls->first);
	pthread_mutex_unlock(&calls->lock);
}

/* Nobody turns the worker: the caller is its owner for so long. */
static void
perform_here(struct calls *calls, struct call *call)
{
	calls->lent = true;
	set_owner(calls, thread_self());
	perform(calls, call);
	calls->lent = false;
	set_owner(calls, 0);
}

static struct timespec
deadline(uint64_t timeout_ns)
{
	struct timespec at;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &at);
	ns = (uint64_t)at.tv_nsec + timeout_ns % TIME_S;
	/* A time-out beyond any clock's end is none. */
	at.tv_sec += (time_t)(RTE_MIN(timeout_ns / TIME_S, UINT64_C(1) << 40) + ns / TIME_S);
	at.tv_nsec = (long)(ns % TIME_S);
	return at;
}

/* With the lock. @return 0 or -ETIMEDOUT. */
static int
wait_for(struct calls *calls, struct call *call, uint64_t timeout_ns)
{
	const struct timespec at = deadline(timeout_ns);
	int error = 0;

	while (call->state != CALL_DONE) {
		if (call->state == CALL_QUEUED && calls->owner == 0) {
			perform_here(calls, call);
		} else if (call->state == CALL_BEGUN) {
			pthread_cond_wait(&calls->changed, &calls->lock);
		} else if (error != 0) {
			take_out(calls, call);
			return -ETIMEDOUT;
		} else {
			error = pthread_cond_timedwait(&calls->changed, &calls->lock, &at);
		}
	}
	return 0;
}

int
calls_call(struct calls *calls, void (*fn)(void *ctx), void *ctx, uint64_t timeout_ns,
	void (*wake)(void *wake_ctx), void *wake_ctx)
{
	struct call call = { .fn = fn, .ctx = ctx };
	int error;

	pthread_mutex_lock(&calls->lock);
	if (calls->owner == thread_self()) {
		pthread_mutex_unlock(&calls->lock);
		fn(ctx);
		return 0;
	}
	append(calls, &call);
	wake(wake_ctx);
	error = wait_for(calls, &call, timeout_ns);
	pthread_mutex_unlock(&calls->lock);
	return error;
}
