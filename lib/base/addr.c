/* SPDX-License-Identifier: BSD-3-Clause */
/* addr.c: the address helpers of thole/types.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <rte_byteorder.h>

#include <thole/types.h>

struct thole_addr
thole_addr_ip4(uint32_t host_order)
{
	struct thole_addr a = { .b = { [10] = 0xff, [11] = 0xff } };
	uint32_t be = rte_cpu_to_be_32(host_order);

	memcpy(&a.b[12], &be, sizeof(be));
	return a;
}

struct thole_addr
thole_addr_plus(const struct thole_addr *addr, uint32_t n)
{
	uint32_t be;

	memcpy(&be, &addr->b[12], sizeof(be));
	return thole_addr_ip4(rte_be_to_cpu_32(be) + n);
}

bool
thole_addr_is_any(const struct thole_addr *addr)
{
	static const struct thole_addr zero;

	return memcmp(addr, &zero, sizeof(zero)) == 0;
}

int
thole_addr_parse(const char *text, struct thole_addr *out)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) != 1)
		return -EINVAL;
	*out = thole_addr_ip4(rte_be_to_cpu_32(in.s_addr));
	return 0;
}

const char *
thole_addr_format(const struct thole_addr *addr, char buf[THOLE_ADDR_TEXT])
{
	struct in_addr in;

	memcpy(&in, &addr->b[12], sizeof(in));
	return inet_ntop(AF_INET, &in, buf, THOLE_ADDR_TEXT);
}
