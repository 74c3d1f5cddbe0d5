/* SPDX-License-Identifier: BSD-3-Clause */
/* usual.h: the quick way of taking a segment in, held against the one that judges. */
#ifndef TEST_USUAL_H
#define TEST_USUAL_H

#include <string.h>

#include "wire/usual.h"

static inline bool
usual_same(const struct seg *a, const struct seg *b)
{
	return a->m == b->m && memcmp(a->key.raddr, b->key.raddr, sizeof(a->key.raddr)) == 0 &&
	       a->key.rport == b->key.rport && a->key.lport == b->key.lport && a->len == b->len &&
	       a->ack == b->ack && a->seq == b->seq && a->ts_ecr == b->ts_ecr &&
	       a->ts_val == b->ts_val && a->payload_off == b->payload_off && a->wnd == b->wnd &&
	       a->flags == b->flags && a->tos == b->tos && a->opts == b->opts &&
	       a->nb_sack == b->nb_sack && ((a->opts & OPT_MSS) == 0 || a->mss == b->mss) &&
	       ((a->opts & OPT_WSCALE) == 0 || a->wscale == b->wscale) &&
	       memcmp(a->sack, b->sack, a->nb_sack * sizeof(a->sack[0])) == 0;
}

/* What is wrong with how usual_take() takes @p m, of which the parsers that judge said @p drop, or
 * @p judged; NULL: nothing. */
static inline const char *
usual_differs(
	struct rte_mbuf *m, bool csum_known_good, enum wire_drop drop, const struct seg *judged)
{
	const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *);
	bool could = m->data_len >= USUAL_LEAST && usual_is(h), taken;
	struct usual_span payload;
	struct seg s;

	memset(&s, 0x5a, sizeof(s));
	taken = could && usual_fits(m, h, &payload) &&
		(csum_known_good || usual_sums_good(m, h, &payload)) &&
		usual_take(m, h, &payload, &s);
	if (taken && drop == WIRE_IP_SOURCE)
		return NULL; /* the stack's to judge */
	if (taken && drop != WIRE_OK)
		return "what is to be dropped is taken as usual";
	if (could && !taken && drop == WIRE_OK && judged->payload_off <= m->data_len)
		return "what is good isn't taken as usual";
	return taken && !usual_same(&s, judged) ? "taken as usual it is another segment" : NULL;
}

#endif
