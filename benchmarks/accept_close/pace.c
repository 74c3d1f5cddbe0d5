/* SPDX-License-Identifier: BSD-3-Clause */
/* pace.c: what isn't needed for each. */
#include "pace.h"

#define S_IN_NS UINT64_C(1000000000)

void
pace_start(struct pace *pace, uint64_t per_s, uint32_t number, uint32_t sharers, uint64_t now_ns)
{
	*pace = (struct pace){
		.next_ns = now_ns + number * S_IN_NS / per_s,
		.step_ns = sharers * S_IN_NS / per_s,
		.rest = sharers * S_IN_NS % per_s,
		.carry = number * S_IN_NS % per_s,
		.per_s = per_s,
	};
}

uint64_t
pace_behind(const struct pace *pace, uint64_t now_ns)
{
	/* In per_s-ths of a nanosecond: a step, and what has passed since the next was due. */
	double step = (double)pace->step_ns * (double)pace->per_s + (double)pace->rest;

	if (pace->next_ns > now_ns)
		return 0;
	return 1 + (uint64_t)((double)(now_ns - pace->next_ns) * (double)pace->per_s / step);
}
