/* SPDX-License-Identifier: BSD-3-Clause */
/* stats.c: thole/stats.h. */
#include <errno.h>

#include "stack/stack.h"

void
thole_stats_get(const struct thole_stack *s, struct thole_stats *out)
{
	*out = s->stats;
}

int
thole_stats_describe(unsigned int i, const char **name, const char **text)
{
	static const struct {
		const char *name;
		const char *text;
	} counters[] = {
#define ROW(n, t) { #n, t },
		THOLE_STATS(ROW)
#undef ROW
	};

	if (i >= RTE_DIM(counters))
		return -ENOENT;
	*name = counters[i].name;
	*text = counters[i].text;
	return 0;
}
