/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * thole/info.h: what is known of a connection (RFC 9293, 3.9.1: STATUS), at one moment. Sequence
 * numbers are not shown: they would help an attacker who gets to see a log.
 */
#ifndef THOLE_INFO_H
#define THOLE_INFO_H

#include <thole/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** RFC 9293, 3.3.2. */
enum thole_state {
	THOLE_CLOSED,
	THOLE_LISTEN,
	THOLE_SYN_SENT,
	THOLE_SYN_RECEIVED,
	THOLE_ESTABLISHED,
	THOLE_FIN_WAIT_1,
	THOLE_FIN_WAIT_2,
	THOLE_CLOSE_WAIT,
	THOLE_CLOSING,
	THOLE_LAST_ACK,
	THOLE_TIME_WAIT,
};

/** What the two SYNs agreed on, of options. */
enum thole_info_option {
	THOLE_INFO_TIMESTAMPS = 1 << 0,
	THOLE_INFO_SACK = 1 << 1,
	THOLE_INFO_WSCALE = 1 << 2,
	THOLE_INFO_ECN = 1 << 3,
};

/** What congestion control is about. */
enum thole_recovery {
	THOLE_RECOVERY_NONE,
	THOLE_RECOVERY_FAST, /**< fast recovery (RFC 5681, 3.2; RFC 6675) */
	THOLE_RECOVERY_RTO,  /**< after a retransmission timeout */
};

/** The name of a state as RFC 9293 has it: "SYN-SENT". @return static text; "?" for another value.
 */
THOLE_API const char *thole_state_name(enum thole_state state);

/**
 * Bytes, segments and times of a connection. Times are ns; 0 where nothing is known. What comes
 * after counters is 0 unless that is set.
 */
struct thole_info {
	struct thole_endpoint local;
	struct thole_endpoint remote;
	uint8_t state;	    /**< enum thole_state */
	uint8_t options;    /**< enum thole_info_option, ored */
	uint8_t recovery;   /**< enum thole_recovery */
	uint8_t cc;	    /**< enum thole_cc */
	uint8_t snd_wscale; /**< of the peer's windows */
	uint8_t rcv_wscale; /**< of ours */
	uint8_t backoff;    /**< doublings of the RTO */
	uint8_t probes;	    /**< keepalive and window probes that weren't answered */
	uint16_t snd_mss;   /**< most payload of a segment that we send now */
	uint16_t rcv_mss;   /**< largest segment that came */
	uint16_t advmss;    /**< that we offered */
	uint16_t pmtu;	    /**< of the path, as far as known: IP header included */

	uint64_t rto_ns;
	uint64_t srtt_ns;
	uint64_t rttvar_ns;
	uint64_t min_rtt_ns;	 /**< while data is or was lately on the way (RFC 8985, 6.2) */
	uint64_t delayed_ack_ns; /**< until the delayed ACK goes; 0: none is due */
	uint64_t pacing_bytes_per_s;
	uint32_t cwnd_bytes;
	uint32_t ssthresh_bytes; /**< UINT32_MAX: none yet */
	uint32_t snd_wnd_bytes;	 /**< that the peer offers */
	uint32_t rcv_wnd_bytes;	 /**< that we offer */
	uint32_t rcv_buf_bytes;	 /**< what auto-tuning has come to, below RCVBUF */
	uint32_t snd_buf_bytes;	 /**< SNDBUF */
	uint32_t unacked_bytes;	 /**< on the way, or lost */
	uint32_t notsent_bytes;	 /**< queued behind that */
	uint32_t unread_bytes;	 /**< received; the application hasn't said RECEIVED of them */
	uint32_t ahead_bytes;	 /**< received ahead of a hole */
	uint32_t unacked_segs;
	uint32_t sacked_segs;
	uint32_t lost_segs;	 /**< taken as lost and not yet sent again */
	uint32_t retrans_segs;	 /**< sent again and on the way */
	uint32_t reordering_ppm; /**< RACK's reordering window, of min_rtt (RFC 8985, 6.2) */

	bool counters; /**< THOLE_OPT_COUNTERS is on; what follows counts from when that was set */
	uint64_t opened_ns;	    /**< when that was, on the stack's clock */
	uint64_t last_data_sent_ns; /**< when, on the stack's clock; likewise: */
	uint64_t last_data_received_ns;
	uint64_t last_ack_received_ns;
	uint64_t segs_out;	 /**< sent, repeats included */
	uint64_t segs_in;	 /**< received, well formed */
	uint64_t data_segs_out;	 /**< of these, with data */
	uint64_t data_segs_in;	 /**< likewise */
	uint64_t bytes_sent;	 /**< payload, repeats included */
	uint64_t bytes_retrans;	 /**< of these, again */
	uint64_t bytes_acked;	 /**< payload that the peer acknowledged */
	uint64_t bytes_received; /**< payload taken in sequence */
	uint64_t retransmits;	 /**< segments sent again, SYN and FIN included */
	uint64_t rto_fired;
	uint64_t fast_recoveries;
	uint64_t spurious_recoveries;  /**< that were taken back */
	uint64_t dsack_dups;	       /**< segments of which the peer said that they came twice */
	uint64_t ooo_segs_in;	       /**< that came ahead of a hole */
	uint64_t delivered_segs;       /**< acknowledged or SACKed (RFC 6937's DeliveredData) */
	uint64_t delivered_ce_segs;    /**< of these, with ECE */
	uint64_t delivery_bytes_per_s; /**< over the last round trip in which data was acknowledged
					*/
	uint64_t busy_ns;	       /**< with data on the way */
	uint64_t rwnd_limited_ns;      /**< of these, with more to send and the window full */
};

#ifdef __cplusplus
}
#endif
#endif
