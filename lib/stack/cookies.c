/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cookies.c: when handshakes go by SYN cookies. They begin when three quarters of the embryos are
 * in use, and end when half are free again. The last quarter is for SYNs that end a TIME-WAIT: they
 * must be answered with a sequence number beyond the old connection's, which a cookie can't promise
 * (RFC 9293, 3.4.3). Without an embryo the TIME-WAIT stays, and answers as it does to any segment.
 */
#include "base/siphash.h"
#include "stack/stack.h"
#include "tcp/cookie.h"

void
cookies_init(struct thole_stack *s)
{
	/* No connection has this key, so nothing else is made of its hash. */
	static const struct flow_key nobody = { .rport = 1 };
	struct sip128 derived = siphash13_flow128(s->cfg.secret, &nobody);

	s->cookies.secret[0] = derived.lo;
	s->cookies.secret[1] = derived.hi;
}

bool
cookies_wanted(struct thole_stack *s)
{
	const struct slab *e = &s->embryos;

	switch ((enum thole_syn_cookies)s->env.params.syn_cookies) {
	case THOLE_SYN_COOKIES_OFF:
	case THOLE_SYN_COOKIES_COUNT:
		return false;
	case THOLE_SYN_COOKIES_ALWAYS:
		return true;
	case THOLE_SYN_COOKIES_AUTO:
		break;
	}
	if (s->cookies.on)
		s->cookies.on = e->in_use * 2 >= e->capacity;
	else
		s->cookies.on = e->in_use * 4 >= e->capacity * 3;
	return s->cookies.on;
}

void
cookies_syn(struct thole_stack *s, const struct seg *seg, uint16_t listener)
{
	uint8_t profile = s->listeners[listener].settings.profile;
	struct tcp_out out;

	cookie_make(&s->env, s->cookies.secret, seg, &out);
	if (!reply_segment(s, &seg->key, NO_INDEX, profile, &out))
		return;
	s->cookies.until_ns = s->env.now_ns + COOKIE_LIFE_NS;
	s->stats.tx_syn_acks++;
	s->stats.cookies_sent++;
}

/* The handshake is complete. Without room the ACK is dropped: what the peer sends, it sends again.
 */
static void
open_conn(struct thole_stack *s, const struct embryo *e, struct seg *seg)
{
	struct tcb *t = embryo_to_tcb(s, e);

	if (t == NULL)
		return;
	if (table_insert(&s->table, seg->hash, ref_make(REF_TCB, tcb_index(s, t))) != 0) {
		s->stats.rx_drop_conns++;
		t->flags |= TF_DETACHED;
		conn_release(s, t);
		return;
	}
	/* Nothing says that a SYN was lost (RFC 6298, 5.7; RFC 5681, 3.1). */
	t->flags &= (uint16_t)~TF_SYN_REXMIT;
	s->listeners[e->listener].waiting++;
	s->stats.cookies_accepted++;
	s->stats.cookies_sack += (t->opts & TO_SACK) != 0;
	s->stats.cookies_wscale += (t->opts & TO_WSCALE) != 0;
	conn_input(s, t, seg);
}

bool
cookies_ack(struct thole_stack *s, struct seg *seg)
{
	struct embryo e;
	uint16_t l;

	if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_ACK ||
		s->env.now_ns >= s->cookies.until_ns)
		return false;
	l = listen_find(s, seg->key.laddr, seg->dport);
	if (l == NO_INDEX)
		return false;
	if (!cookie_check(&s->env, s->cookies.secret, seg, &e)) {
		s->stats.cookies_failed++;
		/*
		 * DEVIATION: text that acknowledges nothing of a listener's gets a RST (RFC 9293,
		 * 3.10.7.2), but not while cookies are out: it may be the second segment of a peer
		 * whose first, which brings the cookie back, was lost or overtaken.
		 */
		if (seg_len(seg) == 0)
			return false;
		s->stats.rx_drop_state++;
		return true;
	}
	e.listener = l;
	open_conn(s, &e, seg);
	return true;
}
