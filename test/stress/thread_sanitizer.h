/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * thread_sanitizer.h: comes before all else where everything is built with that sanitizer (see
 * meson.build). DPDK reads an mbuf's count of references relaxed, and who so finds that he is the
 * last writes to what others have read before they let go: what orders it is that he depends on the
 * value, which C's memory model doesn't count. Here that one load is ordered.
 */
#ifndef STRESS_THREAD_SANITIZER_H
#define STRESS_THREAD_SANITIZER_H

#include <rte_mempool.h>

#pragma push_macro("__ATOMIC_RELAXED")
#undef __ATOMIC_RELAXED
#define __ATOMIC_RELAXED __ATOMIC_SEQ_CST
#include <rte_mbuf.h>
#pragma pop_macro("__ATOMIC_RELAXED")

#endif
