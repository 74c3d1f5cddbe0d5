/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rx.c: a burst of packets, in stages over the whole burst, so that the next stage's cache lines
 * are on their way while this one works: parse; hash, fetch bucket; guess record, fetch it; run TCP
 * in order.
 */
#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_prefetch.h>

#include "stack/stack.h"
#include "tcp/rcv_run.h"
#include "wire/usual.h"

#define BURST 64

/* A segment and how far the lookup of its connection is. */
struct arrival {
	struct seg seg;
	union {
		struct table_bucket *home;
		table_ref *guess;
	};
};

enum take {
	TAKE_REJECT,  /* not ours: back to the caller, untouched */
	TAKE_DONE,    /* consumed: the mbuf may be used again */
	TAKE_KEPT,    /* consumed, and the mbuf with it */
	TAKE_SEGMENT, /* a TCP segment for the later stages */
};

static __rte_noinline void
count_drop(struct thole_stack *s, enum wire_drop drop)
{
	uint64_t *const counter[] = {
		[WIRE_SHORT] = &s->stats.rx_drop_short,
		[WIRE_IP_HEADER] = &s->stats.rx_drop_ip_header,
		[WIRE_IP_CSUM] = &s->stats.rx_drop_ip_csum,
		[WIRE_IP_OPTIONS] = &s->stats.rx_drop_ip_options,
		[WIRE_IP_SOURCE] = &s->stats.rx_drop_ip_source,
		[WIRE_FRAGMENT] = &s->stats.rx_drop_fragment,
		[WIRE_TCP_HEADER] = &s->stats.rx_drop_tcp_header,
		[WIRE_TCP_CSUM] = &s->stats.rx_drop_tcp_csum,
		[WIRE_TCP_OPTIONS] = &s->stats.rx_drop_tcp_options,
		[WIRE_TCP_FLAGS] = &s->stats.rx_drop_tcp_flags,
		[WIRE_ICMP] = &s->stats.rx_drop_icmp,
		[WIRE_ARP] = &s->stats.rx_drop_arp,
	};

	(*counter[drop])++;
}

/* What the device says of a checksum. @return false: it is bad. */
static inline bool
device_verdict(
	uint32_t offloads, uint64_t flags, uint64_t mask, uint64_t good, uint64_t bad, bool *known)
{
	*known = (offloads & THOLE_OFFLOAD_RX_TRUST) != 0;
	if (likely((offloads & THOLE_OFFLOAD_RX_CSUM) == 0))
		return true;
	*known |= (flags & mask) == good;
	return (flags & mask) != bad;
}

static enum take
take_tcp(struct thole_stack *s, struct rte_mbuf *m, const uint8_t *h, uint32_t avail,
	const struct ip4_pkt *ip, struct seg *seg)
{
	enum wire_drop drop = WIRE_TCP_CSUM;
	bool known;

	if (device_verdict(s->cfg.offloads, m->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_MASK,
		    RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_BAD, &known))
		drop = tcp_parse(m, h, avail, ip, known, seg);
	if (unlikely(drop != WIRE_OK)) {
		count_drop(s, drop);
		return TAKE_DONE;
	}
	return TAKE_SEGMENT;
}

static __rte_noinline enum take
take_other(struct thole_stack *s, struct rte_mbuf *m, const uint8_t *h, uint32_t avail,
	const struct ip4_pkt *ip)
{
	if (local_is_no_peer(s, ip->src_be)) {
		s->stats.rx_drop_ip_source++;
		return TAKE_DONE;
	}
	if (ip->proto == IPPROTO_ICMP)
		return icmp_input(s, m, h, avail, ip) ? TAKE_KEPT : TAKE_DONE;
	if (!s->cfg.exclusive)
		return TAKE_REJECT;
	s->stats.rx_drop_proto++;
	icmp_unreachable(s, ip->proto == IPPROTO_UDP ? 3 : 2, h, avail, ip); /* port, protocol */
	return TAKE_DONE;
}

static enum take
take_ip4(struct thole_stack *s, struct rte_mbuf *m, const uint8_t *h, uint32_t avail,
	struct seg *seg)
{
	struct ip4_pkt ip = { 0 };
	enum wire_drop drop = WIRE_IP_CSUM;
	uint32_t dst_be, laddr;
	bool known;

	if (!ip4_peek_dst(h, avail, &dst_be) || (laddr = local_find(s, dst_be)) == LOCAL_NONE)
		return TAKE_REJECT;
	if (device_verdict(s->cfg.offloads, m->ol_flags, RTE_MBUF_F_RX_IP_CKSUM_MASK,
		    RTE_MBUF_F_RX_IP_CKSUM_GOOD, RTE_MBUF_F_RX_IP_CKSUM_BAD, &known))
		drop = ip4_parse(h, avail, m->pkt_len, known, &ip);
	if (unlikely(drop != WIRE_OK)) {
		count_drop(s, drop);
		return TAKE_DONE;
	}
	if (unlikely(ip.proto != IPPROTO_TCP))
		return take_other(s, m, h, avail, &ip);
	seg->key.laddr = laddr;
	return take_tcp(s, m, h, avail, &ip, seg);
}

static enum take
take_arp(struct thole_stack *s, struct rte_mbuf *m, const uint8_t *h, uint32_t avail)
{
	const struct rte_ether_hdr *eth = (const struct rte_ether_hdr *)(const void *)h;

	if (eth->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP) ||
		(!rte_is_same_ether_addr(&eth->dst_addr, &s->cfg.mac) &&
			!rte_is_broadcast_ether_addr(&eth->dst_addr)))
		return TAKE_REJECT;
	return arp_input(s, m, h, avail) ? TAKE_DONE : TAKE_REJECT;
}

static inline bool
mac_is_ours(const struct thole_stack *s, const uint8_t *frame)
{
	return wire_get_mac(frame) == s->mac;
}

/* What isn't usual, or has something wrong with it. */
static __rte_noinline enum take
take_any(struct thole_stack *s, struct rte_mbuf *m, struct seg *seg)
{
	uint8_t scratch[WIRE_HEADERS_MAX];
	uint32_t avail;
	const uint8_t *h = wire_headers(m, WIRE_HEADERS_MAX, scratch, &avail);

	if (avail < WIRE_ETH_BYTES)
		return TAKE_REJECT;
	if (wire_get16(h + 12) == RTE_BE16(RTE_ETHER_TYPE_IPV4) && mac_is_ours(s, h))
		return take_ip4(s, m, h, avail, seg);
	return take_arp(s, m, h, avail);
}

/* What the device knows of checksums is for take_any(), unless it is that they are good. */
static inline bool
device_says_good(const struct thole_stack *s, const struct rte_mbuf *m)
{
	const uint64_t mask = RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK;

	return (s->cfg.offloads & THOLE_OFFLOAD_RX_CSUM) == 0 ||
	       (m->ol_flags & mask) == (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD);
}

static inline bool
sums_good(const struct thole_stack *s, const struct rte_mbuf *m, const uint8_t *h,
	const struct usual_span *payload)
{
	if (likely((s->cfg.offloads & (THOLE_OFFLOAD_RX_CSUM | THOLE_OFFLOAD_RX_TRUST)) == 0))
		return usual_sums_good(m, h, payload);
	return device_says_good(s, m);
}

static inline bool
take_usual(const struct thole_stack *s, struct rte_mbuf *m, struct seg *seg)
{
	const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *);
	struct usual_span payload;

	if (unlikely(m->data_len < USUAL_LEAST || !mac_is_ours(s, h) || !usual_is(h)))
		return false;
	seg->key.laddr = local_find(s, usual_dst(h));
	if (unlikely(seg->key.laddr == LOCAL_NONE || !usual_fits(m, h, &payload)))
		return false;
	return likely(sums_good(s, m, h, &payload)) && usual_take(m, h, &payload, seg);
}

/* Whether a train may follow: text with an ACK, whose header is in one mbuf with all of it. */
static inline bool
leads_train(const struct seg *seg)
{
	return seg->len > GATHER_BYTES && seg->flags == TCP_ACK && seg->opts == OPT_TIMESTAMPS &&
	       seg->payload_off == USUAL_TRAIN_HEAD && seg->m->nb_segs == 1 &&
	       seg->m->data_len == USUAL_TRAIN_HEAD + seg->len;
}

/* Takes @p m into the train behind @p seg, if it is the next of it. */
static __rte_noinline bool
join_train(struct thole_stack *s, struct seg *seg, struct rte_mbuf *m)
{
	struct rte_mbuf *first = seg->m;
	const uint8_t *h = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct usual_span payload = { USUAL_TRAIN_HEAD, first->data_len };
	const uint32_t len = payload.end - payload.begin;

	if (m->data_len != payload.end || m->nb_segs != 1 ||
		!usual_is_alike(rte_pktmbuf_mtod(first, const uint8_t *), h) ||
		usual_seq(h) != seg->seq + seg->len || !sums_good(s, m, h, &payload))
		return false;
	m->data_off = (uint16_t)(m->data_off + USUAL_TRAIN_HEAD);
	m->data_len = (uint16_t)len;
	(seg->more == 0 ? first : run_tail(first))->next = m;
	first->tx_offload = (uintptr_t)m;
	first->nb_segs++;
	first->pkt_len += len;
	seg->len += len;
	seg->more++;
	s->stats.rx_tcp_segs++;
	return true;
}

/* First stage; with @p trains they are looked for. @return the end of the arrivals, which begin at
 * @p end. */
static __rte_always_inline struct arrival *
parse_burst(struct thole_stack *s, struct rte_mbuf **pkts, uint16_t n, struct arrival *end,
	struct rte_mbuf **rejects, uint16_t *nb_rejects, const bool trains)
{
	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(!take_usual(s, pkts[i], &end->seg))) {
			enum take what = take_any(s, pkts[i], &end->seg);

			if (what == TAKE_REJECT)
				rejects[(*nb_rejects)++] = pkts[i];
			else if (what == TAKE_DONE)
				mbufs_put(&s->mbufs, pkts[i]);
			if (what != TAKE_SEGMENT)
				continue;
		}
		end->seg.hash = stack_hash(s, &end->seg.key);
		end->home = table_prefetch(&s->table, end->seg.hash);
		end->seg.more = 0;
		if (trains && leads_train(&end->seg))
			while (i + 1 < n && join_train(s, &end->seg, pkts[i + 1]))
				i++;
		end++;
	}
	return end;
}

/* Functions of their own, each with all registers to itself. */
static __rte_noinline struct arrival *
parse_each(struct thole_stack *s, struct rte_mbuf **pkts, uint16_t n, struct arrival *end,
	struct rte_mbuf **rejects, uint16_t *nb_rejects)
{
	return parse_burst(s, pkts, n, end, rejects, nb_rejects, false);
}

static __rte_noinline struct arrival *
parse_trains(struct thole_stack *s, struct rte_mbuf **pkts, uint16_t n, struct arrival *end,
	struct rte_mbuf **rejects, uint16_t *nb_rejects)
{
	s->env.rx_bulk = false; /* until more comes */
	return parse_burst(s, pkts, n, end, rejects, nb_rejects, true);
}

/* To the record that its connection is. */
static inline void
demux(struct thole_stack *s, struct seg *seg, table_ref *guess)
{
	table_ref ref = table_check(&s->table, guess, &seg->key);

	if (unlikely(ref == REF_NONE)) {
		ref = table_find(&s->table, seg->hash, &seg->key);
		if (ref == REF_NONE) {
			demux_stranger(s, seg);
			return;
		}
	}
	if (likely(ref_kind(ref) == REF_TCB))
		conn_input(s, stack_tcb(s, ref_index(ref)), seg);
	else if (ref_kind(ref) == REF_EMBRYO)
		embryo_segment(s, ref_index(ref), seg);
	else
		time_wait_segment(s, ref_index(ref), seg);
}

/*
 * A peer in this process sends bytes of mbufs that it keeps, behind a header or with one in front:
 * their lines, and that of the mbuf whose bytes they are, which counts the references, are in its
 * cache, and all of the burst's are asked for at once.
 */
static __rte_noinline void
fetch_shared(struct thole_stack *s, struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *next[BURST];

	s->env.rx_shared = false; /* until more come */

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(pkts[i]->cacheline1);
	for (uint16_t i = 0; i < n; i++) {
		next[i] = pkts[i]->next != NULL ? pkts[i]->next : pkts[i];
		rte_prefetch0_write(next[i]);
		rte_prefetch0_write(next[i]->cacheline1);
	}
	for (uint16_t i = 0; i < n; i++) {
		uint8_t *bytes = rte_pktmbuf_mtod(next[i], uint8_t *);

		rte_prefetch0(bytes);
		rte_prefetch0(bytes + RTE_CACHE_LINE_SIZE);
		if (RTE_MBUF_CLONED(next[i]))
			rte_prefetch0_write(rte_mbuf_from_indirect(next[i]));
	}
}

/*
 * A train is taken as one if that is what each of its segments would see: it is due next, and all
 * of it is kept. Else they are taken one by one, and no rule of TCP needs to know of trains.
 */
static __rte_noinline void
demux_train(struct thole_stack *s, struct seg *train, table_ref *guess)
{
	table_ref ref = table_check(&s->table, guess, &train->key);
	const uint32_t len = train->len / seg_train(train);
	struct rte_mbuf *m = train->m, *next;
	struct seg one;

	if (ref == REF_NONE) /* its bucket may be another */
		ref = table_find(&s->table, train->hash, &train->key);
	if (ref != REF_NONE && ref_kind(ref) == REF_TCB &&
		tcp_takes_train(&s->env, stack_tcb(s, ref_index(ref)), train)) {
		s->stats.rx_train_segs += train->more;
		conn_input(s, stack_tcb(s, ref_index(ref)), train);
		return;
	}
	train->m = NULL;
	train->more = 0;
	train->len = len;
	for (; m != NULL; m = next) {
		next = m->next;
		m->next = NULL;
		m->nb_segs = 1;
		m->pkt_len = m->data_len;
		one = *train;
		one.m = m;
		demux(s, &one, guess);
		if (one.m != NULL)
			mbufs_put(&s->mbufs, one.m);
		train->seq += len;
		train->payload_off = 0; /* those behind the first have lost their headers */
	}
}

static __rte_noinline void
demux_trains(struct thole_stack *s, struct arrival *a, const struct arrival *end)
{
	for (; a < end; a++) {
		if (a->seg.more != 0)
			demux_train(s, &a->seg, a->guess);
		else
			demux(s, &a->seg, a->guess);
		if (a->seg.m != NULL)
			mbufs_put(&s->mbufs, a->seg.m);
	}
}

static uint16_t
rx_burst(struct thole_stack *s, struct rte_mbuf **pkts, uint16_t n, struct rte_mbuf **rejects)
{
	struct arrival arrivals[BURST], *end;
	const bool bulk = s->env.rx_bulk;
	uint16_t nb_rejects = 0;

	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(pkts[i], const uint8_t *);

		rte_prefetch0(frame);
		rte_prefetch0(frame + RTE_CACHE_LINE_SIZE - 1);
		rte_prefetch0(frame + pkts[i]->data_len - 1);
	}
	if (unlikely(bulk))
		end = parse_trains(s, pkts, n, arrivals, rejects, &nb_rejects);
	else
		end = parse_each(s, pkts, n, arrivals, rejects, &nb_rejects);
	s->stats.rx_tcp_segs += (uint64_t)(end - arrivals);
	for (struct arrival *a = arrivals; a < end; a++)
		a->guess = table_guess(&s->table, a->home, a->seg.hash);
	if (unlikely(bulk)) {
		demux_trains(s, arrivals, end);
		return nb_rejects;
	}
	for (struct arrival *a = arrivals; a < end; a++) {
		demux(s, &a->seg, a->guess);
		if (a->seg.m != NULL)
			mbufs_put(&s->mbufs, a->seg.m);
	}
	return nb_rejects;
}

uint16_t
thole_stack_rx(struct thole_stack *s, uint64_t now_ns, struct rte_mbuf **pkts, uint16_t n,
	struct rte_mbuf **rejects)
{
	uint16_t nb_rejects = 0;

	stack_clock(s, now_ns);
	s->stats.rx_pkts += n;
	if (unlikely(s->env.rx_shared))
		fetch_shared(s, pkts, (uint16_t)RTE_MIN(n, BURST));
	for (uint32_t i = 0; i < n; i += (uint32_t)BURST) {
		uint16_t part = (uint16_t)RTE_MIN(n - i, (uint32_t)BURST);

		nb_rejects =
			(uint16_t)(nb_rejects + rx_burst(s, &pkts[i], part, &rejects[nb_rejects]));
	}
	s->stats.rx_rejected += nb_rejects;
	return nb_rejects;
}
