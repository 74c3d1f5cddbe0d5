/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_relay.c: what was received is sent on as it is, to and fro, over a wire that loses and
 * reorders packets: mbufs of either side's pool, ours, shared, and in pieces that refer to one
 * another. Every byte is looked at on each way, and every sum.
 */
#include "pair.h"

#define STREAM	   60000u /* bytes on their way round, of a pattern that repeats with them */
#define ROUNDS	   10u
#define BURST	   32
#define TURN_NS	   (50 * TIME_US)
#define TURNS_MOST 400000u
#define KEPT	   16 /* clones that an application holds */

struct relay {
	struct pair p;
	struct thole_app *app[2];
	thole_conn conn[2];
	uint64_t got[2]; /* bytes */
	uint64_t seed;
	struct rte_mbuf *late; /* a packet that others overtake */
	int late_to;
	struct rte_mbuf *kept[KEPT];
	uint32_t wrong;
};

static uint32_t
below(struct relay *r, uint32_t n)
{
	return prng_below(&r->seed, n);
}

static uint8_t
pattern(uint64_t at)
{
	uint32_t i = (uint32_t)(at % STREAM);

	return (uint8_t)(i ^ (i >> 8) * 7);
}

static void
check(struct relay *r, int side, const struct rte_mbuf *m)
{
	for (; m != NULL; m = m->next) {
		const uint8_t *b = rte_pktmbuf_mtod(m, const uint8_t *);

		for (uint32_t i = 0; i < m->data_len; i++)
			r->wrong += b[i] != pattern(r->got[side]++);
	}
}

/* Somebody else looks at it for a while. */
static void
keep(struct relay *r, int side, struct rte_mbuf *m)
{
	struct rte_mbuf **place = &r->kept[below(r, KEPT)];

	rte_pktmbuf_free(*place);
	*place = below(r, 4) == 0 ? rte_pktmbuf_clone(m, r->p.side[side].pool) : NULL;
}

static void
pass_on(struct relay *r, int side)
{
	struct thole_event ev;

	while (thole_app_events(r->app[side], &ev, 1) == 1) {
		struct thole_op ops[2] = {
			{ .type = THOLE_OP_RECEIVED, .conn = ev.conn, .bytes = ev.bytes },
			{ .type = THOLE_OP_SEND, .conn = ev.conn, .mbuf = ev.mbuf },
		};

		if (ev.type == THOLE_EV_SENDABLE)
			continue;
		CU_ASSERT_EQUAL_FATAL(ev.type, THOLE_EV_DATA);
		check(r, side, ev.mbuf);
		keep(r, side, ev.mbuf);
		CU_ASSERT_EQUAL_FATAL(thole_app_submit(r->app[side], ops, 2), 2);
	}
}

static void
carry(struct relay *r, int to, struct rte_mbuf *m)
{
	struct rte_mbuf *reject;

	if (thole_stack_rx(r->p.side[to].stack, r->p.now, &m, 1, &reject) != 0)
		rte_pktmbuf_free(reject);
}

static void
turn(struct relay *r, int side)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n;

	thole_stack_run(r->p.side[side].stack, r->p.now);
	n = thole_stack_tx(r->p.side[side].stack, r->p.now, pkts, BURST);
	for (uint16_t i = 0; i < n; i++) {
		switch (below(r, 50)) {
		case 0:
			rte_pktmbuf_free(pkts[i]);
			break;
		case 1:
			if (r->late != NULL)
				carry(r, r->late_to, r->late);
			r->late = pkts[i];
			r->late_to = !side;
			break;
		default:
			carry(r, !side, pkts[i]);
		}
	}
}

/* The stream, from its beginning, in mbufs of any size. */
static void
begin(struct relay *r)
{
	uint8_t bytes[3000];

	for (uint32_t at = 0, n; at < STREAM; at += n) {
		n = 1 + below(r, below(r, 3) == 0 ? 300 : sizeof(bytes));
		n = RTE_MIN(n, STREAM - at);
		for (uint32_t i = 0; i < n; i++)
			bytes[i] = pattern(at + i);
		CU_ASSERT_EQUAL_FATAL(thole_app_send_copy(r->app[CLIENT], r->conn[CLIENT],
					      r->p.side[CLIENT].pool, bytes, n),
			n);
	}
}

static void
look_at_sums(struct thole_stack_config *config, int side)
{
	config->offloads = 0;
	(void)side;
}

static void
round_and_round(uint64_t seed, uint32_t mss)
{
	struct relay r = { .seed = seed };
	struct thole_stats stats;

	pair_up(&r.p, look_at_sums);
	for (int i = 0; i < 2; i++)
		r.app[i] = pair_app(&r.p, i, 0);
	pair_listen(&r.p, r.app[SERVER], PAIR_PORT, 1);
	pair_open(&r.p, r.app[CLIENT], r.app[SERVER], PAIR_PORT, r.conn);
	pair_set(r.app[CLIENT], THOLE_OPT_MSS, r.conn[CLIENT], mss);
	begin(&r);
	for (uint32_t i = 0; r.got[CLIENT] < ROUNDS * STREAM && i < TURNS_MOST; i++) {
		r.p.now += TURN_NS;
		for (int side = 0; side < 2; side++) {
			turn(&r, side);
			pass_on(&r, !side);
		}
	}
	CU_ASSERT_TRUE(r.got[CLIENT] >= ROUNDS * STREAM);
	CU_ASSERT_EQUAL(r.wrong, 0);
	for (int i = 0; i < 2; i++) {
		thole_stats_get(r.p.side[i].stack, &stats);
		CU_ASSERT_EQUAL(stats.rx_drop_tcp_csum + stats.rx_drop_ip_csum, 0);
		CU_ASSERT_TRUE(stats.retransmits != 0);
	}
	rte_pktmbuf_free(r.late);
	rte_pktmbuf_free_bulk(r.kept, KEPT);
	for (int i = 0; i < 2; i++)
		thole_app_destroy(r.app[i]);
	pair_sleep(&r.p, TIME_S);
	pair_down(&r.p);
}

static void
test_to_and_fro(void)
{
	for (uint64_t seed = 1; seed <= 2; seed++)
		round_and_round(seed, seed % 2 != 0 ? 1460 : 536);
}

static const struct test_case cases[] = {
	{ "what was received is sent on, to and fro", test_to_and_fro },
	{ NULL, NULL },
};
const struct test_suite suite_relay = { "relay", cases };
