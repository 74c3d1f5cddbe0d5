/* SPDX-License-Identifier: BSD-3-Clause */
/* time_wait.c: TIME-WAIT in 64 B, when the application is done (RFC 9293, 3.10.7.4; RFC 1337). */
#include "tcp/window.h"

void
tombstone_init(const struct tcp_env *env, struct tombstone *w, const struct tcb *t)
{
	w->key = t->key;
	w->expire_ns = env->now_ns + 2 * env->params.msl_ns;
	w->snd_nxt = t->snd_nxt;
	w->rcv_nxt = t->rcv_nxt;
	w->rcv_wnd = window_field(t, false);
	w->neigh = t->neigh;
	w->ts_recent = t->ts_recent;
	w->ts_off = (t->opts & TO_TIMESTAMPS) != 0 ? t->ts_off : 0;
}

void
tcp_bury(struct tcp_env *env, struct tombstone *w, struct tcb *t)
{
	tombstone_init(env, w, t);
	tcp_closed(env, t, 0);
}

/*
 * RFC 9293, 3.10.7.4, fourth step, MAY-2; RFC 6191, 2: a SYN of a later time than anything of the
 * old connection, by timestamps if both have them, or else by sequence number.
 */
static bool
is_new(const struct tcp_env *env, const struct tombstone *w, const struct seg *s)
{
	/* RFC 6191, 2: timestamps that the old connection didn't have tell them apart. */
	if (w->ts_off == 0 && (s->opts & OPT_TIMESTAMPS) != 0 && env->params.timestamps)
		return true;
	if (w->ts_off != 0 && (s->opts & OPT_TIMESTAMPS) != 0)
		return seq_gt(s->ts_val, w->ts_recent) ||
		       (s->ts_val == w->ts_recent && seq_gt(s->seq, w->rcv_nxt));
	return seq_gt(s->seq, w->rcv_nxt);
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
	if ((s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && is_new(env, w, s))
		return TOMBSTONE_REUSE;
	/* RFC 7323, 5.3: an old duplicate is answered like any that isn't acceptable. */
	if (w->ts_off != 0 && (s->opts & OPT_TIMESTAMPS) != 0 && seq_lt(s->ts_val, w->ts_recent)) {
		env->stats->rx_drop_paws++;
		return TOMBSTONE_ACK;
	}
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
