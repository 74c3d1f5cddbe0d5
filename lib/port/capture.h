/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * capture.h: keeps what EAL writes to stdout, stderr and its log while it starts, so that of a page
 * of usage text the one line that matters can be told, and a start that works says nothing.
 */
#ifndef PORT_CAPTURE_H
#define PORT_CAPTURE_H

#include <stddef.h>
#include <stdio.h>

struct capture {
	int fd;	      /* a file in memory, or -1: nothing is captured */
	int saved[2]; /* stdout and stderr, or -1 where they were closed */
	FILE *log;    /* EAL's log stream */
};

void capture_begin(struct capture *capture);

/** Gives stdout and stderr back, the log goes to stderr. @return the text, which the caller frees;
 * or NULL. */
char *capture_end(struct capture *capture);

/**
 * Finds in EAL's text the line that tells why it failed: the last one that isn't the closing
 * summary. Copies it without EAL's prefix; "" when there is none.
 */
void capture_reason(const char *text, char *out, size_t bytes);

/** The same for why the bus couldn't bring up virtual device @p device; "" when it says nothing of
 * it. */
void capture_device_reason(const char *text, const char *device, char *out, size_t bytes);

#endif
