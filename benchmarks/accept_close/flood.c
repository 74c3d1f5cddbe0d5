/* SPDX-License-Identifier: BSD-3-Clause */
/* flood.c: 32 SYNs a turn at most, with the options that a real client offers. */
#include <assert.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "flood.h"

#define BURST	    32
#define SOURCE_NET  UINT32_C(0xc6120000)
#define SOURCE_HOST UINT32_C(0x0001ffff)

struct spoofed {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
	/* MSS 1460, SACK-permitted, timestamps, NOP, window scale 7. */
	uint8_t options[20];
};
static_assert(sizeof(struct spoofed) == 14 + 20 + 40, "no padding");

static const struct spoofed template = {
	.eth = {
		.dst_addr = FLOOD_SERVER_MAC,
		.src_addr = { { 0x02, 0x00, 0x00, 0x09, 0x00, 0xfe } },
		.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4),
	},
	.ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = RTE_BE16(sizeof(struct spoofed) - RTE_ETHER_HDR_LEN),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_TCP,
	},
	.tcp = { .data_off = 40 << 2, .tcp_flags = RTE_TCP_SYN_FLAG, .rx_win = RTE_BE16(65535) },
	.options = { 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7 },
};

void
flood_init(struct flood *flood, const struct options *options, const struct thole_addr *server,
	uint16_t port, struct rte_mempool *pool, uint32_t embryos)
{
	*flood = (struct flood){
		.pool = pool,
		.each = options->flood,
		.per_s = (uint64_t)options->flood * options->rate,
		.first = embryos,
		.nb_ports = (uint32_t)options->port_last - options->port_first + 1,
		.first_port = options->port_first,
		.port = port,
		.random = UINT64_C(0x2545f4914f6cdd1d),
	};
	memcpy(&flood->server_ip_be, &server->b[12], sizeof(flood->server_ip_be));
}

void
flood_begin(struct flood *flood, uint64_t now_ns)
{
	flood->owed = flood->each != 0 ? flood->first : 0;
	if (flood->per_s != 0)
		pace_start(&flood->pace, flood->per_s, 0, 1, now_ns);
}

void
flood_end(struct flood *flood)
{
	flood->pace.per_s = 0;
}

uint32_t
flood_allows(struct flood *flood, uint32_t n)
{
	if (flood->each == 0 || flood->per_s != 0)
		return n;
	if (flood->owed >= BURST)
		return 0;
	n = RTE_MIN(n, BURST / flood->each + 1);
	flood->owed += (uint64_t)n * flood->each;
	return n;
}

/* xorshift64. */
static uint64_t
next_random(struct flood *flood)
{
	flood->random ^= flood->random << 13;
	flood->random ^= flood->random >> 7;
	flood->random ^= flood->random << 17;
	return flood->random;
}

static void
build(struct flood *flood, struct rte_mbuf *m)
{
	struct spoofed *p = (struct spoofed *)(void *)rte_pktmbuf_append(m, sizeof(*p));
	uint64_t a = next_random(flood), b = next_random(flood);

	*p = template;
	p->ip.src_addr = rte_cpu_to_be_32(SOURCE_NET | (uint32_t)(a >> 32 & SOURCE_HOST));
	p->ip.dst_addr = flood->server_ip_be;
	p->ip.hdr_checksum = rte_ipv4_cksum(&p->ip);
	p->tcp.src_port = rte_cpu_to_be_16((uint16_t)(1024 + (a & 0x7fff)));
	p->tcp.dst_port =
		rte_cpu_to_be_16((uint16_t)(flood->first_port + (b & 0xffff) % flood->nb_ports));
	p->tcp.sent_seq = (rte_be32_t)(b >> 32);
	p->tcp.cksum = rte_ipv4_udptcp_cksum(&p->ip, &p->tcp);
}

void
flood_turn(struct flood *flood, uint64_t now_ns)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n, sent;

	while (flood->pace.per_s != 0 && flood->owed < BURST && pace_due(&flood->pace, now_ns)) {
		pace_take(&flood->pace);
		flood->owed++;
	}
	n = (uint16_t)RTE_MIN(flood->owed, (uint64_t)BURST);
	if (n == 0 || rte_pktmbuf_alloc_bulk(flood->pool, pkts, n) != 0)
		return;
	for (uint16_t i = 0; i < n; i++)
		build(flood, pkts[i]);
	sent = rte_eth_tx_burst(flood->port, 0, pkts, n);
	rte_pktmbuf_free_bulk(pkts + sent, (unsigned int)(n - sent));
	flood->owed -= sent;
	flood->sent += sent;
}
