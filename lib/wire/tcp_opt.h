/* SPDX-License-Identifier: BSD-3-Clause */
/* tcp_opt.h: what TCP's options look like, for who reads and who writes them. For lib/wire only. */
#ifndef WIRE_TCP_OPT_H
#define WIRE_TCP_OPT_H

#include "wire/bytes.h"
#include "wire/tcp.h"

#define TCP_BYTES ((uint32_t)sizeof(struct rte_tcp_hdr))

enum tcp_opt_kind {
	TCP_OPT_END = 0,
	TCP_OPT_NOP = 1,
	TCP_OPT_MSS = 2,
	TCP_OPT_WSCALE = 3,
	TCP_OPT_SACK_PERMITTED = 4,
	TCP_OPT_SACK = 5,
	TCP_OPT_TIMESTAMPS = 8,
};

#define TCP_OPT_MSS_BYTES	 4
#define TCP_OPT_TIMESTAMPS_BYTES 10
#define TCP_SACK_BLOCK_BYTES	 8
#define TCP_OPTS_MAX		 40
/* How the timestamps of segments that have no other options begin (RFC 7323, A). */
#define TCP_TIMESTAMPS_WORD                                                                        \
	RTE_BE32(TCP_OPT_NOP << 24 | TCP_OPT_NOP << 16 | TCP_OPT_TIMESTAMPS << 8 |                 \
		 TCP_OPT_TIMESTAMPS_BYTES)

static inline void
tcp_take_mss(const uint8_t *value, struct seg *out)
{
	out->opts |= OPT_MSS;
	out->mss = rte_be_to_cpu_16(wire_get16(value));
}

static inline void
tcp_take_timestamps(const uint8_t *value, struct seg *out)
{
	out->opts |= OPT_TIMESTAMPS;
	wire_get_pair(value, &out->ts_val, &out->ts_ecr);
}

/* MSS, SACK-permitted, timestamps, NOP, window scale, as in SYNs of Linux, and ours: all that @p
 * out has then. @return false: others. */
static inline bool
tcp_take_syn(const uint8_t *o, struct seg *out)
{
	if (wire_get16(o) != RTE_BE16(TCP_OPT_MSS << 8 | TCP_OPT_MSS_BYTES) ||
		wire_get32(o + 4) != RTE_BE32(TCP_OPT_SACK_PERMITTED << 24 | 2 << 16 |
					      TCP_OPT_TIMESTAMPS << 8 | TCP_OPT_TIMESTAMPS_BYTES) ||
		(wire_get32(o + 16) & RTE_BE32(UINT32_C(0xffffff00))) !=
			RTE_BE32(TCP_OPT_NOP << 24 | TCP_OPT_WSCALE << 16 | 3 << 8))
		return false;
	out->opts = OPT_MSS | OPT_SACK_PERMITTED | OPT_TIMESTAMPS | OPT_WSCALE;
	out->mss = rte_be_to_cpu_16(wire_get16(o + 2));
	wire_get_pair(o + 8, &out->ts_val, &out->ts_ecr);
	out->wscale = o[19];
	return true;
}

#endif
