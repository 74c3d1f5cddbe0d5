/* SPDX-License-Identifier: BSD-3-Clause */
/* version.c: which thole a program runs with. */
#include <thole/version.h>

const char *
thole_version(void)
{
	return THOLE_VERSION;
}

uint32_t
thole_version_number(void)
{
	return THOLE_VERSION_NUMBER;
}
