/* SPDX-License-Identifier: BSD-3-Clause */
/* json_file.c: figures as JSON, with as many digits as they are good for. */
#include <errno.h>
#include <stdio.h>

#include "json_file.h"

int
json_file_write(json_t *top, const char *path)
{
	FILE *file = fopen(path, "w");
	int rc = 0;

	if (file == NULL) {
		rc = -errno;
	} else {
		if (json_dumpf(top, file, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) != 0 ||
			fputc('\n', file) == EOF)
			rc = -EIO;
		if (fclose(file) != 0 && rc == 0)
			rc = -errno;
	}
	json_decref(top);
	return rc;
}
