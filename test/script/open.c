/* SPDX-License-Identifier: BSD-3-Clause */
/* open.c: opening, beyond the figures: MSS, lost SYNs, text in the handshake, giving up. */
#include "script.h"
#include "suites.h"

SCRIPT(mss_of_the_peer)
{
	START(.state = TCP_ESTABLISHED, .mss = 1000);
	SEND(2000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(PSH | ACK, .seq = 1100, .ack = 300, .len = 1000);
}

/* RFC 9293, 3.7.1 (MUST-15): 536 is assumed of a peer that says nothing. */
SCRIPT(mss_absent_passive)
{
	START(.state = TCP_ESTABLISHED, .mss = NO_MSS);
	SEND(1072);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 536);
	EXPECT(PSH | ACK, .seq = 636, .ack = 300, .len = 536);
}

SCRIPT(mss_absent_active)
{
	START(.state = TCP_ESTABLISHED, .active = true, .mss = NO_MSS);
	SEND(1072);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 536);
	EXPECT(PSH | ACK, .seq = 636, .ack = 300, .len = 536);
}

SCRIPT(mss_larger_than_ours)
{
	START(.state = TCP_ESTABLISHED, .mss = 8960);
	SEND(2920);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1460);
	EXPECT(PSH | ACK, .seq = 1560, .ack = 300, .len = 1460);
}

static void
mtu_1000(struct thole_stack_config *c)
{
	c->mtu = 1000;
}

SCRIPT(mss_of_the_mtu)
{
	START(.state = TCP_CLOSED, .tune = mtu_1000);
	CONNECT();
	EXPECT(SYN, .seq = 100, .mss = 960);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(CONNECTED);
	SEND(960);
	EXPECT(PSH | ACK, .seq = 101, .ack = 301, .len = 960);
}

/* An option that we don't know, NOPs, and the MSS after them (RFC 9293, 3.1: MUST-5, MUST-6). */
SCRIPT(mss_after_unknown_options)
{
	START(.state = TCP_LISTEN);
	PEER(SYN, .seq = 299, .opts = "\xfd\x06ohne\x01\x01\x02\x04\x02\x00", .nb_opts = 12);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	SEND(1024);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 512);
	EXPECT(PSH | ACK, .seq = 612, .ack = 300, .len = 512);
}

/* Window scale, SACK and timestamps offered to us: we don't know them yet and don't answer them. */
SCRIPT(options_not_taken_up)
{
	START(.state = TCP_LISTEN);
	PEER(SYN, .seq = 299,
		.opts = "\x02\x04\x05\xb4\x04\x02\x08\x0a\x00\x00\x00\x01\x00\x00\x00\x00\x01\x03"
			"\x03\x07",
		.nb_opts = 20);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
}

/* RFC 6298, 2 and 5.5: after 1 s, doubling; RFC 9293, 3.8.3: for 3 minutes at least. */
SCRIPT(syn_lost_for_good)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	for (int s = 1; s <= 64; s *= 2) {
		IN_S(s);
		EXPECT(SYN, .seq = 100);
		STATE(TCP_SYN_SENT);
	}
	AFTER_S(52); /* 179 s */
	STATE(TCP_SYN_SENT);
	NO_EVENT();
	AFTER_S(2);
	SILENCE();
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STATE(TCP_CLOSED);
	STAT(retransmits, 7);
	STAT(failed_active, 1);
}

static void
syn_give_up_5s(struct thole_stack_config *c)
{
	c->tcp.syn_give_up_ns = 5 * TIME_S;
}

SCRIPT(syn_give_up_is_configurable)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101, .tune = syn_give_up_5s);
	IN_S(1);
	EXPECT(SYN, .seq = 100);
	IN_S(2);
	EXPECT(SYN, .seq = 100);
	AFTER_MS(1990);
	STATE(TCP_SYN_SENT);
	AFTER_MS(20);
	EVENT(CLOSED, .status = -ETIMEDOUT);
	STATE(TCP_CLOSED);
}

/* RFC 6298, 5.7: a SYN that was lost makes the first RTO 3 s; RFC 5681, 3.1: and one segment of
 * cwnd. */
SCRIPT(syn_lost_once)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101, .rcv_nxt = 301);
	IN_S(1);
	EXPECT(SYN, .seq = 100);
	AFTER_MS(100);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(CONNECTED);
	SEND(2920);
	EXPECT(ACK, .seq = 101, .ack = 301, .len = 1460);
	SILENCE();
	IN_S(3);
	EXPECT(ACK, .seq = 101, .ack = 301, .len = 1460);
}

SCRIPT(refused)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	PEER(RST | ACK, .seq = 0, .ack = 101);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNREFUSED);
	STAT(failed_active, 1);
}

SCRIPT(syn_ack_lost_peer_repeats)
{
	START(.state = TCP_SYN_RECEIVED, .snd_nxt = 100, .rcv_nxt = 300);
	AFTER_MS(500);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	STATE(TCP_SYN_RECEIVED);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	STATE(TCP_ESTABLISHED);
}

SCRIPT(syn_ack_lost_for_good)
{
	START(.state = TCP_SYN_RECEIVED, .snd_nxt = 100, .rcv_nxt = 300);
	for (int s = 1; s <= 64; s *= 2) {
		IN_S(s);
		EXPECT(SYN | ACK, .seq = 99, .ack = 300);
		STATE(TCP_SYN_RECEIVED);
	}
	AFTER_S(52);
	STATE(TCP_SYN_RECEIVED);
	AFTER_S(2);
	SILENCE();
	NO_EVENT();
	STATE(TCP_LISTEN);
	STAT(embryos, 0);
}

SCRIPT(syn_ack_repeated_times_nothing)
{
	START(.state = TCP_SYN_RECEIVED, .snd_nxt = 100, .rcv_nxt = 300);
	IN_S(1);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	AFTER_MS(10);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_S(3);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
}

SCRIPT(text_with_the_last_ack)
{
	START(.state = TCP_SYN_RECEIVED, .snd_nxt = 100, .rcv_nxt = 300);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 20);
	STATE(TCP_ESTABLISHED);
	EVENT(ACCEPTED);
	READ(20);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 320);
}

SCRIPT(last_ack_lost_text_comes)
{
	START(.state = TCP_SYN_RECEIVED, .snd_nxt = 100, .rcv_nxt = 300);
	PEER(PSH | ACK, .seq = 310, .ack = 100, .len = 10);
	STATE(TCP_ESTABLISHED);
	EXPECT(ACK, .seq = 100, .ack = 300);
	EVENT(ACCEPTED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 320);
	READ(20);
}

/* 3.10.7.2: text with a SYN may be kept; we let the peer send it again. */
SCRIPT(text_with_a_syn)
{
	START(.state = TCP_LISTEN);
	PEER(SYN, .seq = 299, .len = 10);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	EVENT(ACCEPTED);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
}

SCRIPT(text_with_a_syn_ack)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	PEER(SYN | ACK, .seq = 300, .ack = 101, .len = 10);
	STATE(TCP_ESTABLISHED);
	/* One ACK for both: the text is no reason for another. */
	EXPECT(ACK, .seq = 101, .ack = 311);
	EVENT(CONNECTED);
	EVENT(DATA, .bytes = 10);
	AFTER_S(1);
	SILENCE();
}

SCRIPT(fin_with_a_syn_ack)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(CONNECTED);
	PEER(FIN | ACK, .seq = 301, .ack = 101);
	STATE(TCP_CLOSE_WAIT);
	EXPECT(ACK, .seq = 101, .ack = 302);
	EVENT(PEER_CLOSED);
}

SCRIPT(send_before_established)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	SEND(10);
	SILENCE();
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EXPECT(PSH | ACK, .seq = 101, .ack = 301, .len = 10);
	EVENT(CONNECTED);
}

SCRIPT(shutdown_before_established)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	SHUTDOWN();
	SILENCE();
	STATE(TCP_SYN_SENT);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EXPECT(FIN | ACK, .seq = 101, .ack = 301);
	STATE(TCP_FIN_WAIT_1);
	EVENT(CONNECTED);
}

/* 3.10.4: the TCB is deleted, and nothing said. */
SCRIPT(close_in_syn_sent)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	CLOSE();
	SILENCE();
	STATE(TCP_CLOSED);
	EVENT(CLOSED);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EXPECT(RST, .seq = 101);
}

/* 3.10.4: SYN-RECEIVED goes to FIN-WAIT-1 once its SYN is acknowledged. */
SCRIPT(close_in_simultaneous_open)
{
	START(.state = TCP_SYN_RECEIVED, .active = true, .snd_nxt = 101, .rcv_nxt = 301);
	SHUTDOWN();
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EXPECT(FIN | ACK, .seq = 101, .ack = 301);
	STATE(TCP_FIN_WAIT_1);
	EVENT(CONNECTED);
}

SCRIPT(simultaneous_open_syn_ack_lost)
{
	START(.state = TCP_SYN_RECEIVED, .active = true, .snd_nxt = 101, .rcv_nxt = 301);
	IN_S(1);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	IN_S(2);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	PEER(ACK, .seq = 301, .ack = 101);
	STATE(TCP_ESTABLISHED);
	EVENT(CONNECTED);
}

/* The handshake's last ACK was lost: the peer repeats its SYN-ACK and gets it again (RFC 5961, 4).
 */
SCRIPT(syn_ack_again_when_established)
{
	START(.state = TCP_ESTABLISHED, .active = true);
	PEER(SYN | ACK, .seq = 299, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 300);
	STATE(TCP_ESTABLISHED);
}

static const struct test_case cases[] = {
	{ "the peer's MSS is kept to", mss_of_the_peer },
	{ "no MSS option: 536, passive open", mss_absent_passive },
	{ "no MSS option: 536, active open", mss_absent_active },
	{ "an MSS beyond our MTU", mss_larger_than_ours },
	{ "our MSS follows the MTU", mss_of_the_mtu },
	{ "MSS after unknown options", mss_after_unknown_options },
	{ "options that aren't taken up", options_not_taken_up },
	{ "SYN lost for good: back-off, -ETIMEDOUT", syn_lost_for_good },
	{ "R2 for SYN is configurable", syn_give_up_is_configurable },
	{ "SYN lost once: RTO 3 s, cwnd 1", syn_lost_once },
	{ "refused", refused },
	{ "SYN-ACK lost, the peer repeats", syn_ack_lost_peer_repeats },
	{ "SYN-ACK lost for good", syn_ack_lost_for_good },
	{ "Karn: a repeated SYN-ACK times nothing", syn_ack_repeated_times_nothing },
	{ "text with the handshake's ACK", text_with_the_last_ack },
	{ "handshake's ACK lost, text comes", last_ack_lost_text_comes },
	{ "text with a SYN", text_with_a_syn },
	{ "text with a SYN-ACK", text_with_a_syn_ack },
	{ "FIN right after SYN-ACK", fin_with_a_syn_ack },
	{ "SEND before established", send_before_established },
	{ "SHUTDOWN before established", shutdown_before_established },
	{ "CLOSE in SYN-SENT", close_in_syn_sent },
	{ "SHUTDOWN in a simultaneous open", close_in_simultaneous_open },
	{ "simultaneous open, SYN-ACK lost", simultaneous_open_syn_ack_lost },
	{ "SYN-ACK again when established", syn_ack_again_when_established },
	{ NULL, NULL },
};
const struct test_suite suite_open = { "open", cases };
