/* SPDX-License-Identifier: BSD-3-Clause */
/* test_capture.c: what EAL prints while it starts is caught, and the line that matters is found in
 * it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_log.h>

#include "port/capture.h"
#include "test.h"

static void
reason_is(const char *text, const char *expected)
{
	char reason[120];

	capture_reason(text, reason, sizeof(reason));
	CU_ASSERT_STRING_EQUAL(reason, expected);
}

static void
finds_reason(void)
{
	reason_is("EAL: Detected CPU lcores: 2\nEAL: Detected NUMA nodes: 1\n"
		  "prog: unrecognized option '--foo'\n\nUsage: prog [options]\n\n"
		  "EAL common options:\n  -c COREMASK         Hexadecimal: cores\n"
		  "EAL: FATAL: Invalid 'command line' arguments.\n"
		  "EAL: Invalid 'command line' arguments.\n",
		"prog: unrecognized option '--foo'");
	reason_is("EAL: lcore 77 unavailable\nEAL: invalid core list, please check\n"
		  "EAL: FATAL: Invalid 'command line' arguments.\n",
		"invalid core list, please check");
	reason_is("EAL: No free 1048576 kB hugepages reported on node 0\n"
		  "EAL: Not enough memory available! Requested: 4000MB, available: 128MB\n"
		  "EAL: FATAL: Cannot init memory\nEAL: Cannot init memory",
		"Not enough memory available! Requested: 4000MB, available: 128MB");
}

static void
falls_back_to_summary(void)
{
	reason_is(
		"EAL: FATAL: Cannot init memory\nEAL: Cannot init memory\n", "Cannot init memory");
	reason_is("", "");
	reason_is("\n\n", "");
}

static void
finds_device_reason(void)
{
	const char *text = "eth_dev_tap_create(): ptap0: no flow support\n"
			   "open_single_rx_pcap(): Couldn't open in.pcap: No such file\n"
			   "vdev_probe(): failed to initialize net_pcap0 device\n"
			   "EAL: Bus (vdev) probe failed.\n";
	char reason[120];

	capture_device_reason(text, "net_pcap0", reason, sizeof(reason));
	CU_ASSERT_STRING_EQUAL(
		reason, "open_single_rx_pcap(): Couldn't open in.pcap: No such file");
	capture_device_reason(text, "net_pcap1", reason, sizeof(reason));
	CU_ASSERT_STRING_EQUAL(reason, "");
	capture_device_reason("", "net_pcap0", reason, sizeof(reason));
	CU_ASSERT_STRING_EQUAL(reason, "");
}

static void
long_reason_is_cut(void)
{
	char reason[8];

	capture_reason("EAL: abcdefghijklmnop: no\n", reason, sizeof(reason));
	CU_ASSERT_STRING_EQUAL(reason, "abcdefg");
}

static void
catches_all_three(void)
{
	struct capture capture;
	char *text;

	capture_begin(&capture);
	printf("one: to stdout\n");
	fflush(stdout);
	fprintf(stderr, "two: to stderr\n");
	rte_log(RTE_LOG_ERR, RTE_LOGTYPE_EAL, "EAL: three\n");
	text = capture_end(&capture);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(text, "one: to stdout\ntwo: to stderr\nEAL: three\n");
	free(text);
}

static void
gives_back(void)
{
	struct capture capture;
	char name[2][64] = { "", "" }, target[2][128] = { "", "" };

	for (int i = 0; i < 2; i++) {
		snprintf(name[i], sizeof(name[i]), "/proc/self/fd/%d", i + 1);
		CU_ASSERT_TRUE(readlink(name[i], target[i], sizeof(target[i]) - 1) > 0);
	}
	for (int round = 0; round < 50; round++) { /* a leak of descriptors would show */
		capture_begin(&capture);
		CU_ASSERT_TRUE(capture.fd < 32);
		free(capture_end(&capture));
	}
	for (int i = 0; i < 2; i++) {
		char now[128] = "";

		CU_ASSERT_TRUE(readlink(name[i], now, sizeof(now) - 1) > 0);
		CU_ASSERT_STRING_EQUAL(now, target[i]);
	}
}

static const struct test_case cases[] = {
	{ "finds the line that tells why", finds_reason },
	{ "without one the summary has to do", falls_back_to_summary },
	{ "finds why a device didn't come up", finds_device_reason },
	{ "a long reason is cut", long_reason_is_cut },
	{ "catches stdout, stderr and the log in order", catches_all_three },
	{ "gives stdout and stderr back", gives_back },
	{ NULL, NULL },
};

const struct test_suite suite_capture = { "capture", cases };
