/* SPDX-License-Identifier: BSD-3-Clause */
/* icmp.c: echo, and errors in and out (RFC 792; RFC 1122, 3.2.2; RFC 9293, 3.9.2.2; RFC 5927). */
#include "burst.h"
#include "suites.h"

#define ICMP_PROTO 1
#define UDP_PROTO  17

static uint32_t
echo_build(uint8_t *frame, uint8_t type, uint32_t bytes)
{
	struct frame_path path = script_path();
	uint8_t icmp[FRAME_MAX] = { type, 0, 0, 0, 0x12, 0x34, 0, 7 };

	for (uint32_t i = 0; i < bytes; i++)
		icmp[8 + i] = (uint8_t)(i * 3);
	put16(icmp + 2, frame_csum(icmp, 8 + bytes, 0));
	return frame_ip_build(frame, &path, ICMP_PROTO, icmp, 8 + bytes);
}

/* As a driver gives them: one direct mbuf of the pool, which the reply may be written into. */
static void
echo_of(uint32_t bytes)
{
	uint8_t frame[FRAME_MAX], reply[FRAME_MAX];
	uint32_t len = echo_build(frame, 8, bytes);

	script_inject_direct(frame, len);
	CHECK(script_take(reply) == len);
	CHECK(memcmp(reply, frame + 6, 6) == 0);
	CHECK(memcmp(reply + 6, frame, 6) == 0);
	CHECK(get32(reply + 26) == OUR_IP && get32(reply + 30) == PEER_IP);
	CHECK(frame_csum(reply + 14, 20, 0) == 0);
	CHECK(reply[22] == 64);
	CHECK(reply[34] == 0 && reply[35] == 0);
	CHECK(frame_csum(reply + 34, len - 34, 0) == 0);
	CHECK(memcmp(reply + 38, frame + 38, len - 38) == 0);
}

SCRIPT(echo)
{
	START(.state = TCP_CLOSED);
	echo_of(0);
	echo_of(1);
	echo_of(56);
	echo_of(1472);
	STAT(rx_icmp_pkts, 4);
}

SCRIPT(echo_with_padding)
{
	uint8_t frame[FRAME_MAX] = { 0 }, reply[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_CLOSED);
	len = echo_build(frame, 8, 4);
	memset(frame + len, 0xa5, 60 - len);
	script_inject_direct(frame, 60);
	CHECK(script_take(reply) == len);
	CHECK(frame_csum(reply + 34, len - 34, 0) == 0);
}

SCRIPT(echo_with_bad_checksum)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_CLOSED);
	len = echo_build(frame, 8, 56);
	frame[60] ^= 1;
	script_inject(frame, len);
	SILENCE();
	STAT(rx_drop_icmp, 1);
}

/* Replies that nobody asked for, and types that nobody knows. */
SCRIPT(other_types)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_CLOSED);
	for (unsigned int type = 0; type < 256; type++) {
		if (type == 8)
			continue;
		len = echo_build(frame, (uint8_t)type, 40);
		script_inject(frame, len);
		SILENCE();
	}
}

/*
 * An error about the segment that we sent with sequence number @p seq (in the script's numbers);
 * @p mtu is what the path takes, for code 4.
 */
static void
error_arrives(uint8_t code, uint32_t seq, uint32_t quote, uint16_t mtu)
{
	struct frame_path path = script_path(), ours = path;
	uint8_t frame[FRAME_MAX], icmp[256] = { 3, code }, quoted[FRAME_MAX];
	struct frame_tcp tcp = {
		.sport = OUR_PORT, .dport = PEER_PORT, .seq = script_wire_ours(seq)
	};

	ours.src_ip = path.dst_ip;
	ours.dst_ip = path.src_ip;
	frame_tcp_build(quoted, &ours, &tcp);
	memcpy(icmp + 8, quoted + 14, quote);
	put16(icmp + 6, mtu);
	put16(icmp + 2, frame_csum(icmp, 8 + quote, 0));
	script_inject(frame, frame_ip_build(frame, &path, ICMP_PROTO, icmp, 8 + quote));
}

static void
unreachable(uint8_t code, uint32_t seq, uint32_t quote)
{
	error_arrives(code, seq, quote, 0);
	SILENCE();
}

static void
too_big(uint32_t seq, uint16_t mtu)
{
	error_arrives(4, seq, 28, mtu);
}

/* Hard errors end an attempt (RFC 9293, 3.9.2.2). */
SCRIPT(port_unreachable_in_syn_sent)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	unreachable(3, 100, 28);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -ECONNREFUSED);
}

/* A deviation that we state: RFC 5461, 4.1, in place of MUST-56. */
SCRIPT(host_unreachable_in_syn_sent)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	unreachable(1, 100, 28);
	STATE(TCP_CLOSED);
	EVENT(CLOSED, .status = -EHOSTUNREACH);
}

/* RFC 5927, 4.1: what isn't about data in flight is a stranger's. */
SCRIPT(unreachable_of_another_number)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	unreachable(3, 99, 28);
	unreachable(3, 101, 28);
	unreachable(3, 100 + 0x80000000u, 28);
	STATE(TCP_SYN_SENT);
	NO_EVENT();
}

/* Soft errors don't end an established connection (MUST-56); nor do hard ones, once it is
 * established (RFC 5927, 5.2). */
SCRIPT(unreachable_when_established)
{
	START(.state = TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	for (uint8_t code = 0; code < 16; code++)
		if (code != 4)
			unreachable(code, 100, 28);
	STATE(TCP_ESTABLISHED);
	NO_EVENT();
	too_big(100, 0); /* that was no segment that any path finds too big */
	too_big(100, 68);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 110);
	AFTER_S(2);
	SILENCE();
}

/* RFC 1191, 3 and 6.3: smaller pieces, at once, of what was too big; and from then on. */
SCRIPT(fragmentation_needed)
{
	START(.state = TCP_ESTABLISHED);
	SEND(2920);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1460);
	EXPECT(PSH | ACK, .seq = 1560, .ack = 300, .len = 1460);
	too_big(100, 1040);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(ACK, .seq = 1100, .ack = 300, .len = 1000);
	EXPECT(PSH | ACK, .seq = 2100, .ack = 300, .len = 920);
	/* The same word about the second of them changes nothing, nor does a greater one. */
	too_big(1560, 1040);
	too_big(1560, 1400);
	SILENCE();
	/* A narrower link, further on. */
	too_big(1100, 840);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 800);
	EXPECT(ACK, .seq = 900, .ack = 300, .len = 800);
	EXPECT(ACK, .seq = 1700, .ack = 300, .len = 800);
	EXPECT(PSH | ACK, .seq = 2500, .ack = 300, .len = 520);
	PEER(ACK, .seq = 300, .ack = 3020);
	SEND(1600);
	EXPECT(ACK, .seq = 3020, .ack = 300, .len = 800);
	EXPECT(PSH | ACK, .seq = 3820, .ack = 300, .len = 800);
	PEER(ACK, .seq = 300, .ack = 4620);
	STAT(rto_fired, 0);
	AFTER_S(5);
	SILENCE();
}

/* It isn't lost if the pieces are: they have a timer of their own. */
SCRIPT(fragmentation_needed_and_pieces_lost)
{
	START(.state = TCP_ESTABLISHED);
	SEND(1460);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 1460);
	AFTER_MS(100);
	too_big(100, 1040);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(PSH | ACK, .seq = 1100, .ack = 300, .len = 460);
	AT();
	script_in(300 * TIME_MS, 101 * TIME_MS);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 1560);
	AFTER_S(5);
	SILENCE();
}

/* RFC 9293, 3.7.1: nobody can make us cut data to less than what every host takes. */
static void
least_pieces(uint16_t mtu)
{
	START(.state = TCP_ESTABLISHED);
	SEND(1460);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 1460);
	too_big(100, mtu);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 536);
	EXPECT(ACK, .seq = 636, .ack = 300, .len = 536);
	EXPECT(PSH | ACK, .seq = 1172, .ack = 300, .len = 388);
	PEER(ACK, .seq = 300, .ack = 1560);
}

SCRIPT(fragmentation_needed_for_68)
{
	least_pieces(68);
}

SCRIPT(fragmentation_needed_for_576)
{
	least_pieces(576);
}

/* A router older than RFC 1191 says nothing. */
SCRIPT(fragmentation_needed_for_0)
{
	least_pieces(0);
}

/* RFC 5927, 7: what quotes nothing that is in flight is forged. */
SCRIPT(fragmentation_needed_forged)
{
	START(.state = TCP_ESTABLISHED);
	too_big(100, 600); /* nothing is in flight */
	SILENCE();
	SEND(1460);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 1460);
	too_big(99, 600);
	SILENCE();
	too_big(1560, 600);
	SILENCE();
	too_big(100 + 0x80000000u, 600);
	SILENCE();
	for (uint32_t quote = 0; quote < 28; quote++) {
		error_arrives(4, 100, quote, 600);
		SILENCE();
	}
	HOST(PEER_IP + 1); /* the quotation names another connection */
	too_big(100, 600);
	SILENCE();
	HOST(PEER_IP);
	PEER(ACK, .seq = 300, .ack = 1560);
	SEND(1460);
	EXPECT(PSH | ACK, .seq = 1560, .ack = 300, .len = 1460);
	PEER(ACK, .seq = 300, .ack = 3020);
	STAT(retransmits, 0);
}

/* 7.2: when as large a segment has arrived, a word of what is too big has to wait. */
static void
large_arrived(void)
{
	SEND(1460);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 1460);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 1560);
	SEND(2920);
	EXPECT(ACK, .seq = 1560, .ack = 300, .len = 1460);
	EXPECT(PSH | ACK, .seq = 3020, .ack = 300, .len = 1460);
}

/* What it quotes arrives: it is forgotten, and no time-out later brings it back. */
SCRIPT(claim_disproved)
{
	START(.state = TCP_ESTABLISHED);
	large_arrived();
	too_big(1560, 600);
	too_big(3020, 0);
	SILENCE();
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 4480);
	SEND(1460);
	EXPECT(PSH | ACK, .seq = 4480, .ack = 300, .len = 1460);
	IN_MS(300);
	EXPECT(PSH | ACK, .seq = 4480, .ack = 300, .len = 1460);
	PEER(ACK, .seq = 300, .ack = 5940);
	STAT(rto_fired, 1);
}

/* What it quotes times out: a path that became narrower is found by a connection that lives. */
SCRIPT(claim_confirmed)
{
	START(.state = TCP_ESTABLISHED);
	large_arrived();
	too_big(1560, 1040);
	too_big(3020, 1040);
	SILENCE();
	IN_MS(300);
	EXPECT(ACK, .seq = 1560, .ack = 300, .len = 1000);
	STAT(rto_fired, 1);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 2560);
	EXPECT(ACK, .seq = 2560, .ack = 300, .len = 1000);
	EXPECT(PSH | ACK, .seq = 3560, .ack = 300, .len = 920);
	PEER(ACK, .seq = 300, .ack = 4480);
	SEND(2000);
	EXPECT(ACK, .seq = 4480, .ack = 300, .len = 1000);
	EXPECT(PSH | ACK, .seq = 5480, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 6480);
	STAT(rto_fired, 1);
}

/* So does a window probe that fills what is left of the window. */
SCRIPT(claim_confirmed_by_a_probe)
{
	START(.state = TCP_ESTABLISHED);
	large_arrived();
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 4480, .wnd = 1187);
	SEND(2920);
	SILENCE();
	IN_MS(300);
	EXPECT(ACK, .seq = 4480, .ack = 300, .len = 1187);
	too_big(4480, 1040);
	SILENCE();
	IN_MS(600);
	EXPECT(ACK, .seq = 4480, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 5480, .wnd = 5000);
	EXPECT(ACK, .seq = 5480, .ack = 300, .len = 187);
	EXPECT(ACK, .seq = 5667, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 6667);
	EXPECT(PSH | ACK, .seq = 6667, .ack = 300, .len = 733);
	PEER(ACK, .seq = 300, .ack = 7400);
	STAT(rto_fired, 0);
}

/* Of several claims the newest counts; the time-out of another segment proves none. */
SCRIPT(claim_of_another_segment)
{
	START(.state = TCP_ESTABLISHED);
	large_arrived();
	too_big(3020, 600);
	IN_MS(300);
	EXPECT(ACK, .seq = 1560, .ack = 300, .len = 1460);
	too_big(1560, 600);
	too_big(1560, 1240);
	SILENCE();
	IN_MS(600);
	EXPECT(ACK, .seq = 1560, .ack = 300, .len = 1200);
	STAT(rto_fired, 2);
	PEER(ACK, .seq = 300, .ack = 4480);
}

/* What is larger than all that arrived is judged at once: the connection sent small ones so far. */
SCRIPT(claim_after_small_ones)
{
	START(.state = TCP_ESTABLISHED);
	SEND(100);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 100);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 200);
	SEND(1460);
	EXPECT(PSH | ACK, .seq = 200, .ack = 300, .len = 1460);
	too_big(200, 1240);
	EXPECT(ACK, .seq = 200, .ack = 300, .len = 1200);
	EXPECT(PSH | ACK, .seq = 1400, .ack = 300, .len = 260);
	PEER(ACK, .seq = 300, .ack = 1660);
	STAT(rto_fired, 0);
}

/* And after a rest of an RTO, when the flight block is gone (a deviation that we state). */
SCRIPT(claim_after_a_rest)
{
	START(.state = TCP_ESTABLISHED);
	large_arrived();
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 4480);
	AFTER_S(1);
	SEND(1460);
	EXPECT(PSH | ACK, .seq = 4480, .ack = 300, .len = 1460);
	too_big(4480, 1240);
	EXPECT(ACK, .seq = 4480, .ack = 300, .len = 1200);
	EXPECT(PSH | ACK, .seq = 5680, .ack = 300, .len = 260);
	PEER(ACK, .seq = 300, .ack = 5940);
}

/* With SACK: what was SACKed was not too big; the tail loss probe doesn't prove a claim. */
SCRIPT(claim_with_sack)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .offer = SACK_OK);
	large_arrived();
	too_big(3020, 600);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 1560, SACK({ 3020, 4480 }));
	too_big(3020, 600);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 4480);
	SEND(2920);
	EXPECT(ACK, .seq = 4480, .ack = 300, .len = 1460);
	EXPECT(PSH | ACK, .seq = 5940, .ack = 300, .len = 1460);
	too_big(4480, 1240);
	too_big(5940, 1240);
	AT();
	script_in(200 * TIME_MS, 100 * TIME_MS);
	EXPECT(PSH | ACK, .seq = 5940, .ack = 300, .len = 1460); /* the probe */
	too_big(5940, 1240);
	AT();
	script_in(400 * TIME_MS, 300 * TIME_MS);
	EXPECT(ACK, .seq = 4480, .ack = 300, .len = 1200);
	STAT(rto_fired, 1);
	STAT(tail_probes, 1);
	PEER(ACK, .seq = 300, .ack = 7400);
}

static void
short_memory(struct thole_stack_config *c)
{
	c->tcp.path_mtu_ns = 300 * TIME_S;
}

/* One round trip in which @p bytes go, in segments of @p mss. */
static uint32_t
round_trip(uint32_t seq, uint32_t bytes, uint32_t mss)
{
	SEND(bytes);
	for (; bytes > mss; bytes -= mss, seq += mss)
		EXPECT(ACK, .seq = seq, .ack = 300, .len = mss);
	EXPECT(PSH | ACK, .seq = seq, .ack = 300, .len = bytes);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = seq + bytes);
	return seq + bytes;
}

/* What a path of 1100 makes of the first data, in small pieces from then on. */
static uint32_t
narrowed(void)
{
	SEND(1460);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 1460);
	too_big(100, 1100);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1060);
	EXPECT(PSH | ACK, .seq = 1160, .ack = 300, .len = 400);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 1560);
	return round_trip(1560, 2000, 1060);
}

/* RFC 1191, 6.3: ten minutes later a connection that rested tries as much as at first. */
SCRIPT(path_mtu_tried_again)
{
	uint32_t seq;

	START(.state = TCP_ESTABLISHED, .no_delay = true);
	seq = narrowed();
	AFTER_S(590);
	seq = round_trip(seq, 2000, 1060);
	AFTER_S(10);
	SEND(2920); /* the first was cut before the path was looked at */
	EXPECT(ACK, .seq = seq, .ack = 300, .len = 1060);
	EXPECT(ACK, .seq = seq + 1060, .ack = 300, .len = 1460);
	EXPECT(PSH | ACK, .seq = seq + 2520, .ack = 300, .len = 400);
	/* It is as narrow as before: at once smaller again, and for as long. */
	too_big(seq + 1060, 1100);
	EXPECT(ACK, .seq = seq + 1060, .ack = 300, .len = 1060);
	EXPECT(ACK, .seq = seq + 2120, .ack = 300, .len = 400);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = seq + 2920);
	seq = round_trip(seq + 2920, 2000, 1060);
	AFTER_S(590);
	round_trip(seq, 2000, 1060);
	STAT(rto_fired, 0);
}

/* Configured shorter; and one that never rests for an RTO. */
SCRIPT(path_mtu_tried_again_without_rest)
{
	uint32_t seq;

	START(.state = TCP_ESTABLISHED, .no_delay = true, .tune = short_memory);
	seq = narrowed();
	for (int i = 0; i < 1495; i++) {
		AFTER_MS(100);
		seq = round_trip(seq, 2000, 1060);
	}
	AFTER_MS(100);
	for (int i = 0; i < 5; i++) {
		SEND(2000);
		seq += 2000;
		script_drain();
		AFTER_MS(100);
		PEER(ACK, .seq = 300, .ack = seq);
		AFTER_MS(100);
	}
	seq = round_trip(seq, 4000, 1460);
	CHECK(script_tcb()->mss_cut == 0);
	STAT(rto_fired, 0);
	script_drop_events();
}

static void
unforgotten(struct thole_stack_config *c)
{
	c->tcp.path_mtu_ns = THOLE_NEVER;
}

SCRIPT(path_mtu_for_good)
{
	uint32_t seq;

	START(.state = TCP_ESTABLISHED, .no_delay = true, .tune = unforgotten);
	seq = narrowed();
	AFTER_S(7000);
	round_trip(seq, 2000, 1060);
}

/* 6.2: another connection with the same host knows it; one with another host doesn't. */
SCRIPT(path_mtu_is_shared)
{
	START(.state = TCP_ESTABLISHED, .no_delay = true);
	narrowed();
	PORT(5000);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	round_trip(100, 4000, 1060);
	HOST(PEER_IP + 1);
	PORT(5001);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	AFTER_MS(100);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	round_trip(100, 4000, 1460);
}

/* Nor is a SYN ever too big. */
SCRIPT(fragmentation_needed_in_syn_sent)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	too_big(100, 600);
	SILENCE();
	STATE(TCP_SYN_SENT);
	NO_EVENT();
}

/* Quotations that end too early. */
SCRIPT(short_quotations)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101);
	for (uint32_t quote = 0; quote < 28; quote++)
		unreachable(3, 100, quote);
	STATE(TCP_SYN_SENT);
	NO_EVENT();
}

static void
exclusive(struct thole_stack_config *c)
{
	c->exclusive = true;
}

static uint32_t
udp_build(uint8_t *frame, uint32_t bytes)
{
	struct frame_path path = script_path();
	uint8_t udp[FRAME_MAX] = { 0x30, 0x39, 0x00, 0x35 };

	put16(udp + 4, 8 + bytes);
	return frame_ip_build(frame, &path, UDP_PROTO, udp, 8 + bytes);
}

/* RFC 1122, 3.2.2.1: port unreachable, quoting the header and 8 bytes. */
SCRIPT(udp_to_us)
{
	uint8_t frame[FRAME_MAX], reply[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_CLOSED, .tune = exclusive);
	len = udp_build(frame, 30);
	script_inject(frame, len);
	CHECK(script_take(reply) == 14 + 20 + 8 + 28);
	CHECK(get32(reply + 26) == OUR_IP && get32(reply + 30) == PEER_IP);
	CHECK(reply[34] == 3 && reply[35] == 3);
	CHECK(frame_csum(reply + 14, 20, 0) == 0);
	CHECK(frame_csum(reply + 34, 36, 0) == 0);
	CHECK(memcmp(reply + 42, frame + 14, 28) == 0);
	STAT(rx_drop_proto, 1);
}

SCRIPT(udp_for_somebody_else)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_CLOSED);
	len = udp_build(frame, 30);
	CHECK(script_rejected(frame, len));
	SILENCE();
}

/* Errors are rate-limited (RFC 1812, 4.3.2.8, for hosts as well). */
SCRIPT(errors_are_limited)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len, sent = 0;

	START(.state = TCP_CLOSED, .tune = exclusive);
	for (int i = 0; i < 2000; i++) {
		len = udp_build(frame, 30);
		script_inject(frame, len);
		for (; script_pending() != 0; sent++)
			script_take(frame);
	}
	CHECK(sent >= 1 && sent <= 1000);
	STAT(tx_drop_limited, 2000 - sent);
	AFTER_S(1);
	len = udp_build(frame, 30);
	script_inject(frame, len);
	script_take(frame);
}

/* No error about an error, about a broadcast, or about what came from nobody (RFC 1122, 3.2.2). */
SCRIPT(no_error_about_a_broadcast)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_CLOSED, .tune = exclusive);
	len = udp_build(frame, 30);
	memset(frame, 0xff, 6);
	script_inject(frame, len);
	SILENCE();
}

static const struct test_case cases[] = {
	{ "echo", echo },
	{ "echo with padding", echo_with_padding },
	{ "echo with a bad checksum", echo_with_bad_checksum },
	{ "other types", other_types },
	{ "port unreachable in SYN-SENT", port_unreachable_in_syn_sent },
	{ "host unreachable in SYN-SENT", host_unreachable_in_syn_sent },
	{ "unreachable of another number", unreachable_of_another_number },
	{ "unreachable when established", unreachable_when_established },
	{ "fragmentation needed", fragmentation_needed },
	{ "fragmentation needed, and the pieces lost", fragmentation_needed_and_pieces_lost },
	{ "fragmentation needed for 68", fragmentation_needed_for_68 },
	{ "fragmentation needed for 576", fragmentation_needed_for_576 },
	{ "fragmentation needed for 0", fragmentation_needed_for_0 },
	{ "fragmentation needed, forged", fragmentation_needed_forged },
	{ "a claim disproved", claim_disproved },
	{ "a claim confirmed", claim_confirmed },
	{ "claim confirmed by a window probe", claim_confirmed_by_a_probe },
	{ "a claim of another segment", claim_of_another_segment },
	{ "a claim after small ones", claim_after_small_ones },
	{ "a claim after a rest", claim_after_a_rest },
	{ "a claim with SACK", claim_with_sack },
	{ "a path MTU is tried again", path_mtu_tried_again },
	{ "a path MTU is tried again, without a rest", path_mtu_tried_again_without_rest },
	{ "a path MTU for good", path_mtu_for_good },
	{ "a path MTU is shared", path_mtu_is_shared },
	{ "fragmentation needed in SYN-SENT", fragmentation_needed_in_syn_sent },
	{ "short quotations", short_quotations },
	{ "UDP to us", udp_to_us },
	{ "UDP for somebody else", udp_for_somebody_else },
	{ "errors are limited", errors_are_limited },
	{ "no error about a broadcast", no_error_about_a_broadcast },
	{ NULL, NULL },
};
const struct test_suite suite_icmp = { "icmp", cases };
