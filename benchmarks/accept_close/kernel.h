/* SPDX-License-Identifier: BSD-3-Clause */
/* kernel.h: the host kernel's TCP doing the same over loopback, a thread a side on the same cores.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <signal.h>

#include "options.h"

struct kernel {
	double conns_per_s;
	const char *failed_at; /* the call that failed, or NULL */
	int error;	       /* its errno */
};

/**
 * Takes about 1.5 s: the client on this lcore, the server on lcore @p other.
 * @return 0, or negative errno with *out saying where; -EINTR if *stop was set.
 */
int kernel_measure(const struct options *options, unsigned int other,
	const volatile sig_atomic_t *stop, struct kernel *out);

#endif
