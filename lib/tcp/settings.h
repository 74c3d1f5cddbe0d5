/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * settings.h: what an application may set of a connection (enum thole_option). Some of it the TCB
 * has room for. The rest is a profile: one record for all that were set to the same, which a TCB
 * names with a byte. Profile 0 is what the stack is configured to and belongs to nobody; another
 * one goes when its last user does.
 */
#ifndef TCP_SETTINGS_H
#define TCP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct tcp_profile {
	uint64_t keepalive_ns;
	uint64_t keepalive_interval_ns;
	uint32_t users; /* connections, listeners, contexts; 0: free. Profile 0 isn't counted */
	uint8_t keepalive_probes;
	uint8_t ttl;
	uint8_t tos; /* DSCP, above two bits for ECN (RFC 3168, 5) */
	bool soft_errors;
};

#define TCP_PROFILES 256

/* What a connection begins with: its listener's, or its context's. */
struct tcp_settings {
	uint16_t flags; /* of enum tcb_flag TF_NO_DELAY, TF_KEEPALIVE */
	uint8_t opts;	/* of enum tcb_opt TO_PACING */
	union {		/* as in the TCB */
		struct {
			uint16_t user_timeout_s;
			uint8_t restart : 4;
			uint8_t cc : 2;
			uint8_t profile;
		};
		uint32_t start;
	};
};

#endif
