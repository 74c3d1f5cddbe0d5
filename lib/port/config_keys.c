/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * config_keys.c: the keys. config/reference.conf explains each and has its default; a test holds
 * the two against each other.
 */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "port/config.h"

#define AT(member)    offsetof(struct thole_config, member)
#define STACK(member) AT(worker.stack.member)
#define TCP(member)   AT(worker.stack.tcp.member)
#define HOUR	      (3600 * TIME_S)
#define NONE	      0, 0

const struct config_key config_keys[] = {
	{ "eal", "args", CONFIG_ARGS, 0, NONE },
	{ "eal", "arg", CONFIG_ARG, 0, NONE },

	{ "port", "device", CONFIG_DEVICE, AT(device), NONE },
	{ "port", "workers", CONFIG_U16, AT(port.nb_workers), 1, 128 },
	{ "port", "queues", CONFIG_U16, AT(port.nb_queues), 0, 128 },
	{ "port", "rx_desc", CONFIG_U16, AT(port.rx_desc), 1, UINT16_MAX },
	{ "port", "tx_desc", CONFIG_U16, AT(port.tx_desc), 1, UINT16_MAX },
	{ "port", "pool_mbufs", CONFIG_U32, AT(port.pool_mbufs), 1, 1 << 24 },
	{ "port", "mbuf_bytes", CONFIG_U16, AT(port.mbuf_bytes), 512, UINT16_MAX - 128 },
	{ "port", "mtu", CONFIG_U16, AT(port.mtu), 0, UINT16_MAX },
	{ "port", "offload_checksums", CONFIG_BOOL, AT(port.offload_checksums), NONE },
	{ "port", "pretend_checksums", CONFIG_BOOL, AT(port.pretend_checksums), NONE },
	{ "port", "promiscuous", CONFIG_BOOL, AT(port.promiscuous), NONE },
	{ "port", "rx_interrupts", CONFIG_BOOL, AT(port.rx_interrupts), NONE },

	{ "worker", "queue", CONFIG_U16, AT(worker.queue), 0, 127 },
	{ "worker", "burst", CONFIG_U16, AT(worker.burst), 1, 256 },
	{ "worker", "idle_sleep", CONFIG_BOOL, AT(worker.idle.sleep), NONE },
	{ "worker", "idle_spin", CONFIG_TIME, AT(worker.idle.spin_ns), 0, HOUR },
	{ "worker", "idle_pause", CONFIG_TIME, AT(worker.idle.pause_ns), 0, HOUR },
	{ "worker", "idle_poll", CONFIG_TIME, AT(worker.idle.poll_ns), 100 * TIME_US, HOUR },
	{ "worker", "idle_most", CONFIG_TIME, AT(worker.idle.sleep_ns), 100 * TIME_US, HOUR },
	{ "worker", "drain", CONFIG_TIME, AT(drain_ns), 0, HOUR },

	{ "stack", "address", CONFIG_ADDRESSES, AT(addresses), NONE },
	{ "stack", "max_addresses", CONFIG_U16, STACK(max_addresses), 0, UINT16_MAX },
	{ "stack", "gateway", CONFIG_ADDR, STACK(gateway), NONE },
	{ "stack", "mac", CONFIG_MAC, STACK(mac), NONE },
	{ "stack", "mtu", CONFIG_U16, STACK(mtu), 0, UINT16_MAX },
	{ "stack", "exclusive", CONFIG_BOOL, STACK(exclusive), NONE },
	{ "stack", "max_conns", CONFIG_U32, STACK(max_conns), 1, 1 << 24 },
	{ "stack", "max_embryos", CONFIG_U32, STACK(max_embryos), 1, 1 << 24 },
	{ "stack", "max_time_wait", CONFIG_U32, STACK(max_time_wait), 1, 1 << 30 },
	{ "stack", "max_flights", CONFIG_U32, STACK(max_flights), 0, 1 << 24 },
	{ "stack", "max_segments", CONFIG_U32, STACK(max_segments), 1, 1 << 30 },
	{ "stack", "max_listeners", CONFIG_U32, STACK(max_listeners), 1, 65534 },
	{ "stack", "max_neighbours", CONFIG_U32, STACK(max_neighbours), 1, 65534 },
	{ "stack", "max_rx_held", CONFIG_U32, STACK(max_rx_held), 0, 1 << 24 },
	{ "stack", "counters", CONFIG_BOOL, STACK(counters), NONE },
	{ "stack", "port_min", CONFIG_U16, STACK(port_min), 1, UINT16_MAX },
	{ "stack", "port_max", CONFIG_U16, STACK(port_max), 1, UINT16_MAX },
	{ "stack", "arp_reachable", CONFIG_TIME, STACK(arp_reachable_ns), TIME_MS, 24 * HOUR },
	{ "stack", "arp_retry", CONFIG_TIME, STACK(arp_retry_ns), TIME_MS, HOUR },
	{ "stack", "arp_tries", CONFIG_U8, STACK(arp_tries), 1, UINT8_MAX },
	{ "stack", "seed", CONFIG_U64, STACK(seed), 0, UINT64_MAX },

	{ "tcp", "msl", CONFIG_TIME, TCP(msl_ns), TIME_MS, HOUR },
	{ "tcp", "rto_initial", CONFIG_TIME, TCP(rto_initial_ns), TIME_MS, HOUR },
	{ "tcp", "rto_min", CONFIG_TIME, TCP(rto_min_ns), TIME_US, HOUR },
	{ "tcp", "rto_max", CONFIG_TIME, TCP(rto_max_ns), TIME_MS, HOUR },
	{ "tcp", "syn_give_up", CONFIG_TIME, TCP(syn_give_up_ns), TIME_MS, 24 * HOUR },
	{ "tcp", "give_up", CONFIG_TIME, TCP(give_up_ns), TIME_MS, 24 * HOUR },
	{ "tcp", "syn_ack_give_up", CONFIG_TIME, TCP(syn_ack_give_up_ns), TIME_MS, HOUR },
	{ "tcp", "orphan", CONFIG_TIME, TCP(orphan_ns), TIME_MS, 24 * HOUR },
	{ "tcp", "delayed_ack", CONFIG_TIME, TCP(delayed_ack_ns), 0, TIME_S / 2 },
	{ "tcp", "peer_delayed_ack", CONFIG_TIME, TCP(peer_delayed_ack_ns), 0, TIME_S / 2 },
	{ "tcp", "path_mtu", CONFIG_TIME, TCP(path_mtu_ns), 300 * TIME_S, 24 * HOUR },
	{ "tcp", "sndbuf", CONFIG_U32, TCP(sndbuf_bytes), 2048, 1 << 30 },
	{ "tcp", "rcvbuf", CONFIG_U32, TCP(rcvbuf_bytes), 2048, 1 << 30 },
	{ "tcp", "mss", CONFIG_U16, TCP(mss), 0, UINT16_MAX },
	{ "tcp", "no_delay", CONFIG_BOOL, TCP(no_delay), NONE },
	{ "tcp", "window_scale", CONFIG_BOOL, TCP(window_scale), NONE },
	{ "tcp", "timestamps", CONFIG_BOOL, TCP(timestamps), NONE },
	{ "tcp", "sack", CONFIG_BOOL, TCP(sack), NONE },
	{ "tcp", "ecn", CONFIG_BOOL, TCP(ecn), NONE },
	{ "tcp", "cc", CONFIG_CC, TCP(cc), NONE },
	{ "tcp", "syn_cookies", CONFIG_COOKIES, TCP(syn_cookies), NONE },
	{ "tcp", "pacing", CONFIG_BOOL, TCP(pacing), NONE },
	{ "tcp", "keepalive", CONFIG_BOOL, TCP(keepalive), NONE },
	{ "tcp", "keepalive_time", CONFIG_TIME, TCP(keepalive_ns), TIME_S, 24 * HOUR },
	{ "tcp", "keepalive_interval", CONFIG_TIME, TCP(keepalive_interval_ns), TIME_MS, HOUR },
	{ "tcp", "keepalive_probes", CONFIG_U8, TCP(keepalive_probes), 1, UINT8_MAX },
	{ "tcp", "ttl", CONFIG_U8, TCP(ttl), 1, UINT8_MAX },
	{ "tcp", "dscp", CONFIG_U8, TCP(dscp), 0, 63 },
};

const size_t config_nb_keys = sizeof(config_keys) / sizeof(config_keys[0]);

#define NAME_MOST 64

/* How many letters must be changed, added or taken away to make b of a (Levenshtein's distance). */
static unsigned int
distance(const char *a, const char *b)
{
	unsigned int row[NAME_MOST + 1];
	size_t n = strnlen(b, NAME_MOST);

	for (unsigned int j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned int i = 1; *a != '\0' && i <= NAME_MOST; i++, a++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			unsigned int best = diagonal + (*a != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

/* The lists are numbered: address, address1 ... address15. */
static bool
matches(const struct config_key *key, const char *name, unsigned int *index)
{
	size_t n = strlen(key->name);
	char check[16];

	*index = 0;
	if (strcmp(key->name, name) == 0)
		return true;
	if (key->kind != CONFIG_ADDRESSES || strncmp(key->name, name, n) != 0 ||
		sscanf(name + n, "%3u", index) != 1)
		return false;
	snprintf(check, sizeof(check), "%u", *index); /* not 01, nor 1x */
	return strcmp(check, name + n) == 0;
}

const struct config_key *
config_find(const char *section, const char *name, unsigned int *index, const char **nearest,
	bool *section_known)
{
	unsigned int best = 4; /* more different than that is no slip */

	*nearest = NULL;
	*section_known = false;
	for (size_t i = 0; i < config_nb_keys; i++)
		if (strcmp(config_keys[i].section, section) == 0)
			*section_known = true;
	for (size_t i = 0; i < config_nb_keys; i++) {
		const struct config_key *key = &config_keys[i];
		const char *candidate = *section_known ? key->name : key->section;
		const char *wrong = *section_known ? name : section;
		unsigned int d;

		if (*section_known && strcmp(key->section, section) != 0)
			continue;
		if (*section_known && matches(key, name, index))
			return key;
		d = distance(wrong, candidate);
		if (d < best && d < strlen(candidate)) {
			best = d;
			*nearest = candidate;
		}
	}
	return NULL;
}
