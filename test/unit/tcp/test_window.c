/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_window.c: windows (RFC 9293, 3.8.6): the right edge that never goes back, no silly steps,
 * window scale (RFC 7323, 2), and the buffer that grows with what the application takes.
 */
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

/* From the peer's SYN on again, with this bound of the buffer. */
static void
again(struct fix *f, uint32_t buf)
{
	const struct peer_syn syn = { .irs = FIX_IRS,
		.mss = 1460,
		.wnd = 65535,
		.opts = (f->t.opts & TO_WSCALE) != 0 ? EO_WSCALE : 0 };

	f->env.params.rcvbuf_bytes = buf;
	tcp_settings_init(&f->env);
	f->t.rcv_log = 0;
	f->t.rcv_unread = 0;
	tcp_peer_syn(&f->env, &f->t, &f->env.settings.terms, &syn);
	tcp_window_advance(&f->env, &f->t); /* as before the first ACK */
	tcp_window_tune_start(&f->env, &f->t);
}

static void
up(struct fix *f, uint32_t buf)
{
	fix_up(f);
	f->t.opts |= TO_WSCALE;
	again(f, buf);
}

static void
test_initial(void)
{
	struct fix f;

	up(&f, 65535);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 65535);
	CU_ASSERT_EQUAL(tcp_rcv_wnd_field(&f.t, false), 65535);
	again(&f, 10000);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 10000);
	CU_ASSERT_EQUAL(tcp_rcv_wnd_field(&f.t, true), 10000);
	f.t.opts &= (uint8_t)~TO_WSCALE; /* 16 bits have to do */
	again(&f, 1 << 20);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 65535);
	CU_ASSERT_EQUAL(tcp_rcv_wnd_field(&f.t, false), 65535);
	f.t.opts |= TO_WSCALE;
	again(&f, 1 << 20);
	CU_ASSERT_EQUAL(f.t.rcv_wscale, 5);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 262144); /* not all at once */
	CU_ASSERT_EQUAL(tcp_rcv_wnd_field(&f.t, false), 262144 >> 5);
	CU_ASSERT_EQUAL(tcp_rcv_wnd_field(&f.t, true), 65535); /* RFC 7323, 2.2 */
	f.t.rcv_nxt = f.t.rcv_adv = 0; /* nobody knows yet whether it will be scaled */
	tcp_open_active(&f.env, &f.t, &f.env.settings.terms);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 65535);
	CU_ASSERT_EQUAL(tcp_rcv_wnd_field(&f.t, true), 65535);
	f.t.state = TCP_ESTABLISHED;
	again(&f, 65535);
	fix_down(&f);
}

/* RFC 7323, 2.3: the least shift that the buffer needs, 14 at most. */
static void
test_wscale(void)
{
	static const struct {
		uint32_t buf;
		uint8_t shift;
	} ways[] = { { 2048, 0 }, { 65535, 0 }, { 65536, 1 }, { 131070, 1 }, { 131071, 2 },
		{ 1 << 20, 5 }, { 4 << 20, 7 }, { 65535u << 13, 13 }, { (65535u << 13) + 1, 14 },
		{ 65535u << 14, 14 }, { UINT32_MAX, 14 } };

	for (unsigned int i = 0; i < RTE_DIM(ways); i++)
		CU_ASSERT_EQUAL(tcp_rcv_wscale(ways[i].buf), ways[i].shift);
}

/* 3.8.6.2.2: the edge moves by min(BUFF / 2, MSS) at least. */
static void
test_steps(void)
{
	struct fix f;
	uint32_t before;

	up(&f, 65535);
	arrive(&f, 10000);
	before = edge(&f);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 1459), 0);
	tcp_window_advance(&f.env, &f.t);
	CU_ASSERT_EQUAL(edge(&f), before);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 1), 0);
	tcp_window_advance(&f.env, &f.t);
	CU_ASSERT_EQUAL(edge(&f), before + 1460);

	again(&f, 2048);
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

	up(&f, 65535);
	arrive(&f, 65535);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 0);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 1000), 0);
	CU_ASSERT_EQUAL(f.t.flags & TF_ACK_NOW, 0);
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 460), 0);
	CU_ASSERT_NOT_EQUAL(f.t.flags & TF_ACK_NOW, 0);
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 1460);
	again(&f, 65535u << 14); /* closed is what the peer takes for closed */
	arrive(&f, 262144 - 10000);
	CU_ASSERT_EQUAL(tcp_rcv_wnd_field(&f.t, false), 0);
	f.t.flags = 0;
	CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, 30000), 0);
	CU_ASSERT_NOT_EQUAL(f.t.flags & TF_ACK_NOW, 0);
	fix_down(&f);
}

/* With an open window it isn't worth a packet before half the buffer is free again. */
static void
test_update_when_open(void)
{
	struct fix f;
	uint32_t eaten = 0;

	up(&f, 65535);
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

	up(&f, 65535);
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
		f.t.opts &= (uint8_t)~TO_WSCALE;
		again(&f, buf);
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

/* The edge that the peer computes from a header that goes out now. */
static uint32_t
peer_edge(struct fix *f)
{
	tcp_window_advance(&f->env, &f->t);
	return f->t.rcv_nxt + ((uint32_t)tcp_rcv_wnd_field(&f->t, false) << f->t.rcv_wscale);
}

/*
 * Scaled: rcv_adv is what the peer computed, and doesn't go back whatever the sizes, while the
 * application reads; what is offered and unread never exceeds the buffer by more than rounding may.
 */
static void
test_rounding(void)
{
	uint64_t seed = 7323;

	for (uint8_t shift = 1; shift <= 14; shift++) {
		uint32_t unit = 1u << shift, buf = RTE_MIN(65535u << shift, 262144u);
		uint32_t most = buf + RTE_MAX(buf / 16, unit);
		uint32_t last, least = UINT32_MAX;
		struct fix f;

		up(&f, 65535u << shift);
		CU_ASSERT_EQUAL(f.t.rcv_wscale, shift);
		last = peer_edge(&f);
		CU_ASSERT_EQUAL(last, f.t.rcv_adv);
		for (int i = 0; i < 20000; i++) {
			uint32_t n = 1 + prng_below(&seed, prng_below(&seed, 8) != 0 ? 100 : 5000);
			uint32_t now;

			arrive(&f, RTE_MIN(n, tcp_rcv_wnd(&f.t)));
			if (prng_below(&seed, 3) != 0)
				tcp_received(&f.env, &f.t, f.t.rcv_unread);
			else
				tcp_received(&f.env, &f.t, f.t.rcv_unread / 2);
			now = peer_edge(&f);
			/* Units as large as what is unread can't but go back, by less than one. */
			CU_ASSERT_FATAL(
				seq_geq(now, last) || (shift > 10 && seq_gt(now + unit, last)));
			last = seq_max(now, last);
			CU_ASSERT_EQUAL(last, f.t.rcv_adv);
			CU_ASSERT(f.t.rcv_unread + tcp_rcv_wnd(&f.t) <= most);
			least = RTE_MIN(least, tcp_rcv_wnd(&f.t));
		}
		CU_ASSERT(least < buf || shift > 10);
		fix_down(&f);
	}
}

/* Nobody reads: whatever the peer's segments, the window closes, and what was offered is taken. */
static void
test_closes(void)
{
	for (uint8_t shift = 0; shift <= 14; shift++) {
		for (uint32_t size = 1; size <= 3000; size = size * 3 + 1) {
			uint32_t buf = RTE_MIN(65535u << shift, 262144u);
			uint32_t most = buf + RTE_MAX(buf / 16, 1u << shift), furthest;
			struct fix f;

			up(&f, shift == 0 ? 65535 : 65535u << shift);
			furthest = peer_edge(&f);
			while (tcp_rcv_wnd_field(&f.t, false) != 0) {
				uint32_t offered = (uint32_t)tcp_rcv_wnd_field(&f.t, false)
						   << shift;

				arrive(&f, RTE_MIN(size, offered));
				furthest = seq_max(furthest, peer_edge(&f));
				CU_ASSERT_FATAL(f.t.rcv_unread <= most);
				CU_ASSERT_FATAL(seq_geq(f.t.rcv_adv, furthest));
			}
			/* All is read: it opens again, and the peer hears of it. */
			f.t.flags = 0;
			CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, f.t.rcv_unread), 0);
			CU_ASSERT_NOT_EQUAL(f.t.flags & TF_ACK_NOW, 0);
			CU_ASSERT(seq_gt(peer_edge(&f), furthest));
			fix_down(&f);
		}
	}
}

/* A link of @p rtt_ms; the peer has always more to send, as much as it may. */
struct bulk {
	struct fix f;
	uint32_t rtt_ms;
	uint32_t edge;	/* that the peer knows */
	uint32_t ecr;	/* that it echoes */
	uint32_t share; /* of what is there the application takes 1 of so many; 0: nothing */
};

static void
bulk_up(struct bulk *b, uint32_t bound, uint8_t opts)
{
	fix_up(&b->f);
	b->f.t.opts |= TO_WSCALE | opts;
	b->f.t.ts_off = UINT32_C(0xfffff000);
	b->f.t.srtt_us = 0;
	again(&b->f, bound);
	b->edge = peer_edge(&b->f);
	b->ecr = env_now_ms(&b->f.env) + b->f.t.ts_off;
	b->share = 1;
}

/* One round trip. @return how much the peer could send. */
static uint32_t
bulk_round(struct bulk *b)
{
	struct tcb *t = &b->f.t;
	uint32_t all = b->edge - t->rcv_nxt;

	tcp_env_clock(&b->f.env, b->f.env.now_ns + b->rtt_ms * TIME_MS);
	while (t->rcv_nxt != b->edge) {
		struct seg s = fix_seg(&b->f, TCP_ACK);
		uint32_t bytes;

		s.len = RTE_MIN(1448u, b->edge - t->rcv_nxt);
		s.m = fix_bytes(&b->f, s.seq, s.len);
		if ((t->opts & TO_TIMESTAMPS) != 0) {
			s.opts = OPT_TIMESTAMPS;
			s.ts_val = t->ts_recent;
			s.ts_ecr = b->ecr;
		}
		CU_ASSERT_EQUAL(tcp_input(&b->f.env, t, &s), REPLY_NONE);
		rte_pktmbuf_free(s.m);
		rte_pktmbuf_free(tcp_rcv_take(&b->f.env, t, &bytes));
		if (b->share != 0)
			tcp_received(&b->f.env, t, t->rcv_unread / b->share);
	}
	b->edge = peer_edge(&b->f);
	b->ecr = env_now_ms(&b->f.env) + t->ts_off;
	return all;
}

/* With timestamps: the window doubles each round trip, in time with slow start, up to the bound. */
static void
test_tuning(void)
{
	static const uint32_t rtts[] = { 1, 7, 20, 1000, 4000 };

	for (unsigned int i = 0; i < RTE_DIM(rtts); i++) {
		static struct bulk b;
		uint32_t was = 262144;

		b.rtt_ms = rtts[i];
		bulk_up(&b, 4 << 20, TO_TIMESTAMPS);
		CU_ASSERT_EQUAL(bulk_round(&b), 262144);
		for (int k = 0; k < 8; k++) {
			uint32_t wnd = bulk_round(&b);

			CU_ASSERT(wnd >= was && wnd <= 2 * was + 128);
			was = wnd;
		}
		CU_ASSERT_EQUAL(b.edge - b.f.t.rcv_nxt, 4 << 20);
		b.share = 0; /* never taken back */
		bulk_round(&b);
		bulk_round(&b);
		CU_ASSERT_EQUAL(b.f.t.rcv_log, 22);
		fix_down(&b.f);
	}
}

/* Without: by the round trip that our own data has shown, or by a second. */
static void
test_tuning_without_timestamps(void)
{
	static struct bulk b;

	b.rtt_ms = 20;
	bulk_up(&b, 1 << 20, 0);
	b.f.t.srtt_us = 19 * 1000 * 8;
	for (int k = 0; k < 10; k++)
		bulk_round(&b);
	CU_ASSERT_EQUAL(b.edge - b.f.t.rcv_nxt, 1 << 20);
	fix_down(&b.f);

	b.rtt_ms = 60; /* longer than it was: not within a round trip */
	bulk_up(&b, 1 << 20, 0);
	b.f.t.srtt_us = 19 * 1000 * 8;
	bulk_round(&b);
	CU_ASSERT_EQUAL(b.edge - b.f.t.rcv_nxt, 262144);
	fix_down(&b.f);

	b.rtt_ms = 20;
	bulk_up(&b, 1 << 20, 0);
	for (int k = 0; k < 49; k++)
		bulk_round(&b);
	CU_ASSERT_EQUAL(b.edge - b.f.t.rcv_nxt, 262144);
	for (int k = 0; k < 4 * 50; k++)
		bulk_round(&b);
	CU_ASSERT_EQUAL(b.edge - b.f.t.rcv_nxt, 1 << 20);
	fix_down(&b.f);
}

/* Who doesn't keep up, has little to read or meets others' needs for memory gets no more. */
static void
test_no_tuning(void)
{
	static struct bulk b;

	b.rtt_ms = 20;
	bulk_up(&b, 4 << 20, TO_TIMESTAMPS);
	b.share = 0;
	for (int k = 0; k < 20; k++) {
		bulk_round(&b);
		/* A third of the buffer in a round trip. */
		tcp_received(&b.f.env, &b.f.t, RTE_MIN(b.f.t.rcv_unread, 20000u));
		b.edge = peer_edge(&b.f);
	}
	CU_ASSERT(b.f.t.rcv_log <= 16);
	fix_down(&b.f);

	bulk_up(&b, 4 << 20, TO_TIMESTAMPS);
	for (int k = 0; k < 20; k++) {
		b.edge = b.f.t.rcv_nxt + 20000; /* all it has */
		bulk_round(&b);
	}
	CU_ASSERT(b.f.t.rcv_log <= 16);
	fix_down(&b.f);

	bulk_up(&b, 4 << 20, TO_TIMESTAMPS);
	b.f.stats.mbufs_held += FIX_POOL / 4 + 1;
	for (int k = 0; k < 20; k++)
		bulk_round(&b);
	CU_ASSERT(b.f.t.rcv_log <= 16);
	b.f.stats.mbufs_held -= FIX_POOL / 4 + 1;
	bulk_round(&b);
	bulk_round(&b);
	CU_ASSERT(b.f.t.rcv_log > 16);
	fix_down(&b.f);
}

/* What may be sent: the smaller of both windows, less what is on its way; never less than none. */
static void
test_snd_room(void)
{
	struct flight *fl;
	struct fix f;

	fix_up(&f);
	CU_ASSERT_EQUAL(fix_send(&f, 2 * 1460), 2);
	fl = tcp_flight(&f.env, &f.t);
	fl->cwnd = 10000;
	f.t.snd_wnd = 20000;
	CU_ASSERT_EQUAL(fix_send(&f, 30000), 4);
	CU_ASSERT_EQUAL(
		f.t.snd_nxt - f.t.snd_una, 6 * 1460); /* no part of a segment for the rest */
	fl->cwnd = 50000;
	f.t.flags |= TF_OUTPUT;
	CU_ASSERT_EQUAL(fix_flush(&f), 7);
	CU_ASSERT_EQUAL(f.t.snd_nxt - f.t.snd_una, 13 * 1460);
	f.t.snd_wnd = 3000; /* the peer took back what it offered (3.8.6: be prepared) */
	f.t.flags |= TF_OUTPUT;
	CU_ASSERT_EQUAL(fix_flush(&f), 0);
	f.t.snd_wnd = 0;
	f.t.flags |= TF_OUTPUT;
	CU_ASSERT_EQUAL(fix_flush(&f), 0);
	CU_ASSERT_EQUAL(f.t.snd_nxt - f.t.snd_una, 13 * 1460);
	fix_down(&f);
}

static const struct test_case cases[] = {
	{ "offered at the start", test_initial },
	{ "window scale by the buffer", test_wscale },
	{ "the edge moves in decent steps", test_steps },
	{ "an update when a closed window opens", test_update_when_closed },
	{ "an update when half the buffer is free", test_update_when_open },
	{ "no update after the peer's FIN", test_no_update_after_fin },
	{ "the edge never goes back", test_random },
	{ "nor when it is rounded", test_rounding },
	{ "the window closes when nobody reads", test_closes },
	{ "the buffer grows with timestamps", test_tuning },
	{ "the buffer grows without timestamps", test_tuning_without_timestamps },
	{ "the buffer doesn't grow for nothing", test_no_tuning },
	{ "room in the peer's window", test_snd_room },
	{ NULL, NULL },
};
const struct test_suite suite_window = { "window", cases };
