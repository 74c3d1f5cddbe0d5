/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcb.h: the three records that a connection is, one after the other, each beginning with its key:
 *
 *   embryo     a peer's SYN that we answered (passive SYN-RECEIVED)   64 B
 *   TCB        SYN-SENT, and from ESTABLISHED on                     256 B
 *   tombstone  TIME-WAIT, once the application is done                64 B
 *
 * Member names are RFC 9293's (3.3.1), with _ for the dot.
 */
#ifndef TCP_TCB_H
#define TCP_TCB_H

#include <stddef.h>

#include <rte_mbuf.h>

#include "base/flow.h"
#include "base/slab.h"
#include "base/time.h"
#include "base/wheel_entry.h"

/* RFC 9293, 3.3.2. LISTEN is a listener's, never a TCB's. */
enum tcp_state {
	TCP_CLOSED,
	TCP_LISTEN,
	TCP_SYN_SENT,
	TCP_SYN_RECEIVED,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_LAST_ACK,
	TCP_TIME_WAIT,
};

enum tcb_flag {
	TF_ACK_NOW = 1 << 0,	  /* an ACK is owed, with data or without */
	TF_OUTPUT = 1 << 1,	  /* segments may be due: tcp_output() is to look */
	TF_FIN_QUEUED = 1 << 2,	  /* our FIN follows the last byte queued */
	TF_FIN_RECEIVED = 1 << 3, /* the peer's FIN is in sequence and taken */
	TF_FIN_AHEAD = 1 << 4,	  /* the peer's FIN came early and is at rcv_fin */
	TF_APP_CLOSED = 1 << 5,	  /* the application has closed: no more events but CLOSED */
	TF_NO_DELAY = 1 << 6,	  /* Nagle's algorithm is off */
	TF_RST_OWED = 1 << 7,	  /* reset: a RST goes out, then the TCB goes */
	TF_PERSIST = 1 << 8,	  /* rtx_ns is the persist timer's (RFC 9293, 3.8.6.1) */
	TF_REXMIT = 1 << 9,	  /* a SYN or a lone FIN is to be sent again */
	TF_PROBE = 1 << 10,	  /* one byte is to be sent into a closed window */
	TF_SYN_REXMIT = 1 << 11,  /* the SYN was sent again (RFC 6298, 5.7) */
	TF_PASSIVE = 1 << 12,	  /* the peer opened the connection */
	TF_DETACHED = 1 << 13,	  /* no longer in the connection table */
	TF_KEEPALIVE = 1 << 14,	  /* asks a silent peer whether it is there (RFC 9293, 3.8.4) */
	TF_PACED = 1 << 15,	  /* output waits for flight.pace_ns */
};

/* What the two SYNs agreed on, and what of it is owed. */
enum tcb_opt {
	TO_WSCALE = 1 << 0,	/* RFC 7323, 2; the shifts are in snd_wscale, rcv_wscale */
	TO_SACK = 1 << 1,	/* RFC 2018 */
	TO_TIMESTAMPS = 1 << 2, /* RFC 7323, 3 */
	TO_ECN = 1 << 3,	/* RFC 3168 */
	TO_ECE = 1 << 4,	/* every ACK of ours has ECE */
	TO_CWR = 1 << 5,	/* the next new data has CWR */
	TO_DSACK = 1 << 6,	/* the next ACK reports dsack_left to dsack_right (RFC 2883) */
	TO_COUNTED = 1 << 7,	/* THOLE_OPT_COUNTERS: see counters.h */
};

/* Events that the application hasn't read yet, in the order that it gets them. */
enum tcb_event {
	TE_OPENING = 1 << 0,
	TE_ACCEPTED = 1 << 1,
	TE_CONNECTED = 1 << 2,
	TE_DATA = 1 << 3,
	TE_PEER_CLOSED = 1 << 4,
	TE_SENDABLE = 1 << 5,
	TE_SOFT_ERROR = 1 << 6,
	TE_CLOSED = 1 << 7,
};

/* Conditions that end nothing (RFC 9293, 3.9.1.8), as far as they are told apart. */
enum soft_error {
	SOFT_NONE,
	SOFT_NET,	  /* -ENETUNREACH */
	SOFT_HOST,	  /* -EHOSTUNREACH */
	SOFT_REFUSED,	  /* -ECONNREFUSED */
	SOFT_PARAMETER,	  /* -EPROTO */
	SOFT_NO_PROGRESS, /* -ETIMEDOUT: R1 */
};

#define USER_TIMEOUT_NEVER UINT16_MAX

#define NO_INDEX    0xffff
#define FLIGHT_LONE (SLAB_NONE - 1) /* no flight block: one segment is on the way (lone.h) */
#define NOT_LISTED                                                                                 \
	(SLAB_NONE - 1) /* a list link of a record that is in no list; SLAB_NONE ends one */

struct tcb {
	/* Line 0: what every segment reads. */
	struct flow_key key;
	uint32_t snd_una;
	uint32_t snd_nxt; /* after the last sequence number ever sent */
	uint32_t snd_wnd; /* bytes */
	uint32_t snd_wl1;
	uint32_t rcv_nxt;
	uint32_t rcv_adv; /* right edge of the window that we advertised; it never goes back */
	uint16_t flags;	  /* enum tcb_flag */
	uint8_t state;	  /* enum tcp_state */
	uint8_t events;	  /* enum tcb_event */
	uint16_t mss;	  /* most payload of a segment that we send, options off */
	union {
		struct { /* Snd.Wind.Shift, Rcv.Wind.Shift */
#if RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
			uint8_t snd_wscale : 4;
			uint8_t rcv_wscale : 4;
#else
			uint8_t rcv_wscale : 4;
			uint8_t snd_wscale : 4;
#endif
		};
		uint8_t wscales; /* rcv_wscale << 4 | snd_wscale */
	};
	uint8_t opts;	    /* enum tcb_opt */
	uint32_t ts_recent; /* TS.Recent */
	uint32_t ts_off;    /* of our timestamps */

	/* Line 1: sending, and the clocks. */
	struct rte_mbuf *snd_head; /* the mbuf that holds snd_una; queue linked by next */
	struct rte_mbuf *snd_tail;
	struct rte_mbuf *snd_cur; /* where new data is cut next */
	uint32_t snd_end;	  /* after the last byte queued; our FIN's sequence number */
	uint32_t rcv_acked;	  /* the last ACK we sent: Last.ACK.sent */
	uint64_t rtx_ns; /* retransmission timers, persist timer; TIME_NEVER: off, as below */
	uint64_t delack_ns;
	uint64_t life_ns; /* FIN-WAIT-2 of an orphan, TIME-WAIT of a TCB, keepalive */
	uint32_t flight;  /* index of the flight block; SLAB_NONE: nothing is on the way */
	union {
		uint32_t rcv_mark; /* window auto-tuning: what was received is counted from here */
		uint32_t syn_us;   /* SYN-SENT: when the SYN went */
	};

	/* Line 2: receiving, and whose it is. */
	struct rte_mbuf *rcv_head; /* in order, not yet the application's */
	struct rte_mbuf *rcv_tail;
	struct rte_mbuf *ooo_head; /* out of order, sorted: rcv_queue.c */
	uint32_t rcv_queued;	   /* bytes from rcv_head on */
	uint32_t rcv_unread;	   /* bytes queued or with the application: they close the window */
	uint32_t rcv_fin;
	uint16_t rcv_segs;   /* mbufs from rcv_head on */
	uint16_t rcv_mss;    /* largest segment seen: the peer's idea of a full one; 0: it is over,
				and never stood */
	uint32_t out_next;   /* list of TCBs that owe output; NOT_LISTED if in none */
	uint32_t ready_next; /* list of the application's with events; likewise */
	uint64_t user;	     /* the application's */
	uint32_t generation; /* of the handle; outlives the connection */
	uint16_t neigh;	     /* next hop */
	uint8_t app;	     /* context number */
	uint8_t rcv_log : 5; /* log2 of the receive buffer in use, before the bound; 0: env->room */
	uint8_t reason : 3;  /* enum soft_error: the latest since something was acknowledged */

	/* Line 3: what is rarely needed. */
	struct wheel_entry timer;
	uint16_t listener; /* that it waits to be accepted from, or NO_INDEX */
	union {
		/* When what is unacknowledged was first sent: R2 counts from here. */
		uint32_t rtx_first_ms;
		uint32_t probes; /* keepalive's, unanswered: tcb_probes() */
	};
	uint32_t srtt_us;      /* times 8; 0: no sample yet (RFC 6298) */
	uint32_t rttvar_us;    /* times 4 */
	uint32_t snd_wnd_max;  /* largest window that the peer offered */
	uint32_t snd_credited; /* sequence up to which the application has its send credit back */
	uint32_t ssthresh;
	uint32_t dsack_left;
	uint32_t dsack_right;
	uint16_t ts_recent_age;	  /* when ts_recent was set, in units of 2^42 ns, about 73 min */
	uint16_t rcv_mark_ms;	  /* when rcv_mark was set */
	uint16_t challenges : 4;  /* challenge ACKs sent in second challenge_s, which is counted */
	uint16_t challenge_s : 9; /* modulo 512: an old one may be taken for this one, rarely */
	uint16_t soft : 3;	  /* enum soft_error: what SOFT_ERROR reports */
	uint8_t backoff;	  /* doublings of the RTO */
	union {
		uint8_t mss_cut; /* what the path takes off mss (path_mtu.c); 0: nothing */
		uint8_t error;	 /* in CLOSED: errno that the event reports */
	};
	union {
		struct {
			uint16_t user_timeout_s; /* R2; 0: the stack's, USER_TIMEOUT_NEVER: none */
			uint8_t restart : 4;	 /* segments at once after a rest (RFC 5681, 4.1) */
			uint8_t cc : 2;		 /* enum thole_cc */
			uint8_t profile; /* index of its struct tcp_profile; 0: the stack's */
		};
		uint32_t start; /* these, as tcp_settings has them */
	};
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct tcb) == 256, "the budget of a connection");
_Static_assert(offsetof(struct tcb, snd_head) == 64, "line 0 is what every segment reads");
_Static_assert(offsetof(struct tcb, rcv_head) == 128, "line 1 is sending");
_Static_assert(offsetof(struct tcb, timer) == 192, "line 2 is receiving");

/* Nothing waits for an ACK or a window: rtx_first_ms means nothing. */
static inline bool
tcb_is_quiet(const struct tcb *t)
{
	return t->snd_una == t->snd_nxt && (t->flags & TF_PERSIST) == 0;
}

/* An established connection is, whose peer keepalive asks. */
static inline bool
tcb_is_asking(const struct tcb *t)
{
	return (t->flags & (TF_KEEPALIVE | TF_APP_CLOSED)) == TF_KEEPALIVE &&
	       t->state >= TCP_ESTABLISHED && tcb_is_quiet(t);
}

/* Questions to which nothing was heard. */
static inline uint32_t
tcb_probes(const struct tcb *t)
{
	return tcb_is_asking(t) ? t->probes : 0;
}

/** Whether it stands, or is over and stood once. */
static inline bool
tcp_stood(const struct tcb *t)
{
	return t->state >= TCP_ESTABLISHED || (t->state == TCP_CLOSED && t->rcv_mss != 0);
}

struct embryo {
	struct flow_key key;
	uint32_t iss;
	uint32_t irs;
	uint32_t next; /* FIFO of its back-off step */
	uint32_t prev;
	uint32_t out_next;  /* list of embryos that owe a SYN-ACK or ACK */
	uint32_t queued_ms; /* when it came into its FIFO; in the first step, when the SYN came */
	uint32_t ts_recent;
	uint32_t ts_off;
	uint16_t mss : 15;     /* that the peer offered, 0: it didn't */
	uint16_t repeated : 1; /* more than one SYN-ACK went out */
	uint16_t listener;
	uint16_t neigh;
	uint8_t opts;	   /* enum embryo_opt */
	uint8_t step : 3;  /* SYN-ACKs repeated: the FIFO it is in */
	uint8_t acks : 2;  /* answers to unacceptable segments in this step */
	uint8_t flags : 3; /* enum embryo_flag */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct embryo) == 64, "the budget of a handshake");

/* What the peer's SYN offered and we take. */
enum embryo_opt {
	EO_WSCALE_MASK = 0x0f, /* its shift */
	EO_WSCALE = 1 << 4,
	EO_SACK = 1 << 5,
	EO_TIMESTAMPS = 1 << 6,
	EO_ECN = 1 << 7,
};
/* What was agreed on stands in a TCB as in an embryo, this much further right. */
#define TO_SHIFT 4
_Static_assert(TO_WSCALE == EO_WSCALE >> TO_SHIFT && TO_SACK == EO_SACK >> TO_SHIFT &&
		       TO_TIMESTAMPS == EO_TIMESTAMPS >> TO_SHIFT && TO_ECN == EO_ECN >> TO_SHIFT,
	"enum tcb_opt goes by enum embryo_opt");

enum embryo_flag {
	EF_SYN_ACK = 1 << 0, /* owes a SYN-ACK */
	EF_ACK = 1 << 1,     /* owes an ACK */
	EF_SENT = 1 << 2,    /* a SYN-ACK went out */
};

#define EMBRYO_MSS_MOST 0x7fffu

struct tombstone {
	struct flow_key key;
	uint32_t next; /* FIFO by expiry */
	uint32_t prev;
	uint64_t expire_ns;
	uint32_t snd_nxt;
	uint32_t rcv_nxt;
	uint16_t rcv_wnd; /* as it went into our last header */
	uint16_t neigh;
	uint32_t hash; /* of key: an eviction finds its bucket without hashing */
	uint32_t ts_recent;
	uint32_t ts_off; /* 0: no timestamps */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct tombstone) == 64, "the budget of a TIME-WAIT");

#endif
