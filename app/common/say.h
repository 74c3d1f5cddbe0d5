/* SPDX-License-Identifier: BSD-3-Clause */
/* say.h: what a program tells a person on stderr: one line, the program's name first. */
#ifndef COMMON_SAY_H
#define COMMON_SAY_H

/** Sets the name that lines start with. */
void say_init(const char *program);

/** Writes a line to stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
