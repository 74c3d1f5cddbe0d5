/* SPDX-License-Identifier: BSD-3-Clause */
/* icmp_in.c: echo, and errors about our segments (RFC 792; RFC 1122, 3.2.2; RFC 5461; RFC 5927). */
#include "stack/stack.h"
#include "wire/icmp.h"

#define ERRORS_PER_S 1000

static bool
echo(struct thole_stack *s, struct rte_mbuf *m, const struct ip4_pkt *ip)
{
	uint32_t hop_be = route_next_hop(s, ip->src_be);
	uint16_t n;

	/* Answered in place: only a packet that is all ours, in one piece. */
	if (hop_be == 0 || m->nb_segs != 1 || !mbufs_is_private(m))
		return false;
	n = neigh_get(s, hop_be, NO_INDEX, local_find(s, ip->dst_be));
	m->data_len = (uint16_t)(ip->l4_off + ip->l4_len); /* without padding */
	m->pkt_len = m->data_len;
	m->ol_flags = 0;
	icmp_echo_to_reply(m, &s->cfg.mac, ip);
	neigh_send(s, n, m);
	return true;
}

static enum soft_error
soft_error_of(const struct icmp_pkt *icmp)
{
	if (icmp->kind == ICMP_PARAMETER)
		return SOFT_PARAMETER;
	if (icmp->kind != ICMP_UNREACHABLE)
		return SOFT_HOST; /* it goes in circles, or in pieces */
	switch (icmp->code) {
	case 0: /* network */
	case 6:
		return SOFT_NET;
	case 2: /* protocol */
	case 3: /* port */
		return SOFT_REFUSED;
	default:
		return SOFT_HOST;
	}
}

/* The connection that an error quotes a segment of, or NULL. */
static struct tcb *
quoted_conn(struct thole_stack *s, const struct icmp_pkt *icmp)
{
	struct flow_key key = {
		.laddr = local_find(s, icmp->quoted_src_be),
		.rport = icmp->quoted_dport,
		.lport = icmp->quoted_sport,
	};
	table_ref ref;

	if (!icmp->quotes_tcp || key.laddr == LOCAL_NONE)
		return NULL;
	flow_set_raddr_ip4(&key, icmp->quoted_dst_be);
	ref = table_find(&s->table, stack_hash(s, &key), &key);
	return ref != REF_NONE && ref_kind(ref) == REF_TCB ? stack_tcb(s, ref_index(ref)) : NULL;
}

/* RFC 5927, 4.1: only what is in flight can have met an error; or a keep-alive's number. */
static bool
is_in_flight(const struct tcb *t, uint32_t seq)
{
	if (t->snd_una == t->snd_nxt)
		return tcb_probes(t) != 0 && seq == t->snd_una - 1;
	return seq_geq(seq, t->snd_una) && seq_lt(seq, t->snd_nxt);
}

/*
 * A destination that can't be reached ends a connection that is being opened; an established one
 * carries on, and what is quoted must be in flight (RFC 5927, 5). DEVIATION: RFC 9293, 3.9.2.2
 * (MUST-56) has an attempt survive codes 0, 1 and 5; like most, we end it (RFC 5461, 4.1), so that
 * the application hears of a dead end at once.
 */
static void
error_input(struct thole_stack *s, const struct icmp_pkt *icmp)
{
	struct tcb *t = quoted_conn(s, icmp);

	if (t == NULL)
		return;
	if (icmp->kind == ICMP_UNREACHABLE && icmp->code == 4)
		tcp_path_mtu(&s->env, t, icmp->quoted_seq, icmp->next_mtu);
	else if (!is_in_flight(t, icmp->quoted_seq))
		return;
	else if (icmp->kind == ICMP_UNREACHABLE && t->state == TCP_SYN_SENT)
		tcp_closed(&s->env, t, tcp_soft_errno(soft_error_of(icmp)));
	else
		tcp_soft_error(&s->env, t, soft_error_of(icmp));
	conn_settle(s, t);
}

bool
icmp_input(struct thole_stack *s, struct rte_mbuf *m, const uint8_t *h, uint32_t avail,
	const struct ip4_pkt *ip)
{
	struct icmp_pkt icmp;

	if (icmp_parse(m, h, avail, ip, &icmp) != WIRE_OK) {
		s->stats.rx_drop_icmp++;
		return false;
	}
	s->stats.rx_icmp_pkts++;
	switch (icmp.kind) {
	case ICMP_ECHO:
		return echo(s, m, ip);
	case ICMP_UNREACHABLE:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER:
		error_input(s, &icmp);
		return false;
	case ICMP_OTHER:
		return false;
	}
	return false;
}

void
icmp_unreachable(struct thole_stack *s, uint8_t code, const uint8_t *h, uint32_t avail,
	const struct ip4_pkt *ip)
{
	struct wire_path path = {
		WIRE_PATH_FIXED,
		.src_mac = s->cfg.mac,
		.src_be = ip->dst_be,
		.dst_be = ip->src_be,
		.ttl = WIRE_TTL,
		.offload_csum = s->path.offload_csum,
	};
	uint32_t hop_be = route_next_hop(s, ip->src_be);
	struct rte_mbuf *m;

	if (hop_be == 0 || !icmp_error_allowed(h, avail, ip) ||
		!limiter_take(s, &s->icmp_limiter, ERRORS_PER_S))
		return;
	m = mbufs_get(&s->mbufs);
	if (m == NULL)
		return;
	icmp_unreachable_emit(m, &path, code, h, avail);
	neigh_send(s, neigh_get(s, hop_be, NO_INDEX, local_find(s, ip->dst_be)), m);
}
