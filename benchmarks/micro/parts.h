/* SPDX-License-Identifier: BSD-3-Clause */
/* parts.h: what is compared. Each part prints and keeps its figures, and checks that both sides did
 * the same. */
#ifndef PARTS_H
#define PARTS_H

#include "result.h"

#define WHEEL_MOST 1048576U /* timers: beyond 4^10 rte_timer's skip lists degenerate */

void table_part(struct results *results, uint32_t entries);
void wheel_part(struct results *results, uint32_t entries);
void hash_part(struct results *results);
void csum_part(struct results *results);

#endif
