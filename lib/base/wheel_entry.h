/* SPDX-License-Identifier: BSD-3-Clause */
/* wheel_entry.h: what a record needs to stand in stack/wheel.h; here because the records know no
 * stack. */
#ifndef BASE_WHEEL_ENTRY_H
#define BASE_WHEEL_ENTRY_H

#include <stdint.h>

#include "base/time.h"

struct wheel_entry {
	uint32_t next; /* record indices; SLAB_NONE ends a list */
	uint32_t prev;
	uint64_t at_ns;		       /* when it is due; TIME_NEVER: not in the wheel */
	uint16_t slot;		       /* level * WHEEL_SLOTS + slot */
} __attribute__((packed, aligned(2))); /* 18 B: a TCB has use for the rest */

/** An entry in no list. */
static inline void
wheel_entry_init(struct wheel_entry *e)
{
	e->at_ns = TIME_NEVER;
}

#endif
