/* SPDX-License-Identifier: BSD-3-Clause */
/* script.c: the engine of segment scripts: turns, time, segments in and out. See script.h. */
#include "engine.h"

struct script *S;
static struct script *all[2]; /* of the script that runs */
static unsigned int nb_all;
static bool second_pass;
static jmp_buf escape;
static const char *at_file;
static int at_line;

bool
script_second_pass(void)
{
	return second_pass;
}

void
script_at(const char *file, int line)
{
	at_file = file;
	at_line = line;
}

void
script_fail(const char *format, ...)
{
	char text[600];
	va_list args;
	int n;

	n = snprintf(text, sizeof(text), "%s", second_pass ? "(second pass) " : "");
	va_start(args, format);
	vsnprintf(text + n, sizeof(text) - (size_t)n, format, args);
	va_end(args);
	CU_assertImplementation(CU_FALSE, (unsigned int)at_line, text, at_file, "", CU_FALSE);
	longjmp(escape, 1);
}

struct script *
script_new(const char *pool_name)
{
	struct script *s = calloc(1, sizeof(*s));

	if (s == NULL || nb_all == RTE_DIM(all))
		abort();
	s->pool = rte_mempool_lookup(pool_name);
	if (s->pool == NULL)
		s->pool = test_pool(pool_name, 2047);
	s->baseline = rte_mempool_in_use_count(s->pool);
	all[nb_all++] = s;
	return s;
}

struct script *
script_this(void)
{
	return S;
}

void
script_on(struct script *s)
{
	S = s;
}

struct lane *
script_lane(void)
{
	for (unsigned int i = 0; i < S->nb_lanes; i++)
		if (S->lanes[i].port == S->port)
			return &S->lanes[i];
	if (S->nb_lanes == RTE_DIM(S->lanes))
		script_fail("a script has at most %zu ports", RTE_DIM(S->lanes));
	S->lanes[S->nb_lanes] = (struct lane){ .port = S->port, .theirs = S->theirs };
	return &S->lanes[S->nb_lanes++];
}

void
script_port(uint16_t port)
{
	S->port = port;
}

void
script_host(uint32_t peer_ip)
{
	S->peer_ip = peer_ip;
}

/* Output. */

static void
push_out(struct rte_mbuf *m)
{
	if (S->nb_out == RTE_DIM(S->out))
		script_fail("the stack sends without end");
	S->out[S->nb_out++] = m;
}

static struct rte_mbuf *
pop_out(void)
{
	struct rte_mbuf *m = S->out[0];

	S->nb_out--;
	memmove(S->out, S->out + 1, S->nb_out * sizeof(S->out[0]));
	return m;
}

static uint32_t
flatten(struct rte_mbuf *m, uint8_t *frame)
{
	uint32_t len = 0;

	rte_mbuf_sanity_check(m, 1);
	for (const struct rte_mbuf *seg = m; seg != NULL; seg = seg->next) {
		if (len + seg->data_len > FRAME_MAX)
			script_fail("a frame of more than %u bytes", FRAME_MAX);
		memcpy(frame + len, rte_pktmbuf_mtod(seg, void *), seg->data_len);
		len += seg->data_len;
	}
	if (len != m->pkt_len)
		script_fail("pkt_len %u of a chain of %u bytes", m->pkt_len, len);
	return len;
}

/* The peer's answer to an ARP request for its address or the gateway's; others wait for the script.
 */
static bool
answer_arp(const uint8_t *frame, uint32_t len)
{
	struct frame_path path = script_path();
	uint8_t reply[FRAME_MAX];

	if (S->manual_arp || frame_kind(frame, len) != FRAME_ARP || get16(frame + 20) != 1)
		return false;
	if (get32(frame + 38) != S->peer_ip && get32(frame + 38) != GATEWAY_IP)
		return false;
	path.src_ip = get32(frame + 38);
	len = frame_arp_build(reply, &path, 2, path.dst_mac);
	script_rx(reply, len);
	return true;
}

void
script_pump(void)
{
	struct rte_mbuf *out[32];
	uint8_t frame[FRAME_MAX];
	uint16_t n;

	do {
		n = thole_stack_tx(S->stack, S->now, out, second_pass ? 1 : RTE_DIM(out));
		S->pulled += n;
		for (uint16_t i = 0; i < n; i++) {
			if (answer_arp(frame, flatten(out[i], frame)))
				rte_pktmbuf_free(out[i]);
			else
				push_out(out[i]);
		}
	} while (n != 0);
}

void
script_turn(void)
{
	thole_stack_run(S->stack, S->now);
	script_pump();
}

/* Input. */

static struct rte_mbuf *
make_packet(const uint8_t *frame, uint32_t len)
{
	uint8_t padded[64] = { 0 };
	struct rte_mbuf *head, *tail;

	if (!second_pass)
		return test_exact_mbuf(S->pool, frame, len);
	if (len < 60) {
		memcpy(padded, frame, len);
		memset(padded + len, 0xa5, 60 - len);
		return test_exact_mbuf(S->pool, padded, 60);
	}
	head = test_exact_mbuf(S->pool, frame, 57);
	tail = test_exact_mbuf(S->pool, frame + 57, len - 57);
	if (rte_pktmbuf_chain(head, tail) != 0)
		abort();
	return head;
}

static uint16_t
give(struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *rejects[RTE_DIM(S->held)];
	uint16_t back = thole_stack_rx(S->stack, S->now, pkts, n, rejects);

	for (uint16_t i = 0; i < back; i++)
		rte_pktmbuf_free(rejects[i]);
	return back;
}

uint16_t
script_rx(const uint8_t *frame, uint32_t len)
{
	struct rte_mbuf *m = make_packet(frame, len);

	return give(&m, 1);
}

static void
arrive(const uint8_t *frame, uint32_t len)
{
	if (S->holding) {
		if (S->nb_held == RTE_DIM(S->held))
			script_fail("a burst has at most %zu packets", RTE_DIM(S->held));
		S->held[S->nb_held++] = make_packet(frame, len);
		return;
	}
	script_quiet("before this step");
	script_rx(frame, len);
	script_turn();
}

void
script_hold(void)
{
	script_quiet("before this step");
	S->holding = true;
}

void
script_release(void)
{
	S->holding = false;
	give(S->held, S->nb_held);
	S->nb_held = 0;
	script_turn();
}

struct frame_path
script_path(void)
{
	struct frame_path path = {
		.src_mac = { 2, 0, 0, 0, 0, 2 },
		.dst_mac = { 2, 0, 0, 0, 0, 1 },
		.src_ip = S->peer_ip,
		.dst_ip = S->our_ip,
	};

	if (S->mirror) {
		path.src_mac[5] = 1;
		path.dst_mac[5] = 2;
	}
	return path;
}

void
script_inject(const uint8_t *frame, uint32_t len)
{
	arrive(frame, len);
}

void
script_inject_direct(const uint8_t *frame, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(S->pool);

	script_quiet("before this step");
	if (m == NULL)
		abort();
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	give(&m, 1);
	script_turn();
}

bool
script_rejected(const uint8_t *frame, uint32_t len)
{
	uint16_t back;

	script_quiet("before this step");
	back = script_rx(frame, len);
	script_turn();
	return back == 1;
}

void
script_peer_arp(uint16_t op, uint32_t sender_ip)
{
	struct frame_path path = script_path();
	uint8_t frame[FRAME_MAX];
	uint8_t none[6] = { 0 };
	uint32_t len;

	path.src_ip = sender_ip;
	len = frame_arp_build(frame, &path, op, op == 1 ? none : path.dst_mac);
	if (op == 1)
		memset(frame, 0xff, 6);
	arrive(frame, len);
}

/* What the peer's byte with this number in the script is; ours are the same with another salt. */
uint8_t
script_byte(uint32_t seq, bool ours)
{
	return (uint8_t)(seq * 31 + (seq >> 8) * 7 + (seq >> 16) * 13 + (ours ? 5 : 0));
}

void
script_peer(const struct script_peer_seg *seg)
{
	struct lane *lane = script_lane();
	struct frame_path path = script_path();
	uint8_t frame[FRAME_MAX], payload[FRAME_MAX];
	uint32_t len;
	struct frame_tcp tcp = {
		.sport = S->port,
		.dport = seg->to,
		.seq = seg->seq + lane->theirs,
		.ack = seg->ack + lane->ours,
		.urg = seg->urg,
		.flags = seg->flags,
		.len = seg->len,
		.payload = seg->text != NULL ? (const uint8_t *)seg->text : payload,
	};

	if ((seg->flags & SYN) != 0)
		lane->syn_end = seg->seq + 1;
	for (uint32_t i = 0; i < seg->len; i++)
		payload[i] = script_byte(seg->seq + i + ((seg->flags & SYN) != 0), false);
	script_opts_put(lane, seg, &tcp);
	len = frame_tcp_build(frame, &path, &tcp);
	if (seg->id != 0) {
		put16(frame + 18, seg->id);
		frame_fix_ip_csum(frame);
	}
	frame[25] ^= seg->bad_ip_csum;
	frame[51] ^= seg->bad_tcp_csum;
	if (seg->longer > 0)
		memset(frame + len, 0xa5, (size_t)seg->longer);
	arrive(frame, (uint32_t)((int32_t)len + seg->longer));
}

/* Expectations. */

static const char *
flags_text(uint8_t flags, char buf[64])
{
	static const char *const names[] = { "FIN ", "SYN ", "RST ", "PSH ", "ACK ", "URG ", "ECE ",
		"CWR " };

	buf[0] = '\0';
	for (int i = 0; i < 8; i++)
		if ((flags >> i & 1) != 0)
			strcat(buf, names[i]);
	return buf[0] != '\0' ? buf : "no flags ";
}

/* One line on a frame, in the script's own numbers. */
static const char *
frame_text(const uint8_t *frame, uint32_t len)
{
	struct lane *lane = script_lane();
	static char text[400];
	char flags[64], opts[200];
	const uint8_t *h = frame + 34;
	uint32_t head;

	switch (frame_kind(frame, len)) {
	case FRAME_ARP:
		snprintf(text, sizeof(text), "ARP op %u for %08x", get16(frame + 20),
			get32(frame + 38));
		return text;
	case FRAME_ICMP:
		snprintf(text, sizeof(text), "ICMP type %u code %u", h[0], h[1]);
		return text;
	case FRAME_OTHER:
		return "a frame of another kind";
	case FRAME_TCP:
		break;
	}
	head = (h[12] >> 4) * 4u;
	script_opts_text(lane, h, true, opts, sizeof(opts));
	snprintf(text, sizeof(text),
		"%sseq %u ack %u len %u wnd %u%s (wire seq %u ack %u, port %u)",
		flags_text(h[13], flags), get32(h + 4) - lane->ours, get32(h + 8) - lane->theirs,
		len - 34 - head, get16(h + 14), opts, get32(h + 4), get32(h + 8), get16(h + 2));
	return text;
}

void
script_quiet(const char *when)
{
	uint8_t frame[FRAME_MAX];

	if (S->nb_out == 0)
		return;
	script_fail("%u unexpected packet(s) %s, the first: %s", S->nb_out, when,
		frame_text(frame, flatten(S->out[0], frame)));
}

void
script_silence(void)
{
	script_quiet("where there should be silence");
}

unsigned int
script_pending(void)
{
	return S->nb_out;
}

uint32_t
script_take(uint8_t *frame)
{
	struct rte_mbuf *m;
	uint32_t len;

	if (S->nb_out == 0)
		script_fail("the stack sends nothing");
	m = pop_out();
	len = flatten(m, frame);
	rte_pktmbuf_free(m);
	return len;
}

static void
check_payload(const struct frame_tcp *tcp, const struct script_want_seg *want)
{
	if (tcp->len != want->len)
		script_fail("payload of %u in place of %u bytes", tcp->len, want->len);
	for (uint32_t i = 0; i < tcp->len; i++) {
		uint8_t byte = want->text != NULL ? (uint8_t)want->text[i]
						  : script_byte(want->seq + i, true);

		if (tcp->payload[i] != byte)
			script_fail("payload's byte %u is %02x in place of %02x", i,
				tcp->payload[i], byte);
	}
}

/* A new incarnation's sequence number must lie ahead of the old one's (RFC 6528). */
static void
learn_iss(struct lane *lane, const struct frame_tcp *tcp, const struct script_want_seg *want)
{
	if ((tcp->flags & SYN) == 0 || (lane->known && !want->fresh))
		return;
	lane->ours = tcp->seq - want->seq;
	lane->known = true;
	lane->snd_seq = want->seq + 1;
	lane->synced = false;
}

/* Where the stream to our application begins: after the SYN that we acknowledge. */
static void
learn_irs(struct lane *lane, const struct frame_tcp *tcp)
{
	if (lane->synced || (tcp->flags & (ACK | RST)) != ACK)
		return;
	lane->rcv_seq = lane->syn_end;
	lane->synced = true;
}

static void
check_seg(const uint8_t *frame, uint32_t len, const struct script_want_seg *want)
{
	struct frame_path there = script_path(), path = there;
	struct lane *lane = script_lane();
	struct frame_tcp tcp;
	const char *wrong;
	char buf[64];

	memcpy(path.src_mac, there.dst_mac, 6);
	memcpy(path.dst_mac, there.src_mac, 6);
	path.src_ip = there.dst_ip;
	path.dst_ip = there.src_ip;
	wrong = frame_tcp_parse(frame, len, &path, &tcp);
	if (wrong != NULL)
		script_fail("%s: %s", wrong, frame_text(frame, len));
	if (tcp.dport != S->port)
		script_fail("to port %u in place of %u", tcp.dport, S->port);
	if (S->our_port != 0 && tcp.sport != (want->from != 0 ? want->from : S->our_port))
		script_fail("from port %u in place of %u", tcp.sport, S->our_port);
	if (S->our_port == 0)
		S->our_port = tcp.sport;
	if (tcp.flags != want->flags)
		script_fail("%sin place of the flags: %s", flags_text(want->flags, buf),
			frame_text(frame, len));
	learn_iss(lane, &tcp, want);
	/* A RST to a segment without ACK has the wire's 0 (RFC 9293, 3.10.7.1). */
	if (want->seq == 0 && (tcp.flags & RST) != 0 ? tcp.seq != 0
						     : tcp.seq - lane->ours != want->seq)
		script_fail("seq %u wanted: %s", want->seq, frame_text(frame, len));
	if ((tcp.flags & ACK) != 0 && tcp.ack - lane->theirs != want->ack)
		script_fail("ack %u wanted: %s", want->ack, frame_text(frame, len));
	script_opts_check(lane, want, &tcp);
	learn_irs(lane, &tcp);
	check_payload(&tcp, want);
}

void
script_expect(const struct script_want_seg *want)
{
	uint8_t frame[FRAME_MAX];
	char buf[64];

	if (S->nb_out == 0)
		script_fail("nothing is sent; wanted %sseq %u ack %u len %u",
			flags_text(want->flags, buf), want->seq, want->ack, want->len);
	check_seg(frame, script_take(frame), want);
}

void
script_pass(struct script *from, struct script *to, const struct script_want_seg *want)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len, ours;

	S = from;
	if (S->nb_out == 0)
		script_fail("nothing to pass");
	len = script_take(frame);
	check_seg(frame, len, want);
	ours = script_lane()->ours;
	/* The other's view of the ports, and of the numbers. */
	to->port = get16(frame + 34);
	S = to;
	script_lane()->theirs = ours;
	if ((want->flags & SYN) != 0)
		script_lane()->syn_end = want->seq + 1;
	script_quiet("before this step");
	script_rx(frame, len);
	script_turn();
}

void
script_expect_arp(uint16_t op, uint32_t target_ip)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len = script_take(frame);

	if (frame_kind(frame, len) != FRAME_ARP || get16(frame + 20) != op ||
		get32(frame + 38) != target_ip || get32(frame + 28) != S->our_ip ||
		memcmp(frame + 22, script_path().dst_mac, 6) != 0 ||
		memcmp(frame + 6, script_path().dst_mac, 6) != 0)
		script_fail("ARP op %u for %08x wanted: %s", op, target_ip, frame_text(frame, len));
}

/* Time. */

/* What changes when the stack does something: packets, and what it has. */
static uint64_t
activity(void)
{
	struct thole_stats st;

	thole_stats_get(S->stack, &st);
	return S->pulled + st.conns + st.embryos + st.time_wait + st.orphans + st.timeouts;
}

/* A turn before the deadline that the stack named: nothing may happen, or the deadline is late. */
static void
idle_turn(uint64_t at)
{
	uint64_t before = activity();

	S->now = at;
	script_turn();
	if (activity() != before)
		script_fail("next_deadline is late: something was due before it");
}

static void
advance(uint64_t until, bool stop)
{
	unsigned int still = 0;

	while (S->now < until) {
		uint64_t due = thole_stack_next_deadline(S->stack);

		if (due <= S->now) { /* early, which it may be, but not for ever */
			if (++still > 256)
				script_fail("next_deadline stands still");
			S->now = RTE_MIN(S->now + TICK_NS, until);
			script_turn();
			continue;
		}
		still = 0;
		if (due - S->now > 2)
			idle_turn(S->now + (RTE_MIN(due, until) - S->now) / 2);
		if (due > until) {
			idle_turn(until);
			return;
		}
		S->now = due;
		script_turn();
		if (stop && S->nb_out != 0)
			return;
	}
}

void
script_after(uint64_t ns)
{
	script_quiet("before time goes on");
	advance(S->now + ns, false);
}

void
script_in(uint64_t ns, uint64_t slack_ns)
{
	uint64_t start = S->now;

	script_quiet("before time goes on");
	advance(start + ns + slack_ns, true);
	if (S->nb_out == 0)
		script_fail("nothing is sent in %.3f ms", (double)(ns + slack_ns) / 1e6);
	if (S->now + slack_ns < start + ns)
		script_fail("sent after %.3f in place of %.3f ms", (double)(S->now - start) / 1e6,
			(double)ns / 1e6);
}

/* Ends. */

static void
check_gauges(void)
{
	struct flow_key key;
	struct thole_stats st;

	for (unsigned int i = 0; i < S->nb_lanes; i++) {
		S->port = S->lanes[i].port;
		key = script_key();
		if (script_peek(S->stack, &key).state != TCP_CLOSED)
			return;
	}
	thole_stats_get(S->stack, &st);
	if ((st.conns | st.embryos | st.time_wait | st.orphans | st.mbufs_held) != 0)
		script_fail("no connection is left, but conns %u, embryos %u, time_wait %u, "
			    "orphans %u, mbufs_held %u",
			(unsigned int)st.conns, (unsigned int)st.embryos,
			(unsigned int)st.time_wait, (unsigned int)st.orphans,
			(unsigned int)st.mbufs_held);
}

static void
finish(struct script *s)
{
	S = s;
	if (s->stack == NULL)
		return;
	script_quiet("at the script's end");
	script_no_event();
	check_gauges();
}

static void
release(struct script *s, bool whole)
{
	unsigned int in_use;

	S = s;
	if (s->app != NULL)
		thole_app_destroy(s->app);
	if (s->stack != NULL)
		thole_stack_destroy(s->stack);
	rte_pktmbuf_free_bulk(s->out, s->nb_out);
	rte_pktmbuf_free_bulk(s->held, s->nb_held);
	in_use = rte_mempool_in_use_count(s->pool);
	if (in_use != s->baseline && whole) {
		char text[80];

		snprintf(text, sizeof(text), "%u mbufs leaked", in_use - s->baseline);
		CU_assertImplementation(
			CU_FALSE, (unsigned int)at_line, text, at_file, "", CU_FALSE);
	}
	free(s);
}

static void
run_once(void (*body)(void))
{
	volatile bool whole = false;

	nb_all = 0;
	S = script_new("script");
	if (setjmp(escape) == 0) {
		body();
		for (unsigned int i = 0; i < nb_all; i++)
			finish(all[i]);
		whole = true;
	}
	for (unsigned int i = 0; i < nb_all; i++)
		release(all[i], whole);
	S = NULL;
}

void
script_run(void (*body)(void))
{
	for (int pass = 0; pass < 2; pass++) {
		second_pass = pass != 0;
		run_once(body);
	}
	CU_assertImplementation(CU_TRUE, __LINE__, "script", __FILE__, "", CU_FALSE);
}
