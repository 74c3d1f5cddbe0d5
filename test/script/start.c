/* SPDX-License-Identifier: BSD-3-Clause */
/* start.c: brings a stack and its connection to the state that a script begins in, by segments
 * alone. */
#include "base/siphash.h"
#include "engine.h"
#include "tcp/tcp.h"

/* In the second pass the peer's 299 is the wire's last number, and our 100 is 0. */
#define WRAP_THEIRS (UINT32_MAX - 299)
#define WRAP_OURS   (UINT32_MAX - 1)
/* And the peer's clock, which begins at 1000, wraps a quarter of a second later. */
#define WRAP_TS (UINT32_MAX - 1250)

/* The time at which the connection's initial sequence number is WRAP_OURS (RFC 6528: it is a
 * clock). */
static uint64_t
wrapping_time(void)
{
	struct flow_key key = script_key();
	struct tcp_env env = { .secret = { S->config.secret[0], S->config.secret[1] } };
	uint32_t ts_off;

	return (uint64_t)(WRAP_OURS - tcp_isn(&env, &key, &ts_off)) << 12;
}

static void
configure(const struct script_start *start)
{
	struct thole_stack_config *c = &S->config;

	thole_stack_config_init(c);
	c->pool = S->pool;
	memcpy(c->mac.addr_bytes, script_path().dst_mac, 6);
	S->address = (struct thole_address){ thole_addr_ip4(S->our_ip), 1, 24 };
	c->addresses = &S->address;
	c->nb_addresses = 1;
	c->gateway = thole_addr_ip4(GATEWAY_IP);
	c->core = (uint8_t)start->core;
	c->max_conns = 64;
	c->max_embryos = 64;
	c->max_time_wait = 64;
	c->max_listeners = 8;
	c->max_neighbours = 16;
	c->secret[0] = UINT64_C(0x0706050403020100);
	c->secret[1] = UINT64_C(0x0f0e0d0c0b0a0908);
	c->seed = 42;
	c->tcp.no_delay = start->no_delay;
	if (!start->modern) {
		c->tcp.window_scale = c->tcp.timestamps = c->tcp.sack = false;
		c->tcp.cc = THOLE_CC_NEWRENO;
		c->tcp.rcvbuf_bytes = 65535;
		c->tcp.sndbuf_bytes = 256 * 1024;
	}
	/* A port that is known beforehand, so that a script can name the other end. */
	if (!start->mirror)
		c->port_min = c->port_max = OUR_PORT;
	c->tcp.ecn = start->ecn && (start->active || start->state == TCP_SYN_SENT);
	if (start->tune != NULL)
		start->tune(c);
}

static void
create(const struct script_start *start)
{
	const char *why = NULL;
	int err;

	S->mirror = start->mirror;
	S->our_ip = start->mirror ? PEER_IP : OUR_IP;
	S->peer_ip = start->mirror ? OUR_IP : PEER_IP;
	if (start->peer_ip != 0)
		S->peer_ip = start->peer_ip;
	S->our_port = start->mirror ? 0 : OUR_PORT; /* 0: the stack will choose */
	S->port = PEER_PORT;
	S->wnd = start->wnd;
	S->mss = start->mss;
	S->offer = (uint8_t)(start->offer != DEFAULT ? start->offer
			     : start->modern	     ? ALL_OPTS
						     : NO_OPTS);
	S->wscale = start->wscale;
	S->their_ts = script_second_pass() ? WRAP_TS : 7777;
	S->manual_arp = start->manual_arp;
	S->theirs = script_second_pass() ? WRAP_THEIRS : 0;
	configure(start);
	S->now = script_second_pass() ? wrapping_time() : 1000 * TIME_S;
	S->start_ms = S->now / TIME_MS;
	script_header(S->config.tcp.ttl, S->config.tcp.dscp);
	err = thole_stack_create(&S->config, &S->stack, &why);
	if (err != 0)
		script_fail("thole_stack_create: %s, %s", strerror(-err), why != NULL ? why : "");
	err = thole_app_create(S->stack, &(struct thole_app_config){ .ring_entries = 0 }, &S->app);
	if (err != 0)
		script_fail("thole_app_create: %s", strerror(-err));
	script_turn();
}

/* Whether a connection that got to @p state has sent its FIN; received the peer's. */
static bool
fin_sent(enum tcp_state state)
{
	return state == TCP_FIN_WAIT_1 || state == TCP_FIN_WAIT_2 || state == TCP_CLOSING ||
	       state == TCP_LAST_ACK || state == TCP_TIME_WAIT;
}

static bool
fin_received(enum tcp_state state)
{
	return state == TCP_CLOSE_WAIT || state == TCP_CLOSING || state == TCP_LAST_ACK ||
	       state == TCP_TIME_WAIT;
}

static void
wait_rtt(const struct script_start *start)
{
	script_after(start->rtt_ms * TIME_MS);
}

static void
open_passive(const struct script_start *start, uint32_t iss, uint32_t irs)
{
	script_listen(OUR_PORT, start->backlog, 0);
	if (start->state == TCP_LISTEN)
		return;
	PEER(SYN | (start->ecn ? ECE | CWR : 0), .seq = irs);
	EXPECT(SYN | ACK | (start->ecn ? ECE : 0), .seq = iss, .ack = irs + 1);
	if (start->state == TCP_SYN_RECEIVED)
		return;
	wait_rtt(start);
	PEER(ACK, .seq = irs + 1, .ack = iss + 1);
	EVENT(ACCEPTED);
}

static void
open_active(const struct script_start *start, uint32_t iss, uint32_t irs)
{
	script_connect(false);
	EXPECT(SYN | (start->ecn ? ECE | CWR : 0), .seq = iss);
	if (start->state == TCP_SYN_SENT)
		return;
	if (start->state == TCP_SYN_RECEIVED) {
		PEER(SYN, .seq = irs);
		EXPECT(SYN | ACK, .seq = iss, .ack = irs + 1);
		return;
	}
	wait_rtt(start);
	PEER(SYN | ACK | (start->ecn ? ECE : 0), .seq = irs, .ack = iss + 1);
	EXPECT(ACK, .seq = iss + 1, .ack = irs + 1);
	EVENT(CONNECTED);
}

static void
send_in_flight(const struct script_start *start, uint32_t ack)
{
	uint32_t n = start->in_flight;

	if (n == 0)
		return;
	script_send(n, NULL);
	EXPECT(PSH | ACK, .seq = start->snd_nxt - n, .ack = ack, .len = n);
}

/* From ESTABLISHED with SND.NXT @p snd and RCV.NXT @p rcv on. */
static void
go_on(const struct script_start *start, uint32_t snd, uint32_t rcv)
{
	enum tcp_state state = start->state;
	enum thole_op_type close = start->half_close ? THOLE_OP_SHUTDOWN : THOLE_OP_CLOSE;

	if (state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK) {
		PEER(FIN | ACK, .seq = rcv, .ack = snd - start->in_flight);
		EXPECT(ACK, .seq = snd - start->in_flight, .ack = rcv + 1);
		EVENT(PEER_CLOSED);
		send_in_flight(start, rcv + 1);
	}
	if (state == TCP_ESTABLISHED)
		send_in_flight(start, rcv);
	if (!fin_sent(state))
		return;
	script_op(close, 0);
	if (state == TCP_LAST_ACK) {
		EXPECT(FIN | ACK, .seq = snd, .ack = rcv + 1);
		return;
	}
	EXPECT(FIN | ACK, .seq = snd, .ack = rcv);
	if (state == TCP_FIN_WAIT_2 || state == TCP_TIME_WAIT)
		PEER(ACK, .seq = rcv, .ack = snd + 1);
	if (state == TCP_CLOSING || state == TCP_TIME_WAIT) {
		PEER(FIN | ACK, .seq = rcv, .ack = state == TCP_CLOSING ? snd : snd + 1);
		EXPECT(ACK, .seq = snd + 1, .ack = rcv + 1);
		if (start->half_close)
			EVENT(PEER_CLOSED);
	}
	if (state == TCP_TIME_WAIT)
		EVENT(CLOSED);
}

void
script_start(const struct script_start *start)
{
	enum tcp_state state = start->state;
	uint32_t snd = start->snd_nxt - fin_sent(state);
	uint32_t rcv = start->rcv_nxt - fin_received(state);

	create(start);
	if (state == TCP_CLOSED)
		return;
	if (start->active || state == TCP_SYN_SENT)
		open_active(start, snd - start->in_flight - 1, rcv - 1);
	else
		open_passive(start, snd - start->in_flight - 1, rcv - 1);
	if (state != TCP_LISTEN && state != TCP_SYN_SENT && state != TCP_SYN_RECEIVED)
		go_on(start, snd, rcv);
	script_quiet("at the end of START");
	script_state(state);
}
