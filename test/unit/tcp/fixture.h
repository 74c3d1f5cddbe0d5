/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fixture.h: one connection without a stack: an environment with the documented defaults, a TCB
 * that fix_up() leaves in ESTABLISHED, and segments for it. fix_down() frees what the connection
 * holds and says whether every mbuf is back and every gauge at 0.
 */
#ifndef TCP_FIXTURE_H
#define TCP_FIXTURE_H

#include "../test.h"
#include "base/prng.h"
#include "tcp/tcp.h"

#define FIX_POOL 2048
#define FIX_ISS	 UINT32_C(0xfffffc00) /* our numbers wrap soon, */
#define FIX_IRS	 UINT32_C(0xfffffe00) /* and so do theirs */

struct fix {
	struct tcp_env env;
	struct thole_stats stats;
	struct mbufs mbufs;
	struct rte_mempool *pool;
	struct wire_path path;
	struct tcb t;
};

/** ESTABLISHED by an active open: MSS 1460 each way, the peer's window 65,535, no RTT sample. */
void fix_up(struct fix *f);
void fix_down(struct fix *f);

/** As the connection was established, in @p state, by the numbers that this takes. */
void fix_state(struct fix *f, enum tcp_state state);

/** A segment of @p flags at our rcv_nxt that acknowledges snd_una; no mbuf. */
struct seg fix_seg(const struct fix *f, uint8_t flags);

/** An mbuf of @p n bytes, in memory of exactly this size, each the low byte of its position. */
struct rte_mbuf *fix_bytes(struct fix *f, uint32_t pos, uint32_t n);

/** Lets the connection send all it may; frees the packets. @return how many. */
unsigned int fix_flush(struct fix *f);

#endif
