/* SPDX-License-Identifier: BSD-3-Clause */
/* say.c: lines to stderr, each in one write so that they don't mix with another thread's. */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>

static const char *say_program = "thole";

void
say_init(const char *program)
{
	say_program = program;
}

void
say(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "%s: %s\n", say_program, text);
}
