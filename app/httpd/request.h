/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request.h: reads the head of an HTTP/1.0 or 1.1 request (RFC 9112). Pure: bytes in, a struct or
 * the status to answer out. Strict where leniency has let requests be smuggled: one space, no
 * folding, one length.
 */
#ifndef HTTPD_REQUEST_H
#define HTTPD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_LINE_MAX 4096 /* longer: 414 */
#define REQUEST_HEAD_MAX 8192 /* longer: 431 */

struct request {
	bool head;			 /**< HEAD: everything but the content */
	bool keep_alive;		 /**< another request may follow on the connection */
	uint64_t body_bytes;		 /**< content after the head, to be skipped */
	char path[REQUEST_LINE_MAX + 1]; /**< decoded, relative to the root; "." is the root */
};

/** How many bytes of empty lines come before the request: to be ignored (RFC 9112, 2.2). */
size_t request_blank(const char *bytes, size_t n);

/**
 * Looks for the end of the head. @p scanned is where the last look stopped: 0 at first.
 * @return the length of the head with its empty line; 0 when it isn't all there.
 */
size_t request_end(const char *bytes, size_t n, size_t *scanned);

/** Whether what starts so asks for HEAD: also its refusal has no content. */
bool request_is_head(const char *bytes, size_t n);

/** Whether a head that has no end yet can't become good any more. @return 0, 414 or 431. */
int request_too_long(const char *bytes, size_t n);

/**
 * Reads a whole head of @p n bytes. @return 200, or the status to answer: then the path is empty.
 * keep_alive is always set: false after any error that leaves the end of the request in doubt.
 */
int request_parse(const char *bytes, size_t n, struct request *out);

#endif
