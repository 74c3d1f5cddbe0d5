/* SPDX-License-Identifier: BSD-3-Clause */
/* eal_system.c: see eal_system.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port/eal_system.h"

#define HUGE_DIR "/sys/kernel/mm/hugepages"

static uint64_t
read_number(const char *dir, const char *name, const char *file)
{
	char path[512];
	unsigned long long value = 0;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, name, file);
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%llu", &value) != 1)
		value = 0;
	fclose(f);
	return value;
}

/* A line "name: value kB" of /proc/meminfo, in bytes. */
static uint64_t
meminfo_bytes(const char *name)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[160];
	size_t n = strlen(name);
	uint64_t bytes = 0;

	if (f == NULL)
		return 0;
	while (bytes == 0 && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, n) == 0 && line[n] == ':')
			bytes = strtoull(line + n + 1, NULL, 10) * 1024;
	fclose(f);
	return bytes;
}

static uint64_t
huge_free_bytes(void)
{
	DIR *dir = opendir(HUGE_DIR);
	uint64_t bytes = 0;

	if (dir == NULL)
		return 0;
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		unsigned long long kb;

		if (sscanf(e->d_name, "hugepages-%llukB", &kb) != 1)
			continue;
		uint64_t free_pages = read_number(HUGE_DIR, e->d_name, "free_hugepages");
		uint64_t promised = read_number(HUGE_DIR, e->d_name, "resv_hugepages");

		if (free_pages > promised)
			bytes += (free_pages - promised) * kb * 1024;
	}
	closedir(dir);
	return bytes;
}

/* Calls @p each for every hugetlbfs. @return how many there are. */
static unsigned int
for_each_hugetlbfs(void (*each)(const char *dir, const char *prefix), const char *prefix)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	unsigned int n = 0;

	if (mounts == NULL)
		return 0;
	for (struct mntent *m; (m = getmntent(mounts)) != NULL;) {
		if (strcmp(m->mnt_type, "hugetlbfs") != 0)
			continue;
		n++;
		if (each != NULL)
			each(m->mnt_dir, prefix);
	}
	endmntent(mounts);
	return n;
}

void
eal_system_facts(struct eal_facts *facts)
{
	*facts = (struct eal_facts){
		.huge_free_bytes = huge_free_bytes(),
		.huge_page_bytes = meminfo_bytes("Hugepagesize"),
		.huge_mounted = for_each_hugetlbfs(NULL, NULL) > 0,
		.available_bytes = meminfo_bytes("MemAvailable"),
		.pid = (int)getpid(),
	};
}

/* Removes the files in @p dir whose names match @p pattern. */
static void
remove_matching(const char *dir_name, const char *pattern)
{
	DIR *dir = opendir(dir_name);

	if (dir == NULL)
		return;
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		if (fnmatch(pattern, e->d_name, FNM_PERIOD) == 0)
			(void)unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
}

static void
remove_hugepages(const char *dir, const char *prefix)
{
	char pattern[160];

	snprintf(pattern, sizeof(pattern), "%smap_*", prefix);
	remove_matching(dir, pattern);
}

void
eal_system_remove(const char *dir, bool files)
{
	static const char *const patterns[] = { "config", "hugepage_info", "fbarray_mem*",
		"mp_socket*", "dpdk_telemetry*" };
	const char *prefix = strrchr(dir, '/');

	if (prefix == NULL || prefix[1] == '\0')
		return;
	if (files) {
		for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
			remove_matching(dir, patterns[i]);
		for_each_hugetlbfs(remove_hugepages, prefix + 1);
	}
	(void)rmdir(dir); /* refused when another process has files there */
}

void
eal_system_remove_stale(const char *dir_name)
{
	DIR *dir = opendir(dir_name);

	if (dir == NULL)
		return;
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		int pid, length = 0;

		if (sscanf(e->d_name, "thole-%d%n", &pid, &length) != 1 || pid <= 0 ||
			e->d_name[length] != '\0')
			continue;
		if (kill(pid, 0) != 0 && errno == ESRCH)
			(void)unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}
