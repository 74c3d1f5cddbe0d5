/* SPDX-License-Identifier: BSD-3-Clause */
/* test_txq.c: what a full device leaves is kept in order and offered again; its head is lost in the
 * end. */
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "port/port.h"
#include "port/txq.h"
#include "test.h"

#define SLOTS 16 /* of the cable: it holds 15 */

static struct thole_port *near, *far;
static struct thole_worker_stats stats;
static struct txq q;

static void
set_up(void)
{
	struct thole_port_config c;

	thole_port_config_init(&c);
	c.rx_desc = 16;
	c.tx_desc = 16;
	c.pool_mbufs = 1024;
	CU_ASSERT_EQUAL_FATAL(thole_cable_create("near", "far", 1, SLOTS, NULL), 0);
	c.device = "near";
	CU_ASSERT_EQUAL_FATAL(thole_port_open(&c, &near, NULL), 0);
	c.device = "far";
	CU_ASSERT_EQUAL_FATAL(thole_port_open(&c, &far, NULL), 0);
	memset(&stats, 0, sizeof(stats));
	q = (struct txq){ .port = near->id,
		.max_segs = near->max_segs,
		.pool = near->pools[0],
		.stats = &stats };
}

static void
tear_down(void)
{
	txq_drop_all(&q);
	for (struct rte_mbuf *m; rte_eth_rx_burst(far->id, 0, &m, 1) == 1;)
		rte_pktmbuf_free(m);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(near->pools[0]), 0);
	thole_port_close(near);
	thole_port_close(far);
}

static struct rte_mbuf *
packet(uint32_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(near->pools[0]);
	uint32_t *data;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	data = (uint32_t *)(void *)rte_pktmbuf_append(m, 64);
	if (data == NULL)
		abort();
	memset(data, 0, 64);
	*data = number;
	return m;
}

static void
fill(uint32_t first, uint16_t n)
{
	struct rte_mbuf **room = txq_room(&q);

	CU_ASSERT_PTR_NOT_NULL_FATAL(room);
	for (uint16_t i = 0; i < n; i++)
		room[i] = packet(first + i);
	txq_commit(&q, n);
}

/* Receives one packet at the far end. @return its number, or -1. */
static int64_t
receive(void)
{
	struct rte_mbuf *m;
	int64_t number;

	if (rte_eth_rx_burst(far->id, 0, &m, 1) == 0)
		return -1;
	number = *rte_pktmbuf_mtod(m, uint32_t *);
	rte_pktmbuf_free(m);
	return number;
}

static void
keeps_order(void)
{
	set_up();
	fill(0, 40);
	CU_ASSERT_EQUAL(txq_flush(&q, 1000), SLOTS - 1);
	CU_ASSERT_PTR_NULL(txq_room(&q));
	CU_ASSERT_EQUAL(txq_flush(&q, 1001), 0);
	for (int64_t i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(receive(), i);
	CU_ASSERT_EQUAL(txq_flush(&q, 1002), 5);
	for (int64_t i = 5; i < 20; i++)
		CU_ASSERT_EQUAL(receive(), i);
	CU_ASSERT_EQUAL(txq_flush(&q, 1003), 15);
	for (int64_t i = 20; i < 35; i++)
		CU_ASSERT_EQUAL(receive(), i);
	CU_ASSERT_EQUAL(txq_flush(&q, 1004), 5);
	CU_ASSERT_PTR_NOT_NULL(txq_room(&q));
	CU_ASSERT_EQUAL(txq_flush(&q, 1005), 0);
	for (int64_t i = 35; i < 40; i++)
		CU_ASSERT_EQUAL(receive(), i);
	CU_ASSERT_EQUAL(receive(), -1);
	CU_ASSERT_EQUAL(stats.tx_pkts, 40);
	CU_ASSERT_EQUAL(stats.tx_lost, 0);
	CU_ASSERT_EQUAL(stats.tx_stalls, 1);
	tear_down();
}

static void
loses_the_head_in_time(void)
{
	uint64_t now = 5000;

	set_up();
	fill(0, 18); /* 15 go, 3 wait */
	CU_ASSERT_EQUAL(txq_flush(&q, now), 15);
	CU_ASSERT_EQUAL(txq_flush(&q, now + TXQ_PATIENCE_NS - 1), 0);
	CU_ASSERT_EQUAL(stats.tx_lost, 0);
	CU_ASSERT_EQUAL(txq_flush(&q, now + TXQ_PATIENCE_NS), 0);
	CU_ASSERT_EQUAL(stats.tx_lost, 1);
	/* The next one has its time, too. */
	CU_ASSERT_EQUAL(txq_flush(&q, now + 2 * TXQ_PATIENCE_NS - 1), 0);
	CU_ASSERT_EQUAL(stats.tx_lost, 1);
	for (int64_t i = 0; i < 15; i++)
		CU_ASSERT_EQUAL(receive(), i);
	CU_ASSERT_EQUAL(txq_flush(&q, now + 2 * TXQ_PATIENCE_NS), 2);
	CU_ASSERT_EQUAL(receive(), 16);
	CU_ASSERT_EQUAL(receive(), 17);
	CU_ASSERT_PTR_NOT_NULL(txq_room(&q));
	CU_ASSERT_EQUAL(stats.tx_pkts, 17);
	tear_down();
}

static void
loses_all_in_the_end(void)
{
	uint64_t now = 1;

	set_up();
	fill(0, 18);
	txq_flush(&q, now);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_PTR_NULL(txq_room(&q));
		now += TXQ_PATIENCE_NS;
		txq_flush(&q, now);
	}
	CU_ASSERT_PTR_NOT_NULL(txq_room(&q));
	CU_ASSERT_EQUAL(stats.tx_lost, 3);
	CU_ASSERT_EQUAL(stats.tx_stalls, 1);
	tear_down();
}

static void
progress_restarts_the_clock(void)
{
	uint64_t now = 1;

	set_up();
	fill(0, 30);
	txq_flush(&q, now);
	for (int i = 0; i < 5; i++) { /* slow, but it moves */
		now += TXQ_PATIENCE_NS - 1;
		CU_ASSERT_EQUAL(receive(), i);
		CU_ASSERT_EQUAL(txq_flush(&q, now), 1);
	}
	CU_ASSERT_EQUAL(stats.tx_lost, 0);
	tear_down();
}

static struct rte_mbuf *
chain(uint16_t segs, uint16_t bytes)
{
	struct rte_mbuf *head = NULL;

	for (uint16_t i = 0; i < segs; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(near->pools[0]);

		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		void *data = rte_pktmbuf_append(m, bytes);

		if (data == NULL)
			abort();
		memset(data, i + 1, bytes);
		if (head == NULL)
			head = m;
		else
			CU_ASSERT_EQUAL(rte_pktmbuf_chain(head, m), 0);
	}
	return head;
}

/* Sends one packet past a limit of @p max segments. @return how many it arrives in, 0 if not. */
static uint16_t
send_chain(struct rte_mbuf *m, uint16_t max, uint16_t bytes)
{
	uint16_t segs;
	struct rte_mbuf *got;

	q.max_segs = max;
	txq_room(&q)[0] = m;
	txq_commit(&q, 1);
	txq_flush(&q, 1);
	if (rte_eth_rx_burst(far->id, 0, &got, 1) == 0)
		return 0;
	segs = got->nb_segs;
	for (uint32_t at = 0; at < got->pkt_len; at++) {
		uint8_t byte;
		const uint8_t *p = rte_pktmbuf_read(got, at, 1, &byte);

		if (p == NULL || *p != at / bytes + 1) {
			CU_FAIL("payload changed");
			break;
		}
	}
	rte_pktmbuf_free(got);
	return segs;
}

static void
joins_segments(void)
{
	struct rte_mbuf *m, *shared, *clone;

	set_up();
	CU_ASSERT_EQUAL(send_chain(chain(4, 100), 4, 100), 4);
	CU_ASSERT_EQUAL(send_chain(chain(4, 100), 3, 100), 1);
	CU_ASSERT_EQUAL(send_chain(chain(2, 1000), 1, 1000), 1);
	/* Too much for one mbuf, but not for two. */
	CU_ASSERT_EQUAL(send_chain(chain(4, 1000), 2, 1000), 2);
	CU_ASSERT_EQUAL(stats.tx_lost, 0);
	CU_ASSERT_EQUAL(send_chain(chain(4, 1000), 1, 1000), 0);
	CU_ASSERT_EQUAL(stats.tx_lost, 1);

	/* A first segment that isn't ours alone must not be written. */
	shared = chain(3, 100);
	clone = rte_pktmbuf_clone(shared, near->pools[0]);
	CU_ASSERT_PTR_NOT_NULL_FATAL(clone);
	CU_ASSERT_EQUAL(send_chain(clone, 1, 100), 1);
	CU_ASSERT_EQUAL(shared->nb_segs, 3);
	CU_ASSERT_EQUAL(shared->data_len, 100);
	m = shared;
	rte_pktmbuf_free(m);
	CU_ASSERT_EQUAL(stats.tx_lost, 1);
	tear_down();
}

/* A device that takes one segment may want its bytes to be the mbuf's own. */
static void
copies_what_is_elsewhere(void)
{
	struct rte_mbuf *m, *clone, *got;

	set_up();
	m = chain(1, 100);
	clone = rte_pktmbuf_clone(m, near->pools[0]);
	CU_ASSERT_PTR_NOT_NULL_FATAL(clone);
	q.max_segs = 1;
	txq_room(&q)[0] = clone;
	txq_commit(&q, 1);
	txq_flush(&q, 1);
	CU_ASSERT_EQUAL_FATAL(rte_eth_rx_burst(far->id, 0, &got, 1), 1);
	CU_ASSERT(RTE_MBUF_DIRECT(got));
	CU_ASSERT_EQUAL(got->pkt_len, 100);
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(m), 1);
	rte_pktmbuf_free(got);
	rte_pktmbuf_free(m);
	tear_down();
}

static void
a_lost_one_leaves_the_rest(void)
{
	set_up();
	q.max_segs = 1;
	struct rte_mbuf **room = txq_room(&q);

	room[0] = packet(0);
	room[1] = chain(4, 1000);
	room[2] = packet(1);
	txq_commit(&q, 3);
	CU_ASSERT_EQUAL(txq_flush(&q, 1), 2);
	CU_ASSERT_EQUAL(receive(), 0);
	CU_ASSERT_EQUAL(receive(), 1);
	CU_ASSERT_EQUAL(stats.tx_lost, 1);
	tear_down();
}

static const struct test_case cases[] = {
	{ "keeps what isn't taken in order", keeps_order },
	{ "loses the head after its time", loses_the_head_in_time },
	{ "loses all when nothing moves", loses_all_in_the_end },
	{ "a slow device loses nothing", progress_restarts_the_clock },
	{ "joins segments beyond the limit", joins_segments },
	{ "a device of one segment gets no indirect mbuf", copies_what_is_elsewhere },
	{ "a packet that can't be sent leaves the rest", a_lost_one_leaves_the_rest },
	{ NULL, NULL },
};

const struct test_suite suite_txq = { "txq", cases };
