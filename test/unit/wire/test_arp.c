/* SPDX-License-Identifier: BSD-3-Clause */
/* test_arp.c: ARP in and out. */
#include <string.h>

#include "frame.h"
#include "../test.h"
#include "wire/arp.h"

/* A request as RFC 826 lays it out: 10.0.0.2 at 02:00:00:00:00:02 asks for 10.0.0.1. */
static const uint8_t request[42] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 0x08,
	0x06, 0, 1, 0x08, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0,
	1 };

static enum wire_drop
parse(const uint8_t *frame, uint32_t n, struct arp_pkt *out)
{
	struct rte_mbuf *m = frame_mbuf(frame, n);
	enum wire_drop drop = arp_parse(rte_pktmbuf_mtod(m, const uint8_t *), n, out);

	rte_pktmbuf_free(m);
	return drop;
}

static void
good(void)
{
	uint8_t frame[60] = { 0 };
	struct arp_pkt arp;

	memcpy(frame, request, sizeof(request));
	CU_ASSERT_EQUAL(parse(frame, 42, &arp), WIRE_OK);
	CU_ASSERT_EQUAL(arp.op, ARP_REQUEST);
	CU_ASSERT_EQUAL(memcmp(&arp.sender_mac, request + 6, 6), 0);
	CU_ASSERT_EQUAL(arp.sender_be, RTE_BE32(0x0a000002));
	CU_ASSERT_EQUAL(arp.target_be, RTE_BE32(0x0a000001));
	frame[21] = 2;
	CU_ASSERT_EQUAL(parse(frame, 60, &arp), WIRE_OK);
	CU_ASSERT_EQUAL(arp.op, ARP_REPLY);
}

static void
truncated(void)
{
	struct arp_pkt arp;

	for (uint32_t n = 0; n < 42; n++)
		CU_ASSERT_EQUAL(parse(request, n, &arp), WIRE_SHORT);
}

/* Each byte of hardware, protocol, lengths and operation, with each other value. */
static void
other_kinds(void)
{
	uint8_t frame[42];
	struct arp_pkt arp;

	for (uint32_t at = 14; at < 22; at++) {
		for (uint32_t v = 0; v < 256; v++) {
			bool sound = v == request[at] || (at == 21 && v == 2);

			memcpy(frame, request, sizeof(request));
			frame[at] = (uint8_t)v;
			CU_ASSERT_EQUAL(parse(frame, 42, &arp), sound ? WIRE_OK : WIRE_ARP);
		}
	}
}

static void
senders(void)
{
	static const struct {
		uint32_t addr;
		enum wire_drop expected;
	} rows[] = { { 0x00000000, WIRE_OK /* a probe, RFC 5227 */ }, { 0x7e0000ff, WIRE_OK },
		{ 0x7f000001, WIRE_ARP }, { 0x7fffffff, WIRE_ARP }, { 0x80000001, WIRE_OK },
		{ 0xdfffffff, WIRE_OK }, { 0xe0000000, WIRE_ARP }, { 0xefffffff, WIRE_ARP },
		{ 0xf0000001, WIRE_OK }, { 0xffffffff, WIRE_ARP } };
	uint8_t frame[42];
	struct arp_pkt arp;

	memcpy(frame, request, sizeof(request));
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		frame_put32(frame + 28, rows[i].addr);
		CU_ASSERT_EQUAL(parse(frame, 42, &arp), rows[i].expected);
	}
	memcpy(frame, request, sizeof(request));
	frame[22] = 0x01;
	CU_ASSERT_EQUAL(parse(frame, 42, &arp), WIRE_ARP);
	memset(frame + 22, 0xff, 6);
	CU_ASSERT_EQUAL(parse(frame, 42, &arp), WIRE_ARP);
	memset(frame + 22, 0, 6);
	CU_ASSERT_EQUAL(parse(frame, 42, &arp), WIRE_ARP);
}

static void
emitted(void)
{
	static const struct rte_ether_addr us = { { 2, 0, 0, 0, 0, 2 } },
					   peer = { { 2, 0, 0, 0, 0, 9 } },
					   all = { { 255, 255, 255, 255, 255, 255 } };
	struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool());
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	struct arp_pkt arp;

	memset(p, 0x99, 64);
	m->ol_flags = RTE_MBUF_F_RX_VLAN;
	arp_emit(m, ARP_REQUEST, &us, RTE_BE32(0x0a000002), &all, RTE_BE32(0x0a000001));
	CU_ASSERT_EQUAL(m->data_len, 42);
	CU_ASSERT_EQUAL(m->pkt_len, 42);
	CU_ASSERT_EQUAL(m->ol_flags, 0);
	CU_ASSERT_EQUAL(memcmp(p, request, sizeof(request)), 0);
	rte_pktmbuf_free(m);

	m = rte_pktmbuf_alloc(frame_pool());
	p = rte_pktmbuf_mtod(m, uint8_t *);
	arp_emit(m, ARP_REPLY, &us, RTE_BE32(0x0a000002), &peer, RTE_BE32(0x0a000009));
	CU_ASSERT_EQUAL(memcmp(p, &peer, 6), 0);
	CU_ASSERT_EQUAL(memcmp(p + 32, &peer, 6), 0);
	CU_ASSERT_EQUAL(arp_parse(p, m->pkt_len, &arp), WIRE_OK);
	CU_ASSERT_EQUAL(arp.op, ARP_REPLY);
	CU_ASSERT_EQUAL(memcmp(&arp.sender_mac, &us, 6), 0);
	CU_ASSERT_EQUAL(arp.sender_be, RTE_BE32(0x0a000002));
	CU_ASSERT_EQUAL(arp.target_be, RTE_BE32(0x0a000009));
	rte_pktmbuf_free(m);
	CU_ASSERT_TRUE(frame_pool_whole());
}

static const struct test_case cases[] = {
	{ "request and reply", good },
	{ "cut off at every length", truncated },
	{ "other hardware, protocols, lengths, operations", other_kinds },
	{ "senders that nobody is", senders },
	{ "emitted", emitted },
	{ NULL, NULL },
};

extern const struct test_suite suite_arp;
const struct test_suite suite_arp = { "arp", cases };
