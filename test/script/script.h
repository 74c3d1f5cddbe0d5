/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * script.h: segment scripts. A script drives one whole stack, and plays its peer and its
 *application, in virtual time: the peer sends this, expect exactly that, then silence. It reads
 *like the ladder diagrams of RFC 9293:
 *
 *	SCRIPT(we_close_first)
 *	{
 *		START(.state = TCP_ESTABLISHED, .snd_nxt = 100, .rcv_nxt = 300);
 *		CLOSE();
 *		EXPECT(FIN | ACK, .seq = 100, .ack = 300);
 *		PEER(ACK, .seq = 300, .ack = 101);
 *		STATE(TCP_FIN_WAIT_2);
 *	}
 *
 * A script's sequence numbers are its own: the wire's are these plus an offset for each direction,
 *ours taken from the first SYN that the stack sends. Each script runs twice: once plainly, and once
 *with both directions' wire numbers about to wrap, the peer's segments in chains of two mbufs and
 *padded, and output pulled packet by packet.
 *
 * What the stack sends or tells must be asked for: any step but EXPECT fails while there is output
 *that nobody expected. A script ends with a check that all output and events were read, and that
 *every mbuf is back in the pool once the stack is gone; if no connection is left, gauges must be 0.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <errno.h>
#include <string.h>

#include <thole/app.h>
#include <thole/stack.h>

#include "../unit/test.h"
#include "frame.h"
#include "tcp/tcb.h"
#include "wire/tcp.h"

/* The macros give members defaults and let the script's own come later. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

#define FIN TCP_FIN
#define SYN TCP_SYN
#define RST TCP_RST
#define PSH TCP_PSH
#define ACK TCP_ACK
#define URG TCP_URG
#define ECE TCP_ECE
#define CWR TCP_CWR

#define PEER_PORT 4000
#define OUR_PORT  80
#define NO_MSS	  (-1)
#define DEFAULT	  (-2)

/* Options of a SYN beside the MSS. */
#define WSCALE	 0x01
#define SACK_OK	 0x02
#define TSTAMP	 0x04
#define NO_OPTS	 0x00
#define ALL_OPTS (WSCALE | SACK_OK | TSTAMP)

/* A timestamp that the engine finds, and none. */
#define TS_AUTO (-1)
#define NO_TS	(-2)

/* The IP header's ECN field (RFC 3168, 5). */
#define NOT_ECT 0
#define ECT1	1
#define ECT0	2
#define CE	3

#define OUR_IP	   0xc0000201u /* 192.0.2.1/24 */
#define PEER_IP	   0xc0000202u
#define GATEWAY_IP 0xc00002feu
#define FAR_IP	   0xc6336401u /* 198.51.100.1, off the link */

/* How a script begins. */
struct script_start {
	enum tcp_state state;
	uint32_t snd_nxt; /* SND.NXT and RCV.NXT in that state: 100, 300 */
	uint32_t rcv_nxt;
	bool active;	    /* we opened; else the peer did */
	bool half_close;    /* FINs of ours come from SHUTDOWN instead of CLOSE */
	uint32_t in_flight; /* bytes before snd_nxt sent and not acknowledged (ESTABLISHED,
			       CLOSE-WAIT) */
	int32_t wnd;	    /* the peer's window, also in later segments: 65,535 */
	int32_t mss;	    /* the peer's MSS option: 1460 or NO_MSS */
	uint32_t rtt_ms;    /* of the handshake: 100, so that the RTO is 300 ms */
	uint32_t backlog;   /* of the listener: 128 */
	bool manual_arp;    /* ARP requests are the script's to answer */
	bool no_delay;	    /* Nagle off */
	bool modern;	    /* the stack's own defaults: options, CUBIC; else NewReno, no options */
	int16_t offer;	    /* options in the peer's SYN: modern: ALL_OPTS, else NO_OPTS */
	uint8_t wscale;	    /* the peer's shift: 7 */
	bool ecn;	    /* the handshake agrees on ECN */
	bool mirror;	    /* we are 192.0.2.2 and the peer is .1 */
	uint16_t core;
	uint32_t peer_ip;
	void (*tune)(struct thole_stack_config *config);
};

/* What the peer sends. */
struct script_peer_seg {
	uint8_t flags;
	uint32_t seq;
	uint32_t ack;
	uint32_t len; /* of payload: what belongs at seq */
	int32_t wnd;  /* bytes; DEFAULT: the script's */
	int32_t mss;  /* SYN only: DEFAULT: the script's */
	uint16_t urg;
	int16_t offer;	/* SYN only: DEFAULT: the script's; with opts: what they amount to */
	int16_t wscale; /* SYN only: as it is written; DEFAULT: the script's */
	int64_t tsval;
	int64_t tsecr;
	uint8_t ecn;
	uint8_t nb_sack;
	struct sack_block sack[TCP_SACK_BLOCKS_MAX]; /* of our sequence numbers */
	const char *opts;			     /* instead of all options */
	uint8_t nb_opts;
	uint16_t to;	  /* port of ours */
	const char *text; /* payload, instead of the pattern */
	uint16_t id;	  /* IP identification; 0: as frame.c has it */
	int16_t longer; /* bytes that the frame has behind the packet; less than 0: it ends early */
	bool bad_ip_csum;
	bool bad_tcp_csum;
};

/* What we must send. Flags, seq, ack (if flagged), len, payload, options are exact. */
struct script_want_seg {
	uint8_t flags;
	uint32_t seq;
	uint32_t ack;
	uint32_t len;
	int32_t wnd;   /* bytes; DEFAULT: whatever */
	int32_t mss;   /* SYN only: DEFAULT: 1460 */
	int16_t offer; /* SYN only: DEFAULT: what is configured, and of that what the peer offers */
	int16_t wscale; /* SYN only: DEFAULT: the least that can say rcvbuf_bytes */
	int64_t tsval;	/* NO_TS, or the clock */
	int64_t tsecr;
	int8_t ecn; /* DEFAULT: ECT0 if agreed on and the data is new */
	uint8_t nb_sack;
	struct sack_block sack[TCP_SACK_BLOCKS_MAX]; /* of the peer's sequence numbers */
	bool fresh;    /* a new incarnation's SYN: seq names its sequence number from here on */
	uint16_t from; /* port of ours */
	const char *text;
};

struct script_want_event {
	enum thole_event_type type;
	int32_t status;
	uint32_t bytes;
	uint16_t op;
	uint64_t user;	  /* OPTION: the value */
	const char *text; /* DATA, instead of the pattern */
	bool of_stack;	  /* DATA: the pattern of a stack at the other end */
};

struct script_peek {
	enum tcp_state state;
	bool embryo;
	bool tombstone;
	const struct tcb *tcb;
	thole_conn conn;
};

struct script;

void script_at(const char *file, int line);
void script_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void script_run(void (*body)(void));

/* More than one stack in a script: make the other, and say which one the steps mean. */
struct script *script_new(const char *pool_name);
struct script *script_this(void);
void script_on(struct script *s);

void script_start(const struct script_start *start);
void script_peer(const struct script_peer_seg *seg);
void script_expect(const struct script_want_seg *want);
void script_silence(void);
void script_state(enum tcp_state state);
void script_after(uint64_t ns);
void script_in(uint64_t ns, uint64_t slack_ns);
void script_event(const struct script_want_event *want);
void script_no_event(void);
void script_drop_events(void);
void script_op(enum thole_op_type type, uint32_t bytes);
void script_set(enum thole_op_type type, enum thole_option option, uint64_t value);
void script_get(enum thole_option option, uint64_t value);
void script_info(struct thole_info *info);
void script_info_refused(struct thole_info *info, int status);
void script_header(uint8_t ttl, uint8_t dscp);
void script_send(uint32_t bytes, const char *text);
void script_listen(uint16_t port, uint32_t backlog, int status);
void script_manual_arp(bool manual);
void script_connect(bool early); /* early: the handle comes with OPENING */
void script_port(uint16_t port);
void script_host(uint32_t peer_ip);
void script_hold(void);
void script_release(void);
void script_stat(const char *name, size_t offset, uint64_t n);
uint64_t script_stat_get(size_t offset);
void script_stats(struct thole_stats *out);
const struct tcb *script_tcb(void);
void script_check(bool ok, const char *what);

/* Frames that aren't a connection's segments. */
struct frame_path script_path(void); /* from the peer to us */
void script_inject(const uint8_t *frame, uint32_t len);
void script_icmp(uint8_t type, uint8_t code, uint32_t seq);    /* quotes what we sent with seq */
void script_inject_direct(const uint8_t *frame, uint32_t len); /* in an mbuf of the pool */
bool script_rejected(const uint8_t *frame, uint32_t len);      /* whether rx hands it back */
unsigned int script_pending(void);			       /* frames out that weren't taken */
bool script_tcb_alive(void);
uint32_t script_take(uint8_t *frame); /* the next frame out, of at most FRAME_MAX bytes */
void script_peer_arp(uint16_t op, uint32_t sender_ip);
void script_expect_arp(uint16_t op, uint32_t target_ip);
/* The wire's numbers for a script's. */
uint32_t script_wire_ours(uint32_t seq);
uint32_t script_wire_peers(uint32_t seq);
/* And for its timestamps: the peer's. */
uint32_t script_wire_ts(uint32_t tsval);
uint32_t script_clock(void);

/* Passes the next segment of @p from, which must be as wanted, to @p to. */
void script_pass(struct script *from, struct script *to, const struct script_want_seg *want);

/* Where the product's records are looked into; the only file that knows how: peek.c. */
struct script_peek script_peek(const struct thole_stack *stack, const struct flow_key *key);

#define AT() script_at(__FILE__, __LINE__)
#define START(...)                                                                                 \
	(AT(), script_start(&(struct script_start){ .snd_nxt = 100,                                \
		       .rcv_nxt = 300,                                                             \
		       .wnd = 65535,                                                               \
		       .mss = 1460,                                                                \
		       .rtt_ms = 100,                                                              \
		       .offer = DEFAULT,                                                           \
		       .wscale = 7,                                                                \
		       .backlog = 128,                                                             \
		       __VA_ARGS__ }))
#define OPTS_DEFAULT	.offer = DEFAULT, .wscale = DEFAULT, .tsval = TS_AUTO, .tsecr = TS_AUTO
#define WANT_DEFAULT(f) .flags = (f), .wnd = DEFAULT, .mss = DEFAULT, .ecn = DEFAULT, OPTS_DEFAULT
/* Sequence numbers from, up to, of what has come. */
#define SACK(...)                                                                                  \
	.sack = { __VA_ARGS__ },                                                                   \
	.nb_sack = sizeof((struct sack_block[]){ __VA_ARGS__ }) / sizeof(struct sack_block)
#define PEER(f, ...)                                                                               \
	(AT(), script_peer(&(struct script_peer_seg){ .flags = (f),                                \
		       .wnd = DEFAULT,                                                             \
		       .mss = DEFAULT,                                                             \
		       OPTS_DEFAULT,                                                               \
		       .to = OUR_PORT,                                                             \
		       __VA_ARGS__ }))
#define EXPECT(f, ...)                                                                             \
	(AT(), script_expect(&(struct script_want_seg){ WANT_DEFAULT(f), __VA_ARGS__ }))
#define PASS(a, b, f, ...)                                                                         \
	(AT(), script_pass((a), (b), &(struct script_want_seg){ WANT_DEFAULT(f), __VA_ARGS__ }))
#define SILENCE()   (AT(), script_silence())
#define STATE(s)    (AT(), script_state(s))
#define AFTER_MS(n) (AT(), script_after((uint64_t)(n)*TIME_MS))
#define AFTER_S(n)  (AT(), script_after((uint64_t)(n)*TIME_S))
/* The next output comes in this time: not before, and not later. */
#define IN_MS(n) (AT(), script_in((uint64_t)(n)*TIME_MS, TIME_MS))
#define IN_S(n)	 (AT(), script_in((uint64_t)(n)*TIME_S, 2 * TIME_MS))
#define EVENT(t, ...)                                                                              \
	(AT(), script_event(&(struct script_want_event){ .type = THOLE_EV_##t, __VA_ARGS__ }))
#define NO_EVENT()    (AT(), script_no_event())
#define CLOSE()	      (AT(), script_op(THOLE_OP_CLOSE, 0))
#define SHUTDOWN()    (AT(), script_op(THOLE_OP_SHUTDOWN, 0))
#define ABORT()	      (AT(), script_op(THOLE_OP_ABORT, 0))
#define RECEIVED(n)   (AT(), script_op(THOLE_OP_RECEIVED, (n)))
#define UNLISTEN()    (AT(), script_op(THOLE_OP_UNLISTEN, 0))
#define NO_DELAY(on)  SET(NO_DELAY, (on))
#define SET(o, v)     (AT(), script_set(THOLE_OP_SET, THOLE_OPT_##o, (v)))
#define SET_NEW(o, v) (AT(), script_set(THOLE_OP_SET_NEW, THOLE_OPT_##o, (v)))
/* The option is set to that. */
#define GET(o, v) (AT(), script_get(THOLE_OPT_##o, (v)))
/* The IP headers of what we send have these from here on; before, what is configured. */
#define HEADER(ttl, dscp)  script_header((ttl), (dscp))
#define SEND(n)		   (AT(), script_send((n), NULL))
#define SEND_TEXT(t)	   (AT(), script_send((uint32_t)strlen(t), (t)))
#define LISTEN(p, n)	   (AT(), script_listen((p), (n), 0))
#define LISTEN_FAILS(p, e) (AT(), script_listen((p), 8, (e)))
#define PEER_ARP(o, ip)	   (AT(), script_peer_arp((o), (ip)))
#define EXPECT_ARP(o, ip)  (AT(), script_expect_arp((o), (ip)))
#define CONNECT()	   (AT(), script_connect(false))
#define CONNECT_EARLY()	   (AT(), script_connect(true))
#define READ(n)		   (EVENT(DATA, .bytes = (n)), RECEIVED(n))
/* The steps that follow are about the connection with this port of the peer's. */
#define PORT(p) (AT(), script_port(p))
/* The peer has this address from here on; connections are still told apart by its port. */
#define HOST(ip) (AT(), script_host(ip))
/* Segments in between arrive in one burst. */
#define HOLD()	      (AT(), script_hold())
#define RELEASE()     (AT(), script_release())
#define STAT(name, n) (AT(), script_stat(#name, offsetof(struct thole_stats, name), (n)))
#define CLOCK()	      script_clock()
#define CHECK(c)      (AT(), script_check((c), #c))

#define SCRIPT(name)                                                                               \
	static void name##_body(void);                                                             \
	static void name(void)                                                                     \
	{                                                                                          \
		script_run(name##_body);                                                           \
	}                                                                                          \
	static void name##_body(void)

#endif
