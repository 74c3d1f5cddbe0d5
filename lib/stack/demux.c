/* SPDX-License-Identifier: BSD-3-Clause */
/* demux.c: a segment to the record that its connection is, or to a listener, or to nobody. */
#include "stack/stack.h"

/* RFC 9293, 3.10.7.1 and 3.10.7.2. */
static void
no_record(struct thole_stack *s, const struct seg *seg)
{
	uint16_t l = listen_find(s, seg->key.laddr, seg->dport);

	if (l == NO_INDEX || (seg->flags & TCP_ACK) != 0) {
		s->stats.rx_drop_state++;
		reply_rst(s, seg);
		return;
	}
	if ((seg->flags & (TCP_SYN | TCP_RST)) != TCP_SYN) {
		s->stats.rx_drop_state++;
		return;
	}
	/* With the accept queue full a handshake could not be completed: better the SYN comes
	 * again. */
	if (s->listeners[l].waiting >= s->listeners[l].backlog) {
		s->stats.rx_drop_backlog++;
		return;
	}
	embryo_open(s, seg, l);
}

void
demux(struct thole_stack *s, struct seg *seg, table_ref guess)
{
	table_ref ref = guess;
	struct tcb *t;

	if (!table_check(&s->table, seg->hash, guess, &seg->key))
		ref = table_find(&s->table, seg->hash, &seg->key);
	if (ref == REF_NONE) {
		no_record(s, seg);
		return;
	}
	switch (ref_kind(ref)) {
	case REF_TCB:
		t = stack_tcb(s, ref_index(ref));
		if (tcp_input(&s->env, t, seg) == REPLY_RST)
			reply_rst(s, seg);
		conn_settle(s, t);
		break;
	case REF_EMBRYO:
		embryo_segment(s, ref_index(ref), seg);
		break;
	case REF_TOMBSTONE:
		if (!time_wait_segment(s, ref_index(ref), seg))
			no_record(s, seg);
		break;
	case REF_KINDS:
		break;
	}
}
