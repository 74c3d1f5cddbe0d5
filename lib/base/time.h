/* SPDX-License-Identifier: BSD-3-Clause */
/* time.h: the one unit of time, nanoseconds in a uint64_t, and names for multiples. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>

#define TIME_US UINT64_C(1000)
#define TIME_MS UINT64_C(1000000)
#define TIME_S	UINT64_C(1000000000)

#define TIME_NEVER UINT64_MAX

#endif
