/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * figures.c: the ladder diagrams of RFC 9293, figures 6 to 13, with their own sequence numbers.
 * Each figure is two scripts, one for either peer of the diagram, except where one of them has
 * nothing to do.
 */
#include "script.h"
#include "suites.h"

/* Figure 6: basic three-way handshake. */
SCRIPT(figure_6_a)
{
	START(.state = TCP_CLOSED);
	CONNECT();
	EXPECT(SYN, .seq = 100);
	STATE(TCP_SYN_SENT);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	STATE(TCP_ESTABLISHED);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(CONNECTED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 101, .ack = 301, .len = 10);
	STATE(TCP_ESTABLISHED);
}

SCRIPT(figure_6_b)
{
	START(.state = TCP_LISTEN);
	PEER(SYN, .seq = 100);
	STATE(TCP_SYN_RECEIVED);
	EXPECT(SYN | ACK, .seq = 300, .ack = 101);
	PEER(ACK, .seq = 101, .ack = 301);
	STATE(TCP_ESTABLISHED);
	SILENCE();
	EVENT(ACCEPTED);
	PEER(PSH | ACK, .seq = 101, .ack = 301, .len = 10);
	STATE(TCP_ESTABLISHED);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 301, .ack = 111);
}

/* Figure 7: simultaneous connection synchronization. Peer B does as A with the roles of the
 * numbers. */
SCRIPT(figure_7_a)
{
	START(.state = TCP_CLOSED);
	CONNECT();
	EXPECT(SYN, .seq = 100);
	STATE(TCP_SYN_SENT);
	PEER(SYN, .seq = 300);
	STATE(TCP_SYN_RECEIVED);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	STATE(TCP_ESTABLISHED);
	EVENT(CONNECTED);
	SILENCE();
}

SCRIPT(figure_7_b)
{
	START(.state = TCP_CLOSED);
	CONNECT();
	EXPECT(SYN, .seq = 300);
	STATE(TCP_SYN_SENT);
	PEER(SYN, .seq = 100);
	STATE(TCP_SYN_RECEIVED);
	EXPECT(SYN | ACK, .seq = 300, .ack = 101);
	PEER(SYN | ACK, .seq = 100, .ack = 301);
	STATE(TCP_ESTABLISHED);
	EVENT(CONNECTED);
	SILENCE();
}

/* Figure 8: recovery from an old duplicate SYN. */
SCRIPT(figure_8_a)
{
	START(.state = TCP_CLOSED);
	CONNECT();
	EXPECT(SYN, .seq = 100);
	STATE(TCP_SYN_SENT);
	PEER(SYN | ACK, .seq = 300, .ack = 91);
	EXPECT(RST, .seq = 91);
	STATE(TCP_SYN_SENT);
	PEER(SYN | ACK, .seq = 400, .ack = 101);
	STATE(TCP_ESTABLISHED);
	EXPECT(ACK, .seq = 101, .ack = 401);
	EVENT(CONNECTED);
}

SCRIPT(figure_8_b)
{
	START(.state = TCP_LISTEN);
	PEER(SYN, .seq = 90);
	STATE(TCP_SYN_RECEIVED);
	EXPECT(SYN | ACK, .seq = 300, .ack = 91);
	PEER(RST, .seq = 91);
	STATE(TCP_LISTEN);
	SILENCE();
	PEER(SYN, .seq = 100);
	STATE(TCP_SYN_RECEIVED);
	EXPECT(SYN | ACK, .seq = 400, .ack = 101, .fresh = true);
	PEER(ACK, .seq = 101, .ack = 401);
	STATE(TCP_ESTABLISHED);
	EVENT(ACCEPTED);
	SILENCE();
}

/* Figure 9: half-open connection discovery. */
SCRIPT(figure_9_a)
{
	START(.state = TCP_CLOSED);
	CONNECT();
	EXPECT(SYN, .seq = 400);
	STATE(TCP_SYN_SENT);
	PEER(ACK, .seq = 300, .ack = 100);
	STATE(TCP_SYN_SENT);
	EXPECT(RST, .seq = 100);
	IN_S(1);
	EXPECT(SYN, .seq = 400);
	STATE(TCP_SYN_SENT);
}

SCRIPT(figure_9_b)
{
	START(.state = TCP_ESTABLISHED, .snd_nxt = 300, .rcv_nxt = 100);
	PEER(SYN, .seq = 400);
	EXPECT(ACK, .seq = 300, .ack = 100);
	STATE(TCP_ESTABLISHED);
	PEER(RST, .seq = 100);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNRESET);
	PEER(SYN, .seq = 400);
	EXPECT(SYN | ACK, .seq = 700, .ack = 401, .fresh = true);
	STATE(TCP_SYN_RECEIVED);
}

/* Figure 10: the active side causes discovery of a half-open connection. */
SCRIPT(figure_10_a)
{
	START(.state = TCP_CLOSED);
	PEER(ACK, .seq = 300, .ack = 100, .len = 10);
	EXPECT(RST, .seq = 100);
	STATE(TCP_CLOSED);
}

SCRIPT(figure_10_b)
{
	START(.state = TCP_ESTABLISHED, .snd_nxt = 300, .rcv_nxt = 100);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	PEER(RST, .seq = 100);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNRESET);
	SILENCE();
}

/* Figure 11: an old duplicate SYN initiates a reset on two passive sockets. Z is 90, X 300. */
SCRIPT(figure_11_a)
{
	START(.state = TCP_LISTEN);
	PEER(SYN | ACK, .seq = 300, .ack = 91);
	EXPECT(RST, .seq = 91);
	STATE(TCP_LISTEN);
}

SCRIPT(figure_11_b)
{
	START(.state = TCP_LISTEN);
	PEER(SYN, .seq = 90);
	STATE(TCP_SYN_RECEIVED);
	EXPECT(SYN | ACK, .seq = 300, .ack = 91);
	PEER(RST, .seq = 91);
	STATE(TCP_LISTEN);
	SILENCE();
	NO_EVENT();
}

/* Figure 12: normal close. */
SCRIPT(figure_12_a)
{
	START(.state = TCP_ESTABLISHED, .snd_nxt = 100, .rcv_nxt = 300);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	STATE(TCP_FIN_WAIT_1);
	PEER(ACK, .seq = 300, .ack = 101);
	STATE(TCP_FIN_WAIT_2);
	PEER(FIN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	STATE(TCP_TIME_WAIT);
	EVENT(CLOSED);
	AFTER_S(59);
	STATE(TCP_TIME_WAIT);
	AFTER_S(2);
	STATE(TCP_CLOSED);
	SILENCE();
}

SCRIPT(figure_12_b)
{
	START(.state = TCP_ESTABLISHED, .snd_nxt = 300, .rcv_nxt = 100);
	PEER(FIN | ACK, .seq = 100, .ack = 300);
	EXPECT(ACK, .seq = 300, .ack = 101);
	STATE(TCP_CLOSE_WAIT);
	EVENT(PEER_CLOSED);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 300, .ack = 101);
	STATE(TCP_LAST_ACK);
	PEER(ACK, .seq = 101, .ack = 301);
	STATE(TCP_CLOSED);
	EVENT(CLOSED);
	SILENCE();
}

/* Figure 13: simultaneous close, either peer. */
SCRIPT(figure_13_a)
{
	START(.state = TCP_ESTABLISHED, .snd_nxt = 100, .rcv_nxt = 300);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 300);
	STATE(TCP_FIN_WAIT_1);
	PEER(FIN | ACK, .seq = 300, .ack = 100);
	EXPECT(ACK, .seq = 101, .ack = 301);
	STATE(TCP_CLOSING);
	PEER(ACK, .seq = 301, .ack = 101);
	STATE(TCP_TIME_WAIT);
	EVENT(CLOSED);
	AFTER_S(59);
	STATE(TCP_TIME_WAIT);
	AFTER_S(2);
	STATE(TCP_CLOSED);
	SILENCE();
}

SCRIPT(figure_13_b)
{
	START(.state = TCP_ESTABLISHED, .snd_nxt = 300, .rcv_nxt = 100);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 300, .ack = 100);
	STATE(TCP_FIN_WAIT_1);
	PEER(FIN | ACK, .seq = 100, .ack = 300);
	EXPECT(ACK, .seq = 301, .ack = 101);
	STATE(TCP_CLOSING);
	PEER(ACK, .seq = 101, .ack = 301);
	STATE(TCP_TIME_WAIT);
	EVENT(CLOSED);
	AFTER_S(61);
	STATE(TCP_CLOSED);
	SILENCE();
}

static const struct test_case cases[] = {
	{ "figure 6, peer A: three-way handshake", figure_6_a },
	{ "figure 6, peer B", figure_6_b },
	{ "figure 7, peer A: simultaneous open", figure_7_a },
	{ "figure 7, peer B", figure_7_b },
	{ "figure 8, peer A: old duplicate SYN", figure_8_a },
	{ "figure 8, peer B", figure_8_b },
	{ "figure 9, peer A: half-open connection", figure_9_a },
	{ "figure 9, peer B", figure_9_b },
	{ "figure 10, peer A: data to nobody", figure_10_a },
	{ "figure 10, peer B", figure_10_b },
	{ "figure 11, peer A: SYN-ACK to a listener", figure_11_a },
	{ "figure 11, peer B", figure_11_b },
	{ "figure 12, peer A: normal close", figure_12_a },
	{ "figure 12, peer B", figure_12_b },
	{ "figure 13, peer A: simultaneous close", figure_13_a },
	{ "figure 13, peer B", figure_13_b },
	{ NULL, NULL },
};
const struct test_suite suite_figures = { "figures", cases };
