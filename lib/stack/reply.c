/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reply.c: packets that no connection owes: RSTs to nobody, TIME-WAIT's ACKs, SYN cookies, ARP,
 * ICMP. They are built at once and wait for tx in a bounded queue; beyond it they are dropped and
 * counted.
 */
#include <rte_byteorder.h>

#include "stack/stack.h"

void
reply_push(struct thole_stack *s, struct rte_mbuf *m)
{
	if (s->replies_n == REPLIES_MAX) {
		s->stats.tx_drop_replies++;
		rte_pktmbuf_free(m);
		return;
	}
	s->replies[(s->replies_head + s->replies_n++) & (REPLIES_MAX - 1)] = m;
}

bool
limiter_take(struct thole_stack *s, struct limiter *l, uint32_t per_s)
{
	uint64_t passed = s->env.now_ns - l->last_ns;

	if (passed >= TIME_S / 10 ||
		l->last_ns == 0) { /* tokens come ten times a second, and aren't saved up */
		l->last_ns = RTE_MAX(s->env.now_ns, 1u);
		l->tokens = per_s / 10;
	}
	if (l->tokens == 0) {
		s->stats.tx_drop_limited++;
		return false;
	}
	l->tokens--;
	return true;
}

static bool
send_segment(struct thole_stack *s, const struct wire_path *path, uint32_t laddr, uint16_t hint,
	const struct tcp_out *out)
{
	uint32_t hop_be = route_next_hop(s, path->dst_be);
	struct rte_mbuf *m;

	if (hop_be == 0 || s->replies_n == REPLIES_MAX) {
		s->stats.tx_drop_replies++;
		return false;
	}
	m = mbufs_get(&s->mbufs);
	if (m == NULL)
		return false;
	tcp_emit(m, path, out);
	s->stats.tx_tcp_segs++;
	neigh_send(s, neigh_get(s, hop_be, hint, laddr), m);
	return true;
}

/* RFC 9293, 3.10.7.1: the answer to a segment that no connection wants. */
void
reply_rst(struct thole_stack *s, const struct seg *seg)
{
	struct tcp_out out = { .sport = seg->key.lport, .dport = seg->key.rport };
	struct wire_path path = s->path;

	path.src_be = local_ip_be(s, seg->key.laddr);
	path.dst_be = flow_raddr_ip4(&seg->key);
	if ((seg->flags & TCP_RST) != 0)
		return;
	if ((seg->flags & TCP_ACK) != 0) {
		out.seq = seg->ack;
		out.flags = TCP_RST;
	} else {
		out.ack = seg->seq + seg_len(seg);
		out.flags = TCP_RST | TCP_ACK;
	}
	s->stats.tx_rsts++;
	send_segment(s, &path, seg->key.laddr, NO_INDEX, &out);
}

bool
reply_segment(struct thole_stack *s, const struct flow_key *key, uint16_t neigh, uint8_t profile,
	const struct tcp_out *out)
{
	struct wire_path path = s->path;

	path.src_be = local_ip_be(s, key->laddr);
	path.dst_be = flow_raddr_ip4(key);
	conn_path_profile(s, profile, &path);
	return send_segment(s, &path, key->laddr, neigh, out);
}
