/* SPDX-License-Identifier: BSD-3-Clause */
/* owners.c: see owners.h; the hash is DPDK's. */
#include <string.h>

#include <rte_byteorder.h>
#include <rte_thash.h>

#include "base/owners.h"

#define FEW_CORES 32 /* up to which 128 entries spread evenly enough */

void
thole_rss_init(struct thole_rss *rss, uint16_t nb_cores)
{
	/* Its period is 16 bits, as far as the two directions' addresses and ports lie apart. */
	static const uint8_t symmetric[2] = { 0x6d, 0x5a };

	memset(rss, 0, sizeof(*rss));
	for (uint32_t i = 0; i < THOLE_RSS_KEY_BYTES; i++)
		rss->key[i] = symmetric[i % 2];
	rss->reta_size = nb_cores <= FEW_CORES ? 128 : THOLE_RSS_RETA_MAX;
	for (uint32_t i = 0; i < rss->reta_size; i++)
		rss->reta[i] = (uint8_t)(i % nb_cores);
}

uint8_t
thole_rss_owner(const struct thole_rss *rss, const struct thole_endpoint *local,
	const struct thole_endpoint *remote)
{
	uint32_t words[3];

	memcpy(&words[0], &remote->addr.b[12], 4);
	memcpy(&words[1], &local->addr.b[12], 4);
	words[0] = rte_be_to_cpu_32(words[0]);
	words[1] = rte_be_to_cpu_32(words[1]);
	words[2] = (uint32_t)remote->port << 16 | local->port;
	return rss->reta[rte_softrss(words, 3, rss->key) & (rss->reta_size - 1U)];
}

const char *
owners_fault(const struct thole_rss *rss)
{
	if (rss->reta_size == 0 || rss->reta_size > THOLE_RSS_RETA_MAX ||
		(rss->reta_size & (rss->reta_size - 1)) != 0)
		return "rss: reta_size must be a power of two, 512 at most";
	return NULL;
}

void
owners_init(struct owners *o, const struct thole_rss *rss)
{
	o->mask = (uint16_t)(rss->reta_size - 1);
	memcpy(o->reta, rss->reta, sizeof(o->reta));
	for (uint32_t i = 0; i < OWNERS_TUPLE; i++)
		for (uint32_t byte = 0; byte < 256; byte++) {
			uint32_t words[3] = { 0 };

			words[i / 4] = byte << (24 - i % 4 * 8);
			o->part[i][byte] = (uint16_t)(rte_softrss(words, 3, rss->key) & o->mask);
		}
}
