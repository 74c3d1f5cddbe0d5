/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cookie.h: SYN cookies (RFC 4987, 3.6): a handshake that costs no memory. What an embryo would
 * keep stands in our SYN-ACK, and the ACK that completes the handshake brings it back:
 *
 *   sequence number  28 bits of a keyed hash over tuple, IRS, tick, MSS and our window; 1 bit of
 *                    the tick; 3 bits: the MSS, rounded down to one of 8
 *   TSval            our clock rounded down to a number whose low 6 bits are the peer's window
 *                    scale (15: none), SACK-permitted and ECN
 *
 * A tick is 64 s; a cookie is good in the tick that it was made in, and in the next. What it loses:
 * without timestamps, window scale, SACK and ECN; the SYN-ACK is never repeated; only a segment
 * that begins with the peer's first byte brings the cookie back.
 */
#ifndef TCP_COOKIE_H
#define TCP_COOKIE_H

#include "tcp/tcp.h"

#define COOKIE_TICK_NS (64 * TIME_S)
#define COOKIE_LIFE_NS (2 * COOKIE_TICK_NS) /* at most */

/** The SYN-ACK that answers @p syn, on the listener's @p terms. @p secret is nothing else's. */
void cookie_make(const struct tcp_env *env, const uint64_t secret[2], const struct tcp_terms *terms,
	const struct seg *syn, struct tcp_out *out);

/**
 * Whether the ACK @p seg answers a SYN-ACK of cookie_make()'s, with window and window scale of
 * these @p terms. Then @p e is the embryo that there would be, but for listener and next hop; it
 * says that the SYN-ACK was repeated, as its round-trip time isn't known. One hash for what isn't
 * valid.
 *
 * Who doesn't know the secret and chooses the other 4 bits as he likes must guess 28: one ACK in
 * 2^28 (268 million) passes. At a million a second that is one connection in four and a half
 * minutes, of a peer that he can't hear.
 */
bool cookie_check(const struct tcp_env *env, const uint64_t secret[2],
	const struct tcp_terms *terms, const struct seg *seg, struct embryo *e);

#endif
