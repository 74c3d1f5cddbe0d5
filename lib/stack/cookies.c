/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cookies.c: when handshakes go by SYN cookies. They begin when three quarters of the embryos are
 * in use, and end when half are free again. The last quarter is for SYNs that end a TIME-WAIT: they
 * must be answered with a sequence number beyond the old connection's, which a cookie can't promise
 * (RFC 9293, 3.4.3). Without an embryo the TIME-WAIT stays, and answers as it does to any segment.
 */
#include <errno.h>

#include <rte_common.h>

#include "base/siphash.h"
#include "stack/stack.h"
#include "tcp/cookie.h"

#define ENDS_LEAST 1024u

/* Below this many embryos in use a SYN gets one without a look at anything else. */
static void
set_from(struct thole_stack *s)
{
	const uint32_t most = s->embryos.capacity;

	switch ((enum thole_syn_cookies)s->env.params.syn_cookies) {
	case THOLE_SYN_COOKIES_OFF:
	case THOLE_SYN_COOKIES_COUNT:
		s->cookies.from = most;
		break;
	case THOLE_SYN_COOKIES_ALWAYS:
		s->cookies.from = 0;
		break;
	case THOLE_SYN_COOKIES_AUTO:
		s->cookies.from = s->cookies.on ? 0 : most - most / 4;
		break;
	}
}

int
cookies_init(struct thole_stack *s)
{
	/* No connection has this key, so nothing else is made of its hash. */
	static const struct flow_key nobody = { .rport = 1 };
	struct sip128 derived = siphash13_flow128(s->cfg.secret, &nobody);
	struct cookies *c = &s->cookies;

	c->secret[0] = derived.lo;
	c->secret[1] = derived.hi;
	c->nb_ends = rte_align32pow2(RTE_MAX(s->cfg.max_embryos, ENDS_LEAST));
	c->ends = s->mem.alloc(s->mem.ctx, c->nb_ends * sizeof(*c->ends), 64);
	if (c->ends == NULL)
		return -ENOMEM;
	set_from(s);
	return 0;
}

void
cookies_fini(struct thole_stack *s)
{
	if (s->cookies.ends != NULL)
		s->mem.free(
			s->mem.ctx, s->cookies.ends, s->cookies.nb_ends * sizeof(*s->cookies.ends));
}

static struct cookie_end *
end_of(const struct thole_stack *s, uint32_t hash)
{
	return &s->cookies.ends[hash & (s->cookies.nb_ends - 1)];
}

/*
 * A cookie can be returned as often as its peer likes while it lives: what a peer sends again that
 * lacks our RST, or an old copy of its first segment, would bring about another connection with the
 * same numbers, and its bytes would be taken for the last one's. Nobody is told apart by more than
 * a hash, and the latest one of a place is known: so it is less likely, not impossible.
 */
void
cookies_spent(struct thole_stack *s, uint32_t hash)
{
	if (s->env.now_ns < s->cookies.until_ns)
		*end_of(s, hash) = (struct cookie_end){ hash,
			env_now_ms(&s->env) + (uint32_t)(COOKIE_LIFE_NS / TIME_MS) };
}

static bool
is_spent(const struct thole_stack *s, uint32_t hash)
{
	const struct cookie_end *e = end_of(s, hash);

	return e->hash == hash && seq_lt(env_now_ms(&s->env), e->until_ms);
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
		s->cookies.on = e->in_use >= e->capacity - e->capacity / 4;
	set_from(s);
	return s->cookies.on;
}

void
cookies_syn(struct thole_stack *s, const struct seg *seg, uint16_t listener)
{
	const struct tcp_settings *set = &s->listeners[listener].settings;
	struct tcp_out out;

	cookie_make(&s->env, s->cookies.secret, &set->terms, seg, &out);
	if (!reply_segment(s, &seg->key, NO_INDEX, set->profile, &out))
		return;
	if (is_spent(s, seg->hash)) /* there is a new one to come back */
		end_of(s, seg->hash)->until_ms = env_now_ms(&s->env);
	s->cookies.until_ns = s->env.now_ns + COOKIE_LIFE_NS;
	s->stats.tx_syn_acks++;
	s->stats.cookies_sent++;
}

/* The handshake is complete. Without room the ACK is dropped: what the peer sends, it sends again.
 */
static void
open_conn(struct thole_stack *s, struct embryo *e, struct seg *seg)
{
	struct tcb *t = embryo_to_tcb(s, e);

	if (t == NULL)
		return;
	if (table_insert(&s->table, seg->hash, ref_make(REF_TCB, tcb_index(s, t))) != 0) {
		s->stats.rx_drop_conns++;
		s->listeners[e->listener].waiting--;
		t->flags |= TF_DETACHED;
		conn_release(s, t);
		return;
	}
	/* Nothing says that a SYN was lost (RFC 6298, 5.7; RFC 5681, 3.1). */
	t->flags &= (uint16_t)~TF_SYN_REXMIT;
	s->stats.cookies_accepted++;
	s->stats.cookies_sack += (t->opts & TO_SACK) != 0;
	s->stats.cookies_wscale += (t->opts & TO_WSCALE) != 0;
	conn_input(s, t, seg);
}

/* What the SYN-ACK of listener @p l says: those that share an endpoint say the same. */
static const struct tcp_terms *
terms_of(const struct thole_stack *s, uint16_t l)
{
	const struct listener *at = &s->listeners[l];

	return &(at->app == APP_SHARED ? &s->listeners[at->share] : at)->settings.terms;
}

bool
cookies_ack(struct thole_stack *s, struct seg *seg)
{
	struct embryo e;
	uint16_t l;

	if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_ACK ||
		s->env.now_ns >= s->cookies.until_ns)
		return false;
	l = listen_find(s, seg->key.laddr, seg->key.lport);
	if (l == NO_INDEX)
		return false;
	if (!cookie_check(&s->env, s->cookies.secret, terms_of(s, l), seg, &e)) {
		s->stats.cookies_failed++;
		/*
		 * DEVIATION: what acknowledges nothing of a listener's gets a RST (RFC 9293,
		 * 3.10.7.2), but not while cookies are out: it may be the second segment of a peer
		 * whose first, which brings the cookie back, was lost, overtaken, or came while
		 * there was no room. A bare ACK too: a SYN-ACK that came twice is answered so.
		 */
		s->stats.rx_drop_state++;
		return true;
	}
	if (is_spent(s, seg->hash)) {
		s->stats.cookies_failed++;
		return false; /* to the RST that the peer lacks */
	}
	e.listener = l;
	open_conn(s, &e, seg);
	return true;
}
