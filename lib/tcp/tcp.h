/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp.h: one connection's TCP, as functions on its record. They change the record and queue mbufs
 * on it; who they work for finds out by looking: tcb_owes() says whether output is due,
 * tcb_deadline() when it next wants to be called, events what the application should hear, state
 * TCP_CLOSED that it is over.
 */
#ifndef TCP_TCP_H
#define TCP_TCP_H

#include <thole/app.h>
#include <thole/stack.h>

#include "base/mbufs.h"
#include "base/seq.h"
#include "tcp/flight.h"
#include "tcp/paths.h"
#include "tcp/settings.h"
#include "tcp/tcb.h"
#include "wire/tcp.h"

/** A receive buffer. */
struct rcv_room {
	uint32_t bytes;
	uint32_t most; /* that it may grow to */
	int32_t step;  /* by less the window's edge doesn't move (RFC 9293, 3.8.6.2.2) */
};

struct tcp_counters;

/** What a stack's connections share. */
struct tcp_env {
	uint64_t now_ns; /* by tcp_env_clock() */
	uint32_t now_ms;
	uint32_t now_us;
	struct thole_tcp_params params;
	struct thole_stats *stats;
	struct mbufs *mbufs;
	const struct tcb *tcbs;
	struct tcp_counters *counters; /* one for each of them; NULL: not configured */
	struct slab *flights;	       /* struct flight */
	struct slab *segments;	       /* struct tx_seg */
	uint64_t secret[2];
	uint32_t rx_held_max; /* bound of stats->mbufs_held */
	uint32_t rcv_stamp;   /* order in which segments came ahead of a hole */
	uint16_t mss_mtu;     /* that our MTU lets us send */
	bool rx_shared;	      /* of the last packets some had payload that is their sender's, too */
	bool rx_bulk;	      /* of the last packets some had text that a train may follow */
	uint8_t syn_opts;     /* enum embryo_opt: those that we offer and take; ECN aside */
	struct rcv_room room; /* of nearly all connections: see tcb.rcv_log */
	struct paths paths;
	struct tcp_settings settings; /* by the parameters */
	uint32_t nb_profiles;	      /* in use, beside the stack's own */
	struct tcp_profile profiles[TCP_PROFILES];
};

/* What time it is is worked out once for all the packets that come with it. */
static inline void
tcp_env_clock(struct tcp_env *env, uint64_t now_ns)
{
	env->now_ns = now_ns;
	env->now_ms = (uint32_t)(now_ns / TIME_MS);
	env->now_us = (uint32_t)(now_ns / TIME_US);
}

static inline uint32_t
env_now_ms(const struct tcp_env *env)
{
	return env->now_ms;
}

static inline uint32_t
env_now_us(const struct tcp_env *env)
{
	return env->now_us;
}

/* Our timestamp: a tick is 1 ms (RFC 7323, 5.4). */
static inline uint32_t
env_ts(const struct tcp_env *env, const struct tcb *t)
{
	return env_now_ms(env) + t->ts_off;
}

/* NULL: nothing is on the way, and nothing was for a while; or what is is alone (lone.h). */
static inline struct flight *
tcp_flight(const struct tcp_env *env, const struct tcb *t)
{
	return t->flight < FLIGHT_LONE ? slab_at(env->flights, t->flight) : NULL;
}

/* flight.c. @return NULL: no memory, which is counted. */
struct flight *tcp_flight_get(struct tcp_env *env, struct tcb *t);
void tcp_flight_drop(struct tcp_env *env, struct tcb *t);
/* Likewise, and there is no flight any more. */
void tcp_flight_end(struct tcp_env *env, struct tcb *t);
/* A lone segment gets what others have from the start. @return likewise. */
struct flight *tcp_flight_of_lone(struct tcp_env *env, struct tcb *t);
/* How much may be sent at once after a rest. */
uint32_t tcp_restart_window(const struct tcb *t);

/** What a segment asks for beyond its connection. */
enum tcp_reply {
	REPLY_NONE,
	REPLY_RST, /* a RST made from the segment alone (RFC 9293, 3.10.7.1) */
};

/* isn.c: initial sequence number (RFC 6528), and the offset of timestamps, which isn't 0. */
uint32_t tcp_isn(const struct tcp_env *env, const struct flow_key *key, uint32_t *ts_off);

/* input.c, syn_sent.c, ack.c, data.c: RFC 9293, 3.10.7. seg->m is set to NULL if it was kept. */
enum tcp_reply tcp_input(struct tcp_env *env, struct tcb *t, struct seg *s);
/* For the ACK that made an embryo the TCB @p t: embryo_input() has looked at it. @return whether
 * all that follows is that the application hears of @p t. */
bool tcp_input_promoted(struct tcp_env *env, struct tcb *t, struct seg *s);
enum tcp_reply tcp_input_syn_sent(struct tcp_env *env, struct tcb *t, struct seg *s);
void tcp_input_ack(struct tcp_env *env, struct tcb *t, const struct seg *s);
void tcp_input_data(struct tcp_env *env, struct tcb *t, struct seg *s);
/* A FIN alone, and in sequence. */
void tcp_input_fin(struct tcp_env *env, struct tcb *t);
/* An ACK as a challenge, at most 10 a second for a connection (RFC 5961, 7). */
void tcp_challenge(struct tcp_env *env, struct tcb *t);
/* timestamps.c: RFC 7323. */
/* @return false: an old duplicate (5.3, R1), or without the timestamp that it must have (3.2). */
bool tcp_timestamp_ok(const struct tcp_env *env, const struct tcb *t, const struct seg *s);
/* R3: TS.Recent, from a segment that is acceptable. */
void tcp_timestamp_note(const struct tcp_env *env, struct tcb *t, const struct seg *s);
/* TS.Recent was set from the SYN. */
void tcp_timestamp_began(const struct tcp_env *env, struct tcb *t);
/* Whether a train is in sequence and whole, and all of it would be kept: tcp_input() wants no
 * other. */
bool tcp_takes_train(const struct tcp_env *env, const struct tcb *t, const struct seg *s);

/* output.c: builds what @p t owes, at most @p max packets. @return how many. */
uint16_t tcp_output(struct tcp_env *env, struct tcb *t, const struct wire_path *path,
	struct rte_mbuf **out, uint16_t max);

/* At which rate @p t spreads what it sends, bytes a second; 0: it doesn't, or not now. */
uint64_t tcp_pacing_rate(const struct tcp_env *env, const struct tcb *t);
/* Whether it has more to send and the peer's window is what holds it back. */
bool tcp_is_rwnd_limited(const struct tcp_env *env, const struct tcb *t);
/* Whether all that is queued was sent and cwnd has room for more; and whether no more can be
 * queued, for the send buffer is full of it. */
bool tcp_is_app_limited(const struct tcp_env *env, const struct tcb *t);
bool tcp_is_sndbuf_limited(const struct tcp_env *env, const struct tcb *t);

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

/* window.c: the receive window (RFC 9293, 3.8.6.2.2). */
/* The shift that we offer: the least that lets all of a buffer be offered (RFC 7323, 2.3). */
uint8_t tcp_rcv_wscale(uint32_t buf);
/* env->room, by the settings. */
void tcp_window_init(struct tcp_env *env);
/* The buffer in use; no more than a SYN-ACK can say while one may still be sent. */
uint32_t tcp_rcv_buffer(const struct tcp_env *env, const struct tcb *t);
/* From rcv_nxt on what we take: at least what any ACK of ours offered. */
uint32_t tcp_rcv_wnd(const struct tcb *t);
/* What the header says; after tcp_window_advance(), which is due before each header. */
uint16_t tcp_rcv_wnd_field(const struct tcb *t, bool syn);
void tcp_window_advance(const struct tcp_env *env, struct tcb *t);
bool tcp_window_update_due(const struct tcp_env *env, const struct tcb *t);
/* Auto-tuning: the first round begins, and may end with the segment @p s, whose data is new. */
void tcp_window_tune_start(const struct tcp_env *env, struct tcb *t);
void tcp_window_tune(const struct tcp_env *env, struct tcb *t, const struct seg *s);

/* snd_queue.c: bytes from snd_una to snd_end, in mbufs. */
void tcp_snd_append(struct tcb *t, struct rte_mbuf *chain);
void tcp_snd_acked(struct tcb *t, uint32_t ack);
/* The mbuf that holds @p seq, which isn't sent yet; snd_cur is there afterwards. */
struct rte_mbuf *tcp_snd_seek(struct tcb *t, uint32_t seq);
/* A private packet of the @p len bytes from @p seq on, which @p from holds the first of, headers
 * still to come; NULL: no mbuf. */
struct rte_mbuf *tcp_snd_cut(
	struct tcp_env *env, struct rte_mbuf *from, uint32_t seq, uint32_t len);

/* rcv_queue.c: bytes up to rcv_nxt that the application hasn't taken, and segments ahead of it. */
/* Both take s->m; s->len bytes from s->payload_off on are wanted, in sequence or ahead of it. */
void tcp_rcv_append(struct tcp_env *env, struct tcb *t, struct seg *s);
void tcp_rcv_keep_ahead(struct tcp_env *env, struct tcb *t, struct seg *s);
void tcp_rcv_pull_ahead(struct tcp_env *env, struct tcb *t);
/* Frees what is ahead: the peer sends again whatever isn't acknowledged. */
void tcp_rcv_drop_ahead(struct tcp_env *env, struct tcb *t);
/* Hands over all that is queued as one packet; @p bytes gets how much. */
struct rte_mbuf *tcp_rcv_take(struct tcp_env *env, struct tcb *t, uint32_t *bytes);

/* sack_out.c: SACK blocks (RFC 2018, RFC 2883). */
/* The bytes from @p left up to @p right came again: the next ACK says so. */
void tcp_dsack_note(struct tcb *t, uint32_t left, uint32_t right);
/* The blocks of the ACK that goes out now, at most @p most. @return how many; 0: no option. */
uint8_t tcp_sack_out(struct tcb *t, struct sack_block *blocks, uint8_t most);

/* Doublings of the RTO that an ACK leaves. */
#define BACKOFF_KEPT 2

/* rto.c: round-trip time and retransmission timeout (RFC 6298). */
uint64_t tcp_rto_ns(const struct tcp_env *env, const struct tcb *t);
#define RTT_MOST_US UINT32_C(0x0fffffff)
/* No sample was taken before (2.2); 1 to RTT_MOST_US. */
static inline void
tcp_rtt_first(struct tcb *t, uint32_t rtt_us)
{
	t->srtt_us = rtt_us << 3;
	t->rttvar_us = rtt_us << 1;
	t->backoff = 0;
}

void tcp_rtt_sample(struct tcb *t, uint32_t rtt_us);
/* How long the peer may still not answer. */
uint64_t tcp_rtx_patience_ns(const struct tcp_env *env, const struct tcb *t);
void tcp_rtx_arm(const struct tcp_env *env, struct tcb *t);
/* Likewise of what is established and has no flight, for what was first sent just now. */
void tcp_rtx_arm_alone(const struct tcp_env *env, struct tcb *t);
/* Likewise for a lone segment. */
void tcp_rtx_arm_lone(const struct tcp_env *env, struct tcb *t);
/* Something was sent: the timer runs. */
void tcp_rtx_sent(const struct tcp_env *env, struct tcb *t);
/* All is acknowledged: only the flight block's rest is timed. */
void tcp_rtx_done(const struct tcp_env *env, struct tcb *t);
void tcp_rtx_stop(struct tcb *t);

/* timer.c: fires what is due. */
void tcp_timer(struct tcp_env *env, struct tcb *t);

static inline uint64_t
tcb_deadline(const struct tcp_env *env, const struct tcb *t)
{
	uint64_t at = t->rtx_ns < t->delack_ns ? t->rtx_ns : t->delack_ns;

	if ((t->flags & TF_PACED) != 0)
		at = RTE_MIN(at, tcp_flight(env, t)->pace_ns);
	return at < t->life_ns ? at : t->life_ns;
}

/* state.c: being born, and dying. */
void tcb_init(struct tcp_env *env, struct tcb *t, const struct flow_key *key,
	const struct tcp_settings *set);
void tcp_open_active(const struct tcp_env *env, struct tcb *t, const struct tcp_terms *terms);
void tcp_open_passive(const struct tcp_env *env, struct tcb *t, const struct tcp_terms *terms,
	const struct embryo *e);
/* What a peer's SYN says. */
struct peer_syn {
	uint32_t irs;
	uint32_t ts_val;
	uint16_t mss; /* 0: none */
	uint16_t wnd;
	uint8_t opts; /* enum embryo_opt: what it offers and we take */
};
/* Assumed of a peer that sends no MSS option (RFC 9293, 3.7.1). */
#define MSS_DEFAULT_IP4 536

/* RFC 3168, 6.1.1: whether the SYN @p s is an ECN-setup SYN. */
static inline bool
tcp_is_ecn_setup(const struct seg *s)
{
	return (s->flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR);
}

/* What our SYN of @p t offers. */
uint8_t tcp_syn_offer(const struct tcp_env *env, const struct tcb *t);
/* @p terms are what our SYN says, or has said. */
void tcp_peer_syn(const struct tcp_env *env, struct tcb *t, const struct tcp_terms *terms,
	const struct peer_syn *syn);
void tcp_established(struct tcp_env *env, struct tcb *t);
/* Ends with @p error (0: orderly): CLOSED reports it; timers stop, queues go but for unread data.
 */
void tcp_closed(struct tcp_env *env, struct tcb *t, int error);
void tcp_time_wait(struct tcp_env *env, struct tcb *t);
/* Frees every mbuf that @p t holds. */
void tcp_drop_queues(struct tcp_env *env, struct tcb *t);
/* The application won't read any more: what is received goes, and its events. */
void tcp_forget_received(struct tcp_env *env, struct tcb *t);
/* Likewise where nothing is. */
static inline void
tcp_forget_events(struct tcb *t)
{
	t->events &= TE_OPENING | TE_ACCEPTED | TE_CLOSED;
}

/* path_mtu.c: a router's word that a segment with @p seq was too big; 0: it doesn't say for what.
 */
void tcp_path_mtu(struct tcp_env *env, struct tcb *t, uint32_t seq, uint16_t mtu);
/* mss as the path to the peer is known now: less, or more again. */
void tcp_path_look(struct tcp_env *env, struct tcb *t);
/* What mss is for a segment that is sent now: the next flight begins with such a look. */
uint16_t tcp_path_mss(const struct tcp_env *env, const struct tcb *t);
/* No more than @p most of a segment from here on, TCP options included; for good. */
void tcp_path_bound(struct tcb *t, uint16_t most);
/* Whether that can tell anything. */
static inline bool
tcp_path_is_news(const struct tcp_env *env, const struct tcb *t)
{
	return t->mss_cut != 0 || env->now_ns < env->paths.until_ns;
}

/* A segment that was said to be too big has timed out. */
void tcp_path_mtu_timeout(struct tcp_env *env, struct tcb *t, struct flight *f);

/* settings.c: options. */
/* Settings, profile 0 and what SYNs say, by the parameters. */
void tcp_settings_init(struct tcp_env *env);
/* @return 0; -EINVAL: unknown option, or a value that it can't have; -ENOSPC: no profile is free.
 */
int tcp_settings_set(
	struct tcp_env *env, struct tcp_settings *set, enum thole_option option, uint64_t value);
/* Likewise for a connection that there is; what follows from it is done. */
int tcp_set(struct tcp_env *env, struct tcb *t, enum thole_option option, uint64_t value);
/* What it is set to. @return 0; -EINVAL: unknown option. */
int tcp_get(
	const struct tcp_env *env, const struct tcb *t, enum thole_option option, uint64_t *value);

static inline const struct tcp_profile *
tcp_profile(const struct tcp_env *env, const struct tcb *t)
{
	return &env->profiles[t->profile];
}

/* A user of profile @p i more, or less. */
static inline void
tcp_profile_hold(struct tcp_env *env, uint8_t i)
{
	if (unlikely(i != 0))
		env->nb_profiles += env->profiles[i].users++ == 0;
}

static inline void
tcp_profile_drop(struct tcp_env *env, uint8_t i)
{
	if (unlikely(i != 0))
		env->nb_profiles -= --env->profiles[i].users == 0;
}

/* soft_error.c */
/* @p what has happened to @p t: the application is told if it asked for that. */
void tcp_soft_error(const struct tcp_env *env, struct tcb *t, enum soft_error what);
int tcp_soft_errno(enum soft_error what);
/* Ends what got no answer for too long. */
void tcp_give_up(struct tcp_env *env, struct tcb *t);

/* Whether there is what was never sent: data, or our FIN. */
static inline bool
tcp_has_unsent(const struct tcb *t)
{
	return seq_lt(t->snd_nxt, t->snd_end + ((t->flags & TF_FIN_QUEUED) != 0));
}

/* Whether the peer has our FIN: nothing is sent any more. */
static inline bool
tcp_fin_acked(const struct tcb *t)
{
	return (t->flags & TF_FIN_QUEUED) != 0 && seq_gt(t->snd_una, t->snd_end);
}

/* ack.c: sequence number up to which the peer has our data. */
static inline uint32_t
tcp_data_acked(const struct tcb *t)
{
	return seq_min(t->snd_una, t->snd_end);
}

/*
 * The application's credit ends at snd_credited and a send buffer; SENDABLE moves that on by what
 * was acknowledged. Whether this is @p least or more; less than nothing is due to who was given
 * more than the buffer is now.
 */
static inline bool
tcp_credit_due(const struct tcb *t, uint32_t least)
{
	return (t->flags & TF_FIN_QUEUED) == 0 &&
	       seq_diff(tcp_data_acked(t), t->snd_credited) >= (int32_t)least;
}

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
/* As the SYN @p s has it; whose it is and which list it is in is the stack's to say. */
void embryo_init(const struct tcp_env *env, struct embryo *e, const struct seg *s);
/* @p terms here and below: its listener's. */
enum embryo_verdict embryo_input(
	struct tcp_env *env, const struct tcp_terms *terms, struct embryo *e, const struct seg *s);
/* What a SYN-ACK says, or the ACK that it owes. */
void embryo_reply(const struct tcp_env *env, const struct tcp_terms *terms, const struct embryo *e,
	bool syn, struct tcp_out *out);
/* The packet: the SYN-ACK if that is owed. @return NULL: no mbuf. */
struct rte_mbuf *embryo_emit(const struct tcp_env *env, const struct tcp_terms *terms,
	const struct embryo *e, const struct wire_path *path);

/* time_wait.c: TIME-WAIT as a tombstone. */
enum tombstone_verdict {
	TOMBSTONE_KEEP,
	TOMBSTONE_ACK,	   /* answer with an ACK */
	TOMBSTONE_RESTART, /* a FIN again: answer with an ACK, 2 MSL from now */
	TOMBSTONE_REUSE,   /* a new SYN: free it and let the listener have the segment */
};
void tombstone_init(const struct tcp_env *env, struct tombstone *w, const struct tcb *t);
/* Likewise, and @p t is over. */
void tcp_bury(struct tcp_env *env, struct tombstone *w, struct tcb *t);
enum tombstone_verdict tombstone_input(
	struct tcp_env *env, const struct tombstone *w, const struct seg *s);

#endif
