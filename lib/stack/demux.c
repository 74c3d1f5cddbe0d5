/* SPDX-License-Identifier: BSD-3-Clause */
/* demux.c: a segment to the record that its connection is, or to a listener, or to nobody. */
#include "stack/stack.h"

/* RFC 9293, 3.10.7.1 and 3.10.7.2. */
static __rte_noinline void
no_record(struct thole_stack *s, struct seg *seg)
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

void
demux(struct thole_stack *s, struct seg *seg, const uint16_t *guess)
{
	table_ref ref = table_check(&s->table, seg->hash, guess, &seg->key);
	struct tcb *t;

	if (unlikely(ref == REF_NONE))
		ref = table_find(&s->table, seg->hash, &seg->key);
	if (ref == REF_NONE) {
		no_record(s, seg);
		return;
	}
	switch (ref_kind(ref)) {
	case REF_TCB:
		t = stack_tcb(s, ref_index(ref));
		conn_input(s, t, seg);
		break;
	case REF_EMBRYO:
		embryo_segment(s, ref_index(ref), seg);
		break;
	case REF_TOMBSTONE:
		time_wait_segment(s, ref_index(ref), seg);
		break;
	case REF_KINDS:
		break;
	}
}
