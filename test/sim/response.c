/* SPDX-License-Identifier: BSD-3-Clause */
/* response.c: see response.h. */
#include "response.h"

#define MILLION 1000000

uint64_t
root2(unsigned __int128 x)
{
	unsigned __int128 root = 0;

	for (unsigned __int128 bit = (unsigned __int128)1 << 63; bit != 0; bit >>= 1)
		if ((root | bit) * (root | bit) <= x)
			root |= bit;
	return (uint64_t)root;
}

uint64_t
root4(unsigned __int128 x)
{
	return root2(root2(x));
}

uint64_t
response_reno(uint64_t loss, unsigned int acked_by)
{
	/* 1000 sqrt(3 / (2 b p)), p = loss / 10^6 */
	return root2((unsigned __int128)3 * MILLION * MILLION / (2 * acked_by * loss));
}

uint64_t
response_cubic(uint64_t loss, uint64_t rtt_us)
{
	uint64_t reno = response_reno(loss, 1);
	/*
	 * RTT in seconds over p is RTT in microseconds over loss; v is that, with 16 binary places.
	 * v^3 has 48, and its fourth root 12; 24 if there is room for 48 more.
	 */
	unsigned __int128 v = ((unsigned __int128)rtt_us << 16) / loss;
	unsigned int more = v < 1u << 26 ? 48 : 0;
	uint64_t root = root4((v * v * v) << more);
	uint64_t cubic = (uint64_t)(((unsigned __int128)1054 * root) >> (12 + more / 4));

	return cubic > reno ? cubic : reno;
}
