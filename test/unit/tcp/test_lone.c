/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_lone.c: a segment that is alone on its way has neither flight block nor record, and nothing
 * that may come of it is otherwise than with both: each course is run by two connections, of which
 * one has a flight block from the start, and what can be seen of them is the same after each step.
 */
#include <string.h>

#include "fixture.h"
#include "tcp/counters.h"
#include "tcp/info.h"
#include "tcp/lone.h"

#define SIZE	  300u
#define STEPS_MAX 64

/* What can be seen from outside after a step. */
struct seen {
	uint64_t rtx_in_ns; /* TIME_NEVER: off, or it times a flight block's rest */
	uint32_t una;
	uint32_t nxt;
	uint32_t packets;
	uint32_t srtt_us;
	uint32_t rttvar_us;
	uint32_t unacked_bytes;
	uint32_t unacked_segs;
	uint32_t sacked_segs;
	uint32_t retrans_segs;
	uint64_t retransmits;
	uint64_t rto_fired;
	uint64_t tail_probes;
	uint64_t data_bytes;
	uint64_t ecn_reductions;
	uint32_t wnd;
	uint16_t flags;
	uint8_t backoff;
	uint8_t opts;
	uint8_t events;
	uint8_t state;
};

struct course {
	struct fix f;
	struct seen seen[STEPS_MAX];
	unsigned int n;
	bool began; /* with a lone segment */
};

static void
look(struct course *c, unsigned int packets)
{
	const struct fix *f = &c->f;
	const struct flight *fl = tcp_flight(&f->env, &f->t);
	bool rests = fl != NULL && fl->timer == FT_IDLE && (f->t.flags & TF_PERSIST) == 0;
	struct thole_info info;
	struct seen *s = &c->seen[c->n++];

	CU_ASSERT_FATAL(c->n < STEPS_MAX);
	fix_check_board(f);
	tcp_info(&f->env, &f->t, &info);
	memset(s, 0, sizeof(*s));
	s->rtx_in_ns =
		f->t.rtx_ns == TIME_NEVER || rests ? TIME_NEVER : f->t.rtx_ns - f->env.now_ns;
	s->una = f->t.snd_una;
	s->nxt = f->t.snd_nxt;
	s->packets = packets;
	s->srtt_us = f->t.srtt_us;
	s->rttvar_us = f->t.rttvar_us;
	s->unacked_bytes = info.unacked_bytes;
	s->unacked_segs = info.unacked_segs;
	s->sacked_segs = info.sacked_segs;
	s->retrans_segs = info.retrans_segs;
	s->retransmits = f->stats.retransmits;
	s->rto_fired = f->stats.rto_fired;
	s->tail_probes = f->stats.tail_probes;
	s->data_bytes = f->stats.tx_data_bytes;
	s->ecn_reductions = f->stats.ecn_reductions;
	s->wnd = f->t.snd_wnd;
	s->flags = f->t.flags;
	s->backoff = f->t.backoff;
	s->opts = f->t.opts;
	s->events = f->t.events;
	s->state = f->t.state;
}

static void
later(struct course *c, uint64_t us)
{
	tcp_env_clock(&c->f.env, c->f.env.now_ns + us * TIME_US);
}

static void
say(struct course *c, uint32_t n)
{
	bool nothing_out = c->f.t.snd_una == c->f.t.snd_nxt;

	look(c, fix_send(&c->f, n));
	if (nothing_out && n <= LONE_MOST)
		c->began |= c->f.t.flight == FLIGHT_LONE;
}

static void
fire(struct course *c)
{
	look(c, fix_fire(&c->f));
}

static void
hear(struct course *c, uint32_t ack, const struct sack_block *sack, uint8_t n)
{
	fix_ack(&c->f, ack, sack, n);
	look(c, fix_flush(&c->f));
}

static void
hear_flags(struct course *c, uint8_t flags, uint32_t ack, uint16_t wnd)
{
	struct seg s = fix_seg(&c->f, flags);

	s.ack = ack;
	s.wnd = wnd;
	CU_ASSERT_EQUAL(tcp_input(&c->f.env, &c->f.t, &s), REPLY_NONE);
	look(c, fix_flush(&c->f));
}

static void
close_it(struct course *c)
{
	CU_ASSERT_EQUAL(tcp_shutdown(&c->f.env, &c->f.t), 0);
	look(c, fix_flush(&c->f));
}

static void
run_answered(struct course *c)
{
	for (int i = 0; i < 4; i++) {
		say(c, SIZE);
		later(c, 700 + 90 * (uint64_t)i);
		hear(c, c->f.t.snd_nxt, NULL, 0);
		later(c, 40);
	}
}

static void
run_in_parts(struct course *c)
{
	say(c, SIZE);
	later(c, 900);
	hear(c, c->f.t.snd_una + 100, NULL, 0);
	fire(c);
	later(c, 900);
	hear(c, c->f.t.snd_nxt, NULL, 0);
}

/* The probe, time-outs, and at last an answer. */
static void
run_lost(struct course *c)
{
	say(c, SIZE);
	later(c, 1000);
	hear(c, c->f.t.snd_nxt, NULL, 0);
	say(c, SIZE);
	for (int i = 0; i < 4; i++)
		fire(c);
	later(c, 1000);
	hear(c, c->f.t.snd_nxt, NULL, 0);
	say(c, SIZE);
	later(c, 1000);
	hear(c, c->f.t.snd_nxt, NULL, 0);
}

static void
run_lost_at_first(struct course *c)
{
	say(c, SIZE);
	fire(c);
	fire(c);
	later(c, 1000);
	hear(c, c->f.t.snd_nxt, NULL, 0);
}

static void
run_given_up(struct course *c)
{
	say(c, SIZE);
	for (int i = 0; i < STEPS_MAX - 4 && c->f.t.state != TCP_CLOSED; i++)
		fire(c);
	CU_ASSERT_EQUAL(c->f.t.state, TCP_CLOSED);
}

/* More follows while it is out: its age counts. */
static void
run_followed(struct course *c)
{
	c->f.t.flags |= TF_NO_DELAY;
	say(c, SIZE);
	later(c, 500);
	say(c, 2 * SIZE);
	later(c, 300);
	say(c, 1400);
	later(c, 100);
	hear(c, c->f.t.snd_una + SIZE, NULL, 0);
	fire(c);
	hear(c, c->f.t.snd_nxt, NULL, 0);
}

/* Nagle holds more back until it is acknowledged. */
static void
run_nagle(struct course *c)
{
	say(c, SIZE);
	later(c, 500);
	say(c, 20);
	later(c, 500);
	hear(c, c->f.t.snd_nxt, NULL, 0);
	later(c, 500);
	hear(c, c->f.t.snd_nxt, NULL, 0);
}

static void
run_sacked(struct course *c)
{
	struct sack_block b;

	c->f.t.flags |= TF_NO_DELAY;
	say(c, SIZE);
	later(c, 500);
	b = (struct sack_block){ c->f.t.snd_una, c->f.t.snd_una + SIZE };
	hear(c, c->f.t.snd_nxt, &b, 1); /* D-SACK: it came twice */
	say(c, SIZE);
	say(c, SIZE);
	later(c, 400);
	b = (struct sack_block){ c->f.t.snd_una + SIZE, c->f.t.snd_una + 2 * SIZE };
	hear(c, c->f.t.snd_una, &b, 1);
	fire(c);
	later(c, 400);
	hear(c, c->f.t.snd_nxt, NULL, 0);
}

static void
run_duplicates(struct course *c)
{
	say(c, SIZE);
	for (int i = 0; i < 4; i++) {
		later(c, 50);
		hear(c, c->f.t.snd_una, NULL, 0);
	}
	hear(c, c->f.t.snd_nxt, NULL, 0);
}

static void
run_fin_with_it(struct course *c)
{
	CU_ASSERT_EQUAL(tcp_send(&c->f.env, &c->f.t, fix_bytes(&c->f, 0, SIZE)), 0);
	close_it(c);
	c->began |= c->f.t.flight == FLIGHT_LONE;
	later(c, 500);
	hear(c, c->f.t.snd_una + SIZE, NULL, 0); /* all but the FIN */
	fire(c);
	later(c, 500);
	hear(c, c->f.t.snd_nxt, NULL, 0);
	CU_ASSERT_EQUAL(c->f.t.state, TCP_FIN_WAIT_2);
}

static void
run_fin_with_it_arrives(struct course *c)
{
	CU_ASSERT_EQUAL(tcp_send(&c->f.env, &c->f.t, fix_bytes(&c->f, 0, SIZE)), 0);
	close_it(c);
	c->began |= c->f.t.flight == FLIGHT_LONE;
	later(c, 500);
	hear(c, c->f.t.snd_nxt, NULL, 0);
	CU_ASSERT_EQUAL(c->f.t.state, TCP_FIN_WAIT_2);
}

static void
run_fin_behind_it(struct course *c)
{
	say(c, SIZE);
	later(c, 500);
	close_it(c);
	later(c, 500);
	hear(c, c->f.t.snd_nxt - 1, NULL, 0);
	hear(c, c->f.t.snd_nxt, NULL, 0);
}

/* The peer shuts its window under it: it is probed, and goes again when the window opens. */
static void
run_window_shut(struct course *c)
{
	say(c, SIZE);
	hear_flags(c, TCP_ACK, c->f.t.snd_una, 0);
	fire(c);
	fire(c);
	hear_flags(c, TCP_ACK, c->f.t.snd_una, 500);
	later(c, 500);
	hear(c, c->f.t.snd_nxt, NULL, 0);
}

static void
run_aborted(struct course *c)
{
	say(c, SIZE);
	tcp_abort(&c->f.env, &c->f.t, 1);
	look(c, fix_flush(&c->f));
	CU_ASSERT_EQUAL(c->f.t.flight, SLAB_NONE);
}

/* Its one byte probes a closed window. */
static void
run_probes(struct course *c)
{
	say(c, SIZE);
	later(c, 500);
	hear_flags(c, TCP_ACK, c->f.t.snd_nxt, 0);
	later(c, 500);
	say(c, 1);
	fire(c);
	fire(c);
	hear_flags(c, TCP_ACK, c->f.t.snd_una, 0);
	fire(c);
	hear_flags(c, TCP_ACK, c->f.t.snd_nxt, 5000);
	say(c, SIZE);
	hear(c, c->f.t.snd_nxt, NULL, 0);
}

/* The application has had so much that it hears of what it may send again. */
static void
run_credited(struct course *c)
{
	say(c, SIZE);
	c->f.t.snd_credited -= UINT32_C(1) << 24;
	CU_ASSERT_EQUAL(c->f.t.events & TE_SENDABLE, 0);
	hear(c, c->f.t.snd_nxt, NULL, 0);
	CU_ASSERT_EQUAL(c->f.t.events & TE_SENDABLE, TE_SENDABLE);
}

static void
run_congested(struct course *c)
{
	say(c, SIZE);
	later(c, 500);
	hear_flags(c, TCP_ACK | TCP_ECE, c->f.t.snd_nxt, 5000);
	CU_ASSERT_EQUAL(c->f.stats.ecn_reductions, (c->f.t.opts & TO_ECN) != 0);
}

/* Counters begin while it is out: it counts as delivered when it is. */
static void
run_counted(struct course *c)
{
	static struct tcp_counters counters;
	struct thole_info info;

	c->f.env.tcbs = &c->f.t;
	c->f.env.counters = &counters;
	say(c, SIZE);
	CU_ASSERT_EQUAL(tcp_set(&c->f.env, &c->f.t, THOLE_OPT_COUNTERS, 1), 0);
	later(c, 500);
	hear(c, c->f.t.snd_nxt, NULL, 0);
	tcp_info(&c->f.env, &c->f.t, &info);
	CU_ASSERT_EQUAL(info.delivered_segs, 1);
	CU_ASSERT_EQUAL(info.bytes_acked, SIZE);
	say(c, SIZE);
	CU_ASSERT_NOT_EQUAL(c->f.t.flight, FLIGHT_LONE);
	later(c, 500);
	hear(c, c->f.t.snd_nxt, NULL, 0);
	tcp_info(&c->f.env, &c->f.t, &info);
	CU_ASSERT_EQUAL(info.delivered_segs, 2);
}

static void (*const courses[])(struct course *) = { run_answered, run_in_parts, run_lost,
	run_lost_at_first, run_given_up, run_followed, run_nagle, run_sacked, run_duplicates,
	run_fin_with_it, run_fin_with_it_arrives, run_fin_behind_it, run_window_shut, run_aborted,
	run_probes, run_credited, run_congested, run_counted };

static void
walk(struct course *c, unsigned int course, uint8_t opts, bool alone)
{
	memset(c, 0, sizeof(*c));
	fix_up_with(&c->f, opts);
	if (!alone) /* a flight block of its own, for two segments */
		c->f.t.restart = 2;
	courses[course](c);
	CU_ASSERT_EQUAL(c->began, alone);
	fix_down(&c->f);
}

static void
test_courses(void)
{
	static const uint8_t peers[] = { 0, EO_SACK, EO_TIMESTAMPS, EO_SACK | EO_TIMESTAMPS,
		EO_SACK | EO_ECN };
	static struct course with, without;

	for (unsigned int peer = 0; peer < RTE_DIM(peers); peer++) {
		for (unsigned int i = 0; i < RTE_DIM(courses); i++) {
			walk(&with, i, peers[peer], false);
			walk(&without, i, peers[peer], true);
			CU_ASSERT_EQUAL(with.n, without.n);
			for (unsigned int k = 0; k < RTE_MIN(with.n, without.n); k++) {
				if (memcmp(&with.seen[k], &without.seen[k], sizeof(with.seen[k])) !=
					0)
					printf("# peer %u, course %u, step %u\n", peer, i, k);
				CU_ASSERT_EQUAL(memcmp(&with.seen[k], &without.seen[k],
							sizeof(with.seen[k])),
					0);
			}
		}
	}
}

/* What it saves: no block, no record; what its ACK leaves is nothing. */
static void
test_needs_nothing(void)
{
	struct fix f;

	fix_up_with(&f, EO_SACK | EO_TIMESTAMPS);
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(fix_send(&f, LONE_MOST), 1);
		CU_ASSERT_EQUAL(f.t.flight, FLIGHT_LONE);
		CU_ASSERT_EQUAL(f.flights.in_use, 0);
		CU_ASSERT_EQUAL(f.segments.in_use, 0);
		tcp_env_clock(&f.env, f.env.now_ns + TIME_MS);
		fix_ack(&f, f.t.snd_nxt, NULL, 0);
		CU_ASSERT_EQUAL(f.t.flight, SLAB_NONE);
		CU_ASSERT_EQUAL(tcb_deadline(&f.env, &f.t), TIME_NEVER);
	}
	CU_ASSERT_EQUAL(f.t.srtt_us >> 3, 1000);
	CU_ASSERT_PTR_NULL(f.t.snd_head);
	fix_down(&f);
}

/* Not so: what is larger, what is part of more, what has a small cwnd, or is paced. */
static void
test_not_alone(void)
{
	struct fix f;

	for (int i = 0; i < 4; i++) {
		fix_up(&f);
		if (i == 2)
			f.t.restart = 2;
		if (i == 3)
			CU_ASSERT_EQUAL(tcp_set(&f.env, &f.t, THOLE_OPT_PACING, 1), 0);
		if (i == 1)
			f.t.mss = SIZE;
		fix_send(&f, i == 0 ? LONE_MOST + 1 : i == 1 ? SIZE + 10 : SIZE);
		CU_ASSERT_EQUAL(f.flights.in_use, 1);
		fix_down(&f);
	}
}

/* Without memory it goes all the same; what else concerns it waits, and ends after R2. */
static void
test_no_memory(void)
{
	struct fix f;
	int fired = 0;

	fix_up(&f);
	f.flights.capacity = 0;
	CU_ASSERT_EQUAL(fix_send(&f, SIZE), 1);
	f.t.flags |= TF_NO_DELAY;
	CU_ASSERT_EQUAL(fix_send(&f, SIZE), 0);
	CU_ASSERT(f.stats.tx_nosegment != 0);
	CU_ASSERT_EQUAL(fix_fire(&f), 0);
	CU_ASSERT_NOT_EQUAL(f.t.rtx_ns, TIME_NEVER);
	fix_ack(&f, f.t.snd_una + 10, NULL, 0); /* as though it hadn't come */
	CU_ASSERT_EQUAL(f.t.snd_una, FIX_ISS + 1);
	f.flights.capacity = 4;
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	fix_ack(&f, f.t.snd_nxt, NULL, 0);
	CU_ASSERT_EQUAL(f.t.snd_una, f.t.snd_end);
	fix_down(&f);

	fix_up(&f);
	f.segments.capacity = 0;
	CU_ASSERT_EQUAL(fix_send(&f, SIZE), 1);
	while (f.t.state != TCP_CLOSED && ++fired < 1000) {
		unsigned int sent = fix_fire(&f);

		CU_ASSERT(sent == 0 || f.t.state == TCP_CLOSED);
	}
	CU_ASSERT_EQUAL(f.t.state, TCP_CLOSED);
	CU_ASSERT_EQUAL(f.stats.timeouts, 1);
	f.segments.capacity = FIX_SEGS;
	fix_down(&f);
}

/* An application's chain may begin with mbufs that have no byte: a record begins at the first. */
static void
test_empty_mbufs(void)
{
	struct rte_mbuf *m[3];
	const struct tx_seg *g;
	struct fix f;

	fix_up(&f);
	for (int i = 0; i < 3; i++) {
		m[i] = rte_pktmbuf_alloc(f.env.mbufs->pool);
		CU_ASSERT_PTR_NOT_NULL_FATAL(m[i]);
	}
	CU_ASSERT_PTR_NOT_NULL_FATAL(rte_pktmbuf_append(m[2], SIZE));
	CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_chain(m[1], m[2]), 0);
	CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_chain(m[0], m[1]), 0);
	CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, m[0]), 0);
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	CU_ASSERT_EQUAL(f.t.flight, FLIGHT_LONE);
	CU_ASSERT_EQUAL(fix_fire(&f), 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(tcp_flight(&f.env, &f.t));
	g = board_seg(&f.env, tcp_flight(&f.env, &f.t)->head);
	CU_ASSERT_PTR_EQUAL(g->m, m[2]);
	fix_ack(&f, f.t.snd_nxt, NULL, 0);
	CU_ASSERT_PTR_NULL(f.t.snd_head);
	fix_down(&f);
}

static const struct test_case cases[] = {
	{ "as with a flight block", test_courses },
	{ "after mbufs without a byte", test_empty_mbufs },
	{ "needs nothing", test_needs_nothing },
	{ "not alone", test_not_alone },
	{ "without memory", test_no_memory },
	{ NULL, NULL },
};
const struct test_suite suite_lone = { "lone", cases };
