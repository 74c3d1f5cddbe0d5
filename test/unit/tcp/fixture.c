/* SPDX-License-Identifier: BSD-3-Clause */
/* fixture.c: one connection without a stack. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

static void
set_params(struct thole_tcp_params *p)
{
	*p = (struct thole_tcp_params){
		.msl_ns = 30 * TIME_S,
		.rto_initial_ns = TIME_S,
		.rto_min_ns = 200 * TIME_MS,
		.rto_max_ns = 120 * TIME_S,
		.syn_give_up_ns = 180 * TIME_S,
		.give_up_ns = 900 * TIME_S,
		.syn_ack_give_up_ns = 180 * TIME_S,
		.orphan_ns = 60 * TIME_S,
		.delayed_ack_ns = 40 * TIME_MS,
		.peer_delayed_ack_ns = 40 * TIME_MS,
		.sndbuf_bytes = 4 << 20,
		.rcvbuf_bytes = 4 << 20,
		.window_scale = true,
		.timestamps = true,
		.sack = true,
		.cc = THOLE_CC_NEWRENO,
		.keepalive_ns = 7200 * TIME_S,
		.keepalive_interval_ns = 75 * TIME_S,
		.keepalive_probes = 9,
	};
}

void
fix_peer_syn(struct fix *f, uint8_t opts)
{
	const struct peer_syn syn = {
		.irs = FIX_IRS, .ts_val = 1, .mss = 1460, .wnd = 65535, .opts = opts
	};

	tcp_peer_syn(&f->env, &f->t, &f->env.settings.terms, &syn);
}

void
fix_up_with(struct fix *f, uint8_t opts)
{
	static const struct flow_key key = { .raddr = { 0, 1 }, .rport = 80, .lport = 4000 };

	static unsigned int ups; /* a test that failed leaves its pool behind */
	char name[32];

	memset(f, 0, sizeof(*f));
	snprintf(name, sizeof(name), "fix-%u", ups++);
	f->pool = test_pool(name, FIX_POOL);
	mbufs_init(&f->mbufs, f->pool, &f->stats);
	test_mem_init(&f->mem);
	CU_ASSERT_EQUAL_FATAL(slab_init(&f->flights, &f->mem.mem, 4, sizeof(struct flight), 64), 0);
	CU_ASSERT_EQUAL_FATAL(
		slab_init(&f->segments, &f->mem.mem, FIX_SEGS, sizeof(struct tx_seg), 32), 0);
	f->env.flights = &f->flights;
	f->env.segments = &f->segments;
	set_params(&f->env.params);
	tcp_env_clock(&f->env, 1000 * TIME_S);
	f->env.stats = &f->stats;
	f->env.mbufs = &f->mbufs;
	f->env.rx_held_max = FIX_POOL;
	f->env.mss_mtu = 1460;
	f->path.src_be = RTE_BE32(0x0a000001);
	f->path.dst_be = RTE_BE32(0x0a000002);
	tcp_settings_init(&f->env);
	tcb_init(&f->env, &f->t, &key, &f->env.settings);
	tcp_open_active(&f->env, &f->t, &f->env.settings.terms);
	f->t.snd_una = FIX_ISS + 1; /* chosen numbers instead of the clock's */
	f->t.snd_nxt = f->t.snd_end = f->t.snd_credited = FIX_ISS + 1;
	fix_peer_syn(f, opts);
	tcp_established(&f->env, &f->t);
	f->t.flags = 0;
	f->t.events = 0;
	memset(&f->stats, 0, sizeof(f->stats));
}

void
fix_up(struct fix *f)
{
	fix_up_with(f, 0);
}

void
fix_down(struct fix *f)
{
	tcp_drop_queues(&f->env, &f->t);
	mbufs_fini(&f->mbufs);
	CU_ASSERT_EQUAL(f->stats.mbufs_held, 0);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(f->pool), FIX_POOL);
	rte_mempool_free(f->pool);
	CU_ASSERT_EQUAL(f->segments.in_use, 0);
	CU_ASSERT_EQUAL(f->flights.in_use, 0);
	slab_fini(&f->segments, &f->mem.mem);
	slab_fini(&f->flights, &f->mem.mem);
	CU_ASSERT_EQUAL(f->mem.bytes_out, 0);
}

struct seg
fix_seg(const struct fix *f, uint8_t flags)
{
	struct seg s = {
		.key = f->t.key,
		.seq = f->t.rcv_nxt,
		.ack = f->t.snd_una,
		.wnd = (uint16_t)(f->t.snd_wnd >> f->t.snd_wscale),
		.flags = flags,
	};

	if ((f->t.opts & TO_TIMESTAMPS) != 0) {
		s.opts = OPT_TIMESTAMPS;
		s.ts_val = f->t.ts_recent;
		s.ts_ecr = env_ts(&f->env, &f->t);
	}
	return s;
}

void
fix_state(struct fix *f, enum tcp_state state)
{
	bool fin_in = state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK;
	bool fin_after = state == TCP_CLOSING || state == TCP_TIME_WAIT;
	struct seg s;

	if (state == TCP_ESTABLISHED)
		return;
	if (fin_in) {
		s = fix_seg(f, TCP_FIN | TCP_ACK);
		tcp_input(&f->env, &f->t, &s);
	}
	if (state != TCP_CLOSE_WAIT) {
		CU_ASSERT_EQUAL(tcp_shutdown(&f->env, &f->t), 0);
		fix_flush(f);
	}
	if (state == TCP_FIN_WAIT_2 || state == TCP_TIME_WAIT) {
		s = fix_seg(f, TCP_ACK);
		s.ack = f->t.snd_nxt;
		tcp_input(&f->env, &f->t, &s);
	}
	if (fin_after) {
		s = fix_seg(f, TCP_FIN | TCP_ACK);
		tcp_input(&f->env, &f->t, &s);
	}
	fix_flush(f);
	f->t.events = 0;
	CU_ASSERT_EQUAL(f->t.state, state);
}

struct rte_mbuf *
fix_bytes(struct fix *f, uint32_t pos, uint32_t n)
{
	static uint8_t bytes[UINT16_MAX];

	for (uint32_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(pos + i);
	return test_exact_mbuf(f->pool, bytes, n);
}

unsigned int
fix_flush(struct fix *f)
{
	struct rte_mbuf *out[16];
	unsigned int total = 0;
	uint16_t n;

	while (tcb_owes(&f->t) &&
		(n = tcp_output(&f->env, &f->t, &f->path, out, RTE_DIM(out))) != 0) {
		rte_pktmbuf_free_bulk(out, n);
		total += n;
	}
	return total;
}

unsigned int
fix_send(struct fix *f, uint32_t n)
{
	while (n != 0) {
		uint32_t some = RTE_MIN(n, 30000u);

		CU_ASSERT_EQUAL(tcp_send(&f->env, &f->t, fix_bytes(f, f->t.snd_end, some)), 0);
		n -= some;
	}
	return fix_flush(f);
}

void
fix_ack(struct fix *f, uint32_t ack, const struct sack_block *sack, uint8_t nb_sack)
{
	struct seg s = fix_seg(f, TCP_ACK);

	s.ack = ack;
	s.wnd = (uint16_t)(65535 >> f->t.snd_wscale);
	if (nb_sack != 0) {
		s.opts |= OPT_SACK;
		s.nb_sack = nb_sack;
		memcpy(s.sack, sack, nb_sack * sizeof(*sack));
	}
	CU_ASSERT_EQUAL(tcp_input(&f->env, &f->t, &s), REPLY_NONE);
}

/* The list by time: as many as by number are neither SACKed nor lost, the oldest first. */
static void
check_times(const struct fix *f, const struct flight *fl, uint32_t timed)
{
	uint32_t prev = SLAB_NONE;

	for (uint32_t i = fl->time_head; i != SLAB_NONE; i = board_seg(&f->env, i)->time_next) {
		const struct tx_seg *g = board_seg(&f->env, i);

		CU_ASSERT_EQUAL_FATAL(g->flags & (SEG_SACKED | SEG_LOST), 0);
		CU_ASSERT_EQUAL_FATAL(g->time_prev, prev);
		if (prev != SLAB_NONE)
			CU_ASSERT_FATAL(seq_leq(board_seg(&f->env, prev)->sent_us, g->sent_us));
		prev = i;
		CU_ASSERT_FATAL(timed-- != 0);
	}
	CU_ASSERT_EQUAL_FATAL(fl->time_tail, prev);
	CU_ASSERT_EQUAL_FATAL(timed, 0);
}

void
fix_check_board(const struct fix *f)
{
	const struct flight *fl = tcp_flight(&f->env, &f->t);
	uint32_t sacked = 0, lost = 0, nb_sacked = 0, timed = 0, n = 0, last = SLAB_NONE;
	uint32_t more = 0;
	bool before_lost = true;

	if (fl == NULL) {
		CU_ASSERT_EQUAL_FATAL(f->segments.in_use, 0);
		return;
	}
	for (uint32_t i = fl->head; i != SLAB_NONE; i = board_seg(&f->env, i)->next) {
		const struct tx_seg *g = board_seg(&f->env, i);

		if (i == fl->lost_at)
			before_lost = false;
		if (last != SLAB_NONE)
			CU_ASSERT_EQUAL_FATAL(tx_seg_end(board_seg(&f->env, last)), g->seq);
		CU_ASSERT_NOT_EQUAL_FATAL(tx_seg_space(g), 0);
		CU_ASSERT_NOT_EQUAL_FATAL(
			g->flags & (SEG_SACKED | SEG_LOST), SEG_SACKED | SEG_LOST);
		if ((g->flags & SEG_SACKED) != 0) {
			sacked += tx_seg_space(g);
			nb_sacked += 1u + g->more;
		} else if ((g->flags & SEG_LOST) != 0) {
			lost += tx_seg_space(g);
			CU_ASSERT_FALSE_FATAL(before_lost);
		} else {
			timed++;
		}
		if (g->len != 0) {
			CU_ASSERT_PTR_NOT_NULL_FATAL(g->m);
			CU_ASSERT_FATAL(g->seq - g->m->hash.usr < g->m->data_len);
		}
		CU_ASSERT_FATAL(g->more < TRAIN_MOST);
		CU_ASSERT_FATAL(g->more == 0 || (g->len != 0 && (g->flags & SEG_FIN) == 0));
		more += g->more;
		last = i;
		n++;
	}
	CU_ASSERT_EQUAL_FATAL(fl->tail, last);
	CU_ASSERT_EQUAL_FATAL(f->segments.in_use, n);
	CU_ASSERT_EQUAL_FATAL(f->segments.promised, more);
	CU_ASSERT_EQUAL_FATAL(fl->sacked, sacked);
	CU_ASSERT_EQUAL_FATAL(fl->nb_sacked, nb_sacked);
	CU_ASSERT_EQUAL_FATAL(fl->lost, lost);
	check_times(f, fl, timed);
	if (last != SLAB_NONE) {
		CU_ASSERT_EQUAL_FATAL(board_seg(&f->env, fl->head)->seq, f->t.snd_una);
		CU_ASSERT_EQUAL_FATAL(tx_seg_end(board_seg(&f->env, last)), f->t.snd_nxt);
	}
}

struct flight *
fix_flight(struct fix *f)
{
	struct flight *fl = tcp_flight(&f->env, &f->t);

	CU_ASSERT_PTR_NOT_NULL_FATAL(fl);
	return fl;
}

unsigned int
fix_fire(struct fix *f)
{
	unsigned int sent;

	CU_ASSERT_NOT_EQUAL_FATAL(f->t.rtx_ns, TIME_NEVER);
	tcp_env_clock(&f->env, RTE_MAX(f->env.now_ns, f->t.rtx_ns));
	tcp_timer(&f->env, &f->t);
	sent = fix_flush(f);
	fix_check_board(f);
	return sent;
}
