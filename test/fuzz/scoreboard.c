/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scoreboard.c: the scoreboard, and RACK's losses, against a model that knows of each byte what is
 * known of it, when it was last sent, and whether a segment begins with it. Segments are sent, cut,
 * filled, lost, found again and sent again in any order that the sender may come by; the peer
 * acknowledges any byte, and SACKs what it has, what it had, and what it never got.
 *
 * Input: how the stream is laid out in mbufs, then ops: a byte that says what, and what that needs.
 */
#include <string.h>

#include "board.h"
#include "fuzz.h"
#include "tcp/scoreboard.h"

#define SPAN	 1024 /* positions; the FIN has one */
#define RECORDS	 24
#define NB_MBUFS 128

static struct {
	struct tcp_env env;
	struct thole_stats stats;
	struct mbufs mbufs;
	struct slab segments;
	struct slab flights;
	struct tcb t;
	struct flight *flight;
	struct rte_mempool *app;
	struct rte_mempool *pool;
	uint32_t base; /* sequence number of position 0 */
	uint32_t una;
	uint32_t nxt;
	bool fin;    /* sent: the last position */
	bool shaped; /* segments were cut, or blocks refused: what was SACKed before may go unseen
		      */
	/* Of a position that is on the way. */
	uint8_t flags[SPAN + 1];       /* enum tx_seg_flag */
	uint32_t us[SPAN + 1];	       /* when it was last sent */
	uint64_t first[SPAN / 64 + 1]; /* a bit: a segment begins here */
} f;

static bool
is_first(uint32_t at)
{
	return (f.first[at / 64] >> at % 64 & 1) != 0;
}

static void
set_first(uint32_t at, bool first)
{
	uint64_t bit = UINT64_C(1) << at % 64;

	f.first[at / 64] = first ? f.first[at / 64] | bit : f.first[at / 64] & ~bit;
}

/* The position after the segment that begins at @p at. */
FUZZ_MODEL static uint32_t
seg_end(uint32_t at)
{
	uint32_t i = ++at / 64;
	uint64_t bits = f.first[i] & UINT64_MAX << at % 64;

	while (bits == 0 && i * 64 < f.nxt)
		bits = f.first[++i];
	return bits == 0 ? f.nxt : RTE_MIN(i * 64 + (uint32_t)__builtin_ctzll(bits), f.nxt);
}

/* The data in it. */
static uint32_t
seg_data(uint32_t at)
{
	return seg_end(at) - at - ((f.flags[seg_end(at) - 1] & SEG_FIN) != 0);
}

FUZZ_MODEL static uint32_t
count(uint32_t from, uint32_t to, uint8_t flag)
{
	uint32_t n = 0;

	for (; from < to; from++)
		n += (f.flags[from] & flag) != 0;
	return n;
}

FUZZ_MODEL static uint32_t
nb_segs(void)
{
	uint32_t n = 0;

	for (uint32_t i = f.una / 64; i * 64 < f.nxt; i++) {
		uint64_t bits = f.first[i];

		if (i == f.una / 64)
			bits &= UINT64_MAX << f.una % 64;
		if (f.nxt - i * 64 < 64)
			bits &= ~(UINT64_MAX << f.nxt % 64);
		n += (uint32_t)__builtin_popcountll(bits);
	}
	return n;
}

/* What has the @p n-th segment, round and round; its position goes to @p at. NULL: there is none.
 */
static struct tx_seg *
nth(uint32_t n, uint32_t *at)
{
	uint32_t i = f.flight->head;

	if (i == SLAB_NONE)
		return NULL;
	*at = f.una;
	for (n %= nb_segs(); n > 0; n--)
		*at = seg_end(*at);
	while (!seq_lt(f.base + *at, tx_seg_end(board_seg(&f.env, i))))
		i = board_seg(&f.env, i)->next;
	return board_seg(&f.env, i);
}

/* The segment at @p at, which is @p g or of that train, alone. */
static struct tx_seg *
single(struct tx_seg *g, uint32_t at)
{
	uint32_t before = g->more != 0 ? (f.base + at - g->seq) / g->len : 0;

	if (before != 0) {
		board_uncouple(&f.env, f.flight, g, before);
		g = board_seg(&f.env, g->next);
	}
	if (g->more != 0)
		board_uncouple(&f.env, f.flight, g, 1);
	return g;
}

FUZZ_MODEL static void
mark(uint32_t from, uint32_t to, uint8_t set, uint8_t clear)
{
	for (; from < to; from++)
		f.flags[from] = (uint8_t)((f.flags[from] | set) & ~clear);
}

FUZZ_MODEL static void
sent_now(uint32_t from, uint32_t to)
{
	uint32_t now = env_now_us(&f.env);

	for (; from < to; from++)
		f.us[from] = now;
}

/* The one at @p at, of what @p g is. @return its end. */
static uint32_t
check_seg(const struct tx_seg *g, uint32_t at)
{
	uint32_t end = seg_end(at);

	FUZZ_CHECK(is_first(at) && !seq_gt(f.base + end, tx_seg_end(g)),
		"a segment at %u of what ends at %u, there is none", at, tx_seg_end(g) - f.base);
	FUZZ_CHECK(((g->flags ^ f.flags[at]) & ~SEG_FIN) == 0 &&
			   g->len == end - at - ((f.flags[end - 1] & SEG_FIN) != 0),
		"segment %u to %u has flags %x, not %x", at, end, g->flags, f.flags[at]);
	FUZZ_CHECK(g->sent_us == f.us[at], "segment %u was sent at %u, not %u", at, g->sent_us,
		f.us[at]);
	return end;
}

static void
check(void)
{
	uint32_t n = 0;

	FUZZ_CHECK(fuzz_check_board(&f.env, &f.t) == board_segs(&f.env), "records are lost");
	for (uint32_t i = f.flight->head; i != SLAB_NONE; i = board_seg(&f.env, i)->next) {
		const struct tx_seg *g = board_seg(&f.env, i);

		n += 1u + g->more;
		for (uint32_t at = g->seq - f.base, k = 0; k <= g->more; k++)
			at = check_seg(g, at);
	}
	FUZZ_CHECK(n == nb_segs() && n == board_segs(&f.env), "%u segments, not %u", n, nb_segs());
}

/* The last one, if more can be coupled with it now. */
static const struct tx_seg *
engine(void)
{
	const struct tx_seg *g;

	if (f.flight->tail == SLAB_NONE)
		return NULL;
	g = board_seg(&f.env, f.flight->tail);
	return g->flags == 0 && g->sent_us == env_now_us(&f.env) ? g : NULL;
}

static void
do_append(bool couple, struct fuzz_in *in)
{
	const struct tx_seg *g = couple ? engine() : NULL;
	uint32_t len = fuzz_u8(in), n = nb_segs();
	bool fin = len >= 250;
	struct rte_mbuf *m = NULL;

	len = fin ? len - 250 : len % 100 + 1;
	if (g != NULL) {
		fin = false;
		len = g->len;
	}
	if (f.fin || f.nxt + len + fin > SPAN)
		return;
	if (len != 0)
		m = tcp_snd_seek(&f.t, f.base + f.nxt);
	FUZZ_CHECK(board_is_full(&f.env) == (n == RECORDS) &&
			   board_room(&f.env, RECORDS) == RECORDS - n,
		"%u records, and room for %u", n, board_room(&f.env, RECORDS));
	if (n == RECORDS)
		return;
	if (g != NULL)
		board_couple(&f.env, f.flight, m, f.base + f.nxt);
	else
		board_append(&f.env, f.flight, m, f.base + f.nxt, (uint16_t)len, fin);
	memset(f.flags + f.nxt, 0, len + fin);
	sent_now(f.nxt, f.nxt + len + fin);
	set_first(f.nxt, true);
	f.nxt += len + fin;
	f.fin = fin;
	if (fin)
		f.flags[f.nxt - 1] = SEG_FIN;
	f.t.snd_nxt = f.base + f.nxt;
}

/* Of segments that @p to acknowledges as a whole, whether one has @p yes and not @p no. */
static bool
any_whole(uint32_t to, uint8_t yes, uint8_t no)
{
	for (uint32_t at = f.una; at < f.nxt && seg_end(at) <= to; at = seg_end(at))
		if ((f.flags[at] & yes) == yes && (f.flags[at] & no) == 0)
			return true;
	return false;
}

static void
do_ack(struct fuzz_in *in)
{
	uint8_t how = fuzz_u8(in);
	uint32_t to = f.una, fresh;
	struct seg s = { .ack = 0 };
	struct news n = { .una = f.t.snd_una, .fack = f.flight->fack, .seg = &s };

	if (how >= 128) /* any byte */
		to += how - 127u;
	else
		for (how %= RECORDS; how-- > 0 && to < f.nxt;)
			to = seg_end(to);
	to = RTE_MIN(to, f.nxt);
	if (to == f.una)
		return;
	s.ack = f.base + to;
	fresh = to - f.una - count(f.una, to, SEG_SACKED);
	bool repeated = any_whole(to, SEG_REPEATED, 0);
	bool original = any_whole(to, 0, SEG_REPEATED | SEG_SACKED);

	board_acked(&f.env, &f.t, f.flight, s.ack, &n);
	tcp_snd_acked(&f.t, RTE_MIN(to, (uint32_t)SPAN) + f.base);
	FUZZ_CHECK(
		n.delivered == fresh && n.sacked == 0, "%u delivered, not %u", n.delivered, fresh);
	FUZZ_CHECK(n.repeated == repeated && n.original == original,
		"what was acknowledged was sent once, or again: says %d %d, not %d %d", n.original,
		n.repeated, original, repeated);
	FUZZ_CHECK(original == (n.rtt_us != 0), "a round trip of %u us", n.rtt_us);
	f.shaped |= to < f.nxt && !is_first(to);
	set_first(to, true);
	f.una = to;
	f.t.snd_una = s.ack;
}

/* A block that begins and ends with segments, or anywhere. */
static struct sack_block
any_block(struct fuzz_in *in)
{
	uint8_t from = fuzz_u8(in), len = fuzz_u8(in);
	uint32_t left = f.una, right;

	if ((from & 0x80) != 0)
		left += (from & 0x7fu) * 8u - 128u;
	else
		for (from %= RECORDS; from-- > 0 && left < f.nxt;)
			left = seg_end(left);
	right = left;
	if ((len & 0x80) != 0)
		right += (len & 0x7fu) * 8u;
	else
		for (len %= RECORDS; len-- > 0 && right >= f.una && right < f.nxt;)
			right = seg_end(right);
	return (struct sack_block){ f.base + left, f.base + right };
}

/* RFC 2018 and RFC 2883: segment @p at lies in a block that can be true. */
static bool
is_told(const struct seg *s, uint32_t first, uint32_t at)
{
	for (uint32_t k = first; k < s->nb_sack; k++) {
		int64_t left = (int32_t)(s->sack[k].left - f.base);
		int64_t right = (int32_t)(s->sack[k].right - f.base);

		if (left >= f.una && right <= f.nxt && left < right && left <= at &&
			seg_end(at) <= right)
			return true;
	}
	return false;
}

static uint32_t
take_one_sacked(const struct tx_seg *g, uint32_t at, bool told)
{
	bool before = f.flags[at] & SEG_SACKED;

	if ((g->flags & SEG_SACKED) == 0) {
		FUZZ_CHECK(!before, "segment %u is no longer SACKed", at);
		FUZZ_CHECK(!told || f.shaped, "segment %u isn't SACKed, and was told of", at);
		return 0;
	}
	FUZZ_CHECK(before || told, "segment %u is SACKed, and nobody said so", at);
	mark(at, seg_end(at), SEG_SACKED, SEG_LOST);
	return before ? 0 : seg_end(at) - at;
}

/* What is marked afterwards is what was told, or was before. @return bytes that are new. */
static uint32_t
take_sacked(const struct seg *s, uint32_t first)
{
	uint32_t fresh = 0;

	for (uint32_t i = f.flight->head; i != SLAB_NONE; i = board_seg(&f.env, i)->next) {
		const struct tx_seg *g = board_seg(&f.env, i);

		for (uint32_t at = g->seq - f.base, k = 0; k <= g->more; k++, at = seg_end(at))
			fresh += take_one_sacked(g, at, is_told(s, first, at));
	}
	return fresh;
}

static void
do_sack(uint8_t nb, struct fuzz_in *in)
{
	struct seg s = { .ack = f.base + f.una, .nb_sack = nb };
	struct news n = { .una = f.t.snd_una, .fack = f.flight->fack, .seg = &s };
	uint32_t fresh;

	for (uint8_t i = 0; i < nb; i++) {
		s.sack[i] = any_block(in);
		f.shaped |= !seq_lt(s.sack[i].left, s.sack[i].right) ||
			    seq_lt(s.sack[i].left, f.t.snd_una) ||
			    seq_gt(s.sack[i].right, f.t.snd_nxt);
	}
	board_sacked(&f.env, &f.t, f.flight, &n);
	if (seq_leq(s.sack[0].right, s.ack) || nb == 1)
		FUZZ_CHECK(n.dsack == (seq_leq(s.sack[0].right, s.ack) &&
					      seq_lt(s.sack[0].left, s.sack[0].right)),
			"a D-SACK, or none");
	fresh = take_sacked(&s, n.dsack);
	FUZZ_CHECK(n.sacked == fresh && n.delivered == fresh, "%u SACKed, %u delivered, not %u",
		n.sacked, n.delivered, fresh);
}

static void
do_split(struct tx_seg *g, uint32_t at, uint8_t how)
{
	uint32_t n = nb_segs(), len;
	uint8_t fin = f.flags[seg_end(at) - 1] & SEG_FIN;

	if (g->len < 2)
		return;
	len = how % (g->len - 1u) + 1;
	if (!board_split(&f.env, f.flight, g, (uint16_t)len)) {
		FUZZ_CHECK(n == RECORDS, "no record, of which %u are in use", n);
		return;
	}
	FUZZ_CHECK((g->flags & SEG_FIN) == 0 && fin <= SEG_FIN, "the FIN stays before the rest");
	set_first(at + len, true);
	f.shaped = true;
}

/* Bytes of segments that are lost as well go into the one at @p at. */
static void
do_fill(struct tx_seg *g, uint32_t at, uint32_t most)
{
	uint32_t end = seg_end(at), len = g->len;

	if (len == 0 || (g->flags & SEG_LOST) == 0)
		return;
	board_fill(&f.env, f.flight, g, most);
	while (end < f.nxt && len < most && (f.flags[end] & SEG_LOST) != 0) {
		uint32_t data = seg_data(end), take = RTE_MIN(data, most - len);
		uint32_t stop = take < data ? end + take : seg_end(end);

		if (stop < f.nxt)
			set_first(stop, true);
		set_first(end, false);
		for (uint32_t i = end; i < stop; i++) {
			if (take < data || i < end + take || (f.flags[i] & SEG_FIN) != 0)
				f.us[i] = f.us[at];
			f.flags[i] = (uint8_t)((f.flags[i] & SEG_FIN) | (f.flags[at] & ~SEG_FIN));
		}
		len += take;
		if (take < data)
			break;
		end = stop;
	}
	f.shaped = true;
}

static void
do_resend(struct tx_seg *g, uint32_t at)
{
	if ((g->flags & SEG_SACKED) != 0)
		return; /* nobody does */
	board_resent(&f.env, f.flight, g);
	mark(at, seg_end(at), SEG_REPEATED, SEG_LOST);
	sent_now(at, seg_end(at));
}

/* What a segment that was sent later has overtaken for long is lost, and nothing that wasn't. */
static void
do_detect(void)
{
	struct news n = { .una = f.t.snd_una, .fack = f.flight->fack };
	uint32_t lost = f.flight->lost, now = env_now_us(&f.env), wait = f.flight->rack_rtt_us;

	rack_detect(&f.env, &f.t, f.flight, &n);
	FUZZ_CHECK(
		n.lost == f.flight->lost - lost, "%u lost, not %u", n.lost, f.flight->lost - lost);
	for (uint32_t i = f.flight->head; i != SLAB_NONE; i = board_seg(&f.env, i)->next) {
		const struct tx_seg *g = board_seg(&f.env, i);
		uint32_t at = g->seq - f.base;
		bool before = (f.flags[at] & (SEG_LOST | SEG_SACKED)) != 0;
		bool late = seq_leq(g->sent_us + wait, now);

		if (before)
			continue;
		if ((g->flags & SEG_LOST) != 0)
			FUZZ_CHECK(late && seq_leq(g->sent_us, f.flight->rack_us),
				"segment %u is lost too early", at);
		else
			FUZZ_CHECK(!late || seq_geq(g->sent_us, f.flight->rack_us),
				"segment %u isn't lost", at);
		mark(at, tx_seg_end(g) - f.base, g->flags & SEG_LOST, 0);
	}
}

static void
check_lost(void)
{
	const struct tx_seg *g = board_lost(&f.env, f.flight);
	uint32_t at = f.una;

	while (at < f.nxt && (f.flags[at] & SEG_LOST) == 0)
		at = seg_end(at);
	FUZZ_CHECK((g == NULL) == (at == f.nxt) && (g == NULL || g->seq == f.base + at),
		"what is lost first isn't at %u", at);
}

/* Of all that have flag @p which and not @p unless. */
FUZZ_MODEL static void
mark_all(uint8_t which, uint8_t unless, uint8_t set, uint8_t clear)
{
	for (uint32_t i = f.una; i < f.nxt; i++)
		if ((f.flags[i] & which) == which && (f.flags[i] & unless) == 0)
			f.flags[i] = (uint8_t)((f.flags[i] | set) & ~clear);
}

static void
do_whole(uint8_t what)
{
	const struct tx_seg *g;

	switch (what % 6) {
	case 0:
		board_lose_all(&f.env, f.flight);
		mark_all(0, SEG_SACKED, SEG_LOST, 0);
		break;
	case 1:
		board_find_again(&f.env, f.flight);
		mark_all(SEG_LOST, 0, 0, SEG_LOST);
		break;
	case 2:
		board_reneged(&f.env, f.flight);
		mark_all(SEG_SACKED, 0, 0, SEG_SACKED);
		f.shaped = false; /* all that is told is looked at again */
		break;
	case 3:
		do_detect();
		break;
	case 4:
		if (f.una == f.nxt)
			break;
		board_lose_first(&f.env, f.flight);
		if ((f.flags[f.una] & SEG_SACKED) == 0)
			mark(f.una, seg_end(f.una), SEG_LOST, 0);
		break;
	case 5:
		if (f.una == f.nxt)
			break;
		g = board_last(&f.env, f.flight);
		FUZZ_CHECK(g->more == 0 && tx_seg_end(g) == f.base + f.nxt, "another is last");
		break;
	}
}

static void
do_segment(uint8_t what, struct fuzz_in *in)
{
	uint8_t which = fuzz_u8(in), how = what >= 4 ? 0 : fuzz_u8(in);
	uint32_t at;
	struct tx_seg *g = nth(which, &at);

	if (g == NULL)
		return;
	if (what % 4 != 3)
		g = single(g, at);
	switch (what % 4) {
	case 0:
		do_split(g, at, how);
		break;
	case 1:
		do_fill(g, at, how);
		break;
	case 2:
		do_resend(g, at);
		break;
	case 3:
		board_lose(&f.env, f.flight, g); /* a train at once */
		if ((f.flags[at] & SEG_SACKED) == 0)
			mark(g->seq - f.base, tx_seg_end(g) - f.base, SEG_LOST, 0);
		break;
	}
}

static void
do_op(uint8_t what, struct fuzz_in *in)
{
	switch (what % 8) {
	case 0:
	case 1:
		do_append(what % 8 == 1, in);
		break;
	case 2:
		do_ack(in);
		break;
	case 3:
		do_sack((uint8_t)(what / 8 % TCP_SACK_BLOCKS_MAX + 1), in);
		break;
	case 4:
	case 5:
		do_segment(what / 8 % 4, in);
		break;
	case 6:
		do_whole(what / 8);
		break;
	case 7:
		tcp_env_clock(&f.env, f.env.now_ns + (uint64_t)(what / 8) * 20 * TIME_US);
		break;
	}
	check();
	check_lost();
}

static const struct mem mem = { fuzz_arena_alloc, fuzz_arena_free, FUZZ_ARENA_JUNK };

static void
start(struct fuzz_in *in)
{
	static const struct flow_key key = { .raddr = { 0, 1 }, .rport = 80, .lport = 4000 };
	struct rte_mempool *app = f.app, *pool = f.pool;
	uint32_t part = fuzz_u8(in) % 200 + 20;

	if (app == NULL) {
		fuzz_stream_init();
		app = fuzz_pool(NB_MBUFS, 128 + 512);
		pool = fuzz_pool(4, 512);
	}
	fuzz_arena_reset();
	fuzz_pool_reset(app);
	fuzz_pool_reset(pool);
	memset(&f, 0, sizeof(f));
	f.app = app;
	f.pool = pool;
	mbufs_init(&f.mbufs, pool, &f.stats);
	FUZZ_CHECK(slab_init(&f.segments, &mem, RECORDS, sizeof(struct tx_seg), 32) == 0 &&
			   slab_init(&f.flights, &mem, 1, sizeof(struct flight), 64) == 0,
		"no memory");
	tcp_env_clock(&f.env, TIME_S);
	f.env.stats = &f.stats;
	f.env.mbufs = &f.mbufs;
	f.env.segments = &f.segments;
	f.env.flights = &f.flights;
	f.env.params.rcvbuf_bytes = 65535;
	f.env.params.sndbuf_bytes = 65536;
	f.env.mss_mtu = 1460;
	tcp_settings_init(&f.env);
	tcb_init(&f.env, &f.t, &key, &f.env.settings);
	tcp_open_active(&f.env, &f.t, &f.env.settings.terms);
	f.t.opts = TO_SACK;
	f.t.snd_wnd_max = 65535;
	/* The stream may pass 2^32, or 2^31. */
	f.base = (uint32_t)(part % 4) * 0x40000000 - SPAN / 4;
	f.t.snd_una = f.t.snd_nxt = f.t.snd_end = f.t.snd_credited = f.base;
	f.t.restart = 1;
	for (uint32_t at = 0; at < SPAN; at += part)
		tcp_snd_append(&f.t,
			fuzz_exact(app, fuzz_stream + at, RTE_MIN(part, (uint32_t)SPAN - at)));
	f.flight = tcp_flight_get(&f.env, &f.t);
	FUZZ_CHECK(f.flight != NULL, "no flight block");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_in in = { data, bytes };

	start(&in);
	while (in.left > 0)
		do_op(fuzz_u8(&in), &in);
	tcp_drop_queues(&f.env, &f.t);
	mbufs_fini(&f.mbufs);
	FUZZ_CHECK(f.segments.in_use == 0 && f.flights.in_use == 0,
		"%u records, %u flight blocks left", f.segments.in_use, f.flights.in_use);
	FUZZ_CHECK(fuzz_pool_out(f.app) == 0 && fuzz_pool_out(f.pool) == 0, "mbufs are lost");
	slab_fini(&f.segments, &mem);
	slab_fini(&f.flights, &mem);
	FUZZ_CHECK(fuzz_arena_blocks() == 0, "memory isn't given back");
	return 0;
}
