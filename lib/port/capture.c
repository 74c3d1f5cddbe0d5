/* SPDX-License-Identifier: BSD-3-Clause */
/* capture.c: see capture.h. */
#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_log.h>

#include "port/capture.h"

void
capture_begin(struct capture *capture)
{
	int fd = memfd_create("thole-eal", MFD_CLOEXEC);

	*capture = (struct capture){ .fd = -1, .saved = { -1, -1 } };
	if (fd < 0)
		return;
	/* Never one of the three standard numbers, though a daemon may have closed those. */
	capture->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	if (capture->fd < 0)
		return;
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		capture->saved[i] = fcntl(STDOUT_FILENO + i, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (capture->saved[i] >= 0)
			dup2(capture->fd, STDOUT_FILENO + i);
	}
	int log = fcntl(capture->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	capture->log = log >= 0 ? fdopen(log, "w") : NULL;
	if (capture->log == NULL) {
		if (log >= 0)
			close(log);
		return;
	}
	setvbuf(capture->log, NULL, _IONBF, 0); /* in order with what is printed directly */
	rte_openlog_stream(capture->log);
}

char *
capture_end(struct capture *capture)
{
	struct stat st;
	char *text = NULL;

	rte_openlog_stream(stderr);
	if (capture->log != NULL)
		fclose(capture->log);
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		if (capture->saved[i] < 0)
			continue;
		dup2(capture->saved[i], STDOUT_FILENO + i);
		close(capture->saved[i]);
	}
	if (capture->fd < 0)
		return NULL;
	if (fstat(capture->fd, &st) == 0 && (text = calloc(1, (size_t)st.st_size + 1)) != NULL) {
		ssize_t n = pread(capture->fd, text, (size_t)st.st_size, 0);

		text[n > 0 ? n : 0] = '\0';
	}
	close(capture->fd);
	return text;
}

static bool
starts_with(const char *line, size_t length, const char *prefix)
{
	size_t n = strlen(prefix);

	return length >= n && memcmp(line, prefix, n) == 0;
}

/*
 * EAL's lines are "EAL: ...", a driver's "function(): ...", getopt's "program: ...". Usage text is
 * indented or starts with "Usage", "EAL ... options:" and has none of these.
 */
static bool
tells(const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);

	if (length == 0 || isspace((unsigned char)line[0]) || starts_with(line, length, "Usage:"))
		return false;
	if (colon == NULL || colon == line + length - 1 || colon[1] != ' ')
		return false;
	return !starts_with(line, length, "EAL: Detected ") &&
	       !starts_with(line, length, "EAL: FATAL: ") &&
	       !starts_with(line, length, "EAL: Bus (") &&
	       !starts_with(line, length, "EAL: No free ") &&
	       !starts_with(line, length, "EAL: Invalid 'command line'");
}

void
capture_reason(const char *text, char *out, size_t bytes)
{
	const char *best = NULL, *fatal = NULL;
	size_t best_length = 0, fatal_length = 0;

	for (const char *line = text; line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n');
		size_t length = end != NULL ? (size_t)(end - line) : strlen(line);

		if (starts_with(line, length, "EAL: FATAL: ")) {
			fatal = line + strlen("EAL: FATAL: ");
			fatal_length = length - strlen("EAL: FATAL: ");
		} else if (tells(line, length) &&
			   !(fatal != NULL && length == fatal_length + strlen("EAL: ") &&
				   memcmp(line + strlen("EAL: "), fatal, fatal_length) == 0)) {
			best = line; /* the summary is logged a second time after FATAL: passed over
				      */
			best_length = length;
		}
		line = end != NULL ? end + 1 : NULL;
	}
	if (best == NULL) {
		best = fatal;
		best_length = fatal_length;
	} else if (starts_with(best, best_length, "EAL: ")) {
		best += strlen("EAL: ");
		best_length -= strlen("EAL: ");
	}
	snprintf(out, bytes, "%.*s", (int)best_length, best != NULL ? best : "");
}

void
capture_device_reason(const char *text, const char *device, char *out, size_t bytes)
{
	char needle[128];

	out[0] = '\0';
	snprintf(needle, sizeof(needle), "vdev_probe(): failed to initialize %s device", device);
	const char *at = strstr(text, needle);
	char *before = at != NULL ? strndup(text, (size_t)(at - text)) : NULL;

	if (before == NULL)
		return;
	capture_reason(before, out, bytes);
	free(before);
}
