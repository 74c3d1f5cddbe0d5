/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cc.h: congestion control: how cwnd grows while nothing is lost, and how far it comes down when
 * something is. When data is lost, and what goes again, is recovery.c's; between the two, in fast
 * recovery, cwnd is PRR's (prr.c). An algorithm keeps its state in the flight block, which is new
 * after a rest; ssthresh is the TCB's. Time is an argument, in microseconds that wrap.
 */
#ifndef TCP_CC_H
#define TCP_CC_H

#include "tcp/flight.h"
#include "tcp/tcb.h"

#define CC_CWND_MAX (UINT32_C(1) << 30) /* the largest window there is (RFC 7323, 2.3) */

/* What one ACK says. Sequence numbers as of after it was taken. */
struct cc_ack {
	uint32_t now_us;
	uint32_t bytes;	 /* by which SND.UNA moved */
	uint32_t rtt_us; /* newest sample; 0: none */
	bool ece;	 /* it had ECE */
};

/* An algorithm. cc.c alone calls it. */
struct cc_ops {
	const char *name;
	bool hystart; /* the first slow start is HyStart++'s */
	/* A new flight block: cwnd, ssthresh are set. */
	void (*init)(struct tcb *t, struct flight *f, uint32_t now_us);
	/* Congestion avoidance: an ACK of new data; cwnd may grow. */
	void (*acked)(struct tcb *t, struct flight *f, const struct cc_ack *ack);
	/* Any ACK at all, also in recovery, before acked(); may be NULL. */
	void (*heard)(struct tcb *t, struct flight *f, const struct cc_ack *ack);
	/*
	 * Congestion: @p flight bytes were in flight. @return what is left of the window, before
	 * any lower bound; remembers what it needs. cwnd and ssthresh are what they were.
	 */
	uint32_t (*congested)(struct tcb *t, struct flight *f, uint32_t flight, bool ecn);
	/* A retransmission timeout, after congested() if that is due. May be NULL. */
	void (*timeout)(struct tcb *t, struct flight *f);
	/* The last congestion was none: cwnd and ssthresh are again what they were. May be NULL. */
	void (*undone)(struct tcb *t, struct flight *f);
	/* The application had nothing to send for @p idle_us. May be NULL. */
	void (*idle)(struct tcb *t, struct flight *f, uint32_t idle_us);
};

extern const struct cc_ops cc_newreno; /* RFC 5681 */
extern const struct cc_ops cc_cubic;   /* RFC 9438 */
extern const struct cc_ops cc_dctcp;   /* RFC 8257; needs ECN */

/* By tcb.cc, enum thole_cc. */
#define CC_ALGORITHMS 3
extern const struct cc_ops *const cc_algorithms[CC_ALGORITHMS];

/** A new flight block: cwnd and ssthresh are set. */
void tcp_cc_start(struct tcb *t, struct flight *f, uint32_t now_us);

/** Another algorithm from here on: what the last one remembers goes; cwnd and ssthresh stay. */
void tcp_cc_change(struct tcb *t, struct flight *f, uint32_t now_us);

/**
 * Any ACK, in any phase. cwnd grows if it acknowledges data without ECE while cwnd is what limits
 * (FF_CWND_LIMITED; RFC 7661, 4.3), in FP_OPEN and FP_LOSS: in FP_RECOVERY and FP_CWR it isn't
 * ours.
 */
void tcp_cc_acked(struct tcb *t, struct flight *f, const struct cc_ack *ack);

/**
 * Congestion: a loss, or (@p ecn) an echo of CE, once for a window; @p flight bytes were in flight.
 * Sets ssthresh. Call it before cwnd and flight.phase change: what an undo would bring back is what
 * there was when the phase was last FP_OPEN.
 *
 * @return what cwnd is to come down to: two segments or more after a loss, one or more for ECN.
 */
uint32_t tcp_cc_congested(struct tcb *t, struct flight *f, uint32_t flight, bool ecn);

/**
 * A retransmission timeout: cwnd is one segment (RFC 5681, 3.1). tcp_cc_congested() goes before,
 * but not when the same segment times out again.
 */
void tcp_cc_timeout(struct tcb *t, struct flight *f);

/**
 * The last congestion was none: brings back the @p cwnd and @p ssthresh of before, unless cwnd is
 * as large again already (RFC 9438, 4.9.2).
 */
void tcp_cc_undone(struct tcb *t, struct flight *f, uint32_t cwnd, uint32_t ssthresh);

/** The application had nothing to send for @p idle_us, and the flight block outlived it. */
void tcp_cc_idle(struct tcb *t, struct flight *f, uint32_t idle_us);

/*
 * hystart.c (RFC 9406): the first slow start, before cwnd grows. @return by how many bytes cwnd may
 * grow for @p ack: all of it (at most L segments), a part (CSS), or 0 with ssthresh set to cwnd:
 * slow start is over.
 */
void hystart_init(struct tcb *t, struct flight *f);
uint32_t hystart_grow(struct tcb *t, struct flight *f, const struct cc_ack *ack);

/*
 * @p step bytes for each @p per bytes acknowledged, of which these are @p bytes. The part below a
 * byte is kept in @p part, so that small steps add up.
 */
uint32_t cc_grow_linear(uint32_t *part, uint32_t bytes, uint32_t step, uint32_t per);

/* CUBIC's arithmetic, for its test: the cube root rounded down; K; W_cubic, at most 2^31. */
uint32_t cubic_root(uint64_t x);
uint32_t cubic_k_us(uint32_t below_bytes, uint32_t mss);
uint32_t cubic_window(uint32_t w_max, uint32_t k_us, uint32_t mss, uint32_t t_us);

#endif
