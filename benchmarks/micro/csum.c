/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * csum.c: the Internet checksum (RFC 1071) of headers and segments that are in the first cache,
 * and of one in two mbufs, as a checksum field has it.
 */
#include <stdio.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_mbuf.h>

#include "base/csum.h"
#include "base/prng.h"
#include "parts.h"

#define PART	   "checksum"
#define CHUNK	   1024U
#define PLACES	   16384U /* bytes that are gone round in */
#define MOST	   9000U
#define CHECKED	   2048U
#define FIRST_SEG  700U /* even: of odd ones DPDK 22.11 makes a wrong sum */
#define CHAIN	   1460U
#define POOL_MBUFS 8

struct summing {
	uint8_t data[PLACES + MOST];
	uint32_t bytes;
	uint32_t at;
	struct rte_mbuf *m;
	uint64_t sum;
};

static inline uint16_t
ours_of(const void *p, uint32_t bytes)
{
	return csum_fold(csum_add(0, p, bytes));
}

static inline uint16_t
theirs_of(const void *p, uint32_t bytes)
{
	return (uint16_t)~rte_raw_cksum(p, bytes);
}

static inline uint16_t
ours_of_chain(const struct rte_mbuf *m)
{
	return csum_fold(csum_add_mbuf(0, m, 0, m->pkt_len));
}

static inline uint16_t
theirs_of_chain(const struct rte_mbuf *m)
{
	uint16_t sum = 0;

	return rte_raw_cksum_mbuf(m, 0, m->pkt_len, &sum) == 0 ? (uint16_t)~sum : 0;
}

/* Segments stand on even addresses, one after another. */
static inline const uint8_t *
place(struct summing *s)
{
	const uint8_t *p = s->data + s->at;

	s->at = (s->at + (s->bytes + 1) / 2 * 2) % PLACES;
	return p;
}

#define SUM(name, expression)                                                                      \
	static void name(void *ctx, uint32_t n)                                                    \
	{                                                                                          \
		struct summing *s = ctx;                                                           \
		uint64_t sum = 0;                                                                  \
                                                                                                   \
		for (; n != 0; n--)                                                                \
			sum += (expression);                                                       \
		s->sum += sum;                                                                     \
	}

SUM(ours, ours_of(place(s), s->bytes))
SUM(theirs, theirs_of(place(s), s->bytes))
SUM(ours_chain, ours_of_chain(s->m))
SUM(theirs_chain, theirs_of_chain(s->m))

/* All lengths, at even and odd addresses: the same sums. */
static void
check(struct results *r, const struct summing *s)
{
	uint64_t same = 0;

	for (uint32_t bytes = 0; bytes < CHECKED; bytes++)
		for (uint32_t off = 0; off < 2; off++)
			same += ours_of(s->data + off, bytes) == theirs_of(s->data + off, bytes);
	results_check(r, PART, 0, "same", 2 * CHECKED, same, same);
	results_check(r, PART, 0, "chain", theirs_of(s->data, CHAIN), ours_of_chain(s->m),
		theirs_of_chain(s->m));
}

static int
make_chain(struct summing *s, struct rte_mempool *pool)
{
	struct rte_mbuf *tail = NULL;
	char *p;

	s->m = pool != NULL ? rte_pktmbuf_alloc(pool) : NULL;
	if (s->m != NULL)
		tail = rte_pktmbuf_alloc(pool);
	if (tail == NULL)
		return -1;
	p = rte_pktmbuf_append(s->m, FIRST_SEG);
	memcpy(p, s->data, FIRST_SEG);
	p = rte_pktmbuf_append(tail, CHAIN - FIRST_SEG);
	memcpy(p, s->data + FIRST_SEG, CHAIN - FIRST_SEG);
	return rte_pktmbuf_chain(s->m, tail);
}

static void
compare(struct results *r, struct summing *s)
{
	static const uint32_t sizes[] = { 20, 32, 40, 64, 536, 1460, 8960 };
	struct contest c = {
		.nb_phases = 1,
		.chunk = CHUNK,
		.ours = { "csum_add", { ours }, s },
		.theirs = { "rte_raw_cksum", { theirs }, s },
	};
	char name[32];

	c.name[0] = name;
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(name, sizeof(name), "%u bytes", sizes[i]);
		s->bytes = sizes[i];
		s->at = 0;
		results_run(r, PART, 0, &c);
	}
	c.name[0] = "1460 bytes in two mbufs";
	c.ours = (struct contestant){ "csum_add_mbuf", { ours_chain }, s };
	c.theirs = (struct contestant){ "rte_raw_cksum_mbuf", { theirs_chain }, s };
	results_run(r, PART, 0, &c);
}

void
csum_part(struct results *r)
{
	static struct summing s;
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"micro", POOL_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	uint64_t seed = 1;

	for (uint32_t i = 0; i < sizeof(s.data); i++)
		s.data[i] = (uint8_t)prng_next(&seed);
	if (make_chain(&s, pool) != 0) {
		results_fail(r, "no memory for two mbufs");
	} else {
		results_head("Internet checksum against DPDK's");
		compare(r, &s);
		check(r, &s);
	}
	rte_pktmbuf_free(s.m);
	rte_mempool_free(pool);
}
