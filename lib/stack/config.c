/* SPDX-License-Identifier: BSD-3-Clause */
/* config.c: a stack's defaults, and what it refuses. */
#include <rte_byteorder.h>

#include "stack/stack.h"

void
thole_stack_config_init(struct thole_stack_config *c)
{
	*c = (struct thole_stack_config){
		.mtu = 1500,
		.max_conns = 65536,
		.max_embryos = 16384,
		.max_time_wait = 262144,
		.max_segments = 262144,
		.max_listeners = 256,
		.max_neighbours = 4096,
		.port_min = 32768,
		.port_max = 60999,
		.arp_reachable_ns = 30 * TIME_S,
		.arp_retry_ns = TIME_S,
		.arp_tries = 3,
		.tcp = {
			.msl_ns = 30 * TIME_S,
			.rto_initial_ns = TIME_S,
			.rto_min_ns = 200 * TIME_MS,
			.rto_max_ns = 120 * TIME_S,
			.syn_give_up_ns = 180 * TIME_S,
			.give_up_ns = 900 * TIME_S,
			.syn_ack_give_up_ns = 180 * TIME_S,
			.orphan_ns = 60 * TIME_S,
			.delayed_ack_ns = 40 * TIME_MS,
			.peer_delayed_ack_ns = 40 * TIME_MS,
			.sndbuf_bytes = 4 << 20,
			.rcvbuf_bytes = 4 << 20,
			.window_scale = true,
			.timestamps = true,
			.sack = true,
			.cc = THOLE_CC_CUBIC,
			.syn_cookies = THOLE_SYN_COOKIES_AUTO,
			.keepalive_ns = 7200 * TIME_S,
			.keepalive_interval_ns = 75 * TIME_S,
			.keepalive_probes = 9,
			.path_mtu_ns = 600 * TIME_S,
			.ttl = WIRE_TTL,
		},
	};
}

#define DAY (86400 * TIME_S)

/* Of a time that is added to the clock: the most is what keeps the sum from wrapping, too. */
static bool
out_of(uint64_t ns, uint64_t least, uint64_t most)
{
	return ns < least || ns > most;
}

static const char *
tcp_fault(const struct thole_tcp_params *p)
{
	if (p->msl_ns == 0 || p->msl_ns > 3600 * TIME_S)
		return "tcp.msl_ns: must be above 0 and at most an hour";
	if (p->rto_initial_ns < TIME_MS || p->rto_initial_ns > p->rto_max_ns)
		return "tcp.rto_initial_ns: must be from 1 ms to rto_max_ns";
	if (p->rto_min_ns > p->rto_max_ns)
		return "tcp.rto_min_ns: must be at most rto_max_ns";
	if (p->rto_max_ns > 3600 * TIME_S)
		return "tcp.rto_max_ns: must be at most an hour";
	if (p->syn_ack_give_up_ns < TIME_MS || out_of(p->syn_give_up_ns, TIME_MS, DAY) ||
		out_of(p->give_up_ns, TIME_MS, DAY) || out_of(p->orphan_ns, TIME_MS, DAY))
		return "tcp.syn_give_up_ns, give_up_ns, syn_ack_give_up_ns, orphan_ns: must be "
		       "from 1 ms to a day";
	if (p->syn_ack_give_up_ns > 3600 * TIME_S)
		return "tcp.syn_ack_give_up_ns: must be at most an hour";
	if (out_of(p->keepalive_ns, TIME_S, DAY) ||
		out_of(p->keepalive_interval_ns, TIME_MS, DAY) || p->keepalive_probes == 0)
		return "tcp.keepalive_ns, keepalive_interval_ns, keepalive_probes: must be at "
		       "least 1 s, 1 ms and 1, and at most a day";
	if (p->path_mtu_ns < 300 * TIME_S)
		return "tcp.path_mtu_ns: must be at least 5 min (RFC 1191, 3)";
	if (p->ttl == 0 || p->dscp > 63)
		return "tcp.ttl, dscp: must be from 1 to 255, and from 0 to 63";
	if (p->cc >= THOLE_CC_COUNT)
		return "tcp.cc: must be one of enum thole_cc";
	if (p->syn_cookies >= THOLE_SYN_COOKIES_COUNT)
		return "tcp.syn_cookies: must be one of enum thole_syn_cookies";
	if (p->peer_delayed_ack_ns > 500 * TIME_MS)
		return "tcp.peer_delayed_ack_ns: must be at most 500 ms";
	if (p->delayed_ack_ns >= 500 * TIME_MS)
		return "tcp.delayed_ack_ns: must be below 500 ms (RFC 9293, 3.8.6.3)";
	if (p->sndbuf_bytes < 2048 || p->sndbuf_bytes > UINT32_C(1) << 30)
		return "tcp.sndbuf_bytes: must be from 2 KiB to 1 GiB";
	if (p->rcvbuf_bytes < 2048 || p->rcvbuf_bytes > UINT32_C(1) << 30)
		return "tcp.rcvbuf_bytes: must be from 2 KiB to 1 GiB";
	return NULL;
}

const char *
config_address_fault(const struct thole_address *a)
{
	const struct thole_addr v4 = thole_addr_ip4(0);

	if (a->count == 0 || a->prefix_len > 32)
		return "addresses: count must be above 0, prefix_len at most 32";
	if (memcmp(a->first.b, v4.b, 12) != 0 || a->first.b[12] == 0 || a->first.b[12] == 127 ||
		a->first.b[12] >= 224)
		return "addresses: must be IPv4 addresses of hosts";
	return NULL;
}

static const char *
address_fault(const struct thole_stack_config *c)
{
	const char *fault = NULL;
	uint64_t total = 0;

	if (c->addresses == NULL || c->nb_addresses == 0)
		return "addresses: at least one is needed";
	for (uint16_t i = 0; i < c->nb_addresses && fault == NULL; i++) {
		fault = config_address_fault(&c->addresses[i]);
		total += c->addresses[i].count;
	}
	if (fault != NULL)
		return fault;
	return total < UINT32_MAX ? NULL : "addresses: too many";
}

/* A gateway elsewhere, or that is us, can't be asked for by ARP: nothing would ever leave. */
static const char *
gateway_fault(const struct thole_stack_config *c)
{
	uint32_t gateway = ip4_of(&c->gateway);
	bool on_link = false;

	if (thole_addr_is_any(&c->gateway))
		return NULL;
	for (uint16_t i = 0; i < c->nb_addresses; i++) {
		const struct thole_address *a = &c->addresses[i];
		uint32_t first = ip4_of(&a->first);
		uint32_t mask = a->prefix_len == 0 ? 0 : UINT32_MAX << (32 - a->prefix_len);

		if (gateway - first < a->count)
			return "gateway: is one of our own addresses; it must be another host's";
		/* A /32 has no link of its own: its gateway is reached by ARP wherever it is. */
		if (((gateway ^ first) & mask) == 0 || a->prefix_len == 32)
			on_link = true;
	}
	return on_link ? NULL : "gateway: must be on the link of one of our addresses";
}

static const char *
rss_fault(const struct thole_stack_config *c)
{
	const char *fault = c->rss != NULL ? owners_fault(c->rss) : NULL;

	if (c->rss == NULL || fault != NULL)
		return fault;
	return memchr(c->rss->reta, c->core, c->rss->reta_size) != NULL
		       ? NULL
		       : "rss: no entry of reta is this core's";
}

const char *
config_fault(const struct thole_stack_config *c)
{
	const char *fault;

	if (c->pool == NULL)
		return "pool: is needed";
	if (rte_pktmbuf_data_room_size(c->pool) < MBUFS_MIN_ROOM)
		return "pool: its data rooms must be at least 256 B";
	if ((c->alloc == NULL) != (c->free == NULL))
		return "alloc, free: both or neither";
	if (c->mtu < 576)
		return "mtu: must be at least 576 (RFC 1122, 3.3.3)";
	if (c->max_conns == 0 || c->max_conns > UINT32_C(1) << 24)
		return "max_conns: must be from 1 to 2^24";
	if (c->max_embryos == 0 || c->max_embryos > UINT32_C(1) << 24)
		return "max_embryos: must be from 1 to 2^24";
	if (c->max_time_wait == 0 || c->max_time_wait > (UINT32_C(1) << 30) - 16)
		return "max_time_wait: must be from 1 to 2^30 - 16";
	if (c->max_flights > UINT32_C(1) << 24)
		return "max_flights: must be at most 2^24";
	if (c->max_segments == 0 || c->max_segments > UINT32_C(1) << 30)
		return "max_segments: must be from 1 to 2^30";
	if (c->max_listeners == 0 || c->max_listeners >= NO_INDEX)
		return "max_listeners: must be from 1 to 65,534";
	if (c->max_neighbours == 0 || c->max_neighbours >= NO_INDEX)
		return "max_neighbours: must be from 1 to 65,534";
	if (c->port_min == 0 || c->port_min > c->port_max)
		return "port_min, port_max: must be ports, the least first";
	if (c->arp_tries == 0 || out_of(c->arp_retry_ns, TIME_MS, DAY))
		return "arp_tries, arp_retry_ns: must be at least 1 and 1 ms, and at most a day";
	if (!rte_is_valid_assigned_ether_addr(&c->mac))
		return "mac: must be a unicast address that isn't zero";
	fault = address_fault(c);
	if (fault == NULL)
		fault = gateway_fault(c);
	if (fault == NULL)
		fault = rss_fault(c);
	return fault != NULL ? fault : tcp_fault(&c->tcp);
}
