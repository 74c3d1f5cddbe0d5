/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_rcv_queue.c: reassembly against a byte map. Segments of a stream arrive in any order, cut
 * and overlapping, as chains, and each with bytes of its own making: what came first must win. The
 * FIN comes early or late, and memory is all given back. What is ahead is runs as rcv_run.h has
 * them, in windows of megabytes, too.
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "tcp/rcv_run.h"

#define STREAM	   30000u
#define OFF	   54 /* headers before the payload */
#define WIDE_POOL  16384u
#define WIDE_BYTES (4u << 20)

struct model {
	struct fix f;
	uint64_t seed;
	uint32_t nxt;		  /* in sequence up to here */
	uint32_t read;		  /* compared up to here */
	bool fin_seen;		  /* within the window */
	bool plain;		  /* packets of one pool mbuf each */
	struct rte_mempool *pkts; /* where packets come from */
	uint32_t stream;
	bool *have;
	uint8_t *bytes;
};

static void
set_stream(struct model *m, uint32_t stream)
{
	free(m->have);
	free(m->bytes);
	m->stream = stream;
	m->have = calloc(stream, sizeof(m->have[0]));
	m->bytes = calloc(stream, sizeof(m->bytes[0]));
	if (m->have == NULL || m->bytes == NULL)
		abort();
}

static struct model *
model_new(uint64_t seed)
{
	struct model *m = calloc(1, sizeof(*m));

	if (m == NULL)
		abort();
	fix_up(&m->f);
	m->seed = seed;
	m->pkts = m->f.pool;
	set_stream(m, STREAM);
	return m;
}

/* A window of 4 MiB, and as many mbufs as its segments need. */
static struct model *
model_new_wide(uint64_t seed, uint32_t stream)
{
	struct model *m = model_new(seed);

	set_stream(m, stream);
	m->pkts = test_pool("rcv-wide", WIDE_POOL);
	m->f.env.rx_held_max = 2 * WIDE_POOL;
	m->f.env.params.rcvbuf_bytes = WIDE_BYTES;
	tcp_settings_init(&m->f.env);
	m->f.t.opts |= TO_WSCALE;
	m->f.t.rcv_wscale = tcp_rcv_wscale(WIDE_BYTES) & 15u;
	m->f.t.rcv_log = 22;
	tcp_window_advance(&m->f.env, &m->f.t);
	CU_ASSERT_EQUAL(tcp_rcv_wnd(&m->f.t), WIDE_BYTES);
	return m;
}

static void
model_free(struct model *m)
{
	fix_down(&m->f);
	if (m->pkts != m->f.pool) {
		CU_ASSERT_EQUAL(rte_mempool_avail_count(m->pkts), WIDE_POOL);
		rte_mempool_free(m->pkts);
	}
	free(m->have);
	free(m->bytes);
	free(m);
}

/* What copy @p version has at @p pos. */
static uint8_t
byte_of(uint32_t pos, uint32_t version)
{
	return (uint8_t)(pos * 31 + version * 101 + (pos >> 8));
}

/* A packet as it arrives: headers and payload, in one mbuf or in several of odd sizes. */
static struct rte_mbuf *
packet(struct model *m, const uint8_t *frame, uint32_t n)
{
	struct rte_mbuf *head = NULL, *last = NULL;
	bool whole = m->plain || prng_below(&m->seed, 2) != 0;
	uint32_t at = 0;

	while (at < n) {
		uint32_t part = whole ? n : 1 + prng_below(&m->seed, RTE_MIN(n - at, 700u));
		struct rte_mbuf *one;

		if (!m->plain && prng_below(&m->seed, 2) != 0) {
			one = test_exact_mbuf(m->pkts, frame + at, part);
		} else {
			one = rte_pktmbuf_alloc(m->pkts);
			CU_ASSERT_PTR_NOT_NULL_FATAL(one);
			memcpy(rte_pktmbuf_append(one, (uint16_t)part), frame + at, part);
		}
		at += part;
		if (head == NULL) {
			head = one;
		} else {
			last->next = one;
			head->nb_segs++;
			head->pkt_len += part;
		}
		last = one;
	}
	return head;
}

static bool
within(uint32_t pos, uint32_t from, uint32_t wnd)
{
	return pos >= from && pos < from + wnd;
}

/*
 * What arrives in the model: bytes within the window that aren't there yet, of a segment that
 * begins or ends in it (RFC 9293, 3.10.7.4).
 */
static void
model_arrive(struct model *m, uint32_t pos, uint32_t len, uint32_t version, bool fin, uint32_t wnd)
{
	uint32_t edge = m->nxt + wnd;

	if (!within(pos, m->nxt, wnd) && !within(pos + len + fin - 1, m->nxt, wnd))
		return;
	for (uint32_t i = pos; i < pos + len; i++) {
		if (i < m->nxt || i >= edge || m->have[i])
			continue;
		m->have[i] = true;
		m->bytes[i] = byte_of(i, version);
	}
	if (fin && pos + len < edge)
		m->fin_seen = true;
	while (m->nxt < m->stream && m->have[m->nxt])
		m->nxt++;
}

/*
 * Of the segment that came last, not all may have been kept: it says so, and then whatever isn't
 * there hasn't come. What had come before must still be there.
 */
static void
model_forget(struct model *m, uint32_t pos, uint32_t len, uint32_t nxt)
{
	uint32_t got = m->f.t.rcv_nxt - (FIX_IRS + 1);
	uint32_t new = pos;

	CU_ASSERT_FATAL(got >= nxt && (got > nxt || pos > nxt || pos + len <= nxt));
	for (const struct rte_mbuf *b = m->f.t.ooo_head; b != NULL; b = b->next) {
		uint32_t at = b->hash.usr - (FIX_IRS + 1);

		for (; new < RTE_MIN(at, pos + len); new ++)
			if (new >= got)
				m->have[new] = false;
		new = RTE_MAX(new, at + b->data_len);
	}
	for (; new < pos + len; new ++)
		if (new >= got)
			m->have[new] = false;
	m->nxt = nxt;
	while (m->nxt < m->stream && m->have[m->nxt])
		m->nxt++;
}

static void
arrive(struct model *m, uint32_t pos, uint32_t len, uint32_t version, bool fin)
{
	uint64_t drops = m->f.stats.rx_drop_memory;
	uint32_t nxt = m->nxt;
	uint8_t frame[OFF + 1460];
	struct seg s = fix_seg(&m->f, TCP_ACK);

	memset(frame, 0x5a, OFF);
	for (uint32_t i = 0; i < len; i++)
		frame[OFF + i] = byte_of(pos + i, version);
	s.seq = FIX_IRS + 1 + pos;
	s.len = len;
	s.payload_off = OFF;
	s.m = packet(m, frame, OFF + len);
	if (fin)
		s.flags |= TCP_FIN;
	if (m->f.t.state == TCP_ESTABLISHED)
		model_arrive(m, pos, len, version, fin, tcp_rcv_wnd(&m->f.t));
	CU_ASSERT_EQUAL(tcp_input(&m->f.env, &m->f.t, &s), REPLY_NONE);
	rte_pktmbuf_free(s.m);
	if (m->f.stats.rx_drop_memory != drops)
		model_forget(m, pos, len, nxt);
}

/*
 * What is ahead, as rcv_run.h says; only runs of many mbufs may touch. @return the number of runs.
 */
static uint32_t
check_runs(const struct tcb *t, bool many)
{
	const struct rte_mbuf *run = t->ooo_head;
	uint32_t last = t->rcv_nxt, runs = 0;

	for (; run != NULL; run = run_next(run), runs++) {
		uint32_t bytes = 0, segs = 0;

		CU_ASSERT_FATAL(seq_gt(run_seq(run), last) || (many && run_seq(run) == last));
		for (const struct rte_mbuf *b = run;; b = b->next) {
			CU_ASSERT_EQUAL(b->hash.usr, run_seq(run) + bytes);
			bytes += b->data_len;
			segs++;
			if (b == run_tail(run))
				break;
		}
		CU_ASSERT_EQUAL_FATAL(run->pkt_len, bytes);
		CU_ASSERT_EQUAL(run->nb_segs, segs);
		CU_ASSERT(segs <= UINT16_MAX / 2);
		last = run_end(run);
	}
	return runs;
}

/* The TCB's view is the model's: position, FIN, what is held and charged. */
static void
assert_same(struct model *m)
{
	const struct tcb *t = &m->f.t;
	uint32_t held = t->rcv_segs, segs = 0, bytes = 0, ahead = 0;
	bool fin = m->fin_seen && m->nxt == m->stream;
	uint32_t last = t->rcv_nxt;

	CU_ASSERT_EQUAL_FATAL(t->rcv_nxt, FIX_IRS + 1 + m->nxt + fin);
	CU_ASSERT_EQUAL(t->state, fin ? TCP_CLOSE_WAIT : TCP_ESTABLISHED);
	for (const struct rte_mbuf *b = t->rcv_head; b != NULL; b = b->next, segs++)
		bytes += b->data_len;
	CU_ASSERT_EQUAL(segs, t->rcv_segs);
	CU_ASSERT_EQUAL(bytes, t->rcv_queued);
	check_runs(t, false);
	for (const struct rte_mbuf *b = t->ooo_head; b != NULL; b = b->next, held++) {
		uint32_t pos = b->hash.usr - (FIX_IRS + 1);

		CU_ASSERT_FATAL(seq_geq(b->hash.usr, last) && b->data_len != 0);
		last = b->hash.usr + b->data_len;
		CU_ASSERT_FATAL(pos + b->data_len <= m->stream);
		CU_ASSERT_EQUAL(
			memcmp(rte_pktmbuf_mtod(b, void *), m->bytes + pos, b->data_len), 0);
		ahead += b->data_len;
	}
	CU_ASSERT_EQUAL(m->f.stats.mbufs_held, held);
	for (uint32_t i = m->nxt; i < m->stream; i++)
		bytes += m->have[i];
	CU_ASSERT_EQUAL(ahead, bytes - t->rcv_queued);
}

/* The application reads all there is, and compares. */
static void
take(struct model *m, bool release)
{
	uint32_t bytes, at = 0;
	const char *why;
	struct rte_mbuf *chain = tcp_rcv_take(&m->f.env, &m->f.t, &bytes);

	CU_ASSERT_EQUAL_FATAL(bytes, m->nxt - m->read);
	CU_ASSERT_EQUAL(chain == NULL, bytes == 0);
	if (chain == NULL)
		return;
	CU_ASSERT_EQUAL(chain->pkt_len, bytes);
	CU_ASSERT_EQUAL_FATAL(rte_mbuf_check(chain, 1, &why), 0);
	for (const struct rte_mbuf *b = chain; b != NULL; b = b->next) {
		CU_ASSERT_EQUAL(
			memcmp(rte_pktmbuf_mtod(b, void *), m->bytes + m->read + at, b->data_len),
			0);
		at += b->data_len;
	}
	CU_ASSERT_EQUAL(at, bytes);
	m->read += bytes;
	rte_pktmbuf_free(chain);
	if (release) {
		CU_ASSERT_EQUAL(tcp_received(&m->f.env, &m->f.t, bytes), 0);
		tcp_window_advance(&m->f.env, &m->f.t);
	}
}

/* Random segments near where the stream has got to, until it is complete. */
static void
run(struct model *m, uint32_t most, uint32_t spread)
{
	uint32_t version = 0;

	for (int i = 0; i < 200000 && m->f.t.state == TCP_ESTABLISHED; i++) {
		uint32_t from = m->nxt > 300 ? m->nxt - 300 : 0;
		uint32_t pos = from + prng_below(&m->seed, RTE_MIN(spread, m->stream - from + 1));
		uint32_t len = RTE_MIN(prng_below(&m->seed, most + 1), m->stream - pos);
		bool fin = pos + len == m->stream && prng_below(&m->seed, 2) != 0;

		if (prng_below(&m->seed, 8) == 0) { /* the peer repeats the hole's beginning */
			pos = m->nxt;
			len = RTE_MIN(1 + prng_below(&m->seed, most), m->stream - pos);
		}
		fin = fin && pos + len == m->stream && m->stream < m->nxt + tcp_rcv_wnd(&m->f.t);
		if (len == 0 && !fin)
			continue;
		arrive(m, pos, len, ++version, fin);
		if (prng_below(&m->seed, 16) == 0)
			assert_same(m);
		if (prng_below(&m->seed, 6) == 0)
			take(m, true);
	}
	assert_same(m);
	CU_ASSERT_EQUAL(m->f.t.state, TCP_CLOSE_WAIT);
	take(m, true);
	CU_ASSERT_EQUAL(m->read, m->stream);
	CU_ASSERT_PTR_NULL(m->f.t.ooo_head);
	CU_ASSERT_EQUAL(m->f.t.events & TE_PEER_CLOSED, TE_PEER_CLOSED);
	CU_ASSERT_EQUAL(m->f.stats.rx_data_bytes, m->stream);
	CU_ASSERT_EQUAL(m->f.stats.mbufs_held, 0);
}

static void
test_random(void)
{
	static const struct {
		uint32_t most, spread, rcvbuf;
	} ways[] = { { 1460, 6000, 65535 }, { 40, 900, 65535 }, { 300, 2000, 4096 },
		{ 1460, 20000, 65535 }, { 1460, 3000, 2048 }, { 5, 400, 65535 } };
	const struct peer_syn syn = { .irs = FIX_IRS, .mss = 1460, .wnd = 65535 };

	for (unsigned int way = 0; way < RTE_DIM(ways); way++) {
		for (uint64_t seed = 1; seed <= 6; seed++) {
			struct model *m = model_new(seed * 10 + way);

			m->f.env.params.rcvbuf_bytes = ways[way].rcvbuf;
			tcp_settings_init(&m->f.env);
			tcp_peer_syn(&m->f.env, &m->f.t, &m->f.env.settings.terms, &syn);
			run(m, ways[way].most, ways[way].spread);
			model_free(m);
		}
	}
}

/* The whole stream backwards, FIN first: everything is kept ahead until its first byte comes. */
static void
test_backwards(void)
{
	struct model *m = model_new(3);
	uint32_t pos = m->stream;

	arrive(m, m->stream, 0, 0, true);
	CU_ASSERT_NOT_EQUAL(m->f.t.flags & TF_FIN_AHEAD, 0);
	while (pos > 0) {
		uint32_t len = RTE_MIN(pos, 1000u);

		pos -= len;
		arrive(m, pos, len, pos, false);
		assert_same(m);
		if (pos != 0)
			CU_ASSERT_EQUAL(m->f.t.events, 0);
	}
	CU_ASSERT_EQUAL(m->f.t.state, TCP_CLOSE_WAIT);
	take(m, false);
	CU_ASSERT_EQUAL(m->read, m->stream);
	model_free(m);
}

/* Every second byte, then all the rest at once, as often as it takes: what was there first stays.
 */
static void
test_sieve(void)
{
	struct model *m = model_new(4);

	for (uint32_t pos = 1; pos < 200; pos += 2)
		arrive(m, pos, 1, 1, false);
	CU_ASSERT_EQUAL(m->f.stats.mbufs_held, 100);
	assert_same(m);
	for (uint32_t i = 0; m->nxt < 200; i++) {
		CU_ASSERT_FATAL(i < 200);
		arrive(m, 0, 200, 2, false);
		assert_same(m);
	}
	take(m, true);
	CU_ASSERT_EQUAL(m->read, 200);
	for (uint32_t i = 0; i < 200; i++)
		CU_ASSERT_EQUAL(m->bytes[i], byte_of(i, i % 2 != 0 ? 1 : 2));
	model_free(m);
}

/* A window's worth of tiny segments doesn't pin an mbuf each. */
static void
test_gathering(void)
{
	struct model *m = model_new(5);
	uint64_t most = 0;

	m->plain = true;
	for (uint32_t pos = 0; pos < 20000; pos += 10) {
		arrive(m, pos, 10, pos, false);
		most = RTE_MAX(most, m->f.stats.mbufs_held);
	}
	CU_ASSERT(most <= 20000 / 1500);
	assert_same(m);
	take(m, true);
	CU_ASSERT_EQUAL(m->read, 20000);
	model_free(m);
}

/* Data in sequence and ahead, never read: it all goes with the connection. */
static void
test_dropped_with_connection(void)
{
	struct model *m = model_new(6);

	arrive(m, 0, 1000, 1, false);
	arrive(m, 2000, 1000, 1, false);
	arrive(m, 4000, 1000, 1, false);
	CU_ASSERT(m->f.stats.mbufs_held >= 3);
	tcp_drop_queues(&m->f.env, &m->f.t);
	CU_ASSERT_EQUAL(m->f.stats.mbufs_held, 0);
	model_free(m);
}

/* The budget: nothing is taken beyond it, an ACK says where we stand, and it goes on afterwards. */
static void
test_budget(void)
{
	struct model *m = model_new(8);
	uint32_t nxt;

	m->f.env.rx_held_max = 4;
	for (uint32_t pos = 0; m->f.stats.mbufs_held < 4; pos += 1000)
		arrive(m, pos, 1000, 1, false);
	nxt = m->nxt;
	m->f.t.flags &= (uint16_t)~TF_ACK_NOW;
	struct seg s = fix_seg(&m->f, TCP_ACK);
	s.len = 100;
	s.m = fix_bytes(&m->f, 0, 100);
	tcp_input(&m->f.env, &m->f.t, &s);
	rte_pktmbuf_free(s.m);
	CU_ASSERT_EQUAL(m->f.t.rcv_nxt, FIX_IRS + 1 + nxt);
	CU_ASSERT_EQUAL(m->f.stats.rx_drop_memory, 1);
	CU_ASSERT_NOT_EQUAL(m->f.t.flags & TF_ACK_NOW, 0);
	take(m, true);
	arrive(m, nxt, 500, 1, false);
	assert_same(m);
	take(m, true);
	model_free(m);
}

/* What is ahead may use up the budget, but never so that the hole before it can't be filled. */
static void
test_budget_and_hole(void)
{
	struct model *m = model_new(9);
	uint32_t tries = 0;

	m->f.env.rx_held_max = 8;
	for (uint32_t pos = 1000; pos < 10000; pos += 1000)
		arrive(m, pos, 1000, 1, false);
	/* The peer repeats from the hole on, as it must for whatever isn't acknowledged. */
	while (m->f.t.rcv_nxt - (FIX_IRS + 1) < 10000 && tries++ < 100) {
		uint32_t pos = m->f.t.rcv_nxt - (FIX_IRS + 1);

		m->nxt = pos;
		arrive(m, pos, RTE_MIN(1000u, 10000 - pos), 1, false);
		rte_pktmbuf_free(tcp_rcv_take(&m->f.env, &m->f.t, &pos));
		tcp_received(&m->f.env, &m->f.t, pos);
	}
	CU_ASSERT_EQUAL(m->f.t.rcv_nxt, FIX_IRS + 1 + 10000);
	model_free(m);
}

/*
 * A bulk transfer into a window of megabytes: segments get lost, late and doubled; the holes are
 * filled later, from the first on or in any order.
 */
static void
wide(uint32_t size, uint32_t one_lost_of, bool in_order, uint64_t seed)
{
	struct model *m = model_new_wide(seed, in_order ? 2 << 20 : 1 << 20);
	uint32_t n = m->stream / size, version = 0, tries = 0, most = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = RTE_MIN(i + prng_below(&m->seed, 4), n - 1);

		if (i != 0 && prng_below(&m->seed, one_lost_of) != 0)
			arrive(m, at * size, size, ++version, false);
	}
	assert_same(m);
	most = RTE_MAX(most, check_runs(&m->f.t, false));
	while (m->nxt < m->stream && tries++ < 40 * n) {
		uint32_t pos = in_order || prng_below(&m->seed, 8) == 0
				       ? m->nxt
				       : m->nxt + prng_below(&m->seed, m->stream - m->nxt);
		uint32_t len = RTE_MIN(1 + prng_below(&m->seed, 1460), m->stream - pos);

		arrive(m, pos, len, ++version, false);
		if (prng_below(&m->seed, n / 4) == 0) {
			assert_same(m);
			most = RTE_MAX(most, check_runs(&m->f.t, false));
			take(m, true);
		}
	}
	assert_same(m);
	take(m, true);
	CU_ASSERT_EQUAL(m->read, m->stream);
	CU_ASSERT(most > 50);
	model_free(m);
}

static void
test_wide(void)
{
	wide(1448, 16, true, 31);
	wide(1448, 16, false, 32);
	wide(1448, 3, false, 33); /* more runs than are looked at */
	wide(400, 40, true, 34);
	wide(300, 8, false, 35);
}

/* No mbuf to split or to copy with: what can't be kept is dropped, and the rest is right. */
static void
test_no_mbufs(void)
{
	struct model *m = model_new_wide(36, 100000);
	struct rte_mbuf *all[FIX_POOL + 1];
	uint32_t version = 0, tries = 0;

	mbufs_fini(&m->f.mbufs);
	while (m->nxt < m->stream && tries++ < 100000) {
		bool none = prng_below(&m->seed, 2) != 0;
		uint32_t from = m->nxt > 300 ? m->nxt - 300 : 0;
		uint32_t pos = from + prng_below(&m->seed, RTE_MIN(4000u, m->stream - from));
		uint32_t len = RTE_MIN(1 + prng_below(&m->seed, 1460), m->stream - pos);
		unsigned int n = 0;

		if (prng_below(&m->seed, 2) != 0)
			len = RTE_MIN(len, 10u);
		while (none && (all[n] = mbufs_get(&m->f.mbufs)) != NULL)
			n++;
		arrive(m, pos, len, ++version, false);
		rte_pktmbuf_free_bulk(all, n);
		if (prng_below(&m->seed, 16) == 0) {
			assert_same(m);
			take(m, true);
		}
	}
	take(m, true);
	CU_ASSERT_EQUAL(m->read, m->stream);
	CU_ASSERT(m->f.stats.rx_drop_memory != 0);
	model_free(m);
}

/* Thousands of segments behind one hole are one run; the hole's segment makes all of it readable.
 */
static void
test_one_run(void)
{
	struct model *m = model_new_wide(37, 2 << 20);
	uint32_t n = m->stream / 1024;

	m->plain = true;
	for (uint32_t i = 1; i < n; i++)
		arrive(m, i * 1024, 1024, 1, false);
	CU_ASSERT_EQUAL(check_runs(&m->f.t, false), 1);
	CU_ASSERT_EQUAL(m->f.t.ooo_head->nb_segs, n - 1);
	CU_ASSERT_EQUAL(m->f.stats.mbufs_held, n - 1);
	arrive(m, 0, 1024, 1, false);
	CU_ASSERT_PTR_NULL(m->f.t.ooo_head);
	assert_same(m);
	take(m, true);
	CU_ASSERT_EQUAL(m->read, m->stream);
	model_free(m);
}

/* An mbuf that others refer to is left as it is, beside its bytes too. */
static void
test_shared(void)
{
	for (uint32_t at = 0; at <= 1000; at += 1000) {
		struct model *m = model_new(41);
		struct rte_mbuf *shared = rte_pktmbuf_alloc(m->pkts);
		struct seg s = fix_seg(&m->f, TCP_ACK);
		uint8_t *bytes;

		CU_ASSERT_PTR_NOT_NULL_FATAL(shared);
		memset(rte_pktmbuf_append(shared, OFF + 200), 0x5a, OFF + 200);
		bytes = rte_pktmbuf_mtod(shared, uint8_t *);
		for (uint32_t i = 0; i < 100; i++)
			bytes[OFF + i] = byte_of(at + i, 1);
		rte_mbuf_refcnt_update(shared, 1);
		s.m = shared;
		s.seq += at;
		s.payload_off = OFF;
		s.len = 100;
		model_arrive(m, at, 100, 1, false, tcp_rcv_wnd(&m->f.t));
		CU_ASSERT_EQUAL(tcp_input(&m->f.env, &m->f.t, &s), REPLY_NONE);
		m->plain = true;
		arrive(m, at + 100, 50, 2, false);
		if (at != 0)
			arrive(m, at - 20, 20, 3, false);
		for (uint32_t i = 0; i < OFF; i++)
			CU_ASSERT_EQUAL(bytes[i], 0x5a);
		for (uint32_t i = 100; i < 200; i++)
			CU_ASSERT_EQUAL(bytes[OFF + i], 0x5a);
		assert_same(m);
		take(m, true);
		tcp_rcv_drop_ahead(&m->f.env, &m->f.t);
		shared->next = NULL;
		rte_pktmbuf_free_seg(shared);
		model_free(m);
	}
}

/* A flood of single bytes ahead of a hole: memory follows the bytes, or stops at a bound. */
static void
flood(uint32_t first, uint32_t step, uint32_t n, uint64_t held, bool foreign)
{
	struct model *m = model_new(38);
	uint64_t most = 0;

	for (uint32_t i = 0; i < n; i++) {
		m->plain = !foreign;
		arrive(m, first + i * step, 1, i, false);
		most = RTE_MAX(most, m->f.stats.mbufs_held);
	}
	CU_ASSERT(most <= held);
	assert_same(m);
	model_free(m);
}

static void
test_flood(void)
{
	flood(0, 1, 20000, 20000 / 1500, false);
	flood(1, 1, 20000, 20000 / 1500, false);
	flood(0, 1, 20000, 20000 / 1500, true); /* in mbufs whose room is somebody else's */
	flood(1, 1, 20000, 20000 / 1500, true);
	flood(20000, UINT32_MAX, 20000, 20000 / 128, false); /* backwards */
	flood(1, 2, 10000, AHEAD_STEPS + 1, false);	     /* every second byte */
}

/* Runs beyond those that are looked at are refused; what is nearer to the hole isn't. */
static void
test_run_limit(void)
{
	struct model *m = model_new(39);

	for (uint32_t pos = 10000; pos < 10000 + 4 * AHEAD_STEPS; pos += 4)
		arrive(m, pos, 1, 1, false);
	CU_ASSERT_EQUAL(check_runs(&m->f.t, false), AHEAD_STEPS);
	CU_ASSERT_EQUAL(m->f.stats.rx_drop_memory, 0);
	arrive(m, 10000 + 4 * AHEAD_STEPS, 1, 1, false);
	CU_ASSERT_EQUAL(m->f.stats.rx_drop_memory, 0);
	arrive(m, 10000 + 4 * AHEAD_STEPS + 4, 1, 1, false);
	CU_ASSERT_EQUAL(m->f.stats.rx_drop_memory, 1);
	arrive(m, 5000, 1000, 1, false);
	CU_ASSERT_EQUAL(check_runs(&m->f.t, false), AHEAD_STEPS + 2);
	arrive(m, 0, 1460, 1, false);
	CU_ASSERT_EQUAL(m->f.stats.rx_drop_memory, 1);
	assert_same(m);
	model_free(m);
}

/* A packet's mbufs are counted in 16 bits: what is beyond waits for the reader. */
static void
test_segs_limit(void)
{
	struct model *m = model_new(40);
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"rcv-many", UINT16_MAX + 100, 0, 0, 400 + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	uint32_t bytes, nxt;

	CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
	m->f.env.params.rcvbuf_bytes = 64 << 20;
	tcp_settings_init(&m->f.env);
	m->f.env.rx_held_max = UINT32_MAX;
	m->f.t.opts |= TO_WSCALE;
	m->f.t.rcv_wscale = tcp_rcv_wscale(64 << 20) & 15u;
	m->f.t.rcv_log = 26;
	for (unsigned int hole = 0; hole < 2; hole++) {
		tcp_window_advance(&m->f.env, &m->f.t);
		nxt = m->f.t.rcv_nxt;
		for (uint32_t i = 0, n = UINT16_MAX + (hole != 0 ? 10u : 1u); i < n; i++) {
			struct seg s = fix_seg(&m->f, TCP_ACK);
			uint32_t k = i;

			if (hole != 0 && i >= 30000) /* joins two long runs at last */
				k = i != n - 1 ? i + 1 : 30000;

			s.seq = nxt + hole * 300 + k * 300;
			s.len = 300;
			s.m = rte_pktmbuf_alloc(pool);
			CU_ASSERT_PTR_NOT_NULL_FATAL(s.m);
			memset(rte_pktmbuf_append(s.m, 300), (int)i, 300);
			tcp_input(&m->f.env, &m->f.t, &s);
			rte_pktmbuf_free(s.m);
		}
		if (hole == 1) {
			struct seg s = fix_seg(&m->f, TCP_ACK);

			CU_ASSERT_EQUAL(m->f.stats.mbufs_held, UINT16_MAX + 10);
			check_runs(&m->f.t, true);
			s.len = 300;
			s.m = fix_bytes(&m->f, 0, 300);
			tcp_input(&m->f.env, &m->f.t, &s);
			rte_pktmbuf_free(s.m);
			CU_ASSERT_PTR_NOT_NULL(m->f.t.ooo_head);
		} else {
			CU_ASSERT_EQUAL(m->f.t.rcv_segs, UINT16_MAX);
			CU_ASSERT_EQUAL(m->f.stats.rx_drop_memory, 1);
			CU_ASSERT_PTR_NULL(m->f.t.ooo_head);
		}
		CU_ASSERT(m->f.t.rcv_nxt - nxt == m->f.t.rcv_segs * 300u);
		while (m->f.t.rcv_queued != 0) {
			rte_pktmbuf_free(tcp_rcv_take(&m->f.env, &m->f.t, &bytes));
			tcp_received(&m->f.env, &m->f.t, bytes);
			tcp_rcv_pull_ahead(&m->f.env, &m->f.t);
		}
		CU_ASSERT_EQUAL(
			m->f.t.rcv_nxt - nxt, (hole != 0 ? UINT16_MAX + 11u : UINT16_MAX) * 300);
	}
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), UINT16_MAX + 100);
	rte_mempool_free(pool);
	model_free(m);
}

static const struct test_case cases[] = {
	{ "random segments against a byte map", test_random },
	{ "backwards, FIN first", test_backwards },
	{ "first come stays", test_sieve },
	{ "tiny segments are gathered", test_gathering },
	{ "all is freed with the connection", test_dropped_with_connection },
	{ "memory budget", test_budget },
	{ "memory budget used up ahead of a hole", test_budget_and_hole },
	{ "windows of megabytes", test_wide },
	{ "no mbufs to split with", test_no_mbufs },
	{ "all that touches is one run", test_one_run },
	{ "shared mbufs aren't written to", test_shared },
	{ "floods of single bytes", test_flood },
	{ "more runs than are looked at", test_run_limit },
	{ "more mbufs than a packet may have", test_segs_limit },
	{ NULL, NULL },
};
const struct test_suite suite_rcv_queue = { "rcv_queue", cases };
