/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conform.c: what RFC 9293 and its companions ask for and no other file of scripts shows;
 * docs/CONFORMANCE.md names a test for each requirement.
 */
#include "script.h"
#include "suites.h"

#define ICMP_PROTO 1

/* Takes all packets out. @return how many bytes of text they carry. */
static uint32_t
take_text(void)
{
	uint8_t frame[FRAME_MAX];
	uint32_t bytes = 0;

	while (script_pending() != 0) {
		uint32_t len = script_take(frame);

		bytes += len - 34 - (uint32_t)(frame[46] >> 4) * 4;
	}
	return bytes;
}

/* 3.1 (MUST-1): a window above 32,767 is no negative one, and is used. */
SCRIPT(window_is_unsigned)
{
	uint32_t sent, acked = 0;

	START(.state = TCP_ESTABLISHED);
	SEND(200000);
	sent = take_text();
	for (int i = 0; i < 40 && sent - acked <= 40000; i++) {
		acked += 2920;
		PEER(ACK, .seq = 300, .ack = 100 + acked);
		sent += take_text();
	}
	CHECK(sent - acked > 40000);
	/* And no more than it. */
	for (int i = 0; i < 40; i++) {
		acked += 2920;
		PEER(ACK, .seq = 300, .ack = 100 + acked);
		sent += take_text();
		CHECK(sent - acked <= 65535);
		if (sent == 200000)
			break;
	}
	script_drop_events();
}

/* 3.1 (MUST-5): in text, with a FIN, in a bare ACK. An MSS there means nothing (3.2). */
SCRIPT(options_in_any_segment)
{
	START(.state = TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10, .opts = "\xfd\x04xx", .nb_opts = 4);
	READ(10);
	PEER(ACK, .seq = 310, .ack = 100, .opts = "\x02\x04\x02\x00", .nb_opts = 4);
	SEND(1460);
	EXPECT(PSH | ACK, .seq = 100, .ack = 310, .len = 1460);
	PEER(FIN | ACK, .seq = 310, .ack = 1560, .opts = "\x01\x01\xfd\x02", .nb_opts = 4);
	EXPECT(ACK, .seq = 1560, .ack = 311);
	EVENT(PEER_CLOSED);
	PEER(RST, .seq = 311, .opts = "\xfd\x04xx", .nb_opts = 4);
	EVENT(CLOSED, .status = -ECONNRESET);
}

static void
mss_512_in(const char *opts, uint8_t nb_opts)
{
	START(.state = TCP_LISTEN);
	PEER(SYN, .seq = 299, .opts = opts, .nb_opts = nb_opts);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	SEND(1024);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 512);
	EXPECT(PSH | ACK, .seq = 612, .ack = 300, .len = 512);
}

/* 3.2 (MUST-64): options needn't begin on a word boundary. */
SCRIPT(option_off_the_word)
{
	mss_512_in("\x01\x02\x04\x02\x00\x01\x01\x01", 8);
}

/* 3.1 (MUST-4, MUST-69): the list may end early; what follows its end is padding, whatever it is.
 */
SCRIPT(option_list_ends_early)
{
	mss_512_in("\x02\x04\x02\x00\x00\x02\x04\x01", 8);
}

/* 3.9.1.1 (MUST-42): a LISTEN beside a connection from that port that is being opened. */
SCRIPT(listen_beside_opening)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101, .rcv_nxt = 301);
	LISTEN(OUR_PORT, 8);
	STATE(TCP_SYN_SENT);
	PORT(5000);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PORT(PEER_PORT);
	PEER(SYN, .seq = 300);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	STATE(TCP_SYN_RECEIVED);
	PORT(5000);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	PORT(PEER_PORT);
	PEER(ACK, .seq = 301, .ack = 101);
	EVENT(CONNECTED);
	STATE(TCP_ESTABLISHED);
}

/* 3.9.1.1 (MUST-41): an OPEN that fails touches nothing that stands. */
SCRIPT(listen_in_use_changes_nothing)
{
	START(.state = TCP_ESTABLISHED);
	LISTEN_FAILS(OUR_PORT, -EADDRINUSE);
	STATE(TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 10);
	PORT(5000);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
}

/* 3.9.1.1 (MUST-46): nobody is at such an address. */
SCRIPT(connect_to_no_host)
{
	static const uint32_t hosts[] = { 0, 0x7f000001, 0xe0000001, 0xefffffff, 0xffffffff,
		OUR_IP };

	START(.state = TCP_CLOSED);
	for (unsigned int i = 0; i < RTE_DIM(hosts); i++) {
		HOST(hosts[i]);
		CONNECT();
		SILENCE();
		EVENT(CLOSED, .status = -ENETUNREACH);
	}
	STAT(conns, 0);
}

/* 3.9.2.3 (MUST-57), RFC 1122, 3.2.1.3: handed back untouched, and nothing said. */
SCRIPT(syn_to_many)
{
	static const uint32_t many[] = { 0xffffffff, OUR_IP | 0xff, OUR_IP & ~0xffu, 0xe0000001 };
	struct frame_tcp tcp = { .sport = PEER_PORT, .dport = OUR_PORT, .seq = 1, .flags = SYN };
	struct frame_path path;
	uint8_t frame[FRAME_MAX];

	START(.state = TCP_LISTEN);
	for (unsigned int i = 0; i < RTE_DIM(many); i++) {
		path = script_path();
		path.dst_ip = many[i];
		CHECK(script_rejected(frame, frame_tcp_build(frame, &path, &tcp)));
		SILENCE();
	}
	STAT(embryos, 0);
}

/* 3.8.5 (MUST-31): urgent data of any length is data, wherever the pointer points. */
SCRIPT(urgent_of_any_length)
{
	START(.state = TCP_ESTABLISHED);
	PEER(URG | ACK, .seq = 300, .ack = 100, .len = 1460, .urg = 3000);
	PEER(URG | ACK, .seq = 1760, .ack = 100, .len = 1460, .urg = 1540);
	EXPECT(ACK, .seq = 100, .ack = 3220);
	PEER(URG | ACK, .seq = 3220, .ack = 100, .len = 1460, .urg = 80);
	PEER(URG | ACK, .seq = 4680, .ack = 100, .len = 1460, .urg = 65535);
	EXPECT(ACK, .seq = 100, .ack = 6140);
	READ(5840);
	/* Without text it announces what is to come. */
	PEER(URG | ACK, .seq = 6140, .ack = 100, .urg = 10);
	SILENCE();
	NO_EVENT();
	PEER(URG | PSH | ACK, .seq = 6140, .ack = 100, .len = 10, .urg = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 6150);
}

static void
icmp_arrives(uint8_t type, uint8_t code, uint32_t seq)
{
	script_icmp(type, code, seq);
	SILENCE();
	NO_EVENT();
}

static void
soft_errors(uint32_t seq)
{
	icmp_arrives(4, 0, seq);  /* source quench */
	icmp_arrives(11, 0, seq); /* time exceeded */
	icmp_arrives(11, 1, seq);
	icmp_arrives(12, 0, seq); /* parameter problem */
	icmp_arrives(12, 1, seq);
}

/* 3.9.2.2 (MUST-55, MUST-56), RFC 6633: source quench is no news; the others end nothing. */
SCRIPT(soft_errors_end_nothing)
{
	START(.state = TCP_SYN_SENT, .snd_nxt = 101, .rcv_nxt = 301);
	soft_errors(100);
	STATE(TCP_SYN_SENT);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(CONNECTED);
	SEND(14600);
	CHECK(take_text() == 14600);
	soft_errors(101);
	STATE(TCP_ESTABLISHED);
	PEER(ACK, .seq = 301, .ack = 14701);
	SEND(29200);
	CHECK(take_text() > 14600); /* nor did cwnd shrink */
}

/* RFC 5961, 5.2 (MAY-12): SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT; else the text is dropped. */
SCRIPT(ack_bounds)
{
	START(.state = TCP_ESTABLISHED, .wnd = 1000);
	PEER(PSH | ACK, .seq = 300, .ack = 100u - 1001, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(PSH | ACK, .seq = 300, .ack = 101, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(PSH | ACK, .seq = 300, .ack = 100u + 0x80000000u, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 300);
	NO_EVENT();
	STAT(rx_drop_ack, 3);
	PEER(PSH | ACK, .seq = 300, .ack = 100u - 1000, .len = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
}

/* RFC 5961, 4.2: a SYN in a synchronized state is challenged, whatever its number. */
SCRIPT(syn_of_any_number)
{
	static const uint32_t seqs[] = { 0, 299, 300, 301, 300 + 65534, 300 + 65535, 0x80000000u };

	START(.state = TCP_ESTABLISHED);
	for (unsigned int i = 0; i < RTE_DIM(seqs); i++) {
		PEER(SYN, .seq = seqs[i]);
		EXPECT(ACK, .seq = 100, .ack = 300);
		NO_EVENT();
	}
	STATE(TCP_ESTABLISHED);
}

/*
 * 3.8.6 (SHLD-16, MAY-7): a window that shrank under what is in flight: a time-out sends again what
 * fits into it, a third duplicate ACK the whole segment.
 */
SCRIPT(shrunk_window_and_timeout)
{
	START(.state = TCP_ESTABLISHED, .wnd = 3000, .mss = 1000);
	SEND(3000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(ACK, .seq = 1100, .ack = 300, .len = 1000);
	EXPECT(PSH | ACK, .seq = 2100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 500);
	SILENCE();
	IN_MS(300);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 500);
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 3100, .wnd = 3000);
	AFTER_S(5);
	SILENCE();
	STATE(TCP_ESTABLISHED);
}

SCRIPT(shrunk_window_and_duplicates)
{
	START(.state = TCP_ESTABLISHED, .wnd = 3000, .mss = 1000);
	SEND(3000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	EXPECT(ACK, .seq = 1100, .ack = 300, .len = 1000);
	EXPECT(PSH | ACK, .seq = 2100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 500);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 500);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 500);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 500);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	SILENCE();
}

/* 3.5.2, group 1: what finds no connection is answered so that its sender believes it. */
SCRIPT(reset_numbers)
{
	START(.state = TCP_CLOSED);
	PEER(ACK, .seq = 300, .ack = 5000, .len = 10);
	EXPECT(RST, .seq = 5000);
	PEER(SYN | ACK, .seq = 300, .ack = 6000);
	EXPECT(RST, .seq = 6000);
	PEER(SYN, .seq = 300);
	EXPECT(RST | ACK, .seq = 0, .ack = 301);
	PEER(PSH, .seq = 300, .len = 10);
	EXPECT(RST | ACK, .seq = 0, .ack = 310);
	PEER(RST, .seq = 300);
	SILENCE();
}

/* RFC 5681, 4.2: what fills part of a hole is acknowledged at once. */
SCRIPT(part_of_a_hole)
{
	START(.state = TCP_ESTABLISHED);
	PEER(ACK, .seq = 340, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 310);
	PEER(ACK, .seq = 320, .ack = 100, .len = 20);
	EXPECT(ACK, .seq = 100, .ack = 310);
	PEER(ACK, .seq = 310, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 350);
	READ(50);
}

/* RFC 1122, 3.2.1.7: a datagram has come though its TTL is used up. */
SCRIPT(small_ttl)
{
	struct frame_tcp tcp = { .sport = PEER_PORT, .dport = OUR_PORT, .flags = SYN };
	struct frame_path path;
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_LISTEN);
	path = script_path();
	for (uint8_t ttl = 0; ttl < 3; ttl++) {
		tcp.sport = (uint16_t)(PEER_PORT + ttl);
		len = frame_tcp_build(frame, &path, &tcp);
		frame[22] = ttl;
		frame_fix_ip_csum(frame);
		script_inject(frame, len);
		CHECK(script_pending() == 1);
		script_take(frame);
		CHECK(frame[22] != 0);
	}
	STAT(embryos, 3);
}

/*
 * 3.6.1 (MAY-2): a SYN that opened the connection anew out of TIME-WAIT, and then proves to be of a
 * connection long gone: its peer knows nothing of it. A deviation: TIME-WAIT doesn't come back.
 */
SCRIPT(reopened_by_a_duplicate)
{
	START(.state = TCP_TIME_WAIT, .snd_nxt = 101, .rcv_nxt = 301);
	PEER(SYN, .seq = 5000);
	EXPECT(SYN | ACK, .seq = 1000, .ack = 5001, .fresh = true);
	PEER(RST, .seq = 5001);
	SILENCE();
	NO_EVENT();
	STATE(TCP_LISTEN);
	STAT(embryos, 0);
	STAT(time_wait, 0);
}

/* An error about our SYN-ACK: anybody can guess that much, and the handshake gives up by itself. */
SCRIPT(error_about_a_handshake)
{
	START(.state = TCP_SYN_RECEIVED, .snd_nxt = 100, .rcv_nxt = 300);
	icmp_arrives(3, 3, 99);
	icmp_arrives(3, 1, 99);
	STATE(TCP_SYN_RECEIVED);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
}

static void
two_addresses(struct thole_stack_config *c)
{
	static struct thole_address both[2];

	both[0] = (struct thole_address){ thole_addr_ip4(OUR_IP), 1, 24 };
	both[1] = (struct thole_address){ thole_addr_ip4(OUR_IP + 9), 1, 24 };
	c->addresses = both;
	c->nb_addresses = 2;
}

static void
to_second(struct frame_tcp tcp)
{
	struct frame_path path = script_path();
	uint8_t frame[FRAME_MAX];

	path.dst_ip = OUR_IP + 9;
	script_inject(frame, frame_tcp_build(frame, &path, &tcp));
}

/* Sends @p tcp to our second address. @return the answer, which must come from it. */
static struct frame_tcp
second_answers(struct frame_tcp tcp)
{
	struct frame_path there = script_path(), back = there;
	uint8_t frame[FRAME_MAX];
	const char *wrong;

	memcpy(back.src_mac, there.dst_mac, 6);
	memcpy(back.dst_mac, there.src_mac, 6);
	back.src_ip = OUR_IP + 9;
	back.dst_ip = there.src_ip;
	to_second(tcp);
	wrong = frame_tcp_parse(frame, script_take(frame), &back, &tcp);
	if (wrong != NULL)
		script_fail("%s", wrong);
	return tcp;
}

/* 3.9.1.1 (MUST-45): what a connection came to is what it answers from. */
SCRIPT(keeps_its_address)
{
	struct frame_tcp tcp = {
		.sport = PEER_PORT, .dport = OUR_PORT, .seq = 99, .wnd = 1000, .flags = SYN
	};
	struct frame_tcp got;

	START(.state = TCP_LISTEN, .tune = two_addresses);
	got = second_answers(tcp);
	CHECK(got.flags == (SYN | ACK) && got.ack == 100);
	tcp.seq = 100;
	tcp.ack = got.seq + 1;
	tcp.flags = FIN | ACK; /* the handshake's last, and all that comes */
	got = second_answers(tcp);
	CHECK(got.flags == ACK && got.ack == 101);
	tcp.seq = 101;
	tcp.flags = RST;
	to_second(tcp);
	SILENCE();
	script_drop_events();
}

static void
abort_when_closing(enum tcp_state state)
{
	START(.state = state, .half_close = true, .snd_nxt = 200, .rcv_nxt = 400);
	ABORT();
}

/* 3.10.5: no RST is asked for once both have said FIN; we send one while ours isn't acknowledged.
 */
SCRIPT(abort_in_last_ack)
{
	abort_when_closing(TCP_LAST_ACK);
	EXPECT(RST | ACK, .seq = 200, .ack = 400);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

SCRIPT(abort_in_closing)
{
	abort_when_closing(TCP_CLOSING);
	EXPECT(RST | ACK, .seq = 200, .ack = 400);
	EVENT(CLOSED, .status = -ECONNABORTED);
}

static const struct test_case cases[] = {
	{ "a window is unsigned", window_is_unsigned },
	{ "options in any segment", options_in_any_segment },
	{ "an option off the word boundary", option_off_the_word },
	{ "a list of options that ends early", option_list_ends_early },
	{ "LISTEN beside a connection being opened", listen_beside_opening },
	{ "LISTEN on a port in use changes nothing", listen_in_use_changes_nothing },
	{ "CONNECT to what is no host", connect_to_no_host },
	{ "SYN to a broadcast or multicast address", syn_to_many },
	{ "urgent data of any length", urgent_of_any_length },
	{ "soft ICMP errors end nothing", soft_errors_end_nothing },
	{ "bounds of SEG.ACK", ack_bounds },
	{ "SYN of any number when established", syn_of_any_number },
	{ "a shrunk window and a time-out", shrunk_window_and_timeout },
	{ "a shrunk window and duplicate ACKs", shrunk_window_and_duplicates },
	{ "the numbers of a RST to nobody's segment", reset_numbers },
	{ "part of a hole is filled", part_of_a_hole },
	{ "an ICMP error about a peer's handshake", error_about_a_handshake },
	{ "a connection keeps its address", keeps_its_address },
	{ "ABORT in LAST-ACK", abort_in_last_ack },
	{ "ABORT in CLOSING", abort_in_closing },
	{ "a TTL that is used up", small_ttl },
	{ "an old SYN in TIME-WAIT that looks new", reopened_by_a_duplicate },
	{ NULL, NULL },
};
const struct test_suite suite_conform = { "conform", cases };
