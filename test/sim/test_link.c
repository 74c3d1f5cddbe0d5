/* SPDX-License-Identifier: BSD-3-Clause */
/* test_link.c: each of the link's faults does what it says, and no more. */
#include <string.h>

#include "../script/frame.h"
#include "base/time.h"
#include "link.h"
#include "suites.h"
#include "wire/tcp.h"

#define IP    14
#define HEADS 54

static const struct frame_path path = { .src_mac = { 2, 0, 0, 0, 0, 1 },
	.dst_mac = { 2, 0, 0, 0, 0, 2 },
	.src_ip = 0x0a000001,
	.dst_ip = 0x0a000002 };

/* A TCP packet whose frame has @p len bytes. */
static uint32_t
packet(uint8_t *buf, uint32_t len)
{
	static const uint8_t text[1500];
	struct frame_tcp tcp = { .sport = 1, .dport = 2, .seq = 99, .flags = TCP_ACK };

	tcp.len = len - HEADS;
	tcp.payload = text;
	return frame_tcp_build(buf, &path, &tcp);
}

static enum link_fate
send_at(struct link *l, uint64_t now, uint32_t len)
{
	struct frame *copies[2];
	uint8_t buf[FRAME_MAX];

	packet(buf, len);
	return link_send(l, now, 0, buf, len, &copies[0], &copies[1]);
}

/* The next arrival at side 1: its time and fate; TIME_NEVER. */
static uint64_t
arrival(struct link *l, enum link_fate *fate)
{
	uint64_t at = link_next(l);
	struct frame *f = link_arrival(l, at, 1, fate);

	if (f == NULL)
		return TIME_NEVER;
	link_free(f);
	return at;
}

static void
make(struct link *l, const struct link_params *p)
{
	struct link_params ways[SIDES] = { *p, *p };

	link_init(l, ways, 12345);
}

static void
loss_rate(void)
{
	struct link l;
	uint64_t n;

	make(&l, &(struct link_params){ .loss = 100000 });
	for (uint64_t i = 0; i < 100000; i++)
		send_at(&l, i, 100);
	n = l.way[0].fates[LINK_LOST];
	CU_ASSERT(n > 9500 && n < 10500);
	CU_ASSERT(n + l.way[0].fates[LINK_PASSES] == 100000);
	CU_ASSERT(l.n == 100000 - n);
	link_fini(&l);
}

static void
bursts(void)
{
	uint64_t lost = 0, runs = 0;
	bool before = false;
	struct link l;

	make(&l, &(struct link_params){
			 .burst_begin = 10000, .burst_end = 250000, .burst_loss = 1000000 });
	for (uint64_t i = 0; i < 100000; i++) {
		bool now = send_at(&l, i, 100) == LINK_BURST;

		lost += now;
		runs += now && !before;
		before = now;
	}
	CU_ASSERT(lost > 3000 && lost < 4700); /* 1 / (1 + 25) of the time */
	CU_ASSERT(lost > 3 * runs && lost < 5 * runs);
	link_fini(&l);
}

static void
bottleneck(void)
{
	struct link_params p = {
		.rate_bps = 1000000, .queue_bytes = 3000, .delay_ns = 5 * TIME_MS
	};
	enum link_fate fate;
	struct link l;

	make(&l, &p);
	for (unsigned int i = 0; i < 3; i++)
		CU_ASSERT(send_at(&l, 0, 1000) == LINK_PASSES);
	CU_ASSERT(send_at(&l, 0, 1000) == LINK_QUEUE);
	CU_ASSERT(send_at(&l, 9 * TIME_MS, 1000) == LINK_PASSES); /* one has left */
	for (unsigned int i = 1; i <= 4; i++)
		CU_ASSERT(arrival(&l, &fate) == (8 * i + 5) * TIME_MS);
	CU_ASSERT(arrival(&l, &fate) == TIME_NEVER);
	link_fini(&l);
}

/* @return the ECN field on arrival; the sum of the header must be right. */
static unsigned int
marked(struct link *l, uint8_t ecn)
{
	struct frame *copies[2], *f;
	uint8_t buf[FRAME_MAX];
	unsigned int got;
	enum link_fate fate;

	packet(buf, 1000);
	buf[IP + 1] = ecn;
	frame_fix_ip_csum(buf);
	link_send(l, 0, 0, buf, 1000, &copies[0], &copies[1]);
	f = link_arrival(l, TIME_S, 1, &fate);
	CU_ASSERT_FATAL(f != NULL);
	CU_ASSERT(frame_csum(f->bytes + IP, 20, 0) == 0);
	got = f->bytes[IP + 1] & 3u;
	link_free(f);
	return got;
}

static void
marks(void)
{
	struct link_params p = { .rate_bps = 1000000, .queue_bytes = 30000, .mark_bytes = 1500 };
	struct link l;

	make(&l, &p);
	CU_ASSERT(marked(&l, 2) == 2);
	CU_ASSERT(marked(&l, 2) == 2); /* finds 1,000 B */
	CU_ASSERT(marked(&l, 2) == 3);
	CU_ASSERT(marked(&l, 1) == 3);
	CU_ASSERT(marked(&l, 0) == 0);
	CU_ASSERT(l.way[0].marked == 2);
	link_fini(&l);
}

static void
narrow(void)
{
	struct link_params p = { .mtu = 1000, .mtu_since_ns = TIME_S, .delay_ns = 2 * TIME_MS };
	enum link_fate fate;
	struct frame *f;
	struct link l;

	make(&l, &p);
	CU_ASSERT(send_at(&l, 0, 1514) == LINK_PASSES);
	CU_ASSERT(send_at(&l, TIME_S, 1014) == LINK_PASSES);
	CU_ASSERT(send_at(&l, TIME_S, 1015) == LINK_MTU);
	CU_ASSERT(arrival(&l, &fate) == 2 * TIME_MS);
	CU_ASSERT(arrival(&l, &fate) == TIME_S + 2 * TIME_MS);
	f = link_arrival(&l, TIME_S + 2 * TIME_MS, 0, &fate);
	CU_ASSERT_FATAL(f != NULL);
	CU_ASSERT(frame_kind(f->bytes, f->len) == FRAME_ICMP);
	CU_ASSERT(
		memcmp(f->bytes, path.src_mac, 6) == 0 && get32(f->bytes + IP + 16) == path.src_ip);
	CU_ASSERT(get16(f->bytes + 34) == 0x0304 && get16(f->bytes + 40) == 1000);
	CU_ASSERT(get32(f->bytes + 42 + 20 + 4) == 99);
	CU_ASSERT(frame_csum(f->bytes + 34, f->len - 34, 0) == 0);
	link_free(f);
	link_fini(&l);
}

static void
jitter_keeps_order(void)
{
	uint64_t last = 0, late = 0;
	enum link_fate fate;
	struct link l;

	make(&l, &(struct link_params){ .jitter_ns = TIME_MS, .delay_ns = TIME_MS });
	for (uint64_t i = 0; i < 100; i++)
		send_at(&l, i * 10 * TIME_US, (uint32_t)(100 + i));
	for (uint64_t i = 0; i < 100; i++) {
		uint64_t at = link_next(&l);
		struct frame *f = link_arrival(&l, at, 1, &fate);

		CU_ASSERT_FATAL(f != NULL);
		CU_ASSERT(f->len == 100 + i && at >= last);
		late += at > i * 10 * TIME_US + TIME_MS;
		last = at;
		link_free(f);
	}
	CU_ASSERT(late > 50);
	link_fini(&l);
}

static void
late_ones_are_overtaken(void)
{
	struct link_params p = { .late = 100000, .late_ns = TIME_MS, .delay_ns = TIME_MS };
	uint32_t highest = 0, overtaken = 0;
	enum link_fate fate;
	struct link l;

	make(&l, &p);
	for (uint64_t i = 0; i < 1000; i++)
		send_at(&l, i * 10 * TIME_US, (uint32_t)(100 + i));
	for (unsigned int i = 0; i < 1000; i++) {
		struct frame *f = link_arrival(&l, TIME_S, 1, &fate);

		CU_ASSERT_FATAL(f != NULL);
		overtaken += f->len < highest;
		highest = f->len > highest ? f->len : highest;
		link_free(f);
	}
	CU_ASSERT(overtaken > 50 && overtaken < 150);
	link_fini(&l);
}

static void
tails(void)
{
	struct link_params p = { .tail = 1000000, .tail_max = 1, .delay_ns = 10 * TIME_MS };
	enum link_fate fate;
	struct link l;

	make(&l, &p);
	for (uint64_t flight = 0; flight < 3; flight++) {
		uint64_t at = flight * TIME_S;

		for (unsigned int i = 0; i < 5; i++)
			send_at(&l, at + i * TIME_MS, 100);
		send_at(&l, at + 5 * TIME_MS, HEADS); /* no data: not its business */
		for (unsigned int i = 0; i < 6; i++) {
			CU_ASSERT(arrival(&l, &fate) == at + (10 + i) * TIME_MS);
			CU_ASSERT(fate == (i == 4 ? LINK_TAIL : LINK_PASSES));
		}
	}
	CU_ASSERT(l.way[0].fates[LINK_TAIL] == 3);
	link_fini(&l);
}

static void
cuts(void)
{
	enum link_fate fate;
	struct link l;

	make(&l, &(struct link_params){ .delay_ns = TIME_MS });
	l.cuts[1] = (struct link_cut){ 3 * TIME_MS, 5 * TIME_MS };
	for (unsigned int i = 0; i < 7; i++)
		send_at(&l, i * TIME_MS, 100);
	for (unsigned int i = 0; i < 7; i++) {
		arrival(&l, &fate);
		CU_ASSERT(fate == (i == 2 || i == 3 ? LINK_CUT : LINK_PASSES));
	}
	link_fini(&l);
}

static void
damage_is_one_bit(void)
{
	uint8_t buf[FRAME_MAX];
	unsigned int damaged = 0;
	struct frame *copies[2];
	struct link l;

	make(&l, &(struct link_params){ .damaged = 500000, .twice = 1000000 });
	packet(buf, 300);
	for (unsigned int i = 0; i < 1000; i++) {
		link_send(&l, i, 0, buf, 300, &copies[0], &copies[1]);
		for (unsigned int k = 0; k < 2; k++) {
			unsigned int bits = 0;

			for (unsigned int b = 0; b < 300; b++)
				bits += (unsigned int)__builtin_popcount(
					buf[b] ^ copies[k]->bytes[b]);
			CU_ASSERT(bits == copies[k]->damaged);
			CU_ASSERT(copies[k]->again == (k == 1));
			damaged += copies[k]->damaged;
		}
	}
	CU_ASSERT(damaged > 900 && damaged < 1100);
	link_fini(&l);
}

static uint64_t
digest_of(uint64_t at, uint32_t len, uint64_t delay)
{
	enum link_fate fate;
	struct link l;
	uint64_t digest;

	make(&l, &(struct link_params){ .delay_ns = delay });
	l.digesting = true;
	send_at(&l, at, len);
	arrival(&l, &fate);
	digest = l.digest;
	link_fini(&l);
	return digest;
}

static void
digests(void)
{
	CU_ASSERT(digest_of(5, 100, 7) == digest_of(5, 100, 7));
	CU_ASSERT(digest_of(5, 100, 7) != digest_of(6, 100, 7));
	CU_ASSERT(digest_of(5, 100, 7) != digest_of(5, 101, 7));
	CU_ASSERT(digest_of(5, 100, 7) != digest_of(5, 100, 8));
}

static const struct test_case cases[] = {
	{ "loss comes at its rate", loss_rate },
	{ "bursts have their length", bursts },
	{ "a bottleneck takes its time, and drops what its queue doesn't hold", bottleneck },
	{ "ECT packets are marked above the threshold", marks },
	{ "a narrow path says so", narrow },
	{ "jitter keeps the order", jitter_keeps_order },
	{ "late frames are overtaken", late_ones_are_overtaken },
	{ "the tail of a flight is lost", tails },
	{ "nothing arrives in a cut", cuts },
	{ "damage is one bit of one copy", damage_is_one_bit },
	{ "a digest tells bytes and times", digests },
	{ NULL, NULL },
};
const struct test_suite suite_link = { "link", cases };
