/* SPDX-License-Identifier: BSD-3-Clause */
/* response.h: writes the head of an answer, and the whole of one that is an error. */
#ifndef HTTPD_RESPONSE_H
#define HTTPD_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define RESPONSE_MAX 512 /* bytes that either function writes at most */

struct response {
	int status;
	bool head; /**< answers HEAD: no content */
	bool keep_alive;
	/* Of a 200 only. */
	uint64_t bytes;
	const char *type;
	time_t modified;
};

/** Writes the head of a 200, or an error's head and (unless it answers HEAD) text. @return the
 * bytes. */
size_t response_write(char buf[RESPONSE_MAX], const struct response *response, time_t now);

#endif
