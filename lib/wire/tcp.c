/* SPDX-License-Identifier: BSD-3-Clause */
/* wire/tcp.c: TCP options in, headers out: see tcp_parse.h for headers in. */
#include <rte_tcp.h>

#include "wire/tcp_emit.h"
#include "wire/tcp_parse.h"

/** @return false if the option can't be of @p bytes (kind and length included). */
static bool
tcp_take_sack(const uint8_t *value, uint32_t bytes, struct seg *out)
{
	uint32_t n = (bytes - 2) / TCP_SACK_BLOCK_BYTES;

	if (n == 0 || n > TCP_SACK_BLOCKS_MAX || (bytes - 2) % TCP_SACK_BLOCK_BYTES != 0)
		return false;
	out->opts |= OPT_SACK;
	out->nb_sack = (uint8_t)n;
	for (uint32_t i = 0; i < n; i++, value += TCP_SACK_BLOCK_BYTES) {
		out->sack[i].left = rte_be_to_cpu_32(wire_get32(value));
		out->sack[i].right = rte_be_to_cpu_32(wire_get32(value + 4));
	}
	return true;
}

/** @return false if the option's length isn't one that its kind has. Of a repeated kind the last
 * holds. */
static bool
tcp_take_option(uint8_t kind, const uint8_t *value, uint32_t bytes, struct seg *out)
{
	switch (kind) {
	case TCP_OPT_MSS: /* RFC 9293, 3.2 */
		if (bytes != TCP_OPT_MSS_BYTES)
			return false;
		tcp_take_mss(value, out);
		return true;
	case TCP_OPT_WSCALE: /* RFC 7323, 2.2 */
		if (bytes != 3)
			return false;
		out->opts |= OPT_WSCALE;
		out->wscale = *value;
		return true;
	case TCP_OPT_SACK_PERMITTED: /* RFC 2018, 2 */
		if (bytes != 2)
			return false;
		out->opts |= OPT_SACK_PERMITTED;
		return true;
	case TCP_OPT_SACK: /* RFC 2018, 3 */
		return tcp_take_sack(value, bytes, out);
	case TCP_OPT_TIMESTAMPS: /* RFC 7323, 3.2 */
		if (bytes != TCP_OPT_TIMESTAMPS_BYTES)
			return false;
		tcp_take_timestamps(value, out);
		return true;
	}
	return true; /* RFC 9293, 3.1 (MUST-6): unknown ones are skipped by their length */
}

enum wire_drop
tcp_parse_options(const uint8_t *o, uint32_t bytes, struct seg *out)
{
	while (bytes > 0 && *o != TCP_OPT_END) {
		uint32_t n = 1;

		if (*o != TCP_OPT_NOP) {
			/* RFC 9293, 3.1 (MUST-7): illegal lengths, zero among them, do no harm. */
			if (bytes < 2)
				return WIRE_TCP_OPTIONS;
			n = o[1];
			if (n < 2 || n > bytes || !tcp_take_option(o[0], o + 2, n, out))
				return WIRE_TCP_OPTIONS;
		}
		o += n;
		bytes -= n;
	}
	return WIRE_OK;
}

/*
 * In the order that Linux has: MSS, SACK-permitted, timestamps, NOP, window scale; NOP, NOP,
 * timestamps; NOP, NOP, SACK. @return how many words.
 */
static uint32_t
tcp_put_options(const struct tcp_out *seg, uint32_t *w)
{
	uint32_t n = 0;

	if (seg->mss != 0)
		w[n++] = rte_cpu_to_be_32(
			TCP_OPT_MSS << 24 | TCP_OPT_MSS_BYTES << 16 | (uint32_t)seg->mss);
	if ((seg->opts & OPT_TIMESTAMPS) != 0) {
		bool sack = (seg->opts & OPT_SACK_PERMITTED) != 0;

		w[n++] = wire_word(sack ? TCP_OPT_SACK_PERMITTED : TCP_OPT_NOP,
			sack ? 2 : TCP_OPT_NOP, TCP_OPT_TIMESTAMPS, TCP_OPT_TIMESTAMPS_BYTES);
		w[n++] = rte_cpu_to_be_32(seg->ts_val);
		w[n++] = rte_cpu_to_be_32(seg->ts_ecr);
	} else if ((seg->opts & OPT_SACK_PERMITTED) != 0) {
		w[n++] = wire_word(TCP_OPT_NOP, TCP_OPT_NOP, TCP_OPT_SACK_PERMITTED, 2);
	}
	if ((seg->opts & OPT_WSCALE) != 0)
		w[n++] = wire_word(TCP_OPT_NOP, TCP_OPT_WSCALE, 3, seg->wscale);
	if (seg->nb_sack != 0) {
		w[n++] = wire_word(TCP_OPT_NOP, TCP_OPT_NOP, TCP_OPT_SACK,
			(uint8_t)(2 + TCP_SACK_BLOCK_BYTES * seg->nb_sack));
		for (unsigned int i = 0; i < seg->nb_sack; i++) {
			w[n++] = rte_cpu_to_be_32(seg->sack[i].left);
			w[n++] = rte_cpu_to_be_32(seg->sack[i].right);
		}
	}
	return n;
}

void
tcp_emit(struct rte_mbuf *m, const struct wire_path *path, const struct tcp_out *seg)
{
	uint32_t opt[TCP_OPTS_MAX / 4], words;
	uint64_t sum = 0, data;
	uint8_t *p;

	if (likely(tcp_out_is_usual(seg))) {
		tcp_emit_usual(m, path, seg, false);
		return;
	}
	if (tcp_out_is_syn(seg)) {
		tcp_emit_syn(m, path, seg, false);
		return;
	}
	words = tcp_put_options(seg, opt);
	for (uint32_t i = 0; i < words; i++)
		sum += rte_be_to_cpu_32(opt[i]);
	p = tcp_emit_room(m, path, words, false, &data);
	memcpy(p + WIRE_ETH_BYTES + WIRE_IP4_BYTES + TCP_BYTES, opt, words * sizeof(opt[0]));
	tcp_emit_head(m, p, path, seg, sum, data, words, false);
}
