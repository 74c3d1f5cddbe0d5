/* SPDX-License-Identifier: BSD-3-Clause */
/* test_request.c: requests good, bad and in pieces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../app/httpd/request.h"
#include "../test.h"

#define HOST "Host: a\r\n"

extern const struct test_suite test_request;

static struct request request;

/* Parses a copy that ends where the head ends, so that a sanitizer sees any read past it. */
static int
parse(const char *text)
{
	size_t n = strlen(text);
	char *copy = malloc(n);
	int status;

	memcpy(copy, text, n);
	memset(&request, 0xaa, sizeof(request));
	status = request_parse(copy, n, &request);
	free(copy);
	return status;
}

/* The status for a request line, with all else well. */
static int
line(const char *text)
{
	char head[256];

	snprintf(head, sizeof(head), "%s\r\n" HOST "\r\n", text);
	return parse(head);
}

/* The status for a field line, with all else well. */
static int
field(const char *text)
{
	char head[256];

	snprintf(head, sizeof(head), "GET / HTTP/1.1\r\n" HOST "%s\r\n\r\n", text);
	return parse(head);
}

static void
simple(void)
{
	CU_ASSERT_EQUAL(parse("GET /a/b.html HTTP/1.1\r\nHost: example.org\r\n\r\n"), 200);
	CU_ASSERT_STRING_EQUAL(request.path, "a/b.html");
	CU_ASSERT_FALSE(request.head);
	CU_ASSERT_TRUE(request.keep_alive);
	CU_ASSERT_EQUAL(request.body_bytes, 0);
	CU_ASSERT_EQUAL(parse("HEAD / HTTP/1.1\nHost: example.org:80\n\n"), 200);
	CU_ASSERT_STRING_EQUAL(request.path, ".");
	CU_ASSERT_TRUE(request.head);
}

static void
versions(void)
{
	CU_ASSERT_EQUAL(parse("GET / HTTP/1.0\r\n\r\n"), 200);
	CU_ASSERT_FALSE(request.keep_alive);
	CU_ASSERT_EQUAL(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), 200);
	CU_ASSERT_TRUE(request.keep_alive);
	CU_ASSERT_EQUAL(line("GET / HTTP/1.7"), 200);
	CU_ASSERT_EQUAL(line("GET / HTTP/2.0"), 505);
	CU_ASSERT_EQUAL(line("GET / HTTP/0.9"), 505);
	CU_ASSERT_FALSE(request.keep_alive);
	CU_ASSERT_EQUAL(line("GET /"), 400);
	CU_ASSERT_EQUAL(line("GET / http/1.1"), 400);
	CU_ASSERT_EQUAL(line("GET / HTTP/1.10"), 400);
	CU_ASSERT_EQUAL(line("GET / HTTP/1"), 400);
	CU_ASSERT_EQUAL(line("GET / HTTP/1.1 "), 400);
}

static void
methods(void)
{
	CU_ASSERT_EQUAL(line("POST / HTTP/1.1"), 405);
	CU_ASSERT_TRUE(request.keep_alive);
	CU_ASSERT_EQUAL(line("DELETE /x HTTP/1.1"), 405);
	CU_ASSERT_EQUAL(line("OPTIONS * HTTP/1.1"), 405);
	CU_ASSERT_EQUAL(line("CONNECT a:1 HTTP/1.1"), 405);
	CU_ASSERT_EQUAL(line("BREW /pot HTTP/1.1"), 501);
	CU_ASSERT_EQUAL(line("get / HTTP/1.1"), 501);
	CU_ASSERT_EQUAL(line("G(T / HTTP/1.1"), 400);
	CU_ASSERT_EQUAL(line(" GET / HTTP/1.1"), 400);
	CU_ASSERT_EQUAL(line("GET  / HTTP/1.1"), 400);
	CU_ASSERT_EQUAL(line(""), 400);
}

/* Refused before or after its method is looked at: the answer must go without content. */
static void
head_refused(void)
{
	CU_ASSERT_EQUAL(parse("HEAD / HTTP/1.1\r\n\r\n"), 400); /* no Host */
	CU_ASSERT_TRUE(request.head);
	CU_ASSERT_EQUAL(line("HEAD / HTTP/3.0"), 505);
	CU_ASSERT_TRUE(request.head);
	CU_ASSERT_EQUAL(line("HEAD /\x01 HTTP/1.1"), 400);
	CU_ASSERT_TRUE(request.head);
	CU_ASSERT_EQUAL(line("HEADS / HTTP/1.1"), 501);
	CU_ASSERT_FALSE(request.head);
	CU_ASSERT_EQUAL(line("GET / HTTP/3.0"), 505);
	CU_ASSERT_FALSE(request.head);
	CU_ASSERT_TRUE(request_is_head("HEAD /", 6));
	CU_ASSERT_FALSE(request_is_head("HEAD ", 4));
	CU_ASSERT_FALSE(request_is_head("HEADER", 6));
}

static void
targets(void)
{
	CU_ASSERT_EQUAL(line("GET /%41%2e%7Eb%20c HTTP/1.1"), 200);
	CU_ASSERT_STRING_EQUAL(request.path, "A.~b c");
	CU_ASSERT_EQUAL(line("GET ///x?y=/z%00 HTTP/1.1"), 200);
	CU_ASSERT_STRING_EQUAL(request.path, "x");
	CU_ASSERT_EQUAL(line("GET http://h:80/p/q HTTP/1.1"), 200);
	CU_ASSERT_STRING_EQUAL(request.path, "p/q");
	CU_ASSERT_EQUAL(line("GET HTTP://h?q HTTP/1.1"), 200);
	CU_ASSERT_STRING_EQUAL(request.path, ".");
	CU_ASSERT_EQUAL(line("GET /%2fetc/passwd HTTP/1.1"), 200);
	CU_ASSERT_STRING_EQUAL(request.path, "etc/passwd");
	CU_ASSERT_EQUAL(line("GET /a%00b HTTP/1.1"), 400);
	CU_ASSERT_EQUAL(line("GET /a%4 HTTP/1.1"), 400);
	CU_ASSERT_EQUAL(line("GET /a% HTTP/1.1"), 400);
	CU_ASSERT_EQUAL(line("GET /a%gg HTTP/1.1"), 400);
	CU_ASSERT_EQUAL(line("GET /a#b HTTP/1.1"), 400);
	CU_ASSERT_EQUAL(line("GET /%23 HTTP/1.1"), 200);
	CU_ASSERT_STRING_EQUAL(request.path, "#");
	CU_ASSERT_EQUAL(line("GET x HTTP/1.1"), 400);
	CU_ASSERT_EQUAL(line("GET * HTTP/1.1"), 400);
	CU_ASSERT_EQUAL(line("GET /\xc3\xa9 HTTP/1.1"), 400);
	CU_ASSERT_EQUAL(line("GET /%c3%a9 HTTP/1.1"), 200);
	CU_ASSERT_STRING_EQUAL(request.path, "\xc3\xa9");
}

static void
fields(void)
{
	CU_ASSERT_EQUAL(parse("GET / HTTP/1.1\r\n\r\n"), 400);
	CU_ASSERT_EQUAL(field("Host: b"), 400);
	CU_ASSERT_EQUAL(parse("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
	CU_ASSERT_EQUAL(parse("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 200);
	CU_ASSERT_EQUAL(field("Connection: x , CLOSE"), 200);
	CU_ASSERT_FALSE(request.keep_alive);
	CU_ASSERT_EQUAL(field("X: \ty\t "), 200);
	CU_ASSERT_EQUAL(field("X : y"), 400);
	CU_ASSERT_EQUAL(field(" folded"), 400);
	CU_ASSERT_EQUAL(field("no colon"), 400);
	CU_ASSERT_EQUAL(field(": nameless"), 400);
	CU_ASSERT_EQUAL(field("X: a\rb"), 400);
	CU_ASSERT_EQUAL(field("X: a\x01"), 400);
	CU_ASSERT_EQUAL(field("X: \xe9"), 200);
	CU_ASSERT_EQUAL(request_parse("GET / HTTP/1.1\r\nHost: \0\r\n\r\n", 28, &request), 400);
}

static void
content(void)
{
	CU_ASSERT_EQUAL(field("Content-Length: 5"), 200);
	CU_ASSERT_EQUAL(request.body_bytes, 5);
	CU_ASSERT_TRUE(request.keep_alive);
	CU_ASSERT_EQUAL(field("Content-Length: 5\r\nContent-Length: 5"), 200);
	CU_ASSERT_EQUAL(field("Content-Length: 5\r\nContent-Length: 6"), 400);
	CU_ASSERT_EQUAL(field("Content-Length: 5, 5"), 400);
	CU_ASSERT_EQUAL(field("Content-Length: -5"), 400);
	CU_ASSERT_EQUAL(field("Content-Length:"), 400);
	CU_ASSERT_EQUAL(field("Content-Length: 99999999999999999999"), 400);
	CU_ASSERT_EQUAL(field("Content-Length: 999999999999"), 200);
	CU_ASSERT_FALSE(request.keep_alive);
	CU_ASSERT_EQUAL(field("Transfer-Encoding: chunked"), 200);
	CU_ASSERT_FALSE(request.keep_alive);
	CU_ASSERT_EQUAL(field("Transfer-Encoding: chunked\r\nContent-Length: 5"), 400);
	CU_ASSERT_EQUAL(field("Content-Length: 5\r\nExpect: 100-continue"), 200);
	CU_ASSERT_FALSE(request.keep_alive);
}

/* A head that grows byte by byte ends at its last byte, not before. */
static void
ends(void)
{
	static const char *const heads[] = { "GET / HTTP/1.1\r\nA: b\r\n\r\n", "GET / HTTP/1.1\n\n",
		"GET / HTTP/1.1\r\n\n", "GET / HTTP/1.1\n\r\n", "x\n\r\ry\n\n" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		size_t n = strlen(heads[i]), scanned = 0, whole = 0;

		for (size_t have = 0; have < n; have++)
			CU_ASSERT_EQUAL(request_end(heads[i], have, &scanned), 0);
		CU_ASSERT_EQUAL(request_end(heads[i], n, &scanned), n);
		CU_ASSERT_EQUAL(request_end(heads[i], n, &whole), n);
	}
	size_t scanned = 0;

	CU_ASSERT_EQUAL(request_end("a\r\n\r\nGET", 8, &scanned), 5);
}

static void
blanks(void)
{
	CU_ASSERT_EQUAL(request_blank("\r\n\nGET", 6), 3);
	CU_ASSERT_EQUAL(request_blank("\r", 1), 0);
	CU_ASSERT_EQUAL(request_blank("\r\n\r", 3), 2);
	CU_ASSERT_EQUAL(request_blank("", 0), 0);
	CU_ASSERT_EQUAL(request_blank("\rG", 2), 0);
}

static void
limits(void)
{
	static char big[REQUEST_HEAD_MAX + 64];
	int n;

	memset(big, 'a', sizeof(big));
	CU_ASSERT_EQUAL(request_too_long(big, REQUEST_LINE_MAX), 0);
	CU_ASSERT_EQUAL(request_too_long(big, REQUEST_LINE_MAX + 1), 414);
	big[100] = '\n';
	CU_ASSERT_EQUAL(request_too_long(big, REQUEST_HEAD_MAX - 1), 0);
	CU_ASSERT_EQUAL(request_too_long(big, REQUEST_HEAD_MAX), 431);
	n = snprintf(big, sizeof(big), "GET /%0*d HTTP/1.1\r\n" HOST "\r\n", REQUEST_LINE_MAX, 0);
	CU_ASSERT_EQUAL(request_parse(big, (size_t)n, &request), 414);
	n = snprintf(
		big, sizeof(big), "GET /%0*d HTTP/1.1\r\n" HOST "\r\n", REQUEST_LINE_MAX - 14, 0);
	CU_ASSERT_EQUAL(request_parse(big, (size_t)n, &request), 200);
	CU_ASSERT_EQUAL(strlen(request.path), REQUEST_LINE_MAX - 14);
	n = snprintf(
		big, sizeof(big), "GET / HTTP/1.1\r\nX: %0*d\r\n" HOST "\r\n", REQUEST_HEAD_MAX, 0);
	CU_ASSERT_EQUAL(request_parse(big, (size_t)n, &request), 431);
}

/* Whatever comes: a status, a terminated path, and no read past the end. */
static void
mutations(void)
{
	static const char good[] = "GET /a%20b?c HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n"
				   "Connection: close, te\r\n\r\n";
	uint64_t seed = 1;

	for (int i = 0; i < 20000; i++) {
		size_t n = sizeof(good) - 1;
		char *copy;
		int status;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		n -= (size_t)(seed >> 60) * ((seed >> 20) % 4 == 0);
		copy = malloc(n);
		memcpy(copy, good, n);
		for (int j = 0; j <= (int)(seed >> 62); j++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			copy[(seed >> 33) % n] = (char)(seed >> 25);
		}
		status = request_parse(copy, n, &request);
		if (!(status == 200 || (status >= 400 && status <= 505)) ||
			strnlen(request.path, sizeof(request.path)) > REQUEST_LINE_MAX ||
			(status == 200 && request.path[0] == '\0'))
			CU_FAIL("a mutated request");
		free(copy);
	}
}

static const struct test_case cases[] = {
	{ "a simple request", simple },
	{ "versions", versions },
	{ "methods", methods },
	{ "HEAD refused is HEAD still", head_refused },
	{ "targets", targets },
	{ "fields", fields },
	{ "content", content },
	{ "where a head ends", ends },
	{ "empty lines before it", blanks },
	{ "limits", limits },
	{ "mutations", mutations },
	{ NULL, NULL },
};

const struct test_suite test_request = { "apps/request", cases };
