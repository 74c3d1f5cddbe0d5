/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * siphash.h: SipHash-c-d (Aumasson and Bernstein, 2012), a keyed hash that an attacker without the
 * key can't steer. The word form is for messages of whole 64-bit words, whose length is mixed in.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/flow.h"

struct sip128 {
	uint64_t lo;
	uint64_t hi;
};

/** SipHash-2-4, 64 bits, over bytes: the reference form, for its test vectors and the small uses.
 */
uint64_t siphash24(const uint64_t key[2], const void *data, size_t bytes);

/** SipHash-1-3 with 128 bits of output over a connection's key: initial sequence number and more.
 */
struct sip128 siphash13_flow128(const uint64_t key[2], const struct flow_key *flow);

/** SipHash-1-3, 64 bits, over a connection's key: the table's hash. */
uint64_t siphash13_flow(const uint64_t key[2], const struct flow_key *flow);

#endif
