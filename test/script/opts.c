/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * opts.c: TCP's options in scripts: what the two SYNs agreed on, what a segment of the peer's then
 * carries, and what each of ours must, byte for byte. Written from RFC 7323, 2.2, 3.2 and 4.3, RFC
 * 2018, 2 and 3, and RFC 3168; it shares no code with lib.
 */
#include "base/seq.h"
#include "engine.h"

#define CLOCK_STARTS 1000
#define SHIFT_MOST   14 /* RFC 7323, 2.3 */

/* What stands in one header. */
struct set {
	int32_t mss; /* NO_MSS */
	uint8_t offer;
	uint8_t wscale;
	uint8_t nb_sack;
	bool ts;
	uint32_t tsval; /* from here on the wire's */
	uint32_t tsecr;
	struct sack_block sack[TCP_SACK_BLOCKS_MAX];
};

uint32_t
script_clock(void)
{
	return (uint32_t)(S->now / TIME_MS - S->start_ms) + CLOCK_STARTS;
}

uint32_t
script_wire_ts(uint32_t tsval)
{
	return tsval + S->their_ts;
}

static uint8_t
put4(uint8_t *o, uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	o[0] = a;
	o[1] = b;
	o[2] = c;
	o[3] = d;
	return 4;
}

/*
 * MSS, SACK-permitted, timestamps, NOP, window scale; what is missing of the second and third is
 * two NOPs in front of the other. Without SYN: NOP, NOP, timestamps; NOP, NOP, SACK.
 */
static uint8_t
write_set(uint8_t o[40], const struct set *set)
{
	bool sack_ok = (set->offer & SACK_OK) != 0;
	uint8_t n = 0;

	if (set->mss != NO_MSS)
		n += put4(o, 2, 4, (uint8_t)(set->mss >> 8), (uint8_t)set->mss);
	if (set->ts) {
		put4(o + n, sack_ok ? 4 : 1, sack_ok ? 2 : 1, 8, 10);
		n += 4;
		put32(o + n, set->tsval);
		put32(o + n + 4, set->tsecr);
		n = (uint8_t)(n + 8);
	} else if (sack_ok) {
		n += put4(o + n, 1, 1, 4, 2);
	}
	if ((set->offer & WSCALE) != 0)
		n += put4(o + n, 1, 3, 3, set->wscale);
	if (set->nb_sack != 0)
		n += put4(o + n, 1, 1, 5, (uint8_t)(2 + 8 * set->nb_sack));
	for (int i = 0; i < set->nb_sack; i++) {
		put32(o + n, set->sack[i].left);
		put32(o + n + 4, set->sack[i].right);
		n = (uint8_t)(n + 8);
	}
	return n;
}

static uint8_t
configured(void)
{
	const struct thole_tcp_params *p = &S->config.tcp;

	return (uint8_t)((p->window_scale ? WSCALE : 0) | (p->sack ? SACK_OK : 0) |
			 (p->timestamps ? TSTAMP : 0));
}

/* The least shift that can say the whole buffer. */
static uint8_t
our_shift(void)
{
	uint8_t shift = 0;

	while (UINT64_C(65535) << shift < S->config.tcp.rcvbuf_bytes && shift < SHIFT_MOST)
		shift++;
	return shift;
}

static uint8_t
agreed(const struct lane *lane)
{
	return lane->agreed.offer & configured();
}

/* The peer. */

static void
agree(struct lane *lane)
{
	lane->agreed = lane->peer_syn;
	lane->ts_recent = lane->peer_syn.tsval;
	lane->snd_max = 0;
	/* RFC 3168, 6.1.1. */
	lane->ecn = ((lane->agreed.flags & (ECE | CWR | ACK)) == (ECE | CWR) &&
			    (lane->our_syn_flags & (ECE | CWR)) == ECE) ||
		    ((lane->agreed.flags & (ECE | CWR | ACK)) == (ECE | ACK) &&
			    (lane->our_syn_flags & (ECE | CWR)) == (ECE | CWR));
}

/* RFC 7323, 4.3: TS.Recent, as we must keep it; what can't be acceptable leaves no trace (5.3). */
static void
peer_said(struct lane *lane, const struct script_peer_seg *seg, uint32_t tsval)
{
	uint32_t end = seg->seq + seg->len + ((seg->flags & FIN) != 0);
	bool now = seq_gt(end, lane->our_acked) || end == lane->our_acked;

	if ((agreed(lane) & TSTAMP) == 0 || (seg->flags & (ACK | RST | SYN)) != ACK)
		return;
	if (seq_leq(seg->seq, lane->our_acked) && now && !seq_lt(tsval, lane->ts_recent) &&
		(end != lane->our_acked || seg->seq == end))
		lane->ts_recent = tsval;
}

static void
syn_put(struct lane *lane, const struct script_peer_seg *seg, struct set *set)
{
	set->mss = seg->mss == DEFAULT ? S->mss : seg->mss;
	set->offer = (uint8_t)(seg->offer != DEFAULT ? seg->offer
			       : seg->opts != NULL   ? NO_OPTS
						     : S->offer);
	set->wscale = (uint8_t)(seg->wscale == DEFAULT ? S->wscale : seg->wscale);
	set->ts = (set->offer & TSTAMP) != 0;
	lane->peer_syn = (struct syn_said){
		.offer = set->offer,
		.wscale = set->wscale > SHIFT_MOST ? SHIFT_MOST : set->wscale,
		.flags = seg->flags,
		.tsval = seg->tsval >= 0 ? (uint32_t)seg->tsval : script_clock(),
	};
	/* The answer to our SYN settles it; a SYN waits for ours. */
	if ((seg->flags & ACK) != 0 && !lane->synced)
		agree(lane);
}

static uint16_t
wnd_field(const struct lane *lane, const struct script_peer_seg *seg)
{
	uint32_t wnd = (uint32_t)(seg->wnd == DEFAULT ? S->wnd : seg->wnd);

	if ((seg->flags & SYN) == 0 && (agreed(lane) & WSCALE) != 0)
		wnd >>= lane->agreed.wscale;
	return (uint16_t)RTE_MIN(wnd, 65535u);
}

void
script_opts_put(struct lane *lane, const struct script_peer_seg *seg, struct frame_tcp *tcp)
{
	uint32_t tsval = seg->tsval >= 0 ? (uint32_t)seg->tsval : script_clock();
	uint32_t tsecr = seg->tsecr >= 0 ? (uint32_t)seg->tsecr : lane->their_recent;
	struct set set = { .mss = NO_MSS, .nb_sack = seg->nb_sack };

	if ((seg->flags & SYN) != 0)
		syn_put(lane, seg, &set);
	else
		set.ts = (agreed(lane) & TSTAMP) != 0 || seg->tsval >= 0;
	set.ts &= seg->tsval != NO_TS;
	set.tsval = script_wire_ts(tsval);
	set.tsecr = (seg->flags & ACK) != 0 || seg->tsecr >= 0 ? tsecr + lane->our_ts : 0;
	for (int i = 0; i < seg->nb_sack; i++)
		set.sack[i] = (struct sack_block){ seg->sack[i].left + lane->ours,
			seg->sack[i].right + lane->ours };
	tcp->wnd = wnd_field(lane, seg);
	tcp->tos = seg->ecn;
	if (seg->opts != NULL) {
		memcpy(tcp->opts, seg->opts, seg->nb_opts);
		tcp->nb_opts = seg->nb_opts;
	} else {
		tcp->nb_opts = write_set(tcp->opts, &set);
	}
	if (seg->tsval >= 0 || (set.ts && seg->opts == NULL))
		peer_said(lane, seg, tsval);
	if ((seg->flags & ACK) != 0)
		lane->their_acked = seg->ack;
}

/* What we send. */

static void
syn_want(struct lane *lane, const struct script_want_seg *want, struct set *set)
{
	set->mss = want->mss == DEFAULT ? 1460 : want->mss;
	set->offer = (uint8_t)(want->offer != DEFAULT ? want->offer : configured());
	if ((want->flags & ACK) != 0 && want->offer == DEFAULT)
		set->offer &= lane->agreed.offer;
	set->wscale = (uint8_t)(want->wscale == DEFAULT ? our_shift() : want->wscale);
	set->ts = (set->offer & TSTAMP) != 0;
}

/* Ours is a millisecond's clock with an offset that the tuple keeps (RFC 7323, 5.4 and 7.1). */
static uint32_t
tsval_want(struct lane *lane, const struct frame_tcp *tcp)
{
	if (!lane->ts_known) {
		for (int i = 0; i + 10 <= tcp->nb_opts; i++)
			if (tcp->opts[i] == 8 && tcp->opts[i + 1] == 10) {
				lane->our_ts = get32(tcp->opts + i + 2) - script_clock();
				lane->ts_known = true;
				break;
			}
	}
	return script_clock() + lane->our_ts;
}

static void
check_wnd(const struct lane *lane, const struct script_want_seg *want, const struct frame_tcp *tcp)
{
	uint32_t wnd = tcp->wnd;

	if (want->wnd == DEFAULT)
		return;
	if ((tcp->flags & SYN) == 0 && (agreed(lane) & WSCALE) != 0)
		wnd <<= lane->our_shift;
	if (wnd != (uint32_t)want->wnd)
		script_fail("window %u in place of %d bytes", wnd, want->wnd);
}

static void
check_ip(const struct lane *lane, const struct script_want_seg *want, const struct frame_tcp *tcp)
{
	bool fresh = tcp->len != 0 && !seq_lt(want->seq, lane->snd_max);
	int ecn = want->ecn != DEFAULT ? want->ecn : lane->ecn && fresh ? ECT0 : NOT_ECT;

	if (tcp->tos != (S->dscp << 2 | ecn))
		script_fail("IP's TOS octet is %02x in place of %02x", tcp->tos,
			(unsigned)(S->dscp << 2 | ecn));
	if (tcp->ttl != S->ttl)
		script_fail("IP's TTL is %u in place of %u", tcp->ttl, S->ttl);
}

static void
note_sent(struct lane *lane, const struct script_want_seg *want, bool ts)
{
	uint32_t end = want->seq + want->len + ((want->flags & FIN) != 0);

	if ((want->flags & SYN) != 0) {
		lane->their_recent = script_clock();
		lane->snd_max = want->seq + 1;
	} else if (ts && seq_leq(want->seq, lane->their_acked)) {
		lane->their_recent = script_clock();
	}
	if (seq_gt(end, lane->snd_max))
		lane->snd_max = end;
	if ((want->flags & (ACK | RST)) == ACK)
		lane->our_acked = want->ack;
}

void
script_opts_check(
	struct lane *lane, const struct script_want_seg *want, const struct frame_tcp *tcp)
{
	struct set set = { .mss = NO_MSS, .nb_sack = want->nb_sack };
	char is[200], should[200];
	uint8_t h[60] = { 0 };

	if ((want->flags & SYN) != 0) {
		lane->our_syn_flags = want->flags;
		if ((want->flags & ACK) != 0 && (!lane->synced || want->fresh))
			agree(lane);
		syn_want(lane, want, &set);
		lane->our_shift = set.wscale;
	} else {
		set.ts = (agreed(lane) & TSTAMP) != 0;
	}
	set.ts &= want->tsval != NO_TS;
	set.tsval = tsval_want(lane, tcp);
	set.tsecr = script_wire_ts(want->tsecr >= 0 ? (uint32_t)want->tsecr : lane->ts_recent);
	if ((want->flags & (SYN | ACK)) == SYN) /* RFC 7323, 3.2 */
		set.tsecr = 0;
	for (int i = 0; i < want->nb_sack; i++)
		set.sack[i] = (struct sack_block){ want->sack[i].left + lane->theirs,
			want->sack[i].right + lane->theirs };
	h[12] = (uint8_t)((write_set(h + 20, &set) / 4 + 5) << 4);
	if (tcp->nb_opts != (h[12] >> 4) * 4 - 20 || memcmp(h + 20, tcp->opts, tcp->nb_opts) != 0) {
		script_opts_text(lane, h, true, should, sizeof(should));
		h[12] = (uint8_t)((tcp->nb_opts / 4 + 5) << 4);
		memcpy(h + 20, tcp->opts, tcp->nb_opts);
		script_opts_text(lane, h, true, is, sizeof(is));
		script_fail("options%s in place of%s", is, should);
	}
	check_wnd(lane, want, tcp);
	check_ip(lane, want, tcp);
	note_sent(lane, want, set.ts);
}

/* Text. */

static int
sack_text(char *text, size_t room, const uint8_t *o, uint32_t offset)
{
	int n = snprintf(text, room, " SACK");

	for (int i = 2; i + 8 <= o[1]; i += 8)
		n += snprintf(text + n, room - (size_t)n, " %u-%u", get32(o + i) - offset,
			get32(o + i + 4) - offset);
	return n;
}

void
script_opts_text(const struct lane *lane, const uint8_t *h, bool ours, char *text, size_t room)
{
	const uint8_t *o = h + 20, *end = h + (h[12] >> 4) * 4u;
	int n = 0;

	text[0] = '\0';
	while (o < end && *o != 0) {
		char *at = text + n;
		size_t left = room - (size_t)n;

		if (*o == 1)
			n += snprintf(at, left, " nop");
		else if (o[1] < 2 || o + o[1] > end)
			break;
		else if (*o == 2)
			n += snprintf(at, left, " MSS %u", get16(o + 2));
		else if (*o == 3)
			n += snprintf(at, left, " shift %u", o[2]);
		else if (*o == 4)
			n += snprintf(at, left, " SACK-ok");
		else if (*o == 5)
			n += sack_text(at, left, o, ours ? lane->theirs : lane->ours);
		else if (*o == 8)
			n += snprintf(at, left, " TS %u echo %u", get32(o + 2) - lane->our_ts,
				get32(o + 6) - S->their_ts);
		o += *o == 1 ? 1 : o[1];
	}
}
