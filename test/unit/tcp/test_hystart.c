/* SPDX-License-Identifier: BSD-3-Clause */
/* test_hystart.c: HyStart++ (RFC 9406, 4.2) with its recommended constants (4.3). */
#include "cc_path.h"

/* All up to @p end acknowledged, segment by segment, each with @p rtt_us. */
static void
acks_to(struct cc_path *p, uint32_t end, uint32_t rtt_us)
{
	while (seq_lt(p->t.snd_una, end))
		cc_path_ack(p, RTE_MIN(MSS, end - p->t.snd_una), rtt_us, false);
}

/* The rest of a round of HyStart++'s. */
static void
round_of(struct cc_path *p, uint32_t rtt_us)
{
	acks_to(p, p->f.hystart.window_end, rtt_us);
}

/* A window. */
static void
flight_of(struct cc_path *p, uint32_t rtt_us)
{
	acks_to(p, p->t.snd_nxt, rtt_us);
}

/* Before the first round there is none to compare with. */
static void
up(struct cc_path *p, uint32_t rtt_us)
{
	cc_path_fresh(p, CUBIC, 10, rtt_us);
	round_of(p, rtt_us);
	round_of(p, rtt_us);
}

static bool
css(const struct cc_path *p)
{
	return (p->f.flags & FF_CSS) != 0;
}

/* As long as nothing queues, slow start doubles. */
static void
test_doubles(void)
{
	struct cc_path p;
	uint32_t before;

	for (uint8_t cc = CUBIC; cc <= NEWRENO; cc++) {
		cc_path_fresh(&p, cc, 10, 50000);
		for (int i = 0; i < 10; i++) {
			before = p.f.cwnd;
			flight_of(&p, 50000 + (uint32_t)i % 2 * 3000);
			CU_ASSERT_EQUAL(p.f.cwnd, 2 * before);
			CU_ASSERT(!css(&p));
		}
		CU_ASSERT_EQUAL(p.t.ssthresh, UINT32_MAX);
	}
}

/* L is 8; no bound when output is paced. */
static void
test_limit(void)
{
	struct cc_path p;
	uint32_t before;

	up(&p, 50000);
	before = p.f.cwnd;
	cc_path_ack(&p, 30 * MSS, 50000, false);
	CU_ASSERT_EQUAL(p.f.cwnd, before + 8 * MSS);
	p.f.paced = 1;
	cc_path_ack(&p, 30 * MSS, 50000, false);
	CU_ASSERT_EQUAL(p.f.cwnd, before + 38 * MSS);
}

/* RttThresh: an eighth of the last round's minimum, 4 ms at least, 16 ms at most. */
static void
test_threshold(void)
{
	static const uint32_t rtt_thresh[][2] = { { 100, 4000 }, { 20000, 4000 }, { 32000, 4000 },
		{ 80000, 10000 }, { 128000, 16000 }, { 400000, 16000 } };
	struct cc_path p;

	for (unsigned int i = 0; i < RTE_DIM(rtt_thresh); i++) {
		uint32_t rtt = rtt_thresh[i][0], thresh = rtt_thresh[i][1];

		up(&p, rtt);
		round_of(&p, rtt + thresh - 1);
		CU_ASSERT(!css(&p));
		up(&p, rtt);
		round_of(&p, rtt + thresh);
		CU_ASSERT(css(&p));
	}
}

/* Eight samples, and the smallest of them. */
static void
test_samples(void)
{
	struct cc_path p;

	up(&p, 50000);
	for (int i = 0; i < 7; i++)
		cc_path_ack(&p, MSS, 90000, false);
	cc_path_ack(&p, MSS, 0, false); /* no sample */
	CU_ASSERT(!css(&p));
	cc_path_ack(&p, MSS, 90000, false);
	CU_ASSERT(css(&p));
	up(&p, 50000);
	cc_path_ack(&p, MSS, 51000, false);
	for (int i = 0; i < 20; i++)
		cc_path_ack(&p, MSS, 90000, false);
	CU_ASSERT(!css(&p));
}

/* CSS: a quarter of the growth, five rounds with the one it began in, then ssthresh is cwnd. */
static void
test_css(void)
{
	struct cc_path p;
	uint32_t before;

	up(&p, 50000);
	round_of(&p, 50000);
	for (int i = 0; i < 8; i++)
		cc_path_ack(&p, MSS, 90000, false);
	CU_ASSERT(css(&p));
	before = p.f.cwnd;
	cc_path_ack(&p, 4 * MSS, 90000, false);
	CU_ASSERT_EQUAL(p.f.cwnd, before + MSS);
	cc_path_ack(&p, 30 * MSS, 90000, false);
	CU_ASSERT_EQUAL(p.f.cwnd, before + 3 * MSS);
	/* The rest of this round, which is the first, and the next that go by whole. */
	for (int i = 0; i < 4; i++) {
		uint32_t end = p.f.hystart.window_end;

		acks_to(&p, end - MSS, 90000);
		before = p.f.cwnd;
		cc_path_ack(&p, end - p.t.snd_una, 90000, false);
		CU_ASSERT(css(&p));
		CU_ASSERT_EQUAL(p.t.ssthresh, UINT32_MAX);
		CU_ASSERT(p.f.cwnd > before);
	}
	acks_to(&p, p.f.hystart.window_end - MSS, 90000);
	before = p.f.cwnd;
	CU_ASSERT_EQUAL(p.t.ssthresh, UINT32_MAX);
	cc_path_ack(&p, p.f.hystart.window_end - p.t.snd_una, 90000, false);
	CU_ASSERT_EQUAL(p.t.ssthresh, before);
	CU_ASSERT_EQUAL(p.f.cwnd, before);
	CU_ASSERT(!css(&p));
	flight_of(&p, 90000); /* avoidance */
	CU_ASSERT(p.f.cwnd <= before + 2 * MSS);
}

/* Less than where it began: the delay wasn't ours, slow start goes on and may end as before. */
static void
test_spurious(void)
{
	struct cc_path p;
	uint32_t before;

	up(&p, 50000);
	round_of(&p, 90000);
	round_of(&p, 95000);
	CU_ASSERT(css(&p));
	round_of(&p, 90000); /* not less */
	CU_ASSERT(css(&p));
	round_of(&p, 89999);
	CU_ASSERT(!css(&p));
	before = p.f.cwnd;
	flight_of(&p, 89999);
	CU_ASSERT_EQUAL(p.f.cwnd, 2 * before);
	round_of(&p, 89999);
	round_of(&p, 110000);
	CU_ASSERT(css(&p));
	for (int i = 0; i < 3; i++)
		round_of(&p, 110000);
	CU_ASSERT(css(&p));
	flight_of(&p, 110000);
	CU_ASSERT(!css(&p) && p.t.ssthresh < UINT32_MAX);
}

/* A loss ends it; a later slow start is the plain one (4.3). */
static void
test_loss(void)
{
	struct cc_path p;
	uint32_t before;

	up(&p, 50000);
	round_of(&p, 90000);
	CU_ASSERT(css(&p));
	before = p.f.cwnd;
	cc_path_loss(&p);
	CU_ASSERT(!css(&p));
	tcp_cc_timeout(&p.t, &p.f);
	p.t.snd_nxt = p.t.snd_una + p.f.cwnd;
	CU_ASSERT_EQUAL(p.t.ssthresh, (uint32_t)((uint64_t)before * 7 / 10));
	for (uint32_t rtt = 90000; p.f.cwnd < p.t.ssthresh / 2; rtt += 30000) {
		before = p.f.cwnd;
		flight_of(&p, rtt);
		CU_ASSERT_EQUAL(p.f.cwnd, 2 * before);
	}
}

static const struct test_case cases[] = {
	{ "doubles while nothing queues", test_doubles },
	{ "L", test_limit },
	{ "RttThresh", test_threshold },
	{ "eight samples", test_samples },
	{ "conservative slow start", test_css },
	{ "back to slow start", test_spurious },
	{ "loss", test_loss },
	{ NULL, NULL },
};
const struct test_suite suite_hystart = { "hystart", cases };
