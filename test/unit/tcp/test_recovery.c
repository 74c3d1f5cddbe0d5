/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_recovery.c: what a sender does when it is told of losses by a peer without SACK: limited
 * transmit (RFC 3042), fast retransmit (RFC 5681), NewReno (RFC 6582) with PRR (RFC 9937),
 * timeouts, and finding out that nothing was lost (RFC 5682, RFC 3522); and ECN (RFC 3168).
 */
#include "fixture.h"

#define MSS 1460u

/* Ten segments are on their way, as cwnd has it, and more wait. */
static void
up(struct fix *f, uint8_t opts)
{
	fix_up_with(f, opts);
	CU_ASSERT_EQUAL_FATAL(fix_send(f, 60 * MSS), 10);
	tcp_env_clock(&f->env, f->env.now_ns + 50 * TIME_MS);
}

/* @return packets that went in answer. */
static unsigned int
dupacks(struct fix *f, unsigned int n)
{
	unsigned int sent = 0;

	while (n-- > 0) {
		fix_ack(f, f->t.snd_una, NULL, 0);
		sent += fix_flush(f);
		fix_check_board(f);
	}
	return sent;
}

static unsigned int
ack(struct fix *f, uint32_t bytes)
{
	unsigned int sent;

	fix_ack(f, f->t.snd_una + bytes, NULL, 0);
	sent = fix_flush(f);
	fix_check_board(f);
	return sent;
}

/* RFC 3042; RFC 5681, 3.2: two new segments, then the third duplicate sends the first again. */
static void
test_fast_retransmit(void)
{
	struct fix f;

	up(&f, 0);
	CU_ASSERT_EQUAL(dupacks(&f, 1), 1);
	CU_ASSERT_EQUAL(dupacks(&f, 1), 1);
	CU_ASSERT_EQUAL(fix_flight(&f)->cwnd, 10 * MSS); /* "MUST NOT change cwnd" */
	CU_ASSERT_EQUAL(f.stats.retransmits, 0);
	CU_ASSERT_EQUAL(dupacks(&f, 1), 1);
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 1);
	CU_ASSERT_EQUAL(f.t.ssthresh, 5 * MSS); /* equation 4, without limited transmit's two */
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_RECOVERY);
	CU_ASSERT_EQUAL(fix_flight(&f)->recover, f.t.snd_nxt);
	fix_down(&f);
}

/* PRR: fewer segments go than arrive, until ssthresh are in flight. */
static void
test_reduction(void)
{
	struct fix f;

	up(&f, 0);
	dupacks(&f, 3);
	CU_ASSERT_EQUAL(dupacks(&f, 1), 0);
	CU_ASSERT(dupacks(&f, 5) < 4);
	CU_ASSERT_EQUAL(board_pipe(&f.t, fix_flight(&f)), 5 * MSS);
	CU_ASSERT_EQUAL(dupacks(&f, 2), 2); /* from here on one for one */
	CU_ASSERT_EQUAL(board_pipe(&f.t, fix_flight(&f)), 5 * MSS);
	CU_ASSERT_EQUAL(f.t.ssthresh, 5 * MSS);
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 1);
	fix_down(&f);
}

/* New data acknowledged in between: three in a row count, not three in all. */
static void
test_dupacks_in_a_row(void)
{
	struct fix f;

	up(&f, 0);
	for (int i = 0; i < 5; i++) {
		dupacks(&f, 2);
		ack(&f, MSS);
	}
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 0);
	CU_ASSERT_EQUAL(f.stats.retransmits, 0);
	fix_down(&f);
}

/* RFC 5681, 2: what isn't a duplicate, by each of its conditions. */
static void
test_no_dupacks(void)
{
	struct seg s;
	struct fix f;

	up(&f, 0);
	for (int i = 0; i < 5; i++) {
		s = fix_seg(&f, TCP_ACK);
		s.wnd = (uint16_t)(60000 + i); /* news of the window */
		tcp_input(&f.env, &f.t, &s);
		s = fix_seg(&f, TCP_ACK);
		s.m = fix_bytes(&f, 0, 10); /* text of the peer's */
		s.len = 10;
		tcp_input(&f.env, &f.t, &s);
		rte_pktmbuf_free(s.m);
	}
	CU_ASSERT_EQUAL(fix_flight(&f)->dupacks, 0);
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 0);
	fix_down(&f);

	fix_up(&f);
	dupacks(&f, 5); /* nothing is outstanding */
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 0);
	CU_ASSERT(!tcb_owes(&f.t));
	fix_down(&f);
}

/* Equation 4's floor: 2 SMSS. */
static void
test_small_flight(void)
{
	struct fix f;

	fix_up(&f);
	CU_ASSERT_EQUAL(fix_send(&f, 3 * MSS), 3);
	dupacks(&f, 3);
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 1);
	CU_ASSERT_EQUAL(f.t.ssthresh, 2 * MSS);
	fix_down(&f);
}

/* RFC 6582, 3.2, step 3: a partial ACK sends the next hole at once, and recovery goes on. */
static void
test_partial_ack(void)
{
	struct fix f;

	up(&f, 0);
	dupacks(&f, 9);
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	CU_ASSERT(ack(&f, 4 * MSS) >= 1);
	CU_ASSERT_EQUAL(f.stats.retransmits, 2);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_RECOVERY);
	CU_ASSERT(ack(&f, 3 * MSS) >= 1);
	CU_ASSERT_EQUAL(f.stats.retransmits, 3);
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 1);
	CU_ASSERT_EQUAL(f.t.ssthresh, 5 * MSS);
	fix_down(&f);
}

/* All that was out at the loss is acknowledged: cwnd is ssthresh (RFC 9937, 6.2), and no burst. */
static void
test_full_ack(void)
{
	struct fix f;

	up(&f, 0);
	dupacks(&f, 9);
	fix_ack(&f, fix_flight(&f)->recover, NULL, 0);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_OPEN);
	/* All of what this ACK speaks of was counted before: no growth by more than a segment. */
	CU_ASSERT(fix_flight(&f)->cwnd >= 5 * MSS && fix_flight(&f)->cwnd <= 6 * MSS);
	fix_flush(&f);
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	fix_check_board(&f);
	fix_down(&f);
}

/* RFC 5681, 3.1: equation 4, one segment; held constant while the same segment times out again. */
static void
test_timeout(void)
{
	struct fix f;

	up(&f, 0);
	for (unsigned int i = 1; i <= 6; i++) {
		CU_ASSERT_EQUAL(fix_fire(&f), 1);
		CU_ASSERT_EQUAL(f.stats.rto_fired, i);
		CU_ASSERT_EQUAL(f.stats.retransmits, i);
		CU_ASSERT_EQUAL(fix_flight(&f)->cwnd, MSS);
		CU_ASSERT_EQUAL(f.t.ssthresh, 5 * MSS);
		CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_LOSS);
	}
	fix_down(&f);
}

/* A segment sent since, that times out for the first time, is a new loss: equation 4 again. */
static void
test_timeout_of_another(void)
{
	struct fix f;

	up(&f, 0);
	fix_fire(&f);
	CU_ASSERT_EQUAL(f.t.ssthresh, 5 * MSS);
	ack(&f, 10 * MSS);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_OPEN);
	CU_ASSERT(f.t.snd_nxt - f.t.snd_una <= 3 * MSS);
	fix_fire(&f);
	CU_ASSERT_EQUAL(f.t.ssthresh, 2 * MSS);
	CU_ASSERT_EQUAL(fix_flight(&f)->cwnd, MSS);
	fix_down(&f);
}

/* RFC 6582, 3.2, step 2 and section 4: no second halving for what was lost before the timeout. */
static void
test_no_fast_retransmit_after_timeout(void)
{
	struct fix f;

	up(&f, 0);
	fix_fire(&f);
	ack(&f, MSS);
	dupacks(&f, 5);
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 0);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_LOSS);
	CU_ASSERT_EQUAL(f.t.ssthresh, 5 * MSS);
	fix_ack(&f, f.t.snd_nxt, NULL, 0);
	CU_ASSERT(fix_flush(&f) > 0);
	dupacks(&f, 3); /* a loss of its own */
	CU_ASSERT_EQUAL(f.stats.fast_retransmits, 1);
	fix_down(&f);
}

/* After a timeout the repair goes in slow start, until all that was out is acknowledged. */
static void
test_repair_after_timeout(void)
{
	struct fix f;
	unsigned int rounds = 0;

	up(&f, 0);
	fix_fire(&f);
	dupacks(&f, 1); /* F-RTO: something was lost */
	while (seq_lt(f.t.snd_una, FIX_ISS + 1 + 10 * MSS)) {
		CU_ASSERT_FATAL(rounds++ < 10);
		CU_ASSERT(ack(&f, MSS) >= 1); /* each repairs one */
	}
	CU_ASSERT_EQUAL(f.stats.retransmits, 10);
	CU_ASSERT_EQUAL(f.stats.rto_fired, 1);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_OPEN);
	fix_down(&f);
}

/*
 * RFC 5682, 3.1: the ACKs that come after a timeout acknowledge what wasn't sent again: only late.
 * Everything is as it was.
 */
static void
test_spurious_timeout(void)
{
	struct fix f;

	up(&f, 0);
	CU_ASSERT_EQUAL(fix_fire(&f), 1);
	CU_ASSERT_EQUAL(ack(&f, MSS), 2); /* step 2b: two new segments */
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_LOSS);
	ack(&f, MSS);
	CU_ASSERT_EQUAL(f.stats.retransmits, 1);
	CU_ASSERT_EQUAL(f.stats.spurious_recoveries, 1);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_OPEN);
	CU_ASSERT_EQUAL(fix_flight(&f)->lost, 0);
	CU_ASSERT_EQUAL(f.t.ssthresh, UINT32_MAX);
	CU_ASSERT(fix_flight(&f)->cwnd >= 10 * MSS);
	fix_down(&f);
}

/*
 * Where no undo is possible a spurious timeout is no loss all the same, but nothing comes back: in
 * CWR the window came down for the peer's echo, and another algorithm's memory isn't this one's.
 */
static void
test_spurious_timeout_in_cwr(void)
{
	struct seg s;
	struct fix f;

	up(&f, EO_ECN);
	s = fix_seg(&f, TCP_ACK | TCP_ECE);
	s.wnd = 65535;
	s.ack = f.t.snd_una + MSS;
	tcp_input(&f.env, &f.t, &s);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_CWR);
	fix_flush(&f);
	fix_fire(&f);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_LOSS);
	ack(&f, MSS);
	ack(&f, MSS);
	CU_ASSERT_EQUAL(f.stats.spurious_recoveries, 1);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_OPEN);
	CU_ASSERT_EQUAL(fix_flight(&f)->lost, 0);
	CU_ASSERT(f.t.ssthresh >= 2 * MSS);
	CU_ASSERT(f.t.ssthresh <= 5 * MSS);
	fix_down(&f);
}

static void
test_spurious_timeout_of_another_cc(void)
{
	struct fix f;

	up(&f, 0);
	fix_fire(&f);
	CU_ASSERT_EQUAL(ack(&f, MSS), 2);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_CC, THOLE_CC_CUBIC), 0);
	ack(&f, MSS);
	CU_ASSERT_EQUAL(f.stats.spurious_recoveries, 1);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_OPEN);
	CU_ASSERT_EQUAL(fix_flight(&f)->lost, 0);
	CU_ASSERT_EQUAL(f.t.ssthresh, 5 * MSS);
	CU_ASSERT_EQUAL(fix_flight(&f)->cubic.w_max, 0);
	CU_ASSERT_EQUAL(fix_flight(&f)->cubic.cwnd_prior, 0);
	fix_down(&f);
}

/*
 * The window closes on what a timeout took for lost, and opens with the word that nothing was: what
 * is on the way is so still, and fills the window, so nothing is sent that would start the timer.
 */
static void
test_undo_as_the_window_opens(void)
{
	struct seg s;
	struct fix f;

	up(&f, EO_SACK);
	while (f.stats.rto_fired == 0)
		fix_fire(&f);
	s = fix_seg(&f, TCP_ACK);
	s.ack = f.t.snd_una + MSS;
	s.wnd = 0;
	tcp_input(&f.env, &f.t, &s);
	fix_flush(&f);
	CU_ASSERT_NOT_EQUAL(f.t.flags & TF_PERSIST, 0);
	s = fix_seg(&f, TCP_ACK);
	s.ack = f.t.snd_una;
	s.wnd = (uint16_t)(f.t.snd_nxt - f.t.snd_una);
	s.opts = OPT_SACK;
	s.nb_sack = 1;
	s.sack[0] = (struct sack_block){ f.t.snd_una - MSS, f.t.snd_una };
	fix_flight(&f)->undo_retrans = 1; /* of the copies that went, this was the last */
	tcp_input(&f.env, &f.t, &s);
	CU_ASSERT_EQUAL(fix_flush(&f), 0);
	CU_ASSERT_EQUAL(f.stats.spurious_recoveries, 1);
	CU_ASSERT_EQUAL(fix_flight(&f)->lost, 0);
	CU_ASSERT_NOT_EQUAL(f.t.rtx_ns, TIME_NEVER);
	fix_down(&f);
}

/* Step 3a: a duplicate instead: the loss was real. */
static void
test_real_timeout(void)
{
	struct fix f;

	up(&f, 0);
	fix_fire(&f);
	CU_ASSERT_EQUAL(ack(&f, MSS), 2);
	dupacks(&f, 1);
	CU_ASSERT_EQUAL(f.stats.spurious_recoveries, 0);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_LOSS);
	CU_ASSERT(fix_flight(&f)->cwnd <= 3 * MSS);
	dupacks(&f, 1); /* both new segments have arrived: the repair goes on without a timeout */
	CU_ASSERT(f.stats.retransmits >= 2);
	fix_down(&f);
}

/* RFC 3522: the ACK echoes the timestamp of the first copy: it was only late. */
static void
test_undo_by_timestamp(void)
{
	struct fix f;

	for (uint32_t late = 0; late < 2; late++) {
		uint32_t first, mss;
		struct seg s;

		up(&f, EO_TIMESTAMPS);
		mss = f.t.mss;
		CU_ASSERT_EQUAL(mss, 1448);
		first = env_ts(&f.env, &f.t) - 50;
		dupacks(&f, 3);
		CU_ASSERT_EQUAL(f.stats.fast_retransmits, 1);
		tcp_env_clock(&f.env, f.env.now_ns + 10 * TIME_MS);
		s = fix_seg(&f, TCP_ACK);
		s.wnd = 65535;
		s.ack = f.t.snd_una + mss;
		s.ts_ecr = late != 0 ? first : env_ts(&f.env, &f.t) - 10;
		tcp_input(&f.env, &f.t, &s);
		CU_ASSERT_EQUAL(f.stats.spurious_recoveries, late);
		CU_ASSERT_EQUAL(fix_flight(&f)->phase, late != 0 ? FP_OPEN : FP_RECOVERY);
		CU_ASSERT_EQUAL(f.t.ssthresh, late != 0 ? UINT32_MAX : 5 * mss);
		if (late != 0)
			CU_ASSERT(fix_flight(&f)->cwnd >= 10 * mss);
		fix_flush(&f);
		fix_check_board(&f);
		fix_down(&f);
	}
}

/* RFC 3168, 6.1.2: as for a loss, once a window; CWR with the next new data; nothing goes again. */
static void
test_ecn(void)
{
	struct seg s;
	struct fix f;

	up(&f, EO_ECN);
	for (int i = 0; i < 4; i++) {
		s = fix_seg(&f, TCP_ACK | TCP_ECE);
		s.ack = f.t.snd_una + MSS;
		tcp_input(&f.env, &f.t, &s);
		CU_ASSERT_EQUAL(f.stats.ecn_reductions, 1);
		CU_ASSERT_EQUAL(f.t.ssthresh, 5 * MSS);
		if (i == 0) {
			CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_CWR);
			CU_ASSERT_NOT_EQUAL(f.t.opts & TO_CWR, 0);
		}
		fix_flush(&f);
		fix_check_board(&f);
	}
	CU_ASSERT_EQUAL(f.t.opts & TO_CWR, 0);
	CU_ASSERT_EQUAL(f.stats.retransmits, 0);
	fix_ack(&f, f.t.snd_nxt, NULL, 0);
	CU_ASSERT_EQUAL(fix_flight(&f)->phase, FP_OPEN);
	fix_down(&f);
}

/*
 * Whatever comes, the records agree with each other; cwnd stays at one segment or more, ssthresh at
 * two; what is in flight is within the peer's window; something is timed as long as it is.
 */
static void
test_random(void)
{
	uint64_t seed = 5681;
	struct fix f;

	for (unsigned int round = 0; round < 8; round++) {
		fix_up_with(&f, (round & 1) != 0 ? EO_TIMESTAMPS : 0);
		f.env.params.cc = f.t.cc = round / 2 % 2 & 1u;
		for (int i = 0; i < 6000 && f.t.state != TCP_CLOSED; i++) {
			uint32_t out = f.t.snd_nxt - f.t.snd_una;

			tcp_env_clock(&f.env, f.env.now_ns + prng_below(&seed, 20) * TIME_MS);
			if (f.t.snd_end - f.t.snd_nxt < 20000 && prng_below(&seed, 4) != 0)
				tcp_send(&f.env, &f.t,
					fix_bytes(&f, f.t.snd_end, 1 + prng_below(&seed, 9000)));
			switch (prng_below(&seed, round < 4 ? 3 : 12)) {
			case 0:
				fix_ack(&f,
					f.t.snd_una + prng_below(&seed, RTE_MIN(out, 6000u) + 1),
					NULL, 0);
				break;
			case 1:
				fix_ack(&f, f.t.snd_una, NULL, 0);
				break;
			case 2:
				if (prng_below(&seed, 30) == 0 && f.t.rtx_ns != TIME_NEVER)
					tcp_env_clock(&f.env, RTE_MAX(f.env.now_ns, f.t.rtx_ns));
				break;
			default:
				fix_ack(&f, f.t.snd_una + RTE_MIN(out, 2 * MSS), NULL, 0);
				break;
			}
			tcp_timer(&f.env, &f.t);
			fix_flush(&f);
			fix_check_board(&f);
			CU_ASSERT_FATAL(f.t.snd_nxt - f.t.snd_una <= f.t.snd_wnd);
			CU_ASSERT_FATAL(f.t.ssthresh >= 2u * f.t.mss);
			CU_ASSERT_FATAL(f.t.snd_nxt == f.t.snd_una || f.t.rtx_ns != TIME_NEVER);
			if (tcp_flight(&f.env, &f.t) != NULL)
				CU_ASSERT_FATAL(fix_flight(&f)->cwnd >= f.t.mss &&
						fix_flight(&f)->cwnd <= UINT32_C(1) << 30);
		}
		CU_ASSERT_EQUAL(f.t.state, TCP_ESTABLISHED);
		fix_down(&f);
	}
}

static const struct test_case cases[] = {
	{ "limited transmit and fast retransmit", test_fast_retransmit },
	{ "the window comes down in proportion", test_reduction },
	{ "duplicates count in a row", test_dupacks_in_a_row },
	{ "what is no duplicate", test_no_dupacks },
	{ "ssthresh is two segments at least", test_small_flight },
	{ "partial ACK", test_partial_ack },
	{ "full ACK", test_full_ack },
	{ "timeout", test_timeout },
	{ "timeout of a later segment", test_timeout_of_another },
	{ "no fast retransmit for a window that timed out", test_no_fast_retransmit_after_timeout },
	{ "repair after a timeout", test_repair_after_timeout },
	{ "a timeout that was spurious", test_spurious_timeout },
	{ "a spurious timeout in CWR", test_spurious_timeout_in_cwr },
	{ "a spurious timeout, and another algorithm", test_spurious_timeout_of_another_cc },
	{ "taken back as the window opens", test_undo_as_the_window_opens },
	{ "a timeout that wasn't", test_real_timeout },
	{ "undo by timestamps", test_undo_by_timestamp },
	{ "ECN", test_ecn },
	{ "bounds hold in any order of events", test_random },
	{ NULL, NULL },
};
const struct test_suite suite_recovery = { "recovery", cases };
