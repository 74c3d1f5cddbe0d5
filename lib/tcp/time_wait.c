/* SPDX-License-Identifier: BSD-3-Clause */
/* time_wait.c: TIME-WAIT in 64 B, when the application is done (RFC 9293, 3.10.7.4; RFC 1337). */
#include "tcp/tcp.h"

void
tombstone_init(const struct tcp_env *env, struct tombstone *w, const struct tcb *t)
{
	w->key = t->key;
	w->expire_ns = env->now_ns + 2 * env->params.msl_ns;
	w->snd_nxt = t->snd_max;
	w->rcv_nxt = t->rcv_nxt;
	w->rcv_wnd = (uint16_t)RTE_MIN(tcp_rcv_wnd(t), 65535u);
	w->neigh = t->neigh;
}

enum tombstone_verdict
tombstone_input(struct tcp_env *env, const struct tombstone *w, const struct seg *s)
{
	uint32_t off = s->seq - w->rcv_nxt;
	uint32_t len = seg_len(s);

	if ((s->flags & TCP_RST) != 0) {
		env->stats->rx_drop_rst++; /* RFC 1337, 3, F1 */
		return TOMBSTONE_KEEP;
	}
	/* RFC 9293, 3.10.7.4, fourth step: a SYN beyond all that was is a new connection's. */
	if ((s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && seq_gt(s->seq, w->rcv_nxt))
		return TOMBSTONE_REUSE;
	if ((s->flags & TCP_FIN) != 0 && s->seq + len == w->rcv_nxt)
		return TOMBSTONE_RESTART;
	if ((s->flags & TCP_SYN) != 0 || (off >= w->rcv_wnd && !(len == 0 && off == 0) &&
						 !(len != 0 && off + len - 1 < w->rcv_wnd))) {
		env->stats->rx_drop_old++;
		return TOMBSTONE_ACK;
	}
	if ((s->flags & TCP_ACK) != 0 && seq_gt(s->ack, w->snd_nxt)) {
		env->stats->rx_drop_ack++;
		return TOMBSTONE_ACK;
	}
	env->stats->rx_drop_state++;
	return TOMBSTONE_KEEP;
}
