/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_scoreboard.c: the records of segments in flight (RFC 6675, 3 and 4): what ACKs and SACK
 * blocks do to them; and random events against a map with a few bits for each byte. After each
 * step fix_check_board() holds sums, orders and the count of records against each other.
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define MSS 1000u

static struct flight *
flight(const struct fix *f)
{
	return tcp_flight(&f->env, &f->t);
}

/* Position of our first byte: 0. */
static uint32_t
to_seq(uint32_t pos)
{
	return FIX_ISS + 1 + pos;
}

/* @p n segments of MSS are on the way; nothing but the board is looked at, so nothing limits. */
static void
up(struct fix *f, uint32_t n)
{
	fix_up_with(f, EO_SACK);
	f->t.mss = MSS;
	f->t.snd_wnd = f->t.snd_wnd_max = 1 << 20;
	CU_ASSERT_PTR_NOT_NULL_FATAL(tcp_flight_get(&f->env, &f->t));
	flight(f)->cwnd = 1 << 20;
	if (n != 0)
		CU_ASSERT_EQUAL_FATAL(fix_send(f, n * MSS), n);
	fix_check_board(f);
}

static struct tx_seg *
nth(const struct fix *f, unsigned int n)
{
	uint32_t i = flight(f)->head;

	while (n-- > 0)
		i = board_seg(&f->env, i)->next;
	CU_ASSERT_NOT_EQUAL_FATAL(i, SLAB_NONE);
	return board_seg(&f->env, i);
}

/* The board hears of SND.UNA = @p pos, and of blocks. */
static struct news
hear(struct fix *f, uint32_t pos, const struct sack_block *blocks, uint8_t n)
{
	struct seg s = fix_seg(f, TCP_ACK);
	struct news news = { .una = f->t.snd_una, .seg = &s, .fack = flight(f)->fack };

	s.ack = to_seq(pos);
	s.nb_sack = n;
	for (uint8_t i = 0; i < n; i++)
		s.sack[i] = (struct sack_block){ to_seq(blocks[i].left), to_seq(blocks[i].right) };
	if (n != 0)
		board_sacked(&f->env, &f->t, flight(f), &news);
	if (seq_gt(s.ack, f->t.snd_una)) {
		news.acked = s.ack - f->t.snd_una;
		board_acked(&f->env, &f->t, flight(f), s.ack, &news);
		tcp_snd_acked(&f->t, s.ack);
		f->t.snd_una = s.ack;
	}
	fix_check_board(f);
	return news;
}

static struct news
sacked(struct fix *f, uint32_t left, uint32_t right)
{
	const struct sack_block b = { left, right };

	return hear(f, f->t.snd_una - to_seq(0), &b, 1);
}

static void
test_append(void)
{
	struct fix f;

	up(&f, 3);
	for (unsigned int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(nth(&f, i)->seq, to_seq(i * MSS));
		CU_ASSERT_EQUAL(nth(&f, i)->len, MSS);
		CU_ASSERT_EQUAL(nth(&f, i)->flags, 0);
		CU_ASSERT_EQUAL(nth(&f, i)->sent_us, env_now_us(&f.env));
	}
	CU_ASSERT_EQUAL(board_pipe(&f.t, flight(&f)), 3 * MSS);
	CU_ASSERT_PTR_NULL(board_lost(&f.env, flight(&f)));
	CU_ASSERT_EQUAL(tcp_shutdown(&f.env, &f.t), 0);
	CU_ASSERT_EQUAL(fix_flush(&f), 1); /* the FIN, by itself but with company */
	CU_ASSERT_EQUAL(nth(&f, 3)->flags, SEG_FIN);
	CU_ASSERT_EQUAL(tx_seg_space(nth(&f, 3)), 1);
	CU_ASSERT_EQUAL(board_pipe(&f.t, flight(&f)), 3 * MSS + 1);
	fix_check_board(&f);
	fix_down(&f);
}

/* RTT samples: of the first and of the last that were sent once (Karn). */
static void
test_acked(void)
{
	struct news n;
	struct fix f;

	up(&f, 1);
	tcp_env_clock(&f.env, f.env.now_ns + 10 * TIME_MS);
	CU_ASSERT_EQUAL(fix_send(&f, 2 * MSS), 2);
	board_resent(&f.env, flight(&f), nth(&f, 2));
	tcp_env_clock(&f.env, f.env.now_ns + 30 * TIME_MS);
	n = hear(&f, MSS, NULL, 0);
	CU_ASSERT_EQUAL(n.delivered, MSS);
	CU_ASSERT_EQUAL(n.rtt_us, 40000);
	CU_ASSERT(n.original && !n.repeated);
	n = hear(&f, 3 * MSS, NULL, 0);
	CU_ASSERT_EQUAL(n.delivered, 2 * MSS);
	CU_ASSERT_EQUAL(n.rtt_us, 30000);
	CU_ASSERT_EQUAL(n.last_rtt_us, 30000);
	CU_ASSERT(n.original && n.repeated);
	CU_ASSERT_EQUAL(flight(&f)->head, SLAB_NONE);
	CU_ASSERT_EQUAL(flight(&f)->tail, SLAB_NONE);
	CU_ASSERT_EQUAL(f.segments.in_use, 0);
	CU_ASSERT_EQUAL(fix_send(&f, MSS), 1); /* and it goes on */
	fix_check_board(&f);
	fix_down(&f);
}

/* No peer has to respect how we cut. What is left of a segment is what it was. */
static void
test_acked_partly(void)
{
	static const uint8_t kinds[] = { 0, SEG_LOST, SEG_SACKED };

	for (unsigned int i = 0; i < RTE_DIM(kinds); i++) {
		struct news n;
		struct fix f;

		up(&f, 3);
		if (kinds[i] == SEG_LOST)
			board_lose(&f.env, flight(&f), nth(&f, 0));
		if (kinds[i] == SEG_SACKED)
			sacked(&f, 0, MSS);
		n = hear(&f, 300, NULL, 0);
		CU_ASSERT_EQUAL(n.delivered, kinds[i] == SEG_SACKED ? 0 : 300);
		CU_ASSERT_EQUAL(n.rtt_us, 0); /* a part of a segment times nothing */
		CU_ASSERT_EQUAL(nth(&f, 0)->seq, to_seq(300));
		CU_ASSERT_EQUAL(nth(&f, 0)->len, 700);
		CU_ASSERT_EQUAL(nth(&f, 0)->flags, kinds[i]);
		CU_ASSERT_EQUAL(flight(&f)->lost, kinds[i] == SEG_LOST ? 700 : 0);
		CU_ASSERT_EQUAL(flight(&f)->sacked, kinds[i] == SEG_SACKED ? 700 : 0);
		hear(&f, 2 * MSS + 1, NULL, 0);
		CU_ASSERT_EQUAL(nth(&f, 0)->len, MSS - 1);
		CU_ASSERT_EQUAL(flight(&f)->sacked + flight(&f)->lost, 0);
		fix_down(&f);
	}
}

/* Segments that lie wholly in a block (RFC 6675, 4, Update()), whatever list they are in. */
static void
test_sacked(void)
{
	struct news n;
	struct fix f;

	up(&f, 6);
	tcp_env_clock(&f.env, f.env.now_ns + 20 * TIME_MS);
	n = sacked(&f, MSS + 1, 3 * MSS); /* of the second a byte is missing */
	CU_ASSERT_EQUAL(n.sacked, MSS);
	CU_ASSERT_EQUAL(n.delivered, MSS);
	CU_ASSERT_EQUAL(n.fack, to_seq(3 * MSS));
	CU_ASSERT_EQUAL(n.rtt_us, 0);
	CU_ASSERT_EQUAL(n.last_rtt_us, 20000);
	CU_ASSERT_EQUAL(nth(&f, 2)->flags, SEG_SACKED);
	CU_ASSERT_EQUAL(nth(&f, 1)->flags, 0);
	n = sacked(&f, MSS + 1, 3 * MSS); /* the same again */
	CU_ASSERT_EQUAL(n.sacked + n.delivered, 0);
	board_lose(&f.env, flight(&f), nth(&f, 3));
	n = sacked(&f, MSS, 5 * MSS);
	CU_ASSERT_EQUAL(n.sacked, 3 * MSS);
	CU_ASSERT_EQUAL(flight(&f)->lost, 0);
	CU_ASSERT_EQUAL(flight(&f)->nb_sacked, 4);
	CU_ASSERT_EQUAL(board_pipe(&f.t, flight(&f)), 2 * MSS);
	n = hear(&f, 5 * MSS, NULL, 0);
	CU_ASSERT_EQUAL(n.delivered, MSS); /* the first: of the others it was known */
	CU_ASSERT_EQUAL(flight(&f)->nb_sacked, 0);
	fix_down(&f);
}

/* A block longer by ACK, with others behind it; then the order changes. */
static void
test_several_blocks(void)
{
	struct fix f;
	struct news n;

	up(&f, 12);
	sacked(&f, MSS, 2 * MSS);
	n = hear(&f, 0, (struct sack_block[]){ { 3 * MSS, 4 * MSS }, { MSS, 2 * MSS } }, 2);
	CU_ASSERT_EQUAL(n.sacked, MSS);
	for (uint32_t end = 5; end <= 8; end++) {
		n = hear(&f, 0, (struct sack_block[]){ { 3 * MSS, end * MSS }, { MSS, 2 * MSS } },
			2);
		CU_ASSERT_EQUAL(n.sacked, MSS);
	}
	n = hear(&f, 0,
		(struct sack_block[]){
			{ 9 * MSS, 10 * MSS }, { 3 * MSS, 8 * MSS }, { MSS, 2 * MSS } },
		3);
	CU_ASSERT_EQUAL(n.sacked, MSS);
	/* An ACK was lost on the way that told of more of the last block. */
	n = hear(&f, 0,
		(struct sack_block[]){
			{ 9 * MSS, 11 * MSS }, { 3 * MSS, 8 * MSS }, { 0, 2 * MSS } },
		3);
	CU_ASSERT_EQUAL(n.sacked, 2 * MSS);
	CU_ASSERT_EQUAL(flight(&f)->sacked, 9 * MSS);
	fix_down(&f);
}

/* RFC 2018, 5, and common sense: what can't be is passed over, and does no harm. */
static void
test_bad_blocks(void)
{
	static const struct sack_block bad[] = { { 3000, 3000 }, { 4000, 3000 }, { 1000, 3000 },
		{ 3000, 7000 }, { 8000, 9000 }, { 3000, 0x80000000u }, { 0x7fffffffu, 0 } };
	struct fix f;

	up(&f, 6);
	hear(&f, 2 * MSS, NULL, 0);
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		struct news n = hear(&f, 2 * MSS,
			(struct sack_block[]){ bad[i], { 3000, 4000 }, { 2500, 2600 } }, 3);

		CU_ASSERT_EQUAL(n.sacked, i == 0 ? MSS : 0);
		CU_ASSERT_EQUAL(flight(&f)->sacked, MSS);
		CU_ASSERT(!n.dsack);
	}
	fix_down(&f);
}

/* RFC 2883, 4.1: below the ACK; 4.2: within the second block. */
static void
test_dsack(void)
{
	struct news n;
	struct fix f;

	up(&f, 6);
	hear(&f, 2 * MSS, NULL, 0);
	n = sacked(&f, 0, MSS);
	CU_ASSERT(n.dsack && n.sacked == 0);
	n = hear(&f, 2 * MSS, (struct sack_block[]){ { 1000, 2000 }, { 3000, 4000 } }, 2);
	CU_ASSERT(n.dsack && n.sacked == MSS);
	n = hear(&f, 2 * MSS, (struct sack_block[]){ { 3000, 4000 }, { 3000, 5000 } }, 2);
	CU_ASSERT(n.dsack && n.sacked == MSS);
	n = sacked(&f, 3000, 5000);
	CU_ASSERT(!n.dsack && n.sacked == 0);
	n = sacked(&f, 0u - (1 << 20) - (1 << 17), 0u - (1 << 20)); /* nobody knows of that */
	CU_ASSERT(!n.dsack && n.sacked == 0);
	CU_ASSERT_EQUAL(flight(&f)->sacked, 2 * MSS);
	fix_down(&f);
}

/* Both parts are what the whole was; together they are as much as it. */
static void
test_split(void)
{
	struct tx_seg *g;
	struct fix f;

	up(&f, 4);
	board_lose(&f.env, flight(&f), nth(&f, 2));
	sacked(&f, 3 * MSS, 4 * MSS);
	for (unsigned int i = 0; i < 8; i += 2) {
		uint8_t flags;

		g = nth(&f, i);
		flags = g->flags;
		CU_ASSERT(board_split(&f.env, flight(&f), g, 400));
		CU_ASSERT_EQUAL(nth(&f, i)->len, 400);
		CU_ASSERT_EQUAL(nth(&f, i + 1)->len, 600);
		CU_ASSERT_EQUAL(nth(&f, i)->flags, flags);
		CU_ASSERT_EQUAL(nth(&f, i + 1)->flags, flags);
		CU_ASSERT_EQUAL(nth(&f, i + 1)->sent_us, nth(&f, i)->sent_us);
		fix_check_board(&f);
	}
	board_resent(&f.env, flight(&f), nth(&f, 4));
	CU_ASSERT_EQUAL(flight(&f)->lost, 600);
	CU_ASSERT_PTR_EQUAL(board_lost(&f.env, flight(&f)), nth(&f, 5));
	fix_check_board(&f);
	fix_down(&f);
}

/* The FIN stays with the last part. */
static void
test_split_fin(void)
{
	struct fix f;

	up(&f, 0);
	CU_ASSERT_EQUAL(tcp_send(&f.env, &f.t, fix_bytes(&f, 0, 900)), 0);
	CU_ASSERT_EQUAL(tcp_shutdown(&f.env, &f.t), 0);
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	CU_ASSERT_EQUAL(tx_seg_space(nth(&f, 0)), 901);
	CU_ASSERT(board_split(&f.env, flight(&f), nth(&f, 0), 500));
	CU_ASSERT_EQUAL(tx_seg_space(nth(&f, 0)), 500);
	CU_ASSERT_EQUAL(tx_seg_space(nth(&f, 1)), 401);
	fix_check_board(&f);
	CU_ASSERT_EQUAL(sacked(&f, 500, 900).sacked, 0); /* without the FIN it isn't all */
	CU_ASSERT_EQUAL(sacked(&f, 500, 901).sacked, 401);
	fix_down(&f);
}

static void
test_lost(void)
{
	static const unsigned int order[] = { 3, 1, 4, 0 };
	struct fix f;

	up(&f, 5);
	sacked(&f, 2 * MSS, 3 * MSS);
	for (unsigned int i = 0; i < RTE_DIM(order); i++) {
		board_lose(&f.env, flight(&f), nth(&f, order[i]));
		board_lose(&f.env, flight(&f), nth(&f, order[i])); /* once is enough */
		board_lose(&f.env, flight(&f), nth(&f, 2));	   /* it has arrived */
		CU_ASSERT_EQUAL(flight(&f)->lost, (i + 1) * MSS);
		fix_check_board(&f);
	}
	CU_ASSERT_EQUAL(board_pipe(&f.t, flight(&f)), 0);
	for (unsigned int i = 0; i < 5; i++) {
		if (i == 2)
			continue;
		CU_ASSERT_PTR_EQUAL_FATAL(board_lost(&f.env, flight(&f)), nth(&f, i));
		tcp_env_clock(&f.env, f.env.now_ns + TIME_MS);
		board_resent(&f.env, flight(&f), nth(&f, i));
		CU_ASSERT_EQUAL(nth(&f, i)->flags, SEG_REPEATED);
		fix_check_board(&f);
	}
	CU_ASSERT_PTR_NULL(board_lost(&f.env, flight(&f)));
	CU_ASSERT_EQUAL(flight(&f)->lost, 0);
	board_lose(&f.env, flight(&f), nth(&f, 4)); /* the repetition got lost as well */
	CU_ASSERT_PTR_EQUAL(board_lost(&f.env, flight(&f)), nth(&f, 4));
	board_lose_all(&f.env, flight(&f));
	CU_ASSERT_EQUAL(flight(&f)->lost, 4 * MSS);
	CU_ASSERT_EQUAL(flight(&f)->time_head, SLAB_NONE);
	CU_ASSERT_PTR_EQUAL(board_lost(&f.env, flight(&f)), nth(&f, 0));
	fix_check_board(&f);
	fix_down(&f);
}

/* What was sent again meanwhile stands later, and stays repeated. */
static void
test_find_again(void)
{
	struct fix f;

	up(&f, 5);
	tcp_env_clock(&f.env, f.env.now_ns + 50 * TIME_MS);
	sacked(&f, 4 * MSS, 5 * MSS);
	board_lose_all(&f.env, flight(&f));
	board_resent(&f.env, flight(&f), nth(&f, 0));
	board_find_again(&f.env, flight(&f));
	fix_check_board(&f);
	CU_ASSERT_EQUAL(flight(&f)->lost, 0);
	CU_ASSERT_EQUAL(flight(&f)->sacked, MSS);
	CU_ASSERT_PTR_NULL(board_lost(&f.env, flight(&f)));
	CU_ASSERT_PTR_EQUAL(board_seg(&f.env, flight(&f)->time_head), nth(&f, 1));
	CU_ASSERT_PTR_EQUAL(board_seg(&f.env, flight(&f)->time_tail), nth(&f, 0));
	fix_down(&f);
}

/* RFC 2018, 8: it is as if it had never been SACKed, and can be again. */
static void
test_reneged(void)
{
	struct fix f;

	up(&f, 5);
	sacked(&f, 0, 4 * MSS);
	board_reneged(&f.env, flight(&f));
	fix_check_board(&f);
	CU_ASSERT_EQUAL(flight(&f)->sacked, 0);
	CU_ASSERT_EQUAL(flight(&f)->nb_sacked, 0);
	CU_ASSERT_EQUAL(sacked(&f, 0, 4 * MSS).sacked, 4 * MSS);
	fix_down(&f);
}

/* Nothing goes without a record, which is counted; when there are some again it does. */
static void
test_no_records(void)
{
	uint32_t most;
	struct fix f;

	up(&f, 4);
	most = f.segments.capacity;
	f.segments.capacity = f.segments.in_use;
	CU_ASSERT_EQUAL(fix_send(&f, MSS), 0);
	CU_ASSERT(f.stats.tx_nosegment != 0);
	CU_ASSERT(tcb_owes(&f.t));
	CU_ASSERT(!board_split(&f.env, flight(&f), nth(&f, 0), 10));
	fix_check_board(&f);
	hear(&f, MSS, NULL, 0);
	CU_ASSERT_EQUAL(fix_flush(&f), 1);
	fix_check_board(&f);
	f.segments.capacity = most;
	fix_down(&f);
}

#define SPAN  60000u
#define BLOCK 3

enum byte_flag { SENT = 1, ARRIVED = 2, SACKED = 4, LOST = 8 };

/* What is true of each byte of the stream, and what the receiver tells. */
struct model {
	struct fix f;
	uint64_t seed;
	uint32_t una, nxt, rcv; /* positions; rcv: the receiver has all before it */
	struct sack_block recent[BLOCK];
	uint8_t nb_recent;
	uint8_t byte[SPAN + 1];
};

static uint32_t
count(const struct model *m, uint8_t flag)
{
	uint32_t n = 0;

	for (uint32_t i = m->una; i < m->nxt; i++)
		n += (m->byte[i] & flag) != 0;
	return n;
}

/* A copy of a segment arrives: the block that it belongs to is told first (RFC 2018, 4). */
static void
model_arrive(struct model *m, uint32_t left, uint32_t right)
{
	struct sack_block old[BLOCK];
	uint8_t n = m->nb_recent;

	for (uint32_t i = left; i < right; i++)
		m->byte[i] |= ARRIVED;
	while (m->rcv < m->nxt && (m->byte[m->rcv] & ARRIVED) != 0)
		m->rcv++;
	while (left > m->rcv && (m->byte[left - 1] & ARRIVED) != 0)
		left--;
	while (right < m->nxt && (m->byte[right] & ARRIVED) != 0)
		right++;
	memcpy(old, m->recent, sizeof(old));
	m->nb_recent = 0;
	if (left > m->rcv)
		m->recent[m->nb_recent++] = (struct sack_block){ left, right };
	for (uint8_t i = 0; i < n && m->nb_recent < BLOCK; i++) {
		bool within = left > m->rcv && old[i].left >= left && old[i].right <= right;

		if (old[i].left > m->rcv && !within)
			m->recent[m->nb_recent++] = old[i];
	}
}

/* The sender hears what the receiver says now. */
static void
model_tell(struct model *m)
{
	uint32_t known = count(m, SACKED), fresh;
	struct news n;

	for (uint8_t i = 0; i < m->nb_recent; i++)
		for (uint32_t b = m->recent[i].left; b < m->recent[i].right; b++)
			m->byte[b] = (uint8_t)((m->byte[b] | SACKED) & ~LOST);
	fresh = count(m, SACKED) - known;
	n = hear(&m->f, m->rcv, m->recent, m->nb_recent);
	CU_ASSERT_EQUAL_FATAL(n.sacked, fresh);
	for (; m->una < m->rcv; m->una++)
		fresh += (m->byte[m->una] & SACKED) == 0;
	CU_ASSERT_EQUAL_FATAL(n.delivered, fresh);
}

static void
model_mark(struct model *m, const struct tx_seg *g, uint8_t set, uint8_t clear)
{
	for (uint32_t i = 0; i < tx_seg_space(g); i++) {
		uint8_t *b = &m->byte[g->seq + i - to_seq(0)];

		if ((set & LOST) == 0 || (*b & SACKED) == 0)
			*b = (uint8_t)((*b | set) & ~clear);
	}
}

static struct tx_seg *
any_segment(struct model *m)
{
	uint32_t n = 0;

	for (uint32_t i = flight(&m->f)->head; i != SLAB_NONE; i = board_seg(&m->f.env, i)->next)
		n++;
	return n != 0 ? nth(&m->f, prng_below(&m->seed, n)) : NULL;
}

static void
model_again(struct model *m)
{
	struct tx_seg *g = board_lost(&m->f.env, flight(&m->f));

	if (g == NULL)
		return;
	if (g->len > 1 && prng_below(&m->seed, 3) == 0)
		CU_ASSERT_FATAL(board_split(&m->f.env, flight(&m->f), g,
			(uint16_t)(1 + prng_below(&m->seed, g->len - 1u))));
	board_resent(&m->f.env, flight(&m->f), g);
	model_mark(m, g, 0, LOST);
}

/* As output.c does it, but for what it would do by itself. */
static void
model_send(struct model *m, uint32_t len)
{
	struct tcb *t = &m->f.t;
	uint32_t seq = to_seq(m->nxt);

	CU_ASSERT_EQUAL(tcp_send(&m->f.env, t, fix_bytes(&m->f, m->nxt, len)), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(board_append(
		&m->f.env, flight(&m->f), tcp_snd_seek(t, seq), seq, (uint16_t)len, false));
	t->snd_nxt += len;
	memset(&m->byte[m->nxt], SENT, len);
	m->nxt += len;
}

enum event { SEND, ARRIVE, TELL, LOSE, AGAIN, ALL };

static void
model_step(struct model *m)
{
	static const uint8_t often[] = { SEND, SEND, SEND, SEND, SEND, ARRIVE, ARRIVE, ARRIVE,
		ARRIVE, ARRIVE, TELL, TELL, LOSE, AGAIN, AGAIN, ALL };
	struct flight *fl = flight(&m->f);
	struct tx_seg *g = any_segment(m);
	uint32_t len = 1 + prng_below(&m->seed, 600);

	tcp_env_clock(&m->f.env, m->f.env.now_ns + prng_below(&m->seed, 3000) * TIME_US);
	switch ((enum event)often[prng_below(&m->seed, RTE_DIM(often))]) {
	case SEND:
		if (m->nxt + len > SPAN || m->nxt - m->una > 20000)
			break;
		model_send(m, len);
		break;
	case ARRIVE:
		if (g != NULL)
			model_arrive(m, g->seq - to_seq(0), tx_seg_end(g) - to_seq(0));
		break;
	case TELL:
		model_tell(m);
		break;
	case LOSE:
		if (g != NULL && (g->flags & SEG_SACKED) == 0) {
			board_lose(&m->f.env, fl, g);
			model_mark(m, g, LOST, 0);
		}
		break;
	case AGAIN:
		model_again(m);
		break;
	case ALL:
		if (prng_below(&m->seed, 20) != 0)
			break;
		if (prng_below(&m->seed, 2) == 0) {
			board_find_again(&m->f.env, fl);
			for (uint32_t i = m->una; i < m->nxt; i++)
				m->byte[i] &= (uint8_t)~LOST;
		} else {
			board_lose_all(&m->f.env, fl);
			for (uint32_t i = m->una; i < m->nxt; i++)
				m->byte[i] |= (m->byte[i] & SACKED) == 0 ? LOST : 0;
		}
		break;
	}
}

static void
test_random(void)
{
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct model *m = calloc(1, sizeof(*m));
		uint32_t steps = 0;

		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		up(&m->f, 0);
		m->f.t.flags |= TF_NO_DELAY;
		m->seed = seed;
		while (m->una < SPAN - 600) {
			struct tx_seg *g;
			uint32_t first;

			CU_ASSERT_FATAL(steps++ < 20000);
			model_step(m);
			fix_check_board(&m->f);
			CU_ASSERT_EQUAL_FATAL(flight(&m->f)->sacked, count(m, SACKED));
			CU_ASSERT_EQUAL_FATAL(flight(&m->f)->lost, count(m, LOST));
			for (first = m->una; first < m->nxt && (m->byte[first] & LOST) == 0;)
				first++;
			g = board_lost(&m->f.env, flight(&m->f));
			CU_ASSERT_EQUAL_FATAL(g != NULL, first < m->nxt);
			if (g != NULL)
				CU_ASSERT_EQUAL_FATAL(g->seq, to_seq(first));
		}
		fix_down(&m->f);
		free(m);
	}
}

static const struct test_case cases[] = {
	{ "segments sent", test_append },
	{ "segments acknowledged", test_acked },
	{ "a part of a segment acknowledged", test_acked_partly },
	{ "segments SACKed", test_sacked },
	{ "several blocks", test_several_blocks },
	{ "blocks that can't be", test_bad_blocks },
	{ "D-SACK", test_dsack },
	{ "a segment cut in two", test_split },
	{ "a segment with a FIN cut in two", test_split_fin },
	{ "segments lost and sent again", test_lost },
	{ "nothing was lost", test_find_again },
	{ "a peer that reneges", test_reneged },
	{ "without records", test_no_records },
	{ "random events against a map of bytes", test_random },
	{ NULL, NULL },
};
const struct test_suite suite_scoreboard = { "scoreboard", cases };
