/* SPDX-License-Identifier: BSD-3-Clause */
/* test_thread.c: numbers of threads. */
#include <pthread.h>

#include "base/thread.h"
#include "test.h"

#define THREADS 20

static void *
ask(void *arg)
{
	uintptr_t *number = arg;

	number[0] = thread_self();
	number[1] = thread_self();
	return NULL;
}

/* One after the other, so that what one had is free for the next. */
static void
no_number_comes_again(void)
{
	uintptr_t numbers[THREADS][2];
	pthread_t thread;

	for (int i = 0; i < THREADS; i++) {
		CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, ask, numbers[i]), 0);
		CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
		CU_ASSERT_EQUAL(numbers[i][0], numbers[i][1]);
		CU_ASSERT_NOT_EQUAL(numbers[i][0], 0);
		CU_ASSERT_NOT_EQUAL(numbers[i][0], thread_self());
		for (int k = 0; k < i; k++)
			CU_ASSERT_NOT_EQUAL(numbers[i][0], numbers[k][0]);
	}
}

static const struct test_case cases[] = {
	{ "no number comes again", no_number_comes_again },
	{ NULL, NULL },
};
const struct test_suite suite_thread = { "thread", cases };
