/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ports.c: ephemeral ports by double hashing with random steps (RFC 6056, 3.3.4 and 3.3.5): hard to
 * guess from outside, and slow to come round again for the same destination.
 */
#include <errno.h>

#include "base/prng.h"
#include "base/siphash.h"
#include "stack/stack.h"

#define STEP_MAX 4

int
port_choose(struct thole_stack *s, struct flow_key *key)
{
	uint32_t span = (uint32_t)(s->cfg.port_max - s->cfg.port_min) + 1;
	struct sip128 h;
	uint32_t *counter;
	uint32_t at;

	key->lport = 0;
	h = siphash13_flow128(s->env.secret, key);
	counter = &s->port_counters[h.hi & (PORT_COUNTERS - 1)];
	*counter += 1 + prng_below(&s->prng, STEP_MAX);
	at = (uint32_t)(((h.lo >> 32) + *counter) % span);
	for (uint32_t tried = 0; tried < span; tried++) {
		key->lport = (uint16_t)(s->cfg.port_min + at);
		if (table_find(&s->table, stack_hash(s, key), key) == REF_NONE) {
			*counter += tried;
			return 0;
		}
		at = at + 1 < span ? at + 1 : 0;
	}
	return -EADDRNOTAVAIL;
}
