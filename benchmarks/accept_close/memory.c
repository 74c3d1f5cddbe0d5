/* SPDX-License-Identifier: BSD-3-Clause */
/* memory.c: from DPDK's own count, and from the kernel's. */
#include <stdio.h>

#include <rte_lcore.h>
#include <rte_malloc.h>

#include "memory.h"

static uint64_t
resident(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	unsigned long kb = 0;
	char line[128];

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "VmRSS: %lu kB", &kb) == 1)
			break;
	fclose(file);
	return (uint64_t)kb * 1024;
}

void
memory_measure(struct memory *out)
{
	*out = (struct memory){ .resident_bytes = resident() };
	for (unsigned int i = 0; i < rte_socket_count(); i++) {
		struct rte_malloc_socket_stats stats;

		if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &stats) == 0)
			out->heap_bytes += stats.heap_allocsz_bytes;
	}
}
