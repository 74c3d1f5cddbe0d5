/* SPDX-License-Identifier: BSD-3-Clause */
/* test_eal_system.c: facts from the kernel, and tidying up after EAL. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port/eal_system.h"
#include "test.h"

static void
facts(void)
{
	struct eal_facts f;

	eal_system_facts(&f);
	CU_ASSERT_EQUAL(f.pid, (int)getpid());
	CU_ASSERT_TRUE(f.available_bytes > UINT64_C(16) << 20);
	CU_ASSERT_TRUE(f.available_bytes <=
		       (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
	CU_ASSERT_EQUAL(f.huge_free_bytes % (UINT64_C(64) << 10), 0);
	CU_ASSERT_EQUAL(f.huge_page_bytes & (f.huge_page_bytes - 1), 0);
}

static void
touch(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	CU_ASSERT_TRUE(fd >= 0);
	close(fd);
}

static bool
exists(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void
removes_its_own(void)
{
	char dir[] = "/tmp/thole-test-XXXXXX";

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	touch(dir, "config");
	touch(dir, "fbarray_memseg-2048k-0-0");
	touch(dir, "fbarray_memzone");
	touch(dir, "hugepage_info");
	touch(dir, "mp_socket");
	eal_system_remove(dir, true);
	CU_ASSERT_NOT_EQUAL(access(dir, F_OK), 0);
}

static void
leaves_what_is_others(void)
{
	char dir[] = "/tmp/thole-test-XXXXXX", path[256];

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	touch(dir, "config");
	touch(dir, "notes");
	eal_system_remove(dir, false);
	CU_ASSERT_TRUE(exists(dir, "config"));
	eal_system_remove(dir, true);
	CU_ASSERT_FALSE(exists(dir, "config"));
	CU_ASSERT_TRUE(exists(dir, "notes"));
	snprintf(path, sizeof(path), "%s/notes", dir);
	unlink(path);
	eal_system_remove(dir, false);
	CU_ASSERT_NOT_EQUAL(access(dir, F_OK), 0);
	eal_system_remove(dir, true); /* gone already */
	eal_system_remove("", true);
	eal_system_remove("/tmp/", true);
	CU_ASSERT_EQUAL(access("/tmp", F_OK), 0);
}

static void
removes_what_the_killed_left(void)
{
	char dir[] = "/tmp/thole-test-XXXXXX", own[64], path[256];
	static const char *const stay[] = { "thole-0", "thole-12x", "thole-", "other-99999999",
		"thole-99999998" };

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(own, sizeof(own), "thole-%d", (int)getpid());
	int at = open(dir, O_DIRECTORY | O_CLOEXEC);

	CU_ASSERT_EQUAL(mkdirat(at, "thole-99999999", 0700), 0); /* above any pid */
	CU_ASSERT_EQUAL(mkdirat(at, own, 0700), 0);
	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		CU_ASSERT_EQUAL(mkdirat(at, stay[i], 0700), 0);
	touch(dir, "thole-99999998/mp_socket");
	eal_system_remove_stale(dir);
	CU_ASSERT_FALSE(exists(dir, "thole-99999999"));
	CU_ASSERT_TRUE(exists(dir, own));
	CU_ASSERT_TRUE(exists(dir, "thole-99999998/mp_socket"));
	unlinkat(at, "thole-99999998/mp_socket", 0);
	unlinkat(at, own, AT_REMOVEDIR);
	for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
		CU_ASSERT_EQUAL(unlinkat(at, stay[i], AT_REMOVEDIR), 0);
	close(at);
	CU_ASSERT_EQUAL(rmdir(dir), 0);
	snprintf(path, sizeof(path), "%s/none", dir);
	eal_system_remove_stale(path); /* isn't there */
}

static const struct test_case cases[] = {
	{ "what the machine has", facts },
	{ "EAL's files and directory are removed", removes_its_own },
	{ "nothing else is", leaves_what_is_others },
	{ "what the killed left is removed", removes_what_the_killed_left },
	{ NULL, NULL },
};

const struct test_suite suite_eal_system = { "eal_system", cases };
