/* SPDX-License-Identifier: BSD-3-Clause */
/* info.h: what is known of a connection. */
#ifndef TCP_INFO_H
#define TCP_INFO_H

#include "tcp/tcp.h"

/** All of @p info but the two ends. */
void tcp_info(const struct tcp_env *env, const struct tcb *t, struct thole_info *info);

#endif
