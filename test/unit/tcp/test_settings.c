/* SPDX-License-Identifier: BSD-3-Clause */
/* test_settings.c: the options' ranges, and the profiles that connections share. */
#include <errno.h>

#include "fixture.h"

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
		after = without_clock(&f);
		CU_ASSERT_EQUAL(memcmp(&before, &after, sizeof(before)), 0);
	}
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, (enum thole_option)0, 0), -EINVAL);
	CU_ASSERT_EQUAL(
		tcp_set(&f.env, &f.t, (enum thole_option)(THOLE_OPT_SOFT_ERRORS + 1), 0), -EINVAL);
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
	CU_ASSERT_EQUAL(f.t.opts, TO_PACING);
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
	{ "profiles are shared", test_shared },
	{ "no more profiles", test_full },
	{ "of what is over", test_over },
	{ "congestion control in a recovery", test_cc_in_recovery },
	{ NULL, NULL },
};
const struct test_suite suite_settings = { "settings", cases };
