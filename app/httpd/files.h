/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * files.h: opens what a path names below one directory. The kernel resolves the path (openat2 with
 * RESOLVE_BENEATH), so that neither ".." nor a symbolic link gets out, whoever renames what
 * meanwhile.
 */
#ifndef HTTPD_FILES_H
#define HTTPD_FILES_H

#include <stdint.h>
#include <time.h>

struct file {
	int fd;
	uint64_t bytes;
	time_t modified;
	const char *type; /**< static */
};

/** Opens the directory to serve. @return a descriptor, or negative errno; -ENOSYS: no openat2 here.
 */
int files_root(const char *dir);

/**
 * Opens @p path, decoded and relative; of a directory its index.html.
 * @return 200 and @p out, whose fd is the caller's; or 403, 404 or 503.
 */
int files_open(int root, const char *path, struct file *out);

/** The media type that a name's suffix stands for. */
const char *files_type(const char *path);

#endif
