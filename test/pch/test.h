/* SPDX-License-Identifier: BSD-3-Clause */
/* test.h: compiled once for all of a test program or a layer, with -Db_pch=true. A file includes
 * what it needs by itself. */
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <rte_tcp.h>
