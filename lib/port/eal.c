/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal.c: starts and ends EAL for programs that don't do it themselves. EAL is one to a process and
 * can be started once, so what is known of it is the process's too: the one static record of
 * lib/port beside the cables.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "port/capture.h"
#include "port/compat.h"
#include "port/eal.h"
#include "port/eal_args.h"
#include "port/eal_system.h"
#include "port/tap.h"
#include "port/why.h"

static struct {
	bool tried;
	bool up;
	struct eal_args args;
	struct tap_locks taps;
	char *said; /* what EAL wrote while it started */
} eal;

static void
tidy(void)
{
	const char *dir = rte_eal_get_runtime_dir();

	if (dir != NULL)
		eal_system_remove(dir, eal.args.own_prefix && !eal.args.in_memory);
	eal_args_free(&eal.args);
	tap_locks_drop(&eal.taps); /* last: until here the driver had them */
	free(eal.said);
	eal.said = NULL;
}

static int
say_failure(int error, struct thole_why *why)
{
	char reason[200];

	capture_reason(eal.said != NULL ? eal.said : "", reason, sizeof(reason));
	if (error == EALREADY)
		return why_set(why, -EALREADY, "EAL already runs in this process");
	return why_set(why, error == ENOMEM ? -ENOMEM : -EINVAL, "EAL doesn't start: %s",
		reason[0] != '\0' ? reason : rte_strerror(error));
}

int
thole_eal_start(int argc, char **argv, uint32_t mem_mb, struct thole_why *why)
{
	struct eal_facts facts;
	struct capture capture;
	int error, result;

	why_set(why, 0, "%s", "");
	if (eal.tried)
		return why_set(why, -EALREADY, "EAL can be started once in a process");
	eal_system_facts(&facts);
	error = eal_args_build(&eal.args, argc, argv, mem_mb, &facts, why);
	if (error != 0) {
		if (why != NULL && why->text[0] == '\0')
			why_set(why, error, "out of memory");
		return error;
	}
	/* Before EAL, whose driver resets an interface that it finds, and takes it down at the end.
	 */
	error = tap_locks_take(&eal.taps, eal.args.argc, eal.args.argv, why);
	if (error != 0) {
		eal_args_free(&eal.args);
		return error;
	}
	eal_system_remove_stale(EAL_SYSTEM_DIR);

	eal.tried = true;
	capture_begin(&capture);
	result = rte_eal_init(eal.args.argc, eal.args.argv);
	error = rte_errno;
	eal.said = capture_end(&capture);
	if (result < 0) {
		result = say_failure(error, why);
		tidy();
		return result;
	}
	eal.up = true;
	if (eal.args.wants_log && eal.said != NULL &&
		write(STDERR_FILENO, eal.said, strlen(eal.said)) < 0)
		errno = 0; /* a closed stderr takes nothing: nobody to tell */
	return 0;
}

void
thole_eal_stop(void)
{
	if (!eal.up)
		return;
	eal.up = false;
	rte_eal_cleanup();
	tidy();
}

bool
thole_eal_has_hugepages(void)
{
	return rte_eal_has_hugepages() != 0;
}

bool
eal_has_tap(const char *iface)
{
	return tap_locks_have(&eal.taps, iface);
}

void
eal_device_reason(const char *device, char *out, size_t bytes)
{
	out[0] = '\0';
	if (eal.said != NULL)
		capture_device_reason(eal.said, device, out, bytes);
}
