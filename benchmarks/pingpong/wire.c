/* SPDX-License-Identifier: BSD-3-Clause */
/* wire.c: a frame of the message's size with TCP's headers; who gets it reads its first line and
 * sends it back as it is. */
#include <errno.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_launch.h>

#include "pingpong.h"

#define CHECK_EVERY 4096 /* looks at an empty ring between looks at the clock */

struct wire {
	struct turn *turn;
	uint16_t ports[DUO_SIDES];
	bool stop;
	uint64_t sum; /* of what was read: so that it is */
	int rc;
};

/* Waits for the frame. @return it, or NULL. */
static struct rte_mbuf *
receive(struct wire *w, enum duo_side side, uint64_t *sum)
{
	struct rte_mbuf *m;
	uint64_t since = 0, word;

	for (uint32_t i = 1; rte_eth_rx_burst(w->ports[side], 0, &m, 1) == 0; i++) {
		if (i % CHECK_EVERY != 0)
			continue;
		since = since == 0 ? thole_clock_ns() : since;
		if (__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE) ||
			thole_clock_ns() - since > PATIENCE_NS)
			return NULL;
	}
	memcpy(&word, rte_pktmbuf_mtod(m, const void *), sizeof(word));
	*sum += word + m->data_len;
	return m;
}

static bool
reflect_one(struct wire *w, enum duo_side side, uint64_t *sum)
{
	struct rte_mbuf *m = receive(w, side, sum);

	return m != NULL && rte_eth_tx_burst(w->ports[side], 0, &m, 1) == 1;
}

static int
reflect(void *arg)
{
	struct wire *w = arg;
	uint64_t sum = 0;

	while (reflect_one(w, DUO_SERVER, &sum))
		;
	w->sum += sum;
	return 0;
}

static struct rte_mbuf *
make_frame(const struct wire *w)
{
	/* To an address that nobody has, of an experimental type (IEEE 802, local experimental 1).
	 */
	static const uint8_t header[14] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	struct rte_mbuf *m = rte_pktmbuf_alloc(thole_port_pool(w->turn->duo->ports[DUO_CLIENT], 0));
	char *frame = NULL;

	if (m != NULL)
		frame = rte_pktmbuf_append(m, (uint16_t)(w->turn->size + DUO_FRAME_BYTES));
	if (frame == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memset(frame, 0, m->data_len);
	memcpy(frame, header, sizeof(header));
	return m;
}

/* There and back, time after time; with the other end's part on this core or without. */
static int
go_round(struct wire *w, bool two_cores)
{
	struct turn *turn = w->turn;
	struct rte_mbuf *m = make_frame(w);
	uint64_t start = 0, now = 0, last = 0, sum = 0;
	uint32_t warm = WARM_TRIPS;

	if (m == NULL)
		return -ENOBUFS;
	while (m != NULL && (warm != 0 || now - start < turn->ns) && duo_signals == 0) {
		if (rte_eth_tx_burst(w->ports[DUO_CLIENT], 0, &m, 1) != 1)
			break;
		if (!two_cores && !reflect_one(w, DUO_SERVER, &sum))
			return -EIO;
		m = receive(w, DUO_CLIENT, &sum);
		now = thole_clock_ns();
		if (warm == 0) {
			histogram_add(turn->h, now - last);
			turn->trips++;
		} else if (--warm == 0) {
			start = now;
		}
		last = now;
	}
	turn->elapsed_ns += now - start;
	w->sum += sum;
	if (m == NULL)
		return -EIO;
	rte_pktmbuf_free(m);
	return 0;
}

/* On the core that has the stacks, when it is one. */
static int
on_other(void *arg)
{
	struct wire *w = arg;

	w->rc = go_round(w, false);
	return 0;
}

int
pingpong_wire(struct turn *turn, bool two_cores)
{
	struct wire w = { .turn = turn };
	unsigned int other = turn->duo->other;

	for (int i = 0; i < DUO_SIDES; i++)
		w.ports[i] = thole_port_id(turn->duo->ports[i]);
	if (rte_eal_remote_launch(two_cores ? reflect : on_other, &w, other) != 0)
		return -EBUSY;
	if (two_cores) {
		w.rc = go_round(&w, true);
		__atomic_store_n(&w.stop, true, __ATOMIC_RELEASE);
	}
	rte_eal_wait_lcore(other);
	__asm__ volatile("" : : "r"(w.sum)); /* it counts as used */
	return w.rc;
}
