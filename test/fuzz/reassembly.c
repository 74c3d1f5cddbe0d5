/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reassembly.c: the receive queue against a model of bytes. Segments come in any order, overlap,
 * repeat and contradict each other; what is taken must be the stream, byte for byte, no byte twice
 * and none left out; mbufs_held must be what is held; at the end every mbuf is back.
 *
 * The model knows of each position which bytes came for it, and whether one is certainly kept: what
 * memory ran short for may or may not be. What came first wins.
 *
 * Only the functions that lib/tcp/tcp.h declares are called, and as data.c calls them.
 *
 * Input: where the stream begins, then ops: a byte that says what, and what that needs.
 */
#include <string.h>

#include "fuzz.h"
#include "tcp/rcv_run.h"
#include "tcp/tcp.h"

#define SPAN	  4096 /* positions from the start that segments reach */
#define SEG_MAX	  1024
#define CHAINS	  4 /* that the application keeps */
#define NB_MBUFS  768
#define JUNK	  0xee
#define HEADS_MAX 94

/* Of a position. */
enum {
	CAME = 1,	/* with the stream's byte */
	CAME_OTHER = 2, /* with another one */
	CERTAIN = 4,	/* one of them is kept */
};

struct chain {
	struct rte_mbuf *m;
	uint32_t pos;
	uint32_t bytes;
};

static struct {
	struct tcp_env env;
	struct thole_stats stats;
	struct mbufs mbufs;
	struct tcb t;
	struct rte_mempool *rx;	  /* packets */
	struct rte_mempool *pool; /* the stack's */
	uint32_t base;		  /* sequence number of position 0 */
	uint32_t next;		  /* the position of rcv_nxt */
	uint32_t high;		  /* nothing came from here on */
	uint32_t taken;		  /* the first that the application hasn't got */
	uint64_t own;		  /* mbufs of packets, as they came */
	uint8_t came[SPAN];
	bool ever[SPAN];	 /* came, and may have been dropped since */
	uint8_t delivered[SPAN]; /* as it was taken */
	struct chain chains[CHAINS];
} f;

static uint8_t other_stream[SPAN]; /* contradicts the stream everywhere */

FUZZ_MODEL static bool
nothing_ahead(void)
{
	for (uint32_t i = f.next; i < f.high; i++)
		if (f.came[i] != 0)
			return false;
	return true;
}

/* A packet with headers, @p len bytes of the stream and padding. */
static struct rte_mbuf *
make(uint32_t pos, uint32_t len, bool other, uint32_t heads, uint32_t pad, uint8_t cut)
{
	static uint8_t bytes[HEADS_MAX + SEG_MAX + 16];
	struct rte_mbuf *m;

	memset(bytes, JUNK, heads);
	memcpy(bytes + heads, (other ? other_stream : fuzz_stream) + pos, len);
	memset(bytes + heads + len, JUNK, pad);
	m = fuzz_packet(f.rx, bytes, heads + len + pad, cut);
	f.own += m->nb_segs;
	return m;
}

static uint64_t
shortages(void)
{
	return f.stats.rx_drop_memory + f.stats.tx_nombuf + fuzz_pool_refused(f.pool);
}

/* The segment's bytes are there, all of them unless memory was short. */
FUZZ_MODEL static void
model_came(uint32_t pos, uint32_t len, bool other, bool whole)
{
	f.high = RTE_MAX(f.high, pos + len);
	for (uint32_t i = pos; i < pos + len; i++) {
		f.ever[i] = true;
		if ((f.came[i] & CERTAIN) != 0)
			continue;
		f.came[i] |= other ? CAME_OTHER : CAME;
		if (whole)
			f.came[i] |= CERTAIN;
	}
}

static void
check_counts(void)
{
	uint32_t kept_by_app = 0, out;

	for (unsigned int i = 0; i < CHAINS; i++)
		if (f.chains[i].m != NULL)
			kept_by_app += f.chains[i].m->nb_segs;
	out = fuzz_pool_out(f.rx) + fuzz_pool_out(f.pool);
	FUZZ_CHECK(out >= f.stats.mbufs_held + kept_by_app + f.mbufs.n,
		"mbufs_held says %ju, %u mbufs are out, %u of them the application's",
		(uintmax_t)f.stats.mbufs_held, out, kept_by_app);
	/* While nothing had to be split each mbuf stands for itself. */
	if (fuzz_pool_taken(f.pool) == 0)
		FUZZ_CHECK(out == f.stats.mbufs_held + kept_by_app + f.mbufs.n,
			"mbufs_held says %ju, %u mbufs are out, %u of them the application's",
			(uintmax_t)f.stats.mbufs_held, out, kept_by_app);
}

/* What is ahead: runs in order that don't touch, each as long as it says (rcv_run.h). */
static void
check_runs(void)
{
	uint32_t end = f.t.rcv_nxt, segs = f.t.rcv_segs;

	for (const struct rte_mbuf *run = f.t.ooo_head; run != NULL; run = run_next(run)) {
		const struct rte_mbuf *m = run;
		uint32_t n = 1;

		FUZZ_CHECK(seq_gt(run_seq(run), end), "runs ahead meet, or are behind");
		end = run_seq(run);
		for (; end += m->data_len, m != run_tail(run); m = m->next) {
			FUZZ_CHECK(m->data_len != 0, "an empty mbuf ahead");
			n++;
		}
		FUZZ_CHECK(end == run_end(run) && n == run->nb_segs,
			"a run ahead isn't as long as it says");
		segs += n;
	}
	FUZZ_CHECK(segs == f.stats.mbufs_held, "mbufs_held says %ju, there are %u",
		(uintmax_t)f.stats.mbufs_held, segs);
}

/* The first that didn't. That one came @p ever stays true when it has been dropped since. */
FUZZ_MODEL static uint32_t
never_came(uint32_t at, uint32_t end, bool ever)
{
	while (at < end && (ever ? f.ever[at] : f.came[at] != 0))
		at++;
	return at;
}

/* The blocks of the next ACK (RFC 2018, 3): of what came, ahead of RCV.NXT. */
static void
do_sack(uint8_t most)
{
	struct sack_block blocks[TCP_SACK_BLOCKS_MAX];
	bool dsack = (f.t.opts & TO_DSACK) != 0;
	uint8_t n = tcp_sack_out(&f.t, blocks, most);

	FUZZ_CHECK(n <= most, "%u SACK blocks, %u were asked for", n, most);
	FUZZ_CHECK(n != 0 || most == 0 || f.t.ooo_head == NULL, "what is ahead isn't reported");
	for (uint8_t i = 0; i < n; i++) {
		uint32_t left = blocks[i].left - f.base, right = blocks[i].right - f.base;

		FUZZ_CHECK(
			left < right && right <= f.high, "a SACK block from %u to %u", left, right);
		FUZZ_CHECK((dsack && i == 0) || left > f.next, "a SACK block at %u, RCV.NXT at %u",
			left, f.next);
		if (!dsack || i != 0)
			left = RTE_MAX(left, f.next);
		left = never_came(left, right, dsack && i == 0);
		FUZZ_CHECK(left == right, "%u is SACKed, and never came", left);
	}
}

FUZZ_MODEL static uint32_t
while_it_has(uint32_t at, uint8_t any)
{
	while (at < SPAN && (f.came[at] & any) != 0)
		at++;
	return at;
}

/* rcv_nxt goes on over what is there, and stops where a byte is missing. */
static void
check_next(void)
{
	uint32_t least = while_it_has(f.next, CERTAIN), now = f.t.rcv_nxt - f.base;
	uint32_t most = while_it_has(f.next, CAME | CAME_OTHER);

	FUZZ_CHECK(now >= least && now <= most, "RCV.NXT at %u, of %u to %u", now, least, most);
	f.next = now;
}

static void
do_segment(struct fuzz_in *in)
{
	uint8_t how = fuzz_u8(in), cut = fuzz_u8(in);
	uint32_t off = fuzz_u8(in), len = fuzz_u8(in), pos;
	bool other = (how & 1) != 0, in_order = (how & 2) != 0;
	uint32_t heads = (how & 4) != 0 ? HEADS_MAX : 54, pad = (how & 8) != 0 ? 11 : 0;
	uint64_t before = shortages();
	struct seg s;

	if ((how & 16) != 0)
		off *= 16;
	if ((how & 32) != 0)
		len *= 4;
	/* An old or empty segment's text never comes here: input.c cuts and drops it. */
	pos = in_order ? f.next : f.next + off;
	if (len == 0 || pos + len > SPAN || fuzz_pool_out(f.rx) + 4 > NB_MBUFS)
		return;
	s = (struct seg){ .m = make(pos, len, other, heads, pad, cut),
		.seq = f.base + pos,
		.len = len,
		.payload_off = (uint16_t)heads };
	if (pos == f.next && nothing_ahead()) {
		tcp_rcv_append(&f.env, &f.t, &s);
	} else {
		tcp_rcv_keep_ahead(&f.env, &f.t, &s);
		if (pos == f.next)
			tcp_rcv_pull_ahead(&f.env, &f.t);
	}
	FUZZ_CHECK(s.m == NULL, "the packet wasn't taken");
	model_came(pos, len, other, shortages() == before);
	if (pos == f.next)
		check_next();
	else
		FUZZ_CHECK(f.t.rcv_nxt == f.base + f.next, "RCV.NXT moved by what is ahead");
}

static void
check_chain(const struct chain *c)
{
	static uint8_t bytes[SPAN];

	fuzz_flatten(c->m, bytes, SPAN);
	FUZZ_CHECK(memcmp(bytes, f.delivered + c->pos, c->bytes) == 0,
		"what the application has changed");
}

static void
drop_chain(struct chain *c)
{
	if (c->m == NULL)
		return;
	check_chain(c);
	rte_pktmbuf_free(c->m);
	c->m = NULL;
}

/* The first that was delivered and isn't what came for it; @p end: none. */
FUZZ_MODEL static uint32_t
first_wrong(uint32_t at, uint32_t end)
{
	for (; at < end; at++) {
		bool mine = (f.came[at] & CAME) != 0 && f.delivered[at] == fuzz_stream[at];

		if (!mine &&
			((f.came[at] & CAME_OTHER) == 0 || f.delivered[at] != other_stream[at]))
			break;
	}
	return at;
}

static void
do_take(struct chain *c)
{
	uint64_t held = f.stats.mbufs_held;
	uint32_t bytes, wrong;
	struct rte_mbuf *m = tcp_rcv_take(&f.env, &f.t, &bytes);

	FUZZ_CHECK(
		bytes == f.next - f.taken, "%u bytes taken, %u are there", bytes, f.next - f.taken);
	FUZZ_CHECK((m == NULL) == (bytes == 0), "bytes without a chain, or a chain without bytes");
	if (m == NULL)
		return;
	drop_chain(c);
	FUZZ_CHECK(fuzz_flatten(m, f.delivered + f.taken, SPAN - f.taken) == bytes,
		"the chain has other than %u bytes", bytes);
	wrong = first_wrong(f.taken, f.next);
	FUZZ_CHECK(wrong == f.next, "the byte at %u isn't one that came for it first", wrong);
	FUZZ_CHECK(f.stats.mbufs_held + m->nb_segs == held,
		"mbufs_held falls from %ju to %ju for %u", (uintmax_t)held,
		(uintmax_t)f.stats.mbufs_held, m->nb_segs);
	*c = (struct chain){ .m = m, .pos = f.taken, .bytes = bytes };
	f.taken = f.next;
}

static void
do_op(uint8_t what, struct fuzz_in *in)
{
	switch (what % 8) {
	case 0:
	case 1:
	case 2:
	case 3:
		do_segment(in);
		break;
	case 4:
		do_take(&f.chains[what / 8 % CHAINS]);
		break;
	case 5:
		drop_chain(&f.chains[what / 8 % CHAINS]);
		break;
	case 6:
		if (what >= 128) {
			do_sack(what / 8 % 5);
		} else if (what / 8 % 4 == 0) {
			tcp_rcv_drop_ahead(&f.env, &f.t);
			memset(f.came + f.next, 0, SPAN - f.next);
		} else { /* nothing to pull: nothing may happen */
			tcp_rcv_pull_ahead(&f.env, &f.t);
			check_next();
		}
		break;
	case 7:
		fuzz_pool_limit(f.pool, what < 128 ? what / 8 % 4 : FUZZ_NO_LIMIT);
		break;
	}
	check_counts();
	check_runs();
}

static void
start(struct fuzz_in *in)
{
	static const struct flow_key key = { .raddr = { 0, 1 }, .rport = 80, .lport = 4000 };
	struct peer_syn syn = { .mss = 1460, .wnd = 65535, .opts = EO_SACK };
	struct rte_mempool *rx = f.rx, *pool = f.pool;

	if (rx == NULL) {
		rx = fuzz_pool(NB_MBUFS, 128 + 512);
		pool = fuzz_pool(NB_MBUFS, 256);
		fuzz_stream_init();
		for (uint32_t i = 0; i < SPAN; i++)
			other_stream[i] = fuzz_stream[i] ^ 0x55;
	}
	fuzz_pool_reset(rx);
	fuzz_pool_reset(pool);
	memset(&f, 0, sizeof(f));
	f.rx = rx;
	f.pool = pool;
	mbufs_init(&f.mbufs, pool, &f.stats);
	tcp_env_clock(&f.env, TIME_S);
	f.env.stats = &f.stats;
	f.env.mbufs = &f.mbufs;
	f.env.rx_held_max = NB_MBUFS;
	f.env.params.rcvbuf_bytes = 65535;
	f.env.params.sndbuf_bytes = 65536;
	f.env.mss_mtu = 1460;
	tcp_settings_init(&f.env);
	tcb_init(&f.env, &f.t, &key, &f.env.settings);
	tcp_open_active(&f.env, &f.t, &f.env.settings.terms);
	/* The stream may pass 2^32, or 2^31. */
	f.base = (uint32_t)(fuzz_u8(in) % 4) * 0x40000000 - SPAN / 4;
	syn.irs = f.base - 1;
	tcp_peer_syn(&f.env, &f.t, &f.env.settings.terms, &syn);
	tcp_established(&f.env, &f.t);
	FUZZ_CHECK(f.t.rcv_nxt == f.base, "RCV.NXT doesn't follow the SYN");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_in in = { data, bytes };

	start(&in);
	while (in.left > 0)
		do_op(fuzz_u8(&in), &in);
	fuzz_pool_limit(f.pool, FUZZ_NO_LIMIT);
	do_take(&f.chains[0]);
	for (unsigned int i = 0; i < CHAINS; i++)
		drop_chain(&f.chains[i]);
	tcp_drop_queues(&f.env, &f.t);
	mbufs_fini(&f.mbufs);
	FUZZ_CHECK(f.stats.mbufs_held == 0, "mbufs_held says %ju at the end",
		(uintmax_t)f.stats.mbufs_held);
	FUZZ_CHECK(fuzz_pool_out(f.rx) == 0 && fuzz_pool_out(f.pool) == 0,
		"%u and %u mbufs are lost", fuzz_pool_out(f.rx), fuzz_pool_out(f.pool));
	return 0;
}
