/* SPDX-License-Identifier: BSD-3-Clause */
/* test_response.c: heads of answers, to the byte. */
#include <string.h>

#include "../../../app/httpd/response.h"
#include "../test.h"

extern const struct test_suite test_response;

#define NOW   784111777 /* RFC 9110's example date */
#define FIRST "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: thole\r\n"

static const char *
write_one(const struct response *response)
{
	static char buf[RESPONSE_MAX + 1];
	size_t n = response_write(buf, response, NOW);

	CU_ASSERT_TRUE_FATAL(n <= RESPONSE_MAX);
	buf[n] = '\0';
	return buf;
}

static void
found(void)
{
	struct response response = { .status = 200,
		.keep_alive = true,
		.bytes = 10737418240,
		.type = "text/plain",
		.modified = NOW - 1 };

	CU_ASSERT_STRING_EQUAL(write_one(&response),
		"HTTP/1.1 200 OK\r\n" FIRST
		"Content-Type: text/plain\r\nContent-Length: 10737418240\r\n"
		"Connection: keep-alive\r\n"
		"Last-Modified: Sun, 06 Nov 1994 08:49:36 GMT\r\n\r\n");
	response.modified = NOW + 100;
	CU_ASSERT_PTR_NOT_NULL(
		strstr(write_one(&response), "Last-Modified: Sun, 06 Nov 1994 08:49:37"));
}

static void
errors(void)
{
	static const int statuses[] = { 400, 403, 404, 405, 408, 414, 431, 501, 503, 505 };
	struct response response = { .status = 404, .keep_alive = true };

	CU_ASSERT_STRING_EQUAL(write_one(&response),
		"HTTP/1.1 404 Not Found\r\n" FIRST
		"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 14\r\n"
		"Connection: keep-alive\r\n\r\n404 Not Found\n");
	response.head = true; /* RFC 9110, 9.3.2: the same fields, no content */
	CU_ASSERT_STRING_EQUAL(write_one(&response),
		"HTTP/1.1 404 Not Found\r\n" FIRST
		"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 14\r\n"
		"Connection: keep-alive\r\n\r\n");
	response = (struct response){ .status = 405 };
	CU_ASSERT_PTR_NOT_NULL(
		strstr(write_one(&response), "\r\nConnection: close\r\nAllow: GET, HEAD\r\n\r\n"));
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		response.status = statuses[i];
		CU_ASSERT_PTR_NULL(strstr(write_one(&response), "Error"));
	}
}

static const struct test_case cases[] = {
	{ "a file", found },
	{ "errors", errors },
	{ NULL, NULL },
};

const struct test_suite test_response = { "apps/response", cases };
