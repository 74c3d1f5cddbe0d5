/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp.h: one connection's TCP, as functions on its record. They change the record and queue mbufs
 * on it; who they work for finds out by looking: tcb_owes() says whether output is due,
 * tcb_deadline() when it next wants to be called, events what the application should hear, state
 * TCP_CLOSED that it is over.
 */
#ifndef TCP_TCP_H
#define TCP_TCP_H

#include <thole/stack.h>

#include "base/mbufs.h"
#include "base/seq.h"
#include "tcp/tcb.h"
#include "wire/tcp.h"

/** What a stack's connections share. */
struct tcp_env {
	uint64_t now_ns;
	struct thole_tcp_params params;
	struct thole_stats *stats;
	struct mbufs *mbufs;
	uint64_t secret[2];
	uint32_t rx_held_max; /* bound of stats->mbufs_held */
	uint16_t mss;	      /* that we offer */
	uint16_t mss_mtu;     /* that our MTU lets us send */
};

static inline uint32_t
env_now_ms(const struct tcp_env *env)
{
	return (uint32_t)(env->now_ns / TIME_MS);
}

/** What a segment asks for beyond its connection. */
enum tcp_reply {
	REPLY_NONE,
	REPLY_RST, /* a RST made from the segment alone (RFC 9293, 3.10.7.1) */
};

/* isn.c: initial sequence numbers (RFC 6528). */
uint32_t tcp_isn(const struct tcp_env *env, const struct flow_key *key);

/* input.c, syn_sent.c, ack.c, data.c: RFC 9293, 3.10.7. seg->m is set to NULL if it was kept. */
enum tcp_reply tcp_input(struct tcp_env *env, struct tcb *t, struct seg *s);
enum tcp_reply tcp_input_syn_sent(struct tcp_env *env, struct tcb *t, struct seg *s);
void tcp_input_ack(struct tcp_env *env, struct tcb *t, const struct seg *s);
void tcp_input_data(struct tcp_env *env, struct tcb *t, struct seg *s);
/* An ACK as a challenge, at most 10 a second for a connection (RFC 5961, 7). */
void tcp_challenge(struct tcp_env *env, struct tcb *t);

/* output.c: builds what @p t owes, at most @p max packets. @return how many. */
uint16_t tcp_output(struct tcp_env *env, struct tcb *t, const struct wire_path *path,
	struct rte_mbuf **out, uint16_t max);

/* If nothing is on its way whose ACK could bring what waits on, the persist timer must. */
void tcp_persist_if_stuck(const struct tcp_env *env, struct tcb *t);
/* What makes tcp_output() do something. */
#define TF_OWES (TF_ACK_NOW | TF_OUTPUT | TF_RST_OWED | TF_REXMIT | TF_PROBE)

/* Whether tcp_output() has something to do. */
static inline bool
tcb_owes(const struct tcb *t)
{
	return (t->flags & TF_OWES) != 0;
}

/* window.c: the receive window (RFC 9293, 3.8.6.2.2), and what may be sent into the peer's. */
/* The largest window that we offer: what the header holds, until there is window scale. */
static inline uint32_t
tcp_rcv_wnd_most(const struct tcp_env *env)
{
	return RTE_MIN(env->params.rcvbuf_bytes, 65535u);
}

uint32_t tcp_rcv_wnd(const struct tcb *t);
void tcp_window_advance(const struct tcp_env *env, struct tcb *t);
bool tcp_window_update_due(const struct tcp_env *env, const struct tcb *t);
uint32_t tcp_snd_room(const struct tcb *t);

/* snd_queue.c: bytes from snd_una to snd_end, in mbufs. */
void tcp_snd_append(struct tcb *t, struct rte_mbuf *chain);
void tcp_snd_acked(struct tcb *t, uint32_t ack);
/* A private packet of the @p len bytes from @p seq on, headers still to come; NULL: no mbuf. */
struct rte_mbuf *tcp_snd_cut(struct tcp_env *env, struct tcb *t, uint32_t seq, uint32_t len);

/* rcv_queue.c: bytes up to rcv_nxt that the application hasn't taken, and segments ahead of it. */
/* Both take s->m; s->len bytes from s->payload_off on are wanted, in sequence or ahead of it. */
void tcp_rcv_append(struct tcp_env *env, struct tcb *t, struct seg *s);
void tcp_rcv_keep_ahead(struct tcp_env *env, struct tcb *t, struct seg *s);
void tcp_rcv_pull_ahead(struct tcp_env *env, struct tcb *t);
/* Frees what is ahead: the peer sends again whatever isn't acknowledged. */
void tcp_rcv_drop_ahead(struct tcp_env *env, struct tcb *t);
/* Hands over all that is queued as one packet; @p bytes gets how much. */
struct rte_mbuf *tcp_rcv_take(struct tcp_env *env, struct tcb *t, uint32_t *bytes);

/* rto.c: round-trip time and retransmission timeout (RFC 6298). */
uint64_t tcp_rto_ns(const struct tcp_env *env, const struct tcb *t);
void tcp_rtt_sample(struct tcb *t, uint32_t rtt_us);
/* How long the peer may still not answer. */
uint64_t tcp_rtx_patience_ns(const struct tcp_env *env, const struct tcb *t);
void tcp_rtx_arm(const struct tcp_env *env, struct tcb *t);
void tcp_rtx_stop(struct tcb *t);

/* reno.c: congestion control (RFC 5681, RFC 6582). */
void tcp_cc_init(const struct tcp_env *env, struct tcb *t);
void tcp_cc_acked(struct tcb *t, uint32_t ack, uint32_t bytes);
void tcp_cc_dupack(struct tcp_env *env, struct tcb *t);
void tcp_cc_timeout(struct tcb *t);

/* timer.c: fires what is due. */
void tcp_timer(struct tcp_env *env, struct tcb *t);

static inline uint64_t
tcb_deadline(const struct tcb *t)
{
	uint64_t at = t->rtx_ns < t->delack_ns ? t->rtx_ns : t->delack_ns;

	return at < t->life_ns ? at : t->life_ns;
}

/* state.c: being born, and dying. */
void tcb_init(const struct tcp_env *env, struct tcb *t, const struct flow_key *key);
void tcp_open_active(const struct tcp_env *env, struct tcb *t);
void tcp_open_passive(const struct tcp_env *env, struct tcb *t, const struct embryo *e);
/* What the peer's SYN says: its sequence number, MSS (0: none) and window. */
void tcp_peer_syn(
	const struct tcp_env *env, struct tcb *t, uint32_t irs, uint16_t mss, uint16_t wnd);
void tcp_established(struct tcp_env *env, struct tcb *t);
/* Ends with @p error (0: orderly): CLOSED reports it; timers stop, queues go but for unread data.
 */
void tcp_closed(struct tcp_env *env, struct tcb *t, int error);
void tcp_time_wait(struct tcp_env *env, struct tcb *t);
/* Frees every mbuf that @p t holds. */
void tcp_drop_queues(struct tcp_env *env, struct tcb *t);
/* The application won't read any more: what is received goes, and its events. */
void tcp_forget_received(struct tcp_env *env, struct tcb *t);

/* path_mtu.c: a router's word that a segment with @p seq was too big; 0: it doesn't say for what.
 */
void tcp_path_mtu(struct tcp_env *env, struct tcb *t, uint32_t seq, uint16_t mtu);

/* user.c: the application's calls (RFC 9293, 3.10.1 to 3.10.5). @return 0 or negative errno. */
int tcp_send(struct tcp_env *env, struct tcb *t, struct rte_mbuf *chain);
int tcp_received(struct tcp_env *env, struct tcb *t, uint32_t bytes);
int tcp_shutdown(struct tcp_env *env, struct tcb *t);
int tcp_close(struct tcp_env *env, struct tcb *t);
void tcp_abort(struct tcp_env *env, struct tcb *t, int error);

/* embryo.c: passive SYN-RECEIVED. */
enum embryo_verdict {
	EMBRYO_KEEP,
	EMBRYO_DROP,	/* back to LISTEN: free it */
	EMBRYO_PROMOTE, /* the handshake is complete: make it a TCB and give that the segment */
	EMBRYO_RST,	/* keep it; answer with a RST */
};
void embryo_init(const struct tcp_env *env, struct embryo *e, const struct seg *s);
enum embryo_verdict embryo_input(struct tcp_env *env, struct embryo *e, const struct seg *s);
/* What a SYN-ACK says, or the ACK that it owes. */
void embryo_reply(const struct tcp_env *env, const struct embryo *e, bool syn, struct tcp_out *out);

/* time_wait.c: TIME-WAIT as a tombstone. */
enum tombstone_verdict {
	TOMBSTONE_KEEP,
	TOMBSTONE_ACK,	   /* answer with an ACK */
	TOMBSTONE_RESTART, /* a FIN again: answer with an ACK, 2 MSL from now */
	TOMBSTONE_REUSE,   /* a new SYN: free it and let the listener have the segment */
};
void tombstone_init(const struct tcp_env *env, struct tombstone *w, const struct tcb *t);
enum tombstone_verdict tombstone_input(
	struct tcp_env *env, const struct tombstone *w, const struct seg *s);

#endif
