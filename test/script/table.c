/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.c: every state x every kind of segment x where its sequence number lies x where its
 * acknowledgment number lies: what is sent at once, and the state after. From RFC 9293, 3.10.7,
 *with RFC 5961 (resets, SYNs and acknowledgments that are merely near) and RFC 1337 (resets in
 *TIME-WAIT).
 *
 * A cell says what is sent, and after > the next state if it changes:
 *
 *	-   nothing
 *	A   <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>
 *	a   that, or nothing: the RFC has the segment ignored and doesn't say more
 *	S   <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>
 *	R   <SEQ=SEG.ACK><CTL=RST>
 *	N   <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
 *
 * Columns: the sequence number is old (the segment ends before RCV.NXT), next (RCV.NXT), ahead (in
 *the window, after a hole), beyond (outside); the acknowledgment number is new (SND.NXT), old
 *(before SND.UNA, less than a window ago), anc(ient, more than that), and unsent (after SND.NXT). A
 *segment without the ACK flag has these numbers in its header too, where they mean nothing.
 */
#include <stdio.h>

#include "engine.h"
#include "suites.h"

enum kind {
	K_SYN,
	K_SYN_ACK,
	K_ACK,
	K_FIN,
	K_DATA,
	K_RST,
	K_RST_ACK,
	K_NONE,
	KINDS,
};

#define COLUMNS 16

static const struct {
	const char *name;
	uint8_t flags;
	uint32_t len;
	uint32_t seg_len;
} kinds[KINDS] = {
	[K_SYN] = { "SYN", SYN, 0, 1 },
	[K_SYN_ACK] = { "SYN-ACK", SYN | ACK, 0, 1 },
	[K_ACK] = { "ACK", ACK, 0, 0 },
	[K_FIN] = { "FIN", FIN | ACK, 0, 1 },
	[K_DATA] = { "data", PSH | ACK, 10, 10 },
	[K_RST] = { "RST", RST, 0, 0 },
	[K_RST_ACK] = { "RST-ACK", RST | ACK, 0, 0 },
	[K_NONE] = { "no flags", 0, 0, 0 },
};

struct block {
	const char *name;
	struct script_start start;
	const char *cells[KINDS][COLUMNS];
};

/* The peer's window in all of it, which says what an ancient acknowledgment is. */
#define PEER_WND 1000
#define BASE                                                                                       \
	.snd_nxt = 5000, .rcv_nxt = 300, .wnd = PEER_WND, .mss = 1460, .backlog = 8, .rtt_ms = 100

/* clang-format off */

/* SEG.SEQ:   old                         next                        ahead                       beyond
 * SEG.ACK:   new    old    anc    unsent new    old    anc    unsent new    old    anc    unsent new    old    anc    unsent */
#define CLOSED_CELLS { \
	[K_SYN]     = { "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N" }, \
	[K_SYN_ACK] = { "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R" }, \
	[K_ACK]     = { "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R" }, \
	[K_FIN]     = { "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R" }, \
	[K_DATA]    = { "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R" }, \
	[K_RST]     = { "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-" }, \
	[K_RST_ACK] = { "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-" }, \
	[K_NONE]    = { "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N",   "N" }, \
}

#define LISTEN_CELLS { \
	[K_SYN]     = { "S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR" }, \
	[K_SYN_ACK] = { "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R" }, \
	[K_ACK]     = { "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R" }, \
	[K_FIN]     = { "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R" }, \
	[K_DATA]    = { "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R",   "R" }, \
	[K_RST]     = { "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-" }, \
	[K_RST_ACK] = { "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-" }, \
	[K_NONE]    = { "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-" }, \
}

/* 3.10.7.3: no sequence number to compare with yet; "old" and "ancient" are ISS and before. */
#define SYN_SENT_CELLS { \
	[K_SYN]     = { "S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR" }, \
	[K_SYN_ACK] = { "A>ES","R",   "R",   "R",   "A>ES","R",   "R",   "R",   "A>ES","R",   "R",   "R",   "A>ES","R",   "R",   "R" }, \
	[K_ACK]     = { "-",   "R",   "R",   "R",   "-",   "R",   "R",   "R",   "-",   "R",   "R",   "R",   "-",   "R",   "R",   "R" }, \
	[K_FIN]     = { "-",   "R",   "R",   "R",   "-",   "R",   "R",   "R",   "-",   "R",   "R",   "R",   "-",   "R",   "R",   "R" }, \
	[K_DATA]    = { "-",   "R",   "R",   "R",   "-",   "R",   "R",   "R",   "-",   "R",   "R",   "R",   "-",   "R",   "R",   "R" }, \
	[K_RST]     = { "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-" }, \
	[K_RST_ACK] = { "->CL","-",   "-",   "-",   "->CL","-",   "-",   "-",   "->CL","-",   "-",   "-",   "->CL","-",   "-",   "-" }, \
	[K_NONE]    = { "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-" }, \
}

/* Opened by the peer. The old SYN is the one that made us: our SYN-ACK was lost, and goes out again. */
#define SYN_RECEIVED_PASSIVE_CELLS { \
	[K_SYN]     = { "S",   "S",   "S",   "S",   "->LI","->LI","->LI","->LI","->LI","->LI","->LI","->LI","A",   "A",   "A",   "A" }, \
	[K_SYN_ACK] = { "A",   "A",   "A",   "A",   "->LI","->LI","->LI","->LI","->LI","->LI","->LI","->LI","A",   "A",   "A",   "A" }, \
	[K_ACK]     = { "A",   "A",   "A",   "A",   "->ES","R",   "R",   "R",   "->ES","R",   "R",   "R",   "A",   "A",   "A",   "A" }, \
	[K_FIN]     = { "A",   "A",   "A",   "A",   "A>CW","R",   "R",   "R",   "A>ES","R",   "R",   "R",   "A",   "A",   "A",   "A" }, \
	[K_DATA]    = { "A",   "A",   "A",   "A",   "A>ES","R",   "R",   "R",   "A>ES","R",   "R",   "R",   "A",   "A",   "A",   "A" }, \
	[K_RST]     = { "-",   "-",   "-",   "-",   "->LI","->LI","->LI","->LI","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_RST_ACK] = { "-",   "-",   "-",   "-",   "->LI","->LI","->LI","->LI","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_NONE]    = { "A",   "A",   "A",   "A",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "A",   "A",   "A",   "A" }, \
}

/* Opened by us, simultaneously with the peer (figure 7: its SYN-ACK repeats its SYN, and establishes). */
#define SYN_RECEIVED_ACTIVE_CELLS { \
	[K_SYN]     = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_SYN_ACK] = { "->ES","R",   "R",   "R",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_ACK]     = { "A",   "A",   "A",   "A",   "->ES","R",   "R",   "R",   "->ES","R",   "R",   "R",   "A",   "A",   "A",   "A" }, \
	[K_FIN]     = { "A",   "A",   "A",   "A",   "A>CW","R",   "R",   "R",   "A>ES","R",   "R",   "R",   "A",   "A",   "A",   "A" }, \
	[K_DATA]    = { "A",   "A",   "A",   "A",   "A>ES","R",   "R",   "R",   "A>ES","R",   "R",   "R",   "A",   "A",   "A",   "A" }, \
	[K_RST]     = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_RST_ACK] = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_NONE]    = { "A",   "A",   "A",   "A",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "A",   "A",   "A",   "A" }, \
}

/* 10 bytes of ours are in flight: the new acknowledgment is of these. */
#define ESTABLISHED_CELLS { \
	[K_SYN]     = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_SYN_ACK] = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_ACK]     = { "A",   "A",   "A",   "A",   "-",   "-",   "A",   "A",   "-",   "-",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_FIN]     = { "A",   "A",   "A",   "A",   "A>CW","A>CW","A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_DATA]    = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_RST]     = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_RST_ACK] = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_NONE]    = { "A",   "A",   "A",   "A",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "A",   "A",   "A",   "A" }, \
}

/* The new acknowledgment is of our FIN. */
#define FIN_WAIT_1_CELLS { \
	[K_SYN]     = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_SYN_ACK] = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_ACK]     = { "A",   "A",   "A",   "A",   "->F2","-",   "A",   "A",   "->F2","-",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_FIN]     = { "A",   "A",   "A",   "A",   "A>TW","A>CG","A",   "A",   "A>F2","A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_DATA]    = { "A",   "A",   "A",   "A",   "A>F2","A",   "A",   "A",   "A>F2","A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_RST]     = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_RST_ACK] = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_NONE]    = { "A",   "A",   "A",   "A",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "A",   "A",   "A",   "A" }, \
}

#define FIN_WAIT_2_CELLS { \
	[K_SYN]     = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_SYN_ACK] = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_ACK]     = { "A",   "A",   "A",   "A",   "-",   "-",   "A",   "A",   "-",   "-",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_FIN]     = { "A",   "A",   "A",   "A",   "A>TW","A>TW","A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_DATA]    = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_RST]     = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_RST_ACK] = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_NONE]    = { "A",   "A",   "A",   "A",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "A",   "A",   "A",   "A" }, \
}

/* The peer's FIN has come: text and FINs after it can't be, and are ignored. 10 bytes are in flight. */
#define CLOSE_WAIT_CELLS { \
	[K_SYN]     = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_SYN_ACK] = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_ACK]     = { "A",   "A",   "A",   "A",   "-",   "-",   "A",   "A",   "-",   "-",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_FIN]     = { "A",   "A",   "A",   "A",   "a",   "a",   "A",   "A",   "a",   "a",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_DATA]    = { "A",   "A",   "A",   "A",   "a",   "a",   "A",   "A",   "a",   "a",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_RST]     = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_RST_ACK] = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_NONE]    = { "A",   "A",   "A",   "A",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "A",   "A",   "A",   "A" }, \
}

#define CLOSING_CELLS { \
	[K_SYN]     = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_SYN_ACK] = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_ACK]     = { "A",   "A",   "A",   "A",   "->TW","-",   "A",   "A",   "->TW","-",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_FIN]     = { "A",   "A",   "A",   "A",   "a>TW","a",   "A",   "A",   "a>TW","a",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_DATA]    = { "A",   "A",   "A",   "A",   "a>TW","a",   "A",   "A",   "a>TW","a",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_RST]     = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_RST_ACK] = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_NONE]    = { "A",   "A",   "A",   "A",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "A",   "A",   "A",   "A" }, \
}

#define LAST_ACK_CELLS { \
	[K_SYN]     = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_SYN_ACK] = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_ACK]     = { "A",   "A",   "A",   "A",   "->CL","-",   "A",   "A",   "->CL","-",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_FIN]     = { "A",   "A",   "A",   "A",   "->CL","a",   "A",   "A",   "->CL","a",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_DATA]    = { "A",   "A",   "A",   "A",   "->CL","a",   "A",   "A",   "->CL","a",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_RST]     = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_RST_ACK] = { "-",   "-",   "-",   "-",   "->CL","->CL","->CL","->CL","A",   "A",   "A",   "A",   "-",   "-",   "-",   "-" }, \
	[K_NONE]    = { "A",   "A",   "A",   "A",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "A",   "A",   "A",   "A" }, \
}

/*
 * A SYN after the peer's FIN is a new connection's (3.6.1, MAY-2); at RCV.NXT itself we leave it at an ACK.
 * Resets are ignored (RFC 1337, 3, F1). Old acknowledgments mean nothing any more.
 */
#define TIME_WAIT_CELLS { \
	[K_SYN]     = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR","S>SR" }, \
	[K_SYN_ACK] = { "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A",   "A" }, \
	[K_ACK]     = { "A",   "A",   "A",   "A",   "-",   "-",   "a",   "A",   "-",   "-",   "a",   "A",   "A",   "A",   "A",   "A" }, \
	[K_FIN]     = { "A",   "A",   "A",   "A",   "a",   "a",   "a",   "A",   "a",   "a",   "a",   "A",   "A",   "A",   "A",   "A" }, \
	[K_DATA]    = { "A",   "A",   "A",   "A",   "a",   "a",   "a",   "A",   "a",   "a",   "a",   "A",   "A",   "A",   "A",   "A" }, \
	[K_RST]     = { "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-" }, \
	[K_RST_ACK] = { "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-" }, \
	[K_NONE]    = { "A",   "A",   "A",   "A",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "-",   "A",   "A",   "A",   "A" }, \
}

/* Text is acknowledged at once, so that a cell needn't wait for it. */
static void at_once(struct thole_stack_config *c) { c->tcp.delayed_ack_ns = 0; }

static const struct block blocks[] = {
	{ "CLOSED", { .state = TCP_CLOSED, BASE, .tune = at_once }, CLOSED_CELLS },
	{ "LISTEN", { .state = TCP_LISTEN, BASE, .tune = at_once }, LISTEN_CELLS },
	{ "SYN-SENT", { .state = TCP_SYN_SENT, BASE, .tune = at_once }, SYN_SENT_CELLS },
	{ "SYN-RECEIVED, passive", { .state = TCP_SYN_RECEIVED, BASE, .tune = at_once }, SYN_RECEIVED_PASSIVE_CELLS },
	{ "SYN-RECEIVED, active", { .state = TCP_SYN_RECEIVED, .active = true, BASE, .tune = at_once }, SYN_RECEIVED_ACTIVE_CELLS },
	{ "ESTABLISHED", { .state = TCP_ESTABLISHED, .in_flight = 10, BASE, .tune = at_once }, ESTABLISHED_CELLS },
	{ "ESTABLISHED, active", { .state = TCP_ESTABLISHED, .active = true, .in_flight = 10, BASE, .tune = at_once }, ESTABLISHED_CELLS },
	{ "FIN-WAIT-1", { .state = TCP_FIN_WAIT_1, .half_close = true, BASE, .tune = at_once }, FIN_WAIT_1_CELLS },
	{ "FIN-WAIT-2", { .state = TCP_FIN_WAIT_2, .half_close = true, BASE, .tune = at_once }, FIN_WAIT_2_CELLS },
	{ "CLOSE-WAIT", { .state = TCP_CLOSE_WAIT, .in_flight = 10, BASE, .tune = at_once }, CLOSE_WAIT_CELLS },
	{ "CLOSING", { .state = TCP_CLOSING, .half_close = true, BASE, .tune = at_once }, CLOSING_CELLS },
	{ "CLOSING, closed", { .state = TCP_CLOSING, BASE, .tune = at_once }, CLOSING_CELLS },
	{ "LAST-ACK", { .state = TCP_LAST_ACK, .half_close = true, BASE, .tune = at_once }, LAST_ACK_CELLS },
	{ "LAST-ACK, closed", { .state = TCP_LAST_ACK, BASE, .tune = at_once }, LAST_ACK_CELLS },
	{ "TIME-WAIT, a tombstone", { .state = TCP_TIME_WAIT, BASE, .tune = at_once }, TIME_WAIT_CELLS },
};

/* clang-format on */

static const struct block *block; /* under test, and the cell of it */
static enum kind kind;
static unsigned int column;

static enum tcp_state
state_named(const char *name)
{
	static const struct {
		const char *name;
		enum tcp_state state;
	} names[] = { { "CL", TCP_CLOSED }, { "LI", TCP_LISTEN }, { "SR", TCP_SYN_RECEIVED },
		{ "ES", TCP_ESTABLISHED }, { "F2", TCP_FIN_WAIT_2 }, { "CW", TCP_CLOSE_WAIT },
		{ "CG", TCP_CLOSING }, { "TW", TCP_TIME_WAIT } };

	for (unsigned int i = 0; i < RTE_DIM(names); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].state;
	script_fail("the table has no state %s", name);
}

static bool
unsynchronized(void)
{
	return block->start.state == TCP_SYN_SENT || block->start.state == TCP_SYN_RECEIVED;
}

static uint32_t
seq_of_column(void)
{
	uint32_t next = block->start.rcv_nxt;

	switch (column / 4) {
	case 0:
		return next - (kinds[kind].seg_len != 0 ? kinds[kind].seg_len : 1);
	case 1:
		return next;
	case 2:
		return next + 100;
	default:
		return next + 70000;
	}
}

static uint32_t
ack_of_column(void)
{
	uint32_t nxt = block->start.snd_nxt;
	uint32_t una = nxt - block->start.in_flight;

	/* Our SYN or FIN is in flight. */
	if (unsynchronized() || block->start.state == TCP_FIN_WAIT_1 ||
		block->start.state == TCP_CLOSING || block->start.state == TCP_LAST_ACK)
		una--;
	switch (column % 4) {
	case 0:
		return nxt;
	case 1:
		return unsynchronized() ? una : una - 1;
	case 2:
		return una - PEER_WND - 1;
	default:
		return nxt + 1;
	}
}

static void
expect_reply(char code, uint32_t seq, uint32_t ack, uint32_t taken, bool reused)
{
	uint32_t snd = block->start.snd_nxt, rcv = block->start.rcv_nxt;

	switch (code) {
	case '-':
		SILENCE();
		return;
	case 'a':
		if (S->nb_out == 0)
			return;
		EXPECT(ACK, .seq = snd, .ack = rcv);
		return;
	case 'A':
		EXPECT(ACK, .seq = snd, .ack = taken);
		return;
	case 'S':
		/* In SYN-SENT the SYN is answered from where it says; a new connection has new
		 * numbers. */
		if (block->start.state == TCP_SYN_SENT)
			EXPECT(SYN | ACK, .seq = snd - 1, .ack = seq + 1);
		else if (block->start.state == TCP_SYN_RECEIVED)
			EXPECT(SYN | ACK, .seq = snd - 1, .ack = rcv);
		else
			EXPECT(SYN | ACK, .seq = 9000, .ack = seq + 1, .fresh = reused);
		return;
	case 'R':
		EXPECT(RST, .seq = ack);
		return;
	case 'N':
		EXPECT(RST | ACK, .seq = 0, .ack = seq + kinds[kind].seg_len);
		return;
	default:
		script_fail("the table has no reply %c", code);
	}
}

/* RCV.NXT after the segment: it moves over what is next and taken. */
static uint32_t
rcv_nxt_after(enum tcp_state next, uint32_t seq)
{
	enum tcp_state state = block->start.state;
	uint32_t rcv = block->start.rcv_nxt;
	bool ack_good = column % 4 < 2;

	if (state == TCP_SYN_SENT && next == TCP_ESTABLISHED)
		return seq + 1;
	if (column / 4 != 1 || !ack_good || (kind != K_FIN && kind != K_DATA))
		return rcv;
	if (state == TCP_ESTABLISHED || state == TCP_FIN_WAIT_1 || state == TCP_FIN_WAIT_2 ||
		(state == TCP_SYN_RECEIVED && next != state))
		return rcv + kinds[kind].seg_len;
	return rcv;
}

static void
cell_body(void)
{
	const char *cell = block->cells[kind][column];
	uint32_t seq = seq_of_column(), ack = ack_of_column();
	enum tcp_state next = cell[1] == '>' ? state_named(cell + 2) : block->start.state;

	script_at(__FILE__, __LINE__);
	script_start(&block->start);
	script_at(__FILE__, __LINE__);
	script_peer(&(struct script_peer_seg){ .flags = kinds[kind].flags,
		.seq = seq,
		.ack = ack,
		.len = kinds[kind].len,
		.wnd = DEFAULT,
		.mss = DEFAULT,
		.to = OUR_PORT });
	expect_reply(
		cell[0], seq, ack, rcv_nxt_after(next, seq), block->start.state == TCP_TIME_WAIT);
	SILENCE();
	if (script_now_state() != next && !(next == TCP_CLOSED && script_now_state() == TCP_LISTEN))
		script_fail("state %s in place of %s", script_state_name(script_now_state()),
			script_state_name(next));
	/* A handshake that isn't complete costs no more than an embryo. */
	if (next == TCP_SYN_RECEIVED && !block->start.active &&
		block->start.state != TCP_SYN_SENT) {
		STAT(embryos, 1);
		STAT(conns, 0);
	}
	/* What the application hears of it is the scripts' to check. */
	script_drop_events();
}

static void
run_block(const struct block *b)
{
	static const char *const seqs[] = { "old", "next", "ahead", "beyond" };
	static const char *const acks[] = { "new", "old", "ancient", "unsent" };

	for (unsigned int k = 0; k < KINDS; k++) {
		for (unsigned int c = 0; c < COLUMNS; c++) {
			char name[96];
			unsigned int failed = CU_get_number_of_failure_records();

			block = b;
			kind = (enum kind)k;
			column = c;
			script_run(cell_body);
			if (CU_get_number_of_failure_records() == failed)
				continue;
			snprintf(name, sizeof(name), "^ %s: %s, seq %s, ack %s: \"%s\"", b->name,
				kinds[k].name, seqs[c / 4], acks[c % 4], b->cells[k][c]);
			CU_assertImplementation(CU_FALSE, __LINE__, name, __FILE__, "", CU_FALSE);
		}
	}
}

#define BLOCK(i)                                                                                   \
	static void block_##i(void)                                                                \
	{                                                                                          \
		run_block(&blocks[i]);                                                             \
	}
BLOCK(0)
BLOCK(1)
BLOCK(2)
BLOCK(3)
BLOCK(4)
BLOCK(5)
BLOCK(6)
BLOCK(7)
BLOCK(8)
BLOCK(9)
BLOCK(10)
BLOCK(11)
BLOCK(12)
BLOCK(13)
BLOCK(14)
_Static_assert(RTE_DIM(blocks) == 15, "each block is a case");

static const struct test_case cases[] = {
	{ "CLOSED", block_0 },
	{ "LISTEN", block_1 },
	{ "SYN-SENT", block_2 },
	{ "SYN-RECEIVED, passive open", block_3 },
	{ "SYN-RECEIVED, active open", block_4 },
	{ "ESTABLISHED, passive open", block_5 },
	{ "ESTABLISHED, active open", block_6 },
	{ "FIN-WAIT-1", block_7 },
	{ "FIN-WAIT-2", block_8 },
	{ "CLOSE-WAIT", block_9 },
	{ "CLOSING, after shutdown", block_10 },
	{ "CLOSING, after close", block_11 },
	{ "LAST-ACK, after shutdown", block_12 },
	{ "LAST-ACK, after close", block_13 },
	{ "TIME-WAIT", block_14 },
	{ NULL, NULL },
};
const struct test_suite suite_table = { "table", cases };
