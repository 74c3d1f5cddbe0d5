/* SPDX-License-Identifier: BSD-3-Clause */
/* thread.h: which thread this is, for what belongs to one. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <stdint.h>

/** Another number for each thread, EAL's or not, also when others have ended; never 0. */
uintptr_t thread_self(void);

#endif
