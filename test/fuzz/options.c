/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.c: TCP options through tcp_parse() and through a second parser, written from RFC 9293
 * (3.1, 3.2), RFC 7323 (2.2, 3.2) and RFC 2018 (2, 3) without a look at the first: both must come
 * to the same.
 *
 * Input: flags, then the options, up to 40 bytes; zeros fill up the last word.
 */
#include <string.h>

#include "fuzz.h"
#include "wire/tcp_parse.h"

#define HEAD 54 /* Ethernet, IPv4, TCP without options */

static struct rte_mempool *pool;

/* Each option that both know, with the values of its last occurrence. */
struct naive {
	bool bad;
	bool has[256];
	uint16_t mss;
	uint8_t shift;
	uint32_t ts[2];
	unsigned int blocks;
	uint32_t edge[8];
};

/* What the RFCs say of a kind's whole length: the least, the most, and in what steps. */
static const struct {
	uint8_t least;
	uint8_t most;
	uint8_t step;
} lengths[256] = {
	[2] = { 4, 4, 1 },   /* RFC 9293, 3.2 */
	[3] = { 3, 3, 1 },   /* RFC 7323, 2.2 */
	[4] = { 2, 2, 1 },   /* RFC 2018, 2 */
	[5] = { 10, 34, 8 }, /* RFC 2018, 3: 8n + 2, and 40 bytes hold four blocks */
	[8] = { 10, 10, 1 }, /* RFC 7323, 3.2 */
};

static void
naive_take(struct naive *out, const uint8_t *o)
{
	out->has[o[0]] = true;
	switch (o[0]) {
	case 2:
		out->mss = fuzz_get16(o + 2);
		break;
	case 3:
		out->shift = o[2];
		break;
	case 5:
		out->blocks = (o[1] - 2u) / 8;
		for (unsigned int i = 0; i < out->blocks * 2; i++)
			out->edge[i] = fuzz_get32(o + 2 + i * 4);
		break;
	case 8:
		out->ts[0] = fuzz_get32(o + 2);
		out->ts[1] = fuzz_get32(o + 6);
		break;
	}
}

static void
naive_parse(const uint8_t *o, unsigned int n, struct naive *out)
{
	unsigned int i = 0, len;

	memset(out, 0, sizeof(*out));
	for (;;) {
		if (i == n || o[i] == 0) /* the end of the header, or of the list */
			return;
		if (o[i] == 1) { /* the one other kind without a length */
			i++;
			continue;
		}
		len = i + 1 < n ? o[i + 1] : 0;
		if (len < 2 || len > n - i)
			break;
		if (lengths[o[i]].step != 0) {
			if (len < lengths[o[i]].least || len > lengths[o[i]].most ||
				(len - lengths[o[i]].least) % lengths[o[i]].step != 0)
				break;
			naive_take(out, o + i);
		}
		i += len;
	}
	out->bad = true;
}

static void
compare(const struct seg *s, const struct naive *want)
{
	static const struct {
		uint8_t kind;
		uint8_t bit;
		const char *name;
	} kinds[] = { { 2, OPT_MSS, "MSS" }, { 3, OPT_WSCALE, "window scale" },
		{ 4, OPT_SACK_PERMITTED, "SACK-permitted" }, { 5, OPT_SACK, "SACK" },
		{ 8, OPT_TIMESTAMPS, "timestamps" } };

	for (unsigned int i = 0; i < RTE_DIM(kinds); i++)
		FUZZ_CHECK(((s->opts & kinds[i].bit) != 0) == want->has[kinds[i].kind],
			"%s: one parser found it", kinds[i].name);
	FUZZ_CHECK(s->mss == want->mss, "MSS %u, it is %u", s->mss, want->mss);
	FUZZ_CHECK(s->wscale == want->shift, "shift %u, it is %u", s->wscale, want->shift);
	FUZZ_CHECK(s->ts_val == want->ts[0] && s->ts_ecr == want->ts[1], "other timestamps");
	FUZZ_CHECK(s->nb_sack == want->blocks, "%u blocks, there are %u", s->nb_sack, want->blocks);
	for (unsigned int i = 0; i < want->blocks; i++)
		FUZZ_CHECK(s->sack[i].left == want->edge[2 * i] &&
				   s->sack[i].right == want->edge[2 * i + 1],
			"block %u is another", i);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const uint8_t base[HEAD] = { [12] = 8,
		[14] = 0x45,
		[22] = 64,
		6,
		[26] = 10,
		0,
		0,
		2,
		10,
		0,
		0,
		1,
		[35] = 9,
		[37] = 80,
		[48] = 0xff,
		0xff };
	struct fuzz_in in = { data, bytes };
	uint8_t frame[HEAD + 40] = { 0 }, scratch[WIRE_HEADERS_MAX], flags = fuzz_u8(&in);
	uint32_t n = (uint32_t)RTE_MIN(in.left, (size_t)40), words = (n + 3) / 4, avail;
	struct naive want;
	struct ip4_pkt ip = { 0 };
	struct seg s;
	struct rte_mbuf *m;
	const uint8_t *h;
	enum wire_drop drop;

	if (pool == NULL)
		pool = fuzz_pool(8, 512);
	if ((flags & TCP_SYN) != 0)
		flags &= (uint8_t) ~(TCP_FIN | TCP_RST); /* wire's to judge */
	memcpy(frame, base, HEAD);
	memcpy(frame + HEAD, in.at, n);
	fuzz_put16(frame + 16, 40 + words * 4);
	frame[46] = (uint8_t)((5 + words) << 4);
	frame[47] = flags;
	m = fuzz_exact(pool, frame, HEAD + words * 4);
	h = wire_headers(m, WIRE_HEADERS_MAX, scratch, &avail);
	FUZZ_CHECK(ip4_parse(h, avail, m->pkt_len, true, &ip) == WIRE_OK, "a good header refused");
	drop = tcp_parse(m, h, avail, &ip, true, &s);
	naive_parse(frame + HEAD, words * 4, &want);
	FUZZ_CHECK(drop == (want.bad ? WIRE_TCP_OPTIONS : WIRE_OK), "%s, says one parser alone",
		want.bad ? "bad" : "good");
	if (drop == WIRE_OK)
		compare(&s, &want);
	rte_pktmbuf_free(m);
	return 0;
}
