/* SPDX-License-Identifier: BSD-3-Clause */
/* worker_app.c: application contexts of a worker's stack, made and ended from any thread. */
#include <errno.h>

#include <thole/port.h>

#include "port/why.h"

struct making {
	struct thole_stack *stack;
	const struct thole_app_config *config;
	struct thole_app *app;
	int error;
};

static void
make(void *ctx)
{
	struct making *m = ctx;

	m->error = thole_app_create(m->stack, m->config, &m->app);
}

static int
say(struct thole_why *why, int error, const struct thole_app_config *config)
{
	switch (error) {
	case -ETIMEDOUT:
		return why_set(why, error,
			"the worker took no turn in time: does its thread run, and not block?");
	case -EINVAL:
		return why_set(why, error,
			"ring_entries must be 0 or a power of two from 64 on, not %u",
			config->ring_entries);
	case -ENOSPC:
		return why_set(
			why, error, "the stack has as many contexts as it can: destroy one first");
	default:
		return why_set(why, error, "no memory for a context with rings of %u entries",
			config->ring_entries);
	}
}

int
thole_worker_app_create(struct thole_worker *worker, const struct thole_app_config *config,
	uint64_t timeout_ns, struct thole_app **out, struct thole_why *why)
{
	struct making m = { .stack = thole_worker_stack(worker), .config = config };
	int error = thole_worker_call(worker, make, &m, timeout_ns);

	if (error == 0)
		error = m.error;
	if (error != 0)
		return say(why, error, config);
	*out = m.app;
	return 0;
}

static void
end(void *ctx)
{
	thole_app_destroy(ctx);
}

int
thole_worker_app_destroy(struct thole_worker *worker, struct thole_app *app, uint64_t timeout_ns)
{
	return app == NULL ? 0 : thole_worker_call(worker, end, app, timeout_ns);
}
