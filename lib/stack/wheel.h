/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wheel.h: a hierarchical timer wheel (Varghese and Lauck, 1987): 4 levels of 256 slots, a tick of
 * 8,192 ns. Entries are members of records in an array and are named by the record's index. An
 * entry never fires early, and at most a tick late. An entry due beyond the wheel's span (9.7 h)
 * stands at its end and is put in again from there.
 */
#ifndef STACK_WHEEL_H
#define STACK_WHEEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/slab.h"
#include "base/time.h"
#include "base/wheel_entry.h"

#define WHEEL_TICK_SHIFT 13
#define WHEEL_SLOTS	 256
#define WHEEL_LEVELS	 4

struct wheel {
	uint8_t *base; /* the first record's entry */
	size_t stride; /* from entry to entry */
	uint64_t tick; /* all ticks before this one have fired */
	uint32_t armed;
	uint64_t used[WHEEL_LEVELS * WHEEL_SLOTS / 64]; /* a bit for each slot with an entry */
	uint32_t slots[WHEEL_LEVELS * WHEEL_SLOTS];	/* level after level */
};

void wheel_init(struct wheel *w, void *first_entry, size_t stride, uint64_t now_ns);

/**
 * Arms record @p i for @p at_ns, moving it if it was armed; TIME_NEVER takes it out. One that is
 * armed for the past comes out of the next wheel_pop(): who always arms so inside a loop of pops
 * never leaves it.
 */
void wheel_arm(struct wheel *w, uint32_t i, uint64_t at_ns);
/** The same by who knows its entry @p e. */
void wheel_arm_entry(struct wheel *w, uint32_t i, struct wheel_entry *e, uint64_t at_ns);

static inline struct wheel_entry *
wheel_entry_at(const struct wheel *w, uint32_t i)
{
	return (struct wheel_entry *)(void *)(w->base + (size_t)i * w->stride);
}

/* Its slot's other entries without @p e. */
static inline void
wheel_unlink(struct wheel *w, const struct wheel_entry *e)
{
	if (e->next != SLAB_NONE)
		wheel_entry_at(w, e->next)->prev = e->prev;
	if (e->prev != SLAB_NONE) {
		wheel_entry_at(w, e->prev)->next = e->next;
		return;
	}
	w->slots[e->slot] = e->next;
	if (e->next == SLAB_NONE)
		w->used[e->slot / 64] &= ~(UINT64_C(1) << (e->slot % 64));
}

/** Takes a record out by its entry; nothing if it isn't armed. */
static inline void
wheel_take_out(struct wheel *w, struct wheel_entry *e)
{
	if (e->at_ns == TIME_NEVER)
		return;
	wheel_unlink(w, e);
	e->at_ns = TIME_NEVER;
	w->armed--;
}

/** Takes record @p i out; nothing if it isn't armed. */
static inline void
wheel_cancel(struct wheel *w, uint32_t i)
{
	wheel_take_out(w, wheel_entry_at(w, i));
}

/**
 * Takes one due entry out and @return its record, SLAB_NONE when no more are due at @p now_ns
 * (which doesn't go back). Entries may be armed and cancelled between calls.
 */
uint32_t wheel_pop(struct wheel *w, uint64_t now_ns);

/** When wheel_pop() next has something: maybe early, never late; TIME_NEVER when nothing is armed.
 */
uint64_t wheel_next(const struct wheel *w);

#endif
