/* SPDX-License-Identifier: BSD-3-Clause */
/* test_time_wait.c: what each segment does in TIME-WAIT, as tombstone (RFC 9293, 3.10.7.4; RFC
 * 1337). */
#include "fixture.h"

static struct tombstone
tombstone(struct fix *f)
{
	struct tombstone w = { 0 };

	fix_state(f, TCP_TIME_WAIT);
	tombstone_init(&f->env, &w, &f->t);
	return w;
}

static enum tombstone_verdict
in(struct fix *f, const struct tombstone *w, uint8_t flags, uint32_t seq, uint32_t len)
{
	struct seg s = fix_seg(f, flags);

	s.seq = seq;
	s.ack = w->snd_nxt;
	s.len = len;
	return tombstone_input(&f->env, w, &s);
}

static void
test_made(void)
{
	struct fix f;
	struct tombstone w;

	fix_up(&f);
	w = tombstone(&f);
	CU_ASSERT(flow_eq(&w.key, &f.t.key));
	CU_ASSERT_EQUAL(w.expire_ns, f.env.now_ns + 60 * TIME_S);
	CU_ASSERT_EQUAL(w.snd_nxt, FIX_ISS + 2); /* SYN and FIN */
	CU_ASSERT_EQUAL(w.rcv_nxt, FIX_IRS + 2);
	fix_down(&f);
}

/* "The only thing that can arrive in this state is a retransmission of the remote FIN. Acknowledge
 * it, and restart the 2 MSL timeout." */
static void
test_fin_again(void)
{
	struct fix f;
	struct tombstone w;

	fix_up(&f);
	w = tombstone(&f);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_FIN | TCP_ACK, w.rcv_nxt - 1, 0), TOMBSTONE_RESTART);
	/* With the data before it once more. */
	CU_ASSERT_EQUAL(in(&f, &w, TCP_FIN | TCP_ACK, w.rcv_nxt - 101, 100), TOMBSTONE_RESTART);
	/* Not one that this connection never had. */
	CU_ASSERT_NOT_EQUAL(in(&f, &w, TCP_FIN | TCP_ACK, w.rcv_nxt + 9, 0), TOMBSTONE_RESTART);
	fix_down(&f);
}

/* RFC 1337, 3, F1: no RST ends TIME-WAIT. */
static void
test_rst(void)
{
	struct fix f;
	struct tombstone w;

	fix_up(&f);
	w = tombstone(&f);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_RST, w.rcv_nxt, 0), TOMBSTONE_KEEP);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_RST | TCP_ACK, w.rcv_nxt, 0), TOMBSTONE_KEEP);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_RST | TCP_ACK, w.rcv_nxt + 1000000, 0), TOMBSTONE_KEEP);
	CU_ASSERT_EQUAL(f.stats.rx_drop_rst, 3);
	fix_down(&f);
}

/* RFC 9293, 3.6.1: a SYN beyond all sequence numbers of before may open a new incarnation. */
static void
test_syn(void)
{
	struct fix f;
	struct tombstone w;

	fix_up(&f);
	w = tombstone(&f);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_SYN, w.rcv_nxt + 1, 0), TOMBSTONE_REUSE);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_SYN, w.rcv_nxt + 1000000000, 0), TOMBSTONE_REUSE);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_SYN, w.rcv_nxt - 1, 0), TOMBSTONE_ACK);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_SYN, FIX_IRS, 0), TOMBSTONE_ACK); /* the old one */
	CU_ASSERT_EQUAL(in(&f, &w, TCP_SYN | TCP_ACK, w.rcv_nxt + 1, 0), TOMBSTONE_ACK);
	fix_down(&f);
}

/* First step: "an acknowledgment should be sent in reply" to what isn't acceptable. */
static void
test_unacceptable(void)
{
	struct fix f;
	struct tombstone w;
	struct seg s;

	fix_up(&f);
	w = tombstone(&f);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_ACK, w.rcv_nxt - 500, 100), TOMBSTONE_ACK);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_ACK, w.rcv_nxt - 2, 0), TOMBSTONE_ACK);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_ACK, w.rcv_nxt + 100000, 10), TOMBSTONE_ACK);
	CU_ASSERT_EQUAL(f.stats.rx_drop_old, 3);
	s = fix_seg(&f, TCP_ACK);
	s.ack = w.snd_nxt + 1; /* of what was never sent */
	CU_ASSERT_EQUAL(tombstone_input(&f.env, &w, &s), TOMBSTONE_ACK);
	fix_down(&f);
}

/* An ACK of what is all acknowledged, text from a peer that sent its FIN: nothing to say. */
static void
test_ignored(void)
{
	struct fix f;
	struct tombstone w;

	fix_up(&f);
	w = tombstone(&f);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_ACK, w.rcv_nxt, 0), TOMBSTONE_KEEP);
	CU_ASSERT_EQUAL(in(&f, &w, TCP_ACK, w.rcv_nxt, 10), TOMBSTONE_KEEP);
	CU_ASSERT_EQUAL(in(&f, &w, 0, w.rcv_nxt, 0), TOMBSTONE_KEEP);
	fix_down(&f);
}

static const struct test_case cases[] = {
	{ "what it keeps", test_made },
	{ "FIN again", test_fin_again },
	{ "RST", test_rst },
	{ "SYN", test_syn },
	{ "unacceptable segments", test_unacceptable },
	{ "segments without a meaning", test_ignored },
	{ NULL, NULL },
};
const struct test_suite suite_time_wait = { "time_wait", cases };
