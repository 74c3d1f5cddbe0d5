/* SPDX-License-Identifier: BSD-3-Clause */
/* ip4.c: the received IPv4 headers that are out of the ordinary. */
#include "wire/ip4.h"

enum wire_drop
ip4_judge_odd(const uint8_t *ip, uint32_t avail, uint32_t frame_len, bool csum_known_good)
{
	uint32_t head = (uint32_t)(ip[0] & 0x0f) * 4;
	uint32_t total = rte_be_to_cpu_16(wire_get16(ip + 2));

	if (ip[0] >> 4 != 4 || head < WIRE_IP4_BYTES || total < head || total > frame_len)
		return WIRE_IP_HEADER;
	if (!csum_known_good && avail >= head && csum_fold(csum_add(0, ip, head)) != 0)
		return WIRE_IP_CSUM;
	/* DEVIATION: RFC 1122, 3.2.1.8 has hosts heed options; for now they are only counted. */
	return WIRE_IP_OPTIONS;
}
