/* SPDX-License-Identifier: BSD-3-Clause */
/* siphash.c: SipHash over bytes. */
#include "base/siphash.h"

uint64_t
siphash24(const uint64_t key[2], const void *data, size_t bytes)
{
	const uint8_t *p = data;
	uint64_t last = (uint64_t)bytes << 56; /* the length modulo 256, above the odd bytes */
	struct sip_state s = sip_start(key);
	size_t left = bytes;
	uint64_t word;

	for (; left >= sizeof(word); p += sizeof(word), left -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		word = rte_le_to_cpu_64(word);
		s.v3 ^= word;
		sip_round(&s);
		sip_round(&s);
		s.v0 ^= word;
	}
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)p[i] << (8 * i);
	s.v3 ^= last;
	sip_round(&s);
	sip_round(&s);
	s.v0 ^= last;
	s.v2 ^= 0xff;
	for (unsigned int i = 0; i < 4; i++)
		sip_round(&s);
	return sip_out(&s);
}
