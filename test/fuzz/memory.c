/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory.c: what targets allocate for each input, from memory of their own that is poisoned where
 * nobody may touch it: as strict as the sanitizer's malloc, at a tenth of its price.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* --- the arena --- */

#define ARENA_BYTES (512 * 1024)
#define ARENA_GAP   64

static struct {
	uint8_t bytes[ARENA_BYTES] __attribute__((aligned(64)));
	size_t used;
	unsigned int blocks;
	bool ready;
} arena;

void
fuzz_arena_reset(void)
{
	if (!arena.ready)
		FUZZ_POISON(arena.bytes, sizeof(arena.bytes));
	else if (arena.blocks != 0) /* those given back are poisoned */
		FUZZ_POISON(arena.bytes, arena.used);
	arena.ready = true;
	arena.used = 0;
	arena.blocks = 0;
}

void *
fuzz_arena_alloc(void *ctx, size_t bytes, size_t align)
{
	uint8_t *p = arena.bytes + arena.used;

	FUZZ_CHECK(align <= 64, "an alignment of %zu", align);
	arena.used += RTE_ALIGN_CEIL(bytes, 64) + ARENA_GAP;
	FUZZ_CHECK(arena.used <= sizeof(arena.bytes), "the arena is too small");
	arena.blocks++;
	FUZZ_UNPOISON(p, bytes);
	memset(p, ctx == FUZZ_ARENA_JUNK ? 0xa5 : 0, bytes);
	return p;
}

void
fuzz_arena_free(void *ctx, void *p, size_t bytes)
{
	(void)ctx;
	arena.blocks--;
	FUZZ_POISON(p, bytes);
}

unsigned int
fuzz_arena_blocks(void)
{
	return arena.blocks;
}

/* --- buffers --- */

#define CLASSES	    8	/* of twice as many bytes each */
#define CLASS_SHIFT 6	/* in the least: 64 */
#define CLASS_SLOTS 128 /* the one that was given back first is taken first */
#define SLOT_GAP    32	/* poisoned, before the bytes and behind them */

struct slot {
	struct rte_mbuf_ext_shared_info info;
	struct slot_class *of; /* NULL: malloc()'s */
	struct slot *next;     /* in the queue of those that are free */
	uint32_t n;
};
#define SLOT_HEAD RTE_ALIGN_CEIL(sizeof(struct slot) + SLOT_GAP, 8)

static struct slot_class {
	struct slot *first;
	struct slot *last;
} classes[CLASSES];

static void
slot_put(struct slot *s)
{
	struct slot_class *c = s->of;

	s->next = NULL;
	if (c->first == NULL)
		c->first = s;
	else
		c->last->next = s;
	c->last = s;
}

static void
slot_free(void *addr, void *opaque)
{
	struct slot *s = opaque;

	FUZZ_POISON(addr, s->n);
	if (s->of != NULL)
		slot_put(s);
	else
		free(s);
}

static void
classes_init(void)
{
	for (unsigned int k = 0; k < CLASSES; k++) {
		size_t stride = SLOT_HEAD + ((size_t)1 << (CLASS_SHIFT + k)) + SLOT_GAP;
		uint8_t *at = calloc(CLASS_SLOTS, stride);

		FUZZ_CHECK(at != NULL, "no memory");
		for (unsigned int i = 0; i < CLASS_SLOTS; i++, at += stride) {
			struct slot *s = (struct slot *)(void *)at;

			s->of = &classes[k];
			slot_put(s);
			FUZZ_POISON(s + 1, stride - sizeof(*s));
		}
	}
}

uint8_t *
fuzz_buffer(uint32_t n, struct rte_mbuf_ext_shared_info **info)
{
	unsigned int k = 0;
	struct slot *s;
	uint8_t *bytes;

	if (classes[0].last == NULL)
		classes_init();
	while (k < CLASSES && n > 1u << (CLASS_SHIFT + k))
		k++;
	s = k < CLASSES ? classes[k].first : NULL;
	if (s != NULL) {
		classes[k].first = s->next;
	} else { /* rare */
		s = malloc(SLOT_HEAD + n);
		FUZZ_CHECK(s != NULL, "no memory");
		s->of = NULL;
		FUZZ_POISON(s + 1, SLOT_HEAD - sizeof(*s));
	}
	bytes = (uint8_t *)s + SLOT_HEAD;
	FUZZ_UNPOISON(bytes, n);
	s->n = n;
	s->info.free_cb = slot_free;
	s->info.fcb_opaque = s;
	rte_mbuf_ext_refcnt_set(&s->info, 1);
	*info = &s->info;
	return bytes;
}
