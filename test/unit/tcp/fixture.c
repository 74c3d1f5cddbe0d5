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
		.sndbuf_bytes = 256 * 1024,
		.rcvbuf_bytes = 65535,
	};
}

void
fix_up(struct fix *f)
{
	static const struct flow_key key = { .raddr = { 0, 1 }, .rport = 80, .lport = 4000 };

	static unsigned int ups; /* a test that failed leaves its pool behind */
	char name[32];

	memset(f, 0, sizeof(*f));
	snprintf(name, sizeof(name), "fix-%u", ups++);
	f->pool = test_pool(name, FIX_POOL);
	mbufs_init(&f->mbufs, f->pool, &f->stats);
	set_params(&f->env.params);
	f->env.now_ns = 1000 * TIME_S;
	f->env.stats = &f->stats;
	f->env.mbufs = &f->mbufs;
	f->env.rx_held_max = FIX_POOL;
	f->env.mss = f->env.mss_mtu = 1460;
	f->env.mss_mtu = 1460;
	f->path.src_be = RTE_BE32(0x0a000001);
	f->path.dst_be = RTE_BE32(0x0a000002);
	tcb_init(&f->env, &f->t, &key);
	tcp_open_active(&f->env, &f->t);
	f->t.snd_una = FIX_ISS + 1; /* chosen numbers instead of the clock's */
	f->t.snd_nxt = f->t.snd_max = f->t.snd_end = FIX_ISS + 1;
	f->t.snd_head_seq = f->t.snd_cur_seq = f->t.snd_credited = FIX_ISS + 1;
	tcp_peer_syn(&f->env, &f->t, FIX_IRS, 1460, 65535);
	tcp_established(&f->env, &f->t);
	f->t.flags = 0;
	f->t.events = 0;
	memset(&f->stats, 0, sizeof(f->stats));
}

void
fix_down(struct fix *f)
{
	tcp_drop_queues(&f->env, &f->t);
	mbufs_fini(&f->mbufs);
	CU_ASSERT_EQUAL(f->stats.mbufs_held, 0);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(f->pool), FIX_POOL);
	rte_mempool_free(f->pool);
}

struct seg
fix_seg(const struct fix *f, uint8_t flags)
{
	return (struct seg){
		.key = f->t.key,
		.seq = f->t.rcv_nxt,
		.ack = f->t.snd_una,
		.wnd = (uint16_t)f->t.snd_wnd,
		.flags = flags,
	};
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
		s.ack = f->t.snd_max;
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
