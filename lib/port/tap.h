/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tap.h: one process to a tap interface. The kernel would let net_tap of a second process join as
 * another queue: each would get a part of the packets, and whoever ends first takes the interface
 * down. The lock is an abstract unix socket, so it is the network namespace's as the interface is,
 * and ends with the process however that ends.
 */
#ifndef PORT_TAP_H
#define PORT_TAP_H

#include <stdbool.h>

#include <net/if.h>

#include <thole/port.h>

#define TAP_MOST 16 /* of taps locked before EAL starts */

/** Interfaces that are ours, from before the driver touches them until it has let them go. */
struct tap_locks {
	unsigned int n;
	char ifaces[TAP_MOST][IF_NAMESIZE];
	int fds[TAP_MOST];
};

/** @return 0 with the lock in @p fd, or -1 there where the kernel has none to give; or -EBUSY. */
int tap_lock(const char *iface, int *fd, struct thole_why *why);

/** Locks each tap that EAL's arguments name. @return 0 or -EBUSY; then none is locked. */
int tap_locks_take(struct tap_locks *locks, int argc, char *const argv[], struct thole_why *why);

bool tap_locks_have(const struct tap_locks *locks, const char *iface);

void tap_locks_drop(struct tap_locks *locks);

#endif
