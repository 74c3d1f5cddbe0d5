/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire.c: a frame through every parser, in mbufs that end where its bytes do. What is let through
 * must hold together and have right checksums; what the emitters make of it must parse to the same.
 *
 * Input: how, cut, how much of the headers is shown, then the frame, or with HOW_FRAMED what
 * follows its IPv4 header.
 */
#include <string.h>

#include "fuzz.h"
#include "wire/arp.h"
#include "wire/icmp.h"
#include "../usual.h"

#define HOW_KNOWN_GOOD 0x01 /* the device vouches for the checksums */
#define HOW_MEND       0x02 /* checksums are put right first */
#define HOW_FRAMED     0x04 /* good Ethernet and IPv4 headers are put in front */
#define HOW_ICMP       0x08 /* of ICMP rather than TCP */
#define HOW_PADDED     0x10 /* Ethernet padding behind */

#define OPTS_SINGLE (OPT_WSCALE | OPT_SACK_PERMITTED | OPT_TIMESTAMPS)

#define FRAME_MAX 2048
#define IP_OFF	  14
#define L4_OFF	  34

static struct rte_mempool *pool;

/* What an emitter made, parsed from a copy of exact size. */
struct again {
	struct rte_mbuf *m;
	uint32_t avail;
	const uint8_t *h;
	uint8_t scratch[WIRE_HEADERS_MAX];
	uint8_t bytes[FRAME_MAX];
	uint32_t n;
};

static void
again_start(struct again *a, struct rte_mbuf *made)
{
	a->n = fuzz_flatten(made, a->bytes, sizeof(a->bytes));
	rte_pktmbuf_free(made);
	a->m = fuzz_exact(pool, a->bytes, a->n);
	a->h = wire_headers(a->m, WIRE_HEADERS_MAX, a->scratch, &a->avail);
}

static struct wire_path
path_of(uint32_t src_be, uint32_t dst_be)
{
	return (struct wire_path){ WIRE_PATH_FIXED, .dst_mac = { { 2, 0, 0, 0, 0, 2 } },
		.src_mac = { { 2, 0, 0, 0, 0, 1 } }, .src_be = src_be, .dst_be = dst_be,
		.ttl = 64 };
}

/* Each option in words of its own. */
static uint32_t
opt_bytes(const struct tcp_out *out)
{
	uint32_t n = out->mss != 0 ? 4 : 0;

	if ((out->opts & OPT_TIMESTAMPS) != 0)
		n += 12;
	else if ((out->opts & OPT_SACK_PERMITTED) != 0)
		n += 4;
	if ((out->opts & OPT_WSCALE) != 0)
		n += 4;
	return n + (out->nb_sack != 0 ? 4 + 8u * out->nb_sack : 0);
}

/* The parsed segment, sent with its payload, is the same segment. */
static void
tcp_round(const struct seg *s, uint32_t dst_be, const uint8_t *payload, uint8_t cut)
{
	struct wire_path path = path_of(flow_raddr_ip4(&s->key), dst_be);
	struct tcp_out out = { .seq = s->seq,
		.ack = s->ack,
		.sport = s->key.rport,
		.dport = s->key.lport,
		.wnd = s->wnd,
		.flags = s->flags,
		.mss = s->mss,
		.opts = (uint8_t)(s->opts & OPTS_SINGLE),
		.wscale = (uint8_t)RTE_MIN(s->wscale, TCP_WSCALE_MAX),
		.nb_sack = s->nb_sack,
		.ts_val = s->ts_val,
		.ts_ecr = s->ts_ecr,
		.sack = s->sack };
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool), *data;
	struct again a;
	struct ip4_pkt ip = { 0 };
	struct seg t;

	while (opt_bytes(&out) > 40) /* with our padding they may not fit */
		out.nb_sack--;
	if (s->len != 0) {
		data = fuzz_packet(pool, payload, s->len, cut);
		m->next = data;
		m->nb_segs = (uint16_t)(1 + data->nb_segs);
		m->pkt_len = s->len;
	}
	tcp_emit(m, &path, &out);
	again_start(&a, m);
	FUZZ_CHECK(ip4_parse(a.h, a.avail, a.n, false, &ip) == WIRE_OK,
		"a segment emitted has a bad IPv4 header");
	FUZZ_CHECK(fuzz_l4_csum(a.bytes + IP_OFF, a.bytes + L4_OFF, a.n - L4_OFF) == 0,
		"a segment emitted has a wrong checksum");
	FUZZ_CHECK(tcp_parse(a.m, a.h, a.avail, &ip, false, &t) == WIRE_OK,
		"a segment emitted doesn't parse");
	FUZZ_CHECK(t.seq == s->seq && t.ack == s->ack && t.key.rport == s->key.rport &&
			   t.key.lport == s->key.lport && t.wnd == s->wnd && t.flags == s->flags &&
			   t.mss == s->mss && t.len == s->len &&
			   flow_raddr_ip4(&t.key) == flow_raddr_ip4(&s->key),
		"a segment emitted parses to another one");
	FUZZ_CHECK(((t.opts ^ out.opts) & OPTS_SINGLE) == 0 && t.nb_sack == out.nb_sack,
		"a segment emitted has other options");
	if ((t.opts & OPT_WSCALE) != 0)
		FUZZ_CHECK(t.wscale == out.wscale, "another window scale is emitted");
	if ((t.opts & OPT_TIMESTAMPS) != 0)
		FUZZ_CHECK(t.ts_val == s->ts_val && t.ts_ecr == s->ts_ecr,
			"other timestamps are emitted");
	FUZZ_CHECK(memcmp(t.sack, s->sack, out.nb_sack * sizeof(t.sack[0])) == 0,
		"other SACK blocks are emitted");
	FUZZ_CHECK(memcmp(a.bytes + t.payload_off, payload, s->len) == 0,
		"a segment emitted has another payload");
	rte_pktmbuf_free(a.m);
}

static void
check_tcp(struct rte_mbuf *m, const uint8_t *frame, const uint8_t *h, uint32_t avail,
	const struct ip4_pkt *ip, uint8_t how, uint8_t cut)
{
	bool good = (how & HOW_KNOWN_GOOD) != 0;
	uint16_t csum = fuzz_l4_csum(frame + IP_OFF, frame + ip->l4_off, ip->l4_len);
	struct seg s;
	enum wire_drop drop = tcp_parse(m, h, avail, ip, good, &s);
	const char *differs = NULL;

	if (avail == RTE_MIN((uint32_t)WIRE_HEADERS_MAX, m->pkt_len))
		differs = usual_differs(m, good, drop, &s);
	FUZZ_CHECK(differs == NULL, "%s", differs);
	FUZZ_CHECK(drop <= WIRE_ARP, "no such reason: %u", drop);
	if (drop == WIRE_TCP_CSUM)
		FUZZ_CHECK(!good && csum != 0, "a right TCP checksum is refused");
	if (drop != WIRE_OK)
		return;
	FUZZ_CHECK(good || csum == 0, "a wrong TCP checksum is let through");
	FUZZ_CHECK(s.m == m, "the segment is of another packet");
	FUZZ_CHECK(s.payload_off >= L4_OFF + 20 && s.payload_off <= WIRE_HEADERS_MAX &&
			   s.payload_off + s.len == ip->l4_off + ip->l4_len,
		"payload at %u, %u bytes, of a packet that ends at %u", s.payload_off, s.len,
		ip->l4_off + ip->l4_len);
	FUZZ_CHECK(s.payload_off == L4_OFF + (frame[L4_OFF + 12] >> 4) * 4u,
		"payload isn't where the data offset says");
	FUZZ_CHECK(s.seq == fuzz_get32(frame + L4_OFF + 4) &&
			   s.ack == fuzz_get32(frame + L4_OFF + 8) &&
			   s.key.rport == fuzz_get16(frame + L4_OFF) &&
			   s.key.lport == fuzz_get16(frame + L4_OFF + 2) &&
			   s.wnd == fuzz_get16(frame + L4_OFF + 14),
		"the segment isn't what the header says");
	FUZZ_CHECK(s.key.rport != 0 && s.key.lport != 0, "a port 0 is let through");
	FUZZ_CHECK((s.flags & TCP_SYN) == 0 || (s.flags & (TCP_FIN | TCP_RST)) == 0,
		"flags %x are let through", s.flags);
	tcp_round(&s, ip->dst_be, frame + s.payload_off, cut);
}

/* An echo request and its reply: the same bytes the other way round. */
static void
echo_round(const uint8_t *frame, const struct ip4_pkt *ip)
{
	static const struct rte_ether_addr mac = { { 2, 0, 0, 0, 0, 1 } };
	struct rte_mbuf *m = fuzz_exact(pool, frame, ip->l4_off + ip->l4_len);
	struct icmp_pkt icmp;
	struct ip4_pkt back;
	struct again a;
	enum wire_drop drop;

	icmp_echo_to_reply(m, &mac, ip);
	again_start(&a, m);
	drop = ip4_parse(a.h, a.avail, a.n, false, &back);
	FUZZ_CHECK(drop == WIRE_OK || drop == WIRE_IP_SOURCE, "an echo reply has a bad header");
	if (drop == WIRE_OK) {
		FUZZ_CHECK(back.src_be == ip->dst_be && back.dst_be == ip->src_be,
			"an echo reply goes elsewhere");
		FUZZ_CHECK(icmp_parse(a.m, a.h, a.avail, &back, &icmp) == WIRE_OK &&
				   icmp.kind == ICMP_OTHER && a.bytes[L4_OFF] == 0,
			"an echo reply isn't one");
	}
	FUZZ_CHECK(fuzz_csum(0, a.bytes + L4_OFF, ip->l4_len) == 0,
		"an echo reply has a wrong checksum");
	FUZZ_CHECK(memcmp(a.bytes + L4_OFF + 4, frame + L4_OFF + 4, ip->l4_len - 4) == 0,
		"an echo reply has other data");
	rte_pktmbuf_free(a.m);
}

static void
check_icmp(struct rte_mbuf *m, const uint8_t *frame, const uint8_t *h, uint32_t avail,
	const struct ip4_pkt *ip)
{
	struct icmp_pkt icmp;
	enum wire_drop drop = icmp_parse(m, h, avail, ip, &icmp);
	bool right = fuzz_csum(0, frame + ip->l4_off, ip->l4_len) == 0;

	FUZZ_CHECK(drop == WIRE_OK || drop == WIRE_SHORT || drop == WIRE_ICMP, "no such reason");
	if (drop == WIRE_ICMP)
		FUZZ_CHECK(!right, "a right ICMP checksum is refused");
	if (drop != WIRE_OK)
		return;
	FUZZ_CHECK(right, "a wrong ICMP checksum is let through");
	FUZZ_CHECK(!icmp.quotes_tcp || icmp.kind == ICMP_UNREACHABLE ||
			   icmp.kind == ICMP_TIME_EXCEEDED || icmp.kind == ICMP_PARAMETER,
		"what is quoted by no error");
	FUZZ_CHECK(!icmp.quotes_tcp || ip->l4_len >= 8 + 28, "a quotation that isn't there");
	if (ip->proto == 1 && icmp.kind == ICMP_ECHO)
		echo_round(frame, ip);
}

/* An error about the packet quotes it: it parses, and its quotation is this packet. */
static void
unreachable_round(const uint8_t *frame, const uint8_t *h, uint32_t avail, const struct ip4_pkt *ip)
{
	struct wire_path path = path_of(ip->dst_be, ip->src_be);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct icmp_pkt icmp;
	struct ip4_pkt err;
	struct again a;
	enum wire_drop drop;

	icmp_unreachable_emit(m, &path, 3, h, avail);
	again_start(&a, m);
	drop = ip4_parse(a.h, a.avail, a.n, false, &err);
	FUZZ_CHECK(drop == WIRE_OK || drop == WIRE_IP_SOURCE, "an ICMP error has a bad header");
	if (drop == WIRE_OK) {
		FUZZ_CHECK(icmp_parse(a.m, a.h, a.avail, &err, &icmp) == WIRE_OK &&
				   icmp.kind == ICMP_UNREACHABLE && icmp.code == 3,
			"an ICMP error isn't one");
		if (avail >= L4_OFF + 8 && ip->l4_len >= 8 && ip->proto == 6)
			FUZZ_CHECK(icmp.quotes_tcp && icmp.quoted_src_be == ip->src_be &&
					   icmp.quoted_dst_be == ip->dst_be &&
					   icmp.quoted_sport == fuzz_get16(frame + L4_OFF) &&
					   icmp.quoted_dport == fuzz_get16(frame + L4_OFF + 2) &&
					   icmp.quoted_seq == fuzz_get32(frame + L4_OFF + 4),
				"an ICMP error quotes something else");
	}
	rte_pktmbuf_free(a.m);
}

static void
check_arp(const uint8_t *h, uint32_t avail)
{
	static const struct rte_ether_addr dst = { { 2, 0, 0, 0, 0, 2 } };
	struct rte_mbuf *m;
	struct arp_pkt arp, back;
	struct again a;

	if (arp_parse(h, avail, &arp) != WIRE_OK)
		return;
	m = rte_pktmbuf_alloc(pool);
	arp_emit(m, arp.op, &arp.sender_mac, arp.sender_be, &dst, arp.target_be);
	again_start(&a, m);
	FUZZ_CHECK(
		arp_parse(a.h, a.avail, &back) == WIRE_OK, "an ARP packet emitted doesn't parse");
	FUZZ_CHECK(back.op == arp.op && back.sender_be == arp.sender_be &&
			   back.target_be == arp.target_be &&
			   rte_is_same_ether_addr(&back.sender_mac, &arp.sender_mac),
		"an ARP packet emitted parses to another one");
	rte_pktmbuf_free(a.m);
}

static void
check_ip(struct rte_mbuf *m, const uint8_t *frame, uint32_t n, const uint8_t *h, uint32_t avail,
	uint8_t how, uint8_t cut)
{
	bool good = (how & HOW_KNOWN_GOOD) != 0;
	struct ip4_pkt ip = { 0 };
	enum wire_drop drop = ip4_parse(h, avail, n, good, &ip);
	uint32_t dst_be;

	FUZZ_CHECK(drop <= WIRE_ARP, "no such reason: %u", drop);
	if (ip4_peek_dst(h, avail, &dst_be))
		FUZZ_CHECK(memcmp(&dst_be, frame + 30, 4) == 0, "another destination");
	else
		FUZZ_CHECK(drop != WIRE_OK, "a packet without a destination is let through");
	if (drop != WIRE_OK)
		return;
	FUZZ_CHECK(good || fuzz_csum(0, frame + IP_OFF, 20) == 0,
		"a wrong IPv4 checksum is let through");
	FUZZ_CHECK(ip.l4_off == L4_OFF && ip.l4_off + ip.l4_len <= n &&
			   ip.l4_len + 20 == fuzz_get16(frame + 16) && frame[14] == 0x45,
		"an IPv4 packet that isn't what its header says");
	if (icmp_error_allowed(h, avail, &ip))
		unreachable_round(frame, h, avail, &ip);
	/* Whatever protocol it says: both parsers must stand it. */
	check_icmp(m, frame, h, avail, &ip);
	check_tcp(m, frame, h, avail, &ip, how, cut);
}

/* Good headers below the L4 packet of @p n bytes at frame + L4_OFF. */
static void
put_ip(uint8_t *frame, uint32_t n, uint8_t how)
{
	static const uint8_t eth[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };

	memcpy(frame, eth, sizeof(eth));
	memset(frame + IP_OFF, 0, 20);
	frame[14] = 0x45;
	fuzz_put16(frame + 16, 20 + n);
	frame[22] = 64;
	frame[23] = (how & HOW_ICMP) != 0 ? 1 : 6;
	fuzz_put32(frame + 26, 0x0a000002);
	fuzz_put32(frame + 30, 0x0a000001);
}

static void
mend(uint8_t *frame, uint32_t n)
{
	uint32_t total, l4_len, at;

	if (n < L4_OFF)
		return;
	fuzz_put16(frame + 24, 0);
	fuzz_put16(frame + 24, fuzz_csum(0, frame + IP_OFF, 20));
	total = fuzz_get16(frame + 16);
	if (total < 20 || IP_OFF + total > n)
		return;
	l4_len = total - 20;
	at = frame[23] == 6 ? 16 : 2;
	if (l4_len < at + 2)
		return;
	fuzz_put16(frame + L4_OFF + at, 0);
	fuzz_put16(frame + L4_OFF + at,
		frame[23] == 6 ? fuzz_l4_csum(frame + IP_OFF, frame + L4_OFF, l4_len)
			       : fuzz_csum(0, frame + L4_OFF, l4_len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_in in = { data, bytes };
	uint8_t how = fuzz_u8(&in), cut = fuzz_u8(&in), shown = fuzz_u8(&in);
	uint8_t frame[FRAME_MAX], scratch[WIRE_HEADERS_MAX];
	uint32_t n = 0, avail, want;
	struct rte_mbuf *m;
	const uint8_t *h;

	if (pool == NULL)
		pool = fuzz_pool(64, 1024);
	fuzz_pool_reset(pool);
	if (in.left > FRAME_MAX - 128)
		return 0;
	if ((how & HOW_FRAMED) != 0) {
		n = L4_OFF;
		put_ip(frame, (uint32_t)in.left, how);
	}
	memcpy(frame + n, in.at, in.left);
	n += (uint32_t)in.left;
	if ((how & HOW_MEND) != 0)
		mend(frame, n);
	if ((how & HOW_PADDED) != 0) {
		memset(frame + n, 0xa5, 7);
		n += 7;
	}
	m = fuzz_packet(pool, frame, n, cut);
	/* Parsers are to bear with less than all of the headers. */
	want = shown < WIRE_HEADERS_MAX ? WIRE_HEADERS_MAX - shown : WIRE_HEADERS_MAX;
	h = wire_headers(m, want, scratch, &avail);
	FUZZ_CHECK(avail == RTE_MIN(n, want), "%u bytes of headers, of %u", avail, n);
	FUZZ_CHECK(memcmp(h, frame, avail) == 0, "other headers");
	check_arp(h, avail);
	check_ip(m, frame, n, h, avail, how, cut);
	rte_pktmbuf_free(m);
	FUZZ_CHECK(fuzz_pool_out(pool) == 0, "%u mbufs are lost", fuzz_pool_out(pool));
	return 0;
}
