/* SPDX-License-Identifier: BSD-3-Clause */
/* path_mtu.c: a path that is narrower than our link (RFC 1191, 3 and 6.3; RFC 5927, 7). */
#include "tcp/tcp.h"

/* Nobody can make us send less than what every host takes (RFC 9293, 3.7.1), whatever it claims. */
#define MSS_FLOOR    536
#define HEADER_BYTES 40

void
tcp_path_mtu(struct tcp_env *env, struct tcb *t, uint32_t seq, uint16_t mtu)
{
	uint16_t mss = mtu > MSS_FLOOR + HEADER_BYTES ? (uint16_t)(mtu - HEADER_BYTES) : MSS_FLOOR;

	/* Believed only if it quotes what is in flight: others can't see that. */
	if (t->state < TCP_ESTABLISHED || seq_lt(seq, t->snd_una) || seq_geq(seq, t->snd_max) ||
		mss >= t->mss)
		return;
	t->mss = mss;
	t->snd_nxt = t->snd_una; /* what was too big goes again, in smaller pieces, at once */
	t->flags &= (uint16_t)~TF_RTT_TIMING;
	t->flags |= TF_OUTPUT;
	(void)env;
}
