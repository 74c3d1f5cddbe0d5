/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counters.h: what a connection counts if it was asked to (THOLE_OPT_COUNTERS): a record beside its
 * TCB, which a stack has only if it is configured. Who wasn't asked pays nothing: TO_COUNTED is
 * tested where ECN is, the profile where TTL's is, or where something rare happens.
 */
#ifndef TCP_COUNTERS_H
#define TCP_COUNTERS_H

#include "tcp/tcp.h"

struct tcp_counters {
	uint64_t since_ns;
	uint64_t data_sent_ns;
	uint64_t data_received_ns;
	uint64_t ack_received_ns;
	uint64_t segs_out;
	uint64_t segs_in;
	uint64_t data_segs_out;
	uint64_t data_segs_in;
	uint64_t bytes_sent;
	uint64_t bytes_retrans;
	uint64_t bytes_acked;	 /* up to una */
	uint64_t bytes_received; /* up to rcv */
	uint64_t retransmits;
	uint64_t rto_fired;
	uint64_t fast_recoveries;
	uint64_t spurious_recoveries;
	uint64_t rto_recoveries;
	uint64_t reorderings;
	uint64_t dsack_dups;
	uint64_t ooo_segs_in;
	uint64_t delivered_segs;
	uint64_t delivered_ce_segs;
	uint64_t delivered_bytes;
	uint64_t rate; /* bytes a second, of the last round */
	uint64_t busy_ns;
	uint64_t limited_ns;
	uint64_t sndbuf_ns;
	uint64_t rto_ns;
	uint64_t clock_ns;    /* up to here these four are counted */
	uint64_t round_ns;    /* when the round began */
	uint64_t round_bytes; /* delivered_bytes then */
	uint32_t round_end;   /* it ends when this is acknowledged */
	uint32_t una;
	uint32_t rcv;
	uint32_t sent_end;    /* after the last byte ever sent */
	uint32_t rcv_rtt_ms8; /* smoothed, eighths of a ms; 0: none yet */
	uint32_t rcv_ecr;     /* the TSecr that the last sample was of */
	bool begun;	      /* established: una, rcv and sent_end are set */
	bool round;	      /* one is under way */
	bool busy;
	bool limited;
	bool sndbuf;	    /* limited by it */
	bool rto;	    /* recovering from a timeout */
	bool round_limited; /* the application had nothing more to send */
	bool app_limited;   /* of the round that rate is of */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct tcp_counters) == 320, "the budget of a connection that counts");

static inline struct tcp_counters *
tcp_counters(const struct tcp_env *env, const struct tcb *t)
{
	return &env->counters[t - env->tcbs];
}

/* Where it is rare. */
#define TCP_COUNT(env, t, what)                                                                    \
	do {                                                                                       \
		if (unlikely(((t)->opts & TO_COUNTED) != 0))                                       \
			tcp_counters((env), (t))->what++;                                          \
	} while (0)

/* All is 0, and counts from here on. */
void tcp_counters_start(const struct tcp_env *env, struct tcb *t);
/* What is acknowledged and received from here on is data, not SYNs. */
void tcp_counters_begin(const struct tcp_env *env, const struct tcb *t);
/* What is counted now and then is counted up to now. */
void tcp_counters_settle(const struct tcp_env *env, const struct tcb *t);
/* Nothing is sent or waits any more. */
void tcp_counters_end(const struct tcp_env *env, const struct tcb *t);

/* A segment that came. */
void tcp_count_in(const struct tcp_env *env, const struct tcb *t, const struct seg *s);

/* What an ACK changes, before. */
struct count_mark {
	uint32_t una;
	uint32_t sacked;
	uint32_t nb_sacked;
	uint32_t segs;
};
/* A segment that is acceptable, before and after its ACK was dealt with; what a connection that
 * ends by it had under way is still there. */
struct count_mark tcp_count_before(
	const struct tcp_env *env, const struct tcb *t, const struct seg *s);
void tcp_count_after(
	const struct tcp_env *env, const struct tcb *t, const struct count_mark *was, bool ece);

/* tcp_output(), counted if it is to be. */
uint16_t tcp_output_counted(struct tcp_env *env, struct tcb *t, const struct wire_path *path,
	struct rte_mbuf **pkts, uint16_t max);

#endif
