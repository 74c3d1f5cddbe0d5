/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cookies.c: SYN cookies (RFC 4987, 3.6): when they come and go, what they keep, what they refuse.
 * The peers here are made by hand, with numbers of the wire and with options.
 */
#include "script.h"
#include "suites.h"

#include "base/seq.h"

#define IRS	UINT32_MAX /* what follows it is 0 */
#define TS	UINT32_C(7000)
#define EMBRYOS 8 /* cookies from 6 on, until fewer than 4 */

/* What a SYN offers, as the peer writes it; the timestamp is filled in. */
#define OFFER_MSS    "\2\4\x05\xb4"
#define OFFER_OLD    "\2\4\x05\xb4\1\3\3\7\1\1\4\2"
#define OFFER_MODERN "\2\4\x05\xb4\4\2\10\12\0\0\x1b\x58\0\0\0\0\1\3\3\7"

/* A segment of ours with its options read. */
struct got {
	struct frame_tcp tcp;
	uint16_t mss;
	int wscale; /* -1: none */
	bool sack;
	bool timestamps;
	uint32_t ts_val;
	uint32_t ts_ecr;
};

static void
put(uint16_t port, struct frame_tcp *tcp)
{
	struct frame_path path = script_path();
	uint8_t frame[FRAME_MAX];

	tcp->sport = port;
	tcp->dport = OUR_PORT;
	tcp->wnd = 5000;
	script_inject(frame, frame_tcp_build(frame, &path, tcp));
}

static void
syn(uint16_t port, uint8_t flags, const char *opts, uint8_t nb_opts)
{
	struct frame_tcp tcp = { .seq = IRS, .flags = flags, .nb_opts = nb_opts };

	memcpy(tcp.opts, opts, nb_opts);
	put(port, &tcp);
}
#define OFFER(port, opts)     syn((port), SYN, opts, sizeof(opts) - 1)
#define OFFER_ECN(port, opts) syn((port), SYN | TCP_ECE | TCP_CWR, opts, sizeof(opts) - 1)

static void
read_options(struct got *g)
{
	const uint8_t *o = g->tcp.opts;

	for (unsigned int i = 0; i<g->tcp.nb_opts; i += o[i]> 1 ? o[i + 1] : 1) {
		switch (o[i]) {
		case 2:
			g->mss = get16(o + i + 2);
			break;
		case 3:
			g->wscale = o[i + 2];
			break;
		case 4:
			g->sack = true;
			break;
		case 8:
			g->timestamps = true;
			g->ts_val = get32(o + i + 2);
			g->ts_ecr = get32(o + i + 6);
			break;
		}
	}
}

/* The next segment out, to @p port. */
static struct got
take(uint16_t port, uint8_t flags)
{
	static uint8_t frame[FRAME_MAX];
	struct frame_path there = script_path(), path = there;
	struct got g = { .wscale = -1 };
	const char *wrong;

	memcpy(path.src_mac, there.dst_mac, 6);
	memcpy(path.dst_mac, there.src_mac, 6);
	path.src_ip = there.dst_ip;
	path.dst_ip = there.src_ip;
	wrong = frame_tcp_parse(frame, script_take(frame), &path, &g.tcp);
	if (wrong != NULL || g.tcp.dport != port || g.tcp.flags != flags)
		script_fail("flags %02x to port %u in place of %02x to %u: %s", g.tcp.flags,
			g.tcp.dport, flags, port, wrong != NULL ? wrong : "a sound segment");
	read_options(&g);
	return g;
}

/* What completes the handshake that @p g offers, and more. */
struct answer {
	uint8_t flags;
	const char *text;
	uint32_t seq; /* more than it should be */
	uint32_t ack;
	uint32_t ecr;
	bool bare; /* no timestamps, whatever @p g has */
};

static void
answer(uint16_t port, const struct got *g, const struct answer *a)
{
	struct frame_tcp tcp = {
		.seq = IRS + 1 + a->seq,
		.ack = g->tcp.seq + 1 + a->ack,
		.flags = (uint8_t)(ACK | a->flags),
		.payload = (const uint8_t *)a->text,
		.len = a->text != NULL ? (uint32_t)strlen(a->text) : 0,
	};

	if (g->timestamps && !a->bare) {
		tcp.nb_opts = 12;
		memcpy(tcp.opts, "\1\1\10\12", 4);
		put32(tcp.opts + 4, TS + 50);
		put32(tcp.opts + 8, g->ts_val + a->ecr);
	}
	put(port, &tcp);
}
#define ANSWER(port, g, ...)                                                                       \
	(AT(), answer((port), (g), &(struct answer){ .flags = 0, __VA_ARGS__ }))

static struct got
cookie(uint16_t port, uint64_t sent)
{
	struct got g = take(port, SYN | ACK);

	script_stat("cookies_sent", offsetof(struct thole_stats, cookies_sent), sent);
	script_port(port);
	script_state(TCP_LISTEN);
	return g;
}

/* Spoofed SYNs that get an embryo each. */
static void
flood(uint16_t from, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		OFFER((uint16_t)(from + i), OFFER_MSS);
		take((uint16_t)(from + i), SYN | ACK);
	}
}

/* The peer of an embryo takes it back. */
static void
take_back(uint16_t port)
{
	struct frame_tcp tcp = { .seq = IRS + 1, .flags = RST };

	put(port, &tcp);
}

static void
few(struct thole_stack_config *c)
{
	c->max_embryos = EMBRYOS;
}

static void
always(struct thole_stack_config *c)
{
	c->tcp.syn_cookies = THOLE_SYN_COOKIES_ALWAYS;
}

static void
always_one_conn(struct thole_stack_config *c)
{
	always(c);
	c->max_conns = 1;
}

static void
one(struct thole_stack_config *c)
{
	c->max_embryos = 1;
}

static void
off(struct thole_stack_config *c)
{
	few(c);
	c->tcp.syn_cookies = THOLE_SYN_COOKIES_OFF;
}

/* What a peer sends again after our RST, which it lacks, brings no other connection about. */
SCRIPT(no_second_connection)
{
	struct got g;

	START(.state = TCP_LISTEN, .tune = always);
	OFFER(5000, OFFER_MSS);
	g = cookie(5000, 1);
	ANSWER(5000, &g, .text = "hello");
	EVENT(ACCEPTED);
	EVENT(DATA, .text = "hello");
	AFTER_MS(100);
	take(5000, ACK);
	ABORT();
	take(5000, RST | ACK);
	EVENT(CLOSED, .status = -ECONNABORTED);
	ANSWER(5000, &g, .text = "hello");
	take(5000, RST);
	STAT(cookies_accepted, 1);
	STAT(opened_passive, 1);
	/* A new SYN's cookie does. */
	OFFER(5000, OFFER_MSS);
	g = cookie(5000, 2);
	ANSWER(5000, &g, .text = "hello");
	EVENT(ACCEPTED);
	EVENT(DATA, .text = "hello");
	STAT(cookies_accepted, 2);
}

SCRIPT(a_client_amid_a_flood)
{
	struct got g;

	START(.state = TCP_LISTEN, .modern = true, .tune = few);
	flood(6000, 6);
	STAT(embryos, 6);
	STAT(cookies_sent, 0);
	OFFER(5000, OFFER_MODERN);
	g = cookie(5000, 1);
	STAT(embryos, 6);
	CHECK(g.mss == 1460 && g.sack && g.wscale == 7 && g.timestamps && g.ts_ecr == TS);
	AFTER_MS(100);
	ANSWER(5000, &g);
	STATE(TCP_ESTABLISHED);
	EVENT(ACCEPTED);
	STAT(cookies_accepted, 1);
	STAT(cookies_sack, 1);
	STAT(cookies_wscale, 1);
	STAT(cookies_failed, 0);
	STAT(opened_passive, 1);
	STAT(embryos, 6);
	STAT(conns, 1);
	CHECK(script_tcb()->opts == (TO_TIMESTAMPS | TO_SACK | TO_WSCALE));
	CHECK(script_tcb()->snd_wscale == 7 && script_tcb()->rcv_wscale == 7);
	CHECK(script_tcb()->snd_wnd == 5000 << 7);
	CHECK(script_tcb()->mss == 1460 - 12);
	CHECK(script_tcb()->ts_recent == TS + 50);
	/* The echo, rounded down, times nothing; and nothing says that a SYN was lost. */
	CHECK(script_tcb()->srtt_us == 0 && script_tcb()->restart == 10);
	SEND(2 * 1448);
	{
		struct got a = take(5000, ACK), b = take(5000, PSH | ACK);

		CHECK(a.tcp.len == 1448 && a.tcp.seq == g.tcp.seq + 1 && a.tcp.ack == IRS + 1);
		CHECK(a.ts_ecr == TS + 50 && b.tcp.len == 1448);
		CHECK(seq_geq(a.ts_val, g.ts_val + 100) && a.ts_val - g.ts_val < 100 + 64);
	}
}

/* Nothing is left of what only timestamps would bring back; so the peer isn't told of it. */
SCRIPT(without_timestamps)
{
	struct got g;

	START(.state = TCP_LISTEN, .modern = true, .tune = always);
	OFFER(5000, OFFER_OLD);
	g = cookie(5000, 1);
	CHECK(g.mss == 1460 && !g.sack && g.wscale == -1 && !g.timestamps);
	ANSWER(5000, &g);
	STATE(TCP_ESTABLISHED);
	EVENT(ACCEPTED);
	CHECK(script_tcb()->opts == 0 && script_tcb()->snd_wnd == 5000);
	SEND(1460);
	CHECK(take(5000, PSH | ACK).tcp.len == 1460);
	OFFER_ECN(5001, OFFER_OLD);
	cookie(5001, 2);
}

SCRIPT(ecn)
{
	struct got g;

	START(.state = TCP_LISTEN, .modern = true, .tune = always);
	OFFER_ECN(5000, OFFER_MODERN);
	g = take(5000, SYN | ACK | TCP_ECE);
	PORT(5000);
	ANSWER(5000, &g);
	EVENT(ACCEPTED);
	CHECK(script_tcb()->opts == (TO_TIMESTAMPS | TO_SACK | TO_WSCALE | TO_ECN));
}

/* Timestamps of ours that are off aren't taken from an echo, whatever it says. */
static void
always_without_options(struct thole_stack_config *c)
{
	always(c);
	c->tcp.timestamps = false;
}

SCRIPT(our_options_are_off)
{
	struct got g;

	START(.state = TCP_LISTEN, .modern = true, .tune = always_without_options);
	OFFER(5000, OFFER_MODERN);
	g = cookie(5000, 1);
	CHECK(!g.sack && g.wscale == -1 && !g.timestamps);
	g.timestamps = true;
	ANSWER(5000, &g);
	EVENT(ACCEPTED);
	CHECK(script_tcb()->opts == 0);
}

/* The MSS is rounded down. */
SCRIPT(mss_of_a_tunnel)
{
	struct got g;

	START(.state = TCP_LISTEN, .modern = true, .tune = always);
	OFFER(5000, "\2\4\x05\xac"); /* 1452 */
	g = cookie(5000, 1);
	ANSWER(5000, &g);
	EVENT(ACCEPTED);
	SEND(1440);
	CHECK(take(5000, PSH | ACK).tcp.len == 1440);
}

SCRIPT(text_with_the_answer)
{
	struct got g;

	START(.state = TCP_LISTEN, .modern = true, .tune = always);
	OFFER(5000, OFFER_MODERN);
	g = cookie(5000, 1);
	ANSWER(5000, &g, .flags = PSH, .text = "GET /");
	EVENT(ACCEPTED);
	EVENT(DATA, .text = "GET /");
	IN_MS(40);
	CHECK(take(5000, ACK).tcp.ack == IRS + 6);
	STATE(TCP_ESTABLISHED);
}

SCRIPT(fin_with_the_answer)
{
	struct got g;

	START(.state = TCP_LISTEN, .modern = true, .tune = always);
	OFFER(5000, OFFER_MODERN);
	g = cookie(5000, 1);
	ANSWER(5000, &g, .flags = FIN, .text = "bye");
	CHECK(take(5000, ACK).tcp.ack == IRS + 5);
	EVENT(ACCEPTED);
	EVENT(DATA, .text = "bye");
	EVENT(PEER_CLOSED);
	STATE(TCP_CLOSE_WAIT);
}

/* On with three quarters of the embryos in use, off with fewer than half. */
SCRIPT(on_and_off)
{
	START(.state = TCP_LISTEN, .modern = true, .tune = few);
	flood(6000, 5);
	flood(6005, 1);
	OFFER(5000, OFFER_MODERN);
	cookie(5000, 1);
	take_back(6000);
	take_back(6001);
	STAT(embryos, 4);
	OFFER(5001, OFFER_MODERN);
	cookie(5001, 2);
	take_back(6002);
	STAT(embryos, 3);
	OFFER(5002, OFFER_MODERN);
	take(5002, SYN | ACK);
	STAT(embryos, 4);
	STAT(cookies_sent, 2);
	/* And not on again before three quarters. */
	flood(7000, 2);
	STAT(embryos, 6);
	OFFER(5003, OFFER_MODERN);
	cookie(5003, 3);
	STAT(rx_drop_embryos, 0);
	for (uint16_t port = 6003; port < 6006; port++)
		take_back(port);
	take_back(5002);
	take_back(7000);
	take_back(7001);
	STAT(embryos, 0);
}

/* A peer that has an embryo keeps it, whatever others get. */
SCRIPT(embryos_go_on)
{
	struct got before, after;

	START(.state = TCP_LISTEN, .modern = true, .tune = few);
	OFFER(5000, OFFER_MODERN);
	before = take(5000, SYN | ACK);
	flood(6000, 5);
	OFFER(5001, OFFER_MODERN);
	cookie(5001, 1);
	OFFER(5000, OFFER_MODERN);
	after = take(5000, SYN | ACK);
	CHECK(after.tcp.seq == before.tcp.seq);
	STAT(cookies_sent, 1);
	PORT(5000);
	ANSWER(5000, &after);
	STATE(TCP_ESTABLISHED);
	EVENT(ACCEPTED);
	STAT(cookies_accepted, 0);
}

SCRIPT(off_means_off)
{
	START(.state = TCP_LISTEN, .modern = true, .tune = off);
	flood(6000, EMBRYOS);
	OFFER(5000, OFFER_MODERN);
	SILENCE();
	STAT(rx_drop_embryos, 1);
	STAT(cookies_sent, 0);
	for (uint16_t i = 0; i < EMBRYOS; i++)
		take_back((uint16_t)(6000 + i));
}

/* A full accept queue: no cookie, and no answer to one that was given. */
SCRIPT(full_backlog)
{
	struct got a, b;

	START(.state = TCP_LISTEN, .modern = true, .tune = always, .backlog = 1);
	OFFER(5000, OFFER_MODERN);
	a = cookie(5000, 1);
	OFFER(5001, OFFER_MODERN);
	b = cookie(5001, 2);
	ANSWER(5000, &a);
	ANSWER(5001, &b);
	SILENCE();
	STAT(rx_drop_backlog, 1);
	OFFER(5002, OFFER_MODERN);
	SILENCE();
	STAT(rx_drop_backlog, 2);
	STAT(cookies_sent, 2);
	STAT(cookies_failed, 0);
	STAT(cookies_accepted, 1);
	PORT(5000);
	EVENT(ACCEPTED);
	/* What the peer has to say, it says again; nor is what it says of a second SYN-ACK refused.
	 */
	PORT(5001);
	STATE(TCP_LISTEN);
	ANSWER(5001, &b, .seq = 5);
	SILENCE();
	ANSWER(5001, &b, .text = "hello");
	EVENT(ACCEPTED);
	EVENT(DATA, .text = "hello");
	STAT(cookies_accepted, 2);
	IN_MS(40);
	take(5001, ACK);
}

SCRIPT(connection_budget)
{
	struct got a, b;

	START(.state = TCP_LISTEN, .modern = true, .tune = always_one_conn);
	OFFER(5000, OFFER_MODERN);
	a = cookie(5000, 1);
	OFFER(5001, OFFER_MODERN);
	b = cookie(5001, 2);
	ANSWER(5000, &a);
	PORT(5000);
	EVENT(ACCEPTED);
	ANSWER(5001, &b);
	SILENCE();
	STAT(rx_drop_conns, 1);
	STAT(conns, 1);
}

/* Whatever isn't exactly what answers a cookie of ours opens nothing, and isn't answered. */
SCRIPT(refused)
{
	struct got g;

	START(.state = TCP_LISTEN, .modern = true, .tune = always);
	OFFER(5000, OFFER_MODERN);
	g = cookie(5000, 1);
	ANSWER(5000, &g, .seq = 1);
	ANSWER(5001, &g); /* another's */
	SILENCE();
	STAT(cookies_failed, 2);
	for (unsigned int bit = 0; bit < 32; bit++) {
		uint32_t flipped = g.tcp.seq ^ UINT32_C(1) << bit;

		ANSWER(5000, &g, .ack = flipped - g.tcp.seq);
	}
	SILENCE();
	STAT(cookies_failed, 34);
	/* An echo of what we never sent: of the future, of long ago. */
	ANSWER(5000, &g, .ecr = 64);
	ANSWER(5000, &g, .ecr = (uint32_t) - (2 * 64 * 1000 + 128));
	SILENCE();
	STAT(cookies_failed, 36);
	STAT(rx_drop_state, 36);
	/* SYN-ACKs and RSTs answer nothing. */
	ANSWER(5000, &g, .flags = SYN);
	take(5000, RST);
	ANSWER(5000, &g, .flags = RST);
	SILENCE();
	STAT(cookies_failed, 36);
	STAT(conns, 0);
	ANSWER(5000, &g);
	PORT(5000);
	EVENT(ACCEPTED);
	CHECK(script_tcb()->opts == (TO_TIMESTAMPS | TO_SACK | TO_WSCALE));
}

/* The segment with the answer and the first text is lost: what follows it isn't refused. */
SCRIPT(first_text_lost)
{
	struct got g;

	START(.state = TCP_LISTEN, .modern = true, .tune = always);
	OFFER(5000, OFFER_MODERN);
	g = cookie(5000, 1);
	ANSWER(5000, &g, .seq = 3, .text = "def");
	ANSWER(5000, &g, .seq = 6, .flags = FIN);
	SILENCE();
	STATE(TCP_LISTEN);
	STAT(cookies_failed, 2);
	STAT(rx_drop_state, 2);
	ANSWER(5000, &g, .text = "abc");
	EVENT(ACCEPTED);
	EVENT(DATA, .text = "abc");
	IN_MS(40);
	take(5000, ACK);
	ANSWER(5000, &g, .seq = 3, .text = "def");
	EVENT(DATA, .text = "def");
	IN_MS(40);
	CHECK(take(5000, ACK).tcp.ack == IRS + 7);
}

/* Good for a minute at least, for two and a little at most. */
SCRIPT(age)
{
	struct got a, b, c;

	START(.state = TCP_LISTEN, .modern = true, .tune = always);
	OFFER(5000, OFFER_MODERN);
	a = cookie(5000, 1);
	OFFER(5001, OFFER_MODERN);
	b = cookie(5001, 2);
	AFTER_S(63);
	OFFER(5002, OFFER_MODERN);
	c = cookie(5002, 3);
	ANSWER(5000, &a, .text = "x");
	PORT(5000);
	EVENT(ACCEPTED);
	EVENT(DATA, .text = "x");
	IN_MS(40);
	take(5000, ACK);
	AFTER_S(65); /* the neighbour is asked for again */
	ANSWER(5001, &b);
	SILENCE();
	STAT(cookies_failed, 1);
	/* No cookie can be good any more: none is looked for. */
	AFTER_S(64);
	ANSWER(5002, &c);
	take(5002, RST);
	STAT(cookies_failed, 1);
}

SCRIPT(none_was_given)
{
	struct got g = { 0 };

	START(.state = TCP_LISTEN, .modern = true);
	g.tcp.seq = 12345;
	ANSWER(5000, &g);
	take(5000, RST);
	STAT(cookies_failed, 0);
}

/* A SYN that comes again is answered as before, by a clock that doesn't go back. */
SCRIPT(again)
{
	struct got last, g;

	START(.state = TCP_LISTEN, .modern = true, .tune = always);
	OFFER(5000, OFFER_MODERN);
	last = cookie(5000, 1);
	for (uint32_t i = 2; i < 40; i++) {
		AFTER_MS(7);
		OFFER(5000, OFFER_MODERN);
		g = cookie(5000, i);
		CHECK(seq_geq(g.ts_val, last.ts_val) && g.ts_val - last.ts_val <= 64);
		CHECK(((g.ts_val ^ last.ts_val) & 63) == 0);
		last = g;
	}
	ANSWER(5000, &last, .text = "x");
	PORT(5000);
	EVENT(ACCEPTED);
	EVENT(DATA, .text = "x");
	SEND(1);
	g = take(5000, PSH | ACK);
	CHECK(seq_geq(g.ts_val, last.ts_val) && g.ts_val - last.ts_val < 64);
}

/* The listener went meanwhile. */
SCRIPT(listener_gone)
{
	struct got g;

	START(.state = TCP_LISTEN, .modern = true, .tune = always);
	OFFER(5000, OFFER_MODERN);
	g = cookie(5000, 1);
	UNLISTEN();
	ANSWER(5000, &g);
	take(5000, RST);
	STAT(cookies_failed, 0);
}

/* The scale that a SYN-ACK said is another listener's by now: it must not be taken for ours. */
SCRIPT(of_another_scale)
{
	START(.state = TCP_CLOSED, .modern = true, .tune = always);
	LISTEN(OUR_PORT, 8);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300);
	UNLISTEN();
	SET_NEW(RCVBUF, 8192);
	LISTEN(OUR_PORT, 8);
	PEER(ACK, .seq = 300, .ack = 100);
	SILENCE();
	NO_EVENT();
	STAT(cookies_failed, 1);
}

/* Nor must the window that it said: that was more than this one takes. */
SCRIPT(of_a_larger_window)
{
	START(.state = TCP_CLOSED, .modern = true, .tune = always);
	SET_NEW(RCVBUF, 60000);
	LISTEN(OUR_PORT, 8);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300, .wnd = 60000, .wscale = 0);
	UNLISTEN();
	SET_NEW(RCVBUF, 8192);
	LISTEN(OUR_PORT, 8);
	PEER(ACK, .seq = 300, .ack = 100);
	for (uint32_t i = 0; i < 10; i++)
		PEER(ACK, .seq = 300 + i * 1448, .ack = 100, .len = 1448);
	NO_EVENT();
	SILENCE();
	STAT(cookies_accepted, 0);
	STAT(rx_drop_old, 0);
}

/* The MSS that it said is none of that: a segment may be as large as it likes. */
SCRIPT(of_a_larger_mss)
{
	START(.state = TCP_CLOSED, .tune = always);
	LISTEN(OUR_PORT, 8);
	PEER(SYN, .seq = 299);
	EXPECT(SYN | ACK, .seq = 99, .ack = 300, .mss = 1460);
	UNLISTEN();
	SET_NEW(MSS, 500);
	LISTEN(OUR_PORT, 8);
	PEER(ACK, .seq = 300, .ack = 100);
	EVENT(ACCEPTED);
	PEER(ACK, .seq = 300, .ack = 100, .len = 1460);
	PEER(ACK, .seq = 1760, .ack = 100, .len = 1460);
	EXPECT(ACK, .seq = 100, .ack = 3220);
	READ(2920);
}

/* A TIME-WAIT ends with an embryo, whose number follows the old ones: the last quarter is for it.
 */
SCRIPT(time_wait_gets_an_embryo)
{
	START(.state = TCP_TIME_WAIT, .snd_nxt = 101, .rcv_nxt = 301, .modern = true, .tune = few);
	flood(6000, 6);
	OFFER(5000, OFFER_MODERN);
	cookie(5000, 1);
	PORT(PEER_PORT);
	PEER(SYN, .seq = 1000);
	EXPECT(SYN | ACK, .seq = 1000, .ack = 1001, .fresh = true);
	STATE(TCP_SYN_RECEIVED);
	STAT(cookies_sent, 1);
	STAT(embryos, 7);
	STAT(time_wait_reused, 1);
}

SCRIPT(time_wait_stays)
{
	START(.state = TCP_TIME_WAIT, .snd_nxt = 101, .rcv_nxt = 301, .modern = true, .tune = one);
	flood(6000, 1);
	OFFER(5000, OFFER_MODERN);
	cookie(5000, 1);
	PORT(PEER_PORT);
	PEER(SYN, .seq = 1000);
	EXPECT(ACK, .seq = 101, .ack = 301);
	STATE(TCP_TIME_WAIT);
	STAT(cookies_sent, 1);
	STAT(rx_drop_embryos, 1);
}

static const struct test_case cases[] = {
	{ "no second connection", no_second_connection },
	{ "a client amid a flood", a_client_amid_a_flood },
	{ "without timestamps", without_timestamps },
	{ "ECN", ecn },
	{ "our options are off", our_options_are_off },
	{ "MSS of a tunnel", mss_of_a_tunnel },
	{ "text with the answer", text_with_the_answer },
	{ "FIN with the answer", fin_with_the_answer },
	{ "on and off", on_and_off },
	{ "embryos go on", embryos_go_on },
	{ "off means off", off_means_off },
	{ "full backlog", full_backlog },
	{ "connection budget", connection_budget },
	{ "refused", refused },
	{ "the first text is lost", first_text_lost },
	{ "age", age },
	{ "none was given", none_was_given },
	{ "again", again },
	{ "the listener is gone", listener_gone },
	{ "of a listener with another scale", of_another_scale },
	{ "of a listener with a larger window", of_a_larger_window },
	{ "of a listener with a larger MSS", of_a_larger_mss },
	{ "a TIME-WAIT gets an embryo", time_wait_gets_an_embryo },
	{ "a TIME-WAIT stays", time_wait_stays },
	{ NULL, NULL },
};
const struct test_suite suite_cookies = { "cookies", cases };
