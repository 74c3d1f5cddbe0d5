/* SPDX-License-Identifier: BSD-3-Clause */
/* slab.c: making and freeing a slab; taking and giving back are inline in slab.h. */
#include <errno.h>
#include <string.h>

#include "base/slab.h"

int
slab_init(struct slab *slab, const struct mem *mem, uint32_t capacity, uint32_t record_bytes,
	uint32_t align)
{
	size_t bytes;

	memset(slab, 0, sizeof(*slab));
	slab->free = SLAB_NONE;
	slab->record_bytes = record_bytes;
	if (__builtin_mul_overflow((size_t)capacity, (size_t)record_bytes, &bytes))
		return -ENOMEM;
	if (capacity == 0)
		return 0;
	slab->base = mem->alloc(mem->ctx, bytes, align);
	if (slab->base == NULL)
		return -ENOMEM;
	slab->capacity = capacity;
	return 0;
}

void
slab_fini(struct slab *slab, const struct mem *mem)
{
	if (slab->base != NULL)
		mem->free(mem->ctx, slab->base, (size_t)slab->capacity * slab->record_bytes);
	slab->base = NULL;
	slab->capacity = 0;
	slab->fresh = 0;
	slab->free = SLAB_NONE;
	slab->in_use = 0;
	slab->promised = 0;
}
