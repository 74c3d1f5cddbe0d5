/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flight.h: what a connection needs while data of its own is on the way, and only then: the
 * scoreboard of segments sent (RFC 6675, RFC 8985), congestion control, and how to take back what
 * was done for a loss that wasn't one. A flight block comes with the first data in flight and goes
 * when nothing was for an RTO, or no more comes and all is acknowledged; what outlives it (SRTT,
 * ssthresh, how much may be sent at once after a rest) stays in the TCB.
 */
#ifndef TCP_FLIGHT_H
#define TCP_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/slab.h"

#define INITIAL_SEGMENTS 10 /* RFC 6928, 2 */
#define TRAIN_MOST	 8  /* segments of a record: several are worked through side by side */

enum tx_seg_flag {
	SEG_SACKED = 1 << 0,   /* the peer has it (RFC 2018) */
	SEG_LOST = 1 << 1,     /* taken for lost, and not sent again since */
	SEG_REPEATED = 1 << 2, /* was sent more than once (Karn) */
	SEG_FIN = 1 << 3,      /* ends with our FIN */
	SEG_TOO_BIG = 1 << 4,  /* somebody says so, who may not be a router: flight.claim */
};

/*
 * A segment that was sent and isn't cumulatively acknowledged; or a train of them, which went one
 * after the other, are equally long and have no FIN. A record for each of these is promised
 * (slab.promised): what concerns one of them uncouples it.
 */
struct tx_seg {
	struct rte_mbuf *m; /* of the send queue: holds its first byte; NULL: a lone FIN */
	uint32_t next;	    /* by sequence number; SLAB_NONE: the last */
	uint32_t time_next; /* by the time last sent, of those not SACKED and not LOST */
	uint32_t time_prev;
	uint32_t seq;
	uint32_t sent_us; /* last time */
	uint16_t len;	  /* payload bytes, of each of a train */
	uint8_t flags;	  /* enum tx_seg_flag */
	uint8_t more;	  /* segments of a train behind the first; TRAIN_MOST with it */
};
_Static_assert(sizeof(struct tx_seg) == 32, "the budget of a segment in flight");

/* The sequence space that it takes. */
static inline uint32_t
tx_seg_space(const struct tx_seg *g)
{
	return g->len * (1u + g->more) + (uint32_t)((g->flags & SEG_FIN) != 0);
}

/* Likewise, of a train its first segment alone. */
static inline uint32_t
tx_seg_first(const struct tx_seg *g)
{
	return g->len + (uint32_t)((g->flags & SEG_FIN) != 0);
}

static inline uint32_t
tx_seg_end(const struct tx_seg *g)
{
	return g->seq + tx_seg_space(g);
}

/* What the one timer, tcb.rtx_ns, is for while there is a flight block. */
enum flight_timer {
	FT_RTO,	    /* RFC 6298 */
	FT_PROBE,   /* tail loss probe (RFC 8985, 7) */
	FT_REORDER, /* RACK's reordering window (RFC 8985, 6.2) */
	FT_IDLE,    /* nothing in flight: the block goes */
};

/* Where loss recovery stands. */
enum flight_phase {
	FP_OPEN,     /* no loss is known of */
	FP_RECOVERY, /* fast recovery: up to flight.recover */
	FP_LOSS,     /* after a retransmission timeout: up to flight.recover */
	FP_CWR, /* the peer echoed CE (RFC 3168, 6.1.2): the window comes down, nothing is lost */
};

enum flight_flag {
	FF_REORDER_SEEN = 1 << 0, /* RACK.reordering_seen */
	FF_TLP_RETRANS = 1 << 1,  /* the probe was a retransmission */
	FF_TLP_OUT = 1 << 2,	  /* a probe is on the way: flight.tlp_end */
	FF_CWND_LIMITED = 1 << 3, /* cwnd was what held output back, this round trip (RFC 7661) */
	FF_CSS = 1 << 4,	  /* HyStart++: conservative slow start */
	FF_EPOCH = 1 << 5,	  /* CUBIC: t_epoch is set, congestion avoidance goes on */
	FF_DSACK_ROUND = 1 << 6,  /* reo_wnd has grown in this round trip */
	FF_PROBE_DUE = 1 << 7,	  /* tcp_output() is to send a tail loss probe */
};

/* CUBIC (RFC 9438, 4.1): windows in bytes, times in microseconds. */
struct cubic {
	uint32_t w_max;	     /* 0: undefined (4.8, 4.10) */
	uint32_t cwnd_prior; /* 0: likewise */
	uint32_t k_us;
	uint32_t epoch_us; /* t_epoch, later by what the application left unused (4.2) */
	uint32_t last_us;  /* when the last ACK came */
	uint32_t w_est;
	uint32_t w_est_part; /* what W_est grows by, below a byte */
	uint32_t ca_part;    /* likewise cwnd */
};

/* What an undo brings back of it (RFC 9438, 4.9.2). */
struct cubic_undo {
	uint32_t w_max;
	uint32_t cwnd_prior;
	uint32_t k_us; /* UINT32_MAX: there was no epoch */
	uint32_t epoch_us;
	uint32_t w_est;
};

/* DCTCP (RFC 8257, 3.3). */
struct dctcp {
	uint32_t acked_bytes;
	uint32_t marked_bytes;
	uint32_t window_end;
	uint32_t alpha; /* times 2^20 */
	uint32_t ca_part;
};

/* NewReno (RFC 5681): bytes acknowledged that cwnd hasn't grown for yet. */
struct newreno {
	uint32_t ca_part;
};

/* HyStart++ (RFC 9406, 4). */
struct hystart {
	uint32_t window_end;
	uint32_t last_rtt_us; /* lastRoundMinRTT; UINT32_MAX: none */
	uint32_t curr_rtt_us; /* currentRoundMinRTT */
	uint32_t css_rtt_us;  /* cssBaselineMinRtt */
	uint8_t samples;      /* rttSampleCount, no further than it matters */
	uint8_t css_rounds;
	uint16_t spare;
};

struct flight {
	/* Line 0: the scoreboard. */
	uint32_t head; /* first tx_seg by sequence number */
	uint32_t tail;
	uint32_t time_head; /* longest on the way, of those neither SACKed nor lost */
	uint32_t time_tail;
	uint32_t sack_at;   /* tx_seg where the newest SACK block ended; SLAB_NONE */
	uint32_t sack_left; /* of that block */
	uint32_t sack_rest; /* a hash of the blocks after it: they are looked at when it changes */
	uint32_t lost_at;   /* no tx_seg before it is LOST; SLAB_NONE: none is */
	uint32_t sacked;    /* bytes that are SACKed, and that are lost and not sent again */
	uint32_t lost;
	uint32_t cwnd;	  /* bytes */
	uint32_t recover; /* RecoveryPoint (RFC 6675); recover (RFC 6582) */
	uint32_t fack;	  /* end of the highest segment that arrived */
	uint32_t min_rtt_us;
	uint8_t timer;	    /* enum flight_timer */
	uint8_t phase;	    /* enum flight_phase */
	uint8_t flags;	    /* enum flight_flag */
	uint8_t dupacks;    /* from a peer without SACK */
	uint32_t nb_sacked; /* segments that are SACKed */

	/* Line 1: RACK, TLP, PRR, undo. */
	uint32_t rack_us;  /* RACK.xmit_ts */
	uint32_t rack_end; /* RACK.end_seq */
	uint32_t rack_rtt_us;
	uint32_t round_end;  /* RACK.dsack_round: snd_nxt when reo_wnd last grew */
	uint8_t reo_mult;    /* RACK.reo_wnd_mult */
	uint8_t reo_persist; /* recoveries that it stays for */
	uint8_t frto;	     /* step of RFC 5682, 0: none */
	uint8_t undo : 1;    /* an undo is possible: the following are set */
	uint8_t paced : 1;   /* THOLE_OPT_PACING */
	uint8_t smooth : 1;  /* after a recovery: a round trip's data is spread over it */
	uint32_t tlp_end;    /* TLP.end_seq */
	uint32_t prr_delivered;
	uint32_t prr_out;
	uint32_t prr_flight; /* RecoverFS */
	uint32_t undo_cwnd;
	uint32_t undo_ssthresh;
	uint32_t undo_retrans;	/* retransmissions that no D-SACK has spoken of */
	uint32_t undo_ts;	/* our timestamp of the first of them (RFC 3522) */
	uint32_t min_rtt_at_us; /* when min_rtt_us was measured */
	uint32_t limited_end;	/* this round trip ends when SND.UNA is here */
	uint32_t used;		/* most that was in flight in this round trip */

	/* Line 2: congestion control's own, and pacing. */
	union {
		struct cubic cubic;
		struct dctcp dctcp;
		struct newreno newreno;
	};
	union {
		struct hystart hystart;	      /* before ssthresh was ever set */
		struct cubic_undo cubic_undo; /* after */
	};
	uint16_t acked_most; /* payload of the largest segment that arrived */
	uint16_t claim;	     /* payload that is said to fit where a SEG_TOO_BIG one didn't */
	uint64_t pace_ns;    /* nothing new is sent before */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct flight) == 192, "the budget of a connection that sends");

#endif
