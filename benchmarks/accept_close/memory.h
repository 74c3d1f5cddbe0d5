/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory.h: what this process has in use: of DPDK's heaps, which are hugepages where there are any,
 * and resident besides. What a connection costs is what this grows by when there are more of them.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdint.h>

struct memory {
	uint64_t heap_bytes;	 /* allocated in DPDK's heaps */
	uint64_t resident_bytes; /* VmRSS; hugepages aren't in it */
};

void memory_measure(struct memory *out);

#endif
