/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_million.c: a million connections opened and closed, in virtual time, TIME-WAIT kept and
 * expired: every pool, record and gauge is where it began.
 */
#include "pair.h"

#define TOTAL	 (PAIR_SANITIZED ? 30000u : 1000000u)
#define INFLIGHT 512u
#define TURN_NS	 (40 * TIME_MS)

static void
tune(struct thole_stack_config *c, int side)
{
	static struct thole_address many;

	if (side == CLIENT) { /* ports enough for a minute's TIME-WAIT */
		many = (struct thole_address){ thole_addr_ip4(0x0a000001), 64, 16 };
		c->addresses = &many;
	}
	c->max_time_wait = 262144;
}

struct end {
	struct thole_app *app;
	bool closes_first; /* every second connection, by its user value or handle */
	uint32_t opened;
	uint32_t closed;
	uint32_t bad;
};

static void
close_conn(struct end *e, thole_conn conn)
{
	struct thole_op op = { .type = THOLE_OP_CLOSE, .conn = conn };

	e->bad += thole_app_submit(e->app, &op, 1) != 1;
}

static void
serve(struct end *e)
{
	struct thole_event ev[64];
	thole_conn done = 0; /* closed in this batch; its PEER_CLOSED may be in it, too */
	uint32_t n;

	while ((n = (uint32_t)thole_app_events(e->app, ev, 64)) != 0) {
		for (uint32_t i = 0; i < n; i++) {
			switch (ev[i].type) {
			case THOLE_EV_CONNECTED:
			case THOLE_EV_ACCEPTED:
				e->opened++;
				if (e->closes_first)
					close_conn(e, done = ev[i].conn);
				break;
			case THOLE_EV_PEER_CLOSED:
				if (ev[i].conn != done)
					close_conn(e, ev[i].conn);
				break;
			case THOLE_EV_CLOSED:
				e->closed++;
				e->bad += ev[i].status != 0;
				break;
			default:
				e->bad++;
				break;
			}
		}
	}
}

static void
open_some(struct pair *p, struct end *c, uint32_t *started)
{
	while (*started < TOTAL && *started - c->closed < INFLIGHT) {
		struct thole_op op = { .type = THOLE_OP_CONNECT };

		op.local.addr = thole_addr_ip4(0x0a000001 + *started % 64);
		op.remote = pair_endpoint(p, SERVER, PAIR_PORT);
		c->bad += thole_app_submit(c->app, &op, 1) != 1;
		(*started)++;
	}
}

static void
assert_baseline(const struct side *side)
{
	const struct thole_stack *s = side->stack;
	const struct thole_stats *st = &s->stats;

	CU_ASSERT_EQUAL(s->tcbs.in_use, 0);
	CU_ASSERT_EQUAL(s->embryos.in_use, 0);
	CU_ASSERT_EQUAL(s->tombstones.in_use, 0);
	CU_ASSERT_EQUAL(s->table.entries, 0);
	CU_ASSERT_EQUAL(st->conns, 0);
	CU_ASSERT_EQUAL(st->embryos, 0);
	CU_ASSERT_EQUAL(st->time_wait, 0);
	CU_ASSERT_EQUAL(st->orphans, 0);
	CU_ASSERT_EQUAL(st->mbufs_held, 0);
	CU_ASSERT_EQUAL(st->time_wait_evicted, 0);
	CU_ASSERT_EQUAL(st->closed, TOTAL);
	CU_ASSERT_EQUAL(st->aborted + st->resets_rx + st->timeouts + st->failed_active, 0);
	CU_ASSERT_EQUAL(st->tx_nombuf + st->tx_drop_replies, 0);
}

/* Closed by the client first in one half of the run, by the server in the other. */
static void
test_million(void)
{
	struct end c = { .closes_first = true }, s = { 0 };
	uint32_t started = 0, kept;
	uint64_t deadline;
	struct pair p;

	pair_up(&p, tune);
	c.app = pair_app(&p, CLIENT, 0);
	s.app = pair_app(&p, SERVER, 0);
	pair_listen(&p, s.app, PAIR_PORT, INFLIGHT);
	deadline = p.now + 10000 * TIME_S;
	while (c.closed < TOTAL || s.closed < TOTAL) {
		c.closes_first = started < TOTAL / 2;
		s.closes_first = !c.closes_first;
		open_some(&p, &c, &started);
		pair_turn(&p);
		serve(&c);
		serve(&s);
		p.now += TURN_NS;
		CU_ASSERT_FATAL(p.now < deadline);
	}
	CU_ASSERT_EQUAL(c.opened, TOTAL);
	CU_ASSERT_EQUAL(s.opened, TOTAL);
	CU_ASSERT_EQUAL(c.bad + s.bad, 0);
	CU_ASSERT(p.side[CLIENT].stack->stats.time_wait_peak != 0);
	CU_ASSERT(p.side[SERVER].stack->stats.time_wait_peak != 0);
	pair_sleep(&p, 61 * TIME_S);
	for (int i = 0; i < 2; i++) {
		assert_baseline(&p.side[i]);
		CU_ASSERT(p.side[i].stack->stats.time_wait_min_age_ns >= 60 * TIME_S);
	}
	/* Packets that were used up lie in both stacks' stores, whichever pool they are of. */
	kept = p.side[CLIENT].stack->mbufs.n + p.side[SERVER].stack->mbufs.n;
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(p.side[CLIENT].pool) +
				rte_mempool_in_use_count(p.side[SERVER].pool),
		kept);
	thole_app_destroy(c.app);
	thole_app_destroy(s.app);
	pair_down(&p);
}

static const struct test_case cases[] = {
	{ "a million connections", test_million },
	{ NULL, NULL },
};
const struct test_suite suite_million = { "million", cases };
