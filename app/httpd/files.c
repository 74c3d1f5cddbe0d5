/* SPDX-License-Identifier: BSD-3-Clause */
/* files.c: openat2, which the C library has no function for. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
open_beneath(int root, const char *path)
{
	/* NONBLOCK: a FIFO must not stop the lcore. */
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	/* EAGAIN: something was renamed meanwhile. */
	for (int tries = 0; tries < 8; tries++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd >= 0 ? (int)fd : -errno;
}

int
files_root(const char *dir)
{
	int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), probe;

	if (root < 0)
		return -errno;
	probe = open_beneath(root, ".");
	if (probe < 0) {
		close(root);
		return probe;
	}
	close(probe);
	return root;
}

const char *
files_type(const char *path)
{
	static const struct {
		const char *suffix;
		const char *type;
	} types[] = {
		{ "html", "text/html; charset=utf-8" },
		{ "htm", "text/html; charset=utf-8" },
		{ "css", "text/css; charset=utf-8" },
		{ "js", "text/javascript; charset=utf-8" },
		{ "mjs", "text/javascript; charset=utf-8" },
		{ "txt", "text/plain; charset=utf-8" },
		{ "md", "text/markdown; charset=utf-8" },
		{ "csv", "text/csv; charset=utf-8" },
		{ "json", "application/json" },
		{ "xml", "application/xml" },
		{ "pdf", "application/pdf" },
		{ "wasm", "application/wasm" },
		{ "zip", "application/zip" },
		{ "gz", "application/gzip" },
		{ "svg", "image/svg+xml" },
		{ "png", "image/png" },
		{ "jpg", "image/jpeg" },
		{ "jpeg", "image/jpeg" },
		{ "gif", "image/gif" },
		{ "webp", "image/webp" },
		{ "ico", "image/x-icon" },
		{ "mp3", "audio/mpeg" },
		{ "mp4", "video/mp4" },
		{ "webm", "video/webm" },
		{ "woff2", "font/woff2" },
	};
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash != NULL ? slash : path, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcasecmp(dot + 1, types[i].suffix) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

static int
status_of(int error)
{
	switch (error) {
	case EXDEV: /* out of the directory */
	case EACCES:
	case EPERM:
	case ENXIO: /* a FIFO or a socket */
		return 403;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return 503;
	}
	return 404;
}

int
files_open(int root, const char *path, struct file *out)
{
	char index[PATH_MAX];
	struct stat stat;
	int fd = open_beneath(root, path);

	if (fd < 0)
		return status_of(-fd);
	out->type = files_type(path);
	if (fstat(fd, &stat) == 0 && S_ISDIR(stat.st_mode)) {
		close(fd);
		if (snprintf(index, sizeof(index), "%s/index.html", path) >= (int)sizeof(index))
			return 404;
		fd = open_beneath(root, index);
		if (fd < 0)
			return status_of(-fd);
		out->type = files_type(index);
	}
	if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
		close(fd);
		return 403;
	}
	out->fd = fd;
	out->bytes = (uint64_t)stat.st_size;
	out->modified = stat.st_mtime;
	return 200;
}
