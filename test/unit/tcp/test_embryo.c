/* SPDX-License-Identifier: BSD-3-Clause */
/* test_embryo.c: a peer's handshake under way: what each segment does (RFC 9293, 3.10.7.4). */
#include "fixture.h"

static struct embryo
embryo(struct fix *f, uint8_t opts, uint16_t mss)
{
	struct seg syn = fix_seg(f, TCP_SYN);
	struct embryo e;

	syn.seq = FIX_IRS;
	syn.opts = opts;
	syn.mss = mss;
	syn.wnd = 12345;
	embryo_init(&f->env, &e, &syn);
	return e;
}

/* The SYN-ACK is out, and here comes @p flags at @p seq, @p ack. */
static enum embryo_verdict
in(struct fix *f, struct embryo *e, uint8_t flags, uint32_t seq, uint32_t ack)
{
	struct seg s = fix_seg(f, flags);

	s.seq = seq;
	s.ack = ack;
	e->flags = EF_SENT;
	return embryo_input(&f->env, &f->env.settings.terms, e, &s);
}

static void
test_replies(void)
{
	struct fix f;
	struct embryo e;
	struct tcp_out out;
	uint32_t ts_off;

	fix_up(&f);
	e = embryo(&f, OPT_MSS, 1000);
	CU_ASSERT_NOT_EQUAL(e.flags & EF_SYN_ACK, 0);
	CU_ASSERT_EQUAL(e.iss, tcp_isn(&f.env, &e.key, &ts_off));
	CU_ASSERT_EQUAL(e.ts_off, ts_off);
	CU_ASSERT_EQUAL(e.mss, 1000);
	embryo_reply(&f.env, &f.env.settings.terms, &e, true, &out);
	CU_ASSERT_EQUAL(out.flags, TCP_SYN | TCP_ACK);
	CU_ASSERT_EQUAL(out.seq, e.iss);
	CU_ASSERT_EQUAL(out.ack, FIX_IRS + 1);
	CU_ASSERT_EQUAL(out.sport, f.t.key.lport);
	CU_ASSERT_EQUAL(out.dport, f.t.key.rport);
	CU_ASSERT_EQUAL(out.mss, 1460);
	CU_ASSERT_EQUAL(out.wnd, 65535);
	embryo_reply(&f.env, &f.env.settings.terms, &e, false, &out);
	CU_ASSERT_EQUAL(out.flags, TCP_ACK);
	CU_ASSERT_EQUAL(out.seq, e.iss + 1);
	CU_ASSERT_EQUAL(out.ack, FIX_IRS + 1);
	CU_ASSERT_EQUAL(out.mss, 0);
	e = embryo(&f, 0, 9999); /* without the option there is none */
	CU_ASSERT_EQUAL(e.mss, 0);
	fix_down(&f);
}

static void
test_completed(void)
{
	struct fix f;
	struct embryo e;

	fix_up(&f);
	e = embryo(&f, 0, 0);
	CU_ASSERT_EQUAL(in(&f, &e, TCP_ACK, FIX_IRS + 1, e.iss + 1), EMBRYO_PROMOTE);
	CU_ASSERT_EQUAL(in(&f, &e, TCP_ACK | TCP_FIN, FIX_IRS + 1, e.iss + 1), EMBRYO_PROMOTE);
	/* A hole, but within the window, and the ACK is good. */
	CU_ASSERT_EQUAL(in(&f, &e, TCP_ACK, FIX_IRS + 5000, e.iss + 1), EMBRYO_PROMOTE);
	fix_down(&f);
}

/* "form a reset segment" (fifth step). */
static void
test_bad_ack(void)
{
	struct fix f;
	struct embryo e;

	fix_up(&f);
	e = embryo(&f, 0, 0);
	CU_ASSERT_EQUAL(in(&f, &e, TCP_ACK, FIX_IRS + 1, e.iss), EMBRYO_RST);
	CU_ASSERT_EQUAL(in(&f, &e, TCP_ACK, FIX_IRS + 1, e.iss + 2), EMBRYO_RST);
	CU_ASSERT_EQUAL(in(&f, &e, TCP_ACK, FIX_IRS + 1, e.iss + 1 + (1u << 31)), EMBRYO_RST);
	CU_ASSERT_EQUAL(f.stats.rx_drop_ack, 3);
	fix_down(&f);
}

static void
test_syn_again(void)
{
	struct fix f;
	struct embryo e;

	fix_up(&f);
	e = embryo(&f, 0, 0);
	CU_ASSERT_EQUAL(in(&f, &e, TCP_SYN, FIX_IRS, 0), EMBRYO_KEEP);
	CU_ASSERT_NOT_EQUAL(e.flags & EF_SYN_ACK, 0);
	/* Fourth step: another SYN in the window returns a passive open to LISTEN. */
	CU_ASSERT_EQUAL(in(&f, &e, TCP_SYN, FIX_IRS + 100, 0), EMBRYO_DROP);
	/* First step: outside of it, an ACK. */
	CU_ASSERT_EQUAL(in(&f, &e, TCP_SYN, FIX_IRS - 100, 0), EMBRYO_KEEP);
	CU_ASSERT_EQUAL(e.flags, EF_SENT | EF_ACK);
	fix_down(&f);
}

/* Second step, by RFC 5961, 3.2. */
static void
test_rst(void)
{
	struct fix f;
	struct embryo e;

	fix_up(&f);
	e = embryo(&f, 0, 0);
	CU_ASSERT_EQUAL(in(&f, &e, TCP_RST, FIX_IRS + 1, 0), EMBRYO_DROP);
	CU_ASSERT_EQUAL(in(&f, &e, TCP_RST | TCP_ACK, FIX_IRS + 1, e.iss + 1), EMBRYO_DROP);
	CU_ASSERT_EQUAL(in(&f, &e, TCP_RST, FIX_IRS + 2, 0), EMBRYO_KEEP);
	CU_ASSERT_EQUAL(e.flags, EF_SENT | EF_ACK); /* challenged */
	CU_ASSERT_EQUAL(in(&f, &e, TCP_RST, FIX_IRS, 0), EMBRYO_KEEP);
	CU_ASSERT_EQUAL(e.flags, EF_SENT); /* outside the window: silence */
	CU_ASSERT_EQUAL(in(&f, &e, TCP_RST, FIX_IRS + 1 + 65535, 0), EMBRYO_KEEP);
	CU_ASSERT_EQUAL(e.flags, EF_SENT);
	CU_ASSERT_EQUAL(f.stats.rx_drop_rst, 3);
	fix_down(&f);
}

/* First step: an ACK for what isn't acceptable; fifth: no ACK bit, no effect. */
static void
test_dropped(void)
{
	struct fix f;
	struct embryo e;

	fix_up(&f);
	e = embryo(&f, 0, 0);
	CU_ASSERT_EQUAL(in(&f, &e, TCP_ACK, FIX_IRS, e.iss + 1), EMBRYO_KEEP);
	CU_ASSERT_EQUAL(e.flags, EF_SENT | EF_ACK);
	CU_ASSERT_EQUAL(in(&f, &e, TCP_ACK, FIX_IRS + 1 + 65535, e.iss + 1), EMBRYO_KEEP);
	CU_ASSERT_EQUAL(e.flags, EF_SENT | EF_ACK);
	CU_ASSERT_EQUAL(f.stats.rx_drop_old, 2);
	CU_ASSERT_EQUAL(in(&f, &e, 0, FIX_IRS + 1, 0), EMBRYO_KEEP);
	CU_ASSERT_EQUAL(in(&f, &e, TCP_FIN, FIX_IRS + 1, 0), EMBRYO_KEEP);
	CU_ASSERT_EQUAL(e.flags, EF_SENT);
	CU_ASSERT_EQUAL(f.stats.rx_drop_state, 2);
	fix_down(&f);
}

/* The TCB that it becomes stands where the embryo stood. */
static void
test_promotion(void)
{
	struct fix f;
	struct embryo e;
	struct tcb t = { .generation = 7 };
	struct seg s;

	fix_up(&f);
	e = embryo(&f, OPT_MSS, 1000);
	e.listener = 3;
	tcp_env_clock(&f.env, f.env.now_ns + 50 * TIME_MS);
	tcb_init(&f.env, &t, &e.key, &f.env.settings);
	tcp_open_passive(&f.env, &t, &f.env.settings.terms, &e);
	CU_ASSERT_EQUAL(t.state, TCP_SYN_RECEIVED);
	CU_ASSERT_EQUAL(t.generation, 7);
	CU_ASSERT_EQUAL(t.listener, 3);
	s = fix_seg(&f, TCP_ACK);
	s.seq = FIX_IRS + 1;
	s.ack = e.iss + 1;
	s.wnd = 5000;
	CU_ASSERT_EQUAL(tcp_input(&f.env, &t, &s), REPLY_NONE);
	CU_ASSERT_EQUAL(t.state, TCP_ESTABLISHED);
	CU_ASSERT_EQUAL(t.events, TE_ACCEPTED);
	CU_ASSERT_EQUAL(t.snd_una, e.iss + 1);
	CU_ASSERT_EQUAL(t.snd_nxt, e.iss + 1);
	CU_ASSERT_EQUAL(t.rcv_nxt, FIX_IRS + 1);
	CU_ASSERT_EQUAL(t.snd_wnd, 5000);
	CU_ASSERT_EQUAL(t.mss, 1000);
	CU_ASSERT_EQUAL(tcp_restart_window(&t), 10000);
	CU_ASSERT_EQUAL(tcp_rto_ns(&f.env, &t), 250 * TIME_MS); /* 50 + max(4 25, 200) */
	CU_ASSERT_EQUAL(f.stats.opened_passive, 1);
	fix_down(&f);
}

/* Karn, and RFC 5681, 3.1, when the SYN-ACK went out more than once; 536 B without an MSS option
 * (RFC 9293, 3.7.1). */
static void
test_promotion_after_loss(void)
{
	struct fix f;
	struct embryo e;
	struct tcb t = { 0 };
	struct seg s;

	fix_up(&f);
	e = embryo(&f, 0, 0);
	e.flags |= EF_SENT;
	e.repeated = 1;
	tcp_env_clock(&f.env, f.env.now_ns + 1050 * TIME_MS);
	tcb_init(&f.env, &t, &e.key, &f.env.settings);
	tcp_open_passive(&f.env, &t, &f.env.settings.terms, &e);
	s = fix_seg(&f, TCP_ACK);
	s.seq = FIX_IRS + 1;
	s.ack = e.iss + 1;
	CU_ASSERT_EQUAL(tcp_input(&f.env, &t, &s), REPLY_NONE);
	CU_ASSERT_EQUAL(t.state, TCP_ESTABLISHED);
	CU_ASSERT_EQUAL(t.mss, 536);
	CU_ASSERT_EQUAL(tcp_restart_window(&t), 536);
	CU_ASSERT_EQUAL(tcp_rto_ns(&f.env, &t), 3 * TIME_S);
	fix_down(&f);
}

/* What the SYN offered, each option by itself and all together, and what the SYN-ACK then has. */
static void
test_options(void)
{
	static const uint8_t opts[] = { 0, OPT_WSCALE, OPT_SACK_PERMITTED, OPT_TIMESTAMPS,
		OPT_WSCALE | OPT_SACK_PERMITTED | OPT_TIMESTAMPS };
	static const uint8_t taken[] = { 0, EO_WSCALE | 9, EO_SACK, EO_TIMESTAMPS,
		EO_WSCALE | 9 | EO_SACK | EO_TIMESTAMPS };

	for (unsigned int i = 0; i < RTE_DIM(opts); i++) {
		struct tcp_out out;
		struct embryo e;
		struct seg syn;
		struct fix f;

		fix_up(&f);
		syn = fix_seg(&f, TCP_SYN);
		syn.opts = opts[i];
		syn.wscale = 9;
		syn.ts_val = 0xabcd0123;
		embryo_init(&f.env, &e, &syn);
		CU_ASSERT_EQUAL(e.opts, taken[i]);
		embryo_reply(&f.env, &f.env.settings.terms, &e, true, &out);
		CU_ASSERT_EQUAL(out.opts, opts[i]);
		CU_ASSERT_EQUAL(out.flags, TCP_SYN | TCP_ACK);
		if ((opts[i] & OPT_WSCALE) != 0)
			CU_ASSERT_EQUAL(out.wscale, 7); /* 65,535 * 2^7 is the first above 4 MiB */
		if ((opts[i] & OPT_TIMESTAMPS) != 0) {
			CU_ASSERT_EQUAL(out.ts_ecr, 0xabcd0123);
			CU_ASSERT_EQUAL(out.ts_val, env_now_ms(&f.env) + e.ts_off);
		}
		embryo_reply(&f.env, &f.env.settings.terms, &e, false, &out);
		CU_ASSERT_EQUAL(out.opts, opts[i] & OPT_TIMESTAMPS);
		/* Configured off: not taken, and not answered (RFC 7323, 1.3; RFC 2018, 2). */
		f.env.params.window_scale = f.env.params.sack = f.env.params.timestamps = false;
		tcp_settings_init(&f.env);
		embryo_init(&f.env, &e, &syn);
		CU_ASSERT_EQUAL(e.opts, 0);
		embryo_reply(&f.env, &f.env.settings.terms, &e, true, &out);
		CU_ASSERT_EQUAL(out.opts, 0);
		fix_down(&f);
	}
}

/* RFC 7323, 2.3: a shift above 14 is used as 14. */
static void
test_wide_shift(void)
{
	struct embryo e;
	struct seg syn;
	struct fix f;

	fix_up(&f);
	syn = fix_seg(&f, TCP_SYN);
	syn.opts = OPT_WSCALE;
	syn.wscale = 255;
	embryo_init(&f.env, &e, &syn);
	CU_ASSERT_EQUAL(e.opts, EO_WSCALE | 14);
	fix_down(&f);
}

/* RFC 3168, 6.1.1: an ECN-setup SYN has ECE and CWR, the SYN-ACK that agrees ECE alone. */
static void
test_ecn(void)
{
	static const uint8_t flags[] = { 0, TCP_ECE, TCP_CWR, TCP_ECE | TCP_CWR };

	for (unsigned int i = 0; i < RTE_DIM(flags); i++) {
		bool agreed = flags[i] == (TCP_ECE | TCP_CWR);
		struct tcp_out out;
		struct embryo e;
		struct seg syn;
		struct fix f;

		fix_up(&f);
		syn = fix_seg(&f, TCP_SYN | flags[i]);
		embryo_init(&f.env, &e, &syn);
		CU_ASSERT_EQUAL(e.opts, agreed ? EO_ECN : 0);
		embryo_reply(&f.env, &f.env.settings.terms, &e, true, &out);
		CU_ASSERT_EQUAL(out.flags, TCP_SYN | TCP_ACK | (agreed ? TCP_ECE : 0));
		fix_down(&f);
	}
}

/* The TCB has what the embryo kept; timestamps leave 12 B less for data (RFC 6691, 3). */
static void
test_promotion_options(void)
{
	struct fix f;
	struct embryo e;
	struct tcb t = { 0 };
	struct seg s;

	fix_up(&f);
	s = fix_seg(&f, TCP_SYN | TCP_ECE | TCP_CWR);
	s.seq = FIX_IRS;
	s.opts = OPT_MSS | OPT_WSCALE | OPT_SACK_PERMITTED | OPT_TIMESTAMPS;
	s.mss = 1460;
	s.wscale = 9;
	s.ts_val = 0xfffffff0;
	embryo_init(&f.env, &e, &s);
	tcb_init(&f.env, &t, &e.key, &f.env.settings);
	tcp_open_passive(&f.env, &t, &f.env.settings.terms, &e);
	CU_ASSERT_EQUAL(t.opts, TO_WSCALE | TO_SACK | TO_TIMESTAMPS | TO_ECN);
	CU_ASSERT_EQUAL(t.snd_wscale, 9);
	CU_ASSERT_EQUAL(t.rcv_wscale, 7);
	CU_ASSERT_EQUAL(t.mss, 1448);
	CU_ASSERT_EQUAL(t.ts_recent, 0xfffffff0);
	CU_ASSERT_EQUAL(t.ts_off, e.ts_off);
	s = fix_seg(&f, TCP_ACK);
	s.seq = FIX_IRS + 1;
	s.ack = e.iss + 1;
	s.wnd = 500;
	s.opts = OPT_TIMESTAMPS;
	s.ts_val = 3; /* later: it has wrapped */
	CU_ASSERT_EQUAL(tcp_input(&f.env, &t, &s), REPLY_NONE);
	CU_ASSERT_EQUAL(t.state, TCP_ESTABLISHED);
	CU_ASSERT_EQUAL(t.snd_wnd, 500 << 9);
	CU_ASSERT_EQUAL(t.ts_recent, 3);
	fix_down(&f);
}

/* RFC 7323, 3.2 and 5.3: nobody completes a handshake without the timestamp, or with an old one. */
static void
test_paws(void)
{
	struct embryo e;
	struct seg s;
	struct fix f;

	fix_up(&f);
	s = fix_seg(&f, TCP_SYN);
	s.seq = FIX_IRS;
	s.opts = OPT_TIMESTAMPS;
	s.ts_val = 5000;
	embryo_init(&f.env, &e, &s);
	e.flags = EF_SENT;
	s = fix_seg(&f, TCP_ACK);
	s.seq = FIX_IRS + 1;
	s.ack = e.iss + 1;
	CU_ASSERT_EQUAL(embryo_input(&f.env, &f.env.settings.terms, &e, &s), EMBRYO_KEEP);
	CU_ASSERT_EQUAL(e.flags, EF_SENT);
	s.opts = OPT_TIMESTAMPS;
	s.ts_val = 4999;
	CU_ASSERT_EQUAL(embryo_input(&f.env, &f.env.settings.terms, &e, &s), EMBRYO_KEEP);
	CU_ASSERT_EQUAL(e.flags, EF_SENT | EF_ACK);
	CU_ASSERT_EQUAL(f.stats.rx_drop_paws, 2);
	s.ts_val = 5000;
	CU_ASSERT_EQUAL(embryo_input(&f.env, &f.env.settings.terms, &e, &s), EMBRYO_PROMOTE);
	fix_down(&f);
}

/* The packet, whichever way it is made, is what embryo_reply() says. */
static void
test_packets(void)
{
	struct rte_mbuf *m, *want;
	struct tcp_out out;
	struct seg syn;
	struct fix f;

	fix_up(&f);
	syn = fix_seg(&f, TCP_SYN);
	syn.seq = FIX_IRS;
	syn.wscale = 9;
	syn.ts_val = 0xabcd0123;
	for (unsigned int opts = 0; opts < 256; opts++) {
		bool owed = (opts & 1) != 0;
		struct embryo e;

		syn.opts = (uint8_t)(opts & (OPT_WSCALE | OPT_SACK_PERMITTED | OPT_TIMESTAMPS));
		syn.flags = (opts & 16) != 0 ? TCP_SYN | TCP_ECE | TCP_CWR : TCP_SYN;
		f.path.offload_csum = (opts & 32) != 0;
		f.path.tos = (opts & 64) != 0 ? 0x28 : 0;
		f.path.ttl = (opts & 128) != 0 ? 1 : 64;
		embryo_init(&f.env, &e, &syn);
		e.flags = owed ? EF_SYN_ACK | EF_ACK : EF_ACK;
		m = embryo_emit(&f.env, &f.env.settings.terms, &e, &f.path);
		want = mbufs_get(&f.mbufs);
		CU_ASSERT_TRUE_FATAL(m != NULL && want != NULL);
		embryo_reply(&f.env, &f.env.settings.terms, &e, owed, &out);
		CU_ASSERT_EQUAL((out.flags & TCP_SYN) != 0, owed);
		tcp_emit(want, &f.path, &out);
		CU_ASSERT_EQUAL(m->pkt_len, want->pkt_len);
		CU_ASSERT_EQUAL(m->data_len, want->data_len);
		CU_ASSERT_EQUAL(m->ol_flags, want->ol_flags);
		CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(want, void *),
					want->data_len),
			0);
		mbufs_put(&f.mbufs, m); /* the next ones are what nothing was set of */
		mbufs_put(&f.mbufs, want);
	}
	fix_down(&f);
}

/* There is no mbuf: it is owed still. */
static void
test_no_mbuf(void)
{
	struct rte_mbuf *all[FIX_POOL];
	struct embryo e;
	struct fix f;

	fix_up(&f);
	CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_alloc_bulk(f.pool, all, FIX_POOL), 0);
	for (unsigned int i = 0; i < 2; i++) {
		e = embryo(&f, i == 0 ? 0 : OPT_WSCALE | OPT_SACK_PERMITTED | OPT_TIMESTAMPS, 0);
		CU_ASSERT_PTR_NULL(embryo_emit(&f.env, &f.env.settings.terms, &e, &f.path));
		CU_ASSERT_EQUAL(e.flags, EF_SYN_ACK);
		CU_ASSERT_EQUAL(f.stats.tx_nombuf, i + 1);
	}
	rte_pktmbuf_free_bulk(all, FIX_POOL);
	fix_down(&f);
}

/* With timestamps, if they are good, everything is as it is without. */
static void
test_usual_end(void)
{
	static const uint32_t off[] = { 0, 1, 2, 65534, 65535, 65536, 65537, 1u << 31, UINT32_MAX };
	static const uint32_t ack_off[] = { 0, 1, 2, UINT32_MAX };
	struct thole_stats with, without;
	unsigned int promoted = 0;
	struct fix f;

	fix_up(&f);
	for (unsigned int flags = 0; flags < 256; flags++) {
		for (unsigned int i = 0; i < RTE_DIM(off) * RTE_DIM(ack_off); i++) {
			struct embryo a = embryo(&f, 0, 0), b = embryo(&f, OPT_TIMESTAMPS, 0);
			uint32_t seq = FIX_IRS + off[i % RTE_DIM(off)];
			uint32_t ack = a.iss + ack_off[i / RTE_DIM(off)];
			struct seg s = fix_seg(&f, (uint8_t)flags);
			enum embryo_verdict verdict;

			memset(&f.stats, 0, sizeof(f.stats));
			verdict = in(&f, &a, (uint8_t)flags, seq, ack);
			without = f.stats;
			memset(&f.stats, 0, sizeof(f.stats));
			s.seq = seq;
			s.ack = ack;
			s.opts = OPT_TIMESTAMPS;
			s.ts_val = b.ts_recent + i % 3;
			b.flags = EF_SENT;
			CU_ASSERT_EQUAL(
				embryo_input(&f.env, &f.env.settings.terms, &b, &s), verdict);
			with = f.stats;
			CU_ASSERT_EQUAL(a.flags, b.flags);
			CU_ASSERT_EQUAL(memcmp(&with, &without, sizeof(with)), 0);
			promoted += verdict == EMBRYO_PROMOTE;
		}
	}
	CU_ASSERT_EQUAL(promoted, 32 * 4); /* ACK without SYN and RST; 1, 2, 65,534, 65,535 */
	memset(&f.stats, 0, sizeof(f.stats));
	fix_down(&f);
}

static const struct test_case cases[] = {
	{ "the packet", test_packets },
	{ "no mbuf for it", test_no_mbuf },
	{ "the end of the handshake, with and without timestamps", test_usual_end },
	{ "SYN-ACK and ACK", test_replies },
	{ "the handshake is completed", test_completed },
	{ "an ACK of something else", test_bad_ack },
	{ "another SYN", test_syn_again },
	{ "RST", test_rst },
	{ "what changes nothing", test_dropped },
	{ "becoming a TCB", test_promotion },
	{ "becoming a TCB after a lost SYN-ACK", test_promotion_after_loss },
	{ "the options of the SYN and of the SYN-ACK", test_options },
	{ "a shift above 14", test_wide_shift },
	{ "ECN", test_ecn },
	{ "PAWS", test_paws },
	{ "the options of the TCB that it becomes", test_promotion_options },
	{ NULL, NULL },
};
const struct test_suite suite_embryo = { "embryo", cases };
