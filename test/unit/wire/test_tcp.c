/* SPDX-License-Identifier: BSD-3-Clause */
/* test_tcp.c: what is accepted as a TCP segment, and for what each other one is dropped. */
#include <string.h>

#include "base/prng.h"
#include "frame.h"
#include "../test.h"

/** Parses @p n bytes from a buffer of just that size. */
static enum wire_drop
parse(const uint8_t *frame, uint32_t n, bool good, struct seg *out)
{
	struct rte_mbuf *m = frame_mbuf(frame, n);
	enum wire_drop drop = frame_parse(m, good, out);

	rte_pktmbuf_free(m);
	return drop;
}

/** Parses a segment with just these options. */
static enum wire_drop
parse_opts(const uint8_t *opts, uint32_t n, struct seg *out)
{
	uint8_t frame[FRAME_MAX];
	struct frame_tcp what = { .flags = TCP_SYN, .opts = opts, .opt_bytes = n };

	return parse(frame, frame_tcp(frame, &what), false, out);
}

#define OPTS(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static void
fields(void)
{
	uint8_t frame[FRAME_MAX];
	struct frame_tcp what = { .src = 0xc0000263,
		.dst = 0xc6336401,
		.sport = 50001,
		.dport = 443,
		.seq = 0xfedcba98,
		.ack = 0x76543210,
		.wnd = 0xabcd,
		.urg = 0x0102,
		.tos = 0x03,
		.flags = TCP_ACK | TCP_PSH | TCP_URG | TCP_ECE | TCP_CWR,
		.payload = (const uint8_t *)"hello",
		.payload_bytes = 5,
		.padding = 1 };
	uint32_t n = frame_tcp(frame, &what);
	struct rte_mbuf *m = frame_mbuf(frame, n);
	struct seg s;

	memset(&s, 0x55, sizeof(s));
	CU_ASSERT_EQUAL(frame_parse(m, false, &s), WIRE_OK);
	CU_ASSERT_PTR_EQUAL(s.m, m);
	CU_ASSERT_EQUAL(s.seq, 0xfedcba98);
	CU_ASSERT_EQUAL(s.ack, 0x76543210);
	CU_ASSERT_EQUAL(s.len, 5);
	CU_ASSERT_EQUAL(seg_len(&s), 5);
	CU_ASSERT_EQUAL(s.key.raddr[0], 0);
	CU_ASSERT_EQUAL(memcmp((uint8_t *)s.key.raddr + 8, "\0\0\xff\xff\xc0\0\x02\x63", 8), 0);
	CU_ASSERT_EQUAL(s.payload_off, 54);
	CU_ASSERT_EQUAL(s.wnd, 0xabcd);
	CU_ASSERT_EQUAL(s.key.rport, 50001);
	CU_ASSERT_EQUAL(s.key.lport, 443);
	CU_ASSERT_EQUAL(s.flags, 0xf8);
	CU_ASSERT_EQUAL(s.tos, 3);
	CU_ASSERT_EQUAL(s.opts, 0);
	CU_ASSERT_EQUAL(s.mss, 0);
	CU_ASSERT_EQUAL(s.wscale, 0);
	CU_ASSERT_EQUAL(s.nb_sack, 0);
	CU_ASSERT_EQUAL(s.ts_val, 0);
	CU_ASSERT_EQUAL(s.ts_ecr, 0);
	/* The packet is as it was. */
	CU_ASSERT_EQUAL(m->pkt_len, n);
	CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(m, uint8_t *), frame, n), 0);
	rte_pktmbuf_free(m);
	s.flags = TCP_SYN | TCP_FIN;
	CU_ASSERT_EQUAL(seg_len(&s), 7);
	CU_ASSERT_TRUE(frame_pool_whole());
}

/* Every frame that ends early, with total length as it was, and with one that agrees with the end.
 */
static void
truncated(void)
{
	static const uint8_t opts[] = { 2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3,
		7 };
	uint8_t frame[FRAME_MAX], whole[FRAME_MAX];
	struct frame_tcp what = { .opts = opts,
		.opt_bytes = sizeof(opts),
		.payload = (const uint8_t *)"payload",
		.payload_bytes = 7,
		.flags = TCP_ACK };
	uint32_t n = frame_tcp(whole, &what);
	struct seg s;

	for (uint32_t i = 0; i < n; i++) {
		enum wire_drop expected = i < 54 ? WIRE_SHORT : i < 74 ? WIRE_TCP_HEADER : WIRE_OK;

		CU_ASSERT_EQUAL(parse(whole, i, false, &s), i < 34 ? WIRE_SHORT : WIRE_IP_HEADER);
		CU_ASSERT_EQUAL(parse(whole, i, true, &s), i < 34 ? WIRE_SHORT : WIRE_IP_HEADER);
		if (i < 34)
			continue;
		memcpy(frame, whole, n);
		frame_put16(frame + 16, i - 14);
		frame_mend(frame, i);
		CU_ASSERT_EQUAL(parse(frame, i, true, &s), expected);
		CU_ASSERT_EQUAL(parse(frame, i, false, &s), expected);
		if (expected == WIRE_OK)
			CU_ASSERT_EQUAL(s.len, i - 74);
	}
	/* The packet ends in its TCP header, the frame has padding after it. */
	for (uint32_t i = 34; i < 54; i++) {
		memcpy(frame, whole, n);
		frame_put16(frame + 16, i - 14);
		frame_mend(frame, n);
		CU_ASSERT_EQUAL(parse(frame, n, true, &s), WIRE_SHORT);
		CU_ASSERT_EQUAL(parse(frame, n, false, &s), WIRE_SHORT);
	}
	/* The caller had fewer bytes in hand than the header has. */
	for (uint32_t avail = 34; avail <= 74; avail++) {
		struct rte_mbuf *m = frame_mbuf(whole, n), *head = frame_mbuf(whole, avail);
		const uint8_t *h = rte_pktmbuf_mtod(head, const uint8_t *);
		struct ip4_pkt ip = { 0 };

		CU_ASSERT_EQUAL(ip4_parse(h, avail, n, false, &ip), WIRE_OK);
		CU_ASSERT_EQUAL(
			tcp_parse(m, h, avail, &ip, false, &s), avail < 74 ? WIRE_SHORT : WIRE_OK);
		rte_pktmbuf_free(m);
		rte_pktmbuf_free(head);
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

static void
data_offsets(void)
{
	uint8_t frame[FRAME_MAX], nops[40];
	struct seg s;

	memset(nops, 1, sizeof(nops));
	for (uint32_t have = 0; have <= 40; have += 4) {
		for (uint32_t words = 0; words < 16; words++) {
			struct frame_tcp what = {
				.opts = nops, .opt_bytes = have, .flags = TCP_ACK
			};
			uint32_t n = frame_tcp(frame, &what);
			bool fits = words >= 5 && words * 4 <= 20 + have;

			/* The low bits are reserved: ignored (RFC 9293, 3.1). */
			frame[46] = (uint8_t)(words << 4 | (have & 0x0c));
			frame_mend(frame, n);
			CU_ASSERT_EQUAL(
				parse(frame, n, false, &s), fits ? WIRE_OK : WIRE_TCP_HEADER);
			if (fits) {
				CU_ASSERT_EQUAL(s.payload_off, 34 + words * 4);
				CU_ASSERT_EQUAL(s.len, 20 + have - words * 4);
			}
		}
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

static void
ports(void)
{
	uint8_t frame[FRAME_MAX];
	struct frame_tcp what = { .flags = TCP_SYN };
	uint32_t n;
	struct seg s;

	for (uint32_t off = 34; off <= 36; off += 2) {
		n = frame_tcp(frame, &what);
		frame_put16(frame + off, 0);
		frame_mend(frame, n);
		CU_ASSERT_EQUAL(parse(frame, n, false, &s), WIRE_TCP_HEADER);
	}
	what.sport = what.dport = 0xffff;
	n = frame_tcp(frame, &what);
	CU_ASSERT_EQUAL(parse(frame, n, false, &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.key.rport, 0xffff);
}

static void
flags(void)
{
	uint8_t frame[FRAME_MAX];
	struct seg s;

	for (uint32_t f = 0; f < 256; f++) {
		struct frame_tcp what = { .flags = (uint8_t)f };
		bool bad = (f & TCP_SYN) != 0 && (f & (TCP_FIN | TCP_RST)) != 0;

		CU_ASSERT_EQUAL(parse(frame, frame_tcp(frame, &what), false, &s),
			bad ? WIRE_TCP_FLAGS : WIRE_OK);
		if (!bad)
			CU_ASSERT_EQUAL(s.flags, f);
	}
}

/* Every bit counts, wherever segments part, padding or not; with a checksum known to be good none
 * does. */
static void
checksum(void)
{
	uint8_t frame[FRAME_MAX], payload[39];
	uint64_t seed = 7;
	struct seg s;

	for (uint32_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)prng_next(&seed);
	for (uint32_t len = 0; len <= sizeof(payload); len++) {
		struct frame_tcp what = { .payload = payload,
			.payload_bytes = len,
			.flags = TCP_ACK,
			.seq = (uint32_t)prng_next(&seed),
			.padding = len % 7 };
		uint32_t n = frame_tcp(frame, &what), end = n - what.padding;

		for (uint32_t piece = 1; piece < n; piece += 2) {
			struct rte_mbuf *m = frame_chain(frame, n, piece, &seed);

			CU_ASSERT_EQUAL(frame_parse(m, false, &s), WIRE_OK);
			CU_ASSERT_EQUAL(s.len, len);
			rte_pktmbuf_free(m);
		}
		for (uint32_t bit = 34 * 8; bit < end * 8; bit++) {
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CU_ASSERT_EQUAL(parse(frame, n, false, &s), WIRE_TCP_CSUM);
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		frame[50] ^= 1;
		CU_ASSERT_EQUAL(parse(frame, n, true, &s), WIRE_OK);
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

static void
linux_syn_options(void)
{
	struct seg s;

	CU_ASSERT_EQUAL(
		parse_opts(OPTS(2, 4, 0x05, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7),
			&s),
		WIRE_OK);
	CU_ASSERT_EQUAL(s.opts, OPT_MSS | OPT_WSCALE | OPT_SACK_PERMITTED | OPT_TIMESTAMPS);
	CU_ASSERT_EQUAL(s.mss, 1460);
	CU_ASSERT_EQUAL(s.wscale, 7);
	CU_ASSERT_EQUAL(s.ts_val, 0x01020304);
	CU_ASSERT_EQUAL(s.ts_ecr, 0x05060708);
	CU_ASSERT_EQUAL(s.payload_off, 74);
}

static void
single_options(void)
{
	struct seg s;

	CU_ASSERT_EQUAL(parse_opts(OPTS(2, 4, 2, 24), &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.opts, OPT_MSS);
	CU_ASSERT_EQUAL(s.mss, 536);
	CU_ASSERT_EQUAL(
		parse_opts(OPTS(1, 1, 8, 10, 0xff, 0xfe, 0xfd, 0xfc, 1, 0, 0, 0), &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.opts, OPT_TIMESTAMPS);
	CU_ASSERT_EQUAL(s.ts_val, 0xfffefdfc);
	CU_ASSERT_EQUAL(s.ts_ecr, 0x01000000);
	CU_ASSERT_EQUAL(parse_opts(OPTS(1, 1, 4, 2), &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.opts, OPT_SACK_PERMITTED);
	/* Above 14 is for the connection to cap (RFC 7323, 2.3). */
	CU_ASSERT_EQUAL(parse_opts(OPTS(3, 3, 200), &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.opts, OPT_WSCALE);
	CU_ASSERT_EQUAL(s.wscale, 200);
	/* Unknown kinds are skipped: 254 (experiments), 34 (Fast Open), 255 without a value. */
	CU_ASSERT_EQUAL(parse_opts(OPTS(254, 5, 1, 2, 3, 255, 2, 34, 2, 2, 4, 1, 2), &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.opts, OPT_MSS);
	CU_ASSERT_EQUAL(s.mss, 0x0102);
	/* 40 bytes in one. */
	CU_ASSERT_EQUAL(parse_opts((const uint8_t[40]){ 253, 40 }, 40, &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.opts, 0);
	/* After the end anything goes, also what looks like options (RFC 9293, 3.1). */
	CU_ASSERT_EQUAL(parse_opts(OPTS(0, 2, 4, 5), &s), WIRE_OK);
	CU_ASSERT_EQUAL(parse_opts(OPTS(0, 2, 99, 5, 8, 1, 0, 3), &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.opts, 0);
	/* Of two the last. */
	CU_ASSERT_EQUAL(parse_opts(OPTS(2, 4, 1, 1, 2, 4, 2, 2), &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.mss, 0x0202);
}

static void
sack_blocks(void)
{
	uint8_t opts[40] = { 1, 1, 5, 0 };
	struct seg s;

	for (uint32_t i = 4; i < 40; i++)
		opts[i] = (uint8_t)(i * 7);
	for (uint32_t bytes = 0; bytes < 256; bytes++) {
		bool sound = bytes == 10 || bytes == 18 || bytes == 26 || bytes == 34;
		uint32_t have = sound ? 2 + bytes : 40;

		opts[3] = (uint8_t)bytes;
		CU_ASSERT_EQUAL(parse_opts(opts, have, &s), sound ? WIRE_OK : WIRE_TCP_OPTIONS);
		if (!sound)
			continue;
		CU_ASSERT_EQUAL(s.opts, OPT_SACK);
		CU_ASSERT_EQUAL(s.nb_sack, (bytes - 2) / 8);
		for (uint32_t i = 0; i < s.nb_sack; i++) {
			CU_ASSERT_EQUAL(s.sack[i].left, frame_get32(opts + 4 + 8 * i));
			CU_ASSERT_EQUAL(s.sack[i].right, frame_get32(opts + 8 + 8 * i));
		}
	}
	/* Two and timestamps: what fits beside them is three (RFC 2018, 3). */
	CU_ASSERT_EQUAL(
		parse_opts(OPTS(1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8, 1, 1, 5, 26, 0, 0, 0, 1, 0, 0,
				   0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6),
			&s),
		WIRE_OK);
	CU_ASSERT_EQUAL(s.opts, OPT_SACK | OPT_TIMESTAMPS);
	CU_ASSERT_EQUAL(s.nb_sack, 3);
	CU_ASSERT_EQUAL(s.sack[2].right, 6);
}

/* Every kind with every length, at every distance from the end of the header. */
static void
option_lengths(void)
{
	uint8_t opts[40];
	struct seg s;

	for (uint32_t kind = 0; kind < 256; kind++) {
		for (uint32_t bytes = 0; bytes < 44; bytes++) {
			uint32_t room = bytes % 11 == 0 ? 40 : 4 * (bytes % 11),
				 at = room - bytes % 4;
			bool sound;

			if (room == at)
				at = 0;
			memset(opts, 1, sizeof(opts));
			opts[at] = (uint8_t)kind;
			if (at + 1 < room)
				opts[at + 1] = (uint8_t)bytes;
			switch (kind) {
			case 2:
				sound = bytes == 4;
				break;
			case 3:
				sound = bytes == 3;
				break;
			case 4:
				sound = bytes == 2;
				break;
			case 5:
				sound = bytes >= 10 && bytes % 8 == 2 && bytes <= 34;
				break;
			case 8:
				sound = bytes == 10;
				break;
			default:
				sound = bytes >= 2;
			}
			sound = sound && at + 2 <= room && at + bytes <= room;
			/* A NOP takes no length; the one after it would be an option of its own. */
			if (kind == 1)
				continue;
			if (kind == 0)
				sound = true;
			CU_ASSERT_EQUAL(
				parse_opts(opts, room, &s), sound ? WIRE_OK : WIRE_TCP_OPTIONS);
		}
	}
	CU_ASSERT_TRUE(frame_pool_whole());
}

/* The quick paths for the usual layouts don't take look-alikes. */
static void
look_alikes(void)
{
	struct seg s;

	CU_ASSERT_EQUAL(parse_opts(OPTS(2, 3, 5, 180), &s), WIRE_TCP_OPTIONS);
	CU_ASSERT_EQUAL(parse_opts(OPTS(3, 4, 5, 180), &s), WIRE_TCP_OPTIONS);
	CU_ASSERT_EQUAL(parse_opts(OPTS(1, 3, 3, 5), &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.opts, OPT_WSCALE);
	CU_ASSERT_EQUAL(s.mss, 0);
	CU_ASSERT_EQUAL(parse_opts(OPTS(1, 1, 8, 9, 1, 1, 1, 1, 1, 1, 1, 1), &s), WIRE_TCP_OPTIONS);
	CU_ASSERT_EQUAL(parse_opts(OPTS(8, 10, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1), &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.ts_val, 0x01010101);
	CU_ASSERT_EQUAL(parse_opts(OPTS(1, 8, 10, 1, 1, 1, 1, 2, 2, 2, 2, 0), &s), WIRE_OK);
	CU_ASSERT_EQUAL(s.ts_ecr, 0x02020202);
	/* One byte of an option at the very end. */
	CU_ASSERT_EQUAL(parse_opts(OPTS(1, 1, 1, 2), &s), WIRE_TCP_OPTIONS);
	CU_ASSERT_EQUAL(parse_opts(OPTS(1, 1, 1, 254), &s), WIRE_TCP_OPTIONS);
}

static const struct test_case cases[] = {
	{ "every field", fields },
	{ "cut off at every length", truncated },
	{ "data offsets", data_offsets },
	{ "port 0", ports },
	{ "flags", flags },
	{ "checksum", checksum },
	{ "the options of a usual SYN", linux_syn_options },
	{ "options one by one", single_options },
	{ "SACK blocks", sack_blocks },
	{ "every option with every length", option_lengths },
	{ "look-alikes of usual options", look_alikes },
	{ NULL, NULL },
};

extern const struct test_suite suite_tcp;
const struct test_suite suite_tcp = { "tcp", cases };
