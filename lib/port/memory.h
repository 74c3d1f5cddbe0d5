/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory.h: where a worker's tables live: on hugepages of the port's NUMA node if EAL has them,
 * else in ordinary zeroed memory of that node. Without hugepages EAL's heap is one small fixed
 * block, which mbufs need: tables stay out of it.
 */
#ifndef PORT_MEMORY_H
#define PORT_MEMORY_H

#include <stddef.h>

/** For struct thole_stack_config's alloc and free; @p ctx is const int *: the NUMA node, or -1 for
 * any. */
void *memory_alloc(void *ctx, size_t bytes, size_t align);
void memory_free(void *ctx, void *p, size_t bytes);

#endif
