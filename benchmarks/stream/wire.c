/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire.c: what the cable, the two cores and the sums allow: mbufs from the pool, a header and a
 * checksum written, sent in bursts; at the other end read, summed, compared and freed.
 */
#include <errno.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_launch.h>

#include "base/csum.h"
#include "stream.h"

#define HEADER	    DUO_FRAME_BYTES
#define CSUM_AT	    50 /* TCP's */
#define CHECK_EVERY 64 /* bursts between looks at the clock */

struct wire {
	struct turn *turn;
	uint16_t to, from;
	bool stop;
	uint64_t frames; /* received; one writer */
	uint64_t wrong;
};

static void
check(struct wire *w, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t csum;

	memcpy(&csum, frame + CSUM_AT, sizeof(csum));
	if (csum_fold(csum_add(0, frame + HEADER, m->data_len - HEADER)) != csum)
		w->wrong++;
}

static int
receive(void *arg)
{
	struct wire *w = arg;
	struct rte_mbuf *pkts[CHAIN_MBUFS];
	uint16_t n;

	do {
		bool stop = __atomic_load_n(&w->stop, __ATOMIC_ACQUIRE);

		n = rte_eth_rx_burst(w->from, 0, pkts, CHAIN_MBUFS);
		if (n == 0 && stop)
			return 0;
		for (uint16_t i = 0; i < n; i++)
			check(w, pkts[i]);
		rte_pktmbuf_free_bulk(pkts, n);
		__atomic_store_n(&w->frames, w->frames + n, __ATOMIC_RELAXED);
	} while (true);
}

static void
fill(struct rte_mbuf *m, uint32_t size)
{
	static const uint8_t header[HEADER] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	uint8_t *frame;
	uint16_t csum;

	m->data_off = (uint16_t)(m->data_off - HEADER);
	m->data_len = (uint16_t)(HEADER + size);
	m->pkt_len = m->data_len;
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	csum = csum_fold(csum_add(0, frame + HEADER, size));
	memcpy(frame, header, HEADER);
	memcpy(frame + CSUM_AT, &csum, sizeof(csum));
}

/* Sends a burst, as far as there are mbufs and room for it. */
static void
send_burst(struct wire *w)
{
	struct rte_mbuf *pkts[CHAIN_MBUFS];
	uint16_t sent = 0;

	if (rte_pktmbuf_alloc_bulk(w->turn->pool, pkts, CHAIN_MBUFS) != 0)
		return;
	for (uint32_t i = 0; i < CHAIN_MBUFS; i++)
		fill(pkts[i], w->turn->size);
	while (sent < CHAIN_MBUFS)
		sent = (uint16_t)(sent + rte_eth_tx_burst(w->to, 0, pkts + sent,
						 (uint16_t)(CHAIN_MBUFS - sent)));
}

/* @return the time when @p ns are over. */
static uint64_t
send_for(struct wire *w, uint64_t since, uint64_t ns)
{
	uint64_t now = since;

	while (now - since < ns && duo_signals == 0) {
		for (uint32_t i = 0; i < CHECK_EVERY; i++)
			send_burst(w);
		now = thole_clock_ns();
	}
	return now;
}

int
stream_wire(struct turn *turn)
{
	struct wire w = { .turn = turn,
		.to = thole_port_id(turn->duo->ports[DUO_CLIENT]),
		.from = thole_port_id(turn->duo->ports[DUO_SERVER]) };
	uint64_t start, before, end;

	if (rte_eal_remote_launch(receive, &w, turn->duo->other) != 0)
		return -EBUSY;
	start = send_for(&w, thole_clock_ns(), turn->warm_ns);
	before = __atomic_load_n(&w.frames, __ATOMIC_RELAXED);
	end = send_for(&w, start, turn->ns);
	turn->bytes = (__atomic_load_n(&w.frames, __ATOMIC_RELAXED) - before) * turn->size;
	turn->elapsed_ns = end - start;
	__atomic_store_n(&w.stop, true, __ATOMIC_RELEASE);
	rte_eal_wait_lcore(turn->duo->other);
	return w.wrong == 0 ? 0 : -EBADMSG;
}
