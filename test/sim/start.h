/* SPDX-License-Identifier: BSD-3-Clause */
/* start.h: what the programs of this folder need once: EAL, pools, and memory for stacks that come
 * and go by the thousand. */
#ifndef SIM_START_H
#define SIM_START_H

#include <thole/stack.h>

/** Starts EAL without huge pages, with @p mib of memory; ends the program with TAP's bail-out
 * else. */
void start_eal(unsigned int mib);
void start_end(void);

/** A pool of that kind, size and side: the one that there is, or a new one. */
struct rte_mempool *start_pool(const char *kind, unsigned int size, unsigned int side);

/** Gives @p config memory that the next call for the same @p side takes back. */
void arena_use(unsigned int side, struct thole_stack_config *config);

#endif
