/* SPDX-License-Identifier: BSD-3-Clause */
/* kit.c: packets in buffers of their exact size, checksums the slow way, and how a finding ends. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

void
fuzz_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("fuzz: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

uint8_t fuzz_stream[FUZZ_STREAM];

void
fuzz_stream_init(void)
{
	static bool done;

	for (uint32_t i = 0; i < FUZZ_STREAM && !done; i++) {
		uint32_t x = i * UINT32_C(2654435761);

		fuzz_stream[i] = (uint8_t)(x >> 24 ^ x >> 13);
	}
	done = true;
}

bool
fuzz_stream_has(uint32_t at, const uint8_t *bytes, uint32_t n)
{
	while (n > 0) {
		uint32_t from = at % FUZZ_STREAM, some = RTE_MIN(n, FUZZ_STREAM - from);

		if (memcmp(bytes, fuzz_stream + from, some) != 0)
			return false;
		at += some;
		bytes += some;
		n -= some;
	}
	return true;
}

void
fuzz_stream_copy(uint8_t *out, uint32_t at, uint32_t n)
{
	while (n > 0) {
		uint32_t from = at % FUZZ_STREAM, some = RTE_MIN(n, FUZZ_STREAM - from);

		memcpy(out, fuzz_stream + from, some);
		at += some;
		out += some;
		n -= some;
	}
}

static struct rte_mbuf *
alloc(struct rte_mempool *pool)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	FUZZ_CHECK(m != NULL, "the target's own pool is too small");
	return m;
}

struct rte_mbuf *
fuzz_exact(struct rte_mempool *pool, const uint8_t *bytes, uint32_t n)
{
	struct rte_mbuf_ext_shared_info *info;
	uint8_t *to = fuzz_buffer(n, &info);
	struct rte_mbuf *m = alloc(pool);

	memcpy(to, bytes, n);
	rte_pktmbuf_attach_extbuf(m, to, (rte_iova_t)(uintptr_t)to, (uint16_t)n, info);
	m->data_off = 0;
	m->data_len = (uint16_t)n;
	m->pkt_len = n;
	return m;
}

struct rte_mbuf *
fuzz_direct(struct rte_mempool *pool, const uint8_t *bytes, uint32_t n)
{
	struct rte_mbuf *m = alloc(pool);

	FUZZ_CHECK(n <= rte_pktmbuf_tailroom(m), "%u bytes don't fit the target's mbufs", n);
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), bytes, n);
	m->data_len = (uint16_t)n;
	m->pkt_len = n;
	return m;
}

struct rte_mbuf *
fuzz_packet(struct rte_mempool *pool, const uint8_t *bytes, uint32_t n, uint8_t cut)
{
	/* Two bits: how many cuts. Two: of which kind. Four: where. */
	uint32_t pieces = (cut & 3u) + 1, place = cut >> 4;
	bool direct = (cut & 4) != 0, mixed = (cut & 8) != 0;
	struct rte_mbuf *head = NULL, *last = NULL;

	for (uint32_t i = 0, off = 0; i < pieces; i++) {
		/* A piece may be empty. */
		uint32_t len = i + 1 == pieces ? n - off : ((n - off) * (place + i * 5) / 15);
		struct rte_mbuf *m;

		if (len > n - off)
			len = n - off;
		m = (direct != (mixed && (i & 1) != 0)) && len <= 512
			    ? fuzz_direct(pool, bytes + off, len)
			    : fuzz_exact(pool, bytes + off, len);
		off += len;
		if (head == NULL) {
			head = m;
		} else {
			last->next = m;
			head->nb_segs++;
		}
		last = m;
	}
	head->pkt_len = n;
	return head;
}

uint32_t
fuzz_flatten(const struct rte_mbuf *m, uint8_t *out, uint32_t most)
{
	uint32_t n = 0, segs = 0, pkt_len = m->pkt_len, nb_segs = m->nb_segs;

	for (; m != NULL; m = m->next) {
		FUZZ_CHECK(n + m->data_len <= most, "a packet of more than %u bytes", most);
		FUZZ_CHECK(m->data_len == 0 || m->data_off + m->data_len <= m->buf_len,
			"an mbuf's data reaches beyond its buffer");
		memcpy(out + n, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
		n += m->data_len;
		segs++;
	}
	FUZZ_CHECK(n == pkt_len, "pkt_len says %u, the mbufs hold %u", pkt_len, n);
	FUZZ_CHECK(segs == nb_segs, "nb_segs says %u, there are %u", nb_segs, segs);
	return n;
}

uint16_t
fuzz_csum(uint32_t sum, const uint8_t *bytes, uint32_t n)
{
	uint64_t all = sum;
	uint32_t i;

	for (i = 0; i + 2 <= n; i += 2)
		all += fuzz_get16(bytes + i);
	if (i < n)
		all += (uint32_t)bytes[i] << 8;
	while (all > 0xffff)
		all = (all & 0xffff) + (all >> 16);
	return (uint16_t)~all;
}

uint16_t
fuzz_l4_csum(const uint8_t *ip, const uint8_t *l4, uint32_t n)
{
	uint32_t sum = ip[9] + (n & 0xffff);

	for (unsigned int i = 12; i < 20; i += 2)
		sum += fuzz_get16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	return fuzz_csum(sum, l4, n);
}
