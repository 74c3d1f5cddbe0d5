/* SPDX-License-Identifier: BSD-3-Clause */
/* txq.c: see txq.h. */
#include <string.h>

#include <rte_ethdev.h>

#include "base/mbufs.h"
#include "port/compat.h"
#include "port/txq.h"

static void
lose(struct txq *q, struct rte_mbuf *m)
{
	rte_pktmbuf_free(m);
	stat_add(&q->stats->tx_lost, 1);
}

/*
 * Brings a packet below the device's limit of segments. The header's mbuf may be written only if it
 * is ours alone; what doesn't fit into it is copied to fresh, full mbufs. NULL: not possible.
 */
static struct rte_mbuf *
join(const struct txq *q, struct rte_mbuf *m)
{
	uint32_t rest = m->pkt_len - m->data_len;

	if (mbufs_is_private(m) && rest <= rte_pktmbuf_tailroom(m) && rte_pktmbuf_linearize(m) == 0)
		return m;
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, q->pool, 0, UINT32_MAX);

	if (copy != NULL && copy->nb_segs > q->max_segs) {
		rte_pktmbuf_free(copy);
		return NULL;
	}
	if (copy != NULL)
		rte_pktmbuf_free(m);
	return copy;
}

/*
 * A driver that takes a single segment may do so because it hands the device the place in its own
 * memory where the mbuf stands, and expects the bytes behind it (net_af_xdp).
 */
static inline bool
has_own_bytes(const struct txq *q, const struct rte_mbuf *m)
{
	return q->max_segs != 1 || RTE_MBUF_DIRECT(m);
}

static uint16_t
join_all(struct txq *q, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = q->pkts[i];

		if (unlikely(m->nb_segs > q->max_segs || !has_own_bytes(q, m))) {
			struct rte_mbuf *joined = join(q, m);

			if (joined == NULL) {
				lose(q, m);
				continue;
			}
			m = joined;
		}
		q->pkts[kept++] = m;
	}
	return kept;
}

/* The driver's own check of offload flags; also where pseudo-header sums are filled in. */
static uint16_t
prepare_all(struct txq *q, uint16_t n)
{
	uint16_t done = 0;

	while (done < n) {
		done = (uint16_t)(done + rte_eth_tx_prepare(q->port, q->queue, &q->pkts[done],
						 (uint16_t)(n - done)));
		if (done == n)
			break;
		lose(q, q->pkts[done]);
		n--;
		memmove(&q->pkts[done], &q->pkts[done + 1],
			(size_t)(n - done) * sizeof(q->pkts[0]));
	}
	return n;
}

void
txq_commit(struct txq *q, uint16_t n)
{
	if (q->max_segs != UINT16_MAX)
		n = join_all(q, n);
	if (q->prepare)
		n = prepare_all(q, n);
	q->head = 0;
	q->end = n;
	q->stalled = false;
}

static inline uint16_t
offer(struct txq *q)
{
	struct rte_mbuf **pkts = &q->pkts[q->head];
	uint16_t n = (uint16_t)(q->end - q->head);

	if (unlikely(q->ring != NULL))
		return (uint16_t)rte_ring_sp_enqueue_burst(q->ring, (void **)pkts, n, NULL);
	return rte_eth_tx_burst(q->port, q->queue, pkts, n);
}

uint16_t
txq_flush(struct txq *q, uint64_t now_ns)
{
	if (q->end == 0)
		return 0;
	uint16_t sent = offer(q);

	q->head = (uint16_t)(q->head + sent);
	if (sent != 0)
		stat_add(&q->stats->tx_pkts, sent);
	if (q->head != q->end) {
		if (!q->stalled)
			stat_add(&q->stats->tx_stalls, 1);
		if (!q->stalled || sent != 0) {
			q->stalled = true;
			q->stalled_ns = now_ns;
			return sent;
		}
		if (now_ns - q->stalled_ns < TXQ_PATIENCE_NS)
			return sent;
		lose(q, q->pkts[q->head++]);
		q->stalled_ns = now_ns;
	}
	if (q->head == q->end) {
		q->head = 0;
		q->end = 0;
		q->stalled = false;
	}
	return sent;
}

void
txq_drop_all(struct txq *q)
{
	for (; q->head < q->end; q->head++)
		rte_pktmbuf_free(q->pkts[q->head]);
	q->head = 0;
	q->end = 0;
}
