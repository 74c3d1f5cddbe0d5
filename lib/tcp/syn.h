/* SPDX-License-Identifier: BSD-3-Clause */
/* syn.h: the options of SYNs: what we take of a peer's, and what ours say. */
#ifndef TCP_SYN_H
#define TCP_SYN_H

#include "tcp/tcp.h"

/* All that two SYNs can agree on, ECN and how far the window is shifted aside. */
#define EO_ALL (EO_WSCALE | EO_SACK | EO_TIMESTAMPS)

/* What is agreed on stands in a record as in a segment, this much further left. */
#define EO_SHIFT 3
_Static_assert(EO_WSCALE == OPT_WSCALE << EO_SHIFT && EO_SACK == OPT_SACK_PERMITTED << EO_SHIFT &&
		       EO_TIMESTAMPS == OPT_TIMESTAMPS << EO_SHIFT,
	"enum embryo_opt goes by enum tcp_opt_present");

/* What we take of the options of the SYN @p s (enum embryo_opt); ECN aside. */
static inline uint8_t
tcp_syn_opts(const struct tcp_env *env, const struct seg *s)
{
	uint32_t opts = (uint32_t)s->opts << EO_SHIFT & env->syn_opts;

	/* RFC 7323, 2.3: a shift above 14 is taken as 14. */
	if ((opts & EO_WSCALE) != 0)
		opts |= unlikely(s->wscale > TCP_WSCALE_MAX) ? TCP_WSCALE_MAX : s->wscale;
	return (uint8_t)opts;
}

/* The options of a SYN or SYN-ACK of ours that @p opts (enum embryo_opt) allow. */
static inline void
tcp_syn_out(const struct tcp_env *env, const struct tcp_terms *terms, uint8_t opts, uint32_t ts_off,
	uint32_t ts_recent, struct tcp_out *out)
{
	out->mss = terms->mss;
	out->opts = (opts & EO_ALL) >> EO_SHIFT;
	if ((opts & EO_WSCALE) != 0)
		out->wscale = terms->wscale;
	if ((opts & EO_TIMESTAMPS) != 0) {
		out->ts_val = env_now_ms(env) + ts_off;
		out->ts_ecr = (out->flags & TCP_ACK) != 0 ? ts_recent : 0;
	}
	/* RFC 3168, 6.1.1: an ECN-setup SYN, or SYN-ACK. */
	if ((opts & EO_ECN) != 0)
		out->flags |= (out->flags & TCP_ACK) != 0 ? TCP_ECE : TCP_ECE | TCP_CWR;
}

#endif
