/* SPDX-License-Identifier: BSD-3-Clause */
/* test_info.c: names of states; what the scripts of INFO can't easily bring about. */
#include <errno.h>

#include "fixture.h"
#include "tcp/counters.h"
#include "tcp/info.h"

static void
test_names(void)
{
	CU_ASSERT_STRING_EQUAL(thole_state_name(THOLE_CLOSED), "CLOSED");
	CU_ASSERT_STRING_EQUAL(thole_state_name(THOLE_LISTEN), "LISTEN");
	CU_ASSERT_STRING_EQUAL(thole_state_name(THOLE_SYN_RECEIVED), "SYN-RECEIVED");
	CU_ASSERT_STRING_EQUAL(thole_state_name(THOLE_FIN_WAIT_2), "FIN-WAIT-2");
	CU_ASSERT_STRING_EQUAL(thole_state_name(THOLE_TIME_WAIT), "TIME-WAIT");
	CU_ASSERT_STRING_EQUAL(thole_state_name((enum thole_state)(THOLE_TIME_WAIT + 1)), "?");
	CU_ASSERT_STRING_EQUAL(thole_state_name((enum thole_state)UINT32_MAX), "?");
}

static struct thole_info
info_of(const struct fix *f)
{
	struct thole_info info;

	memset(&info, 0xff, sizeof(info));
	tcp_info(&f->env, &f->t, &info);
	return info;
}

/* In each phase of recovery; a D-SACK that takes one back. */
static void
test_phases(void)
{
	static const uint8_t phases[][2] = { { FP_OPEN, THOLE_RECOVERY_NONE },
		{ FP_RECOVERY, THOLE_RECOVERY_FAST }, { FP_LOSS, THOLE_RECOVERY_RTO },
		{ FP_CWR, THOLE_RECOVERY_CWR } };
	struct fix f;

	fix_up(&f);
	CU_ASSERT_EQUAL(info_of(&f).recovery, THOLE_RECOVERY_NONE);
	fix_send(&f, 1000);
	for (unsigned int i = 0; i < RTE_DIM(phases); i++) {
		fix_flight(&f)->phase = phases[i][0];
		CU_ASSERT_EQUAL(info_of(&f).recovery, phases[i][1]);
	}
	fix_flight(&f)->phase = FP_OPEN;
	fix_down(&f);
}

/* 10 segments of 1460 B in 100 ms, twice that in slow start. */
static void
test_pacing(void)
{
	struct fix f;

	fix_up(&f);
	fix_send(&f, 1460);
	tcp_env_clock(&f.env, f.env.now_ns + 100 * TIME_MS);
	fix_ack(&f, f.t.snd_nxt, NULL, 0);
	CU_ASSERT_EQUAL(info_of(&f).pacing_bytes_per_s, 0);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_PACING, 1), 0);
	CU_ASSERT_EQUAL(info_of(&f).pacing_bytes_per_s, 20u * info_of(&f).cwnd_bytes);
	f.t.ssthresh = fix_flight(&f)->cwnd;
	CU_ASSERT_EQUAL(info_of(&f).pacing_bytes_per_s, 1000u * info_of(&f).cwnd_bytes / 80);
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_PACING, 0), 0);
	CU_ASSERT_EQUAL(info_of(&f).pacing_bytes_per_s, 0);
	fix_down(&f);
}

/* What other connections have learnt of the path this one goes by from its next flight on, and no
 * sooner; then INFO says so. */
static void
test_narrow_path(void)
{
	static const uint64_t key[2] = { 1, 2 };
	struct fix f;

	fix_up(&f);
	CU_ASSERT_EQUAL_FATAL(paths_init(&f.env.paths, &f.mem.mem, key), 0);
	CU_ASSERT_EQUAL(info_of(&f).snd_mss, 1460);
	CU_ASSERT_EQUAL(info_of(&f).pmtu, 1500);
	fix_send(&f, 1000);
	paths_learn(&f.env.paths, f.t.key.raddr, 1020, f.env.now_ns, f.env.now_ns + TIME_S);
	CU_ASSERT_EQUAL(info_of(&f).snd_mss, 1460);
	CU_ASSERT_EQUAL(info_of(&f).pmtu, 1500);
	fix_ack(&f, f.t.snd_nxt, NULL, 0);
	CU_ASSERT_EQUAL(info_of(&f).snd_mss, 1460);
	tcp_flight_drop(&f.env, &f.t);
	CU_ASSERT_EQUAL(info_of(&f).snd_mss, 980);
	CU_ASSERT_EQUAL(info_of(&f).pmtu, 1020);
	/* It would be the same a moment later, when the first segment is on the way. */
	fix_send(&f, 2000);
	CU_ASSERT_EQUAL(board_seg(&f.env, fix_flight(&f)->head)->len, 980);
	CU_ASSERT_EQUAL(info_of(&f).snd_mss, 980);
	CU_ASSERT_EQUAL(info_of(&f).pmtu, 1020);
	fix_ack(&f, f.t.snd_nxt, NULL, 0);
	tcp_flight_drop(&f.env, &f.t);
	/* Forgotten: the whole size is tried again. */
	tcp_env_clock(&f.env, f.env.now_ns + TIME_S);
	CU_ASSERT_EQUAL(info_of(&f).snd_mss, 1460);
	CU_ASSERT_EQUAL(info_of(&f).pmtu, 1500);
	/* An error takes nothing off. */
	tcp_path_look(&f.env, &f.t);
	tcp_closed(&f.env, &f.t, ECONNRESET);
	CU_ASSERT_EQUAL(info_of(&f).snd_mss, 1460);
	paths_fini(&f.env.paths, &f.mem.mem);
	fix_down(&f);
}

/* More bytes than 32 bits count, whichever numbers wrap. */
static void
test_long(void)
{
	struct tcp_counters c;
	struct thole_info info;
	struct fix f;

	fix_up(&f);
	f.env.tcbs = &f.t;
	f.env.counters = &c;
	memset(&c, 0xff, sizeof(c));
	CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_COUNTERS, 1), 0);
	for (unsigned int i = 0; i < 5; i++) {
		struct seg s;

		f.t.snd_una = f.t.snd_nxt = f.t.snd_end += 0x40000000;
		f.t.rcv_nxt += 0x60000000;
		f.t.rcv_adv = f.t.rcv_nxt + 65535;
		s = fix_seg(&f, TCP_ACK);
		CU_ASSERT_EQUAL(tcp_input(&f.env, &f.t, &s), REPLY_NONE);
	}
	info = info_of(&f);
	CU_ASSERT_EQUAL(info.bytes_acked, 5 * UINT64_C(0x40000000));
	CU_ASSERT_EQUAL(info.bytes_received, 5 * UINT64_C(0x60000000));
	CU_ASSERT_EQUAL(info.segs_in, 5);
	fix_down(&f);
}

static const struct test_case cases[] = {
	{ "names of states", test_names },
	{ "phases of recovery", test_phases },
	{ "pacing rate", test_pacing },
	{ "a path that others found narrow", test_narrow_path },
	{ "more than 4 GiB", test_long },
	{ NULL, NULL },
};
const struct test_suite suite_info = { "info", cases };
