/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow.h: a connection's key in this core's table. The remote address is 16 B, so IPv6 needs no
 * second path; the local one is an index into the stack's addresses, which leaves a 64 B record
 * room for TCP.
 */
#ifndef BASE_FLOW_H
#define BASE_FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct flow_key {
	uint64_t raddr[2]; /* remote address as it stands on the wire */
	uint32_t laddr;	   /* index of the local address */
	uint16_t rport;	   /* host order */
	uint16_t lport;
};
_Static_assert(sizeof(struct flow_key) == 24, "a 64 B record has 24 B for its key");

/* The IPv4 address in a mapped one's last 4 bytes, network order. */
static inline uint32_t
flow_raddr_ip4(const struct flow_key *key)
{
	uint32_t be;

	memcpy(&be, (const uint8_t *)key->raddr + 12, sizeof(be));
	return be;
}

static inline void
flow_set_raddr_ip4(struct flow_key *key, uint32_t be)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(key->raddr, mapped, sizeof(mapped));
	memcpy((uint8_t *)key->raddr + 12, &be, sizeof(be));
}

static inline bool
flow_eq(const struct flow_key *a, const struct flow_key *b)
{
	const uint64_t *x = (const uint64_t *)(const void *)&a->laddr;
	const uint64_t *y = (const uint64_t *)(const void *)&b->laddr;
	uint64_t p, q;

	memcpy(&p, x, sizeof(p));
	memcpy(&q, y, sizeof(q));
	return ((a->raddr[0] ^ b->raddr[0]) | (a->raddr[1] ^ b->raddr[1]) | (p ^ q)) == 0;
}

#endif
