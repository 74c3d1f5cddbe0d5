/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_rcv_queue.c: reassembly against a byte map. Segments of a stream arrive in any order, cut
 * and overlapping, as chains, and each with bytes of its own making: what came first must win. The
 * FIN comes early or late, and memory is all given back.
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define STREAM 30000u
#define OFF    54 /* headers before the payload */

struct model {
	struct fix f;
	uint64_t seed;
	uint32_t nxt;  /* in sequence up to here */
	uint32_t read; /* compared up to here */
	bool fin_seen; /* within the window */
	bool plain;    /* packets of one pool mbuf each */
	bool have[STREAM];
	uint8_t bytes[STREAM];
};

static struct model *
model_new(uint64_t seed)
{
	struct model *m = calloc(1, sizeof(*m));

	if (m == NULL)
		abort();
	fix_up(&m->f);
	m->seed = seed;
	return m;
}

static void
model_free(struct model *m)
{
	fix_down(&m->f);
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
			one = test_exact_mbuf(m->f.pool, frame + at, part);
		} else {
			one = rte_pktmbuf_alloc(m->f.pool);
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
	while (m->nxt < STREAM && m->have[m->nxt])
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
	while (m->nxt < STREAM && m->have[m->nxt])
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

/* The TCB's view is the model's: position, FIN, what is held and charged. */
static void
assert_same(struct model *m)
{
	const struct tcb *t = &m->f.t;
	uint32_t held = t->rcv_segs, segs = 0, bytes = 0, ahead = 0;
	bool fin = m->fin_seen && m->nxt == STREAM;
	uint32_t last = t->rcv_nxt;

	CU_ASSERT_EQUAL_FATAL(t->rcv_nxt, FIX_IRS + 1 + m->nxt + fin);
	CU_ASSERT_EQUAL(t->state, fin ? TCP_CLOSE_WAIT : TCP_ESTABLISHED);
	for (const struct rte_mbuf *b = t->rcv_head; b != NULL; b = b->next, segs++)
		bytes += b->data_len;
	CU_ASSERT_EQUAL(segs, t->rcv_segs);
	CU_ASSERT_EQUAL(bytes, t->rcv_queued);
	for (const struct rte_mbuf *b = t->ooo_head; b != NULL; b = b->next, held++) {
		uint32_t pos = b->hash.usr - (FIX_IRS + 1);

		CU_ASSERT_FATAL(seq_geq(b->hash.usr, last) && b->data_len != 0);
		last = b->hash.usr + b->data_len;
		CU_ASSERT_FATAL(pos + b->data_len <= STREAM);
		CU_ASSERT_EQUAL(
			memcmp(rte_pktmbuf_mtod(b, void *), m->bytes + pos, b->data_len), 0);
		ahead += b->data_len;
	}
	CU_ASSERT_EQUAL(m->f.stats.mbufs_held, held);
	for (uint32_t i = m->nxt; i < STREAM; i++)
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
		uint32_t pos = from + prng_below(&m->seed, RTE_MIN(spread, STREAM - from + 1));
		uint32_t len = RTE_MIN(prng_below(&m->seed, most + 1), STREAM - pos);
		bool fin = pos + len == STREAM && prng_below(&m->seed, 2) != 0;

		if (prng_below(&m->seed, 8) == 0) { /* the peer repeats the hole's beginning */
			pos = m->nxt;
			len = RTE_MIN(1 + prng_below(&m->seed, most), STREAM - pos);
		}
		fin = fin && pos + len == STREAM && STREAM < m->nxt + tcp_rcv_wnd(&m->f.t);
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
	CU_ASSERT_EQUAL(m->read, STREAM);
	CU_ASSERT_PTR_NULL(m->f.t.ooo_head);
	CU_ASSERT_EQUAL(m->f.t.events & TE_PEER_CLOSED, TE_PEER_CLOSED);
	CU_ASSERT_EQUAL(m->f.stats.rx_data_bytes, STREAM);
	CU_ASSERT_EQUAL(m->f.stats.mbufs_held, 0);
}

static void
test_random(void)
{
	static const struct {
		uint32_t most, spread, rcvbuf;
	} ways[] = { { 1460, 6000, 65535 }, { 40, 900, 65535 }, { 300, 2000, 4096 },
		{ 1460, 20000, 65535 }, { 1460, 3000, 2048 }, { 5, 400, 65535 } };

	for (unsigned int way = 0; way < RTE_DIM(ways); way++) {
		for (uint64_t seed = 1; seed <= 6; seed++) {
			struct model *m = model_new(seed * 10 + way);

			m->f.env.params.rcvbuf_bytes = ways[way].rcvbuf;
			tcp_peer_syn(&m->f.env, &m->f.t, FIX_IRS, 1460, 65535);
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
	uint32_t pos = STREAM;

	arrive(m, STREAM, 0, 0, true);
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
	CU_ASSERT_EQUAL(m->read, STREAM);
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

static const struct test_case cases[] = {
	{ "random segments against a byte map", test_random },
	{ "backwards, FIN first", test_backwards },
	{ "first come stays", test_sieve },
	{ "tiny segments are gathered", test_gathering },
	{ "all is freed with the connection", test_dropped_with_connection },
	{ "memory budget", test_budget },
	{ "memory budget used up ahead of a hole", test_budget_and_hole },
	{ NULL, NULL },
};
const struct test_suite suite_rcv_queue = { "rcv_queue", cases };
