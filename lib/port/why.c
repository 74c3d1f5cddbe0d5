/* SPDX-License-Identifier: BSD-3-Clause */
/* why.c: see why.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "port/why.h"

int
why_set(struct thole_why *why, int error, const char *format, ...)
{
	va_list args;

	if (why == NULL)
		return error;
	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return error;
}

void
why_prepend(struct thole_why *why, const char *prefix)
{
	struct thole_why old;

	if (why == NULL)
		return;
	old = *why;
	/* The cause matters more than a long path: the path gives way from its start. */
	size_t room = sizeof(why->text) - 3;
	size_t text = strnlen(old.text, sizeof(old.text));
	size_t keep = text < room ? room - text : 0;
	size_t length = strlen(prefix);

	snprintf(why->text, sizeof(why->text), "%s: %.*s",
		length > keep ? prefix + (length - keep) : prefix, (int)text, old.text);
}
