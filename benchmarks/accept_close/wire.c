/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire.c: 64 B frames in bursts of 32. Each side reads the mbuf and the first line of the frame, as
 * any stack must, and writes nothing. In a closed loop the rate depends on how much is in flight:
 * the best of three counts. A frame that nobody writes to stays in a cache that both lcores share:
 * figures of a virtual machine whose cores are so close, or one, for a while don't count, and the
 * measurement is made again.
 */
#include <errno.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_mbuf.h>

#include <thole/port.h>

#include "wire.h"

#define FRAME_BYTES 64
#define BURST	    32
#define MOST	    512
#define WARM_NS	    UINT64_C(20000000)
#define MEASURE_NS  UINT64_C(300000000)
#define DRAIN_NS    UINT64_C(5000000000) /* at most: the other core may be away for a while */

static const uint32_t depths[WIRE_DEPTHS] = { 64, 256, MOST };

struct reflector {
	uint16_t port;
	bool stop;
	uint64_t sum; /* of what was read: so that it is */
};

/* Reads each frame's first line. */
static uint64_t
read_headers(struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint64_t word;

		memcpy(&word, rte_pktmbuf_mtod(pkts[i], const void *), sizeof(word));
		sum += word + pkts[i]->data_len;
	}
	return sum;
}

/* Sends all of a burst, however long the ring is full: nothing may get lost here. */
static void
send_all(uint16_t port, struct rte_mbuf **pkts, uint16_t n, const bool *stop)
{
	uint16_t sent = 0;

	while (sent < n) {
		sent = (uint16_t)(sent +
				  rte_eth_tx_burst(port, 0, pkts + sent, (uint16_t)(n - sent)));
		if (sent < n && __atomic_load_n(stop, __ATOMIC_RELAXED)) {
			rte_pktmbuf_free_bulk(pkts + sent, (unsigned int)(n - sent));
			return;
		}
	}
}

static int
reflect(void *arg)
{
	struct reflector *r = arg;
	struct rte_mbuf *pkts[BURST];

	while (!__atomic_load_n(&r->stop, __ATOMIC_ACQUIRE)) {
		uint16_t n = rte_eth_rx_burst(r->port, 0, pkts, BURST);

		r->sum += read_headers(pkts, n);
		send_all(r->port, pkts, n, &r->stop);
	}
	return 0;
}

/* To an address that nobody has, of an experimental type (IEEE 802, local experimental 1). */
static const uint8_t header[14] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };

static int
start_frames(uint16_t port, struct rte_mempool *pool, uint32_t n)
{
	struct rte_mbuf *pkts[MOST];
	const bool stop = true;

	if (rte_pktmbuf_alloc_bulk(pool, pkts, n) != 0)
		return -ENOBUFS;
	for (uint32_t i = 0; i < n; i++) {
		char *frame = rte_pktmbuf_append(pkts[i], FRAME_BYTES);

		if (frame == NULL) {
			rte_pktmbuf_free_bulk(pkts, n);
			return -ENOBUFS;
		}
		memset(frame, 0, FRAME_BYTES);
		memcpy(frame, header, sizeof(header));
	}
	send_all(port, pkts, (uint16_t)n, &stop);
	return 0;
}

/* Sends back whatever comes, for some time. @return round trips. */
static uint64_t
go_round(uint16_t port, uint64_t ns, const volatile sig_atomic_t *stop, double *elapsed_ns)
{
	static const bool never = false;
	struct rte_mbuf *pkts[BURST];
	uint64_t start = thole_clock_ns(), now = start, trips = 0;
	uint64_t sum = 0;

	while (now - start < ns && *stop == 0) {
		for (uint32_t i = 0; i < 64; i++) {
			uint16_t n = rte_eth_rx_burst(port, 0, pkts, BURST);

			sum += read_headers(pkts, n);
			send_all(port, pkts, n, &never);
			trips += n;
		}
		now = thole_clock_ns();
	}
	__asm__ volatile("" : : "r"(sum)); /* it counts as used */
	*elapsed_ns = (double)(now - start);
	return trips;
}

/* Takes all frames off the wire. @return how many came. */
static uint32_t
collect(uint16_t port, uint32_t wanted)
{
	struct rte_mbuf *pkts[BURST];
	uint64_t start = thole_clock_ns();
	uint32_t got = 0;

	while (got < wanted && thole_clock_ns() - start < DRAIN_NS) {
		uint16_t n = rte_eth_rx_burst(port, 0, pkts, BURST);

		rte_pktmbuf_free_bulk(pkts, n);
		got += n;
	}
	return got;
}

double
wire_better(double a, double b)
{
	bool a_fits = a <= WIRE_REJECT_PER_S, b_fits = b <= WIRE_REJECT_PER_S;

	if (a == 0 || b == 0)
		return a + b;
	if (a_fits != b_fits)
		return a_fits ? a : b;
	return a > b ? a : b;
}

/* Every depth once. */
static int
measure_depths(uint16_t port, struct rte_mempool *pool, uint32_t entries,
	const volatile sig_atomic_t *stop, struct wire *out)
{
	/* All may be in one of the cable's rings, which holds one less than it has entries. */
	for (uint32_t i = 0; i < WIRE_DEPTHS && depths[i] < entries && *stop == 0; i++) {
		double *figure = &out->round_trips_per_s[i], ns = 0;
		uint64_t trips;
		int rc = start_frames(port, pool, depths[i]);

		if (rc != 0)
			return rc;
		go_round(port, WARM_NS, stop, &ns);
		trips = go_round(port, MEASURE_NS, stop, &ns);
		*figure = ns > 0 ? (double)trips * 1e9 / ns : 0;
		out->best = wire_better(out->best, *figure);
		if (*figure > WIRE_REJECT_PER_S)
			out->rejected++;
		if (collect(port, depths[i]) != depths[i])
			return -EIO;
	}
	return *stop != 0 ? -EINTR : 0;
}

/* Until a figure counts, or often enough. */
static int
measure_again(uint16_t port, struct rte_mempool *pool, uint32_t entries,
	const volatile sig_atomic_t *stop, struct wire *out)
{
	uint32_t times = 0;
	int rc;

	do
		rc = measure_depths(port, pool, entries, stop, out);
	while (rc == 0 && out->best > WIRE_REJECT_PER_S && times++ < WIRE_AGAIN);
	return rc;
}

int
wire_measure(uint16_t a, uint16_t b, struct rte_mempool *pool, uint32_t entries, unsigned int other,
	const volatile sig_atomic_t *stop, struct wire *out)
{
	struct reflector r = { .port = b };
	int rc;

	*out = (struct wire){ .best = 0 };
	if (rte_eal_remote_launch(reflect, &r, other) != 0)
		return -EBUSY;
	rc = measure_again(a, pool, entries, stop, out);
	__atomic_store_n(&r.stop, true, __ATOMIC_RELEASE);
	rte_eal_wait_lcore(other);
	return rc;
}

int
wire_measure_alone(uint16_t a, struct rte_mempool *pool, uint32_t entries,
	const volatile sig_atomic_t *stop, struct wire *out)
{
	*out = (struct wire){ .best = 0 };
	return measure_again(a, pool, entries, stop, out);
}

static bool
all_ours(struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (pkts[i]->data_len != FRAME_BYTES ||
			memcmp(rte_pktmbuf_mtod(pkts[i], const void *), header, sizeof(header)) !=
				0)
			return false;
	return true;
}

int
wire_reflect(uint16_t a, uint64_t wait_ns, const volatile sig_atomic_t *stop)
{
	static const bool never = false;
	struct rte_mbuf *pkts[BURST];
	uint64_t heard_ns = thole_clock_ns(), now_ns = heard_ns;

	while (*stop == 0 && now_ns - heard_ns < wait_ns) {
		uint16_t n = rte_eth_rx_burst(a, 0, pkts, BURST);

		if (!all_ours(pkts, n)) {
			rte_pktmbuf_free_bulk(pkts, n);
			return 0;
		}
		send_all(a, pkts, n, &never);
		now_ns = thole_clock_ns();
		if (n != 0)
			heard_ns = now_ns;
	}
	return *stop != 0 ? -EINTR : -ETIMEDOUT;
}
