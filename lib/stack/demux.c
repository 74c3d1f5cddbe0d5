/* SPDX-License-Identifier: BSD-3-Clause */
/* demux.c: a segment of no connection that there is: to a listener, or to nobody. */
#include "stack/stack.h"

/* What begins no connection: RFC 9293, 3.10.7.1 and 3.10.7.2. */
static __rte_noinline void
no_syn(struct thole_stack *s, struct seg *seg)
{
	if (cookies_ack(s, seg))
		return;
	s->stats.rx_drop_state++;
	if ((seg->flags & TCP_ACK) != 0 ||
		listen_find(s, seg->key.laddr, seg->key.lport) == NO_INDEX)
		reply_rst(s, seg);
}

/* A SYN when embryos are rare. */
static __rte_noinline void
crowded(struct thole_stack *s, const struct seg *seg, uint16_t l)
{
	if (cookies_wanted(s))
		cookies_syn(s, seg, l);
	else if (embryo_room(s))
		embryo_open(s, seg, l);
}

void
demux_stranger(struct thole_stack *s, struct seg *seg)
{
	const uint32_t src_be = flow_raddr_ip4(&seg->key);
	const enum local_place place = local_place(s, src_be);
	uint32_t hop_be;
	uint16_t l;

	/* Only here: nothing from there can have got a record. */
	if (unlikely(place == PLACE_NO_PEER || ip4_source_bad(rte_be_to_cpu_32(src_be)))) {
		s->stats.rx_drop_ip_source++;
		return;
	}
	if (unlikely((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)) {
		no_syn(s, seg);
		return;
	}
	l = listen_find(s, seg->key.laddr, seg->key.lport);
	if (unlikely(l == NO_INDEX)) {
		s->stats.rx_drop_state++;
		reply_rst(s, seg);
		return;
	}
	hop_be = place == PLACE_LINK ? src_be : s->gateway_be;
	if (!embryo_welcome_by(s, hop_be, &l))
		return;
	if (likely(s->embryos.in_use < s->cookies.from))
		embryo_open_by(s, hop_be, seg, l);
	else
		crowded(s, seg, l);
}
