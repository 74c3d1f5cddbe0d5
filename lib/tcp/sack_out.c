/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sack_out.c: what our ACKs say about bytes ahead of a hole (RFC 2018, 4) and about bytes that came
 * twice (RFC 2883, 4). Which bytes those are, rcv_queue.c and input.c know.
 */
#include "tcp/rcv_run.h"
#include "tcp/tcp.h"

/*
 * DEVIATION: RFC 2883, 4 reports only what the latest segment repeated. One ACK answers a whole
 * burst here, so segments that repeat one stretch in order are reported as one.
 */
void
tcp_dsack_note(struct tcb *t, uint32_t left, uint32_t right)
{
	if ((t->opts & TO_SACK) == 0 || left == right)
		return;
	if ((t->opts & TO_DSACK) == 0 || t->dsack_right != left)
		t->dsack_left = left;
	t->dsack_right = right;
	t->opts |= TO_DSACK;
}

static struct sack_block
block_of(const struct rte_mbuf *run)
{
	return (struct sack_block){ .left = run_seq(run), .right = run_end(run) };
}

/* Puts @p run among the @p n latest, at most @p most of them, latest first. @return how many. */
static uint8_t
rank(const struct rte_mbuf **latest, uint8_t n, uint8_t most, const struct rte_mbuf *run)
{
	uint8_t at = n;

	while (at > 0 && seq_gt(run_stamp(run), run_stamp(latest[at - 1])))
		at--;
	if (at == most)
		return n;
	if (n < most)
		n++;
	for (uint8_t i = (uint8_t)(n - 1); i > at; i--)
		latest[i] = latest[i - 1];
	latest[at] = run;
	return n;
}

uint8_t
tcp_sack_out(struct tcb *t, struct sack_block *blocks, uint8_t most)
{
	const struct rte_mbuf *latest[TCP_SACK_BLOCKS_MAX], *around = NULL;
	bool dsack = (t->opts & TO_DSACK) != 0;
	unsigned int steps = 0;
	uint8_t n = 0, runs = 0;

	if (most > TCP_SACK_BLOCKS_MAX)
		most = TCP_SACK_BLOCKS_MAX;
	if ((t->opts & TO_SACK) == 0 || most == 0)
		return 0;
	/* RFC 2018, 4: the latest first, the others in the order in which they were that. */
	for (const struct rte_mbuf *run = t->ooo_head; run != NULL && steps++ <= AHEAD_STEPS;
		run = run_next(run)) {
		if (seq_leq(run_seq(run), t->rcv_nxt))
			continue;
		if (dsack && seq_geq(t->dsack_left, run_seq(run)) &&
			seq_lt(t->dsack_left, run_end(run)))
			around = run;
		else
			runs = rank(latest, runs, most, run);
	}
	/* RFC 2883, 4: once, first, and before what it is a part of. */
	if (dsack) {
		blocks[n++] = (struct sack_block){ t->dsack_left, t->dsack_right };
		t->opts &= (uint8_t)~TO_DSACK;
	}
	if (around != NULL && n < most)
		blocks[n++] = block_of(around);
	for (uint8_t i = 0; i < runs && n < most; i++)
		blocks[n++] = block_of(latest[i]);
	return n;
}
