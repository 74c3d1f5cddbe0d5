/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recovery.c: what follows from a loss, and from one that wasn't: limited transmit (RFC 3042), PRR
 * (RFC 9937), NewReno (RFC 6582), the retransmission timeout (RFC 6298, RFC 5681), F-RTO (RFC
 * 5682), undo by timestamps (RFC 3522) and by D-SACK (RFC 3708), reneging (RFC 2018, 8), rest (RFC
 * 5681, 4.1) and window validation (RFC 7661). CUBIC's beta is 0.7: of 10 segments 7 are left.
 */
#include "burst.h"
#include "suites.h"

/* RFC 3042, 2: for each of the first two SACKs a new segment, though cwnd is full. */
SCRIPT(limited_transmit)
{
	BEGIN();
	SEND(13000);
	SEGMENTS(100, 10);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 2100 }));
	SEGMENT(10100);
	SILENCE();
	ACKS(100, SACK({ 1100, 3100 }));
	SEGMENT(11100);
	SILENCE();
	ACKS(3100, SACK({ 1100, 3100 })); /* it was only late */
	LAST(12100);
	ACKS(13100);
	STAT(retransmits, 0);
}

/* Not beyond the peer's window. */
SCRIPT(limited_transmit_in_the_window)
{
	BEGIN(.wnd = 10240, .wscale = 10);
	SEND(13000);
	SEGMENTS(100, 10);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 2100 }));
	SILENCE();
	ACKS(100, SACK({ 1100, 3100 }));
	SILENCE();
	ACKS(10100);
	script_drain();
}

/*
 * RFC 9937, 6: one of 10 is lost. RecoverFS 10, ssthresh 7: at first 7 for each 10 that arrive, and
 * once pipe is down to ssthresh one for one.
 */
SCRIPT(prr)
{
	BEGIN();
	SEND(40000);
	SEGMENTS(100, 10);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 2100 }));
	SEGMENT(10100);
	ACKS(100, SACK({ 1100, 3100 }));
	SEGMENT(11100);
	ACKS(100, SACK({ 1100, 4100 }));
	SEGMENT(100); /* pipe 9 */
	SILENCE();
	ACKS(100, SACK({ 1100, 5100 })); /* pipe 8: 2 * 0.7 - 1 is less than a segment */
	SILENCE();
	ACKS(100, SACK({ 1100, 6100 })); /* pipe 7 */
	SILENCE();
	for (uint32_t i = 0; i < 4; i++) {
		ACKS(100, SACK({ 1100, 7100 + i * 1000 }));
		SEGMENT(12100 + i * 1000);
		SILENCE();
	}
	AFTER_MS(100);
	/* Over: cwnd is ssthresh; 4 are on the way. */
	ACKS(12100);
	CHECK(script_tcb()->ssthresh == 7000);
	SEGMENTS(16100, 3);
	SILENCE();
	STAT(fast_retransmits, 1);
	STAT(retransmits, 1);
	STAT(rto_fired, 0);
}

/* 6: half are lost: pipe is at once below ssthresh; what arrives says how much goes (PRR-CRB). */
SCRIPT(prr_heavy_loss)
{
	BEGIN();
	SEND(40000);
	SEGMENTS(100, 10);
	AFTER_MS(100);
	/* 7 of 10 lost, and 3 have come: three may go. */
	ACKS(100, SACK({ 7100, 10100 }));
	SEGMENTS(100, 3);
	SILENCE();
	AFTER_MS(100);
	/* Each that arrives without another loss lets two go (PRR-SSRB). */
	ACKS(1100, SACK({ 7100, 10100 }));
	SEGMENTS(3100, 2);
	SILENCE();
	ACKS(2100, SACK({ 7100, 10100 }));
	SEGMENTS(5100, 2);
	SILENCE();
	STAT(retransmits, 7);
	STAT(rto_fired, 0);
}

/* RFC 6582, 3.2: without SACK an ACK of a part shows the next hole. */
SCRIPT(newreno)
{
	BEGIN(.offer = TSTAMP | WSCALE);
	BURST(100, 8);
	AFTER_MS(100);
	for (int i = 0; i < 2; i++)
		ACKS(100);
	SILENCE();
	ACKS(100);
	SEGMENT(100);
	ACKS(100);
	ACKS(100);
	SILENCE();
	AFTER_MS(100);
	ACKS(4100);
	SEGMENT(4100);
	SILENCE();
	AFTER_MS(100);
	ACKS(8100);
	AFTER_S(5);
	SILENCE();
	STAT(retransmits, 2);
	STAT(fast_retransmits, 1);
	STAT(rto_fired, 0);
}

/* RFC 6582, 4: duplicates of what was made good already begin nothing. */
SCRIPT(newreno_late_duplicates)
{
	BEGIN(.offer = WSCALE, .mss = 1000);
	BURST(100, 6);
	AFTER_MS(100);
	for (int i = 0; i < 3; i++)
		ACKS(100);
	SEGMENT(100);
	AFTER_MS(100);
	ACKS(6100);
	ROUND_TRIP(6100);
	SEND(2000);
	SEGMENT(7100);
	LAST(8100);
	for (int i = 0; i < 3; i++)
		ACKS(7100);
	SEGMENT(7100); /* SND.UNA isn't below recover: it may be a loss (3.2, step 2) */
	ACKS(9100);
	STAT(fast_retransmits, 2);
}

/* RFC 5681, 3.1, RFC 6298: all is lost: one segment, then slow start. */
SCRIPT(timeout_and_slow_start)
{
	BEGIN();
	BURST(100, 8);
	IN_MS(200);
	LAST(7100); /* the probe, lost as well */
	IN_MS(300);
	SEGMENT(100);
	SILENCE();
	AFTER_MS(100);
	ACKS(1100);
	SEGMENTS(1100, 2);
	SILENCE();
	AFTER_MS(100);
	ACKS(2100);
	SEGMENTS(3100, 2);
	SILENCE();
	ACKS(3100);
	SEGMENTS(5100, 2);
	SILENCE();
	AFTER_MS(100);
	ACKS(4100);
	LAST(7100);
	ACKS(8100);
	AFTER_S(10);
	SILENCE();
	STAT(rto_fired, 1);
	STAT(spurious_recoveries, 0);
	CHECK(script_tcb()->ssthresh == 5600);
}

/* RFC 6298, 5.5 and 5.6: and if that is lost, too, after twice as long. */
SCRIPT(timeout_again)
{
	BEGIN();
	BURST(100, 2);
	IN_MS(200);
	LAST(1100);
	for (int ms = 300; ms <= 4800; ms *= 2) {
		IN_MS(ms);
		SEGMENT(100);
		SILENCE();
	}
	ACKS(2100);
	STAT(rto_fired, 5);
}

/* RFC 3522: the first ACK after the timeout echoes the time of the first copy: nothing was lost. */
SCRIPT(eifel_after_timeout)
{
	uint32_t first;

	BEGIN();
	first = CLOCK();
	BURST(100, 10);
	IN_MS(200);
	LAST(9100);
	IN_MS(300);
	SEGMENT(100);
	AFTER_MS(10);
	ACKS(1100, .tsecr = first);
	SILENCE();
	STAT(spurious_recoveries, 1);
	CHECK(script_tcb()->ssthresh == UINT32_MAX);
	for (uint32_t i = 2; i <= 10; i++)
		ACKS(100 + i * 1000, .tsecr = first);
	SILENCE();
	STAT(retransmits, 2); /* the probe and the timeout's */
	/* cwnd is what it was, at least. */
	BURST(10100, 10);
	ACKS(20100);
}

/* The echo of the second copy says that it was needed. */
SCRIPT(no_eifel_of_the_second)
{
	BEGIN();
	BURST(100, 4);
	IN_MS(200);
	LAST(3100);
	IN_MS(300);
	SEGMENT(100);
	AFTER_MS(100);
	ACKS(1100);
	SEGMENTS(1100, 2);
	STAT(spurious_recoveries, 0);
	AFTER_MS(100);
	ACKS(4100);
	STAT(spurious_recoveries, 0);
	CHECK(script_tcb()->ssthresh != UINT32_MAX);
}

/* RFC 3522 in fast recovery: reordered for longer than was thought. */
SCRIPT(eifel_in_recovery)
{
	uint32_t first;

	BEGIN();
	first = CLOCK();
	BURST(100, 10);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 4100 }));
	SEGMENT(100);
	AFTER_MS(5);
	ACKS(4100, .tsecr = first);
	STAT(spurious_recoveries, 1);
	CHECK(script_tcb()->ssthresh == UINT32_MAX);
	SILENCE();
	ACKS(10100, .tsecr = first);
	BURST(10100, 10);
	ACKS(20100);
}

/* RFC 3708: each that went again came twice. */
SCRIPT(undo_by_dsack)
{
	BEGIN(.offer = SACK_OK | WSCALE, .mss = 1000);
	BURST(100, 10);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 4100 }));
	SEGMENT(100);
	AFTER_MS(5);
	ACKS(4100);
	STAT(spurious_recoveries, 0);
	AFTER_MS(95);
	ACKS(9100, SACK({ 100, 1100 }));
	STAT(spurious_recoveries, 1);
	CHECK(script_tcb()->ssthresh == UINT32_MAX);
	ACKS(10100);
	BURST(10100, 10);
	ACKS(20100);
}

/* It comes when the recovery is over. */
SCRIPT(undo_by_late_dsack)
{
	BEGIN(.offer = SACK_OK | WSCALE, .mss = 1000);
	BURST(100, 10);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 4100 }));
	SEGMENT(100);
	AFTER_MS(5);
	ACKS(10100);
	CHECK(script_tcb()->ssthresh != UINT32_MAX);
	AFTER_MS(50);
	ACKS(10100, SACK({ 100, 1100 }));
	STAT(spurious_recoveries, 1);
	CHECK(script_tcb()->ssthresh == UINT32_MAX);
	ROUND_TRIP(10100);
	BURST(11100, 10);
	ACKS(21100);
}

/* One of two that went again came twice: the other was lost, and the window stays down. */
SCRIPT(no_undo_by_half_the_dsacks)
{
	BEGIN(.offer = SACK_OK | WSCALE, .mss = 1000);
	BURST(100, 10);
	AFTER_MS(100);
	ACKS(100, SACK({ 2100, 10100 }));
	SEGMENTS(100, 2);
	AFTER_MS(5);
	ACKS(1100, SACK({ 2100, 10100 }));
	AFTER_MS(95);
	ACKS(1100, SACK({ 100, 1100 }, { 2100, 10100 }));
	ACKS(10100);
	STAT(spurious_recoveries, 0);
	CHECK(script_tcb()->ssthresh != UINT32_MAX);
}

/* RFC 5682, 2.1: after the timeout two ACKs of what wasn't sent again: spurious. */
SCRIPT(frto_spurious)
{
	BEGIN(.offer = WSCALE, .mss = 1000);
	SEND(30000);
	SEGMENTS(100, 10);
	IN_MS(300);
	SEGMENT(100);
	ACKS(1100);
	SEGMENTS(10100, 2); /* step 2b: two new ones */
	SILENCE();
	ACKS(2100);
	STAT(spurious_recoveries, 1);
	CHECK(script_tcb()->ssthresh == UINT32_MAX);
	script_drain();
	for (uint32_t i = 3; i <= 12; i++) {
		ACKS(100 + i * 1000);
		script_drain();
	}
	STAT(retransmits, 1);
}

/* RFC 5682, 2.1, step 3a: a duplicate ACK says that it was needed; slow start goes on with what is
 * lost. */
SCRIPT(frto_needed)
{
	BEGIN(.offer = WSCALE, .mss = 1000);
	SEND(30000);
	SEGMENTS(100, 10);
	IN_MS(300);
	SEGMENT(100);
	AFTER_MS(100);
	ACKS(1100);
	SEGMENTS(10100, 2);
	AFTER_MS(100);
	ACKS(1100);
	SEGMENT(1100);
	script_drain();
	STAT(spurious_recoveries, 0);
	CHECK(script_tcb()->ssthresh == 7000);
}

/* 2.1, step 2a: a duplicate ACK at once. */
SCRIPT(frto_duplicate_first)
{
	BEGIN(.offer = WSCALE, .mss = 1000);
	SEND(30000);
	SEGMENTS(100, 10);
	IN_MS(300);
	SEGMENT(100);
	ACKS(100);
	SILENCE();
	AFTER_MS(100);
	ACKS(1100);
	SEGMENTS(1100, 2);
	SILENCE();
	STAT(spurious_recoveries, 0);
}

/* 3.1, with SACK: the new segments' blocks aren't news of the old ones. */
SCRIPT(frto_sack_needed)
{
	BEGIN(.offer = SACK_OK | WSCALE, .mss = 1000);
	SEND(30000);
	SEGMENTS(100, 10);
	IN_MS(200);
	SEGMENT(10100);
	IN_MS(300);
	SEGMENT(100);
	AFTER_MS(100);
	ACKS(1100);
	SEGMENTS(11100, 2);
	AFTER_MS(100);
	ACKS(1100, SACK({ 11100, 12100 }));
	SEGMENT(1100);
	script_drain();
	STAT(spurious_recoveries, 0);
}

SCRIPT(frto_sack_spurious)
{
	BEGIN(.offer = SACK_OK | WSCALE, .mss = 1000);
	SEND(30000);
	SEGMENTS(100, 10);
	IN_MS(200);
	SEGMENT(10100);
	IN_MS(300);
	SEGMENT(100);
	ACKS(1100);
	SEGMENTS(11100, 2);
	ACKS(2100);
	STAT(spurious_recoveries, 1);
	script_drain();
	CHECK(script_tcb()->ssthresh == UINT32_MAX);
}

/* RFC 8985, 6.3: at a timeout only the first, and what was sent longer ago than RACK.rtt and the
 * reordering window, is taken for lost. */
SCRIPT(timeout_spares_the_young)
{
	BEGIN(.no_delay = true);
	BURST(100, 3);
	IN_MS(200);
	LAST(2100);
	AFTER_MS(250);
	BURST(3100, 1);
	IN_MS(50);
	SEGMENT(100);
	STAT(rto_fired, 1);
	AFTER_MS(20);
	ACKS(3100); /* an echo of what the timeout sent again; 3100 went 70 ms ago */
	SILENCE();
	AFTER_MS(30);
	ACKS(4100);
	STAT(retransmits, 2);
}

/* RFC 6675, 5.1: what is known to have arrived doesn't go again after a timeout. */
SCRIPT(timeout_with_sacks)
{
	BEGIN();
	BURST(100, 5);
	AFTER_MS(100);
	ACKS(100, SACK({ 3100, 5100 }, { 1100, 2100 }));
	SEGMENT(100);
	SEGMENT(2100);
	IN_MS(300);
	SEGMENT(100);
	STAT(rto_fired, 1);
	AFTER_MS(100);
	ACKS(2100, SACK({ 3100, 5100 }));
	SEGMENT(2100);
	AFTER_MS(100);
	ACKS(5100);
	SILENCE();
	STAT(retransmits, 4);
}

/* RFC 2018, 8: what was SACKed and is acknowledged no further was thrown away by the peer. */
SCRIPT(reneging)
{
	BEGIN();
	BURST(100, 5);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 5100 }));
	SEGMENT(100);
	AFTER_MS(100);
	ACKS(1100); /* and nothing of the four */
	SILENCE();
	IN_MS(300);
	SEGMENT(1100);
	STAT(rto_fired, 1);
	AFTER_MS(100);
	ACKS(2100);
	SEGMENTS(2100, 2);
	AFTER_MS(100);
	ACKS(4100);
	LAST(4100);
	AFTER_MS(100);
	ACKS(5100);
	AFTER_S(5);
	SILENCE();
}

/* RFC 6675, 4's rescue isn't needed: a lost tail follows from what arrives after it. */
SCRIPT(tail_lost_in_recovery)
{
	BEGIN();
	BURST(100, 10);
	AFTER_MS(100);
	ACKS(100, SACK({ 1100, 9100 }));
	SEGMENT(100);
	AFTER_MS(100);
	ACKS(9100);
	LAST(9100);
	AFTER_MS(100);
	ACKS(10100);
	STAT(rto_fired, 0);
	STAT(retransmits, 2);
}

/* RFC 5681, 4.1: after a rest of more than an RTO no more than the initial window goes at once. */
SCRIPT(restart_after_idle)
{
	uint32_t sent;

	BEGIN(.wnd = 1 << 20);
	SEND(100000);
	sent = script_drain();
	for (uint32_t acked = 0; acked < 100000;) {
		AFTER_MS(100);
		acked = sent;
		ACKS(100 + acked, .tsecr = CLOCK() - 100);
		sent += script_drain();
	}
	/* No rest: more than ten. */
	SEND(100000);
	CHECK(script_drain() > 10000);
	ACKS(200100, .tsecr = CLOCK());
	script_drain();
	script_drop_events();
}

SCRIPT(restart_after_idle_is_ten)
{
	uint32_t sent;

	BEGIN(.wnd = 1 << 20);
	SEND(100000);
	sent = script_drain();
	for (uint32_t acked = 0; acked < 100000;) {
		AFTER_MS(100);
		acked = sent;
		ACKS(100 + acked, .tsecr = CLOCK() - 100);
		sent += script_drain();
	}
	AFTER_S(2);
	SEND(100000);
	CHECK(script_drain() == 10000);
	script_drop_events();
}

/* A window that was smaller before the rest stays so: min(IW, cwnd). */
SCRIPT(restart_after_a_loss)
{
	BEGIN();
	BURST(100, 4);
	IN_MS(200);
	LAST(3100);
	IN_MS(300);
	SEGMENT(100);
	AFTER_MS(100);
	ACKS(4100, .tsecr = CLOCK() - 100);
	AFTER_S(5);
	SEND(20000);
	CHECK(script_drain() < 5000);
}

/* RFC 7661, 4.1: a window that isn't used isn't grown. */
SCRIPT(not_grown_unused)
{
	BEGIN(.wnd = 1 << 20);
	for (uint32_t i = 0; i < 50; i++) {
		BURST(100 + i * 1000, 1);
		AFTER_MS(100);
		ACKS(1100 + i * 1000);
	}
	SEND(40000);
	CHECK(script_drain() == 10000);
}

/* What the peer's window holds back validates no more than twice of it. */
SCRIPT(not_grown_beyond_the_peers)
{
	uint32_t sent = 0, acked = 0;

	BEGIN(.wnd = 5 << 10, .wscale = 10);
	SEND(60000);
	while ((sent += script_drain()), acked < 60000) {
		AFTER_MS(100);
		acked = sent;
		ACKS(100 + acked, .tsecr = CLOCK() - 100);
	}
	SEND(60000);
	CHECK(script_drain() == 5000);
	ACKS(65100, .wnd = 1 << 20, .tsecr = CLOCK());
	CHECK(script_drain() <= 20000);
	script_drop_events();
}

/* RFC 9293, 3.8.6.1 and RFC 2018: the window closes on what is lost: it is probed, and goes again.
 */
SCRIPT(lost_and_closed)
{
	BEGIN();
	BURST(100, 3);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 0, SACK({ 1100, 3100 }));
	AT();
	script_in(400 * TIME_MS, 380 * TIME_MS);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1);
	ACKS(100, SACK({ 1100, 3100 }));
	SEGMENT(100);
	AFTER_MS(100);
	ACKS(3100);
	AFTER_S(5);
	SILENCE();
}

/* RFC 7323, 4.1: an echo of nothing that we sent times nothing, and breaks nothing. */
SCRIPT(echo_of_nothing)
{
	uint32_t srtt;

	BEGIN();
	BURST(100, 2);
	IN_MS(200);
	LAST(1100);
	IN_MS(300);
	SEGMENT(100);
	AFTER_MS(50);
	srtt = script_tcb()->srtt_us;
	ACKS(2100, .tsecr = CLOCK() + 5000);
	CHECK(script_tcb()->srtt_us == srtt);
	BURST(2100, 2);
	ACKS(4100);
}

static const struct test_case cases[] = {
	{ "limited transmit", limited_transmit },
	{ "limited transmit in the window", limited_transmit_in_the_window },
	{ "PRR", prr },
	{ "PRR, heavy loss", prr_heavy_loss },
	{ "NewReno", newreno },
	{ "NewReno, duplicates after it", newreno_late_duplicates },
	{ "a timeout and slow start", timeout_and_slow_start },
	{ "a timeout again", timeout_again },
	{ "Eifel after a timeout", eifel_after_timeout },
	{ "no Eifel", no_eifel_of_the_second },
	{ "Eifel in recovery", eifel_in_recovery },
	{ "undo by D-SACK", undo_by_dsack },
	{ "undo by a late D-SACK", undo_by_late_dsack },
	{ "no undo by half the D-SACKs", no_undo_by_half_the_dsacks },
	{ "F-RTO: spurious", frto_spurious },
	{ "F-RTO: needed", frto_needed },
	{ "F-RTO: a duplicate first", frto_duplicate_first },
	{ "F-RTO with SACK: needed", frto_sack_needed },
	{ "F-RTO with SACK: spurious", frto_sack_spurious },
	{ "a timeout spares the young", timeout_spares_the_young },
	{ "a timeout with SACKs", timeout_with_sacks },
	{ "reneging", reneging },
	{ "a tail lost in recovery", tail_lost_in_recovery },
	{ "no rest", restart_after_idle },
	{ "a rest", restart_after_idle_is_ten },
	{ "a rest after a loss", restart_after_a_loss },
	{ "not grown unused", not_grown_unused },
	{ "not grown beyond the peer's window", not_grown_beyond_the_peers },
	{ "lost, and the window closed", lost_and_closed },
	{ "an echo of nothing", echo_of_nothing },
	{ NULL, NULL },
};
const struct test_suite suite_recovery = { "recovery", cases };
