/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rig.h: a whole stack with a direct application, for targets: small tables in an arena, two peers
 * on the link, and what must always hold.
 *
 * What peers and the application send is fuzz_stream, round and round: a peer's byte with sequence
 * number q is that at q, ours the one at its offset in the connection. So whatever is delivered or
 * sent can be judged by itself.
 */
#ifndef FUZZ_RIG_H
#define FUZZ_RIG_H

#include <thole/app.h>
#include <thole/stack.h>

#include "fuzz.h"

#define RIG_PEERS  2
#define RIG_VIEWS  16 /* connections as the wire shows them */
#define RIG_APPS   2
#define RIG_CONNS  16 /* handles that the application knows, ended ones too */
#define RIG_PORT   80
#define RIG_LOCAL  UINT32_C(0x0a000001)
#define RIG_PEER   UINT32_C(0x0a000002) /* and those that follow */
#define RIG_STREAM (FUZZ_STREAM - 1)

/* How the stack is set up: bits of the input's first byte. */
enum {
	RIG_TRUST = 1,	  /* received checksums aren't looked at */
	RIG_OFFLOAD = 2,  /* the device sums what is sent */
	RIG_TINY = 4,	  /* tables overflow */
	RIG_UNKNOWN = 8,  /* the peers' hardware addresses aren't known at first */
	RIG_SMALL = 16,	  /* small buffers and MTU */
	RIG_AT_ONCE = 32, /* no delayed ACK, no Nagle */
};

/* And how its TCP is: bits of the second byte, beside THOLE_CC_*, which are the lowest two. */
enum {
	RIG_CC = 3,
	RIG_ECN = 4,
	RIG_PACING = 8,
	RIG_KEEPALIVE = 16,
	RIG_NO_SACK = 32,
	RIG_NO_TIMESTAMPS = 64,
	RIG_NO_WSCALE = 128,
};

/* Where a segment of the stack's began and ended. */
struct rig_sent {
	uint32_t left;
	uint32_t right;
};
#define RIG_SENT 8 /* the latest are known */
#define RIG_ISS	 4

struct rig_view {
	bool used;
	uint8_t peer;
	uint16_t rport;
	uint16_t lport;
	uint32_t nb_iss; /* initial sequence numbers that the stack gave */
	uint32_t iss[RIG_ISS];
	uint32_t snd_max; /* after the last that the stack sent */
	uint32_t acked;	  /* the last acknowledgment that it was given */
	uint32_t rcv_nxt; /* the stack's last acknowledgment */
	uint32_t wnd;	  /* as it stood in its last header */
	uint32_t ts_val;  /* of its last timestamp */
	bool has_ts;	  /* its last segment had one */
	uint8_t wscale;	  /* that its SYN offered */
	uint8_t next_sent;
	struct rig_sent sent[RIG_SENT];
};

struct rig_conn {
	thole_conn handle; /* 0: none yet */
	bool opened;
	bool peer_closed;
	bool closed; /* CLOSED came, or its context went */
	bool cut;    /* the stack reset it when it was cut */
	bool has_seq;
	uint32_t seq;  /* of the next byte that it will be given */
	uint32_t sent; /* bytes */
	uint32_t owed; /* RECEIVED, not given yet */
	/* Answers to GIVE that are still to be read, by context. */
	uint32_t takens[RIG_APPS];
	uint32_t givens[RIG_APPS];
};

struct rig {
	struct thole_stack *stack;
	struct thole_app *apps[RIG_APPS];
	struct rte_mempool *rx;	  /* the network's */
	struct rte_mempool *pool; /* the stack's */
	struct rte_mempool *tx;	  /* the application's */
	uint64_t now;
	uint64_t given; /* packets to rx */
	uint8_t config;
	uint8_t tcp;
	bool any_bytes; /* peers send whatever they like */
	struct rig_view views[RIG_VIEWS];
	unsigned int next_view;
	struct rig_conn conns[RIG_CONNS];
	unsigned int next_conn;
	uint64_t credit_added; /* at most, by larger send buffers */
	unsigned int renewed;  /* contexts */
	bool drains;
	bool is_cut;
	uint32_t cookies_out; /* at most, on their way then */
	uint64_t passive;     /* of the peers', and cookies, when it began to drain */
	uint64_t cookies;
	struct thole_info info;
};

extern struct rig rig;

void rig_up(uint8_t config, uint8_t tcp);
void rig_down(void);

/* Gives the stack a frame. */
void rig_rx(const uint8_t *frame, uint32_t n, uint8_t cut);
/* A reply or request of ARP from a peer. */
void rig_arp(unsigned int peer, uint16_t op);
/* Time goes on and the stack runs. */
void rig_run(uint64_t later_ns);
/* Takes and judges at most @p max packets. @return how many there were. */
unsigned int rig_tx(uint16_t max);
/* Takes all of them; then, if mbufs and records are not short, nothing may be due. */
void rig_tx_all(void);
/* Reads and judges at most @p max events. @return how many there were. */
unsigned int rig_events(uint32_t max);
/* Submits an op; mbuf is the rig's to make: @p bytes of SEND are the connection's next. */
void rig_send(struct rig_conn *c, uint32_t bytes, uint8_t cut);
void rig_op(uint32_t type, const struct rig_conn *c, uint32_t bytes);
/* To the other context. */
void rig_give(struct rig_conn *c);
void rig_set(const struct rig_conn *c, uint8_t option, uint8_t value);
void rig_get(const struct rig_conn *c, uint8_t option);
void rig_info(const struct rig_conn *c);
void rig_connect(unsigned int peer, uint16_t rport, bool opening);
void rig_listen(unsigned int app, uint32_t type, uint16_t port, uint32_t backlog);
/* What is always true inside. */
void rig_check(void);
/* The connection's record, or NULL: it is over. */
const struct tcb *rig_tcb(const struct rig_conn *c);

/* rig_end.c: how a stack and its contexts end. */
/* Ends a context with all it has, and makes another in its place. */
void rig_renew(unsigned int app);
void rig_drain(void);
void rig_cut(void);
/* What is left is what is counted, and nobody comes to one that drains. */
void rig_check_end(void);

/* The view of a connection; made if there is none, in place of an old one. */
struct rig_view *rig_view(unsigned int peer, uint16_t rport, uint16_t lport);

/* rig_frame.c */
/* Writes Ethernet and IPv4 headers from @p peer to us for @p n bytes behind. @return the frame's.
 */
uint32_t rig_put_ip(uint8_t *frame, unsigned int peer, uint8_t proto, uint32_t n);
/* Sets the IPv4 checksum and, of TCP and ICMP, that one. */
void rig_mend(uint8_t *frame, uint32_t n);
/* Judges a packet that the stack sent, and notes what it says. */
void rig_judge_tx(const struct rte_mbuf *m);

#endif
