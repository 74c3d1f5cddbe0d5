/* SPDX-License-Identifier: BSD-3-Clause */
/* json_file.h: what a benchmark found, as a file. */
#ifndef JSON_FILE_H
#define JSON_FILE_H

#include <jansson.h>

/** Writes @p top to @p path, and drops it in any case. @return 0 or negative errno. */
int json_file_write(json_t *top, const char *path);

#endif
