/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * malformed.c: frames that lie. Each is dropped, counted by its reason, changes nothing and is
 * never read past its end (frames stand in buffers of exactly their size: a sanitizer sees it).
 */
#include <stdio.h>

#include "base/prng.h"
#include "script.h"
#include "suites.h"

#define IP  14
#define TCP 34

/* A good segment with 20 bytes of text, next in sequence for START's ESTABLISHED. */
static uint32_t
good(uint8_t *frame, uint8_t flags, const void *opts, uint8_t nb_opts)
{
	struct frame_path path = script_path();
	uint8_t text[20];
	struct frame_tcp tcp = {
		.sport = PEER_PORT,
		.dport = OUR_PORT,
		.seq = script_wire_peers(300),
		.ack = script_wire_ours(100),
		.wnd = 1000,
		.flags = flags,
		.nb_opts = nb_opts,
		.len = sizeof(text),
		.payload = text,
	};

	memset(text, 0x5a, sizeof(text));
	if (nb_opts != 0)
		memcpy(tcp.opts, opts, nb_opts);
	return frame_tcp_build(frame, &path, &tcp);
}

/* The connection is as it was: it takes what is next. */
static void
unharmed(void)
{
	SILENCE();
	NO_EVENT();
	STATE(TCP_ESTABLISHED);
	PEER(PSH | ACK, .seq = 300, .ack = 100, .len = 10);
	READ(10);
	IN_MS(40);
	EXPECT(ACK, .seq = 100, .ack = 310);
}

static uint64_t
all_drops(void)
{
	struct thole_stats st;
	uint64_t n = 0;
	const char *name, *text;

	script_stats(&st);
	for (unsigned int i = 0; thole_stats_describe(i, &name, &text) == 0; i++)
		if (strncmp(name, "rx_drop_", 8) == 0)
			n += ((const uint64_t *)(const void *)&st)[i];
	return n;
}

/* Gives a frame: it must be dropped for exactly one reason, the one given. */
static void
dropped(const uint8_t *frame, uint32_t len, size_t reason)
{
	uint64_t before = script_stat_get(reason), all = all_drops();

	script_inject(frame, len);
	SILENCE();
	NO_EVENT();
	if (script_stat_get(reason) != before + 1 || all_drops() != all + 1)
		script_fail("not dropped for this reason alone");
}
#define DROPPED(frame, len, why)                                                                   \
	(AT(), dropped((frame), (len), offsetof(struct thole_stats, rx_drop_##why)))

SCRIPT(cut_short)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	len = good(frame, PSH | ACK, NULL, 0);
	/* Too short to tell whose it is. */
	for (uint32_t n = 0; n < TCP; n++)
		script_inject(frame, n);
	for (uint32_t n = TCP; n < len; n++) {
		uint64_t all = all_drops();

		script_inject(frame, n);
		SILENCE();
		CHECK(all_drops() == all + 1);
	}
	unharmed();
}

SCRIPT(ip_header)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	for (unsigned int version = 0; version < 16; version++) {
		len = good(frame, PSH | ACK, NULL, 0);
		frame[IP] = (uint8_t)(version << 4 | 5);
		frame_fix_ip_csum(frame);
		if (version != 4)
			DROPPED(frame, len, ip_header);
	}
	for (unsigned int ihl = 0; ihl < 5; ihl++) {
		len = good(frame, PSH | ACK, NULL, 0);
		frame[IP] = (uint8_t)(0x40 | ihl);
		DROPPED(frame, len, ip_header);
	}
	/* Total lengths that lie: less than the headers, more than the frame. */
	for (uint32_t total = 0; total < 20; total++) {
		len = good(frame, PSH | ACK, NULL, 0);
		put16(frame + IP + 2, total);
		frame_fix_ip_csum(frame);
		DROPPED(frame, len, ip_header);
	}
	for (uint32_t more = 1; more < 65535 - 60; more *= 3) {
		len = good(frame, PSH | ACK, NULL, 0);
		put16(frame + IP + 2, 60 + more);
		frame_fix_ip_csum(frame);
		DROPPED(frame, len, ip_header);
	}
	unharmed();
}

SCRIPT(ip_total_cuts_tcp)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	for (uint32_t total = 20; total < 40; total++) {
		uint64_t all = all_drops();

		len = good(frame, PSH | ACK, NULL, 0);
		put16(frame + IP + 2, total);
		frame_fix_ip_csum(frame);
		script_inject(frame, len);
		CHECK(all_drops() == all + 1);
	}
	unharmed();
}

SCRIPT(ip_options_and_fragments)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	len = good(frame, PSH | ACK, NULL, 0);
	frame[IP] = 0x46;
	frame_fix_ip_csum(frame);
	DROPPED(frame, len, ip_options);
	len = good(frame, PSH | ACK, NULL, 0);
	put16(frame + IP + 6, 0x2000); /* more fragments */
	frame_fix_ip_csum(frame);
	DROPPED(frame, len, fragment);
	put16(frame + IP + 6, 0x0001); /* an offset */
	frame_fix_ip_csum(frame);
	DROPPED(frame, len, fragment);
	unharmed();
}

SCRIPT(ip_addresses)
{
	static const uint32_t sources[] = { 0, 0x00000001, 0x7f000001, 0xe0000001, 0xefffffff,
		0xffffffff, OUR_IP };
	struct frame_path path;
	struct frame_tcp tcp = { .sport = PEER_PORT, .dport = OUR_PORT, .flags = SYN };
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	for (unsigned int i = 0; i < RTE_DIM(sources); i++) {
		path = script_path();
		path.src_ip = sources[i];
		len = frame_tcp_build(frame, &path, &tcp);
		DROPPED(frame, len, ip_source);
	}
	/* Another's address, another's MAC: not ours to drop. */
	path = script_path();
	path.dst_ip = OUR_IP + 100;
	len = frame_tcp_build(frame, &path, &tcp);
	CHECK(script_rejected(frame, len));
	path = script_path();
	path.dst_mac[5] = 0x99;
	len = frame_tcp_build(frame, &path, &tcp);
	CHECK(script_rejected(frame, len));
	unharmed();
}

SCRIPT(checksums)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	len = good(frame, PSH | ACK, NULL, 0);
	frame[IP + 10] ^= 0x10;
	DROPPED(frame, len, ip_csum);
	len = good(frame, PSH | ACK, NULL, 0);
	frame[TCP + 16] ^= 0x10;
	DROPPED(frame, len, tcp_csum);
	unharmed();
}

/* Every single bit from the IP header on: none gets through. */
SCRIPT(every_bit)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	len = good(frame, PSH | ACK, NULL, 0);
	for (uint32_t bit = IP * 8; bit < len * 8; bit++) {
		good(frame, PSH | ACK, NULL, 0);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		script_inject(frame, len);
		if (script_pending() != 0)
			script_fail("bit %u is answered", bit);
	}
	STAT(rx_data_bytes, 0);
	unharmed();
}

SCRIPT(tcp_header)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	for (unsigned int words = 0; words < 16; words++) {
		len = good(frame, PSH | ACK, NULL, 0);
		frame[TCP + 12] = (uint8_t)(words << 4);
		frame_fix_tcp_csum(frame, len);
		if (words < 5 || words > 10) /* 20 bytes of text follow: 10 words are all of it */
			DROPPED(frame, len, tcp_header);
	}
	len = good(frame, PSH | ACK, NULL, 0);
	put16(frame + TCP, 0);
	frame_fix_tcp_csum(frame, len);
	DROPPED(frame, len, tcp_header);
	len = good(frame, PSH | ACK, NULL, 0);
	put16(frame + TCP + 2, 0);
	frame_fix_tcp_csum(frame, len);
	DROPPED(frame, len, tcp_header);
	unharmed();
}

SCRIPT(tcp_flags)
{
	static const uint8_t absurd[] = { SYN | FIN, SYN | FIN | ACK, SYN | RST, SYN | RST | ACK,
		SYN | FIN | RST | PSH | ACK | URG };
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	for (unsigned int i = 0; i < RTE_DIM(absurd); i++) {
		len = good(frame, absurd[i], NULL, 0);
		DROPPED(frame, len, tcp_flags);
	}
	unharmed();
}

/* Options that are cut off or have a length that they can't have. */
SCRIPT(tcp_options)
{
	static const struct {
		const char *bytes;
		uint8_t n;
	} bad[] = {
		{ "\x01\x01\x01\x02", 4 },		   /* no room for the length */
		{ "\x02\x00\x05\xb4", 4 },		   /* length 0: an endless loop */
		{ "\x02\x01\x05\xb4", 4 },		   /* length 1 */
		{ "\x02\x03\x05\x00", 4 },		   /* an MSS of 1 byte */
		{ "\x02\x05\x05\xb4\x00\x00\x00\x00", 8 }, /* of 3 */
		{ "\x01\x02\x04\x05", 4 },		   /* cut off */
		{ "\xfd\x05\x00\x00", 4 },		   /* an unknown one, cut off */
		{ "\xfd\x00\x00\x00", 4 }, { "\xfd\x01\x00\x00", 4 }, { "\xfd\xff\x00\x00", 4 },
		{ "\x03\x04\x01\x01", 4 },				    /* window scale */
		{ "\x04\x03\x01\x01", 4 },				    /* SACK-permitted */
		{ "\x08\x08\x00\x00\x00\x00\x00\x00", 8 },		    /* timestamps */
		{ "\x05\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12 }, /* SACK */
	};
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		len = good(frame, PSH | ACK, bad[i].bytes, bad[i].n);
		DROPPED(frame, len, tcp_options);
	}
	unharmed();
}

/* Bytes by chance where options stand: dropped or taken, and each counted once. */
SCRIPT(options_by_chance)
{
	uint64_t seed = 4711, all = 0;
	uint8_t frame[FRAME_MAX], opts[40];

	START(.state = TCP_ESTABLISHED);
	for (int i = 0; i < 3000; i++) {
		uint8_t n = (uint8_t)(4 * (1 + prng_below(&seed, 10)));
		uint32_t len;

		for (uint8_t k = 0; k < n; k++) {
			uint32_t r = prng_below(&seed, 400);

			opts[k] = (uint8_t)(r < 256 ? r : r % 12);
		}
		len = good(frame, 0, opts, n); /* without ACK: taken means ignored */
		all = all_drops();
		script_inject(frame, len);
		SILENCE();
		CHECK(all_drops() == all + 1);
	}
	CHECK(script_stat_get(offsetof(struct thole_stats, rx_drop_tcp_options)) > 100);
	CHECK(script_stat_get(offsetof(struct thole_stats, rx_drop_state)) > 100);
	unharmed();
}

/* Frames by chance, right addresses in front: nothing but drops, resets and text comes of them. */
SCRIPT(frames_by_chance)
{
	uint64_t seed = 815;
	uint8_t frame[FRAME_MAX], out[FRAME_MAX];

	START(.state = TCP_ESTABLISHED);
	for (int i = 0; i < 3000; i++) {
		uint32_t len = good(frame, PSH | ACK, NULL, 0);
		uint32_t from = IP + prng_below(&seed, len - IP);

		for (uint32_t k = from; k < len; k++)
			frame[k] = (uint8_t)prng_next(&seed);
		len -= prng_below(&seed, len - from + 1);
		if (len > 54 && (i & 1) != 0)
			frame_fix_tcp_csum(frame, len);
		script_inject(frame, len);
		while (script_pending() != 0)
			script_take(out);
		script_drop_events();
	}
}

SCRIPT(ethernet)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	START(.state = TCP_ESTABLISHED);
	len = good(frame, PSH | ACK, NULL, 0);
	put16(frame + 12, 0x86dd);
	CHECK(script_rejected(frame, len));
	put16(frame + 12, 0x8100);
	CHECK(script_rejected(frame, len));
	/* A segment for us by broadcast: nobody sends TCP that way (RFC 9293, 3.9.2.3). */
	len = good(frame, PSH | ACK, NULL, 0);
	memset(frame, 0xff, 6);
	script_inject(frame, len);
	SILENCE();
	NO_EVENT();
	unharmed();
}

static const struct test_case cases[] = {
	{ "cut short", cut_short },
	{ "IP header", ip_header },
	{ "IP total length cuts TCP", ip_total_cuts_tcp },
	{ "IP options and fragments", ip_options_and_fragments },
	{ "IP addresses", ip_addresses },
	{ "checksums", checksums },
	{ "every single bit", every_bit },
	{ "TCP header", tcp_header },
	{ "TCP flags", tcp_flags },
	{ "TCP options", tcp_options },
	{ "options by chance", options_by_chance },
	{ "frames by chance", frames_by_chance },
	{ "Ethernet", ethernet },
	{ NULL, NULL },
};
const struct test_suite suite_malformed = { "malformed", cases };
