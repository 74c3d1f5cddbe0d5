/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wheel.c: where an entry stands follows from its due tick and the wheel's. Below the top level it
 * is the level of the highest byte in which the two differ, at the slot which that byte of the due
 * tick names: so lower levels always come first, hold nothing behind the wheel's tick, and the next
 * thing to do is the first bit set in the lowest level that has one. The top level goes round.
 *
 * The wheel's tick moves from one used slot to the next and never past one, which keeps that true.
 */
#include <string.h>

#include <rte_branch_prediction.h>

#include "stack/wheel.h"

#define WHEEL_SLOT_BITS 8
#define WHEEL_TOP	(WHEEL_LEVELS - 1)
#define WHEEL_TICK_NS	(UINT64_C(1) << WHEEL_TICK_SHIFT)
#define WHEEL_NO_TICK	UINT64_MAX
_Static_assert(WHEEL_SLOTS == 1 << WHEEL_SLOT_BITS, "a slot is a byte of the tick");

void
wheel_init(struct wheel *w, void *first_entry, size_t stride, uint64_t now_ns)
{
	memset(w, 0, sizeof(*w));
	memset(w->slots, 0xff, sizeof(w->slots)); /* SLAB_NONE */
	w->base = first_entry;
	w->stride = stride;
	w->tick = now_ns >> WHEEL_TICK_SHIFT;
}

/* The slot for @p at_ns, which isn't in the clock's last tick. */
static uint16_t
wheel_slot_for(const struct wheel *w, uint64_t at_ns)
{
	uint64_t due = (at_ns + WHEEL_TICK_NS - 1) >> WHEEL_TICK_SHIFT; /* up: never early */
	uint64_t here, there;
	unsigned int level, shift;

	if (due <= w->tick)
		return (uint16_t)(w->tick % WHEEL_SLOTS);
	level = (63 - (unsigned int)__builtin_clzll(due ^ w->tick)) / WHEEL_SLOT_BITS;
	if (level < WHEEL_TOP) {
		shift = level * WHEEL_SLOT_BITS;
		return (uint16_t)(level * WHEEL_SLOTS + (due >> shift) % WHEEL_SLOTS);
	}
	here = w->tick >> (WHEEL_TOP * WHEEL_SLOT_BITS);
	there = due >> (WHEEL_TOP * WHEEL_SLOT_BITS);
	if (there - here >= WHEEL_SLOTS)
		there = here + WHEEL_SLOTS - 1; /* beyond the span: at its end */
	return (uint16_t)(WHEEL_TOP * WHEEL_SLOTS + there % WHEEL_SLOTS);
}

static inline void
wheel_link(struct wheel *w, uint32_t i, struct wheel_entry *e, uint16_t slot)
{
	uint32_t head = w->slots[slot];

	w->slots[slot] = i;
	e->slot = slot;
	e->prev = SLAB_NONE;
	e->next = head;
	if (head != SLAB_NONE)
		wheel_entry_at(w, head)->prev = i;
	else
		w->used[slot / 64] |= UINT64_C(1) << (slot % 64);
}

void
wheel_arm_entry(struct wheel *w, uint32_t i, struct wheel_entry *e, uint64_t at_ns)
{
	uint16_t slot;

	if (unlikely(at_ns > UINT64_MAX - WHEEL_TICK_NS)) {
		wheel_cancel(w, i); /* rounded up to a tick, the clock never gets there */
		return;
	}
	slot = wheel_slot_for(w, at_ns);
	if (likely(e->at_ns == TIME_NEVER)) {
		w->armed++;
	} else {
		if (e->slot == slot) {
			e->at_ns = at_ns;
			return;
		}
		wheel_unlink(w, e);
	}
	e->at_ns = at_ns;
	wheel_link(w, i, e, slot);
}

void
wheel_arm(struct wheel *w, uint32_t i, uint64_t at_ns)
{
	wheel_arm_entry(w, i, wheel_entry_at(w, i), at_ns);
}

static inline const uint64_t *
used_of(const struct wheel *w, unsigned int level)
{
	return &w->used[level * (WHEEL_SLOTS / 64)];
}

/* The first slot used of a level from @p from on, or WHEEL_SLOTS. */
static inline unsigned int
wheel_first_used(const uint64_t *used, unsigned int from)
{
	unsigned int word = from / 64;
	uint64_t bits;

	if (from >= WHEEL_SLOTS)
		return WHEEL_SLOTS;
	bits = used[word] & (UINT64_MAX << (from % 64));
	while (bits == 0) {
		if (++word == WHEEL_SLOTS / 64)
			return WHEEL_SLOTS;
		bits = used[word];
	}
	return word * 64 + (unsigned int)__builtin_ctzll(bits);
}

/* The first tick after the wheel's at which a used slot begins, and that slot's level. */
static uint64_t
wheel_next_tick(const struct wheel *w, unsigned int *level)
{
	uint64_t here = w->tick;
	unsigned int s;

	for (*level = 0; *level < WHEEL_TOP; (*level)++, here >>= WHEEL_SLOT_BITS) {
		s = wheel_first_used(used_of(w, *level), (unsigned int)(here % WHEEL_SLOTS) + 1);
		if (s < WHEEL_SLOTS)
			return (here - here % WHEEL_SLOTS + s) << (*level * WHEEL_SLOT_BITS);
	}
	s = wheel_first_used(used_of(w, WHEEL_TOP), (unsigned int)(here % WHEEL_SLOTS) + 1);
	if (s == WHEEL_SLOTS)
		s = wheel_first_used(used_of(w, WHEEL_TOP), 0);
	if (s == WHEEL_SLOTS)
		return WHEEL_NO_TICK;
	return (here + (s - here) % WHEEL_SLOTS) << (WHEEL_TOP * WHEEL_SLOT_BITS);
}

/* Puts the entries of the slot that begins at the wheel's tick where they now belong: lower. */
static void
wheel_cascade(struct wheel *w, unsigned int level)
{
	unsigned int s = level * WHEEL_SLOTS +
			 (unsigned int)(w->tick >> (level * WHEEL_SLOT_BITS)) % WHEEL_SLOTS;
	uint32_t i = w->slots[s], next;
	struct wheel_entry *e;

	w->slots[s] = SLAB_NONE;
	w->used[s / 64] &= ~(UINT64_C(1) << (s % 64));
	for (; i != SLAB_NONE; i = next) {
		e = wheel_entry_at(w, i);
		next = e->next;
		if (next != SLAB_NONE)
			__builtin_prefetch(wheel_entry_at(w, next), 1);
		wheel_link(w, i, e, wheel_slot_for(w, e->at_ns));
	}
}

uint32_t
wheel_pop(struct wheel *w, uint64_t now_ns)
{
	uint64_t now = now_ns >> WHEEL_TICK_SHIFT, next;
	unsigned int level;
	uint32_t i;

	while (w->tick <= now) {
		i = w->slots[w->tick % WHEEL_SLOTS];
		if (i != SLAB_NONE) {
			wheel_cancel(w, i);
			return i;
		}
		if (w->tick == now)
			break;
		next = wheel_next_tick(w, &level);
		if (next > now) {
			w->tick = now;
			break;
		}
		w->tick = next;
		if (level > 0)
			wheel_cascade(w, level);
	}
	return SLAB_NONE;
}

uint64_t
wheel_next(const struct wheel *w)
{
	unsigned int level;
	uint64_t next;

	if (w->slots[w->tick % WHEEL_SLOTS] != SLAB_NONE)
		return w->tick << WHEEL_TICK_SHIFT;
	next = wheel_next_tick(w, &level);
	return next == WHEEL_NO_TICK ? TIME_NEVER : next << WHEEL_TICK_SHIFT;
}
