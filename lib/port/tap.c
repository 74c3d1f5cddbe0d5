/* SPDX-License-Identifier: BSD-3-Clause */
/* tap.c: see tap.h. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "port/tap.h"
#include "port/why.h"

int
tap_lock(const char *iface, int *fd, struct thole_why *why)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	/* The name starts with a zero byte: it is abstract, no file. */
	int n = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "thole/tap/%s", iface);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);

	*fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || bind(*fd, (struct sockaddr *)&name, length) == 0)
		return 0;
	n = errno;
	close(*fd);
	*fd = -1;
	if (n != EADDRINUSE)
		return 0;
	return why_set(why, -EBUSY,
		"%s is in use by another process: end it, or use another iface=", iface);
}

/* "net_tap0,iface=NAME,...". @return false when it names no interface: then the kernel chooses. */
static bool
named_iface(const char *vdev, char *iface)
{
	const char *at;
	size_t n;

	if (strncmp(vdev, "net_tap", 7) != 0 || (at = strstr(vdev, ",iface=")) == NULL)
		return false;
	at += strlen(",iface=");
	n = strcspn(at, ",");
	if (n == 0 || n >= IF_NAMESIZE || memchr(at, '%', n) != NULL)
		return false;
	memcpy(iface, at, n);
	iface[n] = '\0';
	return true;
}

int
tap_locks_take(struct tap_locks *locks, int argc, char *const argv[], struct thole_why *why)
{
	locks->n = 0;
	for (int i = 1; i < argc && locks->n < TAP_MOST; i++) {
		char *iface = locks->ifaces[locks->n];
		const char *vdev = argv[i];

		if (strncmp(vdev, "--vdev=", 7) == 0)
			vdev += 7;
		else if (strcmp(argv[i - 1], "--vdev") != 0)
			continue;
		if (!named_iface(vdev, iface) || tap_locks_have(locks, iface))
			continue;
		if (tap_lock(iface, &locks->fds[locks->n], why) != 0) {
			tap_locks_drop(locks);
			return -EBUSY;
		}
		locks->n++;
	}
	return 0;
}

bool
tap_locks_have(const struct tap_locks *locks, const char *iface)
{
	for (unsigned int i = 0; i < locks->n; i++)
		if (strcmp(locks->ifaces[i], iface) == 0)
			return true;
	return false;
}

void
tap_locks_drop(struct tap_locks *locks)
{
	while (locks->n > 0) {
		locks->n--;
		if (locks->fds[locks->n] >= 0)
			close(locks->fds[locks->n]);
	}
}
