/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
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
	THOLE_RECOVERY_CWR,  /**< cwnd comes down for ECN (RFC 3168, 6.1.2) or a loss made good */
};

/** The name of a state as RFC 9293 has it: "SYN-SENT". Any thread. @return static text; "?" for
 * another value.
 */
THOLE_API const char *thole_state_name(enum thole_state state);

/**
 * Bytes, segments and times of a connection. Times are ns; 0 where nothing is known. What comes
 * after counters is 0 unless that is set.
 *
 * In any state that has a handle; in CLOSED, until CLOSED is read, what it was when it ended, but
 * for what was queued. Who knows Linux's struct tcp_info finds there by another name:
 * tcpi_retransmits (backoff), tcpi_ato (delayed_ack_ns), tcpi_rcv_ssthresh and tcpi_rcv_space
 * (rcv_buf_bytes), tcpi_total_retrans (retransmits), tcpi_total_rto (rto_fired), tcpi_rcv_ooopack
 * (ooo_segs_in), tcpi_reordering (reordering_ns: a time, as RACK has it), tcpi_reord_seen
 * (reorderings), tcpi_total_rto_time (rto_recovery_ns); in segments there, in bytes here:
 * tcpi_snd_cwnd, tcpi_snd_ssthresh; how long ago there, when here: tcpi_last_*. There is none of
 * tcpi_max_pacing_rate (no bound), tcpi_rehash (paths are the network's) and TCP Fast Open's, nor
 * of tcpi_fackets and tcpi_last_ack_sent, which are always 0 there.
 */
struct thole_info {
	struct thole_endpoint local;  /**< ours */
	struct thole_endpoint remote; /**< the peer's */
	uint8_t state;		      /**< enum thole_state */
	uint8_t options;	      /**< enum thole_info_option, ored */
	uint8_t recovery;	      /**< enum thole_recovery */
	uint8_t cc;		      /**< enum thole_cc */
	uint8_t snd_wscale;	      /**< of the peer's windows */
	uint8_t rcv_wscale;	      /**< of ours */
	uint8_t backoff;  /**< doublings of the RTO, or of the time between window probes */
	uint8_t probes;	  /**< keepalive probes that weren't answered */
	uint16_t snd_mss; /**< most payload of a segment that we send now */
	uint16_t rcv_mss; /**< most payload of a segment that came; at first 536; 0: it never stood
			   */
	uint16_t advmss;  /**< that our SYN offered */
	uint16_t pmtu;	  /**< of the path, as far as it goes by that: IP header included */

	uint64_t rto_ns;    /**< retransmission timeout (RFC 6298), with its doublings */
	uint64_t srtt_ns;   /**< smoothed round-trip time */
	uint64_t rttvar_ns; /**< its variation */
	/** While more than a small segment is or was lately on the way (RFC 8985, 6.2); else 0. */
	uint64_t min_rtt_ns;
	uint64_t delayed_ack_ns;     /**< until the delayed ACK goes; 0: none is due */
	uint64_t reordering_ns;	     /**< RACK's reordering window (RFC 8985, 6.2), likewise */
	uint64_t pacing_bytes_per_s; /**< 0: it isn't paced, or nothing was sent lately */
	uint32_t cwnd_bytes;	     /**< congestion window */
	uint32_t ssthresh_bytes;     /**< UINT32_MAX: none yet */
	uint32_t snd_wnd_bytes;	     /**< that the peer offers */
	uint32_t rcv_wnd_bytes;	     /**< that we offer */
	uint32_t rcv_buf_bytes;	     /**< what auto-tuning has come to, below RCVBUF */
	uint32_t snd_buf_bytes;	     /**< SNDBUF */
	uint32_t unacked_bytes;	     /**< on the way, or lost */
	uint32_t notsent_bytes;	     /**< queued behind that */
	uint32_t unread_bytes;	     /**< received; the application hasn't said RECEIVED of them */
	uint32_t ahead_bytes;	     /**< received ahead of a hole */
	uint32_t unacked_segs;	     /**< on the way, or lost; a SYN or FIN alone counts */
	uint32_t sacked_segs;	     /**< of these, the peer has ahead of a hole */
	uint32_t lost_segs;	     /**< taken as lost and not yet sent again */
	uint32_t retrans_segs;	     /**< sent again and on the way */

	bool counters; /**< THOLE_OPT_COUNTERS is on; what follows counts from when that was set */
	uint64_t since_ns;		/**< when that was, on the stack's clock */
	uint64_t last_data_sent_ns;	/**< when, on the stack's clock; likewise: */
	uint64_t last_data_received_ns; /**< data came */
	uint64_t last_ack_received_ns;	/**< of a segment that was acceptable */
	uint64_t segs_out;		/**< sent, repeats included */
	uint64_t segs_in;	  /**< received, well formed; of a peer's handshake only its last */
	uint64_t data_segs_out;	  /**< of these, with data */
	uint64_t data_segs_in;	  /**< likewise */
	uint64_t bytes_sent;	  /**< payload, repeats included */
	uint64_t bytes_retrans;	  /**< of these, again */
	uint64_t bytes_acked;	  /**< payload that the peer acknowledged */
	uint64_t bytes_received;  /**< payload taken in sequence */
	uint64_t retransmits;	  /**< segments sent again, SYN and FIN included */
	uint64_t rto_fired;	  /**< retransmission timeouts */
	uint64_t fast_recoveries; /**< fast recoveries begun */
	uint64_t spurious_recoveries; /**< that were taken back */
	uint64_t dsack_dups;	      /**< D-SACKs: the peer said that something came twice */
	uint64_t ooo_segs_in;	      /**< that came ahead of a hole */
	uint64_t delivered_segs;    /**< with data, or a FIN behind some: acknowledged or SACKed */
	uint64_t delivered_ce_segs; /**< of these, with ECE */
	uint64_t delivery_bytes_per_s; /**< over the last round trip in which data was acknowledged
					*/
	uint64_t busy_ns;	       /**< with data that isn't acknowledged, sent or queued */
	uint64_t rwnd_limited_ns;      /**< of these, with more to send and the window full */
	uint64_t sndbuf_limited_ns;    /**< of these, with all sent, windows with room, and less
					  than a segment of send credit left */
	uint64_t rto_recoveries;  /**< after a retransmission timeout, what is under way included */
	uint64_t rto_recovery_ns; /**< spent in these */
	uint64_t reorderings; /**< ACKs that told of a segment arriving after what went later (RFC
				 8985, 6.2) */
	/** Smoothed round-trip time as the receiving side sees it, in steps of 125 us: from a
	 * timestamp to the first full segment that echoes it; 0 without timestamps (RFC 7323). */
	uint64_t rcv_rtt_ns;
	/** In the round trip that delivery_bytes_per_s is of there was nothing more to send for a
	 * while: the path may carry more. */
	bool delivery_app_limited;
};

#ifdef __cplusplus
}
#endif
#endif
