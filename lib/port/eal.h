/* SPDX-License-Identifier: BSD-3-Clause */
/* eal.h: what lib/port asks about the EAL that thole_eal_start() started. */
#ifndef PORT_EAL_H
#define PORT_EAL_H

#include <stdbool.h>
#include <stddef.h>

/** Why EAL couldn't bring up virtual device @p device; "" when it said nothing or wasn't started by
 * us. */
void eal_device_reason(const char *device, char *out, size_t bytes);

/** Whether thole_eal_start() has locked tap interface @p iface for this process (tap.h). */
bool eal_has_tap(const char *iface);

#endif
