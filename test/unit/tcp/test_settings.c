/* SPDX-License-Identifier: BSD-3-Clause */
/* test_settings.c: the options' ranges, and the profiles that connections share. */
#include <errno.h>

#include "fixture.h"
#include "tcp/scoreboard.h"

#define HOUR (3600 * TIME_S)

static const struct {
	enum thole_option option;
	uint64_t least, most;
} ranges[] = {
	{ THOLE_OPT_USER_TIMEOUT, 0, 65534 * TIME_S },
	{ THOLE_OPT_NO_DELAY, 0, 1 },
	{ THOLE_OPT_KEEPALIVE, 0, 1 },
	{ THOLE_OPT_KEEPALIVE_IDLE, TIME_S, 24 * HOUR },
	{ THOLE_OPT_KEEPALIVE_INTERVAL, TIME_MS, HOUR },
	{ THOLE_OPT_KEEPALIVE_PROBES, 1, 255 },
	{ THOLE_OPT_TTL, 1, 255 },
	{ THOLE_OPT_DSCP, 0, 63 },
	{ THOLE_OPT_CC, 0, THOLE_CC_COUNT - 1 },
	{ THOLE_OPT_PACING, 0, 1 },
	{ THOLE_OPT_SOFT_ERRORS, 0, 1 },
	{ THOLE_OPT_SNDBUF, 4096, 1 << 30 },
	{ THOLE_OPT_RCVBUF, 4096, 1 << 30 },
	{ THOLE_OPT_MSS, 88, 65495 },
};

/* As they were set, to be compared. */
static struct tcb
without_clock(const struct fix *f)
{
	struct tcb t = f->t;

	t.flags &= (uint16_t)~TF_OUTPUT;
	t.life_ns = 0;
	return t;
}

static void
test_ranges(void)
{
	struct fix f;

	fix_up(&f);
	for (unsigned int i = 0; i < RTE_DIM(ranges); i++) {
		struct tcb before, after;

		CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, ranges[i].option, ranges[i].least), 0);
		CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, ranges[i].option, ranges[i].most), 0);
		before = without_clock(&f);
		if (ranges[i].least != 0)
			CU_ASSERT_EQUAL(
				tcp_set(&f.env, &f.t, ranges[i].option, ranges[i].least - 1),
				-EINVAL);
		CU_ASSERT_EQUAL(
			tcp_set(&f.env, &f.t, ranges[i].option, ranges[i].most + 1), -EINVAL);
		CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, ranges[i].option, UINT64_MAX - 1), -EINVAL);
		CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, ranges[i].option,
					ranges[i].most + (UINT64_C(1) << 32)),
			-EINVAL);
		after = without_clock(&f);
		CU_ASSERT_EQUAL(memcmp(&before, &after, sizeof(before)), 0);
	}
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, (enum thole_option)0, 0), -EINVAL);
	CU_ASSERT_EQUAL(
		tcp_set(&f.env, &f.t, (enum thole_option)(THOLE_OPT_COUNTERS + 1), 0), -EINVAL);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_USER_TIMEOUT, THOLE_NEVER), 0);
	CU_ASSERT_EQUAL(f.t.user_timeout_s, USER_TIMEOUT_NEVER);
	fix_down(&f);
}

/* Each value arrives where it belongs, and nothing else changes. */
static void
test_values(void)
{
	const struct tcp_profile *p;
	struct fix f;

	fix_up(&f);
	tcp_set(&f.env, &f.t, THOLE_OPT_KEEPALIVE_IDLE, 11 * TIME_S);
	tcp_set(&f.env, &f.t, THOLE_OPT_KEEPALIVE_INTERVAL, 12 * TIME_S);
	tcp_set(&f.env, &f.t, THOLE_OPT_KEEPALIVE_PROBES, 13);
	tcp_set(&f.env, &f.t, THOLE_OPT_TTL, 14);
	tcp_set(&f.env, &f.t, THOLE_OPT_DSCP, 15);
	tcp_set(&f.env, &f.t, THOLE_OPT_SOFT_ERRORS, 1);
	p = &f.env.profiles[f.t.profile];
	CU_ASSERT_EQUAL(p->keepalive_ns, 11 * TIME_S);
	CU_ASSERT_EQUAL(p->keepalive_interval_ns, 12 * TIME_S);
	CU_ASSERT_EQUAL(p->keepalive_probes, 13);
	CU_ASSERT_EQUAL(p->ttl, 14);
	CU_ASSERT_EQUAL(p->tos, 15 << 2);
	CU_ASSERT(p->soft_errors);
	CU_ASSERT_EQUAL(p->users, 1);
	CU_ASSERT_EQUAL(f.env.nb_profiles, 1); /* those on the way to it are gone */
	CU_ASSERT_EQUAL(f.t.life_ns, TIME_NEVER);
	CU_ASSERT_EQUAL(f.t.restart, 10);
	tcp_set(&f.env, &f.t, THOLE_OPT_USER_TIMEOUT, 7 * TIME_S + 1);
	CU_ASSERT_EQUAL(f.t.user_timeout_s, 8);
	CU_ASSERT_EQUAL(f.t.cc, THOLE_CC_NEWRENO);
	tcp_set(&f.env, &f.t, THOLE_OPT_CC, THOLE_CC_DCTCP);
	CU_ASSERT_EQUAL(f.t.cc, THOLE_CC_DCTCP);
	CU_ASSERT_EQUAL(f.t.restart, 10);
	CU_ASSERT_EQUAL(f.t.user_timeout_s, 8);
	tcp_set(&f.env, &f.t, THOLE_OPT_NO_DELAY, 1);
	CU_ASSERT_EQUAL(f.t.flags, TF_NO_DELAY | TF_OUTPUT);
	tcp_set(&f.env, &f.t, THOLE_OPT_KEEPALIVE, 1);
	CU_ASSERT_EQUAL(f.t.flags, TF_NO_DELAY | TF_OUTPUT | TF_KEEPALIVE);
	CU_ASSERT_EQUAL(f.t.life_ns, f.env.now_ns + 11 * TIME_S);
	tcp_set(&f.env, &f.t, THOLE_OPT_PACING, 1);
	CU_ASSERT(tcp_profile(&f.env, &f.t)->pacing);
	fix_down(&f);
}

static uint64_t
got(const struct fix *f, enum thole_option option)
{
	uint64_t value = 0;

	CU_ASSERT_EQUAL(tcp_get(&f->env, &f->t, option, &value), 0);
	return value;
}

/* What was set is what is told, and nothing else has changed. */
static void
test_get(void)
{
	uint64_t want[RTE_DIM(ranges)], value;
	struct fix f;

	fix_up(&f);
	for (unsigned int i = 0; i < RTE_DIM(ranges); i++)
		want[i] = got(&f, ranges[i].option);
	CU_ASSERT_EQUAL(got(&f, THOLE_OPT_SNDBUF), 4 << 20);
	CU_ASSERT_EQUAL(got(&f, THOLE_OPT_RCVBUF), 4 << 20);
	CU_ASSERT_EQUAL(got(&f, THOLE_OPT_KEEPALIVE_IDLE), 7200 * TIME_S);
	CU_ASSERT_EQUAL(got(&f, THOLE_OPT_CC), THOLE_CC_NEWRENO);
	for (unsigned int i = 0; i < 2 * RTE_DIM(ranges); i++) {
		unsigned int k = i / 2;

		want[k] = i % 2 == 0 ? ranges[k].most : ranges[k].least;
		CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, ranges[k].option, want[k]), 0);
		for (unsigned int j = 0; j < RTE_DIM(ranges); j++)
			CU_ASSERT_EQUAL(got(&f, ranges[j].option), want[j]);
	}
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_USER_TIMEOUT, THOLE_NEVER), 0);
	CU_ASSERT_EQUAL(got(&f, THOLE_OPT_USER_TIMEOUT), THOLE_NEVER);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_MSS, 0), 0);
	CU_ASSERT_EQUAL(got(&f, THOLE_OPT_MSS), 0);
	CU_ASSERT_EQUAL(tcp_get(&f.env, &f.t, THOLE_OPT_DEFAULTS, &value), -EINVAL);
	CU_ASSERT_EQUAL(tcp_get(&f.env, &f.t, (enum thole_option)(THOLE_OPT_COUNTERS + 1), &value),
		-EINVAL);
	fix_down(&f);
}

/* SYNs go by what was set before; and as they went so it stays. */
static void
test_terms(void)
{
	struct tcp_settings set;
	struct fix f;

	fix_up(&f);
	set = f.env.settings;
	CU_ASSERT_EQUAL(set.terms.mss, 1460);
	CU_ASSERT_EQUAL(set.terms.wnd, 65535);
	CU_ASSERT_EQUAL(set.terms.wscale, 7);
	CU_ASSERT_EQUAL(tcp_settings_set(&f.env, &set, THOLE_OPT_RCVBUF, 5000), 0);
	CU_ASSERT_EQUAL(tcp_settings_set(&f.env, &set, THOLE_OPT_MSS, 900), 0);
	CU_ASSERT_EQUAL(tcp_settings_set(&f.env, &set, THOLE_OPT_NO_DELAY, 1), 0);
	CU_ASSERT_EQUAL(set.terms.mss, 900);
	CU_ASSERT_EQUAL(set.terms.mss_most, 900);
	CU_ASSERT_EQUAL(set.terms.wnd, 5000);
	CU_ASSERT_EQUAL(set.terms.wscale, 0);
	CU_ASSERT_EQUAL(f.env.nb_profiles, 1);
	tcb_init(&f.env, &f.t, &f.t.key, &set);
	CU_ASSERT_EQUAL(f.env.nb_profiles, 1);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_RCVBUF, 1 << 20), 0);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_MSS, 700), 0);
	CU_ASSERT_EQUAL(f.env.nb_profiles, 2);
	CU_ASSERT_EQUAL(tcp_profile(&f.env, &f.t)->terms.mss, 900);
	CU_ASSERT_EQUAL(tcp_profile(&f.env, &f.t)->terms.mss_most, 700);
	CU_ASSERT_EQUAL(tcp_profile(&f.env, &f.t)->terms.wnd, 5000);
	CU_ASSERT_EQUAL(tcp_profile(&f.env, &f.t)->terms.wscale, 0);
	CU_ASSERT_EQUAL(tcp_settings_set(&f.env, &set, THOLE_OPT_MSS, 9000), 0); /* > the MTU's */
	CU_ASSERT_EQUAL(set.terms.mss, 1460);
	CU_ASSERT_EQUAL(set.terms.mss_most, 1460);
	CU_ASSERT_EQUAL(tcp_settings_set(&f.env, &set, THOLE_OPT_DEFAULTS, 1), -EINVAL);
	CU_ASSERT_EQUAL(f.env.nb_profiles, 2);
	CU_ASSERT_EQUAL(tcp_settings_set(&f.env, &set, THOLE_OPT_DEFAULTS, 0), 0);
	CU_ASSERT_EQUAL(memcmp(&set, &f.env.settings, sizeof(set)), 0);
	CU_ASSERT_EQUAL(f.env.nb_profiles, 1);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_DEFAULTS, 0), -EINVAL);
	f.t.state = TCP_CLOSED;
	f.t.events = 0;
	fix_down(&f);
}

/* What the stack's parameter bounds is what the peer sends; the option binds both. */
static void
test_mss_parameter(void)
{
	struct tcp_settings set;
	struct fix f;

	fix_up(&f);
	f.env.params.mss = 536;
	tcp_settings_init(&f.env);
	set = f.env.settings;
	CU_ASSERT_EQUAL(set.terms.mss, 536);
	CU_ASSERT_EQUAL(set.terms.mss_most, 1460);
	CU_ASSERT_EQUAL(tcp_settings_set(&f.env, &set, THOLE_OPT_TTL, 9), 0);
	CU_ASSERT_EQUAL(set.terms.mss, 536);
	CU_ASSERT_EQUAL(set.terms.mss_most, 1460);
	CU_ASSERT_EQUAL(tcp_settings_set(&f.env, &set, THOLE_OPT_MSS, 600), 0);
	CU_ASSERT_EQUAL(set.terms.mss, 600);
	CU_ASSERT_EQUAL(set.terms.mss_most, 600);
	fix_down(&f);
}

/* Where the application's credit ends: that never moves but by what an event says. */
static uint32_t
credit_end(const struct fix *f)
{
	return f->t.snd_credited + tcp_profile(&f->env, &f->t)->sndbuf_bytes;
}

static bool
sendable(const struct fix *f)
{
	return (f->t.events & TE_SENDABLE) != 0;
}

static void
test_sndbuf(void)
{
	struct fix f;
	uint32_t end;

	fix_up(&f);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_SNDBUF, 8192), 0);
	end = credit_end(&f);
	CU_ASSERT_EQUAL(end - f.t.snd_una, 4 << 20); /* it was given more before */
	CU_ASSERT(!sendable(&f));
	fix_send(&f, 100000); /* more than twice the buffer, and within the credit */
	CU_ASSERT_EQUAL_FATAL(f.t.state, TCP_ESTABLISHED);
	fix_ack(&f, f.t.snd_una + 10000, NULL, 0);
	CU_ASSERT(!sendable(&f));
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_SNDBUF, (4 << 20) + 1), 0);
	CU_ASSERT(sendable(&f)); /* 10,001 */
	CU_ASSERT_EQUAL(credit_end(&f), end);
	CU_ASSERT_EQUAL(tcp_data_acked(&f.t) - f.t.snd_credited, 10001);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_SNDBUF, 4 << 20), 0);
	CU_ASSERT(!sendable(&f)); /* too little to be told of */
	CU_ASSERT_EQUAL(credit_end(&f), end);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_SNDBUF, 1 << 30), 0);
	CU_ASSERT(sendable(&f));
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_SNDBUF, 4096), 0);
	CU_ASSERT(!sendable(&f));
	CU_ASSERT_EQUAL(credit_end(&f), end);
	/* By and by it is a small one: when all that was given is used and acknowledged. */
	while (seq_lt(f.t.snd_end, end)) {
		fix_send(&f, RTE_MIN(end - f.t.snd_end, 60000u));
		CU_ASSERT_EQUAL_FATAL(f.t.state, TCP_ESTABLISHED);
		while (f.t.snd_una != f.t.snd_end && !sendable(&f)) {
			fix_ack(&f, f.t.snd_nxt, NULL, 0);
			fix_flush(&f);
		}
		CU_ASSERT_EQUAL(sendable(&f), end - f.t.snd_una <= 4096 - 2048);
	}
	CU_ASSERT(sendable(&f));
	fix_ack(&f, f.t.snd_nxt, NULL, 0);
	CU_ASSERT_EQUAL(f.t.snd_una, end);
	CU_ASSERT_EQUAL(tcp_data_acked(&f.t) - f.t.snd_credited, 4096);
	fix_down(&f);
}

/* Nobody has been told of a credit before CONNECTED; nobody cares for it after SHUTDOWN. */
static void
test_sndbuf_unheard(void)
{
	struct fix f;
	uint32_t credited;

	fix_up(&f);
	credited = f.t.snd_credited;
	f.t.events = TE_CONNECTED;
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_SNDBUF, 8192), 0);
	CU_ASSERT_EQUAL(f.t.snd_credited, credited);
	CU_ASSERT_EQUAL(f.t.events, TE_CONNECTED);
	f.t.events = 0;
	CU_ASSERT_EQUAL(tcp_shutdown(&f.env, &f.t), 0);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_SNDBUF, 16384), 0);
	CU_ASSERT(!sendable(&f));
	fix_down(&f);
}

/* From twice as much as it has: it is reset. */
static void
test_sndbuf_ignored(void)
{
	struct fix f;
	uint32_t sent = 0;

	fix_up(&f);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_SNDBUF, 1 << 20), 0);
	fix_ack(&f, f.t.snd_una, NULL, 0);
	for (; sent < 8 << 20; sent += 32768) {
		CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, sent, 32768)), 0);
		CU_ASSERT_EQUAL_FATAL(f.t.state, TCP_ESTABLISHED);
	}
	CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, sent, 1)), 0);
	CU_ASSERT_EQUAL(f.t.state, TCP_CLOSED);
	CU_ASSERT_EQUAL(f.t.error, ENOBUFS);
	fix_down(&f);
}

/* RFC 9293, 3.8.6: no window is taken back; and what the header can say bounds a larger one. */
static void
test_rcvbuf(void)
{
	struct fix f;
	uint32_t adv;

	fix_up_with(&f, EO_WSCALE); /* 7: 8 MiB */
	tcp_window_advance(&f.env, &f.t);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 262144);
	adv = f.t.rcv_adv;
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_RCVBUF, 10240), 0);
	tcp_window_advance(&f.env, &f.t);
	CU_ASSERT_EQUAL(f.t.rcv_adv, adv);
	CU_ASSERT(!tcb_owes(&f.t));
	for (uint32_t i = 0; i < 200; i++) { /* all of it is taken, and read at once */
		struct seg s = fix_seg(&f, TCP_ACK);
		uint32_t bytes, left;

		s.m = fix_bytes(&f, i * 1280, 1280);
		s.len = 1280;
		tcp_input(&f.env, &f.t, &s);
		CU_ASSERT_PTR_NULL(s.m);
		rte_pktmbuf_free(tcp_rcv_take(&f.env, &f.t, &bytes));
		CU_ASSERT_EQUAL(bytes, 1280);
		CU_ASSERT_EQUAL(tcp_received(&f.env, &f.t, bytes), 0);
		tcp_window_advance(&f.env, &f.t);
		left = RTE_MAX(262144 - (i + 1) * 1280, 10240u);
		CU_ASSERT(tcp_rcv_wnd(&f.t) <= left && tcp_rcv_wnd(&f.t) + 1460 > left);
	}
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_RCVBUF, 1 << 30), 0);
	CU_ASSERT((f.t.flags & TF_ACK_NOW) != 0); /* the peer hears of it */
	f.t.rcv_log = 30;
	tcp_window_advance(&f.env, &f.t);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&f.t), 65535 << 7);
	fix_down(&f);
}

/* A segment's most, and what the path took off it. */
static void
test_mss(void)
{
	struct fix f;

	fix_up_with(&f, EO_TIMESTAMPS);
	CU_ASSERT_EQUAL(f.t.mss, 1448);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_MSS, 1012), 0);
	CU_ASSERT_EQUAL(f.t.mss, 1000);
	CU_ASSERT_EQUAL(fix_send(&f, 5000), 5);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_MSS, 512), 0);
	CU_ASSERT_EQUAL(f.t.mss, 500);
	CU_ASSERT_EQUAL(fix_fire(&f), 1); /* a first half again */
	CU_ASSERT_EQUAL(board_segs(&f.env), 6);
	fix_check_board(&f);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_MSS, 0), 0);
	CU_ASSERT_EQUAL(f.t.mss, 500); /* nobody remembers what the peer would take */
	fix_down(&f);
}

static int
header(struct fix *f, struct tcp_settings *set, uint64_t ttl, uint64_t dscp)
{
	int err = tcp_settings_set(&f->env, set, THOLE_OPT_TTL, ttl);

	return err != 0 ? err : tcp_settings_set(&f->env, set, THOLE_OPT_DSCP, dscp);
}

/* Who was set to the same has the same profile; the stack's own is nobody's. */
static void
test_shared(void)
{
	struct tcp_settings a, b;
	struct fix f;

	fix_up(&f);
	f.env.profiles[0].ttl = 64;
	a = b = f.env.settings;
	CU_ASSERT_EQUAL(a.profile, 0);
	CU_ASSERT_EQUAL(header(&f, &a, 9, 46), 0);
	CU_ASSERT_EQUAL(header(&f, &b, 9, 46), 0);
	CU_ASSERT_NOT_EQUAL(a.profile, 0);
	CU_ASSERT_EQUAL(a.profile, b.profile);
	CU_ASSERT_EQUAL(f.env.profiles[a.profile].users, 2);
	CU_ASSERT_EQUAL(f.env.nb_profiles, 1);
	CU_ASSERT_EQUAL(header(&f, &a, 9, 0), 0);
	CU_ASSERT_NOT_EQUAL(a.profile, b.profile);
	CU_ASSERT_EQUAL(f.env.nb_profiles, 2);
	CU_ASSERT_EQUAL(header(&f, &a, 64, 0), 0);
	CU_ASSERT_EQUAL(a.profile, 0);
	CU_ASSERT_EQUAL(header(&f, &b, 64, 0), 0);
	CU_ASSERT_EQUAL(b.profile, 0);
	CU_ASSERT_EQUAL(f.env.nb_profiles, 0);
	fix_down(&f);
}

/* 255 of them; one more is refused and leaves what there was. One that is nobody else's may change.
 */
static void
test_full(void)
{
	struct tcp_settings sets[TCP_PROFILES];
	struct fix f;

	fix_up(&f);
	f.env.profiles[0].ttl = 64;
	for (unsigned int i = 0; i < TCP_PROFILES; i++)
		sets[i] = f.env.settings;
	for (unsigned int i = 0; i < TCP_PROFILES - 1; i++)
		CU_ASSERT_EQUAL(header(&f, &sets[i], 1 + i / 63, 1 + i % 63), 0);
	CU_ASSERT_EQUAL(f.env.nb_profiles, TCP_PROFILES - 1);
	CU_ASSERT_EQUAL(header(&f, &sets[TCP_PROFILES - 1], 200, 0), -ENOSPC);
	CU_ASSERT_EQUAL(sets[TCP_PROFILES - 1].profile, 0);
	CU_ASSERT_EQUAL(header(&f, &sets[TCP_PROFILES - 1], 64, 0), 0);
	CU_ASSERT_EQUAL(header(&f, &sets[0], 77, 7), 0);
	tcp_profile_hold(&f.env, sets[1].profile); /* another one has it */
	CU_ASSERT_EQUAL(header(&f, &sets[1], 78, 8), -ENOSPC);
	CU_ASSERT_EQUAL(f.env.profiles[sets[1].profile].ttl, 1);
	CU_ASSERT_EQUAL(f.env.profiles[sets[1].profile].tos, 2 << 2);
	CU_ASSERT_EQUAL(f.env.profiles[sets[1].profile].users, 2);
	for (unsigned int i = 0; i < TCP_PROFILES - 1; i++)
		for (unsigned int j = 0; j < i; j++)
			CU_ASSERT_NOT_EQUAL(sets[i].profile, sets[j].profile);
	tcp_profile_drop(&f.env, sets[1].profile);
	tcp_profile_drop(&f.env, sets[2].profile);
	CU_ASSERT_EQUAL(header(&f, &sets[TCP_PROFILES - 1], 200, 0), 0);
	CU_ASSERT_EQUAL(sets[TCP_PROFILES - 1].profile, sets[2].profile);
	fix_down(&f);
}

/* What is over can be set, and does nothing. */
static void
test_over(void)
{
	struct fix f;

	fix_up(&f);
	tcp_closed(&f.env, &f.t, ETIMEDOUT);
	for (unsigned int i = 0; i < RTE_DIM(ranges); i++)
		CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, ranges[i].option, ranges[i].most), 0);
	CU_ASSERT_EQUAL(tcb_deadline(&f.env, &f.t), TIME_NEVER);
	CU_ASSERT(!tcb_owes(&f.t));
	fix_down(&f);
}

/* Another algorithm in the middle of a recovery: nothing of the last one is taken for its own. */
static void
test_cc_in_recovery(void)
{
	struct fix f;

	for (uint64_t from = 0; from < THOLE_CC_COUNT; from++) {
		for (uint64_t to = 0; to < THOLE_CC_COUNT; to++) {
			struct flight *flight;
			uint32_t una;

			fix_up_with(&f, EO_SACK);
			tcp_set(&f.env, &f.t, THOLE_OPT_CC, from);
			fix_send(&f, 14600);
			una = f.t.snd_una;
			tcp_env_clock(&f.env, f.env.now_ns + 100 * TIME_MS);
			fix_ack(&f, una, &(struct sack_block){ una + 5 * 1460, una + 10 * 1460 },
				1);
			fix_flush(&f);
			flight = tcp_flight(&f.env, &f.t);
			CU_ASSERT_PTR_NOT_NULL_FATAL(flight);
			CU_ASSERT_EQUAL(flight->phase, FP_RECOVERY);
			tcp_set(&f.env, &f.t, THOLE_OPT_CC, to);
			if (from != to)
				CU_ASSERT_EQUAL(flight->undo, 0);
			fix_ack(&f, una + 10 * 1460, NULL, 0);
			for (unsigned int i = 0; i < 100; i++) {
				fix_send(&f, 1460);
				tcp_env_clock(&f.env, f.env.now_ns + 100 * TIME_MS);
				fix_ack(&f, f.t.snd_nxt, NULL, 0);
			}
			CU_ASSERT(flight->cwnd >= 1460 && flight->cwnd <= 100 * 1460);
			fix_check_board(&f);
			fix_down(&f);
		}
	}
}

static const struct test_case cases[] = {
	{ "ranges", test_ranges },
	{ "values", test_values },
	{ "what GET says", test_get },
	{ "what SYNs say", test_terms },
	{ "MSS: parameter and option", test_mss_parameter },
	{ "send buffer", test_sndbuf },
	{ "send buffer, untold", test_sndbuf_unheard },
	{ "send buffer, ignored", test_sndbuf_ignored },
	{ "receive buffer", test_rcvbuf },
	{ "MSS", test_mss },
	{ "profiles are shared", test_shared },
	{ "no more profiles", test_full },
	{ "of what is over", test_over },
	{ "congestion control in a recovery", test_cc_in_recovery },
	{ NULL, NULL },
};
const struct test_suite suite_settings = { "settings", cases };
