/* SPDX-License-Identifier: BSD-3-Clause */
/* test_bulk.c: a chain is sent without a copy of its payload, however long it is; what is copied is
 * counted. */
#include <stdlib.h>
#include <string.h>

#include "pair.h"

#define PIECE_BYTES  2048u
#define PIECES	     (64u * 1024 * 1024 / PIECE_BYTES)
#define PATTERN	     (32u * PIECE_BYTES) /* what the payload repeats */
#define SHARE_PIECES 1024u		 /* reference counts are 16 bits */
#define TURN_NS	     (10 * TIME_US)
#define TURNS_MOST   1000000u

struct memory {
	struct rte_mbuf_ext_shared_info shares[PIECES / SHARE_PIECES];
	unsigned int freed;
	uint8_t bytes[PATTERN];
};

static void
count_freed(void *addr, void *ctx)
{
	(void)addr;
	((struct memory *)ctx)->freed++;
}

/* 64 MiB in 32,768 mbufs without room of their own. */
static struct rte_mbuf *
make_chain(struct rte_mempool *pool, struct memory *mem)
{
	struct rte_mbuf *head = NULL, *last = NULL;

	for (uint32_t i = 0; i < PATTERN; i++)
		mem->bytes[i] = (uint8_t)(i ^ (i >> 8) * 5);
	for (uint32_t i = 0; i < PIECES; i++) {
		struct rte_mbuf_ext_shared_info *share = &mem->shares[i / SHARE_PIECES];
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		share->free_cb = count_freed;
		share->fcb_opaque = mem;
		rte_mbuf_ext_refcnt_set(share, (uint16_t)SHARE_PIECES);
		rte_pktmbuf_attach_extbuf(m, mem->bytes + i * PIECE_BYTES % PATTERN, RTE_BAD_IOVA,
			PIECE_BYTES, share);
		m->data_len = PIECE_BYTES;
		if (head == NULL)
			head = m;
		else
			last->next = m;
		last = m;
	}
	head->nb_segs = (uint16_t)PIECES;
	head->pkt_len = PIECES * PIECE_BYTES;
	return head;
}

/* @return how many bytes of @p m aren't what they should be at @p at of the stream. */
static uint32_t
wrong_bytes(const struct rte_mbuf *m, uint64_t at, const uint8_t *pattern)
{
	uint32_t wrong = 0;

	for (; m != NULL; m = m->next)
		for (uint32_t off = 0, n; off < m->data_len; off += n, at += n) {
			n = RTE_MIN(m->data_len - off, (uint32_t)(PATTERN - at % PATTERN));
			if (memcmp(rte_pktmbuf_mtod_offset(m, const uint8_t *, off),
				    pattern + at % PATTERN, n) != 0)
				wrong += n;
		}
	return wrong;
}

static uint64_t
receive(struct thole_app *app, uint64_t at, const uint8_t *pattern, uint32_t *wrong)
{
	struct thole_event ev;

	while (thole_app_events(app, &ev, 1) == 1) {
		CU_ASSERT_EQUAL_FATAL(ev.type, THOLE_EV_DATA);
		*wrong += wrong_bytes(ev.mbuf, at, pattern);
		at += ev.bytes;
		pair_op(app, THOLE_OP_RECEIVED, ev.conn, ev.bytes);
		rte_pktmbuf_free(ev.mbuf);
	}
	return at;
}

static void
test_no_copy(void)
{
	struct memory *mem = calloc(1, sizeof(*mem));
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("bulk", PIECES, 0, 0, RTE_PKTMBUF_HEADROOM, -1);
	struct pair p;
	struct thole_app *c, *s;
	struct thole_stats out, in;
	thole_conn conn[2];
	struct thole_op op = { .type = THOLE_OP_SEND };
	uint64_t got = 0;
	uint32_t wrong = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mem);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 0);
	pair_listen(&p, s, PAIR_PORT, 1);
	pair_open(&p, c, s, PAIR_PORT, conn);
	op.conn = conn[CLIENT];
	op.mbuf = make_chain(pool, mem);
	CU_ASSERT_EQUAL_FATAL(thole_app_submit(c, &op, 1), 1);
	for (uint32_t i = 0; got < PIECES * PIECE_BYTES && i < TURNS_MOST; i++) {
		p.now += TURN_NS;
		pair_turn(&p);
		got = receive(s, got, mem->bytes, &wrong);
	}
	CU_ASSERT_EQUAL(got, PIECES * PIECE_BYTES);
	CU_ASSERT_EQUAL(wrong, 0);
	pair_sleep(&p, TIME_S);
	thole_stats_get(p.side[CLIENT].stack, &out);
	thole_stats_get(p.side[SERVER].stack, &in);
	CU_ASSERT_TRUE(out.tx_data_bytes >= PIECES * PIECE_BYTES); /* a tail probe comes on top */
	CU_ASSERT_EQUAL(out.tx_copied_bytes, 0);
	CU_ASSERT_EQUAL(in.rx_data_bytes, PIECES * PIECE_BYTES);
	/* Acknowledged, all of it is free. */
	CU_ASSERT_EQUAL(mem->freed, PIECES / SHARE_PIECES);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), PIECES);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
	rte_mempool_free(pool);
	free(mem);
}

static void
test_copies_count(void)
{
	struct pair p;
	struct thole_app *c, *s;
	struct thole_stats out, in;
	thole_conn conn[2];

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 0);
	pair_listen(&p, s, PAIR_PORT, 1);
	pair_open(&p, c, s, PAIR_PORT, conn);
	pair_set(c, THOLE_OPT_NO_DELAY, conn[CLIENT], 1);
	for (int i = 0; i < 3; i++) {
		pair_send(&p, c, CLIENT, conn[CLIENT], 100);
		pair_settle(&p);
	}
	thole_stats_get(p.side[CLIENT].stack, &out);
	thole_stats_get(p.side[SERVER].stack, &in);
	CU_ASSERT_EQUAL(out.tx_copied_bytes, 300);
	CU_ASSERT_EQUAL(in.rx_copied_bytes, 200); /* behind the first */
	CU_ASSERT_EQUAL(pair_event(s, THOLE_EV_DATA).bytes, 300);
	pair_send(&p, c, CLIENT, conn[CLIENT], 1000);
	pair_settle(&p);
	thole_stats_get(p.side[CLIENT].stack, &out);
	CU_ASSERT_EQUAL(out.tx_copied_bytes, 300);
	CU_ASSERT_EQUAL(out.tx_data_bytes, 1300);
	pair_event(s, THOLE_EV_DATA);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

static const struct test_case cases[] = {
	{ "64 MiB in one chain, no byte copied", test_no_copy },
	{ "copies are counted", test_copies_count },
	{ NULL, NULL },
};
const struct test_suite suite_bulk = { "bulk", cases };
