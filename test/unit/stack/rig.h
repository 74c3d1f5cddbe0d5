/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rig.h: a stack with a hand on each of its sides: frames in, frames out, the application, time,
 * memory. The host n of its link is 192.0.2.n with MAC 02:00:00:00:01:n; the stack is host 1, and
 * 192.0.2.100 to .102.
 */
#ifndef STACK_RIG_H
#define STACK_RIG_H

#include <thole/app.h>
#include <thole/stack.h>

#include "../../script/frame.h"
#include "../test.h"
#include "base/time.h"
#include "wire/tcp_parse.h"

#define RIG_NET	    0xc0000200u
#define RIG_US	    (RIG_NET + 1)
#define RIG_GATEWAY (RIG_NET + 254)
#define RIG_OFF	    0xc6336400u /* 198.51.100.0/24: behind the gateway */
#define RIG_OUT	    1024

struct rig_frame {
	uint64_t at_ns;
	uint32_t len;
	uint8_t bytes[FRAME_MAX];
};

struct rig {
	struct rte_mempool *pool;
	unsigned int pool_base;
	size_t bytes_out; /* of the stack's memory */
	unsigned int allocs;
	unsigned int fail_at; /* this allocation gets nothing; 0: none */
	struct thole_address addresses[2];
	struct thole_stack_config config;
	struct thole_stack *stack;
	struct thole_app *app;
	uint64_t now;
	uint32_t nb_out;
	uint32_t taken;
	struct rig_frame out[RIG_OUT];
};

/* A segment of host, or of an address off the link, which comes from the gateway. */
struct rig_seg {
	uint32_t from; /* host number, or address */
	uint16_t sport;
	uint16_t dport;
	uint8_t flags;
	uint32_t seq;
	uint32_t ack;
	uint32_t len;
	bool shut; /* a window of 0, instead of 65,535 */
};

/* Sets the configuration without making the stack. */
void rig_configure(struct rig *r, void (*tune)(struct thole_stack_config *config));
/* Makes stack and application. @return thole_stack_create()'s. */
int rig_create(struct rig *r, const char **why);
void rig_open(struct rig *r, void (*tune)(struct thole_stack_config *config));
/* Ends all. @return whether every mbuf and all memory came back. */
bool rig_close(struct rig *r);

/* run, then tx until there is no more. */
void rig_turn(struct rig *r);
void rig_after(struct rig *r, uint64_t ns);
/* Time goes on to the next frame out, by deadlines, for at most @p most_ns. @return how far it
 * went. */
uint64_t rig_wait(struct rig *r, uint64_t most_ns);

/* @return whether rx handed it back. A turn follows. */
bool rig_rx(struct rig *r, const uint8_t *frame, uint32_t len);
bool rig_arp(struct rig *r, uint16_t op, uint32_t host, uint32_t target_ip);
/* As host @p mac, about the address @p sender_ip. */
bool rig_arp_as(struct rig *r, uint16_t op, uint32_t mac, uint32_t sender_ip, uint32_t target_ip);
void rig_seg(struct rig *r, const struct rig_seg *seg);
void rig_ip(struct rig *r, uint32_t host, uint8_t proto, const void *l4, uint32_t len);

#define SEG(r, ...) rig_seg((r), &(struct rig_seg){ __VA_ARGS__ })

/* The next frame out, NULL if there is none. */
const struct rig_frame *rig_take(struct rig *r);
void rig_drop_output(struct rig *r);
uint32_t rig_pending(const struct rig *r);
/* Whether the next frame out is such an ARP packet; @p mac of the destination, 0 for broadcast. */
bool rig_took_arp(struct rig *r, uint16_t op, uint32_t mac, uint32_t target_ip);
/* Whether the next frame out is a TCP segment to MAC @p mac that has exactly these flags. */
bool rig_took_seg(struct rig *r, uint32_t mac, uint8_t flags, struct frame_tcp *out);

/* Host @p host is known to the stack. */
void rig_know(struct rig *r, uint32_t host);

/* Does @p op. */
void rig_op(struct rig *r, const struct thole_op *op);
#define OP(r, ...) rig_op((r), &(struct thole_op){ __VA_ARGS__ })
int rig_listen(struct rig *r, uint16_t port, uint32_t backlog);
void rig_connect(struct rig *r, uint32_t ip, uint16_t port, uint64_t user);
/* The next event; type 0 if there is none. */
struct thole_event rig_event(struct rig *r);
/* Reads events up to one of this type. */
struct thole_event rig_until(struct rig *r, enum thole_event_type type);

/* Host @p host opens a connection to @p port, which listens. @return our initial sequence number.
 */
uint32_t rig_shake(struct rig *r, uint32_t host, uint16_t sport, uint16_t port, uint32_t irs);
/* The same, closed by us and brought to TIME-WAIT. @return our number after the FIN. */
uint32_t rig_time_wait(struct rig *r, uint32_t host, uint16_t sport, uint16_t port, uint32_t irs);

struct thole_stats rig_stats(const struct rig *r);

#endif
