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
	uint64_t used[WHEEL_LEVELS][WHEEL_SLOTS / 64]; /* a bit for each slot with an entry */
	uint32_t slots[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *w, void *first_entry, size_t stride, uint64_t now_ns);

/**
 * Arms record @p i for @p at_ns, moving it if it was armed; TIME_NEVER takes it out. One that is
 * armed for the past comes out of the next wheel_pop(): who always arms so inside a loop of pops
 * never leaves it.
 */
void wheel_arm(struct wheel *w, uint32_t i, uint64_t at_ns);

/** Takes record @p i out; nothing if it isn't armed. */
void wheel_cancel(struct wheel *w, uint32_t i);

/**
 * Takes one due entry out and @return its record, SLAB_NONE when no more are due at @p now_ns
 * (which doesn't go back). Entries may be armed and cancelled between calls.
 */
uint32_t wheel_pop(struct wheel *w, uint64_t now_ns);

/** When wheel_pop() next has something: maybe early, never late; TIME_NEVER when nothing is armed.
 */
uint64_t wheel_next(const struct wheel *w);

#endif
