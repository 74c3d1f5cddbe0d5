/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_train_pair.c: two connections to which the same happens, by chance: one keeps trains, the
 * other a record for each segment, as it sends one segment at a time, or has its trains uncoupled
 * at once. What they send, count and know of each segment is the same after each step.
 */
#include <inttypes.h>
#include <stdio.h>

#include "fixture.h"
#include "tcp/counters.h"
#include "tcp/info.h"

#define SEEDS	  160u
#define STEPS	  900u
#define STREAM	  (UINT32_C(1) << 21) /* bytes that a run sends at most */
#define QUEUED	  150000u	      /* that wait or are on the way */
#define OUT_MOST  40u
#define WIRE_MOST 256u
#define RUNS_MOST 32u
#define FEW_SEGS  24u
#define FRAME	  2048u

struct side {
	struct fix f;
	struct tcp_counters counters;
	struct rte_mbuf *out[OUT_MOST];
	uint32_t n;
};

struct span {
	uint32_t left; /* positions of the stream: 0 is its first byte */
	uint32_t right;
};

struct pair {
	struct side trains;
	struct side singles;
	uint64_t rng;
	uint64_t seed;
	uint32_t step;
	bool by_one; /* the other sends one at a time */
	/* The peer, and what is on the way to it. */
	struct span wire[WIRE_MOST];
	uint32_t nb_wire;
	uint32_t rcv;		     /* it has all before it */
	struct span runs[RUNS_MOST]; /* ahead of that, the latest first */
	uint32_t nb_runs;
	struct span again; /* came twice */
	uint16_t wnd;
	uint32_t data_in; /* bytes of its own, sent or skipped */
};

/* What has happened at all: a test of nothing passes, too. */
struct seen {
	struct thole_stats stats;
	uint64_t long_trains;
	uint64_t lost_trains;
	uint64_t sacked_trains;
	uint64_t reneged;
	uint64_t widened;
};

static void
same(const struct pair *p, bool ok, const char *what)
{
	if (!ok)
		printf("# seed %" PRIu64 ", step %u: %s\n", p->seed, p->step, what);
	CU_ASSERT_FATAL(ok);
}

static uint32_t
below(struct pair *p, uint32_t n)
{
	return prng_below(&p->rng, n);
}

static bool
one_in(struct pair *p, uint32_t n)
{
	return below(p, n) == 0;
}

static uint32_t
pos_of(uint32_t seq)
{
	return seq - (FIX_ISS + 1);
}

static uint32_t
seq_at(uint32_t pos)
{
	return FIX_ISS + 1 + pos;
}

static uint32_t
una(const struct pair *p)
{
	return pos_of(p->trains.f.t.snd_una);
}

static uint32_t
nxt(const struct pair *p)
{
	return pos_of(p->trains.f.t.snd_nxt);
}

/* --- what is compared --- */

/* Segment after segment, by number or by time. */
struct walk {
	const struct fix *f;
	uint32_t i;
	uint32_t k; /* of the record's segments */
	bool by_time;
};

static bool
walk_on(struct walk *w, struct tx_seg *seg)
{
	const struct tx_seg *g;

	if (w->i == SLAB_NONE)
		return false;
	g = board_seg(&w->f->env, w->i);
	*seg = *g;
	seg->seq += w->k * g->len;
	if (w->k++ == g->more) {
		w->k = 0;
		w->i = w->by_time ? g->time_next : g->next;
	}
	return true;
}

static void
compare_lists(const struct pair *p, const struct flight *a, const struct flight *b, bool by_time)
{
	struct walk x = { &p->trains.f, by_time ? a->time_head : a->head, 0, by_time };
	struct walk y = { &p->singles.f, by_time ? b->time_head : b->head, 0, by_time };
	struct tx_seg g, h;
	bool more;

	do {
		more = walk_on(&x, &g);
		same(p, walk_on(&y, &h) == more, "segments more, or fewer");
		if (more)
			same(p,
				g.seq == h.seq && g.len == h.len && g.flags == h.flags &&
					g.sent_us == h.sent_us,
				by_time ? "order by time" : "what is known of a segment");
	} while (more);
}

static void
compare_flights(struct pair *p)
{
	struct flight *a = tcp_flight(&p->trains.f.env, &p->trains.f.t);
	struct flight *b = tcp_flight(&p->singles.f.env, &p->singles.f.t);
	struct flight x, y;
	const struct tx_seg *g, *h;

	same(p, (a != NULL) == (b != NULL), "a flight block, or none");
	if (a == NULL)
		return;
	x = *a;
	y = *b;
	/* Indices of records; and where SACK blocks are looked at from. */
	x.head = x.tail = x.time_head = x.time_tail = x.sack_at = x.lost_at = x.sack_left = 0;
	y.head = y.tail = y.time_head = y.time_tail = y.sack_at = y.lost_at = y.sack_left = 0;
	same(p, memcmp(&x, &y, sizeof(x)) == 0, "flight block");
	compare_lists(p, a, b, false);
	compare_lists(p, a, b, true);
	g = board_lost(&p->trains.f.env, a);
	h = board_lost(&p->singles.f.env, b);
	same(p, (g != NULL) == (h != NULL) && (g == NULL || g->seq == h->seq), "what is lost");
}

static void
compare_tcbs(const struct pair *p)
{
	struct tcb x = p->trains.f.t, y = p->singles.f.t;

	x.snd_head = x.snd_tail = x.snd_cur = x.rcv_head = x.rcv_tail = x.ooo_head = NULL;
	y.snd_head = y.snd_tail = y.snd_cur = y.rcv_head = y.rcv_tail = y.ooo_head = NULL;
	same(p, memcmp(&x, &y, sizeof(x)) == 0, "TCB");
}

static void
compare_infos(struct pair *p)
{
	struct thole_info x, y;

	tcp_info(&p->trains.f.env, &p->trains.f.t, &x);
	tcp_info(&p->singles.f.env, &p->singles.f.t, &y);
	same(p, memcmp(&x, &y, sizeof(x)) == 0, "INFO");
	same(p, memcmp(&p->trains.counters, &p->singles.counters, sizeof(struct tcp_counters)) == 0,
		"counters");
}

static void
note_trains(const struct fix *f, struct seen *seen)
{
	const struct flight *fl = tcp_flight(&f->env, &f->t);

	for (uint32_t i = fl != NULL ? fl->head : SLAB_NONE; i != SLAB_NONE;) {
		const struct tx_seg *g = board_seg(&f->env, i);

		seen->long_trains += g->more == TRAIN_MOST - 1;
		seen->lost_trains += g->more != 0 && (g->flags & SEG_LOST) != 0;
		seen->sacked_trains += g->more != 0 && (g->flags & SEG_SACKED) != 0;
		i = g->next;
	}
}

static void
compare(struct pair *p, struct seen *seen)
{
	const struct fix *a = &p->trains.f, *b = &p->singles.f;

	fix_check_board(a);
	fix_check_board(b);
	same(p, b->segments.promised == 0, "trains where none should be");
	same(p, board_segs(&a->env) == b->segments.in_use, "segments on the board");
	compare_flights(p);
	compare_tcbs(p);
	same(p, memcmp(&a->stats, &b->stats, sizeof(a->stats)) == 0, "stats");
	compare_infos(p);
	note_trains(a, seen);
}

/* --- what happens --- */

static void
to_both(struct pair *p, void (*what)(struct fix *f, uint32_t arg), uint32_t arg)
{
	what(&p->trains.f, arg);
	what(&p->singles.f, arg);
}

static void
do_send(struct fix *f, uint32_t len)
{
	CU_ASSERT_EQUAL(tcp_send(&f->env, &f->t, fix_bytes(f, pos_of(f->t.snd_end), len)), 0);
}

static void
do_timer(struct fix *f, uint32_t unused)
{
	(void)unused;
	tcp_timer(&f->env, &f->t);
}

static void
do_shutdown(struct fix *f, uint32_t unused)
{
	(void)unused;
	CU_ASSERT_EQUAL(tcp_shutdown(&f->env, &f->t), 0);
}

static void
do_take(struct fix *f, uint32_t unused)
{
	uint32_t bytes = 0;

	(void)unused;
	rte_pktmbuf_free(tcp_rcv_take(&f->env, &f->t, &bytes));
	CU_ASSERT_EQUAL(tcp_received(&f->env, &f->t, bytes), 0);
}

static void
pass(struct pair *p, uint64_t ns)
{
	tcp_env_clock(&p->trains.f.env, p->trains.f.env.now_ns + ns);
	tcp_env_clock(&p->singles.f.env, p->trains.f.env.now_ns);
}

/* Each packet is the same, to the byte. */
static void
compare_packets(struct pair *p)
{
	uint8_t a[FRAME], b[FRAME];

	same(p, p->trains.n == p->singles.n, "packets more, or fewer");
	for (uint32_t i = 0; i < p->trains.n; i++) {
		const struct rte_mbuf *m = p->trains.out[i], *o = p->singles.out[i];
		const void *x, *y;

		same(p, m->pkt_len == o->pkt_len && m->pkt_len <= FRAME, "length of a packet");
		x = rte_pktmbuf_read(m, 0, m->pkt_len, a);
		y = rte_pktmbuf_read(o, 0, m->pkt_len, b);
		same(p, memcmp(x, y, m->pkt_len) == 0, "packet");
	}
}

/* Whatever was sent is on the way to the peer, unless that is full. */
static void
to_wire(struct pair *p)
{
	for (uint32_t i = 0; i < p->trains.n; i++) {
		uint8_t head[WIRE_ETH_BYTES + WIRE_IP4_BYTES + 60];
		const uint8_t *tcp = head + WIRE_ETH_BYTES + WIRE_IP4_BYTES;
		const struct rte_mbuf *m = p->trains.out[i];
		uint32_t bytes = RTE_MIN(m->pkt_len, (uint32_t)sizeof(head)), len, left;
		const void *at = rte_pktmbuf_read(m, 0, bytes, head);

		if (at != head)
			memcpy(head, at, bytes);
		len = m->pkt_len - (WIRE_ETH_BYTES + WIRE_IP4_BYTES) - (tcp[12] >> 4) * 4u;
		left = pos_of((uint32_t)tcp[4] << 24 | (uint32_t)tcp[5] << 16 |
			      (uint32_t)tcp[6] << 8 | tcp[7]);
		len += (tcp[13] & TCP_FIN) != 0;
		if (len != 0 && p->nb_wire < WIRE_MOST)
			p->wire[p->nb_wire++] = (struct span){ left, left + len };
	}
	rte_pktmbuf_free_bulk(p->trains.out, p->trains.n);
	rte_pktmbuf_free_bulk(p->singles.out, p->singles.n);
}

static uint32_t
output(struct side *s, uint32_t max)
{
	s->n += tcp_output_counted(
		&s->f.env, &s->f.t, &s->f.path, s->out + s->n, (uint16_t)(max - s->n));
	return s->n;
}

/* Whether it is the same to send one at a time: nothing but new data goes. */
static bool
sends_new_only(const struct fix *f)
{
	const struct flight *fl = tcp_flight(&f->env, &f->t);
	const uint16_t others = TF_PERSIST | TF_PROBE | TF_REXMIT | TF_RST_OWED;

	return (f->t.flags & others) == 0 && (f->t.opts & TO_DSACK) == 0 && f->t.ooo_head == NULL &&
	       (fl == NULL || (fl->lost == 0 && (fl->flags & FF_PROBE_DUE) == 0));
}

static void
uncouple_all(struct fix *f)
{
	struct flight *fl = tcp_flight(&f->env, &f->t);

	for (uint32_t i = fl != NULL ? fl->head : SLAB_NONE; i != SLAB_NONE;) {
		struct tx_seg *g = board_seg(&f->env, i);

		if (g->more != 0)
			board_uncouple(&f->env, fl, g, 1);
		i = g->next;
	}
}

static void
flush(struct pair *p, bool starved)
{
	uint32_t max = 1 + below(p, OUT_MOST), n;
	struct fix *f = &p->singles.f;

	p->trains.n = p->singles.n = 0;
	if (!tcb_owes(&p->trains.f.t))
		return;
	/* An ACK would go, and then data be tried again, which would count twice. */
	if (p->by_one && sends_new_only(f) && !(starved && (f->t.flags & TF_ACK_NOW) != 0)) {
		do {
			n = p->singles.n;
		} while (output(&p->singles, n + 1) != n && p->singles.n < max && tcb_owes(&f->t));
	} else {
		output(&p->singles, max);
		uncouple_all(f);
	}
	output(&p->trains, max);
	compare_packets(p);
	to_wire(p);
}

/* With few mbufs, or none. */
static void
starve(struct pair *p)
{
	static struct rte_mbuf *held[2][FIX_POOL];
	struct side *sides[] = { &p->trains, &p->singles };
	uint32_t left = below(p, 12), n[2];

	for (unsigned int i = 0; i < 2; i++) {
		uint32_t have = rte_mempool_avail_count(sides[i]->f.pool);

		n[i] = have > left ? have - left : 0;
		CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_alloc_bulk(sides[i]->f.pool, held[i], n[i]), 0);
	}
	flush(p, true);
	for (unsigned int i = 0; i < 2; i++)
		rte_pktmbuf_free_bulk(held[i], n[i]);
}

/* --- the peer --- */

/* It takes a copy; what it had ahead that touches it is one with it. */
static void
arrive(struct pair *p, struct span s)
{
	uint32_t kept = 0;

	if (s.right <= p->rcv) {
		p->again = s;
		return;
	}
	for (uint32_t i = 0; i < p->nb_runs; i++) {
		struct span r = p->runs[i];

		if (r.right < s.left || r.left > s.right) {
			p->runs[kept++] = r;
			continue;
		}
		if (r.left <= s.left && s.right <= r.right)
			p->again = s;
		s.left = RTE_MIN(s.left, r.left);
		s.right = RTE_MAX(s.right, r.right);
	}
	p->nb_runs = kept;
	if (s.left <= p->rcv) {
		p->rcv = s.right;
	} else if (kept < RUNS_MOST) {
		memmove(p->runs + 1, p->runs, kept * sizeof(p->runs[0]));
		p->runs[0] = s;
		p->nb_runs++;
	}
}

/* What is on the way arrives, or is lost, mostly in order. */
static void
deliver(struct pair *p)
{
	uint32_t n = 1 + below(p, 12);

	while (n-- > 0 && p->nb_wire != 0) {
		uint32_t i = one_in(p, 12) ? below(p, p->nb_wire) : 0;
		struct span s = p->wire[i];

		memmove(p->wire + i, p->wire + i + 1, (--p->nb_wire - i) * sizeof(s));
		if (!one_in(p, 14))
			arrive(p, s);
		if (one_in(p, 60))
			arrive(p, s);
	}
}

/* A byte near @p pos: no peer has to know how the stream was cut. */
static uint32_t
near(struct pair *p, uint32_t pos)
{
	return one_in(p, 6) ? pos + below(p, 3000) - 1500 : pos;
}

static void
input(struct pair *p, struct seg *s, uint32_t data)
{
	struct side *sides[] = { &p->trains, &p->singles };

	for (unsigned int i = 0; i < 2; i++) {
		struct fix *f = &sides[i]->f;
		struct seg copy = *s;

		if (data != 0) {
			copy.m = fix_bytes(f, 0, data);
			copy.len = data;
		}
		tcp_count_in(&f->env, &f->t, &copy);
		CU_ASSERT_EQUAL(tcp_input(&f->env, &f->t, &copy), REPLY_NONE);
		rte_pktmbuf_free(copy.m);
	}
}

static void
put_blocks(struct pair *p, struct seg *s)
{
	uint8_t n = 0;

	if (p->again.left != p->again.right)
		s->sack[n++] = (struct sack_block){ seq_at(p->again.left), seq_at(p->again.right) };
	p->again = (struct span){ 0, 0 };
	for (uint32_t i = 0; i < p->nb_runs && n < 3; i++)
		s->sack[n++] = (struct sack_block){ seq_at(near(p, p->runs[i].left)),
			seq_at(near(p, p->runs[i].right)) };
	s->nb_sack = n;
	s->opts |= n != 0 ? OPT_SACK : 0;
}

static struct seg
ack_of(struct pair *p)
{
	struct seg s = fix_seg(&p->trains.f, TCP_ACK);
	uint32_t to = p->rcv;

	/* One that was sent before the latest came, and of any byte. */
	if (one_in(p, 8) && to > una(p))
		to -= below(p, RTE_MIN(to - una(p), 20000u));
	s.ack = seq_at(to);
	s.wnd = p->wnd;
	s.ts_ecr -= below(p, one_in(p, 20) ? 400 : 30);
	if ((p->trains.f.t.opts & TO_SACK) != 0)
		put_blocks(p, &s);
	return s;
}

static void
tell(struct pair *p)
{
	struct seg s = ack_of(p);

	input(p, &s, 0);
	if ((p->trains.f.t.opts & TO_SACK) == 0 && one_in(p, 3))
		for (uint32_t n = below(p, 6); n > 0; n--)
			input(p, &s, 0);
}

/* Data of the peer's, which may leave a hole, or fill it. */
static void
tell_data(struct pair *p)
{
	struct seg s = ack_of(p);
	uint32_t len = 1 + below(p, 100);

	if (one_in(p, 2))
		s.seq += 100 + below(p, 200);
	input(p, &s, len);
	if (one_in(p, 2))
		to_both(p, do_take, 0);
}

static void
turn_window(struct pair *p)
{
	static const uint16_t wnds[] = { 0, 1, 100, 2000, 9000, 30000, 65535, 65535, 65535, 65535 };

	p->wnd = wnds[below(p, RTE_DIM(wnds))];
	tell(p);
}

static void
too_big(struct pair *p)
{
	static const uint16_t mtus[] = { 0, 600, 1000, 1300, 1450, 1488, 1499 };
	uint32_t at = una(p) + below(p, nxt(p) - una(p) + 1000);
	uint16_t mtu = mtus[below(p, RTE_DIM(mtus))];

	tcp_path_mtu(&p->trains.f.env, &p->trains.f.t, seq_at(at), mtu);
	tcp_path_mtu(&p->singles.f.env, &p->singles.f.t, seq_at(at), mtu);
}

static void
fire(struct pair *p)
{
	uint64_t at = tcb_deadline(&p->trains.f.env, &p->trains.f.t);

	if (at == TIME_NEVER || at > p->trains.f.env.now_ns + 5 * TIME_S)
		return;
	if (at > p->trains.f.env.now_ns)
		pass(p, at - p->trains.f.env.now_ns);
	to_both(p, do_timer, 0);
}

enum event { SEND, SMALL, FLUSH, STARVE, DELIVER, TELL, DATA, WINDOW, PASS, FIRE, ICMP, RENEGE };

static void
step(struct pair *p, struct seen *seen)
{
	static const uint8_t often[] = { SEND, SEND, SEND, SEND, SEND, SEND, FLUSH, FLUSH, FLUSH,
		FLUSH, FLUSH, FLUSH, FLUSH, DELIVER, DELIVER, DELIVER, DELIVER, DELIVER, DELIVER,
		TELL, TELL, TELL, TELL, TELL, TELL, TELL, PASS, PASS, PASS, FIRE };
	static const uint8_t rare[] = { SMALL, STARVE, DATA, DATA, WINDOW, FIRE, ICMP, RENEGE };
	const struct tcb *t = &p->trains.f.t;
	uint16_t mss = t->mss;

	switch ((enum event)(
		one_in(p, 8) ? rare[below(p, RTE_DIM(rare))] : often[below(p, RTE_DIM(often))])) {
	case SEND:
		if (t->snd_end - t->snd_una < QUEUED)
			to_both(p, do_send, 1 + below(p, 29999));
		break;
	case SMALL:
		to_both(p, do_send, 1 + below(p, 400));
		break;
	case FLUSH:
		flush(p, false);
		break;
	case STARVE:
		starve(p);
		break;
	case DELIVER:
		deliver(p);
		break;
	case TELL:
		tell(p);
		break;
	case DATA:
		tell_data(p);
		break;
	case WINDOW:
		turn_window(p);
		break;
	case PASS:
		pass(p, (1 + below(p, 8)) * 1000 * TIME_US + below(p, 1000) * TIME_US);
		break;
	case FIRE:
		fire(p);
		break;
	case ICMP:
		too_big(p);
		break;
	case RENEGE:
		seen->reneged += p->nb_runs != 0;
		p->nb_runs = 0;
		break;
	}
	seen->widened += t->mss > mss;
}

/* --- runs --- */

static void
side_up(struct side *s, uint64_t seed, bool by_one)
{
	static const uint64_t key[2] = { 1, 2 };
	struct fix *f = &s->f;

	fix_up_with(f, seed % 5 == 0 ? EO_TIMESTAMPS : EO_SACK | EO_TIMESTAMPS);
	CU_ASSERT_EQUAL_FATAL(paths_init(&f->env.paths, &f->mem.mem, key), 0);
	f->env.params.path_mtu_ns = 300 * TIME_MS;
	f->env.tcbs = &f->t;
	f->env.counters = &s->counters;
	CU_ASSERT_EQUAL(tcp_set(&f->env, &f->t, THOLE_OPT_COUNTERS, !by_one), 0);
	CU_ASSERT_EQUAL(tcp_set(&f->env, &f->t, THOLE_OPT_CC,
				seed % 3 == 0 ? THOLE_CC_CUBIC : THOLE_CC_NEWRENO),
		0);
	CU_ASSERT_EQUAL(tcp_set(&f->env, &f->t, THOLE_OPT_PACING, seed % 11 == 0), 0);
	/* Sent one at a time, the first has a timer, and a round begins with it. */
	f->env.params.peer_delayed_ack_ns = by_one ? 0 : f->env.params.peer_delayed_ack_ns;
	f->t.snd_wscale = 3;
	if (seed % 4 == 1)
		f->segments.capacity = FEW_SEGS;
}

static void
side_down(struct side *s)
{
	s->f.segments.capacity = FIX_SEGS;
	paths_fini(&s->f.env.paths, &s->f.mem.mem);
	fix_down(&s->f);
}

static void
add_stats(struct thole_stats *sum, const struct thole_stats *one)
{
#define ADD(name, text) sum->name += one->name;
	THOLE_STATS(ADD)
#undef ADD
}

static void
run(uint64_t seed, struct seen *seen)
{
	static struct pair p;
	const struct tcb *t = &p.trains.f.t;

	p = (struct pair){ .rng = seed, .seed = seed, .by_one = seed % 2 == 0, .wnd = 65535 };
	side_up(&p.trains, seed, p.by_one);
	side_up(&p.singles, seed, p.by_one);
	for (p.step = 0;
		p.step < STEPS && t->state == TCP_ESTABLISHED && pos_of(t->snd_end) < STREAM;
		p.step++) {
		step(&p, seen);
		compare(&p, seen);
	}
	if (t->state == TCP_ESTABLISHED)
		to_both(&p, do_shutdown, 0);
	for (; p.step < STEPS + STEPS / 4 && t->state != TCP_CLOSED; p.step++) {
		fire(&p);
		flush(&p, false);
		deliver(&p);
		p.wnd = 65535;
		tell(&p);
		compare(&p, seen);
	}
	add_stats(&seen->stats, &p.trains.f.stats);
	side_down(&p.trains);
	side_down(&p.singles);
}

static void
test_same(void)
{
	struct seen seen = { .reneged = 0 };

	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run(seed, &seen);
	CU_ASSERT(seen.long_trains > 1000);
	CU_ASSERT(seen.lost_trains > 100);
	CU_ASSERT(seen.sacked_trains > 100);
	CU_ASSERT(seen.reneged > 20);
	CU_ASSERT(seen.widened > 20);
	CU_ASSERT(seen.stats.tx_nosegment > 100);
	CU_ASSERT(seen.stats.tx_nombuf > 100);
	CU_ASSERT(seen.stats.retransmits > 1000);
	CU_ASSERT(seen.stats.rto_fired > 100);
	CU_ASSERT(seen.stats.fast_retransmits > 100);
	CU_ASSERT(seen.stats.tail_probes > 100);
	CU_ASSERT(seen.stats.spurious_recoveries > 20);
	CU_ASSERT(seen.stats.probes > 20);
	CU_ASSERT(seen.stats.rx_ooo_segs > 20);
}

static const struct test_case cases[] = {
	{ "trains and single segments come to the same", test_same },
	{ NULL, NULL },
};
const struct test_suite suite_train_pair = { "train pair", cases };
