/* SPDX-License-Identifier: BSD-3-Clause */
/* test_eal_args.c: what EAL is started with on machines with and without hugepages. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "port/eal_args.h"
#include "test.h"

#define MIB (UINT64_C(1) << 20)

static const struct eal_facts rich = { .huge_free_bytes = 1024 * MIB,
	.huge_page_bytes = 2 * MIB,
	.huge_mounted = true,
	.available_bytes = 8192 * MIB,
	.pid = 42 };
static const struct eal_facts poor = {
	.huge_page_bytes = 2 * MIB, .available_bytes = 8192 * MIB, .pid = 42
};

/* Builds with arguments split at blanks and compares the whole line. */
static int
build(const char *line, uint32_t mem_mb, const struct eal_facts *facts, char *out, size_t bytes,
	struct thole_why *why)
{
	char text[512], *argv[64], *save = NULL;
	struct eal_args args;
	int argc = 0, error;

	snprintf(text, sizeof(text), "%s", line);
	for (char *p = strtok_r(text, " ", &save); p != NULL; p = strtok_r(NULL, " ", &save))
		argv[argc++] = p;
	argv[argc] = NULL;
	out[0] = '\0';
	error = eal_args_build(&args, argc, argv, mem_mb, facts, why);
	if (error != 0)
		return error;
	for (int i = 0; i < args.argc; i++) {
		CU_ASSERT_PTR_EQUAL(args.owned[i], args.argv[i]);
		snprintf(out + strlen(out), bytes - strlen(out), "%s%s", i != 0 ? " " : "",
			args.argv[i]);
	}
	CU_ASSERT_PTR_NULL(args.argv[args.argc]);
	eal_args_free(&args);
	return 0;
}

static void
gives(const char *line, uint32_t mem_mb, const struct eal_facts *facts, const char *expected)
{
	struct thole_why why = { "" };
	char out[1024];

	CU_ASSERT_EQUAL(build(line, mem_mb, facts, out, sizeof(out), &why), 0);
	CU_ASSERT_STRING_EQUAL(out, expected);
	CU_ASSERT_STRING_EQUAL(why.text, "");
}

static void
refuses(const char *line, uint32_t mem_mb, const struct eal_facts *facts, int error,
	const char *part)
{
	struct thole_why why = { "" };
	char out[1024];

	CU_ASSERT_EQUAL(build(line, mem_mb, facts, out, sizeof(out), &why), error);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, part));
	CU_ASSERT_EQUAL(build(line, mem_mb, facts, out, sizeof(out), NULL), error);
}

static void
with_hugepages(void)
{
	gives("prog", 100, &rich,
		"prog --in-memory --file-prefix=thole-42 --no-telemetry --no-pci "
		"--log-level=warning");
	/* In memory, it doesn't matter whether there is a hugetlbfs. */
	struct eal_facts unmounted = rich;

	unmounted.huge_mounted = false;
	gives("prog -l 0", 100, &unmounted,
		"prog --in-memory --file-prefix=thole-42 --no-telemetry --no-pci "
		"--log-level=warning -l 0");
}

static void
without_hugepages(void)
{
	gives("prog", 100, &poor,
		"prog --no-huge --no-shconf -m132 --file-prefix=thole-42 --no-telemetry --no-pci "
		"--log-level=warning");
	gives("prog", 1, &poor,
		"prog --no-huge --no-shconf -m64 --file-prefix=thole-42 --no-telemetry --no-pci "
		"--log-level=warning");
	/* Some hugepages, but too few. */
	gives("prog", 2000, &rich,
		"prog --no-huge --no-shconf -m2032 --file-prefix=thole-42 --no-telemetry --no-pci "
		"--log-level=warning");
}

static void
user_wins(void)
{
	gives("prog --no-huge -m 77 --file-prefix=x --log-level=lib.eal:debug --telemetry --no-pci",
		100, &rich,
		"prog --no-shconf --no-huge -m 77 --file-prefix=x --log-level=lib.eal:debug "
		"--telemetry --no-pci");
	gives("prog --no-huge", 100, &rich,
		"prog --no-shconf -m132 --file-prefix=thole-42 --no-telemetry --no-pci "
		"--log-level=warning --no-huge");
	gives("prog --huge-unlink=always", 100, &rich,
		"prog --file-prefix=thole-42 --no-telemetry --no-pci --log-level=warning "
		"--huge-unlink=always");
	gives("prog -m2000", 100, &rich, /* more than the hugepages have */
		"prog --no-huge --no-shconf --file-prefix=thole-42 --no-telemetry --no-pci "
		"--log-level=warning -m2000");
	gives("prog -m 50", 2000, &rich, /* and less */
		"prog --in-memory --file-prefix=thole-42 --no-telemetry --no-pci "
		"--log-level=warning -m 50");
}

/* A configuration file's options, then a command line's. */
static void
later_wins(void)
{
	const char *rest = "--file-prefix=thole-42 --no-telemetry --no-pci --log-level=warning ";
	static const char *const lines[][2] = {
		{ "-l 0 --vdev=a -l 0,1", "--vdev=a -l 0,1" },
		{ "-l0 --vdev=a --lcores=0@1", "--vdev=a --lcores=0@1" },
		{ "--lcores 3 -c 1 -l 2 --vdev=a", "-l 2 --vdev=a" },
		{ "--main-lcore=1 -n 2 --main-lcore 0 -n4", "--main-lcore 0 -n4" },
		{ "--vdev=a -l --vdev=b", "--vdev=a -l --vdev=b" },
		{ "--vdev=a --vdev=a -d x -d x", "--vdev=a --vdev=a -d x -d x" },
		{ "--main-lcores=1 --main-lcore=1", "--main-lcores=1 --main-lcore=1" },
		{ "-l 0 --vdev=a -l", "--vdev=a -l" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[128], whole[256];

		snprintf(line, sizeof(line), "prog %s", lines[i][0]);
		snprintf(whole, sizeof(whole), "prog --in-memory %s%s", rest, lines[i][1]);
		gives(line, 100, &rich, whole);
	}
	gives("prog -m 50 --no-huge --file-prefix=x -m 80 --file-prefix y", 100, &rich,
		"prog --no-shconf --no-telemetry --no-pci --log-level=warning --no-huge -m 80 "
		"--file-prefix y");
	gives("prog --socket-mem=2000 -m 50", 1, &rich,
		"prog --in-memory --file-prefix=thole-42 --no-telemetry --no-pci "
		"--log-level=warning -m 50");
}

static void
pci_devices(void)
{
	const char *expected = "prog --in-memory --file-prefix=thole-42 --no-telemetry "
			       "--log-level=warning ";
	static const char *const allow[] = { "-a 0000:03:00.0", "-a0000:03:00.0",
		"--allow=0000:03:00.0", "--allow 0000:03:00.0", "-b 0000:04:00.0",
		"--block=0000:04:00.0" };

	for (size_t i = 0; i < sizeof(allow) / sizeof(allow[0]); i++) {
		char line[128], whole[256];

		snprintf(line, sizeof(line), "prog %s", allow[i]);
		snprintf(whole, sizeof(whole), "%s%s", expected, allow[i]);
		gives(line, 100, &rich, whole);
	}
}

static void
says_what_is_missing(void)
{
	refuses("prog -a 0000:03:00.0", 100, &poor, -ENOMEM, "132 MiB, and 0 MiB are free");
	refuses("prog -a 0000:03:00.0", 100, &poor, -ENOMEM, "vm.nr_hugepages=66");
	refuses("prog --in-memory", 2000, &rich, -ENOMEM, "vm.nr_hugepages=1016");
	refuses("prog --socket-mem=600,600", 1, &rich, -ENOMEM, "1200 MiB, and 1024 MiB are free");
	refuses("prog", 10000, &poor, -ENOMEM, "8192 MiB are available");
	refuses("prog --help", 1, &rich, -EINVAL, "--help");
	refuses("prog -h", 1, &rich, -EINVAL, "--help");
}

static void
many_arguments(void)
{
	struct thole_why why = { "" };
	struct eal_args args;
	char *argv[EAL_ARGS_MAX + 8], flag[] = "-v";

	for (int i = 0; i < EAL_ARGS_MAX + 8; i++)
		argv[i] = flag;
	CU_ASSERT_EQUAL(
		eal_args_build(&args, EAL_ARGS_MAX - EAL_ARGS_ADDED + 1, argv, 1, &poor, &why),
		-EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "more than"));
	CU_ASSERT_EQUAL(
		eal_args_build(&args, EAL_ARGS_MAX - EAL_ARGS_ADDED, argv, 1, &poor, &why), 0);
	CU_ASSERT_TRUE(args.argc <= EAL_ARGS_MAX);
	eal_args_free(&args);
	CU_ASSERT_EQUAL(eal_args_build(&args, 0, NULL, 1, &poor, &why), 0);
	CU_ASSERT_STRING_EQUAL(args.argv[0], "thole");
	eal_args_free(&args);
}

static const struct test_case cases[] = {
	{ "hugepages are used in memory", with_hugepages },
	{ "without enough of them ordinary memory", without_hugepages },
	{ "the user's arguments win", user_wins },
	{ "of options given twice the later wins", later_wins },
	{ "an allowed or blocked device wants PCI", pci_devices },
	{ "says what is missing", says_what_is_missing },
	{ "many arguments, and none", many_arguments },
	{ NULL, NULL },
};

const struct test_suite suite_eal_args = { "eal_args", cases };
