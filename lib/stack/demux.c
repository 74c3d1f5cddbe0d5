/* SPDX-License-Identifier: BSD-3-Clause */
/* demux.c: a segment of no connection that there is: to a listener, or to nobody. */
#include "stack/stack.h"

/* RFC 9293, 3.10.7.1 and 3.10.7.2. */
void
demux_stranger(struct thole_stack *s, struct seg *seg)
{
	const uint32_t src_be = flow_raddr_ip4(&seg->key);
	uint16_t l;

	/* Only here: nothing from there can have got a record. */
	if (unlikely(ip4_source_bad(rte_be_to_cpu_32(src_be)) || local_is_no_peer(s, src_be))) {
		s->stats.rx_drop_ip_source++;
		return;
	}
	if (cookies_ack(s, seg))
		return;
	l = listen_find(s, seg->key.laddr, seg->key.lport);
	if ((seg->flags & TCP_ACK) != 0 || l == NO_INDEX) {
		s->stats.rx_drop_state++;
		reply_rst(s, seg);
		return;
	}
	if ((seg->flags & (TCP_SYN | TCP_RST)) != TCP_SYN) {
		s->stats.rx_drop_state++;
		return;
	}
	if (!embryo_welcome(s, seg, l))
		return;
	if (cookies_wanted(s))
		cookies_syn(s, seg, l);
	else if (embryo_room(s))
		embryo_open(s, seg, l);
}
