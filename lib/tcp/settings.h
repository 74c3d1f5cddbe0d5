/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * settings.h: what an application may set of a connection (enum thole_option). Some of it the TCB
 * has room for. The rest is a profile: one record for all that were set to the same, which a TCB
 * names with a byte. Profile 0 is what the stack is configured to and belongs to nobody; another
 * one goes when its last user does.
 *
 * What follows from a profile's options is worked out when it is made. What the SYN says goes by
 * the options that the connection began with (SET_NEW): later ones (SET) leave it, as the peer goes
 * on by what it was told.
 */
#ifndef TCP_SETTINGS_H
#define TCP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

/* What the SYNs of a connection say of us, and what binds us beside the peer's. */
struct tcp_terms {
	uint16_t mss;	   /* that we offer */
	uint16_t mss_most; /* that we send, whatever the peer offers; later options count, too */
	uint16_t wnd;	   /* isn't scaled (RFC 7323, 2.2) */
	uint8_t wscale;
};

/* Whether a SYN says the same by both. */
static inline bool
tcp_terms_same(const struct tcp_terms *a, const struct tcp_terms *b)
{
	return a->mss == b->mss && a->wnd == b->wnd && a->wscale == b->wscale;
}

struct tcp_profile {
	uint64_t keepalive_ns;
	uint64_t keepalive_interval_ns;
	uint32_t users; /* connections, listeners, contexts; 0: free. Profile 0 isn't counted */
	uint8_t keepalive_probes;
	uint8_t ttl;
	uint8_t tos; /* DSCP, above two bits for ECN (RFC 3168, 5) */
	bool soft_errors : 1;
	bool pacing : 1;
	bool counters : 1;
	uint32_t sndbuf_bytes;
	uint32_t rcvbuf_bytes;
	uint32_t credit_part; /* so much send credit comes back at a time */
	uint16_t mss;	      /* 0: by the MTU */
	struct tcp_terms terms;
};

#define TCP_PROFILES 256

/* What a connection begins with: its listener's, or its context's. */
struct tcp_settings {
	uint16_t flags; /* of enum tcb_flag TF_NO_DELAY, TF_KEEPALIVE */
	uint8_t opts;	/* of enum tcb_opt TO_COUNTED */
	union {		/* as in the TCB */
		struct {
			uint16_t user_timeout_s;
			uint8_t restart : 4;
			uint8_t cc : 2;
			uint8_t profile;
		};
		uint32_t start;
	};
	struct tcp_terms terms; /* the profile's */
};

#endif
