/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_prr.c: Proportional Rate Reduction (RFC 9937, 6) by its own examples: 20 segments in flight,
 * ssthresh 10, one or fifteen of them lost. A segment is one byte here, so that bytes round as the
 * examples' segments do.
 */
#include "fixture.h"

struct ladder {
	struct tcb t;
	struct flight f;
};

static void
up(struct ladder *l)
{
	*l = (struct ladder){ .t.mss = 1, .t.snd_nxt = 20 };
	l->t.ssthresh = 10;
}

/* What cwnd lets go; what is lost first. @return how many. */
static uint32_t
sent(struct ladder *l)
{
	uint32_t pipe = board_pipe(&l->t, &l->f);
	uint32_t n = l->f.cwnd > pipe ? l->f.cwnd - pipe : 0;
	uint32_t again = RTE_MIN(n, l->f.lost);

	l->f.lost -= again;
	l->t.snd_nxt += n - again;
	l->f.prr_out += n;
	return n;
}

/* Two ACKs that limited transmit answers, then @p lost segments are known to be. */
static void
begin(struct ladder *l, uint32_t lost)
{
	up(l);
	l->f.sacked = 3;
	l->t.snd_nxt += 2;
	l->f.lost = lost;
	prr_begin(&l->t, &l->f, l->t.snd_nxt - l->t.snd_una - 2);
}

static void
sack(struct ladder *l, uint32_t expected_pipe, uint32_t expected_sent)
{
	const struct news n = { .delivered = 1, .sacked = 1 };

	CU_ASSERT_EQUAL(board_pipe(&l->t, &l->f), expected_pipe);
	prr_heard(&l->t, &l->f, &n, false);
	CU_ASSERT_EQUAL(sent(l), expected_sent);
}

/* One lost: every second ACK lets one go, down to ssthresh at the end of the round trip. */
static void
test_one_lost(void)
{
	static const uint32_t pipe[] = { 18, 18, 17, 17, 16, 16, 15, 15, 14, 14, 13, 13, 12, 12, 11,
		11, 10 };
	struct ladder l;

	begin(&l, 1);
	for (unsigned int i = 0; i < RTE_DIM(pipe); i++) {
		if (i != 0)
			l.f.sacked++;
		sack(&l, pipe[i], i % 2 == 0 && i != 16 ? 1 : 0);
	}
	CU_ASSERT_EQUAL(board_pipe(&l.t, &l.f), 10);
}

/* Fifteen lost: as many go as arrive, and one more for an ACK that moves and shows no loss. */
static void
test_fifteen_lost(void)
{
	struct ladder l;

	begin(&l, 15);
	sack(&l, 4, 1);
	l.f.sacked++;
	sack(&l, 4, 1);
	l.f.sacked++;
	sack(&l, 4, 1);
	for (uint32_t i = 0; i < 3; i++) { /* the three repetitions arrive */
		const struct news n = { .acked = 1, .delivered = 1 };

		l.t.snd_una++;
		prr_heard(&l.t, &l.f, &n, true);
		CU_ASSERT_EQUAL(sent(&l), 2);
		CU_ASSERT_EQUAL(board_pipe(&l.t, &l.f), 6 + i);
	}
}

/* An ACK that brings nothing lets nothing go; but the fast retransmission goes in any case. */
static void
test_nothing_delivered(void)
{
	const struct news n = { .delivered = 0 };
	struct ladder l;

	begin(&l, 1);
	prr_heard(&l.t, &l.f, &n, false);
	CU_ASSERT_EQUAL(sent(&l), 1);
	for (int i = 0; i < 5; i++) {
		prr_heard(&l.t, &l.f, &n, false);
		CU_ASSERT_EQUAL(sent(&l), 0);
	}
}

/*
 * Whatever gets lost: above ssthresh what goes is in proportion to what arrives, below it never
 * takes the pipe above; and no arithmetic overflows with windows of a gigabyte.
 */
static void
test_random(void)
{
	uint64_t seed = 9937;

	for (int round = 0; round < 500; round++) {
		uint32_t size = round % 2 == 0 ? 20 + prng_below(&seed, 1000) : 1u << 30;
		uint32_t step = RTE_MAX(size / 1000, 1u), all = 0, first = 0;
		struct ladder l = { .t.mss = (uint16_t)step, .t.snd_nxt = size };

		l.t.mss = (uint16_t)RTE_MIN(step, 60000u);
		l.t.ssthresh = RTE_MAX(size / 2, 2u * l.t.mss);
		prr_begin(&l.t, &l.f, size);
		for (int i = 0; i < 300; i++) {
			uint32_t pipe = board_pipe(&l.t, &l.f), room = l.t.snd_nxt - l.f.sacked;
			struct news n = { .delivered = prng_below(&seed, 2 * step + 1) };
			uint64_t share;

			if (n.delivered + l.f.lost >= pipe || room < 4 * step)
				break;
			l.f.sacked += n.delivered;
			if (prng_below(&seed, 10) == 0)
				l.f.lost += prng_below(&seed, step + 1);
			all += n.delivered;
			pipe = board_pipe(&l.t, &l.f);
			prr_heard(&l.t, &l.f, &n, false);
			CU_ASSERT_FATAL(l.f.cwnd >= l.t.mss);
			if (i == 0) {
				first = sent(&l);
				continue;
			}
			sent(&l);
			share = ((uint64_t)all * l.t.ssthresh + size - 1) / size;
			if (pipe > l.t.ssthresh) {
				CU_ASSERT_FATAL(l.f.prr_out <= share + first + l.t.mss);
			} else {
				CU_ASSERT_FATAL(board_pipe(&l.t, &l.f) <=
						RTE_MAX(l.t.ssthresh, (uint32_t)l.t.mss));
			}
		}
	}
}

static const struct test_case cases[] = {
	{ "one segment lost", test_one_lost },
	{ "fifteen segments lost", test_fifteen_lost },
	{ "nothing arrives", test_nothing_delivered },
	{ "bounds hold whatever gets lost", test_random },
	{ NULL, NULL },
};
const struct test_suite suite_prr = { "prr", cases };
