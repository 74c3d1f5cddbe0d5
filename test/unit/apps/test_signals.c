/* SPDX-License-Identifier: BSD-3-Clause */
/* test_signals.c: how often a program was asked to end. */
#include <signal.h>

#include "../../../app/common/signals.h"
#include "../test.h"

extern const struct test_suite test_signals;

static void
two_at_once_are_one(void)
{
	struct signals s = { 0 };

	CU_ASSERT_EQUAL(signals_count(&s), 0);
	signals_note(&s, 1000);
	CU_ASSERT_EQUAL(signals_count(&s), 1);
	signals_note(&s, 1000);
	signals_note(&s, 2000);
	signals_note(&s, 900); /* another core's clock, or another thread's handler that was late */
	signals_note(&s, 1000 + SIGNALS_ONCE_NS - 1);
	CU_ASSERT_EQUAL(signals_count(&s), 1);
	signals_note(&s, 1000 + SIGNALS_ONCE_NS);
	CU_ASSERT_EQUAL(signals_count(&s), 2);
	signals_note(&s, 1000 + 9 * SIGNALS_ONCE_NS);
	CU_ASSERT_EQUAL(signals_count(&s), 2);
}

static void
caught(void)
{
	signals_catch();
	CU_ASSERT_EQUAL(signals_seen(), 0);
	raise(SIGTERM);
	raise(SIGINT);
	raise(SIGPIPE);
	CU_ASSERT_EQUAL(signals_seen(), 1);
	signals_pretend(); /* there was one */
	CU_ASSERT_EQUAL(signals_seen(), 1);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
}

static const struct test_case cases[] = {
	{ "several signals at once are one", two_at_once_are_one },
	{ "SIGINT and SIGTERM are caught", caught },
	{ NULL, NULL },
};

const struct test_suite test_signals = { "apps/signals", cases };
