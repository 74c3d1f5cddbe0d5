/* SPDX-License-Identifier: BSD-3-Clause */
/* memory.c: see memory.h. */
#include <numa.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "port/memory.h"

#define HUGE_BYTES ((size_t)2 << 20)

/* What is mapped for @p bytes: whole pages. */
static size_t
mapped_bytes(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) & ~(page - 1);
}

/* Zeroed pages that the kernel backs when they are touched: an idle table costs nothing. */
static void *
map_zeroed(size_t bytes, size_t align, int node)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t want = mapped_bytes(bytes);

	if (align < page)
		align = page;
	if (want >= HUGE_BYTES && align < HUGE_BYTES)
		align = HUGE_BYTES;
	if (want < bytes || want > SIZE_MAX - align)
		return NULL;

	size_t slack = align - page;
	uint8_t *p = mmap(NULL, want + slack, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	size_t before = (size_t)(-(uintptr_t)p & (align - 1));

	if (before != 0)
		munmap(p, before);
	if (slack != before)
		munmap(p + before + want, slack - before);
	p += before;
	/* Both are wishes: without them the memory is as good, only slower. */
	if (want >= HUGE_BYTES)
		(void)madvise(p, want, MADV_HUGEPAGE);
	if (node >= 0 && numa_available() >= 0 && numa_max_node() > 0)
		numa_tonode_memory(p, want, node);
	return p;
}

void *
memory_alloc(void *ctx, size_t bytes, size_t align)
{
	int node = *(const int *)ctx;
	void *p = NULL;

	if (bytes == 0)
		return NULL;
	if (rte_eal_has_hugepages())
		p = rte_zmalloc_socket("thole", bytes,
			(unsigned int)(align < RTE_CACHE_LINE_SIZE ? RTE_CACHE_LINE_SIZE : align),
			node >= 0 ? node : SOCKET_ID_ANY);
	return p != NULL ? p : map_zeroed(bytes, align, node);
}

void
memory_free(void *ctx, void *p, size_t bytes)
{
	(void)ctx;
	if (p == NULL)
		return;
	/* Tables that outgrew the hugepages are ordinary memory beside others that didn't. */
	if (rte_eal_has_hugepages() && rte_mem_virt2memseg_list(p) != NULL)
		rte_free(p);
	else
		munmap(p, mapped_bytes(bytes));
}
