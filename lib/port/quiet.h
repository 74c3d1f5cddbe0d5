/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quiet.h: keeps DPDK's log still around calls whose failure we report ourselves, so that an error
 * is one line. Whoever asked for more than warnings gets all of it.
 */
#ifndef PORT_QUIET_H
#define PORT_QUIET_H

#include <rte_log.h>

/** @return what quiet_end() needs. */
static inline uint32_t
quiet_begin(void)
{
	uint32_t level = rte_log_get_global_level();

	if (level <= RTE_LOG_WARNING)
		rte_log_set_global_level(RTE_LOG_EMERG);
	return level;
}

static inline void
quiet_end(uint32_t level)
{
	rte_log_set_global_level(level);
}

#endif
