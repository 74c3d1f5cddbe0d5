/* SPDX-License-Identifier: BSD-3-Clause */
/* thread.c: threads are counted as they ask, so that none has the number of one that has ended: the
 * address of a variable of its own would come again. */
#include "base/thread.h"

uintptr_t
thread_self(void)
{
	static uintptr_t threads;
	static __thread uintptr_t self;

	if (self == 0)
		self = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	return self;
}
