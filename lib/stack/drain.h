/* SPDX-License-Identifier: BSD-3-Clause */
/* drain.h: what whoever drives a stack asks again and again while it drains. */
#ifndef STACK_DRAIN_H
#define STACK_DRAIN_H

#include <stdbool.h>

struct thole_stack;

/**
 * Whether thole_stack_left() is 0. All connections are looked at only when it may be: while one is
 * left, that one is, and when it has finished those that come after it. In the stack's thread.
 */
bool drain_is_over(struct thole_stack *s);

#endif
