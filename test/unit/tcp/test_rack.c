/* SPDX-License-Identifier: BSD-3-Clause */
/* test_rack.c: RACK-TLP (RFC 8985): what must be lost (6.2), and the tail loss probe (7). */
#include "fixture.h"

#define MSS   1460u
#define RTT   (40 * TIME_MS)
#define FIRST (FIX_ISS + 1 + MSS) /* of what test cases are about */

/* A round trip of 40 ms is known; then @p n segments have gone, 1 ms apart. */
static void
up(struct fix *f, unsigned int n)
{
	fix_up_with(f, EO_SACK);
	f->t.flags |= TF_NO_DELAY;
	CU_ASSERT_EQUAL(fix_send(f, MSS), 1);
	tcp_env_clock(&f->env, f->env.now_ns + RTT);
	fix_ack(f, FIRST, NULL, 0);
	fix_flush(f);
	CU_ASSERT_EQUAL(f->t.srtt_us, 8 * 40000);
	for (unsigned int i = 0; i < n; i++) {
		if (i != 0)
			tcp_env_clock(&f->env, f->env.now_ns + TIME_MS);
		CU_ASSERT_EQUAL(fix_send(f, MSS), 1);
	}
}

static uint32_t
at(uint32_t n)
{
	return FIRST + n * MSS;
}

/* SND.UNA at segment @p una, and segments @p left up to @p right are SACKed. @return packets. */
static unsigned int
sacked(struct fix *f, uint32_t una, uint32_t left, uint32_t right)
{
	const struct sack_block b = { at(left), at(right) };
	unsigned int n;

	fix_ack(f, at(una), &b, right != left ? 1 : 0);
	n = fix_flush(f);
	fix_check_board(f);
	return n;
}

/* Step 5: three of the later ones have arrived, and no reordering is known: lost at once. */
static void
test_three_sacked(void)
{
	struct fix f;

	up(&f, 8);
	tcp_env_clock(&f.env, f.env.now_ns + RTT - 4 * TIME_MS);
	CU_ASSERT_EQUAL(sacked(&f, 0, 1, 3), 0);
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 0);
	CU_ASSERT(sacked(&f, 0, 1, 4) >= 1);
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 1);
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	fix_down(&f);
}

/* One of the later ones: lost when it is a quarter of the least RTT later than that was. */
static void
test_reordering_window(void)
{
	uint64_t first;
	struct fix f;

	up(&f, 4);
	first = f.env.now_ns - 3 * TIME_MS;
	tcp_env_clock(&f.env, first + TIME_MS + RTT); /* the second took 40 ms */
	CU_ASSERT_EQUAL(sacked(&f, 0, 1, 2), 0);
	CU_ASSERT_EQUAL(fix_flight(&f)->timer, FT_REORDER);
	CU_ASSERT_EQUAL(f.t.rtx_ns, first + RTT + RTT / 4);
	CU_ASSERT_EQUAL(fix_fire(&f), 1);
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	CU_ASSERT_EQUAL(f.stats.rto_fired, 0);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_RECOVERY);
	fix_down(&f);

	/* It comes before that: nothing was lost, and what was seen is reordering. */
	up(&f, 4);
	tcp_env_clock(&f.env, f.env.now_ns + RTT - 2 * TIME_MS);
	sacked(&f, 0, 1, 2);
	tcp_env_clock(&f.env, f.env.now_ns + 2 * TIME_MS);
	CU_ASSERT_EQUAL(sacked(&f, 2, 0, 0), 0);
	CU_ASSERT_EQUAL(f.stats.retransmits, 0);
	CU_ASSERT_NOT_EQUAL(fix_flight(&f)->flags & FF_REORDER_SEEN, 0);
	fix_down(&f);
}

/* Step 4: once reordering was seen, three that overtook are no proof. */
static void
test_reordering_seen(void)
{
	struct fix f;

	up(&f, 8);
	fix_flight(&f)->flags |= FF_REORDER_SEEN;
	tcp_env_clock(&f.env, f.env.now_ns + RTT - 4 * TIME_MS);
	CU_ASSERT_EQUAL(sacked(&f, 0, 1, 4), 0);
	CU_ASSERT_EQUAL(f.stats.retransmits, 0);
	CU_ASSERT_EQUAL(fix_flight(&f)->timer, FT_REORDER);
	CU_ASSERT(fix_fire(&f) >= 1);
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	fix_down(&f);
}

/* What was sent at the same time or later than what arrived isn't lost, however much arrives. */
static void
test_sent_later(void)
{
	struct fix f;

	up(&f, 8);
	tcp_env_clock(&f.env, f.env.now_ns + RTT - 4 * TIME_MS);
	sacked(&f, 0, 1, 4);
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	CU_ASSERT_EQUAL(fix_flight(&f)->lost, 0); /* 4 to 7 are on the way as before */
	tcp_env_clock(&f.env, f.env.now_ns + TIME_MS);
	sacked(&f, 0, 1, 5); /* the repetition is later than all of them */
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	fix_down(&f);
}

/* A repetition that gets lost is found lost by what was sent after it, without a timeout. */
static void
test_lost_repetition(void)
{
	struct fix f;

	up(&f, 8);
	tcp_env_clock(&f.env, f.env.now_ns + RTT - 4 * TIME_MS);
	sacked(&f, 0, 1, 4);
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	tcp_env_clock(&f.env, f.env.now_ns + TIME_MS);
	for (uint32_t i = 5; i <= 8; i++)
		sacked(&f, 0, 1, i);
	CU_ASSERT_EQUAL(fix_send(&f, MSS), 1); /* after the repetition */
	tcp_env_clock(&f.env, f.env.now_ns + RTT);
	sacked(&f, 0, 1, 9);
	CU_ASSERT_EQUAL(f.stats.retransmits, 2);
	CU_ASSERT_EQUAL(f.stats.rto_fired, 0);
	fix_down(&f);
}

/* Step 4: a D-SACK widens the window by a quarter of the least RTT, once a round trip. */
static void
test_dsack_growth(void)
{
	struct fix f;

	up(&f, 4);
	tcp_env_clock(&f.env, f.env.now_ns + RTT);
	CU_ASSERT_EQUAL(fix_flight(&f)->reo_mult, 1);
	for (int i = 0; i < 3; i++) {
		const struct sack_block b = { FIRST - MSS, FIRST };

		fix_ack(&f, at(0), &b, 1);
		CU_ASSERT_EQUAL(fix_flight(&f)->reo_mult, 2);
	}
	fix_ack(&f, at(4), NULL, 0);
	fix_send(&f, 4 * MSS);
	tcp_env_clock(&f.env, f.env.now_ns + RTT);
	fix_ack(&f, at(6), &(struct sack_block){ at(0), at(1) }, 1);
	CU_ASSERT_EQUAL(fix_flight(&f)->reo_mult, 3);
	fix_flush(&f);
	fix_down(&f);
}

/* 7.2: PTO = 2 SRTT, and 40 ms more for one segment alone; 7.3: the last segment once more. */
static void
test_probe(void)
{
	for (unsigned int n = 1; n <= 2; n++) {
		uint64_t pto = 2 * RTT + (n == 1 ? 40 * TIME_MS : 0), last;
		struct fix f;

		up(&f, n);
		last = f.env.now_ns;
		CU_ASSERT_EQUAL(fix_flight(&f)->timer, FT_PROBE);
		CU_ASSERT_EQUAL(f.t.rtx_ns, last + pto);
		CU_ASSERT_EQUAL(fix_fire(&f), 1);
		CU_ASSERT_EQUAL(f.stats.tail_probes, 1);
		CU_ASSERT_EQUAL(f.stats.rto_fired, 0);
		CU_ASSERT_EQUAL(f.t.snd_nxt, at(n));
		CU_ASSERT_EQUAL(fix_flight(&f)->timer, FT_RTO); /* one probe, then the RTO */
		CU_ASSERT_EQUAL(fix_fire(&f), 1);
		CU_ASSERT_EQUAL(f.stats.rto_fired, 1);
		fix_down(&f);
	}
}

/* 7.3: new data instead, if there is any and the peer's window takes it; cwnd is no hindrance. */
static void
test_probe_new_data(void)
{
	struct fix f;

	up(&f, 2);
	fix_flight(&f)->cwnd = 2 * MSS;
	CU_ASSERT_EQUAL(fix_send(&f, MSS), 0);
	CU_ASSERT_EQUAL(fix_fire(&f), 1);
	CU_ASSERT_EQUAL(f.stats.tail_probes, 1);
	CU_ASSERT_EQUAL(f.stats.retransmits, 0);
	CU_ASSERT_EQUAL(f.t.snd_nxt, at(3));
	fix_down(&f);
}

/* A path was out for so long that times of 32 bits have come round: losses are seen as ever. */
static void
test_long_outage(void)
{
	uint64_t sent;
	struct fix f;

	up(&f, 6);
	f.env.params.give_up_ns = TIME_NEVER / 2;
	sent = f.env.now_ns;
	do
		fix_fire(&f);
	while (f.env.now_ns - sent < 40 * 60 * TIME_S);
	tcp_env_clock(&f.env, f.env.now_ns + RTT);
	fix_flight(&f)->cwnd = 10 * MSS;
	CU_ASSERT_EQUAL(sacked(&f, 1, 0, 0), 5);
	tcp_env_clock(&f.env, f.env.now_ns + RTT);
	CU_ASSERT_EQUAL(sacked(&f, 1, 2, 5), 1);
	fix_down(&f);
}

/*
 * A delay of the path ends: what was sent long ago arrives together with what went again just now.
 * Its round trip is what the reordering timer goes by, but the RTO is due long before.
 */
static void
test_late_originals(void)
{
	uint64_t sent;
	struct fix f;

	up(&f, 6);
	sent = f.env.now_ns;
	do /* the probe, and timeouts */
		fix_fire(&f);
	while (f.env.now_ns - sent < 3 * TIME_S);
	tcp_env_clock(&f.env, f.env.now_ns + RTT);
	CU_ASSERT_EQUAL(sacked(&f, 1, 0, 0), 2);
	tcp_env_clock(&f.env, f.env.now_ns + RTT + TIME_MS);
	sacked(&f, 1, 2, 6);
	CU_ASSERT(fix_flight(&f)->rack_rtt_us > 3000000);
	CU_ASSERT_NOT_EQUAL(fix_flight(&f)->timer, FT_REORDER);
	CU_ASSERT(f.t.rtx_ns <= f.env.now_ns + tcp_rto_ns(&f.env, &f.t));
	CU_ASSERT(fix_fire(&f) >= 1);
	fix_down(&f);
}

/*
 * 7.4.2: all is acknowledged after a probe that repeated the last segment: with a D-SACK both
 * copies came, else the probe repaired a loss, and the window comes down for it.
 */
static void
test_probe_outcome(void)
{
	for (int dsack = 0; dsack < 2; dsack++) {
		struct fix f;

		up(&f, 8);
		CU_ASSERT_EQUAL(fix_fire(&f), 1);
		tcp_env_clock(&f.env, f.env.now_ns + RTT);
		if (dsack != 0)
			fix_ack(&f, at(8), &(struct sack_block){ at(7), at(8) }, 1);
		else
			fix_ack(&f, at(8), NULL, 0);
		fix_send(&f, MSS);
		fix_ack(&f, at(9), NULL, 0);
		CU_ASSERT_EQUAL(f.t.ssthresh == UINT32_MAX, dsack != 0);
		CU_ASSERT_EQUAL(fix_flight(&f)->flags & FF_TLP_OUT, 0);
		CU_ASSERT_EQUAL(f.stats.rto_fired, 0);
		fix_flush(&f);
		fix_down(&f);
	}
}

static const struct test_case cases[] = {
	{ "three segments overtook", test_three_sacked },
	{ "the reordering window", test_reordering_window },
	{ "once reordering was seen", test_reordering_seen },
	{ "what was sent later isn't lost", test_sent_later },
	{ "a repetition that gets lost", test_lost_repetition },
	{ "D-SACKs widen the window", test_dsack_growth },
	{ "tail loss probe", test_probe },
	{ "after an outage of 40 minutes", test_long_outage },
	{ "originals that come late", test_late_originals },
	{ "a probe with new data", test_probe_new_data },
	{ "what became of the probe", test_probe_outcome },
	{ NULL, NULL },
};
const struct test_suite suite_rack = { "rack", cases };
