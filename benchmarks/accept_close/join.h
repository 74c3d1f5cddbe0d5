/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * join.h: opens a lone side's port. net_memif's client end doesn't start before there is a server
 * end, and doesn't try again if that wasn't ready yet; who starts two programs can't time them that
 * well.
 */
#ifndef JOIN_H
#define JOIN_H

#include <signal.h>

#include "side.h"

/**
 * Opens the port; for net_memif's client end, waits for the other end as long as --wait says.
 * @param eal_argv EAL's arguments, which have the device's own. Ends with NULL.
 * @return 0 or negative errno with @p why.
 */
int join_open(struct side *side, double wait_s, char *const eal_argv[],
	const volatile sig_atomic_t *stop, struct thole_why *why);

#endif
