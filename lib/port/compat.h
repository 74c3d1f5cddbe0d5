/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compat.h: the one place that looks at DPDK's version. thole is written against 22.11's names;
 * what later releases renamed or moved is mapped back here. Up to 24.11 the parts of ethdev, mbuf,
 * ring, cfgfile and EAL that lib/port uses kept their names, so all there is to say is the floor.
 */
#ifndef PORT_COMPAT_H
#define PORT_COMPAT_H

#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "thole needs DPDK 22.11 or newer"
#endif

#endif
