/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slab.h: a fixed array of records of one size, named by 32-bit index. A free record's first 4 B
 * link to the next free one, last freed first. Records that were never used are not touched, so
 * memory that nobody needs stays unmapped.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLAB_NONE UINT32_MAX

/** Memory comes from the stack's configuration. */
struct mem {
	void *(*alloc)(void *ctx, size_t bytes, size_t align);
	void (*free)(void *ctx, void *p, size_t bytes);
	void *ctx;
};

struct slab {
	uint8_t *base;
	uint32_t record_bytes;
	uint32_t capacity;
	uint32_t fresh; /* records from here on were never used */
	uint32_t free;	/* last freed, or SLAB_NONE */
	uint32_t in_use;
	uint32_t promised; /* of the others: who counts here is never refused one */
};

/** @return 0 or -ENOMEM. @p align is a power of two that divides @p record_bytes. */
int slab_init(struct slab *slab, const struct mem *mem, uint32_t capacity, uint32_t record_bytes,
	uint32_t align);
void slab_fini(struct slab *slab, const struct mem *mem);

/** @return an index, or SLAB_NONE when all are in use. The content is what it was when freed, but
 * the first 4 B. */
static inline uint32_t
slab_get(struct slab *slab)
{
	uint32_t i = slab->free;

	if (i != SLAB_NONE) {
		slab->free = *(const uint32_t *)(const void *)(slab->base +
							       (size_t)i * slab->record_bytes);
	} else {
		if (slab->fresh == slab->capacity)
			return SLAB_NONE;
		i = slab->fresh++;
	}
	slab->in_use++;
	return i;
}

/** Whether there is none but those that are promised. */
static inline bool
slab_is_full(const struct slab *slab)
{
	return slab->in_use + slab->promised == slab->capacity;
}

static inline void *
slab_at(const struct slab *slab, uint32_t i)
{
	return slab->base + (size_t)i * slab->record_bytes;
}

/** Puts back record @p i, which is at @p record. */
static inline void
slab_put_record(struct slab *slab, uint32_t i, void *record)
{
	slab->in_use--;
	*(uint32_t *)record = slab->free;
	slab->free = i;
}

static inline void
slab_put(struct slab *slab, uint32_t i)
{
	slab_put_record(slab, i, slab_at(slab, i));
}

#endif
