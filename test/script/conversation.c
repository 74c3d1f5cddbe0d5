/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conversation.c: two whole stacks talk to each other, and every segment on the way is looked at:
 * that it is the one that should be there, and what both ends make of it.
 */
#include "script.h"
#include "suites.h"

#define J 1000 /* the client's initial sequence number */
#define K 5000 /* the server's */

#define REQUEST "GET me the oar, please"
#define REPLY	"here is the pin that holds it"
#define REQ_LEN ((uint32_t)sizeof(REQUEST) - 1)
#define REP_LEN ((uint32_t)sizeof(REPLY) - 1)
#define M	(J + 1 + REQ_LEN) /* the client's FIN */
#define N	(K + 1 + REP_LEN) /* the server's */

static struct script *client, *server;

static void
mss_536(struct thole_stack_config *c)
{
	c->tcp.mss = 536;
}

static void
start_both(void)
{
	server = script_this();
	START(.state = TCP_LISTEN);
	client = script_new("script_peer");
	script_on(client);
	START(.state = TCP_CLOSED, .mirror = true, .core = 1, .tune = mss_536);
	PORT(OUR_PORT);
}

static void
states(enum tcp_state of_client, enum tcp_state of_server)
{
	script_on(client);
	script_state(of_client);
	script_on(server);
	script_state(of_server);
}
#define STATES(c, s)	  (AT(), states((c), (s)))
#define CLIENT()	  script_on(client)
#define SERVER()	  script_on(server)
#define TO_SERVER(f, ...) PASS(client, server, f, __VA_ARGS__)
#define TO_CLIENT(f, ...) PASS(server, client, f, __VA_ARGS__)

static void
quiet(void)
{
	script_on(client);
	script_silence();
	script_on(server);
	script_silence();
}
#define QUIET() (AT(), quiet())

static void
both_after(uint64_t ns)
{
	script_on(server);
	script_after(ns);
	script_on(client);
	script_after(ns);
}

static void
open_both(void)
{
	start_both();
	CONNECT();
	TO_SERVER(SYN, .seq = J, .mss = 536);
	STATES(TCP_SYN_SENT, TCP_SYN_RECEIVED);
	TO_CLIENT(SYN | ACK, .seq = K, .ack = J + 1, .mss = 1460);
	STATES(TCP_ESTABLISHED, TCP_SYN_RECEIVED);
	TO_SERVER(ACK, .seq = J + 1, .ack = K + 1);
	STATES(TCP_ESTABLISHED, TCP_ESTABLISHED);
	QUIET();
	CLIENT();
	EVENT(CONNECTED);
	SERVER();
	EVENT(ACCEPTED);
}

SCRIPT(whole)
{
	open_both();

	CLIENT();
	SEND_TEXT(REQUEST);
	TO_SERVER(PSH | ACK, .seq = J + 1, .ack = K + 1, .len = REQ_LEN, .text = REQUEST);
	QUIET();
	SERVER();
	EVENT(DATA, .text = REQUEST);
	RECEIVED(REQ_LEN);
	/* The reply carries the request's ACK. */
	SEND_TEXT(REPLY);
	TO_CLIENT(PSH | ACK, .seq = K + 1, .ack = M, .len = REP_LEN, .text = REPLY);
	QUIET();
	CLIENT();
	EVENT(DATA, .text = REPLY);
	RECEIVED(REP_LEN);
	both_after(39 * TIME_MS);
	QUIET();
	both_after(2 * TIME_MS);
	TO_SERVER(ACK, .seq = M, .ack = N);
	QUIET();

	CLIENT();
	CLOSE();
	TO_SERVER(FIN | ACK, .seq = M, .ack = N);
	STATES(TCP_FIN_WAIT_1, TCP_CLOSE_WAIT);
	TO_CLIENT(ACK, .seq = N, .ack = M + 1);
	STATES(TCP_FIN_WAIT_2, TCP_CLOSE_WAIT);
	QUIET();
	SERVER();
	EVENT(PEER_CLOSED);
	CLOSE();
	TO_CLIENT(FIN | ACK, .seq = N, .ack = M + 1);
	STATES(TCP_TIME_WAIT, TCP_LAST_ACK);
	TO_SERVER(ACK, .seq = M + 1, .ack = N + 1);
	STATES(TCP_TIME_WAIT, TCP_CLOSED);
	QUIET();
	CLIENT();
	EVENT(CLOSED);
	/* No segment more than these. */
	STAT(tx_tcp_segs, 6);
	STAT(rx_tcp_segs, 4);
	STAT(retransmits, 0);
	SERVER();
	EVENT(CLOSED);
	STAT(tx_tcp_segs, 4);
	STAT(rx_tcp_segs, 6);
	STAT(retransmits, 0);
	both_after(61 * TIME_S);
	STATES(TCP_CLOSED, TCP_CLOSED);
	QUIET();
}

/* Each direction has its own MSS: that which the receiver named. */
SCRIPT(different_mss)
{
	open_both();
	SERVER();
	SEND(1072);
	TO_CLIENT(ACK, .seq = K + 1, .ack = J + 1, .len = 536);
	CLIENT();
	TO_CLIENT(PSH | ACK, .seq = K + 537, .ack = J + 1, .len = 536);
	TO_SERVER(ACK, .seq = J + 1, .ack = K + 1073);
	CLIENT();
	EVENT(DATA, .bytes = 1072, .of_stack = true);
	SEND(2920);
	TO_SERVER(ACK, .seq = J + 1, .ack = K + 1073, .len = 1460);
	TO_SERVER(PSH | ACK, .seq = J + 1461, .ack = K + 1073, .len = 1460);
	TO_CLIENT(ACK, .seq = K + 1073, .ack = J + 2921);
	SERVER();
	EVENT(DATA, .bytes = 2920, .of_stack = true);
	QUIET();
}

/* The same close with the roles exchanged. */
SCRIPT(server_closes_first)
{
	open_both();
	SERVER();
	CLOSE();
	TO_CLIENT(FIN | ACK, .seq = K + 1, .ack = J + 1);
	STATES(TCP_CLOSE_WAIT, TCP_FIN_WAIT_1);
	CLIENT();
	EVENT(PEER_CLOSED);
	TO_SERVER(ACK, .seq = J + 1, .ack = K + 2);
	STATES(TCP_CLOSE_WAIT, TCP_FIN_WAIT_2);
	CLIENT();
	CLOSE();
	TO_SERVER(FIN | ACK, .seq = J + 1, .ack = K + 2);
	STATES(TCP_LAST_ACK, TCP_TIME_WAIT);
	TO_CLIENT(ACK, .seq = K + 2, .ack = J + 2);
	STATES(TCP_CLOSED, TCP_TIME_WAIT);
	QUIET();
	CLIENT();
	EVENT(CLOSED);
	SERVER();
	EVENT(CLOSED);
}

static const struct test_case cases[] = {
	{ "a whole conversation", whole },
	{ "an MSS for each direction", different_mss },
	{ "the server closes first", server_closes_first },
	{ NULL, NULL },
};
const struct test_suite suite_conversation = { "conversation", cases };
