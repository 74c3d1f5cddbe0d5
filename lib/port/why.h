/* SPDX-License-Identifier: BSD-3-Clause */
/* why.h: fills a struct thole_why: one line that names the thing that failed and the mend. */
#ifndef PORT_WHY_H
#define PORT_WHY_H

#include <thole/port.h>

/** Writes the line, cut to what fits; @p why may be NULL. @return @p error, so that a caller can
 * return it. */
int why_set(struct thole_why *why, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** Puts @p prefix and ": " before what @p why says. */
void why_prepend(struct thole_why *why, const char *prefix);

#endif
