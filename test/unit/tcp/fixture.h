/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fixture.h: one connection without a stack: an environment with the documented defaults, a TCB
 * that fix_up() leaves in ESTABLISHED, and segments for it. fix_down() frees what the connection
 * holds and says whether every mbuf and record is back and every gauge at 0.
 */
#ifndef TCP_FIXTURE_H
#define TCP_FIXTURE_H

#include "../test.h"
#include "../test_mem.h"
#include "base/prng.h"
#include "tcp/scoreboard.h"

#define FIX_POOL 2048
#define FIX_SEGS 1024		      /* records of segments in flight */
#define FIX_ISS	 UINT32_C(0xfffffc00) /* our numbers wrap soon, */
#define FIX_IRS	 UINT32_C(0xfffffe00) /* and so do theirs */

struct fix {
	struct tcp_env env;
	struct thole_stats stats;
	struct mbufs mbufs;
	struct test_mem mem;
	struct slab flights;
	struct slab segments;
	struct rte_mempool *pool;
	struct wire_path path;
	struct tcb t;
};

/**
 * ESTABLISHED by an active open with a peer that has no options but MSS: 1460 B each way, its
 * window 65,535, no RTT sample. NewReno: what it does to cwnd can be told by hand.
 */
void fix_up(struct fix *f);

/** Likewise with a peer that offered @p opts (enum embryo_opt) in its SYN, and the timestamp 1. */
void fix_up_with(struct fix *f, uint8_t opts);

/** The peer's SYN once more, with the environment as it is now: what the receiver makes of it. */
void fix_peer_syn(struct fix *f, uint8_t opts);

void fix_down(struct fix *f);

/** As the connection was established, in @p state, by the numbers that this takes. */
void fix_state(struct fix *f, enum tcp_state state);

/** A segment of @p flags at our rcv_nxt that acknowledges snd_una; no mbuf. */
struct seg fix_seg(const struct fix *f, uint8_t flags);

/** An mbuf of @p n bytes, in memory of exactly this size, each the low byte of its position. */
struct rte_mbuf *fix_bytes(struct fix *f, uint32_t pos, uint32_t n);

/** Lets the connection send all it may; frees the packets. @return how many. */
unsigned int fix_flush(struct fix *f);

/** SEND of @p n bytes in mbufs of at most 30,000, and out with what may go. @return packets. */
unsigned int fix_send(struct fix *f, uint32_t n);

/** The peer acknowledges up to @p ack, with a window of 65,535, and SACKs. */
void fix_ack(struct fix *f, uint32_t ack, const struct sack_block *sack, uint8_t nb_sack);

/** What is in flight, by the list of segments; the sums of the flight block agree with it, and the
 * orders of its lists are right. */
void fix_check_board(const struct fix *f);

/** The flight block, which there must be. */
struct flight *fix_flight(struct fix *f);

/** Runs the retransmission timer, whatever it is for now; it must be on. @return packets. */
unsigned int fix_fire(struct fix *f);

#endif
