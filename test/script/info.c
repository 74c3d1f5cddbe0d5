/* SPDX-License-Identifier: BSD-3-Clause */
/* info.c: what INFO tells of a connection (RFC 9293, 3.9.1: STATUS), value by value. */
#include "script.h"
#include "suites.h"

#define MSS	   1448
#define NOT_GIVEN  UINT32_MAX
#define RCV_FIRST  262144 /* of a window that has grown from its SYN's */
#define RCV_SYN	   65536  /* 65,535, rounded up to the scale's unit */
#define SND_BUFFER (4 << 20)

static struct thole_info I;

#define IS(what, n) script_check(I.what == (n), #what " == " #n)

static void
look(const char *state)
{
	script_info(&I);
	script_check(strcmp(thole_state_name((enum thole_state)I.state), state) == 0, state);
	script_check(I.local.port == OUR_PORT && I.remote.port == PEER_PORT, "ports");
	script_check(I.local.addr.b[15] == (OUR_IP & 0xff), "local");
	script_check(I.remote.addr.b[15] == (PEER_IP & 0xff), "remote");
}
#define LOOK(state) (AT(), look(state))

static void
counting(struct thole_stack_config *c)
{
	c->counters = true;
}

static void
nothing_counted(void)
{
	const uint8_t *p = (const uint8_t *)&I + offsetof(struct thole_info, counters);

	for (size_t i = 0; i < sizeof(I) - offsetof(struct thole_info, counters); i++)
		script_check(p[i] == 0, "nothing is counted");
}

SCRIPT(established)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	LOOK("ESTABLISHED");
	IS(options, THOLE_INFO_TIMESTAMPS | THOLE_INFO_SACK | THOLE_INFO_WSCALE);
	IS(recovery, THOLE_RECOVERY_NONE);
	IS(cc, THOLE_CC_CUBIC);
	IS(snd_wscale, 7);
	IS(rcv_wscale, 7);
	IS(backoff, 0);
	IS(probes, 0);
	IS(snd_mss, MSS);
	IS(rcv_mss, 536);
	IS(advmss, 1460);
	IS(pmtu, 1500);
	IS(srtt_ns, 100 * TIME_MS);
	IS(rttvar_ns, 50 * TIME_MS);
	IS(rto_ns, 300 * TIME_MS);
	IS(min_rtt_ns, 0);
	IS(delayed_ack_ns, 0);
	IS(pacing_bytes_per_s, 0);
	IS(cwnd_bytes, 10 * MSS);
	IS(ssthresh_bytes, NOT_GIVEN);
	IS(snd_wnd_bytes, 65408); /* 65,535, rounded down to the peer's unit */
	IS(rcv_wnd_bytes, RCV_SYN);
	IS(rcv_buf_bytes, RCV_FIRST);
	IS(snd_buf_bytes, SND_BUFFER);
	IS(unacked_bytes, 0);
	IS(notsent_bytes, 0);
	IS(unread_bytes, 0);
	IS(ahead_bytes, 0);
	IS(unacked_segs, 0);
	IS(retrans_segs, 0);
	nothing_counted();
}

/* What is on the way, SACKed, lost, again. */
SCRIPT(recovery)
{
	START(.state = TCP_ESTABLISHED, .modern = true);
	SEND(20 * MSS);
	for (uint32_t i = 0; i < 10; i++)
		EXPECT(ACK, .seq = 100 + i * MSS, .ack = 300, .len = MSS);
	LOOK("ESTABLISHED");
	IS(unacked_bytes, 10 * MSS);
	IS(notsent_bytes, 10 * MSS);
	IS(unacked_segs, 10);
	IS(sacked_segs, 0);
	AFTER_MS(100);
	/* The first three are lost. */
	PEER(ACK, .seq = 300, .ack = 100, SACK({ 100 + 3 * MSS, 100 + 10 * MSS }));
	LOOK("ESTABLISHED");
	IS(recovery, THOLE_RECOVERY_FAST);
	IS(sacked_segs, 7);
	CHECK(I.lost_segs + I.retrans_segs == 3);
	IS(min_rtt_ns, 100 * TIME_MS);
	IS(reordering_ns, 0); /* without reordering, none in recovery (RFC 8985, 6.2) */
	CHECK(I.ssthresh_bytes == 10 * MSS * 7 / 10);
	for (uint32_t i = 0; i < 3; i++)
		EXPECT(ACK, .seq = 100 + i * MSS, .ack = 300, .len = MSS);
	for (uint32_t i = 10; script_pending() != 0; i++)
		EXPECT(ACK, .seq = 100 + i * MSS, .ack = 300, .len = MSS);
	LOOK("ESTABLISHED");
	IS(lost_segs, 0);
	IS(retrans_segs, 3);
}

SCRIPT(timeout)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	IN_MS(300);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	LOOK("ESTABLISHED");
	IS(options, 0);
	IS(snd_wscale, 0);
	IS(rcv_wscale, 0);
	IS(snd_mss, 1460);
	IS(recovery, THOLE_RECOVERY_RTO);
	IS(backoff, 1);
	IS(rto_ns, 600 * TIME_MS);
	IS(cwnd_bytes, 1460);
	IS(retrans_segs, 1);
	IS(rcv_buf_bytes, 65535);
}

static void
alive(struct thole_stack_config *c)
{
	c->tcp.keepalive = true;
	c->tcp.keepalive_ns = 10 * TIME_S;
	c->tcp.keepalive_interval_ns = TIME_S;
}

SCRIPT(probes)
{
	START(.state = TCP_ESTABLISHED, .tune = alive);
	IN_S(10);
	EXPECT(ACK, .seq = 99, .ack = 300);
	IN_S(1);
	EXPECT(ACK, .seq = 99, .ack = 300);
	LOOK("ESTABLISHED");
	IS(probes, 2);
	IS(backoff, 0);
	PEER(ACK, .seq = 300, .ack = 100);
	LOOK("ESTABLISHED");
	IS(probes, 0);
}

SCRIPT(receiving)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 1000);
	LOOK("ESTABLISHED");
	IS(unread_bytes, 1000);
	IS(rcv_mss, 1000);
	IS(delayed_ack_ns, 40 * TIME_MS);
	IS(rcv_wnd_bytes, 64535);
	AFTER_MS(10);
	LOOK("ESTABLISHED");
	IS(delayed_ack_ns, 30 * TIME_MS);
	PEER(PSH | ACK, .seq = 2300, .ack = 100, .len = 500);
	EXPECT(ACK, .seq = 100, .ack = 1300);
	PEER(PSH | ACK, .seq = 3300, .ack = 100, .len = 50);
	EXPECT(ACK, .seq = 100, .ack = 1300);
	LOOK("ESTABLISHED");
	IS(ahead_bytes, 550);
	IS(delayed_ack_ns, 0);
	EVENT(DATA, .bytes = 1000);
	LOOK("ESTABLISHED");
	IS(unread_bytes, 1000);
	RECEIVED(1000);
	LOOK("ESTABLISHED");
	IS(unread_bytes, 0);
}

/* Every state that has a handle; after CLOSE, too, until CLOSED is read. */
SCRIPT(states_of_who_opens)
{
	START(.state = TCP_CLOSED);
	CONNECT_EARLY();
	EXPECT(SYN, .seq = 99);
	EVENT(OPENING);
	LOOK("SYN-SENT");
	IS(unacked_bytes, 0);
	IS(unacked_segs, 1);
	IS(rto_ns, TIME_S);
	IS(snd_wnd_bytes, 0);
	SEND(10);
	LOOK("SYN-SENT");
	IS(notsent_bytes, 10);
	IN_S(1);
	EXPECT(SYN, .seq = 99);
	LOOK("SYN-SENT");
	IS(retrans_segs, 1);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	LOOK("SYN-RECEIVED");
	PEER(ACK, .seq = 300, .ack = 100);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	EVENT(CONNECTED);
	SHUTDOWN();
	EXPECT(FIN | ACK, .seq = 110, .ack = 300);
	LOOK("FIN-WAIT-1");
	IS(unacked_bytes, 10);
	IS(unacked_segs, 2);
	PEER(FIN | ACK, .seq = 300, .ack = 110);
	EXPECT(ACK, .seq = 111, .ack = 301);
	EVENT(PEER_CLOSED);
	LOOK("CLOSING");
	IS(unacked_bytes, 0);
	PEER(ACK, .seq = 301, .ack = 111);
	LOOK("TIME-WAIT");
	CLOSE();
	LOOK("CLOSED");
	EVENT(CLOSED);
	script_info_refused(&I, -EBADF);
}

SCRIPT(states_of_who_listens)
{
	START(.state = TCP_ESTABLISHED);
	PEER(FIN | ACK, .seq = 300, .ack = 100);
	EXPECT(ACK, .seq = 100, .ack = 301);
	EVENT(PEER_CLOSED);
	LOOK("CLOSE-WAIT");
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100, .ack = 301);
	LOOK("LAST-ACK");
	IS(unacked_segs, 1);
	IS(unacked_bytes, 0);
	PEER(RST | ACK, .seq = 301, .ack = 101);
	LOOK("CLOSED");
	IS(unacked_segs, 0);
	EVENT(CLOSED);
}

SCRIPT(fin_wait_2)
{
	START(.state = TCP_FIN_WAIT_2);
	LOOK("FIN-WAIT-2");
	IS(unacked_segs, 0);
}

static void
data(uint32_t seq, uint32_t len)
{
	EXPECT(PSH | ACK, .seq = seq, .ack = 300, .len = len);
}

/* What was sent, came, went again, was heard twice; and when. */
SCRIPT(counters)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .tune = counting);
	AFTER_MS(50);
	SET(COUNTERS, 1);
	GET(COUNTERS, 1);
	LOOK("ESTABLISHED");
	IS(counters, true);
	IS(segs_in, 0);
	IS(segs_out, 0);
	CHECK(I.since_ns != 0);
	SEND(500);
	data(100, 500);
	LOOK("ESTABLISHED");
	CHECK(I.last_data_sent_ns == I.since_ns);
	IS(segs_out, 1);
	IS(data_segs_out, 1);
	IS(bytes_sent, 500);
	IS(bytes_acked, 0);
	IS(busy_ns, 0);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 600);
	LOOK("ESTABLISHED");
	IS(bytes_acked, 500);
	IS(segs_in, 1);
	IS(data_segs_in, 0);
	IS(delivered_segs, 1);
	IS(delivery_bytes_per_s, 5000);
	IS(delivery_app_limited, true);
	IS(busy_ns, 100 * TIME_MS);
	IS(sndbuf_limited_ns, 0);
	IS(rwnd_limited_ns, 0);
	CHECK(I.last_ack_received_ns == I.since_ns + 100 * TIME_MS);
	IS(last_data_received_ns, 0);
	AFTER_MS(7);
	PEER(PSH | ACK, .seq = 300, .ack = 600, .len = 40);
	PEER(PSH | ACK, .seq = 400, .ack = 600, .len = 60); /* ahead of a hole */
	EXPECT(ACK, .seq = 600, .ack = 340, SACK({ 400, 460 }));
	PEER(PSH | ACK, .seq = 340, .ack = 600, .len = 60);
	EXPECT(ACK, .seq = 600, .ack = 460);
	PEER(PSH | ACK, .seq = 300, .ack = 600, .len = 40); /* again */
	EXPECT(ACK, .seq = 600, .ack = 460, SACK({ 300, 340 }));
	LOOK("ESTABLISHED");
	IS(segs_in, 5);
	IS(data_segs_in, 4);
	IS(bytes_received, 160);
	IS(ooo_segs_in, 1);
	IS(segs_out, 4);
	IS(data_segs_out, 1);
	IS(busy_ns, 100 * TIME_MS);
	CHECK(I.last_data_received_ns == I.since_ns + 107 * TIME_MS);
	READ(160);
	SEND(100);
	EXPECT(PSH | ACK, .seq = 600, .ack = 460, .len = 100);
	AFTER_MS(199);
	CHECK(script_pending() == 0);
	SHUTDOWN();
	EXPECT(FIN | ACK, .seq = 700, .ack = 460);
	PEER(FIN | ACK, .seq = 460, .ack = 701);
	EXPECT(ACK, .seq = 701, .ack = 461);
	EVENT(PEER_CLOSED);
	LOOK("TIME-WAIT");
	IS(bytes_acked, 600);
	IS(bytes_received, 160);
	IS(bytes_sent, 600);
	IS(bytes_retrans, 0);
	IS(retransmits, 0);
	IS(delivered_segs, 3);
	IS(busy_ns, 299 * TIME_MS);
	SET(COUNTERS, 0);
	LOOK("TIME-WAIT");
	nothing_counted();
}

/* From the handshake on: a listener's, and what is lost. */
SCRIPT(counters_of_losses)
{
	START(.state = TCP_CLOSED, .tune = counting);
	SET_NEW(COUNTERS, 1);
	LISTEN(OUR_PORT, 8);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	AFTER_MS(100);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	EVENT(ACCEPTED);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
	LOOK("ESTABLISHED");
	IS(segs_in, 1);
	IS(bytes_received, 10);
	IS(bytes_acked, 0);
	IS(segs_out, 1);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 310, .len = 10);
	IN_MS(300);
	EXPECT(PSH | ACK, .seq = 100, .ack = 310, .len = 10);
	IN_MS(600);
	EXPECT(PSH | ACK, .seq = 100, .ack = 310, .len = 10);
	LOOK("ESTABLISHED");
	IS(rto_fired, 2);
	IS(rto_recoveries, 1);
	IS(rto_recovery_ns / TIME_MS, 600);
	IS(retransmits, 2);
	IS(bytes_sent, 30);
	IS(bytes_retrans, 20);
	IS(bytes_acked, 0);
	AFTER_MS(50);
	PEER(ACK, .seq = 310, .ack = 110, .wnd = 0);
	SEND(10);
	AFTER_MS(100);
	LOOK("ESTABLISHED");
	IS(rto_recoveries, 1);
	IS(rto_recovery_ns / TIME_MS, 650);
	IS(sndbuf_limited_ns, 0);
	IS(rwnd_limited_ns, 100 * TIME_MS);
	IS(bytes_acked, 10);
	IS(delivered_segs, 1);
	ABORT();
	EXPECT(RST | ACK, .seq = 110, .ack = 310);
	AFTER_S(1);
	LOOK("CLOSED");
	IS(rwnd_limited_ns, 100 * TIME_MS); /* and not until today */
	IS(notsent_bytes, 0);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

/* What acknowledges the last bytes along with the FIN ends the connection, and counts. */
SCRIPT(counters_of_the_last_ack)
{
	START(.state = TCP_CLOSE_WAIT, .modern = true, .tune = counting);
	SET(COUNTERS, 1);
	SEND(2 * MSS);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = MSS);
	EXPECT(PSH | ACK, .seq = 100 + MSS, .ack = 300, .len = MSS);
	SHUTDOWN();
	EXPECT(FIN | ACK, .seq = 100 + 2 * MSS, .ack = 300);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 101 + 2 * MSS);
	LOOK("CLOSED");
	IS(bytes_acked, 2 * MSS);
	IS(delivered_segs, 3);
	IS(delivery_bytes_per_s, 20 * MSS);
	IS(busy_ns, 100 * TIME_MS);
	EVENT(CLOSED);
}

/* So does what a reset answers: text for nobody. But nothing that it didn't acknowledge. */
SCRIPT(counters_of_text_for_nobody)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .tune = counting);
	SET(COUNTERS, 1);
	SEND(2 * MSS);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = MSS);
	EXPECT(PSH | ACK, .seq = 100 + MSS, .ack = 300, .len = MSS);
	CLOSE();
	EXPECT(FIN | ACK, .seq = 100 + 2 * MSS, .ack = 300);
	PEER(PSH | ACK, .seq = 300, .ack = 100 + MSS, .len = 10);
	EXPECT(RST | ACK, .seq = 101 + 2 * MSS, .ack = 300);
	LOOK("CLOSED");
	IS(bytes_acked, MSS);
	IS(delivered_segs, 1);
	EVENT(CLOSED, .status = -ECONNRESET);
}

/* Recoveries, and that the peer had it all. */
SCRIPT(counters_of_recoveries)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .tune = counting);
	SET(COUNTERS, 1);
	SEND(10 * MSS);
	for (uint32_t i = 0; i < 10; i++)
		EXPECT(i == 9 ? PSH | ACK : ACK, .seq = 100 + i * MSS, .ack = 300, .len = MSS);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 100, SACK({ 100 + 1 * MSS, 100 + 10 * MSS }));
	EXPECT(ACK, .seq = 100, .ack = 300, .len = MSS);
	LOOK("ESTABLISHED");
	IS(fast_recoveries, 1);
	IS(retransmits, 1);
	IS(bytes_retrans, MSS);
	IS(delivered_segs, 9);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 100 + 10 * MSS);
	PEER(ACK, .seq = 300, .ack = 100 + 10 * MSS, SACK({ 100, 100 + MSS }));
	LOOK("ESTABLISHED");
	IS(delivered_segs, 10);
	IS(bytes_acked, 10 * MSS);
	IS(dsack_dups, 1);
	IS(delivered_ce_segs, 0);
}

/* Who could send more, had it more, and who can't for its buffer is full of what is on the way. */
SCRIPT(counters_of_limits)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .tune = counting);
	SET(COUNTERS, 1);
	SEND(12 * MSS);
	for (uint32_t i = 0; i < 10; i++)
		EXPECT(ACK, .seq = 100 + i * MSS, .ack = 300, .len = MSS);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 100 + 10 * MSS);
	EXPECT(ACK, .seq = 100 + 10 * MSS, .ack = 300, .len = MSS);
	EXPECT(PSH | ACK, .seq = 100 + 11 * MSS, .ack = 300, .len = MSS);
	LOOK("ESTABLISHED");
	IS(delivery_bytes_per_s, 100 * MSS);
	IS(delivery_app_limited, false);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 100 + 12 * MSS);
	LOOK("ESTABLISHED");
	IS(delivery_app_limited, true);
	IS(sndbuf_limited_ns, 0);
	IS(rto_recoveries, 0);
}

static void
counting_small_buffer(struct thole_stack_config *c)
{
	c->counters = true;
	c->tcp.sndbuf_bytes = 4 * MSS;
}

SCRIPT(counters_of_a_full_buffer)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .tune = counting_small_buffer);
	SET(COUNTERS, 1);
	SEND(3 * MSS);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = MSS);
	EXPECT(ACK, .seq = 100 + MSS, .ack = 300, .len = MSS);
	EXPECT(PSH | ACK, .seq = 100 + 2 * MSS, .ack = 300, .len = MSS);
	AFTER_MS(20); /* a segment's worth is left */
	LOOK("ESTABLISHED");
	IS(sndbuf_limited_ns, 0);
	SEND(MSS);
	EXPECT(PSH | ACK, .seq = 100 + 3 * MSS, .ack = 300, .len = MSS);
	AFTER_MS(30);
	LOOK("ESTABLISHED");
	IS(sndbuf_limited_ns, 30 * TIME_MS);
	IS(busy_ns, 50 * TIME_MS);
	AFTER_MS(50);
	PEER(ACK, .seq = 300, .ack = 100 + 3 * MSS);
	EVENT(SENDABLE, .bytes = 3 * MSS);
	AFTER_MS(5);
	LOOK("ESTABLISHED");
	IS(sndbuf_limited_ns, 80 * TIME_MS);
	IS(rwnd_limited_ns, 0);
}

SCRIPT(counters_of_reordering)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .tune = counting);
	SET(COUNTERS, 1);
	SEND(5 * MSS);
	for (uint32_t i = 0; i < 5; i++)
		EXPECT(i == 4 ? PSH | ACK : ACK, .seq = 100 + i * MSS, .ack = 300, .len = MSS);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 100, SACK({ 100 + MSS, 100 + 2 * MSS }));
	AFTER_MS(10);
	LOOK("ESTABLISHED");
	IS(reorderings, 0);
	PEER(ACK, .seq = 300, .ack = 100 + 2 * MSS);
	PEER(ACK, .seq = 300, .ack = 100 + 5 * MSS);
	LOOK("ESTABLISHED");
	IS(reorderings, 1);
	IS(delivered_segs, 5);
}

/* Full segments alone are measured, by the first echo of a timestamp. */
SCRIPT(counters_of_the_receiver)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .tune = counting);
	SET(COUNTERS, 1);
	AFTER_MS(200);
	PEER(ACK, .seq = 300, .ack = 100, .len = 10, .tsecr = CLOCK() - 150);
	LOOK("ESTABLISHED");
	IS(rcv_rtt_ns, 0);
	PEER(ACK, .seq = 310, .ack = 100, .len = MSS, .tsecr = CLOCK() - 80);
	LOOK("ESTABLISHED");
	IS(rcv_rtt_ns, 80 * TIME_MS);
	AFTER_MS(10);
	PEER(ACK, .seq = 310 + MSS, .ack = 100, .len = MSS, .tsecr = CLOCK() - 90);
	LOOK("ESTABLISHED");
	IS(rcv_rtt_ns, 80 * TIME_MS);
	EXPECT(ACK, .seq = 100, .ack = 310 + 2 * MSS);
	PEER(ACK, .seq = 310 + 2 * MSS, .ack = 100, .len = MSS, .tsecr = CLOCK() - 40);
	LOOK("ESTABLISHED");
	IS(rcv_rtt_ns, 75 * TIME_MS);
	READ(10 + 3 * MSS);
}

SCRIPT(counters_of_ecn)
{
	START(.state = TCP_ESTABLISHED, .ecn = true, .tune = counting);
	SET(COUNTERS, 1);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10, .ecn = ECT0);
	PEER(TCP_ECE | ACK, .seq = 300, .ack = 110);
	LOOK("ESTABLISHED");
	IS(options, THOLE_INFO_ECN);
	IS(delivered_ce_segs, 1);
	IS(recovery, THOLE_RECOVERY_CWR);
}

SCRIPT(refused)
{
	START(.state = TCP_ESTABLISHED);
	AT();
	script_set(THOLE_OP_SET, THOLE_OPT_COUNTERS, 1);
	EVENT(REFUSED, .op = THOLE_OP_SET, .status = -EOPNOTSUPP);
	SET(COUNTERS, 0);
	GET(COUNTERS, 0);
	script_info_refused(NULL, -EINVAL);
}

static const struct test_case cases[] = {
	{ "established", established },
	{ "in a recovery", recovery },
	{ "after a timeout", timeout },
	{ "keep-alive's probes", probes },
	{ "receiving", receiving },
	{ "states of who opens", states_of_who_opens },
	{ "states of who listens", states_of_who_listens },
	{ "FIN-WAIT-2", fin_wait_2 },
	{ "counters", counters },
	{ "counters of losses", counters_of_losses },
	{ "counters of the last ACK", counters_of_the_last_ack },
	{ "counters of text for nobody", counters_of_text_for_nobody },
	{ "counters of recoveries", counters_of_recoveries },
	{ "counters of limits", counters_of_limits },
	{ "counters of a full buffer", counters_of_a_full_buffer },
	{ "counters of reordering", counters_of_reordering },
	{ "counters of the receiver", counters_of_the_receiver },
	{ "counters and ECN", counters_of_ecn },
	{ "what is refused", refused },
	{ NULL, NULL },
};
const struct test_suite suite_info = { "info", cases };
