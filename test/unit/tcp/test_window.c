/* SPDX-License-Identifier: BSD-3-Clause */
/* test_window.c: windows (RFC 9293, 3.8.6): the right edge that never goes back, and no silly
 * steps. */
#include "fixture.h"

/* @p n bytes arrive in sequence; the application has them at once. */
static void
arrive(struct fix *f, uint32_t n)
{
	f->t.rcv_nxt += n;
	f->t.rcv_unread += n;
}

static uint32_t
edge(const struct fix *f)
{
	return f->t.rcv_nxt + tcp_rcv_wnd(&f->t);
}

static void
test_initial(void)
{
	struct fix f;

	fix_up(&f);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 65535);
	f.env.params.rcvbuf_bytes = 10000;
	tcp_peer_syn(&f.env, &f.t, FIX_IRS, 1460, 65535);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 10000);
	f.env.params.rcvbuf_bytes = 1 << 20; /* 16 bits have to do until windows are scaled */
	tcp_peer_syn(&f.env, &f.t, FIX_IRS, 1460, 65535);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 65535);
	fix_down(&f);
}

/* 3.8.6.2.2: the edge moves by min(BUFF / 2, MSS) at least. */
static void
test_steps(void)
{
	struct fix f;
	uint32_t before;

	fix_up(&f);
	arrive(&f, 10000);
	before = edge(&f);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 1459), 0);
	tcp_window_advance(&f.env, &f.t);
	CU_ASSERT_EQUAL(edge(&f), before);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 1), 0);
	tcp_window_advance(&f.env, &f.t);
	CU_ASSERT_EQUAL(edge(&f), before + 1460);

	f.env.params.rcvbuf_bytes = 2048;
	f.t.rcv_unread = 0;
	tcp_peer_syn(&f.env, &f.t, FIX_IRS, 1460, 65535);
	arrive(&f, 2048);
	before = edge(&f);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 1023), 0);
	tcp_window_advance(&f.env, &f.t);
	CU_ASSERT_EQUAL(edge(&f), before);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 1), 0);
	tcp_window_advance(&f.env, &f.t);
	CU_ASSERT_EQUAL(edge(&f), before + 1024);
	fix_down(&f);
}

/* A peer that stands before a closed window hears of it as soon as a full segment fits. */
static void
test_update_when_closed(void)
{
	struct fix f;

	fix_up(&f);
	arrive(&f, 65535);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 0);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 1000), 0);
	CU_ASSERT_EQUAL(f.t.flags & TF_ACK_NOW, 0);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 460), 0);
	CU_ASSERT_NOT_EQUAL(f.t.flags & TF_ACK_NOW, 0);
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 1460);
	fix_down(&f);
}

/* With an open window it isn't worth a packet before half the buffer is free again. */
static void
test_update_when_open(void)
{
	struct fix f;
	uint32_t eaten = 0;

	fix_up(&f);
	arrive(&f, 50000);
	while ((f.t.flags & TF_ACK_NOW) == 0 && eaten < 50000) {
		CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 100), 0);
		eaten += 100;
	}
	CU_ASSERT(eaten >= 65535 / 2 && eaten < 65535 / 2 + 100);
	fix_down(&f);
}

/* A peer that has sent its FIN needs no more window. */
static void
test_no_update_after_fin(void)
{
	struct fix f;

	fix_up(&f);
	arrive(&f, 65535);
	f.t.flags |= TF_FIN_RECEIVED;
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 65535), 0);
	CU_ASSERT_EQUAL(f.t.flags & TF_ACK_NOW, 0);
	fix_down(&f);
}

/* The edge never goes back, never lies beyond the buffer, and the window opens when all is read. */
static void
test_random(void)
{
	struct fix f;
	uint64_t seed = 813;

	for (uint32_t buf = 2048; buf <= 131072; buf *= 2) {
		fix_up(&f);
		f.env.params.rcvbuf_bytes = buf;
		tcp_peer_syn(&f.env, &f.t, FIX_IRS, 1460, 65535);
		for (int i = 0; i < 20000; i++) {
			uint32_t before = edge(&f);
			uint32_t cap = RTE_MIN(buf, 65535u);

			if (tcp_rcv_wnd(&f.t) != 0 && prng_below(&seed, 2) != 0)
				arrive(&f, 1 + prng_below(&seed, tcp_rcv_wnd(&f.t)));
			if (prng_below(&seed, 3) != 0)
				tcp_received(&f.env, &f.t, prng_below(&seed, f.t.rcv_unread + 1));
			if (prng_below(&seed, 3) != 0)
				tcp_window_advance(&f.env, &f.t);
			CU_ASSERT_FATAL(seq_geq(edge(&f), before));
			CU_ASSERT_FATAL(tcp_rcv_wnd(&f.t) + f.t.rcv_unread <= cap);
		}
		tcp_received(&f.env, &f.t, f.t.rcv_unread);
		tcp_window_advance(&f.env, &f.t);
		CU_ASSERT(tcp_rcv_wnd(&f.t) >= RTE_MIN(buf, 65535u) - 1460);
		fix_down(&f);
	}
}

/* What may be sent: the smaller of both windows, less what is on its way; never less than none. */
static void
test_snd_room(void)
{
	struct fix f;

	fix_up(&f);
	f.t.cwnd = 10000;
	f.t.snd_wnd = 20000;
	CU_ASSERT_EQUAL(tcp_snd_room(&f.t), 10000);
	f.t.snd_nxt += 4000;
	CU_ASSERT_EQUAL(tcp_snd_room(&f.t), 6000);
	f.t.snd_wnd = 5000;
	CU_ASSERT_EQUAL(tcp_snd_room(&f.t), 1000);
	f.t.snd_wnd = 3000; /* the peer took back what it offered (3.8.6: be prepared) */
	CU_ASSERT_EQUAL(tcp_snd_room(&f.t), 0);
	f.t.snd_wnd = 0;
	CU_ASSERT_EQUAL(tcp_snd_room(&f.t), 0);
	fix_down(&f);
}

static const struct test_case cases[] = {
	{ "offered at the start", test_initial },
	{ "the edge moves in decent steps", test_steps },
	{ "an update when a closed window opens", test_update_when_closed },
	{ "an update when half the buffer is free", test_update_when_open },
	{ "no update after the peer's FIN", test_no_update_after_fin },
	{ "the edge never goes back", test_random },
	{ "room in the peer's window", test_snd_room },
	{ NULL, NULL },
};
const struct test_suite suite_window = { "window", cases };
