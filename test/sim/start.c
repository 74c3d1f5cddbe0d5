/* SPDX-License-Identifier: BSD-3-Clause */
/* start.c: see start.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "link.h"
#include "start.h"

void
start_eal(unsigned int mib)
{
	static char prefix[64], memory[16];
	static char *args[] = { (char *)"sim", (char *)"--no-huge", (char *)"-m", memory,
		(char *)"--no-pci", (char *)"--no-telemetry", (char *)"--no-shconf",
		(char *)"--log-level=4", (char *)"--lcores=0", prefix, NULL };

	snprintf(memory, sizeof(memory), "%u", mib);
	snprintf(prefix, sizeof(prefix), "--file-prefix=thole-sim-%d", (int)getpid());
	if (rte_eal_init((int)RTE_DIM(args) - 1, args) < 0) {
		printf("Bail out! EAL doesn't start: %s\n", rte_strerror(rte_errno));
		exit(1);
	}
}

void
start_end(void)
{
	char runtime[256];

	snprintf(runtime, sizeof(runtime), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	rmdir(runtime); /* EAL leaves it, empty */
}

struct rte_mempool *
start_pool(const char *kind, unsigned int size, unsigned int side)
{
	struct rte_mempool *pool;
	char name[32];

	snprintf(name, sizeof(name), "%s-%u-%u", kind, size, side);
	pool = rte_mempool_lookup(name);
	if (pool != NULL)
		return pool;
	/* What was freed last is still in the cache; a ring would go round the whole pool. */
	pool = rte_pktmbuf_pool_create_by_ops(
		name, size, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY, "stack");
	if (pool == NULL)
		pool = rte_pktmbuf_pool_create(
			name, size, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (pool == NULL) {
		printf("Bail out! no pool %s: %s\n", name, rte_strerror(rte_errno));
		exit(1);
	}
	return pool;
}

/* A stack's memory: given out from the front, zeroed as far as it was used, used again. */
#define ARENA_BYTES (UINT64_C(256) << 20)

static struct arena {
	uint8_t *base;
	size_t used;
} arenas[SIDES];

static void *
arena_alloc(void *ctx, size_t bytes, size_t align)
{
	struct arena *a = ctx;
	size_t at = RTE_ALIGN_CEIL(a->used, align);

	if (at + bytes > ARENA_BYTES)
		return NULL;
	a->used = at + bytes;
	return a->base + at;
}

static void
arena_free(void *ctx, void *mem, size_t bytes)
{
	(void)ctx;
	(void)mem;
	(void)bytes;
}

void
arena_use(unsigned int side, struct thole_stack_config *config)
{
	struct arena *a = &arenas[side];

	if (LINK_SANITIZED)
		return; /* the C library's, which it watches */
	if (a->base == NULL) {
		a->base = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (a->base == MAP_FAILED)
			abort();
	}
	memset(a->base, 0, a->used);
	a->used = 0;
	config->alloc = arena_alloc;
	config->free = arena_free;
	config->alloc_ctx = a;
}
