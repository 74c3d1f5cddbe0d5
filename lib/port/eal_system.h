/* SPDX-License-Identifier: BSD-3-Clause */
/* eal_system.h: what Linux says about memory, and the files that EAL leaves in the file system. */
#ifndef PORT_EAL_SYSTEM_H
#define PORT_EAL_SYSTEM_H

#include "port/eal_args.h"

/** Fills in @p facts; what can't be read is taken as none. */
void eal_system_facts(struct eal_facts *facts);

/**
 * Removes EAL's runtime directory @p dir if it is empty; with @p files also EAL's own files in it
 * and its hugepages' in every hugetlbfs.
 */
void eal_system_remove(const char *dir, bool files);

#endif
