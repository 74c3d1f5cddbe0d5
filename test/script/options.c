/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.c: which options the two SYNs agree on, how they are laid out, and what each then does to
 * the segments after (RFC 7323, 2 and 3; RFC 2018, 2; RFC 9293, 3.7.1). The engine checks every
 * option of every segment of ours byte for byte, in the order of SYNs on the Internet: MSS,
 * SACK-permitted, timestamps, NOP, window scale.
 */
#include "script.h"
#include "suites.h"

#define FULL_TS 1448 /* 1460 less the timestamps' 12 bytes */

/* A full segment says which options took room. */
static void
one_full(uint8_t both)
{
	uint32_t full = (both & TSTAMP) != 0 ? FULL_TS : 1460;

	SEND(full + 1);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = full);
	PEER(ACK, .seq = 300, .ack = 100 + full);
	EXPECT(PSH | ACK, .seq = 100 + full, .ack = 300, .len = 1);
	PEER(ACK, .seq = 300, .ack = 101 + full);
	/* A segment ahead shows whether we report it. */
	PEER(ACK, .seq = 400, .ack = 101 + full, .len = 10);
	if ((both & SACK_OK) != 0)
		EXPECT(ACK, .seq = 101 + full, .ack = 300, SACK({ 400, 410 }));
	else
		EXPECT(ACK, .seq = 101 + full, .ack = 300);
}

/* RFC 7323, 2.2, 3.2, RFC 2018, 2: an option is used if both SYNs have it, and else not at all. */
SCRIPT(peer_offers_each)
{
	for (uint16_t offer = NO_OPTS; offer <= ALL_OPTS; offer++) {
		if (offer == NO_OPTS)
			START(.state = TCP_LISTEN, .modern = true);
		PORT((uint16_t)(PEER_PORT + offer));
		PEER(SYN, .seq = 299, .offer = (int16_t)offer);
		EXPECT(SYN | ACK, .seq = 99, .ack = 300);
		AFTER_MS(100);
		PEER(ACK, .seq = 300, .ack = 100);
		EVENT(ACCEPTED);
		one_full((uint8_t)offer);
	}
}

static uint8_t ours;

static void
configure_ours(struct thole_stack_config *c)
{
	c->tcp.window_scale = (ours & WSCALE) != 0;
	c->tcp.sack = (ours & SACK_OK) != 0;
	c->tcp.timestamps = (ours & TSTAMP) != 0;
}

static void
we_offer(uint8_t offer, uint8_t peer)
{
	ours = offer;
	START(.state = TCP_ESTABLISHED, .active = true, .modern = true, .offer = peer,
		.tune = configure_ours);
	one_full(offer & peer);
}

/* The other direction: what the peer's SYN-ACK leaves of what we offered. */
SCRIPT(answer_has_none)
{
	we_offer(ALL_OPTS, NO_OPTS);
}

SCRIPT(answer_has_wscale)
{
	we_offer(ALL_OPTS, WSCALE);
}

SCRIPT(answer_has_sack)
{
	we_offer(ALL_OPTS, SACK_OK);
}

SCRIPT(answer_has_timestamps)
{
	we_offer(ALL_OPTS, TSTAMP);
}

SCRIPT(answer_has_all)
{
	we_offer(ALL_OPTS, ALL_OPTS);
}

/* An answer may have what nobody asked for: it means nothing (RFC 7323, 2.2: "MUST NOT" use). */
SCRIPT(answer_has_more_than_none)
{
	we_offer(NO_OPTS, ALL_OPTS);
}

SCRIPT(answer_has_more_than_wscale)
{
	we_offer(WSCALE, ALL_OPTS);
}

SCRIPT(answer_has_more_than_sack)
{
	we_offer(SACK_OK, ALL_OPTS);
}

SCRIPT(answer_has_more_than_timestamps)
{
	we_offer(TSTAMP, ALL_OPTS);
}

/* As bytes, once, independent of the engine's own idea of it. */
SCRIPT(layout)
{
	static const uint8_t syn[] = { 2, 4, 0x05, 0xb4, 4, 2, 8, 10 };
	static const uint8_t tail[] = { 0, 0, 0, 0, 1, 3, 3, 7 };
	uint8_t frame[FRAME_MAX];

	START(.state = TCP_CLOSED, .modern = true);
	CONNECT();
	CHECK(script_take(frame) == 14 + 20 + 40);
	CHECK(memcmp(frame + 54, syn, sizeof(syn)) == 0);
	CHECK(memcmp(frame + 66, tail, sizeof(tail)) == 0); /* TSecr of a SYN is 0 */
	CLOSE();
	EVENT(CLOSED);
}

/* RFC 7323, 2.3: a shift above 14 is taken as 14. */
SCRIPT(shift_15)
{
	START(.state = TCP_LISTEN, .modern = true);
	PEER(SYN, .seq = 299, .wscale = 15, .wnd = 65535);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 1 << 14);
	EVENT(ACCEPTED);
	CHECK(script_tcb()->snd_wscale == 14);
	CHECK(script_tcb()->snd_wnd == 1 << 14);
}

SCRIPT(shift_255)
{
	START(.state = TCP_LISTEN, .modern = true);
	PEER(SYN, .seq = 299, .wscale = 255);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 3 << 14);
	EVENT(ACCEPTED);
	CHECK(script_tcb()->snd_wnd == 3 << 14);
}

/* RFC 7323, 2.2: a shift of 0 is an offer: ours is used. */
SCRIPT(shift_0)
{
	START(.state = TCP_LISTEN, .modern = true, .wscale = 0, .wnd = 40000);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300, .wnd = 65535);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	PEER(ACK, .seq = 300, .ack = 100, .len = 1000);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 1300, .wnd = (262144 - 1000) / 128 * 128);
	CHECK(script_tcb()->snd_wnd == 40000);
	READ(1000);
}

/* RFC 7323, 2.2: the window of a SYN, SYN-ACK isn't scaled; every other's is, on both sides. */
SCRIPT(syn_windows_are_unscaled)
{
	START(.state = TCP_LISTEN, .modern = true, .wnd = 1460, .wscale = 10);
	PEER(SYN, .seq = 299, .wnd = 3000);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300, .wnd = 65535);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 4096);
	EVENT(ACCEPTED);
	CHECK(script_tcb()->snd_wnd == 4096);
}

SCRIPT(syn_ack_window_is_unscaled)
{
	START(.state = TCP_SYN_SENT, .modern = true, .snd_nxt = 100, .wscale = 10);
	AFTER_MS(100);
	PEER(SYN | ACK, .seq = 299, .ack = 100, .wnd = 2000);
	EXPECT(ACK, .seq = 100, .ack = 300, .wnd = 262144);
	EVENT(CONNECTED);
	CHECK(script_tcb()->snd_wnd == 2000);
	SEND(5000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = FULL_TS);
	SILENCE(); /* 552 are left, and wouldn't fill a segment */
	PEER(ACK, .seq = 300, .ack = 100 + FULL_TS, .wnd = 10240);
	EXPECT(ACK, .seq = 100 + FULL_TS, .ack = 300, .len = FULL_TS);
	EXPECT(ACK, .seq = 100 + 2 * FULL_TS, .ack = 300, .len = FULL_TS);
	SILENCE(); /* Nagle */
}

/* A scaled window above 64 KiB is used to its end: what cwnd lets through adds up to all of it. */
SCRIPT(a_large_window)
{
	uint32_t sent = 0, acked = 0, wnd = 100 * 1024, most = 0;
	uint8_t frame[FRAME_MAX];

	START(.state = TCP_ESTABLISHED, .modern = true, .wnd = (int32_t)wnd);
	SEND(400000);
	while (acked < 300000) {
		while (script_pending() != 0) {
			uint32_t len = script_take(frame);

			sent += len - 34 - (uint32_t)(frame[46] >> 4) * 4;
		}
		CHECK(sent - acked <= wnd);
		most = RTE_MAX(most, sent - acked);
		acked += RTE_MIN(2u * FULL_TS, sent - acked);
		PEER(ACK, .seq = 300, .ack = 100 + acked, .tsecr = CLOCK());
	}
	CHECK(most > wnd - FULL_TS);
	while (script_pending() != 0)
		script_take(frame);
	script_drop_events();
}

/* RFC 9293, 3.7.1 (MUST-16), RFC 6691: the peer's MSS counts no options; a segment's length does.
 */
SCRIPT(mss_less_options)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .mss = 1000);
	SEND(2000);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 988);
	EXPECT(ACK, .seq = 1088, .ack = 300, .len = 988);
	PEER(ACK, .seq = 300, .ack = 2076);
	EXPECT(PSH | ACK, .seq = 2076, .ack = 300, .len = 24);
}

/* And SACK blocks, while there are any. */
SCRIPT(mss_less_sack_blocks)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .mss = 1000, .no_delay = true);
	PEER(ACK, .seq = 400, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 300, SACK({ 400, 410 }));
	SEND(976);
	EXPECT(PSH | ACK, .seq = 100, .ack = 300, .len = 976, SACK({ 400, 410 }));
}

/* A peer without an MSS option: 536 (RFC 9293, 3.7.1), and the options come off that. */
SCRIPT(no_mss_less_options)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .mss = NO_MSS);
	SEND(525);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 524);
	PEER(ACK, .seq = 300, .ack = 624);
	EXPECT(PSH | ACK, .seq = 624, .ack = 300, .len = 1);
}

/* RFC 9293, 3.5, figure 8, with options: each SYN says what its sender offers. */
SCRIPT(simultaneous_open)
{
	START(.state = TCP_SYN_SENT, .modern = true, .snd_nxt = 101, .rcv_nxt = 301);
	AFTER_MS(5);
	PEER(SYN, .seq = 300);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301, .wnd = 65535);
	AFTER_MS(5);
	PEER(ACK, .seq = 301, .ack = 101);
	EVENT(CONNECTED);
	STATE(TCP_ESTABLISHED);
	PEER(ACK, .seq = 401, .ack = 101, .len = 10);
	EXPECT(ACK, .seq = 101, .ack = 301, SACK({ 401, 411 }));
	SEND(FULL_TS - 12);
	EXPECT(PSH | ACK, .seq = 101, .ack = 301, .len = FULL_TS - 12, SACK({ 401, 411 }));
}

/* The peer offers one alone; our SYN offered all. Its SYN-ACK repeats what its SYN had. */
SCRIPT(simultaneous_open_part)
{
	START(.state = TCP_SYN_SENT, .modern = true, .snd_nxt = 101, .rcv_nxt = 301,
		.offer = TSTAMP);
	PEER(SYN, .seq = 300);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	AFTER_MS(5);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EVENT(CONNECTED);
	STATE(TCP_ESTABLISHED);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 101, .ack = 301, .len = 10, .tsecr = CLOCK());
}

/* RFC 7323, 2.2, 3.2: a SYN-ACK that goes again says the same, but for the time. */
SCRIPT(syn_ack_again)
{
	START(.state = TCP_SYN_RECEIVED, .modern = true, .snd_nxt = 101, .rcv_nxt = 301);
	IN_S(1);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	IN_S(2);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301);
	PEER(ACK, .seq = 301, .ack = 101);
	EVENT(ACCEPTED);
	PEER(ACK, .seq = 401, .ack = 101, .len = 10);
	EXPECT(ACK, .seq = 101, .ack = 301, SACK({ 401, 411 }));
}

SCRIPT(syn_again)
{
	START(.state = TCP_SYN_SENT, .modern = true, .snd_nxt = 101, .rcv_nxt = 301);
	IN_S(1);
	EXPECT(SYN, .seq = 100);
	IN_S(2);
	EXPECT(SYN, .seq = 100);
	PEER(SYN | ACK, .seq = 300, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 301);
	EVENT(CONNECTED);
}

/* Options of a SYN are for a SYN: in text they change nothing (RFC 7323, 2.2; RFC 2018, 2). */
SCRIPT(syn_options_in_text)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .offer = NO_OPTS);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10, .wnd = 5000,
		.opts = "\x02\x04\x01\x00\x04\x02\x01\x03\x03\x07\x01\x01", .nb_opts = 12);
	READ(10);
	CHECK(script_tcb()->snd_wnd == 5000);
	PEER(ACK, .seq = 400, .ack = 100, .len = 10);
	EXPECT(ACK, .seq = 100, .ack = 310);
	SEND(1460);
	EXPECT(PSH | ACK, .seq = 100, .ack = 310, .len = 1460);
	CHECK(script_tcb()->snd_wnd == 65535);
}

/* RFC 7323, 3.2: timestamps in text that no SYN agreed on are ignored, and not answered in kind. */
SCRIPT(timestamps_not_agreed_on)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .offer = NO_OPTS);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10, .tsval = 5000, .tsecr = 0);
	READ(10);
	PEER(PSH | ACK, .seq = 310, .ack = 100, .len = 10, .tsval = 4000, .tsecr = 0);
	READ(10);
	SEND(10);
	EXPECT(PSH | ACK, .seq = 100, .ack = 320, .len = 10);
	STAT(rx_drop_paws, 0);
}

/* SACK blocks that no SYN agreed on mark nothing: three duplicates are still NewReno's. */
SCRIPT(sack_not_agreed_on)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .offer = NO_OPTS, .mss = 1000);
	SEND(4000);
	for (uint32_t i = 0; i < 4; i++)
		EXPECT(i == 3 ? PSH | ACK : ACK, .seq = 100 + i * 1000, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 100, SACK({ 1100, 4100 }));
	AFTER_MS(50); /* RACK would have sent it again by now */
	SILENCE();
	PEER(ACK, .seq = 300, .ack = 100, SACK({ 1100, 4100 }));
	PEER(ACK, .seq = 300, .ack = 100, SACK({ 1100, 4100 }));
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 1000);
	PEER(ACK, .seq = 300, .ack = 4100);
}

/* Repeated in one header: no RFC has a rule; the last holds, and nothing breaks. */
SCRIPT(twice_in_a_syn)
{
	START(.state = TCP_LISTEN, .modern = true);
	PEER(SYN, .seq = 299, .offer = WSCALE | SACK_OK, .wscale = 3,
		.opts = "\x02\x04\x05\xb4\x02\x04\x02\x00\x04\x02\x04\x02\x03\x03\x09\x03\x03\x03"
			"\x01\x01",
		.nb_opts = 20);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100, .wnd = 1024);
	EVENT(ACCEPTED);
	CHECK(script_tcb()->snd_wnd == 1024);
	SEND(513);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 512);
	PEER(ACK, .seq = 300, .ack = 612);
	EXPECT(PSH | ACK, .seq = 612, .ack = 300, .len = 1);
}

static void
put_ts(uint8_t *o, uint32_t tsval)
{
	o[0] = 8;
	o[1] = 10;
	put32(o + 2, script_wire_ts(tsval));
	put32(o + 6, 0);
}

SCRIPT(timestamps_twice_in_text)
{
	uint8_t o[24] = { 0 };

	START(.state = TCP_ESTABLISHED, .modern = true);
	put_ts(o, CLOCK() - 1);
	put_ts(o + 10, CLOCK());
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10, .opts = (const char *)o, .nb_opts = 24,
		.tsval = CLOCK());
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
}

/* RFC 9293, 3.1 (MUST-7): a length that can't be: the segment goes, the connection doesn't. */
SCRIPT(malformed_in_text)
{
	static const struct {
		const char *o;
		uint8_t n;
	} bad[] = {
		{ "\x08\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12 },
		{ "\x08\x0a\x00\x00\x00\x00\x00\x00", 8 },
		{ "\x08\x00\x00\x00", 4 },
		{ "\x08\x01\x00\x00", 4 },
		{ "\x01\x01\x01\x08", 4 },
		{ "\x05\x02\x01\x01", 4 },
		{ "\x05\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12 },
		{ "\x05\x12\x00\x00\x00\x01\x00\x00\x00\x02\x01\x01", 12 },
		{ "\x03\x02\x01\x01", 4 },
		{ "\x03\x04\x07\x07", 4 },
		{ "\x02\x03\x05\x01", 4 },
		{ "\x04\x03\x00\x01", 4 },
	};

	START(.state = TCP_ESTABLISHED, .modern = true);
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10, .opts = bad[i].o,
			.nb_opts = bad[i].n);
		SILENCE();
		NO_EVENT();
		STAT(rx_drop_tcp_options, i + 1);
	}
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
}

SCRIPT(malformed_in_syn)
{
	START(.state = TCP_LISTEN, .modern = true);
	PEER(SYN, .seq = 299, .opts = "\x02\x04\x05\xb4\x08\x0a\x00\x01", .nb_opts = 8);
	SILENCE();
	STAT(rx_drop_tcp_options, 1);
	STAT(embryos, 0);
	/* A sound one does. */
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
}

/* What a cut-off list leaves out: EOL ends it, and the rest is padding (RFC 9293, 3.1). */
SCRIPT(list_ends_before_timestamps)
{
	START(.state = TCP_LISTEN, .modern = true);
	PEER(SYN, .seq = 299, .offer = SACK_OK,
		.opts = "\x02\x04\x05\xb4\x04\x02\x00\x08\x0a\x00\x00\x01", .nb_opts = 12);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	one_full(SACK_OK);
}

/* Unknown options between known ones are skipped by their length (RFC 9293, 3.1, MUST-6). */
SCRIPT(unknown_between)
{
	START(.state = TCP_LISTEN, .modern = true);
	PEER(SYN, .seq = 299, .offer = WSCALE | SACK_OK, .wscale = 2,
		.opts = "\xfe\x05xyz\x03\x03\x02\xfd\x02\x04\x02\x1e\x04\x00\x00\x02\x04\x05\xb4"
			"\x01\x01\x01",
		.nb_opts = 24);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	one_full(WSCALE | SACK_OK);
}

/* Our windows in an active and in a passive connection are of one unit, and never shrink. */
SCRIPT(our_window_never_shrinks)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .active = true);
	/* 262,144 were offered; of what came, less than a unit of 128 is rounded away. */
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 1);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 301, .wnd = 262144);
	PEER(PSH | ACK, .seq = 301, .ack = 100, .len = 127);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 428, .wnd = 262144);
	READ(128);
}

/*
 * RFC 7323, 2.2: the window of a SYN-ACK isn't scaled, and all of it may be filled at once: its
 * last bytes bring the ACK that completes the handshake.
 */
SCRIPT(all_of_a_syn_acks_window)
{
	START(.state = TCP_LISTEN, .modern = true);
	PEER(SYN, .seq = 299, .offer = ALL_OPTS);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300, .wnd = 65535);
	PEER(ACK, .seq = 300 + 65535 - 10, .ack = 100, .len = 10);
	EVENT(ACCEPTED);
	EXPECT(ACK, .seq = 100, .ack = 300, SACK({ 300 + 65535 - 10, 300 + 65535 }));
}

/* RFC 9293, 3.8.6: the window that we offer grows while the application keeps up, to its bound. */
SCRIPT(our_window_grows)
{
	uint8_t frame[FRAME_MAX];
	uint32_t n = 300, most = 0;

	START(.state = TCP_ESTABLISHED, .modern = true);
	for (int round = 0; round < 60; round++) {
		for (int i = 0; i < 100; i++, n += 2000) {
			PEER(ACK, .seq = n, .ack = 100, .len = 1000, .tsecr = CLOCK());
			PEER(ACK, .seq = n + 1000, .ack = 100, .len = 1000, .tsecr = CLOCK());
			while (script_pending() != 0) {
				script_take(frame);
				most = RTE_MAX(most, (uint32_t)get16(frame + 48) << 7);
			}
			READ(2000);
			while (script_pending() != 0)
				script_take(frame);
		}
		AFTER_MS(100);
		while (script_pending() != 0)
			script_take(frame);
	}
	CHECK(most > 300000);
	CHECK(most <= 4194304);
}

static void
small_buffer(struct thole_stack_config *c)
{
	c->tcp.rcvbuf_bytes = 3000;
}

/* RFC 7323, 2.3: a buffer below 64 KiB needs no shift: 0 is offered, so that the peer's counts. */
SCRIPT(small_buffer_shift_0)
{
	START(.state = TCP_ESTABLISHED, .modern = true, .tune = small_buffer, .wnd = 1 << 20);
	CHECK(script_tcb()->snd_wnd == 1 << 20);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 1000);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 1300, .wnd = 2000);
	READ(1000);
}

/* RFC 1191, 6.3: what a router lets through, less the headers and options (RFC 9293, 3.7.1). */
SCRIPT(path_mtu_less_options)
{
	struct frame_path path, out;
	uint8_t frame[FRAME_MAX], quoted[FRAME_MAX], icmp[36] = { 3, 4 };
	struct frame_tcp tcp = { .sport = OUR_PORT, .dport = PEER_PORT };

	START(.state = TCP_ESTABLISHED, .modern = true);
	SEND(2 * FULL_TS);
	EXPECT(ACK, .seq = 100, .ack = 300, .len = FULL_TS);
	EXPECT(PSH | ACK, .seq = 100 + FULL_TS, .ack = 300, .len = FULL_TS);
	path = script_path();
	out = path;
	out.src_ip = path.dst_ip;
	out.dst_ip = path.src_ip;
	tcp.seq = script_wire_ours(100);
	frame_tcp_build(quoted, &out, &tcp);
	memcpy(icmp + 8, quoted + 14, 28);
	put16(icmp + 6, 1000);
	put16(icmp + 2, frame_csum(icmp, sizeof(icmp), 0));
	script_inject(frame, frame_ip_build(frame, &path, 1, icmp, sizeof(icmp)));
	EXPECT(ACK, .seq = 100, .ack = 300, .len = 948);
	while (script_pending() != 0)
		CHECK(script_take(frame) <= 1014);
	CHECK(script_tcb()->mss == 948);
}

/* RFC 9293, 3.5 and 3.6: every state is reached with all options and ECN. */
#define REACH(name, s, half)                                                                       \
	SCRIPT(name)                                                                               \
	{                                                                                          \
		START(.state = (s), .modern = true, .ecn = true, .half_close = (half));            \
	}                                                                                          \
	SCRIPT(name##_active)                                                                      \
	{                                                                                          \
		START(.state = (s), .modern = true, .ecn = true, .half_close = (half),             \
			.active = true);                                                           \
	}
REACH(reach_established, TCP_ESTABLISHED, false)
REACH(reach_fin_wait_1, TCP_FIN_WAIT_1, false)
REACH(reach_fin_wait_2, TCP_FIN_WAIT_2, true)
REACH(reach_close_wait, TCP_CLOSE_WAIT, false)
REACH(reach_closing, TCP_CLOSING, true)
REACH(reach_last_ack, TCP_LAST_ACK, false)
REACH(reach_time_wait, TCP_TIME_WAIT, false)

static const struct test_case cases[] = {
	{ "the peer offers each, and all", peer_offers_each },
	{ "answered with none", answer_has_none },
	{ "answered with window scale", answer_has_wscale },
	{ "answered with SACK", answer_has_sack },
	{ "answered with timestamps", answer_has_timestamps },
	{ "answered with all", answer_has_all },
	{ "answered with what wasn't asked: none was", answer_has_more_than_none },
	{ "answered with what wasn't asked: scale was", answer_has_more_than_wscale },
	{ "answered with what wasn't asked: SACK was", answer_has_more_than_sack },
	{ "answered with what wasn't asked: timestamps were", answer_has_more_than_timestamps },
	{ "the SYN's bytes", layout },
	{ "shift 15", shift_15 },
	{ "shift 255", shift_255 },
	{ "shift 0", shift_0 },
	{ "a SYN's window is unscaled", syn_windows_are_unscaled },
	{ "a SYN-ACK's window is unscaled", syn_ack_window_is_unscaled },
	{ "a large window", a_large_window },
	{ "MSS less timestamps", mss_less_options },
	{ "MSS less SACK blocks", mss_less_sack_blocks },
	{ "no MSS, less timestamps", no_mss_less_options },
	{ "simultaneous open", simultaneous_open },
	{ "simultaneous open, one option", simultaneous_open_part },
	{ "SYN-ACK again", syn_ack_again },
	{ "SYN again", syn_again },
	{ "SYN's options in text", syn_options_in_text },
	{ "timestamps not agreed on", timestamps_not_agreed_on },
	{ "SACK not agreed on", sack_not_agreed_on },
	{ "options twice in a SYN", twice_in_a_syn },
	{ "timestamps twice in text", timestamps_twice_in_text },
	{ "malformed in text", malformed_in_text },
	{ "malformed in a SYN", malformed_in_syn },
	{ "the list ends before timestamps", list_ends_before_timestamps },
	{ "unknown options between", unknown_between },
	{ "our window never shrinks", our_window_never_shrinks },
	{ "all of a SYN-ACK's window", all_of_a_syn_acks_window },
	{ "our window grows", our_window_grows },
	{ "a small buffer has shift 0", small_buffer_shift_0 },
	{ "path MTU less options", path_mtu_less_options },
	{ "ESTABLISHED with all options", reach_established },
	{ "ESTABLISHED with all options, active", reach_established_active },
	{ "FIN-WAIT-1 with all options", reach_fin_wait_1 },
	{ "FIN-WAIT-1 with all options, active", reach_fin_wait_1_active },
	{ "FIN-WAIT-2 with all options", reach_fin_wait_2 },
	{ "FIN-WAIT-2 with all options, active", reach_fin_wait_2_active },
	{ "CLOSE-WAIT with all options", reach_close_wait },
	{ "CLOSE-WAIT with all options, active", reach_close_wait_active },
	{ "CLOSING with all options", reach_closing },
	{ "CLOSING with all options, active", reach_closing_active },
	{ "LAST-ACK with all options", reach_last_ack },
	{ "LAST-ACK with all options, active", reach_last_ack_active },
	{ "TIME-WAIT with all options", reach_time_wait },
	{ "TIME-WAIT with all options, active", reach_time_wait_active },
	{ NULL, NULL },
};
const struct test_suite suite_options = { "options", cases };
