/* SPDX-License-Identifier: BSD-3-Clause */
/* port_find.c: which ethdev a name means, and which address a stack on it has. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>

#include "port/cable.h"
#include "port/eal.h"
#include "port/port.h"
#include "port/why.h"

/* "net_tap0, net_ring_a": what fits of it. */
static void
list_devices(char *out, size_t bytes)
{
	size_t at = 0;

	out[0] = '\0';
	for (uint16_t id = 0; id < RTE_MAX_ETHPORTS; id++) {
		char name[RTE_ETH_NAME_MAX_LEN];

		if (!rte_eth_dev_is_valid_port(id) || rte_eth_dev_get_name_by_port(id, name) != 0)
			continue;
		int n = snprintf(out + at, bytes - at, "%s%s", at != 0 ? ", " : "", name);

		if (n < 0 || (size_t)n >= bytes - at)
			return;
		at += (size_t)n;
	}
}

static bool
parse_number(const char *text, uint16_t *id)
{
	char *end;
	unsigned long n;

	if (!isdigit((unsigned char)text[0]))
		return false;
	n = strtoul(text, &end, 10);
	if (*end != '\0' || n >= RTE_MAX_ETHPORTS)
		return false;
	*id = (uint16_t)n;
	return true;
}

/* Whether a tap was likely refused for want of rights: what the driver says last doesn't tell. */
static bool
may_not_tap(const char *device)
{
	FILE *f = strncmp(device, "net_tap", 7) == 0 ? fopen("/proc/self/status", "re") : NULL;
	unsigned long long caps = ~0ull; /* unknown: no advice */
	char line[160];

	if (f == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	fclose(f);
	return (caps >> CAP_NET_ADMIN & 1) == 0 || access("/dev/net/tun", R_OK | W_OK) != 0;
}

int
port_find(const char *device, uint16_t *id, struct thole_why *why)
{
	char name[RTE_ETH_NAME_MAX_LEN], devices[100], reason[100];

	if (device == NULL || device[0] == '\0')
		return why_set(why, -ENODEV,
			"no device is named: set device in [port], such as net_tap0 or "
			"0000:03:00.0");
	if (rte_eth_dev_get_port_by_name(device, id) == 0)
		return 0;
	if (cable_device_name(device, name, sizeof(name)) && cable_has(name) &&
		rte_eth_dev_get_port_by_name(name, id) == 0)
		return 0;
	if (parse_number(device, id) && rte_eth_dev_is_valid_port(*id))
		return 0;
	eal_device_reason(device, reason, sizeof(reason));
	if (reason[0] != '\0')
		return why_set(why, -ENODEV, "device '%s' didn't come up: %s%s", device, reason,
			may_not_tap(device)
				? "; run as root, or with CAP_NET_ADMIN and access to /dev/net/tun"
				: "");
	list_devices(devices, sizeof(devices));
	if (devices[0] == '\0')
		return why_set(why, -ENODEV,
			"no such device '%s', nor any other: give EAL one with --vdev=%s... or -a "
			"PCI-ADDRESS",
			device, device);
	return why_set(why, -ENODEV, "no such device '%s'; there are: %s", device, devices);
}

struct rte_ether_addr
port_choose_mac(uint16_t id, const char *driver, const struct rte_ether_addr *own)
{
	struct rte_ether_addr mac = *own;

	if (rte_is_zero_ether_addr(own) || rte_is_multicast_ether_addr(own)) {
		const struct rte_ether_addr made = { .addr_bytes = { 0x02, 't', 'h', 'l',
							     (uint8_t)(id >> 8), (uint8_t)id } };
		return made;
	}
	/* The kernel's end of a tap: the stack is the station across from it. */
	if (strcmp(driver, "net_tap") == 0) {
		mac.addr_bytes[0] |= RTE_ETHER_LOCAL_ADMIN_ADDR;
		mac.addr_bytes[3] ^= 0x80;
	}
	return mac;
}
