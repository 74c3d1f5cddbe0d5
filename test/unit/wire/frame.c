/* SPDX-License-Identifier: BSD-3-Clause */
/* frame.c: see frame.h. */
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "frame.h"
#include "../test.h"
#include "../../usual.h"

#define POOL_MBUFS 2047

void
frame_put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void
frame_put32(uint8_t *p, uint32_t v)
{
	frame_put16(p, v >> 16);
	frame_put16(p + 2, v);
}

uint32_t
frame_get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

uint32_t
frame_get32(const uint8_t *p)
{
	return frame_get16(p) << 16 | frame_get16(p + 2);
}

static uint32_t
slow_sum(uint32_t sum, const uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return sum;
}

uint16_t
frame_csum(const uint8_t *bytes, uint32_t n)
{
	return (uint16_t)~slow_sum(0, bytes, n);
}

uint16_t
frame_l4_csum(const uint8_t *ip, const uint8_t *l4, uint32_t n)
{
	uint8_t pseudo[12];

	memcpy(pseudo, ip + 12, 8);
	pseudo[8] = 0;
	pseudo[9] = ip[9];
	frame_put16(pseudo + 10, n);
	return (uint16_t)~slow_sum(slow_sum(0, pseudo, sizeof(pseudo)), l4, n);
}

uint32_t
frame_ip4(uint8_t frame[FRAME_MAX], uint32_t src, uint32_t dst, uint8_t proto, uint32_t l4_len)
{
	static const uint8_t eth[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	uint8_t *ip = frame + 14;

	memcpy(frame, eth, sizeof(eth));
	memset(ip, 0, 20);
	ip[0] = 0x45;
	frame_put16(ip + 2, 20 + l4_len);
	frame_put16(ip + 6, 0x4000);
	ip[8] = 57;
	ip[9] = proto;
	frame_put32(ip + 12, src);
	frame_put32(ip + 16, dst);
	frame_put16(ip + 10, frame_csum(ip, 20));
	return 34 + l4_len;
}

uint32_t
frame_tcp(uint8_t frame[FRAME_MAX], const struct frame_tcp *what)
{
	uint32_t head = 20 + ((what->opt_bytes + 3) & ~3u), n;
	uint8_t *t = frame + 34;

	memset(t, 0, head);
	frame_put16(t, what->sport != 0 ? what->sport : 4096);
	frame_put16(t + 2, what->dport != 0 ? what->dport : 80);
	frame_put32(t + 4, what->seq);
	frame_put32(t + 8, what->ack);
	t[12] = (uint8_t)(head << 2);
	t[13] = what->flags;
	frame_put16(t + 14, what->wnd);
	frame_put16(t + 18, what->urg);
	if (what->opt_bytes != 0)
		memcpy(t + 20, what->opts, what->opt_bytes);
	if (what->payload_bytes != 0)
		memcpy(t + head, what->payload, what->payload_bytes);
	n = frame_ip4(frame, what->src != 0 ? what->src : 0x0a000002,
		what->dst != 0 ? what->dst : 0x0a000001, 6, head + what->payload_bytes);
	frame[15] = what->tos;
	frame_mend(frame, n);
	memset(frame + n, 0xa5, what->padding);
	return n + what->padding;
}

void
frame_mend(uint8_t *frame, uint32_t n)
{
	uint8_t *ip = frame + 14, *t = frame + 34;
	uint32_t total;

	if (n < 34 || (ip[0] & 0x0f) != 5)
		return;
	frame_put16(ip + 10, 0);
	frame_put16(ip + 10, frame_csum(ip, 20));
	total = frame_get16(ip + 2);
	if (ip[9] != 6 || total < 40 || total > n - 14)
		return;
	frame_put16(t + 16, 0);
	frame_put16(t + 16, frame_l4_csum(ip, t, total - 20));
}

struct rte_mempool *
frame_pool(void)
{
	static struct rte_mempool *pool;

	if (pool == NULL)
		pool = test_pool("frames", POOL_MBUFS);
	return pool;
}

bool
frame_pool_whole(void)
{
	return rte_mempool_avail_count(frame_pool()) == POOL_MBUFS;
}

struct rte_mbuf *
frame_mbuf(const uint8_t *bytes, uint32_t n)
{
	return test_exact_mbuf(frame_pool(), bytes, n);
}

struct rte_mbuf *
frame_chain(const uint8_t *bytes, uint32_t n, uint32_t piece, uint64_t *seed)
{
	struct rte_mbuf *first = NULL, *last = NULL;
	uint32_t done = 0;

	do {
		uint32_t part = piece != 0 ? piece : prng_below(seed, 41);
		struct rte_mbuf *m;

		part = RTE_MIN(part, n - done);
		m = frame_mbuf(bytes + done, part);
		done += part;
		if (first == NULL) {
			first = m;
			first->pkt_len = n;
		} else {
			last->next = m;
			first->nb_segs++;
		}
		last = m;
	} while (done < n);
	return first;
}

uint32_t
frame_bytes(const struct rte_mbuf *m, uint8_t out[FRAME_MAX])
{
	uint32_t n = 0;

	for (; m != NULL; m = m->next) {
		if (n + m->data_len > FRAME_MAX)
			abort();
		memcpy(out + n, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
		n += m->data_len;
	}
	return n;
}

enum wire_drop
frame_parse(struct rte_mbuf *m, bool csum_known_good, struct seg *out)
{
	uint8_t scratch[WIRE_HEADERS_MAX];
	struct ip4_pkt ip = { 0 };
	uint32_t avail;
	const uint8_t *h = wire_headers(m, WIRE_HEADERS_MAX, scratch, &avail);
	enum wire_drop drop = ip4_parse(h, avail, m->pkt_len, csum_known_good, &ip);
	const char *differs;

	if (drop == WIRE_OK)
		drop = tcp_parse(m, h, avail, &ip, csum_known_good, out);
	differs = usual_differs(m, csum_known_good, drop, out);
	if (differs != NULL)
		CU_FAIL("a frame taken as usual isn't what it is taken for otherwise");
	return drop;
}
