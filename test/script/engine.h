/* SPDX-License-Identifier: BSD-3-Clause */
/* engine.h: what the files that make up the script engine share. Scripts need script.h only. */
#ifndef SCRIPT_ENGINE_H
#define SCRIPT_ENGINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>

#include "base/time.h"
#include "script.h"

#define TICK_NS UINT64_C(8192)

struct syn_said {
	uint8_t offer;
	uint8_t wscale;
	uint8_t flags;
	uint32_t tsval;
};

/* One connection of the script, named by the peer's port. */
struct lane {
	uint16_t port;
	bool known;    /* we sent a SYN: ours is right */
	uint32_t ours; /* wire's number less script's */
	uint32_t theirs;
	uint32_t snd_seq; /* of the next byte that the application sends */
	bool synced;	  /* we acknowledged: rcv_seq is right */
	uint32_t syn_end; /* after the peer's last SYN */
	uint32_t rcv_seq; /* of the next byte that the application reads */
	thole_conn conn;

	/* opts.c: timestamps are the script's, all sequence numbers, too. */
	struct syn_said peer_syn; /* the peer's last SYN */
	struct syn_said agreed;	  /* the peer's SYN that ours answered: what both offered */
	uint8_t our_syn_flags;
	uint8_t our_shift; /* that our SYN said */
	bool ecn;
	bool ts_known;	       /* we sent a timestamp: our_ts is right */
	uint32_t our_ts;       /* wire's timestamp less script's */
	uint32_t ts_recent;    /* TS.Recent that we must have */
	uint32_t our_acked;    /* Last.ACK.sent, ours */
	uint32_t their_recent; /* the peer's TS.Recent */
	uint32_t their_acked;  /* and Last.ACK.sent */
	uint32_t snd_max;      /* after the last that we sent */
};

struct script {
	struct rte_mempool *pool;
	unsigned int baseline;
	struct thole_stack *stack;
	struct thole_app *app;
	struct thole_stack_config config;
	struct thole_address address;
	uint64_t now;
	uint64_t pulled; /* packets, ARP included */
	uint32_t our_ip;
	uint32_t peer_ip;
	uint16_t our_port; /* 0: chosen by the stack, not yet known */
	uint16_t port;	   /* the peer's, of the steps that follow */
	uint32_t theirs;   /* offset of new lanes */
	int32_t wnd;
	int32_t mss;
	uint8_t offer;
	uint8_t wscale;
	uint8_t ttl; /* of what we send */
	uint8_t dscp;
	uint64_t start_ms;
	uint32_t their_ts; /* wire's timestamp of the peer's less script's */
	bool manual_arp;
	bool mirror;
	bool holding;
	bool listening;
	uint16_t nb_held;
	unsigned int nb_out;
	unsigned int nb_lanes;
	struct lane lanes[16];
	struct rte_mbuf *out[512];
	struct rte_mbuf *held[64];
};

extern struct script *S;

bool script_second_pass(void);
struct lane *script_lane(void);
struct flow_key script_key(void);
uint8_t script_byte(uint32_t seq, bool ours);
uint16_t script_rx(const uint8_t *frame, uint32_t len);
void script_pump(void);
void script_turn(void);
enum tcp_state script_now_state(void);
const char *script_state_name(enum tcp_state state);
void script_quiet(const char *when);
/* opts.c */
void script_opts_put(struct lane *lane, const struct script_peer_seg *seg, struct frame_tcp *tcp);
void script_opts_check(
	struct lane *lane, const struct script_want_seg *want, const struct frame_tcp *tcp);
/* Of a segment on the wire, after its header. */
void script_opts_text(
	const struct lane *lane, const uint8_t *h, bool ours, char *text, size_t room);

#endif
