/* SPDX-License-Identifier: BSD-3-Clause */
/* response.c: RFC 9110's fields. Every answer has a length, so that connections can be kept. */
#include "response.h"

#include <inttypes.h>
#include <stdio.h>

static const char *
reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 414:
		return "URI Too Long";
	case 431:
		return "Request Header Fields Too Large";
	case 501:
		return "Not Implemented";
	case 503:
		return "Service Unavailable";
	case 505:
		return "HTTP Version Not Supported";
	}
	return "Error";
}

/* RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", in any locale. */
static void
format_date(char *buf, size_t room, time_t when)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm = { .tm_mday = 1 };

	gmtime_r(&when, &tm);
	snprintf(buf, room, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
		months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

size_t
response_write(char buf[RESPONSE_MAX], const struct response *response, time_t now)
{
	const char *text = reason(response->status);
	char date[64], modified[64], content[64] = "";
	bool ok = response->status == 200;
	uint64_t bytes = response->bytes;
	int n;

	format_date(date, sizeof(date), now);
	if (!ok)
		bytes = (uint64_t)snprintf(
			content, sizeof(content), "%d %s\n", response->status, text);
	n = snprintf(buf, RESPONSE_MAX,
		"HTTP/1.1 %d %s\r\nDate: %s\r\nServer: thole\r\nContent-Type: %s\r\n"
		"Content-Length: %" PRIu64 "\r\nConnection: %s\r\n",
		response->status, text, date, ok ? response->type : "text/plain; charset=utf-8",
		bytes, response->keep_alive ? "keep-alive" : "close");
	if (ok) {
		/* RFC 9110, 8.8.2.1: never later than Date. */
		format_date(modified, sizeof(modified),
			response->modified < now ? response->modified : now);
		n += snprintf(buf + n, RESPONSE_MAX - (size_t)n, "Last-Modified: %s\r\n", modified);
	} else if (response->status == 405) {
		n += snprintf(buf + n, RESPONSE_MAX - (size_t)n, "Allow: GET, HEAD\r\n");
	}
	n += snprintf(buf + n, RESPONSE_MAX - (size_t)n, "\r\n%s", response->head ? "" : content);
	return (size_t)n;
}
