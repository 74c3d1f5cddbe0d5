/* SPDX-License-Identifier: BSD-3-Clause */
/* board.h: what is always true of a scoreboard, for the targets that have one. */
#ifndef FUZZ_BOARD_H
#define FUZZ_BOARD_H

#include "tcp/tcp.h"

/* In order, without gaps, in both lists; its sums are those of its segments. @return how many. */
uint32_t fuzz_check_board(const struct tcp_env *env, const struct tcb *t);

#endif
