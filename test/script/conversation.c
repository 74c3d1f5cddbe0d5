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

#define WINDOW 2144

static struct script *client, *server;

static void
mss_536(struct thole_stack_config *c)
{
	c->tcp.mss = 536;
}

static void
small_window(struct thole_stack_config *c)
{
	c->tcp.rcvbuf_bytes = WINDOW;
	c->tcp.mss = 536;
}

static void
start_both(void (*of_server)(struct thole_stack_config *),
	void (*of_client)(struct thole_stack_config *))
{
	server = script_this();
	START(.state = TCP_LISTEN, .tune = of_server);
	client = script_new("script_peer");
	script_on(client);
	START(.state = TCP_CLOSED, .mirror = true, .core = 1, .tune = of_client);
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
shake_hands(int32_t mss_of_client, int32_t mss_of_server)
{
	CONNECT();
	TO_SERVER(SYN, .seq = J, .mss = mss_of_client);
	STATES(TCP_SYN_SENT, TCP_SYN_RECEIVED);
	TO_CLIENT(SYN | ACK, .seq = K, .ack = J + 1, .mss = mss_of_server);
	STATES(TCP_ESTABLISHED, TCP_SYN_RECEIVED);
	TO_SERVER(ACK, .seq = J + 1, .ack = K + 1);
	STATES(TCP_ESTABLISHED, TCP_ESTABLISHED);
	QUIET();
	CLIENT();
	EVENT(CONNECTED);
	SERVER();
	EVENT(ACCEPTED);
}

static void
open_both(void)
{
	start_both(NULL, mss_536);
	shake_hands(536, 1460);
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

/* From one to the other, whose window it fills, and who says so. */
static void
fill(struct script *from, struct script *to, uint32_t seq, uint32_t ack)
{
	for (uint32_t end = seq + 536; end <= seq + WINDOW; end += 536) {
		script_on(from);
		SEND(536);
		PASS(from, to, PSH | ACK, .seq = end - 536, .ack = ack, .len = 536);
		if ((end - seq) % 1072 == 0)
			PASS(to, from, ACK, .seq = ack, .ack = end,
				.wnd = WINDOW - (int32_t)(end - seq));
	}
}

/*
 * Neither reads, and both have more to send: each probes the other's window. When one reads the
 * other hears of it, though an own probe of the first was dropped (3.8.6.1, 3.10.7.4).
 */
SCRIPT(both_windows_close)
{
	const uint32_t m = J + 1 + WINDOW, n = K + 1 + WINDOW;

	start_both(small_window, small_window);
	shake_hands(536, 536);
	fill(client, server, J + 1, K + 1);
	fill(server, client, K + 1, m);
	CLIENT();
	SEND(10);
	SERVER();
	SEND(10);
	both_after(150 * TIME_MS);
	QUIET();
	SERVER();
	script_in(50 * TIME_MS, 10 * TIME_MS);
	TO_CLIENT(ACK, .seq = n, .ack = m, .len = 1, .wnd = 0);
	TO_SERVER(ACK, .seq = m, .ack = n, .wnd = 0);
	CLIENT();
	script_in(50 * TIME_MS, 10 * TIME_MS);
	TO_SERVER(ACK, .seq = m, .ack = n, .len = 1, .wnd = 0);
	TO_CLIENT(ACK, .seq = n, .ack = m, .wnd = 0);
	QUIET();

	SERVER();
	EVENT(DATA, .bytes = WINDOW, .of_stack = true);
	RECEIVED(WINDOW);
	TO_CLIENT(ACK, .seq = n, .ack = m, .wnd = WINDOW);
	TO_SERVER(PSH | ACK, .seq = m, .ack = n, .len = 10, .wnd = 0);
	CLIENT();
	EVENT(DATA, .bytes = WINDOW, .of_stack = true);
	RECEIVED(WINDOW);
	TO_SERVER(ACK, .seq = m + 10, .ack = n, .wnd = WINDOW);
	TO_CLIENT(PSH | ACK, .seq = n, .ack = m + 10, .len = 10);
	CLIENT();
	EVENT(DATA, .bytes = 10, .of_stack = true);
	SERVER();
	EVENT(DATA, .bytes = 10, .of_stack = true);
	STAT(probes, 1);
	CLIENT();
	STAT(probes, 1);
	both_after(30 * TIME_MS);
	QUIET();
	CLIENT();
	script_in(10 * TIME_MS, TIME_MS);
	TO_SERVER(ACK, .seq = m + 10, .ack = n + 10);
	QUIET();
}

static const struct test_case cases[] = {
	{ "a whole conversation", whole },
	{ "an MSS for each direction", different_mss },
	{ "the server closes first", server_closes_first },
	{ "both windows close", both_windows_close },
	{ NULL, NULL },
};
const struct test_suite suite_conversation = { "conversation", cases };
