/* SPDX-License-Identifier: BSD-3-Clause */
/* test_timestamps.c: RFC 7323: PAWS (5), what is echoed (4.3), the timestamps that we send. */
#include <string.h>

#include "fixture.h"

/* The peer's timestamp is 1,000, that of the last ACK in sequence. */
static void
up(struct fix *f)
{
	fix_up_with(f, EO_TIMESTAMPS | EO_SACK);
	CU_ASSERT_EQUAL(f->t.ts_recent, 1); /* the SYN's */
	f->t.ts_recent = 1000;
}

static struct seg
seg(const struct fix *f, uint32_t ts_val)
{
	struct seg s = fix_seg(f, TCP_ACK);

	s.ts_val = ts_val;
	return s;
}

static void
in(struct fix *f, struct seg *s, uint32_t len)
{
	s->len = len;
	s->m = len != 0 ? fix_bytes(f, 0, len) : NULL;
	CU_ASSERT_EQUAL(tcp_input(&f->env, &f->t, s), REPLY_NONE);
	rte_pktmbuf_free(s->m);
}

/* 5.3, R1: what is older than the last in sequence isn't acceptable; it is answered. */
static void
test_paws(void)
{
	static const struct {
		uint32_t recent, val;
		bool ok;
	} cases[] = { { 1000, 999, false }, { 1000, 1000, true }, { 1000, 1001, true },
		{ 1000, 1000u + INT32_MAX, true }, { 1000, 1001u + INT32_MAX, false },
		{ 0xfffffff0, 5, true }, { 5, 0xfffffff0, false } };

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		uint32_t nxt;
		struct seg s;
		struct fix f;

		up(&f);
		f.t.ts_recent = cases[i].recent;
		nxt = f.t.rcv_nxt;
		s = seg(&f, cases[i].val);
		in(&f, &s, 100);
		CU_ASSERT_EQUAL(f.t.rcv_nxt - nxt, cases[i].ok ? 100 : 0);
		CU_ASSERT_EQUAL(f.stats.rx_drop_paws, !cases[i].ok);
		if (!cases[i].ok) {
			CU_ASSERT_EQUAL(f.t.ts_recent, cases[i].recent);
			CU_ASSERT_NOT_EQUAL(f.t.flags & TF_ACK_NOW, 0);
		}
		fix_flush(&f);
		fix_down(&f);
	}
}

/* An old duplicate must not acknowledge anything, nor open the window. */
static void
test_paws_before_ack(void)
{
	struct seg s;
	struct fix f;

	up(&f);
	fix_send(&f, 1000);
	s = seg(&f, 999);
	s.ack = f.t.snd_nxt;
	s.wnd = 1;
	in(&f, &s, 0);
	CU_ASSERT_EQUAL(f.t.snd_una, FIX_ISS + 1);
	CU_ASSERT_EQUAL(f.t.snd_wnd, 65535);
	fix_down(&f);
}

/* 3.2: with the option agreed on, a segment without it is dropped, silently; but for a RST. */
static void
test_missing(void)
{
	struct seg s;
	struct fix f;

	up(&f);
	s = seg(&f, 0);
	s.opts = 0;
	in(&f, &s, 100);
	CU_ASSERT_EQUAL(f.t.rcv_nxt, FIX_IRS + 1);
	CU_ASSERT_EQUAL(f.stats.rx_drop_paws, 1);
	CU_ASSERT(!tcb_owes(&f.t));
	/* 5.2: "RST segments MUST NOT be subjected to the PAWS check". */
	s = seg(&f, 1);
	s.flags = TCP_RST;
	in(&f, &s, 0);
	CU_ASSERT_EQUAL(f.t.state, TCP_CLOSED);
	fix_down(&f);
}

/* 5.5: after 24 days TS.Recent is no longer believed: the peer's clock may have wrapped. */
static void
test_24_days(void)
{
	const uint64_t day = 24 * 3600 * TIME_S;
	struct seg s;
	struct fix f;

	up(&f);
	tcp_env_clock(&f.env, f.env.now_ns + 23 * day);
	s = seg(&f, 999);
	in(&f, &s, 100);
	CU_ASSERT_EQUAL(f.t.rcv_nxt, FIX_IRS + 1);
	tcp_env_clock(&f.env, f.env.now_ns + 2 * day);
	s = seg(&f, 999);
	in(&f, &s, 100);
	CU_ASSERT_EQUAL(f.t.rcv_nxt, FIX_IRS + 1 + 100);
	CU_ASSERT_EQUAL(f.t.ts_recent, 999);
	/* And from here on it counts again. */
	fix_flush(&f);
	s = seg(&f, 998);
	in(&f, &s, 100);
	CU_ASSERT_EQUAL(f.t.rcv_nxt, FIX_IRS + 1 + 100);
	tcp_env_clock(&f.env, f.env.now_ns + 20 * day);
	in(&f, &s, 100);
	CU_ASSERT_EQUAL(f.t.rcv_nxt, FIX_IRS + 1 + 100);
	fix_flush(&f);
	fix_down(&f);
}

/* 4.3 (2), the delayed ACK: the timestamp of the earliest segment that isn't acknowledged yet. */
static void
test_echo_delayed(void)
{
	struct seg s;
	struct fix f;

	up(&f);
	s = seg(&f, 1010);
	in(&f, &s, 100);
	CU_ASSERT_EQUAL(f.t.ts_recent, 1010);
	s = seg(&f, 1020); /* before the ACK went */
	in(&f, &s, 100);
	CU_ASSERT_EQUAL(f.t.ts_recent, 1010);
	f.t.flags |= TF_ACK_NOW;
	fix_flush(&f);
	s = seg(&f, 1030);
	in(&f, &s, 100);
	CU_ASSERT_EQUAL(f.t.ts_recent, 1030);
	fix_down(&f);
}

/* 4.3 (2), a hole: that of the last segment in sequence; what fills the hole brings its own. */
static void
test_echo_hole(void)
{
	struct seg s;
	struct fix f;

	up(&f);
	s = seg(&f, 1010);
	in(&f, &s, 100);
	f.t.flags |= TF_ACK_NOW;
	fix_flush(&f);
	s = seg(&f, 1030);
	s.seq += 100;
	in(&f, &s, 100);
	fix_flush(&f);
	CU_ASSERT_EQUAL(f.t.ts_recent, 1010);
	s = seg(&f, 1040);
	in(&f, &s, 100);
	fix_flush(&f);
	CU_ASSERT_EQUAL(f.t.ts_recent, 1040);
	CU_ASSERT_EQUAL(f.t.rcv_nxt, FIX_IRS + 1 + 300);
	/* Delayed behind the hole it filled: older than what is echoed, and a duplicate. */
	s = seg(&f, 1020);
	s.seq -= 200;
	in(&f, &s, 100);
	CU_ASSERT_EQUAL(f.t.ts_recent, 1040);
	fix_flush(&f);
	fix_down(&f);
}

/* What isn't in the window sets nothing (5.3, R2 before R3). */
static void
test_unacceptable(void)
{
	struct seg s;
	struct fix f;

	up(&f);
	s = seg(&f, 5000);
	s.seq += 1 << 24;
	in(&f, &s, 100);
	CU_ASSERT_EQUAL(f.t.ts_recent, 1000);
	s = seg(&f, 5000);
	s.ack = f.t.snd_nxt + 1000; /* of what was never sent */
	in(&f, &s, 100);
	CU_ASSERT_EQUAL(f.t.ts_recent, 1000);
	fix_flush(&f);
	fix_down(&f);
}

/* One tick a millisecond, from the tuple's offset on (5.4), and TS.Recent, in every segment. */
static void
test_sent(void)
{
	struct rte_mbuf *out[4];
	const uint8_t *opt;
	uint32_t val, ecr;
	struct fix f;

	up(&f);
	tcp_env_clock(&f.env, f.env.now_ns + 12345 * TIME_MS);
	CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, 0, 10)), 0);
	CU_ASSERT_EQUAL_FATAL(tcp_output(&f.env, &f.t, &f.path, out, 4), 1);
	opt = rte_pktmbuf_mtod_offset(out[0], const uint8_t *, 14 + 20 + 20);
	CU_ASSERT_EQUAL(memcmp(opt, "\1\1\10\12", 4), 0);
	memcpy(&val, opt + 4, 4);
	memcpy(&ecr, opt + 8, 4);
	CU_ASSERT_EQUAL(rte_be_to_cpu_32(val), (uint32_t)(1012345000 / 1000) + f.t.ts_off);
	CU_ASSERT_EQUAL(rte_be_to_cpu_32(ecr), 1000);
	rte_pktmbuf_free(out[0]);
	fix_down(&f);
}

/* 4: the echo times what was sent again, too; one that can't be of ours times nothing. */
static void
test_rtt(void)
{
	struct seg s;
	struct fix f;

	up(&f);
	fix_send(&f, 1000);
	tcp_env_clock(&f.env, f.env.now_ns + TIME_S);
	tcp_timer(&f.env, &f.t);
	fix_flush(&f);
	tcp_env_clock(&f.env, f.env.now_ns + 30 * TIME_MS);
	s = seg(&f, 1001);
	s.ack = f.t.snd_nxt;
	s.ts_ecr = env_ts(&f.env, &f.t) - 30;
	in(&f, &s, 0);
	CU_ASSERT_EQUAL(f.t.srtt_us, 30000 * 8);
	CU_ASSERT_EQUAL(f.t.backoff, 0);
	fix_down(&f);

	up(&f);
	fix_send(&f, 1000);
	tcp_env_clock(&f.env, f.env.now_ns + TIME_S);
	tcp_timer(&f.env, &f.t);
	fix_flush(&f);
	s = seg(&f, 1001);
	s.ack = f.t.snd_nxt;
	s.ts_ecr = env_ts(&f.env, &f.t) + 7;
	in(&f, &s, 0);
	CU_ASSERT_EQUAL(f.t.srtt_us, 0);
	fix_down(&f);
}

static const struct test_case cases[] = {
	{ "PAWS", test_paws },
	{ "PAWS comes before the ACK", test_paws_before_ack },
	{ "a segment without timestamps", test_missing },
	{ "24 days", test_24_days },
	{ "the echo of a delayed ACK", test_echo_delayed },
	{ "the echo when there is a hole", test_echo_hole },
	{ "what isn't acceptable", test_unacceptable },
	{ "what is sent", test_sent },
	{ "round-trip times", test_rtt },
	{ NULL, NULL },
};
const struct test_suite suite_timestamps = { "timestamps", cases };
