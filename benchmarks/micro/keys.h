/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keys.h: the flows that both sides are given: clients' addresses and ports to one of our ports. A
 * flow has a number, which its key tells; a stream is all of them in an order that has nothing to
 * do with that in which they were put in.
 */
#ifndef KEYS_H
#define KEYS_H

#include <stdint.h>

#include "base/flow.h"

#define KEYS_PORT_HERE	 80  /* of those that are put in */
#define KEYS_PORT_ABSENT 443 /* of those that never are */

/** Flow number @p i. */
struct flow_key key_make(uint32_t i, uint16_t lport);

/** The number of a flow. */
uint32_t key_number(const struct flow_key *key);

/** Fills @p keys with @p n flows in a random order, the same in each run. */
void keys_stream(struct flow_key *keys, uint32_t n, uint16_t lport);

#endif
