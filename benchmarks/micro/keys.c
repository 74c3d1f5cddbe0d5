/* SPDX-License-Identifier: BSD-3-Clause */
/* keys.c: see keys.h. */
#include <rte_byteorder.h>

#include "base/prng.h"
#include "keys.h"

#define FIRST_IP   UINT32_C(0x0a000001) /* 10.0.0.1 */
#define FIRST_PORT 1024
#define PORTS	   64512U

struct flow_key
key_make(uint32_t i, uint16_t lport)
{
	struct flow_key key = { .lport = lport, .rport = (uint16_t)(FIRST_PORT + i % PORTS) };

	flow_set_raddr_ip4(&key, rte_cpu_to_be_32(FIRST_IP + i / PORTS));
	return key;
}

uint32_t
key_number(const struct flow_key *key)
{
	uint32_t ip = rte_be_to_cpu_32(flow_raddr_ip4(key));

	return (ip - FIRST_IP) * PORTS + key->rport - FIRST_PORT;
}

void
keys_stream(struct flow_key *keys, uint32_t n, uint16_t lport)
{
	uint64_t seed = 1;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = prng_below(&seed, i + 1);

		keys[i] = keys[at];
		keys[at] = key_make(i, lport);
	}
}
