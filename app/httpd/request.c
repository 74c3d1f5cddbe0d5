/* SPDX-License-Identifier: BSD-3-Clause */
/* request.c: a request's head, line by line; a line ends with LF, and a CR before that is dropped.
 */
#include "request.h"

#include <string.h>
#include <strings.h>

#define REQUEST_SKIP_MAX 65536 /* longer content isn't worth the reading: close instead */

/* A part of the head. */
struct text {
	const char *at;
	size_t n;
};

/* What the fields say. */
struct fields {
	unsigned int nb_host;
	bool close;
	bool keep_alive;
	bool transfer_encoding;
	bool has_length;
	bool expect;
	uint64_t length;
};

size_t
request_blank(const char *bytes, size_t n)
{
	size_t i = 0;

	for (;;) {
		if (i < n && bytes[i] == '\n')
			i++;
		else if (i + 1 < n && bytes[i] == '\r' && bytes[i + 1] == '\n')
			i += 2;
		else
			return i;
	}
}

size_t
request_end(const char *bytes, size_t n, size_t *scanned)
{
	const char *lf;
	size_t i = *scanned;

	while (i < n && (lf = memchr(bytes + i, '\n', n - i)) != NULL) {
		i = (size_t)(lf - bytes) + 1;
		if (i < n && bytes[i] == '\n')
			return i + 1;
		if (i + 1 < n && bytes[i] == '\r' && bytes[i + 1] == '\n')
			return i + 2;
		if (i + 1 >= n) { /* undecided: look at this line end again */
			*scanned = i - 1;
			return 0;
		}
	}
	*scanned = n;
	return 0;
}

int
request_too_long(const char *bytes, size_t n)
{
	if (n > REQUEST_LINE_MAX && memchr(bytes, '\n', REQUEST_LINE_MAX + 1) == NULL)
		return 414;
	return n >= REQUEST_HEAD_MAX ? 431 : 0;
}

/* RFC 9110, 5.6.2: what methods and field names are made of. */
static bool
is_token(struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		char c = t.at[i];

		if (c <= ' ' || c >= 127 || strchr("\"(),/:;<=>?@[\\]{}", c) != NULL)
			return false;
	}
	return t.n != 0;
}

static bool
is(struct text t, const char *word)
{
	return t.n == strlen(word) && strncasecmp(t.at, word, t.n) == 0;
}

/* Takes what comes before @p stop off @p t, or all of it. @return false if there was no @p stop. */
static bool
cut(struct text *t, char stop, struct text *out)
{
	const char *at = memchr(t->at, stop, t->n);

	*out = (struct text){ t->at, at != NULL ? (size_t)(at - t->at) : t->n };
	if (at == NULL) {
		*t = (struct text){ t->at + t->n, 0 };
		return false;
	}
	*t = (struct text){ at + 1, t->n - out->n - 1 };
	return true;
}

static struct text
trim(struct text t)
{
	while (t.n != 0 && (t.at[0] == ' ' || t.at[0] == '\t'))
		t = (struct text){ t.at + 1, t.n - 1 };
	while (t.n != 0 && (t.at[t.n - 1] == ' ' || t.at[t.n - 1] == '\t'))
		t.n--;
	return t;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The target's path, decoded and without the slash at its start. @return 200 or 400. */
static int
parse_target(struct text target, char *path)
{
	struct text rest = target, bare;
	size_t n = 0;

	if (target.n > 7 && strncasecmp(target.at, "http://", 7) == 0) { /* RFC 9112, 3.2.2 */
		rest = (struct text){ target.at + 7, target.n - 7 };
		while (rest.n != 0 && rest.at[0] != '/' && rest.at[0] != '?')
			rest = (struct text){ rest.at + 1, rest.n - 1 };
	} else if (target.n == 0 || target.at[0] != '/') {
		return 400;
	}
	cut(&rest, '?', &bare);
	for (size_t i = 0; i < bare.n; i++) {
		char c = bare.at[i];

		if (c == '%') {
			int high = i + 2 < bare.n ? hex(bare.at[i + 1]) : -1;
			int low = i + 2 < bare.n ? hex(bare.at[i + 2]) : -1;

			if (high < 0 || low < 0)
				return 400;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0' || (c == '#' && bare.at[i] == '#'))
			return 400;
		if (c != '/' || n != 0)
			path[n++] = c;
	}
	if (n == 0)
		path[n++] = '.';
	path[n] = '\0';
	return 200;
}

/* GET and HEAD; others that RFC 9110 and 5789 define are known but not allowed. */
static int
parse_method(struct text method, const struct request *out)
{
	static const char *const others[] = { "POST", "PUT", "DELETE", "OPTIONS", "TRACE",
		"CONNECT", "PATCH" };

	if (out->head || (method.n == 3 && memcmp(method.at, "GET", 3) == 0))
		return 200;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (method.n == strlen(others[i]) && memcmp(method.at, others[i], method.n) == 0)
			return 405;
	}
	return 501;
}

/* "HTTP/1.1". @return 200, 400 or 505. */
static int
parse_version(struct text version, unsigned int *minor)
{
	if (version.n != 8 || memcmp(version.at, "HTTP/", 5) != 0 || version.at[6] != '.' ||
		version.at[5] < '0' || version.at[5] > '9' || version.at[7] < '0' ||
		version.at[7] > '9')
		return 400;
	*minor = (unsigned int)(version.at[7] - '0');
	return version.at[5] == '1' ? 200 : 505;
}

/* RFC 9112, 6.3: a length that isn't one number makes the end of the request unknowable. */
static bool
parse_length(struct text value, struct fields *fields)
{
	uint64_t length = 0;

	if (value.n == 0 || value.n > 18)
		return false;
	for (size_t i = 0; i < value.n; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
		length = length * 10 + (uint64_t)(value.at[i] - '0');
	}
	if (fields->has_length && fields->length != length)
		return false;
	fields->has_length = true;
	fields->length = length;
	return true;
}

static void
parse_connection(struct text value, struct fields *fields)
{
	struct text option;

	do {
		bool more = cut(&value, ',', &option);

		option = trim(option);
		if (is(option, "close"))
			fields->close = true;
		else if (is(option, "keep-alive"))
			fields->keep_alive = true;
		if (!more)
			return;
	} while (true);
}

/* One field line. @return false for one that mustn't be there. */
static bool
parse_field(struct text line, struct fields *fields)
{
	struct text name;

	/* RFC 9112, 5.1: no white space before the colon; 5.2: no folded lines. Neither is a token.
	 */
	if (!cut(&line, ':', &name) || !is_token(name))
		return false;
	line = trim(line);
	if (is(name, "host")) {
		for (size_t i = 0; i < line.n; i++) {
			if (strchr(" \t/@,#?", line.at[i]) != NULL)
				return false;
		}
		fields->nb_host++;
	} else if (is(name, "connection")) {
		parse_connection(line, fields);
	} else if (is(name, "content-length")) {
		return parse_length(line, fields);
	} else if (is(name, "transfer-encoding")) {
		fields->transfer_encoding = true;
	} else if (is(name, "expect")) {
		fields->expect = true;
	}
	return true;
}

/* The next line without its end. @return false when it has characters that no line may have. */
static bool
next_line(struct text *head, struct text *line)
{
	cut(head, '\n', line);
	if (line->n != 0 && line->at[line->n - 1] == '\r')
		line->n--;
	for (size_t i = 0; i < line->n; i++) {
		unsigned char c = (unsigned char)line->at[i];

		if ((c < ' ' && c != '\t') || c == 127)
			return false;
	}
	return true;
}

/* The request line; the target is left for later. @return 200 or an error. */
static int
parse_request_line(struct text line, struct text *method, struct text *target, unsigned int *minor)
{
	if (line.n > REQUEST_LINE_MAX)
		return 414;
	if (!cut(&line, ' ', method) || !is_token(*method) || !cut(&line, ' ', target))
		return 400;
	for (size_t i = 0; i < target->n; i++) {
		if (target->at[i] <= ' ' ||
			target->at[i] >= 127) /* also non-ASCII: char is signed */
			return 400;
	}
	return parse_version(line, minor);
}

bool
request_is_head(const char *bytes, size_t n)
{
	return n >= 5 && memcmp(bytes, "HEAD ", 5) == 0;
}

int
request_parse(const char *bytes, size_t n, struct request *out)
{
	struct text head = { bytes, n }, line, method = { NULL, 0 }, target = { NULL, 0 };
	struct fields fields = { 0 };
	unsigned int minor = 0;
	int status;

	/* First, since an error's answer to HEAD has no content, either. */
	out->head = request_is_head(bytes, n);
	out->keep_alive = false;
	out->body_bytes = 0;
	out->path[0] = '\0';
	if (n > REQUEST_HEAD_MAX)
		return 431;
	if (!next_line(&head, &line))
		return 400;
	status = parse_request_line(line, &method, &target, &minor);
	if (status != 200)
		return status;
	while (head.n != 0) {
		if (!next_line(&head, &line))
			return 400;
		if (line.n == 0)
			break;
		if (!parse_field(line, &fields))
			return 400;
	}
	/* RFC 9112, 3.2: Host once, and in 1.1 always. 6.1: a length beside a coding is an attack.
	 */
	if (fields.nb_host > 1 || (minor >= 1 && fields.nb_host == 0) ||
		(fields.has_length && fields.transfer_encoding))
		return 400;
	out->body_bytes = fields.length;
	out->keep_alive = !fields.close && (minor >= 1 || fields.keep_alive);
	/* Content that we can't or won't skip, or that may never come (RFC 9110, 10.1.1): close
	 * after. */
	if (fields.transfer_encoding || fields.length > REQUEST_SKIP_MAX ||
		(fields.expect && fields.length != 0))
		out->keep_alive = false;
	status = parse_method(method, out);
	return status != 200 ? status : parse_target(target, out->path);
}
