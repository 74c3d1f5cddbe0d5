/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * csum.c: the Internet checksum (RFC 1071), of any length and over chains. Leaves the
 * pseudo-header to wire/.
 */
#include <string.h>

#include <rte_byteorder.h>

#include "base/csum.h"

static inline uint64_t
csum_load64(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

uint64_t
csum_add_any(uint64_t sum, const void *data, size_t bytes)
{
	const uint8_t *p = data;
	uint64_t low = sum, high = 0;
	uint64_t w[4];
	uint32_t word;
	uint16_t half;

	/* 32-bit halves into 64-bit sums: no carry to look after before 16 GB. */
	for (; bytes >= sizeof(w); bytes -= sizeof(w), p += sizeof(w)) {
		w[0] = csum_load64(p);
		w[1] = csum_load64(p + 8);
		w[2] = csum_load64(p + 16);
		w[3] = csum_load64(p + 24);
		low += (w[0] & UINT32_MAX) + (w[1] & UINT32_MAX) + (w[2] & UINT32_MAX) +
		       (w[3] & UINT32_MAX);
		high += (w[0] >> 32) + (w[1] >> 32) + (w[2] >> 32) + (w[3] >> 32);
	}
	for (; bytes >= 8; bytes -= 8, p += 8) {
		w[0] = csum_load64(p);
		low += w[0] & UINT32_MAX;
		high += w[0] >> 32;
	}
	if (bytes & 4) {
		memcpy(&word, p, sizeof(word));
		low += word;
		p += 4;
	}
	if (bytes & 2) {
		memcpy(&half, p, sizeof(half));
		low += half;
		p += 2;
	}
	if (bytes & 1) {
		/* As if a zero byte followed, whatever the byte order. */
		half = 0;
		memcpy(&half, p, 1);
		low += half;
	}
	return low + high;
}

uint64_t
csum_add_chain(uint64_t sum, const struct rte_mbuf *m, uint32_t off, uint32_t bytes)
{
	uint32_t done = 0;

	for (; m != NULL && off >= m->data_len; m = m->next)
		off -= m->data_len;
	for (; m != NULL && done < bytes; m = m->next) {
		uint32_t n = RTE_MIN(m->data_len - off, bytes - done);
		uint64_t part = csum_add(0, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n);

		/* Bytes that stand at odd places are in the other half of their word (RFC 1071, 2
		 * B). */
		if (done & 1)
			part = rte_bswap16((uint16_t)~csum_fold(part));
		sum += part;
		done += n;
		off = 0;
	}
	return sum;
}
