/* SPDX-License-Identifier: BSD-3-Clause */
/* eal_system.h: what Linux says about memory, and the files that EAL leaves in the file system. */
#ifndef PORT_EAL_SYSTEM_H
#define PORT_EAL_SYSTEM_H

#include "port/eal_args.h"

/* Where root's EAL keeps its runtime directories. */
#define EAL_SYSTEM_DIR "/var/run/dpdk"

/** Fills in @p facts; what can't be read is taken as none. */
void eal_system_facts(struct eal_facts *facts);

/**
 * Removes EAL's runtime directory @p dir if it is empty; with @p files also EAL's own files in it
 * and its hugepages' in every hugetlbfs.
 */
void eal_system_remove(const char *dir, bool files);

/**
 * Removes from @p dir the folders thole-PID that processes left which were killed. Only empty ones,
 * so that none goes which somebody still uses.
 */
void eal_system_remove_stale(const char *dir);

#endif
