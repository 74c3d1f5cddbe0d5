/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * replay.c: runs a target over the files of a folder, its corpus, or over files named: what fuzzing
 * found worth keeping, as an ordinary test. TAP; an input that fails ends the process, and its name
 * is the last one printed.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX (1 << 20)

/* @return false if it can't be read. */
static bool
replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *whole = malloc(INPUT_MAX), *exact;
	size_t n;

	if (file == NULL || whole == NULL) {
		printf("# %s: %s\n", path, strerror(errno));
		free(whole);
		return false;
	}
	n = fread(whole, 1, INPUT_MAX, file);
	fclose(file);
	exact = realloc(whole, n != 0 ? n : 1); /* so that a read past the input is seen, too */
	if (exact == NULL)
		return false;
	printf("# %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return true;
}

static int
visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* @return how many inputs it has, or -1. */
static int
replay_folder(const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, visible, alphasort), done = 0;
	char path[4096];

	if (n < 0)
		printf("# %s: %s\n", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		free(entries[i]);
		if (done >= 0)
			done = replay(path) ? done + 1 : -1;
	}
	if (n >= 0)
		free(entries);
	return n < 0 ? -1 : done;
}

int
main(int argc, char **argv)
{
	int failed = argc < 2;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		const char *name = strrchr(argv[i], '/');
		int n;

		if (stat(argv[i], &st) == 0 && !S_ISDIR(st.st_mode))
			n = replay(argv[i]) ? 1 : -1;
		else
			n = replay_folder(argv[i]);
		failed |= n <= 0; /* an empty corpus tests nothing */
		printf("%s %d - %s: %d inputs\n", n > 0 ? "ok" : "not ok", i,
			name != NULL ? name + 1 : argv[i], n > 0 ? n : 0);
	}
	printf("1..%d\n", argc - 1);
	return failed;
}
