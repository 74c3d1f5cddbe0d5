/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_snd_queue.c: the send queue against a flat array of bytes, with packets that a slow device
 * holds on to while their payload is acknowledged away.
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define STREAM (1u << 20)
#define HELD   64

struct held {
	struct rte_mbuf *m;
	uint32_t pos;
	uint32_t len;
	uint8_t mark; /* stands for its headers */
};

struct model {
	struct fix f;
	uint64_t seed;
	uint32_t una, end; /* positions in the stream */
	uint32_t sent;	   /* up to here tcp_snd_seek() has gone */
	uint32_t in_place; /* packets whose headers are in an mbuf of the queue */
	uint8_t mark;
	struct held held[HELD];
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

static uint32_t
to_seq(uint32_t pos)
{
	return FIX_ISS + 1 + pos;
}

/* Who holds position @p pos: as output.c finds it, for new data, or by a look at all. */
static struct rte_mbuf *
holder(struct model *m, uint32_t pos)
{
	struct rte_mbuf *from = m->f.t.snd_head;

	while (to_seq(pos) - from->hash.usr >= from->data_len)
		from = from->next;
	if (pos >= m->sent) {
		CU_ASSERT_PTR_EQUAL_FATAL(tcp_snd_seek(&m->f.t, to_seq(pos)), from);
		m->sent = pos;
	}
	return from;
}

static struct rte_mbuf *
cut_at(struct model *m, uint32_t pos, uint32_t len)
{
	return tcp_snd_cut(&m->f.env, holder(m, pos), to_seq(pos), len);
}

static void
assert_bytes(const struct rte_mbuf *pkt, const uint8_t *bytes, uint32_t len)
{
	uint32_t at = 0;
	unsigned int segs = 0;
	const char *why;

	CU_ASSERT_EQUAL(pkt->pkt_len, len);
	for (const struct rte_mbuf *m = pkt; m != NULL; m = m->next, segs++) {
		CU_ASSERT_FATAL(at + m->data_len <= len);
		CU_ASSERT_EQUAL(
			memcmp(rte_pktmbuf_mtod(m, const void *), bytes + at, m->data_len), 0);
		at += m->data_len;
	}
	CU_ASSERT_EQUAL(at, len);
	CU_ASSERT_EQUAL(segs, pkt->nb_segs);
	CU_ASSERT_EQUAL_FATAL(rte_mbuf_check(pkt, 1, &why), 0);
}

/* One mbuf with the stream's next @p n bytes: pool's or exact, direct or indirect. */
static struct rte_mbuf *
piece(struct model *m, uint32_t pos, uint32_t n)
{
	struct rte_mbuf *direct, *clone;

	if (n == 0 || prng_below(&m->seed, 3) == 0)
		return test_exact_mbuf(m->f.pool, m->bytes + pos, n);
	direct = rte_pktmbuf_alloc(m->f.pool);
	CU_ASSERT_PTR_NOT_NULL_FATAL(direct);
	rte_pktmbuf_reset_headroom(direct);
	memcpy(rte_pktmbuf_append(direct, (uint16_t)n), m->bytes + pos, n);
	if (prng_below(&m->seed, 3) != 0)
		return direct;
	clone = rte_pktmbuf_clone(direct, m->f.pool);
	CU_ASSERT_PTR_NOT_NULL_FATAL(clone);
	rte_pktmbuf_free(direct);
	return clone;
}

static void
append(struct model *m)
{
	struct rte_mbuf *chain = NULL, *last = NULL;
	unsigned int pieces = 1 + prng_below(&m->seed, 5);

	while (pieces-- > 0) {
		uint32_t n = prng_below(&m->seed, 4) == 0 ? 1 + prng_below(&m->seed, 4)
							  : 1 + prng_below(&m->seed, 1900);
		struct rte_mbuf *one;

		if (chain != NULL && prng_below(&m->seed, 8) == 0)
			n = 0; /* nothing forbids an empty mbuf in a chain */
		if (m->end + n > STREAM)
			break;
		for (uint32_t i = 0; i < n; i++)
			m->bytes[m->end + i] = (uint8_t)prng_next(&m->seed);
		one = piece(m, m->end, n);
		m->end += n;
		if (chain == NULL) {
			chain = one;
		} else {
			last->next = one;
			chain->nb_segs++;
			chain->pkt_len += n;
		}
		last = one;
	}
	if (chain != NULL)
		tcp_snd_append(&m->f.t, chain);
}

static uint8_t *
headers(const struct rte_mbuf *pkt)
{
	return rte_pktmbuf_mtod(pkt, uint8_t *) - WIRE_HEADERS_MAX;
}

/* The device is done with packet @p h: it has carried the same bytes all the while. */
static void
let_go(struct model *m, struct held *h)
{
	if (h->m == NULL)
		return;
	assert_bytes(h->m, m->bytes + h->pos, h->len);
	for (const uint8_t *p = headers(h->m); p < headers(h->m) + WIRE_HEADERS_MAX; p++)
		CU_ASSERT_EQUAL_FATAL(*p, h->mark);
	rte_pktmbuf_free(h->m);
	h->m = NULL;
}

static void
cut(struct model *m)
{
	struct held *h = &m->held[prng_below(&m->seed, HELD)];
	struct rte_mbuf *pkt;

	if (m->una == m->end)
		return;
	let_go(m, h);
	h->pos = m->una + prng_below(&m->seed, m->end - m->una);
	if (prng_below(&m->seed, 2) == 0) /* where an mbuf begins, if that is unacknowledged */
		h->pos = RTE_MAX(m->una, holder(m, h->pos)->hash.usr - to_seq(0));
	h->len = 1 + prng_below(&m->seed, RTE_MIN(m->end - h->pos, 1460u));
	pkt = h->m = cut_at(m, h->pos, h->len);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pkt);
	assert_bytes(pkt, m->bytes + h->pos, h->len);
	/* Headers are written before it, which no other packet's are. */
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(pkt), 1);
	CU_ASSERT(rte_pktmbuf_headroom(pkt) >= WIRE_HEADERS_MAX);
	h->mark = ++m->mark;
	memset(headers(pkt), h->mark, WIRE_HEADERS_MAX);
	m->in_place += !RTE_MBUF_DIRECT(pkt);
}

static void
acked(struct model *m)
{
	if (m->una == m->end)
		return;
	m->una += prng_below(&m->seed, 4) == 0 ? m->end - m->una
					       : 1 + prng_below(&m->seed, m->end - m->una);
	if (m->f.t.snd_head != NULL)
		tcp_snd_acked(&m->f.t, to_seq(m->una));
	m->f.t.snd_una = to_seq(m->una);
	m->sent = RTE_MAX(m->sent, m->una);
}

static void
test_random(void)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct model *m = model_new(seed);

		while (m->end < STREAM / 8) {
			switch (prng_below(&m->seed, 8)) {
			case 0:
				if (m->end - m->una < 200000)
					append(m);
				break;
			case 1:
				if (prng_below(&m->seed, 4) == 0)
					acked(m);
				break;
			default:
				cut(m);
				break;
			}
			CU_ASSERT_EQUAL_FATAL(m->f.t.snd_end, to_seq(m->end));
		}
		m->una = m->end;
		if (m->f.t.snd_head != NULL)
			tcp_snd_acked(&m->f.t, to_seq(m->end) + 1); /* our FIN, too */
		CU_ASSERT_PTR_NULL(m->f.t.snd_head);
		CU_ASSERT_PTR_NULL(m->f.t.snd_tail);
		CU_ASSERT(m->in_place != 0);
		for (unsigned int i = 0; i < HELD; i++)
			let_go(m, &m->held[i]);
		fix_down(&m->f);
		free(m);
	}
}

/* All of it in segments of every size, in order, as a connection does: no byte is missed. */
static void
test_every_size(void)
{
	struct model *m = model_new(99);

	while (m->end < 20000)
		append(m);
	for (uint32_t size = 1; size <= 1460; size += size < 300 ? 1 : 37) {
		m->sent = 0;
		m->f.t.snd_cur = m->f.t.snd_head;
		for (uint32_t pos = 0; pos < m->end; pos += size) {
			uint32_t len = RTE_MIN(size, m->end - pos);
			struct rte_mbuf *pkt = cut_at(m, pos, len);

			CU_ASSERT_PTR_NOT_NULL_FATAL(pkt);
			assert_bytes(pkt, m->bytes + pos, len);
			rte_pktmbuf_free(pkt);
		}
	}
	fix_down(&m->f);
	free(m);
}

/* No mbuf for the packet or for a piece of it: nothing sent, nothing lost, the next try works. */
static void
test_no_mbufs(void)
{
	struct model *m = model_new(7);
	struct rte_mbuf *taken[FIX_POOL];
	struct rte_mbuf *pkt;
	unsigned int n;

	for (unsigned int i = 0; i < 4; i++)
		tcp_snd_append(&m->f.t, fix_bytes(&m->f, i * 400, 400));
	for (unsigned int left = 0; left < 5; left++) {
		n = rte_mempool_avail_count(m->f.pool) - left;
		CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_alloc_bulk(m->f.pool, taken, n), 0);
		pkt = cut_at(m, 10, 1460); /* header and 4 pieces */
		CU_ASSERT_PTR_NULL(pkt);
		CU_ASSERT_EQUAL(m->f.stats.tx_nombuf, left + 1);
		CU_ASSERT_EQUAL(rte_mempool_avail_count(m->f.pool) + m->f.mbufs.n, left);
		rte_pktmbuf_free_bulk(taken, n);
		mbufs_fini(&m->f.mbufs);
	}
	pkt = cut_at(m, 10, 1460);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pkt);
	for (uint32_t i = 0; i < 1460; i++) {
		uint8_t b;

		CU_ASSERT_EQUAL_FATAL(
			*(const uint8_t *)rte_pktmbuf_read(pkt, i, 1, &b), (uint8_t)(10 + i));
	}
	rte_pktmbuf_free(pkt);
	fix_down(&m->f);
	free(m);
}

/* What was received and is kept may be of a pool whose buffers stand elsewhere. */
static void
test_other_pool(void)
{
	struct model *m = model_new(8);
	struct rte_mempool *other =
		rte_pktmbuf_pool_create("other", 15, 0, 64, 2048, SOCKET_ID_ANY);
	struct rte_mbuf *pkt;

	CU_ASSERT_PTR_NOT_NULL_FATAL(other);
	pkt = rte_pktmbuf_alloc(m->f.pool);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pkt);
	memcpy(rte_pktmbuf_append(pkt, 1000), m->bytes, 1000);
	tcp_snd_append(&m->f.t, pkt);
	m->end = 1000;
	mbufs_put(&m->f.mbufs, rte_pktmbuf_alloc(other));
	pkt = cut_at(m, 0, 1000);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pkt);
	CU_ASSERT_PTR_EQUAL(pkt->pool, other);
	assert_bytes(pkt, m->bytes, 1000);
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(m->f.t.snd_head), 2);
	rte_pktmbuf_free(pkt);
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(m->f.t.snd_head), 1);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(other), 0);
	fix_down(&m->f);
	rte_mempool_free(other);
	free(m);
}

static const struct test_case cases[] = {
	{ "random appends, acknowledgments and cuts", test_random },
	{ "cut in segments of every size", test_every_size },
	{ "without mbufs", test_no_mbufs },
	{ "in an mbuf of a pool with another private size", test_other_pool },
	{ NULL, NULL },
};
const struct test_suite suite_snd_queue = { "snd_queue", cases };
