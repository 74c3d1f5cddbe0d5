/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cc_path.h: a connection as congestion control sees it, on a path with a fixed round-trip time: a
 * TCB, a flight block, a clock, and ACKs that keep a full window in flight.
 */
#ifndef TCP_CC_PATH_H
#define TCP_CC_PATH_H

#include "../test.h"
#include "base/seq.h"
#include "tcp/cc.h"

enum { CUBIC, NEWRENO, DCTCP }; /* as cc_algorithms[] has them */

#define MSS 1460u

struct cc_path {
	struct tcb t;
	struct flight f;
	uint64_t now_us;   /* doesn't wrap; what the algorithms get does */
	uint64_t spare_ns; /* of the clock, below a microsecond */
	uint32_t rtt_us;
};

/** Congestion avoidance with @p segs segments; SRTT is the path's. The clock wraps soon. */
void cc_path_up(struct cc_path *p, uint8_t cc, uint32_t segs, uint32_t rtt_us);

/** The first slow start with @p segs segments. */
void cc_path_fresh(struct cc_path *p, uint8_t cc, uint32_t segs, uint32_t rtt_us);

/** An ACK of @p bytes in flight, @p ece as in the ACK; @p bytes more are sent. No time passes. */
void cc_path_ack(struct cc_path *p, uint32_t bytes, uint32_t rtt_us, bool ece);

/** The same, when the ACK clock has it: the window passes in one round-trip time. */
void cc_path_clocked(struct cc_path *p, uint32_t bytes);

/** A round-trip time of full windows, acknowledged @p segs segments at a time. */
void cc_path_round(struct cc_path *p, uint32_t segs);

/** A loss, with the window in flight, made good in no time. */
void cc_path_loss(struct cc_path *p);

/**
 * Every 1/@p p segments one is lost, for @p losses losses after as many to settle.
 * @return the window's average over time, in segments.
 */
double cc_path_average(struct cc_path *p, double loss_rate, unsigned int losses);

#endif
