/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_trains.c: trains on the scoreboard: several full segments are one record until something is
 * heard of, or done with, one of them alone. What the peer may say of any byte leaves what it would
 * leave of a record for each segment.
 */
#include <string.h>

#include "fixture.h"
#include "tcp/info.h"

#define MSS	 1448u
#define HALF	 (MSS / 2)
#define WINDOW	 (UINT32_C(1) << 22)
#define SEGS	 20u
#define ANY_WORK 6u /* segments that blocks begin and end in */

static struct flight *
flight(const struct fix *f)
{
	return tcp_flight(&f->env, &f->t);
}

static uint32_t
to_seq(uint32_t pos)
{
	return FIX_ISS + 1 + pos;
}

/* @p n full segments are on the way, and some more wait. */
static void
up(struct fix *f, uint32_t n)
{
	fix_up_with(f, EO_SACK | EO_TIMESTAMPS);
	CU_ASSERT_EQUAL_FATAL(f->t.mss, MSS);
	f->t.snd_wnd = f->t.snd_wnd_max = WINDOW;
	CU_ASSERT_PTR_NOT_NULL_FATAL(tcp_flight_get(&f->env, &f->t));
	flight(f)->cwnd = n * MSS;
	CU_ASSERT_EQUAL_FATAL(fix_send(f, (n + 3) * MSS), n);
	fix_check_board(f);
	CU_ASSERT_EQUAL(board_segs(&f->env), n);
	CU_ASSERT(f->segments.in_use < n / 2);
}

/* The board alone hears of it. */
static struct news
hear(struct fix *f, uint32_t pos, uint32_t left, uint32_t right)
{
	struct seg s = fix_seg(f, TCP_ACK);
	struct news news = { .una = f->t.snd_una, .seg = &s, .fack = flight(f)->fack };

	s.ack = to_seq(pos);
	if (left != right) {
		s.nb_sack = 1;
		s.sack[0] = (struct sack_block){ to_seq(left), to_seq(right) };
		board_sacked(&f->env, &f->t, flight(f), &news);
	}
	if (seq_gt(s.ack, f->t.snd_una)) {
		board_acked(&f->env, &f->t, flight(f), s.ack, &news);
		tcp_snd_acked(&f->t, s.ack);
		f->t.snd_una = s.ack;
	}
	fix_check_board(f);
	return news;
}

/* Whatever is left of it goes. */
static void
down(struct fix *f)
{
	hear(f, f->t.snd_nxt - to_seq(0), 0, 0);
	CU_ASSERT_EQUAL(board_segs(&f->env), 0);
	CU_ASSERT_EQUAL(flight(f)->nb_sacked, 0);
	CU_ASSERT_EQUAL(flight(f)->sacked, 0);
	fix_down(f);
}

/* How many segments are left of those whole ones that end behind @p pos. */
static uint32_t
left_of(uint32_t segs, uint32_t pos)
{
	return segs - pos / MSS;
}

static void
test_acked(void)
{
	for (uint32_t pos = 0; pos <= SEGS * MSS; pos += HALF) {
		struct fix f;
		struct news n;

		up(&f, SEGS);
		n = hear(&f, pos, 0, 0);
		CU_ASSERT_EQUAL(n.delivered, pos);
		CU_ASSERT_EQUAL(n.original, pos >= MSS);
		CU_ASSERT_EQUAL(n.rtt_us != 0, pos >= MSS);
		CU_ASSERT_EQUAL(board_segs(&f.env), left_of(SEGS, pos));
		down(&f);
	}
}

static void
test_sacked(void)
{
	for (uint32_t left = HALF; left < ANY_WORK * MSS; left += HALF) {
		for (uint32_t right = left + HALF; right <= (ANY_WORK + 6) * MSS; right += HALF) {
			uint32_t from = (left + MSS - 1) / MSS, to = right / MSS;
			uint32_t whole = to > from ? to - from : 0;
			struct fix f;
			struct news n;

			up(&f, SEGS);
			n = hear(&f, 0, left, right);
			CU_ASSERT_EQUAL_FATAL(flight(&f)->nb_sacked, whole);
			CU_ASSERT_EQUAL_FATAL(flight(&f)->sacked, whole * MSS);
			CU_ASSERT_EQUAL(n.sacked, whole * MSS);
			CU_ASSERT_EQUAL(n.delivered, whole * MSS);
			CU_ASSERT_EQUAL(board_segs(&f.env), SEGS);
			CU_ASSERT_EQUAL(hear(&f, 0, left, right).delivered, 0);
			for (uint32_t i = flight(&f)->head; i != SLAB_NONE;
				i = board_seg(&f.env, i)->next) {
				const struct tx_seg *g = board_seg(&f.env, i);
				uint32_t at = g->seq - to_seq(0);

				CU_ASSERT_EQUAL_FATAL((g->flags & SEG_SACKED) != 0,
					whole != 0 && at >= from * MSS && at < to * MSS);
			}
			down(&f);
		}
	}
}

static void
test_reneged(void)
{
	struct fix f;

	up(&f, SEGS);
	hear(&f, 0, 3 * MSS, 13 * MSS);
	CU_ASSERT_EQUAL(flight(&f)->nb_sacked, 10);
	board_reneged(&f.env, flight(&f));
	fix_check_board(&f);
	CU_ASSERT_EQUAL(hear(&f, 0, 4 * MSS, 6 * MSS).sacked, 2 * MSS);
	down(&f);
}

/* What it has again it has from the first on, which was sent before the last that it had. */
static void
test_reneged_order(void)
{
	struct fix f;

	up(&f, SEGS);
	flight(&f)->fack = hear(&f, 0, 0, TRAIN_MOST * MSS).fack;
	CU_ASSERT_EQUAL(flight(&f)->fack, to_seq(TRAIN_MOST * MSS));
	CU_ASSERT_EQUAL(flight(&f)->flags & FF_REORDER_SEEN, 0);
	board_reneged(&f.env, flight(&f));
	fix_check_board(&f);
	CU_ASSERT_EQUAL(hear(&f, 0, 0, TRAIN_MOST * MSS).sacked, TRAIN_MOST * MSS);
	CU_ASSERT_NOT_EQUAL(flight(&f)->flags & FF_REORDER_SEEN, 0);
	down(&f);
}

/* One of them alone: the first, the last, and what goes again. */
static void
test_single(void)
{
	struct fix f;
	struct tx_seg *g;

	up(&f, SEGS);
	g = board_last(&f.env, flight(&f));
	fix_check_board(&f);
	CU_ASSERT_EQUAL(g->more, 0);
	CU_ASSERT_EQUAL(g->seq, to_seq((SEGS - 1) * MSS));
	board_lose_first(&f.env, flight(&f));
	fix_check_board(&f);
	CU_ASSERT_EQUAL(flight(&f)->lost, MSS);
	board_lose_first(&f.env, flight(&f)); /* it is already */
	CU_ASSERT_EQUAL(flight(&f)->lost, MSS);
	flight(&f)->cwnd = SEGS * MSS;
	f.t.flags |= TF_OUTPUT;
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	fix_check_board(&f);
	CU_ASSERT_EQUAL(flight(&f)->lost, 0);
	CU_ASSERT_EQUAL(board_seg(&f.env, flight(&f)->head)->flags, SEG_REPEATED);
	CU_ASSERT_EQUAL(board_seg(&f.env, flight(&f)->head)->more, 0);
	board_lose_all(&f.env, flight(&f));
	fix_check_board(&f);
	CU_ASSERT_EQUAL(flight(&f)->lost, SEGS * MSS);
	f.t.flags |= TF_OUTPUT;
	CU_ASSERT_EQUAL(fix_flush(&f), SEGS);
	fix_check_board(&f);
	CU_ASSERT_EQUAL(board_segs(&f.env), SEGS);
	down(&f);
}

/* Of a lost train one fits in cwnd, though it is less than the path takes by now. */
static void
test_one_fits(void)
{
	struct fix f;
	uint32_t lost;

	up(&f, SEGS);
	board_lose(&f.env, flight(&f), board_seg(&f.env, flight(&f)->head));
	lost = flight(&f)->lost;
	CU_ASSERT(lost > 2 * MSS);
	f.t.mss = MSS + HALF;
	flight(&f)->cwnd = SEGS * MSS - lost + MSS - 1;
	f.t.flags |= TF_OUTPUT;
	CU_ASSERT_EQUAL(fix_flush(&f), 0);
	flight(&f)->cwnd++;
	f.t.flags |= TF_OUTPUT;
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	fix_check_board(&f);
	CU_ASSERT_EQUAL(board_seg(&f.env, flight(&f)->head)->len, MSS + HALF);
	CU_ASSERT_EQUAL(flight(&f)->lost, lost - (MSS + HALF));
	down(&f);
}

/* A closed window opens while one train is on the way: that isn't the one segment that probed. */
static void
test_window_opens(void)
{
	struct fix f;

	up(&f, TRAIN_MOST);
	CU_ASSERT_EQUAL_FATAL(flight(&f)->head, flight(&f)->tail);
	f.t.mss = MSS + HALF;
	f.t.snd_wnd = 0;
	f.t.flags |= TF_PERSIST;
	fix_ack(&f, f.t.snd_una, NULL, 0);
	fix_check_board(&f);
	CU_ASSERT_EQUAL(f.t.flags & TF_PERSIST, 0);
	CU_ASSERT_EQUAL(board_seg(&f.env, flight(&f)->head)->len, MSS);
	CU_ASSERT_EQUAL(flight(&f)->lost, TRAIN_MOST * MSS);
	CU_ASSERT_EQUAL(f.t.snd_nxt, to_seq(TRAIN_MOST * MSS));
	down(&f);
}

/* A router speaks of one in the middle. */
static void
test_quoted(void)
{
	struct fix f;

	up(&f, SEGS);
	tcp_path_mtu(&f.env, &f.t, to_seq(4 * MSS + 9), 1000);
	fix_check_board(&f);
	CU_ASSERT_EQUAL(board_segs(&f.env), SEGS);
	CU_ASSERT_EQUAL(flight(&f)->lost, SEGS * MSS); /* all are as large */
	down(&f);

	up(&f, SEGS);
	flight(&f)->acked_most = MSS; /* as large has arrived: it must wait */
	tcp_path_mtu(&f.env, &f.t, to_seq(4 * MSS + 9), 1000);
	fix_check_board(&f);
	CU_ASSERT_EQUAL(flight(&f)->lost, 0);
	for (uint32_t i = flight(&f)->head; i != SLAB_NONE; i = board_seg(&f.env, i)->next) {
		const struct tx_seg *g = board_seg(&f.env, i);

		CU_ASSERT_EQUAL(g->flags, g->seq == to_seq(4 * MSS) ? SEG_TOO_BIG : 0);
		CU_ASSERT(g->flags == 0 || g->more == 0);
	}
	down(&f);
}

/* With no record but those that are promised every segment can still be told from the others. */
static void
test_no_records(void)
{
	struct fix f;

	up(&f, FIX_SEGS);
	CU_ASSERT(board_is_full(&f.env));
	flight(&f)->cwnd = WINDOW;
	f.t.flags |= TF_OUTPUT;
	CU_ASSERT_EQUAL(fix_flush(&f), 0);
	for (uint32_t i = 1; i < FIX_SEGS; i += 2)
		CU_ASSERT_EQUAL_FATAL(hear(&f, 0, i * MSS, (i + 1) * MSS).sacked, MSS);
	CU_ASSERT_EQUAL(f.segments.in_use, FIX_SEGS);
	CU_ASSERT_EQUAL(f.segments.promised, 0);
	CU_ASSERT_EQUAL(flight(&f)->nb_sacked, FIX_SEGS / 2);
	hear(&f, 2 * MSS, 0, 0);
	f.t.flags |= TF_OUTPUT;
	CU_ASSERT_EQUAL(fix_flush(&f), 2);
	CU_ASSERT(board_is_full(&f.env));
	down(&f);
}

/* A path shrinks, and there is no record to split what is too large for it: that goes part by part.
 */
static void
test_no_records_to_split(void)
{
	struct fix f;
	uint32_t left = SEGS * MSS;
	uint16_t mss;

	up(&f, SEGS);
	tcp_path_mtu(&f.env, &f.t, to_seq(9), 1000);
	mss = f.t.mss;
	for (unsigned int rounds = 0; left != 0 && rounds < 2 * SEGS + 1; rounds++) {
		uint32_t una = f.t.snd_una, part;

		f.segments.capacity = f.segments.in_use + f.segments.promised;
		CU_ASSERT_FATAL(board_is_full(&f.env));
		f.t.mss = mss; /* no path is remembered here */
		f.t.flags |= TF_OUTPUT;
		CU_ASSERT_FATAL(fix_flush(&f) != 0 || board_pipe(&f.t, flight(&f)) != 0);
		CU_ASSERT_NOT_EQUAL(tcb_deadline(&f.env, &f.t), TIME_NEVER);
		fix_check_board(&f);
		part = RTE_MIN((uint32_t)f.t.mss, f.t.snd_nxt - una);
		fix_ack(&f, una + part, NULL, 0);
		left -= RTE_MIN(left, part);
	}
	CU_ASSERT_EQUAL(left, 0);
	CU_ASSERT_NOT_EQUAL(f.stats.tx_nosegment, 0);
	f.segments.capacity = FIX_SEGS;
	down(&f);
}

static void
test_counted(void)
{
	struct thole_info info;
	struct fix f;

	up(&f, SEGS);
	hear(&f, 0, 5 * MSS, 9 * MSS);
	board_lose_first(&f.env, flight(&f));
	memset(&info, 0, sizeof(info));
	tcp_info(&f.env, &f.t, &info);
	CU_ASSERT_EQUAL(info.unacked_segs, SEGS);
	CU_ASSERT_EQUAL(info.sacked_segs, 4);
	CU_ASSERT_EQUAL(info.lost_segs, 1);
	CU_ASSERT_EQUAL(info.retrans_segs, 0);
	down(&f);
}

static const struct test_case cases[] = {
	{ "any byte acknowledged", test_acked },
	{ "any block SACKed", test_sacked },
	{ "a peer that reneges", test_reneged },
	{ "order after a peer has reneged", test_reneged_order },
	{ "one of them alone", test_single },
	{ "one of a lost train fits", test_one_fits },
	{ "a window opens", test_window_opens },
	{ "a router's word about one", test_quoted },
	{ "without records", test_no_records },
	{ "without records to split", test_no_records_to_split },
	{ "segments counted", test_counted },
	{ NULL, NULL },
};
const struct test_suite suite_trains = { "trains", cases };
