/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * whose.h: which worker a received packet is for. Looks at as much as tells the flow and judges
 * nothing: what is malformed is for whoever has it, whose stack drops and counts it.
 */
#ifndef PORT_WHOSE_H
#define PORT_WHOSE_H

#include <rte_mbuf.h>

#include "base/owners.h"

#define WHOSE_ANYONE (-1) /* no flow's: echo, fragments, other protocols */
#define WHOSE_ALL    (-2) /* ARP: each worker has its own neighbours */

/** @return the owner of the flow that @p m belongs to, or whose segment it quotes (an ICMP error);
 * or WHOSE_ANYONE, WHOSE_ALL. */
int whose(const struct owners *o, const struct rte_mbuf *m);

#endif
