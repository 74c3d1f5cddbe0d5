/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * paths.h: the hosts that are reached by a path narrower than our link, for as long as that is
 * believed (RFC 1191, 6.2 and 6.3). All connections of a stack share it. It is bounded: a new one
 * may take an older one's place; until that one would have been forgotten nobody can tell that it
 * was, so that nobody tries its path too soon.
 */
#ifndef TCP_PATHS_H
#define TCP_PATHS_H

#include <stdint.h>

#include "base/slab.h"

struct path {
	uint64_t raddr[2];
	uint64_t until_ns; /* it is forgotten then; 0: free */
	uint16_t mtu;
	uint8_t spare[6];
};
_Static_assert(sizeof(struct path) == 32, "two in a cache line");

struct paths {
	struct path *all;   /* NULL: none is ever known */
	uint64_t until_ns;  /* none is known from then on */
	uint64_t missed_ns; /* one that is known may be missing until then */
	uint64_t key[2];
};

/* @return 0 or -ENOMEM. @p key: secret. */
int paths_init(struct paths *p, const struct mem *mem, const uint64_t key[2]);
void paths_fini(struct paths *p, const struct mem *mem);
/* The path's MTU; 0: nothing is known of it. */
uint16_t paths_mtu(const struct paths *p, const uint64_t raddr[2], uint64_t now_ns);
/* It takes no more than @p mtu, until @p until_ns at least. */
void paths_learn(
	struct paths *p, const uint64_t raddr[2], uint16_t mtu, uint64_t now_ns, uint64_t until_ns);

#endif
