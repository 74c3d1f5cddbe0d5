/* SPDX-License-Identifier: BSD-3-Clause */
/* neigh.h: the records of next hops and their hardware addresses; stack.h has what is done with
 * them. */
#ifndef STACK_NEIGH_H
#define STACK_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

enum neigh_state {
	NEIGH_FREE,
	NEIGH_INCOMPLETE, /* asked; mac unknown */
	NEIGH_REACHABLE,
	NEIGH_PROBING, /* mac is old, still used, and asked for again */
	NEIGH_FAILED,  /* nobody answered: about to be freed */
};

#define NEIGH_QUEUE 4

struct neigh {
	uint32_t ip_be;
	uint32_t laddr; /* whom to ask as */
	uint16_t next;	/* of the same hash; links free ones, too */
	uint8_t state;	/* enum neigh_state */
	uint8_t tries;
	bool used; /* since the hand came by */
	uint8_t queued;
	struct rte_ether_addr mac;
	uint8_t ours[10]; /* our address and what follows, as in struct wire_path */
	uint64_t confirmed_ns;
	uint64_t retry_ns; /* INCOMPLETE, PROBING */
	struct rte_mbuf
		*queue[NEIGH_QUEUE]; /* replies that wait for the address; TCBs wait in lists */
};

struct neigh_table {
	struct neigh *entries;
	uint16_t *heads;
	uint32_t capacity;
	uint32_t nb_heads; /* a power of two */
	uint64_t hash_key[2];
	uint16_t free;
	uint16_t hand;	  /* of the clock that picks a victim */
	uint32_t pending; /* INCOMPLETE or PROBING */
	uint32_t incomplete;
	uint32_t incomplete_max; /* but for the gateway */
	uint64_t next_ns;	 /* earliest retry, or earlier */
};

#endif
