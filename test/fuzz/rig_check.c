/* SPDX-License-Identifier: BSD-3-Clause */
/* rig_check.c: the rig's stack looked into, and the events that its application gets. */
#include <errno.h>
#include <string.h>

#include "board.h"
#include "rig.h"
#include "stack/stack.h"
#include "tcp/rcv_run.h"
#include "tcp/lone.h"

/* A free TCB's first bytes link to the next free one; it has no application and no state. */
static bool
in_use(const struct tcb *t)
{
	return t->app != APP_NONE || t->state != TCP_CLOSED || tcb_owes(t);
}

/* @return how many mbufs it holds for received bytes. */
static uint32_t
check_received(const struct tcb *t)
{
	uint32_t segs = 0, bytes = 0, ahead = 0, end = t->rcv_nxt;

	for (const struct rte_mbuf *m = t->rcv_head; m != NULL; m = m->next) {
		segs++;
		bytes += m->data_len;
	}
	FUZZ_CHECK(segs == t->rcv_segs, "rcv_segs isn't the queue's length");
	FUZZ_CHECK(bytes == t->rcv_queued, "rcv_queued isn't what is queued");
	FUZZ_CHECK(t->rcv_queued <= t->rcv_unread, "more queued than unread");
	for (const struct rte_mbuf *run = t->ooo_head; run != NULL; run = run_next(run)) {
		const struct rte_mbuf *m = run;

		FUZZ_CHECK(seq_gt(run_seq(run), end), "runs ahead meet, or are behind");
		end = run_seq(run);
		for (;; m = m->next) {
			FUZZ_CHECK(m->data_len != 0, "an empty mbuf ahead");
			end += m->data_len;
			ahead++;
			if (m == run_tail(run))
				break;
		}
		FUZZ_CHECK(end == run_end(run), "a run isn't as long as it says");
	}
	return segs + ahead;
}

static void
check_sending(const struct tcb *t)
{
	uint32_t bytes = 0;

	FUZZ_CHECK(seq_leq(t->snd_una, t->snd_nxt), "SND.UNA > SND.NXT");
	FUZZ_CHECK(seq_leq(t->snd_nxt, t->snd_end + 1), "more sent than queued");
	if (t->state >= TCP_ESTABLISHED)
		FUZZ_CHECK(seq_leq(t->rcv_nxt, t->rcv_adv), "RCV.NXT beyond the window offered");
	if (t->snd_head == NULL)
		return;
	for (const struct rte_mbuf *m = t->snd_head; m != NULL; m = m->next)
		bytes += m->data_len;
	FUZZ_CHECK(t->snd_head->hash.usr + bytes == t->snd_end, "the send queue has another end");
	FUZZ_CHECK(seq_leq(t->snd_head->hash.usr, t->snd_una) || t->state < TCP_ESTABLISHED,
		"what is unacknowledged isn't queued");
}

/* RFC 6298, 5.1: what is on the way has a timer, unless more goes at once. */
static void
check_rtx(const struct tcp_env *env, const struct tcb *t)
{
	const struct flight *f = tcp_flight(env, t);

	/* The block's own end is none; the persist timer doesn't look at the block. */
	FUZZ_CHECK(t->rtx_ns != TIME_NEVER &&
			   (f == NULL || f->timer != FT_IDLE || (t->flags & TF_PERSIST) != 0),
		"state %u: %u on the way, flags %x, and no timer", t->state,
		t->snd_nxt - t->snd_una, t->flags);
	/* It was armed with the RTO of that time, which may have become shorter since. */
	FUZZ_CHECK(t->rtx_ns <= env->now_ns + env->params.rto_max_ns,
		"state %u: %u on the way, flags %x, and the timer is due after any RTO", t->state,
		t->snd_nxt - t->snd_una, t->flags);
	FUZZ_CHECK(t->timer.at_ns <= t->rtx_ns, "a timer that the wheel doesn't know");
}

/* A connection that waits for nothing and nobody would never end. */
static void
check_clock(const struct tcp_env *env, const struct tcb *t)
{
	bool listed = t->out_next != NOT_LISTED;

	if ((t->flags & TF_DETACHED) != 0)
		return;
	if (t->snd_una != t->snd_nxt && t->state >= TCP_ESTABLISHED && !listed)
		check_rtx(env, t);
	if (t->snd_una != t->snd_nxt || seq_lt(t->snd_nxt, t->snd_end) ||
		t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED)
		FUZZ_CHECK(listed || t->rtx_ns != TIME_NEVER || (t->flags & TF_PACED) != 0,
			"state %u: una +0 nxt +%u end +%u, flags %x, and no timer", t->state,
			t->snd_nxt - t->snd_una, t->snd_end - t->snd_una, t->flags);
	if ((t->flags & TF_APP_CLOSED) != 0)
		FUZZ_CHECK(
			listed || tcb_deadline(env, t) != TIME_NEVER, "an orphan without a clock");
	/* What is about to be sent is armed then. */
	if (tcb_deadline(env, t) != TIME_NEVER &&
		!(listed && tcb_owes(t) && tcb_deadline(env, t) > env->now_ns))
		FUZZ_CHECK(t->timer.at_ns <= tcb_deadline(env, t),
			"a deadline the wheel doesn't know");
	if (tcb_owes(t))
		FUZZ_CHECK(listed, "output is owed, and it is in no list");
}

/* It stands for itself: some of it is unacknowledged, it is timed, and nothing waits behind it. */
static void
check_lone(const struct tcb *t)
{
	uint32_t end = seq_min(t->snd_nxt, t->snd_end);

	if (t->flight != FLIGHT_LONE)
		return;
	FUZZ_CHECK(t->snd_head != NULL && seq_gt(end, t->snd_una) && end - t->snd_una <= LONE_MOST,
		"a lone segment of %d bytes", seq_diff(end, t->snd_una));
	FUZZ_CHECK(t->rtx_ns != TIME_NEVER, "a lone segment isn't timed");
}

void
rig_check(void)
{
	const struct thole_stack *s = rig.stack;
	const struct thole_stats *st = &s->stats;
	uint64_t held = 0, conns = 0, orphans = 0, segs = 0, flights = 0;

	for (uint32_t i = 0; i < s->tcbs.fresh; i++) {
		const struct tcb *t = stack_tcb(s, i);

		held += check_received(t);
		if (!in_use(t))
			continue;
		conns++;
		segs += fuzz_check_board(&s->env, t);
		flights += tcp_flight(&s->env, t) != NULL;
		check_lone(t);
		orphans += (t->flags & (TF_APP_CLOSED | TF_DETACHED)) == TF_APP_CLOSED;
		if (t->state != TCP_CLOSED)
			check_sending(t);
		check_clock(&s->env, t);
	}
	FUZZ_CHECK(st->rx_pkts == rig.given, "%ju packets counted, %ju given",
		(uintmax_t)st->rx_pkts, (uintmax_t)rig.given);
	FUZZ_CHECK(held == st->mbufs_held, "mbufs_held says %ju, there are %ju",
		(uintmax_t)st->mbufs_held, (uintmax_t)held);
	FUZZ_CHECK(segs == board_segs(&s->env), "%ju segments on scoreboards, %u in use",
		(uintmax_t)segs, board_segs(&s->env));
	FUZZ_CHECK(flights == s->flights.in_use, "%ju flight blocks are TCBs', %u in use",
		(uintmax_t)flights, s->flights.in_use);
	FUZZ_CHECK(st->mbufs_held <= s->env.rx_held_max + 8u, "mbufs_held says %ju, %u is the most",
		(uintmax_t)st->mbufs_held, s->env.rx_held_max);
	FUZZ_CHECK(orphans == st->orphans, "orphans says %ju, there are %ju",
		(uintmax_t)st->orphans, (uintmax_t)orphans);
	FUZZ_CHECK(conns <= st->conns && st->conns == s->tcbs.in_use,
		"conns says %ju, there are %ju", (uintmax_t)st->conns, (uintmax_t)conns);
	FUZZ_CHECK(st->embryos <= s->embryos.in_use, "embryos says too many");
	FUZZ_CHECK(st->time_wait == s->tombstones.in_use, "time_wait isn't the tombstones");
	FUZZ_CHECK(s->table.entries <= s->tcbs.in_use + s->embryos.in_use + s->tombstones.in_use,
		"more in the table than there is");
	rig_check_end();
}

/* The peer's bytes, in order: what its sequence numbers said. */
static void
check_data(struct rig_conn *c, const struct thole_event *ev)
{
	static uint8_t bytes[65536];
	const struct tcb *t = stack_tcb(rig.stack, (uint32_t)(ev->conn >> 32) & 0xffffff);
	uint32_t end = t->rcv_nxt - ((t->flags & TF_FIN_RECEIVED) != 0), n;

	FUZZ_CHECK(ev->mbuf != NULL, "DATA without any");
	n = fuzz_flatten(ev->mbuf, bytes, sizeof(bytes));
	rte_pktmbuf_free(ev->mbuf);
	FUZZ_CHECK(n == ev->bytes && n != 0, "DATA says %u bytes, there are %u", ev->bytes, n);
	FUZZ_CHECK(!c->has_seq || c->seq == end - n, "DATA goes on at %u, not %u", end - n, c->seq);
	FUZZ_CHECK(rig.any_bytes || fuzz_stream_has(end - n, bytes, n),
		"DATA: not all of %u bytes are the peer's", n);
	c->has_seq = true;
	c->seq = end;
	c->owed += n;
}

/* What can't be otherwise, whatever happened. */
static void
check_info(const struct thole_info *i)
{
	FUZZ_CHECK(i->state != THOLE_LISTEN && i->state <= THOLE_TIME_WAIT, "state %u", i->state);
	FUZZ_CHECK(i->sacked_segs + i->lost_segs + i->retrans_segs <= i->unacked_segs,
		"%u + %u + %u segments of %u", i->sacked_segs, i->lost_segs, i->retrans_segs,
		i->unacked_segs);
	FUZZ_CHECK(i->unacked_bytes <= 1 << 20 && i->notsent_bytes <= 1 << 20,
		"%u bytes on the way, %u not sent", i->unacked_bytes, i->notsent_bytes);
	FUZZ_CHECK(i->unacked_segs != 0 || i->unacked_bytes == 0, "bytes without a segment");
	FUZZ_CHECK(i->rto_ns != 0 && i->snd_mss != 0, "no RTO or MSS");
	FUZZ_CHECK(i->pmtu >= i->snd_mss + 40u, "segments of %u bytes on a path of %u", i->snd_mss,
		i->pmtu);
	if (!i->counters)
		return;
	FUZZ_CHECK(i->bytes_retrans <= i->bytes_sent && i->data_segs_out <= i->segs_out &&
			   i->data_segs_in <= i->segs_in,
		"a part is more than the whole");
	FUZZ_CHECK(i->rwnd_limited_ns + i->sndbuf_limited_ns <= i->busy_ns &&
			   i->since_ns + i->busy_ns <= rig.now &&
			   i->rto_recovery_ns <= rig.now - i->since_ns,
		"more time than there was");
	FUZZ_CHECK(i->rto_recoveries <= i->rto_fired && i->reorderings <= i->delivered_segs,
		"more than there was cause for");
	FUZZ_CHECK(i->ooo_segs_in <= i->data_segs_in && i->bytes_received < 1 << 30 &&
			   i->bytes_acked < 1 << 30,
		"more than came");
}

static struct rig_conn *
conn_of(thole_conn handle, bool make)
{
	struct rig_conn *c;

	for (unsigned int i = 0; i < RIG_CONNS; i++)
		if (rig.conns[i].handle == handle)
			return &rig.conns[i];
	if (!make)
		return NULL;
	c = &rig.conns[rig.next_conn++ % RIG_CONNS];
	if (c->handle != 0 && !c->closed) /* forgotten: it may not go on unseen */
		rig_op(THOLE_OP_ABORT, c, 0);
	*c = (struct rig_conn){ .handle = handle };
	return c;
}

/* thole/app.h: "Events of a connection come in the order". */
static void
judge_event(unsigned int app, const struct thole_event *ev)
{
	bool first = ev->type == THOLE_EV_ACCEPTED || ev->type == THOLE_EV_OPENING ||
		     ev->type == THOLE_EV_CONNECTED || ev->type == THOLE_EV_CLOSED;
	bool answer = ev->type == THOLE_EV_GIVEN || ev->type == THOLE_EV_OPTION ||
		      ev->type == THOLE_EV_INFO;
	bool late; /* it may be read after CLOSED was by another */
	struct rig_conn *c = ev->conn != 0 ? conn_of(ev->conn, first) : NULL;

	if (c == NULL || ev->type == THOLE_EV_REFUSED) {
		if (ev->type == THOLE_EV_DATA)
			rte_pktmbuf_free(ev->mbuf);
		return;
	}
	/* Answers come in the order of the ops; who gave it away meanwhile may read them late. */
	late = answer || (ev->type == THOLE_EV_TAKEN && c->givens[app] != 0);
	FUZZ_CHECK(!c->closed || late, "event %u after CLOSED", ev->type);
	if (!answer && ev->type != THOLE_EV_TAKEN)
		FUZZ_CHECK(c->takens[app] == 0 && c->givens[app] == 0,
			"event %u before TAKEN, or after GIVEN is due", ev->type);
	switch ((enum thole_event_type)ev->type) {
	case THOLE_EV_ACCEPTED:
	case THOLE_EV_CONNECTED:
		FUZZ_CHECK(!c->opened, "opened twice");
		c->opened = true;
		break;
	case THOLE_EV_OPENING:
		FUZZ_CHECK(!c->opened, "OPENING comes late");
		break;
	case THOLE_EV_DATA:
		FUZZ_CHECK(c->opened && !c->peer_closed, "DATA too early or too late");
		check_data(c, ev);
		break;
	case THOLE_EV_PEER_CLOSED:
		FUZZ_CHECK(c->opened && !c->peer_closed, "PEER_CLOSED too early or twice");
		c->peer_closed = true;
		break;
	case THOLE_EV_SENDABLE:
		FUZZ_CHECK(c->opened && ev->bytes <= c->sent + rig.credit_added,
			"credit for what wasn't sent");
		break;
	case THOLE_EV_CLOSED:
		FUZZ_CHECK(ev->status <= 0, "a status of %d", ev->status);
		FUZZ_CHECK(!c->cut || ev->status == -ECONNABORTED, "cut off with a status of %d",
			ev->status);
		c->closed = true;
		break;
	case THOLE_EV_GIVEN:
		FUZZ_CHECK(c->opened && c->givens[app] != 0, "GIVEN that nothing called for");
		c->givens[app]--;
		break;
	case THOLE_EV_TAKEN:
		FUZZ_CHECK(c->opened && c->takens[app] != 0, "TAKEN that nothing called for");
		FUZZ_CHECK(
			(int32_t)ev->bytes <= 1 << 30, "TAKEN has more credit than there can be");
		c->takens[app]--;
		break;
	case THOLE_EV_SOFT_ERROR:
		FUZZ_CHECK(ev->status < 0, "a soft error of %d", ev->status);
		break;
	case THOLE_EV_OPTION:
		FUZZ_CHECK(
			ev->bytes != 0 && ev->bytes <= THOLE_OPT_COUNTERS, "option %u", ev->bytes);
		break;
	case THOLE_EV_INFO:
		FUZZ_CHECK(ev->info == &rig.info, "INFO of somebody else's memory");
		check_info(&rig.info);
		break;
	case THOLE_EV_LISTENING:
	case THOLE_EV_REFUSED:
		break;
	}
}

unsigned int
rig_events(uint32_t max)
{
	unsigned int all = 0;

	for (unsigned int app = 0; app < RIG_APPS; app++) {
		struct thole_event events[16];
		uint32_t n = (uint32_t)thole_app_events(
			rig.apps[app], events, RTE_MIN(max, (uint32_t)RTE_DIM(events)));

		FUZZ_CHECK(n <= max, "%u events, there was room for %u", n, max);
		for (uint32_t i = 0; i < n; i++)
			judge_event(app, &events[i]);
		all += n;
	}
	return all;
}
